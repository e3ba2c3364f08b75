//! Flags after a verb, as on the command line: `--all`, `--limit 5`.

/// A flag and whether a value follows it.
pub type Known = (&'static str, bool);

/// What follows a verb: the flags that were given, and the rest of the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Given {
    pub text: String,
    flags: Vec<(&'static str, String)>,
}

impl Given {
    /// Text without flags.
    pub fn plain(text: &str) -> Given {
        Given {
            text: text.to_owned(),
            flags: Vec::new(),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|(flag, _)| *flag == name)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        let given = self.flags.iter().rev().find(|(flag, _)| *flag == name);
        given.map(|(_, value)| value.as_str())
    }

    /// All values of a flag that was given several times.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let given = self.flags.iter().filter(move |(flag, _)| *flag == name);
        given.map(|(_, value)| value.as_str())
    }

    /// The value of a flag as something else.
    pub fn parsed<T>(&self, name: &str) -> Result<Option<T>, String>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let value = self.value(name).map(str::parse);
        value
            .transpose()
            .map_err(|error| format!("`--{name}`: {error}"))
    }
}

/// Takes the flags out of a text. What stands in quotes is text.
pub fn take(text: &str, known: &[Known]) -> Result<Given, String> {
    let mut given = Given::default();
    let mut awaited: Option<&'static str> = None;
    let mut value = String::new();
    for word in words(text) {
        if let Some(flag) = awaited.take() {
            value.push_str(word);
            match is_open(&value) {
                true => awaited = Some(flag),
                false => given
                    .flags
                    .push((flag, std::mem::take(&mut value).trim().to_owned())),
            }
            continue;
        }
        match flag_name(word) {
            None => given.text.push_str(word),
            Some(name) => {
                let Some(&(flag, takes)) = known.iter().find(|(flag, _)| *flag == name) else {
                    let names: Vec<String> = known
                        .iter()
                        .map(|(flag, takes)| format!("--{flag}{}", if *takes { " …" } else { "" }))
                        .collect();
                    return Err(match names.is_empty() {
                        true => format!("there is no `--{name}` here"),
                        false => format!("there is no `--{name}` here, only {}", names.join(", ")),
                    });
                };
                match takes {
                    true => awaited = Some(flag),
                    false => given.flags.push((flag, String::new())),
                }
            }
        }
    }
    if let Some(flag) = awaited {
        return Err(format!("`--{flag}` needs a value"));
    }
    given.text = given.text.trim().to_owned();
    Ok(given)
}

/// Whether a bracket is open: `p("a", "b")` is one value.
fn is_open(value: &str) -> bool {
    let mut depth = 0i32;
    let (mut quoted, mut escaped) = (false, false);
    for char in value.chars() {
        match char {
            '"' if !escaped => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = char == '\\' && quoted && !escaped;
    }
    depth > 0
}

fn flag_name(word: &str) -> Option<&str> {
    let name = word.trim().strip_prefix("--")?;
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        .then_some(name)
}

/// Splits behind blanks that stand in no quotes; together the words are the text.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut quoted, mut escaped) = (false, false);
    let mut start = 0;
    let mut blank = false;
    for (at, char) in text.char_indices() {
        if blank && !char.is_whitespace() {
            words.push(&text[start..at]);
            start = at;
        }
        blank = char.is_whitespace() && !quoted;
        match char {
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = char == '\\' && quoted && !escaped;
    }
    words.push(&text[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Known] = &[("all", false), ("limit", true)];

    #[test]
    fn flags_may_stand_before_and_after() {
        for text in [
            "--all p(\"a b\", \"--all\") --limit 3",
            "p(\"a b\", \"--all\") --limit 3 --all",
        ] {
            let given = take(text, KNOWN).unwrap();
            assert_eq!(given.text, "p(\"a b\", \"--all\")");
            assert!(given.has("all"));
            assert_eq!(given.parsed::<usize>("limit"), Ok(Some(3)));
        }
        assert_eq!(take("", KNOWN), Ok(Given::default()));
        assert_eq!(take("x - --1", KNOWN).unwrap().text, "x - --1");
    }

    #[test]
    fn an_atom_is_one_value() {
        let known: &[Known] = &[("rival", true)];
        let given = take("--rival p(\"a)\", q) r(X)", known).unwrap();
        assert_eq!(given.value("rival"), Some("p(\"a)\", q)"));
        assert_eq!(given.text, "r(X)");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, reason) in [
            ("p --no", "there is no `--no` here, only --all, --limit …"),
            ("p --limit", "`--limit` needs a value"),
        ] {
            assert_eq!(take(text, KNOWN), Err(reason.to_owned()));
        }
        let given = take("--limit x p", KNOWN).unwrap();
        assert!(
            given
                .parsed::<usize>("limit")
                .unwrap_err()
                .starts_with("`--limit`: ")
        );
    }
}
