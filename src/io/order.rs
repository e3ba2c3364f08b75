//! The order of rows in output: by value, column by column, whatever codes the values happen to have.
//!
//! Numbers ascend with their sign, floats as IEEE 754 totalOrder has them, symbols by bytes; `nil` comes first, records
//! compare field by field, ADTs by branch in order of declaration, then field by field.

use crate::analysis::checked::{CheckedProgram, ValueType};
use crate::engine::compare_values as compare;
use crate::storage::{Code, Dictionary, Rows};
use rayon::prelude::*;
use std::cmp::Ordering;

/// Sorts rows by value. `types` are those of the columns. At one thread nothing runs in parallel.
/// Distinct values are sorted once per column; rows are then compared by the ranks of their values.
pub fn sort_rows(
    rows: Rows,
    types: &[ValueType],
    program: &CheckedProgram,
    dictionary: &Dictionary,
    threads: usize,
) -> Rows {
    if rows.arity() == 0 || rows.len() < 2 {
        return rows;
    }
    let parallel = threads > 1;
    let ranks: Vec<Ranks> = types
        .iter()
        .enumerate()
        .map(|(at, &ty)| Ranks::of(rows.column(at), ty, program, dictionary, parallel))
        .collect();
    let bits: u32 = ranks.iter().map(|ranks| ranks.bits).sum();
    if bits <= 64 {
        sort_packed::<u64>(rows, &ranks, parallel)
    } else if bits <= 128 {
        sort_packed::<u128>(rows, &ranks, parallel)
    } else {
        sort_by_columns(rows, &ranks, parallel)
    }
}

/// The places of a column's values among each other.
struct Ranks {
    kind: Kind,
    /// Enough for every rank.
    bits: u32,
}

enum Kind {
    /// Numbers: narrow words lie between the `below` lowest wide ones and the others.
    Words {
        below: u32,
        /// By the index of a wide word.
        wide: Vec<u32>,
        /// Wide codes in ascending order of value.
        ascending: Vec<Code>,
    },
    /// Symbols, records, ADTs.
    Dense {
        rank: Vec<u32>,
        ascending: Vec<Code>,
    },
}

impl Ranks {
    fn of(
        column: &[Code],
        ty: ValueType,
        program: &CheckedProgram,
        dictionary: &Dictionary,
        parallel: bool,
    ) -> Ranks {
        let words = matches!(
            ty,
            ValueType::Number | ValueType::Unsigned | ValueType::Float
        );
        let base = if words { Code::WIDE } else { 0 };
        let mut ascending = distinct(column, base);
        let compare = |&left: &Code, &right: &Code| compare(program, dictionary, ty, left, right);
        if ty == ValueType::Symbol {
            sort_symbols(&mut ascending, dictionary, parallel);
        } else if parallel {
            ascending.par_sort_unstable_by(compare);
        } else {
            ascending.sort_unstable_by(compare);
        }
        let table = ascending
            .iter()
            .map(|code| code.0 - base + 1)
            .max()
            .unwrap_or(0);
        let mut rank = vec![0u32; table as usize];
        if !words {
            for (at, code) in ascending.iter().enumerate() {
                rank[code.index()] = at as u32;
            }
            let bits = bits_of(ascending.len().saturating_sub(1) as u32);
            return Ranks {
                kind: Kind::Dense { rank, ascending },
                bits,
            };
        }
        let zero = Code(0);
        let below = ascending.partition_point(|wide| compare(wide, &zero) == Ordering::Less) as u32;
        for (at, code) in ascending.iter().enumerate() {
            let at = at as u32;
            rank[(code.0 - base) as usize] = if at < below { at } else { Code::WIDE + at };
        }
        let highest = if ascending.len() as u32 > below {
            Code::WIDE + ascending.len() as u32
        } else {
            let narrow = column.iter().filter(|code| code.0 < Code::WIDE).max();
            narrow.map_or(0, |code| code.0) + below
        };
        Ranks {
            kind: Kind::Words {
                below,
                wide: rank,
                ascending,
            },
            bits: bits_of(highest),
        }
    }

    fn rank(&self, code: Code) -> u32 {
        match &self.kind {
            Kind::Dense { rank, .. } => rank[code.index()],
            Kind::Words { below, wide, .. } => match code.0.checked_sub(Code::WIDE) {
                None => code.0 + below,
                Some(at) => wide[at as usize],
            },
        }
    }

