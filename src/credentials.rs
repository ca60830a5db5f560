//! The key: where it comes from, and the type that hides it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::path::Path;

use crate::clean::visible;
use crate::diagnostic::{Finding, Withheld};

/// The variable that the official SDKs read.
pub const VARIABLE: &str = "RUNWAYML_API_SECRET";

/// Names that other tools use for a Runway key.
const OTHER_NAMES: [&str; 3] = [
    "RUNWAY_API_KEY",
    "RUNWAY_SKILLS_API_SECRET",
    "RUNWAYML_API_KEY",
];

/// More than any key; a longer file is none.
const MOST_BYTES: u64 = 65_536;

/// An API key. It cannot be printed; it leaves only as the `Authorization` header.
#[derive(Clone)]
pub struct Key {
    text: String,
    /// Every part of it that counts as a trace, in lower case, packed into a number.
    traces: BTreeSet<u64>,
}

/// So many characters of a key in a row are a trace of it: as many as fit a number.
const TRACE: usize = 8;

impl Key {
    /// Takes a text that is one word of visible ASCII, white space at its ends aside.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence that does not hold the text.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let quoted = |quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
        if quoted('"') || quoted('\'') {
            return Err("is in quotation marks, which are no part of it".to_owned());
        }
        let wrong = text
            .char_indices()
            .find(|(_, character)| !character.is_ascii_graphic());
        match wrong {
            None => {
                let mut traces = BTreeSet::new();
                let lower = text.to_ascii_lowercase();
                traces.extend(lower.as_bytes().windows(trace_length(text)).map(pack));
                let text = text.to_owned();
                Ok(Self { text, traces })
            }
            Some((index, character)) => {
                let what = match character {
                    '\n' | '\r' => "a line break",
                    character if character.is_whitespace() => "white space",
                    character if character.is_control() => "a control character",
                    _ => "a character that is not ASCII",
                };
                let before = text.get(..index).unwrap_or_default();
                let place = before.chars().count().saturating_add(1);
                Err(format!("holds {what} as its character {place}"))
            }
        }
    }

    /// What is visible of a text that may be meant for a key, good for taking traces out alone.
    pub fn meant_by(text: &str) -> Option<Self> {
        let visible: String = text.chars().filter(char::is_ascii_graphic).collect();
        Self::new(visible.trim_matches(['"', '\'']))
            .ok()
            .filter(|key| !key.text.is_empty())
    }

    /// Whether a text holds the whole key; a key of a few characters may stand anywhere.
    pub fn is_in(&self, text: &str) -> bool {
        const LONG_ENOUGH: usize = 8;
        self.text.len() >= LONG_ENOUGH && text.contains(&self.text)
    }

    /// The value of the `Authorization` header: the one way out.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.text)
    }

    /// The text with every trace of the key taken out: whole, cut, in other letter case, or split
    /// by what is no visible ASCII. A trace is eight characters in a row, or a shorter key whole.
    pub fn blot(&self, text: &str) -> String {
        // What a terminal would not show, JSON may; and what an escape sequence splits, a
        // terminal joins.
        let blotted = self.blot_among(text, |text| Box::new(text.char_indices()));
        self.blot_among(&blotted, |text| Box::new(visible(text)))
    }

    fn blot_among(&self, text: &str, characters: fn(&str) -> Characters<'_>) -> String {
        // A key is visible ASCII: all else may stand between its characters to hide it.
        let graphic = || {
            characters(text)
                .filter(|(_, character)| character.is_ascii_graphic())
                .filter_map(|(index, character)| Some((index, u8::try_from(character).ok()?)))
                .map(|(index, byte)| (index, byte.to_ascii_lowercase()))
        };
        let length = trace_length(&self.text);
        let mask = (0..length).fold(0, |mask, _| (mask << 8) | u64::from(u8::MAX));
        let mut window = 0;
        let mut starts = graphic().map(|(index, _)| index);
        let mut blotted = String::new();
        let mut kept_to = 0;
        for (count, (last, byte)) in graphic().enumerate() {
            window = ((window << 8) | u64::from(byte)) & mask;
            if count.saturating_add(1) < length {
                continue;
            }
            let start = starts.next().unwrap_or(last);
            if self.traces.contains(&window) {
                if start >= kept_to {
                    blotted.push_str(text.get(kept_to..start).unwrap_or_default());
                    blotted.push_str("[key]");
                }
                // A trace is ASCII: its last character is one byte.
                kept_to = last.saturating_add(1);
            }
        }
        blotted.push_str(text.get(kept_to..).unwrap_or_default());
        blotted
    }
}

