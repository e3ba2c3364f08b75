//! Worlds: what follows when something is assumed or withdrawn.

use super::*;
use expect_test::{Expect, expect};

const FIRMS: &str = r#"
.decl contract(client: symbol, firm: symbol)
.decl part_of(unit: symbol, of: symbol)
.decl works_for(firm: symbol, client: symbol)
.decl idle(firm: symbol)
.decl firm(firm: symbol)
firm("x-a"). firm("x-b"). firm("x-c").
contract("x-bureau", "x-a").
contract("x-a", "x-b").
part_of("x-bureau", "x-ministry").
works_for(F, C) :- contract(C, F).
works_for(F, C) :- contract(M, F), works_for(M, C).
works_for(F, P) :- works_for(F, C), part_of(C, P).
idle(F) :- firm(F), !works_for(F, _).
:- works_for(F, F).

.hypothesis hired(F) "x-c is hired" {
    .goal works_for(F, "x-ministry")
    + contract("x-bureau", F).
    + contract("x-a", "x-b").
}
.hypothesis elsewhere { - part_of(_, "x-ministry"). + contract("x-a", "x-b"). }
.hypothesis restated { - contract(_, "x-b"). + contract("x-a", "x-b"). }
.hypothesis circle { + contract("x-b", "x-a"). }
.hypothesis no_ministry {
    - part_of(_, "x-ministry").
    idle("x-b") :- !part_of(_, _), firm("x-b").
}
"#;

fn supposed(text: &str) -> Supposition {
    let mut supposed = Supposition::default();
    for word in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (kind, rest) = word.split_at(1);
        let list = match kind {
            "+" => &mut supposed.assume,
            "-" => &mut supposed.withdraw,
            "@" => &mut supposed.without_rules,
            "s" => &mut supposed.without_sources,
            "c" => &mut supposed.without_claims,
            "h" => &mut supposed.hypotheses,
            _ => panic!("{word}"),
        };
        list.push(rest.trim().to_owned());
    }
    supposed
}

/// What appears and falls, one fact a line, or what is wrong.
fn change(session: &mut Session, text: &str) -> String {
    let world = session.overlays(&supposed(text)).and_then(|overlays| {
        let overlays: Vec<&Overlay> = overlays.iter().collect();
        session.world(&overlays)
    });
    let world = match world {
        Ok(world) => world,
        Err(wrong) => return wrong.to_string(),
    };
    let difference = session.difference(&world);
    let mut lines = Vec::new();
    for fact in difference.fell.iter() {
        lines.push(format!("- {}", session.fact_text(&fact)));
    }
    for fact in difference.appeared.iter() {
        let (program, dictionary) = (world.program(), session.dictionary());
        lines.push(format!(
            "+ {}",
            crate::explain::fact_text(program, dictionary, &fact)
        ));
    }
    for broken in &difference.violated {
        let rows = broken.violation.rows.len();
        let text = session.texts().slice(broken.constraint);
        lines.push(format!("! {text} {rows}"));
    }
    for note in world.notes() {
        lines.push(format!("note: {}", note.message));
    }
    lines.sort();
    lines.join("\n")
}

fn check(program: &str, text: &str, expected: Expect) {
    let mut session = Session::from_rules(program).unwrap();
    expected.assert_eq(&change(&mut session, text));
    assert_eq!(change(&mut session, ""), "", "the session stays as it is");
}

