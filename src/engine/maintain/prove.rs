//! Backward search for rows of a recursive stratum that are sure to stay, where no births tell.
//!
//! From the row in question the search goes back, breadth first, through the ways to derive it and the rows they need,
//! until enough of them need nothing of the stratum; then forward again (compare Motik, Nenov, Piro and Horrocks, 2019).
//! What is shown so holds after the change whatever falls. The search gives up after a number of rows: one that is doomed
//! for want of a proof is rederived later.

use super::Row;
use super::routes::Start;
use super::transaction::Transaction;
use super::walk::{Doomed, Halt, View};
use crate::analysis::checked::{RelationId, Stratum};
use rustc_hash::{FxHashMap, FxHashSet};

/// Rows asked after for one candidate.
const ROWS: usize = if cfg!(test) { 12 } else { 10_000 };
/// Ways to derive a row by one rule that are looked at.
const WAYS: usize = if cfg!(test) { 3 } else { 64 };

/// Rows that are sure to stay.
pub type Proven = FxHashMap<RelationId, FxHashSet<Row>>;

/// Rows that may help, in the order in which they were come upon, and the ways to derive them.
#[derive(Default)]
struct Search {
    nodes: Vec<Node>,
    known: FxHashMap<(RelationId, Row), usize>,
    ways: Vec<Way>,
}

struct Node {
    relation: RelationId,
    row: Row,
    proven: bool,
    /// Ways that need this row.
    serves: Vec<usize>,
}

/// One way to derive a row, with the number of rows that it still needs proofs of.
struct Way {
    of: usize,
    missing: usize,
}

impl Search {
    /// The number of a row.
    fn node(&mut self, relation: RelationId, row: Row, proven: &Proven) -> usize {
        let next = self.nodes.len();
        let number = *self.known.entry((relation, row.clone())).or_insert(next);
        if number == next {
            let proven = proven
                .get(&relation)
                .is_some_and(|rows| rows.contains(&row));
            self.nodes.push(Node {
                relation,
                row,
                proven,
                serves: Vec::new(),
            });
        }
        number
    }

    fn way(&mut self, of: usize, premises: Vec<(RelationId, Row)>, proven: &mut Proven) {
        let number = self.ways.len();
        self.ways.push(Way { of, missing: 0 });
        for (relation, row) in premises {
            let premise = self.node(relation, row, proven);
            if !self.nodes[premise].proven {
                self.nodes[premise].serves.push(number);
                self.ways[number].missing += 1;
            }
        }
        if self.ways[number].missing == 0 {
            self.prove(of, proven);
        }
    }

    /// A row has a proof: so have those whose ways lacked nothing else.
    fn prove(&mut self, node: usize, proven: &mut Proven) {
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut self.nodes[at].proven, true) {
                continue;
            }
            let Node { relation, row, .. } = &self.nodes[at];
            proven.entry(*relation).or_default().insert(row.clone());
            for way in std::mem::take(&mut self.nodes[at].serves) {
                let way = &mut self.ways[way];
                way.missing -= 1;
                if way.missing == 0 {
                    open.push(way.of);
                }
            }
        }
    }
}

impl Transaction<'_> {
    /// Whether a row was found to have a proof.
    pub fn is_proven(
        &mut self,
        stratum: &Stratum,
        relation: RelationId,
        row: &Row,
        doomed: &Doomed,
        proven: &mut Proven,
    ) -> Result<bool, Halt> {
        let mut search = Search::default();
        search.node(relation, row.clone(), proven);
        let view = View::Sure {
            doomed,
            before: None,
        };
        let mut at = 0;
        while at < search.nodes.len().min(ROWS) && !search.nodes[0].proven {
            let Node { relation, row, .. } = &search.nodes[at];
            let (relation, row) = (*relation, row.clone());
            if search.nodes[at].proven {
            } else if self.has_leaf(stratum, relation, &row)? {
                search.prove(at, proven);
            } else {
                for &rule in self.rules_of(relation).iter() {
                    if self.reads(rule, stratum) {
                        for premises in self.ways(rule, Start::Proof, &row, view, WAYS)? {
                            search.way(at, premises, proven);
                        }
                    }
                }
            }
            at += 1;
        }
        Ok(search.nodes[0].proven)
    }

    /// Whether a row is stated or follows from strata below alone.
    fn has_leaf(
        &mut self,
        stratum: &Stratum,
        relation: RelationId,
        row: &Row,
    ) -> Result<bool, Halt> {
        if self.is_given(relation, row) {
            return Ok(true);
        }
        for &rule in self.rules_of(relation).iter() {
            if !self.reads(rule, stratum) && self.finds(rule, row, View::Now)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
