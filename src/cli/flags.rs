//! The flags as argh knows them, and the arguments brought into the form that it reads rightly.

use std::ffi::OsString;

use argh::{ArgsInfo, FlagInfoKind, FromArgs, Optionality};

use super::values::echo;
use super::{help, UsageError};

/// A pre-flight quota gate for CI pipelines that generate media with the Runway API
#[derive(FromArgs, ArgsInfo)]
#[argh(help_triggers("-h", "--help"))]
pub(super) struct Flags {
    /// generations of a model that must be left today: MODEL=N or MODEL=N@CREDITS
    #[argh(option)]
    pub(super) generations: Vec<String>,
    /// the tasks that the job will create, as request bodies
    #[argh(option)]
    pub(super) plan: Option<String>,
    /// what a generation of a model costs, or a second of it: MODEL=CREDITS or MODEL=CREDITS/s
    #[argh(option)]
    pub(super) price: Vec<String>,
    /// the minimum balance in credits before the job
    #[argh(option)]
    pub(super) credits: Option<String>,
    /// credits that must be left after the job
    #[argh(option)]
    pub(super) keep: Option<String>,
    /// the most credits that the job may cost
    #[argh(option)]
    pub(super) max_cost: Option<String>,
    /// generations of a model at a time that the tier must allow: MODEL=N
    #[argh(option)]
    pub(super) concurrency: Vec<String>,
    /// the most credits to be spent in a window of days: CREDITS/DURATION
    #[argh(option)]
    pub(super) budget: Option<String>,
    /// like --generations, but a shortfall is a warning
    #[argh(option)]
    pub(super) warn_generations: Vec<String>,
    /// like --credits, but a shortfall is a warning
    #[argh(option)]
    pub(super) warn_credits: Option<String>,
    /// a warning if the balance lasts less than this at the present pace
    #[argh(option)]
    pub(super) warn_lasts: Option<String>,
    /// check again until this is over, if waiting could resolve every error
    #[argh(option)]
    pub(super) wait: Option<String>,
    /// between two checks of --wait
    #[argh(option)]
    pub(super) interval: Option<String>,
    /// for one check, retries included
    #[argh(option)]
    pub(super) timeout: Option<String>,
    /// pass when Runway cannot be asked
    #[argh(switch)]
    pub(super) fail_open: bool,
    /// what to do without a key: fail or skip
    #[argh(option)]
    pub(super) missing_key: Option<String>,
    /// decide from a saved answer
    #[argh(option)]
    pub(super) from: Option<String>,
    /// add the credit history to the report
    #[argh(option)]
    pub(super) usage: Option<String>,
    /// a name for this run, which prefixes its outputs
    #[argh(option)]
    pub(super) label: Option<String>,
    /// add the tier reference to the report
    #[argh(switch)]
    pub(super) tiers: bool,
    /// text, json or markdown
    #[argh(option)]
    pub(super) format: Option<String>,
    /// short for --format json
    #[argh(switch)]
    pub(super) json: bool,
    /// also write the report to a file: FORMAT=FILE
    #[argh(option)]
    pub(super) write: Vec<String>,
    /// auto, always or never
    #[argh(option)]
    pub(super) color: Option<String>,
    /// with verdict go, print no report
    #[argh(switch, short = 'q')]
    pub(super) quiet: bool,
    /// report each request
    #[argh(switch, short = 'v')]
    pub(super) verbose: bool,
    /// another host
    #[argh(option)]
    pub(super) base_url: Option<String>,
    /// read the key from a file
    #[argh(option)]
    pub(super) key_file: Option<String>,
    /// print the version
    #[argh(switch, short = 'V')]
    pub(super) version: bool,
}

/// The word that asks for help, if there is one.
///
/// # Errors
///
/// Where it stands in the place of a value: a variable that holds `-h` must not end the run well.
pub(super) fn help_asked(arguments: &[OsString]) -> Result<Option<&str>, UsageError> {
    let mut asked = None;
    let mut before = "";
    for word in arguments {
        let word = word.to_str().unwrap_or_default();
        if matches!(word, "-h" | "--help") {
            let known = Flags::get_args_info().flags;
            let flag = known.iter().find(|flag| flag.long == before);
            if let Some(flag) = flag.filter(|flag| matches!(flag.kind, FlagInfoKind::Option { .. }))
            {
                return Err(no_value(flag.long, word));
            }
            if asked != Some("--help") {
                asked = Some(word);
            }
        }
        before = word;
    }
    Ok(asked)
}

fn no_value(flag: &str, next: &str) -> UsageError {
    let problem = format!("{flag} needs a value, but {} comes next", echo(next));
    UsageError::new(problem, help::example(flag))
}

