//! What a job asks for: plain data.

use std::time::Duration;

use crate::plan::Plan;
use crate::price::Price;
use crate::quota::{Credits, Limit, Model, Models};
use crate::spend::Budget;

/// How many generations a job needs of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// This many generations.
    Count(u64),
    /// This many percent of the daily limit, 1 to 100, rounded up: at least one generation.
    Percent(u8),
}

impl Need {
    /// The need in generations under a daily limit; `None` if a percentage meets no limit.
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

/// The generations of one flag, or of one model of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generations {
    /// The model.
    pub model: Model,
    /// What decides the verdict: of a range, the minimum.
    pub need: Need,
    /// How many more than needed a range takes.
    pub more: u64,
    /// What they cost.
    pub cost: Cost,
}

/// What generations cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// No price is given.
    Unknown,
    /// All of them together.
    Together(Credits),
    /// Each of them.
    Each(Price),
}

impl Generations {
    /// This many of a model.
    pub fn new(model: Model, need: Need, cost: Cost) -> Self {
        Self {
            model,
            need,
            more: 0,
            cost,
        }
    }

    /// What so many of them cost; `None` if no price is given.
    pub fn cost_of(&self, count: u64) -> Option<Credits> {
        match self.cost {
            Cost::Unknown => None,
            Cost::Together(sum) => Some(sum),
            Cost::Each(price) => Some(price.of(count)),
        }
    }

    /// How many are needed; `None` for a percentage of no limit, or of a limit that is not known.
    pub fn needed(&self, models: Option<&Models>) -> Option<u64> {
        let limit = match self.need {
            Need::Count(count) => return Some(count),
            Need::Percent(_) => models?.get(&self.model)?.daily_limit.as_ref().ok()?,
        };
        self.need.under(*limit)
    }
}

/// Everything that a job requires: one entry for each row of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Generations that must be left, in the order of the flags; then those of the plan.
    pub generations: Vec<Generations>,
    /// The tasks of the plan, which `generations` holds too.
    pub plan: Option<Plan>,
    /// The minimum balance before the job.
    pub credits: Option<Credits>,
    /// What must be left of the balance after the job.
    pub keep: Option<Credits>,
    /// Generations at a time: one entry a model.
    pub concurrency: Vec<(Model, u64)>,
    /// What may be spent in a window of days, the planned cost included.
    pub budget: Option<Budget>,
    /// Like `generations`, but a shortfall is a warning: one entry a model.
    pub warn_generations: Vec<(Model, Need)>,
    /// Like `credits`, but a shortfall is a warning.
    pub warn_credits: Option<Credits>,
    /// A warning if the balance lasts less than this, at the present pace.
    pub warn_lasts: Option<Duration>,
}

impl Job {
    /// What the generations cost together, if any price is given.
    pub fn planned_cost(&self, models: Option<&Models>) -> Option<Credits> {
        let priced = self.plan.as_ref().is_some_and(|plan| plan.priced);
        let costs = self.generations.iter();
        // A percentage of no limit is no number of generations.
        let costs = costs.filter_map(|one| one.cost_of(one.needed(models).unwrap_or(0)));
        costs.reduce(Credits::plus).or(priced.then_some(Credits(0)))
    }

    /// Whether any price is given that the job comes to.
    pub fn has_planned_cost(&self) -> bool {
        self.planned_cost(None).is_some()
    }

    /// Whether any requirement needs the credit history.
    pub fn asks_for_history(&self) -> bool {
        self.budget.is_some() || self.warn_lasts.is_some()
    }

    /// Adds the tasks of a plan to what the flags ask for.
    ///
    /// # Errors
    ///
    /// Where the two cannot be added up: the end of a sentence about the plan.
    pub fn add_plan(&mut self, plan: Plan) -> Result<(), &'static str> {
        for tasks in &plan.models {
            let of_model = self
                .generations
                .iter()
                .filter(|one| one.model == tasks.model);
            let mut counts = of_model.map(|one| match one.need {
                Need::Count(min) => min.checked_add(one.more),
                Need::Percent(_) => None,
            });
            let sum = counts.try_fold(tasks.count, |sum: u64, count| sum.checked_add(count?));
            if sum.is_none() {
                return Err(
                    "has tasks of a model that --generations asks for, and the two cannot \
                            be added up: it asks for a percentage, or for too many",
                );
            }
        }
        for tasks in &plan.models {
            self.generations.push(Generations::new(
                tasks.model.clone(),
                Need::Count(tasks.count),
                tasks.cost.map_or(Cost::Unknown, Cost::Together),
            ));
        }
        self.plan = Some(plan);
        Ok(())
    }

    /// How many generations have no price; `None` if a percentage is among them.
    pub fn unpriced(&self) -> Option<u64> {
        let unpriced = self.generations.iter();
        let unpriced = unpriced.filter(|one| one.cost == Cost::Unknown);
        unpriced
            .map(|one| one.needed(None))
            .try_fold(0, |sum: u64, needed| Some(sum.saturating_add(needed?)))
    }

    /// What is needed of each model, in the order of the flags.
    pub fn needs(&self) -> Vec<(&Model, Need)> {
        let models = once_each(self.generations.iter().map(|one| &one.model));
        let models = models.into_iter();
        models
            .filter_map(|model| Some((model, self.need(model)?)))
            .collect()
    }

    /// What is needed of a model, if anything is.
    pub fn need(&self, model: &Model) -> Option<Need> {
        let of_model = self.generations.iter().filter(|one| one.model == *model);
        of_model
            .map(|one| one.need)
            .reduce(|one, other| match (one, other) {
                (Need::Count(one), Need::Count(other)) => Need::Count(one.saturating_add(other)),
                // The command line lets no percentage meet another need of its model.
                _ => one,
            })
    }

    /// The models whose limits decide the verdict, each once.
    pub fn deciding_models(&self) -> Vec<&Model> {
        let generations = self.generations.iter().map(|one| &one.model);
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
