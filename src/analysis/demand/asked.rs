//! Which relations may be restricted.

use super::Whole;
use crate::analysis::checked::{CheckedProgram, FunctorOp, RelationId, RelationKind};
use crate::analysis::independence::{calls, term_calls};
use crate::analysis::strata;
use crate::syntax::ast::{DirectiveKind, Qualifier};

pub struct Asked {
    /// By relation: why it must not be restricted.
    refused: Vec<Option<Whole>>,
}

impl Asked {
    /// By the pragmas `magic-transform` and `magic-transform-exclude`, lists of names or `*`, and the qualifiers.
    pub fn of(program: &CheckedProgram) -> Asked {
        let mut asked = Asked::everything(program);
        let listed = |pragma: &str, name: &str| {
            program.pragmas().iter().any(|(key, value)| {
                let mut names = value.split(',').map(str::trim);
                &**key == pragma && names.any(|listed| listed == "*" || listed == name)
            })
        };
        for (id, relation) in program.relations() {
            let has = |qualifier| program.declarations.relation(id).has(qualifier);
            let wanted = listed("magic-transform", &relation.name) || has(Qualifier::Magic);
            let excluded =
                listed("magic-transform-exclude", &relation.name) || has(Qualifier::NoMagic);
            let refused = match (wanted, excluded) {
                (_, true) => Some(Whole::Excluded),
                (false, false) => Some(Whole::NotAsked),
                (true, false) => None,
            };
            let known = &mut asked.refused[id.index()];
            *known = known.or(refused);
        }
        asked
    }

    /// All that can be, whatever the program says; what is excluded stays so.
    pub fn everything(program: &CheckedProgram) -> Asked {
        let mut refused = vec![None; program.relations().count()];
        let mut special: Vec<RelationId> = Vec::new();
        for (id, relation) in program.relations() {
            let lattice = relation.lattice.is_some();
            if lattice
                || relation.kind != RelationKind::Plain
                || !relation.choice_domains.is_empty()
            {
                special.push(id);
            }
            if let RelationKind::Delta(of) = relation.kind {
                special.push(of);
            }
        }
        special.extend(program.subsumptions().iter().map(|s| s.relation));
        let limits = program.directives().iter();
        let limits = limits.filter(|directive| directive.kind == DirectiveKind::Limitsize);
        special.extend(limits.map(|directive| directive.relation));
        // Rounds are counted where the recursion is as written.
        let rounds = |op: Option<&FunctorOp>| matches!(op, Some(FunctorOp::IterationCount));
        for (_, rule) in program.rules() {
            let Some(head) = &rule.head else { continue };
            if head.args.iter().any(|term| term_calls(term, &rounds))
                || rule
                    .body
                    .iter()
                    .any(|literal| calls(&literal.kind, &rounds))
            {
                special.push(head.relation);
            }
        }
        for &id in &special {
            refused[id.index()] = Some(Whole::Special);
        }
        // In which round a row appears, which some of these tell, depends on all that they are derived from.
        let edges = strata::edges(program);
        let mut sources: Vec<Vec<RelationId>> = vec![Vec::new(); refused.len()];
        for edge in &edges {
            sources[edge.to.index()].push(edge.from);
        }
        while let Some(id) = special.pop() {
            for &from in &sources[id.index()] {
                if refused[from.index()].is_none() {
                    refused[from.index()] = Some(Whole::ForSpecial);
                    special.push(from);
                }
            }
        }
        Asked { refused }
    }

    pub fn nothing(program: &CheckedProgram) -> Asked {
        let mut asked = Asked::everything(program);
        for refused in &mut asked.refused {
            refused.get_or_insert(Whole::NotAsked);
        }
        asked
    }

    pub fn includes(&self, id: RelationId) -> bool {
        self.refused[id.index()].is_none()
    }

    pub fn refusal(&self, id: RelationId) -> Option<Whole> {
        self.refused[id.index()]
    }

    /// Whether the rules of a relation are to stay as they are written.
    pub fn is_frozen(&self, id: RelationId) -> bool {
        matches!(
            self.refused[id.index()],
            Some(Whole::Special | Whole::ForSpecial)
        )
    }
}
