//! A checked program as text a person can read: normal form, types and strata.

use super::checked::{
    Aggregate, Atom, CheckedProgram, CheckedQuery, Constant, Functor, FunctorOp, Literal,
    LiteralKind, RelationKind, Rule, RuleId, Shape, Subsumption, Term, VarId, Variable,
};
use super::spelling::sign;
use crate::syntax::ast::DirectiveKind;
use std::fmt::{self, Display, Formatter};

impl Display for CheckedProgram {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for shape in &self.shapes {
            fmt_shape(shape, f)?;
        }
        for relation in &self.relations {
            let kind = match relation.kind {
                RelationKind::Plain => String::new(),
                RelationKind::Eqrel => " eqrel".to_owned(),
                RelationKind::Delta(of) => format!(" delta of {}", self[of].name),
            };
            let attributes: Vec<String> = relation
                .attributes
                .iter()
                .map(|attribute| format!("{}: {}", attribute.name, attribute.type_name))
                .collect();
            writeln!(
                f,
                ".decl {}({}){kind}",
                relation.name,
                attributes.join(", ")
            )?;
        }
        for directive in &self.directives {
            let kind = match directive.kind {
                DirectiveKind::Input => ".input",
                DirectiveKind::Output => ".output",
                DirectiveKind::Printsize => ".printsize",
                DirectiveKind::Limitsize => ".limitsize",
            };
            let parameters: Vec<String> = directive
                .parameters
                .iter()
                .map(|(key, value)| format!("{key}={value:?}"))
                .collect();
            writeln!(
                f,
                "{kind} {}({})",
                self[directive.relation].name,
                parameters.join(", ")
            )?;
        }
        for (index, stratum) in self.strata.iter().enumerate() {
            if stratum.rules.is_empty() {
                continue;
            }
            let names: Vec<&str> = stratum
                .relations
                .iter()
                .map(|&id| &*self[id].name)
                .collect();
            let recursive = if stratum.recursive {
                " (recursive)"
            } else {
                ""
            };
            writeln!(f, "stratum {index}: {}{recursive}", names.join(", "))?;
            for &rule in &stratum.rules {
                writeln!(f, "  {}", self.rule_text(rule))?;
            }
        }
        for subsumption in &self.subsumptions {
            writeln!(f, "{}", self.subsumption_text(subsumption))?;
        }
        for &constraint in &self.constraints {
            writeln!(f, "{}", self.rule_text(constraint))?;
        }
        for query in &self.queries {
            writeln!(f, "{}", self.query_text(query))?;
        }
        Ok(())
    }
}

