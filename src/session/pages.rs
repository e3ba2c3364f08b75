//! A page on each code that a diagnostic may carry, and where it comes from.

use crate::{analysis, io, syntax};
use std::fmt::Write;

/// Codes of what is found while rules run.
const RUNNING: &[(&str, &str)] = &[
    ("D061", "What was asked about is not a fact."),
    ("D062", "An argument of a fact has no value."),
    (
        "D063",
        "The next support is asked for, but no fact was asked about.",
    ),
    ("D064", "There are no more supports."),
    (
        "D065",
        "What was asked about is no claim, source, rule or file of the case.",
    ),
    (
        "D066",
        "A name without quotes, which stands for anything, is spelt as a value of its column.",
    ),
    (
        "D501",
        "A functor has no value for its arguments, and such faults were asked to be errors.",
    ),
    (
        "D502",
        "A functor is called that the embedding program did not register.",
    ),
    (
        "D601",
        "Expectations were to be checked, and there is no file of them.",
    ),
    ("D602", "A file of expectations that cannot be read."),
    (
        "D603",
        "An expected answer has more or fewer values than the question has variables.",
    ),
    (
        "D604",
        "Strength, supports or roots are expected of something that is not one fact.",
    ),
    (
        "D605",
        "Something is expected under a hypothesis that is not there, or is wrong.",
    ),
    (
        "W501",
        "A functor has no value for its arguments: the rule instance yields nothing.",
    ),
];

/// Codes of what is supposed, and of judgements.
const SUPPOSING: &[(&str, &str)] = &[
    (
        "D070",
        "A derived fact was to be withdrawn: something it rests on would have to go instead.",
    ),
    ("D071", "A fact was to be withdrawn that does not hold."),
    (
        "D072",
        "A claim, source, rule or rule file was to be withdrawn that is not there.",
    ),
    ("D073", "A fact was to be assumed that holds already."),
    (
        "D074",
        "A hypothesis was named with too few or too many constants.",
    ),
    (
        "D075",
        "Something was to be supposed in a way in which it cannot be.",
    ),
    (
        "D076",
        "A hypothesis was named that does not exist, or cannot be called so.",
    ),
    ("D077", "Two hypotheses have one name."),
    ("D078", "A file of hypotheses holds something else."),
    ("D079", "Nothing was supposed."),
    (
        "D080",
        "There is no supposition to go back to, to leave or to save.",
    ),
    ("D081", "What is supposed cannot be written as claims."),
    (
        "D082",
        "An inference cannot be rejected, or not in this way.",
    ),
    ("D083", "A hypothesis is to be compared with itself."),
    (
        "D084",
        "Evidence of a category is taken to be planted, and there is none.",
    ),
    (
        "D085",
        "A hypothesis that is to be compared reads other data than the case.",
    ),
    ("D086", "A matrix of judged cells that cannot be read."),
    ("D087", "A matrix of judged cells holds something else."),
    ("D088", "A matrix judges a hypothesis that is not compared."),
    (
        "D089",
        "What is to be explained, or its rival, cannot be asked for so.",
    ),
    ("D090", "Nothing is named or declared that may be assumed."),
];

/// What is diagnosed so, and how it is put right: for each code a header `=== CODE` (`with` others that go before), a sample, `--- right`, a sample.
///
/// A sample is the text of `case.dl`, which `cutout check case.dl` reads unless a first line `$ …` gives another
/// command (lines with `:` below it are typed in); `--- name` begins a file beside it. `<<text*9>>` is a text nine
/// times, `<<\xE9>>` a byte.
const EXAMPLES: &str = include_str!("examples.txt");

