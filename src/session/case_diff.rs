//! What follows from one case or version of its rules and not from another, and why.

use super::clauses::Clauses;
use super::error::Error;
use super::expectations::one_line;
use super::loaded::Session;
use super::why::WhyQuestion;
use crate::analysis::checked::{RelationId, ValueType};
use crate::explain::Fact;
use crate::explain::json::{NodeView, PremiseView, ProofView};
use crate::storage::{Code, Dictionary};
use crate::syntax::ast::DirectiveKind;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// What to tell of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffQuestion {
    /// What the two cases are called.
    pub names: [String; 2],
    /// None: all that both have.
    pub relations: Vec<String>,
    /// Facts to explain of each relation, appeared and fallen each.
    pub explain: usize,
}

/// The difference between two cases, `before` and `after`.
#[derive(Clone, Debug, Serialize)]
pub struct CaseDiff {
    pub before: String,
    pub after: String,
    /// Clauses that only one of them has, in the order of the text.
    pub rules: RulesDiff,
    /// Relations that only one of them declares, or that have other attributes.
    pub incomparable: Vec<Incomparable>,
    /// Those that differ: put out ones first, then other derived ones, then what is only stated.
    pub relations: Vec<RelationDiff>,
    /// Constraints that only one of them violates.
    pub violations: ViolationsDiff,
    /// Of the facts, the first of each relation.
    pub explained: Vec<ExplainedChange>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct RulesDiff {
    pub only_before: Vec<Clause>,
    pub only_after: Vec<Clause>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// `file:line:column`
    pub at: String,
    pub rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Incomparable {
    pub relation: String,
    /// As declared; `None` where it is not.
    pub before: Option<String>,
    pub after: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelationDiff {
    pub relation: String,
    /// Rows.
    pub before: usize,
    pub after: usize,
    /// Ascending.
    pub appeared: Vec<String>,
    pub fell: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ViolationsDiff {
    pub only_before: Vec<Clause>,
    pub only_after: Vec<Clause>,
}

/// Why a fact is there in one case and not in the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedChange {
    pub fact: String,
    /// `appeared` or `fell`.
    pub change: &'static str,
    /// The facts of its proof where the two cases part: each has all it rests on in both cases, and is itself in one.
    pub because: Vec<Cause>,
    /// The beginning of the proof, where it holds.
    pub proof: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub fact: String,
    /// `stated`: only one case states it. `derived`: all it rests on is in both, and only one derives it. `open`: what it
    /// rests on was not found within the budget.
    pub kind: &'static str,
    /// Where it is stated, or the rule that derives it; why it is open.
    pub at: Vec<String>,
    /// Where it does not hold, what is nearest.
    pub why_not: Vec<String>,
}

/// The facts of a relation that only one of the cases has.
struct Parted {
    relation: String,
    sizes: [usize; 2],
    /// Of the first case, of the second.
    only: [Vec<(String, Fact)>; 2],
}

impl Session {
    /// What another case, or version of the rules, says differently from this one as it is now; see
    /// [`CaseSpec::version`](super::CaseSpec::version).
    pub fn diff_case(
        &mut self,
        other: &Path,
        relations: &[String],
        explain: usize,
    ) -> Result<CaseDiff, Error> {
        let mut after = Session::open(self.spec.version(other), self.options.clone())?;
        let question = DiffQuestion {
            names: ["this case".to_owned(), other.display().to_string()],
            relations: relations.to_vec(),
            explain,
        };
        CaseDiff::between(self, &mut after, &question)
    }
}

impl CaseDiff {
    pub fn is_empty(&self) -> bool {
        self.relations.is_empty()
            && self.incomparable.is_empty()
            && self.violations == ViolationsDiff::default()
    }

    /// What two cases say differently. Takes time linear in all rows of both, and a proof for each fact explained.
    pub fn between(
        before: &mut Session,
        after: &mut Session,
        question: &DiffQuestion,
    ) -> Result<CaseDiff, Error> {
        before.refresh()?;
        after.refresh()?;
        for relation in &question.relations {
            // What neither has is misspelt.
            if after.program().relation_named(relation).is_none() {
                before.relation(relation)?;
            }
        }
        let wanted = |name: &str| {
            question.relations.is_empty() || question.relations.iter().any(|known| known == name)
        };
        let mut incomparable = Vec::new();
        let mut parted = Vec::new();
        let mut codes = [Codes::new(&*before, &*after), Codes::new(&*after, &*before)];
        // Causes lie in relations that nobody asked about, too.
        for name in relation_names(before, after) {
            let declared = [&*before, &*after].map(|side| side.declared(&name));
            match (&declared[0], &declared[1]) {
                (Some(a), Some(b)) if a.1 == b.1 => {
                    let only = parts((before, a.0), (after, b.0), &mut codes);
                    if only.iter().any(|only| !only.is_empty()) {
                        parted.push(Parted {
                            sizes: [before.database().len(a.0), after.database().len(b.0)],
                            relation: name,
                            only,
                        });
                    }
                }
                (a, b) if wanted(&name) => incomparable.push(Incomparable {
                    relation: name,
                    before: a.as_ref().map(|declared| declared.1.clone()),
                    after: b.as_ref().map(|declared| declared.1.clone()),
                }),
                _ => {}
            }
        }
        parted.sort_by_key(|parted| (after.rank(&parted.relation), parted.relation.clone()));
        let explained = explain(before, after, &parted, &wanted, question.explain)?;
        parted.retain(|parted| wanted(&parted.relation));
        let texts = |facts: Vec<(String, Fact)>| facts.into_iter().map(|(text, _)| text).collect();
        Ok(CaseDiff {
            before: question.names[0].clone(),
            after: question.names[1].clone(),
            rules: rules(before, after),
            incomparable,
            violations: violations(before, after),
            relations: parted
                .into_iter()
                .map(|parted| {
                    let [fell, appeared] = parted.only;
                    RelationDiff {
                        relation: parted.relation,
                        before: parted.sizes[0],
                        after: parted.sizes[1],
                        appeared: texts(appeared),
                        fell: texts(fell),
                    }
                })
                .collect(),
            explained,
        })
    }
}

impl Session {
    /// A relation and its declaration as text.
    fn declared(&self, name: &str) -> Option<(RelationId, String)> {
        let id = self.program().relation_named(name)?;
        let attributes: Vec<String> = self.program()[id]
            .attributes
            .iter()
            .map(|attribute| format!("{}: {}", attribute.name, attribute.type_name))
            .collect();
        Some((id, format!("{name}({})", attributes.join(", "))))
    }

    /// What is put out comes first, what is only stated last.
    fn rank(&self, relation: &str) -> u8 {
        let program = self.program();
        let Some(id) = program.relation_named(relation) else {
            return 3;
        };
        let is_output = program
            .directives()
            .iter()
            .any(|directive| directive.kind == DirectiveKind::Output && directive.relation == id);
        let is_derived = program.rules_of(id).any(|(_, rule)| !rule.body.is_empty());
        match (is_output, is_derived) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    }
}

/// Of both, in the order of declaration.
fn relation_names(before: &Session, after: &Session) -> Vec<String> {
    let mut known = FxHashSet::default();
    [after, before]
        .into_iter()
        .flat_map(|side| side.program().relations())
        // A name with `+` or `@` was made by the checker.
        .filter(|(_, relation)| {
            relation
                .name
                .chars()
                .all(|c| c.is_alphanumeric() || "_.?".contains(c))
        })
        .map(|(_, relation)| relation.name.to_string())
        .filter(|name| known.insert(name.clone()))
        .collect()
}

/// The facts that only one side has, ascending. Each side has codes of its own.
fn parts(
    a: (&Session, RelationId),
    b: (&Session, RelationId),
    codes: &mut [Codes; 2],
) -> [Vec<(String, Fact)>; 2] {
    let types = |(side, relation): (&Session, RelationId)| -> Vec<ValueType> {
        let attributes = side.program()[relation].attributes.iter();
        attributes.map(|attribute| attribute.ty).collect()
    };
    let types = [types(a), types(b)];
    let are_plain = |types: &[ValueType]| types.iter().all(|ty| Codes::translates(*ty));
    let alike = types[0] == types[1] && a.0.program().word_bits() == b.0.program().word_bits();
    match alike && are_plain(&types[0]) {
        true => {
            let [there, back] = codes;
            [
                only_in(a, b, &types[0], there),
                only_in(b, a, &types[0], back),
            ]
        }
        false => parts_by_text(a, b),
    }
}

/// The facts that one side has and another has not, ascending.
fn only_in(
    (one, relation): (&Session, RelationId),
    (other, same): (&Session, RelationId),
    types: &[ValueType],
    codes: &mut Codes,
) -> Vec<(String, Fact)> {
    let mut only = Vec::new();
    let mut there: Vec<Code> = Vec::new();
    for row in one.database().rows(relation).iter() {
        there.clear();
        let moved = row.iter().zip(types);
        there.extend(moved.map_while(|(&code, &ty)| codes.translate(code, ty)));
        if there.len() < types.len() || !other.database().contains(same, &there) {
            let fact = Fact::new(relation, &row);
            only.push((one.fact_text(&fact), fact));
        }
    }
    only.sort_unstable();
    only
}

/// What codes of one dictionary are in another.
struct Codes<'d> {
    from: &'d Dictionary,
    to: &'d Dictionary,
    symbols: FxHashMap<Code, Option<Code>>,
}

impl<'d> Codes<'d> {
    fn new(from: &'d Session, to: &'d Session) -> Codes<'d> {
        Codes {
            from: from.dictionary(),
            to: to.dictionary(),
            symbols: FxHashMap::default(),
        }
    }

    /// Whether two values of a type are one exactly when they read the same.
    fn translates(ty: ValueType) -> bool {
        matches!(
            ty,
            ValueType::Symbol | ValueType::Number | ValueType::Unsigned
        )
    }

    /// `None`: there is no such symbol.
    fn translate(&mut self, code: Code, ty: ValueType) -> Option<Code> {
        match ty {
            ValueType::Symbol => {
                let (from, to) = (self.from, self.to);
                let known = self.symbols.entry(code);
                *known.or_insert_with(|| to.find_symbol(from.text(code)))
            }
            _ => Some(self.to.word(self.from.to_word(code))),
        }
    }
}

/// The same where values have parts: they are compared as texts.
fn parts_by_text(a: (&Session, RelationId), b: (&Session, RelationId)) -> [Vec<(String, Fact)>; 2] {
    let texts = |(side, relation): (&Session, RelationId)| {
        let rows = side.database().rows(relation);
        let mut texts: FxHashMap<String, Fact> = FxHashMap::default();
        for row in rows.iter() {
            let fact = Fact::new(relation, &row);
            texts.insert(side.fact_text(&fact), fact);
        }
        texts
    };
    let (mut a, mut b) = (texts(a), texts(b));
    a.retain(|text, _| b.remove(text).is_none());
    [a, b].map(|only| {
        let mut only: Vec<(String, Fact)> = only.into_iter().collect();
        only.sort_unstable();
        only
    })
}

fn explain(
    before: &mut Session,
    after: &mut Session,
    parted: &[Parted],
    wanted: &dyn Fn(&str) -> bool,
    most: usize,
) -> Result<Vec<ExplainedChange>, Error> {
    let only = |side: usize| -> FxHashSet<&str> {
        let facts = parted.iter().flat_map(|parted| &parted.only[side]);
        facts.map(|(text, _)| &**text).collect()
    };
    let only = [only(0), only(1)];
    let mut explained = Vec::new();
    let mut reasons: FxHashMap<String, Vec<String>> = FxHashMap::default();
    for relation in parted.iter().filter(|parted| wanted(&parted.relation)) {
        for (side, change) in [(1, "appeared"), (0, "fell")] {
            for (fact, _) in relation.only[side].iter().take(most) {
                let (holds, lacks) = match side {
                    0 => (&mut *before, &mut *after),
                    _ => (&mut *after, &mut *before),
                };
                let proof = holds.explain(&WhyQuestion {
                    limit: Some(1),
                    ..WhyQuestion::of(fact.as_str())
                })?;
                let mut because = Vec::new();
                if let Some(view) = proof.view() {
                    for node in partings(view, &only[side]) {
                        let mut cause = cause(node);
                        if cause.kind == "derived" {
                            cause.why_not = match reasons.get(&cause.fact) {
                                Some(known) => known.clone(),
                                None => nearest(lacks, &cause.fact)?,
                            };
                            reasons.insert(cause.fact.clone(), cause.why_not.clone());
                        }
                        because.push(cause);
                    }
                }
                explained.push(ExplainedChange {
                    fact: fact.clone(),
                    change,
                    because,
                    proof: holds.short_why(fact)?,
                });
            }
        }
    }
    Ok(explained)
}

/// The nodes at which a proof leaves what both cases have: in `only`, and nothing they rest on is.
fn partings<'v>(view: &'v ProofView, only: &FxHashSet<&str>) -> Vec<&'v NodeView> {
    let mut found = Vec::new();
    let mut seen = FxHashSet::default();
    let mut open = vec![view.root];
    while let Some(at) = open.pop() {
        let Some(node) = view.nodes.get(at as usize).filter(|_| seen.insert(at)) else {
            continue;
        };
        let mut below = Vec::new();
        premises(&node.premises, &mut below);
        below.retain(|&premise| {
            let node = view.nodes.get(premise as usize);
            node.is_some_and(|node| only.contains(&*node.fact))
        });
        match below.is_empty() {
            true => found.push(node),
            false => open.extend(below.into_iter().rev()),
        }
    }
    found
}

