//! Every diagnostic, declared once: its data, its name, its exit code, whether waiting can help.
//!
//! To add one, add a row to the table here and its text to `messages`, and report it from
//! `requirement` or `decide` (what Runway answered), `api` (what kept it from answering) or
//! `credentials` (the key).

mod messages;

use std::time::Duration;

use crate::credentials::{KeyHint, KeyProblem};
use crate::decode::Reason;
use crate::exit::Exit;
use crate::forecast::Forecast;
use crate::grant::Grant;
use crate::quota::{Credits, Model, Unreadable};
use crate::redact::Redactor;
use crate::retry::Hints;
use crate::source::{Document, Source};
use crate::spend::{Budget, UtcDay, Window};

/// What a diagnostic does to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It decides the verdict.
    Error,
    /// It is reported, and decides nothing.
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

/// Declares findings (the data), their codes (the names), and what each code stands for. Those without
/// data of their own are variants of `ShortOfGenerations` or `Failed`.
macro_rules! diagnostics {
    ($(
        $variant:ident $({ $($(#[$doc:meta])* $field:ident: $type:ty),* $(,)? })?
        = $name:literal, $exit:ident, waiting: $waiting:literal;
    )*) => {
        /// One thing that is wrong, as data. Text in it that is not our own is raw: it is
        /// quoted where it becomes a message.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Finding {
            $($($variant { $($(#[$doc])* $field: $type),* },)?)*
            /// A model has fewer daily generations than are needed.
            ShortOfGenerations(Shortage),
            /// A request brought nothing that can be used.
            Failed { asked: Asked, fault: Fault },
        }

        /// The names that scripts and the documentation know.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($variant,)*
        }

        impl Finding {
            /// Its code.
            pub fn code(&self) -> Code {
                match self {
                    $($(Self::$variant { $($field: _),* } => Code::$variant,)?)*
                    Self::ShortOfGenerations(shortage) => shortage.code(),
                    Self::Failed { fault, .. } => fault.code(),
                }
            }
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, in kebab-case.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The exit code of a run that it decides; `Go` for what is only ever a warning.
            pub fn exit(self) -> Exit {
                match self {
                    $(Self::$variant => Exit::$exit,)*
                }
            }

            /// Whether waiting alone can resolve it.
            pub fn waiting_helps(self) -> bool {
                match self {
                    $(Self::$variant => $waiting,)*
                }
            }
        }
    };
}

diagnostics! {
    NoCredits {
        balance: Credits,
        /// The most that any flag asks for.
        needed: Option<Credits>,
    } = "no-credits", Act, waiting: false;
    CreditsShort {
        /// The flag that asks for them; none for what the generations cost together.
        flag: Option<&'static str>,
        needed: Credits,
        /// What must be left as well.
        kept: Credits,
        balance: Credits,
    } = "credits-short", Act, waiting: false;
    DailyLimitReached = "daily-limit-reached", TryLater, waiting: true;
    GenerationsShort = "generations-short", TryLater, waiting: true;
    OverDailyLimit = "over-daily-limit", Act, waiting: false;
    NoDailyQuota = "no-daily-quota", Act, waiting: false;
    AllModelsZero {
        /// How many models were read, all of them at 0.
        read: usize,
        /// How many could not be read.
        unread: usize,
        balance: Option<Credits>,
    } = "all-models-zero", Act, waiting: false;
    ModelUnavailable {
        model: Model,
        near: Vec<Model>,
        /// The first of the models that the tier lists, by name.
        listed: Vec<Model>,
        /// How many it lists in all.
        of: usize,
    } = "model-unavailable", Act, waiting: false;
    ConcurrencyShort {
        model: Model,
        needed: u64,
        allowed: u64,
    } = "concurrency-short", Act, waiting: false;
    OverMaxCost { planned: Credits, max: Credits } = "over-max-cost", Act, waiting: false;
    KeepShort {
        keep: Credits,
        planned: Credits,
        balance: Credits,
    } = "keep-short", Act, waiting: false;
    GrantedFewer {
        grant: Grant,
        /// How many tasks of a plan may start, if it holds more of the model.
        tasks: Option<u64>,
    } = "granted-fewer", Go, waiting: false;
    RunningLow {
        forecast: Forecast,
        wanted: Duration,
        /// What the forecast has taken off the balance.
        planned: Credits,
    } = "running-low", Go, waiting: false;
    OverBudget {
        budget: Budget,
        window: Window,
        spent: Credits,
        planned: Credits,
        /// The days on which most of it was spent, with the sums.
        days: Vec<(UtcDay, Credits)>,
        /// The models on which most of it was spent, with the sums.
        models: Vec<(Model, Credits)>,
    } = "over-budget", Act, waiting: false;
    NothingPlanned {} = "nothing-planned", Go, waiting: false;
    ModelsUsedUp {
        /// The first of them, by name.
        models: Vec<Model>,
        /// How many there are in all.
        of: usize,
    } = "models-used-up", Go, waiting: false;
    KeyMissing {
        /// Each place that was searched and what was found there.
        searched: Vec<String>,
        hints: Vec<KeyHint>,
    } = "key-missing", Key, waiting: false;
    KeyMalformed {
        place: &'static str,
        problem: KeyProblem,
        /// How the CI system gives a run its key.
        advice: Option<&'static str>,
    } = "key-malformed", Key, waiting: false;
    Unauthorized = "unauthorized", Key, waiting: false;
    Forbidden = "forbidden", Key, waiting: false;
    RateLimited = "rate-limited", CannotTell, waiting: true;
    Unavailable = "unavailable", CannotTell, waiting: true;
    Unreachable = "unreachable", CannotTell, waiting: true;
    TlsFailed = "tls-failed", CannotTell, waiting: false;
    TimedOut = "timed-out", CannotTell, waiting: true;
    RequestRejected = "request-rejected", CannotTell, waiting: false;
    UnexpectedStatus = "unexpected-status", CannotTell, waiting: false;
    UnexpectedResponse = "unexpected-response", CannotTell, waiting: false;
    ReportFailed {
        place: String,
        why: String,
        /// What would let it be written.
        fix: String,
    } = "report-failed", CannotTell, waiting: false;
}

/// A model whose daily generations are short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The model.
    pub model: Model,
    /// Generations that are needed.
    pub needed: u64,
    /// Generations of the past 24 hours, if that could be read.
    pub used: Option<u64>,
    /// Generations that 24 hours allow.
    pub limit: u64,
}

impl Shortage {
    fn left(&self) -> u64 {
        self.used.map_or(0, |used| self.limit.saturating_sub(used))
    }

    /// The first that fits.
    fn code(&self) -> Code {
        match self.limit {
            0 => Code::NoDailyQuota,
            limit if self.needed > limit => Code::OverDailyLimit,
            _ if self.left() == 0 => Code::DailyLimitReached,
            _ => Code::GenerationsShort,
        }
    }
}

/// What is common to all that can go wrong with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What was asked for.
    pub document: Document,
    /// How often it was asked.
    pub tries: u32,
    /// Within which time.
    pub timeout: Duration,
    /// What the try before came to.
    pub before: Option<String>,
    /// Host and port of the proxy in between.
    pub proxy: Option<String>,
}

/// What went wrong with a request. Text in it may be the server's, raw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A status other than 200.
    Refused(Box<Refusal>),
    /// No connection, or none that lasted.
    Unreachable {
        why: String,
        /// The fix, if more is known than the general one.
        fix: Option<String>,
    },
    /// No secure connection, to the host or to the proxy.
    Tls {
        why: String,
        /// The fix, if more is known than the general one.
        fix: Option<String>,
        to_proxy: bool,
    },
    /// The time was over; what was being done, as a part of a sentence.
    TimedOut { doing: &'static str },
    /// An answer that is not what HTTP or the API promises: a clause.
    Unexpected(String),
    /// A cache may have answered: a clause.
    Copy(String),
    /// Fields that could not be read, the first of them.
    Fields {
        named: Vec<Unreadable>,
        /// How many more there are.
        more: usize,
        /// Whether a requirement needs one of them.
        needed: bool,
    },
}

/// An answer with a status other than 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// Runway's own reason.
    pub reason: Reason,
    /// What it says about trying again.
    pub hints: Hints,
    /// The host that a redirect leads to.
    pub leads_to: Option<String>,
}

impl Fault {
    fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => match refusal.status {
                401 => Code::Unauthorized,
                403 if refusal.reason.in_runways_form => Code::Forbidden,
                400 | 422 if refusal.reason.in_runways_form => Code::RequestRejected,
                429 => Code::RateLimited,
                408 | 409 | 500..=599 => Code::Unavailable,
                _ => Code::UnexpectedStatus,
            },
            Self::Unreachable { .. } => Code::Unreachable,
            Self::Tls { .. } => Code::TlsFailed,
            Self::TimedOut { .. } => Code::TimedOut,
            Self::Unexpected(_) | Self::Copy(_) | Self::Fields { .. } => Code::UnexpectedResponse,
        }
    }
}

/// What the messages must know of the run, so that they advise nothing that is done already.
#[derive(Clone)]
pub struct Context<'a> {
    /// Where limits and balance come from.
    pub organization: &'a Source,
    /// The host of the base URL, with the port if it is not the scheme's own.
    pub host: &'a str,
    /// The path of the base URL, without a slash at the end.
    pub path: &'a str,
    /// `--wait` is given.
    pub waiting: bool,
    /// Waiting could resolve every error of the run, so that `--wait` would wait.
    pub waiting_helps: bool,
    /// `--fail-open` is given.
    pub fails_open: bool,
    /// `--missing-key skip` is given.
    pub skips_missing_key: bool,
    /// The run may last a day: not in GitHub Actions, where a job ends after six hours.
    pub may_wait_a_day: bool,
    /// The monthly cap, which shows the tier.
    pub cap: Option<Credits>,
    /// What the cheapest of several planned generations costs; `None` if one at most is planned.
    pub cheapest: Option<Credits>,
    /// The credits that the errors ask for: the largest sum.
    pub missing: Credits,
    /// A diagnostic above has named them.
    pub missing_is_told: bool,
    /// Quotes what is not our own.
    pub redactor: &'a Redactor,
}

/// A finding in words: one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its name.
    pub code: Code,
    /// Whether it stands in the way of a go.
    pub severity: Severity,
    /// The model that it is about.
    pub model: Option<Model>,
    /// The requirement that it is about, by its place in the report.
    pub row: Option<usize>,
    /// Whether it is among those that decided the verdict.
    pub decides: bool,
    /// What is wrong, with the numbers.
    pub summary: String,
    /// Why.
    pub cause: String,
    /// The way out.
    pub fix: String,
    /// Where to read on; https.
    pub see: String,
}

