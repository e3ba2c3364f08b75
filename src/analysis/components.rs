//! Stage 0: components. Each `.init` is replaced by a copy of what its component holds, names prefixed with the
//! instance's name.
//!
//! As in Soufflé, inheritance is textual: the copy holds what all bases hold, without the rules of overridden
//! relations. A name that the instance does not declare is left alone, so that it means what it means further out.

use super::codes;
use super::findings::{Findings, counted, path_text};
use super::paths::{self, Role};
use super::strata::tarjan;
use crate::syntax::ast::{
    Component, ComponentType, Item, ItemKind, Name, Path, Qualifier, TypeDefinition,
};
use crate::syntax::diagnostic::Diagnostic;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::Cell;
use std::sync::Arc;

/// Instances within instances, bases of bases, and copies of items in all. Real programs stay far below each.
const MAX_DEPTH: usize = 100;
const MAX_ITEMS: usize = 2_000_000;
/// Components looked at: where several inherit the same ones, there are more ways to a base than anybody can go.
const MAX_STEPS: usize = 2_000_000;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ComponentId(usize);

/// Type parameters and what they stand for.
type Binding = FxHashMap<Arc<str>, Arc<str>>;

struct Declared<'a> {
    component: &'a Component,
    enclosing: Option<ComponentId>,
    nested: FxHashMap<Arc<str>, ComponentId>,
}

struct Expander<'a, 'f> {
    components: Vec<Declared<'a>>,
    global: FxHashMap<Arc<str>, ComponentId>,
    findings: &'f mut Findings,
    copied: usize,
    exhausted: bool,
    steps: Cell<usize>,
}

/// What a program's instances hold, in the order of their `.init` items; the items themselves stay as they are.
pub fn instances(items: &[Item], findings: &mut Findings) -> Vec<Item> {
    let mut expander = Expander {
        components: Vec::new(),
        global: FxHashMap::default(),
        findings,
        copied: 0,
        exhausted: false,
        steps: Cell::new(0),
    };
    expander.declare(items, None);
    if expander.components.is_empty()
        && !items
            .iter()
            .any(|item| matches!(item.kind, ItemKind::Init { .. }))
    {
        return Vec::new();
    }
    expander.check_names(items);
    let Some(sound) = expander.check_inheritance() else {
        return Vec::new();
    };
    if !(expander.check_components(items) & sound) {
        return Vec::new();
    }
    let mut instances = Vec::new();
    for item in items {
        if let ItemKind::Init { name, component } = &item.kind {
            let content =
                expander.instantiate(name, component, None, &Binding::default(), MAX_DEPTH);
            instances.extend(content);
        }
    }
    instances
}

