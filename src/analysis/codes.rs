//! Every code the checker gives, with its meaning in one line. Codes are stable: none is ever reused.

use crate::syntax::codes::{Code, warning_name_in};

macro_rules! codes {
    ($($constant:ident = $code:literal $(as $name:literal)?, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $constant: &str = $code;)*

        /// All codes of this part, ascending.
        pub const CODES: &[Code] = &[
            $(Code { code: $code, meaning: $meaning, warning_name: codes!(@name $($name)?) }),*
        ];
    };
    (@name) => { None };
    (@name $name:literal) => { Some($name) };
}

codes! {
    UNDEFINED_RELATION = "D101", "A rule, directive or query names a relation that no `.decl` declares.";
    MISMATCHING_ARITY = "D102", "An atom has more or fewer arguments than its relation has attributes.";
    UNDEFINED_TYPE = "D103", "A type is used that nothing declares.";
    UNDEFINED_ATTRIBUTE = "D104", "A key names an attribute the relation does not have.";
    UNDEFINED_FUNCTOR = "D105", "`@f(…)` is called but no `.functor` declares it.";
    UNDEFINED_BRANCH = "D106", "`$Branch(…)` is used but no algebraic type has that branch.";
    UNDEFINED_COMPONENT = "D107", "`.init` or a base names a component that nothing declares.";
    NAME_CLASH = "D108", "One name is declared twice.";
    DUPLICATE_ATTRIBUTE = "D109", "A relation, record or branch has two attributes of one name.";
    COMPONENT_PARAMETERS = "D110", "A component is given more or fewer type parameters than it declares.";
    COMPONENT_CYCLE = "D111", "Components inherit from or instantiate each other without end.";
    INVALID_OVERRIDE = "D112", "`.override` names a relation that is not inherited or not overridable.";
    INVALID_LATTICE = "D113", "A lattice lacks an operator, or an attribute or variable cannot be of it.";
    FACT_NOT_CONSTANT = "D201", "A fact has an argument that is not constant.";
    UNDERSCORE_IN_HEAD = "D202", "`_` stands where a value must be known: in a head.";
    UNDERSCORE_IN_CONSTRAINT = "D203", "`_` stands where a value must be known: in a comparison or an expression.";
    UNGROUNDED = "D204", "A variable, record or branch gets no value from a positive atom or an equation.";
    UNSTRATIFIABLE = "D205", "A relation depends on its own negation or aggregate.";
    WITNESS_PROBLEM = "D206", "A variable of a count, sum or mean is used outside, where it has no single value.";
    MUTUALLY_DEPENDENT_AGGREGATES = "D207", "Two aggregates each need the other's result.";
    DISJUNCTION_IN_AGGREGATE = "D208", "The body of an aggregate has a disjunction.";
    BODY_TOO_LARGE = "D209", "Expanding a body's disjunctions gives more conjunctions than is allowed.";
    AUTOINC_IN_RECURSION = "D210", "`autoinc()` stands in a recursive rule.";
    INVALID_PLAN = "D211", "`.plan` does not name each positive atom once.";
    INVALID_SUBSUMPTION = "D212", "A subsumption relates two relations, or a relation that cannot have one.";
    INVALID_EQREL = "D213", "An equivalence relation is not binary over one type.";
    INVALID_INLINE = "D214", "A relation marked `inline` cannot be inlined.";
    DUPLICATE_DIRECTIVE = "D215", "A relation has two `.printsize` or two `.limitsize`.";
    INVALID_PARAMETER = "D216", "A directive's parameter is missing or has a value it cannot have.";
    INVALID_PATTERN = "D217", "A fact or pattern given to a command has something else than constants and `_`.";
    INVALID_DELTA = "D218", "A relation declared as `debug_delta` has rules, facts or input of its own.";
    TYPE_CONFLICT = "D301", "A variable or expression is used at types that have no common subtype.";
    NOT_A_SUBTYPE = "D302", "An argument's type is not a subtype of the declared one.";
    NEGATED_KIND = "D303", "An argument of a negated atom is of another kind than the attribute.";
    INVALID_CONSTANT = "D304", "A constant does not fit the type its place asks for.";
    AMBIGUOUS_RECORD = "D305", "The type of a record or `nil` cannot be deduced, or is not a record.";
    RECORD_SIZE = "D306", "A record has more or fewer fields than its type.";
    BRANCH_SIZE = "D307", "A branch has more or fewer fields than declared.";
    INVALID_OVERLOAD = "D308", "A functor has no form for these operands.";
    INCOMPARABLE = "D309", "A comparison's sides are of different or unordered types.";
    INVALID_UNION = "D310", "A union mixes kinds, or has a record or algebraic type in it.";
    CYCLIC_TYPE = "D311", "A type is defined by itself.";
    INVALID_SUBSET = "D312", "A subset is taken of a union or a record.";
    INVALID_AGGREGATE = "D313", "An aggregate is taken over values it is not defined for.";
    FUNCTOR_ARGUMENTS = "D314", "A user functor is called or declared with types it cannot have.";
    BRANCH_CLASH = "D316", "Two algebraic types have a branch of one name; branch names are global.";
    NO_RULES_NOR_FACTS = "W101" as "no-rules-nor-facts", "A relation has no rule, no fact and no input, so it is always empty.";
    NO_SUBSUMPTIVE_RULE = "W102" as "no-subsumptive-rule", "A `btree_delete` relation has no subsumptive rule.";
    VARIABLE_ONCE = "W103" as "var-appears-once", "A variable appears once; `_` says that this is meant.";
    VARIABLE_MARKED_SINGLE = "W104" as "var-appears-once", "A variable that starts with `_` appears more than once.";
    LATTICE_OPERATOR = "W105" as "lattice-missing-operator", "A lattice has no Glb or no Bottom.";
    UNUSED_RELATION = "W106" as "unused-relation", "A relation is derived but no rule reads it and no `.output` writes it.";
    NEVER_FIRES = "W107" as "never-fires", "A rule can never fire: an atom it needs is always empty, or its body is false.";
    UNKNOWN_PARAMETER = "W108" as "unknown-parameter", "A directive has a key that nothing reads.";
    UNKNOWN_PRAGMA = "W109" as "unknown-pragma", "A pragma that nothing reads.";
    CROSS_PRODUCT = "W110" as "cross-product", "Two atoms of a body share no variable: every row meets every row.";
    UNBOUNDED_RECURSION = "W111" as "unbounded-recursion", "A recursive rule makes new values without a bound.";
    PLAN_IGNORED = "W112" as "plan-ignored", "`.plan` on a rule that is not recursive has no effect.";
}

/// The name under which a warning of this part is silenced.
pub fn warning_name(code: &str) -> Option<&'static str> {
    warning_name_in(CODES, code)
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

    #[test]
    fn no_code_is_one_of_the_syntax() {
        let syntax: Vec<&str> = crate::syntax::codes::CODES
            .iter()
            .map(|entry| entry.code)
            .collect();
        assert!(CODES.iter().all(|entry| !syntax.contains(&entry.code)));
    }
}
