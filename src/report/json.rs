//! The published JSON, with types of its own; `schema/report.schema.json` describes it.

use std::borrow::Cow;
use std::io::{self, Write};

use super::Report;
use crate::diagnostic::Diagnostic;
use crate::format::{seconds, usd};
use crate::quota::{Limit, Model, ModelQuota, Organization, Reading};
use crate::redact::Redactor;
use crate::requirement::{Left, Row};
use crate::sanitize::is_invisible;
use crate::spend::{History, Window};
use crate::tier;
use serde::{Serialize, Serializer};
use serde_json::ser::{self, CompactFormatter, Formatter, PrettyFormatter};
use serde_json::value::RawValue;

/// The version of the form below; a field may be added to it, none is taken away.
const SCHEMA: u8 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: u8,
    verdict: &'static str,
    exit_code: u8,
    checked_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    source: Cow<'a, str>,
    key_source: Option<&'static str>,
    requirements: Vec<Requirement<'a>>,
    diagnostics: Vec<Finding<'a>>,
    granted: Map<'a, i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forecast: Option<Option<Forecast>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plan<'a>>,
    organization: Option<Account<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage<'a>>,
    #[serde(skip_serializing_if = "LeftOut::is_empty")]
    left_out: LeftOut,
}

/// What a bound left no room for.
#[derive(Default, Serialize)]
struct LeftOut {
    requirements: usize,
    diagnostics: usize,
    models: usize,
}

impl LeftOut {
    fn is_empty(&self) -> bool {
        self.requirements == 0 && self.diagnostics == 0 && self.models == 0
    }
}

#[derive(Serialize)]
struct Requirement<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<Cow<'a, str>>,
    needed: i128,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Option<i128>>,
    met: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    code: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<Cow<'a, str>>,
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
struct Plan<'a> {
    tasks: u64,
    models: Map<'a, Tasks>,
}

#[derive(Serialize)]
struct Tasks {
    tasks: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<i128>,
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
    max_concurrent_generations: Option<Option<i128>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_daily_generations: Option<Option<i128>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    daily_generations: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_generations: Option<Option<i128>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage<'a> {
    start_date: String,
    before_date: String,
    total_credits: Option<i128>,
    models: Map<'a, i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<Vec<Day<'a>>>,
}

#[derive(Serialize)]
struct Day<'a> {
    date: String,
    credits: Map<'a, i128>,
}

/// By redacted name, in order. Two names that are one without the key show the first.
struct Map<'a, T>(Vec<(Cow<'a, str>, T)>);

impl<'a, T> FromIterator<(Cow<'a, str>, T)> for Map<'a, T> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, T)>>(entries: I) -> Self {
        let mut sorted: Vec<(Cow<str>, T)> = Vec::new();
        for (name, value) in entries {
            if let Err(place) = sorted.binary_search_by(|(known, _)| known.cmp(&name)) {
                sorted.insert(place, (name, value));
            }
        }
        Self(sorted)
    }
}

impl<T: Serialize> Serialize for Map<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// How much of a report is rendered.
#[derive(Clone, Copy)]
struct Bounds {
    /// The days of the history.
    days: bool,
    /// Models that no flag names.
    all_models: bool,
    /// Requirements, diagnostics and models: the most of each.
    max_rows: usize,
}

/// Whether a file that begins so is one of ours.
pub(super) fn is_report(head: &str) -> bool {
    head.starts_with(&format!("{{\n  \"schema\": {SCHEMA},\n  \"verdict\": \""))
}

/// One document, indented.
pub fn render(report: &Report) -> String {
    let bounds = Bounds {
        days: true,
        all_models: true,
        max_rows: usize::MAX,
    };
    let document = document(report, bounds);
    let mut text = written(&document, Layout(Some(PrettyFormatter::new())));
    text.push('\n');
    text
}

/// The document on one line, without the days of the history: an environment variable has to
/// hold it. Where it is longer than `max_bytes`, models that no flag names are left out, then
/// more and more of the rest.
pub fn render_line(report: &Report, max_bytes: usize) -> String {
    let line = |all_models, max_rows| {
        let bounds = Bounds {
            days: false,
            all_models,
            max_rows,
        };
        let document = document(report, bounds);
        written(&document, Layout(None))
    };
    let whole = line(true, usize::MAX);
    if whole.len() <= max_bytes {
        return whole;
    }
    let mut max_rows = 512;
    loop {
        let text = line(false, max_rows);
        if text.len() <= max_bytes {
            return text;
        }
        if max_rows == 0 {
            return "{}".to_owned();
        }
        max_rows /= 2;
    }
}

