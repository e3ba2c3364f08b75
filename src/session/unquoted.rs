//! Names that were meant as values: without quotes they are variables, and stand for anything.

use super::loaded::Session;
use crate::analysis::checked::{CheckedQuery, LiteralKind, RelationId, Term, ValueType};
use crate::syntax::ast::{Atom, ExprKind};
use crate::syntax::diagnostic::Diagnostic;

impl Session {
    /// What is wrong with an atom whose variables only mean any value: a variable that is spelt as a value of its column
    /// is that value without its quotes, and taking it for anything would do or tell far too much.
    pub(super) fn unquoted(&self, atom: &Atom) -> Vec<Diagnostic> {
        let Some(relation) = self.program().relation_named(&atom.relation.to_string()) else {
            return Vec::new();
        };
        let args = atom.args.iter().enumerate();
        let spelt_so = args.filter_map(|(column, arg)| match &arg.kind {
            ExprKind::Variable(name) if self.is_value(relation, column, name) => {
                let message = format!("`{name}` without quotes is any value");
                let label = format!("`\"{name}\"` is one of the values here");
                Some(
                    Diagnostic::error("D066", message)
                        .at(arg.span, label)
                        .help(format!("write `\"{name}\"`, or `_` for any value")),
                )
            }
            _ => None,
        });
        spelt_so.collect()
    }

    /// Notes on variables of a query that are spelt as a value of their column.
    pub(super) fn notes_on_variables(&self, query: &CheckedQuery) -> Vec<String> {
        let bodies = std::iter::once(&query.body).chain(&query.alternatives);
        let mut notes = Vec::new();
        for literal in bodies.flatten() {
            let LiteralKind::Atom(atom) = &literal.kind else {
                continue;
            };
            for (column, arg) in atom.args.iter().enumerate() {
                let Term::Var(variable) = arg else { continue };
                let name = &*query.variables[variable.index()].name;
                let note = format!("`{name}` is a variable here; the name is `\"{name}\"`");
                if !notes.contains(&note) && self.is_value(atom.relation, column, name) {
                    notes.push(note);
                }
            }
        }
        notes
    }

    fn is_value(&self, relation: RelationId, column: usize, name: &str) -> bool {
        let attributes = &self.program()[relation].attributes;
        let of_symbols = |column: usize| {
            let attribute = attributes.get(column);
            attribute.is_some_and(|attribute| attribute.ty == ValueType::Symbol)
        };
        let code = self.dictionary().find_symbol(name);
        of_symbols(column) && code.is_some_and(|code| self.occurs(relation, column, code))
    }
}

#[cfg(test)]
mod tests {
    use crate::session::{Session, Supposition, WhatIfQuestion};

    fn session() -> Session {
        Session::from_rules(
            ".decl contract(c: symbol, f: symbol, y: number)
             contract(\"x-b\", \"x-f\", 1). contract(\"y\", \"firm\", 2).",
        )
        .expect("a program")
    }

    #[test]
    fn a_query_says_which_variable_is_spelt_as_a_value() {
        for (query, notes) in [
            (
                "contract(C, firm, _)",
                "`firm` is a variable here; the name is `\"firm\"`",
            ),
            (
                "contract(_, F, 9), contract(_, firm, _)",
                "`firm` is a variable here; the name is `\"firm\"`",
            ),
            // A value, but of another column; and one of numbers.
            ("contract(firm, F, y)", ""),
            ("contract(C, F, Y)", ""),
            ("contract(C, \"firm\", Y)", ""),
        ] {
            let table = session().query(query).expect("a query");
            assert_eq!(table.notes().join("\n"), notes, "{query}");
        }
    }

    #[test]
    fn what_would_withdraw_everything_is_refused() {
        let what_if = |fact: &str| {
            session().what_if(&WhatIfQuestion {
                supposed: Supposition {
                    withdraw: vec![fact.to_owned()],
                    ..Supposition::default()
                },
                ..WhatIfQuestion::default()
            })
        };
        let refused = what_if("contract(y, firm, _)")
            .map(|_| ())
            .unwrap_err()
            .to_string();
        for name in ["y", "firm"] {
            assert!(
                refused.contains(&format!("write `\"{name}\"`, or `_`")),
                "{refused}"
            );
        }
        assert_eq!(
            what_if("contract(_, \"firm\", _)")
                .expect("a difference")
                .fell
                .len(),
            1
        );
        assert_eq!(
            what_if("contract(client, F, y)")
                .expect("a difference")
                .fell
                .len(),
            2
        );
    }
}
