//! Decoding any bytes, and documents with one thing wrong.

use proptest::prelude::*;
use serde_json::{json, Value};

use super::*;
use crate::decide::{decide, Facts};
use crate::exit::Exit;
use crate::job::{Cost, Generations, Job};
use crate::quota::Limit;

fn plain(unreadable: &Unreadable) -> String {
    unreadable.describe(&|text, max| {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(max).collect()
    })
}

fn good() -> Value {
    json!({
        "tier": {
            "maxMonthlyCreditSpend": 10_000,
            "models": {
                "gen4.5": { "maxConcurrentGenerations": 2, "maxDailyGenerations": 200 },
                "veo3.1": { "maxConcurrentGenerations": null, "maxDailyGenerations": null }
            }
        },
        "creditBalance": 5_000,
        "usage": { "models": { "gen4.5": { "dailyGenerations": 12 } } }
    })
}

fn any_day() -> Window {
    let [start, before] = ["1970-01-01", "9999-12-31"].map(UtcDay::parse);
    Window {
        start: start.expect("a day"),
        before: before.expect("a day"),
    }
}

/// The verdict on a document of a job that needs 20 of gen4.5.
fn verdict(document: &[u8]) -> Exit {
    let job = Job {
        generations: vec![Generations::new(Model::new("gen4.5"), 20, Cost::Unknown)],
        ..Job::default()
    };
    let facts = |organization| Facts {
        organization,
        budgeted: None,
        recent: None,
        today: UtcDay::parse("2026-11-22").expect("a day"),
    };
    match organization(document) {
        Ok(organization) => decide(&job, facts(Some(&organization))).exit(),
        Err(_) => Exit::CannotTell,
    }
}

