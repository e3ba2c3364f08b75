//! A case in memory.

use super::ahead::Ahead;
use super::answer::{Answer, Change, Inventory};
use super::assume::Level;
use super::at_once::{Ever, run_and_keep, run_through_lens};
use super::case::CaseSpec;
use super::command::Command;
use super::data::{self, Data};
use super::error::{Error, Findings, Stopped};
use super::functors;
use super::hypotheses::Library;
use super::narrow::Wide;
use super::options::Options;
use super::overlays::Supposition;
use super::pool::Pool;
use super::program::{self, Program};
use super::standing::{Standing, State};
use super::table::Table;
use super::typed;
use super::why::Asked;
use crate::analysis::checked::{CheckedProgram, CheckedQuery, RelationId, ValueType};
use crate::analysis::demand::Declined;
use crate::engine::Database;
use crate::engine::budget::{RunReport, Stop, StopReason};
use crate::evidence::{Claims, Lens, Sources};
use crate::explain::Fact;
use crate::hypothesis::Overlay;
use crate::io;
use crate::storage::{Dictionary, Rows};
use crate::syntax::ast::DirectiveKind;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::excerpt;
use crate::syntax::source::{SourceMap, TYPED};
use rustc_hash::FxHashSet;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One loaded case.
///
/// Commands take effect whole or not at all: after an [`Error`] the session is as it was.
pub struct Session {
    pub(super) spec: CaseSpec,
    pub(super) options: Options,
    /// Rule files given by `:load`.
    added: Vec<PathBuf>,
    pub(super) sources: SourceMap,
    pub(super) program: Program,
    pub(super) data: Arc<Data>,
    /// Where files are read, written and sorted.
    pub(super) pool: Pool,
    /// Rows inserted by the embedding program.
    pub(super) inserted: Vec<(RelationId, Rows)>,
    /// All that were read; those that the lens or an overlay takes out are withdrawn.
    pub(super) claims: Claims,
    pub(super) assumed: Arc<FxHashSet<Fact>>,
    pub(super) withdrawn: Arc<FxHashSet<Fact>>,
    /// What `:next` goes on from.
    pub(super) asked: Option<Asked>,
    pub(super) database: Database,
    /// What follows beside what holds at one time, where only that counts.
    pub(super) ever: Option<Ever>,
    pub(super) report: RunReport,
    /// Time that reading rules and facts took.
    pub(super) reading: Duration,
    /// Rows were inserted since the last run.
    pub(super) stale: bool,
    /// How many texts were typed so far.
    typed: u32,
    pub(super) warnings: Vec<Diagnostic>,
    pub(super) library: Library,
    /// Suppositions the session is in, the innermost last.
    pub(super) levels: Vec<Level>,
    /// What was undone, the next to come back last.
    pub(super) undone: Vec<Vec<Overlay>>,
    /// The program as it stands, where only part of it is derived.
    pub(super) wide: Option<Wide>,
    /// Why all of it is derived although only part was wanted.
    pub(super) declined: Option<Declined>,
}

/// Rows that are not worth a second thread.
const FEW: usize = if cfg!(test) { 8 } else { 1 << 12 };

/// A database, the claims it was made from, and how its run ended.
type Evaluated = (Database, Claims, Result<RunReport, Stop>);

impl Session {
    /// Reads the rules and facts of a case and derives everything that follows.
    ///
    /// All errors of the program are reported together; then, if there are none, all errors of the data.
    pub fn open(spec: CaseSpec, options: Options) -> Result<Session, Error> {
        Session::start(spec, options, Vec::new())
    }

    /// A case that consists of this text, and of the files its directives name.
    pub fn from_rules(rules: &str) -> Result<Session, Error> {
        let spec = CaseSpec {
            text: Some(rules.into()),
            ..CaseSpec::default()
        };
        Session::open(spec, Options::default())
    }

