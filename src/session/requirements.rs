//! What to collect: the facts that would settle a comparison.

use super::compare::ComparisonQuestion;
use super::comparison::Comparison;
use super::error::Error;
use super::loaded::Session;
use crate::analysis::checked::RelationId;
use crate::engine::budget::Budget;
use crate::evidence::Reliability;
use crate::explain::Fact;
use crate::hypothesis::abduce::{Goal, Question, Worlds, explain};
use crate::hypothesis::compare::Contender;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::fmt;

/// Sets of facts looked for, for each goal that does not hold.
const SETS: usize = 12;
/// Rows that looking for them may cost.
const MOST_ROWS: u64 = 300_000;

/// What would have to be found or checked, what tells most first.
#[derive(Clone, Debug, Serialize)]
pub struct Requirements {
    pub requirements: Vec<Requirement>,
    /// The hypothesis that is ahead now.
    pub leader: Option<String>,
    pub warnings: Vec<String>,
    /// Whether every hypothesis could be compared.
    #[serde(skip)]
    whole: bool,
}

impl Requirements {
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Requirement {
    /// Of a source, which is to be checked, as in `source("a2")`.
    pub fact: String,
    /// `find`: nothing states it yet. `check`: it is claimed, and much hangs on it.
    pub task: &'static str,
    /// With `check`: the claims that state it and matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// Other facts that have to be found with it, where it does not suffice.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub together_with: Vec<String>,
    /// Hypotheses it would bear out if it is so.
    pub helps: Vec<String>,
    /// Hypotheses that would suffer if it is so; with `check`: that would suffer if it is not.
    pub hurts: Vec<String>,
    /// Whether the outcome would put another hypothesis first.
    pub alters_leader: bool,
    /// Kinds of source that state facts of its relation so far, those that state most first.
    pub through: Vec<Channel>,
}

/// How often sources of one kind state something, and which sources.
type Stated<'a> = (usize, Vec<(Reliability, &'a str)>);

/// A kind of source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Channel {
    pub kind: String,
    /// Claims of the relation from such sources.
    pub claims: usize,
    /// The most reliable ones of them, three at most.
    pub sources: Vec<String>,
}

impl Session {
    /// A ranked list of what to collect, from a comparison and what would explain its goals.
    pub fn requirements(&mut self, question: &ComparisonQuestion) -> Result<Requirements, Error> {
        let comparison = self.compare(question)?;
        let whole = comparison.is_whole();
        let mut requirements: Vec<Requirement> = Vec::new();
        for needs in &comparison.staged {
            let assumed = needs.assumes.iter().map(|fact| vec![fact.clone()]);
            for set in assumed.chain(needs.would_hold_with.iter().cloned()) {
                self.to_find(&set, &needs.name, &comparison, &mut requirements);
            }
        }
        self.to_check(&comparison, &mut requirements);
        self.to_check_together(&comparison, &mut requirements);
        requirements.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let rows = &comparison.hypotheses;
        let failed = rows
            .iter()
            .filter_map(|row| Some((&row.name, row.failure()?)));
        let failed = failed.map(|(name, reason)| format!("{name} cannot be compared: {reason}"));
        let mut warnings: Vec<String> = failed.collect();
        if let [alone] = &rows
            .iter()
            .filter(|row| row.error.is_none())
            .collect::<Vec<_>>()[..]
        {
            let name = &alone.name;
            warnings.push(format!(
                "{name} stands alone: name another one to tell it apart from"
            ));
        }
        warnings.extend(comparison.warnings);
        Ok(Requirements {
            requirements,
            leader: comparison.leader,
            whole,
            warnings,
        })
    }

    /// What would make a hypothesis hold which does not: sets of facts, smallest first.
    pub(super) fn would_hold(
        &self,
        contender: &Contender<Error>,
        using: &[RelationId],
    ) -> Result<Vec<Vec<Fact>>, Error> {
        let budget = Budget {
            rows: Some(MOST_ROWS),
            ..self.explanation_budget()
        };
        let rerun = |facts: &[Fact]| (contender.rerun)(&[], facts);
        let mut sets: Vec<Vec<Fact>> = vec![Vec::new()];
        for goal in &contender.goals {
            if !contender
                .facts
                .matching(goal.relation, &goal.pattern)
                .is_empty()
            {
                continue;
            }
            let question = Question {
                goal: Goal {
                    relation: goal.relation,
                    pattern: goal.pattern.clone(),
                },
                using: using.to_vec(),
                most: 1,
                limit: SETS,
                described: 0,
                new_constants: false,
                violations: &[],
            };
            let case = contender.case();
            let (claims, sources) = (contender.claims, contender.sources);
            let worlds = Worlds {
                database: contender.database,
                rerun: &rerun,
                rival: None,
                threads: 1,
            };
            let found = explain(&case, claims, sources, &question, &worlds, &budget)?;
            let more: Vec<Vec<Fact>> = found
                .explanations
                .into_iter()
                .map(|one| one.assume)
                .filter(|assumed| !assumed.iter().any(|fact| contender.denies(fact)))
                .collect();
            sets = sets
                .iter()
                .flat_map(|set| more.iter().map(move |more| [set.as_slice(), more].concat()))
                .take(SETS)
                .collect();
        }
        sets.retain(|set| !set.is_empty());
        for set in &mut sets {
            set.sort();
            set.dedup();
        }
        Ok(sets)
    }