/// Brings the arguments into the one form that argh reads as they are meant: `--name value`, each
/// name known, each value there, none twice that takes one.
pub(super) fn normalize(arguments: Vec<OsString>) -> Result<Vec<String>, UsageError> {
    let known = Flags::get_args_info().flags;
    let mut words = Vec::with_capacity(arguments.len());
    for argument in arguments {
        words.push(argument.into_string().map_err(|argument| {
            let shown = echo(&argument.to_string_lossy());
            UsageError::new(
                format!("an argument is not UTF-8: {shown}"),
                "--generations gen4.5=20",
            )
        })?);
    }
    let is_flag = |word: &str| {
        let long = word.len() > 2 && word.starts_with("--");
        long || matches!(word, "-q" | "-v" | "-V")
    };
    let mut normal: Vec<String> = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        let flag = known.iter().find(|flag| {
            flag.long == name || flag.short.is_some_and(|short| name == format!("-{short}"))
        });
        let Some(flag) = flag else {
            let given = normal.iter().rev().take(2).map(String::as_str);
            return Err(match given.collect::<Vec<_>>()[..] {
                [value, flag] if !word.starts_with('-') => stray(&word, flag, value),
                _ => unknown(name, known.iter().map(|flag| flag.long)),
            });
        };
        let twice = normal.iter().any(|given| given == flag.long);
        let FlagInfoKind::Option { .. } = flag.kind else {
            if inline.is_some() {
                return Err(UsageError::new(
                    format!("{} takes no value", flag.long),
                    flag.long,
                ));
            }
            if !twice {
                normal.push(flag.long.to_owned());
            }
            continue;
        };
        let example = help::example(flag.long);
        if twice && flag.optionality != Optionality::Repeating {
            return Err(UsageError::new(
                format!("{} is given twice, but takes one value", flag.long),
                example,
            ));
        }
        let value = match inline {
            Some(value) => value,
            None => words
                .next_if(|word| !is_flag(word))
                .ok_or_else(|| match words.peek() {
                    Some(next) => no_value(flag.long, next),
                    None => UsageError::new(format!("{} needs a value", flag.long), example),
                })?,
        };
        if value.trim().is_empty() {
            return Err(UsageError::new(
                format!(
                    "the value of {} is empty: is the variable that it comes from unset?",
                    flag.long
                ),
                example,
            ));
        }
        normal.push(flag.long.to_owned());
        normal.push(value);
    }
    Ok(normal)
}

/// A word behind a flag that has its value already: what was meant is one word.
fn stray(word: &str, flag: &str, value: &str) -> UsageError {
    let problem = format!("unexpected argument {}", echo(word));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = |text: &str| {
        let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
        graphic && !text.contains(['=', '"', '#', ':']) && text.len() < 40
    };
    let meant = match flag {
        "--generations" | "--concurrency" | "--warn-generations" if number(word) => "=",
        "--wait" | "--interval" | "--timeout" if number(value) => "",
        _ => return UsageError::new(problem, help::example(flag)),
    };
    if !plain(value) || !plain(word) {
        return UsageError::new(problem, help::example(flag));
    }
    let meant = format!("{flag} {value}{meant}{word}");
    // What looks like a key is not shown.
    if echo(&meant).starts_with('(') {
        return UsageError::new(problem, help::example(flag));
    }
    UsageError::new(format!("{problem}: write {meant} as one word"), &meant)
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> UsageError {
    if !name.starts_with('-') {
        return UsageError::new(
            format!("unexpected argument {}", echo(name)),
            "--generations gen4.5=20 --credits 1200",
        );
    }
    if name == "--" {
        return UsageError::new(
            "-- is not accepted: runway-preflight takes only flags",
            "--tiers",
        );
    }
    let near = known
        .map(|flag| (strsim::jaro_winkler(name, flag), flag))
        // A typing error is corrected; a flag that weakens the gate is not proposed for another one.
        .filter(|(likeness, _)| *likeness > 0.93)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match near {
        Some((_, flag)) => UsageError::new(
            format!("unknown flag {}; did you mean {flag}?", echo(name)),
            help::example(flag),
        ),
        None if ["key", "secret", "token"]
            .iter()
            .any(|word| name.contains(word)) =>
        {
            UsageError::new(
                format!(
                    "there is no flag {}: others can see a key on the command line; put it in \
                     RUNWAYML_API_SECRET, or in a file for --key-file",
                    echo(name)
                ),
                "--key-file secret.txt",
            )
        }
        None => UsageError::new(format!("unknown flag {}", echo(name)), "--help"),
    }
}
