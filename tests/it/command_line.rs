//! The command line: every flag in both its spellings, and every way to get one wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{json, Value};

use crate::support::body::{EXAMPLE, UNREADABLE};
use crate::support::{each, settled, Gate, Reply, Run, Server};

/// A command line in the table below, split at spaces; `''` stands for an empty argument, `_` for a space in one.
fn words(line: &str) -> Vec<String> {
    let word = |word: &str| {
        if word == "''" {
            String::new()
        } else {
            word.replace("''", "").replace('_', " ")
        }
    };
    line.split(' ')
        .filter(|part| !part.is_empty())
        .map(word)
        .collect()
}

fn run(line: &str) -> Run {
    words(line)
        .iter()
        .fold(
            Gate::new().env("RUNWAYML_BASE_URL", "http://127.0.0.1:1"),
            Gate::arg,
        )
        .run()
}

/// What is wrong, and what the message must show of it.
#[rustfmt::skip]
const WRONG: &[(&str, &[&str])] = &[
    // ---- no such thing
    ("--generation gen4.5=1", &["--generation", "--generations"]),
    ("--nonsense", &["--nonsense"]),
    ("-x", &["-x"]),
    ("check", &["check"]),
    ("--", &[]),
    ("-- --credits 1", &[]),
    ("--quiet=yes", &["--quiet"]),
    ("--fail-open=false", &["--fail-open"]),

    // ---- values that are not there
    ("--credits", &["--credits"]),
    ("--credits -h", &["--credits needs a value, but \"-h\" comes next", "example: "]),
    ("--key-file -h", &["--key-file needs a value"]),
    ("--generations --help", &["--generations needs a value"]),
    ("--help --credits -h", &["--credits needs a value"]),
    ("--credits --version", &["--credits needs a value"]),
    ("--label -V", &["--label needs a value"]),
    ("--credits ''", &["--credits", "empty"]),
    ("--credits=''", &["--credits", "empty"]),
    ("--generations ''", &["--generations", "empty"]),
    ("--generations=''", &["--generations", "empty"]),
    ("--concurrency ''", &["--concurrency", "empty"]),
    ("--budget ''", &["--budget", "empty"]),
    ("--warn-credits ''", &["--warn-credits", "empty"]),
    ("--warn-generations ''", &["--warn-generations", "empty"]),
    ("--wait ''", &["--wait", "empty"]),
    ("--timeout ''", &["--timeout", "empty"]),
    ("--missing-key ''", &["--missing-key", "empty"]),
    ("--from ''", &["--from", "empty"]),
    ("--usage ''", &["--usage", "empty"]),
    ("--format ''", &["--format", "empty"]),
    ("--base-url ''", &["--base-url", "empty"]),
    ("--key-file ''", &["--key-file", "empty"]),

    // ---- values that are the next flag
    ("--credits --quiet", &["--credits"]),
    ("--generations --credits 5", &["--generations"]),
    ("--from --quiet", &["--from"]),
    ("--key-file --quiet", &["--key-file"]),
    ("--format -q", &["--format"]),

    // ---- one too many
    ("--credits 1 --credits 2", &["--credits"]),
    ("--credits=1 --credits=1", &["--credits"]),
    ("--format json --format json", &["--format"]),
    ("--timeout 1s --timeout=2s", &["--timeout"]),
    ("--wait 1m --wait 2m", &["--wait"]),
    ("--base-url http://127.0.0.1:1 --base-url http://127.0.0.1:2", &["--base-url"]),
    ("--budget 1/1d --budget 2/2d", &["--budget"]),
    ("--warn-credits 1 --warn-credits 2", &["--warn-credits"]),

    // ---- numbers that are none
    ("--credits many", &["--credits", "many"]),
    ("--credits -1", &["--credits", "-1"]),
    ("--credits=-1", &["--credits", "-1"]),
    ("--credits 1.5", &["--credits", "1.5"]),
    ("--credits 1,000", &["--credits", "1,000"]),
    ("--credits 1e3", &["--credits", "1e3"]),
    ("--credits 50%", &["--credits", "50%"]),
    ("--credits 18446744073709551616", &["--credits"]),
    ("--credits 0x10", &["0x10"]),
    ("--credits _5", &["--credits"]),
    ("--warn-credits few", &["--warn-credits", "few"]),

    // ---- models
    ("--generations 20", &["--generations", "20", "MODEL=N"]),
    ("--generations gen4.5", &["--generations", "gen4.5"]),
    ("--generations gen4.5=", &["gen4.5="]),
    ("--generations =20", &["=20"]),
    ("--generations gen4.5=twenty", &["twenty"]),
    ("--generations gen4.5=-1", &["-1"]),
    ("--generations gen4.5=1.5", &["1.5"]),
    ("--generations gen4.5=%", &["%"]),
    ("--generations gen4.5=5@", &["@"]),
    ("--generations gen4.5=5@1.2345", &["1.2345"]),
    ("--generations gen4.5=5@-1", &["-1"]),
    ("--generations gen4.5=5@5%", &["5%"]),
    ("--generations gen4.5=5@5@5", &["@"]),
    ("--generations gen4.5=50%", &["50%"]),
    ("--generations gen4.5=18446744073709551616", &["gen4.5"]),
    ("--generations gen4.5=9007199254740991@9007199254740991", &["gen4.5"]),
    ("--generations gen4.5=18446744073709551615 --generations gen4.5=1", &["gen4.5"]),
    ("--generations a=4294967296@4294967295 --generations b=1@4294967296", &[]),
    ("--generations gen4.5=1,200", &["200"]),
    ("--concurrency gen4.5=50%", &["50%"]),
    ("--concurrency gen4.5=2@5", &["@"]),
    ("--concurrency 2", &["2"]),
    ("--warn-generations gen4.5=1@5", &["@"]),
    ("--warn-generations 5", &["5"]),

    // ---- durations
    ("--timeout 30", &["--timeout", "30"]),
    ("--timeout soon", &["soon"]),
    ("--timeout 0s", &["0s"]),
    ("--timeout -5s", &["-5s"]),
    ("--wait 2", &["--wait", "2"]),
    ("--wait 1m --interval 4s", &["4s", "5"]),
    ("--wait 1m --interval 0s", &["0s"]),
    ("--wait 99999999999999999999h", &["--wait"]),

    // ---- budgets and histories
    ("--budget 1000", &["1000"]),
    ("--budget 1000/", &["1000/"]),
    ("--budget /30d", &["/30d"]),
    ("--budget -5/30d", &["-5"]),
    ("--budget 1.5/30d", &["1.5"]),
    ("--budget 1000/30d/7d", &[]),
    ("--usage 2026-03-17..2026-02-15", &["2026-03-17", "2026-02-15"]),
    ("--usage 91d", &["90"]),
    ("--usage 2026-02-30..2026-03-02", &["2026-02-30"]),

    // ---- choices
    ("--format yaml", &["yaml", "text", "json", "markdown"]),
    ("--format JSON", &["JSON", "one of text, json"]),
    ("--missing-key ignore", &["ignore", "fail", "skip"]),

    // ---- what does not go together
    ("--from - --wait 1m", &["--from", "--wait"]),
    ("--demo --from saved.json", &["--demo", "--from"]),
    ("--demo --wait 1m", &["--demo", "--wait"]),
    ("--demo --usage 7d", &["--demo", "--usage"]),
    ("--demo --budget 1/1d", &["--demo", "--budget"]),
    ("--demo --warn-lasts 7days", &["--demo", "--warn-lasts"]),
    ("--write json=a.json --demo", &["--demo", "--write"]),
    ("--demo=true", &["--demo"]),
    ("--from no-such-file.json", &["no-such-file.json"]),
    ("--from .", &["."]),
    ("--key-file no-such-file", &["no-such-file"]),
    ("--key-file .", &["."]),
    ("--key-file -", &["/dev/stdin"]),

    // ---- addresses
    ("--base-url http://api.dev.runwayml.com", &["http://api.dev.runwayml.com", "unencrypted"]),
    ("--base-url http://10.0.0.1", &["unencrypted"]),
    ("--base-url http://127.0.0.1.example.com", &["unencrypted"]),
    ("--base-url http://localhost.example.com", &["unencrypted"]),
    ("--base-url api.dev.runwayml.com", &["api.dev.runwayml.com", "https://"]),
    ("--base-url ftp://127.0.0.1", &["https"]),
    ("--base-url file:///etc/passwd", &["--base-url"]),
    ("--base-url https://", &["--base-url"]),
    ("--base-url https://user@localhost", &["user"]),
    ("--base-url https://localhost/?a=b", &["query"]),
    ("--base-url https://localhost/#a", &["fragment"]),
    ("--base-url https://localhost:99999", &["--base-url", "port"]),
    ("--base-url https://a,b=", &["a,b=", "host"]),
];

