//! Today is Runway's: a machine whose clock is wrong counts the same days.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runway_preflight::spend::UtcDay;
use serde_json::json;

use crate::support::body::EXAMPLE;
use crate::support::runway::history;
use crate::support::{each, Gate, Reply, Server};

const DAY: i64 = 86_400;

fn shifted(seconds: i64) -> SystemTime {
    let now = SystemTime::now();
    if seconds < 0 {
        now - Duration::from_secs(seconds.unsigned_abs())
    } else {
        now + Duration::from_secs(seconds.unsigned_abs())
    }
}

/// A server with a clock of its own, on whose today 30,000 credits were spent. It answers for the
/// days that it is asked for, and for no others.
fn runway(clock: impl Fn(usize) -> SystemTime + Send + Sync + 'static) -> Server {
    runway_but("", Reply::ok(""), clock)
}

/// The same, but that it always answers requests of one method otherwise.
fn runway_but(
    method: &'static str,
    otherwise: Reply,
    clock: impl Fn(usize) -> SystemTime + Send + Sync + 'static,
) -> Server {
    let count = AtomicUsize::new(0);
    Server::handler(move |_, request| {
        if request.method == method {
            return otherwise.clone();
        }
        let now = clock(count.fetch_add(1, Ordering::SeqCst));
        let date = httpdate::fmt_http_date(now);
        if request.method == "GET" {
            return Reply::ok(EXAMPLE).header("Date", &date);
        }
        let spent = [(UtcDay::of(now), "gen4.5".to_owned(), 30_000)];
        Reply::ok(history(request, &spent)).header("Date", &date)
    })
}

#[test]
fn a_wrong_clock_never_passes_a_budget() {
    let skews = [0, 1, -1, 40, -40, -600, 3_650, 2_000_000];
    each(
        &skews,
        |days| format!("{days} days"),
        |days| {
            let skew = days * DAY;
            for budget in ["1000/1d", "1000/30d", "1000/month"] {
                let server = runway(move |_| shifted(skew));
                let run = Gate::asking(&server)
                    .args("--format json --budget")
                    .arg(budget)
                    .run();
                assert_eq!(run.code, 6, "{budget}: {run:?}");
                assert_eq!(run.codes("error"), ["over-budget"], "{run:?}");
                let said = run.stderr.contains("this machine's clock is");
                assert_eq!(said, *days != 0, "{run:?}");
            }
        },
    );
}

