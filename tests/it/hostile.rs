//! What a server sends is data: it reaches no terminal, no log, no output and no table as anything else.

use serde_json::{json, Value};

use crate::support::body::{organization, EXAMPLE};
use crate::support::{each, Gate, Reply, Run, Server};

fn texts() -> Vec<String> {
    let texts = [
        "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}",
        "\u{9b}31mred",
        "first\nsecond",
        "first\r\nsecond\rthird",
        "\n::error::injected",
        "::error::injected",
        "  ::set-output name=pass::true",
        "::stop-commands::now",
        "in the middle ##[add-mask]o of a line",
        "##[error]injected",
        "#\u{0}#[error]injected",
        "#\u{200e}#[error]injected",
        "%0A::error::injected%0D%0A",
        "pass=true\npass=true",
        "report<<END\n{}\nEND",
        "a|b||c",
        "`code` ``more`` ```\nfence\n```",
        "**bold** _it_ [click](javascript:alert(1)) ![pixel](https://evil.example/p.png)",
        "<script>alert(1)</script><img src=x onerror=alert(1)></details>",
        "<!-- hidden",
        "\"quoted\" 'too' \\ back\\nslash",
        "nul\0inside",
        "right\u{202e}tfel\u{200f}\u{2066}",
        "lines\u{2028}of\u{2029}another\u{85}kind",
        "&lt;b&gt;&#10;&amp;",
        "$(touch pwned) `touch pwned` ${{ secrets.KEY }}",
        "\u{feff}\u{200b}\u{ad}",
        "🎬",
        "",
        " ",
    ];
    let mut texts: Vec<String> = texts.map(String::from).to_vec();
    texts.push("\u{1b}[2J\n".repeat(2_000));
    texts.push("é".repeat(299) + "🎬🎬");
    texts
}

fn places(text: &str) -> Vec<(&'static str, Vec<Reply>, &'static str)> {
    let model = |daily: Value| {
        organization(
            5000,
            &[
                (text, json!(2), daily, json!(1)),
                ("gen4.5", json!(2), json!(200), json!(12)),
            ],
        )
        .to_string()
    };
    let error = |code: u16, body: Value| {
        vec![Reply::http(code, body.to_string()).header("x-should-retry", "false")]
    };
    vec![
        ("name of a model", vec![Reply::ok(model(json!(100)))], ""),
        ("name beside an unknown model", vec![Reply::ok(model(json!(100)))], "--generations gen45=1"),
        ("name of an unreadable model", vec![Reply::ok(model(json!("?")))], "--generations gen4.5=500"),
        ("limit of an unreadable model", vec![Reply::ok(model(json!(text)))], ""),
        ("balance", vec![Reply::ok(json!({ "creditBalance": text, "tier": { "models": {} }, "usage": { "models": {} } }).to_string())], ""),
        ("error", error(401, json!({ "error": text, "docUrl": text })), ""),
        ("error of Runway", error(400, json!({ "error": text, "docUrl": format!("https://docs.example/{text}"), "issues": [{ "message": text, "path": [text] }] })), ""),
        ("message", error(503, json!({ "message": text })), ""),
        ("error.message", error(403, json!({ "error": { "message": text } })), ""),
        ("page", vec![Reply::http(404, text)], ""),
        ("answer", vec![Reply::ok(text)], ""),
    ]
}

#[test]
fn text_from_a_server_stays_text() {
    let mut cases = Vec::new();
    for text in texts() {
        for (place, replies, args) in places(&text) {
            cases.push((text.clone(), place, replies, args));
        }
    }
    let name = |(text, place, _, _): &(String, _, _, _)| {
        format!("{place}: {:?}", text.chars().take(60).collect::<String>())
    };
    each(&cases, name, |(text, place, replies, args)| {
        // As a step it writes all forms at once.
        for (format, github) in [("text", false), ("json", true)] {
            let server = Server::script(replies.clone());
            let gate = Gate::asking(&server)
                .args(args)
                .args("--format")
                .arg(format);
            let run = if github {
                gate.github().run()
            } else {
                gate.run()
            };
            assert!(run.code == 0 || !run.stderr.is_empty(), "{run:?}");
            if let Some(summary) = &run.summary {
                markdown(summary, &run);
            }
            if *place == "name of a model" && format == "json" {
                // In JSON a name is whole: it is what later steps look it up by.
                assert!(
                    run.json()["organization"]["models"].get(text).is_some(),
                    "{run:?}"
                );
            }
            if place.contains("error") || place.contains("message") {
                assert!(
                    run.stderr.len() < 4_000,
                    "{} bytes: {run:?}",
                    run.stderr.len()
                );
            }
        }
    });
}

