//! A plan with everything looked up: constants as codes, relations as the indexes and sets that answer its steps.

use super::database::MANY;
use super::relation::{IndexSpec, RelationState};
use super::within::Narrow;
use crate::analysis::checked::{
    AggregateOp, Constant, Functor, RelationId, Term, UserFold, ValueType, VarId,
};
use crate::plan::{Access, Asked, Guard, Operand, Placed, RulePlan, Step, Version, fan_out};
use crate::storage::{Code, Dictionary, Index, Latest, RowSet, Rows, SortedRows};
use crate::syntax::ast::CompareOp;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

#[derive(Clone, Copy, Debug)]
pub enum Arg {
    Var(VarId),
    Const(Code),
}

/// A term whose constants are codes.
#[derive(Clone, Debug)]
pub enum Expression {
    Arg(Arg),
    Record(Vec<Expression>),
    Call {
        functor: Functor,
        args: Vec<Expression>,
    },
}

impl Arg {
    pub fn of(operand: &Operand, dictionary: &Dictionary) -> Arg {
        match operand {
            Operand::Var(var) => Arg::Var(*var),
            Operand::Const(constant) => Arg::Const(encode(constant, dictionary)),
        }
    }
}

impl Expression {
    /// Whether it has a value whatever its variables are, and the same each time.
    fn never_complains(&self) -> bool {
        match self {
            Expression::Arg(_) => true,
            Expression::Record(fields) => fields.iter().all(Expression::never_complains),
            Expression::Call { functor, args } => {
                functor.op.is_total() && args.iter().all(Expression::never_complains)
            }
        }
    }

    pub fn of(term: &Term, dictionary: &Dictionary) -> Expression {
        let all = |terms: &[Term]| {
            terms
                .iter()
                .map(|term| Expression::of(term, dictionary))
                .collect()
        };
        match term {
            Term::Var(var) => Expression::Arg(Arg::Var(*var)),
            Term::Const(constant) => Expression::Arg(Arg::Const(encode(constant, dictionary))),
            Term::Wildcard => Expression::Arg(Arg::Const(Code::NIL)),
            Term::Record(fields) => Expression::Record(all(fields)),
            Term::Call { functor, args } => Expression::Call {
                functor: functor.clone(),
                args: all(args),
            },
        }
    }
}

/// Sorted rows fewer than these are searched as they are.
const FEW: usize = if cfg!(test) { 2 } else { 64 };
/// Entries of so many codes, by an estimate that is rather too high, are searched as fast as a hash table.
const SHORT: f64 = 256.0;

/// How the existence of a row is decided.
#[derive(Clone)]
pub enum Member<'a> {
    /// The key is the whole row.
    Set(&'a RowSet),
    Keys(Arc<Index>),
    /// The key is the whole pair: entries of the first code are searched for the second.
    Entries(Arc<Index>),
}

#[derive(Clone)]
pub struct Proposer<'a> {
    pub index: Arc<Index>,
    pub key: Vec<Arg>,
    /// `None`: entries of the index are in order, so they are searched.
    pub member: Option<Member<'a>>,
    /// The key of `member`: that of the index with the proposed variable among it.
    pub row: Vec<Arg>,
}

