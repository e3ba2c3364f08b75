//! The command line as typed.

use super::units;
use crate::session::{
    Choice, Combination, Credibility, GraphFormat, Lens, PartialDate, RejectQuestion, Reliability,
    Supposition, WhatIfQuestion,
};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  cutout                                        ask the case in ./rules and ./facts
  cutout query 'works_for(F, \"mss\")'            one question, as a table
  cutout query --csv 'serves(F, M)' > serves.csv
  cutout why 'attributed(\"apt3\", \"mss\")'       the proof, down to claims and sources
  cutout run                                    the whole case in batch
  cutout test                                   what the rules must conclude, and what not
  cutout run prog.dl -F facts -D out -j 2       a Soufflé program, unchanged
  cutout check --json rules/*.dl                diagnostics for an editor

Exit status: 0 done, 1 error in program or data, 2 wrong usage, 3 constraint violated, 4 budget exhausted.";

const RUN_EXAMPLES: &str = "\
Examples:
  cutout run                              derive everything in ./rules over ./facts
  cutout run prog.dl -F facts -D out      read facts/*.facts, write out/*.csv
  cutout run prog.dl -D -                 write to the screen instead
  cutout run --timeout 30s --memory 4G    stop (status 4) rather than run on
  cutout run --skip-bad-rows bad.csv      set bad rows aside and go on
  cutout run --json                       the summary as one JSON object";

const QUERY_EXAMPLES: &str = "\
Examples:
  cutout query 'works_for(F, \"mss\")'
  cutout query 'works_for(F, \"mss\"), !front(F, _)'
  cutout query --json 'chain(F, M, N), N > 2'
  cutout -C other-case query 'under(U, \"mps\")'";

const CRITICAL_EXAMPLES: &str = "\
Examples:
  cutout critical 'attributed(\"apt3\", \"mss\")'   every minimal cut of one conclusion
  cutout critical 'attributed(\"apt3\", _)'       of each that agrees
  cutout critical --relation attributed         the single points of failure of a relation
  cutout critical                               of all output relations";

const COMPARE_EXAMPLES: &str = "\
Examples:
  cutout compare contractor ministry_itself
  cutout compare --fold-sources contractor ministry_itself     root sources in place of claims
  cutout compare --judged matrix.csv contractor ministry_itself
  cutout compare --planted shared contractor ministry_itself   without one category of evidence
  cutout compare 'front_company(\"isoon\", \"mss\")' 'own_business(\"isoon\", \"mss\")'";

const ABDUCE_EXAMPLES: &str = "\
Examples:
  cutout abduce 'serves(\"x-firm\", \"mss\")'            over the relations declared .abducible
  cutout abduce --using contract,subcontract --max 3 'serves(\"x-firm\", \"mss\")'
  cutout abduce --rival 'serves(\"x-firm\", \"mps\")' 'serves(\"x-firm\", \"mss\")'
  cutout abduce --new-constants 'serves(\"x-firm\", \"mss\")'   with some unknown entity in between";

const PLAN_EXAMPLES: &str = "\
Examples:
  cutout plan                                 every rule, over the rows it would meet
  cutout plan --rule works_for                the rules of one relation
  cutout plan --rule rules/firms.dl:12        the rule that begins there
  cutout plan --query 'works_for(F, \"mss\")'
  cutout plan slow.dl --timeout 10s           over the rows that ten seconds bring

Estimates are for the relations as they are after a run, which is why the rules are run first.";

const TEST_EXAMPLES: &str = "\
Examples:
  cutout test                       every rules/*.expect
  cutout test --coverage            also: which rules never fired, which inputs never mattered
  cutout test rules/ladder.expect   these expectations about the case
  cutout test prog.dl -F facts      prog.expect, about a program given by name

A file of expectations, each ended by a dot:
  works_for(\"a\", \"b\").              it holds
  !front(\"a\", _).                   nothing agrees with it
  serves(F, M), F != M.             there is an answer
  serves(\"a\", M) -> { \"mss\" }.     exactly these answers; of two variables { (\"x\", 1), … }
  serves(_, \"mss\") -> count >= 8.   also of one fact: strength, supports, roots
  no violations.                    no constraint is violated
  violated \"text\".                one is, with this in its text or place
  under contractor { … }            what is in the braces, under this hypothesis";

const DIFF_EXAMPLES: &str = "\
Examples:
  cutout diff last-month .                  two cases, each with rules and facts
  cutout diff old-rules rules               two versions of the rules over ./facts
  cutout diff old.dl new.dl -F facts        two programs
  cutout diff old-rules rules --relation attributed --limit 20";

const WHAT_IF_EXAMPLES: &str = "\
Examples:
  cutout what-if '+contract(\"beijing-ssb\", \"itg\")'   assume a fact
  cutout what-if '-contract(_, \"itg\")'                withdraw every fact that agrees
  cutout what-if --without-source ofac-itg-2025        with the reports that only repeat it
  cutout what-if -H contractor --why                   a hypothesis, with proofs
  cutout what-if --without-rules rules/fronts.dl --json

Nothing is changed: this is the difference it would make.";

const REJECT_EXAMPLES: &str = "\
Examples:
  cutout reject 'attributed(\"kv-botnet\", \"mss\")'
  cutout reject 'attributed(\"kv-botnet\", \"mss\")' --choose 1 --author 'A. Analyst'

The choice goes into judgements.csv beside the facts: dated, with its author, and honoured by every later run.
A later row for the claim with the stance `accepts` takes it back.";

const PROFILE_EXAMPLES: &str = "\
Examples:
  cutout profile                              the most expensive rules first
  cutout profile prog.dl -F facts --html p.html
  cutout profile slow.dl --timeout 10s        where ten seconds go

With more threads than one, times are of the wall, not of the processor.";

/// Works out who is behind cyber intrusions: claims in CSV files, rules in Datalog, answers with their sources.
///
/// Without a command: asks the case in ./rules and ./facts.
#[derive(Debug, Parser)]
#[command(name = "cutout", version, after_help = EXAMPLES)]
pub struct Cli {
    /// The directory of another case, with its own rules and facts
    #[arg(short = 'C', value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Verb>,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Derive everything in batch and write the output relations
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Answer one query
    #[command(after_help = QUERY_EXAMPLES)]
    Query(QueryArgs),
    /// Ask interactively
    Repl(ReplArgs),
    /// Look for mistakes without running anything; facts are read too for a whole case, or with -F
    Check(CheckArgs),
    /// Write program files the one way they are written; words and comments stay
    Fmt(FmtArgs),
    /// Show how rules are joined: which rows, in which order, through which indexes
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(PlanArgs),
    /// Run, and show what each rule and round cost
    #[command(after_help = PROFILE_EXAMPLES)]
    Profile(ProfileArgs),
    /// Prove a fact, down to the claims and their sources
    Why(WhyArgs),
    /// What was nearest to a fact that does not hold
    WhyNot(FactArgs),
    /// Which independent sources carry a fact, copies counted once
    Corroboration(FactArgs),
    /// What conclusions hang on: minimal cuts of claims and of sources
    #[command(after_help = CRITICAL_EXAMPLES)]
    Critical(CriticalArgs),
    /// On which publication date each fact first became derivable, and through which sources
    Timeline(FactArgs),
    /// What depends on a claim, a source, a rule (as `rules/a.dl:12`) or a file
    Impact(ThingArgs),
    /// What holds in every world of identity, only if names are merged, only if they are separate
    Worlds(FactArgs),
    /// Check the expectations written beside the rules; status 1 when one is not met
    #[command(after_help = TEST_EXAMPLES)]
    Test(TestArgs),
    /// What each hypothesis comes to: goals, strength, what appears, falls and is violated
    Hypotheses(HypothesesArgs),
    /// Competing hypotheses side by side: which evidence tells them apart, what would alter their order
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(CompareArgs),
    /// What to collect to tell hypotheses apart, and through which sources it might come
    Requirements(CompareArgs),
    /// What two cases, or two versions of rules, say differently, and why
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// What would appear, fall or weaken if something were assumed or withdrawn
    #[command(after_help = WHAT_IF_EXAMPLES)]
    WhatIf(WhatIfArgs),
    /// The ways to end a conclusion that is not believed, least credible first; keep one of them rejected
    #[command(after_help = REJECT_EXAMPLES)]
    Reject(RejectArgs),
    /// What would have to be so for a fact to hold: all minimal sets of facts that may be assumed
    #[command(after_help = ABDUCE_EXAMPLES)]
    Abduce(AbduceArgs),
    /// Print the completion script of a shell
    Completions { shell: Shell },
}

/// The rules to go by.
#[derive(Clone, Debug, Default, Args)]
pub struct RuleFiles {
    /// Rule files, together one program [default: rules/*.dl]
    #[arg(value_name = "PROG.dl", value_hint = ValueHint::FilePath)]
    pub programs: Vec<PathBuf>,
}

impl Deref for RuleFiles {
    type Target = [PathBuf];

    fn deref(&self) -> &[PathBuf] {
        &self.programs
    }
}

/// Which program, and how it is read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Program")]
pub struct ProgramArgs {
    /// Directory of the fact files [default: ./facts with ./rules, otherwise .]
    #[arg(short = 'F', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub fact_dir: Option<PathBuf>,
    /// Directory searched for included files; may be repeated
    #[arg(short = 'I', long = "include-dir", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub include_dirs: Vec<PathBuf>,
    /// Macros, as in `-M "A=1 B"`
    #[arg(short = 'M', long, value_name = "MACROS")]
    pub macros: Vec<String>,
    /// Bits of a number, for programs that rely on numbers of 32 [default: 64]
    #[arg(long, value_name = "BITS", value_parser = units::word_size)]
    pub word_size: Option<u32>,
    /// Do as Soufflé does even where it errs: a division by zero ends the run, quotes are doubled after a backslash
    #[arg(long)]
    pub strict_souffle: bool,
    /// No warnings, and a missing fact file is an empty one
    #[arg(short = 'w', long)]
    pub no_warn: bool,
    /// Silence one kind of warning by its code; `all` silences every one
    #[arg(long, value_name = "WARNING")]
    pub wno: Vec<String>,
}

/// What a run may cost.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Threads, or `auto` for one on every core
    #[arg(short = 'j', long = "jobs", value_name = "N", default_value = "auto")]
    pub jobs: Jobs,
    /// Stop after this time, as in `30s` or `5m`
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    pub timeout: Option<Duration>,
    /// Stop after this many derived rows
    #[arg(long, value_name = "N")]
    pub max_rows: Option<u64>,
    /// Stop after this many rounds of one recursion
    #[arg(long, value_name = "N")]
    pub max_rounds: Option<u32>,
    /// What a rule instance without a value is, such as a division by zero: `skip` it with a warning, or `stop` with status 1
    #[arg(long, value_name = "WHAT", default_value = "skip")]
    pub on_fault: OnFault,
    /// Stop before holding more memory, as in `512M` or `4G`
    #[arg(long, value_name = "SIZE", value_parser = units::bytes)]
    pub memory: Option<u64>,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub programs: RuleFiles,
    /// Directory the output relations are written to; `-` prints them
    #[arg(short = 'D', long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub output_dir: PathBuf,
    /// Set rows that cannot be read aside into this file, with the reason, and go on
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub skip_bad_rows: Option<PathBuf>,
    /// Write what every rule cost into this file, as `cutout profile --json` prints it
    #[arg(short = 'p', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub profile: Option<PathBuf>,
    /// The summary as one JSON object on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub under: HypothesisArgs,
    #[command(flatten)]
    pub lens: LensArgs,
    #[command(flatten)]
    pub program: ProgramArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub programs: RuleFiles,
    /// Only the rules of this relation, or the rule at this place, as in `rules/firms.dl:12`
    #[arg(long, value_name = "LABEL", conflicts_with = "query")]
    pub rule: Option<String>,
    /// The plan of this query instead, as in 'works_for(F, "mss")'
    #[arg(long, value_name = "BODY")]
    pub query: Option<String>,
    /// One JSON value
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub program: ProgramArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Debug, Args)]
pub struct ProfileArgs {
    #[command(flatten)]
    pub programs: RuleFiles,
    /// One JSON value
    #[arg(long)]
    pub json: bool,
    /// Also write a picture of where the time went, as a page for a browser
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    #[command(flatten)]
    pub program: ProgramArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Debug, Args)]
pub struct QueryArgs {
    /// The query, as in 'works_for(F, "mss"), !front(F, _)'
    #[arg(value_name = "BODY")]
    pub body: String,
    #[command(flatten)]
    pub programs: RuleFiles,
    /// Comma-separated, with a header
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// One JSON value: {"columns": […], "rows": [[…]]}
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub under: HypothesisArgs,
    #[command(flatten)]
    pub lens: LensArgs,
    #[command(flatten)]
    pub program: ProgramArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Clone, Debug, Default, Args)]
pub struct ReplArgs {
    #[command(flatten)]
    pub programs: RuleFiles,
    #[command(flatten)]
    pub program: ProgramArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Rule files; `-` alone reads standard input and prints
    #[arg(value_name = "FILE.dl", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Change nothing; name the files that are not formatted, and fail if there are any
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// What a code means, as in `--explain D204`
    #[arg(long, value_name = "CODE")]
    pub explain: Option<String>,
    #[command(flatten)]
    pub programs: RuleFiles,
    /// One JSON value with all diagnostics
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub program: ProgramArgs,
}

/// Which claims count.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Claims that count")]
pub struct LensArgs {
    /// Claims that held on this date, as in `2021`, `2021-03` or `2021-03-15`
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<PartialDate>,
    /// Claims of sources published by the end of this date
    #[arg(long, value_name = "DATE")]
    pub known_by: Option<PartialDate>,
    /// Claims of sources at least so reliable, `A` to `F`
    #[arg(long, value_name = "A-F")]
    pub min_reliability: Option<Reliability>,
    /// Claims at least so credible, `1` to `6`
    #[arg(long, value_name = "1-6")]
    pub max_credibility: Option<Credibility>,
    /// Conclusions whose claims never all held at one time do not hold, and nothing follows from them
    #[arg(long)]
    pub time: bool,
}

/// Under what to ask.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Hypotheses")]
pub struct HypothesisArgs {
    /// Ask under this hypothesis, as in `contractor` or 'contractor("x-firm")'; may be repeated, the later on top
    #[arg(short = 'H', long = "hypothesis", value_name = "NAME")]
    pub hypotheses: Vec<String>,
}

/// What every explanation takes.
#[derive(Clone, Debug, Default, Args)]
pub struct ExplainArgs {
    /// One JSON value
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub under: HypothesisArgs,
    #[command(flatten)]
    pub lens: LensArgs,
    #[command(flatten)]
    pub program: ProgramArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Debug, Args)]
pub struct WhyArgs {
    /// The fact, as in 'attributed("apt3", "mss")'
    #[arg(value_name = "FACT")]
    pub fact: String,
    #[command(flatten)]
    pub programs: RuleFiles,
    /// List every minimal support
    #[arg(long)]
    pub all: bool,
    /// Look for this many supports [default: 100, any number with --all]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Draw every step, also those that rest on plain data alone
    #[arg(long)]
    pub full: bool,
    /// Check the proof again, step by step
    #[arg(long)]
    pub verify: bool,
    /// How strengths are put together: `min` (a chain is as strong as its weakest link), `product`, or `probability`
    #[arg(long, value_name = "HOW", default_value_t)]
    pub strength: Combination,
    /// Write the proof as `dot` (Graphviz), `mermaid` or `prose`
    #[arg(long = "as", value_name = "FORMAT", conflicts_with = "json")]
    pub format: Option<GraphFormat>,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct FactArgs {
    /// The fact, as in 'attributed("apt3", "mss")'
    #[arg(value_name = "FACT")]
    pub fact: String,
    #[command(flatten)]
    pub programs: RuleFiles,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct TestArgs {
    /// Files of expectations [default: rules/*.expect]; `PROG.dl` among them names the program
    #[arg(value_name = "FILE.expect", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Also say which rules never fired and which inputs never mattered
    #[arg(long)]
    pub coverage: bool,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct HypothesesArgs {
    /// Hypotheses, with constants for their parameters, as in 'contractor("x-firm")' [default: all of rules/hypotheses]; `PROG.dl` among them names the program
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A case, a directory of rule files, or one rule file
    #[arg(value_name = "BEFORE", value_hint = ValueHint::AnyPath)]
    pub before: PathBuf,
    /// What it is compared with
    #[arg(value_name = "AFTER", value_hint = ValueHint::AnyPath)]
    pub after: PathBuf,
    /// Only this relation; may be repeated
    #[arg(long, value_name = "RELATION")]
    pub relation: Vec<String>,
    /// Facts to explain of each relation, appeared and fallen each
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub limit: usize,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct ThingArgs {
    /// Id of a claim or source, place of a rule, or name of a file
    #[arg(value_name = "WHAT")]
    pub what: String,
    #[command(flatten)]
    pub programs: RuleFiles,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct WhatIfArgs {
    /// Rule files, together one program [default: rules/*.dl]; `+FACT` assumes, `-FACT` withdraws
    #[arg(value_name = "±FACT | PROG.dl", value_hint = ValueHint::FilePath)]
    pub programs: Vec<PathBuf>,
    /// Assume a fact or a rule; `+FACT` for short
    #[arg(long, value_name = "FACT")]
    pub assume: Vec<String>,
    /// Withdraw a fact, or with `_` all that agree; `-FACT` for short
    #[arg(long, value_name = "FACT")]
    pub withdraw: Vec<String>,
    /// Withdraw what a source says, and reports that only repeat it
    #[arg(long, value_name = "SOURCE")]
    pub without_source: Vec<String>,
    /// Withdraw a claim
    #[arg(long, value_name = "CLAIM")]
    pub without_claim: Vec<String>,
    /// Withdraw the rule that begins there, as in `rules/firms.dl:12`
    #[arg(long, value_name = "PLACE")]
    pub without_rule: Vec<String>,
    /// Assume all rules of a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub with_rules: Vec<String>,
    /// Withdraw all rules of a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub without_rules: Vec<String>,
    /// Prove what appears, and what falls as it held before
    #[arg(long)]
    pub why: bool,
    /// List everything, also what is long
    #[arg(long)]
    pub all: bool,
    /// Weigh up to this many of the facts that hold either way [default: 40]
    #[arg(long, value_name = "N")]
    pub weigh: Option<usize>,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct RejectArgs {
    /// The conclusion, as in 'attributed("apt3", "mss")'
    #[arg(value_name = "FACT")]
    pub fact: String,
    #[command(flatten)]
    pub programs: RuleFiles,
    /// Keep this option rejected
    #[arg(long, value_name = "N", requires = "author")]
    pub choose: Option<usize>,
    /// Who rejects it
    #[arg(long, value_name = "NAME", requires = "choose")]
    pub author: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", requires = "choose")]
    pub note: Option<String>,
    /// When [default: today]
    #[arg(long, value_name = "DATE", requires = "choose")]
    pub date: Option<PartialDate>,
    /// Options to look for [default: 20]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct CriticalArgs {
    /// Facts, `_` for any value [default: all output relations]; `PROG.dl` among them names the program
    #[arg(value_name = "FACT")]
    pub facts: Vec<String>,
    /// All conclusions of a relation; may be repeated
    #[arg(long, value_name = "RELATION")]
    pub relation: Vec<String>,
    /// Claims or sources in one cut [default: 1 for many conclusions, else any number]
    #[arg(long, value_name = "N")]
    pub size: Option<NonZeroUsize>,
    /// Cuts of each kind for each conclusion [default: 100]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Hypotheses by name, with constants for their parameters; `PROG.dl` among them names the program
    #[arg(value_name = "HYPOTHESIS")]
    pub names: Vec<String>,
    /// Fold evidence to root sources: withdraw all that goes back to one
    #[arg(long)]
    pub fold_sources: bool,
    /// Cells that a person judged: CSV with the columns evidence, one for each hypothesis, and grade if wanted; CC, C, N, I, II
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub judged: Option<PathBuf>,
    /// Take a category of evidence to be planted: a relation, a kind of source, or a word that claims name; may be repeated
    #[arg(long, value_name = "CATEGORY")]
    pub planted: Vec<String>,
    /// Try all sets of up to so many changes, withdrawals and findings [default: 2, as far as 1,500 trials go]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=4))]
    pub flips: Option<u8>,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

#[derive(Debug, Args)]
pub struct AbduceArgs {
    /// The fact to be explained, `_` for any value, as in 'serves("x-firm", "mss")'
    #[arg(value_name = "FACT")]
    pub fact: String,
    #[command(flatten)]
    pub programs: RuleFiles,
    /// Relations whose facts may be assumed, separated by commas [default: those declared .abducible]
    #[arg(long, value_name = "RELATIONS", value_delimiter = ',')]
    pub using: Vec<String>,
    /// Facts in one explanation [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=8))]
    pub max: Option<u8>,
    /// Explanations to look for [default: 100]
    #[arg(long, value_name = "N")]
    pub limit: Option<NonZeroUsize>,
    /// A fact or a hypothesis: explanations that help it too come later
    #[arg(long, value_name = "FACT")]
    pub rival: Option<String>,
    /// Also assume facts about somebody or something that no claim names
    #[arg(long)]
    pub new_constants: bool,
    #[command(flatten)]
    pub explain: ExplainArgs,
}

/// What a rule instance without a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnFault {
    /// A warning
    #[default]
    Skip,
    /// An error
    Stop,
}

/// How many threads to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jobs {
    /// One on every core.
    #[default]
    Auto,
    Exactly(NonZeroUsize),
}

/// More than any machine has cores: to start still more only takes time, or never ends.
const MOST_THREADS: usize = 1024;

impl Jobs {
    pub fn threads(self) -> usize {
        match self {
            Jobs::Auto => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            Jobs::Exactly(threads) => threads.get(),
        }
    }
}

impl FromStr for Jobs {
    type Err = String;

    fn from_str(text: &str) -> Result<Jobs, String> {
        match text {
            "auto" => Ok(Jobs::Auto),
            _ => text
                .parse()
                .ok()
                .filter(|threads: &NonZeroUsize| threads.get() <= MOST_THREADS)
                .map(Jobs::Exactly)
                .ok_or_else(|| format!("a number of threads from 1 to {MOST_THREADS}, or `auto`")),
        }
    }
}

impl Cli {
    /// The command line as typed, where `+FACT` and `-FACT` may stand for `--assume FACT` and `--withdraw FACT`.
    pub fn typed() -> Cli {
        Cli::parse_from(with_signs(std::env::args_os().collect()))
    }
}

/// `-works_for("a", _)` would be a row of short flags. Who puts `--` before it, as one does, need not.
fn with_signs(arguments: Vec<OsString>) -> Vec<OsString> {
    if !arguments
        .iter()
        .skip(1)
        .any(|argument| argument == "what-if")
    {
        return arguments;
    }
    let signed = |argument: &OsString| {
        argument.to_str().and_then(|text| {
            let (sign, fact) = text.split_at_checked(1)?;
            let name = fact.trim_start();
            let is_name =
                name.starts_with(|first: char| first.is_alphabetic() || "_?".contains(first));
            match sign {
                "+" => Some(format!("--assume={fact}")),
                "-" if is_name && name.contains('(') => Some(format!("--withdraw={fact}")),
                _ => None,
            }
        })
    };
    let is_signed = arguments.iter().any(|argument| signed(argument).is_some());
    arguments
        .into_iter()
        .filter(|argument| !is_signed || argument != "--")
        .map(|argument| signed(&argument).map_or(argument, OsString::from))
        .collect()
}

impl HypothesisArgs {
    pub fn supposed(&self) -> Supposition {
        Supposition {
            hypotheses: self.hypotheses.clone(),
            ..Supposition::default()
        }
    }
}

impl RejectArgs {
    pub fn question(&self) -> RejectQuestion {
        RejectQuestion {
            fact: self.fact.clone(),
            limit: self.limit,
            choice: self.choose.map(|option| Choice {
                option,
                author: self.author.clone().unwrap_or_default(),
                date: self.date,
                note: self.note.clone(),
            }),
        }
    }
}

impl WhatIfArgs {
    pub fn question(&self) -> WhatIfQuestion {
        WhatIfQuestion {
            supposed: Supposition {
                hypotheses: self.explain.under.hypotheses.clone(),
                assume: self.assume.clone(),
                withdraw: self.withdraw.clone(),
                without_sources: self.without_source.clone(),
                without_claims: self.without_claim.clone(),
                without_rules: self.without_rule.clone(),
                with_rule_files: self.with_rules.clone(),
                without_rule_files: self.without_rules.clone(),
            },
            why: self.why,
            weigh: self.weigh,
            all: self.all,
        }
    }
}

impl LensArgs {
    pub fn lens(&self) -> Lens {
        Lens {
            as_of: self.as_of,
            known_by: self.known_by,
            min_reliability: self.min_reliability,
            max_credibility: self.max_credibility,
            at_once: self.time,
        }
    }
}
