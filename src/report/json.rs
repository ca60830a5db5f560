//! The published JSON, with types of its own; `schema/report.schema.json` describes it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{fitting, ListedModel, Report};
use crate::format::{seconds, usd};
use crate::quota::{Limit, Model, ModelQuota, Organization, Reading};
use crate::requirement::Left;
use crate::sanitize::is_invisible;
use crate::spend::{History, Window};
use crate::tier;

/// The version of the form below; a field may be added to it, none is taken away.
const SCHEMA: u8 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Published<'a> {
    schema: u8,
    verdict: &'static str,
    exit_code: u8,
    checked_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    source: String,
    key_source: Option<&'static str>,
    requirements: Vec<Requirement>,
    diagnostics: Vec<Diagnostic<'a>>,
    granted: ByModel<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<Option<Forecast>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
    organization: Option<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<LeftOut>,
}

/// What an output has no room for.
#[derive(PartialEq, Serialize)]
struct LeftOut {
    requirements: usize,
    diagnostics: usize,
    models: usize,
}

#[derive(Serialize)]
struct Requirement {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    needed: i128,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Option<i128>>,
    met: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Diagnostic<'a> {
    code: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    summary: &'a str,
    cause: &'a str,
    fix: &'a str,
    see: &'a str,
    waiting_helps: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Forecast {
    days: i128,
    credits_per_day: i128,
    basis_days: u32,
}

#[derive(Serialize)]
struct Plan {
    tasks: u64,
    granted: u64,
    rules: Vec<Sum>,
}

#[derive(Serialize)]
struct Sum {
    model: String,
    rule: Option<String>,
    tasks: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<Box<RawValue>>,
    credits: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_balance: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_balance_usd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_monthly_credit_spend: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Option<u8>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<ByModel<Quota>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Quota {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrent_generations: Option<Option<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_daily_generations: Option<Option<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_generations: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_generations: Option<Option<u64>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    start_date: String,
    before_date: String,
    total_credits: i128,
    models: ByModel<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<Vec<Day>>,
}

#[derive(Serialize)]
struct Day {
    date: String,
    credits: ByModel<i128>,
}

type ByModel<T> = BTreeMap<String, T>;

/// Whether a file that begins like this is one of ours.
pub(super) fn is_report(head: &str) -> bool {
    head.starts_with(&format!("{{\n  \"schema\": {SCHEMA},\n  \"verdict\": \""))
}

/// One document, indented.
pub fn render(report: &Report) -> String {
    let published = report.published(&report.listed_models(), usize::MAX);
    let json = serde_json::to_string_pretty(&published).unwrap_or_default();
    harmless(json + "\n")
}

/// The document on one line, without the days of the history: an environment variable has to
/// hold it. Where it is longer than `max_bytes`, models that no flag names are left out, then
/// as much as is needed of the rest.
pub fn render_line(report: &Report, max_bytes: usize) -> String {
    let line = |models: &[ListedModel], max_rows| {
        let mut published = report.published(models, max_rows);
        if let Some(usage) = &mut published.usage {
            usage.days = None;
        }
        one_line(&published)
    };
    let whole = line(&report.listed_models(), usize::MAX);
    if whole.len() <= max_bytes {
        return whole;
    }
    let named = report.named_models();
    let rows = &report.contents.decision.rows;
    let longest = rows.len().max(report.diagnostics.len()).max(named.len());
    let fitting = fitting(max_bytes, longest, |max_rows| line(&named, max_rows));
    fitting.unwrap_or_else(nothing)
}

/// A JSON object, on one line, of what was read of each model. Where it is longer than
/// `max_bytes`, it holds the models that a flag names, as far as there is room.
pub fn render_map(
    report: &Report,
    max_bytes: usize,
    figure: impl Fn(&ModelQuota) -> Option<Limit>,
) -> String {
    let object = |models: &[ListedModel]| {
        let models = models.iter();
        let figures = models
            .filter_map(|(model, quota)| Some((report.redacted(model), figure(quota)?.number())));
        one_line(&figures.collect::<ByModel<_>>())
    };
    let whole = object(&report.listed_models());
    if whole.len() <= max_bytes {
        return whole;
    }
    let named = report.named_models();
    let fitting = fitting(max_bytes, named.len(), |count| {
        object(named.get(..count).unwrap_or_default())
    });
    fitting.unwrap_or_else(nothing)
}

/// A JSON object, on one line, of what may be started of each model, as far as there is room.
pub fn render_granted(report: &Report, max_bytes: usize) -> String {
    let fitting = fitting(max_bytes, report.grants().len(), |max_models| {
        one_line(&report.published_grants(max_models))
    });
    fitting.unwrap_or_else(nothing)
}

fn nothing() -> String {
    "{}".to_owned()
}

fn one_line(value: &impl Serialize) -> String {
    harmless(serde_json::to_string(value).unwrap_or_default())
}

/// JSON that hides nothing and commands nobody: outside its strings there is neither a character
/// to escape nor a `#`.
fn harmless(json: String) -> String {
    let suspicious = |byte: u8| byte == b'#' || !matches!(byte, b'\n' | b' '..=b'~');
    if !json.bytes().any(suspicious) {
        return json;
    }
    let mut text = String::with_capacity(json.len());
    let mut units = [0; 2];
    let mut characters = json.chars().peekable();
    let mut after_hash = false;
    while let Some(character) = characters.next() {
        let hash = character == '#';
        let paired = hash && (after_hash || characters.peek() == Some(&'#'));
        if paired || (is_invisible(character) && character != '\n') {
            for unit in character.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(character);
        }
        after_hash = hash;
    }
    text
}

impl Report<'_> {
    /// With these models, and at most so many of each other thing.
    fn published(&self, models: &[ListedModel], max_rows: usize) -> Published<'_> {
        let contents = &self.contents;
        let job = contents.job;
        let rows = &contents.decision.rows;
        let models = models.get(..max_rows).unwrap_or(models);
        let left_out = LeftOut {
            requirements: rows.len().saturating_sub(max_rows),
            diagnostics: self.diagnostics.len().saturating_sub(max_rows),
            models: self.listed_models().len().saturating_sub(models.len()),
        };
        Published {
            schema: SCHEMA,
            verdict: self.verdict.name(),
            exit_code: self.exit.code(),
            checked_at: humantime::format_rfc3339_seconds(contents.checked_at).to_string(),
            label: contents.label,
            source: self.redactor.redact(contents.source).into_owned(),
            key_source: contents.key_source,
            requirements: self.published_requirements(max_rows),
            diagnostics: self.published_diagnostics(max_rows),
            granted: self.published_grants(max_rows),
            forecast: job.warn_lasts.map(|_| self.published_forecast()),
            plan: job
                .plan
                .as_ref()
                .map(|plan| self.published_plan(plan, max_rows)),
            organization: contents
                .organization
                .map(|read| self.published_account(read, models)),
            usage: contents
                .usage
                .map(|(window, history)| self.published_usage(window, history, max_rows)),
            left_out: (left_out != LeftOut::NOTHING).then_some(left_out),
        }
    }

