//! SQLite databases, in Soufflé's layout: a table `_name` of words, a view `name` with symbols spelt out, and one table
//! of symbols, `__SymbolTable`, that all relations of a database share. Reading takes any table or view of the name.
//!
//! A float is a number of SQLite where it has one, else a text (`nan`); records and algebraic values are texts as fact
//! files have them. Soufflé writes the internal words of all three, which not even itself can read.

use super::block_rows::Values;
use super::codes;
use super::findings::{BadRow, Findings, Problem};
use super::layout::field_value;
use super::read::Progress;
use super::value::{format_value, in_bits};
use crate::analysis::checked::{CheckedProgram, Relation, ValueType};
use crate::storage::{Code, Dictionary, Rows};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement, Transaction, params_from_iter};
use rustc_hash::FxHashMap;
use std::path::Path;

/// Names that SQLite resolves itself, and no directory comes before.
pub(crate) fn is_uri(name: &str) -> bool {
    name.starts_with("file:") || name.starts_with(":memory:")
}

/// Reads every row of the table or view `table`, unless `progress` stops it. What is wrong goes to `findings`.
pub(crate) fn read_sqlite(
    path: &Path,
    table: &str,
    values: Values,
    progress: Option<Progress>,
    findings: &mut Findings,
) -> Rows {
    let mut rows = Rows::new(values.relation.arity());
    let reader = Reader {
        values,
        size: path.metadata().map_or(0, |file| file.len()),
        progress,
    };
    if let Err(problem) = reader.read(path, table, &mut rows, findings) {
        findings.problem(*problem);
    }
    rows
}

struct Reader<'a> {
    values: Values<'a>,
    /// Of the file, in bytes.
    size: u64,
    progress: Option<Progress<'a>>,
}

impl Reader<'_> {
    /// Between two looks at whether to go on.
    const ROWS: u32 = 4096;

    fn read(
        &self,
        path: &Path,
        table: &str,
        rows: &mut Rows,
        findings: &mut Findings,
    ) -> Result<(), Box<Problem>> {
        let failed = |error: rusqlite::Error| {
            Box::new(Problem::new(
                codes::SQLITE,
                format!("cannot read `{table}`: {error}"),
            ))
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        let mut statement = select(&connection, table).map_err(failed)?;
        let arity = self.values.relation.arity();
        if statement.column_count() < arity {
            return Err(Box::new(Problem::new(
                codes::VALUES_MISSING,
                format!(
                    "`{table}` has {} columns, but `{}` has {arity} attributes",
                    statement.column_count(),
                    self.values.relation.name
                ),
            )));
        }
        let mut found = statement.query([]).map_err(failed)?;
        let mut codes = Vec::with_capacity(arity);
        let mut number = 0;
        // What was read of the file is not known: the bytes of the values are close to it.
        let mut done = 0;
        while let Some(row) = found.next().map_err(failed)? {
            number += 1;
            codes.clear();
            if number % Self::ROWS == 0
                && let Some(go_on) = self.progress
                && !go_on(done.min(self.size), self.size)
            {
                return Err(Box::new(Problem::new(codes::SQLITE, "reading was stopped")));
            }
            let mut problems = Vec::new();
            for at in 0..arity {
                let value = row.get_ref(at).map_err(failed)?;
                done += size(value);
                match self.value(at, value) {
                    Ok(code) => codes.push(code),
                    Err(problem) => {
                        let value = row.get_ref(at).map_or(String::new(), shown);
                        problems.push(problem.of(number, at as u32 + 1, value));
                    }
                }
            }
            if problems.is_empty() {
                rows.push(&codes);
                continue;
            }
            let text: Vec<String> = (0..statement_columns(row))
                .filter_map(|at| row.get_ref(at).ok().map(shown))
                .collect();
            findings.bad_row(BadRow {
                problems,
                text: text.join("\t"),
            });
        }
        Ok(())
    }

    fn value(&self, at: usize, value: ValueRef) -> Result<Code, Box<Problem>> {
        let attribute = &self.values.relation.attributes[at];
        match (attribute.ty, value) {
            // The word of an unsigned number: SQLite's integers have a sign.
            (ValueType::Unsigned, ValueRef::Integer(word))
                if self.values.program.word_bits() == 64 && word < 0 =>
            {
                Ok(self.values.dictionary.unsigned(word as u64))
            }
            (ValueType::Float, ValueRef::Real(float)) => {
                let bits = self.values.program.word_bits();
                Ok(self.values.dictionary.float(in_bits(float, bits)))
            }
            (_, value) => field_value(
                self.values.program,
                self.values.relation,
                attribute,
                shown(value).as_bytes(),
                self.values.dictionary,
            ),
        }
    }
}

