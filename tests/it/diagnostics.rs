//! Every diagnostic that an answer can cause: the answer, the exit code, and the text and JSON as a person has read
//! them (`snapshots/`).

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{json, Value};

use crate::plans;
use crate::support::body::{gen45, organization, EXAMPLE};
use crate::support::tls::{self, Certificate};
use crate::support::{check, each, set, settled, Gate, Reply, Run, Server, Step, KEY, REFUSED};

struct Case {
    name: &'static str,
    answers: Vec<Reply>,
    args: &'static str,
    exit: i32,
    errors: &'static [&'static str],
    warnings: &'static [&'static str],
}

fn case(
    name: &'static str,
    answer: impl AsRef<[u8]>,
    args: &'static str,
    exit: i32,
    errors: &'static [&'static str],
) -> Case {
    Case {
        name,
        answers: vec![Reply::ok(answer)],
        args,
        exit,
        errors,
        warnings: &[],
    }
}

/// One in which the status is what matters.
fn status(
    name: &'static str,
    answers: impl IntoIterator<Item = Reply>,
    exit: i32,
    error: &'static [&'static str],
) -> Case {
    Case {
        answers: answers.into_iter().collect(),
        ..case(name, "", "--generations gen4.5=20", exit, error)
    }
}

fn warned(case: Case, warnings: &'static [&'static str]) -> Case {
    Case { warnings, ..case }
}

/// `EXAMPLE` with the value at this pointer changed.
fn example(pointer: &str, value: impl Into<Value>) -> String {
    let mut answer: Value = serde_json::from_str(EXAMPLE).expect("the example");
    *answer
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("no {pointer}")) = value.into();
    answer.to_string()
}

fn balance(credits: impl Into<Value>) -> String {
    example("/creditBalance", credits)
}

fn limits(limit: u64, used: u64) -> String {
    gen45(limit, used).to_string()
}

/// `gen4.5` with these two limits, unused, beside a model that works.
fn gen45_of(concurrent: impl Into<Value>, daily: impl Into<Value>) -> String {
    let other = ("veo3.1", json!(2), json!(100), Value::Null);
    organization(
        5000,
        &[
            ("gen4.5", concurrent.into(), daily.into(), Value::Null),
            other,
        ],
    )
    .to_string()
}

fn all_zero(credits: i64) -> String {
    let zero = |name| (name, json!(1), json!(0), Value::Null);
    organization(credits, &[zero("gen4.5"), zero("veo3.1")]).to_string()
}

fn error(code: u16, body: &str) -> Reply {
    Reply::http(code, body).header("Content-Type", "application/json")
}

