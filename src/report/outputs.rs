//! The outputs of a run: short values by name, for the steps after it.

use super::{fitting, json, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::quota::ModelQuota;

/// Name and value, `pass` last: if a disk is full before it, there is no pass. No JSON object has
/// more than `max_bytes`: it holds as many models as there is room for, those that a flag names
/// first.
pub(crate) fn values(
    report: &Report,
    max_bytes: usize,
    with_report: bool,
) -> Vec<(&'static str, String)> {
    let decision = report.contents.decision;
    let (rows, grants) = (decision.rows.len(), report.granted.grants.len());
    let lists = [report.diagnostics.len(), rows, grants];
    let most = lists.into_iter().fold(report.models().len(), usize::max);
    let fitted = |render: &dyn Fn(usize) -> String| {
        fitting(max_bytes, most, render).unwrap_or("{}".to_owned())
    };
    let left = |quota: &ModelQuota| quota.left().ok();
    let concurrency = |quota: &ModelQuota| quota.concurrency.as_ref().ok().copied();
    let warnings = codes(report, |one| one.severity == Severity::Warning);
    let days = decision
        .forecast
        .map(|forecast| forecast.days().to_string());
    let read = report.contents.organization;
    let balance = read.and_then(|read| read.balance.as_ref().ok());
    let balance = balance.map(|balance| balance.0.to_string());
    let tasks = report.granted_tasks().map(|tasks| tasks.to_string());
    let mut values = outcome(report);
    values.extend([
        ("warnings", warnings),
        ("granted", fitted(&|max| json::grants(report, max))),
        ("granted-tasks", tasks.unwrap_or_default()),
        ("lasts-days", days.unwrap_or_default()),
        ("credit-balance", balance.unwrap_or_default()),
        (
            "generations-left",
            fitted(&|max| json::models(report, max, left)),
        ),
        (
            "concurrency",
            fitted(&|max| json::models(report, max, concurrency)),
        ),
    ]);
    if with_report {
        values.push(("report", fitted(&|max| json::line(report, max))));
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
