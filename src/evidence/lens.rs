//! Which claims count: what was true then, what was known by then, what is good enough.

use super::{Claim, Credibility, Interval, PartialDate, Reliability, Sources};

/// A choice of claims. The default takes all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lens {
    /// Claims that held on one of these days at least; an open end is no end.
    pub as_of: Option<PartialDate>,
    /// Claims of sources published by the end of these days. A date of publication counts as known by its last day, so
    /// that `2024` was known by the end of 2024; what has no such date is not known to have been known.
    pub known_by: Option<PartialDate>,
    /// Claims of sources at least so reliable; `F`, which cannot be judged, is below `E`.
    pub min_reliability: Option<Reliability>,
    /// Conclusions are dropped whose claims never all held on one day, and nothing follows from them.
    pub at_once: bool,
    /// Claims at least so credible, `1` being the most; `6`, which cannot be judged, is below `5`.
    pub max_credibility: Option<Credibility>,
}

impl Lens {
    pub fn takes_all(&self) -> bool {
        *self == Lens::default()
    }

    pub fn admits(&self, claim: &Claim, sources: &Sources) -> bool {
        let source = claim.source.map(|source| &sources[source]);
        let published = source.and_then(|source| source.published);
        self.as_of
            .is_none_or(|date| claim.interval.overlaps(Interval::during(date)))
            && self.known_by.is_none_or(|date| {
                published.is_some_and(|published| published.last_day() <= date.last_day())
            })
            && self
                .min_reliability
                .is_none_or(|least| claim.grade(sources).reliability <= least)
            && self
                .max_credibility
                .is_none_or(|most| claim.credibility <= most)
    }
}

/// `as of 2020, known by 2024-03, reliability B or better, credibility 2 or better`.
impl std::fmt::Display for Lens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = [
            self.as_of.map(|date| format!("as of {date}")),
            self.known_by.map(|date| format!("known by {date}")),
            self.min_reliability
                .map(|least| format!("reliability {least} or better")),
            self.max_credibility
                .map(|most| format!("credibility {most} or better")),
            self.at_once
                .then(|| "only what was true at one time".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        match parts.is_empty() {
            true => f.write_str("all claims"),
            false => f.write_str(&parts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, Stance};
    use super::*;
    use crate::analysis::checked::RelationId;
    use std::sync::{Arc, LazyLock};

    /// `published reliability credibility from..to`, `-` for what is not there.
    fn claim(text: &str) -> (Claim<'static>, Sources) {
        static FILE: LazyLock<Arc<str>> = LazyLock::new(|| "x.csv".into());
        let words: Vec<&str> = text.split_whitespace().collect();
        let (from, to) = words[3].split_once("..").unwrap();
        let (sources, _) = Sources::register(vec![Source {
            id: "x".into(),
            published: words[0].parse().ok(),
            reliability: words[1].parse().unwrap(),
            ..Source::default()
        }]);
        let claim = Claim {
            id: "c",
            relation: RelationId(0),
            row: &[],
            source: sources.find("x"),
            credibility: words[2].parse().unwrap(),
            interval: Interval::new(from.parse().ok(), to.parse().ok()).unwrap(),
            stance: Stance::Supports,
            note: None,
            file: &FILE,
            line: 2,
        };
        (claim, sources)
    }

    fn check(lens: Lens, cases: &[(&str, bool)]) {
        for (text, admitted) in cases {
            let (claim, sources) = claim(text);
            assert_eq!(lens.admits(&claim, &sources), *admitted, "{lens}: {text}");
        }
    }

    #[test]
    fn dates_are_intervals() {
        let date = |text: &str| Some(text.parse().unwrap());
        check(
            Lens {
                as_of: date("2020"),
                ..Lens::default()
            },
            &[
                ("- A 1 ..", true),
                ("- A 1 2020-12-31..", true),
                ("- A 1 2021..", false),
                ("- A 1 ..2020-01-01", true),
                ("- A 1 2018..2019", false),
            ],
        );
        check(
            Lens {
                known_by: date("2024-02"),
                ..Lens::default()
            },
            &[
                ("2024-02-29 A 1 ..", true),
                ("2024-02 A 1 2030..", true),
                ("2024-03-01 A 1 ..", false),
                ("2024 A 1 ..", false),
                ("2023 A 1 ..", true),
                ("- A 1 ..", false),
            ],
        );
    }

    #[test]
    fn what_cannot_be_judged_is_below_the_worst() {
        let lens = Lens {
            min_reliability: Some(Reliability::B),
            max_credibility: Some(Credibility::Possible),
            ..Lens::default()
        };
        check(
            lens,
            &[
                ("- A 1 ..", true),
                ("- B 3 ..", true),
                ("- C 1 ..", false),
                ("- F 1 ..", false),
                ("- A 4 ..", false),
                ("- A 6 ..", false),
            ],
        );
    }
}