/// What is wrong with the field that a pointer names, after putting something else there.
fn problem_with(pointer: &str, put: Option<Value>) -> String {
    let mut document = good();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = document.pointer_mut(parent).and_then(Value::as_object_mut);
    let parent = parent.expect("an object");
    match put {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    let read = organization(document.to_string().as_bytes()).expect("an object");
    let mut problems: Vec<Option<&Unreadable>> = vec![
        read.balance.as_ref().err().map(Box::as_ref),
        read.monthly_cap.as_ref().err().map(Box::as_ref),
    ];
    match &read.models {
        Ok(models) => problems.extend(models.values().flat_map(ModelQuota::unreadable).map(Some)),
        Err(problem) => problems.push(Some(problem)),
    }
    problems
        .into_iter()
        .flatten()
        .map(plain)
        .next()
        .unwrap_or_default()
}

#[test]
fn a_good_document_is_read_whole() {
    let read = organization(good().to_string().as_bytes()).expect("a document");
    assert_eq!(read.balance, Ok(Credits(5_000)));
    assert_eq!(read.monthly_cap, Ok(Credits(10_000)));
    let models = read.models.expect("models");
    let quota = models.get(&Model::new("gen4.5")).expect("gen4.5");
    assert_eq!(quota.left(), Ok(Limit::AtMost(188)));
    let quota = models.get(&Model::new("veo3.1")).expect("veo3.1");
    assert_eq!(
        (&quota.concurrency, &quota.used),
        (&Ok(Limit::Unlimited), &Ok(0))
    );
}

#[test]
fn every_field_is_named_when_it_is_wrong() {
    let limits = "/tier/models/gen4.5";
    let long = "x".repeat(1_000);
    #[rustfmt::skip]
    let cases = [
        ("/creditBalance", None, "creditBalance is missing"),
        ("/creditBalance", Some(json!(null)), "creditBalance is null, not a number"),
        ("/creditBalance", Some(json!("5000")), "creditBalance is a string, not a number: 5000"),
        ("/creditBalance", Some(json!(true)), "creditBalance is true, not a number"),
        ("/creditBalance", Some(json!([])), "creditBalance is an array, not a number"),
        ("/tier", None, "tier is missing"),
        ("/tier", Some(json!(7)), "tier is a number, not an object: 7"),
        ("/tier/models", None, "tier.models is missing"),
        ("/tier/models", Some(json!([])), "tier.models is an array, not an object"),
        ("/tier/maxMonthlyCreditSpend", None, "tier.maxMonthlyCreditSpend is missing"),
        ("/tier/maxMonthlyCreditSpend", Some(json!(-1)), "tier.maxMonthlyCreditSpend is not a number from 0 up: -1"),
        (limits, Some(json!(null)), "tier.models[\"gen4.5\"] is null, not an object"),
        ("/tier/models/gen4.5/maxDailyGenerations", None, "tier.models[\"gen4.5\"].maxDailyGenerations is missing"),
        ("/tier/models/gen4.5/maxDailyGenerations", Some(json!(-1)), "tier.models[\"gen4.5\"].maxDailyGenerations is not a number from 0 up: -1"),
        ("/tier/models/gen4.5/maxDailyGenerations", Some(json!(i64::MAX)), ""),
        ("/tier/models/gen4.5/maxDailyGenerations", Some(json!(1_u64 << 63)), "tier.models[\"gen4.5\"].maxDailyGenerations is not a number in the range that can be read: 9223372036854775808"),
        ("/creditBalance", Some(json!(i64::MIN)), ""),
        ("/creditBalance", Some(json!(1_u64 << 63)), "creditBalance is not a number in the range that can be read: 9223372036854775808"),
        ("/tier/models/gen4.5/maxConcurrentGenerations", Some(json!({})), "tier.models[\"gen4.5\"].maxConcurrentGenerations is an object, not a number"),
        ("/usage", None, "usage is missing"),
        ("/usage/models", Some(json!("")), "usage.models is a string, not an object"),
        ("/usage/models/gen4.5", Some(json!(1)), "usage.models[\"gen4.5\"] is a number, not an object: 1"),
        ("/usage/models/gen4.5/dailyGenerations", None, "usage.models[\"gen4.5\"].dailyGenerations is missing"),
        ("/usage/models/gen4.5/dailyGenerations", Some(json!(null)), "usage.models[\"gen4.5\"].dailyGenerations is null, not a number"),
        ("/usage/models/gen4.5/dailyGenerations", Some(json!(-0.5)), "usage.models[\"gen4.5\"].dailyGenerations is not a number from 0 up: -0.5"),
        ("/usage/models/veo3.1", Some(json!({})), "usage.models[\"veo3.1\"].dailyGenerations is missing"),
        ("/usage/models/unlisted", Some(json!(null)), ""),
        ("/tier/models/a\u{1b}[31m\nb", Some(json!(1)), "tier.models[\"a\u{1b}[31m b\"] is a number, not an object: 1"),
        ("/creditBalance", Some(json!(long)), &format!("creditBalance is a string, not a number: {}", "x".repeat(60))),
    ];
    for (pointer, put, problem) in cases {
        assert_eq!(problem_with(pointer, put), problem, "{pointer}");
    }
}

#[test]
fn an_object_of_too_many_fields_is_not_read() {
    for (count, read) in [(100_000, true), (100_001, false)] {
        let models: Vec<String> = (0..count).map(|nth| format!("\"{nth}\":0")).collect();
        let text = format!("{{\"models\":{{{}}}}}", models.join(","));
        let document = json::Object::of(String::new(), serde_json::from_str(&text).expect("JSON"));
        let models = document.and_then(|document| document.object("models"));
        assert_eq!(models.is_ok(), read, "{count}");
    }
}

#[test]
fn a_key_that_is_there_twice_is_never_guessed() {
    let twice = |from: &str, to: &str| {
        let text = good().to_string();
        let doubled = text.replacen(from, to, 1);
        assert_ne!(text, doubled, "{from}");
        doubled
    };
    #[rustfmt::skip]
    let cases = [
        twice("\"creditBalance\":", "\"creditBalance\":9,\"creditBalance\":"),
        twice("\"tier\":", "\"tier\":1,\"tier\":"),
        twice("\"maxDailyGenerations\":200", "\"maxDailyGenerations\":1,\"maxDailyGenerations\":200"),
        twice("\"gen4.5\":{\"max", "\"gen4.5\":{},\"gen4.5\":{\"max"),
        twice("\"gen4.5\":{\"daily", "\"gen4.5\":{\"dailyGenerations\":0},\"gen4.5\":{\"daily"),
        twice("\"dailyGenerations\":12", "\"dailyGenerations\":0,\"dailyGenerations\":12"),
        twice("\"usage\":", "\"usage\":{\"models\":{}},\"usage\":"),
    ];
    for document in cases {
        assert_eq!(verdict(document.as_bytes()), Exit::CannotTell, "{document}");
    }
    // Of a model that nobody named it is a warning, and of a field that nobody reads nothing.
    for document in [
        twice("\"veo3.1\":{\"max", "\"veo3.1\":1,\"veo3.1\":{\"max"),
        twice("{\"creditBalance\"", "{\"x\":1,\"x\":2,\"creditBalance\""),
    ] {
        assert_eq!(verdict(document.as_bytes()), Exit::Go, "{document}");
    }
}

#[test]
fn what_is_no_document() {
    let deep = "[".repeat(100_000);
    #[rustfmt::skip]
    let cases = [
        ("", "the answer is empty"),
        (" \n", "the answer is empty"),
        ("[]", "the answer is an array, not a JSON object"),
        ("null", "the answer is null, not a JSON object"),
        ("\"{}\"", "the answer is a string, not a JSON object: {}"),
        ("<html>\n<p>Sign in</p>", "the answer is a page of HTML or XML, not JSON: <html> <p>Sign in</p>"),
        ("{} {}", "the answer is not JSON at line 1 column 4: {} {}"),
        ("{\"tier\": {", "the answer is cut off at line 1 column 10: {\"tier\": {"),
        (&deep, "the answer is cut off at line 1 column 100000: "),
    ];
    for (text, problem) in cases {
        let found = plain(&organization(text.as_bytes()).expect_err("no document"));
        assert!(found.starts_with(problem), "{found}");
        assert!(history(text.as_bytes(), any_day()).is_err());
    }
    assert!(organization(b"{\"a\xff\": 1}").is_err());
    assert_eq!(
        organization(b"{}").map_err(|what| plain(&what)),
        Err("the answer lacks creditBalance, tier and usage".into())
    );
    assert_eq!(
        organization(br#"{"error":"No."}"#).map_err(|what| plain(&what)),
        Err("the answer lacks creditBalance, tier and usage; it says: No.".into())
    );
    assert_eq!(
        organization(br#"{"creditBalance":"5"}"#).map_err(|what| plain(&what)),
        Err("the answer lacks tier and usage".into())
    );
    assert_eq!(verdict(b"{}"), Exit::CannotTell);
}

#[test]
fn a_saved_answer_is_one_and_is_not_quoted() {
    let good = good().to_string();
    #[rustfmt::skip]
    let cases = [
        (String::new(), "is empty"),
        ("SECRET".to_owned(), "is not JSON at line 1 column 1"),
        ("<SECRET>".to_owned(), "is a page of HTML or XML, not JSON"),
        ("{\"SECRET\"".to_owned(), "is cut off at line 1 column 9"),
        ("\"SECRET\"".to_owned(), "is a string, not a JSON object"),
        ("777".to_owned(), "is a number, not a JSON object"),
        ("[\"SECRET\"]".to_owned(), "is an array, not a JSON object"),
        ("{\"error\":\"SECRET\"}".to_owned(), "lacks creditBalance, tier and usage"),
        (good.replace("\"usage\"", "\"SECRET\""), "lacks usage"),
        (good.replace("\"tier\"", "\"SECRET\""), "lacks tier"),
        (good.replace("\"creditBalance\"", "\"SECRET\""), "lacks creditBalance"),
        (good.replace("5000", "\"SECRET\""), "is not one of Runway's: creditBalance is a string, not a number"),
        (good.replace("\"tier\":", "\"tier\":\"SECRET\",\"SECRET\":"), "is not one of Runway's: tier is a string, not an object"),
        (good.replace("\"usage\":", "\"usage\":7,\"SECRET\":"), "is not one of Runway's: usage is a number, not an object"),
        (good.replace("\"usage\":", "\"usage\":{},\"usage\":"), "is not one of Runway's: usage appears twice"),
    ];
    for (file, problem) in cases {
        let found = saved_organization(file.as_bytes()).expect_err(&file);
        assert_eq!(plain(&found), format!("the answer {problem}"), "{file}");
    }
}

#[test]
fn names_of_fields_are_read_as_json_has_them() {
    #[rustfmt::skip]
    let cases = [
        (r#"{"creditB\u0061lance":5,"x":1}"#, Ok(Credits(5))),
        (r#"{"\u0063reditBalance":5,"creditBal\u0061nce":6}"#, Err("creditBalance appears twice")),
        (r#"{"\u0078":4,"creditBalance":5}"#, Ok(Credits(5))),
        (r#"{"creditBalance":false}"#, Err("creditBalance is false, not a number")),
        (r#"{"creditBalance":[]}"#, Err("creditBalance is an array, not a number")),
    ];
    for (text, balance) in cases {
        let text = text.replacen('{', r#"{"tier":{"models":{}},"#, 1);
        let read = organization(text.as_bytes()).expect("an organization");
        let found = read.balance.map_err(|what| plain(&what));
        assert_eq!(found, balance.map_err(str::to_owned), "{text}");
    }
}

#[test]
fn a_number_has_at_most_38_digits() {
    for (digits, read) in [(38, true), (39, false), (60, false)] {
        for number in ["1".repeat(digits), format!("1e{}", digits - 1)] {
            for text in [number.clone(), format!("-{number}")] {
                assert_eq!(whole(&text, Round::Up).is_some(), read, "{text}");
            }
        }
    }
}

#[test]
fn a_document_is_of_8_mib_at_the_most() {
    assert_eq!(MAX_BYTES, 8_388_608);
    let mut document = good().to_string().into_bytes();
    document.resize(8_388_608, b' ');
    assert_eq!(verdict(&document), Exit::Go);
    document.push(b' ');
    assert_eq!(
        organization(&document).map_err(|what| plain(&what)),
        Err("the answer is longer than 8 MiB".into())
    );
}

#[test]
fn a_history_is_read_whole_or_not_at_all() {
    let entry =
        json!({ "date": "2026-03-16", "usedCredits": [ { "model": "m", "amount": -1.5 } ] });
    let read = |document: &Value| history(document.to_string().as_bytes(), any_day());
    let total = read(&json!({ "results": [entry, entry] }))
        .expect("a history")
        .total();
    assert_eq!(total, Credits(-2), "-1.5 used is at most -1 used");
    let twice = r#"{"date":"2026-03-16","usedCredits":[{"model":"m","amount":1,"amount":1}]}"#;
    for text in [
        format!(r#"{{"results":[{twice}]}}"#),
        r#"{"results":[],"results":[]}"#.to_owned(),
        r#"{"results":[]}{"results":[]}"#.to_owned(),
    ] {
        assert!(history(text.as_bytes(), any_day()).is_err(), "{text}");
    }
    #[rustfmt::skip]
    let cases = [
        (json!({}), "results is missing"),
        (json!({ "results": [{ "date": 20260301 }] }), "results[0].date is a number, not a day (YYYY-MM-DD): 20260301"),
        (json!({ "results": [{ "date": "2026-03-01", "usedCredits": [{ "model": "m", "amount": "4" }] }] }), "results[0].usedCredits[0].amount is a string, not a number: 4"),
        (json!({ "results": {} }), "results is an object, not an array"),
        (json!({ "results": [1] }), "results[0] is a number, not an object: 1"),
        (json!({ "results": [entry, {}] }), "results[1].date is missing"),
        (json!({ "results": [{ "date": "2026-02-30" }] }), "results[0].date is a string, not a day (YYYY-MM-DD): 2026-02-30"),
        (json!({ "results": [{ "date": "2026-03-01" }] }), "results[0].usedCredits is missing"),
        (json!({ "results": [{ "date": "2026-03-01", "usedCredits": [{}] }] }), "results[0].usedCredits[0].model is missing"),
        (json!({ "results": [{ "date": "2026-03-01", "usedCredits": [{ "model": 1 }] }] }), "results[0].usedCredits[0].model is a number, not a model's name: 1"),
        (json!({ "results": [{ "date": "2026-03-01", "usedCredits": [{ "model": "m", "amount": null }] }] }), "results[0].usedCredits[0].amount is null, not a number"),
    ];
    for (document, problem) in cases {
        let found = plain(&read(&document).expect_err("no history"));
        assert_eq!(found, problem);
    }
}

#[test]
fn a_day_that_was_not_asked_for_is_refused() {
    let document = json!({ "results": [{ "date": "2026-03-16", "usedCredits": [] }] }).to_string();
    let read = |days, last: &str| {
        let window = Window::last(days, UtcDay::parse(last).expect("a day"));
        history(document.as_bytes(), window).map_err(|what| plain(&what))
    };
    assert!(read(1, "2026-03-16").is_ok() && read(2, "2026-03-17").is_ok());
    assert_eq!(
        read(2, "2026-03-15"),
        Err(
            "results[0].date is 2026-03-16, outside the requested days 2026-03-14 to 2026-03-15"
                .into()
        )
    );
    assert!(read(1, "2026-03-17").is_err());
}

#[test]
fn reasons_in_every_shape() {
    #[rustfmt::skip]
    let cases = [
        (r#"{"error":"No.","docUrl":"https://d"}"#, "No.", Some("https://d"), true),
        (r#"{"error":{"message":"No."}}"#, "No.", None, true),
        (r#"{"message":"Too Many Requests"}"#, "Too Many Requests", None, false),
        (r#"{"error":"","message":"Why"}"#, "Why", None, true),
        (r#"{"error":7}"#, "", None, false),
        (r#"["error"]"#, "", None, false),
        ("<html>", "", None, false),
        ("", "", None, false),
    ];
    for (body, says, see, in_runways_form) in cases {
        let expected = Reason {
            says: says.to_owned(),
            see: see.map(str::to_owned),
            in_runways_form,
        };
        assert_eq!(reason(body.as_bytes()), expected, "{body}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof![
            Just("tier".to_owned()),
            Just("models".to_owned()),
            Just("gen4.5".to_owned()),
            Just("creditBalance".to_owned()),
            Just("usage".to_owned()),
            Just("maxDailyGenerations".to_owned()),
            ".{0,4}"
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Every place that the verdict on 20 of gen4.5 hangs on.
const NEEDED: [&str; 9] = [
    "/tier",
    "/tier/models",
    "/tier/models/gen4.5",
    "/tier/models/gen4.5/maxDailyGenerations",
    "/tier/models/gen4.5/maxConcurrentGenerations",
    "/creditBalance",
    "/usage",
    "/usage/models",
    "/usage/models/gen4.5/dailyGenerations",
];

/// Whether a document says, in plain words, that 20 of gen4.5 may run.
fn says_go(document: &Value) -> bool {
    let number = |pointer: &str| document.pointer(pointer).and_then(Value::as_f64);
    let limit = |name: &str| {
        let found = document.pointer(&format!("/tier/models/gen4.5/{name}"))?;
        if found.is_null() {
            Some(f64::INFINITY)
        } else {
            found.as_f64()
        }
    };
    let used = match document.pointer("/usage/models") {
        Some(Value::Object(models)) if !models.contains_key("gen4.5") => Some(0.0),
        Some(_) => number("/usage/models/gen4.5/dailyGenerations"),
        None => None,
    };
    let fits = |used: f64| {
        used > -1.0
            && limit("maxDailyGenerations").is_some_and(|limit| limit.floor() - used.ceil() >= 20.0)
            && limit("maxConcurrentGenerations").is_some_and(|limit| limit >= 1.0)
    };
    number("/creditBalance").is_some_and(|balance| balance >= 1.0) && used.is_some_and(fits)
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_ne!(verdict(&bytes), Exit::Go);
        let _ = history(&bytes, any_day());
        let _ = reason(&bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(document in any_json()) {
        let text = document.to_string();
        let go = verdict(text.as_bytes()) == Exit::Go;
        prop_assert!(!go || says_go(&document), "{}", text);
        let _ = history(text.as_bytes(), any_day());
    }

    #[test]
    fn one_thing_wrong_is_never_a_go_that_is_not_said(place in 0..NEEDED.len(), put in any_json()) {
        let mut document = good();
        let pointer = NEEDED.get(place).expect("a place");
        if let Some(field) = document.pointer_mut(pointer) {
            *field = put;
        }
        let go = verdict(document.to_string().as_bytes()) == Exit::Go;
        prop_assert!(!go || says_go(&document), "{}", document);
    }

    #[test]
    fn a_document_cut_anywhere_is_no_go(length in 0..good().to_string().len()) {
        let text = good().to_string();
        let cut: String = text.chars().take(length).collect();
        prop_assert_eq!(verdict(cut.as_bytes()), Exit::CannotTell);
    }

    #[test]
    fn a_history_sums_up_like_plain_addition(
        amounts in proptest::collection::vec((0_u32..90, "[a-c]", -1_000_i64..1_000), 0..60)
    ) {
        let start = UtcDay::parse("2026-01-01").expect("a day");
        let results: Vec<Value> = amounts
            .iter()
            .map(|(day, model, amount)| json!({
                "date": start.plus(*day).to_string(),
                "usedCredits": [{ "model": model, "amount": amount }]
            }))
            .collect();
        let read = history(json!({ "results": results }).to_string().as_bytes(), any_day());
        let read = read.expect("a history");
        let sum = |keep: &dyn Fn(&(u32, String, i64)) -> bool| -> i128 {
            amounts.iter().filter(|entry| keep(entry)).map(|entry| i128::from(entry.2)).sum()
        };
        prop_assert_eq!(read.total().0, sum(&|_| true));
        for (model, total) in read.by_model() {
            prop_assert_eq!(total.0, sum(&|entry| entry.1 == model.as_str()));
        }
        for day in 0..90 {
            prop_assert_eq!(read.on(start.plus(day)).0, sum(&|entry| entry.0 == day));
        }
    }
}
