//! The two endpoints, on a day of their own.

use std::time::{Duration, UNIX_EPOCH};

use runway_preflight::spend::UtcDay;
use serde_json::{json, Value};

use super::{Reply, Request, Server};

/// A Runway on this day, with so many credits spent by a model so many days before.
pub(crate) fn runway(today: &str, organization: &str, spent: &[(u32, &str, i64)]) -> Server {
    let today = UtcDay::parse(today).expect("a day");
    let noon = |days: u64| UNIX_EPOCH + Duration::from_secs(days * 86_400 + 43_200);
    let now = (20_000..21_000).map(noon);
    let now = now.into_iter().find(|noon| UtcDay::of(*noon) == today);
    let date = httpdate::fmt_http_date(now.expect("a day of these years"));
    let organization = organization.to_owned();
    let spent = spent.iter();
    let spent = spent.map(|(ago, model, amount)| (today.minus(*ago), (*model).to_owned(), *amount));
    let spent: Vec<_> = spent.collect();
    Server::handler(move |_, request| {
        let body = match &*request.method {
            "GET" => organization.clone(),
            _ => history(request, &spent),
        };
        Reply::ok(body).header("Date", &date)
    })
}

/// What was spent on the days that are asked for, and on no others.
pub(crate) fn history(request: &Request, spent: &[(UtcDay, String, i64)]) -> String {
    let asked: Value = serde_json::from_slice(&request.body).expect("a request in JSON");
    let day = |name: &str| UtcDay::parse(asked[name].as_str().expect("a day")).expect("a day");
    let days = day("startDate")..day("beforeDate");
    let spent = spent.iter().filter(|(on, ..)| days.contains(on));
    let results = spent.map(|(on, model, amount)| {
        let entry = json!({ "model": model, "amount": amount });
        json!({ "date": on.to_string(), "usedCredits": [entry] })
    });
    json!({ "results": results.collect::<Vec<_>>(), "models": [] }).to_string()
}
