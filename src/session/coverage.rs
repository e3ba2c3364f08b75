//! What a test leaves untested: rules that never fire, inputs that never matter.
//!
//! * A rule *fires* when some instance of its body holds.
//! * A row *matters* for a fact when it takes part in some derivation of it: as a premise, as a row of an aggregate, or
//!   by forbidding, through a negation, an instance that would derive what is absent, or that an aggregate would have.
//! * It is *expected* when it matters for an answer, or an absence, that an expectation asks for; *concluded* when it
//!   matters for a row of an output relation (of any derived one, where nothing is put out); else it never matters.
//!
//! Constraints are no rules here: one that never fires is as it should be. Counter-claims support nothing and are left
//! out.

use super::clauses::{ClauseText, Clauses};
use super::explained::open_variables;
use super::loaded::Session;
use super::standing::Side;
use super::uses::{KnownUses, Roots, Uses};
use crate::analysis;
use crate::analysis::checked::RelationId;
use crate::evidence::Stance;
use crate::explain::{Absent, Case, Fact, Meter, fact_text};
use crate::syntax::ast::{Atom, Body, DirectiveKind, FormulaKind};
use crate::syntax::expectations::{Expectation, ExpectationKind};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// In the order of the text.
    pub rules: Vec<RuleCoverage>,
    /// By file, ascending.
    pub inputs: Vec<InputCoverage>,
    /// Whether everything was looked at.
    pub complete: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleCoverage {
    #[serde(flatten)]
    pub clause: ClauseText,
    pub relation: String,
    /// Rows it derives, those that others derive too counted.
    pub rows: usize,
    /// Whether it takes part in a derivation that an expectation asks for.
    pub expected: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct InputCoverage {
    /// A file of claims, or a plain file.
    pub file: String,
    /// Claims, or distinct rows.
    pub rows: usize,
    pub expected: usize,
    /// Of the others, those that matter for something put out.
    pub concluded: usize,
    /// Ids of the claims, or the facts, that never matter, in the order of the file.
    pub never: Vec<String>,
}

/// How much of a case was made use of so far, in the worlds that were looked at.
#[derive(Default)]
pub(super) struct Covered {
    rules: Vec<RuleCoverage>,
    /// By file; the rows in the order in which they were met first.
    inputs: BTreeMap<String, Vec<(String, Reach)>>,
    cut_short: bool,
}

/// How far a row of input reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Nowhere,
    Concluded,
    Expected,
}

/// What one world made use of.
#[derive(Debug, PartialEq)]
pub(super) struct CoveredHere {
    rules: Vec<RuleCoverage>,
    inputs: BTreeMap<String, Vec<(String, Reach)>>,
    cut_short: bool,
}

impl Covered {
    /// Takes in what a world made use of.
    pub(super) fn add(&mut self, other: CoveredHere) {
        self.cut_short |= other.cut_short;
        for rule in other.rules {
            let same = |known: &&mut RuleCoverage| known.clause == rule.clause;
            match self.rules.iter_mut().find(same) {
                Some(known) => {
                    known.rows = known.rows.max(rule.rows);
                    known.expected |= rule.expected;
                }
                None => self.rules.push(rule),
            }
        }
        for (file, rows) in other.inputs {
            let known = self.inputs.entry(file).or_default();
            let mut places: Option<HashMap<String, usize>> = None;
            for (at, (name, reach)) in rows.into_iter().enumerate() {
                // As a rule each world has the same rows in the same order.
                let place = match known.get(at) {
                    Some((same, _)) if *same == name => Some(at),
                    _ => {
                        let places = places.get_or_insert_with(|| {
                            let names = known.iter().enumerate();
                            names.map(|(at, (name, _))| (name.clone(), at)).collect()
                        });
                        places.get(&name).copied()
                    }
                };
                match place {
                    Some(at) => known[at].1 = known[at].1.max(reach),
                    None => known.push((name, reach)),
                }
            }
        }
    }

