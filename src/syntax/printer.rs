//! Trees to text. What is printed parses to the tree it was printed from.
//!
//! Every node of the tree that messages mention implements [`Display`].

use super::ast::*;
use super::parser::binding;
use super::token::DirectiveWord;
use super::token::Keyword;
use std::fmt::{self, Display, Formatter, Write};

/// Bodies longer than this go on lines of their own.
const WIDTH: usize = 100;
/// How tight a sign binds: between `*` and `^`.
const SIGN: u8 = 9;
const PRIMARY: u8 = 11;

/// A whole program, one item after the other.
pub fn print_program(program: &Program) -> String {
    let mut out = String::new();
    for annotation in &program.annotations {
        out += &format!("@!{}\n", Bracketed(annotation));
    }
    print_items(&mut out, &program.items, 0);
    out
}

fn print_items(out: &mut String, items: &[Item], depth: usize) {
    for item in items {
        print_item(out, item, depth);
    }
}

/// An item with its doc comments and annotations, indented, ended by a newline.
fn print_item(out: &mut String, item: &Item, depth: usize) {
    let indent = "    ".repeat(depth);
    for doc in &item.docs {
        let blank = if doc.is_empty() { "" } else { " " };
        out.push_str(&format!("{indent}///{blank}{doc}\n"));
    }
    for annotation in &item.annotations {
        out.push_str(&format!("{indent}@{}\n", Bracketed(annotation)));
    }
    out.push_str(&indent);
    match &item.kind {
        ItemKind::Component(component) => {
            out.push_str(&format!(".comp {}", component.head));
            for (at, base) in component.bases.iter().enumerate() {
                out.push_str(&format!("{}{base}", if at == 0 { " : " } else { ", " }));
            }
            out.push_str(" {\n");
            print_items(out, &component.items, depth + 1);
            out.push_str(&format!("{indent}}}"));
        }
        ItemKind::Hypothesis(hypothesis) => print_hypothesis(out, hypothesis, depth),
        kind => {
            let line = kind.to_string();
            if line.len() + indent.len() <= WIDTH {
                out.push_str(&line);
            } else {
                out.push_str(&broken(kind, &indent).unwrap_or(line));
            }
        }
    }
    out.push('\n');
    let plan = match &item.kind {
        ItemKind::Rule(rule) => rule.plan.as_deref(),
        ItemKind::Subsumption(rule) => rule.plan.as_ref(),
        _ => None,
    };
    if let Some(plan) = plan {
        out.push_str(&format!("{indent}    {plan}\n"));
    }
}

/// A clause with every literal on a line of its own.
fn broken(kind: &ItemKind, indent: &str) -> Option<String> {
    let (head, body) = match kind {
        ItemKind::Rule(rule) => (format!("{} :-", list(&rule.heads)), rule.body.as_deref()?),
        ItemKind::Subsumption(rule) => (
            format!("{} <= {} :-", rule.dominated, rule.dominating),
            &rule.body,
        ),
        ItemKind::Constraint(body) => (":-".to_string(), &**body),
        ItemKind::Query(body) => ("?-".to_string(), &**body),
        _ => return None,
    };
    let (parts, joint) = match &body.kind {
        FormulaKind::And(parts) => (parts.as_slice(), ","),
        FormulaKind::Or(parts) => (parts.as_slice(), ";"),
        _ => (std::slice::from_ref(body), ","),
    };
    let context = if joint == "," {
        Context::And
    } else {
        Context::Or
    };
    let lines: Vec<String> = parts
        .iter()
        .map(|part| Grouped(part, context).to_string())
        .collect();
    let joint = format!("{joint}\n{indent}    ");
    Some(format!("{head}\n{indent}    {}.", lines.join(&joint)))
}

fn print_hypothesis(out: &mut String, hypothesis: &Hypothesis, depth: usize) {
    let indent = "    ".repeat(depth);
    out.push_str(&format!(".hypothesis {}", hypothesis.name));
    if !hypothesis.parameters.is_empty() {
        out.push_str(&format!("({})", list(&hypothesis.parameters)));
    }
    if let Some(title) = &hypothesis.title {
        out.push_str(&format!(" {title}"));
    }
    out.push_str(" {\n");
    for entry in &hypothesis.entries {
        match entry {
            HypothesisEntry::Goal(atom) => out.push_str(&format!("{indent}    .goal {atom}.\n")),
            HypothesisEntry::Assume(atom) => out.push_str(&format!("{indent}    + {atom}.\n")),
            HypothesisEntry::Withdraw(atom) => out.push_str(&format!("{indent}    - {atom}.\n")),
            HypothesisEntry::Rule(item) => print_item(out, item, depth + 1),
        }
    }
    out.push_str(&format!("{indent}}}"));
}

