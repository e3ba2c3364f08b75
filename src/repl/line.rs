//! One line as typed: a command after a colon, or text for the session.

use super::flags::{self, Given, Known};
use super::scan::{PieceKind, pieces};
use super::supposing;
use crate::session::{
    Abduction, AbductionQuestion, Command, ComparisonQuestion, CriticalQuestion, GraphFormat, Lens,
    Supposition, TestQuestion, WhatIfQuestion, WhyQuestion,
};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Nothing,
    /// A command, and how to tell its answer.
    Run(Command, Form),
    Help(Option<&'static Verb>),
    /// Say which claims count.
    Lens,
    /// Show times: on, off, or the other way round.
    Time(Option<bool>),
    Quit,
}

/// How an answer is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Every fact that is otherwise, not the first few.
    pub all: bool,
    /// As JSON, whole, in one line.
    pub json: bool,
    /// A proof as a graph, or in sentences.
    pub graph: Option<GraphFormat>,
}

/// What follows a verb; completion and usage lines come from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    Relation,
    MaybeRelation,
    /// A relation, the body of a query, or nothing.
    MaybeBody,
    Fact,
    MaybeFact,
    /// Facts or relations, several or none.
    MaybeFacts,
    File,
    /// Files, several or none.
    MaybeFiles,
    /// Names of hypotheses, several or none.
    MaybeHypotheses,
    Verb,
    OnOff,
    /// A claim, a source, a rule or a file.
    Thing,
    /// Flags that choose claims.
    Lens,
    /// A fact or a rule.
    Clause,
    /// A fact or pattern, or a word and a name.
    Withdrawal,
    /// `+FACT`, `-FACT`, several.
    Changes,
    /// A word, then what it is about.
    Hypothesis,
    /// Hypotheses by name.
    Hypotheses,
    /// A name and a file, or `claims` and a file.
    Saving,
}

/// A word after a colon.
#[derive(Debug, PartialEq, Eq)]
pub struct Verb {
    pub name: &'static str,
    pub short: Option<&'static str>,
    pub takes: Takes,
    /// One line for the overview.
    pub does: &'static str,
    /// Flags it knows.
    pub flags: &'static [Known],
    /// More, for `:help VERB`.
    pub more: &'static str,
}

const LENS: &[Known] = &[
    ("as-of", true),
    ("known-by", true),
    ("min-reliability", true),
    ("max-credibility", true),
    ("time", false),
];

const COMPARE: &[Known] = &[
    ("fold-sources", false),
    ("judged", true),
    ("planted", true),
    ("flips", true),
];