#[test]
fn facts_are_assumed_and_withdrawn() {
    check(
        FIRMS,
        r#"+contract("x-b", "x-c")"#,
        expect![[r#"
            + contract("x-b","x-c")
            + works_for("x-c","x-a")
            + works_for("x-c","x-b")
            + works_for("x-c","x-bureau")
            + works_for("x-c","x-ministry")
            - idle("x-c")"#]],
    );
    check(
        FIRMS,
        r#"-contract(_, "x-b")"#,
        expect![[r#"
            + idle("x-b")
            - contract("x-a","x-b")
            - works_for("x-b","x-a")
            - works_for("x-b","x-bureau")
            - works_for("x-b","x-ministry")"#]],
    );
}

#[test]
fn rules_are_assumed_and_withdrawn() {
    check(
        FIRMS,
        r#"+ idle(F) :- firm(F), works_for(F, "x-a").
           @ rules:11"#,
        expect![[r#"
            + idle("x-a")
            + idle("x-b")
            - works_for("x-a","x-bureau")
            - works_for("x-a","x-ministry")
            - works_for("x-b","x-a")
            - works_for("x-b","x-bureau")
            - works_for("x-b","x-ministry")"#]],
    );
}

#[test]
fn hypotheses_stack_and_say_where_they_contradict() {
    check(
        FIRMS,
        "h hired(\"x-c\")\nh no_ministry",
        expect![[r#"
            + contract("x-bureau","x-c")
            + idle("x-b")
            + works_for("x-c","x-bureau")
            - idle("x-c")
            - part_of("x-bureau","x-ministry")
            - works_for("x-a","x-ministry")
            - works_for("x-b","x-ministry")
            note: contract("x-a","x-b") holds already: it is stated"#]],
    );
    // What stands beside a withdrawal holds already, what it takes away does not.
    check(
        FIRMS,
        "h elsewhere",
        expect![[r#"
        - part_of("x-bureau","x-ministry")
        - works_for("x-a","x-ministry")
        - works_for("x-b","x-ministry")
        note: contract("x-a","x-b") holds already: it is stated"#]],
    );
    check(FIRMS, "h restated", expect![[r#""#]]);
    check(
        FIRMS,
        "h circle",
        expect![[r#"
            ! :- works_for(F, F). 2
            + contract("x-b","x-a")
            + works_for("x-a","x-a")
            + works_for("x-a","x-b")
            + works_for("x-b","x-b")"#]],
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (text, expected) in [
        (
            r#"+contract("x-a", "x-b")"#,
            expect![[r#"
                error[D073]: contract("x-a","x-b") holds already: it is stated
                  --> typed:1:1
                  |
                1 | contract("x-a", "x-b")
                  | ^^^^^^^^^^^^^^^^^^^^^^ here
                  |
                  = help: `why` proves it; assuming it would change nothing"#]],
        ),
        (
            r#"-works_for("x-b", "x-ministry")"#,
            expect![[r#"
                error[D070]: works_for("x-b","x-ministry") is derived: it cannot be withdrawn by itself
                  --> typed:1:1
                  |
                1 | works_for("x-b", "x-ministry")
                  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ here
                  |
                  = help: what would have to go instead: contract("x-bureau","x-a"), or contract("x-a","x-b"), or part_of("x-bureau","x-ministry")"#]],
        ),
        (
            r#"-contract("x-z", _)"#,
            expect![[r#"
                error[D071]: contract("x-z",_) does not hold: there is nothing to withdraw
                  --> typed:1:1
                  |
                1 | contract("x-z", _)
                  | ^^^^^^^^^^^^^^^^^^ here
                  |
                  = note: `x-z` does not occur in contract.client; did you mean `x-a`?
                  = help: `why-not` tells what is nearest"#]],
        ),
        (
            "+ idle(F) :- firm(F), !idle(F).",
            expect![[r#"
                error[D205]: Unable to stratify relation(s) {idle}: cyclic negation
                  --> rules:5:7
                  |
                5 | .decl idle(firm: symbol)
                  |       ^^^^ must be complete before its negation is taken
                  |
                  --> typed:1:22
                  |
                1 | idle(F) :- firm(F), !idle(F).
                  |                      ------- `idle` needs the absence of `idle`
                  |
                  = note: the cycle is idle → idle
                  = help: break the cycle, for example by a relation that holds only what `idle` needs"#]],
        ),
        (
            "h hird",
            expect![[r#"
            error[D076]: no hypothesis `hird`
             = help: did you mean `hired`?"#]],
        ),
        (
            "h hired",
            expect![[r#"
            error[D074]: hypothesis `hired` takes 1 argument, not 0
               --> rules:17:13
               |
            17 | .hypothesis hired(F) "x-c is hired" {
               |             ^^^^^ declared here
               |
               = help: give constants, as in `hired("…")`, for F"#]],
        ),
        (
            "@ rules:5",
            expect![[r#"
                error[D072]: no rule begins at `rules:5`
                 = help: did you mean `rules:7`?"#]],
        ),
        (
            "+ hires(\"x\", \"y\")",
            expect![[r#"
                error[D101]: Undefined relation `hires`
                  --> typed:1:1
                  |
                1 | hires("x", "y")
                  | ^^^^^ no `.decl` declares it
                  |
                  = help: one can ask for contract, firm, idle, part_of, works_for"#]],
        ),
        (
            "s x-source",
            expect!["error[D072]: no source `x-source` in this case"],
        ),
        (
            "c x-claim",
            expect!["error[D072]: no claim `x-claim` in this case"],
        ),
    ] {
        check(FIRMS, text, expected);
    }
}
