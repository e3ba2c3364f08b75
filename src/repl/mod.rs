//! The prompt.
//!
//! In: lines from a terminal or a pipe. Out: commands for a session, its answers as text.
//! Must not know: anything below `session`, but for what completion looks up. Only here is `rustyline` used.

mod context;
mod flags;
mod helper;
mod history;
mod line;
mod pager;
mod scan;
mod show;
mod supposing;

use crate::cli::args::ReplArgs;
use crate::cli::interrupt::Interrupt;
use crate::cli::status::Status;
use crate::cli::style::Palette;
use crate::cli::{open, report, terminal};
use crate::session::{Answer, Command, Lens, Session};
use helper::CaseHelper;
use line::{Form, Line, VERBS, Verb};
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor};
use show::Look;
use std::cell::RefCell;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::rc::Rc;

const PROMPT: &str = "?- ";

/// `cutout repl`: opens a case and talks about it until the end of the input.
pub fn start(directory: Option<&Path>, arguments: &ReplArgs) -> Status {
    let interactive = io::stdin().is_terminal() && io::stdout().is_terminal();
    let interrupt = Interrupt::install();
    let spec = open::case_spec(directory, &arguments.programs, &arguments.program);
    let options = open::options(&arguments.limits, &interrupt);
    let session = match Session::open(spec, options) {
        Ok(session) => session,
        Err(error) => return report::failure(&error, false),
    };
    let mut repl = Repl {
        session: Rc::new(RefCell::new(session)),
        interrupt,
        interactive,
        timed: true,
        failed: false,
    };
    match interactive {
        true => {
            repl.interrupt.withstand();
            repl.converse()
        }
        false => repl.read_through(),
    }
}

/// Says when one is not in the case itself, and when not all claims count.
fn prompt(session: &Session) -> String {
    let mut said = vec![session.inside()];
    if *session.lens() != Lens::default() {
        said.push(session.lens().to_string());
    }
    said.retain(|part| !part.is_empty());
    match said.is_empty() {
        true => PROMPT.to_owned(),
        false => format!("[{}] {PROMPT}", said.join("; ")),
    }
}

struct Repl {
    session: Rc<RefCell<Session>>,
    interrupt: Interrupt,
    interactive: bool,
    timed: bool,
    failed: bool,
}

/// Whether to go on after a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Line,
    End,
}

impl Repl {
    /// At a terminal.
    fn converse(&mut self) -> Status {
        let palette = Palette::of(&io::stdout());
        self.greet(palette);
        self.answer_program();
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .history_ignore_space(true)
            .build();
        let mut editor = match Editor::<CaseHelper, DefaultHistory>::with_config(config) {
            Ok(editor) => editor,
            Err(error) => {
                report::say(&format!("cannot read from this terminal: {error}"));
                return Status::Failed;
            }
        };
        editor.set_auto_add_history(true);
        editor.set_helper(Some(CaseHelper::new(self.session.clone(), palette)));
        let history = history::file().filter(|file| history::prepare(file));
        if let Some(file) = &history {
            // The first session has none.
            let _ = editor.load_history(file);
        }
        loop {
            let prompt = prompt(&self.session.borrow());
            match editor.readline(&prompt) {
                Ok(line) => {
                    if let Some(file) = &history {
                        let _ = editor.append_history(file);
                    }
                    if self.line(&line) == Next::End {
                        break;
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => break,
                Err(error) => {
                    report::say(&format!("cannot read from this terminal: {error}"));
                    return Status::Failed;
                }
            }
        }
        Status::Done
    }

    /// From a pipe or file: no prompts; a clause may go over several lines.
    fn read_through(&mut self) -> Status {
        self.answer_program();
        let mut text = String::new();
        let mut input = io::stdin().lock();
        loop {
            let mut raw = Vec::new();
            match input.read_until(b'\n', &mut raw) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    report::say(&format!("cannot read standard input: {error}"));
                    return Status::Failed;
                }
            }
            match String::from_utf8(raw) {
                Ok(line) => {
                    // A clause that was never finished does not swallow the commands after it.
                    if !text.trim().is_empty()
                        && scan::is_command(&line)
                        && self.line(&std::mem::take(&mut text)) == Next::End
                    {
                        break;
                    }
                    text.push_str(&line);
                }
                Err(_) => {
                    report::say("a line is not UTF-8 and was not read");
                    self.failed = true;
                    continue;
                }
            }
            if scan::is_complete(&text) && self.line(&std::mem::take(&mut text)) == Next::End {
                break;
            }
        }
        if !text.trim().is_empty() {
            self.line(&text);
        }
        match self.failed {
            true => Status::Failed,
            false => Status::Done,
        }
    }

