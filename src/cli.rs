//! The command line, turned into typed requirements and settings at one border.
//!
//! argh holds the flags and their kinds; what it would let pass or say badly is made good here,
//! before and after it.

mod flags;
mod help;
mod values;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use argh::FromArgs;

use self::flags::{flag, normalize};
use self::help::example;
use self::values::wrong;
use crate::job::{Cost, Generations, Job};
use crate::price::Prices;
use crate::quota::{Credits, Model};
use crate::report::Format;
use crate::spend::{Period, UtcDay};

pub use self::flags::Settings;
pub use self::help::help;
pub use self::values::echo;

/// What `--version` prints.
pub const VERSION: &str = concat!("runway-preflight ", env!("CARGO_PKG_VERSION"), "\n");

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Decide whether the job may start.
    Check(Box<Settings>, Box<Job>),
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

/// A command line that cannot be followed: what was given, what was expected, an example. It
/// holds no argument that looks like a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(pub String);

impl UsageError {
    /// An error with an example of what would be right: that of the first flag that it names.
    pub fn new(problem: impl fmt::Display) -> Self {
        let problem = problem.to_string();
        let mut words = problem.split([' ', ':', ';', ',', '?', '(', ')']);
        let example = words.find_map(flag).map_or("--help", example);
        Self::with(&problem, &format!("runway-preflight {example}"))
    }

    /// An error with a whole line that would be right.
    pub fn with(problem: &str, right: &str) -> Self {
        Self(format!("error: {problem}\nexample: {right}\n"))
    }
}

/// An error in the words of the Action: its inputs are the flags without their dashes.
pub fn of_inputs(error: &UsageError) -> UsageError {
    // The Action hands a switch that is neither true nor false on with its value; `fail` is the Action's own.
    let either = "takes true or false, and nothing else";
    let fail = format!("--fail {either}\nexample: runway-preflight --fail false");
    let no_value = "takes no value: give it alone, or leave it out";
    let unknown = "unknown flag \"--fail\"\nexample: runway-preflight --help";
    let message = error.0.replace(no_value, either).replace(unknown, &fail);
    let Some((problem, example)) = message.split_once("\nexample: runway-preflight ") else {
        return UsageError(message);
    };
    // What stands in quotation marks was given, and stays as it is.
    let mut quoted = false;
    let words = problem.split(' ').map(|word| {
        let inside = quoted;
        quoted ^= word.matches('"').count() % 2 == 1;
        let bare = word.trim_start_matches('(');
        let bracket = word.strip_suffix(bare).unwrap_or_default();
        match bare.strip_prefix("--") {
            Some(name) if !inside && !name.is_empty() => format!("{bracket}the input {name}"),
            _ => word.to_owned(),
        }
    });
    let problem = words.collect::<Vec<_>>().join(" ");
    let inputs = example.split("--").skip(1).map(|flag| {
        let flag = flag.trim_end();
        let (name, value) = flag.split_once(' ').unwrap_or((flag, "true"));
        format!("{name}: {value}")
    });
    let example = inputs.collect::<Vec<_>>().join(", ");
    UsageError(format!("{problem}\nexample: {example}\n"))
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
    let settings = Settings::from_args(&["runway-preflight"], &arguments)
        .map_err(|exit| refused(&arguments, &exit.output))?;
    if settings.version {
        return Ok(Command::Version);
    }
    let job = job(&settings)?;
    check_together(&settings, &job, today)?;
    Ok(Command::Check(Box::new(settings), Box::new(job)))
}

/// argh's own message repeats the value, which may hold a key.
fn refused(words: &[&str], message: &str) -> UsageError {
    let mut pairs = words.iter().zip(words.iter().skip(1));
    let refused = pairs.find_map(|(flag, value)| {
        let begins = format!("Error parsing option '{flag}' with value '{value}': ");
        let problem = message.strip_prefix(&begins)?;
        Some(wrong(flag, value, problem.trim_end()))
    });
    refused.unwrap_or_else(|| UsageError::new(echo(message)))
}

/// What only several flags together show.
fn check_together(settings: &Settings, job: &Job, today: UtcDay) -> Result<(), UsageError> {
    let saved = settings.from.is_some();
    let costless = !job.priced || settings.plan.is_none() && job.generations.is_empty();
    let is_no_demo = saved
        || settings.wait.is_some()
        || settings.asks_for_history()
        || !settings.write.is_empty();
    for (wrong, problem) in [
        (
            settings.demo && is_no_demo,
            "--demo decides from a built-in answer: leave out --from, --wait, --usage, --budget, --warn-lasts and --write",
        ),
        (
            settings.key_file.as_deref() == Some(Path::new("-")),
            "--key-file - is not standard input here: use /dev/stdin",
        ),
        (
            matches!(settings.usage, Some(Period::Fixed(window)) if window.before > today.plus(1)),
            "--usage ends in the future: the second day, which is left out, is tomorrow (UTC) at the latest",
        ),
        (
            settings.json && settings.format.is_some_and(|format| format != Format::Json),
            "--json is short for --format json, but another --format is given",
        ),
        (
            settings.wait.is_some() && saved,
            "--wait checks again, but a saved answer (--from) never changes",
        ),
        (
            settings.interval.is_some() && settings.wait.is_none(),
            "--interval is the pause between two checks of --wait, and --wait is missing",
        ),
        (
            job.warn_lasts.is_some() && saved,
            "--warn-lasts needs today's history from Runway, and --from does not ask it",
        ),
        (
            job.keep.is_some() && costless,
            "--keep is what is left after the job, but the job has no cost (--credits is the balance before it)",
        ),
        (
            settings.plan_min.is_some() && settings.plan.is_none(),
            "--plan-min counts the tasks of --plan, and --plan is missing",
        ),
        (
            job.max_cost.is_some() && costless,
            "--max-cost limits the planned cost, but the job has none: give @CREDITS or --price",
        ),
    ] {
        if wrong {
            return Err(UsageError::new(problem));
        }
    }
    Ok(())
}

