//! Whatever is read ends in a tree or in errors: soon, and without a panic.

use crate::syntax::source::SourceMap;
use crate::syntax::{
    format_file, is_unfinished, parse_query, parse_text, print_program, render_text,
};
use crate::tries::tries;
use proptest::prelude::*;

const PROGRAM: &str = r#"//! all of it
#define TWICE(x) x, x
.type R = [x: number, r: R]  // record
.type T = Leaf {} | Node {l: T, v: number}
.decl a, b(x: number, y: symbol) inline choice-domain x, (x, y)
.functor f(x: number): number stateful
.input a(IO=file, filename="a\n.csv")
/// doc
@[say = "{x}"] a(1, "x") . b(TWICE(0x1f)).
a(x, y) :- b(x, y), !(a(x, _); x = -2 ^ 3), n = count : { b(_, _) }, [1, nil] = r. .plan 0:(1,2)
a(x, y) <= a(z, y) :- x < z.
.comp C<T> : D { .decl q() brie  q() :- a(1, _). .override q }
.init c = C<number>
:- a(x, x), x = 192.168.0.1.
?- a(x, "y").
.hypothesis h(p) "title" { .goal a(1, "x"). + b(2, "y"). - b(_, _). a(x, y) :- b(x, y). }
#ifdef X
a(3).
#endif
"#;

/// All that is done with any text.
fn read(text: &str) {
    let mut sources = SourceMap::new();
    let (program, diagnostics) = parse_text("p.dl", text, &mut sources);
    render_text(&diagnostics, &sources, true);
    print_program(&program);
    parse_query("q", text, &mut sources);
    is_unfinished(text);
    let _ = format_file(text);
}

#[test]
fn every_prefix_of_a_program_is_read() {
    let (_, diagnostics) = parse_text("p.dl", PROGRAM, &mut SourceMap::new());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    for end in 0..=PROGRAM.len() {
        read(&PROGRAM[..end]);
    }
}

#[test]
fn every_program_with_a_word_left_out_is_read() {
    let words: Vec<&str> = PROGRAM
        .split_inclusive(|c: char| !c.is_alphanumeric())
        .collect();
    for left_out in 0..words.len() {
        let text: String = words
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != left_out)
            .map(|(_, word)| *word)
            .collect();
        read(&text);
    }
}

proptest! {
    #![proptest_config(tries(256))]

    #[test]
    fn random_text_is_read(text in "\\PC{0,200}") {
        read(&text);
    }

    #[test]
    fn random_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read(&String::from_utf8_lossy(&bytes));
    }

    /// Random words reach deeper than random bytes.
    #[test]
    fn random_words_are_read(picks in proptest::collection::vec((0..WORDS.len(), any::<bool>()), 0..80)) {
        let text: String = picks.iter().map(|&(pick, line)| format!("{}{}", WORDS[pick], if line { '\n' } else { ' ' })).collect();
        read(&text);
    }
}

const WORDS: [&str; 52] = [
    "a",
    "b(",
    "x",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
    ";",
    ":",
    ":-",
    "?-",
    "!",
    "=",
    "<",
    "<=",
    "<:",
    "|",
    "->",
    "+",
    "-",
    "^",
    "band",
    "count",
    "min",
    "match(",
    "true",
    "nil",
    "$",
    "@",
    "@[",
    "@!",
    "\"s\"",
    "1",
    "2.5",
    ".decl",
    ".type",
    ".comp",
    ".hypothesis",
    ".goal",
    ".plan",
    ".output",
    "/// d",
    "// c",
    "/*",
    "#define a b",
    "#if",
    "#endif",
    "choice-domain",
];

/// Runs on a stack of 2 MiB, as spawned threads have.
fn errors_of(text: String) -> Vec<&'static str> {
    let run = move || {
        let mut sources = SourceMap::new();
        let (program, diagnostics) = parse_text("p.dl", &text, &mut sources);
        print_program(&program);
        drop(program);
        let _ = format_file(&text);
        diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect()
    };
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .expect("a thread");
    thread.join().expect("no panic, no overflow")
}

