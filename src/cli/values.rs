//! What a flag's value means, and what is said if it means nothing.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::help;
use super::UsageError;
use crate::credentials::looks_like_key;
use crate::job::{Cost, Generations};
use crate::price::{Price, Prices, Rule};
use crate::quota::{Credits, Model};
use crate::report::{is_label, Format};
use crate::sanitize::{self, cut, for_log, is_invisible};
use crate::source::Source;
use crate::spend::{Budget, Period, Range, UtcDay, Window, MAX_DAYS, SECONDS_A_DAY};

/// The entries of a flag's value: separated by line breaks, and by commas where no file is named.
/// What follows `#` at the beginning of a line or behind a blank is a comment.
pub(super) fn items<'a>(flag: &str, text: &'a str) -> impl Iterator<Item = &'a str> {
    let separator = if flag == "--write" { '\n' } else { ',' };
    let lines = text.split(['\n', '\r']).map(|line| {
        let hashes = line.match_indices('#');
        let mut heads = hashes.map(|(at, _)| line.split_at(at).0);
        let head = heads.find(|head| head.is_empty() || head.ends_with(char::is_whitespace));
        head.unwrap_or(line)
    });
    let items = lines.flat_map(move |line| line.split(separator));
    items.map(str::trim).filter(|item| !item.is_empty())
}

/// The values of a flag that may be given more than once, each of which may hold several.
pub(super) fn entries(flag: &'static str, texts: &[String]) -> Result<Vec<Value>, UsageError> {
    let mut entries = Vec::new();
    for text in texts {
        let before = entries.len();
        let error = |problem| Err(Value::new(flag, text).error(problem));
        for item in items(flag, text) {
            let mut words = item.split_whitespace();
            let listed = words.next().is_some_and(|word| word.contains('='));
            if item.starts_with('[') {
                return error(
                    "is a list in brackets: write one entry a line, without brackets and quotes",
                );
            } else if item.starts_with("- ") {
                return error("is a YAML list: write one entry a line, without the dash");
            } else if flag != "--write" && listed && words.next().is_some() {
                return error(
                    "has blanks between its entries: separate them by commas or line breaks",
                );
            } else if item != text && whole(item.trim_end_matches("/s")).is_some() {
                return error(match item.trim_end_matches("/s").len() {
                    3 => "has a comma in a number: it separates entries, so leave it out",
                    _ => "has a comma in a number: it separates entries, so write a point for decimals",
                });
            }
            entries.push(Value::new(flag, item));
        }
        if entries.len() == before {
            return error("holds no entry, only comments or separators");
        }
    }
    Ok(entries)
}

const PRICED: &str = "--generations gen4.5=20@60";

/// A flag's value on its way to a type.
pub(super) struct Value {
    flag: &'static str,
    text: String,
}

impl Value {
    pub(super) fn new(flag: &'static str, text: &str) -> Self {
        let text = text.to_owned();
        Self { flag, text }
    }

    /// An error that shows the value: `--credits "12.5" must be …`.
    pub(super) fn error(&self, problem: impl fmt::Display) -> UsageError {
        let example = match self.flag {
            "--generations" if self.text.contains("..") => "--generations gen4.5=50..300",
            "--generations" if self.text.contains('@') => PRICED,
            "--usage" if self.text.contains("..") => "--usage 2026-02-15..2026-03-17",
            flag => &help::example(flag),
        };
        self.error_with(problem, example)
    }

    /// The same, where one example alone would be right.
    fn error_with(&self, problem: impl fmt::Display, example: &str) -> UsageError {
        let quotes = ['"', '\''];
        let quoted = self.text.starts_with(quotes) || self.text.ends_with(quotes);
        let hint = lookalike(&self.text).or(quoted.then(|| "; leave the quotes out".to_owned()));
        let hint = hint.unwrap_or_default();
        let problem = format!("{} {} {problem}{hint}", self.flag, echo(&self.text));
        UsageError::new(problem, example)
    }

