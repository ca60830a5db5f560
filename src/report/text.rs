//! For a terminal or a CI log. Every text of a server's is on a line of its own making.

use textwrap::{Options, WordSplitter};

use super::table::MAX_ROWS;
use super::{Report, RowInWords, Verdict};
use crate::diagnostic::{Diagnostic, Severity};

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// The columns that a headline takes before the host.
const HEADLINE: usize = 50;

/// Blocks.
const LONGEST_BAR: usize = 40;

/// The columns that a row of the history takes beside its bar.
const BESIDE_BAR: usize = 60;

const NEED: &str = "need";
const LEFT: &str = "left";

/// How text is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// In colour.
    pub colour: bool,
    /// The columns of the terminal; `None` if lines are not wrapped.
    pub width: Option<usize>,
}

/// Whether a file that begins so is one of ours: a verdict, which `DEMO` and the name of the run may
/// precede, then what happened, the host, and a blank line.
pub(super) fn is_report(head: &str) -> bool {
    let mut lines = head.lines();
    let headline = lines.next().unwrap_or_default();
    let headline = headline.trim_start_matches("DEMO").trim_start();
    let (verdict, rest) = headline.split_once("  ").unwrap_or_default();
    let verdict = verdict.rsplit(": ").next().unwrap_or_default();
    let verdict = verdict.trim_start_matches("DEMO ");
    ["GO", "NO-GO", "CANNOT TELL", "SKIPPED"]
        .contains(&verdict.split(',').next().unwrap_or_default())
        && rest.contains("    ")
        && lines.next() == Some("")
}

/// The report for standard output.
pub fn render(report: &Report, style: Style) -> String {
    let paint = Paint(style.colour);
    let mut text = headline(report, paint);
    text.push_str(&requirements(report, paint));
    for (name, figure) in report.account(false) {
        text.push_str(&format!("  {name:<12}  {figure}\n"));
    }
    let longest_bar = style.width.map_or(LONGEST_BAR, |width| {
        width.saturating_sub(BESIDE_BAR).clamp(8, LONGEST_BAR)
    });
    for section in report.sections(longest_bar, MAX_ROWS) {
        if !section.title.is_empty() {
            text.push_str(&format!("\n  {}\n", section.title));
        }
        for table in section.tables.iter().filter(|table| table.all() > 0) {
            text.push_str(&format!("\n{}", table.padded()));
            if table.left_out > 0 {
                let (left_out, all) = (table.left_out, table.all());
                text.push_str(&format!(
                    "  ({left_out} of {all} {} left out)\n",
                    table.noun
                ));
            }
        }
        if !section.note.is_empty() {
            text.push_str(&format!("\n  {}\n", section.note));
        }
    }
    let text = format!("{}\n", text.trim_end());
    wrapped(text, style)
}

/// The diagnostics for standard error, set off from what is above them.
pub fn diagnostics(report: &Report, style: Style) -> String {
    let all = report.diagnostics.iter();
    let text: String = all.map(|one| diagnostic(one, style.colour)).collect();
    let gap = if text.is_empty() { "" } else { "\n" };
    wrapped(format!("{gap}{text}"), style)
}

/// One diagnostic for standard error.
pub fn diagnostic(diagnostic: &Diagnostic, colour: bool) -> String {
    let hue = match diagnostic.severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
    };
    let head = format!("{}[{}]", diagnostic.severity.name(), diagnostic.code.name());
    format!(
        "{}: {}\n  cause: {}\n    fix: {}\n    see: {}\n",
        Paint(colour).with(hue, &head),
        diagnostic.summary,
        diagnostic.cause,
        diagnostic.fix,
        diagnostic.see
    )
}

fn headline(report: &Report, paint: Paint) -> String {
    let hue = match (report.verdict, report.passes()) {
        (Verdict::Go, _) => GREEN,
        (Verdict::NoGo, _) | (Verdict::CannotTell, false) => RED,
        (Verdict::CannotTell, true) | (Verdict::Skipped, _) => YELLOW,
    };
    let word = report.labelled(report.verdict_in_words());
    let headline = report.headline();
    let taken = word
        .chars()
        .count()
        .saturating_add(2)
        .saturating_add(headline.chars().count());
    let gap = " ".repeat(HEADLINE.saturating_sub(taken).max(4));
    format!(
        "{}  {headline}{gap}{}\n\n",
        paint.with(hue, &word),
        report.host
    )
}

fn requirements(report: &Report, paint: Paint) -> String {
    let rows = report.requirements();
    if rows.is_empty() {
        return String::new();
    }
    let length = |text: &str| text.chars().count();
    // `188 of 200` lines up at its first figure.
    let figure = |left: &str| left.split(" of ").next().map_or(0, length);
    let widest = |cell: &dyn Fn(&RowInWords) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let name = widest(&|row| length(&row.name));
    let needed = widest(&|row| length(&row.needed)).max(NEED.len());
    let figures = widest(&|row| figure(&row.left)).max(LEFT.len());
    let shifted = |left: &str| {
        let shift = figures.saturating_sub(figure(left));
        format!("{}{left}", " ".repeat(shift))
    };
    let left = widest(&|row| length(&shifted(&row.left)));
    let mut text = format!("    {:name$}  {NEED:>needed$}  {LEFT:>figures$}\n", "");
    for row in &rows {
        let mark = match row.met {
            Some(true) => paint.with(GREEN, "✓"),
            Some(false) => paint.with(RED, "✗"),
            None => paint.with(YELLOW, "?"),
        };
        let line = format!(
            "  {mark} {:<name$}  {:>needed$}  {:<left$}  {}",
            row.name,
            row.needed,
            shifted(&row.left),
            row.note
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

/// Each line within the width, what does not fit below its own beginning; never inside a word.
fn wrapped(text: String, style: Style) -> String {
    let Some(width) = style.width else {
        return text;
    };
    let lines = text.lines().map(|line| {
        // Below a heading that stands far to the right there is no room.
        let indent = " ".repeat(indent(line).min(width / 4));
        let options = Options::new(width)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        textwrap::fill(line, options) + "\n"
    });
    lines.collect()
}

/// Where the rest of a line goes: behind `cause:` and the like, else a little further in.
fn indent(line: &str) -> usize {
    let spaces = line.len().saturating_sub(line.trim_start().len());
    let labels = ["cause: ", "fix: ", "see: "];
    let label = labels
        .iter()
        .find(|label| line.trim_start().starts_with(*label));
    spaces.saturating_add(label.map_or(2, |label| label.len()))
}

#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, hue: &str, text: &str) -> String {
        if self.0 {
            format!("{BOLD}{hue}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    }
}
