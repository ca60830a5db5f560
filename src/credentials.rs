//! The key: where it comes from, and the type that hides it.

mod dotenv;
mod placeholder;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use crate::decode;
use crate::files;
use crate::sanitize::lookalike;

/// The variable that the official SDKs read.
pub const VARIABLE: &str = "RUNWAYML_API_SECRET";

/// Names that other tools use for a Runway key.
const OTHER_NAMES: &str = "RUNWAY_API_KEY RUNWAY_SKILLS_API_SECRET RUNWAYML_API_KEY RUNWAY_API_SECRET RUNWAY_API_TOKEN RUNWAYML_API_TOKEN RUNWAY_TOKEN";

/// More than any key; a longer file is none.
const MAX_BYTES: u64 = 65_536;

/// What is shorter may stand anywhere by chance.
const MIN_SECRET: usize = 8;

/// An API key. It cannot be printed; it leaves only as the `Authorization` header.
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
            return Err(KeyProblem::Placeholder(name.unwrap_or(VARIABLE).to_owned()));
        }
        let quoted = |quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
        let mut unexpected = (1..).zip(text.chars());
        let unexpected = unexpected.find(|(_, character)| !character.is_ascii_graphic());
        let problem = if quoted('"') || quoted('\'') {
            "is in quotation marks, which do not belong to it"
        } else if names_a_variable(text) || dotenv::assigns(text) {
            "is a whole assignment: only what follows RUNWAYML_API_SECRET= is the key"
        } else if text.starts_with(['{', '[', '<']) {
            "is JSON, HTML or in brackets: only the key itself belongs there"
        } else if text.ends_with('\\') {
            "ends in a backslash, as a line does that goes on in the next one"
        } else if let Some((position, character)) = unexpected {
            let what = match character {
                '\n' | '\r' => "a line break",
                ' ' => "a space",
                character if character.is_whitespace() => "white space",
                character if character.is_control() => "a control character",
                _ => lookalike(character).map_or("a character that is not ASCII", |(kind, _)| kind),
            };
            &format!("contains {what} at position {position}")
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(KeyProblem::Text(problem.to_owned()))
    }

    /// The value of the `Authorization` header: the one way out.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

/// Whether a text that is no known key may be one, or hold one: it begins like Runway's, or goes on
/// for longer than any name.
pub fn looks_like_key(text: &str) -> bool {
    const MIN_LENGTH: usize = 32;
    let mixed = |word: &str| {
        let digit = word.contains(|c: char| c.is_ascii_digit());
        word.len() >= MIN_LENGTH && digit && word.contains(|c: char| c.is_ascii_alphabetic())
    };
    let lower = text.to_lowercase();
    lower.contains("key_")
        || lower.contains("-----begin ")
        || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(mixed)
}

/// What is wrong with what stands in the place of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// It is no key: the end of a sentence on it.
    Text(String),
    /// The file cannot be read, and why.
    Unreadable(String),
    /// The file names the variable, and no line gives it a value.
    NotAssigned,
    /// It is a placeholder, of this variable.
    Placeholder(String),
}

/// What is known about why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHint {
    /// GitHub gives no secrets to a pull request from a fork.
    Fork,
    /// GitHub gives no Actions secrets to a run by Dependabot.
    Dependabot,
    /// In GitHub Actions the variable is set, and empty.
    EmptySecret,
    /// GitLab gives protected variables to protected branches alone.
    NotProtected,
    /// Azure gives secret variables to no step that does not map them.
    NotMapped,
    /// A `.env` of the checkout is there, and is not read in a CI system.
    DotenvNotRead,
    /// A variable is set that belongs to another tool.
    OtherName(&'static str),
    /// `--key-file` holds none, and no other place counts beside it.
    KeyFile,
    /// Limits and balance come from a saved answer, and a flag still needs the history.
    HistoryAsked,
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
    Malformed {
        place: &'static str,
        problem: KeyProblem,
    },
}

/// Every place where a key may be, read once.
pub struct Places {
    /// Those that count, in the order in which they are searched.
    places: Vec<Place>,
    /// Everything that is, or may be meant for, a key, to keep it out of all that is shown.
    pub secrets: Vec<String>,
    /// What else may be a key: another tool's.
    pub others: Vec<String>,
    hints: Vec<KeyHint>,
}

