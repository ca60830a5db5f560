//! What a job needs and what was read, to rows and findings. Pure: no clock, no input, no output.
//!
//! This is the one place where the order of the report is put together.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Fault, Finding};
use crate::exit::Exit;
use crate::forecast::Forecast;
use crate::grant::{grant, Granted, Room};
use crate::job::Job;
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
    /// One row a requirement, in the order of the flags.
    pub rows: Vec<Row>,
    /// What decides the verdict.
    pub errors: Vec<Finding>,
    /// What decides nothing.
    pub warnings: Vec<Finding>,
    /// How long the balance lasts; `None` if that is not asked, or there is no pace.
    pub forecast: Option<Forecast>,
    /// What could not be read and a forecast needs.
    pub not_foreseen: Option<&'static str>,
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
        let mut codes = Vec::new();
        for code in self.errors.iter().map(Finding::code) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes
    }

    /// Whether there are errors, and waiting could resolve all of them.
    pub fn waiting_helps(&self) -> bool {
        let mut errors = self.errors.iter();
        !self.errors.is_empty() && errors.all(|finding| finding.code().waiting_helps())
    }

    fn add(&mut self, row: Row) {
        self.errors.extend(row.errors.iter().cloned());
        self.rows.push(row);
    }

    /// Adds a requirement whose errors another error stands for, if there is one.
    fn add_covered(&mut self, mut row: Row, covered: bool) {
        if covered {
            row.errors.clear();
        }
        self.add(row);
    }
}

/// Compares what a job needs with what was read. Requirements on what could not be had are left
/// undecided.
pub fn decide(job: &Job, facts: Facts) -> Decision {
    let mut decision = Decision::default();
    let organization = facts.organization;
    let balance = balance(organization);
    let planned = job.planned_cost();
    if job.plan.as_ref().is_some_and(|plan| plan.tasks == 0) {
        decision.warnings.push(Finding::NothingPlanned {});
    }
    if let Some(organization) = organization {
        let unreadable = unreadable_models(job, organization);
        let unreadable = unreadable.into_iter();
        decision.errors.extend(unreadable.map(unreadable_error));
    }
    let models = models(organization);
    let none_may_run = models.and_then(all_zero);
    decision
        .errors
        .extend(none_may_run.map(|(read, unread)| Finding::AllModelsZero {
            read,
            unread,
            balance,
        }));
    // `all-models-zero` covers every error of a model.
    let covered = none_may_run.is_some();
    for (model, need) in job.needs() {
        decision.add_covered(generations::check(model, need, models), covered);
    }
    check_account(job, planned, organization, balance, &mut decision);
    for (model, needed) in &job.concurrency {
        let row = concurrency::check(model, *needed, job.need(model), models);
        decision.add_covered(row, covered);
    }
    if let Some(budget) = job.budget {
        let planned = planned.unwrap_or_default();
        decision.add(budget::check(budget, planned, facts.budgeted, facts.today));
    }
    if let Some(organization) = organization {
        warn(job, planned, organization, balance, &mut decision);
    }
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
    decision.not_foreseen = match (facts.recent, balance) {
        (None, _) => Some("the history"),
        (_, None) => Some("the balance"),
        _ => None,
    };
    decision
}

/// Says what may be started, once nothing is short.
pub fn grant_ranges(job: &Job, facts: Facts, decision: &mut Decision) {
    let balance = balance(facts.organization);
    let (Some(models), Some(balance), []) =
        (models(facts.organization), balance, &decision.errors[..])
    else {
        return;
    };
    let budget = job.budget.zip(facts.budgeted);
    let room = Room {
        models,
        balance,
        budget: budget.map(|(budget, history)| budget::left(budget, history, facts.today)),
    };
    decision.granted = grant(job, room);
    let tasks = decision.granted.tasks;
    let fewer = decision
        .granted
        .grants
        .iter()
        .filter(|it| it.granted < it.max);
    let fewer = fewer.map(|grant| {
        let plan = job.plan.as_ref();
        let of_plan = plan.is_some_and(|plan| plan.rest_of(&grant.model) > 0);
        Finding::GrantedFewer {
            grant: grant.clone(),
            tasks: of_plan.then_some(tasks),
        }
    });
    decision.warnings.extend(fewer);
}

fn balance(organization: Option<&Organization>) -> Option<Credits> {
    organization.and_then(|read| read.balance.as_ref().ok().copied())
}

fn models(organization: Option<&Organization>) -> Option<&Models> {
    organization?.models.as_ref().ok()
}

/// Whether no model of the list can run, and how many were read and unread.
fn all_zero(models: &Models) -> Option<(usize, usize)> {
    let mut limits = models.values().map(|quota| &quota.daily_limit);
    let unread = limits.clone().filter(|limit| limit.is_err()).count();
    let read = limits.len().saturating_sub(unread);
    let stopped = limits.all(|limit| limit.is_err() || *limit == Ok(Limit::AtMost(0)));
    // Not one limit that could be read is not known to be 0.
    (stopped && (read > 0 || unread == 0)).then_some((read, unread))
}

