//! What holds whatever claims are withdrawn, and what may hold when some are: bounds on all worlds at once.
//!
//! One history has both, as two days of which each reads the other one's absences: what is negated is certainly absent
//! where it never holds, and may be where it need not hold (an alternating fixpoint: Van Gelder, 1993, which strata make
//! one of a single pass). A third mark tells of a fact whether nothing that it wants absent, or counts, anywhere in a derivation, can
//! change: then fewer claims never bring it about, and it is a matter of its derivations alone.

use super::case::Case;
use super::dayset::DaySet;
use super::facts::Fact;
use super::history::{History, Reading};
use super::meter::Meter;
use crate::analysis::checked::{Literal, LiteralKind, RelationId};
use crate::engine::StopReason;
use rustc_hash::FxHashSet;

/// It holds whatever is withdrawn.
const CERTAIN: u64 = 1;
/// It may hold: all that is in a history does.
const POSSIBLE: u64 = 2;
/// No derivation of it hangs on what must be absent, or on a total, that may be otherwise; or it is certain.
const SETTLED: u64 = 4;
const MARKS: usize = u64::BITS as usize;

/// Of a claim.
fn withdrawable() -> DaySet {
    DaySet::of_bits(POSSIBLE | SETTLED)
}

/// Of what may be otherwise.
pub(super) fn in_doubt() -> DaySet {
    DaySet::of_bits(POSSIBLE)
}

pub(super) fn is_certain(of: &DaySet) -> bool {
    of.bits() & CERTAIN != 0
}

fn is_settled(of: &DaySet) -> bool {
    of.bits() & SETTLED != 0
}

/// See [`Reading::either`].
pub(super) fn either(known: &mut DaySet, other: &DaySet) -> bool {
    let before = known.bits();
    let either = (before | other.bits()) & CERTAIN | before & other.bits() & SETTLED;
    let settled = match either & CERTAIN {
        0 => 0,
        _ => SETTLED,
    };
    let marks = CERTAIN | SETTLED;
    let changes = before & marks != either | settled;
    if changes {
        *known = DaySet::of_bits(either | settled | POSSIBLE);
    }
    changes
}

/// The same while something is absent that has these bounds.
pub(super) fn without(of: &mut DaySet, absent: &DaySet) {
    if !of.is_empty() {
        *of = match is_certain(absent) {
            true => DaySet::never(),
            false => in_doubt(),
        };
    }
}

/// What may hold of some relations, and of all that they are made from, when claims are withdrawn.
pub struct Bounds<'a> {
    pub(super) history: History<'a>,
    /// Relations that may have other rows as well.
    open: FxHashSet<RelationId>,
}

impl Case<'_> {
    /// `given`: facts that stand whoever else states them. `Ok(None)`: only a run can tell.
    pub fn bounds(
        &self,
        wanted: &[RelationId],
        given: &FxHashSet<Fact>,
        meter: &Meter,
    ) -> Result<Option<Bounds<'_>>, StopReason> {
        let history = History::of(self, Reading::Bounds, MARKS);
        let found = history.filled(None, wanted, given, &|_| withdrawable(), meter)?;
        Ok(found.map(|history| Bounds {
            open: self.open(&history),
            history,
        }))
    }

    /// Relations that hang on a total which may come to more than was listed.
    fn open(&self, history: &History) -> FxHashSet<RelationId> {
        let unlisted = history.unlisted.borrow();
        if unlisted.is_empty() {
            return FxHashSet::default();
        }
        fn has(body: &[Literal], unlisted: &FxHashSet<usize>) -> bool {
            body.iter().any(|literal| match &literal.kind {
                LiteralKind::Aggregate(aggregate) => {
                    let address = std::ptr::from_ref(aggregate) as usize;
                    unlisted.contains(&address) || has(&aggregate.body, unlisted)
                }
                _ => false,
            })
        }
        let rules = self.program.rules();
        let heads = rules.filter(|(_, rule)| has(&rule.body, &unlisted));
        let heads = heads.filter_map(|(_, rule)| Some(rule.head.as_ref()?.relation));
        let changing = history.tables.keys().copied().collect();
        self.made_from(heads.collect(), &changing)
    }
}

impl Bounds<'_> {
    /// Whether fewer claims never bring a fact about; false too where it is not known.
    pub fn is_settled(&self, fact: &Fact) -> bool {
        match self.of(fact) {
            Some(of) => is_settled(of) && !self.may_have_more(fact.relation),
            None => !self.history.tables.contains_key(&fact.relation),
        }
    }

    /// Whether a relation may have other rows than those that are here.
    pub(super) fn may_have_more(&self, relation: RelationId) -> bool {
        self.open.contains(&relation)
    }

    fn of(&self, fact: &Fact) -> Option<&DaySet> {
        self.history.tables.get(&fact.relation)?.days_of(&fact.row)
    }
}
