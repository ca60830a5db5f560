//! The key: where it comes from, and the type that hides it.

mod dotenv;
mod placeholder;

use std::ffi::OsString;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use crate::diagnostic::{KeyHint, KeyProblem};
use crate::files::{self, Limits, Pipes};

/// The variable that the official SDKs read.
pub const VARIABLE: &str = "RUNWAYML_API_SECRET";

/// Names that other tools use for a Runway key.
const OTHER_NAMES: [&str; 7] = [
    "RUNWAY_API_KEY",
    "RUNWAY_SKILLS_API_SECRET",
    "RUNWAYML_API_KEY",
    "RUNWAY_API_SECRET",
    "RUNWAY_API_TOKEN",
    "RUNWAYML_API_TOKEN",
    "RUNWAY_TOKEN",
];

/// More than any key; a longer file is none.
const MAX_BYTES: u64 = 65_536;

/// What is malformed and shorter is no key, and would be redacted everywhere.
const MIN_MALFORMED: usize = 8;

/// An API key. It cannot be printed; it leaves only as the `Authorization` header.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Takes a text that is one word of visible ASCII; white space and a byte order mark at its
    /// ends are cut.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words that do not hold the text.
    pub fn new(text: &str) -> Result<Self, KeyProblem> {
        let text = trimmed(text);
        if let Some(name) = placeholder::name(text.trim_matches(['"', '\''])) {
            let name = name.unwrap_or(VARIABLE).to_owned();
            return Err(KeyProblem::Placeholder(name));
        }
        let problem = |problem: &str| Err(KeyProblem::Text(problem.to_owned()));
        let quoted = |quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
        if quoted('"') || quoted('\'') {
            return problem("is in quotation marks, which do not belong to it");
        }
        if text.starts_with(VARIABLE) || dotenv::assigns(text) {
            return problem("is a whole assignment: only what follows the = is the key");
        }
        let unexpected = text
            .chars()
            .enumerate()
            .find(|(_, character)| !character.is_ascii_graphic());
        let Some((index, character)) = unexpected else {
            return Ok(Self(text.to_owned()));
        };
        let what = match character {
            '\n' | '\r' => "a line break",
            ' ' => "a space",
            character if character.is_whitespace() => "white space",
            character if character.is_control() => "a control character",
            _ => "a character that is not ASCII",
        };
        let position = index.saturating_add(1);
        let problem = format!("contains {what} at position {position}");
        Err(KeyProblem::Text(problem))
    }

    /// What is visible of a text that may be meant for a key: good for redaction alone.
    pub fn meant_by(text: &str) -> Option<Self> {
        // A variable that was not filled in is named, and not hidden.
        if let Some(Some(_)) = placeholder::name(trimmed(text)) {
            return None;
        }
        let visible: String = text.chars().filter(char::is_ascii_graphic).collect();
        let assigned = visible.rsplit(VARIABLE).next().unwrap_or(&visible);
        let text = assigned.trim_matches(['=', ':', '"', '\'']);
        (text.len() >= MIN_MALFORMED).then(|| Self(text.to_owned()))
    }

    /// The value of the `Authorization` header: the one way out.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether it stands in a text, as a whole. A few characters may stand anywhere and do not count.
    pub fn is_in(&self, text: &str) -> bool {
        let visible: String = text.chars().filter(char::is_ascii_graphic).collect();
        self.0.len() >= MIN_MALFORMED && visible.contains(&self.0)
    }

    /// The key itself, to search for it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([hidden])")
    }
}

/// Whether a text that is no known key may be one, or hold one: it begins like Runway's, or goes on
/// for longer than any name.
pub fn looks_like_key(text: &str) -> bool {
    const MIN_LENGTH: usize = 32;
    let mixed = |word: &str| {
        let has = |kind: fn(&char) -> bool| word.chars().any(|c| kind(&c));
        word.len() >= MIN_LENGTH && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
    };
    let lower = text.to_lowercase();
    lower.contains("key_")
        || lower.contains("-----begin ")
        || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(mixed)
}

/// Where the key came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// `RUNWAYML_API_SECRET`.
    Environment,
    /// `--key-file`.
    File,
    /// A `.env` in the working directory.
    Dotenv,
}

impl KeySource {
    /// The word of the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::File => "file",
            Self::Dotenv => "dotenv",
        }
    }
}

/// Why there is no key to ask with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// There is none: each place that was searched and what was found there.
    Missing {
        searched: Vec<String>,
        hints: Vec<KeyHint>,
    },
    /// There is something else: where, and what is wrong with it.
    Malformed { place: String, problem: KeyProblem },
    /// `--key-file` cannot be read.
    Unreadable(String),
}

