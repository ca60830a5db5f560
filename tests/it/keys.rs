//! Where the key comes from, what is said without one, and what passes all the same.

use serde_json::{json, Value};

use crate::support::body::{EXAMPLE, UNREADABLE};
use crate::support::{each, Gate, Reply, Run, Server, KEY};

const OTHER: &str = "key_1d8e0c5b7a94f3260b6d2e9f41c87a53";

fn server() -> Server {
    Server::script([Reply::ok(EXAMPLE)])
}

/// The run got through with this key.
#[track_caller]
fn used(server: &Server, run: &Run, key: &str) {
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(
        server.requests()[0].header("authorization"),
        format!("Bearer {key}"),
        "{run:?}"
    );
}

#[test]
fn key_sources_are_file_environment_dotenv_in_order() {
    let dotenv = format!("RUNWAYML_API_SECRET={OTHER}\n");
    let server_ = server();
    let run = Gate::asking(&server_)
        .secret(OTHER)
        .file("key", format!("  {OTHER}\n\n"))
        .args("--key-file key")
        .run();
    used(&server_, &run, OTHER);
    let server_ = server();
    let run = Gate::asking(&server_)
        .secret(OTHER)
        .file(".env", &dotenv)
        .run();
    used(&server_, &run, KEY);
    let server_ = server();
    let run = Gate::asking(&server_)
        .no_key()
        .secret(OTHER)
        .file(".env", &dotenv)
        .run();
    used(&server_, &run, OTHER);
    let server_ = server();
    let run = Gate::asking(&server_)
        .secret(OTHER)
        .env("RUNWAYML_API_SECRET", format!("\t{OTHER} \n"))
        .run();
    used(&server_, &run, OTHER);
}

#[test]
fn dotenv_files_are_read_as_usual() {
    let dotenv = format!("export RUNWAYML_API_SECRET=\"{OTHER}\" # staging\r\n");
    let server_ = server();
    let gate = Gate::asking(&server_).no_key().secret(OTHER);
    used(
        &server_,
        &gate.file(".env", format!("\u{feff}{dotenv}")).run(),
        OTHER,
    );
    let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| {
        let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
        units.flat_map(bytes).collect::<Vec<u8>>()
    };
    for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        for (name, text) in [(".env", &dotenv), ("key", &OTHER.to_owned())] {
            let server = server();
            let gate = Gate::asking(&server).no_key().secret(OTHER);
            let gate = gate.file(name, utf_16(text, bytes));
            let args = if name == "key" { "--key-file key" } else { "" };
            used(&server, &gate.args(args).run(), OTHER);
        }
    }
}

/// What a `.env` file holds beside the key is not the gate's.
#[test]
fn dotenv_files_give_nothing_but_the_key() {
    let (right, wrong) = (server(), server());
    let file = format!(
        "RUNWAYML_BASE_URL={}\nRUNWAYML_API_SECRET={OTHER}\n",
        wrong.url()
    );
    let run = Gate::asking(&right)
        .no_key()
        .secret(OTHER)
        .file(".env", file)
        .run();
    used(&right, &run, OTHER);
    assert_eq!(wrong.seen(), 0);
}

#[test]
fn without_a_key_nothing_is_asked_and_nothing_passes() {
    let keys = [None, Some(""), Some(" \t\n")];
    each(
        &keys,
        |key| format!("{key:?}"),
        |key| {
            for (args, code) in [
                ("", 4),
                ("--missing-key fail", 4),
                ("--missing-key skip", 0),
                ("--fail-open", 4),
            ] {
                let server = server();
                let mut gate = Gate::asking(&server)
                    .no_key()
                    .args(args)
                    .args("--format json");
                if let Some(key) = key {
                    gate = gate.env("RUNWAYML_API_SECRET", key);
                }
                let run = gate.github().run();
                assert_eq!((run.code, server.connections()), (code, 0), "{run:?}");
                let (errors, warnings) = (run.codes("error"), run.codes("warning"));
                if code == 0 {
                    assert_eq!(run.json()["verdict"], "skipped", "{run:?}");
                    assert_eq!(
                        (errors, warnings),
                        (vec![], vec!["key-missing".to_owned()]),
                        "{run:?}"
                    );
                    assert_eq!(
                        (run.output("pass"), run.output("verdict")),
                        ("false", "skipped")
                    );
                } else {
                    assert_eq!(errors, ["key-missing"], "{run:?}");
                    for place in ["RUNWAYML_API_SECRET", ".env"] {
                        assert!(
                            run.stderr.contains(place),
                            "does not say where it searched: {run:?}"
                        );
                    }
                }
            }
        },
    );
}

