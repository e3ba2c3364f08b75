//! Claims without which something may appear.
//!
//! Taking statements away makes a fact appear only where an instance of a rule fires that did not: what one of its
//! negations was not met for is gone, or a total of it is another one. Of the instances that appear first, in the order of
//! derivation, the other premises hold as it is, and rows that were in the way, or in a total, fall for want of statements
//! alone. So a claim that is withdrawn has a part in some derivation, as it is, of one of these rows.

use super::case::Case;
use super::facts::Fact;
use super::forward::bound;
use super::meter::Meter;
use super::solve::Solver;
use super::terms::{in_term, pattern};
use super::why_not::Miss;
use crate::analysis::checked::{Atom, Literal, LiteralKind, RelationId, Rule, Term, VarId};
use crate::evidence::ClaimId;
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};

impl Case<'_> {
    /// Claims of which each withdrawal has one that brings something about behind some relations; ascending. `None`: that
    /// cannot be told within the budget, or a choice, a subsumption or a lattice has a say.
    pub fn turning(&self, wanted: &[RelationId], meter: &Meter) -> Option<Vec<ClaimId>> {
        let program = self.program;
        let cone = self.cone(wanted);
        let dominated = |id| program.subsumptions.iter().any(|one| one.relation == id);
        let is_plain = |id: &RelationId| {
            let declared = &program[*id];
            declared.choice_domains.is_empty() && declared.lattice.is_none() && !dominated(*id)
        };
        if !cone.iter().all(is_plain) {
            return None;
        }
        let mut rows: FxHashSet<Fact> = FxHashSet::default();
        for (_, rule) in program.rules() {
            if rule
                .head
                .as_ref()
                .is_some_and(|head| cone.contains(&head.relation))
            {
                self.opposing(rule, meter, &mut rows);
            }
        }
        let mut rows: Vec<Fact> = rows.into_iter().collect();
        rows.sort();
        let mut claims: Vec<ClaimId> = match rows.is_empty() {
            true => Vec::new(),
            false => {
                let (lineage, _) = self.lineage_of_all(&rows, meter);
                let elements = lineage.elements.iter();
                let statements = elements.flat_map(|element| element.statements.iter());
                statements
                    .filter_map(|statement| statement.claim())
                    .collect()
            }
        };
        claims.sort_unstable();
        claims.dedup();
        meter.stopped().is_none().then_some(claims)
    }

    /// Rows that negations do not allow in any instance of a rule that fails where a miss does, where nothing else fails there;
    /// of so many instances.
    pub fn in_the_way(
        &self,
        miss: &Miss,
        conclusion: &[Option<Code>],
        most: usize,
        meter: &Meter,
    ) -> Vec<Fact> {
        let rule = &self.program[miss.rule];
        let failing: Vec<usize> = miss.failing.iter().map(|failing| failing.literal).collect();
        let (against, body): (Vec<_>, Vec<_>) =
            (rule.body.iter().enumerate()).partition(|(at, _)| failing.contains(at));
        let negated = against.iter().map(|(_, literal)| match &literal.kind {
            LiteralKind::Negated(atom) => Some(atom),
            _ => None,
        });
        let (Some(negated), Some(head)) = (negated.collect::<Option<Vec<_>>>(), &rule.head) else {
            return Vec::new();
        };
        let body: Vec<Literal> = body
            .into_iter()
            .map(|(_, literal)| literal.clone())
            .collect();
        let solver = Solver::new(self.context(meter), &body, &rule.variables);
        let mut rows: FxHashSet<Fact> = FxHashSet::default();
        for solution in solver.with_head(&head.args, conclusion).take(most) {
            for atom in &negated {
                let wanted = pattern(atom, &solution.values, self.dictionary);
                let found = self.facts.matching(atom.relation, &wanted);
                rows.extend(found.iter().map(|row| Fact::new(atom.relation, &row)));
            }
        }
        let mut rows: Vec<Fact> = rows.into_iter().collect();
        rows.sort();
        rows
    }

    /// Rows that keep an instance of a rule from firing, or that have a say in a total of one; maybe some more.
    fn opposing(&self, rule: &Rule, meter: &Meter, rows: &mut FxHashSet<Fact>) {
        let mut against: Vec<(&Atom, Option<&[VarId]>)> = Vec::new();
        let mut open: Vec<(&Literal, Option<&[VarId]>)> =
            rule.body.iter().map(|literal| (literal, None)).collect();
        while let Some((literal, injected)) = open.pop() {
            match &literal.kind {
                LiteralKind::Negated(atom) => against.push((atom, injected)),
                LiteralKind::Atom(atom) if injected.is_some() => against.push((atom, injected)),
                LiteralKind::Aggregate(aggregate) => {
                    let of = injected.unwrap_or(&aggregate.injected);
                    open.extend(aggregate.body.iter().map(|literal| (literal, Some(of))));
                }
                _ => {}
            }
        }
        for (atom, injected) in against {
            let is_known = |var: &VarId| injected.is_none_or(|injected| injected.contains(var));
            let body = self.premises_beside(rule, atom, &is_known);
            let mut fires: FxHashMap<Vec<(VarId, Code)>, bool> = FxHashMap::default();
            let constants = pattern(atom, &vec![None; rule.variables.len()], self.dictionary);
            for row in self.facts.matching(atom.relation, &constants).iter() {
                let fact = Fact::new(atom.relation, &row);
                let Some(mut values) = bound(atom, &fact, self) else {
                    continue;
                };
                values.retain(|(var, _)| is_known(var));
                let fires = fires.entry(values).or_insert_with_key(|values| {
                    let solver = Solver::new(self.context(meter), &body, &rule.variables);
                    let values = values.iter();
                    let solver = values.fold(solver, |solver, &(var, code)| solver.with(var, code));
                    solver.by_any_row().next().is_some()
                });
                if *fires {
                    rows.insert(fact);
                }
            }
        }
    }

    /// The positive atoms of a rule and its comparisons, as far as they are about what these atoms bind, or what is known of
    /// another one.
    fn premises_beside(
        &self,
        rule: &Rule,
        atom: &Atom,
        is_known: &dyn Fn(&VarId) -> bool,
    ) -> Vec<Literal> {
        let of_atom = atom
            .args
            .iter()
            .filter_map(plain)
            .filter(|var| is_known(var));
        let mut known: FxHashSet<VarId> = of_atom.collect();
        for literal in &rule.body {
            if let LiteralKind::Atom(premise) = &literal.kind {
                known.extend(premise.args.iter().filter_map(plain));
            }
        }
        let is_bound = |term: &Term| {
            let mut all = true;
            in_term(term, &mut |var| all &= known.contains(&var));
            all
        };
        let kept = rule.body.iter().filter(|literal| match &literal.kind {
            LiteralKind::Atom(premise) => premise.args.iter().all(is_bound),
            LiteralKind::Compare { left, right, .. } => is_bound(left) && is_bound(right),
            _ => false,
        });
        kept.cloned().collect()
    }
}

fn plain(arg: &Term) -> Option<VarId> {
    match arg {
        Term::Var(var) => Some(*var),
        _ => None,
    }
}