/// What a value takes in a file, about.
fn size(value: ValueRef) -> u64 {
    match value {
        ValueRef::Null => 1,
        ValueRef::Integer(_) => 4,
        ValueRef::Real(_) => 9,
        ValueRef::Text(text) | ValueRef::Blob(text) => text.len() as u64 + 1,
    }
}

fn statement_columns(row: &rusqlite::Row) -> usize {
    let statement: &Statement = row.as_ref();
    statement.column_count()
}

fn select<'c>(connection: &'c Connection, table: &str) -> rusqlite::Result<Statement<'c>> {
    connection.prepare(&format!("SELECT * FROM {}", quoted(table)))
}

/// A value as a field of a fact file; NULL is the empty one.
fn shown(value: ValueRef) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(float) => float.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// A name of SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Replaces table and view `name` of a database, which comes to be if it is not there, in one transaction.
pub(crate) fn write_sqlite(
    path: &Path,
    name: &str,
    program: &CheckedProgram,
    relation: &Relation,
    rows: &Rows,
    dictionary: &Dictionary,
) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    let transaction = connection.transaction()?;
    create(&transaction, name, relation)?;
    fill(&transaction, name, program, relation, rows, dictionary)?;
    transaction.commit()
}

fn create(connection: &Connection, name: &str, relation: &Relation) -> rusqlite::Result<()> {
    let (table, view) = (quoted(&format!("_{name}")), quoted(name));
    // SQLite has no table without columns: one row then says that the relation holds.
    let columns: Vec<String> = (0..relation.arity().max(1))
        .map(|at| format!("\"{at}\" INTEGER"))
        .collect();
    let mut shown = Vec::new();
    let mut joined = vec![table.clone()];
    let mut conditions = Vec::new();
    for (at, attribute) in relation.attributes.iter().enumerate() {
        let label = quoted(&attribute.name);
        if attribute.ty == ValueType::Symbol {
            shown.push(format!("_symtab_{at}.symbol AS {label}"));
            joined.push(format!("__SymbolTable AS _symtab_{at}"));
            conditions.push(format!("{table}.\"{at}\" = _symtab_{at}.id"));
        } else {
            shown.push(format!("{table}.\"{at}\" AS {label}"));
        }
    }
    if shown.is_empty() {
        shown.push("\"0\"".to_owned());
    }
    let filter = match conditions.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", conditions.join(" AND ")),
    };
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS __SymbolTable (id INTEGER PRIMARY KEY, symbol TEXT UNIQUE);
         DROP VIEW IF EXISTS {view};
         DROP TABLE IF EXISTS {table};
         CREATE TABLE {table} ({});
         CREATE VIEW {view} AS SELECT {} FROM {}{filter};",
        columns.join(", "),
        shown.join(", "),
        joined.join(", "),
    ))
}

fn fill(
    transaction: &Transaction,
    name: &str,
    program: &CheckedProgram,
    relation: &Relation,
    rows: &Rows,
    dictionary: &Dictionary,
) -> rusqlite::Result<()> {
    let width = relation.arity().max(1);
    let places = vec!["?"; width].join(", ");
    let table = quoted(&format!("_{name}"));
    let mut insert = transaction.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
    let mut symbols = Symbols {
        add: transaction.prepare("INSERT OR IGNORE INTO __SymbolTable VALUES (NULL, ?)")?,
        find: transaction.prepare("SELECT id FROM __SymbolTable WHERE symbol = ?")?,
        ids: FxHashMap::default(),
    };
    for row in 0..rows.len() {
        let mut values = Vec::with_capacity(width);
        for (at, attribute) in relation.attributes.iter().enumerate() {
            let code = rows.column(at)[row];
            values.push(match attribute.ty {
                ValueType::Symbol => Value::Integer(symbols.id(code, dictionary)?),
                ValueType::Number | ValueType::Unsigned => {
                    Value::Integer(dictionary.to_number(code))
                }
                // SQLite keeps a NaN as NULL.
                ValueType::Float if !dictionary.to_float(code).is_nan() => {
                    Value::Real(dictionary.to_float(code))
                }
                ty => Value::Text(format_value(dictionary, program, ty, code)),
            });
        }
        values.resize(width, Value::Integer(0));
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
}

/// The table of symbols, as far as it was looked at.
struct Symbols<'c> {
    add: Statement<'c>,
    find: Statement<'c>,
    ids: FxHashMap<Code, i64>,
}

