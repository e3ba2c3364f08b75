//! Stage 1: what a program declares. Types, relations, functors and branches get their ids here.

use super::checked::{self, Attribute, Branch, RelationId, Shape, ShapeId, ValueType};
use super::codes;
use super::findings::{Findings, Stage, path_text};
use super::lattices::{self, Lattice};
use super::strata;
use super::types::{Type, TypeForm, TypeId, Types};
use crate::syntax::ast::{self, Item, ItemKind, Path, Qualifier, TypeDefinition};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Span;
use rustc_hash::FxHashMap;
use std::collections::HashMap;
use std::sync::Arc;

/// A named, typed place of a relation, a record or a branch.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: Arc<str>,
    pub ty: TypeId,
    /// As written: an alias keeps its own name.
    pub type_name: Arc<str>,
    /// Written `T<>`.
    pub lattice: bool,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ShapeFields {
    Record(Vec<Field>),
    Adt(Vec<(Arc<str>, Vec<Field>)>),
}

#[derive(Clone, Debug)]
pub struct ShapeDecl {
    pub name: Arc<str>,
    pub fields: ShapeFields,
}

impl ShapeDecl {
    /// An algebraic type without fields: its values are ordinals.
    pub fn is_enumeration(&self) -> bool {
        match &self.fields {
            ShapeFields::Record(_) => false,
            ShapeFields::Adt(branches) => branches.iter().all(|(_, fields)| fields.is_empty()),
        }
    }
}

#[derive(Clone, Debug)]
pub struct RelationDecl {
    pub name: Arc<str>,
    pub attributes: Vec<Field>,
    pub qualifiers: Vec<(Qualifier, Span)>,
    pub choice_domains: Vec<Vec<usize>>,
    pub delta_of: Option<RelationId>,
    pub doc: Option<Arc<str>>,
    pub span: Span,
}

impl RelationDecl {
    pub fn has(&self, qualifier: Qualifier) -> bool {
        self.qualifiers.iter().any(|(given, _)| *given == qualifier)
    }

    /// `name(attribute, …)`, for suggestions.
    pub fn signature(&self) -> String {
        let names: Vec<&str> = self.attributes.iter().map(|field| &*field.name).collect();
        format!("{}({})", self.name, names.join(", "))
    }
}

#[derive(Clone, Debug)]
pub struct FunctorDecl {
    pub name: Arc<str>,
    pub parameters: Vec<TypeId>,
    pub result: TypeId,
    pub stateful: bool,
    pub span: Span,
}

/// Everything declared, by id and by name.
#[derive(Clone, Debug, Default)]
pub struct Declarations {
    pub types: Types,
    pub shapes: Vec<ShapeDecl>,
    pub relations: Vec<RelationDecl>,
    pub relation_by_name: HashMap<Arc<str>, RelationId>,
    pub functors: Vec<FunctorDecl>,
    pub functor_by_name: HashMap<Arc<str>, usize>,
    /// A branch's type and ordinal. Branch names are global.
    pub branches: HashMap<Arc<str>, (TypeId, u32)>,
    /// By the name of their type.
    pub lattices: FxHashMap<Arc<str>, Lattice>,
    /// Components could not be expanded: what is missing from an instance was reported there.
    pub incomplete: bool,
    /// Relations that are inlined, and their rules: later queries inline them too.
    pub inlined: Vec<Arc<str>>,
    pub inlined_rules: Vec<ast::Rule>,
}

impl Declarations {
    pub fn relation(&self, id: RelationId) -> &RelationDecl {
        &self.relations[id.index()]
    }

    pub fn shape(&self, id: ShapeId) -> &ShapeDecl {
        &self.shapes[id.index()]
    }

    /// The fields of the branch that was found under `branches`.
    pub fn branch_fields(&self, ty: TypeId, ordinal: u32) -> &[Field] {
        match self.types.kind(ty) {
            Some(ValueType::Adt(shape)) => match &self.shape(shape).fields {
                ShapeFields::Adt(branches) => branches
                    .get(ordinal as usize)
                    .map_or(&[], |(_, fields)| fields.as_slice()),
                ShapeFields::Record(_) => &[],
            },
            _ => &[],
        }
    }

    pub fn record_fields(&self, ty: TypeId) -> Option<&[Field]> {
        match self.types.kind(ty)? {
            ValueType::Record(shape) => match &self.shape(shape).fields {
                ShapeFields::Record(fields) => Some(fields),
                ShapeFields::Adt(_) => None,
            },
            _ => None,
        }
    }