struct Place {
    /// The word of the JSON report.
    source: &'static str,
    /// In a sentence.
    name: &'static str,
    /// What stands for the key there.
    value: Result<String, NoValue>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NoValue {
    Missing(&'static str),
    Malformed(KeyProblem),
}

impl Places {
    /// Reads the places. In a CI system `dotenv` is not read: it comes with the checkout, which may
    /// be somebody else's. A `file` that is a pipe must end within `patience`. Where there is one, it
    /// alone counts.
    pub fn read(
        variable: &dyn Fn(&str) -> Option<OsString>,
        file: Option<&Path>,
        dotenv: &Path,
        in_ci: bool,
        patience: Duration,
    ) -> Self {
        let unreadable = |error| NoValue::Malformed(KeyProblem::Unreadable(error));
        // What is not UTF-8 becomes a character that no key has.
        let value_of =
            |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
        let of_file = file.map(|path| read(path, Some(patience)).map_err(unreadable));
        let of_variable = value_of(VARIABLE).ok_or(NoValue::Missing("not set"));
        let lies_there = match dotenv.symlink_metadata() {
            // A folder of this name, such as a virtual environment, holds no key.
            _ if dotenv.is_dir() => false,
            Err(error) => error.kind() != ErrorKind::NotFound,
            Ok(_) => true,
        };
        let of_dotenv = match lies_there {
            _ if in_ci => Err(NoValue::Missing("not read in a CI system")),
            false => Err(NoValue::Missing("not in this directory")),
            true => read(dotenv, None).map_err(unreadable),
        };

        let named = |text: &String| dotenv::candidates(text, VARIABLE);
        let named_or_all = |text: &String| match named(text) {
            named if named.is_empty() => vec![text.clone()],
            named => named,
        };
        let meant = of_file.iter().chain([&of_variable]).flatten();
        // What else an env file holds is not hidden.
        let meant = meant.flat_map(named_or_all);
        let meant = meant.chain(of_dotenv.iter().flat_map(named));
        let secrets = meant.filter_map(|text| secret_in(&text)).collect();
        let others = OTHER_NAMES.split(' ').filter_map(value_of);
        let others = others.filter_map(|text| secret_in(&text));
        let others = others.filter(|secret| secret.len() >= MIN_SECRET).collect();

        let place = |source, name, value| Place {
            source,
            name,
            value,
        };
        let (places, hints) = match of_file {
            Some(text) => {
                let value = text.and_then(in_file);
                let file = place("file", "the file given by --key-file", value);
                (vec![file], vec![KeyHint::KeyFile])
            }
            None => {
                let name = "the environment variable RUNWAYML_API_SECRET";
                let of_dotenv = of_dotenv.and_then(|text| dotenv::value(&text, VARIABLE));
                let places = vec![
                    place("environment", name, of_variable),
                    place("dotenv", "the file .env", of_dotenv),
                ];
                let not_read = (in_ci && lies_there).then_some(KeyHint::DotenvNotRead);
                let is_set = |name: &&str| value_of(name).is_some_and(|value| !value.is_empty());
                let others = OTHER_NAMES.split(' ').filter(is_set);
                let hints = not_read.into_iter().chain(others.map(KeyHint::OtherName));
                (places, hints.collect())
            }
        };
        Self {
            places,
            secrets,
            others,
            hints,
        }
    }

    /// Whether a whole key stands in a text.
    pub fn stands_in(&self, text: &str) -> bool {
        let text = visible(text);
        let within = |secret: &String| secret.len() >= MIN_SECRET && text.contains(secret);
        self.secrets.iter().any(within)
    }

    /// The key, and the word of the JSON report for where it is from: the file if one is given, else
    /// the environment, else `.env`.
    ///
    /// # Errors
    ///
    /// If there is no key, with every place that was searched; or if it is malformed.
    pub fn key(&self) -> Result<(Key, &'static str), KeyError> {
        let mut searched = Vec::new();
        for place in &self.places {
            let name = place.name;
            let malformed = |problem| KeyError::Malformed {
                place: name,
                problem,
            };
            let why_not = match &place.value {
                Ok(text) if trimmed(text).is_empty() => "empty",
                Ok(text) => return Ok((Key::new(text).map_err(malformed)?, place.source)),
                Err(NoValue::Missing(why)) => why,
                Err(NoValue::Malformed(problem)) => return Err(malformed(problem.clone())),
            };
            searched.push(format!("{name} ({why_not})"));
        }
        Err(KeyError::Missing {
            searched,
            hints: self.hints.clone(),
        })
    }
}

/// What stands for the key in a file that is given for it.
fn in_file(text: String) -> Result<String, NoValue> {
    match dotenv::value(&text, VARIABLE) {
        // It holds the key alone.
        Err(NoValue::Missing(_)) => Ok(text),
        Err(_) if placeholder::name(trimmed(&text)).is_some() => Ok(text),
        found => found,
    }
}

fn read(path: &Path, patience: Option<Duration>) -> Result<String, String> {
    let text = decode::whole_as_utf8(&files::read(path, MAX_BYTES, patience)?);
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// What is visible of a text that is, or may be meant for, a key.
fn secret_in(text: &str) -> Option<String> {
    match Key::new(text) {
        Ok(Key(key)) => Some(key).filter(|key| !key.is_empty()),
        // A variable that was not filled in is named, and not hidden.
        Err(_) if matches!(placeholder::name(trimmed(text)), Some(Some(_))) => None,
        Err(_) => {
            let visible = visible(text);
            let assigned = visible.rsplit(VARIABLE).next().unwrap_or(&visible);
            let secret = assigned.trim_matches(['=', ':', '"', '\'']);
            (secret.len() >= MIN_SECRET).then(|| secret.to_owned())
        }
    }
}

/// Whether a text holds the name of a variable for a Runway key, as a commented-out line does.
fn names_a_variable(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    text.contains(VARIABLE) || OTHER_NAMES.split(' ').any(|name| text.contains(name))
}

fn visible(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).collect()
}

/// Without white space and byte order marks at the ends.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_word() {
        for good in [" key_1\n", "\u{feff}key_1"] {
            assert_eq!(Key::new(good).expect("a key").bearer(), "Bearer key_1");
        }
        #[rustfmt::skip]
        let cases = [
            ("key 1", "contains a space at position 4"),
            ("key\n1", "contains a line break at position 4"),
            ("kéy", "contains a character that is not ASCII at position 2"),
            ("key\u{0}1", "contains a control character at position 4"),
            ("“key_1”", "contains a curly quotation mark at position 1"),
            ("{\"key\":\"key_1\"}", "is JSON, HTML or in brackets: only the key itself belongs there"),
            ("key_1\\", "ends in a backslash, as a line does that goes on in the next one"),
            ("'key_1'", "is in quotation marks, which do not belong to it"),
            ("RUNWAYML_API_SECRET=key_1", "is a whole assignment: only what follows RUNWAYML_API_SECRET= is the key"),
        ];
        for (text, problem) in cases {
            let problem = KeyProblem::Text(problem.to_owned());
            assert_eq!(Key::new(text).err(), Some(problem));
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
        let of = |key: &'static str| {
            let set = move |name: &str| (name == VARIABLE).then(|| key.into());
            let patience = Duration::from_secs(1);
            Places::read(&set, None, Path::new("no/.env"), false, patience)
        };
        for (text, holds) in [
            ("https://h/key_01234567", true),
            ("key_0 123\n4567", true),
            ("https://h/key_0123456", false),
            ("", false),
        ] {
            assert_eq!(of("key_01234567").stands_in(text), holds, "{text}");
        }
        assert!(!of("key").stands_in("a key"));
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
            assert_eq!(secret_in(text).as_deref(), Some("notoneword"), "{text}");
        }
        assert_eq!(secret_in("key_1").as_deref(), Some("key_1"));
        for text in ["", "s h o r t", "''", "${{ secrets.RUNWAYML_API_SECRET }}"] {
            assert_eq!(secret_in(text), None, "{text}");
        }
    }
}
