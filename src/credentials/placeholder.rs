//! What stands in the place of a key where a template or a variable was not filled in.

use super::VARIABLE;

/// What stands before and behind a name or an expression that a tool should have replaced.
const MARKS: [&str; 11] = [
    "${{ }}", "${ }", "$( )", "$[ ]", "{{ }}", "%{ }", "#{ }#", "#{ }", "(( ))", "{ }", "< >",
];

/// The same where nothing but a name may stand between them.
const MARKS_OF_NAMES: [&str; 7] = ["$env: ", "$ ", "% %", "! !", "__ __", "@ @", "secrets. "];

const WORDS: [&str; 5] = ["changeme", "null", "undefined", "none", "nil"];

/// Whether a text is a placeholder, and the name of what was not filled in, if it has one that can
/// be shown.
pub(super) fn name(text: &str) -> Option<Option<&str>> {
    let between = |marks: &&str| {
        let (before, after) = marks.split_once(' ')?;
        let start = text.get(..before.len())?;
        let rest = text.get(before.len()..)?.strip_suffix(after)?.trim();
        // Between these, JSON and HTML stand as well.
        let plain = rest.len() <= 64 && !rest.contains(['"', '\'', ':', '<', '{', '\n', '\r']);
        let fits = plain || !["{", "<"].contains(&before);
        (fits && start.eq_ignore_ascii_case(before)).then_some(rest)
    };
    let names = MARKS_OF_NAMES.iter().filter_map(between);
    let own = Some(text).filter(|text| text.ends_with(VARIABLE));
    let name = names.chain(own).find(|name| is_name(name));
    if let Some(name) = name.or_else(|| MARKS.iter().find_map(between)) {
        return Some(Some(name).filter(|name| is_name(name) && may_be_shown(name)));
    }
    let lower = text.to_lowercase();
    let your = lower.strip_prefix("your");
    let placeholder = WORDS.contains(&lower.replace(['-', '_'], "").as_str())
        || your.is_some_and(|rest| rest.starts_with(['-', '_', ' ']))
        || lower.ends_with('…')
        || lower.ends_with("...")
        || (!text.is_empty() && text.chars().all(|c| "*.•".contains(c)));
    placeholder.then_some(None)
}

fn is_name(text: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(goes_on)
}

/// A key may stand between the marks: it has more digits than a name.
fn may_be_shown(name: &str) -> bool {
    const MAX_DIGITS: usize = 4;
    let digits = name.chars().filter(char::is_ascii_digit).count();
    digits <= MAX_DIGITS && name.len() <= 64 && !name.to_lowercase().starts_with("key_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_filled_in_is_named() {
        for (text, found) in [
            ("$NAME", Some(Some("NAME"))),
            ("$env:NAME", Some(Some("NAME"))),
            ("$Env:Name", Some(Some("Name"))),
            ("${NAME}", Some(Some("NAME"))),
            ("${NAME:-}", Some(None)),
            ("$(NAME)", Some(Some("NAME"))),
            ("$(cat file)", Some(None)),
            ("$[variables.NAME]", Some(Some("variables.NAME"))),
            ("${{ secrets.NAME }}", Some(Some("secrets.NAME"))),
            ("{{NAME}}", Some(Some("NAME"))),
            ("{{ .Values.name }}", Some(None)),
            ("%NAME%", Some(Some("NAME"))),
            ("%env.NAME%", Some(Some("env.NAME"))),
            ("%{NAME}", Some(Some("NAME"))),
            ("!NAME!", Some(Some("NAME"))),
            ("#{NAME}#", Some(Some("NAME"))),
            ("__NAME__", Some(Some("NAME"))),
            ("@NAME@", Some(Some("NAME"))),
            ("secrets.NAME", Some(Some("NAME"))),
            ("RUNWAYML_API_SECRET", Some(Some("RUNWAYML_API_SECRET"))),
            (
                "env.RUNWAYML_API_SECRET",
                Some(Some("env.RUNWAYML_API_SECRET")),
            ),
            ("<name>", Some(Some("name"))),
            ("<your key>", Some(None)),
            ("<>", Some(None)),
            ("${key_9f3c1ab27de84056}", Some(None)),
            ("<a9f3c1ab27de84056>", Some(None)),
            ("***", Some(None)),
            ("....", Some(None)),
            ("key_…", Some(None)),
            ("key_...", Some(None)),
            ("YOUR_API_KEY", Some(None)),
            ("your-api-key", Some(None)),
            ("changeme", Some(None)),
            ("change-me", Some(None)),
            ("null", Some(None)),
            ("undefined", Some(None)),
            ("None", Some(None)),
            ("<html><body>", None),
            ("{\"key\":\"a\"}", None),
            ("{key: a}", None),
            ("", None),
            ("$1abc", None),
            ("a$NAME", None),
            ("a${NAME}b", None),
            ("$NAME!", None),
            ("nullify", None),
            ("key_9f3c", None),
            ("50%", None),
            ("é", None),
        ] {
            assert_eq!(name(text), found, "{text}");
        }
    }
}
