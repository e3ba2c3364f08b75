//! What a conclusion hangs on, and how many independent sources carry it.
//!
//! Both ask the same graph of derivations. Negations and totals are taken as they are now: a withdrawal that also makes
//! a negated fact fall, or changes a total, can bring a conclusion back. Running without the cut tells.

use super::case::Case;
use super::dualize::{Duals, Known, Monotone, dualize};
use super::enumerate::MinimalSets;
use super::facts::Fact;
use super::least::Least;
use super::lineage::{Lineage, Statement};
use super::meter::Meter;
use super::small_cuts::{LARGEST, Withdrawable, small_cuts};
use crate::engine::{Budget, StopReason};
use crate::evidence::SourceId;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::rc::Rc;

/// Supports that are looked for in advance, and rows that it may cost. Often there are no others.
const FIRST_SUPPORTS: usize = 512;
const FIRST_ROWS: u64 = 50_000;

/// What may be asked of one conclusion.
#[derive(Clone, Debug)]
pub struct CutOptions {
    /// Of each kind.
    pub most: usize,
    /// Statements or sources in one cut; 1 asks for single points of failure only.
    pub largest: usize,
}

impl Default for CutOptions {
    fn default() -> Self {
        CutOptions {
            most: 100,
            largest: usize::MAX,
        }
    }
}

/// Minimal sets whose withdrawal ends a conclusion, smallest first.
#[derive(Clone, Debug)]
pub struct Cuts {
    /// Claims, rule text and data. All copies of a statement are in the cut: it stands while one of them does.
    pub statements: Vec<Vec<Statement>>,
    /// Sources, with everything only they say.
    pub sources: Vec<Vec<SourceId>>,
    /// The origins that it hangs on ([`Case::single_origins`]), where they were found along the way.
    pub origins: Option<Vec<SourceId>>,
    /// All of them are there.
    pub complete: bool,
    /// All of a single statement, and of a single source, are there.
    pub single: bool,
    pub stopped: Option<StopReason>,
}

impl Cuts {
    /// Of what does not hold.
    pub fn none() -> Cuts {
        Cuts {
            origins: None,
            statements: Vec::new(),
            sources: Vec::new(),
            complete: true,
            single: true,
            stopped: None,
        }
    }
}

/// Who carries a conclusion.
#[derive(Clone, Debug)]
pub struct Corroboration {
    /// Every source that has a part in some support, ascending.
    pub sources: Vec<SourceId>,
    /// Minimal sets of independent roots that carry the conclusion together, fewest first, then by their order in the
    /// register. Empty when a statement without a source carries it alone, or when it does not hold.
    pub root_sets: Vec<Vec<SourceId>>,
    /// The most root sets that have no root in common: ways to the conclusion that do not lean on each other.
    pub independent: usize,
    pub complete: bool,
    pub stopped: Option<StopReason>,
}