/// A JSON object, on one line, of what was read of each model. Where it is longer than
/// `max_bytes`, it holds the models that a flag names, as far as there is room.
pub fn render_map(
    report: &Report,
    max_bytes: usize,
    figure: impl Fn(&ModelQuota) -> Option<Limit>,
) -> String {
    let redactor = report.redactor;
    let entry = |(model, quota): (&Model, &ModelQuota)| {
        let shown = shown_limit(redactor, figure(quota)?.number())?;
        Some((redactor.redact(model.as_str()).into_owned().into(), shown))
    };
    let render = |entries: &Map<Option<i128>>| written(entries, Layout(None));
    let read = report.contents.organization;
    let models = read.and_then(|read| read.models.as_ref().ok());
    let all = models.into_iter().flatten();
    let all = all.filter_map(entry).collect();
    let whole = render(&all);
    if whole.len() <= max_bytes {
        return whole;
    }
    let mut max_models = report.contents.named.len();
    loop {
        let named = report.contents.named.iter().take(max_models);
        let named = named.filter_map(|named| models?.get_key_value(*named));
        let text = render(&named.filter_map(entry).collect());
        if text.len() <= max_bytes || max_models == 0 {
            return text;
        }
        max_models = max_models.saturating_sub(1);
    }
}

/// A JSON object, on one line, of what may be started of each model, as far as there is room.
pub fn render_granted(report: &Report, max_bytes: usize) -> String {
    let mut max_models = report.grants().len();
    loop {
        let granted = granted(report, max_models);
        let text = written(&granted, Layout(None));
        if text.len() <= max_bytes {
            return text;
        }
        max_models /= 2;
    }
}

fn written(value: &impl Serialize, layout: Layout) -> String {
    let mut json = Vec::new();
    let mut serializer = ser::Serializer::with_formatter(&mut json, layout);
    let done = value.serialize(&mut serializer);
    let text = done.ok().and_then(|()| String::from_utf8(json).ok());
    harmless(text.unwrap_or_default())
}

/// On one line, or indented: one type for both, since each has a copy of everything that it
/// writes.
struct Layout(Option<PrettyFormatter<'static>>);

macro_rules! laid_out {
    ($($name:ident($($first:ident)?);)*) => {
        impl Formatter for Layout {
            $(fn $name<W: ?Sized + Write>(
                &mut self,
                writer: &mut W,
                $($first: bool,)?
            ) -> io::Result<()> {
                match &mut self.0 {
                    Some(pretty) => pretty.$name(writer, $($first)?),
                    None => CompactFormatter.$name(writer, $($first)?),
                }
            })*
        }
    };
}

laid_out! {
    begin_array();
    end_array();
    begin_array_value(first);
    end_array_value();
    begin_object();
    end_object();
    begin_object_key(first);
    begin_object_value();
    end_object_value();
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

fn document<'a>(report: &'a Report, bounds: Bounds) -> Document<'a> {
    let Bounds {
        days,
        all_models,
        max_rows,
    } = bounds;
    let contents = &report.contents;
    let redactor = report.redactor;
    let checked_at = humantime::format_rfc3339_seconds(contents.checked_at);
    let rows = &contents.decision.rows;
    let keeps = |model: &Model| all_models || contents.named.contains(&model);
    let organization = contents
        .organization
        .map(|read| account(read, redactor, &keeps, max_rows));
    let shown = organization.as_ref().and_then(|it| it.models.as_ref());
    let listed = contents
        .organization
        .and_then(|read| read.models.as_ref().ok());
    let models_left_out = match (listed, shown) {
        (Some(listed), Some(shown)) if bounds.max_rows < usize::MAX => {
            listed.iter().len().saturating_sub(shown.0.len())
        }
        _ => 0,
    };
    Document {
        schema: SCHEMA,
        verdict: report.verdict.name(),
        exit_code: report.exit.code(),
        checked_at: checked_at.to_string(),
        label: contents.label,
        source: redactor.redact(contents.source),
        key_source: contents.key_source,
        requirements: rows
            .iter()
            .take(max_rows)
            .map(|row| requirement(row, redactor))
            .collect(),
        diagnostics: report
            .diagnostics
            .iter()
            .take(max_rows)
            .map(|one| finding(one, redactor))
            .collect(),
        granted: granted(report, max_rows),
        forecast: contents.job.warn_lasts.map(|_| forecast(report)),
        plan: contents
            .job
            .plan
            .as_ref()
            .map(|plan| tasks(plan, redactor, max_rows)),
        organization,
        usage: contents
            .usage
            .map(|(window, history)| usage(window, history, redactor, days, max_rows)),
        left_out: LeftOut {
            requirements: rows.len().saturating_sub(max_rows),
            diagnostics: report.diagnostics.len().saturating_sub(max_rows),
            models: models_left_out,
        },
    }
}

fn granted<'a>(report: &Report<'a>, max_models: usize) -> Map<'a, i128> {
    let grants = report.grants().iter().take(max_models);
    let redactor = report.redactor;
    grants
        .map(|grant| (redactor.redact(grant.model.as_str()), grant.granted.into()))
        .collect()
}

