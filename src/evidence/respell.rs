//! Dates as spreadsheets write them, spelt as claim files want them. Only to tell what to write: a guess is never read.

use super::date::PartialDate;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// `2019/3/1`, `1.3.2019`, `March 2019`, `1 Mar 2019` and the like as `2019-03-01` or `2019-03`. `None` where it is no
/// date, or where day and month could be told apart only by knowing who wrote it, as in `3/4/2019`.
pub fn respelt(text: &str) -> Option<PartialDate> {
    let day_first = text.contains('.');
    let parts: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || "-/.,年月日".contains(c))
        .filter(|part| !part.is_empty())
        .collect();
    // A time of day behind the date.
    let parts = match &parts[..] {
        [date @ .., time] if date.len() == 3 && time.contains(':') => date,
        all => all,
    };
    let number = |part: &str| part.parse::<u16>().ok();
    let is_year = |part: &str| part.len() == 4 && number(part).is_some();
    let small = |part: &str| number(part).filter(|&value| part.len() <= 2 && value > 0);
    let named = |part: &str| {
        let part = part.to_lowercase();
        let fits = |month: &&str| part.len() >= 3 && month.starts_with(&part);
        MONTHS
            .iter()
            .position(|month| fits(&month))
            .map(|at| at as u16 + 1)
    };
    let spelt = match *parts {
        [year, month] if is_year(year) => format!("{year}-{:02}", small(month).or(named(month))?),
        [month, year] if is_year(year) => format!("{year}-{:02}", small(month).or(named(month))?),
        [year, month, day] if is_year(year) => {
            format!(
                "{year}-{:02}-{:02}",
                small(month).or(named(month))?,
                small(day)?
            )
        }
        [first, second, year] if is_year(year) => {
            let (month, day) = match (named(first), named(second)) {
                (Some(month), _) => (month, small(second)?),
                (_, Some(month)) => (month, small(first)?),
                _ => match (small(first)?, small(second)?) {
                    (day, month) if day_first || day > 12 => (month, day),
                    (month, day) if day > 12 || day == month => (month, day),
                    _ => return None,
                },
            };
            format!("{year}-{month:02}-{day:02}")
        }
        _ => return None,
    };
    spelt.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::respelt;

    #[test]
    fn what_a_spreadsheet_writes_is_spelt_anew() {
        for (text, expected) in [
            ("2019-3-1", Some("2019-03-01")),
            ("2019/03/01", Some("2019-03-01")),
            ("2019.3", Some("2019-03")),
            ("2019年3月1日", Some("2019-03-01")),
            ("3/2019", Some("2019-03")),
            ("March 2019", Some("2019-03")),
            ("1 Mar 2019", Some("2019-03-01")),
            ("March 1, 2019", Some("2019-03-01")),
            ("01.03.2019", Some("2019-03-01")),
            ("13/04/2019", Some("2019-04-13")),
            ("04/13/2019", Some("2019-04-13")),
            ("2019-03-01 00:00:00", Some("2019-03-01")),
            // Day and month, or month and day?
            ("3/4/2019", None),
            ("31.02.2019", None),
            ("43525", None),
            ("yesterday", None),
            ("1/2/19", None),
            ("0/0/2019", None),
            ("", None),
            ("- -", None),
        ] {
            let spelt = respelt(text).map(|date| date.to_string());
            assert_eq!(spelt.as_deref(), expected, "{text}");
        }
    }
}
