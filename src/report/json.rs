//! The published JSON, with types of its own; `schema/report.schema.json` describes it.

use serde::{Serialize, Serializer};

use super::{remaining, Report};
use crate::clean::is_invisible;
use crate::decide::{Kind, Row};
use crate::diagnostic::Diagnostic;
use crate::figures::usd;
use crate::quota::{Limit, ModelQuota, Organization, Reading};
use crate::spend::{History, Window};
use crate::tier;

/// The version of the form below; a field may be added to it, none is taken away.
const SCHEMA: u8 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: u8,
    verdict: &'static str,
    exit_code: u8,
    checked_at: String,
    source: &'a str,
    requirements: Vec<Requirement<'a>>,
    diagnostics: Vec<Told<'a>>,
    organization: Option<Account<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage<'a>>,
}

#[derive(Serialize)]
struct Requirement<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    needed: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Option<i128>>,
    met: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    code: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    summary: &'a str,
    cause: &'a str,
    fix: &'a str,
    see: &'a str,
    waiting_helps: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_balance: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_balance_usd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_monthly_credit_spend: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<Option<u8>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Map<'a, Quota>>,
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
struct Usage<'a> {
    start_date: String,
    before_date: String,
    total_credits: i128,
    models: Map<'a, i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<Vec<Day<'a>>>,
}

#[derive(Serialize)]
struct Day<'a> {
    date: String,
    credits: Map<'a, i128>,
}

/// Entries that come in order already.
struct Map<'a, T>(Vec<(&'a str, T)>);

impl<T: Serialize> Serialize for Map<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// One document, indented.
pub fn render(report: &Report) -> String {
    let document = document(report, true, &|_| true);
    let mut text = harmless(&serde_json::to_string_pretty(&document).unwrap_or_default());
    text.push('\n');
    text
}

/// The document on one line, without the days of the history: an environment variable has to
/// hold it. Where even so it is longer than `most_bytes`, only the models that a flag names stay.
pub fn render_line(report: &Report, most_bytes: usize) -> String {
    let line = |keeps: &dyn Fn(&str) -> bool| {
        let document = document(report, false, keeps);
        harmless(&serde_json::to_string(&document).unwrap_or_default())
    };
    let whole = line(&|_| true);
    if whole.len() <= most_bytes {
        return whole;
    }
    line(&|name| report.named.iter().any(|named| named.as_str() == name))
}

/// A JSON object, on one line, of what was read of each model.
pub fn render_map(report: &Report, figure: impl Fn(&ModelQuota) -> Option<Limit>) -> String {
    let models = report
        .organization
        .as_ref()
        .and_then(|it| it.models.as_ref().ok());
    let entries = models.into_iter().flatten();
    let entries =
        entries.filter_map(|(model, quota)| Some((model.as_str(), figure(quota)?.number())));
    let map = Map(entries.collect());
    harmless(&serde_json::to_string(&map).unwrap_or_default())
}

/// JSON that hides nothing and commands nobody: outside its strings there is neither a character
/// to escape nor a `#`.
fn harmless(json: &str) -> String {
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

fn document<'a>(report: &'a Report, days: bool, keeps: &dyn Fn(&str) -> bool) -> Document<'a> {
    let checked_at = humantime::format_rfc3339_seconds(report.checked_at);
    Document {
        schema: SCHEMA,
        verdict: report.verdict.name(),
        exit_code: report.exit,
        checked_at: checked_at.to_string(),
        source: &report.source,
        requirements: report.rows.iter().map(requirement).collect(),
        diagnostics: report.diagnostics.iter().map(told).collect(),
        organization: report.organization.as_ref().map(|it| account(it, keeps)),
        usage: report
            .usage
            .as_ref()
            .map(|(window, history)| usage(*window, history, days)),
    }
}

fn requirement(row: &Row) -> Requirement<'_> {
    let (kind, model) = match &row.kind {
        Kind::Generations(model) => ("generations", Some(model.as_str())),
        Kind::Credits => ("credits", None),
        Kind::PlannedCost => ("planned-cost", None),
        Kind::Concurrency(model) => ("concurrency", Some(model.as_str())),
        Kind::Budget(_) => ("budget", None),
    };
    Requirement {
        kind,
        model,
        percent: row.percent,
        needed: row.needed,
        left: row.left,
        met: row.met,
    }
}

fn told(diagnostic: &Diagnostic) -> Told<'_> {
    Told {
        code: diagnostic.code.name(),
        severity: diagnostic.severity.name(),
        model: diagnostic.model.as_ref().map(|model| model.as_str()),
        summary: &diagnostic.summary,
        cause: &diagnostic.cause,
        fix: &diagnostic.fix,
        see: &diagnostic.see,
        waiting_helps: diagnostic.code.waiting_helps(),
    }
}

fn account<'a>(organization: &'a Organization, keeps: &dyn Fn(&str) -> bool) -> Account<'a> {
    let balance = organization.balance.as_ref().ok();
    let cap = organization.monthly_cap.as_ref().ok();
    let models = organization.models.as_ref().ok();
    Account {
        credit_balance: balance.map(|balance| balance.0),
        credit_balance_usd: balance.map(|balance| usd(*balance)),
        max_monthly_credit_spend: cap.map(|cap| cap.0),
        tier: cap.map(|cap| tier::of_cap(*cap).map(|tier| tier.number)),
        models: models.map(|models| {
            let kept = models.iter().filter(|(model, _)| keeps(model.as_str()));
            Map(kept
                .map(|(model, quota)| (model.as_str(), quota_of(quota)))
                .collect())
        }),
    }
}

fn quota_of(quota: &ModelQuota) -> Quota {
    let number = |limit: &Reading<Limit>| limit.as_ref().ok().map(|limit| limit.number());
    Quota {
        max_concurrent_generations: number(&quota.concurrency),
        max_daily_generations: number(&quota.daily_limit),
        daily_generations: quota.used.as_ref().ok().copied(),
        remaining_generations: remaining(quota).map(Limit::number),
    }
}

fn usage(window: Window, history: &History, days: bool) -> Usage<'_> {
    let totals = history.by_model().into_iter();
    Usage {
        start_date: window.start.to_string(),
        before_date: window.before.to_string(),
        total_credits: history.total().0,
        models: Map(totals.map(|(model, sum)| (model.as_str(), sum.0)).collect()),
        days: days.then(|| {
            let days = history.newest_first();
            days.map(|(day, models)| Day {
                date: day.to_string(),
                credits: Map(models
                    .iter()
                    .map(|(model, sum)| (model.as_str(), sum.0))
                    .collect()),
            })
            .collect()
        }),
    }
}
