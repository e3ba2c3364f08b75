//! Worlds of identity: what holds whichever names mean one actor, what only when they do, what only when they do not.
//!
//! Claims that make two names one are switches. A claim *merges* when its relation is called `same_as` or `alias`, or one
//! of its values is `same_as`; it *separates* when either is `distinct_from`. Alias claims merge only where another
//! entity bears the name too.

use super::error::Error;
use super::loaded::Session;
use crate::analysis::checked::{RelationId, ValueType};
use crate::evidence::{ClaimId, Stance};
use crate::explain::Fact;
use crate::storage::Code;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;

#[derive(Clone, Debug, Serialize)]
pub struct Worlds {
    /// Facts that hold when all identity claims stand, and when none does.
    pub every: Vec<String>,
    pub only_merged: Vec<Bridged>,
    /// Facts that hold only while the names are kept apart.
    pub only_separate: Vec<String>,
    /// Clusters of names that should perhaps not be one.
    pub over_merged: Vec<OverMerged>,
    /// Whether all bridges are there.
    pub complete: bool,
    /// Why it may be that nothing agrees in any world, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A fact that some identity has to bring about.
#[derive(Clone, Debug, Serialize)]
pub struct Bridged {
    pub fact: String,
    /// Identity claims without which it does not hold, each on its own.
    pub bridges: Vec<String>,
    /// Minimal sets of identity claims that bring it about, fewest first.
    pub needs: Vec<Vec<String>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct OverMerged {
    /// The two names in question.
    pub names: [String; 2],
    /// `kept apart by ov0012`, or `countries CN and RU`.
    pub reason: String,
    /// The shortest chain of identity claims between them.
    pub bridge: Vec<String>,
    /// How many names hang together.
    pub cluster: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Merges,
    Separates,
}

/// One of the claims that make two names one.
struct Edge {
    names: [Code; 2],
    /// One claim, or the two that share a name.
    claims: Vec<ClaimId>,
}

#[derive(Default)]
struct Identities {
    roles: FxHashMap<ClaimId, Role>,
    edges: Vec<Edge>,
    apart: Vec<Edge>,
}

/// Needs listed for each fact.
const LISTED: usize = 20;

impl Session {
    /// In which worlds of identity the facts hold that agree with an atom.
    pub fn worlds(&mut self, atom: &str) -> Result<Worlds, Error> {
        self.refresh()?;
        let pattern = self.parse_pattern(atom)?;
        let identities = self.identities();
        let by_role = |role: Role| -> FxHashSet<&str> {
            identities
                .roles
                .iter()
                .filter(|(_, known)| **known == role)
                .map(|(&claim, _)| self.claims().get(claim).id)
                .collect()
        };
        let (merging, separating) = (by_role(Role::Merges), by_role(Role::Separates));
        let (merged, separate) = self.pool.both(
            || self.run_with(pattern.relation, |claim| !separating.contains(claim.id)),
            || self.run_with(pattern.relation, |claim| !merging.contains(claim.id)),
        );
        let (merged, separate) = (merged?, separate?);
        let facts = |rows: crate::storage::Rows| -> FxHashSet<Fact> {
            rows.iter()
                .map(|row| Fact::new(pattern.relation, &row))
                .collect()
        };
        let when_merged = facts(merged.matching(pattern.relation, &pattern.codes));
        let when_separate = facts(separate.matching(pattern.relation, &pattern.codes));
        let texts = |facts: Vec<&Fact>| -> Vec<String> {
            let mut texts: Vec<String> =
                facts.into_iter().map(|fact| self.fact_text(fact)).collect();
            texts.sort();
            texts
        };
        let mut worlds = Worlds {
            every: texts(when_merged.intersection(&when_separate).collect()),
            only_merged: Vec::new(),
            only_separate: texts(when_separate.difference(&when_merged).collect()),
            over_merged: self.over_merged(&identities),
            complete: true,
            notes: match when_merged.is_empty() && when_separate.is_empty() {
                true => self.notes_on_pattern(&pattern),
                false => Vec::new(),
            },
        };
        let case = self.case_over(&merged);
        let merges = |claim: ClaimId| merging.contains(self.claims().get(claim).id);
        let ids = |set: &Vec<ClaimId>| set.iter().map(|&claim| self.claim_text(claim)).collect();
        let only_merged: Vec<Fact> = when_merged.difference(&when_separate).cloned().collect();
        let revived = match self.may_revive(pattern.relation) {
            true => Some(self.ending_when_merged(&only_merged, &merging, &separating)?),
            false => None,
        };
        for (at, fact) in only_merged.iter().enumerate() {
            let found = case.carriers(fact, &merges, LISTED, &self.explanation_budget());
            worlds.complete &= found.complete;
            let single = found.cuts.iter().filter(|cut| cut.len() == 1);
            let bridges = match &revived {
                None => single.map(|cut| cut[0]).collect(),
                Some((ending, complete)) => {
                    worlds.complete &= complete;
                    ending[at].clone()
                }
            };
            worlds.only_merged.push(Bridged {
                fact: self.fact_text(fact),
                bridges: ids(&bridges),
                needs: found.sets.iter().map(ids).collect(),
            });
        }
        worlds.only_merged.sort_by(|a, b| a.fact.cmp(&b.fact));
        Ok(worlds)
    }

