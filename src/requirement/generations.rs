//! Generations of a model that must be left today.

use super::{Left, Row, MAX_NAMED};
use crate::diagnostic::{Finding, Shortage};
use crate::format::thousands;
use crate::quota::{Limit, Model, ModelQuota, Models};

/// A list of names is cut if it would fill the screen.
const MAX_LISTED: usize = 100;

/// As many characters of a name are compared: no model's is longer.
const MAX_COMPARED: usize = 100;

/// A model that is not among `models` is not available; `None` if the list could not be read.
pub(crate) fn check(model: &Model, needed: u64, models: Option<&Models>) -> Row {
    let mut row = Row::new("generations", "generations", needed).of_model(model);
    let Some(models) = models else { return row };
    let Some(quota) = models.get(model) else {
        row.met = Some(false);
        return row.errors([unavailable(model, models)]);
    };
    if let Ok(left) = quota.left() {
        row.left = Left::from(left);
        let limit = quota.daily_limit.as_ref().ok();
        row.of = limit.and_then(|limit| limit.number());
    }
    let short = shortfall(model, needed, quota);
    // What is known to be short stays short, and a need of 0 is met whatever was used.
    let needs_none = needed == 0 && quota.daily_limit.is_ok();
    let decided = short.is_some() || needs_none || quota.left().is_ok();
    row.met = decided.then_some(short.is_none());
    let used = quota.used.as_ref().ok();
    let used = used.map(|used| format!("{} used in the past 24 h", thousands(*used)));
    row.note(used.unwrap_or_default())
        .errors(short)
        .errors(never_runs(model, needed, quota))
}

/// What is short by the figures that could be read.
fn shortfall(model: &Model, needed: u64, quota: &ModelQuota) -> Option<Finding> {
    let limit = quota.daily_limit.as_ref().ok()?.number()?;
    let used = quota.used.as_ref().ok().copied();
    // More than the whole limit is short, whatever was used.
    let short = needed > limit || needed > limit.saturating_sub(used?);
    short.then(|| {
        Finding::ShortOfGenerations(Shortage {
            model: model.clone(),
            needed,
            used,
            limit,
        })
    })
}

/// A model with a concurrency of 0 can never run, unless its daily limit of 0 says so already.
fn never_runs(model: &Model, needed: u64, quota: &ModelQuota) -> Option<Finding> {
    let stopped = quota.concurrency == Ok(Limit::AtMost(0));
    (needed > 0 && stopped && !has_no_daily_quota(quota)).then(|| Finding::ConcurrencyShort {
        model: model.clone(),
        needed: 1,
        allowed: 0,
    })
}

/// Whether `no-daily-quota` covers the model.
pub(crate) fn has_no_daily_quota(quota: &ModelQuota) -> bool {
    quota.daily_limit == Ok(Limit::AtMost(0))
}

/// A model that the tier does not list, with the names that are nearest.
pub(crate) fn unavailable(model: &Model, models: &Models) -> Finding {
    Finding::ModelUnavailable {
        model: model.clone(),
        near: nearest(model, models),
        listed: models.keys().take(MAX_LISTED).cloned().collect(),
        of: models.iter().len(),
    }
}

/// The listed names that a misspelling is likely to mean, the nearest first.
fn nearest(model: &Model, models: &Models) -> Vec<Model> {
    const MIN_LIKENESS: f64 = 0.7;
    let start_of = |name: &Model| -> String {
        let start = name.as_str().chars().take(MAX_COMPARED);
        start.flat_map(char::to_lowercase).collect()
    };
    let wanted = start_of(model);
    let likeness = |listed: &Model| strsim::jaro_winkler(&wanted, &start_of(listed));
    let near = models.keys().map(|listed| (likeness(listed), listed));
    let near = near.filter(|(likeness, _)| *likeness >= MIN_LIKENESS);
    let mut near: Vec<(f64, &Model)> = near.collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.truncate(MAX_NAMED);
    near.into_iter().map(|(_, model)| model.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelling_gets_the_nearest_names() {
        let quota = || ModelQuota {
            concurrency: Ok(Limit::AtMost(1)),
            daily_limit: Ok(Limit::AtMost(1)),
            used: Ok(0),
        };
        let listed = ["gen4.5", "gen4_aleph", "gen4_image", "gen4_turbo", "veo3.1"];
        let models: Models = listed
            .iter()
            .map(|name| (Model::new(*name), quota()))
            .collect();
        let near = |name: &str| -> Vec<String> {
            let near = nearest(&Model::new(name), &models);
            near.iter().map(|model| model.as_str().to_owned()).collect()
        };
        assert_eq!(near("gen45").first().map(String::as_str), Some("gen4.5"));
        assert_eq!(near("gen4").len(), 3);
        assert_eq!(near("GEN4.5").first().map(String::as_str), Some("gen4.5"));
        assert_eq!(near("veo31"), ["veo3.1"]);
        assert!(near("sora").is_empty());
    }
}
