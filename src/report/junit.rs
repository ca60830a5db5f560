//! JUnit XML: a test case for each requirement. A shortfall is a failure, what could not be decided
//! an error.

use super::{Cells, Report, Verdict};
use crate::diagnostic::Severity;
use crate::report::text;

/// The whole document.
pub fn render(report: &Report) -> String {
    let rows = report.requirements();
    let mut cases: Vec<Case> = rows.iter().map(|row| Case::of_row(report, row)).collect();
    let errors = report.diagnostics.iter();
    let fails = errors.clone().any(|one| one.severity == Severity::Error);
    let reported = |case: &Case| !matches!(case.outcome, Outcome::Passed | Outcome::Skipped(_));
    // What no requirement says: the key, the account, a report that could not be written.
    if cases.is_empty() || (fails && !cases.iter().any(reported)) {
        cases.push(Case::of_run(report));
    }
    let count =
        |kind: fn(&Outcome) -> bool| cases.iter().filter(|case| kind(&case.outcome)).count();
    let (failures, errors_found, skipped) = (
        count(|outcome| matches!(outcome, Outcome::Failed(_))),
        count(|outcome| matches!(outcome, Outcome::Undecided(_))),
        count(|outcome| matches!(outcome, Outcome::Skipped(_))),
    );
    let name = escape(&report.labelled("runway-preflight"));
    let checked_at = humantime::format_rfc3339_seconds(report.contents.checked_at).to_string();
    let tests = cases.len();
    let cases: String = cases.iter().map(|case| case.render(&name)).collect();
    let details: String = errors.map(|one| text::diagnostic(one, false)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites>\n\
         <testsuite id=\"0\" package=\"runway-preflight\" name=\"{name}\" timestamp=\"{}\" \
         hostname=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors_found}\" \
         skipped=\"{skipped}\" time=\"0\">\n\
         <properties/>\n\
         {cases}\
         <system-out>{}</system-out>\n\
         <system-err>{}</system-err>\n\
         </testsuite>\n\
         </testsuites>\n",
        checked_at.trim_end_matches('Z'),
        escape(&report.host()),
        escape(&report.message()),
        escape(&details),
    )
}

struct Case {
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed(String),
    Undecided(String),
    Skipped(String),
}

impl Case {
    fn of_row(report: &Report, row: &Cells) -> Self {
        let figures = format!("need {}, left {}", row.needed, row.left);
        let outcome = match row.met {
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Failed(figures),
            // Passed anyway, by --fail-open or --missing-key skip.
            None if report.verdict == Verdict::Skipped || report.passes() => {
                Outcome::Skipped(report.message())
            }
            None => Outcome::Undecided(report.message()),
        };
        Self {
            name: row.name.clone(),
            outcome,
        }
    }

    fn of_run(report: &Report) -> Self {
        let outcome = match report.verdict {
            Verdict::Go => Outcome::Passed,
            Verdict::NoGo => Outcome::Failed(report.message()),
            Verdict::CannotTell if !report.passes() => Outcome::Undecided(report.message()),
            Verdict::CannotTell | Verdict::Skipped => Outcome::Skipped(report.message()),
        };
        Self {
            name: "account".to_owned(),
            outcome,
        }
    }

    fn render(&self, suite: &str) -> String {
        let outcome = match &self.outcome {
            Outcome::Passed => String::new(),
            Outcome::Failed(why) => {
                format!("<failure type=\"shortfall\" message=\"{}\"/>", escape(why))
            }
            Outcome::Undecided(why) => {
                format!("<error type=\"cannot-tell\" message=\"{}\"/>", escape(why))
            }
            Outcome::Skipped(why) => format!("<skipped message=\"{}\"/>", escape(why)),
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
