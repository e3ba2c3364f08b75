//! A block of a claim file: what its rows say, before codes and claims get their numbers.

use super::block_rows::{BlockRows, Mark, Values};
use super::bytes::Block;
use super::codes;
use super::fields::Fields;
use super::findings::{BadRow, Findings, Problem};
use super::header::NamedFields;
use super::local::Names;
use super::records::Record;
use crate::analysis::findings::closest;
use crate::evidence::{Credibility, IdTag, Interval, PartialDate, SourceId, Sources, Stance};
use rustc_hash::FxHashMap;
use std::str::from_utf8;

/// Where the columns of one file are.
pub(super) struct Columns {
    pub width: usize,
    /// Per attribute.
    pub attributes: Vec<usize>,
    pub id: Option<usize>,
    pub source: Option<usize>,
    pub confidence: Option<usize>,
    pub from: Option<usize>,
    pub to: Option<usize>,
    pub note: Option<usize>,
    pub stance: Option<usize>,
}

/// What reading any block needs to know.
pub(super) struct BlockReader<'a> {
    pub values: Values<'a>,
    /// The register, where there is one.
    pub register: Option<&'a Sources>,
    pub columns: &'a Columns,
    pub delimiter: &'a [u8],
    /// Bad rows to keep per block; of the others only the number of problems.
    pub most_bad: usize,
}

/// What is known of a block before it is merged.
#[derive(Default)]
pub(super) struct Parsed {
    /// Of each claim the values it is about …
    pub rows: BlockRows,
    /// … and the rest of its row.
    pub read: Vec<Read>,
    /// What each id is looked up by.
    pub tags: Vec<IdTag>,
    pub lines: u32,
    /// The sources named.
    named: Names,
    /// Those of a register, as far as they were looked up.
    listed: Vec<SourceId>,
    /// Bad rows, with the number of good ones before.
    pub bad: Vec<(usize, BadRow)>,
    /// Problems beyond those.
    pub more: usize,
    fields: Fields,
    record: Record,
}

/// The evidence of a row. Texts are where they stand in the block, and lines count from its beginning.
pub(super) struct Read {
    /// Where the record begins.
    pub start: u32,
    pub line: u32,
    /// Empty where the row has none.
    pub id: (u32, u32),
    /// The number of its name among those of the block.
    pub source: Option<u32>,
    pub credibility: Credibility,
    pub interval: Interval,
    pub stance: Stance,
    /// Empty where the row has none.
    pub note: (u32, u32),
}

impl Read {
    pub fn has_id(&self) -> bool {
        self.id.0 < self.id.1
    }
}

impl Parsed {
    fn start(&mut self, arity: usize, lines: &[u8]) {
        self.rows.start(arity, lines, 0);
        self.read.clear();
        self.tags.clear();
        self.lines = 0;
        self.named.clear();
        self.listed.clear();
        self.bad.clear();
        self.more = 0;
    }

    fn mark(&self) -> (Mark, usize) {
        (self.rows.mark(), self.named.len())
    }

    fn forget(&mut self, (rows, named): (Mark, usize)) {
        self.rows.drop_partial_row(rows);
        self.named.forget(named);
        self.listed.truncate(named);
    }

    /// The sources that the block names.
    pub fn sources(&mut self, text: &[u8], unlisted: Option<&mut Sources>) -> Vec<SourceId> {
        match unlisted {
            None => std::mem::take(&mut self.listed),
            Some(sources) => {
                let names = self.named.texts(text);
                names.filter_map(|name| sources.resolve(name)).collect()
            }
        }
    }
}

impl BlockReader<'_> {
    pub fn parse(&self, block: &mut Block, parsed: &mut Parsed) {
        parsed.start(self.values.relation.arity(), block.lines());
        let mut fields = std::mem::take(&mut parsed.fields);
        fields.start();
        let mut record = std::mem::take(&mut parsed.record);
        let mut suggestions = FxHashMap::default();
        let mut at = 0;
        while at < block.lines().len() {
            let quick = match self.delimiter {
                &[delimiter] => fields.quick(block.lines(), at, delimiter),
                _ => false,
            };
            let mark = parsed.mark();
            if !(quick && self.row(block.text(), at, &fields, parsed)) {
                parsed.forget(mark);
                let line = parsed.lines;
                fields.careful(block, at, self.delimiter, line, &mut record);
                let blank = record.is_blank() && self.columns.width > 1;
                let sound = record.fault.is_none() && self.row(block.text(), at, &fields, parsed);
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
            parsed.lines += fields.lines;
            at = fields.next;
        }
        parsed.rows.look_up(block.text(), &self.values);
        (parsed.fields, parsed.record) = (fields, record);
    }

    /// Takes the claim of a row; false when anything about it is wrong.
    fn row(&self, text: &[u8], start: usize, fields: &Fields, parsed: &mut Parsed) -> bool {
        let read = self.claim(text, start, fields, parsed);
        read.map(|read| {
            let (start, end) = read.id;
            parsed
                .tags
                .push(IdTag::of(&text[start as usize..end as usize]));
            parsed.read.push(read);
            parsed.rows.end_row();
        })
        .is_some()
    }

    fn claim(
        &self,
        text: &[u8],
        start: usize,
        fields: &Fields,
        parsed: &mut Parsed,
    ) -> Option<Read> {
        let columns = self.columns;
        if fields.places.len() != columns.width {
            return None;
        }
        for (attribute, &column) in columns.attributes.iter().enumerate() {
            let (start, end) = fields.places[column];
            let ends = (start as usize, end as usize);
            self.values.take(attribute, text, ends, &mut parsed.rows)?;
        }
        let id = place(text, fields, columns.id, &parsed.rows)?;
        let note = place(text, fields, columns.note, &parsed.rows)?;
        let (from, to) = place(text, fields, columns.source, &parsed.rows)?;
        let source = match from == to {
            true => None,
            false => {
                let (from, to) = (from as usize, to as usize);
                let at = parsed.named.place(text, from, to);
                if let Some(register) = self.register
                    && at as usize == parsed.listed.len()
                {
                    let name = parsed.rows.text(&text[from..to])?;
                    parsed.listed.push(register.find(name)?);
                }
                Some(at)
            }
        };
        let word = |column| {
            let (start, end) = place(text, fields, column, &parsed.rows)?;
            parsed.rows.text(&text[start as usize..end as usize])
        };
        let credibility = match word(columns.confidence)? {
            "" => Credibility::default(),
            grade => grade.parse().ok()?,
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
        Some(Read {
            start: start as u32,
            line: parsed.lines,
            id,
            source,
            credibility,
            interval,
            stance,
            note,
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
        for (attribute, &column) in columns.attributes.iter().enumerate() {
            let field = record.field(column).unwrap_or(b"");
            if let Some(problem) = self.values.problem(attribute, field) {
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
}

/// Where the trimmed text of a column stands; nowhere when there is no such column, and `None` when it is not UTF-8.
#[inline]
fn place(
    text: &[u8],
    fields: &Fields,
    column: Option<usize>,
    rows: &BlockRows,
) -> Option<(u32, u32)> {
    let Some(column) = column else {
        return Some((0, 0));
    };
    let (start, end) = fields.places[column];
    let field = &text[start as usize..end as usize];
    if !rows.is_text(field) {
        return None;
    }
    match field {
        [] => Some((start, end)),
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => {
            Some((start, end))
        }
        field => {
            let field = from_utf8(field).ok()?;
            let start = start + (field.len() - field.trim_start().len()) as u32;
            Some((start, start + field.trim().len() as u32))
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