    /// A model's name as it is, but for what may be a key.
    fn redacted(&self, model: &Model) -> String {
        self.redactor.redact(model.as_str()).into_owned()
    }

    fn published_requirements(&self, max_rows: usize) -> Vec<Requirement> {
        let rows = self.contents.decision.rows.iter().take(max_rows);
        let rows = rows.map(|row| Requirement {
            kind: row.kind,
            model: row.model.as_ref().map(|model| self.redacted(model)),
            needed: row.needed,
            left: match row.left {
                Left::Unknown => None,
                Left::NoLimit => Some(None),
                Left::Number(left) => Some(Some(left)),
            },
            met: row.met,
        });
        rows.collect()
    }

    fn published_diagnostics(&self, max_rows: usize) -> Vec<Diagnostic<'_>> {
        let diagnostics = self.diagnostics.iter().take(max_rows);
        let diagnostics = diagnostics.map(|one| Diagnostic {
            code: one.code.name(),
            severity: one.severity.name(),
            model: one.model.as_ref().map(|model| self.redacted(model)),
            summary: &one.summary,
            cause: &one.cause,
            fix: &one.fix,
            see: &one.see,
            waiting_helps: one.code.waiting_helps(),
        });
        diagnostics.collect()
    }

    fn published_grants(&self, max_models: usize) -> ByModel<u64> {
        let grants = self.grants().iter().take(max_models);
        grants
            .map(|grant| (self.redacted(&grant.model), grant.granted))
            .collect()
    }

    fn published_forecast(&self) -> Option<Forecast> {
        let forecast = self.contents.decision.forecast?;
        Some(Forecast {
            days: forecast.days(),
            credits_per_day: forecast.credits_per_day().0,
            basis_days: forecast.basis_days,
        })
    }

    fn published_plan(&self, plan: &crate::plan::Plan, max_rules: usize) -> Plan {
        let sums = plan.sums.iter().take(max_rules);
        let rules = sums.map(|sum| {
            let seconds = seconds(sum.milliseconds.into()).replace(',', "");
            let seconds = RawValue::from_string(seconds).ok();
            let rule = sum.rule.as_deref();
            Sum {
                model: self.redacted(&sum.model),
                rule: rule.map(|rule| self.redactor.redact(rule).into_owned()),
                tasks: sum.tasks,
                outputs: rule.map(|_| sum.outputs),
                seconds: seconds.filter(|_| sum.milliseconds > 0),
                credits: rule.map(|_| sum.cost),
            }
        });
        Plan {
            tasks: plan.tasks,
            granted: self.granted_tasks().unwrap_or_default(),
            rules: rules.collect(),
        }
    }

    fn published_account(&self, read: &Organization, models: &[ListedModel]) -> Account {
        let number = |limit: &Reading<Limit>| limit.as_ref().ok().map(|limit| limit.number());
        let models = models.iter().map(|(model, quota)| {
            let quota = Quota {
                max_concurrent_generations: number(&quota.concurrency),
                max_daily_generations: number(&quota.daily_limit),
                daily_generations: quota.used.as_ref().ok().copied(),
                remaining_generations: quota.left().ok().map(Limit::number),
            };
            (self.redacted(model), quota)
        });
        let balance = read.balance.as_ref().ok();
        let cap = read.monthly_cap.as_ref().ok();
        Account {
            credit_balance: balance.map(|balance| balance.0),
            credit_balance_usd: balance.map(|balance| usd(*balance)),
            max_monthly_credit_spend: cap.map(|cap| cap.0),
            tier: cap.map(|cap| tier::of_cap(*cap).map(|tier| tier.number)),
            models: read.models.as_ref().ok().map(|_| models.collect()),
        }
    }

    fn published_usage(&self, window: Window, history: &History, max_models: usize) -> Usage {
        let days = history.newest_first().map(|(day, entries)| {
            let entries = entries.iter();
            let credits = entries.map(|(model, sum)| (self.redacted(model), sum.0));
            Day {
                date: day.to_string(),
                credits: credits.collect(),
            }
        });
        let totals = history.by_model().into_iter().take(max_models);
        Usage {
            start_date: window.start.to_string(),
            before_date: window.before.to_string(),
            total_credits: history.total().0,
            models: totals
                .map(|(model, sum)| (self.redacted(model), sum.0))
                .collect(),
            days: Some(days.collect()),
        }
    }
}

impl LeftOut {
    const NOTHING: Self = Self {
        requirements: 0,
        diagnostics: 0,
        models: 0,
    };
}
