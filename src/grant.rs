//! How many generations of each range may be started now: the most that daily limit, balance and
//! budget allow together; and how many tasks of a plan, from the first on.

use crate::job::{Generations, Job};
use crate::plan::Plan;
use crate::quota::{Credits, Limit, Model, Models};

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
    pub limited_by: Vec<LimitedBy>,
}

impl Grant {
    /// Whether there was anything to decide.
    pub fn is_of_range(&self) -> bool {
        self.min < self.max
    }

    fn limit_by(&mut self, by: impl IntoIterator<Item = LimitedBy>) {
        for held in by {
            if !self.limited_by.contains(&held) {
                self.limited_by.push(held);
            }
        }
    }
}

/// What limits a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What there is, all requirements being met.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// The models of the tier.
    pub models: &'a Models,
    /// The balance.
    pub balance: Credits,
    /// What the budget has left, if there is one.
    pub budget: Option<Credits>,
}

/// All minima are served first, then the ranges of the flags, then the rest of the plan.
pub fn grant(job: &Job, room: Room) -> Granted {
    let planned = job.planned_cost().unwrap_or_default();
    let mut grants = minima(job);
    // Each with what it leaves for more than the minima.
    let mut funds = vec![(LimitedBy::Balance, room.balance.minus(planned))];
    if let Some(keep) = job.keep {
        funds.push((LimitedBy::Keep, room.balance.minus(planned).minus(keep)));
    }
    if let Some(max) = job.max_cost {
        funds.push((LimitedBy::MaxCost, max.minus(planned)));
    }
    if let Some(budget) = room.budget {
        funds.push((LimitedBy::Budget, budget.minus(planned)));
    }
    for one in &job.generations {
        let known = grants.iter_mut().find(|grant| grant.model == one.model);
        let Some(grant) = known else { continue };
        let min = one.needed;
        let cost_of_min = one.cost_of(min).unwrap_or_default();
        let mut bounds: Vec<(LimitedBy, u64)> = of_model(grant, room.models).into_iter().collect();
        for (held, left) in &funds {
            bounds.extend(affordable(one, min, cost_of_min, *left).map(|more| (*held, more)));
        }
        let bound = bounds.iter().map(|(_, more)| *more).min();
        let more = bound.unwrap_or(u64::MAX).min(one.more);
        if more < one.more {
            let holds = bounds.iter().filter(|(_, bound)| *bound == more);
            grant.limit_by(holds.map(|(held, _)| *held));
        }
        grant.granted = grant.granted.saturating_add(more);
        let all = one.cost_of(min.saturating_add(more)).unwrap_or_default();
        for (_, left) in &mut funds {
            *left = left.minus(all.minus(cost_of_min));
        }
    }
    let plan = job.plan.as_ref();
    let tasks = plan.map_or(0, |plan| rest(plan, &mut grants, &mut funds, room.models));
    Granted { grants, tasks }
}

fn minima(job: &Job) -> Vec<Grant> {
    let plan = job.plan.as_ref();
    let behind = plan.into_iter().flat_map(|plan| &plan.models);
    let behind = behind.filter(|of_model| of_model.first == 0);
    let needs = job.needs().into_iter();
    let behind = behind.map(|of_model| (&of_model.model, 0));
    // A model that comes behind the first tasks of the plan may be one of a flag.
    let behind = behind.filter(|(model, _)| job.need(model).is_none());
    let grants = needs.chain(behind).map(|(model, min)| {
        let of_model = job.generations.iter().filter(|one| one.model == *model);
        let more = of_model.map(|one| one.more).fold(0, u64::saturating_add);
        let rest = plan.map_or(0, |plan| plan.rest_of(model));
        Grant {
            model: model.clone(),
            granted: min,
            min,
            max: min.saturating_add(more).saturating_add(rest),
            limited_by: Vec::new(),
        }
    });
    grants.collect()
}

/// Starts the rest of the plan, a task after another, as far as there is room for them.
fn rest(
    plan: &Plan,
    grants: &mut [Grant],
    funds: &mut [(LimitedBy, Credits)],
    models: &Models,
) -> u64 {
    // By the model's place in the plan: that of its grant, and how many more it can have.
    let mut of_models: Vec<(usize, Option<(LimitedBy, u64)>)> = Vec::new();
    for first in &plan.models {
        let place = grants.iter().position(|grant| grant.model == first.model);
        let place = place.unwrap_or_default();
        let bound = grants.get(place).and_then(|grant| of_model(grant, models));
        of_models.push((place, bound));
    }
    let mut started: usize = 0;
    for task in &plan.rest {
        let cost = Credits(task.cost.into());
        let Some((place, bound)) = of_models.get_mut(task.model) else {
            break;
        };
        let Some(grant) = grants.get_mut(*place) else {
            break;
        };
        let stops = |(_, left): &&(LimitedBy, Credits)| task.cost > 0 && *left < cost;
        let limited_by = bound.filter(|(_, left)| *left == 0).map(|(held, _)| held);
        let limited_by = limited_by.into_iter();
        let limited_by = limited_by.chain(funds.iter().filter(stops).map(|(held, _)| *held));
        let limited_by: Vec<LimitedBy> = limited_by.collect();
        if !limited_by.is_empty() {
            grant.limit_by(limited_by);
            break;
        }
        started = started.saturating_add(1);
        grant.granted = grant.granted.saturating_add(1);
        if let Some((_, left)) = bound {
            *left = left.saturating_sub(1);
        }
        for (_, left) in &mut *funds {
            *left = left.minus(cost);
        }
    }
    let waiting = plan.rest.iter().skip(started);
    for task in waiting.skip(1) {
        let grant = of_models.get(task.model).map(|(place, _)| *place);
        if let Some(grant) = grant.and_then(|place| grants.get_mut(place)) {
            if grant.limited_by.is_empty() {
                grant.limit_by([LimitedBy::Order]);
            }
        }
    }
    let started = u64::try_from(plan.rest.len().saturating_sub(started)).unwrap_or(u64::MAX);
    plan.tasks.saturating_sub(started)
}

/// How many more than is granted a model can have; `None` if there is no limit.
fn of_model(grant: &Grant, models: &Models) -> Option<(LimitedBy, u64)> {
    let Some(quota) = models.get(&grant.model) else {
        return Some((LimitedBy::Unavailable, 0));
    };
    match quota.left() {
        _ if quota.unreadable().next().is_some() => Some((LimitedBy::Unreadable, 0)),
        _ if quota.concurrency == Ok(Limit::AtMost(0)) => Some((LimitedBy::Concurrency, 0)),
        _ if quota.daily_limit == Ok(Limit::AtMost(0)) => Some((LimitedBy::NoQuota, 0)),
        Ok(Limit::AtMost(left)) => {
            Some((LimitedBy::DailyLimit, left.saturating_sub(grant.granted)))
        }
        _ => None,
    }
}

/// How many more than the minimum so many credits pay for; `None` if they cost nothing.
fn affordable(one: &Generations, min: u64, cost_of_min: Credits, left: Credits) -> Option<u64> {
    let crate::job::Cost::Each(price) = one.cost else {
        return None;
    };
    let all = price.fit_into(cost_of_min.plus(left.max(Credits(0))))?;
    Some(all.saturating_sub(min))
}