pub const VERBS: &[Verb] = &[
    Verb {
        name: "help",
        short: Some("h"),
        takes: Takes::Verb,
        does: "this overview, or more on one command",
        flags: &[],
        more: "",
    },
    Verb {
        name: "why",
        short: None,
        takes: Takes::Fact,
        does: "prove a fact, down to claims and their sources",
        flags: &[
            ("all", false),
            ("limit", true),
            ("full", false),
            ("verify", false),
            ("time", false),
            ("strength", true),
        ],
        more: "As in `:why works_for(\"a\", \"b\")`. With variables, as in `:why works_for(F, \"b\")`, the first fact that agrees. `--all` lists every minimal support, `--limit N` looks for N only, `--full` draws every step, also those that rest on plain data alone, `--verify` checks the proof again, `--time` takes only supports whose claims once held together, `--strength product` and `--strength probability` put grades together otherwise than by the weakest link, `--as prose` tells the proof in sentences, `--as dot` and `--as mermaid` as a graph.",
    },
    Verb {
        name: "why-not",
        short: None,
        takes: Takes::Fact,
        does: "what was nearest to a fact that does not hold",
        flags: &[],
        more: "For each rule that could conclude it: what holds of its body, what fails, and what there is instead, several levels deep. `_` stands for any value.",
    },
    Verb {
        name: "next",
        short: Some("n"),
        takes: Takes::Nothing,
        does: "the proof by the next support of the fact asked about last",
        flags: &[],
        more: "",
    },
    Verb {
        name: "all",
        short: None,
        takes: Takes::MaybeFact,
        does: "all supports of a fact, or of the one asked about last",
        flags: &[],
        more: "`:all FACT` is `:why FACT --all`.",
    },
    Verb {
        name: "corroboration",
        short: None,
        takes: Takes::Fact,
        does: "which independent sources carry a fact, copies counted once",
        flags: &[],
        more: "Sources are folded to their roots through `derived_from`. With `_` for any value, or a relation alone: all such \
               facts, those with the fewest independent roots first.",
    },
    Verb {
        name: "critical",
        short: None,
        takes: Takes::MaybeFacts,
        does: "what conclusions hang on: minimal cuts, single points of failure",
        flags: &[("relation", true), ("size", true), ("limit", true)],
        more: "As in `:critical attributed(\"a\", \"b\")`, `:critical attributed(_, _)`, `:critical --relation attributed`, or without anything for all outputs. `--size N`: cuts of up to N claims or sources.",
    },
    Verb {
        name: "timeline",
        short: None,
        takes: Takes::Fact,
        does: "on which publication date each fact first became derivable",
        flags: &[],
        more: "As in `:timeline attributed(_, \"a\")`. A source counts from the last day of its date on.",
    },
    Verb {
        name: "impact",
        short: None,
        takes: Takes::Thing,
        does: "what depends on a claim, a source, a rule or a file",
        flags: &[],
        more: "As in `:impact c31`, `:impact x-report`, `:impact rules/a.dl:12` or `:impact facts/contracts.csv`; `claim`, `source`, `rule` or `file` may stand before it.",
    },
    Verb {
        name: "worlds",
        short: None,
        takes: Takes::Fact,
        does: "what holds in every world of identity, only if merged, only if separate",
        flags: &[],
        more: "Claims of `same_as` and of shared aliases are switched on and off; `distinct_from` opposes them.",
    },
    Verb {
        name: "compare",
        short: None,
        takes: Takes::Hypotheses,
        does: "competing hypotheses side by side, and what would alter their order",
        flags: COMPARE,
        more: "As in `:compare contractor ministry_itself`, or with parameters `:compare front_company(\"a\", \"b\") own_business(\"a\", \"b\")`. `--fold-sources`: root sources in place of claims. `--judged FILE.csv`: cells that a person judged. `--planted CATEGORY`: without the claims of a relation, of a kind of source, or that name a word. `--flips N`: try all sets of up to N changes, withdrawals and findings.",
    },
    Verb {
        name: "requirements",
        short: None,
        takes: Takes::Hypotheses,
        does: "what to collect to tell hypotheses apart",
        flags: COMPARE,
        more: "What would have to be found or checked, whom it would help or hurt, and which kinds of source state facts of the kind. Takes what `:compare` takes.",
    },
    Verb {
        name: "abduce",
        short: None,
        takes: Takes::Fact,
        does: "what would have to be so for a fact to hold",
        flags: &[
            ("using", true),
            ("max", true),
            ("limit", true),
            ("rival", true),
            ("new-constants", false),
        ],
        more: "All minimal sets of up to N facts (`--max`, 2 by default) of the relations declared `.abducible`, or of `--using contract,subcontract`, over the constants there are. `--new-constants` adds one of each type that nobody has named. `--rival FACT` or a hypothesis: explanations that help it too come later.",
    },
    Verb {
        name: "lens",
        short: None,
        takes: Takes::Lens,
        does: "let only some claims count from now on, or all (`off`); alone: say which do",
        flags: LENS,
        more: "`--as-of DATE`: claims that held then. `--known-by DATE`: claims of sources published by then. `--min-reliability B`, `--max-credibility 2`: claims of that grade or better. `--time`: conclusions whose claims never all held at one time do not hold. Dates are YYYY, YYYY-MM or YYYY-MM-DD.",
    },
    Verb {
        name: "assume",
        short: None,
        takes: Takes::Clause,
        does: "suppose that a fact or a rule holds, until :undo",
        flags: &[],
        more: "As in `:assume contract(\"x-organ\", \"x-firm\")` or `:assume near(A, B) :- works_for(A, C), works_for(B, C).` Everything is asked under it; the case itself is not touched.",
    },
    Verb {
        name: "withdraw",
        short: None,
        takes: Takes::Withdrawal,
        does: "suppose that a fact, source, claim or rule is not there, until :undo",
        flags: &[],
        more: "As in `:withdraw contract(_, \"x-firm\")` (every fact that agrees), `:withdraw source x-report` (with the reports that only repeat it), `:withdraw claim c31`, `:withdraw rule rules/firms.dl:12`, `:withdraw rules fronts.dl`. A claim goes with all that its row states.",
    },
    Verb {
        name: "what-if",
        short: None,
        takes: Takes::Changes,
        does: "the difference it would make, without supposing it",
        flags: &[
            ("without-source", true),
            ("without-claim", true),
            ("without-rule", true),
            ("with-rules", true),
            ("without-rules", true),
            ("hypothesis", true),
            ("weigh", true),
            ("why", false),
        ],
        more: "As in `:what-if +contract(\"x-organ\", \"x-firm\") -contract(_, \"x-other\")`. `--why` proves what appears, and what falls as it held.",
    },
    Verb {
        name: "undo",
        short: Some("u"),
        takes: Takes::Nothing,
        does: "take the last supposition back",
        flags: &[],
        more: "",
    },
    Verb {
        name: "redo",
        short: None,
        takes: Takes::Nothing,
        does: "suppose again what was taken back last",
        flags: &[],
        more: "",
    },
    Verb {
        name: "diff",
        short: None,
        takes: Takes::Nothing,
        does: "the difference that all suppositions together make",
        flags: &[],
        more: "",
    },
    Verb {
        name: "hyp",
        short: None,
        takes: Takes::Hypothesis,
        does: "list, load, enter and leave hypotheses",
        flags: &[],
        more: "`:hyp list` shows those of the case, `:hyp load FILE` reads more, `:hyp enter NAME` supposes one (`:hyp enter contractor(\"x-firm\")` where it has parameters), `:hyp leave` takes the innermost back with all that was supposed since, `:hyp diff` is `:diff`.",
    },
    Verb {
        name: "reject",
        short: None,
        takes: Takes::Fact,
        does: "ways to end a conclusion that is not believed; keep one rejected",
        flags: &[
            ("choose", true),
            ("author", true),
            ("note", true),
            ("date", true),
            ("limit", true),
        ],
        more: "As in `:reject attributed(\"x-group\", \"x-organ\")`, then `:reject attributed(\"x-group\", \"x-organ\") --choose 1 --author \"A. Analyst\"`. The choice is written to judgements.csv beside the facts, and counts from then on.",
    },
    Verb {
        name: "save",
        short: None,
        takes: Takes::Saving,
        does: "write what is supposed as a hypothesis, or what is assumed as claims",
        flags: &[("author", true), ("date", true)],
        more: "As in `:save bribes rules/hypotheses/bribes.dl` or `:save claims facts/mine.csv --author \"A. Analyst\"`. No file is written over.",
    },
    Verb {
        name: "relations",
        short: None,
        takes: Takes::Nothing,
        does: "all relations, with their attributes and sizes",
        flags: &[],
        more: "",
    },
    Verb {
        name: "schema",
        short: None,
        takes: Takes::Relation,
        does: "attributes and types of a relation, and where it comes from",
        flags: &[],
        more: "",
    },
    Verb {
        name: "sources",
        short: None,
        takes: Takes::MaybeRelation,
        does: "the sources that state a relation's facts, or all sources",
        flags: &[],
        more: "",
    },
    Verb {
        name: "rules",
        short: None,
        takes: Takes::MaybeRelation,
        does: "the rules that derive a relation, or all rules",
        flags: &[],
        more: "",
    },
    Verb {
        name: "count",
        short: None,
        takes: Takes::MaybeBody,
        does: "rows of a relation, answers of a query, or everything",
        flags: &[],
        more: "As in `:count works_for`, `:count works_for(F, _), !front(F, _)` or `:count`.",
    },
    Verb {
        name: "plan",
        short: None,
        takes: Takes::MaybeBody,
        does: "how a relation's rules or a query are joined, or all rules",
        flags: &[],
        more: "As in `:plan works_for`, `:plan works_for(F, _), !front(F, _)`, `:plan rules/firms.dl:12` or `:plan`.",
    },
    Verb {
        name: "profile",
        short: None,
        takes: Takes::Nothing,
        does: "run once more and say what each rule and round cost",
        flags: &[],
        more: "The most expensive rule comes first. `known` is the part of the candidates that brought nothing new.",
    },
    Verb {
        name: "hypotheses",
        short: None,
        takes: Takes::MaybeHypotheses,
        does: "what each hypothesis comes to: goals, strength, what appears and falls",
        flags: &[],
        more: "As in `:hypotheses`, or for some of them `:hypotheses one_actor contractor(\"x-firm\")`.",
    },
    Verb {
        name: "diff-case",
        short: None,
        takes: Takes::File,
        does: "what another case or version of the rules says differently from this one as it is now",
        flags: &[("relation", true), ("limit", true)],
        more: "As in `:diff-case ../case-of-may` or `:diff-case drafts/stricter.dl --relation front`. A directory with `rules` is a case; a rule file, or a directory of rule files, is a version of the rules over the facts of this case. `--limit N`: facts to explain of each relation.",
    },
    Verb {
        name: "test",
        short: None,
        takes: Takes::MaybeFiles,
        does: "whether the expectations in rules/*.expect are met, or those in FILE",
        flags: &[("coverage", false)],
        more: "`--coverage` also says which rules never fired and which inputs never mattered. `cutout test --help` shows what can be expected.",
    },
    Verb {
        name: "load",
        short: None,
        takes: Takes::File,
        does: "add a rule file to the program",
        flags: &[],
        more: "The program stays as it was when the file has an error.",
    },
    Verb {
        name: "reload",
        short: None,
        takes: Takes::Nothing,
        does: "read all files again and forget what was typed",
        flags: &[],
        more: "",
    },
    Verb {
        name: "time",
        short: None,
        takes: Takes::OnOff,
        does: "say how long answers take, or not",
        flags: &[],
        more: "",
    },
    Verb {
        name: "quit",
        short: Some("q"),
        takes: Takes::Nothing,
        does: "leave (Ctrl-D does too)",
        flags: &[],
        more: "",
    },
];

