//! Runway's documents, or saved ones, to plain data. Nothing is guessed: what is missing,
//! mistyped or there twice is [`Unreadable`], and unknown fields are passed over.

mod figure;
mod json;
mod text;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

pub(crate) use self::figure::{whole, Round};
use self::json::{kind, mistyped, Map, Object};
pub(crate) use self::json::{string, Fields};
pub(crate) use self::text::{utf8, whole_as_utf8};
use crate::format::list;
use crate::quota::{Credits, Model, ModelQuota, Models, Organization, Reading, Unreadable};
use crate::spend::{History, UtcDay, Window};

/// An organization is under 100 KB; no answer, asked for or saved, is longer than 8 MiB.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// More of what is wrong with a request is not quoted.
const MAX_ISSUES: usize = 3;

/// How much of an answer is kept for an excerpt, in bytes.
const MAX_EXCERPT: usize = 4_096;

/// What is in every organization.
const FIELDS: [&str; 3] = ["creditBalance", "tier", "usage"];

/// Reads an answer of `GET /v1/organization`.
///
/// # Errors
///
/// Where the document as a whole is not a JSON object, or nothing in it is an organization's. A
/// field that cannot be read is an error of that field alone.
pub fn organization(body: &[u8]) -> Reading<Organization> {
    let document = document(body)?;
    let read = organization_in(&document);
    // It is something else, often an error that was sent with status 200.
    let nothing = read.balance.is_err() && read.monthly_cap.is_err() && read.models.is_err();
    match lacking(&document).filter(|_| nothing) {
        Some(lacks) => {
            let says = reason(body).says;
            if says.trim().is_empty() {
                return Err(Unreadable::new("", &lacks));
            }
            let problem = format!("{lacks}; it says");
            Err(Unreadable::new("", &problem).with_excerpt(Some(says)))
        }
        None => Ok(read),
    }
}

/// Reads an answer of `GET /v1/organization` from a file, which may be UTF-16. Nothing of it is
/// quoted: it may be any file.
///
/// # Errors
///
/// Where the file is no such answer.
pub fn saved_organization(file: &[u8]) -> Reading<Organization> {
    let text = whole_as_utf8(file);
    let document = document(&text).map_err(|what| what.with_excerpt(None))?;
    if let Some(lacks) = lacking(&document) {
        return Err(Unreadable::new("", &lacks));
    }
    let forms = [
        document.figure("creditBalance", Round::Down).err(),
        document.object("tier").err(),
        document.object("usage").err(),
    ];
    if let Some(what) = forms.into_iter().flatten().next() {
        let problem = format!("is not one of Runway's: {} {}", what.field, what.problem);
        return Err(Unreadable::new("", &problem));
    }
    let mut read = organization_in(&document);
    unquote(&mut read.monthly_cap);
    unquote(&mut read.models);
    for quota in read.models.iter_mut().flat_map(BTreeMap::values_mut) {
        unquote(&mut quota.concurrency);
        unquote(&mut quota.daily_limit);
        unquote(&mut quota.used);
    }
    Ok(read)
}

fn unquote<T>(reading: &mut Reading<T>) {
    if let Err(what) = reading {
        what.excerpt = None;
    }
}

/// Which of its fields an organization lacks, as the end of a sentence.
fn lacking(document: &Object) -> Option<String> {
    let lacking = FIELDS
        .into_iter()
        .filter(|name| document.fields_named(name).next().is_none());
    let lacking: Vec<String> = lacking.map(str::to_owned).collect();
    (!lacking.is_empty()).then(|| format!("lacks {}", list(&lacking, "and")))
}

fn organization_in(document: &Object) -> Organization {
    let tier = document.object("tier");
    let monthly_cap = tier.as_ref().map_err(Clone::clone).and_then(|tier| {
        let cap = tier.count("maxMonthlyCreditSpend", Round::Down)?;
        Ok(Credits(cap.into()))
    });
    let used = document
        .object("usage")
        .and_then(|usage| usage.object("models"))
        .and_then(Object::into_map);
    let models = tier
        .and_then(|tier| tier.object("models"))
        .and_then(|models| models_of(models, used));
    Organization {
        balance: document.figure("creditBalance", Round::Down).map(Credits),
        monthly_cap,
        models,
    }
}

fn models_of(limits: Object, used: Reading<Map>) -> Reading<Models> {
    let models = limits.into_map()?.into_iter().map(|(name, limits)| {
        let limits = limits.and_then(|json| Object::of(format!("tier.models[\"{name}\"]"), json));
        let limit = |field| limits.as_ref().map_err(Clone::clone)?.limit(field);
        let quota = ModelQuota {
            concurrency: limit("maxConcurrentGenerations"),
            daily_limit: limit("maxDailyGenerations"),
            used: used
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|used| used_of(&name, used)),
        };
        (Model::new(name), quota)
    });
    Ok(models.collect())
}

