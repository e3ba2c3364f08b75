//! Claim files: CSV with a header. Columns named like attributes make the row, the others are its evidence.

use super::bytes::Input;
use super::codes;
use super::facts::{field_value, not_utf8};
use super::findings::{BadRow, Findings, Problem, closest};
use super::quoted::{placed, quoting_problem};
use super::records::{Record, Records};
use crate::analysis::checked::{CheckedProgram, RelationId};
use crate::evidence::{Claim, Claims, Credibility, Interval, PartialDate, Sources, Stance};
use crate::storage::{Code, Dictionary, Rows};
use crate::syntax::source::Location;
use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;
use std::str::from_utf8;
use std::sync::Arc;

/// Columns that are evidence when a claim file has them.
const EVIDENCE: [&str; 6] = ["source_id", "confidence", "from", "to", "stance", "note"];

/// What reading a claim file needs to know.
pub(crate) struct ClaimReader<'a> {
    pub program: &'a CheckedProgram,
    pub relation: RelationId,
    pub dictionary: &'a Dictionary,
    pub sources: &'a mut Sources,
    /// Claims of other files: their ids are taken.
    pub known: &'a Claims,
    /// What `file:line` calls the file.
    pub short_name: &'a str,
}

/// Where the columns of one file are.
struct Columns {
    width: usize,
    /// Per attribute.
    attributes: Vec<usize>,
    id: Option<usize>,
    source: Option<usize>,
    confidence: Option<usize>,
    from: Option<usize>,
    to: Option<usize>,
    note: Option<usize>,
    stance: Option<usize>,
}

/// Claims read so far, by id.
#[derive(Default)]
struct Read {
    claims: Vec<Claim>,
    by_id: HashTable<u32>,
}