/// All the messages stand on one page, for a person to read.
#[test]
fn wrong_command_lines_are_exit_code_2_with_an_example() {
    let said = Mutex::new(BTreeMap::new());
    each(
        WRONG,
        |(line, _)| (*line).to_owned(),
        |(line, shows)| {
            let wrong = run(line);
            assert_eq!(wrong.code, 2, "{wrong:?}");
            for part in *shows {
                assert!(wrong.stderr.contains(part), "no {part}: {wrong:?}");
            }
            assert!(wrong.stderr.len() < 1_500, "nobody reads that: {wrong:?}");
            let text = settled(&wrong.stderr);
            said.lock().expect("the page").insert(*line, text);
        },
    );
    let said = said.into_inner().expect("the page");
    let page: String = WRONG
        .iter()
        .map(|(line, _)| format!("$ runway-preflight {line}\n{}\n", said[line]))
        .collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("command-line-errors", page));
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_text_are_an_error_and_no_panic() {
    use std::os::unix::ffi::OsStrExt;
    let bytes: [&[u8]; 4] = [
        b"--credits=\xff",
        b"\xff\xfe",
        b"--\xff",
        b"--generations=gen\xe9=1",
    ];
    for bytes in bytes {
        let run = Gate::new().arg(std::ffi::OsStr::from_bytes(bytes)).run();
        assert_eq!(run.code, 2, "{run:?}");
        let run = Gate::new()
            .args("--credits")
            .arg(std::ffi::OsStr::from_bytes(bytes))
            .run();
        assert_eq!(run.code, 2, "{run:?}");
    }
    let run = Gate::new()
        .env(
            "RUNWAYML_API_SECRET",
            std::ffi::OsStr::from_bytes(b"key_\xff\xfe\xfd"),
        )
        .run();
    run.fails(4, &["key-malformed"]);
    // Nor is an address of the environment passed by that is none.
    for address in [&b"http://127.0.0.1:1/\xff"[..], b"https://a..b"] {
        let address = std::ffi::OsStr::from_bytes(address);
        let run = Gate::new().env("RUNWAYML_BASE_URL", address).run();
        assert_eq!(run.code, 2, "{run:?}");
        let right = "example: RUNWAYML_BASE_URL=https://api.dev.runwayml.com runway-preflight\n";
        assert!(run.stderr.ends_with(right), "{run:?}");
    }
}

