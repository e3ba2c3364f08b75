//! A checker of proofs: every step again, by substitution into the rule and a look at what is stated.

use super::case::{Case, Ground};
use super::facts::Fact;
use super::group;
use super::meter::Meter;
use super::proof::{Basis, Derivation, Gap, Link, Node, NodeId, Premise, Proof};
use super::range::Steps;
use super::solve::{Context, is_absent, same_total};
use super::terms::{Bindings, Missing, pattern, unify, value};
use crate::analysis::checked::{Literal, LiteralKind, Term, Variable};
use crate::engine::Budget;
use crate::engine::functor::{self, Fault};
use crate::evidence::Stance;
use crate::storage::Code;
use crate::syntax::ast::CompareOp;
use std::fmt;

/// What is wrong with a proof, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub node: NodeId,
    pub kind: FlawKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlawKind {
    /// The fact leans on itself.
    Cycle,
    /// Nothing states the fact as the proof says.
    NotStated,
    /// The rule does not conclude the fact under the values given.
    WrongHead,
    /// This literal of the rule, counted from zero, does not hold or is not what the premise says.
    WrongPremise(usize),
    /// The chain of an equivalence is broken.
    BrokenChain,
    /// A row that this one is said to keep out is there.
    RivalHolds,
    /// The proof ends here without a reason.
    Open(Gap),
}

impl fmt::Display for FlawKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlawKind::Cycle => write!(f, "the fact leans on itself"),
            FlawKind::NotStated => write!(f, "nothing states the fact as the proof says"),
            FlawKind::WrongHead => write!(f, "the rule does not conclude the fact"),
            FlawKind::WrongPremise(at) => write!(f, "literal {} of the rule fails", at + 1),
            FlawKind::BrokenChain => write!(f, "the chain of pairs is broken"),
            FlawKind::RivalHolds => write!(f, "a row that it is said to keep out is there"),
            FlawKind::Open(_) => write!(f, "the proof is not finished"),
        }
    }
}

