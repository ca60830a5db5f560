//! The report: what every format shows, and the one way in to each.
//!
//! A renderer returns text; only `main` owns standard output and files.

pub mod github;
pub mod json;
pub mod markdown;
mod table;
pub mod text;

use std::time::SystemTime;

use crate::clean::{cut, for_log};
use crate::cli::{Format, Settings};
use crate::decide::{Kind, Row, Verdict};
use crate::diagnostic::{Code, Diagnostic, Finding, Severity, Situation};
use crate::exit;
use crate::figures::{count, dollars, limit, thousands};
use crate::gate::Outcome;
use crate::quota::{Credits, Limit, Model, ModelQuota, Organization, Reading};
use crate::spend::{History, Window};
use crate::tier::{self, Tier, TIERS};

use self::table::Table;

/// Everything that there is to show of one run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// The exit code.
    pub exit: u8,
    /// The instant of the look.
    pub checked_at: SystemTime,
    /// The base URL, or the file's name.
    pub source: String,
    /// The host, or the file's name.
    pub host: String,
    /// One row a requirement.
    pub rows: Vec<Row>,
    /// What is wrong, in words.
    pub diagnostics: Vec<Diagnostic>,
    /// The codes of the errors, which decided the verdict.
    pub decided_by: Vec<Code>,
    /// What was read of limits and balance.
    pub organization: Option<Organization>,
    /// The models that a flag names; none means all.
    pub named: Vec<Model>,
    /// The history to show, if one was asked for and read.
    pub usage: Option<(Window, History)>,
    /// Whether to add the tier reference.
    pub tiers: bool,
}

impl Report {
    /// Draws the verdict and puts the findings into words.
    pub fn new(settings: &Settings, situation: &Situation, source: &str, outcome: Outcome) -> Self {
        let decision = outcome.decision;
        let mut decided_by: Vec<Code> = Vec::new();
        for code in decision.errors().map(Finding::code) {
            if !decided_by.contains(&code) {
                decided_by.push(code);
            }
        }
        let (verdict, exit) = match decision.exit() {
            exit::KEY if settings.skip_missing_key && decided_by == [Code::KeyMissing] => {
                (Verdict::Skipped, exit::GO)
            }
            exit::CANNOT_TELL if settings.fail_open => (Verdict::CannotTell, exit::GO),
            exit => (Verdict::of_exit(exit), exit),
        };
        let situation = &Situation {
            time_cures: decided_by.iter().all(|code| code.waiting_helps()),
            ..situation.clone()
        };
        let explain = |(severity, finding): &(Severity, Finding)| {
            // What decides nothing any more is a warning.
            let severity = if exit == exit::GO {
                Severity::Warning
            } else {
                *severity
            };
            finding.explain(severity, situation)
        };
        let mut named: Vec<Model> = Vec::new();
        for model in settings.required.named_models() {
            if !named.contains(model) {
                named.push(model.clone());
            }
        }
        Self {
            verdict,
            exit,
            checked_at: outcome.checked_at,
            source: source.to_owned(),
            host: situation.organization.name().to_owned(),
            diagnostics: decision.findings.iter().map(explain).collect(),
            decided_by,
            rows: decision.rows,
            organization: outcome.organization,
            named,
            usage: outcome
                .history
                .map(|(window, history)| (window, history.within(window))),
            tiers: settings.tiers,
        }
    }

    /// The report for standard output; nothing where `--quiet` meets a go.
    pub fn render(&self, format: Format, quiet: bool, colour: bool) -> String {
        if quiet && self.verdict == Verdict::Go {
            return String::new();
        }
        match format {
            Format::Text => text::render(self, colour),
            Format::Json => json::render(self),
            Format::Markdown => markdown::render(self),
        }
    }

    /// Adds that the report could not be written: whoever cannot read a go has none. A no-go
    /// stays one.
    pub fn not_written(&mut self, place: &str, why: &str, situation: &Situation) {
        let finding = Finding::ReportFailed {
            place: place.to_owned(),
            why: crate::clean::clean(why),
        };
        self.diagnostics
            .push(finding.explain(Severity::Error, situation));
        if self.exit == exit::GO {
            self.exit = exit::CANNOT_TELL;
            self.verdict = Verdict::CannotTell;
        }
        if !self.decided_by.contains(&Code::ReportFailed) {
            self.decided_by.push(Code::ReportFailed);
        }
    }

