//! Backward search for rows of a recursive stratum that are sure to stay, where no births tell.
//!
//! From the row in question the search goes back, breadth first, through the ways to derive it and the rows they need,
//! until enough of them need nothing of the stratum; then forward again (compare Motik, Nenov, Piro and Horrocks, 2019).
//! What is shown so holds after the change whatever falls. Where the search comes to an end without a proof, there is
//! none, neither for the row nor for any that it came upon on the way. What one search finds out serves the next ones: no
//! row is asked after twice, and no more rows than so many for each row that may fall. One that is doomed because the
//! search was cut short is rederived later.

use super::Row;
use super::routes::{Start, own_atoms};
use super::transaction::Transaction;
use super::walk::{Halt, View};
use crate::analysis::checked::{RelationId, Stratum};
use crate::storage::Code;
use crate::storage::table::RowTable;
use rustc_hash::FxHashMap;
use std::ops::ControlFlow::{Break, Continue};
use std::ops::Range;

/// Rows asked after in any case, ...
const ROWS: usize = if cfg!(test) { 12 } else { 10_000 };
/// ... and for each row that may fall.
const ROWS_EACH: usize = if cfg!(test) { 1 } else { 32 };
/// Ways to derive a row by one rule that are looked at.
const WAYS: usize = if cfg!(test) { 3 } else { 64 };
/// No edge.
const NONE: u32 = u32::MAX;

/// What becomes of a row that lost a derivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Stays,
    Falls,
    /// The search was cut short.
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not asked after.
    New,
    /// Its ways are known, but not whether one of them leads anywhere.
    Open,
    Settled(Verdict),
}

/// What is known of the rows of a stratum.
#[derive(Default)]
pub struct Search {
    nodes: Vec<Node>,
    /// By relation: its rows, and the number of the node of each.
    known: FxHashMap<RelationId, (RowTable, Vec<u32>)>,
    ways: Vec<Way>,
    /// What ways need, one way after the other.
    premises: Vec<u32>,
    /// Which ways need a row: lists that begin with the node.
    edges: Vec<Edge>,
    /// Rows asked after, and as many as may be.
    asked: usize,
    allowed: usize,
    round: u32,
}

struct Node {
    relation: RelationId,
    /// In the table of its relation.
    row: u32,
    state: State,
    /// Some ways to derive it were left out.
    partial: bool,
    ways: Range<u32>,
    /// The first of the ways that need it.
    edge: u32,
    /// The last search that came upon it.
    round: u32,
}

/// One way to derive a row, with the number of rows that it still needs proofs of.
struct Way {
    of: u32,
    missing: u32,
    premises: Range<u32>,
}

struct Edge {
    way: u32,
    next: u32,
}

impl Search {
    /// The number of a row.
    fn node(&mut self, relation: RelationId, row: &[Code]) -> u32 {
        let known = self.known.entry(relation);
        let (table, nodes) = known.or_insert_with(|| (RowTable::new(row.len()), Vec::new()));
        let (number, new) = table.insert(row);
        if new {
            nodes.push(self.nodes.len() as u32);
            self.nodes.push(Node {
                relation,
                row: number,
                state: State::New,
                partial: false,
                ways: 0..0,
                edge: NONE,
                round: 0,
            });
        }
        nodes[number as usize]
    }

    fn row(&self, node: u32) -> (RelationId, Row) {
        let node = &self.nodes[node as usize];
        (
            node.relation,
            self.known[&node.relation].0.row(node.row).into(),
        )
    }

    fn state(&self, node: u32) -> State {
        self.nodes[node as usize].state
    }

    fn is(&self, node: u32, verdict: Verdict) -> bool {
        self.state(node) == State::Settled(verdict)
    }

    /// Notes a way to derive a row; false when it gives the row a proof.
    fn way(&mut self, of: u32, premises: &[u32]) -> bool {
        if premises
            .iter()
            .any(|&premise| self.is(premise, Verdict::Falls))
        {
            return true;
        }
        let (number, start) = (self.ways.len() as u32, self.premises.len() as u32);
        let mut missing = 0;
        for &premise in premises {
            if !self.is(premise, Verdict::Stays) {
                missing += 1;
                let node = &mut self.nodes[premise as usize];
                let next = std::mem::replace(&mut node.edge, self.edges.len() as u32);
                self.edges.push(Edge { way: number, next });
                self.premises.push(premise);
            }
        }
        self.ways.push(Way {
            of,
            missing,
            premises: start..self.premises.len() as u32,
        });
        missing > 0
    }

