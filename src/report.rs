//! The report: what every format shows, and the one way in to each.
//!
//! It is complete before it is rendered. A renderer returns text; only `main` owns standard
//! output and files.

pub mod env;
pub mod json;
pub mod junit;
pub mod markdown;
pub(crate) mod outputs;
mod table;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use crate::decide::Decision;
use crate::diagnostic::{Code, Context, Diagnostic, Finding, Severity};
use crate::exit::Exit;
use crate::forecast;
use crate::format::{count, credits, dollars, limit, seconds, thousands};
use crate::grant::{Grant, Granted};
use crate::job::Job;
use crate::plan::Plan;
use crate::quota::{Credits, Model, ModelQuota, Models, Organization, Reading};
use crate::redact::Redactor;
use crate::requirement::{Left, Row};
use crate::source::{Document, Source};
use crate::spend::{largest_first, History, Window};
use crate::tier::{self, Tier, TIERS, UNLOCK_NOTE};

use self::table::{Table, MAX_ROWS};

/// As many grants as stand on one line; the table of models and the JSON have all.
const MAX_GRANTS: usize = 20;

/// The blocks of the largest day of a history.
const LONGEST_BAR: i128 = 20;

/// Whether a text can be a part of an output's name, and of an environment variable's: no two that
/// differ by case alone. No underscore is allowed, so `key_…` can never be a label.
pub fn is_label(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// The form of a report. To add one, add a file here and a line each to this, to `render` and to
/// `format_of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal or a log.
    Text,
    /// One document.
    Json,
    /// For a job summary or a comment.
    Markdown,
    /// Shell variables.
    Env,
    /// Test results for a CI system.
    Junit,
}

impl Format {
    /// Every form, by the name that the flags know.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("text", Self::Text),
        ("json", Self::Json),
        ("markdown", Self::Markdown),
        ("env", Self::Env),
        ("junit", Self::Junit),
    ];

    /// The name that the flags know.
    pub fn name(self) -> &'static str {
        let named = Self::ALL.iter().find(|(_, format)| *format == self);
        named.map_or("", |(name, _)| name)
    }
}

/// How many bytes of a file show whether it is a report.
pub const HEAD: u64 = 4_096;

/// The form of the report of ours that a file holds which begins like this, if it does.
pub fn format_of(head: &[u8]) -> Option<Format> {
    // It may end within a character, and have the line breaks of Windows.
    let head = &*String::from_utf8_lossy(head).replace('\r', "");
    let heading = head.strip_prefix("## ").map_or("", unlabelled);
    let mut formats = Format::ALL.iter().map(|(_, format)| *format);
    formats.find(|format| {
        Verdict::all_in_words().any(|[json, text, markdown]| match format {
            Format::Text => text::is_report(head, text),
            Format::Json => head.starts_with(&json::head(json)),
            Format::Markdown => heading.starts_with(&format!("{}{markdown}: ", markdown::TITLE)),
            Format::Env => env::is_report(head),
            Format::Junit => head.starts_with(junit::HEAD),
        })
    })
}

/// What follows `DEMO` and the name of a run where a text begins with them.
fn unlabelled(text: &str) -> &str {
    let text = text.strip_prefix("DEMO ").unwrap_or(text);
    let parts = text.split_once(": ");
    let labelled = parts.filter(|(label, _)| is_label(label));
    labelled.map_or(text, |(_, text)| text)
}

/// Why a run leaves no pass.
pub enum Closed<'a> {
    /// It has only begun.
    Begun,
    /// Its command line is wrong: the message.
    Usage(&'a str),
    /// Something could not be written.
    Failed(&'a Report<'a>),
}

impl Closed<'_> {
    /// The outputs that it leaves: name and value.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let mut values = match self {
            Self::Begun => Vec::new(),
            Self::Usage(_) => vec![("exit-code", Exit::Usage.code().to_string())],
            Self::Failed(report) => outputs::outcome(report),
        };
        values.push(("pass", false.to_string()));
        values
    }
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
    /// Nothing was asked, as the user wanted for runs without a key.
    Skipped,
}

