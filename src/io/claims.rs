//! Claim files: CSV with a header. Columns named like attributes make the row, the others are its evidence.

use super::bytes::{Block, Blocks, Input};
use super::codes;
use super::fields::Fields;
use super::findings::{BadRow, Findings, Problem};
use super::layout::{field_value, is_compound, not_utf8};
use super::local::{Names, Symbols, Words};
use super::quoted::{placed, quoting_problem};
use super::records::Record;
use super::value::parse_word;
use super::waves::in_waves;
use crate::analysis::checked::{CheckedProgram, Relation, RelationId, ValueType};
use crate::analysis::findings::closest;
use crate::evidence::{
    Claim, ClaimedRow, Claims, Credibility, DuplicateId, Interval, PartialDate, SourceId, Sources,
    Stance,
};
use crate::storage::{Code, Dictionary, Rows};
use crate::syntax::source::Location;
use compact_str::{CompactString, format_compact};
use rustc_hash::FxHashMap;
use std::str::from_utf8;

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

/// What is known of a block before it is merged.
#[derive(Default)]
struct Parsed {
    read: Vec<Read>,
    /// Where the record of each begins.
    starts: Vec<u32>,
    lines: u32,
    symbols: Symbols,
    words: Words,
    /// The sources named.
    named: Names,
    /// Those of a register, as far as they were looked up.
    listed: Vec<SourceId>,
    /// Bad rows, with the number of good ones before.
    bad: Vec<(usize, BadRow)>,
    /// Problems beyond those.
    more: usize,
    fields: Fields,
    record: Record,
}

/// A claim whose codes and source are those of its block, and whose line counts from its beginning.
struct Read {
    /// Empty where the row has none.
    id: CompactString,
    row: ClaimedRow,
    source: Option<u32>,
    credibility: Option<Credibility>,
    interval: Interval,
    stance: Stance,
    note: Option<Box<str>>,
    line: u32,
}

/// How many values were known when a row began.
#[derive(Clone, Copy)]
struct Mark {
    symbols: usize,
    words: usize,
    named: usize,
}

/// What reading any block needs to know.
struct BlockReader<'a> {
    program: &'a CheckedProgram,
    relation: &'a Relation,
    dictionary: &'a Dictionary,
    /// The register, where there is one.
    register: Option<&'a Sources>,
    columns: &'a Columns,
    delimiter: &'a [u8],
    /// Bad rows to keep per block; of the others only the number of problems.
    most_bad: usize,
}

impl ClaimReader<'_> {
    /// Large enough to keep threads busy, small enough to stay in the cache of a core.
    const BLOCK: usize = 256 << 10;

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
            program: self.program,
            relation,
            dictionary: self.dictionary,
            register,
            columns: &columns,
            delimiter,
            most_bad: match findings.sets_aside() {
                true => usize::MAX,
                false => Findings::LIMIT,
            },
        };
        // Codes of records are given while a block is parsed.
        let ordered = relation.attributes.iter().any(|of| is_compound(of.ty));
        let width = match ordered || threads <= 1 {
            true => 1,
            false => threads * 2,
        };
        let mut merged = Merged {
            rows: Rows::new(relation.arity()),
            // Lines count from one, and the header comes before.
            lines: 1 + record.line_ends(),
            bytes: 0,
            claims: Vec::new(),
            size,
        };
        let claims = &mut *self.claims;
        let (id, short_name) = (self.relation, self.short_name);
        let read = in_waves(
            &mut blocks,
            width,
            |block, parsed: &mut Parsed, _| reader.parse(block, parsed),
            |block, parsed| {
                let sources = parsed.sources(block, unlisted.as_deref_mut());
                let file = findings.file().clone();
                let whole = |read: Read, lines: u32| Claim {
                    id: match read.id.is_empty() {
                        true => format_compact!("{short_name}:{}", read.line + lines),
                        false => read.id,
                    },
                    relation: id,
                    row: read.row,
                    source: read.source.map(|of| sources[of as usize]),
                    credibility: read.credibility.unwrap_or_default(),
                    interval: read.interval,
                    stance: read.stance,
                    note: read.note,
                    file: file.clone(),
                    line: read.line + lines,
                };
                merged.take(block, parsed, &reader, claims, whole, findings);
            },
        );
        if let Err(error) = read {
            findings.io_error(&error);
        }
        merged.rows
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
}

/// What was merged so far.
struct Merged {
    /// Those that a claim supports.
    rows: Rows,
    /// The number of the next line.
    lines: u32,
    bytes: usize,
    /// Empty between blocks.
    claims: Vec<Claim>,
    size: Option<u64>,
}