impl Verb {
    /// By its name, its short form, or the beginning of one name only.
    pub fn find(name: &str) -> Result<&'static Verb, String> {
        let exact = VERBS
            .iter()
            .find(|verb| verb.name == name || verb.short == Some(name));
        if let Some(verb) = exact {
            return Ok(verb);
        }
        let beginning: Vec<&Verb> = VERBS
            .iter()
            .filter(|verb| !name.is_empty() && verb.name.starts_with(name))
            .collect();
        match &beginning[..] {
            [] => Err(Verb::unknown(name)),
            [only] => Ok(only),
            [others @ .., last] => {
                let others: Vec<String> = others
                    .iter()
                    .map(|verb| format!("`:{}`", verb.name))
                    .collect();
                let others = others.join(", ");
                Err(format!("`:{name}` may be {others} or `:{}`", last.name))
            }
        }
    }

    fn unknown(name: &str) -> String {
        let nearest = VERBS
            .iter()
            .map(|verb| (strsim::damerau_levenshtein(verb.name, name), verb.name))
            .min()
            .filter(|(distance, _)| *distance <= 2);
        match nearest {
            Some((_, nearest)) => format!("no command `:{name}`: did you mean `:{nearest}`?"),
            None => format!("no command `:{name}`; `:help` lists them"),
        }
    }

    /// Flags that say how the answer is told.
    fn forms(&self) -> &'static [Known] {
        match self.name {
            "assume" | "withdraw" | "what-if" | "diff" | "hyp" => {
                &[("all", false), ("json", false)]
            }
            "why" | "next" | "all" => &[("as", true), ("json", false)],
            "why-not" | "corroboration" | "critical" | "timeline" | "impact" | "worlds"
            | "compare" | "requirements" | "abduce" | "reject" | "hypotheses" | "diff-case"
            | "test" | "plan" | "profile" => &[("json", false)],
            _ => &[],
        }
    }

    /// All flags it knows.
    pub fn known(&self) -> Vec<Known> {
        [self.flags, self.forms()].concat()
    }

    pub fn usage(&self) -> String {
        let argument = match self.takes {
            Takes::Nothing => "",
            Takes::Relation => " RELATION",
            Takes::MaybeRelation => " [RELATION]",
            Takes::MaybeBody => " [RELATION | BODY]",
            Takes::Fact => " FACT",
            Takes::MaybeFact => " [FACT]",
            Takes::MaybeFacts => " [FACT …]",
            Takes::Thing => " CLAIM | SOURCE | RULE | FILE",
            Takes::Lens => " [off]",
            Takes::Clause => " FACT | RULE",
            Takes::Withdrawal => " FACT | source S | claim C | rule PLACE | rules FILE",
            Takes::Changes => " [+FACT] [-FACT] …",
            Takes::Hypotheses => " HYPOTHESIS …",
            Takes::Hypothesis => " list | load FILE | enter NAME | leave | diff",
            Takes::Saving => " NAME FILE | claims FILE",
            Takes::File => " FILE",
            Takes::MaybeFiles => " [FILE …]",
            Takes::MaybeHypotheses => " [NAME …]",
            Takes::Verb => " [COMMAND]",
            Takes::OnOff => " [on | off]",
        };
        let flags: String = self
            .known()
            .iter()
            // Nearly all have it: it is told once.
            .filter(|(flag, _)| *flag != "json")
            .map(|(flag, takes)| match takes {
                true => format!(" [--{flag} {}]", value_name(flag)),
                false => format!(" [--{flag}]"),
            })
            .collect();
        format!(":{}{argument}{flags}", self.name)
    }
}