    /// The kind of a field; a field of an invalid type counts as a number, for the program is refused anyway.
    fn attribute(&self, field: &Field) -> Attribute {
        Attribute {
            name: field.name.clone(),
            ty: self.types.kind(field.ty).unwrap_or(ValueType::Number),
            type_name: field.type_name.clone(),
        }
    }

    /// How the rows of a relation with lattice attributes are merged.
    pub fn lattice_of(&self, relation: &RelationDecl) -> Option<checked::Lattice> {
        let key = relation.attributes.iter().position(|field| field.lattice)?;
        let lubs = relation.attributes[key..]
            .iter()
            .map(|field| Some(self.lattices.get(&field.type_name)?.lub.clone()))
            .collect::<Option<Vec<_>>>()?;
        Some(checked::Lattice { key, lubs })
    }

    pub fn attributes(&self, fields: &[Field]) -> Vec<Attribute> {
        fields.iter().map(|field| self.attribute(field)).collect()
    }

    pub fn checked_shapes(&self) -> Vec<Shape> {
        self.shapes
            .iter()
            .map(|shape| match &shape.fields {
                ShapeFields::Record(fields) => Shape::Record {
                    name: shape.name.clone(),
                    fields: self.attributes(fields),
                },
                ShapeFields::Adt(branches) => Shape::Adt {
                    name: shape.name.clone(),
                    branches: branches
                        .iter()
                        .map(|(name, fields)| Branch {
                            name: name.clone(),
                            fields: self.attributes(fields),
                        })
                        .collect(),
                },
            })
            .collect()
    }

    /// The relation a path names, or a finding that shows the nearest one.
    pub fn find_relation(&self, path: &Path, findings: &mut Findings) -> Option<RelationId> {
        let name = path_text(path);
        if let Some(&id) = self.relation_by_name.get(&name) {
            return Some(id);
        }
        if self.incomplete && name.contains('.') {
            return None;
        }
        let near = findings.closest(&name, self.relations.iter().map(|relation| &*relation.name));
        let mut diagnostic = Diagnostic::error(
            codes::UNDEFINED_RELATION,
            format!("Undefined relation `{name}`"),
        );
        diagnostic = match near.and_then(|near| self.relation_by_name.get(near)) {
            Some(&near) => {
                let near = self.relation(near);
                let attributes: Vec<String> = near
                    .attributes
                    .iter()
                    .map(|field| format!("{}: {}", field.name, field.type_name))
                    .collect();
                diagnostic
                    .at(path.span, format!("did you mean `{}`?", near.signature()))
                    .at(
                        near.span,
                        format!(
                            "`{}({})` is declared here",
                            near.name,
                            attributes.join(", ")
                        ),
                    )
            }
            None => diagnostic
                .at(path.span, "no `.decl` declares it")
                .help(format!("declare it: `.decl {name}(…)`")),
        };
        findings.push(diagnostic);
        None
    }

    /// The type a path names; an unknown one is reported and invalid from then on.
    pub fn find_type(&self, path: &Path, used_in: &str, findings: &mut Findings) -> TypeId {
        let name = path_text(path);
        if let Some(id) = self.types.named(&name) {
            return id;
        }
        let label = match findings.closest(&name, self.types.names().map(|name| &**name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "no `.type` declares it".to_owned(),
        };
        findings.push(
            Diagnostic::error(
                codes::UNDEFINED_TYPE,
                format!("Undefined type `{name}` in {used_in}"),
            )
            .at(path.span, label),
        );
        TypeId::INVALID
    }
}

/// Declares everything `items` declare. Every name is in its table afterwards, even of a wrong declaration, so that
/// uses of it are not reported again.
pub fn declare(items: &[&Item], incomplete: bool, findings: &mut Findings) -> Declarations {
    let mut declarations = Declarations {
        incomplete,
        ..Declarations::default()
    };
    let mut places: HashMap<Arc<str>, Span> = HashMap::new();
    declare_types(items, &mut declarations, &mut places, findings);
    declare_functors(items, &mut declarations, findings);
    declarations.lattices = lattices::declare(items, &declarations, findings);
    declare_relations(items, &mut declarations, &mut places, findings);
    declarations
}

fn name_clash(what: &str, name: &str, span: Span, first: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        codes::NAME_CLASH,
        format!("Name clash on {what} `{name}`: it is already declared"),
    )
    .at(span, "declared again here");
    match first {
        Some(first) => diagnostic.at(first, "first declared here"),
        None => diagnostic.note(format!("`{name}` is a built-in type")),
    }
}

