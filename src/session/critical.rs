//! What conclusions hang on: minimal cuts, and the single points of failure of a case.

use super::ends::Followed;
use super::error::Error;
use super::loaded::Session;
use crate::engine::budget::Budget;
use crate::explain::{Case, CutOptions, Fact};
use crate::syntax::ast::DirectiveKind;
use rustc_hash::FxHashMap;
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// Cuts of one kind looked for at most when nothing else is asked for.
const LISTED: usize = 100;

/// Which conclusions, and how far to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CriticalQuestion {
    /// Atoms, `_` for any value. Without any, and without relations: all conclusions that are `.output`.
    pub facts: Vec<String>,
    pub relations: Vec<String>,
    /// The largest cut to look for. Default: any for facts given one by one, 1 for many.
    pub size: Option<usize>,
    /// Cuts of each kind. Default: 100.
    pub limit: Option<usize>,
}

/// The cuts of one conclusion.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CutsOf {
    pub fact: String,
    /// Sets of claims, the smallest first.
    pub claim_cuts: Vec<Vec<String>>,
    /// Sets of sources, the smallest first.
    pub source_cuts: Vec<Vec<String>>,
    /// Sources that end it with the reports that only repeat them, where none of these does alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<Origin>,
    /// Without these it follows otherwise: something that it wants absent, or counts, hangs on them too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_enough: Vec<Vec<String>>,
    /// Whether all minimal cuts are there, of the size asked for.
    pub complete: bool,
    /// Whether all cuts of one are there.
    pub single_complete: bool,
    /// Why it may be that it does not hold, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What has to stay absent or unchanged, where nothing stated carries it.
    #[serde(skip)]
    conditions: Vec<String>,
    /// Cuts of which it was not looked at whether it follows otherwise.
    #[serde(skip_serializing_if = "is_zero")]
    pub untried: usize,
    /// What would end it by bringing something about was not looked at.
    #[serde(skip)]
    unseen: bool,
    /// The same of several together: not all were looked at.
    #[serde(skip)]
    unseen_together: bool,
    #[serde(skip)]
    holds: bool,
    #[serde(skip)]
    stopped: bool,
}

/// A source that others repeat.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Origin {
    pub source: String,
    /// Those that make claims here, it among them if it does.
    pub told_by: Vec<String>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// One entry for each conclusion, as JSON an array.
#[derive(Clone, Debug)]
pub struct Critical {
    pub conclusions: Vec<CutsOf>,
    /// Only cuts up to this size were looked for.
    pub size: Option<usize>,
    /// Many conclusions: told as a summary.
    many: bool,
}

/// Conclusions that are worth a thread for each half of them.
const MANY: usize = 64;

impl Session {
    /// Minimal sets of claims, and of sources, whose withdrawal ends a conclusion.
    pub fn critical(&mut self, question: &CriticalQuestion) -> Result<Critical, Error> {
        self.refresh()?;
        let mut facts: Vec<Fact> = Vec::new();
        for text in &question.facts {
            let pattern = self.parse_pattern(text)?;
            match pattern.codes.iter().copied().collect::<Option<Vec<_>>>() {
                Some(row) => facts.push(Fact::new(pattern.relation, &row)),
                None => facts.extend(self.facts_matching(&pattern)),
            }
        }
        for relation in self.relations_asked(question)? {
            let pattern = self.parse_pattern(&relation)?;
            facts.extend(self.facts_matching(&pattern));
        }
        let many = facts.len() != question.facts.len() || facts.len() > 8;
        let size = question.size.or(many.then_some(1));
        let options = CutOptions {
            most: question.limit.unwrap_or(LISTED),
            largest: size.unwrap_or(usize::MAX),
        };
        let found = self.cuts_of(&facts, &options, &self.explanation_budget())?;
        let found: Vec<(Fact, Followed)> = facts.into_iter().zip(found).collect();
        let conclusions = self.pool.halves(found, |found| {
            let case = self.case();
            let each = found.into_iter();
            each.map(|(fact, found)| self.cuts_told(&case, &fact, found, &options, (size, many)))
                .collect()
        });
        Ok(Critical {
            conclusions,
            size,
            many,
        })
    }

