//! Claims: a source says that a row holds, or that it does not.

use super::{Credibility, Grade, Interval, SourceId, Sources};
use crate::analysis::checked::RelationId;
use crate::storage::Code;
use hashbrown::HashTable;
use rustc_hash::{FxHashSet, FxHasher};
use std::hash::{Hash, Hasher};
use std::ops::Index;
use std::sync::Arc;

/// A claim of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimId(pub u32);

impl ClaimId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A disputing claim never makes its fact hold: it is shown beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stance {
    #[default]
    Supports,
    Disputes,
}

/// One row of a claim file.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// As the file gives it, else `file:line`.
    pub id: Box<str>,
    pub relation: RelationId,
    pub row: Box<[Code]>,
    /// `None`: the row names nobody.
    pub source: Option<SourceId>,
    pub credibility: Credibility,
    pub interval: Interval,
    pub stance: Stance,
    pub note: Option<Box<str>>,
    pub file: Arc<str>,
    pub line: u32,
}

impl Claim {
    pub fn grade(&self, sources: &Sources) -> Grade {
        Grade {
            reliability: self
                .source
                .map(|source| sources[source].reliability)
                .unwrap_or_default(),
            credibility: self.credibility,
        }
    }
}

/// Two claims of one id at different places.
#[derive(Debug)]
pub struct DuplicateId {
    pub first: ClaimId,
    pub second: Claim,
}

/// All claims of a case, in the order they were read. No id is given twice, except that one row of a file, read into
/// several relations, is one claim of several facts.
///
/// Some may be *withdrawn*: they keep their ids and can be looked up by them, and otherwise are not there. A copy with
/// other claims withdrawn shares everything else.
#[derive(Clone, Default)]
pub struct Claims {
    known: Arc<Known>,
    withdrawn: Arc<FxHashSet<ClaimId>>,
}

#[derive(Clone, Default)]
struct Known {
    claims: Vec<Claim>,
    /// One entry per id: its first claim.
    by_id: HashTable<ClaimId>,
    /// One entry per fact: its last claim. The others follow `earlier`.
    by_fact: HashTable<ClaimId>,
    /// The claim before this one on the same fact.
    earlier: Vec<Option<ClaimId>>,
    /// The next claim of the same id.
    same_id: Vec<Option<ClaimId>>,
    by_source: Vec<Vec<ClaimId>>,
}

impl Claims {
    pub fn new() -> Claims {
        Claims::default()
    }

    /// The claim is handed back when its id was given at another place.
    pub fn insert(&mut self, claim: Claim) -> Result<ClaimId, Box<DuplicateId>> {
        Arc::make_mut(&mut self.known).insert(claim)
    }

    /// Takes back every claim but the first `kept`.
    pub fn truncate(&mut self, kept: usize) {
        Arc::make_mut(&mut self.known).truncate(kept);
    }

    /// These with further claims withdrawn. O(claims withdrawn).
    pub fn without(&self, claims: impl IntoIterator<Item = ClaimId>) -> Claims {
        let mut withdrawn = FxHashSet::clone(&self.withdrawn);
        withdrawn.extend(claims);
        Claims {
            known: self.known.clone(),
            withdrawn: Arc::new(withdrawn),
        }
    }

    /// These with none withdrawn.
    pub fn with_all(&self) -> Claims {
        Claims {
            known: self.known.clone(),
            withdrawn: Arc::default(),
        }
    }

    /// Whether a claim is not withdrawn.
    pub fn stands(&self, claim: ClaimId) -> bool {
        !self.withdrawn.contains(&claim)
    }

    pub fn all_stand(&self) -> bool {
        self.withdrawn.is_empty()
    }

    /// Those that are withdrawn, ascending.
    pub fn withdrawn(&self) -> Vec<ClaimId> {
        let mut withdrawn: Vec<ClaimId> = self.withdrawn.iter().copied().collect();
        withdrawn.sort_unstable();
        withdrawn
    }

    /// How many were ever read, withdrawn ones included.
    pub fn len(&self) -> usize {
        self.known.claims.len()
    }

    /// Whether none was ever read.
    pub fn is_empty(&self) -> bool {
        self.known.claims.is_empty()
    }

    /// Claims that stand, as their files have them: a row read into several relations counts once.
    pub fn distinct(&self) -> usize {
        let withdrawn = self.withdrawn.iter();
        self.known.by_id.len() - withdrawn.filter(|claim| !self.is_repeat(**claim)).count()
    }

    /// Whether the row of this claim was read before, into another relation.
    pub fn is_repeat(&self, claim: ClaimId) -> bool {
        self.known.first_by_id(&self[claim].id) != Some(claim)
    }

