//! Claim files: CSV with a header. Columns named like attributes make the row, the others are its evidence.

use super::bytes::Input;
use super::codes;
use super::findings::{BadRow, Findings, Problem};
use super::layout::{field_value, not_utf8};
use super::quoted::{placed, quoting_problem};
use super::records::{Record, Records};
use crate::analysis::checked::{CheckedProgram, RelationId};
use crate::analysis::findings::closest;
use crate::evidence::{
    Claim, ClaimId, Claims, Credibility, Interval, PartialDate, Sources, Stance,
};
use crate::storage::{Code, Dictionary, Rows};
use crate::syntax::source::Location;
use rustc_hash::FxHashMap;
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
    /// Takes the claims.
    pub claims: &'a mut Claims,
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

impl ClaimReader<'_> {
    /// Reads all claims of a stream; returns the rows that one of them supports. What is wrong goes to `findings`.
    pub fn read(mut self, input: Input, delimiter: &[u8], findings: &mut Findings) -> Rows {
        let mut rows = Rows::new(self.program[self.relation].arity());
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
                        return rows;
                    }
                }
                continue;
            };
            if record.is_blank() && columns.width > 1 {
                continue;
            }
            let claim = self.claim(&record, columns, findings.file(), &mut suggestions);
            match claim.and_then(|claim| self.insert(claim, &record, columns)) {
                Ok(claim) => {
                    let claim = &self.claims[claim];
                    if claim.stance == Stance::Supports {
                        rows.push(&claim.row);
                    }
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
        rows
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
        let is_attribute = |name: &str| {
            relation
                .attributes
                .iter()
                .any(|attribute| *attribute.name == *name)
        };
        let mut problems = Vec::new();
        let mut attributes = Vec::new();
        for attribute in &relation.attributes {
            match header.find(&attribute.name) {
                Some(column) => attributes.push(column),
                None => problems.push(header.missing(
                    record,
                    &attribute.name,
                    &format!("attribute `{}` of `{}`", attribute.name, relation.name),
                    |name| !is_attribute(name),
                )),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
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
                        row.problem(column, *problem);
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
    fn insert(
        &mut self,
        claim: Claim,
        record: &Record,
        columns: &Columns,
    ) -> Result<ClaimId, Vec<Problem>> {
        self.claims.insert(claim).map_err(|duplicate| {
            let first = &self.claims[duplicate.first];
            let place = Location {
                file: first.file.clone(),
                line: first.line,
                column: 1,
            };
            let problem = Problem::new(
                codes::DUPLICATE_CLAIM,
                format!("claim id `{}` is taken", duplicate.second.id),
            )
            .other(place, "first given here")
            .help("every claim has an id of its own; leave the column out to go by file and line");
            vec![placed(record, columns.id.unwrap_or(0), problem)]
        })
    }
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

    /// No column has this name. A near one may be meant, if it is `free`.
    pub fn missing(
        &self,
        record: &Record,
        name: &str,
        purpose: &str,
        free: impl Fn(&str) -> bool,
    ) -> Problem {
        let problem = Problem::new(
            codes::NO_COLUMN,
            format!("no column is named `{name}`, for {purpose}"),
        );
        let (line, column) = record.place(0);
        let problem = problem.of(line, column, record.raw());
        let names = self.names.iter().map(String::as_str);
        match closest(name, names.filter(|name| !name.is_empty() && free(name))) {
            Some(near) => problem.help(format!("is column `{near}` meant? rename one of the two")),
            None if self.names.iter().all(String::is_empty) => {
                problem.help("the first line names the columns")
            }
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

    /// What is wrong, from left to right.
    pub fn finish(mut self) -> Result<(), Vec<Problem>> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            self.problems
                .sort_by_key(|problem| (problem.line, problem.column));
            Err(self.problems)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Source;
    use crate::io::SetAside;
    use crate::io::testing::{print_diagnostics, print_rows, program};

    /// Sources `x1` and `x2` are registered; claim `k0` stands in another file.
    fn load(declared: &str, text: &[u8], set_aside: Option<&SetAside>) -> (String, String) {
        let program = program(declared);
        let dictionary = Dictionary::new();
        let source = |id: &str| Source {
            id: id.into(),
            ..Source::default()
        };
        let (mut sources, _) = Sources::register(vec![source("x1"), source("x2")]);
        let mut known = Claims::new();
        known
            .insert(Claim {
                id: "k0".into(),
                relation: RelationId(0),
                row: Box::new([]),
                source: None,
                credibility: Credibility::Confirmed,
                interval: Interval::ALWAYS,
                stance: Stance::Supports,
                note: None,
                file: "x-other.csv".into(),
                line: 7,
            })
            .unwrap();
        let mut findings = Findings::new("facts/r.csv".into(), set_aside);
        let reader = ClaimReader {
            program: &program,
            relation: RelationId(0),
            dictionary: &dictionary,
            sources: &mut sources,
            claims: &mut known,
            short_name: "r.csv",
        };
        let rows = reader.read(Input::text(text).unwrap(), b",", &mut findings);
        let mut printed = print_rows(&program, &dictionary, &rows);
        for (_, claim) in known.iter().skip(1) {
            printed += &format!(
                "\n{} {:?} {}{} {}{}",
                claim.id,
                claim.stance,
                claim.source.map_or("-", |source| &*sources[source].id),
                claim.grade(&sources),
                claim.interval,
                claim
                    .note
                    .as_ref()
                    .map(|note| format!(" ({note})"))
                    .unwrap_or_default(),
            );
        }
        match findings.finish() {
            Ok(_) => (printed, String::new()),
            Err(wrong) => (printed, print_diagnostics(&wrong)),
        }
    }

    #[test]
    fn columns_go_by_name_and_the_rest_is_evidence() {
        for (declared, text, expected) in [
            (
                "client: symbol, supplier: symbol",
                "contract_id,supplier,client,source_id,confidence,from,to,note\n\
                 k1,x-firm,x-bureau,x1,probable,2019,2020-05,\"so, it\nsays\"\n\
                 k2,x-shop,x-bureau,,,,,\n",
                "(x-bureau|x-firm) (x-bureau|x-shop)\n\
                 k1 Supports x1F2 2019 … 2020-05 (so, it\nsays)\n\
                 k2 Supports -F6 always",
            ),
            (
                "a: symbol",
                "\u{feff}a,source_id\r\nx,x2\r\n\r\n\"\",x1\r\n",
                "(x) ()\nr.csv:2 Supports x2F6 always\nr.csv:4 Supports x1F6 always",
            ),
            (
                "a: symbol",
                "a,claim_id,event_id,stance\nx,k1,e1,disputes\ny,k2,e1,supports\nz,k3,e1,\n",
                "(y) (z)\nk1 Disputes -F6 always\nk2 Supports -F6 always\nk3 Supports -F6 always",
            ),
            (
                "event_id: symbol, from: symbol",
                "event_id,source_id,from\ne1,x1,2019-02\n",
                "(e1|2019-02)\nr.csv:2 Supports x1F6 since 2019-02",
            ),
            (
                "a: symbol, stance: symbol",
                "a,stance\nx,disputes\n",
                "(x|disputes)\nr.csv:2 Supports -F6 always",
            ),
            (
                "n: number, f: float",
                "f,n\n1.5,-3\n",
                "(-3|1.5)\nr.csv:2 Supports -F6 always",
            ),
            ("a: symbol", "a\n", ""),
        ] {
            let (claims, wrong) = load(declared, text.as_bytes(), None);
            assert_eq!((&*claims, &*wrong), (expected, ""), "{text}");
        }
    }

    const CONTRACT: &str = "client: symbol, supplier: symbol";

    #[test]
    fn every_mistake_is_named_with_its_place() {
        for (declared, text, expected) in [
            (
                CONTRACT,
                &b""[..],
                "facts/r.csv:1:1 D410 the file has no header line = the first line names the columns: client,supplier,source_id,confidence\n",
            ),
            (
                CONTRACT,
                b"client,note,client\n",
                "facts/r.csv:1:13 D411 column `client` is named twice = rename one of them\n",
            ),
            (
                CONTRACT,
                b"clinet,amount\n",
                "facts/r.csv:1:1 D412 no column is named `client`, for attribute `client` of `r` = is column `clinet` meant? rename one of the two\n\
                 facts/r.csv:1:1 D412 no column is named `supplier`, for attribute `supplier` of `r` = the columns are clinet, amount\n",
            ),
            (
                "a: symbol",
                b"a,b\n1\n1,2,3\nx\n",
                "facts/r.csv:2:2 D413 1 fields, but the header has 2 = quote fields that hold the delimiter\n\
                 facts/r.csv:3:5 D413 3 fields, but the header has 2 = quote fields that hold the delimiter\n\
                 facts/r.csv:4:2 D413 1 fields, but the header has 2 = quote fields that hold the delimiter\n",
            ),
            (
                "a: symbol",
                b"a,claim_id\nx,k1\ny,k0\nz,k1\n",
                "facts/r.csv:3:3 (see x-other.csv:7:1) D414 claim id `k0` is taken = every claim has an id of its own; leave the column out to go by file and line\n\
                 facts/r.csv:4:3 (see facts/r.csv:2:1) D414 claim id `k1` is taken = every claim has an id of its own; leave the column out to go by file and line\n",
            ),
            (
                "a: symbol, n: number",
                b"a,n,source_id,confidence,from,to,stance\n\
                  \"l1\nl2\",x,x3,sure,2019-02-29,20,against\n\
                  x,1,nobody,7,2020,2019-12-31,Supports\n",
                "facts/r.csv:3:5 D406 `x` is no value of `n: number` of `r`: not a number\n\
                 facts/r.csv:3:7 D415 no source `x3` is registered = did you mean `x1`?\n\
                 facts/r.csv:3:10 D418 `sure`: a confidence is one of confirmed, probable, possible, doubtful, or 1 to 6\n\
                 facts/r.csv:3:15 D416 `2019-02-29`: 2019-02 has 28 days\n\
                 facts/r.csv:3:26 D416 `20`: a date is written `YYYY`, `YYYY-MM` or `YYYY-MM-DD`\n\
                 facts/r.csv:3:29 D419 `against` is no stance = `supports` or `disputes`\n\
                 facts/r.csv:4:5 D415 no source `nobody` is registered = add it to `sources.csv`\n\
                 facts/r.csv:4:12 D418 `7`: a confidence is one of confirmed, probable, possible, doubtful, or 1 to 6\n\
                 facts/r.csv:4:14 D417 the interval is reversed: 2020 comes after 2019-12-31 = swap `from` and `to`\n\
                 facts/r.csv:4:30 D419 `Supports` is no stance = `supports` or `disputes`\n",
            ),
            (
                "a: symbol",
                b"a,note\n\xc3\xa9,\xff\n\xe9,n\n",
                "facts/r.csv:2:3 D408 the field is not UTF-8 = save the file as UTF-8\n\
                 facts/r.csv:3:1 D408 the field is not UTF-8 = save the file as UTF-8\n",
            ),
            (
                "a: symbol",
                b"a,note\n\"x\"y,n\nz,\"open\n\nz,n\n",
                "facts/r.csv:2:1 D409 the field goes on after its closing quote = a quotation mark within a quoted field is written twice\n\
                 facts/r.csv:3:3 D409 this quote is never closed: it takes in the rest of the file = close it, or double it if it is part of the text\n",
            ),
        ] {
            let (_, wrong) = load(declared, text, None);
            assert_eq!(wrong, expected, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn bad_rows_are_set_aside_and_the_others_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bad.csv");
        let set_aside = SetAside::create(&path).unwrap();
        let text = b"a,from,source_id\nx,2019,x1\ny,\"20\"\"19\",x9\nz\n";
        let (claims, wrong) = load("a: symbol", text, Some(&set_aside));
        assert_eq!(wrong, "");
        assert_eq!(claims, "(x)\nr.csv:2 Supports x1F6 since 2019");
        assert!(!path.exists(), "nothing half-written");
        assert_eq!(set_aside.finish().unwrap(), 2);
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "file,line,column,value,reason,row\n\
             facts/r.csv,3,3,\"20\"\"19\",\"`20\"\"19`: a date is written `YYYY`, `YYYY-MM` or `YYYY-MM-DD`\",\"y,\"\"20\"\"\"\"19\"\",x9\"\n\
             facts/r.csv,3,12,x9,no source `x9` is registered,\"y,\"\"20\"\"\"\"19\"\",x9\"\n\
             facts/r.csv,4,2,z,\"1 fields, but the header has 3\",z\n"
        );
    }
}
