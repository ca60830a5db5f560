//! `runway-preflight`: asks Runway what is left, before a pipeline spends it.
//!
//! The only place with the environment, standard output and the exit.

mod setup;
mod terminal;

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use runway_preflight::ci::{self, CiFile, System};
use runway_preflight::cli::{self, Color, Command, Settings, UsageError};
use runway_preflight::diagnostic::{Context, Finding};
use runway_preflight::exit::Exit;
use runway_preflight::output::{Appended, Output};
use runway_preflight::poll::{self, Progress};
use runway_preflight::report::text::{self, Style};
use runway_preflight::report::{env, Closed, Contents, Format, Report, Verdict};
use runway_preflight::spend::UtcDay;

use setup::Setup;
use terminal::Terminal;

fn main() -> ExitCode {
    #[cfg(unix)]
    handle_signals();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let ci = ci::detect(&variable);
    let ci = ci.as_deref();
    let exit = match cli::parse(arguments.clone(), UtcDay::of(poll::now())) {
        Ok(Command::ShortHelp) => print_only(&cli::short_help()),
        Ok(Command::Help) => print_only(&cli::help()),
        Ok(Command::Version) => print_only(cli::VERSION),
        Ok(Command::Check(settings)) => run(*settings, &arguments, ci),
        Err(error) => {
            let key_file = cli::key_file(&arguments);
            let places = setup::places(key_file.as_deref(), Duration::from_secs(1));
            let output = setup::output(&places);
            report_usage(&error, &arguments, &output, ci)
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
    use std::sync::atomic::AtomicBool;
    use std::sync::Arc;
    let set = Arc::new(AtomicBool::new(true));
    let _ = register(SIGXFSZ, Arc::clone(&set));
    if std::process::id() == 1 {
        let _ = register_conditional_shutdown(SIGINT, 130, Arc::clone(&set));
        let _ = register_conditional_shutdown(SIGTERM, 143, set);
    }
}

fn run(settings: Settings, arguments: &[OsString], ci: Option<&dyn System>) -> Exit {
    let places = setup::places(settings.key_file.as_deref(), settings.timeout);
    let output = setup::output(&places);
    let (files, writable) = setup::writable(settings.write.clone(), cli::read_files(arguments));
    let redactor = output.redactor();
    let label = settings.label.clone();
    let label = label.filter(|label| !redactor.holds_trace(label));
    let setup = writable.and_then(|()| {
        let files = Files {
            output: &output,
            own: &files,
            ci: files_of(ci),
        };
        // The end of the run shows what could not be written now.
        files.fail_closed(&Closed::Begun, label.as_deref());
        setup::setup(settings, &places, redactor)
    });
    match setup {
        Ok(setup) => check(&setup, &output, ci),
        Err(error) => report_usage(&error, arguments, &output, ci),
    }
}

fn check(setup: &Setup, output: &Output, ci: Option<&dyn System>) -> Exit {
    let context = setup.context(output.redactor());
    let renews = std::io::stderr().is_terminal() && reads_escapes();
    let mut terminal = Terminal::new(renews, output, &context, setup.verbose);
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

/// The files that a report is written to.
struct Files<'a> {
    output: &'a Output,
    /// Those of `--write`.
    own: &'a [(Format, PathBuf)],
    ci: Vec<CiFile>,
}

fn files_of(ci: Option<&dyn System>) -> Vec<CiFile> {
    ci.map_or(Vec::new(), System::files)
}

impl Files<'_> {
    /// Leaves no pass, neither of an earlier run nor of this one: what could not be written.
    fn fail_closed(&self, closed: &Closed, label: Option<&str>) -> Vec<(String, std::io::Error)> {
        let mut failures = Vec::new();
        for (format, path) in self.own {
            let text = match format {
                Format::Env => env::render_closed(closed, label),
                _ => String::new(),
            };
            let replaced = match closed {
                // Whatever is there now is of this run.
                Closed::Failed(_) if path.is_file() => {
                    self.output.write(path, &text, Duration::ZERO)
                }
                _ => self.output.replace_report(path, &text),
            };
            failures.extend(
                replaced
                    .err()
                    .map(|error| (format!("--write {}", format.name()), error)),
            );
        }
        for file in &self.ci {
            let text = (file.render_closed)(closed, label, length(&file.path));
            if !text.is_empty() {
                let appended = self.output.append(&file.path, &text);
                failures.extend(appended.err().map(|error| (file.name.to_owned(), error)));
            }
        }
        failures
    }
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// Writes the report everywhere, standard output last. Where anything fails, no pass stays.
fn publish(
    contents: Contents,
    setup: &Setup,
    output: &Output,
    ci: Option<&dyn System>,
    context: &Context,
) -> Exit {
    let mut files = Files {
        output,
        own: &setup.write,
        ci: files_of(ci),
    };
    let mut failures: Vec<Finding> = Vec::new();
    let mut report = Report::new(contents, &failures, context);
    for (format, path) in files.own {
        let mut text = report.render(*format, Style::default());
        // The other formats hold their diagnostics.
        if *format == Format::Text {
            text.push_str(&text::diagnostics(&report, Style::default()));
        }
        if let Err(error) = output.write(path, &text, setup.poll.timeout) {
            failures.push(not_written(&path.to_string_lossy(), Some(path), &error));
        }
    }
    // What was appended, and how many failures it tells of.
    let mut appended = Vec::new();
    for file in &files.ci {
        report = Report::new(contents, &failures, context);
        let text = (file.render)(&report, length(&file.path));
        let known = failures.len();
        match output.append(&file.path, &text) {
            Ok(added) => appended.push((Some(added), known)),
            Err(error) => {
                appended.push((None, known));
                failures.push(not_written(file.name, Some(&file.path), &error));
            }
        }
    }
    report = Report::new(contents, &failures, context);
    let style = style_of(setup.color, &std::io::stdout());
    if !setup.quiet || report.verdict != Verdict::Go {
        if let Err(error) = output.stdout(&report.render(setup.format, style)) {
            failures.push(not_written("standard output", None, &error));
        }
    }
    if !failures.is_empty() {
        report = Report::new(contents, &failures, context);
        let stale = files.ci.into_iter().zip(&appended);
        let stale = stale.filter(|(_, (_, known))| *known < failures.len());
        let taken_back = stale.map(|(file, (added, _))| {
            let _ = added.as_ref().map(Appended::take_back);
            file
        });
        files.ci = taken_back.collect();
        files.fail_closed(&Closed::Failed(&report), setup.label.as_deref());
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
        (ErrorKind::FileTooLarge, ..) => "raise the limit of a file's size (ulimit -f)".to_owned(),
        (ErrorKind::BrokenPipe, ..) => {
            "whatever reads the output ended early: let it read to the end".to_owned()
        }
        _ => "make it writable".to_owned(),
    }
}

/// No earlier pass survives a wrong command line.
fn report_usage(
    error: &UsageError,
    arguments: &[OsString],
    output: &Output,
    ci: Option<&dyn System>,
) -> Exit {
    // action.yml sets it: its users gave inputs, not flags.
    let inputs = variable("RUNWAY_PREFLIGHT_INPUTS").is_some_and(|set| set == "true");
    let UsageError(message) = &if inputs {
        cli::of_inputs(error)
    } else {
        error.clone()
    };
    let message = &*output.redactor().redact(message);
    let label = cli::label(arguments).filter(|label| !output.redactor().holds_trace(label));
    let label = label.as_deref();
    let (own, _) = setup::writable(cli::written_files(arguments), cli::read_files(arguments));
    let files = Files {
        output,
        own: &own,
        ci: files_of(ci),
    };
    for (name, error) in files.fail_closed(&Closed::Usage(message), label) {
        output.stderr(&format!(
            "{name}: what an earlier run wrote could not be replaced: {error}\n"
        ));
    }
    let shown = ci.map(|ci| ci.usage_error(message, label));
    output.stderr(shown.as_deref().unwrap_or(message));
    Exit::Usage
}

fn print_only(text: &str) -> Exit {
    let output = Output::new(Default::default());
    match output.stdout(text) {
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
        Color::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Color::Auto => terminal && reads_escapes(),
    }
}

/// Whether a terminal that is there reads escape sequences.
fn reads_escapes() -> bool {
    match variable("TERM") {
        Some(kind) => kind != "dumb",
        #[cfg(windows)]
        None => anstyle_query::windows::enable_ansi_colors() == Some(true),
        #[cfg(not(windows))]
        None => true,
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
