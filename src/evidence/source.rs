//! Sources: reports, registers, indictments, and which of them only repeat others.

use super::{PartialDate, Reliability};
use crate::syntax::source::Location;

use rustc_hash::FxHashMap;
use std::ops::Index;

/// A source of one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

impl SourceId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One row of the register of sources. Blank cells are empty texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    pub id: Box<str>,
    pub publisher: Box<str>,
    pub title: Box<str>,
    pub published: Option<PartialDate>,
    pub url: Box<str>,
    pub kind: Box<str>,
    pub reliability: Reliability,
    /// Ids of the reports this one repeats, as written.
    pub derived_from: Vec<Box<str>>,
    /// Columns that carry no meaning here, by header.
    pub extra: Vec<(Box<str>, Box<str>)>,
    /// Where the row stands; `None` for a source known only by its id.
    pub place: Option<Location>,
}

/// All sources of a case, none twice.
///
/// A register is *closed*: an id that is not in it is a mistake. Without a register ids are taken at their word, and
/// such a source is known by its id only, its reliability cannot be judged.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    sources: Vec<Source>,
    by_id: FxHashMap<Box<str>, SourceId>,
    closed: bool,
    /// Per source: the listed sources it repeats directly.
    parents: Vec<Vec<SourceId>>,
    /// Per source: its independent roots, ascending.
    roots: Vec<Vec<SourceId>>,
}

impl Sources {
    /// Without a register: every id is accepted.
    pub fn unlisted() -> Sources {
        Sources::default()
    }

    /// A closed register. The second of two sources with one id is handed back, with the first.
    pub fn register(sources: Vec<Source>) -> (Sources, Vec<(SourceId, Source)>) {
        let mut register = Sources {
            closed: true,
            ..Sources::default()
        };
        let mut twice = Vec::new();
        for source in sources {
            match register.by_id.get(&source.id) {
                Some(&first) => twice.push((first, source)),
                None => {
                    register.push(source);
                }
            }
        }
        register.link();
        (register, twice)
    }

    /// The source a claim names: a listed one, or, without a register, one made of the id.
    pub fn resolve(&mut self, id: &str) -> Option<SourceId> {
        if let Some(&known) = self.by_id.get(id) {
            return Some(known);
        }
        if self.closed {
            return None;
        }
        let id = self.push(Source {
            id: id.into(),
            ..Source::default()
        });
        self.parents.push(Vec::new());
        self.roots.push(vec![id]);
        Some(id)
    }

    fn push(&mut self, source: Source) -> SourceId {
        let id = SourceId(self.sources.len() as u32);
        self.by_id.insert(source.id.clone(), id);
        self.sources.push(source);
        id
    }

    pub fn find(&self, id: &str) -> Option<SourceId> {
        self.by_id.get(id).copied()
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    pub fn len(&self) -> usize {
        self.sources.len()
    }

    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.sources
            .iter()
            .enumerate()
            .map(|(id, source)| (SourceId(id as u32), source))
    }

    /// The listed sources that `source` repeats directly.
    pub fn parents(&self, source: SourceId) -> &[SourceId] {
        &self.parents[source.index()]
    }

    /// The sources at the far end of `derived_from`, ascending; a source that repeats nothing is its own root.
    /// Sources that repeat each other in a circle count as one: the first of them stands for all.
    pub fn roots(&self, source: SourceId) -> &[SourceId] {
        &self.roots[source.index()]
    }

    /// A source and those that only repeat it: everything they are derived from is it, or only repeats it, be it in a
    /// circle that leads back to nobody else. Ascending.
    pub fn with_echoes(&self, source: SourceId) -> Vec<SourceId> {
        let mut silenced = vec![false; self.sources.len()];
        silenced[source.index()] = true;
        // All that goes back to it, and then no longer what has somebody else besides.
        let goes_back = |silenced: &[bool], id: SourceId| {
            let mut parents = self.parents(id).iter();
            parents.any(|parent| silenced[parent.index()])
        };
        while self.spread(&mut silenced, true, goes_back) {}
        let has_others = |silenced: &[bool], id: SourceId| {
            let parents = self.parents(id);
            id != source
                && (parents.len() < self[id].derived_from.len()
                    || parents.iter().any(|parent| !silenced[parent.index()]))
        };
        while self.spread(&mut silenced, false, has_others) {}
        self.iter()
            .map(|(id, _)| id)
            .filter(|id| silenced[id.index()])
            .collect()
    }

