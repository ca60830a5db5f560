//! The key is secret, whoever says it. That it is in no output is checked after every run of the whole suite
//! (`support::check`); here are the runs that tempt the gate to show it.

use serde_json::{json, Value};

use crate::support::body::EXAMPLE;
use crate::support::tls;
use crate::support::{each, Gate, Reply, Server, KEY, REFUSED};

/// The key in the shapes in which it may come back.
fn echoes() -> Vec<String> {
    let split = |by: &str| {
        let chars: Vec<char> = KEY.chars().collect();
        let parts: Vec<String> = chars.chunks(7).map(|part| part.iter().collect()).collect();
        parts.join(by)
    };
    let long = "x".repeat(300 - 25);
    vec![
        KEY.to_owned(),
        format!("Bearer {KEY}"),
        KEY[..60].to_owned(),
        KEY[4..].to_owned(),
        KEY[30..90].to_owned(),
        KEY[KEY.len() - 40..].to_owned(),
        format!("{}…", &KEY[..24]),
        KEY.replacen('_', "%5F", 1),
        split("\n"),
        split("\r\n"),
        split("\0"),
        split("\t"),
        split("\u{1b}[0m"),
        split("\u{200b}"),
        split("\u{202e}"),
        split(" "),
        split("\u{85}"),
        // Over the 300 characters at which a quotation is cut.
        format!("{long}{KEY}"),
        format!("{}{KEY}", "é".repeat(290)),
        format!("{KEY}{KEY}{KEY}"),
    ]
}

