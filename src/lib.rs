//! The parts of `runway-preflight`, for its command and its tests. The command line is the
//! interface that is kept stable; this library is not.
//!
//! Arrows run one way. The binary sets up and reports; [`poll`] checks, by [`api`] and [`decode`],
//! and has [`decide`] compare; [`report`] shows what came of it. [`decide`] knows [`requirement`],
//! [`diagnostic`], [`job`], [`grant`], [`forecast`], [`quota`] and [`spend`], and neither HTTP nor flags nor a clock. To see
//! where a diagnostic is decided, open [`requirement`] and [`decide`] for what Runway answered and
//! [`api`] for what kept it from answering; its messages are in [`diagnostic`].

// On docs.rs there is nothing to read: the library is for this repository alone.
#![cfg_attr(docsrs, doc(hidden))]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

pub mod api;
pub mod ci;
pub mod cli;
pub mod credentials;
pub mod decide;
pub mod decode;
pub mod diagnostic;
pub mod exit;
pub mod files;
pub mod forecast;
pub mod format;
pub mod grant;
pub mod job;
pub mod output;
pub mod plan;
pub mod poll;
pub mod price;
pub mod quota;
pub mod redact;
pub mod report;
pub mod requirement;
pub mod retry;
pub mod sanitize;
pub mod source;
pub mod spend;
pub mod tier;