/// The key in it is fine; its line is not.
#[test]
fn a_file_that_names_the_key_without_an_assignment_says_how() {
    for before in [
        "# NAME=",
        "exportNAME=",
        "NAME: ",
        "declare -x NAME=",
        "-e NAME=",
        "NAME ",
    ] {
        let line = before.replace("NAME", "RUNWAYML_API_SECRET") + OTHER;
        for utf_16 in [false, true] {
            let line = line.bytes().flat_map(|byte| [byte, 0]);
            let line: Vec<u8> = line.filter(|byte| utf_16 || *byte != 0).collect();
            for (name, args) in [(".env", ""), ("key", "--key-file key")] {
                let gate = Gate::new().no_key().secret(OTHER).file(name, &line);
                let run = gate.args(args).run();
                run.fails(4, &["key-malformed"]);
                run.says("fix: write the key as a line of its own, RUNWAYML_API_SECRET=VALUE, and save the file as UTF-8");
            }
        }
    }
}

/// An env file of another tool is no key, and nothing of it is sent.
#[test]
fn a_key_file_of_assignments_must_name_the_key() {
    for file in [
        format!("RUNWAY_API_KEY={OTHER}\n"),
        format!("# mine\nexport FOO=1\nBAR='{OTHER}'\n"),
        format!("FOO=\"{OTHER}"),
    ] {
        let server = server();
        let gate = Gate::asking(&server).secret(OTHER).file("key", &file);
        let run = gate.args("--key-file key").run();
        let found = (run.code, run.shown(), server.connections());
        assert_eq!(found, (4, vec!["key-malformed"], 0), "{run:?}");
        run.says("is a whole assignment");
    }
    // Padded as base64 is.
    let (server, key) = (server(), "bm90IGEga2V5IGF0IGFsbA==");
    let gate = Gate::asking(&server).secret(key).file("key", key);
    used(&server, &gate.args("--key-file key").run(), key);
}

#[cfg(unix)]
#[test]
fn a_dotenv_that_cannot_be_read_says_why() {
    // The superuser may read every file, but a pipe is read by nobody.
    for (script, why) in [
        ("mkfifo .env", "it is a pipe, not a file"),
        ("ln -s .env .env", "filesystem loop or indirection limit"),
        ("ln -s nowhere .env", "it does not exist"),
    ] {
        let gate = Gate::new().no_key().args("--missing-key skip");
        let run = gate.shell(&format!("{script} && \"$@\"")).run();
        run.fails(4, &["key-malformed"]);
        for words in [
            "the file .env cannot be read\n",
            &format!("cause: {why}"),
            "fix: make .env a file of at most 64 KiB that this user may read, or set RUNWAYML_API_SECRET\n",
        ] {
            run.says(words);
        }
    }
    // A virtual environment.
    let run = Gate::new().no_key().shell("mkdir .env && \"$@\"").run();
    run.fails(4, &["key-missing"]);
}

/// A label is shown, so it holds no part of a key.
#[test]
fn a_part_of_the_key_is_no_label() {
    for label in [
        &KEY[10..18],
        &KEY[20..60].to_uppercase(),
        "key_1",
        "Key_abc",
    ] {
        let run = Gate::new().github().arg(format!("--label={label}")).run();
        assert_eq!((run.code, run.output("pass")), (2, "false"), "{run:?}");
        assert!(!run.stderr.contains(label), "{run:?}");
    }
}

