//! What is assumed and withdrawn, as written.

use crate::analysis::checked::CheckedProgram;
use crate::evidence::ClaimId;
use crate::explain::Fact;
use crate::syntax::ast::{
    Atom, CompareOp, Expr, ExprKind, Formula, FormulaKind, Hypothesis, HypothesisEntry, Item,
    ItemKind, Name,
};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// A set of assumptions and withdrawals, with the questions it is meant to answer. Withdrawals take effect first: what an
/// overlay both withdraws and assumes is assumed.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// As in `contractor("x-firm")`; `None` for one made on the spot.
    pub name: Option<Arc<str>>,
    pub title: Option<Arc<str>>,
    /// Atoms with constants, and `_` for any value.
    pub goals: Vec<Atom>,
    pub assumed: Vec<Assumption>,
    pub withdrawn: Vec<Withdrawal>,
    /// Rules that hold only here.
    pub rules: Vec<Item>,
    /// Whole rule files that hold only here.
    pub rule_files: Vec<RuleFile>,
}

#[derive(Clone, Debug)]
pub struct RuleFile {
    /// As given.
    pub name: Arc<str>,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub enum Assumption {
    /// With constants only.
    Atom(Atom),
    /// Of the program the overlay is laid on.
    Fact(Fact),
}

#[derive(Clone, Debug)]
pub enum Withdrawal {
    /// Every stated fact that agrees, with all that the same claims state; or see [`reserved`].
    Atom(Atom),
    Fact(Fact),
    Claim(ClaimId),
    /// A claim by its id.
    ClaimNamed(Arc<str>),
    /// What a source says, and what reports say that only repeat it.
    Source(Arc<str>),
    /// The clause that stands at a place, as in `rules/firms.dl:12`.
    Rule(Arc<str>),
    /// All clauses of a rule file.
    RuleFile(Arc<str>),
}

impl Overlay {
    /// A hypothesis with these constants for its parameters.
    pub fn of(hypothesis: &Hypothesis, arguments: &[Expr]) -> Result<Overlay, Box<Diagnostic>> {
        let name = &hypothesis.name;
        if hypothesis.parameters.len() != arguments.len() {
            return Err(Box::new(wrong_count(hypothesis, arguments.len())));
        }
        let bindings = Bindings {
            parameters: &hypothesis.parameters,
            arguments,
        };
        let called = match arguments.is_empty() {
            true => name.text.clone(),
            false => {
                let arguments: Vec<String> = arguments.iter().map(Expr::to_string).collect();
                format!("{}({})", name.text, arguments.join(", ")).into()
            }
        };
        let mut overlay = Overlay {
            name: Some(called),
            title: hypothesis.title.as_ref().map(|title| title.value.clone()),
            ..Overlay::default()
        };
        for entry in &hypothesis.entries {
            match entry {
                HypothesisEntry::Goal(atom) => overlay.goals.push(bindings.atom(atom)),
                HypothesisEntry::Assume(atom) => {
                    overlay.assumed.push(Assumption::Atom(bindings.atom(atom)))
                }
                HypothesisEntry::Withdraw(atom) => overlay
                    .withdrawn
                    .push(Withdrawal::Atom(bindings.atom(atom))),
                HypothesisEntry::Rule(item) => overlay.rules.push(bindings.item(item)),
            }
        }
        Ok(overlay)
    }

    pub fn assume(mut self, fact: Fact) -> Overlay {
        self.assumed.push(Assumption::Fact(fact));
        self
    }

    pub fn withdraw(mut self, withdrawal: Withdrawal) -> Overlay {
        self.withdrawn.push(withdrawal);
        self
    }

    /// Its rules, and those of its files.
    pub fn clauses(&self) -> impl Iterator<Item = &Item> {
        let files = self.rule_files.iter();
        self.rules.iter().chain(files.flat_map(|file| &file.items))
    }

    /// Where they stand.
    pub fn places(&self) -> FxHashSet<Span> {
        self.clauses().map(|item| item.span).collect()
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.assumed.is_empty()
            && self.withdrawn.is_empty()
            && self.rules.is_empty()
            && self.rule_files.is_empty()
    }
}

/// `source("s")`, `claim("c")`, `rule("file:line")` and `rules("file")` are what they say where no relation of one
/// attribute has that name: the word and what it is about.
pub fn reserved<'a>(
    atom: &'a Atom,
    program: &CheckedProgram,
) -> Option<(&'static str, &'a Arc<str>)> {
    let ([name], [argument]) = (&*atom.relation.parts, &*atom.args) else {
        return None;
    };
    let ExprKind::Text(text) = &argument.kind else {
        return None;
    };
    let word = ["source", "claim", "rule", "rules"]
        .into_iter()
        .find(|word| **word == *name.text)?;
    // A relation of this name with other attributes, such as a register of sources, cannot be meant.
    let meant = program.relation_named(&name.text);
    meant
        .is_none_or(|relation| program[relation].arity() != 1)
        .then_some((word, text))
}

fn wrong_count(hypothesis: &Hypothesis, given: usize) -> Diagnostic {
    let parameters: Vec<&str> = hypothesis
        .parameters
        .iter()
        .map(|name| &*name.text)
        .collect();
    let name = &hypothesis.name;
    let wrong = Diagnostic::error(
        "D074",
        format!(
            "hypothesis `{}` takes {}, not {given}",
            name.text,
            crate::analysis::findings::counted(parameters.len(), "argument"),
        ),
    )
    .at(name.span, "declared here");
    match parameters.is_empty() {
        true => wrong.help(format!("name it as `{}`", name.text)),
        false => wrong.help(format!(
            "give constants, as in `{}({})`, for {}",
            name.text,
            vec!["\"…\""; parameters.len()].join(", "),
            parameters.join(" and "),
        )),
    }
}

