//! Running totals for aggregates.

use super::functor::compare;
use crate::analysis::checked::{AggregateOp, ValueType};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::CompareOp;

/// The total of one group so far. A sum of integers wraps; floats are added up in ascending order, so that the sum is the
/// same in whatever order they arrive.
#[derive(Clone, Debug)]
pub struct Accumulator {
    operand: ValueType,
    total: Total,
}

#[derive(Clone, Debug)]
enum Total {
    Count(u64),
    /// Wraps, and so does for signed numbers what it does for unsigned ones.
    Sum(u64),
    FloatSum(Vec<f64>),
    /// `beats` tells when a later value replaces the kept one: never when they are equal.
    Best {
        beats: CompareOp,
        kept: Option<Code>,
    },
    FloatMean(Vec<f64>),
    Mean {
        sum: i128,
        count: u64,
    },
    /// What a registered closure makes of the values is not known here.
    Unknown,
}

impl Accumulator {
    pub fn new(op: AggregateOp, operand: ValueType) -> Accumulator {
        let total = match op {
            AggregateOp::Count => Total::Count(0),
            AggregateOp::Sum if operand == ValueType::Float => Total::FloatSum(Vec::new()),
            AggregateOp::Sum => Total::Sum(0),
            AggregateOp::Min => Total::Best {
                beats: CompareOp::Lt,
                kept: None,
            },
            AggregateOp::Max => Total::Best {
                beats: CompareOp::Gt,
                kept: None,
            },
            AggregateOp::Mean if operand == ValueType::Float => Total::FloatMean(Vec::new()),
            AggregateOp::Mean => Total::Mean { sum: 0, count: 0 },
            AggregateOp::User => Total::Unknown,
        };
        Accumulator { operand, total }
    }

    /// Takes one value in; `count` does not look at it.
    pub fn add(&mut self, value: Code, dictionary: &Dictionary) {
        let operand = self.operand;
        match &mut self.total {
            Total::Count(count) => *count += 1,
            Total::Unknown => {}
            Total::Sum(sum) => *sum = sum.wrapping_add(dictionary.to_word(value)),
            Total::FloatSum(values) | Total::FloatMean(values) => {
                values.push(dictionary.to_float(value));
            }
            Total::Best { beats, kept } => match kept {
                Some(best) if !replaces(*beats, operand, value, *best, dictionary) => {}
                _ => *kept = Some(value),
            },
            Total::Mean { sum, count } => {
                *count += 1;
                *sum += match operand {
                    ValueType::Unsigned => i128::from(dictionary.to_word(value)),
                    _ => i128::from(dictionary.to_number(value)),
                };
            }
        }
    }

    /// Takes in `more` values of a `count` at once.
    pub fn add_count(&mut self, more: u64) {
        if let Total::Count(count) = &mut self.total {
            *count += more;
        }
    }

    /// Takes in what another accumulator of the same kind has gathered after this one.
    pub fn merge(&mut self, later: &Accumulator, dictionary: &Dictionary) {
        match (&mut self.total, later.total.clone()) {
            (Total::Count(count), Total::Count(more)) => *count += more,
            (Total::Sum(sum), Total::Sum(more)) => *sum = sum.wrapping_add(more),
            (Total::FloatSum(values), Total::FloatSum(more))
            | (Total::FloatMean(values), Total::FloatMean(more)) => values.extend(more),
            (Total::Best { .. }, Total::Best { kept, .. }) => {
                if let Some(value) = kept {
                    self.add(value, dictionary);
                }
            }
            (
                Total::Mean { sum, count },
                Total::Mean {
                    sum: more,
                    count: n,
                },
            ) => {
                *sum += more;
                *count += n;
            }
            (Total::Unknown, Total::Unknown) => {}
            _ => debug_assert!(false, "accumulators of one aggregate are of one kind"),
        }
    }

    /// The value of the aggregate; a user-defined one has none here. Over nothing, `count` and `sum` are 0 and the others have no value.
    pub fn finish(&self, dictionary: &Dictionary) -> Option<Code> {
        match self.total {
            Total::Count(count) => Some(dictionary.unsigned(count)),
            Total::Sum(sum) => Some(dictionary.word(sum)),
            Total::FloatSum(ref values) => Some(dictionary.float(sum(values))),
            Total::Best { kept, .. } => kept,
            Total::FloatMean(ref values) if values.is_empty() => None,
            Total::FloatMean(ref values) => {
                Some(dictionary.float(sum(values) / values.len() as f64))
            }
            Total::Unknown => None,
            Total::Mean { count: 0, .. } => None,
            Total::Mean { sum, count } => Some(dictionary.float(sum as f64 / count as f64)),
        }
    }
}

