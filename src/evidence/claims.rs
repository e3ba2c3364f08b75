//! The claims of a case, by id, fact and source.

use super::ids::Ids;
use super::store::ClaimStore;
use super::{Claim, ClaimId, SourceId, Stance};
use crate::analysis::checked::RelationId;
use crate::storage::Code;
use crate::storage::places::{Places, tag};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

/// A claim has the id of one at another place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DuplicateId {
    pub first: ClaimId,
}

/// What an id is looked up by: readers make it where they have the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdTag(u32);

impl IdTag {
    pub fn of(id: &[u8]) -> IdTag {
        let mut hasher = FxHasher::default();
        hasher.write(id);
        IdTag(tag(hasher.finish()))
    }

    pub(super) fn number(self) -> u32 {
        self.0
    }
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
    claims: ClaimStore,
    ids: Ids,
    /// The next claim of the same id, for the few that have one.
    same_id: FxHashMap<ClaimId, ClaimId>,
    /// Those that another of the same id comes before.
    repeats: FxHashSet<ClaimId>,
    /// Made when somebody asks: a run alone does not.
    facts: OnceLock<Facts>,
    by_source: OnceLock<Vec<Vec<ClaimId>>>,
}

/// What is said of each fact.
#[derive(Clone)]
struct Facts {
    /// One entry per fact: its last claim. The others follow `earlier`.
    last: Places,
    /// The claim before this one on the same fact.
    earlier: Vec<Option<Before>>,
}

/// A claim that is not the last one. One more than its number, so that none takes no room.
#[derive(Clone, Copy)]
struct Before(NonZeroU32);

impl Claims {
    pub fn new() -> Claims {
        Claims::default()
    }

    /// Refuses a claim whose id was given at another place.
    pub fn insert(&mut self, claim: &Claim) -> Result<ClaimId, DuplicateId> {
        Arc::make_mut(&mut self.known).insert(claim, IdTag::of(claim.id.as_bytes()))
    }

    /// Inserts as many claims as there are tags, `claim` by its number, in this order. Those whose id was given at another
    /// place go to `refuse`, with their numbers.
    pub fn insert_all<'c>(
        &mut self,
        tags: &[IdTag],
        claim: impl Fn(usize) -> Claim<'c>,
        mut refuse: impl FnMut(usize, DuplicateId),
    ) {
        /// Ids that are on their way from memory.
        const BATCH: usize = 32;
        let known = Arc::make_mut(&mut self.known);
        known.ids.reserve(tags.len());
        tags.iter()
            .take(BATCH)
            .for_each(|&tag| known.ids.touch(tag));
        for (at, &tag) in tags.iter().enumerate() {
            if let Some(&later) = tags.get(at + BATCH) {
                known.ids.touch(later);
            }
            if let Err(duplicate) = known.insert(&claim(at), tag) {
                refuse(at, duplicate);
            }
        }
    }

    /// Makes room for so many more, about rows of so many columns.
    pub fn reserve(&mut self, more: usize, arity: usize) {
        let known = Arc::make_mut(&mut self.known);
        known.claims.reserve(more, arity);
        known.ids.reserve(more);
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

    /// Those that stand, but not in a copy of these, ascending. O(claims withdrawn).
    pub fn standing_but_in(&self, copy: &Claims) -> Vec<ClaimId> {
        let mut gone = match Arc::ptr_eq(&self.known, &copy.known) {
            true => copy.withdrawn(),
            false => (0..self.len() as u32).map(ClaimId).collect(),
        };
        gone.retain(|&claim| self.stands(claim) && !copy.stands(claim));
        gone
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
        self.known.claims.len() == 0
    }

    /// Claims that stand, as their files have them: a row read into several relations counts once.
    pub fn distinct(&self) -> usize {
        let withdrawn = self.withdrawn.iter();
        self.known.ids.len() - withdrawn.filter(|claim| !self.is_repeat(**claim)).count()
    }

    /// Whether the row of this claim was read before, into another relation.
    pub fn is_repeat(&self, claim: ClaimId) -> bool {
        self.known.repeats.contains(&claim)
    }

    /// Facts that are stated only by claims that state another fact first: what a second relation reads from a file.
    pub fn repeated_facts(&self) -> usize {
        if self.known.repeats.is_empty() {
            return 0;
        }
        let facts = self.known.facts();
        let repeats = |last: &u32| {
            let mut supporting = facts
                .chain(Some(ClaimId(*last)))
                .filter(|&claim| self.get(claim).stance == Stance::Supports && self.stands(claim))
                .peekable();
            supporting.peek().is_some() && supporting.all(|claim| self.is_repeat(claim))
        };
        facts.last.iter().filter(repeats).count()
    }

    /// How many sources say anything.
    pub fn sources(&self) -> usize {
        let ids = (0..self.len() as u32).map(ClaimId);
        let standing = ids.filter(|&id| self.stands(id));
        let said = standing.filter_map(|id| self.known.claims.source(id.index()));
        let mut seen = Vec::new();
        for source in said {
            if seen.len() <= source.index() {
                seen.resize(source.index() + 1, false);
            }
            seen[source.index()] = true;
        }
        seen.into_iter().filter(|&seen| seen).count()
    }

    /// A claim, whether it stands or is withdrawn.
    pub fn get(&self, id: ClaimId) -> Claim<'_> {
        self.known.get(id)
    }

    /// Those that stand.
    pub fn iter(&self) -> impl Iterator<Item = (ClaimId, Claim<'_>)> {
        self.ever().filter(|(id, _)| self.stands(*id))
    }

    /// Those that stand about one relation.
    pub fn of(&self, relation: RelationId) -> impl Iterator<Item = (ClaimId, Claim<'_>)> {
        let claims = self.known.claims.about(relation);
        let claims = claims.map(|(id, claim)| (ClaimId(id as u32), claim));
        claims.filter(|(id, _)| self.stands(*id))
    }

    /// What those that stand are about.
    pub fn relations(&self) -> FxHashSet<RelationId> {
        let mut relations: FxHashSet<RelationId> = self.known.claims.relations().collect();
        relations.retain(|relation| self.of(*relation).next().is_some());
        relations
    }

    /// Those that stand and those that are withdrawn.
    pub fn ever(&self) -> impl Iterator<Item = (ClaimId, Claim<'_>)> {
        let claims = self.known.claims.since(0).enumerate();
        claims.map(|(id, claim)| (ClaimId(id as u32), claim))
    }

    /// Those but the first `before`, whether they stand or are withdrawn.
    pub fn since(&self, before: usize) -> impl Iterator<Item = Claim<'_>> {
        self.known.claims.since(before)
    }

    /// The claims of one id that stand, ascending: more than one only when its row was read into several relations.
    pub fn with_id(&self, id: &str) -> impl Iterator<Item = ClaimId> + '_ {
        self.ever_with_id(id).filter(|&claim| self.stands(claim))
    }

    /// The same, whether they stand or are withdrawn.
    pub fn ever_with_id(&self, id: &str) -> impl Iterator<Item = ClaimId> + '_ {
        std::iter::successors(self.known.first_by_id(id), |claim| {
            self.known.same_id.get(claim).copied()
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
            let stance = self.known.claims.stance(claim.index());
            stance == Stance::Supports && self.stands(claim) && stands(claim)
        })
    }

    /// What a source says, ascending.
    pub fn by_source(&self, source: SourceId) -> impl Iterator<Item = ClaimId> + '_ {
        let said = self.known.by_source().get(source.index());
        let said = said.into_iter().flatten().copied();
        said.filter(|&claim| self.stands(claim))
    }

    fn taking(&self, stance: Stance, relation: RelationId, row: &[Code]) -> Vec<ClaimId> {
        let mut found = self.about(relation, row);
        found.retain(|&claim| self.known.claims.stance(claim.index()) == stance);
        found
    }
}