type Headers = Vec<(&'static str, String)>;

/// Answers with these headers; 30,000 credits were spent on the day of this machine's clock.
fn server_with(organization: Headers, history: Headers) -> Server {
    let with = |reply: Reply, headers: &Headers| {
        let add = |reply: Reply, (name, value): &(&str, String)| reply.header(name, value);
        headers.iter().fold(reply, add)
    };
    Server::handler(move |_, request| {
        if request.method == "GET" {
            return with(Reply::ok(EXAMPLE), &organization);
        }
        let day = UtcDay::of(SystemTime::now()).to_string();
        let entry = json!({ "model": "gen4.5", "amount": 30_000 });
        let results = [json!({ "date": day, "usedCredits": [entry] })];
        let body = json!({ "results": results, "models": [] }).to_string();
        with(Reply::ok(body), &history)
    })
}

#[test]
fn what_is_no_date_of_a_clock_is_passed_over() {
    let dates = [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 9999 00:00:00 GMT",
        "Fri, 01 Jan 9999 00:00:00 GMT",
        "Sun, 31 Dec 2023 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Mon, 01 Jan 99999 00:00:00 GMT",
        "soon",
        "",
    ];
    each(&dates, ToString::to_string, |date| {
        let date = || vec![("Date", (*date).to_owned())];
        for (args, exit) in [
            ("--budget 1000/30d", 6),
            ("--budget 1000/month", 6),
            ("--budget 30000/1d", 0),
            ("--usage 7d", 0),
            ("--warn-lasts 7d", 0),
        ] {
            let server = server_with(date(), date());
            let run = Gate::asking(&server).args(args).args("--format json").run();
            assert_eq!((run.code, server.seen()), (exit, 2), "{run:?}");
            assert!(!run.stderr.contains("clock"), "{run:?}");
        }
    });
}

/// What is old is a copy from a cache: no go stands on it, and no budget is counted by its day.
#[test]
fn a_copy_from_a_cache_is_no_answer() {
    let date = |ago: i64| vec![("Date", httpdate::fmt_http_date(shifted(-ago)))];
    let age = |age: &str| vec![("Age", age.to_owned())];
    let month = 31 * DAY;
    let none = Vec::new;
    #[rustfmt::skip]
    let cases: [(&str, Headers, Headers, bool); 26] = [
        ("no word on it", none(), none(), true),
        ("a minute", age("60"), age("60"), true),
        ("over a minute", age("61"), none(), false),
        ("a day", age("86400"), none(), false),
        ("a day, of the history", none(), age("86400"), false),
        ("the longest counts", age("5, 86400"), none(), false),
        ("longer than is counted", age(&"9".repeat(30)), none(), false),
        ("no number", age("old"), none(), false),
        ("nothing", age(""), none(), false),
        ("a fraction", age("61.5"), none(), false),
        ("a sign", age("+86400"), none(), false),
        ("an exponent", none(), age("1e9"), false),
        ("hexadecimal", age("0x99"), none(), false),
        ("with a parameter", age("61;x"), none(), false),
        ("both of now", date(0), date(0), true),
        ("one by the clock of now", date(0), none(), true),
        ("the other by the clock of now", none(), date(0), true),
        ("of minutes ago", date(120), date(0), true),
        ("of last month, beside none", date(month), none(), false),
        ("of next month, beside none", date(-month), none(), false),
        ("none, beside last month", none(), date(month), false),
        ("none, beside next month", none(), date(-month), false),
        ("none, beside two days ago", none(), date(2 * DAY), false),
        ("of last month, beside now", date(month), date(0), false),
        ("of an hour ago, beside now", date(3_600), date(0), false),
        ("of now, beside last month", date(0), date(month), false),
    ];
    each(
        &cases,
        |(name, ..)| (*name).to_owned(),
        |(_, organization, history, is_go)| {
            for args in ["--budget 30000/1d", "--budget 90000/month --fail-open"] {
                let server = server_with(organization.clone(), history.clone());
                let run = Gate::asking(&server).args(args).args("--format json").run();
                let open = args.contains("--fail-open");
                let expected = if *is_go || open { 0 } else { 5 };
                assert_eq!(run.code, expected, "{run:?}");
                let (severity, codes) = match (is_go, open) {
                    (true, _) => ("error", vec![]),
                    (false, true) => ("warning", vec!["unexpected-response"]),
                    (false, false) => ("error", vec!["unexpected-response"]),
                };
                assert_eq!(run.codes(severity), codes, "{run:?}");
                assert_eq!(run.stdout.contains("out of the cache"), !is_go, "{run:?}");
            }
        },
    );
}

#[test]
fn midnight_between_two_answers_is_asked_again() {
    let midnight = UNIX_EPOCH + Duration::from_secs(20_000 * 86_400);
    let server = runway(move |nth| match nth {
        0 => midnight - Duration::from_secs(1),
        _ => midnight + Duration::from_secs(1),
    });
    let run = Gate::asking(&server)
        .args("--format json --budget 1000/1d")
        .run();
    assert_eq!(run.codes("error"), ["over-budget"], "{run:?}");
    assert_eq!(server.seen(), 3, "{run:?}");
}

#[test]
fn a_day_that_changes_with_every_answer_is_no_go() {
    let server = runway(move |nth| {
        UNIX_EPOCH + Duration::from_secs((20_000 + u64::try_from(nth).expect("a few")) * 86_400)
    });
    let run = Gate::asking(&server)
        .args("--format json --budget 100000/1d")
        .run();
    assert_eq!(run.codes("error"), ["unexpected-response"], "{run:?}");
}

/// What one document shows to be short stays so, whatever the other cannot tell, and whatever day this
/// machine believes it is.
#[test]
fn a_known_shortage_outlasts_the_other_request() {
    let own = |status| Reply::http(status, r#"{"error":"No."}"#).header("x-should-retry", "false");
    let failures = [
        ("forbidden", own(403)),
        ("unexpected-status", Reply::http(403, "<h1>Denied</h1>")),
        ("unexpected-status", own(404)),
        (
            "unexpected-status",
            Reply::http(302, "").header("Location", "/login"),
        ),
        ("request-rejected", own(400)),
        ("rate-limited", own(429)),
        ("unavailable", own(500)),
        ("unavailable", own(503).header("Retry-After", "3600")),
        ("unexpected-response", Reply::ok("<html>")),
        ("unexpected-response", Reply::raw("SSH-2.0\r\n\r\n")),
        ("unreachable", Reply::raw("")),
        ("unauthorized", own(401)),
    ];
    let days = [None, Some(0), Some(1), Some(-1), Some(40), Some(-40)];
    let cases = failures
        .iter()
        .flat_map(|failure| days.map(|day| (failure, day)));
    let cases: Vec<_> = cases.collect();
    each(
        &cases,
        |((code, _), day)| format!("{code}, {day:?} days"),
        |((code, failure), day)| {
            let date = |reply: Reply| match day {
                Some(day) if *code != "unreachable" => {
                    reply.header("Date", &httpdate::fmt_http_date(shifted(day * DAY)))
                }
                _ => reply,
            };
            let failure = date(failure.clone());
            let over_budget = {
                let (day, failure) = (day.unwrap_or_default(), failure.clone());
                runway_but("GET", failure, move |_| shifted(day * DAY))
            };
            let run = Gate::asking(&over_budget)
                .args("--format json --timeout 60s --budget 1000/30d")
                .run();
            // A key that is refused is not tried again.
            let (exit, codes) = match *code {
                "unauthorized" => (4, vec!["unauthorized"]),
                code => (6, vec![code, "over-budget"]),
            };
            assert_eq!(
                (run.code, run.codes("error")),
                (exit, strings(&codes)),
                "{run:?}"
            );
            assert_eq!(*code == "unauthorized", over_budget.seen() == 1, "{run:?}");

            let short = {
                let (day, failure) = (day.unwrap_or_default(), failure.clone());
                runway_but("POST", failure, move |_| shifted(day * DAY))
            };
            let run = Gate::asking(&short)
                .args("--format json --timeout 60s --budget 1000/30d --generations gen4.5=189")
                .run();
            assert_eq!(run.code, 3, "{run:?}");
            assert_eq!(run.codes("error"), [*code, "generations-short"], "{run:?}");
        },
    );
}

fn strings(codes: &[&str]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}