/// What a scan goes through.
#[derive(Clone)]
pub enum Source<'a> {
    Delta(Latest<'a>),
    /// A delta brought into another order.
    Sorted(Arc<Rows>),
    Set(&'a RowSet),
}

#[derive(Clone)]
pub enum Op<'a> {
    Scan {
        source: Source<'a>,
        bind: Vec<(usize, VarId)>,
        equal: Vec<(usize, Code)>,
        same: Vec<(usize, usize)>,
    },
    /// `bind` and `same` name places in the entry of the index.
    Probe {
        index: Arc<Index>,
        key: Vec<Arg>,
        bind: Vec<(usize, VarId)>,
        same: Vec<(usize, usize)>,
        /// Present when entries are in order and rows out of bounds are passed over.
        narrow: Option<Narrow>,
    },
    Check {
        member: Member<'a>,
        key: Vec<Arg>,
        negated: bool,
    },
    Intersect {
        var: VarId,
        proposers: Vec<Proposer<'a>>,
    },
    Bind {
        var: VarId,
        value: Expression,
    },
    Unpack {
        record: Expression,
        fields: Vec<Option<VarId>>,
    },
    Compare {
        op: CompareOp,
        operand: ValueType,
        left: Expression,
        right: Expression,
    },
    Match {
        pattern: Expression,
        text: Expression,
        negated: bool,
    },
    Contains {
        part: Expression,
        text: Expression,
        negated: bool,
    },
    Range {
        var: VarId,
        operand: ValueType,
        from: Expression,
        to: Expression,
        step: Option<Expression>,
    },
    /// Keeps the bindings, of `about`, that the body leads on from. `tag` carries their numbers through it.
    Ask {
        about: Vec<VarId>,
        body: Vec<Stage<'a>>,
        tag: VarId,
    },
    Aggregate(Fold<'a>),
}

#[derive(Clone)]
pub struct Fold<'a> {
    pub op: AggregateOp,
    pub user: Option<UserFold>,
    pub operand: ValueType,
    pub group: Vec<VarId>,
    pub body: Vec<Stage<'a>>,
    /// The variable that carries the number of the group through the body.
    pub tag: VarId,
    pub target: Option<Arg>,
    pub witnesses: Vec<VarId>,
    pub result: VarId,
}

impl Fold<'_> {
    /// Whether nothing in its body can be without a value, or counts how often it is asked.
    pub fn never_complains(&self) -> bool {
        self.user.is_none() && self.body.iter().all(|stage| stage.op.never_complains())
    }
}

#[derive(Clone)]
pub struct Stage<'a> {
    pub op: Op<'a>,
    pub keep: Vec<VarId>,
}

impl Op<'_> {
    fn never_complains(&self) -> bool {
        match self {
            Op::Scan { .. } | Op::Probe { .. } | Op::Check { .. } | Op::Intersect { .. } => true,
            Op::Unpack { record, .. } => record.never_complains(),
            Op::Bind { value, .. } => value.never_complains(),
            Op::Compare { left, right, .. } => left.never_complains() && right.never_complains(),
            Op::Contains { part, text, .. } => part.never_complains() && text.never_complains(),
            Op::Match { .. } | Op::Range { .. } | Op::Ask { .. } | Op::Aggregate(_) => false,
        }
    }
}

/// What must hold at all for the stages to be worth running.
pub struct Precondition<'a> {
    /// Place of the guard's first literal.
    pub at: usize,
    pub pipeline: Pipeline<'a>,
    /// Whether it has run, and whether it led anywhere.
    pub asked: AtomicBool,
    pub holds: AtomicBool,
}

pub struct Pipeline<'a> {
    pub preconditions: Vec<Precondition<'a>>,
    pub stages: Vec<Stage<'a>>,
    pub answer: Vec<Arg>,
    /// Slots a batch needs.
    pub variables: usize,
    /// Bindings expected at the widest stage for each row that the first one scans.
    pub fan_out: f64,
}

impl Pipeline<'_> {
    /// Makes one stage of each of these runs of stages, which tells whether they lead anywhere; see
    /// [`RulePlan::asked`]. For those who take a row as often as they like.
    pub fn ask(&mut self, runs: Vec<Asked>) {
        for Asked { steps, about } in runs.into_iter().rev() {
            let tag = VarId(self.variables as u32);
            self.variables += 1;
            let mut body: Vec<Stage> = self.stages.drain(steps.clone()).collect();
            let mut keep = Vec::new();
            for stage in &mut body {
                stage.keep.push(tag);
            }
            if let Some(last) = body.last_mut() {
                last.keep.pop();
                keep = std::mem::replace(&mut last.keep, vec![tag]);
                keep.retain(|var| about.contains(var));
            }
            let op = Op::Ask { about, body, tag };
            self.stages.insert(steps.start, Stage { op, keep });
        }
    }

    /// Rows that the first step goes through.
    pub fn scanned(&self) -> u64 {
        match self.stages.first().map(|stage| &stage.op) {
            Some(Op::Scan { source, .. }) => source.rows() as u64,
            _ => 0,
        }
    }

    /// Pieces of the first step that threads can take one by one.
    pub fn units(&self) -> usize {
        match self.stages.first().map(|stage| &stage.op) {
            Some(Op::Scan { source, .. }) => source.units(),
            _ => 0,
        }
    }

    /// Brings the delta that is scanned into the order of a column.
    pub fn cluster(&mut self, column: usize, sorted: impl FnOnce() -> Arc<Rows>) {
        if let Some(Op::Scan { source, .. }) = self.stages.first_mut().map(|stage| &mut stage.op)
            && let Source::Delta(delta) = source
            && !(column == 0 && delta.keeps_firsts())
        {
            *source = Source::Sorted(sorted());
        }
    }

    /// Whether two units of the first scan never give rows with the same first code.
    pub fn keeps_apart(&self) -> bool {
        let Some(Op::Scan { source, bind, .. }) = self.stages.first().map(|stage| &stage.op) else {
            return false;
        };
        let first = bind.iter().find(|(column, _)| *column == 0);
        let passed_on = first
            .is_some_and(|&(_, var)| matches!(self.answer[..], [Arg::Var(head), _] if head == var));
        passed_on && source.keeps_firsts()
    }
}

