//! Cutout.
