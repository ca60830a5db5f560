//! The published JSON; `schema/report.schema.json` describes it.

#![expect(
    non_camel_case_types,
    reason = "a parameter of `object!` is named after its field"
)]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{ListedModel, Report};
use crate::format::{seconds, usd};
use crate::plan::Plan;
use crate::quota::{Limit, Model, ModelQuota, Organization, Reading};
use crate::requirement::Left;
use crate::sanitize::is_invisible;
use crate::tier;

/// The version of the form below; a field may be added to it, none is taken away.
const SCHEMA: u8 = 1;

/// An object with its fields in this order; one that is `None` is left out.
macro_rules! object {
    ($($field:ident: $value:expr,)*) => {{
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Object<$($field),*> {
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<$field>,)*
        }
        Object { $($field: $value,)* }
    }};
}

/// How a document with this verdict begins.
pub(super) fn head(verdict: &str) -> String {
    format!("{{\n  \"schema\": {SCHEMA},\n  \"verdict\": \"{verdict}\",\n  \"exitCode\": ")
}

/// One document, indented.
pub fn render(report: &Report) -> String {
    published(report, usize::MAX, false) + "\n"
}

/// The document on one line, without the days of the history: an environment variable has to
/// hold it. At most `max` of each other thing are in it.
pub(super) fn line(report: &Report, max: usize) -> String {
    published(report, max, true)
}

/// A JSON object, on one line, of what was read of the first `max` models.
pub(super) fn models(
    report: &Report,
    max: usize,
    figure: fn(&ModelQuota) -> Option<Limit>,
) -> String {
    let models = report.models().into_iter().take(max);
    let figures = models.filter_map(|(model, quota)| Some((model, figure(quota)?.number())));
    harmless(&by_model(report, figures), true)
}

/// A JSON object, on one line, of what may be started of each of the first `max` models.
pub(super) fn grants(report: &Report, max: usize) -> String {
    harmless(&granted(report, max), true)
}

/// JSON that hides nothing and commands nobody: outside its strings there is neither a character
/// to escape nor a `#`.
fn harmless(value: &impl Serialize, on_one_line: bool) -> String {
    let json = serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string());
    let mut text = String::with_capacity(json.len());
    let mut characters = json.chars().peekable();
    let (mut in_string, mut escaped, mut after_hash) = (false, false, false);
    while let Some(character) = characters.next() {
        let hash = character == '#';
        let paired = hash && (after_hash || characters.peek() == Some(&'#'));
        in_string ^= character == '"' && !escaped;
        if paired || (is_invisible(character) && character != '\n') {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else if in_string || !on_one_line || !matches!(character, '\n' | ' ') {
            text.push(character);
        }
        escaped = character == '\\' && !escaped;
        after_hash = hash;
    }
    text
}

/// The document with at most so many of each thing but the days.
fn published(report: &Report, max_rows: usize, on_one_line: bool) -> String {
    let contents = &report.contents;
    let (job, rows) = (contents.job, &contents.decision.rows);
    let all_models = report.models();
    let models = all_models.get(..max_rows).unwrap_or(&all_models);
    let requirements = rows.iter().take(max_rows).map(|row| {
        object! {
            kind: Some(row.kind),
            model: row.model.as_ref().map(|model| report.redacted(model)),
            needed: Some(row.needed),
            left: match row.left {
                Left::Unknown => None,
                Left::NoLimit => Some(None),
                Left::Number(left) => Some(Some(left)),
            },
            met: Some(row.met),
        }
    });
    let diagnostics = report.diagnostics.iter().take(max_rows).map(|one| {
        object! {
            code: Some(one.code.name()),
            severity: Some(one.severity.name()),
            model: one.model.as_ref().map(|model| report.redacted(model)),
            summary: Some(&one.summary),
            cause: Some(&one.cause),
            fix: Some(&one.fix),
            see: Some(&one.see),
            waiting_helps: Some(one.code.waiting_helps()),
        }
    });
    let forecast = contents.decision.forecast.map(|forecast| {
        object! {
            days: Some(forecast.days()),
            credits_per_day: Some(forecast.credits_per_day().0),
            basis_days: Some(forecast.basis_days),
        }
    });
    let usage = contents.usage.map(|(window, history)| {
        let days = history.0.iter().rev().map(|(day, entries)| {
            let credits = entries.iter().map(|(model, sum)| (model, sum.0));
            object! {
                date: Some(day.to_string()),
                credits: Some(by_model(report, credits)),
            }
        });
        let totals = history.by_model();
        let totals = totals.iter().take(max_rows);
        object! {
            start_date: Some(window.start.to_string()),
            before_date: Some(window.before.to_string()),
            total_credits: Some(history.total().0),
            models: Some(by_model(report, totals.map(|(model, sum)| (model, sum.0)))),
            days: (!on_one_line).then(|| days.collect::<Vec<_>>()),
        }
    });
    let left_out = |all: usize| Some(all.saturating_sub(max_rows));
    let published = object! {
        schema: Some(SCHEMA),
        verdict: Some(report.verdict.name()),
        exit_code: Some(report.exit.code()),
        checked_at: Some(humantime::format_rfc3339_seconds(contents.checked_at).to_string()),
        label: contents.label,
        source: Some(report.redactor.redact(contents.source)),
        key_source: Some(contents.key_source),
        requirements: Some(requirements.collect::<Vec<_>>()),
        diagnostics: Some(diagnostics.collect::<Vec<_>>()),
        granted: Some(granted(report, max_rows)),
        forecast: job.warn_lasts.map(|_| forecast),
        plan: job.plan.as_ref().map(|plan| published_plan(report, plan, max_rows)),
        organization: Some(contents.organization.map(|read| account(report, read, models))),
        usage: usage,
        left_out: (max_rows < usize::MAX).then(|| object! {
            requirements: left_out(rows.len()),
            diagnostics: left_out(report.diagnostics.len()),
            models: left_out(all_models.len()),
        }),
    };
    harmless(&published, on_one_line)
}

