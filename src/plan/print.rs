//! Plans in words.
//!
//! A step says what it does with each binding it is given; `index` names what it looks things up in. The words follow
//! the rule: relations with their attributes, variables as written; `$1` is a value that the rule does not name.

use super::rule_plan::{Placed, RulePlan};
use super::step::{Access, AggregateStep, Operand, Step, Version, Within};
use crate::analysis::checked::{
    Attribute, CheckedProgram, Constant, Functor, LiteralKind, RelationId, Shape, Subsumption,
    Term, ValueType, VarId, Variable,
};
use crate::analysis::spelling::{Spelling, sign};
use crate::syntax::Quoted;
use serde::Serialize;
use std::fmt;
use unicode_width::UnicodeWidthStr;

/// One plan in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanText {
    /// The atom that is read from the latest delta; absent when all are read whole.
    pub delta: Option<String>,
    pub steps: Vec<StepText>,
    /// What becomes of each binding that comes through.
    pub result: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepText {
    /// `scan`, `look up`, `check`, `intersect`, `let`, `unpack`, `keep`, `range`, `aggregate` or `ask once`.
    pub does: &'static str,
    pub text: String,
    /// Relations with the attributes they are found by, as in `subcontract(prime)`.
    pub indexes: Vec<String>,
    /// Bindings expected after the step.
    pub bindings: f64,
    /// Of an aggregate: how the rows it folds are found; of what is asked once: how.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepText>,
}

/// The plan of a rule or constraint of the program.
pub fn print_rule(program: &CheckedProgram, plan: &RulePlan) -> PlanText {
    let rule = &program[plan.rule];
    let words = Words {
        program,
        variables: &rule.variables,
    };
    let delta = plan.delta.and_then(|at| match &rule.body.get(at)?.kind {
        LiteralKind::Atom(atom) => Some(words.atom(atom.relation, &atom.args)),
        _ => None,
    });
    let answer = words.operands(&plan.answer, plan.head);
    PlanText {
        delta,
        steps: words.plan(plan),
        result: match plan.head {
            Some(head) => format!("derive {}({answer})", program[head].name),
            None if answer.is_empty() => "report a violation".to_owned(),
            None => format!("report a violation: {answer}"),
        },
    }
}

/// The plan of a query over these variables.
pub fn print_query(program: &CheckedProgram, variables: &[Variable], plan: &RulePlan) -> PlanText {
    let words = Words { program, variables };
    let answer = words.operands(&plan.answer, None);
    PlanText {
        delta: None,
        steps: words.plan(plan),
        result: match answer.is_empty() {
            true => "answer yes".to_owned(),
            false => format!("answer {answer}"),
        },
    }
}

/// The plan of a subsumptive clause.
pub fn print_subsumption(
    program: &CheckedProgram,
    subsumption: &Subsumption,
    plan: &RulePlan,
) -> PlanText {
    let words = Words {
        program,
        variables: &subsumption.variables,
    };
    let row = |args: &[Term]| words.atom(subsumption.relation, args);
    let (dominated, dominating) = (row(&subsumption.dominated), row(&subsumption.dominating));
    let body = |at: usize| match &subsumption.body.get(at)?.kind {
        LiteralKind::Atom(atom) => Some(words.atom(atom.relation, &atom.args)),
        _ => None,
    };
    PlanText {
        delta: plan.delta.and_then(|at| match at {
            0 => Some(dominated.clone()),
            1 => Some(dominating),
            _ => body(at - 2),
        }),
        steps: words.plan(plan),
        result: format!("drop {dominated}"),
    }
}

impl fmt::Display for PlanText {
    /// Numbered steps, each with the bindings expected after it and the indexes it uses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        lay_out(&self.steps, "", &mut lines);
        let width = lines.iter().map(|line| line.text.width()).max();
        let width = width.unwrap_or(0).min(WIDEST);
        let digits = lines.iter().map(|line| line.bindings.len()).max();
        let digits = digits.unwrap_or(0);
        for line in lines {
            let padding = " ".repeat(width.saturating_sub(line.text.width()));
            write!(f, "{}{padding}  {:>digits$}", line.text, line.bindings)?;
            match line.indexes.is_empty() {
                true => writeln!(f)?,
                false => writeln!(f, "  by {}", line.indexes.join(", "))?,
            }
        }
        writeln!(f, "   {}", self.result)
    }
}

/// What has nothing to do with the rest of the rule.
const ASK_ONCE: &str = "ask once";

/// Longer steps push what follows them to the right.
const WIDEST: usize = 72;

