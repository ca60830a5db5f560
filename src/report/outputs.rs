//! The outputs of a run: short values by name, for the steps after it.

use super::{json, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::quota::ModelQuota;

/// Name and value, `pass` last: if a disk is full before it, there is no pass. A JSON object of
/// models has at most `max_object` bytes, and the report, where it is wanted, `max_report`.
pub(crate) fn values(
    report: &Report,
    max_object: usize,
    max_report: Option<usize>,
) -> Vec<(&'static str, String)> {
    let left = |quota: &ModelQuota| quota.left().ok();
    let concurrency = |quota: &ModelQuota| quota.concurrency.clone().ok();
    let warnings = codes(report, |one| one.severity == Severity::Warning);
    let forecast = report.contents.decision.forecast;
    let days = forecast.map(|forecast| forecast.days().to_string());
    let read = report.contents.organization;
    let balance = read.and_then(|read| read.balance.as_ref().ok());
    let balance = balance.map(|balance| balance.0.to_string());
    let tasks = report.granted_tasks().map(|tasks| tasks.to_string());
    let left = json::render_map(report, max_object, left);
    let concurrency = json::render_map(report, max_object, concurrency);
    let mut values = outcome(report);
    values.extend([
        ("warnings", warnings),
        ("granted", json::render_granted(report, max_object)),
        ("granted-tasks", tasks.unwrap_or_default()),
        ("lasts-days", days.unwrap_or_default()),
        ("credit-balance", balance.unwrap_or_default()),
        ("generations-left", left),
        ("concurrency", concurrency),
    ]);
    if let Some(max_bytes) = max_report {
        values.push(("report", json::render_line(report, max_bytes)));
    }
    values.push(("pass", report.passes().to_string()));
    values
}

/// What happened, but for the pass.
pub(crate) fn outcome(report: &Report) -> Vec<(&'static str, String)> {
    vec![
        ("verdict", report.verdict.name().to_owned()),
        ("exit-code", report.exit.code().to_string()),
        ("codes", codes(report, |one| one.decides)),
        ("message", report.message()),
    ]
}

/// The codes of the diagnostics that count, each once.
fn codes(report: &Report, counts: impl Fn(&Diagnostic) -> bool) -> String {
    let mut codes = Vec::new();
    for diagnostic in report.diagnostics.iter().filter(|one| counts(one)) {
        let name = diagnostic.code.name();
        if !codes.contains(&name) {
            codes.push(name);
        }
    }
    codes.join(",")
}
