//! Expectations written beside rules, and whether a case meets them.
//!
//! A case passes while every sentence of its `.expect` files holds: `fact.`, `!fact.`, `body -> { rows }.`,
//! `body -> count >= 8.`, `fact -> strength >= 0.5.`, `no violations.`, `violated "text".`

use super::case::files_of;
use super::coverage::{Coverage, Covered};
use super::error::{Error, Findings};
use super::expected::{Finding, Outcome};
use super::loaded::Session;
use super::uses::KnownUses;
use super::within::AT_A_TIME;
use crate::hypothesis::Overlay;
use crate::syntax::diagnostic::Diagnostic;
use crate::syntax::expectations::{Expectation, UnderName};
use crate::syntax::parse_expectations;
use crate::syntax::source::SourceMap;
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The overlays that expectations are made under, and the last of their names, if any; or what is wrong with one.
type Stack<'a> = Result<(Vec<Overlay>, Option<&'a UnderName>), (Error, &'a UnderName)>;

/// Which expectations to look at, and what else to find out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestQuestion {
    /// None: every `rules/*.expect`, or the one beside each program given by name.
    pub files: Vec<PathBuf>,
    /// Which rules fired, and which inputs mattered.
    pub coverage: bool,
}

/// What came of a test.
#[derive(Clone, Debug, Serialize)]
pub struct Tested {
    pub expectations: usize,
    pub met: usize,
    /// In the order of the text.
    pub unmet: Vec<Unmet>,
    /// Files, or single expectations, that could not be understood.
    #[serde(serialize_with = "as_values")]
    pub broken: Vec<Findings>,
    /// What is met, and perhaps for the wrong reason.
    pub doubts: Vec<Doubt>,
    pub files: Vec<TestedFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    #[serde(skip)]
    pub elapsed: Duration,
}

#[derive(Clone, Debug, Serialize)]
pub struct TestedFile {
    pub file: String,
    pub expectations: usize,
    pub met: usize,
}

/// An expectation that is not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// `file:line:column`
    pub at: String,
    /// As written, on one line.
    pub expectation: String,
    /// Hypotheses it was made under.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub under: Vec<String>,
    pub expected: String,
    pub came: String,
    /// Why, or why not, in short: a line each.
    pub why: Vec<String>,
}

/// An expectation that something is absent, about a name that occurs nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    pub at: String,
    pub expectation: String,
    pub note: String,
}

impl Tested {
    pub fn passed(&self) -> bool {
        self.unmet.is_empty() && self.broken.is_empty()
    }
}

impl Session {
    /// Looks whether expectations are met. A file or sentence that cannot be understood is reported beside the others.
    pub fn test(&mut self, question: &TestQuestion) -> Result<Tested, Error> {
        self.refresh()?;
        let started = Instant::now();
        let files = match question.files.is_empty() {
            true => self.expectation_files()?,
            false => question
                .files
                .iter()
                .map(|file| self.spec.resolve(file))
                .collect(),
        };
        let mut tested = Tested {
            expectations: 0,
            met: 0,
            unmet: Vec::new(),
            broken: Vec::new(),
            doubts: Vec::new(),
            files: Vec::new(),
            coverage: None,
            elapsed: Duration::ZERO,
        };
        let mut texts = self.sources.clone();
        let mut read_files = Vec::new();
        for file in files {
            match read(&file, &mut texts) {
                Ok((expectations, findings)) => {
                    tested.broken.extend(findings);
                    read_files.push((file, expectations));
                }
                Err(findings) => tested.broken.push(findings),
            }
        }
        let mut covered = question.coverage.then(|| {
            let all = read_files.iter().flat_map(|(_, expectations)| expectations);
            let here: Vec<Expectation> = all.filter(|one| one.under.is_empty()).cloned().collect();
            let mut covered = Covered::default();
            let (found, known) = self.cover(&here);
            covered.add(found);
            (covered, known)
        });
        for (file, expectations) in read_files {
            let before = tested.met;
            let together: Vec<&[Expectation]> =
                expectations.chunk_by(|a, b| a.under == b.under).collect();
            for groups in together.chunks(AT_A_TIME) {
                self.test_groups(groups, &texts, &mut tested, covered.as_mut())?;
            }
            tested.expectations += expectations.len();
            tested.files.push(TestedFile {
                file: file.display().to_string(),
                expectations: expectations.len(),
                met: tested.met - before,
            });
        }
        tested.coverage = covered.map(|(covered, _)| covered.finish());
        tested.elapsed = started.elapsed();
        Ok(tested)
    }

