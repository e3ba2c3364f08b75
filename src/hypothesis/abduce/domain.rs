//! Which constants an assumed fact may have in a column.
//!
//! Columns of one declared type share their constants. A built-in type says nothing about what a column means: there,
//! columns share constants when a variable of some rule stands in both. Constants of rules and of the goal count too.
//!
//! A field that a source leaves empty names nobody. The empty text stands only in columns that are left empty somewhere,
//! where it says that the source does not tell, and where a rule or the goal writes it.

use crate::analysis::checked::{
    CheckedProgram, Constant, Literal, LiteralKind, RelationId, Rule, Term, ValueType, VarId,
};
use crate::engine::StopReason;
use crate::explain::{Facts, Meter, constant};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::CompareOp;
use rustc_hash::FxHashMap;

/// A column of a relation.
type Column = (RelationId, usize);

/// Constants by column, ascending by code.
pub(super) struct Domains {
    /// By relation and column: its class, or a list of its own.
    class: FxHashMap<Column, u32>,
    /// By class, then the lists of single columns.
    constants: Vec<Vec<Code>>,
    /// By class: a constant that stands for something nobody has named.
    fresh: Vec<Option<Code>>,
}

/// Constants of a larger relation are not gathered.
const MOST_ROWS: usize = 5_000_000;

const BUILT_IN: [&str; 4] = ["symbol", "number", "unsigned", "float"];

impl Domains {
    /// For these columns. `asked`: the goal's constants by column. Rows too many to look through stop the meter.
    pub(super) fn of(
        facts: &dyn Facts,
        program: &CheckedProgram,
        dictionary: &Dictionary,
        columns: &[Column],
        asked: &[(Column, Code)],
        new_constants: bool,
        meter: &Meter,
    ) -> Domains {
        let classes = classes(program);
        let mut domains = Domains {
            class: FxHashMap::default(),
            constants: Vec::new(),
            fresh: Vec::new(),
        };
        let mut number: FxHashMap<usize, u32> = FxHashMap::default();
        for &column in columns {
            let next = number.len() as u32;
            let class = *number.entry(classes.of(column)).or_insert(next);
            domains.class.insert(column, class);
        }
        let mut constants: Vec<Vec<Code>> = vec![Vec::new(); number.len()];
        let mut of_symbols = vec![false; number.len()];
        for &(relation, at) in columns {
            let class = domains.class[&(relation, at)] as usize;
            of_symbols[class] = program[relation].attributes[at].ty == ValueType::Symbol;
        }
        for (id, relation) in program.relations() {
            let wanted: Vec<(usize, u32)> = (0..relation.arity())
                .filter_map(|at| Some((at, *number.get(&classes.of((id, at)))?)))
                .collect();
            if wanted.is_empty() {
                continue;
            }
            if facts.len(id) > MOST_ROWS {
                meter.stop(StopReason::Rows);
                continue;
            }
            let rows = facts.matching(id, &vec![None; relation.arity()]);
            for (at, class) in wanted {
                constants[class as usize].extend_from_slice(rows.column(at));
            }
        }
        let nothing = dictionary.symbol("");
        for (known, symbols) in constants.iter_mut().zip(of_symbols) {
            known.sort_unstable();
            known.dedup();
            known.retain(|code| !symbols || *code != nothing);
        }
        for (class, code) in in_rules(program, dictionary, &classes).into_iter().chain(
            asked
                .iter()
                .map(|&(column, code)| (classes.of(column), code)),
        ) {
            if let Some(&class) = number.get(&class) {
                constants[class as usize].push(code);
            }
        }
        for known in &mut constants {
            known.sort_unstable();
            known.dedup();
        }
        domains.fresh = vec![None; constants.len()];
        if new_constants {
            for &(relation, at) in columns {
                let attribute = &program[relation].attributes[at];
                let class = domains.class[&(relation, at)] as usize;
                if attribute.ty == ValueType::Symbol && domains.fresh[class].is_none() {
                    let noun = match BUILT_IN.contains(&&*attribute.type_name) {
                        true => attribute.name.to_lowercase(),
                        false => attribute.type_name.to_lowercase(),
                    };
                    let code = dictionary.symbol(&format!("some unknown {noun}"));
                    domains.fresh[class] = Some(code);
                    if let Err(at) = constants[class].binary_search(&code) {
                        constants[class].insert(at, code);
                    }
                }
            }
        }
        domains.constants = constants;
        for &(relation, at) in columns {
            let mut pattern = vec![None; program[relation].arity()];
            pattern[at] = Some(nothing);
            let is_symbol = program[relation].attributes[at].ty == ValueType::Symbol;
            if is_symbol && !facts.matching(relation, &pattern).is_empty() {
                domains.admit((relation, at), nothing);
            }
        }
        domains
    }

    /// One constant more for a column, and not for the others of its class.
    fn admit(&mut self, column: Column, code: Code) {
        let Some(class) = self.class.get_mut(&column) else {
            return;
        };
        let mut constants = self.constants[*class as usize].clone();
        if let Err(at) = constants.binary_search(&code) {
            constants.insert(at, code);
            *class = self.constants.len() as u32;
            self.constants.push(constants);
        }
    }

