//! Dates as people report them: a year, a month or a day. Each is an interval of days, never a midnight.

use jiff::civil::Date;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A day of the proleptic Gregorian calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(i32);

impl Day {
    fn of(date: Date) -> Day {
        // As `duration_since` counts, in a tenth of the time: explanations compare days by the million.
        let before = i32::from(date.year()) - 1;
        let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
        let since_year_one = before * 365 + leap_days + i32::from(date.day_of_year());
        Day(since_year_one - 719_163)
    }

    /// The present day in UTC.
    pub fn today() -> Day {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Day(since.map_or(0, |since| (since.as_secs() / 86_400) as i32))
    }

    /// Days from `self` to `later`; negative when `later` is the earlier one.
    pub fn days_until(self, later: Day) -> i64 {
        i64::from(later.0) - i64::from(self.0)
    }

    fn date(self) -> Option<Date> {
        Date::constant(1970, 1, 1)
            .checked_add(jiff::Span::new().try_days(self.0).ok()?)
            .ok()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => write!(f, "{date}"),
            None => write!(f, "day {}", self.0),
        }
    }
}

/// `2019`, `2019-05` or `2019-05-02`: all the days it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialDate {
    year: i16,
    /// Zero: not given.
    month: i8,
    /// Zero: not given.
    day: i8,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DateError {
    #[error("a date is written `YYYY`, `YYYY-MM` or `YYYY-MM-DD`")]
    Shape,
    #[error("there is no year 0000")]
    Year,
    #[error("there is no month {0:02}")]
    Month(i8),
    #[error("{year}-{month:02} has {days} days")]
    Day { year: i16, month: i8, days: i8 },
}

impl FromStr for PartialDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<PartialDate, DateError> {
        if let Some(date) = PartialDate::common(text.as_bytes()) {
            return Ok(date);
        }
        let mut parts = text.split('-');
        let year: i16 = digits(parts.next(), 4)?.ok_or(DateError::Shape)?;
        let month = digits(parts.next(), 2)?;
        let day = digits(parts.next(), 2)?;
        if parts.next().is_some() {
            return Err(DateError::Shape);
        }
        if year == 0 {
            return Err(DateError::Year);
        }
        let date = PartialDate {
            year,
            month: month.unwrap_or(0) as i8,
            day: day.unwrap_or(0) as i8,
        };
        if month.is_some() {
            let first = Date::new(year, date.month, 1).map_err(|_| DateError::Month(date.month))?;
            if day.is_some() && !(1..=first.days_in_month()).contains(&date.day) {
                return Err(DateError::Day {
                    year,
                    month: date.month,
                    days: first.days_in_month(),
                });
            }
        }
        Ok(date)
    }
}

/// A part of a date: exactly `width` digits, or not there.
fn digits(part: Option<&str>, width: usize) -> Result<Option<i16>, DateError> {
    match part {
        None => Ok(None),
        Some(part) if part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit()) => {
            part.parse().map(Some).map_err(|_| DateError::Shape)
        }
        Some(_) => Err(DateError::Shape),
    }
}

impl From<Day> for PartialDate {
    fn from(day: Day) -> PartialDate {
        let date = day.date().unwrap_or(Date::MAX);
        PartialDate {
            year: date.year(),
            month: date.month(),
            day: date.day(),
        }
    }
}

impl PartialDate {
    /// Nearly every date, at the speed at which files of claims are read: years of our time, days that every month has.
    fn common(text: &[u8]) -> Option<PartialDate> {
        let digits = |at: usize| {
            let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
            (tens < 10 && ones < 10).then(|| (tens * 10 + ones) as i8)
        };
        let part = |at: usize, most: i8| {
            let dashed = text[at] == b'-';
            digits(at + 1).filter(|part| dashed && (1..=most).contains(part))
        };
        if !matches!(text.len(), 4 | 7 | 10) {
            return None;
        }
        let century = digits(0).filter(|&century| century > 0)?;
        let year = i16::from(century) * 100 + i16::from(digits(2)?);
        let month = if text.len() > 4 { part(4, 12)? } else { 0 };
        let day = if text.len() > 7 { part(7, 28)? } else { 0 };
        Some(PartialDate { year, month, day })
    }

    /// In the order of first days; as a last day, what was not given is as late as can be.
    fn ordinal(self, open: i8) -> (i16, i8, i8) {
        let given = |part: i8| if part == 0 { open } else { part };
        (self.year, given(self.month), given(self.day))
    }

    pub fn first_day(self) -> Day {
        Day::of(self.start())
    }

    pub fn last_day(self) -> Day {
        let start = self.start();
        Day::of(match (self.month, self.day) {
            (0, _) => start.last_of_year(),
            (_, 0) => start.last_of_month(),
            _ => start,
        })
    }