    /// Facts that are stated only by claims that state another fact first: what a second relation reads from a file.
    pub fn repeated_facts(&self) -> usize {
        let repeats = |last: &&ClaimId| {
            let mut supporting = self
                .known
                .chain_from(Some(**last))
                .filter(|&claim| self[claim].stance == Stance::Supports && self.stands(claim))
                .peekable();
            supporting.peek().is_some() && supporting.all(|claim| self.is_repeat(claim))
        };
        self.known.by_fact.iter().filter(repeats).count()
    }

    /// How many sources say anything.
    pub fn sources(&self) -> usize {
        self.known
            .by_source
            .iter()
            .filter(|said| said.iter().any(|&claim| self.stands(claim)))
            .count()
    }

    /// Those that stand.
    pub fn iter(&self) -> impl Iterator<Item = (ClaimId, &Claim)> {
        self.ever().filter(|(id, _)| self.stands(*id))
    }

    /// Those that stand and those that are withdrawn.
    pub fn ever(&self) -> impl Iterator<Item = (ClaimId, &Claim)> {
        self.known
            .claims
            .iter()
            .enumerate()
            .map(|(id, claim)| (ClaimId(id as u32), claim))
    }

    /// The claims of one id that stand, ascending: more than one only when its row was read into several relations.
    pub fn with_id(&self, id: &str) -> impl Iterator<Item = ClaimId> + '_ {
        self.ever_with_id(id).filter(|&claim| self.stands(claim))
    }

    /// The same, whether they stand or are withdrawn.
    pub fn ever_with_id(&self, id: &str) -> impl Iterator<Item = ClaimId> + '_ {
        std::iter::successors(self.known.first_by_id(id), |claim| {
            self.known.same_id[claim.index()]
        })
    }

    /// What is said of a row, supporting and disputing, ascending.
    pub fn about(&self, relation: RelationId, row: &[Code]) -> Vec<ClaimId> {
        let mut found = self.ever_about(relation, row);
        found.retain(|&claim| self.stands(claim));
        found
    }

    /// The same, withdrawn claims included.
    pub fn ever_about(&self, relation: RelationId, row: &[Code]) -> Vec<ClaimId> {
        let mut found: Vec<ClaimId> = self.known.chain(relation, row).collect();
        found.reverse();
        found
    }

    /// The claims that say a row holds, ascending.
    pub fn supporting(&self, relation: RelationId, row: &[Code]) -> Vec<ClaimId> {
        self.taking(Stance::Supports, relation, row)
    }

    /// The claims that say a row does not hold, ascending.
    pub fn disputing(&self, relation: RelationId, row: &[Code]) -> Vec<ClaimId> {
        self.taking(Stance::Disputes, relation, row)
    }

    /// A row holds while one supporting claim stands.
    pub fn holds(
        &self,
        relation: RelationId,
        row: &[Code],
        stands: impl Fn(ClaimId) -> bool,
    ) -> bool {
        self.known.chain(relation, row).any(|claim| {
            self[claim].stance == Stance::Supports && self.stands(claim) && stands(claim)
        })
    }

    /// What a source says, ascending.
    pub fn by_source(&self, source: SourceId) -> impl Iterator<Item = ClaimId> + '_ {
        let said = self.known.by_source.get(source.index());
        let said = said.into_iter().flatten().copied();
        said.filter(|&claim| self.stands(claim))
    }

    fn taking(&self, stance: Stance, relation: RelationId, row: &[Code]) -> Vec<ClaimId> {
        let mut found = self.about(relation, row);
        found.retain(|&claim| self[claim].stance == stance);
        found
    }
}

impl Known {
    fn insert(&mut self, claim: Claim) -> Result<ClaimId, Box<DuplicateId>> {
        let id = ClaimId(self.claims.len() as u32);
        let last_of_id = match self.first_by_id(&claim.id) {
            Some(first)
                if self.claims[first.index()].line != claim.line
                    || self.claims[first.index()].file != claim.file =>
            {
                return Err(Box::new(DuplicateId {
                    first,
                    second: claim,
                }));
            }
            first => first.map(|first| self.last_of_id(first)),
        };
        match last_of_id {
            Some(last) => self.same_id[last.index()] = Some(id),
            None => {
                self.by_id.insert_unique(hash_of(&*claim.id), id, |&known| {
                    hash_of(&*self.claims[known.index()].id)
                });
            }
        }
        let fact = hash_of(&(claim.relation, &*claim.row));
        let slot = self.by_fact.find_mut(fact, |&known| {
            let known = &self.claims[known.index()];
            known.relation == claim.relation && known.row == claim.row
        });
        let earlier = match slot {
            Some(slot) => Some(std::mem::replace(slot, id)),
            None => {
                self.by_fact.insert_unique(fact, id, |&known| {
                    let known = &self.claims[known.index()];
                    hash_of(&(known.relation, &*known.row))
                });
                None
            }
        };
        if let Some(source) = claim.source {
            if self.by_source.len() <= source.index() {
                self.by_source.resize_with(source.index() + 1, Vec::new);
            }
            self.by_source[source.index()].push(id);
        }
        self.earlier.push(earlier);
        self.same_id.push(None);
        self.claims.push(claim);
        Ok(id)
    }

