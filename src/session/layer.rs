//! One overlay on its way onto what stands: names become claims, atoms become facts, and what makes no sense is said.

use super::explained::Pattern;
use super::loaded::Session;
use super::world::Laid;
use crate::analysis::checked::RelationId;
use crate::analysis::findings::closest;
use crate::analysis::{check_fact, check_pattern};
use crate::evidence::{ClaimId, Stance};
use crate::explain::{CutOptions, Fact};
use crate::hypothesis::{Assumption, Overlay, Withdrawal, reserved};
use crate::storage::Code;
use crate::storage::pattern::agrees;
use crate::syntax::ast::Atom;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// One overlay on its way onto what stands.
pub(super) struct Layer<'a> {
    pub session: &'a Session,
    pub overlay: &'a Overlay,
    pub laid: &'a mut Laid,
}

/// What a withdrawal comes to.
#[derive(Default)]
struct Found {
    claims: Vec<ClaimId>,
    facts: Vec<Fact>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.claims.is_empty() && self.facts.is_empty()
    }
}

impl Layer<'_> {
    pub fn lay(mut self, errors: &mut Vec<Diagnostic>) {
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
        self.withdraw(claims, &facts);
        // Only now is it clear what stands all the same.
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
        if errors.is_empty() && !assumed.is_empty() {
            let standing = &mut self.laid.standing;
            let mut all = FxHashSet::clone(&standing.assumed);
            all.extend(assumed);
            standing.assumed = Arc::new(all);
        }
    }

    fn withdraw(&mut self, claims: Vec<ClaimId>, facts: &[Fact]) {
        let standing = &mut self.laid.standing;
        if !claims.is_empty() {
            let known = &standing.claims;
            let rows: FxHashSet<ClaimId> = claims
                .into_iter()
                .flat_map(|claim| known.ever_with_id(known.get(claim).id))
                .collect();
            standing.claims = known.without(rows);
        }
        if !facts.is_empty() {
            let stays = |fact: &&Fact| !facts.contains(fact);
            standing.assumed = Arc::new(standing.assumed.iter().filter(stays).cloned().collect());
            let mut withdrawn = FxHashSet::clone(&standing.withdrawn);
            withdrawn.extend(facts.iter().cloned());
            standing.withdrawn = Arc::new(withdrawn);
            self.session.drop_text(facts, self.overlay, standing);
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
            let ids = claims.ever().map(|(_, claim)| claim.id);
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

    /// What states the facts that agree with a pattern; there must be something.
    fn stated(
        &mut self,
        relation: RelationId,
        codes: &[Option<Code>],
        at: Option<Span>,
    ) -> Result<Found, Vec<Diagnostic>> {
        let found = self.stating(relation, codes);
        match found.is_empty() {
            true => self.not_stated(relation, codes, at).map(|()| found),
            false => Ok(found),
        }
    }

    /// What states the facts that agree with a pattern, as far as it stands.
    fn stating(&self, relation: RelationId, codes: &[Option<Code>]) -> Found {
        let agrees = |of: RelationId, row: &[Code]| of == relation && agrees(codes, row);
        let standing = &self.laid.standing;
        let mut found = Found::default();
        let exact: Option<Vec<Code>> = codes.iter().copied().collect();
        found.claims = match &exact {
            Some(row) => standing.claims.supporting(relation, row),
            None => standing
                .claims
                .iter()
                .filter(|(_, claim)| {
                    claim.stance == Stance::Supports && agrees(claim.relation, claim.row)
                })
                .map(|(id, _)| id)
                .collect(),
        };
        match exact.filter(|_| self.laid.shares_ids) {
            Some(row) => {
                let fact = Fact::new(relation, &row);
                found
                    .facts
                    .extend(Some(fact).filter(|fact| self.session.is_plain(fact)));
            }
            None => found.facts.extend(self.plain(relation, &agrees)),
        }
        found
            .facts
            .retain(|fact| !standing.withdrawn.contains(fact));
        // What was withdrawn from the text is not there any more; stated or assumed since, it holds.
        let (program, dictionary) = (&standing.program, self.session.dictionary());
        let mut text = program.texts(relation, codes, dictionary);
        let own = self.overlay.places();
        text.retain(|fact| {
            let mut rules = program.rules_stating(fact, dictionary).iter();
            rules.any(|&rule| !own.contains(&program.checked[rule].span))
        });
        found.facts.extend(text);
        let assumed = standing.assumed.iter();
        let assumed = assumed.filter(|fact| agrees(fact.relation, &fact.row));
        found.facts.extend(assumed.cloned());
        found
    }

    /// The facts in plain data, and those that the embedding program inserted, that agree with something.
    fn plain(
        &self,
        relation: RelationId,
        agrees: &dyn Fn(RelationId, &[Code]) -> bool,
    ) -> Vec<Fact> {
        let standing = &self.laid.standing;
        let files = standing.data.rows.iter().flatten();
        let files = files.filter(|stated| stated.relation == relation && !stated.claimed);
        let name = &standing.program.checked[relation].name;
        let here = self.session.program();
        let inserted = self.session.inserted.iter();
        let inserted = inserted.filter(|(into, _)| here[*into].name == *name);
        files
            .map(|stated| &stated.rows)
            .chain(inserted.map(|(_, rows)| rows))
            .flat_map(|rows| rows.iter().filter(|row| agrees(relation, row)))
            .map(|row| Fact::new(relation, &row))
            .collect()
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
        // By another overlay below this one.
        let standing = &self.laid.standing;
        let taken = |row: &[Code]| {
            let before = session.claims().supporting(fact.relation, row);
            !before.is_empty() && standing.claims.supporting(relation, row).is_empty()
                || standing.withdrawn.contains(&Fact::new(relation, row))
                    && !session.withdrawn.contains(&Fact::new(fact.relation, row))
        };
        let rows = session.database.matching(fact.relation, codes);
        if rows.iter().any(|row| taken(&row)) {
            let wrong = format!("{text} is withdrawn already: there is nothing to withdraw");
            return self.odd("D071", wrong, at, |wrong| wrong);
        }
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
        let session = self.session;
        let codes: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
        let changed = self.laid.withdraws || !self.laid.shares_ids;
        let known = fact.relation.index() < session.program().relations().count();
        let how = if self.laid.standing.assumed.contains(fact) {
            "it is assumed"
        } else if !self.stating(fact.relation, &codes).is_empty() {
            "it is stated"
        } else if !changed && known && session.database.contains(fact.relation, &fact.row) {
            "it is derived"
        } else {
            // What is taken away at the same time may be what a derived one followed from.
            return;
        };
        let program = &self.laid.standing.program.checked;
        let text =
            crate::explain::pattern_text(program, session.dictionary(), fact.relation, &codes);
        let message = format!("{text} holds already: {how}");
        // Whoever replaces something may name what stands too.
        if !self.overlay.withdrawn.is_empty() {
            let warning = Diagnostic::warning("D073", message);
            self.laid.notes.push(pointed(warning, at));
            return;
        }
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
        let found = self.cuts_of(std::slice::from_ref(fact), &options, &self.small_budget());
        let cuts = match found {
            Ok(found) => found.into_iter().map(|(cuts, _)| cuts).next(),
            Err(error) => return wrong.note(error.to_string()),
        };
        let Some(cuts) = cuts else { return wrong };
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

pub(super) fn pointed(wrong: Diagnostic, at: Option<Span>) -> Diagnostic {
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
