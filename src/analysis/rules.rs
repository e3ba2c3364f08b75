//! The rules of a program, found by number and by head.

use super::checked::{RelationId, Rule, RuleId};
use std::ops::Deref;

/// Rules in the order of the text. Those of one relation are found without going through the others: a text may state
/// a hundred thousand facts.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    all: Vec<Rule>,
    /// By relation: the rules that have it as their head, ascending.
    of: Vec<Vec<RuleId>>,
}

impl Rules {
    pub fn push(&mut self, rule: Rule) -> RuleId {
        let id = RuleId(self.all.len() as u32);
        if let Some(head) = &rule.head {
            let at = head.relation.index();
            if self.of.len() <= at {
                self.of.resize_with(at + 1, Vec::new);
            }
            self.of[at].push(id);
        }
        self.all.push(rule);
        id
    }

    pub fn of(&self, relation: RelationId) -> &[RuleId] {
        self.of.get(relation.index()).map_or(&[], Vec::as_slice)
    }
}

impl Deref for Rules {
    type Target = [Rule];

    fn deref(&self) -> &[Rule] {
        &self.all
    }
}

impl Extend<Rule> for Rules {
    fn extend<I: IntoIterator<Item = Rule>>(&mut self, rules: I) {
        rules.into_iter().for_each(|rule| {
            self.push(rule);
        });
    }
}

impl FromIterator<Rule> for Rules {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Rules {
        let mut all = Rules::default();
        all.extend(rules);
        all
    }
}
