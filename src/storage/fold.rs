//! Rows of three columns and more as pairs of codes.

use super::Code;
use super::matrix::Axis;
use std::ops::Range;

/// Codes that the second of a pair should tell apart, where the columns have so many: bits of a matrix come in lines, and
/// codes in lists behind a first one.
const SECONDS: u64 = if cfg!(test) { 4 } else { 512 };

/// Rows whose codes lie on axes, one for each column, as pairs: the places of some columns, in mixed radix, are the first
/// code, those of the others the second. Pairs are equal exactly when rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    pub halves: [Half; 2],
}

/// Some columns of rows, as one code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Half {
    /// Ascending.
    columns: Box<[usize]>,
    fields: Box<[Field]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    axis: Axis,
    /// What the next code on the axis is more in the code of the half.
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

impl Half {
    /// Together the columns have at most as many values as there are codes but the last. With how many they have. `None`: they
    /// have more.
    fn over(axes: &[Axis], columns: &[usize]) -> Option<(Half, u32)> {
        let mut fields = Vec::with_capacity(columns.len());
        let mut step = 1u32;
        for &column in columns.iter().rev() {
            let axis = axes[column];
            fields.push(Field { axis, step });
            step = step.checked_mul(axis.len.max(1))?;
        }
        fields.reverse();
        let half = Half {
            columns: columns.into(),
            fields: fields.into(),
        };
        Some((half, step))
    }

    /// A column as it is.
    fn plain(column: usize) -> Half {
        let axis = Axis {
            base: 0,
            len: u32::MAX,
        };
        Half {
            columns: [column].into(),
            fields: [Field { axis, step: 1 }].into(),
        }
    }

    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Whether codes are those of one column as they are.
    pub fn is_plain(&self) -> bool {
        self.fields == Half::plain(0).fields
    }

    /// Whether codes mean the same codes of as many columns, whichever these are.
    pub fn is_like(&self, other: &Half) -> bool {
        self.fields == other.fields
    }

    /// The code for those of the columns. `None`: one is off its axis.
    #[inline]
    pub fn code(&self, codes: impl Iterator<Item = Code>) -> Option<Code> {
        let mut all = 0;
        for (field, code) in self.fields.iter().zip(codes) {
            all += field.part(code)?;
        }
        Some(Code(all))
    }

