//! Strata: the strongly connected components of the dependency graph, in an order in which each comes after those it
//! reads. Among components that could come next, the one whose first relation was declared first does.
//!
//! Components are found by Tarjan's algorithm rather than by a Datalog rule: reachability over ten thousand relations
//! is quadratic, this is linear. What the components mean for negation is a rule again.

use super::checked::{
    CheckedProgram, Literal, LiteralKind, RelationId, RelationKind, RuleId, Stratum,
};
use super::codes;
use super::findings::Findings;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use ascent::ascent;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

/// How a rule reads a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Polarity {
    Positive,
    Negative,
    Aggregate,
}

/// `to` is derived from `from`.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub from: RelationId,
    pub to: RelationId,
    pub polarity: Polarity,
    pub span: Span,
}

ascent! {
    struct Stratification;

    relation component(u32, u32);
    // An edge that needs its source complete: a negation or an aggregate. Edges are numbers here.
    relation complete(u32, u32, u32);
    relation broken(u32);

    // A negation or an aggregate within one component cannot be complete before its own result.
    broken(edge) <-- complete(edge, from, to), component(from, group), component(to, group);
}

/// The edges of a program, in textual order.
pub fn edges(program: &CheckedProgram) -> Vec<Edge> {
    let mut edges = Vec::new();
    for rule in program.rules.iter() {
        if let Some(head) = &rule.head {
            collect(&rule.body, head.relation, false, &mut edges);
        }
    }
    for subsumption in &program.subsumptions {
        collect(&subsumption.body, subsumption.relation, false, &mut edges);
    }
    for (index, relation) in program.relations.iter().enumerate() {
        if let RelationKind::Delta(of) = relation.kind {
            edges.push(Edge {
                from: of,
                to: RelationId(index as u32),
                polarity: Polarity::Positive,
                span: relation.span,
            });
        }
    }
    edges
}

/// What a body reads. The depth is that of nested aggregates, which the parser bounds.
fn collect(body: &[Literal], to: RelationId, aggregate: bool, edges: &mut Vec<Edge>) {
    for literal in body {
        let (atom, polarity) = match &literal.kind {
            LiteralKind::Atom(atom) if aggregate => (atom, Polarity::Aggregate),
            LiteralKind::Negated(atom) if aggregate => (atom, Polarity::Aggregate),
            LiteralKind::Atom(atom) => (atom, Polarity::Positive),
            LiteralKind::Negated(atom) => (atom, Polarity::Negative),
            LiteralKind::Aggregate(inner) => {
                collect(&inner.body, to, true, edges);
                continue;
            }
            _ => continue,
        };
        edges.push(Edge {
            from: atom.relation,
            to,
            polarity,
            span: atom.span,
        });
    }
}

/// Which component each relation is in; components are numbered in the order in which they run.
pub struct Components {
    pub of: Vec<u32>,
    pub members: Vec<Vec<RelationId>>,
    pub recursive: Vec<bool>,
}

impl Components {
    pub fn new(relations: usize, edges: &[Edge]) -> Components {
        let mut successors: Vec<Vec<usize>> = vec![Vec::new(); relations];
        for edge in edges {
            successors[edge.from.index()].push(edge.to.index());
        }
        for targets in &mut successors {
            targets.sort_unstable();
            targets.dedup();
        }
        let found = tarjan(&successors);
        order(found, &successors)
    }

    pub fn is_recursive(&self, relation: RelationId) -> bool {
        self.recursive[self.of[relation.index()] as usize]
    }
}

/// The component of each node, numbered as found. With a stack of its own: a chain of relations may be long.
pub fn tarjan(successors: &[Vec<usize>]) -> Vec<u32> {
    const UNSEEN: u32 = u32::MAX;
    let count = successors.len();
    let mut index = vec![UNSEEN; count];
    let mut low = vec![0u32; count];
    let mut component = vec![UNSEEN; count];
    let mut stack: Vec<usize> = Vec::new();
    let mut calls: Vec<(usize, usize)> = Vec::new();
    let (mut next_index, mut next_component) = (0u32, 0u32);
    for root in 0..count {
        if index[root] != UNSEEN {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, at)) = calls.pop() {
            if at == 0 {
                index[node] = next_index;
                low[node] = next_index;
                next_index += 1;
                stack.push(node);
            } else {
                low[node] = low[node].min(low[successors[node][at - 1]]);
            }
            let mut at = at;
            let mut descended = false;
            while let Some(&successor) = successors[node].get(at) {
                at += 1;
                if index[successor] == UNSEEN {
                    calls.push((node, at));
                    calls.push((successor, 0));
                    descended = true;
                    break;
                }
                if component[successor] == UNSEEN {
                    low[node] = low[node].min(index[successor]);
                }
            }
            if descended || low[node] != index[node] {
                continue;
            }
            while let Some(member) = stack.pop() {
                component[member] = next_component;
                if member == node {
                    break;
                }
            }
            next_component += 1;
        }
    }
    component
}

