//! The types of a program and how they are ordered.
//!
//! Below every kind's *literal type* stands its primitive, below that the subsets a program declares. A literal's type
//! is above all of them, so a constant fits wherever its kind does.

use super::checked::{ShapeId, ValueType};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);

#[derive(Clone, Debug)]
pub enum TypeForm {
    /// What a literal of a kind has before its place gives it a type.
    Literal,
    Subset(TypeId),
    /// Flattened: no member is a union.
    Union(Arc<[TypeId]>),
    Record(ShapeId),
    Adt(ShapeId),
    /// Declared wrongly, which was reported: fits everywhere, so that one mistake gives one error.
    Invalid,
}

#[derive(Clone, Debug)]
pub struct Type {
    pub name: Arc<str>,
    pub form: TypeForm,
    /// Absent for invalid types.
    pub kind: Option<ValueType>,
}

impl TypeId {
    pub const INVALID: TypeId = TypeId(0);
    pub const NUMBER_LITERAL: TypeId = TypeId(1);
    pub const UNSIGNED_LITERAL: TypeId = TypeId(2);
    pub const FLOAT_LITERAL: TypeId = TypeId(3);
    pub const SYMBOL_LITERAL: TypeId = TypeId(4);
    pub const UNSIGNED: TypeId = TypeId(6);
}

/// Every type of a program, aliases resolved.
#[derive(Clone, Debug)]
pub struct Types {
    entries: Vec<Type>,
    by_name: HashMap<Arc<str>, TypeId>,
}

const PRIMITIVES: [(&str, ValueType); 4] = [
    ("number", ValueType::Number),
    ("unsigned", ValueType::Unsigned),
    ("float", ValueType::Float),
    ("symbol", ValueType::Symbol),
];

impl Default for Types {
    fn default() -> Types {
        let mut types = Types {
            entries: vec![Type {
                name: "?".into(),
                form: TypeForm::Invalid,
                kind: None,
            }],
            by_name: HashMap::new(),
        };
        for (name, kind) in PRIMITIVES {
            types.add(Type {
                name: name.into(),
                form: TypeForm::Literal,
                kind: Some(kind),
            });
        }
        for (offset, (name, kind)) in PRIMITIVES.into_iter().enumerate() {
            let id = types.add(Type {
                name: name.into(),
                form: TypeForm::Subset(TypeId(1 + offset as u32)),
                kind: Some(kind),
            });
            types.bind(name.into(), id);
        }
        types
    }
}

impl Types {
    pub fn add(&mut self, entry: Type) -> TypeId {
        self.entries.push(entry);
        TypeId(self.entries.len() as u32 - 1)
    }

    /// Gives a type a name; aliases are further names.
    pub fn bind(&mut self, name: Arc<str>, id: TypeId) {
        self.by_name.insert(name, id);
    }

    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_name.keys()
    }

    pub fn ids(&self) -> impl Iterator<Item = TypeId> {
        (0..self.entries.len() as u32).map(TypeId)
    }

    pub fn get(&self, id: TypeId) -> &Type {
        &self.entries[id.0 as usize]
    }

    pub fn name(&self, id: TypeId) -> &str {
        &self.get(id).name
    }

    pub fn kind(&self, id: TypeId) -> Option<ValueType> {
        self.get(id).kind
    }

    /// The literal type of a kind; records and algebraic types have none above themselves.
    pub fn literal_of(&self, id: TypeId) -> Option<TypeId> {
        literal(self.kind(id)?)
    }

    pub fn is_literal(&self, id: TypeId) -> bool {
        matches!(self.get(id).form, TypeForm::Literal)
    }

    pub fn is_primitive_name(name: &str) -> bool {
        PRIMITIVES.iter().any(|(primitive, _)| *primitive == name)
    }

    /// Whether every value of `below` is one of `above`.
    pub fn is_subtype(&self, below: TypeId, above: TypeId) -> bool {
        if below == above || below == TypeId::INVALID || above == TypeId::INVALID {
            return true;
        }
        if let TypeForm::Union(members) = &self.get(below).form {
            return members.iter().all(|&member| self.is_subtype(member, above));
        }
        if self.chain(below).any(|base| base == above) {
            return true;
        }
        match &self.get(above).form {
            TypeForm::Union(members) => members
                .iter()
                .any(|&member| self.chain(below).any(|base| base == member)),
            _ => false,
        }
    }

    /// A type and what it is a subset of, upwards. Ends, since cyclic types are invalid.
    fn chain(&self, from: TypeId) -> impl Iterator<Item = TypeId> {
        std::iter::successors(Some(from), |&id| match self.get(id).form {
            TypeForm::Subset(base) => Some(base),
            _ => None,
        })
    }

    /// The greatest types below both; empty when there is none.
    pub fn meet(&self, a: TypeId, b: TypeId) -> Vec<TypeId> {
        if a == TypeId::INVALID || b == TypeId::INVALID {
            return vec![TypeId::INVALID];
        }
        if self.is_subtype(a, b) {
            return vec![a];
        }
        if self.is_subtype(b, a) {
            return vec![b];
        }
        match (&self.get(a).form, &self.get(b).form) {
            (TypeForm::Union(members), TypeForm::Union(_)) => members
                .iter()
                .copied()
                .filter(|&member| self.is_subtype(member, b))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The greatest types below one of each.
    pub fn meet_all(&self, known: &[TypeId], bound: TypeId) -> Vec<TypeId> {
        let mut result = Vec::new();
        for &ty in known {
            for common in self.meet(ty, bound) {
                if !result.contains(&common) {
                    result.push(common);
                }
            }
        }
        result
    }
}

pub fn literal(kind: ValueType) -> Option<TypeId> {
    match kind {
        ValueType::Number => Some(TypeId::NUMBER_LITERAL),
        ValueType::Unsigned => Some(TypeId::UNSIGNED_LITERAL),
        ValueType::Float => Some(TypeId::FLOAT_LITERAL),
        ValueType::Symbol => Some(TypeId::SYMBOL_LITERAL),
        ValueType::Record(_) | ValueType::Adt(_) => None,
    }
}