impl Merged {
    /// Adds what a block holds, in its order. A claim whose id another row has is a bad row.
    fn take(
        &mut self,
        block: &Block,
        parsed: &mut Parsed,
        reader: &BlockReader<'_>,
        claims: &mut Claims,
        whole: impl Fn(Read, u32) -> Claim,
        findings: &mut Findings,
    ) {
        let symbols = parsed.symbols.codes(block.text(), reader.dictionary);
        let words = parsed.words.codes(reader.dictionary);
        let types = reader.relation.attributes.iter().map(|of| of.ty);
        for mut read in parsed.read.drain(..) {
            for (code, ty) in read.row.iter_mut().zip(types.clone()) {
                *code = match ty {
                    ValueType::Symbol => symbols[code.index()],
                    ty if is_compound(ty) || code.0 < Code::WIDE => *code,
                    _ => words[(code.0 & !Code::WIDE) as usize],
                };
            }
            self.claims.push(whole(read, self.lines));
        }
        let first = claims.len();
        self.bytes += block.lines().len();
        if first == 0
            && let Some(size) = self.size
        {
            let per_byte = self.claims.len() as f64 / self.bytes.max(1) as f64;
            claims.reserve((per_byte * size as f64 * 1.02) as usize);
        }
        let mut bad = std::mem::take(&mut parsed.bad);
        for (_, row) in &mut bad {
            for problem in &mut row.problems {
                problem.line += self.lines;
            }
        }
        let mut duplicates = Vec::new();
        claims.insert_all(&mut self.claims, |at, duplicate| {
            duplicates.push((at, duplicate));
        });
        for (at, duplicate) in duplicates {
            let record = &block.lines()[parsed.starts[at] as usize..];
            bad.push((at, reader.taken(record, &duplicate, claims)));
        }
        bad.sort_by_key(|(at, _)| *at);
        for (_, row) in bad {
            findings.bad_row(row);
        }
        findings.more(parsed.more);
        for claim in claims.since(first) {
            if claim.stance == Stance::Supports {
                self.rows.push(&claim.row);
            }
        }
        self.lines = self.lines.saturating_add(parsed.lines);
    }
}

impl Parsed {
    fn start(&mut self, lines: &[u8]) {
        self.read.clear();
        self.starts.clear();
        self.lines = 0;
        self.symbols.start(lines);
        self.words.clear();
        self.named.clear();
        self.listed.clear();
        self.bad.clear();
        self.more = 0;
    }

    fn mark(&self) -> Mark {
        Mark {
            symbols: self.symbols.len(),
            words: self.words.len(),
            named: self.named.len(),
        }
    }

    fn forget(&mut self, mark: Mark) {
        self.symbols.forget(mark.symbols);
        self.words.forget(mark.words);
        self.named.forget(mark.named);
        self.listed.truncate(mark.named);
    }

    /// The sources that the block names.
    fn sources(&mut self, block: &Block, unlisted: Option<&mut Sources>) -> Vec<SourceId> {
        match unlisted {
            None => std::mem::take(&mut self.listed),
            Some(sources) => {
                let names = self.named.texts(block.text());
                names.filter_map(|name| sources.resolve(name)).collect()
            }
        }
    }
}