impl<'a> Expander<'a, '_> {
    fn declare(&mut self, items: &'a [Item], enclosing: Option<ComponentId>) {
        let mut pending = vec![(items, enclosing)];
        while let Some((items, enclosing)) = pending.pop() {
            for item in items {
                let ItemKind::Component(component) = &item.kind else {
                    continue;
                };
                let id = ComponentId(self.components.len());
                self.components.push(Declared {
                    component,
                    enclosing,
                    nested: FxHashMap::default(),
                });
                let names = match enclosing {
                    Some(outer) => &mut self.components[outer.0].nested,
                    None => &mut self.global,
                };
                names.entry(component.head.name.text.clone()).or_insert(id);
                pending.push((&component.items, Some(id)));
            }
        }
    }

    /// The names of top-level components and instances are of one space with types and relations.
    fn check_names(&mut self, items: &[Item]) {
        let mut places: FxHashMap<&str, (&'static str, &Name)> = FxHashMap::default();
        let mut later: Vec<(&'static str, &Name)> = Vec::new();
        for item in items {
            match &item.kind {
                ItemKind::Type(decl) => {
                    places
                        .entry(&decl.name.text)
                        .or_insert(("type", &decl.name));
                }
                ItemKind::Relation(decl) => {
                    for name in &decl.names {
                        places.entry(&name.text).or_insert(("relation", name));
                    }
                }
                ItemKind::Component(component) => later.push(("component", &component.head.name)),
                ItemKind::Init { name, .. } => later.push(("instantiation", name)),
                _ => {}
            }
        }
        for (what, name) in later {
            if let Some((_, first)) = places.insert(&name.text, (what, name)) {
                self.findings.push(
                    Diagnostic::error(
                        codes::NAME_CLASH,
                        format!(
                            "Name clash on {what} `{}`: it is already declared",
                            name.text
                        ),
                    )
                    .at(name.span, "declared again here")
                    .at(first.span, "first declared here"),
                );
            }
        }
    }

    /// Whether all components may be instantiated; if not, it was said why.
    fn check_components(&mut self, items: &[Item]) -> bool {
        let mut sound = true;
        for item in items {
            if let ItemKind::Init { component, .. } = &item.kind {
                sound &= self.check_reference(component, None, &FxHashSet::default());
            }
        }
        for index in 0..self.components.len() {
            let id = ComponentId(index);
            let component = self.components[index].component;
            let enclosing = self.components[index].enclosing;
            let parameters = self.parameters_in_scope(id);
            for base in &component.bases {
                sound &= self.check_reference(base, enclosing, &parameters);
            }
            for (_, of) in inits(component) {
                sound &= self.check_reference(of, Some(id), &parameters);
            }
            sound &= self.check_overrides(id);
        }
        sound
    }

    /// Whether no component inherits from itself. `None`: one does so through too many others to look any further.
    fn check_inheritance(&mut self) -> Option<bool> {
        let bases: Vec<Vec<usize>> = (0..self.components.len())
            .map(|index| {
                let declared = &self.components[index];
                let bases = declared.component.bases.iter();
                bases
                    .filter_map(|base| {
                        let unbound = Binding::default();
                        self.find(declared.enclosing, &base.name.text, &unbound, MAX_DEPTH)
                    })
                    .map(|base| base.0)
                    .collect()
            })
            .collect();
        let group = tarjan(&bases);
        let mut members = vec![0; group.len()];
        for &group in &group {
            members[group as usize] += 1;
        }
        let mut sound = true;
        for (index, &group) in group.iter().enumerate() {
            if members[group as usize] > 1 || bases[index].contains(&index) {
                sound = false;
                let name = &self.components[index].component.head.name;
                self.findings.push(
                    Diagnostic::error(
                        codes::COMPONENT_CYCLE,
                        format!("Invalid cycle in inheritance for component `{}`", name.text),
                    )
                    .at(name.span, "inherits from itself"),
                );
            }
        }
        if !sound {
            return Some(false);
        }
        // Groups are numbered as they are found: bases before what inherits from them.
        let mut order: Vec<usize> = (0..group.len()).collect();
        order.sort_by_key(|&index| group[index]);
        let mut levels = vec![0; group.len()];
        for index in order {
            levels[index] = bases[index]
                .iter()
                .map(|&base| levels[base] + 1)
                .max()
                .unwrap_or(0);
            if levels[index] >= MAX_DEPTH {
                let name = &self.components[index].component.head.name;
                self.findings.push(
                    Diagnostic::error(
                        codes::COMPONENT_CYCLE,
                        format!("More than {MAX_DEPTH} levels of inheritance"),
                    )
                    .at(name.span, "inherits through too many others"),
                );
                return None;
            }
        }
        Some(true)
    }

    /// Parameters of a component and of those around it: what they stand for is known only later.
    fn parameters_in_scope(&self, id: ComponentId) -> FxHashSet<Arc<str>> {
        std::iter::successors(Some(id), |id| self.components[id.0].enclosing)
            .flat_map(|id| &self.components[id.0].component.head.arguments)
            .map(|parameter| parameter.text.clone())
            .collect()
    }

    fn check_reference(
        &mut self,
        reference: &ComponentType,
        scope: Option<ComponentId>,
        parameters: &FxHashSet<Arc<str>>,
    ) -> bool {
        if parameters.contains(&reference.name.text) {
            return true;
        }
        match self.find(scope, &reference.name.text, &Binding::default(), MAX_DEPTH) {
            Some(id) => self.check_parameters(reference, id),
            None => {
                self.undefined(reference, &reference.name.text);
                false
            }
        }
    }

    fn check_parameters(&mut self, reference: &ComponentType, id: ComponentId) -> bool {
        let declared = &self.components[id.0].component.head;
        let (expected, got) = (declared.arguments.len(), reference.arguments.len());
        if expected == got {
            return true;
        }
        self.findings.push(
            Diagnostic::error(
                codes::COMPONENT_PARAMETERS,
                format!(
                    "Invalid number of type parameters for component `{}`",
                    declared.name.text
                ),
            )
            .at(
                reference.name.span,
                format!("has {}", counted(got, "type parameter")),
            )
            .at(
                declared.name.span,
                format!("declares {}", counted(expected, "type parameter")),
            ),
        );
        false
    }

    fn undefined(&mut self, reference: &ComponentType, name: &str) {
        if self.steps.get() > MAX_STEPS {
            return self.limit(reference);
        }
        let known = self
            .components
            .iter()
            .map(|declared| &*declared.component.head.name.text);
        let label = match self.findings.closest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "no `.comp` declares it here".to_owned(),
        };
        self.findings.push(
            Diagnostic::error(
                codes::UNDEFINED_COMPONENT,
                format!("Referencing undefined component `{name}`"),
            )
            .at(reference.name.span, label),
        );
    }

    fn check_overrides(&mut self, id: ComponentId) -> bool {
        let component = self.components[id.0].component;
        let overrides = |item: &Item| matches!(item.kind, ItemKind::Override(_));
        if !component.items.iter().any(overrides) {
            return true;
        }
        let parents = self.ancestors(id);
        let name = &component.head.name;
        let own: FxHashSet<&str> = relations(component).map(|(name, _)| &*name.text).collect();
        let inherited: FxHashMap<&str, bool> = parents
            .iter()
            .flat_map(|parent| relations(self.components[parent.0].component))
            .map(|(name, overridable)| (&*name.text, overridable))
            .collect();
        let mut sound = true;
        for item in &component.items {
            let ItemKind::Override(relation) = &item.kind else {
                continue;
            };
            let (problem, help) = match inherited.get(&*relation.text) {
                _ if own.contains(&*relation.text) => {
                    ("non-inherited", "it is declared in this component")
                }
                None => continue,
                Some(true) => continue,
                Some(false) => ("non-overridable", "add `overridable` to its declaration"),
            };
            sound = false;
            self.findings.push(
                Diagnostic::error(
                    codes::INVALID_OVERRIDE,
                    format!(
                        "Override of {problem} relation `{}` in component `{}`",
                        relation.text, name.text
                    ),
                )
                .at(name.span, "overrides what it may not")
                .at(relation.span, help),
            );
        }
        sound
    }

    /// The bases of a component, and theirs.
    fn ancestors(&self, id: ComponentId) -> Vec<ComponentId> {
        let mut found: Vec<ComponentId> = Vec::new();
        let mut seen: FxHashSet<ComponentId> = FxHashSet::default();
        let mut pending = vec![id];
        while let Some(of) = pending.pop() {
            let declared = &self.components[of.0];
            for base in &declared.component.bases {
                let base = self.find(
                    declared.enclosing,
                    &base.name.text,
                    &Binding::default(),
                    MAX_DEPTH,
                );
                if let Some(base) = base
                    && seen.insert(base)
                {
                    found.push(base);
                    pending.push(base);
                }
            }
        }
        found
    }

    /// Counts a step; false once there were too many.
    fn step(&self) -> bool {
        self.steps.set(self.steps.get() + 1);
        self.steps.get() <= MAX_STEPS
    }

    /// The component a name means in a scope: in it, in its bases, then further out.
    fn find(
        &self,
        scope: Option<ComponentId>,
        name: &str,
        binding: &Binding,
        depth: usize,
    ) -> Option<ComponentId> {
        let bound = binding.get(name).map_or(name, |actual| actual);
        let depth = depth.checked_sub(1)?;
        let mut at = scope;
        while let Some(id) = at {
            if !self.step() {
                return None;
            }
            let declared = &self.components[id.0];
            if let Some(&found) = declared.nested.get(bound) {
                return Some(found);
            }
            for base in &declared.component.bases {
                let base = self.find(declared.enclosing, &base.name.text, binding, depth);
                if let Some(base) = base
                    && base != id
                    && let Some(found) = self.find_inside(base, bound, binding, depth)
                {
                    return Some(found);
                }
            }
            at = declared.enclosing;
        }
        self.global.get(bound).copied()
    }

    fn find_inside(
        &self,
        component: ComponentId,
        name: &str,
        binding: &Binding,
        depth: usize,
    ) -> Option<ComponentId> {
        let depth = depth.checked_sub(1)?;
        if !self.step() {
            return None;
        }
        let declared = &self.components[component.0];
        declared.nested.get(name).copied().or_else(|| {
            declared.component.bases.iter().find_map(|base| {
                let base = self.find(declared.enclosing, &base.name.text, binding, depth)?;
                self.find_inside(base, name, binding, depth)
            })
        })
    }

    fn limit(&mut self, reference: &ComponentType) {
        if !self.exhausted {
            self.exhausted = true;
            self.findings.push(
                Diagnostic::error(
                    codes::COMPONENT_CYCLE,
                    "Component instantiation limit reached",
                )
                .at(
                    reference.name.span,
                    "instantiated without end, or too often",
                ),
            );
        }
    }

    /// The content of one instance, names already prefixed with `name`.
    fn instantiate(
        &mut self,
        name: &Name,
        of: &ComponentType,
        scope: Option<ComponentId>,
        binding: &Binding,
        depth: usize,
    ) -> Vec<Item> {
        if depth == 0 || self.copied > MAX_ITEMS || self.steps.get() > MAX_STEPS {
            self.limit(of);
            return Vec::new();
        }
        let Some(id) = self.find(scope, &of.name.text, binding, MAX_DEPTH) else {
            let bound = binding.get(&of.name.text).unwrap_or(&of.name.text).clone();
            self.undefined(of, &bound);
            return Vec::new();
        };
        if !self.check_parameters(of, id) {
            return Vec::new();
        }
        let component = self.components[id.0].component;
        let active = extend(binding, &component.head, of);
        let mut content = self.instances_in(id, &active, depth);
        self.collect(id, &active, &FxHashSet::default(), depth, &mut content);
        if self.steps.get() > MAX_STEPS {
            self.limit(of);
        }
        if !self.exhausted {
            prefix(&name.text, &mut content);
        }
        content
    }

    /// What the instances within a component hold.
    fn instances_in(&mut self, id: ComponentId, binding: &Binding, depth: usize) -> Vec<Item> {
        let mut content = Vec::new();
        for (name, of) in inits(self.components[id.0].component) {
            content.extend(self.instantiate(name, of, Some(id), binding, depth - 1));
            if self.exhausted {
                break;
            }
        }
        content
    }

    /// Copies of what a component and its bases hold, type parameters replaced. The depth is that of inheritance, which
    /// has no cycle, within the bound of `find`.
    fn collect(
        &mut self,
        id: ComponentId,
        binding: &Binding,
        overridden: &FxHashSet<Arc<str>>,
        depth: usize,
        content: &mut Vec<Item>,
    ) {
        let Some(depth) = depth.checked_sub(1).filter(|_| self.step()) else {
            let component = self.components[id.0].component;
            return self.limit(&component.head);
        };
        let declared = &self.components[id.0];
        let (component, enclosing) = (declared.component, declared.enclosing);
        let mut above = overridden.clone();
        above.extend(component.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Override(name) => Some(name.text.clone()),
            _ => None,
        }));
        for base in &component.bases {
            let Some(parent) = self.find(enclosing, &base.name.text, binding, MAX_DEPTH) else {
                continue;
            };
            let active = extend(binding, &self.components[parent.0].component.head, base);
            if depth > 0 {
                content.extend(self.instances_in(parent, &active, depth));
            }
            self.collect(parent, &active, &above, depth, content);
        }
        for item in &component.items {
            if is_structure(&item.kind) || derives_one_of(item, overridden) {
                continue;
            }
            self.copied += 1;
            let mut copy = item.clone();
            // A type that is named like a parameter takes the argument's name.
            if let ItemKind::Type(decl) = &mut copy.kind
                && let Some(actual) = binding.get(&decl.name.text)
            {
                decl.name.text = actual.clone();
            }
            paths::visit_item(&mut copy, &mut |role, path| {
                if role == Role::Type
                    && let Some(actual) = binding.get(&path_text(path))
                {
                    rename(path, actual.clone());
                }
            });
            content.push(copy);
        }
    }
}

