//! Births and proofs on the ecosystem workload: what recording them costs, and how soon the first answer is there.

use crate::generate;
use cutout::analysis;
use cutout::analysis::checked::CheckedProgram;
use cutout::engine::budget::Unobserved;
use cutout::engine::{Budget, Database, RunOptions};
use cutout::evidence::{Claims, GradeTables, Sources};
use cutout::explain::{Case, Fact, ProofOptions};
use cutout::storage::{Dictionary, Rows};
use cutout::syntax::parse_text;
use cutout::syntax::source::SourceMap;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Relations whose conclusions are asked for: all that the program puts out.
const ASKED: [&str; 10] = [
    "under",
    "works_for",
    "serves",
    "controls",
    "shares_staff",
    "front",
    "linked",
    "attributed",
    "hybrid",
    "breadth",
];

/// What is asked about.
pub struct Asked<'a> {
    /// Relations; all where none is named.
    pub of: &'a [String],
    pub seed: u64,
    /// Conclusions of each relation, drawn at random.
    pub drawn: usize,
}

/// Supports that are listed at most.
const MOST: usize = 10_000;

/// What the conclusions of one relation took, in milliseconds.
#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn add(&mut self, started: Instant) {
        self.0.push(started.elapsed().as_secs_f64() * 1e3);
    }

    /// The median and the longest.
    fn text(&mut self) -> String {
        self.0.sort_by(f64::total_cmp);
        let at = |at: usize| self.0.get(at).copied().unwrap_or_default();
        format!(
            "{:.1} / {:.1}",
            at(self.0.len() / 2),
            at(self.0.len().wrapping_sub(1))
        )
    }
}

