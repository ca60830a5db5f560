//! `--wait`, proved by when the server was asked, not by what the gate says about itself.

use std::time::Duration;

use serde_json::json;

use crate::support::body::{gen45, EXAMPLE};
#[cfg(unix)]
use crate::support::each;
use crate::support::{each_of, Gate, Reply, Server};

const NEED: &str = "--generations gen4.5=20 --format json";

fn used(count: u64) -> Reply {
    Reply::ok(gen45(200, count).to_string())
}

fn short() -> Reply {
    used(190)
}

fn enough() -> Reply {
    used(100)
}

/// A check tries three times to get an answer.
fn reset() -> Reply {
    Reply::raw("HTTP/1.1 200 OK\r\nContent-Le")
}

/// A failure that ends its check at once.
fn down() -> Reply {
    Reply::http(503, r#"{"error":"Down for now."}"#).header("x-should-retry", "false")
}

struct Case {
    name: &'static str,
    answers: Vec<Reply>,
    args: &'static str,
    exit: i32,
    errors: &'static [&'static str],
    warnings: &'static [&'static str],
    requests: usize,
    /// What it waits for, what is left, what is missing: in the log.
    says: &'static [&'static str],
    /// The pause before each further check, at least and at most, in seconds. A slow machine may only take longer.
    pauses: &'static [(f64, f64)],
}

fn case(
    name: &'static str,
    answers: impl IntoIterator<Item = Reply>,
    args: &'static str,
    (exit, errors): (i32, &'static [&'static str]),
    pauses: &'static [(f64, f64)],
) -> Case {
    Case {
        name,
        answers: answers.into_iter().collect(),
        args,
        exit,
        errors,
        warnings: &[],
        requests: pauses.len() + 1,
        says: &[],
        pauses,
    }
}

/// What a later check could not tell is a warning.
fn warned(case: Case, warnings: &'static [&'static str]) -> Case {
    Case { warnings, ..case }
}

/// Of the two documents each may be what cannot be told for a while, and what asks to wait.
fn both(name: &'static str, answers: Vec<Reply>, pauses: &'static [(f64, f64)]) -> Case {
    let args = "--budget 1000/7d --wait 10m --interval 5s";
    let requests = answers.len();
    let case = case(name, answers, args, (0, &[]), pauses);
    Case { requests, ..case }
}

/// The whole of a wait of 6 seconds, less what the gate takes to start: the wait begins before the first request.
const SIX: (f64, f64) = (3.0, 16.0);

