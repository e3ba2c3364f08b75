//! Which relations can gain or lose rows when facts of some relations are assumed.
//!
//! A fixpoint over the rules, by polarity: a relation gains rows when one it reads does, and when one it reads under
//! negation loses some. Relations out of reach need no look at their rules.

use crate::analysis::checked::{
    CheckedProgram, FunctorOp, Literal, LiteralKind, RelationId, RelationKind, Rule,
};
use rustc_hash::FxHashMap;

/// The reach of each relation that may be assumed. That of several is what they reach one by one: every step of the
/// fixpoint asks for one relation.
pub(super) type ByRelation = FxHashMap<RelationId, Reach>;

/// By relation.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    gains: Vec<bool>,
    loses: Vec<bool>,
    /// Why sets may be missed, in words; empty when none can be.
    pub(super) blind: Vec<String>,
}

impl Reach {
    pub(super) fn by_relation(relations: &[RelationId], program: &CheckedProgram) -> ByRelation {
        let alone = |&relation: &RelationId| {
            let mut assumable = vec![false; program.relations().count()];
            assumable[relation.index()] = true;
            (relation, Reach::from(&assumable, program))
        };
        relations.iter().map(alone).collect()
    }

    pub(super) fn from(assumable: &[bool], program: &CheckedProgram) -> Reach {
        let mut reach = Reach {
            gains: assumable.to_vec(),
            loses: vec![false; assumable.len()],
            blind: Vec::new(),
        };
        while reach.grow(program) {}
        reach.find_blind_spots(program);
        reach
    }

    pub(super) fn gains(&self, relation: RelationId) -> bool {
        self.gains[relation.index()]
    }

    pub(super) fn loses(&self, relation: RelationId) -> bool {
        self.loses[relation.index()]
    }

    /// Whether any relation that a body reads, at any depth, gains or loses rows.
    pub(super) fn touches(&self, body: &[Literal]) -> bool {
        body.iter().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => {
                self.gains(atom.relation) || self.loses(atom.relation)
            }
            LiteralKind::Aggregate(aggregate) => self.touches(&aggregate.body),
            _ => false,
        })
    }

    /// Whether a body that does not hold can come to hold.
    fn can_come(&self, body: &[Literal]) -> bool {
        body.iter().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => self.gains(atom.relation),
            LiteralKind::Negated(atom) => self.loses(atom.relation),
            LiteralKind::Aggregate(aggregate) => self.touches(&aggregate.body),
            _ => false,
        })
    }

    fn can_go(&self, body: &[Literal]) -> bool {
        body.iter().any(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => self.loses(atom.relation),
            LiteralKind::Negated(atom) => self.gains(atom.relation),
            LiteralKind::Aggregate(aggregate) => self.touches(&aggregate.body),
            _ => false,
        })
    }

    fn grow(&mut self, program: &CheckedProgram) -> bool {
        let mut grown = false;
        for (_, rule) in program.rules() {
            let Some(head) = &rule.head else { continue };
            let at = head.relation.index();
            if !self.gains[at] && self.can_come(&rule.body) {
                self.gains[at] = true;
                grown = true;
            }
            if !self.loses[at] && self.can_go(&rule.body) {
                self.loses[at] = true;
                grown = true;
            }
        }
        // What dominates a row may come or go, and so may who was first to a key.
        for (id, relation) in program.relations() {
            let chosen = !relation.choice_domains.is_empty();
            let dominated = |known: &crate::analysis::checked::Subsumption| {
                known.relation == id && self.touches(&known.body)
            };
            let at = id.index();
            let moves = self.gains[at] || self.loses[at];
            let ordered = program
                .subsumptions()
                .iter()
                .any(|known| known.relation == id);
            let stirred = (chosen || ordered) && moves
                || program.subsumptions().iter().any(dominated)
                || matches!(relation.kind, RelationKind::Delta(of) if self.gains(of) || self.loses(of));
            if stirred && !(self.gains[at] && self.loses[at]) {
                self.gains[at] = true;
                self.loses[at] = true;
                grown = true;
            }
        }
        grown
    }

    fn find_blind_spots(&mut self, program: &CheckedProgram) {
        let mut blind = Vec::new();
        for (id, relation) in program.relations() {
            if !self.gains(id) && !self.loses(id) {
                continue;
            }
            if !relation.choice_domains.is_empty() {
                blind.push(format!(
                    "`{}` keeps the first row of each key",
                    relation.name
                ));
            }
            if program
                .subsumptions()
                .iter()
                .any(|known| known.relation == id)
            {
                blind.push(format!("rows of `{}` drive others out", relation.name));
            }
            if matches!(relation.kind, RelationKind::Delta(_)) {
                blind.push(format!(
                    "`{}` depends on the order of the rounds",
                    relation.name
                ));
            }
        }
        for (_, rule) in program.rules() {
            let Some(head) = &rule.head else { continue };
            if self.can_come(&rule.body) && is_opaque(rule) {
                let name = &program[head.relation].name;
                let spot = format!("a rule of `{name}` calls what only a run can compute");
                if !blind.contains(&spot) {
                    blind.push(spot);
                }
            }
        }
        self.blind = blind;
    }
}

/// By relation: whether some of these relations depend on it.
pub(in crate::hypothesis) fn behind(
    program: &CheckedProgram,
    relations: impl IntoIterator<Item = RelationId>,
) -> Vec<bool> {
    let mut behind = vec![false; program.relations().count()];
    let mut open: Vec<RelationId> = relations.into_iter().collect();
    while let Some(relation) = open.pop() {
        if std::mem::replace(&mut behind[relation.index()], true) {
            continue;
        }
        for (_, rule) in program.rules_of(relation) {
            open.extend(read_by(&rule.body));
        }
        for known in program.subsumptions() {
            if known.relation == relation {
                open.extend(read_by(&known.body));
            }
        }
        if let RelationKind::Delta(of) = program[relation].kind {
            open.push(of);
        }
    }
    behind
}

/// The relations that a body reads, at any depth.
pub(super) fn read_by(body: &[Literal]) -> Vec<RelationId> {
    let mut found = Vec::new();
    let mut open: Vec<&Literal> = body.iter().collect();
    while let Some(literal) = open.pop() {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => found.push(atom.relation),
            LiteralKind::Aggregate(aggregate) => open.extend(&aggregate.body),
            _ => {}
        }
    }
    found
}

/// Whether a rule calls a counter or a closure of the embedding program: only the engine can run it.
fn is_opaque(rule: &Rule) -> bool {
    let opaque = |op: &FunctorOp| {
        matches!(
            op,
            FunctorOp::Autoinc | FunctorOp::IterationCount | FunctorOp::User(_)
        )
    };
    let mut head = rule.head.iter().flat_map(|head| &head.args);
    head.any(|term| term.calls(&opaque))
        || rule.body.iter().any(|literal| literal.kind.calls(&opaque))
}
