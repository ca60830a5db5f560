//! `runway-preflight`: asks Runway what is left, before a pipeline spends it.
//!
//! The only place with the environment, standard output and the exit.

mod outlet;
mod terminal;

use std::ffi::OsString;
use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use runway_preflight::api::{proxy, roots, BaseUrl, Client, RUNWAY};
use runway_preflight::cli::{self, Command, Settings, Source, UsageError};
use runway_preflight::credentials::{self, Key, NoKey};
use runway_preflight::decode;
use runway_preflight::diagnostic::{Asked, Endpoint, Finding, Place, Situation};
use runway_preflight::exit;
use runway_preflight::gate::{self, Input, Outcome, Sources};
use runway_preflight::report::{github, text, Report};
use runway_preflight::spend::UtcDay;

use terminal::Terminal;

fn main() -> ExitCode {
    // The clock is read once: midnight within a run splits nothing.
    let today = UtcDay::of(SystemTime::now());
    let command = cli::parse(std::env::args_os().skip(1).collect(), today);
    let run = command.and_then(|command| match command {
        Command::Help => Ok(print_only(cli::HELP)),
        Command::Version => Ok(print_only(cli::VERSION)),
        Command::Check(settings) => check(&settings),
    });
    ExitCode::from(run.unwrap_or_else(|UsageError(message)| {
        // A key that was passed by mistake looks like any argument.
        let key = key_of_environment();
        let message = key.map_or(message.clone(), |key| key.blot(&message));
        let _ = std::io::stderr().write_all(message.as_bytes());
        exit::USAGE
    }))
}

fn key_of_environment() -> Option<Key> {
    Key::new(variable(credentials::VARIABLE)?.to_str()?).ok()
}

/// The key belongs on no command line, where others see it; and what stands there is shown.
fn refuse_as_argument(key: &Key) -> Result<(), UsageError> {
    let given = std::env::args_os().skip(1);
    let base = variable("RUNWAYML_BASE_URL");
    if given
        .chain(base)
        .any(|text| key.is_in(&text.to_string_lossy()))
    {
        return Err(UsageError::new(
            format!(
                "an argument holds the key, which belongs into {} or a file",
                credentials::VARIABLE
            ),
            "--key-file secret.txt",
        ));
    }
    Ok(())
}

fn check(settings: &Settings) -> Result<u8, UsageError> {
    key_of_environment().map_or(Ok(()), |key| refuse_as_argument(&key))?;
    let base = base_url(settings)?;
    let place = |source: &Source| match source {
        Source::Live => Place::Host(base.host().to_owned()),
        Source::File(path) => Place::File(path.to_string_lossy().into_owned()),
        Source::Stdin => Place::File("standard input".to_owned()),
    };
    let situation = Situation {
        organization: place(&settings.source),
        usage: place(&settings.usage_source),
        waiting: settings.wait.is_some(),
        fails_open: settings.fail_open,
        skips_missing_key: settings.skip_missing_key,
    };
    let source = match &settings.source {
        Source::Live => base.as_str().to_owned(),
        Source::File(path) => path.to_string_lossy().into_owned(),
        Source::Stdin => "-".to_owned(),
    };
    let outcome = match sources(settings, &base)? {
        Ok(sources) => gate::run(
            settings,
            &sources,
            &situation,
            &mut Terminal::new(std::io::stderr()),
        ),
        Err(finding) => Outcome::without_look(settings, *finding),
    };
    let mut report = Report::new(settings, &situation, &source, outcome);
    tell(&mut report, settings, &situation);
    Ok(report.exit)
}

/// Everything that is told, in an order in which what fails can still be told: report, summary,
/// outputs, diagnostics.
fn tell(report: &mut Report, settings: &Settings, situation: &Situation) {
    let in_github = variable("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let colour = has_colour(std::io::stdout().is_terminal());
    let text = report.render(settings.format, settings.quiet, colour);
    let written = outlet::print(&text);
    told_if_failed(report, "standard output", written, situation);
    if in_github {
        // Both are opened before either is written, and the outputs come last: what fails is told
        // in all that is written after it.
        let files = ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"].map(|name| {
            let file = outlet::open(variable(name));
            (
                name,
                told_if_failed(report, name, file, situation).flatten(),
            )
        });
        let renderers: [fn(&Report) -> String; 2] = [github::summary, github::outputs];
        for ((name, file), render) in files.into_iter().zip(renderers) {
            if let Some(file) = file {
                let written = outlet::append(file, &render(report));
                told_if_failed(report, name, written, situation);
            }
        }
    }
    let colour = has_colour(std::io::stderr().is_terminal());
    let told = if in_github {
        github::annotations(report)
    } else {
        let told = report.diagnostics.iter();
        told.map(|diagnostic| text::diagnostic(diagnostic, colour))
            .collect()
    };
    let separator = if told.is_empty() || in_github {
        ""
    } else {
        "\n"
    };
    let _ = std::io::stderr().write_all(format!("{separator}{told}").as_bytes());
}