impl Verdict {
    /// The word of the report.
    pub fn name(self) -> &'static str {
        let [name, ..] = self.in_words(false);
        name
    }

    /// What JSON, text and Markdown call it.
    fn in_words(self, passes: bool) -> [&'static str; 3] {
        match (self, passes) {
            (Self::Go, _) => ["go", "GO", "✅ Go"],
            (Self::NoGo, _) => ["no-go", "NO-GO", "❌ No-go"],
            (Self::CannotTell, false) => ["cannot-tell", "CANNOT TELL", "❌ Cannot tell"],
            (Self::CannotTell, true) => [
                "cannot-tell",
                "CANNOT TELL, PASSED BY --fail-open",
                "⚠️ Cannot tell, passed by `--fail-open`",
            ],
            (Self::Skipped, _) => ["skipped", "SKIPPED", "⚠️ Skipped"],
        }
    }

    /// All that they may call a verdict.
    fn all_in_words() -> impl Iterator<Item = [&'static str; 3]> {
        let all = [Self::Go, Self::NoGo, Self::CannotTell, Self::Skipped].into_iter();
        all.flat_map(|verdict| [false, true].map(|passes| verdict.in_words(passes)))
    }
}

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The name of the run.
    pub label: Option<&'a str>,
    /// What the job asks for.
    pub job: &'a Job,
    /// Where the key came from, in the word of the JSON report.
    pub key_source: Option<&'static str>,
    /// The base URL, or the file's name.
    pub source: &'a str,
    /// The instant of the check.
    pub checked_at: SystemTime,
    /// What was read of limits and balance.
    pub organization: Option<&'a Organization>,
    /// The history to show, if one was asked for and read.
    pub usage: Option<(Window, &'a History)>,
    /// Whether to add the tier reference.
    pub tiers: bool,
    /// Rows and findings.
    pub decision: &'a Decision,
}

impl<'a> Contents<'a> {
    fn models(&self) -> Option<&'a Models> {
        self.organization?.models.as_ref().ok()
    }

    fn cap(&self) -> Option<Credits> {
        self.organization?.monthly_cap.as_ref().ok().copied()
    }
}

/// Everything that there is to show of one run.
#[derive(Clone)]
pub struct Report<'a> {
    /// The verdict.
    pub verdict: Verdict,
    /// The exit code.
    pub exit: Exit,
    /// What is wrong, in words.
    pub diagnostics: Vec<Diagnostic>,
    /// What else there is to show.
    pub contents: Contents<'a>,
    /// What may be started: nothing unless the verdict is go.
    granted: Granted,
    /// The host, or the file's name.
    host: String,
    is_demo: bool,
    redactor: &'a Redactor,
}

impl<'a> Report<'a> {
    /// Draws the verdict and puts the findings into words. `failures` are what kept an earlier
    /// report of this run from being written.
    pub fn new(contents: Contents<'a>, failures: &[Finding], context: &Context<'a>) -> Self {
        let decision = contents.decision;
        let redactor = context.redactor;
        let errors: Vec<&Finding> = decision.errors.iter().chain(failures).collect();
        let stands = |finding: &Finding| severity(finding, context) == Severity::Error;
        let standing = errors.iter().filter(|finding| stands(finding));
        let exit = Exit::of_errors(standing.map(|finding| finding.code().exit()));
        let no_key = errors.iter().any(|it| it.code() == Code::KeyMissing);
        let verdict = match exit {
            Exit::Go if no_key => Verdict::Skipped,
            Exit::Go if !errors.is_empty() => Verdict::CannotTell,
            Exit::Go => Verdict::Go,
            exit if exit.is_no_go() => Verdict::NoGo,
            _ => Verdict::CannotTell,
        };
        let decides = |finding: &Finding| match verdict {
            Verdict::Skipped => finding.code() == Code::KeyMissing,
            _ if exit == Exit::Go => true,
            _ => stands(finding) && finding.code().exit() == exit,
        };
        let missing = errors.iter().filter_map(|it| it.missing_credits()).max();
        let missing = missing.unwrap_or_default();
        let mut context = Context {
            waiting_helps: errors.iter().all(|it| it.code().waiting_helps()),
            cap: contents.cap(),
            cheapest: contents.job.cheapest(),
            missing,
            ..context.clone()
        };
        let mut all = Vec::new();
        for finding in &errors {
            let severity = severity(finding, &context);
            let rows = &mut decision.rows.iter();
            all.push(Diagnostic {
                decides: decides(finding),
                row: rows.position(|row| row.errors.contains(finding)),
                ..finding.explain(severity, &context)
            });
            if finding.missing_credits().is_some() {
                context.missing_is_told = true;
            }
        }
        let warnings = decision.warnings.iter();
        all.extend(warnings.map(|finding| finding.explain(Severity::Warning, &context)));
        let is_error = |one: &Diagnostic| one.severity == Severity::Error;
        let (mut diagnostics, warnings): (Vec<_>, Vec<_>) = all.into_iter().partition(is_error);
        diagnostics.extend(warnings);
        Self {
            verdict,
            exit,
            diagnostics,
            contents,
            granted: match verdict {
                Verdict::Go => decision.granted.clone(),
                _ => Granted::default(),
            },
            host: redactor.name(&context.organization.name(context.host)),
            is_demo: *context.organization == Source::Demo,
            redactor,
        }
    }

