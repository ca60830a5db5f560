//! What a job needs and what was read, to rows and findings. Pure: no clock, no input, no output.
//!
//! This is the one place where the order of the report is put together.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Fault, Finding};
use crate::exit::Exit;
use crate::forecast::Forecast;
use crate::grant::{grant, Granted};
use crate::job::{once_each, Job};
use crate::quota::{Credits, Limit, Model, ModelQuota, Models, Organization, Unreadable};
use crate::requirement::credits::short;
use crate::requirement::{
    budget, concurrency, credits, generations, keep, max_cost, planned_cost, Row, MAX_NAMED,
};
use crate::source::Document;
use crate::spend::{History, UtcDay};

/// What was read. `None` stands for what could not be had at all, which the caller reports.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Limits and balance.
    pub organization: Option<&'a Organization>,
    /// A history that holds the days of the budget.
    pub budgeted: Option<&'a History>,
    /// A history that holds the days of the forecast.
    pub recent: Option<&'a History>,
    /// The UTC day by Runway's clock.
    pub today: UtcDay,
}

/// What came of comparing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// One row for each requirement, kind by kind, and in the order of the flags within a kind.
    pub rows: Vec<Row>,
    /// What decides the verdict.
    pub errors: Vec<Finding>,
    /// What decides nothing.
    pub warnings: Vec<Finding>,
    /// How long the balance lasts; `None` if that is not asked, or there is no pace.
    pub forecast: Option<Forecast>,
    /// What a forecast needs and could not be read.
    pub forecast_lacks: Option<&'static str>,
    /// What may be started now; nothing if the job may not start.
    pub granted: Granted,
}

impl Decision {
    /// The exit code of the run, before `--fail-open` and the like.
    pub fn exit(&self) -> Exit {
        Exit::of_errors(self.errors.iter().map(|finding| finding.code().exit()))
    }

    /// The codes of the errors, each once.
    pub fn codes(&self) -> Vec<Code> {
        once_each(self.errors.iter().map(Finding::code))
    }

    /// Adds a requirement, without its errors if another error stands for them.
    fn add(&mut self, mut row: Row, covered: bool) {
        if covered {
            row.errors.clear();
        }
        self.errors.extend(row.errors.iter().cloned());
        self.rows.push(row);
    }
}

impl<'a> Facts<'a> {
    fn balance(&self) -> Option<Credits> {
        self.organization?.balance.as_ref().ok().copied()
    }

    fn models(&self) -> Option<&'a Models> {
        self.organization?.models.as_ref().ok()
    }
}

/// Compares what a job needs with what was read. Requirements on what could not be had are left
/// undecided.
pub fn decide(job: &Job, facts: Facts) -> Decision {
    let mut decision = Decision::default();
    let (balance, models) = (facts.balance(), facts.models());
    let planned = job.planned_cost();
    if job.plan.as_ref().is_some_and(|plan| plan.tasks == 0) {
        decision.warnings.push(Finding::NothingPlanned {});
    }
    let organization = facts.organization;
    let unreadable = organization.map_or(Vec::new(), |read| unreadable_models(job, read));
    let errors = unreadable.iter().map(|what| unreadable_error(what));
    decision.errors.extend(errors);
    let all_zero = models.and_then(|models| all_models_zero(models, balance));
    // It covers every error of a model.
    let covered = all_zero.is_some();
    decision.errors.extend(all_zero);
    for (model, need) in job.needs() {
        decision.add(generations::check(model, need, models), covered);
    }
    check_account(job, planned, facts, &mut decision);
    for (model, needed) in &job.concurrency {
        let row = concurrency::check(model, *needed, job.need(model), models);
        decision.add(row, covered);
    }
    if let Some(budget) = job.budget {
        let planned = planned.unwrap_or_default();
        let row = budget::check(budget, planned, facts.budgeted, facts.today);
        decision.add(row, false);
    }
    if let Some(models) = models.filter(|_| !covered) {
        warn_generations(job, models, &mut decision);
        decision.warnings.extend(models_used_up(job, models));
    }
    if let (Some(needed), Some(balance)) = (job.warn_credits, balance) {
        // What is an error already is not a warning as well.
        let told = |code: &Code| [Code::NoCredits, Code::CreditsShort].contains(code);
        if !decision.codes().iter().any(told) {
            let warning = short(Some("--warn-credits"), needed, Credits(0), balance);
            decision.warnings.extend(warning);
        }
    }
    let unneeded = organization.and_then(|read| unneeded_unreadable(job, read, &unreadable));
    decision.warnings.extend(unneeded);
    if let (Some(wanted), Some(balance), Some(recent)) = (job.warn_lasts, balance, facts.recent) {
        let planned = planned.unwrap_or_default();
        decision.forecast = Forecast::new(recent, facts.today, balance.minus(planned));
        let short = decision.forecast.filter(|it| it.is_shorter_than(wanted));
        let short = short.map(|forecast| Finding::RunningLow {
            forecast,
            wanted,
            planned,
        });
        decision.warnings.extend(short);
    }
    decision.forecast_lacks = match (facts.recent, balance) {
        (None, _) => Some("the history"),
        (_, None) => Some("the balance"),
        _ => None,
    };
    decision
}

/// Says what may be started, once nothing is short.
pub fn grant_ranges(job: &Job, facts: Facts, decision: &mut Decision) {
    let (Some(models), Some(balance), []) = (facts.models(), facts.balance(), &decision.errors[..])
    else {
        return;
    };
    let budget = job.budget.zip(facts.budgeted);
    let left = budget.map(|(budget, history)| budget::left(budget, history, facts.today));
    decision.granted = grant(job, models, balance, left);
    let Granted { grants, tasks } = &decision.granted;
    let fewer = grants.iter().filter(|it| it.granted < it.max);
    let fewer = fewer.map(|grant| Finding::GrantedFewer {
        grant: grant.clone(),
        tasks: grant.plan_waits.then_some(*tasks),
    });
    decision.warnings.extend(fewer);
}

