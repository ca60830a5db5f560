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
    let behind = behind.filter(|first| first.tasks == 0);
    let needs = job.needs().into_iter();
    let behind = behind.map(|first| (&first.model, 0));
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
        let Some((place, bound)) = of_models.get_mut(task.place()) else {
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
        let grant = of_models.get(task.place()).map(|(place, _)| *place);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Cost;
    use crate::price::Price;
    use crate::quota::ModelQuota;
    use crate::spend::{Budget, Period};
    use proptest::prelude::*;

    /// A flag `--generations MODEL=MIN..MAX@PRICE`, of the model `a` or `b`.
    type Flag = (bool, u64, u64, Option<&'static str>);

    #[derive(Clone, Debug)]
    struct World {
        flags: Vec<Flag>,
        /// Of `a` and of `b`.
        limits: [Option<u64>; 2],
        balance: i128,
        keep: Option<i128>,
        budget: Option<i128>,
    }

    fn worlds() -> impl Strategy<Value = World> {
        let price =
            prop::sample::select(vec![None, Some("0"), Some("0.5"), Some("2.75"), Some("9")]);
        let flag = (any::<bool>(), 1..4_u64, 0..6_u64, price);
        (
            prop::collection::vec(flag, 1..4),
            [prop::option::of(0..12_u64), prop::option::of(0..12_u64)],
            0..80_i128,
            prop::option::of(0..40_i128),
            prop::option::of(0..60_i128),
        )
            .prop_map(|(flags, limits, balance, keep, budget)| World {
                flags,
                limits,
                balance,
                keep,
                budget,
            })
    }

    fn name(is_b: bool) -> Model {
        Model::new(if is_b { "b" } else { "a" })
    }

    fn granted(world: &World) -> Vec<Grant> {
        let quota = |limit: Option<u64>| ModelQuota {
            concurrency: Ok(Limit::Unlimited),
            daily_limit: Ok(limit.map_or(Limit::Unlimited, Limit::AtMost)),
            used: Ok(0),
        };
        let [a, b] = world.limits;
        let models = Models::from_iter([(name(false), quota(a)), (name(true), quota(b))]);
        let generations = |(is_b, min, more, price): &Flag| {
            let cost = price.map_or(Cost::Unknown, |price| {
                Cost::Each(Price::parse(price).expect("a price"))
            });
            Generations {
                more: *more,
                ..Generations::new(name(*is_b), *min, cost)
            }
        };
        let job = Job {
            generations: world.flags.iter().map(generations).collect(),
            priced: world.flags.iter().any(|flag| flag.3.is_some()),
            keep: world.keep.map(Credits),
            budget: world.budget.map(|credits| Budget {
                max: Credits(credits),
                period: Period::Month,
            }),
            ..Job::default()
        };
        let room = Room {
            models: &models,
            balance: Credits(world.balance),
            budget: world.budget.map(Credits),
        };
        grant(&job, room).grants
    }

    /// What would stop one more generation of a flag, if so many of each are started.
    fn stops(world: &World, counts: &[u64], flag: usize) -> Vec<LimitedBy> {
        let cost = |nth: usize, count: u64| {
            let price = world.flags[nth]
                .3
                .map(|price| Price::parse(price).expect("a price"));
            price.map_or(0, |price| price.of(count).0)
        };
        let total: i128 = counts
            .iter()
            .enumerate()
            .map(|(nth, count)| cost(nth, *count))
            .sum();
        let more = cost(flag, counts[flag] + 1) - cost(flag, counts[flag]);
        let is_b = world.flags[flag].0;
        let of_model = world
            .flags
            .iter()
            .zip(counts)
            .filter(|(one, _)| one.0 == is_b);
        let of_model: u64 = of_model.map(|(_, count)| count).sum();
        let spends = |limit: i128| more > 0 && total + more > limit;
        let mut stops = Vec::new();
        if world.limits[usize::from(is_b)].is_some_and(|limit| of_model + 1 > limit) {
            let none = world.limits[usize::from(is_b)] == Some(0);
            stops.push(if none {
                LimitedBy::NoQuota
            } else {
                LimitedBy::DailyLimit
            });
        }
        if spends(world.balance) {
            stops.push(LimitedBy::Balance);
        }
        if world.keep.is_some_and(|keep| spends(world.balance - keep)) {
            stops.push(LimitedBy::Keep);
        }
        if world.budget.is_some_and(spends) {
            stops.push(LimitedBy::Budget);
        }
        stops
    }

    proptest! {
        /// The same one generation after another, in the order of the flags.
        #[test]
        fn grants_are_what_fits_one_by_one(world in worlds()) {
            let mut counts: Vec<u64> = world.flags.iter().map(|flag| flag.1).collect();
            let mut held = vec![Vec::new(); world.flags.len()];
            for (nth, (_, min, more, _)) in world.flags.iter().enumerate() {
                while counts[nth] < min + more && held[nth].is_empty() {
                    held[nth] = stops(&world, &counts, nth);
                    counts[nth] += u64::from(held[nth].is_empty());
                }
            }
            let grants = granted(&world);
            for one in &grants {
                let of_model: Vec<usize> = (0..counts.len())
                    .filter(|nth| name(world.flags[*nth].0) == one.model)
                    .collect();
                let sum = |of: &dyn Fn(usize) -> u64| of_model.iter().map(|nth| of(*nth)).sum::<u64>();
                prop_assert_eq!(one.granted, sum(&|nth| counts[nth]));
                prop_assert_eq!(one.min, sum(&|nth| world.flags[nth].1));
                prop_assert_eq!(one.max, sum(&|nth| world.flags[nth].1 + world.flags[nth].2));
                prop_assert_eq!(one.is_of_range(), one.max > one.min);
                for limited_by in [LimitedBy::NoQuota, LimitedBy::DailyLimit, LimitedBy::Balance, LimitedBy::Keep, LimitedBy::Budget] {
                    let expected = of_model.iter().any(|nth| held[*nth].contains(&limited_by));
                    prop_assert_eq!(one.limited_by.contains(&limited_by), expected, "{:?} {:?}", one, limited_by);
                }
            }
            let mut named: Vec<Model> = world.flags.iter().map(|flag| name(flag.0)).collect();
            named.sort();
            named.dedup();
            prop_assert_eq!(grants.len(), named.len());
        }
    }
}
