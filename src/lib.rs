//! The parts of `runway-preflight`, for its command and its tests. The command line is the
//! interface that is kept stable; this library is not.
//!
//! Arrows run one way: `main` → `cli`, `api`, `report` → `decide` → `diagnostic` → `quota`,
//! `spend`. To see where a diagnostic is decided, open [`decide`] for what Runway answered and
//! [`api`] for what kept it from answering; its sentences are in [`diagnostic`].

#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

pub mod api;
pub mod clean;
pub mod cli;
pub mod credentials;
pub mod decide;
pub mod decode;
pub mod diagnostic;
pub mod exit;
pub mod figures;
pub mod gate;
pub mod quota;
pub mod report;
pub mod spend;
pub mod tier;