    fn start(self) -> Date {
        Date::constant(self.year, self.month.max(1), self.day.max(1))
    }

    /// How much of the date was given: 1 year, 2 month, 3 day.
    fn precision(self) -> u8 {
        1 + u8::from(self.month != 0) + u8::from(self.day != 0)
    }
}

/// As written.
impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month != 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day != 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

/// The days from the first day of `from` to the last day of `to`; a missing end is open. Never reversed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    from: Option<PartialDate>,
    to: Option<PartialDate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the interval is reversed: {from} comes after {to}")]
pub struct Reversed {
    pub from: PartialDate,
    pub to: PartialDate,
}

/// Two ends that leave no day in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disjoint {
    /// The earliest end …
    pub ended: PartialDate,
    /// … and the latest beginning, which lies after it.
    pub began: PartialDate,
}

impl Disjoint {
    /// From the last day of the one to the first day of the other: 1 when they touch.
    pub fn gap_in_days(self) -> i64 {
        self.ended.last_day().days_until(self.began.first_day())
    }
}

impl Interval {
    /// Without ends.
    pub const ALWAYS: Interval = Interval {
        from: None,
        to: None,
    };

    pub fn new(from: Option<PartialDate>, to: Option<PartialDate>) -> Result<Interval, Reversed> {
        match (from, to) {
            (Some(from), Some(to)) if from.ordinal(1) > to.ordinal(i8::MAX) => {
                Err(Reversed { from, to })
            }
            _ => Ok(Interval { from, to }),
        }
    }

    /// The days a date covers.
    pub fn during(date: PartialDate) -> Interval {
        Interval {
            from: Some(date),
            to: Some(date),
        }
    }

    pub fn from(self) -> Option<PartialDate> {
        self.from
    }

    pub fn to(self) -> Option<PartialDate> {
        self.to
    }

    /// `None`: open.
    pub fn first_day(self) -> Option<Day> {
        self.from.map(PartialDate::first_day)
    }

    /// `None`: open.
    pub fn last_day(self) -> Option<Day> {
        self.to.map(PartialDate::last_day)
    }

    /// Whether a day is among them; `None` is a day before all others.
    pub fn covers(self, day: Option<Day>) -> bool {
        self.first_day().is_none_or(|first| Some(first) <= day)
            && self
                .last_day()
                .is_none_or(|last| day.is_none_or(|day| day <= last))
    }

    pub fn intersect(self, other: Interval) -> Result<Interval, Disjoint> {
        Interval::intersection([self, other])
    }

    /// The days that all of them share. Without any: [`Interval::ALWAYS`].
    pub fn intersection(
        intervals: impl IntoIterator<Item = Interval>,
    ) -> Result<Interval, Disjoint> {
        let mut shared = Interval::ALWAYS;
        for interval in intervals {
            shared.from = pick(shared.from, interval.from, |new, old| {
                new.first_day() > old.first_day()
                    || new.first_day() == old.first_day() && new.precision() > old.precision()
            });
            shared.to = pick(shared.to, interval.to, |new, old| {
                new.last_day() < old.last_day()
                    || new.last_day() == old.last_day() && new.precision() > old.precision()
            });
        }
        match (shared.from, shared.to) {
            (Some(began), Some(ended)) if began.first_day() > ended.last_day() => {
                Err(Disjoint { ended, began })
            }
            _ => Ok(shared),
        }
    }

    pub fn overlaps(self, other: Interval) -> bool {
        self.intersect(other).is_ok()
    }
}

fn pick(
    old: Option<PartialDate>,
    new: Option<PartialDate>,
    tighter: impl Fn(PartialDate, PartialDate) -> bool,
) -> Option<PartialDate> {
    match (old, new) {
        (Some(old), Some(new)) => Some(if tighter(new, old) { new } else { old }),
        (old, new) => old.or(new),
    }
}

