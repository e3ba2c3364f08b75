//! Whatever is handed in ends in an answer or in errors: soon, and without a panic. Replays the corpus of the fuzz
//! targets and random changes to it.

mod dice;
mod support;
#[path = "../fuzz/targets.rs"]
mod targets;

use dice::Dice;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use support::Sandbox;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 5] = [
    ("lexer", targets::lexer),
    ("preprocessor", targets::preprocessor),
    ("parser", targets::parser),
    ("checker", targets::checker),
    ("facts", targets::facts),
];

/// An unoptimised build on a busy machine needs more than the second that is promised.
const LONGEST: Duration = Duration::from_secs(10);

/// Parts of programs and files that changes are made of.
const WORDS: [&str; 44] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ",",
    ".",
    ";",
    ":",
    ":-",
    "?-",
    "!",
    "=",
    "!=",
    "<=",
    "\"",
    "'",
    "\\",
    "/*",
    "*/",
    "//",
    "#define A(x) x##x",
    "#if",
    "#endif",
    "@[say = \"{x}\"]",
    "$",
    "nil",
    "count : {",
    "min x : {",
    "as(x, number)",
    ".decl a(x: number)",
    ".comp C<T> {",
    ".init c = C<number>",
    "-9223372036854775808",
    "0x",
    "1e308",
    "\u{feff}",
    "\r\n",
    "\t",
    "\0",
    "é",
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = fs::read_dir(root.join("fuzz/corpus").join(target))
        .expect("a corpus")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    if target != "facts" {
        let cases = fs::read_dir(root.join("tests/dialect")).expect("the cases");
        files.extend(cases.map(|entry| entry.expect("an entry").path()));
    }
    files.sort();
    files
        .iter()
        .flat_map(|file| {
            let bytes = fs::read(file).expect("a seed");
            match file.extension().is_some_and(|extension| extension == "txt") {
                // Cases of the dialect: each program is a seed.
                true => String::from_utf8_lossy(&bytes)
                    .split("=== ")
                    .filter_map(|case| {
                        let program = case.split_once('\n')?.1.split("--- ").next()?;
                        Some(program.as_bytes().to_vec())
                    })
                    .collect(),
                false => vec![bytes],
            }
        })
        .collect()
}

/// One to four changes of bytes, words or pieces of another seed.
fn changed(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    for _ in 0..1 + dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(24)).min(bytes.len());
        match dice.below(7) {
            0 => {
                bytes.drain(at..end);
            }
            1 => {
                let piece = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            2 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            3 if at < bytes.len() => bytes[at] = dice.next() as u8,
            4 => {
                let other = &seeds[dice.below(seeds.len())];
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(200)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            5 => bytes.truncate(at.max(1)),
            _ => {
                let word = WORDS[dice.below(WORDS.len())];
                bytes.splice(at..at, word.bytes());
            }
        }
    }
    bytes
}

fn timed(name: &str, target: Target, input: &[u8]) {
    let started = Instant::now();
    let outcome = std::panic::catch_unwind(|| target(input));
    let shown = || String::from_utf8_lossy(input).into_owned();
    assert!(outcome.is_ok(), "{name} panics on\n{}\n{input:?}", shown());
    let took = started.elapsed();
    assert!(took < LONGEST, "{name} takes {took:?} for\n{}", shown());
}

#[test]
fn the_corpus_is_read() {
    for (name, target) in TARGETS {
        for seed in seeds(name) {
            timed(name, target, &seed);
        }
    }
}

#[test]
fn random_changes_of_the_corpus_are_read() {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let seconds = number("CUTOUT_HOSTILE_SECONDS").unwrap_or(10);
    let mut dice = Dice::new(number("CUTOUT_HOSTILE_SEED").unwrap_or(1));
    let one = std::env::var("CUTOUT_HOSTILE_TARGET").ok();
    let wanted = |name: &str| one.as_ref().is_none_or(|one| one == name);
    let targets = TARGETS.iter().filter(|(name, _)| wanted(name));
    let share = Duration::from_secs(seconds) / targets.clone().count().max(1) as u32;
    for &(name, target) in targets {
        let seeds = seeds(name);
        let started = Instant::now();
        let mut inputs = 0;
        while started.elapsed() < share || inputs < 20 {
            timed(name, target, &changed(&seeds, &mut dice));
            inputs += 1;
        }
        println!("{name}: {inputs} inputs");
    }
}

#[test]
fn every_prefix_of_the_corpus_is_checked() {
    for seed in seeds("checker").iter().take(3) {
        for end in 0..=seed.len() {
            timed("checker", targets::checker, &seed[..end]);
        }
    }
}