/// What a flag has to do with a key that is missing.
#[test]
fn a_missing_key_is_explained_by_the_flags() {
    const HISTORY: &str =
        "the balance comes from --from, but --budget and --usage ask Runway for the history";
    const FILE: &str =
        "fix: put the key into the file given by --key-file, or leave --key-file out and \
                        set RUNWAYML_API_SECRET%0A";
    let cases: [(&str, &str, &[&str], &[&str]); 5] = [
        ("--from a --budget 1000/7d", "", &[HISTORY], &[]),
        ("--from a --usage 7d", "", &[HISTORY], &[]),
        ("--budget 1000/7d", "", &[], &["--from"]),
        ("--key-file key", OTHER, &[FILE], &[".env", "RUNWAY_TOKEN"]),
        ("--key-file key", " ", &[FILE], &["GitHub gives", "Azure"]),
    ];
    each(
        &cases,
        |case| format!("{case:?}"),
        |(args, variable, told, not_told)| {
            let run = Gate::new()
                .no_key()
                .secret(OTHER)
                .file("a", EXAMPLE)
                .file("key", "")
                .env("RUNWAYML_API_SECRET", variable)
                .env("RUNWAY_TOKEN", OTHER)
                .env("TF_BUILD", "True")
                .github()
                .args(args)
                .run();
            assert_eq!((run.code, run.output("codes")), (4, "key-missing"));
            assert!(told.iter().all(|text| run.stderr.contains(text)), "{run:?}");
            assert!(
                !not_told.iter().any(|text| run.stderr.contains(text)),
                "{run:?}"
            );
        },
    );
}

#[test]
fn skipping_is_for_a_missing_key_only() {
    let server = Server::script([Reply::http(401, "")]);
    let run = Gate::asking(&server).args("--missing-key skip").run();
    assert_eq!(
        (run.code, run.shown(), server.seen()),
        (4, vec!["unauthorized"], 1),
        "{run:?}"
    );
    let run = Gate::asking(&server)
        .key("key with spaces inside it")
        .args("--missing-key skip")
        .run();
    assert_eq!(
        (run.code, run.shown(), server.seen()),
        (4, vec!["key-malformed"], 1),
        "{run:?}"
    );
}

/// A saved answer that is not enough stays a no-go, whatever the history would say.
#[test]
fn what_a_saved_answer_decides_is_decided_without_a_key() {
    let short = "--generations gen4.5=9999 --budget 5/3d";
    let enough = "--generations gen4.5=1 --budget 5/3d";
    let (skip, malformed) = ("--missing-key skip", "key with spaces inside it");
    #[rustfmt::skip]
    let cases = [
        (short, "", "", 6, "no-go", "over-daily-limit"),
        (short, skip, "", 6, "no-go", "over-daily-limit"),
        (short, "--fail-open", "", 6, "no-go", "over-daily-limit"),
        (short, skip, malformed, 6, "no-go", "over-daily-limit"),
        ("--credits 5001 --usage 3d", skip, "", 6, "no-go", "credits-short"),
        (enough, "", "", 4, "cannot-tell", "key-missing"),
        (enough, skip, malformed, 4, "cannot-tell", "key-malformed"),
        (enough, skip, "", 0, "skipped", "key-missing"),
    ];
    each(
        &cases,
        |case| format!("{case:?}"),
        |(needs, args, key, code, verdict, codes)| {
            let gate = Gate::new().no_key().file("saved.json", EXAMPLE);
            let gate = match *key {
                "" => gate,
                key => gate.key(key),
            };
            let args = format!("--from saved.json --format json {needs} {args}");
            let run = gate.args(&args).github().run();
            let report = run.json();
            assert_eq!((run.code, &report["verdict"]), (*code, &json!(verdict)));
            let mut found: Vec<&str> = run.output("codes").split(',').collect();
            found.sort_unstable();
            let mut codes: Vec<&str> = codes.split(',').collect();
            codes.sort_unstable();
            assert_eq!(found, codes, "{run:?}");
            assert_eq!(report["requirements"][0]["met"], json!(*code != 6));
            if needs.contains("--budget") {
                assert_eq!(report["requirements"][1]["met"], Value::Null);
            }
            if *verdict == "skipped" {
                let message = run.output("message");
                assert!(
                    message.contains("SKIPPED: there is no API key"),
                    "{message}"
                );
            }
            let balance = &report["organization"]["creditBalance"];
            assert_eq!(balance, &json!(5000), "{run:?}");
        },
    );
}

/// What Runway's clock says of the day does not take back that it refused the key.
#[test]
fn a_refused_key_stays_an_error_on_another_day() {
    let server =
        Server::script([Reply::http(401, "").header("date", "Mon, 02 Mar 2026 12:00:00 GMT")]);
    let run = Gate::asking(&server)
        .file("saved.json", EXAMPLE)
        .args("--from saved.json --generations gen4.5=1 --budget 9999/3d")
        .run();
    run.fails(4, &["unauthorized"]);
}

