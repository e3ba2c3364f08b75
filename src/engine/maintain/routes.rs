//! The routes through the rules of one program, made when first needed.

use super::rerun::{entangled, resists};
use super::route::{Route, Surveyor};
use super::{Overlay, Row};
use crate::analysis::checked::{
    Aggregate, Atom, CheckedProgram, Literal, LiteralKind, RelationId, RelationKind, Rule, RuleId,
    Stratum, Term, VarId,
};
use crate::engine::admission::Admission;
use crate::engine::relation::RelationState;
use crate::engine::text_facts::text_facts;
use crate::plan::{Operand, Statistics, Version, plan_rule, plan_seeded};
use crate::storage::Dictionary;
use crate::syntax::source::Span;
use parking_lot::RwLock;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Where a route through a rule begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// With a row of the head, or with the bindings that violate a constraint.
    Head,
    /// The same; it ends in the rows of the rule's own stratum that it went through, one after the other.
    Proof,
    /// With a row of this literal's atom, negated or not.
    Atom(usize),
    /// With values of these variables, which the aggregate at a place reads from outside.
    Group(usize, Vec<VarId>),
    /// With a row of an atom inside an aggregate: the places of both. It ends in values of [`group_variables`].
    Inner(usize, usize),
    /// With the value of a column of the head; it ends in that of the other one.
    Part(usize),
    /// With the value of a column of the head; it ends in that of the rule's own atom in the same column, by way of what
    /// stands between them. See [`sides`].
    Side(usize),
    /// With values of all [`free_variables`].
    Whole,
    /// With nothing.
    Nothing,
}

type ByStart = FxHashMap<(RuleId, Start), Arc<Route>>;

/// What is known of one program, shared by the forks of a database, and room for the next change.
#[derive(Default)]
pub struct Routes {
    known: Arc<RwLock<ByStart>>,
    nature: Arc<OnceLock<Arc<Nature>>>,
    pub room: Room,
}

impl Clone for Routes {
    fn clone(&self) -> Routes {
        Routes {
            known: self.known.clone(),
            nature: self.nature.clone(),
            room: Room::default(),
        }
    }
}

/// By relation, what a change does to it. Empty between changes: most reach few relations.
#[derive(Default)]
pub struct Room {
    pub(super) overlays: Vec<Overlay>,
    /// Of relations that rules add to: what is no longer stated, and what is since.
    pub(super) withdrawn: Vec<Vec<Row>>,
    pub(super) stated: Vec<Vec<Row>>,
}

impl Room {
    pub fn fit(&mut self, relations: usize) {
        self.overlays.resize_with(relations, Overlay::default);
        self.withdrawn.resize_with(relations, Vec::new);
        self.stated.resize_with(relations, Vec::new);
    }

    pub fn clear(&mut self) {
        for overlay in &mut self.overlays {
            if !overlay.is_untouched() {
                *overlay = Overlay::default();
            }
        }
        self.withdrawn.iter_mut().for_each(Vec::clear);
        self.stated.iter_mut().for_each(Vec::clear);
    }
}

impl Routes {
    /// There is another program.
    pub fn clear(&mut self) {
        *self = Routes::default();
    }

    /// The program must be the one of all calls since [`Routes::clear`].
    pub fn nature(&self, program: &CheckedProgram, dictionary: &Dictionary) -> Arc<Nature> {
        let nature = || Arc::new(Nature::of(program, dictionary));
        self.nature.get_or_init(nature).clone()
    }

    /// The same.
    pub fn get(
        &self,
        program: &CheckedProgram,
        rule: RuleId,
        start: Start,
        relations: &[RelationState],
        dictionary: &Dictionary,
    ) -> Arc<Route> {
        let at = (rule, start);
        if let Some(route) = self.known.read().get(&at) {
            return route.clone();
        }
        let route = Arc::new(survey(program, at.0, &at.1, relations, dictionary));
        self.known.write().insert(at, route.clone());
        route
    }
}

