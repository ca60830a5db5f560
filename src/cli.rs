//! The command line, turned into typed requirements and settings at one border.
//!
//! argh holds the flags and their kinds; what it would let pass or say badly is made good here,
//! before and after it.

mod flags;
mod help;
mod values;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use argh::FromArgs;

use self::flags::{normalize, Flags};
use self::values::{entries, items, Value};
use crate::job::{Cost, Generations, Job};
use crate::price::Prices;
use crate::quota::{Credits, Model};
use crate::report::{is_label, Format};
use crate::source::Source;
use crate::spend::{Range, UtcDay};

pub use self::help::help;
pub use self::values::echo;

/// What `--version` prints.
pub const VERSION: &str = concat!("runway-preflight ", env!("CARGO_PKG_VERSION"), "\n");

/// The value of `--timeout` where it is not given.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Each is a row of the report; a plan counts by its models.
const MAX_REQUIREMENTS: usize = 1_000;

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Decide whether the job may start.
    Check(Box<Settings>),
}

/// Whether there is colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, and as `NO_COLOR` and `CLICOLOR_FORCE` say.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// Everything that one run goes by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the job asks for, without the plan, which is not yet read.
    pub job: Job,
    /// `--plan`.
    pub plan: Option<Source>,
    /// `--plan-min`.
    pub plan_min: Option<u64>,
    /// `--price`.
    pub prices: Prices,
    /// `--label`.
    pub label: Option<String>,
    /// Where limits and balance come from.
    pub organization: Source,
    /// The days of history to show.
    pub shown: Option<Range>,
    /// How long to check again.
    pub wait: Option<Duration>,
    /// Between two checks.
    pub interval: Duration,
    /// For one check.
    pub timeout: Duration,
    /// `--fail-open`.
    pub fail_open: bool,
    /// `--missing-key skip`.
    pub skip_missing_key: bool,
    /// `--tiers`.
    pub tiers: bool,
    /// `--format`, `--json`.
    pub format: Format,
    /// `--write`: a form and a file each.
    pub write: Vec<(Format, PathBuf)>,
    /// `--color`.
    pub color: Color,
    /// `--quiet`.
    pub quiet: bool,
    /// `--verbose`.
    pub verbose: bool,
    /// `--base-url`; not yet parsed.
    pub base_url: Option<String>,
    /// `--key-file`.
    pub key_file: Option<PathBuf>,
}

impl Settings {
    /// Whether anything at all comes from Runway.
    pub fn asks_runway(&self) -> bool {
        let history = self.shown.is_some() || self.job.asks_for_history();
        self.organization == Source::Runway || history
    }
}

/// A command line that cannot be followed: what was given, what was expected, an example. It
/// holds no argument that looks like a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(pub String);

impl UsageError {
    /// An error with an example of what would be right.
    pub fn new(problem: impl fmt::Display, example: impl fmt::Display) -> Self {
        Self(format!(
            "error: {problem}\nexample: runway-preflight {example}\n"
        ))
    }
}

/// An error in the words of the Action: its inputs are the flags without their dashes.
pub fn of_inputs(error: &UsageError) -> UsageError {
    // The Action hands a switch that is neither true nor false on with its value; `fail` is the Action's own.
    let either = "takes true or false, and nothing else";
    let message = error
        .0
        .replace("takes no value: give it alone, or leave it out", either);
    let (problem, example) = match message.split_once("\nexample: runway-preflight ") {
        Some(("error: unknown flag \"--fail\"", _)) => {
            (&*format!("error: --fail {either}"), "--fail false\n")
        }
        Some(parts) => parts,
        None => return UsageError(message),
    };
    // What stands in quotation marks was given, and stays as it is.
    let mut quoted = false;
    let mut first = "the input ";
    let words = problem.split(' ').map(|word| {
        let inside = quoted;
        quoted ^= word.matches('"').count() % 2 == 1;
        match word.strip_prefix("--").filter(|name| !name.is_empty()) {
            Some(name) if !inside => format!("{}{name}", std::mem::take(&mut first)),
            _ => word.to_owned(),
        }
    });
    let words: Vec<String> = words.collect();
    let inputs = example.trim_end().split("--").skip(1).map(|flag| {
        let flag = flag.trim_end();
        let (name, value) = flag.split_once(' ').unwrap_or((flag, "true"));
        format!("{name}: {value}")
    });
    let inputs: Vec<String> = inputs.collect();
    UsageError(format!(
        "{}\nexample: {}\n",
        words.join(" "),
        inputs.join(", ")
    ))
}

