//! Every exit code, in one place. Scripts branch on these numbers.

/// Everything asked for is there. Also `skipped`, and `cannot-tell` under `--fail-open`.
pub const GO: u8 = 0;
/// The command line is wrong; nothing was asked.
pub const USAGE: u8 = 2;
/// Runway answered, and it is not enough.
pub const NO_GO: u8 = 3;
/// No key, or a key that Runway does not accept.
pub const KEY: u8 = 4;
/// Runway could not be asked or understood, or the report could not be written.
pub const CANNOT_TELL: u8 = 5;
