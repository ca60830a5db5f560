//! The command line, turned into typed requirements and settings at one border.
//!
//! argh holds the flags and their kinds; what it would let pass or say badly is made good here,
//! before and after it.

mod flags;
mod help;
mod values;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use argh::{ArgsInfo, FromArgs};

use self::flags::{help_asked, normalize, Flags};
use self::help::example;
use self::values::{entries, is_label, items, Value};
use crate::job::{Cost, Job};
use crate::price::Prices;
use crate::quota::{Credits, Model};
use crate::report::Format;
use crate::source::Source;
use crate::spend::{Range, UtcDay, SECONDS_A_DAY};

pub use self::help::{help, short_help};
pub use self::values::echo;

/// What `--version` prints.
pub const VERSION: &str = concat!("runway-preflight ", env!("CARGO_PKG_VERSION"), "\n");

/// A longer wait is a mistake: nothing that waiting resolves takes more than a day.
const MAX_WAIT: Duration = Duration::from_secs(7 * SECONDS_A_DAY);

const MIN_INTERVAL: Duration = Duration::from_secs(5);

const MAX_INTERVAL: Duration = Duration::from_secs(SECONDS_A_DAY);

/// The value of `--timeout` where it is not given.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Each is a row of the report; a plan counts by its models.
const MAX_REQUIREMENTS: usize = 1_000;

const MAX_TIMEOUT: Duration = Duration::from_secs(3_600);

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Print a screen of help.
    ShortHelp,
    /// Print the whole help.
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
    /// `--interval` is given.
    pub interval_given: bool,
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
    fn has_planned_cost(&self) -> bool {
        self.job.priced && (self.plan.is_some() || !self.job.generations.is_empty())
    }

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
    pub fn new(problem: impl Into<String>, example: &str) -> Self {
        Self(format!(
            "error: {}\nexample: runway-preflight {example}\n",
            problem.into()
        ))
    }

    /// The same for a variable of the environment, with an assignment that would be right.
    pub fn of_variable(problem: &str, assignment: &str) -> Self {
        Self(format!(
            "error: {problem}\nexample: {assignment} runway-preflight\n"
        ))
    }
}

/// An error in the words of the Action: its inputs are the flags without their dashes.
pub fn of_inputs(error: &UsageError) -> UsageError {
    let flags = Flags::get_args_info().flags;
    let input = |word: &str| {
        let name = word.trim_end_matches([',', ';', ':', '.', ')']);
        let known = flags.iter().any(|flag| flag.long == name);
        known.then(|| word.trim_start_matches('-').to_owned())
    };
    // The Action hands a switch that is neither true nor false on with its value; `fail` is the Action's own.
    let either = "takes true or false, and nothing else";
    if error.0.starts_with("error: unknown flag \"--fail\"\n") {
        return UsageError(format!(
            "error: the input fail {either}\nexample: fail: false\n"
        ));
    }
    let told = error
        .0
        .replace("takes no value: give it alone, or leave it out", either);
    let (problem, example) = told.split_once("\nexample: ").unwrap_or((&told, ""));
    // What stands in quotation marks was given, and stays as it is.
    let mut quoted = false;
    let mut first = "the input ";
    let words = problem.split(' ').map(|word| {
        let inside = quoted;
        quoted ^= word.matches('"').count() % 2 == 1;
        match input(word).filter(|_| !inside) {
            Some(name) => format!("{}{name}", std::mem::take(&mut first)),
            None => word.to_owned(),
        }
    });
    let problem = words.collect::<Vec<_>>().join(" ");
    let mut example = example
        .trim_end()
        .strip_prefix("runway-preflight")
        .unwrap_or(example)
        .split_whitespace()
        .peekable();
    let mut inputs = Vec::new();
    while let Some(word) = example.next() {
        let value = example
            .next_if(|next| !next.starts_with("--"))
            .unwrap_or("true");
        inputs.push(format!("{}: {value}", word.trim_start_matches('-')));
    }
    UsageError(format!("{problem}\nexample: {}\n", inputs.join(", ")))
}

/// Reads the arguments (without the program's name), as of `today`.
///
/// # Errors
///
/// Whatever is not to be followed to the letter: exit code 2.
pub fn parse(arguments: Vec<OsString>, today: UtcDay) -> Result<Command, UsageError> {
    match help_asked(&arguments)? {
        Some("--help") => return Ok(Command::Help),
        Some(_) => return Ok(Command::ShortHelp),
        None => {}
    }
    let arguments = normalize(arguments)?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let flags = Flags::from_args(&["runway-preflight"], &arguments)
        .map_err(|exit| UsageError::new(echo(&exit.output), "--help"))?;
    if flags.version {
        Ok(Command::Version)
    } else {
        settings(flags, today).map(|settings| Command::Check(Box::new(settings)))
    }
}

