//! What a flag's value means; if it means nothing, the end of a sentence on it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{Color, UsageError};
use crate::credentials::looks_like_key;
use crate::job::{Cost, Generations};
use crate::price::{Price, Prices, Rule};
use crate::quota::{Credits, Model};
use crate::report::{is_label, Format};
use crate::sanitize::{self, cut, for_log, is_invisible};
use crate::source::Source;
use crate::spend::{Budget, Period, UtcDay, Window, MAX_DAYS, SECONDS_A_DAY};

type Parsed<T> = Result<T, String>;

/// An error that shows the value: `--credits "12.5" must be …`.
pub(super) fn wrong(flag: &str, value: &str, problem: impl fmt::Display) -> UsageError {
    let hint = lookalike(value).unwrap_or_default();
    UsageError::new(format!("{flag} {} {problem}{hint}", echo(value)))
}

/// The entries of a flag's value, each of which may be one: separated by line breaks, and by commas where
/// no file is named. What follows `#` at the beginning of a line or behind a blank is a comment.
pub(super) fn entries<'a>(flag: &str, text: &'a str) -> Parsed<Vec<&'a str>> {
    let separator = if flag == "--write" { '\n' } else { ',' };
    let lines = text.split(['\n', '\r']).map(|line| {
        let hashes = line.match_indices('#');
        let mut heads = hashes.map(|(at, _)| line.split_at(at).0);
        let head = heads.find(|head| head.is_empty() || head.ends_with(char::is_whitespace));
        head.unwrap_or(line)
    });
    let entries = lines.flat_map(|line| line.split(separator)).map(str::trim);
    let entries: Vec<&str> = entries.filter(|entry| !entry.is_empty()).collect();
    // Of `- # comment` the dash is left.
    let of_yaml =
        |entry: &&str| entry.split_whitespace().next() == Some("-") || entry.starts_with('[');
    let blanks = |entry: &&str| {
        let mut words = entry.split_whitespace();
        words.next().is_some_and(|word| word.contains('=')) && words.next().is_some()
    };
    let problem = if entries.is_empty() {
        "holds no entry, only comments or separators"
    } else if entries.iter().any(of_yaml) {
        "is a YAML list: write one entry a line, without dashes and brackets"
    } else if flag != "--write" && entries.iter().any(blanks) {
        "has blanks between its entries: separate them by commas or line breaks"
    } else {
        return Ok(entries);
    };
    Err(problem.to_owned())
}

/// Digits alone: no sign, no separators.
fn whole(text: &str, problem: &str) -> Parsed<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(number),
        _ if digits => Err(format!("is too large: the maximum is {}", u64::MAX)),
        _ => Err(problem.to_owned()),
    }
}

pub(super) fn credits(text: &str) -> Parsed<Credits> {
    let form = "must be a whole number of credits (digits only; a credit is $0.01)";
    credits_of(text, form)
}

fn credits_of(text: &str, problem: &str) -> Parsed<Credits> {
    Ok(Credits(whole(text, problem)?.into()))
}

/// 1 at least.
pub(super) fn tasks(text: &str) -> Parsed<u64> {
    let problem = "must be a whole number of tasks, 1 at least";
    let tasks = Some(whole(text, problem)?);
    tasks.filter(|tasks| *tasks > 0).ok_or(problem.to_owned())
}

/// `MODEL=` and what follows.
fn model_and<'a>(text: &'a str, form: &str) -> Parsed<(Model, &'a str)> {
    let error = || format!("must be {form}");
    let (model, rest) = text.split_once('=').ok_or_else(error)?;
    match model.split_once('@') {
        _ if !Model::is_name(model) => Err(error()),
        Some(_) => Err("must have @CREDITS at its end: MODEL=N@CREDITS".to_owned()),
        None => Ok((Model::new(model), rest)),
    }
}

/// `MODEL=N`.
pub(super) fn of_model(text: &str) -> Parsed<(Model, u64)> {
    let (model, count) = model_and(text, "MODEL=N")?;
    Ok((model, generations_of(count)?))
}

fn generations_of(count: &str) -> Parsed<u64> {
    let problem = "must name a whole number of generations (digits only)";
    whole(count, problem)
}