impl Known {
    fn get(&self, id: ClaimId) -> Claim<'_> {
        self.claims.get(id.index())
    }

    /// `tag` is that of the id.
    fn insert(&mut self, claim: &Claim, tag: IdTag) -> Result<ClaimId, DuplicateId> {
        let id = ClaimId(self.claims.len() as u32);
        if let Some(first) = self.ids.find_or_insert(&self.claims, claim.id, tag) {
            let first = ClaimId(first);
            let known = self.get(first);
            if known.line != claim.line || known.file != claim.file {
                return Err(DuplicateId { first });
            }
            let last = self.last_of_id(first);
            self.same_id.insert(last, id);
            self.repeats.insert(id);
        }
        self.facts.take();
        self.by_source.take();
        self.claims.push(claim);
        Ok(id)
    }

    fn truncate(&mut self, kept: usize) {
        self.facts.take();
        self.by_source.take();
        for at in (kept..self.claims.len()).rev() {
            let id = ClaimId(at as u32);
            if self.repeats.remove(&id) {
                self.same_id.retain(|_, next| *next != id);
            } else {
                self.ids.remove_last(&self.claims, id.0);
            }
        }
        self.claims.truncate(kept);
    }

    fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| {
            let mut facts = Facts {
                last: Places::default(),
                earlier: Vec::with_capacity(self.claims.len()),
            };
            for (at, claim) in self.claims.since(0).enumerate() {
                let tag = tag_of(&claim.fact());
                let last = facts
                    .last
                    .find(tag, |known| self.get(ClaimId(known)).fact() == claim.fact());
                match last {
                    Some(last) => facts.last.replace(tag, last, at as u32),
                    None => {
                        facts.last.insert(tag, at as u32);
                        true
                    }
                };
                facts.earlier.push(last.and_then(Before::of));
            }
            facts
        })
    }

    fn by_source(&self) -> &[Vec<ClaimId>] {
        self.by_source.get_or_init(|| {
            let mut by_source: Vec<Vec<ClaimId>> = Vec::new();
            for at in 0..self.claims.len() {
                let Some(source) = self.claims.source(at) else {
                    continue;
                };
                if by_source.len() <= source.index() {
                    by_source.resize_with(source.index() + 1, Vec::new);
                }
                by_source[source.index()].push(ClaimId(at as u32));
            }
            by_source
        })
    }

    /// From the last claim about a row to the first.
    fn chain<'a>(
        &'a self,
        relation: RelationId,
        row: &[Code],
    ) -> impl Iterator<Item = ClaimId> + use<'a> {
        let facts = self.facts();
        let tag = tag_of(&(relation, row));
        let last = facts.last.find(tag, |known| {
            self.get(ClaimId(known)).fact() == (relation, row)
        });
        facts.chain(last.map(ClaimId))
    }

    fn first_by_id(&self, id: &str) -> Option<ClaimId> {
        self.ids.find(&self.claims, id).map(ClaimId)
    }

    fn last_of_id(&self, first: ClaimId) -> ClaimId {
        std::iter::successors(Some(first), |claim| self.same_id.get(claim).copied())
            .last()
            .unwrap_or(first)
    }
}

