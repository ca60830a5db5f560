//! The job in its own terms: plans, prices, ranges, what is left after, how long it lasts, labels.

use std::time::Duration;

use serde_json::{json, Value};

use crate::support::body::{self, UNREADABLE};
use crate::support::runway::runway;
use crate::support::{each, Gate, Reply, Run, Server, REFUSED};

/// 200 generations of gen4.5 a day, 90 used; 100 of veo3.1; gen4_image without a limit.
fn organization(balance: i64) -> String {
    let model = |name, daily: Value, used: Value| (name, json!(2), daily, used);
    let models = [
        model("gen4.5", json!(200), json!(90)),
        model("veo3.1", json!(100), Value::Null),
        model("gen4_image", Value::Null, Value::Null),
    ];
    body::organization(balance, &models).to_string()
}

/// A hundred bodies of each of three models, with prompts that no output may hold.
fn studio() -> String {
    let body = |nth: i32| match nth % 3 {
        0 => json!({
            "model": "gen4.5", "promptText": "a SECRET harbour\u{1b}[31m \"}{", "ratio": "1280:720",
            "duration": 5, "seed": nth,
        }),
        1 => json!({
            "model": "gen4_image", "promptText": "SECRET", "ratio": "1920:1080",
            "referenceImages": [{ "uri": "data:image/png;base64,SECRET", "tag": "model" }],
        }),
        _ => json!({
            "model": "veo3.1", "promptImage": "https://example.com/SECRET.png", "ratio": "1280:720",
            "duration": 8, "audio": false,
        }),
    };
    (0..300).map(|nth| format!("{}\n", body(nth))).collect()
}

/// The rules of a short report are never too many, however few the models are.
#[test]
fn every_rule_is_in_the_output() {
    let tasks: String = (0..6)
        .map(|nth| format!("{{\"model\":\"b\",\"q\":{nth}}}\n"))
        .collect();
    let mut gate = Gate::reading(organization(5_000)).github();
    for nth in 0..6 {
        gate = gate.arg("--price").arg(format!("b q={nth} {}", nth + 1));
    }
    let run = gate.file("tasks", tasks).args("--plan tasks").run();
    let report: Value = serde_json::from_str(run.output("report")).expect("JSON");
    let rules = report["plan"]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), 6, "{run:?}");
    assert!(report.get("leftOut").is_none(), "{run:?}");
}

fn secretive(run: &Run) {
    let outputs = run.outputs.as_deref().unwrap_or_default();
    let summary = run.summary.as_deref().unwrap_or_default();
    for text in [&*run.stdout, &run.stderr, outputs, summary] {
        assert!(!text.contains("SECRET"), "a prompt is shown: {run:?}");
    }
}

#[test]
fn a_plan_is_summed_up_by_model_and_decided() {
    let prices = "--price gen4.5=1.5/s --price gen4_image=5 --price veo3.1=2/s";
    for (balance, code, codes) in [
        (3_400, 0, &[][..]),
        (3_399, 6, &["keep-short"]),
        (2_900, 6, &["keep-short"]),
        (2_899, 6, &["credits-short"]),
        (0, 6, &["no-credits"]),
    ] {
        let run = Gate::reading(organization(balance))
            .file("tasks.jsonl", studio())
            .github()
            .args(&format!(
                "--plan tasks.jsonl {prices} --keep 500 --format json"
            ))
            .run();
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(run.codes("error"), codes, "{run:?}");
        secretive(&run);
        let report = run.json();
        // Five seconds at 1.5 are 7.5, which a task rounds up.
        let expected = json!([
            { "model": "gen4.5", "rule": "gen4.5=1.5/s", "tasks": 100, "outputs": 100, "seconds": 500, "credits": 800 },
            { "model": "gen4_image", "rule": "gen4_image=5", "tasks": 100, "outputs": 100, "credits": 500 },
            { "model": "veo3.1", "rule": "veo3.1=2/s", "tasks": 100, "outputs": 100, "seconds": 800, "credits": 1_600 },
        ]);
        assert_eq!(
            report["plan"],
            json!({
                "tasks": 300, "granted": if code == 0 { 300 } else { 0 }, "rules": expected,
            })
        );
        let keep = json!({
            "kind": "keep", "needed": 500, "left": balance - 2_900, "met": balance >= 3_400,
        });
        assert!(
            report["requirements"]
                .as_array()
                .expect("rows")
                .contains(&keep),
            "{run:?}"
        );
        let granted = match code {
            0 => json!({ "gen4.5": 100, "gen4_image": 100, "veo3.1": 100 }),
            _ => json!({}),
        };
        assert_eq!(report["granted"], granted, "{run:?}");
        assert_eq!(run.output("granted"), granted.to_string());
        let plan = "| gen4.5 | gen4.5=1.5/s | 100 | 100 | 500 | 800 |";
        assert!(
            run.summary.as_deref().unwrap_or_default().contains(plan),
            "{run:?}"
        );
    }
}