    fn to_find(
        &self,
        set: &[Fact],
        helped: &str,
        comparison: &Comparison,
        requirements: &mut Vec<Requirement>,
    ) {
        let mut texts: Vec<String> = set.iter().map(|fact| self.fact_text(fact)).collect();
        let change: Vec<String> = texts.iter().map(|text| format!("+{text}")).collect();
        let alters = comparison.flip_sets.contains(&change);
        let Some(fact) = set.first() else { return };
        let text = texts.remove(0);
        let known = requirements
            .iter_mut()
            .find(|one| one.task == "find" && one.fact == text && one.together_with == texts);
        if let Some(known) = known {
            if !known.helps.iter().any(|name| name == helped) {
                known.helps.push(helped.to_owned());
            }
            known.alters_leader |= alters;
            return;
        }
        let hurts = match (&comparison.leader, alters) {
            (Some(leader), true) if leader != helped => vec![leader.clone()],
            _ => Vec::new(),
        };
        requirements.push(Requirement {
            fact: text,
            task: "find",
            claims: Vec::new(),
            together_with: texts,
            helps: vec![helped.to_owned()],
            hurts,
            alters_leader: alters,
            through: self.channels(fact.relation),
        });
    }

    /// Claims on which hypotheses differ most, together where they state the same; or sources.
    fn to_check(&self, comparison: &Comparison, requirements: &mut Vec<Requirement>) {
        let telling = comparison.evidence.iter();
        let telling = telling.filter(|column| column.diagnosticity > 0.0 && column.label.is_none());
        for column in telling {
            let id = column.id();
            let claim = column.claim.clone();
            let with = |words: &[&str]| -> Vec<String> {
                let cells = column.cells.iter();
                let of = cells
                    .filter(|(_, cell)| cell.as_str().is_some_and(|cell| words.contains(&cell)));
                of.map(|(name, _)| name.clone()).collect()
            };
            let falling = with(&["falls"]);
            let against = with(&["helped", "I", "II"]);
            if falling.is_empty() && against.is_empty() {
                continue;
            }
            let alters = comparison
                .flip_sets
                .iter()
                .any(|set| *set == [id.to_owned()]);
            let fact = match &column.source {
                Some(source) => format!("source({source:?})"),
                None => column.says.clone(),
            };
            let known = requirements
                .iter_mut()
                .find(|one| one.task == "check" && one.fact == fact);
            if let Some(known) = known {
                known.claims.extend(claim);
                for (known, more) in [(&mut known.helps, against), (&mut known.hurts, falling)] {
                    known.extend(more);
                    known.sort();
                    known.dedup();
                }
                known.alters_leader |= alters;
                continue;
            }
            requirements.push(Requirement {
                fact,
                task: "check",
                claims: claim.into_iter().collect(),
                together_with: Vec::new(),
                helps: against,
                hurts: falling,
                alters_leader: alters,
                through: self.channels_of(column.claim.as_deref()),
            });
        }
    }

    /// Facts of which all claims have to go for another hypothesis to come first, while each alone leaves the order as it is.
    fn to_check_together(&self, comparison: &Comparison, requirements: &mut Vec<Requirement>) {
        for set in comparison.flip_sets.iter().filter(|set| set.len() > 1) {
            let column = |id: &String| {
                let mut all = comparison.evidence.iter();
                all.find(|column| column.claim.as_ref() == Some(id))
            };
            let Some(columns) = set.iter().map(column).collect::<Option<Vec<_>>>() else {
                continue;
            };
            let fact = &columns[0].says;
            if columns.iter().any(|column| column.says != *fact) {
                continue;
            }
            let mut known = requirements.iter_mut();
            match known.find(|known| known.task == "check" && known.fact == *fact) {
                Some(known) => known.alters_leader = true,
                None => requirements.push(Requirement {
                    fact: fact.clone(),
                    task: "check",
                    claims: set.clone(),
                    together_with: Vec::new(),
                    helps: Vec::new(),
                    hurts: comparison.leader.iter().cloned().collect(),
                    alters_leader: true,
                    through: self.channels_of(Some(&set[0])),
                }),
            }
        }
    }

