//! A case as explanations see it: the rows that hold, the rules, and who says what.

use super::expand::NextTo;
use super::facts::{Fact, Facts};
use super::local::Known;
use super::meter::Meter;
use super::solve::Context;
use super::terms::value;
use crate::analysis::checked::{CheckedProgram, RelationId, RelationKind, Rule, RuleId};
use crate::engine::functor::Patterns;
use crate::evidence::{ClaimId, Claims, Judgement, Judgements, Sources, Stance};
use crate::storage::Dictionary;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;

/// Everything an explanation reads. Making one takes time linear in the rules, facts in rule text included; it can be
/// kept while the rows stay as they are.
pub struct Case<'a> {
    pub(super) facts: &'a dyn Facts,
    pub(super) program: &'a CheckedProgram,
    pub(super) dictionary: &'a Dictionary,
    pub(super) claims: &'a Claims,
    pub(super) sources: &'a Sources,
    patterns: Patterns,
    /// By relation: rules that have a body.
    rules: Vec<Vec<RuleId>>,
    /// Facts in rule text, each with the first rule that states it.
    text: FxHashMap<Fact, RuleId>,
    pub(super) only_claims: bool,
    pub(super) at_once: bool,
    assumed: Option<&'a FxHashSet<Fact>>,
    judgements: Option<&'a Judgements>,
    /// Of the fact asked about last.
    pub(super) known: RefCell<Option<Known>>,
    pub(super) next_to: RefCell<NextTo>,
}

/// How a fact comes to be stated.
#[derive(Clone, Debug, PartialEq)]
pub enum Ground {
    /// By claims that support it, ascending; at least one.
    Claims(Vec<ClaimId>),
    /// In rule text.
    Text(RuleId),
    /// By a hypothesis: for the sake of argument.
    Assumed,
    /// In a plain fact file, or inserted: nobody's claim.
    Data,
}

