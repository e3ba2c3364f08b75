//! How rules and queries are joined, for a reader.

use super::clauses::{ClauseText, Clauses};
use super::error::{Error, Findings};
use super::loaded::Session;
use super::narrow::Narrowed;
use super::options::Derive;
use super::typed;
use crate::analysis::checked::{CheckedQuery, RelationId};
use crate::engine;
use crate::plan::{PlanText, RulePlan, print_query, print_rule, print_subsumption};
use crate::syntax::diagnostic::Diagnostic;
use serde::Serialize;

/// Plans over the rows that are loaded, those that were derived included. Expected bindings are estimates.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plans {
    /// In the order in which they run; those without rules are left out.
    pub strata: Vec<StratumPlans>,
    pub constraints: Vec<RulePlans>,
    /// Of a query: one for the body and each alternative.
    pub query: Vec<PlanText>,
    /// Where only what is looked at is derived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demand: Option<Narrowed>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StratumPlans {
    pub relations: Vec<String>,
    /// Whether its rules run again on what they brought, until nothing new comes.
    pub recursive: bool,
    pub rules: Vec<RulePlans>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulePlans {
    #[serde(flatten)]
    pub clause: ClauseText,
    /// The relation it derives or, subsumptive, drops rows from. Constraints have none.
    pub relation: Option<String>,
    /// One for each atom that is read from the latest delta in turn, or one over whole relations.
    pub versions: Vec<PlanText>,
}

impl Session {
    /// The plans of a relation's rules, of the rule at a place, of a query, or of all rules.
    pub fn plan(&mut self, what: Option<&str>) -> Result<Plans, Error> {
        match what.map(str::trim) {
            None => Ok(self.plans()),
            Some(label) if is_name(label) || self.stands_at(label) => self.plan_rules(label),
            Some(body) => self.plan_query(body),
        }
    }

    /// The plans of the rules that derive a relation, or of the rule at a place such as `rules/a.dl:12`.
    pub fn plan_rules(&mut self, label: &str) -> Result<Plans, Error> {
        self.refresh()?;
        let label = label.trim();
        let mut plans = self.plans();
        let head = self
            .program()
            .relation_named(label)
            .map(|id| self.program()[id].name.to_string());
        if head.is_none() && is_name(label) {
            self.relation(label)?;
        }
        for stratum in &mut plans.strata {
            let named = |rule: &RulePlans| match &head {
                Some(name) => {
                    let made = rule.relation.as_deref().and_then(|of| self.made_named(of));
                    rule.relation == head || made == self.program().relation_named(name)
                }
                None => is_at(&rule.clause.at, label),
            };
            stratum.rules.retain(named);
        }
        plans.strata.retain(|stratum| !stratum.rules.is_empty());
        plans
            .constraints
            .retain(|rule| head.is_none() && is_at(&rule.clause.at, label));
        match (
            &head,
            plans.strata.is_empty() && plans.constraints.is_empty(),
        ) {
            (Some(_), _) | (None, false) => Ok(plans),
            (None, true) => Err(Error::Rejected(Findings::new(
                vec![
                    Diagnostic::error("D101", format!("no rule at `{label}`"))
                        .help("name a relation, or the file and line where a rule begins"),
                ],
                &self.sources,
            ))),
        }
    }

    /// The plan of a query's body.
    pub fn plan_query(&mut self, body: &str) -> Result<Plans, Error> {
        if self.options.derive == Derive::For(body.to_owned()) {
            return self.plan_question(body);
        }
        self.widen();
        self.refresh()?;
        let name = self.name_text();
        let query = typed::check_query(&self.program.checked, &name, body, &mut self.sources)?;
        Ok(self.query_plans(&query))
    }