/// Components in topological order, the smallest first relation first.
fn order(found: Vec<u32>, successors: &[Vec<usize>]) -> Components {
    let count = found.iter().max().map_or(0, |&last| last as usize + 1);
    let mut members: Vec<Vec<RelationId>> = vec![Vec::new(); count];
    for (relation, &group) in found.iter().enumerate() {
        members[group as usize].push(RelationId(relation as u32));
    }
    let mut following: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); count];
    let mut recursive: Vec<bool> = members.iter().map(|members| members.len() > 1).collect();
    for (from, targets) in successors.iter().enumerate() {
        for &to in targets {
            if found[from] == found[to] {
                recursive[found[from] as usize] = true;
            } else {
                following[found[from] as usize].insert(found[to]);
            }
        }
    }
    let mut waiting = vec![0usize; count];
    for target in following.iter().flatten() {
        waiting[*target as usize] += 1;
    }
    let mut ready: BinaryHeap<Reverse<(RelationId, u32)>> = (0..count as u32)
        .filter(|&group| waiting[group as usize] == 0)
        .map(|group| Reverse((members[group as usize][0], group)))
        .collect();
    let mut components = Components {
        of: vec![0; found.len()],
        members: Vec::with_capacity(count),
        recursive: Vec::with_capacity(count),
    };
    while let Some(Reverse((_, group))) = ready.pop() {
        let group = group as usize;
        for relation in &members[group] {
            components.of[relation.index()] = components.members.len() as u32;
        }
        components.members.push(std::mem::take(&mut members[group]));
        components.recursive.push(recursive[group]);
        for &next in &following[group] {
            waiting[next as usize] -= 1;
            if waiting[next as usize] == 0 {
                ready.push(Reverse((members[next as usize][0], next)));
            }
        }
    }
    components
}

/// The strata of a program, and every component that cannot be one, with its cycle.
pub fn stratify(
    program: &CheckedProgram,
    edges: &[Edge],
    components: &Components,
    findings: &mut Findings,
) -> Vec<Stratum> {
    let mut facts = Stratification {
        component: components
            .of
            .iter()
            .enumerate()
            .map(|(relation, &group)| (relation as u32, group))
            .collect(),
        complete: edges
            .iter()
            .enumerate()
            .filter(|(_, edge)| edge.polarity != Polarity::Positive)
            .map(|(index, edge)| (index as u32, edge.from.0, edge.to.0))
            .collect(),
        ..Stratification::default()
    };
    facts.run();
    let mut broken: Vec<usize> = facts.broken.iter().map(|&(edge,)| edge as usize).collect();
    broken.sort_unstable();
    let mut reported: BTreeSet<u32> = BTreeSet::new();
    for edge in broken {
        if reported.insert(components.of[edges[edge].from.index()]) {
            findings.push(unstratifiable(program, edges, components, &edges[edge]));
        }
    }

    let mut strata: Vec<Stratum> = components
        .members
        .iter()
        .zip(&components.recursive)
        .map(|(relations, &recursive)| Stratum {
            relations: relations.clone(),
            rules: Vec::new(),
            recursive,
        })
        .collect();
    for (index, rule) in program.rules.iter().enumerate() {
        if let Some(head) = &rule.head {
            let group = components.of[head.relation.index()] as usize;
            strata[group].rules.push(RuleId(index as u32));
        }
    }
    strata
}

fn unstratifiable(
    program: &CheckedProgram,
    edges: &[Edge],
    components: &Components,
    broken: &Edge,
) -> Diagnostic {
    let name = |relation: RelationId| &*program[relation].name;
    let group = components.of[broken.from.index()];
    let members: Vec<&str> = components.members[group as usize]
        .iter()
        .map(|&relation| name(relation))
        .collect();
    let how = match broken.polarity {
        Polarity::Aggregate => "aggregation",
        _ => "negation",
    };
    let mut diagnostic = Diagnostic::error(
        codes::UNSTRATIFIABLE,
        format!(
            "Unable to stratify relation(s) {{{}}}: cyclic {how}",
            members.join(", ")
        ),
    );
    diagnostic = diagnostic.at(
        program[broken.from].span,
        format!("must be complete before its {how} is taken"),
    );
    let cycle = cycle(edges, components, broken);
    for edge in &cycle {
        let verb = match edge.polarity {
            Polarity::Positive => "needs",
            Polarity::Negative => "needs the absence of",
            Polarity::Aggregate => "aggregates over",
        };
        diagnostic = diagnostic.at(
            edge.span,
            format!("`{}` {verb} `{}`", name(edge.to), name(edge.from)),
        );
    }
    let mut path: Vec<&str> = cycle.iter().map(|edge| name(edge.to)).collect();
    path.push(name(broken.to));
    diagnostic
        .note(format!("the cycle is {}", path.join(" → ")))
        .help(format!(
            "break the cycle, for example by a relation that holds only what `{}` needs",
            name(broken.to)
        ))
}

/// The broken edge and a shortest way back from its source to its target: `to` reads `from`, which reads …, which reads `to`.
fn cycle(edges: &[Edge], components: &Components, broken: &Edge) -> Vec<Edge> {
    let group = components.of[broken.from.index()];
    let mut readers: FxHashMap<RelationId, Vec<&Edge>> = FxHashMap::default();
    for edge in edges {
        if components.of[edge.from.index()] == group && components.of[edge.to.index()] == group {
            readers.entry(edge.from).or_default().push(edge);
        }
    }
    let mut reached: FxHashMap<RelationId, &Edge> = FxHashMap::default();
    let mut queue = VecDeque::from([broken.to]);
    while let Some(relation) = queue.pop_front() {
        if relation == broken.from {
            break;
        }
        for edge in readers.get(&relation).into_iter().flatten() {
            if edge.to != broken.to && !reached.contains_key(&edge.to) {
                reached.insert(edge.to, edge);
                queue.push_back(edge.to);
            }
        }
    }
    let mut cycle = vec![*broken];
    let mut at = broken.from;
    while at != broken.to {
        let Some(edge) = reached.get(&at) else { break };
        cycle.push(**edge);
        at = edge.from;
    }
    cycle
}
