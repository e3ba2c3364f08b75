//! Questions that a program asks itself: `?- body.` among its clauses.

use super::error::Error;
use super::loaded::Session;
use super::table::Table;
use crate::analysis;
use crate::syntax::ast::ItemKind;
use std::time::Instant;

/// A question in a program, and its answer.
pub struct Answered {
    /// As written, on one line.
    pub question: String,
    /// `file:line:column`
    pub at: String,
    pub rows: Table,
}

impl Session {
    /// Answers the questions of the program, in their order.
    pub fn answers(&self) -> Result<Vec<Answered>, Error> {
        let bodies = self.program.tree.items.iter().filter_map(|item| {
            let ItemKind::Query(body) = &item.kind else {
                return None;
            };
            Some(body)
        });
        // Where only part is derived, the questions were made over to that part.
        let narrow = self.program().demand().map(|_| self.program().queries());
        bodies
            .enumerate()
            .map(|(at, body)| {
                let started = Instant::now();
                let query = match narrow.and_then(|queries| queries.get(at)) {
                    Some(query) => query.clone(),
                    None => analysis::check_query(self.program(), body)
                        .map_err(|wrong| self.rejected(wrong))?,
                };
                let text = self.sources.slice(body.span);
                let words: Vec<&str> = text.split_whitespace().collect();
                Ok(Answered {
                    question: words.join(" "),
                    at: self.sources.locate(body.span).to_string(),
                    rows: self.answer(&query, started)?,
                })
            })
            .collect()
    }
}
