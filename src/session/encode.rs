//! Rust values to rows: any `serde::Serialize` struct, tuple or scalar becomes the codes of one row.
//!
//! Fields are matched to attributes in order, because a tuple has nothing else to offer; only maps are matched by name.

use super::decode::RowError;
use crate::analysis::checked::{Attribute, CheckedProgram, Shape, ValueType};
use crate::storage::{Code, Dictionary};
use serde::ser::{self, Impossible, Serialize, Serializer};

/// What a value may refer to while it is turned into codes.
#[derive(Clone, Copy)]
pub(super) struct Encoding<'a> {
    pub program: &'a CheckedProgram,
    pub dictionary: &'a Dictionary,
}

/// The codes of one row for a relation with these attributes.
pub(super) fn encode_row<T: Serialize + ?Sized>(
    encoding: Encoding<'_>,
    attributes: &[Attribute],
    row: &T,
) -> Result<Vec<Code>, RowError> {
    row.serialize(RowEncoder {
        encoding,
        attributes,
    })
}

/// The outermost value: a row, or the only field of a one-column row.
struct RowEncoder<'a> {
    encoding: Encoding<'a>,
    attributes: &'a [Attribute],
}

impl<'a> RowEncoder<'a> {
    fn only_value(self) -> Result<ValueEncoder<'a>, RowError> {
        match self.attributes {
            [attribute] => Ok(ValueEncoder {
                encoding: self.encoding,
                attribute,
            }),
            attributes => Err(RowError::length(1, attributes)),
        }
    }

    fn only_branch(self, name: &str) -> Result<FieldsEncoder<'a, OnlyEnd>, RowError> {
        let branch = self.only_value()?.branch(name)?;
        Ok(FieldsEncoder {
            end: OnlyEnd(branch.end),
            encoding: branch.encoding,
            attributes: branch.attributes,
            lead: branch.lead,
            codes: branch.codes,
            given: branch.given,
            key: branch.key,
        })
    }

    fn fields(self) -> FieldsEncoder<'a, RowEnd> {
        FieldsEncoder::new(self.encoding, self.attributes, Vec::new(), RowEnd)
    }
}

/// One value for one attribute.
struct ValueEncoder<'a> {
    encoding: Encoding<'a>,
    attribute: &'a Attribute,
}

impl<'a> ValueEncoder<'a> {
    fn integer(self, value: i128) -> Result<Code, RowError> {
        let dictionary = self.encoding.dictionary;
        let code = match self.attribute.ty {
            ValueType::Number => i64::try_from(value).ok().map(|v| dictionary.number(v)),
            ValueType::Unsigned => u64::try_from(value).ok().map(|v| dictionary.unsigned(v)),
            // An integer stands for a float where it names exactly one.
            ValueType::Float => (value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS)
                .then(|| dictionary.float(value as f64)),
            _ => None,
        };
        code.ok_or_else(|| self.refuse(&format!("the integer {value}")))
    }

    fn text(self, value: &str) -> Result<Code, RowError> {
        match self.attribute.ty {
            ValueType::Symbol => Ok(self.encoding.dictionary.symbol(value)),
            ValueType::Adt(_) => self.branch(value)?.finish(),
            _ => Err(self.refuse(&format!("the text {value:?}"))),
        }
    }

    fn nil(self) -> Result<Code, RowError> {
        match self.attribute.ty {
            ValueType::Record(_) => Ok(Code::NIL),
            _ => Err(self.refuse("nothing")),
        }
    }

