//! The flags, each told once: its name, its value, its help and an example. `--help`, the examples
//! of errors and the inputs of the Action come from here.
//!
//! And the arguments, brought into the form that argh reads rightly.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use argh::{ArgsInfo, FlagInfo, FlagInfoKind, FromArgs, Optionality};

use super::values::{self, echo, entries, lookalike};
use super::{Color, UsageError};
use crate::price::Rule;
use crate::quota::{Credits, Model};
use crate::report::Format;
use crate::source::Source;
use crate::spend::{Budget, Period};

/// A pre-flight quota check for CI pipelines that generate media with the Runway API
#[derive(FromArgs, ArgsInfo, Debug)]
#[argh(help_triggers("-h", "--help"))]
// The help is printed as it stands.
#[allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]
pub struct Settings {
    /// the job creates N generations with MODEL today; several for one model add up. MODEL=N@CREDITS:
    /// each costs at most CREDITS, and the balance must hold the planned cost. MODEL=MIN..MAX: at
    /// least MIN; the output granted says how many, up to MAX, may start now. Example: --generations gen4.5=20
    #[argh(option, arg_name = "MODEL=N")]
    pub generations: Vec<String>,
    /// the tasks that the job will create: request bodies as JSON lines or an array; - is standard
    /// input. Example: --plan tasks.jsonl --price gen4.5=12/s
    #[argh(option, arg_name = "FILE", from_str_fn(values::source))]
    pub plan: Option<Source>,
    /// at least N tasks of the plan, the first ones, must be able to start; the output granted-tasks says
    /// how many can start now. Example: --plan tasks.jsonl --plan-min 10
    #[argh(option, arg_name = "N", from_str_fn(values::tasks))]
    pub plan_min: Option<u64>,
    /// what one output of MODEL costs, or one second of it; 'MODEL FIELD=VALUE... CREDITS[/s]' applies to the
    /// tasks of a plan with these fields. You supply the prices: they are listed at
    /// https://docs.dev.runwayml.com/guides/pricing. Example: --generations gen4.5=20 --price gen4.5=60
    #[argh(option, arg_name = "MODEL=CREDITS[/s]", from_str_fn(values::price))]
    pub price: Vec<Rule>,
    /// maximum planned cost of the job, in credits; checked without a key as well.
    /// Example: --generations gen4.5=20@60 --max-cost 1500
    #[argh(option, arg_name = "N", from_str_fn(values::credits))]
    pub max_cost: Option<Credits>,
    /// minimum balance before the job; 0 accepts an empty balance. Example: --credits 1200
    #[argh(option, arg_name = "N", from_str_fn(values::credits))]
    pub credits: Option<Credits>,
    /// minimum balance after the job, that is after the planned cost. Example: --generations gen4.5=20@60 --keep 500
    #[argh(option, arg_name = "N", from_str_fn(values::credits))]
    pub keep: Option<Credits>,
    /// the tier must allow N generations of MODEL at a time. Example: --concurrency gen4.5=2
    #[argh(option, arg_name = "MODEL=N", from_str_fn(values::of_model))]
    pub concurrency: Vec<(Model, u64)>,
    /// maximum spending over the last DURATION (1 to 90 whole days, UTC, today included), planned cost
    /// included; CREDITS/month takes the calendar month. Example: --budget 20000/30d
    #[argh(option, arg_name = "CREDITS/DURATION", from_str_fn(values::budget))]
    pub budget: Option<Budget>,
    /// like --generations, but only warns. Example: --warn-generations gen4.5=50
    #[argh(option, arg_name = "MODEL=N", from_str_fn(values::of_model))]
    pub warn_generations: Vec<(Model, u64)>,
    /// like --credits, but only warns. Example: --warn-credits 5000
    #[argh(option, arg_name = "N", from_str_fn(values::credits))]
    pub warn_credits: Option<Credits>,
    /// warn if the balance lasts less than DURATION at the present pace of spending. Example: --warn-lasts 7days
    #[argh(option, arg_name = "DURATION", from_str_fn(values::lasts))]
    pub warn_lasts: Option<Duration>,
    /// check again for up to DURATION if waiting could resolve every error. Example: --wait 2h
    #[argh(option, arg_name = "DURATION", from_str_fn(values::wait))]
    pub wait: Option<Duration>,
    /// pause between two checks of --wait [1m; minimum 5s]. Example: --wait 2h --interval 5m
    #[argh(option, arg_name = "DURATION", from_str_fn(values::interval))]
    pub interval: Option<Duration>,
    /// time limit of one check, with its retries [30s]. Example: --timeout 30s
    #[argh(
        option,
        arg_name = "DURATION",
        default = "Duration::from_secs(30)",
        from_str_fn(values::timeout)
    )]
    pub timeout: Duration,
    /// pass, with a warning, if Runway could not be asked or understood (exit code 5 becomes 0); a
    /// rejected key still fails
    #[argh(switch)]
    pub fail_open: bool,
    /// what to do without a key [fail]. Example: --missing-key skip
    #[argh(
        option,
        long = "missing-key",
        arg_name = "fail|skip",
        default = "false",
        from_str_fn(values::skips)
    )]
    pub skip_missing_key: bool,
    /// another host [https://api.dev.runwayml.com]. Example: --base-url https://api.dev.runwayml.com
    #[argh(option, arg_name = "URL")]
    pub base_url: Option<String>,
    /// read the key from a file; otherwise it comes from RUNWAYML_API_SECRET, or from .env, which is
    /// not read in a CI system. Example: --key-file secret.txt
    #[argh(option, arg_name = "FILE", from_str_fn(values::file))]
    pub key_file: Option<PathBuf>,
    /// check a saved answer of GET /v1/organization; - is standard input. --budget and --usage still
    /// ask Runway for the history. Example: --from organization.json
    #[argh(option, arg_name = "FILE", from_str_fn(values::source))]
    pub from: Option<Source>,
    /// decide from a built-in answer, to try the tool without a key; not in a CI system, nor with
    /// --from, --wait, --usage, --budget, --warn-lasts or --write. Example: --demo --generations gen4.5=20@60
    #[argh(switch)]
    pub demo: bool,
    /// add the credit history: 30d, or 2026-02-15..2026-03-17 (second day left out). Example: --usage 30d
    #[argh(option, arg_name = "RANGE", from_str_fn(values::range))]
    pub usage: Option<Period>,
    /// add the tier reference
    #[argh(switch)]
    pub tiers: bool,
    /// name this run in the report, and prefix its outputs with NAME-. Example: --label acme
    #[argh(option, arg_name = "NAME", from_str_fn(values::label))]
    pub label: Option<String>,
    /// how the report is printed [text]. Example: --format json
    #[argh(option, arg_name = "text|json|markdown", from_str_fn(values::format))]
    pub format: Option<Format>,
    /// short for --format json
    #[argh(switch)]
    pub json: bool,
    /// also write the report to FILE: json, markdown, text, env or junit; repeatable. Example: --write junit=preflight.xml
    #[argh(option, arg_name = "FORMAT=FILE", from_str_fn(values::write))]
    pub write: Vec<(Format, PathBuf)>,
    /// color of the text [auto]. Example: --color never
    #[argh(
        option,
        arg_name = "auto|always|never",
        default = "Color::Auto",
        from_str_fn(values::color)
    )]
    pub color: Color,
    /// print no report on success
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// report each request: status, time, addresses
    #[argh(switch, short = 'v')]
    pub verbose: bool,
    /// print the version
    #[argh(switch, short = 'V')]
    pub version: bool,
}

