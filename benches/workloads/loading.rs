//! Reading files: pairs of numbers, columns of symbols, claims. Each reading is a process of its own.

use super::generate::{self, Random};
use super::{forget_peak, peak};
use cutout::session::{CaseSpec, Options, Session};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// What is read, from which file.
const PROGRAMS: [(&str, &str, &str); 4] = [
    (
        "numbers",
        "arcs.csv",
        ".decl arc(x: number, y: number)\n.input arc(filename=\"arcs.csv\", delimiter=\",\")\n",
    ),
    (
        "symbols",
        "symbols.csv",
        ".decl contract(client: symbol, supplier: symbol, subject: symbol)\n\
         .input contract(filename=\"symbols.csv\", delimiter=\",\", headers=true)\n",
    ),
    (
        "quoted",
        "claims.csv",
        ".decl contract(client: symbol, supplier: symbol, subject: symbol)\n\
         .input contract(filename=\"claims.csv\", delimiter=\",\", headers=true, rfc4180=true, columns=\"1:2:3\")\n",
    ),
    (
        "claims",
        "claims.csv",
        ".decl contract(client: symbol, supplier: symbol, subject: symbol)\n\
         .input contract(IO=claims, filename=\"claims.csv\")\n",
    ),
];

/// Writes the files that are missing, then reads each at one thread and at two.
pub fn compare(directory: &Path, scale: f64) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    write(directory, scale)?;
    println!(
        "{:<8} {:>7} {:>8} {:>9} {:>9} {:>10}",
        "input", "MB", "threads", "seconds", "CPU s", "peak MiB"
    );
    for (name, file, _) in PROGRAMS {
        let size = std::fs::metadata(directory.join(file))?.len();
        for jobs in ["1", "2"] {
            let output = Command::new(std::env::current_exe()?)
                .args(["--loading"])
                .arg(directory)
                .args(["--read", name, "--jobs", jobs])
                .output()?;
            let found = String::from_utf8_lossy(&output.stdout);
            println!(
                "{name:<8} {:>7} {jobs:>8} {}",
                size / 1_000_000,
                found.trim()
            );
        }
    }
    Ok(())
}

/// Reads one of them and prints seconds, of the clock and of processors, and memory.
pub fn read(directory: &Path, name: &str, jobs: usize) {
    let program = PROGRAMS.iter().find(|(known, ..)| *known == name);
    let spec = CaseSpec {
        text: program.map(|(.., text)| (*text).into()),
        fact_dir: Some(directory.to_path_buf()),
        ..CaseSpec::default()
    };
    let options = Options {
        threads: jobs,
        births: false,
        keep_stated: false,
        ..Options::default()
    };
    forget_peak();
    let started = Instant::now();
    match Session::open(spec, options) {
        Ok(_) => println!(
            "{:>9.2} {:>9} {:>10}",
            started.elapsed().as_secs_f64(),
            processor_seconds().map_or("?".to_owned(), |seconds| format!("{seconds:.2}")),
            peak() >> 20
        ),
        Err(error) => println!("{error}"),
    }
}

/// Of this process, in user and in system mode, where the system tells: in hundredths, after the name in parentheses.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    let ticks = after.split_whitespace().skip(11).take(2);
    let ticks: Vec<u64> = ticks.filter_map(|ticks| ticks.parse().ok()).collect();
    Some(ticks.iter().sum::<u64>() as f64 / 100.0)
}

fn write(directory: &Path, scale: f64) -> io::Result<()> {
    let file = |name: &str| -> io::Result<Option<BufWriter<File>>> {
        let path = directory.join(name);
        match path.exists() {
            true => Ok(None),
            false => File::create(path).map(|file| Some(BufWriter::with_capacity(1 << 20, file))),
        }
    };
    if let Some(mut arcs) = file("arcs.csv")? {
        let inputs = generate::inputs("reach", scale);
        let columns = &inputs[0].columns;
        for (x, y) in columns[0].iter().zip(&columns[1]) {
            writeln!(arcs, "{x},{y}")?;
        }
        arcs.flush()?;
    }
    if let Some(mut sources) = file("sources.csv")? {
        writeln!(
            sources,
            "source_id,publisher,title,published,url,kind,reliability,derived_from"
        )?;
        for source in 0..1000 {
            let grade = ["A", "B", "C", "D"][source % 4];
            writeln!(
                sources,
                "x-source-{source},x-publisher-{},x-title {source},2024-01-{:02},,vendor,{grade},",
                source % 40,
                1 + source % 28
            )?;
        }
        sources.flush()?;
    }
    let (Some(mut symbols), Some(mut claims)) = (file("symbols.csv")?, file("claims.csv")?) else {
        return Ok(());
    };
    let mut random = Random::new(9);
    writeln!(symbols, "client,supplier,subject")?;
    writeln!(
        claims,
        "claim_id,client,supplier,subject,from,to,source_id,confidence,note"
    )?;
    for claim in 0..(10e6 * scale) as u64 {
        let client = skewed(&mut random, 50_000.0);
        let supplier = skewed(&mut random, 2_000_000.0);
        let subject = random.below(500);
        let (year, month, day) = (
            2005 + random.below(20),
            1 + random.below(12),
            1 + random.below(28),
        );
        let to = match random.below(3) {
            0 => format!("{}-{month:02}", year + 1),
            _ => String::new(),
        };
        let source = random.below(1000);
        let confidence =
            ["confirmed", "probable", "possible", "doubtful"][random.below(4) as usize];
        let note = match random.below(8) {
            0 => format!("\"x-note {}, seen in a register\"", random.below(100_000)),
            _ => String::new(),
        };
        writeln!(
            symbols,
            "x-agency-{client},x-firm-{supplier},x-subject-{subject}"
        )?;
        writeln!(
            claims,
            "x-k{claim},x-agency-{client},x-firm-{supplier},x-subject-{subject},{year}-{month:02}-{day:02},{to},x-source-{source},{confidence},{note}"
        )?;
    }
    symbols.flush()?;
    claims.flush()
}

/// Small numbers more often than large ones.
fn skewed(random: &mut Random, end: f64) -> u64 {
    let unit = random.below(1 << 53) as f64 / (1u64 << 53) as f64;
    (unit * unit * end) as u64
}
