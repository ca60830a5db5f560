//! The rows of the report: each requirement, what is needed, what is there.

use std::collections::BTreeMap;

use crate::quota::{Credits, Model, ModelQuota, Organization};
use crate::requirements::{Need, Requirements};
use crate::spend::Budget;

/// What a row of the report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Generations left of a model.
    Generations(Model),
    /// The balance against `--credits`.
    Credits,
    /// The balance against the planned cost.
    PlannedCost,
    /// The tier's generations of a model at a time.
    Concurrency(Model),
    /// The budget against the planned cost.
    Budget(Budget),
}

/// One requirement, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is about.
    pub kind: Kind,
    /// The percentage of the daily limit that was asked for, if one was.
    pub percent: Option<u8>,
    /// What is needed; `None` where a percentage meets no limit, or a limit that is not known.
    pub needed: Option<i128>,
    /// What is there; `None` where it could not be told, `Some(None)` for no limit.
    pub left: Option<Option<i128>>,
    /// Whether it is enough; `None` where it could not be decided.
    pub met: Option<bool>,
}

/// One row a requirement, in the order of the flags; the budget's is added where it is decided.
pub(super) fn of(required: &Requirements, organization: Option<&Organization>) -> Vec<Row> {
    let models = organization.and_then(|organization| organization.models.as_ref().ok());
    let balance = organization.and_then(|organization| organization.balance.as_ref().ok().copied());
    let generations = required.generations.iter();
    let concurrency = required.concurrency.iter();
    generations
        .map(|(model, need)| generations_row(model, *need, models))
        .chain(
            required
                .credits
                .map(|needed| credits_row(Kind::Credits, needed, balance)),
        )
        .chain(
            required
                .planned_cost
                .map(|needed| credits_row(Kind::PlannedCost, needed, balance)),
        )
        .chain(concurrency.map(|(model, needed)| concurrency_row(model, *needed, models)))
        .collect()
}

/// The row of a model that may not be listed, in a list that may not be readable.
fn generations_row(model: &Model, need: Need, models: Option<&BTreeMap<Model, ModelQuota>>) -> Row {
    let quota = models.and_then(|models| models.get(model));
    let limit = quota.and_then(|quota| quota.daily_limit.as_ref().ok().copied());
    let left = quota.and_then(|quota| quota.left().ok());
    let (needed, percent) = match need {
        Need::Count(count) => (Some(count), None),
        Need::Percent(percent) => (limit.and_then(|limit| need.under(limit)), Some(percent)),
    };
    let met = match (quota, left) {
        (None, _) => models.map(|_| false),
        (Some(_), left) => left.map(|left| left.covers(needed.unwrap_or(0))),
    };
    Row {
        kind: Kind::Generations(model.clone()),
        percent,
        needed: needed.map(i128::from),
        left: left.map(|left| left.number().map(i128::from)),
        met,
    }
}

fn concurrency_row(
    model: &Model,
    needed: u64,
    models: Option<&BTreeMap<Model, ModelQuota>>,
) -> Row {
    let quota = models.and_then(|models| models.get(model));
    let allowed = quota.and_then(|quota| quota.concurrency.as_ref().ok());
    Row {
        kind: Kind::Concurrency(model.clone()),
        percent: None,
        needed: Some(needed.into()),
        left: allowed.map(|allowed| allowed.number().map(i128::from)),
        met: match quota {
            None => models.map(|_| false),
            Some(_) => allowed.map(|allowed| allowed.covers(needed)),
        },
    }
}

/// The row of the balance against a sum.
fn credits_row(kind: Kind, needed: Credits, balance: Option<Credits>) -> Row {
    Row {
        kind,
        percent: None,
        needed: Some(needed.0),
        left: balance.map(|balance| Some(balance.0)),
        met: balance.map(|balance| balance >= needed),
    }
}