    /// As it is shown; of how large cuts were looked for, and whether the conclusion is one of many.
    fn cuts_told(
        &self,
        case: &Case,
        fact: &Fact,
        (mut cuts, ends): Followed,
        options: &CutOptions,
        (size, many): (Option<usize>, bool),
    ) -> CutsOf {
        // What holds does not end by itself: what it was derived from has been dominated and deleted since.
        let [statements, sources] = [cuts.statements.len(), cuts.sources.len()];
        cuts.statements.retain(|cut| !cut.is_empty());
        cuts.sources.retain(|cut| !cut.is_empty());
        let lost = [cuts.statements.len(), cuts.sources.len()] != [statements, sources];
        let unseen = ends.unseen || lost;
        let listed = cuts.statements.len().max(cuts.sources.len()) <= options.most;
        cuts.statements.truncate(options.most);
        cuts.sources.truncate(options.most);
        let within = |count: usize| size.is_some() && count < options.most;
        let not_enough = ends.not_enough.all();
        let nobody = cuts.statements.is_empty() && not_enough.is_empty();
        CutsOf {
            origins: ends.origins,
            not_enough,
            untried: ends.untried,
            unseen: unseen && case.holds(fact),
            unseen_together: ends.unseen_together,
            conditions: match nobody && !many && case.holds(fact) {
                true => self.conditions_of(fact),
                false => Vec::new(),
            },
            fact: self.fact_text(fact),
            complete: !unseen
                && !ends.unseen_together
                && (cuts.complete
                    || cuts.stopped.is_none()
                        && within(cuts.statements.len())
                        && within(cuts.sources.len())),
            single_complete: cuts.single && listed && !unseen,
            claim_cuts: cuts
                .statements
                .iter()
                .map(|cut| cut.iter().map(|one| case.statement_text(one)).collect())
                .collect(),
            source_cuts: cuts
                .sources
                .iter()
                .map(|cut| self.source_texts(cut))
                .collect(),
            notes: match case.holds(fact) {
                true => Vec::new(),
                false => self.notes_on_fact(fact),
            },
            holds: case.holds(fact),
            stopped: cuts.stopped.is_some(),
        }
    }

    /// The cuts of each conclusion, those of one followed wherever that can be done.
    pub(super) fn cuts_of(
        &self,
        facts: &[Fact],
        options: &CutOptions,
        whole: &Budget,
    ) -> Result<Vec<Followed>, Error> {
        if options.largest == 1
            && let Some((singles, _)) = self.hanging(facts, &[], whole)
        {
            return Ok(singles);
        }
        let side = self.here();
        // The time is for all of them together, the rows are for each.
        let cuts = |facts: &[Fact]| match options.largest {
            1 => {
                let rows = |rows: u64| rows.saturating_mul(facts.len() as u64);
                let budget = Budget {
                    rows: whole.rows.map(rows),
                    ..whole.clone()
                };
                side.case().single_cuts(facts, &budget)
            }
            _ => side.case().cuts_of_all(facts, options, whole),
        };
        // Each cut is found for itself: what halves have in common is only looked at twice.
        let mut found = match self.pool.has_threads() && facts.len() >= MANY {
            true => {
                let (one, other) = facts.split_at(facts.len() / 2);
                let (mut found, rest) = self.pool.both(|| cuts(one), || cuts(other));
                found.extend(rest);
                found
            }
            false => cuts(facts),
        };
        let hides = |fact: &Fact| self.may_revive(fact.relation);
        if options.largest > 1 && facts.iter().any(hides) {
            let mut larger = found.clone();
            for cuts in &mut larger {
                cuts.statements.retain(|cut| cut.len() > 1);
                cuts.sources.retain(|cut| cut.len() > 1);
            }
            if let Some((singles, ends)) = self.followed_with_singles(facts, &mut larger, whole) {
                let larger = larger.into_iter().zip(ends);
                let mut all: Vec<Followed> = singles.into_iter().zip(larger).map(joined).collect();
                self.tell_together(facts, &mut all, options, whole);
                return Ok(all);
            }
        }
        let origins = self.origins(facts, &found, whole);
        let ends = self.followed(facts, &mut found, origins)?;
        let mut all: Vec<Followed> = found.into_iter().zip(ends).collect();
        if options.largest > 1 {
            self.make_minimal(facts, &mut all)?;
        }
        Ok(all)
    }