fn settings(flags: Flags, today: UtcDay) -> Result<Settings, UsageError> {
    check_demo(&flags)?;
    let prices = prices(&flags)?;
    let job = job(&flags, &prices)?;
    if job.requirements() > MAX_REQUIREMENTS {
        return Err(UsageError::new(
            format!("there are more than {MAX_REQUIREMENTS} requirements"),
            "--plan tasks.jsonl",
        ));
    }
    let value = |name, given: &Option<String>| given.clone().map(|text| Value::new(name, text));
    let file = |name, given: &Option<String>| {
        let value = value(name, given).map(Value::file);
        value.transpose()
    };
    let saved = |name, given| {
        let file = file(name, given)?;
        Ok(file.map(|file| match file.to_str() {
            Some("-") => Source::Stdin,
            _ => Source::File(file),
        }))
    };
    let settings = Settings {
        job,
        plan: saved("--plan", &flags.plan)?,
        plan_min: value("--plan-min", &flags.plan_min)
            .map(|value| value.tasks())
            .transpose()?,
        prices,
        label: value("--label", &flags.label)
            .map(Value::label)
            .transpose()?,
        organization: match saved("--from", &flags.from)? {
            Some(saved) => saved,
            None if flags.demo => Source::Demo,
            None => Source::Runway,
        },
        shown: value("--usage", &flags.usage)
            .map(|value| value.range(today))
            .transpose()?,
        wait: value("--wait", &flags.wait)
            .map(|value| value.duration(Duration::ZERO, MAX_WAIT))
            .transpose()?,
        interval: value("--interval", &flags.interval)
            .map_or(Ok(Duration::from_secs(60)), |value| {
                value.duration(MIN_INTERVAL, MAX_INTERVAL)
            })?,
        interval_given: flags.interval.is_some(),
        timeout: value("--timeout", &flags.timeout).map_or(Ok(TIMEOUT), |value| {
            value.duration(Duration::from_millis(1), MAX_TIMEOUT)
        })?,
        fail_open: flags.fail_open,
        skip_missing_key: value("--missing-key", &flags.missing_key)
            .map_or(Ok(false), |value| {
                value.choice(&[("fail", false), ("skip", true)])
            })?,
        tiers: flags.tiers,
        format: format(&flags)?,
        write: entries("--write", &flags.write)?
            .iter()
            .map(Value::write)
            .collect::<Result<_, _>>()?,
        color: value("--color", &flags.color).map_or(Ok(Color::Auto), |value| {
            value.choice(&[
                ("auto", Color::Auto),
                ("always", Color::Always),
                ("never", Color::Never),
            ])
        })?,
        quiet: flags.quiet,
        verbose: flags.verbose,
        base_url: flags.base_url.clone(),
        key_file: file("--key-file", &flags.key_file)?,
    };
    check_together(&settings)?;
    Ok(settings)
}

/// Those of standard output.
const FORMATS: [(&str, Format); 3] = [
    ("text", Format::Text),
    ("json", Format::Json),
    ("markdown", Format::Markdown),
];

fn format(flags: &Flags) -> Result<Format, UsageError> {
    let format = flags.format.clone();
    let format = format.map(|text| Value::new("--format", text).choice(&FORMATS));
    match (format.transpose()?, flags.json) {
        (None | Some(Format::Json), true) => Ok(Format::Json),
        (Some(_), true) => Err(UsageError::new(
            "--json is short for --format json, but another --format is given",
            "--json",
        )),
        (format, false) => Ok(format.unwrap_or(Format::Text)),
    }
}

/// What asks Runway, or leaves a report behind, is no demo.
fn check_demo(flags: &Flags) -> Result<(), UsageError> {
    let refused = [
        ("--from", flags.from.is_some()),
        ("--wait", flags.wait.is_some()),
        ("--usage", flags.usage.is_some()),
        ("--budget", flags.budget.is_some()),
        ("--warn-lasts", flags.warn_lasts.is_some()),
        ("--write", !flags.write.is_empty()),
    ];
    match refused.iter().find(|(_, given)| flags.demo && *given) {
        Some((flag, _)) => Err(UsageError::new(
            format!("--demo decides from a built-in answer, and {flag} cannot be used with it"),
            &example("--demo"),
        )),
        None => Ok(()),
    }
}

