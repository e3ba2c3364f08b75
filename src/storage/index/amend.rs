//! Single rows in and out of an index.

use super::{ABSENT, Index, Locate};
use crate::storage::{Code, Rows};

/// An arena that is full gets room for this part of it more: it may be most of the memory there is.
const SLACK: usize = 16;

impl Index {
    /// Adds a row, given whole, that is not in the index yet.
    pub fn add(&mut self, row: &[Code]) {
        if self.rows == 0 {
            let mut rows = Rows::new(row.len());
            rows.push(row);
            *self = Index::build(&rows, &self.key, &self.payload);
            return;
        }
        self.ordered = false;
        if let Locate::Amended(_) = self.locate {
            self.add_beside(row);
            return;
        }
        if let Locate::Dense { .. } = self.locate {
            self.widen(&[row[self.key[0]]]);
        }
        let columns: Vec<&[Code]> = row.iter().map(std::slice::from_ref).collect();
        let mut numbers = Vec::with_capacity(1);
        self.slot_numbers(&columns, 1, &mut numbers);
        let stride = self.payload.len();
        let Index {
            slots,
            arena,
            payload,
            ..
        } = self;
        let arena = arena.own(slots, stride);
        let slot = &mut slots[numbers[0] as usize];
        if stride > 0 && slot.len == slot.room {
            let end = arena.len() / stride;
            let room = (slot.room * 2).max(2);
            let more = room as usize * stride;
            if arena.capacity() - arena.len() < more {
                arena.reserve_exact(more + arena.len() / SLACK);
            }
            let old = slot.start as usize * stride;
            arena.extend_from_within(old..old + slot.len as usize * stride);
            arena.resize(end * stride + more, Code::default());
            (slot.start, slot.room) = (end as u32, room);
        }
        let at = (slot.start + slot.len) as usize * stride;
        for (offset, &column) in payload.iter().enumerate() {
            arena[at + offset] = row[column];
        }
        slot.len += 1;
        self.rows += 1;
    }

    /// Takes a row, given whole, out; whether it was there. O(rows of its key).
    pub fn take(&mut self, row: &[Code]) -> bool {
        let Some((number, at)) = self.place(row) else {
            return false;
        };
        self.ordered = false;
        let stride = self.payload.len();
        self.rows -= 1;
        if let Locate::Amended(amended) = &mut self.locate {
            amended.take(number, at, stride);
            return true;
        }
        let arena = self.arena.own(&mut self.slots, stride);
        let slot = &mut self.slots[number as usize];
        slot.len -= 1;
        if stride > 0 {
            let (start, last) = (slot.start as usize, slot.len as usize);
            let from = (start + last) * stride;
            arena.copy_within(from..from + stride, (start + at) * stride);
        }
        true
    }

    fn add_beside(&mut self, row: &[Code]) {
        let key: Vec<Code> = self.key.iter().map(|&column| row[column]).collect();
        let number = self.locate(&key);
        if let Locate::Amended(amended) = &mut self.locate {
            let payload = self.payload.iter().map(|&column| row[column]);
            amended.add(&key, number, payload);
            self.rows += 1;
        }
    }

    /// The number of a row's key, and the place of the row in the entry.
    fn place(&self, row: &[Code]) -> Option<(u32, usize)> {
        let key: Vec<Code> = self.key.iter().map(|&column| row[column]).collect();
        let number = self.locate(&key);
        if number == ABSENT || self.count(number) == 0 {
            return None;
        }
        let mut entry = match self.payload[..] {
            [] => return Some((number, 0)),
            [only] => {
                let codes = self.entry(number).iter();
                let at = codes.into_iter().position(|&code| code == row[only])?;
                return Some((number, at));
            }
            _ => self.entry(number).chunks_exact(self.payload.len()),
        };
        let at = entry.position(|codes| {
            let columns = self.payload.iter().zip(codes);
            columns
                .into_iter()
                .all(|(&column, &code)| row[column] == code)
        })?;
        Some((number, at))
    }
}
