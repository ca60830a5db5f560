//! GitHub Actions: annotations, outputs, a summary, and the secrets that it withholds. Nothing
//! that a server sends can add a command, an output or an annotation.

use std::path::{Path, PathBuf};

use super::{is, Variables};
use crate::credentials::{KeyHint, VARIABLE};
use crate::decode;
use crate::diagnostic::{Diagnostic, Severity};
use crate::files;
use crate::report::outputs::values;
use crate::report::{markdown, text, Closed, Report};

/// GitHub drops the annotations of a step beyond ten of each kind.
const MAX_ANNOTATIONS: usize = 10;

/// GitHub refuses a step's summary beyond 1 MiB, what the step wrote before included.
const MAX_SUMMARY: u64 = 1_040_000;

/// A process can hold 128 KiB in one environment variable, its name included.
const MAX_OUTPUT: usize = 119_000;

/// An event is under 100 KB.
const MAX_EVENT: u64 = 8 * 1024 * 1024;

/// The variables that name the files which it reads after the step.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
const OUTPUTS: &str = "GITHUB_OUTPUT";

/// A file that it reads after the step.
pub struct CiFile {
    /// What it is called in a message: the variable that names it.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
}

impl CiFile {
    /// What is written there of a report.
    pub fn render(&self, report: &Report, already_there: u64) -> String {
        match self.name {
            SUMMARY => markdown::render_within(report, summary_room(already_there)),
            _ => lines(report.contents.label, &values(report, MAX_OUTPUT, true)),
        }
    }

    /// What a run that leaves no pass writes there. After a wrong command line, the output that
    /// says no comes first.
    pub fn render_closed(&self, closed: &Closed, label: Option<&str>, there: u64) -> String {
        let mut values = closed.values();
        match (self.name, closed) {
            (SUMMARY, Closed::Begun) => return String::new(),
            (SUMMARY, Closed::Failed(report)) => return self.render(report, there),
            (SUMMARY, Closed::Usage(message)) => return usage_summary(message, label, there),
            (_, Closed::Usage(_)) => values.reverse(),
            _ => {}
        }
        lines(label, &values)
    }
}

/// A run in GitHub Actions.
pub struct GitHub {
    /// The files that it reads after the step, in the order in which they are written.
    pub files: Vec<CiFile>,
}

impl GitHub {
    /// If this is one.
    pub fn detect(variable: Variables) -> Option<Self> {
        let file = |name| {
            let path = variable(name).filter(|path| !path.is_empty())?.into();
            Some(CiFile { name, path })
        };
        // The outputs come last: if a disk is full before them, there is no pass.
        let files = [SUMMARY, OUTPUTS].into_iter().filter_map(file).collect();
        is(variable, "GITHUB_ACTIONS", "true").then_some(Self { files })
    }

    /// The diagnostics for standard error: annotations, and what is over their number in plain text.
    pub fn diagnostics(&self, report: &Report) -> String {
        let mut output = String::new();
        for severity in [Severity::Error, Severity::Warning] {
            let all = report.diagnostics.iter();
            let alike = all.filter(|one| one.severity == severity);
            for (count, diagnostic) in alike.enumerate() {
                output.push_str(&if count < MAX_ANNOTATIONS {
                    annotation(report, diagnostic)
                } else {
                    text::diagnostic(diagnostic, false)
                });
            }
        }
        for (name, value) in values(report, usize::MAX, false) {
            if value.len() > MAX_OUTPUT {
                output.push_str(&format!(
                    "the output {name} is too long for a step: models that no flag names are left out\n"
                ));
            }
        }
        output
    }

    /// A wrong command line, in the same form; the run may have a label.
    pub fn usage_error(&self, message: &str, label: Option<&str>) -> String {
        let label = label.map_or(String::new(), |label| format!("{label}: "));
        let message = escape(message.trim_end());
        format!("::error title=runway-preflight usage::{label}{message}\n")
    }
}

pub(super) fn key_hints(variable: Variables) -> Vec<KeyHint> {
    if !is(variable, "GITHUB_ACTIONS", "true") {
        return Vec::new();
    }
    let blank = |value: std::ffi::OsString| value.to_string_lossy().trim().is_empty();
    let empty = variable(VARIABLE).is_some_and(blank);
    let empty = empty.then_some(KeyHint::EmptySecret);
    withheld(variable).into_iter().chain(empty).collect()
}

/// Whether GitHub withholds the secrets from this run: a pull request from a fork, or Dependabot.
fn withheld(variable: Variables) -> Option<KeyHint> {
    // `pull_request_target` runs in the base repository, with its secrets.
    if is(variable, "GITHUB_EVENT_NAME", "pull_request_target") {
        return None;
    }
    if is(variable, "GITHUB_ACTOR", "dependabot[bot]") {
        return Some(KeyHint::Dependabot);
    }
    let event = variable("GITHUB_EVENT_PATH")?;
    let event = files::read(Path::new(&event), MAX_EVENT, None).ok()?;
    let repository = |side| decode::text_at(&event, &["pull_request", side, "repo", "full_name"]);
    let base = repository("base")?;
    // The head of a fork that was deleted since has no repository.
    (repository("head") != Some(base)).then_some(KeyHint::Fork)
}

fn annotation(report: &Report, diagnostic: &Diagnostic) -> String {
    let (severity, code) = (diagnostic.severity.name(), diagnostic.code.name());
    let (summary, cause) = (&diagnostic.summary, &diagnostic.cause);
    let (fix, see) = (&diagnostic.fix, &diagnostic.see);
    let text = format!("{code}: {summary}\ncause: {cause}\nfix: {fix}\nsee: {see}");
    let text = escape(&report.labelled(&text));
    format!("::{severity} title=runway-preflight {code}::{text}\n")
}

/// A command's data, as the runner decodes it.
fn escape(data: &str) -> String {
    data.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// `name=value` each, the names prefixed with the label.
fn lines(label: Option<&str>, values: &[(&str, String)]) -> String {
    let prefix = label.map_or(String::new(), |label| format!("{label}-"));
    let line = |(name, value): &(&str, String)| format!("{prefix}{name}={value}\n");
    values.iter().map(line).collect()
}

/// The bytes that the step has left in its summary.
fn summary_room(already_there: u64) -> usize {
    let room = MAX_SUMMARY.saturating_sub(already_there);
    usize::try_from(room).unwrap_or(usize::MAX)
}

/// A wrong command line, in Markdown. GitHub drops a summary that is too long as a whole.
fn usage_summary(message: &str, label: Option<&str>, already_there: u64) -> String {
    let label = label.map_or(String::new(), |label| format!("{label}: "));
    let lines: Vec<String> = message.lines().map(markdown::escape).collect();
    let lines = lines.join("\n\n");
    let text = format!("## {label}Runway preflight: ❌ Wrong command line\n\n{lines}\n");
    let text = Some(text).filter(|text| text.len() <= summary_room(already_there));
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_one_line() {
        assert_eq!(escape("50%\r\n::error::x\r"), "50%25%0D%0A::error::x%0D");
    }
}
