//! What a job asks for: plain data.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::plan::Plan;
use crate::price::{Price, Prices};
use crate::quota::{Credits, Model};
use crate::spend::Budget;

/// The generations of one flag, or of one model of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generations {
    /// The model.
    pub model: Model,
    /// What decides the verdict: of a range, the minimum.
    pub needed: u64,
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
    /// Each of them; only their sum is rounded up.
    Each(Price),
    /// Each of them, rounded up as a task is.
    RoundedUp(Price),
}

impl Generations {
    /// This many of a model.
    pub fn new(model: Model, needed: u64, cost: Cost) -> Self {
        Self {
            model,
            needed,
            more: 0,
            cost,
        }
    }

    /// Whether any of them has no price.
    pub fn needs_price(&self) -> bool {
        self.cost == Cost::Unknown && self.needed.saturating_add(self.more) > 0
    }

    /// What so many of them cost; `None` if no price is given.
    pub fn cost_of(&self, count: u64) -> Option<Credits> {
        match self.cost {
            Cost::Unknown => None,
            Cost::Together(sum) => Some(sum),
            Cost::Each(price) => Some(price.of(count)),
            Cost::RoundedUp(price) => Some(Credits(price.of(1).0.saturating_mul(count.into()))),
        }
    }
}

/// Everything that a job requires, and what it is to be warned of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Generations that must be left, in the order of the flags; then those of the plan.
    pub generations: Vec<Generations>,
    /// Whether any price is given: then everything has one.
    pub priced: bool,
    /// The rules that tasks of a plan are priced by.
    pub prices: Prices,
    /// The tasks of the plan, which `generations` holds too.
    pub plan: Option<Plan>,
    /// The minimum balance before the job.
    pub credits: Option<Credits>,
    /// What must be left of the balance after the job.
    pub keep: Option<Credits>,
    /// What the generations may cost together.
    pub max_cost: Option<Credits>,
    /// Generations at a time: one entry a model.
    pub concurrency: Vec<(Model, u64)>,
    /// What may be spent in a window of days, the planned cost included.
    pub budget: Option<Budget>,
    /// Like `generations`, but a shortfall is a warning: one entry a model.
    pub warn_generations: Vec<(Model, u64)>,
    /// Like `credits`, but a shortfall is a warning.
    pub warn_credits: Option<Credits>,
    /// A warning if the balance lasts less than this, at the present pace.
    pub warn_lasts: Option<Duration>,
}

impl Job {
    /// What the generations cost together, if prices are given.
    pub fn planned_cost(&self) -> Option<Credits> {
        let planned = self.plan.is_some() || !self.generations.is_empty();
        let costs = self.generations.iter();
        let costs = costs.filter_map(|one| one.cost_of(one.needed));
        (self.priced && planned).then(|| costs.fold(Credits(0), Credits::plus))
    }

    /// What the cheapest of several planned generations costs at the most; `None` if one at most is
    /// planned, or none has a price.
    pub fn cheapest(&self) -> Option<Credits> {
        let planned = self.generations.iter().filter(|one| one.needed > 0);
        let needs = planned.clone().map(|one| one.needed);
        let count = needs.fold(0, u64::saturating_add);
        // Of several that cost so much together, one costs no more than the mean.
        let each = planned.filter_map(|one| match one.cost {
            Cost::Unknown => None,
            Cost::Each(price) | Cost::RoundedUp(price) => Some(price.of(1)),
            Cost::Together(sum) => Some(Credits(sum.0.checked_div(one.needed.into())?)),
        });
        each.min().filter(|_| count > 1)
    }

    /// Each is a row of the report, or a warning.
    ///
    /// # Errors
    ///
    /// Where there are too many: the end of a sentence about what asks for them.
    pub fn count_requirements(&self) -> Result<(), &'static str> {
        let credits = [self.credits, self.keep, self.max_cost, self.warn_credits];
        let lists = [
            self.generations.len(),
            self.warn_generations.len(),
            self.concurrency.len(),
            credits.iter().flatten().count(),
            usize::from(self.budget.is_some()),
            usize::from(self.warn_lasts.is_some()),
        ];
        if lists.into_iter().fold(0, usize::saturating_add) > 1_000 {
            return Err("leads to more than 1000 requirements");
        }
        Ok(())
    }

    /// Adds the tasks of a plan to what the flags ask for.
    ///
    /// # Errors
    ///
    /// Where the two cannot be added up: the end of a sentence about the plan.
    pub fn add_plan(&mut self, plan: Plan) -> Result<(), &'static str> {
        for of_model in &plan.models {
            let model = &of_model.model;
            let flags = self.generations.iter().filter(|one| one.model == *model);
            let counts = flags.map(|one| one.needed.checked_add(one.more));
            let mut counts = counts.chain([of_model.first.checked_add(of_model.rest)]);
            let sum = counts.try_fold(0_u64, |sum, count| sum.checked_add(count?));
            if sum.is_none() {
                return Err("and --generations add up to more generations than can be counted");
            }
            let cost = if self.priced {
                Cost::Together(of_model.cost)
            } else {
                Cost::Unknown
            };
            // Of a model that comes only behind the first tasks, nothing is required.
            if of_model.first > 0 {
                let generations = Generations::new(model.clone(), of_model.first, cost);
                self.generations.push(generations);
            }
        }
        self.plan = Some(plan);
        self.count_requirements()
    }

    /// What is needed of each model, in the order of the flags.
    pub fn needs(&self) -> Vec<(&Model, u64)> {
        let models = once_each(self.generations.iter().map(|one| &one.model)).into_iter();
        let needs = models.filter_map(|model| Some((model, self.need(model)?)));
        needs.collect()
    }

    /// How many generations are needed of a model, if any are asked for.
    pub fn need(&self, model: &Model) -> Option<u64> {
        let of_model = self.generations.iter().filter(|one| one.model == *model);
        of_model.map(|one| one.needed).reduce(u64::saturating_add)
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

/// Each of these once, in the order in which they first come.
pub(crate) fn once_each<T: Copy + Ord>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let new = all.into_iter().filter(|one| seen.insert(*one));
    new.collect()
}
