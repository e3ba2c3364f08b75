//! The case under overlays.

use super::at_once::run_through_lens;
use super::error::{Error, Findings};
use super::explained::Pattern;
use super::functors;
use super::loaded::{Session, same_inputs};
use super::options::Options;
use super::standing::{Standing, State};
use crate::analysis::checked::{CheckedProgram, RelationId, RuleId};
use crate::analysis::findings::closest;
use crate::analysis::{check_fact, check_pattern};
use crate::engine::Database;
use crate::evidence::{ClaimId, Stance};
use crate::explain::{CutOptions, Fact};
use crate::hypothesis::{Assumption, Difference, Overlay, Withdrawal, World, reserved};
use crate::storage::Code;
use crate::syntax::ast::{Atom, Item};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Rows up to which one thread is faster than several.
const FEW_ROWS: u64 = 200_000;

/// What overlays come to.
pub(super) struct Laid {
    pub standing: Standing,
    /// Relations and claims kept their ids.
    pub shares_ids: bool,
    pub notes: Vec<Diagnostic>,
}

impl Session {
    /// Everything that follows under some overlays, the later ones on top of the earlier; the session stays as it is. A
    /// run of its own, over the data that is loaded already.
    pub fn world(&self, overlays: &[&Overlay]) -> Result<World, Error> {
        let laid = self.lay(overlays)?;
        let (shares_ids, notes) = (laid.shares_ids, laid.notes);
        let state = self.derive(laid.standing)?;
        Ok(World {
            database: state.database,
            claims: state.standing.claims,
            sources: state.standing.data.sources.clone(),
            assumed: state.standing.assumed,
            report: state.report,
            shares_ids,
            notes,
        })
    }

    /// What a world has and the session has not, and the other way round.
    pub fn difference(&self, world: &World) -> Difference {
        Difference::between(
            (&self.database, &self.report),
            (&world.database, &world.report),
        )
    }

    /// Runs what stands.
    pub(super) fn derive(&self, standing: Standing) -> Result<State, Error> {
        let checked = &standing.program.checked;
        let mut database = Database::new(checked.clone(), self.database.dictionary().clone());
        self.state(&standing, &mut database);
        let threads = match self.report.stated + self.report.derived > FEW_ROWS {
            true => self.options.threads,
            false => 1,
        };
        let options = Options {
            threads,
            ..self.options.clone()
        };
        let (claims, sources) = (&standing.claims, &standing.data.sources);
        let report = run_through_lens(&mut database, &options, claims, sources)
            .map_err(|stop| self.stopped_in(&stop, checked))?;
        self.accept_faults(&report)?;
        Ok(State {
            standing,
            database,
            report,
        })
    }

    /// What stands under some overlays, or all that is wrong with them.
    pub(super) fn lay(&self, overlays: &[&Overlay]) -> Result<Laid, Error> {
        let mut laid = Laid {
            standing: self.standing(),
            shares_ids: true,
            notes: Vec::new(),
        };
        if laid.standing.data.rows.is_none() {
            laid.standing.data = Arc::new(self.read(self.program())?);
        }
        for overlay in overlays {
            self.lay_rules(overlay, &mut laid)?;
            let mut errors = Vec::new();
            let layer = Layer {
                session: self,
                overlay,
                laid: &mut laid,
            };
            layer.lay(&mut errors);
            if !errors.is_empty() {
                return Err(Findings::new(errors, &self.sources).into());
            }
        }
        Ok(laid)
    }