impl BlockReader<'_> {
    fn parse(&self, block: &mut Block, parsed: &mut Parsed) {
        parsed.start(block.lines());
        let mut fields = std::mem::take(&mut parsed.fields);
        let mut record = std::mem::take(&mut parsed.record);
        let mut suggestions = FxHashMap::default();
        let mut at = 0;
        while at < block.lines().len() {
            let quick = match self.delimiter {
                &[delimiter] => fields.quick(block.lines(), at, delimiter),
                _ => false,
            };
            let mark = parsed.mark();
            if !(quick && self.row(block.text(), &fields, parsed)) {
                parsed.forget(mark);
                let line = parsed.lines;
                fields.careful(block, at, self.delimiter, line, &mut record);
                let blank = record.is_blank() && self.columns.width > 1;
                let sound = record.fault.is_none() && self.row(block.text(), &fields, parsed);
                if !blank && !sound {
                    parsed.forget(mark);
                    let problems = self.problems(&record, &mut suggestions);
                    if parsed.bad.len() < self.most_bad {
                        let text = record.raw();
                        let row = BadRow { problems, text };
                        parsed.bad.push((parsed.read.len(), row));
                    } else {
                        parsed.more += problems.len();
                    }
                }
            }
            if parsed.starts.len() < parsed.read.len() {
                parsed.starts.push(at as u32);
            }
            parsed.lines += fields.lines;
            at = fields.next;
        }
        parsed.symbols.look_up(block.text(), self.dictionary);
        (parsed.fields, parsed.record) = (fields, record);
    }

    /// Takes the claim of a row; false when anything about it is wrong.
    fn row(&self, text: &[u8], fields: &Fields, parsed: &mut Parsed) -> bool {
        self.claim(text, fields, parsed)
            .map(|read| parsed.read.push(read))
            .is_some()
    }

    fn claim(&self, text: &[u8], fields: &Fields, parsed: &mut Parsed) -> Option<Read> {
        let columns = self.columns;
        if fields.places.len() != columns.width {
            return None;
        }
        let mut row = ClaimedRow::new();
        for (attribute, &column) in self.relation.attributes.iter().zip(&columns.attributes) {
            row.push(match attribute.ty {
                ValueType::Symbol => {
                    let (start, end) = fields.places[column];
                    parsed.symbols.place(text, start as usize, end as usize)?
                }
                ty if is_compound(ty) => {
                    let field = fields.of(text, column);
                    field_value(
                        self.program,
                        self.relation,
                        attribute,
                        field,
                        self.dictionary,
                    )
                    .ok()?
                }
                ty => {
                    let field = from_utf8(fields.of(text, column)).ok()?;
                    let word = parse_word(ty, field, self.program.word_bits()).ok()?;
                    parsed.words.code(word)
                }
            });
        }
        let word = |column: Option<usize>| match column {
            Some(column) => from_utf8(fields.of(text, column)).ok().map(str::trim),
            None => Some(""),
        };
        let source = match word(columns.source)? {
            "" => None,
            name => {
                let start = name.as_ptr() as usize - text.as_ptr() as usize;
                let at = parsed.named.place(text, start, start + name.len());
                if let Some(register) = self.register
                    && at as usize == parsed.listed.len()
                {
                    parsed.listed.push(register.find(name)?);
                }
                Some(at)
            }
        };
        let credibility = match word(columns.confidence)? {
            "" => None,
            grade => Some(grade.parse().ok()?),
        };
        let date = |column| match word(column)? {
            "" => Some(None),
            date => date.parse::<PartialDate>().ok().map(Some),
        };
        let interval = Interval::new(date(columns.from)?, date(columns.to)?).ok()?;
        let stance = match word(columns.stance)? {
            "" | "supports" => Stance::Supports,
            "disputes" => Stance::Disputes,
            _ => return None,
        };
        let note = Some(word(columns.note)?).filter(|note| !note.is_empty());
        Some(Read {
            id: word(columns.id)?.into(),
            row,
            source,
            credibility,
            interval,
            stance,
            note: note.map(Into::into),
            line: parsed.lines,
        })
    }

    /// Everything that is wrong with a row. Interns nothing that would be given another code at another number of threads.
    fn problems(
        &self,
        record: &Record,
        suggestions: &mut FxHashMap<String, Option<String>>,
    ) -> Vec<Problem> {
        let columns = self.columns;
        let mut row = match NamedFields::new(record, columns.width) {
            Ok(row) => row,
            Err(problems) => return problems,
        };
        for (attribute, &column) in self.relation.attributes.iter().zip(&columns.attributes) {
            let field = record.field(column).unwrap_or(b"");
            let word = |text| parse_word(attribute.ty, text, self.program.word_bits()).is_ok();
            let sound = match attribute.ty {
                ty if is_compound(ty) => false,
                ty => from_utf8(field).is_ok_and(|text| ty == ValueType::Symbol || word(text)),
            };
            if sound {
                continue;
            }
            let value = field_value(
                self.program,
                self.relation,
                attribute,
                field,
                self.dictionary,
            );
            if let Err(problem) = value {
                row.problem(column, *problem);
            }
        }
        if let (Some((column, id)), Some(register)) = (row.text(columns.source), self.register)
            && register.find(id).is_none()
        {
            row.problem(column, unknown_source(id, register, suggestions));
        }
        row.parse::<Credibility>(columns.confidence, codes::CONFIDENCE);
        let from = row.parse::<PartialDate>(columns.from, codes::DATE);
        let to = row.parse::<PartialDate>(columns.to, codes::DATE);
        if let Err(reversed) = Interval::new(from, to)
            && let Some(column) = columns.from
        {
            let problem = Problem::new(codes::REVERSED, reversed.to_string());
            row.problem(column, problem.help("swap `from` and `to`"));
        }
        if let Some((column, other)) = row.text(columns.stance)
            && !["supports", "disputes"].contains(&other)
        {
            let problem = Problem::new(codes::STANCE, format!("`{other}` is no stance"));
            row.problem(column, problem.help("`supports` or `disputes`"));
        }
        row.text(columns.note);
        row.text(columns.id);
        row.finish().err().unwrap_or_default()
    }

    /// What is said of a row whose id another one has.
    fn taken(&self, text: &[u8], duplicate: &DuplicateId, claims: &Claims) -> BadRow {
        let mut record = Record::default();
        record.read(text, self.delimiter, duplicate.second.line);
        let first = &claims[duplicate.first];
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
        BadRow {
            problems: vec![placed(&record, self.columns.id.unwrap_or(0), problem)],
            text: record.raw(),
        }
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
pub(crate) struct NamedFields<'r> {
    record: &'r Record,
    problems: Vec<Problem>,
}

impl<'r> NamedFields<'r> {
    /// Only a row with as many fields as the header has is looked at any further.
    pub fn new(record: &'r Record, width: usize) -> Result<NamedFields<'r>, Vec<Problem>> {
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
        Ok(NamedFields {
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
                row: Default::default(),
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
