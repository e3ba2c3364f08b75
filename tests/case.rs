//! The case that ships: what must follow from it, what must not, and that every conclusion has a sound proof.

use cutout::analysis::checked::RelationId;
use cutout::engine::Budget;
use cutout::explain::{Case, Fact, ProofOptions};
use cutout::session::{CaseSpec, Options, Session, TestQuestion};
use cutout::syntax::ast::DirectiveKind;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn open(directory: &Path) -> Session {
    Session::open(CaseSpec::at(directory), Options::default())
        .unwrap_or_else(|error| panic!("the case does not open:\n{error}"))
}

fn shipped() -> Session {
    open(&root())
}

fn holds(session: &mut Session, atom: &str) -> bool {
    match session.query(atom) {
        Ok(table) => !table.is_empty(),
        Err(error) => panic!("{atom}\n{error}"),
    }
}

#[test]
fn nothing_is_wrong_with_it() {
    let session = shipped();
    assert!(session.warnings().is_empty(), "{}", session.warnings());
    let violated: Vec<String> = session
        .violations()
        .iter()
        .map(|violated| format!("{}: {} {:?}", violated.at, violated.text, violated.rows))
        .collect();
    assert!(violated.is_empty(), "{}", violated.join("\n"));
    assert_eq!(session.bad_rows(), 0);
    let checked = cutout::session::check(&CaseSpec::at(root()), &Options::default(), true);
    assert!(checked.findings.is_empty(), "{}", checked.findings);
}

/// Rows of a CSV file, its header left out.
fn records(file: &str) -> usize {
    let path = root().join("facts").join(file);
    csv::Reader::from_path(path)
        .unwrap()
        .records()
        .map(Result::unwrap)
        .count()
}

#[test]
fn every_row_of_every_file_is_loaded() {
    let session = shipped();
    let claims: usize = [
        "activities.csv",
        "affiliations.csv",
        "aliases.csv",
        "attributions.csv",
        "contracts.csv",
        "event_entities.csv",
        "events.csv",
        "overlaps.csv",
        "shared.csv",
        "subcontracts.csv",
        "vuln_flow.csv",
    ]
    .map(records)
    .iter()
    .sum();
    let mut ids: Vec<&str> = session.claims().iter().map(|(_, claim)| claim.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), claims);
    assert_eq!(session.source_register().len(), records("sources.csv"));
    let entity = session.program().relation_named("entity").unwrap();
    assert_eq!(session.database().len(entity), records("entities.csv"));
}

/// `rules/*.expect`.
#[test]
fn what_is_expected_of_it_holds() {
    let tested = shipped().test(&TestQuestion::default()).unwrap();
    let broken: Vec<String> = tested
        .broken
        .iter()
        .map(|broken| broken.to_string())
        .collect();
    assert!(
        tested.passed(),
        "{:#?}\n{}",
        tested.unmet,
        broken.join("\n")
    );
    assert!(tested.doubts.is_empty(), "{:#?}", tested.doubts);
    assert!(tested.met > 150, "only {} expectations", tested.met);
}

/// What the reports describe, each as a relation that has an answer.
#[test]
fn every_question_of_the_reports_has_answers() {
    let mut session = shipped();
    for question in [
        r#"under(unit, root)"#,
        r#"ministry(m)"#,
        r#"outsources_locally(bureau, "province", firm)"#,
        r#"outsources_locally(bureau, "city", firm)"#,
        r#"works_for(firm, client)"#,
        r#"chain(firm, ministry, hops), hops > 1"#,
        r#"serves(firm, ministry)"#,
        r#"prime(firm)"#,
        r#"niche_supplier(firm, prime)"#,
        r#"front(firm, principal)"#,
        r#"stated_front(firm, principal)"#,
        r#"owned_front(firm, principal)"#,
        r#"staffed_front(firm, principal); unstaffed_front(firm, principal)"#,
        r#"professionalised(person, hacker_group, firm)"#,
        r#"vulnerability_path(reporter, "mss")"#,
        r#"weaponised(vulnerability, group)"#,
        r#"academic_tie(university, agency)"#,
        r#"fusion(party, service)"#,
        r#"linked(group, party)"#,
        r#"attributed(group, ministry)"#,
        r#"hybrid(group)"#,
        r#"shares(group_a, group_b, item)"#,
        r#"era("pla", "until 2015", before), era("pla", "since 2021", after), after < before"#,
        r#"era("mss", "since 2021", mss), era("pla", "since 2021", pla), mss > 2 * pla"#,
        r#"same_actor(a, b, scheme)"#,
        r#"kept_apart(a, b), identity_claim(a, b, _), !same_actor(a, b, _)"#,
    ] {
        assert!(holds(&mut session, question), "no answer to {question}");
    }
}