fn base_url(settings: &Settings) -> Result<BaseUrl, UsageError> {
    let error = |name: &str, problem: String| {
        let example = "--base-url https://api.dev.runwayml.com";
        UsageError::new(format!("{name} {problem}"), example)
    };
    let from_environment =
        variable("RUNWAYML_BASE_URL").filter(|url| !url.is_empty() && settings.asks_runway());
    let (name, url) = match (&settings.base_url, from_environment) {
        (Some(url), _) => ("--base-url", url.clone()),
        (None, Some(url)) => {
            let name = "RUNWAYML_BASE_URL";
            let url = url.into_string();
            (
                name,
                url.map_err(|_| error(name, "is not UTF-8".to_owned()))?,
            )
        }
        (None, None) => ("", RUNWAY.to_owned()),
    };
    // A user, a password or a query may be a secret.
    let shown = if url.contains(['@', '?', '#']) {
        String::new()
    } else {
        format!("{} ", cli::echo(&url))
    };
    BaseUrl::parse(&url).map_err(|problem| error(name, format!("{shown}{problem}")))
}

/// Files are read and the way to Runway is prepared before anything is asked.
fn sources(
    settings: &Settings,
    base: &BaseUrl,
) -> Result<Result<Sources, Box<Finding>>, UsageError> {
    let organization = input("--from", &settings.source)?;
    let usage = input("--usage-from", &settings.usage_source)?;
    let client = if settings.asks_runway() {
        match client(settings, base)? {
            Ok(client) => Some(client),
            Err(finding) => return Ok(Err(finding)),
        }
    } else {
        None
    };
    Ok(Ok(Sources {
        organization,
        usage,
        client,
    }))
}

fn client(settings: &Settings, base: &BaseUrl) -> Result<Result<Client, Box<Finding>>, UsageError> {
    let proxy = proxy::for_host(base, &variable)
        .map_err(|problem| UsageError::new(problem, "--base-url https://api.dev.runwayml.com"))?;
    let key = match credentials::find(&variable, settings.key_file.as_deref(), Path::new(".env")) {
        Ok(key) => key,
        Err(NoKey::Found(finding)) => return Ok(Err(finding)),
        Err(NoKey::Unreadable(error)) => {
            let file = settings.key_file.as_deref().map(Path::to_string_lossy);
            let file = cli::echo(&file.unwrap_or_default());
            return Err(UsageError::new(
                format!("--key-file {file} cannot be read: {error}"),
                "--key-file secret.txt",
            ));
        }
    };
    refuse_as_argument(&key)?;
    // Certificates are read only where they are needed.
    let roots = if base.is_secure() {
        roots::load(&variable)
    } else {
        Ok(ureq::tls::RootCerts::WebPki)
    };
    Ok(match roots {
        Ok(roots) => Ok(Client::new(base.clone(), key, proxy, roots)),
        Err(none) => Err(Box::new(Finding::TlsFailed {
            asked: Asked {
                endpoint: match settings.source {
                    Source::Live => Endpoint::Organization,
                    _ => Endpoint::Usage,
                },
                tries: 0,
                says: None,
                see: None,
            },
            why: none.why,
            fix: Some(none.fix),
        })),
    })
}

fn input(flag: &str, source: &Source) -> Result<Input, UsageError> {
    let mut document = Vec::new();
    let limit = decode::MOST_BYTES.saturating_add(1);
    let read = match source {
        Source::Live => return Ok(Input::Live),
        Source::Stdin => std::io::stdin().take(limit).read_to_end(&mut document),
        Source::File(path) => {
            File::open(path).and_then(|file| file.take(limit).read_to_end(&mut document))
        }
    };
    match read {
        Ok(_) => Ok(Input::Saved(document)),
        Err(error) => Err(UsageError::new(
            format!("{flag} {} cannot be read: {error}", source.echo()),
            &format!("{flag} saved.json"),
        )),
    }
}

fn print_only(text: &str) -> u8 {
    match outlet::print(text) {
        Ok(()) => exit::GO,
        Err(_) => exit::CANNOT_TELL,
    }
}

/// What was done, unless it failed: that is told.
fn told_if_failed<T>(
    report: &mut Report,
    place: &str,
    done: std::io::Result<T>,
    situation: &Situation,
) -> Option<T> {
    done.map_err(|error| report.not_written(place, &error.to_string(), situation))
        .ok()
}

/// As `NO_COLOR` and `CLICOLOR_FORCE` say, else on a terminal.
fn has_colour(terminal: bool) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        false
    } else if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        true
    } else {
        terminal
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
