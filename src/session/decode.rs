//! Rows to Rust values: one row of an answer becomes any `serde::Deserialize` struct, tuple, map or scalar.

use crate::analysis::checked::{Attribute, CheckedProgram, Shape, ValueType};
use crate::io::format_value;
use crate::storage::{Code, Dictionary};
use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::fmt;
use std::sync::Arc;

/// A Rust value and a row do not fit together. Names the field and the type that was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RowError {
    message: String,
}

impl RowError {
    pub(super) fn new(message: String) -> RowError {
        RowError { message }
    }

    pub(super) fn expected(attribute: &Attribute, found: &str) -> RowError {
        RowError::new(format!(
            "attribute `{}` takes a {}, not {found}",
            attribute.name, attribute.type_name
        ))
    }

    pub(super) fn length(given: usize, attributes: &[Attribute]) -> RowError {
        let names: Vec<&str> = attributes.iter().map(|a| &*a.name).collect();
        RowError::new(format!(
            "{given} field{} for {} attribute{} ({})",
            if given == 1 { "" } else { "s" },
            names.len(),
            if names.len() == 1 { "" } else { "s" },
            names.join(", ")
        ))
    }

    pub(super) fn no_attribute(name: &str, attributes: &[Attribute]) -> RowError {
        let names: Vec<&str> = attributes.iter().map(|a| &*a.name).collect();
        RowError::new(format!(
            "no attribute `{name}`: there are {}",
            names.join(", ")
        ))
    }

    pub(super) fn not_a_row(found: &str) -> RowError {
        RowError::new(format!("{found} is no row"))
    }

    fn in_column(self, column: &str) -> RowError {
        RowError::new(format!("column `{column}`: {}", self.message))
    }
}

impl serde::ser::Error for RowError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        RowError::new(message.to_string())
    }
}

impl de::Error for RowError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        RowError::new(message.to_string())
    }
}

/// One value of a row, with all that is needed to read it.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
    pub ty: ValueType,
    pub code: Code,
    /// Records and branches around it.
    pub depth: u32,
}

/// Readers of JSON give up at about this depth, and Rust values are built by recursion.
const DEEPEST: u32 = 120;

/// What a cell holds, one level deep.
enum Held<'a> {
    Number(i64),
    Unsigned(u64),
    Float(f64),
    Symbol(&'a str),
    Nil,
    Record(Vec<Cell<'a>>),
    Branch(&'a str, Vec<Cell<'a>>),
}

impl<'a> Cell<'a> {
    fn held(self) -> Held<'a> {
        match self.ty {
            ValueType::Number => Held::Number(self.dictionary.to_number(self.code)),
            ValueType::Unsigned => Held::Unsigned(self.dictionary.to_word(self.code)),
            ValueType::Float => Held::Float(self.dictionary.to_float(self.code)),
            ValueType::Symbol => Held::Symbol(self.dictionary.text(self.code)),
            ValueType::Record(shape) | ValueType::Adt(shape) => match &self.program[shape] {
                Shape::Record { fields, .. } => match self.dictionary.fields(self.code) {
                    Some(codes) => Held::Record(self.children(fields, codes)),
                    None => Held::Nil,
                },
                Shape::Adt { branches, .. } => {
                    let boxed = branches.iter().any(|branch| !branch.fields.is_empty());
                    let codes = match boxed {
                        true => self.dictionary.fields(self.code).unwrap_or(&[]),
                        false => std::slice::from_ref(&self.code),
                    };
                    match codes.split_first() {
                        Some((ordinal, codes)) if ordinal.index() < branches.len() => {
                            let branch = &branches[ordinal.index()];
                            Held::Branch(&branch.name, self.children(&branch.fields, codes))
                        }
                        _ => Held::Nil,
                    }
                }
            },
        }
    }

    fn children(self, fields: &[Attribute], codes: &[Code]) -> Vec<Cell<'a>> {
        fields
            .iter()
            .zip(codes)
            .map(|(field, &code)| Cell {
                ty: field.ty,
                code,
                depth: self.depth + 1,
                ..self
            })
            .collect()
    }
}

/// Numbers as numbers, symbols as text, `nil` as nothing, records as sequences, branches as serde's externally tagged
/// variants. Text stands for what JSON cannot hold: numbers that are infinite or none, and what is nested too deep.
impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.depth > DEEPEST {
            let text = format_value(self.dictionary, self.program, self.ty, self.code);
            return serializer.serialize_str(&text);
        }
        match self.held() {
            Held::Number(value) => serializer.serialize_i64(value),
            Held::Unsigned(value) => serializer.serialize_u64(value),
            Held::Float(value) if value.is_finite() => serializer.serialize_f64(value),
            Held::Float(value) => serializer.serialize_str(&value.to_string()),
            Held::Symbol(text) => serializer.serialize_str(text),
            Held::Nil => serializer.serialize_unit(),
            Held::Record(fields) => Fields(&fields).serialize(serializer),
            Held::Branch(name, fields) if fields.is_empty() => serializer.serialize_str(name),
            Held::Branch(name, fields) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(name, &Fields(&fields))?;
                map.end()
            }
        }
    }
}

