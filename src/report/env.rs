//! `RUNWAY_PREFLIGHT_PASS=true` and the like: for a shell that sources it, and for GitLab's
//! dotenv reports.

use super::outputs::{values, Bounds};
use super::Report;
use crate::exit::Exit;

/// GitLab takes 5 kB.
const MAX_BYTES: usize = 5_000;

/// The outputs but for the report, as shell variables.
pub fn render(report: &Report) -> String {
    let mut map = MAX_BYTES;
    loop {
        let bounds = Bounds { map, report: None };
        let text = lines(report.contents.label, &values(report, bounds));
        if text.len() <= MAX_BYTES || map == 0 {
            return text;
        }
        map /= 2;
    }
}

/// What a wrong command line leaves: no pass of an earlier run survives it.
pub fn render_usage_error(label: Option<&str>) -> String {
    let exit_code = Exit::Usage.code().to_string();
    lines(
        label,
        &[("exit-code", exit_code), ("pass", "false".to_owned())],
    )
}

fn lines(label: Option<&str>, values: &[(&str, String)]) -> String {
    let label = label.map_or(String::new(), |label| format!("{label}_"));
    let lines = values.iter().map(|(name, value)| {
        let name = format!("runway_preflight_{label}{name}").to_ascii_uppercase();
        let name = name.replace(['-', '.'], "_");
        format!("{name}={}\n", quoted(value))
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