    /// Rules first: facts are read under the program that they are for.
    fn lay_rules(&self, overlay: &Overlay, laid: &mut Laid) -> Result<(), Error> {
        let program = &laid.standing.program;
        let mut dropped: FxHashSet<Span> = FxHashSet::default();
        let mut wrong = Vec::new();
        for withdrawal in &overlay.withdrawn {
            let found = match withdrawal {
                Withdrawal::Rule(place) => self.clauses_at(place, None),
                Withdrawal::RuleFile(file) => self.clauses_in(file, None),
                Withdrawal::Atom(atom) => match reserved(atom, &program.checked) {
                    Some(("rule", place)) => self.clauses_at(place, Some(atom.span)),
                    Some(("rules", file)) => self.clauses_in(file, Some(atom.span)),
                    _ => continue,
                },
                _ => continue,
            };
            match found {
                Ok(spans) => dropped.extend(spans),
                Err(unknown) => wrong.push(*unknown),
            }
        }
        if !wrong.is_empty() {
            return Err(Findings::new(wrong, &self.sources).into());
        }
        let files = overlay.rule_files.iter().flat_map(|file| &file.items);
        let more: Vec<Item> = overlay.rules.iter().chain(files).cloned().collect();
        if dropped.is_empty() && more.is_empty() {
            return Ok(());
        }
        let is_dropped = |item: &Item| dropped.contains(&item.span);
        let edited = program.edited(is_dropped, more, &self.spec, &self.sources)?;
        functors::require(&edited.checked, &self.options.functors)
            .map_err(|missing| Findings::new(missing, &self.sources))?;
        if !same_inputs(&program.checked, &edited.checked) {
            laid.standing.data = Arc::new(self.read(&edited.checked)?);
            laid.shares_ids = false;
            let (old, new) = (&program.checked, &edited.checked);
            let moved = |facts: &FxHashSet<Fact>| -> Arc<FxHashSet<Fact>> {
                let moved = facts.iter().filter_map(|fact| renamed(fact, old, new));
                Arc::new(moved.collect())
            };
            let ids = laid.standing.claims.withdrawn();
            let names: FxHashSet<Box<str>> = ids
                .into_iter()
                .map(|claim| laid.standing.claims[claim].id.clone())
                .collect();
            laid.standing.assumed = moved(&laid.standing.assumed);
            laid.standing.withdrawn = moved(&laid.standing.withdrawn);
            let read = &laid.standing.data.claims;
            let gone = read.iter().filter(|(_, claim)| names.contains(&claim.id));
            laid.standing.claims = read.without(gone.map(|(id, _)| id));
        }
        laid.standing.program = edited;
        let gone: Vec<Fact> = laid.standing.withdrawn.iter().cloned().collect();
        self.drop_text(&gone, &mut laid.standing);
        Ok(())
    }

    /// Takes facts out of the text of the rules.
    fn drop_text(&self, gone: &[Fact], standing: &mut Standing) {
        let gone: FxHashSet<&Fact> = gone.iter().collect();
        let rules: FxHashSet<RuleId> = text_facts(standing, self)
            .filter(|(_, fact)| gone.contains(fact))
            .map(|(rule, _)| rule)
            .collect();
        if !rules.is_empty() {
            standing.program = standing
                .program
                .without_facts(|rule| !rules.contains(&rule));
        }
    }

