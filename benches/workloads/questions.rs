//! Questions with constants: over everything that was derived, and each alone, from what it needs.

use crate::generate::Random;
use crate::{generate, program, state};
use cutout::analysis::check_query;
use cutout::analysis::checked::{CheckedProgram, CheckedQuery};
use cutout::analysis::demand::{Extent, Wanted, demanded};
use cutout::engine::budget::Unobserved;
use cutout::engine::{Budget, Database, RunOptions, StopReason};
use cutout::storage::Dictionary;
use cutout::syntax::parse_query;
use cutout::syntax::source::SourceMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Different constants asked for in each place.
const ASKED: usize = 200;
/// What an answer may take once everything is derived.
const BOUND: Duration = Duration::from_millis(1);

/// Derives a workload whole and asks for rows of each derived relation by one value; then asks some of it again, each
/// question alone. False: an answer took too long.
pub fn measure(workload: &str, scale: f64, threads: usize, births: bool) -> bool {
    let whole = program(workload);
    let started = Instant::now();
    let options = RunOptions {
        threads,
        births,
        ..RunOptions::default()
    };
    let database = run(&whole, workload, scale, &options);
    let scratch = started.elapsed();
    let rows: usize = whole.relations().map(|(id, _)| database.len(id)).sum();
    println!("{workload:<10} everything: {rows} rows in {scratch:.2?}, input made included");
    let mut quick = true;
    let mut random = Random::new(7);
    println!(
        "{:<34} {:>9} {:>9} {:>9}   alone: seconds, rows",
        "question", "first", "median", "rows"
    );
    for (id, relation) in whole.relations() {
        if whole.rules_of(id).next().is_none() || database.is_empty(id) {
            continue;
        }
        let all = database.rows(id);
        for column in 0..relation.arity() {
            let (mut times, mut answered, mut first) = (Vec::new(), Vec::new(), String::new());
            for _ in 0..ASKED {
                let code = all.column(column)[random.below(all.len() as u64) as usize];
                let number = database.dictionary().to_number(code);
                let args: Vec<String> = (0..relation.arity())
                    .map(|at| match at == column {
                        true => number.to_string(),
                        false => format!("V{at}"),
                    })
                    .collect();
                let text = format!("{}({})", relation.name, args.join(", "));
                let query = question(&whole, &text);
                let started = Instant::now();
                let answer = database.query(&query, &Budget::default(), &Unobserved);
                times.push(started.elapsed());
                answered.push(answer.map_or(0, |rows| rows.len()));
                if first.is_empty() {
                    first = text;
                }
            }
            let at_first = times[0];
            times.sort_unstable();
            answered.sort_unstable();
            let median = times[ASKED / 2];
            quick &= median < BOUND;
            println!(
                "{first:<34} {:>9} {:>9} {:>9}   {}",
                format!("{at_first:.1?}"),
                format!("{median:.1?}"),
                answered[ASKED / 2],
                alone(&whole, workload, scale, threads, &first),
            );
        }
    }
    quick
}

/// What a question costs when nothing else is derived.
fn alone(
    whole: &Arc<CheckedProgram>,
    workload: &str,
    scale: f64,
    threads: usize,
    text: &str,
) -> String {
    let wanted = Wanted {
        queries: vec![question(whole, text)],
        ..Wanted::default()
    };
    let Ok(part) = demanded(whole, &wanted, Extent::ByConstants) else {
        return "everything is needed".to_owned();
    };
    let part = Arc::new(part);
    let mut database = Database::new(part.clone(), Arc::new(Dictionary::new()));
    let inputs = generate::inputs(workload, scale);
    let stated = inputs
        .iter()
        .map(|input| input.columns[0].len() as u64)
        .sum();
    state(&mut database, inputs);
    let options = RunOptions {
        threads,
        budget: Budget {
            rows: Some(stated),
            ..Budget::default()
        },
        ..RunOptions::default()
    };
    let started = Instant::now();
    match database.run(&options, &Unobserved) {
        Err(stop) if stop.reason == StopReason::Rows => {
            format!("given up after {:.2?}", started.elapsed())
        }
        Err(stop) => panic!("{stop:?}"),
        Ok(report) => {
            let answer = database.query(&part.queries()[0], &Budget::default(), &Unobserved);
            let rows = answer.map_or(0, |rows| rows.len());
            let text = format!("{:.2?}, {} derived", started.elapsed(), report.derived);
            match rows {
                0 => format!("{text}, NO ANSWER"),
                _ => text,
            }
        }
    }
}

fn run(
    program: &Arc<CheckedProgram>,
    workload: &str,
    scale: f64,
    options: &RunOptions,
) -> Database {
    let mut database = Database::new(program.clone(), Arc::new(Dictionary::new()));
    state(&mut database, generate::inputs(workload, scale));
    match database.run(options, &Unobserved) {
        Ok(_) => database,
        Err(stop) => panic!("{stop:?}"),
    }
}

fn question(program: &CheckedProgram, text: &str) -> CheckedQuery {
    let (body, found) = parse_query("question", text, &mut SourceMap::new());
    let body = body.unwrap_or_else(|| panic!("{found:?}"));
    check_query(program, &body).unwrap_or_else(|found| panic!("{found:?}"))
}
