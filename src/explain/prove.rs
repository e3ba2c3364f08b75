//! Building proofs.
//!
//! Where the run recorded births, the premises of a step are rows of strictly earlier ticks, and any such step will do.
//! Where it did not, and for equivalence relations, [`search`](super::search) finds the least proof. Both ways
//! every node names a step whose premises are smaller, so the graph has no cycle. Nothing recurses on its depth.

use super::case::{Case, Ground};
use super::expand::{Step, each_earlier_step};
use super::facts::{Fact, Facts};
use super::group::{each_member, wins};
use super::meter::Meter;
use super::proof::{
    Basis, Derivation, Gap, Link, MemberProof, Node, NodeId, Premise, Proof, Total,
};
use super::search::{Choices, search};
use super::solve::Solution;
use super::terms::pattern;
use crate::analysis::checked::{Aggregate, Literal, LiteralKind, RelationKind, RuleId, Variable};
use crate::engine::{Budget, StopReason};
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a proof is to show.
#[derive(Clone, Debug)]
pub struct ProofOptions<'s> {
    /// The most rows of an aggregate that are listed and explained; their total is always told.
    pub members: usize,
    /// Only these stated facts, and what is given, may be leaves, where that is possible.
    pub from: Option<&'s FxHashSet<Fact>>,
}

impl Default for ProofOptions<'_> {
    fn default() -> Self {
        ProofOptions {
            members: 16,
            from: None,
        }
    }
}

/// Rows one stated fact may cost when asked whether rules derive it as well.
const SIDE_QUESTION: u64 = 20_000;

impl Case<'_> {
    /// A proof of a fact; `None` when it does not hold. What the budget left open is marked in the proof.
    pub fn prove(&self, fact: &Fact, options: &ProofOptions, budget: &Budget) -> Option<Proof> {
        self.prove_within(fact, options, &Meter::new(budget))
    }

    pub(super) fn prove_within(
        &self,
        fact: &Fact,
        options: &ProofOptions,
        meter: &Meter,
    ) -> Option<Proof> {
        if !self.holds(fact) {
            return None;
        }
        let world = match options.from {
            Some(from) if self.has_too_many_derivations(fact) => {
                let mut from: Vec<Fact> = from.iter().cloned().collect();
                from.sort_unstable();
                self.world_from(fact, &from, meter)
            }
            _ => None,
        };
        let mut builder = Builder {
            within: world.as_ref().map(|world| world as &dyn Facts),
            case: self,
            options,
            meter,
            nodes: Vec::new(),
            ids: FxHashMap::default(),
            choices: Choices::default(),
        };
        builder.intern(fact.clone());
        let mut next = 0;
        while let Some(node) = builder.nodes.get(next) {
            let fact = node.fact.clone();
            builder.nodes[next].basis = builder.basis(&fact);
            next += 1;
        }
        builder.ask_for_rules();
        builder.ask_for_rivals();
        Some(Proof {
            nodes: builder.nodes,
        })
    }

    /// A rule that derives a fact without leaning on its statement; `None` when there is none or it is too far to see.
    pub(super) fn also_derived(&self, fact: &Fact, meter: &Meter) -> Option<RuleId> {
        if self.rules_of(fact.relation).is_empty() {
            return None;
        }
        let mut choices = Choices::default();
        let is_leaf = |other: &Fact| other != fact && self.ground(other).is_some();
        let found = search(self, fact, &is_leaf, None, &mut choices, meter).unwrap_or(false);
        match &choices.get(fact).filter(|_| found)?.step {
            Step::Rule { rule, .. } => Some(*rule),
            Step::Equivalence(_) => None,
        }
    }
}

struct Builder<'a> {
    /// The facts that follow from those that may be leaves, where all facts are too many to search.
    within: Option<&'a dyn Facts>,
    case: &'a Case<'a>,
    options: &'a ProofOptions<'a>,
    meter: &'a Meter,
    nodes: Vec<Node>,
    ids: FxHashMap<Fact, NodeId>,
    choices: Choices,
}

