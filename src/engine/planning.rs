//! The plans of a whole program, for a reader.

use super::fixpoint::recursive_atoms;
use super::relation::RelationState;
use super::statistics::Sizes;
use super::subsumption::deltas;
use crate::analysis::checked::CheckedProgram;
use crate::plan::{RulePlan, plan_rule, plan_subsumption};

/// Every rule with a body, planned as a run over relations of these sizes would.
#[derive(Clone, Debug, Default)]
pub struct ProgramPlans {
    /// By stratum, in the order in which they run.
    pub strata: Vec<StratumPlans>,
    /// One for each of [`CheckedProgram::constraints`].
    pub constraints: Vec<RulePlan>,
}

#[derive(Clone, Debug, Default)]
pub struct StratumPlans {
    /// By rule; of a recursive one as many as it has atoms that are read from the delta in turn.
    pub rules: Vec<RulePlan>,
    /// Plans of subsumptive clauses, with their place in [`CheckedProgram::subsumptions`].
    pub subsumptions: Vec<(usize, RulePlan)>,
}

pub(super) fn plan_program(program: &CheckedProgram, relations: &[RelationState]) -> ProgramPlans {
    let strata = program.strata().iter().map(|stratum| {
        let sizes = Sizes {
            relations,
            recursive: &stratum.relations,
        };
        let mut plans = StratumPlans::default();
        let with_body = stratum.rules.iter().copied();
        for rule in with_body.filter(|&rule| !program[rule].body.is_empty()) {
            let atoms = recursive_atoms(program, rule, stratum);
            let versions = atoms.iter().map(|&(at, _)| Some(at));
            let whole = atoms.is_empty().then_some(None);
            for delta in versions.chain(whole) {
                plans.rules.push(plan_rule(program, rule, delta, &sizes));
            }
        }
        // Subsumption looks at whole relations once a round has ended.
        let sizes = Sizes {
            relations,
            recursive: &[],
        };
        for (at, subsumption) in program.subsumptions().iter().enumerate() {
            if stratum.relations.contains(&subsumption.relation) {
                for delta in [true, false]
                    .into_iter()
                    .flat_map(|fresh| deltas(subsumption, stratum, fresh))
                {
                    let plan = plan_subsumption(subsumption, delta, &sizes);
                    plans.subsumptions.push((at, plan));
                }
            }
        }
        plans
    });
    let sizes = Sizes {
        relations,
        recursive: &[],
    };
    ProgramPlans {
        strata: strata.collect(),
        constraints: program
            .constraints()
            .iter()
            .map(|&rule| plan_rule(program, rule, None, &sizes))
            .collect(),
    }
}