    pub(super) fn credits(&self) -> Result<Credits, UsageError> {
        let problem = "must be a whole number of credits (digits only)";
        self.whole_credits(&self.text, "", problem)
    }

    /// What stands behind the credits (`end`) is part of what is to be written.
    fn whole_credits(&self, text: &str, end: &str, problem: &str) -> Result<Credits, UsageError> {
        let credits = self.whole(text, problem, |text| readings(text, false, end))?;
        Ok(Credits(credits.into()))
    }

    /// A duration within the limits of the flag.
    pub(super) fn duration(&self) -> Result<Duration, UsageError> {
        let (min, max) = match self.flag {
            // A longer wait is a mistake: nothing that waiting resolves takes more than a day.
            "--wait" => (Duration::ZERO, Duration::from_secs(7 * SECONDS_A_DAY)),
            "--interval" => (Duration::from_secs(5), Duration::from_secs(SECONDS_A_DAY)),
            "--timeout" => (Duration::from_millis(1), Duration::from_secs(3_600)),
            _ => (Duration::from_secs(1), Duration::MAX),
        };
        let form = "must be a duration such as 30s, 20m, 2h or 7days";
        let duration = humantime::parse_duration(&self.text).map_err(|_| self.error(form))?;
        let shown = humantime::format_duration;
        if duration < min {
            return Err(self.error(format!("must be at least {}", shown(min))));
        }
        if duration > max {
            // To humantime M is a month, and m a minute.
            let hint = match self.text.trim_end().strip_suffix('M') {
                Some(minutes) => format!("; M is months: write {minutes}m for minutes"),
                None => String::new(),
            };
            return Err(self.error(format!("must be at most {}{hint}", shown(max))));
        }
        Ok(duration)
    }

    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, UsageError> {
        let mut alike = choices.iter();
        match alike.find(|(name, _)| name.eq_ignore_ascii_case(&self.text)) {
            Some((name, choice)) if *name == self.text => Ok(*choice),
            Some((name, _)) => Err(self.error(format!("must be written {name}"))),
            None => {
                let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                Err(self.error(format!("must be one of {}", names.join(", "))))
            }
        }
    }

    /// `MODEL=N`, `MODEL=N@CREDITS`, `MODEL=MIN..MAX`, `MODEL=MIN..MAX@CREDITS`.
    pub(super) fn generations(&self, prices: &Prices) -> Result<Generations, UsageError> {
        let (model, rest) = self.model_and("MODEL=N, MODEL=N@CREDITS or MODEL=MIN..MAX")?;
        let (count, each) = match rest.split_once('@') {
            Some((count, each)) => (count, Some(each)),
            None => (rest, None),
        };
        let (needed, max) = match count.split_once("..") {
            Some((min, max)) => self.ends(min, max)?,
            None => match count.split_once(['-', '–', '…']) {
                Some((min, max)) if whole(min).is_some() && whole(max).is_some() => {
                    let problem = format!("must have two dots in a range: {min}..{max}");
                    return Err(self.error(problem));
                }
                _ => {
                    let count = self.count(count)?;
                    (count, count)
                }
            },
        };
        let cost = match each {
            Some(each) => {
                let form = "must have credits after @ (digits, with up to three decimals)";
                let price = Price::parse(each).ok_or_else(|| self.credits_error(each, form));
                Cost::Each(price?)
            }
            None => self.cost_by_price(&model, max, prices)?,
        };
        Ok(Generations {
            more: max.saturating_sub(needed),
            ..Generations::new(model, needed, cost)
        })
    }

    /// `MODEL=N`, where nothing is planned.
    pub(super) fn warned_generations(&self) -> Result<(Model, u64), UsageError> {
        let (model, count) = self.model_and("MODEL=N")?;
        if count.contains('@') {
            Err(self.error("takes no @CREDITS: only --generations plans a cost"))
        } else if count.contains("..") {
            Err(self.error("takes no range: only --generations does"))
        } else {
            Ok((model, self.count(count)?))
        }
    }