    /// Marks those that are marked otherwise and are to be; whether there was any.
    fn spread(
        &self,
        marks: &mut [bool],
        mark: bool,
        is_next: impl Fn(&[bool], SourceId) -> bool,
    ) -> bool {
        let mut grew = false;
        for (id, _) in self.iter() {
            if marks[id.index()] != mark && is_next(marks, id) {
                marks[id.index()] = mark;
                grew = true;
            }
        }
        grew
    }

    /// Ids in `derived_from` that no source has.
    pub fn unknown_origins(&self) -> impl Iterator<Item = (SourceId, &str)> {
        self.iter().flat_map(|(id, source)| {
            source
                .derived_from
                .iter()
                .filter(|origin| !self.by_id.contains_key(*origin))
                .map(move |origin| (id, &**origin))
        })
    }

    fn link(&mut self) {
        self.parents = self
            .sources
            .iter()
            .map(|source| {
                source
                    .derived_from
                    .iter()
                    .filter_map(|origin| self.by_id.get(origin).copied())
                    .collect()
            })
            .collect();
        self.roots = roots(&self.parents);
    }
}

impl Index<SourceId> for Sources {
    type Output = Source;
    fn index(&self, id: SourceId) -> &Source {
        &self.sources[id.index()]
    }
}

/// Tarjan's strongly connected components (SIAM J. Comput. 1(2), 1972), without recursion: a component is closed after
/// everything it repeats, so its roots are those of the components below it, or itself when there are none.
fn roots(parents: &[Vec<SourceId>]) -> Vec<Vec<SourceId>> {
    const UNSEEN: u32 = u32::MAX;
    let count = parents.len();
    let mut order = vec![UNSEEN; count];
    let mut low = vec![0u32; count];
    let mut open = vec![false; count];
    let mut roots: Vec<Vec<SourceId>> = vec![Vec::new(); count];
    let mut stack: Vec<usize> = Vec::new();
    let mut next = 0;
    for start in 0..count {
        if order[start] != UNSEEN {
            continue;
        }
        let mut path = vec![(start, 0usize)];
        while let Some(&mut (node, ref mut edge)) = path.last_mut() {
            if *edge == 0 {
                order[node] = next;
                low[node] = next;
                next += 1;
                stack.push(node);
                open[node] = true;
            }
            if let Some(parent) = parents[node].get(*edge) {
                *edge += 1;
                let parent = parent.index();
                if order[parent] == UNSEEN {
                    path.push((parent, 0));
                } else if open[parent] {
                    low[node] = low[node].min(order[parent]);
                }
                continue;
            }
            path.pop();
            if let Some(&(child, _)) = path.last() {
                low[child] = low[child].min(low[node]);
            }
            if low[node] == order[node] {
                let bottom = stack.iter().rposition(|&at| at == node).unwrap_or(0);
                let members = stack.split_off(bottom);
                // Whatever is still open here belongs to this component.
                let mut found: Vec<SourceId> = members
                    .iter()
                    .flat_map(|&member| &parents[member])
                    .filter(|parent| !open[parent.index()])
                    .flat_map(|parent| roots[parent.index()].iter().copied())
                    .collect();
                found.sort_unstable();
                found.dedup();
                if found.is_empty() {
                    found.extend(members.iter().min().map(|&first| SourceId(first as u32)));
                }
                for member in members {
                    open[member] = false;
                    roots[member] = found.clone();
                }
            }
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;

    /// `a<b;c`: a repeats b and c.
    fn register(text: &str) -> Sources {
        let sources = text
            .split_whitespace()
            .map(|entry| {
                let (id, origins) = entry.split_once('<').unwrap_or((entry, ""));
                Source {
                    id: id.into(),
                    derived_from: origins
                        .split(';')
                        .filter(|origin| !origin.is_empty())
                        .map(Into::into)
                        .collect(),
                    ..Source::default()
                }
            })
            .collect();
        let (sources, twice) = Sources::register(sources);
        assert!(twice.is_empty());
        sources
    }

    fn named(sources: &Sources, ids: &[SourceId]) -> String {
        let names: Vec<&str> = ids.iter().map(|&id| &*sources[id].id).collect();
        names.join(" ")
    }

    #[test]
    fn echoes_have_nobody_else_to_repeat() {
        for (text, of, silenced) in [
            ("a", "a", "a"),
            ("a<b b c<a", "b", "a b c"),
            ("a<b;c b c", "b", "b"),
            ("a<b;x-gone b", "b", "b"),
            ("a<a;b b", "b", "a b"),
            ("z x<y;z y<x", "z", "z x y"),
            ("z x<y;z y<x;w w", "z", "z"),
            ("z x<y;v y<x v<z;w w", "z", "z"),
            ("z x<y y<x", "z", "z"),
            ("z x<y y<x", "x", "x y"),
        ] {
            let sources = register(text);
            let of = sources.find(of).expect("a source");
            let found = named(&sources, &sources.with_echoes(of));
            assert_eq!(found, silenced, "{text}");
        }
    }

    #[test]
    fn roots_are_the_far_ends_of_repetition() {
        for (text, of, roots) in [
            ("a", "a", "a"),
            ("a<b b", "a", "b"),
            ("a<b b<c c", "a", "c"),
            ("a<b;c b<d c<d d", "a", "d"),
            ("a<b;c b c", "a", "b c"),
            ("a<a", "a", "a"),
            ("a<b b<a", "b", "a"),
            ("a<b b<c c<b d<c", "d", "b"),
            ("a<b b<c;d c<b d", "a", "d"),
            ("a<x-gone", "a", "a"),
        ] {
            let sources = register(text);
            let found = named(&sources, sources.roots(sources.find(of).unwrap()));
            assert_eq!(found, roots, "{text}");
        }
    }

    #[test]
    fn a_chain_of_any_length_is_followed() {
        let text: Vec<String> = (0..100_000).map(|at| format!("{at}<{}", at + 1)).collect();
        let sources = register(&text.join(" "));
        assert_eq!(sources.roots(SourceId(0)), [SourceId(99_999)]);
        assert_eq!(
            sources.unknown_origins().collect::<Vec<_>>(),
            [(SourceId(99_999), "100000")]
        );
    }

    #[test]
    fn a_register_is_closed_and_its_absence_is_not() {
        let mut listed = register("a b");
        assert_eq!(listed.resolve("b"), Some(SourceId(1)));
        assert_eq!(listed.resolve("c"), None);
        let mut unlisted = Sources::unlisted();
        let c = unlisted.resolve("c").unwrap();
        assert_eq!(unlisted.resolve("c"), Some(c));
        assert_eq!(unlisted.roots(c), [c]);
        assert_eq!(unlisted[c].reliability, Reliability::F);
    }

    #[test]
    fn an_id_given_twice_is_handed_back() {
        let source = |title: &str| Source {
            id: "a".into(),
            title: title.into(),
            ..Source::default()
        };
        let (sources, twice) = Sources::register(vec![source("first"), source("second")]);
        assert_eq!(sources.len(), 1);
        assert_eq!(twice, [(SourceId(0), source("second"))]);
    }

    /// By reachability: a root reaches nothing that does not reach it.
    fn naive_roots(parents: &[Vec<SourceId>], from: usize) -> Vec<SourceId> {
        let reach = |start: usize| {
            let mut seen = vec![start];
            let mut at = 0;
            while at < seen.len() {
                for parent in &parents[seen[at]] {
                    if !seen.contains(&parent.index()) {
                        seen.push(parent.index());
                    }
                }
                at += 1;
            }
            seen.sort_unstable();
            seen
        };
        let mut found: Vec<SourceId> = reach(from)
            .into_iter()
            .filter(|&node| reach(node).iter().all(|&far| reach(far).contains(&node)))
            .map(|node| SourceId(reach(node)[0] as u32))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn roots_agree_with_reachability(edges in prop::collection::vec((0..7u32, 0..7u32), 0..14)) {
            let mut parents = vec![Vec::new(); 7];
            for (from, to) in edges {
                parents[from as usize].push(SourceId(to));
            }
            let found = roots(&parents);
            for (node, found) in found.iter().enumerate() {
                prop_assert_eq!(found, &naive_roots(&parents, node));
            }
        }
    }
}
