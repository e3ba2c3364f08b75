//! Judged cells, entered into a comparison.

use super::compare::in_file;
use super::error::Error;
use super::loaded::Session;
use crate::analysis::findings::closest;
use crate::evidence::{Grade, GradeTables};
use crate::hypothesis::compare::{Cell, Evidence, Matrix, Subject, Table, read_matrix};
use crate::syntax::diagnostic::Diagnostic;
use std::path::Path;
use std::sync::Arc;

/// A matrix whose hypotheses are all being compared.
pub(super) struct Given {
    matrix: Matrix,
}

impl Given {
    pub fn read(session: &Session, path: &Path, names: &[String]) -> Result<Given, Error> {
        let shown = path.display();
        let text = std::fs::read_to_string(session.spec.resolve(path)).map_err(|error| {
            let wrong =
                Diagnostic::error("D086", format!("cannot read the matrix `{shown}`: {error}"));
            in_file(session, vec![wrong])
        })?;
        let matrix = read_matrix(&text).map_err(|wrong| {
            let wrong = wrong.into_iter().map(|one| {
                let wrong = format!("{shown}:{}: {}", one.line, one.message);
                Diagnostic::error("D087", wrong).help(one.help)
            });
            in_file(session, wrong.collect())
        })?;
        let mut unknown: Vec<Diagnostic> = matrix
            .hypotheses
            .iter()
            .filter(|name| !names.iter().any(|known| known.trim() == name.as_str()))
            .map(|name| {
                let wrong =
                    Diagnostic::error("D088", format!("{shown}:1: `{name}` is not being compared"));
                match closest(name, names.iter().map(|known| known.trim())) {
                    Some(near) => wrong.help(format!("did you mean `{near}`?")),
                    None => {
                        wrong.help("columns are `evidence`, `grade` and the names of hypotheses")
                    }
                }
            })
            .collect();
        for row in &matrix.rows {
            if let Some(near) = session.meant_evidence(&row.evidence) {
                let (line, evidence) = (row.line, &row.evidence);
                let wrong = format!("{shown}:{line}: no claim and no source is `{evidence}`");
                let help = format!(
                    "did you mean `{near}`? Evidence that nobody states is told in several words"
                );
                unknown.push(Diagnostic::error("D087", wrong).help(help));
            }
        }
        match unknown.is_empty() {
            true => Ok(Given { matrix }),
            false => Err(in_file(session, unknown)),
        }
    }

    /// Judged cells go before computed ones. Evidence that no column has yet gets one.
    pub fn enter(&self, session: &Session, names: &[&str], table: &mut Table) {
        for row in &self.matrix.rows {
            let subject = self.subject(session, &row.evidence, table);
            let at = match table.evidence.iter().position(|one| one.subject == subject) {
                Some(at) => at,
                None => {
                    table
                        .evidence
                        .push(new_column(session, subject, row.grade, names.len()));
                    table.evidence.len() - 1
                }
            };
            if matches!(table.evidence[at].subject, Subject::Root(_)) {
                // Where the source drops out of a table, the row is that of words.
                table.evidence[at].weight_alone = weight_of_words(row.grade);
            }
            for (name, judged) in self.matrix.hypotheses.iter().zip(&row.cells) {
                let of = names.iter().position(|known| *known == name.as_str());
                if let (Some(of), Some(judged)) = (of, judged) {
                    table.evidence[at].cells[of] = Cell::Judged(*judged);
                }
            }
        }
    }

    /// A claim, a source that has a column, or words.
    fn subject(&self, session: &Session, named: &str, table: &Table) -> Subject {
        if let Some(claim) = session.claims().with_id(named).next() {
            return Subject::Claim(claim);
        }
        match session.source_register().find(named) {
            Some(source) => {
                let root = Subject::Root(source);
                match table.evidence.iter().any(|one| one.subject == root) {
                    true => root,
                    false => Subject::Label(named.to_owned()),
                }
            }
            None => Subject::Label(named.to_owned()),
        }
    }
}

impl Session {
    /// The id of a claim or source that may be meant by a word that is none.
    fn meant_evidence(&self, word: &str) -> Option<String> {
        let is_known = self.claims().ever_with_id(word).next().is_some()
            || self.source_register().find(word).is_some();
        if is_known || word.contains(char::is_whitespace) {
            return None;
        }
        let claims = self.data.claims.iter().map(|(_, claim)| claim.id);
        let sources = self.source_register().iter().map(|(_, source)| &*source.id);
        closest(word, claims.chain(sources)).map(str::to_owned)
    }
}

/// What is judged weighs so much where no claim states it.
fn weight_of_words(grade: Option<Grade>) -> f64 {
    GradeTables::default().strength(grade.unwrap_or_default())
}

fn new_column(
    session: &Session,
    subject: Subject,
    grade: Option<Grade>,
    contenders: usize,
) -> Evidence {
    let (claims, weight) = match &subject {
        Subject::Claim(claim) => {
            let id = &session.claims().get(*claim).id;
            let mut claims: Vec<_> = session.claims().ever_with_id(id).collect();
            claims.sort_unstable();
            (claims.into(), session.weight_of(*claim))
        }
        Subject::Root(_) | Subject::Label(_) => (Arc::default(), weight_of_words(grade)),
    };
    Evidence {
        subject,
        claims,
        weight,
        weight_alone: weight,
        cells: vec![Cell::Stands; contenders],
    }
}
