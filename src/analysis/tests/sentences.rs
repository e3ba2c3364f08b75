//! Sentences of rules.

use super::program;
use expect_test::expect;

#[test]
fn a_variable_that_the_sentence_shows_is_used() {
    program(
        r#"
.decl prime(firm: symbol)
.decl subcontract(prime: symbol, sub: symbol, client: symbol)
.input subcontract
@[say = "{firm} passes work on to {sub}"]
prime(firm) :- subcontract(firm, sub, client).
.output prime
"#,
        expect![[r#"
            W103: Variable `client` only occurs once
              6:39 `client` appears nowhere else in the rule
              help: if any value will do, write `_` or `_client`
            .decl prime(firm: symbol)
            .decl subcontract(prime: symbol, sub: symbol, client: symbol)
            .input subcontract()
            .output prime()
            stratum 1: prime
              prime(firm) :- subcontract(firm, sub, client).
        "#]],
    );
}
