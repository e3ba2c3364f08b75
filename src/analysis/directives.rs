//! `.input`, `.output`, `.printsize`, `.limitsize`, `.abducible`: which relations, with which parameters.

use super::checked::{Directive, RelationId};
use super::codes;
use super::declarations::Declarations;
use super::findings::Findings;
use crate::syntax::ast::{self, DirectiveKind, Item, ItemKind, Qualifier};
use crate::syntax::diagnostic::Diagnostic;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Keys that mean something to a reader or writer.
const KEYS: &[&str] = &[
    "IO",
    "attributeNames",
    "auxArity",
    "columns",
    "compress",
    "data",
    "dbname",
    "delimiter",
    "fact-dir",
    "filename",
    "format",
    "headers",
    "n",
    "name",
    "operation",
    "output-dir",
    "params",
    "rfc4180",
    "sort",
    "types",
];

pub fn collect(
    items: &[&Item],
    declarations: &Declarations,
    findings: &mut Findings,
) -> Vec<Directive> {
    let mut directives = Vec::new();
    for item in items {
        match &item.kind {
            ItemKind::Directive(directive) => {
                check_keys(directive, findings);
                for path in &directive.relations {
                    if let Some(relation) = declarations.find_relation(path, findings) {
                        directives.push(Directive {
                            kind: directive.kind,
                            relation,
                            parameters: directive
                                .parameters
                                .iter()
                                .map(|parameter| {
                                    (parameter.key.text.clone(), parameter.value.clone())
                                })
                                .collect(),
                            span: path.span,
                        });
                    }
                }
                check_limit(directive, item, findings);
            }
            ItemKind::Relation(decl) => qualifiers(decl, declarations, &mut directives),
            _ => {}
        }
    }
    check_duplicates(&directives, declarations, findings);
    directives
}

/// `input`, `output` and `printsize` among a declaration's qualifiers.
fn qualifiers(
    decl: &ast::RelationDecl,
    declarations: &Declarations,
    directives: &mut Vec<Directive>,
) {
    for (qualifier, span) in &decl.qualifiers {
        let kind = match qualifier {
            Qualifier::Input => DirectiveKind::Input,
            Qualifier::Output => DirectiveKind::Output,
            Qualifier::Printsize => DirectiveKind::Printsize,
            _ => continue,
        };
        for name in &decl.names {
            if let Some(&relation) = declarations.relation_by_name.get(&name.text) {
                directives.push(Directive {
                    kind,
                    relation,
                    parameters: Vec::new(),
                    span: *span,
                });
            }
        }
    }
}

fn check_keys(directive: &ast::Directive, findings: &mut Findings) {
    for parameter in &directive.parameters {
        let key = &parameter.key;
        if KEYS.contains(&&*key.text) {
            continue;
        }
        let label = match findings.closest(&key.text, KEYS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "nothing reads it".to_owned(),
        };
        findings.push(
            Diagnostic::warning(
                codes::UNKNOWN_PARAMETER,
                format!("Unknown parameter `{}` is ignored", key.text),
            )
            .at(key.span, label),
        );
    }
}

fn check_limit(directive: &ast::Directive, item: &Item, findings: &mut Findings) {
    if directive.kind != DirectiveKind::Limitsize {
        return;
    }
    let limit = directive
        .parameters
        .iter()
        .rev()
        .find(|parameter| &*parameter.key.text == "n");
    let diagnostic = match limit {
        Some(limit) if limit.value.parse::<u64>().is_ok() => return,
        Some(limit) => Diagnostic::error(
            codes::INVALID_PARAMETER,
            format!(
                "`n` of `.limitsize` must be a number, not `{}`",
                limit.value
            ),
        )
        .at(limit.value_span, "is not a number of rows"),
        None => Diagnostic::error(codes::INVALID_PARAMETER, "`.limitsize` has no `n`")
            .at(item.span, "how many rows?"),
    };
    findings.push(diagnostic.help("write `.limitsize r(n=1000)`"));
}

fn check_duplicates(
    directives: &[Directive],
    declarations: &Declarations,
    findings: &mut Findings,
) {
    let mut first: FxHashMap<(DirectiveKind, RelationId), &Directive> = FxHashMap::default();
    for directive in directives {
        let name = match directive.kind {
            DirectiveKind::Printsize => ".printsize",
            DirectiveKind::Limitsize => ".limitsize",
            DirectiveKind::Input | DirectiveKind::Output => continue,
        };
        let earlier = first
            .entry((directive.kind, directive.relation))
            .or_insert(directive);
        if !std::ptr::eq(*earlier, directive) {
            findings.push(
                Diagnostic::error(
                    codes::DUPLICATE_DIRECTIVE,
                    format!(
                        "Redefinition of `{name}` directive for relation `{}`",
                        declarations.relation(directive.relation).name
                    ),
                )
                .at(directive.span, "given again here")
                .at(earlier.span, "first given here"),
            );
        }
    }
}

pub fn abducibles(
    items: &[&Item],
    declarations: &Declarations,
    findings: &mut Findings,
) -> Vec<RelationId> {
    let mut abducibles: Vec<RelationId> = Vec::new();
    for item in items {
        let ItemKind::Abducible(paths) = &item.kind else {
            continue;
        };
        for path in paths {
            if let Some(relation) = declarations.find_relation(path, findings)
                && !abducibles.contains(&relation)
            {
                abducibles.push(relation);
            }
        }
    }
    abducibles
}

/// The value of the last pragma of a name.
pub fn pragma<'a>(pragmas: &'a [(Arc<str>, Arc<str>)], key: &str) -> Option<&'a str> {
    pragmas
        .iter()
        .rev()
        .find(|(known, _)| &**known == key)
        .map(|(_, value)| &**value)
}
