//! Dates as spreadsheets write them, spelt as claim files want them. Only to tell what to write: a guess is never read.

use super::date::PartialDate;
use jiff::fmt::strtime::BrokenDownTime;

/// What stands between the parts of a date is a blank here.
const SPELLINGS: [&str; 12] = [
    "%Y %m %d", "%Y %b %d", "%Y %B %d", "%d %m %Y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y",
    "%Y %m", "%m %Y", "%b %Y", "%B %Y",
];
/// As they write it where days and months are set off by strokes and not by dots.
const MONTH_FIRST: &str = "%m %d %Y";

/// `2019/3/1`, `1.3.2019`, `March 2019`, `1 Mar 2019` and the like as `2019-03-01` or `2019-03`. `None` where it is no
/// date, or where day and month could be told apart only by knowing who wrote it, as in `3/4/2019`.
pub fn respelt(text: &str) -> Option<PartialDate> {
    let parts: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || "-/.,年月日".contains(c))
        .filter(|part| !part.is_empty())
        .collect();
    // A time of day may stand behind the date.
    let parts = match &parts[..] {
        [date @ .., time] if time.contains(':') => date,
        all => all,
    };
    let date = parts.join(" ");
    let month_first = (!text.contains('.')).then_some(MONTH_FIRST);
    let spelt = SPELLINGS
        .into_iter()
        .chain(month_first)
        .filter_map(|spelling| {
            // A blank of a spelling may stand for nothing at all.
            if spelling.split(' ').count() != parts.len() {
                return None;
            }
            let read = BrokenDownTime::parse(spelling, &date).ok()?;
            let (year, month) = (read.year().filter(|&year| year >= 1000)?, read.month()?);
            let spelt = match read.day() {
                Some(day) => format!("{year}-{month:02}-{day:02}"),
                None => format!("{year}-{month:02}"),
            };
            spelt.parse().ok()
        });
    let mut spelt: Vec<PartialDate> = spelt.collect();
    spelt.dedup();
    match spelt[..] {
        [one] => Some(one),
        _ => None,
    }
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
