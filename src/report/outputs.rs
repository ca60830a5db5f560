//! The outputs of a run: short values by name, for the steps after it.

use super::{json, Report};
use crate::quota::ModelQuota;

/// How long the values may be, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// A JSON object of models.
    pub(crate) map: usize,
    /// The report; `None` leaves it out.
    pub(crate) report: Option<usize>,
}

/// Name and value, `pass` last: if a disk is full before it, there is no pass.
pub(crate) fn values(report: &Report, bounds: Bounds) -> Vec<(&'static str, String)> {
    let left = |quota: &ModelQuota| quota.left().ok();
    let concurrency = |quota: &ModelQuota| quota.concurrency.clone().ok();
    let days = report.lasts_days();
    let tasks = report.granted_tasks();
    let mut values = outcome(report);
    values.extend([
        ("warnings", report.warning_codes().join(",")),
        ("granted", json::render_granted(report, bounds.map)),
        (
            "granted-tasks",
            tasks.map_or(String::new(), |tasks| tasks.to_string()),
        ),
        (
            "lasts-days",
            days.map_or(String::new(), |days| days.to_string()),
        ),
        ("credit-balance", report.balance()),
        (
            "generations-left",
            json::render_map(report, bounds.map, left),
        ),
        (
            "concurrency",
            json::render_map(report, bounds.map, concurrency),
        ),
    ]);
    if let Some(max_bytes) = bounds.report {
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