impl Finding {
    /// What is wrong with an answer that came.
    pub fn unexpected(document: Document, fault: Fault) -> Self {
        let asked = Asked {
            document,
            ..Asked::default()
        };
        Self::Failed { asked, fault }
    }

    /// A field that is not what the API promises.
    pub fn unreadable(document: Document, what: &Unreadable) -> Self {
        let fields = Fault::Fields {
            named: vec![what.clone()],
            more: 0,
            needed: true,
        };
        Self::unexpected(document, fields)
    }

    /// Whether what was read as an organization is none at all.
    pub fn is_no_organization(&self) -> bool {
        let whole = |named: &[Unreadable]| named.iter().any(|what| what.field.is_empty());
        let Self::Failed { asked, fault } = self else {
            return false;
        };
        let is_whole = matches!(fault, Fault::Fields { named, .. } if whole(named));
        is_whole && asked.document == Document::Organization
    }

    /// The credits that it asks to buy.
    pub fn missing_credits(&self) -> Option<Credits> {
        let (needed, balance) = match self {
            Self::NoCredits { balance, needed } => (needed.unwrap_or(Credits(1)), balance),
            Self::CreditsShort {
                needed,
                kept,
                balance,
                ..
            } => (needed.plus(*kept), balance),
            Self::KeepShort {
                keep,
                planned,
                balance,
            } => (keep.plus(*planned), balance),
            _ => return None,
        };
        Some(needed.minus(*balance))
    }

