//! The flags, each told once: its name, its value, its help and an example. `--help`, the examples
//! of errors and the inputs of the Action come from here.
//!
//! And the arguments, brought into the form that argh reads rightly.

use std::ffi::OsString;

use argh::{ArgsInfo, FlagInfoKind, FromArgs, Optionality};

use super::help::example;
use super::values::{echo, lookalike};
use super::UsageError;

/// A pre-flight quota check for CI pipelines that generate media with the Runway API
#[derive(FromArgs, ArgsInfo)]
#[argh(help_triggers("-h", "--help"))]
pub(super) struct Flags {
    /// the job creates N generations with MODEL today; several for one model add up. MODEL=N@CREDITS:
    /// each costs at most CREDITS, and the balance must hold the planned cost. MODEL=MIN..MAX: at
    /// least MIN; the output granted says how many, up to MAX, may start now. Example: --generations gen4.5=20
    #[argh(option, arg_name = "MODEL=N")]
    pub(super) generations: Vec<String>,
    /// the tasks that the job will create: request bodies as JSON lines or an array; - is standard
    /// input. Example: --plan tasks.jsonl --price gen4.5=12/s
    #[argh(option, arg_name = "FILE")]
    pub(super) plan: Option<String>,
    /// at least N tasks of the plan, the first ones, must be able to start; the output granted-tasks says
    /// how many can start now. Example: --plan tasks.jsonl --plan-min 10
    #[argh(option, arg_name = "N")]
    pub(super) plan_min: Option<String>,
    /// what one output of MODEL costs, or one second of it; 'MODEL FIELD=VALUE... CREDITS[/s]' applies to the
    /// tasks of a plan with these fields. You supply the prices: they are listed at
    /// https://docs.dev.runwayml.com/guides/pricing. Example: --generations gen4.5=20 --price gen4.5=60
    #[argh(option, arg_name = "MODEL=CREDITS[/s]")]
    pub(super) price: Vec<String>,
    /// maximum planned cost of the job, in credits; checked without a key as well.
    /// Example: --generations gen4.5=20@60 --max-cost 1500
    #[argh(option, arg_name = "N")]
    pub(super) max_cost: Option<String>,
    /// minimum balance before the job; 0 accepts an empty balance. Example: --credits 1200
    #[argh(option, arg_name = "N")]
    pub(super) credits: Option<String>,
    /// minimum balance after the job, that is after the planned cost. Example: --generations gen4.5=20@60 --keep 500
    #[argh(option, arg_name = "N")]
    pub(super) keep: Option<String>,
    /// the tier must allow N generations of MODEL at a time. Example: --concurrency gen4.5=2
    #[argh(option, arg_name = "MODEL=N")]
    pub(super) concurrency: Vec<String>,
    /// maximum spending over the last DURATION (1 to 90 whole days, UTC, today included), planned cost
    /// included; CREDITS/month takes the calendar month. Example: --budget 20000/30d
    #[argh(option, arg_name = "CREDITS/DURATION")]
    pub(super) budget: Option<String>,
    /// like --generations, but only warns. Example: --warn-generations gen4.5=50
    #[argh(option, arg_name = "MODEL=N")]
    pub(super) warn_generations: Vec<String>,
    /// like --credits, but only warns. Example: --warn-credits 5000
    #[argh(option, arg_name = "N")]
    pub(super) warn_credits: Option<String>,
    /// warn if the balance lasts less than DURATION at the present pace of spending. Example: --warn-lasts 7days
    #[argh(option, arg_name = "DURATION")]
    pub(super) warn_lasts: Option<String>,
    /// check again for up to DURATION if waiting could resolve every error. Example: --wait 2h
    #[argh(option, arg_name = "DURATION")]
    pub(super) wait: Option<String>,
    /// pause between two checks of --wait [1m; minimum 5s]. Example: --wait 2h --interval 5m
    #[argh(option, arg_name = "DURATION")]
    pub(super) interval: Option<String>,
    /// time limit of one check, with its retries [30s]. Example: --timeout 30s
    #[argh(option, arg_name = "DURATION")]
    pub(super) timeout: Option<String>,
    /// pass, with a warning, if Runway could not be asked or understood (exit code 5 becomes 0); a
    /// rejected key still fails
    #[argh(switch)]
    pub(super) fail_open: bool,
    /// what to do without a key [fail]. Example: --missing-key skip
    #[argh(option, arg_name = "fail|skip")]
    pub(super) missing_key: Option<String>,
    /// another host [https://api.dev.runwayml.com]. Example: --base-url https://api.dev.runwayml.com
    #[argh(option, arg_name = "URL")]
    pub(super) base_url: Option<String>,
    /// read the key from a file; otherwise it comes from RUNWAYML_API_SECRET, or from .env, which is
    /// not read in a CI system. Example: --key-file secret.txt
    #[argh(option, arg_name = "FILE")]
    pub(super) key_file: Option<String>,
    /// check a saved answer of GET /v1/organization; - is standard input. --budget and --usage still
    /// ask Runway for the history. Example: --from organization.json
    #[argh(option, arg_name = "FILE")]
    pub(super) from: Option<String>,
    /// decide from a built-in answer, to try the tool without a key; not in a CI system, nor with
    /// --from, --wait, --usage, --budget, --warn-lasts or --write. Example: --demo --generations gen4.5=20@60
    #[argh(switch)]
    pub(super) demo: bool,
    /// add the credit history: 30d, or 2026-02-15..2026-03-17 (second day left out). Example: --usage 30d
    #[argh(option, arg_name = "RANGE")]
    pub(super) usage: Option<String>,
    /// add the tier reference
    #[argh(switch)]
    pub(super) tiers: bool,
    /// name this run in the report, and prefix its outputs with NAME-. Example: --label acme
    #[argh(option, arg_name = "NAME")]
    pub(super) label: Option<String>,
    /// how the report is printed [text]. Example: --format json
    #[argh(option, arg_name = "text|json|markdown")]
    pub(super) format: Option<String>,
    /// short for --format json
    #[argh(switch)]
    pub(super) json: bool,
    /// also write the report to FILE: json, markdown, text, env or junit; repeatable. Example: --write junit=preflight.xml
    #[argh(option, arg_name = "FORMAT=FILE")]
    pub(super) write: Vec<String>,
    /// color of the text [auto]. Example: --color never
    #[argh(option, arg_name = "auto|always|never")]
    pub(super) color: Option<String>,
    /// print no report on success
    #[argh(switch, short = 'q')]
    pub(super) quiet: bool,
    /// report each request: status, time, addresses
    #[argh(switch, short = 'v')]
    pub(super) verbose: bool,
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

fn takes_no_value(switch: &str) -> UsageError {
    let problem = format!("{switch} takes no value: give it alone, or leave it out");
    UsageError::new(problem, switch)
}

fn no_value(flag: &str, next: &str) -> UsageError {
    let problem = format!("{flag} needs a value, but {} comes next", echo(next));
    UsageError::new(problem, &example(flag))
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
            let switch = known
                .iter()
                .find(|flag| Some(flag.long) == normal.last().map(String::as_str));
            let word_of_switch = ["true", "false", "yes", "no", "on", "off", "1", "0"];
            if let Some(switch) = switch.filter(|_| word_of_switch.contains(&&*word.to_lowercase()))
            {
                return Err(takes_no_value(switch.long));
            }
            if let Some(hint) = lookalike(&word) {
                let problem = format!("unexpected argument {}{hint}", echo(&word));
                return Err(UsageError::new(problem, "--credits 1200"));
            }
            let given = normal.iter().rev().take(2).map(String::as_str);
            return Err(match given.collect::<Vec<_>>()[..] {
                [value, flag] if !word.starts_with('-') => stray(&word, flag, value),
                _ => unknown(name, known.iter().map(|flag| flag.long)),
            });
        };
        let twice = normal.iter().any(|given| given == flag.long);
        let FlagInfoKind::Option { .. } = flag.kind else {
            if inline.is_some() {
                return Err(takes_no_value(flag.long));
            }
            if !twice {
                normal.push(flag.long.to_owned());
            }
            continue;
        };
        let example = example(flag.long);
        if twice && flag.optionality != Optionality::Repeating {
            return Err(UsageError::new(
                format!("{} is given twice, but takes one value", flag.long),
                &example,
            ));
        }
        let value = match inline {
            Some(value) => value,
            None => words
                .next_if(|word| !is_flag(word))
                .ok_or_else(|| match words.peek() {
                    Some(next) => no_value(flag.long, next),
                    None => UsageError::new(format!("{} needs a value", flag.long), &example),
                })?,
        };
        if value.trim().is_empty() {
            return Err(UsageError::new(
                format!(
                    "the value of {} is empty: is the variable that it comes from unset?",
                    flag.long
                ),
                &example,
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
        _ => return UsageError::new(problem, &example(flag)),
    };
    if !plain(value) || !plain(word) {
        return UsageError::new(problem, &example(flag));
    }
    let meant = format!("{flag} {value}{meant}{word}");
    // What looks like a key is not shown.
    if echo(&meant).starts_with('(') {
        return UsageError::new(problem, &example(flag));
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
            &example(flag),
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