    /// Like [`Session::open`], but a run that hits a limit is kept as far as it came, for looking at its plans and costs.
    /// Its answers are not complete.
    pub fn open_as_far(
        spec: CaseSpec,
        options: Options,
    ) -> Result<(Session, Option<Stopped>), Error> {
        let mut session = Session::prepare(spec, options, Vec::new())?;
        let (database, claims, outcome) = session.evaluate()?;
        let (report, stopped) = match outcome {
            Ok(report) => (report, None),
            Err(stop) => {
                let stopped = Stopped::new(&stop, &session.program.checked, &session.sources);
                (*stop.report, Some(stopped))
            }
        };
        session.take(database, claims, report);
        Ok((session, stopped))
    }

    fn start(spec: CaseSpec, options: Options, added: Vec<PathBuf>) -> Result<Session, Error> {
        let mut session = Session::prepare(spec, options, added)?;
        session.rerun()?;
        Ok(session)
    }

    /// Reads everything, derives nothing.
    fn prepare(spec: CaseSpec, options: Options, added: Vec<PathBuf>) -> Result<Session, Error> {
        let started = Instant::now();
        let mut sources = SourceMap::new();
        let unchecked = program::parse(&spec, &added, &mut sources)?;
        let ahead = Ahead::start(&unchecked.tree, &spec, &options, &sources);
        let program = unchecked.check(&spec, &sources)?;
        let checked = program.checked.clone();
        let mut session = Session {
            added,
            ..Session::of(spec, options, sources, program)
        };
        let narrowed = session.narrow();
        let dictionary = match ahead.finish(&checked) {
            Some((dictionary, data)) => {
                session.data = Arc::new(data);
                dictionary
            }
            None => {
                let data = session.read(&checked);
                let warnings = &session.program.warnings;
                session.data = Arc::new(data.map_err(|wrong| wrong.after(warnings))?);
                session.database.dictionary().clone()
            }
        };
        session.reading = started.elapsed();
        functors::require(&checked, &session.options.functors)
            .map_err(|missing| Findings::new(missing, &session.sources))?;
        narrowed?;
        session.database = Database::new(checked, dictionary);
        Ok(session)
    }

    /// A program over which nothing has been read yet.
    pub(super) fn of(
        spec: CaseSpec,
        options: Options,
        sources: SourceMap,
        program: Program,
    ) -> Session {
        Session {
            reading: Duration::ZERO,
            database: Database::new(program.checked.clone(), Arc::default()),
            ever: None,
            warnings: Vec::new(),
            report: RunReport::default(),
            inserted: Vec::new(),
            claims: Claims::new(),
            assumed: Arc::default(),
            withdrawn: Arc::default(),
            asked: None,
            stale: true,
            typed: 0,
            library: Library::default(),
            levels: Vec::new(),
            undone: Vec::new(),
            wide: None,
            declined: None,
            pool: Pool::new(options.threads),
            spec,
            options,
            added: Vec::new(),
            sources,
            program,
            data: Arc::default(),
        }
    }

