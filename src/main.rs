//! The `cutout` command.

use cutout::cli::args::{Cli, ReplArgs, Verb};
use cutout::cli::blocks::Blocks;
use cutout::{cli, repl};
use std::process::ExitCode;

#[global_allocator]
static BLOCKS: Blocks = Blocks;

fn main() -> ExitCode {
    cli::memory::give_back_early();
    let Cli { directory, command } = Cli::typed();
    let directory = directory.as_deref();
    let status = match command {
        None => repl::start(directory, &ReplArgs::default()),
        Some(Verb::Repl(arguments)) => repl::start(directory, &arguments),
        Some(Verb::Run(arguments)) => cli::run(directory, &arguments),
        Some(Verb::Query(arguments)) => cli::query(directory, &arguments),
        Some(Verb::Check(arguments)) => cli::check(directory, &arguments),
        Some(Verb::Fmt(arguments)) => cli::fmt(directory, &arguments),
        Some(Verb::Plan(arguments)) => cli::plan(directory, &arguments),
        Some(Verb::Profile(arguments)) => cli::profile(directory, &arguments),
        Some(Verb::Why(arguments)) => cli::why(directory, &arguments),
        Some(Verb::WhyNot(arguments)) => cli::why_not(directory, &arguments),
        Some(Verb::Timeline(arguments)) => cli::timeline(directory, &arguments),
        Some(Verb::Impact(arguments)) => cli::impact(directory, &arguments),
        Some(Verb::Worlds(arguments)) => cli::worlds(directory, &arguments),
        Some(Verb::Compare(arguments)) => cli::compare(directory, &arguments),
        Some(Verb::Requirements(arguments)) => cli::requirements(directory, &arguments),
        Some(Verb::Abduce(arguments)) => cli::abduce(directory, &arguments),
        Some(Verb::Corroboration(arguments)) => cli::corroboration(directory, &arguments),
        Some(Verb::Critical(arguments)) => cli::critical(directory, &arguments),
        Some(Verb::Test(arguments)) => cli::test(directory, &arguments),
        Some(Verb::Hypotheses(arguments)) => cli::hypotheses(directory, &arguments),
        Some(Verb::Diff(arguments)) => cli::diff(directory, &arguments),
        Some(Verb::WhatIf(arguments)) => cli::what_if(directory, &arguments),
        Some(Verb::Reject(arguments)) => cli::reject(directory, &arguments),
        Some(Verb::Completions { shell }) => cli::completions(shell),
    };
    status.into()
}
