//! The file of judgements: `judgements.csv`, beside the claim files.

use super::bytes::Input;
use super::codes;
use super::findings::{Findings, Problem};
use super::header::{Header, NamedFields, read_named};
use super::read::open_problem;
use super::records::Record;
use crate::evidence::{Judgement, Judgements, PartialDate, Verdict};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Location;
use std::path::Path;
use std::sync::Arc;

/// What the file is called, in the directory of the claim files.
pub const JUDGEMENTS: &str = "judgements.csv";

pub const COLUMNS: [&str; 7] = [
    "judgement_id",
    "claim_id",
    "stance",
    "about",
    "author",
    "date",
    "note",
];

/// Columns that no judgement can do without.
const NEEDED: [&str; 4] = ["judgement_id", "claim_id", "author", "date"];

/// Reads a file of judgements, or finds everything that is wrong with it.
pub fn read_judgements(path: &Path) -> Result<Judgements, Vec<Diagnostic>> {
    let name: Arc<str> = path.to_string_lossy().into();
    let input = Input::file(path, None).map_err(|error| vec![open_problem(&name, &error, None)])?;
    let mut findings = Findings::new(name, None);
    let judgements = read(input, &mut findings);
    findings.finish()?;
    Ok(Judgements::new(judgements))
}

fn read(input: Input, findings: &mut Findings) -> Vec<Judgement> {
    let mut judgements: Vec<Judgement> = Vec::new();
    let take = |record: &Record, header: &Header, file: &Arc<str>| {
        let known = |id: &str| judgements.iter().find(|one| *one.id == *id);
        let read = judgement(record, header, file, known)?;
        judgements.push(read);
        Ok(())
    };
    read_named(input, &COLUMNS, findings, missing, take);
    judgements
}

fn missing(record: &Record, header: &Header) -> Vec<Problem> {
    let missing = NEEDED
        .into_iter()
        .filter(|name| header.find(name).is_none());
    let missing = missing.map(|name| {
        let is_free = |known: &str| !COLUMNS.contains(&known);
        header.missing(record, name, "who judges what, and when", is_free)
    });
    missing.collect()
}

fn judgement<'a>(
    record: &Record,
    header: &Header,
    file: &Arc<str>,
    known: impl Fn(&str) -> Option<&'a Judgement>,
) -> Result<Judgement, Vec<Problem>> {
    let mut row = NamedFields::new(record, header.names.len())?;
    let mut needed = |name: &str| -> Box<str> {
        let column = header.find(name);
        match row.text(column) {
            Some((_, text)) if !text.is_empty() => text.into(),
            _ => {
                let wrong = format!("the judgement has no `{name}`");
                row.problem(column.unwrap_or(0), Problem::new(codes::JUDGEMENT, wrong));
                "".into()
            }
        }
    };
    let (id, claim, author) = (needed("judgement_id"), needed("claim_id"), needed("author"));
    if let Some(first) = known(&id).filter(|_| !id.is_empty()) {
        row.problem(
            header.find("judgement_id").unwrap_or(0),
            Problem::new(codes::JUDGEMENT, format!("judgement id `{id}` is taken"))
                .other(first.place.clone(), "first given here"),
        );
    }
    let dated = row
        .text(header.find("date"))
        .is_some_and(|(_, text)| !text.is_empty());
    let date = row.parse::<PartialDate>(header.find("date"), codes::DATE);
    let verdict = match row.text(header.find("stance")) {
        None | Some((_, "" | "rejects")) => Verdict::Rejects,
        Some((_, "accepts")) => Verdict::Accepts,
        Some((column, other)) => {
            let wrong = format!("`{other}` is no stance of a judgement");
            row.problem(
                column,
                Problem::new(codes::STANCE, wrong).help("`rejects` or `accepts`"),
            );
            Verdict::Rejects
        }
    };
    if !dated {
        let wrong = "the judgement has no `date`";
        row.problem(
            header.find("date").unwrap_or(0),
            Problem::new(codes::JUDGEMENT, wrong),
        );
    }
    let optional = |found: Option<(usize, &str)>| -> Option<Box<str>> {
        found
            .map(|(_, text)| text)
            .filter(|text| !text.is_empty())
            .map(Into::into)
    };
    let about = optional(row.text(header.find("about")));
    let note = optional(row.text(header.find("note")));
    row.finish()?;
    let Some(date) = date else {
        return Err(Vec::new());
    };
    Ok(Judgement {
        id,
        claim,
        verdict,
        about,
        author,
        date,
        note,
        place: Location {
            file: file.clone(),
            line: record.line(),
            column: 1,
        },
    })
}