    /// A row has a proof: so have those whose ways lacked nothing else.
    fn prove(&mut self, node: u32) {
        let mut open = vec![node];
        while let Some(at) = open.pop() {
            let node = &mut self.nodes[at as usize];
            if node.state == State::Settled(Verdict::Stays) {
                continue;
            }
            node.state = State::Settled(Verdict::Stays);
            let mut next = std::mem::replace(&mut node.edge, NONE);
            while let Some(edge) = self.edges.get(next as usize) {
                let way = &mut self.ways[edge.way as usize];
                way.missing -= 1;
                if way.missing == 0 {
                    open.push(way.of);
                }
                next = edge.next;
            }
        }
    }

    /// Puts the rows that the ways of a row need into a queue, each once a round.
    fn queue_premises(&mut self, of: u32, queue: &mut Vec<u32>) {
        for way in self.nodes[of as usize].ways.clone() {
            for at in self.ways[way as usize].premises.clone() {
                let premise = self.premises[at as usize];
                let node = &mut self.nodes[premise as usize];
                if std::mem::replace(&mut node.round, self.round) != self.round {
                    queue.push(premise);
                }
            }
        }
    }
}

impl Transaction<'_> {
    /// Whether a row has a proof after the change.
    pub fn judge(
        &mut self,
        stratum: &Stratum,
        relation: RelationId,
        row: &Row,
        search: &mut Search,
    ) -> Result<Verdict, Halt> {
        search.round += 1;
        search.allowed += match search.round {
            1 => ROWS,
            _ => ROWS_EACH,
        };
        let root = search.node(relation, row);
        search.nodes[root as usize].round = search.round;
        let (mut queue, mut at, mut complete) = (vec![root], 0, true);
        while at < queue.len() && !search.is(root, Verdict::Stays) {
            let node = queue[at];
            at += 1;
            self.spend(1)?;
            match search.state(node) {
                State::Settled(verdict) => {
                    complete &= verdict != Verdict::Unknown;
                    continue;
                }
                State::New if search.asked >= search.allowed => {
                    complete = false;
                    continue;
                }
                State::New => self.ask(stratum, node, search)?,
                State::Open => {}
            }
            complete &= !search.nodes[node as usize].partial;
            search.queue_premises(node, &mut queue);
        }
        if search.is(root, Verdict::Stays) {
            return Ok(Verdict::Stays);
        }
        let verdict = match complete {
            true => Verdict::Falls,
            false => Verdict::Unknown,
        };
        for node in queue {
            let node = &mut search.nodes[node as usize];
            if node.state == State::Open {
                node.state = State::Settled(verdict);
            }
        }
        search.nodes[root as usize].state = State::Settled(verdict);
        Ok(verdict)
    }

    /// Looks for the ways to derive a row.
    fn ask(&mut self, stratum: &Stratum, node: u32, search: &mut Search) -> Result<(), Halt> {
        search.asked += 1;
        search.nodes[node as usize].state = State::Open;
        let (relation, row) = search.row(node);
        if self.has_leaf(stratum, relation, &row)? {
            search.prove(node);
            return Ok(());
        }
        let start = search.ways.len() as u32;
        let program = self.program;
        let mut premises = Vec::new();
        for &rule in self.rules_of(relation).iter() {
            if !self.reads(rule, stratum) {
                continue;
            }
            let own = own_atoms(program, &program[rule]);
            let mut ways = 0;
            let flow = self.each_way(rule, Start::Proof, &row, View::Now, |codes| {
                let mut rest = codes;
                premises.clear();
                for atom in &own {
                    let (row, others) = rest.split_at(atom.args.len());
                    premises.push(search.node(atom.relation, row));
                    rest = others;
                }
                ways += 1;
                match search.way(node, &premises) {
                    true if ways < WAYS => Continue(()),
                    _ => Break(Halt::Enough),
                }
            });
            match flow {
                Continue(()) => {}
                Break(Halt::Enough) => search.nodes[node as usize].partial |= ways == WAYS,
                Break(halt) => return Err(halt),
            }
            if search.ways[start as usize..]
                .last()
                .is_some_and(|way| way.missing == 0)
            {
                search.prove(node);
                return Ok(());
            }
        }
        search.nodes[node as usize].ways = start..search.ways.len() as u32;
        Ok(())
    }

    /// Whether a row is stated or follows from strata below alone.
    pub fn has_leaf(
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
