//! Cells that a person judged, from a matrix in CSV.
//!
//! The header names a column of evidence and one for each hypothesis; a column `grade` such as `B2` weighs evidence that
//! no claim states. A cell is `CC`, `C`, `N`, `I` or `II`, as in published matrices of competing hypotheses; a blank cell
//! is not judged.

use crate::evidence::{Credibility, Grade, Reliability};

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
}

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
            return Err(vec![MatrixError {
                line: 1,
                message: error.to_string(),
            }]);
        }
    };
    let grade = headers
        .iter()
        .position(|name| name.eq_ignore_ascii_case("grade"));
    let columns: Vec<usize> = (1..headers.len())
        .filter(|&at| Some(at) != grade && !headers[at].is_empty())
        .collect();
    if columns.is_empty() {
        wrong.push(MatrixError {
            line: 1,
            message: "the header names no hypothesis: `evidence,H1,H2,…` is wanted".to_owned(),
        });
    }
    let mut matrix = Matrix {
        hypotheses: columns.iter().map(|&at| headers[at].to_owned()).collect(),
        rows: Vec::new(),
    };
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                wrong.push(MatrixError {
                    line,
                    message: error.to_string(),
                });
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let evidence = record.get(0).unwrap_or_default().to_owned();
        if evidence.is_empty() {
            if record.iter().any(|field| !field.is_empty()) {
                wrong.push(MatrixError {
                    line,
                    message: "the first column names no evidence".to_owned(),
                });
            }
            continue;
        }
        if record.len() > headers.len() {
            wrong.push(MatrixError {
                line,
                message: format!(
                    "{} fields where the header has {}",
                    record.len(),
                    headers.len()
                ),
            });
        }
        let mut cells = Vec::new();
        for &at in &columns {
            let text = record.get(at).unwrap_or_default();
            let known = Judgement::ALL
                .into_iter()
                .find(|known| known.word() == text);
            if known.is_none() && !text.is_empty() {
                wrong.push(MatrixError {
                    line,
                    message: format!("`{text}` is none of CC, C, N, I, II"),
                });
            }
            cells.push(known);
        }
        let given = grade.and_then(|at| record.get(at)).unwrap_or_default();
        let graded = read_grade(given);
        if graded.is_none() && !given.is_empty() {
            wrong.push(MatrixError {
                line,
                message: format!("`{given}` is no grade such as B2"),
            });
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
            "evidence,H1\nc31,maybe\n,C\nc32,C,C\n",
            expect![[r#"
                line 2: `maybe` is none of CC, C, N, I, II
                line 3: the first column names no evidence
                line 4: 3 fields where the header has 2
            "#]],
        );
        check(
            "evidence\n",
            expect![[r#"
            line 1: the header names no hypothesis: `evidence,H1,H2,…` is wanted
        "#]],
        );
    }
}
