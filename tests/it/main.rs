//! The gate as its users meet it: the real process, real sockets, real files.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod bounds;
mod clock;
mod command_line;
mod decoding;
mod diagnostics;
mod faults;
mod github;
mod history;
mod hostile;
mod keys;
mod load;
mod network;
mod plans;
mod readme;
mod secrecy;
mod support;
mod terminal;
mod waiting;
mod worst_day;
mod written;
