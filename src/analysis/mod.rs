//! Syntax tree to checked program.
//!
//! In: an [`ast::Program`](crate::syntax::ast::Program). Out: a [`checked::CheckedProgram`], or every error found.
//! The stages, in order: `components`, `declarations`, `build` (names, disjunctions), `scopes` (variables of aggregates), `grounding`,
//! `inference` and `typecheck`, `lower`,
//! `strata`, `recursion`, `special`, `warnings`. The analyses (grounding, types, strata, unused and
//! suspicious rules) are Ascent programs over the tree as relations: the one place of the library that uses `ascent`.
//! Must not know: how rows are stored, in which order joins run.

mod build;
pub mod checked;
pub mod codes;
mod components;
mod declarations;
pub mod demand;
mod directives;
mod draft;
mod dump;
pub(crate) mod findings;
mod formula;
mod grounding;
pub mod independence;
mod inference;
mod inline;
mod lattices;
mod lower;
mod paths;
mod recursion;
mod rules;
mod scopes;
mod special;
pub mod spelling;
mod strata;
mod typecheck;
mod types;
mod warnings;
mod witnesses;

#[cfg(test)]
mod tests;

use crate::syntax::ast::{self, AnnotationValue, DirectiveKind, Expr, ExprKind, Item, ItemKind};
use crate::syntax::diagnostic::{Diagnostic, Severity};
use build::Builder;
use checked::{
    CheckedProgram, CheckedQuery, Relation, RelationId, RelationKind, Term, UserFunctor,
};
use declarations::Declarations;
use draft::{Clause, ClauseKind, Draft};
use findings::{Findings, Stage};
use inference::Typing;
use inline::Inliner;
use lower::Lowering;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

pub(crate) use strata::tarjan;

/// How strictly, and for which machine, a program is checked.
#[derive(Clone, Debug)]
pub struct Options {
    /// Subtypes are not told apart, as with Soufflé's `--legacy`. The pragma `legacy` sets it too.
    pub legacy: bool,
    /// 64, or 32 for programs that rely on numbers of that size.
    pub word_bits: u32,
    /// What Soufflé refuses although it makes sense is refused, and files are written as it writes them.
    pub strict: bool,
    /// Names or codes of warnings that are not wanted; `all` silences every one.
    pub silenced: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            legacy: false,
            word_bits: 64,
            strict: false,
            silenced: Vec::new(),
        }
    }
}

/// Checks a whole program: the checked form and the warnings, or all errors and warnings.
///
/// Time and memory grow with the size of the program, up to logarithms.
pub fn check(
    program: &ast::Program,
    options: &Options,
) -> Result<(CheckedProgram, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut findings = Findings::default();
    findings.enter(Stage::Components);
    let instances = components::instances(&program.items, &mut findings);
    findings.enter(Stage::Declarations);
    let items: Vec<&Item> = program.items.iter().chain(&instances).collect();
    let mut options = options.clone();
    options.legacy |= pragmas(&items).any(|(key, _)| &**key == "legacy");

    let declarations = declarations::declare(&items, findings.errors() > 0, &mut findings);
    findings.enter(Stage::Clauses);
    let inliner = Inliner::new(&items, &declarations, &mut findings);
    let draft = build(&items, &declarations, &inliner, &mut findings);
    let (mut draft, typing) = analyse(draft, &declarations, &options, &mut findings);

    let mut checked = shell(&items, declarations, &inliner, &mut findings);
    let declarations = checked.declarations.clone();
    checked.word_bits = options.word_bits;
    checked.strict = options.strict;
    lower_clauses(
        &mut draft,
        &typing,
        &declarations,
        &mut checked,
        &mut findings,
    );
    let edges = strata::edges(&checked);
    let components = strata::Components::new(checked.relations.len(), &edges);
    findings.enter(Stage::Strata);
    checked.strata = strata::stratify(&checked, &edges, &components, &mut findings);
    findings.enter(Stage::Clauses);
    recursion::check(&draft, &checked, &components, &mut findings);
    special::check(&items, &checked, &mut findings);
    warnings::check_text(&draft, &items, &mut findings);
    if findings.errors() == 0 {
        warnings::check_program(&draft, &checked, &mut findings);
    }

    let mut diagnostics = findings.into_sorted();
    diagnostics.retain(|diagnostic| !is_silenced(diagnostic, &options));
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    Ok((checked, diagnostics))
}

