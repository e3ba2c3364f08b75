//! The values of `range(from, to, step)`.

use crate::analysis::checked::ValueType;
use crate::storage::{Code, Dictionary};

/// From `from` up to, but not including, `to`; downwards when the step is negative. A step of zero gives `from` once,
/// unless it equals `to`.
pub(crate) enum Steps {
    /// Both integer types: 128 bits hold every step without wrapping.
    Integer {
        next: Option<i128>,
        to: i128,
        step: i128,
        signed: bool,
    },
    Float {
        next: Option<f64>,
        to: f64,
        step: f64,
    },
}

impl Steps {
    /// Without a step: one up, or one down when `from` lies above `to`.
    pub(crate) fn new(
        operand: ValueType,
        from: Code,
        to: Code,
        step: Option<Code>,
        dictionary: &Dictionary,
    ) -> Steps {
        if operand == ValueType::Float {
            let [from, to] = [from, to].map(|code| dictionary.to_float(code));
            let default = if from > to { -1.0 } else { 1.0 };
            return Steps::Float {
                next: Some(from),
                to,
                step: step.map_or(default, |step| dictionary.to_float(step)),
            };
        }
        let signed = operand != ValueType::Unsigned;
        let wide = |code: Code| {
            if signed {
                i128::from(dictionary.to_number(code))
            } else {
                i128::from(dictionary.to_word(code))
            }
        };
        let (from, to) = (wide(from), wide(to));
        let default = if from > to { -1 } else { 1 };
        Steps::Integer {
            next: Some(from),
            to,
            // As in the engine, an unsigned step that stands for a negative number counts down.
            step: step.map_or(default, |step| i128::from(dictionary.to_number(step))),
            signed,
        }
    }

    pub(crate) fn next(&mut self, dictionary: &Dictionary) -> Option<Code> {
        match self {
            Steps::Integer {
                next,
                to,
                step,
                signed,
            } => {
                let value = next.take()?;
                if !inside(&value, to, &0, step) {
                    return None;
                }
                if *step != 0 {
                    *next = Some(value + *step);
                }
                Some(if *signed {
                    dictionary.number(value as i64)
                } else {
                    dictionary.unsigned(value as u64)
                })
            }
            Steps::Float { next, to, step } => {
                let value = next.take()?;
                if !inside(&value, to, &0.0, step) {
                    return None;
                }
                let following = value + *step;
                // A step too small to move would go on for ever.
                if following != value {
                    *next = Some(following);
                }
                Some(dictionary.float(value))
            }
        }
    }

    /// The value itself if it is still to come; nothing is left afterwards.
    pub(crate) fn take(&mut self, value: Code, dictionary: &Dictionary) -> Option<Code> {
        let found = match self {
            Steps::Integer {
                next,
                to,
                step,
                signed,
            } => {
                let from = next.take()?;
                let value = if *signed {
                    i128::from(dictionary.to_number(value))
                } else {
                    i128::from(dictionary.to_word(value))
                };
                match *step {
                    0 => value == from && from != *to,
                    step => {
                        inside(&value, to, &0, &step)
                            && (value - from).signum() != -step.signum()
                            && (value - from) % step == 0
                    }
                }
            }
            Steps::Float { .. } => {
                std::iter::from_fn(|| self.next(dictionary)).any(|code| code == value)
            }
        };
        found.then_some(value)
    }
}

fn inside<T: PartialOrd>(value: &T, to: &T, zero: &T, step: &T) -> bool {
    if step > zero {
        value < to
    } else if step < zero {
        value > to
    } else {
        value != to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let d = Dictionary::new();
        for (from, to, step, expected) in [
            (0, 3, None, vec![0, 1, 2]),
            (3, 0, None, vec![3, 2, 1]),
            (2, 2, None, vec![]),
            (0, 5, Some(2), vec![0, 2, 4]),
            (0, 5, Some(-1), vec![]),
            (5, 0, Some(-2), vec![5, 3, 1]),
            (1, 5, Some(0), vec![1]),
            (1, 1, Some(0), vec![]),
            (i64::MAX - 1, i64::MAX, Some(i64::MAX), vec![i64::MAX - 1]),
        ] {
            let make = || {
                Steps::new(
                    ValueType::Number,
                    d.number(from),
                    d.number(to),
                    step.map(|step| d.number(step)),
                    &d,
                )
            };
            let mut steps = make();
            let got: Vec<i64> = std::iter::from_fn(|| steps.next(&d))
                .map(|code| d.to_number(code))
                .collect();
            assert_eq!(got, expected, "range({from}, {to}, {step:?})");
            for value in -2..7 {
                let taken = make().take(d.number(value), &d).is_some();
                assert_eq!(taken, expected.contains(&value), "{value} in {expected:?}");
            }
        }
    }

    #[test]
    fn ranges_of_other_types() {
        let d = Dictionary::new();
        let mut down = Steps::new(
            ValueType::Unsigned,
            d.unsigned(u64::MAX),
            d.unsigned(u64::MAX - 2),
            None,
            &d,
        );
        assert_eq!(down.next(&d), Some(d.unsigned(u64::MAX)));
        assert_eq!(down.next(&d), Some(d.unsigned(u64::MAX - 1)));
        assert_eq!(down.next(&d), None);
        let float = |from, to, step| {
            Steps::new(
                ValueType::Float,
                d.float(from),
                d.float(to),
                Some(d.float(step)),
                &d,
            )
        };
        let mut half = float(0.0, 1.0, 0.5);
        assert_eq!(half.next(&d), Some(d.float(0.0)));
        assert_eq!(half.next(&d), Some(d.float(0.5)));
        assert_eq!(half.next(&d), None);
        assert!(float(0.0, 1.0, 0.5).take(d.float(0.5), &d).is_some());
        let mut stuck = float(1e300, f64::INFINITY, 1.0);
        assert_eq!(stuck.next(&d), Some(d.float(1e300)));
        assert_eq!(stuck.next(&d), None);
    }
}
