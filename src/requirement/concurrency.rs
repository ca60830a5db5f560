//! Generations of a model that the tier must allow at a time.

use super::generations::{has_no_daily_quota, unavailable};
use super::{Check, Left, Row};
use crate::diagnostic::Finding;
use crate::quota::{Limit, Model, Models};

/// `generations` is what the job needs of the model as well: what that reports is not reported
/// here again.
pub(crate) fn check(
    model: &Model,
    needed: u64,
    generations: Option<u64>,
    models: Option<&Models>,
) -> Check {
    let mut row = Row::new("concurrency", "concurrency", needed)
        .of_model(model)
        .note("at a time".to_owned());
    let mut errors = Vec::new();
    let Some(models) = models else {
        return Check { row, errors };
    };
    let wanted = generations.is_some_and(|needed| needed > 0);
    match models.get(model) {
        None => {
            row.met = Some(false);
            if generations.is_none() {
                errors.push(unavailable(model, models));
            }
        }
        Some(quota) => {
            if let Ok(limit) = quota.concurrency {
                row.left = Left::from(limit);
                row.met = Some(limit.covers(needed));
            }
            let reported =
                wanted && (has_no_daily_quota(quota) || quota.concurrency == Ok(Limit::AtMost(0)));
            if let (Some(false), Ok(Limit::AtMost(allowed)), false) =
                (row.met, &quota.concurrency, reported)
            {
                errors.push(Finding::ConcurrencyShort {
                    model: model.clone(),
                    needed,
                    allowed: *allowed,
                });
            }
        }
    }
    Check { row, errors }
}