/// What a code means, how it comes about and how it is put right. `None` for a code that does not exist.
pub fn page(code: &str) -> Option<String> {
    let code = code.to_ascii_uppercase();
    let (meaning, name) = meaning(&code)?;
    let mut page = format!("{code}: {}\n", capitalised(meaning));
    if let Some(name) = name {
        let _ = writeln!(page, "\nSilence it with `--wno {name}`.");
    }
    if let Some(example) = example(&code) {
        let (wrong, right) = match example.split_once("--- right\n") {
            Some((wrong, right)) => (wrong, Some(right)),
            None => (example, None),
        };
        let _ = write!(page, "\nDiagnosed{}", sample(wrong, None));
        if let Some(right) = right {
            let _ = write!(page, "\nPut right{}", sample(right, command(wrong)));
        }
    }
    Some(page)
}

fn example(code: &str) -> Option<&'static str> {
    EXAMPLES.split("=== ").find_map(|example| {
        let (name, text) = example.split_once('\n')?;
        (name.split(' ').next() == Some(code)).then_some(text)
    })
}

fn command(sample: &str) -> Option<&str> {
    sample.lines().next()?.strip_prefix("$ ")
}

/// A sample as a reader wants it, with the command that reads it unless that is known.
fn sample(text: &str, known: Option<&str>) -> String {
    let mut shown = String::new();
    let asked = command(text);
    match asked {
        Some(command) if asked != known => {
            let _ = writeln!(shown, " by `{command}`:\n");
        }
        _ => shown += ":\n\n",
    }
    let typed = asked.is_some_and(|command| command.contains(" repl "));
    for line in text.lines().skip(usize::from(asked.is_some())) {
        match line.strip_prefix("--- ") {
            Some(file) => {
                let _ = writeln!(shown, "\nwith `{file}`:\n");
            }
            None if typed && line.starts_with(':') => {
                let _ = writeln!(shown, "    ?> {line}");
            }
            None => {
                let _ = writeln!(shown, "    {}", abridged(line));
            }
        }
    }
    shown
}

/// Repetitions are counted, not shown.
fn abridged(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("<<") {
        shown += before;
        let Some((inner, after)) = after.split_once(">>") else {
            rest = after;
            break;
        };
        match inner.rsplit_once('*') {
            Some((text, times)) => {
                let _ = write!(shown, "{text} … ({times} times) ");
            }
            None => shown += inner,
        }
        rest = after;
    }
    shown + rest
}

/// Every code that a diagnostic may carry, part by part.
pub fn codes() -> impl Iterator<Item = &'static str> {
    let coded = syntax::codes::CODES.iter().chain(analysis::codes::CODES);
    let plain = io::codes::TABLE.iter().chain(RUNNING).chain(SUPPOSING);
    coded
        .map(|entry| entry.code)
        .chain(plain.map(|(code, _)| *code))
}

fn meaning(code: &str) -> Option<(&'static str, Option<&'static str>)> {
    let coded = syntax::codes::CODES.iter().chain(analysis::codes::CODES);
    let plain = io::codes::TABLE.iter().chain(RUNNING).chain(SUPPOSING);
    coded
        .map(|entry| (entry.code, entry.meaning, entry.warning_name))
        .chain(plain.map(|&(known, meaning)| (known, meaning, None)))
        .find(|(known, ..)| *known == code)
        .map(|(_, meaning, name)| (meaning, name))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let text: String = first.chain(letters).collect();
    match text.ends_with('.') {
        true => text,
        false => text + ".",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_the_mistake_and_the_cure() {
        let page = page("w103").expect("a page");
        assert!(
            page.contains("--wno var-appears-once") && page.contains("Put right:"),
            "{page}"
        );
        assert_eq!(super::page("D999"), None);
        let page = super::page("D406").expect("a page");
        assert!(
            page.contains("Diagnosed by `cutout check -F . case.dl`:")
                && page.contains("with `year.facts`:"),
            "{page}"
        );
    }

    #[test]
    fn repetitions_are_counted() {
        assert_eq!(abridged("a(<<(*300>>1)."), "a(( … (300 times) 1).");
        assert_eq!(abridged("caf<<\\xE9>>"), "caf\\xE9");
    }
}