    fn truncate(&mut self, kept: usize) {
        while self.claims.len() > kept {
            let id = ClaimId(self.claims.len() as u32 - 1);
            self.forget_last(id);
            self.claims.pop();
            self.earlier.pop();
            self.same_id.pop();
        }
    }

    fn forget_last(&mut self, id: ClaimId) {
        let claim = &self.claims[id.index()];
        let (fact, name) = (hash_of(&(claim.relation, &*claim.row)), hash_of(&*claim.id));
        if let Some(claims) = claim
            .source
            .and_then(|source| self.by_source.get_mut(source.index()))
        {
            claims.pop();
        }
        if let Ok(mut slot) = self.by_fact.find_entry(fact, |&last| last == id) {
            match self.earlier[id.index()] {
                Some(earlier) => *slot.get_mut() = earlier,
                None => drop(slot.remove()),
            }
        }
        match self.by_id.find_entry(name, |&first| first == id) {
            Ok(slot) => drop(slot.remove()),
            Err(_) => {
                let before = self
                    .same_id
                    .iter_mut()
                    .rev()
                    .find(|next| **next == Some(id));
                if let Some(before) = before {
                    *before = None;
                }
            }
        }
    }

    /// From the last claim about a row to the first.
    fn chain<'a>(
        &'a self,
        relation: RelationId,
        row: &[Code],
    ) -> impl Iterator<Item = ClaimId> + use<'a> {
        let last = self
            .by_fact
            .find(hash_of(&(relation, row)), |&known| {
                let known = &self.claims[known.index()];
                known.relation == relation && *known.row == *row
            })
            .copied();
        self.chain_from(last)
    }

    fn chain_from(&self, last: Option<ClaimId>) -> impl Iterator<Item = ClaimId> + use<'_> {
        std::iter::successors(last, |claim| self.earlier[claim.index()])
    }

    fn first_by_id(&self, id: &str) -> Option<ClaimId> {
        self.by_id
            .find(hash_of(id), |&known| *self.claims[known.index()].id == *id)
            .copied()
    }

    fn last_of_id(&self, first: ClaimId) -> ClaimId {
        std::iter::successors(Some(first), |claim| self.same_id[claim.index()])
            .last()
            .unwrap_or(first)
    }
}

impl Index<ClaimId> for Claims {
    type Output = Claim;
    fn index(&self, id: ClaimId) -> &Claim {
        &self.known.claims[id.index()]
    }
}

