//! Whether a program's functors can be called.

use crate::analysis::checked::{CheckedProgram, FunctorOp, Literal, LiteralKind, Term};
use crate::engine::Functors;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;

/// An error for each functor that a clause calls and nobody registered, where it is called first.
pub(super) fn require(program: &CheckedProgram, known: &Functors) -> Result<(), Vec<Diagnostic>> {
    let mut calls = Calls::default();
    for (_, rule) in program.rules() {
        for term in rule.head.iter().flat_map(|head| &head.args) {
            calls.term(term, rule.span);
        }
        calls.body(&rule.body);
    }
    for subsumption in program.subsumptions() {
        calls.body(&subsumption.body);
    }
    for (_, relation) in program.relations() {
        for lub in relation.lattice.iter().flat_map(|lattice| &lattice.lubs) {
            if let FunctorOp::User(name) = &lub.op {
                calls.call(name, relation.span);
            }
        }
    }
    for query in program.queries() {
        calls.body(&query.body);
        query.alternatives.iter().for_each(|body| calls.body(body));
    }
    calls.found.retain(|(name, _)| !known.contains(name));
    match calls.found.is_empty() {
        true => Ok(()),
        false => Err(calls
            .found
            .iter()
            .map(|(name, at)| missing(name, *at))
            .collect()),
    }
}

fn missing(name: &str, at: Span) -> Diagnostic {
    Diagnostic::error("D502", format!("User-defined functor `@{name}` has no definition here"))
        .at(at, "called here")
        .help("functors are closures that the program which embeds Cutout registers; shared libraries are not loaded")
}

/// The functors that clauses call, each with the place of its first call.
#[derive(Default)]
struct Calls {
    found: Vec<(String, Span)>,
}

impl Calls {
    fn body(&mut self, body: &[Literal]) {
        for literal in body {
            if let LiteralKind::Aggregate(aggregate) = &literal.kind {
                if let Some(user) = &aggregate.user {
                    self.call(&user.functor, literal.span);
                }
                self.body(&aggregate.body);
            }
            let kind = &literal.kind;
            kind.each_term(&mut |term| self.term(term, literal.span));
        }
    }

    fn term(&mut self, term: &Term, at: Span) {
        match term {
            Term::Var(_) | Term::Const(_) | Term::Wildcard => {}
            Term::Record(fields) => fields.iter().for_each(|field| self.term(field, at)),
            Term::Call { functor, args } => {
                if let FunctorOp::User(name) = &functor.op {
                    self.call(name, at);
                }
                args.iter().for_each(|arg| self.term(arg, at));
            }
        }
    }

    fn call(&mut self, name: &str, at: Span) {
        if !self.found.iter().any(|(known, _)| known == name) {
            self.found.push((name.to_owned(), at));
        }
    }
}
