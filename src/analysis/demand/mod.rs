//! Demand: a program that derives only what somebody asks for.
//!
//! In: a checked program, and what is wanted of it. Out: another checked program in which relations of which only some
//! rows are wanted are replaced by restricted ones, with the same answers. Must not know: sizes, plans, how it is run.
//!
//! This is the magic-sets transformation (Beeri and Ramakrishnan, "On the power of magic", 1987). `reach^bf` holds the
//! rows of `reach` whose first value is wanted, and `demand reach^bf` holds those values: constants to begin with, then
//! what the rules of restricted relations ask for in turn. What is negated or counted is derived whole (Balbin, Port,
//! Ramamohanarao and Meenakshi, 1991); a whole relation's own rules ask for copies of their own, so that no demand comes
//! to depend on what is to be complete before it. Values are never made up for a demand, only handed on: programs that
//! end still end.

mod asked;
mod levels;
mod passing;
mod rewrite;
mod seeded;
#[cfg(test)]
mod tests;

use super::checked::{CheckedProgram, CheckedQuery, FunctorOp, LiteralKind, RelationId, Term};
use super::independence::{calls, term_calls};
use asked::Asked;
use levels::Levels;
use rewrite::Rewriting;
use std::collections::BTreeMap;

/// What is looked at once the program has run. Everything else need not be derived.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Relations that are written or counted, whole.
    pub outputs: bool,
    pub constraints: bool,
    pub queries: Vec<CheckedQuery>,
}

/// Which relations may be restricted, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that the program asks for by pragma or qualifier, by whatever is known where they are read.
    Asked,
    /// All, by constants and what is joined with them. Bindings that go back to no constant rarely leave much out.
    ByConstants,
    /// None: what is needed at all is derived whole.
    Whole,
}

/// What was made of a program.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// Relations that no text declares, in the order of their ids.
    pub made: BTreeMap<RelationId, Made>,
    /// What became of each derived relation, in the order of declaration.
    pub fates: Vec<(RelationId, Fate)>,
}

/// A relation that stands for part of another, or helps to derive it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// The wanted rows of a relation.
    Restricted(RelationId),
    /// What is wanted of it.
    Demand(RelationId),
    /// The beginning of a body, joined once for all that follows from it.
    Part(RelationId),
}

impl Made {
    /// The relation of the program's text.
    pub fn of(self) -> RelationId {
        match self {
            Made::Restricted(of) | Made::Demand(of) | Made::Part(of) => of,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Replaced by these.
    Restricted(Vec<RelationId>),
    Whole(Whole),
    /// Nothing that is wanted depends on it.
    Unneeded,
}

/// Why a relation is derived whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whole {
    Output,
    Negated,
    Aggregated,
    /// Some rule or question reads it without knowing any of its values.
    Unbound,
    /// It is wanted in more ways than it has values worth telling apart.
    ManyWays,
    /// Nobody asked for its restriction.
    NotAsked,
    Excluded,
    /// An equivalence, a lattice, a choice, a subsumption, a limit or a log of rounds: more than a set of rows.
    Special,
    /// What a special one is derived from.
    ForSpecial,
}

impl Whole {
    pub fn reason(self) -> &'static str {
        match self {
            Whole::Output => "it is written or counted",
            Whole::Negated => "it is negated",
            Whole::Aggregated => "an aggregate is taken over it",
            Whole::Unbound => "none of its values is known where it is read",
            Whole::ManyWays => "it is asked for in too many ways",
            Whole::NotAsked => "nothing asks for its restriction",
            Whole::Excluded => "the program excludes it",
            Whole::Special => "what it holds depends on all its rows",
            Whole::ForSpecial => "a relation that depends on all its rows is derived from it",
        }
    }
}

/// Why a program was left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declined {
    /// A relation numbers its rows in the order in which they come.
    Numbers,
    /// Nothing could be restricted or left out.
    Nothing,
    /// One thing asked for led to another, beyond what deriving everything is likely to take.
    TooMuch,
}

impl Declined {
    pub fn reason(self) -> &'static str {
        match self {
            Declined::Numbers => {
                "`autoinc()` numbers rows in the order in which everything is derived"
            }
            Declined::TooMuch => "what is asked for leads to far more rows than are stated",
            Declined::Nothing => "everything it derives is needed whole",
        }
    }
}

/// Whether the program asks for restricted relations, by pragma or qualifier.
pub fn is_asked_for(program: &CheckedProgram) -> bool {
    let asked = Asked::of(program);
    program.relations().any(|(id, _)| asked.includes(id))
}

/// Whether a question names a constant, or equates a variable with one, so that only a corner may be wanted.
pub fn binds_constants(query: &CheckedQuery) -> bool {
    let bodies = std::iter::once(&query.body).chain(&query.alternatives);
    let is_constant = |term: &Term| matches!(term, Term::Const(_));
    bodies.flatten().any(|literal| match &literal.kind {
        LiteralKind::Atom(atom) => atom.args.iter().any(is_constant),
        LiteralKind::Compare { left, right, .. } => is_constant(left) || is_constant(right),
        _ => false,
    })
}

/// The program that derives what is wanted of this one, with the wanted constraints and queries over it. Ids of
/// relations stay; rules are counted anew. Takes time in proportion to the program, for each relation that turns out to
/// be needed whole.
pub fn demanded(
    program: &CheckedProgram,
    wanted: &Wanted,
    extent: Extent,
) -> Result<CheckedProgram, Declined> {
    if numbers_rows(program) {
        return Err(Declined::Numbers);
    }
    let asked = match extent {
        Extent::Asked => Asked::of(program),
        Extent::ByConstants => Asked::everything(program),
        Extent::Whole => Asked::nothing(program),
    };
    let levels = Levels::of(program);
    let mut forced: BTreeMap<RelationId, Whole> = BTreeMap::new();
    loop {
        let mut rewriting = Rewriting::new(program, &asked, &levels, extent, forced);
        rewriting.want(wanted);
        match rewriting.conflicts() {
            true => forced = rewriting.into_whole(),
            false => return rewriting.finish(),
        }
    }
}

fn numbers_rows(program: &CheckedProgram) -> bool {
    let counts = |op: Option<&FunctorOp>| matches!(op, Some(FunctorOp::Autoinc));
    program.rules().any(|(_, rule)| {
        let head = rule.head.iter().flat_map(|head| &head.args);
        head.into_iter().any(|term| term_calls(term, &counts))
            || rule
                .body
                .iter()
                .any(|literal| calls(&literal.kind, &counts))
    })
}
