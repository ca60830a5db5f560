//! The credit history, against a server that answers as the endpoint does: only the days that it was asked for.

use std::time::Duration;

use serde_json::{json, Value};

use crate::diagnostics::snapshot;
use crate::support::body::EXAMPLE;
use crate::support::runway::runway;
use crate::support::{each, Gate, Reply, Request, Server, Step};

/// Today is 2026-03-31, and so much was spent so many days ago by a model.
fn spending(spent: &[(u32, &str, i64)]) -> Server {
    runway("2026-03-31", EXAMPLE, spent)
}

/// The two dates of a request, and nothing else, in its body.
#[track_caller]
fn dates(request: &Request) -> (String, String) {
    assert_eq!(request.header("content-type"), "application/json");
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    let body = body.as_object().expect("an object");
    let names: Vec<_> = body.keys().collect();
    assert_eq!(names, ["beforeDate", "startDate"], "{body:?}");
    let text = |name: &str| body[name].as_str().expect("a date").to_owned();
    (text("startDate"), text("beforeDate"))
}

fn posts(server: &Server) -> Vec<(String, String)> {
    server
        .requests()
        .iter()
        .filter(|one| one.method == "POST")
        .map(dates)
        .collect()
}

#[test]
fn days_up_to_today_are_asked_for_with_tomorrow_as_the_end() {
    for (days, start) in [
        (1, "2026-03-31"),
        (2, "2026-03-30"),
        (7, "2026-03-25"),
        (30, "2026-03-02"),
        (89, "2026-01-02"),
        (90, "2026-01-01"),
    ] {
        let used = [
            (0, "gen4.5", 1),
            (days - 1, "gen4.5", 20),
            (days, "gen4.5", 300),
        ];
        let server = spending(&used);
        let run = Gate::asking(&server)
            .args(&format!("--usage {days}d --format json"))
            .run();
        assert_eq!((run.code, server.seen()), (0, 2), "{run:?}");
        assert_eq!(posts(&server), [(start.into(), "2026-04-01".into())]);
        let usage = &run.json()["usage"];
        assert_eq!(usage["startDate"], start);
        assert_eq!(usage["beforeDate"], "2026-04-01");
        assert_eq!(usage["totalCredits"], 21, "{usage}");
        assert_eq!(usage["models"], json!({ "gen4.5": 21 }));
    }
}

#[test]
fn a_reused_connection_reports_failures_as_a_new_one() {
    let server = Server::handler(|_, request| {
        if request.method == "GET" {
            Reply::ok(EXAMPLE)
        } else {
            Reply::raw("this is no HTTP\r\n\r\n")
        }
    });
    let run = Gate::asking(&server)
        .args("--budget 100/1d --format json")
        .run();
    run.reports(5, &["unexpected-response"]);
    assert_eq!((server.connections(), server.seen()), (1, 2), "{run:?}");
}

#[test]
fn both_requests_share_the_deadline() {
    let late = Server::handler(|_, request| match &*request.method {
        "GET" => Reply::steps([Step::Pause(Duration::from_secs(2))]).then(Step::send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{EXAMPLE}",
            EXAMPLE.len()
        ))),
        _ => Reply::steps([Step::Hang]),
    });
    let run = Gate::asking(&late)
        .args("--usage 7d --timeout 4s --format json")
        .run();
    run.reports(5, &["timed-out"]);
    assert!(
        run.took < Duration::from_millis(5_900),
        "a deadline for each: {run:?}"
    );
}

#[test]
fn a_range_is_asked_for_as_it_is_written() {
    let server = spending(&[
        (45, "gen4.5", 1000),
        (44, "gen4.5", 100),
        (44, "veo3.1", 7),
        (15, "gen4.5", 20),
        (15, "veo3.1", -3),
        (14, "gen4.5", 2000),
    ]);
    let run = Gate::asking(&server)
        .args("--usage 2026-02-15..2026-03-17 --format json")
        .run();
    assert_eq!((run.code, server.seen()), (0, 2), "{run:?}");
    assert_eq!(posts(&server), [("2026-02-15".into(), "2026-03-17".into())]);
    let usage = &run.json()["usage"];
    assert_eq!(usage["totalCredits"], 124, "{usage}");
    assert_eq!(usage["models"], json!({ "gen4.5": 120, "veo3.1": 4 }));
    assert_eq!(usage["days"].as_array().expect("days").len(), 2);
}

struct Budget {
    name: &'static str,
    /// Days ago, model, amount.
    used: &'static [(u32, &'static str, i64)],
    args: &'static str,
    exit: i32,
    /// What the budget has left.
    left: i64,
}

