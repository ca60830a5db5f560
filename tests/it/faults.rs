//! What can go wrong between the gate and Runway, a row for each: what it exits with, what it calls it, and how
//! often it asks.

use std::net::SocketAddr;
#[cfg(not(any(windows, target_vendor = "apple")))]
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::body::EXAMPLE;
use crate::support::tls::{self, Certificate};
use crate::support::{each, Gate, Reply, Server, Step, REFUSED};

/// Long enough for three tries (0, then 0.5 to 0.75, then 1 to 1.5 seconds later), too short for a fourth (at least
/// 3.5 seconds after the first), with a second to spare for slow machines.
const THREE: &str = "--timeout 3400ms";
/// No row that needs more than one try can pass with it, and none that is slow fails.
const LONG: &str = "--timeout 60s";
/// For what never comes.
const SHORT: &str = "--timeout 1500ms";

/// What the gate is put in front of.
struct World {
    server: Server,
    /// Servers that must not see a single connection.
    bystanders: Vec<Server>,
    proxy: Option<Server>,
    env: Vec<(&'static str, String)>,
    /// Stands in for the server's address.
    base: Option<String>,
    /// A port that nobody else may have meanwhile.
    _held: Option<socket2::Socket>,
}

enum Expected {
    Go,
    /// Exit code, diagnostic, and what the text must name.
    No(i32, &'static str, &'static [&'static str]),
}

struct Row {
    name: &'static str,
    world: Box<dyn Fn() -> World + Sync>,
    args: &'static str,
    expected: Expected,
    /// Requests that the server sees (connections, if none gets as far as a request).
    seen: usize,
    /// At least and at most between the first two requests, in milliseconds.
    gap: Option<(u64, u64)>,
    /// The server's certificate has to be trusted, or `SSL_CERT_FILE` to be read.
    needs_trust: bool,
}

impl Row {
    fn needs_trust(mut self) -> Self {
        self.needs_trust = true;
        self
    }

    fn gap(mut self, least: u64, most: u64) -> Self {
        self.gap = Some((least, most));
        self
    }
}

fn row(
    name: &'static str,
    world: impl Fn() -> World + Sync + 'static,
    args: &'static str,
    expected: Expected,
    seen: usize,
) -> Row {
    Row {
        name,
        world: Box::new(world),
        args,
        expected,
        seen,
        gap: None,
        needs_trust: false,
    }
}

fn no(exit: i32, code: &'static str) -> Expected {
    Expected::No(exit, code, &[])
}

fn naming(exit: i32, code: &'static str, names: &'static [&'static str]) -> Expected {
    Expected::No(exit, code, names)
}

/// A certificate that is refused. Windows and macOS have words of their own for why.
fn refused(names: &'static [&'static str]) -> Expected {
    let names = if tls::CAN_BE_TRUSTED { names } else { &[] };
    naming(5, "tls-failed", names)
}

fn world(server: Server) -> World {
    World {
        server,
        bystanders: Vec::new(),
        proxy: None,
        env: Vec::new(),
        base: None,
        _held: None,
    }
}

/// A server over plain HTTP.
fn http(replies: impl IntoIterator<Item = Reply>) -> World {
    world(Server::script(replies))
}

/// A server over TLS.
fn https(certificate: Certificate, replies: impl IntoIterator<Item = Reply>) -> World {
    world(Server::tls(tls::server(certificate), replies))
}

/// A server that should speak TLS and does this instead.
fn not_tls(replies: impl IntoIterator<Item = Reply>) -> World {
    let mut world = http(replies);
    world.base = Some(format!("https://localhost:{}", world.server.port()));
    world
}

/// A TLS server behind a proxy that does this for a `CONNECT`.
fn proxied(answer: impl Fn(&Server) -> Reply) -> World {
    let world = https(Certificate::Good, [ok()]);
    let proxy = Server::script([answer(&world.server)]);
    behind("http", proxy, world)
}

/// A TLS server behind a proxy that is named with https:// and does this as soon as it is read from.
fn tls_proxied(bytes: &[u8]) -> World {
    let steps = [Step::Read, Step::send(bytes)];
    let proxy = Server::script([Reply::steps(steps).at_accept()]);
    behind("https", proxy, https(Certificate::Good, [ok()]))
}

fn behind(scheme: &str, proxy: Server, mut world: World) -> World {
    let port = proxy.port();
    let url = format!("{scheme}://someone:hunter2hunter2@localhost:{port}");
    world.env.push(("HTTPS_PROXY", url));
    world.proxy = Some(proxy);
    world
}

/// A proxy that speaks something other than HTTP.
fn no_proxy(bytes: &'static [u8]) -> World {
    proxied(move |_| Reply::steps([Step::Read, Step::send(bytes)]).at_accept())
}

/// An address where nobody listens: it is bound as long as the world stands, so that no other test
/// can have it.
fn nowhere() -> (String, socket2::Socket) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a port");
    let address = socket.local_addr().expect("an address").as_socket();
    (address.expect("an address").to_string(), socket)
}

/// A host where nobody listens.
fn refusing(scheme: &str) -> World {
    let (address, held) = nowhere();
    World {
        base: Some(format!("{scheme}://{address}")),
        _held: Some(held),
        ..http([ok()])
    }
}

fn ok() -> Reply {
    Reply::ok(EXAMPLE)
}

/// Runway's own form of an error.
fn status(code: u16) -> Reply {
    Reply::http(
        code,
        r#"{"error":"Runway says why.","docUrl":"https://docs.dev.runwayml.com/errors"}"#,
    )
}

/// … to be tried again at once.
fn soon(code: u16) -> Reply {
    status(code).header("retry-after-ms", "1")
}

/// … to be tried again much later than any deadline here.
fn much_later(code: u16) -> Reply {
    status(code).header("Retry-After", "3600")
}

fn head(more: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{more}\r\n").into_bytes()
}

fn with_length(length: usize, more: &str) -> Vec<u8> {
    head(&format!("Content-Length: {length}\r\n{more}"))
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn chunk(bytes: &str) -> String {
    format!("{:x}\r\n{bytes}\r\n", bytes.len())
}

fn chunked(chunks: &str) -> Vec<u8> {
    join(&[&head("Transfer-Encoding: chunked\r\n"), chunks.as_bytes()])
}

/// Cut off within its body.
fn cut() -> Vec<u8> {
    join(&[&with_length(EXAMPLE.len(), ""), &EXAMPLE.as_bytes()[..200]])
}

fn date(ahead: i64) -> String {
    let now = SystemTime::now();
    let span = Duration::from_secs(ahead.unsigned_abs());
    httpdate::fmt_http_date(if ahead < 0 { now - span } else { now + span })
}

/// 200 MiB of zeros in gzip: a literal, then matches of 258 bytes at distance 1, in the fixed code.
fn bomb() -> Vec<u8> {
    let (mut bytes, mut held, mut count) = (vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], 0_u32, 0);
    let mut put = |value: u32, bits: u32| {
        held |= value << count;
        count += bits;
        while count >= 8 {
            bytes.push(held.to_le_bytes()[0]);
            held >>= 8;
            count -= 8;
        }
    };
    put(0b011, 3);
    put(0b0000_1100, 8);
    for _ in 0..200 * 1024 * 1024 / 258 {
        put(0b1010_0011, 8);
        put(0, 5);
    }
    put(0, 16);
    bytes
}

const SLOW: Duration = Duration::from_millis(100);

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    use Certificate::{Expired, Good, Namesake, NotYet, OfAuthority, UnknownAuthority, WrongName};
    use Expected::Go;
    let reset = || Reply::steps([Step::Reset]);
    let example = || EXAMPLE.as_bytes();
    vec![
        // ---- what is right
        row("an answer", || http([ok()]), LONG, Go, 1),
        row("an answer over TLS", || https(Good, [ok()]), LONG, Go, 1).needs_trust(),
        row("a byte order mark", || http([Reply::ok(format!("\u{feff}{EXAMPLE}"))]), LONG, Go, 1),
        row("HTTP/1.0, closed at its end", move || http([Reply::raw(join(&[b"HTTP/1.0 200 OK\r\n\r\n", example()]))]), LONG, Go, 1),
        row("HTTP/1.1 without a length, closed at its end", move || http([Reply::raw(join(&[&head(""), example()]))]), LONG, Go, 1),
        row("chunked", || http([Reply::raw(chunked(&(chunk(&EXAMPLE[..100]) + &chunk(&EXAMPLE[100..]) + "0\r\n\r\n")))]), LONG, Go, 1),
        row("chunked, with extensions and trailers", || http([Reply::raw(chunked(&(chunk(EXAMPLE).replacen("\r\n", ";a=b\r\n", 1) + "0\r\nX-After: all\r\n\r\n")))]), LONG, Go, 1),
        row("100 Continue first", move || http([Reply::raw(join(&[b"HTTP/1.1 100 Continue\r\n\r\n", &with_length(EXAMPLE.len(), ""), example()]))]), LONG, Go, 1),
        row("headers that drip, but end", move || http([Reply::steps([Step::Drip(with_length(EXAMPLE.len(), ""), Duration::from_millis(5)), Step::send(EXAMPLE)])]), LONG, Go, 1),
        row("a body that drips, but ends", || http([Reply::steps([Step::send(with_length(EXAMPLE.len(), "")), Step::Drip(EXAMPLE.into(), Duration::from_millis(1))])]), LONG, Go, 1),
        row("a body of 7 MiB", || http([Reply::ok(EXAMPLE.to_owned() + &" ".repeat(7 << 20))]), LONG, Go, 1),

        // ---- nobody there
        row("a name that does not resolve", || World { base: Some(format!("https://{}.invalid", "n".repeat(63))), ..http([ok()]) }, LONG, naming(5, "unreachable", &["nnnn.invalid", " tries"]), 0),
        row("refused", || refusing("http"), REFUSED, naming(5, "unreachable", &["127.0.0.1"]), 0),
        row("refused, to the end", || refusing("http"), LONG, naming(5, "unreachable", &["attempt 2", "3 tries"]), 0),
        row("refused over TLS", || refusing("https"), REFUSED, naming(5, "unreachable", &["127.0.0.1"]), 0),
        row("accepted and never answered", || http([Reply::steps([Step::Hang])]), SHORT, no(5, "timed-out"), 1),
        row("accepted and never read", || http([Reply::steps([Step::Pause(Duration::from_secs(4))]).at_accept()]), SHORT, no(5, "timed-out"), 1),

        // ---- cut short
        row("reset on connecting", move || http([reset().at_accept()]), LONG, naming(5, "unreachable", &["127.0.0.1"]), 3),
        row("closed on connecting", || http([Reply::raw("").at_accept()]), LONG, no(5, "unreachable"), 3),
        row("reset before the headers", move || http([reset()]), LONG, no(5, "unreachable"), 3),
        row("reset before the headers, then an answer", move || http([reset(), ok()]), LONG, Go, 2),
        row("closed before the headers", || http([Reply::raw("")]), LONG, naming(5, "unreachable", &["closed before an answer came"]), 3),
        row("closed before the headers, then an answer", || http([Reply::raw(""), ok()]), LONG, Go, 2),
        row("reset within the headers", || http([Reply::raw("HTTP/1.1 200 OK\r\nContent-").then(Step::Reset)]), LONG, no(5, "unreachable"), 3),
        row("reset within the headers, then an answer", || http([Reply::raw("HTTP/1.1 200 OK\r\nContent-").then(Step::Reset), ok()]), LONG, Go, 2),
        row("closed within the headers", || http([Reply::raw("HTTP/1.1 200 OK\r\nContent-")]), LONG, no(5, "unreachable"), 3),
        row("reset after the headers", || http([Reply::raw(with_length(EXAMPLE.len(), "")).then(Step::Reset)]), LONG, no(5, "unreachable"), 3),
        row("reset after the headers, then an answer", || http([Reply::raw(with_length(EXAMPLE.len(), "")).then(Step::Reset), ok()]), LONG, Go, 2),
        row("reset within the body", || http([Reply::raw(cut()).then(Step::Reset)]), LONG, no(5, "unreachable"), 3),
        row("Content-Length too long, then closed", || http([Reply::raw(cut())]), LONG, no(5, "unexpected-response"), 3),
        row("Content-Length too long, then an answer", || http([Reply::raw(cut()), ok()]), LONG, Go, 2),
        row("Content-Length too long, then silence", || http([Reply::raw(cut()).then(Step::Hang)]), SHORT, no(5, "timed-out"), 1),
        row("Content-Length too short", move || http([Reply::raw(join(&[&with_length(200, ""), example()]))]), LONG, no(5, "unexpected-response"), 1),
        row("Content-Length that is no number", move || http([Reply::raw(join(&[&head("Content-Length: plenty\r\n"), example()]))]), LONG, no(5, "unexpected-response"), 1),
        row("a chunk cut off", || http([Reply::raw(chunked(&format!("400\r\n{}", &EXAMPLE[..100])))]), LONG, no(5, "unexpected-response"), 3),
        row("a chunk cut off, then an answer", || http([Reply::raw(chunked(&format!("400\r\n{}", &EXAMPLE[..100]))), ok()]), LONG, Go, 2),
        row("chunked without an end", || http([Reply::raw(chunked(&chunk(EXAMPLE)))]), LONG, no(5, "unexpected-response"), 3),
        row("HTTP/1.0, cut off", || http([Reply::raw(format!("HTTP/1.0 200 OK\r\n\r\n{}", &EXAMPLE[..200]))]), LONG, no(5, "unexpected-response"), 1),

        // ---- too slow
        row("headers that drip", || http([Reply::steps([Step::Drip(with_length(2, &"X-Slow: 1\r\n".repeat(40)), SLOW)])]), SHORT, naming(5, "timed-out", &["waiting for the answer"]), 1),
        row("a body that drips", || http([Reply::steps([Step::send(with_length(EXAMPLE.len(), "")), Step::Drip(EXAMPLE.into(), SLOW)])]), SHORT, naming(5, "timed-out", &["reading the answer"]), 1),
        row("a failure, then silence", || http([soon(503), Reply::steps([Step::Hang])]), SHORT, no(5, "timed-out"), 2),

        // ---- not what was promised
        row("garbage instead of HTTP", || http([Reply::raw([0x16, 0x03, 0x01, 0xff, 0x00, b'\r', b'\n', b'\r', b'\n'])]), LONG, no(5, "unexpected-response"), 1),
        row("another protocol's greeting", || http([Reply::raw("SSH-2.0-OpenSSH_9.7\r\n\r\n")]), LONG, no(5, "unexpected-response"), 1),
        row("a status that is no number", || http([Reply::raw("HTTP/1.1 two OK\r\n\r\n")]), LONG, no(5, "unexpected-response"), 1),
        row("headers of 1 MiB in one line", move || http([Reply::raw(join(&[&with_length(EXAMPLE.len(), &format!("X-Long: {}\r\n", "a".repeat(1 << 20))), example()]))]), LONG, no(5, "unexpected-response"), 1),
        row("headers of 1 MiB in many lines", move || http([Reply::raw(join(&[&with_length(EXAMPLE.len(), &"X-Many: aaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(32 << 10)), example()]))]), LONG, no(5, "unexpected-response"), 1),
        row("a chunk whose length is no number", || http([Reply::raw(chunked(&format!("zz\r\n{EXAMPLE}\r\n0\r\n\r\n")))]), LONG, no(5, "unexpected-response"), 1),
        row("a chunk longer than it says", || http([Reply::raw(chunked(&format!("10\r\n{EXAMPLE}\r\n0\r\n\r\n")))]), LONG, no(5, "unexpected-response"), 1),
        row("a gzip body that nobody asked for", || http([Reply::ok(&bomb()[..64]).header("Content-Encoding", "gzip")]), LONG, no(5, "unexpected-response"), 1),
        row("a broken gzip body", || http([Reply::ok("\x1f\u{8b}nonsense").header("Content-Encoding", "gzip")]), LONG, no(5, "unexpected-response"), 1),
        row("a gzip bomb", || http([Reply::ok(bomb()).header("Content-Encoding", "gzip")]), LONG, no(5, "unexpected-response"), 1),
        row("a body over 8 MiB", || http([Reply::ok(EXAMPLE.to_owned() + &" ".repeat(9 << 20))]), LONG, no(5, "unexpected-response"), 1),
        row("a body over 8 MiB, chunked", || http([Reply::raw(chunked(&(chunk(EXAMPLE) + &chunk(&" ".repeat(9 << 20)) + "0\r\n\r\n")))]), LONG, no(5, "unexpected-response"), 1),
        row("204", || http([Reply::http(204, "")]), LONG, no(5, "unexpected-status"), 1),
        row("201, with the right body", || http([Reply::http(201, EXAMPLE)]), LONG, no(5, "unexpected-status"), 1),
        row("206, with half of it", || http([Reply::http(206, &EXAMPLE[..200])]), LONG, no(5, "unexpected-status"), 1),
        row("an empty Age", || http([ok().header("Age", "")]), LONG, naming(5, "unexpected-response", &["the Age \"\", not 0 to 60"]), 1),
        row("an empty body", || http([Reply::ok("")]), LONG, no(5, "unexpected-response"), 1),
        row("the page of a captive portal", || http([Reply::http(200, "<!doctype html><title>Welcome to Airport Wi-Fi</title>").header("Content-Type", "text/html")]), LONG, no(5, "unexpected-response"), 1),

        // ---- elsewhere
        row("a redirect to another host", || { let other = Server::script([ok()]); World { server: Server::script([Reply::http(302, "").header("Location", &other.url())]), bystanders: vec![other], ..http([ok()]) } }, LONG, naming(5, "unexpected-status", &["302", "it redirects to 127.0.0.1:"]), 1),
        row("a redirect that names a user", || http([Reply::http(307, "").header("Location", "https://me:hunter2hunter2@portal.example:8443/login?t=hunter2hunter2")]), LONG, naming(5, "unexpected-status", &["it redirects to portal.example:8443;"]), 1),
        row("a redirect without a scheme", || http([Reply::http(308, "").header("Location", "//portal.example")]), LONG, naming(5, "unexpected-status", &["it redirects to portal.example;"]), 1),
        row("a redirect that leads nowhere", || http([Reply::http(302, "")]), LONG, naming(5, "unexpected-status", &["302", "GET /v1/organization"]), 1),
        row("a redirect with a host in its query", || http([Reply::http(302, "").header("Location", "/login?next=https://other.example/x")]), LONG, naming(5, "unexpected-status", &["it redirects to a path of 127.0.0.1:"]), 1),
        row("a redirect to a query", || http([Reply::http(302, "").header("Location", "?a=//other.example")]), LONG, naming(5, "unexpected-status", &["it redirects to a path of 127.0.0.1:"]), 1),
        row("a redirect to the folder above", || http([Reply::http(302, "").header("Location", "..")]), LONG, naming(5, "unexpected-status", &["it redirects to a path of 127.0.0.1:"]), 1),
        row("an empty redirect", || http([Reply::http(302, "").header("Location", "")]), LONG, naming(5, "unexpected-status", &["it redirects to a path of 127.0.0.1:"]), 1),
        row("a redirect to no host", || http([Reply::http(302, "").header("Location", "mailto:a@b.example")]), LONG, naming(5, "unexpected-status", &["it redirects to another place;"]), 1),
        row("a redirect loop", || http([Reply::http(301, "").header("Location", "/v1/organization")]), LONG, naming(5, "unexpected-status", &["301", "a path of 127.0.0.1:"]), 1),
        row("303", || http([status(303).header("Location", "/elsewhere")]), LONG, no(5, "unexpected-status"), 1),
        row("307", || http([status(307).header("Location", "/elsewhere")]), LONG, no(5, "unexpected-status"), 1),
        row("308", || http([status(308).header("Location", "/elsewhere")]), LONG, no(5, "unexpected-status"), 1),
        row("304", || http([Reply::http(304, "")]), LONG, no(5, "unexpected-status"), 1),

        // ---- refused by name, never tried again
        row("400", || http([status(400), ok()]), LONG, naming(5, "request-rejected", &["2024-11-06", "Runway says: Runway says why.", "report it"]), 1),
        row("400 about the version", || http([Reply::http(400, r#"{"error":"Validation failed","issues":[{"message":"The API version is no longer supported."}]}"#)]), LONG, naming(5, "request-rejected", &["Validation failed: The API version is no", "2024-11-06", "update runway-preflight"]), 1),
        row("400 about the header of the version", || http([Reply::http(400, r#"{"error":"X-Runway-Version is not supported"}"#)]), LONG, naming(5, "request-rejected", &["update runway-preflight"]), 1),
        row("400 about a conversion", || http([Reply::http(400, r#"{"error":"currency conversion failed"}"#)]), LONG, naming(5, "request-rejected", &["report it"]), 1),
        row("400 of a middlebox", || http([Reply::http(400, "<h1>Bad request</h1>"), ok()]), LONG, naming(5, "unexpected-status", &["400"]), 1),
        row("400 of a gateway", || http([Reply::http(400, r#"{"message":"Bad Request"}"#)]), LONG, naming(5, "unexpected-status", &["400", "Bad Request"]), 1),
        row("400 with nothing", || http([Reply::http(400, "")]), LONG, no(5, "unexpected-status"), 1),
        row("422 of a middlebox", || http([Reply::http(422, "[]")]), LONG, no(5, "unexpected-status"), 1),
        row("403 of a gateway", || http([Reply::http(403, r#"{"message":"Forbidden"}"#)]), LONG, naming(5, "unexpected-status", &["; the answer says: Forbidden"]), 1),
        row("401", || http([status(401), ok()]), LONG, naming(4, "unauthorized", &["127.0.0.1", "Runway says why."]), 1),
        row("401 that is old", || http([status(401).header("Age", "100"), ok()]), "--fail-open", no(4, "unauthorized"), 1),
        row("403 that is old", || http([status(403).header("Age", "100"), ok()]), "--fail-open", no(4, "forbidden"), 1),
        row("503 that is old, then 200", || http([soon(503).header("Age", "100"), ok()]), LONG, Go, 2),
        row("403 of Runway", || http([status(403), ok()]), LONG, naming(4, "forbidden", &["Runway says why."]), 1),
        row("403 of a firewall", || http([Reply::http(403, "<h1>Access denied</h1>"), ok()]), LONG, naming(5, "unexpected-status", &["403"]), 1),
        row("404", || http([status(404), ok()]), LONG, naming(5, "unexpected-status", &["404"]), 1),
        row("405", || http([status(405), ok()]), LONG, no(5, "unexpected-status"), 1),
        row("410", || http([status(410), ok()]), LONG, no(5, "unexpected-status"), 1),
        row("418", || http([status(418), ok()]), LONG, no(5, "unexpected-status"), 1),
        row("422", || http([status(422), ok()]), LONG, no(5, "request-rejected"), 1),
        row("451", || http([status(451), ok()]), LONG, no(5, "unexpected-status"), 1),

        // ---- refused for now: to the end, and once followed by 200
        row("408 to the end", || http([soon(408), soon(408), much_later(408)]), LONG, no(5, "unavailable"), 3),
        row("408, then 200", || http([soon(408), ok()]), LONG, Go, 2),
        row("409 to the end", || http([soon(409), soon(409), much_later(409)]), LONG, no(5, "unavailable"), 3),
        row("409, then 200", || http([soon(409), ok()]), LONG, Go, 2),
        row("429 to the end", || http([soon(429), soon(429), much_later(429)]), LONG, naming(5, "rate-limited", &["Runway says why."]), 3),
        row("429, then 200", || http([soon(429), ok()]), LONG, Go, 2),
        row("500 to the end", || http([soon(500), soon(500), much_later(500)]), LONG, naming(5, "unavailable", &["500"]), 3),
        row("500, then 200", || http([soon(500), ok()]), LONG, Go, 2),
        row("501, then 200", || http([soon(501), ok()]), LONG, Go, 2),
        row("502 to the end", || http([soon(502), soon(502), much_later(502)]), LONG, no(5, "unavailable"), 3),
        row("502, then 200", || http([soon(502), ok()]), LONG, Go, 2),
        row("503 to the end", || http([soon(503), soon(503), much_later(503)]), LONG, no(5, "unavailable"), 3),
        row("503, then 200", || http([soon(503), ok()]), LONG, Go, 2),
        row("504 to the end", || http([soon(504), soon(504), much_later(504)]), LONG, no(5, "unavailable"), 3),
        row("504, then 200", || http([soon(504), ok()]), LONG, Go, 2),
        row("529, then 200", || http([soon(529), ok()]), LONG, Go, 2),
        row("503 by the clock alone", || http([status(503)]), THREE, no(5, "unavailable"), 3),
        row("429 by the clock alone", || http([status(429)]), THREE, no(5, "rate-limited"), 3),
        row("503, then 401", || http([soon(503), status(401)]), LONG, no(4, "unauthorized"), 2),
        row("503, then a page", || http([soon(503), Reply::http(200, "<html>")]), LONG, no(5, "unexpected-response"), 2),
        row("503 of a page, then 200", || http([Reply::http(503, "<html>").header("retry-after-ms", "1"), ok()]), LONG, Go, 2),
        row("503 with its body cut off, then 200", || http([Reply::raw("HTTP/1.1 503 No\r\nretry-after-ms: 1\r\nContent-Length: 99\r\n\r\n{"), ok()]), LONG, Go, 2),

        // ---- when to come back
        row("no word on when", || http([status(503), ok()]), LONG, Go, 2).gap(490, 20_000),
        row("Retry-After: 0 is ignored", || http([status(503).header("Retry-After", "0"), ok()]), LONG, Go, 2).gap(490, 20_000),
        row("Retry-After: 1", || http([status(429).header("Retry-After", "1"), ok()]), LONG, Go, 2).gap(990, 20_000),
        row("Retry-After: 3600", || http([much_later(429), ok()]), LONG, naming(5, "rate-limited", &["try again later, or allow more time (--wait);"]), 1),
        row("Retry-After: a date in the past is ignored", || http([status(503).header("Retry-After", &date(-3600)), ok()]), LONG, Go, 2).gap(490, 20_000),
        row("Retry-After: a date ahead", || http([status(503).header("Retry-After", &date(8)), ok()]), LONG, Go, 2).gap(1_500, 20_000),
        row("Retry-After: a date far ahead", || http([status(503).header("Retry-After", &date(3600)), ok()]), LONG, no(5, "unavailable"), 1),
        row("Retry-After: a negative number is ignored", || http([status(503).header("Retry-After", "-5"), ok()]), LONG, Go, 2).gap(490, 20_000),
        row("Retry-After: garbage is ignored", || http([status(503).header("Retry-After", "soon"), ok()]), LONG, Go, 2).gap(490, 20_000),
        row("Retry-After: more than any clock holds", || http([status(503).header("Retry-After", "99999999999999999999999999"), ok()]), LONG, naming(5, "unavailable", &["try again later; --fail-open"]), 1),
        row("retry-after-ms, five times within less than the back-off", || http([soon(503), soon(503), soon(503), soon(503), soon(503), ok()]), "--timeout 12s", Go, 6),
        row("retry-after-ms before Retry-After", || http([much_later(503).header("retry-after-ms", "1"), ok()]), LONG, Go, 2),
        row("retry-after-ms: 0 is ignored", || http([status(503).header("retry-after-ms", "0"), ok()]), LONG, Go, 2).gap(490, 20_000),
        row("retry-after-ms: garbage leaves Retry-After", || http([status(503).header("retry-after-ms", "-1").header("Retry-After", "1"), ok()]), LONG, Go, 2).gap(990, 20_000),
        row("x-should-retry: false", || http([soon(503).header("x-should-retry", "false"), ok()]), LONG, naming(5, "unavailable", &["try again later, or allow more time (--wait);"]), 1),
        row("x-should-retry: false on 429", || http([soon(429).header("x-should-retry", "false"), ok()]), LONG, no(5, "rate-limited"), 1),
        row("x-should-retry: true on 400", || http([soon(400).header("x-should-retry", "true"), ok()]), LONG, Go, 2),
        row("x-should-retry: true on 401", || http([soon(401).header("x-should-retry", "true"), ok()]), LONG, no(4, "unauthorized"), 1),
        row("x-should-retry: true on 404, to the end", || http([soon(404).header("x-should-retry", "true"), status(404)]), LONG, no(5, "unexpected-status"), 2),
        row("x-should-retry: true on a redirect", || http([soon(302).header("x-should-retry", "true"), ok()]), LONG, no(5, "unexpected-status"), 1),
        row("x-should-retry: garbage", || http([soon(404).header("x-should-retry", "maybe"), ok()]), LONG, no(5, "unexpected-status"), 1),

        // ---- TLS
        row("an authority with a new key", || https(Namesake, [ok()]), LONG, refused(&["not trusted here", "SSL_CERT_FILE"]), 1),
        row("an unknown authority", || https(UnknownAuthority, [ok()]), LONG, refused(&["SSL_CERT_FILE", "localhost"]), 1),
        row("an expired certificate", || https(Expired, [ok()]), LONG, refused(&["expired on 2020-01-01", "this machine's clock says", "renew the server's certificate"]), 1),
        row("a certificate of the future", || https(NotYet, [ok()]), LONG, refused(&["valid from 4000-01-01", "clock is likely wrong"]), 1),
        row("a certificate of an authority", || https(OfAuthority, [ok()]), LONG, refused(&["CaUsedAsEndEntity", "CA:FALSE"]), 1),
        row("a certificate for another name", || https(WrongName, [ok()]), LONG, refused(&["for other names than this host's"]), 1),
        row("plain HTTP on a TLS port", || not_tls([Reply::steps([Step::Read, Step::send(b"HTTP/1.1 400 Bad Request\r\n\r\n")]).at_accept()]), LONG, naming(5, "tls-failed", &["does not speak TLS"]), 1),
        row("a server that wants a certificate", || not_tls([Reply::steps([Step::Read, Step::send([21, 3, 3, 0, 2, 2, 116])]).at_accept()]), LONG, naming(5, "tls-failed", &["CertificateRequired", "fix: check that the port speaks TLS (1.2 or 1.3, without a client certificate)"]), 1),
        row("a handshake closed", || not_tls([Reply::steps([Step::Read]).at_accept()]), LONG, naming(5, "tls-failed", &["check that the port speaks TLS"]), 3),
        row("a handshake reset", || not_tls([Reply::steps([Step::Read, Step::Reset]).at_accept()]), LONG, no(5, "tls-failed"), 3),
        row("a handshake cut off, then an answer", || World { base: None, ..https(Good, [Reply::steps([Step::Read]).at_accept(), ok()]) }, LONG, Go, 2).needs_trust(),
        row("a handshake that never ends", || not_tls([Reply::steps([Step::Hang]).at_accept()]), SHORT, no(5, "timed-out"), 1),
        row("no authority in SSL_CERT_FILE", || World { env: vec![("SSL_CERT_FILE", "/dev/null".into())], ..https(Good, [ok()]) }, LONG, naming(5, "tls-failed", &["SSL_CERT_FILE", "/dev/null"]), 0).needs_trust(),
        row("an SSL_CERT_FILE that is not there", || World { env: vec![("SSL_CERT_FILE", "/no/such/file.pem".into())], ..https(Good, [ok()]) }, LONG, naming(5, "tls-failed", &["/no/such/file.pem"]), 0).needs_trust(),
        row("reset over TLS", move || https(Good, [reset()]), LONG, no(5, "unreachable"), 3).needs_trust(),
        row("503 over TLS, then 200", || https(Good, [soon(503), ok()]), LONG, Go, 2).needs_trust(),
        row("closed over TLS without a farewell", || https(Good, [Reply::raw(cut()).then(Step::Reset)]), LONG, no(5, "unreachable"), 3).needs_trust(),

        // ---- proxies
        row("a proxy", || proxied(|server| Reply::steps([Step::Tunnel(server.address())])), LONG, Go, 1).needs_trust(),
        row("a proxy that is not there", || { let (address, held) = nowhere(); World { env: vec![("HTTPS_PROXY", format!("http://someone:hunter2hunter2@{address}"))], _held: Some(held), ..https(Good, [ok()]) } }, REFUSED, naming(5, "unreachable", &["proxy", "127.0.0.1"]), 0),
        row("a proxy that asks for a password", || proxied(|_| Reply::http(407, "").header("Proxy-Authenticate", "Basic")), LONG, naming(5, "unreachable", &["proxy", "407: it got no user and password that it accepts"]), 0),
        row("a proxy that refuses", || proxied(|_| Reply::http(403, "not from here")), LONG, naming(5, "unreachable", &["proxy", "403"]), 0),
        row("a proxy that closes", || proxied(|_| Reply::raw("")), LONG, naming(5, "unreachable", &["through the proxy localhost:", "3 tries"]), 0),
        row("a proxy that resets", || proxied(|_| Reply::steps([Step::Reset])), LONG, naming(5, "unreachable", &["through the proxy localhost:"]), 0),
        row("a proxy that never answers", || proxied(|_| Reply::steps([Step::Hang])), SHORT, naming(5, "timed-out", &["through the proxy localhost:"]), 0),
        row("a proxy that drips, and refuses", || proxied(|_| Reply::steps([Step::Drip(b"HTTP/1.1 407 No\r\n\r\n".to_vec(), Duration::from_millis(5))])), LONG, naming(5, "unreachable", &["407"]), 0),
        row("a proxy of SSH", || no_proxy(b"SSH-2.0-OpenSSH_9.7\r\n"), LONG, naming(5, "unreachable", &["through the proxy localhost:", "does not answer in HTTP"]), 0),
        row("a proxy of SOCKS", || no_proxy(&[5, 255]), LONG, naming(5, "unreachable", &["through the proxy localhost:", "SOCKS"]), 0),
        row("a proxy that answers with an alert of TLS", || no_proxy(&[21, 3, 3, 0, 2, 2, 70]), LONG, naming(5, "unreachable", &["through the proxy localhost:", "https:// only if"]), 0),
        row("a proxy of noise", || no_proxy(&[0xff; 300]), LONG, naming(5, "unreachable", &["through the proxy localhost:"]), 0),
        row("a proxy of endless noise", || no_proxy(&[b'H'; 100_000]), LONG, naming(5, "unreachable", &["through the proxy localhost:"]), 0),
        row("https:// for a proxy of plain HTTP", || tls_proxied(b"HTTP/1.1 400 Bad Request\r\n\r\n"), LONG, naming(5, "unreachable", &["through the proxy localhost:", "write http://"]), 0),
        row("https:// for a proxy of SSH", || tls_proxied(b"SSH-2.0-OpenSSH_9.7\r\n"), LONG, naming(5, "unreachable", &["through the proxy localhost:", "does not answer in TLS"]), 0),
        row("https:// for a proxy that closes", || tls_proxied(b""), LONG, naming(5, "unreachable", &["through the proxy localhost:", "only if the proxy itself speaks TLS"]), 0),
        row("a proxy that nobody trusts", || behind("https", Server::tls(tls::server(UnknownAuthority), [ok()]), https(Good, [ok()])), LONG, refused(&["to the proxy localhost:", "SSL_CERT_FILE"]), 0),
        row("a host that is left out of the proxy", || { let mut world = proxied(|_| Reply::raw("")); world.bystanders.extend(world.proxy.take()); world.env.push(("NO_PROXY", "localhost".into())); world }, LONG, Go, 1).needs_trust(),
        row("plain HTTP never takes the proxy", || { let proxy = Server::script([ok()]); World { env: vec![("HTTP_PROXY", proxy.url()), ("ALL_PROXY", proxy.url()), ("http_proxy", proxy.url())], bystanders: vec![proxy], ..http([ok()]) } }, LONG, Go, 1),
    ]
}

#[test]
fn faults_have_exit_code_name_and_request_count() {
    let mut rows = rows();
    assert!(rows.len() >= 60);
    rows.retain(|row| tls::CAN_BE_TRUSTED || !row.needs_trust);
    each(&rows, |row| row.name.to_owned(), hold);
}

fn hold(row: &Row) {
    let world = (row.world)();
    let mut gate = Gate::new().secret("hunter2hunter2");
    let authority = tls::ca_file(gate.directory());
    gate = gate
        .env("SSL_CERT_FILE", authority)
        .env(
            "RUNWAYML_BASE_URL",
            world.base.clone().unwrap_or_else(|| world.server.url()),
        )
        .args("--generations gen4.5=20 --credits 1200 --format json")
        .args(row.args);
    for (name, value) in &world.env {
        gate = gate.env(name, value);
    }
    let run = gate.run();
    let (exit, code, names) = match row.expected {
        Expected::Go => (0, None, [].as_slice()),
        Expected::No(exit, code, names) => (exit, Some(code), names),
    };
    assert_eq!(run.code, exit, "{run:?}");
    assert_eq!(run.codes("error"), Vec::from_iter(code), "{run:?}");
    for name in names {
        assert!(run.stderr.contains(name), "does not name {name}: {run:?}");
    }
    let seen = world.server.seen();
    assert_eq!(seen, row.seen, "requests seen; {run:?}");
    for other in &world.bystanders {
        assert_eq!(other.seen(), 0, "a request to another host: {run:?}");
    }
    for request in world
        .server
        .requests()
        .iter()
        .filter(|one| !one.method.is_empty())
    {
        assert_eq!(
            (&*request.method, &*request.target),
            ("GET", "/v1/organization")
        );
        assert_eq!(
            request.header("authorization"),
            format!("Bearer {}", crate::support::KEY)
        );
        assert_eq!(request.header("x-runway-version"), "2024-11-06");
        assert_eq!(request.header("cache-control"), "no-cache");
        let agent = concat!("runway-preflight/", env!("CARGO_PKG_VERSION"));
        assert_eq!(request.header("user-agent"), agent);
        assert!(
            request
                .all("accept-encoding")
                .iter()
                .all(|one| *one == "identity"),
            "{request:?}"
        );
    }
    if let Some(proxy) = &world.proxy {
        for request in proxy.requests() {
            assert!(["CONNECT", ""].contains(&&*request.method), "{request:?}");
            assert!(
                request.all("authorization").is_empty(),
                "the key went to a proxy: {request:?}"
            );
        }
        assert!(proxy.seen() > 0, "the proxy was not asked: {run:?}");
    }
    if let Some((least, most)) = row.gap {
        let gap = world.server.gaps()[0];
        assert!(
            gap >= Duration::from_millis(least) && gap <= Duration::from_millis(most),
            "{gap:?}: {run:?}"
        );
    }
    // Each try that is followed by another says so.
    let tried_again = seen.saturating_sub(1);
    if tried_again > 0 && world.proxy.is_none() {
        let reported = run
            .stderr
            .lines()
            .filter(|line| line.contains("again"))
            .count();
        assert!(
            reported >= tried_again,
            "{tried_again} tries failed, {reported} reported: {run:?}"
        );
    }
    // What has to wait past the deadline ends at once.
    if row.args == LONG {
        assert!(run.took < Duration::from_secs(45), "{run:?}");
    }
}

#[cfg(not(any(windows, target_vendor = "apple")))]
#[test]
fn authorities_come_from_a_file_or_a_directory() {
    let server = Server::tls(tls::server(Certificate::Good), [ok()]);
    let gate = || Gate::asking(&server).args("--format json");
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("0a1b2c3d.0"), tls::ca_pem()).expect("a file");
    let run = gate().env("SSL_CERT_DIR", directory.path()).run();
    assert_eq!(run.code, 0, "{run:?}");
    let good = directory.path().join("0a1b2c3d.0");
    let empty = tempfile::tempdir().expect("a directory");
    let (empty, missing) = (empty.path(), empty.path().join("missing"));
    let joined = |paths: &[&Path]| std::env::join_paths(paths).expect("paths");
    let run = gate()
        .env("SSL_CERT_DIR", joined(&[&missing, directory.path()]))
        .run();
    assert_eq!(run.code, 0, "{run:?}");
    for (folders, why) in [
        (joined(&[empty]), "it holds no certificate"),
        (joined(&[&missing]), "missing: it does not exist"),
        (joined(&[&good]), "0a1b2c3d.0: not a directory"),
        (joined(&[empty, &missing]), ", nor from "),
    ] {
        // A good file does not make up for it.
        for file in ["", good.to_str().expect("UTF-8")] {
            let run = gate()
                .env("SSL_CERT_DIR", &folders)
                .env("SSL_CERT_FILE", file)
                .run();
            run.reports(5, &["tls-failed"]);
            let cause = run.json()["diagnostics"][0]["cause"].to_string();
            assert!(
                cause.contains("SSL_CERT_DIR is set, but no certificate"),
                "{cause}"
            );
            assert!(cause.contains(why), "{cause}");
        }
    }
    for junk in [
        "",
        "not a certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let gate = gate().file("junk.pem", junk);
        let file = gate.path("junk.pem");
        let run = gate.env("SSL_CERT_FILE", &file).run();
        run.reports(5, &["tls-failed"]);
        assert!(
            run.stderr.contains("SSL_CERT_FILE") && run.stderr.contains("junk.pem"),
            "{run:?}"
        );
    }
}

/// What was asked is shown as it was asked.
#[test]
fn the_path_of_a_base_url_is_shown() {
    for (path, target, said) in [
        ("/v1", "/v1/v1/organization", true),
        ("/runway/v1/", "/runway/v1/v1/organization", true),
        ("/runway", "/runway/v1/organization", false),
        ("/v1/organization", "/v1/organization/v1/organization", true),
    ] {
        for reply in [
            Reply::http(404, "<h1>Not here</h1>"),
            Reply::ok("<h1>Not here</h1>"),
        ] {
            let server = Server::script([reply]);
            let run = Gate::new()
                .env("RUNWAYML_BASE_URL", server.url() + path)
                .args("-v")
                .run();
            assert_eq!(run.code, 5, "{run:?}");
            assert_eq!(server.requests()[0].target, target, "{run:?}");
            let shown = run.stderr.matches(&format!("GET {target}")).count();
            assert_eq!(shown, 2, "in a line of -v, and in the cause: {run:?}");
            let advice = run.stderr.contains("RUNWAYML_BASE_URL before /v1");
            assert_eq!(advice, said, "{run:?}");
        }
    }
}

/// What a run does not use it does not load.
#[test]
fn authorities_matter_to_tls_alone() {
    let server = Server::script([ok()]);
    let run = Gate::asking(&server)
        .env("SSL_CERT_FILE", "/no/such/file")
        .run();
    assert_eq!(run.code, 0, "{run:?}");
    let run = Gate::reading(EXAMPLE)
        .env("SSL_CERT_FILE", "/no/such/file")
        .run();
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn a_try_after_a_503_uses_the_connection_again() {
    let server = Server::script([Reply::http(503, "{}"), Reply::ok(EXAMPLE)]);
    let run = Gate::asking(&server).args("-v").run();
    assert_eq!(
        (run.code, server.seen(), server.connections()),
        (0, 2, 1),
        "{run:?}"
    );
    let lines: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("GET "))
        .collect();
    assert_eq!(lines.len(), 2, "{run:?}");
    assert!(
        lines[0].contains(": 503 in ") && lines[0].ends_with(" connected)"),
        "{run:?}"
    );
    assert!(
        lines[1].contains(": 200 in ") && lines[1].ends_with("(no new connection)"),
        "{run:?}"
    );
}

#[cfg(not(any(windows, target_vendor = "apple")))]
#[test]
fn a_file_of_certificates_is_read_within_bounds() {
    let server = Server::tls(tls::server(Certificate::Good), [ok()]);
    let one_line = "-----BEGIN RSA PRIVATE KEY----- hunter2hunter2 -----END RSA PRIVATE KEY-----";
    let glued = format!("{}{}", tls::ca_pem().trim_end(), tls::ca_pem());
    let run = |content: Option<&str>, path: Option<&str>| {
        let gate = Gate::asking(&server).secret("hunter2hunter2");
        let gate = gate.file("ca.pem", content.unwrap_or_default());
        let file = path.map_or_else(|| gate.path("ca.pem"), Into::into);
        gate.env("SSL_CERT_FILE", file)
            .args("--format json --timeout 20s")
            .run()
    };
    for content in [format!("\u{feff}{}", tls::ca_pem()), glued] {
        let run = run(Some(&content), None);
        assert_eq!(run.code, 0, "{run:?}");
    }
    for (content, path) in [
        (None, Some("/dev/zero")),
        (None, Some("/")),
        (Some(one_line), None),
        (Some(&*"x".repeat(2_000_000)), None),
        (Some(&*"x".repeat(9_000_000)), None),
    ] {
        let run = run(content, path);
        assert_eq!(run.codes("error"), ["tls-failed"], "{run:?}");
        let cause = run.json()["diagnostics"][0]["cause"].to_string();
        assert!(cause.chars().count() < 400, "{cause}");
    }
    // Empty is as unset: the system's own certificates, which do not know this authority.
    let run = Gate::asking(&server)
        .env("SSL_CERT_FILE", "")
        .env("SSL_CERT_DIR", "")
        .args("--format json")
        .run();
    run.says("not trusted here");
}
