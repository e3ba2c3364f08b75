//! The transformation itself: whole relations and restricted ones, each with the rules it needs, until no more are asked
//! for.

use super::asked::Asked;
use super::levels::Levels;
use super::passing::{Passing, variables_of};
use super::seeded::{self, Shape};
use super::{Declined, Demand, Extent, Fate, Made, Wanted, Whole};
use crate::analysis::checked::{
    Atom, Attribute, CheckedProgram, CheckedQuery, Head, Literal, LiteralKind, Relation,
    RelationId, RelationKind, Rule, RuleId, Term, ValueType, VarId, Variable,
};
use crate::analysis::findings::Findings;
use crate::analysis::strata::{self, Components};
use crate::syntax::ast::{CompareOp, DirectiveKind};
use crate::syntax::source::Span;
use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Atoms whose join, beside the demand, is made once when more than one rule needs it.
const WORTH_KEEPING: usize = 2;
/// Restricted copies of a relation, beyond which it is derived whole.
const MOST_COPIES: usize = 3;

/// Rows of a relation of which some values are wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    relation: RelationId,
    /// By column: whether its wanted values are known.
    bound: Vec<bool>,
    level: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct Copied {
    pub rows: RelationId,
    pub demand: RelationId,
}

/// A rule of the new program.
pub struct Derived {
    /// The rule it was made from.
    pub from: RuleId,
    pub rule: Rule,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// As it was, for relations that are whole, and facts.
    Plain,
    /// Derives rows of a restricted relation.
    Rows(RelationId, Shape),
    /// Asks for rows of a restricted relation: the one that asks, if it is one.
    Demand {
        into: RelationId,
        from: Option<RelationId>,
        tail: bool,
    },
    Part,
}

pub struct Rewriting<'a> {
    program: &'a CheckedProgram,
    asked: &'a Asked,
    levels: &'a Levels,
    extent: Extent,
    derived: BTreeSet<RelationId>,
    stated: BTreeSet<RelationId>,
    whole: BTreeMap<RelationId, Whole>,
    copies: BTreeMap<Key, Copied>,
    todo: VecDeque<Task>,
    relations: Vec<Relation>,
    made: BTreeMap<RelationId, Made>,
    rules: Vec<Derived>,
    constraints: Vec<Derived>,
    queries: Vec<CheckedQuery>,
}

enum Task {
    Whole(RelationId),
    Copy(Key),
}

/// A clause while it is rewritten.
struct Clause<'r> {
    origin: RuleId,
    /// The relation in whose name parts of the body are kept.
    owner: Arc<str>,
    of: RelationId,
    level: u32,
    variables: &'r [Variable],
    span: Span,
    /// Variables that the head, or the answer, needs.
    needed: BTreeSet<VarId>,
    /// Of a restricted relation's rule.
    entry: Option<Asking<'r>>,
}

/// What a restricted relation's rule is asked.
struct Asking<'r> {
    copy: Copied,
    /// What the demand for the head's relation is asked.
    args: Vec<Term>,
    bound: &'r [bool],
    head: &'r Head,
}