    /// By fact, the identity claims without each of which it does not hold, when all others do and nothing keeps names apart;
    /// and whether all were looked at. Without one a fact may follow otherwise.
    fn ending_when_merged(
        &self,
        facts: &[Fact],
        merging: &FxHashSet<&str>,
        separating: &FxHashSet<&str>,
    ) -> Result<(Vec<Vec<ClaimId>>, bool), Error> {
        let claims = self.claims();
        let apart = separating.iter().flat_map(|id| claims.with_id(id));
        let apart: Vec<ClaimId> = apart.collect();
        let bridges = merging.iter().filter_map(|id| claims.with_id(id).next());
        let mut bridges: Vec<ClaimId> = bridges.collect();
        bridges.sort_unstable();
        let rows = |claim: &ClaimId| claims.with_id(claims.get(*claim).id);
        let withdrawals = bridges.iter().map(|bridge| {
            let mut gone: Vec<ClaimId> = apart.iter().copied().chain(rows(bridge)).collect();
            gone.sort_unstable();
            gone.dedup();
            gone
        });
        let mut ending = vec![Vec::new(); facts.len()];
        let mut complete = true;
        for (bridge, holding) in bridges
            .iter()
            .zip(self.holding_without(facts, withdrawals)?)
        {
            let Some(holding) = holding else {
                complete = false;
                continue;
            };
            let ended = (0..facts.len()).filter(|fact| !holding.contains(fact));
            ended.for_each(|fact| ending[fact].push(*bridge));
        }
        Ok((ending, complete))
    }

    fn identities(&self) -> Identities {
        let mut found = Identities::default();
        // By name as printed: who bears it, by which claim.
        let mut bearers: FxHashMap<(RelationId, String), Vec<(Code, ClaimId)>> =
            FxHashMap::default();
        for (id, claim) in self.claims().iter() {
            if claim.stance == Stance::Disputes {
                continue;
            }
            let relation = &self.program()[claim.relation];
            let symbols: Vec<Code> = relation
                .attributes
                .iter()
                .zip(claim.row)
                .filter(|(attribute, _)| attribute.ty == ValueType::Symbol)
                .map(|(_, &code)| code)
                .collect();
            let says = |word: &str| {
                *relation.name == *word
                    || symbols
                        .iter()
                        .any(|&code| self.dictionary().text(code) == word)
            };
            let (Some(&first), Some(&last)) = (symbols.first(), symbols.last()) else {
                continue;
            };
            let edge = || Edge {
                names: [first, last],
                claims: vec![id],
            };
            if says("distinct_from") {
                found.roles.insert(id, Role::Separates);
                found.apart.push(edge());
            } else if says("same_as") || &*relation.name == "alias" && symbols.len() == 2 {
                found.roles.insert(id, Role::Merges);
                found.edges.push(edge());
            } else if &*relation.name == "alias" {
                let key = relation
                    .attributes
                    .iter()
                    .rposition(|attribute| matches!(&*attribute.name, "key" | "name" | "alias"));
                if let Some(&code) = key.and_then(|at| claim.row.get(at)) {
                    let name = self.dictionary().text(code).to_lowercase();
                    bearers
                        .entry((claim.relation, name))
                        .or_default()
                        .push((first, id));
                }
            }
        }
        let mut shared: Vec<_> = bearers.into_iter().collect();
        shared.sort();
        for (_, bearers) in shared {
            for (at, &(name, claim)) in bearers.iter().enumerate() {
                for &(other, second) in &bearers[..at] {
                    if name != other {
                        found.roles.insert(claim, Role::Merges);
                        found.roles.insert(second, Role::Merges);
                        found.edges.push(Edge {
                            names: [other, name],
                            claims: vec![second, claim],
                        });
                    }
                }
            }
        }
        found
    }