/// The characters of a text that are looked at, with their places.
type Characters<'t> = Box<dyn Iterator<Item = (usize, char)> + 't>;

/// The whole of a key that is shorter; of none, 1, since a window cannot be empty.
fn trace_length(key: &str) -> usize {
    key.len().clamp(1, TRACE)
}

fn pack(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |packed, byte| (packed << 8) | u64::from(*byte))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([hidden])")
    }
}

/// Why there is no key to ask with.
#[derive(Debug)]
pub enum NoKey {
    /// A diagnostic: missing or malformed.
    Found(Box<Finding>),
    /// `--key-file` cannot be read: a usage error.
    Unreadable(std::io::Error),
}

/// Looks for the key: in `file` if one is given, else in the environment, else in `dotenv`.
///
/// # Errors
///
/// Where there is none, with every place that was looked at; or none that is one.
pub fn find(
    variable: &dyn Fn(&str) -> Option<OsString>,
    file: Option<&Path>,
    dotenv: &Path,
) -> Result<Key, NoKey> {
    let mut looked = Vec::new();
    let found = match file {
        Some(file) => {
            let text = read(file).map_err(NoKey::Unreadable)?;
            note(&mut looked, "the file given by --key-file", Some(text), "")
        }
        None => {
            let place = format!("the environment variable {VARIABLE}");
            let text = variable(VARIABLE).map(|value| value.to_string_lossy().into_owned());
            match note(&mut looked, &place, text, "not set") {
                Some(found) => Some(found),
                None => {
                    let place = "the file .env";
                    let (text, why_not) = from_dotenv(dotenv).map_err(|problem| {
                        let place = place.to_owned();
                        NoKey::Found(Box::new(Finding::KeyMalformed { place, problem }))
                    })?;
                    note(&mut looked, place, text, why_not)
                }
            }
        }
    };
    match found {
        Some((place, text)) => Key::new(&text)
            .map_err(|problem| NoKey::Found(Box::new(Finding::KeyMalformed { place, problem }))),
        None => Err(NoKey::Found(Box::new(Finding::KeyMissing {
            looked,
            others: others(variable),
            withheld: withheld(variable),
        }))),
    }
}

/// Takes a text as the key, unless it is blank; then notes where it was looked for.
fn note(
    looked: &mut Vec<String>,
    place: &str,
    text: Option<String>,
    why_not: &str,
) -> Option<(String, String)> {
    match text {
        Some(text) if !text.trim().is_empty() => Some((place.to_owned(), text)),
        Some(_) => {
            looked.push(format!("{place} (empty)"));
            None
        }
        None => {
            looked.push(format!("{place} ({why_not})"));
            None
        }
    }
}

fn read(file: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?
        .take(MOST_BYTES.saturating_add(1))
        .read_to_end(&mut bytes)?;
    // A part of a key must not be taken for one.
    if u64::try_from(bytes.len()).map_or(true, |length| length > MOST_BYTES) {
        return Err(std::io::Error::other("it is longer than 64 KiB"));
    }
    // What is not UTF-8 becomes a character that no key has.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The key's value in a `.env` file; the last one counts. Else why there is none.
///
/// # Errors
///
/// Where there may be one that cannot be read: that is no missing key.
fn from_dotenv(path: &Path) -> Result<(Option<String>, &'static str), String> {
    let text = match read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok((None, "not in this directory"))
        }
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let mut value = None;
    let mut garbled = false;
    for line in dotenvy::from_read_iter(text.as_bytes()) {
        match line {
            Ok((name, text)) if name == VARIABLE => value = Some(text),
            Ok(_) => {}
            Err(dotenvy::Error::LineParse(line, _)) => garbled |= line.contains(VARIABLE),
            Err(_) => garbled = true,
        }
    }
    match value {
        None if garbled => Err("cannot be read: its line in the file is no assignment".to_owned()),
        value => Ok((value, "does not name it")),
    }
}

