//! Six workloads, Cutout and Ascent in turn: `cargo bench --bench workloads -- --help`.
//!
//! Each measurement is a process of its own, so that memory is that of one engine. Input is made in it before the clock
//! starts: from columns of numbers to everything derived is what is timed.

mod changes;
mod generate;
mod loading;
mod peer;
mod questions;
mod sessions;

use clap::Parser;
use cutout::analysis;
use cutout::analysis::checked::CheckedProgram;
use cutout::cli::blocks::Blocks;
use cutout::engine::budget::Unobserved;
use cutout::engine::{Database, RunOptions};
use cutout::storage::{Dictionary, Rows};
use cutout::syntax::ast::DirectiveKind;
use cutout::syntax::parse_text;
use cutout::syntax::source::SourceMap;
use generate::{Input, WORKLOADS};
use std::io::Read;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// As the command has it; Ascent's rules get the same.
#[global_allocator]
static BLOCKS: Blocks = Blocks;

/// Times Cutout and Ascent on the same inputs in turn, and compares what they derive.
#[derive(Parser)]
struct Arguments {
    /// Which workloads [default: all]
    workloads: Vec<String>,
    /// Size of the inputs, 1 for the full one
    #[arg(long, default_value_t = 0.5)]
    scale: f64,
    /// Threads for Cutout; Ascent's programs are compiled for one
    #[arg(short = 'j', long, default_value_t = 1)]
    jobs: usize,
    /// Measurements of each, of which the median counts
    #[arg(short = 'n', long, default_value_t = 3)]
    runs: usize,
    /// Seconds after which a measurement is given up
    #[arg(long, default_value_t = 120)]
    limit: u64,
    /// Instead: withdraw and assume this many single rows at random, of `ecosystem` unless told otherwise
    #[arg(long)]
    changes: Option<usize>,
    /// With `--changes`: through a session, over files
    #[arg(long, requires = "changes")]
    sessions: bool,
    /// Instead: ask for single rows of what is derived, and of `ecosystem` unless told otherwise
    #[arg(long, conflicts_with = "changes")]
    questions: bool,
    /// With `--changes` or `--questions`: record births, as for explanations
    #[arg(long)]
    births: bool,
    /// Instead: read files of numbers, symbols and claims, which are written to this directory first
    #[arg(long)]
    loading: Option<std::path::PathBuf>,
    /// One reading, of this input
    #[arg(long, hide = true, requires = "loading")]
    read: Option<String>,
    /// One measurement, of this engine
    #[arg(long, hide = true)]
    engine: Option<Engine>,
    /// Passed by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    Cutout,
    Ascent,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Engine::Cutout => "cutout",
            Engine::Ascent => "ascent",
        }
    }
}

/// What one process found.
#[derive(Clone, Debug)]
struct Measurement {
    seconds: f64,
    /// Bytes; zero where the system does not tell.
    peak: u64,
    sizes: Vec<usize>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    for workload in &arguments.workloads {
        if !WORKLOADS.contains(&&**workload) {
            eprintln!(
                "no workload `{workload}`: there are {}",
                WORKLOADS.join(", ")
            );
            return ExitCode::from(2);
        }
    }
    if let (Some(engine), [workload]) = (arguments.engine, &arguments.workloads[..]) {
        let measurement = measure(engine, workload, &arguments);
        println!(
            "{} {} {:?}",
            measurement.seconds, measurement.peak, measurement.sizes
        );
        return ExitCode::SUCCESS;
    }
    if let Some(directory) = &arguments.loading {
        if let Some(name) = &arguments.read {
            loading::read(directory, name, arguments.jobs);
            return ExitCode::SUCCESS;
        }
        return match loading::compare(directory, arguments.scale) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}: {error}", directory.display());
                ExitCode::FAILURE
            }
        };
    }
    let chosen: Vec<&str> = match &arguments.workloads[..] {
        [] => vec!["ecosystem"],
        chosen => chosen.iter().map(|workload| &**workload).collect(),
    };
    if arguments.questions {
        let ask = |workload: &&str| {
            let (scale, jobs) = (arguments.scale, arguments.jobs);
            questions::measure(workload, scale, jobs, arguments.births)
        };
        // Each is asked, whatever the others took.
        let quick: Vec<bool> = chosen.iter().map(ask).collect();
        return match quick.contains(&false) {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        };
    }
    if let Some(changes) = arguments.changes {
        for workload in chosen {
            let Arguments {
                scale,
                jobs,
                births,
                ..
            } = arguments;
            let measure = match arguments.sessions {
                true => sessions::measure,
                false => changes::measure,
            };
            measure(workload, scale, jobs, births, changes.max(1));
        }
        return ExitCode::SUCCESS;
    }
    match compare(&arguments) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Runs everything in turn and prints the table. False: the engines disagree.