    /// Ascending by code.
    pub(super) fn constants(&self, relation: RelationId, at: usize) -> &[Code] {
        match self.class.get(&(relation, at)) {
            Some(&class) => &self.constants[class as usize],
            None => &[],
        }
    }

    pub(super) fn fresh(&self) -> impl Iterator<Item = Code> + '_ {
        self.fresh.iter().flatten().copied()
    }
}

/// Columns that share constants, as a forest of disjoint sets over numbered columns.
struct Classes {
    first: Vec<usize>,
    parent: Vec<usize>,
}

impl Classes {
    fn of(&self, (relation, at): Column) -> usize {
        self.root(self.first[relation.index()] + at)
    }

    fn root(&self, mut at: usize) -> usize {
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        let (low, high) = (one.min(other), one.max(other));
        self.parent[high] = low;
    }
}

fn classes(program: &CheckedProgram) -> Classes {
    let mut first = Vec::new();
    let mut count = 0;
    let mut by_type: FxHashMap<&str, usize> = FxHashMap::default();
    let mut same_type = Vec::new();
    for (_, relation) in program.relations() {
        first.push(count);
        for attribute in &relation.attributes {
            if !BUILT_IN.contains(&&*attribute.type_name) {
                match by_type.get(&*attribute.type_name) {
                    Some(&known) => same_type.push((known, count)),
                    None => {
                        by_type.insert(&attribute.type_name, count);
                    }
                }
            }
            count += 1;
        }
    }
    let mut classes = Classes {
        first,
        parent: (0..count).collect(),
    };
    for (one, other) in same_type {
        classes.join(one, other);
    }
    for (_, rule) in program.rules() {
        let mut places: FxHashMap<VarId, usize> = FxHashMap::default();
        for (relation, args) in atoms_of(rule) {
            for (at, arg) in args.iter().enumerate() {
                let Term::Var(var) = arg else { continue };
                let place = classes.first[relation.index()] + at;
                let built_in = |place: usize| -> bool {
                    let relation = classes.first.partition_point(|&first| first <= place) - 1;
                    let at = place - classes.first[relation];
                    let attribute = &program[RelationId(relation as u32)].attributes[at];
                    BUILT_IN.contains(&&*attribute.type_name)
                };
                match places.get(var) {
                    // Declared types keep to themselves.
                    Some(&known) if built_in(known) && built_in(place) => {
                        classes.join(known, place);
                    }
                    Some(&known) if built_in(known) => {
                        places.insert(*var, place);
                    }
                    Some(_) => {}
                    None => {
                        places.insert(*var, place);
                    }
                }
            }
        }
    }
    classes
}

/// The atoms of a rule, its head first.
fn atoms_of(rule: &Rule) -> Vec<(RelationId, &[Term])> {
    let head = rule.head.iter();
    let mut atoms: Vec<(RelationId, &[Term])> =
        head.map(|head| (head.relation, &*head.args)).collect();
    each_atom(&rule.body, &mut |relation, args| {
        atoms.push((relation, args))
    });
    atoms
}

fn each_atom<'a>(body: &'a [Literal], f: &mut dyn FnMut(RelationId, &'a [Term])) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => f(atom.relation, &atom.args),
            LiteralKind::Aggregate(aggregate) => each_atom(&aggregate.body, f),
            _ => {}
        }
    }
}

/// Constants that rules put in a column, or compare with what stands in one.
fn in_rules(
    program: &CheckedProgram,
    dictionary: &Dictionary,
    classes: &Classes,
) -> Vec<(usize, Code)> {
    let mut found = Vec::new();
    for (_, rule) in program.rules().filter(|(_, rule)| !rule.body.is_empty()) {
        let mut of: FxHashMap<VarId, usize> = FxHashMap::default();
        for (relation, args) in atoms_of(rule) {
            for (at, arg) in args.iter().enumerate() {
                let class = classes.of((relation, at));
                match arg {
                    Term::Var(var) => {
                        of.insert(*var, class);
                    }
                    Term::Const(known) => found.push((class, constant(known, dictionary))),
                    _ => {}
                }
            }
        }
        each_equality(&rule.body, &mut |var, known| {
            if let Some(&class) = of.get(&var) {
                found.push((class, constant(known, dictionary)));
            }
        });
    }
    found
}

fn each_equality<'a>(body: &'a [Literal], f: &mut dyn FnMut(VarId, &'a Constant)) {
    for literal in body {
        match &literal.kind {
            LiteralKind::Compare {
                op: CompareOp::Eq,
                left,
                right,
                ..
            } => match (left, right) {
                (Term::Var(var), Term::Const(known)) | (Term::Const(known), Term::Var(var)) => {
                    f(*var, known);
                }
                _ => {}
            },
            LiteralKind::Aggregate(aggregate) => each_equality(&aggregate.body, f),
            _ => {}
        }
    }
}
