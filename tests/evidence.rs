//! Explanations as a session gives them: shapes, dates, grades, identity, and what is said when something is wrong.

use cutout::session::{CaseSpec, CriticalQuestion, Lens, Options, Session, WhyQuestion};
use cutout::{Error, Proof};
use expect_test::{Expect, expect};
use std::fs;
use std::path::Path;

const RULES: &str = r#"
.type Actor <: symbol
.decl contract(client: Actor, firm: Actor)
.input contract(IO=claims, filename="contracts.csv")
.decl same(a: Actor, relation: symbol, b: Actor)
.input same(IO=claims, filename="same.csv")
.decl unit(id: Actor)
unit("x-bureau").
.decl works_for(firm: Actor, client: Actor)
@[say = "{f} works for {c}"]
works_for(f, c) :- contract(c, f).
works_for(f, c) :- contract(m, f), works_for(m, c).
.decl one(a: Actor, b: Actor)
one(a, b), one(b, a) :- same(a, "same_as", b), !same(a, "distinct_from", b).
works_for(g, c) :- one(f, g), contract(c, f), unit(c).
.decl lone(firm: Actor)
lone(f) :- contract(_, f), !works_for(_, f).
.output works_for
"#;

const CONTRACTS: &str = "\
contract_id,client,firm,from,to,source_id,confidence,stance
k1,x-bureau,x-prime,2019,2020-06,x-gazette,confirmed,supports
k2,x-prime,x-sub,2021,,x-leak,possible,supports
k3,x-prime,x-sub,2020,,x-mirror,probable,supports
k4,x-prime,x-sub,,,x-denial,doubtful,disputes
";

const SAME: &str = "\
same_id,a,relation,b,source_id,confidence
s1,x-prime,same_as,x-front,x-leak,probable
s2,x-prime,distinct_from,x-front,x-denial,possible
";

const SOURCES: &str = "\
source_id,published,reliability,derived_from
x-gazette,2019-03,A,
x-leak,2024-02-16,C,
x-mirror,2024-02-18,B,x-leak
x-denial,2025,D,
";

fn open(directory: &Path) -> Session {
    fs::create_dir_all(directory.join("rules")).unwrap();
    fs::create_dir_all(directory.join("facts")).unwrap();
    for (file, text) in [
        ("rules/x.dl", RULES),
        ("facts/contracts.csv", CONTRACTS),
        ("facts/same.csv", SAME),
        ("facts/sources.csv", SOURCES),
    ] {
        fs::write(directory.join(file), text).unwrap();
    }
    Session::open(CaseSpec::at(directory), Options::default()).unwrap()
}

fn with_case<T>(f: impl FnOnce(&mut Session) -> T) -> T {
    let directory = tempfile::tempdir().unwrap();
    f(&mut open(directory.path()))
}

fn json<T: serde::Serialize>(value: T) -> String {
    serde_json::to_string_pretty(&value).unwrap()
}

fn check<T: serde::Serialize>(
    ask: impl FnOnce(&mut Session) -> Result<T, Error>,
    expected: Expect,
) {
    expected.assert_eq(&with_case(|session| json(ask(session).unwrap())));
}

fn supports(proof: &Proof) -> Vec<String> {
    let supports = proof.supports().iter();
    supports.map(|support| support.claims.join(" ")).collect()
}

const SUB: &str = r#"works_for("x-sub", "x-bureau")"#;

