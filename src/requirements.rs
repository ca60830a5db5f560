//! What a job asks for: plain data.

use crate::quota::{Credits, Limit, Model};
use crate::spend::Budget;

/// How many generations a job needs of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// So many generations.
    Count(u64),
    /// So many percent of the daily limit, 1 to 100, rounded up: one generation at the least.
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

/// Everything that a run requires, one entry for each row of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Generations that must be left, in the order of the flags, one entry a model.
    pub generations: Vec<(Model, Need)>,
    /// The least balance.
    pub credits: Option<Credits>,
    /// The sum of N × CREDITS over the flags that named a cost.
    pub planned_cost: Option<Credits>,
    /// Generations at a time, one entry a model.
    pub concurrency: Vec<(Model, u64)>,
    /// What may be spent in a window of days, the planned cost included.
    pub budget: Option<Budget>,
    /// Like `generations`, but a shortfall is a warning.
    pub warn_generations: Vec<(Model, Need)>,
    /// Like `credits`, but a shortfall is a warning.
    pub warn_credits: Option<Credits>,
}

impl Requirements {
    /// The models whose limits decide the verdict.
    pub fn deciding_models(&self) -> impl Iterator<Item = &Model> {
        let generations = self.generations.iter().map(|(model, _)| model);
        generations.chain(self.concurrency.iter().map(|(model, _)| model))
    }

    /// Every model that any flag names, warnings included; a model may come twice.
    pub fn named_models(&self) -> impl Iterator<Item = &Model> {
        self.deciding_models()
            .chain(self.warn_generations.iter().map(|(model, _)| model))
    }
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
