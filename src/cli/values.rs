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
            if item.starts_with("- ") || item.starts_with('[') {
                return error(
                    "is a YAML list: write one entry a line, without dashes and brackets",
                );
            } else if flag != "--write" && listed && words.next().is_some() {
                return error(
                    "has blanks between its entries: separate them by commas or line breaks",
                );
            }
            entries.push(Value::new(flag, item));
        }
        if entries.len() == before {
            return error("holds no entry, only comments or separators");
        }
    }
    Ok(entries)
}

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
        let hint = lookalike(&self.text).unwrap_or_default();
        let problem = format!("{} {} {problem}{hint}", self.flag, echo(&self.text));
        UsageError::new(problem, help::example(self.flag))
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
        let mut known = choices.iter();
        let choice = known.find(|(name, _)| *name == self.text);
        choice.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.error(format!("must be one of {}", names.join(", ")))
        })
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
            None => {
                let count = self.count(count)?;
                (count, count)
            }
        };
        let cost = match each {
            Some(each) => {
                let form = "must have credits after @, such as @60 or @0.125";
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
    pub(super) fn of_model(&self) -> Result<(Model, u64), UsageError> {
        let (model, count) = self.model_and("MODEL=N")?;
        Ok((model, self.count(count)?))
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
        match self.whole(&self.text, problem, |_| None)? {
            0 => Err(self.error(problem)),
            tasks => Ok(tasks),
        }
    }

    fn count(&self, count: &str) -> Result<u64, UsageError> {
        let problem = "must name a whole number of generations (digits only)";
        self.whole(count, problem, |_| None)
    }

    /// The ends of a range, both in it.
    fn ends(&self, min: &str, max: &str) -> Result<(u64, u64), UsageError> {
        match (whole(min), whole(max)) {
            (Some(min @ 1..), Some(max)) if min <= max => Ok((min, max)),
            _ => {
                let problem = "must be a range of whole numbers from 1 up, the smaller first, such as 50..300";
                Err(self.error(problem))
            }
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
        Err(self.error(problem))
    }

    /// Once anything has a price, everything has: what is not known is never counted as 0.
    pub(super) fn no_price(&self) -> UsageError {
        let problem = "has no price: once any price is given, every generation needs one (--price, or @CREDITS; @0 if it is free)";
        self.error(problem)
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
        let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
        let format = Format::ALL.iter().find(|(known, _)| *known == name);
        let no_file = ["", "-"].contains(&file) || file.starts_with(char::is_whitespace);
        let two_files = || names.iter().any(|name| file.contains(&format!(",{name}=")));
        match format {
            Some((_, format)) if !no_file && !two_files() => {
                Ok((*format, Self::new(self.flag, file).file()?))
            }
            _ => {
                let names = names.join(", ");
                Err(self.error(format!(
                    "must be FORMAT=FILE, one each, FORMAT one of {names}"
                )))
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
    pub(super) fn range(&self) -> Result<Range, UsageError> {
        let Some((start, before)) = self.text.split_once("..") else {
            return Ok(Range::Last(self.days(&self.text)?));
        };
        let days = UtcDay::parse(start).zip(UtcDay::parse(before));
        let window = days.map(|(start, before)| Window { start, before });
        let window =
            window.filter(|window| window.start < window.before && window.days() <= MAX_DAYS);
        window.map(Range::Days).ok_or_else(|| {
            let form = format!("must be two dates such as 2026-02-15..2026-03-17, the second, which is left out, 1 to {MAX_DAYS} days after the first");
            self.error(form)
        })
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
        if let Some((model, each)) = priced {
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
    // `1.200` is 1,200 to some.
    let decimals = bare.split_once('.').map_or("", |(_, decimals)| decimals);
    let unclear = bare == lower && decimals.is_empty() || decimals.len() > 2;
    let price = Price::parse(bare).filter(|_| !unclear)?;
    let credits = if exact {
        price.to_string()
    } else {
        price.of(1).0.to_string()
    };
    let dollars = price.of(100).0;
    Some(format!(
        "{dollars}{end} if these are dollars, {credits}{end} if credits"
    ))
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