/// By the built command, for what would take the whole process down: stack overflows, endless loops.
#[test]
fn monsters_are_refused_soon() {
    let deep = |open: &str, inner: &str, close: &str| {
        let times = 1_000_000;
        format!(
            ".decl a(x: number)\n.output a\na({}{inner}{}).\n",
            open.repeat(times),
            close.repeat(times)
        )
    };
    let bomb: String = (0..60)
        .map(|n| format!("#define A{n}(x) A{m}(x x) A{m}(x x)\n", m = n + 1))
        .collect();
    for (name, text) in [
        ("parentheses", deep("(", "1", ")")),
        ("records", deep("[1, ", "nil", "]")),
        ("calls", deep("strlen(", "\"\"", ")")),
        ("signs", deep("-", "1", "")),
        ("operators", deep("1 + ", "1", "")),
        ("powers", deep("2 ^ ", "1", "")),
        ("aggregates", deep("count : { a(", "1", ") }")),
        (
            "negations",
            format!(
                ".decl a(x: number)\na(1) :- {}a(1).\n",
                "!".repeat(1_000_000)
            ),
        ),
        (
            "groups",
            format!(
                ".decl a(x: number)\na(1) :- {}a(1){}.\n",
                "(".repeat(1_000_000),
                ")".repeat(1_000_000)
            ),
        ),
        ("blocks", ".comp C { ".repeat(1_000_000)),
        ("conditionals", "#if 1\n".repeat(1_000_000)),
        ("comments", "/*".repeat(1_000_000)),
        ("dots", ".".repeat(1_000_000)),
        (
            "alternatives",
            format!(
                ".decl a(x: number)\na(1) :- {}a(1).\n",
                "(a(1); a(2)), ".repeat(100_000)
            ),
        ),
        (
            "a macro bomb",
            format!("{bomb}.decl a(x: number)\na(A0(1)).\n"),
        ),
        ("an include cycle", ".include \"case.dl\"\n".repeat(1_000)),
        (
            "chains",
            (1..20_000)
                .map(|n| format!(".comp C{n} : C{} {{ .override r }}\n", n - 1))
                .collect::<String>()
                + ".comp C0 { }",
        ),
        (
            "diamonds",
            (1..90)
                .map(|n| {
                    let m = n - 1;
                    format!(".comp C{n} : C{m}, D{m} {{ }}\n.comp D{n} : C{m}, D{m} {{ }}\n")
                })
                .collect::<String>()
                + ".comp C0 { }\n.comp D0 { }\n.init c = C89",
        ),
        (
            "subtypes",
            (1..20_000)
                .map(|n| format!(".type T{n} <: T{}\n", n - 1))
                .collect(),
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.file("case.dl", &text);
        let started = Instant::now();
        let outcome = sandbox.run(&["check", "case.dl"]);
        let took = started.elapsed();
        let said = outcome.stderr();
        assert!(took < 2 * LONGEST, "{name} takes {took:?}");
        assert!(
            said.contains("error[") && !said.contains("panicked") && outcome.stdout().is_empty(),
            "{name}: {}",
            &said[..said.len().min(2000)]
        );
    }
}

#[test]
fn a_value_nested_a_million_deep_is_data() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "case.dl",
        ".type L = [head: number, tail: L]\n.decl a(l: L)\n.input a\n.decl b(l: L)\n.output b\nb(t) :- a([_, t]).\n",
    );
    let times = 1_000_000;
    let list = format!("{}nil{}", "[1, ".repeat(times), "]".repeat(times));
    sandbox.file("a.facts", format!("{list}\n"));
    let outcome = sandbox.run(&["run", "case.dl", "-F", ".", "-D", "."]);
    assert!(
        outcome.stderr().contains("1 fact read"),
        "{}",
        outcome.stderr()
    );
    let expected = format!("{}nil{}\n", "[1, ".repeat(times - 1), "]".repeat(times - 1));
    assert!(sandbox.read("b.csv") == expected, "the tail is another one");
}

#[test]
fn a_body_of_very_many_atoms_is_planned_soon() {
    const ATOMS: usize = 400;
    let sandbox = Sandbox::new();
    let atoms = (0..ATOMS).map(|at| format!("e(x{at}, x{})", at + 1));
    let body = atoms.collect::<Vec<_>>().join(", ");
    sandbox.file(
        "p.dl",
        format!(
            ".decl e(x: symbol, y: symbol)
e(\"x-a\", \"x-b\"). e(\"x-b\", \"x-a\").
.decl r(x: symbol, y: symbol)
.output r
r(x0, x{ATOMS}) :- {body}.
"
        ),
    );
    let begun = Instant::now();
    sandbox
        .run(&["run", "p.dl", "-D", "-"])
        .status(0)
        .shows("x-a\tx-a\nx-b\tx-b");
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
}