fn hash_of<T: Hash + ?Sized>(key: &T) -> u64 {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `id relation code,code source stance line`, a claim a line.
    fn claims(text: &str) -> Claims {
        let mut claims = Claims::new();
        for line in text.lines() {
            claims.insert(claim(line)).unwrap();
        }
        claims
    }

    fn claim(text: &str) -> Claim {
        let parts: Vec<&str> = text.split_whitespace().collect();
        Claim {
            id: parts[0].into(),
            relation: RelationId(parts[1].parse().unwrap()),
            row: parts[2]
                .split(',')
                .map(|code| Code(code.parse().unwrap()))
                .collect(),
            source: parts[3].parse().ok().map(SourceId),
            credibility: Credibility::Probable,
            interval: Interval::ALWAYS,
            stance: if parts[4] == "disputes" {
                Stance::Disputes
            } else {
                Stance::Supports
            },
            note: None,
            file: "x.csv".into(),
            line: parts[5].parse().unwrap(),
        }
    }

    fn ids(claims: &Claims, found: impl AsRef<[ClaimId]>) -> String {
        let found = found.as_ref().iter();
        let ids: Vec<&str> = found.map(|&claim| &*claims[claim].id).collect();
        ids.join(" ")
    }

    const CASE: &str = "\
c1 0 1,2 0 supports 2
c2 0 1,3 1 supports 3
c3 0 1,2 1 disputes 4
c4 1 1,2 - supports 5
c5 0 1,2 2 supports 6
c5 2 7,7 2 supports 6";

    #[test]
    fn a_row_knows_who_supports_and_who_disputes_it() {
        let claims = claims(CASE);
        let row = [Code(1), Code(2)];
        let relation = RelationId(0);
        assert_eq!(ids(&claims, claims.about(relation, &row)), "c1 c3 c5");
        assert_eq!(ids(&claims, claims.supporting(relation, &row)), "c1 c5");
        assert_eq!(ids(&claims, claims.disputing(relation, &row)), "c3");
        assert_eq!(ids(&claims, claims.supporting(RelationId(1), &row)), "c4");
        assert!(claims.about(relation, &[Code(9), Code(9)]).is_empty());
        assert_eq!(
            ids(&claims, claims.by_source(SourceId(2)).collect::<Vec<_>>()),
            "c5 c5"
        );
        assert!(claims.by_source(SourceId(9)).next().is_none());
    }

    #[test]
    fn a_fact_holds_while_one_supporting_claim_stands() {
        let claims = claims(CASE);
        let holds = |withdrawn: &[&str]| {
            claims.holds(RelationId(0), &[Code(1), Code(2)], |claim| {
                !withdrawn.contains(&&*claims[claim].id)
            })
        };
        assert!(holds(&[]));
        assert!(holds(&["c1"]));
        assert!(holds(&["c5", "c3"]));
        assert!(!holds(&["c1", "c5"]), "a disputing claim carries nothing");
    }

    #[test]
    fn an_id_belongs_to_one_row_of_one_file() {
        let mut claims = claims(CASE);
        assert_eq!(claims.with_id("c5").count(), 2, "read into two relations");
        assert_eq!(claims.with_id("c9").count(), 0);
        assert_eq!((claims.len(), claims.distinct()), (6, 5));
        assert_eq!(claims.repeated_facts(), 1, "the second fact of c5");
        assert_eq!(claims.sources(), 3);
        let duplicate = claims.insert(claim("c2 0 4,4 0 supports 9")).unwrap_err();
        assert_eq!(claims[duplicate.first].line, 3);
        assert_eq!(duplicate.second.line, 9);
        assert_eq!(claims.len(), 6);
    }

    #[test]
    fn a_withdrawn_claim_keeps_its_id_and_says_nothing() {
        let all = claims(CASE);
        let few = all.without(all.ever_with_id("c5").chain(all.ever_with_id("c2")));
        let row = [Code(1), Code(2)];
        assert_eq!(ids(&few, few.about(RelationId(0), &row)), "c1 c3");
        assert_eq!(ids(&few, few.ever_about(RelationId(0), &row)), "c1 c3 c5");
        assert!(!few.holds(RelationId(2), &[Code(7), Code(7)], |_| true));
        assert_eq!(few.with_id("c5").count(), 0);
        assert_eq!((few.len(), few.distinct()), (6, 3));
        assert_eq!((few.sources(), few.repeated_facts()), (2, 0));
        assert_eq!(few.iter().count(), 3);
        assert_eq!(ids(&few, few.withdrawn()), "c2 c5 c5");
        assert!(all.all_stand() && !few.all_stand());
        assert_eq!(all.distinct(), 5, "the others stay as they are");
    }

    #[test]
    fn claims_can_be_taken_back() {
        let mut kept = claims(CASE);
        kept.truncate(2);
        let row = [Code(1), Code(2)];
        assert_eq!(ids(&kept, kept.about(RelationId(0), &row)), "c1");
        assert_eq!(kept.with_id("c5").count(), 0);
        assert!(kept.by_source(SourceId(2)).next().is_none());
        for line in CASE.lines().skip(2) {
            kept.insert(claim(line)).unwrap();
        }
        assert_eq!(ids(&kept, kept.about(RelationId(0), &row)), "c1 c3 c5");
        kept.truncate(5);
        assert_eq!(kept.with_id("c5").count(), 1);
        kept.truncate(0);
        assert!(kept.is_empty() && kept.about(RelationId(0), &row).is_empty());
    }

    #[test]
    fn a_claim_without_a_source_cannot_be_judged_by_it() {
        let claims = claims(CASE);
        let mut sources = Sources::unlisted();
        let source = claims.with_id("c4").next().unwrap();
        assert_eq!(claims[source].grade(&sources).to_string(), "F2");
        sources.resolve("s");
        assert_eq!(claims[ClaimId(0)].grade(&sources).to_string(), "F2");
    }
}
