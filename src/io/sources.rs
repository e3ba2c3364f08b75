//! The register of sources: `sources.csv`, beside the claim files.

use super::bytes::Input;

use super::codes;
use super::findings::{BadRow, Findings, Problem};
use super::header::{Header, NamedFields, read_named};
use super::read::{ReadOptions, open_problem};
use super::records::Record;
use crate::analysis::findings::closest;
use crate::evidence::{Source, Sources};
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::source::Location;
use std::path::Path;
use std::sync::Arc;

/// What the register is called, in the directory of the claim files.
pub const REGISTER: &str = "sources.csv";

const NAMED: [&str; 8] = [
    "source_id",
    "publisher",
    "title",
    "published",
    "url",
    "kind",
    "reliability",
    "derived_from",
];

/// A register that was read.
#[derive(Debug)]
pub struct LoadedSources {
    pub sources: Sources,
    /// Rows that could not be read and were put aside.
    pub set_aside: usize,
}

/// Reads a register of sources. A `derived_from` that names no source is a mistake, unless bad rows are set aside:
/// then the row stays, for claims cite it.
pub fn read_sources(path: &Path, options: &ReadOptions) -> Result<LoadedSources, Vec<Diagnostic>> {
    let name: Arc<str> = path.to_string_lossy().into();
    let input = Input::file(path, options.progress)
        .map_err(|error| vec![open_problem(&name, &error, None)])?;
    let mut findings = Findings::new(name, options.skip_bad_rows);
    let sources = read_register(input, &mut findings);
    let set_aside = findings.finish()?;
    Ok(LoadedSources { sources, set_aside })
}

fn read_register(input: Input, findings: &mut Findings) -> Sources {
    let mut sources = Vec::new();
    // Where each `derived_from` stands: it can be checked only once all ids are known.
    let mut origins: Vec<(u32, u32, String)> = Vec::new();
    let has_ids = |record: &Record, header: &Header| {
        let is_free = |name: &str| !NAMED.contains(&name);
        let purpose = "the ids of the sources";
        match header.find("source_id") {
            Some(_) => Vec::new(),
            None => vec![header.missing(record, "source_id", purpose, is_free)],
        }
    };
    let take = |record: &Record, header: &Header, file: &Arc<str>| {
        let source = read_source(record, header, file)?;
        if let Some(column) = header.find("derived_from") {
            let (line, column) = record.place(column);
            let from = source.derived_from.iter();
            origins.extend(from.map(|origin| (line, column, origin.to_string())));
        }
        sources.push(source);
        Ok(())
    };
    if !read_named(input, &NAMED, findings, has_ids, take) {
        return Sources::unlisted();
    }
    let (sources, twice) = Sources::register(sources);
    for (first, second) in twice {
        let message = format!("source id `{}` is taken", second.id);
        let mut problem = Problem::new(codes::DUPLICATE_SOURCE, message);
        if let Some(place) = &sources[first].place {
            problem = problem.other(place.clone(), "first given here");
        }
        let place = second.place.as_ref();
        let (line, column) = place.map_or((1, 1), |place| (place.line, place.column));
        findings.bad_row(BadRow {
            problems: vec![problem.of(line, column, &*second.id)],
            text: second.id.to_string(),
        });
    }
    if !findings.sets_aside() {
        for (line, column, origin) in origins {
            if sources.find(&origin).is_some() {
                continue;
            }
            let near = closest(&origin, sources.iter().map(|(_, source)| &*source.id));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "register the original too, or clear the cell".to_owned(),
            };
            let message = format!("derived from `{origin}`, which is not registered");
            findings.problem(
                Problem::new(codes::UNKNOWN_SOURCE, message)
                    .help(help)
                    .of(line, column, origin),
            );
        }
    }
    sources
}