    /// The clauses that begin in a line, as in `rules/a.dl:12`.
    fn clauses_at(&self, place: &str, at: Option<Span>) -> Result<Vec<Span>, Box<Diagnostic>> {
        let line = place
            .rsplit_once(':')
            .and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?)));
        let Some((file, line)) = line else {
            let wrong = Diagnostic::error("D072", format!("`{place}` is no place of a rule"))
                .help("name the file and the line, as in `rules/firms.dl:12`");
            return Err(Box::new(pointed(wrong, at)));
        };
        let in_file = self.clauses(|name, _| is_file(name, file));
        let found = self.clauses(|name, at| is_file(name, file) && at == line);
        if !found.is_empty() {
            return Ok(found);
        }
        let mut wrong = Diagnostic::error("D072", format!("no rule begins at `{place}`"));
        let lines = in_file.iter().map(|&span| self.sources.locate(span).line);
        let near = lines.min_by_key(|&known| (known > line, known.abs_diff(line)));
        wrong = match near {
            Some(near) => wrong.help(format!("did you mean `{file}:{near}`?")),
            None => self.no_file(wrong, file),
        };
        Err(Box::new(pointed(wrong, at)))
    }

    fn clauses_in(&self, file: &str, at: Option<Span>) -> Result<Vec<Span>, Box<Diagnostic>> {
        let found = self.clauses(|name, _| is_file(name, file));
        match found.is_empty() {
            false => Ok(found),
            true => {
                let wrong = Diagnostic::error("D072", format!("no rules were read from `{file}`"));
                Err(Box::new(pointed(self.no_file(wrong, file), at)))
            }
        }
    }

    fn no_file(&self, wrong: Diagnostic, file: &str) -> Diagnostic {
        let known: Vec<&str> = self
            .sources
            .files()
            .map(|(_, known)| known.name())
            .collect();
        let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let names: Vec<String> = known.iter().map(|name| short(name)).collect();
        let near = closest(&short(file), names.iter().map(String::as_str));
        match near.and_then(|near| known.iter().find(|name| short(name) == near)) {
            Some(near) => wrong.help(format!("did you mean `{near}`?")),
            None => wrong,
        }
    }

    /// Clauses of the program as it stands, by file and line.
    fn clauses(&self, wanted: impl Fn(&str, u32) -> bool) -> Vec<Span> {
        let mut found = Vec::new();
        let mut open: Vec<&Item> = self.program.tree.items.iter().collect();
        while let Some(item) = open.pop() {
            use crate::syntax::ast::ItemKind::{Component, Constraint, Rule, Subsumption};
            match &item.kind {
                Component(component) => open.extend(&component.items),
                Rule(_) | Constraint(_) | Subsumption(_) => {
                    let at = self.sources.locate(item.span);
                    if wanted(&at.file, at.line) {
                        found.push(item.span);
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// One overlay on its way onto what stands.
struct Layer<'a> {
    session: &'a Session,
    overlay: &'a Overlay,
    laid: &'a mut Laid,
}

/// What a withdrawal comes to.
#[derive(Default)]
struct Found {
    claims: Vec<ClaimId>,
    facts: Vec<Fact>,
}

impl Layer<'_> {
    fn lay(mut self, errors: &mut Vec<Diagnostic>) {
        let mut claims: Vec<ClaimId> = Vec::new();
        let mut facts: Vec<Fact> = Vec::new();
        for withdrawal in &self.overlay.withdrawn {
            match self.found(withdrawal) {
                Ok(found) => {
                    claims.extend(found.claims);
                    facts.extend(found.facts);
                }
                Err(wrong) => errors.extend(wrong),
            }
        }
        let mut assumed = Vec::new();
        for assumption in &self.overlay.assumed {
            let fact = match assumption {
                Assumption::Fact(fact) => Ok((fact.clone(), None)),
                Assumption::Atom(atom) => self.fact(atom).map(|fact| (fact, Some(atom.span))),
            };
            match fact {
                Ok((fact, span)) => {
                    self.note_if_it_holds(&fact, span, errors);
                    assumed.push(fact);
                }
                Err(wrong) => errors.extend(wrong),
            }
        }
        for goal in &self.overlay.goals {
            if let Err(wrong) = self.pattern(goal) {
                errors.extend(wrong);
            }
        }
        if !errors.is_empty() {
            return;
        }
        let standing = &mut self.laid.standing;
        if !claims.is_empty() {
            let known = &standing.claims;
            let rows: FxHashSet<ClaimId> = claims
                .into_iter()
                .flat_map(|claim| known.ever_with_id(&known[claim].id))
                .collect();
            standing.claims = known.without(rows);
        }
        if !facts.is_empty() {
            let stays = |fact: &&Fact| !facts.contains(fact);
            standing.assumed = Arc::new(standing.assumed.iter().filter(stays).cloned().collect());
            let mut withdrawn = FxHashSet::clone(&standing.withdrawn);
            withdrawn.extend(facts.iter().cloned());
            standing.withdrawn = Arc::new(withdrawn);
            self.session.drop_text(&facts, standing);
        }
        if !assumed.is_empty() {
            let mut all = FxHashSet::clone(&standing.assumed);
            all.extend(assumed);
            standing.assumed = Arc::new(all);
        }
    }

    fn found(&mut self, withdrawal: &Withdrawal) -> Result<Found, Vec<Diagnostic>> {
        let claims = |claims: Vec<ClaimId>| Found {
            claims,
            ..Found::default()
        };
        match withdrawal {
            Withdrawal::Claim(id) => Ok(claims(vec![*id])),
            Withdrawal::ClaimNamed(name) => self.claim(name, None).map(claims),
            Withdrawal::Source(name) => self.source(name, None).map(claims),
            Withdrawal::Rule(_) | Withdrawal::RuleFile(_) => Ok(Found::default()),
            Withdrawal::Fact(fact) => {
                let codes: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
                self.stated(fact.relation, &codes, None)
            }
            Withdrawal::Atom(atom) => match reserved(atom, &self.laid.standing.program.checked) {
                Some(("claim", name)) => self.claim(name, Some(atom.span)).map(claims),
                Some(("source", name)) => self.source(name, Some(atom.span)).map(claims),
                Some(_) => Ok(Found::default()),
                None => {
                    let (relation, codes) = self.pattern(atom)?;
                    self.stated(relation, &codes, Some(atom.span))
                }
            },
        }
    }

    fn fact(&self, atom: &Atom) -> Result<Fact, Vec<Diagnostic>> {
        let checked = check_fact(&self.laid.standing.program.checked, atom);
        let (relation, terms) = checked.map_err(|wrong| self.for_other_schema(wrong))?;
        let row = self.session.values(atom, &terms)?;
        let row: Vec<Code> = row.into_iter().flatten().collect();
        Ok(Fact::new(relation, &row))
    }

    fn pattern(&self, atom: &Atom) -> Result<(RelationId, Vec<Option<Code>>), Vec<Diagnostic>> {
        let checked = check_pattern(&self.laid.standing.program.checked, atom);
        let (relation, terms) = checked.map_err(|wrong| self.for_other_schema(wrong))?;
        let codes = self.session.values(atom, &terms)?;
        Ok((relation, codes))
    }

    fn for_other_schema(&self, mut wrong: Vec<Diagnostic>) -> Vec<Diagnostic> {
        if let Some(name) = &self.overlay.name {
            wrong = wrong
                .into_iter()
                .map(|wrong| {
                    wrong.note(format!(
                        "in hypothesis `{name}`, which is for a case that has it"
                    ))
                })
                .collect();
        }
        wrong
    }

    fn claim(&self, name: &str, at: Option<Span>) -> Result<Vec<ClaimId>, Vec<Diagnostic>> {
        let claims = &self.laid.standing.claims;
        let found: Vec<ClaimId> = claims.ever_with_id(name).collect();
        if found.is_empty() {
            let ids = claims.ever().map(|(_, claim)| &*claim.id);
            let wrong = Diagnostic::error("D072", format!("no claim `{name}` in this case"));
            return Err(vec![pointed(meant(wrong, closest(name, ids)), at)]);
        }
        Ok(found)
    }

    /// What a source says, and what sources say that only repeat it.
    fn source(&self, name: &str, at: Option<Span>) -> Result<Vec<ClaimId>, Vec<Diagnostic>> {
        let standing = &self.laid.standing;
        let Some(source) = standing.data.sources.find(name) else {
            let ids = standing.data.sources.iter().map(|(_, known)| &*known.id);
            let wrong = Diagnostic::error("D072", format!("no source `{name}` in this case"));
            return Err(vec![pointed(meant(wrong, closest(name, ids)), at)]);
        };
        let silenced = standing.data.sources.with_echoes(source);
        Ok(silenced
            .into_iter()
            .flat_map(|source| standing.claims.by_source(source))
            .collect())
    }

    /// What states the facts that agree with a pattern.
    fn stated(
        &mut self,
        relation: RelationId,
        codes: &[Option<Code>],
        at: Option<Span>,
    ) -> Result<Found, Vec<Diagnostic>> {
        let agrees = |of: RelationId, row: &[Code]| {
            let same = |(code, wanted): (&Code, &Option<Code>)| wanted.is_none_or(|w| w == *code);
            of == relation && row.iter().zip(codes).all(same)
        };
        let standing = &self.laid.standing;
        let mut found = Found::default();
        let exact: Option<Vec<Code>> = codes.iter().copied().collect();
        found.claims = match exact {
            Some(row) => standing.claims.supporting(relation, &row),
            None => standing
                .claims
                .iter()
                .filter(|(_, claim)| {
                    claim.stance == Stance::Supports && agrees(claim.relation, &claim.row)
                })
                .map(|(id, _)| id)
                .collect(),
        };
        for stated in standing.data.rows.iter().flatten() {
            if stated.relation == relation && !stated.claimed {
                let rows = stated.rows.iter().filter(|row| agrees(relation, row));
                found
                    .facts
                    .extend(rows.map(|row| Fact::new(relation, &row)));
            }
        }
        for (into, rows) in &self.session.inserted {
            let name = &self.session.program()[*into].name;
            if **name == *standing.program.checked[relation].name {
                let rows = rows.iter().filter(|row| agrees(relation, row));
                found
                    .facts
                    .extend(rows.map(|row| Fact::new(relation, &row)));
            }
        }
        let text = text_facts(standing, self.session).map(|(_, fact)| fact);
        let assumed = standing.assumed.iter().cloned();
        found.facts.extend(
            text.chain(assumed)
                .filter(|fact| agrees(fact.relation, &fact.row)),
        );
        found
            .facts
            .retain(|fact| !standing.withdrawn.contains(fact));
        match found.claims.is_empty() && found.facts.is_empty() {
            true => self.not_stated(relation, codes, at).map(|()| found),
            false => Ok(found),
        }
    }

    /// Nothing states it: either it is derived, or it does not hold at all.
    fn not_stated(
        &mut self,
        relation: RelationId,
        codes: &[Option<Code>],
        at: Option<Span>,
    ) -> Result<(), Vec<Diagnostic>> {
        let session = self.session;
        let here = &self.laid.standing.program.checked;
        let text = crate::explain::pattern_text(here, session.dictionary(), relation, codes);
        let in_session = session
            .program()
            .relation_named(&here[relation].name)
            .map(|relation| session.database.matching(relation, codes));
        let derived = in_session.and_then(|rows| Some((rows.len(), rows.iter().next()?)));
        let Some((count, row)) = derived else {
            let wrong = format!("{text} does not hold: there is nothing to withdraw");
            let notes = session.notes_on_pattern(&Pattern::of(relation, codes));
            return self.odd("D071", wrong, at, |wrong| {
                let wrong = wrong.help("`why-not` tells what is nearest");
                notes.iter().fold(wrong, |wrong, note| wrong.note(note))
            });
        };
        let same = session.program().relation_named(&here[relation].name);
        let fact = Fact::new(same.unwrap_or(relation), &row);
        let first = session.fact_text(&fact);
        let message = match count {
            1 if first == text => format!("{text} is derived: it cannot be withdrawn by itself"),
            1 => format!("{text} is derived, as {first}: it cannot be withdrawn by itself"),
            many => format!(
                "all {many} facts {text} are derived: they cannot be withdrawn by themselves"
            ),
        };
        let wrong = session.instead_of(&fact, Diagnostic::error("D070", message));
        Err(vec![pointed(wrong, at)])
    }

    fn note_if_it_holds(&mut self, fact: &Fact, at: Option<Span>, errors: &mut Vec<Diagnostic>) {
        // What is taken away at the same time may be what makes it hold.
        let changed = !self.overlay.withdrawn.is_empty() || !self.laid.shares_ids;
        let session = self.session;
        if changed || !session.database.contains(fact.relation, &fact.row) {
            return;
        }
        let text = session.fact_text(fact);
        let how = match session.case().ground(fact) {
            Some(_) => "it is stated",
            None => "it is derived",
        };
        let message = format!("{text} holds already: {how}");
        if let Err(wrong) = self.odd("D073", message, at, |wrong| {
            wrong.help("`why` proves it; assuming it would change nothing")
        }) {
            errors.extend(wrong);
        }
    }

    /// An error of a person who asks; of a file, which may be older than what is known now, a warning.
    fn odd(
        &mut self,
        code: &'static str,
        message: String,
        at: Option<Span>,
        more: impl Fn(Diagnostic) -> Diagnostic,
    ) -> Result<(), Vec<Diagnostic>> {
        match self.overlay.name {
            None => Err(vec![pointed(more(Diagnostic::error(code, message)), at)]),
            Some(_) => {
                self.laid
                    .notes
                    .push(pointed(Diagnostic::warning(code, message), at));
                Ok(())
            }
        }
    }
}

impl Session {
    /// Adds to a message what would have to be withdrawn for a derived fact to fall.
    pub(super) fn instead_of(&self, fact: &Fact, wrong: Diagnostic) -> Diagnostic {
        const SHOWN: usize = 3;
        let case = self.case();
        let options = CutOptions {
            most: SHOWN + 1,
            ..CutOptions::default()
        };
        let cuts = case.cuts(fact, &options, &self.small_budget());
        let sets: Vec<String> = cuts
            .statements
            .iter()
            .take(SHOWN)
            .map(|cut| {
                let names: Vec<String> = cut.iter().map(|one| case.statement_text(one)).collect();
                names.join(" and ")
            })
            .collect();
        match sets.is_empty() {
            true => wrong.help("it rests on nothing that can be withdrawn but rules: see `why`"),
            false => {
                let more = match cuts.statements.len() > SHOWN || !cuts.complete {
                    true => "; `critical` lists more",
                    false => "",
                };
                wrong.help(format!(
                    "what would have to go instead: {}{more}",
                    sets.join(", or ")
                ))
            }
        }
    }
}

fn pointed(wrong: Diagnostic, at: Option<Span>) -> Diagnostic {
    match at {
        Some(span) => wrong.at(span, "here"),
        None => wrong,
    }
}

fn meant(wrong: Diagnostic, near: Option<&str>) -> Diagnostic {
    match near {
        Some(near) => wrong.help(format!("did you mean `{near}`?")),
        None => wrong,
    }
}

fn is_file(file: &str, named: &str) -> bool {
    file == named || file.ends_with(&format!("/{named}"))
}

/// The facts in the text of a program.
fn text_facts<'a>(
    standing: &'a Standing,
    session: &'a Session,
) -> impl Iterator<Item = (RuleId, Fact)> + 'a {
    let program = &standing.program.checked;
    program.rules().filter_map(|(id, rule)| {
        let fact = crate::explain::stated_by(rule, session.dictionary())?;
        Some((id, fact))
    })
}

/// A fact of one program as another has it.
fn renamed(fact: &Fact, from: &CheckedProgram, to: &CheckedProgram) -> Option<Fact> {
    let relation = to.relation_named(&from[fact.relation].name)?;
    (to[relation].arity() == fact.row.len()).then(|| Fact::new(relation, &fact.row))
}