const DENIED: &str = r#"{"error":"Your key has no access to this project.","docUrl":"https://docs.dev.runwayml.com/x"}"#;
const INVALID: &str = r#"{"error":"Validation of body failed","issues":[{"code":"custom","path":[],"message":"The API version is no longer supported."}],"docUrl":"https://docs.dev.runwayml.com/x"}"#;

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    vec![
        // ---- go
        case("go", EXAMPLE, "--generations gen4.5=20 --credits 1200", 0, &[]),
        case("go-nothing-asked", EXAMPLE, "", 0, &[]),
        case("go-everything-asked", EXAMPLE, "--generations gen4.5=20@60 --generations veo3.1=10@40 --credits 1200 --concurrency gen4.5=2", 0, &[]),

        // ---- the balance
        case("balance-0", balance(0), "", 6, &["no-credits"]),
        case("balance-0-and-meant", balance(0), "--credits 0", 0, &[]),
        case("balance-0-and-credits-needed", balance(0), "--credits 100", 6, &["no-credits"]),
        case("balance-0-and-a-planned-cost", balance(0), "--generations gen4.5=1@5", 6, &["no-credits"]),
        case("balance-0-and-a-planned-cost-to-keep", balance(0), "--generations gen4.5=1@5 --keep 6 --credits 10", 6, &["no-credits"]),
        case("balance-negative", balance(-250), "", 6, &["no-credits"]),
        case("balance-negative-and-0-meant", balance(-250), "--credits 0", 6, &["no-credits"]),
        case("balance-negative-by-a-fraction", balance(-0.5), "--credits 0", 6, &["no-credits"]),
        case("balance-under-1", balance(0.9), "", 6, &["no-credits"]),
        case("credits-one-short", balance(1199), "--credits 1200", 6, &["credits-short"]),
        case("credits-equal", balance(1200), "--credits 1200", 0, &[]),
        case("credits-one-over", balance(1201), "--credits 1200", 0, &[]),
        case("credits-short-by-a-fraction", balance(1199.9), "--credits 1200", 6, &["credits-short"]),
        case("credits-equal-but-for-a-fraction", balance(1200.9), "--credits 1200", 0, &[]),
        case("credits-of-a-million-short", balance(5000), "--credits 1234567", 6, &["credits-short"]),
        case("planned-cost-equal", balance(1200), "--generations gen4.5=20@60", 0, &[]),
        case("planned-cost-one-short", balance(1199), "--generations gen4.5=20@60", 6, &["credits-short"]),
        case("planned-cost-of-two-models", balance(1199), "--generations gen4.5=10@60 --generations veo3.1=15@40", 6, &["credits-short"]),
        case("keep-short", EXAMPLE, "--generations gen4.5=10@60 --keep 4401", 6, &["keep-short"]),
        case("keep-equal", EXAMPLE, "--generations gen4.5=10@60 --keep 4400", 0, &[]),
        case("planned-cost-that-may-be-in-dollars", balance(10), "--generations gen4.5=20@0.60", 6, &["credits-short"]),
        warned(case("balance-0-that-is-meant-and-a-warning", balance(0), "--credits 0 --warn-credits 1", 0, &[]), &["credits-short"]),
        case("over-max-cost", EXAMPLE, "--generations gen4.5=20@60 --max-cost 1199", 6, &["over-max-cost"]),
        case("over-max-cost-equal", EXAMPLE, "--generations gen4.5=20@60 --max-cost 1200", 0, &[]),
        case("balance-at-the-end-of-exact-numbers", balance(9_007_199_254_740_991_u64), "--credits 9007199254740991", 0, &[]),

        // ---- generations of a day
        case("left-one-under", limits(200, 181), "--generations gen4.5=20", 3, &["generations-short"]),
        case("left-equal", limits(200, 180), "--generations gen4.5=20", 0, &[]),
        case("left-one-over", limits(200, 179), "--generations gen4.5=20", 0, &[]),
        case("used-up", limits(200, 200), "--generations gen4.5=1", 3, &["daily-limit-reached"]),
        case("used-more-than-the-limit", limits(200, 250), "--generations gen4.5=1", 3, &["daily-limit-reached"]),
        case("used-up-and-none-needed", limits(200, 200), "--generations gen4.5=0", 0, &[]),
        warned(case("used-up-and-not-asked", limits(200, 200), "", 0, &[]), &["models-used-up"]),
        case("needed-is-the-limit", limits(200, 0), "--generations gen4.5=200", 0, &[]),
        case("needed-is-the-limit-and-one-is-used", limits(200, 1), "--generations gen4.5=200", 3, &["generations-short"]),
        case("needed-over-the-limit", limits(200, 0), "--generations gen4.5=201", 6, &["over-daily-limit"]),
        case("needed-over-the-limit-and-used-up", limits(200, 200), "--generations gen4.5=201", 6, &["over-daily-limit"]),
        case("needed-of-a-higher-tier", limits(200, 0), "--generations gen4.5=4000", 6, &["over-daily-limit"]),
        case("needed-of-no-tier", limits(200, 0), "--generations gen4.5=100000", 6, &["over-daily-limit"]),
        case("limit-0-of-one", gen45_of(2, 0), "--generations gen4.5=1", 6, &["no-daily-quota"]),
        case("limit-0-of-one-and-none-needed", gen45_of(2, 0), "--generations gen4.5=0", 0, &[]),
        case("limit-0-of-one-not-asked", gen45_of(2, 0), "--generations veo3.1=1", 0, &[]),
        case("limit-0-stands-for-its-concurrency", gen45_of(2, 0), "--generations gen4.5=1 --concurrency gen4.5=5", 6, &["no-daily-quota"]),
        case("limit-0-of-all", all_zero(5000), "", 6, &["all-models-zero"]),
        case("limit-0-of-all-and-one-asked", all_zero(5000), "--generations gen4.5=1 --concurrency gen4.5=9", 6, &["all-models-zero"]),
        case("limit-0-of-all-and-credits-short", all_zero(5000), "--generations gen4.5=1 --credits 6000", 6, &["all-models-zero", "credits-short"]),
        case("limit-0-of-all-and-no-credits", all_zero(0), "", 6, &["all-models-zero", "no-credits"]),
        case("no-model-listed", organization(5000, &[]).to_string(), "--generations gen4.5=1", 6, &["all-models-zero"]),
        case("no-limit", gen45_of(Value::Null, Value::Null), "--generations gen4.5=1000000 --concurrency gen4.5=500", 0, &[]),
        case("never-used", gen45_of(2, 200), "--generations gen4.5=200", 0, &[]),
        case("two-flags-add-up-equal", EXAMPLE, "--generations gen4.5=100 --generations gen4.5=88", 0, &[]),
        case("two-flags-add-up-one-short", EXAMPLE, "--generations gen4.5=100 --generations gen4.5=89", 3, &["generations-short"]),
        case("figures-with-fractions", example("/usage/models/gen4.5/dailyGenerations", 11.2), "--generations gen4.5=189", 3, &["generations-short"]),
        case("a-limit-with-a-fraction", example("/tier/models/gen4.5/maxDailyGenerations", 200.9), "--generations gen4.5=189", 3, &["generations-short"]),

        // ---- as many as fit
        warned(case("granted-fewer-for-want-of-credits", EXAMPLE, "--generations gen4.5=50..300@60", 0, &[]), &["granted-fewer"]),
        warned(case("granted-fewer-for-want-of-generations", EXAMPLE, "--generations gen4.5=50..300", 0, &[]), &["granted-fewer"]),
        warned(case("granted-fewer-for-what-is-kept", EXAMPLE, "--generations gen4.5=10..20@60 --keep 4000", 0, &[]), &["granted-fewer"]),

        warned(case("granted-fewer-for-the-maximum-cost", EXAMPLE, "--generations gen4.5=10..20@60 --max-cost 1000", 0, &[]), &["granted-fewer"]),

        // ---- models
        case("model-misspelt", EXAMPLE, "--generations gen45=20", 6, &["model-unavailable"]),
        case("model-unlike-any", EXAMPLE, "--generations sora=20", 6, &["model-unavailable"]),
        case("model-unknown-and-none-needed", EXAMPLE, "--generations gen45=0", 6, &["model-unavailable"]),
        case("model-used-but-not-listed", json!({"tier": {"maxMonthlyCreditSpend": 10000, "models": {"veo3.1": {"maxConcurrentGenerations": 2, "maxDailyGenerations": 100}}}, "creditBalance": 5000, "usage": {"models": {"gen4.5": {"dailyGenerations": 3}}}}).to_string(), "--generations gen4.5=1", 6, &["model-unavailable"]),
        case("model-unknown-to-both-flags", EXAMPLE, "--generations gen45=20 --concurrency gen45=1", 6, &["model-unavailable"]),
        case("model-unknown-and-none-needed-but-some-at-a-time", EXAMPLE, "--generations gen45=0 --concurrency gen45=1", 6, &["model-unavailable"]),
        case("model-unknown-to-concurrency", EXAMPLE, "--concurrency gen45=1", 6, &["model-unavailable"]),

        // ---- at a time
        case("concurrency-short", EXAMPLE, "--concurrency gen4.5=4", 6, &["concurrency-short"]),
        case("concurrency-equal", EXAMPLE, "--concurrency gen4.5=2", 0, &[]),
        case("concurrency-the-largest-counts", EXAMPLE, "--concurrency gen4.5=1 --concurrency gen4.5=3 --concurrency gen4.5=2", 6, &["concurrency-short"]),
        case("concurrency-0-asked", gen45_of(0, 200), "--concurrency gen4.5=1", 6, &["concurrency-short"]),
        case("concurrency-0-and-generations-enough", gen45_of(0, 200), "--generations gen4.5=1", 6, &["concurrency-short"]),
        case("concurrency-0-is-told-once", gen45_of(0, 200), "--generations gen4.5=1 --concurrency gen4.5=1", 6, &["concurrency-short"]),
        case("concurrency-0-and-generations-short", organization(5000, &[("gen4.5", json!(0), json!(200), json!(199))]).to_string(), "--generations gen4.5=5", 6, &["generations-short", "concurrency-short"]),
        case("concurrency-0-not-asked", gen45_of(0, 200), "--generations veo3.1=1", 0, &[]),

        // ---- several at once
        case("all-shortfalls-are-reported", EXAMPLE, "--generations gen4.5=189 --generations veo3.1=101 --generations gen45=1 --credits 6000 --concurrency act_two=2", 6, &["generations-short", "over-daily-limit", "model-unavailable", "credits-short", "concurrency-short"]),

        // ---- warnings
        warned(case("warn-generations", EXAMPLE, "--warn-generations gen4.5=189", 0, &[]), &["generations-short"]),
        warned(case("warn-credits", EXAMPLE, "--credits 1200 --warn-credits 5001", 0, &[]), &["credits-short"]),
        warned(case("warn-generations-that-cannot-be-read", example("/tier/models/gen4.5/maxDailyGenerations", "many"), "--warn-generations gen4.5=1", 0, &[]), &["unexpected-response"]),
        case("warn-equal", EXAMPLE, "--warn-credits 5000 --warn-generations gen4.5=188", 0, &[]),
        warned(case("warn-beside-an-error", EXAMPLE, "--generations veo3.1=96 --warn-credits 9000", 3, &["generations-short"]), &["credits-short"]),
        warned(case("unreadable-and-not-asked", example("/tier/models/act_two/maxDailyGenerations", "plenty"), "--generations gen4.5=20", 0, &[]), &["unexpected-response"]),

        // ---- not understood
        case("unreadable-and-asked", example("/tier/models/gen4.5/maxDailyGenerations", "plenty"), "--generations gen4.5=20", 5, &["unexpected-response"]),
        case("unreadable-balance", balance("5000"), "--generations gen4.5=20", 5, &["unexpected-response"]),
        case("unreadable-balance-beside-a-shortfall", balance(Value::Null), "--generations gen4.5=189 --credits 10", 3, &["generations-short", "unexpected-response"]),
        case("a-page-instead-of-json", "<!doctype html>\n<title>Sign in</title>\n<p>Please accept the terms of this network.", "", 5, &["unexpected-response"]),
        case("an-error-with-status-200", r#"{"error":"No API key was provided."}"#, "", 5, &["unexpected-response"]),

        // ---- by status
        status("status-400", [error(400, INVALID)], 5, &["request-rejected"]),
        status("status-401", [error(401, r#"{"error":"The API key is invalid or has been disabled.","docUrl":"https://docs.dev.runwayml.com/x"}"#)], 4, &["unauthorized"]),
        status("status-401-empty", [error(401, "")], 4, &["unauthorized"]),
        status("status-403", [error(403, DENIED)], 4, &["forbidden"]),
        status("status-403-of-a-firewall", [error(403, "<html><h1>403 Forbidden</h1></html>")], 5, &["unexpected-status"]),
        status("status-404", [error(404, r#"{"error":"Not found"}"#)], 5, &["unexpected-status"]),
        status("status-405", [error(405, "")], 5, &["unexpected-status"]),
        status("status-422", [error(422, INVALID)], 5, &["request-rejected"]),
        status("status-429", [error(429, r#"{"message":"Too Many Requests"}"#).header("Retry-After", "3600")], 5, &["rate-limited"]),
        status("status-500", [error(500, r#"{"error":{"message":"Something broke."}}"#).header("Retry-After", "3600")], 5, &["unavailable"]),
        status("status-503-after-two-tries", [error(503, "<h1>busy</h1>").header("retry-after-ms", "1"), error(503, "").header("x-should-retry", "false")], 5, &["unavailable"]),
        status("status-302", [Reply::http(302, "").header("Location", "https://elsewhere.example/login?next=%2F")], 5, &["unexpected-status"]),
    ]
}

#[test]
fn every_answer_has_its_exit_code_its_codes_and_its_text() {
    let cases = cases();
    let names: Vec<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(set(&names).len(), cases.len(), "a name is there twice");
    let page = Page::default();
    each(
        &cases,
        |case| case.name.to_owned(),
        |case| hold(case, &page),
    );
    page.snapshot("diagnostics-of-answers");
}

/// These are kept whole, in every format; of the others a page holds the diagnostics.
const WHOLE: [&str; 3] = [
    "go-everything-asked",
    "all-shortfalls-are-reported",
    "status-401",
];

/// The diagnostics of many cases as one page, for a person to read.
#[derive(Default)]
struct Page(Mutex<BTreeMap<String, String>>);

impl Page {
    fn add(&self, name: &str, run: &Run) {
        let args = run.args[..run.args.len() - 2].join(" ");
        // How far it is off changes with the day of the test.
        let of_the_clock = |line: &&str| line.starts_with("this machine's clock is ");
        let shown: Vec<&str> = run
            .stderr
            .lines()
            .filter(|line| !of_the_clock(line))
            .collect();
        let shown = settled(&shown.join("\n"));
        let text = format!("exit {}: {args}\n{}\n", run.code, shown.trim());
        self.0
            .lock()
            .expect("the page")
            .insert(name.to_owned(), text);
    }

    /// Cases that say the same follow each other, and are shown once; those that say nothing are left out.
    fn snapshot(self, name: &str) {
        let mut page = String::new();
        let mut last = String::new();
        for (case, text) in self.0.into_inner().expect("the page") {
            let (head, body) = text.split_once('\n').expect("two parts");
            if body.trim().is_empty() {
                continue;
            }
            page += &format!("## {case}\n{head}\n");
            if body == last {
                page += "(as above)\n";
            } else {
                page += body;
            }
            body.clone_into(&mut last);
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, page));
    }
}

fn hold(case: &Case, page: &Page) {
    let run = |format: &str| {
        let server = Server::script(case.answers.clone());
        let run = Gate::asking(&server)
            .args(case.args)
            .args("--format")
            .arg(format)
            .run();
        assert_eq!(run.code, case.exit, "{run:?}");
        assert_eq!(server.seen(), case.answers.len(), "requests; {run:?}");
        for request in server.requests() {
            assert_eq!(
                (&*request.method, &*request.target),
                ("GET", "/v1/organization")
            );
            assert_eq!(request.header("authorization"), format!("Bearer {KEY}"));
            assert_eq!(request.header("x-runway-version"), "2024-11-06");
        }
        run
    };
    let (text, json, markdown) = (run("text"), run("json"), run("markdown"));
    assert_same(&json.codes("error"), case.errors, &json);
    assert_same(&json.codes("warning"), case.warnings, &json);
    assert_same(&text.shown(), case.errors, &text);
    assert_eq!(
        settled(&text.stderr),
        settled(&json.stderr),
        "diagnostics are the same in every format"
    );
    assert_eq!(
        settled(&text.stderr),
        settled(&markdown.stderr),
        "diagnostics are the same in every format"
    );
    let sentences = json.json()["diagnostics"]
        .as_array()
        .expect("diagnostics")
        .clone();
    for sentence in sentences {
        for part in ["summary", "cause", "fix"] {
            let part = sentence[part].as_str().expect("a sentence");
            assert!(
                settled(&text.stderr).contains(&settled(part)),
                "the text leaves out: {part}\n{text:?}"
            );
        }
    }
    says_what_happened(&json, &text, &markdown);
    if WHOLE.contains(&case.name) {
        snapshot(
            &format!("diagnostic-{}", case.name),
            &[("text", &text), ("json", &json), ("markdown", &markdown)],
        );
    }
    page.add(case.name, &text);
}

/// The first line, which is all that most people see: what decided, and how much else is wrong.
#[track_caller]
fn says_what_happened(json: &Run, text: &Run, markdown: &Run) {
    let report = json.json();
    let diagnostics = report["diagnostics"].as_array().expect("diagnostics");
    let errors = diagnostics.iter().filter(|one| one["severity"] == "error");
    let decides = |one: &&Value| {
        let code = one["code"].as_str().expect("a code");
        check::exit_code_of(code) == json.code
    };
    let Some(first) = errors.clone().find(decides) else {
        return assert!(text.stdout.starts_with("GO  "), "{text:?}");
    };
    let others = match errors.count() - 1 {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    let headline = format!(
        "  {}{others}    ",
        first["summary"].as_str().expect("a text")
    );
    let shown = |run: &Run| settled(run.stdout.lines().next().unwrap_or_default());
    assert!(
        shown(text).contains(&settled(&headline)),
        "{headline}: {text:?}"
    );
    let plain = shown(markdown).replace(['\\', '`'], "");
    let headline = settled(headline.trim()).replace(['\\', '`'], "");
    assert!(plain.ends_with(&headline), "{headline}: {markdown:?}");
}

/// What no answer of `GET /v1/organization` can cause.
#[test]
fn every_other_diagnostic_has_its_text() {
    let hang = Server::script([Reply::steps([Step::Hang])]);
    let spending = plans::spending("2026-03-31", &[(0, 40), (1, 500), (3, 300), (4, 230)]);
    let stranger = Server::tls(
        tls::server(Certificate::UnknownAuthority),
        [Reply::ok(EXAMPLE)],
    );
    // Bound and never listening: nobody else can take the port, and whoever connects is refused.
    let reserved = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let reserved = reserved.expect("a socket");
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().expect("an address");
    reserved.bind(&any.into()).expect("a port");
    let address = reserved.local_addr().expect("an address").as_socket();
    let gone = format!("http://{}", address.expect("an address"));
    let secure = |gate: Gate| {
        let file = tls::ca_file(gate.directory());
        gate.env("SSL_CERT_FILE", file)
    };
    type Make<'a> = Box<dyn Fn() -> Gate + Sync + 'a>;
    #[rustfmt::skip]
    let cases: Vec<(&str, &str, Make<'_>)> = vec![
        ("key-missing", "key-missing", Box::new(|| Gate::new().no_key())),
        ("key-missing-beside-another-name", "key-missing", Box::new(|| { Gate::new().no_key().env("RUNWAY_API_KEY", "key_0123456789ab") })),
        ("key-malformed", "key-malformed", Box::new(|| Gate::new().key("key_0123456789ab cdef"))),
        ("unreachable", "unreachable", Box::new(|| Gate::new().env("RUNWAYML_BASE_URL", &gone).args(REFUSED))),
        ("unreachable-through-a-proxy", "unreachable", Box::new(|| { let proxy = gone.replace("http://", "http://me:hunter2hunter2@"); Gate::asking(&stranger).secret("hunter2hunter2").env("HTTPS_PROXY", proxy).args(REFUSED) })),
        ("tls-failed", "tls-failed", Box::new(|| secure(Gate::asking(&stranger)))),
        ("tls-failed-for-want-of-a-file", "tls-failed", Box::new(|| Gate::asking(&stranger).env("SSL_CERT_FILE", "/no/such/file.pem"))),
        ("timed-out", "timed-out", Box::new(|| Gate::asking(&hang).args("--timeout 1s"))),
        ("over-budget", "over-budget", Box::new(|| Gate::asking(&spending).args("--budget 1000/7d"))),
        ("nothing-planned", "nothing-planned", Box::new(|| { Gate::reading(EXAMPLE).file("tasks", "").args("--plan tasks") })),
        ("running-low", "running-low", Box::new(|| Gate::asking(&spending).args("--generations gen4.5=9@60 --warn-lasts 30d"))),
    ];
    let (page, of_connections) = (Page::default(), Page::default());
    each(
        &cases,
        |case| case.0.to_owned(),
        |(name, code, make)| {
            let run = |format: &str| make().args("--format").arg(format).run();
            let (text, json, markdown) = (run("text"), run("json"), run("markdown"));
            says_what_happened(&json, &text, &markdown);
            let found = [json.codes("error"), json.codes("warning")].concat();
            assert_eq!(found, [*code], "{json:?}");
            assert_same(&text.shown(), &json.codes("error"), &text);
            let of_connection = ["unreachable", "tls-failed"].contains(code);
            let page = if of_connection {
                &of_connections
            } else {
                &page
            };
            page.add(name, &text);
        },
    );
    page.snapshot("diagnostics-without-an-answer");
    // The system has its own words, and on Windows and macOS decides on certificates.
    if cfg!(target_os = "linux") {
        of_connections.snapshot("diagnostics-of-connections");
    }
}

/// What nobody has read is in no snapshot.
#[test]
fn every_code_of_the_schema_is_in_a_snapshot() {
    let schema = include_str!("../../schema/report.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema");
    let codes = schema["$defs"]["diagnostic"]["properties"]["code"]["enum"].as_array();
    let snapshots = [
        include_str!("snapshots/diagnostics-of-answers.snap"),
        include_str!("snapshots/diagnostics-without-an-answer.snap"),
        include_str!("snapshots/diagnostics-of-connections.snap"),
        include_str!("snapshots/it__command_line__report-failed.snap"),
    ];
    for code in codes.expect("codes") {
        let head = format!("[{}]: ", code.as_str().expect("a code"));
        let shown = snapshots.iter().any(|page| page.contains(&head));
        assert!(shown, "{code} is in no snapshot");
    }
}

/// The same codes, in whatever order.
#[track_caller]
fn assert_same<T: AsRef<str>, E: AsRef<str>>(found: &[T], expected: &[E], run: &Run) {
    assert_eq!(
        (set(found), found.len()),
        (set(expected), expected.len()),
        "{run:?}"
    );
}

/// The run in every format, as one page: what was asked, how it ended, what it said.
pub(crate) fn snapshot(name: &str, runs: &[(&str, &Run)]) {
    let first = runs[0].1;
    let mut page = format!(
        "$ runway-preflight {}\n",
        first.args[..first.args.len() - 2].join(" ")
    );
    page += &format!(
        "exit {}\n\n---- standard error\n{}\n",
        first.code,
        settled(&first.stderr)
    );
    // The fields of the JSON are held to the schema; one document shows them all.
    let shown = |format: &str| format != "json" || name.contains("go-everything");
    for (format, run) in runs.iter().filter(|(format, _)| shown(format)) {
        page += &format!(
            "\n---- standard output, {format}\n{}\n",
            settled(&run.stdout)
        );
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, page));
}