#[test]
fn supports_have_claims_strength_and_times() {
    with_case(|session| {
        let proof = session.why(SUB).unwrap();
        let mut value = serde_json::to_value(&proof).unwrap();
        value["proof"] = value["proof"]["nodes"].as_array().unwrap().len().into();
        expect![[r#"
            {
              "fact": "works_for(\"x-sub\",\"x-bureau\")",
              "holds": true,
              "complete": true,
              "strength": 0.6400000000000001,
              "supports": [
                {
                  "claims": [
                    "k1",
                    "k3"
                  ],
                  "conditions": [],
                  "strength": 0.6400000000000001,
                  "weakest": "k3",
                  "from": "2020-01-01",
                  "to": "2020-06-30",
                  "disjoint": false
                },
                {
                  "claims": [
                    "k1",
                    "k2"
                  ],
                  "conditions": [],
                  "strength": 0.36,
                  "weakest": "k2",
                  "from": null,
                  "to": null,
                  "disjoint": true,
                  "gap_days": 185
                }
              ],
              "proof": 4
            }"#]]
        .assert_eq(&json(value));
    });
}

#[test]
fn a_proof_is_a_graph_and_prose() {
    with_case(|session| {
        let proof = session.why(SUB).unwrap();
        let view = proof.view().unwrap();
        let written = |format: &str| view.write(format.parse().unwrap());
        expect![[r#"
            flowchart BT
              n0["works_for(&quot;x-sub&quot;,&quot;x-bureau&quot;)"]
              n1("contract(&quot;x-prime&quot;,&quot;x-sub&quot;)<br/>k2 (x-leak, C3) and k3 (x-mirror, B2)<br/>disputed by k4")
              n2["works_for(&quot;x-prime&quot;,&quot;x-bureau&quot;)<br/>x-prime works for x-bureau"]
              n3("contract(&quot;x-bureau&quot;,&quot;x-prime&quot;)<br/>k1 (x-gazette, A1)")
              n1 --> n0
              n2 --> n0
              n3 --> n2
        "#]]
        .assert_eq(&written("mermaid"));
        let prose = written("prose");
        let sentences: Vec<&str> = prose.lines().collect();
        assert_eq!(sentences.len(), 5, "{prose}");
        assert!(sentences[0].starts_with(r#"works_for("x-sub","x-bureau"), because contract("#));
        assert_eq!(
            sentences[1],
            r#"contract("x-prime","x-sub"), according to k2 (x-leak, C3) and k3 (x-mirror, B2)."#
        );
        assert_eq!(sentences[2], "  This is disputed by k4.");
        assert!(written("dot").starts_with("digraph proof {"));
        assert!("png".parse::<cutout::session::GraphFormat>().is_err());
    });
}

#[test]
fn one_support_after_the_other() {
    with_case(|session| {
        let all = WhyQuestion {
            all: true,
            verify: true,
            ..WhyQuestion::of(SUB)
        };
        let text = session.explain(&all).unwrap().to_string();
        assert!(text.contains("2 of 2 minimal supports"), "{text}");
        assert!(text.contains("disputed by k4"), "{text}");
        assert!(
            text.contains("DISJOINT: its claims are 185 days apart"),
            "{text}"
        );
        assert!(text.contains("it is sound"), "{text}");
        let next = |session: &mut Session| {
            let answer = session.execute(&cutout::Command::Next);
            answer.map(|answer| match answer {
                cutout::Answer::Proof(proof) => proof.to_string(),
                _ => String::new(),
            })
        };
        session.why(SUB).unwrap();
        assert!(next(session).unwrap().contains("support 2 of 2"));
        let error = next(session).unwrap_err().to_string();
        assert!(error.contains("that was the last support"), "{error}");
        let only = WhyQuestion {
            time: true,
            ..WhyQuestion::of(SUB)
        };
        assert_eq!(supports(&session.explain(&only).unwrap()), ["k1 k3"]);
        let first = WhyQuestion {
            limit: Some(1),
            ..WhyQuestion::of(SUB)
        };
        let found = session.explain(&first).unwrap();
        assert!(!found.is_complete());
        assert!(found.to_string().contains("first 1 of "));
    });
}

#[test]
fn a_lens_is_a_run_over_the_claims_that_are_left() {
    let asked = |lens: Lens| {
        with_case(|session| {
            session.look_through(lens).unwrap();
            let found = supports(&session.why(SUB).unwrap());
            let lone = session.query("lone(F)").unwrap().len();
            session.look_through(Lens::default()).unwrap();
            assert_eq!(supports(&session.why(SUB).unwrap()).len(), 2);
            (found.join(", "), lone)
        })
    };
    let date = |text: &str| Some(text.parse().unwrap());
    let known = |text: &str| Lens {
        known_by: date(text),
        ..Lens::default()
    };
    let as_of = |text: &str| Lens {
        as_of: date(text),
        ..Lens::default()
    };
    assert_eq!(asked(known("2018")), (String::new(), 0));
    assert_eq!(asked(known("2019")).0, "");
    assert_eq!(asked(known("2024-02-16")).0, "k1 k2");
    assert_eq!(asked(known("2024")).0, "k1 k3, k1 k2");
    assert_eq!(asked(as_of("2020-03")).0, "k1 k3");
    assert_eq!(asked(as_of("2021")), (String::new(), 1));
    let graded = Lens {
        min_reliability: Some("B".parse().unwrap()),
        max_credibility: Some("2".parse().unwrap()),
        ..Lens::default()
    };
    assert_eq!(asked(graded).0, "k1 k3");
}

#[test]
fn what_was_never_true_at_one_time_supports_nothing() {
    with_case(|session| {
        let works = |session: &mut Session| session.query("works_for(F, C)").unwrap().len();
        let at_once = |known_by: Option<&str>| Lens {
            at_once: true,
            known_by: known_by.map(|date| date.parse().unwrap()),
            ..Lens::default()
        };
        assert_eq!(works(session), 3);
        session.look_through(at_once(None)).unwrap();
        assert_eq!(works(session), 3);
        assert_eq!(supports(&session.why(SUB).unwrap()), ["k1 k3"]);
        let cuts = session.critical(&CriticalQuestion {
            facts: vec![SUB.to_owned()],
            ..CriticalQuestion::default()
        });
        assert_eq!(cuts.unwrap().conclusions[0].claim_cuts, [["k1"], ["k3"]]);
        // Of the copies only the one is left that began after the contract above it had ended.
        session.look_through(at_once(Some("2024-02-16"))).unwrap();
        assert_eq!(works(session), 2 + 1, "x-front is not kept apart yet");
        let text = session.why(SUB).unwrap().to_string();
        assert!(text.contains("is never true at one time"), "{text}");
        assert_eq!(
            session.query("lone(F)").unwrap().len(),
            1,
            "the last in the chain"
        );
        let fall = session.impact("k1").unwrap();
        assert_eq!(fall.falls.len(), 3, "{fall}");
        // The session is as it was after a question of its own.
        session.look_through(Lens::default()).unwrap();
        let asked = WhyQuestion {
            time: true,
            ..WhyQuestion::of(SUB)
        };
        assert_eq!(supports(&session.explain(&asked).unwrap()), ["k1 k3"]);
        assert_eq!(supports(&session.why(SUB).unwrap()).len(), 2);
    });
}

#[test]
fn a_proof_names_the_claims_of_the_support_below_it() {
    with_case(|session| {
        let second = session.explain(&WhyQuestion {
            support: 1,
            ..WhyQuestion::of(SUB)
        });
        let text = second.unwrap().to_string();
        assert!(text.contains("[k2] x-leak"), "{text}");
        assert!(text.contains("DISJOINT"), "{text}");
    });
    // Copies of one strength: what was true at once leads.
    let directory = tempfile::tempdir().unwrap();
    open(directory.path());
    let contracts = CONTRACTS.replace("x-leak,possible", "x-leak,probable");
    fs::write(directory.path().join("facts/contracts.csv"), contracts).unwrap();
    let sources = SOURCES.replace("2024-02-16,C", "2024-02-16,B");
    fs::write(directory.path().join("facts/sources.csv"), sources).unwrap();
    let mut session = Session::open(CaseSpec::at(directory.path()), Options::default()).unwrap();
    let proof = session.why(SUB).unwrap();
    assert_eq!(supports(&proof), ["k1 k3", "k1 k2"]);
    let text = proof.to_string();
    assert!(text.contains("[k3] x-mirror"), "{text}");
    assert!(!text.contains("DISJOINT"), "{text}");
}

#[test]
fn copies_are_one_root() {
    check(
        |session| session.corroboration(SUB),
        expect![[r#"
            {
              "fact": "works_for(\"x-sub\",\"x-bureau\")",
              "sources": [
                "x-gazette",
                "x-leak",
                "x-mirror"
              ],
              "root_sets": [
                [
                  "x-gazette",
                  "x-leak"
                ]
              ],
              "complete": true
            }"#]],
    );
}

#[test]
fn cuts_of_one_and_of_all() {
    check(
        |session| {
            session.critical(&CriticalQuestion {
                facts: vec![SUB.to_owned()],
                ..CriticalQuestion::default()
            })
        },
        expect![[r#"
            [
              {
                "fact": "works_for(\"x-sub\",\"x-bureau\")",
                "claim_cuts": [
                  [
                    "k1"
                  ],
                  [
                    "k2",
                    "k3"
                  ]
                ],
                "source_cuts": [
                  [
                    "x-gazette"
                  ],
                  [
                    "x-leak",
                    "x-mirror"
                  ]
                ],
                "origins": [
                  {
                    "source": "x-leak",
                    "told_by": [
                      "x-leak",
                      "x-mirror"
                    ]
                  }
                ],
                "complete": true,
                "single_complete": true
              }
            ]"#]],
    );
    with_case(|session| {
        let all = session.critical(&CriticalQuestion::default()).unwrap();
        assert_eq!(all.conclusions.len(), 3, "{all}");
        assert!(
            all.conclusions
                .iter()
                .all(|one| one.claim_cuts.iter().all(|cut| cut.len() == 1))
        );
        let named = CriticalQuestion {
            relations: vec!["works_for".to_owned()],
            ..CriticalQuestion::default()
        };
        assert_eq!(json(session.critical(&named).unwrap()), json(all));
    });
}

#[test]
fn since_when_and_through_whom() {
    check(
        |session| session.timeline("works_for(_, _)"),
        expect![[r#"
            [
              {
                "date": "2019-03",
                "fact": "works_for(\"x-prime\",\"x-bureau\")",
                "through": [
                  "x-gazette"
                ]
              },
              {
                "date": "2024-02-16",
                "fact": "works_for(\"x-front\",\"x-bureau\")",
                "through": [
                  "x-leak"
                ],
                "until": "2025"
              },
              {
                "date": "2024-02-16",
                "fact": "works_for(\"x-sub\",\"x-bureau\")",
                "through": [
                  "x-leak"
                ]
              },
              {
                "date": "2024-02-16",
                "fact": "works_for(\"x-sub\",\"x-prime\")",
                "through": [
                  "x-leak"
                ]
              }
            ]"#]],
    );
}

#[test]
fn what_depends_and_what_falls() {
    with_case(|session| {
        let of = |session: &mut Session, what: &str| {
            let found = session.impact(what).unwrap();
            (found.kind, found.depends.len(), found.falls.len())
        };
        assert_eq!(of(session, "k1"), ("claim", 3, 3));
        assert_eq!(of(session, "k2"), ("claim", 4, 0));
        assert_eq!(of(session, "x-gazette"), ("source", 3, 3));
        assert_eq!(of(session, "contracts.csv"), ("file", 6, 6));
        let (kind, _, falls) = of(session, "rules/x.dl:12");
        assert_eq!((kind, falls), ("rule", 1));
        let denial = session.impact("s2").unwrap();
        assert!(
            denial
                .appears
                .contains(&r#"works_for("x-front","x-bureau")"#.to_owned())
        );
        let error = session.impact("x-gazete").unwrap_err().to_string();
        assert!(error.contains("did you mean `x-gazette`?"), "{error}");
    });
}

#[test]
fn worlds_of_identity_and_their_bridge() {
    check(
        |session| session.worlds(r#"works_for(_, "x-bureau")"#),
        expect![[r#"
            {
              "every": [
                "works_for(\"x-prime\",\"x-bureau\")",
                "works_for(\"x-sub\",\"x-bureau\")"
              ],
              "only_merged": [
                {
                  "fact": "works_for(\"x-front\",\"x-bureau\")",
                  "bridges": [
                    "s1"
                  ],
                  "needs": [
                    [
                      "s1"
                    ]
                  ]
                }
              ],
              "only_separate": [],
              "over_merged": [
                {
                  "names": [
                    "x-prime",
                    "x-front"
                  ],
                  "reason": "kept apart by s2",
                  "bridge": [
                    "s1"
                  ],
                  "cluster": 2
                }
              ],
              "complete": true
            }"#]],
    );
}

#[test]
fn what_is_missing_names_what_was_nearest() {
    with_case(|session| {
        let text = session
            .why_not(r#"works_for("x-front", "x-bureau")"#)
            .unwrap()
            .to_string();
        assert!(
            text.contains(r#"✗ same("x-prime","distinct_from","x-front") must not hold, and does"#)
                || text.contains(r#"no one("x-prime","x-front")"#),
            "{text}"
        );
        let text = session
            .why_not(r#"works_for("x-subb", "x-bureau")"#)
            .unwrap()
            .to_string();
        assert!(text.contains(r#"did you mean "x-sub"?"#), "{text}");
        let text = session
            .why_not(r#"contract("x-bureau", "x-sub")"#)
            .unwrap()
            .to_string();
        assert!(text.contains("no rule concludes it"), "{text}");
        assert!(text.contains(r#"contract("x-prime","x-sub")"#), "{text}");
        let held = session.why_not(SUB).unwrap();
        assert!(held.holds);
        let error = session
            .why_not(r#"work_for("a", "b")"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean"), "{error}");
        session
            .look_through(Lens {
                known_by: Some("2023".parse().unwrap()),
                ..Lens::default()
            })
            .unwrap();
        let text = session
            .why_not(r#"contract("x-prime", "x-sub")"#)
            .unwrap()
            .to_string();
        assert!(
            text.contains("stated by k2, k3, which does not count"),
            "{text}"
        );
        assert!(text.contains("denied by k4"), "{text}");
    });
}

#[test]
fn facts_count_where_nothing_is_claimed() {
    let mut session = Session::from_rules(
        ".decl e(a: number, b: number) .decl p(a: number, b: number)
         e(1, 2). e(2, 3). e(1, 3).
         p(a, b) :- e(a, b). p(a, c) :- p(a, b), e(b, c).",
    )
    .unwrap();
    let proof = session.why("p(1, 3)").unwrap();
    assert_eq!(supports(&proof), ["e(1,3)", "e(1,2) e(2,3)"]);
    let cuts = session
        .critical(&CriticalQuestion {
            facts: vec!["p(1, 3)".to_owned()],
            ..CriticalQuestion::default()
        })
        .unwrap();
    assert_eq!(
        cuts.conclusions[0].claim_cuts,
        [["e(1,2)", "e(1,3)"], ["e(2,3)", "e(1,3)"]]
    );
    assert!(session.why("p(3, 1)").unwrap().supports().is_empty());
}
