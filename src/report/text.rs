//! For a terminal or a CI log. Text from a server stays within its line.

use super::table::MAX_ROWS;
use super::{left, unlabelled, Report, Sections, Table, Verdict};
use crate::diagnostic::{Diagnostic, Severity};
use crate::format::thousands;

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// The columns that a headline takes before the host.
const HEADLINE: usize = 46;

/// Whether a file that begins like this is one of ours: `DEMO` and the name of the run, if any, then
/// the verdict, what happened, the host, and a blank line.
pub(super) fn is_report(head: &str, verdict: &str) -> bool {
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default();
    let (headline, host) = line.rsplit_once("    ").unwrap_or_default();
    unlabelled(line).starts_with(&format!("{verdict}  "))
        && headline.chars().count() >= HEADLINE
        && !host.is_empty()
        && lines.next() == Some("")
}

/// The report for standard output.
pub fn render(report: &Report, colour: bool) -> String {
    let mut text = headline(report, colour);
    text.push_str(&requirements(report, colour));
    for (name, figure) in report.account(false) {
        text.push_str(&format!("  {name:<12}  {figure}\n"));
    }
    text.push_str(&report.sections(&Sections {
        heading: "  ",
        indent: "  ",
        max_rows: MAX_ROWS,
        table,
    }));
    format!("{}\n", text.trim_end())
}

fn table(table: &Table) -> String {
    let (all, left_out, noun) = (table.all(), table.left_out, table.noun);
    let mut text = table.padded();
    if left_out > 0 {
        text.push_str(&format!("  ({left_out} of {all} {noun} left out)\n"));
    }
    text
}

/// The diagnostics for standard error, set off from what is above them.
pub fn diagnostics(report: &Report, colour: bool) -> String {
    let all = report.diagnostics.iter();
    let text: String = all.map(|one| diagnostic(one, colour)).collect();
    let gap = if text.is_empty() { "" } else { "\n" };
    format!("{gap}{text}")
}

/// One diagnostic for standard error.
pub fn diagnostic(diagnostic: &Diagnostic, colour: bool) -> String {
    let hue = match diagnostic.severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
    };
    let (severity, code) = (diagnostic.severity.name(), diagnostic.code.name());
    let head = paint(colour, hue, &format!("{severity}[{code}]"));
    let (summary, cause) = (&diagnostic.summary, &diagnostic.cause);
    let (fix, see) = (&diagnostic.fix, &diagnostic.see);
    format!("{head}: {summary}\n  cause: {cause}\n    fix: {fix}\n    see: {see}\n")
}

fn headline(report: &Report, colour: bool) -> String {
    let hue = match (report.verdict, report.passes()) {
        (Verdict::Go, _) => GREEN,
        (Verdict::NoGo, _) | (Verdict::CannotTell, false) => RED,
        (Verdict::CannotTell, true) | (Verdict::Skipped, _) => YELLOW,
    };
    let [_, verdict, _] = report.verdict.in_words(report.passes());
    let verdict = report.labelled(verdict);
    let headline = format!("{verdict}  {}", report.headline());
    let line = format!("{headline:<HEADLINE$}    {}\n\n", report.host);
    line.replacen(&verdict, &paint(colour, hue, &verdict), 1)
}

fn requirements(report: &Report, colour: bool) -> String {
    let rows = report.requirements();
    if rows.is_empty() {
        return String::new();
    }
    // `188 of 200` lines up at its first figure.
    let figure = |left: &str| left.split(" of ").next().map_or(0, |it| it.chars().count());
    let widest = rows.iter().map(|row| figure(&left(row))).max();
    let widest = widest.unwrap_or(0).max(figure("left"));
    let lined_up = |left: &str| " ".repeat(widest.saturating_sub(figure(left))) + left;
    let cells = rows.iter().map(|row| {
        let [_, mark, _] = mark(row.met);
        let name = format!("{mark} {}", row.name);
        let left = lined_up(&left(row));
        [name, thousands(row.needed), left, row.note.clone()]
    });
    let head = format!("|need|{}|", lined_up("left"));
    let mut text = Table::new("requirements", &head, 1..2, cells, MAX_ROWS).padded();
    for met in [Some(true), Some(false), None] {
        let [hue, mark, _] = mark(met);
        let painted = paint(colour, hue, mark);
        text = text.replace(&format!("\n  {mark} "), &format!("\n  {painted} "));
    }
    text + "\n"
}

/// How a requirement is marked: the colour and the mark of text, and the mark of Markdown.
pub(super) fn mark(met: Option<bool>) -> [&'static str; 3] {
    match met {
        Some(true) => [GREEN, "✓", "✅"],
        Some(false) => [RED, "✗", "❌"],
        None => [YELLOW, "?", "❔"],
    }
}

fn paint(colour: bool, hue: &str, text: &str) -> String {
    if colour && !text.is_empty() {
        format!("{BOLD}{hue}{text}{PLAIN}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::report::{format_of, Format};

    #[test]
    fn a_report_is_told_by_its_headline() {
        let end =
            "the balance is 5 credits                          host\n\n  Balance  5 credits\n";
        for start in [
            "GO  ",
            "acme: NO-GO  ",
            "CANNOT TELL, PASSED BY --fail-open  ",
            "DEMO SKIPPED  ",
            "DEMO acme: GO  ",
        ] {
            let text = format!("{start}{end}");
            assert_eq!(format_of(text.as_bytes()), Some(Format::Text), "{start}");
        }
        for text in [
            "",
            "GO",
            "GO  home    now\nnext line",
            "GO  here first    then there\n\n",
            "all:\n\tgate\n",
            "GOING  to the shop    tomorrow\n\n",
            "NAME=GO  x    y\n\n",
        ] {
            assert_eq!(format_of(text.as_bytes()), None, "{text}");
        }
    }
}