fn inits(component: &Component) -> impl Iterator<Item = (&Name, &ComponentType)> {
    component.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Init { name, component } => Some((name, &**component)),
        _ => None,
    })
}

/// The relations a component declares, and whether each is overridable.
fn relations(component: &Component) -> impl Iterator<Item = (&Name, bool)> {
    component.items.iter().flat_map(|item| {
        let (names, overridable): (&[Name], bool) = match &item.kind {
            ItemKind::Relation(decl) => (
                &decl.names,
                decl.qualifiers
                    .iter()
                    .any(|(q, _)| *q == Qualifier::Overridable),
            ),
            _ => (&[], false),
        };
        names.iter().map(move |name| (name, overridable))
    })
}

fn is_structure(kind: &ItemKind) -> bool {
    matches!(
        kind,
        ItemKind::Component(_) | ItemKind::Init { .. } | ItemKind::Override(_)
    )
}

fn derives_one_of(item: &Item, overridden: &FxHashSet<Arc<str>>) -> bool {
    let head = match &item.kind {
        ItemKind::Rule(rule) => rule.heads.first(),
        ItemKind::Subsumption(subsumption) => Some(&subsumption.dominated),
        _ => None,
    };
    head.is_some_and(|atom| overridden.contains(&path_text(&atom.relation)))
}

