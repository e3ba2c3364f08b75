//! Rows of one block of a file, column by column: what a thread can do before codes are given in the order of the file.

use super::findings::Problem;
use super::layout::{field_value, is_compound};
use super::local::{Symbols, Words};
use super::value::parse_word;
use crate::analysis::checked::{CheckedProgram, Relation, ValueType};
use crate::storage::{Code, Dictionary};
use std::str::from_utf8;

/// What the values of a row need to be read.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub program: &'a CheckedProgram,
    pub relation: &'a Relation,
    pub dictionary: &'a Dictionary,
}

impl Values<'_> {
    /// Codes of records are given while a block is parsed, so blocks must come one after the other.
    pub fn are_ordered(&self) -> bool {
        let mut types = self.relation.attributes.iter().map(|of| of.ty);
        types.any(is_compound)
    }

    /// Takes the field `text[start..end]` as the value of an attribute; `None` when it is none.
    #[inline]
    pub fn take(
        &self,
        attribute: usize,
        text: &[u8],
        (start, end): (usize, usize),
        rows: &mut BlockRows,
    ) -> Option<()> {
        let code = match self.relation.attributes[attribute].ty {
            ValueType::Symbol => rows.symbols.place(text, start, end)?,
            ty if is_compound(ty) => self.value(attribute, &text[start..end]).ok()?,
            ty => {
                let field = from_utf8(&text[start..end]).ok()?;
                let word = parse_word(ty, field, self.program.word_bits()).ok()?;
                rows.words.code(word)
            }
        };
        rows.columns[attribute].push(code);
        Some(())
    }

    /// Why a field is no value of an attribute, if it is none. Interns nothing that would be given another code at another
    /// number of threads.
    pub fn problem(&self, attribute: usize, field: &[u8]) -> Option<Box<Problem>> {
        let word = |ty, text| parse_word(ty, text, self.program.word_bits()).is_ok();
        let sound = match self.relation.attributes[attribute].ty {
            ty if is_compound(ty) => false,
            ty => from_utf8(field).is_ok_and(|text| ty == ValueType::Symbol || word(ty, text)),
        };
        match sound {
            true => None,
            false => self.value(attribute, field).err(),
        }
    }

    fn value(&self, attribute: usize, field: &[u8]) -> Result<Code, Box<Problem>> {
        field_value(
            self.program,
            self.relation,
            &self.relation.attributes[attribute],
            field,
            self.dictionary,
        )
    }
}

/// Rows of a block. Symbols and wide words are numbered there until the block is merged.
#[derive(Default)]
pub(crate) struct BlockRows {
    /// One per attribute; longer than the rows while one is read.
    columns: Vec<Vec<Code>>,
    len: usize,
    symbols: Symbols,
    words: Words,
}

/// How many values were known when a row began.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    symbols: usize,
    words: usize,
}

impl BlockRows {
    /// Forgets everything and goes on with another text, which may hold so many rows.
    pub fn start(&mut self, arity: usize, text: &[u8], room: usize) {
        self.columns.resize_with(arity, Vec::new);
        for column in &mut self.columns {
            column.clear();
            column.reserve(room);
        }
        self.len = 0;
        self.symbols.start(text);
        self.words.clear();
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn column(&self, attribute: usize) -> &[Code] {
        &self.columns[attribute]
    }

    /// Whether a field of the text is UTF-8.
    pub fn is_text(&self, field: &[u8]) -> bool {
        self.symbols.is_text(field)
    }

    /// A field of the text, if it is UTF-8.
    #[inline]
    pub fn text<'t>(&self, field: &'t [u8]) -> Option<&'t str> {
        self.symbols.text(field)
    }

    #[inline]
    pub fn push_word(&mut self, attribute: usize, word: u64) {
        let code = self.words.code(word);
        self.columns[attribute].push(code);
    }

    /// Takes the symbol `text[start..end]`; `None` when it is not UTF-8.
    #[inline]
    pub fn push_symbol(
        &mut self,
        attribute: usize,
        text: &[u8],
        start: usize,
        end: usize,
    ) -> Option<()> {
        let place = self.symbols.place(text, start, end)?;
        self.columns[attribute].push(place);
        Some(())
    }

    /// The values taken since the last row are a row.
    #[inline]
    pub fn end_row(&mut self) {
        self.len += 1;
    }

    pub fn mark(&self) -> Mark {
        Mark {
            symbols: self.symbols.len(),
            words: self.words.len(),
        }
    }

    /// Forgets what a row has left since `mark` that is not to be taken, or not yet.
    pub fn drop_partial_row(&mut self, mark: Mark) {
        for column in &mut self.columns {
            column.truncate(self.len);
        }
        self.symbols.forget(mark.symbols);
        self.words.forget(mark.words);
    }

    /// Puts the codes of symbols that the dictionary knows in place.
    pub fn look_up(&mut self, text: &[u8], values: &Values) {
        let codes = self.symbols.look_up(text, values.dictionary);
        for (attribute, column) in values.relation.attributes.iter().zip(&mut self.columns) {
            if attribute.ty == ValueType::Symbol {
                column
                    .iter_mut()
                    .for_each(|code| *code = codes[code.index()]);
            }
        }
    }

    /// Puts those in place that it did not know, and those of wide words: now all are codes.
    pub fn settle(&mut self, text: &[u8], values: &Values) {
        let symbols = self.symbols.added(text, values.dictionary);
        let words = self.words.codes(values.dictionary);
        for (attribute, column) in values.relation.attributes.iter().zip(&mut self.columns) {
            let codes: &[Code] = match attribute.ty {
                ty if is_compound(ty) => continue,
                ValueType::Symbol => symbols,
                _ => &words,
            };
            if codes.is_empty() {
                continue;
            }
            for code in column.iter_mut().filter(|code| code.0 >= Code::WIDE) {
                *code = codes[(code.0 & !Code::WIDE) as usize];
            }
        }
    }
}
