//! JUnit XML: a test case for each requirement, and one for the account. A shortfall is a failure,
//! what could not be checked an error.

use super::{text, Report, Verdict};
use crate::diagnostic::{Diagnostic, Severity};
use crate::exit::Exit;

/// How every document begins.
pub(super) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                    <testsuites>\n\
                    <testsuite id=\"0\" package=\"runway-preflight\" name=\"";

/// What may come of a test case.
const FAILURE: &str = "failure";
const ERROR: &str = "error";
const SKIPPED: &str = "skipped";
const PASSED: &str = "";

/// The whole document.
pub fn render(report: &Report) -> String {
    let name = escape(&report.labelled("runway-preflight"));
    let cases = cases(report, &name);
    // In text there is no `<`.
    let count = |element: &str| cases.matches(&format!("<{element} ")).count();
    let checked_at = humantime::format_rfc3339_seconds(report.contents.checked_at).to_string();
    format!(
        "{HEAD}{name}\" timestamp=\"{}\" \
         hostname=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n\
         <properties/>\n\
         {cases}\
         <system-out>{}</system-out>\n\
         <system-err>{}</system-err>\n\
         </testsuite>\n\
         </testsuites>\n",
        checked_at.trim_end_matches('Z'),
        escape(&report.host),
        count("testcase"),
        count("failure"),
        count("error"),
        count("skipped"),
        escape(&report.message()),
        escape(text::diagnostics(report, false).trim_start()),
    )
}

/// Every error is in one: of the requirement that it is about, else of the account.
fn cases(report: &Report, suite: &str) -> String {
    let errors = |is_of: &dyn Fn(&Diagnostic) -> bool| {
        let all = report.diagnostics.iter();
        let errors = all.filter(|one| one.severity == Severity::Error && is_of(one));
        errors.collect::<Vec<&Diagnostic>>()
    };
    let not_checked = match report.exit {
        Exit::Go => SKIPPED,
        _ => ERROR,
    };
    let case = |name: &str, outcome: &str, message: &str, why: &[&Diagnostic]| {
        let (name, message, body) = (escape(name), escape(message), escape(&details(why)));
        let outcome = match outcome {
            FAILURE => {
                format!("<failure type=\"shortfall\" message=\"{message}\">{body}</failure>")
            }
            ERROR => format!("<error type=\"cannot-tell\" message=\"{message}\">{body}</error>"),
            SKIPPED => format!("<skipped message=\"{message}\"/>"),
            passed => passed.to_owned(),
        };
        format!("<testcase classname=\"{suite}\" name=\"{name}\" time=\"0\">{outcome}</testcase>\n")
    };
    // Those that decide come first.
    let all = errors(&|one| one.row.is_none()).into_iter();
    let (mut of_account, others): (Vec<_>, Vec<_>) = all.partition(|one| one.decides);
    of_account.extend(others);
    let rows = report.requirements();
    let of_rows = rows.iter().enumerate().map(|(index, row)| {
        let own = errors(&|one| one.row == Some(index));
        match row.met {
            _ if !own.is_empty() => case(&row.name, FAILURE, &summaries(&own), &own),
            Some(true) => case(&row.name, PASSED, "", &[]),
            Some(false) => {
                // Its error may have been folded into that of another row.
                let why = errors(&|one| one.model.is_none() || one.model == row.model);
                case(&row.name, FAILURE, &summaries(&why), &why)
            }
            None => {
                let why: Vec<&Diagnostic> = report.obstacle().into_iter().collect();
                case(&row.name, not_checked, &row.note, &why)
            }
        }
    });
    let short = of_account.iter().any(|one| one.code.exit().is_no_go());
    let outcome = match report.verdict {
        Verdict::Go => PASSED,
        _ if short => FAILURE,
        _ => not_checked,
    };
    let account = match (of_account.is_empty(), rows.is_empty()) {
        (false, _) => case("account", outcome, &summaries(&of_account), &of_account),
        (true, true) => case("account", outcome, &report.headline(), &[]),
        (true, false) => String::new(),
    };
    of_rows.chain([account]).collect()
}

fn summaries(diagnostics: &[&Diagnostic]) -> String {
    let summaries: Vec<&str> = diagnostics.iter().map(|one| &*one.summary).collect();
    summaries.join("; ")
}

fn details(diagnostics: &[&Diagnostic]) -> String {
    let details = diagnostics.iter().map(|one| text::diagnostic(one, false));
    details.collect()
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