    /// The whole report. Only text has colour.
    pub fn render(&self, format: Format, colour: bool) -> String {
        match format {
            Format::Text => text::render(self, colour),
            Format::Json => json::render(self),
            Format::Markdown => markdown::render(self, MAX_ROWS),
            Format::Env => env::render(self),
            Format::Junit => junit::render(self),
        }
    }

    /// Whether a later job may run.
    pub fn passes(&self) -> bool {
        self.exit == Exit::Go && self.verdict != Verdict::Skipped
    }

    /// What happened, in one line: the diagnostic that decided and how many other errors there are,
    /// or what is met.
    pub fn headline(&self) -> String {
        let diagnostics = || self.diagnostics.iter();
        let Some(first) = diagnostics().find(|one| one.decides) else {
            return self.what_is_met();
        };
        let errors = diagnostics().filter(|one| one.decides || one.severity == Severity::Error);
        match errors.count().saturating_sub(1) {
            0 => first.summary.clone(),
            others => format!("{} (and {others} more)", first.summary),
        }
    }

    /// The headline with the verdict, on one line: for a chat.
    pub fn message(&self) -> String {
        let [_, verdict, _] = self.verdict.in_words(self.passes());
        self.labelled(&format!("{verdict}: {} ({})", self.headline(), self.host))
    }

    /// A text that begins with `DEMO` if it is one, and with the name of the run if it has one.
    pub fn labelled(&self, text: &str) -> String {
        let demo = if self.is_demo { "DEMO " } else { "" };
        match self.contents.label {
            Some(label) => format!("{demo}{label}: {text}"),
            None => format!("{demo}{text}"),
        }
    }

    /// How many tasks of the plan may start, from the first on.
    pub fn granted_tasks(&self) -> Option<u64> {
        let plan = self.contents.job.plan.as_ref();
        plan.map(|_| self.granted.tasks)
    }

    /// For a go: `3 of 3 requirements are met: gen4.5 generations, credits, planned cost`.
    fn what_is_met(&self) -> String {
        let rows = self.requirements();
        let names = first_of(3, rows.iter().map(|row| row.name.clone()));
        let met = match rows.len() {
            0 => "credits and models are available".to_owned(),
            1 => format!("the requirement is met: {names}"),
            all => format!("{all} of {all} requirements are met: {names}"),
        };
        match self.diagnostics.len() {
            0 => met,
            warnings => format!("{met}; {}", count(warnings, "warning")),
        }
    }

    /// A model's name on one harmless line.
    fn name(&self, model: &Model) -> String {
        self.redactor.name(model.as_str())
    }

    /// The requirements, with the model in the name, and in the note why one could not be checked.
    fn requirements(&self) -> Vec<Row> {
        let mut rows = self.contents.decision.rows.clone();
        for row in &mut rows {
            if let Some(model) = &row.model {
                row.name = format!("{} {}", self.name(model), row.name);
            }
            if row.met.is_none() {
                row.note = format!("could not be checked: {}", self.why_unchecked(row));
            }
        }
        rows
    }

