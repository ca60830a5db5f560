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