/// Constants for the parameters of a hypothesis.
struct Bindings<'a> {
    parameters: &'a [Name],
    arguments: &'a [Expr],
}

impl Bindings<'_> {
    fn of(&self, variable: &str) -> Option<&Expr> {
        let at = self
            .parameters
            .iter()
            .position(|parameter| &*parameter.text == variable)?;
        self.arguments.get(at)
    }

    fn atom(&self, atom: &Atom) -> Atom {
        let mut atom = atom.clone();
        atom.args.iter_mut().for_each(|arg| self.put(arg));
        atom
    }

    fn put(&self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Variable(name) => {
                if let Some(argument) = self.of(name) {
                    expr.kind = argument.kind.clone();
                }
            }
            ExprKind::Record(parts)
            | ExprKind::Branch { args: parts, .. }
            | ExprKind::Call { args: parts, .. }
            | ExprKind::UserCall { args: parts, .. } => {
                parts.iter_mut().for_each(|part| self.put(part));
            }
            ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => self.put(operand),
            ExprKind::Binary { left, right, .. } => {
                self.put(left);
                self.put(right);
            }
            _ => {}
        }
    }

    /// In a clause a parameter is one more equation: `p(F) :- F = "x-firm", q(F).`
    fn item(&self, item: &Item) -> Item {
        let mut item = item.clone();
        let text = item.kind.to_string();
        let mut equations: Vec<Formula> = self
            .parameters
            .iter()
            .zip(self.arguments)
            .filter(|(parameter, _)| mentions(&text, &parameter.text))
            .map(|(parameter, argument)| Formula {
                kind: FormulaKind::Compare {
                    op: CompareOp::Eq,
                    left: Expr {
                        kind: ExprKind::Variable(parameter.text.clone()),
                        span: parameter.span,
                    },
                    right: argument.clone(),
                },
                span: parameter.span,
            })
            .collect();
        if equations.is_empty() {
            return item;
        }
        match &mut item.kind {
            ItemKind::Rule(rule) => {
                equations.extend(rule.body.take().map(|body| *body));
                rule.body = Some(Box::new(all_of(equations, item.span)));
            }
            ItemKind::Subsumption(subsumption) => {
                equations.push(subsumption.body.clone());
                subsumption.body = all_of(equations, item.span);
            }
            ItemKind::Constraint(body) | ItemKind::Query(body) => {
                equations.push(Formula::clone(body));
                **body = all_of(equations, item.span);
            }
            _ => {}
        }
        item
    }
}

fn all_of(mut parts: Vec<Formula>, span: Span) -> Formula {
    match parts.len() {
        1 => parts.remove(0),
        _ => Formula {
            kind: FormulaKind::And(parts),
            span,
        },
    }
}

/// Whether a word stands in a clause outside of quotes.
fn mentions(clause: &str, word: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    clause
        .split(|c: char| {
            let inside = quoted;
            if c == '"' && !escaped {
                quoted = !quoted;
            }
            escaped = c == '\\' && quoted && !escaped;
            !(inside || c.is_alphanumeric() || c == '_' || c == '?')
        })
        .any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse_text;
    use crate::syntax::source::SourceMap;
    use expect_test::{Expect, expect};

    fn check(text: &str, arguments: &[&str], expected: Expect) {
        let mut sources = SourceMap::new();
        let (program, found) = parse_text("h.dl", text, &mut sources);
        assert!(found.is_empty(), "{found:?}");
        let Some(ItemKind::Hypothesis(hypothesis)) = program.items.first().map(|item| &item.kind)
        else {
            panic!("a hypothesis");
        };
        let arguments: Vec<Expr> = arguments
            .iter()
            .map(|text| Expr {
                kind: ExprKind::Text((*text).into()),
                span: hypothesis.name.span,
            })
            .collect();
        let shown = match Overlay::of(hypothesis, &arguments) {
            Err(wrong) => format!("{}\n", wrong.message),
            Ok(overlay) => {
                let mut shown = format!("{}\n", overlay.name.unwrap_or_default());
                for goal in overlay.goals {
                    shown += &format!("? {goal}\n");
                }
                for assumed in overlay.assumed {
                    if let Assumption::Atom(atom) = assumed {
                        shown += &format!("+ {atom}\n");
                    }
                }
                for withdrawn in overlay.withdrawn {
                    if let Withdrawal::Atom(atom) = withdrawn {
                        shown += &format!("- {atom}\n");
                    }
                }
                for rule in overlay.rules {
                    shown += &format!("{}\n", rule.kind);
                }
                shown
            }
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn parameters_become_constants() {
        let text = r#".hypothesis contractor(F, A) "x" {
            .goal works_for(F, A)
            + contract(A, [F, 1]).
            - contract(_, F).
            serves(F, A) :- near(F, A), !"F" = "A\"F".
            serves(X, A) :- n = count : { near(X, _) }, n > 1.
            known("F").
            known(F).
            :- serves(F, "x").
        }"#;
        check(
            text,
            &["x-firm", "x-organ"],
            expect![[r#"
                contractor("x-firm", "x-organ")
                ? works_for("x-firm", "x-organ")
                + contract("x-organ", ["x-firm", 1])
                - contract(_, "x-firm")
                serves(F, A) :- F = "x-firm", A = "x-organ", (near(F, A), !("F" = "A\"F")).
                serves(X, A) :- A = "x-organ", (n = count : { near(X, _) }, n > 1).
                known("F").
                known(F) :- F = "x-firm".
                :- F = "x-firm", serves(F, "x").
            "#]],
        );
        check(
            text,
            &[],
            expect![[r#"
                hypothesis `contractor` takes 2 arguments, not 0
            "#]],
        );
    }
}