#[test]
fn help_fits_a_terminal_and_names_everything() {
    let long = Gate::new().no_key().args("--help").run();
    let short = Gate::new().no_key().args("-h").run();
    assert_eq!((long.code, short.code), (0, 0), "{long:?}");
    assert_eq!(long.stdout, short.stdout);
    assert_eq!(long.stderr, "");
    for line in long.stdout.lines() {
        assert!(
            line.chars().count() <= 80,
            "{} columns: {line}",
            line.chars().count()
        );
        assert_eq!(line, line.trim_end(), "white space at the end");
    }
    for flag in [
        "--generations",
        "--credits",
        "--concurrency",
        "--budget",
        "--warn-generations",
        "--warn-credits",
        "--wait",
        "--interval",
        "--timeout",
        "--fail-open",
        "--missing-key",
        "--from",
        "--usage",
        "--tiers",
        "--format",
        "--quiet",
        "--base-url",
        "--key-file",
        "--help",
        "--version",
        "-h",
        "-V",
        "-q",
        "RUNWAYML_API_SECRET",
        "RUNWAYML_BASE_URL",
        "30s",
        "1m",
        "text",
    ] {
        assert!(
            long.stdout.contains(flag),
            "{flag} is not in the help:\n{}",
            long.stdout
        );
    }
    for code in 0..=5 {
        let listed = long
            .stdout
            .lines()
            .any(|line| line.trim_start().starts_with(&format!("{code} ")));
        assert!(
            listed || code == 1,
            "exit code {code} is not in the help:\n{}",
            long.stdout
        );
    }
    // Asked for help, it helps, whatever else is wrong.
    let run = Gate::new().args("--credits 5 --help").run();
    assert_eq!((run.code, &run.stdout), (0, &long.stdout), "{run:?}");
}

