//! A lineage in which elements that only ever count together, or in place of each other, are taken for one.
//!
//! Fault trees call such parts modules (Dutuit and Rauzy, "A linear-time algorithm to find modules of fault trees",
//! 1996): nothing outside leans on a part of one. The minimal sets of a lineage are those of what is left with a minimal set
//! of each module in its place, so that what combines freely adds up here too instead of multiplying.
//!
//! Vertices are looked at from the elements up. What has one derivation, or is needed in one place, is put in
//! the place where it is needed; what is left of it hangs together.

use super::lineage::{Edge, Element, Lineage};
use crate::evidence::Interval;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What takes the place of elements. No two have an element in common.
#[derive(Clone, Debug)]
pub(super) enum Module {
    Element(u32),
    /// Any one of these.
    Any(Vec<u32>),
    /// All of these.
    All(Vec<u32>),
}

#[derive(Debug)]
pub(super) struct Modules {
    /// Every one after those it is made of.
    modules: Vec<Module>,
    /// By module: elements of a least set.
    sizes: Vec<u64>,
    /// By module: its minimal sets, each as often as statements make it; `None`: more than can be told.
    counts: Vec<Option<u128>>,
    depths: Vec<u32>,
}

/// A lineage and the modules that its elements stand for.
#[derive(Debug)]
pub(super) struct Condensed {
    /// Its elements have no statements, and it has no conditions.
    pub(super) lineage: Lineage,
    pub(super) modules: Modules,
    /// By element of the lineage.
    pub(super) module_of: Vec<u32>,
}

/// Modules within modules: whoever goes through them recurses so deep.
const DEEPEST: u32 = 200;

/// Derivations of a vertex, or premises of one, that are put in other places.
const MOVED: usize = 16;
/// Edges with more premises stay as they are.
const WIDE: usize = 256;

const NONE: u32 = u32::MAX;

impl Modules {
    fn of(lineage: &Lineage) -> Modules {
        let elements = &lineage.elements;
        let count = |element: &Element| Some(element.statements.len() as u128);
        Modules {
            modules: (0..elements.len() as u32).map(Module::Element).collect(),
            sizes: elements.iter().map(|element| element.size).collect(),
            counts: elements.iter().map(count).collect(),
            depths: vec![0; elements.len()],
        }
    }

    pub(super) fn get(&self, module: u32) -> &Module {
        &self.modules[module as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.modules.len()
    }

    pub(super) fn size(&self, module: u32) -> u64 {
        self.sizes[module as usize]
    }

    pub(super) fn count(&self, module: u32) -> Option<u128> {
        self.counts[module as usize]
    }

    /// `None`: that would be too deep.
    fn any(&mut self, of: &[u32]) -> Option<u32> {
        let of = self.flattened(of, |module| match module {
            Module::Any(of) => Some(of),
            _ => None,
        })?;
        let size = of.iter().map(|&one| self.size(one)).min();
        let count = of
            .iter()
            .try_fold(0u128, |sum, &one| sum.checked_add(self.count(one)?));
        Some(self.add(Module::Any(of), size.unwrap_or_default(), count))
    }

    fn all(&mut self, of: &[u32]) -> Option<u32> {
        let of = self.flattened(of, |module| match module {
            Module::All(of) => Some(of),
            _ => None,
        })?;
        let size = of.iter().map(|&one| self.size(one)).sum();
        let count = of
            .iter()
            .try_fold(1u128, |product, &one| product.checked_mul(self.count(one)?));
        Some(self.add(Module::All(of), size, count))
    }

    /// Takes what modules of the same kind are made of in their place: nobody else has them.
    fn flattened(
        &mut self,
        of: &[u32],
        same: impl Fn(&mut Module) -> Option<&mut Vec<u32>>,
    ) -> Option<Vec<u32>> {
        if of.iter().any(|&one| self.depths[one as usize] >= DEEPEST) {
            return None;
        }
        let mut flat: Vec<u32> = Vec::new();
        for &one in of {
            match same(&mut self.modules[one as usize]) {
                None => flat.push(one),
                Some(inner) if inner.len() > flat.len() => {
                    let before = std::mem::replace(&mut flat, std::mem::take(inner));
                    flat.extend(before);
                }
                Some(inner) => flat.append(inner),
            }
        }
        Some(flat)
    }

    fn add(&mut self, module: Module, size: u64, count: Option<u128>) -> u32 {
        let (Module::Any(of) | Module::All(of)) = &module else {
            return NONE;
        };
        let depth = of.iter().map(|&one| self.depths[one as usize] + 1).max();
        self.depths.push(depth.unwrap_or_default());
        self.modules.push(module);
        self.sizes.push(size);
        self.counts.push(count);
        self.modules.len() as u32 - 1
    }
}

impl Condensed {
    /// Linear in the lineage, but for a logarithm and for what is looked at again where several changes meet.
    pub(super) fn of(lineage: &Lineage) -> Condensed {
        let mut net = Net::of(lineage);
        net.condense();
        match net.modules.len() > lineage.elements.len() {
            true => net.into_condensed(lineage),
            // The order in which derivations were met is a good one to look at them again.
            false => Condensed {
                lineage: lineage.without_conditions(),
                module_of: (0..lineage.elements.len() as u32).collect(),
                modules: net.modules,
            },
        }
    }

