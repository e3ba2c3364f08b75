//! Regular expressions of `match`: ECMAScript's, rewritten into the notation of the `regex` crate and kept compiled.

use super::functor::Fault;
use crate::storage::{Code, Dictionary};
use parking_lot::RwLock;
use regex::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Regular expressions, compiled on first use. Shared by all threads.
#[derive(Default)]
pub struct Patterns {
    compiled: RwLock<FxHashMap<Box<str>, Compiled>>,
}

type Compiled = Arc<Result<Regex, Fault>>;

/// Patterns may come from the data, one for each row; beyond this many the cache starts anew.
const MOST_PATTERNS: usize = 4096;

impl Patterns {
    pub fn new() -> Patterns {
        Patterns::default()
    }

    /// Whether the pattern matches the whole text. ECMAScript's flavour, by characters, without back references and
    /// look-around, so that matching takes time linear in the text.
    pub fn matches(
        &self,
        pattern: Code,
        text: Code,
        dictionary: &Dictionary,
    ) -> Result<bool, Fault> {
        match &*self.get(dictionary.text(pattern)) {
            Ok(regex) => Ok(regex.is_match(dictionary.text(text))),
            Err(fault) => Err(fault.clone()),
        }
    }

    fn get(&self, pattern: &str) -> Compiled {
        if let Some(known) = self.compiled.read().get(pattern) {
            return known.clone();
        }
        let made = Arc::new(compile(pattern));
        let mut compiled = self.compiled.write();
        if compiled.len() >= MOST_PATTERNS {
            compiled.clear();
        }
        compiled.insert(pattern.into(), made.clone());
        made
    }
}

fn compile(pattern: &str) -> Result<Regex, Fault> {
    let inner = translate(pattern);
    let build = |text: &str| {
        RegexBuilder::new(text)
            .crlf(true)
            .build()
            .map_err(|error| bad_pattern(pattern, &error))
    };
    // By itself first: wrapped in a group, `a)(b` would pass.
    build(&inner)?;
    build(&format!(r"\A(?:{inner})\z"))
}

fn bad_pattern(pattern: &str, error: &regex::Error) -> Fault {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default();
    Fault::BadPattern(format!(
        "{pattern:?}: {}",
        reason.trim_start_matches("error: ")
    ))
}

/// Rewrites what reads differently in the two notations: `\d`, `\w`, `\s` and `\b` know only ASCII, and inside brackets
/// `[`, `&`, `~` and a doubled `-` are plain characters.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern.chars();
    let mut in_class = false;
    let mut class_start = false;
    while let Some(c) = rest.next() {
        let first_in_class = std::mem::take(&mut class_start);
        match c {
            '\\' => match rest.next() {
                Some(escaped) => escape(escaped, in_class, &mut out),
                None => out.push('\\'),
            },
            '[' if !in_class => {
                in_class = true;
                class_start = true;
                out.push('[');
                if rest.as_str().starts_with('^') {
                    rest.next();
                    out.push('^');
                }
            }
            '[' => match posix_class(rest.as_str()) {
                Some(length) => {
                    out.push('[');
                    out.extend(rest.by_ref().take(length));
                }
                None => out.push_str(r"\["),
            },
            // `[]` matches nothing and `[^]` everything.
            ']' if first_in_class => {
                in_class = false;
                let negated = out.ends_with('^');
                out.truncate(out.len() - 1 - usize::from(negated));
                out.push_str(if negated {
                    r"(?s:.)"
                } else {
                    r"[^\x00-\x{10FFFF}]"
                });
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '-' if in_class && rest.as_str().starts_with('-') => out.push_str(r"\-"),
            _ => out.push(c),
        }
    }
    out
}

fn escape(escaped: char, in_class: bool, out: &mut String) {
    match escaped {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[\t\n\x0B\x0C\r ]"),
        'S' => out.push_str(r"[^\t\n\x0B\x0C\r ]"),
        'b' if in_class => out.push_str(r"\x08"),
        'b' => out.push_str(r"(?-u:\b)"),
        'B' if !in_class => out.push_str(r"(?-u:\B)"),
        '0' => out.push_str(r"\x00"),
        _ => {
            out.push('\\');
            out.push(escaped);
        }
    }
}

/// The number of characters after the `[` of `[:name:]`.
fn posix_class(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix(':')?;
    let end = name.find(":]")?;
    name[..end]
        .bytes()
        .all(|b| b.is_ascii_lowercase())
        .then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translations() {
        for (ecma, ours) in [
            ("abc", "abc"),
            (r"\d\.", r"[0-9]\."),
            ("[[]", r"[\[]"),
            ("[^]a", "(?s:.)a"),
            ("[]", r"[^\x00-\x{10FFFF}]"),
            ("[a-z--]", r"[a-z\--]"),
            ("[[:digit:]&]", r"[[:digit:]\&]"),
            (r"\", r"\"),
            (r"[\b]\b", r"[\x08](?-u:\b)"),
        ] {
            assert_eq!(translate(ecma), ours, "{ecma}");
        }
    }

    #[test]
    fn patterns_match_whole_texts() {
        let dictionary = Dictionary::new();
        let patterns = Patterns::new();
        let matches = |pattern: &str, text: &str| {
            patterns.matches(
                dictionary.symbol(pattern),
                dictionary.symbol(text),
                &dictionary,
            )
        };
        for (pattern, text, expected) in [
            ("a.*", "abc", true),
            ("b", "abc", false),
            ("a|ab", "ab", true),
            ("^a$", "a", true),
            ("h.llo", "héllo", true),
            (r"\d+", "42", true),
            (r"\d", "٣", false),
            (r"[\d_]+", "4_2", true),
            (r"[[x]+", "[x[", true),
            (r"[a&&b]+", "a&b", true),
            (r"[[:alpha:]]+", "abc", true),
            (r"a\/b", "a/b", true),
            (".", "\r", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), Ok(expected), "{pattern} on {text}");
        }
        for pattern in ["(", "a)(b", r"(a)\1", "(?=a)", "*"] {
            for _ in 0..2 {
                assert!(
                    matches!(matches(pattern, "a"), Err(Fault::BadPattern(_))),
                    "{pattern}"
                );
            }
        }
    }
}