/// How the relations and strata of a program can be changed.
pub struct Nature {
    /// By relation: it may have rows that are not stated.
    pub grows: Vec<bool>,
    /// By stratum; see [`resists`].
    pub resists: Vec<bool>,
    /// By stratum; see [`entangled`].
    pub entangled: Vec<bool>,
    /// By stratum: the relations that it depends on, its own among them where they are read.
    pub reads: Vec<Vec<RelationId>>,
    /// The constraints, with the relations that they read.
    pub constraints: Vec<(RuleId, Vec<RelationId>)>,
    /// By relation: the rules that derive it, those that state a fact not among them.
    pub rules: Vec<Arc<[RuleId]>>,
    /// What rule text states.
    pub text: FxHashMap<RelationId, FxHashSet<Row>>,
}

impl Nature {
    fn of(program: &CheckedProgram, dictionary: &Dictionary) -> Nature {
        let mut rules: Vec<Vec<RuleId>> = vec![Vec::new(); program.relations().count()];
        for (id, rule) in program.rules() {
            let computes = |term: &Term| matches!(term, Term::Call { .. } | Term::Record(_));
            if let Some(head) = &rule.head
                && (!rule.body.is_empty() || head.args.iter().any(computes))
            {
                rules[head.relation.index()].push(id);
            }
        }
        let text = text_facts(program, dictionary).into_iter();
        let derived: FxHashSet<RelationId> = program
            .rules()
            .filter_map(|(_, rule)| Some(rule.head.as_ref()?.relation))
            .collect();
        let relations = program.relations();
        let strata = program.strata().iter();
        Nature {
            grows: relations
                .map(|(id, _)| derived.contains(&id) || !is_plain(program, id))
                .collect(),
            resists: strata.clone().map(|one| resists(program, one)).collect(),
            entangled: strata.clone().map(|one| entangled(program, one)).collect(),
            reads: strata.map(|one| read_by_stratum(program, one)).collect(),
            constraints: program
                .constraints()
                .iter()
                .map(|&rule| (rule, read_by([&program[rule].body[..]])))
                .collect(),
            rules: rules.into_iter().map(Arc::from).collect(),
            text: text
                .map(|(id, rows)| (id, rows.iter().map(Row::from).collect()))
                .collect(),
        }
    }
}

fn read_by_stratum(program: &CheckedProgram, stratum: &Stratum) -> Vec<RelationId> {
    let rules = stratum.rules.iter().map(|&rule| &program[rule].body[..]);
    let subsumptions = program.subsumptions().iter();
    let own = subsumptions.filter(|s| stratum.relations.contains(&s.relation));
    read_by(rules.chain(own.map(|s| &s.body[..])))
}

/// The relations that bodies read, ascending.
fn read_by<'p>(bodies: impl IntoIterator<Item = &'p [Literal]>) -> Vec<RelationId> {
    let mut read = BTreeSet::new();
    let mut open: Vec<&Literal> = bodies.into_iter().flatten().collect();
    while let Some(literal) = open.pop() {
        match &literal.kind {
            LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => {
                read.insert(atom.relation);
            }
            LiteralKind::Aggregate(aggregate) => open.extend(&aggregate.body),
            _ => {}
        }
    }
    read.into_iter().collect()
}

/// Whether a relation without rules holds what is stated of it, and nothing else.
fn is_plain(program: &CheckedProgram, id: RelationId) -> bool {
    let relation = &program[id];
    Admission::to(id, relation).is_none()
        && relation.kind == RelationKind::Plain
        && relation.lattice.is_none()
        && !program.subsumptions().iter().any(|s| s.relation == id)
}

