//! How many generations of each range may be started now: the most that daily limit, balance and
//! budget allow together; and how many tasks of a plan, from the first on.

use std::collections::BTreeSet;

use crate::job::{once_each, Job};
use crate::plan::{Plan, Task};
use crate::quota::{Credits, Limit, Model, ModelQuota, Models};

/// What may be started of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The model.
    pub model: Model,
    /// How many generations may be started now.
    pub granted: u64,
    /// How many the ranges take at least.
    pub min: u64,
    /// How many they take at most.
    pub max: u64,
    /// What keeps it from `max`, if anything does.
    pub limited_by: BTreeSet<LimitedBy>,
    /// Whether a task of the plan is among those that cannot start yet.
    pub plan_waits: bool,
    /// How many its figures allow, whatever they cost, and which of them holds it there.
    allowed: (u64, LimitedBy),
}

impl Grant {
    /// Whether there was anything to decide.
    pub fn is_of_range(&self) -> bool {
        self.min < self.max
    }

    /// Starts so many more, or as many of them as there is room for: whether it is all. The cost
    /// grows with their number.
    fn start(
        &mut self,
        funds: &mut [(LimitedBy, Credits)],
        count: u64,
        cost: impl Fn(u64) -> Credits,
    ) -> bool {
        let stops = |count: u64| -> Vec<LimitedBy> {
            let (allowed, held) = self.allowed;
            let of_model = (self.granted.saturating_add(count) > allowed).then_some(held);
            let cost = cost(count);
            let short = |(_, left): &&(_, Credits)| cost > Credits(0) && *left < cost;
            let funds = funds.iter().filter(short).map(|(held, _)| *held);
            of_model.into_iter().chain(funds).collect()
        };
        let (mut started, mut stopped) = (0_u64, count.saturating_add(1));
        while started.saturating_add(1) < stopped {
            let middle = started.midpoint(stopped);
            if stops(middle).is_empty() {
                started = middle;
            } else {
                stopped = middle;
            }
        }
        if started < count {
            let held = stops(started.saturating_add(1));
            self.limited_by.extend(held);
        }
        self.granted = self.granted.saturating_add(started);
        for (_, left) in funds {
            *left = left.minus(cost(started));
        }
        started == count
    }
}

/// What limits a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitedBy {
    /// The model's daily limit.
    DailyLimit,
    /// A daily limit of 0.
    NoQuota,
    /// A concurrency of 0.
    Concurrency,
    /// The tier, which does not list the model.
    Unavailable,
    /// A figure of the model that could not be read.
    Unreadable,
    /// The balance.
    Balance,
    /// What `--keep` leaves of it.
    Keep,
    /// `--max-cost`.
    MaxCost,
    /// `--budget`.
    Budget,
    /// A task of the plan that comes before.
    Order,
}

/// What may be started now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// One entry for each model of `--generations` and the plan.
    pub grants: Vec<Grant>,
    /// How many tasks of the plan, from the first on.
    pub tasks: u64,
}

/// Of a job whose requirements are all met, with what the budget has left, if there is one: all
/// minima are served first, then the ranges of the flags, then the rest of the plan.
pub fn grant(job: &Job, models: &Models, balance: Credits, budget: Option<Credits>) -> Granted {
    let planned = job.planned_cost().unwrap_or_default();
    let keep = job.keep.map(|keep| balance.minus(keep));
    let funds = [
        (LimitedBy::Balance, Some(balance)),
        (LimitedBy::Keep, keep),
        (LimitedBy::MaxCost, job.max_cost),
        (LimitedBy::Budget, budget),
    ];
    let funds = funds.into_iter();
    let funds = funds.filter_map(|(held, sum)| Some((held, sum?.minus(planned))));
    let mut funds: Vec<(LimitedBy, Credits)> = funds.collect();
    let mut grants = minima(job, models);
    for one in &job.generations {
        let cost = |more: u64| {
            let all = one.cost_of(one.needed.saturating_add(more));
            all.unwrap_or_default()
        };
        if let Some(grant) = grants.iter_mut().find(|grant| grant.model == one.model) {
            grant.start(&mut funds, one.more, |more| cost(more).minus(cost(0)));
        }
    }
    let plan = job.plan.as_ref();
    let tasks = plan.map_or(0, |plan| start_plan(plan, &mut grants, &mut funds));
    Granted { grants, tasks }
}

/// What is needed of each model, and may be started since the verdict is a go.
fn minima(job: &Job, models: &Models) -> Vec<Grant> {
    let planned = job.plan.iter().flat_map(|plan| &plan.models);
    let named = job.generations.iter().map(|one| &one.model);
    let named = named.chain(planned.clone().map(|of_model| &of_model.model));
    let grants = once_each(named).into_iter().map(|model| {
        let min = job.need(model).unwrap_or(0);
        let flags = job.generations.iter().filter(|one| one.model == *model);
        let rest = planned.clone().filter(|it| it.model == *model);
        let more = flags.map(|one| one.more).chain(rest.map(|it| it.rest));
        Grant {
            model: model.clone(),
            granted: min,
            min,
            max: more.fold(min, u64::saturating_add),
            limited_by: BTreeSet::new(),
            plan_waits: false,
            allowed: allowed(models.get(model), min),
        }
    });
    grants.collect()
}

/// How many generations of a model there may be today, the minimum among them.
fn allowed(quota: Option<&ModelQuota>, min: u64) -> (u64, LimitedBy) {
    let Some(quota) = quota else {
        return (min, LimitedBy::Unavailable);
    };
    match quota.left() {
        _ if quota.unreadable().next().is_some() => (min, LimitedBy::Unreadable),
        _ if quota.concurrency == Ok(Limit::AtMost(0)) => (min, LimitedBy::Concurrency),
        _ if quota.daily_limit == Ok(Limit::AtMost(0)) => (min, LimitedBy::NoQuota),
        Ok(Limit::AtMost(left)) => (left, LimitedBy::DailyLimit),
        _ => (u64::MAX, LimitedBy::DailyLimit),
    }
}

/// Starts the rest of a plan, a task after another, up to the first that cannot start: how many of
/// all its tasks may start.
fn start_plan(plan: &Plan, grants: &mut [Grant], funds: &mut [(LimitedBy, Credits)]) -> u64 {
    let models = plan.models.iter().map(|of_model| &of_model.model);
    let places = models.map(|model| grants.iter().position(|grant| grant.model == *model));
    let places: Vec<Option<usize>> = places.collect();
    let place = |task: &Task| places.get(task.model).copied().flatten();
    let mut rest = plan.rest.iter();
    let held = rest.find(|task| {
        let cost = |count: u64| Credits(i128::from(task.cost).saturating_mul(count.into()));
        let grant = place(task).and_then(|place| grants.get_mut(place));
        !grant.is_some_and(|grant| grant.start(funds, 1, cost))
    });
    let mut started = plan.tasks;
    for task in held.into_iter().chain(rest) {
        started = started.saturating_sub(1);
        if let Some(grant) = place(task).and_then(|place| grants.get_mut(place)) {
            grant.plan_waits = true;
            if grant.limited_by.is_empty() {
                grant.limited_by.insert(LimitedBy::Order);
            }
        }
    }
    started
}
