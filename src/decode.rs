//! Runway's documents, or saved ones, to plain data. Nothing is guessed: what is missing,
//! mistyped or there twice is [`Unreadable`], and unknown fields are passed over.

mod json;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::iter::Peekable;
use std::vec;

use self::json::{is_same, Document, Json, MAX_VALUES};
pub(crate) use self::json::{whole, Round};
pub(crate) use self::text::utf8;
use crate::format::list;
use crate::quota::{
    compare, Credits, Limit, Model, ModelQuota, Models, Organization, Reading, Unreadable,
};
use crate::spend::{History, UtcDay, Window};

/// An organization is under 100 KB; no answer, asked for or saved, is longer than 8 MiB.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// More models than any tier has; with more, the memory that they take has no bound.
const MAX_MODELS: usize = 100_000;

/// More of what is wrong with a request is not quoted.
const MAX_ISSUES: usize = 3;

/// How much of an answer is kept for an excerpt, in bytes.
const MAX_EXCERPT: usize = 4_096;

/// No figure is larger: Runway's own are within 2^53 - 1.
const MAX_FIGURE: i128 = 1 << 63;

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
    let document = Object::root(&document);
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
    let mut text = Vec::with_capacity(file.len());
    // To read from memory cannot fail; if it did, what was read would be cut off.
    let _ = utf8(file).and_then(|mut source| source.read_to_end(&mut text));
    let document = document(&text).map_err(|what| what.with_excerpt(None))?;
    let document = Object::root(&document);
    if let Some(lacks) = lacking(&document) {
        return Err(Unreadable::new("", &lacks));
    }
    let forms = [
        document.figure("creditBalance", Round::Down).err(),
        document.object_in("tier").err(),
        document.object_in("usage").err(),
    ];
    if let Some(what) = forms.into_iter().flatten().next() {
        let problem = format!("is not one of Runway's: {} {}", what.field, what.problem);
        return Err(Unreadable::new("", &problem));
    }
    let mut read = organization_in(&document);
    unquote(&mut read.monthly_cap);
    unquote(&mut read.models);
    for quota in read.models.iter_mut().flat_map(Models::quotas_mut) {
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
        .filter(|name| document.first(name).is_none());
    let lacking: Vec<String> = lacking.map(str::to_owned).collect();
    (!lacking.is_empty()).then(|| format!("lacks {}", list(&lacking, "and")))
}

fn organization_in(document: &Object) -> Organization {
    let tier = document.object_in("tier");
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
        .and_then(|models| models_of(models, used));
    Organization {
        balance: document.figure("creditBalance", Round::Down).map(Credits),
        monthly_cap,
        models,
    }
}

fn models_of(limits: Object, used: Reading<Map>) -> Reading<Models> {
    let mut used = used.map(|used| used.into_iter().peekable());
    let models = limits.into_map()?.into_iter().map(|(name, limits)| {
        let limits = limits.and_then(|json| Object::of(json, Path::Entry("tier.models", &name)));
        let limit = |field| limits.as_ref().map_err(Clone::clone)?.limit(field);
        let quota = ModelQuota {
            concurrency: limit("maxConcurrentGenerations"),
            daily_limit: limit("maxDailyGenerations"),
            used: match &mut used {
                Ok(used) => used_of(&name, used),
                Err(what) => Err(what.clone()),
            },
        };
        (Model::new(name), quota)
    });
    Ok(models.collect())
}