    /// Why a requirement could not be checked: a figure that cannot be read, or what kept the
    /// answer from coming.
    fn why_unchecked(&self, row: &Row) -> String {
        let read = self.contents.organization;
        let read = read.filter(|_| row.document == Document::Organization);
        let unread = read.and_then(|read| match (&row.model, &read.models) {
            (None, _) => read.balance.as_ref().err().map(Box::as_ref),
            (Some(_), Err(what)) => Some(what),
            (Some(model), Ok(models)) => models.get(model)?.unreadable().next(),
        });
        let unread = unread.map(|what| what.describe(&|text, max| self.redactor.quote(text, max)));
        let why = unread.or_else(|| Some(self.obstacle()?.summary.clone()));
        why.unwrap_or_default()
    }

    /// What kept answers from coming.
    fn obstacle(&self) -> Option<&Diagnostic> {
        let mut diagnostics = self.diagnostics.iter();
        diagnostics.find(|one| {
            one.code != Code::ReportFailed
                && matches!(one.code.exit(), Exit::Key | Exit::CannotTell)
        })
    }

    /// Balance, cap, and what follows from them: a name and a figure each. What is granted is there
    /// if a range says less than that, or always.
    fn account(&self, every_grant: bool) -> Vec<(&'static str, String)> {
        let Some(organization) = self.contents.organization else {
            return Vec::new();
        };
        let cap = reading(&organization.monthly_cap, |cap| {
            let tier = tier::of_cap(*cap).map(|tier| format!("tier {}", tier.number));
            let tier = tier.unwrap_or("a custom tier".to_owned());
            format!("at most {} bought in 30 days: {tier}", credits(*cap))
        });
        let balance = reading(&organization.balance, |sum| credits(*sum));
        let mut account = vec![("Balance", balance), ("Monthly cap", cap)];
        if self.contents.job.warn_lasts.is_some() {
            account.push(("Forecast", self.forecast()));
        }
        let grants = &self.granted.grants;
        if every_grant || grants.iter().any(Grant::is_of_range) {
            let granted = grants.iter().map(|grant| {
                let of = format!(" of {}", thousands(grant.max));
                let of = if grant.is_of_range() { &*of } else { "" };
                let (name, now) = (self.name(&grant.model), thousands(grant.granted));
                format!("{name} {now}{of}")
            });
            let granted = first_of(MAX_GRANTS, granted);
            account.extend((!granted.is_empty()).then_some(("Granted", granted)));
        }
        account
    }

    fn forecast(&self) -> String {
        let decision = self.contents.decision;
        match (decision.forecast, decision.forecast_lacks) {
            (Some(forecast), _) => format!(
                "lasts {} at {} a day, the pace of the last {}",
                match forecast.days() {
                    0 => "less than a day".to_owned(),
                    days => format!("about {}", count(days, "day")),
                },
                count(forecast.credits_per_day().0, "credit"),
                count(forecast.basis_days, "day").trim_start_matches("1 "),
            ),
            (None, Some(what)) => format!("unknown: {what} could not be read"),
            (None, None) => format!("no pace of spending over the last {} days", forecast::DAYS),
        }
    }

