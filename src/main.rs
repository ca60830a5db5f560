//! `runway-preflight`: asks Runway what is left, before a pipeline spends it.
//!
//! The only place with the environment, standard output and the exit.

mod setup;
mod terminal;

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use runway_preflight::ci::{self, System};
use runway_preflight::cli::{self, Color, Command, UsageError};
use runway_preflight::diagnostic::{Context, Finding};
use runway_preflight::exit::Exit;
use runway_preflight::output::{self, Output, Place, Sink};
use runway_preflight::poll::{self, Progress};
use runway_preflight::report::text::{self, Style};
use runway_preflight::report::{env, Contents, Format, Report, Verdict};
use runway_preflight::spend::UtcDay;

use setup::Setup;
use terminal::Terminal;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let given = arguments.clone();
    let ci = ci::detect(&variable);
    let command = cli::parse(arguments, UtcDay::of(poll::now()));
    let exit = match command {
        Ok(Command::ShortHelp) => print_only(cli::SHORT_HELP),
        Ok(Command::Help) => print_only(cli::HELP),
        Ok(Command::Version) => print_only(cli::VERSION),
        Ok(Command::Check(settings)) => {
            let places = setup::places(Some(&settings));
            let output = setup::output(&places);
            match setup::setup(*settings, &places) {
                Ok(setup) => check(&setup, &output, ci.as_deref()),
                Err(error) => report_usage(&error, &given, &output, ci.as_deref()),
            }
        }
        Err(error) => {
            let output = setup::output(&setup::places(None));
            report_usage(&error, &given, &output, ci.as_deref())
        }
    };
    ExitCode::from(exit.code())
}

fn check(setup: &Setup, output: &Output, ci: Option<&dyn System>) -> Exit {
    let context = setup.context(output.redactor());
    let mut terminal = Terminal::new(std::io::stderr(), output, &context, setup.verbose);
    let listener = &mut |progress: Progress| terminal.report(progress);
    let outcome = match &setup.obstacle {
        None => setup.poll.run(listener),
        Some(obstacle) => setup.poll.without_asking(obstacle, listener),
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
    let exit = publish(contents, setup, output, ci, &context);
    // The process ends: to free the models and days one by one helps nobody.
    std::mem::forget(outcome);
    exit
}

/// Makes the text for a file that already holds this many bytes.
type Render<'a> = Box<dyn Fn(&Report, u64) -> String + 'a>;

/// A file that the report is written to.
struct Written<'a> {
    name: String,
    path: PathBuf,
    sink: Sink,
    render: Render<'a>,
    failed: bool,
}

/// Those of `--write`, then those of the CI system.
fn files<'a>(setup: &'a Setup, ci: Option<&dyn System>) -> Vec<Written<'a>> {
    let own = setup.write.iter().map(|(format, path)| Written {
        name: path.to_string_lossy().into_owned(),
        path: path.clone(),
        sink: Sink::new(Place::Whole(path.clone(), setup.poll.timeout)),
        render: Box::new(move |report, _| {
            let mut text = report.render(*format, Style::default());
            // The other formats hold their diagnostics.
            if *format == Format::Text {
                text.push_str(&text::diagnostics(report, Style::default()));
            }
            text
        }),
        failed: false,
    });
    let of_ci = ci.map_or(Vec::new(), System::files);
    let of_ci = of_ci.into_iter().map(|file| Written {
        name: file.name.to_owned(),
        path: file.path.clone(),
        sink: Sink::new(Place::Append(file.path)),
        render: Box::new(file.render),
        failed: false,
    });
    own.chain(of_ci).collect()
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
    let mut files = files(setup, ci);
    let mut printed = false;
    loop {
        let known = failures.len();
        for file in files.iter_mut().filter(|file| !file.failed) {
            let text = (file.render)(&report, file.sink.length_before());
            if let Err(error) = output.write(&mut file.sink, &text) {
                file.failed = true;
                failures.push(not_written(&file.name, Some(&file.path), &error));
            }
        }
        if failures.len() == known && !printed {
            printed = true;
            let text = if setup.quiet && report.verdict == Verdict::Go {
                String::new()
            } else {
                report.render(setup.format, style_of(setup.color, &std::io::stdout()))
            };
            if let Err(error) = output.write(&mut Sink::new(Place::Stdout), &text) {
                failures.push(not_written("standard output", None, &error));
            }
        }
        if failures.len() == known {
            break;
        }
        report = Report::new(contents, &failures, context);
    }
    output.stderr(&match ci {
        Some(ci) => ci.diagnostics(&report),
        None => text::diagnostics(&report, style_of(setup.color, &std::io::stderr())),
    });
    report.exit
}