fn forecast(report: &Report) -> Option<Forecast> {
    let forecast = report.contents.decision.forecast?;
    Some(Forecast {
        days: report.lasts_days()?,
        credits_per_day: report.redactor.figure(forecast.credits_per_day().0)?,
        basis_days: forecast.basis_days,
    })
}

fn tasks<'a>(plan: &'a crate::plan::Plan, redactor: &Redactor, max_models: usize) -> Plan<'a> {
    let models = plan.models.iter().take(max_models).map(|tasks| {
        let seconds = tasks.milliseconds.map(|sum| seconds(sum).replace(',', ""));
        let seconds = seconds.and_then(|seconds| RawValue::from_string(seconds).ok());
        let known = Tasks {
            tasks: tasks.count,
            seconds,
            credits: tasks.cost.map(|cost| cost.0),
        };
        (redactor.redact(tasks.model.as_str()), known)
    });
    Plan {
        tasks: plan.count(),
        models: models.collect(),
    }
}

fn requirement<'a>(row: &'a Row, redactor: &Redactor) -> Requirement<'a> {
    Requirement {
        kind: row.kind,
        model: row
            .model
            .as_ref()
            .map(|model| redactor.redact(model.as_str())),
        needed: row.needed,
        left: match row.left {
            Left::Unknown => None,
            Left::NoLimit => Some(None),
            Left::Number(left) => redactor.figure(left).map(Some),
        },
        met: row.met,
    }
}

fn finding<'a>(diagnostic: &'a Diagnostic, redactor: &Redactor) -> Finding<'a> {
    let model = diagnostic.model.as_ref();
    Finding {
        code: diagnostic.code.name(),
        severity: diagnostic.severity.name(),
        model: model.map(|model| redactor.redact(model.as_str())),
        summary: &diagnostic.summary,
        cause: &diagnostic.cause,
        fix: &diagnostic.fix,
        see: &diagnostic.see,
        waiting_helps: diagnostic.code.waiting_helps(),
    }
}

fn account<'a>(
    organization: &'a Organization,
    redactor: &Redactor,
    keeps: &dyn Fn(&Model) -> bool,
    max_models: usize,
) -> Account<'a> {
    let shown =
        |credits: &crate::quota::Credits| redactor.figure(credits.0).map(crate::quota::Credits);
    let balance = organization.balance.as_ref().ok().and_then(shown);
    let cap = organization.monthly_cap.as_ref().ok().and_then(shown);
    let models = organization.models.as_ref().ok();
    Account {
        credit_balance: balance.map(|balance| balance.0),
        credit_balance_usd: balance.map(usd),
        max_monthly_credit_spend: cap.map(|cap| cap.0),
        tier: cap.map(|cap| tier::of_cap(cap).map(|tier| tier.number)),
        models: models.map(|models| {
            let kept = models.iter().filter(|(model, _)| keeps(model));
            kept.take(max_models)
                .map(|(model, quota)| (redactor.redact(model.as_str()), quota_of(quota, redactor)))
                .collect()
        }),
    }
}

/// `None` hides a number that may be a part of the key.
fn shown_limit(redactor: &Redactor, number: Option<u64>) -> Option<Option<i128>> {
    match number {
        None => Some(None),
        Some(number) => redactor.figure(number.into()).map(Some),
    }
}

fn quota_of(quota: &ModelQuota, redactor: &Redactor) -> Quota {
    let number = |limit: &Reading<Limit>| {
        let limit = limit.as_ref().ok()?;
        shown_limit(redactor, limit.number())
    };
    let used = quota.used.as_ref().ok();
    Quota {
        max_concurrent_generations: number(&quota.concurrency),
        max_daily_generations: number(&quota.daily_limit),
        daily_generations: used.and_then(|used| redactor.figure((*used).into())),
        remaining_generations: quota
            .left()
            .ok()
            .and_then(|left| shown_limit(redactor, left.number())),
    }
}

fn usage<'a>(
    window: Window,
    history: &'a History,
    redactor: &Redactor,
    days: bool,
    max_models: usize,
) -> Usage<'a> {
    let by_model = |(model, sum): (&'a Model, crate::quota::Credits)| {
        Some((redactor.redact(model.as_str()), redactor.figure(sum.0)?))
    };
    let totals = history.by_model().into_iter().take(max_models);
    Usage {
        start_date: window.start.to_string(),
        before_date: window.before.to_string(),
        total_credits: redactor.figure(history.total().0),
        models: totals.filter_map(by_model).collect(),
        days: days.then(|| {
            let days = history.newest_first();
            days.map(|(day, entries)| Day {
                date: day.to_string(),
                credits: entries
                    .iter()
                    .filter_map(|(model, sum)| by_model((model, *sum)))
                    .collect(),
            })
            .collect()
        }),
    }
}