    fn greet(&self, palette: Palette) {
        let session = self.session.borrow();
        let version = env!("CARGO_PKG_VERSION");
        let name = palette.heading(format!("cutout {version}"));
        println!("{name}  ·  {}", show::loaded(&session.inventory()));
        println!("Type a query, a fact or a rule; :help for commands; Tab completes.");
        let mut found = Vec::new();
        match session.warnings().diagnostics().len() {
            0 => {}
            1 => found.push("1 warning: `cutout check` shows it".to_owned()),
            count => found.push(format!("{count} warnings: `cutout check` shows them")),
        }
        match session.violations().len() {
            0 => {}
            count => found.push(format!(
                "{count} violated constraints: `cutout run` lists them"
            )),
        }
        for line in found {
            println!("{}", palette.quiet(line));
        }
        println!();
    }

    /// The questions that the program itself asks, each above its answer.
    fn answer_program(&mut self) {
        let answered = self.session.borrow().answers();
        match answered {
            Ok(answered) => {
                let mut text = Vec::new();
                for answer in answered {
                    // Memory takes every write.
                    let _ = writeln!(text, "?- {}.", answer.question);
                    let _ = show::show(&Answer::Rows(answer.rows), self.look(false), &mut text);
                    let _ = writeln!(text);
                }
                if !text.is_empty() {
                    self.print(String::from_utf8_lossy(&text).into_owned());
                }
            }
            Err(error) => {
                report::explain(&error);
                self.failed = true;
            }
        }
    }

    fn look(&self, all: bool) -> Look {
        Look {
            all,
            width: terminal::width(),
            palette: Palette::of(&io::stdout()),
            timed: self.timed,
        }
    }

    fn line(&mut self, line: &str) -> Next {
        match line::parse(line) {
            Ok(Line::Nothing) => {}
            Ok(Line::Quit) => return Next::End,
            Ok(Line::Help(verb)) => self.print(help(verb)),
            Ok(Line::Lens) => {
                let lens = self.session.borrow().lens().clone();
                let off = match lens == Lens::default() {
                    true => "",
                    false => "   (`:lens off` lets all claims count)",
                };
                self.print(format!("counting now: {lens}{off}\n"));
            }
            Ok(Line::Time(on)) => {
                self.timed = on.unwrap_or(!self.timed);
                let state = if self.timed { "on" } else { "off" };
                self.print(format!("time is {state}\n"));
            }
            Ok(Line::Run(command, form)) => self.answer(&command, form),
            Err(reason) => {
                report::say(&reason);
                self.failed = true;
            }
        }
        Next::Line
    }

    fn answer(&mut self, command: &Command, form: Form) {
        self.interrupt.reset();
        let answer = self.session.borrow_mut().execute(command);
        match answer {
            Ok(answer) => {
                let mut text = Vec::new();
                let told = show::told(&answer, form);
                // Memory takes every write.
                let _ = match told {
                    Some(told) => text.write_all(told.as_bytes()),
                    None => show::show(&answer, self.look(form.all), &mut text),
                };
                self.print(String::from_utf8_lossy(&text).into_owned());
            }
            Err(error) => {
                report::explain(&error);
                self.failed = true;
            }
        }
    }

    /// On a terminal, a screen at a time.
    fn print(&mut self, text: String) {
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        let is_long = terminal::size().is_some_and(|(_, screen)| lines + 1 > usize::from(screen));
        let written = match self.interactive && is_long {
            true => {
                // The pager takes its screen with it; how much there was stays.
                let last = text.trim_end().rsplit('\n').next().unwrap_or("").to_owned();
                pager::page(text).and_then(|()| writeln!(io::stdout(), "{last}"))
            }
            false => io::stdout().write_all(text.as_bytes()),
        };
        if report::printed(written) != Status::Done {
            self.failed = true;
        }
    }
}

const INTRODUCTION: &str = "\
A query        works_for(F, \"x\"), !front(F, _)      its variables are the columns; `?-` and the dot may be left off
A question     works_for(\"a\", \"x\")                  constants only and no dot: yes or no
A fact         works_for(\"a\", \"x\").                 constants only and a dot: it is stated, until :reload
A supposition  :assume works_for(\"a\", \"x\")           it holds until :undo, and the case is not touched
A rule         near(A, B) :- works_for(A, C), works_for(B, C).
A declaration  .decl near(a: symbol, b: symbol)
";

fn help(verb: Option<&Verb>) -> String {
    let mut text = String::new();
    match verb {
        Some(verb) => {
            text.push_str(&format!("{}: {}\n", verb.usage(), verb.does));
            if !verb.more.is_empty() {
                text.push_str(&format!("{}\n", verb.more));
            }
        }
        None => {
            text.push_str(INTRODUCTION);
            text.push('\n');
            for verb in VERBS {
                let usage = verb.usage();
                let end = match usage.chars().count() > 26 {
                    true => format!("\n{:26}", ""),
                    false => String::new(),
                };
                text.push_str(&format!("{usage:<26}{end} {}\n", verb.does));
            }
            text.push_str("\n`--json` after a command that answers with more than a line tells it whole, as JSON.\n");
            text.push_str("Ctrl-C stops a query, Ctrl-D leaves, Tab completes relations, constants and commands.\n");
        }
    }
    text
}
