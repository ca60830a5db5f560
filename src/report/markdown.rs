//! For a job summary. Text from a server is escaped, so that no name breaks a table.

use super::table::MAX_ROWS;
use super::text::mark;
use super::{fitting, left, Report, Sections, Table};
use crate::format::{count, thousands};
use crate::sanitize::for_log;

/// A table longer than this is folded.
const LONG: usize = 15;

/// What the heading says before the verdict.
pub(super) const TITLE: &str = "Runway preflight: ";

/// The report with at most `max_bytes` bytes: rows of its long tables are left out for it, and that
/// is said.
pub fn render_within(report: &Report, max_bytes: usize) -> String {
    let fitting = fitting(max_bytes, MAX_ROWS, &|rows| render(report, rows));
    fitting.unwrap_or_default()
}

/// The report with at most `max_rows` rows of a table.
pub(super) fn render(report: &Report, max_rows: usize) -> String {
    let [_, _, verdict] = report.verdict.in_words(report.passes());
    let mut text = format!(
        "## {}: {}\n\n{}\n\n",
        report.labelled(&format!("{TITLE}{verdict}")),
        escape(&report.headline()),
        escape(&report.host)
    );
    let rows = report.requirements().into_iter().map(|row| {
        let [_, _, mark] = mark(row.met);
        let (needed, left) = (thousands(row.needed), left(&row));
        [mark.to_owned(), row.name, needed, left, row.note]
    });
    let head = "|Requirement|Need|Left|";
    let rows = Table::new("requirements", head, 2..4, rows, max_rows);
    if rows.all() > 0 {
        text.push_str(&format!("{}\n", table(&rows)));
    }
    for diagnostic in report.diagnostics.iter().take(max_rows) {
        let (severity, code) = (diagnostic.severity.name(), diagnostic.code.name());
        let (summary, cause) = (escape(&diagnostic.summary), escape(&diagnostic.cause));
        let (fix, see) = (escape(&diagnostic.fix), &diagnostic.see);
        text.push_str(&format!(
            "- **{severity} `{code}`** — {summary}\n  - Cause: {cause}\n  - Fix: {fix}\n  - See: <{see}>\n"
        ));
    }
    let diagnostics = report.diagnostics.len();
    let more = diagnostics.saturating_sub(max_rows);
    for (left_out, noun) in [(rows.left_out, "requirement"), (more, "diagnostic")] {
        if left_out > 0 {
            text.push_str(&format!("- {} left out here\n", count(left_out, noun)));
        }
    }
    if diagnostics > 0 {
        text.push('\n');
    }
    for (name, figure) in report.account(true) {
        text.push_str(&format!("- {name}: {}\n", escape(&figure)));
    }
    text + &report.sections(&Sections {
        heading: "### ",
        indent: "",
        max_rows,
        table: folded,
    })
}

fn folded(contents: &Table) -> String {
    let (all, left_out, noun) = (contents.all(), contents.left_out, contents.noun);
    let mut text = table(contents);
    if contents.rows.len() > LONG {
        text = format!("<details><summary>{all} {noun}</summary>\n\n{text}\n</details>\n");
    }
    if left_out > 0 {
        let left_out = format!("{left_out} of {all} {noun}");
        text.push_str(&format!("\n{left_out} are left out here.\n"));
    }
    text
}

fn table(table: &Table) -> String {
    let figures = |column| table.figures.contains(&column);
    let rules = (0..table.head.len()).map(|column| if figures(column) { "---:" } else { "---" });
    let rules: Vec<&str> = rules.collect();
    let head = format!("| {} |", table.head.join(" | ")).replace("|  |", "| |");
    let mut text = format!("{head}\n|{}|\n", rules.join("|"));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// Text as text: a word that Markdown or HTML would take for markup, or GitHub for a link, becomes
/// code.
pub(crate) fn escape(text: &str) -> String {
    let line = for_log(text);
    let words = line.split(' ').map(|word| {
        if is_plain(word) || is_link_to_runway(word) {
            return word.to_owned();
        }
        // In code only these mean anything.
        let code = word.replace('`', "'").replace('\\', "/");
        format!("`{}`", code.replace('|', "\\|"))
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_plain(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let linked = ["://", "www.", "mailto:", "xmpp:"];
    // Within a word an underscore is a letter.
    !lower.contains(|character| "\\`*[]<>|~#&!@".contains(character))
        && !linked.iter().any(|part| lower.contains(part))
        && !lower.starts_with('_')
        && !lower.ends_with('_')
}

/// Runway's own pages, which the messages name, may be linked.
fn is_link_to_runway(word: &str) -> bool {
    const OURS: &str = "dev.runwayml.com docs.dev.runwayml.com api.dev.runwayml.com";
    let bare = word.trim_start_matches('(');
    let bare = bare.trim_end_matches([')', ',', '.', ';', ':']);
    // The host as a whole: no user, no port, no other spelling.
    bare.strip_prefix("https://").is_some_and(|rest| {
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-".contains(&byte);
        OURS.split(' ').any(|ours| ours == host) && path.bytes().all(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(escape("gen4_turbo veo3.1"), "gen4_turbo veo3.1");
        for (text, escaped) in [
            ("a|b\n<img> [x](y) _z_", "`a\\|b` `<img>` `[x](y)` `_z_`"),
            ("##[group]", "`#` `#[group]`"),
            ("http://evil.example/", "`http://evil.example/`"),
            ("see www.evil.example|", "see `www.evil.example\\|`"),
            ("a@evil.example `x`", "`a@evil.example` `'x'`"),
            (
                "at https://dev.runwayml.com/ →",
                "at https://dev.runwayml.com/ →",
            ),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn only_runways_own_hosts_become_links() {
        for word in [
            "https://dev.runwayml.com",
            "https://docs.dev.runwayml.com/api/",
            "(https://api.dev.runwayml.com).",
        ] {
            assert_eq!(escape(word), word);
        }
        for word in [
            "https://api.dev.runwayml.company/login",
            "https://dev.runwayml.com.evil/",
            "https://api.dev.runwayml.com@evil.example/",
            "https://api.dev.runwayml.com:8443/",
            "https://api.dev.runwayml.com:x@evil.example/",
            "https://API.dev.runwayml.com/",
            "HTTPS://api.dev.runwayml.com/",
            "https://api.dev.runwayml.com./",
            "https://api.dev.runwayml.com\\evil.example",
            "https://api.dev.runwayml.com?x",
            "https://api.dev.runwayml.com/?to=evil",
            "https://api.dev.runwayml.com/%2e",
            "https://xdev.runwayml.com/",
            "http://dev.runwayml.com/",
            "ftp://evil.example",
            "xhttps://dev.runwayml.com/",
            "www.evil.example",
            "WWW.evil.example",
            "me@evil.example",
            "mailto:me",
            "xmpp:me",
            "@evil",
        ] {
            let code = word.replace('\\', "/");
            assert_eq!(escape(word), format!("`{code}`"));
        }
    }

    proptest! {
        #[test]
        fn no_cell_breaks_its_table(text in any::<String>()) {
            let cell = escape(&text);
            prop_assert!(!cell.contains('\n') && !cell.contains("##["));
            prop_assert!(!cell.replace("\\|", "").contains('|'), "{}", cell);
            let outside: String = cell.split('`').step_by(2).collect();
            prop_assert!(!outside.contains(['<', '[', '\\']), "{}", cell);
        }
    }
}
