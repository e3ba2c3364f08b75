//! What it costs to suppose one stated row, or that it is not so, in a session, beside a run from scratch.

use crate::changes::{middle, text};
use crate::generate::{self, Random};
use crate::{forget_peak, peak};
use cutout::session::{CaseSpec, Options, Session, Supposition, WhatIfQuestion};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Opens a workload as a case of files, then supposes single rows of one relation at random: goes in and back out, goes
/// in with the difference told, and asks about it from outside.
pub fn measure(workload: &str, scale: f64, threads: usize, births: bool, changes: usize) {
    let directory = std::env::temp_dir().join(format!("workload-{}", std::process::id()));
    let (of, rows) = match write(&directory, workload, scale) {
        Ok(written) => written,
        Err(error) => panic!("{}: {error}", directory.display()),
    };
    forget_peak();
    let spec = CaseSpec {
        text: generate::program(workload).map(Into::into),
        fact_dir: Some(directory.clone()),
        ..CaseSpec::default()
    };
    let options = Options {
        threads,
        births,
        ..Options::default()
    };
    let mut session = match Session::open(spec, options) {
        Ok(session) => session,
        Err(error) => panic!("{error}"),
    };
    // Nothing reads them again.
    let _ = std::fs::remove_dir_all(&directory);
    let scratch = session.report().elapsed;
    let before = peak();
    println!(
        "{workload:<10} from scratch {:.3} s without reading, {} MiB at most",
        scratch.as_secs_f64(),
        before >> 20
    );
    let mut random = Random::new(42);
    for withdraw in [true, false] {
        let mut times: [Vec<Duration>; 4] = Default::default();
        for _ in 0..changes {
            let supposed = one(&rows, of, withdraw, &mut random);
            let question = WhatIfQuestion {
                supposed: supposed.clone(),
                ..WhatIfQuestion::default()
            };
            let session = &mut session;
            let mut timed = |way: usize, act: &mut dyn FnMut()| {
                let started = Instant::now();
                act();
                times[way].push(started.elapsed());
            };
            timed(0, &mut || session.enter(&supposed).map_or_else(fail, drop));
            timed(1, &mut || session.undo().map_or_else(fail, drop));
            timed(2, &mut || session.assume(&supposed).map_or_else(fail, drop));
            session.undo().map_or_else(fail, drop);
            timed(3, &mut || {
                session.what_if(&question).map_or_else(fail, drop)
            });
        }
        let ways = ["enter", "undo", "assume", "what-if"];
        for (way, times) in ways.iter().zip(&mut times) {
            let first = times[0];
            let (median, most) = middle(times);
            let ratio = |time: Duration| scratch.as_secs_f64() / time.as_secs_f64();
            println!(
                "{workload:<10} {way:<8} {} one `{of}`: first {}, median {} ({:.0}x), most {} ({:.1}x)",
                if withdraw { "without" } else { "with" },
                text(first),
                text(median),
                ratio(median),
                text(most),
                ratio(most),
            );
        }
    }
    println!(
        "{workload:<10} {} MiB at most with all suppositions, {:+.0}%",
        peak() >> 20,
        (peak() as f64 / before as f64 - 1.0) * 100.0
    );
}

fn fail<T>(error: impl std::fmt::Display) -> T {
    panic!("{error}")
}

/// Writes the facts of a workload, a file for each relation. Returns the name and the rows of the one that changes.
fn write(
    directory: &Path,
    workload: &str,
    scale: f64,
) -> io::Result<(&'static str, Vec<Vec<i32>>)> {
    std::fs::create_dir_all(directory)?;
    let inputs = generate::inputs(workload, scale);
    let of = match workload {
        "ecosystem" => "contract",
        _ => inputs[0].relation,
    };
    let mut rows = Vec::new();
    for input in inputs {
        let file = directory.join(format!("{}.csv", input.relation));
        let mut file = BufWriter::new(File::create(file)?);
        for at in 0..input.columns[0].len() {
            let row: Vec<i32> = input.columns.iter().map(|column| column[at]).collect();
            let values: Vec<String> = row.iter().map(i32::to_string).collect();
            writeln!(file, "{}", values.join(","))?;
            if input.relation == of {
                rows.push(row);
            }
        }
        file.flush()?;
    }
    rows.sort_unstable();
    rows.dedup();
    Ok((of, rows))
}

/// One row that is there, or one of values that are there.
fn one(rows: &[Vec<i32>], of: &str, withdraw: bool, random: &mut Random) -> Supposition {
    let mut any = || &rows[random.below(rows.len() as u64) as usize];
    let row: Vec<i32> = match withdraw {
        true => any().clone(),
        false => loop {
            let row: Vec<i32> = (0..rows[0].len()).map(|at| any()[at]).collect();
            if rows.binary_search(&row).is_err() {
                break row;
            }
        },
    };
    let values: Vec<String> = row.iter().map(i32::to_string).collect();
    let fact = format!("{of}({})", values.join(", "));
    let (mut assume, mut without) = (Vec::new(), Vec::new());
    match withdraw {
        true => without.push(fact),
        false => assume.push(fact),
    }
    Supposition {
        assume,
        withdraw: without,
        ..Supposition::default()
    }
}