impl Symbols<'_> {
    fn id(&mut self, code: Code, dictionary: &Dictionary) -> rusqlite::Result<i64> {
        if let Some(&id) = self.ids.get(&code) {
            return Ok(id);
        }
        let text = dictionary.text(code);
        self.add.execute([text])?;
        let id = self.find.query_row([text], |row| row.get(0))?;
        self.ids.insert(code, id);
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::testing::{print_diagnostics, print_rows, program};
    use crate::io::value::parse_value;

    fn rows(program: &CheckedProgram, dictionary: &Dictionary, lines: &[&str]) -> Rows {
        let relation = program.relations().next().unwrap().1;
        let mut rows = Rows::new(relation.arity());
        for line in lines {
            let codes: Vec<Code> = line
                .split('|')
                .zip(&relation.attributes)
                .map(|(text, attribute)| {
                    parse_value(program, attribute.ty, text, dictionary).unwrap()
                })
                .collect();
            rows.push(&codes);
        }
        rows
    }

    fn reread(path: &Path, table: &str, program: &CheckedProgram) -> String {
        let dictionary = Dictionary::new();
        let relation = program.relations().next().unwrap().1;
        let mut findings = Findings::new("db".into(), None);
        let values = Values {
            program,
            relation,
            dictionary: &dictionary,
        };
        let rows = read_sqlite(path, table, values, None, &mut findings);
        match findings.finish() {
            Ok(_) => print_rows(program, &dictionary, &rows),
            Err(wrong) => print_diagnostics(&wrong),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sqlite");
        for (name, declared, lines) in [
            (
                "n",
                "x: number, y: unsigned",
                &["-1|18446744073709551615", "0|0"][..],
            ),
            ("f", "x: float", &["0.1", "inf", "-nan", "2"]),
            (
                "it's \"s\"",
                "x: symbol, y: symbol",
                &["a'b\"c|", "|é", "1|007"],
            ),
            (
                "c",
                "x: List, y: Tree, z: Color",
                &["[1, [-2, nil]]|$Node($Leaf, a, $Leaf)|$Green"],
            ),
            ("none", "", &[""]),
        ] {
            let program = program(declared);
            let dictionary = Dictionary::new();
            let relation = program.relations().next().unwrap().1;
            let rows = rows(&program, &dictionary, lines);
            // Twice: what was there is replaced.
            for _ in 0..2 {
                write_sqlite(&path, name, &program, relation, &rows, &dictionary).unwrap();
            }
            let expected = print_rows(&program, &dictionary, &rows);
            assert_eq!(reread(&path, name, &program), expected, "{name}");
        }
    }

    #[test]
    fn any_table_can_be_read_and_what_does_not_fit_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sqlite");
        Connection::open(&path)
            .unwrap()
            .execute_batch(
                "CREATE TABLE t (firm TEXT, since INTEGER, note);
                 INSERT INTO t VALUES ('x-a', 2019, NULL), (NULL, '2020', 1.5), ('x-b', 'never', NULL);
                 CREATE VIEW dated AS SELECT firm, since FROM t WHERE since < 'a';",
            )
            .unwrap();
        let two = program("firm: symbol, since: number");
        assert_eq!(reread(&path, "dated", &two), "(x-a|2019) (|2020)");
        assert_eq!(
            reread(&path, "t", &two),
            "db:3:2 D406 `never` is no value of `since: number` of `r`: not a number\n"
        );
        let four = program("a: symbol, b: symbol, c: symbol, d: symbol");
        assert_eq!(
            reread(&path, "t", &four),
            "db:1:1 D405 `t` has 3 columns, but `r` has 4 attributes\n"
        );
        assert_eq!(
            reread(&path, "u", &two),
            "db:1:1 D425 cannot read `u`: no such table: u\n"
        );
    }
}
