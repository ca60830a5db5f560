//! JUnit XML: a test case for each requirement, and one for the account. A shortfall is a failure,
//! what could not be checked an error.

use super::{text, Report, Verdict};
use crate::diagnostic::{Diagnostic, Severity};
use crate::exit::Exit;

/// How every document begins.
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                    <testsuites>\n\
                    <testsuite id=\"0\" package=\"runway-preflight\" ";

/// Whether a file that begins like this is one of ours.
pub(super) fn is_report(head: &str) -> bool {
    head.starts_with(HEAD)
}

/// The whole document.
pub fn render(report: &Report) -> String {
    let cases = cases(report);
    let count = |element| cases.iter().filter(|case| case.element == element).count();
    let name = escape(&report.labelled("runway-preflight"));
    let checked_at = humantime::format_rfc3339_seconds(report.contents.checked_at).to_string();
    let shown: String = cases.iter().map(|case| case.render(&name)).collect();
    let diagnostics = report.diagnostics.iter();
    let details: String = diagnostics
        .map(|one| text::diagnostic(one, false))
        .collect();
    format!(
        "{HEAD}name=\"{name}\" timestamp=\"{}\" \
         hostname=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n\
         <properties/>\n\
         {shown}\
         <system-out>{}</system-out>\n\
         <system-err>{}</system-err>\n\
         </testsuite>\n\
         </testsuites>\n",
        checked_at.trim_end_matches('Z'),
        escape(&report.host),
        cases.len(),
        count(FAILURE),
        count(ERROR),
        count(SKIPPED),
        escape(&report.message()),
        escape(&details),
    )
}

const FAILURE: &str = "failure";
const ERROR: &str = "error";
const SKIPPED: &str = "skipped";
const PASSED: &str = "";

struct Case {
    name: String,
    /// The element that says what did not go well.
    element: &'static str,
    message: String,
    body: String,
}

/// Every error is in one: of the requirement that it is about, else of the account.
fn cases(report: &Report) -> Vec<Case> {
    let errors_of = |row: Option<usize>| {
        let all = report.diagnostics.iter();
        let errors = all.filter(move |one| one.severity == Severity::Error && one.row == row);
        errors.collect::<Vec<&Diagnostic>>()
    };
    let not_checked = if report.exit == Exit::Go {
        SKIPPED
    } else {
        ERROR
    };
    let mut cases = Vec::new();
    for (index, row) in report.requirements().into_iter().enumerate() {
        let own = errors_of(Some(index));
        cases.push(match row.met {
            _ if !own.is_empty() => Case::new(row.name, FAILURE, summaries(&own), &own),
            Some(true) => Case::new(row.name, PASSED, String::new(), &[]),
            // Another error stands for its own.
            Some(false) => {
                let message = format!("need {}, left {}", row.needed, row.left);
                Case::new(row.name, FAILURE, message, &errors_of(None))
            }
            None => {
                let why: Vec<&Diagnostic> = report.obstacle().into_iter().collect();
                Case::new(row.name, not_checked, row.note, &why)
            }
        });
    }
    let mut of_account = errors_of(None);
    of_account.sort_by_key(|one| !one.decides);
    if cases.is_empty() || !of_account.is_empty() {
        let short = of_account.iter().any(|one| one.code.exit().is_no_go());
        let element = match report.verdict {
            Verdict::Go => PASSED,
            _ if short => FAILURE,
            _ => not_checked,
        };
        let message = if of_account.is_empty() {
            report.headline()
        } else {
            summaries(&of_account)
        };
        cases.push(Case::new(
            "account".to_owned(),
            element,
            message,
            &of_account,
        ));
    }
    cases
}

fn summaries(diagnostics: &[&Diagnostic]) -> String {
    let summaries: Vec<&str> = diagnostics.iter().map(|one| &*one.summary).collect();
    summaries.join("; ")
}

impl Case {
    fn new(name: String, element: &'static str, message: String, why: &[&Diagnostic]) -> Self {
        let body = why.iter().map(|one| text::diagnostic(one, false));
        Self {
            name,
            element,
            message,
            body: body.collect(),
        }
    }

    fn render(&self, suite: &str) -> String {
        let message = escape(&self.message);
        let body = escape(&self.body);
        let outcome = match self.element {
            PASSED => String::new(),
            SKIPPED => format!("<skipped message=\"{message}\"/>"),
            element => {
                let kind = if element == FAILURE {
                    "shortfall"
                } else {
                    "cannot-tell"
                };
                format!("<{element} type=\"{kind}\" message=\"{message}\">{body}</{element}>")
            }
        };
        let name = escape(&self.name);
        format!("<testcase classname=\"{suite}\" name=\"{name}\" time=\"0\">{outcome}</testcase>\n")
    }
}

/// Text as text, without what XML cannot hold at all.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        for (text, escaped) in [
            ("a<b & \"c\">", "a&lt;b &amp; &quot;c&quot;&gt;"),
            ("two\nlines\tof", "two\nlines\tof"),
            (
                "\0\x1b[2J\r\x7f\u{9b}",
                "\u{fffd}\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}",
            ),
            ("\u{fffe}\u{ffff}é😀", "\u{fffd}\u{fffd}é😀"),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }
}
