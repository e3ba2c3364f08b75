//! Rules as they stand in the text.

use super::loaded::Session;
use crate::analysis::checked::{CheckedProgram, RuleId};
use crate::syntax::source::{SourceMap, Span};
use serde::Serialize;
use std::collections::HashMap;

/// The clause of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClauseText {
    /// As written, on one line, without annotations.
    pub rule: String,
    /// `file:line:column`
    pub at: String,
    /// Which of how many rules it is that one clause with `;` or several heads stands for, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternative: Option<(usize, usize)>,
}

/// Tells the rules apart that one clause stands for.
pub(super) struct Clauses<'a> {
    program: &'a CheckedProgram,
    texts: &'a SourceMap,
    rules: HashMap<Span, Vec<RuleId>>,
}

impl<'a> Clauses<'a> {
    pub fn of(session: &'a Session) -> Clauses<'a> {
        Clauses::of_program(session.program(), session.texts())
    }

    pub fn of_program(program: &'a CheckedProgram, texts: &'a SourceMap) -> Clauses<'a> {
        let mut rules: HashMap<Span, Vec<RuleId>> = HashMap::new();
        for (id, rule) in program.rules() {
            if program.is_made(id) {
                continue;
            }
            rules.entry(rule.span).or_default().push(id);
        }
        Clauses {
            program,
            texts,
            rules,
        }
    }

    pub fn clause(&self, id: RuleId) -> ClauseText {
        let program = self.program;
        // What was made of a clause stands nowhere.
        if program.is_made(id) {
            let rule = &program[id];
            return ClauseText {
                rule: program.rule_text(id),
                at: self.texts.locate(rule.span).to_string(),
                alternative: None,
            };
        }
        let span = program[id].span;
        let siblings = self.rules.get(&span).map_or(&[][..], Vec::as_slice);
        let place = siblings.iter().position(|&sibling| sibling == id);
        ClauseText {
            alternative: place
                .filter(|_| siblings.len() > 1)
                .map(|at| (at + 1, siblings.len())),
            ..self.clause_at(span)
        }
    }

    pub fn clause_at(&self, span: Span) -> ClauseText {
        let text = without_annotations(self.texts.slice(span));
        ClauseText {
            rule: text.split_whitespace().collect::<Vec<_>>().join(" "),
            at: self.texts.locate(span).to_string(),
            alternative: None,
        }
    }
}

/// `@[say = "a ] b"] p(x) :- q(x).` without what is in the brackets.
fn without_annotations(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with("@[") {
        let (mut quoted, mut escaped) = (false, false);
        let end = rest.char_indices().find(|&(_, c)| {
            let ends = c == ']' && !quoted;
            if escaped {
                escaped = false;
            } else if quoted && c == '\\' {
                escaped = true;
            } else if c == '"' {
                quoted = !quoted;
            }
            ends
        });
        match end {
            Some((end, _)) => rest = rest[end + 1..].trim_start(),
            None => return rest,
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::without_annotations;

    #[test]
    fn annotations_end_at_the_bracket_that_is_not_quoted() {
        for (text, rest) in [
            ("p(x).", "p(x)."),
            ("@[say = \"{a} ] \\\" ]\"]\n p(x).", "p(x)."),
            ("@[a = \"b\"] @[c = \"d\"] p(x).", "p(x)."),
            ("@[say = \"", "@[say = \""),
        ] {
            assert_eq!(without_annotations(text), rest, "{text}");
        }
    }
}
