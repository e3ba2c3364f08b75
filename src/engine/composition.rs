//! Rules that fall apart into two sides, over bits.
//!
//! Of the three relations that such a rule [composes](super::sides) the one
//! in the middle, the latest bits of a matrix, is dense; the sides are sparse. Instead of one candidate at a time, whole
//! words are passed on, each with up to 64 of them (compare Arlazarov, Dinic, Kronrod and Faradžev, 1970).
//!
//! One side is the lead: it gives the first column of the head, hence the rows to write to. A strip of those of its
//! codes that lead anywhere is gone through at a time, so that what lies between fits the caches: lines of the strip's
//! bits, one for each code of the other side; the same for each code that side leads to; and these turned over, a row
//! for each code of the strip.

use super::budget::StopReason;
use super::drive::share;
use super::evaluate::Context;
use super::pipeline::{Op, Pipeline, Source};
use super::sides::{Reach, TwoSides};
use crate::storage::matrix::{Alone, Apart, Axis, LINE, Matrix, Writers, bits};
use crate::storage::{Code, RowSet, transpose};
use rayon::ThreadPool;
use std::ops::Range;

/// Codes of the lead that are gone through together: as many as a line has bits.
const STRIP: usize = LINE * 64;
/// Bytes of what strips give that are held together, roughly, where threads take turns at them.
const TOGETHER: usize = if cfg!(test) { 1 } else { 8 << 20 };
/// Parts of the head's rows for each thread.
const PARTS: usize = 4;
/// Latest pairs for each code of the sides below which it is not even tried.
const SPARSE: usize = if cfg!(test) { 0 } else { 2 };
/// Nanoseconds, roughly: a latest pair that is gone on from, ...
const PAIR: f64 = 35.0;
/// ... a candidate on its own, ...
const CANDIDATE: f64 = if cfg!(test) { 1e9 } else { 4.0 };
/// ... a line passed on, ...
const LINE_ON: f64 = 3.0;
/// ... a block of 64 words turned over, ...
const BLOCK: f64 = 200.0;
/// ... a word added to the head, ...
const WORD: f64 = 0.6;
/// ... a bit looked up.
const BIT: f64 = 1.0;
/// Bytes that what lies between may take of a thread.
const MOST_ROOM: usize = 64 << 20;

/// A rule as such a product.
pub struct Composition<'a, 'p> {
    latest: &'p Matrix,
    head: &'p Matrix,
    set: &'p RowSet,
    sides: TwoSides<'a>,
}

/// A composition with everything that one round needs.
struct Round<'a, 'p> {
    of: &'p Composition<'a, 'p>,
    /// That of the lead, and that of the other side.
    lead: Reach,
    other: Reach,
    strips: Vec<Strip>,
}

/// Codes of the lead, as places on its axis, ascending.
struct Strip {
    codes: Vec<u32>,
    /// The line of a row that has them all, each in its own place. `None`: they are numbered one after the other.
    line: Option<usize>,
}

impl Strip {
    /// Codes and their places in the strip.
    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.codes.iter().enumerate().map(|(at, &code)| {
            let code = code as usize;
            (code, self.line.map_or(at, |_| code % STRIP))
        })
    }

    /// One strip after the other.
    fn packed(codes: &[u32]) -> Vec<Strip> {
        let strips = codes.chunks(STRIP).map(|codes| Strip {
            codes: codes.to_vec(),
            line: None,
        });
        strips.collect()
    }

    /// A strip for each line with any of the codes.
    fn aligned(codes: &[u32]) -> Vec<Strip> {
        let line = |code: &u32| *code as usize / STRIP;
        let strips = codes.chunk_by(|a, b| line(a) == line(b));
        let strips = strips.map(|codes| Strip {
            codes: codes.to_vec(),
            line: codes.first().map(line),
        });
        strips.collect()
    }
}

/// What a strip gives: a row of the head's columns for each place.
struct Product {
    rows: Vec<u64>,
    /// By code of the strip, whether its row is.
    empty: Vec<bool>,
    candidates: u64,
}

/// What a thread needs from strip to strip.
#[derive(Default)]
struct Scratch {
    lines: Vec<[u64; LINE]>,
    onward: Vec<[u64; LINE]>,
    rows: Vec<u64>,
}

impl<'a, 'p> Composition<'a, 'p> {
    /// `None`: the rule is not of that kind, or its relations are not kept as bits.
    pub fn of(pipeline: &'p Pipeline<'a>, set: &'p RowSet) -> Option<Composition<'a, 'p>> {
        let (head, target) = set.as_bits()?;
        let Op::Scan {
            source: Source::Delta(delta),
            ..
        } = &pipeline.stages.first()?.op
        else {
            return None;
        };
        let (latest, source) = delta.as_bits()?;
        let sides = TwoSides::of(pipeline, source, target)?;
        Some(Composition {
            latest,
            head,
            set,
            sides,
        })
    }

