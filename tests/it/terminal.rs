//! What a person sees: colour, and one line that is renewed while it waits.
#![cfg(unix)]

use crate::support::body::{gen45, EXAMPLE};
use crate::support::{Gate, Reply, Server};

#[test]
fn a_terminal_gets_colour_unless_it_is_not_wanted() {
    let server = Server::script([Reply::ok(EXAMPLE)]);
    let gate = || {
        Gate::asking(&server)
            .args("--credits 6000")
            .env("TERM", "xterm")
    };
    let (code, shown) = gate().on_terminal();
    assert_eq!(code, 6, "{shown}");
    assert!(shown.contains("\u{1b}["), "{shown:?}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let (code, shown) = gate().env(name, value).on_terminal();
        assert_eq!(code, 6, "{shown}");
        assert!(!shown.contains('\u{1b}'), "{name}: {shown:?}");
    }
    let dumb = gate().env("TERM", "dumb").args("--color always");
    assert!(dumb.on_terminal().1.contains("\u{1b}["));
}

#[test]
fn the_wait_is_one_line_that_is_renewed() {
    let left = |used: u64| Reply::ok(gen45(200, used).to_string());
    let server = Server::script([left(190), left(185), left(100)]);
    let gate = Gate::asking(&server).args("--generations gen4.5=20 --wait 10m --interval 5s");
    let (code, shown) = gate.env("TERM", "xterm").env("NO_COLOR", "1").on_terminal();
    assert_eq!((code, server.seen()), (0, 3), "{shown}");
    let (waiting, report) = shown
        .rsplit_once('\r')
        .map_or(("", ""), |_| shown.split_at(shown.find("GO ").unwrap_or(0)));
    let lines = waiting.matches("\r\n").count();
    assert!(lines <= 1, "{lines} lines while waiting: {shown:?}");
    assert!(
        waiting.replace("\r\n", "").contains('\r'),
        "not renewed: {shown:?}"
    );
    assert!(report.contains("gen4.5"), "{shown:?}");
}

/// Text of a server's moves no cursor, also if escape sequences are in use.
#[test]
fn a_server_sends_no_escapes_to_a_terminal() {
    let body = EXAMPLE.replacen("gen4_turbo", "\\u001b[2Jgone\\u009b1A\\u0007", 1);
    let server = Server::script([Reply::ok(body)]);
    let (code, shown) = Gate::asking(&server)
        .env("NO_COLOR", "1")
        .env("TERM", "xterm")
        .on_terminal();
    assert_eq!(code, 0, "{shown}");
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{9b}') && !shown.contains('\u{7}'),
        "{shown:?}"
    );
}

#[test]
fn text_is_wrapped_to_the_terminal() {
    let long = "--generations a_model_whose_name_is_longer_than_a_terminal_of_sixty_columns=5 \
                --label a-label-that-fills-the-first-line-of-a-terminal-all-by-itself";
    let history = "--usage 2026-02-15..2026-03-17 --tiers";
    let short = "--generations gen4.5=200@60 --generations veo3.1=10@0 --credits 6000";
    for (args, code) in [(short, 6), (long, 6), (history, 0)] {
        let shown = |columns| {
            let spent = Reply::ok(include_str!("../../examples/usage.json"));
            let answers = [Reply::ok(EXAMPLE), spent];
            let asked = 1 + usize::from(args == history);
            let server = Server::script(answers.into_iter().take(asked));
            let gate = Gate::asking(&server);
            let (found, shown) = gate
                .args(args)
                .args("--color never")
                .on_terminal_of(columns);
            assert_eq!(found, code, "{shown}");
            shown.replace(&server.address().to_string(), "127.0.0.1:54321")
        };
        let words = |text: &str| {
            let words = text.split_whitespace().map(str::to_owned);
            words.collect::<Vec<_>>()
        };
        let whole = shown(0);
        for columns in [80, 60, 40] {
            let wrapped = shown(columns);
            assert_eq!(words(&wrapped), words(&whole), "no word is broken or lost");
            for line in wrapped.lines() {
                let fits = line.chars().count() <= columns.into();
                // One word, behind a mark or `see:`.
                let one_word = line.split_whitespace().count() <= 2;
                assert!(fits || one_word, "{columns} columns: {line}");
                assert!(
                    !line.starts_with(&" ".repeat(40)),
                    "{columns} columns: {line}"
                );
            }
            if columns == 60 && args == short {
                insta::assert_snapshot!("terminal", wrapped.replace('\r', ""));
            }
        }
    }
}