    fn record(self, what: &str) -> Result<FieldsEncoder<'a, TupleEnd>, RowError> {
        if let ValueType::Record(shape) = self.attribute.ty
            && let Shape::Record { fields, .. } = &self.encoding.program[shape]
        {
            return Ok(FieldsEncoder::new(
                self.encoding,
                fields,
                Vec::new(),
                TupleEnd::Record,
            ));
        }
        Err(self.refuse(what))
    }

    fn branch(self, name: &str) -> Result<FieldsEncoder<'a, TupleEnd>, RowError> {
        if let ValueType::Adt(shape) = self.attribute.ty
            && let Shape::Adt { branches, .. } = &self.encoding.program[shape]
            && let Some(at) = branches.iter().position(|branch| &*branch.name == name)
        {
            let ordinal = Code(at as u32);
            let end = if branches.iter().all(|branch| branch.fields.is_empty()) {
                TupleEnd::Ordinal
            } else {
                TupleEnd::Record
            };
            return Ok(FieldsEncoder::new(
                self.encoding,
                &branches[at].fields,
                vec![ordinal],
                end,
            ));
        }
        Err(self.refuse(&format!("the variant `{name}`")))
    }

    fn refuse(&self, found: &str) -> RowError {
        RowError::expected(self.attribute, found)
    }
}

macro_rules! integers {
    ($($method:ident: $ty:ty),* $(,)?) => {
        $(fn $method(self, value: $ty) -> Result<Code, RowError> { self.integer(i128::from(value)) })*
    };
}

