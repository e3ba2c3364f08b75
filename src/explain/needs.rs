//! What every derivation of a fact needs, as far as rules tell without a look at rows.
//!
//! Where a head says all that an atom of the body asks for, every instance of the rule needs that one fact. Of an atom that
//! is open, each rule that may conclude it is asked in turn, and what all of them need is needed.

use super::case::Case;
use super::facts::Fact;
use super::terms::{Bindings, asked, constant, whole};
use crate::analysis::checked::{LiteralKind, RelationId, RelationKind, RuleId, Term};
use crate::storage::Code;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Rules, one leading to the next, that are asked.
const DEEPEST: u8 = 3;

/// With the rules that may still be asked.
type Pattern = (RelationId, Box<[Option<Code>]>, u8);

pub(super) struct Needs<'a> {
    case: &'a Case<'a>,
    of_pattern: FxHashMap<Pattern, Rc<[Fact]>>,
    /// By relation: whether all that holds in it follows by rules.
    only_by_rules: FxHashMap<RelationId, bool>,
}

impl<'a> Needs<'a> {
    pub(super) fn new(case: &'a Case<'a>) -> Needs<'a> {
        Needs {
            case,
            of_pattern: FxHashMap::default(),
            only_by_rules: FxHashMap::default(),
        }
    }

    /// For each rule that may conclude a fact, what each of its instances needs. Statements of the fact itself, and
    /// laws of its relation, are not among them.
    pub(super) fn of(&mut self, fact: &Fact) -> Vec<Vec<Fact>> {
        let row: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
        let case = self.case;
        let rules = case.rules_of(fact.relation).iter();
        rules
            .filter_map(|&rule| self.of_body(rule, &row, DEEPEST))
            .collect()
    }

    /// `None`: the rule concludes nothing like it.
    fn of_body(&mut self, rule: RuleId, row: &[Option<Code>], depth: u8) -> Option<Vec<Fact>> {
        let case = self.case;
        let rule = &case.program[rule];
        let mut bindings = Bindings::new(rule.variables.len());
        for (arg, code) in rule.head.as_ref()?.args.iter().zip(row) {
            let Some(code) = *code else { continue };
            let agrees = match arg {
                Term::Var(var) => bindings.bind(*var, code),
                Term::Const(known) => constant(known, case.dictionary) == code,
                Term::Wildcard | Term::Record(_) | Term::Call { .. } => true,
            };
            if !agrees {
                return None;
            }
        }
        let mut needed = Vec::new();
        for literal in &rule.body {
            let LiteralKind::Atom(atom) = &literal.kind else {
                continue;
            };
            let asked = asked(atom, bindings.values(), case.dictionary);
            match whole(&asked) {
                Some(row) => needed.push(Fact::new(atom.relation, &row)),
                None if depth > 0 => {
                    let all = self.of_pattern(atom.relation, &asked, depth - 1);
                    needed.extend(all.iter().cloned());
                }
                None => {}
            }
        }
        needed.sort_unstable();
        needed.dedup();
        Some(needed)
    }

    /// What every fact that agrees with a pattern needs.
    fn of_pattern(
        &mut self,
        relation: RelationId,
        pattern: &[Option<Code>],
        depth: u8,
    ) -> Rc<[Fact]> {
        if !self.follows_by_rules_only(relation) {
            return [].into();
        }
        let key = (relation, pattern.into(), depth);
        if let Some(known) = self.of_pattern.get(&key) {
            return known.clone();
        }
        let mut needed: Option<Vec<Fact>> = None;
        let case = self.case;
        for &rule in case.rules_of(relation) {
            let Some(by_rule) = self.of_body(rule, pattern, depth) else {
                continue;
            };
            match &mut needed {
                None => needed = Some(by_rule),
                Some(needed) => needed.retain(|fact| by_rule.binary_search(fact).is_ok()),
            }
        }
        let needed: Rc<[Fact]> = needed.unwrap_or_default().into();
        self.of_pattern.insert(key, needed.clone());
        needed
    }

    fn follows_by_rules_only(&mut self, relation: RelationId) -> bool {
        let case = self.case;
        *self.only_by_rules.entry(relation).or_insert_with(|| {
            let told = case.facts.told(relation);
            case.program[relation].kind != RelationKind::Eqrel
                && !case.rules_of(relation).is_empty()
                && told.is_some_and(|told| told.is_empty())
                && case.texts_of(relation).is_empty()
                && !case.assumed().any(|fact| fact.relation == relation)
                && case.claims.of(relation).next().is_none()
        })
    }
}
