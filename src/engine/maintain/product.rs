//! Proofs of very many rows at once, where a recursion leads from pair to pair and each side goes its own way.
//!
//! In `tc(x, y) :- tc(x, z), arc(z, y)` the way back from `(x, y)` to `(x, z)` is the same whatever `x` is; in
//! `sg(x, y) :- arc(a, x), sg(a, b), arc(b, y)` the way from `y` to `b` is the same for all `x`. So the search of
//! [`prove`](super::prove) goes back for a word of pairs at a time: the codes of one side are places, those of the other
//! one are bits. It is the same search, breadth first, forward from what needs nothing of the stratum: what it proves
//! holds after the change, and what it has no proof of where it comes to an end does not.

use super::Row;
use super::routes::{Sides, Start, sides};
use super::transaction::Transaction;
use super::walk::{Halt, View};
use crate::analysis::checked::{RelationId, RuleId, Stratum};
use crate::storage::Code;
use crate::storage::matrix::{Axis, bits};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::ops::ControlFlow::{Break, Continue};

/// Up to so many codes, whether a pair is there at all is looked up before the way goes on from it.
const FEW_CODES: usize = if cfg!(test) { 3 } else { 8 };
/// Up to so many pairs of a place are asked one by one whether they need anything of the stratum.
const FEW_PAIRS: usize = if cfg!(test) { 1 } else { 4 };
/// Places in question up to which each is gone back from by itself, where bits are passed on as they are.
const FEW_PLACES: usize = if cfg!(test) { 2 } else { 16 };
/// Words that are gone through in the time that a row takes, ...
const WORDS: usize = 64;
/// ... and bits that are looked at one by one.
const BITS: u64 = 32;
/// Where a third of the rows, or more, was proved, the search begins again with those left: it has come to much that only
/// the others needed.
const LEFT: [usize; 2] = [2, 3];

/// What is known of the pairs of a relation.
pub struct Product {
    relation: RelationId,
    /// The column of the codes that are bits.
    bits: usize,
    ways: Vec<Way>,
    /// Rules that read nothing of the stratum.
    leaves: Vec<RuleId>,
    /// Some rows of the relation are stated.
    given: bool,
    /// All rules pass bits on as they are.
    carries: bool,
    /// The first bits are numbered as in the matrix of the relation.
    axis: Option<Axis>,
    /// Codes by the numbers of their bits.
    codes: Vec<Code>,
    numbers: FxHashMap<Code, u32>,
    places: Vec<Place>,
    known: FxHashMap<Code, u32>,
    /// Places with fresh bits.
    dirty: VecDeque<u32>,
    /// Searches for places by themselves.
    round: u32,
    /// Room.
    moved: Words,
}

/// A recursive rule.
struct Way {
    rule: RuleId,
    /// Bits that lead to others; `None`: to themselves.
    links: Option<Links>,
    /// Places lead to themselves.
    stays: bool,
}

/// By bit.
#[derive(Default)]
struct Links {
    back: Vec<Ends>,
    forth: Vec<Ends>,
    /// Asked where they lead back to.
    asked: Words,
}

type Ends = SmallVec<[u32; 4]>;

/// A code of the other column, and sets of bits; words beyond their ends are zero.
#[derive(Default)]
struct Place {
    code: Code,
    /// Come upon by the present search, ...
    seen: Words,
    /// ... and about to be.
    next: Words,
    queued: bool,
    proven: Words,
    /// Proven, and not yet passed on.
    fresh: Words,
    dirty: bool,
    /// Without a proof for good.
    fallen: Words,
    /// Asked whether they need anything of the stratum.
    asked: Words,
    /// All that the rules derive that need nothing of the stratum is proven.
    whole: bool,
    /// Looked up, and those that are there.
    looked: Words,
    held: Words,
    /// All are looked up.
    known: bool,
    /// The last search for a place by itself that came upon this one.
    round: u32,
    /// Where ways lead back to, once asked, and forth from.
    back: Option<Vec<(u32, u32)>>,
    forth: Vec<(u32, u32)>,
}

/// A set of bits; many have no more than a word.
type Words = SmallVec<[u64; 1]>;

