//! Today is Runway's: a machine whose clock is wrong counts the same days.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runway_preflight::spend::UtcDay;
use serde_json::{json, Value};

use crate::support::body::EXAMPLE;
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
    let count = AtomicUsize::new(0);
    Server::handler(move |_, request| {
        let now = clock(count.fetch_add(1, Ordering::SeqCst));
        let date = httpdate::fmt_http_date(now);
        if request.method == "GET" {
            return Reply::ok(EXAMPLE).header("Date", &date);
        }
        let asked: Value = serde_json::from_slice(&request.body).expect("a request in JSON");
        let day = |name: &str| UtcDay::parse(asked[name].as_str().expect("a day")).expect("a day");
        let today = UtcDay::of(now);
        let mut results = Vec::new();
        if day("startDate") <= today && today < day("beforeDate") {
            let entry = json!({ "model": "gen4.5", "amount": 30_000 });
            results.push(json!({ "date": today.to_string(), "usedCredits": [entry] }));
        }
        Reply::ok(json!({ "results": results, "models": [] }).to_string()).header("Date", &date)
    })
}

#[test]
fn a_wrong_clock_never_passes_a_budget() {
    let skews = [0, 1, -1, 40, -40, 3_650, -3_650];
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

#[test]
fn an_epoch_of_1970_never_passes_a_budget() {
    let server = runway(|_| UNIX_EPOCH + Duration::from_secs(45 * 86_400));
    let run = Gate::asking(&server)
        .args("--format json --budget 1000/30d")
        .run();
    assert_eq!(run.codes("error"), ["over-budget"], "{run:?}");
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
