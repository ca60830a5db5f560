//! The outputs of a run: short values by name, for the steps after it.

use super::{json, Report};
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
    let days = report.lasts_days().map(|days| days.to_string());
    let tasks = report.granted_tasks().map(|tasks| tasks.to_string());
    let left = json::render_map(report, max_object, left);
    let concurrency = json::render_map(report, max_object, concurrency);
    let mut values = outcome(report);
    values.extend([
        ("warnings", report.warning_codes().join(",")),
        ("granted", json::render_granted(report, max_object)),
        ("granted-tasks", tasks.unwrap_or_default()),
        ("lasts-days", days.unwrap_or_default()),
        ("credit-balance", report.balance()),
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
        ("codes", report.codes().join(",")),
        ("message", report.message()),
    ]
}
