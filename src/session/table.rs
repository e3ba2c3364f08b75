//! The answer to a query: named columns and rows, in the order of their values.

use super::decode::{Cell, RowDecoder, RowError};
use crate::analysis::checked::{CheckedProgram, ValueType};
use crate::io::format_value;
use crate::storage::{Code, Dictionary, Rows};
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Rows stay in code form until they are looked at: an answer of millions of rows costs what its codes cost.
#[derive(Clone)]
pub struct Table {
    program: Arc<CheckedProgram>,
    dictionary: Arc<Dictionary>,
    columns: Vec<Arc<str>>,
    types: Vec<ValueType>,
    rows: Rows,
    notes: Vec<String>,
    sought: Option<String>,
    elapsed: Duration,
}

impl Table {
    /// `rows` has one column for each of `columns` and is already in the order to be shown.
    pub(super) fn new(
        program: Arc<CheckedProgram>,
        dictionary: Arc<Dictionary>,
        columns: Vec<(Arc<str>, ValueType)>,
        rows: Rows,
        elapsed: Duration,
    ) -> Table {
        let (columns, types) = columns.into_iter().unzip();
        Table {
            program,
            dictionary,
            columns,
            types,
            rows,
            notes: Vec::new(),
            sought: None,
            elapsed,
        }
    }

    pub(super) fn with_notes(mut self, notes: Vec<String>) -> Table {
        self.notes = notes;
        self
    }

    pub(super) fn with_sought(mut self, sought: Option<String>) -> Table {
        self.sought = sought;
        self
    }

    /// The one atom that an empty answer asked for, `_` for its variables: what can be asked why it does not hold.
    pub fn sought(&self) -> Option<&str> {
        self.sought.as_deref()
    }

    /// What there is to say about an empty answer, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    /// Whether the values of a column are numbers of any kind.
    pub fn is_number(&self, column: usize) -> bool {
        matches!(
            self.types[column],
            ValueType::Number | ValueType::Unsigned | ValueType::Float
        )
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A question without variables: it has no columns, and holds when there is a row.
    pub fn is_yes_or_no(&self) -> bool {
        self.columns.is_empty()
    }

    /// How long the answer took.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The text of one value, as a fact file would hold it.
    pub fn text(&self, row: usize, column: usize) -> String {
        let cell = self.cell(row, column);
        format_value(&self.dictionary, &self.program, cell.ty, cell.code)
    }

    /// The rows as Rust values. Structs and tuples take the columns in order, maps by name, scalars the only column.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<Vec<T>, RowError> {
        (0..self.len())
            .map(|row| {
                T::deserialize(RowDecoder {
                    columns: &self.columns,
                    cells: self.cells(row),
                })
            })
            .collect()
    }

    fn cells(&self, row: usize) -> Vec<Cell<'_>> {
        (0..self.columns.len())
            .map(|column| self.cell(row, column))
            .collect()
    }

    fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        let code: Code = self.rows.column(column)[row];
        Cell {
            program: &self.program,
            dictionary: &self.dictionary,
            ty: self.types[column],
            code,
            depth: 0,
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = f.debug_list();
        for row in 0..self.len() {
            let texts: Vec<String> = (0..self.columns.len())
                .map(|column| self.text(row, column))
                .collect();
            rows.entry(&texts);
        }
        rows.finish()
    }
}

/// `{"columns": ["F"], "rows": [["x"]]}`; an answer may have `"notes": ["…"]` too.
impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object =
            serializer.serialize_struct("Table", 2 + usize::from(!self.notes.is_empty()))?;
        object.serialize_field("columns", &Columns(&self.columns))?;
        object.serialize_field("rows", &AllRows(self))?;
        match self.notes.is_empty() {
            true => object.skip_field("notes")?,
            false => object.serialize_field("notes", &self.notes)?,
        }
        object.end()
    }
}

struct Columns<'a>(&'a [Arc<str>]);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|name| &**name))
    }
}

/// One row after the other, so that a large answer is never held twice.
struct AllRows<'a>(&'a Table);

impl Serialize for AllRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for row in 0..self.0.len() {
            seq.serialize_element(&self.0.cells(row))?;
        }
        seq.end()
    }
}
