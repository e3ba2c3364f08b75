//! Functors that the embedding program registers: `.functor f(…): …` names one, `@f(…)` calls it.

use super::functor::Fault;
use crate::analysis::checked::{CheckedProgram, Shape, ValueType};
use crate::storage::{Code, Dictionary};
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::Arc;

/// A value as a closure sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(i64),
    Unsigned(u64),
    Float(f64),
    Symbol(String),
    /// `None` is `nil`.
    Record(Option<Vec<Value>>),
    /// The place of the branch in its type's declaration, and the branch's fields.
    Branch(u32, Vec<Value>),
}

type Closure = dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync;

/// Closures by name. Cheap to clone.
///
/// A closure is called for one row at a time, from several threads at once, and must give equal results for equal
/// arguments. With `Err` the rule instance yields nothing and the reason is reported.
#[derive(Clone, Default)]
pub struct Functors {
    by_name: FxHashMap<Arc<str>, Arc<Closure>>,
}

/// Records nested deeper are not handed to closures.
const MOST_NESTED: usize = 200;

impl Functors {
    /// These and one more; one of the same name is replaced.
    pub fn with(
        mut self,
        name: &str,
        closure: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Functors {
        self.by_name.insert(name.into(), Arc::new(closure));
        self
    }

    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Calls the closure of a functor that the program declares.
    pub(super) fn call(
        &self,
        name: &str,
        args: &[Code],
        program: &CheckedProgram,
        dictionary: &Dictionary,
    ) -> Result<Code, Fault> {
        let unknown = || Fault::UnknownFunctor(format!("@{name}"));
        let closure = self.by_name.get(name).ok_or_else(unknown)?;
        let declared = program.functors().iter().find(|known| &*known.name == name);
        let declared = declared.ok_or_else(unknown)?;
        let failed = |reason: String| Fault::Closure(name.to_owned(), reason);
        let values: Option<Vec<Value>> = declared
            .parameters
            .iter()
            .zip(args)
            .map(|(&ty, &code)| decode(code, ty, program, dictionary, MOST_NESTED))
            .collect();
        let values = values.ok_or_else(|| failed("an argument is nested too deep".to_owned()))?;
        let result = closure(&values).map_err(failed)?;
        encode(&result, declared.result, program, dictionary, MOST_NESTED)
            .ok_or_else(|| failed(format!("{result:?} is not of its result type")))
    }
}

impl fmt::Debug for Functors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

fn decode(
    code: Code,
    ty: ValueType,
    program: &CheckedProgram,
    dictionary: &Dictionary,
    depth: usize,
) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let all = |types: &mut dyn Iterator<Item = ValueType>, codes: &[Code]| {
        types
            .zip(codes)
            .map(|(ty, &code)| decode(code, ty, program, dictionary, depth))
            .collect::<Option<Vec<Value>>>()
    };
    Some(match ty {
        ValueType::Number => Value::Number(dictionary.to_number(code)),
        ValueType::Unsigned => Value::Unsigned(dictionary.to_word(code)),
        ValueType::Float => Value::Float(dictionary.to_float(code)),
        ValueType::Symbol => Value::Symbol(dictionary.text(code).to_owned()),
        ValueType::Record(shape) => match (&program[shape], dictionary.fields(code)) {
            (Shape::Record { fields, .. }, Some(codes)) => {
                Value::Record(Some(all(&mut fields.iter().map(|field| field.ty), codes)?))
            }
            _ => Value::Record(None),
        },
        ValueType::Adt(shape) => {
            let Shape::Adt { branches, .. } = &program[shape] else {
                return None;
            };
            if branches.iter().all(|branch| branch.fields.is_empty()) {
                return Some(Value::Branch(code.0, Vec::new()));
            }
            let (ordinal, codes) = dictionary.fields(code)?.split_first()?;
            let fields = &branches.get(ordinal.index())?.fields;
            Value::Branch(
                ordinal.0,
                all(&mut fields.iter().map(|field| field.ty), codes)?,
            )
        }
    })
}

/// `None` when the value is not of the type.
fn encode(
    value: &Value,
    ty: ValueType,
    program: &CheckedProgram,
    dictionary: &Dictionary,
    depth: usize,
) -> Option<Code> {
    let depth = depth.checked_sub(1)?;
    let all = |types: &mut dyn ExactSizeIterator<Item = ValueType>, values: &[Value]| {
        if types.len() != values.len() {
            return None;
        }
        types
            .zip(values)
            .map(|(ty, value)| encode(value, ty, program, dictionary, depth))
            .collect::<Option<Vec<Code>>>()
    };
    match (value, ty) {
        (Value::Number(number), ValueType::Number) => Some(dictionary.number(*number)),
        (Value::Unsigned(number), ValueType::Unsigned) => Some(dictionary.unsigned(*number)),
        (Value::Float(number), ValueType::Float) => Some(dictionary.float(*number)),
        (Value::Symbol(text), ValueType::Symbol) => Some(dictionary.symbol(text)),
        (Value::Record(None), ValueType::Record(_)) => Some(Code::NIL),
        (Value::Record(Some(values)), ValueType::Record(shape)) => match &program[shape] {
            Shape::Record { fields, .. } => {
                let codes = all(&mut fields.iter().map(|field| field.ty), values)?;
                Some(dictionary.record(&codes))
            }
            Shape::Adt { .. } => None,
        },
        (Value::Branch(ordinal, values), ValueType::Adt(shape)) => {
            let Shape::Adt { branches, .. } = &program[shape] else {
                return None;
            };
            let fields = &branches.get(*ordinal as usize)?.fields;
            let codes = all(&mut fields.iter().map(|field| field.ty), values)?;
            if branches.iter().all(|branch| branch.fields.is_empty()) {
                return Some(Code(*ordinal));
            }
            let mut row = vec![Code(*ordinal)];
            row.extend(codes);
            Some(dictionary.record(&row))
        }
        _ => None,
    }
}