impl Case<'_> {
    /// The minimal cuts of a fact. None for a fact that does not hold, or that holds without any statement.
    pub fn cuts(&self, fact: &Fact, options: &CutOptions, budget: &Budget) -> Cuts {
        let meter = Meter::new(budget);
        let cuts = Cuts::none();
        if !self.holds(fact) {
            return cuts;
        }
        let part = meter.part(meter.left() / 4);
        let lineage = self.lineage(fact, &part);
        meter.charge(&part);
        match lineage.stopped {
            Some(_) => self.some_cuts(fact, options, &meter),
            None => self.cuts_in(&lineage, options, &meter),
        }
    }

    /// The same of each of many facts, with a budget of rows for each and one of time for all. What their derivations
    /// have in common is looked at once.
    pub fn cuts_of_all(&self, facts: &[Fact], options: &CutOptions, budget: &Budget) -> Vec<Cuts> {
        if let [fact] = facts {
            return vec![self.cuts(fact, options, budget)];
        }
        let rows = |rows: u64| rows.saturating_mul(facts.len() as u64);
        let meter = Meter::new(&Budget {
            rows: budget.rows.map(rows),
            ..budget.clone()
        });
        let held = facts.iter().filter(|fact| self.holds(fact));
        let held: Vec<Fact> = held.cloned().collect();
        let part = meter.part(meter.left() / 4);
        let (lineage, vertices) = self.lineage_of_all(&held, &part);
        let vertex_of: FxHashMap<&Fact, u32> = held.iter().zip(vertices).collect();
        let element_at = lineage.element_at();
        let each = |fact: &Fact| {
            let in_time = Budget {
                rows: budget.rows,
                ..meter.rest()
            };
            match vertex_of.get(fact) {
                Some(&vertex) if lineage.stopped.is_none() => {
                    let below = lineage.below(vertex, &element_at);
                    self.cuts_in(&below, options, &Meter::new(&in_time))
                }
                _ => self.cuts(fact, options, &in_time),
            }
        };
        facts.iter().map(each).collect()
    }

    /// The minimal cuts of the root of a lineage that has all derivations.
    fn cuts_in(&self, lineage: &Lineage, options: &CutOptions, meter: &Meter) -> Cuts {
        if options.largest <= LARGEST {
            return self.small_cuts_in(lineage, options, meter);
        }
        let mut cuts = Cuts::none();
        // Supports to begin with: each spares the search a round of questions.
        let part = meter.part(FIRST_ROWS);
        let mut sets = MinimalSets::new(lineage, &part);
        let first: Vec<Rc<[u32]>> = sets.by_ref().take(FIRST_SUPPORTS).collect();
        // Asked once more, it would tell that there are no others.
        let all = first.len() < FIRST_SUPPORTS && sets.is_exhausted();
        let stands = |set: &Rc<[u32]>| {
            lineage.days.is_none() || lineage.stands(|one| set.binary_search(&one).is_ok())
        };
        let first = first.into_iter().filter(stands);
        let known = Known {
            carriers: first.map(|set| Box::from(&*set)).collect(),
            all,
        };
        let carriers = all.then(|| known.carriers.clone());
        meter.charge(&part);
        let elements = Elements {
            lineage,
            least: RefCell::new(Least::new(lineage)),
        };
        let found = dualize(&elements, known, options.most, options.largest, meter);
        // Cuts come by size.
        let single = |found: &Duals| {
            found.complete
                || found.cuts.iter().any(|cut| cut.len() > 1)
                || found.cuts.len() < options.most && meter.stopped().is_none()
        };
        cuts.complete = found.complete;
        cuts.single = single(&found);
        for cut in &found.cuts {
            let mut statements: Vec<Statement> = cut
                .iter()
                .flat_map(|&element| lineage.elements[element as usize].statements.clone())
                .collect();
            // An element may be stated several times.
            if statements.len() <= options.largest {
                statements.sort_by(super::supports::statement_order);
                cuts.statements.push(statements);
            }
        }
        cuts.statements
            .sort_by(|left, right| super::supports::statements_order(left, right));
        let sources = Witnesses {
            carriers,
            ..Witnesses::new(self, lineage, |source| vec![source])
        };
        let known = Known::default();
        let found = dualize(&sources, known, options.most, options.largest, meter);
        cuts.sources = sources.named(&found.cuts);
        cuts.single &= single(&found);
        cuts.complete &= found.complete && meter.stopped().is_none();
        cuts.stopped = meter.stopped();
        self.complete_singles(&mut cuts, lineage, meter);
        cuts
    }

    /// Finds all cuts of one where the search for all sizes did not come so far.
    fn complete_singles(&self, cuts: &mut Cuts, lineage: &Lineage, meter: &Meter) {
        if cuts.single || lineage.days.is_some() {
            return;
        }
        // One pass over what is there: bounded by time only.
        let in_time = Meter::new(&meter.rest());
        if let Some((statements, sources)) = self.single_points(lineage, &in_time) {
            cuts.statements.retain(|cut| cut.len() > 1);
            cuts.statements.splice(0..0, statements);
            cuts.sources.retain(|cut| cut.len() > 1);
            cuts.sources.splice(0..0, sources);
            cuts.single = true;
        }
    }

    /// The same where they are to be small: there may be larger ones.
    fn small_cuts_in(&self, lineage: &Lineage, options: &CutOptions, meter: &Meter) -> Cuts {
        let &CutOptions { most, largest } = options;
        let elements = &lineage.elements;
        let each = (0..elements.len() as u32).map(|element| Some(Box::from([element])));
        let weights = elements.iter().map(|element| element.statements.len());
        let of = Withdrawable::new(each.collect(), weights.collect());
        let by_statement = small_cuts(lineage, &of, most, largest, meter);
        let statements = by_statement.cuts.iter().map(|cut| {
            let elements = cut.iter().map(|&element| &elements[element as usize]);
            let mut statements: Vec<Statement> = elements
                .flat_map(|element| element.statements.clone())
                .collect();
            statements.sort_by(super::supports::statement_order);
            statements
        });
        let mut statements: Vec<Vec<Statement>> = statements.collect();
        statements.sort_by(|left, right| super::supports::statements_order(left, right));
        let witnesses = Witnesses::new(self, lineage, |source| vec![source]);
        let by_source = small_cuts(lineage, &witnesses.withdrawable(), most, largest, meter);
        let mut cuts = Cuts {
            origins: None,
            statements,
            sources: witnesses.named(&by_source.cuts),
            complete: false,
            single: by_statement.single && by_source.single,
            stopped: meter.stopped(),
        };
        self.complete_singles(&mut cuts, lineage, meter);
        cuts
    }

    /// Where there are too many derivations to look at all of them: all cuts of one, else a larger one.
    pub(super) fn some_cuts(&self, fact: &Fact, options: &CutOptions, meter: &Meter) -> Cuts {
        let mut cuts = Cuts {
            origins: None,
            statements: Vec::new(),
            sources: Vec::new(),
            complete: false,
            single: false,
            stopped: meter.stopped().or(Some(StopReason::Rows)),
        };
        // Which day a derivation needs is not known before all are.
        if self.at_once {
            return cuts;
        }
        // However many rows that takes, as long as the time lasts: half of it for either.
        let rest = meter.rest();
        let half = Meter::new(&Budget {
            time: rest.time.map(|time| time / 2),
            ..rest
        });
        let by_statement =
            self.cuts_by_trial(fact, options.largest, &half, |one| Some(one.clone()));
        let other = Meter::new(&meter.rest());
        let source = |one: &Statement| one.claim().and_then(|claim| self.claims.get(claim).source);
        let by_source = self.cuts_by_trial(fact, options.largest, &other, source);
        cuts.single = by_statement.all_single && by_source.all_single;
        cuts.statements = by_statement.cuts();
        cuts.sources = by_source.cuts();
        cuts
    }

    /// Folds the supports of a fact to sources and to their roots. A claim of a source that repeats several others needs
    /// all of its roots: which of them it has this from is not known.
    pub fn corroboration(&self, fact: &Fact, budget: &Budget) -> Corroboration {
        let meter = Meter::new(budget);
        let mut corroboration = Corroboration {
            sources: Vec::new(),
            root_sets: Vec::new(),
            independent: 0,
            complete: true,
            stopped: None,
        };
        if !self.holds(fact) {
            return corroboration;
        }
        let lineage = self.derivations(fact, &meter);
        let by_source = Witnesses::new(self, &lineage, |source| vec![source]);
        let by_root = Witnesses::new(self, &lineage, |source| self.sources.roots(source).to_vec());
        let found = dualize(&by_root, Known::default(), usize::MAX, usize::MAX, &meter);
        let mut sets = found.carriers;
        sets.retain(|set| !set.is_empty());
        sets.sort_by(|left, right| left.len().cmp(&right.len()).then_with(|| left.cmp(right)));
        corroboration.independent = disjoint(&sets);
        corroboration.root_sets = by_root.named(&sets);
        corroboration.sources = self.parts(&lineage, &by_source, &meter);
        corroboration.stopped = lineage.stopped.or(meter.stopped());
        corroboration.complete = found.complete && corroboration.stopped.is_none();
        corroboration
    }

    /// The sources of every claim that is in some minimal support.
    fn parts(&self, lineage: &Lineage, witnesses: &Witnesses, meter: &Meter) -> Vec<SourceId> {
        let mut used = vec![false; lineage.elements.len()];
        for set in MinimalSets::new(lineage, meter) {
            let within = |element: u32| set.binary_search(&element).is_ok();
            if lineage.days.is_some() && !lineage.stands(within) {
                continue;
            }
            set.iter()
                .for_each(|&element| used[element as usize] = true);
            if used.iter().all(|&used| used) {
                break;
            }
        }
        let mut sources: Vec<SourceId> = lineage
            .elements
            .iter()
            .zip(used)
            .filter(|(_, used)| *used)
            .flat_map(|(element, _)| &element.statements)
            .filter_map(|statement| match statement {
                Statement::Claim(claim) => self.claims.get(*claim).source,
                Statement::Text(_) | Statement::Data(_) => None,
            })
            .filter(|source| witnesses.names.contains(source))
            .collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

/// Does the conclusion stand on these statements?
struct Elements<'a> {
    lineage: &'a Lineage,
    least: RefCell<Least<'a>>,
}

