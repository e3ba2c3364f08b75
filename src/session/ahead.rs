//! Facts that are read while rules are checked.

use super::case::CaseSpec;
use super::data::{self, Data};
use super::loaded::same_inputs;
use super::options::Options;
use super::program::check_options;
use crate::analysis;
use crate::analysis::checked::CheckedProgram;
use crate::io;
use crate::storage::Dictionary;
use crate::syntax::ast::{self, DirectiveKind};
use crate::syntax::source::SourceMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// Bytes of files that are worth reading before anybody knows whether the rules are right. More than that takes much
/// longer than checking rules does, and is read by all threads then.
const FEW: u64 = 4 << 20;

/// What was read for a program of which only the declarations were known.
struct Read {
    declared: CheckedProgram,
    dictionary: Arc<Dictionary>,
    data: Data,
}

/// A thread that reads the facts of a program that is being checked, if there is one.
pub(super) struct Ahead(Option<JoinHandle<Option<Read>>>);

impl Ahead {
    /// Begins to read, where there is a thread for it and the facts are few. Nothing is read ahead that could not be read
    /// once more, and what is wrong with it is for that second time to say.
    pub fn start(
        tree: &Arc<ast::Program>,
        spec: &CaseSpec,
        options: &Options,
        texts: &SourceMap,
    ) -> Ahead {
        if options.threads < 2 || options.bad_rows.is_some() {
            return Ahead(None);
        }
        // The other thread is at work.
        let options = Options {
            threads: 1,
            ..options.clone()
        };
        let (tree, spec, texts) = (tree.clone(), spec.clone(), texts.clone());
        let read = move || read(&tree, &spec, &options, &texts);
        Ahead(thread::Builder::new().spawn(read).ok())
    }

    /// What was read, if it is what the checked program reads.
    pub fn finish(mut self, program: &CheckedProgram) -> Option<(Arc<Dictionary>, Data)> {
        let read = self.0.take()?.join().ok()??;
        same_inputs(&read.declared, program).then_some((read.dictionary, read.data))
    }
}

impl Drop for Ahead {
    /// Nobody reads on when the rules turned out to be wrong.
    fn drop(&mut self) {
        if let Some(reader) = self.0.take() {
            let _ = reader.join();
        }
    }
}

fn read(
    tree: &ast::Program,
    spec: &CaseSpec,
    options: &Options,
    texts: &SourceMap,
) -> Option<Read> {
    let declared = analysis::declared(tree, &check_options(spec))?;
    if !are_few(&declared, spec) {
        return None;
    }
    let dictionary = Arc::new(Dictionary::new());
    let data = data::read(&declared, &dictionary, spec, options, texts).ok()?;
    Some(Read {
        declared,
        dictionary,
        data,
    })
}