    fn code(&self, rank: u32) -> Code {
        match &self.kind {
            Kind::Dense { ascending, .. } => ascending[rank as usize],
            Kind::Words {
                below, ascending, ..
            } => {
                if rank < *below {
                    ascending[rank as usize]
                } else if rank - below < Code::WIDE {
                    Code(rank - below)
                } else {
                    ascending[(rank - Code::WIDE) as usize]
                }
            }
        }
    }
}

/// By bytes. The first eight are kept beside each symbol: they mostly decide.
fn sort_symbols(symbols: &mut [Code], dictionary: &Dictionary, parallel: bool) {
    let mut keyed: Vec<(u64, &str, Code)> = symbols
        .iter()
        .map(|&code| {
            let text = dictionary.text(code);
            let mut start = [0; 8];
            let len = text.len().min(8);
            start[..len].copy_from_slice(&text.as_bytes()[..len]);
            (u64::from_be_bytes(start), text, code)
        })
        .collect();
    if parallel {
        keyed.par_sort_unstable();
    } else {
        keyed.sort_unstable();
    }
    for (place, (_, _, code)) in symbols.iter_mut().zip(keyed) {
        *place = code;
    }
}

fn bits_of(highest: u32) -> u32 {
    (32 - highest.leading_zeros()).max(1)
}

/// The codes from `base` on that a column holds, each once.
fn distinct(column: &[Code], base: u32) -> Vec<Code> {
    let offsets = || column.iter().filter_map(|code| code.0.checked_sub(base));
    let Some(highest) = offsets().max() else {
        return Vec::new();
    };
    let mut seen = vec![0u64; highest as usize / 64 + 1];
    for at in offsets() {
        seen[at as usize / 64] |= 1 << (at % 64);
    }
    let mut found = Vec::new();
    for (word, &bits) in seen.iter().enumerate() {
        let mut bits = bits;
        while bits != 0 {
            found.push(Code(base + word as u32 * 64 + bits.trailing_zeros()));
            bits &= bits - 1;
        }
    }
    found
}

/// A row's ranks in one word, the first column highest.
trait Key: Copy + Ord + Send + Default {
    fn push(self, rank: u32, bits: u32) -> Self;
    fn pop(&mut self, bits: u32) -> u32;
}

macro_rules! key {
    ($word:ty) => {
        impl Key for $word {
            fn push(self, rank: u32, bits: u32) -> Self {
                self << bits | Self::from(rank)
            }

            fn pop(&mut self, bits: u32) -> u32 {
                let rank = *self & ((1 << bits) - 1);
                *self >>= bits;
                rank as u32
            }
        }
    };
}

key!(u64);
key!(u128);

fn sort_packed<K: Key>(rows: Rows, ranks: &[Ranks], parallel: bool) -> Rows {
    let len = rows.len();
    let mut columns = rows.into_columns();
    let key = |columns: &[Vec<Code>], row: usize| {
        columns
            .iter()
            .zip(ranks)
            .fold(K::default(), |key, (column, ranks)| {
                key.push(ranks.rank(column[row]), ranks.bits)
            })
    };
    let mut last = K::default();
    let sorted = (0..len).all(|row| {
        let before = std::mem::replace(&mut last, key(&columns, row));
        before <= last
    });
    if sorted {
        return Rows::from_columns(columns);
    }
    let mut keys: Vec<K> = (0..len).map(|row| key(&columns, row)).collect();
    if parallel {
        keys.par_sort_unstable();
    } else {
        keys.sort_unstable();
    }
    for (row, mut key) in keys.into_iter().enumerate() {
        for (column, ranks) in columns.iter_mut().zip(ranks).rev() {
            column[row] = ranks.code(key.pop(ranks.bits));
        }
    }
    Rows::from_columns(columns)
}

