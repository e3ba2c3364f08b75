//! An analyst takes one conclusion apart at the prompt, on a pseudo-terminal.
#![cfg(unix)]

mod support;

use rexpect::session::PtySession;
use support::Sandbox;
use support::terminal::{open, type_keys};

const RULES: &str = "\
.decl contract(client: symbol, firm: symbol)
.input contract(IO=claims, filename=\"contracts.csv\")
.decl alias(name: symbol, other: symbol)
.input alias(IO=claims, filename=\"aliases.csv\")
.decl same(a: symbol, b: symbol) eqrel
same(a, b) :- alias(a, b).
.decl works_for(firm: symbol, client: symbol)
@[say = \"{f} works for {c}\"]
works_for(f, c) :- contract(c, f).
works_for(f, c) :- contract(m, f), works_for(m, c).
works_for(f, c) :- same(f, g), contract(c, g).
.decl busy(firm: symbol)
busy(f) :- contract(_, f).
.decl idle(client: symbol)
idle(c) :- contract(c, _), !busy(c), !works_for(c, _).
.output works_for
";

/// The ring of x-r1 and x-r2 leans on itself; s4 derives from itself, s3 repeats s2.
const CONTRACTS: &str = "\
claim_id,client,firm,from,to,source_id,confidence,stance
c1,x-bureau,x-prime,2019,2020-02-28,s1,confirmed,supports
c2,x-prime,x-sub,2020-03-01,,s2,probable,supports
c3,x-bureau,x-sub,2021,,s2,probable,supports
c4,x-bureau,x-sub,2021,,s3,possible,supports
c5,x-bureau,x-sub,,,s4,doubtful,disputes
c6,x-r1,x-r2,,,s4,possible,supports
c7,x-r2,x-r1,,,s4,possible,supports
";

const ALIASES: &str = "\
claim_id,name,other,source_id
a1,x-sub,x-subco,s1
a2,x-subsidiary,x-subco,s2
";

const SOURCES: &str = "\
source_id,publisher,title,published,url,kind,reliability,derived_from
s1,x-registry,Notice,2020,,registry,A,
s2,x-press,Story,2021,,press,B,
s3,x-blog,Copy,2022,,blog,C,s2
s4,x-forum,Rumour,2023,,forum,E,s4
";

fn case() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, contents) in [
        ("rules/a.dl", RULES),
        ("facts/contracts.csv", CONTRACTS),
        ("facts/aliases.csv", ALIASES),
        ("facts/sources.csv", SOURCES),
    ] {
        sandbox.file(name, contents);
    }
    sandbox
}

/// Types a line, and reads on until it was answered with all of these, in this order.
#[track_caller]
fn ask(session: &mut PtySession, line: &str, answers: &[&str]) {
    type_keys(session, &format!("{line}\r"));
    for answer in answers {
        if let Err(error) = session.exp_string(answer) {
            panic!("`{line}` is not answered with `{answer}`: {error}");
        }
    }
}

#[test]
fn a_conclusion_is_taken_apart_question_by_question() {
    let sandbox = case();
    let mut session = open(&sandbox, "", 60, 160);
    let session = &mut session;
    let fact = "works_for(\"x-sub\", \"x-bureau\")";
    ask(
        session,
        &format!(":why {fact}"),
        &[
            "x-sub works for x-bureau",
            "[c3]",
            "support 1 of 3",
            "3 of 3 minimal supports",
        ],
    );
    ask(session, ":next", &["support 2 of 3"]);
    ask(session, ":next", &["DISJOINT: its claims are 2 days apart"]);
    ask(session, ":next", &["that was the last support"]);
    ask(
        session,
        ":all",
        &["   1  ", "c3", "   2  ", "c4", "   3  ", "c1, c2"],
    );
    ask(
        session,
        &format!(":why --as prose --verify {fact}"),
        &[", because ", ", according to ", "it is sound"],
    );
    ask(session, ":next --as dot", &["digraph proof {", "->"]);
    ask(
        session,
        &format!(":why --as prose --json {fact}"),
        &["`--as` and `--json` are two forms: take one"],
    );
    ask(
        session,
        &format!(":why --as pdf {fact}"),
        &["a proof is written as `dot`, `mermaid` or `prose`"],
    );
    ask(
        session,
        &format!(":corroboration {fact}"),
        &["1 root set through 3 sources", "s3 repeats s2"],
    );
    ask(
        session,
        &format!(":critical {fact}"),
        &["hangs on no single claim", "ends without {c1, c3, c4}"],
    );
    ask(
        session,
        ":timeline works_for(\"x-sub\", _)",
        &["2021", "works_for(\"x-sub\",\"x-bureau\")", "through s2"],
    );
    ask(
        session,
        ":worlds works_for(_, \"x-bureau\")",
        &[
            "in every world",
            "only if merged",
            "works_for(\"x-subsidiary\",\"x-bureau\")   bridge a1, a2",
        ],
    );
    ask(session, ":impact s2", &["source s2", "fall", "works_for("]);
    ask(
        session,
        ":why-not works_for(\"x-prime\", \"x-r1\")",
        &["does not hold", "no contract(\"x-r1\",\"x-prime\")"],
    );
    // A path of alias claims as a premise, checked.
    ask(
        session,
        ":why --verify works_for(\"x-subsidiary\", \"x-bureau\")",
        &[
            "by equivalence",
            "[a2]",
            "[a1]",
            "the proof was checked step by step: it is sound",
        ],
    );
    ask(
        session,
        ":lens --time",
        &["counting now: only what was true at one time"],
    );
    ask(
        session,
        &format!(":why {fact}"),
        &["2 of 2 minimal supports"],
    );
    ask(
        session,
        ":lens",
        &[
            "counting now: only what was true at one time   (`:lens off` lets all claims count)",
            "[only what was true at one time] ?-",
        ],
    );
    ask(session, ":lens off", &["counting now: all claims"]);
}

#[test]
fn questions_that_go_wrong_say_what_may_be_meant() {
    let sandbox = case();
    let mut session = open(&sandbox, "", 60, 160);
    let session = &mut session;
    let meant = "did you mean `x-sub`?";
    for verb in [
        "why",
        "why-not",
        "corroboration",
        "critical",
        "timeline",
        "worlds",
    ] {
        let meant = if verb == "why-not" {
            "did you mean \"x-sub\"?"
        } else {
            meant
        };
        ask(
            session,
            &format!(":{verb} works_for(\"x-subb\", \"x-bureau\")"),
            &[meant],
        );
        ask(
            session,
            &format!(":{verb} works_for(\"x-sub\")"),
            &["has 2 attributes"],
        );
        ask(
            session,
            &format!(":{verb} works_for(\"x-sub\", 7)"),
            &["`symbol` is expected here"],
        );
        ask(
            session,
            &format!(":{verb} work_for(\"x-sub\", \"x-bureau\")"),
            &["did you mean `works_for("],
        );
    }
    // An input; one that holds by negation alone, beside what is given; a ring; a source that derives from itself.
    ask(
        session,
        ":why contract(\"x-bureau\", \"x-prime\")",
        &["As claimed", "1 of 1 minimal support"],
    );
    ask(
        session,
        ":why-not contract(\"x-bureau\", \"x-lone\")",
        &["no rule concludes it"],
    );
    ask(
        session,
        ":why idle(\"x-bureau\")",
        &[
            "no busy(\"x-bureau\")",
            "no works_for(\"x-bureau\",_)",
            "as long as no",
        ],
    );
    ask(
        session,
        ":why works_for(\"x-r1\", \"x-r1\")",
        &["[c7]", "[c6]", "1 of 1 minimal support"],
    );
    ask(
        session,
        ":critical works_for(\"x-r1\", \"x-r1\")",
        &["hangs on the single claim c6, or c7", "single source s4"],
    );
    ask(
        session,
        ":corroboration works_for(\"x-r1\", \"x-r2\")",
        &["1 root set through 1 source", "s4"],
    );
    ask(
        session,
        ":impact s5",
        &["is no claim, source, rule or file"],
    );
    ask(session, ":impact c66", &["did you mean"]);
}
