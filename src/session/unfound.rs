//! Why an answer is empty, as far as its constants tell: a name that occurs nowhere is most often misspelt.

use super::explained::{Pattern, ground_value};
use super::loaded::Session;
use crate::analysis::checked::{CheckedQuery, Constant, LiteralKind, RelationId, Term, ValueType};
use crate::analysis::findings::closest;
use crate::explain::{Fact, pattern_text};
use crate::storage::Code;

/// Rows looked through at most for one name.
const MOST_ROWS: usize = 2_000_000;

/// Names offered at most for one that several go by.
const MOST_MEANT: usize = 4;

/// A symbol asked for at one place of a relation.
struct Sought {
    relation: RelationId,
    column: usize,
    code: Code,
}

/// What may be meant by a name that does not stand where it is sought.
enum Meant<'a> {
    /// Itself: it is no misspelling, for it stands elsewhere.
    Known,
    Perhaps(Vec<&'a str>),
    Anything,
}

impl Session {
    /// Notes on the constants of a query that occur neither in their columns nor in others of the same type.
    pub(super) fn notes_on_query(&self, query: &CheckedQuery) -> Vec<String> {
        let literals = std::iter::once(&query.body)
            .chain(&query.alternatives)
            .flatten();
        let sought = literals.filter_map(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => Some(atom),
            _ => None,
        });
        let sought = sought.flat_map(|atom| {
            let args = atom.args.iter().enumerate();
            args.filter_map(|(column, arg)| match arg {
                Term::Const(Constant::Symbol(text)) => Some(Sought {
                    relation: atom.relation,
                    column,
                    code: self.dictionary().symbol(text),
                }),
                _ => None,
            })
        });
        self.notes(sought)
    }

    /// The atom of a query that asks for one, whatever it compares besides; `_` for what is open.
    pub(super) fn sought(&self, query: &CheckedQuery) -> Option<String> {
        let mut atoms = query.body.iter().filter_map(|literal| match &literal.kind {
            LiteralKind::Atom(atom) => Some(Some(atom)),
            LiteralKind::Compare { .. } | LiteralKind::Match { .. } => None,
            _ => Some(None),
        });
        let (Some(Some(atom)), None, true) =
            (atoms.next(), atoms.next(), query.alternatives.is_empty())
        else {
            return None;
        };
        let codes: Vec<Option<Code>> = atom
            .args
            .iter()
            .map(|arg| ground_value(arg, self.dictionary()).ok())
            .collect();
        Some(pattern_text(
            self.program(),
            self.dictionary(),
            atom.relation,
            &codes,
        ))
    }

    /// Notes on the constants of an atom that no row agrees with.
    pub(super) fn notes_on_pattern(&self, pattern: &Pattern) -> Vec<String> {
        self.notes(self.sought_by(pattern))
    }

    /// The same, of those only that are spelt nearly like one that is there.
    pub(super) fn notes_on_misspelt(&self, pattern: &Pattern) -> Vec<String> {
        let near = |sought: &Sought| {
            let text = self.dictionary().text(sought.code);
            !self.occurs(sought.relation, sought.column, sought.code)
                && matches!(self.suggestion(sought, text), Meant::Perhaps(_))
        };
        self.notes(self.sought_by(pattern).filter(near))
    }

    fn sought_by<'a>(&'a self, pattern: &'a Pattern) -> impl Iterator<Item = Sought> + 'a {
        let attributes = self.program()[pattern.relation].attributes.iter();
        let columns = attributes.zip(&pattern.codes).enumerate();
        columns.filter_map(|(column, (attribute, code))| {
            let code = (*code).filter(|_| attribute.ty == ValueType::Symbol)?;
            Some(Sought {
                relation: pattern.relation,
                column,
                code,
            })
        })
    }

    /// The same of a fact that is not there.
    pub(super) fn notes_on_fact(&self, fact: &Fact) -> Vec<String> {
        let codes: Vec<Option<Code>> = fact.row.iter().map(|&code| Some(code)).collect();
        self.notes_on_pattern(&Pattern::of(fact.relation, &codes))
    }

    fn notes(&self, sought: impl Iterator<Item = Sought>) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        for sought in sought {
            if let Some(note) = self.note(&sought)
                && !notes.contains(&note)
            {
                notes.push(note);
            }
        }
        notes
    }

    fn note(&self, sought: &Sought) -> Option<String> {
        let rows = self.database().len(sought.relation);
        if rows == 0 || rows > MOST_ROWS || self.occurs(sought.relation, sought.column, sought.code)
        {
            return None;
        }
        let relation = &self.program()[sought.relation];
        let attribute = &relation.attributes[sought.column];
        let text = self.dictionary().text(sought.code);
        let note = format!(
            "`{text}` does not occur in {}.{}",
            relation.name, attribute.name
        );
        match self.suggestion(sought, text) {
            Meant::Known => None,
            Meant::Perhaps(meant) => {
                let shown = meant.iter().take(MOST_MEANT);
                let mut shown: Vec<String> = shown.map(|name| format!("`{name}`")).collect();
                if meant.len() > MOST_MEANT {
                    shown.push(format!("one of {} more", meant.len() - MOST_MEANT));
                }
                Some(format!("{note}; did you mean {}?", shown.join(" or ")))
            }
            Meant::Anything => Some(format!("{note}, nor does anything like it")),
        }
    }

    pub(super) fn occurs(&self, relation: RelationId, column: usize, code: Code) -> bool {
        let mut pattern = vec![None; self.program()[relation].arity()];
        pattern[column] = Some(code);
        !self.database().matching(relation, &pattern).is_empty()
    }

    /// What stands in the column and is spelt nearly so, or goes by this name in a row of its own; else what is spelt
    /// nearly so and of the same type, wherever it stands.
    fn suggestion(&self, sought: &Sought, text: &str) -> Meant<'_> {
        let dictionary = self.dictionary();
        let wanted = &self.program()[sought.relation].attributes[sought.column].type_name;
        let column = self.column(sought.relation, sought.column);
        let in_column = || column.iter().map(|&code| dictionary.text(code));
        let folded = fold(text);
        if let Some(same) = in_column().find(|name| fold(name) == folded) {
            return Meant::Perhaps(vec![same]);
        }
        let stands = self.program().relations().any(|(id, relation)| {
            let columns = relation.attributes.iter().enumerate();
            let mut of_type = columns.filter(|(_, attribute)| attribute.type_name == *wanted);
            self.database().len(id) <= MOST_ROWS
                && of_type.any(|(at, _)| self.occurs(id, at, sought.code))
        });
        if stands {
            return Meant::Known;
        }
        let mut others: Vec<&str> = Vec::new();
        let mut named: Vec<&str> = Vec::new();
        for (id, relation) in self.program().relations() {
            let of_type: Vec<usize> = (0..relation.arity())
                .filter(|&at| relation.attributes[at].type_name == *wanted)
                .collect();
            if of_type.is_empty() || self.database().len(id) > MOST_ROWS {
                continue;
            }
            let rows = self.database().rows(id);
            for &at in &of_type {
                others.extend(rows.column(at).iter().map(|&code| dictionary.text(code)));
            }
            for at in (0..relation.arity()).filter(|at| !of_type.contains(at)) {
                if relation.attributes[at].ty != ValueType::Symbol {
                    continue;
                }
                let called = (0..rows.len())
                    .filter(|&row| fold(dictionary.text(rows.column(at)[row])) == folded)
                    .map(|row| rows.column(of_type[0])[row])
                    .filter(|code| column.binary_search(code).is_ok());
                named.extend(called.map(|code| dictionary.text(code)));
            }
        }
        // One letter is near to any other.
        let long_enough = |name: &&str| name.chars().nth(1).is_some();
        if !named.is_empty() {
            // Two may go by one name.
            named.sort_unstable();
            named.dedup();
            return Meant::Perhaps(named);
        }
        let near = closest(text, in_column().filter(long_enough)).or_else(|| {
            others.retain(long_enough);
            others.sort_unstable();
            others.dedup();
            closest(text, others)
        });
        near.map_or(Meant::Anything, |near| Meant::Perhaps(vec![near]))
    }
}

