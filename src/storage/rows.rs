//! Rows of codes: in any order while they are gathered, sorted and distinct once they are at rest.

use super::{Code, radix};

/// Rows in any order, column by column. All columns have the same length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    columns: Vec<Vec<Code>>,
    /// Kept apart from the columns, for relations that have none.
    len: usize,
}

impl Rows {
    pub fn new(arity: usize) -> Rows {
        Rows {
            columns: vec![Vec::new(); arity],
            len: 0,
        }
    }

    /// Panics when the columns differ in length: a bug of the caller, never of the data.
    pub fn from_columns(columns: Vec<Vec<Code>>) -> Rows {
        let len = columns.first().map_or(0, Vec::len);
        assert!(
            columns.iter().all(|column| column.len() == len),
            "columns of one relation have one length"
        );
        Rows { columns, len }
    }

    /// The relation without columns: it has one row or none.
    pub fn nullary(present: bool) -> Rows {
        Rows {
            columns: Vec::new(),
            len: usize::from(present),
        }
    }

    pub fn arity(&self) -> usize {
        self.columns.len()
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn push(&mut self, row: &[Code]) {
        assert_eq!(
            row.len(),
            self.columns.len(),
            "a row has the arity of its relation"
        );
        for (column, &code) in self.columns.iter_mut().zip(row) {
            column.push(code);
        }
        self.len += 1;
    }

    pub fn column(&self, at: usize) -> &[Code] {
        &self.columns[at]
    }

    /// Adds all rows of another relation of the same arity.
    pub fn append(&mut self, other: &Rows) {
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.extend_from_slice(more);
        }
        self.len += other.len;
    }

    /// Adds so many rows, given column by column. Panics when a column is shorter.
    pub fn append_columns<'c>(&mut self, columns: impl Iterator<Item = &'c [Code]>, len: usize) {
        for (column, more) in self.columns.iter_mut().zip(columns) {
            column.extend_from_slice(&more[..len]);
        }
        self.len += len;
    }

    /// The given columns, in the given order. Rows may repeat.
    pub fn project(&self, columns: &[usize]) -> Rows {
        Rows {
            columns: columns.iter().map(|&at| self.columns[at].clone()).collect(),
            len: self.len,
        }
    }

    /// The rows ascending by one column, in their present order where they agree on it.
    pub fn sorted_by(&self, column: usize) -> Rows {
        let mut order: Vec<u64> = self.columns[column]
            .iter()
            .enumerate()
            .map(|(at, code)| u64::from(code.0) << 32 | at as u64)
            .collect();
        radix::sort_by_first(&mut order, &mut Vec::new());
        let sorted = |codes: &Vec<Code>| {
            order
                .iter()
                .map(|&key| codes[key as u32 as usize])
                .collect()
        };
        Rows {
            columns: self.columns.iter().map(sorted).collect(),
            len: self.len,
        }
    }

    pub fn into_columns(self) -> Vec<Vec<Code>> {
        self.columns
    }

    /// Appends the rows one after the other.
    pub fn gather(&self, codes: &mut Vec<Code>) {
        codes.reserve(self.len * self.columns.len());
        for at in 0..self.len {
            codes.extend(self.columns.iter().map(|column| column[at]));
        }
    }

    pub fn row(&self, at: usize) -> Vec<Code> {
        self.columns.iter().map(|column| column[at]).collect()
    }

    /// Whether a row is among these. O(rows).
    pub fn has(&self, row: &[Code]) -> bool {
        let [first, rest @ ..] = row else {
            return self.len > 0;
        };
        let mut found = (0..self.len).filter(|&at| self.columns[0][at] == *first);
        found.any(|at| {
            let mut rest = rest.iter().zip(&self.columns[1..]);
            rest.all(|(code, column)| column[at] == *code)
        })
    }

    /// Calls back with each row.
    pub fn each(&self, mut act: impl FnMut(&[Code])) {
        let mut row = vec![Code::default(); self.arity()];
        for at in 0..self.len {
            for (code, column) in row.iter_mut().zip(&self.columns) {
                *code = column[at];
            }
            act(&row);
        }
    }

    /// The rows that `keeps` holds of, in their order.
    pub fn filtered(&self, mut keeps: impl FnMut(&[Code]) -> bool) -> Rows {
        let mut kept = Rows::new(self.arity());
        self.each(|row| {
            if keeps(row) {
                kept.push(row);
            }
        });
        kept
    }

    pub fn iter(&self) -> impl Iterator<Item = Vec<Code>> + '_ {
        (0..self.len).map(|at| self.row(at))
    }
}
