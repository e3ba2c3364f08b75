//! Proofs as data: a graph of facts in which every derived fact names the rule and the premises it follows from.

use super::case::Ground;
use super::facts::Fact;
use super::rivals::Rival;
use crate::analysis::checked::{RelationId, RuleId};
use crate::engine::StopReason;
use crate::evidence::ClaimId;
use crate::storage::Code;

/// A node of one proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    pub const ROOT: NodeId = NodeId(0);

    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A proof of [`NodeId::ROOT`]: acyclic, every fact once, every node reachable from the root.
#[derive(Clone, Debug)]
pub struct Proof {
    pub(super) nodes: Vec<Node>,
}

impl Proof {
    pub fn root(&self) -> &Node {
        &self.nodes[0]
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .map(|(id, node)| (NodeId(id as u32), node))
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Always false: there is a root.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether every leaf is stated: nothing was left open for want of budget.
    pub fn is_complete(&self) -> bool {
        !self
            .nodes
            .iter()
            .any(|node| matches!(node.basis, Basis::Open(_)))
    }
}

#[derive(Clone, Debug)]
pub struct Node {
    pub fact: Fact,
    pub basis: Basis,
    /// Claims that say the fact does not hold.
    pub disputing: Vec<ClaimId>,
    /// Of a derived fact: rows that follow as well, and that a choice or a subsumption dropped for it. Some of them.
    pub beats: Vec<Rival>,
}

/// Why a fact holds.
#[derive(Clone, Debug)]
pub enum Basis {
    Stated {
        ground: Ground,
        /// A rule that derives the fact without leaning on its statement.
        also: Option<RuleId>,
    },
    Derived(Derivation),
    /// A pair of an equivalence relation, by a chain of pairs that are stated or derived by a rule.
    Equivalent(Vec<Link>),
    Open(Gap),
}

/// One pair of a chain, walked from its first element to its second, or `reversed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub pair: NodeId,
    pub reversed: bool,
}

/// Why a node could not be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The budget ran out.
    Budget(StopReason),
    /// No rule derives it from the rows as they stand: the rows it came from were dominated and dropped, or it was
    /// inserted without a record of that.
    NoDerivation,
}

/// An instance of a rule.
#[derive(Clone, Debug)]
pub struct Derivation {
    pub rule: RuleId,
    /// By [`VarId`](crate::analysis::checked::VarId); `None`: local to an aggregate.
    pub values: Box<[Option<Code>]>,
    /// One for each literal of the rule's body, in its order.
    pub premises: Vec<Premise>,
}

#[derive(Clone, Debug)]
pub enum Premise {
    Fact(NodeId),
    /// No row of the relation agrees with the pattern.
    Absent {
        relation: RelationId,
        pattern: Vec<Option<Code>>,
        /// Rows the relation has.
        among: usize,
    },
    /// A comparison, match or range that holds for the values of the derivation.
    Holds,
    Aggregate(Total),
}

/// The value of an aggregate and the rows it was made of.
#[derive(Clone, Debug)]
pub struct Total {
    pub result: Code,
    /// How many rows there were.
    pub count: usize,
    /// The first of them; of a `min` or `max`, the winners first.
    pub members: Vec<MemberProof>,
}

#[derive(Clone, Debug)]
pub struct MemberProof {
    /// What the row adds; `None` for `count`.
    pub value: Option<Code>,
    pub values: Box<[Option<Code>]>,
    /// One for each literal of the aggregate's body.
    pub premises: Vec<Premise>,
}

impl Premise {
    /// Calls `f` on every node below, through aggregates.
    pub fn each_node(&self, f: &mut impl FnMut(NodeId)) {
        match self {
            Premise::Fact(node) => f(*node),
            Premise::Absent { .. } | Premise::Holds => {}
            Premise::Aggregate(total) => {
                for member in &total.members {
                    member
                        .premises
                        .iter()
                        .for_each(|premise| premise.each_node(f));
                }
            }
        }
    }
}

impl Node {
    /// Calls `f` on every node this one follows from directly.
    pub fn each_premise(&self, f: &mut impl FnMut(NodeId)) {
        match &self.basis {
            Basis::Stated { .. } | Basis::Open(_) => {}
            Basis::Derived(derivation) => {
                derivation
                    .premises
                    .iter()
                    .for_each(|premise| premise.each_node(f));
            }
            Basis::Equivalent(links) => links.iter().for_each(|link| f(link.pair)),
        }
    }
}