struct Bracketed<'a>(&'a Annotation);

impl Display for Bracketed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Bracketed(annotation) = self;
        match &annotation.value {
            None => write!(f, "[{}]", annotation.key),
            Some(AnnotationValue::Text(text)) => {
                write!(f, "[{} = {}]", annotation.key, Quoted(text))
            }
            Some(AnnotationValue::Tokens(tokens)) => write!(f, "[{} = {tokens}]", annotation.key),
        }
    }
}

/// Items side by side, separated by commas.
fn list<T: Display>(items: &[T]) -> String {
    items
        .iter()
        .map(T::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A symbol as a literal, with its quotes and escapes.
pub struct Quoted<'a>(pub &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\x07' => f.write_str("\\a")?,
                '\x08' => f.write_str("\\b")?,
                '\x0c' => f.write_str("\\f")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\x0b' => f.write_str("\\v")?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, part) in self.parts.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{part}")?;
            // With a blank after it, `.decl` would begin an item.
            if at > 0 && DirectiveWord::from_text(&format!(".{part}")).is_some() {
                write!(f, "/**/")?;
            }
        }
        Ok(())
    }
}

impl Display for StringLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Quoted(&self.value).fmt(f)
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lattice = if self.lattice { "<>" } else { "" };
        write!(f, "{}: {}{lattice}", self.name, self.ty)
    }
}

impl Display for Branch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {{{}}}", self.name, list(&self.fields))
    }
}

impl Display for ComponentType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if self.arguments.is_empty() {
            return Ok(());
        }
        write!(f, "<{}>", list(&self.arguments))
    }
}

impl Display for Atom {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.relation, list(&self.args))
    }
}

impl Display for ExecutionPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, (version, order)) in self.orders.iter().enumerate() {
            let lead = if at == 0 { ".plan " } else { ", " };
            write!(f, "{lead}{version}:({})", list(order))?;
        }
        Ok(())
    }
}

impl Display for Parameter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if is_plain_word(&self.value) {
            write!(f, "{}={}", self.key, self.value)
        } else {
            write!(f, "{}={}", self.key, Quoted(&self.value))
        }
    }
}

/// Words that need no quotes as the value of a parameter.
fn is_plain_word(text: &str) -> bool {
    let ident = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let reserved = Keyword::from_text(text)
        .is_some_and(|word| !matches!(word, Keyword::True | Keyword::False));
    digits || ident && !reserved
}

/// The item on one line, without what stands before it and without its plan. Components and hypotheses give their
/// first line.
impl Display for ItemKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ItemKind::Type(declaration) => write!(f, "{declaration}"),
            ItemKind::Lattice(lattice) => {
                write!(f, ".lattice {}<> {{", lattice.name)?;
                for (at, (operator, expr)) in lattice.operators.iter().enumerate() {
                    let comma = if at == 0 { " " } else { ", " };
                    write!(f, "{comma}{operator} -> {expr}")?;
                }
                f.write_str(" }")
            }
            ItemKind::Relation(relation) => write!(f, "{relation}"),
            ItemKind::Functor(functor) => write!(f, "{functor}"),
            ItemKind::Rule(rule) => match &rule.body {
                Some(body) => write!(f, "{} :- {body}.", list(&rule.heads)),
                None => write!(f, "{}.", list(&rule.heads)),
            },
            ItemKind::Subsumption(rule) => {
                write!(
                    f,
                    "{} <= {} :- {}.",
                    rule.dominated, rule.dominating, rule.body
                )
            }
            ItemKind::Constraint(body) => write!(f, ":- {body}."),
            ItemKind::Query(body) => write!(f, "?- {body}."),
            ItemKind::Directive(directive) => {
                write!(f, "{} {}", directive.kind, list(&directive.relations))?;
                if directive.parameters.is_empty() {
                    return Ok(());
                }
                write!(f, "({})", list(&directive.parameters))
            }
            ItemKind::Pragma { key, value } => match value {
                Some(value) => write!(f, ".pragma {key} {value}"),
                None => write!(f, ".pragma {key}"),
            },
            ItemKind::Component(component) => write!(f, ".comp {}", component.head),
            ItemKind::Init { name, component } => write!(f, ".init {name} = {component}"),
            ItemKind::Override(name) => write!(f, ".override {name}"),
            ItemKind::Include { path, .. } => write!(f, ".include {path}"),
            ItemKind::Once => f.write_str(".once"),
            ItemKind::Abducible(paths) => write!(f, ".abducible {}", list(paths)),
            ItemKind::Hypothesis(hypothesis) => write!(f, ".hypothesis {}", hypothesis.name),
        }
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        print_item(&mut out, self, 0);
        f.write_str(out.trim_end_matches('\n'))
    }
}

