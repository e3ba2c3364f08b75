//! Types, lattices, relations and functors.

use super::{Parsed, Parser};
use crate::syntax::ast::*;
use crate::syntax::codes;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use crate::syntax::token::{DirectiveWord, Keyword, TokenKind};
use std::sync::Arc;

/// What a lattice can be given.
const LATTICE_OPERATORS: [&str; 4] = ["Bottom", "Top", "Lub", "Glb"];

impl Parser<'_, '_> {
    pub(super) fn type_decl(&mut self, word: DirectiveWord) -> Parsed<ItemKind> {
        let keyword = self.bump().span;
        let name = self.name("the name of a type")?;
        let definition = match (word, self.peek()) {
            (DirectiveWord::NumberType, _) => self.deprecated_type(keyword, &name, "number"),
            (DirectiveWord::SymbolType, _) => self.deprecated_type(keyword, &name, "symbol"),
            (_, TokenKind::Subtype) => {
                self.bump();
                TypeDefinition::Subset {
                    base: self.path("the name of a type")?,
                    deprecated: false,
                }
            }
            (_, TokenKind::Eq) => {
                self.bump();
                self.type_definition()?
            }
            (
                _,
                TokenKind::LBrace
                | TokenKind::LBracket
                | TokenKind::Colon
                | TokenKind::Lt
                | TokenKind::Pipe,
            ) => {
                return self.unexpected("`<:` or `=`");
            }
            _ => self.deprecated_type(keyword, &name, "symbol"),
        };
        Ok(ItemKind::Type(Box::new(TypeDecl { name, definition })))
    }

    fn deprecated_type(&mut self, keyword: Span, name: &Name, base: &str) -> TypeDefinition {
        self.report(
            Diagnostic::warning(codes::DEPRECATED_TYPE, "deprecated type declaration")
                .at(keyword.to(name.span), "an old form")
                .help(format!("write `.type {} <: {base}`", name.text)),
        );
        TypeDefinition::Subset {
            base: Path {
                parts: vec![Name {
                    text: Arc::from(base),
                    span: name.span,
                }],
                span: name.span,
            },
            deprecated: true,
        }
    }

    /// What follows `.type T =`.
    fn type_definition(&mut self) -> Parsed<TypeDefinition> {
        if self.at(TokenKind::LBracket) {
            let open = self.bump().span;
            return Ok(TypeDefinition::Record(self.list_until(
                open,
                TokenKind::RBracket,
                Self::attribute,
            )?));
        }
        self.skip_prelude()?;
        if matches!(self.peek(), TokenKind::Ident | TokenKind::Keyword(_))
            && self.peek_at(1) == TokenKind::LBrace
        {
            let mut branches = vec![self.branch_decl()?];
            while self.eat(TokenKind::Pipe) {
                self.skip_prelude()?;
                branches.push(self.branch_decl()?);
            }
            return Ok(TypeDefinition::Adt(branches));
        }
        let first = self.path("a type, `[` or a branch `Name {…}`")?;
        if !self.at(TokenKind::Pipe) {
            return Ok(TypeDefinition::Alias(first));
        }
        let mut members = vec![first];
        while self.eat(TokenKind::Pipe) {
            members.push(self.path("the name of a type")?);
        }
        if self.at(TokenKind::LBrace) {
            let diagnostic = self.unexpected_diagnostic("`|`").help(
                "the branches of an algebraic data type all have braces: `A {} | B {x: number}`",
            );
            return self.fail(diagnostic);
        }
        Ok(TypeDefinition::Union(members))
    }

    fn branch_decl(&mut self) -> Parsed<Branch> {
        let name = self.name("the name of a branch")?;
        if !self.at(TokenKind::LBrace) {
            let help = format!("a branch without fields is written `{} {{}}`", name.text);
            let diagnostic = self.unexpected_diagnostic("`{`").help(help);
            return self.fail(diagnostic);
        }
        let open = self.bump().span;
        self.inner_annotations();
        Ok(Branch {
            name,
            fields: self.list_until(open, TokenKind::RBrace, Self::attribute)?,
        })
    }

