//! Where plain facts stand in their files.

use super::loaded::Session;
use crate::explain::Fact;
use crate::io;
use crate::syntax::ast::DirectiveKind;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Looking through large files for every leaf of a proof must not take longer than reading the proof.
const MOST_TIME: Duration = Duration::from_millis(500);

/// Looks facts up, each once, for as long as there is time.
pub(super) struct Places<'a> {
    session: &'a Session,
    started: Instant,
    known: RefCell<HashMap<Fact, Option<String>>>,
}

impl Places<'_> {
    pub fn new(session: &Session) -> Places<'_> {
        Places {
            session,
            started: Instant::now(),
            known: RefCell::default(),
        }
    }

    /// `file:line` of the first line that states a fact, or only the file when there is no time to look. `None` for what
    /// stands in no file.
    pub fn find(&self, fact: &Fact) -> Option<String> {
        if let Some(known) = self.known.borrow().get(fact) {
            return known.clone();
        }
        let found = self.look(fact);
        self.known.borrow_mut().insert(fact.clone(), found.clone());
        found
    }

    fn look(&self, fact: &Fact) -> Option<String> {
        let session = self.session;
        let fact_dir = session.spec.fact_dir();
        let inputs = session.program().directives().iter().filter(|directive| {
            directive.kind == DirectiveKind::Input && directive.relation == fact.relation
        });
        let mut unread = None;
        for directive in inputs {
            if self.started.elapsed() > MOST_TIME {
                unread = Some(super::data::file_name(session.program(), directive));
                continue;
            }
            let (program, dictionary) = (session.program(), session.dictionary());
            let place = io::locate(program, directive, dictionary, &fact.row, &fact_dir);
            // A file that is gone by now tells no more than one that never held the fact.
            if let Ok(Some(place)) = place {
                return Some(format!("{}:{}", place.file, place.line));
            }
        }
        unread
    }
}
