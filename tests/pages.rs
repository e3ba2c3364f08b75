//! `cutout check --explain CODE`: every code has a page whose example comes out as exactly that code, and whose cure is
//! clean.

mod support;

use std::collections::BTreeSet;
use support::Sandbox;

const EXAMPLES: &str = include_str!("../src/session/examples.txt");

/// D035 is about a file of more than 64 MiB. D085 is about overlays that only the library makes. W402 is printed by no command: `-w`, which reads missing files as
/// empty, silences every warning too.
const WITHOUT_EXAMPLE: &[&str] = &["D035", "D085", "W402"];

/// The codes, what is wrong, and the cure.
fn examples() -> Vec<(Vec<&'static str>, &'static str, Option<&'static str>)> {
    EXAMPLES
        .split("=== ")
        .skip(1)
        .map(|example| {
            let (code, text) = example.split_once('\n').expect("a code, then a sample");
            let codes = code.split(" with ").collect();
            match text.split_once("--- right\n") {
                Some((wrong, right)) => (codes, wrong, Some(right)),
                None => (codes, text, None),
            }
        })
        .collect()
}

/// The bytes that a sample stands for.
fn expanded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<<") {
        bytes.extend(before.as_bytes());
        let (inner, after) = after.split_once(">>").expect("an end");
        match (inner.strip_prefix("\\x"), inner.rsplit_once('*')) {
            (Some(digits), _) => bytes.push(u8::from_str_radix(digits, 16).expect("a byte")),
            (_, Some((text, times))) => {
                let times = times.parse().expect("a number");
                bytes.extend(text.repeat(times).as_bytes());
            }
            _ => panic!("{inner} is neither a byte nor a repetition"),
        }
        rest = after;
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// The codes that a sample's command prints, and all it prints.
fn printed(sample: &str) -> (BTreeSet<String>, String) {
    let sandbox = Sandbox::new();
    let (command, mut rest) = match sample.strip_prefix("$ cutout ") {
        Some(command) => command.split_once('\n').expect("a line end"),
        None => ("check case.dl", sample),
    };
    let mut typed = String::new();
    while command.starts_with("repl") && rest.starts_with(':') {
        let (line, after) = rest.split_once('\n').expect("a line end");
        typed += &format!("{line}\n");
        rest = after;
    }
    let mut files = rest.split("--- ");
    sandbox.file("case.dl", expanded(files.next().unwrap_or("")));
    for file in files {
        let (name, contents) = file.split_once('\n').expect("a name, then a text");
        sandbox.file(name, expanded(contents));
    }
    // Words, quoted or not.
    let words: Vec<String> = command
        .split('\'')
        .enumerate()
        .flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect();
    let outcome = sandbox.run_with(&words, &typed);
    let text = format!("{}\n{}", outcome.stdout(), outcome.stderr());
    let codes = text
        .lines()
        .filter_map(|line| {
            let rest = line
                .strip_prefix("error[")
                .or_else(|| line.strip_prefix("warning["))?;
            Some(rest.split_once(']')?.0.to_owned())
        })
        .collect();
    (codes, text)
}

#[test]
fn every_code_has_an_example() {
    let shown: BTreeSet<&str> = examples().iter().map(|(codes, ..)| codes[0]).collect();
    let codes: BTreeSet<&str> = cutout::session::codes().collect();
    let lacking: Vec<_> = codes.difference(&shown).collect();
    let expected: Vec<_> = WITHOUT_EXAMPLE.iter().collect();
    assert_eq!(lacking, expected);
    assert_eq!(
        shown.difference(&codes).collect::<Vec<_>>(),
        Vec::<&&str>::new()
    );
}

#[test]
fn examples_give_their_code_and_cures_none() {
    let mut wrong = String::new();
    for (codes, sample, cure) in examples() {
        let code = codes[0];
        let (found, text) = printed(sample);
        if found != codes.iter().map(|code| code.to_string()).collect() {
            wrong += &format!(
                "--- {code} gives {found:?}\n{sample}\n{}\n",
                &text[..text.len().min(1500)]
            );
        }
        if let Some(cure) = cure {
            let (found, text) = printed(cure);
            if !found.is_empty() {
                wrong += &format!("--- the cure of {code} gives {found:?}\n{cure}\n{text}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_page_is_printed_for_every_code() {
    let sandbox = Sandbox::new();
    for code in cutout::session::codes() {
        let outcome = sandbox.run(&["check", "--explain", code]);
        let page = outcome.stdout();
        assert!(page.starts_with(&format!("{code}: ")), "{page}");
        assert!(!page.contains("<<"), "{page}");
    }
    assert!(
        sandbox
            .run(&["check", "--explain", "D999"])
            .stderr()
            .contains("no code")
    );
}

#[test]
fn a_program_file_beyond_the_limit_is_refused_at_once() {
    let sandbox = Sandbox::new();
    let file = std::fs::File::create(sandbox.path().join("case.dl")).expect("a file");
    // Takes no room on the disk.
    file.set_len((64 << 20) + 1).expect("a length");
    let outcome = sandbox.run(&["check", "case.dl"]);
    assert!(
        outcome.stderr().contains("error[D035]"),
        "{}",
        outcome.stderr()
    );
}