impl Settings {
    /// Where limits and balance come from.
    pub fn organization(&self) -> &Source {
        match &self.from {
            Some(saved) => saved,
            None if self.demo => &Source::Demo,
            None => &Source::Runway,
        }
    }

    /// How the report is printed.
    pub fn format(&self) -> Format {
        let json = self.json.then_some(Format::Json);
        self.format.or(json).unwrap_or(Format::Text)
    }

    /// Between two checks of `--wait`.
    pub fn interval(&self) -> Duration {
        self.interval.unwrap_or(Duration::from_secs(60))
    }

    /// Whether any flag needs the credit history.
    pub fn asks_for_history(&self) -> bool {
        self.usage.is_some() || self.budget.is_some() || self.warn_lasts.is_some()
    }

    /// Whether anything at all comes from Runway.
    pub fn asks_runway(&self) -> bool {
        *self.organization() == Source::Runway || self.asks_for_history()
    }
}

/// A flag by its name, long or short.
pub(super) fn flag(name: &str) -> Option<&'static FlagInfo<'static>> {
    let mut flags = Settings::get_args_info().flags.iter();
    flags.find(|flag| {
        let short = flag.short.map(|short| format!("-{short}"));
        flag.long == name || short.as_deref() == Some(name)
    })
}

fn takes_no_value(switch: &str) -> UsageError {
    let problem = "takes no value: give it alone, or leave it out";
    UsageError::new(format!("{switch} {problem}"))
}