impl<'a> Rewriting<'a> {
    /// `whole`: relations known to be needed whole.
    pub fn new(
        program: &'a CheckedProgram,
        asked: &'a Asked,
        levels: &'a Levels,
        extent: Extent,
        whole: BTreeMap<RelationId, Whole>,
    ) -> Rewriting<'a> {
        let heads = |facts: bool| {
            let rules = program.rules();
            let rules = rules.filter(move |(_, rule)| rule.body.is_empty() == facts);
            rules.filter_map(|(_, rule)| rule.head.as_ref().map(|head| head.relation))
        };
        let inputs = program.directives().iter();
        let inputs = inputs.filter(|directive| directive.kind == DirectiveKind::Input);
        Rewriting {
            program,
            asked,
            levels,
            extent,
            derived: heads(false).collect(),
            stated: heads(true)
                .chain(inputs.map(|input| input.relation))
                .collect(),
            todo: whole.keys().copied().map(Task::Whole).collect(),
            whole,
            copies: BTreeMap::new(),
            relations: program.relations.clone(),
            made: BTreeMap::new(),
            rules: Vec::new(),
            constraints: Vec::new(),
            queries: Vec::new(),
        }
    }

    pub fn want(&mut self, wanted: &Wanted) {
        if wanted.outputs {
            for directive in self.program.directives() {
                if matches!(
                    directive.kind,
                    DirectiveKind::Output | DirectiveKind::Printsize
                ) {
                    self.need_whole(directive.relation, Whole::Output);
                }
            }
        }
        for (id, rule) in self.program.rules() {
            if rule.head.is_some() && rule.body.is_empty() {
                self.push(id, rule.clone(), Role::Plain);
            }
        }
        if wanted.constraints {
            for &id in self.program.constraints() {
                self.constraint(id);
            }
        }
        for query in &wanted.queries {
            self.query(query);
        }
        while let Some(task) = self.todo.pop_front() {
            match task {
                Task::Whole(id) => self.derive_whole(id),
                Task::Copy(key) => self.derive_copy(&key),
            }
        }
    }

    /// Whether a relation turned out to be needed whole after some of it had been asked for.
    pub fn conflicts(&self) -> bool {
        let mut copied = self.copies.keys();
        copied.any(|key| self.whole.contains_key(&key.relation))
    }

    pub fn into_whole(self) -> BTreeMap<RelationId, Whole> {
        self.whole
    }

    fn need_whole(&mut self, id: RelationId, why: Whole) {
        let of = match self.program[id].kind {
            RelationKind::Delta(of) => Some(of),
            _ => None,
        };
        if of.is_none() && !self.derived.contains(&id) {
            return;
        }
        let why = self
            .asked
            .refusal(id)
            .filter(|_| why == Whole::Unbound)
            .unwrap_or(why);
        // The first reason is told.
        if let Entry::Vacant(unknown) = self.whole.entry(id) {
            unknown.insert(why);
            self.todo.push_back(Task::Whole(id));
            if let Some(of) = of {
                self.need_whole(of, Whole::Special);
            }
        }
    }

    fn is_restrictable(&self, id: RelationId) -> bool {
        self.derived.contains(&id) && self.asked.includes(id) && !self.whole.contains_key(&id)
    }

    fn push(&mut self, from: RuleId, rule: Rule, role: Role) {
        self.rules.push(Derived { from, rule, role });
    }

    fn constraint(&mut self, id: RuleId) {
        let rule = &self.program[id];
        let clause = Clause {
            origin: id,
            owner: "a constraint".into(),
            of: RelationId(u32::MAX),
            level: self.levels.of_body(&rule.body),
            variables: &rule.variables,
            span: rule.span,
            needed: (0..rule.variables.len() as u32).map(VarId).collect(),
            entry: None,
        };
        let (body, _) = self.body(&clause, rule.body.clone());
        let rule = Rule {
            body,
            ..rule.clone()
        };
        self.constraints.push(Derived {
            from: id,
            rule,
            role: Role::Plain,
        });
    }

    fn query(&mut self, query: &CheckedQuery) {
        let mut rewritten = query.clone();
        let bodies = std::iter::once(&mut rewritten.body).chain(&mut rewritten.alternatives);
        for body in bodies {
            let Some(first) = body.first() else { continue };
            let clause = Clause {
                // What questions ask for comes after all rules.
                origin: RuleId(u32::MAX),
                owner: "a question".into(),
                of: RelationId(u32::MAX),
                level: self.levels.of_body(body),
                variables: &query.variables,
                span: first.span,
                needed: query.columns.iter().copied().collect(),
                entry: None,
            };
            *body = self.body(&clause, body.clone()).0;
        }
        self.queries.push(rewritten);
    }

    fn derive_whole(&mut self, id: RelationId) {
        let program = self.program;
        for (rule_id, rule) in program.rules_of(id) {
            if rule.body.is_empty() {
                continue;
            }
            if self.asked.is_frozen(id) {
                self.reads_whole(&rule.body, Whole::ForSpecial);
                self.push(rule_id, rule.clone(), Role::Plain);
                continue;
            }
            let Some(head) = &rule.head else { continue };
            let clause = Clause {
                origin: rule_id,
                owner: program[id].name.clone(),
                of: id,
                level: self.levels.of_relation(id),
                variables: &rule.variables,
                span: rule.span,
                needed: variables_of(&head.args),
                entry: None,
            };
            let before = rule.body.clone();
            let (body, changed) = self.body(&clause, before);
            let plan = match changed {
                true => Vec::new(),
                false => rule.plan.clone(),
            };
            let rule = Rule {
                body,
                plan,
                ..rule.clone()
            };
            self.push(rule_id, rule, Role::Plain);
        }
        for subsumption in program.subsumptions() {
            if subsumption.relation == id {
                self.reads_whole(&subsumption.body, Whole::ForSpecial);
            }
        }
    }

    fn reads_whole(&mut self, body: &[Literal], why: Whole) {
        for literal in body {
            match &literal.kind {
                LiteralKind::Atom(atom) => self.need_whole(atom.relation, why),
                LiteralKind::Negated(atom) => self.need_whole(atom.relation, Whole::Negated),
                LiteralKind::Aggregate(aggregate) => {
                    self.reads_whole(&aggregate.body, Whole::Aggregated)
                }
                _ => {}
            }
        }
    }

    fn derive_copy(&mut self, key: &Key) {
        let program = self.program;
        let copy = self.copies[key];
        if self.stated.contains(&key.relation) {
            let (rule, span) = self.stated_rows(key, copy);
            // Stated rows come before what any rule derives.
            let first = program.rules_of(key.relation).next();
            self.push(
                first.map_or(RuleId(0), |(id, _)| id),
                Rule { span, ..rule },
                Role::Rows(copy.rows, Shape::Exit),
            );
        }
        for (rule_id, rule) in program.rules_of(key.relation) {
            let Some(head) = rule.head.as_ref().filter(|_| !rule.body.is_empty()) else {
                continue;
            };
            let mut variables = rule.variables.clone();
            let mut body = rule.body.clone();
            let mut args = Vec::new();
            let columns = key.bound.iter().zip(&head.args).enumerate();
            for (column, _) in columns.clone().filter(|(_, (bound, _))| **bound) {
                args.push(match &head.args[column] {
                    plain @ (Term::Var(_) | Term::Const(_)) => plain.clone(),
                    compound => {
                        let var = Term::Var(VarId(variables.len() as u32));
                        variables.push(Variable {
                            name: "_".into(),
                            ty: program[key.relation].attributes[column].ty,
                            synthetic: true,
                        });
                        body.push(equation(var.clone(), compound.clone(), rule.span));
                        var
                    }
                });
            }
            let clause = Clause {
                origin: rule_id,
                owner: self.relations[copy.rows.index()].name.clone(),
                of: key.relation,
                level: key.level,
                variables: &variables,
                span: rule.span,
                needed: variables_of(&head.args),
                entry: Some(Asking {
                    copy,
                    args,
                    bound: &key.bound,
                    head,
                }),
            };
            let (shape, body) = self.restricted(&clause, body, Shape::Exit);
            let rule = Rule {
                head: Some(Head {
                    relation: copy.rows,
                    args: head.args.clone(),
                }),
                body,
                variables,
                plan: Vec::new(),
                ..rule.clone()
            };
            self.push(rule_id, rule, Role::Rows(copy.rows, shape));
        }
    }

    /// What a restricted relation has of the rows that are stated.
    fn stated_rows(&self, key: &Key, copy: Copied) -> (Rule, Span) {
        let relation = &self.program[key.relation];
        let variables = relation.attributes.iter().map(|attribute| Variable {
            name: attribute.name.clone(),
            ty: attribute.ty,
            synthetic: false,
        });
        let args: Vec<Term> = (0..relation.arity() as u32)
            .map(|column| Term::Var(VarId(column)))
            .collect();
        let asked = args.iter().zip(&key.bound);
        let asked = asked
            .filter(|(_, bound)| **bound)
            .map(|(arg, _)| arg.clone());
        let span = relation.span;
        let rule = Rule {
            head: Some(Head {
                relation: copy.rows,
                args: args.clone(),
            }),
            body: vec![
                atom(copy.demand, asked.collect(), span),
                atom(key.relation, args, span),
            ],
            variables: variables.collect(),
            say: None,
            plan: Vec::new(),
            span,
        };
        (rule, span)
    }

    fn body(&mut self, clause: &Clause, body: Vec<Literal>) -> (Vec<Literal>, bool) {
        let before = self.rules.len();
        let relations: Vec<_> = body.iter().map(relation_of).collect();
        let (_, body) = self.restricted(clause, body, Shape::Exit);
        let same = before == self.rules.len()
            && body.iter().map(relation_of).eq(relations.iter().copied());
        (body, !same)
    }

    /// A body whose atoms read restricted relations where that may be, and rules for what it asks of them.
    fn restricted(
        &mut self,
        clause: &Clause,
        body: Vec<Literal>,
        mut shape: Shape,
    ) -> (Shape, Vec<Literal>) {
        let entry = clause.entry.as_ref();
        let mut passing = Passing {
            bound: entry.map_or_else(BTreeSet::new, |entry| variables_of(&entry.args)),
            prefix: entry
                .map(|entry| atom(entry.copy.demand, entry.args.clone(), clause.span))
                .into_iter()
                .collect(),
            rest: body,
        };
        loop {
            passing.settle();
            let restrictable = |atom: &Atom| self.is_restrictable(atom.relation);
            let Some(at) = passing.next(self.extent, &restrictable) else {
                break;
            };
            let mut literal = passing.take(at);
            if let LiteralKind::Atom(atom) = &mut literal.kind {
                let bound = passing.known(atom);
                let copy = match self.is_restrictable(atom.relation) && bound.contains(&true) {
                    true => self.copy(atom.relation, &bound, clause.level),
                    false => None,
                };
                match copy {
                    Some(copy) => {
                        if let Some(entry) = entry
                            && entry.copy.rows == copy.rows
                        {
                            let by = seeded::shape(entry.head, entry.bound, copy, atom, &passing);
                            shape = shape.with(by);
                        }
                        let original = literal.clone();
                        let LiteralKind::Atom(atom) = &mut literal.kind else {
                            continue;
                        };
                        let args = atom.args.iter().zip(&bound);
                        let args = args.filter(|(_, bound)| **bound);
                        let args: Vec<Term> = args.map(|(arg, _)| arg.clone()).collect();
                        atom.relation = copy.rows;
                        self.ask(clause, &mut passing, copy, args, &original, &shape);
                    }
                    None => {
                        let id = atom.relation;
                        self.need_whole(id, Whole::Unbound);
                    }
                }
            }
            passing.pass(literal);
        }
        for literal in passing.prefix.iter().chain(&passing.rest) {
            let of_text = |id: RelationId| id.index() < self.program.relations.len();
            match &literal.kind {
                LiteralKind::Atom(atom) if !of_text(atom.relation) => {}
                LiteralKind::Atom(atom) => self.need_whole(atom.relation, Whole::Unbound),
                _ => self.reads_whole(std::slice::from_ref(literal), Whole::Unbound),
            }
        }
        let mut body = passing.prefix;
        body.append(&mut passing.rest);
        (shape, body)
    }

    /// Asks for the rows of a restricted relation that the prefix leads to.
    fn ask(
        &mut self,
        clause: &Clause,
        passing: &mut Passing,
        copy: Copied,
        args: Vec<Term>,
        following: &Literal,
        shape: &Shape,
    ) {
        let own = clause
            .entry
            .as_ref()
            .filter(|entry| entry.copy.demand == copy.demand);
        // What was asked for is asked for already.
        if own.is_some_and(|entry| entry.args == args) {
            return;
        }
        // Constants are asked for whatever else there is, unless what holds of them is handed up as it is.
        let constant =
            *shape != Shape::Tail && args.iter().all(|arg| matches!(arg, Term::Const(_)));
        let joins = |literal: &&Literal| match &literal.kind {
            LiteralKind::Atom(atom) => !matches!(
                self.made.get(&atom.relation),
                Some(Made::Demand(_) | Made::Part(_))
            ),
            _ => false,
        };
        if passing.prefix.iter().filter(joins).count() >= WORTH_KEEPING
            && *shape != Shape::Tail
            && !constant
        {
            self.keep_part(clause, passing, following);
        }
        let rule = Rule {
            head: Some(Head {
                relation: copy.demand,
                args,
            }),
            body: match (constant, &clause.entry) {
                (false, _) => passing.prefix.clone(),
                (true, None) => Vec::new(),
                (true, Some(entry)) => {
                    vec![atom(entry.copy.demand, entry.args.clone(), clause.span)]
                }
            },
            variables: clause.variables.to_vec(),
            say: None,
            plan: Vec::new(),
            span: clause.span,
        };
        let role = Role::Demand {
            into: copy.rows,
            from: clause.entry.as_ref().map(|entry| entry.copy.rows),
            tail: own.is_some() && *shape == Shape::Tail,
        };
        self.push(clause.origin, rule, role);
    }

    /// Makes a relation of the prefix, as far as what follows needs it.
    fn keep_part(&mut self, clause: &Clause, passing: &mut Passing, following: &Literal) {
        let vars = passing.handed_on(following, &clause.needed);
        if vars.is_empty() {
            return;
        }
        let parts = self
            .made
            .values()
            .filter(|made| matches!(made, Made::Part(_)));
        let name = format!("part {} of {}", parts.count() + 1, clause.owner);
        let attributes = vars.iter().map(|var| {
            let variable = &clause.variables[var.index()];
            let name = match &*variable.name {
                "_" => format!("${}", var.index()).into(),
                _ => variable.name.clone(),
            };
            Attribute {
                type_name: name.clone(),
                name,
                ty: variable.ty,
            }
        });
        let part = self.relation(
            name,
            attributes.collect(),
            clause.span,
            Made::Part(clause.of),
        );
        let args: Vec<Term> = vars.into_iter().map(Term::Var).collect();
        let rule = Rule {
            head: Some(Head {
                relation: part,
                args: args.clone(),
            }),
            body: std::mem::replace(&mut passing.prefix, vec![atom(part, args, clause.span)]),
            variables: clause.variables.to_vec(),
            say: None,
            plan: Vec::new(),
            span: clause.span,
        };
        self.push(clause.origin, rule, Role::Part);
    }

    /// The restricted copy of a relation; none when there are too many already.
    fn copy(&mut self, relation: RelationId, bound: &[bool], level: u32) -> Option<Copied> {
        let key = Key {
            relation,
            bound: bound.to_vec(),
            level,
        };
        if let Some(copy) = self.copies.get(&key) {
            return Some(*copy);
        }
        let alike = |known: &&Key| known.relation == relation && known.level == level;
        if self.copies.keys().filter(alike).count() >= MOST_COPIES {
            self.need_whole(relation, Whole::ManyWays);
            return None;
        }
        let of = &self.program[relation];
        let pattern: String = bound
            .iter()
            .map(|bound| if *bound { 'b' } else { 'f' })
            .collect();
        let mut name = format!("{}^{pattern}", of.name);
        while self.relations.iter().any(|known| *known.name == *name) {
            name.push('\'');
        }
        let known = of.attributes.iter().zip(bound);
        let known = known
            .filter(|(_, bound)| **bound)
            .map(|(attribute, _)| attribute.clone());
        let asked = format!("demand {name}");
        let copy = Copied {
            rows: self.relation(
                name,
                of.attributes.clone(),
                of.span,
                Made::Restricted(relation),
            ),
            demand: self.relation(asked, known.collect(), of.span, Made::Demand(relation)),
        };
        self.copies.insert(key.clone(), copy);
        self.todo.push_back(Task::Copy(key));
        Some(copy)
    }

    fn relation(
        &mut self,
        name: String,
        attributes: Vec<Attribute>,
        span: Span,
        made: Made,
    ) -> RelationId {
        let id = RelationId(self.relations.len() as u32);
        self.relations.push(Relation {
            name: name.into(),
            attributes,
            kind: RelationKind::Plain,
            choice_domains: Vec::new(),
            lattice: None,
            doc: None,
            span,
        });
        self.made.insert(id, made);
        id
    }

    pub fn finish(mut self) -> Result<CheckedProgram, Declined> {
        let unneeded = |id: &&RelationId| {
            !self.whole.contains_key(id) && !self.copies.keys().any(|key| key.relation == **id)
        };
        if self.copies.is_empty() && self.derived.iter().find(unneeded).is_none() {
            return Err(Declined::Nothing);
        }
        let fates = self.fates();
        for (key, copy) in &self.copies {
            seeded::apply(&mut self.rules, *copy, &key.bound);
        }
        // Rules of one relation stay in the order in which they stand in the text.
        self.rules.sort_by_key(|derived| derived.from);
        let mut program = CheckedProgram {
            relations: self.relations,
            rules: self.rules.into_iter().map(|derived| derived.rule).collect(),
            constraints: Vec::new(),
            queries: self.queries,
            demand: Some(Arc::new(Demand {
                made: self.made,
                fates,
            })),
            ..self.program.clone()
        };
        for constraint in self.constraints {
            let rule = program.rules.push(constraint.rule);
            program.constraints.push(rule);
        }
        let whole = &self.whole;
        program
            .subsumptions
            .retain(|subsumption| whole.contains_key(&subsumption.relation));
        let edges = strata::edges(&program);
        let components = Components::new(program.relations.len(), &edges);
        let mut findings = Findings::default();
        program.strata = strata::stratify(&program, &edges, &components, &mut findings);
        match findings.errors() {
            0 => Ok(program),
            _ => {
                debug_assert!(false, "demands pass within a level:\n{program}");
                Err(Declined::Nothing)
            }
        }
    }

    fn fates(&self) -> Vec<(RelationId, Fate)> {
        let fate = |&id: &RelationId| {
            let copies = self.copies.iter();
            let copies = copies.filter(|(key, _)| key.relation == id);
            let copies: Vec<RelationId> = copies.map(|(_, copy)| copy.rows).collect();
            let fate = match self.whole.get(&id) {
                Some(why) => Fate::Whole(*why),
                None if copies.is_empty() => Fate::Unneeded,
                None => Fate::Restricted(copies),
            };
            (id, fate)
        };
        self.derived.iter().map(fate).collect()
    }
}

fn relation_of(literal: &Literal) -> Option<RelationId> {
    match &literal.kind {
        LiteralKind::Atom(atom) => Some(atom.relation),
        _ => None,
    }
}

fn atom(relation: RelationId, args: Vec<Term>, span: Span) -> Literal {
    Literal {
        kind: LiteralKind::Atom(Atom {
            relation,
            args,
            span,
        }),
        span,
    }
}

/// Two terms of one code. Equal floats may have several.
fn equation(left: Term, right: Term, span: Span) -> Literal {
    Literal {
        kind: LiteralKind::Compare {
            op: CompareOp::Eq,
            operand: ValueType::Number,
            left,
            right,
        },
        span,
    }
}
