//! Writing what `.output` and `.printsize` ask for.

use super::error::{Error, Findings};
use super::loaded::Session;
use crate::io::{self, WriteOptions};
use crate::syntax::ast::DirectiveKind;
use crate::syntax::diagnostic::Diagnostic;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// What was written, in the order of the directives.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Relations of `.output`, with their rows.
    pub outputs: Vec<(Arc<str>, u64)>,
    /// Relations of `.printsize`, with their rows.
    pub sizes: Vec<(Arc<str>, u64)>,
    pub warnings: Vec<Diagnostic>,
}

impl Session {
    /// Writes every output relation: files below `output_dir`, or everything to `stdout` when there is none; sizes go
    /// to `stdout`. A file appears under its name once it is whole; all failures are reported.
    pub fn write_outputs(
        &mut self,
        output_dir: Option<&Path>,
        stdout: &mut (dyn Write + Send),
    ) -> Result<Written, Error> {
        let output_dir = output_dir.map(|dir| self.spec.resolve(dir));
        let options = WriteOptions {
            output_dir: output_dir.as_deref(),
            threads: self.options.threads.max(1),
        };
        let program = self.program.checked.clone();
        let mut written = Written::default();
        let mut errors = Vec::new();
        for directive in program.directives() {
            let relation = &program[directive.relation];
            let size = self.database.len(directive.relation);
            match directive.kind {
                DirectiveKind::Output => {
                    let rows = {
                        let types: Vec<_> = relation.attributes.iter().map(|a| a.ty).collect();
                        self.sorted(self.database.rows(directive.relation), &types)
                    };
                    let dictionary = self.dictionary();
                    let outcome = self.pool.install(|| {
                        io::write(&program, directive, &rows, dictionary, &options, stdout)
                    });
                    match outcome {
                        Ok(warnings) => {
                            written.warnings.extend(warnings);
                            written.outputs.push((relation.name.clone(), size as u64));
                        }
                        Err(found) => errors.extend(found),
                    }
                }
                DirectiveKind::Printsize => {
                    match io::write_size(&program, directive, size, stdout) {
                        Ok(()) => written.sizes.push((relation.name.clone(), size as u64)),
                        Err(found) => errors.extend(found),
                    }
                }
                DirectiveKind::Input | DirectiveKind::Limitsize => {}
            }
        }
        match errors.is_empty() {
            true => Ok(written),
            false => Err(Findings::new(errors, &self.sources).into()),
        }
    }
}
