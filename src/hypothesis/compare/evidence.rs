//! The table: evidence, and what its withdrawal does to each contender.

use super::ahead::{ahead, each};
use super::contender::{Contender, Depth};
use super::foresight::Foreseen;
use super::judged::Judgement;
use crate::engine::Budget;
use crate::evidence::{ClaimId, Claims, GradeTables, SourceId, Sources, Stance};
use crate::explain::{Fact, Meter, Miss, Reason, WhyNotOptions};
use crate::storage::pattern::agrees;
use rustc_hash::{FxHashMap, FxHashSet};

/// What the withdrawal of a piece of evidence does to the goals of a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// They do not hold without it.
    Falls,
    /// They lose a support.
    Weakens,
    Stands,
    /// It speaks against them: without it they hold, or hold more firmly, or are no longer denied.
    Helped,
    /// Said by a person.
    Judged(Judgement),
}

impl Cell {
    pub fn word(self) -> &'static str {
        match self {
            Cell::Falls => "falls",
            Cell::Weakens => "weakens",
            Cell::Stands => "stands",
            Cell::Helped => "helped",
            Cell::Judged(judgement) => judgement.word(),
        }
    }

    /// From 1 (it needs it) to -1 (it speaks against it).
    pub fn value(self) -> f64 {
        match self {
            Cell::Falls => 1.0,
            Cell::Weakens => 0.5,
            Cell::Stands => 0.0,
            Cell::Helped => -1.0,
            Cell::Judged(judgement) => judgement.value(),
        }
    }

    /// How far it counts against a hypothesis, before it is weighed.
    pub fn against(self) -> f64 {
        match self {
            Cell::Helped => 1.0,
            Cell::Judged(judgement) => judgement.against(),
            Cell::Falls | Cell::Weakens | Cell::Stands => 0.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One row of a claim file: the first claim of its id.
    Claim(ClaimId),
    /// A source that repeats no other, with all that goes back to it.
    Root(SourceId),
    /// Known from a matrix only.
    Label(String),
}

#[derive(Clone, Debug)]
pub struct Evidence {
    pub subject: Subject,
    /// What is withdrawn with it, all rows of each id.
    pub claims: FxHashSet<ClaimId>,
    /// Strength of its grade, between 0 and 1.
    pub weight: f64,
    /// By contender.
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, Default)]
pub struct Table {
    pub evidence: Vec<Evidence>,
    /// Every claim that has a part in a support is there.
    pub complete: bool,
}

/// Facts that keep a goal from holding are looked for so deep.
const DEPTH: usize = 3;

/// How evidence is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Folded to root sources.
    pub fold: bool,
    /// Pairs of withdrawals that will be asked about next: what can be worked out with the cells is.
    pub pairs: usize,
    pub threads: usize,
}

/// The evidence that matters to any of the contenders, in the order of the claims.
pub fn tabulate<E>(
    contenders: &[Contender<E>],
    claims: &Claims,
    sources: &Sources,
    view: View,
    meter: &Meter,
    budget: &Budget,
) -> Result<Table, E> {
    let View {
        fold,
        pairs,
        threads,
    } = view;
    let mut ids: Vec<ClaimId> = Vec::new();
    let mut denials: FxHashMap<ClaimId, Vec<Fact>> = FxHashMap::default();
    let mut rejected: Vec<Vec<(ClaimId, Fact)>> = Vec::new();
    for contender in contenders {
        ids.extend(contender.rests_on());
        ids.extend(blocking(contender, budget));
        for (claim, fact) in denying(contender) {
            ids.push(claim);
            denials.entry(claim).or_default().push(fact);
        }
        rejected.push(back(contender));
    }
    // What is rejected may become a column: with few of them all is worked out together.
    let doubtful = rejected.iter().flatten().map(|(id, _)| *id);
    let doubtful: Vec<ClaimId> = doubtful.take(FEW_REJECTED + 1).collect();
    let likely = match doubtful.len() > FEW_REJECTED {
        true => Vec::new(),
        false => columns(
            contenders,
            [&ids[..], &doubtful].concat(),
            claims,
            sources,
            fold,
        ),
    };
    let likely = asked(&likely, pairs);
    each(contenders, threads, meter, |at, contender, meter| {
        let back = rejected[at].iter().map(|(_, fact)| Foreseen {
            withdrawn: FxHashSet::default(),
            found: vec![fact.clone()],
            depth: Depth::Outcome,
        });
        let all: Vec<Foreseen> = back.chain(likely.iter().cloned()).collect();
        contender.foresee(&all, meter, budget);
    });
    for (contender, rejected) in contenders.iter().zip(rejected) {
        ids.extend(overcome(contender, rejected, meter, budget)?);
    }
    let mut columns = columns(contenders, ids, claims, sources, fold);
    ahead(
        contenders,
        columns.len(),
        threads,
        meter,
        |contender, meter| contender.foresee(&asked(&columns, pairs), meter, budget),
        |contender, at, meter| {
            let _ = contender.stand_if(&columns[at].claims, &[], meter, budget);
        },
    );
    for column in &mut columns {
        for contender in contenders {
            let cell = cell(contender, &column.claims, &denials, meter, budget)?;
            column.cells.push(cell);
        }
    }
    Ok(Table {
        evidence: columns,
        complete: contenders.iter().all(Contender::is_complete),
    })
}