#[test]
fn a_plan_adds_up_with_the_flags() {
    let run = Gate::reading(organization(5_000))
        .file("tasks.json", r#"[{"model":"gen4.5"},{"model":"gen4.5"}]"#)
        .args("--plan tasks.json --price gen4.5=10 --generations gen4.5=108 --format json")
        .args("--generations veo3.1=1@7")
        .run();
    let rows = &run.json()["requirements"];
    assert_eq!(rows[0]["needed"], 110, "{run:?}");
    assert_eq!(rows[2]["needed"], 1_107, "{run:?}");
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_price_under_one_credit_may_be_in_dollars() {
    for (args, planned) in [
        ("gen4.5=20@0.60", "12"),
        ("gen4.5=20 --price gen4.5=0.60", "20"),
    ] {
        let gate = Gate::reading(organization(5_000)).args("--generations");
        let run = gate.args(args).run();
        assert!(run
            .stdout
            .contains("@0.6 is in credits: @60 if dollars are meant"));
        assert!(run.stdout.contains(&format!("  {planned}  5,000 ")));
    }
}

#[test]
fn an_empty_plan_needs_nothing_and_is_a_warning() {
    let gate = || Gate::reading(organization(10)).args("--format json");
    let nothing = json!({ "tasks": 0, "granted": 0, "rules": [] });
    for (plan, args) in [
        ("", ""),
        (" \n", "--plan-min 5"),
        ("[ ]", "--price gen4.5=1"),
    ] {
        let run = gate()
            .github()
            .file("tasks", plan)
            .args("--plan tasks")
            .args(args)
            .run();
        assert_eq!((run.code, &run.json()["plan"]), (0, &nothing), "{run:?}");
        assert_eq!(run.codes("warning"), ["nothing-planned"], "{run:?}");
        assert_eq!(run.output("granted-tasks"), "0");
    }
    let run = gate()
        .file("tasks", "[ ]")
        .args("--plan tasks --price gen4.5=1 --keep 10")
        .run();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.json()["requirements"][0]["kind"], "planned-cost");
    assert_eq!(run.json()["requirements"][0]["needed"], 0);
}

#[test]
fn a_plan_that_cannot_be_followed_is_exit_code_2() {
    let task = r#"{"model":"gen4.5","promptText":"SECRET"}"#;
    #[rustfmt::skip]
    let cases = [
        ("SECRET".to_owned(), "", "line 1, task 1: a task must be a JSON object, such as {"),
        (format!("{task}\n{{SECRET}}"), "", "line 2, task 2: this is not JSON"),
        (format!("{{\"tasks\":[{task}]}}"), "", "line 1, task 1: this object has no model, but holds tasks: unwrap them with jq -c '.tasks[]'"),
        (task.to_owned(), "--price other=1", "line 1, task 1 (gen4.5): its model has no --price"),
        (task.replace("promptText", "duration"), "--price gen4.5=1/s", "line 1, task 1 (gen4.5): the price is per second"),
        (task.replace("promptText", "duration"), "--price gen4.5=1/s", "give the seconds, or the price of a whole generation"),
        (task.to_owned(), "--generations gen4.5=18446744073709551615", "than can be counted"),
        ((0..1_000).map(|n| format!("{{\"model\":\"m{n}\"}}\n")).collect(), "--credits 1", "more than 1000 requirements"),
    ];
    each(
        &cases,
        |(plan, ..)| plan.clone(),
        |(plan, args, said)| {
            let run = Gate::reading(organization(5_000))
                .file("tasks.jsonl", plan)
                .args("--plan tasks.jsonl")
                .args(args)
                .run();
            assert_eq!(run.code, 2, "{run:?}");
            run.says(said);
            run.says("\nexample: runway-preflight --");
            secretive(&run);
        },
    );
}

#[test]
fn a_plan_is_a_file_or_a_pipe_within_its_bounds() {
    let gate = || Gate::reading(organization(5_000)).args("--timeout 200ms");
    let missing = gate().args("--plan missing").run();
    assert_eq!(missing.code, 2, "{missing:?}");
    missing.says("does not exist");
    let directory = gate().args("--plan .").run();
    assert_eq!(directory.code, 2, "{directory:?}");
    let long = gate();
    std::fs::File::create(long.path("long"))
        .and_then(|file| file.set_len(2 * 1024 * 1024 * 1024))
        .expect("a file of 2 GB, which takes no room");
    let long = long.args("--plan long").run();
    assert_eq!(long.code, 2, "{long:?}");
    long.says("longer than 64 MiB");
    let stdin = Gate::new()
        .no_key()
        .file("organization.json", organization(5_000))
        .args("--from organization.json --plan - --format json")
        .stdin(r#"{"model":"gen4.5"}"#)
        .run();
    assert_eq!(
        (stdin.code, &stdin.json()["plan"]["tasks"]),
        (0, &json!(1)),
        "{stdin:?}"
    );
}

/// What comes through a pipe comes once, and what cannot be read is no empty plan.
#[cfg(target_os = "linux")]
#[test]
fn an_input_that_cannot_be_read_is_no_plan() {
    #[rustfmt::skip]
    let cases = [
        ("cat tasks | $GATE --plan -", 0, ""),
        (": | $GATE --plan -", 0, "nothing-planned"),
        ("$GATE --plan - <tasks", 0, ""),
        ("$GATE --plan - --key-file key <tasks", 0, ""),
        ("cat tasks | $GATE --key-file /dev/stdin --plan -", 2, r#"--plan "-" and --key-file "/dev/stdin" are one input"#),
        ("cat tasks | $GATE --key-file /proc/self/fd/0 --plan /dev/fd/0", 2, "are one input"),
        ("cat tasks | $GATE --key-file /dev/fd/3 --plan /dev/fd/3 3<&0", 2, "are one input"),
        ("cat organization.json | $GATE --from - --plan /dev/stdin", 2, r#"--from "-" and --plan "/dev/stdin" are one input"#),
        ("$GATE --from - --plan - <organization.json", 2, r#"--from "-" and --plan "-" are one input"#),
        ("mkfifo pipe; cat tasks >pipe & $GATE --plan pipe --key-file pipe", 2, "are one input"),
        ("$GATE --plan - <&-", 2, "nothing is piped into it"),
        ("$GATE --plan - </dev/null", 2, "nothing is piped into it"),
        ("$GATE --plan /dev/null", 2, "it is a device"),
        ("$GATE --plan - <.", 2, "it is a directory"),
        ("$GATE --plan - 0>written", 2, "cannot be read"),
        ("$GATE --from - 0>written", 2, "cannot be read"),
        ("$GATE --key-file missing", 2, "cannot be read"),
    ];
    each(
        &cases.map(|(script, code, says)| (script.replace("$GATE", "\"$@\""), code, says)),
        |(script, ..)| script.clone(),
        |(script, code, says)| {
            let gate = match script.contains("--from") {
                true => Gate::new(),
                false => Gate::new().no_key().args("--from organization.json"),
            };
            let gate = gate.file("organization.json", organization(5_000));
            let gate = gate
                .file("key", crate::support::KEY)
                .file("tasks", studio());
            let run = gate.shell(script).run();
            assert_eq!(run.code, *code, "{run:?}");
            run.says(*says);
        },
    );
}

#[cfg(unix)]
#[test]
fn a_plan_that_never_ends_is_not_waited_for() {
    let run = Gate::reading(organization(5_000))
        .shell("mkfifo plan && exec \"$@\"")
        .args("--plan plan --timeout 200ms")
        .run();
    assert_eq!(run.code, 2, "{run:?}");
    run.says("did not end within 200ms");
}

/// What was spent before the days of the budget leaves its room as it is.
#[test]
fn a_grant_counts_the_days_of_the_budget_alone() {
    for (spent_today, granted) in [(0, 10), (700, 5)] {
        let server = spending("2026-03-31", &[(0, spent_today), (1, 900)]);
        let run = Gate::asking(&server)
            .args("--budget 1000/1d --usage 3d --generations gen4.5=1..10@60 --format json")
            .run();
        assert_eq!(
            run.json()["granted"],
            json!({ "gen4.5": granted }),
            "{run:?}"
        );
    }
}

#[test]
fn what_fits_is_granted() {
    // Range, other flags, granted, what held it back.
    #[rustfmt::skip]
    let cases = [
        ("gen4.5=50..300@60", "", 83, "the balance"),
        ("gen4.5=50..300", "", 110, "limited by the daily limit"),
        ("gen4.5=50..100", "", 100, ""),
        ("gen4.5=50..300@60", "--keep 500", 75, "limited by --keep"),
        ("gen4.5=50..300@0.5", "", 110, "limited by the daily limit"),
        ("gen4.5=50..300@45.455", "", 109, "the balance"),
        ("gen4_image=1..18446744073709551615@1", "", 5_000, "the balance"),
        ("gen4_image=1..1000000", "", 1_000_000, ""),
        ("gen4.5=50..300", "--price gen4.5=59.1", 83, "the balance"),
    ];
    each(
        &cases,
        |(range, flags, ..)| format!("{range} {flags}"),
        |(range, flags, granted, held)| {
            let run = Gate::reading(organization(5_000))
                .github()
                .arg("--generations")
                .arg(range)
                .args(flags)
                .args("--format json")
                .run();
            assert_eq!(run.code, 0, "{run:?}");
            let (model, count) = range.split_once('=').expect("a range");
            let expected = json!({ model: granted });
            assert_eq!(run.json()["granted"], expected, "{run:?}");
            assert_eq!(run.output("granted"), expected.to_string());
            let fewer = !held.is_empty();
            assert_eq!(
                run.codes("warning").contains(&"granted-fewer".into()),
                fewer,
                "{run:?}"
            );
            run.says(held);
            // Exactly so many are a go, and one more is not.
            let price = count.split_once('@').map_or("", |(_, price)| price);
            let asks = |count: u64| {
                let price = if price.is_empty() {
                    String::new()
                } else {
                    format!("@{price}")
                };
                Gate::reading(organization(5_000))
                    .args(&format!("--generations {model}={count}{price} {flags}"))
                    .run()
                    .code
            };
            assert_eq!(asks(*granted), 0);
            assert!(!fewer || asks(granted + 1) != 0);
        },
    );
}

#[test]
fn nothing_is_granted_without_a_go() {
    for (args, code) in [
        ("--generations gen4.5=111..300", 3),
        ("--generations gen4.5=201..300", 6),
        ("--generations gen4.5=50..300@101", 6),
        ("--generations gen45=1..2", 6),
        ("--generations gen4.5=1..300 --credits 5001", 6),
    ] {
        let run = Gate::reading(organization(5_000)).github().args(args).run();
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(run.output("granted"), "{}");
        assert_eq!(run.output("warnings"), "", "{run:?}");
    }
    let run = Gate::reading(UNREADABLE)
        .github()
        .args("--generations gen4.5=1..2 --fail-open")
        .run();
    assert_eq!((run.code, run.output("granted")), (0, "{}"), "{run:?}");
}

/// With so many credits spent so many days before.
pub(crate) fn spending(today: &str, spent: &[(u32, i64)]) -> Server {
    let spent: Vec<_> = spent
        .iter()
        .map(|(ago, sum)| (*ago, "gen4.5", *sum))
        .collect();
    runway(today, &organization(5_000), &spent)
}

#[test]
fn a_month_counts_from_its_first_day() {
    // Today, spent so many days ago, how much of the budget of 1,000 is left.
    let cases = [
        ("2026-03-01", 0, 400),
        ("2026-03-01", 1, 1_000),
        ("2026-03-31", 30, 400),
        ("2026-03-31", 31, 1_000),
        ("2025-02-28", 27, 400),
        ("2025-02-28", 28, 1_000),
        ("2026-12-31", 30, 400),
        ("2026-01-01", 1, 1_000),
    ];
    each(
        &cases,
        |(today, ago, _)| format!("{today}, {ago} days ago"),
        |(today, ago, left)| {
            let server = spending(today, &[(*ago, 600)]);
            let run = Gate::asking(&server)
                .args("--budget 1000/month --generations gen4.5=1..100@10 --format json")
                .run();
            assert_eq!(run.code, 0, "{run:?}");
            let budget = &run.json()["requirements"][2];
            assert_eq!(budget["left"], json!(left), "{run:?}");
            assert_eq!(
                run.json()["granted"],
                json!({ "gen4.5": left / 10 }),
                "{run:?}"
            );
        },
    );
}

#[test]
fn a_forecast_warns_and_decides_nothing() {
    // What was spent, the forecast, and whether seven days are more than it lasts.
    #[rustfmt::skip]
    let cases = [
        (vec![(1, 700), (2, 700)], json!({ "days": 7, "creditsPerDay": 700, "basisDays": 2 }), false),
        (vec![(1, 1_430), (2, 0)], json!({ "days": 3, "creditsPerDay": 1_430, "basisDays": 1 }), true),
        (vec![(0, 9_000)], Value::Null, false),
        (vec![(1, 50), (3, -80)], json!({ "days": 100, "creditsPerDay": 50, "basisDays": 1 }), false),
        (vec![(3, 50), (1, -80)], Value::Null, false),
        (vec![(31, 5_000)], Value::Null, false),
        (vec![], Value::Null, false),
    ];
    each(
        &cases,
        |(spent, ..)| format!("{spent:?}"),
        |(spent, forecast, short)| {
            let server = spending("2026-03-31", spent);
            let run = Gate::asking(&server)
                .github()
                .args("--warn-lasts 7days --format json")
                .run();
            assert_eq!((run.code, server.seen()), (0, 2), "{run:?}");
            assert_eq!(&run.json()["forecast"], forecast, "{run:?}");
            let warnings = run.codes("warning");
            assert_eq!(warnings == ["running-low"], *short, "{run:?}");
            let days = forecast["days"]
                .as_i64()
                .map_or(String::new(), |days| days.to_string());
            assert_eq!(run.output("lasts-days"), days, "{run:?}");
        },
    );
}

#[test]
fn the_planned_cost_shortens_the_forecast() {
    let spent: Vec<(u32, i64)> = (1..=30).map(|ago| (ago, 1_240)).collect();
    for (cost, lasts, short) in [
        (40, "about 4 days", false),
        (41, "about 3 days", true),
        (4_000, "less than a day", true),
    ] {
        let server = spending("2026-03-31", &spent);
        let run = Gate::asking(&server)
            .args(&format!("--generations gen4.5=1@{cost} --warn-lasts 4days"))
            .args("--usage 30d --budget 100000/90d")
            .run();
        let pace = "at 1,240 credits a day, the pace of the last 7 days";
        let line = format!("lasts {lasts} {pace}");
        assert!(run.stdout.contains(&line), "{run:?}");
        let warned = run.stderr.contains("warning[running-low]");
        assert_eq!(warned, short, "{run:?}");
        assert_eq!(
            (run.code, server.seen()),
            (0, 2),
            "one request serves all: {run:?}"
        );
    }
}

#[test]
fn a_history_that_cannot_be_had_is_a_warning_of_the_forecast() {
    let cases = [
        (Reply::http(403, r#"{"error":"No."}"#), "forbidden"),
        (Reply::http(404, "<html>"), "unexpected-status"),
        (Reply::ok("[]"), "unexpected-response"),
        (Reply::http(400, r#"{"error":"No."}"#), "request-rejected"),
    ];
    each(
        &cases,
        |(_, code)| (*code).to_owned(),
        |(reply, code)| {
            let server = Server::script([Reply::ok(organization(5_000)), reply.clone()]);
            let run = Gate::asking(&server)
                .github()
                .args("--warn-lasts 7days --format json")
                .run();
            assert_eq!(run.code, 0, "{run:?}");
            assert_eq!(run.codes("warning"), [*code], "{run:?}");
            assert_eq!(run.json()["forecast"], Value::Null, "{run:?}");
            assert_eq!(run.output("warnings"), *code);
        },
    );
}

#[test]
fn a_label_names_the_run_everywhere() {
    let run = Gate::reading(organization(5_000))
        .github()
        .args("--label acme --generations gen4.5=120")
        .run();
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stdout.starts_with("acme: NO-GO  "), "{run:?}");
    assert_eq!(run.output("acme-verdict"), "no-go");
    assert!(
        run.output("acme-message").starts_with("acme: NO-GO: "),
        "{run:?}"
    );
    let summary = run.summary.as_deref().unwrap_or_default();
    assert!(
        summary.starts_with("## acme: Runway preflight: "),
        "{run:?}"
    );
    run.says("generations-short::acme: ");
    let report: Value = serde_json::from_str(run.output("acme-report")).expect("JSON");
    assert_eq!(report["label"], "acme");
}

#[test]
fn a_label_names_the_outputs_of_a_wrong_command_line() {
    let cases = [
        ("--label acme --credits x", "acme-"),
        ("--credits x --label acme", "acme-"),
        ("--nonsense --label acme", "acme-"),
        ("--plan missing --label acme", "acme-"),
        ("--keep 5 --label acme", "acme-"),
        ("--label a/b", ""),
        ("--label", ""),
    ];
    each(
        &cases,
        |(args, _)| (*args).to_owned(),
        |(args, prefix)| {
            let run = Gate::new().github().args(args).run();
            assert_eq!(run.code, 2, "{run:?}");
            assert_eq!(run.output(&format!("{prefix}pass")), "false", "{run:?}");
            assert_eq!(run.output(&format!("{prefix}exit-code")), "2", "{run:?}");
        },
    );
}

/// What the job may cost is decided in every run, whatever keeps Runway from being asked; and what
/// else can be looked at still is.
#[test]
fn a_job_that_costs_too_much_is_held_without_runway() {
    let saved = |gate: Gate| gate.no_key().file("saved", organization(5_000));
    let answering = Server::script([Reply::ok(organization(5_000))]);
    let refusing = Server::script([Reply::http(503, "")]);
    let refused = Server::script([Reply::http(401, "{}")]);
    let asking = |server: &Server| Gate::asking(server).args("--timeout 1s");
    let dead = || {
        Gate::new()
            .args(REFUSED)
            .args("--base-url http://127.0.0.1:1")
    };
    let job = "--generations gen4.5=20@60 --generations gen4_image=4 --price gen4_image=5";
    // How it is run, what is told beside, and the exit code and verdict of a job that may cost that.
    type Case<'a> = (
        &'a str,
        &'a (dyn Fn() -> Gate + Sync),
        &'a [&'a str],
        i32,
        &'a str,
    );
    #[rustfmt::skip]
    let cases: [Case; 11] = [
        ("an answer", &|| asking(&answering), &[], 0, "go"),
        ("a saved answer", &|| saved(Gate::new().args("--from saved")), &[], 0, "go"),
        ("a saved answer that falls short", &|| saved(Gate::new().args("--from saved --credits 9000 --generations gen4.5=111@0")), &["generations-short", "credits-short"], 6, "no-go"),
        ("no key", &|| Gate::new().no_key(), &["key-missing"], 4, "cannot-tell"),
        ("no key, and that is meant", &|| Gate::new().no_key().args("--missing-key skip"), &[], 0, "skipped"),
        ("no key for the history alone", &|| saved(Gate::new().args("--missing-key skip --from saved --budget 9000/30d")), &[], 0, "skipped"),
        ("a refused key", &|| asking(&refused), &["unauthorized"], 4, "cannot-tell"),
        ("a dead host", &dead, &["unreachable"], 5, "cannot-tell"),
        ("a dead host, and that is meant", &|| dead().args("--fail-open"), &[], 0, "cannot-tell"),
        ("an outage, and that is meant", &|| asking(&refusing).args("--fail-open"), &[], 0, "cannot-tell"),
        ("an outage that would be waited for", &|| asking(&refusing).args("--wait 1s"), &["unavailable"], 5, "cannot-tell"),
    ];
    each(
        &cases,
        |(name, ..)| (*name).to_owned(),
        |(name, gate, beside, code, verdict)| {
            let run = |max: &str| {
                let gate = gate().github().args(job).args("--format json --max-cost");
                gate.arg(max).run()
            };
            let held = run("1219");
            assert_eq!(held.code, 6, "{held:?}");
            assert_eq!(held.json()["verdict"], "no-go");
            let mut errors = held.codes("error");
            let own = errors.iter().position(|code| code == "over-max-cost");
            errors.remove(own.expect("the error"));
            assert_eq!(errors, *beside, "{held:?}");
            assert!(held.output("codes").contains("over-max-cost"), "{held:?}");
            assert_eq!(held.output("pass"), "false");
            let row = json!({ "kind": "max-cost", "needed": 1_220, "left": 1_219, "met": false });
            let rows = |run: &Run| {
                run.json()["requirements"]
                    .as_array()
                    .cloned()
                    .expect("rows")
            };
            assert!(rows(&held).contains(&row), "{held:?}");
            assert!(held
                .summary
                .as_deref()
                .is_some_and(|it| it.contains("1,220")));
            // To wait is of no use.
            assert!(held.took < Duration::from_secs(30), "{name}");
            let within = run("1220");
            assert_eq!(
                (within.code, &within.json()["verdict"]),
                (*code, &json!(verdict))
            );
        },
    );
}

#[test]
fn a_maximum_needs_a_planned_cost_and_bounds_what_is_granted() {
    for args in [
        "",
        "--generations gen4.5=20",
        "--plan tasks",
        "--price gen4.5=1",
        "--credits 5",
    ] {
        let gate = Gate::reading(organization(5_000)).file("tasks", r#"{"model":"gen4.5"}"#);
        let run = gate.args("--max-cost 10").args(args).run();
        assert_eq!(run.code, 2, "{run:?}");
        run.says("--max-cost");
    }
    for (max, code, granted) in [("2999", 6, json!({})), ("3059", 0, json!({ "gen4.5": 50 }))] {
        let gate = Gate::reading(organization(9_000)).args("--generations gen4.5=50..90@60");
        let run = gate.args("--format json --max-cost").arg(max).run();
        assert_eq!(
            (run.code, &run.json()["granted"]),
            (code, &granted),
            "{run:?}"
        );
        let warned = run.stderr.contains("limited by --max-cost");
        assert_eq!(warned, code == 0, "{run:?}");
    }
    let kept = tempfile::tempdir().expect("a directory");
    let junit = kept.path().join("report.xml");
    let run = Gate::reading(organization(0))
        .args("--generations gen4.5=1@60 --max-cost 59")
        .arg(format!("--write=junit={}", junit.display()))
        .run();
    assert_eq!(run.code, 6, "{run:?}");
    assert_eq!(run.shown(), ["no-credits", "over-max-cost"], "{run:?}");
    let junit = std::fs::read_to_string(junit).expect("a report");
    assert!(junit.contains("maximum cost"), "{junit}");
}

/// The plan in a mixed order, as 20 tasks of gen4.5 (60 each), veo3.1 (40) and an unknown model last.
fn mixed() -> String {
    let task = |nth| match nth % 3 {
        0 => r#"{"model":"veo3.1","audio":false}"#,
        _ => r#"{"model":"gen4.5","duration":5}"#,
    };
    let tasks: String = (0..20).map(|nth| format!("{}\n", task(nth))).collect();
    format!("{tasks}{}\n", r#"{"model":"unknown"}"#)
}

#[test]
fn a_plan_is_granted_from_its_first_task_on() {
    const PRICES: &str = "gen4.5=12/s,veo3.1 audio=false 40,veo3.1=80,unknown=0";
    // Balance, flags, tasks that are granted, what held back, models that get fewer.
    #[rustfmt::skip]
    let cases = [
        (5_000, "", 20, "of the plan now, from the first on; for the rest use another model", 1),
        (620, "", 11, "limited by the balance", 3),
        (619, "", 11, "limited by the balance", 3),
        (5_000, "--keep 4400", 11, "limited by --keep", 3),
        (5_000, "--max-cost 300", 5, "limited by --max-cost", 3),
        (5_000, "--generations gen4.5=104..200@0", 4, "the daily limit", 3),
        (5_000, "--generations gen4.5=1..100@0", 16, "the daily limit", 3),
    ];
    each(
        &cases,
        |(balance, flags, ..)| format!("{balance} {flags}"),
        |(balance, flags, granted, held, fewer)| {
            let ask = |plan: String, flags: &str| {
                let mut gate = Gate::reading(organization(*balance))
                    .github()
                    .file("tasks", plan)
                    .args("--format json --plan tasks")
                    .args(flags);
                for price in PRICES.split(',') {
                    gate = gate.arg("--price").arg(price);
                }
                gate.run()
            };
            let run = ask(mixed(), &format!("--plan-min 3 {flags}"));
            assert_eq!(run.code, 0, "{run:?}");
            assert_eq!(run.json()["plan"]["granted"], *granted, "{run:?}");
            assert_eq!(run.output("granted-tasks"), granted.to_string());
            run.says(held);
            assert_eq!(run.codes("warning").len(), *fewer, "{run:?}");
            let summary = run.summary.as_deref().unwrap_or_default();
            let said = format!("### Plan: 21 tasks, of which the first {granted} can start now");
            assert!(summary.contains(&said), "{run:?}");
            // No row is about what comes behind the first tasks.
            let rows = run.json()["requirements"].clone();
            let rows = rows.as_array().expect("rows").iter();
            let needed: Vec<_> = rows.map(|row| (&row["model"], &row["needed"])).collect();
            assert!(
                !needed.iter().any(|(model, _)| **model == "unknown"),
                "{run:?}"
            );
            // Exactly so many are a go, and one more is not; flags keep to what they were granted.
            let granted_of_flag = run.json()["granted"]["gen4.5"].as_u64().expect("a count");
            let beginning = |tasks: u64| {
                let lines: Vec<String> = mixed()
                    .lines()
                    .take(usize::try_from(tasks).expect("a count"))
                    .map(str::to_owned)
                    .collect();
                lines.join("\n")
            };
            let in_plan = beginning(*granted).matches("gen4.5").count();
            let in_plan = u64::try_from(in_plan).expect("a count");
            let flags = match flags.split_once("..") {
                Some(_) => format!("--generations gen4.5={}@0", granted_of_flag - in_plan),
                None => (*flags).to_owned(),
            };
            let just = ask(beginning(*granted), &flags);
            assert_eq!(just.code, 0, "{just:?}");
            assert_eq!(just.output("granted-tasks"), granted.to_string());
            assert_ne!(ask(beginning(granted + 1), &flags).code, 0);
        },
    );
    let none = Gate::reading(organization(100))
        .github()
        .file("tasks", mixed())
        .args("--format json --plan tasks --plan-min 3 --price gen4.5=60 --price veo3.1=40 --price unknown=0")
        .run();
    assert_eq!(
        (none.code, none.output("granted-tasks")),
        (6, "0"),
        "{none:?}"
    );
    assert_eq!(none.json()["plan"]["granted"], 0);
    let without = Gate::reading(organization(100)).github().run();
    assert_eq!(without.output("granted-tasks"), "");
}

#[test]
fn what_is_not_known_is_never_counted_as_nothing() {
    let plan = |tasks: &str| tasks.replace('_', r#""model":"gen4.5""#);
    // Tasks and flags, and the planned cost, or what is said of a wrong command line.
    #[rustfmt::skip]
    let cases = [
        ("{_}", "--price gen4.5=1.5", Ok(2)),
        (r#"{_,"outputCount":2,"duration":2.5}"#, "--price gen4.5=1.5/s", Ok(8)),
        ("{_}", "--generations veo3.1=1@5", Err("task 1 (gen4.5): its model has no --price")),
        ("{_}", "--price unused=5", Err("task 1 (gen4.5): its model has no --price")),
        ("{_}", "--generations veo3.1=1 --price gen4.5=5", Err("--generations \"veo3.1=1\" has no price")),
        ("{_}", "--generations veo3.1=1..2 --price gen4.5=5", Err("has no price")),
        ("{_}", "--generations veo3.1=0 --price gen4.5=5", Ok(5)),
        ("{_}", "--generations veo3.1=7@0 --price gen4.5=5", Ok(5)),
        ("{_}", "--warn-generations veo3.1=7 --price gen4.5=5", Ok(5)),
        ("", "--price gen4.5=5", Ok(0)),
    ];
    each(
        &cases,
        |(tasks, args, _)| format!("{tasks} {args}"),
        |(tasks, args, expected)| {
            let run = Gate::reading(organization(5_000))
                .file("tasks", plan(tasks))
                .args("--format json --plan tasks")
                .args(args)
                .run();
            match expected {
                Ok(cost) => {
                    let rows = run.json()["requirements"].clone();
                    let mut rows = rows.as_array().expect("rows").iter();
                    let row = rows
                        .find(|row| row["kind"] == "planned-cost")
                        .expect("a row");
                    assert_eq!((run.code, &row["needed"]), (0, &json!(cost)), "{run:?}");
                }
                Err(said) => {
                    assert_eq!(run.code, 2, "{run:?}");
                    run.says(said);
                }
            }
        },
    );
}
