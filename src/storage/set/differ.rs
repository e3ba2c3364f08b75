//! What one set has and another has not, piece by piece: two runs over almost the same rows fill their shapes alike.

use super::{PairShard, RowSet, RowSource, Shape};
use crate::storage::Code;
use crate::storage::table::unpack;
use parking_lot::RwLock;

/// Called with rows of one set alone.
pub type Only<'a> = &'a mut dyn FnMut(&[Code]);

impl RowSet {
    /// Calls back with the rows that only this set has and with those that only the other has. None may be unsettled.
    pub fn differences(&self, other: &RowSet, here: Only, there: Only) {
        match (&self.shape, &other.shape) {
            (Shape::Matrix(one), Shape::Matrix(two)) if one.axes() == two.axes() => {
                let unused = 2 - self.arity;
                one.differences(two, &mut |first, second, in_one| match in_one {
                    true => here(&[first, second][unused..]),
                    false => there(&[first, second][unused..]),
                });
            }
            (Shape::Groups(one), Shape::Groups(two)) if one.len() == two.len() => {
                for (one, two) in one.iter().zip(two) {
                    let (one, two) = (one.read(), two.read());
                    one.only(&two, &mut |first, second| here(&[first, second]));
                    two.only(&one, &mut |first, second| there(&[first, second]));
                }
            }
            (Shape::Pairs(one), Shape::Pairs(two))
                if one.len() == two.len() && self.core.is_none() && other.core.is_none() =>
            {
                self.only_pairs(one, two, here);
                self.only_pairs(two, one, there);
            }
            (Shape::Amended(amended), _) => amended.differences(other, here, there),
            _ => {
                let mut gone = 0;
                self.each(&mut |row| {
                    if !other.contains(row) {
                        gone += 1;
                        here(row);
                    }
                });
                // What both have is as much of the one as of the other.
                if other.len + gone > self.len {
                    other.each(&mut |row| {
                        if !self.contains(row) {
                            there(row);
                        }
                    });
                }
            }
        }
    }

    /// Each row by itself.
    fn each(&self, act: Only) {
        let mut row = vec![Code::default(); self.arity];
        self.visit(&mut |columns, len| {
            for at in 0..len {
                for (code, column) in row.iter_mut().zip(columns) {
                    *code = column[at];
                }
                act(&row);
            }
        });
    }

    fn only_pairs(&self, one: &[RwLock<PairShard>], two: &[RwLock<PairShard>], act: Only) {
        for (one, two) in one.iter().zip(two) {
            one.read().table.only(&two.read().table, &mut |key| {
                let (first, second) = unpack(key);
                act(&[first, second][2 - self.arity..]);
            });
        }
    }
}