/// One interval of 5 seconds, with its jitter of up to 10 %.
const FIVE: (f64, f64) = (4.45, 12.0);

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    const WAIT: &str = "--wait 10m --interval 5s";
    const GO: (i32, &[&str]) = (0, &[]);
    let balance = |credits: i64| { let mut body = gen45(200, 190); body["creditBalance"] = json!(credits); Reply::ok(body.to_string()) };
    let later = |seconds: &str| Reply::http(429, r#"{"error":"Later."}"#).header("Retry-After", seconds);
    let at_once = |seconds: &str| later(seconds).header("x-should-retry", "false");
    let history = || Reply::ok(r#"{"results":[],"models":[]}"#);
    vec![
        case("a go needs no waiting", [enough()], WAIT, GO, &[]),
        Case { says: &["has 10 daily generations left, 10 fewer than", "has 17 daily generations left, 3 fewer than"], ..case("checks again until there is enough", [short(), used(183), enough()], WAIT, GO, &[FIVE, FIVE]) },
        case("used up is waited through", [used(200), enough()], WAIT, GO, &[FIVE]),
        case("an outage is waited through", [down(), enough()], WAIT, GO, &[FIVE]),
        case("a rate limit is waited through", [at_once("1"), enough()], WAIT, GO, &[FIVE]),
        case("a reset is waited through", [reset(), reset(), reset(), enough()], WAIT, GO, &[(0.45, 12.0), (0.95, 12.0), FIVE]),
        case("silence is waited through", [Reply::steps([crate::support::Step::Hang]), enough()], "--wait 10m --interval 5s --timeout 5s", GO, &[(4.45, 24.0)]),
        case("what waiting cannot resolve ends it at the first check", [balance(10)], "--wait 10m --interval 5s --credits 1200", (6, &["credits-short", "generations-short"]), &[]),
        case("over the daily limit", [short()], "--wait 10m --generations gen4.5=300", (6, &["over-daily-limit"]), &[]),
        case("an unknown model", [short()], "--wait 10m --generations sora=1", (6, &["generations-short", "model-unavailable"]), &[]),
        case("concurrency", [enough()], "--wait 10m --concurrency gen4.5=9", (6, &["concurrency-short"]), &[]),
        case("a rejected key", [Reply::http(401, "")], WAIT, (4, &["unauthorized"]), &[]),
        case("a rejected request", [Reply::http(400, r#"{"error":"No."}"#)], WAIT, (5, &["request-rejected"]), &[]),
        case("an unexpected status", [Reply::http(404, "")], WAIT, (5, &["unexpected-status"]), &[]),
        case("an unexpected answer", [Reply::ok("[]")], WAIT, (5, &["unexpected-response"]), &[]),
        case("what waiting cannot resolve ends it at a later check", [short(), Reply::http(401, "")], WAIT, (4, &["unauthorized"]), &[FIVE]),
        case("credits that run out while waiting", [short(), balance(10)], "--wait 10m --interval 5s --credits 1200", (6, &["credits-short", "generations-short"]), &[FIVE]),
        case("the last check is at the deadline", [short()], "--wait 8s --interval 5s", (3, &["generations-short"]), &[FIVE, (0.3, 12.0)]),
        case("an interval longer than the wait", [short()], "--wait 6s --interval 1m", (3, &["generations-short"]), &[SIX]),
        case("enough at the deadline", [short(), enough()], "--wait 6s --interval 1m", GO, &[SIX]),
        case("a Retry-After that ends within a second after the wait", [later("7"), enough()], "--wait 6500ms --interval 5s --timeout 5s", GO, &[(6.9, 15.0)]),
        case("no check before Retry-After", [later("8"), enough()], "--wait 10m --interval 5s --timeout 5s", GO, &[(7.9, 16.0)]),
        case("a Retry-After as long as the wait", [later("6"), enough()], "--wait 6s --interval 5s --timeout 5s", GO, &[(5.9, 14.0)]),
        case("no check before a Retry-After that passes the end", [later("3600"), enough()], "--wait 6s --interval 5s --timeout 5s", (5, &["rate-limited"]), &[]),
        warned(case("the newest check that was answered decides", [short(), down()], "--wait 6s --interval 1m", (3, &["generations-short"]), &[SIX]), &["unavailable"]),
        case("an answer after an outage decides", [down(), short()], "--wait 6s --interval 1m", (3, &["generations-short"]), &[SIX]),
        case("no check was answered", [down()], "--wait 6s --interval 1m", (5, &["unavailable"]), &[SIX]),
        case("failing open comes after the wait", [down()], "--wait 6s --interval 1m --fail-open", GO, &[SIX]),
        warned(case("a no-go stays one where no answer follows", [short(), Reply::http(404, "")], "--wait 8s --interval 5s", (3, &["generations-short"]), &[FIVE, (0.3, 12.0)]), &["unexpected-status"]),
        case("a page of HTML does not end a wait", [short(), Reply::ok("<html>"), enough()], WAIT, GO, &[FIVE, FIVE]),
        warned(case("a no-go is not opened by a later status", [short(), Reply::http(404, "")], "--wait 6s --interval 1m --fail-open", (3, &["generations-short"]), &[SIX]), &["unexpected-status"]),
        warned(case("a no-go is not opened by a later page", [short(), Reply::ok("<html>")], "--wait 6s --interval 1m --fail-open", (3, &["generations-short"]), &[SIX]), &["unexpected-response"]),
        both("the history fails once", vec![short(), history(), short(), Reply::http(404, ""), enough(), history()], &[FIVE, FIVE]),
        both("the balance fails once", vec![short(), history(), Reply::ok("<html>"), history(), enough(), history()], &[FIVE, FIVE]),
        both("the earlier one asks to wait longer", vec![at_once("8"), at_once("1"), enough(), history()], &[(7.9, 16.0)]),
        both("the later one asks to wait longer", vec![at_once("1"), at_once("8"), enough(), history()], &[(7.9, 16.0)]),
        warned(case("a no-go is not opened by a later outage", [short(), down()], "--wait 6s --interval 1m --fail-open", (3, &["generations-short"]), &[SIX]), &["unavailable"]),
    ]
}

#[test]
fn waiting_checks_again_until_it_cannot_help() {
    each_of(
        40,
        &cases(),
        |case| case.name.to_owned(),
        |case| {
            let server = Server::script(case.answers.clone());
            let run = Gate::asking(&server).args(NEED).args(case.args).run();
            assert_eq!(run.code, case.exit, "{run:?}");
            let mut codes = run.codes("error");
            codes.sort_unstable();
            assert_eq!(codes, case.errors, "{run:?}");
            if run.code != 0 {
                assert_eq!(run.codes("warning"), case.warnings, "{run:?}");
            }
            assert_eq!(server.seen(), case.requests, "{run:?}");
            // Where a check asks for two documents, every second gap is one between checks.
            let a_check = if case.args.contains("--budget") { 2 } else { 1 };
            let gaps = server.gaps().into_iter().skip(a_check - 1);
            let gaps = gaps.step_by(a_check).map(|gap| gap.as_secs_f64());
            let gaps: Vec<f64> = gaps.collect();
            let right = |(gap, (least, most)): (&f64, &(f64, f64))| gap >= least && gap <= most;
            let right = gaps.len() == case.pauses.len() && gaps.iter().zip(case.pauses).all(right);
            assert!(right, "{gaps:?}, not {:?}; {run:?}", case.pauses);
            if case.requests == 1 {
                assert!(run.took < Duration::from_secs(60), "{run:?}");
            }
            for said in case.says {
                run.says(said);
            }
            if run.code == 0 {
                let open = case.args.contains("--fail-open");
                let verdict = if open { "cannot-tell" } else { "go" };
                assert_eq!(run.json()["verdict"], verdict, "{run:?}");
                // No advice to wait for one who waits.
                assert!(open || !run.stderr.contains("--wait"), "{run:?}");
            }
        },
    );
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_wait_at_once() {
    let signals = [("INT", 2), ("TERM", 15)];
    each(
        &signals,
        |(name, _)| name.to_string(),
        |(name, number)| {
            // A shell's background job ignores INT, and so does what it starts.
            let probe = format!("kill -s {name} $$; echo ignored");
            let probe = std::process::Command::new("sh")
                .args(["-c", &probe])
                .output();
            if !probe.expect("sh").stdout.is_empty() {
                return;
            }
            let server = Server::script([short()]);
            let running = Gate::asking(&server)
                .args(NEED)
                .args("--wait 1h --interval 30m")
                .spawn();
            while server.seen() == 0 {
                std::thread::sleep(Duration::from_millis(10));
            }
            std::thread::sleep(Duration::from_millis(500));
            let sent = std::time::Instant::now();
            running.signal(name);
            let run = running.finish();
            assert!(sent.elapsed() < Duration::from_secs(10), "{run:?}");
            assert_eq!(run.signal, Some(*number), "{run:?}");
            assert_eq!(server.seen(), 1, "{run:?}");
        },
    );
}

/// A signal that process 1 of a container does not handle, it ignores.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_process_1_at_once() {
    let able = std::process::Command::new("unshare")
        .args(["-pf", "true"])
        .status();
    if !able.is_ok_and(|status| status.success()) {
        eprintln!("left out: no process can be process 1 here");
        return;
    }
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let server = Server::script([short()]);
        let script = r#": >out; unshare -pf "$@" >>out 2>&1 & outer=$!
            until grep -q waiting out; do sleep 0.1; done
            kill -s NAME $(cat /proc/$outer/task/$outer/children)
            wait $outer; echo $? >&2"#;
        let run = Gate::asking(&server)
            .args(NEED)
            .args("--wait 1h --interval 30m")
            .shell(&script.replace("NAME", name))
            .run();
        assert_eq!(run.stderr, format!("{code}\n"), "{run:?}");
    }
}

/// One run may take the whole wait, one check no more than its time-out.
#[test]
fn without_a_wait_there_is_one_check() {
    let server = Server::script([short(), Reply::ok(EXAMPLE)]);
    let run = Gate::asking(&server).args(NEED).run();
    assert_eq!((run.code, server.seen()), (3, 1), "{run:?}");
}
