//! The order of values, whatever codes they happen to have.
//!
//! Numbers ascend with their sign, floats as IEEE 754 totalOrder has them, symbols by bytes; `nil` comes first, records
//! compare field by field, ADTs by branch in order of declaration, then field by field.

use crate::analysis::checked::{Attribute, CheckedProgram, Shape, ValueType};
use crate::storage::{Code, Dictionary};
use std::cmp::Ordering;

/// Compares two values, nested ones with a stack of its own.
pub fn compare(
    program: &CheckedProgram,
    dictionary: &Dictionary,
    ty: ValueType,
    left: Code,
    right: Code,
) -> Ordering {
    let mut todo = vec![(ty, left, right)];
    while let Some((ty, left, right)) = todo.pop() {
        if left == right {
            continue;
        }
        let (left_word, right_word) = (dictionary.to_word(left), dictionary.to_word(right));
        let order = match ty {
            ValueType::Number => (left_word as i64).cmp(&(right_word as i64)),
            ValueType::Unsigned => left_word.cmp(&right_word),
            ValueType::Float => f64::from_bits(left_word).total_cmp(&f64::from_bits(right_word)),
            ValueType::Symbol => dictionary.text(left).cmp(dictionary.text(right)),
            ValueType::Record(shape) => match (dictionary.fields(left), dictionary.fields(right)) {
                (Some(left), Some(right)) => {
                    if let Shape::Record { fields, .. } = &program[shape] {
                        push_fields(&mut todo, fields, left, right);
                    }
                    continue;
                }
                (left, right) => left.is_some().cmp(&right.is_some()),
            },
            ValueType::Adt(shape) => {
                let Shape::Adt { branches, .. } = &program[shape] else {
                    continue;
                };
                let fields = |code| match branches.iter().all(|branch| branch.fields.is_empty()) {
                    true => None,
                    false => dictionary.fields(code),
                };
                match (fields(left), fields(right)) {
                    (Some([left_branch, left @ ..]), Some([right_branch, right @ ..])) => {
                        if left_branch == right_branch
                            && let Some(branch) = branches.get(left_branch.index())
                        {
                            push_fields(&mut todo, &branch.fields, left, right);
                        }
                        left_branch.cmp(right_branch)
                    }
                    _ => left.cmp(&right),
                }
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn push_fields(
    todo: &mut Vec<(ValueType, Code, Code)>,
    fields: &[Attribute],
    left: &[Code],
    right: &[Code],
) {
    let pairs = fields.iter().zip(left.iter().zip(right));
    todo.extend(
        pairs
            .rev()
            .map(|(field, (&left, &right))| (field.ty, left, right)),
    );
}