    /// Adds what the rule derives, and returns the number of candidates. `None`: going through them one by one is
    /// cheaper, and nothing was done. `room`: rows the set may have unsettled.
    pub fn run(
        &self,
        context: &Context,
        pool: Option<&ThreadPool>,
        room: Option<u64>,
    ) -> Option<u64> {
        let round = self.prepare(context)?;
        let halts = || {
            if room.is_some_and(|room| self.set.unsettled() as u64 > room) {
                context.spent.note(StopReason::Rows);
            }
            context.stopped()
        };
        let Some(pool) = pool.filter(|_| round.strips.len() > 1) else {
            return Some(round.one_by_one::<Alone>(&mut round.strips.iter(), &halts));
        };
        if let Reach::Same = round.lead {
            let candidates = share(pool, round.strips.len(), 1, |morsels| {
                let mut strips = morsels.flatten().map(|at| &round.strips[at]);
                round.one_by_one::<Apart>(&mut strips, &halts)
            });
            return Some(candidates.into_iter().sum());
        }
        // Several codes lead to one row: threads have strips first, and rows of the head then.
        let bytes = STRIP * self.head.words_per_row() * size_of::<u64>();
        let mut candidates = 0;
        for strips in round.strips.chunks((TOGETHER / bytes).max(2)) {
            let products = share(pool, strips.len(), 1, |morsels| {
                let mut scratch = Scratch::default();
                let strips = morsels.flatten().map(|at| &strips[at]);
                let strips = strips.take_while(|_| !halts());
                let product = |strip| (strip, round.product(strip, &mut scratch));
                strips.map(product).collect::<Vec<_>>()
            });
            let products: Vec<_> = products.into_iter().flatten().collect();
            candidates += products
                .iter()
                .map(|(_, product)| product.candidates)
                .sum::<u64>();
            let rows = self.head.row_count();
            share(
                pool,
                rows,
                rows.div_ceil(pool.current_num_threads() * PARTS),
                |morsels| {
                    for rows in morsels {
                        for (strip, product) in &products {
                            round.add::<Apart>(strip, product, &rows);
                        }
                    }
                },
            );
        }
        Some(candidates)
    }

    fn prepare(&self, context: &Context) -> Option<Round<'a, '_>> {
        let pairs = self.latest.latest_len();
        let codes = self.latest.latest_codes();
        let distinct = [0, 1].map(|column: usize| ones(&codes[column]));
        if pairs < (distinct[0] + distinct[1]) * SPARSE {
            return None;
        }
        let other = 1 - self.sides.lead;
        let (rows, columns) = self.head.axes();
        let (firsts, seconds) = self.latest.axes();
        let lines = self.head.words_per_row() * 64 + [firsts, seconds][other].len as usize;
        if (lines + self.head.words_per_row() * 64) * LINE * 8 > MOST_ROOM {
            return None;
        }
        // No more than the rows themselves take.
        let most = self.set.len() / 2;
        let [lead, trail] = [(self.sides.lead, rows), (other, columns)].map(|(half, axis)| {
            let from = [firsts, seconds][half];
            let codes = bits(codes[half].iter().copied());
            let codes: Vec<Code> = codes.map(|at| Code(from.base + at as u32)).collect();
            let axes = [from, axis];
            let reach = self.sides.reach(half, &codes, axes, most, context);
            reach.map(Reach::in_order)
        });
        let (lead, trail) = (lead?, trail?);
        let has_partners = |code: &u32| {
            lead.starts().is_none_or(|starts| {
                let at = starts.partition_point(|(from, _)| from < code);
                starts.get(at).is_some_and(|(from, _)| from == code)
            })
        };
        let lead_codes = bits(codes[self.sides.lead].iter().copied()).map(|at| at as u32);
        let lead_codes: Vec<u32> = lead_codes.filter(has_partners).collect();
        let count = |reach: &Reach, column: usize| reach.len(distinct[column]) as f64;
        let fan =
            |reach: &Reach, column: usize| count(reach, column) / distinct[column].max(1) as f64;
        let candidates = pairs as f64 * fan(&lead, self.sides.lead) * fan(&trail, other);
        let turned = match (&trail, self.sides.lead) {
            (Reach::Same, 0) => 0,
            (Reach::Same, _) | (_, 1) => self.head.words_per_row(),
            _ => self.head.words_per_row() + self.latest.words_per_row(),
        };
        let strip = count(&trail, other) * LINE_ON + (turned * LINE) as f64 * BLOCK;
        let packed = Strip::packed(&lead_codes);
        let aligned = Strip::aligned(&lead_codes);
        // Rows are taken one by one anyway; bits of a row are, where they do not lie together.
        let picking = match self.sides.lead {
            0 => 0.0,
            _ => (self.latest.row_count() * STRIP) as f64 * BIT,
        };
        let (packing, aligning) = (
            packed.len() as f64 * (strip + picking),
            aligned.len() as f64 * strip,
        );
        let words = count(&lead, self.sides.lead) * self.head.words_per_row() as f64;
        let alone = pairs as f64 * PAIR + candidates * CANDIDATE;
        (packing.min(aligning) + words * WORD < alone).then_some(Round {
            of: self,
            lead,
            other: trail,
            strips: match self.sides.lead == 0 || packing < aligning {
                true => packed,
                false => aligned,
            },
        })
    }
}

