//! A session as an analyst uses one, step by step, beside a session opened anew on files that were edited by hand.

mod support;
#[path = "../src/tries.rs"]
mod tries;

use cutout::session::{Choice, Command, RejectQuestion, SaveClaims};
use cutout::session::{Lens, Supposition, WhatIfQuestion};
use cutout::{CaseSpec, Options, Session};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use support::Sandbox;
use tries::tries;

const DECLARATIONS: &str = r#".decl edge(a: symbol, b: symbol)
.input edge(IO=claims, filename="edges.csv")
.decl seen(a: symbol, from: symbol)
.input seen(IO=claims, filename="edges.csv")
.decl link(a: symbol, b: symbol)
.input link
.decl mark(a: symbol)
.decl path(a: symbol, b: symbol)
.decl alone(a: symbol)
.decl much(a: symbol, c: number)
.decl same(a: symbol, b: symbol) eqrel
.decl unseen(a: symbol)
"#;

/// Rules that may stand or not, in any choice.
const RULES: [&str; 9] = [
    "path(a, b) :- edge(a, b).",
    "path(a, b) :- link(a, b).",
    "path(a, c) :- path(a, b), edge(b, c).",
    "alone(a) :- mark(a), !path(a, _).",
    "much(a, c) :- mark(a), c = count : { edge(a, _) }.",
    "same(a, b) :- edge(a, b), link(b, a).",
    "mark(a) :- same(a, b), edge(a, b), !link(b, b).",
    "unseen(a) :- path(a, _), !seen(a, _).",
    ":- path(a, a), mark(a).",
];

/// A rule file that is not among the rules of the case.
const MORE: &str = r#".decl further(a: symbol)
further(a) :- mark(a), !edge(a, _).
path(a, b) :- further(a), mark(b).
link("n0", "n3").
mark("n2").
"#;
const MORE_FACTS: [Fact; 2] = [Fact::Link(0, 3), Fact::Mark(2)];

const HYPOTHESES: &str = r#".hypothesis other "x" {
    .goal path("n0", "n3").
    + edge("n0", "n3").
    + mark("n1").
    - link("n1", _).
    - source("x4").
    path(a, a) :- link(a, "n2").
}
.hypothesis told(N) {
    - mark(_).
    + mark(N).
    link("n3", "n0").
}
"#;

const SOURCES: &str = "\
source_id,reliability,derived_from
x0,A,
x1,B,x0
x2,C,x0; x1
x3,D,x0; x4
x4,B,
";
const RELIABILITY: [char; 5] = ['A', 'B', 'C', 'D', 'B'];
/// By source: itself, and those that only repeat it.
const ECHOES: [&[usize]; 5] = [&[0, 1, 2], &[1], &[2], &[3], &[4]];

const RELATIONS: [&str; 9] = [
    "edge(A, B)",
    "seen(A, F)",
    "link(A, B)",
    "mark(A)",
    "path(A, B)",
    "alone(A)",
    "much(A, C)",
    "same(A, B)",
    "unseen(A)",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Edge(u8, u8),
    Link(u8, u8),
    Mark(u8),
}

