//! Why a fact fell.

use crate::analysis::checked::{RelationId, RuleId};
use crate::engine::Budget;
use crate::evidence::GradeTables;
use crate::explain::{
    Basis, Case, Fact, Ground, Lineages, Meter, Premise, Proof, ProofOptions, Statement,
};
use crate::storage::Code;
use rustc_hash::FxHashSet;

/// Supports looked at.
const MOST_SUPPORTS: usize = 20;

/// What a fact rested on that is gone.
#[derive(Clone, Debug, Default)]
pub struct Fall {
    /// Minimal supports it had.
    pub supports: usize,
    /// Whether these were all of them.
    pub complete: bool,
    /// Statements that are gone and that every support used.
    pub all_used: Vec<Statement>,
    /// Statements that are gone, at least one of them in every support. Empty when some support lost none: then other
    /// causes tell.
    pub some_used: Vec<Statement>,
    /// What broke its shortest proof, nearest to the fact first.
    pub causes: Vec<Cause>,
}

/// What broke one step of a proof. Ids are those of the earlier case.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// It was stated, and what stated it is gone.
    NotStated(Fact),
    /// The rule is gone.
    NoRule(RuleId),
    /// The rule needs that nothing agrees, and now this does.
    Present { fact: Fact },
    /// An aggregate has another value now, or none.
    Changed(Fact),
}

/// Why each of these facts of the earlier case does not hold in the later; the budget is for one of them.
pub fn why_fell(before: &Case, after: &Case, facts: &[&Fact], budget: &Budget) -> Vec<Fall> {
    let meter = Meter::new(budget);
    let mut lineages = Lineages::new(before, budget, &meter);
    let facts = facts.iter();
    let mut one = |fact| why_one_fell(before, after, fact, &mut lineages, budget);
    facts.map(|fact| one(fact)).collect()
}

fn why_one_fell(
    before: &Case,
    after: &Case,
    fact: &Fact,
    lineages: &mut Lineages,
    budget: &Budget,
) -> Fall {
    let mut fall = Fall::default();
    let found = lineages.supports(fact, &GradeTables::default(), MOST_SUPPORTS);
    fall.supports = found.supports.len();
    fall.complete = found.complete;
    let gone: Vec<Vec<&Statement>> = found
        .supports
        .iter()
        .map(|support| {
            let statements = support.statements.iter();
            statements
                .filter(|statement| !stands(before, after, statement))
                .collect()
        })
        .collect();
    if !gone.is_empty() && gone.iter().all(|gone| !gone.is_empty()) {
        for statement in gone.iter().flatten() {
            if !fall.some_used.contains(statement) {
                fall.some_used.push((*statement).clone());
            }
        }
        let in_all = |statement: &&Statement| gone.iter().all(|gone| gone.contains(statement));
        fall.all_used = fall.some_used.iter().filter(in_all).cloned().collect();
    }
    if let Some(proof) = before.prove(fact, &ProofOptions::default(), budget) {
        fall.causes = causes(before, after, &proof);
    }
    fall
}

/// Whether a statement of the earlier case is still made.
fn stands(before: &Case, after: &Case, statement: &Statement) -> bool {
    let still = |fact: &Fact| {
        before
            .translate(fact, after)
            .is_some_and(|fact| after.ground(&fact).is_some())
    };
    match statement {
        Statement::Claim(claim) => {
            let id = &before.claims().get(*claim).id;
            after.claims().with_id(id).next().is_some()
        }
        Statement::Text(rule) => before.stated_by(*rule).is_some_and(|fact| still(&fact)),
        Statement::Data(fact) => still(fact),
    }
}

fn causes(before: &Case, after: &Case, proof: &Proof) -> Vec<Cause> {
    let holds = |fact: &Fact| {
        before
            .translate(fact, after)
            .is_some_and(|fact| after.holds(&fact))
    };
    let spans: FxHashSet<_> = after.program().rules().map(|(_, rule)| rule.span).collect();
    let mut causes: Vec<Cause> = Vec::new();
    let mut add = |cause: Cause| {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    };
    for (_, node) in proof.nodes() {
        if holds(&node.fact) {
            continue;
        }
        match &node.basis {
            Basis::Stated { ground, .. } => match ground {
                Ground::Text(_) | Ground::Claims(_) | Ground::Data | Ground::Assumed => {
                    add(Cause::NotStated(node.fact.clone()));
                }
            },
            Basis::Derived(derivation) => {
                if !spans.contains(&before.program()[derivation.rule].span) {
                    add(Cause::NoRule(derivation.rule));
                }
                let mut below = true;
                node.each_premise(&mut |premise| below &= holds(&proof.node(premise).fact));
                for premise in &derivation.premises {
                    match premise {
                        Premise::Absent {
                            relation, pattern, ..
                        } => {
                            if let Some(fact) = present(before, after, *relation, pattern) {
                                add(Cause::Present { fact });
                            }
                        }
                        Premise::Aggregate(_) if below => add(Cause::Changed(node.fact.clone())),
                        _ => {}
                    }
                }
            }
            Basis::Equivalent(_) | Basis::Open(_) => {}
        }
    }
    causes
}

/// A row of the later case that agrees with a pattern of the earlier.
fn present(
    before: &Case,
    after: &Case,
    relation: RelationId,
    pattern: &[Option<Code>],
) -> Option<Fact> {
    let same = after
        .program()
        .relation_named(&before.program()[relation].name)?;
    let rows = after.facts().matching(same, pattern);
    let row = rows.iter().next()?;
    Some(Fact::new(relation, &row))
}
