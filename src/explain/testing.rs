//! Small cases written as text.

use super::case::Case;
use super::facts::Fact;
use super::proof::Proof;
use super::prove::ProofOptions;
use super::tree::TreeOptions;
use crate::analysis::checked::CheckedProgram;
use crate::analysis::{self, Options};
use crate::engine::budget::Unobserved;
use crate::engine::{Budget, Database, RunOptions};
use crate::evidence::{
    Claim, ClaimId, Claims, GradeTables, Interval, PartialDate, Source, Sources, Stance,
};
use crate::io::parse_value;
use crate::storage::{Dictionary, Rows};
use crate::syntax::parse_text;
use crate::syntax::source::SourceMap;
use std::sync::Arc;

/// A program, claims and sources after a run.
pub(super) struct World {
    pub(super) program: Arc<CheckedProgram>,
    pub(super) dictionary: Arc<Dictionary>,
    pub(super) texts: SourceMap,
    pub(super) claims: Claims,
    pub(super) sources: Sources,
    pub(super) database: Database,
    births: bool,
}

impl World {
    /// A program with facts in its text only.
    pub(super) fn of(program: &str) -> World {
        World::new(program, "", "", true)
    }

    /// Claims, one a line: `id source credibility from..to relation value …`, where source may be `-`, a leading `!`
    /// disputes and the interval may be `..`; one id on several lines is one row read into several relations. Sources, one a line: `id reliability published derived,from`.
    pub(super) fn new(program: &str, claims: &str, sources: &str, births: bool) -> World {
        let mut texts = SourceMap::new();
        let (tree, problems) = parse_text("x.dl", program, &mut texts);
        assert!(problems.is_empty(), "{problems:?}");
        let checked = analysis::check(&tree, &Options::default());
        let (program, _) = checked.unwrap_or_else(|problems| panic!("{problems:?}"));
        let program = Arc::new(program);
        let dictionary = Arc::new(Dictionary::new());
        let sources = read_sources(sources);
        let claims = read_claims(claims, &program, &dictionary, &sources);
        let mut world = World {
            database: Database::new(program.clone(), dictionary.clone()),
            program,
            dictionary,
            texts,
            claims,
            sources,
            births,
        };
        world.database = world.run(|_| true);
        world
    }

    /// A run with only some of the claims.
    pub(super) fn run(&self, stands: impl Fn(ClaimId) -> bool) -> Database {
        self.run_with(stands, [])
    }

    /// The same with some facts more.
    pub(super) fn run_with<'f>(
        &self,
        stands: impl Fn(ClaimId) -> bool,
        more: impl IntoIterator<Item = &'f Fact>,
    ) -> Database {
        let mut database = Database::new(self.program.clone(), self.dictionary.clone());
        for (id, claim) in self.claims.iter() {
            if claim.stance == Stance::Supports && stands(id) {
                let mut rows = Rows::new(claim.row.len());
                rows.push(claim.row);
                database.state(claim.relation, rows);
            }
        }
        for fact in more {
            let mut rows = Rows::new(fact.row.len());
            rows.push(&fact.row);
            database.state(fact.relation, rows);
        }
        let options = RunOptions {
            births: self.births,
            ..RunOptions::default()
        };
        database
            .run(&options, &Unobserved)
            .expect("no budget, no stop");
        database
    }

    pub(super) fn case(&self) -> Case<'_> {
        Case::new(
            &self.database,
            &self.program,
            &self.dictionary,
            &self.claims,
            &self.sources,
        )
    }

    /// `relation value …`
    pub(super) fn fact(&self, text: &str) -> Fact {
        let mut words = text.split_whitespace();
        let name = words.next().expect("a relation");
        read_fact(&self.program, &self.dictionary, name, words)
    }

    /// Every fact of a relation.
    pub(super) fn facts(&self, name: &str) -> Vec<Fact> {
        let relation = self.program.relation_named(name).expect("declared");
        self.database
            .rows(relation)
            .iter()
            .map(|row| Fact::new(relation, &row))
            .collect()
    }

    /// The checked proof of a fact.
    pub(super) fn prove(&self, fact: &str) -> Proof {
        let case = self.case();
        let proof = case
            .prove(
                &self.fact(fact),
                &ProofOptions::default(),
                &Budget::default(),
            )
            .expect("the fact holds");
        assert_eq!(case.check(&proof), Ok(()), "{fact}");
        proof
    }

    /// The proof of a fact as a tree, trailing blanks cut.
    pub(super) fn tree(&self, fact: &str) -> String {
        self.draw(&self.prove(fact), &TreeOptions::default())
    }

    pub(super) fn draw(&self, proof: &Proof, options: &TreeOptions) -> String {
        self.case()
            .tree(proof, &self.texts, &GradeTables::default(), options)
            .to_string()
    }
}

fn read_fact<'t>(
    program: &CheckedProgram,
    dictionary: &Dictionary,
    name: &str,
    values: impl Iterator<Item = &'t str>,
) -> Fact {
    let relation = program
        .relation_named(name)
        .unwrap_or_else(|| panic!("{name} is declared"));
    let row: Box<[_]> = program[relation]
        .attributes
        .iter()
        .zip(values)
        .map(|(attribute, text)| {
            parse_value(program, attribute.ty, text, dictionary).expect("a value")
        })
        .collect();
    Fact { relation, row }
}

fn read_sources(text: &str) -> Sources {
    let sources = text.lines().map(|line| {
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap_or("");
        Source {
            id: next().into(),
            reliability: next().parse().unwrap_or_default(),
            published: next().parse().ok(),
            derived_from: next()
                .split(',')
                .filter(|id| !id.is_empty())
                .map(Box::from)
                .collect(),
            ..Source::default()
        }
    });
    if text.is_empty() {
        return Sources::unlisted();
    }
    Sources::register(sources.collect()).0
}

fn read_claims(
    text: &str,
    program: &CheckedProgram,
    dictionary: &Dictionary,
    sources: &Sources,
) -> Claims {
    let mut claims = Claims::new();
    let mut lines = std::collections::HashMap::new();
    for (at, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap_or("");
        let id = next();
        let source = next();
        let credibility = next();
        let interval = next();
        let name = next();
        let fact = read_fact(program, dictionary, name, words);
        let (from, to) = interval.split_once("..").unwrap_or(("", ""));
        let end = |text: &str| -> Option<PartialDate> { text.parse().ok() };
        claims
            .insert(&Claim {
                id: id.trim_start_matches('!'),
                relation: fact.relation,
                row: &fact.row,
                source: sources.find(source),
                credibility: credibility.parse().unwrap_or_default(),
                interval: Interval::new(end(from), end(to)).expect("an interval"),
                stance: if id.starts_with('!') {
                    Stance::Disputes
                } else {
                    Stance::Supports
                },
                note: None,
                file: &"x.csv".into(),
                line: *lines.entry(id).or_insert(at as u32 + 2),
            })
            .expect("ids differ");
    }
    claims
}
