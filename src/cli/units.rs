//! Times and sizes as people write them.

use jiff::SignedDuration;
use std::time::Duration;

/// `30s`, `1m 30s`, `500ms`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let reason = || "a time such as `30s`, `5m` or `1h30m`".to_owned();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| reason());
    }
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(reason)
}

/// `4G`, `512M`, `4GiB`, `100000`: powers of 1024.
pub fn bytes(text: &str) -> Result<u64, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = unit.trim().to_ascii_lowercase();
    let power = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return Err("a size such as `512M` or `4G`".to_owned()),
    };
    let value: f64 = number
        .parse()
        .map_err(|_| "a size such as `512M` or `4G`".to_owned())?;
    Ok((value * 1024f64.powi(power)) as u64)
}

/// `64` or `32`
pub fn word_size(text: &str) -> Result<u32, String> {
    match text {
        "64" => Ok(64),
        "32" => Ok(32),
        _ => Err("64 or 32".to_owned()),
    }
}

/// `12.3 MiB`
pub fn show_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ if value >= 100.0 => format!("{value:.0} {}", UNITS[unit]),
        _ => format!("{value:.1} {}", UNITS[unit]),
    }
}

/// `0.03 ms`, `0.4 ms`, `31 ms`, `1.25 s`, `2 min 5 s`: three digits are enough to be proud of.
pub fn show_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 0.0001 => format!("{:.2} ms", (s * 1e3).max(0.01)),
        s if s < 0.01 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 100.0 => format!("{s:.2} s"),
        s => format!("{} min {} s", s as u64 / 60, s as u64 % 60),
    }
}

/// `1,951`
pub fn show_count(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `1 row`, `2 rows`
pub fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", show_count(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_written() {
        for (text, millis) in [
            ("30s", 30_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("500ms", 500),
            ("2", 2_000),
            ("0.5", 500),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "soon", "-3s", "-1", "nan", "inf", "1e400"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, size) in [
            ("100", 100),
            ("1k", 1024),
            ("512M", 512 << 20),
            ("4G", 4 << 30),
            ("4GiB", 4 << 30),
            ("4 GB", 4 << 30),
            ("1.5K", 1536),
        ] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for text in ["", "G", "-1G", "4X", "1.2.3M"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn quantities_are_shown_in_few_digits() {
        assert_eq!(show_bytes(1000), "1000 B");
        assert_eq!(show_bytes(5 << 20), "5.0 MiB");
        assert_eq!(show_duration(Duration::from_micros(34)), "0.03 ms");
        assert_eq!(show_duration(Duration::from_micros(420)), "0.4 ms");
        assert_eq!(show_duration(Duration::from_millis(31)), "31 ms");
        assert_eq!(show_duration(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(plural(1, "row"), "1 row");
        assert_eq!(plural(1_951, "claim"), "1,951 claims");
        assert_eq!(show_count(100), "100");
    }
}
