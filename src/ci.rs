//! What a run does for the CI system that it runs in. To add one, add a file here, and a line
//! each to `mod` and `detect`.

pub mod github;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::diagnostic::KeyHint;
use crate::report::Report;

/// The environment: the value of a variable, if it is set.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A CI system.
pub trait System {
    /// Why a run of this system may have no key.
    fn key_hints(&self) -> Vec<KeyHint>;

    /// Whether the working directory is a checkout, which may be somebody else's.
    fn works_in_checkout(&self) -> bool;

    /// The files that it reads after the step, in the order in which they are written.
    fn files(&self) -> Vec<CiFile>;

    /// The diagnostics, in the form that it shows best.
    fn diagnostics(&self, report: &Report) -> String;

    /// A wrong command line, in the same form; the run may have a label.
    fn usage_error(&self, message: &str, label: Option<&str>) -> String;
}

/// A file that a CI system reads after the step.
pub struct CiFile {
    /// What it is called in a message: the variable that names it.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// What is written there of a report.
    pub render: fn(&Report, already_there: u64) -> String,
    /// What is written there of a wrong command line.
    pub render_usage_error: fn(&str, label: Option<&str>, already_there: u64) -> String,
}

/// The system that this runs in, if it is one that is known.
pub fn detect(variables: Variables) -> Option<Box<dyn System>> {
    github::detect(variables)
}