    fn relations_asked(&self, question: &CriticalQuestion) -> Result<Vec<String>, Error> {
        if !question.facts.is_empty() || !question.relations.is_empty() {
            return Ok(question.relations.clone());
        }
        let mut names = Vec::new();
        for directive in self.program().directives() {
            let name = self.program()[directive.relation].name.to_string();
            if directive.kind == DirectiveKind::Output && !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

/// What ends a conclusion alone.
fn singles(cuts: &[Vec<String>]) -> Vec<&str> {
    let single = cuts.iter().filter(|cut| cut.len() == 1);
    single.map(|cut| cut[0].as_str()).collect()
}

/// Cuts of one, and larger ones: these are minimal only without the others in them.
fn joined(((mut cuts, mut ends), (larger, more)): (Followed, Followed)) -> Followed {
    fn add<T: PartialEq>(cuts: &mut Vec<Vec<T>>, mut larger: Vec<Vec<T>>) {
        let has = |cut: &[T], one: &[T]| cut.contains(&one[0]);
        larger.retain(|cut| !cuts.iter().any(|one| has(cut, one)));
        cuts.extend(larger);
    }
    add(&mut cuts.statements, larger.statements);
    add(&mut cuts.sources, larger.sources);
    cuts.complete = larger.complete;
    cuts.stopped = larger.stopped;
    ends.not_enough.add(more.not_enough);
    ends.untried += more.untried;
    (cuts, ends)
}

impl Serialize for Critical {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.conclusions.serialize(serializer)
    }
}

impl fmt::Display for Critical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.conclusions.is_empty() {
            return writeln!(f, "no conclusion: nothing of this follows");
        }
        if self.many {
            return self.summary(f);
        }
        for (at, cuts) in self.conclusions.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{cuts}")?;
        }
        Ok(())
    }
}

impl Critical {
    /// The claims and sources that most conclusions hang on alone.
    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let count = self.conclusions.len();
        writeln!(f, "{count} conclusions")?;
        type Ends = fn(&CutsOf) -> Vec<&str>;
        // Few cases have reports that repeat others: of origins nothing is said where there are none.
        let kinds: [(&str, bool, Ends); 3] = [
            ("a single claim", true, |one| singles(&one.claim_cuts)),
            ("a single source", true, |one| singles(&one.source_cuts)),
            (
                "a single origin that several reports repeat",
                false,
                |one| {
                    let origins = one.origins.iter();
                    origins.map(|origin| origin.source.as_str()).collect()
                },
            ),
        ];
        for (what, always, ends) in kinds {
            let mut on: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
            let mut hanging = 0;
            for one in &self.conclusions {
                let ends = ends(one);
                hanging += usize::from(!ends.is_empty());
                for end in ends {
                    on.entry(end).or_default().push(&one.fact);
                }
            }
            if hanging == 0 && !always {
                continue;
            }
            let mut ranked: Vec<_> = on.into_iter().collect();
            ranked.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(b.0)));
            writeln!(f, "\n{hanging} hang on {what}")?;
            let width = ranked
                .iter()
                .take(SHOWN)
                .map(|(id, _)| id.len())
                .max()
                .unwrap_or(0);
            for (id, facts) in ranked.iter().take(SHOWN) {
                let more = match facts.len() {
                    1 => String::new(),
                    count => format!(" and {} more", count - 1),
                };
                writeln!(f, "  {id:width$}  {:>4}  {}{more}", facts.len(), facts[0])?;
            }
            if ranked.len() > SHOWN {
                writeln!(
                    f,
                    "  … and {} more; --json lists them",
                    ranked.len() - SHOWN
                )?;
            }
        }
        let untried = self
            .conclusions
            .iter()
            .filter(|one| one.untried > 0)
            .count();
        if untried > 0 {
            writeln!(
                f,
                "\nNOT ALL FOLLOWED for {untried} of them: they may follow otherwise; `what-if` tells"
            )?;
        }
        let unseen = self.conclusions.iter().filter(|one| one.unseen).count();
        if unseen > 0 {
            writeln!(
                f,
                "\nNOT ALL CUTS for {unseen} of them: it was not looked at what would bring about something that they want absent, or count"
            )?;
        }
        let together = self.conclusions.iter();
        let together = together.filter(|one| one.unseen_together).count();
        if together > 0 {
            writeln!(
                f,
                "\nNOT ALL CUTS for {together} of them: those of one are all here, larger ones there may be more"
            )?;
        }
        let open = self.conclusions.iter().filter(|one| one.stopped).count();
        if open > 0 {
            writeln!(f, "\nNOT FINISHED for {open} of them: the budget ran out")?;
        }
        Ok(())
    }
}