/// `MODEL=N`, `MODEL=N@CREDITS`, `MODEL=MIN..MAX`, `MODEL=MIN..MAX@CREDITS`.
pub(super) fn generations(text: &str, prices: &Prices) -> Parsed<Generations> {
    let (model, rest) = model_and(text, "MODEL=N, MODEL=N@CREDITS or MODEL=MIN..MAX")?;
    let (count, each) = match rest.split_once('@') {
        Some((count, each)) => (count, Some(each)),
        None => (rest, None),
    };
    let (needed, max) = match count.split_once("..") {
        Some((min, max)) => {
            let problem =
                "must be a range of whole numbers from 1 up, the smaller first, such as 50..300";
            let (min, max) = (whole(min, problem)?, whole(max, problem)?);
            let in_order = (1..=max).contains(&min);
            in_order.then_some((min, max)).ok_or(problem.to_owned())?
        }
        None => {
            let count = generations_of(count)?;
            (count, count)
        }
    };
    let cost = match each {
        Some(each) => Cost::Each(Price::parse(each).ok_or(
            "must have credits after @ (a credit is $0.01), with up to three decimals: @60 or @0.125",
        )?),
        None => cost_by_price(&model, max, prices)?,
    };
    Ok(Generations {
        more: max.saturating_sub(needed),
        ..Generations::new(model, needed, cost)
    })
}

/// By the rule without conditions: a flag has no fields of a task.
fn cost_by_price(model: &Model, max: u64, prices: &Prices) -> Parsed<Cost> {
    let rules = prices.of(model.as_str());
    let problem = match rules.iter().find(|rule| rule.conditions.is_empty()) {
        Some(rule) if !rule.by_second => return Ok(Cost::RoundedUp(rule.price)),
        _ if max == 0 || rules.is_empty() => return Ok(Cost::Unknown),
        Some(_) => "has a price per second, but a flag has no duration",
        None => "has a price only under conditions, but a flag has no fields of a task",
    };
    let way = "add @CREDITS, what one generation costs";
    Err(format!("{problem}: {way}"))
}

/// What a task costs, if its fields are as the value says.
pub(super) fn price(text: &str) -> Parsed<Rule> {
    let problem = "must be MODEL=CREDITS or 'MODEL FIELD=VALUE... CREDITS' (no field twice, no empty value, no *), in digits with up to three decimals (a credit is $0.01); /s at the end is for a second";
    Rule::parse(text).ok_or(problem.to_owned())
}

/// A duration within the limits of a flag.
fn duration(text: &str, min: Duration, max: Duration) -> Parsed<Duration> {
    let form = "must be a duration such as 30s, 20m, 2h or 7days";
    let duration = humantime::parse_duration(text).map_err(|_| form)?;
    let shown = humantime::format_duration;
    if duration < min {
        return Err(format!("must be at least {}", shown(min)));
    }
    if duration > max {
        // To humantime M is a month, and m a minute.
        let minutes = text.trim().replace('M', "m");
        let hint = format!("; M is months: write {minutes} for minutes");
        let hint = if text.contains('M') { &*hint } else { "" };
        return Err(format!("must be at most {}{hint}", shown(max)));
    }
    Ok(duration)
}

/// A week at most: what waiting resolves takes a day, and a longer wait is a mistake.
pub(super) fn wait(text: &str) -> Parsed<Duration> {
    duration(text, Duration::ZERO, Duration::from_secs(7 * SECONDS_A_DAY))
}

pub(super) fn interval(text: &str) -> Parsed<Duration> {
    let day = Duration::from_secs(SECONDS_A_DAY);
    duration(text, Duration::from_secs(5), day)
}

pub(super) fn timeout(text: &str) -> Parsed<Duration> {
    duration(text, Duration::from_millis(1), Duration::from_secs(3_600))
}

pub(super) fn lasts(text: &str) -> Parsed<Duration> {
    duration(text, Duration::from_nanos(1), Duration::MAX)
}

fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Parsed<T> {
    let mut known = choices.iter();
    let choice = known.find(|(name, _)| *name == text);
    choice.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        format!("must be one of {}", names.join(", "))
    })
}

/// Whether a run without a key is skipped.
pub(super) fn skips(text: &str) -> Parsed<bool> {
    choice(text, &[("fail", false), ("skip", true)])
}

pub(super) fn color(text: &str) -> Parsed<Color> {
    let colors = [
        ("auto", Color::Auto),
        ("always", Color::Always),
        ("never", Color::Never),
    ];
    choice(text, &colors)
}

/// The others are written to files alone.
pub(super) fn format(text: &str) -> Parsed<Format> {
    let printed = [Format::Text, Format::Json, Format::Markdown];
    choice(text, &printed.map(|format| (format.name(), format)))
}