fn extend(binding: &Binding, formal: &ComponentType, actual: &ComponentType) -> Binding {
    let mut extended = binding.clone();
    for (parameter, argument) in formal.arguments.iter().zip(&actual.arguments) {
        let value = binding.get(&argument.text).unwrap_or(&argument.text);
        extended.insert(parameter.text.clone(), value.clone());
    }
    extended
}

fn rename(path: &mut Path, name: Arc<str>) {
    path.parts = vec![Name {
        text: name,
        span: path.span,
    }];
}

/// Puts `instance.` before every name that `content` declares, where it is declared and where it is used.
fn prefix(instance: &str, content: &mut [Item]) {
    let mut renamed: FxHashMap<(Role, Arc<str>), Arc<str>> = FxHashMap::default();
    let mut declare = |role: Role, name: &mut Name| {
        let longer: Arc<str> = format!("{instance}.{}", name.text).into();
        renamed.insert((role, name.text.clone()), longer.clone());
        name.text = longer;
    };
    for item in content.iter_mut() {
        match &mut item.kind {
            ItemKind::Type(decl) => {
                declare(Role::Type, &mut decl.name);
                if let TypeDefinition::Adt(branches) = &mut decl.definition {
                    for branch in branches {
                        declare(Role::Branch, &mut branch.name);
                    }
                }
            }
            ItemKind::Lattice(lattice) => {
                lattice.name.text = format!("{instance}.{}", lattice.name.text).into();
            }
            ItemKind::Relation(decl) => {
                for name in &mut decl.names {
                    declare(Role::Relation, name);
                }
            }
            _ => {}
        }
    }
    for item in content {
        paths::visit_item(item, &mut |role, path| {
            if let Some(longer) = renamed.get(&(role, path_text(path))) {
                rename(path, longer.clone());
            }
        });
    }
}
