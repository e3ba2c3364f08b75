//! All minimal sets of elements that derive the root of a lineage, one at a time.
//!
//! A best-first search over partial derivations. A state holds the elements used so far and the vertices that are still
//! to be derived; a step picks one of those and one of its edges. Vertices are taken component by component, from
//! the root down (Tarjan's order), so that two ways to the same elements and the same open vertices meet and are followed
//! once, and a vertex outside a cycle is never derived twice. Within a cycle a state remembers the edges it has
//! chosen and refuses one that would make a fact lean on itself. States that already contain a set that was found are
//! dropped. What is found is shrunk until no element can be spared, so every set is minimal, and
//! all of them are found once the states run out.
//!
//! The order is by the number of elements used plus the least numbers needed for the open vertices (Knuth's least
//! derivations, counting shared elements once for each use): cheapest first, up to sharing.

use super::lineage::Lineage;
use super::meter::Meter;
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

pub(super) struct MinimalSets<'a> {
    lineage: &'a Lineage,
    meter: &'a Meter,
    /// By vertex: elements a least derivation uses.
    cost: Vec<u32>,
    components: Components,
    queue: BinaryHeap<Reverse<Queued>>,
    states: Vec<Rc<State>>,
    seen: FxHashSet<Rc<State>>,
    found: Vec<Box<[u32]>>,
    exhausted: bool,
}

/// Cost, then more elements first (nearer to the end), then age.
type Queued = (u64, Reverse<usize>, usize);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
struct State {
    /// Elements, ascending.
    used: Vec<u32>,
    /// Vertices to derive, the next one last.
    open: Vec<u32>,
    /// Edges chosen in the component at work, if that has cycles.
    chosen: Vec<u32>,
}

impl<'a> MinimalSets<'a> {
    pub(super) fn new(lineage: &'a Lineage, meter: &'a Meter) -> MinimalSets<'a> {
        let mut sets = MinimalSets {
            lineage,
            meter,
            cost: least_costs(lineage),
            components: Components::of(lineage),
            queue: BinaryHeap::new(),
            states: Vec::new(),
            seen: FxHashSet::default(),
            found: Vec::new(),
            exhausted: false,
        };
        // A root that cannot be derived has no vertex with an edge, and no set.
        if sets.cost[Lineage::ROOT as usize] != u32::MAX {
            sets.push(State {
                open: vec![Lineage::ROOT],
                ..State::default()
            });
        }
        sets
    }

    /// Whether every minimal set was given.
    pub(super) fn is_complete(&self) -> bool {
        self.exhausted && self.lineage.stopped.is_none()
    }

    /// Follows a state while there is only one way to go on, then queues it.
    fn push(&mut self, mut state: State) {
        while let Some(&vertex) = state.open.last() {
            let [only] = self.lineage.alternatives[vertex as usize][..] else {
                break;
            };
            if !self.meter.spend() || !self.choose(&mut state, only) {
                return;
            }
        }
        let state = Rc::new(state);
        if self.contains_found(&state.used) || !self.seen.insert(state.clone()) {
            return;
        }
        let open: u64 = state
            .open
            .iter()
            .map(|&vertex| u64::from(self.cost[vertex as usize]))
            .sum();
        let cost = state.used.len() as u64 + open;
        self.queue.push(Reverse((
            cost,
            Reverse(state.used.len()),
            self.states.len(),
        )));
        self.states.push(state);
    }

    /// Derives the next open vertex by this edge. False: the derivation would lean on itself.
    fn choose(&self, state: &mut State, edge: u32) -> bool {
        let lineage = self.lineage;
        let Some(vertex) = state.open.pop() else {
            return false;
        };
        let component = self.components.number[vertex as usize];
        let cyclic = self.components.cyclic[component as usize];
        let left = state.chosen.first().is_some_and(|&edge| {
            let head = lineage.edges[edge as usize].head;
            self.components.number[head as usize] != component
        });
        if left {
            state.chosen.clear();
        }
        if cyclic {
            state.chosen.push(edge);
        }
        for &premise in &lineage.edges[edge as usize].premises {
            if let Some(element) = lineage.element_of[premise as usize] {
                if let Err(at) = state.used.binary_search(&element) {
                    state.used.insert(at, element);
                }
                continue;
            }
            let derived = state
                .chosen
                .iter()
                .any(|&edge| lineage.edges[edge as usize].head == premise);
            if derived {
                if self.reaches(&state.chosen, premise, vertex) {
                    return false;
                }
                continue;
            }
            let key = |vertex: &u32| (self.components.number[*vertex as usize], Reverse(*vertex));
            if let Err(at) = state.open.binary_search_by_key(&key(&premise), key) {
                state.open.insert(at, premise);
            }
        }
        true
    }

    /// Whether the chosen edges make one vertex lean on another, or are about the same one.
    fn reaches(&self, chosen: &[u32], from: u32, to: u32) -> bool {
        let mut open = vec![from];
        let mut visited = FxHashSet::default();
        while let Some(vertex) = open.pop() {
            if vertex == to {
                return true;
            }
            if !visited.insert(vertex) {
                continue;
            }
            for &edge in chosen {
                let edge = &self.lineage.edges[edge as usize];
                if edge.head == vertex {
                    open.extend(&edge.premises);
                }
            }
        }
        false
    }

    fn contains_found(&self, used: &[u32]) -> bool {
        self.found.iter().any(|found| is_subset(found, used))
    }

    /// Leaves out every element that is not needed, the last ones first.
    fn shrink(&self, used: &[u32]) -> Box<[u32]> {
        let mut kept = used.to_vec();
        for &element in used.iter().rev() {
            let without = |other: u32| other != element && kept.binary_search(&other).is_ok();
            if self.lineage.derives(without) {
                kept.retain(|&other| other != element);
            }
        }
        kept.into()
    }
}

