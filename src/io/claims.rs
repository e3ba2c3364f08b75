//! Claim files: CSV with a header. Columns named like attributes make the row, the others are its evidence.

use super::block_rows::Values;
use super::bytes::{Block, Blocks, Input};
use super::claim_block::{BlockReader, Columns, Parsed, Read};
use super::codes;
use super::findings::{BadRow, Findings, Problem};
use super::header::Header;
use super::quoted::placed;
use super::records::Record;
use super::waves::in_waves;
use crate::analysis::checked::{CheckedProgram, RelationId};
use crate::evidence::{Claim, Claims, DuplicateId, IdTag, SourceId, Sources, Stance};
use crate::storage::{Code, Dictionary, Rows};
use crate::syntax::source::Location;
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

impl ClaimReader<'_> {
    /// Large enough to keep threads busy, small enough to stay in the cache of a core.
    const BLOCK: usize = 64 << 10;

    /// Reads all claims of a stream; returns the rows that one of them supports. What is wrong goes to `findings`.
    pub fn read(
        self,
        input: Input,
        delimiter: &[u8],
        threads: usize,
        findings: &mut Findings,
    ) -> Rows {
        self.read_in_blocks(input, delimiter, threads, Self::BLOCK, findings)
    }

    fn read_in_blocks(
        self,
        input: Input,
        delimiter: &[u8],
        threads: usize,
        block: usize,
        findings: &mut Findings,
    ) -> Rows {
        let size = input.size();
        let relation = &self.program[self.relation];
        let mut blocks = Blocks::of_records(input, block, delimiter);
        let mut record = Record::default();
        let columns = match blocks.take_record(&mut record, delimiter) {
            Ok(true) => self.header(&record),
            Ok(false) => Err(vec![
                Problem::new(codes::NO_HEADER, "the file has no header line").help(format!(
                    "the first line names the columns: {}",
                    self.wanted()
                )),
            ]),
            Err(error) => {
                findings.io_error(&error);
                return Rows::new(relation.arity());
            }
        };
        let columns = match columns {
            Ok(columns) => columns,
            Err(problems) => {
                problems
                    .into_iter()
                    .for_each(|problem| findings.problem(problem));
                return Rows::new(relation.arity());
            }
        };
        let (register, mut unlisted) = match self.sources.is_closed() {
            true => (Some(&*self.sources), None),
            false => (None, Some(&mut *self.sources)),
        };
        let reader = BlockReader {
            values: Values {
                program: self.program,
                relation,
                dictionary: self.dictionary,
            },
            register,
            columns: &columns,
            delimiter,
            most_bad: match findings.sets_aside() {
                true => usize::MAX,
                false => Findings::LIMIT,
            },
        };
        let threads = blocks.threads_for(size, threads);
        let width = match reader.values.are_ordered() || threads <= 1 {
            true => 1,
            false => threads * 8,
        };
        let mut merged = Merged {
            reader: &reader,
            relation: self.relation,
            short_name: self.short_name,
            file: findings.file().clone(),
            claims: &mut *self.claims,
            rows: Rows::new(relation.arity()),
            // Lines count from one, and the header comes before.
            lines: 1 + record.line_ends(),
            bytes: 0,
            size,
        };
        let read = in_waves(
            &mut blocks,
            width,
            |block, parsed: &mut Parsed, _| reader.parse(block, parsed),
            |block, parsed| {
                let sources = parsed.sources(block.text(), unlisted.as_deref_mut());
                merged.take(block, parsed, &sources, findings);
            },
        );
        let rows = merged.rows;
        if let Err(error) = read {
            findings.io_error(&error);
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
        if let (false, Some(other)) = (problems.is_empty(), header.other_delimiter()) {
            let message = format!("all of the header is one column: its fields end at `{other}`");
            let problem = Problem::new(codes::NO_COLUMN, message);
            let way_out = format!("give `.input` the parameter `delimiter=\"{other}\"`");
            return Err(vec![placed(record, 0, problem).help(way_out)]);
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
}

/// What was merged so far, and where to.
struct Merged<'a> {
    reader: &'a BlockReader<'a>,
    relation: RelationId,
    short_name: &'a str,
    file: Arc<str>,
    claims: &'a mut Claims,
    /// Of the rows that a claim supports.
    rows: Rows,
    /// The number of the next line.
    lines: u32,
    bytes: usize,
    size: Option<u64>,
}

impl Merged<'_> {
    /// Adds what a block holds, in its order. A claim whose id another row has is a bad row.
    fn take(
        &mut self,
        block: &Block,
        parsed: &mut Parsed,
        sources: &[SourceId],
        findings: &mut Findings,
    ) {
        let text = block.text();
        let arity = self.reader.values.relation.arity();
        parsed.rows.settle(text, &self.reader.values);
        self.bytes += block.lines().len();
        self.reserve(parsed.read.len(), arity);
        let made = self.made_ids(parsed);
        let rows = by_row(parsed, arity);
        let (relation, file, lines) = (self.relation, &self.file, self.lines);
        // Readers have seen to it that these are UTF-8.
        let text_at = |(start, end): (u32, u32)| {
            let field = &text[start as usize..end as usize];
            parsed.rows.text(field).unwrap_or_default()
        };
        let claim = |at: usize| {
            let read = &parsed.read[at];
            let note = text_at(read.note);
            Claim {
                id: match read.has_id() {
                    true => text_at(read.id),
                    false => made.get(at),
                },
                relation,
                row: &rows[at * arity..(at + 1) * arity],
                source: read.source.map(|of| sources[of as usize]),
                credibility: read.credibility,
                interval: read.interval,
                stance: read.stance,
                note: (!note.is_empty()).then_some(note),
                file,
                line: read.line + lines,
            }
        };
        let mut duplicates = Vec::new();
        self.claims
            .insert_all(&parsed.tags, claim, |at, duplicate| {
                duplicates.push((at, duplicate));
            });
        let supports = |read: &Read| read.stance == Stance::Supports;
        if duplicates.is_empty() && parsed.read.iter().all(supports) {
            let columns = (0..arity).map(|at| parsed.rows.column(at));
            self.rows.append_columns(columns, parsed.read.len());
        } else {
            let mut refused = duplicates.iter().map(|&(at, _)| at).peekable();
            for (at, read) in parsed.read.iter().enumerate() {
                if refused.next_if_eq(&at).is_none() && supports(read) {
                    self.rows.push(&rows[at * arity..(at + 1) * arity]);
                }
            }
        }
        let mut bad = parsed.bad.clone();
        for (_, row) in &mut bad {
            for problem in &mut row.problems {
                problem.line += self.lines;
            }
        }
        for (at, duplicate) in duplicates {
            let record = &block.lines()[parsed.read[at].start as usize..];
            bad.push((at, self.taken(record, &claim(at), duplicate)));
        }
        bad.sort_by_key(|(at, _)| *at);
        for (_, row) in bad {
            findings.bad_row(row);
        }
        findings.more(parsed.more);
        self.lines = self.lines.saturating_add(parsed.lines);
    }

    /// Makes room for the rest of the file, judged by its first block.
    fn reserve(&mut self, read: usize, arity: usize) {
        if self.claims.is_empty()
            && let Some(size) = self.size
        {
            let per_byte = read as f64 / self.bytes.max(1) as f64;
            let expected = (per_byte * size as f64 * 1.02) as usize;
            self.claims.reserve(expected, arity);
        }
    }

    /// Ids by file and line for the claims of a block that have none, and their tags.
    fn made_ids(&self, parsed: &mut Parsed) -> MadeIds {
        let mut made = MadeIds::default();
        if parsed.read.iter().all(Read::has_id) {
            return made;
        }
        for (read, tag) in parsed.read.iter().zip(&mut parsed.tags) {
            if !read.has_id() {
                let start = made.text.len();
                made.text.push_str(self.short_name);
                made.text.push(':');
                made.text.push_str(&(read.line + self.lines).to_string());
                *tag = IdTag::of(&made.text.as_bytes()[start..]);
            }
            made.ends.push(made.text.len());
        }
        made
    }

    /// What is said of a row whose id another one has.
    fn taken(&self, text: &[u8], claim: &Claim, duplicate: DuplicateId) -> BadRow {
        let mut record = Record::default();
        record.read(text, self.reader.delimiter, claim.line);
        let first = self.claims.get(duplicate.first);
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
        let column = self.reader.columns.id.unwrap_or(0);
        BadRow {
            problems: vec![placed(&record, column, problem)],
            text: record.raw(),
        }
    }
}

