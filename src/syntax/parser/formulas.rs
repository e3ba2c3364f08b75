//! Rule bodies: atoms and constraints joined by `,` and `;`, grouped and negated.

use super::{Parsed, Parser};
use crate::syntax::ast::*;
use crate::syntax::codes;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use crate::syntax::token::{Keyword, TokenKind};

/// What stands where a literal may stand: until a comparison follows, `(x + 1)` may be either.
enum Operand {
    Formula(Formula),
    Expr(Expr),
}

impl Parser<'_, '_> {
    /// `conjunction; conjunction; …`
    pub(super) fn formula(&mut self) -> Parsed<Formula> {
        let first = self.literal()?;
        self.formula_after(first)
    }

    /// The rest of a disjunction whose first literal is known.
    fn formula_after(&mut self, first: Formula) -> Parsed<Formula> {
        let start = first.span;
        let first = self.conjunction_after(first)?;
        if !self.at(TokenKind::Semicolon) {
            return Ok(first);
        }
        let mut height = self.height;
        let mut parts = vec![first];
        while self.eat(TokenKind::Semicolon) {
            let literal = self.literal()?;
            parts.push(self.conjunction_after(literal)?);
            height = height.max(self.height);
        }
        self.grown(height)?;
        Ok(Formula {
            kind: FormulaKind::Or(parts),
            span: self.since(start),
        })
    }

    fn conjunction_after(&mut self, first: Formula) -> Parsed<Formula> {
        if !self.at(TokenKind::Comma) {
            return Ok(first);
        }
        let start = first.span;
        let mut height = self.height;
        let mut parts = vec![first];
        while self.eat(TokenKind::Comma) {
            parts.push(self.literal()?);
            height = height.max(self.height);
        }
        self.grown(height)?;
        Ok(Formula {
            kind: FormulaKind::And(parts),
            span: self.since(start),
        })
    }

    /// An atom, a constraint, a group, or one of them negated.
    fn literal(&mut self) -> Parsed<Formula> {
        match self.operand()? {
            Operand::Formula(formula) => Ok(formula),
            Operand::Expr(expr) => self.no_constraint(&expr),
        }
    }

    fn operand(&mut self) -> Parsed<Operand> {
        match self.peek() {
            TokenKind::Bang => self.nested(Self::negation),
            TokenKind::LParen => self.nested(Self::group),
            TokenKind::Ident if self.at_atom() => self.atom_operand(),
            TokenKind::Keyword(Keyword::True | Keyword::False) => Ok(self.truth()),
            TokenKind::Keyword(Keyword::Match | Keyword::Contains) => {
                self.nested(Self::text_constraint)
            }
            _ => self.expr_operand(),
        }
    }

    /// At `name(` or `name.name`; a variable before the final `.` is neither.
    fn at_atom(&mut self) -> bool {
        match self.peek_at(1) {
            TokenKind::LParen => true,
            TokenKind::Dot => self.peek_at(2) == TokenKind::Ident && !self.ahead[2].starts_line,
            _ => false,
        }
    }

    fn atom_operand(&mut self) -> Parsed<Operand> {
        let atom = self.atom()?;
        let start = atom.span;
        Ok(self.formula_of(FormulaKind::Atom(atom), start))
    }

    fn expr_operand(&mut self) -> Parsed<Operand> {
        let expr = self.expr()?;
        self.comparison(expr)
    }

    fn truth(&mut self) -> Operand {
        let word = self.bump();
        self.height = 1;
        let value = word.kind == TokenKind::Keyword(Keyword::True);
        self.formula_of(FormulaKind::Bool(value), word.span)
    }

    fn negation(&mut self) -> Parsed<Operand> {
        let start = self.bump().span;
        let inner = self.literal()?;
        self.grown(self.height)?;
        Ok(self.formula_of(FormulaKind::Not(Box::new(inner)), start))
    }

    /// `match(pattern, text)`, `contains(part, text)`
    fn text_constraint(&mut self) -> Parsed<Operand> {
        let word = self.bump();
        self.expect(TokenKind::LParen)?;
        let first = self.expr()?;
        let height = self.height;
        self.expect(TokenKind::Comma)?;
        let text = self.expr()?;
        self.expect(TokenKind::RParen)?;
        self.grown(height.max(self.height))?;
        let kind = if word.kind == TokenKind::Keyword(Keyword::Match) {
            FormulaKind::Match {
                pattern: first,
                text,
            }
        } else {
            FormulaKind::Contains { part: first, text }
        };
        Ok(self.formula_of(kind, word.span))
    }

