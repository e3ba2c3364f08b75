//! The words of a program.

use super::source::Span;
use std::fmt;
use std::sync::Arc;

/// One word with its place.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: TokenKind,
    /// Where the user wrote it; for a word out of a macro, where the macro is used.
    pub span: Span,
    /// First word of its line, or of its file.
    pub starts_line: bool,
    /// What it says, when that differs from the text at `span`.
    pub spelling: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    Ident,
    Keyword(Keyword),
    Directive(DirectiveWord),
    /// Decimal, hexadecimal or binary digits.
    Integer,
    Ipv4,
    /// With suffix `u`.
    Unsigned,
    Float,
    /// Already reported; stands for a number.
    BadNumber,
    /// A string literal with its quotes.
    Text,
    /// An unterminated or wrongly quoted string, already reported.
    BadText,
    /// `///`
    Doc,
    /// `//!`
    InnerDoc,
    /// `#` as first word of a line: the preprocessor's.
    Hash,
    /// The end of a preprocessor line.
    HashEnd,
    Underscore,
    If,
    Dot,
    Comma,
    Colon,
    Semicolon,
    LParen,
    RParen,
    LBracket,
    RBracket,
    LBrace,
    RBrace,
    Bang,
    At,
    /// `@!`
    AtBang,
    Dollar,
    Pipe,
    Arrow,
    Subtype,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Caret,
    /// Characters that mean nothing but to the preprocessor. As words of the text itself they are already reported.
    Other,
    End,
}

impl TokenKind {
    /// How messages name it; words with content are named by their content instead.
    pub fn describe(self) -> &'static str {
        use TokenKind::*;
        match self {
            Ident => "identifier",
            Keyword(word) => word.text(),
            Directive(word) => word.text(),
            Integer | Ipv4 | BadNumber => "number",
            Unsigned => "unsigned number",
            Float => "float",
            Text | BadText => "string",
            Doc | InnerDoc => "doc comment",
            Hash => "#",
            HashEnd => "end of line",
            Underscore => "_",
            If => ":-",
            Dot => ".",
            Comma => ",",
            Colon => ":",
            Semicolon => ";",
            LParen => "(",
            RParen => ")",
            LBracket => "[",
            RBracket => "]",
            LBrace => "{",
            RBrace => "}",
            Bang => "!",
            At => "@",
            AtBang => "@!",
            Dollar => "$",
            Pipe => "|",
            Arrow => "->",
            Subtype => "<:",
            Eq => "=",
            Ne => "!=",
            Lt => "<",
            Le => "<=",
            Gt => ">",
            Ge => ">=",
            Plus => "+",
            Minus => "-",
            Star => "*",
            Slash => "/",
            Percent => "%",
            Caret => "^",
            Other => "character",
            End => "end of file",
        }
    }

    /// True for a word after which an item may be complete.
    pub fn can_end_item(self) -> bool {
        use TokenKind::*;
        match self {
            Ident | Integer | Ipv4 | Unsigned | Float | BadNumber | Text | BadText | Underscore
            | Dollar | Dot => true,
            RParen | RBracket | RBrace => true,
            Directive(word) => word == DirectiveWord::Once,
            Keyword(word) => word.can_end_item(),
            _ => false,
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $enum:ident { $($variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $enum { $($variant,)* }

        impl $enum {
            pub const ALL: &[$enum] = &[$($enum::$variant,)*];

            pub fn text(self) -> &'static str {
                match self { $($enum::$variant => $text,)* }
            }

            pub fn from_text(text: &str) -> Option<$enum> {
                match text { $($text => Some($enum::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }
    };
}

words! {
    /// Reserved words: never names of relations, variables, types or attributes.
    Keyword {
        As "as",
        Autoinc "autoinc",
        Band "band",
        Bnot "bnot",
        Bor "bor",
        Brie "brie",
        Bshl "bshl",
        Bshr "bshr",
        Bshru "bshru",
        Btree "btree",
        BtreeDelete "btree_delete",
        Bxor "bxor",
        Cat "cat",
        ChoiceDomain "choice-domain",
        Contains "contains",
        Count "count",
        DebugDelta "debug_delta",
        Eqrel "eqrel",
        False "false",
        Fold "fold",
        Inline "inline",
        Input "input",
        IterationCount "recursive_iteration_cnt",
        Land "land",
        Lnot "lnot",
        Lor "lor",
        Lxor "lxor",
        Magic "magic",
        Match "match",
        Max "max",
        Mean "mean",
        Min "min",
        Nil "nil",
        NoInline "no_inline",
        NoMagic "no_magic",
        Ord "ord",
        Output "output",
        Overridable "overridable",
        Printsize "printsize",
        Range "range",
        Stateful "stateful",
        Strlen "strlen",
        Substr "substr",
        Sum "sum",
        ToFloat "to_float",
        ToNumber "to_number",
        ToString "to_string",
        ToUnsigned "to_unsigned",
        True "true",
    }
}

impl Keyword {
    /// Constants, and qualifiers of declarations.
    fn can_end_item(self) -> bool {
        use Keyword::*;
        matches!(
            self,
            Nil | True
                | False
                | Stateful
                | Brie
                | Btree
                | BtreeDelete
                | Eqrel
                | Inline
                | Input
                | Magic
                | NoInline
                | NoMagic
                | Output
                | Overridable
                | Printsize
        )
    }
}

words! {
    /// Words after a dot that begin an item (or, for `.plan`, go with one).
    DirectiveWord {
        Abducible ".abducible",
        Comp ".comp",
        Decl ".decl",
        Functor ".functor",
        Goal ".goal",
        Hypothesis ".hypothesis",
        Include ".include",
        Init ".init",
        Input ".input",
        Lattice ".lattice",
        Limitsize ".limitsize",
        NumberType ".number_type",
        Once ".once",
        Output ".output",
        Override ".override",
        Plan ".plan",
        Pragma ".pragma",
        Printsize ".printsize",
        SymbolType ".symbol_type",
        Type ".type",
    }
}

impl DirectiveWord {
    /// Words Soufflé does not know. They must not change how a Soufflé program reads.
    pub fn is_addition(self) -> bool {
        use DirectiveWord::*;
        matches!(self, Abducible | Goal | Hypothesis)
    }
}
