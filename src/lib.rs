//! The parts of `runway-preflight`, for its command and its tests. The command line is the
//! interface that is kept stable; this library is not.
//!
//! Arrows run one way. The binary prepares and tells; [`gate`] looks, by [`api`] and [`decode`], and
//! has [`decide`] compare; [`report`] shows what came of it. [`decide`] knows [`diagnostic`],
//! [`requirements`], [`quota`] and [`spend`], and neither HTTP nor flags nor a clock. To see where a
//! diagnostic is decided, open [`decide`] for what Runway answered and [`api`] for what kept it from
//! answering; its sentences are in [`diagnostic`].

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
pub mod requirements;
pub mod spend;
pub mod tier;
