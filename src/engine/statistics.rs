//! Sizes for the planner.

use super::relation::RelationState;
use crate::analysis::checked::RelationId;
use crate::plan::{Statistics, Version};
use crate::storage::{Code, RowSource, SortedRows};
use rustc_hash::FxHashMap;

/// Values looked at per column.
const SAMPLE: usize = 1024;

/// Distinct values of each column, from an evenly spaced sample: values seen once stand for many, the others for
/// themselves (the GEE estimator of Charikar, Chaudhuri, Motwani and Narasayya, 2000).
pub fn estimate_distinct(rows: &dyn RowSource) -> Vec<f64> {
    let step = rows.row_count().div_ceil(SAMPLE).max(1);
    let mut samples: Vec<Vec<Code>> = Vec::new();
    let mut skip = 0;
    rows.visit(&mut |columns, len| {
        samples.resize(columns.len(), Vec::new());
        for (sample, column) in samples.iter_mut().zip(columns) {
            sample.extend(column[skip.min(len)..].iter().step_by(step));
        }
        skip = match len > skip {
            true => (step - (len - skip) % step) % step,
            false => skip - len,
        };
    });
    let estimate = |sample: Vec<Code>| {
        let mut counts: FxHashMap<Code, u32> = FxHashMap::default();
        for &code in &sample {
            *counts.entry(code).or_default() += 1;
        }
        let once = counts.values().filter(|&&count| count == 1).count() as f64;
        let scale = (rows.row_count() as f64 / sample.len().max(1) as f64).sqrt();
        scale * once + (counts.len() as f64 - once)
    };
    samples.into_iter().map(estimate).collect()
}

/// The same of rows in order, where values of the first column are next to each other: a row begins another one as often
/// as it differs from the row before.
pub fn distinct_in_order(rows: &SortedRows) -> Vec<f64> {
    let mut estimates = estimate_distinct(&**rows.rows());
    let (len, step) = (rows.len(), rows.len().div_ceil(SAMPLE * 4).max(1));
    if let Some(estimate) = estimates.first_mut().filter(|_| len > 1) {
        let column = rows.rows().column(0);
        let places = (1..len).step_by(step);
        let begun = places.clone().filter(|&at| column[at] != column[at - 1]);
        *estimate = 1.0 + begun.count() as f64 / places.len() as f64 * (len - 1) as f64;
    }
    estimates
}

/// The relations as the planner sees them during one stratum.
pub struct Sizes<'a> {
    pub relations: &'a [RelationState],
    /// Relations of the stratum that is being derived.
    pub recursive: &'a [RelationId],
}

impl Statistics for Sizes<'_> {
    fn rows(&self, relation: RelationId, version: Version) -> f64 {
        let state = &self.relations[relation.index()];
        match version {
            Version::Delta => state.typical_delta(),
            // Old rows are few only in the first rounds, and plans outlive those.
            Version::Full | Version::Old => state.set.len() as f64,
        }
    }

    fn distinct(&self, relation: RelationId, column: usize) -> f64 {
        self.relations[relation.index()].distinct(column)
    }

    fn recursive(&self, relation: RelationId) -> bool {
        self.recursive.contains(&relation)
    }
}