/// Looks up what plans name.
pub struct Resolver<'a> {
    pub relations: &'a [RelationState],
    pub dictionary: &'a Dictionary,
    /// For one answer only: an index over many rows would take longer to make than it saves.
    pub once: bool,
    /// Threads that build what has to be built.
    pub pool: Option<&'a rayon::ThreadPool>,
}

impl<'a> Resolver<'a> {
    pub fn resolve(&self, plan: &RulePlan) -> Pipeline<'a> {
        self.resolve_asking(plan, &|_| true)
    }

    /// The same without guards that need not be asked for.
    pub fn resolve_asking(&self, plan: &RulePlan, ask: &dyn Fn(&Guard) -> bool) -> Pipeline<'a> {
        let mut variables = plan.variables;
        let stages = self.stages(&plan.steps, None, &mut variables);
        let answer = plan
            .answer
            .iter()
            .map(|operand| Arg::of(operand, self.dictionary))
            .collect();
        let asked = plan.guards.iter().filter(|guard| ask(guard));
        let preconditions = asked.map(|guard| {
            let mut variables = plan.variables;
            let stages = self.stages(&guard.steps, None, &mut variables);
            Precondition {
                at: guard.at,
                pipeline: Pipeline {
                    preconditions: Vec::new(),
                    stages,
                    answer: Vec::new(),
                    variables,
                    fan_out: fan_out(&guard.steps),
                },
                asked: AtomicBool::new(false),
                holds: AtomicBool::new(false),
            }
        });
        Pipeline {
            preconditions: preconditions.collect(),
            stages,
            answer,
            variables,
            fan_out: fan_out(&plan.steps),
        }
    }

    /// Builds the indexes a plan looks things up in, where they are new.
    pub fn build_indexes(&self, plan: &RulePlan) {
        let guards = plan.guards.iter().map(|guard| &guard.steps);
        for steps in guards.chain([&plan.steps]) {
            self.stages(steps, None, &mut plan.variables.clone());
        }
    }

    fn stages(
        &self,
        steps: &[Placed],
        tag: Option<VarId>,
        variables: &mut usize,
    ) -> Vec<Stage<'a>> {
        steps
            .iter()
            .map(|placed| {
                let mut keep = placed.keep.clone();
                keep.extend(tag);
                Stage {
                    op: self.op(&placed.step, variables),
                    keep,
                }
            })
            .collect()
    }

    fn op(&self, step: &Step, variables: &mut usize) -> Op<'a> {
        match step {
            Step::Scan(access) => self.scan(access),
            Step::Probe(access) => self.probe(access),
            Step::Check { access, negated } => Op::Check {
                member: self.member(access, None),
                key: self.key(access),
                negated: *negated,
            },
            Step::Intersect { var, proposers } => Op::Intersect {
                var: *var,
                proposers: proposers
                    .iter()
                    .map(|access| self.proposer(access, *var))
                    .collect(),
            },
            Step::Bind { var, term } => Op::Bind {
                var: *var,
                value: Expression::of(term, self.dictionary),
            },
            Step::Unpack { record, fields } => Op::Unpack {
                record: Expression::of(record, self.dictionary),
                fields: fields.clone(),
            },
            Step::Compare {
                op,
                operand,
                left,
                right,
            } => Op::Compare {
                op: *op,
                operand: *operand,
                left: Expression::of(left, self.dictionary),
                right: Expression::of(right, self.dictionary),
            },
            Step::Match {
                pattern,
                text,
                negated,
            } => Op::Match {
                pattern: Expression::of(pattern, self.dictionary),
                text: Expression::of(text, self.dictionary),
                negated: *negated,
            },
            Step::Contains {
                part,
                text,
                negated,
            } => Op::Contains {
                part: Expression::of(part, self.dictionary),
                text: Expression::of(text, self.dictionary),
                negated: *negated,
            },
            Step::Range {
                var,
                operand,
                from,
                to,
                step,
            } => Op::Range {
                var: *var,
                operand: *operand,
                from: Expression::of(from, self.dictionary),
                to: Expression::of(to, self.dictionary),
                step: step
                    .as_ref()
                    .map(|step| Expression::of(step, self.dictionary)),
            },
            Step::Aggregate(step) => {
                let tag = VarId(*variables as u32);
                *variables += 1;
                Op::Aggregate(Fold {
                    op: step.op,
                    user: step.user.clone(),
                    operand: step.operand,
                    group: step.group.clone(),
                    body: self.stages(&step.body, Some(tag), variables),
                    tag,
                    target: step
                        .target
                        .as_ref()
                        .map(|operand| Arg::of(operand, self.dictionary)),
                    witnesses: step.witnesses.clone(),
                    result: step.result,
                })
            }
        }
    }

    fn state(&self, relation: RelationId) -> &'a RelationState {
        &self.relations[relation.index()]
    }

    fn scan(&self, access: &Access) -> Op<'a> {
        let state = self.state(access.relation);
        let source = match access.version {
            Version::Delta => Source::Delta(state.delta()),
            Version::Full | Version::Old => Source::Set(&state.set),
        };
        let equal = access.key.iter().filter_map(|(column, operand)| {
            match Arg::of(operand, self.dictionary) {
                Arg::Const(code) => Some((*column, code)),
                Arg::Var(_) => None,
            }
        });
        let same = access
            .same
            .iter()
            .map(|&(column, var)| (column, first_column(access, var)));
        Op::Scan {
            source,
            bind: access.bind.clone(),
            equal: equal.collect(),
            same: same.collect(),
        }
    }

    fn probe(&self, access: &Access) -> Op<'a> {
        let state = self.state(access.relation);
        let mut wanted: Vec<usize> = access.bind.iter().map(|&(column, _)| column).collect();
        wanted.extend(access.same.iter().map(|&(column, _)| column));
        wanted.sort_unstable();
        let spec = self.spec(state, access, &wanted);
        let place = |column: usize| {
            spec.payload
                .iter()
                .position(|&known| known == column)
                .unwrap_or(0)
        };
        let bind = access
            .bind
            .iter()
            .map(|&(column, var)| (place(column), var))
            .collect();
        let same = access
            .same
            .iter()
            .map(|&(column, var)| (place(column), place(first_column(access, var))))
            .collect();
        let corner = self.corner(state, access, &spec);
        let ordered = match (&corner, &access.within) {
            (None, Some(within)) => {
                let by = (place(within.column), within.operand);
                let index = state.index_in_order(&spec, by, self.dictionary, self.pool);
                index.map(|index| (index, Narrow::of(within, by.0, self.dictionary)))
            }
            _ => None,
        };
        let (index, narrow) = match ordered {
            Some((index, narrow)) => (index, Some(narrow)),
            None => (
                corner.unwrap_or_else(|| state.index(&spec, self.pool)),
                None,
            ),
        };
        Op::Probe {
            index,
            key: self.key(access),
            bind,
            same,
            narrow,
        }
    }

    /// The index that serves an access. While a relation grows, its indexes keep whole rows, so that one serves all.
    fn spec(&self, state: &RelationState, access: &Access, wanted: &[usize]) -> IndexSpec {
        let key: Vec<usize> = access.key.iter().map(|&(column, _)| column).collect();
        let payload = if state.is_closed() {
            wanted.to_vec()
        } else {
            (0..state.set.arity())
                .filter(|column| !key.contains(column))
                .collect()
        };
        IndexSpec { key, payload }
    }

    /// An index over just the rows that a key of constants leads to.
    fn corner(
        &self,
        state: &RelationState,
        access: &Access,
        spec: &IndexSpec,
    ) -> Option<Arc<Index>> {
        let worth = self.once && state.is_closed() && state.set.len() >= MANY;
        if !worth || spec.key.is_empty() || state.holds_index(spec) {
            return None;
        }
        let mut pattern = vec![None; state.set.arity()];
        for (column, operand) in &access.key {
            match Arg::of(operand, self.dictionary) {
                Arg::Const(code) => pattern[*column] = Some(code),
                Arg::Var(_) => return None,
            }
        }
        let rows = state
            .at_hand(&pattern)
            .or_else(|| state.scan(spec, &pattern))?;
        let columns: Vec<usize> = spec.key.iter().chain(&spec.payload).copied().collect();
        let rows = SortedRows::from_unsorted(rows.project(&columns));
        let (key, payload): (Vec<_>, Vec<_>) =
            (0..columns.len()).partition(|&at| at < spec.key.len());
        Some(Arc::new(Index::over_sorted(None, &rows, &key, &payload)))
    }

    fn proposer(&self, access: &Access, var: VarId) -> Proposer<'a> {
        let state = self.state(access.relation);
        let column = access.bind.first().map_or(0, |&(column, _)| column);
        let spec = IndexSpec {
            key: access.key.iter().map(|&(column, _)| column).collect(),
            payload: vec![column],
        };
        let mut row = access.key.clone();
        row.push((column, Operand::Var(var)));
        row.sort_by_key(|&(column, _)| column);
        let index = state.index(&spec, self.pool);
        let member = match index.is_ordered() {
            true => None,
            false => Some(self.member(access, Some(column))),
        };
        Proposer {
            index,
            key: self.key(access),
            member,
            row: row
                .iter()
                .map(|(_, operand)| Arg::of(operand, self.dictionary))
                .collect(),
        }
    }

    fn member(&self, access: &Access, also: Option<usize>) -> Member<'a> {
        let state = self.state(access.relation);
        let mut key: Vec<usize> = access
            .key
            .iter()
            .map(|&(column, _)| column)
            .chain(also)
            .collect();
        key.sort_unstable();
        let whole = key.len() == state.set.arity();
        // Searching sorted columns costs a cache miss a step, a hash index one or two in all; and a set that grows may be
        // locked by whoever inserts.
        let ready = match state.set.as_sorted() {
            Some(rows) => rows.len() < FEW,
            None => state.is_closed() || state.set.answers_freely(),
        };
        let constant = |(_, operand): &(usize, Operand)| matches!(operand, Operand::Const(_));
        let asked_once = self.once && also.is_none() && access.key.iter().all(constant);
        if whole && (ready || key.is_empty() || asked_once) {
            return Member::Set(&state.set);
        }
        if whole && self.has_short_entries(state) {
            let spec = IndexSpec {
                key: vec![0],
                payload: vec![1],
            };
            return Member::Entries(state.index(&spec, self.pool));
        }
        let spec = IndexSpec {
            key,
            payload: Vec::new(),
        };
        let corner = match also {
            Some(_) => None,
            None => self.corner(state, access, &spec),
        };
        Member::Keys(corner.unwrap_or_else(|| state.index(&spec, self.pool)))
    }

    /// Whether the sorted pairs of a relation are searched sooner than hashed: few have the same first code.
    fn has_short_entries(&self, state: &RelationState) -> bool {
        let rows = state.set.as_sorted().map_or(0, SortedRows::len);
        state.set.arity() == 2 && rows > 0 && rows as f64 <= state.distinct(0) * SHORT
    }

    fn key(&self, access: &Access) -> Vec<Arg> {
        access
            .key
            .iter()
            .map(|(_, operand)| Arg::of(operand, self.dictionary))
            .collect()
    }
}

/// The column of an access that binds a variable.
fn first_column(access: &Access, var: VarId) -> usize {
    access
        .bind
        .iter()
        .find(|&&(_, bound)| bound == var)
        .map_or(0, |&(column, _)| column)
}

/// The code of a constant of the program text.
pub fn encode(constant: &Constant, dictionary: &Dictionary) -> Code {
    match constant {
        Constant::Number(value) => dictionary.number(*value),
        Constant::Unsigned(value) => dictionary.unsigned(*value),
        Constant::Float(value) => dictionary.float(*value),
        Constant::Symbol(text) => dictionary.symbol(text),
        Constant::Nil => Code::NIL,
        Constant::Ordinal(ordinal) => Code(*ordinal),
    }
}