/// `FORMAT=FILE`.
pub(super) fn write(text: &str) -> Parsed<(Format, PathBuf)> {
    let (name, path) = text.split_once('=').unwrap_or_default();
    let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
    let mut parts = path.split([',', ';', '|', ' ', '\t']).skip(1);
    let two_files = parts.any(|part| names.contains(&part.split_once('=').unwrap_or_default().0));
    let no_file = ["", "-"].contains(&path) || path.starts_with([' ', '\t', '=']);
    match choice(name, Format::ALL) {
        Ok(format) if !no_file && !two_files => Ok((format, file(path)?)),
        _ => {
            let form = "FORMAT=FILE, one each, FORMAT one of";
            Err(format!("must be {form} {}", names.join(", ")))
        }
    }
}

/// A path, which the shell has expanded where it was meant to.
pub(super) fn file(text: &str) -> Parsed<PathBuf> {
    if text == "~" || text.starts_with("~/") {
        let problem = "begins with ~, which the shell leaves as it is in quotes and behind =: write $HOME in its place";
        return Err(problem.to_owned());
    }
    Ok(PathBuf::from(text))
}

/// A file, or `-`.
pub(super) fn source(text: &str) -> Parsed<Source> {
    match text {
        "-" => Ok(Source::Stdin),
        path => file(path).map(Source::File),
    }
}

/// 1 to 64 of lower-case letters, digits and `-`.
pub(super) fn label(text: &str) -> Parsed<String> {
    let label = is_label(text).then(|| text.to_owned());
    label.ok_or_else(|| "must be 1 to 64 lower-case letters, digits and -".to_owned())
}

/// `CREDITS/DURATION`, the duration in whole days; or `CREDITS/month`.
pub(super) fn budget(text: &str) -> Parsed<Budget> {
    let form = "must be CREDITS/DURATION, with whole credits (a credit is $0.01)";
    let (credits, duration) = text.split_once('/').ok_or(form)?;
    Ok(Budget {
        max: credits_of(credits, form)?,
        period: match duration {
            "month" => Period::Month,
            duration => Period::Days(days(duration, "or month for the calendar month")?),
        },
    })
}

/// `30d`, today included, or `A..B`, B left out.
pub(super) fn range(text: &str) -> Parsed<Period> {
    let Some((start, before)) = text.split_once("..") else {
        return days(text, "or two dates: 2026-02-15..2026-03-17").map(Period::Days);
    };
    let days = UtcDay::parse(start).zip(UtcDay::parse(before));
    let window = days.map(|(start, before)| Window { start, before });
    let window = window.filter(|window| window.start < window.before && window.days() <= MAX_DAYS);
    window.map(Period::Fixed).ok_or_else(|| {
        format!("must be two dates such as 2026-02-15..2026-03-17, the second, which is left out, 1 to {MAX_DAYS} days after the first")
    })
}

fn days(text: &str, or: &str) -> Parsed<u32> {
    let duration = humantime::parse_duration(text).unwrap_or_default();
    let days = u32::try_from(duration.as_secs() / SECONDS_A_DAY).unwrap_or(u32::MAX);
    let whole = duration == Duration::from_secs(u64::from(days).saturating_mul(SECONDS_A_DAY));
    let days = Some(days).filter(|days| whole && (1..=MAX_DAYS).contains(days));
    days.ok_or_else(|| format!("must name 1 to 90 whole days, such as 30d or 2weeks, {or}"))
}

/// What a character that only looks right was meant to be, as the end of an error.
pub(super) fn lookalike(text: &str) -> Option<String> {
    let mut characters = text.chars();
    let (character, (kind, meant)) =
        characters.find_map(|it| Some((it, sanitize::lookalike(it)?)))?;
    let found = format!("{kind} (U+{:04X})", u32::from(character));
    Some(format!("; it contains {found}: type {meant} in its place"))
}

/// An argument as it may be shown: quoted, cleaned, cut, and not at all if it looks like a key.
pub fn echo(argument: &str) -> String {
    let shown = for_log(argument);
    if looks_like_key(&shown) {
        return "(not shown: it looks like a key)".to_owned();
    }
    let hidden = |character: char| is_invisible(character) && !character.is_whitespace();
    let note = if argument.trim() != argument {
        " (with white space around it)"
    } else if argument.contains(hidden) {
        " (with an invisible character in it)"
    } else {
        ""
    };
    format!("\"{}\"{note}", cut(&shown, 60))
}
