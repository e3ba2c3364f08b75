//! Who says so: claims, their sources, grades and dates.
//!
//! In: what the readers found in claim files and in the register of sources. Out: which claims support or dispute a
//! row, which sources stand behind them, how much they are worth and when they were true.
//! Must not know: the engine, files, rules. A claim is never joined; it is weighed afterwards.

pub mod claim;
pub mod claims;
pub mod combination;
pub mod date;
pub mod grade;
mod ids;
pub mod judgement;
pub mod lens;
mod respell;
pub mod source;
mod store;

pub use claim::{Claim, ClaimId, Stance};
pub use claims::{Claims, DuplicateId, IdTag};
pub use combination::{Combination, confidence, likelihood};
pub use date::{Day, Interval, PartialDate};
pub use grade::{Credibility, Grade, GradeTables, Reliability};
pub use judgement::{Judgement, Judgements, Verdict};
pub use lens::Lens;
pub use respell::respelt;
pub use source::{Source, SourceId, Sources};