/// Whether all that the inputs of a program name is there, are files, and those hold little.
fn are_few(program: &CheckedProgram, spec: &CaseSpec) -> bool {
    let fact_dir = spec.fact_dir();
    let size = |path: &Path| {
        let about = path.metadata().ok()?;
        about.is_file().then_some(about.len())
    };
    let mut inputs = program
        .directives()
        .iter()
        .filter(|directive| directive.kind == DirectiveKind::Input);
    let total = inputs.try_fold(0, |total: u64, directive| {
        let path = io::file_of(program, directive, &fact_dir)?;
        Some(total.saturating_add(size(&path)?))
    });
    let also = ["sources.csv", io::JUDGEMENTS];
    let also = also
        .map(|name| fact_dir.join(name))
        .into_iter()
        .try_fold(0, |total: u64, path| match path.exists() {
            true => Some(total.saturating_add(size(&path)?)),
            false => Some(total),
        });
    matches!((total, also), (Some(total), Some(also)) if total.saturating_add(also) <= FEW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Answer, Command, Error, Session};
    use std::fs;

    /// What a case of these files shows, or what is wrong with it.
    fn opened(files: &[(&str, &str)], threads: usize, body: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let options = Options {
            threads,
            ..Options::default()
        };
        let spec = || CaseSpec::at(directory.path());
        let shown = |outcome: Result<String, Error>| {
            let text = outcome.unwrap_or_else(|wrong| wrong.to_string());
            text.replace(&directory.path().display().to_string(), "CASE")
        };
        let codes = Session::open(spec(), options.clone()).map(|mut session| {
            let program = session.program();
            let rows = program.relations().map(|(id, relation)| {
                let rows: Vec<_> = session.database().rows(id).iter().collect();
                format!("{} {rows:?}\n", relation.name)
            });
            let rows: String = rows.collect();
            let claims: Vec<_> = session
                .claims()
                .iter()
                .map(|(id, claim)| (id, claim.id.to_owned()))
                .collect();
            let warnings = session.warnings().to_string();
            let sources = match session.execute(&Command::Sources(None)) {
                Ok(Answer::Sources(lines)) => format!("{lines:?}"),
                _ => String::new(),
            };
            format!("{rows}{claims:?}\n{warnings}\n{sources}")
        });
        let asked = Session::ask_once(spec(), options, body).map(|table| {
            let rows = (0..table.len()).map(|row| format!("{}\n", table.text(row, 0)));
            rows.collect()
        });
        format!("{}--\n{}", shown(codes), shown(asked))
    }

    const RULES: &str = ".decl p(x: symbol)\n.input p(IO=claims, filename=\"p.csv\")\n.decl q(x: symbol, n: number)\n\
        .input q\n.decl r(x: symbol)\nr(X) :- p(X), q(X, _).\n";

    #[test]
    fn what_is_read_ahead_is_what_is_read_after_the_rules_are_checked() {
        let rules = ("rules/a.dl", RULES);
        let unused = (
            "rules/b.dl",
            ".decl unused(x: symbol)\n.input unused\n.decl out(x: symbol)\n.output out\nout(X) :- p(X).\n",
        );
        let wrong_rule = ("rules/b.dl", "r(X) :- !p(X).\nr(Y) :- p(X).\n");
        let wrong_type = ("rules/b.dl", ".decl s(x: nothing)\n");
        let component = (
            "rules/b.dl",
            ".comp C { .decl p(x: symbol) .input p }\n.init c = C\n",
        );
        let p = ("facts/p.csv", "x,source_id\na,s1\nb,s2\nc,s1\n");
        let q = ("facts/q.facts", "c\t1\na\t2\nd\t3\n");
        let in_component = ("facts/c.p.facts", "e\n");
        let wrong_q = ("facts/q.facts", "c\tone\na\t2\n");
        let sources = (
            "facts/sources.csv",
            "source_id,publisher,reliability\ns1,x-one,A\ns2,x-two,B\n",
        );
        let wrong_sources = ("facts/sources.csv", "source_id,reliability\ns1,Z\n");
        let judged = (
            "facts/judgements.csv",
            "judgement_id,claim,verdict,author,date\nj1,p.csv:2,reject,x-me,2024-01-01\n",
        );
        for files in [
            &[rules, p, q, sources][..],
            &[rules, p, q],
            &[rules, p, q, sources, judged],
            &[rules, p, wrong_q, wrong_sources],
            &[rules, p],
            &[rules, unused, p, q, sources],
            &[rules, wrong_rule, p, q],
            &[rules, wrong_rule, p, wrong_q],
            &[rules, wrong_type, p, q],
            &[rules, component, in_component, p, q],
            &[rules, component, p, q],
        ] {
            for body in ["r(X)", "r(X), nowhere(X)", "p(X), q(X, 1)"] {
                let one = opened(files, 1, body);
                assert_eq!(opened(files, 2, body), one, "{files:?}");
                assert!(one.contains("rows") || one.len() > 20);
            }
        }
    }

    #[test]
    fn few_facts_are_read_ahead_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let reads = |rules: &str, threads| {
            let spec = CaseSpec {
                directory: Some(directory.path().to_owned()),
                text: Some(rules.into()),
                ..CaseSpec::default()
            };
            let options = Options {
                threads,
                ..Options::default()
            };
            let mut texts = SourceMap::new();
            let Ok(unchecked) = crate::session::program::parse(&spec, &[], &mut texts) else {
                return false;
            };
            let ahead = Ahead::start(&unchecked.tree, &spec, &options, &texts);
            let Ok(program) = unchecked.check(&spec, &texts) else {
                return false;
            };
            ahead.finish(&program.checked).is_some()
        };
        let file = ".decl a(x: symbol)\n.input a\n.decl b(x: symbol)\nb(X) :- a(X).\n";
        assert!(!reads(file, 2), "the file is missing");
        fs::write(directory.path().join("a.facts"), "x-1\n").unwrap();
        assert!(reads(file, 2));
        assert!(!reads(file, 1));
        assert!(!reads(&file.replace(".input a", ".input a(IO=stdin)"), 2));
        let many = "x-1\n".repeat(FEW as usize / 4 + 1);
        fs::write(directory.path().join("a.facts"), many).unwrap();
        assert!(!reads(file, 2));
    }
}
