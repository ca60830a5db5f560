//! Runway's documents, or saved ones, to plain data. Nothing is guessed: what is missing,
//! mistyped or there twice is [`Unreadable`], and unknown fields are passed over.

mod json;

use std::collections::BTreeMap;

use self::json::{Json, Round};
use crate::clean::{clean, cut};
use crate::quota::{Credits, Limit, Model, ModelQuota, Organization, Reading, Unreadable};
use crate::spend::{History, UtcDay, Window};

/// Takes out of a text what must not be shown, such as a key that a server echoes.
pub type Blot<'a> = &'a dyn Fn(&str) -> String;

/// An organization is under 100 KB; no answer, asked for or saved, is longer than 8 MiB.
pub const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// How much of an unexpected value is shown.
const EXCERPT: usize = 60;

/// Reads an answer of `GET /v1/organization`.
///
/// # Errors
///
/// Where the document as a whole is not a JSON object, or nothing in it is an organization's. A
/// field that cannot be read is an error of that field alone.
pub fn organization(body: &[u8], blot: Blot) -> Reading<Organization> {
    let document = document(body, blot)?;
    let decode = Decode { blot };
    let tier = decode.field(&document, "tier", String::new);
    let balance = decode
        .field(&document, "creditBalance", String::new)
        .and_then(|json| decode.credits(json, Round::Down, || "creditBalance".to_owned()));
    let monthly_cap = tier.clone().and_then(|tier| {
        let path = || "tier.maxMonthlyCreditSpend".to_owned();
        let json = decode.field(tier, "maxMonthlyCreditSpend", || "tier".to_owned())?;
        Ok(Credits(i128::from(decode.count(
            json,
            Round::Down,
            path,
        )?)))
    });
    let limits = tier.and_then(|tier| {
        let models = decode.field(tier, "models", || "tier".to_owned())?;
        decode.entries(models, "tier.models")
    });
    let used = decode
        .field(&document, "usage", String::new)
        .and_then(|usage| {
            let models = decode.field(usage, "models", || "usage".to_owned())?;
            decode.entries(models, "usage.models")
        });
    let models = limits.map(|limits| {
        let mut models = BTreeMap::new();
        for (name, limits) in limits {
            let quota = decode.model_quota(name, limits, &used);
            let model = decode.model(name);
            // Two names may be one without the key; which of them is meant is not guessed.
            let twin = models.insert(model.clone(), quota);
            if twin.is_some() {
                models.insert(
                    model,
                    ModelQuota::unread(&decode.twice("tier.models", name)),
                );
            }
        }
        models
    });
    match (balance, monthly_cap, models) {
        (Err(balance), Err(_), Err(models)) => Err(no_organization(body, &balance, &models, blot)),
        (balance, monthly_cap, models) => Ok(Organization {
            balance,
            monthly_cap,
            models,
        }),
    }
}

/// An object that is something else, often an error that was sent with status 200.
fn no_organization(
    body: &[u8],
    balance: &Unreadable,
    models: &Unreadable,
    blot: Blot,
) -> Unreadable {
    let mut problem = format!("is no organization: {balance}; {models}");
    let says = cut(&blot(&clean(&reason(body).says)), 300);
    if !says.is_empty() {
        problem.push_str(&format!("; it says: {says}"));
    }
    Unreadable {
        field: String::new(),
        problem,
    }
}

