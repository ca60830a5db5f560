//! `runway-preflight`: asks Runway what is left, before a pipeline spends it.
//!
//! The only place with the environment, standard output and the exit.

mod outlet;
mod prepare;
mod terminal;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use runway_preflight::cli::{self, Command, Settings, UsageError};
use runway_preflight::diagnostic::Situation;
use runway_preflight::exit;
use runway_preflight::gate::{self, Outcome};
use runway_preflight::report::{github, text, Report};
use runway_preflight::spend::UtcDay;

use prepare::Stop;
use terminal::Terminal;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).collect();
    let run = match cli::parse(arguments, UtcDay::of(gate::now())) {
        Ok(Command::Help) => Ok(print_only(cli::HELP)),
        Ok(Command::Version) => Ok(print_only(cli::VERSION)),
        Ok(Command::Check(settings)) => check(&settings),
        Err(error) => Err(error),
    };
    ExitCode::from(run.unwrap_or_else(|UsageError(message)| {
        let message = prepare::without_keys(&message);
        let _ = std::io::stderr().write_all(message.as_bytes());
        exit::USAGE
    }))
}

fn check(settings: &Settings) -> Result<u8, UsageError> {
    let base = prepare::base_url(settings)?;
    let situation = prepare::situation(settings, &base);
    let outcome = match prepare::sources(settings, &base) {
        Ok(sources) => {
            let mut listener = Terminal::new(std::io::stderr());
            gate::run(settings, &sources, &situation, &mut listener)
        }
        Err(Stop::Found(finding)) => Outcome::without_look(settings, *finding),
        Err(Stop::Usage(error)) => return Err(error),
    };
    let source = settings.source.name(base.as_str());
    let mut report = Report::new(settings, &situation, &source, outcome);
    tell(&mut report, settings, &situation);
    Ok(report.exit)
}

/// Everything that is told, in an order in which what fails can still be told.
fn tell(report: &mut Report, settings: &Settings, situation: &Situation) {
    let in_github = variable("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    // Both files are opened before anything is written: all of it tells if one cannot be.
    let files = ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"].map(|name| {
        let path = variable(name).filter(|_| in_github);
        let file = outlet::open(path);
        (
            name,
            told_if_failed(report, name, file, situation).flatten(),
        )
    });

    let colour = has_colour(std::io::stdout().is_terminal());
    let text = report.render(settings.format, settings.quiet, colour);
    let written = outlet::print(&text);
    told_if_failed(report, "standard output", written, situation);

    // The outputs come last: they tell the exit code that all else came to.
    let renderers: [fn(&Report) -> String; 2] = [github::summary, github::outputs];
    for ((name, file), render) in files.into_iter().zip(renderers) {
        if let Some(file) = file {
            let written = outlet::append(file, &render(report));
            told_if_failed(report, name, written, situation);
        }
    }

    let told = if in_github {
        github::annotations(report)
    } else {
        text::diagnostics(report, has_colour(std::io::stderr().is_terminal()))
    };
    let _ = std::io::stderr().write_all(told.as_bytes());
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

fn print_only(text: &str) -> u8 {
    match outlet::print(text) {
        Ok(()) => exit::GO,
        Err(_) => exit::CANNOT_TELL,
    }
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
