//! Runway's documents, or saved ones, to plain data. Nothing is guessed: what is missing,
//! mistyped or there twice is [`Unreadable`], and unknown fields are passed over.

mod figure;
mod json;
mod text;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

pub(crate) use self::figure::{whole, Round};
pub(crate) use self::json::{kind, string, Fields};
use self::json::{Map, Object};
pub(crate) use self::text::{utf8, whole_as_utf8};
use crate::format::list;
use crate::quota::{Credits, Model, ModelQuota, Models, Organization, Reading, Unreadable};
use crate::spend::{History, UtcDay, Window};

/// An organization is under 100 KB; no answer, asked for or saved, is longer than 8 MiB.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

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
    let Some(lacks) = lacking(&document).filter(|_| nothing) else {
        return Ok(read);
    };
    let says = reason(body).says;
    let it_says = if says.is_empty() { "" } else { "; it says" };
    Err(Unreadable::new("", &format!("{lacks}{it_says}")).with_excerpt(Some(says)))
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
    let forms = document.figure("creditBalance", Round::Down);
    let forms = forms.and(document.object("tier"));
    forms.and(document.object("usage")).map_err(|what| {
        let problem = format!("is not one of Runway's: {} {}", what.field, what.problem);
        Unreadable::new("", &problem)
    })?;
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
    let mut lacking = FIELDS.map(str::to_owned).to_vec();
    lacking.retain(|name| document.fields.first(name).is_none());
    (!lacking.is_empty()).then(|| format!("lacks {}", list(&lacking, "and")))
}

fn organization_in(document: &Object) -> Organization {
    let tier = document.object("tier");
    let cap = |tier: &Object| tier.count("maxMonthlyCreditSpend", Round::Down);
    let monthly_cap = tier.as_ref().map_err(Clone::clone).and_then(cap);
    let used = document.object("usage");
    let used = used.and_then(|usage| Ok(usage.object("models")?.into_map()));
    Organization {
        balance: document.figure("creditBalance", Round::Down).map(Credits),
        monthly_cap: monthly_cap.map(|cap| Credits(cap.into())),
        models: tier.and_then(|tier| Ok(models_of(tier.object("models")?, &used))),
    }
}

fn models_of(limits: Object, used: &Reading<Map>) -> Models {
    let models = limits.into_map().into_iter().map(|(name, limits)| {
        let limit = |field| limits.as_ref().map_err(Clone::clone)?.limit(field);
        let quota = ModelQuota {
            concurrency: limit("maxConcurrentGenerations"),
            daily_limit: limit("maxDailyGenerations"),
            used: used_of(&name, used),
        };
        (Model::new(name), quota)
    });
    models.collect()
}

fn used_of(name: &str, used: &Reading<Map>) -> Reading<u64> {
    // A model without an entry has not been used.
    let Some(entry) = used.as_ref().map_err(Clone::clone)?.get(name) else {
        return Ok(0);
    };
    let entry = entry.as_ref().map_err(Clone::clone)?;
    entry.count("dailyGenerations", Round::Up)
}

/// Reads an answer of `POST /v1/organization/usage`: the whole of it or nothing, since a sum that
/// lacks a part is wrong; and it has no business with days that were not `asked` for.
///
/// # Errors
///
/// The first field that is not as promised.
pub fn history(body: &[u8], asked: Window) -> Reading<History> {
    let document = document(body)?;
    let mut entries = Vec::new();
    for (index, day) in document.array("results")?.into_iter().enumerate() {
        let day = Object::of(format!("results[{index}]"), day)?;
        let read_day = |json| UtcDay::parse(&string(json)?);
        let date = day.value("date", "a day (YYYY-MM-DD)", read_day)?;
        if !asked.contains(date) {
            let (start, last) = (asked.start, asked.last_day());
            let problem = format!("is {date}, outside the requested days {start} to {last}");
            return Err(Unreadable::new(&format!("{}.date", day.path), &problem));
        }
        for (index, entry) in day.array("usedCredits")?.into_iter().enumerate() {
            let entry = Object::of(format!("{}.usedCredits[{index}]", day.path), entry)?;
            let model = Model::new(entry.value("model", "a model's name", string)?);
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
    let Ok(body) = serde_json::from_slice(body) else {
        return Reason::default();
    };
    let text = |json: &RawValue| {
        let text = string(json).filter(|text| !text.trim().is_empty())?;
        Some(text.into_owned())
    };
    let at = |path: &[&str]| value_at(body, path).and_then(text);
    let says = at(&["error"])
        .or_else(|| at(&["error", "message"]))
        .or_else(|| at(&["message"]));
    // What is wrong with a field stands beside it.
    let issues = value_at(body, &["issues"]).map_or("[]", RawValue::get);
    let issues: Vec<&RawValue> = serde_json::from_str(issues).unwrap_or_default();
    let issues = issues.into_iter();
    let issues = issues.filter_map(|issue| value_at(issue, &["message"]).and_then(text));
    let says: Vec<_> = says.into_iter().chain(issues).collect();
    let error = value_at(body, &["error"]).map(kind);
    Reason {
        says: says.join(": "),
        see: at(&["docUrl"]),
        in_runways_form: matches!(error, Some("an object" | "a string")),
    }
}

/// The text that is at the end of a path of names, if the document has one.
pub(crate) fn text_at(body: &[u8], path: &[&str]) -> Option<String> {
    let json = serde_json::from_slice(body).ok()?;
    string(value_at(json, path)?).map(Cow::into_owned)
}

fn value_at<'a>(mut json: &'a RawValue, path: &[&str]) -> Option<&'a RawValue> {
    for name in path {
        let object: Fields = serde_json::from_str(json.get()).ok()?;
        json = object.first(name)?;
    }
    Some(json)
}

fn document(body: &[u8]) -> Reading<Object<'_>> {
    if u64::try_from(body.len()).map_or(true, |length| length > MAX_BYTES) {
        return Err(Unreadable::new("", "is longer than 8 MiB"));
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let error = match serde_json::from_slice(body) {
        Ok(json) => return Object::of(String::new(), json),
        Err(error) => error,
    };
    let start = body.get(..body.len().min(MAX_EXCERPT)).unwrap_or_default();
    let excerpt = String::from_utf8_lossy(start).into_owned();
    let text = body.trim_ascii_start();
    let (line, column) = (error.line(), error.column());
    let problem = if text.is_empty() {
        "is empty"
    } else if text.starts_with(b"<") {
        "is a page of HTML or XML, not JSON"
    } else if error.is_eof() {
        &format!("is cut off at line {line} column {column}")
    } else {
        &format!("is not JSON at line {line} column {column}")
    };
    Err(Unreadable::new("", problem).with_excerpt(Some(excerpt)))
}

#[cfg(test)]
mod tests;