/// A column for each row that has one of these claims, in their order; or for each root source.
fn columns<E>(
    contenders: &[Contender<E>],
    ids: Vec<ClaimId>,
    claims: &Claims,
    sources: &Sources,
    fold: bool,
) -> Vec<Evidence> {
    let first = |claim: ClaimId| {
        let id = claims.get(claim).id;
        claims.ever_with_id(id).next().unwrap_or(claim)
    };
    let mut ids: Vec<ClaimId> = ids.into_iter().map(first).collect();
    ids.sort_unstable();
    ids.dedup();
    let weight = |claim: ClaimId| GradeTables::default().strength(claims.get(claim).grade(sources));
    let rows = |claim: ClaimId| claims.ever_with_id(claims.get(claim).id);
    let mut columns: Vec<Evidence> = Vec::new();
    let mut roots: Vec<SourceId> = Vec::new();
    for id in ids {
        match claims.get(id).source.filter(|_| fold) {
            Some(source) => {
                for &root in sources.roots(source) {
                    if !roots.contains(&root) {
                        roots.push(root);
                    }
                }
            }
            None => columns.push(Evidence {
                subject: Subject::Claim(id),
                claims: rows(id).collect(),
                weight: weight(id),
                cells: Vec::new(),
            }),
        }
    }
    roots.sort_unstable();
    for root in roots {
        let goes_back = |claim: &ClaimId| {
            let source = claims.get(*claim).source;
            source.is_some_and(|source| sources.roots(source).contains(&root))
        };
        let all: FxHashSet<ClaimId> = claims.ever().map(|(id, _)| id).filter(goes_back).collect();
        let used = |claim: &&ClaimId| contenders.iter().any(|contender| contender.uses(**claim));
        let best = all
            .iter()
            .filter(used)
            .map(|&claim| weight(claim))
            .max_by(f64::total_cmp);
        let any = all
            .iter()
            .map(|&claim| weight(claim))
            .max_by(f64::total_cmp);
        columns.push(Evidence {
            subject: Subject::Root(root),
            weight: best.or(any).unwrap_or(0.0),
            claims: all,
            cells: Vec::new(),
        });
    }
    columns
}

/// The withdrawal of each column, and those of so many pairs of them.
fn asked(columns: &[Evidence], pairs: usize) -> Vec<Foreseen> {
    let withdrawal = |withdrawn: FxHashSet<ClaimId>, depth: Depth| Foreseen {
        withdrawn,
        found: Vec::new(),
        depth,
    };
    let single = columns
        .iter()
        .map(|one| withdrawal(one.claims.clone(), Depth::Strength));
    let of_two = columns.iter().enumerate().flat_map(|(at, one)| {
        let others = columns[at + 1..].iter();
        others.map(|other| withdrawal(&one.claims | &other.claims, Depth::Outcome))
    });
    single.chain(of_two.take(pairs)).collect()
}

fn cell<E>(
    contender: &Contender<E>,
    withdrawn: &FxHashSet<ClaimId>,
    denials: &FxHashMap<ClaimId, Vec<Fact>>,
    meter: &Meter,
    budget: &Budget,
) -> Result<Cell, E> {
    const SAME: f64 = 1e-9;
    if withdrawn
        .iter()
        .any(|claim| contender.rejects.contains(claim))
    {
        return Ok(Cell::Helped);
    }
    let before = contender.stand();
    let after = contender.stand_if(withdrawn, &[], meter, budget)?;
    Ok(match (before.holds, after.holds) {
        (true, false) => Cell::Falls,
        (false, true) => Cell::Helped,
        (true, true) if after.strength < before.strength - SAME => Cell::Weakens,
        (true, true) if after.strength > before.strength + SAME => Cell::Helped,
        (true, true) if withdrawn.iter().any(|&claim| contender.uses(claim)) => Cell::Weakens,
        _ => {
            let denied = withdrawn
                .iter()
                .filter_map(|claim| denials.get(claim))
                .flatten();
            let mut denied = denied.filter(|fact| {
                contender
                    .claims
                    .about(fact.relation, &fact.row)
                    .iter()
                    .any(|claim| withdrawn.contains(claim))
            });
            match denied.any(|fact| leans(contender, fact)) {
                true => Cell::Helped,
                false => Cell::Stands,
            }
        }
    })
}

