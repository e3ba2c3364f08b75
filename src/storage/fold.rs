//! Rows of three columns and more as pairs of codes.

use super::Code;
use super::matrix::Axis;
use std::ops::Range;

/// Codes that the second of a pair should tell apart, where the columns have so many: bits of a matrix come in lines, and
/// codes in lists behind a first one.
const SECONDS: u64 = if cfg!(test) { 4 } else { 512 };

/// Rows whose codes lie on axes, one for each column, as pairs: the places of the leading columns, in mixed radix, are the
/// first code, those of the others the second. Pairs are equal exactly when rows are, and ascend as they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    halves: [Box<[Field]>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    axis: Axis,
    /// What the next code on the axis is more in the code of the pair.
    step: u32,
}

impl Field {
    /// What a code adds to its half.
    #[inline]
    fn part(self, code: Code) -> Option<u32> {
        let offset = code.0.wrapping_sub(self.axis.base);
        (offset < self.axis.len).then(|| offset * self.step)
    }
}

/// Rows that agree on all columns but one, as pairs that agree on one code.
#[derive(Clone, Copy)]
pub struct Line {
    field: Field,
    /// The half that the column is in.
    pub half: usize,
    /// Without the column.
    pub pair: [Code; 2],
}

impl Line {
    /// What stands in the half of the column, where the column has such a code.
    #[inline]
    pub fn at(&self, code: Code) -> Option<Code> {
        let part = self.field.part(code)?;
        Some(Code(self.pair[self.half].0 + part))
    }
}

/// Fields that together have at most as many values as there are codes but the last, and how many they have.
fn half(axes: &[Axis]) -> Option<(Box<[Field]>, u32)> {
    let mut fields = Vec::with_capacity(axes.len());
    let mut step = 1u32;
    for &axis in axes.iter().rev() {
        fields.push(Field { axis, step });
        step = step.checked_mul(axis.len.max(1))?;
    }
    fields.reverse();
    Some((fields.into(), step))
}

impl Fold {
    /// `None`: there are too many rows over these axes to be told apart by two codes.
    pub fn over(axes: &[Axis]) -> Option<Fold> {
        let fitting = (1..axes.len()).rev().filter_map(|split| {
            let (firsts, _) = half(&axes[..split])?;
            let (seconds, count) = half(&axes[split..])?;
            let fold = Fold {
                halves: [firsts, seconds],
            };
            Some((u64::from(count), fold))
        });
        let mut best: Option<(u64, Fold)> = None;
        for (count, fold) in fitting {
            if best.as_ref().is_none_or(|(known, _)| *known < SECONDS) {
                best = Some((count, fold));
            }
        }
        best.map(|(_, fold)| fold)
    }

