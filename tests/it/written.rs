//! `--write`: the report in other forms, for other CI systems, from the same check.

#[cfg(unix)]
use std::collections::BTreeMap;

use serde_json::{json, Value};

#[cfg(unix)]
use crate::support::body::many_models;
use crate::support::body::{EXAMPLE, UNREADABLE};
#[cfg(unix)]
use crate::support::each;
#[cfg(target_os = "linux")]
use crate::support::Step;
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
    #[rustfmt::skip]
    let cases = [
        (EXAMPLE.to_owned(), "--generations gen4.5=10..300@60", 0),
        (EXAMPLE.to_owned(), "--generations gen4.5=200 --credits 9000", 6),
        ("{}".to_owned(), "", 5),
        (UNREADABLE.to_owned(), "--fail-open", 0),
        (EXAMPLE.replace("gen4_turbo", "it's $(touch x) `id` \\\\ \\\" ~ {a,b}"), "--label a-b-c", 0),
        (many_models("m", 1_000), "--generations m00017=2", 0),
        (many_models("'", 1_000), "", 0),
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
            let last = text.lines().last().unwrap_or_default();
            assert!(last.contains("_PASS="), "the pass is last: {text}");
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
                "a-b-c-"
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

const ZERO: &str = r#"{"creditBalance":500,"tier":{"maxMonthlyCreditSpend":10000,"models":{"a":{"maxConcurrentGenerations":0,"maxDailyGenerations":0},"b":{"maxConcurrentGenerations":1,"maxDailyGenerations":50}}},"usage":{"models":{}}}"#;

#[test]
fn a_junit_report_says_what_no_requirement_says() {
    #[rustfmt::skip]
    let cases = [
        (EXAMPLE, "", "tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\"", "name=\"account\""),
        (r#"{"creditBalance":0,"tier":{"models":7},"usage":{}}"#, "--generations a=1", "failures=\"1\" errors=\"1\"", "message=\"no credits are left; the saved answer "),
        ("{}", "--generations a=1", "errors=\"2\"", "name=\"a generations\" time=\"0\"><error type=\"cannot-tell\" message=\"could not be checked: "),
        (UNREADABLE, "--generations a=1 --fail-open", "skipped=\"1\"", "<skipped message="),
        (UNREADABLE, "--fail-open", "skipped=\"1\"", "name=\"account\""),
        (ZERO, "--generations a=5 --concurrency a=2", "failures=\"2\"", "name=\"a concurrency\" time=\"0\"><failure type=\"shortfall\" message=\"a "),
        (ZERO, "--generations b=10@60 --keep 100", "failures=\"2\"", "name=\"credits to keep\" time=\"0\"><failure type=\"shortfall\" message=\"the balance is 500 credits"),
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
            junit.contains(counts) && junit.contains(part) && !junit.contains("message=\"\""),
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
    run.says(". is a directory: name a file;");
}

/// Not nothing, which would leave what a shell sourced before.
#[cfg(unix)]
#[test]
fn variables_that_could_not_be_written_whole_say_no() {
    for label in ["", "--label acme"] {
        let run = Gate::reading(many_models("m", 75))
            .args("--write env=preflight.env")
            .args(label)
            .shell(r#"(ulimit -f 1; "$@" >/dev/null); echo $?; tail -n 1 preflight.env"#)
            .run();
        let label = if label.is_empty() { "" } else { "ACME_" };
        let said = format!("5\nRUNWAY_PREFLIGHT_{label}PASS=false\n");
        assert_eq!(run.stdout, said, "{run:?}");
    }
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
    let long = "promptText: a cat number N walks, slowly\n".repeat(1_000) + "env=FILE";
    let signs = format!("--bogus={}", "json=".repeat(20_000));
    #[rustfmt::skip]
    let cases = [
        ("--credits x", "--write=env=FILE"),
        ("--nonsense", "--write=env=FILE"),
        ("--plan missing", "--write=env=FILE"),
        ("--write", "ENV=FILE"),
        ("--write", "env= FILE"),
        ("--write", "env = FILE"),
        ("--write", "env:FILE"),
        ("--write", "\"env=FILE\""),
        ("--write", "json=zz,env=FILE"),
        ("--write", "env=FILE,json=zz"),
        ("--write env", "FILE"),
        ("--write=env", "FILE"),
        ("--Write", "env=FILE"),
        ("-write", "env=FILE"),
        ("—write", "env=FILE"),
        ("--credits x", "--writes=env=FILE"),
        (&signs, "--write=env=FILE"),
        ("--credits x --write", &long),
        ("--wirte", "env=FILE"),
        ("--write env =", "FILE"),
        ("--write", "FILE"),
        ("--credits 5", "--write=FILE"),
        ("--credits 5", "--write=FILE=env"),
        ("--write", "env =FILE"),
        ("--write", "sh=FILE"),
        ("--write", "env==FILE"),
        ("--write", "env,FILE"),
        ("--write", "{env=FILE}"),
        ("--write", "[env=FILE]"),
        ("--write", "(env=FILE)"),
        ("--write", "{\"env\": \"FILE\"}"),
        ("--write", "env=FILE json=zz"),
        ("--write", "json=zz;env=FILE"),
        ("--write", "env=FILE|json=zz"),
        ("--output", "FILE"),
    ];
    for (args, write) in cases {
        let kept = tempfile::tempdir().expect("a directory");
        let alone = !write.contains("zz");
        let name = ["preflight.env", "my preflight.env"][usize::from(alone)];
        let file = kept.path().join(name);
        std::fs::write(&file, "RUNWAY_PREFLIGHT_PASS=true\r\n").expect("written");
        let write = write.replace("FILE", &file.to_string_lossy());
        let begun = std::time::Instant::now();
        let run = Gate::reading(EXAMPLE).args(args).arg(&write).run();
        assert_eq!(run.code, 2, "{run:?}");
        assert!(begun.elapsed().as_secs() < 10, "{run:?}");
        let left = read(file);
        assert!(left.ends_with("RUNWAY_PREFLIGHT_PASS=false\n"), "{run:?}");
    }
}

#[test]
fn a_file_of_another_survives_a_wrong_command_line() {
    for text in [
        "RUNWAY_PREFLIGHT_BYPASS=no\n",
        "RUNWAY_PREFLIGHT_CI_PASS=hunter2\n",
        "RUNWAY_PREFLIGHT_VERDICT=guilty\n",
        "RUNWAY_PREFLIGHT_my own_PASS=true\n",
        "RUNWAY_PREFLIGHT_acme_PASS=true\n",
        "## Runway preflight: ✅ what to check before a release\n",
        "## How to read \"Runway preflight: ❌\"\n",
        "## About Runway preflight: ❌ and ✅\n",
        "GO  here first    then there\n\n",
        "{\n  \"schema\": 1,\n  \"verdict\": \"guilty\"\n}\n",
    ] {
        let kept = tempfile::tempdir().expect("a directory");
        let file = kept.path().join("file");
        std::fs::write(&file, text).expect("written");
        let write = format!("--write=markdown={}", file.display());
        let run = Gate::reading(EXAMPLE).args("--credits x").arg(write).run();
        assert_eq!((run.code, &*read(file)), (2, text), "{run:?}");
    }
}

/// Every report that the gate writes is known again by its beginning, so that none survives a wrong
/// command line.
#[cfg(unix)]
#[test]
fn no_report_survives_a_wrong_command_line() {
    let gone = Server::script([]).url();
    let mut cases = Vec::new();
    for form in ["json", "markdown", "text", "env", "junit"] {
        for (body, args, code) in [
            (EXAMPLE, "", 0),
            (EXAMPLE, "--label a-1 --generations gen4.5=10", 0),
            (EXAMPLE, "--generations gen4.5=200", 3),
            (EXAMPLE, "--label a-1 --credits 9000", 6),
            (r#"{"creditBalance":9}"#, "", 5),
            ("", "--missing-key skip", 0),
            ("", "--timeout 2s --fail-open", 0),
        ] {
            cases.push((form, body, args, code));
        }
    }
    each(
        &cases,
        |case| format!("{case:?}"),
        |(form, body, args, code)| {
            let gate = match (*body, args.contains("skip")) {
                ("", true) => Gate::new().no_key(),
                ("", false) => Gate::new().env("RUNWAYML_BASE_URL", &gone),
                (body, _) => Gate::reading(body),
            };
            let script = r#""$@" >/dev/null 2>&1; code=$?; test -s old || exit 9
            test $code != 6 || { awk '{ printf "%s\r\n", $0 }' old >crlf; cat crlf >old; }
            "$@" --bogus 2>/dev/null; echo "$code $?" >&2; cat old >&2"#;
            let gate = gate.arg(format!("--write={form}=old")).args(args);
            let run = gate.shell(script).run();
            let label = if args.contains("label") { "A_1_" } else { "" };
            let left = match *form {
                "env" => format!(
                    "RUNWAY_PREFLIGHT_{label}EXIT_CODE=2\nRUNWAY_PREFLIGHT_{label}PASS=false\n"
                ),
                _ => String::new(),
            };
            assert_eq!(run.stderr, format!("{code} 2\n{left}"), "{run:?}");
        },
    );
}

/// A listing of the working directory, with a sum of each file.
#[cfg(unix)]
const LISTING: &str = r#"listing() {
    find . ! -path "./github-*" \( -type f -o -type l \) | sort | while read -r file; do
        echo "$file $(readlink "$file") $(cksum <"$file" 2>/dev/null)"
    done
}
"#;

/// Nothing that is not ours changes, but by a report that is written over it.
#[cfg(unix)]
#[test]
fn misused_paths() {
    #[rustfmt::skip]
    let cases: [(&str, i32, &str); 26] = [
        ("--write json=Makefile", 0, ""),
        ("--write env=empty", 0, ""),
        ("--write text=elsewhere", 0, ""),
        ("--write json=nothing", 0, ""),
        ("--write json=folder", 5, "folder is a directory: name a file"),
        ("--write json=folder --write env=folder", 5, "folder is a directory: name a file"),
        ("--write json=Makefile/below", 5, "report-failed"),
        ("--write json=-", 2, "must be FORMAT=FILE"),
        ("--write env=.env", 2, ".env and --write env=\".env\" are the same file"),
        ("--write text=folder/../.env", 2, ".env and "),
        ("--write json=hard", 2, ".env and "),
        ("--write json=soft", 2, ".env and "),
        ("--write json=saved", 2, "--from \"-\" and "),
        ("--write json=plan", 2, "--plan \"plan\" and --write json=\"plan\" are the same file"),
        ("--write json=../$D/plan", 2, "--plan \"plan\" and "),
        ("--write junit=key", 2, "--key-file \"key\" and "),
        ("--write env=cert.pem", 2, "SSL_CERT_FILE and "),
        ("--write env=certs/one.pem", 2, "a trusted certificate and "),
        ("--write text=event", 2, "GITHUB_EVENT_PATH and "),
        ("--write env=github-output", 2, "GITHUB_OUTPUT and "),
        ("--write env=github-summary", 2, "GITHUB_STEP_SUMMARY and "),
        ("--write json=r --write env=r", 2, "--write env=\"r\" and --write json=\"r\" are the same file"),
        ("--write json=r --write text=./r", 2, "--write text=\"./r\" and "),
        ("--write json=nowhere --write env=nothing", 2, "are the same file"),
        ("--write json=old --write env=old-too", 2, "are the same file"),
        ("--write json=old --write json=old-hard", 2, "are the same file"),
    ];
    let mut both = Vec::new();
    for (args, code, said) in cases {
        both.push((args, code, said));
        both.push((args, 2, "--bogus"));
    }
    each(
        &both,
        |case| format!("{case:?}"),
        |(args, code, said)| {
            let old = "RUNWAY_PREFLIGHT_PASS=true\n";
            let gate = Gate::new()
                .github()
                .file(".env", "RUNWAYML_API_SECRET=key_0123456789")
                .file("Makefile", "all:\n\tgate\n")
                .file("empty", "")
                .file("saved", EXAMPLE)
                .file("plan", "{\"model\":\"gen4.5\"}\n")
                .file("key", "key_0123456789")
                .file("cert.pem", "a certificate")
                .file("event", "{}")
                .file("old", old);
            let path = |name: &str| gate.path(name);
            for folder in ["folder", "certs"] {
                std::fs::create_dir(path(folder)).expect("a folder");
            }
            std::fs::write(path("certs/one.pem"), "a certificate").expect("written");
            let outside = tempfile::NamedTempFile::new().expect("a file");
            std::fs::write(outside.path(), "theirs").expect("written");
            std::fs::hard_link(path(".env"), path("hard")).expect("a link");
            std::fs::hard_link(path("old"), path("old-hard")).expect("a link");
            for (target, link) in [
                (outside.path(), "elsewhere"),
                (".env".as_ref(), "soft"),
                ("nowhere".as_ref(), "nothing"),
                ("old".as_ref(), "old-too"),
            ] {
                std::os::unix::fs::symlink(target, path(link)).expect("a link");
            }
            let folder = gate.directory().file_name().expect("a name").to_owned();
            let args = args.replace("$D", folder.to_str().expect("UTF-8"));
            let (cert, certs, event) = (path("cert.pem"), path("certs"), path("event"));
            let mut gate = gate
                .env("SSL_CERT_FILE", cert)
                .env("SSL_CERT_DIR", certs)
                .env("GITHUB_EVENT_PATH", event)
                .args("--from - --plan plan --key-file key")
                .args(&args);
            if *said == "--bogus" {
                gate = gate.arg("--bogus");
            }
            let script = format!(
                "{LISTING} before=$(listing); \"$@\" <saved; code=$?; after=$(listing)
             test \"$before\" = \"$after\" || echo changed >&2; exit $code"
            );
            let run = gate.shell(&script).run();
            assert_eq!(run.code, *code, "{run:?}");
            run.says(said);
            assert_eq!(
                run.stderr.contains("\nchanged\n") || run.stderr == "changed\n",
                *code == 0,
                "{run:?}"
            );
            let theirs = std::fs::read_to_string(outside.path()).expect("a file");
            let written_over = *code == 0 && args.contains("elsewhere");
            assert_eq!(theirs == "theirs", !written_over, "{theirs}");
        },
    );
    let run = Gate::reading(EXAMPLE)
        .args("--write json=/dev/null --write env=/dev/null")
        .run();
    assert_eq!(run.code, 0, "{run:?}");
}

/// What the runner names is written to like any report: never over a file that the run reads.
#[cfg(unix)]
#[test]
fn files_of_the_runner_are_no_files_that_are_read() {
    #[rustfmt::skip]
    let cases = [
        ("GITHUB_OUTPUT", ".env", ".env and GITHUB_OUTPUT are the same"),
        ("GITHUB_OUTPUT", "folder/../.env", ".env and GITHUB_OUTPUT"),
        ("GITHUB_OUTPUT", "soft", ".env and GITHUB_OUTPUT"),
        ("GITHUB_STEP_SUMMARY", ".env", ".env and GITHUB_STEP_SUMMARY"),
        ("GITHUB_STEP_SUMMARY", "plan", "--plan \"plan\" and GITHUB_"),
        ("GITHUB_OUTPUT", "saved", "--from \"saved\" and GITHUB_"),
    ];
    for (name, path, said) in cases {
        for wrong in ["", "--bogus"] {
            let gate = Gate::new()
                .github()
                .file(".env", "RUNWAYML_API_SECRET=key_0123456789")
                .file("plan", "{\"model\":\"gen4.5\"}\n")
                .file("saved", EXAMPLE)
                .env(name, path)
                .args("--from saved --plan plan")
                .args(wrong);
            std::os::unix::fs::symlink(".env", gate.path("soft")).expect("a link");
            std::fs::create_dir(gate.path("folder")).expect("a folder");
            let script = "before=$(cat .env plan saved | cksum); \"$@\"; code=$?
                test \"$before\" = \"$(cat .env plan saved | cksum)\" || echo changed; exit $code";
            let run = gate.shell(script).run();
            assert_eq!((run.code, &*run.stdout), (2, ""), "{run:?}");
            let said = if wrong.is_empty() { said } else { wrong };
            assert!(run.stderr.contains(said), "{run:?}");
        }
    }
}

/// A script may have the line breaks of Windows.
#[test]
fn a_carriage_return_is_no_part_of_a_name() {
    let kept = tempfile::tempdir().expect("a directory");
    let file = kept.path().join("report");
    let write = format!("--write=json={}\r", file.display());
    let run = Gate::reading(EXAMPLE).arg(write).run();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(read(file).starts_with('{'), "{run:?}");
}

#[cfg(windows)]
#[test]
fn letter_case_makes_no_second_file_and_devices_are_no_files() {
    for (args, code) in [
        ("--write json=R.x --write env=r.x", 2),
        ("--write json=.ENV", 2),
        ("--write json=nul --write env=NUL", 0),
        ("--write json=CON --bogus", 2),
    ] {
        let run = Gate::reading(EXAMPLE).args(args).run();
        assert_eq!(run.code, code, "{run:?}");
    }
}

/// Links stay links, modes stay, and no file is made beside the one that is named.
#[cfg(unix)]
#[test]
fn a_file_is_written_in_place() {
    let run = Gate::reading(EXAMPLE)
        .file("report", "before")
        .args("--write json=link --quiet")
        .shell(
            r#"chmod 640 report; ln -s report link; ln report same; "$@" || exit
               cmp report same; ls -l | cut -c1-10; ls -A"#,
        )
        .run();
    let listed = run.stdout.split_once('\n').map_or("", |(_, listed)| listed);
    let expected = "lrwxrwxrwx\n-rw-r-----\n-rw-r-----\nlink\nreport\nsame\n";
    assert_eq!(listed, expected, "{run:?}");
}

/// A script that runs where the file systems are its own to mount; `None`, and a word about it,
/// where that is not to be had.
#[cfg(target_os = "linux")]
fn mounting(script: &str) -> Option<String> {
    let able = std::process::Command::new("unshare")
        .args(["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .output();
    if able.is_ok_and(|done| done.status.success()) {
        return Some(format!("unshare -m sh -uc '{script}' sh \"$@\""));
    }
    #[expect(clippy::print_stderr, reason = "a test that is left out is said to be")]
    {
        eprintln!("left out: nothing can be mounted here");
    }
    None
}

/// All forms, into one folder.
#[cfg(target_os = "linux")]
fn writing_all(gate: Gate, folder: &str) -> Gate {
    ["json", "markdown", "text", "env", "junit"]
        .iter()
        .fold(gate, |gate, form| {
            gate.arg(format!("--write={form}={folder}/{form}"))
        })
}

/// What a go leaves in each form, and as an output.
#[cfg(target_os = "linux")]
const GO: &str = r#"go() {
    grep -l -e "\"verdict\": \"go\"" -e "✅ Go" -e "^GO " -e "PASS=true" -e "failures=\"0\" errors=\"0\"" "$1"/*
    if [ "$(grep ^pass= "$GITHUB_OUTPUT" | tail -n 1)" = pass=true ]; then echo the last output is a pass; fi
}
"#;

/// Yesterday's go is gone before anything is asked, whatever ends the run of today.
#[cfg(target_os = "linux")]
#[test]
fn no_pass_survives_a_run_that_is_killed() {
    let mut cases = Vec::new();
    for signal in ["TERM", "INT", "HUP", "KILL", "QUIT", "USR1", "PIPE", "XFSZ"] {
        cases.extend([0, 20, 40, 80, 160, 320].map(|after| (signal, after)));
    }
    each(
        &cases,
        |case| format!("{case:?}"),
        |(signal, after)| {
            let pause = std::time::Duration::from_millis(200);
            let server = Server::handler(move |nth, _| match nth {
                0 => Reply::ok(EXAMPLE),
                _ => Reply::steps([Step::Pause(pause)]).then(Step::send("HTTP/1.1 401 No\r\n\r\n")),
            });
            let gate = writing_all(Gate::asking(&server).github(), "d");
            let run = gate
                .shell(&format!(
                    r#"{GO} mkdir d; "$@" >/dev/null 2>&1 || exit 9
                   "$@" >/dev/null 2>&1 & pid=$!
                   sleep 0.{after:03}; kill -s {signal} $pid 2>/dev/null; wait $pid; go d"#
                ))
                .run();
            // Before that, the run has not begun.
            if server.seen() > 1 {
                assert_eq!(run.stdout, "", "{run:?}");
            }
        },
    );
}

/// Today's report is longer, and says go as well, unless it says otherwise.
#[cfg(target_os = "linux")]
#[test]
fn no_pass_survives_where_something_cannot_be_written() {
    let second = r#""$@" >/dev/null"#;
    let other = r#"chmod 755 .; chmod 644 today; chmod 666 d/[!j]* d/junit github-*
        setpriv --reuid=65534 --clear-groups "$@" >/dev/null"#;
    let no_go = r#""$@" --credits 9000 >/dev/null"#;
    let each_alone = "for f in d/*; do mount --bind $f $f; done";
    let full = "cat /dev/zero >d/fill 2>/dev/null";
    let cases = [
        ("-t tmpfs -o size=48k", full, second, 5),
        ("-t tmpfs -o nr_inodes=3", "", second, 5),
        ("", "ulimit -f 0", second, 5),
        ("", "ulimit -f 2", second, 5),
        ("", "ulimit -f 0", no_go, 6),
        ("", "rm d/json; chmod 555 d", other, 5),
        ("", "chmod 444 d/json", other, 5),
        ("", "", r#""$@" >/dev/full"#, 5),
        ("", each_alone, no_go, 6),
        ("-t tmpfs", each_alone, second, 0),
        ("-t tmpfs", "mount -o remount,ro d", second, 5),
    ];
    let today = many_models("m", 400);
    each(
        &cases,
        |case| format!("{case:?}"),
        |(mount, then, second, code)| {
            let mount = match *mount {
                "" => String::new(),
                options => format!("mount {options} tmpfs d"),
            };
            let script = format!(
                r#"{GO} mkdir d; {mount}
            "$@" <saved >/dev/null 2>&1; : >github-output
            {then}
            {second} <today; code=$?
            go d; exit $code"#
            );
            let Some(script) = mounting(&script) else {
                return;
            };
            let gate = Gate::reading(EXAMPLE).github().file("saved", EXAMPLE);
            let gate = writing_all(gate.file("today", &today), "d");
            let run = gate.shell(&script).run();
            assert_eq!(run.code, *code, "{run:?}");
            let passes = match (*code, *then) {
                (0, _) => "d/env\nd/json\nd/junit\nd/markdown\nd/text\nthe last output is a pass\n",
                // Nothing can be done about what lies there.
                (_, "chmod 444 d/json") => "d/json\n",
                (_, "mount -o remount,ro d") => "d/env\nd/json\nd/junit\nd/markdown\nd/text\n",
                _ => "",
            };
            assert_eq!(run.stdout, passes, "{run:?}");
        },
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_reads_is_report_failed() {
    let gate = Gate::reading(EXAMPLE).args("--timeout 300ms --write env=pipe");
    let run = gate.shell("mkfifo pipe; \"$@\"").run();
    run.fails(5, &["report-failed"]);
    run.says("nothing reads it in time");
    // Once it is told as failed it gets nothing, and what comes after it is told of it.
    let gate = Gate::reading(EXAMPLE)
        .github()
        .env("GITHUB_STEP_SUMMARY", "summary")
        .args("--timeout 500ms --write env=preflight.env --write text=pipe");
    let script = r#"mkfifo pipe summary; { sleep 1.5; timeout 2 cat pipe; } & "$@" >/dev/null 2>&1
        echo $?; tail -n 1 preflight.env; wait"#;
    let run = gate.shell(script).run();
    assert_eq!(run.stdout, "5\nRUNWAY_PREFLIGHT_PASS=false\n", "{run:?}");
    // One that comes late, and takes its time, has all of it.
    let gate = Gate::reading(many_models("m", 1_000)).args("--write json=pipe");
    let run = gate
        .shell("mkfifo pipe; { sleep 0.2; exec <pipe; sleep 0.2; tail -c 3; } & \"$@\" >/dev/null; code=$?; wait; exit $code")
        .run();
    assert_eq!((run.code, &*run.stdout), (0, "\n}\n"), "{run:?}");
    // One that is read too slowly is told of a pass with exit code 0 alone.
    let gate = Gate::reading(many_models("m", 1_000)).github();
    let gate = gate
        .env("GITHUB_OUTPUT", "out")
        .args("--timeout 300ms --generations m1=1");
    let script = r#"mkfifo out; { exec <out; sleep 0.8; grep -a ^pass= | tail -n 1; } &
        "$@" >/dev/null 2>&1; code=$?; wait; exit $code"#;
    let run = gate.shell(script).run();
    assert_eq!(run.stdout == "pass=true\n", run.code == 0, "{run:?}");
    // What fails after it reaches its reader too.
    if std::path::Path::new("/dev/full").exists() {
        for (env, file) in [
            ("GITHUB_OUTPUT", "--credits 1"),
            ("NONE", "--write env=out"),
        ] {
            let gate = Gate::reading(EXAMPLE).github().env(env, "out").args(file);
            let script =
                r#"mkfifo out; tail -n 1 out & "$@" >/dev/full 2>&1; code=$?; wait; echo $code"#;
            let run = gate.shell(script).run();
            let last = run.stdout.to_lowercase();
            assert!(last.ends_with("pass=false\n5\n"), "{run:?}");
        }
    }
}