    /// `name: type`, or `name: lattice<>`
    fn attribute(&mut self) -> Parsed<Attribute> {
        self.skip_prelude()?;
        let name = self.name("the name of an attribute")?;
        if !self.at(TokenKind::Colon) {
            let help = format!("every attribute has a type: `{}: symbol`", name.text);
            let diagnostic = self.unexpected_diagnostic("`:`").help(help);
            return self.fail(diagnostic);
        }
        self.bump();
        if self.at(TokenKind::LBracket) {
            let diagnostic = self
                .unexpected_diagnostic("the name of a type")
                .help("a record type needs a name: `.type Pair = [x: number, y: number]`");
            return self.fail(diagnostic);
        }
        let ty = self.path("the name of a type")?;
        let lattice = self.at(TokenKind::Lt);
        if lattice {
            self.bump();
            self.expect(TokenKind::Gt)?;
        }
        Ok(Attribute { name, ty, lattice })
    }

    /// `.lattice T<> { Bottom -> e, … }`
    pub(super) fn lattice_decl(&mut self) -> Parsed<ItemKind> {
        self.bump();
        let name = self.name("the name of a type")?;
        self.expect(TokenKind::Lt)?;
        self.expect(TokenKind::Gt)?;
        let open = self.expect(TokenKind::LBrace)?.span;
        let operators = self.list_until(open, TokenKind::RBrace, |parser| {
            let operator = parser.name("the name of a lattice operator")?;
            parser.expect(TokenKind::Arrow)?;
            let expr = parser.expr()?;
            Ok((operator, expr))
        })?;
        for (at, (operator, _)) in operators.iter().enumerate() {
            let known = LATTICE_OPERATORS.contains(&&*operator.text);
            let repeated = operators[..at]
                .iter()
                .any(|(earlier, _)| earlier.text == operator.text);
            if !known || repeated {
                let problem = if known {
                    "given twice"
                } else {
                    "not recognized"
                };
                self.report(
                    Diagnostic::error(
                        codes::LATTICE_OPERATOR,
                        format!("lattice operator {problem}"),
                    )
                    .at(operator.span, problem)
                    .help("operators are Bottom, Top, Lub and Glb"),
                );
            }
        }
        Ok(ItemKind::Lattice(Box::new(LatticeDecl { name, operators })))
    }

    /// `.decl a, b(x: T) tags choice-domain k` or `.decl d = debug_delta(r)`
    pub(super) fn relation_decl(&mut self) -> Parsed<ItemKind> {
        self.bump();
        let mut names = vec![self.name("the name of a relation")?];
        if self.at(TokenKind::Eq) {
            self.bump();
            self.expect(TokenKind::Keyword(Keyword::DebugDelta))?;
            self.expect(TokenKind::LParen)?;
            let debug_delta = Some(self.path("the name of a relation")?);
            self.expect(TokenKind::RParen)?;
            return Ok(ItemKind::Relation(Box::new(RelationDecl {
                names,
                attributes: Vec::new(),
                qualifiers: self.qualifiers(),
                choice_domains: Vec::new(),
                debug_delta,
            })));
        }
        while self.eat(TokenKind::Comma) {
            names.push(self.name("the name of a relation")?);
        }
        if !self.at(TokenKind::LParen) {
            return self.unexpected("`(`");
        }
        let open = self.bump().span;
        let attributes = self.list_until(open, TokenKind::RParen, Self::attribute)?;
        let qualifiers = self.qualifiers();
        let mut choice_domains = Vec::new();
        if self.eat(TokenKind::Keyword(Keyword::ChoiceDomain)) {
            choice_domains.push(self.choice_domain()?);
            while self.eat(TokenKind::Comma) {
                choice_domains.push(self.choice_domain()?);
            }
        }
        if let TokenKind::Keyword(word) = self.peek() {
            let diagnostic = self.unexpected_diagnostic("the end of the declaration");
            return self.fail(match qualifier(word) {
                Some(_) => diagnostic.help("qualifiers go before `choice-domain`"),
                None => diagnostic,
            });
        }
        if self.at(TokenKind::Ident)
            && !self.peek_token().starts_line
            && !matches!(self.peek_at(1), TokenKind::LParen | TokenKind::Dot)
        {
            return self.unknown_qualifier();
        }
        Ok(ItemKind::Relation(Box::new(RelationDecl {
            names,
            attributes,
            qualifiers,
            choice_domains,
            debug_delta: None,
        })))
    }

