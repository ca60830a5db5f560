//! A step in GitHub Actions: outputs, summary, annotations. That they are well-formed and agree with the report is
//! checked after every run that has them (`support::check`).

use serde_json::{json, Value};

use crate::support::body::{organization, EXAMPLE};
use crate::support::{each, Gate, Reply, Server};

#[test]
fn a_step_gets_its_outputs_whatever_the_verdict() {
    let down = || Reply::http(503, "").header("x-should-retry", "false");
    #[rustfmt::skip]
    let cases = [
        (Reply::ok(EXAMPLE), "--generations gen4.5=20", 0, "true", "go", ""),
        (Reply::ok(EXAMPLE), "--generations gen4.5=189 --credits 6000", 6, "false", "no-go", "credits-short"),
        (Reply::ok(EXAMPLE), "--generations gen4.5=189 --generations veo3.1=96", 3, "false", "no-go", "generations-short"),
        (Reply::http(401, ""), "", 4, "false", "cannot-tell", "unauthorized"),
        (down(), "", 5, "false", "cannot-tell", "unavailable"),
    ];
    each(
        &cases,
        |case| case.1.to_owned(),
        |(reply, args, exit, pass, verdict, codes)| {
            for format in ["text", "json", "markdown"] {
                let server = Server::script([reply.clone()]);
                let run = Gate::asking(&server)
                    .github()
                    .args(args)
                    .args("--format")
                    .arg(format)
                    .run();
                assert_eq!(run.code, *exit, "{run:?}");
                assert_eq!(
                    (run.output("pass"), run.output("verdict")),
                    (*pass, *verdict),
                    "{run:?}"
                );
                let found: Vec<_> = run.output("codes").split(',').collect();
                let expected: Vec<_> = codes.split(',').collect();
                assert_eq!(found, expected, "each once: {run:?}");
                // What happened stands in every place that people look at.
                let headline = run.output("message").split_once(": ").expect("a verdict").1;
                let headline = headline.rsplit_once(" (").expect("a host").0;
                let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
                let summary = first(run.summary.as_deref().unwrap_or_default());
                assert!(summary.ends_with(headline), "{summary}: {run:?}");
                if *format == *"text" {
                    assert!(first(&run.stdout).contains(headline), "{run:?}");
                }
                if *exit != 0 {
                    let summary = headline.split(" (and ").next().unwrap_or_default();
                    run.says(format!(": {summary}%0A"));
                }
                assert!(
                    !run.summary.as_deref().unwrap_or_default().is_empty(),
                    "a summary: {run:?}"
                );
                let (left, concurrency): (Value, Value) = (
                    serde_json::from_str(run.output("generations-left")).expect("JSON"),
                    serde_json::from_str(run.output("concurrency")).expect("JSON"),
                );
                if [0, 3, 6].contains(exit) {
                    assert_eq!(
                        (&left["gen4.5"], &concurrency["gen4.5"]),
                        (&json!(188), &json!(2)),
                        "{run:?}"
                    );
                    assert_eq!(left.as_object().expect("models").len(), 10);
                    assert_eq!(run.output("credit-balance"), "5000");
                } else {
                    assert_eq!((left, concurrency), (json!({}), json!({})), "{run:?}");
                    assert_eq!(run.output("credit-balance"), "", "{run:?}");
                }
            }
        },
    );
}

#[test]
fn no_limit_is_null_in_the_outputs() {
    let body = organization(5000, &[("gen4.5", Value::Null, Value::Null, json!(3))]).to_string();
    let server = Server::script([Reply::ok(body)]);
    let run = Gate::asking(&server).github().run();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(
        run.output("generations-left").replace(' ', ""),
        r#"{"gen4.5":null}"#
    );
    assert_eq!(
        run.output("concurrency").replace(' ', ""),
        r#"{"gen4.5":null}"#
    );
}

#[test]
fn diagnostics_are_annotations_and_not_text_as_well() {
    let server = Server::script([Reply::ok(EXAMPLE)]);
    let run = Gate::asking(&server)
        .github()
        .args("--generations gen4.5=189 --warn-credits 9000")
        .run();
    let errors: Vec<_> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("::error"))
        .collect();
    let warnings: Vec<_> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("::warning"))
        .collect();
    assert_eq!((errors.len(), warnings.len()), (1, 1), "{run:?}");
    assert!(
        errors[0].contains("generations-short") && warnings[0].contains("credits-short"),
        "{run:?}"
    );
    assert!(
        !run.stderr.contains("error[") && !run.stderr.contains("warning["),
        "{run:?}"
    );
}

#[test]
fn more_than_ten_annotations_of_a_kind_are_not_lost() {
    let mut gate = Gate::reading(EXAMPLE).github();
    for nth in 0..13 {
        gate = gate.arg(format!("--generations=unknown-{nth}=1"));
    }
    let run = gate.run();
    assert_eq!(run.code, 6, "{run:?}");
    assert_eq!(
        run.stderr
            .lines()
            .filter(|line| line.starts_with("::error"))
            .count(),
        10,
        "{run:?}"
    );
    for nth in 0..13 {
        run.says(format!("unknown-{nth}"));
    }
}

