//! Cutout: an embedded Datalog reasoning engine for working out who is behind cyber intrusions.
//!
//! Rules are text in Soufflé's dialect and are loaded at run time; facts come from CSV files that say who claims them,
//! or from the embedding program. A [`Session`] holds one case: it derives everything that follows, answers queries
//! and proves what it answers down to claims and their sources.
//!
//! ```
//! use cutout::Session;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize)]
//! struct Contract {
//!     client: &'static str,
//!     firm: &'static str,
//! }
//!
//! #[derive(Deserialize, PartialEq, Debug)]
//! struct Served {
//!     firm: String,
//!     client: String,
//! }
//!
//! # fn main() -> Result<(), cutout::Error> {
//! let mut session = Session::from_rules(
//!     r#"
//!     .decl contract(client: symbol, firm: symbol)
//!     .decl works_for(firm: symbol, client: symbol)
//!     works_for(F, C) :- contract(C, F).
//!     works_for(F, C) :- contract(M, F), works_for(M, C).
//!     "#,
//! )?;
//! session.insert("contract", &Contract { client: "x-bureau", firm: "x-prime" })?;
//! session.insert("contract", &("x-prime", "x-sub"))?;
//! session.run()?;
//!
//! let served: Vec<Served> = session.query_as(r#"works_for(F, C), C != "x-prime""#)?;
//! assert_eq!(served[1], Served { firm: "x-sub".into(), client: "x-bureau".into() });
//!
//! let proof = session.why(r#"works_for("x-sub", "x-bureau")"#)?;
//! assert!(proof.holds());
//! assert!(proof.to_string().contains(r#"contract("x-bureau","x-prime")"#));
//!
//! let wrong = session.query("work_for(F, C)").unwrap_err();
//! assert!(wrong.to_string().contains("did you mean `works_for"));
//! # Ok(())
//! # }
//! ```
//!
//! A case on disk (`rules/*.dl` over `facts/`) is opened with [`Session::open`] and [`CaseSpec::at`]; [`Options`] bounds
//! time, rows, rounds and memory and sets the number of threads. Whatever a command line or prompt does is a
//! [`Command`] whose [`Answer`] is plain data.
//!
//! Functors that a program declares are closures of the embedding program:
//!
//! ```
//! use cutout::{CaseSpec, Functors, Options, Session, Value};
//!
//! # fn main() -> Result<(), cutout::Error> {
//! let functors = Functors::default().with("defang", |args| match args {
//!     [Value::Symbol(host)] => Ok(Value::Symbol(host.replace('.', "[.]"))),
//!     _ => Err("one symbol expected".into()),
//! });
//! let rules = r#"
//!     .functor defang(host: symbol): symbol
//!     .decl beacon(host: symbol)
//!     beacon(@defang("x.example")).
//! "#;
//! let spec = CaseSpec { text: Some(rules.into()), ..CaseSpec::default() };
//! let mut session = Session::open(spec, Options { functors, ..Options::default() })?;
//! let hosts: Vec<(String,)> = session.query_as("beacon(H)")?;
//! assert_eq!(hosts, [("x[.]example".to_owned(),)]);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing in the library prints, reads standard input (unless a program's `.input` asks for it), ends the process or
//! panics on what it is given: everything that is wrong comes back as an [`Error`], with all of its [`Findings`].
//! The exceptions are [`cli`] and [`repl`], which are the `cutout` command itself.
//!
//! # The parts
//!
//! The folders tell the life of a question: text is parsed ([`syntax`]), checked ([`analysis`]), turned into join
//! plans ([`plan`]) and run ([`engine`]) over columns at rest ([`storage`]). Files become rows and claims in [`io`];
//! claims, sources, grades and dates are the data of [`evidence`]; [`explain`] turns a row into its proofs,
//! [`hypothesis`] tells what would follow if. A [`session`] puts them together.

pub mod analysis;
pub mod cli;
pub mod engine;
pub mod evidence;
pub mod explain;
pub mod hypothesis;
pub mod io;
pub mod plan;
pub mod repl;
pub mod session;
pub mod storage;
pub mod syntax;
#[cfg(test)]
mod tries;

pub use engine::{Functors, Value};
pub use session::{
    Answer, CaseSpec, Command, Error, Findings, Options, Proof, RowError, Session, Table,
};
