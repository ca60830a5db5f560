//! Every diagnostic, as data.
//!
//! [`Finding::explain`] is the one place where a finding becomes words, so that text, JSON,
//! Markdown and annotations cannot disagree. To add a diagnostic, add a [`Code`], a [`Finding`] and
//! its sentences here, find it in `decide` (or in `api`), and give it a heading in the README.

mod code;
mod sentences;

use std::time::Duration;

use crate::clean::clean;
use crate::exit;
use crate::quota::{Credits, Model, Unreadable};
use crate::spend::{Budget, UtcDay};

pub use self::code::Code;

/// What a diagnostic does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It decides the verdict.
    Error,
    /// It is told, and decides nothing.
    Warning,
}

impl Severity {
    /// The word of the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A finding in words: one line each, clean of control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its name.
    pub code: Code,
    /// Whether it decides the verdict.
    pub severity: Severity,
    /// The model that it is about.
    pub model: Option<Model>,
    /// What is wrong, with the numbers.
    pub summary: String,
    /// Why.
    pub cause: String,
    /// The way out.
    pub fix: String,
    /// Where to read on; https.
    pub see: String,
}

/// The two things that Runway is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /v1/organization`: limits and balance.
    Organization,
    /// `POST /v1/organization/usage`: the credit history.
    Usage,
}

impl Endpoint {
    /// Method and path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Organization => "GET /v1/organization",
            Self::Usage => "POST /v1/organization/usage",
        }
    }
}

/// How a question to Runway went wrong, as far as every such diagnostic tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What was asked for.
    pub endpoint: Endpoint,
    /// How often it was asked.
    pub tries: u32,
    /// Runway's own reason, cleaned and free of the key.
    pub says: Option<String>,
    /// Runway's own link, if it is https.
    pub see: Option<String>,
}

impl Asked {
    /// Nothing was asked: it failed before.
    pub fn nothing(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            tries: 0,
            says: None,
            see: None,
        }
    }
}

/// Why GitHub gave a run no secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// A pull request from a fork.
    Fork,
    /// A run by Dependabot.
    Dependabot,
}

/// Which flag asks for credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// `--credits`.
    Credits,
    /// `--warn-credits`.
    WarnCredits,
    /// The costs that `--generations` names.
    PlannedCost,
}

/// One thing that is wrong, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are the numbers that the sentences name"
)]
pub enum Finding {
    NoCredits {
        balance: Credits,
        /// The most that any flag asks for.
        needed: Option<Credits>,
    },
    CreditsShort {
        needed: Credits,
        balance: Credits,
        by: Wish,
    },
    DailyLimitReached {
        model: Model,
        needed: u64,
        used: u64,
        limit: u64,
        cap: Option<Credits>,
    },
    GenerationsShort {
        model: Model,
        needed: u64,
        used: u64,
        limit: u64,
        cap: Option<Credits>,
    },
    OverDailyLimit {
        model: Model,
        needed: u64,
        limit: u64,
        cap: Option<Credits>,
    },
    NoDailyQuota {
        model: Model,
        needed: u64,
        cap: Option<Credits>,
    },
    AllModelsZero {
        /// How many models were read, all of them at 0.
        read: usize,
        /// How many could not be read.
        unread: usize,
    },
    ModelUnavailable {
        model: Model,
        near: Vec<Model>,
        /// The first of the models that the tier lists, by name.
        listed: Vec<Model>,
        /// How many it lists in all.
        of: usize,
    },
    ConcurrencyShort {
        model: Model,
        needed: u64,
        allowed: u64,
    },
    OverBudget {
        budget: Budget,
        spent: Credits,
        planned: Credits,
        /// The days on which most of it went, with the sums.
        days: Vec<(UtcDay, Credits)>,
        /// The models on which most of it went, with the sums.
        models: Vec<(Model, Credits)>,
    },
    KeyMissing {
        /// Each place that was looked at and what was found there.
        looked: Vec<String>,
        /// Variables that are set and belong to other tools.
        others: Vec<&'static str>,
        withheld: Option<Withheld>,
    },
    KeyMalformed {
        place: String,
        problem: String,
    },
    Unauthorized(Asked),
    Forbidden(Asked),
    RateLimited {
        asked: Asked,
        /// How long Runway asked to wait.
        retry_after: Option<Duration>,
    },
    Unavailable {
        asked: Asked,
        status: u16,
        retry_after: Option<Duration>,
    },
    Unreachable {
        asked: Asked,
        why: String,
        /// Host and port of the proxy in between.
        proxy: Option<String>,
    },
    TlsFailed {
        asked: Asked,
        why: String,
        /// The way out, where more is known than the general one.
        fix: Option<String>,
    },
    TimedOut {
        asked: Asked,
        phase: &'static str,
        timeout: Duration,
        /// What the try before came to.
        before: Option<String>,
    },
    RequestRejected {
        asked: Asked,
        status: u16,
    },
    UnexpectedStatus {
        asked: Asked,
        status: u16,
    },
    UnexpectedResponse {
        endpoint: Endpoint,
        /// What is not as promised, cleaned: a whole clause.
        problem: String,
    },
    ReportFailed {
        place: String,
        why: String,
    },
}

