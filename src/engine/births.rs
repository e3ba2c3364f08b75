//! When each row of a relation appeared.

use crate::storage::pattern::agrees;
use crate::storage::{Code, PackedRows, RowSource, Rows, SortedRows};
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// The rows of a relation by the tick that brought them: stated ones first, then a run for each round.
#[derive(Clone)]
pub struct Births {
    /// Shared with forks.
    recorded: Arc<Recorded>,
    /// What changes have made of single rows since; `None`: the row is gone.
    amended: FxHashMap<Arc<[Code]>, Option<u32>>,
    latest: u32,
    /// No birth that a change gave a derived row is earlier.
    least_amended: u32,
}

/// What rounds brought.
#[derive(Clone)]
struct Recorded {
    runs: Vec<(u32, Run)>,
    /// Rows in all runs.
    len: usize,
    /// Runs that were searched so far, one by one.
    searched: Arc<AtomicUsize>,
    /// Made when so many runs were searched that it pays: a long recursion leaves thousands of short ones.
    lookup: OnceLock<Lookup>,
}

/// Rows of one tick.
#[derive(Clone, PartialEq)]
enum Run {
    /// Shared with whoever else keeps the stated rows, or too wide to be packed.
    Sorted(SortedRows),
    Packed(Arc<PackedRows>),
}

#[derive(Clone)]
struct Lookup {
    /// Positions of the runs that are searched one by one.
    long: Vec<usize>,
    /// Rows of all others, each with its tick behind it.
    short: SortedRows,
}

/// What a change had made of a row before the latest one did; `None`: nothing.
pub type Amendment = Option<Option<u32>>;

/// A run of less than this part of all rows is short.
const FEW: usize = 32;
/// Runs that are searched in the time that sorting a row into the lookup takes.
const RUNS_A_ROW: usize = 4;
/// So many runs are gone through for rows that agree with a pattern.
const MANY: usize = 1 << 12;

impl Run {
    fn of(rows: &dyn RowSource, arity: usize) -> Run {
        if let Some(packed) = PackedRows::of(rows, arity) {
            return Run::Packed(Arc::new(packed));
        }
        let mut all = Rows::new(arity);
        rows.visit(&mut |columns, len| all.append_columns(columns.iter().copied(), len));
        Run::Sorted(SortedRows::from_unsorted(all))
    }

    fn arity(&self) -> usize {
        match self {
            Run::Sorted(rows) => rows.rows().arity(),
            Run::Packed(rows) => rows.arity(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Run::Sorted(rows) => rows.len(),
            Run::Packed(rows) => rows.len(),
        }
    }

    fn contains(&self, row: &[Code]) -> bool {
        match self {
            Run::Sorted(rows) => rows.contains(row),
            Run::Packed(rows) => rows.contains(row),
        }
    }

    fn matching(&self, pattern: &[Option<Code>], found: &mut Rows) {
        match self {
            Run::Sorted(rows) => rows.matching(pattern, found),
            Run::Packed(rows) => rows.matching(pattern, found),
        }
    }

    /// Reads one row, by its number from the least on.
    fn read(&self, at: usize, row: &mut [Code]) {
        match self {
            Run::Sorted(rows) => {
                for (column, code) in row.iter_mut().enumerate() {
                    *code = rows.rows().column(column)[at];
                }
            }
            Run::Packed(rows) => rows.unpack(at, row),
        }
    }

    /// Calls back with each row, and whether another run has it too.
    fn each_beside(&self, other: Option<&Run>, act: &mut dyn FnMut(&[Code], bool)) {
        let mut row = vec![Code::default(); self.arity()];
        let mut beside = row.clone();
        let (mut next, len) = (0, other.map_or(0, Run::len));
        let read = |at: usize, beside: &mut [Code]| {
            if let Some(other) = other.filter(|_| at < len) {
                other.read(at, beside);
            }
        };
        read(next, &mut beside);
        for at in 0..self.len() {
            self.read(at, &mut row);
            while next < len && beside < row {
                next += 1;
                read(next, &mut beside);
            }
            act(&row, next < len && beside == row);
        }
    }

    fn to_rows(&self) -> Rows {
        match self {
            Run::Sorted(rows) => (**rows.rows()).clone(),
            Run::Packed(rows) => rows.to_rows(),
        }
    }
}

impl Births {
    pub fn new(stated: SortedRows) -> Births {
        let recorded = Recorded {
            len: stated.len(),
            runs: vec![(0, Run::Sorted(stated))],
            searched: Arc::default(),
            lookup: OnceLock::new(),
        };
        Births {
            recorded: Arc::new(recorded),
            amended: FxHashMap::default(),
            latest: 0,
            least_amended: u32::MAX,
        }
    }