    /// The plan of the question that the session was opened for, and how what it asks for is derived.
    fn plan_question(&mut self, body: &str) -> Result<Plans, Error> {
        let narrow = self.program.checked.queries().first().cloned();
        let (Some(_), Some(query)) = (&self.wide, narrow) else {
            let demand = self.narrowed();
            self.options.derive = Derive::Everything;
            return Ok(Plans {
                demand,
                ..self.plan_query(body)?
            });
        };
        let mut plans = self.plans();
        let restricted = |rule: &RulePlans| {
            let relation = rule
                .relation
                .as_deref()
                .and_then(|name| self.made_named(name));
            relation.is_some()
        };
        for stratum in &mut plans.strata {
            stratum.rules.retain(restricted);
        }
        plans.strata.retain(|stratum| !stratum.rules.is_empty());
        Ok(Plans {
            query: self.query_plans(&query).query,
            ..plans
        })
    }

    /// What a relation that no text declares was made for.
    fn made_named(&self, name: &str) -> Option<RelationId> {
        let program = self.program();
        let made = &program.demand()?.made;
        let made = made.iter().find(|(id, _)| *program[**id].name == *name);
        made.map(|(_, made)| made.of())
    }

    fn query_plans(&self, query: &CheckedQuery) -> Plans {
        let plans = self.database.query_plans(query);
        Plans {
            query: plans
                .iter()
                .map(|plan| print_query(self.program(), &query.variables, plan))
                .collect(),
            ..Plans::default()
        }
    }

    fn plans(&self) -> Plans {
        let program = self.program();
        let clauses = Clauses::of(self);
        let plans = self.database.plans();
        let strata = program.strata().iter().zip(&plans.strata);
        Plans {
            strata: strata
                .map(|(stratum, plans)| StratumPlans {
                    relations: stratum
                        .relations
                        .iter()
                        .map(|&id| program[id].name.to_string())
                        .collect(),
                    recursive: stratum.recursive,
                    rules: self.rules_of(plans, &clauses),
                })
                .filter(|stratum| !stratum.rules.is_empty())
                .collect(),
            constraints: plans
                .constraints
                .iter()
                .map(|plan| self.rule_plans(std::slice::from_ref(plan), &clauses))
                .collect(),
            query: Vec::new(),
            demand: self.narrowed(),
        }
    }

    fn rules_of(&self, plans: &engine::StratumPlans, clauses: &Clauses) -> Vec<RulePlans> {
        let rules = plans.rules.chunk_by(|a, b| a.rule == b.rule);
        let mut rules: Vec<RulePlans> = rules
            .map(|versions| self.rule_plans(versions, clauses))
            .collect();
        for versions in plans.subsumptions.chunk_by(|a, b| a.0 == b.0) {
            let subsumption = &self.program().subsumptions()[versions[0].0];
            rules.push(RulePlans {
                clause: clauses.clause_at(subsumption.span),
                relation: Some(self.program()[subsumption.relation].name.to_string()),
                versions: versions
                    .iter()
                    .map(|(_, plan)| print_subsumption(self.program(), subsumption, plan))
                    .collect(),
            });
        }
        rules
    }

    fn rule_plans(&self, versions: &[RulePlan], clauses: &Clauses) -> RulePlans {
        RulePlans {
            clause: clauses.clause(versions[0].rule),
            relation: versions[0]
                .head
                .map(|id| self.program()[id].name.to_string()),
            versions: versions
                .iter()
                .map(|plan| print_rule(self.program(), plan))
                .collect(),
        }
    }

    /// Whether a clause of the program begins at this place.
    fn stands_at(&self, label: &str) -> bool {
        let spans = self.program().rules().map(|(_, rule)| rule.span);
        let more = self.program().subsumptions().iter().map(|s| s.span);
        spans
            .chain(more)
            .any(|span| is_at(&self.texts().locate(span).to_string(), label))
    }
}

/// Relations may be qualified by components, as in `c.edge`.
fn is_name(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '?' | '.'))
}

/// Whether `rules/a.dl:12:1` is what `rules/a.dl:12`, `a.dl:12:1` or the like means.
fn is_at(place: &str, label: &str) -> bool {
    let line = place.rsplit_once(':').map_or(place, |(line, _)| line);
    [place, line].into_iter().any(|known| {
        known
            .strip_suffix(label)
            .is_some_and(|before| before.is_empty() || before.ends_with('/'))
    })
}