    /// The models that the tier lists, those that a flag names first.
    fn models(&self) -> Vec<ListedModel<'a>> {
        let mut named = BTreeSet::new();
        named.extend(self.contents.job.named_models());
        let listed = self.contents.models().into_iter().flatten();
        let others = listed.filter(|(model, _)| !named.contains(model));
        self.named_models().into_iter().chain(others).collect()
    }

    /// Those of them that a flag names.
    fn named_models(&self) -> Vec<ListedModel<'a>> {
        let named = self.contents.job.named_models().into_iter();
        let listed = |model| self.contents.models()?.get_key_value(model);
        named.filter_map(listed).collect()
    }

    /// The models that were asked for; all where nothing at all was.
    fn asked_models(&self) -> Vec<ListedModel<'a>> {
        let contents = &self.contents;
        if *contents.job == Job::default() && contents.usage.is_none() && !contents.tiers {
            self.models()
        } else {
            self.named_models()
        }
    }

    /// What there is to show below the requirements.
    fn sections(&self, form: &Sections) -> String {
        let Sections { max_rows, .. } = *form;
        let Contents { job, tiers, .. } = self.contents;
        let plan = job.plan.as_ref().map(|plan| {
            let table = self.plan_table(plan, max_rows);
            form.section(&self.plan_title(plan), &[table], "")
        });
        let models = form.section("", &[self.model_table(max_rows)], "");
        let usage = self.contents.usage.map(|(window, history)| {
            let (start, last_day) = (window.start, window.last_day());
            let days = count(window.days(), "day");
            let title = format!("Credits used from {start} to {last_day} ({days}, UTC)");
            if history.0.is_empty() {
                return form.section(&title, &[], "none");
            }
            let by_day = self.history_table(window, history, max_rows);
            form.section(&title, &[by_day, self.totals_table(history, max_rows)], "")
        });
        let tiers = tiers.then(|| form.section("Tiers", &[self.tier_table()], UNLOCK_NOTE));
        let sections = [plan, Some(models), usage, tiers].into_iter();
        sections.flatten().collect()
    }

    fn model_table(&self, max_rows: usize) -> Table {
        let limited = |it: &_| limit(*it);
        let rows = self.asked_models().into_iter().map(|(model, quota)| {
            [
                self.name(model),
                reading(&quota.concurrency, limited),
                reading(&quota.daily_limit, limited),
                reading(&quota.used, |used| thousands(*used)),
                quota.left().map_or("?".to_owned(), limit),
            ]
        });
        let head = "Model|Concurrency|Daily Limit|Used Today|Remaining";
        Table::new("models", head, 1..5, rows, max_rows)
    }

    /// How many tasks the plan has, and how many may start if not all of them.
    fn plan_title(&self, plan: &Plan) -> String {
        let granted = self.granted_tasks().unwrap_or_default();
        let now = match plan.tasks.checked_sub(granted) {
            Some(1..) if self.verdict == Verdict::Go => {
                format!(", of which the first {} can start now", thousands(granted))
            }
            _ => String::new(),
        };
        format!("Plan: {}{now}", count(plan.tasks, "task"))
    }

    /// What the tasks of the plan come to, by model and price.
    fn plan_table(&self, plan: &Plan, max_rows: usize) -> Table {
        let or_dash = |figure: Option<String>| figure.unwrap_or("—".to_owned());
        let rows = plan.sums.values().map(|sum| {
            let (rule, milliseconds) = (sum.rule.as_deref(), sum.milliseconds);
            [
                self.name(&sum.model),
                or_dash(rule.map(|rule| self.redactor.name(rule))),
                thousands(sum.tasks),
                or_dash(rule.map(|_| thousands(sum.outputs))),
                or_dash((milliseconds > 0).then(|| seconds(milliseconds))),
                or_dash(rule.map(|_| thousands(sum.cost.0))),
            ]
        });
        let head = "Model|Price|Tasks|Outputs|Seconds|Credits";
        Table::new("prices", head, 2..6, rows, max_rows)
    }

    fn tier_table(&self) -> Table {
        let range = |(low, high): (u64, u64)| match thousands(low) {
            only if low == high => only,
            low => format!("{low}–{}", thousands(high)),
        };
        let rows = TIERS.iter().map(|tier: &Tier| {
            [
                tier.number.to_string(),
                range(tier.concurrency),
                range(tier.daily_range()),
                dollars(tier.monthly_cap).trim_end_matches(".00").to_owned(),
                tier.unlock.to_owned(),
            ]
        });
        let head = "Tier|Concurrency|Daily Gens|Monthly Cap|Unlock Requirement";
        Table::new("tiers", head, 1..4, rows, TIERS.len())
    }

    /// A row a day and model, newest first, and beside each day a bar: the longest for the largest
    /// sum.
    fn history_table(&self, window: Window, history: &History, max_rows: usize) -> Table {
        let most = window.newest_first().map(|day| history.on(day)).max();
        let most = most.unwrap_or_default().max(Credits(1));
        let mut names: BTreeMap<&Model, String> = BTreeMap::new();
        let mut rows = Vec::new();
        for day in window.newest_first() {
            let (date, sum) = (day.to_string(), history.on(day));
            let mut beside = bar(sum, most);
            let Some(entries) = history.0.get(&day) else {
                rows.push([date, String::new(), "0".to_owned(), beside]);
                continue;
            };
            if entries.len() > 1 {
                let sum = format!("{beside} {}", thousands(sum.0));
                beside = sum.trim_start().to_owned();
            }
            for (model, amount) in entries {
                let beside = std::mem::take(&mut beside);
                let name = names.entry(model).or_insert_with(|| self.name(model));
                rows.push([date.clone(), name.clone(), thousands(amount.0), beside]);
            }
        }
        let head = "Date|Model|Credits Used|By Day";
        Table::new("rows", head, 2..3, rows, max_rows)
    }

    /// Totals by model, the largest first, and the grand total.
    fn totals_table(&self, history: &History, max_rows: usize) -> Table {
        let totals = largest_first(history.by_model());
        let row = |name: String, sum: Credits| [name, thousands(sum.0), dollars(sum)];
        let rows = totals.iter();
        let rows = rows.map(|(model, sum)| row(self.name(model), *sum));
        let head = "Model|Credits|Dollars";
        let mut table = Table::new("totals", head, 1..3, rows, max_rows);
        let total = row("Total".to_owned(), history.total());
        table.rows.push(total.into());
        table
    }
}