    /// Clusters in which a source keeps two names apart, or names have different countries.
    fn over_merged(&self, identities: &Identities) -> Vec<OverMerged> {
        let mut beside: FxHashMap<Code, Vec<(Code, &Edge)>> = FxHashMap::default();
        for edge in &identities.edges {
            let [a, b] = edge.names;
            beside.entry(a).or_default().push((b, edge));
            beside.entry(b).or_default().push((a, edge));
        }
        let mut found = Vec::new();
        let mut seen: FxHashSet<[Code; 2]> = FxHashSet::default();
        let mut report = |a: Code, b: Code, reason: String| {
            let names = [a.min(b), a.max(b)];
            if let Some((bridge, cluster)) = chain(&beside, a, b)
                && seen.insert(names)
            {
                found.push(OverMerged {
                    names: [a, b].map(|name| self.dictionary().text(name).to_owned()),
                    reason,
                    bridge: bridge.iter().map(|&claim| self.claim_text(claim)).collect(),
                    cluster,
                });
            }
        };
        for apart in &identities.apart {
            let [a, b] = apart.names;
            let by = self.claim_text(apart.claims[0]);
            report(a, b, format!("kept apart by {by}"));
        }
        let countries = self.countries();
        for edge in &identities.edges {
            let [a, b] = edge.names;
            if let (Some(one), Some(other)) = (countries.get(&a), countries.get(&b))
                && one != other
            {
                let country = |code: &Code| self.dictionary().text(*code);
                report(
                    a,
                    b,
                    format!("countries {} and {}", country(one), country(other)),
                );
            }
        }
        found.sort_by(|a, b| a.names.cmp(&b.names));
        found
    }

    /// By name: the country that a relation with an attribute `country` gives it.
    fn countries(&self) -> FxHashMap<Code, Code> {
        let mut countries = FxHashMap::default();
        for (id, relation) in self.program().relations() {
            let at = relation.attributes.iter().position(|attribute| {
                &*attribute.name == "country" && attribute.ty == ValueType::Symbol
            });
            let Some(at) =
                at.filter(|&at| at > 0 && relation.attributes[0].ty == ValueType::Symbol)
            else {
                continue;
            };
            for row in self.database.rows(id).iter() {
                if !self.dictionary().text(row[at]).is_empty() {
                    countries.entry(row[0]).or_insert(row[at]);
                }
            }
        }
        countries
    }
}

/// The claims of a shortest chain between two names, and how many names hang together with them.
fn chain(
    beside: &FxHashMap<Code, Vec<(Code, &Edge)>>,
    from: Code,
    to: Code,
) -> Option<(Vec<ClaimId>, usize)> {
    let mut before: FxHashMap<Code, Option<(Code, &Edge)>> = FxHashMap::from_iter([(from, None)]);
    let mut open = VecDeque::from([from]);
    while let Some(name) = open.pop_front() {
        for &(next, edge) in beside.get(&name).into_iter().flatten() {
            before.entry(next).or_insert_with(|| {
                open.push_back(next);
                Some((name, edge))
            });
        }
    }
    let mut claims = Vec::new();
    let mut at = to;
    while let Some((previous, edge)) = *before.get(&at)? {
        claims.extend(edge.claims.iter().rev());
        at = previous;
    }
    claims.reverse();
    claims.dedup();
    Some((claims, before.len()))
}

impl fmt::Display for Worlds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "in every world{}", count(self.every.len()))?;
        self.every
            .iter()
            .try_for_each(|fact| writeln!(f, "  {fact}"))?;
        writeln!(f, "only if merged{}", count(self.only_merged.len()))?;
        for one in &self.only_merged {
            let by = match one.bridges.is_empty() {
                false => format!("   bridge {}", one.bridges.join(", ")),
                true => match one.needs.first() {
                    Some(set) => format!("   by {} or other ways", set.join(" and ")),
                    None => String::new(),
                },
            };
            writeln!(f, "  {}{by}", one.fact)?;
        }
        writeln!(f, "only if separate{}", count(self.only_separate.len()))?;
        self.only_separate
            .iter()
            .try_for_each(|fact| writeln!(f, "  {fact}"))?;
        self.notes
            .iter()
            .try_for_each(|note| writeln!(f, "{note}"))?;
        if !self.over_merged.is_empty() {
            writeln!(f, "perhaps merged too far{}", count(self.over_merged.len()))?;
        }
        for one in &self.over_merged {
            writeln!(
                f,
                "  {} and {}: {}, yet one by {} (cluster of {})",
                one.names[0],
                one.names[1],
                one.reason,
                one.bridge.join(", "),
                one.cluster
            )?;
        }
        match self.complete {
            true => Ok(()),
            false => writeln!(f, "NOT ALL BRIDGES: the search was cut short"),
        }
    }
}