#[test]
fn the_version_is_one_line() {
    for flag in ["--version", "-V"] {
        let run = Gate::new().no_key().args(flag).run();
        let line = concat!("runway-preflight ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(
            (run.code, &*run.stdout, &*run.stderr),
            (0, line, ""),
            "{run:?}"
        );
    }
}

#[test]
fn quiet_prints_no_report_with_a_go_and_everything_else_as_ever() {
    for flag in ["--quiet", "-q"] {
        for format in ["text", "json", "markdown"] {
            let run = Gate::reading(EXAMPLE)
                .arg(flag)
                .args("--format")
                .arg(format)
                .args("--warn-credits 9000")
                .github()
                .run();
            assert_eq!((run.code, &*run.stdout), (0, ""), "{run:?}");
            run.says("credits-short");
            assert_eq!(run.output("pass"), "true");
            assert!(
                !run.summary.as_deref().unwrap_or_default().is_empty(),
                "{run:?}"
            );
            let run = Gate::reading(EXAMPLE)
                .arg(flag)
                .args("--credits 6000 --format")
                .arg(format)
                .run();
            assert_eq!(run.code, 6, "{run:?}");
            assert!(!run.stdout.is_empty(), "{run:?}");
        }
    }
    // A pass without a go must not be missed.
    let run = Gate::reading(UNREADABLE).args("--quiet --fail-open").run();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.stdout.is_empty() && !run.stderr.is_empty(), "{run:?}");
}

#[test]
fn a_base_url_may_have_a_prefix_and_a_slash_at_its_end() {
    for (suffix, target) in [
        ("", "/v1/organization"),
        ("/", "/v1/organization"),
        ("/mirror", "/mirror/v1/organization"),
        ("/a/b/", "/a/b/v1/organization"),
    ] {
        let server = Server::script([Reply::ok(EXAMPLE)]);
        let url = server.url() + suffix;
        let flag = Gate::new().args("--base-url").arg(&url).run();
        let env = Gate::new().env("RUNWAYML_BASE_URL", &url).run();
        assert_eq!((flag.code, env.code), (0, 0), "{flag:?}\n{env:?}");
        let targets: Vec<_> = server
            .requests()
            .into_iter()
            .map(|request| request.target)
            .collect();
        assert_eq!(targets, [target, target]);
    }
}

#[test]
fn the_flag_for_the_address_outweighs_the_environment() {
    let (right, wrong) = (
        Server::script([Reply::ok(EXAMPLE)]),
        Server::script([Reply::ok(EXAMPLE)]),
    );
    let run = Gate::asking(&wrong)
        .args("--base-url")
        .arg(right.url())
        .run();
    assert_eq!(
        (run.code, right.seen(), wrong.connections()),
        (0, 1, 0),
        "{run:?}"
    );
}

