//! A guard against slower code that does not depend on how busy the machine is: counts the instructions of `cutout run`
//! on small workloads under callgrind and compares them with `benches/instructions.json`.
//!
//! `cargo bench --bench instructions` fails when a workload takes more instructions than the baseline allows;
//! `-- --update` makes what is counted now the baseline. Without valgrind it says so and is content.

#[path = "workloads/generate.rs"]
mod generate;

use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Small, for instructions are counted some fifty times slower than they run.
const SCALE: f64 = 0.1;
/// Hash seeds and the allocator make counts waver by less.
const TOLERANCE: f64 = 0.02;

fn main() -> ExitCode {
    let update = std::env::args().any(|argument| argument == "--update");
    let valgrind = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !valgrind.is_ok_and(|status| status.success()) {
        println!("valgrind is not installed: no instructions were counted");
        return ExitCode::SUCCESS;
    }
    let baseline = read_baseline();
    let mut counts = Map::new();
    let mut slower = false;
    println!(
        "{:<10} {:>15} {:>15} {:>8}",
        "workload", "baseline", "now", "change"
    );
    for workload in generate::WORKLOADS {
        let Some(count) = count(workload) else {
            println!("{workload:<10} could not be counted");
            slower = true;
            continue;
        };
        let change = baseline[workload]
            .as_u64()
            .map(|known| (known, count as f64 / known as f64 - 1.0));
        let verdict = match change {
            Some((_, change)) if change > TOLERANCE => {
                slower = true;
                "  SLOWER"
            }
            Some((_, change)) if change < -TOLERANCE => "  faster: update the baseline",
            Some(_) => "",
            None => "  new",
        };
        let (known, change) = match change {
            Some((known, change)) => (known.to_string(), format!("{:+.1}%", change * 100.0)),
            None => Default::default(),
        };
        println!("{workload:<10} {known:>15} {count:>15} {change:>8}{verdict}");
        counts.insert(workload.to_owned(), json!(count));
    }
    if update {
        let text = serde_json::to_string_pretty(&Value::Object(counts)).unwrap_or_default();
        return match std::fs::write(baseline_file(), text + "\n") {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("cannot write {}: {error}", baseline_file().display());
                ExitCode::FAILURE
            }
        };
    }
    match slower {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn baseline_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.json")
}

fn read_baseline() -> Value {
    std::fs::read_to_string(baseline_file())
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// Instructions of one whole run, reading included.
fn count(workload: &str) -> Option<u64> {
    let place = tempfile::tempdir().ok()?;
    std::fs::write(
        place.path().join("program.dl"),
        generate::program(workload)?,
    )
    .ok()?;
    for input in generate::inputs(workload, SCALE) {
        let mut text = String::new();
        for row in 0..input.columns[0].len() {
            for (at, column) in input.columns.iter().enumerate() {
                let comma = if at > 0 { "," } else { "" };
                write!(text, "{comma}{}", column[row]).ok()?;
            }
            text.push('\n');
        }
        std::fs::write(place.path().join(format!("{}.csv", input.relation)), text).ok()?;
    }
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args([env!("CARGO_BIN_EXE_cutout"), "run", "program.dl", "-j", "1"])
        .current_dir(place.path())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        eprintln!("{said}");
        return None;
    }
    said.lines()
        .find_map(|line| line.split_once("Collected :"))
        .and_then(|(_, count)| count.trim().parse().ok())
}