    /// What is wrong with credits, and what they may mean.
    fn credits_error(&self, credits: &str, problem: &str) -> UsageError {
        let end = if self.text.ends_with("/s") { "/s" } else { "" };
        let meant = readings(credits, true, end).filter(|_| Price::parse(credits).is_none());
        let meant = meant.map(|meant| format!(": write {meant}"));
        let problem = Price::why_not(credits).unwrap_or(problem);
        self.error(format!("{problem}{}", meant.unwrap_or_default()))
    }

    /// 1 at least.
    pub(super) fn tasks(&self) -> Result<u64, UsageError> {
        let problem = "must be a whole number of tasks, 1 at least";
        match self.whole(&self.text, problem, number_meant)? {
            0 => Err(self.error(problem)),
            tasks => Ok(tasks),
        }
    }

    fn count(&self, count: &str) -> Result<u64, UsageError> {
        let problem = "must name a whole number of generations (digits only)";
        self.whole(count, problem, number_meant)
    }

    /// The ends of a range, both in it.
    fn ends(&self, min: &str, max: &str) -> Result<(u64, u64), UsageError> {
        match (whole(min), whole(max)) {
            (Some(0), Some(_)) => Err(self.error("must have a minimum of at least 1")),
            (Some(min), Some(max)) if min > max => {
                Err(self.error("has a minimum above its maximum"))
            }
            (Some(min), Some(max)) => Ok((min, max)),
            _ => Err(self.error("must be a range of whole numbers, such as 50..300")),
        }
    }

    /// By the rule without conditions: a flag has no fields of a task.
    fn cost_by_price(&self, model: &Model, max: u64, prices: &Prices) -> Result<Cost, UsageError> {
        let rules = prices.of(model.as_str());
        let rule = rules.iter().find(|rule| rule.conditions.is_empty());
        let problem = match rule {
            Some(rule) if !rule.by_second => return Ok(Cost::Each(rule.price.rounded_up())),
            _ if max == 0 || rules.is_empty() => return Ok(Cost::Unknown),
            Some(_) => "has a --price per second, but a flag has no duration",
            None => "has --price only under conditions, but a flag has no fields of a task",
        };
        let problem = format!("{problem}: add @CREDITS, what one generation costs");
        Err(self.error_with(problem, PRICED))
    }

    /// Once anything has a price, everything has: what is not known is never counted as 0.
    pub(super) fn no_price(&self) -> UsageError {
        let problem = "has no price: once any price is given, every generation needs one (--price, or @CREDITS; @0 if it is free)";
        self.error_with(problem, PRICED)
    }

    /// What a task costs, if its fields are as the value says.
    pub(super) fn price(&self) -> Result<Rule, UsageError> {
        Rule::parse(&self.text).map_err(|problem| {
            let credits = self.text.rsplit(['=', ' ']).next().unwrap_or_default();
            self.credits_error(credits.trim_end_matches("/s"), &problem)
        })
    }

    /// `FORMAT=FILE`.
    pub(super) fn write(&self) -> Result<(Format, PathBuf), UsageError> {
        let (name, file) = self.text.split_once('=').unwrap_or_default();
        let names_format = |file: &str| {
            let mut names = Format::ALL.iter().map(|(name, _)| format!(",{name}="));
            names.any(|name| file.contains(&name))
        };
        match Format::ALL.iter().find(|(known, _)| *known == name) {
            Some(_) if file == "-" => {
                Err(self.error("names no file: --format sets what is printed on standard output"))
            }
            Some(_) if file.starts_with(char::is_whitespace) => {
                Err(self.error("has a blank before the name of the file: leave it out"))
            }
            Some(_) if names_format(file) => {
                Err(self.error("names two files: give --write for each of them"))
            }
            Some((_, format)) if !file.is_empty() => {
                Ok((*format, Self::new(self.flag, file).file()?))
            }
            _ => {
                let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                Err(self.error(format!("must be FORMAT=FILE, FORMAT one of {names}")))
            }
        }
    }

