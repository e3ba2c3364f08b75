//! Births and proofs on the ecosystem workload: what recording them costs, and how soon the first answer is there.

use crate::generate;
use cutout::analysis;
use cutout::analysis::checked::CheckedProgram;
use cutout::engine::budget::Unobserved;
use cutout::engine::{Budget, Database, RunOptions};
use cutout::evidence::{Claims, GradeTables, Sources};
use cutout::explain::{Case, Fact, ProofOptions};
use cutout::storage::{Code, Dictionary, Rows};
use cutout::syntax::parse_text;
use cutout::syntax::source::SourceMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// Conclusions asked for, by relation: the first of a group or firm in the middle of those there are.
const ASKED: [&str; 6] = [
    "works_for",
    "serves",
    "controls",
    "front",
    "shares_staff",
    "attributed",
];

/// Runs with and without births, each in a process of its own, and then explains.
pub fn compare(scale: f64, jobs: usize) {
    let mut found = Vec::new();
    for births in ["false", "true"] {
        let child = std::env::current_exe().and_then(|path| {
            Command::new(path)
                .args(["--large", &scale.to_string(), "-j", &jobs.to_string()])
                .args(["--births", births])
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
            println!("births {births:<5}  {seconds:>7.2} s  {mib:>6.0} MiB");
            found.push((seconds, mib));
        }
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        print!("{rest}");
    }
    if let [(before, less), (after, more)] = found[..] {
        println!(
            "births cost {:+.0}% time, {:+.0}% memory",
            (after / before - 1.0) * 100.0,
            (more / less - 1.0) * 100.0
        );
    }
}

/// One run. With births, the first proofs and all supports of some conclusions after it.
pub fn measure(scale: f64, jobs: usize, births: bool) {
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
    let started = Instant::now();
    let options = RunOptions {
        threads: jobs,
        births,
        ..RunOptions::default()
    };
    let report = match database.run(&options, &Unobserved) {
        Ok(report) => report,
        Err(stop) => panic!("{stop:?}"),
    };
    println!("{} {}", started.elapsed().as_secs_f64(), peak());
    if births {
        println!("{} rows derived", report.derived);
        explain(&database, &program, &dictionary);
    }
}

fn explain(database: &Database, program: &CheckedProgram, dictionary: &Dictionary) {
    let (claims, sources) = (Claims::new(), Sources::unlisted());
    let case = Case::new(database, program, dictionary, &claims, &sources);
    let budget = Budget::default();
    println!(
        "{:<14} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "conclusion", "proof", "again", "supports", "found", "all"
    );
    let before = peak_now();
    assert!(generate::WORKLOADS.contains(&"ecosystem"));
    for name in ASKED {
        let Some(fact) = typical(database, program, name) else {
            continue;
        };
        let timed = |f: &dyn Fn() -> usize| {
            let started = Instant::now();
            let count = f();
            (
                format!("{:.1} ms", started.elapsed().as_secs_f64() * 1e3),
                count,
            )
        };
        let prove = || {
            let proof = case.prove(&fact, &ProofOptions::default(), &budget);
            proof.map_or(0, |proof| proof.len())
        };
        let (proved, _) = timed(&prove);
        let (again, _) = timed(&prove);
        let tables = GradeTables::default();
        let first = Budget {
            rows: Some(400_000),
            ..Budget::default()
        };
        let hundred = || case.supports(&fact, &tables, 100, &first).supports.len();
        let (some, found) = timed(&hundred);
        let whole_budget = Budget {
            rows: Some(4_000_000),
            ..Budget::default()
        };
        let all = || {
            case.supports(&fact, &tables, 10_000, &whole_budget)
                .supports
                .len()
        };
        let (whole, _) = timed(&all);
        println!("{name:<14} {proved:>10} {again:>10} {some:>10} {found:>10} {whole:>10}");
    }
    println!("{} MiB more held after explaining", peak_now() - before);
}

/// The row in the middle, by code.
fn typical(database: &Database, program: &CheckedProgram, name: &str) -> Option<Fact> {
    let relation = program.relation_named(name)?;
    let rows = database.rows(relation);
    let row: Vec<Code> = rows.row((rows.len() / 2).min(rows.len().checked_sub(1)?));
    Some(Fact::new(relation, &row))
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