/// What a program declares, without its clauses: relations, types and directives, numbered as [`check`] numbers them.
/// `None` where something is wrong with them.
pub fn declared(program: &ast::Program, options: &Options) -> Option<CheckedProgram> {
    let mut findings = Findings::default();
    let instances = components::instances(&program.items, &mut findings);
    let items: Vec<&Item> = program.items.iter().chain(&instances).collect();
    let declarations = declarations::declare(&items, findings.errors() > 0, &mut findings);
    let inliner = Inliner::new(&items, &declarations, &mut findings);
    let mut declared = shell(&items, declarations.clone(), &inliner, &mut findings);
    declared.word_bits = options.word_bits;
    declared.strict = options.strict;
    (findings.errors() == 0).then_some(declared)
}

/// The relations that what a program writes is made of; `None` when all may be asked for, as of a program that writes nothing.
pub fn needed(program: &CheckedProgram) -> Option<FxHashSet<RelationId>> {
    let shown = |kind| matches!(kind, DirectiveKind::Output | DirectiveKind::Printsize);
    let mut open: Vec<RelationId> = program
        .directives
        .iter()
        .filter(|directive| shown(directive.kind))
        .map(|directive| directive.relation)
        .collect();
    let asks = !program.constraints.is_empty()
        || !program.queries.is_empty()
        || !program.hypotheses.is_empty();
    if open.is_empty() || asks {
        return None;
    }
    let mut read: FxHashMap<RelationId, Vec<RelationId>> = FxHashMap::default();
    for edge in strata::edges(program) {
        read.entry(edge.to).or_default().push(edge.from);
    }
    let mut needed = FxHashSet::default();
    while let Some(relation) = open.pop() {
        if needed.insert(relation) {
            open.extend(read.get(&relation).into_iter().flatten());
        }
    }
    Some(needed)
}

/// The relations of which a row less can bring about a row of another: those that `target` reads, at whatever distance,
/// through a negation, an aggregate, a choice, a subsumption or a lattice.
pub fn reviving(program: &CheckedProgram, target: RelationId) -> FxHashSet<RelationId> {
    let mut read: FxHashMap<RelationId, Vec<(RelationId, strata::Polarity)>> = FxHashMap::default();
    for edge in strata::edges(program) {
        read.entry(edge.to)
            .or_default()
            .push((edge.from, edge.polarity));
    }
    let closure = |mut open: Vec<RelationId>| {
        let mut reached = FxHashSet::default();
        while let Some(relation) = open.pop() {
            if reached.insert(relation) {
                let of = read.get(&relation).into_iter().flatten();
                open.extend(of.map(|(from, _)| *from));
            }
        }
        reached
    };
    let dominated: FxHashSet<RelationId> = program
        .subsumptions
        .iter()
        .map(|subsumption| subsumption.relation)
        .collect();
    let mut flipping = Vec::new();
    for relation in closure(vec![target]) {
        let declared = &program[relation];
        if !declared.choice_domains.is_empty()
            || declared.lattice.is_some()
            || dominated.contains(&relation)
        {
            flipping.push(relation);
        }
        let of = read.get(&relation).into_iter().flatten();
        let against = of.filter(|(_, polarity)| *polarity != strata::Polarity::Positive);
        flipping.extend(against.map(|(from, _)| *from));
    }
    closure(flipping)
}

fn is_silenced(diagnostic: &Diagnostic, options: &Options) -> bool {
    diagnostic.severity == Severity::Warning
        && options.silenced.iter().any(|wanted| {
            wanted == "all"
                || wanted == diagnostic.code
                || Some(&**wanted) == codes::warning_name(diagnostic.code)
        })
}

fn pragmas<'a>(items: &[&'a Item]) -> impl Iterator<Item = (&'a Arc<str>, Option<&'a Arc<str>>)> {
    let pragma = |item: &&'a Item| match &item.kind {
        ItemKind::Pragma { key, value } => Some((&key.value, value.as_ref().map(|v| &v.value))),
        _ => None,
    };
    items
        .iter()
        .filter_map(pragma)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Every clause of the items, names resolved.
fn build<'a>(
    items: &[&Item],
    declarations: &'a Declarations,
    inliner: &'a Inliner<'a>,
    findings: &'a mut Findings,
) -> Draft {
    let mut builder = Builder::new(declarations, inliner, findings);
    for item in items {
        let say = say(item);
        match &item.kind {
            ItemKind::Rule(rule) => builder.rule(rule, say.as_ref(), item.span),
            ItemKind::Subsumption(subsumption) => builder.subsumption(subsumption, item.span),
            ItemKind::Constraint(body) => builder.constraint(body, say.as_ref(), item.span),
            ItemKind::Query(body) => builder.query(body),
            _ => {}
        }
    }
    builder.draft
}

