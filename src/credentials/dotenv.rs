//! `.env` files, as node and python-dotenv read them, and without substitution: what another
//! variable holds never gets into the key.

/// That a variable is named, but not as one that has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// The value of a variable; of several the last, as everywhere.
///
/// # Errors
///
/// Where the variable is named and has no value that can be read: it may be set there.
pub(super) fn value(text: &str, variable: &str) -> Result<Option<String>, Unreadable> {
    let mut found = None;
    let mut named = false;
    for entry in Entries(text) {
        match entry {
            Entry::Value(name, value) if name == variable => found = Some(Ok(value)),
            Entry::Garbled(name, _) if name == variable => found = Some(Err(Unreadable)),
            Entry::Value(name, value) => named |= names(name, variable) || names(&value, variable),
            Entry::Garbled(_, text) | Entry::Other(text) => named |= names(text, variable),
        }
    }
    match found {
        Some(found) => found.map(Some),
        // UTF-16 without its mark.
        None if named || names(&text.replace('\0', ""), variable) && text.contains('\0') => {
            Err(Unreadable)
        }
        None => Ok(None),
    }
}

/// Whether a text gives any variable a value. What ends in `=` may be a key in base64.
pub(super) fn assigns(text: &str) -> bool {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    Entries(text).any(|entry| match entry {
        Entry::Value(name, value) => {
            name.chars().all(of_a_name) && !value.trim_start_matches('=').is_empty()
        }
        Entry::Garbled(name, _) => name.chars().all(of_a_name),
        Entry::Other(_) => false,
    })
}

/// Everything that stands where the value of a variable may be meant to stand.
pub(super) fn candidates(text: &str, variable: &str) -> Vec<String> {
    let text = text.replace('\0', "");
    let values = Entries(&text).filter_map(|entry| match entry {
        Entry::Value(name, value) if name == variable => Some(value),
        _ => None,
    });
    let mut candidates: Vec<String> = values.collect();
    for line in text.split(LINE_ENDS) {
        let Some((_, after)) = line.split_once(variable) else {
            continue;
        };
        let after = after.trim_start_matches(|c: char| c.is_whitespace() || "=:'\"`".contains(c));
        candidates.push(after.to_owned());
        // A comment is no part of it, nor is what else is written there.
        candidates.extend(after.split_whitespace().next().map(str::to_owned));
    }
    candidates
}

/// Whether a text names a variable, as a word.
fn names(text: &str, variable: &str) -> bool {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(variable).any(|(index, _)| {
        let (before, rest) = text.split_at_checked(index).unwrap_or_default();
        let after = rest.strip_prefix(variable).unwrap_or_default();
        !before.ends_with(of_a_name) && !after.starts_with(of_a_name)
    })
}

const LINE_ENDS: [char; 2] = ['\n', '\r'];
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// What a `.env` file consists of, comments and blank lines left out.
struct Entries<'t>(&'t str);

enum Entry<'t> {
    /// A variable and its value.
    Value(&'t str, String),
    /// A variable whose value does not end, or has more behind it, and the text of all that.
    Garbled(&'t str, &'t str),
    /// Text that is neither.
    Other(&'t str),
}

impl<'t> Iterator for Entries<'t> {
    type Item = Entry<'t>;

    fn next(&mut self) -> Option<Entry<'t>> {
        loop {
            self.0 = self.0.trim_start();
            if self.0.is_empty() {
                return None;
            }
            if !self.0.starts_with('#') {
                return Some(self.entry());
            }
            self.rest_of_line();
        }
    }
}

impl<'t> Entries<'t> {
    fn entry(&mut self) -> Entry<'t> {
        let text = self.0;
        let line = self.rest_of_line();
        let Some((name, after)) = line.split_once('=') else {
            return Entry::Other(line);
        };
        let exported = name
            .strip_prefix("export")
            .filter(|name| name.starts_with(char::is_whitespace));
        let name = exported.unwrap_or(name).trim();
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '#') {
            return Entry::Other(line);
        }
        let value = after.trim_start();
        let Some(quote) = value.chars().next().filter(|first| QUOTES.contains(first)) else {
            return Entry::Value(name, without_comment(after).to_owned());
        };
        let whole = |rest: &str| text.strip_suffix(rest).unwrap_or(text);
        // A value in quotes may go on in the next lines.
        let start = line.len().saturating_sub(value.len()).saturating_add(1);
        match quoted(text.get(start..).unwrap_or_default(), quote) {
            Some((value, after)) => {
                self.0 = after;
                let left = self.rest_of_line().trim();
                if left.is_empty() || left.starts_with('#') {
                    Entry::Value(name, value)
                } else {
                    Entry::Garbled(name, whole(self.0))
                }
            }
            None => Entry::Garbled(name, line),
        }
    }

    fn rest_of_line(&mut self) -> &'t str {
        let (line, rest) = self.0.split_once(LINE_ENDS).unwrap_or((self.0, ""));
        self.0 = rest;
        line
    }
}

/// The value up to its closing quote, and the text behind that; `None` if it never closes.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        if character == quote {
            let after = text.get(index..)?.strip_prefix(quote)?;
            return Some((value, after));
        }
        if character == '\\' && quote == '"' {
            match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                escaped @ ('"' | '\\') => value.push(escaped),
                other => value.extend(['\\', other]),
            }
        } else {
            value.push(character);
        }
    }
    None
}

/// A value without quotes ends where a comment begins: at a `#` after white space.
fn without_comment(text: &str) -> &str {
    let mut after_space = true;
    for (index, character) in text.char_indices() {
        if character == '#' && after_space {
            return text.get(..index).unwrap_or_default().trim();
        }
        after_space = character.is_whitespace();
    }
    text.trim()
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
            assert_eq!(value(text, "KEY"), Ok(Some(found.to_owned())), "{text:?}");
        }
        for text in [
            "",
            "A=1",
            "MY_KEY=abc",
            "KEYS=abc",
            "# KEY=abc",
            "exportKEY=abc",
        ] {
            assert_eq!(value(text, "KEY"), Ok(None), "{text:?}");
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
            "A=\"\nKEY=abc\"",
            "K\0E\0Y\0=\0a\0",
            "'KEY'=abc",
            "\"KEY\"=abc",
            "$env:KEY=abc",
            "KEY+=abc",
            "KEY?=abc",
            "KEY:=abc",
            "KEY:\"abc=\"",
            "A=\"\nKEY=abc\" b",
        ] {
            assert_eq!(value(text, "KEY"), Err(Unreadable), "{text:?}");
        }
    }
}