/// Every place where a key may be, read once.
pub struct Places {
    file: Option<Result<String, String>>,
    variable: Option<String>,
    dotenv: Dotenv,
    hints: Vec<KeyHint>,
}

enum Dotenv {
    Missing,
    /// In a CI system, whether it is there or not.
    NotRead,
    Read(Result<String, String>),
}

impl Places {
    /// Reads the places. In a CI system `dotenv` is not read: it comes with the checkout, which may
    /// be somebody else's. A `file` that is a pipe must end within `patience`.
    pub fn read(
        variable: &dyn Fn(&str) -> Option<OsString>,
        file: Option<&Path>,
        dotenv: &Path,
        in_ci: bool,
        patience: Duration,
    ) -> Self {
        let read = |path, pipes| {
            let limits = Limits {
                max_bytes: MAX_BYTES,
                pipes,
            };
            files::read(path, limits).map(|bytes| dotenv::decode(&bytes))
        };
        let file = file.map(|file| read(file, Pipes::Within(patience)));
        // What is not UTF-8 becomes a character that no key has.
        let value = variable(VARIABLE).map(|value| value.to_string_lossy().into_owned());
        // A folder of this name, such as a virtual environment, holds no key.
        let there = match dotenv.symlink_metadata() {
            Ok(_) if dotenv.is_dir() => Ok(false),
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        let mut hints = Vec::new();
        if in_ci && matches!(there, Ok(true)) {
            hints.push(KeyHint::DotenvNotRead);
        }
        let dotenv = match there {
            _ if in_ci => Dotenv::NotRead,
            Ok(true) => Dotenv::Read(read(dotenv, Pipes::Refused)),
            Ok(false) => Dotenv::Missing,
            Err(error) => Dotenv::Read(Err(files::why(&error))),
        };
        let other = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
        let others = OTHER_NAMES.into_iter().filter(other);
        hints.extend(others.map(KeyHint::OtherName));
        Self {
            file,
            variable: value,
            dotenv,
            hints,
        }
    }

    /// Everything that is, or may be meant for, a key, to keep it out of all that is shown.
    pub fn candidates(&self) -> Vec<Key> {
        let mut texts: Vec<String> = self.variable.iter().cloned().collect();
        let dotenv = match &self.dotenv {
            Dotenv::Read(Ok(text)) => Some(text),
            _ => None,
        };
        for text in self.file.iter().flatten().chain(dotenv) {
            let named = dotenv::candidates(text, VARIABLE);
            if named.is_empty() {
                texts.push(text.clone());
            }
            texts.extend(named);
        }
        let keys = texts.iter().filter_map(|text| {
            let key = Key::new(text).ok().filter(|key| !key.0.is_empty());
            key.or_else(|| Key::meant_by(text))
        });
        keys.collect()
    }

    /// The key: of the file if one is given, else of the environment, else of `.env`.
    ///
    /// # Errors
    ///
    /// Where there is none, with every place that was searched; or none that is one.
    pub fn key(&self) -> Result<(Key, KeySource), KeyError> {
        let mut searched = Vec::new();
        let place = "the file given by --key-file".to_owned();
        if let Some(text) = &self.file {
            let text = text
                .as_ref()
                .map_err(|error| KeyError::Unreadable(error.clone()))?;
            let value = match dotenv::value(text, VARIABLE) {
                _ if placeholder::name(trimmed(text)).is_some() => text.clone(),
                Ok(Some(value)) => value,
                Ok(None) if dotenv::assigns(text) => {
                    let problem = KeyProblem::OtherNames;
                    return Err(KeyError::Malformed { place, problem });
                }
                Ok(None) => text.clone(),
                Err(dotenv::Unreadable) => return Err(not_an_assignment(place)),
            };
            if let Some(found) = taken(value, place, KeySource::File, &mut searched) {
                return found;
            }
        } else {
            let place = format!("the environment variable {VARIABLE}");
            match &self.variable {
                None => searched.push(format!("{place} (not set)")),
                Some(text) => {
                    let source = KeySource::Environment;
                    let text = text.clone();
                    if let Some(found) = taken(text, place, source, &mut searched) {
                        return found;
                    }
                }
            }
            if let Some(found) = self.in_dotenv(&mut searched) {
                return found;
            }
        }
        Err(KeyError::Missing {
            searched,
            hints: self.hints.clone(),
        })
    }

    fn in_dotenv(&self, searched: &mut Vec<String>) -> Option<Result<(Key, KeySource), KeyError>> {
        let place = "the file .env".to_owned();
        let why_not = match &self.dotenv {
            Dotenv::Missing => "not in this directory",
            Dotenv::NotRead => "not read in a CI system",
            Dotenv::Read(Err(error)) => {
                let problem = KeyProblem::Unreadable(error.clone());
                return Some(Err(KeyError::Malformed { place, problem }));
            }
            Dotenv::Read(Ok(text)) => match dotenv::value(text, VARIABLE) {
                Ok(Some(value)) => return taken(value, place, KeySource::Dotenv, searched),
                Ok(None) => "does not name it",
                Err(dotenv::Unreadable) => return Some(Err(not_an_assignment(place))),
            },
        };
        searched.push(format!("{place} ({why_not})"));
        None
    }
}

/// Without white space and byte order marks at the ends.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

fn not_an_assignment(place: String) -> KeyError {
    KeyError::Malformed {
        place,
        problem: KeyProblem::Text(
            "cannot be read: its line in the file is not NAME=VALUE".to_owned(),
        ),
    }
}

/// Takes a text as the key, unless it is blank: then it is one more place that was searched.
fn taken(
    text: String,
    place: String,
    source: KeySource,
    searched: &mut Vec<String>,
) -> Option<Result<(Key, KeySource), KeyError>> {
    if trimmed(&text).is_empty() {
        searched.push(format!("{place} (empty)"));
        return None;
    }
    let key = Key::new(&text);
    Some(match key {
        Ok(key) => Ok((key, source)),
        Err(problem) => Err(KeyError::Malformed { place, problem }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::new("key_0123456789").expect("a key");
        assert_eq!(format!("{key:?}"), "Key([hidden])");
        assert_eq!(key.bearer(), "Bearer key_0123456789");
    }

    #[test]
    fn a_key_is_one_word() {
        for good in [" key_1\n", "\u{feff}key_1"] {
            assert_eq!(Key::new(good).expect("a key").expose(), "key_1");
        }
        for (text, problem) in [
            ("key 1", "contains a space at position 4"),
            ("key\n1", "contains a line break at position 4"),
            (
                "kéy",
                "contains a character that is not ASCII at position 2",
            ),
            ("key\u{0}1", "contains a control character at position 4"),
            (
                "'key_1'",
                "is in quotation marks, which do not belong to it",
            ),
            (
                "RUNWAYML_API_SECRET=key_1",
                "is a whole assignment: only what follows the = is the key",
            ),
        ] {
            assert_eq!(Key::new(text), Err(KeyProblem::Text(problem.to_owned())));
        }
    }

    #[test]
    fn what_is_blank_is_no_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let dotenv = folder.path().join(".env");
        for blank in ["", " \n", "\u{feff}", "\u{feff}\u{feff}", " \u{feff} "] {
            let variable = |name: &str| (name == VARIABLE).then(|| blank.into());
            let places = Places::read(&variable, None, &dotenv, false, Duration::from_secs(1));
            assert!(
                matches!(places.key(), Err(KeyError::Missing { .. })),
                "{blank:?}"
            );
            std::fs::write(folder.path().join("key"), blank).expect("a file");
            let file = folder.path().join("key");
            let places = Places::read(
                &|_| None,
                Some(&file),
                &dotenv,
                false,
                Duration::from_secs(1),
            );
            assert!(
                matches!(places.key(), Err(KeyError::Missing { .. })),
                "{blank:?}"
            );
        }
    }

    #[test]
    fn a_whole_key_within_a_text_is_found() {
        let key = Key::new("key_01234567").expect("a key");
        for (text, holds) in [
            ("https://h/key_01234567", true),
            ("key_0 123\n4567", true),
            ("https://h/key_0123456", false),
            ("", false),
        ] {
            assert_eq!(key.is_in(text), holds, "{text}");
        }
        assert!(!Key::new("key").expect("a key").is_in("a key"));
    }

    /// The superuser may search every folder, but nobody may search a file.
    #[test]
    fn a_dotenv_that_may_not_be_looked_at_is_not_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("file"), "").expect("a file");
        let dotenv = folder.path().join("file/.env");
        let read = |in_ci| Places::read(&|_| None, None, &dotenv, in_ci, Duration::from_secs(1));
        let expected = if cfg!(windows) {
            matches!(read(false).key(), Err(KeyError::Missing { .. }))
        } else {
            matches!(read(false).key(), Err(KeyError::Malformed { .. }))
        };
        assert!(expected);
        assert!(matches!(read(true).key(), Err(KeyError::Missing { .. })));
    }

    #[test]
    fn what_is_meant_for_a_key_is_known_without_its_frame() {
        for text in [
            "\"not one word\"",
            "not\u{1}one word",
            "RUNWAYML_API_SECRET='not one word'",
        ] {
            let meant = Key::meant_by(text).expect("visible characters");
            assert_eq!(meant.expose().trim_end_matches('\''), "notoneword");
        }
        assert!(Key::meant_by("short").is_none() && Key::meant_by("''").is_none());
    }
}
