//! The codes of what can be wrong with data: stable, one meaning each.

macro_rules! codes {
    ($($name:ident $code:literal $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)*

        /// Every code with its meaning in one line.
        pub const TABLE: &[(&str, &str)] = &[$(($code, $meaning)),*];
    };
}

codes! {
    MORE "D400" "More mistakes of one file than are listed.";
    MISSING_FILE "D401" "An input file is not there.";
    UNREADABLE "D402" "A file cannot be read to its end.";
    PARAMETER "D403" "A directive has a parameter with an unusable value.";
    UNSUPPORTED "D404" "A directive asks for a kind of input or output that is not built in.";
    VALUES_MISSING "D405" "A row ends before its relation's last attribute.";
    VALUE "D406" "A value is not of its attribute's type.";
    BRACKETS "D407" "A field has brackets that do not pair.";
    ENCODING "D408" "A text is not UTF-8.";
    QUOTES "D409" "A quoted field is never closed, or goes on after its closing quote.";
    NO_HEADER "D410" "A file that needs a header line is empty.";
    DUPLICATE_HEADER "D411" "A header names a column twice.";
    NO_COLUMN "D412" "No column carries the name of an attribute.";
    FIELD_COUNT "D413" "A row has more or fewer fields than the header.";
    DUPLICATE_CLAIM "D414" "Two claims have one id.";
    UNKNOWN_SOURCE "D415" "A row names a source that is not registered.";
    DATE "D416" "A date does not exist or is not written as one.";
    REVERSED "D417" "An interval ends before it begins.";
    CONFIDENCE "D418" "A confidence is none of the grades.";
    STANCE "D419" "A stance neither supports nor disputes.";
    RELIABILITY "D420" "A reliability is none of the grades.";
    DUPLICATE_SOURCE "D421" "Two sources have one id.";
    NO_SOURCE_ID "D422" "A source has no id.";
    JSON "D423" "A file is not the JSON that was expected.";
    SQLITE "D425" "A SQLite database cannot be read, or lacks the table.";
    JUDGEMENT "D426" "A judgement lacks what makes it one, or its id is taken.";
    UNWRITABLE "D430" "A file cannot be written.";
    NO_REGISTER "W401" "Claims name sources, but there is no register of sources.";
    EMPTY_INPUT "W402" "An input file is not there and is read as empty.";
    UNESCAPED "W403" "A written text will not read back: the format cannot escape it.";
    JUDGED_NOTHING "W404" "A judgement is about a claim that no file has.";
    PADDED "W405" "A claim names something with a blank before or behind its name.";
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn codes_ascend_and_none_is_used_twice() {
        for kind in ["D4", "W4"] {
            let codes: Vec<&str> = TABLE.iter().map(|&(code, _)| code).collect();
            let codes: Vec<&&str> = codes.iter().filter(|code| code.starts_with(kind)).collect();
            assert!(codes.is_sorted() && codes.windows(2).all(|pair| pair[0] != pair[1]));
        }
    }
}