impl Display for TypeDecl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        let joined = |parts: &[String]| parts.join(" | ");
        match &self.definition {
            TypeDefinition::Subset {
                base,
                deprecated: true,
            } => write!(f, ".{base}_type {name}"),
            TypeDefinition::Subset { base, .. } => write!(f, ".type {name} <: {base}"),
            TypeDefinition::Alias(other) => write!(f, ".type {name} = {other}"),
            TypeDefinition::Union(members) => {
                let members: Vec<String> = members.iter().map(Path::to_string).collect();
                write!(f, ".type {name} = {}", joined(&members))
            }
            TypeDefinition::Record(fields) => write!(f, ".type {name} = [{}]", list(fields)),
            TypeDefinition::Adt(branches) => {
                let branches: Vec<String> = branches.iter().map(Branch::to_string).collect();
                write!(f, ".type {name} = {}", joined(&branches))
            }
        }
    }
}

impl Display for RelationDecl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, ".decl {}", list(&self.names))?;
        match &self.debug_delta {
            Some(relation) => write!(f, " = debug_delta({relation})")?,
            None => write!(f, "({})", list(&self.attributes))?,
        }
        for (qualifier, _) in &self.qualifiers {
            write!(f, " {qualifier}")?;
        }
        for (at, key) in self.choice_domains.iter().enumerate() {
            let lead = if at == 0 { " choice-domain " } else { ", " };
            match key.as_slice() {
                [name] => write!(f, "{lead}{name}")?,
                names => write!(f, "{lead}({})", list(names))?,
            }
        }
        Ok(())
    }
}

impl Display for FunctorDecl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, ".functor {}(", self.name)?;
        for (at, (name, ty)) in self.parameters.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            match name {
                Some(name) => write!(f, "{comma}{name}: {ty}")?,
                None => write!(f, "{comma}{ty}")?,
            }
        }
        let stateful = if self.stateful { " stateful" } else { "" };
        write!(f, "): {}{stateful}", self.result)
    }
}

/// What surrounds a formula and so decides whether it needs parentheses.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    And,
    Or,
    Not,
}

struct Grouped<'a>(&'a Formula, Context);

impl Display for Grouped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Grouped(formula, context) = self;
        let bare = match (&formula.kind, context) {
            (FormulaKind::Or(_), _) => false,
            (FormulaKind::And(_), context) => *context == Context::Or,
            (FormulaKind::Compare { .. }, context) => *context != Context::Not,
            _ => true,
        };
        if bare {
            formula.fmt(f)
        } else {
            write!(f, "({formula})")
        }
    }
}

impl Display for Formula {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut joined = |parts: &[Formula], joint: &str, context| {
            for (at, part) in parts.iter().enumerate() {
                let lead = if at == 0 { "" } else { joint };
                write!(f, "{lead}{}", Grouped(part, context))?;
            }
            Ok(())
        };
        match &self.kind {
            FormulaKind::And(parts) => joined(parts, ", ", Context::And),
            FormulaKind::Or(parts) => joined(parts, "; ", Context::Or),
            FormulaKind::Not(inner) => write!(f, "!{}", Grouped(inner, Context::Not)),
            FormulaKind::Atom(atom) => atom.fmt(f),
            FormulaKind::Compare { op, left, right } => write!(f, "{left} {op} {right}"),
            FormulaKind::Match { pattern, text } => write!(f, "match({pattern}, {text})"),
            FormulaKind::Contains { part, text } => write!(f, "contains({part}, {text})"),
            FormulaKind::Bool(value) => write!(f, "{value}"),
        }
    }
}