fn premises(of: &[PremiseView], found: &mut Vec<u32>) {
    for premise in of {
        match premise {
            PremiseView::Fact { node } | PremiseView::Link { node, .. } => found.push(*node),
            PremiseView::Aggregate { rows, .. } => {
                for row in rows {
                    premises(&row.premises, found);
                }
            }
            PremiseView::Absent { .. } | PremiseView::Holds { .. } | PremiseView::Beats { .. } => {}
        }
    }
}

fn cause(node: &NodeView) -> Cause {
    let claims = node.claims.iter().map(|claim| match &claim.source {
        Some(source) => format!("[{}] {source}, {}:{}", claim.id, claim.file, claim.line),
        None => format!("[{}] {}:{}", claim.id, claim.file, claim.line),
    });
    let rule = node
        .rule
        .iter()
        .map(|rule| format!("{}:{}", rule.file, rule.line));
    Cause {
        fact: node.fact.clone(),
        kind: match node.kind {
            "claims" | "text" | "data" => "stated",
            "open" => "open",
            _ => "derived",
        },
        at: match node.claims.is_empty() {
            false => claims.collect(),
            true => rule.chain(node.reason.map(str::to_owned)).collect(),
        },
        why_not: Vec::new(),
    }
}

/// What is nearest to a fact in a case that may not even have its relation.
fn nearest(session: &mut Session, fact: &str) -> Result<Vec<String>, Error> {
    match session.short_why_not(fact) {
        Ok(lines) => Ok(lines),
        Err(Error::Rejected(findings)) => Ok(findings
            .diagnostics()
            .iter()
            .map(|finding| finding.message.clone())
            .collect()),
        Err(stopped) => Err(stopped),
    }
}