    /// The minimal sets of the lineage that a set of modules stands for, each as often as statements make it; `None`:
    /// more than can be told.
    pub(super) fn count(&self, set: &[u32]) -> Option<u128> {
        let modules = set.iter().map(|&element| self.module_of[element as usize]);
        modules.fold(Some(1u128), |product, module| {
            product?.checked_mul(self.modules.count(module)?)
        })
    }
}

/// A lineage that is being changed. Its first vertices are those of the lineage, then come new modules.
struct Net {
    modules: Modules,
    /// Head and premises; `None`: gone.
    edges: Vec<Option<(u32, Vec<u32>)>>,
    /// By vertex: edges that derive it, edges it is a premise of, gone ones among them.
    from: Vec<Vec<u32>>,
    used_by: Vec<Vec<u32>>,
    /// By vertex: edges it is a premise of, gone ones not among them.
    uses: Vec<u32>,
    /// By vertex.
    module: Vec<u32>,
    /// Vertices come after their premises.
    rank: Vec<u32>,
    open: BinaryHeap<Reverse<(u32, u32)>>,
    is_open: Vec<bool>,
}

impl Net {
    fn of(lineage: &Lineage) -> Net {
        let vertices = lineage.alternatives.len();
        let mut without_any = vec![false; vertices];
        for (vertex, _) in lineage.closure(|_| false) {
            without_any[vertex as usize] = true;
        }
        let mut module = vec![NONE; vertices];
        for (element, &vertex) in lineage.vertex_of.iter().enumerate() {
            module[vertex as usize] = element as u32;
        }
        let mut rank = vec![u32::MAX; vertices];
        for (at, (vertex, _)) in lineage.closure(|_| true).into_iter().enumerate() {
            rank[vertex as usize] = at as u32;
        }
        let mut net = Net {
            modules: Modules::of(lineage),
            edges: Vec::with_capacity(lineage.edges.len()),
            from: vec![Vec::new(); vertices],
            used_by: vec![Vec::new(); vertices],
            uses: vec![0; vertices],
            module,
            rank,
            open: BinaryHeap::new(),
            is_open: vec![false; vertices],
        };
        if without_any[Lineage::ROOT as usize] {
            net.link(Lineage::ROOT, Vec::new());
            return net;
        }
        for edge in &lineage.edges {
            let head = edge.head;
            if without_any[head as usize] && !edge.premises.is_empty()
                || edge.premises.contains(&head)
            {
                continue;
            }
            let premises = edge.premises.iter().copied();
            let premises: Vec<u32> = premises
                .filter(|&premise| !without_any[premise as usize])
                .collect();
            net.link(head, premises);
        }
        for vertex in 0..vertices as u32 {
            net.visit(vertex);
        }
        net
    }

    fn link(&mut self, head: u32, premises: Vec<u32>) {
        let at = self.edges.len() as u32;
        self.from[head as usize].push(at);
        for &premise in &premises {
            self.used_by[premise as usize].push(at);
            self.uses[premise as usize] += 1;
        }
        self.edges.push(Some((head, premises)));
    }

