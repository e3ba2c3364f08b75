//! How many negations and aggregates lie below a relation.

use crate::analysis::checked::{CheckedProgram, Literal, LiteralKind, RelationId};

/// What reads a relation of some level lies as high at least; what needs it complete, higher. Demands pass within one
/// level only, and what must be complete lies below: so what is restricted can be stratified as the program can.
pub struct Levels {
    by_relation: Vec<u32>,
}

impl Levels {
    pub fn of(program: &CheckedProgram) -> Levels {
        let mut levels = Levels {
            by_relation: vec![0; program.relations().count()],
        };
        for stratum in program.strata() {
            let rules = stratum.rules.iter();
            let mut level = rules
                .map(|&rule| levels.of_body(&program[rule].body))
                .max()
                .unwrap_or(0);
            for subsumption in program.subsumptions() {
                if stratum.relations.contains(&subsumption.relation) {
                    level = level.max(levels.of_body(&subsumption.body));
                }
            }
            for relation in &stratum.relations {
                levels.by_relation[relation.index()] = level;
            }
        }
        levels
    }

    pub fn of_relation(&self, id: RelationId) -> u32 {
        self.by_relation[id.index()]
    }

    pub fn of_body(&self, body: &[Literal]) -> u32 {
        let level = |literal: &Literal| match &literal.kind {
            LiteralKind::Atom(atom) => self.of_relation(atom.relation),
            LiteralKind::Negated(atom) => self.of_relation(atom.relation) + 1,
            LiteralKind::Aggregate(aggregate) => self.of_body(&aggregate.body) + 1,
            _ => 0,
        };
        body.iter().map(level).max().unwrap_or(0)
    }
}