impl Fact {
    fn text(self) -> String {
        match self {
            Fact::Edge(a, b) => format!(r#"edge("n{a}", "n{b}")"#),
            Fact::Link(a, b) => format!(r#"link("n{a}", "n{b}")"#),
            Fact::Mark(a) => format!(r#"mark("n{a}")"#),
        }
    }

    fn relation(self) -> &'static str {
        match self {
            Fact::Edge(..) => "edge",
            Fact::Link(..) => "link",
            Fact::Mark(_) => "mark",
        }
    }
}

/// `None` for any value.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    Edge(Option<u8>, Option<u8>),
    Link(Option<u8>, Option<u8>),
    Mark(Option<u8>),
    Seen(Option<u8>),
}

impl Pattern {
    fn text(self) -> String {
        let term = |one: Option<u8>| one.map_or("_".to_owned(), |one| format!(r#""n{one}""#));
        match self {
            Pattern::Edge(a, b) => format!("edge({}, {})", term(a), term(b)),
            Pattern::Link(a, b) => format!("link({}, {})", term(a), term(b)),
            Pattern::Mark(a) => format!("mark({})", term(a)),
            Pattern::Seen(a) => format!("seen({}, _)", term(a)),
        }
    }

    fn takes(self, fact: Fact) -> bool {
        let agrees = |wanted: Option<u8>, has: u8| wanted.is_none_or(|wanted| wanted == has);
        match (self, fact) {
            (Pattern::Edge(a, b), Fact::Edge(c, d)) | (Pattern::Link(a, b), Fact::Link(c, d)) => {
                agrees(a, c) && agrees(b, d)
            }
            (Pattern::Mark(a), Fact::Mark(c)) => agrees(a, c),
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Claim {
    a: u8,
    b: u8,
    from: u16,
    source: usize,
    disputes: bool,
}

/// One change, as an overlay makes it.
#[derive(Clone, Copy, Debug)]
enum Change {
    Assume(Fact),
    Withdraw(Pattern),
    /// Both at once: what is withdrawn goes first.
    Replace(Pattern, Fact),
    WithoutClaim(usize),
    WithoutSource(usize),
    AddRule(usize),
    DropRule(usize),
    AddFile,
    DropFile,
    Other,
    Told(u8),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Change(Change),
    Undo,
    Redo,
    Leave,
    /// Typed into the case itself.
    TypeFact(Fact),
    TypeRule(usize),
    Insert(Fact),
    Reject(u8, u8),
    /// What is assumed, as claims made on this day.
    Save(u8),
    Look(Glass),
}

/// Through what one looks at the claims.
#[derive(Clone, Copy, Debug)]
enum Glass {
    Clear,
    AtOnce,
    AsOf(u16),
    AtLeast(char),
}

impl Glass {
    fn lens(self) -> Lens {
        match self {
            Glass::Clear => Lens::default(),
            Glass::AtOnce => Lens {
                at_once: true,
                ..Lens::default()
            },
            Glass::AsOf(year) => Lens {
                as_of: Some(year.to_string().parse().unwrap()),
                ..Lens::default()
            },
            Glass::AtLeast(least) => Lens {
                min_reliability: Some(least.to_string().parse().unwrap()),
                ..Lens::default()
            },
        }
    }

    fn admits(self, claim: &Claim) -> bool {
        match self {
            Glass::Clear | Glass::AtOnce => true,
            Glass::AsOf(year) => claim.from <= year,
            Glass::AtLeast(least) => RELIABILITY[claim.source] <= least,
        }
    }
}

/// What files and overlays say, taken together by hand.
#[derive(Clone, Debug)]
struct Files {
    /// `None`: withdrawn or rejected.
    claims: Vec<Option<Claim>>,
    plain: Vec<Fact>,
    /// In the text of the rules.
    text: Vec<Fact>,
    /// In the text of the file that may be loaded.
    more: Vec<Fact>,
    /// Added by the embedding program.
    inserted: Vec<Fact>,
    assumed: Vec<Fact>,
    rules: [bool; RULES.len()],
    /// Rules that stand in the file; only they have a place there.
    first: [bool; RULES.len()],
    /// Rules of hypotheses.
    others: Vec<String>,
    has_more: bool,
    glass: Glass,
}

impl Files {
    fn rules_text(&self) -> String {
        let mut text = DECLARATIONS.to_owned();
        for (rule, stands) in RULES.iter().zip(self.first) {
            text += &format!("{}\n", if stands { rule } else { "" });
        }
        for fact in &self.text {
            text += &format!("{}.\n", fact.text());
        }
        text
    }

    fn claims_text(&self) -> String {
        let mut text = "edge_id,a,b,from,source_id,stance\n".to_owned();
        for (at, claim) in self.claims.iter().enumerate() {
            if let Some(Claim {
                a,
                b,
                from,
                source,
                disputes,
            }) = claim
            {
                let stance = if *disputes { "disputes" } else { "" };
                let _ = writeln!(text, "c{at},n{a},n{b},{from},x{source},{stance}");
            }
        }
        text
    }

    fn plain_text(&self) -> String {
        let mut text = String::new();
        for fact in &self.plain {
            if let Fact::Link(a, b) = fact {
                let _ = writeln!(text, "n{a}\tn{b}");
            }
        }
        text
    }

    fn write(&self, sandbox: &Sandbox, rules: &str) {
        sandbox.file("rules/a.dl", rules);
        sandbox.file("facts/sources.csv", SOURCES);
        sandbox.file("facts/edges.csv", self.claims_text());
        sandbox.file("facts/link.facts", self.plain_text());
    }

    fn open(&self, sandbox: &Sandbox) -> Session {
        let options = Options {
            lens: self.glass.lens(),
            threads: 1,
            ..Options::default()
        };
        Session::open(CaseSpec::at(sandbox.path()), options).unwrap()
    }

    /// The case an analyst works on.
    fn case(&self) -> (Sandbox, Session) {
        let sandbox = Sandbox::new();
        self.write(&sandbox, &self.rules_text());
        sandbox.file("rules/hypotheses/h.dl", HYPOTHESES);
        sandbox.file("more/more.dl", MORE);
        let session = self.open(&sandbox);
        (sandbox, session)
    }

    /// Everything in one file of rules, and the other files edited.
    fn edited(&self) -> Session {
        self.edited_beside(|_| {})
    }

    /// The same with claims in place of what is assumed, as they were saved.
    fn edited_with_saved(&self, relation: &str, saved: &str) -> Session {
        let mut files = Files {
            assumed: Vec::new(),
            ..self.clone()
        };
        let input = format!(r#".input {relation}(IO=claims, filename="saved.csv")"#);
        files.others.push(input);
        files.edited_beside(|sandbox| {
            sandbox.file("facts/saved.csv", saved);
        })
    }

    fn edited_beside(&self, more: impl Fn(&Sandbox)) -> Session {
        let sandbox = Sandbox::new();
        more(&sandbox);
        let mut rules = DECLARATIONS.to_owned();
        let standing = RULES.iter().zip(self.rules).filter(|(_, stands)| *stands);
        for (rule, _) in standing {
            rules += &format!("{rule}\n");
        }
        if self.has_more {
            rules += ".decl further(a: symbol)\n";
        }
        for rule in &self.others {
            rules += &format!("{rule}\n");
        }
        let facts = [&self.text, &self.more, &self.inserted, &self.assumed];
        for fact in facts.into_iter().flatten() {
            rules += &format!("{}.\n", fact.text());
        }
        self.write(&sandbox, &rules);
        self.open(&sandbox)
    }

    /// The same after a change; `None` where the change makes no sense.
    fn after(&self, change: Change) -> Option<Files> {
        let mut next = self.clone();
        match change {
            Change::Assume(fact) => {
                if holds(&mut self.edited(), fact) {
                    return None;
                }
                next.assumed.push(fact);
            }
            Change::Withdraw(pattern) => next.withdraw(pattern).then_some(())?,
            Change::Replace(pattern, fact) => {
                next.withdraw(pattern).then_some(())?;
                next.assumed.push(fact);
            }
            Change::WithoutClaim(at) => {
                next.claims.get(at)?;
                next.claims[at] = None;
            }
            Change::WithoutSource(source) => next.silence(source),
            Change::AddRule(rule) => {
                if std::mem::replace(&mut next.rules[rule], true) {
                    return None;
                }
            }
            Change::DropRule(rule) => {
                if !next.first[rule] || !std::mem::take(&mut next.rules[rule]) {
                    return None;
                }
            }
            Change::AddFile => {
                // Declared twice otherwise.
                if std::mem::replace(&mut next.has_more, true) {
                    return None;
                }
                next.more = MORE_FACTS.to_vec();
                next.others
                    .extend(MORE.lines().skip(1).take(2).map(str::to_owned));
            }
            Change::DropFile => {
                let rules = MORE.lines().skip(1).take(2);
                let before = next.others.len();
                let is_more = |rule: &String| rules.clone().any(|more| more == rule);
                next.others.retain(|rule| !is_more(rule));
                if next.others.len() == before {
                    return None;
                }
                next.more.clear();
            }
            Change::Other => {
                next.withdraw(Pattern::Link(Some(1), None));
                next.silence(4);
                next.assumed.extend([Fact::Edge(0, 3), Fact::Mark(1)]);
                next.others
                    .push(r#"path(a, a) :- link(a, "n2")."#.to_owned());
            }
            Change::Told(node) => {
                let is_derived = || (0..4).any(|node| holds(&mut self.edited(), Fact::Mark(node)));
                if !next.withdraw(Pattern::Mark(None)) && is_derived() {
                    return None;
                }
                next.assumed.push(Fact::Mark(node));
                next.text.push(Fact::Link(3, 0));
            }
        }
        Some(next)
    }

    /// Whether anything was there to withdraw.
    fn withdraw(&mut self, pattern: Pattern) -> bool {
        let mut found = false;
        let glass = self.glass;
        for slot in &mut self.claims {
            let stated = slot.is_some_and(|claim| {
                let states = match pattern {
                    Pattern::Seen(a) => a.is_none_or(|a| a == claim.a),
                    _ => pattern.takes(Fact::Edge(claim.a, claim.b)),
                };
                states && !claim.disputes && glass.admits(&claim)
            });
            if stated {
                *slot = None;
                found = true;
            }
        }
        for facts in [
            &mut self.plain,
            &mut self.text,
            &mut self.more,
            &mut self.inserted,
            &mut self.assumed,
        ] {
            let before = facts.len();
            facts.retain(|fact| !pattern.takes(*fact));
            found |= facts.len() < before;
        }
        found
    }

    fn silence(&mut self, source: usize) {
        for slot in &mut self.claims {
            if slot.is_some_and(|claim| ECHOES[source].contains(&claim.source)) {
                *slot = None;
            }
        }
    }
}

impl Change {
    fn supposed(self) -> Supposition {
        let mut supposed = Supposition::default();
        match self {
            Change::Assume(fact) => supposed.assume.push(fact.text()),
            Change::Withdraw(pattern) => supposed.withdraw.push(pattern.text()),
            Change::Replace(pattern, fact) => {
                supposed.withdraw.push(pattern.text());
                supposed.assume.push(fact.text());
            }
            Change::WithoutClaim(at) => supposed.without_claims.push(format!("c{at}")),
            Change::WithoutSource(source) => supposed.without_sources.push(format!("x{source}")),
            Change::AddRule(rule) => supposed.assume.push(RULES[rule].to_owned()),
            Change::DropRule(rule) => {
                let line = DECLARATIONS.lines().count() + 1 + rule;
                supposed.without_rules.push(format!("rules/a.dl:{line}"));
            }
            Change::AddFile => supposed.with_rule_files.push("more/more.dl".to_owned()),
            Change::DropFile => supposed.without_rule_files.push("more/more.dl".to_owned()),
            Change::Other => supposed.hypotheses.push("other".to_owned()),
            Change::Told(node) => supposed.hypotheses.push(format!(r#"told("n{node}")"#)),
        }
        supposed
    }

    fn is_hypothesis(self) -> bool {
        matches!(self, Change::Other | Change::Told(_))
    }
}

fn holds(session: &mut Session, fact: Fact) -> bool {
    !session.query(&fact.text()).unwrap().is_empty()
}

/// Everything one can ask, a line each: the rows of all relations, the claims that count, the violated constraints.
fn answers(session: &mut Session) -> Vec<String> {
    let mut lines = Vec::new();
    for relation in RELATIONS {
        let table = session.query(relation).unwrap();
        for row in 0..table.len() {
            let values: Vec<String> = (0..table.columns().len())
                .map(|column| table.text(row, column))
                .collect();
            lines.push(format!("{relation} {}", values.join(" ")));
        }
    }
    let claims: BTreeSet<String> = (session.claims().iter())
        .map(|(_, claim)| format!("claim {}", claim.id))
        .collect();
    lines.extend(claims);
    for violated in session.violations() {
        let rows = serde_json::to_string(&violated.rows).unwrap();
        lines.push(format!("{} {rows}", violated.text));
    }
    lines
}

/// Rows of relations that only the first has.
fn only(these: &[String], those: &[String]) -> usize {
    let is_row = |line: &&String| RELATIONS.iter().any(|relation| line.starts_with(relation));
    these
        .iter()
        .filter(is_row)
        .filter(|line| !those.contains(line))
        .count()
}

/// The analyst's session, and what it should be.
struct Desk {
    session: Session,
    _case: Sandbox,
    base: Files,
    /// What is supposed, the innermost last, and what files and overlays come to then.
    levels: Vec<(Change, Files)>,
    undone: Vec<Change>,
}

impl Desk {
    fn new(base: Files) -> Desk {
        let (case, session) = base.case();
        Desk {
            session,
            _case: case,
            base,
            levels: Vec::new(),
            undone: Vec::new(),
        }
    }

    fn now(&self) -> &Files {
        self.levels.last().map_or(&self.base, |(_, files)| files)
    }

    /// All levels laid on another base; `None` where one makes no sense there.
    fn laid_on(&self, base: &Files) -> Option<Vec<(Change, Files)>> {
        let mut levels: Vec<(Change, Files)> = Vec::new();
        for (change, _) in &self.levels {
            let below = levels.last().map_or(base, |(_, files)| files);
            let files = below.after(*change)?;
            levels.push((*change, files));
        }
        Some(levels)
    }

    /// Takes a step, and looks whether it did what it should.
    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        let before = answers(&mut self.session);
        let lines = self.session.supposed();
        let done = match step {
            Step::Change(change) => self.change(change, &before)?,
            Step::Undo => {
                let outcome = self.session.undo();
                prop_assert_eq!(outcome.is_ok(), !self.levels.is_empty());
                if let Some((change, _)) = self.levels.pop() {
                    self.undone.push(change);
                }
                outcome.is_ok()
            }
            Step::Redo => {
                let next = self.undone.last().copied();
                let files = next.and_then(|change| Some((change, self.now().after(change)?)));
                let outcome = self.session.redo();
                prop_assert_eq!(
                    outcome.is_ok(),
                    files.is_some(),
                    "{:?}",
                    outcome.err().map(|error| error.to_string())
                );
                if let Some(level) = files {
                    self.undone.pop();
                    self.levels.push(level);
                }
                outcome.is_ok()
            }
            Step::Leave => {
                let first = self
                    .levels
                    .iter()
                    .rposition(|(change, _)| change.is_hypothesis());
                let outcome = self.session.leave();
                prop_assert_eq!(outcome.is_ok(), first.is_some());
                if let Some(first) = first {
                    let left = self.levels.split_off(first);
                    self.undone
                        .extend(left.into_iter().rev().map(|(change, _)| change));
                }
                outcome.is_ok()
            }
            Step::TypeFact(fact) => {
                if !self.levels.is_empty() {
                    return Ok(());
                }
                let typed = Command::Clauses(format!("{}.", fact.text()));
                self.session.execute(&typed).unwrap();
                self.base.text.push(fact);
                true
            }
            Step::TypeRule(rule) => {
                if !self.levels.is_empty() || self.base.rules[rule] {
                    return Ok(());
                }
                let typed = Command::Clauses(RULES[rule].to_owned());
                self.session.execute(&typed).unwrap();
                self.base.rules[rule] = true;
                true
            }
            Step::Insert(fact) => {
                let mut base = self.base.clone();
                base.inserted.push(fact);
                // Refused with whatever is asked next otherwise.
                let Some(levels) = self.laid_on(&base) else {
                    return Ok(());
                };
                match fact {
                    Fact::Edge(a, b) => self
                        .session
                        .insert("edge", &(format!("n{a}"), format!("n{b}"))),
                    Fact::Link(a, b) => self
                        .session
                        .insert("link", &(format!("n{a}"), format!("n{b}"))),
                    Fact::Mark(a) => self.session.insert("mark", &(format!("n{a}"),)),
                }
                .unwrap();
                (self.base, self.levels) = (base, levels);
                true
            }
            Step::Reject(a, b) => self.reject(a, b)?,
            Step::Save(day) => {
                self.save(day)?;
                false
            }
            Step::Look(glass) => {
                let mut base = self.base.clone();
                base.glass = glass;
                let levels = self.laid_on(&base);
                let outcome = self.session.look_through(glass.lens());
                prop_assert_eq!(
                    outcome.is_ok(),
                    levels.is_some(),
                    "{:?}",
                    outcome.err().map(|error| error.to_string())
                );
                if let Some(levels) = levels {
                    (self.base, self.levels) = (base, levels);
                }
                outcome.is_ok()
            }
        };
        let found = answers(&mut self.session);
        if !done {
            prop_assert_eq!(&found, &before, "refused, and not as it was");
            prop_assert_eq!(self.session.supposed(), lines);
        }
        let expected = answers(&mut self.now().edited());
        prop_assert_eq!(found, expected, "with {:#?}", self.now());
        Ok(())
    }

    fn change(&mut self, change: Change, before: &[String]) -> Result<bool, TestCaseError> {
        // In a file once already, or not yet: an analyst may, and it would be another rule.
        if matches!(change, Change::AddRule(rule) if self.now().rules[rule])
            || matches!(change, Change::DropRule(rule) if !self.now().rules[rule])
        {
            return Ok(false);
        }
        let files = self.now().after(change);
        let supposed = change.supposed();
        let asked = self.session.what_if(&WhatIfQuestion {
            supposed: supposed.clone(),
            all: true,
            ..WhatIfQuestion::default()
        });
        prop_assert_eq!(&answers(&mut self.session), before, "only asked");
        let outcome = self.session.assume(&supposed);
        let told = match (outcome, &files) {
            (Ok(told), Some(_)) => told,
            (Err(_), None) => {
                prop_assert!(asked.is_err());
                return Ok(false);
            }
            (Ok(_), None) => {
                return Err(TestCaseError::fail(format!("{change:?} should be refused")));
            }
            (Err(wrong), Some(_)) => {
                return Err(TestCaseError::fail(format!(
                    "{change:?} is refused: {wrong}"
                )));
            }
        };
        let asked = asked.expect("as it is assumed");
        prop_assert_eq!((&asked.fell, &asked.appeared), (&told.fell, &told.appeared));
        let after = answers(&mut self.session);
        if !matches!(change, Change::AddFile | Change::DropFile) && !self.now().has_more {
            prop_assert_eq!(told.fell.len(), only(before, &after), "{:?}", told.fell);
            prop_assert_eq!(
                told.appeared.len(),
                only(&after, before),
                "{:?}",
                told.appeared
            );
        }
        self.levels.extend(files.map(|files| (change, files)));
        self.undone.clear();
        Ok(true)
    }

    /// Nothing is otherwise afterwards; a session that reads what was saved says what this one does.
    fn save(&mut self, day: u8) -> Result<(), TestCaseError> {
        let now = self.now().clone();
        let facts: BTreeSet<Fact> = now.assumed.iter().copied().collect();
        let relations: BTreeSet<&str> = facts.iter().map(|fact| fact.relation()).collect();
        let date = format!("2012-03-{day:02}");
        let place = Sandbox::new();
        let file = place.path().join("saved.csv");
        let request = SaveClaims {
            file: file.clone(),
            author: "X. Analyst".to_owned(),
            date: Some(date.parse().unwrap()),
        };
        let outcome = self.session.save_claims(&request);
        let &[relation] = &relations.iter().copied().collect::<Vec<_>>()[..] else {
            prop_assert!(outcome.is_err() && !file.exists());
            return Ok(());
        };
        prop_assert!(
            outcome.is_ok(),
            "{:?}",
            outcome.err().map(|it| it.to_string())
        );
        let saved = std::fs::read_to_string(&file).unwrap();
        prop_assert!(self.session.save_claims(&request).is_err());
        prop_assert_eq!(&std::fs::read_to_string(&file).unwrap(), &saved);
        let mut rows = csv::Reader::from_reader(saved.as_bytes());
        let header = rows.headers().unwrap().clone();
        let of = |name: &str| header.iter().position(|one| one == name).unwrap();
        let mut ids = BTreeSet::new();
        for row in rows.records() {
            let row = row.unwrap();
            prop_assert_eq!(&row[of("author")], "X. Analyst");
            prop_assert_eq!(&row[of("date")], &date);
            ids.insert(format!("claim {}", &row[of("claim_id")]));
        }
        prop_assert_eq!(ids.len(), facts.len());
        // No source says it: through some glasses it is not seen.
        let mut expected = match now.glass {
            Glass::AtLeast(_) => {
                ids.clear();
                Files {
                    assumed: Vec::new(),
                    ..now.clone()
                }
                .edited()
            }
            Glass::Clear | Glass::AtOnce | Glass::AsOf(_) => now.edited(),
        };
        let found = answers(&mut now.edited_with_saved(relation, &saved));
        let (new, found): (Vec<String>, Vec<String>) =
            found.into_iter().partition(|line| ids.contains(line));
        prop_assert_eq!(new.len(), ids.len());
        prop_assert_eq!(found, answers(&mut expected), "{}", saved);
        Ok(())
    }

    fn reject(&mut self, a: u8, b: u8) -> Result<bool, TestCaseError> {
        let question = RejectQuestion {
            fact: format!(r#"path("n{a}", "n{b}")"#),
            limit: None,
            choice: Some(Choice {
                option: 1,
                author: "x".to_owned(),
                ..Choice::default()
            }),
        };
        match self.session.reject(&question) {
            Ok(rejection) => {
                prop_assert!(self.levels.is_empty());
                for claim in &rejection.options[0].claims {
                    let at: usize = claim.id[1..].parse().unwrap();
                    self.base.claims[at] = None;
                }
                prop_assert!(self.session.query(&question.fact).unwrap().is_empty());
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        3 => (0..4u8, 0..4u8).prop_map(|(a, b)| Fact::Edge(a, b)),
        2 => (0..4u8, 0..4u8).prop_map(|(a, b)| Fact::Link(a, b)),
        1 => (0..4u8).prop_map(Fact::Mark),
    ]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let node = || prop::option::weighted(0.7, 0..4u8);
    prop_oneof![
        3 => (node(), node()).prop_map(|(a, b)| Pattern::Edge(a, b)),
        2 => (node(), node()).prop_map(|(a, b)| Pattern::Link(a, b)),
        1 => node().prop_map(Pattern::Mark),
        1 => node().prop_map(Pattern::Seen),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => fact().prop_map(Change::Assume),
        4 => pattern().prop_map(Change::Withdraw),
        2 => (pattern(), fact()).prop_map(|(pattern, fact)| Change::Replace(pattern, fact)),
        1 => (0..8usize).prop_map(Change::WithoutClaim),
        1 => (0..5usize).prop_map(Change::WithoutSource),
        1 => (0..RULES.len()).prop_map(Change::AddRule),
        1 => (0..RULES.len()).prop_map(Change::DropRule),
        1 => Just(Change::AddFile),
        1 => Just(Change::DropFile),
        1 => Just(Change::Other),
        1 => (0..4u8).prop_map(Change::Told),
    ]
}

fn glass() -> impl Strategy<Value = Glass> {
    prop_oneof![
        Just(Glass::Clear),
        Just(Glass::AtOnce),
        (2010..2014u16).prop_map(Glass::AsOf),
        prop::sample::select(vec!['A', 'B', 'C']).prop_map(Glass::AtLeast),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => change().prop_map(Step::Change),
        4 => Just(Step::Undo),
        3 => Just(Step::Redo),
        1 => Just(Step::Leave),
        1 => fact().prop_map(Step::TypeFact),
        1 => (0..RULES.len()).prop_map(Step::TypeRule),
        1 => fact().prop_map(Step::Insert),
        1 => (0..4u8, 0..4u8).prop_map(|(a, b)| Step::Reject(a, b)),
        2 => (1..29u8).prop_map(Step::Save),
        1 => glass().prop_map(Step::Look),
    ]
}

fn files() -> impl Strategy<Value = Files> {
    let claim = (
        0..4u8,
        0..4u8,
        2010..2014u16,
        0..5usize,
        prop::bool::weighted(0.1),
    );
    let claim = claim.prop_map(|(a, b, from, source, disputes)| Claim {
        a,
        b,
        from,
        source,
        disputes,
    });
    let link = (0..4u8, 0..4u8).prop_map(|(a, b)| Fact::Link(a, b));
    let rules = prop::array::uniform9(prop::bool::weighted(0.8));
    (
        prop::collection::vec(claim, 0..8),
        prop::collection::vec(link, 0..4),
        prop::collection::vec(fact(), 0..5),
        rules,
        prop_oneof![3 => Just(Glass::Clear), 1 => glass()],
    )
        .prop_map(|(claims, plain, text, rules, glass)| Files {
            claims: claims.into_iter().map(Some).collect(),
            plain,
            text,
            more: Vec::new(),
            inserted: Vec::new(),
            assumed: Vec::new(),
            rules,
            first: rules,
            others: Vec::new(),
            has_more: false,
            glass,
        })
}

proptest! {
    #![proptest_config(tries(100))]

    #[test]
    fn a_session_is_what_edited_files_would_be(
        base in files(),
        steps in prop::collection::vec(step(), 1..9),
    ) {
        let mut desk = Desk::new(base);
        for step in steps {
            desk.take(step)?;
        }
    }
}

/// Facts in the text of the rules that were withdrawn, and rules that come and go afterwards.
#[test]
fn what_was_withdrawn_from_the_text_stays_out_until_it_is_stated_anew() {
    let text = "\
.decl e(a: number)
.decl p(a: number)
e(1).
e(2).
p(a) :- e(a).
p(a + 10) :- e(a).
.hypothesis one { - e(_). e(1). }
";
    let mut session = Session::from_rules(text).unwrap();
    let mut suppose = |kind: char, what: &str| {
        let mut supposed = Supposition::default();
        match kind {
            '-' => &mut supposed.withdraw,
            '+' => &mut supposed.assume,
            '@' => &mut supposed.without_rules,
            _ => &mut supposed.hypotheses,
        }
        .push(what.to_owned());
        session.assume(&supposed).unwrap();
        let falls = session.impact("rules:5").unwrap().falls.len();
        (session.query("p(A)").unwrap().len(), falls)
    };
    let found = [
        suppose('-', "e(_)"),
        suppose('+', "p(a + 20) :- e(a)."),
        suppose('h', "one"),
        suppose('-', "e(1)"),
        suppose('h', "one"),
        suppose('@', "rules:6"),
    ];
    assert_eq!(found, [(0, 0), (0, 0), (3, 1), (0, 0), (3, 1), (2, 1)]);
}