fn others(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<&'static str> {
    let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
    OTHER_NAMES.into_iter().filter(set).collect()
}

/// Whether GitHub withholds the secrets from this run: a pull request from a fork, or Dependabot.
fn withheld(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<Withheld> {
    let is = |name: &str, value: &str| variable(name).is_some_and(|found| found == value);
    // `pull_request_target` runs in the base repository, with its secrets.
    if !is("GITHUB_ACTIONS", "true") || is("GITHUB_EVENT_NAME", "pull_request_target") {
        return None;
    }
    if is("GITHUB_ACTOR", "dependabot[bot]") {
        return Some(Withheld::Dependabot);
    }
    let event = std::fs::read(variable("GITHUB_EVENT_PATH")?).ok()?;
    let event: serde_json::Value = serde_json::from_slice(&event).ok()?;
    let repository = |side: &str| event.pointer(&format!("/pull_request/{side}/repo/full_name"));
    let base = repository("base")?;
    // The head of a fork that was deleted since has no repository.
    (repository("head") != Some(base)).then_some(Withheld::Fork)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "key_0123456789abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::new(SECRET).expect("a key");
        assert_eq!(format!("{key:?}"), "Key([hidden])");
        for (text, blotted) in [
            (format!("bad key {SECRET}!"), "bad key [key]!".to_owned()),
            (format!("{}…", SECRET.split_at(12).0), "[key]…".to_owned()),
            ("no trace".to_owned(), "no trace".to_owned()),
            (format!("é{SECRET}é{SECRET}"), "é[key]é[key]".to_owned()),
            (format!("a\u{1b}]{SECRET}"), "a\u{1b}][key]".to_owned()),
            (format!("\u{9d}{SECRET}b"), "\u{9d}[key]b".to_owned()),
            (
                SECRET.chars().map(|c| format!("{c}\u{1b}[0m")).collect(),
                "[key]\u{1b}[0m".to_owned(),
            ),
            (
                SECRET.chars().map(|c| format!("{c}\u{0}\n")).collect(),
                "[key]\u{0}\n".to_owned(),
            ),
        ] {
            assert_eq!(key.blot(&text), blotted);
        }
    }

    #[test]
    fn a_key_leaves_as_its_header_alone() {
        let key = Key::new(SECRET).expect("a key");
        assert_eq!(key.bearer(), format!("Bearer {SECRET}"));
        assert!(key.is_in(&format!("https://h/{SECRET}")) && !key.is_in("https://h/key_"));
        let short = Key::new("key").expect("a key");
        assert!(!short.is_in("a key"), "which may mean anything");
        let eight = Key::new("12345678").expect("a key");
        assert!(eight.is_in("x12345678"));
    }

    #[test]
    fn what_is_meant_for_a_key_is_hidden_like_one() {
        for text in ["\"not one word\"", "not\u{1}one word", " 'not one word' "] {
            let meant = Key::meant_by(text).expect("visible characters");
            assert_eq!(
                meant.blot("it is not one word, is it"),
                "it is [key], is it"
            );
        }
        assert!(Key::meant_by("\u{1}").is_none() && Key::meant_by("''").is_none());
    }

    #[test]
    fn a_key_is_one_word() {
        assert!(Key::new(" key_1\n").is_ok());
        for wrong in ["key 1", "key\n1", "kéy", "key\u{0}1", "key\u{7f}"] {
            let problem = Key::new(wrong).expect_err("malformed");
            assert!(problem.starts_with("holds ") && !problem.contains(wrong));
        }
    }

    proptest! {
        #[test]
        fn no_trace_survives(before in ".{0,20}", from in 0_usize..30, length in 8_usize..40,
                             gap in "[ \\n\\x00\u{200b}]{0,2}", after in ".{0,20}") {
            let key = Key::new(SECRET).expect("a key");
            let part: Vec<char> = SECRET.chars().skip(from).take(length).collect();
            prop_assume!(part.len() >= 8);
            let split: String = part.iter().map(|c| format!("{c}{gap}")).collect();
            let shown = crate::clean::clean(&key.blot(&format!("{before}{split}{after}")));
            let bare: String = shown.split_whitespace().collect();
            let part: String = part.into_iter().collect();
            prop_assert!(!bare.contains(&part), "{shown}");
        }
    }
}