/// The sentence of `@[say = "…"]`.
fn say(item: &Item) -> Option<Arc<str>> {
    item.annotations
        .iter()
        .find(|annotation| &*annotation.key.text == "say")
        .and_then(|annotation| match &annotation.value {
            Some(AnnotationValue::Text(text) | AnnotationValue::Tokens(text)) => Some(text.clone()),
            None => None,
        })
}

/// Scopes, groundedness and types of a draft; what is wrong goes to `findings`.
fn analyse(
    mut draft: Draft,
    declarations: &Declarations,
    options: &Options,
    findings: &mut Findings,
) -> (Draft, Typing) {
    scopes::resolve(&mut draft, findings);
    let grounded = grounding::whole(&draft);
    grounding::check(&draft, declarations, &grounded, findings);
    let typing = inference::infer(&draft, declarations);
    typecheck::check(&draft, declarations, &typing, &grounded, options, findings);
    (draft, typing)
}

/// All of the checked program but its clauses and strata.
fn shell(
    items: &[&Item],
    mut declarations: Declarations,
    inliner: &Inliner<'_>,
    findings: &mut Findings,
) -> CheckedProgram {
    let inlined = |item: &&&Item| match &item.kind {
        ItemKind::Rule(rule) => rule.heads.iter().any(|head| inliner.is_inlined(head)),
        _ => false,
    };
    declarations.inlined = inliner.relations().cloned().collect();
    declarations.inlined_rules = items
        .iter()
        .filter(inlined)
        .filter_map(|item| match &item.kind {
            ItemKind::Rule(rule) => Some(rule.clone()),
            _ => None,
        })
        .collect();
    let relations: Vec<Relation> = declarations
        .relations
        .iter()
        .map(|relation| Relation {
            name: relation.name.clone(),
            attributes: declarations.attributes(&relation.attributes),
            kind: match relation.delta_of {
                Some(of) => RelationKind::Delta(of),
                None if relation.has(ast::Qualifier::Eqrel) => RelationKind::Eqrel,
                None => RelationKind::Plain,
            },
            choice_domains: relation.choice_domains.clone(),
            lattice: declarations.lattice_of(relation),
            doc: relation.doc.clone(),
            span: relation.span,
        })
        .collect();
    let kind = |ty| {
        declarations
            .types
            .kind(ty)
            .unwrap_or(checked::ValueType::Number)
    };
    CheckedProgram {
        shapes: declarations.checked_shapes(),
        relations,
        by_name: declarations.relation_by_name.clone(),
        directives: directives::collect(items, &declarations, findings),
        abducibles: directives::abducibles(items, &declarations, findings),
        pragmas: pragmas(items)
            .map(|(key, value)| (key.clone(), value.cloned().unwrap_or_else(|| "".into())))
            .collect(),
        functors: declarations
            .functors
            .iter()
            .map(|functor| UserFunctor {
                name: functor.name.clone(),
                parameters: functor.parameters.iter().map(|&ty| kind(ty)).collect(),
                result: kind(functor.result),
                stateful: functor.stateful,
            })
            .collect(),
        hypotheses: items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Hypothesis(hypothesis) => {
                    Some(Arc::new(ast::Hypothesis::clone(hypothesis)))
                }
                _ => None,
            })
            .collect(),
        declarations: Arc::new(declarations),
        ..CheckedProgram::default()
    }
}

/// Takes the facts of literals out of the draft.
fn lower_clauses(
    draft: &mut Draft,
    typing: &Typing,
    declarations: &Declarations,
    checked: &mut CheckedProgram,
    findings: &mut Findings,
) {
    let mut stated = std::mem::take(&mut draft.stated).into_iter().peekable();
    let lowering = Lowering {
        draft,
        declarations,
        typing,
        word_bits: checked.word_bits,
    };
    for (index, clause) in draft.clauses.iter().enumerate() {
        while let Some(fact) = stated.next_if(|fact| fact.before <= index) {
            checked.rules.push(lower::stated(fact));
        }
        if clause.inlined {
            continue;
        }
        match &clause.kind {
            ClauseKind::Rule(_) => {
                checked.rules.push(lowering.rule(clause));
            }
            ClauseKind::Constraint => {
                let rule = checked.rules.push(lowering.rule(clause));
                checked.constraints.push(rule);
            }
            ClauseKind::Subsumption {
                dominated,
                dominating,
            } => {
                let subsumption = lowering.subsumption(clause, dominated, dominating);
                checked.subsumptions.push(subsumption);
            }
            ClauseKind::Query | ClauseKind::UnknownHead(_) => {}
        }
    }
    checked.rules.extend(stated.map(lower::stated));
    let queries: Vec<&Clause> = draft
        .clauses
        .iter()
        .filter(|clause| matches!(clause.kind, ClauseKind::Query))
        .collect();
    for alternatives in queries.chunk_by(|a, b| a.source == b.source) {
        checked
            .queries
            .extend(query(&lowering, alternatives, findings));
    }
}