/// Reads the arguments (without the program's name), as of `today`.
///
/// # Errors
///
/// Whatever is not to be followed to the letter: exit code 2.
pub fn parse(arguments: Vec<OsString>, today: UtcDay) -> Result<Command, UsageError> {
    let Some(arguments) = normalize(arguments)? else {
        return Ok(Command::Help);
    };
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let flags = Flags::from_args(&["runway-preflight"], &arguments)
        .map_err(|exit| UsageError::new(echo(&exit.output), "--help"))?;
    if flags.version {
        return Ok(Command::Version);
    }
    let settings = settings(&flags)?;
    check_together(&flags, &settings, today)?;
    Ok(Command::Check(Box::new(settings)))
}

/// What a flag's value means, where one is given.
fn read<T>(
    flag: &'static str,
    given: &Option<String>,
    meaning: impl FnOnce(&Value) -> Result<T, UsageError>,
) -> Result<Option<T>, UsageError> {
    let value = given.as_ref().map(|text| Value::new(flag, text));
    value.as_ref().map(meaning).transpose()
}

fn settings(flags: &Flags) -> Result<Settings, UsageError> {
    let prices = prices(flags)?;
    let job = job(flags, &prices)?;
    if job.requirements() > MAX_REQUIREMENTS {
        let problem = format!("there are more than {MAX_REQUIREMENTS} requirements");
        return Err(UsageError::new(problem, "--plan tasks.jsonl"));
    }
    let unsaved = if flags.demo {
        Source::Demo
    } else {
        Source::Runway
    };
    Ok(Settings {
        job,
        plan: read("--plan", &flags.plan, Value::source)?,
        plan_min: read("--plan-min", &flags.plan_min, Value::tasks)?,
        prices,
        label: read("--label", &flags.label, Value::label)?,
        organization: read("--from", &flags.from, Value::source)?.unwrap_or(unsaved),
        shown: read("--usage", &flags.usage, Value::range)?,
        wait: read("--wait", &flags.wait, Value::duration)?,
        interval: read("--interval", &flags.interval, Value::duration)?
            .unwrap_or(Duration::from_secs(60)),
        timeout: read("--timeout", &flags.timeout, Value::duration)?.unwrap_or(TIMEOUT),
        fail_open: flags.fail_open,
        skip_missing_key: read("--missing-key", &flags.missing_key, |value| {
            value.choice(&[("fail", false), ("skip", true)])
        })?
        .unwrap_or(false),
        tiers: flags.tiers,
        format: format(flags)?,
        write: entries("--write", &flags.write)?
            .iter()
            .map(Value::write)
            .collect::<Result<_, _>>()?,
        color: read("--color", &flags.color, |value| {
            value.choice(&[
                ("auto", Color::Auto),
                ("always", Color::Always),
                ("never", Color::Never),
            ])
        })?
        .unwrap_or_default(),
        quiet: flags.quiet,
        verbose: flags.verbose,
        base_url: flags.base_url.clone(),
        key_file: read("--key-file", &flags.key_file, Value::file)?,
    })
}

fn format(flags: &Flags) -> Result<Format, UsageError> {
    let format = read("--format", &flags.format, |value| {
        value.choice(&[
            ("text", Format::Text),
            ("json", Format::Json),
            ("markdown", Format::Markdown),
        ])
    })?;
    match format {
        Some(format) if flags.json && format != Format::Json => Err(UsageError::new(
            "--json is short for --format json, but another --format is given",
            "--json",
        )),
        None if flags.json => Ok(Format::Json),
        format => Ok(format.unwrap_or(Format::Text)),
    }
}