struct Line {
    text: String,
    bindings: String,
    indexes: Vec<String>,
}

fn lay_out(steps: &[StepText], within: &str, lines: &mut Vec<Line>) {
    for (at, step) in steps.iter().enumerate() {
        let number = format!("{within}{}", at + 1);
        let indent = "   ".repeat(within.matches('.').count());
        lines.push(Line {
            text: format!("{indent}{number}. {}", step.text),
            bindings: rough(step.bindings),
            indexes: step.indexes.clone(),
        });
        lay_out(&step.steps, &format!("{number}."), lines);
    }
}

/// An estimate in few digits: `~1,200`, `~3.1e9`.
fn rough(count: f64) -> String {
    match count {
        c if c < 0.95 => "<1".to_owned(),
        c if c < 1e7 => {
            let digits = format!("{c:.0}");
            let mut shown = String::from("~");
            for (at, digit) in digits.chars().enumerate() {
                if at > 0 && (digits.len() - at).is_multiple_of(3) {
                    shown.push(',');
                }
                shown.push(digit);
            }
            shown
        }
        c => format!("~{c:.1e}"),
    }
}

/// What ids stand for.
struct Words<'a> {
    program: &'a CheckedProgram,
    variables: &'a [Variable],
}

impl Words<'_> {
    /// The guards of a plan, then its steps.
    fn plan(&self, plan: &RulePlan) -> Vec<StepText> {
        let guards = plan.guards.iter().map(|guard| {
            let mut steps = self.steps(&guard.steps);
            let alone = steps.len() == 1;
            match steps.pop() {
                Some(only) if alone && only.steps.is_empty() => StepText {
                    does: ASK_ONCE,
                    text: format!("{ASK_ONCE}: {}", only.text),
                    ..only
                },
                last => {
                    steps.extend(last);
                    StepText {
                        does: ASK_ONCE,
                        text: format!("{ASK_ONCE}, up to the first answer"),
                        indexes: Vec::new(),
                        bindings: 1.0,
                        steps,
                    }
                }
            }
        });
        guards.chain(self.steps(&plan.steps)).collect()
    }

    fn steps(&self, steps: &[Placed]) -> Vec<StepText> {
        steps
            .iter()
            .enumerate()
            .map(|(at, placed)| self.step(placed, at == 0))
            .collect()
    }

    fn step(&self, placed: &Placed, first: bool) -> StepText {
        let mut indexes = Vec::new();
        let mut steps = Vec::new();
        let (does, text) = match &placed.step {
            Step::Scan(access) => {
                let version = match access.version {
                    Version::Full => "",
                    Version::Delta => "delta of ",
                    Version::Old => "what is old of ",
                };
                ("scan", format!("scan {version}{}", self.row(access)))
            }
            Step::Probe(access) => {
                let relation = self.version(access);
                let gives = match self.gives(access) {
                    none if none.is_empty() => String::new(),
                    gives => format!(", gives {gives}"),
                };
                let conditions = self.conditions(access);
                let text = match (conditions.is_empty(), first) {
                    (true, true) => format!("go through {relation}{gives}"),
                    (true, false) => format!("pair with every row of {relation}{gives}"),
                    (false, _) => format!("look up {relation} by {}{gives}", conditions.join(", ")),
                };
                if !conditions.is_empty() {
                    indexes.push(self.index(access));
                }
                ("look up", text)
            }
            Step::Check { access, negated } => {
                let atom = self.row(access);
                let lag = match access.version {
                    Version::Old => " before its delta",
                    Version::Full | Version::Delta => "",
                };
                if !access.key.is_empty() {
                    indexes.push(self.index(access));
                }
                match negated {
                    true => ("check", format!("check that there is no {atom}{lag}")),
                    false => ("check", format!("check that there is {atom}{lag}")),
                }
            }
            Step::Intersect { var, proposers } => {
                let atoms: Vec<String> = proposers.iter().map(|access| self.row(access)).collect();
                indexes.extend(proposers.iter().map(|access| self.index(access)));
                (
                    "intersect",
                    format!("intersect {} from {}", self.var(*var), atoms.join(", ")),
                )
            }
            Step::Bind { var, term } => (
                "let",
                format!(
                    "let {} = {}",
                    self.var(*var),
                    self.outermost(term, ValueType::Number)
                ),
            ),
            Step::Unpack { record, fields } => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|field| field.map_or("_".to_owned(), |var| self.var(var)))
                    .collect();
                let record = self.outermost(record, ValueType::Number);
                (
                    "unpack",
                    format!("take {record} apart: [{}]", fields.join(", ")),
                )
            }
            Step::Compare {
                op,
                operand,
                left,
                right,
            } => {
                let side = |term| self.outermost(term, *operand);
                (
                    "keep",
                    format!("keep where {} {} {}", side(left), sign(*op), side(right)),
                )
            }
            Step::Match {
                pattern,
                text,
                negated,
            } => ("keep", self.test("match", pattern, text, *negated)),
            Step::Contains {
                part,
                text,
                negated,
            } => ("keep", self.test("contains", part, text, *negated)),
            Step::Range {
                var,
                operand,
                from,
                to,
                step,
            } => {
                let side = |term| self.term(term, *operand);
                let by = step
                    .as_ref()
                    .map_or(String::new(), |step| format!(", {}", side(step)));
                let (var, from, to) = (self.var(*var), side(from), side(to));
                (
                    "range",
                    format!("count {var} through range({from}, {to}{by})"),
                )
            }
            Step::Aggregate(aggregate) => {
                steps = self.steps(&aggregate.body);
                ("aggregate", self.aggregate(aggregate))
            }
        };
        StepText {
            does,
            text,
            indexes,
            // More digits would be a pretence.
            bindings: (placed.estimate * 100.0).round() / 100.0,
            steps,
        }
    }

    fn aggregate(&self, step: &AggregateStep) -> String {
        let result = self.var(step.result);
        let target = step.target.as_ref().map_or(String::new(), |target| {
            format!(" {}", self.operand(target, step.operand))
        });
        let group = match step.group.is_empty() {
            true => String::new(),
            false => format!("for each {}, ", self.vars(&step.group)),
        };
        let witnesses = match step.witnesses.is_empty() {
            true => String::new(),
            false => format!(" with its {}", self.vars(&step.witnesses)),
        };
        format!(
            "{group}let {result} = {}{}{target}{witnesses} over",
            step.op.name(),
            step.user.as_ref().map_or("", |user| &user.functor)
        )
    }

    fn version(&self, access: &Access) -> String {
        let name = &self.program[access.relation].name;
        match access.version {
            Version::Full => name.to_string(),
            Version::Delta => format!("delta of {name}"),
            Version::Old => format!("{name} before its delta"),
        }
    }

    /// `prime = f`, for each column that is known beforehand, repeats one or has bounds.
    fn conditions(&self, access: &Access) -> Vec<String> {
        let attributes = &self.program[access.relation].attributes;
        let known = access.key.iter().map(|(column, operand)| {
            let attribute = &attributes[*column];
            format!(
                "{} = {}",
                attribute.name,
                self.operand(operand, attribute.ty)
            )
        });
        let repeated = access
            .same
            .iter()
            .map(|&(column, var)| format!("{} = {}", attributes[column].name, self.var(var)));
        let within = access.within.as_ref();
        let within = within.map(|within| self.within(within, &attributes[within.column]));
        known.chain(repeated).chain(within).collect()
    }

    /// `day from low to high`, where the bounds may be included or not: the comparisons that follow tell.
    fn within(&self, within: &Within, attribute: &Attribute) -> String {
        let side = |operand: &Option<Operand>| {
            let known = operand.as_ref();
            known.map(|known| self.operand(known, within.operand))
        };
        match (side(&within.low), side(&within.high)) {
            (Some(low), Some(high)) => format!("{} from {low} to {high}", attribute.name),
            (Some(low), None) => format!("{} from {low} on", attribute.name),
            (None, high) => format!("{} up to {}", attribute.name, high.unwrap_or_default()),
        }
    }

    fn gives(&self, access: &Access) -> String {
        let bound: Vec<String> = access.bind.iter().map(|&(_, var)| self.var(var)).collect();
        bound.join(", ")
    }

    /// `subcontract(prime)`
    fn index(&self, access: &Access) -> String {
        let relation = &self.program[access.relation];
        let key: Vec<&str> = access
            .key
            .iter()
            .map(|&(column, _)| &*relation.attributes[column].name)
            .collect();
        let key = key.join(", ");
        match &access.within {
            None => format!("{}({key})", relation.name),
            Some(within) => {
                let column = &relation.attributes[within.column].name;
                let apart = if key.is_empty() { "" } else { "; " };
                format!("{}({key}{apart}{column} in order)", relation.name)
            }
        }
    }

    /// The atom an access stands for.
    fn row(&self, access: &Access) -> String {
        let relation = &self.program[access.relation];
        let args: Vec<String> = relation
            .attributes
            .iter()
            .enumerate()
            .map(|(column, attribute)| {
                let key = access.key.iter().find(|(known, _)| *known == column);
                let mut free = access.bind.iter().chain(&access.same);
                match (key, free.find(|&&(known, _)| known == column)) {
                    (Some((_, operand)), _) => self.operand(operand, attribute.ty),
                    (None, Some(&(_, var))) => self.var(var),
                    (None, None) => "_".to_owned(),
                }
            })
            .collect();
        format!("{}({})", relation.name, args.join(", "))
    }

    fn atom(&self, relation: RelationId, args: &[Term]) -> String {
        let relation = &self.program[relation];
        let args: Vec<String> = args
            .iter()
            .zip(&relation.attributes)
            .map(|(arg, attribute)| self.term(arg, attribute.ty))
            .collect();
        format!("{}({})", relation.name, args.join(", "))
    }

    fn operands(&self, operands: &[Operand], of: Option<RelationId>) -> String {
        let shown: Vec<String> = operands
            .iter()
            .enumerate()
            .map(|(at, operand)| {
                let attribute = of.and_then(|of| self.program[of].attributes.get(at));
                let ty = attribute.map_or(ValueType::Number, |attribute| attribute.ty);
                self.operand(operand, ty)
            })
            .collect();
        shown.join(", ")
    }

    fn operand(&self, operand: &Operand, expected: ValueType) -> String {
        match operand {
            Operand::Var(var) => self.var(*var),
            Operand::Const(constant) => self.constant(constant, expected),
        }
    }

    fn vars(&self, vars: &[VarId]) -> String {
        let names: Vec<String> = vars.iter().map(|&var| self.var(var)).collect();
        names.join(", ")
    }

    fn var(&self, var: VarId) -> String {
        match self.variables.get(var.index()) {
            Some(variable) if *variable.name != *"_" => variable.name.to_string(),
            _ => format!("${}", var.index()),
        }
    }

    fn test(&self, name: &str, left: &Term, right: &Term, negated: bool) -> String {
        let bang = if negated { "!" } else { "" };
        let left = self.term(left, ValueType::Symbol);
        let right = self.term(right, ValueType::Symbol);
        format!("keep where {bang}{name}({left}, {right})")
    }

    /// An operation stands in brackets among others, and without them alone.
    fn outermost(&self, term: &Term, expected: ValueType) -> String {
        let text = self.term(term, expected);
        match term {
            Term::Call { functor, args }
                if args.len() == 2 && matches!(functor.op.spelling(), Spelling::Infix(_)) =>
            {
                text[1..text.len() - 1].to_owned()
            }
            _ => text,
        }
    }

    fn term(&self, term: &Term, expected: ValueType) -> String {
        match term {
            Term::Var(var) => self.var(*var),
            Term::Const(constant) => self.constant(constant, expected),
            Term::Wildcard => "_".to_owned(),
            Term::Record(fields) => format!("[{}]", self.terms(fields, ValueType::Number)),
            Term::Call { functor, args } => self.call(functor, args),
        }
    }

    fn terms(&self, terms: &[Term], expected: ValueType) -> String {
        let shown: Vec<String> = terms.iter().map(|term| self.term(term, expected)).collect();
        shown.join(", ")
    }

    fn call(&self, functor: &Functor, args: &[Term]) -> String {
        let spelling = functor.op.spelling();
        match (spelling, args) {
            (Spelling::Infix(sign), [left, right]) => {
                let side = |term| self.term(term, functor.operand);
                format!("({} {sign} {})", side(left), side(right))
            }
            (Spelling::Prefix(sign), [operand]) => {
                format!("{sign}{}", self.term(operand, functor.operand))
            }
            (Spelling::User(name), _) => format!("@{name}({})", self.terms(args, functor.operand)),
            (Spelling::Prefix(name) | Spelling::Infix(name) | Spelling::Name(name), _) => {
                format!("{}({})", name.trim(), self.terms(args, functor.operand))
            }
        }
    }

    fn constant(&self, constant: &Constant, expected: ValueType) -> String {
        match constant {
            Constant::Number(value) => value.to_string(),
            Constant::Unsigned(value) => value.to_string(),
            Constant::Float(value) => format!("{value:?}"),
            Constant::Symbol(text) => Quoted(text).to_string(),
            Constant::Nil => "nil".to_owned(),
            Constant::Ordinal(ordinal) => match expected {
                ValueType::Adt(shape) => match &self.program[shape] {
                    Shape::Adt { branches, .. } => branches
                        .get(*ordinal as usize)
                        .map_or(ordinal.to_string(), |branch| format!("${}", branch.name)),
                    Shape::Record { .. } => ordinal.to_string(),
                },
                _ => ordinal.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