/// One query from its alternatives, which must agree on its columns.
fn query(
    lowering: &Lowering<'_>,
    alternatives: &[&Clause],
    findings: &mut Findings,
) -> Option<CheckedQuery> {
    let columns = columns(lowering.draft, alternatives);
    for name in &columns {
        check_column(lowering, alternatives, name, findings);
    }
    lowering.query(alternatives, &columns)
}

/// The named variables in order of first mention.
fn columns(draft: &Draft, alternatives: &[&Clause]) -> Vec<Arc<str>> {
    let mut columns: Vec<Arc<str>> = Vec::new();
    for clause in alternatives {
        for (name, _) in &draft.scope(clause.scope).variables {
            let named = !name.starts_with('_') && !name.contains('$');
            if named && !columns.contains(name) {
                columns.push(name.clone());
            }
        }
    }
    columns
}

fn check_column(
    lowering: &Lowering<'_>,
    alternatives: &[&Clause],
    name: &Arc<str>,
    findings: &mut Findings,
) {
    let mut first = None;
    for clause in alternatives {
        let variables = &lowering.draft.scope(clause.scope).variables;
        let Some((_, node)) = variables.iter().find(|(known, _)| known == name) else {
            findings.push(
                Diagnostic::error(
                    codes::UNGROUNDED,
                    format!("Ungrounded variable `{name}`: one alternative of the query gives it no value"),
                )
                .at(clause.span, "not in every alternative of this query")
                .help(format!("mention `{name}` in each, or call it `_{name}` to leave it out of the answer")),
            );
            return;
        };
        let kind = lowering
            .typing
            .known_kind(lowering.draft, lowering.declarations, *node);
        match (first, kind) {
            (None, _) => first = kind,
            (Some(expected), Some(found)) if expected != found => {
                findings.push(
                    Diagnostic::error(
                        codes::TYPE_CONFLICT,
                        format!("Unable to deduce type for variable `{name}`: the alternatives of the query differ"),
                    )
                    .at(clause.span, format!(
                        "both `{}` and `{}`",
                        declarations::kind_name(expected),
                        declarations::kind_name(found)
                    )),
                );
                return;
            }
            _ => {}
        }
    }
}

/// Checks one query against a program.
pub fn check_query(
    program: &CheckedProgram,
    body: &ast::Body,
) -> Result<CheckedQuery, Vec<Diagnostic>> {
    let declarations = &program.declarations;
    let options = options_of(program);
    let mut findings = Findings::default();
    let inliner = Inliner::of_rules(&declarations.inlined, &declarations.inlined_rules);
    let mut builder = Builder::new(declarations, &inliner, &mut findings);
    builder.query(body);
    let draft = builder.draft;
    let (draft, typing) = analyse(draft, declarations, &options, &mut findings);
    let lowering = Lowering {
        draft: &draft,
        declarations,
        typing: &typing,
        word_bits: options.word_bits,
    };
    let alternatives: Vec<&Clause> = draft.clauses.iter().collect();
    let query = query(&lowering, &alternatives, &mut findings);
    match (query, findings.into_sorted()) {
        (Some(query), errors) if errors.is_empty() => Ok(query),
        (_, errors) => Err(with_names_to_ask(program, errors)),
    }
}

/// Checks a ground atom: its relation and its arguments, constants or terms over constants.
pub fn check_fact(
    program: &CheckedProgram,
    atom: &ast::Atom,
) -> Result<(RelationId, Vec<Term>), Vec<Diagnostic>> {
    check_atom(program, atom, false)
}

/// Checks an atom of constants and `_`: each `_` becomes [`Term::Wildcard`].
pub fn check_pattern(
    program: &CheckedProgram,
    atom: &ast::Atom,
) -> Result<(RelationId, Vec<Term>), Vec<Diagnostic>> {
    check_atom(program, atom, true)
}

