//! Whatever is read has an end, and whatever is written has a size.
#![cfg(unix)]

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::support::body::{many_models, EXAMPLE};
use crate::support::{each, Gate, Reply, Server};

fn pipe(gate: &Gate, name: &str) {
    let path = gate.path(name);
    assert!(Command::new("mkfifo")
        .arg(path)
        .status()
        .expect("mkfifo")
        .success());
}

#[test]
fn what_never_ends_is_not_read_for_ever() {
    let cases = [
        ("--from pipe --timeout 500ms", 2),
        ("--from /dev/zero", 2),
        ("--from . --timeout 500ms", 2),
        ("--key-file pipe --timeout 500ms", 2),
        ("--key-file /dev/zero", 2),
    ];
    each(
        &cases,
        |(args, _)| (*args).to_owned(),
        |(args, code)| {
            let gate = Gate::new().args(args);
            pipe(&gate, "pipe");
            let run = gate.run();
            assert_eq!(run.code, *code, "{run:?}");
            run.says("cannot be read");
            assert!(run.took < Duration::from_secs(20), "{run:?}");
        },
    );
    let server = Server::script([Reply::ok(EXAMPLE)]);
    let gate = Gate::asking(&server).github();
    pipe(&gate, "event");
    let event = gate.path("event");
    let run = gate.no_key().env("GITHUB_EVENT_PATH", event).run();
    assert_eq!((run.code, server.seen()), (4, 0), "{run:?}");
    let gate = Gate::asking(&server).no_key();
    pipe(&gate, ".env");
    let run = gate.run();
    assert_eq!(run.shown(), ["key-malformed"], "{run:?}");
}

#[test]
fn summary_and_outputs_keep_their_limits() {
    let unavailable = |mut gate: Gate| {
        for nth in 0..40 {
            gate = gate.arg(format!("--generations=unknown-{nth}=1"));
        }
        gate
    };
    let full = "x".repeat(1_000_000) + "\n";
    let runs = [
        Gate::reading(many_models("m", 22_000)).github().run(),
        unavailable(Gate::reading(many_models("m", 500)).github()).run(),
        unavailable(Gate::reading(EXAMPLE).github()).run(),
        Gate::reading(many_models("m", 2_500))
            .github()
            .file("github-summary", &full)
            .run(),
    ];
    for (nth, run) in runs.iter().enumerate() {
        let summary = run.summary.as_deref().expect("a summary");
        assert!(summary.len() < 1_048_576, "{}", summary.len());
        let left_out = summary.contains("left out here");
        assert_eq!(left_out, [0, 3].contains(&nth), "{nth}: {}", summary.len());
        let said = run
            .stderr
            .contains("the output generations-left is too long");
        assert_eq!(said, nth == 0, "{nth}: {}", run.stderr.len());
        for line in run.outputs.as_deref().expect("outputs").lines() {
            assert!(line.len() <= 120_000, "{}", line.len());
        }
    }
}

/// Up to its bound a text is whole.
#[test]
fn what_fits_is_whole() {
    // The text of a run with so many models, and whether all are there.
    let env = |count: usize| {
        let write = Gate::reading(many_models("m", count)).args("--write env=env");
        let text = write.shell("\"$@\" >/dev/null; cat env").run().stdout;
        let whole = text.contains(&format!("\"m{:05}\":5", count - 1));
        (text.len(), whole)
    };
    let report = |count: usize| {
        let run = Gate::reading(many_models("m", count)).github().run();
        let text = run.output("report");
        let whole = !text.contains("leftOut");
        (text.len(), whole)
    };
    let check = |bound: usize, text: &dyn Fn(usize) -> (usize, bool)| {
        let (one, two) = (text(20), text(21));
        let most = 20 + (bound - one.0) / (two.0 - one.0);
        let (length, whole) = text(most);
        assert!(whole && length <= bound, "{length} of {bound}");
        let (length, whole) = text(most + 1);
        assert!(!whole && length <= bound, "{length} of {bound}");
    };
    check(5_000, &env);
    check(119_000, &report);
    let summary = |before: usize| {
        let gate = Gate::reading(EXAMPLE).github();
        let run = gate
            .file("github-summary", "x".repeat(before - 1) + "\n")
            .run();
        run.summary.map_or(0, |text| text.len() - before)
    };
    let whole = summary(1);
    assert_eq!(summary(1_040_000 - whole), whole);
    let shorter = summary(1_040_001 - whole);
    assert!(shorter > 0 && shorter < whole, "{shorter} of {whole}");
}

/// That no thread is left is told as what it is.
#[cfg(target_os = "linux")]
#[test]
fn no_thread_is_left() {
    let gate = Gate::reading(EXAMPLE).shell(
        r#"cp "$1" gate; shift; chmod 755 . gate
           if test "$(id -u)" = 0; then become="setpriv --reuid=65533 --clear-groups"; fi
           exec prlimit --nproc=1 ${become-} ./gate "$@""#,
    );
    let run = gate.run();
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr
            .contains("no thread is left to this user (ulimit -u"),
        "{run:?}"
    );
}

/// GitHub drops a summary over its limit as a whole, and what the step wrote before with it.
#[test]
fn a_wrong_command_line_does_not_overfill_a_summary() {
    for (length, fits) in [(1_000, true), (1_039_999, false), (1_048_575, false)] {
        let before = "x".repeat(length) + "\n";
        let run = Gate::new()
            .github()
            .file("github-summary", &before)
            .file("github-output", "pass=true\nexit-code=0\n")
            .args("--credits many")
            .run();
        assert!(run.stderr.starts_with("::error"), "{run:?}");
        assert_eq!(run.output("pass"), "false", "{run:?}");
        let summary = run.summary.as_deref().expect("a summary");
        let told = summary[before.len()..].contains("--credits");
        assert_eq!((run.code, told), (2, fits), "{run:?}");
    }
}

#[test]
fn a_key_is_hidden_wherever_it_lies() {
    // A server that echoes the key as a model.
    let key = "key_12345678abcdefghijklmnop".to_owned();
    let model = json!({ "maxConcurrentGenerations": 1, "maxDailyGenerations": 9 });
    let body = json!({
        "creditBalance": 12,
        "tier": { "maxMonthlyCreditSpend": 10_000, "models": { key.as_str(): model } },
        "usage": { "models": {} },
    });
    let from = || Gate::reading(body.to_string()).secret(&key).github();
    from().env("RUNWAYML_API_SECRET", &key).run();
    let quoted = format!("\"{key}\"");
    from().env("RUNWAYML_API_SECRET", quoted).run();
    let gate = from().file("key.txt", format!("{key}\n"));
    gate.args("--key-file key.txt").run();
    let dotenv = format!("RUNWAYML_API_SECRET='{key}'\n");
    let gate = Gate::reading(body.to_string()).secret(&key);
    gate.file(".env", dotenv).run();
}