    fn unknown_qualifier<T>(&mut self) -> Parsed<T> {
        let token = self.bump();
        let text = self.text(&token);
        let mut diagnostic = Diagnostic::error(
            codes::UNEXPECTED_TOKEN,
            format!("syntax error: unknown relation qualifier `{text}`"),
        )
        .at(token.span, "no qualifier has this name");
        let near = Keyword::ALL
            .iter()
            .filter(|word| qualifier(**word).is_some() || **word == Keyword::ChoiceDomain)
            .map(|word| (strsim::damerau_levenshtein(&text, word.text()), word))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= 3);
        if let Some((_, word)) = near {
            diagnostic = diagnostic.help(format!("did you mean `{word}`?"));
        }
        self.fail(diagnostic)
    }

    fn choice_domain(&mut self) -> Parsed<Vec<Name>> {
        if !self.at(TokenKind::LParen) {
            return Ok(vec![self.name("the name of an attribute")?]);
        }
        let open = self.bump().span;
        if self.at(TokenKind::RParen) {
            return self.unexpected("the name of an attribute");
        }
        self.list_until(open, TokenKind::RParen, |parser| {
            parser.name("the name of an attribute")
        })
    }

    fn qualifiers(&mut self) -> Vec<(Qualifier, Span)> {
        let mut qualifiers: Vec<(Qualifier, Span)> = Vec::new();
        while let TokenKind::Keyword(word) = self.peek() {
            let Some(qualifier) = qualifier(word) else {
                break;
            };
            let span = self.bump().span;
            if matches!(
                qualifier,
                Qualifier::Input | Qualifier::Output | Qualifier::Printsize
            ) {
                self.report(
                    Diagnostic::warning(
                        codes::DEPRECATED_QUALIFIER,
                        format!("deprecated {word} qualifier"),
                    )
                    .at(span, "an old form")
                    .help(format!("write a directive of its own: `.{word} relation`")),
                );
            }
            let clash = qualifiers
                .iter()
                .find(|(earlier, _)| clashes(*earlier, qualifier));
            if let Some(&(earlier, at)) = clash {
                let message = if earlier == qualifier {
                    format!("{word} qualifier already set")
                } else {
                    format!("qualifier `{word}` contradicts an earlier one")
                };
                self.report(
                    Diagnostic::error(codes::QUALIFIER_CLASH, message)
                        .at(span, "not possible beside the other")
                        .at(at, "set here"),
                );
            }
            qualifiers.push((qualifier, span));
        }
        qualifiers
    }

    /// `.functor f(a: symbol, number): symbol stateful`
    pub(super) fn functor_decl(&mut self) -> Parsed<ItemKind> {
        self.bump();
        let name = self.name("the name of a functor")?;
        let open = self.expect(TokenKind::LParen)?.span;
        let parameters = self.list_until(open, TokenKind::RParen, |parser| {
            parser.skip_prelude()?;
            let first = parser.name("the name of a type")?;
            if parser.eat(TokenKind::Colon) {
                Ok((Some(first), parser.path("the name of a type")?))
            } else {
                Ok((None, parser.path_after(first, "the name of a type")?))
            }
        })?;
        self.expect(TokenKind::Colon)?;
        let result = self.path("the name of a type")?;
        let stateful = self.eat(TokenKind::Keyword(Keyword::Stateful));
        Ok(ItemKind::Functor(Box::new(FunctorDecl {
            name,
            parameters,
            result,
            stateful,
        })))
    }
}

fn qualifier(word: Keyword) -> Option<Qualifier> {
    Some(match word {
        Keyword::Btree => Qualifier::Btree,
        Keyword::Brie => Qualifier::Brie,
        Keyword::BtreeDelete => Qualifier::BtreeDelete,
        Keyword::Eqrel => Qualifier::Eqrel,
        Keyword::Inline => Qualifier::Inline,
        Keyword::NoInline => Qualifier::NoInline,
        Keyword::Magic => Qualifier::Magic,
        Keyword::NoMagic => Qualifier::NoMagic,
        Keyword::Overridable => Qualifier::Overridable,
        Keyword::Input => Qualifier::Input,
        Keyword::Output => Qualifier::Output,
        Keyword::Printsize => Qualifier::Printsize,
        _ => return None,
    })
}

/// One representation at most, and nothing twice. Whether `inline` goes with `no_inline` is not a matter of text.
fn clashes(a: Qualifier, b: Qualifier) -> bool {
    use Qualifier::*;
    let representation = |q| matches!(q, Btree | Brie | BtreeDelete | Eqrel);
    a == b || representation(a) && representation(b)
}