/// Runs with and without births, each in a process of its own, and then explains.
pub fn compare(scale: f64, jobs: usize, asked: &Asked) {
    let mut found = Vec::new();
    for births in ["false", "true"] {
        let child = std::env::current_exe().and_then(|path| {
            Command::new(path)
                .args(["--large", &scale.to_string(), "-j", &jobs.to_string()])
                .args(["--births", births, "--seed", &asked.seed.to_string()])
                .args(["--draw", &asked.drawn.to_string()])
                .args(asked.of.iter().flat_map(|name| ["--of", name]))
                .output()
        });
        let Ok(output) = child else {
            eprintln!("the process could not be started");
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut words = text
            .split_whitespace()
            .filter_map(|word| word.parse::<f64>().ok());
        if let (Some(seconds), Some(mib)) = (words.next(), words.next()) {
            println!("births {births:<5}  {seconds:>7.2} s of processor time  {mib:>6.0} MiB");
            found.push((seconds, mib));
        }
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        print!("{rest}");
    }
    if let [(before, less), (after, more)] = found[..] {
        println!(
            "births cost {:+.0}% processor time, {:+.0}% memory",
            (after / before - 1.0) * 100.0,
            (more / less - 1.0) * 100.0
        );
    }
}

/// One run. With births, the first proofs and all supports of some conclusions after it.
pub fn measure(scale: f64, jobs: usize, births: bool, asked: &Asked) {
    let (program, inputs) = (program(), generate::inputs("ecosystem", scale));
    let dictionary = Arc::new(Dictionary::new());
    let mut database = Database::new(program.clone(), dictionary.clone());
    for input in inputs {
        let Some(relation) = program.relation_named(input.relation) else {
            continue;
        };
        let columns = input.columns.into_iter().map(|column| {
            let numbers = column.into_iter().map(i64::from);
            numbers.map(|number| dictionary.number(number)).collect()
        });
        database.state(relation, Rows::from_columns(columns.collect()));
    }
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let worked = crate::processor_time_of_all();
    let options = RunOptions {
        threads: jobs,
        births,
        ..RunOptions::default()
    };
    let report = match database.run(&options, &Unobserved) {
        Ok(report) => report,
        Err(stop) => panic!("{stop:?}"),
    };
    let worked = crate::processor_time_of_all() - worked;
    println!("{} {}", worked.as_secs_f64(), peak());
    if births {
        println!("{} rows derived", report.derived);
        explain(&database, &program, &dictionary, asked);
    }
}

fn explain(database: &Database, program: &CheckedProgram, dictionary: &Dictionary, asked: &Asked) {
    let &Asked { of, seed, drawn } = asked;
    let (claims, sources) = (Claims::new(), Sources::unlisted());
    let tables = GradeTables::default();
    let rows = |rows| Budget {
        rows: Some(rows),
        time: Some(Duration::from_secs(20)),
        ..Budget::default()
    };
    assert!(generate::WORKLOADS.contains(&"ecosystem"));
    let mut random = generate::Random::new(seed);
    let before = peak_now();
    println!("{drawn} conclusions of each relation, seed {seed}; milliseconds, median / longest");
    println!(
        "How many of them had all supports listed, the first {MOST} listed and all counted, the first {MOST} listed"
    );
    println!(
        "{:<13} {:>10} {:>10} {:>13} {:>13} {:>15} {:>15} {:>9} {:>15} {:>9}",
        "relation",
        "rows",
        "very first",
        "first proof",
        "first support",
        "100 supports",
        "all supports",
        "how many",
        "cuts of one",
        "complete"
    );
    for name in ASKED {
        let Some(relation) = program.relation_named(name) else {
            continue;
        };
        let rows_of = database.rows(relation);
        let facts: Vec<Fact> = (0..drawn)
            .map(|_| random.below(rows_of.len().max(1) as u64) as usize)
            .map(|at| Fact::new(relation, &rows_of.row(at)))
            .collect();
        let count = rows_of.len();
        drop(rows_of);
        if !of.is_empty() && !of.iter().any(|wanted| wanted == name) {
            continue;
        }
        let [mut proofs, mut first, mut some, mut all, mut cuts] =
            std::array::from_fn(|_| Times::default());
        let mut very_first = 0.0;
        let (mut complete, mut counted, mut many, mut single) = (0, 0, 0, 0);
        for (at, fact) in facts.iter().enumerate() {
            // As many cases as questions, so that none remembers the last one.
            let case = || Case::new(database, program, dictionary, &claims, &sources);
            let started = Instant::now();
            let proof = case().prove(fact, &ProofOptions::default(), &Budget::default());
            proofs.add(started);
            if at == 0 {
                very_first = started.elapsed().as_secs_f64() * 1e3;
            }
            assert!(proof.is_some_and(|proof| case().check(&proof).is_ok()));
            let started = Instant::now();
            let found = case().supports(fact, &tables, 1, &rows(20_000));
            assert!(!found.supports.is_empty(), "{}", found.count_text());
            first.add(started);
            let started = Instant::now();
            case().supports(fact, &tables, 100, &rows(400_000));
            some.add(started);
            let started = Instant::now();
            let found = case().supports(fact, &tables, MOST, &rows(4_000_000));
            all.add(started);
            complete += usize::from(found.complete);
            counted += usize::from(found.total.is_some());
            many += usize::from(found.seen_all && found.supports.len() == MOST);
            let started = Instant::now();
            let found = case().single_cuts(std::slice::from_ref(fact), &rows(4_000_000));
            single += usize::from(found[0].single);
            cuts.add(started);
        }
        println!(
            "{name:<13} {count:>10} {very_first:>10.1} {:>13} {:>13} {:>15} {:>15} {:>9} {:>15} {:>9}",
            proofs.text(),
            first.text(),
            some.text(),
            all.text(),
            format!("{complete}/{counted}/{}", many.saturating_sub(counted)),
            cuts.text(),
            format!("{single} of {drawn}")
        );
    }
    println!(
        "{} MiB more held after explaining",
        peak_now().saturating_sub(before)
    );
}

fn program() -> Arc<CheckedProgram> {
    let text = generate::program("ecosystem").unwrap_or_default();
    let mut sources = SourceMap::new();
    let (tree, _) = parse_text("ecosystem.dl", text, &mut sources);
    match analysis::check(&tree, &analysis::Options::default()) {
        Ok((program, _)) => Arc::new(program),
        Err(wrong) => panic!("{wrong:?}"),
    }
}

fn status(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

/// MiB.
fn peak() -> u64 {
    status("VmHWM:")
}

/// MiB.
fn peak_now() -> u64 {
    status("VmRSS:")
}