/// Rows in question: a place and a bit each.
pub type Pair = (u32, u32);

impl Product {
    /// The numbers of a row.
    pub fn pair(&mut self, row: &[Code]) -> Pair {
        (self.place(row[1 - self.bits]), self.bit(row[self.bits]))
    }

    /// Whether a row was proved.
    pub fn is_proven(&self, (place, bit): Pair) -> bool {
        has(&self.places[place as usize].proven, bit)
    }

    fn place(&mut self, code: Code) -> u32 {
        *self.known.entry(code).or_insert_with(|| {
            self.places.push(Place {
                code,
                ..Place::default()
            });
            self.places.len() as u32 - 1
        })
    }

    fn bit(&mut self, code: Code) -> u32 {
        if let Some(number) = self.axis.and_then(|axis| axis.offset(code)) {
            return number as u32;
        }
        if let Some(&number) = self.numbers.get(&code) {
            return number;
        }
        // What was found for all codes was not found for this one.
        self.places.iter_mut().for_each(|place| place.whole = false);
        let number = self.codes.len() as u32;
        self.codes.push(code);
        self.numbers.insert(code, number);
        number
    }

    fn row(&self, (place, bit): Pair) -> Row {
        let mut row = [self.places[place as usize].code; 2];
        row[self.bits] = self.codes[bit as usize];
        Row::from(row)
    }

    /// Notes that pairs of a place have a proof.
    fn prove(&mut self, at: u32, bits: &[u64]) {
        let place = &mut self.places[at as usize];
        fit(&mut place.proven, bits.len());
        fit(&mut place.fresh, bits.len());
        let mut any = 0;
        for ((proven, fresh), bits) in place.proven.iter_mut().zip(&mut place.fresh).zip(bits) {
            let new = bits & !*proven;
            *proven |= new;
            *fresh |= new;
            any |= new;
        }
        if any != 0 && !std::mem::replace(&mut place.dirty, true) {
            self.dirty.push_back(at);
        }
    }

    /// What follows from pairs that have a proof, along the ways that were gone back. Returns the effort.
    fn pass_on(&mut self) -> u64 {
        let mut effort = 0;
        let mut moved = std::mem::take(&mut self.moved);
        while let Some(at) = self.dirty.pop_front() {
            let place = &mut self.places[at as usize];
            place.dirty = false;
            let fresh = std::mem::take(&mut place.fresh);
            for next in 0..self.places[at as usize].forth.len() {
                let (way, to) = self.places[at as usize].forth[next];
                effort += 1 + (fresh.len() / WORDS) as u64;
                moved.clear();
                match &self.ways[way as usize].links {
                    None => moved.extend_from_slice(&fresh),
                    Some(links) => {
                        effort += count(&fresh) / BITS;
                        image(
                            &links.forth,
                            &fresh,
                            self.codes.len().div_ceil(64),
                            &mut moved,
                        );
                    }
                }
                // What is not asked after now finds its proof when it is.
                let seen = &self.places[to as usize].seen;
                for (word, bits) in moved.iter_mut().enumerate() {
                    *bits &= get(seen, word);
                }
                self.prove(to, &moved);
            }
        }
        self.moved = moved;
        effort
    }

    /// Rows that have neither a proof nor are known to have none.
    fn left(&self, rows: &[(u32, Words)]) -> usize {
        let open = rows.iter().map(|(at, bits)| {
            let place = &self.places[*at as usize];
            let open = bits.iter().enumerate();
            let open =
                open.map(|(at, &word)| word & !(get(&place.proven, at) | get(&place.fallen, at)));
            open.map(|word| word.count_ones() as usize).sum::<usize>()
        });
        open.sum()
    }
}

