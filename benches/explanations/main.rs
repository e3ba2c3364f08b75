//! How long explanations take on the shipped case: `cargo bench --bench explanations -- --help`.
//!
//! The case is opened once, as the REPL does; each question is then asked as a command, answer and its printing
//! included. The clock of a question starts with everything derived and nothing remembered of earlier questions.
//! `-- --large 1` measures the ecosystem workload instead: what recording births costs there, and first proofs.

#[path = "../workloads/generate.rs"]
mod generate;
mod large;

use clap::Parser;
use cutout::cli::blocks::Blocks;
use cutout::session::{CaseSpec, Command, CriticalQuestion, Options, Session, WhyQuestion};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// As the command has it.
#[global_allocator]
static BLOCKS: Blocks = Blocks;

/// Times explanation commands on the shipped case.
#[derive(Parser)]
struct Arguments {
    /// Only questions whose name contains this
    filter: Option<String>,
    /// Measurements of each, of which the median counts
    #[arg(short = 'n', long, default_value_t = 9)]
    runs: usize,
    /// Threads
    #[arg(short = 'j', long, default_value_t = 2)]
    jobs: usize,
    /// The ecosystem workload at this scale instead, 1 for the full one
    #[arg(long, value_name = "SCALE")]
    large: Option<f64>,
    /// Conclusions of these relations only
    #[arg(long, value_name = "RELATION")]
    of: Vec<String>,
    /// Which conclusions of it are drawn
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many of each relation
    #[arg(long, default_value_t = 20)]
    draw: usize,
    /// One run of it, with or without births
    #[arg(long, hide = true)]
    births: Option<bool>,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// What an answer may take, for each question.
const BOUND: Duration = Duration::from_millis(50);

fn questions() -> Vec<(&'static str, Command)> {
    let why = |fact: &str| Command::Why(WhyQuestion::of(fact));
    let critical = |question: CriticalQuestion| Command::Critical(question);
    let fact = |text: &str| text.to_owned();
    vec![
        (
            "why attributed(apt3, mss)",
            why(r#"attributed("apt3", "mss")"#),
        ),
        ("why linked(apt41, mss)", why(r#"linked("apt41", "mss")"#)),
        ("why era(_, _, _)", why("era(_, _, _)")),
        (
            "why --all --verify attributed(hafnium, mss)",
            Command::Why(WhyQuestion {
                all: true,
                verify: true,
                ..WhyQuestion::of(r#"attributed("hafnium", "mss")"#)
            }),
        ),
        (
            "why-not attributed(apt3, pla)",
            Command::WhyNot(fact(r#"attributed("apt3", "pla")"#)),
        ),
        (
            "why-not works_for(i-soon, pla)",
            Command::WhyNot(fact(r#"works_for("i-soon", "pla")"#)),
        ),
        (
            "corroboration attributed(apt3, mss)",
            Command::Corroboration(fact(r#"attributed("apt3", "mss")"#)),
        ),
        (
            "critical attributed(apt3, mss)",
            critical(CriticalQuestion {
                facts: vec![fact(r#"attributed("apt3", "mss")"#)],
                ..CriticalQuestion::default()
            }),
        ),
        (
            "critical --relation attributed",
            critical(CriticalQuestion {
                relations: vec![fact("attributed")],
                ..CriticalQuestion::default()
            }),
        ),
        (
            "critical, all outputs",
            critical(CriticalQuestion::default()),
        ),
        (
            "timeline attributed(_, mss)",
            Command::Timeline(fact(r#"attributed(_, "mss")"#)),
        ),
        ("timeline era_share", Command::Timeline(fact("era_share"))),
        (
            "impact of a source",
            Command::Impact(fact("calinsider-fcdo-2025")),
        ),
        ("impact of a claim", Command::Impact(fact("co0036"))),
        (
            "impact of a rule",
            Command::Impact(fact("rules/outsourcing.dl:63")),
        ),
        (
            "impact of a file",
            Command::Impact(fact("facts/contracts.csv")),
        ),
        (
            "worlds attributed(barium, _)",
            Command::Worlds(fact(r#"attributed("barium", _)"#)),
        ),
        (
            "worlds attributed(_, _)",
            Command::Worlds(fact("attributed(_, _)")),
        ),
    ]
}

/// What this process has worked, however busy the machine is with others; zero where the system does not tell.
fn processor_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let nanoseconds = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// The same with threads that have ended, to a hundredth of a second.
fn processor_time_of_all() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks = ticks.filter_map(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(scale) = arguments.large {
        let asked = large::Asked {
            of: &arguments.of,
            seed: arguments.seed,
            drawn: arguments.draw,
        };
        match arguments.births {
            Some(births) => large::measure(scale, arguments.jobs, births, &asked),
            None => large::compare(scale, arguments.jobs, &asked),
        }
        return ExitCode::SUCCESS;
    }
    let options = Options {
        threads: arguments.jobs.max(1),
        ..Options::default()
    };
    let spec = CaseSpec::at(Path::new(env!("CARGO_MANIFEST_DIR")));
    let mut session = match Session::open(spec, options) {
        Ok(session) => session,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{:<46} {:>9} {:>9} {:>9}",
        "question", "first", "median", "processor"
    );
    let mut slow = 0;
    for (name, command) in questions() {
        let wanted = |filter: &String| name.contains(filter.as_str());
        if !arguments.filter.as_ref().is_none_or(wanted) {
            continue;
        }
        let mut times = Vec::new();
        let mut worked = Duration::ZERO;
        for _ in 0..arguments.runs.max(1) {
            if let Err(error) = session.run() {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
            let (started, before) = (Instant::now(), processor_time());
            match session.execute(&command) {
                Ok(answer) => drop(answer),
                Err(error) => {
                    eprintln!("{name}: {error}");
                    return ExitCode::FAILURE;
                }
            }
            times.push(started.elapsed());
            worked += processor_time().saturating_sub(before);
        }
        let first = times[0];
        times.sort_unstable();
        let median = times[times.len() / 2];
        let verdict = match median > BOUND {
            true => "  SLOW",
            false => "",
        };
        slow += usize::from(median > BOUND);
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        let worked = worked / times.len() as u32;
        println!(
            "{name:<46} {:>9} {:>9} {:>9}{verdict}",
            ms(first),
            ms(median),
            ms(worked)
        );
    }
    match slow {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