    /// Carries out one command.
    pub fn execute(&mut self, command: &Command) -> Result<Answer, Error> {
        self.widen();
        self.refresh()?;
        match command {
            Command::Query(body) => self.query(body).map(Answer::Rows),
            Command::Clauses(text) => self.add_text(text),
            Command::Typed(text) => match typed::asks(text) {
                true => self.query(text).map(Answer::Rows),
                false => self.add_text(text),
            },
            Command::Why(asked) => self
                .explain(asked)
                .map(|proof| Answer::Proof(Box::new(proof))),
            Command::Next => self
                .next_support()
                .map(|proof| Answer::Proof(Box::new(proof))),
            Command::All => self
                .all_supports()
                .map(|proof| Answer::Proof(Box::new(proof))),
            Command::WhyNot(fact) => {
                let missing = self.why_not(fact)?;
                Ok(Answer::Missing(Box::new(missing)))
            }
            Command::Corroboration(fact) => self.corroborations(fact).map(Answer::Corroboration),
            Command::Critical(asked) => self.critical(asked).map(Answer::Critical),
            Command::Timeline(atom) => self.timeline(atom).map(Answer::Timeline),
            Command::Impact(what) => self.impact(what).map(Answer::Impact),
            Command::Worlds(atom) => self.worlds(atom).map(Answer::Worlds),
            Command::Compare(asked) => self
                .compare(asked)
                .map(|found| Answer::Comparison(Box::new(found))),
            Command::Requirements(asked) => self.requirements(asked).map(Answer::Requirements),
            Command::Abduce(asked) => self
                .abduce(asked)
                .map(|found| Answer::Abduction(Box::new(found))),
            Command::Lens(lens) => {
                self.look_through(lens.clone())?;
                Ok(Answer::Lens(self.options.lens.clone()))
            }
            Command::Relations => Ok(Answer::Relations(self.relation_sizes())),
            Command::Schema(relation) => self.schema(relation).map(Answer::Schema),
            Command::Sources(relation) => {
                self.source_lines(relation.as_deref()).map(Answer::Sources)
            }
            Command::Rules(relation) => self.rule_texts(relation.as_deref()).map(Answer::Rules),
            Command::Count(what) => self.count(what.as_deref()),
            Command::Plan(what) => self.plan(what.as_deref()).map(Answer::Plans),
            Command::Profile => self.profile().map(|costs| Answer::Costs(Box::new(costs))),
            Command::Weigh(names) => self.hypothesis_table(names).map(Answer::Weighed),
            Command::DiffCase {
                other,
                relations,
                explain,
            } => {
                let found = self.diff_case(other, relations, *explain)?;
                Ok(Answer::Parted(Box::new(found)))
            }
            Command::Test(question) => {
                let tested = self.test(question)?;
                Ok(Answer::Tested(Box::new(tested)))
            }
            Command::WhatIf(question) => self.what_if(question).map(Box::new).map(Answer::Supposed),
            Command::Suppose(supposed) => self.suppose(supposed),
            Command::Undo => self.undo().map(Answer::Step),
            Command::Redo => self.redo().map(Box::new).map(Answer::Supposed),
            Command::Diff => self.diff().map(Box::new).map(Answer::Supposed),
            Command::LeaveHypothesis => self.leave().map(Answer::Step),
            Command::Hypotheses => Ok(Answer::Hypotheses(self.hypotheses())),
            Command::LoadHypotheses(path) => self.load_hypotheses(path).map(Answer::Hypotheses),
            Command::SaveHypothesis { name, file } => {
                self.save_hypothesis(name, file).map(Answer::Saved)
            }
            Command::SaveClaims(request) => self.save_claims(request).map(Answer::Saved),
            Command::Reject(question) => self.reject(question).map(Answer::Rejection),
            Command::Load(path) => self.load(path.clone()),
            Command::Reload => self.reload().map(Answer::Loaded),
        }
    }

    /// Answers a query: a body, with or without `?-` and the final dot.
    pub fn query(&mut self, body: &str) -> Result<Table, Error> {
        self.widen();
        self.refresh()?;
        let started = Instant::now();
        let name = self.name_text();
        let query = typed::check_query(&self.program.checked, &name, body, &mut self.sources)?;
        self.answer(&query, started)
    }

    pub(super) fn answer(&self, query: &CheckedQuery, started: Instant) -> Result<Table, Error> {
        let watch = &*self.options.watch;
        let answered = self.database.query(query, &self.options.budget, watch);
        watch.finished();
        let rows = answered.map_err(|stop| {
            Error::Stopped(Stopped {
                query: Some(self.excerpt_of(query).into()),
                ..Stopped::new(&stop, &self.program.checked, &self.sources)
            })
        })?;
        let columns: Vec<_> = query
            .columns
            .iter()
            .map(|var| {
                let variable = &query.variables[var.index()];
                (variable.name.clone(), variable.ty)
            })
            .collect();
        let types: Vec<_> = columns.iter().map(|(_, ty)| *ty).collect();
        let rows = self.sorted(rows, &types);
        let elapsed = started.elapsed();
        let mut notes = self.notes_on_variables(query);
        let mut sought = None;
        if rows.is_empty() {
            notes.extend(self.notes_on_query(query));
            sought = self.sought(query);
        }
        let (program, dictionary) = (&self.program.checked, self.database.dictionary());
        Ok(
            Table::new(program.clone(), dictionary.clone(), columns, rows, elapsed)
                .with_notes(notes)
                .with_sought(sought),
        )
    }

