//! What it costs to withdraw one stated row, or to assume one, beside a run from scratch.

use crate::generate::Random;
use crate::{forget_peak, generate, load, peak};
use cutout::analysis::checked::RelationId;
use cutout::engine::budget::Unobserved;
use cutout::engine::{Budget, Change, Database, RunOptions};
use cutout::storage::{Code, Rows};
use std::time::{Duration, Instant};

/// Runs a workload, then withdraws and assumes single rows of one relation at random, and takes each change back.
pub fn measure(workload: &str, scale: f64, threads: usize, births: bool, changes: usize) {
    let inputs = generate::inputs(workload, scale);
    let of = match workload {
        "ecosystem" => "contract",
        _ => inputs[0].relation,
    };
    forget_peak();
    let started = Instant::now();
    let mut database = load(workload, inputs);
    let options = RunOptions {
        threads,
        births,
        ..RunOptions::default()
    };
    if let Err(stop) = database.run(&options, &Unobserved) {
        panic!("{stop:?}");
    }
    let scratch = started.elapsed();
    let before = peak();
    let relation = database
        .program()
        .relation_named(of)
        .expect("a relation of the workload");
    let rows = database.rows(relation);
    println!(
        "{workload:<10} from scratch {:.3} s, {} MiB at most",
        scratch.as_secs_f64(),
        before >> 20
    );
    let mut random = Random::new(42);
    for withdraw in [true, false] {
        let mut times = Vec::new();
        let mut undos = Vec::new();
        let (mut differing, mut reruns, mut telling) = (Vec::new(), 0, Vec::new());
        let mut work = 0;
        for _ in 0..changes {
            let change = one(&database, relation, &rows, withdraw, &mut random);
            let started = Instant::now();
            let difference = match database.change(&change, &Budget::default()) {
                Ok(difference) => difference,
                Err(stop) => panic!("{stop:?}"),
            };
            times.push(started.elapsed());
            reruns += usize::from(difference.effort.rerun > 0);
            work = work.max(difference.effort.work);
            let all = difference.appeared.iter().chain(&difference.fell);
            let rows = all.map(|(_, rows)| rows.len()).sum::<usize>();
            differing.push(rows);
            if rows > 1 {
                telling.extend(times.last());
            }
            let started = Instant::now();
            database.undo();
            undos.push(started.elapsed());
        }
        let first = times[0];
        differing.sort_unstable();
        let (median, most) = middle(&mut times);
        println!(
            "{workload:<10} {} one `{of}`: first {}, median {} ({:.0}x), most {} ({:.1}x); undone in {}; \
             rows that differ: median {}, most {}; looked at: most {work}; derived anew: {reruns} of {changes}; \
             of the {} that something follows from: median {}",
            if withdraw { "withdraw" } else { "assume" },
            text(first),
            text(median),
            scratch.as_secs_f64() / median.as_secs_f64(),
            text(most),
            scratch.as_secs_f64() / most.as_secs_f64(),
            text(middle(&mut undos).0),
            differing[differing.len() / 2],
            differing.last().unwrap_or(&0),
            telling.len(),
            match &mut telling[..] {
                [] => "none".to_owned(),
                times => text(middle(times).0),
            },
        );
    }
    println!(
        "{workload:<10} {} MiB at most with all changes, {:+.0}%",
        peak() >> 20,
        (peak() as f64 / before as f64 - 1.0) * 100.0
    );
}

/// One row that is there, or one of values that are there.
fn one(
    database: &Database,
    relation: RelationId,
    rows: &Rows,
    withdraw: bool,
    random: &mut Random,
) -> Change {
    let mut any = || random.below(rows.len() as u64) as usize;
    let mut change = Change::default();
    let mut one = Rows::new(rows.arity());
    if withdraw {
        one.push(&rows.row(any()));
        change.withdraw.push((relation, one));
        return change;
    }
    loop {
        let row: Vec<Code> = (0..rows.arity()).map(|at| rows.column(at)[any()]).collect();
        if !database.contains(relation, &row) {
            one.push(&row);
            change.state.push((relation, one));
            return change;
        }
    }
}

pub fn middle(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() - 1])
}

pub fn text(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1e-3 => format!("{:.0} µs", seconds * 1e6),
        seconds if seconds < 1.0 => format!("{:.2} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}