    /// Ticks ascend.
    pub fn push(&mut self, tick: u32, rows: &dyn RowSource) {
        let run = Run::of(rows, self.recorded.arity());
        let recorded = Arc::make_mut(&mut self.recorded);
        recorded.len += run.len();
        recorded.runs.push((tick, run));
        recorded.lookup.take();
        self.latest = tick;
    }

    /// No row has a later birth.
    pub fn latest(&self) -> u32 {
        self.latest
    }

    /// When rounds brought the first rows, if any did.
    pub fn first_round(&self) -> u32 {
        self.recorded.runs.get(1).map_or(0, |run| run.0)
    }

    /// No derived row has an earlier birth.
    pub fn earliest_derived(&self) -> u32 {
        match self.first_round() {
            0 => self.least_amended,
            first => first.min(self.least_amended),
        }
    }

    /// Gives a row another birth, or none. Returns what [`Births::restore`] needs to take that back.
    pub fn amend(&mut self, row: &Arc<[Code]>, birth: Option<u32>) -> Amendment {
        self.latest = self.latest.max(birth.unwrap_or(0));
        if let Some(birth @ 1..) = birth {
            self.least_amended = self.least_amended.min(birth);
        }
        self.amended.insert(row.clone(), birth)
    }

    /// Takes an amendment back, and returns it.
    pub fn restore(&mut self, row: &Arc<[Code]>, amendment: Amendment) -> Amendment {
        match amendment {
            Some(birth) => self.amended.insert(row.clone(), birth),
            None => self.amended.remove(row),
        }
    }

    /// Keeps of every run what `f` leaves.
    pub fn rewrite(&mut self, f: impl Fn(&Rows) -> Rows) {
        let recorded = Arc::make_mut(&mut self.recorded);
        for (_, run) in &mut recorded.runs {
            *run = match run {
                Run::Sorted(rows) => Run::Sorted(SortedRows::from_unsorted(f(rows.rows()))),
                Run::Packed(rows) => Run::of(&f(&rows.to_rows()), rows.arity()),
            };
        }
        recorded.len = recorded.runs.iter().map(|(_, run)| run.len()).sum();
        recorded.lookup.take();
    }

    /// The rows that agree with a pattern, by binary search where its first column is bound; `None` where that would take
    /// long.
    pub fn matching(&self, pattern: &[Option<Code>]) -> Option<Rows> {
        let runs = &self.recorded.runs;
        if pattern.first()?.is_none() || runs.len() > MANY || self.amended.len() > MANY {
            return None;
        }
        let mut found = Rows::new(pattern.len());
        for (_, run) in runs {
            run.matching(pattern, &mut found);
        }
        if self.amended.is_empty() {
            return Some(found);
        }
        let mut rows = Rows::new(pattern.len());
        let kept = found
            .iter()
            .filter(|row| !self.amended.contains_key(&row[..]));
        kept.for_each(|row| rows.push(&row));
        for (row, _) in self.amended.iter().filter(|(_, birth)| birth.is_some()) {
            if agrees(pattern, row) {
                rows.push(row);
            }
        }
        Some(rows)
    }

    /// Calls back with the rows that had an earlier birth before. Quick where most rounds brought the same rows.
    pub fn later_than(&self, before: &Births, act: &mut dyn FnMut(&[Code], u32)) {
        let known: FxHashMap<u32, &Run> = before
            .recorded
            .runs
            .iter()
            .map(|(tick, run)| (*tick, run))
            .collect();
        for (tick, run) in &self.recorded.runs {
            let other = known.get(tick).copied();
            if other == Some(run) && before.amended.is_empty() {
                continue;
            }
            run.each_beside(other, &mut |row, is_known| {
                let is_known =
                    is_known && (before.amended.is_empty() || !before.amended.contains_key(row));
                if !is_known && before.of(row).is_some_and(|birth| birth < *tick) {
                    act(row, *tick);
                }
            });
        }
    }