/// Takes entries up to the model's; the names come in order.
fn used_of(name: &str, used: &mut Peekable<vec::IntoIter<Entry>>) -> Reading<u64> {
    let entry = loop {
        if let Some((_, entry)) = used.next_if(|(known, _)| is_same(known, name)) {
            break entry;
        }
        // A model without an entry has not been used.
        if used
            .next_if(|(known, _)| compare(known, name).is_lt())
            .is_none()
        {
            return Ok(0);
        }
    };
    let entry = Object::of(entry?, Path::Entry("usage.models", name))?;
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
    let document = Object::root(&document);
    let mut entries = Vec::new();
    for (index, day) in document.array("results")?.enumerate() {
        let day = Object::of(day, Path::Day(index))?;
        let date = day.text("date", "a day (YYYY-MM-DD)", UtcDay::parse)?;
        if let Some(window) = asked.filter(|window| !window.contains(date)) {
            let (start, last) = (window.start, window.last_day());
            let problem = format!("is {date}, outside the requested days {start} to {last}");
            return Err(Unreadable::new(&format!("results[{index}].date"), &problem));
        }
        for (entry_index, entry) in day.array("usedCredits")?.enumerate() {
            let entry = Object::of(entry, Path::Spending(index, entry_index))?;
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
    let Ok(document) = document(body) else {
        return Reason::default();
    };
    let document = Object::root(&document);
    let text = |json: Option<Json>| {
        let text = json?.string()?;
        (!text.trim().is_empty()).then(|| text.into_owned())
    };
    let error = document.first("error");
    let inner = error.and_then(|error| Object::of(error, Path::DOCUMENT).ok());
    let message = inner.as_ref().and_then(|error| error.first("message"));
    let mut says = text(error)
        .or_else(|| text(message))
        .or_else(|| text(document.first("message")))
        .unwrap_or_default();
    // What is wrong with a field stands beside it.
    let issues = document.first("issues").and_then(|issues| issues.array());
    let issues = issues.into_iter().flatten();
    let issues =
        issues.filter_map(|issue| Object::of(issue, Path::DOCUMENT).ok()?.first("message"));
    for issue in issues
        .take(MAX_ISSUES)
        .filter_map(|issue| text(Some(issue)))
    {
        says.push_str(if says.is_empty() { "" } else { ": " });
        says.push_str(&issue);
    }
    Reason {
        says,
        see: text(document.first("docUrl")),
        in_runways_form: inner.is_some() || error.is_some_and(|error| error.string().is_some()),
    }
}

/// The text that is at the end of a path of names, if the document has one.
pub(crate) fn text_at(body: &[u8], path: &[&str]) -> Option<String> {
    let document = document(body).ok()?;
    let mut json = document.root();
    for name in path {
        json = json.fields_named(name).next()?;
    }
    json.string().map(Cow::into_owned)
}

fn document(body: &[u8]) -> Reading<Document<'_>> {
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
    match Document::parse(text) {
        Ok(Some(document)) if document.root().is_object() => Ok(document),
        Ok(Some(document)) => Err(mistyped("", document.root(), "a JSON object")),
        Ok(None) => Err(unreadable(&format!("holds more than {MAX_VALUES} values"))),
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

fn mistyped(field: &str, json: Json, wanted: &'static str) -> Box<Unreadable> {
    let kind = json.kind();
    let problem = if kind == "a number" && wanted.starts_with(kind) {
        format!("is not {wanted}")
    } else {
        format!("is {kind}, not {wanted}")
    };
    let text = json.string().map(Cow::into_owned);
    let number = json.number().map(str::to_owned);
    Unreadable::new(field, &problem).with_excerpt(text.or(number))
}

/// The entries of an object that serves as a map, in the order of their names; one that is there
/// twice is unreadable.
type Map<'a> = Vec<Entry<'a>>;

type Entry<'a> = (Cow<'a, str>, Reading<Json<'a>>);

/// Where an object stands in the document. It is written out for an error alone.
#[derive(Clone)]
enum Path<'a> {
    Of(String),
    /// An entry of a map.
    Entry(&'a str, &'a str),
    /// A day of a history.
    Day(usize),
    /// What one model used on a day.
    Spending(usize, usize),
}

impl Path<'_> {
    const DOCUMENT: Self = Self::Of(String::new());
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(path) => f.write_str(path),
            Self::Entry(map, name) => write!(f, "{map}[\"{name}\"]"),
            Self::Day(index) => write!(f, "results[{index}]"),
            Self::Spending(day, index) => write!(f, "results[{day}].usedCredits[{index}]"),
        }
    }
}

/// An object, and its path in the document.
struct Object<'a> {
    path: Path<'a>,
    json: Json<'a>,
}

impl<'a> Object<'a> {
    fn root(document: &'a Document<'a>) -> Self {
        Self {
            path: Path::DOCUMENT,
            json: document.root(),
        }
    }