/// Floats are told apart by IEEE 754 totalOrder: which of two zeroes, or of a number and what is none, comes first must not
/// depend on the order of rows.
fn replaces(
    beats: CompareOp,
    operand: ValueType,
    value: Code,
    best: Code,
    dictionary: &Dictionary,
) -> bool {
    if operand != ValueType::Float {
        return compare(beats, operand, value, best, dictionary);
    }
    let order = dictionary
        .to_float(value)
        .total_cmp(&dictionary.to_float(best));
    match beats {
        CompareOp::Lt => order.is_lt(),
        _ => order.is_gt(),
    }
}

fn sum(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.iter().fold(0.0, |sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use AggregateOp::*;
    use ValueType::{Float, Number, Symbol, Unsigned};

    fn run(
        dictionary: &Dictionary,
        op: AggregateOp,
        operand: ValueType,
        values: &[Code],
    ) -> Option<Code> {
        let mut whole = Accumulator::new(op, operand);
        for &value in values {
            whole.add(value, dictionary);
        }
        let (front, back) = values.split_at(values.len() / 2);
        let mut halves = [Accumulator::new(op, operand), Accumulator::new(op, operand)];
        for (half, values) in halves.iter_mut().zip([front, back]) {
            for &value in values {
                half.add(value, dictionary);
            }
        }
        let [mut left, right] = halves;
        left.merge(&right, dictionary);
        assert_eq!(whole.finish(dictionary), left.finish(dictionary));
        whole.finish(dictionary)
    }

    #[test]
    fn totals_of_numbers() {
        let d = Dictionary::new();
        let numbers = |values: &[i64]| values.iter().map(|&v| d.number(v)).collect::<Vec<_>>();
        for (op, values, expected) in [
            (Count, &[][..], Some(0)),
            (Sum, &[], Some(0)),
            (Min, &[], None),
            (Max, &[], None),
            (Count, &[7, 7, 7], Some(3)),
            (Sum, &[1, 1, 2], Some(4)),
            (Sum, &[i64::MAX, 1], Some(i64::MIN)),
            (Sum, &[-5, 2], Some(-3)),
            (Min, &[3, -4, 9], Some(-4)),
            (Max, &[-3, -4, -9], Some(-3)),
        ] {
            assert_eq!(
                run(&d, op, Number, &numbers(values)),
                expected.map(|value| d.number(value)),
                "{op:?} of {values:?}"
            );
        }
        let wide = [d.unsigned(u64::MAX), d.unsigned(1)];
        assert_eq!(run(&d, Max, Unsigned, &wide), Some(d.unsigned(u64::MAX)));
        assert_eq!(run(&d, Mean, Number, &numbers(&[1, 2])), Some(d.float(1.5)));
    }

    #[test]
    fn totals_of_floats_and_symbols() {
        let d = Dictionary::new();
        let floats: Vec<Code> = [1.5, -2.0, 4.0].map(|v| d.float(v)).to_vec();
        assert_eq!(run(&d, Sum, Float, &floats), Some(d.float(3.5)));
        assert_eq!(run(&d, Sum, Float, &[]), Some(d.float(0.0)));
        assert_eq!(run(&d, Min, Float, &floats), Some(d.float(-2.0)));
        for zeroes in [[0.0, -0.0], [-0.0, 0.0]].map(|zeroes| zeroes.map(|zero| d.float(zero))) {
            assert_eq!(run(&d, Max, Float, &zeroes), Some(d.float(0.0)));
            assert_eq!(run(&d, Min, Float, &zeroes), Some(d.float(-0.0)));
        }
        assert_eq!(run(&d, Mean, Float, &floats[..2]), Some(d.float(-0.25)));
        assert_eq!(run(&d, Mean, Float, &[]), None);
        let symbols: Vec<Code> = ["b", "B", "é"].map(|v| d.symbol(v)).to_vec();
        assert_eq!(run(&d, Min, Symbol, &symbols), Some(symbols[1]));
        assert_eq!(run(&d, Max, Symbol, &symbols), Some(symbols[2]));
    }
}