/// Reads an answer of `POST /v1/organization/usage`: the whole of it or nothing, since a sum that
/// lacks a part is wrong. If it was `asked` for a window, it has no business with other days.
///
/// # Errors
///
/// The first field that is not as promised.
pub fn history(body: &[u8], asked: Option<Window>, blot: Blot) -> Reading<History> {
    let document = document(body, blot)?;
    let decode = Decode { blot };
    let results = decode.field(&document, "results", String::new)?;
    let mut history = History::default();
    for (index, day) in decode.array(results, "results")?.iter().enumerate() {
        let path = format!("results[{index}]");
        let date = decode.field(day, "date", || path.clone())?;
        let date = decode.date(date, &format!("{path}.date"))?;
        if let Some(window) = asked.filter(|window| !window.contains(date)) {
            let (start, last) = (window.start, window.last_day());
            return Err(Unreadable {
                field: format!("{path}.date"),
                problem: format!("is {date}, and {start} to {last} was asked for"),
            });
        }
        let entries = decode.field(day, "usedCredits", || path.clone())?;
        let path = format!("{path}.usedCredits");
        for (index, entry) in decode.array(entries, &path)?.iter().enumerate() {
            let path = || format!("{path}[{index}]");
            let model = decode.field(entry, "model", path)?;
            let Json::String(name) = model else {
                return Err(decode.mistyped(model, "a model's name", format!("{}.model", path())));
            };
            let amount = decode.field(entry, "amount", path)?;
            let amount = decode.credits(amount, Round::Up, || format!("{}.amount", path()))?;
            history.add(date, decode.model(name), amount);
        }
    }
    Ok(history)
}

/// What an error's body says, uncleaned.
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
    let document: Json = match serde_json::from_slice(body) {
        Ok(document) => document,
        Err(_) => return Reason::default(),
    };
    let text = |json: Option<&Json>| match json {
        Some(Json::String(text)) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    };
    let error = document.get("error");
    let reason = text(error)
        .or_else(|| text(error.and_then(|error| error.get("message"))))
        .or_else(|| text(document.get("message")));
    Reason {
        says: reason.unwrap_or_default(),
        see: text(document.get("docUrl")),
        in_runways_form: matches!(error, Some(Json::String(_) | Json::Object(_))),
    }
}

fn document<'a>(body: &'a [u8], blot: Blot) -> Reading<Json<'a>> {
    let unreadable = |problem: String| Unreadable {
        field: String::new(),
        problem,
    };
    let excerpt = || {
        let start = body.get(..body.len().min(4_096)).unwrap_or_default();
        let text = blot(&clean(&String::from_utf8_lossy(start)));
        cut(&text, EXCERPT)
    };
    // A byte order mark is what some editors leave in a saved file.
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if u64::try_from(body.len()).map_or(true, |length| length > MOST_BYTES) {
        return Err(unreadable("is longer than 8 MiB".to_owned()));
    }
    if text.trim_ascii().is_empty() {
        return Err(unreadable("is empty".to_owned()));
    }
    match serde_json::from_slice(text) {
        Ok(document @ Json::Object(_)) => Ok(document),
        Ok(other) => Err(unreadable(format!(
            "is {}, not a JSON object",
            other.describe(blot)
        ))),
        Err(_) if text.trim_ascii_start().starts_with(b"<") => Err(unreadable(format!(
            "is a page of HTML or XML, not JSON: {}",
            excerpt()
        ))),
        Err(error) if error.is_eof() => {
            Err(unreadable(format!("is cut off ({error}): {}", excerpt())))
        }
        Err(error) => Err(unreadable(format!("is not JSON ({error}): {}", excerpt()))),
    }
}

struct Decode<'b> {
    blot: Blot<'b>,
}

