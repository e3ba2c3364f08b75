//! What the tests of this folder share: a program of one relation, made of its declaration.

use crate::analysis::checked::{
    Attribute, Branch, CheckedProgram, Directive, Relation, RelationId, RelationKind, Shape,
    ShapeId, ValueType,
};
use crate::storage::{Dictionary, Rows};
use crate::syntax::ast::DirectiveKind;
use crate::syntax::diagnostic::{Diagnostic, Place};
use crate::syntax::source::{SourceMap, Span};

/// `Pair`, `List`, `Tree` and `Color` are there besides the primitive types.
fn type_named(name: &str) -> ValueType {
    match name {
        "number" => ValueType::Number,
        "unsigned" => ValueType::Unsigned,
        "float" => ValueType::Float,
        "symbol" => ValueType::Symbol,
        "Pair" => ValueType::Record(ShapeId(0)),
        "List" => ValueType::Record(ShapeId(1)),
        "Tree" => ValueType::Adt(ShapeId(2)),
        "Color" => ValueType::Adt(ShapeId(3)),
        "Empty" => ValueType::Record(ShapeId(4)),
        other => panic!("no type {other}"),
    }
}

/// `x: number, y: symbol`
fn attributes(text: &str) -> Vec<Attribute> {
    text.split(',')
        .filter(|part| !part.trim().is_empty())
        .map(|part| {
            let (name, ty) = part.split_once(':').unwrap();
            Attribute {
                name: name.trim().into(),
                ty: type_named(ty.trim()),
                type_name: ty.trim().into(),
            }
        })
        .collect()
}

pub fn span() -> Span {
    Span::new(SourceMap::new().add("x.dl", ""), 0, 0)
}

/// A program that declares `r` with these attributes.
pub fn program(declared: &str) -> CheckedProgram {
    let branch = |name: &str, fields: &str| Branch {
        name: name.into(),
        fields: attributes(fields),
    };
    let record = |name: &str, fields: &str| Shape::Record {
        name: name.into(),
        fields: attributes(fields),
    };
    CheckedProgram {
        shapes: vec![
            record("Pair", "x: number, y: symbol"),
            record("List", "head: number, tail: List"),
            Shape::Adt {
                name: "Tree".into(),
                branches: vec![
                    branch("Leaf", ""),
                    branch("Node", "l: Tree, v: symbol, r: Tree"),
                ],
            },
            Shape::Adt {
                name: "Color".into(),
                branches: vec![branch("Red", ""), branch("Green", "")],
            },
            record("Empty", ""),
        ],
        relations: vec![Relation {
            name: "r".into(),
            attributes: attributes(declared),
            kind: RelationKind::Plain,
            choice_domains: Vec::new(),
            lattice: None,
            doc: None,
            span: span(),
        }],
        by_name: [("r".into(), RelationId(0))].into(),
        ..CheckedProgram::default()
    }
}

/// A directive for `r`; `parameters` are separated by blanks, `\t` stands for a tab.
pub fn directive(kind: DirectiveKind, parameters: &str) -> Directive {
    Directive {
        kind,
        relation: RelationId(0),
        parameters: parameters
            .split_whitespace()
            .map(|parameter| {
                let (key, value) = parameter.split_once('=').unwrap();
                (key.into(), value.replace("\\t", "\t").into())
            })
            .collect(),
        span: span(),
    }
}

/// `a|b c|d`, in the order given.
pub fn print_rows(program: &CheckedProgram, dictionary: &Dictionary, rows: &Rows) -> String {
    let attributes = &program[RelationId(0)].attributes;
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let values: Vec<String> = row
                .iter()
                .zip(attributes)
                .map(|(&code, attribute)| {
                    super::format_value(dictionary, program, attribute.ty, code)
                })
                .collect();
            format!("({})", values.join("|"))
        })
        .collect();
    rows.join(" ")
}

/// A line each: `file:line:column code message [value] = help`.
pub fn print_diagnostics(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let mut text = String::new();
            for (at, label) in diagnostic.labels.iter().enumerate() {
                if let Place::Data { at: place, .. } = &label.place {
                    let lead = if at == 0 { "" } else { "(see " };
                    text += &format!("{lead}{place}{} ", if at == 0 { "" } else { ")" });
                }
            }
            text += &format!("{} {}", diagnostic.code, diagnostic.message);
            for help in &diagnostic.help {
                text += &format!(" = {help}");
            }
            text + "\n"
        })
        .collect()
}
