//! A JSON object as it stands: a field that is there twice is kept, and a figure keeps its text.
//!
//! serde_json finds where a value ends; of what nobody asks for, it reads nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::figure::{whole, Round};
use crate::quota::{Limit, Reading, Unreadable};

/// The objects of one that serves as a map; one that is there twice is unreadable.
pub(super) type Map<'a> = BTreeMap<Cow<'a, str>, Reading<Object<'a>>>;

/// No tier has as many models.
const MAX_FIELDS: usize = 100_000;

/// An object, and its path in the document.
pub(super) struct Object<'a> {
    pub(super) path: String,
    pub(super) fields: Fields<'a>,
}

/// In the order in which they stand.
pub(crate) struct Fields<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            if fields.len() == MAX_FIELDS {
                return Err(A::Error::custom("too many fields"));
            }
            // Half of a surrogate pair is valid JSON, and in the name of no field that is read.
            if let Some(name) = string(name) {
                fields.push((name, value));
            }
        }
        Ok(Fields(fields))
    }
}

impl<'a> Fields<'a> {
    /// The first field of that name.
    pub(crate) fn first(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map(|(_, json)| *json)
    }

    /// The field of that name, which must not be there twice.
    pub(crate) fn once(&self, name: &str) -> Result<Option<&'a RawValue>, String> {
        let mut found = self.0.iter().filter(|(found, _)| found == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(format!("\"{name}\" appears twice: keep one")),
            (found, None) => Ok(found.map(|(_, json)| *json)),
        }
    }
}

impl<'a> Object<'a> {
    pub(super) fn of(path: String, json: &'a RawValue) -> Reading<Self> {
        match serde_json::from_str(json.get()) {
            Ok(fields) => Ok(Self { path, fields }),
            Err(_) if kind(json) == "an object" => {
                Err(Unreadable::new(&path, "has more than 100,000 fields"))
            }
            Err(_) if path.is_empty() => Err(mistyped(&path, json, "a JSON object")),
            Err(_) => Err(mistyped(&path, json, "an object")),
        }
    }

    /// The one field of that name.
    fn field(&self, name: &str) -> Reading<&'a RawValue> {
        let problem = match self.fields.once(name) {
            Ok(Some(json)) => return Ok(json),
            Ok(None) => "is missing",
            Err(_) => "appears twice",
        };
        Err(Unreadable::new(&self.path_of(name), problem))
    }

    fn path_of(&self, name: &str) -> String {
        let dot = if self.path.is_empty() { "" } else { "." };
        format!("{}{dot}{name}", self.path)
    }

    /// The one field of that name, read; the error says what it should be.
    pub(super) fn value<T>(
        &self,
        name: &str,
        wanted: &'static str,
        read: impl FnOnce(&'a RawValue) -> Option<T>,
    ) -> Reading<T> {
        let json = self.field(name)?;
        read(json).ok_or_else(|| mistyped(&self.path_of(name), json, wanted))
    }

    pub(super) fn object(&self, name: &str) -> Reading<Self> {
        Self::of(self.path_of(name), self.field(name)?)
    }

    pub(super) fn array(&self, name: &str) -> Reading<Vec<&'a RawValue>> {
        self.value(name, "an array", |json| {
            serde_json::from_str(json.get()).ok()
        })
    }

    /// A number of either sign, within 64 bits: Runway's own are far smaller.
    pub(super) fn figure(&self, name: &str, round: Round) -> Reading<i128> {
        let json = self.field(name)?;
        let (figure, wanted) = match kind(json) {
            "a number" => (
                whole(json.get(), round),
                "a number in the range that can be read",
            ),
            _ => (None, "a number"),
        };
        let figure = figure.filter(|figure| i64::try_from(*figure).is_ok());
        figure.ok_or_else(|| mistyped(&self.path_of(name), json, wanted))
    }

    /// A number that cannot be negative.
    pub(super) fn count(&self, name: &str, round: Round) -> Reading<u64> {
        let figure = self.figure(name, round)?;
        // -0.5 rounds up to 0 and is still negative.
        let negative = self.figure(name, Round::Down)? < 0;
        let count = u64::try_from(figure).ok().filter(|_| !negative);
        self.value(name, "a number from 0 up", |_| count)
    }

    /// A number that cannot be negative, or `null` for no limit.
    pub(super) fn limit(&self, name: &str) -> Reading<Limit> {
        match self.field(name)?.get() {
            "null" => Ok(Limit::Unlimited),
            _ => self.count(name, Round::Down).map(Limit::AtMost),
        }
    }

    pub(super) fn into_map(self) -> Map<'a> {
        let mut map = Map::new();
        for (name, json) in self.fields.0 {
            let path = format!("{}[\"{name}\"]", self.path);
            let entry = if map.contains_key(&name) {
                Err(Unreadable::new(&path, "appears twice"))
            } else {
                Object::of(path, json)
            };
            map.insert(name, entry);
        }
        map
    }
}

pub(super) fn mistyped(field: &str, json: &RawValue, wanted: &'static str) -> Box<Unreadable> {
    let kind = kind(json);
    let problem = if kind == "a number" && wanted.starts_with(kind) {
        format!("is not {wanted}")
    } else {
        format!("is {kind}, not {wanted}")
    };
    let text = string(json).map(Cow::into_owned);
    let number = (kind == "a number").then(|| json.get().to_owned());
    Unreadable::new(field, &problem).with_excerpt(text.or(number))
}

/// What a value is, for a sentence.
pub(crate) fn kind(json: &RawValue) -> &'static str {
    match json.get().as_bytes() {
        [b'{', ..] => "an object",
        [b'[', ..] => "an array",
        [b'"', ..] => "a string",
        [b't', ..] => "true",
        [b'f', ..] => "false",
        [b'n', ..] => "null",
        _ => "a number",
    }
}

/// The text, if this is a string.
pub(crate) fn string(json: &RawValue) -> Option<Cow<'_, str>> {
    let plain = json.get().strip_prefix('"')?.strip_suffix('"')?;
    if plain.contains('\\') {
        serde_json::from_str(json.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(plain))
    }
}