const fn budget(
    name: &'static str,
    used: &'static [(u32, &'static str, i64)],
    args: &'static str,
    exit: i32,
    left: i64,
) -> Budget {
    Budget {
        name,
        used,
        args,
        exit,
        left,
    }
}

#[rustfmt::skip]
const BUDGETS: [Budget; 13] = [
    budget("nothing spent", &[], "--budget 1000/30d", 0, 1000),
    budget("within it", &[(0, "gen4.5", 400), (29, "veo3.1", 500)], "--budget 1000/30d", 0, 100),
    budget("used up to the last credit", &[(0, "gen4.5", 1000)], "--budget 1000/30d", 0, 0),
    budget("passed by one", &[(0, "gen4.5", 1001)], "--budget 1000/30d", 6, -1),
    budget("today is in the window", &[(0, "gen4.5", 1001)], "--budget 1000/1d", 6, -1),
    budget("yesterday is not in a window of one day", &[(1, "gen4.5", 5000)], "--budget 1000/1d", 0, 1000),
    budget("the first day is in the window", &[(29, "gen4.5", 1001)], "--budget 1000/30d", 6, -1),
    budget("the day before is not", &[(30, "gen4.5", 5000)], "--budget 1000/30d", 0, 1000),
    budget("the plan fits", &[(3, "gen4.5", 400)], "--budget 1000/7d --generations gen4.5=20@30", 0, 600),
    budget("the plan passes it by one", &[(3, "gen4.5", 401)], "--budget 1000/7d --generations gen4.5=20@30", 6, 599),
    budget("refunds are taken off", &[(3, "gen4.5", 1400), (2, "gen4.5", -500)], "--budget 1000/7d", 0, 100),
    budget("net refunds are no room beyond the budget", &[(2, "gen4.5", -500)], "--budget 1000/7d --generations gen4.5=20@60", 6, 1000),
    budget("a budget of weeks", &[(13, "gen4.5", 1001), (14, "gen4.5", 9)], "--budget 1000/2weeks", 6, -1),
];

#[test]
fn a_budget_counts_its_window_and_the_plan() {
    each(
        &BUDGETS,
        |case| case.name.to_owned(),
        |case| {
            let server = spending(case.used);
            let run = Gate::asking(&server)
                .args(case.args)
                .args("--format json")
                .run();
            assert_eq!((run.code, server.seen()), (case.exit, 2), "{run:?}");
            let expected: &[&str] = if case.exit == 0 {
                &[]
            } else {
                &["over-budget"]
            };
            assert_eq!(run.codes("error"), expected, "{run:?}");
            let report = run.json();
            let rows = report["requirements"].as_array().expect("rows");
            let row = rows
                .iter()
                .find(|row| row["kind"] == "budget")
                .expect("a row for the budget");
            assert_eq!(row["met"], case.exit == 0, "{run:?}");
            assert_eq!(
                row["left"],
                case.left
                    .max(row["left"].as_i64().expect("a figure").min(0)),
                "{run:?}"
            );
            assert!(
                report.get("usage").is_none(),
                "it is shown under --usage only: {run:?}"
            );
        },
    );
}

/// What is not there is not said to be taken off.
#[test]
fn running_low_speaks_of_a_planned_cost_only_if_there_is_one() {
    for (args, planned) in [("", false), ("--generations gen4.5=1@60", true)] {
        let server = spending(&[(1, "gen4.5", 4000)]);
        let gate = Gate::asking(&server).args("--warn-lasts 30d");
        let run = gate.args(args).run();
        assert_eq!(run.code, 0, "{run:?}");
        run.says("warning[running-low]");
        assert_eq!(run.stderr.contains("planned cost"), planned, "{run:?}");
    }
}