fn compare(arguments: &Arguments) -> bool {
    let mut agreed = true;
    println!(
        "{:<10} {:<7} {:>9} {:>8} {:>10}  rows",
        "workload", "engine", "seconds", "ratio", "peak MiB"
    );
    let chosen = |workload: &&str| {
        arguments.workloads.is_empty() || arguments.workloads.iter().any(|w| w == workload)
    };
    let mut ratios = Vec::new();
    for workload in WORKLOADS.iter().copied().filter(chosen) {
        let mut runs = [Vec::new(), Vec::new()];
        for _ in 0..arguments.runs.max(1) {
            for (engine, runs) in [Engine::Cutout, Engine::Ascent].into_iter().zip(&mut runs) {
                // What took too long once does so again.
                if !matches!(runs.last(), Some(None)) {
                    runs.push(in_a_process(engine, workload, arguments));
                }
            }
        }
        let [ours, theirs] = runs.map(|runs| median(&runs));
        for (engine, found) in [(Engine::Cutout, &ours), (Engine::Ascent, &theirs)] {
            let line = match found {
                Some(found) => {
                    let ratio = ours
                        .as_ref()
                        .map_or(f64::NAN, |ours| found.seconds / ours.seconds);
                    format!(
                        "{:>9.3} {ratio:>7.2}x {:>10.0}  {}",
                        found.seconds,
                        found.peak as f64 / f64::from(1 << 20),
                        found
                            .sizes
                            .iter()
                            .map(usize::to_string)
                            .collect::<Vec<_>>()
                            .join(" ")
                    )
                }
                None => format!("{:>9}", format!("> {}", arguments.limit)),
            };
            println!("{workload:<10} {:<7} {line}", engine.name());
        }
        if let (Some(ours), Some(theirs)) = (&ours, &theirs) {
            ratios.push(theirs.seconds / ours.seconds);
            if ours.sizes != theirs.sizes {
                println!("{workload:<10} the engines DISAGREE");
                agreed = false;
            }
        }
    }
    if ratios.len() > 1 {
        let mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64;
        println!("\ngeometric mean of the ratios: {:.2}x", mean.exp());
    }
    agreed
}

/// `None` when it took too long or failed.
fn in_a_process(engine: Engine, workload: &str, arguments: &Arguments) -> Option<Measurement> {
    let mut child = Command::new(std::env::current_exe().ok()?)
        .args(["--engine", engine.name(), workload])
        .args(["--scale", &arguments.scale.to_string()])
        .args(["--jobs", &arguments.jobs.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let deadline = Instant::now() + Duration::from_secs(arguments.limit);
    let status = loop {
        match child.try_wait().ok()? {
            Some(status) => break status,
            None if Instant::now() >= deadline => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut text = String::new();
    child.stdout.take()?.read_to_string(&mut text).ok()?;
    let mut words = text.split_whitespace();
    let (seconds, peak) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let sizes = words
        .map(|word| word.trim_matches(['[', ']', ',']))
        .filter_map(|word| word.parse().ok());
    status.success().then(|| Measurement {
        seconds,
        peak,
        sizes: sizes.collect(),
    })
}

fn median(runs: &[Option<Measurement>]) -> Option<Measurement> {
    let mut runs: Vec<Measurement> = runs.iter().cloned().collect::<Option<_>>()?;
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let peak = runs.iter().map(|run| run.peak).max()?;
    let middle = runs.swap_remove(runs.len() / 2);
    Some(Measurement { peak, ..middle })
}

fn measure(engine: Engine, workload: &str, arguments: &Arguments) -> Measurement {
    let inputs = generate::inputs(workload, arguments.scale);
    forget_peak();
    let started = Instant::now();
    let sizes = match engine {
        Engine::Cutout => run(workload, inputs, arguments.jobs),
        Engine::Ascent => peer::run(workload, inputs),
    };
    Measurement {
        seconds: started.elapsed().as_secs_f64(),
        peak: peak(),
        sizes,
    }
}

fn program(workload: &str) -> Arc<CheckedProgram> {
    let text = generate::program(workload).expect("a known workload");
    let mut sources = SourceMap::new();
    let (tree, findings) = parse_text("workload.dl", text, &mut sources);
    assert!(findings.iter().all(|f| !f.is_error()), "{findings:?}");
    let (program, _) = analysis::check(&tree, &analysis::Options::default())
        .unwrap_or_else(|findings| panic!("{findings:?}"));
    Arc::new(program)
}

/// A workload's program with its facts stated.
fn load(workload: &str, inputs: Vec<Input>) -> Database {
    let mut database = Database::new(program(workload), Arc::new(Dictionary::new()));
    state(&mut database, inputs);
    database
}

fn state(database: &mut Database, inputs: Vec<Input>) {
    let (program, dictionary) = (database.program().clone(), database.dictionary().clone());
    for input in inputs {
        let relation = program
            .relation_named(input.relation)
            .expect("a relation of the workload");
        let columns = input.columns.into_iter().map(|column| {
            let numbers = column.into_iter().map(i64::from);
            numbers.map(|number| dictionary.number(number)).collect()
        });
        database.state(relation, Rows::from_columns(columns.collect()));
    }
}

/// Derives everything and returns the sizes that the program prints.
fn run(workload: &str, inputs: Vec<Input>, threads: usize) -> Vec<usize> {
    let mut database = load(workload, inputs);
    let options = RunOptions {
        threads,
        ..RunOptions::default()
    };
    if let Err(stop) = database.run(&options, &Unobserved) {
        panic!("{stop:?}");
    }
    let program = database.program().clone();
    let printed = program.directives().iter();
    printed
        .filter(|directive| directive.kind == DirectiveKind::Printsize)
        .map(|directive| database.len(directive.relation))
        .collect()
}

/// Memory held while the input was made does not count where the system can forget it.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