/// A chain that must come out through rules.
struct Chain {
    name: &'static str,
    conclusion: &'static str,
    /// Facts of the proof, each one link.
    links: &'static [&'static str],
    /// Claims that state a short cut: file and how the row goes on after its id. Without them the long way must do.
    without: &'static [(&'static str, &'static str)],
}

const FISHMEDLEY: [&str; 2] = [
    r#"attribution("op-fishmedley","fishmonger")"#,
    r#"attribution("fishmonger","isoon")"#,
];

const CHAINS: &[Chain] = &[
    Chain {
        name: "APT3 - Boyusec - Guangdong ITSEC - CNITSEC - MSS",
        conclusion: r#"attributed("apt3", "mss")"#,
        links: &[
            r#"attribution("apt3","boyusec")"#,
            r#"acts_for("boyusec","guangdong-itsec")"#,
            r#"acts_for("guangdong-itsec","cnitsec")"#,
            r#"acts_for("cnitsec","mss")"#,
        ],
        without: &[
            ("attributions.csv", "apt3,mss,"),
            ("attributions.csv", "apt3,guangdong-itsec,"),
            ("contracts.csv", "mss,boyusec,"),
            ("affiliations.csv", "boyusec,front_for,mss,"),
        ],
    },
    Chain {
        name: "Operation FishMedley - FishMonger - i-SOON - MPS",
        conclusion: r#"attributed("op-fishmedley", "mps")"#,
        links: &[FISHMEDLEY[0], FISHMEDLEY[1], r#"contract("mps","isoon")"#],
        without: &[],
    },
    Chain {
        name: "Operation FishMedley - FishMonger - i-SOON - MSS",
        conclusion: r#"attributed("op-fishmedley", "mss")"#,
        links: &[FISHMEDLEY[0], FISHMEDLEY[1], r#"contract("mss","isoon")"#],
        without: &[],
    },
    Chain {
        name: "Operation FishMedley - FishMonger - i-SOON - PLA",
        conclusion: r#"attributed("op-fishmedley", "pla")"#,
        links: &[FISHMEDLEY[0], FISHMEDLEY[1], r#"contract("pla","isoon")"#],
        without: &[],
    },
    Chain {
        name: "Hainan Xiandun - Hainan SSD - MSS",
        conclusion: r#"serves("hainan-xiandun", "mss")"#,
        links: &[
            r#"acts_for("hainan-xiandun","hainan-ssd")"#,
            r#"acts_for("hainan-ssd","mss")"#,
        ],
        without: &[],
    },
    Chain {
        name: "Raptor Train - Integrity Tech - MSS",
        conclusion: r#"attributed("raptor-train", "mss")"#,
        links: &[
            r#"attribution("raptor-train","itg")"#,
            r#"acts_for("itg","mss")"#,
        ],
        without: &[],
    },
    Chain {
        name: "APT10 - Tianjin bureau - MSS",
        conclusion: r#"attributed("apt10", "mss")"#,
        links: &[
            r#"attribution("apt10","tianjin-ssb")"#,
            r#"reports_to("tianjin-ssb","mss")"#,
        ],
        without: &[],
    },
    Chain {
        name: "Naikon - Unit 78020 - Chengdu reconnaissance bureau - PLA",
        conclusion: r#"attributed("naikon", "pla")"#,
        links: &[
            r#"attribution("naikon","pla-78020")"#,
            r#"same_unit("pla-78020","pla-chengdu-2trb")"#,
            r#"placed_below("pla-chengdu-2trb","pla")"#,
        ],
        without: &[],
    },
    Chain {
        name: "vendors - MIIT platform - MSS 13th Bureau - MSS",
        conclusion: r#"vulnerability_path("china-vendors", "mss")"#,
        links: &[
            r#"reports_vulnerability("china-vendors","miit")"#,
            r#"passes_vulnerability("miit","nvdb")"#,
            r#"passes_vulnerability("nvdb","mss-13")"#,
            r#"passes_vulnerability("mss-13","mss")"#,
        ],
        without: &[
            ("vuln_flow.csv", "china-vendors,must_report_to,nvdb,"),
            ("vuln_flow.csv", "china-vendors,reports_to,cnnvd,"),
            ("vuln_flow.csv", "nvdb,shares_with,mss,"),
            ("vuln_flow.csv", "nvdb,shares_with,cnitsec,"),
        ],
    },
];

#[test]
fn the_chains_come_out_link_by_link() {
    for chain in CHAINS {
        let case = Copy::without(chain.without);
        let mut session = open(case.path());
        let proof = session.why(chain.conclusion).unwrap();
        assert!(
            proof.holds() && proof.is_complete(),
            "{}: {proof}",
            chain.name
        );
        let text = proof.to_string();
        for link in chain.links {
            assert!(text.contains(link), "{}: no {link} in\n{text}", chain.name);
        }
    }
}

/// A copy of the case that lacks some claims.
struct Copy(tempfile::TempDir);

impl Copy {
    fn without(claims: &[(&str, &str)]) -> Copy {
        let copy = Copy(tempfile::tempdir().unwrap());
        for folder in ["rules", "facts"] {
            fs::create_dir(copy.path().join(folder)).unwrap();
            for entry in fs::read_dir(root().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                // The chains come out without hypotheses.
                if path.is_dir() {
                    continue;
                }
                let name = path.file_name().unwrap().to_str().unwrap();
                let text = fs::read_to_string(&path).unwrap();
                let dropped: Vec<&str> = claims
                    .iter()
                    .filter(|(file, _)| *file == name)
                    .map(|(_, row)| *row)
                    .collect();
                fs::write(
                    copy.path().join(folder).join(name),
                    drop_rows(&text, &dropped),
                )
                .unwrap();
            }
        }
        copy
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Every row to drop must be there: a list that fits nothing tests nothing.
fn drop_rows(text: &str, rows: &[&str]) -> String {
    let is_dropped = |line: &str, row: &str| {
        line.split_once(',')
            .is_some_and(|(_, rest)| rest.starts_with(row))
    };
    for row in rows {
        assert!(
            text.lines().any(|line| is_dropped(line, row)),
            "no row {row}"
        );
    }
    text.lines()
        .filter(|line| !rows.iter().any(|row| is_dropped(line, row)))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Every row of every relation that is put out can be proved, and every proof holds when each of its steps is redone.
#[test]
fn every_conclusion_has_a_sound_proof() {
    let session = shipped();
    let program = session.program();
    let case = Case::new(
        session.database(),
        program,
        session.dictionary(),
        session.claims(),
        session.source_register(),
    );
    let outputs: Vec<RelationId> = program
        .directives()
        .iter()
        .filter(|directive| directive.kind == DirectiveKind::Output)
        .map(|directive| directive.relation)
        .collect();
    let mut proved = 0;
    for relation in outputs {
        for row in session.database().rows(relation).iter() {
            let fact = Fact::new(relation, &row);
            let name = || cutout::explain::fact_text(program, session.dictionary(), &fact);
            let proof = case
                .prove(&fact, &ProofOptions::default(), &Budget::default())
                .unwrap_or_else(|| panic!("no proof of {}", name()));
            assert!(
                proof.is_complete(),
                "the proof of {} is not finished",
                name()
            );
            if let Err(flaw) = case.check(&proof) {
                let at = cutout::explain::fact_text(
                    program,
                    session.dictionary(),
                    &proof.node(flaw.node).fact,
                );
                panic!("the proof of {} fails at {at}: {}", name(), flaw.kind);
            }
            proved += 1;
        }
    }
    assert!(proved > 1000, "only {proved} conclusions");
}