impl<'a> Case<'a> {
    pub fn new(
        facts: &'a dyn Facts,
        program: &'a CheckedProgram,
        dictionary: &'a Dictionary,
        claims: &'a Claims,
        sources: &'a Sources,
    ) -> Case<'a> {
        let mut rules = vec![Vec::new(); program.relations().count()];
        let mut text = FxHashMap::default();
        for (id, rule) in program.rules() {
            let Some(head) = &rule.head else { continue };
            if !rule.body.is_empty() {
                rules[head.relation.index()].push(id);
            } else if let Some(fact) = stated_by(rule, dictionary) {
                text.entry(fact).or_insert(id);
            }
        }
        Case {
            facts,
            program,
            dictionary,
            claims,
            sources,
            patterns: Patterns::new(),
            rules,
            text,
            only_claims: false,
            at_once: false,
            assumed: None,
            judgements: None,
            known: RefCell::default(),
            next_to: RefCell::default(),
        }
    }

    /// Supports and cuts consist of claims only: rule text and plain data are nobody's claim and taken as given.
    pub fn only_claims(mut self) -> Case<'a> {
        self.only_claims = true;
        self
    }

    /// Whether [only claims](Case::only_claims) can be withdrawn.
    pub fn rests_on_claims_only(&self) -> bool {
        self.only_claims
    }

    /// Supports count only when all of their claims held on one day.
    pub fn at_once(mut self, at_once: bool) -> Case<'a> {
        self.at_once = at_once;
        self
    }

    /// Facts that stand for the sake of argument. They can always be withdrawn.
    pub fn assuming(mut self, assumed: &'a FxHashSet<Fact>) -> Case<'a> {
        self.assumed = Some(assumed);
        self
    }

    /// Judgements to show where claims they reject would have stated something.
    pub fn judged(mut self, judgements: &'a Judgements) -> Case<'a> {
        self.judgements = Some(judgements);
        self
    }

    /// Claims that state a fact and are rejected, ascending, each with the judgement that says so.
    pub fn rejected(&self, fact: &Fact) -> Vec<(ClaimId, &'a Judgement)> {
        let Some(judgements) = self.judgements.filter(|all| !all.is_empty()) else {
            return Vec::new();
        };
        self.claims
            .ever_about(fact.relation, &fact.row)
            .into_iter()
            .filter(|&claim| {
                !self.claims.stands(claim) && self.claims.get(claim).stance == Stance::Supports
            })
            .filter_map(|claim| Some((claim, judgements.rejecting(self.claims.get(claim).id)?)))
            .collect()
    }

    pub fn program(&self) -> &'a CheckedProgram {
        self.program
    }

    pub fn dictionary(&self) -> &'a Dictionary {
        self.dictionary
    }

    pub fn claims(&self) -> &'a Claims {
        self.claims
    }

    pub fn facts(&self) -> &'a dyn Facts {
        self.facts
    }

    /// A fact of this case as another, over the same dictionary, has it; `None` when it has no such relation.
    pub fn translate(&self, fact: &Fact, to: &Case) -> Option<Fact> {
        let relation = to
            .program
            .relation_named(&self.program[fact.relation].name)?;
        (to.program[relation].arity() == fact.row.len()).then(|| Fact {
            relation,
            row: fact.row.clone(),
        })
    }

    pub(super) fn is_assumed(&self, fact: &Fact) -> bool {
        self.assumed.is_some_and(|assumed| assumed.contains(fact))
    }

    pub(super) fn assumed(&self) -> impl Iterator<Item = &'a Fact> {
        self.assumed.into_iter().flatten()
    }

    pub fn holds(&self, fact: &Fact) -> bool {
        self.facts.contains(fact.relation, &fact.row)
    }

    /// `None`: the fact is not stated, it can only be derived.
    pub fn ground(&self, fact: &Fact) -> Option<Ground> {
        let supporting = self.claims.supporting(fact.relation, &fact.row);
        if !supporting.is_empty() {
            return Some(Ground::Claims(supporting));
        }
        if let Some(&rule) = self.text.get(fact) {
            return Some(Ground::Text(rule));
        }
        if self.is_assumed(fact) {
            return Some(Ground::Assumed);
        }
        let stated = match self.facts.is_stated(fact.relation, &fact.row) {
            Some(stated) => stated,
            None => self.is_underivable(fact.relation) && self.holds(fact),
        };
        stated.then_some(Ground::Data)
    }

    /// Whether a fact stands whatever is withdrawn.
    pub(super) fn is_given(&self, fact: &Fact) -> bool {
        self.only_claims
            && (self.text.contains_key(fact) || self.ground(fact) == Some(Ground::Data))
    }

    /// The rules with a body that conclude rows of this relation.
    pub(crate) fn rules_of(&self, relation: RelationId) -> &[RuleId] {
        &self.rules[relation.index()]
    }

    /// The fact that rule text states.
    pub fn stated_by(&self, rule: RuleId) -> Option<Fact> {
        stated_by(&self.program[rule], self.dictionary)
    }

    /// The facts of a relation that rule text states.
    pub(super) fn texts_of(&self, relation: RelationId) -> Vec<Fact> {
        let texts = self.text.keys();
        let mut texts: Vec<Fact> = texts
            .filter(|fact| fact.relation == relation)
            .cloned()
            .collect();
        texts.sort_unstable();
        texts
    }

    /// The facts that rule text states, in no order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Fact> {
        self.text.keys()
    }

    /// The rule text that states a fact.
    pub(super) fn text_of(&self, fact: &Fact) -> Option<RuleId> {
        self.text.get(fact).copied()
    }

    fn is_underivable(&self, relation: RelationId) -> bool {
        self.rules_of(relation).is_empty() && self.program[relation].kind != RelationKind::Eqrel
    }

    pub(crate) fn context<'m>(&'m self, meter: &'m Meter) -> Context<'m> {
        Context {
            facts: self.facts,
            dictionary: self.dictionary,
            patterns: &self.patterns,
            meter,
        }
    }
}

/// The fact that a rule without a body states.
pub fn stated_by(rule: &Rule, dictionary: &Dictionary) -> Option<Fact> {
    let head = rule.head.as_ref().filter(|_| rule.body.is_empty())?;
    let row: Result<Box<[_]>, _> = head
        .args
        .iter()
        .map(|arg| value(arg, &[], dictionary))
        .collect();
    Some(Fact {
        relation: head.relation,
        row: row.ok()?,
    })
}