impl Iterator for MinimalSets<'_> {
    type Item = Box<[u32]>;

    fn next(&mut self) -> Option<Box<[u32]>> {
        while let Some(Reverse((_, _, at))) = self.queue.pop() {
            let state = self.states[at].clone();
            if self.contains_found(&state.used) {
                continue;
            }
            let Some(&vertex) = state.open.last() else {
                let set = self.shrink(&state.used);
                self.found.push(set.clone());
                return Some(set);
            };
            for &edge in &self.lineage.alternatives[vertex as usize] {
                if !self.meter.spend() {
                    return None;
                }
                let mut next = State::clone(&state);
                if self.choose(&mut next, edge) {
                    self.push(next);
                }
            }
        }
        self.exhausted = self.meter.stopped().is_none();
        None
    }
}

/// Both ascending.
pub(super) fn is_subset(small: &[u32], large: &[u32]) -> bool {
    let mut rest = large;
    small.iter().all(|wanted| {
        let at = rest.partition_point(|other| other < wanted);
        rest = &rest[at..];
        rest.first() == Some(wanted)
    })
}

/// Knuth's generalization of Dijkstra's algorithm for sums: elements cost one, an edge what its premises cost.
fn least_costs(lineage: &Lineage) -> Vec<u32> {
    let mut cost = vec![u32::MAX; lineage.alternatives.len()];
    let mut missing: Vec<usize> = lineage
        .edges
        .iter()
        .map(|edge| edge.premises.len())
        .collect();
    let mut sum = vec![0u32; lineage.edges.len()];
    let mut queue = BinaryHeap::new();
    for &vertex in &lineage.vertex_of {
        queue.push(Reverse((1, vertex)));
    }
    for edge in lineage.edges.iter().filter(|edge| edge.premises.is_empty()) {
        queue.push(Reverse((0, edge.head)));
    }
    while let Some(Reverse((least, vertex))) = queue.pop() {
        if cost[vertex as usize] != u32::MAX {
            continue;
        }
        cost[vertex as usize] = least;
        for &at in &lineage.used_by[vertex as usize] {
            let at = at as usize;
            missing[at] -= 1;
            sum[at] = sum[at].saturating_add(least).min(u32::MAX - 1);
            if missing[at] == 0 {
                queue.push(Reverse((sum[at], lineage.edges[at].head)));
            }
        }
    }
    cost
}

/// Strongly connected components, a vertex leaning on its premises.
struct Components {
    /// By vertex. What a component leans on has smaller numbers.
    number: Vec<u32>,
    /// By component: it has more than one vertex, or one that leans on itself.
    cyclic: Vec<bool>,
}

impl Components {
    /// Tarjan (SIAM J. Comput. 1(2), 1972), without recursion.
    fn of(lineage: &Lineage) -> Components {
        const UNSEEN: u32 = u32::MAX;
        let count = lineage.alternatives.len();
        let premises: Vec<Vec<u32>> = lineage
            .alternatives
            .iter()
            .map(|edges| {
                edges
                    .iter()
                    .flat_map(|&edge| lineage.edges[edge as usize].premises.iter().copied())
                    .collect()
            })
            .collect();
        let mut number = vec![UNSEEN; count];
        let mut cyclic = Vec::new();
        let mut order = vec![UNSEEN; count];
        let mut low = vec![0; count];
        let mut stack = Vec::new();
        let mut met = 0;
        for start in 0..count {
            let mut path = vec![(start, 0)];
            while let Some(&mut (vertex, ref mut next)) = path.last_mut() {
                if *next == 0 {
                    if order[vertex] != UNSEEN {
                        path.pop();
                        continue;
                    }
                    order[vertex] = met;
                    low[vertex] = met;
                    met += 1;
                    stack.push(vertex);
                }
                if let Some(&premise) = premises[vertex].get(*next) {
                    *next += 1;
                    let premise = premise as usize;
                    if order[premise] == UNSEEN {
                        path.push((premise, 0));
                    } else if number[premise] == UNSEEN {
                        low[vertex] = low[vertex].min(order[premise]);
                    }
                    continue;
                }
                path.pop();
                if let Some(&(user, _)) = path.last() {
                    low[user] = low[user].min(low[vertex]);
                }
                if low[vertex] == order[vertex] {
                    let bottom = stack.iter().rposition(|&at| at == vertex).unwrap_or(0);
                    let members = stack.split_off(bottom);
                    cyclic.push(members.len() > 1 || premises[vertex].contains(&(vertex as u32)));
                    for member in members {
                        number[member] = cyclic.len() as u32 - 1;
                    }
                }
            }
        }
        Components { number, cyclic }
    }
}