fn value_name(flag: &str) -> &'static str {
    match flag {
        "as-of" | "known-by" => "DATE",
        "min-reliability" => "A-F",
        "max-credibility" => "1-6",
        "relation" => "RELATION",
        "judged" => "FILE",
        "planted" => "CATEGORY",
        "without-source" => "SOURCE",
        "without-claim" => "CLAIM",
        "without-rule" => "PLACE",
        "with-rules" | "without-rules" => "FILE",
        "hypothesis" | "author" => "NAME",
        "date" => "DATE",
        "note" => "TEXT",
        "using" => "RELATIONS",
        "rival" => "FACT",
        "strength" => "HOW",
        "as" => "FORMAT",
        _ => "N",
    }
}

/// Reads one line. The error says what is wrong with a command, in one sentence.
pub fn parse(line: &str) -> Result<Line, String> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(Line::Nothing);
    }
    match line.strip_prefix(':') {
        // `:- body.` is a constraint.
        Some(command) if !command.starts_with('-') => parse_command(command),
        _ => Ok(Line::Run(Command::Typed(line.to_owned()), Form::default())),
    }
}

fn parse_command(command: &str) -> Result<Line, String> {
    let (name, argument) = match command.split_once(char::is_whitespace) {
        Some((name, argument)) => (name, argument.trim()),
        None => (command, ""),
    };
    let verb = Verb::find(name)?;
    let known = verb.known();
    let flags = match known.is_empty() {
        true => Given::plain(argument),
        false => flags::take(argument, &known)?,
    };
    let told = Form {
        all: flags.has("all") && verb.forms().contains(&("all", false)),
        json: flags.has("json"),
        graph: flags.parsed("as")?,
    };
    if told.json && told.graph.is_some() {
        return Err("`--as` and `--json` are two forms: take one".to_owned());
    }
    let given = (!flags.text.is_empty()).then(|| flags.text.clone());
    let missing = || format!("`{}` needs an argument", verb.usage());
    let surplus = || Err(format!("`:{}` takes no argument", verb.name));
    let run = |command| Ok(Line::Run(command, told));
    match (verb.name, given) {
        ("help", None) => Ok(Line::Help(None)),
        ("help", Some(name)) => {
            Verb::find(name.trim_start_matches(':')).map(|v| Line::Help(Some(v)))
        }
        ("time", None) => Ok(Line::Time(None)),
        ("time", Some(value)) => match value.as_str() {
            "on" => Ok(Line::Time(Some(true))),
            "off" => Ok(Line::Time(Some(false))),
            _ => Err(format!("usage: `{}`", verb.usage())),
        },
        (
            "relations" | "reload" | "quit" | "next" | "profile" | "undo" | "redo" | "diff",
            Some(_),
        ) => surplus(),
        ("undo", None) => run(Command::Undo),
        ("redo", None) => run(Command::Redo),
        ("diff", None) => run(Command::Diff),
        ("what-if", changes) => run(Command::WhatIf(Box::new(WhatIfQuestion {
            supposed: supposing::changes(changes.as_deref().unwrap_or_default(), &flags)?,
            why: flags.has("why"),
            weigh: flags.parsed("weigh")?,
            all: told.all,
        }))),
        ("hyp", None) => run(Command::Hypotheses),
        ("next", None) => run(Command::Next),
        ("all", None) => run(Command::All),
        ("all", Some(fact)) => run(Command::Why(WhyQuestion {
            all: true,
            ..WhyQuestion::of(fact)
        })),
        ("lens", given) => match (given.as_deref(), lens(&flags)?) {
            (None, none) if none == Lens::default() => Ok(Line::Lens),
            (None, lens) => run(Command::Lens(lens)),
            (Some("off"), none) if none == Lens::default() => run(Command::Lens(none)),
            (Some(_), _) => Err(format!("usage: `{}`", verb.usage())),
        },
        ("critical", facts) => run(Command::Critical(CriticalQuestion {
            facts: facts.map_or_else(Vec::new, |facts| atoms(&facts)),
            relations: flags
                .value("relation")
                .map(str::to_owned)
                .into_iter()
                .collect(),
            size: flags.parsed("size")?.map(NonZeroUsize::get),
            limit: flags.parsed("limit")?,
        })),
        ("relations", None) => run(Command::Relations),
        ("reload", None) => run(Command::Reload),
        ("quit", None) => Ok(Line::Quit),
        ("sources", relation) => run(Command::Sources(relation)),
        ("rules", relation) => run(Command::Rules(relation)),
        ("plan", what) => run(Command::Plan(what)),
        ("profile", None) => run(Command::Profile),
        ("count", what) => run(Command::Count(what)),
        ("hypotheses", names) => run(Command::Weigh(
            names.as_deref().map_or_else(Vec::new, called),
        )),
        ("diff-case", Some(path)) => run(Command::DiffCase {
            other: unquoted(&path),
            relations: flags.values("relation").map(str::to_owned).collect(),
            explain: flags.parsed("limit")?.unwrap_or(3),
        }),
        ("test", files) => run(Command::Test(TestQuestion {
            files: files.as_deref().map_or_else(Vec::new, paths),
            coverage: flags.has("coverage"),
        })),
        (_, None) => Err(missing()),
        ("why", Some(fact)) => run(Command::Why(WhyQuestion {
            all: flags.has("all"),
            limit: flags.parsed("limit")?,
            full: flags.has("full"),
            verify: flags.has("verify"),
            strength: flags.parsed("strength")?.unwrap_or_default(),
            time: flags.has("time"),
            ..WhyQuestion::of(fact)
        })),
        ("assume", Some(text)) if text.starts_with('-') => Err(format!(
            "a fact is withdrawn by `:withdraw {}`",
            text[1..].trim_start()
        )),
        ("assume", Some(text)) if text.starts_with('+') => Err(format!(
            "without the sign: `:assume {}`",
            text[1..].trim_start()
        )),
        ("assume", Some(text)) => run(Command::Suppose(Box::new(Supposition {
            assume: vec![text],
            ..Supposition::default()
        }))),
        ("withdraw", Some(text)) => run(Command::Suppose(Box::new(supposing::withdrawal(&text)))),
        ("hyp", Some(text)) => supposing::hypothesis(&text).and_then(run),
        ("reject", Some(fact)) => supposing::reject(fact, &flags).and_then(run),
        ("save", Some(text)) => supposing::save(&text, &flags).and_then(run),
        ("timeline", Some(atom)) => run(Command::Timeline(atom)),
        ("impact", Some(what)) => run(Command::Impact(what)),
        ("worlds", Some(atom)) => run(Command::Worlds(atom)),
        ("compare", Some(names)) => run(Command::Compare(comparison(&names, &flags)?)),
        ("requirements", Some(names)) => run(Command::Requirements(comparison(&names, &flags)?)),
        ("abduce", Some(fact)) => run(Command::Abduce(AbductionQuestion {
            fact,
            using: flags
                .value("using")
                .map(str::to_owned)
                .into_iter()
                .collect(),
            most: flags.parsed("max")?.map(NonZeroUsize::get),
            limit: flags.parsed("limit")?.map(NonZeroUsize::get),
            rival: flags.value("rival").map(str::to_owned),
            new_constants: flags.has("new-constants"),
            described: (!told.json).then_some(Abduction::SHOWN),
        })),
        ("why-not", Some(fact)) => run(Command::WhyNot(fact)),
        ("corroboration", Some(fact)) => run(Command::Corroboration(fact)),
        ("schema", Some(relation)) => run(Command::Schema(relation)),
        ("load", Some(path)) => run(Command::Load(unquoted(&path))),
        (name, Some(_)) => Err(Verb::unknown(name)),
    }
}

