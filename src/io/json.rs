//! Rows as JSON, in both of Soufflé's shapes: a list of lists, or a list of objects by attribute.
//!
//! Numbers keep all their bits and floats all their digits; floats JSON has no number for are texts (`"inf"`). A record
//! is a list or an object like a row, `nil` is null. A branch without fields is `"$Leaf"`, another one
//! `{"$Node": …}` with its fields as a record has them.

use super::bytes::Input;
use super::codes;
use super::findings::{BadRow, Findings, Problem, shorten};
use super::format::Format;
use super::value::{float_digits, in_bits, parse_word, write_float};
use crate::analysis::checked::{Attribute, CheckedProgram, Relation, Shape, ValueType};
use crate::analysis::findings::closest;
use crate::storage::{Code, Dictionary, Rows};
use serde_json::Value;
use std::io::Read;

/// Reads all rows of a stream, which is held in memory meanwhile. What is wrong goes to `findings`.
pub(crate) fn read_json(
    mut input: Input,
    program: &CheckedProgram,
    relation: &Relation,
    dictionary: &Dictionary,
    findings: &mut Findings,
) -> Rows {
    let mut rows = Rows::new(relation.arity());
    let mut bytes = Vec::new();
    if let Err(error) = input.read_to_end(&mut bytes) {
        findings.io_error(&error);
        return rows;
    }
    let reader = JsonReader {
        program,
        dictionary,
    };
    let mut text = Text {
        bytes: &bytes,
        at: 0,
        line: 1,
        line_start: 0,
    };
    if let Err(problem) = reader.rows(&mut text, relation, &mut rows, findings) {
        findings.problem(*problem);
    }
    rows
}

/// A position in a text that only moves forward.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    line_start: usize,
}

impl Text<'_> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.at + 1;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => return Some(byte),
            }
            self.at += 1;
        }
        None
    }

    fn advance(&mut self, to: usize) {
        let passed = &self.bytes[self.at..to];
        self.line += memchr::memchr_iter(b'\n', passed).count() as u32;
        if let Some(last) = memchr::memrchr(b'\n', passed) {
            self.line_start = self.at + last + 1;
        }
        self.at = to;
    }

    fn column(&self) -> u32 {
        let before = &self.bytes[self.line_start..self.at];
        String::from_utf8_lossy(before).chars().count() as u32 + 1
    }

    /// Something else was expected here.
    fn expected(&self, wanted: &str) -> Box<Problem> {
        let rest = String::from_utf8_lossy(&self.bytes[self.at..]);
        let problem = Problem::new(codes::JSON, format!("expected {wanted}"));
        Box::new(problem.of(self.line, self.column(), rest.lines().next().unwrap_or("")))
    }
}

struct JsonReader<'a> {
    program: &'a CheckedProgram,
    dictionary: &'a Dictionary,
}