/// Types in an order in which each comes after those it is made of, however they are written.
fn declare_types(
    items: &[&Item],
    declarations: &mut Declarations,
    places: &mut HashMap<Arc<str>, Span>,
    findings: &mut Findings,
) {
    let mut declared: Vec<&ast::TypeDecl> = Vec::new();
    let mut index_of: HashMap<Arc<str>, usize> = HashMap::new();
    for item in items {
        let ItemKind::Type(decl) = &item.kind else {
            continue;
        };
        let name = &decl.name.text;
        if Types::is_primitive_name(name) {
            findings.push(name_clash("type", name, decl.name.span, None));
            continue;
        }
        if let Some(&first) = places.get(name) {
            findings.push(name_clash("type", name, decl.name.span, Some(first)));
            continue;
        }
        places.insert(name.clone(), decl.name.span);
        index_of.insert(name.clone(), declared.len());
        declared.push(decl);
    }

    let order = made_after_their_parts(&declared, &index_of);
    let mut placed = vec![false; declared.len()];
    for index in order {
        placed[index] = true;
        declare_type(declared[index], declarations, findings);
    }
    if placed.contains(&false) {
        refuse_cycles(&declared, &index_of, &placed, declarations, findings);
    }

    for decl in &declared {
        declare_fields(decl, declarations, findings);
    }
}

/// Types on a cycle, and those made of them, are invalid; only the former are at fault.
fn refuse_cycles(
    declared: &[&ast::TypeDecl],
    index_of: &HashMap<Arc<str>, usize>,
    placed: &[bool],
    declarations: &mut Declarations,
    findings: &mut Findings,
) {
    let parts: Vec<Vec<usize>> = declared
        .iter()
        .map(|decl| parts_of(decl, index_of))
        .collect();
    let component = strata::tarjan(&parts);
    let mut size: HashMap<u32, usize> = HashMap::new();
    for &group in &component {
        *size.entry(group).or_default() += 1;
    }
    for (index, decl) in declared.iter().enumerate() {
        if placed[index] {
            continue;
        }
        declarations
            .types
            .bind(decl.name.text.clone(), TypeId::INVALID);
        if size[&component[index]] > 1 || parts[index].contains(&index) {
            findings.push(
                Diagnostic::error(
                    codes::CYCLIC_TYPE,
                    format!(
                        "Infinite descent in the definition of type `{}`",
                        decl.name.text
                    ),
                )
                .at(decl.name.span, "is defined by itself"),
            );
        }
    }
}

/// The declared types that a type is made of.
fn parts_of(decl: &ast::TypeDecl, index_of: &HashMap<Arc<str>, usize>) -> Vec<usize> {
    let paths: &[Path] = match &decl.definition {
        TypeDefinition::Subset { base, .. } => std::slice::from_ref(base),
        TypeDefinition::Alias(other) => std::slice::from_ref(other),
        TypeDefinition::Union(members) => members,
        TypeDefinition::Record(_) | TypeDefinition::Adt(_) => &[],
    };
    paths
        .iter()
        .filter_map(|path| index_of.get(&path_text(path)).copied())
        .collect()
}

/// A topological order of the declared types; those on a cycle are left out.
fn made_after_their_parts(
    declared: &[&ast::TypeDecl],
    index_of: &HashMap<Arc<str>, usize>,
) -> Vec<usize> {
    let mut missing = vec![0usize; declared.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); declared.len()];
    for (index, decl) in declared.iter().enumerate() {
        for part in parts_of(decl, index_of) {
            missing[index] += 1;
            users[part].push(index);
        }
    }
    let mut order: Vec<usize> = (0..declared.len()).filter(|&i| missing[i] == 0).collect();
    let mut next = 0;
    while let Some(&ready) = order.get(next) {
        next += 1;
        for &user in &users[ready] {
            missing[user] -= 1;
            if missing[user] == 0 {
                order.push(user);
            }
        }
    }
    order
}