/// Letters and digits only: how a name is spelt is often no more than where its blanks and hyphens are.
fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::session::Session;

    #[test]
    fn all_who_go_by_a_name_are_offered() {
        let rules = ".type Actor <: symbol
             .decl uses(a: Actor, tool: symbol) .decl called(a: Actor, name: symbol)
             uses(\"x-fox\", \"t\"). uses(\"x-blue\", \"t\"). uses(\"x-1\", \"t\"). uses(\"x-2\", \"t\"). uses(\"x-3\", \"t\").
             called(\"x-fox\", \"Red Fox\"). called(\"x-blue\", \"red-fox\"). called(\"x-fox\", \"RedFox\").
             called(a, \"user\") :- uses(a, \"t\").";
        let notes = |name: &str| {
            let mut session = Session::from_rules(rules).expect("a program");
            let table = session.query(&format!("uses(\"{name}\", T)"));
            table.expect("a query").notes().join("\n")
        };
        let nowhere = |name: &str| format!("`{name}` does not occur in uses.a; did you mean ");
        assert_eq!(
            notes("Red Fox"),
            nowhere("Red Fox") + "`x-blue` or `x-fox`?"
        );
        assert_eq!(
            notes("User"),
            nowhere("User") + "`x-1` or `x-2` or `x-3` or `x-blue` or one of 1 more?"
        );
        assert_eq!(notes("x-foks"), nowhere("x-foks") + "`x-fox`?");
    }
}