fn granted(report: &Report, max_models: usize) -> BTreeMap<String, u64> {
    let grants = report.granted.grants.iter().take(max_models);
    by_model(report, grants.map(|grant| (&grant.model, grant.granted)))
}

fn published_plan(report: &Report, plan: &Plan, max_rules: usize) -> impl Serialize {
    let rules = plan.sums.values().take(max_rules).map(|sum| {
        let seconds = seconds(sum.milliseconds).replace(',', "");
        let seconds = RawValue::from_string(seconds).ok();
        let rule = sum.rule.as_deref();
        object! {
            model: Some(report.redacted(&sum.model)),
            rule: Some(rule.map(|rule| report.redactor.redact(rule).into_owned())),
            tasks: Some(sum.tasks),
            outputs: rule.map(|_| sum.outputs),
            seconds: seconds.filter(|_| sum.milliseconds > 0),
            credits: Some(rule.map(|_| sum.cost.0)),
        }
    });
    object! {
        tasks: Some(plan.tasks),
        granted: Some(report.granted_tasks().unwrap_or_default()),
        rules: Some(rules.collect::<Vec<_>>()),
    }
}

fn account(report: &Report, read: &Organization, models: &[ListedModel]) -> impl Serialize {
    let number = |limit: &Reading<Limit>| limit.as_ref().ok().map(|limit| limit.number());
    let models = models.iter().map(|(model, quota)| {
        let quota = object! {
            max_concurrent_generations: number(&quota.concurrency),
            max_daily_generations: number(&quota.daily_limit),
            daily_generations: quota.used.as_ref().ok().copied(),
            remaining_generations: quota.left().ok().map(Limit::number),
        };
        (*model, quota)
    });
    let balance = read.balance.as_ref().ok();
    let cap = read.monthly_cap.as_ref().ok();
    object! {
        credit_balance: balance.map(|balance| balance.0),
        credit_balance_usd: balance.map(|balance| usd(*balance)),
        max_monthly_credit_spend: cap.map(|cap| cap.0),
        tier: cap.map(|cap| tier::of_cap(*cap).map(|tier| tier.number)),
        models: read.models.as_ref().ok().map(|_| by_model(report, models)),
    }
}

/// Values by the model's name.
fn by_model<'a, T>(
    report: &Report,
    values: impl Iterator<Item = (&'a Model, T)>,
) -> BTreeMap<String, T> {
    let mut by_model = BTreeMap::new();
    // To collect them would sort what is sorted, in code of its own for each kind of value.
    by_model.extend(values.map(|(model, value)| (report.redacted(model), value)));
    by_model
}

impl Report<'_> {
    /// A model's name as it is, but for what may be a key.
    fn redacted(&self, model: &Model) -> String {
        self.redactor.redact(model.as_str()).into_owned()
    }
}