/// Makes a route.
pub fn survey(
    program: &CheckedProgram,
    id: RuleId,
    start: &Start,
    relations: &[RelationState],
    dictionary: &Dictionary,
) -> Route {
    let rule = &program[id];
    let sizes = Sizes(relations);
    let kinds = || rule.body.iter().map(|literal| literal.kind.clone());
    let without = |at: usize| {
        let others = kinds().enumerate().filter(move |(other, _)| *other != at);
        others.map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    let variables = rule.variables.len();
    let answer = || answers(program, id, &sizes);
    let values = |vars: &[VarId]| vars.iter().copied().map(Term::Var).collect::<Vec<_>>();
    let arity = |relation: RelationId| relations[relation.index()].set.arity();
    let surveyor = Surveyor {
        dictionary,
        arity: &arity,
    };
    let (seed, body, answer) = match start {
        Start::Head => (
            virtual_atom(answer(), rule.span),
            kinds().collect(),
            Vec::new(),
        ),
        Start::Proof => {
            let (body, premises, variables) = premises(program, rule);
            let plan = plan_seeded(
                virtual_atom(answer(), rule.span),
                body,
                &premises,
                variables,
                &sizes,
            );
            return surveyor.route(&plan);
        }
        Start::Nothing => (
            virtual_atom(Vec::new(), rule.span),
            kinds().collect(),
            answer(),
        ),
        Start::Group(_, vars) => (
            virtual_atom(values(vars), rule.span),
            kinds().collect(),
            answer(),
        ),
        Start::Atom(at) => match &rule.body[*at].kind {
            LiteralKind::Atom(atom) => (atom.clone(), without(*at), answer()),
            LiteralKind::Negated(atom) => (atom.clone(), kinds().collect(), answer()),
            _ => (
                virtual_atom(Vec::new(), rule.span),
                kinds().collect(),
                answer(),
            ),
        },
        Start::Inner(aggregate, at) => inner(rule, *aggregate, *at),
        Start::Part(column) => {
            let args = answer();
            let others = args.iter().enumerate().filter(|(at, _)| at != column);
            let others = others.map(|(_, term)| term.clone()).collect();
            let seed = args.get(*column).cloned().into_iter().collect();
            (virtual_atom(seed, rule.span), kinds().collect(), others)
        }
        Start::Side(column) => match sides(program, rule) {
            Some(sides) => {
                let [seed, end] = [sides.head[*column], sides.own[*column]];
                let between = sides.between[*column].iter();
                let body = between.map(|&at| rule.body[at].kind.clone()).collect();
                (
                    virtual_atom(values(&[seed]), rule.span),
                    body,
                    values(&[end]),
                )
            }
            None => (virtual_atom(Vec::new(), rule.span), Vec::new(), Vec::new()),
        },
        Start::Whole => {
            let seed = values(&free_variables(rule).unwrap_or_default());
            (virtual_atom(seed, rule.span), kinds().collect(), Vec::new())
        }
    };
    surveyor.route(&plan_seeded(seed, body, &answer, variables, &sizes))
}

/// A rule `h(x, y) :- h(a, b), …` of which one part of the rest leads from `a` to `x`, another one from `b` to `y`, and
/// neither asks after the other.
pub struct Sides {
    pub head: [VarId; 2],
    pub own: [VarId; 2],
    /// Places in the body. Without any the column is passed on as it is.
    pub between: [Vec<usize>; 2],
}

impl Sides {
    pub fn carries(&self, column: usize) -> bool {
        self.between[column].is_empty()
    }
}

/// `None`: the rule is not of that form.
pub fn sides(program: &CheckedProgram, rule: &Rule) -> Option<Sides> {
    let head = rule.head.as_ref()?;
    let pair = |args: &[Term]| match args {
        [Term::Var(one), Term::Var(other)] if one != other => Some([*one, *other]),
        _ => None,
    };
    let [own] = own_atoms(program, rule)[..] else {
        return None;
    };
    if own.relation != head.relation {
        return None;
    }
    let (head, ends) = (pair(&head.args)?, pair(&own.args)?);
    let mut reached = [0, 1].map(|at| BTreeSet::from([head[at], ends[at]]));
    let mut left: Vec<(usize, BTreeSet<VarId>)> = Vec::new();
    for (at, literal) in rule.body.iter().enumerate() {
        let is_own = matches!(&literal.kind, LiteralKind::Atom(atom) if std::ptr::eq(atom, own));
        if !is_own {
            left.push((at, plain_variables(&literal.kind)?));
        }
    }
    let mut between = [Vec::new(), Vec::new()];
    loop {
        let joins = |side: usize, vars: &BTreeSet<VarId>| !vars.is_disjoint(&reached[side]);
        let found = left
            .iter()
            .position(|(_, vars)| joins(0, vars) || joins(1, vars));
        let Some((at, vars)) = found.map(|place| left.swap_remove(place)) else {
            break;
        };
        let side = usize::from(joins(1, &vars));
        reached[side].extend(vars);
        between[side].push(at);
    }
    // What has to hold anyway can be asked on either side that is not passed on as it is.
    let asked = usize::from(!between[1].is_empty() || between[0].is_empty());
    between[asked].extend(left.into_iter().map(|(at, _)| at));
    let bound = |side: usize, var: &VarId| {
        let mut atoms = between[side].iter().map(|&at| &rule.body[at].kind);
        atoms.any(
            |kind| matches!(kind, LiteralKind::Atom(atom) if variables(atom).any(|v| v == *var)),
        )
    };
    let joined = |side: usize| {
        let same = head[side] == ends[side];
        let mut vars = reached[side].iter().filter(|&&var| var != head[side]);
        vars.all(|var| bound(side, var)) && (same || !between[side].is_empty())
    };
    let apart = reached[0].is_disjoint(&reached[1]);
    (apart && joined(0) && joined(1)).then_some(Sides {
        head,
        own: ends,
        between,
    })
}

/// The variables of a literal that looks things up or compares them, and computes nothing.
fn plain_variables(kind: &LiteralKind) -> Option<BTreeSet<VarId>> {
    let of = |terms: &[&Term]| {
        let mut vars = BTreeSet::new();
        for term in terms {
            match term {
                Term::Var(var) => drop(vars.insert(*var)),
                Term::Const(_) | Term::Wildcard => {}
                Term::Record(_) | Term::Call { .. } => return None,
            }
        }
        Some(vars)
    };
    match kind {
        LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => {
            of(&atom.args.iter().collect::<Vec<_>>())
        }
        LiteralKind::Compare { left, right, .. } => of(&[left, right]),
        _ => None,
    }
}

/// All variables of a rule that looks things up and compares them, and computes nothing, ascending.
pub fn free_variables(rule: &Rule) -> Option<Vec<VarId>> {
    let mut bound = BTreeSet::new();
    let mut all = BTreeSet::new();
    for literal in &rule.body {
        let vars = plain_variables(&literal.kind)?;
        if let LiteralKind::Atom(_) = &literal.kind {
            bound.extend(&vars);
        }
        all.extend(vars);
    }
    for arg in &rule.head.as_ref()?.args {
        match arg {
            Term::Var(var) => all.insert(*var),
            _ => return None,
        };
    }
    (all == bound).then(|| all.into_iter().collect())
}

/// The relations of the rule's own stratum that its body reads, in order.
pub fn own_atoms<'p>(program: &'p CheckedProgram, rule: &'p Rule) -> Vec<&'p Atom> {
    let head = rule.head.as_ref().map(|head| head.relation);
    let mut strata = program.strata().iter();
    let own = strata.find(|stratum| head.is_some_and(|head| stratum.relations.contains(&head)));
    let atoms = rule.body.iter().filter_map(|literal| match &literal.kind {
        LiteralKind::Atom(atom) => Some(atom),
        _ => None,
    });
    atoms
        .filter(|atom| own.is_some_and(|own| own.relations.contains(&atom.relation)))
        .collect()
}

/// A body in which every column of its own atoms has a variable, and those columns in a row.
fn premises(program: &CheckedProgram, rule: &Rule) -> (Vec<LiteralKind>, Vec<Term>, usize) {
    let own: BTreeSet<RelationId> = own_atoms(program, rule)
        .iter()
        .map(|atom| atom.relation)
        .collect();
    let mut variables = rule.variables.len();
    let mut premises = Vec::new();
    let mut body: Vec<LiteralKind> = rule.body.iter().map(|l| l.kind.clone()).collect();
    for kind in &mut body {
        if let LiteralKind::Atom(atom) = kind
            && own.contains(&atom.relation)
        {
            for arg in &mut atom.args {
                if *arg == Term::Wildcard {
                    *arg = Term::Var(VarId(variables as u32));
                    variables += 1;
                }
            }
            premises.extend(atom.args.iter().cloned());
        }
    }
    (body, premises, variables)
}

/// What a rule derives: the terms of its head, or the variables that tell the violations of a constraint apart.
pub fn answers(program: &CheckedProgram, id: RuleId, statistics: &dyn Statistics) -> Vec<Term> {
    match &program[id].head {
        Some(head) => head.args.clone(),
        None => violation_columns(program, id, statistics)
            .into_iter()
            .map(Term::Var)
            .collect(),
    }
}

/// The columns of a violation.
pub fn violation_columns(
    program: &CheckedProgram,
    id: RuleId,
    statistics: &dyn Statistics,
) -> Vec<VarId> {
    let plan = plan_rule(program, id, None, statistics);
    let columns = plan.answer.iter().filter_map(|operand| match operand {
        Operand::Var(var) => Some(*var),
        Operand::Const(_) => None,
    });
    columns.collect()
}

fn inner(rule: &Rule, aggregate: usize, at: usize) -> (Atom, Vec<LiteralKind>, Vec<Term>) {
    let LiteralKind::Aggregate(aggregate) = &rule.body[aggregate].kind else {
        return (virtual_atom(Vec::new(), rule.span), Vec::new(), Vec::new());
    };
    let seed = match &aggregate.body[at].kind {
        LiteralKind::Atom(atom) | LiteralKind::Negated(atom) => atom.clone(),
        _ => virtual_atom(Vec::new(), rule.span),
    };
    let others = aggregate
        .body
        .iter()
        .enumerate()
        .filter(|&(other, _)| other != at);
    let atoms = others
        .map(|(_, literal)| &literal.kind)
        .filter(|kind| matches!(kind, LiteralKind::Atom(_)));
    let vars = group_variables(aggregate, at);
    (
        seed,
        atoms.cloned().collect(),
        vars.into_iter().map(Term::Var).collect(),
    )
}

/// The variables of an aggregate's group that its atoms bind, the one at a place among them.
pub fn group_variables(aggregate: &Aggregate, at: usize) -> Vec<VarId> {
    let mut bound = BTreeSet::new();
    for (other, literal) in aggregate.body.iter().enumerate() {
        match &literal.kind {
            LiteralKind::Atom(atom) => bound.extend(variables(atom)),
            LiteralKind::Negated(atom) if other == at => bound.extend(variables(atom)),
            _ => {}
        }
    }
    let group: BTreeSet<VarId> = aggregate.injected.iter().copied().collect();
    group.intersection(&bound).copied().collect()
}

fn variables(atom: &Atom) -> impl Iterator<Item = VarId> {
    atom.args.iter().filter_map(|arg| match arg {
        Term::Var(var) => Some(*var),
        _ => None,
    })
}

/// An atom of no relation, for rows that are handed in.
fn virtual_atom(args: Vec<Term>, span: Span) -> Atom {
    Atom {
        relation: RelationId(u32::MAX),
        args,
        span,
    }
}

/// Relations at rest, and one row to begin with.
pub struct Sizes<'a>(pub &'a [RelationState]);

impl Statistics for Sizes<'_> {
    fn rows(&self, relation: RelationId, version: Version) -> f64 {
        match (version, self.0.get(relation.index())) {
            (Version::Full | Version::Old, Some(state)) => state.set.len() as f64,
            _ => 1.0,
        }
    }

    fn distinct(&self, relation: RelationId, column: usize) -> f64 {
        match self.0.get(relation.index()) {
            Some(state) => state.distinct(column),
            None => 1.0,
        }
    }

    fn recursive(&self, _: RelationId) -> bool {
        false
    }
}