fn job(settings: &Settings) -> Result<Job, UsageError> {
    let mut prices = Prices::default();
    for rule in &settings.price {
        if !prices.add(rule.clone()) {
            let problem = "is a second price for the same tasks";
            return Err(wrong("--price", &rule.text, problem));
        }
    }
    let wrong = |given: &str, problem: &str| wrong("--generations", given, problem);
    let mut generations: Vec<Generations> = Vec::new();
    let (mut count, mut cost) = (Some(0_u64), Credits(0));
    for given in &settings.generations {
        let one = values::generations(given, &prices).map_err(|problem| wrong(given, &problem))?;
        let max = one.needed.saturating_add(one.more);
        count = count.and_then(|sum| sum.checked_add(max));
        cost = cost.plus(one.cost_of(max).unwrap_or_default());
        if count.is_none() || u64::try_from(cost.0).is_err() {
            let problem = "adds up to more generations or credits than can be counted";
            return Err(wrong(given, problem));
        }
        generations.push(one);
    }
    let priced = !prices.is_empty() || generations.iter().any(|one| one.cost != Cost::Unknown);
    // Once anything has a price, everything has: what is not known is never counted as 0.
    let mut all = settings.generations.iter().zip(&generations);
    if let Some((given, _)) = all.find(|(_, one)| priced && one.needs_price()) {
        let problem = "has no price: once any price is given, every generation needs one (--price, or @CREDITS; @0 if it is free)";
        return Err(wrong(given, problem));
    }
    let job = Job {
        generations,
        priced,
        prices,
        plan: None,
        credits: settings.credits,
        keep: settings.keep,
        max_cost: settings.max_cost,
        concurrency: by_model(&settings.concurrency, u64::max),
        budget: settings.budget,
        warn_generations: by_model(&settings.warn_generations, u64::saturating_add),
        warn_credits: settings.warn_credits,
        warn_lasts: settings.warn_lasts,
    };
    let too_many = |problem: &str| UsageError::new(format!("the command line {problem}"));
    job.count_requirements().map_err(too_many)?;
    Ok(job)
}

/// One count for each model, in the order of the flags.
fn by_model(given: &[(Model, u64)], together: fn(u64, u64) -> u64) -> Vec<(Model, u64)> {
    let mut counts: Vec<(Model, u64)> = Vec::new();
    for (model, count) in given {
        match counts.iter_mut().find(|(known, _)| known == model) {
            Some((_, known)) => *known = together(*known, *count),
            None => counts.push((model.clone(), *count)),
        }
    }
    counts
}

/// Whatever may name a file in a command line that is wrong: of each word the lines and their parts,
/// and what stands beside `=` and `:` there. No earlier pass survives in such a file.
pub fn named_files(arguments: &[OsString]) -> impl Iterator<Item = &Path> {
    // So that no line takes long: of a word, and of a part of it.
    const MAX_NAMES: usize = 100_000;
    const MAX_SIGNS: usize = 8;
    let around = |it: char| it.is_whitespace() || "\"'`“”‘’=:".contains(it);
    let marks = |it: char| "\"'`“”‘’,;|#()[]{}<>".contains(it);
    let words = arguments.iter().filter_map(|word| word.to_str());
    words.flat_map(move |word| {
        // A path may hold any of the signs that stand between two.
        let parts = word.lines();
        let parts = parts.flat_map(move |line| std::iter::once(line).chain(line.split(marks)));
        let parts = parts.flat_map(|part| std::iter::once(part).chain(part.split_whitespace()));
        let names = parts.flat_map(|part| {
            let signs = part.match_indices(['=', ':']).take(MAX_SIGNS);
            let behind = signs.map(|(at, _)| part.split_at(at).1);
            let between = part.split(['=', ':']);
            std::iter::once(part).chain(behind).chain(between)
        });
        let names = names.map(move |name| Path::new(name.trim_matches(around)));
        names.take(MAX_NAMES)
    })
}

/// The values of a flag in a command line that may be wrong otherwise.
pub fn flag_values<'a>(flag: &'a str, arguments: &'a [OsString]) -> impl Iterator<Item = &'a str> {
    let words = arguments.iter();
    let words = words.map(|word| word.to_str().unwrap_or_default());
    let next = words.clone().skip(1).map(Some).chain([None]);
    let pairs = words.zip(next);
    pairs.filter_map(move |(word, next)| match word.strip_prefix(flag)? {
        "" => next,
        rest => rest.strip_prefix('='),
    })
}

#[cfg(test)]
mod tests;
