//! What a flag's value means, and what is said if it means nothing.

use std::path::PathBuf;
use std::time::Duration;

use super::help;
use super::UsageError;
use crate::credentials::looks_like_key;
use crate::job::{Cost, Generations};
use crate::price::{Price, Prices, Rule};
use crate::quota::{Credits, Model};
use crate::report::Format;
use crate::sanitize::{cut, for_log, is_invisible};
use crate::spend::{Budget, Period, Range, UtcDay, Window, MAX_DAYS, SECONDS_A_DAY};

/// The entries of a flag's value: separated by line breaks, and by commas where no file is named.
/// What follows `#` at the beginning of a line or behind a blank is a comment.
pub(super) fn items<'a>(flag: &str, text: &'a str) -> impl Iterator<Item = &'a str> {
    let separator = if flag == "--write" { '\n' } else { ',' };
    let lines = text.split(['\n', '\r']).map(|line| {
        let comment = line.match_indices('#').find(|(at, _)| {
            line.get(..*at)
                .is_none_or(|it| it.trim_end().len() < it.len() || it.is_empty())
        });
        comment.map_or(line, |(at, _)| line.get(..at).unwrap_or_default())
    });
    let items = lines.flat_map(move |line| line.split(separator));
    items.map(str::trim).filter(|item| !item.is_empty())
}

