//! What a run in GitHub Actions says besides: annotations, outputs, a summary. Nothing that a
//! server sends can add a command, an output or an annotation.

use super::{json, markdown, remaining, text, Report};
use crate::clean::for_log;
use crate::diagnostic::{Diagnostic, Severity};

/// GitHub drops the annotations of a step beyond ten of each kind.
const MOST_ANNOTATIONS: usize = 10;

/// GitHub refuses a step's summary beyond 1 MiB.
const MOST_SUMMARY: usize = 1_000_000;

/// A process can hold 128 KiB in one environment variable, its name included.
const MOST_REPORT: usize = 120_000;

/// The diagnostics for standard error: annotations, and what is over their number in plain text.
pub fn annotations(report: &Report) -> String {
    let mut output = String::new();
    let (mut errors, mut warnings) = (0_usize, 0_usize);
    for diagnostic in &report.diagnostics {
        let count = match diagnostic.severity {
            Severity::Error => &mut errors,
            Severity::Warning => &mut warnings,
        };
        if *count < MOST_ANNOTATIONS {
            output.push_str(&annotation(diagnostic));
        } else {
            output.push_str(&text::diagnostic(diagnostic, false));
        }
        *count = count.saturating_add(1);
    }
    output
}

fn annotation(diagnostic: &Diagnostic) -> String {
    let message = format!(
        "{}\ncause: {}\nfix: {}\nsee: {}",
        for_log(&diagnostic.summary),
        for_log(&diagnostic.cause),
        for_log(&diagnostic.fix),
        for_log(&diagnostic.see)
    );
    format!(
        "::{} title=runway-preflight {}::{}\n",
        diagnostic.severity.name(),
        diagnostic.code.name(),
        escape(&message)
    )
}

/// A command's data, as the runner decodes it.
fn escape(data: &str) -> String {
    data.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The lines for `GITHUB_OUTPUT`, `name=value` each.
pub fn outputs(report: &Report) -> String {
    let organization = report.organization.as_ref();
    let balance = organization.and_then(|it| it.balance.as_ref().ok());
    let codes: Vec<&str> = report.decided_by.iter().map(|code| code.name()).collect();
    let values = [
        ("verdict", report.verdict.name().to_owned()),
        ("exit-code", report.exit.to_string()),
        ("codes", codes.join(",")),
        (
            "credit-balance",
            balance.map_or(String::new(), |balance| balance.0.to_string()),
        ),
        ("generations-left", json::render_map(report, remaining)),
        (
            "concurrency",
            json::render_map(report, |quota| quota.concurrency.clone().ok()),
        ),
        ("report", json::render_line(report, MOST_REPORT)),
        // Last: where a disk is full before it, there is no pass.
        ("pass", report.passes().to_string()),
    ];
    values
        .iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect()
}

/// The Markdown for `GITHUB_STEP_SUMMARY`.
pub fn summary(report: &Report) -> String {
    markdown::render_within(report, MOST_SUMMARY)
}