    pub fn axes(&self) -> impl Iterator<Item = Axis> + '_ {
        self.halves.iter().flatten().map(|field| field.axis)
    }

    fn columns(&self, half: usize) -> Range<usize> {
        let split = self.halves[0].len();
        [0..split, split..split + self.halves[1].len()][half].clone()
    }

    /// `None`: a code is off its axis.
    pub fn pair(&self, row: &[Code]) -> Option<[Code; 2]> {
        let mut pair = [Code(0); 2];
        for half in 0..2 {
            let fields = self.halves[half].iter();
            for (field, &code) in fields.zip(&row[self.columns(half)]) {
                pair[half].0 += field.part(code)?;
            }
        }
        Some(pair)
    }

    /// The pairs of rows given column by column; false where a code of any is off its axis, and the pairs mean nothing.
    pub fn pairs(&self, columns: &[&[Code]], rows: Range<usize>, pairs: &mut [Vec<Code>; 2]) -> bool {
        let mut all = true;
        for half in 0..2 {
            let codes = &mut pairs[half];
            codes.clear();
            codes.resize(rows.len(), Code(0));
            for (field, column) in self.halves[half].iter().zip(&columns[self.columns(half)]) {
                for (code, from) in codes.iter_mut().zip(&column[rows.clone()]) {
                    let offset = from.0.wrapping_sub(field.axis.base);
                    all &= offset < field.axis.len;
                    code.0 = code.0.wrapping_add(offset.wrapping_mul(field.step));
                }
            }
        }
        all
    }

    /// The rows of pairs, in place of what is in the columns.
    pub fn rows(&self, pairs: [&[Code]; 2], columns: &mut [Vec<Code>]) {
        for half in 0..2 {
            let fields = &self.halves[half];
            let columns = &mut columns[self.columns(half)];
            for column in columns.iter_mut() {
                column.clear();
                column.reserve(pairs[half].len());
            }
            let mut last = None;
            for &code in pairs[half] {
                let mut rest = code.0;
                let known = last.replace(code) == Some(code);
                for (field, column) in fields.iter().zip(columns.iter_mut()) {
                    match column.last() {
                        Some(&same) if known => column.push(same),
                        _ => {
                            // Most halves are of one field.
                            let (offset, below) = match field.step {
                                1 => (rest, 0),
                                step => (rest / step, rest % step),
                            };
                            rest = below;
                            column.push(Code(field.axis.base + offset));
                        }
                    }
                }
            }
        }
    }

    /// The rows that are as this one but for a column. `None`: another code is off its axis.
    pub fn line(&self, row: &[Code], at: usize) -> Option<Line> {
        let split = self.halves[0].len();
        let (half, place) = match at < split {
            true => (0, at),
            false => (1, at - split),
        };
        let field = self.halves[half][place];
        let mut pair = [Code(0); 2];
        for half in 0..2 {
            for (column, field) in self.columns(half).zip(&self.halves[half]) {
                if column != at {
                    pair[half].0 += field.part(row[column])?;
                }
            }
        }
        Some(Line { field, half, pair })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tries::tries;
    use proptest::prelude::*;

    #[test]
    fn halves_have_fewer_values_than_there_are_codes() {
        let axis = |len: u32| Axis { base: 7, len };
        assert!(Fold::over(&[axis(1 << 16), axis(1 << 16), axis(1 << 16)]).is_none());
        assert!(Fold::over(&[axis(1 << 16), axis((1 << 16) - 1), axis(u32::MAX)]).is_some());
        assert!(Fold::over(&[axis(u32::MAX), axis(1), axis(2), axis(1 << 30)]).is_some());
        assert!(Fold::over(&[axis(u32::MAX), axis(2), axis(u32::MAX)]).is_none());
        // As few columns as tell enough codes apart.
        let fold = Fold::over(&[axis(100), axis(2), axis(3), axis(3)]);
        assert_eq!(fold.map(|fold| fold.columns(1)), Some(2..4));
    }

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn rows_come_back(
            axes in prop::collection::vec((0u32..50, 1u32..6), 3..6),
            seed in prop::collection::vec(prop::collection::vec(0u32..60, 5), 1..40),
            wide in any::<bool>(),
        ) {
            let scale = if wide { 20 } else { 1 };
            let axes: Vec<Axis> = axes.iter().map(|&(base, len)| Axis { base, len: len * scale }).collect();
            let Some(fold) = Fold::over(&axes) else {
                return Ok(());
            };
            prop_assert_eq!(fold.axes().collect::<Vec<_>>(), axes.clone());
            let rows: Vec<Vec<Code>> = seed
                .iter()
                .map(|row| row[..axes.len()].iter().map(|&code| Code(code)).collect())
                .collect();
            let on_axes = |row: &Vec<Code>| row.iter().zip(&axes).all(|(&code, axis)| axis.offset(code).is_some());
            let mut known: Vec<(Vec<Code>, [Code; 2])> = Vec::new();
            for row in &rows {
                let pair = fold.pair(row);
                prop_assert_eq!(pair.is_some(), on_axes(row));
                let column: Vec<&[Code]> = row.iter().map(std::slice::from_ref).collect();
                let mut pairs = [Vec::new(), Vec::new()];
                prop_assert_eq!(fold.pairs(&column, 0..1, &mut pairs), pair.is_some());
                for at in 0..row.len() {
                    let by_line = fold.line(row, at).and_then(|line| {
                        let mut pair = line.pair;
                        pair[line.half] = line.at(row[at])?;
                        Some(pair)
                    });
                    prop_assert_eq!(by_line, pair);
                }
                let Some(pair) = pair else { continue };
                prop_assert_eq!([pairs[0][0], pairs[1][0]], pair);
                for (other, its) in &known {
                    prop_assert_eq!(row.cmp(other), pair.cmp(its));
                }
                known.push((row.clone(), pair));
            }
            let halves: [Vec<Code>; 2] = [0, 1].map(|half| known.iter().map(|(_, pair)| pair[half]).collect());
            let mut columns = vec![Vec::new(); axes.len()];
            fold.rows([&halves[0], &halves[1]], &mut columns);
            for (at, (row, _)) in known.iter().enumerate() {
                let back: Vec<Code> = columns.iter().map(|column| column[at]).collect();
                prop_assert_eq!(row, &back);
            }
        }
    }
}
