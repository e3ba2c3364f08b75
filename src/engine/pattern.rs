//! ECMAScript's regular expressions in the notation of the `regex` crate.

/// Rewrites what reads differently in the two notations: `\d`, `\w`, `\s` and `\b` know only ASCII, and inside brackets
/// `[`, `&`, `~` and a doubled `-` are plain characters.
pub(super) fn translate(pattern: &str) -> String {
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
    use super::translate;

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
}