    pub(super) fn finish(self) -> Coverage {
        Coverage {
            rules: self.rules,
            inputs: self
                .inputs
                .into_iter()
                .map(|(file, rows)| {
                    let count = |wanted| rows.iter().filter(|(_, reach)| *reach == wanted).count();
                    InputCoverage {
                        file,
                        rows: rows.len(),
                        expected: count(Reach::Expected),
                        concluded: count(Reach::Concluded),
                        never: rows
                            .into_iter()
                            .filter(|(_, reach)| *reach == Reach::Nowhere)
                            .map(|(name, _)| name)
                            .collect(),
                    }
                })
                .collect(),
            complete: !self.cut_short,
        }
    }
}

impl Coverage {
    pub fn fired(&self) -> usize {
        self.rules.iter().filter(|rule| rule.rows > 0).count()
    }
}

impl Session {
    /// What some expectations, and the conclusions, make use of in the case itself, and its rule instances.
    pub(super) fn cover(&self, expectations: &[Expectation]) -> (CoveredHere, KnownUses) {
        let view = View {
            session: self,
            side: self.here(),
        };
        let meter = Meter::new(&self.explanation_budget());
        let (known, uses) = KnownUses::of(view.side, &view.side.case(), &self.pool, &meter);
        (view.cover(expectations, uses, &meter), known)
    }

    /// The same in a world of the case.
    pub(super) fn cover_in(
        &self,
        side: Side,
        expectations: &[Expectation],
        known: &KnownUses,
    ) -> CoveredHere {
        let view = View {
            session: self,
            side,
        };
        let meter = Meter::new(&self.explanation_budget());
        let uses = known.elsewhere(side, &side.case(), &meter);
        view.cover(expectations, uses, &meter)
    }
}

/// A state that a session can be in.
struct View<'a> {
    session: &'a Session,
    side: Side<'a>,
}