fn declare_type(decl: &ast::TypeDecl, declarations: &mut Declarations, findings: &mut Findings) {
    let name = &decl.name.text;
    let used_in = || format!("the definition of type `{name}`");
    let id = match &decl.definition {
        TypeDefinition::Alias(other) => {
            let target = declarations.find_type(other, &used_in(), findings);
            declarations.types.bind(name.clone(), target);
            return;
        }
        TypeDefinition::Subset { base, .. } => {
            let target = declarations.find_type(base, &used_in(), findings);
            let refused = match declarations.types.get(target).form {
                TypeForm::Union(_) => Some("union"),
                TypeForm::Record(_) => Some("record type"),
                _ => None,
            };
            if let Some(refused) = refused {
                findings.push(
                    Diagnostic::error(
                        codes::INVALID_SUBSET,
                        format!(
                            "Subset type `{name}` can't be derived from {refused} `{}`",
                            declarations.types.name(target)
                        ),
                    )
                    .at(base.span, format!("is a {refused}"))
                    .help(format!(
                        "for another name of it write `.type {name} = {}`",
                        path_text(base)
                    )),
                );
            }
            match (refused, declarations.types.kind(target)) {
                (None, Some(kind)) => declarations.types.add(Type {
                    name: name.clone(),
                    form: TypeForm::Subset(target),
                    kind: Some(kind),
                }),
                _ => TypeId::INVALID,
            }
        }
        TypeDefinition::Union(members) => declare_union(decl, members, declarations, findings),
        TypeDefinition::Record(_) => {
            let shape = add_shape(declarations, name, ShapeFields::Record(Vec::new()));
            declarations.types.add(Type {
                name: name.clone(),
                form: TypeForm::Record(shape),
                kind: Some(ValueType::Record(shape)),
            })
        }
        TypeDefinition::Adt(_) => {
            let shape = add_shape(declarations, name, ShapeFields::Adt(Vec::new()));
            declarations.types.add(Type {
                name: name.clone(),
                form: TypeForm::Adt(shape),
                kind: Some(ValueType::Adt(shape)),
            })
        }
    };
    declarations.types.bind(name.clone(), id);
}

fn add_shape(declarations: &mut Declarations, name: &Arc<str>, fields: ShapeFields) -> ShapeId {
    declarations.shapes.push(ShapeDecl {
        name: name.clone(),
        fields,
    });
    ShapeId(declarations.shapes.len() as u32 - 1)
}

fn declare_union(
    decl: &ast::TypeDecl,
    members: &[Path],
    declarations: &mut Declarations,
    findings: &mut Findings,
) -> TypeId {
    let name = &decl.name.text;
    let mut flat: Vec<TypeId> = Vec::new();
    let mut first: Option<(ValueType, &Path)> = None;
    let mut valid = true;
    for member in members {
        let id = declarations.find_type(
            member,
            &format!("the definition of union type `{name}`"),
            findings,
        );
        let Some(kind) = declarations.types.kind(id) else {
            valid = false;
            continue;
        };
        if matches!(kind, ValueType::Record(_) | ValueType::Adt(_)) {
            findings.push(
                Diagnostic::error(
                    codes::INVALID_UNION,
                    format!(
                        "Union type `{name}` contains the non-primitive type `{}`",
                        path_text(member)
                    ),
                )
                .at(member.span, "is a record or an algebraic type"),
            );
            valid = false;
            continue;
        }
        match first {
            Some((expected, path)) if expected != kind => {
                findings.push(
                    Diagnostic::error(
                        codes::INVALID_UNION,
                        format!(
                            "Union type `{name}` is defined over {{{}, {}}} (multiple primitive types in union)",
                            kind_name(expected),
                            kind_name(kind)
                        ),
                    )
                    .at(member.span, format!("is a `{}`", kind_name(kind)))
                    .at(path.span, format!("is a `{}`", kind_name(expected))),
                );
                valid = false;
                continue;
            }
            Some(_) => {}
            None => first = Some((kind, member)),
        }
        match &declarations.types.get(id).form {
            TypeForm::Union(inner) => flat.extend(inner.iter().copied()),
            _ => flat.push(id),
        }
    }
    flat.sort();
    flat.dedup();
    match first {
        Some((kind, _)) if valid => declarations.types.add(Type {
            name: name.clone(),
            form: TypeForm::Union(flat.into()),
            kind: Some(kind),
        }),
        _ => TypeId::INVALID,
    }
}

/// What a kind is called where no declared name is at hand.
pub fn kind_name(kind: ValueType) -> &'static str {
    match kind {
        ValueType::Number => "number",
        ValueType::Unsigned => "unsigned",
        ValueType::Float => "float",
        ValueType::Symbol => "symbol",
        ValueType::Record(_) => "record",
        ValueType::Adt(_) => "algebraic type",
    }
}