/// No table is broken, and no markup of a server's is left standing.
#[track_caller]
fn markdown(text: &str, run: &Run) {
    // In code nothing is markup, and no line of ours holds an odd number of its marks.
    let outside: String = text
        .lines()
        .map(|line| {
            let plain = line.replace("\\`", "");
            assert!(plain.matches('`').count() % 2 == 0, "{line}");
            plain.split('`').step_by(2).collect::<Vec<_>>().join(" ") + "\n"
        })
        .collect();
    let lower = outside.to_lowercase();
    for link in ["http://", "www.", "ftp://"] {
        assert!(!lower.contains(link), "{link} becomes a link: {text}");
    }
    for markup in ["<script", "<img", "<!--", "](javascript", "![pixel]"] {
        let standing = lower
            .match_indices(markup)
            .any(|(at, _)| !lower[..at].ends_with('\\'));
        assert!(
            !standing,
            "{markup} stands in the Markdown: {text}\n{run:?}"
        );
    }
    let mut columns = None;
    for line in text.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        let bars = line
            .replace("\\\\", "")
            .replace("\\|", "")
            .matches('|')
            .count();
        assert_eq!(
            *columns.get_or_insert(bars),
            bars,
            "a broken table: {line}\n{text}"
        );
    }
    let plain = lower.replace("\\<", "");
    let folds = |tag: &str| plain.matches(tag).count();
    assert_eq!(folds("<details"), folds("</details"), "{text}");
}

#[test]
fn a_long_text_is_cut_where_it_is_quoted() {
    let text = "long ".repeat(20_000);
    each(
        &places(&text),
        |(place, ..)| (*place).to_owned(),
        |(place, replies, args)| {
            let server = Server::script(replies.clone());
            let run = Gate::asking(&server).github().args(args).run();
            assert!(run.code == 0 || !run.stderr.is_empty(), "{run:?}");
            let named = place.starts_with("name");
            assert!(
                named || run.stderr.len() < 4_000,
                "{} bytes",
                run.stderr.len()
            );
        },
    );
}

#[test]
fn doc_links_are_shown_only_if_they_are_https() {
    let links = [
        "http://docs.evil.example/a",
        "javascript:alert('evil.example')",
        "file:///evil.example",
        "//evil.example",
        "https:evil.example",
        "HTTPS ://evil.example",
    ];
    each(&links, ToString::to_string, |link| {
        for format in ["text", "json", "markdown"] {
            let server = Server::script([Reply::http(
                401,
                json!({ "error": "No.", "docUrl": link }).to_string(),
            )]);
            let run = Gate::asking(&server).args("--format").arg(format).run();
            assert_eq!(run.code, 4, "{run:?}");
            assert!(
                !(run.stdout.clone() + &run.stderr).contains("evil.example"),
                "{run:?}"
            );
        }
    });
}

/// Names are data also if they come from the user.
#[test]
fn a_hostile_model_on_the_command_line_is_text_too() {
    let hostile = [
        "::error::x",
        "a\nb",
        "##[error]x",
        "\u{1b}[31m",
        "a|b<img>",
        "right\u{202e}tfel",
    ];
    each(
        &hostile,
        |name| format!("{name:?}"),
        |name| {
            for format in ["text", "json", "markdown"] {
                let server = Server::script([Reply::ok(EXAMPLE)]);
                let flag = format!("--generations={name}=1");
                let run = Gate::asking(&server)
                    .github()
                    .arg(flag)
                    .args("--format")
                    .arg(format)
                    .run();
                assert!([2, 6].contains(&run.code), "{run:?}");
            }
        },
    );
}

#[test]
fn a_hostile_name_of_a_file_is_text_too() {
    let run = Gate::new()
        .no_key()
        .arg("--from")
        .arg("no\u{1b}[31m\n::error::such file")
        .run();
    assert_eq!(run.code, 2, "{run:?}");
}