/// What the sentences must know of the run, so that they advise nothing that is done already.
#[derive(Clone, Debug)]
pub struct Situation {
    /// Where limits and balance come from.
    pub organization: Place,
    /// Where the history comes from.
    pub usage: Place,
    /// `--wait` is given.
    pub waiting: bool,
    /// Every error of the run is one that time can cure, so that `--wait` would wait.
    pub time_cures: bool,
    /// `--fail-open` is given.
    pub fails_open: bool,
    /// `--missing-key skip` is given.
    pub skips_missing_key: bool,
}

/// Where a document comes from, as it is called in a sentence.
#[derive(Clone, Debug)]
pub enum Place {
    /// A host, with the port where it is not https's own.
    Host(String),
    /// A file's name.
    File(String),
}

impl Place {
    /// The host, or the file's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Host(name) | Self::File(name) => name,
        }
    }
}

impl Finding {
    /// Its code.
    pub fn code(&self) -> Code {
        match self {
            Self::NoCredits { .. } => Code::NoCredits,
            Self::CreditsShort { .. } => Code::CreditsShort,
            Self::DailyLimitReached { .. } => Code::DailyLimitReached,
            Self::GenerationsShort { .. } => Code::GenerationsShort,
            Self::OverDailyLimit { .. } => Code::OverDailyLimit,
            Self::NoDailyQuota { .. } => Code::NoDailyQuota,
            Self::AllModelsZero { .. } => Code::AllModelsZero,
            Self::ModelUnavailable { .. } => Code::ModelUnavailable,
            Self::ConcurrencyShort { .. } => Code::ConcurrencyShort,
            Self::OverBudget { .. } => Code::OverBudget,
            Self::KeyMissing { .. } => Code::KeyMissing,
            Self::KeyMalformed { .. } => Code::KeyMalformed,
            Self::Unauthorized(_) => Code::Unauthorized,
            Self::Forbidden(_) => Code::Forbidden,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::Unavailable { .. } => Code::Unavailable,
            Self::Unreachable { .. } => Code::Unreachable,
            Self::TlsFailed { .. } => Code::TlsFailed,
            Self::TimedOut { .. } => Code::TimedOut,
            Self::RequestRejected { .. } => Code::RequestRejected,
            Self::UnexpectedStatus { .. } => Code::UnexpectedStatus,
            Self::UnexpectedResponse { .. } => Code::UnexpectedResponse,
            Self::ReportFailed { .. } => Code::ReportFailed,
        }
    }

    /// The model that it is about.
    pub fn model(&self) -> Option<&Model> {
        match self {
            Self::DailyLimitReached { model, .. }
            | Self::GenerationsShort { model, .. }
            | Self::OverDailyLimit { model, .. }
            | Self::NoDailyQuota { model, .. }
            | Self::ModelUnavailable { model, .. }
            | Self::ConcurrencyShort { model, .. } => Some(model),
            _ => None,
        }
    }

    /// Whether asking for something else may still go well.
    pub fn is_of_one_endpoint(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::UnexpectedStatus { .. }
                | Self::UnexpectedResponse { .. }
                | Self::RequestRejected { .. }
        )
    }

    /// What is wrong, for a line about waiting.
    pub fn in_short(&self, situation: &Situation) -> String {
        self.sentences(situation).summary
    }

    /// A field that is not what the API promises.
    pub fn unreadable(endpoint: Endpoint, what: &Unreadable) -> Self {
        Self::UnexpectedResponse {
            endpoint,
            problem: clean(&what.to_string()),
        }
    }

    /// The finding in words.
    pub fn explain(&self, severity: Severity, situation: &Situation) -> Diagnostic {
        let mut said = match severity {
            Severity::Error => self.sentences(situation),
            // Nothing waits for a warning to pass.
            Severity::Warning => self.sentences(&Situation {
                time_cures: false,
                ..situation.clone()
            }),
        };
        // Every no says whether waiting can help; those that it helps advise it.
        let code = self.code();
        if code.exit() == exit::NO_GO && !code.waiting_helps() {
            said.fix.push_str("; waiting does not help");
        }
        Diagnostic {
            code: self.code(),
            severity,
            model: self.model().cloned(),
            summary: said.summary,
            cause: said.cause,
            fix: said.fix,
            see: said.see,
        }
    }
}