/// What only several flags together show.
fn check_together(flags: &Flags, settings: &Settings, today: UtcDay) -> Result<(), UsageError> {
    let job = &settings.job;
    let saved = settings.organization != Source::Runway;
    let costless = !job.priced || settings.plan.is_none() && job.generations.is_empty();
    let is_no_demo = flags.from.is_some()
        || flags.wait.is_some()
        || flags.usage.is_some()
        || flags.budget.is_some()
        || flags.warn_lasts.is_some()
        || !flags.write.is_empty();
    for (wrong, problem, right) in [
        (
            flags.demo && is_no_demo,
            "--demo decides from a built-in answer: leave out --from, --wait, --usage, --budget, --warn-lasts and --write",
            "--demo --generations gen4.5=20@60",
        ),
        (
            settings.key_file.as_deref() == Some(Path::new("-")),
            "--key-file - is not standard input here: use /dev/stdin",
            "--key-file /dev/stdin",
        ),
        (
            matches!(settings.shown, Some(Range::Days(window)) if window.before > today.plus(1)),
            "--usage ends in the future: the second day, which is left out, is tomorrow (UTC) at the latest",
            "--usage 30d",
        ),
        (
            settings.wait.is_some() && saved,
            "--wait checks again, but a saved answer (--from) never changes",
            "--from organization.json",
        ),
        (
            flags.interval.is_some() && settings.wait.is_none(),
            "--interval is the pause between two checks of --wait, and --wait is missing",
            "--wait 2h --interval 5m",
        ),
        (
            settings.plan == Some(Source::Stdin) && settings.organization == Source::Stdin,
            "--plan and --from cannot both read standard input",
            "--from - --plan tasks.jsonl",
        ),
        (
            job.warn_lasts.is_some() && saved,
            "--warn-lasts needs today's history from Runway, and --from does not ask it",
            "--warn-lasts 7days",
        ),
        (
            job.keep.is_some() && costless,
            "--keep is what is left after the job, but the job has no cost (--credits is the balance before it)",
            "--generations gen4.5=20@60 --keep 500",
        ),
        (
            settings.plan_min.is_some() && settings.plan.is_none(),
            "--plan-min counts the tasks of --plan, and --plan is missing",
            "--plan tasks.jsonl --plan-min 10",
        ),
        (
            job.max_cost.is_some() && costless,
            "--max-cost limits the planned cost, but the job has none: give @CREDITS or --price",
            "--generations gen4.5=20@60 --max-cost 1500",
        ),
    ] {
        if wrong {
            return Err(UsageError::new(problem, right));
        }
    }
    Ok(())
}

fn prices(flags: &Flags) -> Result<Prices, UsageError> {
    let mut prices = Prices::default();
    for value in entries("--price", &flags.price)? {
        if !prices.add(value.price()?) {
            return Err(value.error("is a second price for the same tasks"));
        }
    }
    Ok(prices)
}