/// The text of a file with further judgements at its end. A file that is there keeps its columns and its order.
pub fn with_judgements(existing: &[u8], more: &[Judgement]) -> Result<Vec<u8>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().from_reader(existing);
    let mut names: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let mut text = existing.to_vec();
    if names.is_empty() {
        names = COLUMNS.map(str::to_owned).to_vec();
        text = format!("{}\n", names.join(",")).into_bytes();
    }
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    let mut writer = csv::Writer::from_writer(text);
    for judgement in more {
        let value = |name: &String| match name.trim() {
            "judgement_id" => judgement.id.to_string(),
            "claim_id" => judgement.claim.to_string(),
            "stance" => match judgement.verdict {
                Verdict::Rejects => "rejects".to_owned(),
                Verdict::Accepts => "accepts".to_owned(),
            },
            "about" => judgement.about.as_deref().unwrap_or_default().to_owned(),
            "author" => judgement.author.to_string(),
            "date" => judgement.date.to_string(),
            "note" => judgement.note.as_deref().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        writer.write_record(names.iter().map(value))?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::print_diagnostics;

    fn load(text: &str) -> Result<Vec<Judgement>, String> {
        let mut findings = Findings::new("judgements.csv".into(), None);
        let found = read(Input::text(text.as_bytes()).unwrap(), &mut findings);
        findings
            .finish()
            .map_err(|wrong| print_diagnostics(&wrong))?;
        Ok(found)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let one = |id: &str, verdict, note: Option<&str>| Judgement {
            id: id.into(),
            claim: "c31".into(),
            verdict,
            about: Some("works_for(\"x-a\",\"x-b\")".into()),
            author: "X, Analyst".into(),
            date: "2026-11-22".parse().unwrap(),
            note: note.map(Into::into),
            place: Location {
                file: "judgements.csv".into(),
                line: 2,
                column: 1,
            },
        };
        let first = one("j1", Verdict::Rejects, None);
        let second = one("j2", Verdict::Accepts, Some("a \"good\" reason"));
        let text = with_judgements(b"", std::slice::from_ref(&first)).unwrap();
        let text = with_judgements(&text, std::slice::from_ref(&second)).unwrap();
        let read = load(std::str::from_utf8(&text).unwrap()).unwrap();
        let again = Judgement {
            place: read[1].place.clone(),
            ..second
        };
        assert_eq!(read, [first, again]);
        let read = Judgements::new(read);
        assert!(read.rejecting("c31").is_none(), "the last one decides");
    }

    #[test]
    fn a_file_keeps_the_columns_it_has() {
        let text = "date,extra,author,claim_id,judgement_id\n2020,x,A,c1,j1";
        let judgements = load(text).unwrap();
        let more = Judgement {
            id: "j2".into(),
            ..judgements[0].clone()
        };
        let text = with_judgements(text.as_bytes(), &[more]).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "date,extra,author,claim_id,judgement_id\n2020,x,A,c1,j1\n2020,,A,c1,j2\n"
        );
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        for (text, expected) in [
            (
                "",
                "judgements.csv:1:1 D410 the file has no header line = the first line is judgement_id,claim_id,stance,about,author,date,note\n",
            ),
            (
                "judgement_id,claim_id,stance,author,date\nj1,,accepts,A,2020-13\nj2,c1,hates,A,2020\nj3,c1,,,\n",
                "judgements.csv:2:4 D426 the judgement has no `claim_id`\n\
                 judgements.csv:2:15 D416 `2020-13`: there is no month 13\n\
                 judgements.csv:3:7 D419 `hates` is no stance of a judgement = `rejects` or `accepts`\n\
                 judgements.csv:4:8 D426 the judgement has no `author`\n\
                 judgements.csv:4:9 D426 the judgement has no `date`\n",
            ),
        ] {
            assert_eq!(load(text).unwrap_err(), expected);
        }
    }
}
