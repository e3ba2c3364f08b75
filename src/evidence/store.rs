//! Claims at rest: ten million of them fit a laptop, so none owns memory of its own.

use super::{Claim, Credibility, Interval, SourceId, Stance};
use crate::analysis::checked::RelationId;
use crate::storage::Code;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Claims by number. What a claim has for itself is in one list; texts and rows stand one after the other; what claims of one
/// file share is kept once.
#[derive(Clone, Default)]
pub(super) struct ClaimStore {
    heads: Vec<Head>,
    stretches: Vec<Stretch>,
    rows: Vec<Code>,
    ids: String,
    notes: String,
    /// Those that have a note, ascending.
    noted: Vec<Noted>,
}

#[derive(Clone)]
struct Head {
    /// Where its id ends; it begins where the one before ends.
    id_end: usize,
    /// One more than the number of the source.
    source: Option<NonZeroU32>,
    line: u32,
    interval: Interval,
    credibility: Credibility,
    stance: Stance,
    has_note: bool,
}

/// Claims of one file about one relation, up to where the next stretch begins.
#[derive(Clone)]
struct Stretch {
    first: u32,
    relation: RelationId,
    file: Arc<str>,
    /// Where the row of the first one begins.
    rows: usize,
    arity: usize,
}

#[derive(Clone)]
struct Noted {
    claim: u32,
    end: usize,
}

impl ClaimStore {
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    pub fn push(&mut self, claim: &Claim) {
        let at = self.heads.len() as u32;
        let goes_on = self.stretches.last().is_some_and(|stretch| {
            stretch.relation == claim.relation
                && stretch.arity == claim.row.len()
                && (Arc::ptr_eq(&stretch.file, claim.file) || stretch.file == *claim.file)
        });
        if !goes_on {
            self.stretches.push(Stretch {
                first: at,
                relation: claim.relation,
                file: claim.file.clone(),
                rows: self.rows.len(),
                arity: claim.row.len(),
            });
        }
        self.rows.extend_from_slice(claim.row);
        self.ids.push_str(claim.id);
        if let Some(note) = claim.note {
            self.notes.push_str(note);
            let end = self.notes.len();
            self.noted.push(Noted { claim: at, end });
        }
        self.heads.push(Head {
            id_end: self.ids.len(),
            source: claim.source.and_then(|of| NonZeroU32::new(of.0 + 1)),
            line: claim.line,
            interval: claim.interval,
            credibility: claim.credibility,
            stance: claim.stance,
            has_note: claim.note.is_some(),
        });
    }

    /// Makes room for so many more claims, a row of them as wide as given.
    pub fn reserve(&mut self, more: usize, arity: usize) {
        self.heads.reserve_exact(more);
        self.rows.reserve_exact(more * arity);
    }

    /// Keeps the first `kept`.
    pub fn truncate(&mut self, kept: usize) {
        if kept >= self.heads.len() {
            return;
        }
        self.rows.truncate(self.row_start(kept));
        self.ids.truncate(self.id_start(kept));
        self.noted.truncate(self.noted_before(kept));
        self.notes
            .truncate(self.noted.last().map_or(0, |noted| noted.end));
        self.heads.truncate(kept);
        let stretches = self
            .stretches
            .partition_point(|stretch| (stretch.first as usize) < kept);
        self.stretches.truncate(stretches);
    }

    pub fn get(&self, at: usize) -> Claim<'_> {
        self.within(self.stretch(at), at)
    }

    /// From `first` on.
    pub fn since(&self, first: usize) -> impl Iterator<Item = Claim<'_>> {
        let first = first.min(self.heads.len());
        let mut stretch = self.stretch(first);
        (first..self.heads.len()).map(move |at| {
            while self.stretches[stretch + 1..]
                .first()
                .is_some_and(|next| next.first as usize <= at)
            {
                stretch += 1;
            }
            self.within(stretch, at)
        })
    }

    /// Those about one relation, with their numbers. O(those and the stretches of others).
    pub fn about(&self, relation: RelationId) -> impl Iterator<Item = (usize, Claim<'_>)> {
        let ends = self.stretches.iter().skip(1).map(|next| next.first);
        let ends = ends.chain(std::iter::once(self.heads.len() as u32));
        let stretches = self.stretches.iter().zip(ends).enumerate();
        stretches
            .filter(move |(_, (stretch, _))| stretch.relation == relation)
            .flat_map(move |(number, (stretch, end))| {
                (stretch.first..end).map(move |at| (at as usize, self.within(number, at as usize)))
            })
    }

    /// What claims are about, some of it several times.
    pub fn relations(&self) -> impl Iterator<Item = RelationId> {
        self.stretches.iter().map(|stretch| stretch.relation)
    }

    pub fn stance(&self, at: usize) -> Stance {
        self.heads[at].stance
    }

    pub fn id(&self, at: usize) -> &str {
        let place = self.id_start(at)..self.heads[at].id_end;
        self.ids.get(place).unwrap_or_default()
    }

    pub fn source(&self, at: usize) -> Option<SourceId> {
        self.heads[at].source.map(|of| SourceId(of.get() - 1))
    }

    fn within(&self, stretch: usize, at: usize) -> Claim<'_> {
        let (head, stretch) = (&self.heads[at], &self.stretches[stretch]);
        let row = stretch.rows + (at - stretch.first as usize) * stretch.arity;
        Claim {
            id: self.id(at),
            relation: stretch.relation,
            row: &self.rows[row..row + stretch.arity],
            source: self.source(at),
            credibility: head.credibility,
            interval: head.interval,
            stance: head.stance,
            note: head.has_note.then(|| self.note(at)),
            file: &stretch.file,
            line: head.line,
        }
    }

    /// The number of the stretch a claim is in.
    fn stretch(&self, at: usize) -> usize {
        let after = self
            .stretches
            .partition_point(|stretch| stretch.first as usize <= at);
        after.saturating_sub(1)
    }

    fn row_start(&self, at: usize) -> usize {
        let stretch = &self.stretches[self.stretch(at)];
        stretch.rows + (at - stretch.first as usize) * stretch.arity
    }

    fn id_start(&self, at: usize) -> usize {
        match at.checked_sub(1) {
            Some(before) => self.heads[before].id_end,
            None => 0,
        }
    }

    fn note(&self, at: usize) -> &str {
        let noted = self.noted_before(at);
        let start = match noted.checked_sub(1) {
            Some(before) => self.noted[before].end,
            None => 0,
        };
        let end = self.noted.get(noted).map_or(start, |noted| noted.end);
        self.notes.get(start..end).unwrap_or_default()
    }

    fn noted_before(&self, at: usize) -> usize {
        self.noted
            .partition_point(|noted| (noted.claim as usize) < at)
    }
}
