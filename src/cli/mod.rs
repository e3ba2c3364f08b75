//! The command line.
//!
//! In: arguments. Out: a session's answers on standard output, what went wrong on standard error, an exit status.
//! Must not know: anything below `session`. Only here is `clap` used.

pub mod args;
pub mod blocks;
pub mod flame;
pub mod hypotheses;
pub mod interrupt;
pub mod open;
pub mod plan;
pub mod profile;
pub mod progress;
pub mod proof;
pub mod report;
pub mod status;
pub mod style;
pub mod table;
pub mod terminal;
pub mod test;
pub mod units;
pub mod what_if;

mod check;
pub mod diff;
mod explain;
mod fmt;
pub mod memory;
mod query;
mod reason;
mod run;
mod suppose;
mod why;

use args::Cli;
use clap::CommandFactory;
use clap_complete::Shell;
use status::Status;

pub use check::check;
pub use diff::diff;
pub use explain::{corroboration, critical, impact, reject, timeline, why_not, worlds};
pub use fmt::fmt;
pub use hypotheses::hypotheses;
pub use plan::plan;
pub use profile::profile;
pub use query::{footer, query, yes_or_no};
pub use reason::{abduce, compare, requirements};
pub use run::run;
pub use suppose::what_if;
pub use test::test;
pub use why::why;

/// `cutout completions`: the script a shell wants.
pub fn completions(shell: Shell) -> Status {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cutout", &mut script);
    report::printed(std::io::Write::write_all(&mut std::io::stdout(), &script))
}
