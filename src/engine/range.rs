//! The values of `range`, for a batch of bindings.

use super::evaluate::{Columns, Context};
use super::pipeline::Expression;
use super::worker::Batch;
use crate::analysis::checked::ValueType;
use crate::storage::{Code, Dictionary};

/// One progression for each row, handed out piece by piece: a range can be longer than any batch.
pub struct Ranges<'a> {
    dictionary: &'a Dictionary,
    /// The row each progression belongs to. Ascending.
    progressions: Vec<(u32, Progression)>,
    at: usize,
}

impl<'a> Ranges<'a> {
    pub fn new(
        from: &Expression,
        to: &Expression,
        step: Option<&Expression>,
        operand: ValueType,
        batch: &Batch,
        context: &Context<'a>,
    ) -> Ranges<'a> {
        let dictionary = context.dictionary;
        let args: Vec<Expression> = [Some(from), Some(to), step]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let mut progressions = Vec::new();
        Columns::of(&args, batch, context).each(batch.len, |row, codes| {
            let step = codes.get(2).copied();
            progressions.push((
                row,
                Progression::new(codes[0], codes[1], step, operand, dictionary),
            ));
        });
        Ranges {
            dictionary,
            progressions,
            at: 0,
        }
    }

    /// Appends values and the rows they belong to until there are `limit`; false when that was all.
    pub fn fill(&mut self, limit: usize, values: &mut Vec<Code>, rows: &mut Vec<u32>) -> bool {
        while let Some((row, progression)) = self.progressions.get_mut(self.at) {
            if values.len() >= limit {
                return true;
            }
            match progression.next() {
                Some(word) => {
                    values.push(self.dictionary.word(word));
                    rows.push(*row);
                }
                None => self.at += 1,
            }
        }
        false
    }
}

/// From `next` up or down to `end`, which is not reached; a step of zero gives the start alone, unless it is the end.
enum Progression {
    /// Wide enough that no step from a 64-bit bound wraps.
    Integer {
        next: i128,
        end: i128,
        step: i128,
    },
    Float {
        next: f64,
        end: f64,
        step: f64,
    },
    Done,
}

impl Progression {
    fn new(
        from: Code,
        to: Code,
        step: Option<Code>,
        operand: ValueType,
        dictionary: &Dictionary,
    ) -> Progression {
        if operand == ValueType::Float {
            let (next, end) = (dictionary.to_float(from), dictionary.to_float(to));
            let step = step.map_or(if next > end { -1.0 } else { 1.0 }, |step| {
                dictionary.to_float(step)
            });
            return Progression::Float { next, end, step };
        }
        let integer = |code| match operand {
            ValueType::Unsigned => i128::from(dictionary.to_word(code)),
            _ => i128::from(dictionary.to_number(code)),
        };
        let (next, end) = (integer(from), integer(to));
        // The step of an unsigned range is a word as well: one that stands for a negative number counts down.
        let step = step.map_or(if next > end { -1 } else { 1 }, |step| {
            i128::from(dictionary.to_number(step))
        });
        Progression::Integer { next, end, step }
    }
}

impl Iterator for Progression {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        match *self {
            Progression::Integer { next, end, step } => {
                let inside = if step > 0 {
                    next < end
                } else if step < 0 {
                    next > end
                } else {
                    next != end
                };
                if !inside {
                    return None;
                }
                *self = if step == 0 {
                    Progression::Done
                } else {
                    Progression::Integer {
                        next: next + step,
                        end,
                        step,
                    }
                };
                Some(next as u64)
            }
            Progression::Float { next, end, step } => {
                let inside = if step > 0.0 {
                    next < end
                } else if step < 0.0 {
                    next > end
                } else {
                    next != end
                };
                if !inside {
                    return None;
                }
                // Too small a step, or a step of zero, would stand still for ever.
                *self = if next + step == next {
                    Progression::Done
                } else {
                    Progression::Float {
                        next: next + step,
                        end,
                        step,
                    }
                };
                Some(next.to_bits())
            }
            Progression::Done => None,
        }
    }
}
