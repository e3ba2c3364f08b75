//! Claim files as spreadsheets write them.

mod support;

use support::Sandbox;

const RULES: &str = "\
.decl contract(client: symbol, firm: symbol)
.input contract(IO=claims, filename=\"contracts.csv\")
.decl owner(owner: symbol, firm: symbol)
.input owner(IO=claims, filename=\"owners.csv\")
.decl works_for(firm: symbol, client: symbol)
works_for(f, c) :- contract(c, f).
.output works_for
";

fn case(contracts: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("rules/a.dl", RULES);
    sandbox.file("facts/contracts.csv", contracts);
    sandbox.file("facts/owners.csv", "owner_id,owner,firm,source_id\r\n");
    sandbox.file("facts/sources.csv", "source_id,reliability\r\ns1,B\r\n");
    sandbox
}

#[test]
fn a_date_spelt_otherwise_is_told_how_to_spell() {
    let contracts = "\
\u{feff}contract_id,client,firm,from,to,source_id\r
k1,x-a,x-b,2019/3/1,1.12.2020,s1\r
k2,x-a,x-c,March 2020,3/4/2021,s1\r
";
    let checked = case(contracts).run(&["check"]);
    checked
        .status(1)
        .says("write `2019-03-01`, if that is meant")
        .says("write `2020-12-01`, if that is meant")
        .says("write `2020-03`, if that is meant");
    // Whether that is a day of March or of April nobody can tell.
    assert!(!checked.stderr().contains("2021-0"), "{}", checked.stderr());
}

#[test]
fn claims_that_no_rule_reads_are_there_to_be_asked_for() {
    let contracts = "contract_id,client,firm,source_id\r\nk1,x-a,x-b,s1\r\n";
    let case = case(contracts);
    let asked = case.run(&["query", "--csv", "owner(O, F)"]);
    asked.status(0).prints("O,F\n");
    assert!(!asked.stderr().contains("W106"), "{}", asked.stderr());
}

#[test]
fn a_folder_without_rules_says_so_in_plain_words() {
    let asked = Sandbox::new().run(&["query", "works_for(F, C)"]);
    asked
        .status(1)
        .says("cannot read the rules in `rules`: no such directory")
        .says("-C DIR");
}