/// That no model of the list can run. If no limit could be read, they may not all be 0.
fn all_models_zero(models: &Models, balance: Option<Credits>) -> Option<Finding> {
    let mut limits = models.values().map(|quota| &quota.daily_limit);
    let unread = limits.clone().filter(|limit| limit.is_err()).count();
    let read = limits.len().saturating_sub(unread);
    let stopped = limits.all(|limit| limit.is_err() || *limit == Ok(Limit::AtMost(0)));
    (stopped && (read > 0 || unread == 0)).then_some(Finding::AllModelsZero {
        read,
        unread,
        balance,
    })
}

/// What of the models must be readable and is not: the list, and every figure of a model that
/// decides. Where not one limit could be read, it is not known that any model may run.
fn unreadable_models<'a>(job: &Job, organization: &'a Organization) -> Vec<&'a Unreadable> {
    let models = match &organization.models {
        Ok(models) => models,
        Err(what) => return vec![what],
    };
    let deciding = job.deciding_models().into_iter();
    let listed = deciding.filter_map(|model| models.get(model));
    let mut unreadable: Vec<&Unreadable> = listed.flat_map(ModelQuota::unreadable).collect();
    let limits = models.values().map(|quota| &quota.daily_limit);
    let mut unread = limits.map_while(|limit| limit.as_ref().err());
    if unread.clone().count() == models.len() {
        unreadable.extend(unread.next().map(Box::as_ref));
    }
    // A model listed twice yields the same error for each of its figures.
    once_each(unreadable)
}

fn unreadable_error(what: &Unreadable) -> Finding {
    Finding::unreadable(Document::Organization, what)
}

fn check_account(job: &Job, planned: Option<Credits>, facts: Facts, decision: &mut Decision) {
    let balance = facts.balance();
    if let Some(Err(what)) = facts.organization.map(|read| &read.balance) {
        decision.errors.push(unreadable_error(what));
    }
    // It covers every shortage of credits, and no limit of the user's own.
    let empty = balance.and_then(|balance| no_credits(job, planned, balance));
    let covered = empty.is_some();
    decision.errors.extend(empty);
    if let Some(needed) = job.credits {
        decision.add(credits::check(needed, balance), covered);
    }
    let Some(planned) = planned else { return };
    decision.add(planned_cost::check(job, planned, balance), covered);
    if let Some(max) = job.max_cost {
        decision.add(max_cost::check(max, planned), false);
    }
    if let Some(keep) = job.keep {
        decision.add(keep::check(keep, planned, balance), covered);
    }
}

fn no_credits(job: &Job, planned: Option<Credits>, balance: Credits) -> Option<Finding> {
    // `--credits 0` says that a balance of exactly 0 is meant.
    let zero_is_meant = job.credits == Some(Credits(0)) && balance == Credits(0);
    if balance > Credits(0) || zero_is_meant {
        return None;
    }
    let kept = job.keep.unwrap_or_default();
    let needed = job.credits.max(planned.map(|planned| planned.plus(kept)));
    Some(Finding::NoCredits {
        balance,
        needed: needed.filter(|needed| *needed > balance.max(Credits(0))),
    })
}

fn warn_generations(job: &Job, models: &Models, decision: &mut Decision) {
    for (model, need) in &job.warn_generations {
        for finding in generations::check(model, *need, Some(models)).errors {
            let is_same =
                |error: &Finding| error.code() == finding.code() && error.model() == Some(model);
            // What is an error already is not a warning as well.
            if !decision.errors.iter().any(is_same) {
                decision.warnings.push(finding);
            }
        }
    }
}

/// Nothing was asked of the models, so nothing else says that some have none left.
fn models_used_up(job: &Job, models: &Models) -> Option<Finding> {
    let is_used_up = |quota: &ModelQuota| {
        quota.daily_limit != Ok(Limit::AtMost(0)) && quota.left() == Ok(Limit::AtMost(0))
    };
    let used_up = models.iter().filter(|(_, quota)| is_used_up(quota));
    let used_up: Vec<&Model> = used_up.map(|(model, _)| model).collect();
    if used_up.is_empty() || !job.named_models().is_empty() {
        return None;
    }
    Some(Finding::ModelsUsedUp {
        of: used_up.len(),
        models: used_up.into_iter().take(MAX_NAMED).cloned().collect(),
    })
}

/// What could not be read and no requirement needs: one warning, not one for each model.
fn unneeded_unreadable(
    job: &Job,
    organization: &Organization,
    reported: &[&Unreadable],
) -> Option<Finding> {
    // Those that a flag names come first, so that the cut below cannot hide them.
    let warned = |model: &Model| job.warn_generations.iter().any(|(named, _)| named == model);
    let mut fields = BTreeSet::new();
    for (model, quota) in organization.models.iter().flatten() {
        let unreadable = quota.unreadable();
        fields.extend(unreadable.map(|what| (!warned(model), what)));
    }
    let cap = organization.monthly_cap.as_ref().err();
    fields.extend(cap.map(|what| (true, what.as_ref())));
    fields.retain(|(_, what)| !reported.contains(what));
    let named = fields.iter().take(MAX_NAMED);
    let unneeded = Fault::Fields {
        needed: false,
        more: fields.len().saturating_sub(named.len()),
        named: named.map(|(_, what)| (*what).clone()).collect(),
    };
    (!fields.is_empty()).then(|| Finding::unexpected(Document::Organization, unneeded))
}

#[cfg(test)]
mod tests;