fn used_of(name: &str, used: &Map) -> Reading<u64> {
    // A model without an entry has not been used.
    let Some(entry) = used.get(name) else {
        return Ok(0);
    };
    let entry = Object::of(format!("usage.models[\"{name}\"]"), entry.clone()?)?;
    entry.count("dailyGenerations", Round::Up)
}

/// Reads an answer of `POST /v1/organization/usage`: the whole of it or nothing, since a sum that
/// lacks a part is wrong. If it was `asked` for a window, it has no business with other days.
///
/// # Errors
///
/// The first field that is not as promised.
pub fn history(body: &[u8], asked: Option<Window>) -> Reading<History> {
    let document = document(body)?;
    let mut entries = Vec::new();
    for (index, day) in document.array("results")?.into_iter().enumerate() {
        let day = Object::of(format!("results[{index}]"), day)?;
        let date = day.text("date", "a day (YYYY-MM-DD)", UtcDay::parse)?;
        if let Some(window) = asked.filter(|window| !window.contains(date)) {
            let (start, last) = (window.start, window.last_day());
            let problem = format!("is {date}, outside the requested days {start} to {last}");
            return Err(Unreadable::new(&format!("{}.date", day.path), &problem));
        }
        for (index, entry) in day.array("usedCredits")?.into_iter().enumerate() {
            let entry = Object::of(format!("{}.usedCredits[{index}]", day.path), entry)?;
            let model = entry.text("model", "a model's name", |name| Some(Model::new(name)))?;
            let amount = entry.figure("amount", Round::Up)?;
            entries.push(((date, model), Credits(amount)));
        }
    }
    Ok(entries.into_iter().collect())
}

/// What an error's body says, raw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// The reason, in any of the shapes that are seen: `error`, `message`, `error.message`; empty
    /// if there is none.
    pub says: String,
    /// The link beside it.
    pub see: Option<String>,
    /// Whether it has Runway's own form, and not a firewall's.
    pub in_runways_form: bool,
}

/// Reads the body of an answer that is an error; one that cannot be read says nothing.
pub fn reason(body: &[u8]) -> Reason {
    let text = |json: &RawValue| {
        let text = string(json).filter(|text| !text.trim().is_empty())?;
        Some(text.into_owned())
    };
    let at = |path: &[&str]| value_at(body, path).and_then(text);
    let says = at(&["error"])
        .or_else(|| at(&["error", "message"]))
        .or_else(|| at(&["message"]));
    // What is wrong with a field stands beside it.
    let issues = value_at(body, &["issues"])
        .map(RawValue::get)
        .unwrap_or("[]");
    let issues: Vec<&RawValue> = serde_json::from_str(issues).unwrap_or_default();
    let issues = issues.into_iter().filter_map(|issue| {
        let issue = Object::of(String::new(), issue).ok()?;
        let message = issue.fields_named("message").next();
        message.and_then(text)
    });
    let says: Vec<_> = says.into_iter().chain(issues.take(MAX_ISSUES)).collect();
    let error = value_at(body, &["error"]).map(kind);
    Reason {
        says: says.join(": "),
        see: at(&["docUrl"]),
        in_runways_form: matches!(error, Some("an object" | "a string")),
    }
}

/// The text that is at the end of a path of names, if the document has one.
pub(crate) fn text_at(body: &[u8], path: &[&str]) -> Option<String> {
    string(value_at(body, path)?).map(Cow::into_owned)
}

fn value_at<'a>(body: &'a [u8], path: &[&str]) -> Option<&'a RawValue> {
    let (last, objects) = path.split_last()?;
    let mut object = document(body).ok()?;
    for name in objects {
        let json = object.fields_named(name).next()?;
        object = Object::of(String::new(), json).ok()?;
    }
    let found = object.fields_named(last).next();
    found
}

fn document(body: &[u8]) -> Reading<Object<'_>> {
    let unreadable = |problem: &str| Unreadable::new("", problem);
    let with_excerpt = |problem: &str| {
        let start = body.get(..body.len().min(MAX_EXCERPT)).unwrap_or_default();
        let excerpt = String::from_utf8_lossy(start).into_owned();
        Err(unreadable(problem).with_excerpt(Some(excerpt)))
    };
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if u64::try_from(body.len()).map_or(true, |length| length > MAX_BYTES) {
        return Err(unreadable("is longer than 8 MiB"));
    }
    if text.trim_ascii().is_empty() {
        return Err(unreadable("is empty"));
    }
    match serde_json::from_slice::<&RawValue>(text) {
        Ok(json) => {
            let object = Object::of(String::new(), json);
            object.map_err(|_| mistyped("", json, "a JSON object"))
        }
        Err(_) if text.trim_ascii_start().starts_with(b"<") => {
            with_excerpt("is a page of HTML or XML, not JSON")
        }
        Err(error) => {
            let what = if error.is_eof() {
                "cut off"
            } else {
                "not JSON"
            };
            let (line, column) = (error.line(), error.column());
            with_excerpt(&format!("is {what} at line {line} column {column}"))
        }
    }
}

#[cfg(test)]
mod tests;
