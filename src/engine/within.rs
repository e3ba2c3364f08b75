//! Look-ups that pass over rows out of bounds: entries of an index are kept in the order of a column and searched.

use super::pipeline::Arg;
use super::worker::Batch;
use crate::analysis::checked::ValueType;
use crate::plan::Within;
use crate::storage::{Dictionary, Index};
use std::ops::Range;

/// Bounds of one place in the entries of an index that has them in its order.
#[derive(Clone)]
pub struct Narrow {
    pub place: usize,
    operand: ValueType,
    low: Option<Arg>,
    high: Option<Arg>,
}

impl Narrow {
    pub fn of(within: &Within, place: usize, dictionary: &Dictionary) -> Narrow {
        let arg = |operand: &Option<_>| operand.as_ref().map(|known| Arg::of(known, dictionary));
        Narrow {
            place,
            operand: within.operand,
            low: arg(&within.low),
            high: arg(&within.high),
        }
    }

    /// The rows of an entry that are within the bounds that a binding sets.
    pub fn rows(
        &self,
        index: &Index,
        number: u32,
        batch: &Batch,
        row: usize,
        dictionary: &Dictionary,
    ) -> Range<usize> {
        let code = |arg: &Option<Arg>| {
            arg.map(|arg| match arg {
                Arg::Var(var) => batch.column(var)[row],
                Arg::Const(code) => code,
            })
        };
        let (low, high) = (code(&self.low), code(&self.high));
        match self.operand {
            ValueType::Symbol => {
                let text = |code| dictionary.text(code);
                index.between(number, self.place, text, low.map(text), high.map(text))
            }
            operand => {
                let value = |code| rank(operand, dictionary.to_word(code));
                index.between(number, self.place, value, low.map(value), high.map(value))
            }
        }
    }
}

/// Brings the entries of an index into the order that [`Narrow::rows`] searches.
pub fn order(index: &mut Index, place: usize, operand: ValueType, dictionary: &Dictionary) {
    match operand {
        ValueType::Symbol => index.order_entries(place, |code| dictionary.text(code)),
        operand => index.order_entries(place, |code| rank(operand, dictionary.to_word(code))),
    }
}

/// Ascends with the value of a word as comparisons have it: both zeroes of floats are equal. No comparison holds of
/// what is not a number, so its rank is of no matter.
fn rank(operand: ValueType, word: u64) -> u64 {
    const SIGN: u64 = 1 << 63;
    match operand {
        ValueType::Number => word ^ SIGN,
        ValueType::Float if word == SIGN => SIGN,
        ValueType::Float if word & SIGN == 0 => word | SIGN,
        ValueType::Float => !word,
        _ => word,
    }
}
