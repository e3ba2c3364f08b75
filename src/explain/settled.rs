//! Which relations are not the same every day, and which of them more than their rules decide.

use super::case::Case;
use super::dayset::DaySet;
use crate::analysis::checked::{
    AggregateOp, FunctorOp, Literal, LiteralKind, RelationId, RelationKind, Rule, Term,
};
use crate::evidence::ClaimId;
use crate::syntax::ast::DirectiveKind;
use rustc_hash::FxHashSet;

impl Case<'_> {
    /// Relations and all they are made from.
    pub fn cone(&self, wanted: &[RelationId]) -> FxHashSet<RelationId> {
        let mut cone: FxHashSet<RelationId> = wanted.iter().copied().collect();
        let mut open = wanted.to_vec();
        while let Some(relation) = open.pop() {
            let dominating = self
                .program
                .subsumptions()
                .iter()
                .filter(|rule| rule.relation == relation)
                .map(|rule| &rule.body);
            let bodies = self
                .rules_of(relation)
                .iter()
                .map(|&id| &self.program[id].body);
            for body in bodies.chain(dominating) {
                each_read(body, &mut |read| {
                    if cone.insert(read) {
                        open.push(read);
                    }
                });
            }
            if let RelationKind::Delta(of) = self.program[relation].kind
                && cone.insert(of)
            {
                open.push(of);
            }
        }
        cone
    }

    /// Those of some relations that are not the same every day.
    pub(super) fn changing(
        &self,
        cone: &FxHashSet<RelationId>,
        days: usize,
        days_of: &dyn Fn(ClaimId) -> DaySet,
    ) -> FxHashSet<RelationId> {
        let every = DaySet::every(days);
        let mut changing: FxHashSet<RelationId> = FxHashSet::default();
        for (id, claim) in self.claims.iter() {
            if cone.contains(&claim.relation)
                && !changing.contains(&claim.relation)
                && !days_of(id).is_same(&every)
            {
                changing.insert(claim.relation);
            }
        }
        self.made_from(changing, cone)
    }

    /// Some relations and those of a cone that are made from them.
    pub(super) fn made_from(
        &self,
        mut changing: FxHashSet<RelationId>,
        cone: &FxHashSet<RelationId>,
    ) -> FxHashSet<RelationId> {
        loop {
            let before = changing.len();
            for &relation in cone {
                let mut reads = false;
                for &rule in self.rules_of(relation) {
                    each_read(&self.program[rule].body, &mut |read| {
                        reads |= changing.contains(&read);
                    });
                }
                if let RelationKind::Delta(of) = self.program[relation].kind {
                    reads |= changing.contains(&of);
                }
                if reads {
                    changing.insert(relation);
                }
            }
            if changing.len() == before {
                return changing;
            }
        }
    }

    /// Whether more than the rules decides which rows a relation has.
    pub(super) fn is_settled_by_the_run(&self, relation: RelationId) -> bool {
        let declared = &self.program[relation];
        matches!(declared.kind, RelationKind::Delta(_))
            || !declared.choice_domains.is_empty()
            || declared.lattice.is_some()
            || self
                .program
                .subsumptions()
                .iter()
                .any(|rule| rule.relation == relation)
            || self.program.directives().iter().any(|directive| {
                directive.kind == DirectiveKind::Limitsize && directive.relation == relation
            })
            || self
                .rules_of(relation)
                .iter()
                .any(|&rule| is_beyond(&self.program[rule]))
    }
}

/// Whether a rule uses what cannot be computed again: a counter, or a closure of the embedding program.
pub(super) fn is_beyond(rule: &Rule) -> bool {
    fn in_term(term: &Term) -> bool {
        match term {
            Term::Call { functor, args } => {
                matches!(
                    functor.op,
                    FunctorOp::Autoinc | FunctorOp::IterationCount | FunctorOp::User(_)
                ) || args.iter().any(in_term)
            }
            Term::Record(fields) => fields.iter().any(in_term),
            Term::Var(_) | Term::Const(_) | Term::Wildcard => false,
        }
    }
    fn in_body(body: &[Literal]) -> bool {
        body.iter().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => atom.args.iter().any(in_term),
            LiteralKind::Compare { left, right, .. } => in_term(left) || in_term(right),
            LiteralKind::Match { pattern, text, .. } => in_term(pattern) || in_term(text),
            LiteralKind::Contains { part, text, .. } => in_term(part) || in_term(text),
            LiteralKind::Range { from, to, step, .. } => {
                in_term(from) || in_term(to) || step.as_ref().is_some_and(in_term)
            }
            LiteralKind::Aggregate(aggregate) => {
                aggregate.op == AggregateOp::User
                    || aggregate.target.as_ref().is_some_and(in_term)
                    || in_body(&aggregate.body)
            }
        })
    }
    rule.head
        .as_ref()
        .is_some_and(|head| head.args.iter().any(in_term))
        || in_body(&rule.body)
}

pub(super) fn each_read(body: &[Literal], f: &mut dyn FnMut(RelationId)) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => f(atom.relation),
            LiteralKind::Aggregate(aggregate) => each_read(&aggregate.body, f),
            _ => {}
        }
    }
}