impl Transaction<'_> {
    /// Beginnings for the rows of a stratum: one, or, where no column is passed on as it is, one for rows that share the
    /// first code and one for those that share the second. None: the stratum has other recursive rules.
    pub fn products(&self, stratum: &Stratum) -> Vec<Product> {
        let &[relation] = &stratum.relations[..] else {
            return Vec::new();
        };
        let state = &self.relations[relation.index()];
        if !stratum.recursive || state.set.arity() != 2 {
            return Vec::new();
        }
        let rules = self.rules_of(relation);
        let (recursive, leaves): (Vec<RuleId>, Vec<RuleId>) =
            rules.iter().partition(|&&rule| self.reads(rule, stratum));
        let form = |&rule: &RuleId| sides(self.program, &self.program[rule]);
        let Some(forms) = recursive.iter().map(form).collect::<Option<Vec<Sides>>>() else {
            return Vec::new();
        };
        let carried = (0..2).find(|&column| forms.iter().all(|sides| sides.carries(column)));
        let set = state.set.base().unwrap_or(&state.set);
        let axes = match carried {
            Some(_) => None,
            None => match set.as_matrix() {
                Some(matrix) => Some(<[Axis; 2]>::from(matrix.axes())),
                None => return Vec::new(),
            },
        };
        let product = |bits: usize| {
            let ways = recursive.iter().zip(&forms).map(|(&rule, sides)| Way {
                rule,
                links: (!sides.carries(bits)).then(Links::default),
                stays: sides.carries(1 - bits),
            });
            let axis = axes.map(|axes| axes[bits]);
            let numbered = axis.into_iter().flat_map(|axis| {
                let codes = (0..axis.len).map(move |at| Code(axis.base + at));
                codes
            });
            Product {
                relation,
                bits,
                ways: ways.collect(),
                leaves: leaves.clone(),
                given: state.told_len() > 0 || self.nature.text.contains_key(&relation),
                carries: carried.is_some(),
                codes: numbered.collect(),
                axis,
                numbers: FxHashMap::default(),
                places: Vec::new(),
                known: FxHashMap::default(),
                dirty: VecDeque::new(),
                round: 0,
                moved: Words::new(),
            }
        };
        match carried {
            Some(column) => vec![product(column)],
            None => vec![product(1), product(0)],
        }
    }

    /// Finds out which of these rows have a proof after the change.
    pub fn settle(
        &mut self,
        stratum: &Stratum,
        product: &mut Product,
        pairs: impl Iterator<Item = Pair>,
    ) -> Result<(), Halt> {
        let mut rows: FxHashMap<u32, Words> = FxHashMap::default();
        for (place, bit) in pairs {
            set(rows.entry(place).or_default(), bit);
        }
        let mut rows: Vec<(u32, Words)> = rows.into_iter().collect();
        rows.sort_unstable_by_key(|(place, _)| *place);
        if product.carries && product.codes.len() > FEW_CODES && rows.len() <= FEW_PLACES {
            for (at, bits) in rows {
                self.settle_one(stratum, product, at, bits)?;
            }
            return Ok(());
        }
        loop {
            let first = product.left(&rows);
            if first == 0 {
                return Ok(());
            }
            let mut seen = Vec::new();
            let mut front = Vec::new();
            for (at, bits) in &rows {
                let place = &mut product.places[*at as usize];
                place.next.clone_from(bits);
                place.queued = true;
                front.push(*at);
            }
            let (mut all, mut since) = (0, 0);
            let exhausted = loop {
                let mut next = Vec::new();
                for &at in &front {
                    let effort = self.go_back(stratum, product, at, &mut seen, &mut next)?;
                    self.spend(effort)?;
                    since += effort;
                    all += effort;
                }
                // Early it is little, and late it is not done too often.
                if since * 2 >= all || next.is_empty() {
                    let effort = product.pass_on();
                    self.spend(effort)?;
                    since = 0;
                }
                front = next;
                if front.is_empty() {
                    break true;
                }
                if product.left(&rows) * LEFT[1] <= first * LEFT[0] {
                    break false;
                }
            };
            for at in front {
                let place = &mut product.places[at as usize];
                place.queued = false;
                place.next.clear();
            }
            for at in seen {
                let place = &mut product.places[at as usize];
                let seen = std::mem::take(&mut place.seen);
                if exhausted {
                    fit(&mut place.fallen, seen.len());
                    for (at, (fallen, seen)) in place.fallen.iter_mut().zip(seen).enumerate() {
                        *fallen |= seen & !get(&place.proven, at);
                    }
                }
            }
        }
    }

    /// The same of rows of one place, where bits are passed on as they are: whatever its way leads back to, it does for
    /// all of them.
    fn settle_one(
        &mut self,
        stratum: &Stratum,
        product: &mut Product,
        at: u32,
        mut open: Words,
    ) -> Result<(), Halt> {
        product.round += 1;
        let all = open.clone();
        product.places[at as usize].round = product.round;
        let (mut queue, mut done) = (vec![at], 0);
        while let Some(&place) = queue.get(done) {
            done += 1;
            self.spend(1)?;
            self.leaves(stratum, product, place, &open)?;
            let known = &product.places[place as usize];
            let mut ahead = 0;
            for (word, bits) in open.iter_mut().enumerate() {
                *bits &= !get(&known.proven, word);
                ahead |= *bits & !get(&known.fallen, word);
            }
            if is_empty(&open) {
                break;
            }
            if ahead == 0 {
                continue;
            }
            self.ask_places(product, place)?;
            let back = product.places[place as usize].back.take();
            for &(_, to) in back.iter().flatten() {
                let place = &mut product.places[to as usize];
                if std::mem::replace(&mut place.round, product.round) != product.round {
                    queue.push(to);
                }
            }
            product.places[place as usize].back = back;
        }
        // Where it has not come to an end nothing is left open.
        for place in queue {
            or(&mut product.places[place as usize].fallen, &open);
        }
        let proven: Words = all
            .iter()
            .zip(&open)
            .map(|(all, open)| all & !open)
            .collect();
        product.prove(at, &proven);
        Ok(())
    }

    /// One step back from pairs of a place that were come upon. Returns the effort.
    fn go_back(
        &mut self,
        stratum: &Stratum,
        product: &mut Product,
        at: u32,
        seen: &mut Vec<u32>,
        next: &mut Vec<u32>,
    ) -> Result<u64, Halt> {
        let place = &mut product.places[at as usize];
        place.queued = false;
        let mut open = std::mem::take(&mut place.next);
        for (word, bits) in open.iter_mut().enumerate() {
            *bits &=
                !(get(&place.seen, word) | get(&place.proven, word) | get(&place.fallen, word));
        }
        if is_empty(&open) {
            return Ok(1);
        }
        if place.seen.is_empty() {
            seen.push(at);
        }
        or(&mut place.seen, &open);
        self.leaves(stratum, product, at, &open)?;
        let proven = &product.places[at as usize].proven;
        for (word, bits) in open.iter_mut().enumerate() {
            *bits &= !get(proven, word);
        }
        if is_empty(&open) {
            return Ok(1);
        }
        self.ask_places(product, at)?;
        self.ask_bits(product, &open)?;
        let mut effort = 1;
        let mut moved = std::mem::take(&mut product.moved);
        // Ways lead from the bits to the same ones, wherever the place leads.
        let words = product.codes.len().div_ceil(64);
        let images = product.ways.iter().map(|way| {
            way.links.as_ref().map(|links| {
                let mut bits = Words::new();
                image(&links.back, &open, words, &mut bits);
                bits
            })
        });
        let images: Vec<Option<Words>> = images.collect();
        let linked = product.ways.iter().filter(|way| way.links.is_some());
        effort += count(&open) / BITS * linked.count() as u64;
        let back = product.places[at as usize].back.take();
        for &(way, to) in back.iter().flatten() {
            let image = images[way as usize].as_ref();
            moved.clear();
            moved.extend_from_slice(image.unwrap_or(&open));
            effort += 1 + (moved.len() / WORDS) as u64;
            self.hold(product, to, &mut moved);
            let there = &product.places[to as usize].proven;
            if moved
                .iter()
                .zip(there)
                .any(|(bits, proven)| bits & proven != 0)
            {
                let gained: Words = match &product.ways[way as usize].links {
                    None => moved
                        .iter()
                        .zip(there)
                        .map(|(bits, proven)| bits & proven)
                        .collect(),
                    Some(links) => {
                        let mut gained = Words::new();
                        each_one(&open, |bit| {
                            if links.back[bit as usize].iter().any(|&bit| has(there, bit)) {
                                set(&mut gained, bit);
                            }
                        });
                        gained
                    }
                };
                product.prove(at, &gained);
            }
            let place = &mut product.places[to as usize];
            for (word, bits) in moved.iter_mut().enumerate() {
                *bits &=
                    !(get(&place.proven, word) | get(&place.fallen, word) | get(&place.seen, word));
            }
            if !is_empty(&moved) {
                or(&mut place.next, &moved);
                if !std::mem::replace(&mut place.queued, true) {
                    next.push(to);
                }
            }
        }
        product.places[at as usize].back = back;
        product.moved = moved;
        Ok(effort)
    }

    /// Proves those pairs of a place that need nothing of the stratum.
    fn leaves(
        &mut self,
        stratum: &Stratum,
        product: &mut Product,
        at: u32,
        open: &[u64],
    ) -> Result<(), Halt> {
        let place = &mut product.places[at as usize];
        if place.whole && !product.given {
            return Ok(());
        }
        let mut new = Words::from_slice(open);
        for (word, bits) in new.iter_mut().enumerate() {
            *bits &= !get(&place.asked, word);
        }
        let few = ones(&new).take(FEW_PAIRS + 1).count() <= FEW_PAIRS;
        if product.given || few {
            or(&mut place.asked, &new);
        }
        let mut proven = Words::new();
        if !place.whole {
            if few {
                for bit in ones(&new) {
                    let row = product.row((at, bit));
                    if self.has_leaf(stratum, product.relation, &row)? {
                        set(&mut proven, bit);
                    }
                }
                product.prove(at, &proven);
                return Ok(());
            }
            place.whole = true;
            let row = Row::from([place.code]);
            let other = 1 - product.bits;
            for &rule in &product.leaves {
                let (numbers, axis) = (&product.numbers, product.axis);
                let flow = self.each_way(rule, Start::Part(other), &row, View::Now, |codes| {
                    let placed = axis.and_then(|axis| axis.offset(codes[0]));
                    let placed = placed.map(|bit| bit as u32);
                    if let Some(bit) = placed.or_else(|| numbers.get(&codes[0]).copied()) {
                        set(&mut proven, bit);
                    }
                    Continue(())
                });
                if let Break(halt) = flow {
                    return Err(halt);
                }
            }
        }
        if product.given {
            for bit in ones(&new) {
                if self.is_given(product.relation, &product.row((at, bit))) {
                    set(&mut proven, bit);
                }
            }
        }
        product.prove(at, &proven);
        Ok(())
    }

    /// Finds out where ways lead from a place.
    fn ask_places(&mut self, product: &mut Product, at: u32) -> Result<(), Halt> {
        if product.places[at as usize].back.is_some() {
            return Ok(());
        }
        let mut back = Vec::new();
        let row = Row::from([product.places[at as usize].code]);
        for way in 0..product.ways.len() {
            if product.ways[way].stays {
                back.push((way as u32, at));
                continue;
            }
            let (rule, start) = (product.ways[way].rule, Start::Side(1 - product.bits));
            for code in self.ends(rule, start, &row)? {
                back.push((way as u32, product.place(code)));
            }
        }
        for &(way, to) in &back {
            product.places[to as usize].forth.push((way, at));
        }
        product.places[at as usize].back = Some(back);
        Ok(())
    }

    /// The same of bits.
    fn ask_bits(&mut self, product: &mut Product, open: &[u64]) -> Result<(), Halt> {
        for way in 0..product.ways.len() {
            if product.ways[way].links.is_none() {
                continue;
            }
            let asked = product.ways[way].links.as_ref().map(|links| &links.asked);
            let mut new = Words::from_slice(open);
            for (word, bits) in new.iter_mut().enumerate() {
                *bits &= !asked.map_or(0, |asked| get(asked, word));
            }
            for bit in ones(&new) {
                let row = Row::from([product.codes[bit as usize]]);
                let ends = self.ends(product.ways[way].rule, Start::Side(product.bits), &row)?;
                let ends: Ends = ends.into_iter().map(|code| product.bit(code)).collect();
                let most = product.codes.len();
                if let Some(links) = &mut product.ways[way].links {
                    if links.back.len() < most {
                        links.back.resize_with(most, Ends::new);
                        links.forth.resize_with(most, Ends::new);
                    }
                    for &end in &ends {
                        links.forth[end as usize].push(bit);
                    }
                    links.back[bit as usize] = ends;
                    set(&mut links.asked, bit);
                }
            }
        }
        Ok(())
    }

    /// Where ways end that begin with a code, each once.
    fn ends(&mut self, rule: RuleId, start: Start, row: &Row) -> Result<Vec<Code>, Halt> {
        let mut ends = Vec::new();
        let flow = self.each_way(rule, start, row, View::Now, |codes| {
            ends.push(codes[0]);
            Continue(())
        });
        match flow {
            Continue(()) => {
                ends.sort_unstable();
                ends.dedup();
                Ok(ends)
            }
            Break(halt) => Err(halt),
        }
    }

    /// Leaves of pairs of a place those that may be there. All may where it would take long to tell: a proof shows it.
    fn hold(&self, product: &mut Product, at: u32, bits: &mut [u64]) {
        let state = &self.relations[product.relation.index()];
        let place = &mut product.places[at as usize];
        if !product.carries {
            if !std::mem::replace(&mut place.known, true) {
                let (code, mut codes, mut held) = (place.code, Vec::new(), Words::new());
                let there = match (product.bits, state.set.as_matrix()) {
                    (1, Some(matrix)) => {
                        matrix.read_words(code, &mut held);
                        true
                    }
                    (1, None) => state.set.seconds(code, &mut codes),
                    _ => state.set.firsts(code, &mut codes),
                };
                for code in codes {
                    set(&mut held, product.bit(code));
                }
                match there {
                    true => product.places[at as usize].held = held,
                    false => product.places[at as usize].known = false,
                }
            }
            if !product.places[at as usize].known {
                return;
            }
        } else if product.codes.len() <= FEW_CODES {
            let looked = get(&place.looked, 0);
            let new = bits.first().copied().unwrap_or(0) & !looked;
            for bit in ones(&[new]) {
                let mut row = [place.code; 2];
                row[product.bits] = product.codes[bit as usize];
                if state.set.contains(&row) {
                    set(&mut place.held, bit);
                }
            }
            or(&mut place.looked, &[new]);
        } else {
            return;
        }
        let held = &product.places[at as usize].held;
        for (word, bits) in bits.iter_mut().enumerate() {
            *bits &= get(held, word);
        }
    }
}

