//! `RUNWAY_PREFLIGHT_PASS=true` and the like: for a shell that sources it, and for GitLab's
//! dotenv reports.

use super::outputs::values;
use super::{fitting, Report, Verdict};
use crate::exit::Exit;

/// GitLab takes 5 kB.
const MAX_BYTES: usize = 5_000;

/// The beginning of every name.
const PREFIX: &str = "RUNWAY_PREFLIGHT_";

/// The outputs but for the report, as shell variables.
pub fn render(report: &Report) -> String {
    let text = |max_object| lines(report.contents.label, &values(report, max_object, false));
    fitting(MAX_BYTES, MAX_BYTES, &text).unwrap_or_else(|| text(0))
}

/// Whether a file that begins like this is one of ours.
pub(super) fn is_report(head: &str) -> bool {
    let first = head.lines().next().unwrap_or_default();
    let (name, value) = first.split_once('=').unwrap_or_default();
    let name = name.strip_prefix(PREFIX).unwrap_or_default();
    // A label may stand before it.
    let is = |ours: &str| name == ours || name.ends_with(&format!("_{ours}"));
    let of_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_ours = is("VERDICT") && Verdict::all_in_words().any(|[word, ..]| word == value)
        || is("EXIT_CODE") && value == Exit::Usage.code().to_string()
        || is("PASS") && ["true", "false"].contains(&value);
    is_ours && name.bytes().all(of_name)
}

/// A line each, the names with the label in them.
pub fn lines(label: Option<&str>, values: &[(&str, String)]) -> String {
    let label = label.map_or(String::new(), |label| format!("{label}_"));
    let lines = values.iter().map(|(name, value)| {
        let name = format!("{label}{name}").to_ascii_uppercase();
        let name = name.replace('-', "_");
        format!("{PREFIX}{name}={}\n", quoted(value))
    });
    lines.collect()
}

/// Unquoted if a shell takes it so: GitLab keeps quotes as a part of the value.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.,:/@%+".contains(&byte);
    if value.bytes().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_safe_to_source() {
        for (value, line) in [
            ("true", "true"),
            ("a,b-c", "a,b-c"),
            ("", ""),
            ("two words", "'two words'"),
            ("$(id) `id` \"x\" \\", "'$(id) `id` \"x\" \\'"),
            ("it's", r"'it'\''s'"),
            ("{\"gen4.5\":188}", "'{\"gen4.5\":188}'"),
            ("~", "'~'"),
            ("é", "'é'"),
        ] {
            assert_eq!(quoted(value), line);
        }
    }
}