impl Round<'_, '_> {
    /// Adds what comes of some strips. Candidates.
    fn one_by_one<W: Writers>(
        &self,
        strips: &mut dyn Iterator<Item = &Strip>,
        halts: &dyn Fn() -> bool,
    ) -> u64 {
        let mut scratch = Scratch::default();
        let mut candidates = 0;
        for strip in strips.take_while(|_| !halts()) {
            let product = self.product(strip, &mut scratch);
            candidates += product.candidates;
            self.add::<W>(strip, &product, &(0..self.of.head.row_count()));
            scratch.rows = product.rows;
        }
        candidates
    }

    fn product(&self, strip: &Strip, scratch: &mut Scratch) -> Product {
        let direct = self.of.sides.lead == 0 && matches!(self.other, Reach::Same);
        if direct {
            self.copy_rows(strip, scratch);
        } else {
            self.gather_lines(strip, scratch);
            self.pass_on(scratch);
            self.turn(scratch);
        }
        let rows = std::mem::take(&mut scratch.rows);
        let words = self.of.head.words_per_row();
        let mut candidates = 0;
        let empty = self.starts(strip).map(|(_, place, starts)| {
            let len = ones(&rows[place * words..(place + 1) * words]);
            candidates += (len * self.lead.len_of(starts)) as u64;
            len == 0
        });
        Product {
            empty: empty.collect(),
            candidates,
            rows,
        }
    }

    /// Adds what a strip gives for some rows of the head. `W`: nobody else writes to these.
    fn add<W: Writers>(&self, strip: &Strip, product: &Product, within: &Range<usize>) {
        let words = self.of.head.words_per_row();
        let shift = self.axes()[0].base.wrapping_sub(self.of.head.axes().0.base);
        let codes = self.starts(strip).zip(&product.empty);
        for ((code, place, starts), _) in codes.filter(|(_, empty)| !**empty) {
            let row = &product.rows[place * words..(place + 1) * words];
            let add = |to: usize| {
                if within.contains(&to) {
                    self.of.head.insert_bits::<W>(to, row);
                }
            };
            match self.lead {
                Reach::Same => add((code as u32).wrapping_add(shift) as usize),
                _ => self.lead.each(starts, |_, to| add(to)),
            }
        }
    }

