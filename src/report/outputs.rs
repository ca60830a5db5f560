//! The outputs of a run: short values by name, for the steps after it.

use super::{fitting, json, Report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::job::once_each;
use crate::quota::{Limit, ModelQuota};

/// Name and value, `pass` last: if a disk is full before it, there is no pass. No JSON object has
/// more than `max_bytes`: a longer one holds the models that a flag names, as many as there is room
/// for.
pub(crate) fn values(
    report: &Report,
    max_bytes: usize,
    with_report: bool,
) -> Vec<(&'static str, String)> {
    let decision = report.contents.decision;
    let (rows, grants) = (decision.rows.len(), report.granted.grants.len());
    let named = report.named_models().len();
    let lists = [report.diagnostics.len(), rows, grants, named];
    let most = lists.into_iter().max().unwrap_or_default();
    let fitted = |render: &dyn Fn(usize) -> String| match render(usize::MAX) {
        whole if whole.len() <= max_bytes => whole,
        _ => fitting(max_bytes, most, render).unwrap_or("{}".to_owned()),
    };
    let of_models =
        |figure: fn(&ModelQuota) -> Option<Limit>| fitted(&|max| json::models(report, max, figure));
    let number = |figure: Option<i128>| figure.map_or(String::new(), |it| it.to_string());
    let days = decision.forecast.map(|forecast| forecast.days());
    let read = report.contents.organization;
    let balance = read.and_then(|read| Some(read.balance.as_ref().ok()?.0));
    let tasks = report.granted_tasks().map(i128::from);
    let left = of_models(|quota| quota.left().ok());
    let concurrency = of_models(|quota| quota.concurrency.as_ref().ok().copied());
    let warnings = codes(report, |one| one.severity == Severity::Warning);
    let mut values = outcome(report);
    values.extend([
        ("warnings", warnings),
        ("granted", fitted(&|max| json::grants(report, max))),
        ("granted-tasks", number(tasks)),
        ("lasts-days", number(days)),
        ("credit-balance", number(balance)),
        ("generations-left", left),
        ("concurrency", concurrency),
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
    let counted = report.diagnostics.iter().filter(|one| counts(one));
    once_each(counted.map(|one| one.code.name())).join(",")
}