fn sort_by_columns(rows: Rows, ranks: &[Ranks], parallel: bool) -> Rows {
    let len = rows.len();
    let columns = rows.into_columns();
    let compare = |&left: &usize, &right: &usize| {
        columns
            .iter()
            .zip(ranks)
            .map(|(column, ranks)| ranks.rank(column[left]).cmp(&ranks.rank(column[right])))
            .find(|&order| order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    };
    let mut order: Vec<usize> = (0..len).collect();
    if parallel {
        order.par_sort_unstable_by(compare);
    } else {
        order.sort_unstable_by(compare);
    }
    let sorted = columns
        .iter()
        .map(|column| order.iter().map(|&row| column[row]).collect())
        .collect();
    Rows::from_columns(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::checked::RelationId;
    use crate::io::parse_value;
    use crate::io::testing::{print_rows, program};
    use crate::tries::tries;
    use proptest::prelude::*;

    /// Sorts rows given as `a|b`.
    fn check(declared: &str, rows: &[&str], threads: usize) -> String {
        let program = program(declared);
        let dictionary = Dictionary::new();
        let attributes = &program[RelationId(0)].attributes;
        let types: Vec<ValueType> = attributes.iter().map(|attribute| attribute.ty).collect();
        let mut gathered = Rows::new(types.len());
        for row in rows {
            let codes: Vec<Code> = row
                .split('|')
                .zip(&types)
                .map(|(text, &ty)| parse_value(&program, ty, text, &dictionary).unwrap())
                .collect();
            gathered.push(&codes);
        }
        let sorted = sort_rows(gathered, &types, &program, &dictionary, threads);
        print_rows(&program, &dictionary, &sorted)
    }

    #[test]
    fn rows_sort_by_value() {
        for (declared, rows, expected) in [
            (
                "x: number",
                &[
                    "5",
                    "-1",
                    "9000000000",
                    "-9000000000",
                    "0",
                    "2147483648",
                    "2147483647",
                ][..],
                "(-9000000000) (-1) (0) (5) (2147483647) (2147483648) (9000000000)",
            ),
            (
                "x: unsigned",
                &["18446744073709551615", "0", "9000000000"],
                "(0) (9000000000) (18446744073709551615)",
            ),
            (
                "x: float",
                &["1.5", "-0", "0", "-inf", "1e300", "-2"],
                "(-inf) (-2) (-0) (0) (1.5) (1.0000000000000001e+300)",
            ),
            (
                "x: symbol, y: number",
                &["b|1", "é|0", "a|-2", "B|3", "a|-9", "b|0"],
                "(B|3) (a|-9) (a|-2) (b|0) (b|1) (é|0)",
            ),
            (
                "x: Pair",
                &["[2, a]", "[10, a]", "nil", "[2, B]"],
                "(nil) ([2, B]) ([2, a]) ([10, a])",
            ),
            (
                "x: Tree, y: Color",
                &[
                    "$Node($Leaf, b, $Leaf)|$Red",
                    "$Node($Leaf, a, $Leaf)|$Green",
                    "$Leaf|$Green",
                    "$Leaf|$Red",
                ],
                "($Leaf|$Red) ($Leaf|$Green) ($Node($Leaf, a, $Leaf)|$Green) ($Node($Leaf, b, $Leaf)|$Red)",
            ),
            (
                "a: symbol, b: number, c: number, d: number, e: number",
                &["x|-1|-1|-1|2", "x|-1|-1|-1|-1", "w|9|9|9|9"],
                "(w|9|9|9|9) (x|-1|-1|-1|-1) (x|-1|-1|-1|2)",
            ),
            (
                "a: number, b: number, c: number, d: number, e: number",
                &[
                    "-1|-1|-1|-1|2147483648",
                    "-1|-1|-1|-1|-1",
                    "-2|2147483648|-1|-1|2147483648",
                ],
                "(-2|2147483648|-1|-1|2147483648) (-1|-1|-1|-1|-1) (-1|-1|-1|-1|2147483648)",
            ),
        ] {
            for threads in [1, 2] {
                assert_eq!(check(declared, rows, threads), expected);
            }
        }
    }

    proptest! {
        #![proptest_config(tries(256))]

        #[test]
        fn sorting_agrees_with_comparing(
            rows in prop::collection::vec((any::<i64>(), -3i64..3, "[ab]{0,2}"), 0..20),
            wide in any::<bool>(),
        ) {
            let text: Vec<String> = rows
                .iter()
                .map(|(x, y, s)| format!("{y}|{s}|{}", if wide { *x } else { x % 4 }))
                .collect();
            let text: Vec<&str> = text.iter().map(String::as_str).collect();
            let mut expected: Vec<(i64, &str, i64)> = rows
                .iter()
                .map(|(x, y, s)| (*y, &**s, if wide { *x } else { x % 4 }))
                .collect();
            expected.sort();
            let expected: Vec<String> = expected
                .iter()
                .map(|(y, s, x)| format!("({y}|{s}|{x})"))
                .collect();
            let sorted = check("y: number, s: symbol, x: number", &text, 1);
            prop_assert_eq!(sorted, expected.join(" "));
        }
    }
}
