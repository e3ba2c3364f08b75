//! A page on each code that a diagnostic may carry.

use crate::{analysis, io, syntax};
use std::fmt::Write;

/// Codes of what is found while rules run.
const RUNNING: &[(&str, &str)] = &[
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

/// Programs that are diagnosed so, and how they are put right.
const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "D101",
        ".decl firm(f: symbol)\nfirm(F) :- contracts(F).",
        ".decl firm(f: symbol)\n.decl contracts(f: symbol)\ncontracts(\"x-a\").\nfirm(F) :- contracts(F).",
    ),
    (
        "D102",
        ".decl owns(a: symbol, b: symbol)\nowns(\"x-a\").",
        ".decl owns(a: symbol, b: symbol)\nowns(\"x-a\", \"x-b\").",
    ),
    (
        "D204",
        ".decl seen(h: symbol)\n.decl alert(h: symbol)\nseen(\"x-h\").\nalert(H) :- !seen(H).",
        ".decl seen(h: symbol)\n.decl known(h: symbol)\n.decl alert(h: symbol)\nseen(\"x-h\"). known(\"x-h\").\nalert(H) :- known(H), !seen(H).",
    ),
    (
        "D205",
        ".decl a(x: number)\n.decl b(x: number)\na(1).\nb(x) :- a(x), !b(x).",
        ".decl a(x: number)\n.decl old(x: number)\n.decl b(x: number)\na(1). old(1).\nb(x) :- a(x), !old(x).",
    ),
    (
        "D302",
        ".type Firm <: symbol\n.type Person <: symbol\n.decl firm(f: Firm)\n.decl person(p: Person)\nfirm(\"x-a\").\nperson(F) :- firm(F).",
        ".type Firm <: symbol\n.type Person <: symbol\n.decl firm(f: Firm)\n.decl person(p: Person)\nfirm(\"x-a\").\nperson(as(F, Person)) :- firm(F).",
    ),
    (
        "D304",
        ".decl year(y: number)\nyear(\"2019\").",
        ".decl year(y: number)\nyear(2019).",
    ),
    (
        "W103",
        ".decl a(x: number, y: number)\n.decl b(x: number)\n.output b\na(1, 2).\nb(x) :- a(x, y).",
        ".decl a(x: number, y: number)\n.decl b(x: number)\n.output b\na(1, 2).\nb(x) :- a(x, _).",
    ),
];

/// What a code means, how it comes about and how it is put right. `None` for a code that does not exist.
pub fn page(code: &str) -> Option<String> {
    let code = code.to_ascii_uppercase();
    let (meaning, name) = meaning(&code)?;
    let mut page = format!("{code}: {}\n", capitalised(meaning));
    if let Some(name) = name {
        let _ = writeln!(page, "\nSilence it with `--wno {name}`.");
    }
    if let Some((_, wrong, right)) = EXAMPLES.iter().find(|(known, ..)| *known == code) {
        let indented = |text: &str| text.replace('\n', "\n    ");
        let _ = write!(
            page,
            "\nDiagnosed:\n\n    {}\n\nPut right:\n\n    {}\n",
            indented(wrong),
            indented(right)
        );
    }
    Some(page)
}

fn meaning(code: &str) -> Option<(&'static str, Option<&'static str>)> {
    let coded = syntax::codes::CODES.iter().chain(analysis::codes::CODES);
    let plain = io::codes::TABLE.iter().chain(RUNNING);
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
    use crate::session::{CaseSpec, Options, check};

    fn codes(program: &str) -> Vec<String> {
        let spec = CaseSpec {
            text: Some(program.into()),
            ..CaseSpec::default()
        };
        let found = check(&spec, &Options::default(), false);
        let found = found.findings.diagnostics().iter();
        found.map(|diagnostic| diagnostic.code.to_owned()).collect()
    }

    #[test]
    fn examples_show_their_code_and_its_cure() {
        for (code, wrong, right) in EXAMPLES {
            let (found, left) = (codes(wrong), codes(right));
            assert!(
                found.iter().any(|known| known == code),
                "{code}: {found:?} in\n{wrong}"
            );
            assert!(
                !left
                    .iter()
                    .any(|known| known == code || known.starts_with('D')),
                "{code}: {left:?} in\n{right}"
            );
        }
    }

    #[test]
    fn every_code_has_a_page() {
        let page = page("w103").expect("a page");
        assert!(
            page.contains("--wno var-appears-once") && page.contains("Put right:"),
            "{page}"
        );
        for entry in syntax::codes::CODES.iter().chain(analysis::codes::CODES) {
            assert!(super::page(entry.code).is_some());
        }
        assert_eq!(super::page("D999"), None);
    }
}
