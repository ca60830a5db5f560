//! `runway-preflight`: asks Runway what is left, before a pipeline spends it.
//!
//! The only place with the environment, standard output and the exit.

mod setup;
mod terminal;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use runway_preflight::ci::{self, CiFile, System};
use runway_preflight::cli::{self, Command, Format, UsageError};
use runway_preflight::diagnostic::{Context, Finding};
use runway_preflight::exit::Exit;
use runway_preflight::output::{Output, Place, Sink};
use runway_preflight::poll;
use runway_preflight::report::{json, markdown, text, Contents, Report, Verdict};
use runway_preflight::spend::UtcDay;

use setup::Setup;
use terminal::Terminal;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let label = cli::label(&arguments);
    let label = label.as_deref();
    let ci = ci::detect(&variable);
    let command = cli::parse(arguments, UtcDay::of(poll::now()));
    let exit = match command {
        Ok(Command::Help) => print_only(cli::HELP),
        Ok(Command::Version) => print_only(cli::VERSION),
        Ok(Command::Check(settings)) => {
            let places = setup::places(Some(&settings), ci.as_deref());
            let output = setup::output(&places);
            match setup::setup(*settings, &places, ci.as_deref()) {
                Ok(setup) => check(&setup, &output, ci.as_deref()),
                Err(error) => report_usage(&error, label, &output, ci.as_deref()),
            }
        }
        Err(error) => {
            let output = setup::output(&setup::places(None, ci.as_deref()));
            report_usage(&error, label, &output, ci.as_deref())
        }
    };
    ExitCode::from(exit.code())
}

fn check(setup: &Setup, output: &Output, ci: Option<&dyn System>) -> Exit {
    let context = setup.context(output.redactor());
    let mut terminal = Terminal::new(std::io::stderr(), output, &context);
    let outcome = match &setup.obstacle {
        None => setup.poll.run(&mut |progress| terminal.report(progress)),
        Some(obstacle) => setup.poll.without_check(obstacle.clone()),
    };
    let named = setup.poll.job.named_models();
    let contents = Contents {
        label: setup.label.as_deref(),
        job: &setup.poll.job,
        key_source: setup.key_source.map(|source| source.name()),
        source: &setup.source,
        checked_at: outcome.checked_at,
        organization: outcome.organization.as_ref(),
        named: &named,
        usage: outcome
            .history
            .as_ref()
            .map(|(window, history)| (*window, &**history)),
        tiers: setup.tiers,
        decision: &outcome.decision,
    };
    publish(contents, setup, output, ci, &context)
}

/// Writes the report everywhere, standard output last: nothing that was written contradicts the
/// exit code, as far as it can be written again.
fn publish(
    contents: Contents,
    setup: &Setup,
    output: &Output,
    ci: Option<&dyn System>,
    context: &Context,
) -> Exit {
    let mut failures: Vec<Finding> = Vec::new();
    let mut report = Report::new(contents, &failures, context);
    let mut files: Vec<(CiFile, Sink, bool)> = ci
        .map_or(Vec::new(), System::files)
        .into_iter()
        .map(|file| {
            let sink = Sink::new(Place::Append(file.path.clone()));
            (file, sink, false)
        })
        .collect();
    let mut printed = false;
    loop {
        let known = failures.len();
        for (file, sink, failed) in files.iter_mut().filter(|(_, _, failed)| !failed) {
            let written = output.write(sink, &(file.render)(&report, sink.length_before()));
            if let Err(error) = written {
                *failed = true;
                failures.push(not_written(file.name, &error));
            }
        }
        if failures.len() == known && !printed {
            printed = true;
            let text = render(&report, setup);
            if let Err(error) = output.write(&mut Sink::new(Place::Stdout), &text) {
                failures.push(not_written("standard output", &error));
            }
        }
        if failures.len() == known {
            break;
        }
        report = Report::new(contents, &failures, context);
    }
    output.stderr(&match ci {
        Some(ci) => ci.diagnostics(&report),
        None => text::diagnostics(&report, has_colour(std::io::stderr().is_terminal())),
    });
    report.exit
}

fn not_written(place: &str, error: &std::io::Error) -> Finding {
    Finding::ReportFailed {
        place: place.to_owned(),
        why: error.to_string(),
    }
}

/// The report for standard output; nothing where `--quiet` meets a go.
fn render(report: &Report, setup: &Setup) -> String {
    if setup.quiet && report.verdict == Verdict::Go {
        return String::new();
    }
    match setup.format {
        Format::Text => text::render(report, has_colour(std::io::stdout().is_terminal())),
        Format::Json => json::render(report),
        Format::Markdown => markdown::render(report),
    }
}

/// No earlier `pass=true` of the step may survive a wrong command line.
fn report_usage(
    error: &UsageError,
    label: Option<&str>,
    output: &Output,
    ci: Option<&dyn System>,
) -> Exit {
    let UsageError(message) = error;
    for file in ci.map_or(Vec::new(), System::files) {
        let mut sink = Sink::new(Place::Append(file.path));
        if let Err(error) = output.write(&mut sink, &(file.render_usage_error)(message, label)) {
            output.stderr(&format!("{} could not be written: {error}\n", file.name));
        }
    }
    let shown = ci.map(|ci| ci.usage_error(message, label));
    output.stderr(shown.as_deref().unwrap_or(message));
    Exit::Usage
}

fn print_only(text: &str) -> Exit {
    let output = Output::new(Default::default());
    match output.write(&mut Sink::new(Place::Stdout), text) {
        Ok(()) => Exit::Go,
        Err(_) => Exit::CannotTell,
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