fn count(count: usize) -> String {
    match count {
        0 => ": nothing".to_owned(),
        count => format!(" ({count})"),
    }
}

#[cfg(test)]
mod tests {
    use crate::session::tests::opened_at;
    use crate::tries::tries;
    use proptest::prelude::*;

    const RULES: &str = r#".decl same_as(x: symbol, y: symbol)
.input same_as(IO=claims, filename="same_as.csv")
.decl distinct_from(x: symbol, y: symbol)
.input distinct_from(IO=claims, filename="distinct_from.csv")
.decl n(x: symbol)
.input n(IO=claims, filename="n.csv")
.decl same(x: symbol, y: symbol) eqrel
.decl known(x: symbol)
.decl lone(x: symbol)
.decl told(x: symbol)
same(x, y) :- same_as(x, y), !distinct_from(x, y).
known(x) :- n(x), same(x, _).
known(x) :- same(x, y), n(y).
lone(x) :- n(x), !same_as(x, _).
told(x) :- same_as(x, "a").
told(x) :- n(x), same_as(_, "a"), 2 > count : { same_as(x, _) }.
told(x) :- same_as(_, x), !lone(x).
"#;
    const NAMES: [&str; 3] = ["a", "b", "c"];

    proptest! {
        #![proptest_config(tries(60))]

        #[test]
        fn bridges_are_the_claims_whose_withdrawal_ends_a_fact(
            merging in prop::collection::vec((0..3usize, 0..3usize, 0..2usize), 1..5),
            apart in prop::collection::vec((0..3usize, 0..3usize), 0..2),
            stated in prop::collection::vec(0..3usize, 0..3),
            at_once in any::<bool>(),
        ) {
            let name = |at: &usize| NAMES[*at];
            let mut same = "claim_id,x,y,source_id,from,to\n".to_owned();
            for (id, (x, y, from)) in merging.iter().enumerate() {
                let (from, to) = [("", ""), ("2020", "2021")][*from];
                same += &format!("m{id},{},{},x-s,{from},{to}\n", name(x), name(y));
            }
            let mut distinct = "claim_id,x,y,source_id\n".to_owned();
            for (id, (x, y)) in apart.iter().enumerate() {
                distinct += &format!("d{id},{},{},x-s\n", name(x), name(y));
            }
            let mut n = "claim_id,x,source_id,from\n".to_owned();
            for (id, x) in stated.iter().enumerate() {
                n += &format!("n{id},{},x-s,2021\n", name(x));
            }
            let files = [
                ("rules/x.dl", RULES.to_owned()),
                ("facts/same_as.csv", same),
                ("facts/distinct_from.csv", distinct),
                ("facts/n.csv", n),
                ("facts/sources.csv", "source_id,published,reliability\nx-s,2022,B\n".to_owned()),
            ];
            let (_directory, mut session) = opened_at(&files, 1, at_once);
            for atom in ["known(_)", "lone(_)", "told(_)"] {
                let worlds = session.worlds(atom).expect("declared");
                prop_assert!(worlds.complete);
                for one in worlds.only_merged {
                    let fact = session.parse_fact(&one.fact).expect("a fact");
                    let falls = |id: &String| {
                        let stands = |claim: &crate::evidence::Claim| {
                            !claim.id.starts_with('d') && claim.id != id
                        };
                        let database = session.run_with(fact.relation, stands).expect("no budget");
                        !database.contains(fact.relation, &fact.row)
                    };
                    let all = (0..merging.len()).map(|id| format!("m{id}"));
                    let expected: Vec<String> = all.filter(falls).collect();
                    let mut told = one.bridges.clone();
                    told.sort();
                    prop_assert_eq!(told, expected, "{}", one.fact);
                }
            }
        }
    }
}
