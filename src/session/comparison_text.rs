//! A comparison as text.

use super::comparison::{Column, Comparison, Row};
use std::fmt;
use unicode_width::UnicodeWidthStr;

/// Pieces of evidence in the table; the others are counted.
const SHOWN: usize = 6;
/// Flip sets and differences that are listed.
const LISTED: usize = 6;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.planted.is_empty() {
            writeln!(f, "taken to be planted: {}", self.planted.join(", "))?;
        }
        let telling: Vec<&Column> = self
            .evidence
            .iter()
            .filter(|one| one.diagnosticity > 0.0)
            .take(SHOWN)
            .collect();
        self.table(f, &telling)?;
        writeln!(f)?;
        for one in &telling {
            let grade = one.grade.as_deref().unwrap_or("");
            let says = match one.says.is_empty() {
                true => "judged only",
                false => &one.says,
            };
            writeln!(f, "{}  {grade}  {says}", one.id())?;
        }
        let apart = self
            .evidence
            .iter()
            .filter(|one| one.diagnosticity > 0.0)
            .count();
        let alike = self.evidence.len() - apart;
        if apart > telling.len() {
            writeln!(
                f,
                "… and {} more that tell them apart; --json lists them",
                apart - telling.len()
            )?;
        }
        if alike > 0 {
            writeln!(f, "{alike} more treat all alike and tell nothing")?;
        }
        for row in &self.hypotheses {
            row.aside(f)?;
        }
        for warning in &self.warnings {
            match warning.ends_with("hold together") {
                true => writeln!(f, "{warning}: they do not exclude each other")?,
                false => writeln!(f, "{warning}")?,
            }
        }
        self.changes(f)?;
        if !self.complete {
            writeln!(
                f,
                "NOT ALL EVIDENCE: the budget ran out, or goals may turn on more claims than are tried one by one"
            )?;
        }
        match &self.leader {
            Some(leader) => writeln!(
                f,
                "{leader} is contradicted least. That is no confirmation: evidence can only count against a hypothesis."
            ),
            None if self.hypotheses.iter().all(|row| !row.holds) => {
                writeln!(f, "No hypothesis is ahead: none of them holds.")
            }
            None => writeln!(f, "No hypothesis is ahead of all others."),
        }
    }
}

impl Comparison {
    fn table(&self, f: &mut fmt::Formatter<'_>, telling: &[&Column]) -> fmt::Result {
        let mut grid: Vec<Vec<String>> = Vec::new();
        let mut head = vec![String::new()];
        head.extend(telling.iter().map(|one| one.id().to_owned()));
        head.extend([
            "against".to_owned(),
            "strength".to_owned(),
            "holds".to_owned(),
        ]);
        grid.push(head);
        for row in &self.hypotheses {
            let mut line = vec![match row.rank {
                Some(rank) => format!("{rank}  {}", row.name),
                None => format!("-  {}", row.name),
            }];
            if row.error.is_some() {
                line.push("cannot be compared".to_owned());
                grid.push(line);
                continue;
            }
            line.extend(telling.iter().map(|one| one.cell(&row.name)));
            line.push(format!("{:.2}", row.inconsistency));
            line.push(match row.holds {
                true => format!("{:.2}", row.strength),
                false => "-".to_owned(),
            });
            line.push(
                match (row.holds, row.violates) {
                    (true, 0) => "yes",
                    (true, _) => "yes, against a constraint",
                    (false, _) => "no",
                }
                .to_owned(),
            );
            grid.push(line);
        }
        if !telling.is_empty() {
            let mut line = vec!["   diagnosticity".to_owned()];
            line.extend(
                telling
                    .iter()
                    .map(|one| format!("{:.1}", one.diagnosticity)),
            );
            grid.push(line);
        }
        let columns = grid.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|at| {
                let whole = grid.iter().filter(|line| line.len() > 2 || at == 0);
                whole
                    .filter_map(|line| line.get(at))
                    .map(|cell| cell.width())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for line in &grid {
            let mut text = String::new();
            for (at, cell) in line.iter().enumerate() {
                text.push_str(cell);
                text.push_str(&" ".repeat((widths[at] + 2).saturating_sub(cell.width())));
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }

    fn changes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compared = self
            .hypotheses
            .iter()
            .filter(|row| row.error.is_none())
            .count();
        if compared < 2 {
            return Ok(());
        }
        let of = match self.flip_findings {
            0 => "withdrawals".to_owned(),
            1 => "withdrawals and 1 finding".to_owned(),
            many => format!("withdrawals and {many} findings"),
        };
        let bound = match (self.flip_bound, self.flip_findings) {
            (0, _) => format!("not all single {of} were tried"),
            (1, 0) => "all single withdrawals were tried; `--flips 2` tries pairs".to_owned(),
            (1, _) => format!("all single {of} were tried; `--flips 2` tries pairs"),
            (most, 0) => format!("all withdrawals of up to {most} were tried"),
            (most, _) => format!("all sets of up to {most} were tried, of {of}"),
        };
        if self.flips.is_empty() {
            return writeln!(
                f,
                "Nothing that was tried puts another one first ({bound})."
            );
        }
        writeln!(
            f,
            "What would put another one first, the table made anew ({bound}):"
        )?;
        for flip in self.flips.iter().take(LISTED) {
            let leader = match (&flip.leader, flip.none_holds) {
                (Some(leader), _) => leader.as_str(),
                (None, true) => "none holds",
                (None, false) => "nobody alone",
            };
            let (find, withdraw): (Vec<&String>, Vec<&String>) =
                flip.change.iter().partition(|one| one.starts_with('+'));
            let mut parts = Vec::new();
            if !withdraw.is_empty() {
                let names: Vec<&str> = withdraw.iter().map(|name| name.as_str()).collect();
                parts.push(format!("withdraw {}", names.join(" and ")));
            }
            if !find.is_empty() {
                let names: Vec<&str> = find.iter().map(|name| &name[1..]).collect();
                parts.push(format!("find {}", names.join(" and ")));
            }
            writeln!(f, "  {}: then {leader}", parts.join(", "))?;
        }
        if self.flips.len() > LISTED {
            writeln!(
                f,
                "  … and {} more; --json lists them",
                self.flips.len() - LISTED
            )?;
        }
        Ok(())
    }
}

impl Row {
    fn aside(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reason) = self.failure() {
            writeln!(f, "{}: {reason}", self.name)?;
        }
        if !self.assumes.is_empty() {
            writeln!(f, "{} assumes {}", self.name, self.assumes.join(", "))?;
        }
        if !self.rejects.is_empty() {
            writeln!(f, "{} rejects {}", self.name, self.rejects.join(", "))?;
        }
        for note in &self.notes {
            writeln!(f, "{}: {note}", self.name)?;
        }
        Ok(())
    }
}

impl Column {
    /// Judged cells carry a star; what changes nothing is a dot.
    fn cell(&self, hypothesis: &str) -> String {
        let word = self
            .cells
            .get(hypothesis)
            .and_then(|cell| cell.as_str())
            .unwrap_or("");
        match word {
            "stands" => "·".to_owned(),
            word if self.judged.iter().any(|name| name == hypothesis) => format!("{word}*"),
            word => word.to_owned(),
        }
    }
}