impl ClaimReader<'_> {
    /// Reads all claims of a stream, and the rows that one of them supports. What is wrong goes to `findings`.
    pub fn read(
        mut self,
        input: Input,
        delimiter: &[u8],
        findings: &mut Findings,
    ) -> (Rows, Vec<Claim>) {
        let mut rows = Rows::new(self.program[self.relation].arity());
        let mut read = Read::default();
        let mut records = Records::new(input, delimiter);
        let mut record = Record::default();
        let mut columns = None;
        let mut suggestions = FxHashMap::default();
        loop {
            match records.next(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    findings.io_error(&error);
                    break;
                }
            }
            let Some(columns) = &columns else {
                match self.header(&record) {
                    Ok(found) => columns = Some(found),
                    Err(problems) => {
                        problems
                            .into_iter()
                            .for_each(|problem| findings.problem(problem));
                        return (rows, Vec::new());
                    }
                }
                continue;
            };
            if record.is_blank() && columns.width > 1 {
                continue;
            }
            let claim = self
                .claim(&record, columns, findings.file(), &mut suggestions)
                .and_then(|claim| self.unused_id(claim, &read, &record, columns));
            match claim {
                Ok(claim) => {
                    if claim.stance == Stance::Supports {
                        rows.push(&claim.row);
                    }
                    read.push(claim);
                }
                Err(problems) => findings.bad_row(BadRow {
                    problems,
                    text: record.raw(),
                }),
            }
        }
        if columns.is_none() {
            findings.problem(
                Problem::new(codes::NO_HEADER, "the file has no header line").help(format!(
                    "the first line names the columns: {}",
                    self.wanted()
                )),
            );
        }
        (rows, read.claims)
    }

    fn wanted(&self) -> String {
        let names: Vec<&str> = self.program[self.relation]
            .attributes
            .iter()
            .map(|attribute| &*attribute.name)
            .chain(["source_id", "confidence"])
            .collect();
        names.join(",")
    }

    fn header(&self, record: &Record) -> Result<Columns, Vec<Problem>> {
        let header = Header::read(record)?;
        let relation = &self.program[self.relation];
        let mut problems = Vec::new();
        let mut attributes = Vec::new();
        for attribute in &relation.attributes {
            match header.find(&attribute.name) {
                Some(column) => attributes.push(column),
                None => problems.push(header.missing(
                    record,
                    &attribute.name,
                    &format!("attribute `{}` of `{}`", attribute.name, relation.name),
                )),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let is_attribute = |name: &str| {
            relation
                .attributes
                .iter()
                .any(|attribute| *attribute.name == *name)
        };
        let id = header.find("claim_id").or_else(|| {
            header.names.iter().position(|name| {
                name.ends_with("_id") && !is_attribute(name) && !EVIDENCE.contains(&name.as_str())
            })
        });
        Ok(Columns {
            width: header.names.len(),
            attributes,
            id,
            source: header.find("source_id"),
            confidence: header.find("confidence"),
            from: header.find("from"),
            to: header.find("to"),
            note: header.find("note"),
            // A relation that has the stance among its attributes states it as a fact.
            stance: header.find("stance").filter(|_| !is_attribute("stance")),
        })
    }

    fn claim(
        &mut self,
        record: &Record,
        columns: &Columns,
        file: &Arc<str>,
        suggestions: &mut FxHashMap<String, Option<String>>,
    ) -> Result<Claim, Vec<Problem>> {
        let mut row = Fields::new(record, columns.width)?;
        let relation = &self.program[self.relation];
        let codes: Box<[Code]> = relation
            .attributes
            .iter()
            .zip(&columns.attributes)
            .map(|(attribute, &column)| {
                let field = record.field(column).unwrap_or(b"");
                field_value(self.program, relation, attribute, field, self.dictionary)
                    .unwrap_or_else(|problem| {
                        row.problem(column, problem);
                        Code::NIL
                    })
            })
            .collect();
        let source = row.text(columns.source).and_then(|(column, id)| {
            let source = self.sources.resolve(id);
            if source.is_none() {
                row.problem(column, unknown_source(id, self.sources, suggestions));
            }
            source
        });
        let credibility = row.parse::<Credibility>(columns.confidence, codes::CONFIDENCE);
        let from = row.parse::<PartialDate>(columns.from, codes::DATE);
        let to = row.parse::<PartialDate>(columns.to, codes::DATE);
        let interval = Interval::new(from, to).unwrap_or_else(|reversed| {
            if let Some(column) = columns.from {
                row.problem(
                    column,
                    Problem::new(codes::REVERSED, reversed.to_string())
                        .help("swap `from` and `to`"),
                );
            }
            Interval::ALWAYS
        });
        let stance = match row.text(columns.stance) {
            None | Some((_, "supports")) => Stance::Supports,
            Some((_, "disputes")) => Stance::Disputes,
            Some((column, other)) => {
                let message = format!("`{other}` is no stance");
                row.problem(
                    column,
                    Problem::new(codes::STANCE, message).help("`supports` or `disputes`"),
                );
                Stance::Supports
            }
        };
        let note = row.text(columns.note).map(|(_, note)| note.into());
        let id = match row.text(columns.id) {
            Some((_, id)) => id.into(),
            None => format!("{}:{}", self.short_name, record.line()).into(),
        };
        row.finish()?;
        Ok(Claim {
            id,
            relation: self.relation,
            row: codes,
            source,
            credibility: credibility.unwrap_or_default(),
            interval,
            stance,
            note,
            file: file.clone(),
            line: record.line(),
        })
    }

    /// Refuses a claim whose id another row has.
    fn unused_id(
        &self,
        claim: Claim,
        read: &Read,
        record: &Record,
        columns: &Columns,
    ) -> Result<Claim, Vec<Problem>> {
        let elsewhere = self
            .known
            .with_id(&claim.id)
            .next()
            .map(|first| &self.known[first])
            .filter(|first| first.file != claim.file || first.line != claim.line);
        let Some(first) = elsewhere.or_else(|| read.find(&claim.id)) else {
            return Ok(claim);
        };
        let place = Location {
            file: first.file.clone(),
            line: first.line,
            column: 1,
        };
        let problem = Problem::new(
            codes::DUPLICATE_CLAIM,
            format!("claim id `{}` is taken", claim.id),
        )
        .other(place, "first given here")
        .help("every claim has an id of its own; leave the column out to go by file and line");
        Err(vec![placed(record, columns.id.unwrap_or(0), problem)])
    }
}

impl Read {
    fn find(&self, id: &str) -> Option<&Claim> {
        self.by_id
            .find(hash_of(id), |&at| *self.claims[at as usize].id == *id)
            .map(|&at| &self.claims[at as usize])
    }

    fn push(&mut self, claim: Claim) {
        let at = self.claims.len() as u32;
        self.by_id.insert_unique(hash_of(&claim.id), at, |&at| {
            hash_of(&self.claims[at as usize].id)
        });
        self.claims.push(claim);
    }
}

fn hash_of(id: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(id.as_bytes());
    hasher.finish()
}

fn unknown_source(
    id: &str,
    sources: &Sources,
    suggestions: &mut FxHashMap<String, Option<String>>,
) -> Problem {
    let problem = Problem::new(
        codes::UNKNOWN_SOURCE,
        format!("no source `{id}` is registered"),
    );
    // Looking through all sources is worth it for the mistakes that get listed, not for a million of them.
    if !suggestions.contains_key(id) && suggestions.len() < Findings::LIMIT {
        let near = closest(id, sources.iter().map(|(_, source)| &*source.id));
        suggestions.insert(id.to_owned(), near.map(str::to_owned));
    }
    match suggestions.get(id) {
        Some(Some(near)) => problem.help(format!("did you mean `{near}`?")),
        _ => problem.help("add it to `sources.csv`"),
    }
}

/// The header line of a file whose columns go by name.
pub(crate) struct Header {
    pub names: Vec<String>,
}

impl Header {
    pub fn read(record: &Record) -> Result<Header, Vec<Problem>> {
        let mut problems: Vec<Problem> = quoting_problem(record).into_iter().collect();
        let mut names: Vec<String> = Vec::new();
        for at in 0..record.len() {
            let field = record.field(at).unwrap_or(b"");
            let name = match from_utf8(field) {
                Ok(name) => name.trim().to_owned(),
                Err(_) => {
                    problems.push(placed(record, at, not_utf8()));
                    String::new()
                }
            };
            if !name.is_empty() && names.contains(&name) {
                let message = format!("column `{name}` is named twice");
                problems.push(placed(
                    record,
                    at,
                    Problem::new(codes::DUPLICATE_HEADER, message).help("rename one of them"),
                ));
            }
            names.push(name);
        }
        if problems.is_empty() {
            Ok(Header { names })
        } else {
            Err(problems)
        }
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// No column has this name.
    pub fn missing(&self, record: &Record, name: &str, purpose: &str) -> Problem {
        let problem = Problem::new(
            codes::NO_COLUMN,
            format!("no column is named `{name}`, for {purpose}"),
        );
        let (line, column) = record.place(0);
        let problem = problem.of(line, column, record.raw());
        match closest(name, self.names.iter().map(String::as_str)) {
            Some(near) => problem.help(format!("is column `{near}` meant? rename one of the two")),
            None => problem.help(format!("the columns are {}", self.names.join(", "))),
        }
    }
}

/// The fields of one row, and what is wrong with them so far.
pub(crate) struct Fields<'r> {
    record: &'r Record,
    problems: Vec<Problem>,
}

impl<'r> Fields<'r> {
    /// Only a row with as many fields as the header has is looked at any further.
    pub fn new(record: &'r Record, width: usize) -> Result<Fields<'r>, Vec<Problem>> {
        if let Some(problem) = quoting_problem(record) {
            return Err(vec![problem]);
        }
        if record.len() != width {
            let (line, column) = record.place(record.len().min(width));
            let problem = Problem::new(
                codes::FIELD_COUNT,
                format!("{} fields, but the header has {width}", record.len()),
            )
            .of(line, column, record.raw())
            .help("quote fields that hold the delimiter");
            return Err(vec![problem]);
        }
        Ok(Fields {
            record,
            problems: Vec::new(),
        })
    }

    pub fn problem(&mut self, column: usize, problem: Problem) {
        self.problems.push(placed(self.record, column, problem));
    }

    /// The trimmed text of a column; `None` when there is no such column or it is blank.
    pub fn text(&mut self, column: Option<usize>) -> Option<(usize, &'r str)> {
        let column = column?;
        match from_utf8(self.record.field(column)?) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some((column, text.trim())),
            Err(_) => {
                self.problem(column, not_utf8());
                None
            }
        }
    }

    pub fn parse<T>(&mut self, column: Option<usize>, code: &'static str) -> Option<T>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let (column, text) = self.text(column)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(column, Problem::new(code, format!("`{text}`: {error}")));
                None
            }
        }
    }

    pub fn finish(self) -> Result<(), Vec<Problem>> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(self.problems)
        }
    }
}
