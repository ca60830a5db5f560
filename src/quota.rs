//! What an organization has: plain data, free of any wire format.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sanitize::sanitize;

/// A model's name as Runway spells it. Names are data: none is known to the code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Model(Arc<str>);

impl Model {
    /// Takes a name as it is: renderers must clean it.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Whether a text is one visible word, and does not look like a key.
    pub fn is_name(text: &str) -> bool {
        let one_word = !text.is_empty() && !text.contains(' ') && sanitize(text) == text;
        one_word && !text.to_lowercase().starts_with("key_")
    }

    /// The name, uncleaned: it may have come from a server.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An amount of credits; one credit is $0.01. Negative if refunds exceed charges.
///
/// Wide enough that no figure of a flag or an answer comes near its ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credits(pub i128);

impl Credits {
    /// The sum, held at the ends of the range.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, held at the ends of the range.
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// A tier's allowance: a number, or `null` in Runway's answer, which means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// At most this many.
    AtMost(u64),
    /// No limit.
    Unlimited,
}

impl Limit {
    /// The number, or `None` for no limit.
    pub fn number(self) -> Option<u64> {
        match self {
            Self::AtMost(limit) => Some(limit),
            Self::Unlimited => None,
        }
    }
}

/// A field of an answer that is not what the API promises.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreadable {
    /// Its path in the document, such as `tier.models["gen4.5"].maxDailyGenerations`; empty for
    /// the document itself. The names of models in it are the server's, raw.
    pub field: String,
    /// What is wrong with it, as the end of a sentence of our own.
    pub problem: String,
    /// What it holds instead, raw; nothing of a local file.
    pub excerpt: Option<String>,
}

impl Unreadable {
    /// A field, and what is wrong with it.
    pub fn new(field: &str, problem: &str) -> Box<Self> {
        Box::new(Self {
            field: field.to_owned(),
            problem: problem.to_owned(),
            excerpt: None,
        })
    }

    /// The same, with what the field holds.
    pub fn with_excerpt(mut self: Box<Self>, excerpt: Option<String>) -> Box<Self> {
        self.excerpt = excerpt;
        self
    }

    /// In words. `quote` makes text that is not our own harmless and cuts it to this many characters.
    pub fn describe(&self, quote: &dyn Fn(&str, usize) -> String) -> String {
        const MAX_VALUE: usize = 60;
        const MAX_FIELD: usize = 140;
        let (field, max_excerpt) = if self.field.is_empty() {
            ("the answer".to_owned(), MAX_QUOTE)
        } else {
            (quote(&self.field, MAX_FIELD), MAX_VALUE)
        };
        let excerpt = self.excerpt.as_ref();
        let excerpt = excerpt.map_or(String::new(), |excerpt| quote(excerpt, max_excerpt));
        let colon = if excerpt.is_empty() { "" } else { ": " };
        format!("{field} {}{colon}{excerpt}", self.problem)
    }
}

/// The longest quote of text that is not our own, in characters.
pub(crate) const MAX_QUOTE: usize = 300;

/// A figure that was read, or why it could not be: missing is neither zero nor plenty.
///
/// In a box, since almost every figure can be read, and ten thousand models have three each.
pub type Reading<T> = Result<T, Box<Unreadable>>;

/// One model's limits and use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelQuota {
    /// `maxConcurrentGenerations`: generations that run at a time; more are queued.
    pub concurrency: Reading<Limit>,
    /// `maxDailyGenerations`: generations that may be created in a rolling 24 hours.
    pub daily_limit: Reading<Limit>,
    /// `dailyGenerations`: generations of the past 24 hours; 0 for a model without an entry.
    pub used: Reading<u64>,
}

impl ModelQuota {
    /// Daily limit less use, never below 0.
    pub fn left(&self) -> Result<Limit, &Unreadable> {
        let limit = self.daily_limit.as_ref().map_err(Box::as_ref)?;
        let used = self.used.as_ref().map_err(Box::as_ref)?;
        Ok(match limit {
            Limit::AtMost(limit) => Limit::AtMost(limit.saturating_sub(*used)),
            Limit::Unlimited => Limit::Unlimited,
        })
    }

    /// What of this model could not be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &Unreadable> {
        let limits = [&self.concurrency, &self.daily_limit];
        let limits = limits.into_iter().filter_map(|limit| limit.as_ref().err());
        limits.chain(self.used.as_ref().err()).map(Box::as_ref)
    }
}

/// The models of a tier, by name.
pub type Models = BTreeMap<Model, ModelQuota>;

/// An answer of `GET /v1/organization`, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// `creditBalance`.
    pub balance: Reading<Credits>,
    /// `tier.maxMonthlyCreditSpend`: the most credits that may be bought in 30 days. It shows
    /// the tier, and is no limit on use.
    pub monthly_cap: Reading<Credits>,
    /// The models of `tier.models`; a model that is not there is not available to the key.
    pub models: Reading<Models>,
}