impl View<'_> {
    fn cover(
        &self,
        expectations: &[Expectation],
        mut uses: Uses<'_>,
        meter: &Meter,
    ) -> CoveredHere {
        let case = self.side.case();
        let mut wanted = Roots::default();
        for expectation in expectations {
            self.want(expectation, &case, meter, &mut wanted);
        }
        let expected = uses.behind(self.side, wanted);
        let concluded = uses.behind(self.side, self.conclusions());
        let program = self.side.program;
        let clauses = Clauses::of_program(program, self.session.texts());
        let rules = program
            .rules()
            .filter(|(_, rule)| !rule.body.is_empty())
            .filter_map(|(id, rule)| {
                let head = rule.head.as_ref()?;
                Some(RuleCoverage {
                    clause: clauses.clause(id),
                    relation: program[head.relation].name.to_string(),
                    rows: uses.rows(id),
                    expected: expected.has_rule(id),
                })
            })
            .collect();
        let reach = |fact: &Fact| match () {
            () if uses.is_behind(&expected, fact) => Reach::Expected,
            () if uses.is_behind(&concluded, fact) => Reach::Concluded,
            () => Reach::Nowhere,
        };
        CoveredHere {
            rules,
            inputs: self.reaches(&reach),
            cut_short: meter.stopped().is_some(),
        }
    }

    /// The rows that are put out; of a program that puts nothing out, all that are derived.
    fn conclusions(&self) -> Roots {
        let program = self.side.program;
        let mut relations: Vec<RelationId> = program
            .directives()
            .iter()
            .filter(|directive| directive.kind == DirectiveKind::Output)
            .map(|directive| directive.relation)
            .collect();
        if relations.is_empty() {
            relations = program
                .rules()
                .filter(|(_, rule)| !rule.body.is_empty())
                .filter_map(|(_, rule)| Some(rule.head.as_ref()?.relation))
                .collect();
        }
        relations.sort_unstable();
        relations.dedup();
        let facts = relations.into_iter().flat_map(|relation| {
            let rows = self.side.database.rows(relation);
            let facts: Vec<Fact> = rows.iter().map(|row| Fact::new(relation, &row)).collect();
            facts
        });
        Roots {
            facts: facts.collect(),
            ..Roots::default()
        }
    }

    /// What an expectation asks for.
    fn want(&self, expectation: &Expectation, case: &Case, meter: &Meter, wanted: &mut Roots) {
        let (body, limited): (&Body, bool) = match &expectation.kind {
            ExpectationKind::Answered(body) => (body, false),
            ExpectationKind::Exactly { body, .. } | ExpectationKind::Measured { body, .. } => {
                (body, true)
            }
            ExpectationKind::NoViolations | ExpectationKind::Violated(_) => return,
        };
        let Ok(query) = analysis::check_query(self.side.program, body) else {
            return;
        };
        for alternative in std::iter::once(&query.body).chain(&query.alternatives) {
            case.instances(alternative, &query.variables, meter, |instance| {
                wanted.facts.extend(instance.premises);
                wanted.absent.extend(instance.absent);
            });
        }
        // That there are so many answers and no more is also said of what is absent.
        if limited && let FormulaKind::Atom(atom) = &body.kind {
            wanted.absent.extend(self.pattern_of(atom.clone()));
        }
    }

    fn pattern_of(&self, mut atom: Atom) -> Option<Absent> {
        open_variables(&mut atom);
        let (relation, terms) = analysis::check_pattern(self.side.program, &atom).ok()?;
        let codes = self.session.values(&atom, &terms).ok()?;
        Some((relation, codes))
    }

    /// How far each row of input reaches.
    fn reaches(&self, reach: &dyn Fn(&Fact) -> Reach) -> BTreeMap<String, Vec<(String, Reach)>> {
        let mut files: BTreeMap<String, Vec<(String, Reach)>> = BTreeMap::new();
        // One row of a file may state several facts: it reaches as far as one of them does.
        let claims = self.side.claims;
        for (id, claim) in claims.iter() {
            if claims.is_repeat(id) || claim.stance != Stance::Supports {
                continue;
            }
            let facts = claims
                .with_id(claim.id)
                .map(|same| Fact::new(claims.get(same).relation, claims.get(same).row));
            let farthest = facts.map(|fact| reach(&fact)).max();
            files
                .entry(claim.file.to_string())
                .or_default()
                .push((claim.id.to_string(), farthest.unwrap_or(Reach::Nowhere)));
        }
        for (relation, name) in self.plain_inputs() {
            let rows = files.entry(name).or_default();
            for row in self.side.database.rows(relation).iter() {
                let fact = Fact::new(relation, &row);
                let is_read = self.side.database.is_stated(relation, &fact.row) != Some(false)
                    && !self.side.assumed.contains(&fact);
                if is_read {
                    let text = fact_text(self.side.program, self.side.database.dictionary(), &fact);
                    rows.push((text, reach(&fact)));
                }
            }
        }
        files
    }

    /// Relations read from files that are nobody's claims, with the name under which they are listed.
    fn plain_inputs(&self) -> Vec<(RelationId, String)> {
        let program = self.side.program;
        let inputs = program.directives().iter().filter(|directive| {
            directive.kind == DirectiveKind::Input && directive.parameter("IO") != Some("claims")
        });
        let mut plain: Vec<(RelationId, Vec<String>)> = Vec::new();
        for directive in inputs {
            let file = super::data::file_name(program, directive);
            match plain
                .iter_mut()
                .find(|(known, _)| *known == directive.relation)
            {
                Some((_, files)) => files.push(file),
                None => plain.push((directive.relation, vec![file])),
            }
        }
        let named = |(relation, mut of): (RelationId, Vec<String>)| {
            of.sort();
            of.dedup();
            let name = &program[relation].name;
            let name = match &of[..] {
                [file] => format!("{name} ({file})"),
                files => format!("{name} ({} files)", files.len()),
            };
            (relation, name)
        };
        plain.into_iter().map(named).collect()
    }
}