impl Facts {
    fn chain(&self, last: Option<ClaimId>) -> impl Iterator<Item = ClaimId> + use<'_> {
        std::iter::successors(last, |claim| self.earlier[claim.index()].map(Before::claim))
    }
}

impl Before {
    fn of(claim: u32) -> Option<Before> {
        NonZeroU32::new(claim + 1).map(Before)
    }

    fn claim(self) -> ClaimId {
        ClaimId(self.0.get() - 1)
    }
}

fn tag_of<T: Hash + ?Sized>(key: &T) -> u32 {
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    tag(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Credibility, Interval, Sources};

    /// `id relation code,code source stance line`, a claim a line.
    fn claims(text: &str) -> Claims {
        let mut claims = Claims::new();
        for line in text.lines() {
            insert(&mut claims, line).unwrap();
        }
        claims
    }

    fn insert(claims: &mut Claims, text: &str) -> Result<ClaimId, DuplicateId> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let codes = parts[2].split(',');
        let row: Vec<Code> = codes.map(|code| Code(code.parse().unwrap())).collect();
        claims.insert(&Claim {
            id: parts[0],
            relation: RelationId(parts[1].parse().unwrap()),
            row: &row,
            source: parts[3].parse().ok().map(SourceId),
            credibility: Credibility::Probable,
            interval: Interval::ALWAYS,
            stance: if parts[4] == "disputes" {
                Stance::Disputes
            } else {
                Stance::Supports
            },
            note: parts.get(6).copied(),
            file: &"x.csv".into(),
            line: parts[5].parse().unwrap(),
        })
    }

    fn ids(claims: &Claims, found: impl AsRef<[ClaimId]>) -> String {
        let found = found.as_ref().iter();
        let ids: Vec<&str> = found.map(|&claim| claims.get(claim).id).collect();
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
                !withdrawn.contains(&claims.get(claim).id)
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
        let duplicate = insert(&mut claims, "c2 0 4,4 0 supports 9").unwrap_err();
        assert_eq!(claims.get(duplicate.first).line, 3);
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
            insert(&mut kept, line).unwrap();
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
        assert_eq!(claims.get(source).grade(&sources).to_string(), "F2");
        sources.resolve("s");
        assert_eq!(claims.get(ClaimId(0)).grade(&sources).to_string(), "F2");
    }

    /// The second opinion is the text they were made of.
    #[test]
    fn claims_are_kept_as_they_were_given() {
        let mut lines: Vec<String> = Vec::new();
        for at in 0..200 {
            let row = ["1", "1,2", "7,8,9"][at / 7 % 3];
            let note = ["", " x-note", " x-other-note"][at % 3];
            let stance = ["supports", "disputes"][at % 2];
            lines.push(format!(
                "k{at} {} {row} {} {stance} {at}{note}",
                at / 7 % 3,
                at % 5
            ));
        }
        let shown = |claims: &Claims| {
            let shown = claims.ever().map(|(id, claim)| {
                assert_eq!(claims.get(id), claim);
                let row: Vec<String> = claim.row.iter().map(|code| code.0.to_string()).collect();
                let source = claim.source.map_or(0, |source| source.0);
                let stance = format!("{:?}", claim.stance).to_lowercase();
                let note = claim
                    .note
                    .map(|note| format!(" {note}"))
                    .unwrap_or_default();
                let (id, relation, line) = (claim.id, claim.relation.0, claim.line);
                format!(
                    "{id} {relation} {} {source} {stance} {line}{note}",
                    row.join(",")
                )
            });
            shown.collect::<Vec<String>>()
        };
        let mut kept = claims(&lines.join("\n"));
        assert_eq!(shown(&kept), lines);
        for cut in [199, 150, 141, 140, 9, 0] {
            kept.truncate(cut);
            assert_eq!(shown(&kept), lines[..cut]);
            lines[cut..].iter().for_each(|line| {
                insert(&mut kept, line).unwrap();
            });
            assert_eq!(shown(&kept), lines);
            kept.truncate(cut);
        }
    }
}