/// Answers with the key in every place that may be quoted.
#[rustfmt::skip]
fn places(key: &str) -> Vec<(&'static str, Vec<Reply>)> {
    let clean: String = key.chars().filter(char::is_ascii_graphic).collect();
    let escaped: String = key.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let name = json!(key).to_string();
    let http = |status, body: Value| Reply::http(status, body.to_string());
    vec![
        ("error of 400", vec![http(400, json!({ "error": key }))]),
        ("error of 401", vec![http(401, json!({ "error": key, "docUrl": format!("https://docs.example/{key}") }))]),
        ("message of 403", vec![http(403, json!({ "error": { "message": key } }))]),
        ("message of 429", vec![http(429, json!({ "message": key })).header("Retry-After", "3600")]),
        ("error of 503, and again", vec![http(503, json!({ "error": key })).header("retry-after-ms", "1"), http(503, json!({ "error": key })).header("Retry-After", "3600")]),
        ("issues of 422", vec![http(422, json!({ "error": "no", "issues": [{ "code": key, "path": [key], "message": key }] }))]),
        ("escaped in 401", vec![Reply::http(401, format!(r#"{{"error":"{escaped}"}}"#))]),
        ("page of 404", vec![Reply::http(404, format!("<h1>{key}</h1>"))]),
        ("page of 200", vec![Reply::http(200, format!("<h1>{key}</h1>"))]),
        ("text of 200", vec![Reply::http(200, key)]),
        ("field of the wrong type", vec![http(200, json!({ "creditBalance": key, "tier": key, "usage": {} }))]),
        ("name of a model", vec![Reply::ok(EXAMPLE.replacen("\"gen4_turbo\"", &name, 1))]),
        ("name of a model, with a wrong limit", vec![Reply::ok(EXAMPLE.replacen("\"gen4_turbo\"", &format!("{name}: {{ \"maxDailyGenerations\": \"x\" }}, \"gen4_turbo\""), 1))]),
        ("headers and reason", vec![Reply::raw(format!("HTTP/1.1 418 {clean}\r\nServer: {clean}\r\nRetry-After: {clean}\r\nX-Request-Id: {clean}\r\nContent-Length: 0\r\n\r\n"))]),
        ("redirect", vec![Reply::http(302, "").header("Location", &format!("https://{clean}.example/{clean}?key={clean}"))]),
    ]
}

#[test]
fn a_key_that_the_server_echoes_is_redacted() {
    let mut cases = Vec::new();
    for echo in echoes() {
        let places = places(&echo).into_iter();
        cases.extend(places.map(|(place, replies)| (place, echo.clone(), replies)));
    }
    each(
        &cases,
        |(place, echo, _)| format!("{place}: {echo:?}"),
        |(_, _, replies)| {
            // As a step: text, outputs with the JSON report, and a summary in Markdown.
            let server = Server::script(replies.clone());
            let gate = Gate::asking(&server).github();
            let run = gate.args("--generations gen4_turb=1").run();
            assert_ne!(run.code, 0, "{run:?}");
            assert!(server.seen() > 0, "{run:?}");
        },
    );
}

#[test]
fn a_malformed_key_is_neither_sent_nor_shown() {
    let inside = ["\n", "\r\n", " ", "\t", "é", "\u{7f}", "\u{1b}", "\u{200b}"];
    each(
        &inside,
        |one| format!("{one:?}"),
        |one| {
            for format in ["text", "json", "markdown"] {
                let key = format!("{}{one}{}", &KEY[..40], &KEY[40..]);
                let server = Server::script([Reply::ok(EXAMPLE)]);
                let run = Gate::asking(&server)
                    .key(&key)
                    .args("--format")
                    .arg(format)
                    .github()
                    .run();
                assert_eq!((run.code, server.seen()), (4, 0), "{run:?}");
                assert_eq!(run.output("codes"), "key-malformed", "{run:?}");
            }
        },
    );
}

#[test]
fn a_key_on_the_command_line_is_not_repeated() {
    let lines: [&[&str]; 14] = [
        &["--api-secret=KEY"],
        &["KEY"],
        &["--generations", "KEY"],
        &["--generations=KEY"],
        &["--generations", "gen4.5=KEY"],
        &["--generations", "KEY=1"],
        &["--credits", "KEY"],
        &["--key-file", "KEY"],
        &["--from", "KEY"],
        &["--usage", "KEY"],
        &["--base-url", "https://KEY@127.0.0.1:1"],
        &["--base-url", "KEY"],
        &["--format=KEY"],
        &["--KEY"],
    ];
    each(
        &lines,
        |line| line.join(" "),
        |line| {
            for format in ["text", "json"] {
                let mut gate = Gate::new()
                    .env("RUNWAYML_BASE_URL", "http://127.0.0.1:1")
                    .args("--timeout 1s");
                if !line[0].contains("format") {
                    gate = gate.args("--format").arg(format);
                }
                for part in *line {
                    gate = gate.arg(part.replace("KEY", KEY));
                }
                let run = gate.run();
                assert!(run.code == 2 || line.contains(&"KEY=1"), "{run:?}");
            }
        },
    );
}

/// Every word of the command line is foreign, whether it is right or wrong.
#[test]
fn a_part_of_the_key_on_the_command_line_is_not_shown() {
    const LETTERS: &str = "key_qwmznxbvlkjhgfdsapoi";
    let words = [
        "--PART",
        "PART",
        "--generations=PART",
        "--generations=PART=1",
        "--generations=PART=1@PART",
        "--generations=gen4.5=PART",
        "--concurrency=PART=1",
        "--price=PART=1",
        "--price=gen4.5 PART=x 1",
        "--credits=PART",
        "--budget=PART/3d",
        "--wait=PART",
        "--format=PART",
        "--usage=2026-01-01..PART",
        "--label=PART",
        "--from=PART",
        "--plan=PART",
        "--key-file=PART",
        "--write=PART",
        "--write=json=PART/x.json",
        "--write=json=x --write=env=x PART",
        "--base-url=https://PART.example",
        "--base-url=https://127.0.0.1:PART",
        "--base-url=https://127.0.0.1:1/PART -v",
    ];
    let long = "x".repeat(20);
    let split: String = KEY[20..60]
        .chars()
        .map(|one| format!("{one}\u{1b}[0m\u{200b}"))
        .collect();
    let parts = [
        KEY[4..12].to_owned(),
        KEY[30..81].to_owned(),
        KEY[60..119].to_owned(),
        KEY[4..40].to_uppercase(),
        format!("{long}{}{long}", &KEY[50..90]),
        split,
        LETTERS[6..16].to_owned(),
        "user-of-a-proxy".to_owned(),
        "ss-of/a-proxy".to_owned(),
    ];
    let mut cases = Vec::new();
    for word in words {
        cases.extend(parts.iter().map(|part| word.replace("PART", part)));
    }
    each(&cases, String::clone, |line| {
        for github in [false, true] {
            let gate = Gate::new()
                .secret(LETTERS)
                .secret("user-of-a-proxy")
                .secret("pass-of/a-proxy")
                .file(".env", format!("RUNWAYML_API_SECRET={LETTERS}"))
                .file("key", LETTERS)
                .env("RUNWAYML_BASE_URL", "http://127.0.0.1:1")
                .env(
                    "HTTPS_PROXY",
                    "http://user-of-a-proxy:pass-of%2Fa-proxy@127.0.0.1:1",
                )
                .args("--timeout=1s --key-file=key");
            let gate = if github { gate.github() } else { gate };
            let gate = line
                .split(" --")
                .enumerate()
                .fold(gate, |gate, (index, word)| {
                    gate.arg(if index == 0 {
                        word.to_owned()
                    } else {
                        format!("--{word}")
                    })
                });
            assert_ne!(gate.run().code, 0);
        }
    });
}

/// A name that holds a key is no model of Runway: it is asked for, and reported as unknown, without being shown.
#[test]
fn a_key_in_place_of_a_model_is_not_repeated() {
    let server = Server::script([Reply::ok(EXAMPLE)]);
    for format in ["text", "json", "markdown"] {
        let run = Gate::asking(&server)
            .args("--format")
            .arg(format)
            .arg(format!("--generations={KEY}=1"))
            .run();
        assert_ne!(run.code, 0, "{run:?}");
    }
}

#[test]
fn a_key_from_a_file_is_as_secret() {
    let other = format!(
        "key_{}",
        "5e7d90ab31c2f846".repeat(8).replacen("5e7d", "77aa", 3)
    );
    for name in [".env", "the-key"] {
        let server = Server::script([Reply::http(401, json!({ "error": other }).to_string())]);
        let content = if name == ".env" {
            format!("RUNWAYML_API_SECRET='{other}'\n")
        } else {
            other.clone()
        };
        let mut gate = Gate::asking(&server)
            .no_key()
            .secret(&other)
            .file(name, content);
        if name == "the-key" {
            gate = gate.args("--key-file the-key");
        }
        let run = gate.run();
        assert_eq!(run.code, 4, "{run:?}");
        assert_eq!(
            server.requests()[0].header("authorization"),
            format!("Bearer {other}")
        );
    }
}

/// However the line is broken or framed that it stands in.
#[test]
fn a_key_in_a_file_that_is_not_as_it_should_be_is_as_secret() {
    let (head, rest) = KEY.split_at(50);
    for (file, codes) in [
        (format!("NAME={head}\\\n{rest}"), "key-malformed"),
        (
            format!("NAME={head}\\\r\n{}\\\r\n{} # b", &rest[..40], &rest[40..]),
            "key-malformed",
        ),
        (format!("NAME=\n\n{KEY}\nA=b"), "key-missing"),
        (format!("NAME='{head}\n# a\n{rest}"), "key-malformed"),
        (format!("#NAME={KEY}"), "key-malformed"),
        (format!("{KEY} # NAME"), "key-malformed"),
    ] {
        let file = file.replace("NAME", "RUNWAYML_API_SECRET");
        for (name, args) in [(".env", ""), ("key", "--key-file=key")] {
            for part in [
                &KEY[4..20],
                &KEY[44..56],
                &rest[4..12],
                &rest[34..46],
                &rest[60..],
            ] {
                let gate = Gate::new().no_key().file(name, &file).args(args);
                let run = gate.arg(format!("--generations={part}=1")).run();
                run.fails(4, &[codes]);
            }
        }
    }
}

/// A secret of a certificate, put where its file's name belongs.
#[test]
fn a_private_key_in_place_of_a_path_is_not_shown() {
    let secret = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFd1";
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{secret}/+a\n-----END PRIVATE KEY-----\n");
    for value in [
        &*pem,
        &pem.replace('\n', " "),
        &format!("# ca.pem\n{pem}"),
        secret,
    ] {
        let gate = || {
            Gate::new()
                .secret(secret)
                .args("--base-url https://localhost:1")
        };
        // Where they are read.
        if tls::CAN_BE_TRUSTED {
            let run = gate().env("SSL_CERT_FILE", value).github().run();
            assert_eq!(
                (run.code, run.output("codes")),
                (5, "tls-failed"),
                "{run:?}"
            );
            run.says("SSL_CERT_FILE");
            let run = gate().env("SSL_CERT_DIR", value).run();
            run.fails(5, &["tls-failed"]);
        }
        for flag in ["--key-file", "--from", "--plan", "--write", "--label"] {
            if value == secret {
                continue;
            }
            for run in [
                gate().arg(flag).arg(value).run(),
                gate().arg(format!("{flag}={value}")).github().run(),
            ] {
                assert_eq!(run.code, 2, "{run:?}");
            }
        }
    }
}

/// A password in an address is a secret too.
#[test]
fn a_password_in_an_address_is_not_repeated() {
    let secret = "correct-horse-battery";
    for url in [
        format!("https://me:{secret}@127.0.0.1:1"),
        format!("http://{secret}@example.com"),
        format!("https://host/?{secret}"),
    ] {
        let run = Gate::new()
            .secret(secret)
            .args("--base-url")
            .arg(&url)
            .run();
        assert_eq!(run.code, 2, "{run:?}");
    }
    for proxy in [
        format!("socks5://me:{secret}@127.0.0.1:1"),
        format!("gopher://me:{secret}@x"),
        format!("http://me:{secret}@"),
        format!("http://me:p@{secret}#1@127.0.0.1:3128"),
        format!("http://me:p@{secret}/1@127.0.0.1:3128"),
        format!("http://me:p@{secret}?1@127.0.0.1:3128"),
        format!("http://me:{secret}\\@127.0.0.1:1"),
        format!("http://me:{secret}@127.0.0.1:99999"),
        format!("http://me:{secret}@:3128"),
        format!("//me:{secret}@127.0.0.1:1"),
    ] {
        let run = Gate::new()
            .secret(secret)
            .env("HTTPS_PROXY", &proxy)
            .args("--base-url https://localhost:1")
            .run();
        assert_eq!(run.code, 2, "{run:?}");
        let example = "example: HTTPS_PROXY=http://proxy.example:3128 runway-preflight\n";
        assert!(run.stderr.ends_with(example), "{run:?}");
    }
    // A proxy that can be used is named without them, also where it is not there.
    for proxy in [
        format!("http://me:{secret}@127.0.0.1:1"),
        format!("http://me:p@{secret}@127.0.0.1:1"),
        format!("http://me:%40{secret}@[::1]:1"),
    ] {
        let run = Gate::new()
            .secret(secret)
            .env("HTTPS_PROXY", &proxy)
            .args("-v --base-url https://localhost:1")
            .args(REFUSED)
            .run();
        run.fails(5, &["unreachable"]);
    }
}
