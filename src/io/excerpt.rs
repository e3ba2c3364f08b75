//! Lines of a file, fetched again for the messages about it, so that reading need not keep them.

use super::bytes::Input;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Bytes of a line that are looked at.
const LONGEST: u64 = 1 << 16;

/// The texts of these lines, without their ends; fewer when the file is no plain file or cannot be read again.
/// O(file up to the last of them).
pub(crate) fn lines(path: &Path, wanted: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    // A pipe has been read, and would wait for somebody to write to it again.
    let Ok(true) = path.metadata().map(|metadata| metadata.is_file()) else {
        return found;
    };
    let Ok(input) = Input::file(path, None) else {
        return found;
    };
    let mut reader = BufReader::with_capacity(1 << 16, input);
    let mut at = 1;
    for &line in wanted {
        while at < line {
            match reader.skip_until(b'\n') {
                Ok(0) | Err(_) => return found,
                Ok(_) => at += 1,
            }
        }
        let mut text = Vec::new();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut text) {
            Ok(0) | Err(_) => return found,
            Ok(_) => {}
        }
        if text.last() == Some(&b'\n') {
            at += 1;
            text.pop();
            text.pop_if(|last| *last == b'\r');
        }
        found.insert(line, String::from_utf8_lossy(&text).into_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], wanted: &[u32], expected: &[(u32, &str)]) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.csv");
        std::fs::write(&path, text).unwrap();
        let found = lines(&path, &wanted.iter().copied().collect());
        let shown: Vec<(u32, &str)> = found
            .iter()
            .map(|(line, text)| (*line, text.as_str()))
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn lines_are_found_by_their_numbers() {
        let text = b"\xEF\xBB\xBFa,b\r\n\n1,\xff\nlast";
        check(
            text,
            &[4, 1, 2, 3, 9],
            &[(1, "a,b"), (2, ""), (3, "1,\u{fffd}"), (4, "last")],
        );
        check(b"", &[1], &[]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_found() {
        let long = "x".repeat(200_000);
        let text = format!("{long}\nnext\n");
        check(
            text.as_bytes(),
            &[1, 2],
            &[(1, &long[..1 << 16]), (2, "next")],
        );
        assert!(lines(Path::new("no/such/file"), &BTreeSet::from([1])).is_empty());
    }
}
