//! Requirements and what is left, to findings and rows. Pure: no clock, no input, no output.

mod rows;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::clean::clean;
use crate::diagnostic::{Endpoint, Finding, Severity, Wish};
use crate::exit;
use crate::quota::{Credits, Limit, Model, ModelQuota, Organization, Unreadable};
use crate::requirements::{Need, Requirements};
use crate::spend::{Budget, History, UtcDay};

pub use self::rows::{Kind, Row};

/// What came of comparing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// One row a requirement, in the order of the flags.
    pub rows: Vec<Row>,
    /// What is wrong; errors decide the verdict.
    pub findings: Vec<(Severity, Finding)>,
}

/// The answer to the question whether the job may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything asked for is there.
    Go,
    /// Runway answered, and it is not enough.
    NoGo,
    /// It could not be found out.
    CannotTell,
    /// Nothing was asked, as the user wished for runs without a key.
    Skipped,
}

impl Verdict {
    /// The word of the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::NoGo => "no-go",
            Self::CannotTell => "cannot-tell",
            Self::Skipped => "skipped",
        }
    }

    /// The verdict that an exit code stands for.
    pub fn of_exit(exit: u8) -> Self {
        match exit {
            exit::GO => Self::Go,
            exit::NO_GO => Self::NoGo,
            _ => Self::CannotTell,
        }
    }
}

impl Decision {
    /// What decides the verdict.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|(severity, _)| *severity == Severity::Error)
            .map(|(_, finding)| finding)
    }

    /// The exit code: a no-go outweighs a key that is not accepted, and that all that is not known.
    pub fn exit(&self) -> u8 {
        let exits = self.errors().map(|finding| finding.code().exit());
        exits.min().unwrap_or(exit::GO)
    }

    /// The verdict; warnings decide nothing.
    pub fn verdict(&self) -> Verdict {
        Verdict::of_exit(self.exit())
    }

    /// Adds errors that were met before there was anything to compare.
    pub fn put_first(&mut self, findings: Vec<Finding>) {
        let errors = findings
            .into_iter()
            .map(|finding| (Severity::Error, finding));
        self.findings.splice(0..0, errors);
    }

    /// Adds the errors of another decision as warnings.
    pub fn warn_of(&mut self, other: Self) {
        let errors = other.findings.into_iter();
        let errors = errors.filter(|(severity, _)| *severity == Severity::Error);
        let warnings = errors.map(|(_, finding)| (Severity::Warning, finding));
        self.findings.extend(warnings);
    }
}

/// Compares what is required with what was read.
///
/// `None` stands for what could not be had at all, which the caller has reported: requirements on
/// it are left undecided here.
pub fn decide(
    required: &Requirements,
    organization: Option<&Organization>,
    history: Option<&History>,
) -> Decision {
    let mut decision = Decision {
        rows: rows::of(required, organization),
        findings: Vec::new(),
    };
    if let Some(organization) = organization {
        check_organization(required, organization, &mut decision);
    }
    if let Some(budget) = &required.budget {
        let planned = required.planned_cost.unwrap_or_default();
        decide_budget(*budget, planned, history, &mut decision);
    }
    decision
}

fn check_organization(
    required: &Requirements,
    organization: &Organization,
    decision: &mut Decision,
) {
    let cap = organization.monthly_cap.as_ref().ok().copied();
    // `all-models-zero` stands for every error of a model.
    let models = match check_models(required, organization, decision) {
        Models::SomeMayRun(models) => Some(models),
        Models::NoneMayRun | Models::Unreadable => None,
    };
    for (model, need) in &required.generations {
        let found = models.map(|models| check_generations(model, *need, models, cap));
        decision.add_errors(found.unwrap_or_default());
    }
    check_balance(required, organization, decision);
    for (model, needed) in &required.concurrency {
        if !decision.has_no_daily_quota(model) {
            let found = models.map(|models| check_concurrency(model, *needed, models));
            decision.add_errors(found.unwrap_or_default());
        }
    }
    for (model, need) in &required.warn_generations {
        let found = models.map(|models| check_generations(model, *need, models, cap));
        found
            .into_iter()
            .flatten()
            .for_each(|finding| decision.add_warning(finding));
    }
    warn_unreadable(required, organization, decision);
}

/// What the list of models is good for.
enum Models<'a> {
    SomeMayRun(&'a BTreeMap<Model, ModelQuota>),
    NoneMayRun,
    Unreadable,
}

/// What must hold of the models whatever is asked.
fn check_models<'a>(
    required: &Requirements,
    organization: &'a Organization,
    decision: &mut Decision,
) -> Models<'a> {
    let models = match &organization.models {
        Ok(models) => models,
        Err(what) => {
            decision.add_error(unreadable(what));
            return Models::Unreadable;
        }
    };
    for model in required.deciding_models() {
        for what in models
            .get(model)
            .into_iter()
            .flat_map(ModelQuota::unreadable)
        {
            decision.add_error(unreadable(what));
        }
    }
    let (limits, unread): (Vec<_>, Vec<_>) = models
        .values()
        .map(|quota| &quota.daily_limit)
        .partition(|limit| limit.is_ok());
    if let (true, Some(Err(what))) = (limits.is_empty(), unread.first()) {
        // Not one limit could be read, so it is not known that some model may run.
        decision.add_error(unreadable(what));
        return Models::SomeMayRun(models);
    }
    if limits.iter().all(|limit| **limit == Ok(Limit::AtMost(0))) {
        decision.add_error(Finding::AllModelsZero {
            read: limits.len(),
            unread: unread.len(),
        });
        return Models::NoneMayRun;
    }
    Models::SomeMayRun(models)
}