impl<'a> Serializer for ValueEncoder<'a> {
    type Ok = Code;
    type Error = RowError;
    type SerializeSeq = FieldsEncoder<'a, TupleEnd>;
    type SerializeTuple = FieldsEncoder<'a, TupleEnd>;
    type SerializeTupleStruct = FieldsEncoder<'a, TupleEnd>;
    type SerializeTupleVariant = FieldsEncoder<'a, TupleEnd>;
    type SerializeMap = FieldsEncoder<'a, TupleEnd>;
    type SerializeStruct = FieldsEncoder<'a, TupleEnd>;
    type SerializeStructVariant = FieldsEncoder<'a, TupleEnd>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
    }

    fn serialize_u128(self, value: u128) -> Result<Code, RowError> {
        match i128::try_from(value) {
            Ok(value) => self.integer(value),
            Err(_) => Err(self.refuse(&format!("the integer {value}"))),
        }
    }

    fn serialize_bool(self, value: bool) -> Result<Code, RowError> {
        Err(self.refuse(&format!("the truth value {value}")))
    }

    fn serialize_f32(self, value: f32) -> Result<Code, RowError> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<Code, RowError> {
        match self.attribute.ty {
            ValueType::Float => Ok(self.encoding.dictionary.float(value)),
            _ => Err(self.refuse(&format!("the float {value}"))),
        }
    }

    fn serialize_char(self, value: char) -> Result<Code, RowError> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<Code, RowError> {
        self.text(value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Code, RowError> {
        Err(self.refuse("bytes"))
    }

    fn serialize_none(self) -> Result<Code, RowError> {
        self.nil()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Code, RowError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Code, RowError> {
        self.nil()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Code, RowError> {
        self.nil()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Code, RowError> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Code, RowError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Code, RowError> {
        let mut fields = self.branch(variant)?;
        fields.push(value)?;
        fields.finish()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, RowError> {
        self.record("a sequence")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, RowError> {
        self.record("a tuple")
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, RowError> {
        self.record(&format!("the struct `{name}`"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, RowError> {
        self.branch(variant)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, RowError> {
        self.record("a map")
    }

    fn serialize_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, RowError> {
        self.record(&format!("the struct `{name}`"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, RowError> {
        self.branch(variant)
    }
}

macro_rules! only_value {
    ($($method:ident($($arg:ident: $ty:ty),*)),* $(,)?) => {
        $(fn $method(self, $($arg: $ty),*) -> Result<Vec<Code>, RowError> {
            Ok(vec![self.only_value()?.$method($($arg),*)?])
        })*
    };
}

impl<'a> Serializer for RowEncoder<'a> {
    type Ok = Vec<Code>;
    type Error = RowError;
    type SerializeSeq = FieldsEncoder<'a, RowEnd>;
    type SerializeTuple = FieldsEncoder<'a, RowEnd>;
    type SerializeTupleStruct = FieldsEncoder<'a, RowEnd>;
    type SerializeTupleVariant = FieldsEncoder<'a, OnlyEnd>;
    type SerializeMap = FieldsEncoder<'a, RowEnd>;
    type SerializeStruct = FieldsEncoder<'a, RowEnd>;
    type SerializeStructVariant = FieldsEncoder<'a, OnlyEnd>;

    only_value! {
        serialize_bool(value: bool),
        serialize_i8(value: i8), serialize_i16(value: i16), serialize_i32(value: i32),
        serialize_i64(value: i64), serialize_i128(value: i128),
        serialize_u8(value: u8), serialize_u16(value: u16), serialize_u32(value: u32),
        serialize_u64(value: u64), serialize_u128(value: u128),
        serialize_f32(value: f32), serialize_f64(value: f64),
        serialize_char(value: char), serialize_str(value: &str), serialize_bytes(value: &[u8]),
        serialize_none(),
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str),
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Vec<Code>, RowError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Vec<Code>, RowError> {
        self.fields().finish()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Vec<Code>, RowError> {
        self.fields().finish()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Vec<Code>, RowError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Vec<Code>, RowError> {
        let code = self
            .only_value()?
            .serialize_newtype_variant(name, index, variant, value)?;
        Ok(vec![code])
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, RowError> {
        Ok(self.fields())
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, RowError> {
        Ok(self.fields())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, RowError> {
        Ok(self.fields())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, RowError> {
        self.only_branch(variant)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, RowError> {
        Ok(self.fields())
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, RowError> {
        Ok(self.fields())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, RowError> {
        self.only_branch(variant)
    }
}

/// What the gathered fields become.
trait End {
    type Whole;
    fn finish(self, codes: Vec<Code>, dictionary: &Dictionary) -> Self::Whole;
}

struct RowEnd;

impl End for RowEnd {
    type Whole = Vec<Code>;
    fn finish(self, codes: Vec<Code>, _: &Dictionary) -> Vec<Code> {
        codes
    }
}

#[derive(Clone, Copy)]
enum TupleEnd {
    Record,
    /// A branch of a type in which no branch has fields.
    Ordinal,
}

impl End for TupleEnd {
    type Whole = Code;
    fn finish(self, codes: Vec<Code>, dictionary: &Dictionary) -> Code {
        match (self, codes.first()) {
            (TupleEnd::Ordinal, Some(&ordinal)) => ordinal,
            _ => dictionary.record(&codes),
        }
    }
}

/// A row whose only value is a branch.
struct OnlyEnd(TupleEnd);

impl End for OnlyEnd {
    type Whole = Vec<Code>;
    fn finish(self, codes: Vec<Code>, dictionary: &Dictionary) -> Vec<Code> {
        vec![self.0.finish(codes, dictionary)]
    }
}

/// Gathers the fields of a row, record or branch.
struct FieldsEncoder<'a, E> {
    encoding: Encoding<'a>,
    attributes: &'a [Attribute],
    /// Codes that precede the first field: the ordinal of a branch.
    lead: Vec<Code>,
    codes: Vec<Option<Code>>,
    given: usize,
    /// The attribute the next value of a map goes to.
    key: Option<usize>,
    end: E,
}

impl<'a, E: End> FieldsEncoder<'a, E> {
    fn new(encoding: Encoding<'a>, attributes: &'a [Attribute], lead: Vec<Code>, end: E) -> Self {
        FieldsEncoder {
            encoding,
            attributes,
            lead,
            codes: vec![None; attributes.len()],
            given: 0,
            key: None,
            end,
        }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), RowError> {
        let at = self.key.take().unwrap_or(self.given);
        self.given += 1;
        // Too many fields: counted here, reported by `finish` with the whole length.
        let Some(attribute) = self.attributes.get(at) else {
            return Ok(());
        };
        let code = value.serialize(ValueEncoder {
            encoding: self.encoding,
            attribute,
        })?;
        self.codes[at] = Some(code);
        Ok(())
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), RowError> {
        let name = key.serialize(KeyText)?;
        let at = self.attributes.iter().position(|a| *a.name == *name);
        self.key = Some(at.ok_or_else(|| RowError::no_attribute(&name, self.attributes))?);
        Ok(())
    }

    fn finish(self) -> Result<E::Whole, RowError> {
        if self.given != self.attributes.len() {
            return Err(RowError::length(self.given, self.attributes));
        }
        let codes: Option<Vec<Code>> = self.codes.into_iter().collect();
        // A map that names one attribute twice leaves another one out.
        let codes = codes.ok_or_else(|| RowError::length(self.given, self.attributes))?;
        let mut whole = self.lead;
        whole.extend(codes);
        Ok(self.end.finish(whole, self.encoding.dictionary))
    }
}

macro_rules! compound {
    ($($trait:ident::$method:ident($($name:ident: $ty:ty)?)),* $(,)?) => {
        $(impl<E: End> ser::$trait for FieldsEncoder<'_, E> {
            type Ok = E::Whole;
            type Error = RowError;
            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $ty,)? value: &T) -> Result<(), RowError> {
                $(let _ = $name;)?
                self.push(value)
            }
            fn end(self) -> Result<E::Whole, RowError> {
                self.finish()
            }
        })*
    };
}

compound! {
    SerializeSeq::serialize_element(),
    SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(),
    SerializeTupleVariant::serialize_field(),
    SerializeStruct::serialize_field(key: &'static str),
    SerializeStructVariant::serialize_field(key: &'static str),
}

impl<E: End> ser::SerializeMap for FieldsEncoder<'_, E> {
    type Ok = E::Whole;
    type Error = RowError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), RowError> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), RowError> {
        self.push(value)
    }

    fn end(self) -> Result<E::Whole, RowError> {
        self.finish()
    }
}

/// Takes the key of a map, which must be text.
struct KeyText;

macro_rules! no_key {
    ($($method:ident($($ty:ty),*) -> $ok:ty),* $(,)?) => {
        $(fn $method(self, $(_: $ty),*) -> Result<$ok, RowError> {
            Err(RowError::not_a_row("a map whose keys are not text"))
        })*
    };
}

impl Serializer for KeyText {
    type Ok = String;
    type Error = RowError;
    type SerializeSeq = Impossible<String, RowError>;
    type SerializeTuple = Impossible<String, RowError>;
    type SerializeTupleStruct = Impossible<String, RowError>;
    type SerializeTupleVariant = Impossible<String, RowError>;
    type SerializeMap = Impossible<String, RowError>;
    type SerializeStruct = Impossible<String, RowError>;
    type SerializeStructVariant = Impossible<String, RowError>;

    fn serialize_str(self, value: &str) -> Result<String, RowError> {
        Ok(value.to_owned())
    }

    fn serialize_char(self, value: char) -> Result<String, RowError> {
        Ok(value.to_string())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<String, RowError> {
        Ok(variant.to_owned())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, RowError> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, RowError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, RowError> {
        Err(RowError::not_a_row("a map whose keys are not text"))
    }

    no_key! {
        serialize_bool(bool) -> String,
        serialize_i8(i8) -> String, serialize_i16(i16) -> String, serialize_i32(i32) -> String,
        serialize_i64(i64) -> String,
        serialize_u8(u8) -> String, serialize_u16(u16) -> String, serialize_u32(u32) -> String,
        serialize_u64(u64) -> String,
        serialize_f32(f32) -> String, serialize_f64(f64) -> String,
        serialize_bytes(&[u8]) -> String,
        serialize_none() -> String, serialize_unit() -> String,
        serialize_unit_struct(&'static str) -> String,
        serialize_seq(Option<usize>) -> Self::SerializeSeq,
        serialize_tuple(usize) -> Self::SerializeTuple,
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant,
        serialize_map(Option<usize>) -> Self::SerializeMap,
        serialize_struct(&'static str, usize) -> Self::SerializeStruct,
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant,
    }
}