/// Whether a contender leans on a fact that may be denied: it is a goal, assumed, or stated by what it rests on.
fn leans<E>(contender: &Contender<E>, fact: &Fact) -> bool {
    let mut goals = contender.goals.iter();
    let is_goal =
        goals.any(|goal| goal.relation == fact.relation && agrees(&goal.pattern, &fact.row));
    let first = |claim: ClaimId| {
        let id = contender.claims.get(claim).id;
        contender.claims.with_id(id).next().unwrap_or(claim)
    };
    is_goal
        || contender.assumed.contains(fact)
        || contender
            .claims
            .supporting(fact.relation, &fact.row)
            .into_iter()
            .any(|claim| contender.uses(first(claim)))
}

/// Claims that deny a goal, what is assumed, or what a contender rests on; with the fact.
fn denying<E>(contender: &Contender<E>) -> Vec<(ClaimId, Fact)> {
    let mut found = Vec::new();
    for (id, claim) in contender.claims.iter() {
        if claim.stance == Stance::Disputes {
            let fact = Fact::new(claim.relation, claim.row);
            if leans(contender, &fact) {
                found.push((id, fact));
            }
        }
    }
    found
}

/// Claims that a contender takes to be false, and what they state that does not hold with it.
fn back<E>(contender: &Contender<E>) -> Vec<(ClaimId, Fact)> {
    let rejected = contender.rejects.iter().take(MOST_REJECTED);
    rejected
        .filter_map(|&id| {
            let claim = contender.claims.get(id);
            let fact = Fact::new(claim.relation, claim.row);
            let holds = contender.facts.contains(fact.relation, &fact.row);
            (claim.stance != Stance::Disputes && !holds).then_some((id, fact))
        })
        .collect()
}

/// Those of them that would count against its goals if they were not false.
fn overcome<E>(
    contender: &Contender<E>,
    rejected: Vec<(ClaimId, Fact)>,
    meter: &Meter,
    budget: &Budget,
) -> Result<Vec<ClaimId>, E> {
    let before = contender.stand();
    let mut found = Vec::new();
    for (id, fact) in rejected {
        let none = (&FxHashSet::default(), &[][..]);
        let change = (none.0, &[fact][..]);
        let after = contender.outcome_beyond(none, change, meter, budget)?;
        if before.holds && !after.holds || after.violated > before.violated {
            found.push(id);
        }
    }
    Ok(found)
}

/// Rejected claims of one contender that are looked at.
const MOST_REJECTED: usize = 256;
/// Up to so many of all contenders are taken for likely columns.
const FEW_REJECTED: usize = 16;

/// Claims without which something would be absent that keeps a goal from holding.
fn blocking<E>(contender: &Contender<E>, budget: &Budget) -> Vec<ClaimId> {
    let mut found = Vec::new();
    if contender.stand().holds {
        return found;
    }
    let case = contender.case();
    let options = WhyNotOptions {
        depth: DEPTH,
        ..WhyNotOptions::default()
    };
    let small = Budget {
        rows: Some(200_000),
        ..budget.clone()
    };
    for goal in &contender.goals {
        if !contender
            .facts
            .matching(goal.relation, &goal.pattern)
            .is_empty()
        {
            continue;
        }
        let missing = case.why_not(goal.relation, &goal.pattern, &options, &small);
        let mut open: Vec<&Miss> = missing.misses.iter().collect();
        while let Some(miss) = open.pop() {
            for failing in &miss.failing {
                match &failing.reason {
                    Reason::Present(fact) => {
                        let rests = case.rests(fact, &GradeTables::default(), &small);
                        found.extend(rests.iter().flat_map(|rests| rests.claims()));
                    }
                    Reason::Absent { below, .. } => open.extend(below),
                    Reason::Total(_) | Reason::False => {}
                }
            }
        }
    }
    found
}