impl JsonReader<'_> {
    fn rows(
        &self,
        text: &mut Text,
        relation: &Relation,
        rows: &mut Rows,
        findings: &mut Findings,
    ) -> Result<(), Box<Problem>> {
        if text.peek() != Some(b'[') {
            return Err(text.expected("`[`, the start of a list of rows"));
        }
        text.at += 1;
        if text.peek() == Some(b']') {
            text.at += 1;
        } else {
            loop {
                self.row(text, relation, rows, findings)?;
                let next = text.peek();
                if !matches!(next, Some(b',' | b']')) {
                    return Err(text.expected("`,` or `]` after a row"));
                }
                text.at += 1;
                if next == Some(b']') {
                    break;
                }
            }
        }
        match text.peek() {
            None => Ok(()),
            Some(_) => Err(text.expected("the end of the file")),
        }
    }

    fn row(
        &self,
        text: &mut Text,
        relation: &Relation,
        rows: &mut Rows,
        findings: &mut Findings,
    ) -> Result<(), Box<Problem>> {
        if !matches!(text.peek(), Some(b'[' | b'{')) {
            return Err(text.expected("a row, as a list or an object"));
        }
        let rest = &text.bytes[text.at..];
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
        let row = match values.next() {
            Some(Ok(row)) => row,
            Some(Err(error)) => {
                let line = text.line + error.line().max(1) as u32 - 1;
                let column = match error.line() {
                    0 | 1 => text.column() + error.column().max(1) as u32 - 1,
                    _ => error.column() as u32,
                };
                let problem = Problem::new(codes::JSON, format!("not JSON: {error}"));
                return Err(Box::new(problem.of(line, column, "")));
            }
            None => return Err(text.expected("a row")),
        };
        let end = text.at + values.byte_offset();
        match self.fields(&relation.attributes, &row, &relation.name) {
            Ok(codes) => rows.push(&codes),
            Err(problems) => {
                let raw = String::from_utf8_lossy(&text.bytes[text.at..end]).into_owned();
                let (line, column) = (text.line, text.column());
                let problems = problems
                    .into_iter()
                    .map(|problem| {
                        let value = problem.value.clone();
                        problem.of(line, column, value)
                    })
                    .collect();
                findings.bad_row(BadRow {
                    problems,
                    text: raw,
                });
            }
        }
        text.advance(end);
        Ok(())
    }

    /// The fields of a row, record or branch, by place or by name.
    fn fields(
        &self,
        attributes: &[Attribute],
        value: &Value,
        owner: &str,
    ) -> Result<Vec<Code>, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut codes = Vec::new();
        match value {
            Value::Array(fields) if fields.len() == attributes.len() => {
                for (attribute, field) in attributes.iter().zip(fields) {
                    self.field(attribute, field, owner, &mut codes, &mut problems);
                }
            }
            Value::Object(fields) => {
                for attribute in attributes {
                    match fields.get(&*attribute.name) {
                        Some(field) => {
                            self.field(attribute, field, owner, &mut codes, &mut problems);
                        }
                        None => {
                            let message = format!("no `{}` of `{owner}`", attribute.name);
                            let problem = Problem::new(codes::VALUES_MISSING, message);
                            let unused = fields.keys().map(String::as_str).filter(|key| {
                                attributes.iter().all(|attribute| *attribute.name != **key)
                            });
                            let near = closest(&attribute.name, unused);
                            problems.push(match near {
                                Some(near) => problem.help(format!("is `{near}` meant?")),
                                None => problem,
                            });
                        }
                    }
                }
            }
            Value::Array(fields) => problems.push(Problem::new(
                codes::VALUES_MISSING,
                format!(
                    "{} values, but `{owner}` has {}",
                    fields.len(),
                    attributes.len()
                ),
            )),
            other => problems.push(Problem::new(
                codes::VALUE,
                format!(
                    "`{}` is neither a list nor an object of the fields of `{owner}`",
                    shorten(&other.to_string())
                ),
            )),
        }
        if problems.is_empty() {
            Ok(codes)
        } else {
            Err(problems)
        }
    }

    fn field(
        &self,
        attribute: &Attribute,
        value: &Value,
        owner: &str,
        codes: &mut Vec<Code>,
        problems: &mut Vec<Problem>,
    ) {
        match self.value(attribute.ty, value) {
            Ok(code) => codes.push(code),
            Err(inner) if !inner.is_empty() => problems.extend(inner),
            Err(_) => {
                let shown = value.to_string();
                let message = format!(
                    "`{}` is no value of `{}: {}` of `{owner}`",
                    shorten(&shown),
                    attribute.name,
                    attribute.type_name
                );
                problems.push(Problem::new(codes::VALUE, message).of(1, 1, shown));
            }
        }
    }

    /// An empty list of problems: the value is of another kind altogether. Nesting is bounded by the JSON parser.
    fn value(&self, ty: ValueType, value: &Value) -> Result<Code, Vec<Problem>> {
        let bits = self.program.word_bits();
        let wrong = Vec::new;
        match ty {
            ValueType::Symbol => value
                .as_str()
                .map(|text| self.dictionary.symbol(text))
                .ok_or_else(wrong),
            ValueType::Number | ValueType::Unsigned if value.is_number() => {
                parse_word(ty, &value.to_string(), bits)
                    .map(|word| self.dictionary.word(word))
                    .map_err(|_| wrong())
            }
            ValueType::Number | ValueType::Unsigned => Err(wrong()),
            ValueType::Float => match value {
                Value::String(text) => parse_word(ty, text, bits)
                    .map(f64::from_bits)
                    .ok()
                    .filter(|float| !float.is_finite()),
                _ => value.as_f64(),
            }
            .map(|float| self.dictionary.float(in_bits(float, bits)))
            .ok_or_else(wrong),
            ValueType::Record(shape) => match (&self.program[shape], value) {
                (_, Value::Null) => Ok(Code::NIL),
                (Shape::Record { name, fields }, value) => self
                    .fields(fields, value, name)
                    .map(|codes| self.dictionary.record(&codes)),
                _ => Err(wrong()),
            },
            ValueType::Adt(shape) => {
                let Shape::Adt { branches, .. } = &self.program[shape] else {
                    return Err(wrong());
                };
                let (tag, fields) = match value {
                    Value::String(tag) => (tag, None),
                    Value::Object(object) if object.len() == 1 => match object.iter().next() {
                        Some((tag, fields)) => (tag, Some(fields)),
                        None => return Err(wrong()),
                    },
                    _ => return Err(wrong()),
                };
                let found = tag.strip_prefix('$').and_then(|tag| {
                    let at = branches.iter().position(|branch| *branch.name == *tag)?;
                    Some((Code(at as u32), &branches[at]))
                });
                let Some((ordinal, branch)) = found else {
                    return Err(wrong());
                };
                if branches.iter().all(|branch| branch.fields.is_empty()) {
                    return Ok(ordinal);
                }
                let mut codes = vec![ordinal];
                match fields {
                    Some(fields) => codes.extend(self.fields(&branch.fields, fields, tag)?),
                    None if branch.fields.is_empty() => {}
                    None => return Err(wrong()),
                }
                Ok(self.dictionary.record(&codes))
            }
        }
    }
}

