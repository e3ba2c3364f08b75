//! Candidates that a row dominates which is there already: they would be taken out again at the end of the round, so they do
//! not come in.
//!
//! That gives the same as letting them in where dominance is transitive, for then whatever such a candidate dominates goes
//! anyway. It is known to be for the rows of one subsumption that agree on some columns and are compared by others, each
//! with itself.

use super::functor::compare;
use super::relation::RelationState;
use crate::analysis::checked::{LiteralKind, Subsumption, Term, ValueType, VarId};
use crate::storage::index::ABSENT;
use crate::storage::table::RowTable;
use crate::storage::{Code, Dictionary, Index, Rows};
use crate::syntax::ast::CompareOp;
use std::sync::Arc;

/// Rows that dominate others, by the columns on which both agree.
pub struct Dominance<'a> {
    index: Arc<Index>,
    /// Ascending.
    key: Vec<usize>,
    tests: Vec<Test>,
    dictionary: &'a Dictionary,
}

/// `op` between the code at this place of an entry and that in this column of a candidate.
struct Test {
    place: usize,
    column: usize,
    op: CompareOp,
    operand: ValueType,
}

impl<'a> Dominance<'a> {
    /// `None` where candidates have to come in: dominance may be of another kind, or no index leads to the rows yet.
    pub fn of<'s>(
        mut subsumptions: impl Iterator<Item = &'s Subsumption>,
        state: &RelationState,
        dictionary: &'a Dictionary,
    ) -> Option<Dominance<'a>> {
        let subsumption = subsumptions.next()?;
        if subsumptions.next().is_some() {
            return None;
        }
        let Compared {
            key,
            payload,
            tests,
        } = Compared::of(subsumption)?;
        if payload.is_empty() || key.is_empty() {
            return None;
        }
        Some(Dominance {
            index: state.whole_index(&key)?,
            key,
            tests,
            dictionary,
        })
    }

    /// Leaves in `rows` the candidates that no row dominates.
    pub fn sift(&self, candidates: &[&[Code]], len: usize, rows: &mut Vec<u32>) {
        let key: Vec<&[Code]> = self.key.iter().map(|&at| candidates[at]).collect();
        let mut numbers = Vec::with_capacity(len);
        self.index.locate_all(&key, len, &mut numbers);
        let stride = self.index.payload().len();
        rows.clear();
        rows.extend((0..len as u32).filter(|&row| {
            let number = numbers[row as usize];
            let dominates = |entry: &[Code]| {
                self.tests.iter().all(|test| {
                    let candidate = candidates[test.column][row as usize];
                    let known = entry[test.place];
                    compare(test.op, test.operand, known, candidate, self.dictionary)
                })
            };
            number == ABSENT || !self.index.entry(number).chunks_exact(stride).any(dominates)
        }));
    }
}

/// Of rows that agree on some columns, those that have another one before them by a column.
pub struct Ranking {
    key: Vec<usize>,
    test: Test,
}

impl Ranking {
    /// `None`: rows are compared in some other way than by one column.
    pub fn of<'s>(mut subsumptions: impl Iterator<Item = &'s Subsumption>) -> Option<Ranking> {
        let Compared { key, tests, .. } = Compared::of(subsumptions.next()?)?;
        let [test] = <[Test; 1]>::try_from(tests).ok()?;
        let strict = matches!(test.op, CompareOp::Lt | CompareOp::Gt);
        (strict && subsumptions.next().is_none()).then_some(Ranking { key, test })
    }

    /// Rows with a better one among them, found in one pass: more may be where values cannot be compared.
    pub fn outranked(&self, rows: &Rows, dictionary: &Dictionary) -> Rows {
        let better = |a: Code, b: Code| compare(self.test.op, self.test.operand, a, b, dictionary);
        let values = rows.column(self.test.column);
        let mut keys = RowTable::new(self.key.len());
        let mut best: Vec<Code> = Vec::new();
        let mut key = vec![Code::default(); self.key.len()];
        let numbers: Vec<u32> = (0..rows.len())
            .map(|row| {
                for (code, &column) in key.iter_mut().zip(&self.key) {
                    *code = rows.column(column)[row];
                }
                let (number, new) = keys.insert(&key);
                match new {
                    true => best.push(values[row]),
                    false if better(values[row], best[number as usize]) => {
                        best[number as usize] = values[row];
                    }
                    false => {}
                }
                number
            })
            .collect();
        let mut outranked = Rows::new(rows.arity());
        for (row, number) in numbers.into_iter().enumerate() {
            let best = best[number as usize];
            if best != values[row] && better(best, values[row]) {
                outranked.push(&rows.row(row));
            }
        }
        outranked
    }
}

/// How a subsumptive clause compares rows that agree on some columns: by others, each with itself.
struct Compared {
    /// Ascending.
    key: Vec<usize>,
    /// The other columns, ascending; places of tests are among them.
    payload: Vec<usize>,
    tests: Vec<Test>,
}

impl Compared {
    fn of(subsumption: &Subsumption) -> Option<Compared> {
        let (mut key, mut compared) = (Vec::new(), Vec::new());
        let columns = subsumption.dominated.iter().zip(&subsumption.dominating);
        for (column, terms) in columns.enumerate() {
            match terms {
                (Term::Var(a), Term::Var(b)) if a == b => key.push(column),
                (Term::Var(a), Term::Var(b)) => compared.push((column, *a, *b)),
                (Term::Wildcard, Term::Wildcard | Term::Var(_))
                | (Term::Var(_), Term::Wildcard) => {}
                _ => return None,
            }
        }
        if repeats_a_variable(subsumption) {
            return None;
        }
        let arity = subsumption.dominated.len();
        let payload: Vec<usize> = (0..arity).filter(|column| !key.contains(column)).collect();
        let mut tests = Vec::new();
        for literal in &subsumption.body {
            let LiteralKind::Compare {
                op,
                operand,
                left: Term::Var(left),
                right: Term::Var(right),
            } = &literal.kind
            else {
                return None;
            };
            let mut pairs = compared.iter();
            let &(column, dominated, _) =
                pairs.find(|(_, a, b)| (a, b) == (left, right) || (b, a) == (left, right))?;
            let op = if *left == dominated { turned(*op) } else { *op };
            tests.push(Test {
                place: payload.iter().position(|&known| known == column)?,
                column,
                op: Some(op).filter(|op| !matches!(op, CompareOp::Eq | CompareOp::Ne))?,
                operand: *operand,
            });
        }
        Some(Compared {
            key,
            payload,
            tests,
        })
    }
}

/// Whether a variable stands in two columns of a row, or in other columns of the two rows.
fn repeats_a_variable(subsumption: &Subsumption) -> bool {
    let column = |row: &[Term], var: VarId| -> Vec<usize> {
        let columns = row.iter().enumerate();
        let its = columns.filter(|(_, term)| **term == Term::Var(var));
        its.map(|(column, _)| column).collect()
    };
    let rows = [&subsumption.dominated, &subsumption.dominating];
    let vars = (0..subsumption.variables.len()).map(|var| VarId(var as u32));
    vars.into_iter().any(|var| {
        let [these, those] = rows.map(|row| column(row, var));
        let apart = !these.is_empty() && !those.is_empty() && these != those;
        these.len() > 1 || those.len() > 1 || apart
    })
}

/// The same comparison with its sides exchanged.
fn turned(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::Le => CompareOp::Ge,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::Ge => CompareOp::Le,
        CompareOp::Eq | CompareOp::Ne => op,
    }
}