fn rules(before: &Session, after: &Session) -> RulesDiff {
    let [a, b] = [before, after].map(|side| {
        let clauses = Clauses::of(side);
        let mut spans: Vec<_> = side.program().rules().map(|(_, rule)| rule.span).collect();
        spans.sort_unstable();
        spans.dedup();
        let of: Vec<Clause> = spans
            .into_iter()
            .map(|span| clauses.clause_at(span))
            .map(|clause| Clause {
                at: clause.at,
                rule: clause.rule,
            })
            .collect();
        of
    });
    RulesDiff {
        only_before: lacking(&a, &b),
        only_after: lacking(&b, &a),
    }
}

fn violations(before: &Session, after: &Session) -> ViolationsDiff {
    let [a, b] = [before, after].map(|side| {
        let of: Vec<Clause> = side
            .violations()
            .into_iter()
            .map(|violated| Clause {
                at: violated.at,
                rule: one_line(&violated.text),
            })
            .collect();
        of
    });
    ViolationsDiff {
        only_before: lacking(&a, &b),
        only_after: lacking(&b, &a),
    }
}

/// Clauses whose text the other side has not.
fn lacking(of: &[Clause], other: &[Clause]) -> Vec<Clause> {
    let known: BTreeSet<&str> = other.iter().map(|clause| &*clause.rule).collect();
    of.iter()
        .filter(|clause| !known.contains(&*clause.rule))
        .cloned()
        .collect()
}
