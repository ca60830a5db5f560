//! Runway's documents, or saved ones, to plain data. Nothing is guessed: what is missing,
//! mistyped or there twice is [`Unreadable`], and unknown fields are passed over.

mod json;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::json::Json;
pub(crate) use self::json::{whole, Round};
use crate::quota::{
    Credits, Limit, Model, ModelQuota, Models, Organization, Problem, Reading, Unreadable,
};
use crate::spend::{History, UtcDay, Window};

/// An organization is under 100 KB; no answer, asked for or saved, is longer than 8 MiB.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// More models than any tier has; with more, the memory that they take has no bound.
const MAX_MODELS: usize = 100_000;

/// How much of an answer is kept for an excerpt, in bytes.
const MAX_EXCERPT: usize = 4_096;

/// No figure is larger: Runway's own are within 2^53 - 1.
const MAX_FIGURE: i128 = 1 << 63;

/// Reads an answer of `GET /v1/organization`.
///
/// # Errors
///
/// Where the document as a whole is not a JSON object, or nothing in it is an organization's. A
/// field that cannot be read is an error of that field alone.
pub fn organization(body: &[u8]) -> Reading<Organization> {
    let document = document(body)?;
    let tier = document.object_in("tier");
    let balance = document.figure("creditBalance", Round::Down).map(Credits);
    let monthly_cap = tier.as_ref().map_err(Clone::clone).and_then(|tier| {
        let cap = tier.count("maxMonthlyCreditSpend", Round::Down)?;
        Ok(Credits(cap.into()))
    });
    let used = document
        .object_in("usage")
        .and_then(|usage| usage.object_in("models"))
        .and_then(Object::into_map);
    let models = tier
        .and_then(|tier| tier.object_in("models"))
        .and_then(|models| models_of(models, &used));
    match (balance, monthly_cap, models) {
        (Err(balance), Err(_), Err(models)) => Err(no_organization(body, &balance, &models)),
        (balance, monthly_cap, models) => Ok(Organization {
            balance,
            monthly_cap,
            models,
        }),
    }
}

/// The entries of an object that serves as a map; one that is there twice is unreadable.
type Map<'a> = BTreeMap<Cow<'a, str>, Reading<Json<'a>>>;

fn models_of(limits: Object, used: &Reading<Map>) -> Reading<Models> {
    let mut models = Models::new();
    for (name, limits) in limits.into_map()? {
        let limits = limits.and_then(|json| Object::of(json, || in_map("tier.models", &name)));
        let limit = |field| limits.as_ref().map_err(Clone::clone)?.limit(field);
        let quota = ModelQuota {
            concurrency: limit("maxConcurrentGenerations"),
            daily_limit: limit("maxDailyGenerations"),
            used: used_of(&name, used),
        };
        models.insert(Model::new(name), quota);
    }
    Ok(models)
}

fn used_of(name: &str, used: &Reading<Map>) -> Reading<u64> {
    // A model without an entry has not been used.
    let Some(entry) = used.as_ref().map_err(Clone::clone)?.get(name) else {
        return Ok(0);
    };
    let entry = Object::of(entry.clone()?, || in_map("usage.models", name))?;
    entry.count("dailyGenerations", Round::Up)
}

/// An object that is something else, often an error that was sent with status 200.
fn no_organization(body: &[u8], balance: &Unreadable, models: &Unreadable) -> Unreadable {
    let lacks = |what: &Unreadable| what.problem == Problem::Missing;
    let problem = if lacks(balance) && lacks(models) {
        format!("lacks {} and {}", balance.field, models.field)
    } else {
        "holds neither creditBalance nor tier in a form that can be read".to_owned()
    };
    let says = reason(body).says;
    Unreadable {
        field: String::new(),
        problem: if says.trim().is_empty() {
            Problem::Other(problem)
        } else {
            Problem::Excerpt {
                problem: format!("{problem}; it says"),
                excerpt: says,
            }
        },
    }
}

