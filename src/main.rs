//! `runway-preflight`: asks Runway what is left, before a pipeline spends it.
//!
//! The table of contents, and the only place that ends the process.

mod publish;
mod setup;
mod terminal;
mod writable;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use runway_preflight::ci::GitHub;
use runway_preflight::cli::{self, Command, Settings, UsageError};
use runway_preflight::exit::Exit;
use runway_preflight::job::Job;
use runway_preflight::output::{report_at, Output};
use runway_preflight::report::{Closed, Contents};
use runway_preflight::spend::UtcDay;

use setup::Setup;
use terminal::Terminal;
use writable::Files;

fn main() -> ExitCode {
    #[cfg(unix)]
    handle_signals();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let ci = GitHub::detect(&variable);
    let exit = match cli::parse(arguments.clone(), UtcDay::of(SystemTime::now())) {
        Ok(Command::Help) => print_only(&cli::help()),
        Ok(Command::Version) => print_only(cli::VERSION),
        Ok(Command::Check(settings, job)) => run(&settings, *job, &arguments, ci.as_ref()),
        Err(error) => {
            let key_file = cli::flag_values("--key-file", &arguments).next();
            let places = setup::places(key_file.map(Path::new), Duration::from_secs(1));
            let output = setup::output(&places);
            report_usage(error, &arguments, &output, ci.as_ref())
        }
    };
    ExitCode::from(exit.code())
}

/// INT and TERM do nothing to process 1 of a container, unless it handles them; elsewhere they end
/// the process anyway. A file over its limit (`ulimit -f`) becomes an error of the write.
#[cfg(unix)]
fn handle_signals() {
    use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::flag::{register, register_conditional_shutdown};
    use std::sync::{atomic::AtomicBool, Arc};
    let set = Arc::new(AtomicBool::new(true));
    let _ = register(SIGXFSZ, Arc::clone(&set));
    if std::process::id() == 1 {
        let _ = register_conditional_shutdown(SIGINT, 130, Arc::clone(&set));
        let _ = register_conditional_shutdown(SIGTERM, 143, set);
    }
}

fn run(settings: &Settings, job: Job, arguments: &[OsString], ci: Option<&GitHub>) -> Exit {
    let places = setup::places(settings.key_file.as_deref(), settings.timeout);
    let output = setup::output(&places);
    let files = Files::new(&output, arguments, &settings.write, ci);
    let setup = files.problem.clone().and_then(|()| {
        // What cannot be written now is told at the end.
        files.fail_closed(&Closed::Begun);
        setup::setup(settings, job, &places, &output.redactor)
    });
    match setup {
        Ok(setup) => check(&setup, files),
        Err(error) => report_usage(error, arguments, &output, ci),
    }
}

fn check(setup: &Setup, files: Files) -> Exit {
    let settings = setup.poll.settings;
    let context = setup.context(&files.output.redactor);
    let mut terminal = Terminal::new(files.output, &context, settings.verbose);
    let look = setup.poll.run(&mut |event| terminal.report(event));
    let history = look.history.as_ref();
    let contents = Contents {
        label: settings.label.as_deref(),
        job: &setup.poll.job,
        key_source: setup.key_source,
        source: &setup.source(),
        checked_at: look.checked_at,
        organization: look.organization.as_ref(),
        usage: history.map(|(window, history)| (*window, history)),
        tiers: settings.tiers,
        decision: &look.decision,
    };
    files.publish(contents, settings, &context)
}

/// No earlier pass survives a wrong command line.
fn report_usage(
    error: UsageError,
    arguments: &[OsString],
    output: &Output,
    ci: Option<&GitHub>,
) -> Exit {
    // action.yml sets it: its users gave inputs, not flags.
    let inputs = variable("RUNWAY_PREFLIGHT_INPUTS").is_some_and(|set| set == "true");
    let of_inputs = inputs.then(|| cli::of_inputs(&error));
    let error = of_inputs.unwrap_or(error);
    let message = &*output.redactor.redact(&error.0);
    let mut written = Vec::new();
    let mut unread = None;
    for path in cli::named_files(arguments) {
        let report = report_at(path).map_err(|error| unread = Some(error));
        let report = report
            .ok()
            .flatten()
            .map(|format| (format, path.to_owned()));
        written.extend(report.filter(|report| !written.contains(report)));
    }
    let files = Files::new(output, arguments, &written, ci);
    let unread = unread.map(|error| format!("a file that the command line names cannot be read, so an earlier report in it stays: {error}"));
    let failures = files.fail_closed(&Closed::Usage(message)).into_iter();
    for failure in failures.chain(unread) {
        output.stderr(&format!("{failure}\n"));
    }
    let shown = ci.map(|ci| ci.usage_error(message, files.label));
    output.stderr(shown.as_deref().unwrap_or(message));
    Exit::Usage
}

fn print_only(text: &str) -> Exit {
    let shown = Output::default().stdout(text);
    shown.map_or(Exit::CannotTell, |()| Exit::Go)
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