impl fmt::Display for CutsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.holds {
            writeln!(f, "{} does not hold", self.fact)?;
            return self.notes.iter().try_for_each(|note| writeln!(f, "{note}"));
        }
        writeln!(f, "{}", self.fact)?;
        for (noun, cuts) in [("claim", &self.claim_cuts), ("source", &self.source_cuts)] {
            let is_source = noun == "source";
            let single = singles(cuts);
            let larger: Vec<String> = cuts
                .iter()
                .filter(|cut| cut.len() > 1)
                .map(|cut| format!("{{{}}}", cut.join(", ")))
                .collect();
            match single.is_empty() {
                true if cuts.is_empty() && !self.not_enough.is_empty() => continue,
                true if cuts.is_empty() && self.complete && !self.conditions.is_empty() => {
                    let conditions = self.conditions.join(" and ");
                    writeln!(f, "no {noun} carries it: it holds as long as {conditions}")?;
                    continue;
                }
                true if cuts.is_empty() && self.complete => {
                    writeln!(f, "no {noun} carries it: what it rests on is given")?;
                    continue;
                }
                true if is_source && !self.origins.is_empty() => {}
                true => writeln!(f, "hangs on no single {noun}")?,
                false => writeln!(f, "hangs on the single {noun} {}", single.join(", or "))?,
            }
            for origin in self.origins.iter().filter(|_| is_source) {
                let (source, by) = (&origin.source, origin.told_by.join(", "));
                writeln!(f, "hangs on the single origin {source}, told by {by}")?;
            }
            const SHOWN: usize = 10;
            for cut in larger.iter().take(SHOWN) {
                writeln!(f, "  ends without {cut}")?;
            }
            if larger.len() > SHOWN {
                writeln!(
                    f,
                    "  … and without {} other sets; --json lists them",
                    larger.len() - SHOWN
                )?;
            }
        }
        const NAMED: usize = 3;
        for cut in self.not_enough.iter().take(NAMED) {
            let cut = match &cut[..] {
                [one] => one.clone(),
                many => format!("{{{}}}", many.join(", ")),
            };
            writeln!(f, "does not end without {cut}: it follows otherwise then")?;
        }
        if self.not_enough.len() > NAMED {
            let more = self.not_enough.len() - NAMED;
            writeln!(f, "… nor without {more} other sets; --json lists them")?;
        }
        if self.untried > 0 {
            let untried = self.untried;
            writeln!(
                f,
                "NOT ALL FOLLOWED: without {untried} of these it may follow otherwise; `what-if` tells"
            )?;
        }
        match (self.complete, self.single_complete) {
            (true, _) => Ok(()),
            _ if self.unseen => writeln!(
                f,
                "NOT ALL CUTS: it was not looked at what would bring about something that it wants absent, or counts"
            ),
            (false, true) => writeln!(
                f,
                "NOT ALL CUTS: those of one are all here, larger ones there may be more"
            ),
            (false, false) => writeln!(f, "NOT ALL CUTS: there may be more"),
        }
    }
}