/// Brings the arguments into the one form that argh reads as they are meant: `--name value`, each
/// name known, each value there, none twice that takes one. None if help is asked for: a variable that
/// holds `-h` stands in the place of a value, and must not end the run well.
pub(super) fn normalize(arguments: Vec<OsString>) -> Result<Option<Vec<String>>, UsageError> {
    let words: Result<Vec<String>, _> = arguments.into_iter().map(OsString::into_string).collect();
    let words = words.map_err(|word| {
        let shown = echo(&word.to_string_lossy());
        UsageError::new(format!("an argument is not UTF-8: {shown}"))
    })?;
    let is_flag = |word: &String| {
        let long = word.len() > 2 && word.starts_with("--");
        long || matches!(&**word, "-q" | "-v" | "-V" | "-h")
    };
    let mut help = false;
    let (mut normal, mut given): (Vec<String>, Vec<&str>) = Default::default();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (&*word, None),
        };
        if matches!(&*word, "-h" | "--help") {
            help = true;
            continue;
        }
        let Some(flag) = flag(name) else {
            return Err(unexpected(&word, name, &normal));
        };
        let long = flag.long;
        let twice = given.contains(&long);
        given.push(long);
        if matches!(flag.kind, FlagInfoKind::Switch) {
            if inline.is_some() {
                return Err(takes_no_value(long));
            }
            if !twice {
                normal.push(long.to_owned());
            }
            continue;
        }
        let Some(value) = inline.or_else(|| words.next_if(|word| !is_flag(word))) else {
            let next = words.peek().map(|next| echo(next));
            let next = next.map_or(String::new(), |next| format!(", but {next} comes next"));
            return Err(UsageError::new(format!("{long} needs a value{next}")));
        };
        let repeats = flag.optionality == Optionality::Repeating;
        if twice && !repeats {
            let problem = format!("{long} is given twice, but takes one value");
            return Err(UsageError::new(problem));
        }
        if value.trim().is_empty() {
            let problem = "is empty: is the variable that it comes from unset?";
            return Err(UsageError::new(format!("the value of {long} {problem}")));
        }
        let entries = if repeats {
            entries(long, &value).map_err(|problem| values::wrong(long, &value, problem))?
        } else {
            vec![&*value]
        };
        for entry in entries {
            normal.extend([long, entry].map(str::to_owned));
        }
    }
    Ok((!help).then_some(normal))
}

/// What is wrong with a word that is no flag, behind those that are in order.
fn unexpected(word: &str, name: &str, before: &[String]) -> UsageError {
    let switch = before.last().and_then(|last| flag(last));
    let of_switch = ["true", "false", "yes", "no", "on", "off", "1", "0"];
    let hint = lookalike(word);
    match switch {
        Some(switch) if of_switch.contains(&&*word.to_lowercase()) => takes_no_value(switch.long),
        _ if hint.is_none() && word.starts_with('-') => unknown(name),
        _ => {
            let hint = hint.unwrap_or_default();
            UsageError::new(format!("unexpected argument {}{hint}", echo(word)))
        }
    }
}

fn unknown(name: &str) -> UsageError {
    let flags = Settings::get_args_info().flags.iter();
    let near = flags
        .map(|flag| (strsim::jaro_winkler(name, flag.long), flag.long))
        // A typing error is corrected; a flag that weakens the gate is not proposed for another one.
        .filter(|(likeness, _)| *likeness > 0.93)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let words = ["key", "secret", "token"];
    let of_key = words.iter().any(|word| name.contains(word));
    let hint = match near {
        Some((_, flag)) => &*format!("; did you mean {flag}?"),
        None if of_key => {
            ": others can see a key on the command line; put it in RUNWAYML_API_SECRET, or in a file for --key-file"
        }
        None => "",
    };
    UsageError::new(format!("unknown flag {}{hint}", echo(name)))
}