#[inline]
fn get(words: &[u64], at: usize) -> u64 {
    words.get(at).copied().unwrap_or(0)
}

#[inline]
fn has(words: &[u64], bit: u32) -> bool {
    get(words, bit as usize / 64) >> (bit % 64) & 1 == 1
}

#[inline]
fn fit(words: &mut Words, len: usize) {
    if words.len() < len {
        words.resize(len, 0);
    }
}

#[inline]
fn set(words: &mut Words, bit: u32) {
    fit(words, bit as usize / 64 + 1);
    words[bit as usize / 64] |= 1 << (bit % 64);
}

#[inline]
fn or(words: &mut Words, others: &[u64]) {
    fit(words, others.len());
    for (word, other) in words.iter_mut().zip(others) {
        *word |= other;
    }
}

#[inline]
fn is_empty(words: &[u64]) -> bool {
    words.iter().all(|word| *word == 0)
}

/// Calls back with the numbers of the bits that are set, ascending.
#[inline]
fn each_one(words: &[u64], mut act: impl FnMut(u32)) {
    for (at, &word) in words.iter().enumerate() {
        let mut rest = word;
        while rest != 0 {
            act(at as u32 * 64 + rest.trailing_zeros());
            rest &= rest - 1;
        }
    }
}

/// The bits that these lead to, in as many words as there may be.
fn image(links: &[Ends], from: &[u64], words: usize, into: &mut Words) {
    into.clear();
    into.resize(words, 0);
    let into = &mut into[..];
    each_one(from, |bit| {
        for &to in links.get(bit as usize).into_iter().flatten() {
            into[to as usize / 64] |= 1 << (to % 64);
        }
    });
}

fn count(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

#[inline]
fn ones(words: &[u64]) -> impl Iterator<Item = u32> {
    bits(words.iter().copied()).map(|bit| bit as u32)
}