    /// Those of the relation that a claim is about.
    fn channels_of(&self, claim: Option<&str>) -> Vec<Channel> {
        let claim = claim.and_then(|id| self.claims().with_id(id).next());
        claim.map_or_else(Vec::new, |claim| {
            self.channels(self.claims().get(claim).relation)
        })
    }

    /// The kinds of source that state facts of a relation.
    fn channels(&self, relation: RelationId) -> Vec<Channel> {
        const NAMED: usize = 3;
        let sources = self.source_register();
        let mut kinds: FxHashMap<&str, Stated> = FxHashMap::default();
        for (_, claim) in self
            .claims()
            .iter()
            .filter(|(_, claim)| claim.relation == relation)
        {
            let Some(source) = claim.source.map(|source| &sources[source]) else {
                continue;
            };
            let (claims, named) = kinds.entry(&source.kind).or_default();
            *claims += 1;
            let entry = (source.reliability, &*source.id);
            if !named.contains(&entry) {
                named.push(entry);
            }
        }
        let mut channels: Vec<Channel> = kinds
            .into_iter()
            .map(|(kind, (claims, mut named))| {
                named.sort();
                Channel {
                    kind: match kind {
                        "" => "sources of no stated kind".to_owned(),
                        kind => kind.to_owned(),
                    },
                    claims,
                    sources: named
                        .into_iter()
                        .take(NAMED)
                        .map(|(_, id)| id.to_owned())
                        .collect(),
                }
            })
            .collect();
        channels.sort_by(|a, b| b.claims.cmp(&a.claims).then_with(|| a.kind.cmp(&b.kind)));
        channels
    }
}

impl Requirement {
    /// What alters the order first, what takes fewest finds, what bears on fewest at once, then by text.
    fn rank(&self) -> (bool, usize, bool, usize, &str) {
        (
            !self.alters_leader,
            self.together_with.len(),
            self.task == "find",
            self.helps.len() + self.hurts.len(),
            &self.fact,
        )
    }
}

impl fmt::Display for Requirements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        if self.requirements.is_empty() {
            writeln!(
                f,
                "nothing that could be found or checked would tell them apart"
            )?;
        }
        for (at, one) in self.requirements.iter().take(SHOWN).enumerate() {
            let mut what = match one.task {
                "check" if one.claims.is_empty() => format!("check {}", one.fact),
                "check" => format!("check {} ({})", one.fact, one.claims.join(", ")),
                _ => format!("find {}", one.fact),
            };
            if !one.together_with.is_empty() {
                what.push_str(&format!(
                    " together with {}",
                    one.together_with.join(" and ")
                ));
            }
            writeln!(f, "{:>2}  {what}", at + 1)?;
            let names = |names: &[String]| names.join(", ");
            let effect = match (one.task, one.helps.is_empty(), one.hurts.is_empty()) {
                ("check", true, _) => format!("without it {} falls", names(&one.hurts)),
                ("check", false, true) => format!("it speaks against {}", names(&one.helps)),
                ("check", false, false) => format!(
                    "without it {} falls; it speaks against {}",
                    names(&one.hurts),
                    names(&one.helps)
                ),
                (_, _, true) => format!("would help {}", names(&one.helps)),
                (_, _, false) => format!(
                    "would help {} and hurt {}",
                    names(&one.helps),
                    names(&one.hurts)
                ),
            };
            let alters = match one.alters_leader {
                true => "; the outcome may put another one first",
                false => "",
            };
            writeln!(f, "      {effect}{alters}")?;
            let through: Vec<String> = one
                .through
                .iter()
                .take(3)
                .map(|channel| format!("{} ({})", channel.kind, channel.sources.join(", ")))
                .collect();
            match one.task {
                "check" if through.is_empty() => {}
                _ if through.is_empty() => {
                    writeln!(f, "      no source states facts of this kind so far")?
                }
                _ => writeln!(f, "      through {}", through.join("; "))?,
            }
        }
        if self.requirements.len() > SHOWN {
            writeln!(
                f,
                "… and {} more; --json lists them",
                self.requirements.len() - SHOWN
            )?;
        }
        self.warnings
            .iter()
            .try_for_each(|warning| writeln!(f, "{warning}"))
    }
}