/// The values of a flag that may be given more than once, each of which may hold several.
pub(super) fn entries(flag: &'static str, texts: &[String]) -> Result<Vec<Value>, UsageError> {
    let mut entries = Vec::new();
    for text in texts {
        let given = Value::new(flag, text.clone());
        let before = entries.len();
        for item in items(flag, text) {
            if item.starts_with("- ") || item.starts_with('[') {
                let problem = "is a YAML list: write one entry a line, without the dash";
                return Err(given.error(problem));
            }
            let mut words = item.split_whitespace();
            if flag != "--write"
                && words.next().is_some_and(|word| word.contains('='))
                && words.next().is_some()
            {
                let problem =
                    "has blanks between its entries: separate them by commas or line breaks";
                return Err(given.error(problem));
            }
            if item != text && whole(item).is_some() {
                let problem = "has a comma in a number: it separates entries, so leave it out";
                return Err(given.error(problem));
            }
            entries.push(Value::new(flag, item.to_owned()));
        }
        if entries.len() == before {
            return Err(given.error("holds no entry, only comments or separators"));
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
    pub(super) fn new(flag: &'static str, text: String) -> Self {
        Self { flag, text }
    }

    /// An error that shows the value: `--credits "12.5" must be …`.
    pub(super) fn error(&self, problem: &str) -> UsageError {
        let example = match self.flag {
            "--generations" if self.text.contains("..") => "--generations gen4.5=50..300",
            "--generations" if self.text.contains('@') => PRICED,
            "--usage" if self.text.contains("..") => "--usage 2026-02-15..2026-03-17",
            flag => &help::example(flag),
        };
        self.error_with(problem, example)
    }

    /// The same, where one example alone would be right.
    fn error_with(&self, problem: &str, example: &str) -> UsageError {
        let hint = lookalike(&self.text).unwrap_or_default();
        let problem = format!("{} {} {problem}{hint}", self.flag, echo(&self.text));
        UsageError::new(problem, example)
    }

    pub(super) fn credits(&self) -> Result<Credits, UsageError> {
        let problem = "must be a whole number of credits (digits only)";
        let credits = self.whole(&self.text, problem, |text| readings(text, false))?;
        Ok(Credits(credits.into()))
    }

    /// A duration from `min` up to `max`.
    pub(super) fn duration(&self, min: Duration, max: Duration) -> Result<Duration, UsageError> {
        let form = "must be a duration such as 30s, 20m, 2h or 7days";
        let Ok(duration) = humantime::parse_duration(&self.text) else {
            return Err(self.error(form));
        };
        let shown = |limit| humantime::format_duration(limit);
        if duration < min {
            let problem = format!("must be at least {}", shown(min));
            return Err(self.error(&problem));
        }
        if duration > max {
            // To humantime M is a month, and m a minute.
            let months = self.text.trim_end().ends_with('M');
            let hint = if months {
                let minutes = self.text.trim_end().trim_end_matches('M');
                format!("; M is months: write {minutes}m for minutes")
            } else {
                String::new()
            };
            let problem = format!("must be at most {}{hint}", shown(max));
            return Err(self.error(&problem));
        }
        Ok(duration)
    }

    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, UsageError> {
        let chosen = choices.iter().find(|(name, _)| *name == self.text);
        chosen.map(|(_, choice)| *choice).ok_or_else(|| {
            let mut names = choices.iter().map(|(name, _)| *name);
            let meant = names
                .clone()
                .find(|name| name.eq_ignore_ascii_case(&self.text));
            match meant {
                Some(name) => self.error(&format!("must be written {name}")),
                None => {
                    let names: Vec<&str> = names.by_ref().collect();
                    self.error(&format!("must be one of {}", names.join(", ")))
                }
            }
        })
    }

    /// `MODEL=N`, `MODEL=N@CREDITS`, `MODEL=MIN..MAX`, `MODEL=MIN..MAX@CREDITS`.
    pub(super) fn generations(&self, prices: &Prices) -> Result<Generations, UsageError> {
        let form = "MODEL=N, MODEL=N@CREDITS or MODEL=MIN..MAX";
        let (model, count) = self.model_and(form)?;
        let (count, each) = match count.split_once('@') {
            Some((count, each)) => (count, Some(each)),
            None => (count, None),
        };
        let (needed, more) = match count.split_once("..") {
            Some((min, max)) => {
                let (min, max) = self.ends(min, max)?;
                (min, max.saturating_sub(min))
            }
            None => match count.split_once(['-', '–', '…']) {
                Some((min, max)) if whole(min).is_some() && whole(max).is_some() => {
                    let problem = format!("must have two dots in a range: {min}..{max}");
                    return Err(self.error(&problem));
                }
                _ => (self.count(count)?, 0),
            },
        };
        let cost = match each {
            Some(each) => Cost::Each(Price::parse(each).ok_or_else(|| {
                let form = "must have credits after @ (digits, with up to three decimals)";
                self.credits_error(each, form)
            })?),
            None => self.cost_by_price(&model, needed.saturating_add(more), prices)?,
        };
        Ok(Generations {
            model,
            needed,
            more,
            cost,
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
        let meant = readings(credits, true).map(|meant| format!(": write {meant}"));
        let meant = meant.filter(|_| Price::parse(credits).is_none());
        let problem = Price::why_not(credits).unwrap_or(problem);
        self.error(&format!("{problem}{}", meant.unwrap_or_default()))
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
        let end = |text: &str| {
            let problem = "must be a range of whole numbers, such as 50..300";
            whole(text)
                .filter(|_| !text.is_empty())
                .ok_or_else(|| self.error(problem))
        };
        let (min, max) = (end(min)?, end(max)?);
        if min == 0 {
            Err(self.error("must have a minimum of at least 1"))
        } else if min > max {
            Err(self.error("has a minimum above its maximum"))
        } else {
            Ok((min, max))
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
        Err(self.error_with(&problem, PRICED))
    }

    /// Once anything has a price, everything has: what is not known is never counted as 0.
    pub(super) fn no_price(&self) -> UsageError {
        let problem = "has no price: once any price is given, every generation needs one \
                       (--price, or @CREDITS; @0 if it is free)";
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
        let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
        let problem = || format!("must be FORMAT=FILE, FORMAT one of {}", names.join(", "));
        let named = self.text.split_once('=');
        let (name, file) = named.ok_or_else(|| self.error(&problem()))?;
        let format = Format::ALL.iter().find(|(known, _)| *known == name);
        let (_, format) = format.ok_or_else(|| self.error(&problem()))?;
        match file {
            "" => Err(self.error(&problem())),
            "-" => {
                Err(self.error("names no file: --format sets what is printed on standard output"))
            }
            file => Ok((*format, Self::new(self.flag, file.to_owned()).file()?)),
        }
    }

    /// A path, which the shell has expanded where it was meant to.
    pub(super) fn file(self) -> Result<PathBuf, UsageError> {
        if self.text == "~" || self.text.starts_with("~/") {
            let problem = "begins with ~, which the shell leaves as it is in quotes and behind =: \
                           write $HOME in its place";
            return Err(self.error(problem));
        }
        Ok(PathBuf::from(self.text))
    }

    /// 1 to 64 of lower-case letters, digits and `-`.
    pub(super) fn label(self) -> Result<String, UsageError> {
        if is_label(&self.text) {
            Ok(self.text)
        } else {
            Err(self.error("must be 1 to 64 lower-case letters, digits and -"))
        }
    }

    /// Adds to the need of a model.
    pub(super) fn add_generations(
        &self,
        entries: &mut Vec<(Model, u64)>,
        model: Model,
        needed: u64,
    ) -> Result<(), UsageError> {
        let Some((_, known)) = entries.iter_mut().find(|(known, _)| *known == model) else {
            entries.push((model, needed));
            return Ok(());
        };
        *known = known
            .checked_add(needed)
            .ok_or_else(|| self.error("adds up to more generations than can be counted"))?;
        Ok(())
    }

    /// `MODEL=N`.
    pub(super) fn concurrency(&self) -> Result<(Model, u64), UsageError> {
        let (model, count) = self.model_and("MODEL=N")?;
        let problem = "must name a whole number of generations at a time";
        let count = self.whole(count, problem, number_meant)?;
        Ok((model, count))
    }

    /// `CREDITS/DURATION`, the duration in whole days; or `CREDITS/month`.
    pub(super) fn budget(&self) -> Result<Budget, UsageError> {
        let form = "must be CREDITS/DURATION, with whole credits";
        let (credits, duration) = self.text.split_once('/').ok_or_else(|| self.error(form))?;
        let credits = self.whole(credits, form, |text| readings(text, false))?;
        let period = match duration {
            "month" => Period::Month,
            duration => Period::Days(self.days(duration)?),
        };
        Ok(Budget {
            max: Credits(credits.into()),
            period,
        })
    }

    /// `30d`, today included, or `A..B`, B left out.
    pub(super) fn range(&self, today: UtcDay) -> Result<Range, UsageError> {
        let Some((start, before)) = self.text.split_once("..") else {
            return Ok(Range::Last(self.days(&self.text)?));
        };
        let day = |text: &str| {
            UtcDay::parse(text).ok_or_else(|| {
                let shown = echo(text);
                self.error(&format!("holds {shown}, which is not a date (YYYY-MM-DD)"))
            })
        };
        let (start, before) = (day(start)?, day(before)?);
        let window = Window { start, before };
        if start >= before {
            Err(self.error("must start before it ends; the second day is not included"))
        } else if window.days() > MAX_DAYS {
            let days = window.days();
            Err(self.error(&format!(
                "spans {days} days, but Runway answers for at most {MAX_DAYS}"
            )))
        } else if before > today.plus(1) {
            Err(self.error(&format!(
                "ends in the future: today is {today} (UTC), so the second day is {} at the \
                 latest",
                today.plus(1)
            )))
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
        match whole(text) {
            Some(number) => Ok(number),
            None if digits => {
                Err(self.error(&format!("is too large: the maximum is {}", u64::MAX)))
            }
            None if text.contains('=') && self.flag == "--budget" => {
                Err(self.error(&format!("{problem}; it is for all models together")))
            }
            None => match meant(text) {
                Some(meant) => Err(self.error(&format!("{problem}: write {meant}"))),
                None => Err(self.error(problem)),
            },
        }
    }

    fn days(&self, text: &str) -> Result<u32, UsageError> {
        let problem = || {
            let other = match self.flag {
                "--usage" => ", or two dates: 2026-02-15..2026-03-17",
                "--budget" => ", or month for the calendar month",
                _ => "",
            };
            let problem = format!("must name 1 to 90 whole days, such as 30d or 2weeks{other}");
            self.error(&problem)
        };
        let duration = humantime::parse_duration(text).map_err(|_| problem())?;
        let seconds = duration.as_secs();
        let whole = duration.subsec_nanos() == 0 && seconds % SECONDS_A_DAY == 0;
        let days = u32::try_from(seconds / SECONDS_A_DAY).unwrap_or(u32::MAX);
        if whole && (1..=MAX_DAYS).contains(&days) {
            Ok(days)
        } else {
            Err(problem())
        }
    }

    fn model_and(&self, form: &str) -> Result<(Model, &str), UsageError> {
        let error = || self.error(&format!("must be {form}"));
        let (model, rest) = self.text.split_once('=').ok_or_else(error)?;
        if model.to_lowercase().starts_with("key_") {
            Err(self.error("names no model"))
        } else if rest.contains('=') && !rest.contains("..") {
            Err(self.error("has two =: separate entries by commas or line breaks"))
        } else if let Some((model, each)) = model.split_once('@').filter(|_| Model::is_name(model))
        {
            Err(self.error(&format!(
                "must have @CREDITS at its end: write {model}={rest}@{each}"
            )))
        } else if Model::is_name(model) {
            Ok((Model::new(model), rest))
        } else {
            Err(error())
        }
    }
}

/// Whether a text can be a part of an output's name, and of an environment variable's: no two that
/// differ by case alone. An underscore it does not have, so that no key fits.
pub(super) fn is_label(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// What a character that only looks right was meant to be, as the end of an error.
pub(super) fn lookalike(text: &str) -> Option<String> {
    let (looks, kind, meant) = text.chars().find_map(|character| {
        let (kind, meant) = match character {
            '“' | '”' | '„' | '«' | '»' | '″' => ("a curly quotation mark", "\""),
            '‘' | '’' | '‚' | '′' => ("a curly quotation mark", "'"),
            '‐' | '‑' | '‒' | '–' | '−' => ("a dash", "- or --"),
            '—' | '―' => ("a long dash", "--"),
            '，' | '、' => ("a full-width comma", ","),
            '\u{ff01}'..='\u{ff5e}' => ("a full-width character", "its plain form"),
            _ if character.is_numeric() && !character.is_ascii() => ("a foreign digit", "0 to 9"),
            _ if character.is_whitespace() && !character.is_ascii() => {
                ("a special blank", "a plain one")
            }
            _ => return None,
        };
        Some((character, kind, meant))
    })?;
    let code = u32::from(looks);
    Some(format!(
        "; it contains {kind} (U+{code:04X}): type {meant} in its place"
    ))
}

/// The whole number that a text such as `1,200`, `1k` or `1.5` means.
fn number_meant(text: &str) -> Option<String> {
    // Rounded up: a minimum must not shrink.
    thousandths(text).map(|meant| meant.div_ceil(1_000).to_string())
}

/// What a text that is no number of credits may mean. A credit is a cent, so that dollars taken for
/// credits would make the gate a hundred times weaker: both are told. An `exact` price keeps its
/// decimals.
fn readings(text: &str, exact: bool) -> Option<String> {
    const MARKS: [&str; 5] = ["us$", "usd", "dollars", "$", "€"];
    let lower = text.trim().to_lowercase();
    let bare = MARKS.iter().fold(&*lower, |rest, mark| {
        let rest = rest.strip_prefix(mark).unwrap_or(rest);
        rest.strip_suffix(mark).unwrap_or(rest).trim()
    });
    let meant = thousandths(bare)?;
    let credits = if exact {
        bare.to_owned()
    } else {
        meant.div_ceil(1_000).to_string()
    };
    if bare == lower && (!bare.contains('.') || bare.ends_with('k')) {
        return Some(credits);
    }
    let dollars = meant.checked_mul(100)?.div_ceil(1_000);
    Some(format!(
        "{dollars} if these are dollars, {credits} if credits"
    ))
}

/// A number with separators, decimals or a `k`, in thousandths. None where it may mean two: `12,5`
/// and `1.200` are 12.5 and 1,200 to some.
fn thousandths(text: &str) -> Option<u64> {
    let (text, unit) = match text.strip_suffix(['k', 'K']) {
        Some(thousands) => (thousands, 1_000),
        None => (text, 1),
    };
    let (whole_part, fraction) = text.split_once('.').unwrap_or((text, ""));
    let groups = whole_part.split([',', '_']);
    if whole_part.is_empty() || fraction.len() > 2 || groups.skip(1).any(|group| group.len() != 3) {
        return None;
    }
    let whole_part = whole(&whole_part.replace([',', '_'], ""))?;
    let fraction = whole(&format!("{fraction:0<3}"))?;
    let thousandths = whole_part.checked_mul(1_000)?.checked_add(fraction)?;
    thousandths.checked_mul(unit)
}

/// Digits alone: no sign, no separators.
fn whole(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// An argument as it may be shown: quoted, cleaned, cut, and not at all if it looks like a key.
pub fn echo(argument: &str) -> String {
    let shown = for_log(argument);
    if looks_like_key(&shown) {
        "(not shown: it looks like a key)".to_owned()
    } else if argument.trim() != argument {
        format!("\"{}\" (with white space around it)", cut(&shown, 60))
    } else if argument
        .chars()
        .any(|c| is_invisible(c) && !c.is_whitespace())
    {
        format!(
            "\"{}\" (with an invisible character in it)",
            cut(&shown, 60)
        )
    } else {
        format!("\"{}\"", cut(&shown, 60))
    }
}