/// Reads an answer of `POST /v1/organization/usage`: the whole of it or nothing, since a sum that
/// lacks a part is wrong. If it was `asked` for a window, it has no business with other days.
///
/// # Errors
///
/// The first field that is not as promised.
pub fn history(body: &[u8], asked: Option<Window>) -> Reading<History> {
    let document = document(body)?;
    let mut history = History::default();
    for (index, day) in document.array("results")?.into_iter().enumerate() {
        let day = Object::of(day, || format!("results[{index}]"))?;
        let date = day.text("date", "a day (YYYY-MM-DD)", UtcDay::parse)?;
        if let Some(window) = asked.filter(|window| !window.contains(date)) {
            let (start, last) = (window.start, window.last_day());
            return Err(Unreadable {
                field: format!("results[{index}].date"),
                problem: Problem::Other(format!("is {date}, and {start} to {last} was asked for")),
            });
        }
        let entries = day.array("usedCredits")?;
        for (entry_index, entry) in entries.into_iter().enumerate() {
            let path = || format!("results[{index}].usedCredits[{entry_index}]");
            let entry = Object::of(entry, path)?;
            let model = entry.text("model", "a model's name", |name| Some(Model::new(name)))?;
            let amount = entry.figure("amount", Round::Up)?;
            history.add(date, model, Credits(amount));
        }
    }
    Ok(history)
}

/// What an error's body says, raw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// The reason, in any of the shapes that are seen: `error`, `message`, `error.message`; empty
    /// where there is none.
    pub says: String,
    /// The link beside it.
    pub see: Option<String>,
    /// Whether it has Runway's own form, and not a firewall's.
    pub in_runways_form: bool,
}

/// Reads the body of an answer that is an error; one that cannot be read says nothing.
pub fn reason(body: &[u8]) -> Reason {
    let Ok(document) = document(body) else {
        return Reason::default();
    };
    let text = |json: Option<Json>| {
        let text = json?.string()?;
        (!text.trim().is_empty()).then(|| text.into_owned())
    };
    let error = document.first("error");
    let inner = error.and_then(|error| Object::of(error, String::new).ok());
    let message = inner.as_ref().and_then(|error| error.first("message"));
    let says = text(error)
        .or_else(|| text(message))
        .or_else(|| text(document.first("message")));
    Reason {
        says: says.unwrap_or_default(),
        see: text(document.first("docUrl")),
        in_runways_form: inner.is_some() || error.is_some_and(|error| error.string().is_some()),
    }
}

fn document(body: &[u8]) -> Reading<Object<'_>> {
    let unreadable = |problem| Unreadable {
        field: String::new(),
        problem,
    };
    let other = |problem: &str| Err(unreadable(Problem::Other(problem.to_owned())));
    let with_excerpt = |problem: String| {
        let start = body.get(..body.len().min(MAX_EXCERPT)).unwrap_or_default();
        let excerpt = String::from_utf8_lossy(start).into_owned();
        Err(unreadable(Problem::Excerpt { problem, excerpt }))
    };
    // A byte order mark is what some editors leave in a saved file.
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if u64::try_from(body.len()).map_or(true, |length| length > MAX_BYTES) {
        return other("is longer than 8 MiB");
    }
    if text.trim_ascii().is_empty() {
        return other("is empty");
    }
    match Json::parse(text) {
        Ok(json) => match json.object() {
            Some(fields) => Ok(Object {
                path: String::new(),
                fields,
            }),
            None => Err(unreadable(mistyped(json, "a JSON object"))),
        },
        Err(_) if text.trim_ascii_start().starts_with(b"<") => {
            with_excerpt("is a page of HTML or XML, not JSON".to_owned())
        }
        Err(error) => {
            let what = if error.is_eof() {
                "cut off"
            } else {
                "not JSON"
            };
            let (line, column) = (error.line(), error.column());
            with_excerpt(format!("is {what} at line {line} column {column}"))
        }
    }
}

fn mistyped(json: Json, wanted: &'static str) -> Problem {
    Problem::Mistyped {
        found: json.found(),
        wanted,
    }
}

fn in_map(parent: &str, name: &str) -> String {
    format!("{parent}[\"{name}\"]")
}