    fn of(json: Json<'a>, path: Path<'a>) -> Reading<Self> {
        if json.is_object() {
            Ok(Self { path, json })
        } else {
            Err(mistyped(&path.to_string(), json, "an object"))
        }
    }

    fn path_of(&self, name: &str) -> String {
        let path = self.path.to_string();
        let dot = if path.is_empty() { "" } else { "." };
        format!("{path}{dot}{name}")
    }

    fn unreadable(&self, name: &str, problem: &str) -> Box<Unreadable> {
        Unreadable::new(&self.path_of(name), problem)
    }

    /// The first field of that name, however many there are.
    fn first(&self, name: &str) -> Option<Json<'a>> {
        self.json.fields_named(name).next()
    }

    /// The one field of that name.
    fn field(&self, name: &str) -> Reading<Json<'a>> {
        let mut found = self.json.fields_named(name);
        match (found.next(), found.next()) {
            (Some(json), None) => Ok(json),
            (None, _) => Err(self.unreadable(name, "is missing")),
            (Some(_), Some(_)) => Err(self.unreadable(name, "appears twice")),
        }
    }

    fn object_in(&self, name: &str) -> Reading<Self> {
        Self::of(self.field(name)?, Path::Of(self.path_of(name)))
    }

    fn array(&self, name: &str) -> Reading<impl Iterator<Item = Json<'a>> + use<'a>> {
        self.value(name, |json| json.array().ok_or("an array"))
    }

    fn text<T>(
        &self,
        name: &str,
        wanted: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Reading<T> {
        self.value(name, |json| {
            let text = json.string().and_then(|text| read(&text));
            text.ok_or(wanted)
        })
    }

    /// A number of either sign.
    fn figure(&self, name: &str, round: Round) -> Reading<i128> {
        self.value(name, |json| figure(json, round))
    }

    /// A number that cannot be negative.
    fn count(&self, name: &str, round: Round) -> Reading<u64> {
        self.value(name, |json| count(json, round))
    }

    /// A number that cannot be negative, or `null` for no limit.
    fn limit(&self, name: &str) -> Reading<Limit> {
        self.value(name, |json| {
            if json.is_null() {
                Ok(Limit::Unlimited)
            } else {
                count(json, Round::Down).map(Limit::AtMost)
            }
        })
    }

    /// The one field of that name, read; the error says what it should be.
    fn value<T>(
        &self,
        name: &str,
        read: impl FnOnce(Json<'a>) -> Result<T, &'static str>,
    ) -> Reading<T> {
        let json = self.field(name)?;
        read(json).map_err(|wanted| mistyped(&self.path_of(name), json, wanted))
    }

    fn into_map(self) -> Reading<Map<'a>> {
        let path = self.path.to_string();
        let fields = self.json.fields().map(|(name, json)| (name, Ok(json)));
        let mut entries: Map = fields.collect();
        if entries.len() > MAX_MODELS {
            let problem = format!("holds more than {MAX_MODELS} entries");
            return Err(Unreadable::new(&path, &problem));
        }
        entries.sort_unstable_by(|(one, _), (other, _)| compare(one, other));
        entries.dedup_by(|(name, _), (kept, entry)| {
            let is_twice = is_same(name, kept);
            if is_twice {
                let field = Path::Entry(&path, kept).to_string();
                *entry = Err(Unreadable::new(&field, "appears twice"));
            }
            is_twice
        });
        Ok(entries)
    }
}

/// A number of either sign, or what is wanted instead.
fn figure(json: Json, round: Round) -> Result<i128, &'static str> {
    let number = json.number().ok_or("a number")?;
    whole(number, round)
        .filter(|figure| (-MAX_FIGURE..=MAX_FIGURE).contains(figure))
        .ok_or("a number in the range that can be read")
}

/// A number that cannot be negative, or what is wanted instead.
fn count(json: Json, round: Round) -> Result<u64, &'static str> {
    let rounded = figure(json, round)?;
    // -0.5 rounds to 0 and is still negative.
    let negative = rounded == 0 && figure(json, Round::Down)? < 0;
    let count = u64::try_from(rounded).ok().filter(|_| !negative);
    count.ok_or("a number from 0 up")
}

#[cfg(test)]
mod tests;
