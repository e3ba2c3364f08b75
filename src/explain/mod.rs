//! A row to its proofs and to what it rests on.
//!
//! In: the rows of a run, the checked program, claims and their sources. Out: proofs, minimal supports, cuts, as data
//! and as plain text.
//! Must not know: terminals, sessions, how the bulk engine derives. It reads relations as they stand and solves
//! rule bodies by itself, so that every explanation is a second opinion on the run.

mod amend;
mod antichain;
mod beside;
mod bounds;
mod carriers;
mod case;
mod changes;
mod check;
mod circuit;
mod conditions;
mod count;
mod cuts;
mod cuts_by_trial;
mod dayset;
#[cfg(test)]
mod dayset_tests;
mod dualize;
mod enumerate;
mod expand;
mod explore;
mod factors;
mod facts;
mod forward;
mod gather;
mod graph;
mod group;
mod history;
#[cfg(test)]
mod history_tests;
mod instances;
mod joins;
pub mod json;
mod landmarks;
mod layout;
mod least;
mod lineage;
mod lineages;
#[cfg(test)]
mod lineages_tests;
mod local;
#[cfg(test)]
mod local_tests;
mod meter;
#[cfg(test)]
mod module_tests;
mod modules;
#[cfg(test)]
mod more_tests;
mod needs;
mod one_by_one;
mod phrases;
mod plain;
mod presence;
mod proof;
mod prove;
mod range;
mod rests;
mod rivals;
mod search;
mod sets;
mod settled;
mod small_cuts;
mod solve;
#[cfg(test)]
mod support_tests;
mod supports;
mod table;
mod terms;
mod testimony;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod trials;
mod turning;
mod ways;
mod weight;
#[cfg(test)]
mod weight_tests;
mod why_not;
mod why_not_view;
mod withdrawn;
mod world;

pub use amend::Otherwise;
pub use beside::Beside;
pub use bounds::Bounds;
pub use carriers::Carriers;
pub use case::{Case, Ground, stated_by};
pub use changes::{Absence, Change, Dates, most_changes};
pub use check::{Flaw, FlawKind};
pub use cuts::{Corroboration, CutOptions, Cuts};
pub use dayset::DaySet;
pub use facts::{Fact, Facts};
pub use forward::Leaning;
pub(crate) use forward::bound;
pub use graph::GraphFormat;
pub use group::Member;
pub(crate) use group::{answers, each_member};
pub use history::{CaseDays, History, Past, Reading, Since};
pub use instances::{Absent, Instance, flipped};
pub use layout::{Row, wrap};
pub use lineage::{Condition, Statement};
pub use lineages::Lineages;
pub use meter::Meter;
pub use presence::{Concluded, OneCase, Presence};
pub use proof::{Basis, Derivation, Gap, Link, MemberProof, Node, NodeId, Premise, Proof, Total};
pub use prove::ProofOptions;
pub(crate) use range::Steps;
pub use rests::Rests;
pub use rivals::{Law, Rival};
pub(crate) use solve::holds;
pub use solve::{Context, Solution, Solver};
pub use supports::{Support, Supports};
pub(crate) use terms::{Bindings, constant, in_term, is_pattern, unify, value};
pub use testimony::{Testimony, latest_source, testimonies};
pub use text::{fact_text, pattern_text, sentence};
pub use tree::{Line, LineKind, Tree, TreeOptions};
pub use weight::Weight;
pub use why_not::{Failing, Miss, Reason, WhyNot, WhyNotOptions};
pub use why_not_view::{FailingView, HeldView, MissView, miss_tree};
pub use withdrawn::{Ending, Withdrawable};