    /// A path, which the shell has expanded where it was meant to.
    pub(super) fn file(&self) -> Result<PathBuf, UsageError> {
        if self.text == "~" || self.text.starts_with("~/") {
            let problem = "begins with ~, which the shell leaves as it is in quotes and behind =: write $HOME in its place";
            return Err(self.error(problem));
        }
        Ok(PathBuf::from(&self.text))
    }

    /// A file, or `-`.
    pub(super) fn source(&self) -> Result<Source, UsageError> {
        match &*self.text {
            "-" => Ok(Source::Stdin),
            _ => self.file().map(Source::File),
        }
    }

    /// 1 to 64 of lower-case letters, digits and `-`.
    pub(super) fn label(&self) -> Result<String, UsageError> {
        let problem = "must be 1 to 64 lower-case letters, digits and -";
        let label = is_label(&self.text).then(|| self.text.clone());
        label.ok_or_else(|| self.error(problem))
    }

    /// A number of generations, with those of the value.
    pub(super) fn sum(&self, known: u64, count: u64) -> Result<u64, UsageError> {
        let problem = "adds up to more generations than can be counted";
        let sum = known.checked_add(count);
        sum.ok_or_else(|| self.error(problem))
    }

    /// `MODEL=N`.
    pub(super) fn concurrency(&self) -> Result<(Model, u64), UsageError> {
        let (model, count) = self.model_and("MODEL=N")?;
        let problem = "must name a whole number of generations at a time";
        Ok((model, self.whole(count, problem, number_meant)?))
    }

    /// `CREDITS/DURATION`, the duration in whole days; or `CREDITS/month`.
    pub(super) fn budget(&self) -> Result<Budget, UsageError> {
        let form = "must be CREDITS/DURATION, with whole credits";
        let (credits, duration) = self.text.split_once('/').ok_or_else(|| self.error(form))?;
        let end = format!("/{duration}");
        Ok(Budget {
            max: self.whole_credits(credits, &end, form)?,
            period: match duration {
                "month" => Period::Month,
                duration => Period::Days(self.days(duration)?),
            },
        })
    }

    /// `30d`, today included, or `A..B`, B left out.
    pub(super) fn range(&self, today: UtcDay) -> Result<Range, UsageError> {
        let Some((start, before)) = self.text.split_once("..") else {
            return Ok(Range::Last(self.days(&self.text)?));
        };
        let day = |text: &str| {
            let problem = || format!("holds {}, which is not a date (YYYY-MM-DD)", echo(text));
            UtcDay::parse(text).ok_or_else(|| self.error(problem()))
        };
        let (start, before) = (day(start)?, day(before)?);
        let window = Window { start, before };
        let (days, tomorrow) = (window.days(), today.plus(1));
        if start >= before {
            Err(self.error("must start before it ends; the second day is not included"))
        } else if days > MAX_DAYS {
            let problem = format!("spans {days} days, but Runway answers for at most {MAX_DAYS}");
            Err(self.error(problem))
        } else if before > tomorrow {
            let problem = format!("ends in the future: today is {today} (UTC), so the second day is {tomorrow} at the latest");
            Err(self.error(problem))
        } else {
            Ok(Range::Days(window))
        }
    }