fn read_source(record: &Record, header: &Header, file: &Arc<str>) -> Result<Source, Vec<Problem>> {
    let mut row = NamedFields::new(record, header.names.len())?;
    let id_column = header.find("source_id").unwrap_or(0);
    let id = row.text(Some(id_column)).map_or("", |(_, id)| id);
    if id.is_empty() {
        row.problem(
            id_column,
            Problem::new(codes::NO_SOURCE_ID, "the source has no id"),
        );
    }
    let published = row.parse(header.find("published"), codes::DATE);
    let reliability = row.parse(header.find("reliability"), codes::RELIABILITY);
    let mut text = |name: &str| -> Box<str> {
        let found = row.text(header.find(name));
        found.map_or("", |(_, text)| text).into()
    };
    let (publisher, title) = (text("publisher"), text("title"));
    let (url, kind) = (text("url"), text("kind"));
    let derived_from = text("derived_from")
        .split(';')
        .map(str::trim)
        .filter(|origin| !origin.is_empty())
        .map(Into::into)
        .collect();
    let extra = header
        .names
        .iter()
        .enumerate()
        .filter(|(_, name)| !NAMED.contains(&name.as_str()))
        .filter_map(|(column, name)| {
            let (_, text) = row.text(Some(column))?;
            Some((name.as_str().into(), text.into()))
        })
        .collect();
    row.finish()?;
    let (line, column) = record.place(id_column);
    Ok(Source {
        id: id.into(),
        publisher,
        title,
        published,
        url,
        kind,
        reliability: reliability.unwrap_or_default(),
        derived_from,
        extra,
        place: Some(Location {
            file: file.clone(),
            line,
            column,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::print_diagnostics;

    fn load(text: &str) -> Result<Sources, String> {
        let mut findings = Findings::new("sources.csv".into(), None);
        let sources = read_register(Input::text(text.as_bytes()).unwrap(), &mut findings);
        findings
            .finish()
            .map_err(|wrong| print_diagnostics(&wrong))?;
        Ok(sources)
    }

    #[test]
    fn a_register_keeps_what_it_says() {
        let sources = load(
            "source_id,publisher,title,published,url,kind,reliability,derived_from,access\r\n\
             x1,X Press,\"On \"\"X\"\"\",2024-11,https://x.example/1,news,B,,read\r\n\
             x2,,,,,,,x1; x3,\r\n\
             x3,,,,,,,,\r\n",
        )
        .unwrap();
        let first = &sources[sources.find("x1").unwrap()];
        assert_eq!(&*first.title, "On \"X\"");
        assert_eq!(first.published.unwrap().to_string(), "2024-11");
        assert_eq!(first.reliability.to_string(), "B");
        assert_eq!(first.extra, [("access".into(), "read".into())]);
        assert_eq!(first.place.as_ref().unwrap().to_string(), "sources.csv:2:1");
        let second = sources.find("x2").unwrap();
        assert_eq!(sources[second].reliability.to_string(), "F");
        assert_eq!(sources.roots(second).len(), 2);
        assert!(sources.is_closed());
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        for (text, expected) in [
            (
                "",
                "sources.csv:1:1 D410 the file has no header line = the first line is source_id,publisher,title,published,url,kind,reliability,derived_from\n",
            ),
            (
                "source,title\n",
                "sources.csv:1:1 D412 no column is named `source_id`, for the ids of the sources = is column `source` meant? rename one of the two\n",
            ),
            (
                "source_id,published,reliability,derived_from\nx1,2024-13,G,x9\n,,,\nx2,,,x3;x5\nx3,,,\nx3,,A,\n",
                "sources.csv:2:4 D416 `2024-13`: there is no month 13\n\
                 sources.csv:2:12 D420 `G`: a reliability is one of A, B, C, D, E, F\n\
                 sources.csv:3:1 D422 the source has no id\n\
                 sources.csv:4:6 D415 derived from `x5`, which is not registered = did you mean `x2`?\n\
                 sources.csv:6:1 (see sources.csv:5:1) D421 source id `x3` is taken\n",
            ),
        ] {
            assert_eq!(load(text).unwrap_err(), expected);
        }
    }
}