/// The first that fits, and beside it a concurrency at which the model can never run.
fn check_generations(
    model: &Model,
    need: Need,
    models: &BTreeMap<Model, ModelQuota>,
    cap: Option<Credits>,
) -> Vec<Finding> {
    let Some(quota) = models.get(model) else {
        return vec![unavailable(model, models)];
    };
    if need == Need::Count(0) {
        return Vec::new();
    }
    let (Ok(limit), Ok(used)) = (&quota.daily_limit, &quota.used) else {
        return Vec::new();
    };
    let short = shortfall(model, need, *limit, *used, cap);
    let no_quota = matches!(short, Some(Finding::NoDailyQuota { .. }));
    let never_runs = (quota.concurrency == Ok(Limit::AtMost(0)) && !no_quota).then(|| {
        Finding::ConcurrencyShort {
            model: model.clone(),
            needed: 1,
            allowed: 0,
        }
    });
    short.into_iter().chain(never_runs).collect()
}

fn shortfall(
    model: &Model,
    need: Need,
    limit: Limit,
    used: u64,
    cap: Option<Credits>,
) -> Option<Finding> {
    let limit = limit.number()?;
    let needed = need.under(Limit::AtMost(limit))?;
    let model = model.clone();
    let left = limit.saturating_sub(used);
    if limit == 0 {
        Some(Finding::NoDailyQuota { model, needed, cap })
    } else if needed > limit {
        Some(Finding::OverDailyLimit {
            model,
            needed,
            limit,
            cap,
        })
    } else if left == 0 {
        Some(Finding::DailyLimitReached {
            model,
            needed,
            used,
            limit,
            cap,
        })
    } else if left < needed {
        Some(Finding::GenerationsShort {
            model,
            needed,
            used,
            limit,
            cap,
        })
    } else {
        None
    }
}

fn check_concurrency(
    model: &Model,
    needed: u64,
    models: &BTreeMap<Model, ModelQuota>,
) -> Vec<Finding> {
    let Some(quota) = models.get(model) else {
        return vec![unavailable(model, models)];
    };
    match quota.concurrency {
        Ok(Limit::AtMost(allowed)) if allowed < needed => vec![Finding::ConcurrencyShort {
            model: model.clone(),
            needed,
            allowed,
        }],
        _ => Vec::new(),
    }
}

fn check_balance(required: &Requirements, organization: &Organization, decision: &mut Decision) {
    let balance = match &organization.balance {
        Ok(balance) => *balance,
        Err(what) => return decision.add_error(unreadable(what)),
    };
    // `--credits 0` says that a balance of exactly 0 is meant.
    let zero_is_meant = required.credits == Some(Credits(0)) && balance == Credits(0);
    if balance <= Credits(0) && !zero_is_meant {
        let needed = required.credits.max(required.planned_cost);
        let needed = needed.filter(|needed| *needed > balance.max(Credits(0)));
        return decision.add_error(Finding::NoCredits { balance, needed });
    }
    let short = |needed: Option<Credits>, by| {
        let needed = needed.filter(|needed| *needed > balance)?;
        Some(Finding::CreditsShort {
            needed,
            balance,
            by,
        })
    };
    decision.add_errors(short(required.credits, Wish::Credits));
    decision.add_errors(short(required.planned_cost, Wish::PlannedCost));
    short(required.warn_credits, Wish::WarnCredits)
        .into_iter()
        .for_each(|finding| decision.add_warning(finding));
}

fn decide_budget(
    budget: Budget,
    planned: Credits,
    history: Option<&History>,
    decision: &mut Decision,
) {
    const MOST_NAMED: usize = 3;
    let mut row = Row {
        kind: Kind::Budget(budget),
        percent: None,
        needed: Some(planned.0),
        left: None,
        met: None,
    };
    if let Some(history) = history {
        let spent = budget.spent(history);
        let left = budget.most.minus(spent);
        let met = left >= planned;
        row.left = Some(Some(left.0));
        row.met = Some(met);
        if !met {
            let history = history.within(budget.window);
            let days = history
                .newest_first()
                .map(|(day, _)| (day, history.on(day)))
                .collect();
            let models = history
                .by_model()
                .into_iter()
                .map(|(model, sum)| (model.clone(), sum))
                .collect();
            decision.add_error(Finding::OverBudget {
                budget,
                spent,
                planned,
                days: largest::<UtcDay>(days, MOST_NAMED),
                models: largest::<Model>(models, MOST_NAMED),
            });
        }
    }
    decision.rows.push(row);
}