#[test]
fn a_key_in_another_tools_variable_is_reported() {
    for name in [
        "RUNWAY_API_KEY",
        "RUNWAY_SKILLS_API_SECRET",
        "RUNWAYML_API_KEY",
        "RUNWAY_API_SECRET",
        "RUNWAY_API_TOKEN",
        "RUNWAYML_API_TOKEN",
        "RUNWAY_TOKEN",
    ] {
        let run = Gate::new().no_key().secret(OTHER).env(name, OTHER).run();
        run.fails(4, &["key-missing"]);
        run.says(name);
        let part = &OTHER[..20];
        let gate = Gate::new().no_key().secret(OTHER).env(name, OTHER);
        let run = gate.arg(format!("--credits={}", &part[4..])).run();
        run.says("[key]");
    }
    let run = Gate::new().no_key().run();
    assert!(!run.stderr.contains("RUNWAY_SKILLS_API_SECRET"), "{run:?}");
}

/// It comes with the checkout, which on a pull or merge request is somebody else's.
#[test]
fn in_a_ci_system_the_dotenv_of_the_checkout_is_not_read() {
    let cases = [
        ("CI", "true", false),
        ("CI", "1", false),
        ("CI", "woodpecker", false),
        ("CI", "", true),
        ("CI", "false", true),
        ("CI", "False", false),
        ("CI", "FALSE", false),
        ("CI", "0", true),
        ("GITHUB_ACTIONS", "true", false),
        ("TF_BUILD", "True", false),
        ("JENKINS_URL", "http://jenkins.example/", false),
        ("TEAMCITY_VERSION", "2026.1", false),
        ("CODEBUILD_BUILD_ID", "a:b", false),
        ("JENKINS_HOME", "/home", true),
    ];
    each(
        &cases,
        |case| format!("{case:?}"),
        |(name, value, is_read)| {
            let dotenv = format!("RUNWAYML_API_SECRET={OTHER}\n");
            let there = server();
            let gate = |args: &str| {
                Gate::asking(&there)
                    .no_key()
                    .secret(OTHER)
                    .file(".env", &dotenv)
                    .env(name, value)
                    .args(args)
                    .run()
            };
            let run = gate("");
            if *is_read {
                return used(&there, &run, OTHER);
            }
            assert_eq!((run.code, there.connections()), (4, 0), "{run:?}");
            for words in [
                "the file .env (not read in a CI system)",
                "there is a .env file",
                "--key-file .env",
            ] {
                run.says(words);
            }
            let run = gate("--key-file .env --format json");
            used(&there, &run, OTHER);
            assert_eq!(run.json()["keySource"], "file", "{run:?}");
        },
    );
    let run = Gate::new().no_key().env("CI", "true").run();
    assert!(!run.stderr.contains("there is a .env"), "{run:?}");
    // Its text changes nothing.
    let shown = |text: &str| {
        let gate = Gate::reading(EXAMPLE).file(".env", text).env("CI", "true");
        let run = gate.args("--budget 9/3d --generations gen4.5=1").run();
        run.says("there is a .env file");
        (run.stdout, run.stderr)
    };
    for text in [
        "RUNWAYML_API_SECRET=gen4.5 generations",
        &"#".repeat(70_000),
    ] {
        assert_eq!(shown(text), shown(""));
    }
}

/// What a template or a shell should have filled in is no key, and is not sent.
#[test]
fn a_placeholder_is_told_as_one() {
    const NAME: &str = "RUNWAYML_API_SECRET";
    let cases = [
        ("$env:RUNWAY_KEY", "RUNWAY_KEY"),
        (
            "${{ secrets.RUNWAYML_API_SECRET }}",
            "secrets.RUNWAYML_API_SECRET",
        ),
        ("secrets.RUNWAYML_API_SECRET", NAME),
        ("<your key>", NAME),
        ("changeme", NAME),
    ];
    each(
        &cases,
        |case| format!("{case:?}"),
        |(value, name)| {
            let server = server();
            let told = format!("is a placeholder: {name} was not filled in\n");
            let gate = || Gate::asking(&server).no_key();
            #[rustfmt::skip]
            let cases = [
                (gate().env(NAME, value), "the environment variable RUNWAYML_API_SECRET", "set RUNWAYML_API_SECRET to the key itself"),
                (gate().file(".env", format!("{NAME}=`{value}`")).args("--fail-open --missing-key skip"), "the file .env", "set RUNWAYML_API_SECRET to the key itself"),
                (gate().file("key", value).args("--key-file key").env("TF_BUILD", "True"), "the file given by --key-file", "write the key alone into the file given by --key-file"),
                (gate().env(NAME, value).env("GITLAB_CI", "true").env("CI", "true"), "the environment variable RUNWAYML_API_SECRET", "Settings → CI/CD → Variables"),
            ];
            for (gate, place, fix) in cases {
                let run = gate.run();
                let found = (run.code, run.shown(), server.connections());
                assert_eq!(found, (4, vec!["key-malformed"], 0), "{run:?}");
                for words in [&*format!("the key in {place} {told}"), fix] {
                    run.says(words);
                }
            }
        },
    );
}