/// An object, and its path in the document.
struct Object<'a> {
    path: String,
    fields: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Object<'a> {
    fn of(json: Json<'a>, path: impl FnOnce() -> String) -> Reading<Self> {
        match json.object() {
            Some(fields) => Ok(Self {
                path: path(),
                fields,
            }),
            None => Err(Unreadable {
                field: path(),
                problem: mistyped(json, "an object"),
            }),
        }
    }

    fn path_of(&self, name: &str) -> String {
        let dot = if self.path.is_empty() { "" } else { "." };
        format!("{}{dot}{name}", self.path)
    }

    fn unreadable(&self, name: &str, problem: Problem) -> Unreadable {
        Unreadable {
            field: self.path_of(name),
            problem,
        }
    }

    /// The first field of that name, however many there are.
    fn first(&self, name: &str) -> Option<Json<'a>> {
        let mut fields = self.fields.iter();
        fields.find_map(|(known, json)| (known == name).then_some(*json))
    }

    /// The one field of that name.
    fn field(&self, name: &str) -> Reading<Json<'a>> {
        let mut found = self.fields.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (Some((_, json)), None) => Ok(*json),
            (None, _) => Err(self.unreadable(name, Problem::Missing)),
            (Some(_), Some(_)) => Err(self.unreadable(name, Problem::Twice)),
        }
    }

    fn object_in(&self, name: &str) -> Reading<Self> {
        Self::of(self.field(name)?, || self.path_of(name))
    }

    fn array(&self, name: &str) -> Reading<Vec<Json<'a>>> {
        let json = self.field(name)?;
        let array = json.array();
        array.ok_or_else(|| self.unreadable(name, mistyped(json, "an array")))
    }

    fn text<T>(
        &self,
        name: &str,
        wanted: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Reading<T> {
        let json = self.field(name)?;
        let text = json.string().and_then(|text| read(&text));
        text.ok_or_else(|| self.unreadable(name, mistyped(json, wanted)))
    }

    /// A number of either sign.
    fn figure(&self, name: &str, round: Round) -> Reading<i128> {
        let json = self.field(name)?;
        let wrong = |wanted| self.unreadable(name, mistyped(json, wanted));
        let number = json.number().ok_or_else(|| wrong("a number"))?;
        whole(number, round)
            .filter(|figure| (-MAX_FIGURE..=MAX_FIGURE).contains(figure))
            .ok_or_else(|| wrong("a number in the range that can be read"))
    }

    /// A number that cannot be negative.
    fn count(&self, name: &str, round: Round) -> Reading<u64> {
        let figure = self.figure(name, round)?;
        let json = self.field(name)?;
        // -0.5 rounds to 0 and is negative all the same.
        let negative = figure < 0 || (figure == 0 && whole_away(json) < 0);
        match u64::try_from(figure) {
            Ok(count) if !negative => Ok(count),
            _ => Err(self.unreadable(name, mistyped(json, "a number from 0 up"))),
        }
    }

    /// A number that cannot be negative, or `null` for no limit.
    fn limit(&self, name: &str) -> Reading<Limit> {
        if self.field(name)?.is_null() {
            Ok(Limit::Unlimited)
        } else {
            self.count(name, Round::Down).map(Limit::AtMost)
        }
    }

    fn into_map(self) -> Reading<Map<'a>> {
        if self.fields.len() > MAX_MODELS {
            return Err(Unreadable {
                field: self.path,
                problem: Problem::Other(format!("holds more than {MAX_MODELS} entries")),
            });
        }
        let mut map = Map::new();
        for (name, json) in self.fields {
            let twice = map.contains_key(&name).then(|| Unreadable {
                field: in_map(&self.path, &name),
                problem: Problem::Twice,
            });
            map.insert(name, twice.map_or(Ok(json), Err));
        }
        Ok(map)
    }
}

/// The number rounded down: below 0 for any negative one.
fn whole_away(json: Json) -> i128 {
    let number = json.number().and_then(|text| whole(text, Round::Down));
    number.unwrap_or_default()
}

#[cfg(test)]
mod tests;