impl Decode<'_> {
    /// The one field of that name of an object at `path`.
    fn field<'j, 'a>(
        &self,
        object: &'j Json<'a>,
        name: &str,
        path: impl Fn() -> String,
    ) -> Reading<&'j Json<'a>> {
        let Json::Object(entries) = object else {
            return Err(self.mistyped(object, "an object", path()));
        };
        let mut found = entries.iter().filter(|(key, _)| key == name);
        let problem = match (found.next(), found.next()) {
            (Some((_, json)), None) => return Ok(json),
            (None, _) => "is missing",
            (Some(_), Some(_)) => "is there twice",
        };
        let path = path();
        let dot = if path.is_empty() { "" } else { "." };
        Err(Unreadable {
            field: format!("{path}{dot}{name}"),
            problem: problem.to_owned(),
        })
    }

    /// The entries of an object that serves as a map; a name that is there twice is unreadable.
    fn entries<'j, 'a>(
        &self,
        object: &'j Json<'a>,
        path: &str,
    ) -> Reading<BTreeMap<&'j str, Reading<&'j Json<'a>>>> {
        let Json::Object(entries) = object else {
            return Err(self.mistyped(object, "an object", path.to_owned()));
        };
        let mut map = BTreeMap::new();
        for (name, json) in entries {
            if map.insert(name.as_ref(), Ok(json)).is_some() {
                map.insert(name.as_ref(), Err(self.twice(path, name)));
            }
        }
        Ok(map)
    }

    fn model_quota(
        &self,
        name: &str,
        limits: Reading<&Json>,
        used: &Reading<BTreeMap<&str, Reading<&Json>>>,
    ) -> ModelQuota {
        let limit = |field: &str| {
            let path = || self.model_path("tier.models", name);
            let json = self.field(limits.clone()?, field, path)?;
            match json {
                Json::Null => Ok(Limit::Unlimited),
                json => self
                    .count(json, Round::Down, || format!("{}.{field}", path()))
                    .map(Limit::AtMost),
            }
        };
        let used = || {
            // A model without an entry has not been used.
            let Some(entry) = used.as_ref().map_err(Clone::clone)?.get(name) else {
                return Ok(0);
            };
            let path = || self.model_path("usage.models", name);
            let json = self.field(entry.clone()?, "dailyGenerations", path)?;
            self.count(json, Round::Up, || format!("{}.dailyGenerations", path()))
        };
        ModelQuota {
            concurrency: limit("maxConcurrentGenerations"),
            daily_limit: limit("maxDailyGenerations"),
            used: used(),
        }
    }

    fn array<'j, 'a>(&self, json: &'j Json<'a>, path: &str) -> Reading<&'j [Json<'a>]> {
        match json {
            Json::Array(items) => Ok(items),
            _ => Err(self.mistyped(json, "an array", path.to_owned())),
        }
    }

    fn date(&self, json: &Json, path: &str) -> Reading<UtcDay> {
        let day = match json {
            Json::String(text) => UtcDay::parse(text),
            _ => None,
        };
        day.ok_or_else(|| self.mistyped(json, "a day (YYYY-MM-DD)", path.to_owned()))
    }

    /// A number of credits, of either sign.
    fn credits(&self, json: &Json, round: Round, path: impl Fn() -> String) -> Reading<Credits> {
        match json {
            Json::Number(number) => Ok(Credits(number.rounded(round))),
            _ => Err(self.mistyped(json, "a number", path())),
        }
    }

    /// A number that cannot be negative.
    fn count(&self, json: &Json, round: Round, path: impl Fn() -> String) -> Reading<u64> {
        let mistyped = |what| self.mistyped(json, what, path());
        let Json::Number(number) = json else {
            return Err(mistyped("a number"));
        };
        let count = number.rounded(round);
        if count < 0 {
            return Err(mistyped("a number from 0 up"));
        }
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    fn mistyped(&self, json: &Json, wanted: &str, field: String) -> Unreadable {
        Unreadable {
            field,
            problem: format!("is {}, not {wanted}", json.describe(self.blot)),
        }
    }

    /// A name as it was sent, but for a key in it.
    fn model(&self, name: &str) -> Model {
        Model::new((self.blot)(name))
    }

    fn twice(&self, parent: &str, name: &str) -> Unreadable {
        Unreadable {
            field: self.model_path(parent, name),
            problem: "is there twice".to_owned(),
        }
    }

    fn model_path(&self, parent: &str, name: &str) -> String {
        let name = cut(&(self.blot)(&clean(name)), EXCERPT);
        format!("{parent}[\"{name}\"]")
    }
}

#[cfg(test)]
mod tests;