#[test]
fn a_whole_assignment_is_no_key() {
    for value in [
        format!("RUNWAYML_API_SECRET={OTHER}"),
        format!("RUNWAY_API_KEY={OTHER}"),
        format!("export RUNWAYML_API_SECRET='{OTHER}'"),
        format!("RUNWAYML_API_SECRET:{OTHER}"),
        format!("#RUNWAYML_API_SECRET={OTHER}"),
        format!("//RUNWAYML_API_SECRET={OTHER}"),
        format!(";RUNWAYML_API_SECRET={OTHER}"),
        format!("-eRUNWAYML_API_SECRET={OTHER}"),
        format!("#runway_api_key={OTHER}"),
    ] {
        let server = server();
        let gate = || Gate::asking(&server).secret(OTHER);
        let run = gate().env("RUNWAYML_API_SECRET", &value).run();
        run.says("is a whole assignment");
        let mut runs = vec![run];
        if value.starts_with(['#', '/', ';', '-']) {
            runs.push(gate().file("key", &value).args("--key-file key").run());
        }
        for run in runs {
            let found = (run.code, run.shown(), server.connections());
            assert_eq!(found, (4, vec!["key-malformed"], 0), "{run:?}");
        }
    }
}

#[test]
fn a_key_where_a_file_name_belongs_is_told_so() {
    for key in [OTHER, "key_short", OTHER.trim_start_matches("key_")] {
        let gate = Gate::new().no_key().secret(key);
        let run = gate.arg("--key-file").arg(key).run();
        assert_eq!(run.code, 2, "{run:?}");
        run.says("this looks like the key itself");
    }
    let run = Gate::new().args("--key-file keys/runway.txt").run();
    run.says("keys/runway.txt");
}

/// An event as GitHub writes it: where the head of the pull request comes from.
fn event(head: &str) -> String {
    json!({
        "pull_request": { "head": { "repo": { "full_name": head, "fork": head != "owner/name" } }, "base": { "repo": { "full_name": "owner/name" } } },
        "repository": { "full_name": "owner/name" }
    })
    .to_string()
}

#[test]
fn where_github_withholds_secrets_the_diagnostic_says_so() {
    let on = |gate: Gate, name: &str, event: &str, actor: &str| {
        let gate = gate.no_key().file("event.json", event);
        let path = gate.path("event.json");
        gate.env("GITHUB_EVENT_NAME", name)
            .env("GITHUB_EVENT_PATH", path)
            .env("GITHUB_REPOSITORY", "owner/name")
            .env("GITHUB_ACTOR", actor)
            .run()
    };
    // A fork that was deleted has no repository any more.
    let gone =
        event("someone/name").replacen("{\"fork\":true,\"full_name\":\"someone/name\"}", "null", 1);
    assert_ne!(gone, event("someone/name"));
    let (fork, own) = (event("someone/name"), event("owner/name"));
    const BOT: &str = "dependabot[bot]";
    #[rustfmt::skip]
    let cases = [
        ("pull_request", &*fork, "someone", "fork"),
        ("pull_request", &gone, "someone", "fork"),
        ("pull_request", &own, BOT, "Dependabot"),
        ("pull_request", &own, "someone", ""),
        // It runs in the base repository, with its secrets.
        ("pull_request_target", &fork, BOT, ""),
        ("push", "{}", "someone", ""),
        ("pull_request", "", "someone", ""),
        ("pull_request", "[]", "someone", ""),
        ("pull_request", "{\"pull_request\": {\"head\": []}}", "someone", ""),
    ];
    for (name, event, actor, told) in cases {
        let run = on(Gate::new().github(), name, event, actor);
        assert_eq!(
            (run.code, run.output("codes")),
            (4, "key-missing"),
            "{run:?}"
        );
        for word in ["fork", "Dependabot"] {
            assert_eq!(run.stderr.contains(word), word == told, "{event}: {run:?}");
        }
    }
    // On a developer's machine the same variables mean nothing.
    let run = on(Gate::new(), "pull_request", &fork, "someone");
    assert!(!run.stderr.contains("fork"), "{run:?}");
}

