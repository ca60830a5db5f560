//! Answers of `GET /v1/organization`.

use serde_json::{json, Value};

/// The organization of the README: tier 1, 5,000 credits, ten models.
pub(crate) const EXAMPLE: &str = include_str!("../../../examples/organization.json");

/// An answer whose models cannot be read.
pub(crate) const UNREADABLE: &str = r#"{"creditBalance":5000,"tier":{"maxMonthlyCreditSpend":10000,"models":7},"usage":{"models":{}}}"#;

/// One model, `gen4.5`, with this daily limit and this many generations used; 5,000 credits.
pub(crate) fn gen45(limit: u64, used: u64) -> Value {
    organization(5000, &[("gen4.5", json!(2), json!(limit), json!(used))])
}

/// An organization of these models: name, concurrency, daily limit, used. `null` used leaves the usage entry out.
pub(crate) fn organization(
    balance: impl Into<Value>,
    models: &[(&str, Value, Value, Value)],
) -> Value {
    let mut answer = json!({
        "tier": { "maxMonthlyCreditSpend": 10000, "models": {} },
        "creditBalance": balance.into(),
        "usage": { "models": {} }
    });
    for (name, concurrent, daily, used) in models {
        answer["tier"]["models"][name] =
            json!({ "maxConcurrentGenerations": concurrent, "maxDailyGenerations": daily });
        if !used.is_null() {
            answer["usage"]["models"][name] = json!({ "dailyGenerations": used });
        }
    }
    answer
}

/// An answer with so many models, each with 5 generations a day.
#[cfg(unix)]
pub(crate) fn many_models(name: &str, count: usize) -> String {
    let names: Vec<String> = (0..count).map(|nth| format!("{name}{nth:05}")).collect();
    let quota = |name| (name, json!(1), json!(5), Value::Null);
    let models: Vec<_> = names.iter().map(|name| quota(name.as_str())).collect();
    organization(5_000, &models).to_string()
}