/// What only several flags together show.
fn check_together(settings: &Settings) -> Result<(), UsageError> {
    let problem = if settings.key_file.as_deref() == Some(Path::new("-")) {
        (
            "--key-file - is not standard input here: use /dev/stdin",
            "--key-file /dev/stdin",
        )
    } else if settings.wait.is_some() && settings.organization != Source::Runway {
        (
            "--wait checks again, but a saved answer (--from) never changes",
            "--from organization.json",
        )
    } else if settings.interval_given && settings.wait.is_none() {
        (
            "--interval is the pause between two checks of --wait, and --wait is missing",
            "--wait 2h --interval 5m",
        )
    } else if settings.plan == Some(Source::Stdin) && settings.organization == Source::Stdin {
        (
            "--plan and --from cannot both read standard input",
            "--from - --plan tasks.jsonl",
        )
    } else if settings.job.warn_lasts.is_some() && settings.organization != Source::Runway {
        (
            "--warn-lasts needs today's history from Runway, and --from does not ask it",
            "--warn-lasts 7days",
        )
    } else if settings.job.keep.is_some() && !settings.has_planned_cost() {
        (
            "--keep is what is left after the job, but the job has no cost (--credits is the \
             balance before it)",
            "--generations gen4.5=20@60 --keep 500",
        )
    } else if settings.plan_min.is_some() && settings.plan.is_none() {
        (
            "--plan-min counts the tasks of --plan, and --plan is missing",
            "--plan tasks.jsonl --plan-min 10",
        )
    } else if settings.job.max_cost.is_some() && !settings.has_planned_cost() {
        (
            "--max-cost limits the planned cost, but the job has none: give @CREDITS or --price",
            "--generations gen4.5=20@60 --max-cost 1500",
        )
    } else {
        return Ok(());
    };
    Err(UsageError::new(problem.0, problem.1))
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
    let mut at_most: Vec<(Model, u64)> = Vec::new();
    let mut cost = Credits(0);
    let given = entries("--generations", &flags.generations)?;
    for value in &given {
        let one = value.generations(prices)?;
        let max = one.needed.saturating_add(one.more);
        value.add_generations(&mut at_most, one.model.clone(), max)?;
        cost = cost.plus(one.cost_of(max).unwrap_or_default());
        if u64::try_from(cost.0).is_err() {
            let problem = "brings the planned cost to more credits than can be counted";
            return Err(value.error(problem));
        }
        job.generations.push(one);
    }
    let costs = || job.generations.iter().map(|one| one.cost);
    job.priced = !prices.is_empty() || costs().any(|cost| cost != Cost::Unknown);
    let unpriced = job.generations.iter().zip(&given);
    let mut unpriced = unpriced.filter(|(one, _)| one.needs_price());
    if let Some((_, value)) = unpriced.next().filter(|_| job.priced) {
        return Err(value.no_price());
    }
    for value in entries("--warn-generations", &flags.warn_generations)? {
        let (model, needed) = value.warned_generations()?;
        value.add_generations(&mut job.warn_generations, model, needed)?;
    }
    for value in entries("--concurrency", &flags.concurrency)? {
        let (model, needed) = value.concurrency()?;
        add_largest(&mut job.concurrency, model, needed);
    }
    let credits = |name, given: &Option<String>| {
        given
            .clone()
            .map(|text| Value::new(name, text).credits())
            .transpose()
    };
    job.credits = credits("--credits", &flags.credits)?;
    job.keep = credits("--keep", &flags.keep)?;
    job.max_cost = credits("--max-cost", &flags.max_cost)?;
    job.warn_credits = credits("--warn-credits", &flags.warn_credits)?;
    job.budget = flags
        .budget
        .clone()
        .map(|text| Value::new("--budget", text).budget())
        .transpose()?;
    job.warn_lasts = flags
        .warn_lasts
        .clone()
        .map(|text| {
            Value::new("--warn-lasts", text).duration(Duration::from_secs(1), Duration::MAX)
        })
        .transpose()?;
    Ok(job)
}

/// The label of a command line that may be wrong otherwise: its outputs are named by it all the
/// same.
pub fn label(arguments: &[OsString]) -> Option<String> {
    let labels = values_of("--label", arguments);
    let mut labels = labels.into_iter().filter(|label| is_label(label));
    labels.next().map(str::to_owned)
}

/// The files of `--write` of a command line that may be wrong otherwise: no earlier pass survives
/// there.
pub fn written_files(arguments: &[OsString]) -> Vec<(Format, PathBuf)> {
    let values = values_of("--write", arguments).into_iter();
    let values = values.flat_map(|value| items("--write", value));
    let written = values.map(|value| Value::new("--write", value.to_owned()).write());
    written.filter_map(Result::ok).collect()
}

/// The files that such a command line reads, each with its flag.
pub fn read_files(arguments: &[OsString]) -> Vec<(&'static str, PathBuf)> {
    let flags = ["--from", "--plan", "--key-file"];
    let values = flags.into_iter().flat_map(|flag| {
        let values = values_of(flag, arguments).into_iter();
        values.map(move |value| (flag, PathBuf::from(value)))
    });
    values.collect()
}

/// The file of `--key-file` of such a command line: what is in it is not shown either.
pub fn key_file(arguments: &[OsString]) -> Option<PathBuf> {
    values_of("--key-file", arguments)
        .first()
        .map(PathBuf::from)
}

/// The value of a flag, wherever it is.
fn values_of<'a>(flag: &str, arguments: &'a [OsString]) -> Vec<&'a str> {
    let words = || {
        arguments
            .iter()
            .map(|word| word.to_str().unwrap_or_default())
    };
    let next = words().skip(1).map(Some).chain([None]);
    let values = words().zip(next).filter_map(|(word, next)| {
        let rest = word.strip_prefix(flag)?;
        if rest.is_empty() {
            next
        } else {
            rest.strip_prefix('=')
        }
    });
    values.collect()
}

fn add_largest(entries: &mut Vec<(Model, u64)>, model: Model, needed: u64) {
    match entries.iter_mut().find(|(known, _)| *known == model) {
        Some((_, most)) => *most = needed.max(*most),
        None => entries.push((model, needed)),
    }
}

#[cfg(test)]
mod tests;