#[test]
fn where_other_systems_withhold_secrets_the_diagnostic_says_so() {
    const GITLAB: &str = "GitLab gives protected variables to no other";
    const AZURE: &str = "Azure Pipelines gives a secret variable to no step that does not map it";
    for (name, value, told) in [
        ("CI_COMMIT_REF_PROTECTED", "false", Some(GITLAB)),
        ("CI_COMMIT_REF_PROTECTED", "true", None),
        ("TF_BUILD", "True", Some(AZURE)),
    ] {
        let run = Gate::new().no_key().env(name, value).run();
        run.fails(4, &["key-missing"]);
        for words in [GITLAB, AZURE] {
            assert_eq!(run.stderr.contains(words), told == Some(words), "{run:?}");
        }
    }
}

#[test]
fn fail_open_turns_exit_code_5_into_0_only() {
    let fail =
        |status: u16| Reply::http(status, r#"{"error":"No."}"#).header("x-should-retry", "false");
    #[rustfmt::skip]
    let cases = [
        (fail(503), "", 0, "unavailable"),
        (fail(429), "", 0, "rate-limited"),
        (fail(400), "", 0, "request-rejected"),
        (fail(404), "", 0, "unexpected-status"),
        (Reply::ok("[]"), "", 0, "unexpected-response"),
        (Reply::steps([crate::support::Step::Hang]), "--timeout 1s", 0, "timed-out"),
        (Reply::raw(""), "--timeout 400ms", 0, "unreachable"),
        (fail(401), "", 4, "unauthorized"),
        (fail(403), "", 4, "forbidden"),
        (Reply::ok(EXAMPLE), "--credits 6000", 6, "credits-short"),
        // Known to be short, whatever could not be read.
        (Reply::ok(EXAMPLE.replacen("5000", "\"?\"", 1)), "--generations gen4.5=189 --credits 1", 3, "generations-short"),
    ];
    each(
        &cases,
        |(_, args, exit, code)| format!("{exit} {code} {args}"),
        |(reply, args, exit, code)| {
            for (format, github) in [("json", true), ("text", false), ("markdown", false)] {
                let server = Server::script([reply.clone()]);
                let gate = Gate::asking(&server)
                    .args("--fail-open --format")
                    .arg(format)
                    .args(args);
                let run = if github {
                    gate.github().run()
                } else {
                    gate.run()
                };
                assert_eq!(run.code, *exit, "{run:?}");
                assert!(server.seen() > 0, "{run:?}");
                run.says(code);
                if format == "json" {
                    if *exit == 0 {
                        assert_eq!(run.json()["verdict"], "cannot-tell", "{run:?}");
                        assert_eq!(run.codes("warning"), [*code], "{run:?}");
                        assert_eq!(
                            (run.output("pass"), run.output("exit-code")),
                            ("true", "0"),
                            "{run:?}"
                        );
                    } else {
                        assert!(run.codes("error").iter().any(|one| one == code), "{run:?}");
                        assert_eq!(run.output("pass"), "false", "{run:?}");
                    }
                }
            }
        },
    );
    let run = Gate::new().args("--fail-open --credits many").run();
    assert_eq!(run.code, 2, "{run:?}");
    let run = Gate::reading(UNREADABLE)
        .args("--fail-open --format json")
        .run();
    assert_eq!(
        (run.code, run.codes("warning")),
        (0, vec!["unexpected-response".to_owned()]),
        "{run:?}"
    );
}

/// What stands behind the key is a part of it only where it may be one.
#[test]
fn prose_behind_a_key_is_not_hidden() {
    let dotenv =
        format!("RUNWAYML_API_SECRET={OTHER}\n# of\napi.example models gen4.5 generations\n");
    let gate = Gate::reading(EXAMPLE).no_key().file(".env", dotenv);
    let run = gate.args("--generations gen4.5=1").run();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("gen4.5 generations"), "{run:?}");
}