fn job(flags: &Flags, prices: &Prices) -> Result<Job, UsageError> {
    let mut job = Job::default();
    let (mut count, mut cost) = (Some(0_u64), Credits(0));
    let given = entries("--generations", &flags.generations)?;
    for value in &given {
        let one = value.generations(prices)?;
        let max = one.needed.saturating_add(one.more);
        count = count.and_then(|sum| sum.checked_add(max));
        cost = cost.plus(one.cost_of(max).unwrap_or_default());
        if count.is_none() || u64::try_from(cost.0).is_err() {
            let problem = "adds up to more generations or credits than can be counted";
            return Err(value.error(problem));
        }
        job.generations.push(one);
    }
    let costs = || job.generations.iter().map(|one| one.cost);
    job.priced = !prices.is_empty() || costs().any(|cost| cost != Cost::Unknown);
    let unpriced = job.generations.iter().position(Generations::needs_price);
    if let Some(value) = unpriced.and_then(|at| given.get(at)) {
        if job.priced {
            return Err(value.no_price());
        }
    }
    for value in entries("--warn-generations", &flags.warn_generations)? {
        let (model, needed) = value.of_model()?;
        update(&mut job.warn_generations, model, |sum| {
            sum.saturating_add(needed)
        });
    }
    for value in entries("--concurrency", &flags.concurrency)? {
        let (model, needed) = value.of_model()?;
        update(&mut job.concurrency, model, |most| needed.max(most));
    }
    Ok(Job {
        credits: read("--credits", &flags.credits, Value::credits)?,
        keep: read("--keep", &flags.keep, Value::credits)?,
        max_cost: read("--max-cost", &flags.max_cost, Value::credits)?,
        warn_credits: read("--warn-credits", &flags.warn_credits, Value::credits)?,
        budget: read("--budget", &flags.budget, Value::budget)?,
        warn_lasts: read("--warn-lasts", &flags.warn_lasts, Value::duration)?,
        ..job
    })
}

/// Changes the count of a model, which is 0 at first.
fn update(counts: &mut Vec<(Model, u64)>, model: Model, change: impl FnOnce(u64) -> u64) {
    match counts.iter_mut().find(|(known, _)| *known == model) {
        Some((_, count)) => *count = change(*count),
        None => counts.push((model, change(0))),
    }
}

/// The label of a command line that may be wrong otherwise: its outputs are named by it all the
/// same.
pub fn label(arguments: &[OsString]) -> Option<&str> {
    let mut labels = values_of("--label", arguments).into_iter();
    labels.find(|label| is_label(label))
}

/// The files of `--write` of a command line that may be wrong otherwise: no earlier pass survives
/// there. Whatever looks like `FORMAT=FILE` may be meant: only a report of ours is replaced.
pub fn written_files(arguments: &[OsString]) -> Vec<(Format, PathBuf)> {
    let mut written: Vec<(Format, PathBuf)> = Vec::new();
    let words = arguments.iter().filter_map(|word| word.to_str());
    for item in words.flat_map(|word| items("--write", word)) {
        let lower = item.to_ascii_lowercase();
        for (name, format) in Format::ALL {
            for (at, _) in lower.match_indices(name) {
                let rest = item.split_at(at.saturating_add(name.len())).1;
                let file = rest.trim_start().strip_prefix(['=', ':']);
                let file = file.unwrap_or_default();
                for file in [file, file.split(',').next().unwrap_or_default()] {
                    let quote = |it: char| it.is_whitespace() || "\"'“”‘’".contains(it);
                    let path = PathBuf::from(file.trim_matches(quote));
                    if !written.iter().any(|(_, known)| *known == path) {
                        written.push((*format, path));
                    }
                }
            }
        }
    }
    written
}

/// The files that such a command line reads, each with its flag.
pub fn read_files(arguments: &[OsString]) -> Vec<(&'static str, PathBuf)> {
    let flags = ["--from", "--plan", "--key-file"].into_iter();
    let values = flags.flat_map(|flag| {
        let values = values_of(flag, arguments).into_iter();
        values.map(move |value| (flag, PathBuf::from(value)))
    });
    values.collect()
}

/// The values of a flag, wherever it is.
fn values_of<'a>(flag: &str, arguments: &'a [OsString]) -> Vec<&'a str> {
    let words = arguments
        .iter()
        .map(|word| word.to_str().unwrap_or_default());
    let words: Vec<&str> = words.collect();
    let next = words.iter().skip(1).map(Some).chain([None]);
    let values =
        words
            .iter()
            .zip(next)
            .filter_map(|(word, next)| match word.strip_prefix(flag)? {
                "" => next.copied(),
                rest => rest.strip_prefix('='),
            });
    values.collect()
}

#[cfg(test)]
mod tests;