    /// Whether a later job may run.
    pub fn passes(&self) -> bool {
        self.exit == exit::GO && self.verdict != Verdict::Skipped
    }

    /// `2 of 3 requirements are not met`.
    fn headline(&self) -> String {
        let all = self.rows.len();
        let short = self
            .rows
            .iter()
            .filter(|row| row.met == Some(false))
            .count();
        let open = self.rows.iter().filter(|row| row.met.is_none()).count();
        let of = |part: usize| match (part, all) {
            (1, 1) => "the requirement is".to_owned(),
            (1, _) => format!("1 of {all} requirements is"),
            _ => format!("{part} of {all} requirements are"),
        };
        let warnings = u64::try_from(self.diagnostics.len()).unwrap_or(u64::MAX);
        let warned = match warnings {
            0 => String::new(),
            _ => format!("; {}", count(warnings, "warning")),
        };
        let first = self.diagnostics.first();
        match self.verdict {
            Verdict::Skipped => "no key, so nothing was asked".to_owned(),
            Verdict::Go if all == 0 => format!("there are credits and models{warned}"),
            Verdict::Go => format!("{} met{warned}", of(all)),
            _ if short > 0 => format!("{} not met", of(short)),
            _ if open > 0 => format!("{} undecided", of(open)),
            _ => first.map_or(String::new(), |first| cut(&for_log(&first.summary), 72)),
        }
    }

    fn requirements(&self) -> impl Iterator<Item = Requirement> + '_ {
        self.rows.iter().map(|row| self.requirement(row))
    }

    fn requirement(&self, row: &Row) -> Requirement {
        let models = self
            .organization
            .as_ref()
            .and_then(|it| it.models.as_ref().ok());
        let quota = |model: &Model| models.and_then(|models| models.get(model));
        let bare = match row.left {
            None if row.met == Some(false) => "—".to_owned(),
            None => "?".to_owned(),
            Some(None) => "no limit".to_owned(),
            Some(Some(left)) => thousands(left),
        };
        let (name, left, note) = match &row.kind {
            Kind::Generations(model) => {
                let quota = quota(model);
                let of = quota.and_then(|quota| quota.daily_limit.clone().ok()?.number());
                let left = match of {
                    Some(of) if row.left.is_some() => format!("{bare} of {}", thousands(of)),
                    _ => bare,
                };
                let used = quota.and_then(|quota| quota.used.clone().ok());
                let used = used.map(|used| format!("{} used in the past 24 h", thousands(used)));
                let percent = row.percent.map(|percent| format!("{percent}% asked for"));
                let notes: Vec<String> = used.into_iter().chain(percent).collect();
                (
                    format!("{} generations", shown(model)),
                    left,
                    notes.join(", "),
                )
            }
            Kind::Credits => ("credits".to_owned(), bare, in_dollars(row)),
            Kind::PlannedCost => ("planned cost".to_owned(), bare, in_dollars(row)),
            Kind::Concurrency(model) => (
                format!("{} concurrency", shown(model)),
                bare,
                "at a time".to_owned(),
            ),
            Kind::Budget(budget) => {
                let days = budget.window.days();
                let spent = row.left.flatten().map(|left| {
                    let spent = budget.most.minus(Credits(left));
                    format!("{} spent since {}", thousands(spent.0), budget.window.start)
                });
                let name = format!(
                    "budget of {} in {}",
                    thousands(budget.most.0),
                    count(days.into(), "day")
                );
                (name, bare, spent.unwrap_or_default())
            }
        };
        Requirement {
            met: row.met,
            name,
            needed: row.needed.map_or_else(
                || {
                    row.percent
                        .map_or("?".to_owned(), |percent| format!("{percent}%"))
                },
                thousands,
            ),
            left,
            note,
        }
    }

    /// Balance and cap, a name and a figure each.
    fn account(&self) -> Vec<(&'static str, String)> {
        let Some(organization) = &self.organization else {
            return Vec::new();
        };
        let balance = reading(&organization.balance, |balance| {
            crate::figures::credits(*balance)
        });
        let cap = reading(&organization.monthly_cap, |cap| {
            let tier = tier::of_cap(*cap);
            let tier = tier.map_or("a custom tier".to_owned(), |tier| {
                format!("tier {}", tier.number)
            });
            let cap = crate::figures::credits(*cap);
            format!("at most {cap} bought in 30 days: {tier}")
        });
        vec![("Balance", balance), ("Monthly cap", cap)]
    }

    /// The models that a flag names and the tier lists, or all.
    fn models(&self) -> Vec<(&Model, &ModelQuota)> {
        let models = self
            .organization
            .as_ref()
            .and_then(|it| it.models.as_ref().ok());
        let Some(models) = models else {
            return Vec::new();
        };
        if self.named.is_empty() {
            return models.iter().collect();
        }
        let named = self.named.iter();
        named
            .filter_map(|named| models.get_key_value(named))
            .collect()
    }

    fn model_table(&self) -> Table {
        let rows = self.models();
        let cells = rows.iter().map(|(model, quota)| {
            vec![
                shown(model),
                reading(&quota.concurrency, |allowed| limit(*allowed)),
                reading(&quota.daily_limit, |daily| limit(*daily)),
                reading(&quota.used, |used| thousands(*used)),
                quota.left().map_or("?".to_owned(), limit),
            ]
        });
        Table {
            head: &[
                "Model",
                "Concurrency",
                "Daily Limit",
                "Used Today",
                "Remaining",
            ],
            words: 1,
            rows: cells.collect(),
        }
    }

    fn tier_table(&self) -> Table {
        let own = self
            .organization
            .as_ref()
            .and_then(|it| it.monthly_cap.clone().ok());
        let own = own.and_then(tier::of_cap);
        let range = |(least, most): (u64, u64)| {
            if least == most {
                thousands(least)
            } else {
                format!("{}–{}", thousands(least), thousands(most))
            }
        };
        let rows = TIERS.iter().map(|tier: &Tier| {
            let mark = if own == Some(*tier) { " (yours)" } else { "" };
            vec![
                format!("{}{mark}", tier.number),
                tier.unlock.to_owned(),
                range(tier.concurrency),
                range(tier.daily_generations),
                dollars(tier.monthly_cap).trim_end_matches(".00").to_owned(),
            ]
        });
        Table {
            head: &[
                "Tier",
                "Unlock",
                "Concurrency",
                "Daily Generations",
                "Monthly Cap",
            ],
            words: 2,
            rows: rows.collect(),
        }
    }
}