fn bar(sum: Credits, most: Credits) -> String {
    let blocks = sum.0.saturating_mul(LONGEST_BAR).checked_div(most.0);
    let blocks = usize::try_from(blocks.unwrap_or(0)).unwrap_or(0);
    // What was used at all is seen.
    "█".repeat(blocks.max(usize::from(sum > Credits(0))))
}

/// A warning is an error that decides nothing: a missing key under `--missing-key skip`, and under
/// `--fail-open` what kept Runway from answering. A report that nobody can read is never excused,
/// nor is a saved answer that is none.
fn severity(finding: &Finding, context: &Context) -> Severity {
    let bad_file = *context.organization != Source::Runway && finding.is_no_organization();
    let excused = match finding.code() {
        Code::KeyMissing => context.skips_missing_key,
        Code::ReportFailed => false,
        code => context.fails_open && code.exit() == Exit::CannotTell && !bad_file,
    };
    if excused {
        Severity::Warning
    } else {
        Severity::Error
    }
}

/// The first of them in a row, and how many more there are.
fn first_of(max: usize, mut all: impl Iterator<Item = String>) -> String {
    let mut shown: Vec<String> = all.by_ref().take(max).collect();
    let more = all.count();
    shown.extend((more > 0).then(|| format!("{more} more")));
    shown.join(", ")
}

/// A model with its limits and use.
type ListedModel<'a> = (&'a Model, &'a ModelQuota);

/// The longest text within a number of bytes: `render` makes it of so many rows, `all` at the
/// most. `None` where even that of none is too long.
fn fitting(max_bytes: usize, all: usize, render: &dyn Fn(usize) -> String) -> Option<String> {
    let within = |rows: usize| Some(render(rows)).filter(|text| text.len() <= max_bytes);
    within(all).or_else(|| {
        let fewer: Vec<usize> = (0..all).collect();
        let fit = fewer.partition_point(|rows| within(*rows).is_some());
        within(fit.checked_sub(1)?)
    })
}

/// How the parts below the requirements are shown.
struct Sections {
    /// What a title begins with.
    heading: &'static str,
    /// What a note begins with.
    indent: &'static str,
    /// The most rows of a table.
    max_rows: usize,
    table: fn(&Table) -> String,
}

impl Sections {
    /// Without a title or a note if it is empty; tables without rows are not shown.
    fn section(&self, title: &str, tables: &[Table], note: &str) -> String {
        let mut text = String::new();
        if !title.is_empty() {
            text = format!("\n{}{title}\n", self.heading);
        }
        for table in tables.iter().filter(|table| table.all() > 0) {
            text.push_str(&format!("\n{}", (self.table)(table)));
        }
        if !note.is_empty() {
            text.push_str(&format!("\n{}{note}\n", self.indent));
        }
        text
    }
}

/// What is there of what a requirement needs, in words: `188 of 200`.
fn left(row: &Row) -> String {
    let left = match row.left {
        Left::Unknown if row.met == Some(false) => "—".to_owned(),
        Left::Unknown => "?".to_owned(),
        Left::NoLimit => "no limit".to_owned(),
        Left::Number(left) => thousands(left),
    };
    let of = row.of.map(|of| format!(" of {}", thousands(of)));
    left + &of.unwrap_or_default()
}

fn reading<T>(reading: &Reading<T>, show: impl FnOnce(&T) -> String) -> String {
    reading.as_ref().map_or("?".to_owned(), show)
}