/// Fields come last: records and algebraic types may be recursive.
fn declare_fields(decl: &ast::TypeDecl, declarations: &mut Declarations, findings: &mut Findings) {
    let name = &decl.name.text;
    let shape_of = |declarations: &Declarations| {
        let id = declarations.types.named(name)?;
        match declarations.types.get(id).form {
            TypeForm::Record(shape) | TypeForm::Adt(shape) => Some((id, shape)),
            _ => None,
        }
    };
    match &decl.definition {
        TypeDefinition::Record(attributes) => {
            let fields = fields(
                attributes,
                &format!("type `{name}`"),
                "field",
                declarations,
                findings,
            );
            if let Some((_, shape)) = shape_of(declarations) {
                declarations.shapes[shape.index()].fields = ShapeFields::Record(fields);
            }
        }
        TypeDefinition::Adt(branches) => {
            let Some((id, shape)) = shape_of(declarations) else {
                return;
            };
            let mut declared = Vec::with_capacity(branches.len());
            for (ordinal, branch) in branches.iter().enumerate() {
                let fields = fields(
                    &branch.fields,
                    &format!("branch `{}`", branch.name.text),
                    "field",
                    declarations,
                    findings,
                );
                if declarations.branches.contains_key(&branch.name.text) {
                    let stage = findings.enter(Stage::Clauses);
                    findings.push(
                        Diagnostic::error(
                            codes::BRANCH_CLASH,
                            format!("Branch `{}` is defined multiple times", branch.name.text),
                        )
                        .at(branch.name.span, "defined again here")
                        .note("branch names are shared by all algebraic types"),
                    );
                    findings.enter(stage);
                } else {
                    declarations
                        .branches
                        .insert(branch.name.text.clone(), (id, ordinal as u32));
                }
                declared.push((branch.name.text.clone(), fields));
            }
            declarations.shapes[shape.index()].fields = ShapeFields::Adt(declared);
        }
        _ => {}
    }
}

fn fields(
    attributes: &[ast::Attribute],
    owner: &str,
    noun: &str,
    declarations: &Declarations,
    findings: &mut Findings,
) -> Vec<Field> {
    let mut places: HashMap<&str, Span> = HashMap::with_capacity(attributes.len());
    attributes
        .iter()
        .map(|attribute| {
            let name = &attribute.name;
            if let Some(&first) = places.get(&*name.text) {
                findings.push(
                    Diagnostic::error(
                        codes::DUPLICATE_ATTRIBUTE,
                        format!("Doubly defined {noun} name `{}` in {owner}", name.text),
                    )
                    .at(name.span, "defined again here")
                    .at(first, "first defined here"),
                );
            } else {
                places.insert(&name.text, name.span);
            }
            Field {
                name: name.text.clone(),
                ty: declarations.find_type(
                    &attribute.ty,
                    &format!("{noun} `{}` of {owner}", name.text),
                    findings,
                ),
                type_name: path_text(&attribute.ty),
                lattice: attribute.lattice,
                span: name.span.to(attribute.ty.span),
            }
        })
        .collect()
}

fn declare_functors(items: &[&Item], declarations: &mut Declarations, findings: &mut Findings) {
    for item in items {
        let ItemKind::Functor(decl) = &item.kind else {
            continue;
        };
        let name = &decl.name.text;
        if let Some(&first) = declarations.functor_by_name.get(name) {
            let first = declarations.functors[first].span;
            findings.push(name_clash("functor", name, decl.name.span, Some(first)));
            continue;
        }
        let mut find = |path: &Path, used_in: &str| {
            let ty = declarations.find_type(path, used_in, findings);
            let kind = declarations.types.kind(ty);
            if !decl.stateful && matches!(kind, Some(ValueType::Record(_) | ValueType::Adt(_))) {
                findings.push(
                    Diagnostic::error(
                        codes::FUNCTOR_ARGUMENTS,
                        format!(
                            "Functors which are not stateful cannot use UDTs: `{}`",
                            path_text(path)
                        ),
                    )
                    .at(path.span, "is a record or an algebraic type")
                    .help("add `stateful` to the declaration"),
                );
            }
            ty
        };
        let parameters = decl
            .parameters
            .iter()
            .map(|(_, path)| find(path, &format!("a parameter of functor `{name}`")))
            .collect();
        let result = find(
            &decl.result,
            &format!("the return type of functor `{name}`"),
        );
        declarations
            .functor_by_name
            .insert(name.clone(), declarations.functors.len());
        declarations.functors.push(FunctorDecl {
            name: name.clone(),
            parameters,
            result,
            stateful: decl.stateful,
            span: decl.name.span,
        });
    }
}