fn check_atom(
    program: &CheckedProgram,
    atom: &ast::Atom,
    wildcards: bool,
) -> Result<(RelationId, Vec<Term>), Vec<Diagnostic>> {
    let declarations = &program.declarations;
    let options = options_of(program);
    let mut findings = Findings::default();
    for arg in &atom.args {
        if !(wildcards && matches!(arg.kind, ExprKind::Wildcard)) {
            check_ground(arg, wildcards, &mut findings);
        }
    }
    if findings.errors() > 0 {
        return Err(findings.into_sorted());
    }
    let inliner = Inliner::of_rules(&declarations.inlined, &declarations.inlined_rules);
    let mut builder = Builder::new(declarations, &inliner, &mut findings);
    builder.ground_atom(atom);
    let draft = builder.draft;
    let (draft, typing) = analyse(draft, declarations, &options, &mut findings);
    let lowering = Lowering {
        draft: &draft,
        declarations,
        typing: &typing,
        word_bits: options.word_bits,
    };
    let errors = findings.into_sorted();
    match draft.clauses.first().map(|clause| &clause.kind) {
        Some(ClauseKind::Rule(head)) if errors.is_empty() => {
            Ok((head.relation, lowering.constants(&head.args)))
        }
        _ => Err(with_names_to_ask(program, errors)),
    }
}

/// Who asks for a relation that is not there looks for one that is, and wants none declared.
fn with_names_to_ask(program: &CheckedProgram, mut errors: Vec<Diagnostic>) -> Vec<Diagnostic> {
    const SHOWN: usize = 30;
    for error in errors
        .iter_mut()
        .filter(|error| error.code == codes::UNDEFINED_RELATION && !error.help.is_empty())
    {
        let outputs = program
            .directives()
            .iter()
            .filter(|directive| directive.kind == DirectiveKind::Output)
            .map(|directive| &*program[directive.relation].name);
        let mut names: Vec<&str> = outputs.collect();
        if names.is_empty() {
            names = program.relations().map(|(_, known)| &*known.name).collect();
        }
        names.sort_unstable();
        names.dedup();
        let more = match names.len().checked_sub(SHOWN) {
            None | Some(0) => String::new(),
            Some(more) => format!(" and {more} more"),
        };
        names.truncate(SHOWN);
        error.help = vec![match names.is_empty() {
            true => "no relation is declared".to_owned(),
            false => format!("one can ask for {}{more}", names.join(", ")),
        }];
    }
    errors
}

/// Reports every variable and `_` of an argument that must be constant.
fn check_ground(expr: &Expr, wildcards: bool, findings: &mut Findings) {
    let (label, help) = match &expr.kind {
        ExprKind::Variable(name) => (
            format!("`{name}` is a variable"),
            format!("a symbol is quoted: `\"{name}\"`"),
        ),
        ExprKind::Wildcard => (
            "`_` stands for any value".to_owned(),
            "write the value, or ask a query".to_owned(),
        ),
        ExprKind::Record(parts)
        | ExprKind::Branch { args: parts, .. }
        | ExprKind::Call { args: parts, .. }
        | ExprKind::UserCall { args: parts, .. } => {
            parts
                .iter()
                .for_each(|part| check_ground(part, wildcards, findings));
            return;
        }
        ExprKind::Unary { operand, .. } | ExprKind::Cast { operand, .. } => {
            return check_ground(operand, wildcards, findings);
        }
        ExprKind::Binary { left, right, .. } => {
            check_ground(left, wildcards, findings);
            return check_ground(right, wildcards, findings);
        }
        ExprKind::Aggregate(_) => (
            "an aggregate is no constant".to_owned(),
            "write the value, or ask a query".to_owned(),
        ),
        _ => return,
    };
    let message = match wildcards {
        true => "A pattern takes constants, and `_` for whole arguments",
        false => "A fact takes constants only",
    };
    findings.push(
        Diagnostic::error(codes::INVALID_PATTERN, message)
            .at(expr.span, label)
            .help(help),
    );
}

/// The options a later query shares with its program.
fn options_of(program: &CheckedProgram) -> Options {
    Options {
        legacy: program.pragmas.iter().any(|(key, _)| &**key == "legacy"),
        word_bits: program.word_bits(),
        strict: program.strict,
        silenced: Vec::new(),
    }
}