struct Fields<'s, 'a>(&'s [Cell<'a>]);

impl Serialize for Fields<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for cell in self.0 {
            seq.serialize_element(cell)?;
        }
        seq.end()
    }
}

impl<'de> Deserializer<'de> for Cell<'de> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        if self.depth > DEEPEST {
            let message = format!("a value is nested deeper than {DEEPEST} levels");
            return Err(RowError::new(message));
        }
        match self.held() {
            Held::Number(value) => visitor.visit_i64(value),
            Held::Unsigned(value) => visitor.visit_u64(value),
            Held::Float(value) => visitor.visit_f64(value),
            Held::Symbol(text) => visitor.visit_borrowed_str(text),
            Held::Nil => visitor.visit_unit(),
            Held::Record(fields) => visit_cells(fields, visitor),
            Held::Branch(name, fields) if fields.is_empty() => visitor.visit_borrowed_str(name),
            Held::Branch(name, fields) => visitor.visit_enum(BranchAccess { name, fields }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.held() {
            Held::Nil => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        match self.held() {
            Held::Symbol(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            Held::Branch(name, fields) => visitor.visit_enum(BranchAccess { name, fields }),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, RowError> for Cell<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// Hands over the cells one by one; all of them must be taken.
fn visit_cells<'de, V: Visitor<'de>>(
    cells: Vec<Cell<'de>>,
    visitor: V,
) -> Result<V::Value, RowError> {
    let mut access = de::value::SeqDeserializer::new(cells.into_iter());
    let value = visitor.visit_seq(&mut access)?;
    access.end()?;
    Ok(value)
}

struct BranchAccess<'de> {
    name: &'de str,
    fields: Vec<Cell<'de>>,
}

impl<'de> EnumAccess<'de> for BranchAccess<'de> {
    type Error = RowError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), RowError> {
        let name: StrDeserializer<'_, RowError> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for BranchAccess<'de> {
    type Error = RowError;

    fn unit_variant(self) -> Result<(), RowError> {
        visit_cells(self.fields, de::IgnoredAny).map(drop)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, RowError> {
        match self.fields.as_slice() {
            [only] => seed.deserialize(*only),
            fields => Err(RowError::new(format!(
                "branch `{}` has {} fields, not one",
                self.name,
                fields.len()
            ))),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, RowError> {
        visit_cells(self.fields, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visit_cells(self.fields, visitor)
    }
}

/// One row of an answer: a sequence of cells, a map by column name where the target asks for one, or its only cell
/// where the target is a scalar.
pub(super) struct RowDecoder<'de> {
    pub columns: &'de [Arc<str>],
    pub cells: Vec<Cell<'de>>,
}

impl<'de> RowDecoder<'de> {
    fn only(&self) -> Option<Cell<'de>> {
        match self.cells.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }
}

macro_rules! scalars {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            match self.only() {
                Some(cell) => cell.$method(visitor).map_err(|e| e.in_column(&self.columns[0])),
                None => self.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for RowDecoder<'de> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        let mut access = RowAccess {
            columns: self.columns,
            cells: self.cells,
            at: 0,
        };
        let value = visitor.visit_seq(&mut access)?;
        match access.cells.len() - access.at {
            0 => Ok(value),
            _ => Err(RowError::new(format!(
                "the answer has {} columns ({}), of which only {} were taken",
                access.cells.len(),
                access.columns.join(", "),
                access.at
            ))),
        }
    }

    scalars! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_option
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.cells.len() {
            0 => visitor.visit_unit(),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        match self.only() {
            Some(cell) => cell.deserialize_enum(name, variants, visitor),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_map(RowAccess {
            columns: self.columns,
            cells: self.cells,
            at: 0,
        })
    }

    forward_to_deserialize_any! { seq tuple tuple_struct struct identifier ignored_any }
}

struct RowAccess<'de> {
    columns: &'de [Arc<str>],
    cells: Vec<Cell<'de>>,
    at: usize,
}

impl<'de> RowAccess<'de> {
    fn value<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, RowError> {
        let at = self.at;
        self.at += 1;
        seed.deserialize(self.cells[at])
            .map_err(|error| error.in_column(&self.columns[at]))
    }
}

impl<'de> SeqAccess<'de> for RowAccess<'de> {
    type Error = RowError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, RowError> {
        if self.at == self.cells.len() {
            return Ok(None);
        }
        self.value(seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.cells.len() - self.at)
    }
}

impl<'de> MapAccess<'de> for RowAccess<'de> {
    type Error = RowError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, RowError> {
        match self.columns.get(self.at) {
            Some(column) => {
                let name: StrDeserializer<'_, RowError> = (**column).into_deserializer();
                seed.deserialize(name).map(Some)
            }
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, RowError> {
        self.value(seed)
    }
}