    /// `( … )`: a group of literals, or an expression in parentheses and what follows it.
    fn group(&mut self) -> Parsed<Operand> {
        let open = self.bump().span;
        let first = self.operand()?;
        self.group_after(open, first)
    }

    fn group_after(&mut self, open: Span, first: Operand) -> Parsed<Operand> {
        match first {
            Operand::Expr(mut expr) if self.eat(TokenKind::RParen) => {
                expr.span = self.since(open);
                let expr = self.binary_after(expr, 0)?;
                self.comparison(expr)
            }
            Operand::Expr(expr) => self.no_constraint(&expr),
            Operand::Formula(formula) => {
                let mut formula = self.formula_after(formula)?;
                if !self.eat(TokenKind::RParen) {
                    return self.not_closed(open, TokenKind::RParen, "`,`, `;`");
                }
                formula.span = self.since(open);
                Ok(Operand::Formula(formula))
            }
        }
    }

    fn comparison(&mut self, left: Expr) -> Parsed<Operand> {
        let Some(op) = compare_op(self.peek()) else {
            return Ok(Operand::Expr(left));
        };
        let start = left.span;
        let height = self.height;
        self.bump();
        let right = self.expr()?;
        let height = height.max(self.height);
        self.grown(height)?;
        if compare_op(self.peek()).is_some() {
            return self.unexpected_but(
                "`,`, `;` or `.`",
                "comparisons do not chain: write `a < b, b < c`",
            );
        }
        Ok(self.formula_of(FormulaKind::Compare { op, left, right }, start))
    }

    #[cold]
    fn no_constraint<T>(&mut self, expr: &Expr) -> Parsed<T> {
        let diagnostic = self
            .unexpected_diagnostic("a comparison")
            .at(expr.span, "this is a value, not a literal");
        let diagnostic = match &expr.kind {
            ExprKind::Variable(name) => diagnostic.help(format!(
                "an atom needs its arguments in parentheses: `{name}(…)`"
            )),
            _ => diagnostic,
        };
        self.fail(diagnostic)
    }

    fn formula_of(&mut self, kind: FormulaKind, start: Span) -> Operand {
        Operand::Formula(Formula {
            kind,
            span: self.since(start),
        })
    }

    /// `path(args)`
    pub(super) fn atom(&mut self) -> Parsed<Atom> {
        let relation = self.path("the name of a relation")?;
        self.atom_after(relation)
    }

    pub(super) fn atom_after(&mut self, relation: Path) -> Parsed<Atom> {
        if !self.at(TokenKind::LParen) {
            return self.unexpected("`(`");
        }
        let args = self.arguments()?;
        let span = self.since(relation.span);
        if let Some(op) = operator_after_atom(self.peek()) {
            return self.atom_as_value(&relation, op);
        }
        Ok(Atom {
            relation,
            args,
            span,
        })
    }
}

impl Parser<'_, '_> {
    #[cold]
    fn atom_as_value<T>(&mut self, relation: &Path, op: &str) -> Parsed<T> {
        let name = &relation.parts[relation.parts.len() - 1].text;
        let here = self.peek_span();
        self.fail(
            Diagnostic::error(
                codes::UNEXPECTED_TOKEN,
                format!("syntax error: expected `,`, `;` or `.`, found `{op}`"),
            )
            .at(here, "an atom is complete before this")
            .help(format!(
                "`{name}(…)` is read as an atom, which has no value; a user-defined functor is called `@{name}(…)`"
            )),
        )
    }
}

pub(super) fn compare_op(kind: TokenKind) -> Option<CompareOp> {
    Some(match kind {
        TokenKind::Eq => CompareOp::Eq,
        TokenKind::Ne => CompareOp::Ne,
        TokenKind::Lt => CompareOp::Lt,
        TokenKind::Le => CompareOp::Le,
        TokenKind::Gt => CompareOp::Gt,
        TokenKind::Ge => CompareOp::Ge,
        _ => return None,
    })
}

/// Words after which an atom must have been meant as a value. `<=` is left out: it joins the atoms of a subsumption.
fn operator_after_atom(kind: TokenKind) -> Option<&'static str> {
    match kind {
        TokenKind::Eq | TokenKind::Ne | TokenKind::Lt | TokenKind::Gt | TokenKind::Ge => {
            Some(kind.describe())
        }
        _ => None,
    }
}
