//! For a job summary. Text from a server is escaped, so that no name breaks a table.

use super::{history_table, totals_table, Report, Table};
use crate::clean::for_log;
use crate::decide::Verdict;
use crate::figures::count;
use crate::tier::UNLOCK_NOTE;

/// A table longer than this is folded.
const LONG: usize = 15;

/// The whole report.
pub fn render(report: &Report) -> String {
    render_rows(report, usize::MAX)
}

/// The report with at most so many bytes: rows of its long tables are left out for it, and that
/// is said.
pub fn render_within(report: &Report, most_bytes: usize) -> String {
    let mut rows = usize::MAX;
    loop {
        let text = render_rows(report, rows);
        if text.len() <= most_bytes || rows == 0 {
            return text;
        }
        let entries = report.usage.as_ref().map(|(_, history)| history.entries());
        rows = rows.min(report.models().len().max(entries.unwrap_or(0))) / 2;
    }
}

fn render_rows(report: &Report, most_rows: usize) -> String {
    let mark = match (report.verdict, report.passes()) {
        (Verdict::Go, _) => "✅ Go",
        (Verdict::NoGo, _) => "❌ No-go",
        (Verdict::CannotTell, false) => "❌ Cannot tell",
        (Verdict::CannotTell, true) => "⚠️ Cannot tell, passed by `--fail-open`",
        (Verdict::Skipped, _) => "⚠️ Skipped",
    };
    let mut text = format!(
        "## Runway preflight: {mark}\n\n{} ({})\n\n",
        escape(&report.headline()),
        escape(&report.host)
    );
    let rows: Vec<_> = report.requirements().collect();
    if !rows.is_empty() {
        text.push_str("| | Requirement | Need | Left | |\n|---|---|---:|---:|---|\n");
        for row in rows {
            let mark = match row.met {
                Some(true) => "✅",
                Some(false) => "❌",
                None => "❔",
            };
            text.push_str(&format!(
                "| {mark} | {} | {} | {} | {} |\n",
                escape(&row.name),
                escape(&row.needed),
                escape(&row.left),
                escape(&row.note)
            ));
        }
        text.push('\n');
    }
    for diagnostic in &report.diagnostics {
        text.push_str(&format!(
            "- **{} `{}`** — {}\n  - Cause: {}\n  - Fix: {}\n  - See: <{}>\n",
            diagnostic.severity.name(),
            diagnostic.code.name(),
            escape(&diagnostic.summary),
            escape(&diagnostic.cause),
            escape(&diagnostic.fix),
            diagnostic.see
        ));
    }
    if !report.diagnostics.is_empty() {
        text.push('\n');
    }
    for (name, figure) in report.account() {
        text.push_str(&format!("- {name}: {}\n", escape(&figure)));
    }
    let models = report.model_table();
    if !models.rows.is_empty() {
        text.push('\n');
        text.push_str(&folded(models, "models", most_rows));
    }
    if let Some((window, history)) = &report.usage {
        text.push_str(&format!(
            "\n### Credits used from {} to {} ({}, UTC)\n\n",
            window.start,
            window.last_day(),
            count(window.days().into(), "day")
        ));
        text.push_str(&folded(history_table(history), "entries", most_rows));
        text.push('\n');
        text.push_str(&table(&totals_table(history)));
    }
    if report.tiers {
        text.push_str("\n### Tiers\n\n");
        text.push_str(&table(&report.tier_table()));
        text.push_str(&format!("\n{UNLOCK_NOTE}\n"));
    }
    text
}

fn folded(mut contents: Table, noun: &str, most_rows: usize) -> String {
    let all = contents.rows.len();
    contents.rows.truncate(most_rows);
    let left_out = all.saturating_sub(contents.rows.len());
    let mut text = table(&contents);
    if contents.rows.len() > LONG {
        text = format!("<details><summary>{all} {noun}</summary>\n\n{text}\n</details>\n");
    }
    if left_out > 0 {
        text.push_str(&format!(
            "\n{left_out} of {all} {noun} are left out here.\n"
        ));
    }
    text
}

fn table(table: &Table) -> String {
    let rules =
        (0..table.head.len()).map(|column| if column < table.words { "---" } else { "---:" });
    let mut text = format!(
        "| {} |\n|{}|\n",
        table.head.join(" | "),
        rules.collect::<Vec<_>>().join("|")
    );
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// Text as text: whatever Markdown or HTML would take for markup is escaped.
pub(super) fn escape(text: &str) -> String {
    const MARKUP: &str = "\\`*[]<>|~#&!@";
    let line = for_log(text);
    let mut escaped = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    let mut within_word = false;
    while let Some(character) = characters.next() {
        let next_is_word = characters.peek().is_some_and(|next| next.is_alphanumeric());
        let loose = character == '_' && !(within_word && next_is_word);
        if loose || MARKUP.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
        within_word = character.is_alphanumeric();
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(escape("gen4_turbo veo3.1"), "gen4_turbo veo3.1");
        assert_eq!(
            escape("a|b\n<img> [x](y) _z_"),
            "a\\|b \\<img\\> \\[x\\](y) \\_z\\_"
        );
        assert_eq!(escape("##[group]"), "\\# \\#\\[group\\]");
    }

    proptest! {
        #[test]
        fn no_cell_breaks_its_table(text in any::<String>()) {
            let cell = escape(&text);
            prop_assert!(!cell.contains('\n') && !cell.contains("##["));
            let bare = cell.replace("\\\\", "").replace("\\|", "").replace("\\<", "");
            prop_assert!(!bare.contains('|') && !bare.contains('<'), "{}", cell);
        }
    }
}
