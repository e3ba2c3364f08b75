//! What would follow if something were otherwise: assumptions and withdrawals, and what they explain.
//!
//! In: a case after its run, what may be assumed, goals. Out: sets of assumptions that bring a goal about,
//! hypotheses side by side, the changes that would alter the order, as data.
//! Must not know: terminals, sessions, files. Whoever calls hands in the rows of other runs.

pub mod abduce;
