//! How many random cases a property is tried on, and which.

use proptest::test_runner::{Config, RngSeed};

/// The seed of every run but those that are asked to try more.
const SEED: u64 = 20_261_122;

/// So many cases, the same in every run: a change passes or fails for what it is, not by luck. `CUTOUT_TRIES=20` tries
/// twenty times as many, and others each time.
pub fn tries(cases: u32) -> Config {
    let times: Option<u32> = std::env::var("CUTOUT_TRIES")
        .ok()
        .map(|times| times.parse().expect("CUTOUT_TRIES is a number"));
    Config {
        cases: cases * times.unwrap_or(1),
        rng_seed: match times {
            Some(_) => RngSeed::Random,
            None => RngSeed::Fixed(SEED),
        },
        ..Config::default()
    }
}