fn largest<T>(mut sums: Vec<(T, Credits)>, most: usize) -> Vec<(T, Credits)> {
    sums.retain(|(_, sum)| *sum > Credits(0));
    first_by(sums, most, |(_, one), (_, other)| other.cmp(one))
}

/// The few that would come first if all were sorted.
fn first_by<T>(mut items: Vec<T>, most: usize, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let mut first = Vec::new();
    while first.len() < most {
        let places = items.iter().enumerate();
        let next = places.min_by(|(_, one), (_, other)| compare(one, other));
        let Some((index, _)) = next else { break };
        first.push(items.remove(index));
    }
    first
}

/// What could not be read and no requirement needs: told once, not once for each model.
fn warn_unreadable(required: &Requirements, organization: &Organization, decision: &mut Decision) {
    const MOST_NAMED: usize = 3;
    let empty = BTreeMap::new();
    let models = organization.models.as_ref().unwrap_or(&empty);
    let warned = required.warn_generations.iter();
    let mut fields: BTreeSet<&Unreadable> = BTreeSet::new();
    let unread = models.values().flat_map(ModelQuota::unreadable);
    for what in unread.chain(organization.monthly_cap.as_ref().err()) {
        if !decision.tells(&unreadable(what)) {
            fields.insert(what);
        }
    }
    // Those that a flag names come first, so that the cut below cannot hide them.
    let mut named: Vec<&Unreadable> = warned
        .filter_map(|(model, _)| models.get(model))
        .flat_map(ModelQuota::unreadable)
        .filter(|what| fields.contains(what))
        .collect();
    for what in &fields {
        if !named.contains(what) && named.len() < MOST_NAMED {
            named.push(what);
        }
    }
    let mut problems: Vec<String> = named.iter().map(ToString::to_string).collect();
    let more = fields.len().saturating_sub(problems.len());
    if more > 0 {
        problems.push(format!("{more} more cannot be read either"));
    }
    if !problems.is_empty() {
        decision.add_warning(Finding::UnexpectedResponse {
            endpoint: Endpoint::Organization,
            problem: clean(&problems.join("; ")),
        });
    }
}

impl Decision {
    /// Adds an error, once: two flags about one model may find the same.
    fn add_error(&mut self, finding: Finding) {
        let told = self.findings.iter().any(|(_, told)| match &finding {
            // A model that can never run is told once, whoever asked.
            Finding::ConcurrencyShort { allowed: 0, .. } => same_subject(told, &finding),
            _ => *told == finding,
        });
        if !told {
            self.findings.push((Severity::Error, finding));
        }
    }

    fn add_errors(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings
            .into_iter()
            .for_each(|finding| self.add_error(finding));
    }

    /// Adds a warning, but for what stands already under the same code and model.
    fn add_warning(&mut self, finding: Finding) {
        let stands = match &finding {
            Finding::UnexpectedResponse { .. } => self.tells(&finding),
            _ => self
                .findings
                .iter()
                .any(|(_, told)| same_subject(told, &finding)),
        };
        if !stands {
            self.findings.push((Severity::Warning, finding));
        }
    }

    fn tells(&self, finding: &Finding) -> bool {
        self.findings.iter().any(|(_, told)| told == finding)
    }

    fn has_no_daily_quota(&self, model: &Model) -> bool {
        self.findings.iter().any(
            |(_, told)| matches!(told, Finding::NoDailyQuota { model: told, .. } if told == model),
        )
    }
}

fn same_subject(one: &Finding, other: &Finding) -> bool {
    one.code() == other.code() && one.model() == other.model()
}

fn unreadable(what: &Unreadable) -> Finding {
    Finding::unreadable(Endpoint::Organization, what)
}

/// A list of names is cut where it would fill the screen.
const MOST_LISTED: usize = 100;

fn unavailable(model: &Model, models: &BTreeMap<Model, ModelQuota>) -> Finding {
    Finding::ModelUnavailable {
        model: model.clone(),
        near: nearest(model, models),
        listed: models.keys().take(MOST_LISTED).cloned().collect(),
        of: models.len(),
    }
}

/// The listed names that a misspelling is likely to mean, the nearest first, three at most.
fn nearest(model: &Model, models: &BTreeMap<Model, ModelQuota>) -> Vec<Model> {
    const LEAST_LIKENESS: f64 = 0.7;
    let wanted = model.as_str().to_lowercase();
    let near: Vec<(f64, &Model)> = models
        .keys()
        .map(|listed| {
            let likeness = strsim::jaro_winkler(&wanted, &listed.as_str().to_lowercase());
            (likeness, listed)
        })
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .collect();
    let mut near = first_by(near, 3, |(one, _), (other, _)| other.total_cmp(one));
    // But for the case of its letters it is this one, and no other.
    if near.first().is_some_and(|(likeness, _)| *likeness >= 1.0) {
        near.truncate(1);
    }
    near.into_iter().map(|(_, model)| model.clone()).collect()
}

#[cfg(test)]
mod tests;