#[test]
fn outputs_that_cannot_be_written_are_no_pass() {
    let places: &[&str] = if cfg!(target_os = "linux") {
        &["no-such-directory/file", "/dev/full"]
    } else {
        &["no-such-directory/file"]
    };
    for (name, place) in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"]
        .into_iter()
        .flat_map(|name| places.iter().map(move |place| (name, place)))
    {
        for (args, exit) in [("", 5), ("--fail-open", 5), ("--credits 6000", 6)] {
            let gate = Gate::reading(EXAMPLE)
                .github()
                .args(args)
                .args("--format json");
            let path = gate.path(place);
            let run = gate.env(name, path).run();
            let verdict = if exit == 5 { "cannot-tell" } else { "no-go" };
            assert_eq!(
                (run.code, &run.json()["verdict"]),
                (exit, &json!(verdict)),
                "{name}: {run:?}"
            );
            assert!(
                run.stderr.contains("report-failed") || exit == 6,
                "{name}: {run:?}"
            );
            if name == "GITHUB_STEP_SUMMARY" {
                assert_eq!(run.output("pass"), "false", "{run:?}");
            }
        }
    }
}

#[test]
fn outside_of_actions_nothing_is_written() {
    let server = Server::script([Reply::ok(EXAMPLE)]);
    for value in ["", "false", "1"] {
        let run = Gate::asking(&server)
            .github()
            .env("GITHUB_ACTIONS", value)
            .args("--credits 6000")
            .run();
        assert_eq!(run.code, 6, "{run:?}");
        assert_eq!(
            (run.outputs.as_deref(), run.summary.as_deref()),
            (Some(""), Some("")),
            "{run:?}"
        );
        assert_eq!(run.shown(), ["credits-short"], "{run:?}");
    }
}

/// What cannot be read passes under `--fail-open`; what cannot be reported never does.
#[test]
fn nothing_opens_for_a_report_that_cannot_be_written() {
    let gone = Server::script([]).url();
    for (args, code, pass) in [("", 0, "true"), ("--write json=missing/file", 5, "false")] {
        let run = Gate::new()
            .env("RUNWAYML_BASE_URL", &gone)
            .github()
            .args("--fail-open --timeout 1s")
            .args(args)
            .run();
        assert_eq!((run.code, run.output("pass")), (code, pass), "{run:?}");
        assert_eq!(run.output("verdict"), "cannot-tell", "{run:?}");
    }
}

/// Half of what is appended is cut off again, so that no line is half a line; what comes after it is
/// short enough to be there.
#[cfg(target_os = "linux")]
#[test]
fn half_an_append_is_none() {
    let run = Gate::reading(EXAMPLE)
        .github()
        .file("github-output", "before=1")
        .shell(r#"echo before >github-summary; ulimit -f 1; "$@" >/dev/null"#)
        .run();
    assert_eq!(run.code, 5, "{run:?}");
    assert_eq!(run.summary.as_deref(), Some("before\n"), "{run:?}");
    let message = run.output("message");
    let expected = format!(
        "before=1\npass=false\nverdict=cannot-tell\nexit-code=5\ncodes=report-failed\n\
         message={message}\npass=false\n"
    );
    assert_eq!(run.outputs.as_deref(), Some(&*expected), "{run:?}");
}

#[cfg(unix)]
#[test]
fn gates_that_share_their_files_lose_nothing() {
    let run = Gate::new()
        .no_key()
        .github()
        .file("saved", EXAMPLE)
        .file("github-output", "before=1")
        .args("--from saved --quiet")
        .shell(
            r#"for round in 1 2 3 4 5; do
                   for label in a b c d; do "$@" --label $label-$round & done
               done; wait"#,
        )
        .run();
    let outputs = run.outputs.as_deref().unwrap_or_default();
    let lines = |start: &str| {
        outputs
            .lines()
            .filter(|line| line.starts_with(start))
            .count()
    };
    let outputs_of_one = crate::support::check::OUTPUTS.len() + 1;
    assert_eq!(lines("before=1"), 1, "{outputs}");
    for label in ["a", "b", "c", "d"] {
        for round in 1..=5 {
            assert_eq!(
                lines(&format!("{label}-{round}-")),
                outputs_of_one,
                "{outputs}"
            );
            assert_eq!(lines(&format!("{label}-{round}-pass=true")), 1, "{outputs}");
        }
    }
    let summary = run.summary.as_deref().unwrap_or_default();
    assert_eq!(
        summary.matches("Runway preflight: ").count(),
        20,
        "{summary}"
    );
}

/// A value that the next step puts into an environment variable has to fit in it.
#[test]
fn the_report_of_a_long_history_fits_a_variable() {
    let mut days = Vec::new();
    for number in 1..=28 {
        let used: Vec<_> = (0..75)
            .map(|nth| json!({ "model": format!("model-number-{nth}"), "amount": 1000 + nth }))
            .collect();
        days.push(json!({ "date": format!("2026-02-{number:02}"), "usedCredits": used }));
    }
    let spent = json!({ "results": days, "models": [] }).to_string();
    let server = Server::script([Reply::ok(EXAMPLE), Reply::ok(&spent)]);
    let run = Gate::asking(&server)
        .github()
        .args("--usage 2026-02-01..2026-03-01")
        .run();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.output("report").len() < 100_000,
        "{} bytes",
        run.output("report").len()
    );
}
