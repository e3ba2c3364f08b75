//! Who states a fact: its claims, the strongest first, copies folded.

use crate::analysis::checked::RelationId;
use crate::evidence::{ClaimId, Claims, Day, GradeTables, PartialDate, SourceId, Sources};

/// Claims of one fact that go back to the same independent roots.
#[derive(Clone, Debug, PartialEq)]
pub struct Testimony {
    /// The strongest of them.
    pub claim: ClaimId,
    pub strength: f64,
    /// The others, strongest first: they repeat the same origin and add no weight.
    pub copies: Vec<ClaimId>,
}

impl Testimony {
    pub fn has(&self, claim: ClaimId) -> bool {
        self.claim == claim || self.copies.contains(&claim)
    }
}

/// Groups claims by the roots of their sources, strongest first, ties in the order of the claims. Claims without a
/// source stand alone.
pub fn testimonies(
    claims: &Claims,
    sources: &Sources,
    tables: &GradeTables,
    of: &[ClaimId],
) -> Vec<Testimony> {
    let mut ranked: Vec<(ClaimId, f64)> = of
        .iter()
        .map(|&claim| (claim, tables.strength(claims.get(claim).grade(sources))))
        .collect();
    ranked.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    let mut groups: Vec<(Option<&[SourceId]>, Testimony)> = Vec::new();
    for (claim, strength) in ranked {
        let roots = claims.get(claim).source.map(|source| sources.roots(source));
        match groups
            .iter_mut()
            .find(|(known, _)| roots.is_some() && *known == roots)
        {
            Some((_, group)) => group.copies.push(claim),
            None => groups.push((
                roots,
                Testimony {
                    claim,
                    strength,
                    copies: Vec::new(),
                },
            )),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The publication date of the latest source that says anything about a relation.
pub fn latest_source(
    claims: &Claims,
    sources: &Sources,
    relation: RelationId,
) -> Option<PartialDate> {
    claims
        .iter()
        .filter(|(_, claim)| claim.relation == relation)
        .filter_map(|(_, claim)| sources[claim.source?].published)
        .max_by_key(|date| -> Day { date.last_day() })
}
