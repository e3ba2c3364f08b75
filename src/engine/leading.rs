//! Numbers at the beginning of a text, as C's `strtoll` and `strtod` read them.

/// The integer a text begins with, after blanks and a sign: decimal, `0x…` or `0b…`. What follows is ignored.
pub(super) fn leading_number(text: &str) -> Option<i64> {
    let (negative, magnitude) = leading_integer(text)?;
    let value = if negative {
        -i128::from(magnitude)
    } else {
        i128::from(magnitude)
    };
    i64::try_from(value).ok()
}

/// As [`leading_number`]; a negative one wraps, as `strtoull` does.
pub(super) fn leading_unsigned(text: &str) -> Option<u64> {
    let (negative, magnitude) = leading_integer(text)?;
    Some(if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    })
}

fn leading_integer(text: &str) -> Option<(bool, u64)> {
    let (negative, text) = sign(text);
    let prefixed = [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((text.strip_prefix(prefix)?, radix)))
        .filter(|(rest, radix)| rest.starts_with(|c: char| c.is_digit(*radix)));
    let (digits, radix) = prefixed.unwrap_or((text, 10));
    let end = digits
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(digits.len());
    let magnitude = u64::from_str_radix(&digits[..end], radix).ok()?;
    Some((negative, magnitude))
}

fn sign(text: &str) -> (bool, &str) {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

/// The float a text begins with, after blanks and a sign: decimal with an exponent, `0x…`, `inf` or `nan`. What
/// follows is ignored.
pub(super) fn leading_float(text: &str) -> Option<f64> {
    let (negative, text) = sign(text);
    let starts = |word: &str| {
        text.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let magnitude = if starts("inf") {
        f64::INFINITY
    } else if starts("nan") {
        f64::NAN
    } else if let Some(value) = leading_hexadecimal(text) {
        value
    } else {
        text[..decimal_length(text)?].parse().ok()?
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Length of `digits[.digits][e[±]digits]`, with a digit on at least one side of the point.
fn decimal_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let whole = digits(0);
    let mut end = whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + signed);
        if exponent > 0 {
            end += 1 + signed + exponent;
        }
    }
    Some(end)
}

/// `0x1.8p3` as C writes it; the digits beyond what a double holds are cut off, not rounded.
fn leading_hexadecimal(text: &str) -> Option<f64> {
    let rest = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    let mut value = 0.0_f64;
    let mut scale = 0_i32;
    let mut seen = false;
    let mut after_point = false;
    let mut end = 0;
    for (at, c) in rest.char_indices() {
        if let Some(digit) = c.to_digit(16) {
            seen = true;
            value = value * 16.0 + f64::from(digit);
            scale -= 4 * i32::from(after_point);
        } else if c == '.' && !after_point {
            after_point = true;
        } else {
            break;
        }
        end = at + 1;
    }
    if !seen {
        return None;
    }
    if let Some(exponent) = rest[end..].strip_prefix(['p', 'P'])
        && let Some((negative, power)) = leading_exponent(exponent)
    {
        scale = scale.saturating_add(if negative { -power } else { power });
    }
    Some(value * 2.0_f64.powi(scale))
}

fn leading_exponent(text: &str) -> Option<(bool, i32)> {
    if text.starts_with(char::is_whitespace) {
        return None;
    }
    let (negative, digits) = sign(text);
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    Some((negative, digits[..end].parse().unwrap_or(1 << 20)))
}