impl Builder<'_> {
    fn intern(&mut self, fact: Fact) -> NodeId {
        if let Some(&known) = self.ids.get(&fact) {
            return known;
        }
        let id = NodeId(self.nodes.len() as u32);
        self.ids.insert(fact.clone(), id);
        self.nodes.push(Node {
            disputing: self.case.claims.disputing(fact.relation, &fact.row),
            fact,
            basis: Basis::Open(Gap::NoDerivation),
            beats: Vec::new(),
        });
        id
    }

    fn basis(&mut self, fact: &Fact) -> Basis {
        match self.step(fact) {
            Ok(Last::Stated(ground)) => Basis::Stated { ground, also: None },
            Ok(Last::Step(Step::Rule { rule, solution })) => self.derived(rule, solution),
            Ok(Last::Step(Step::Equivalence(pairs))) => Basis::Equivalent(self.chain(fact, pairs)),
            Ok(Last::Nothing) => Basis::Open(Gap::NoDerivation),
            Err(reason) => Basis::Open(Gap::Budget(reason)),
        }
    }

    /// The last step of the proof of a fact.
    fn step(&mut self, fact: &Fact) -> Result<Last, StopReason> {
        let case = self.case;
        if let Some(chosen) = self.choices.get(fact) {
            return Ok(Last::Step(chosen.step.clone()));
        }
        if let Some(from) = self.options.from {
            let is_leaf = |fact: &Fact| {
                case.is_given(fact) || from.contains(fact) && case.ground(fact).is_some()
            };
            let (within, choices) = (self.within, &mut self.choices);
            if !is_leaf(fact) && search(case, fact, &is_leaf, within, choices, self.meter)? {
                return Ok(self.chosen(fact));
            }
        }
        if let Some(ground) = case.ground(fact) {
            return Ok(Last::Stated(ground));
        }
        if let Some(birth) = case.facts.birth(fact.relation, &fact.row)
            && case.program[fact.relation].kind == RelationKind::Plain
            && let Some(step) = self.earlier_step(fact, birth)?
        {
            return Ok(Last::Step(step));
        }
        let is_leaf = |fact: &Fact| case.ground(fact).is_some();
        search(case, fact, &is_leaf, None, &mut self.choices, self.meter)?;
        Ok(self.chosen(fact))
    }

    fn chosen(&self, fact: &Fact) -> Last {
        match self.choices.get(fact) {
            Some(choice) => Last::Step(choice.step.clone()),
            None => Last::Nothing,
        }
    }

    /// The first step all of whose premises were there before the fact.
    fn earlier_step(&self, fact: &Fact, birth: u32) -> Result<Option<Step>, StopReason> {
        let mut found = None;
        each_earlier_step(self.case, fact, birth, self.meter, |step| {
            found = Some(step);
            false
        });
        match found {
            Some(step) => Ok(Some(step)),
            None => self.meter.finish(None),
        }
    }

    fn derived(&mut self, id: RuleId, solution: Solution) -> Basis {
        let rule = &self.case.program[id];
        let premises = self.premises(&rule.body, &rule.variables, &solution);
        Basis::Derived(Derivation {
            rule: id,
            values: solution.values,
            premises,
        })
    }

    fn premises(
        &mut self,
        body: &[Literal],
        variables: &[Variable],
        solution: &Solution,
    ) -> Vec<Premise> {
        body.iter()
            .zip(&solution.rows)
            .map(|(literal, row)| match (&literal.kind, row) {
                (LiteralKind::Atom(atom), Some(row)) => {
                    Premise::Fact(self.intern(Fact::new(atom.relation, row)))
                }
                (LiteralKind::Negated(atom), _) => Premise::Absent {
                    relation: atom.relation,
                    pattern: pattern(atom, &solution.values, self.case.dictionary),
                    among: self.case.facts.len(atom.relation),
                },
                (LiteralKind::Aggregate(aggregate), _) => {
                    Premise::Aggregate(self.total(aggregate, variables, &solution.values))
                }
                _ => Premise::Holds,
            })
            .collect()
    }

    fn total(
        &mut self,
        aggregate: &Aggregate,
        variables: &[Variable],
        outer: &[Option<Code>],
    ) -> Total {
        let case = self.case;
        let context = case.context(self.meter);
        let result = outer[aggregate.result.index()].unwrap_or_default();
        let mut count = 0;
        let mut winners = Vec::new();
        let mut others = Vec::new();
        each_member(context, aggregate, variables, outer, |member| {
            count += 1;
            let kept = if wins(aggregate, &member, result, outer, context) {
                &mut winners
            } else {
                &mut others
            };
            if kept.len() < self.options.members {
                kept.push(member);
            }
        });
        winners.append(&mut others);
        winners.truncate(self.options.members);
        let members = winners
            .into_iter()
            .map(|member| MemberProof {
                value: member.value,
                premises: self.premises(&aggregate.body, variables, &member.solution),
                values: member.solution.values,
            })
            .collect();
        Total {
            result,
            count,
            members,
        }
    }

    /// Replaces steps by the laws of equivalence with the pairs they go back to, in the order of the walk.
    fn chain(&mut self, fact: &Fact, pairs: Vec<Fact>) -> Vec<Link> {
        let mut links = Vec::new();
        let mut open = Vec::new();
        push_pairs(&mut open, fact, pairs, false);
        while let Some((pair, reversed)) = open.pop() {
            let leaf = match self.options.from {
                Some(from) => from.contains(&pair) || self.case.is_given(&pair),
                None => self.case.ground(&pair).is_some(),
            };
            match self.choices.get(&pair).map(|choice| &choice.step) {
                Some(Step::Equivalence(pairs)) if !leaf => {
                    push_pairs(&mut open, &pair, pairs.clone(), reversed);
                }
                _ => {
                    let pair = self.intern(pair);
                    links.push(Link { pair, reversed });
                }
            }
        }
        links
    }

    /// Says of stated facts which rule derives them as well, with what is left of the budget.
    fn ask_for_rules(&mut self) {
        for node in &mut self.nodes {
            if let Basis::Stated { also, .. } = &mut node.basis {
                let part = self.meter.part(SIDE_QUESTION);
                *also = self.case.also_derived(&node.fact, &part);
                self.meter.charge(&part);
            }
        }
    }
}

impl Builder<'_> {
    /// Says of derived facts what they keep out, with what is left of the budget.
    fn ask_for_rivals(&mut self) {
        for node in &mut self.nodes {
            if matches!(node.basis, Basis::Derived(_)) && self.case.has_rivals(&node.fact) {
                let part = self.meter.part(SIDE_QUESTION);
                node.beats = self.case.beats(&node.fact, &part);
                self.meter.charge(&part);
            }
        }
    }
}

/// How the proof of a fact ends.
enum Last {
    Stated(Ground),
    Step(Step),
    Nothing,
}

/// Pushes the pairs a pair goes back to so that they pop in the order of the walk.
fn push_pairs(open: &mut Vec<(Fact, bool)>, fact: &Fact, mut pairs: Vec<Fact>, reversed: bool) {
    let turned = |pair: &Fact| pair.row[0] == fact.row[1] && pair.row[1] == fact.row[0];
    if !reversed {
        pairs.reverse();
    }
    for pair in pairs {
        let flip = turned(&pair) && pair.row[0] != pair.row[1];
        open.push((pair, reversed != flip));
    }
}