/// A row of the report, in words.
struct Requirement {
    met: Option<bool>,
    name: String,
    needed: String,
    left: String,
    note: String,
}

/// A row a day and model, newest first.
fn history_table(history: &History) -> Table {
    let days = history.newest_first();
    let rows = days.flat_map(|(day, models)| {
        models
            .iter()
            .map(move |(model, amount)| vec![day.to_string(), shown(model), thousands(amount.0)])
    });
    Table {
        head: &["Date", "Model", "Credits Used"],
        words: 2,
        rows: rows.collect(),
    }
}

/// Totals by model, the largest first, and the grand total.
fn totals_table(history: &History) -> Table {
    let mut totals: Vec<(&Model, Credits)> = history.by_model().into_iter().collect();
    totals.sort_by(|(_, one), (_, other)| other.cmp(one));
    let row = |name: String, sum: Credits| vec![name, thousands(sum.0), dollars(sum)];
    let rows = totals
        .into_iter()
        .map(|(model, sum)| row(shown(model), sum))
        .chain([row("Total".to_owned(), history.total())]);
    Table {
        head: &["Model", "Credits", "Dollars"],
        words: 1,
        rows: rows.collect(),
    }
}

/// A model's name on one harmless line.
fn shown(model: &Model) -> String {
    cut(&for_log(model.as_str()), 80)
}

fn reading<T>(reading: &Reading<T>, show: impl FnOnce(&T) -> String) -> String {
    reading.as_ref().map_or("?".to_owned(), show)
}

fn in_dollars(row: &Row) -> String {
    let left = row.left.flatten();
    left.map_or(String::new(), |left| dollars(Credits(left)))
}

/// What is left of a model, where both figures could be read.
fn remaining(quota: &ModelQuota) -> Option<Limit> {
    quota.left().ok()
}
