//! Generations of a model that the tier must allow at a time.

use super::generations::{has_no_daily_quota, unavailable};
use super::{Left, Row};
use crate::diagnostic::Finding;
use crate::quota::{Limit, Model, Models};

/// `generations` is what the job needs of the model as well: what that reports is not reported
/// here again.
pub(crate) fn check(
    model: &Model,
    needed: u64,
    generations: Option<u64>,
    models: Option<&Models>,
) -> Row {
    let row = Row::new("concurrency", "concurrency", needed).of_model(model);
    let mut row = row.note("at a time".to_owned());
    let Some(models) = models else { return row };
    let Some(quota) = models.get(model) else {
        row.met = Some(false);
        let told = generations.is_some();
        return row.errors((!told).then(|| unavailable(model, models)));
    };
    let Ok(limit) = quota.concurrency else {
        return row;
    };
    let short = limit.number().filter(|allowed| *allowed < needed);
    row.left = Left::from(limit);
    row.met = Some(short.is_none());
    let wanted = generations.is_some_and(|needed| needed > 0);
    let told = wanted && (has_no_daily_quota(quota) || limit == Limit::AtMost(0));
    let allowed = short.filter(|_| !told);
    row.errors(allowed.map(|allowed| Finding::ConcurrencyShort {
        model: model.clone(),
        needed,
        allowed,
    }))
}