    /// A whole number, or the problem with a text that is none.
    fn whole(
        &self,
        text: &str,
        problem: &str,
        meant: impl Fn(&str) -> Option<String>,
    ) -> Result<u64, UsageError> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        whole(text).ok_or_else(|| match meant(text) {
            _ if digits => self.error(format!("is too large: the maximum is {}", u64::MAX)),
            _ if text.contains('=') && self.flag == "--budget" => {
                self.error(format!("{problem}; it is for all models together"))
            }
            Some(meant) => self.error(format!("{problem}: write {meant}")),
            None => self.error(problem),
        })
    }

    fn days(&self, text: &str) -> Result<u32, UsageError> {
        let duration = humantime::parse_duration(text).unwrap_or_default();
        let days = u32::try_from(duration.as_secs() / SECONDS_A_DAY).unwrap_or(u32::MAX);
        let whole = duration == Duration::from_secs(u64::from(days).saturating_mul(SECONDS_A_DAY));
        if whole && (1..=MAX_DAYS).contains(&days) {
            return Ok(days);
        }
        let other = match self.flag {
            "--usage" => ", or two dates: 2026-02-15..2026-03-17",
            "--budget" => ", or month for the calendar month",
            _ => "",
        };
        let form = "must name 1 to 90 whole days, such as 30d or 2weeks";
        Err(self.error(format!("{form}{other}")))
    }

    fn model_and(&self, form: &str) -> Result<(Model, &str), UsageError> {
        let error = || self.error(format!("must be {form}"));
        let (model, rest) = self.text.split_once('=').ok_or_else(error)?;
        let priced = model.split_once('@').filter(|_| Model::is_name(model));
        if model.to_lowercase().starts_with("key_") {
            Err(self.error("names no model"))
        } else if rest.contains('=') && !rest.contains("..") {
            Err(self.error("has two =: separate entries by commas or line breaks"))
        } else if let Some((model, each)) = priced {
            let problem = format!("must have @CREDITS at its end: write {model}={rest}@{each}");
            Err(self.error(problem))
        } else if Model::is_name(model) {
            Ok((Model::new(model), rest))
        } else {
            Err(error())
        }
    }
}

/// What a character that only looks right was meant to be, as the end of an error.
pub(super) fn lookalike(text: &str) -> Option<String> {
    let mut found = text
        .chars()
        .filter_map(|c| Some((c, sanitize::lookalike(c)?)));
    let (character, (kind, meant)) = found.next()?;
    let code = u32::from(character);
    Some(format!(
        "; it contains {kind} (U+{code:04X}): type {meant} in its place"
    ))
}

/// The whole number that a text such as `1,200`, `1k` or `1.5` means.
fn number_meant(text: &str) -> Option<String> {
    // Rounded up: a minimum must not shrink.
    let (price, unit) = amount(text)?;
    Some(price.of(unit).0.to_string())
}

/// What a text that is no number of credits may mean. A credit is a cent, so that dollars taken for
/// credits would make the gate a hundred times weaker: both are told. An `exact` price keeps its
/// decimals. `end` stands behind it.
fn readings(text: &str, exact: bool, end: &str) -> Option<String> {
    const MARKS: [&str; 5] = ["us$", "usd", "dollars", "$", "€"];
    let lower = text.trim().to_lowercase();
    let bare = MARKS.iter().fold(&*lower, |rest, mark| {
        let rest = rest.strip_prefix(mark).unwrap_or(rest);
        rest.strip_suffix(mark).unwrap_or(rest).trim()
    });
    let (price, unit) = amount(bare)?;
    let credits = if exact && unit == 1 {
        price.to_string()
    } else {
        price.of(unit).0.to_string()
    };
    if bare == lower && (!bare.contains('.') || bare.ends_with('k')) {
        return Some(credits + end);
    }
    let dollars = price.of(unit.saturating_mul(100)).0;
    Some(format!(
        "{dollars}{end} if these are dollars, {credits}{end} if credits"
    ))
}

/// A number with separators or decimals, and what a `k` makes of one. None where it may mean two:
/// `12,5` and `1.200` are 12.5 and 1,200 to some.
fn amount(text: &str) -> Option<(Price, u64)> {
    let (number, unit) = match text.strip_suffix(['k', 'K']) {
        Some(thousands) => (thousands, 1_000),
        None => (text, 1),
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let grouped = whole
        .split([',', '_'])
        .skip(1)
        .all(|group| group.len() == 3);
    let price = Price::parse(&format!("{}.{decimals:0<1}", whole.replace([',', '_'], "")))?;
    (grouped && decimals.len() <= 2).then_some((price, unit))
}

/// Digits alone: no sign, no separators.
fn whole(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
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