/// An operand, in parentheses if it binds looser than its place asks.
struct Operand<'a>(&'a Expr, u8);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Operand(expr, tightest) = self;
        let own = match &expr.kind {
            ExprKind::Binary { op, .. } => binding(*op),
            ExprKind::Unary { .. } => SIGN,
            _ => PRIMARY,
        };
        if own < *tightest {
            write!(f, "({expr})")
        } else {
            expr.fmt(f)
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Variable(name) => f.write_str(name),
            ExprKind::Wildcard => f.write_str("_"),
            ExprKind::Integer(literal) => literal.fmt(f),
            ExprKind::Unsigned(value) => write!(f, "{value}u"),
            ExprKind::Float(value) => {
                let digits = value.to_string();
                let fraction = if digits.contains('.') { "" } else { ".0" };
                write!(f, "{digits}{fraction}")
            }
            ExprKind::Text(text) => Quoted(text).fmt(f),
            ExprKind::Nil => f.write_str("nil"),
            ExprKind::Record(fields) => write!(f, "[{}]", list(fields)),
            ExprKind::Branch { name, args } => write!(f, "${name}({})", list(args)),
            ExprKind::Unary { op, operand } => {
                let operand = Operand(operand, SIGN);
                match op {
                    UnaryOp::Negate => write!(f, "-{operand}"),
                    UnaryOp::BitNot => write!(f, "bnot {operand}"),
                    UnaryOp::LogicalNot => write!(f, "lnot {operand}"),
                }
            }
            ExprKind::Binary {
                op: BinaryOp::Power,
                left,
                right,
            } => {
                write!(f, "{} ^ {}", Operand(left, PRIMARY), Operand(right, SIGN))
            }
            ExprKind::Binary { op, left, right } => {
                let own = binding(*op);
                write!(f, "{} {op} {}", Operand(left, own), Operand(right, own + 1))
            }
            ExprKind::Call { functor, args } => write!(f, "{functor}({})", list(args)),
            ExprKind::UserCall { name, args } => write!(f, "@{name}({})", list(args)),
            ExprKind::Cast { operand, ty } => write!(f, "as({operand}, {ty})"),
            ExprKind::Aggregate(aggregate) => aggregate.fmt(f),
            ExprKind::IterationCount => f.write_str("recursive_iteration_cnt()"),
        }
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.op {
            AggregateOp::Count => f.write_str("count")?,
            AggregateOp::Sum => f.write_str("sum")?,
            AggregateOp::Min => f.write_str("min")?,
            AggregateOp::Max => f.write_str("max")?,
            AggregateOp::Mean => f.write_str("mean")?,
            AggregateOp::User { name, .. } => write!(f, "@@{name}")?,
        }
        if let Some(target) = &self.target {
            write!(f, " {target}")?;
        }
        f.write_str(" : ")?;
        if let AggregateOp::User { init, .. } = &self.op {
            write!(f, "{init}, ")?;
        }
        write!(f, "{{ {} }}", self.body)
    }
}

impl Display for IntegerLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = self.magnitude;
        match self.notation {
            Notation::Decimal => write!(f, "{value}"),
            Notation::Hexadecimal => write!(f, "{value:#x}"),
            Notation::Binary => write!(f, "{value:#b}"),
            Notation::Ipv4 => {
                let part = |shift: u32| value >> shift & 0xff;
                write!(f, "{}.{}.{}.{}", part(24), part(16), part(8), part(0))
            }
        }
    }
}

macro_rules! display_as {
    ($($type:ident { $($variant:ident $text:literal),* $(,)? })*) => {$(
        impl Display for $type {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($type::$variant => $text,)* })
            }
        }
    )*};
}

display_as! {
    CompareOp { Eq "=", Ne "!=", Lt "<", Le "<=", Gt ">", Ge ">=" }
    BinaryOp {
        Add "+", Subtract "-", Multiply "*", Divide "/", Modulo "%", Power "^", BitAnd "band", BitOr "bor",
        BitXor "bxor", ShiftLeft "bshl", ShiftRight "bshr", ShiftRightUnsigned "bshru", LogicalAnd "land",
        LogicalOr "lor", LogicalXor "lxor",
    }
    Intrinsic {
        Min "min", Max "max", Cat "cat", Strlen "strlen", Substr "substr", ToString "to_string",
        ToNumber "to_number", ToUnsigned "to_unsigned", ToFloat "to_float", Ord "ord", Range "range",
        Autoinc "autoinc",
    }
    DirectiveKind { Input ".input", Output ".output", Printsize ".printsize", Limitsize ".limitsize" }
    Qualifier {
        Btree "btree", Brie "brie", BtreeDelete "btree_delete", Eqrel "eqrel", Inline "inline",
        NoInline "no_inline", Magic "magic", NoMagic "no_magic", Overridable "overridable", Input "input",
        Output "output", Printsize "printsize",
    }
}