#[test]
fn loopback_by_name_is_loopback() {
    let server = Server::script([Reply::ok(EXAMPLE)]);
    for host in ["localhost", "LOCALHOST", "127.0.0.1"] {
        let run = Gate::new()
            .args("--base-url")
            .arg(format!("http://{host}:{}", server.port()))
            .run();
        assert_eq!(run.code, 0, "{run:?}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_never_passed_by_in_silence() {
    let server = Server::script([Reply::ok(EXAMPLE)]);
    let https = format!("https://localhost:{}", server.port());
    // Windows does not distinguish them from the upper-case ones.
    let lower: &[&str] = if cfg!(windows) {
        &[]
    } else {
        &["https_proxy", "all_proxy"]
    };
    for name in ["HTTPS_PROXY", "ALL_PROXY"].iter().chain(lower) {
        for value in [
            "socks5://127.0.0.1:1",
            "socks4://127.0.0.1:1",
            "not a url",
            "gopher://127.0.0.1",
            "http://",
            "http://127.0.0.1:99999",
        ] {
            let run = Gate::new()
                .env(name, value)
                .args("--timeout 1s --base-url")
                .arg(&https)
                .run();
            assert_eq!(
                (run.code, server.connections()),
                (2, 0),
                "{name}={value}: {run:?}"
            );
            assert!(run.stderr.contains(name), "{name}={value}: {run:?}");
        }
    }
}

#[test]
fn saved_answers_need_no_key_and_no_request() {
    let server = Server::script([Reply::ok("{}")]);
    let gate = || Gate::asking(&server).no_key().file("saved.json", EXAMPLE);
    let run = gate()
        .args("--from saved.json --generations gen4.5=20 --format json")
        .run();
    assert_eq!(
        (run.code, &run.json()["source"]),
        (0, &json!("saved.json")),
        "{run:?}"
    );
    let run = gate()
        .args("--from saved.json --generations gen4.5=189")
        .run();
    assert_eq!(run.code, 3, "{run:?}");
    let run = gate()
        .stdin(EXAMPLE)
        .args("--from - --generations gen4.5=20 --format json")
        .run();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(server.connections(), 0);
}

/// It asks nobody, whatever is set, and shows in every format that it is none; a demo's report is one
/// of ours, which no later failure leaves behind.
#[test]
fn a_demo_needs_no_key_and_is_told_as_one() {
    let server = Server::script([Reply::ok("{}")]);
    for (args, code) in [
        ("--generations gen4.5=20@60", 0),
        ("--generations gen4.5=189", 3),
        ("--credits 5001 --label acme", 6),
    ] {
        for (gate, format) in [
            (Gate::asking(&server), "text"),
            (Gate::asking(&server).no_key(), "markdown"),
            (Gate::new().no_key().key("$SECRET"), "json"),
        ] {
            let run = gate.args(&format!("--demo {args} --format {format}")).run();
            assert_eq!(run.code, code, "{run:?}");
            if format == "json" {
                let report = run.json();
                let (source, key_source) = (&report["source"], &report["keySource"]);
                assert_eq!((source, key_source), (&json!("demo"), &Value::Null));
                continue;
            }
            let headline = run.stdout.trim_start_matches("## ");
            assert!(headline.starts_with("DEMO "), "{run:?}");
            let report = tempfile::NamedTempFile::new().expect("a file");
            std::fs::write(&report, &run.stdout).expect("written");
            let write = format!("--write={format}={}", report.path().display());
            let later = Gate::new().no_key().arg(write).arg("--nonsense").run();
            let left = std::fs::read_to_string(&report).expect("read");
            assert_eq!((later.code, &*left), (2, ""), "{later:?}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn no_pipeline_passes_on_a_demo() {
    for (name, value, refused) in [
        ("CI", "true", true),
        ("CI", "1", true),
        ("CI", "false", false),
        ("CI", "", false),
        ("GITHUB_ACTIONS", "true", true),
        ("TF_BUILD", "True", true),
        ("JENKINS_URL", "https://ci.example", true),
        ("TEAMCITY_VERSION", "2026.1", true),
        ("CODEBUILD_BUILD_ID", "a:b", true),
    ] {
        let gate = Gate::new().no_key().env(name, value);
        let run = gate.args("--demo --generations gen4.5=20").run();
        assert_eq!(run.code, if refused { 2 } else { 0 }, "{run:?}");
        assert_eq!(run.stderr.contains("--demo"), refused, "{run:?}");
    }
    let run = Gate::new().github().args("--demo --fail-open").run();
    assert_eq!(run.output("pass"), "false", "{run:?}");
    assert_eq!(run.output("exit-code"), "2", "{run:?}");
}

#[test]
fn colour_is_for_those_who_ask_for_it() {
    let plain = Gate::reading(EXAMPLE).args("--credits 6000").run();
    let forced = Gate::reading(EXAMPLE).args("--credits 6000").colour().run();
    assert!(
        forced.stdout.contains("\u{1b}[") && forced.stderr.contains("\u{1b}["),
        "{forced:?}"
    );
    assert!(
        !plain.stdout.contains('\u{1b}') && !plain.stderr.contains('\u{1b}'),
        "{plain:?}"
    );
    let never = Gate::reading(EXAMPLE)
        .args("--credits 6000")
        .env("NO_COLOR", "1")
        .run();
    assert_eq!(
        (&never.stdout, &never.stderr),
        (&plain.stdout, &plain.stderr)
    );
    let off = Gate::reading(EXAMPLE)
        .args("--credits 6000")
        .env("CLICOLOR_FORCE", "0")
        .run();
    assert_eq!((&off.stdout, &off.stderr), (&plain.stdout, &plain.stderr));
    let json = Gate::reading(EXAMPLE)
        .args("--credits 6000 --format json")
        .colour()
        .run();
    assert!(
        serde_json::from_str::<Value>(&json.stdout).is_ok(),
        "{json:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_never_a_pass() {
    let cases = [
        (r#""$@" >/dev/full"#, "", 5),
        (
            r#"{ sleep 1; "$@"; code=$?; echo "exit $code" >&2; exit $code; } | true"#,
            "",
            5,
        ),
        (r#""$@" >/dev/full"#, "--credits 6000", 6),
        (r#""$@" >/dev/full"#, "--fail-open", 5),
    ];
    each(
        &cases,
        |(script, args, _)| format!("{script} {args}"),
        |(script, args, exit)| {
            for format in ["text", "json", "markdown"] {
                let run = Gate::reading(EXAMPLE)
                    .args(args)
                    .args("--format")
                    .arg(format)
                    .shell(script)
                    .run();
                if script.contains('|') {
                    run.says(format!("exit {exit}"));
                } else {
                    assert_eq!(run.code, *exit, "{run:?}");
                }
                run.says("report-failed");
            }
        },
    );
}

/// Before `main`, Rust's own start-up opens `/dev/null` in place of a stream that is closed: it cannot be distinguished from a
/// report that was sent there on purpose.
#[cfg(target_os = "linux")]
#[test]
fn a_closed_standard_output_is_no_panic() {
    for (args, exit) in [("", 0), ("--credits 6000", 6), ("--format json", 0)] {
        let run = Gate::reading(EXAMPLE).args(args).shell(r#""$@" >&-"#).run();
        assert_eq!(run.code, exit, "{run:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_said_of_a_report_that_cannot_be_written() {
    let run = Gate::reading(EXAMPLE).shell(r#""$@" >/dev/full"#).run();
    insta::assert_snapshot!("report-failed", run.stderr);
}

#[cfg(unix)]
#[test]
fn help_into_nowhere_is_no_panic() {
    let full: &[&str] = if cfg!(target_os = "linux") {
        &[r#""$@" >/dev/full"#]
    } else {
        &[]
    };
    let others = [r#""$@" >&-"#, r#"{ sleep 1; "$@"; } | true"#];
    for script in full.iter().chain(&others) {
        for flag in ["--help", "--version"] {
            let run = Gate::new().args(flag).shell(script).run();
            assert!(!script.contains("full") || run.code != 0, "{run:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_standard_error_changes_no_verdict() {
    for script in [
        r#""$@" 2>&-"#,
        r#""$@" 2>/dev/full"#,
        r#""$@" 2>/dev/full >/dev/full"#,
    ] {
        let run = Gate::reading(EXAMPLE)
            .args("--credits 6000")
            .shell(script)
            .run();
        assert_eq!(run.code, 6, "{run:?}");
    }
    let run = Gate::reading(EXAMPLE)
        .args("--credits many")
        .shell(r#""$@" 2>&-"#)
        .run();
    assert_eq!(run.code, 2, "{run:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_standard_input_is_no_answer() {
    let run = Gate::new().args("--from -").shell(r#""$@" <&-"#).run();
    assert!([2, 5].contains(&run.code), "{run:?}");
}