/// A plan is made smaller only if that helps.
/// Waiting is named only where it ends in a go, and fewer generations where one of several fits.
#[test]
#[rustfmt::skip]
fn over_budget_advises_what_can_help() {
    const WAIT: &str = ", or run it again once ";
    let cases = [
        (900, "1000/1d", "gen4.5=2@60", "plan fewer generations, or raise --budget, or run"),
        (1_000, "1000/1d", "gen4.5=2@60", "raise --budget, or run it again once enough of"),
        (1_001, "1000/7d", "gen4.5=0", "enough of the spending is more than 7 days old"),
        (1_001, "1000/month", "gen4.5=1@7", "once the month has ended (UTC)"),
        (0, "1000/7d", "gen4.5=20@60", "plan fewer generations, or raise --budget; waiting does"),
        (0, "1000/month", "gen4.5=1@1001", "raise --budget; waiting does not help"),
        (990, "1000/7d", "gen4.5=1@1001", "raise --budget; waiting does not help"),
        (990, "1000/7d", "gen4.5=1@20", "raise --budget, or run it again once"),
    ];
    for (spent, budget, generations, fix) in cases {
        let server = spending(&[(0, "gen4.5", spent)]);
        let gate = Gate::asking(&server).arg("--generations").arg(generations);
        let run = gate.arg("--budget").arg(budget).run();
        run.fails(6, &["over-budget"]);
        run.says(fix);
        if !run.stderr.contains(WAIT) {
            run.says("; waiting does not help");
            return;
        }
        // What was spent has left the window, or the month has ended.
        let server = spending(&[]);
        let gate = Gate::asking(&server).arg("--generations").arg(generations);
        let run = gate.arg("--budget").arg(budget).run();
        assert_eq!(run.code, 0, "{run:?}");
    }
}

/// The sums that a diagnostic names add up to what was spent.
#[test]
fn the_breakdown_of_a_budget_adds_up() {
    let spent = [
        (0, "a", 500),
        (1, "b", 300),
        (2, "c", 200),
        (3, "d", 70),
        (4, "a", -30),
    ];
    let server = spending(&spent);
    let run = Gate::asking(&server).args("--budget 1000/7d").run();
    let cause = run.stderr.lines().find(|line| line.contains("by day: "));
    let (_, sums) = cause
        .expect("a cause")
        .split_once("by day: ")
        .expect("sums");
    for part in sums.split("; by model: ") {
        let sum: i64 = part
            .split(['(', ')'])
            .filter_map(|text| text.replace('−', "-").parse::<i64>().ok())
            .sum();
        assert_eq!(sum, 1_040, "{part}: {run:?}");
    }
}

#[test]
fn a_history_for_both_flags_is_right_for_each() {
    let server = spending(&[(0, "gen4.5", 10), (10, "gen4.5", 2000), (40, "gen4.5", 7)]);
    let run = Gate::asking(&server)
        .args("--budget 1000/7d --usage 60d --format json")
        .run();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.json()["usage"]["totalCredits"], 2017, "{run:?}");
    let server = spending(&[(0, "gen4.5", 10), (10, "gen4.5", 2000)]);
    let run = Gate::asking(&server)
        .args("--budget 1000/30d --usage 2d --format json")
        .run();
    run.reports(6, &["over-budget"]);
    assert_eq!(run.json()["usage"]["totalCredits"], 10, "{run:?}");
}

/// Everything else is still decided, and a no-go stays one.
#[test]
fn a_history_that_cannot_be_had_is_no_pass_and_hides_nothing() {
    let down = || {
        Server::handler(|_, request| match &*request.method {
            "GET" => Reply::ok(EXAMPLE),
            _ => Reply::http(503, r#"{"error":"History is down."}"#)
                .header("x-should-retry", "false"),
        })
    };
    #[rustfmt::skip]
    let cases: [(&str, i32, &[&str]); 5] = [
        ("--budget 1000/7d", 5, &["unavailable"]),
        ("--usage 7d", 5, &["unavailable"]),
        ("--budget 1000/7d --generations gen4.5=20", 5, &["unavailable"]),
        ("--budget 1000/7d --generations gen4.5=189", 3, &["generations-short"]),
        ("--budget 1000/7d --fail-open", 0, &[]),
    ];
    each(
        &cases,
        |case| case.0.to_owned(),
        |(args, exit, codes)| {
            let server = down();
            let run = Gate::asking(&server).args(args).args("--format json").run();
            assert_eq!((run.code, server.seen()), (*exit, 2), "{run:?}");
            assert!(
                codes
                    .iter()
                    .all(|code| run.codes("error").iter().any(|one| one == code)),
                "{run:?}"
            );
            let report = run.json();
            for row in report["requirements"].as_array().expect("rows") {
                match row["kind"].as_str() {
                    Some("budget") => assert!(row["met"].is_null(), "{run:?}"),
                    _ => assert!(row["met"].is_boolean(), "{run:?}"),
                }
            }
            assert_eq!(report["organization"]["creditBalance"], 5000, "{run:?}");
            assert!(
                run.stderr.contains("histor") || run.stderr.contains("usage"),
                "names what is missing: {run:?}"
            );
        },
    );
    let run = Gate::asking(&down()).args("--warn-lasts 7days").run();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stdout
            .contains("unknown: the history could not be read"),
        "{run:?}"
    );
}