fn comparison(names: &str, flags: &Given) -> Result<ComparisonQuestion, String> {
    Ok(ComparisonQuestion {
        hypotheses: called(names),
        fold_sources: flags.has("fold-sources"),
        judged: flags.value("judged").map(unquoted),
        planted: flags
            .value("planted")
            .map(str::to_owned)
            .into_iter()
            .collect(),
        flips: flags.parsed("flips")?,
    })
}

/// Names, with constants for their parameters or without.
fn called(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut depth = 0usize;
    for piece in pieces(text) {
        let word = &text[piece.range.clone()];
        match piece.kind {
            PieceKind::Open => depth += 1,
            PieceKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        let apart = depth == 0 && (word.trim().is_empty() || word == ",");
        match apart {
            true if !name.is_empty() => names.push(std::mem::take(&mut name)),
            true => {}
            false => name.push_str(word),
        }
    }
    names.extend(Some(name).filter(|name| !name.is_empty()));
    names
}

/// Atoms one after the other, or names.
fn atoms(text: &str) -> Vec<String> {
    let mut atoms = Vec::new();
    let (mut start, mut depth) = (0, 0usize);
    for piece in pieces(text) {
        match piece.kind {
            PieceKind::Open => depth += 1,
            PieceKind::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    atoms.push(text[start..piece.range.end].trim().to_owned());
                    start = piece.range.end;
                }
            }
            PieceKind::Other if depth == 0 && &text[piece.range.clone()] == "," => {
                start = piece.range.end;
            }
            _ => {}
        }
    }
    let rest = text[start..].split_whitespace().map(str::to_owned);
    atoms.extend(rest.filter(|rest| rest != "."));
    atoms
}