fn declare_relations(
    items: &[&Item],
    declarations: &mut Declarations,
    places: &mut HashMap<Arc<str>, Span>,
    findings: &mut Findings,
) {
    let mut deltas: Vec<(RelationId, &Path)> = Vec::new();
    for item in items {
        let ItemKind::Relation(decl) = &item.kind else {
            continue;
        };
        let shared = fields(
            &decl.attributes,
            &decl
                .names
                .first()
                .map_or(String::new(), |name| format!("relation `{}`", name.text)),
            "attribute",
            declarations,
            findings,
        );
        let choice_domains = choice_domains(decl, findings);
        for name in &decl.names {
            if let Some(&first) = places.get(&name.text) {
                findings.push(name_clash("relation", &name.text, name.span, Some(first)));
            }
            // One that clashes with a type is declared all the same, so that its uses are not reported.
            if declarations.relation_by_name.contains_key(&name.text) {
                continue;
            }
            places.insert(name.text.clone(), name.span);
            let id = RelationId(declarations.relations.len() as u32);
            if let Some(path) = &decl.debug_delta {
                deltas.push((id, path));
            }
            declarations.relation_by_name.insert(name.text.clone(), id);
            declarations.relations.push(RelationDecl {
                name: name.text.clone(),
                attributes: shared.clone(),
                qualifiers: decl.qualifiers.clone(),
                choice_domains: choice_domains.clone(),
                delta_of: None,
                doc: (!item.docs.is_empty()).then(|| joined_docs(&item.docs)),
                span: name.span,
            });
        }
    }
    for (id, path) in deltas {
        if let Some(original) = declarations.find_relation(path, findings) {
            let mut attributes = declarations.relation(original).attributes.clone();
            attributes.push(Field {
                name: "<iteration>".into(),
                ty: TypeId::UNSIGNED,
                type_name: "unsigned".into(),
                lattice: false,
                span: path.span,
            });
            let delta = &mut declarations.relations[id.index()];
            delta.attributes = attributes;
            delta.delta_of = Some(original);
        }
    }
    for relation in &declarations.relations {
        check_equivalence(relation, findings);
    }
}

fn joined_docs(docs: &[Arc<str>]) -> Arc<str> {
    let lines: Vec<&str> = docs.iter().map(|line| line.trim()).collect();
    lines.join("\n").trim().into()
}

fn choice_domains(decl: &ast::RelationDecl, findings: &mut Findings) -> Vec<Vec<usize>> {
    let position = |name: &ast::Name| {
        decl.attributes
            .iter()
            .position(|a| a.name.text == name.text)
    };
    decl.choice_domains
        .iter()
        .map(|key| {
            key.iter()
                .filter_map(|name| {
                    let found = position(name);
                    if found.is_none() {
                        let near = findings
                            .closest(&name.text, decl.attributes.iter().map(|a| &*a.name.text));
                        findings.push(
                            Diagnostic::error(
                                codes::UNDEFINED_ATTRIBUTE,
                                format!(
                                    "Attribute `{}` not found in relation definition",
                                    name.text
                                ),
                            )
                            .at(
                                name.span,
                                near.map_or("no such attribute".to_owned(), |near| {
                                    format!("did you mean `{near}`?")
                                }),
                            ),
                        );
                    }
                    found
                })
                .collect()
        })
        .collect()
}

fn check_equivalence(relation: &RelationDecl, findings: &mut Findings) {
    let name = &relation.name;
    if relation.has(Qualifier::Eqrel) {
        let problem = match relation.attributes.as_slice() {
            [a, b] if a.type_name == b.type_name || a.ty == b.ty => None,
            [a, b] => Some(format!(
                "Domains of equivalence relation `{name}` are different: `{}` and `{}`",
                a.type_name, b.type_name
            )),
            _ => Some(format!("Equivalence relation `{name}` is not binary")),
        };
        if let Some(problem) = problem {
            findings.push(
                Diagnostic::error(codes::INVALID_EQREL, problem)
                    .at(relation.span, "is declared `eqrel`")
                    .help("an equivalence relation has two attributes of one type"),
            );
        }
    }
}
