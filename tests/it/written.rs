//! `--write`: the report in other forms, for other CI systems, from the same check.

#[cfg(unix)]
use std::collections::BTreeMap;

use serde_json::{json, Value};

use crate::support::body::{EXAMPLE, UNREADABLE};
#[cfg(unix)]
use crate::support::each;
use crate::support::{Gate, Reply, Server};

fn read(path: std::path::PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// The variables of a file, as a shell that sources it has them.
#[cfg(unix)]
fn sourced(file: &str) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("preflight.env");
    std::fs::write(&path, file).expect("written");
    let script = "set -eu; set -a; . \"$0\"; env -0";
    let done = std::process::Command::new("sh")
        .args(["-c", script])
        .arg(&path)
        .env_clear()
        .output();
    let done = done.expect("a shell");
    assert!(
        done.status.success() && done.stderr.is_empty(),
        "{done:?}\n{file}"
    );
    let text = String::from_utf8(done.stdout).expect("UTF-8");
    let lines = text.split('\0').filter_map(|line| line.split_once('='));
    let ours = lines.filter(|(name, _)| name.starts_with("RUNWAY_PREFLIGHT_"));
    ours.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn every_form_is_written_from_one_check() {
    let server = Server::script([Reply::ok(EXAMPLE)]);
    let gate = Gate::asking(&server);
    let kept = tempfile::tempdir().expect("a directory");
    let at = |name: &str| kept.path().join(name);
    let gate = ["json", "markdown", "text", "env", "junit"]
        .iter()
        .fold(gate, |gate, form| {
            gate.arg("--write")
                .arg(format!("{form}={}", at(form).display()))
        });
    let run = gate.args("--generations gen4.5=200 --credits 5000").run();
    assert_eq!((run.code, server.seen()), (3, 1), "{run:?}");
    assert_eq!(read(at("text")), format!("{}{}", run.stdout, run.stderr));
    let report: Value = serde_json::from_str(&read(at("json"))).expect("JSON");
    assert_eq!(
        (&report["verdict"], &report["exitCode"]),
        (&json!("no-go"), &json!(3))
    );
    assert!(read(at("markdown")).starts_with("## Runway preflight: ❌ No-go: gen4.5 has 188 "));
    let env = read(at("env"));
    assert!(env.contains("RUNWAY_PREFLIGHT_PASS=false\n"), "{env}");
    let junit = read(at("junit"));
    for part in [
        "tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\"",
        "name=\"gen4.5 generations\" time=\"0\"><failure type=\"shortfall\" message=\"gen4.5 has 188 daily ",
        "name=\"credits\" time=\"0\"></testcase>",
        "error[generations-short]",
    ] {
        assert!(junit.contains(part), "{part}\n{junit}");
    }
    // Nothing else lies there, not even for a moment longer.
    assert_eq!(std::fs::read_dir(kept.path()).expect("a list").count(), 5);
}

#[cfg(unix)]
#[test]
fn a_shell_that_sources_the_variables_has_the_outputs() {
    let cases = [
        (EXAMPLE.to_owned(), "--generations gen4.5=10..300@60", 0),
        (
            EXAMPLE.to_owned(),
            "--generations gen4.5=200 --credits 9000",
            6,
        ),
        ("{}".to_owned(), "", 5),
        (UNREADABLE.to_owned(), "--fail-open", 0),
        (
            EXAMPLE.replace("gen4_turbo", "it's $(touch x) `id` \\\\ \\\" ~ {a,b}"),
            "--label A.b-c",
            0,
        ),
        (many_models("m", 10_000), "--generations m17=2", 0),
        (many_models("'", 10_000), "", 0),
    ];
    each(
        &cases,
        |(_, args, _)| (*args).to_owned(),
        |(body, args, code)| {
            let kept = tempfile::tempdir().expect("a directory");
            let file = kept.path().join("preflight.env");
            let run = Gate::reading(body)
                .github()
                .arg("--write")
                .arg(format!("env={}", file.display()))
                .args(args)
                .run();
            assert_eq!(run.code, *code, "{run:?}");
            let text = read(file);
            assert!(text.len() <= 5_000 && text.lines().count() <= 20, "{text}");
            let plain = |line: &str| {
                line.split_once('=')
                    .is_some_and(|(_, value)| !value.contains([' ', '\'']))
            };
            for name in [
                "PASS",
                "VERDICT",
                "EXIT_CODE",
                "CODES",
                "WARNINGS",
                "CREDIT_BALANCE",
            ] {
                // GitLab keeps quotes.
                let line = text
                    .lines()
                    .find(|line| line.split('=').next().is_some_and(|it| it.ends_with(name)));
                assert!(line.is_some_and(plain), "{name}: {text}");
            }
            let variables = sourced(&text);
            let label = if args.contains("--label") {
                "A.b-c-"
            } else {
                ""
            };
            for output in [
                "pass",
                "verdict",
                "exit-code",
                "codes",
                "warnings",
                "message",
                "credit-balance",
                "lasts-days",
            ] {
                let name = format!("runway-preflight-{label}{output}").to_uppercase();
                let name = name.replace(['-', '.'], "_");
                let value = variables
                    .get(&name)
                    .unwrap_or_else(|| panic!("{name}: {variables:?}"));
                assert_eq!(value, run.output(&format!("{label}{output}")), "{name}");
            }
            for (name, value) in variables {
                if ["GENERATIONS_LEFT", "CONCURRENCY", "GRANTED"]
                    .iter()
                    .any(|end| name.ends_with(end))
                {
                    let map: Value = serde_json::from_str(&value).expect(&value);
                    assert!(map.is_object(), "{value}");
                }
            }
        },
    );
}

#[cfg(unix)]
fn many_models(name: &str, count: usize) -> String {
    let models: serde_json::Map<String, Value> = (0..count)
        .map(|nth| {
            let limits = json!({ "maxConcurrentGenerations": 1, "maxDailyGenerations": 5 });
            (format!("{name}{nth}"), limits)
        })
        .collect();
    json!({
        "tier": { "maxMonthlyCreditSpend": 10_000, "models": models },
        "creditBalance": 5_000,
        "usage": { "models": {} },
    })
    .to_string()
}

#[test]
fn a_junit_report_says_what_no_requirement_says() {
    let cases = [
        (
            EXAMPLE,
            "",
            "tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\"",
            "name=\"account\"",
        ),
        (
            r#"{"creditBalance":0,"tier":{"models":7},"usage":{}}"#,
            "--generations a=1",
            "failures=\"1\" errors=\"1\"",
            "message=\"no credits are left; the saved answer ",
        ),
        (
            "{}",
            "--generations a=1",
            "errors=\"2\"",
            "name=\"a generations\" time=\"0\"><error type=\"cannot-tell\" message=\"could not be checked: ",
        ),
        (
            UNREADABLE,
            "--generations a=1 --fail-open",
            "skipped=\"1\"",
            "<skipped message=",
        ),
        (
            UNREADABLE,
            "--fail-open",
            "skipped=\"1\"",
            "name=\"account\"",
        ),
    ];
    for (body, args, counts, part) in cases {
        let kept = tempfile::tempdir().expect("a directory");
        let file = kept.path().join("junit.xml");
        Gate::reading(body)
            .arg("--write")
            .arg(format!("junit={}", file.display()))
            .args(args)
            .run();
        let junit = read(file);
        assert!(
            junit.contains(counts) && junit.contains(part),
            "{args}: {junit}"
        );
    }
    let kept = tempfile::tempdir().expect("a directory");
    let file = kept.path().join("junit.xml");
    let write = format!("--write=junit={}", file.display());
    let run = Gate::new()
        .no_key()
        .arg(&write)
        .args("--credits 5 --missing-key skip")
        .run();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(read(file).contains("skipped=\"1\""), "{run:?}");
}

#[test]
fn a_file_that_cannot_be_written_is_report_failed() {
    for form in ["json", "env", "junit", "markdown", "text"] {
        let run = Gate::reading(EXAMPLE)
            .github()
            .arg("--write")
            .arg(format!("{form}=missing/file"))
            .run();
        assert_eq!(run.code, 5, "{run:?}");
        assert!(
            run.stderr.contains("could not be written to missing/file")
                && run.stderr.contains("create the directory missing;"),
            "{run:?}"
        );
        assert_eq!(
            (run.output("pass"), run.output("codes")),
            ("false", "report-failed")
        );
        assert!(run.stdout.starts_with("CANNOT TELL"), "{run:?}");
    }
    let run = Gate::reading(EXAMPLE).args("--write json=.").run();
    assert_eq!(run.code, 5, "{run:?}");
    assert!(
        run.stderr.contains(". is a directory: name a file;"),
        "{run:?}"
    );
}

#[test]
fn the_other_files_say_so_where_one_cannot_be_written() {
    let kept = tempfile::tempdir().expect("a directory");
    let file = kept.path().join("preflight.env");
    let run = Gate::reading(EXAMPLE)
        .arg("--write")
        .arg(format!("env={}", file.display()))
        .args("--write json=missing/file")
        .run();
    assert_eq!(run.code, 5, "{run:?}");
    let text = read(file);
    assert!(text.contains("RUNWAY_PREFLIGHT_PASS=false\n"), "{text}");
    assert!(text.contains("RUNWAY_PREFLIGHT_EXIT_CODE=5\n"), "{text}");
}

#[test]
fn no_pass_survives_a_wrong_command_line() {
    for args in ["--credits x", "--nonsense", "--plan missing"] {
        let kept = tempfile::tempdir().expect("a directory");
        let file = kept.path().join("preflight.env");
        std::fs::write(&file, "RUNWAY_PREFLIGHT_PASS=true\n").expect("written");
        let write = format!("--write=env={}", file.display());
        let run = Gate::reading(EXAMPLE).args(args).arg(write).run();
        assert_eq!(run.code, 2, "{run:?}");
        let left = "RUNWAY_PREFLIGHT_EXIT_CODE=2\nRUNWAY_PREFLIGHT_PASS=false\n";
        assert_eq!(read(file), left);
    }
}

/// Nor does an earlier report; what the command line reads, and what is no file, stays.
#[cfg(unix)]
#[test]
fn no_report_survives_a_wrong_command_line() {
    for form in ["json", "markdown", "text", "junit"] {
        let gate = Gate::reading(EXAMPLE)
            .file("old", "go")
            .file("kept", "mine")
            .arg(format!("--write={form}=old"))
            .args("--bogus --write json=kept --plan kept --write nonsense=kept");
        let run = gate.shell("\"$@\"; code=$?; ls >&2; exit $code").run();
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.ends_with("--help\nkept\n"), "{run:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_report_replaces_no_other_one_and_nothing_that_is_read() {
    let cases = [
        (
            "--write json=r --write env=r",
            "--write json=\"r\"",
            "--write env=\"r\"",
        ),
        (
            "--write json=r --write text=./r",
            "--write json=\"r\"",
            "--write text=\"./r\"",
        ),
        (
            "--from a --write json=../$D/a",
            "--from \"a\"",
            "--write json=\"../",
        ),
        (
            "--from a --plan b --write env=b",
            "--plan \"b\"",
            "--write env=\"b\"",
        ),
        (
            "--key-file b --write env=b",
            "--key-file \"b\"",
            "--write env=\"b\"",
        ),
    ];
    for (args, one, other) in cases {
        let gate = Gate::new().file("a", EXAMPLE).file("b", "key_0123456789");
        let folder = gate.directory().file_name().expect("a name");
        let args = args.replace("$D", folder.to_str().expect("UTF-8"));
        let run = gate
            .args(&args)
            .shell("cp a c; \"$@\"; code=$?; cmp a c >&2 && echo key_0123456789 | tr -d '\\n' | cmp b - >&2 || exit 9; exit $code")
            .run();
        assert_eq!(run.code, 2, "{args}: {run:?}");
        assert!(run.stderr.contains("are the same file"), "{run:?}");
        assert!(
            run.stderr.contains(one) && run.stderr.contains(other),
            "{run:?}"
        );
    }
    let run = Gate::reading(EXAMPLE)
        .args("--write json=/dev/null --write env=/dev/null")
        .run();
    assert_eq!(run.code, 0, "{run:?}");
}

/// What a stream was redirected to is added to: it belongs to the one who opened it.
#[cfg(target_os = "linux")]
#[test]
fn a_redirected_stream_is_added_to() {
    for (file, redirected) in [
        ("/dev/stdout", ">>log"),
        ("/dev/fd/1", ">>log"),
        ("/proc/self/fd/2", "2>>log"),
        ("/dev/fd/3", "3>>log"),
        ("link", "3>>log"),
    ] {
        let run = Gate::reading(EXAMPLE)
            .file("log", "before\n")
            .arg(format!("--write=env={file}"))
            .args("--quiet")
            .shell(&format!("ln -s /dev/fd/3 link; ln log same; \"$@\" {redirected}; code=$?; cat same; ls; exit $code"))
            .run();
        assert_eq!(run.code, 0, "{file}: {run:?}");
        assert!(
            run.stdout.starts_with("before\nRUNWAY_PREFLIGHT_"),
            "{file}: {run:?}"
        );
        assert!(
            run.stdout.ends_with("\nlink\nlog\nsame\n"),
            "{file}: {run:?}"
        );
    }
    // Without the flag that appends, one does not write over the other.
    let run = Gate::reading(EXAMPLE)
        .args("--write env=/dev/stdout")
        .shell("\"$@\" >log; cat log")
        .run();
    assert!(run.stdout.starts_with("RUNWAY_PREFLIGHT_"), "{run:?}");
    assert!(run.stdout.contains("\nGO  "), "{run:?}");
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_reads_is_report_failed() {
    let gate = Gate::reading(EXAMPLE).args("--timeout 300ms --write env=pipe");
    let run = gate.shell("mkfifo pipe; \"$@\"").run();
    assert_eq!(
        (run.code, run.shown()),
        (5, vec!["report-failed"]),
        "{run:?}"
    );
    assert!(
        run.stderr.contains("it is a pipe that nobody reads"),
        "{run:?}"
    );
    // One that comes late, and takes its time, has all of it.
    let gate = Gate::reading(many_models("m", 10_000)).args("--write json=pipe");
    let run = gate
        .shell("mkfifo pipe; { sleep 0.2; exec <pipe; sleep 0.2; tail -c 3; } & \"$@\" >/dev/null; code=$?; wait; exit $code")
        .run();
    assert_eq!((run.code, &*run.stdout), (0, "\n}\n"), "{run:?}");
}