    /// Looks at a vertex again later.
    fn visit(&mut self, vertex: u32) {
        let at = vertex as usize;
        if self.module[at] == NONE && !std::mem::replace(&mut self.is_open[at], true) {
            self.open.push(Reverse((self.rank[at], vertex)));
        }
    }

    fn condense(&mut self) {
        while let Some(Reverse((_, vertex))) = self.open.pop() {
            self.is_open[vertex as usize] = false;
            self.look_at(vertex);
        }
    }

    /// Drops the edges that are gone from a list.
    fn derivations(&mut self, vertex: u32) -> Vec<u32> {
        let edges = &self.edges;
        self.from[vertex as usize].retain(|&at| edges[at as usize].is_some());
        self.from[vertex as usize].clone()
    }

    fn users(&mut self, vertex: u32) -> Vec<u32> {
        let edges = &self.edges;
        self.used_by[vertex as usize].retain(|&at| edges[at as usize].is_some());
        self.used_by[vertex as usize].clone()
    }

    /// A module that only one edge leans on.
    fn is_private(&self, vertex: u32) -> bool {
        self.module[vertex as usize] != NONE && self.uses[vertex as usize] == 1
    }

    fn look_at(&mut self, vertex: u32) {
        for at in self.derivations(vertex) {
            self.combine_premises(at);
        }
        self.combine_alternatives(vertex);
        if vertex == Lineage::ROOT {
            return;
        }
        let (from, users) = (self.derivations(vertex), self.users(vertex));
        match (&from[..], &users[..]) {
            // What leaned on itself only, and what nothing leans on.
            ([], of) | (of, []) => of.iter().for_each(|&at| self.unlink(at)),
            (&[only], _) => self.replace(vertex, only, &users),
            (_, &[user]) if from.len() <= MOVED => self.hand_up(&from, user),
            _ => {}
        }
    }

    /// Puts the premises of its only derivation in the place of a vertex: one premise everywhere, several where only one
    /// edge leans on it.
    fn replace(&mut self, vertex: u32, only: u32, users: &[u32]) {
        let Some((_, premises)) = self.edges[only as usize].clone() else {
            return;
        };
        let few = premises.len() == 1 || premises.len() <= MOVED && users.len() == 1;
        let wide = |&at: &u32| match &self.edges[at as usize] {
            Some((_, of)) => of.len() > WIDE,
            None => false,
        };
        if !few || users.iter().any(wide) {
            return;
        }
        for &at in users {
            let Some((head, of)) = &mut self.edges[at as usize] else {
                continue;
            };
            let head = *head;
            of.retain(|&premise| premise != vertex);
            self.uses[vertex as usize] -= 1;
            if premises.contains(&head) {
                self.unlink(at);
                continue;
            }
            for &premise in &premises {
                if !of.contains(&premise) {
                    of.push(premise);
                    self.used_by[premise as usize].push(at);
                    self.uses[premise as usize] += 1;
                }
            }
            self.visit(head);
        }
        self.used_by[vertex as usize].clear();
        self.unlink(only);
    }

    /// Where a vertex is the only premise of the only edge that leans on it, its derivations derive what that does.
    fn hand_up(&mut self, from: &[u32], user: u32) {
        match &self.edges[user as usize] {
            Some((_, premises)) if premises.len() == 1 => {}
            _ => return,
        }
        let Some((head, _)) = self.take(user) else {
            return;
        };
        for &at in from {
            let Some((_, premises)) = &self.edges[at as usize] else {
                continue;
            };
            if premises.contains(&head) {
                self.unlink(at);
            } else if let Some((_, premises)) = self.take(at) {
                self.link(head, premises);
            }
        }
        self.visit(head);
    }

    /// Takes an edge out without a look at what it leaned on.
    fn take(&mut self, at: u32) -> Option<(u32, Vec<u32>)> {
        let edge = self.edges[at as usize].take()?;
        for &premise in &edge.1 {
            self.uses[premise as usize] -= 1;
        }
        Some(edge)
    }

    /// Takes an edge out, and all that nothing leans on any more.
    fn unlink(&mut self, at: u32) {
        let mut gone = vec![at];
        while let Some(at) = gone.pop() {
            let Some((head, premises)) = self.take(at) else {
                continue;
            };
            self.visit(head);
            for premise in premises {
                match self.uses[premise as usize] {
                    0 if premise != Lineage::ROOT => gone.extend(self.derivations(premise)),
                    1 => self.visit_only_user(premise),
                    _ => {}
                }
            }
        }
    }

