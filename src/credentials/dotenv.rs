//! `.env` files, as node and python-dotenv read them, and without substitution: what another
//! variable holds never gets into the key.

use std::iter;

use super::{KeyProblem, NoValue};

/// The value of a variable; of several the last, as everywhere.
///
/// # Errors
///
/// Where the variable is not named; and where it is and has no value that can be read: it may be
/// set there.
pub(super) fn value(text: &str, variable: &str) -> Result<String, NoValue> {
    let found = entries(text).filter(|entry| entry.name == variable).last();
    match found.map(|entry| entry.value) {
        Some(Some(value)) => Ok(value),
        // UTF-16 without its mark has a zero beside each letter.
        None if !names(&text.replace('\0', ""), variable) => {
            Err(NoValue::Missing("does not name it"))
        }
        _ => Err(NoValue::Malformed(KeyProblem::NotAssigned)),
    }
}

/// Whether a text gives any variable a value. What ends in `=` may be a key in base64.
pub(super) fn assigns(text: &str) -> bool {
    entries(text).any(|Entry { name, value, .. }| {
        let is_set = value.is_none_or(|value| !value.trim_start_matches('=').is_empty());
        is_set && !name.is_empty() && name.chars().all(is_of_a_name)
    })
}

/// Everything that may be meant for the value of a variable in a text that names it.
pub(super) fn candidates(text: &str, variable: &str) -> Vec<String> {
    let text = text.replace('\0', "");
    let is_frame = |c: char| c.is_whitespace() || "=:'\"`".contains(c);
    let values = entries(&text).filter(|entry| entry.name == variable);
    let mut candidates: Vec<String> = values.filter_map(|entry| entry.value).collect();
    let mut lines = text.split(LINE_ENDS).peekable();
    while let Some(line) = lines.next() {
        let Some((_, after)) = line.split_once(variable) else {
            continue;
        };
        let first = after.trim_start_matches(is_frame);
        // What a line break tore off goes on to the next assignment, or to prose.
        let is_prose = |line: &str| without_comment(line).trim().contains(char::is_whitespace);
        let is_torn =
            |line: &&str| !line.contains(['=', ':']) && !line.contains(variable) && !is_prose(line);
        let torn = iter::from_fn(|| lines.next_if(is_torn)).map(without_comment);
        let parts = iter::once(first).chain(torn);
        candidates.push(parts.map(|part| part.trim_end_matches('\\')).collect());
    }
    if !candidates.is_empty() {
        let words = text.split(is_frame).filter(|word| word.starts_with("key_"));
        candidates.extend(words.map(str::to_owned));
    }
    candidates
}

/// Whether a text names a variable, be it in a comment or run into a flag (`-eNAME`) or a command
/// (`exportNAME`).
fn names(text: &str, variable: &str) -> bool {
    text.split(|c| !is_of_a_name(c)).any(|word| {
        let before = word.strip_suffix(variable);
        before.is_some_and(|before| !before.ends_with('_'))
    })
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// A part of a `.env` file.
struct Entry<'t> {
    /// The variable's; empty where the text is not one with a value, as a comment is.
    name: &'t str,
    /// `None` where it does not end, or has more behind it.
    value: Option<String>,
}

/// What a `.env` file consists of, blank lines left out.
fn entries(mut text: &str) -> impl Iterator<Item = Entry<'_>> {
    iter::from_fn(move || {
        text = text.trim_start();
        (!text.is_empty()).then(|| next_entry(&mut text))
    })
}

fn next_entry<'t>(left: &mut &'t str) -> Entry<'t> {
    let text = *left;
    let (name, after) = next_line(left).split_once('=').unwrap_or_default();
    let exported = name.strip_prefix("export");
    let exported = exported.filter(|name| name.starts_with(char::is_whitespace));
    let name = exported.unwrap_or(name).trim();
    let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '#');
    let name = if is_name { name } else { "" };
    let first = after.trim_start().chars().next();
    let value = match first.filter(|c| "\"'`".contains(*c)) {
        _ if !is_name => None,
        None => Some(without_comment(after).to_owned()),
        Some(quote) => {
            // It may go on in the next lines.
            let (_, after) = text.split_once('=').unwrap_or_default();
            let (_, value) = after.split_once(quote).unwrap_or_default();
            quoted(value, quote).and_then(|(value, behind)| {
                *left = behind;
                let more = next_line(left).trim_start();
                (more.is_empty() || more.starts_with('#')).then_some(value)
            })
        }
    };
    Entry { name, value }
}

fn next_line<'t>(text: &mut &'t str) -> &'t str {
    let (line, rest) = text.split_once(LINE_ENDS).unwrap_or((*text, ""));
    *text = rest;
    line
}

/// The value up to its closing quote, and the text behind that; `None` if it never closes.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut left = text.chars();
    loop {
        match left.next()? {
            end if end == quote => return Some((value, left.as_str())),
            '\\' if quote == '"' => match left.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                escaped @ ('"' | '\\') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            character => value.push(character),
        }
    }
}

/// A value without quotes ends where a comment begins: at a `#` after white space.
fn without_comment(text: &str) -> &str {
    let marks = text.match_indices('#');
    let mut before = marks.filter_map(|(index, _)| text.get(..index));
    let begins = |before: &&str| before.is_empty() || before.ends_with(char::is_whitespace);
    before.find(begins).unwrap_or(text).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_usual() {
        for (text, found) in [
            ("KEY=abc", "abc"),
            ("export KEY=abc # mine", "abc"),
            ("KEY = 'a b' # mine", "a b"),
            ("KEY=\"a\\\"b\"", "a\"b"),
            ("KEY=`abc`\n", "abc"),
            ("KEY=abc#def", "abc#def"),
            ("KEY=one\nKEY=two", "two"),
            ("# KEY of mine\nKEY=abc\n# KEY=old", "abc"),
            ("A=1\r\nKEY=abc\r\nB=2\r\n", "abc"),
            ("A=1\rKEY=abc\rB=2\r", "abc"),
            ("KEY=${OTHER}", "${OTHER}"),
            ("KEY=a$b", "a$b"),
            ("# it's\nKEY=abc\n# isn't", "abc"),
            ("A=it's\nKEY=abc\nB=it's", "abc"),
            ("A='it\nKEY=abc", "abc"),
            ("A=\"two\nlines\"\nKEY=abc", "abc"),
            ("KEY=", ""),
        ] {
            assert_eq!(value(text, "KEY"), Ok(found.to_owned()), "{text:?}");
        }
        for text in ["", "A=1", "MY_KEY=abc", "KEYS=abc"] {
            assert!(
                matches!(value(text, "KEY"), Err(NoValue::Missing(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_named_variable_is_never_missing() {
        for text in [
            "KEY",
            "KEY: abc",
            "KEY='abc",
            "KEY=\"a\" b",
            "set KEY=abc",
            "-eKEY=abc",
            "-e KEY=abc",
            ";KEY=abc",
            "//KEY=abc",
            "A=\"\nKEY=abc\"",
            "K\0E\0Y\0=\0a\0",
            "# KEY=abc",
            "A=1 # KEY=abc",
            "exportKEY=abc",
            "'KEY'=abc",
            "\"KEY\"=abc",
            "$env:KEY=abc",
            "KEY+=abc",
            "KEY?=abc",
            "KEY:=abc",
            "KEY:\"abc=\"",
            "A=\"\nKEY=abc\" b",
        ] {
            assert!(
                matches!(value(text, "KEY"), Err(NoValue::Malformed(_))),
                "{text:?}"
            );
        }
    }
}