    /// The first tick that has the row. O(runs log rows), and once asked often O(log rows); the call that makes the
    /// difference takes time linear in all rows.
    pub fn of(&self, row: &[Code]) -> Option<u32> {
        if let Some(&birth) = self.amended.get(row) {
            return birth;
        }
        self.recorded.of(row, u32::MAX)
    }

    /// Whether a row that is there was born before a tick. Quick where that is later than all rounds.
    pub fn is_before(&self, row: &[Code], tick: u32) -> bool {
        match self.amended.get(row) {
            Some(birth) => birth.is_some_and(|birth| birth < tick),
            None => {
                let last = self.recorded.runs.last().map_or(0, |run| run.0);
                last < tick || self.recorded.of(row, tick).is_some()
            }
        }
    }
}

impl Recorded {
    fn arity(&self) -> usize {
        self.runs[0].1.arity()
    }

    /// The first tick that has the row, if it is before another.
    fn of(&self, row: &[Code], before: u32) -> Option<u32> {
        let early = |run: &&(u32, Run)| run.0 < before;
        let has = |run: &&(u32, Run)| run.1.contains(row);
        let lookup = match self.lookup.get() {
            Some(lookup) => lookup,
            None => {
                let searched = self.searched.fetch_add(self.runs.len(), Relaxed);
                if self.runs.len() <= FEW || searched / RUNS_A_ROW <= self.len {
                    let mut runs = self.runs.iter().take_while(early);
                    return runs.find(has).map(|run| run.0);
                }
                self.lookup.get_or_init(|| self.lookup())
            }
        };
        let long = lookup.long.iter().map(|&at| &self.runs[at]);
        let long = long.take_while(early).find(has);
        let at = lookup.short.range(row);
        let ticks = lookup.short.rows().column(row.len());
        let short = ticks[at].first().map(|tick| tick.0);
        let short = short.filter(|&tick| tick < before);
        long.map(|run| run.0).into_iter().chain(short).min()
    }

    fn lookup(&self) -> Lookup {
        let (long, short): (Vec<usize>, Vec<usize>) =
            (0..self.runs.len()).partition(|&at| self.runs[at].1.len() * FEW > self.len);
        let arity = self.arity();
        let mut columns = vec![Vec::new(); arity + 1];
        for at in short {
            let (tick, run) = &self.runs[at];
            let rows = run.to_rows();
            for (column, to) in columns.iter_mut().take(arity).enumerate() {
                to.extend_from_slice(rows.column(column));
            }
            columns[arity].extend(std::iter::repeat_n(Code(*tick), run.len()));
        }
        Lookup {
            long,
            short: SortedRows::from_unsorted(Rows::from_columns(columns)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(numbers: std::ops::Range<u32>) -> Rows {
        let mut rows = Rows::new(1);
        numbers.for_each(|number| rows.push(&[Code(number)]));
        rows
    }

    #[test]
    fn a_row_is_as_old_as_the_first_run_that_has_it() {
        // A few long runs, then many short ones, each a number on its own.
        let mut births = Births::new(SortedRows::from_unsorted(run(0..1000)));
        births.push(1, &run(1000..2000));
        for tick in 2..500 {
            births.push(tick, &run(2000 + tick..2001 + tick));
            let of = |number| births.of(&[Code(number)]);
            assert_eq!(
                (of(7), of(1007), of(2000 + tick)),
                (Some(0), Some(1), Some(tick))
            );
            assert_eq!((of(2002), of(9999)), (Some(2), None));
        }
        assert!(
            births.recorded.lookup.get().is_some()
                && births.recorded.searched.load(Relaxed) > 2500 * RUNS_A_ROW
        );
        let (old, gone): (Arc<[Code]>, Arc<[Code]>) = ([Code(7)].into(), [Code(2100)].into());
        let before = [births.amend(&old, Some(900)), births.amend(&gone, None)];
        assert_eq!((births.of(&old), births.of(&gone)), (Some(900), None));
        assert_eq!(births.latest(), 900);
        births.restore(&old, before[0]);
        births.restore(&gone, before[1]);
        assert_eq!((births.of(&old), births.of(&gone)), (Some(0), Some(100)));
        births.rewrite(|rows| match rows.len() {
            1 => run(0..0),
            _ => rows.clone(),
        });
        assert_eq!(births.of(&[Code(2400)]), None);
    }
}