impl Monotone for Elements<'_> {
    fn elements(&self) -> usize {
        self.lineage.elements.len()
    }

    fn stands(&self, kept: &dyn Fn(u32) -> bool) -> bool {
        self.lineage.stands(kept)
    }

    fn carrier(&self, kept: &[bool]) -> Box<[u32]> {
        let all = (0..kept.len() as u32).filter(|&one| kept[one as usize]);
        match self.lineage.days {
            Some(_) => self.minimal(all.collect()),
            None => {
                let all: Vec<u32> = all.collect();
                self.least.borrow_mut().minimal_within(&all).into()
            }
        }
    }
}

/// Does the conclusion stand on these sources, or roots? What nobody is named for always stands.
struct Witnesses<'a> {
    lineage: &'a Lineage,
    names: Vec<SourceId>,
    /// By element of the lineage and by statement: the witnesses it needs, as positions in `names`.
    needs: Vec<Vec<Vec<u32>>>,
    /// All minimal sets of elements that carry the conclusion, where they are known.
    carriers: Option<Vec<Box<[u32]>>>,
    least: RefCell<Least<'a>>,
}

impl<'a> Witnesses<'a> {
    fn new(
        case: &Case,
        lineage: &'a Lineage,
        behind: impl Fn(SourceId) -> Vec<SourceId>,
    ) -> Witnesses<'a> {
        let of = |statement: &Statement| match statement {
            Statement::Claim(claim) => case
                .claims
                .get(*claim)
                .source
                .map_or_else(Vec::new, &behind),
            Statement::Text(_) | Statement::Data(_) => Vec::new(),
        };
        let named: Vec<Vec<Vec<SourceId>>> = lineage
            .elements
            .iter()
            .map(|element| element.statements.iter().map(of).collect())
            .collect();
        let mut names: Vec<SourceId> = named.iter().flatten().flatten().copied().collect();
        names.sort_unstable();
        names.dedup();
        let at: FxHashMap<SourceId, u32> = names
            .iter()
            .enumerate()
            .map(|(at, &name)| (name, at as u32))
            .collect();
        let needs = named
            .into_iter()
            .map(|statements| {
                statements
                    .into_iter()
                    .map(|names| names.iter().map(|name| at[name]).collect())
                    .collect()
            })
            .collect();
        Witnesses {
            lineage,
            names,
            needs,
            carriers: None,
            least: RefCell::new(Least::new(lineage)),
        }
    }

    /// Nobody is named for what nothing is needed of.
    fn withdrawable(&self) -> Withdrawable {
        let behind = self.needs.iter().map(|statements| {
            let mut names: Vec<u32> = statements.iter().flatten().copied().collect();
            names.sort_unstable();
            names.dedup();
            let falls = statements.iter().all(|needs| !needs.is_empty());
            falls.then(|| names.into_boxed_slice())
        });
        Withdrawable::new(behind.collect(), vec![1; self.names.len()])
    }

    fn named(&self, sets: &[Box<[u32]>]) -> Vec<Vec<SourceId>> {
        sets.iter()
            .map(|set| set.iter().map(|&at| self.names[at as usize]).collect())
            .collect()
    }
}

