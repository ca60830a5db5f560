//! What is not understood is never guessed: the field is named, and nothing passes.

use serde_json::{json, Value};

use crate::support::body::{gen45, EXAMPLE};
use crate::support::{each, Gate, Reply, Run, Server};

const ASKED: &str = "--generations gen4.5=20 --credits 1200 --concurrency gen4.5=1 --format json";

struct Case {
    name: String,
    body: Vec<u8>,
    /// The field that the diagnostic has to name.
    field: Option<&'static str>,
}

fn case(name: &str, body: impl AsRef<[u8]>, field: Option<&'static str>) -> Case {
    Case {
        name: name.to_owned(),
        body: body.as_ref().to_vec(),
        field,
    }
}

fn cases() -> Vec<Case> {
    let daily = r#"tier.models["gen4.5"].maxDailyGenerations"#;
    let used = r#"usage.models["gen4.5"].dailyGenerations"#;
    let replaced = |old: &str, new: &str| {
        assert!(EXAMPLE.contains(old), "{old}");
        EXAMPLE.replacen(old, new, 1)
    };
    let mut cases = vec![
        case("nothing", "", None),
        case("white space", " \n", None),
        case("{}", "{}", Some("creditBalance")),
        case("[]", "[]", None),
        case("null", "null", None),
        case("a string", r#""5000""#, None),
        case("a number", "5000", None),
        case("true", "true", None),
        case("two documents", EXAMPLE.to_owned() + EXAMPLE, None),
        case("something after the document", EXAMPLE.to_owned() + "!", None),
        case("a page", "<!doctype html><html><body>Sign in</body></html>", None),
        case("cut off", &EXAMPLE[..EXAMPLE.len() - 5], None),
        case("cut off within a number", &EXAMPLE[..EXAMPLE.find("5000").expect("it") + 2], None),
        case("100,000 brackets", "[".repeat(100_000), None),
        case("100,001 fields", format!("{{{}\"z\":1}}", "\"a\":1,".repeat(100_000)), Some("more than 100,000 fields")),
        case("100,000 objects", r#"{"a":"#.repeat(100_000), None),
        case("a comment", format!("// here it is\n{EXAMPLE}"), None),
        case("NaN", replaced("5000", "NaN"), None),
        case("the error of a gateway", r#"{"message":"Forbidden"}"#, Some("creditBalance")),
        case("creditBalance twice", replaced("\"creditBalance\"", "\"creditBalance\": 1, \"creditBalance\""), Some("creditBalance")),
        case("creditBalance twice, escaped", replaced("\"creditBalance\"", "\"credit\\u0042alance\": 1, \"creditBalance\""), Some("creditBalance")),
        case("tier twice", replaced("\"tier\"", "\"tier\": {}, \"tier\""), Some("tier")),
        case("usage twice", replaced("\"usage\"", "\"usage\": {\"models\": {}}, \"usage\""), Some("usage")),
        case("the model twice", replaced("\"gen4.5\": {", "\"gen4.5\": { \"maxConcurrentGenerations\": 9, \"maxDailyGenerations\": 900 }, \"gen4.5\": {"), Some(r#"tier.models["gen4.5"]"#)),
        case("the limit twice", replaced("\"maxDailyGenerations\": 200", "\"maxDailyGenerations\": 200, \"maxDailyGenerations\": 900"), Some(daily)),
        case("the usage of the model twice", replaced("\"gen4.5\": { \"dailyGenerations\": 12 }", "\"gen4.5\": { \"dailyGenerations\": 12 }, \"gen4.5\": { \"dailyGenerations\": 0 }"), Some(r#"usage.models["gen4.5"]"#)),
        case("a negative limit", replaced("\"maxDailyGenerations\": 200", "\"maxDailyGenerations\": -200"), Some(daily)),
        case("a negative use", replaced("\"dailyGenerations\": 12", "\"dailyGenerations\": -12"), Some(used)),
        case("a balance beyond every number", replaced("5000", "1e999"), None),
        case("use that is null", replaced("\"dailyGenerations\": 12", "\"dailyGenerations\": null"), Some(used)),
        case("a balance that is null", replaced("5000", "null"), Some("creditBalance")),
        case("the models as a list", json!({ "tier": { "models": ["gen4.5"] }, "creditBalance": 5000, "usage": { "models": {} } }).to_string(), Some("tier.models")),
    ];
    let mut invalid = replaced("gen4_turbo", "gen4?turbo").into_bytes();
    let at = invalid.iter().position(|byte| *byte == b'?').expect("it");
    invalid[at] = 0xff;
    cases.push(case("invalid UTF-8", invalid, None));
    cases
}

#[test]
fn unreadable_fields_are_cannot_tell_and_named() {
    each(
        &cases(),
        |case| case.name.clone(),
        |case| {
            let server = Server::script([Reply::ok(&case.body)]);
            let asked = Gate::asking(&server).args(ASKED).run();
            assert_eq!(server.seen(), 1, "{asked:?}");
            let read = Gate::reading(&case.body).args(ASKED).run();
            let file = Gate::new()
                .no_key()
                .file("saved.json", &case.body)
                .args("--from saved.json")
                .args(ASKED)
                .run();
            for run in [asked, read, file] {
                assert_eq!(run.code, 5, "{run:?}");
                assert!(
                    run.codes("error")
                        .iter()
                        .all(|code| code == "unexpected-response"),
                    "{run:?}"
                );
                let mut said: Vec<&str> = run
                    .stderr
                    .lines()
                    .filter(|line| line.starts_with("error["))
                    .collect();
                let all = said.len();
                said.dedup();
                assert_eq!(said.len(), all, "nothing is said twice: {run:?}");
                if let Some(field) = case.field {
                    assert!(run.stderr.contains(field), "does not name {field}: {run:?}");
                }
            }
        },
    );
}

#[test]
fn what_nobody_asked_about_need_not_be_readable() {
    #[rustfmt::skip]
    let unreadable = [
        EXAMPLE.replacen("10000", "\"a lot\"", 1),
        EXAMPLE.replacen("\"maxMonthlyCreditSpend\": 10000,", "", 1),
        EXAMPLE.replacen("\"maxConcurrentGenerations\": 1, \"maxDailyGenerations\": 50", "\"maxDailyGenerations\": \"many\"", 1),
        EXAMPLE.replacen("{ \"dailyGenerations\": 40 }", "{ \"dailyGenerations\": \"some\" }", 1),
        EXAMPLE.replacen("{ \"dailyGenerations\": 40 }", "[]", 1),
        EXAMPLE.replacen("{ \"maxConcurrentGenerations\": 1, \"maxDailyGenerations\": 50 }", "7", 1),
    ];
    each(&unreadable, String::clone, |body| {
        assert_ne!(body, EXAMPLE);
        let server = Server::script([Reply::ok(body)]);
        let run = Gate::asking(&server).args(ASKED).run();
        assert_eq!((run.code, server.seen()), (0, 1), "{run:?}");
        assert_eq!(run.codes("warning"), ["unexpected-response"], "{run:?}");
    });
}

#[test]
fn unknown_fields_are_nobody_s_business() {
    let body = EXAMPLE
        .replacen('{', r#"{ "new": [1, {"a": null}], "new": 2, "#, 1)
        .replacen(
            "\"maxDailyGenerations\": 200",
            "\"maxDailyGenerations\": 200, \"perHour\": \"?\"",
            1,
        );
    let server = Server::script([Reply::ok(body)]);
    let run = Gate::asking(&server).args(ASKED).run();
    assert_eq!((run.code, server.seen()), (0, 1), "{run:?}");
    assert_eq!(run.codes("warning"), Vec::<String>::new(), "{run:?}");
}

#[test]
fn null_is_no_limit_and_not_zero_and_not_an_error() {
    let mut body = gen45(0, 40);
    body["tier"]["models"]["gen4.5"] =
        json!({ "maxConcurrentGenerations": null, "maxDailyGenerations": null });
    let server = Server::script([Reply::ok(body.to_string())]);
    let run = Gate::asking(&server).args(ASKED).run();
    assert_eq!((run.code, server.seen()), (0, 1), "{run:?}");
    let report = run.json();
    let model = &report["organization"]["models"]["gen4.5"];
    assert_eq!(model["remainingGenerations"], Value::Null, "{model}");
    assert_eq!(model["dailyGenerations"], 40, "{model}");
    assert_eq!(report["requirements"][0]["left"], Value::Null, "{report}");
}

#[test]
fn what_nobody_reads_may_be_deep() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"extra":{open}{close},{}"#, &EXAMPLE[1..]);
    let run = Gate::reading(body).args(ASKED).run();
    assert_eq!(run.code, 0, "{run:?}");
}

fn written(run: &Run) -> String {
    format!(
        "{}{}{:?}{:?}",
        run.stdout, run.stderr, run.outputs, run.summary
    )
}

#[test]
fn a_file_that_is_no_answer_never_passes_and_is_not_quoted() {
    let without = |field: &str| EXAMPLE.replacen(field, "SECRET", 1);
    let files = [
        String::new(),
        "SECRET".to_owned(),
        "<SECRET>".to_owned(),
        "\"SECRET\"".to_owned(),
        "[{\"model\":\"gen4.5\",\"promptText\":\"SECRET\"}]".to_owned(),
        "{\"model\":\"gen4.5\",\"promptText\":\"SECRET\"}".to_owned(),
        "{\"error\":\"SECRET\",\"message\":\"SECRET\"}".to_owned(),
        format!("{EXAMPLE}SECRET"),
        EXAMPLE[..EXAMPLE.len() - 5].to_owned(),
        without("tier"),
        without("creditBalance"),
        without("usage"),
        EXAMPLE.replacen("5000", "\"SECRET\"", 1),
    ];
    each(&files, String::clone, |text| {
        let file = Gate::new()
            .no_key()
            .file("saved.json", text)
            .args("--from saved.json");
        for gate in [Gate::reading(text), file] {
            let run = gate.github().args(ASKED).args("--fail-open").run();
            assert_eq!(run.code, 5, "{run:?}");
            assert_eq!(run.codes("error"), ["unexpected-response"], "{run:?}");
            assert!(!written(&run).contains("SECRET"), "{run:?}");
        }
        // What the API answers keeps its excerpt, and is passed.
        let server = Server::script([Reply::ok(text)]);
        let run = Gate::asking(&server).args(ASKED).args("--fail-open").run();
        assert_eq!(run.code, 0, "{run:?}");
    });
}

#[test]
fn of_a_saved_answer_no_value_is_quoted() {
    for (figure, wrong) in [
        (
            "\"maxDailyGenerations\": 200",
            "\"maxDailyGenerations\": \"SECRET\"",
        ),
        ("\"dailyGenerations\": 12", "\"dailyGenerations\": -777777"),
        ("10000", "\"SECRET\""),
        ("\"models\": {", "\"SECRET\": {"),
    ] {
        assert!(EXAMPLE.contains(figure), "{figure}");
        let body = EXAMPLE.replacen(figure, wrong, 1);
        let run = Gate::reading(&body).github().args(ASKED).run();
        run.says("unexpected-response");
        run.says("if Runway has changed its API, upgrade");
        assert!(!run.stdout.contains("save the whole answer"), "{run:?}");
        let shown = format!("{run:?}");
        assert!(
            !shown.contains("SECRET") && !shown.contains("777777"),
            "{run:?}"
        );
    }
}

#[test]
fn files_are_read_by_their_byte_order_mark() {
    let plan = "{\"model\":\"gen4.5\",\"promptText\":\"é😀\"}\n".repeat(40_000);
    let body = gen45(50_000, 12).to_string();
    for name in ["UTF-8", "UTF-16, little end first", "UTF-16, big end first"] {
        let encoded = |text: &str| -> Vec<u8> {
            let marked = format!("\u{feff}{text}");
            let units = marked.encode_utf16();
            match name {
                "UTF-8" => marked.into_bytes(),
                "UTF-16, little end first" => units.flat_map(u16::to_le_bytes).collect(),
                _ => units.flat_map(u16::to_be_bytes).collect(),
            }
        };
        let run = Gate::reading(encoded(&body))
            .file("tasks.jsonl", encoded(&plan))
            .args("--plan tasks.jsonl --format json")
            .run();
        assert_eq!(run.code, 0, "{name}: {run:?}");
        assert_eq!(run.json()["plan"]["tasks"], 40_000, "{name}");
        // A lone half of a pair, and half a unit.
        for end in [&b"\xd8\xd8"[..], b"{"] {
            let mut broken: Vec<u8> = encoded(&body[..body.len() - 1]);
            broken.extend(end);
            let run = Gate::reading(broken).run();
            assert_eq!(run.code, 5, "{name}: {run:?}");
        }
    }
}
