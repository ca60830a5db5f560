//! What a job asks for: plain data.

use crate::quota::{Credits, Limit, Model};
use crate::spend::Budget;

/// How many generations a job needs of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// So many generations.
    Count(u64),
    /// So many percent of the daily limit, 1 to 100, rounded up: at least one generation.
    Percent(u8),
}

impl Need {
    /// The need in generations under a daily limit; `None` where a percentage meets no limit.
    pub fn under(self, limit: Limit) -> Option<u64> {
        match (self, limit) {
            (Self::Count(count), _) => Some(count),
            (Self::Percent(_), Limit::Unlimited) => None,
            (Self::Percent(percent), Limit::AtMost(limit)) => {
                let share = u128::from(limit).saturating_mul(u128::from(percent));
                let share = u64::try_from(share.div_ceil(100)).unwrap_or(u64::MAX);
                Some(share.max(1))
            }
        }
    }
}

/// Everything that a job requires: one entry for each row of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Generations that must be left: one entry a model, in the order of the flags.
    pub generations: Vec<(Model, Need)>,
    /// The minimum balance before the job.
    pub credits: Option<Credits>,
    /// What the generations cost together, if any price is given.
    pub planned_cost: Option<Credits>,
    /// Generations at a time: one entry a model.
    pub concurrency: Vec<(Model, u64)>,
    /// What may be spent in a window of days, the planned cost included.
    pub budget: Option<Budget>,
    /// Like `generations`, but a shortfall is a warning.
    pub warn_generations: Vec<(Model, Need)>,
    /// Like `credits`, but a shortfall is a warning.
    pub warn_credits: Option<Credits>,
}

impl Job {
    /// The sum that the generations cost, 0 where no price is given.
    pub fn planned(&self) -> Credits {
        self.planned_cost.unwrap_or_default()
    }

    /// What is needed of a model, if anything is.
    pub fn need(&self, model: &Model) -> Option<Need> {
        let mut needs = self.generations.iter();
        needs.find_map(|(known, need)| (known == model).then_some(*need))
    }

    /// The models whose limits decide the verdict, each once.
    pub fn deciding_models(&self) -> Vec<&Model> {
        let generations = self.generations.iter().map(|(model, _)| model);
        once_each(generations.chain(self.concurrency.iter().map(|(model, _)| model)))
    }

    /// Every model that any flag names, warnings included, each once.
    pub fn named_models(&self) -> Vec<&Model> {
        let warned = self.warn_generations.iter().map(|(model, _)| model);
        once_each(self.deciding_models().into_iter().chain(warned))
    }
}

fn once_each<'a>(models: impl Iterator<Item = &'a Model>) -> Vec<&'a Model> {
    let mut seen = std::collections::BTreeSet::new();
    models.filter(|model| seen.insert(*model)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_up() {
        for (limit, percent, needed) in [
            (200, 50, 100),
            (200, 1, 2),
            (199, 1, 2),
            (1, 1, 1),
            (0, 100, 1),
            (3, 34, 2),
            (7, 100, 7),
            (u64::MAX, 100, u64::MAX),
        ] {
            let need = Need::Percent(percent).under(Limit::AtMost(limit));
            assert_eq!(need, Some(needed), "{percent}% of {limit}");
        }
        assert_eq!(Need::Percent(100).under(Limit::Unlimited), None);
    }
}
