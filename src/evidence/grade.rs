//! Grades of the Admiralty code: how far a source is to be relied on, how far what it says is to be believed.
//!
//! NATO STANAG 2511 / AJP-2.1: reliability `A`-`F`, credibility `1`-`6`; `F` and `6` mean "cannot be judged".

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Of a source. `A` completely reliable … `E` unreliable, `F` cannot be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reliability {
    A,
    B,
    C,
    D,
    E,
    #[default]
    F,
}

/// Of one claim. `Confirmed` 1 … `Improbable` 5, `Unjudged` 6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Credibility {
    Confirmed,
    Probable,
    Possible,
    Doubtful,
    Improbable,
    #[default]
    Unjudged,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GradeError {
    #[error("a reliability is one of A, B, C, D, E, F")]
    Reliability,
    #[error("a confidence is one of confirmed, probable, possible, doubtful, or 1 to 6")]
    Credibility,
    #[error("a weight lies between 0 and 1")]
    Weight,
}

impl Reliability {
    pub const ALL: [Reliability; 6] = [
        Reliability::A,
        Reliability::B,
        Reliability::C,
        Reliability::D,
        Reliability::E,
        Reliability::F,
    ];
}

impl FromStr for Reliability {
    type Err = GradeError;

    fn from_str(text: &str) -> Result<Reliability, GradeError> {
        match text.as_bytes() {
            [letter] => Reliability::ALL
                .into_iter()
                .find(|&grade| b'A' + grade as u8 == letter.to_ascii_uppercase())
                .ok_or(GradeError::Reliability),
            _ => Err(GradeError::Reliability),
        }
    }
}

impl fmt::Display for Reliability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", (b'A' + *self as u8) as char)
    }
}

impl Credibility {
    pub const ALL: [Credibility; 6] = [
        Credibility::Confirmed,
        Credibility::Probable,
        Credibility::Possible,
        Credibility::Doubtful,
        Credibility::Improbable,
        Credibility::Unjudged,
    ];

    /// The word for it, as in the column `confidence`.
    pub fn word(self) -> &'static str {
        match self {
            Credibility::Confirmed => "confirmed",
            Credibility::Probable => "probable",
            Credibility::Possible => "possible",
            Credibility::Doubtful => "doubtful",
            Credibility::Improbable => "improbable",
            Credibility::Unjudged => "unjudged",
        }
    }
}

/// `1` to `6`, or `confirmed`, `probable`, `possible`, `doubtful`.
impl FromStr for Credibility {
    type Err = GradeError;

    fn from_str(text: &str) -> Result<Credibility, GradeError> {
        Credibility::ALL
            .into_iter()
            .find(|&grade| match text.as_bytes() {
                [digit] => b'1' + grade as u8 == *digit,
                _ => grade <= Credibility::Doubtful && grade.word().eq_ignore_ascii_case(text),
            })
            .ok_or(GradeError::Credibility)
    }
}

impl fmt::Display for Credibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", *self as u8 + 1)
    }
}

/// Prints as `A2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Grade {
    pub reliability: Reliability,
    pub credibility: Credibility,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.reliability, self.credibility)
    }
}

/// What grades are worth as numbers: the strength of a claim is reliability times credibility.
#[derive(Clone, Debug, PartialEq)]
pub struct GradeTables {
    reliability: [f64; 6],
    credibility: [f64; 6],
}

impl Default for GradeTables {
    fn default() -> GradeTables {
        GradeTables {
            reliability: [1.0, 0.8, 0.6, 0.4, 0.2, 0.5],
            credibility: [1.0, 0.8, 0.6, 0.4, 0.2, 0.5],
        }
    }
}

impl GradeTables {
    /// Between 0 and 1.
    pub fn strength(&self, grade: Grade) -> f64 {
        self.reliability[grade.reliability as usize] * self.credibility[grade.credibility as usize]
    }

    pub fn set_reliability(&mut self, of: Reliability, weight: f64) -> Result<(), GradeError> {
        self.reliability[of as usize] = checked_weight(weight)?;
        Ok(())
    }

    pub fn set_credibility(&mut self, of: Credibility, weight: f64) -> Result<(), GradeError> {
        self.credibility[of as usize] = checked_weight(weight)?;
        Ok(())
    }
}

fn checked_weight(weight: f64) -> Result<f64, GradeError> {
    if (0.0..=1.0).contains(&weight) {
        Ok(weight)
    } else {
        Err(GradeError::Weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_read_as_words_or_as_admiralty_digits() {
        for (text, grade) in [
            ("confirmed", Some("1")),
            ("Probable", Some("2")),
            ("possible", Some("3")),
            ("doubtful", Some("4")),
            ("5", Some("5")),
            ("6", Some("6")),
            ("0", None),
            ("7", None),
            ("likely", None),
            ("improbable", None),
            ("", None),
        ] {
            let read = text.parse::<Credibility>().ok();
            assert_eq!(
                read.map(|grade| grade.to_string()).as_deref(),
                grade,
                "{text}"
            );
        }
        assert_eq!("b".parse(), Ok(Reliability::B));
        assert_eq!("G".parse::<Reliability>(), Err(GradeError::Reliability));
        assert_eq!("AB".parse::<Reliability>(), Err(GradeError::Reliability));
    }

    #[test]
    fn strength_is_reliability_times_credibility() {
        let grade = |text: &str| Grade {
            reliability: text[..1].parse().unwrap(),
            credibility: text[1..].parse().unwrap(),
        };
        let mut tables = GradeTables::default();
        for (text, strength) in [
            ("A1", 1.0),
            ("B2", 0.64),
            ("C3", 0.36),
            ("E5", 0.04),
            ("F6", 0.25),
        ] {
            assert_eq!(grade(text).to_string(), text);
            assert!((tables.strength(grade(text)) - strength).abs() < 1e-12);
        }
        tables.set_reliability(Reliability::F, 0.1).unwrap();
        tables.set_credibility(Credibility::Unjudged, 1.0).unwrap();
        assert_eq!(tables.strength(grade("F6")), 0.1);
        for weight in [-0.1, 1.1, f64::NAN] {
            assert_eq!(
                tables.set_credibility(Credibility::Possible, weight),
                Err(GradeError::Weight)
            );
        }
    }
}