fn lens(flags: &Given) -> Result<Lens, String> {
    Ok(Lens {
        as_of: flags.parsed("as-of")?,
        known_by: flags.parsed("known-by")?,
        min_reliability: flags.parsed("min-reliability")?,
        max_credibility: flags.parsed("max-credibility")?,
        at_once: flags.has("time"),
    })
}

/// Paths with blanks between them; of quotes only one pair, around a single path.
fn paths(text: &str) -> Vec<PathBuf> {
    match text.starts_with('"') {
        true => vec![unquoted(text)],
        false => text.split_whitespace().map(PathBuf::from).collect(),
    }
}

/// A path may stand in quotes, when it has blanks at its ends.
pub(super) fn unquoted(path: &str) -> PathBuf {
    let inner = path
        .strip_prefix('"')
        .and_then(|path| path.strip_suffix('"'));
    PathBuf::from(inner.unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_begins_a_command_and_anything_else_is_text() {
        let run = |command| Ok(Line::Run(command, Form::default()));
        let typed = |text: &str| run(Command::Typed(text.to_owned()));
        assert_eq!(parse("  "), Ok(Line::Nothing));
        assert_eq!(parse(" p(X). "), typed("p(X)."));
        assert_eq!(parse(":- p(X)."), typed(":- p(X)."));
        assert_eq!(parse(":q"), Ok(Line::Quit));
        assert_eq!(
            parse(":rel"),
            Err("`:rel` may be `:relations` or `:reload`".to_owned())
        );
        assert_eq!(
            parse(":wh"),
            Err("`:wh` may be `:why`, `:why-not` or `:what-if`".to_owned())
        );
        assert_eq!(parse(":relat"), run(Command::Relations));
        assert_eq!(
            parse(":why  p(\"a b\")"),
            run(Command::Why(WhyQuestion::of("p(\"a b\")")))
        );
        assert_eq!(
            parse(":load \"a b.dl\""),
            run(Command::Load(PathBuf::from("a b.dl")))
        );
        assert_eq!(parse(":time off"), Ok(Line::Time(Some(false))));
        assert_eq!(
            parse(":hypotheses a, b(\"x, y\", \"z\") c"),
            run(Command::Weigh(
                ["a", "b(\"x, y\", \"z\")", "c"].map(str::to_owned).to_vec()
            ))
        );
    }

    #[test]
    fn a_wrong_command_says_what_would_be_right() {
        for (line, reason) in [
            (":shcema p", "no command `:shcema`: did you mean `:schema`?"),
            (":zzzzzz", "no command `:zzzzzz`; `:help` lists them"),
            (":schema", "`:schema RELATION` needs an argument"),
            (":quit now", "`:quit` takes no argument"),
            (":time perhaps", "usage: `:time [on | off]`"),
            (
                ":assume -r(\"x\")",
                "a fact is withdrawn by `:withdraw r(\"x\")`",
            ),
            (":assume + r(\"x\")", "without the sign: `:assume r(\"x\")`"),
            (":", "no command `:`; `:help` lists them"),
        ] {
            assert_eq!(parse(line), Err(reason.to_owned()), "{line}");
        }
    }

    #[test]
    fn every_verb_has_a_meaning() {
        for verb in VERBS {
            let line = format!(":{} x", verb.name);
            let without = format!(":{}", verb.name);
            let with_two = format!(":{} x y", verb.name);
            let lines = [&line, &without, &with_two];
            assert!(lines.iter().any(|line| parse(line).is_ok()), "{line}");
        }
    }
}