impl Monotone for Witnesses<'_> {
    fn elements(&self) -> usize {
        self.names.len()
    }

    fn stands(&self, kept: &dyn Fn(u32) -> bool) -> bool {
        let stated = |element: u32| {
            let mut statements = self.needs[element as usize].iter();
            statements.any(|needs| needs.iter().all(|&witness| kept(witness)))
        };
        match &self.carriers {
            None => self.lineage.stands(stated),
            Some(carriers) => {
                let mut sets = carriers.iter();
                sets.any(|set| set.iter().all(|&element| stated(element)))
            }
        }
    }

    /// Those behind one derivation, and of these a minimal set.
    fn carrier(&self, kept: &[bool]) -> Box<[u32]> {
        let all = (0..kept.len() as u32).filter(|&one| kept[one as usize]);
        if self.lineage.days.is_some() {
            return self.minimal(all.collect());
        }
        let behind = |element: u32| {
            let mut statements = self.needs[element as usize].iter();
            statements.find(|needs| needs.iter().all(|&witness| kept[witness as usize]))
        };
        let mut least = self.least.borrow_mut();
        let elements = 0..self.needs.len() as u32;
        least.derive(elements.filter(|&element| behind(element).is_some()));
        let used = least.elements();
        let mut among: Vec<u32> = used
            .into_iter()
            .filter_map(behind)
            .flatten()
            .copied()
            .collect();
        among.sort_unstable();
        among.dedup();
        self.minimal(among)
    }
}

/// The most sets that are pairwise disjoint: exact up to 20 sets, beyond that what taking small sets first gives.
fn disjoint(sets: &[Box<[u32]>]) -> usize {
    fn meet(left: &[u32], right: &[u32]) -> bool {
        left.iter()
            .any(|element| right.binary_search(element).is_ok())
    }
    fn most(sets: &[&[u32]]) -> usize {
        let Some((first, rest)) = sets.split_first() else {
            return 0;
        };
        let apart: Vec<&[u32]> = rest
            .iter()
            .copied()
            .filter(|other| !meet(first, other))
            .collect();
        let with = 1 + most(&apart);
        if apart.len() == rest.len() {
            return with;
        }
        with.max(most(rest))
    }
    let all: Vec<&[u32]> = sets.iter().map(|set| &**set).collect();
    if all.len() <= 20 {
        return most(&all);
    }
    let mut taken: Vec<&[u32]> = Vec::new();
    for set in all {
        if !taken.iter().any(|other| meet(set, other)) {
            taken.push(set);
        }
    }
    taken.len()
}