    fn visit_only_user(&mut self, vertex: u32) {
        self.visit(vertex);
        if self.module[vertex as usize] != NONE
            && let &[user] = &self.users(vertex)[..]
            && let Some((head, _)) = self.edges[user as usize]
        {
            self.visit(head);
        }
    }

    /// Makes one module of those that only this edge leans on.
    fn combine_premises(&mut self, at: u32) {
        let Some((_, premises)) = &self.edges[at as usize] else {
            return;
        };
        let private = premises.iter().copied().filter(|&one| self.is_private(one));
        let private: Vec<u32> = private.collect();
        if private.len() < 2 {
            return;
        }
        let of: Vec<u32> = private
            .iter()
            .map(|&one| self.module[one as usize])
            .collect();
        let Some(module) = self.modules.all(&of) else {
            return;
        };
        let whole = self.vertex(module);
        self.used_by[whole as usize].push(at);
        self.uses[whole as usize] = 1;
        for &one in &private {
            self.uses[one as usize] = 0;
        }
        if let Some((_, premises)) = &mut self.edges[at as usize] {
            premises.retain(|&premise| self.uses[premise as usize] != 0);
            premises.push(whole);
        }
    }

    /// Makes one module of those that derive a vertex each by itself.
    fn combine_alternatives(&mut self, vertex: u32) {
        let alone = |at: &u32| match &self.edges[*at as usize] {
            Some((_, premises)) if premises.len() == 1 => self.is_private(premises[0]),
            _ => false,
        };
        let from = self.from[vertex as usize].iter().copied();
        let alone: Vec<u32> = from.filter(alone).collect();
        if alone.len() < 2 {
            return;
        }
        let of: Vec<u32> = alone
            .iter()
            .filter_map(|&at| self.edges[at as usize].as_ref())
            .map(|(_, premises)| self.module[premises[0] as usize])
            .collect();
        let Some(module) = self.modules.any(&of) else {
            return;
        };
        for at in alone {
            self.take(at);
        }
        let whole = self.vertex(module);
        self.link(vertex, vec![whole]);
    }

    fn vertex(&mut self, module: u32) -> u32 {
        self.module.push(module);
        self.from.push(Vec::new());
        self.used_by.push(Vec::new());
        self.uses.push(0);
        self.rank.push(0);
        self.is_open.push(false);
        self.module.len() as u32 - 1
    }

    fn into_condensed(mut self, lineage: &Lineage) -> Condensed {
        let mut number: FxHashMap<u32, u32> = FxHashMap::default();
        let mut order = vec![Lineage::ROOT];
        number.insert(Lineage::ROOT, 0);
        let mut edges = Vec::new();
        let mut next = 0;
        while let Some(&vertex) = order.get(next) {
            for at in self.derivations(vertex) {
                let Some((_, premises)) = &self.edges[at as usize] else {
                    continue;
                };
                let premises = premises.iter().map(|&premise| {
                    *number.entry(premise).or_insert_with(|| {
                        order.push(premise);
                        order.len() as u32 - 1
                    })
                });
                let mut premises: Vec<u32> = premises.collect();
                premises.sort_unstable();
                edges.push(Edge {
                    head: next as u32,
                    premises: premises.into(),
                    conditions: Box::default(),
                });
            }
            next += 1;
        }
        let (mut elements, mut vertex_of, mut module_of) = (Vec::new(), Vec::new(), Vec::new());
        for (at, &vertex) in order.iter().enumerate() {
            let module = self.module[vertex as usize];
            if module != NONE {
                elements.push(Element {
                    statements: Vec::new(),
                    interval: Interval::ALWAYS,
                    size: self.modules.size(module),
                });
                vertex_of.push(at as u32);
                module_of.push(module);
            }
        }
        let condensed = Lineage::assemble(order.len() as u32, edges, elements, vertex_of);
        Condensed {
            lineage: Lineage {
                stopped: lineage.stopped,
                ..condensed
            },
            modules: self.modules,
            module_of,
        }
    }
}
