//! The codes: each with its name, its exit code, and whether waiting can help.

use crate::exit;

/// The names that scripts and the README know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the README describes each under its name")]
pub enum Code {
    NoCredits,
    CreditsShort,
    DailyLimitReached,
    GenerationsShort,
    OverDailyLimit,
    NoDailyQuota,
    AllModelsZero,
    ModelUnavailable,
    ConcurrencyShort,
    OverBudget,
    KeyMissing,
    KeyMalformed,
    Unauthorized,
    Forbidden,
    RateLimited,
    Unavailable,
    Unreachable,
    TlsFailed,
    TimedOut,
    RequestRejected,
    UnexpectedStatus,
    UnexpectedResponse,
    ReportFailed,
}

impl Code {
    /// Every code, in the order of the README.
    pub const ALL: [Self; 23] = [
        Self::NoCredits,
        Self::CreditsShort,
        Self::DailyLimitReached,
        Self::GenerationsShort,
        Self::OverDailyLimit,
        Self::NoDailyQuota,
        Self::AllModelsZero,
        Self::ModelUnavailable,
        Self::ConcurrencyShort,
        Self::OverBudget,
        Self::KeyMissing,
        Self::KeyMalformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::RateLimited,
        Self::Unavailable,
        Self::Unreachable,
        Self::TlsFailed,
        Self::TimedOut,
        Self::RequestRejected,
        Self::UnexpectedStatus,
        Self::UnexpectedResponse,
        Self::ReportFailed,
    ];

    /// The name, in kebab-case.
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// The exit code of a run that it decides.
    pub fn exit(self) -> u8 {
        self.facts().1
    }

    /// Whether time alone can cure it.
    pub fn waiting_helps(self) -> bool {
        self.facts().2
    }

    fn facts(self) -> (&'static str, u8, bool) {
        use exit::{CANNOT_TELL, KEY, NO_GO};
        match self {
            Self::NoCredits => ("no-credits", NO_GO, false),
            Self::CreditsShort => ("credits-short", NO_GO, false),
            Self::DailyLimitReached => ("daily-limit-reached", NO_GO, true),
            Self::GenerationsShort => ("generations-short", NO_GO, true),
            Self::OverDailyLimit => ("over-daily-limit", NO_GO, false),
            Self::NoDailyQuota => ("no-daily-quota", NO_GO, false),
            Self::AllModelsZero => ("all-models-zero", NO_GO, false),
            Self::ModelUnavailable => ("model-unavailable", NO_GO, false),
            Self::ConcurrencyShort => ("concurrency-short", NO_GO, false),
            Self::OverBudget => ("over-budget", NO_GO, false),
            Self::KeyMissing => ("key-missing", KEY, false),
            Self::KeyMalformed => ("key-malformed", KEY, false),
            Self::Unauthorized => ("unauthorized", KEY, false),
            Self::Forbidden => ("forbidden", KEY, false),
            Self::RateLimited => ("rate-limited", CANNOT_TELL, true),
            Self::Unavailable => ("unavailable", CANNOT_TELL, true),
            Self::Unreachable => ("unreachable", CANNOT_TELL, true),
            Self::TlsFailed => ("tls-failed", CANNOT_TELL, false),
            Self::TimedOut => ("timed-out", CANNOT_TELL, true),
            Self::RequestRejected => ("request-rejected", CANNOT_TELL, false),
            Self::UnexpectedStatus => ("unexpected-status", CANNOT_TELL, false),
            Self::UnexpectedResponse => ("unexpected-response", CANNOT_TELL, false),
            Self::ReportFailed => ("report-failed", CANNOT_TELL, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    #[allow(clippy::as_conversions, reason = "a variant as its place")]
    fn none_is_left_out() {
        // A variant behind the last of the list would have no place in it.
        assert_eq!(Code::ReportFailed as usize, Code::ALL.len() - 1);
        for (place, code) in Code::ALL.iter().enumerate() {
            assert_eq!(*code as usize, place);
        }
    }

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
}