impl Case<'_> {
    /// Checks every node of a proof; linear in its size, plus the groups of its aggregates.
    pub fn check(&self, proof: &Proof) -> Result<(), Flaw> {
        for (node, content) in proof.nodes() {
            self.check_node(proof, content)
                .map_err(|kind| Flaw { node, kind })?;
        }
        match on_a_cycle(proof) {
            Some(node) => Err(Flaw {
                node,
                kind: FlawKind::Cycle,
            }),
            None => Ok(()),
        }
    }

    fn check_node(&self, proof: &Proof, node: &Node) -> Result<(), FlawKind> {
        if node.beats.iter().any(|rival| self.holds(&rival.fact)) {
            return Err(FlawKind::RivalHolds);
        }
        match &node.basis {
            Basis::Stated { ground, .. } if self.states(ground, &node.fact) => Ok(()),
            Basis::Stated { .. } => Err(FlawKind::NotStated),
            Basis::Derived(derivation) => self.check_derivation(proof, derivation, &node.fact),
            Basis::Equivalent(links) if connects(proof, links, &node.fact) => Ok(()),
            Basis::Equivalent(_) => Err(FlawKind::BrokenChain),
            Basis::Open(gap) => Err(FlawKind::Open(*gap)),
        }
    }

    fn states(&self, ground: &Ground, fact: &Fact) -> bool {
        match ground {
            Ground::Claims(claims) => {
                !claims.is_empty()
                    && claims.iter().all(|&claim| {
                        let claim = self.claims.get(claim);
                        claim.stance == Stance::Supports
                            && claim.relation == fact.relation
                            && *claim.row == *fact.row
                    })
            }
            Ground::Text(rule) => {
                let rule = &self.program[*rule];
                rule.body.is_empty()
                    && rule.head.as_ref().is_some_and(|head| {
                        head.relation == fact.relation && self.makes(&head.args, &[], &fact.row)
                    })
            }
            Ground::Assumed => self.is_assumed(fact),
            Ground::Data => self.holds(fact),
        }
    }

    /// Whether terms have the values of a row.
    fn makes(&self, terms: &[Term], values: &[Option<Code>], row: &[Code]) -> bool {
        terms.len() == row.len()
            && terms.iter().zip(row).all(|(term, &code)| {
                match value(term, values, self.dictionary) {
                    Ok(made) => made == code,
                    Err(missing) => missing == Missing::Unbound && *term == Term::Wildcard,
                }
            })
    }

    fn check_derivation(
        &self,
        proof: &Proof,
        derivation: &Derivation,
        fact: &Fact,
    ) -> Result<(), FlawKind> {
        let rule = &self.program[derivation.rule];
        let concludes = rule.head.as_ref().is_some_and(|head| {
            head.relation == fact.relation && self.makes(&head.args, &derivation.values, &fact.row)
        });
        if !concludes || derivation.premises.len() != rule.body.len() {
            return Err(FlawKind::WrongHead);
        }
        let meter = Meter::new(&Budget::default());
        let context = self.context(&meter);
        for (at, (literal, premise)) in rule.body.iter().zip(&derivation.premises).enumerate() {
            let values = &derivation.values;
            if !self.follows(proof, literal, premise, values, &rule.variables, context) {
                return Err(FlawKind::WrongPremise(at));
            }
        }
        Ok(())
    }

    fn follows(
        &self,
        proof: &Proof,
        literal: &Literal,
        premise: &Premise,
        values: &[Option<Code>],
        variables: &[Variable],
        context: Context,
    ) -> bool {
        match (&literal.kind, premise) {
            (LiteralKind::Atom(atom), Premise::Fact(node)) => {
                let fact = &proof.node(*node).fact;
                fact.relation == atom.relation && self.makes(&atom.args, values, &fact.row)
            }
            (
                LiteralKind::Negated(atom),
                Premise::Absent {
                    relation,
                    pattern: claimed,
                    ..
                },
            ) => {
                *relation == atom.relation
                    && *claimed == pattern(atom, values, self.dictionary)
                    && is_absent(self.facts, *relation, claimed)
            }
            (LiteralKind::Aggregate(aggregate), Premise::Aggregate(total)) => {
                let answers = group::answers(context, aggregate, variables, values);
                let bound = answers.iter().any(|tuple| {
                    same_total(aggregate, tuple[0], total.result, self.dictionary)
                        && aggregate
                            .witnesses
                            .iter()
                            .zip(&tuple[1..])
                            .all(|(var, &code)| values[var.index()] == Some(code))
                });
                bound
                    && values[aggregate.result.index()] == Some(total.result)
                    && total.members.len() <= total.count
                    && total.members.iter().all(|member| {
                        aggregate
                            .body
                            .iter()
                            .zip(&member.premises)
                            .all(|(literal, premise)| {
                                let values = &member.values;
                                self.follows(proof, literal, premise, values, variables, context)
                            })
                    })
            }
            (constraint, Premise::Holds) => self.constraint_holds(constraint, values, context),
            _ => false,
        }
    }

    fn constraint_holds(
        &self,
        literal: &LiteralKind,
        values: &[Option<Code>],
        context: Context,
    ) -> bool {
        let dictionary = self.dictionary;
        let of = |term: &Term| value(term, values, dictionary);
        match literal {
            LiteralKind::Compare {
                op,
                operand,
                left,
                right,
            } => match (of(left), of(right)) {
                (Ok(left), Ok(right)) => {
                    functor::compare(*op, *operand, left, right, dictionary)
                        // A NaN that was bound by `=` is unequal to itself.
                        || *op == CompareOp::Eq && left == right
                }
                // A wildcard inside a pattern has no value: match the other side against it.
                (Ok(code), Err(Missing::Unbound)) => {
                    *op == CompareOp::Eq && self.matches_pattern(right, code, values)
                }
                (Err(Missing::Unbound), Ok(code)) => {
                    *op == CompareOp::Eq && self.matches_pattern(left, code, values)
                }
                (Err(Missing::Fault(Fault::UnknownFunctor(_))), _)
                | (_, Err(Missing::Fault(Fault::UnknownFunctor(_)))) => *op == CompareOp::Eq,
                _ => false,
            },
            LiteralKind::Match {
                pattern,
                text,
                negated,
            } => match (of(pattern), of(text)) {
                (Ok(pattern), Ok(text)) => {
                    context.patterns.matches(pattern, text, dictionary) == Ok(!negated)
                }
                _ => false,
            },
            LiteralKind::Contains {
                part,
                text,
                negated,
            } => match (of(part), of(text)) {
                (Ok(part), Ok(text)) => functor::contains(part, text, dictionary) != *negated,
                _ => false,
            },
            LiteralKind::Range {
                var,
                operand,
                from,
                to,
                step,
            } => {
                let step = step.as_ref().map(of).transpose();
                match (of(from), of(to), step, values[var.index()]) {
                    (Ok(from), Ok(to), Ok(step), Some(code)) => {
                        Steps::new(*operand, from, to, step, dictionary)
                            .take(code, dictionary)
                            .is_some()
                    }
                    _ => false,
                }
            }
            LiteralKind::Atom(_) | LiteralKind::Negated(_) | LiteralKind::Aggregate(_) => false,
        }
    }

    fn matches_pattern(&self, term: &Term, code: Code, values: &[Option<Code>]) -> bool {
        let mut bindings = Bindings::of(values);
        unify(term, code, &mut bindings, self.dictionary)
    }
}

fn connects(proof: &Proof, links: &[Link], fact: &Fact) -> bool {
    let &[from, to] = &*fact.row else {
        return false;
    };
    let ends = |link: &Link| {
        let pair = &proof.node(link.pair).fact;
        match (&*pair.row, link.reversed) {
            _ if pair.relation != fact.relation => None,
            (&[a, b], false) => Some((a, b)),
            (&[b, a], true) => Some((a, b)),
            _ => None,
        }
    };
    // Any pair that mentions an element relates it to itself.
    if from == to {
        return links
            .first()
            .and_then(ends)
            .is_some_and(|(a, b)| a == from || b == from);
    }
    let mut at = from;
    for link in links {
        match ends(link) {
            Some((a, b)) if a == at => at = b,
            _ => return false,
        }
    }
    at == to
}

/// A node that can be reached from itself.
fn on_a_cycle(proof: &Proof) -> Option<NodeId> {
    let mut waiting = vec![0usize; proof.len()];
    for (_, node) in proof.nodes() {
        node.each_premise(&mut |premise| waiting[premise.index()] += 1);
    }
    let mut free: Vec<usize> = (0..proof.len()).filter(|&at| waiting[at] == 0).collect();
    while let Some(at) = free.pop() {
        proof.nodes[at].each_premise(&mut |premise| {
            let users = &mut waiting[premise.index()];
            *users -= 1;
            if *users == 0 {
                free.push(premise.index());
            }
        });
    }
    waiting
        .iter()
        .position(|&users| users > 0)
        .map(|at| NodeId(at as u32))
}
