//! How many generations of each range may be started now: the most that daily limit, balance and
//! budget allow together. All minima are served first, then the rest in the order of the flags.

use crate::job::{Generations, Job};
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
    pub held_by: Vec<Held>,
}

impl Grant {
    /// Whether there was anything to decide.
    pub fn is_of_range(&self) -> bool {
        self.min < self.max
    }
}

/// What holds back a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The model's daily limit.
    DailyLimit,
    /// The balance.
    Balance,
    /// What `--keep` leaves of it.
    Keep,
    /// `--budget`.
    Budget,
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

/// One entry for each model of `--generations` and the plan, but for a percentage of no limit.
pub fn grant(job: &Job, room: Room) -> Vec<Grant> {
    let planned = job.planned_cost(Some(room.models)).unwrap_or_default();
    let mut grants = minima(job, room.models);
    // Each with what it leaves for more than the minima.
    let mut funds = vec![(Held::Balance, room.balance.minus(planned))];
    if let Some(keep) = job.keep {
        funds.push((Held::Keep, room.balance.minus(planned).minus(keep)));
    }
    if let Some(budget) = room.budget {
        funds.push((Held::Budget, budget.minus(planned)));
    }
    for one in job.generations.iter().filter(|one| one.more > 0) {
        let known = grants.iter_mut().find(|grant| grant.model == one.model);
        let (Some(grant), Some(min)) = (known, one.needed(Some(room.models))) else {
            continue;
        };
        let cost_of_min = one.cost_of(min).unwrap_or_default();
        let mut bounds: Vec<(Held, u64)> = daily(grant, room.models).into_iter().collect();
        for (held, left) in &funds {
            bounds.extend(affordable(one, min, cost_of_min, *left).map(|more| (*held, more)));
        }
        let bound = bounds.iter().map(|(_, more)| *more).min();
        let more = bound.unwrap_or(u64::MAX).min(one.more);
        if more < one.more {
            let holds = bounds.iter().filter(|(_, bound)| *bound == more);
            for (held, _) in holds {
                if !grant.held_by.contains(held) {
                    grant.held_by.push(*held);
                }
            }
        }
        grant.granted = grant.granted.saturating_add(more);
        let all = one.cost_of(min.saturating_add(more)).unwrap_or_default();
        for (_, left) in &mut funds {
            *left = left.minus(all.minus(cost_of_min));
        }
    }
    grants
}

fn minima(job: &Job, models: &Models) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for (model, need) in job.needs() {
        let limit = models.get(model).map(|quota| &quota.daily_limit);
        let Some(Ok(limit)) = limit else { continue };
        let Some(min) = need.under(*limit) else {
            continue;
        };
        let of_model = job.generations.iter().filter(|one| one.model == *model);
        let more = of_model.map(|one| one.more).fold(0, u64::saturating_add);
        grants.push(Grant {
            model: model.clone(),
            granted: min,
            min,
            max: min.saturating_add(more),
            held_by: Vec::new(),
        });
    }
    grants
}

/// How many more than is granted the day allows.
fn daily(grant: &Grant, models: &Models) -> Option<(Held, u64)> {
    match models.get(&grant.model)?.left() {
        Ok(Limit::Unlimited) => None,
        Ok(Limit::AtMost(left)) => Some((Held::DailyLimit, left.saturating_sub(grant.granted))),
        Err(_) => Some((Held::DailyLimit, 0)),
    }
}

/// How many more than the minimum these credits pay for; `None` where they cost nothing.
fn affordable(one: &Generations, min: u64, cost_of_min: Credits, left: Credits) -> Option<u64> {
    let crate::job::Cost::Each(price) = one.cost else {
        return None;
    };
    let all = price.fit_into(cost_of_min.plus(left.max(Credits(0))))?;
    Some(all.saturating_sub(min))
}
