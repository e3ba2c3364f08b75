//! Cells that a person judged, from a matrix in CSV.
//!
//! The header names a column of evidence and one for each hypothesis; a column `grade` such as `B2` weighs evidence that
//! no claim states. A cell is `CC`, `C`, `N`, `I` or `II`, as in published matrices of competing hypotheses; a blank cell
//! is not judged.

use crate::evidence::{Credibility, Grade, Reliability};
use rustc_hash::FxHashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    VeryConsistent,
    Consistent,
    Neutral,
    Inconsistent,
    VeryInconsistent,
}

impl Judgement {
    const ALL: [Judgement; 5] = [
        Judgement::VeryConsistent,
        Judgement::Consistent,
        Judgement::Neutral,
        Judgement::Inconsistent,
        Judgement::VeryInconsistent,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Judgement::VeryConsistent => "CC",
            Judgement::Consistent => "C",
            Judgement::Neutral => "N",
            Judgement::Inconsistent => "I",
            Judgement::VeryInconsistent => "II",
        }
    }

    pub(super) fn value(self) -> f64 {
        match self {
            Judgement::VeryConsistent => 1.0,
            Judgement::Consistent => 0.5,
            Judgement::Neutral => 0.0,
            Judgement::Inconsistent => -0.5,
            Judgement::VeryInconsistent => -1.0,
        }
    }

    pub(super) fn against(self) -> f64 {
        match self {
            Judgement::Inconsistent => 1.0,
            Judgement::VeryInconsistent => 2.0,
            _ => 0.0,
        }
    }
}

/// One row of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The id of a claim or source, or words.
    pub evidence: String,
    pub grade: Option<Grade>,
    /// By hypothesis of the matrix; `None`: not judged.
    pub cells: Vec<Option<Judgement>>,
    pub line: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    pub hypotheses: Vec<String>,
    pub rows: Vec<Judged>,
}

/// What is wrong in a matrix, and in which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct MatrixError {
    pub line: u64,
    pub message: String,
    pub help: &'static str,
}

impl MatrixError {
    fn new(line: u64, message: impl Into<String>, help: &'static str) -> MatrixError {
        MatrixError {
            line,
            message: message.into(),
            help,
        }
    }
}

const CSV: &str =
    "a matrix is a CSV file in UTF-8: `evidence,H1,H2,…`, then a row for each piece of evidence";
const FIELDS: &str = "blank cells keep their commas, and words with a comma stand in quotes";
const EVIDENCE: &str = "it holds the id of a claim or source, or words";

/// All of a matrix, or all that is wrong with it.
pub fn read_matrix(text: &str) -> Result<Matrix, Vec<MatrixError>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let mut wrong = Vec::new();
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => {
            return Err(vec![MatrixError::new(1, error.to_string(), CSV)]);
        }
    };
    let grade = headers
        .iter()
        .position(|name| name.eq_ignore_ascii_case("grade"));
    let columns: Vec<usize> = (1..headers.len())
        .filter(|&at| Some(at) != grade && !headers[at].is_empty())
        .collect();
    if columns.is_empty() {
        wrong.push(MatrixError::new(1, "the header names no hypothesis", CSV));
    }
    let mut lines: FxHashMap<String, u64> = FxHashMap::default();
    let mut matrix = Matrix {
        hypotheses: columns.iter().map(|&at| headers[at].to_owned()).collect(),
        rows: Vec::new(),
    };
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                wrong.push(MatrixError::new(line, error.to_string(), CSV));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let evidence = record.get(0).unwrap_or_default().to_owned();
        if evidence.is_empty() {
            if record.iter().any(|field| !field.is_empty()) {
                let message = "the first column names no evidence";
                wrong.push(MatrixError::new(line, message, EVIDENCE));
            }
            continue;
        }
        if record.len() != headers.len() {
            let wanted = headers.len();
            let message = match record.len() {
                1 => format!("1 field where the header has {wanted}"),
                found => format!("{found} fields where the header has {wanted}"),
            };
            wrong.push(MatrixError::new(line, message, FIELDS));
        }
        let first = *lines.entry(evidence.clone()).or_insert(line);
        if first != line {
            let message = format!("`{evidence}` is judged in line {first} already");
            wrong.push(MatrixError::new(
                line,
                message,
                "one row for each piece of evidence",
            ));
        }
        let mut cells = Vec::new();
        for &at in &columns {
            let text = record.get(at).unwrap_or_default();
            let known = Judgement::ALL
                .into_iter()
                .find(|known| known.word() == text);
            if known.is_none() && !text.is_empty() {
                let message = format!("`{text}` under `{}` is no judgement", &headers[at]);
                wrong.push(MatrixError::new(
                    line,
                    message,
                    "CC, C, N, I, II, or nothing",
                ));
            }
            cells.push(known);
        }
        let given = grade.and_then(|at| record.get(at)).unwrap_or_default();
        let graded = read_grade(given);
        if graded.is_none() && !given.is_empty() {
            let message = format!("`{given}` under `grade` is no grade");
            wrong.push(MatrixError::new(
                line,
                message,
                "a letter from A to F and a digit from 1 to 6, as in B2",
            ));
        }
        matrix.rows.push(Judged {
            evidence,
            grade: graded,
            cells,
            line,
        });
    }
    match wrong.is_empty() {
        true => Ok(matrix),
        false => Err(wrong),
    }
}

/// `B2`
fn read_grade(text: &str) -> Option<Grade> {
    let (reliability, credibility) = text.split_at_checked(1)?;
    Some(Grade {
        reliability: reliability.parse::<Reliability>().ok()?,
        credibility: credibility.parse::<Credibility>().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let shown = match read_matrix(text) {
            Ok(matrix) => {
                let mut shown = format!("{}\n", matrix.hypotheses.join(" "));
                for row in matrix.rows {
                    let cell = |cell: &Option<Judgement>| cell.map_or("-", Judgement::word);
                    let cells: Vec<&str> = row.cells.iter().map(cell).collect();
                    let grade = row.grade.map_or(String::new(), |grade| format!(" {grade}"));
                    shown += &format!("{}{grade}: {}\n", row.evidence, cells.join(" "));
                }
                shown
            }
            Err(wrong) => wrong.iter().map(|one| format!("{one}\n")).collect(),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_matrix_is_read_whole_or_not_at_all() {
        check(
            "evidence,H1,H2,grade\nc31,CC,I,\n\"x, heard\",,II,B2\n,,,\n",
            expect![[r#"
                H1 H2
                c31: CC I
                x, heard B2: - II
            "#]],
        );
        check(
            "evidence,H1,grade\nc31,maybe,\n,C,\nc32,C,C\nc33,C,,\nc34\nc31,C,\n",
            expect![[r#"
                line 2: `maybe` under `H1` is no judgement
                line 3: the first column names no evidence
                line 4: `C` under `grade` is no grade
                line 5: 4 fields where the header has 3
                line 6: 1 field where the header has 3
                line 7: `c31` is judged in line 2 already
            "#]],
        );
        check(
            "evidence\n",
            expect![[r#"
            line 1: the header names no hypothesis
        "#]],
        );
    }
}