/// What of the models must be readable and is not: the list, and every figure of a model that
/// decides. Where not one limit could be read, it is not known that any model may run.
fn unreadable_models<'a>(job: &Job, organization: &'a Organization) -> Vec<&'a Unreadable> {
    let models = match &organization.models {
        Ok(models) => models,
        Err(what) => return vec![what],
    };
    let deciding = job.deciding_models().into_iter();
    let mut unreadable: Vec<&Unreadable> = deciding
        .filter_map(|model| models.get(model))
        .flat_map(ModelQuota::unreadable)
        .collect();
    let mut limits = models.values().map(|quota| &quota.daily_limit);
    let first = limits.clone().next();
    if limits.all(Result::is_err) {
        let first = first.and_then(|limit| limit.as_ref().err());
        let first = first.map(Box::as_ref);
        unreadable.extend(first);
    }
    // A model that is there twice is so for each of its figures.
    let mut seen = BTreeSet::new();
    unreadable.retain(|what| seen.insert(*what));
    unreadable
}

fn unreadable_error(what: &Unreadable) -> Finding {
    Finding::unreadable(Document::Organization, what)
}

fn check_account(
    job: &Job,
    planned: Option<Credits>,
    organization: Option<&Organization>,
    balance: Option<Credits>,
    decision: &mut Decision,
) {
    if let Some(Err(what)) = organization.map(|read| &read.balance) {
        decision.errors.push(unreadable_error(what));
    }
    let keep = job.keep.zip(planned);
    let max_cost = job.max_cost.zip(planned);
    let rows = [
        job.credits.map(|needed| credits::check(needed, balance)),
        planned.map(|cost| planned_cost::check(job, cost, balance)),
        max_cost.map(|(max, planned)| max_cost::check(max, planned)),
        keep.map(|(keep, planned)| keep::check(keep, planned, balance)),
    ];
    // `no-credits` covers every shortage of credits, and no limit of the user's own.
    let empty = no_credits(job, planned, balance);
    let empty_reported = empty.is_some();
    decision.errors.extend(empty);
    for row in rows.into_iter().flatten() {
        let covered = empty_reported && row.kind != "max-cost";
        decision.add_covered(row, covered);
    }
}

fn no_credits(job: &Job, planned: Option<Credits>, balance: Option<Credits>) -> Option<Finding> {
    let balance = balance?;
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

fn warn(
    job: &Job,
    planned: Option<Credits>,
    organization: &Organization,
    balance: Option<Credits>,
    decision: &mut Decision,
) {
    if let Some(models) = models(Some(organization)) {
        if all_zero(models).is_none() {
            warn_generations(job, models, decision);
            warn_used_up(job, models, decision);
        }
    }
    if let (Some(needed), Some(balance)) = (job.warn_credits, balance) {
        let required = job.credits.max(planned);
        // What is an error already is not a warning as well.
        let empty = no_credits(job, planned, Some(balance)).is_some();
        if !empty && required.is_none_or(|needed| needed <= balance) {
            let warning = short(Some("--warn-credits"), needed, Credits(0), balance);
            decision.warnings.extend(warning);
        }
    }
    warn_unreadable(job, organization, decision);
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
fn warn_used_up(job: &Job, models: &Models, decision: &mut Decision) {
    if !job.named_models().is_empty() {
        return;
    }
    let is_used_up = |quota: &ModelQuota| {
        quota.daily_limit != Ok(Limit::AtMost(0)) && quota.left() == Ok(Limit::AtMost(0))
    };
    let used_up = models.iter().filter(|(_, quota)| is_used_up(quota));
    let used_up: Vec<&Model> = used_up.map(|(model, _)| model).collect();
    if used_up.is_empty() {
        return;
    }
    decision.warnings.push(Finding::ModelsUsedUp {
        of: used_up.len(),
        models: used_up.into_iter().take(MAX_NAMED).cloned().collect(),
    });
}

/// What could not be read and no requirement needs: one warning, not one for each model.
fn warn_unreadable(job: &Job, organization: &Organization, decision: &mut Decision) {
    let empty = Models::default();
    let models = organization.models.as_ref().unwrap_or(&empty);
    let reported = unreadable_models(job, organization);
    let mut fields: BTreeSet<&Unreadable> = BTreeSet::new();
    fields.extend(models.values().flat_map(ModelQuota::unreadable));
    fields.extend(organization.monthly_cap.as_ref().err().map(Box::as_ref));
    fields.retain(|what| !reported.contains(what));
    // Those that a flag names come first, so that the cut below cannot hide them.
    let warned = job.warn_generations.iter();
    let mut named: Vec<&Unreadable> = warned
        .filter_map(|(model, _)| models.get(model))
        .flat_map(ModelQuota::unreadable)
        .filter(|what| fields.contains(what))
        .collect();
    for what in &fields {
        if !named.contains(what) && named.len() < MAX_NAMED {
            named.push(what);
        }
    }
    if !named.is_empty() {
        let fields = Fault::Fields {
            needed: false,
            more: fields.len().saturating_sub(named.len()),
            named: named.into_iter().cloned().collect(),
        };
        let finding = Finding::unexpected(Document::Organization, fields);
        decision.warnings.push(finding);
    }
}

#[cfg(test)]
mod tests;