#[test]
fn nesting_beyond_the_limit_is_an_error() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("-", "1", ""),
        ("cat(", "1", ")"),
        ("$A(", "1", ")"),
        ("1^", "1", ""),
        ("as(", "1", ", T)"),
        ("sum x : { a(", "1", ") }"),
        ("min (", "1", ") : { a(1) }"),
        ("@f(", "1", ")"),
        ("@@f x : ", "1", ", { a(1) }"),
    ] {
        let text = format!(
            "a({}{middle}{}).",
            open.repeat(10_000),
            close.repeat(10_000)
        );
        assert_eq!(errors_of(text), ["D015"], "{open}");
    }
    for (open, middle, close) in [
        ("(", "a(1)", ")"),
        ("!", "a(1)", ""),
        ("!(", "a(1)", ")"),
        ("(b(1), ", "a(1)", ")"),
    ] {
        let text = format!(
            "a(1) :- {}{middle}{}.",
            open.repeat(10_000),
            close.repeat(10_000)
        );
        assert_eq!(errors_of(text), ["D015"], "{open}");
    }
    for joint in [" + ", " * ", " band "] {
        assert_eq!(
            errors_of(format!("a(1{}).", format!("{joint}1").repeat(10_000))),
            ["D015"],
            "{joint}"
        );
    }
    let million = 1_000_000;
    assert_eq!(errors_of(format!("a({}", "(".repeat(million))), ["D015"]);
    assert_eq!(
        errors_of(format!("a(1) :- {}", "!(".repeat(million))),
        ["D015"]
    );
}

#[test]
fn nesting_up_to_the_limit_is_read_printed_and_dropped() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("- ", "1", ""),
        ("cat(", "1", ")"),
        ("1 + (", "1", ")"),
        ("1 ^ ", "1", ""),
    ] {
        let text = format!("a({}{middle}{}).", open.repeat(120), close.repeat(120));
        assert!(errors_of(text).is_empty(), "{open}");
    }
    assert!(errors_of(format!("a({}).", vec!["1"; 250].join(" + "))).is_empty());
    assert!(
        errors_of(format!(
            "a(1) :- {}a(1){}.",
            "!(".repeat(60),
            ")".repeat(60)
        ))
        .is_empty()
    );
    assert!(errors_of(format!("a(1) :- {}.", vec!["a(1)"; 100_000].join(", "))).is_empty());
}

#[test]
fn deep_blocks_are_an_error() {
    assert_eq!(errors_of(".comp C { ".repeat(100_000)), ["D015", "D014"]);
    let closed = format!("{}{} a(1 2).", ".comp C { ".repeat(1000), "} ".repeat(1000));
    assert_eq!(errors_of(closed), ["D015", "D010"]);
}

#[test]
fn macro_bombs_stop_at_a_limit() {
    let mut doubling = String::from("#define M0 1\n");
    let mut nested = String::from("#define F(x) x, x\n");
    for n in 1..64 {
        doubling += &format!("#define M{n} M{m}, M{m}\n", m = n - 1);
    }
    doubling += "a(M63).\n";
    nested += &format!("a({}1{}).\n", "F(".repeat(60), ")".repeat(60));
    let paste = format!(
        "#define P(x) x##x\n#define Q(x) P(x)\n{}a{}(1).\n",
        "Q(".repeat(60),
        ")".repeat(60)
    );
    let quote = format!(
        "#define S(x) #x\n#define Q(x) S(x)\na({}1{}).\n",
        "Q(".repeat(60),
        ")".repeat(60)
    );
    let deep = format!(
        "#define F(x) x\na({}1{}).\n",
        "F(".repeat(100_000),
        ")".repeat(100_000)
    );
    let chain: String = (0..10_000)
        .map(|n| format!("#define C{n} C{}\n", n + 1))
        .collect::<String>()
        + "a(C0).\n";
    let conditions = "#if 1\n".repeat(100_000);
    let condition = format!("#if {}1\n#endif\n", "(".repeat(100_000));
    for text in [doubling, nested, paste, quote, deep, chain, conditions] {
        let start = text.chars().take(40).collect::<String>();
        assert_eq!(errors_of(text), ["D044"], "{start}");
    }
    assert_eq!(errors_of(condition), ["D046"]);
    assert_eq!(
        errors_of("#define F(x) x\na(F(1, 2, (3).\n".to_string()),
        ["D043", "D010"]
    );
}

#[test]
fn a_text_wrong_everywhere_ends_at_a_limit() {
    let codes = errors_of("a(1 2).\n".repeat(10_000));
    assert_eq!(codes.len(), 1_001);
    assert_eq!(codes[1_000], "D050");
}

#[test]
fn findings_of_the_random_tests_stay_fixed() {
    for text in [
        "#0{\n\u{b}0a]",
        "# 4294967295 \"x\"\na(1 2).\n\n)",
        ".init a = a<a>\n?- b(x).",
        "/// a\n/// b\n",
    ] {
        read(text);
    }
}
