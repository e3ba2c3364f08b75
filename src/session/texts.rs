//! Facts that stand in the text of the rules, to be found by what they state.

use super::program::Program;
use crate::analysis::checked::{RelationId, RuleId};
use crate::explain::{Fact, stated_by};
use crate::storage::pattern::agrees;
use crate::storage::{Code, Dictionary};
use rustc_hash::FxHashMap;
use std::sync::{Arc, OnceLock};

/// Those of one program, made when somebody first asks. Copies of the program share them.
#[derive(Clone, Default)]
pub(super) struct Texts(Arc<OnceLock<Known>>);

#[derive(Default)]
struct Known {
    /// In the order of the rules.
    of: FxHashMap<RelationId, Vec<Fact>>,
    rules: FxHashMap<Fact, Vec<RuleId>>,
}

impl Program {
    fn known_texts(&self, dictionary: &Dictionary) -> &Known {
        self.texts.0.get_or_init(|| {
            let mut known = Known::default();
            for (id, rule) in self.checked.rules() {
                if let Some(fact) = stated_by(rule, dictionary) {
                    known
                        .of
                        .entry(fact.relation)
                        .or_default()
                        .push(fact.clone());
                    known.rules.entry(fact).or_default().push(id);
                }
            }
            known
        })
    }

    /// The facts in its text that agree with a pattern, as often as they are stated. O(1) where all columns are bound.
    pub fn texts(
        &self,
        relation: RelationId,
        pattern: &[Option<Code>],
        dictionary: &Dictionary,
    ) -> Vec<Fact> {
        let known = self.known_texts(dictionary);
        if let Some(row) = pattern.iter().copied().collect::<Option<Vec<Code>>>() {
            let fact = Fact::new(relation, &row);
            let times = known.rules.get(&fact).map_or(0, Vec::len);
            return vec![fact; times];
        }
        let all = known.of.get(&relation).into_iter().flatten();
        all.filter(|fact| agrees(pattern, &fact.row))
            .cloned()
            .collect()
    }

    /// The rules whose text states a fact.
    pub fn rules_stating(&self, fact: &Fact, dictionary: &Dictionary) -> &[RuleId] {
        let rules = self.known_texts(dictionary).rules.get(fact);
        rules.map_or(&[], Vec::as_slice)
    }
}