fn fmt_shape(shape: &Shape, f: &mut Formatter<'_>) -> fmt::Result {
    let fields = |fields: &[super::checked::Attribute]| {
        fields
            .iter()
            .map(|field| format!("{}: {}", field.name, field.type_name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match shape {
        Shape::Record { name, fields: of } => writeln!(f, ".type {name} = [{}]", fields(of)),
        Shape::Adt { name, branches } => {
            let branches: Vec<String> = branches
                .iter()
                .map(|branch| format!("{} {{{}}}", branch.name, fields(&branch.fields)))
                .collect();
            writeln!(f, ".type {name} = {}", branches.join(" | "))
        }
    }
}

impl CheckedProgram {
    /// A rule in normal form.
    pub fn rule_text(&self, id: RuleId) -> String {
        let rule = &self[id];
        let scope = Scope {
            program: self,
            variables: &rule.variables,
        };
        let head = rule.head.as_ref().map_or(String::new(), |head| {
            format!("{}({})", self[head.relation].name, scope.terms(&head.args))
        });
        scope.clause(head, rule)
    }

    pub fn query_text(&self, query: &CheckedQuery) -> String {
        let scope = Scope {
            program: self,
            variables: &query.variables,
        };
        let columns: Vec<&str> = query
            .columns
            .iter()
            .map(|&column| scope.var(column))
            .collect();
        let bodies: Vec<String> = std::iter::once(&query.body)
            .chain(&query.alternatives)
            .map(|body| scope.literals(body))
            .collect();
        format!("?({}) {}", columns.join(", "), bodies.join("; "))
    }

    fn subsumption_text(&self, subsumption: &Subsumption) -> String {
        let scope = Scope {
            program: self,
            variables: &subsumption.variables,
        };
        let name = &self[subsumption.relation].name;
        let body = scope.literals(&subsumption.body);
        format!(
            "{name}({}) <= {name}({}) :- {body}.",
            scope.terms(&subsumption.dominated),
            scope.terms(&subsumption.dominating)
        )
    }
}

/// The variables a literal's ids stand for.
struct Scope<'a> {
    program: &'a CheckedProgram,
    variables: &'a [Variable],
}

impl Scope<'_> {
    fn clause(&self, head: String, rule: &Rule) -> String {
        let body = self.literals(&rule.body);
        match (head.is_empty(), body.is_empty()) {
            (false, true) => format!("{head}."),
            (true, _) => format!(":- {body}."),
            (false, false) => format!("{head} :- {body}."),
        }
    }

    fn var(&self, id: VarId) -> &str {
        self.variables
            .get(id.index())
            .map_or("?", |variable| &*variable.name)
    }

    fn vars(&self, ids: &[VarId]) -> String {
        ids.iter()
            .map(|&id| self.var(id))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn terms(&self, terms: &[Term]) -> String {
        terms
            .iter()
            .map(|term| self.term(term))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn term(&self, term: &Term) -> String {
        match term {
            Term::Var(id) => self.var(*id).to_owned(),
            Term::Const(constant) => fmt_constant(constant),
            Term::Wildcard => "_".to_owned(),
            Term::Record(fields) => format!("[{}]", self.terms(fields)),
            Term::Call { functor, args } => self.call(functor, args),
        }
    }

    fn call(&self, functor: &Functor, args: &[Term]) -> String {
        let kind = super::declarations::kind_name(functor.operand);
        let name = match &functor.op {
            FunctorOp::User(name) => format!("@{name}"),
            FunctorOp::Reinterpret(to) => {
                format!("as {}", super::declarations::kind_name(*to))
            }
            op => format!("{op:?}").to_lowercase(),
        };
        format!("{name}<{kind}>({})", self.terms(args))
    }

    fn literals(&self, literals: &[Literal]) -> String {
        literals
            .iter()
            .map(|literal| self.literal(literal))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn atom(&self, atom: &Atom) -> String {
        format!(
            "{}({})",
            self.program[atom.relation].name,
            self.terms(&atom.args)
        )
    }

    fn literal(&self, literal: &Literal) -> String {
        let not = |negated: &bool| if *negated { "!" } else { "" };
        match &literal.kind {
            LiteralKind::Atom(atom) => self.atom(atom),
            LiteralKind::Negated(atom) => format!("!{}", self.atom(atom)),
            LiteralKind::Compare {
                op,
                operand,
                left,
                right,
            } => {
                let op = sign(*op);
                let kind = super::declarations::kind_name(*operand);
                format!("{} {op}<{kind}> {}", self.term(left), self.term(right))
            }
            LiteralKind::Match {
                pattern,
                text,
                negated,
            } => {
                format!(
                    "{}match({}, {})",
                    not(negated),
                    self.term(pattern),
                    self.term(text)
                )
            }
            LiteralKind::Contains {
                part,
                text,
                negated,
            } => {
                format!(
                    "{}contains({}, {})",
                    not(negated),
                    self.term(part),
                    self.term(text)
                )
            }
            LiteralKind::Range {
                var,
                from,
                to,
                step,
                ..
            } => {
                let step = step
                    .as_ref()
                    .map_or(String::new(), |step| format!(", {}", self.term(step)));
                format!(
                    "{} = range({}, {}{step})",
                    self.var(*var),
                    self.term(from),
                    self.term(to)
                )
            }
            LiteralKind::Aggregate(aggregate) => self.aggregate(aggregate),
        }
    }

    fn aggregate(&self, aggregate: &Aggregate) -> String {
        let user = aggregate.user.as_ref().map_or("", |user| &user.functor);
        let op = format!("{}{user}", aggregate.op.name());
        let target = aggregate
            .target
            .as_ref()
            .map_or(String::new(), |target| format!(" {}", self.term(target)));
        let mut roles = String::new();
        for (role, ids) in [("per", &aggregate.injected), ("at", &aggregate.witnesses)] {
            if !ids.is_empty() {
                roles += &format!(" {role} {}", self.vars(ids));
            }
        }
        format!(
            "{} = {op}{target}{roles} : {{ {} }}",
            self.var(aggregate.result),
            self.literals(&aggregate.body)
        )
    }
}

fn fmt_constant(constant: &Constant) -> String {
    match constant {
        Constant::Number(value) => value.to_string(),
        Constant::Unsigned(value) => format!("{value}u"),
        Constant::Float(value) => format!("{value:?}"),
        Constant::Symbol(text) => format!("{text:?}"),
        Constant::Nil => "nil".to_owned(),
        Constant::Ordinal(ordinal) => format!("#{ordinal}"),
    }
}
