//! Every code this part can report, with one line on what it means.

/// A stable, searchable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    pub code: &'static str,
    pub meaning: &'static str,
    /// The name that silences it (`--wno NAME`); Soufflé's where it has one.
    pub warning_name: Option<&'static str>,
}

macro_rules! codes {
    ($($name:ident $code:literal $meaning:literal $(=> $warning:literal)?;)*) => {
        $(pub const $name: &str = $code;)*

        /// All codes of this part, ascending.
        pub const CODES: &[Code] = &[
            $(Code { code: $code, meaning: $meaning, warning_name: codes!(@name $($warning)?) },)*
        ];
    };
    (@name) => { None };
    (@name $warning:literal) => { Some($warning) };
}

codes! {
    UNEXPECTED_CHARACTER "D001" "a character that has no meaning in a program";
    UNTERMINATED_STRING "D002" "a string literal without its closing quote";
    UNTERMINATED_COMMENT "D003" "a block comment without its `*/`";
    UNKNOWN_ESCAPE "D004" "an escape sequence that does not exist";
    MALFORMED_NUMBER "D005" "a number that is none of the notations";
    IP_OUT_OF_RANGE "D006" "an IPv4 address with a part above 255";
    NUMBER_TOO_LARGE "D007" "a literal that no word can hold";
    UNEXPECTED_TOKEN "D010" "the grammar asks for something else here";
    MISSING_DOT "D011" "a clause without its final `.`";
    UNKNOWN_DIRECTIVE "D012" "a directive that does not exist";
    RESERVED_WORD "D013" "a reserved word where a name is needed";
    UNBALANCED "D014" "a bracket without its partner";
    TOO_DEEP "D015" "nesting beyond the stated limit";
    MISPLACED_ITEM "D016" "an item that is not allowed at this place";
    FACT_SHAPE "D017" "a fact that is not one atom and a `.`";
    AGGREGATE_SHAPE "D018" "an aggregate with a wrong target or without a body";
    UNKNOWN_FUNCTOR "D019" "a call of a functor that does not exist";
    QUALIFIER_CLASH "D021" "a relation qualifier given twice or beside its opposite";
    LATTICE_OPERATOR "D022" "a lattice operator that does not exist or is given twice";
    UNREADABLE_FILE "D030" "a program file that cannot be read";
    MISSING_INCLUDE "D031" "an included file that cannot be found or read";
    INVALID_UTF8 "D032" "a program file that is not UTF-8";
    INCLUDE_CYCLE "D033" "a file that includes itself";
    INCLUDE_LIMIT "D034" "more included files or text than the stated limit";
    FILE_TOO_LARGE "D035" "a program file beyond the stated size";
    BAD_PREPROCESSOR "D040" "a malformed preprocessor directive";
    UNTERMINATED_CONDITIONAL "D041" "an `#if` without its `#endif`";
    STRAY_CONDITIONAL "D042" "an `#else`, `#elif` or `#endif` without its `#if`";
    MACRO_ARGUMENTS "D043" "a macro called with the wrong arguments";
    MACRO_LIMIT "D044" "macros that expand beyond the stated limit";
    ERROR_DIRECTIVE "D045" "an `#error` directive was reached";
    BAD_CONDITION "D046" "an `#if` condition that is no integer expression";
    BAD_DEFINITION "D047" "a `-M` definition that is not `NAME` or `NAME=VALUE`";
    TOO_MANY_ERRORS "D050" "more errors than are worth reporting";
    DEPRECATED_TYPE "W001" "an old form of type declaration" => "deprecated-type-decl";
    DEPRECATED_QUALIFIER "W002" "input, output or printsize as a qualifier" => "deprecated-qualifier";
    DOLLAR_SIGN "W003" "`$` in place of `autoinc()`" => "dollar-sign";
    USELESS_DOC_COMMENT "W004" "a doc comment that documents nothing" => "useless-doc-comment";
    USELESS_ANNOTATION "W005" "an annotation that annotates nothing" => "useless-annotation";
    MACRO_REDEFINED "W006" "a macro defined again with another meaning" => "macro-redefined";
    IGNORED_HASH_LINE "W007" "a line with `#` that is no preprocessor directive" => "ignored-hash-line";
    TOO_MANY_WARNINGS "W008" "more warnings than are worth reporting" => "too-many-warnings";
}

/// The name that silences a warning, if `code` is one of this part's warnings.
pub fn warning_name(code: &str) -> Option<&'static str> {
    warning_name_in(CODES, code)
}

/// The same for the warnings of any part's table.
pub fn warning_name_in(codes: &[Code], code: &str) -> Option<&'static str> {
    codes
        .iter()
        .find(|entry| entry.code == code)
        .and_then(|entry| entry.warning_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_warnings_have_names() {
        assert!(CODES.is_sorted_by(|a, b| a.code < b.code));
        for entry in CODES {
            assert_eq!(
                entry.code.starts_with('W'),
                entry.warning_name.is_some(),
                "{}",
                entry.code
            );
        }
    }
}
