//! Clauses: facts, rules, subsumptions, constraints and queries.

use super::items::{Place, Prelude};
use super::{Parsed, Parser};
use crate::syntax::ast::*;
use crate::syntax::codes;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use crate::syntax::token::TokenKind;

impl Parser<'_, '_> {
    /// `head, head :- body.`, `fact.` or `atom <= atom :- body.`
    pub(super) fn clause(&mut self, prelude: &mut Prelude) -> Parsed<ItemKind> {
        let start = self.peek_span();
        let first = self.head()?;
        if self.at(TokenKind::Le) {
            return self.subsumption(first, start, prelude);
        }
        let mut heads = vec![first];
        while self.eat(TokenKind::Comma) {
            let more = self.prelude()?;
            prelude.docs.extend(more.docs);
            prelude.annotations.extend(more.annotations);
            heads.push(self.head()?);
        }
        if self.at(TokenKind::If) {
            let body = self.body(start, prelude)?;
            let plan = self.plan()?;
            return Ok(ItemKind::Rule(Rule {
                heads,
                body: Some(Box::new(body)),
                plan: plan.map(Box::new),
            }));
        }
        if self.at(TokenKind::Semicolon) {
            let span = self.peek_span();
            return self.fail(
                Diagnostic::error(
                    codes::FACT_SHAPE,
                    "syntax error: facts cannot be joined with `;`",
                )
                .at(span, "expected `:-` or `.`")
                .help("write each fact as a clause of its own, ended by `.`"),
            );
        }
        if let [_, second, ..] = heads.as_slice() {
            let span = second.span;
            self.end_clause(start, "`:-`, `,`")?;
            return self.fail_in_place(
                Diagnostic::error(codes::FACT_SHAPE, "syntax error: a fact has one head only")
                    .at(span, "a second head, and no body")
                    .help("write each fact as a clause of its own, ended by `.`"),
                ItemKind::Rule(Rule {
                    heads,
                    body: None,
                    plan: None,
                }),
            );
        }
        self.end_clause(start, "`:-`")?;
        Ok(ItemKind::Rule(Rule {
            heads,
            body: None,
            plan: None,
        }))
    }

    /// Reports a mistake after which reading can go on right here.
    fn fail_in_place(&mut self, diagnostic: Diagnostic, item: ItemKind) -> Parsed<ItemKind> {
        self.report(diagnostic);
        Ok(item)
    }

    fn head(&mut self) -> Parsed<Atom> {
        let relation = self.path("the name of a relation")?;
        if !self.at(TokenKind::LParen) {
            let name = &relation.parts[relation.parts.len() - 1].text;
            let help = format!("an atom needs parentheses, even without arguments: `{name}()`");
            let diagnostic = self.unexpected_diagnostic("`(`").help(help);
            return self.fail(diagnostic);
        }
        self.atom_after(relation)
    }

    fn subsumption(
        &mut self,
        dominated: Atom,
        start: Span,
        prelude: &mut Prelude,
    ) -> Parsed<ItemKind> {
        self.bump();
        let dominating = self.head()?;
        if !self.at(TokenKind::If) {
            return self.unexpected("`:-`");
        }
        let body = self.body(start, prelude)?;
        let plan = self.plan()?;
        Ok(ItemKind::Subsumption(Box::new(Subsumption {
            dominated,
            dominating,
            body,
            plan,
        })))
    }

    /// `:- formula.`
    fn body(&mut self, start: Span, prelude: &mut Prelude) -> Parsed<Body> {
        self.bump();
        prelude.annotations.extend(self.inner_annotations());
        let body = self.formula()?;
        self.end_clause(start, "`,`, `;`")?;
        Ok(body)
    }

    /// `:- body.` without a head.
    pub(super) fn constraint(&mut self, place: Place, prelude: &mut Prelude) -> Parsed<ItemKind> {
        let start = self.peek_span();
        let body = self.body(start, prelude)?;
        if place == Place::Component {
            return self.fail_in_place(
                Diagnostic::error(
                    codes::MISPLACED_ITEM,
                    "syntax error: a constraint is not allowed in a component",
                )
                .at(start, "not allowed here")
                .help("move it out of the component"),
                ItemKind::Constraint(Box::new(body)),
            );
        }
        Ok(ItemKind::Constraint(Box::new(body)))
    }

    /// True at `?-`, which the lexer reads as the identifier `?` and a minus.
    pub(super) fn at_query(&mut self) -> bool {
        self.peek_at(1) == TokenKind::Minus
            && self.stream.text(&self.ahead[0]) == "?"
            && self.ahead[0].span.end == self.ahead[1].span.start
    }