    /// The codes of a strip, their places in it, and what of the lead is theirs.
    fn starts<'s>(
        &'s self,
        strip: &'s Strip,
    ) -> impl Iterator<Item = (usize, usize, &'s [(u32, u32)])> {
        let mut rest = self.lead.starts().unwrap_or_default();
        if let Some(&first) = strip.codes.first() {
            rest = &rest[rest.partition_point(|(from, _)| *from < first)..];
        }
        strip.places().map(move |(code, place)| {
            let is_before = |(from, _): &&(u32, u32)| (*from as usize) < code;
            rest = &rest[rest.iter().take_while(is_before).count()..];
            let is_own = |(from, _): &&(u32, u32)| *from as usize == code;
            let (own, others) = rest.split_at(rest.iter().take_while(is_own).count());
            rest = others;
            (code, place, own)
        })
    }

    /// The axes of the scanned matrix: that of the lead, and the other one.
    fn axes(&self) -> [Axis; 2] {
        let (rows, columns) = self.of.latest.axes();
        match self.of.sides.lead {
            0 => [rows, columns],
            _ => [columns, rows],
        }
    }

    /// Rows of the head's columns from rows of the scan's.
    fn copy_rows(&self, strip: &Strip, scratch: &mut Scratch) {
        let (from, to) = (self.axes()[1].base, self.of.head.axes().1.base);
        let words = self.of.head.words_per_row();
        scratch.rows.clear();
        scratch.rows.resize(STRIP * words, 0);
        for (code, place) in strip.places() {
            let row = &mut scratch.rows[place * words..(place + 1) * words];
            shift(
                self.of.latest.latest_row(code),
                i64::from(from) - i64::from(to),
                row,
            );
        }
    }

    /// A line for each code of the other side: its pairs with the codes of the strip.
    fn gather_lines(&self, strip: &Strip, scratch: &mut Scratch) {
        let other = self.axes()[1];
        let latest = self.of.latest;
        let lines = &mut scratch.lines;
        lines.clear();
        lines.resize((other.len as usize).next_multiple_of(64), [0; LINE]);
        match (self.of.sides.lead, strip.line) {
            (0, _) => self.turn_rows(strip, lines),
            (_, Some(part)) => {
                for (at, line) in lines[..other.len as usize].iter_mut().enumerate() {
                    line.copy_from_slice(&latest.latest_row(at)[part * LINE..(part + 1) * LINE]);
                }
            }
            (_, None) => {
                for (at, line) in lines[..other.len as usize].iter_mut().enumerate() {
                    let row = latest.latest_row(at);
                    for (code, place) in strip.places() {
                        line[place / 64] |= (row[code / 64] >> (code % 64) & 1) << (place % 64);
                    }
                }
            }
        }
    }

    /// The same where codes of the lead have rows.
    fn turn_rows(&self, strip: &Strip, lines: &mut [[u64; LINE]]) {
        let mut block = [0; 64];
        for (group, codes) in strip.codes.chunks(64).enumerate() {
            for (word, lines) in lines.chunks_mut(64).enumerate() {
                block.fill(0);
                for (to, &code) in block.iter_mut().zip(codes) {
                    *to = self.of.latest.latest_row(code as usize)[word];
                }
                if block.iter().any(|word| *word != 0) {
                    transpose(&mut block);
                    for (line, word) in lines.iter_mut().zip(block) {
                        line[group] = word;
                    }
                }
            }
        }
    }

    /// A line for each second code of the head.
    fn pass_on(&self, scratch: &mut Scratch) {
        let columns = self.of.head.axes().1;
        let Scratch { lines, onward, .. } = scratch;
        onward.clear();
        onward.resize(self.of.head.words_per_row() * 64, [0; LINE]);
        match &self.other {
            other @ (Reach::Pairs(_) | Reach::Entries { .. }) => {
                other.each(other.starts().unwrap_or_default(), |from, to| {
                    let line = &lines[from as usize];
                    for (all, word) in onward[to].iter_mut().zip(line) {
                        *all |= word;
                    }
                });
            }
            Reach::Same => {
                let base = self.axes()[1].base;
                for (at, line) in lines.iter().enumerate() {
                    // A code beyond the head's axis has no pairs.
                    if let Some(to) = columns.offset(Code(base.wrapping_add(at as u32))) {
                        onward[to] = *line;
                    }
                }
            }
        }
    }

    /// Lines, a bit for each code of the lead, become rows, a bit for each second code of the head.
    fn turn(&self, scratch: &mut Scratch) {
        let words = self.of.head.words_per_row();
        let Scratch { onward, rows, .. } = scratch;
        rows.clear();
        rows.resize(STRIP * words, 0);
        let mut block = [0; 64];
        for (word, lines) in onward.chunks(64).enumerate() {
            for group in 0..LINE {
                for (to, line) in block.iter_mut().zip(lines) {
                    *to = line[group];
                }
                if block.iter().any(|word| *word != 0) {
                    transpose(&mut block);
                    for (at, turned) in block.iter().enumerate() {
                        rows[(group * 64 + at) * words + word] = *turned;
                    }
                }
            }
        }
    }
}

fn ones(words: &[u64]) -> usize {
    words.iter().map(|word| word.count_ones() as usize).sum()
}

/// Writes bits `by` places further up, or down when negative; there is room for all that are set.
fn shift(from: &[u64], by: i64, to: &mut [u64]) {
    let (words, bits) = (by.div_euclid(64), by.rem_euclid(64) as u32);
    let mut add = |at: i64, word: u64| {
        if let Some(to) = usize::try_from(at).ok().and_then(|at| to.get_mut(at)) {
            *to |= word;
        }
    };
    for (at, &word) in from.iter().enumerate() {
        add(at as i64 + words, word << bits);
        if bits > 0 {
            add(at as i64 + words + 1, word >> (64 - bits));
        }
    }
}
