//! Where the report goes: the files of `--write`, those of the CI system, standard output. A pass
//! that this run did not earn is left nowhere.

use std::io::{self, ErrorKind, IsTerminal};
use std::path::Path;
use std::time::Duration;

use runway_preflight::cli::Settings;
use runway_preflight::diagnostic::{Context, Finding};
use runway_preflight::exit::Exit;
use runway_preflight::output::{is_special, report_at, Appended};
use runway_preflight::report::text;
use runway_preflight::report::{env, Closed, Contents, Format, Report, Verdict};

use crate::terminal::has_colour;
use crate::writable::Files;

/// How long a pipe is waited for that is told of no pass.
const PATIENCE: Duration = Duration::from_secs(1);

impl Files<'_> {
    /// Leaves no pass, of an earlier run or of this one. Returns what could not be written, in words.
    pub(crate) fn fail_closed(&self, closed: &Closed) -> Vec<String> {
        // What scripts source comes first: a kill may come at any moment.
        let write = self.write.iter().rev().map(|(format, path)| {
            let text = match format {
                Format::Env => env::lines(self.label, &closed.values()),
                _ => String::new(),
            };
            let found = match closed {
                // By now it is this run's.
                Closed::Failed(_) => Ok(Some(*format)),
                _ => report_at(path),
            };
            let write = |_| self.output.write(path, &text, PATIENCE).map(drop);
            let replaced = found.and_then(|found| found.map_or(Ok(()), write));
            (format!("--write {}", format.name()), replaced)
        });
        let of_ci = self.of_ci.iter().rev().map(|file| {
            let text = file.render_closed(closed, self.label, length(&file.path));
            let appended = match closed {
                // What goes through a pipe outlives no run.
                Closed::Begun if is_special(&file.path) => Ok(()),
                _ => self.output.append(&file.path, &text, PATIENCE).map(drop),
            };
            (file.name.to_owned(), appended)
        });
        let failures = of_ci.chain(write).filter_map(|(name, done)| {
            let what = "what an earlier run wrote could not be replaced";
            done.err().map(|error| format!("{name}: {what}: {error}"))
        });
        failures.collect()
    }

    /// Writes the report everywhere, standard output last. If anything fails, no pass is left.
    pub(crate) fn publish(
        mut self,
        contents: Contents,
        settings: &Settings,
        context: &Context,
    ) -> Exit {
        let mut failures: Vec<Finding> = Vec::new();
        let told_of = |failures: &[Finding]| Report::new(contents, failures, context);
        let mut report = told_of(&failures);
        // Pipes that can still be told of no pass.
        let mut open = Vec::new();
        for (format, path) in &self.write {
            let mut text = report.render(*format, false);
            // The other formats hold their diagnostics.
            if *format == Format::Text {
                text.push_str(&text::diagnostics(&report, false));
            }
            let written = self.output.write(path, &text, settings.timeout);
            let written = written.map(|pipe| pipe.filter(|_| *format == Format::Env));
            if let Err(error) = written.map(|pipe| open.extend(pipe)) {
                failures.push(not_written(&path.to_string_lossy(), Some(path), &error));
                report = told_of(&failures);
            }
        }
        // Each with how many failures it tells of, and what was added to it.
        let mut told = Vec::new();
        for file in std::mem::take(&mut self.of_ci) {
            let known = failures.len();
            let text = file.render(&report, length(&file.path));
            let added = self.output.append(&file.path, &text, settings.timeout);
            let added = added.map_err(|error| {
                failures.push(not_written(file.name, Some(&file.path), &error));
                report = told_of(&failures);
            });
            told.push((known, file, added));
        }
        if !settings.quiet || report.verdict != Verdict::Go {
            let colour = has_colour(settings.color, io::stdout().is_terminal());
            let text = report.render(settings.format(), colour);
            if let Err(error) = self.output.stdout(&text) {
                failures.push(not_written("standard output", None, &error));
                report = told_of(&failures);
            }
        }
        if !failures.is_empty() {
            told.retain(|(known, ..)| *known < failures.len());
            for (_, file, added) in told {
                let added = added.ok().flatten();
                if let Some(Err(error)) = added.as_ref().map(Appended::take_back) {
                    failures.push(not_written(file.name, Some(&file.path), &error));
                    report = told_of(&failures);
                }
                open.extend(added.map(|added| added.handle));
                self.of_ci.push(file);
            }
            self.fail_closed(&Closed::Failed(&report));
        }
        self.output.stderr(&match self.ci {
            Some(ci) => ci.diagnostics(&report),
            None => {
                let colour = has_colour(settings.color, io::stderr().is_terminal());
                text::diagnostics(&report, colour)
            }
        });
        report.exit
    }
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

fn not_written(place: &str, path: Option<&Path>, error: &io::Error) -> Finding {
    let folder = path.and_then(Path::parent);
    let missing = folder.filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    let fix = match (path, missing) {
        (Some(path), _) if path.is_dir() => {
            format!("{} is a directory: name a file", path.display())
        }
        (_, Some(folder)) => format!("create the directory {}", folder.display()),
        _ if error.kind() == ErrorKind::BrokenPipe => {
            "whatever reads the output ended early: let it read to the end".to_owned()
        }
        _ => "make it writable, with room for the report".to_owned(),
    };
    Finding::ReportFailed {
        place: place.to_owned(),
        why: error.to_string(),
        fix,
    }
}