    /// `?- body.`
    pub(super) fn query(&mut self, place: Place) -> Parsed<ItemKind> {
        let start = self.bump().span;
        self.bump();
        let body = self.formula()?;
        self.end_clause(start, "`,`, `;`")?;
        if place != Place::Program {
            return self.fail_in_place(
                Diagnostic::error(
                    codes::MISPLACED_ITEM,
                    "syntax error: a query is not allowed here",
                )
                .at(start, "inside a block")
                .help("ask it outside"),
                ItemKind::Query(Box::new(body)),
            );
        }
        Ok(ItemKind::Query(Box::new(body)))
    }

    /// A whole text that is one question.
    pub fn question(&mut self) -> Option<Body> {
        if self.at_query() {
            self.bump();
            self.bump();
        }
        let body = self.formula().ok()?;
        self.eat(TokenKind::Dot);
        if !self.at(TokenKind::End) {
            let diagnostic = match self.peek() {
                TokenKind::If => self
                    .unexpected_diagnostic("the end of the query")
                    .help("this is a rule; a query has no head: `?- body.`"),
                _ => self.unexpected_diagnostic("`,`, `;` or the end of the query"),
            };
            self.report(diagnostic);
            return None;
        }
        Some(body)
    }

    /// The `.` of the clause that began at `start`. If it was forgotten, blames the place where it belongs.
    pub(super) fn end_clause(&mut self, start: Span, otherwise: &str) -> Parsed<()> {
        if self.eat(TokenKind::Dot) {
            return Ok(());
        }
        if self.at_item_start() && !self.continues_deeper(start) {
            let end = self.last_span();
            self.report(
                Diagnostic::error(
                    codes::MISSING_DOT,
                    "syntax error: missing `.` at the end of the clause",
                )
                .at(
                    Span::new(end.file, end.end, end.end),
                    "expected `.` after this",
                )
                .help("every fact and rule ends with `.`"),
            );
            return Ok(());
        }
        if matches!(
            self.peek(),
            TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace
        ) {
            let text = self.peek().describe();
            let span = self.peek_span();
            return self.fail(
                Diagnostic::error(
                    codes::UNBALANCED,
                    format!("syntax error: unexpected `{text}`"),
                )
                .at(span, "nothing is open here"),
            );
        }
        self.unexpected(&format!("{otherwise} or `.`"))
    }

    /// True if the next line is indented more than the clause: then it was meant to go on.
    fn continues_deeper(&mut self, start: Span) -> bool {
        if self.peek() != TokenKind::Ident {
            return false;
        }
        let next = self.peek_span();
        next.file == start.file && self.indent(next) > self.indent(start)
    }

    fn indent(&self, span: Span) -> usize {
        let text = self.stream.sources.file(span.file).text();
        let before = &text[..(span.start as usize).min(text.len())];
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = &text[line..];
        line.len() - line.trim_start_matches([' ', '\t']).len()
    }

    /// `.plan 0:(2,1), 1:(1,2)`, if there is one.
    fn plan(&mut self) -> Parsed<Option<ExecutionPlan>> {
        if !self.at(TokenKind::Directive(
            crate::syntax::token::DirectiveWord::Plan,
        )) {
            return Ok(None);
        }
        let start = self.bump().span;
        let mut orders = Vec::new();
        loop {
            let version = self.plan_number()?;
            self.expect(TokenKind::Colon)?;
            let open = self.expect(TokenKind::LParen)?.span;
            let order = self.list_until(open, TokenKind::RParen, Self::plan_number)?;
            orders.push((version, order));
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        Ok(Some(ExecutionPlan {
            orders,
            span: self.since(start),
        }))
    }

    fn plan_number(&mut self) -> Parsed<u32> {
        if !self.at(TokenKind::Integer) {
            return self.unexpected("a number");
        }
        let token = self.bump();
        match self.stream.text(&token).parse() {
            Ok(number) => Ok(number),
            Err(_) => self.fail(
                Diagnostic::error(codes::NUMBER_TOO_LARGE, "this number is too large")
                    .at(token.span, "plans count versions and atoms of one rule"),
            ),
        }
    }

    /// Steps over a plan that belongs to nothing, so that it costs one error.
    pub(super) fn skip_plan(&mut self) {
        self.bump();
        while matches!(
            self.peek(),
            TokenKind::Integer
                | TokenKind::Colon
                | TokenKind::Comma
                | TokenKind::LParen
                | TokenKind::RParen
        ) {
            self.bump();
        }
    }
}