/// One text for each claim of a block, or none at all.
#[derive(Default)]
struct MadeIds {
    text: String,
    ends: Vec<usize>,
}

impl MadeIds {
    fn get(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[at]]
    }
}

/// The rows of a block, one after the other.
fn by_row(parsed: &Parsed, arity: usize) -> Vec<Code> {
    let mut rows = vec![Code::NIL; parsed.rows.len() * arity];
    for attribute in 0..arity {
        let column = parsed.rows.column(attribute);
        for (row, &code) in rows.chunks_exact_mut(arity).zip(column) {
            row[attribute] = code;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Credibility, Interval, Source};
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
            .insert(&Claim {
                id: "k0",
                relation: RelationId(0),
                row: &[],
                source: None,
                credibility: Credibility::Confirmed,
                interval: Interval::ALWAYS,
                stance: Stance::Supports,
                note: None,
                file: &"x-other.csv".into(),
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
        let rows = reader.read(Input::text(text).unwrap(), b",", 1, &mut findings);
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
                CONTRACT,
                b"client;supplier\n",
                "facts/r.csv:1:1 D412 all of the header is one column: its fields end at `;` = give `.input` the parameter `delimiter=\";\"`\n",
            ),
            (
                CONTRACT,
                b"client\tsupplier\n",
                "facts/r.csv:1:1 D412 all of the header is one column: its fields end at `\\t` = give `.input` the parameter `delimiter=\"\\t\"`\n",
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