    /// What the column at a place of the half has where codes are these, in place of what is in `into`.
    pub fn read(&self, place: usize, codes: &[Code], into: &mut Vec<Code>) {
        let Field { axis, step } = self.fields[place];
        into.clear();
        let offsets = codes.iter().map(|code| code.0);
        // Most halves have few columns, and dividing is dear.
        match (place, step) {
            (0, 1) => into.extend(offsets.map(|code| Code(axis.base + code))),
            (0, _) => into.extend(offsets.map(|code| Code(axis.base + code / step))),
            (_, 1) => into.extend(offsets.map(|code| Code(axis.base + code % axis.len))),
            _ => into.extend(offsets.map(|code| Code(axis.base + code / step % axis.len))),
        }
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

impl Fold {
    /// Two columns as they are.
    pub fn plain() -> Fold {
        Fold {
            halves: [0, 1].map(Half::plain),
        }
    }

    /// With the first half of one of these `ways`, the one that leaves both halves with few codes, where that is possible;
    /// otherwise with as few of the last columns in the second half as tell enough codes apart. `None`: there are too many
    /// rows over these axes.
    pub fn over(axes: &[Axis], ways: &[Box<[usize]>]) -> Option<Fold> {
        let divided = |firsts: &[usize]| {
            let seconds: Vec<usize> = (0..axes.len()).filter(|at| !firsts.contains(at)).collect();
            let (first, firsts) = Half::over(axes, firsts)?;
            let (second, seconds) = Half::over(axes, &seconds)?;
            let halves = [first, second];
            Some(([firsts, seconds].map(u64::from), Fold { halves }))
        };
        let wanted = ways.iter().filter_map(|way| divided(way));
        let wanted = wanted.min_by_key(|([firsts, seconds], _)| firsts + seconds);
        if let Some((_, fold)) = wanted {
            return Some(fold);
        }
        let columns: Vec<usize> = (0..axes.len()).collect();
        let mut best: Option<(u64, Fold)> = None;
        let splits = (1..axes.len()).rev();
        for ([_, seconds], fold) in splits.filter_map(|at| divided(&columns[..at])) {
            if best.as_ref().is_none_or(|(known, _)| *known < SECONDS) {
                best = Some((seconds, fold));
            }
        }
        best.map(|(_, fold)| fold)
    }

    /// By column.
    pub fn axes(&self) -> Vec<Axis> {
        let fields = self.halves.iter().flat_map(|half| {
            let fields = half.fields.iter().map(|field| field.axis);
            half.columns.iter().zip(fields)
        });
        let mut axes: Vec<(&usize, Axis)> = fields.collect();
        axes.sort_by_key(|(column, _)| **column);
        axes.into_iter().map(|(_, axis)| axis).collect()
    }

    /// `None`: a code is off its axis.
    pub fn pair(&self, row: &[Code]) -> Option<[Code; 2]> {
        let code = |half: &Half| half.code(half.columns.iter().map(|&column| row[column]));
        Some([code(&self.halves[0])?, code(&self.halves[1])?])
    }

    /// The pairs of rows given column by column; false where a code of any is off its axis, and the pairs mean nothing.
    pub fn pairs(
        &self,
        columns: &[&[Code]],
        rows: Range<usize>,
        pairs: &mut [Vec<Code>; 2],
    ) -> bool {
        let mut all = true;
        for (half, codes) in self.halves.iter().zip(pairs) {
            codes.clear();
            codes.resize(rows.len(), Code(0));
            for (field, &column) in half.fields.iter().zip(&half.columns) {
                for (code, from) in codes.iter_mut().zip(&columns[column][rows.clone()]) {
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
        for (half, codes) in self.halves.iter().zip(pairs) {
            for (place, &column) in half.columns.iter().enumerate() {
                half.read(place, codes, &mut columns[column]);
            }
        }
    }

    /// The rows that are as this one but for a column. `None`: another code is off its axis.
    pub fn line(&self, row: &[Code], at: usize) -> Option<Line> {
        let mut pair = [Code(0); 2];
        let mut free = None;
        for (which, half) in self.halves.iter().enumerate() {
            for (&column, &field) in half.columns.iter().zip(&half.fields) {
                match column == at {
                    true => free = Some((which, field)),
                    false => pair[which].0 += field.part(row[column])?,
                }
            }
        }
        let (half, field) = free?;
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
        let axes = |lens: &[u32]| -> Vec<Axis> {
            let axes = lens.iter().map(|&len| Axis { base: 7, len });
            axes.collect()
        };
        let over = |lens: &[u32], ways: &[&[usize]]| {
            let ways: Vec<Box<[usize]>> = ways.iter().map(|&way| way.into()).collect();
            Fold::over(&axes(lens), &ways)
        };
        assert!(over(&[1 << 16, 1 << 16, 1 << 16], &[]).is_none());
        assert!(over(&[1 << 16, (1 << 16) - 1, u32::MAX], &[]).is_some());
        assert!(over(&[u32::MAX, 1, 2, 1 << 30], &[]).is_some());
        assert!(over(&[u32::MAX, 2, u32::MAX], &[]).is_none());
        let seconds = |fold: Option<Fold>| fold.map(|fold| fold.halves[1].columns().to_vec());
        // As few columns as tell enough codes apart.
        assert_eq!(seconds(over(&[100, 2, 3, 3], &[])), Some(vec![2, 3]));
        assert_eq!(
            seconds(over(&[100, 2, 3, 3], &[&[2], &[0, 2]])),
            Some(vec![1, 3])
        );
        assert_eq!(
            seconds(over(&[100, 2, 3, u32::MAX], &[&[2]])),
            Some(vec![3])
        );
    }

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn rows_come_back(
            axes in prop::collection::vec((0u32..50, 1u32..6), 3..6),
            seed in prop::collection::vec(prop::collection::vec(0u32..60, 5), 1..40),
            wide in any::<bool>(),
            way in prop::collection::btree_set(0usize..3, 0..3),
        ) {
            let scale = if wide { 20 } else { 1 };
            let axes: Vec<Axis> = axes.iter().map(|&(base, len)| Axis { base, len: len * scale }).collect();
            let ways: Vec<Box<[usize]>> = match way.is_empty() {
                true => Vec::new(),
                false => vec![way.into_iter().collect()],
            };
            let Some(fold) = Fold::over(&axes, &ways) else {
                return Ok(());
            };
            prop_assert_eq!(fold.axes(), axes.clone());
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
                    prop_assert_eq!(row == other, pair == *its);
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