    /// The text of a query, in short.
    fn excerpt_of(&self, query: &CheckedQuery) -> String {
        let literals = query.body.iter().chain(query.alternatives.iter().flatten());
        let whole = literals
            .map(|literal| literal.span)
            .reduce(|all, span| all.to(span));
        let text = whole.map_or("", |whole| self.sources.slice(whole));
        let words: Vec<&str> = text.split_whitespace().collect();
        excerpt(&words.join(" "))
    }

    /// Derives everything that follows from what is stated now.
    pub fn run(&mut self) -> Result<&RunReport, Error> {
        self.rerun()?;
        Ok(&self.report)
    }

    /// What the last run did.
    pub fn report(&self) -> &RunReport {
        &self.report
    }

    pub fn program(&self) -> &CheckedProgram {
        &self.program.checked
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub fn dictionary(&self) -> &Dictionary {
        self.database.dictionary()
    }

    /// Claims read from files, as far as they count now.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Which claims count.
    pub fn lens(&self) -> &Lens {
        &self.options.lens
    }

    /// Lets only some claims count, and derives what follows from those.
    pub fn look_through(&mut self, lens: Lens) -> Result<(), Error> {
        let before = std::mem::replace(&mut self.options.lens, lens);
        self.rerun().inspect_err(|_| self.options.lens = before)
    }

    /// The register of sources.
    pub fn source_register(&self) -> &Sources {
        &self.data.sources
    }

    /// The texts of the program, for the places in diagnostics.
    pub fn texts(&self) -> &SourceMap {
        &self.sources
    }

    /// Warnings about the program and the data, not silenced.
    pub fn warnings(&self) -> Findings {
        Findings::new(self.warnings.clone(), &self.sources)
    }

    /// Rows that could not be read and were set aside.
    pub fn bad_rows(&self) -> usize {
        self.data.bad_rows
    }

    pub fn inventory(&self) -> Inventory {
        let rules = self
            .program
            .checked
            .rules()
            .filter(|(_, rule)| !rule.body.is_empty());
        // Expansion may make several rules of one clause.
        let clauses: std::collections::HashSet<_> = rules.map(|(_, rule)| rule.span).collect();
        Inventory {
            packs: self.sources.files().count() - self.typed as usize,
            rules: clauses.len(),
            claims: self.data.claims.distinct(),
            sources: self.data.claims.sources(),
            facts: self
                .report
                .stated
                .saturating_sub(self.data.claims.repeated_facts() as u64),
            derived: self.report.derived,
            elapsed: self.report.elapsed,
        }
    }

    pub(super) fn sorted(&self, rows: Rows, types: &[ValueType]) -> Rows {
        let threads = self.options.threads.max(1);
        let (program, dictionary) = (&self.program.checked, self.dictionary());
        // To wake a thread takes longer than to sort a few rows.
        match rows.len() < FEW {
            true => io::sort_rows(rows, types, program, dictionary, 1),
            false => self
                .pool
                .install(|| io::sort_rows(rows, types, program, dictionary, threads)),
        }
    }

    /// A name for one more text that was typed.
    pub(super) fn name_text(&mut self) -> String {
        self.typed += 1;
        TYPED.to_owned()
    }

    fn add_text(&mut self, text: &str) -> Result<Answer, Error> {
        if !self.levels.is_empty() {
            return self.suppose(&Supposition {
                assume: vec![text.to_owned()],
                ..Supposition::default()
            });
        }
        let name = self.name_text();
        let before = self.program.tree.items.len();
        let program = self
            .program
            .with_text(&name, text, &self.spec, &mut self.sources)?;
        self.replace_program(program, before).map(Answer::Changed)
    }

    fn load(&mut self, path: PathBuf) -> Result<Answer, Error> {
        if !self.levels.is_empty() {
            return self.suppose(&Supposition {
                with_rule_files: vec![path.display().to_string()],
                ..Supposition::default()
            });
        }
        let path = self.spec.resolve(&path);
        let before = self.program.tree.items.len();
        let program = self
            .program
            .with_file(path.clone(), &self.spec, &mut self.sources)?;
        let change = self.replace_program(program, before)?;
        self.added.push(path);
        Ok(Answer::Changed(change))
    }

    fn reload(&mut self) -> Result<Inventory, Error> {
        let started = Instant::now();
        *self = Session::start(self.spec.clone(), self.options.clone(), self.added.clone())?;
        Ok(Inventory {
            elapsed: started.elapsed(),
            ..self.inventory()
        })
    }

    /// Runs another program over the same data and takes it if nothing is wrong. `before`: items that are not new.
    fn replace_program(&mut self, program: Program, before: usize) -> Result<Change, Error> {
        let started = Instant::now();
        functors::require(&program.checked, &self.options.functors)
            .map_err(|missing| Findings::new(missing, &self.sources))?;
        let mut change = typed::count_items(&program.tree.items[before..]);
        let data = match self.can_keep_data(&program.checked) {
            true => None,
            false => {
                let data = self.read(&program.checked);
                Some(Arc::new(
                    data.map_err(|wrong| wrong.after(&program.warnings))?,
                ))
            }
        };
        let data = data.unwrap_or_else(|| self.data.clone());
        let standing = Standing {
            claims: data.seen(&self.options.lens),
            program,
            data,
            ..self.standing()
        };
        let program = &standing.program;
        let mut database =
            Database::new(program.checked.clone(), self.database.dictionary().clone());
        self.state(&standing, &mut database);
        let (claims, sources) = (&standing.claims, &standing.data.sources);
        let report = run_through_lens(&mut database, &self.options, claims, sources)
            .map_err(|stop| self.stopped_in(&stop, &program.checked))?;
        self.accept_faults(&report)?;
        (change.appeared, change.gone) = difference(&self.database, &database);
        change.elapsed = started.elapsed();
        self.swap(State {
            standing,
            database,
            report,
        });
        Ok(change)
    }

    /// Whether rows that were read stay right: they are still held, every relation kept its id and shape, and no
    /// directive asks for other files.
    pub(super) fn can_keep_data(&self, program: &CheckedProgram) -> bool {
        self.data.rows.is_some() && same_inputs(&self.program.checked, program)
    }

    /// Takes rows into account that were inserted since the last run.
    pub(super) fn refresh(&mut self) -> Result<(), Error> {
        match self.stale {
            true => self.rerun(),
            false => Ok(()),
        }
    }

    pub(super) fn rerun(&mut self) -> Result<(), Error> {
        if !self.levels.is_empty() {
            return self.rerun_levels();
        }
        let (database, claims, outcome) = self.evaluate()?;
        let report = outcome.map_err(|stop| self.stopped(&stop))?;
        self.accept_faults(&report)?;
        self.take(database, claims, report);
        Ok(())
    }

    /// Runs the program over everything that is stated now.
    fn evaluate(&mut self) -> Result<Evaluated, Error> {
        let stated = self.data.rows.iter().flatten();
        let stated = stated.map(|stated| stated.rows.len() as u64).sum();
        let Some(most) = self.most_by_demand(stated) else {
            return self.evaluate_within(self.options.clone());
        };
        let mut options = self.options.clone();
        options.keep_stated = true;
        let allowed = options.budget.rows.unwrap_or(u64::MAX);
        options.budget.rows = Some(most.min(allowed));
        let evaluated = self.evaluate_within(options)?;
        let stop = evaluated.2.as_ref().err().map(|stop| stop.reason);
        if stop != Some(StopReason::Rows) || most >= allowed {
            return Ok(evaluated);
        }
        // Its rows make room first.
        drop(evaluated);
        self.give_up_demand();
        self.evaluate_within(self.options.clone())
    }

    fn evaluate_within(&mut self, options: Options) -> Result<Evaluated, Error> {
        let checked = self.program.checked.clone();
        let mut database = Database::new(checked.clone(), self.database.dictionary().clone());
        if self.data.rows.is_none() {
            self.data = Arc::new(self.read(&checked)?);
        }
        let claims = self.data.seen(&self.options.lens);
        // What nobody asks for again need not be kept beside the database.
        let handed_over = match options.keep_stated || !claims.all_stand() {
            true => None,
            false => Arc::get_mut(&mut self.data).and_then(|data| data.rows.take()),
        };
        let standing = Standing {
            claims: claims.clone(),
            ..self.standing()
        };
        for stated in handed_over.into_iter().flatten() {
            database.state(stated.relation, stated.rows);
        }
        self.state(&standing, &mut database);
        let outcome = run_and_keep(&mut database, &options, &claims, &self.data.sources);
        let outcome = outcome.map(|(report, ever)| {
            self.ever = ever.and_then(|ever| Ever::of(ever, standing, &report));
            report
        });
        Ok((database, claims, outcome))
    }

    fn take(&mut self, database: Database, claims: Claims, report: RunReport) {
        self.database = database;
        self.report = report;
        self.claims = claims;
        self.asked = None;
        self.stale = false;
        self.gather_warnings();
    }

    pub(super) fn read(&self, program: &CheckedProgram) -> Result<Data, Error> {
        let dictionary = self.database.dictionary();
        self.pool.install(|| {
            data::read(
                program,
                dictionary,
                &self.spec,
                &self.options,
                &self.sources,
            )
        })
    }

    /// Whether faults of a run are only worth warnings.
    pub(super) fn accept_faults(&self, report: &RunReport) -> Result<(), Findings> {
        let stops = self.options.faults_are_errors || self.spec.strict;
        match stops && !report.faults.is_empty() {
            true => Err(Findings::new(self.fault_errors(report), &self.sources)),
            false => Ok(()),
        }
    }

    pub(super) fn gather_warnings(&mut self) {
        self.warnings = self.program.warnings.clone();
        self.warnings.extend(
            self.data
                .warnings
                .iter()
                .filter(|warning| !self.spec.silences(warning))
                .cloned(),
        );
        self.warnings.extend(self.fault_warnings(&self.report));
    }

    pub(super) fn stopped(&self, stop: &Stop) -> Error {
        self.stopped_in(stop, &self.program.checked)
    }

    pub(super) fn stopped_in(&self, stop: &Stop, program: &CheckedProgram) -> Error {
        Error::Stopped(Stopped::new(stop, program, &self.sources))
    }
}

pub(super) fn run(database: &mut Database, options: &Options) -> Result<RunReport, Stop> {
    database.register(options.functors.clone());
    let outcome = database.run(&options.run_options(), &*options.watch);
    options.watch.finished();
    outcome
}

/// Whether every relation of one program has its id and shape in another, which reads the same files.
pub(super) fn same_inputs(old: &CheckedProgram, new: &CheckedProgram) -> bool {
    let inputs = |program: &CheckedProgram| -> Vec<_> {
        program
            .directives()
            .iter()
            .filter(|directive| directive.kind == DirectiveKind::Input)
            .map(|directive| (directive.relation, directive.parameters.clone()))
            .collect()
    };
    old.relations().count() <= new.relations().count()
        && old.relations().zip(new.relations()).all(|(a, b)| {
            let types = |relation: &crate::analysis::checked::Relation| {
                let types: Vec<_> = relation.attributes.iter().map(|a| a.ty).collect();
                (relation.name.clone(), types)
            };
            types(a.1) == types(b.1)
        })
        && inputs(old) == inputs(new)
}

/// Rows that only the newer database has, and rows that only the older one has. Relations are matched by name.
fn difference(old: &Database, new: &Database) -> (u64, u64) {
    let names: HashMap<&str, RelationId> = old
        .program()
        .relations()
        .map(|(id, relation)| (&*relation.name, id))
        .collect();
    let (mut appeared, mut gone) = (0, 0);
    for (id, relation) in new.program().relations() {
        let size = new.len(id) as u64;
        let Some(&old_id) = names.get(&*relation.name) else {
            appeared += size;
            continue;
        };
        let before = old.rows(old_id);
        let kept = before.iter().filter(|row| new.contains(id, row)).count() as u64;
        appeared += size - kept;
        gone += before.len() as u64 - kept;
    }
    (appeared, gone)
}