#[test]
fn a_history_is_read_as_strictly_as_an_organization() {
    let entry = r#"{"date":"2026-03-31","usedCredits":[{"model":"gen4.5","amount":"400"}]}"#;
    let cases = [
        (
            format!(r#"{{"results":[{entry}],"models":[]}}"#),
            "results[0].usedCredits[0].amount",
        ),
        (r#"{"results":null,"models":[]}"#.to_owned(), "results"),
        ("<html>".to_owned(), "a page of HTML"),
    ];
    for (body, said) in cases {
        for args in ["--usage 7d", "--budget 1000/7d"] {
            let server = Server::script(
                [EXAMPLE, &body]
                    .map(|body| Reply::ok(body).header("Date", "Tue, 31 Mar 2026 12:00:00 GMT")),
            );
            let run = Gate::asking(&server).args(args).args("--format json").run();
            run.reports(5, &["unexpected-response"]);
            run.says(said);
        }
    }
}

/// What is new in it is nobody's business.
const SPENT: &str = r#"{
  "results": [
    { "date": "2026-02-15", "usedCredits": [ { "model": "gen4.5", "amount": 1200 }, { "model": "gen4_image", "amount": 40 } ] },
    { "date": "2026-02-17", "usedCredits": [ { "model": "veo3.1", "amount": 400, "unit": "credit" } ], "note": null },
    { "date": "2026-02-19", "usedCredits": [ { "model": "gen4.5", "amount": -300 }, { "model": "veo3.1", "amount": 25 } ] },
    { "date": "2026-02-21", "usedCredits": [] }
  ],
  "models": ["gen4.5", "gen4_image", "veo3.1"], "apiKeys": [{}], "resultsByApiKey": { "k": 1 }
}"#;

#[test]
fn a_history_is_shown_in_every_format() {
    let run = |format: &str| {
        let server = Server::script([Reply::ok(EXAMPLE), Reply::ok(SPENT)]);
        Gate::asking(&server)
            .args("--usage 2026-02-15..2026-02-22 --format")
            .arg(format)
            .run()
    };
    let (text, json, markdown) = (run("text"), run("json"), run("markdown"));
    assert_eq!((text.code, json.code, markdown.code), (0, 0, 0), "{text:?}");
    let usage = &json.json()["usage"];
    assert_eq!(usage["totalCredits"], 1365, "{usage}");
    assert_eq!(
        usage["models"],
        json!({ "gen4.5": 900, "gen4_image": 40, "veo3.1": 425 })
    );
    let models = ["gen4.5", "gen4_image", "veo3.1"];
    let rows = text
        .stdout
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("2026-"));
    let rows: Vec<_> = rows
        .filter(|row| models.iter().any(|model| row.contains(model)))
        .collect();
    let days: Vec<_> = rows.iter().map(|row| &row[..10]).collect();
    assert!(
        days.is_sorted_by(|one, next| one >= next) && days.len() >= 5,
        "newest first: {text:?}"
    );
    for figure in ["1,365", "$13.65", "-300", "1,200"] {
        assert!(
            text.stdout.replace('−', "-").contains(figure),
            "{figure}: {text:?}"
        );
        assert!(
            markdown.stdout.replace('−', "-").contains(figure),
            "{figure}: {markdown:?}"
        );
    }
    snapshot(
        "history",
        &[("text", &text), ("json", &json), ("markdown", &markdown)],
    );
}

#[test]
fn the_tiers_are_shown_and_the_own_one_is_marked() {
    let run = |format: &str| {
        Gate::reading(EXAMPLE)
            .args("--tiers --format")
            .arg(format)
            .run()
    };
    let (text, json, markdown) = (run("text"), run("json"), run("markdown"));
    for figure in [
        "$100,000",
        "25,000",
        "https://docs.dev.runwayml.com/usage/tiers",
    ] {
        assert!(text.stdout.contains(figure), "{figure}: {text:?}");
        assert!(markdown.stdout.contains(figure), "{figure}: {markdown:?}");
    }
    assert_eq!(json.json()["organization"]["tier"], 1, "{json:?}");
    snapshot(
        "tiers",
        &[("text", &text), ("json", &json), ("markdown", &markdown)],
    );
}

#[test]
fn beside_a_saved_answer_no_wait_is_advised() {
    for header in [("Retry-After", "7200"), ("x-should-retry", "false")] {
        let reply = Reply::http(429, "").header(header.0, header.1);
        let server = Server::script([reply]);
        let gate = Gate::asking(&server).file("saved", EXAMPLE);
        let run = gate.args("--from saved --budget 100/30d").run();
        run.fails(5, &["rate-limited"]);
        assert!(!run.stderr.contains("--wait"), "{run:?}");
    }
}