fn not_written(place: &str, path: Option<&Path>, error: &std::io::Error) -> Finding {
    Finding::ReportFailed {
        place: place.to_owned(),
        why: error.to_string(),
        fix: to_be_writable(path, error.kind()),
    }
}

fn to_be_writable(path: Option<&Path>, kind: ErrorKind) -> String {
    let directory = path
        .and_then(Path::parent)
        .filter(|it| !it.as_os_str().is_empty());
    match (kind, path, directory) {
        (_, Some(path), _) if path.is_dir() => {
            format!("{} is a directory: name a file", path.display())
        }
        (ErrorKind::NotFound, _, Some(directory)) if !directory.exists() => {
            format!("create the directory {}", directory.display())
        }
        (ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem, Some(_), _) => {
            "make it and its directory writable".to_owned()
        }
        (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, ..) => "free some space".to_owned(),
        (ErrorKind::BrokenPipe, ..) => {
            "whatever reads the output ended early: let it read to the end".to_owned()
        }
        _ => "make it writable".to_owned(),
    }
}

/// No earlier `pass=true` of the step may survive a wrong command line.
fn report_usage(
    error: &UsageError,
    arguments: &[OsString],
    output: &Output,
    ci: Option<&dyn System>,
) -> Exit {
    let UsageError(message) = error;
    let label = cli::label(arguments).filter(|label| !output.redactor().holds_trace(label));
    let label = label.as_deref();
    let read = cli::read_files(arguments);
    for (format, path) in cli::written_files(arguments) {
        // What was named by mistake is the user's.
        if read.iter().any(|read| setup::is_same_file(read, &path)) {
            continue;
        }
        let cleared = if format == Format::Env {
            let mut sink = Sink::new(Place::Whole(path, cli::TIMEOUT));
            output.write(&mut sink, &env::render_usage_error(label))
        } else {
            output::remove(&path)
        };
        if let Err(error) = cleared {
            let name = format.name();
            output.stderr(&format!(
                "--write {name}: the file could not be written: {error}\n"
            ));
        }
    }
    for file in ci.map_or(Vec::new(), System::files) {
        let mut sink = Sink::new(Place::Append(file.path));
        let text = (file.render_usage_error)(message, label, sink.length_before());
        if let Err(error) = output.write(&mut sink, &text) {
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

/// How text is shown on a stream.
#[cfg(unix)]
fn style_of(color: Color, stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Style {
    let size = terminal_size::terminal_size_of(stream);
    Style {
        colour: has_colour(color, stream.is_terminal()),
        width: size.map(|(width, _)| usize::from(width.0)),
    }
}

/// How text is shown on a stream.
#[cfg(not(unix))]
fn style_of(color: Color, stream: &impl IsTerminal) -> Style {
    let size = terminal_size::terminal_size().filter(|_| stream.is_terminal());
    Style {
        colour: has_colour(color, stream.is_terminal()),
        width: size.map(|(width, _)| usize::from(width.0)),
    }
}

/// As `--color` says, then `NO_COLOR` and `CLICOLOR_FORCE`, else on a terminal.
fn has_colour(color: Color, terminal: bool) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR").is_some() => false,
        Color::Auto => set("CLICOLOR_FORCE").map_or(terminal, |value| value != "0" || terminal),
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