    /// The model that it is about.
    pub fn model(&self) -> Option<&Model> {
        match self {
            Self::ShortOfGenerations(Shortage { model, .. })
            | Self::ModelUnavailable { model, .. }
            | Self::ConcurrencyShort { model, .. } => Some(model),
            Self::GrantedFewer { grant, .. } => Some(&grant.model),
            _ => None,
        }
    }

    /// Whether it says the same of any request, so that one says enough.
    pub fn concerns_every_request(&self) -> bool {
        matches!(
            self.code(),
            Code::Forbidden
                | Code::RateLimited
                | Code::Unreachable
                | Code::TlsFailed
                | Code::TimedOut
        )
    }

    /// The finding in words.
    pub fn explain(&self, severity: Severity, context: &Context) -> Diagnostic {
        let code = self.code();
        let mut message = match severity {
            Severity::Error => self.message(context),
            // Nothing waits for a warning to pass, and it stops nothing.
            Severity::Warning => self.message(&Context {
                waiting_helps: false,
                fails_open: true,
                ..context.clone()
            }),
        };
        // Days of a budget pass, though in no time that `--wait` would take.
        if code.exit() == Exit::Act && code != Code::OverBudget {
            message.fix.push_str("; waiting does not help");
        }
        Diagnostic {
            code,
            severity,
            model: self.model().cloned(),
            row: None,
            decides: false,
            summary: message.summary,
            cause: message.cause,
            fix: message.fix,
            see: self::messages::documentation(code),
        }
    }

    /// What is wrong, for a line about waiting.
    pub fn summary(&self, context: &Context) -> String {
        self.message(context).summary
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(
                name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{name}"
            );
        }
    }

    #[test]
    fn of_what_runway_answered_3_is_what_waiting_cures() {
        for code in Code::ALL {
            if code.exit().is_no_go() {
                assert_eq!(code.exit() == Exit::TryLater, code.waiting_helps());
            }
        }
    }
}