/// Writes rows of one relation.
pub(crate) struct JsonWriter<'a> {
    pub program: &'a CheckedProgram,
    pub relation: &'a Relation,
    pub dictionary: &'a Dictionary,
    pub format: &'a Format,
}

enum Step<'a> {
    Value(ValueType, Code),
    Text(&'static str),
    /// A key of an object.
    Key(&'a str),
    /// The key that names a branch.
    Branch(&'a str),
}

impl JsonWriter<'_> {
    pub fn write_row(&self, out: &mut Vec<u8>, row: &[Code]) {
        let mut todo = Vec::new();
        self.push_fields(&mut todo, &self.relation.attributes, row);
        self.run(out, todo);
    }

    fn run<'a>(&'a self, out: &mut Vec<u8>, mut todo: Vec<Step<'a>>) {
        while let Some(step) = todo.pop() {
            match step {
                Step::Text(text) => out.extend_from_slice(text.as_bytes()),
                Step::Key(key) => {
                    write_text(out, key);
                    out.extend_from_slice(b": ");
                }
                Step::Branch(name) => {
                    write_text(out, &format!("${name}"));
                    out.extend_from_slice(b": ");
                }
                Step::Value(ty, code) => self.write_value(out, ty, code, &mut todo),
            }
        }
    }

    fn write_value<'a>(
        &'a self,
        out: &mut Vec<u8>,
        ty: ValueType,
        code: Code,
        todo: &mut Vec<Step<'a>>,
    ) {
        match ty {
            ValueType::Number => {
                out.extend_from_slice(self.dictionary.to_number(code).to_string().as_bytes());
            }
            ValueType::Unsigned => {
                out.extend_from_slice(self.dictionary.to_word(code).to_string().as_bytes());
            }
            ValueType::Float => {
                let value = self.dictionary.to_float(code);
                if self.program.strict && value.is_finite() {
                    // Soufflé prints with the six digits that C++ streams have by default.
                    write_float(out, value, 6);
                } else if value.is_finite() {
                    // The shortest text that reads back as the same float.
                    out.extend_from_slice(format!("{value:?}").as_bytes());
                } else {
                    let mut text = Vec::new();
                    write_float(&mut text, value, float_digits(self.program));
                    out.push(b'"');
                    out.extend_from_slice(&text);
                    out.push(b'"');
                }
            }
            ValueType::Symbol => write_text(out, self.dictionary.text(code)),
            ValueType::Record(shape) => {
                match (&self.program[shape], self.dictionary.fields(code)) {
                    (Shape::Record { fields, .. }, Some(codes)) => {
                        self.push_fields(todo, fields, codes);
                    }
                    _ => out.extend_from_slice(b"null"),
                }
            }
            ValueType::Adt(shape) => {
                let Shape::Adt { branches, .. } = &self.program[shape] else {
                    return;
                };
                let boxed = branches.iter().any(|branch| !branch.fields.is_empty());
                let codes = match boxed {
                    true => self.dictionary.fields(code).unwrap_or(&[]),
                    false => &[],
                };
                let ordinal = codes.first().copied().unwrap_or(code);
                let Some(branch) = branches.get(ordinal.index()) else {
                    return;
                };
                if branch.fields.is_empty() {
                    write_text(out, &format!("${}", branch.name));
                    return;
                }
                todo.push(Step::Text("}"));
                self.push_fields(todo, &branch.fields, codes.get(1..).unwrap_or(&[]));
                todo.push(Step::Branch(&branch.name));
                todo.push(Step::Text("{"));
            }
        }
    }

    /// Pushed backwards: the last step in comes out first.
    fn push_fields<'a>(
        &'a self,
        todo: &mut Vec<Step<'a>>,
        attributes: &'a [Attribute],
        codes: &[Code],
    ) {
        let (open, close) = match self.format.objects {
            true => ("{", "}"),
            false => ("[", "]"),
        };
        todo.push(Step::Text(close));
        for (at, (attribute, &code)) in attributes.iter().zip(codes).enumerate().rev() {
            todo.push(Step::Value(attribute.ty, code));
            if self.format.objects {
                todo.push(Step::Key(&attribute.name));
            }
            if at > 0 {
                todo.push(Step::Text(", "));
            }
        }
        todo.push(Step::Text(open));
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // A string and a vector: neither can fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::checked::RelationId;
    use crate::io::testing::{print_diagnostics, print_rows, program};

    fn load(declared: &str, text: &str) -> Result<String, String> {
        let program = program(declared);
        let dictionary = Dictionary::new();
        let mut findings = Findings::new("r.json".into(), None);
        let input = Input::text(text.as_bytes()).unwrap();
        let relation = &program[RelationId(0)];
        let rows = read_json(input, &program, relation, &dictionary, &mut findings);
        findings
            .finish()
            .map_err(|wrong| print_diagnostics(&wrong))?;
        Ok(print_rows(&program, &dictionary, &rows))
    }

    #[test]
    fn both_shapes_are_read() {
        for (declared, text, expected) in [
            (
                "x: number, y: symbol",
                " [ [1, \"a\\u00e9\"],\n[-9223372036854775808, \"\"] ]\n",
                "(1|aé) (-9223372036854775808|)",
            ),
            (
                "x: number, y: symbol",
                "[{\"y\": \"a\", \"x\": 1, \"z\": []}]",
                "(1|a)",
            ),
            (
                "u: unsigned, f: float",
                "[[18446744073709551615, 1.5], [3000000000, 2], [0, \"-inf\"]]",
                "(18446744073709551615|1.5) (3000000000|2) (0|-inf)",
            ),
            (
                "p: Pair, l: List",
                "[[[1, \"a\"], {\"head\": 1, \"tail\": [2, null]}], [null, null]]",
                "([1, a]|[1, [2, nil]]) (nil|nil)",
            ),
            (
                "t: Tree, c: Color",
                "[[{\"$Node\": {\"l\": \"$Leaf\", \"v\": \"x\", \"r\": {\"$Leaf\": []}}}, \"$Red\"]]",
                "($Node($Leaf, x, $Leaf)|$Red)",
            ),
            ("", "[[]]", "()"),
            ("x: number", "[]", ""),
        ] {
            assert_eq!(load(declared, text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        for (declared, text, expected) in [
            (
                "x: number",
                "",
                "r.json:1:1 D423 expected `[`, the start of a list of rows\n",
            ),
            (
                "x: number",
                "[\n 1]",
                "r.json:2:2 D423 expected a row, as a list or an object\n",
            ),
            (
                "x: number",
                "[[1]\n[2]]",
                "r.json:2:1 D423 expected `,` or `]` after a row\n",
            ),
            (
                "x: number",
                "[[1]] x",
                "r.json:1:7 D423 expected the end of the file\n",
            ),
            (
                "x: number, y: symbol",
                "[[\"1\", 2],\n [1], {\"x\": 1.5, \"why\": \"\"},\n  [1e3, null]]",
                "r.json:1:2 D406 `\"1\"` is no value of `x: number` of `r`\n\
                 r.json:1:2 D406 `2` is no value of `y: symbol` of `r`\n\
                 r.json:2:2 D405 1 values, but `r` has 2\n\
                 r.json:2:7 D406 `1.5` is no value of `x: number` of `r`\n\
                 r.json:2:7 D405 no `y` of `r`\n\
                 r.json:3:3 D406 `1000.0` is no value of `x: number` of `r`\n\
                 r.json:3:3 D406 `null` is no value of `y: symbol` of `r`\n",
            ),
            (
                "x: number, y: unsigned",
                "[[9223372036854775808, -1], {\"X\": 1, \"y\": 18446744073709551616}]",
                "r.json:1:2 D406 `9223372036854775808` is no value of `x: number` of `r`\n\
                 r.json:1:2 D406 `-1` is no value of `y: unsigned` of `r`\n\
                 r.json:1:29 D405 no `x` of `r` = is `X` meant?\n\
                 r.json:1:29 D406 `1.8446744073709552e+19` is no value of `y: unsigned` of `r`\n",
            ),
            (
                "p: Pair, c: Color",
                "[[[1], \"$Blue\"], [7, \"Red\"]]",
                "r.json:1:2 D405 1 values, but `Pair` has 2\n\
                 r.json:1:2 D406 `\"$Blue\"` is no value of `c: Color` of `r`\n\
                 r.json:1:18 D406 `7` is neither a list nor an object of the fields of `Pair`\n\
                 r.json:1:18 D406 `\"Red\"` is no value of `c: Color` of `r`\n",
            ),
        ] {
            assert_eq!(load(declared, text).unwrap_err(), expected, "{text}");
        }
        for text in ["[[1,\n }]]", "[[1", "[{\"x\": }]", "[[\"\\ud800\"]]"] {
            let wrong = load("x: number", text).unwrap_err();
            assert!(wrong.contains("D423 not JSON"), "{wrong}");
        }
    }

    #[test]
    fn nesting_beyond_the_limit_is_an_error() {
        let text = format!("[[{}null{}]]", "[1, ".repeat(100_000), "]".repeat(100_000));
        assert!(load("x: List", &text).unwrap_err().contains("D423"));
    }
}
