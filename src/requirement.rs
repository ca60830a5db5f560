//! One file for each kind of requirement: its check returns the row of the report, with the errors
//! that are about it. No clock, no input, no output.

pub(crate) mod budget;
pub(crate) mod concurrency;
pub(crate) mod credits;
pub(crate) mod generations;
pub(crate) mod keep;
pub(crate) mod max_cost;
pub(crate) mod planned_cost;

use crate::diagnostic::Finding;
use crate::quota::{Limit, Model};
use crate::source::Document;

/// As many models, days or fields as one diagnostic names as an example.
pub(crate) const MAX_NAMED: usize = 3;

/// One requirement, and whether it is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name of the kind in the JSON report.
    pub kind: &'static str,
    /// The model, if it is about one.
    pub model: Option<Model>,
    /// The answer that decides it.
    pub document: Document,
    /// What it is called, after the model's name.
    pub name: String,
    /// What is needed.
    pub needed: i128,
    /// What is there.
    pub left: Left,
    /// The limit that it is left of, if there is one.
    pub of: Option<u64>,
    /// Whether it is enough; `None` if it could not be decided.
    pub met: Option<bool>,
    /// What helps to read it.
    pub note: String,
    /// The errors of the run that are about it.
    pub errors: Vec<Finding>,
}

/// What is there of a thing that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It could not be read, or the model is not there at all.
    Unknown,
    /// There is no limit.
    NoLimit,
    /// So much.
    Number(i128),
}

impl Row {
    /// A row that is not decided.
    fn new(kind: &'static str, name: impl Into<String>, needed: impl Into<i128>) -> Self {
        Self {
            kind,
            model: None,
            document: Document::Organization,
            name: name.into(),
            needed: needed.into(),
            left: Left::Unknown,
            of: None,
            met: None,
            note: String::new(),
            errors: Vec::new(),
        }
    }

    fn of_model(mut self, model: &Model) -> Self {
        self.model = Some(model.clone());
        self
    }

    fn note(mut self, note: String) -> Self {
        self.note = note;
        self
    }

    fn errors(mut self, errors: impl IntoIterator<Item = Finding>) -> Self {
        self.errors.extend(errors);
        self
    }

    /// Decided by numbers: what is left must reach what is needed.
    fn decided(mut self, left: i128) -> Self {
        self.left = Left::Number(left);
        self.met = Some(left >= self.needed);
        self
    }
}

impl From<Limit> for Left {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::AtMost(number) => Self::Number(number.into()),
            Limit::Unlimited => Self::NoLimit,
        }
    }
}