/// `2019-05 … 2021`, `since 2019-05`, `until 2021`, `always`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => write!(f, "{from}"),
            (Some(from), Some(to)) => write!(f, "{from} … {to}"),
            (Some(from), None) => write!(f, "since {from}"),
            (None, Some(to)) => write!(f, "until {to}"),
            (None, None) => write!(f, "always"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> PartialDate {
        text.parse().unwrap()
    }

    #[test]
    fn every_day_of_the_calendar_is_a_date_and_no_other() {
        for year in [
            "0000", "0099", "0100", "1999", "2000", "2100", "9999", "20x0",
        ] {
            for month in 0..=13 {
                for day in 0..=32 {
                    let text = format!("{year}-{month:02}-{day:02}");
                    let parsed: Result<PartialDate, _> = text.parse();
                    let real = text.parse::<Date>().is_ok() && year != "0000";
                    assert_eq!(parsed.is_ok(), real, "{text}");
                    assert!(parsed.is_ok_and(|date| date.to_string() == text) || !real);
                }
            }
        }
    }

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        let epoch = Date::constant(1970, 1, 1);
        for year in [
            -9999, -400, -1, 0, 1, 1899, 1900, 1969, 1970, 2000, 2024, 9999,
        ] {
            for (month, day) in [(1, 1), (2, 28), (3, 1), (12, 31)] {
                let date = Date::constant(year, month, day);
                let hours = date.duration_since(epoch).as_hours();
                assert_eq!(i64::from(Day::of(date).0) * 24, hours, "{date}");
            }
        }
    }

    /// `from..to`, either side blank when open.
    fn interval(text: &str) -> Interval {
        let (from, to) = text.split_once("..").unwrap();
        let end = |text: &str| (!text.is_empty()).then(|| date(text));
        Interval::new(end(from), end(to)).unwrap()
    }

    #[test]
    fn a_date_covers_every_day_it_does_not_exclude() {
        for (text, first, last) in [
            ("2019", "2019-01-01", "2019-12-31"),
            ("2019-04", "2019-04-01", "2019-04-30"),
            ("2020-02", "2020-02-01", "2020-02-29"),
            ("1900-02", "1900-02-01", "1900-02-28"),
            ("2000-02-29", "2000-02-29", "2000-02-29"),
            ("0001", "0001-01-01", "0001-12-31"),
            ("9999-12", "9999-12-01", "9999-12-31"),
        ] {
            let date = date(text);
            assert_eq!(date.to_string(), text);
            assert_eq!(date.first_day().to_string(), first, "{text}");
            assert_eq!(date.last_day().to_string(), last, "{text}");
        }
    }

    #[test]
    fn impossible_dates_say_why() {
        for (text, reason) in [
            ("", "a date is written `YYYY`, `YYYY-MM` or `YYYY-MM-DD`"),
            ("19", "a date is written `YYYY`, `YYYY-MM` or `YYYY-MM-DD`"),
            (
                "2019-5",
                "a date is written `YYYY`, `YYYY-MM` or `YYYY-MM-DD`",
            ),
            (
                "2019-05-02T00:00",
                "a date is written `YYYY`, `YYYY-MM` or `YYYY-MM-DD`",
            ),
            (
                "2019-05-02-01",
                "a date is written `YYYY`, `YYYY-MM` or `YYYY-MM-DD`",
            ),
            (
                "٢٠١٩",
                "a date is written `YYYY`, `YYYY-MM` or `YYYY-MM-DD`",
            ),
            ("0000", "there is no year 0000"),
            ("2019-13", "there is no month 13"),
            ("2019-00-01", "there is no month 00"),
            ("2019-02-29", "2019-02 has 28 days"),
            ("2020-02-30", "2020-02 has 29 days"),
            ("2020-02-00", "2020-02 has 29 days"),
        ] {
            let error = text.parse::<PartialDate>().unwrap_err();
            assert_eq!(error.to_string(), reason, "{text}");
        }
    }

    #[test]
    fn an_interval_is_reversed_only_when_no_day_is_left() {
        for (from, to, fits) in [
            ("2020", "2020", true),
            ("2020-05", "2020", true),
            ("2020", "2020-05", true),
            ("2020-05-02", "2020-05-01", false),
            ("2021", "2020-12-31", false),
        ] {
            let made = Interval::new(Some(date(from)), Some(date(to)));
            assert_eq!(made.is_ok(), fits, "{from} to {to}");
        }
    }

    #[test]
    fn intersections_keep_the_ends_as_written() {
        for (left, right, shared) in [
            ("..", "..", "always"),
            ("2019..", "..2021-03", "2019 … 2021-03"),
            ("2019..2021", "2020-06..2025", "2020-06 … 2021"),
            ("2020..", "2020-01-01..", "since 2020-01-01"),
            ("..2020-12-31", "..2020", "until 2020-12-31"),
            ("2020..2020", "..", "2020"),
        ] {
            let both = interval(left).intersect(interval(right)).unwrap();
            assert_eq!(both.to_string(), shared);
            assert_eq!(
                interval(right).intersect(interval(left)).unwrap(),
                both,
                "order does not matter"
            );
        }
    }

    #[test]
    fn disjoint_intervals_tell_the_gap() {
        for (left, right, gap) in [
            ("..2019", "2020..", 1),
            ("2018..2019-12-30", "2020..", 2),
            ("2021..", "..2019", 366 + 1),
            ("..2019-02", "2019-03-02..", 2),
            ("..2020-02", "2020-03-02..", 2),
        ] {
            let disjoint = interval(left).intersect(interval(right)).unwrap_err();
            assert_eq!(disjoint.gap_in_days(), gap, "{left} and {right}");
            assert!(!interval(right).overlaps(interval(left)));
        }
    }
}
