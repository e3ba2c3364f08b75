//! What is to be supposed, as typed after a verb.

use super::flags::Given;
use super::line::unquoted;
use super::scan::{PieceKind, pieces};
use crate::session::{Choice, Command, RejectQuestion, SaveClaims, Supposition};

/// `source s`, `claim c`, `rule file:line`, `rules file`, or a fact.
pub fn withdrawal(text: &str) -> Supposition {
    let mut supposed = Supposition::default();
    let (word, name) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let name = name.trim();
    // `rule ("x")` is a fact of a relation that is called so.
    let is_fact = name.is_empty() || name.starts_with('(');
    let list = match word {
        "source" if !is_fact => &mut supposed.without_sources,
        "claim" if !is_fact => &mut supposed.without_claims,
        "rule" if !is_fact => &mut supposed.without_rules,
        "rules" if !is_fact => &mut supposed.without_rule_files,
        _ => {
            supposed.withdraw.push(text.to_owned());
            return supposed;
        }
    };
    list.push(name.to_owned());
    supposed
}

/// `+p("a") -q(_, "b")`, with flags.
pub fn changes(text: &str, flags: &Given) -> Result<Supposition, String> {
    let mut supposed = Supposition::default();
    let mut signs: Vec<usize> = Vec::new();
    let mut depth = 0usize;
    for piece in pieces(text) {
        match piece.kind {
            PieceKind::Open => depth += 1,
            PieceKind::Close => depth = depth.saturating_sub(1),
            PieceKind::Other if depth == 0 => {
                let signed = text[piece.range.clone()].find(['+', '-']);
                signs.extend(signed.map(|at| piece.range.start + at));
            }
            _ => {}
        }
    }
    let before = text[..signs.first().copied().unwrap_or(text.len())].trim();
    if !before.is_empty() {
        return Err(format!(
            "`{before}`: begin with `+` to assume, with `-` to withdraw"
        ));
    }
    for (at, &sign) in signs.iter().enumerate() {
        let end = signs.get(at + 1).copied().unwrap_or(text.len());
        let fact = text[sign + 1..end].trim().to_owned();
        match text[sign..].starts_with('+') {
            true => supposed.assume.push(fact),
            false => supposed.withdraw.push(fact),
        }
    }
    for (flag, list) in [
        ("without-source", &mut supposed.without_sources),
        ("without-claim", &mut supposed.without_claims),
        ("without-rule", &mut supposed.without_rules),
        ("with-rules", &mut supposed.with_rule_files),
        ("without-rules", &mut supposed.without_rule_files),
        ("hypothesis", &mut supposed.hypotheses),
    ] {
        list.extend(flags.values(flag).map(str::to_owned));
    }
    Ok(supposed)
}

/// What follows `:hyp`.
pub fn hypothesis(text: &str) -> Result<Command, String> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    match (word, rest) {
        ("list", "") => Ok(Command::Hypotheses),
        ("leave", "") => Ok(Command::LeaveHypothesis),
        ("diff", "") => Ok(Command::Diff),
        ("load", file) if !file.is_empty() => Ok(Command::LoadHypotheses(unquoted(file))),
        ("enter", name) if !name.is_empty() => Ok(Command::Suppose(Box::new(Supposition {
            hypotheses: vec![name.trim_end_matches('.').to_owned()],
            ..Supposition::default()
        }))),
        ("load" | "enter", _) => Err(format!("`:hyp {word}` needs a name")),
        _ => Err("usage: `:hyp list | load FILE | enter NAME | leave | diff`".to_owned()),
    }
}

/// What follows `:reject`.
pub fn reject(fact: String, flags: &Given) -> Result<Command, String> {
    let text = |flag: &str| {
        flags
            .value(flag)
            .map(|text| text.trim_matches('"').to_owned())
    };
    let choice = match flags.parsed("choose")? {
        None => None,
        Some(option) => Some(Choice {
            option,
            author: text("author").ok_or("a judgement needs an author: `--author NAME`")?,
            date: flags.parsed("date")?,
            note: text("note"),
        }),
    };
    Ok(Command::Reject(RejectQuestion {
        fact,
        limit: flags.parsed("limit")?,
        choice,
    }))
}

/// What follows `:save`.
pub fn save(text: &str, flags: &Given) -> Result<Command, String> {
    let usage = || {
        "usage: `:save NAME FILE`, or `:save claims FILE --author NAME [--date DATE]`".to_owned()
    };
    let (word, file) = text.split_once(char::is_whitespace).ok_or_else(usage)?;
    let file = unquoted(file.trim());
    match word {
        "claims" => Ok(Command::SaveClaims(SaveClaims {
            file,
            author: flags
                .value("author")
                .ok_or("a claim needs an author: `--author NAME`")?
                .trim_matches('"')
                .to_owned(),
            date: flags.parsed("date")?,
        })),
        name => Ok(Command::SaveHypothesis {
            name: name.to_owned(),
            file,
        }),
    }
}