    /// Looks at expectations, those together that are made under the same hypotheses.
    fn test_groups(
        &mut self,
        groups: &[&[Expectation]],
        texts: &SourceMap,
        tested: &mut Tested,
        covered: Option<&mut (Covered, KnownUses)>,
    ) -> Result<(), Error> {
        let mut stacks = Vec::new();
        for group in groups {
            let under = group.first().map_or(&[][..], |first| &first.under);
            let mut overlays = Vec::new();
            let mut unable = None;
            for name in under {
                match self.hypothesis(&name.text) {
                    Ok(overlay) => overlays.push(overlay),
                    Err(error) => {
                        unable = Some((error, name));
                        break;
                    }
                }
            }
            stacks.push(match unable {
                Some(unable) => Err(unable),
                None => Ok((overlays, under.last())),
            });
        }
        let (mut covered, known) = match covered {
            Some((covered, known)) => (Some(covered), Some(&*known)),
            None => (None, None),
        };
        let both: Vec<(&[Expectation], Stack)> = groups.iter().copied().zip(stacks).collect();
        // Each world is for itself.
        let worlds = self.pool.each(&both, |(group, stack)| match stack {
            Ok((overlays, Some(_))) => {
                let overlays: Vec<&Overlay> = overlays.iter().collect();
                let world = self.prepared(&overlays).map(|world| {
                    let side = world.state.side();
                    let found = known.map(|known| self.cover_in(side, group, known));
                    (world.state, found)
                });
                Some(world)
            }
            _ => None,
        });
        for ((group, stack), world) in both.into_iter().zip(worlds) {
            match (stack, world) {
                (Err((error, name)), _) => tested.note_unable(error, name, texts)?,
                (Ok((_, Some(name))), Some(Err(error))) => {
                    tested.note_unable(error, name, texts)?;
                }
                (_, Some(world)) => {
                    let (state, found) = world?;
                    self.look_from(state, |session| session.test_here(group, texts, tested))?;
                    if let Some((covered, found)) = covered.as_deref_mut().zip(found) {
                        covered.add(found);
                    }
                }
                (_, None) => self.test_here(group, texts, tested)?,
            }
        }
        Ok(())
    }

    /// Looks at expectations in the world the session is in.
    fn test_here(
        &mut self,
        expectations: &[Expectation],
        texts: &SourceMap,
        tested: &mut Tested,
    ) -> Result<(), Error> {
        for expectation in expectations {
            let outcome = self.examine(expectation, texts)?;
            tested.note(expectation, outcome, texts);
        }
        Ok(())
    }

    fn expectation_files(&self) -> Result<Vec<PathBuf>, Error> {
        let spec = &self.spec;
        let files: Vec<PathBuf> = match spec.programs.is_empty() {
            false => {
                let beside = spec.programs.iter().map(|program| {
                    let program = spec.resolve(program);
                    program.with_extension("expect")
                });
                beside.filter(|file| file.exists()).collect()
            }
            true => files_of(&spec.resolve(Path::new("rules")), "expect").unwrap_or_default(),
        };
        match files.is_empty() {
            false => Ok(files),
            true => Err(self.rejected(vec![
                Diagnostic::error("D601", "no file of expectations was found").help(
                    "write `fact.` for what must hold and `!fact.` for what must not into `rules/NAME.expect`, or name the file",
                ),
            ])),
        }
    }
}

impl Tested {
    /// Takes down why nothing under a hypothesis can be looked at; a search that was stopped ends everything.
    fn note_unable(
        &mut self,
        error: Error,
        name: &UnderName,
        texts: &SourceMap,
    ) -> Result<(), Error> {
        let Error::Rejected(findings) = error else {
            return Err(error);
        };
        let first = findings.diagnostics().iter().find(|one| one.is_error());
        let reason = first.map_or("it is wrong", |first| &first.message);
        let mut wrong = Diagnostic::error(
            "D605",
            format!("nothing can be expected under `{}`: {reason}", name.text),
        )
        .at(name.span, "this hypothesis");
        for help in first.iter().flat_map(|first| &first.help) {
            wrong = wrong.help(help);
        }
        self.broken.push(Findings::new(vec![wrong], texts));
        Ok(())
    }

    /// Takes down what came of one expectation.
    fn note(&mut self, expectation: &Expectation, outcome: Outcome, texts: &SourceMap) {
        let at = || texts.locate(expectation.span).to_string();
        let written = || one_line(texts.slice(expectation.span));
        match outcome {
            Outcome::Met { note } => {
                self.met += 1;
                self.doubts.extend(note.map(|note| Doubt {
                    at: at(),
                    expectation: written(),
                    note,
                }));
            }
            Outcome::Unmet(Finding {
                expected,
                came,
                why,
            }) => {
                self.unmet.push(Unmet {
                    at: at(),
                    expectation: written(),
                    under: expectation
                        .under
                        .iter()
                        .map(|name| name.text.to_string())
                        .collect(),
                    expected,
                    came,
                    why,
                });
            }
            Outcome::Broken(findings) => self.broken.push(findings),
        }
    }
}

/// The expectations of a file that can be read, and what is wrong with the others.
fn read(
    file: &Path,
    texts: &mut SourceMap,
) -> Result<(Vec<Expectation>, Option<Findings>), Findings> {
    let unreadable = |reason: String, texts: &SourceMap| {
        let wrong = Diagnostic::error(
            "D602",
            format!("cannot read `{}`: {reason}", file.display()),
        )
        .help("files of expectations lie beside the rules they are about, as in `rules/ladder.expect`");
        Findings::new(vec![wrong], texts)
    };
    let bytes = std::fs::read(file).map_err(|error| unreadable(error.to_string(), texts))?;
    let text =
        String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned(), texts))?;
    let (expectations, found) = parse_expectations(&file.display().to_string(), &text, texts);
    let wrong = match found.iter().any(Diagnostic::is_error) {
        true => Some(Findings::new(found, texts)),
        false => None,
    };
    Ok((expectations, wrong))
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn as_values<S: Serializer>(broken: &[Findings], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(broken.iter().map(Findings::to_json))
}
