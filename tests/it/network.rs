//! Addresses, connections and name lookups, counted: round trips are what a run costs.
#![cfg(target_os = "linux")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use crate::support::body::{gen45, EXAMPLE};
use crate::support::tls::{self, Certificate};
use crate::support::{each, Gate, Reply, Server};

/// An address that takes no connection and refuses none: its queue is full.
struct Swallowing {
    _listener: socket2::Socket,
    _queued: Vec<TcpStream>,
}

impl Swallowing {
    fn new(address: SocketAddr) -> Self {
        let socket =
            |kind| socket2::Socket::new(socket2::Domain::IPV4, kind, None).expect("a socket");
        let listener = socket(socket2::Type::STREAM);
        listener.set_reuse_address(true).expect("an option");
        listener.bind(&address.into()).expect("bound");
        listener.listen(0).expect("listening");
        let patience = std::time::Duration::from_millis(200);
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, patience) {
            queued.push(stream);
        }
        Self {
            _listener: listener,
            _queued: queued,
        }
    }
}

/// Runs the gate where `localhost` has these addresses; `None` where this machine lets nobody mount.
fn with_hosts(gate: Gate, addresses: &[Ipv4Addr]) -> Option<crate::support::Run> {
    let can = Command::new("unshare").args(["-rm", "true"]).output();
    if !can.is_ok_and(|done| done.status.success()) {
        #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
        {
            eprintln!("left out: this machine has no user namespaces");
        }
        return None;
    }
    let hosts: String = addresses
        .iter()
        .map(|ip| format!("{ip} localhost\n"))
        .collect();
    let script = "mount --bind hosts /etc/hosts && exec \"$@\"";
    let shell = format!("exec unshare -rm sh -c '{script}' sh \"$@\"");
    Some(gate.file("hosts", hosts).shell(&shell).run())
}

/// The server at another address, which a resolver sorts behind 127.0.0.1 and its neighbours.
const BEHIND: Ipv4Addr = Ipv4Addr::new(127, 9, 0, 1);

/// Forwards one connection from there.
fn forward_to(server: &Server) -> u16 {
    let listener = TcpListener::bind((BEHIND, 0)).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let to = server.address();
    std::thread::spawn(move || {
        let (mut near, _) = listener.accept().expect("a connection");
        let mut far = TcpStream::connect(to).expect("the server");
        let (mut back, mut out) = (
            far.try_clone().expect("far"),
            near.try_clone().expect("near"),
        );
        std::thread::spawn(move || std::io::copy(&mut back, &mut out));
        std::io::copy(&mut near, &mut far)
    });
    port
}

#[test]
fn an_address_that_swallows_packets_is_passed_by() {
    for dead in [1, 3] {
        let server = Server::script([Reply::ok(EXAMPLE)]);
        let port = forward_to(&server);
        let dead: Vec<Ipv4Addr> = (0..dead).map(|n| Ipv4Addr::new(127, 0, 0, 1 + n)).collect();
        let swallowing: Vec<Swallowing> = dead
            .iter()
            .map(|ip| Swallowing::new(SocketAddr::new((*ip).into(), port)))
            .collect();
        let url = format!("http://localhost:{port}");
        let gate = Gate::new().args("-v --timeout 60s --base-url").arg(url);
        let addresses: Vec<Ipv4Addr> = dead.iter().copied().chain([BEHIND]).collect();
        let Some(run) = with_hosts(gate, &addresses) else {
            return;
        };
        assert_eq!((run.code, server.connections()), (0, 1), "{run:?}");
        for ip in &dead {
            let line = format!("{ip}:{port} no answer yet");
            run.says(&line);
        }
        let line = format!("{BEHIND}:{port} connected");
        run.says(&line);
        drop(swallowing);
    }
}

#[test]
fn a_refused_address_is_followed_by_the_next() {
    let server = Server::script([Reply::ok(EXAMPLE)]);
    let port = forward_to(&server);
    let url = format!("http://localhost:{port}");
    let gate = Gate::new().args("-v --base-url").arg(url);
    let Some(run) = with_hosts(gate, &[Ipv4Addr::new(127, 0, 0, 3), BEHIND]) else {
        return;
    };
    assert_eq!(run.code, 0, "{run:?}");
    let line = format!("127.0.0.3:{port} failed, {BEHIND}:{port} connected");
    run.says(&line);
}

#[test]
fn a_name_that_is_not_found_has_no_address() {
    let run = Gate::new()
        .args("--base-url https://no-such-host.invalid --timeout 2s -v")
        .run();
    assert_eq!(run.code, 5, "{run:?}");
    run.says("(no address)");
    assert!(!run.stderr.contains("no new connection"), "{run:?}");
}

const NO_HISTORY: &str = r#"{"results":[],"models":[]}"#;

fn closing(reply: Reply) -> Reply {
    reply.header("Connection", "close")
}

/// A new connection costs a round trip, and a full handshake another one and the signatures.
#[test]
fn tls_is_negotiated_once_and_then_resumed() {
    use rustls::HandshakeKind::{Full, Resumed};
    let ok = || Reply::ok(EXAMPLE);
    let history = || Reply::ok(NO_HISTORY);
    let busy = || Reply::http(503, "{}");
    let used_up = || Reply::ok(gen45(200, 200).to_string());
    // Answers, flags, how TLS began for each request, and how many connections there were.
    #[rustfmt::skip]
    let cases = [
        ("both requests", vec![ok(), history()], "--usage 7d", vec![Full, Full], 1),
        ("a second try", vec![busy(), ok(), history()], "--usage 7d", vec![Full, Full, Full], 1),
        ("both requests, closed between", vec![closing(ok()), history()], "--usage 7d", vec![Full, Resumed], 2),
        ("a second try, closed between", vec![closing(busy()), ok()], "", vec![Full, Resumed], 2),
        ("closed each time", vec![closing(busy()), closing(ok()), history()], "--usage 7d", vec![Full, Resumed, Resumed], 3),
        ("a second check", vec![used_up(), ok()], "--wait 1m --interval 5s --generations gen4.5=1", vec![Full, Full], 1),
        ("a second check, closed between", vec![closing(used_up()), ok()], "--wait 1m --interval 5s --generations gen4.5=1", vec![Full, Resumed], 2),
    ];
    let versions = [&rustls::version::TLS12, &rustls::version::TLS13];
    let cases = cases
        .iter()
        .flat_map(|case| versions.map(|version| (case, version)));
    let cases: Vec<_> = cases.collect();
    each(
        &cases,
        |((name, ..), version)| format!("{name}, {:?}", version.version),
        |((_, replies, args, handshakes, connections), version)| {
            let config = tls::server_of(Certificate::Good, &[version]);
            let server = Server::tls(config, replies.clone());
            let gate = Gate::asking(&server).args(args);
            let authority = tls::ca_file(gate.directory());
            let run = gate.env("SSL_CERT_FILE", authority).run();
            let requests = server.requests();
            let seen: Vec<_> = requests.iter().filter_map(|one| one.handshake).collect();
            assert_eq!(
                (run.code, &seen, server.connections()),
                (0, handshakes, *connections),
                "{run:?}"
            );
        },
    );
}

/// The name is looked up once for a check, and again only after a connection has failed.
#[test]
fn a_name_is_looked_up_once_for_a_check() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("left out: strace is not here");
        return;
    }
    let ok = || closing(Reply::ok(EXAMPLE));
    let history = || closing(Reply::ok(NO_HISTORY));
    let used_up = || closing(Reply::ok(gen45(200, 200).to_string()));
    let cut = || Reply::raw("HTTP/1.1 200 OK\r\nContent-Le");
    // Answers, each on a connection of its own; flags; lookups.
    #[rustfmt::skip]
    let cases = [
        ("both requests", vec![ok(), history()], "--usage 7d", 1),
        ("a second try", vec![closing(Reply::http(503, "")), ok(), history()], "--usage 7d", 1),
        ("a failed connection", vec![cut(), ok(), history()], "--usage 7d", 2),
        ("a second check", vec![used_up(), ok()], "--wait 1m --interval 5s --generations gen4.5=1", 2),
    ];
    each(
        &cases,
        |(name, ..)| (*name).to_owned(),
        |(_, replies, args, lookups)| {
            let server = Server::script(replies.clone());
            let run = Gate::new()
                .shell("strace -f -e trace=openat -o trace \"$@\"; code=$?; grep -c '\"/etc/hosts\"' trace >&2; exit $code")
                .args(args)
                .arg("--base-url")
                .arg(format!("http://localhost:{}", server.port()))
                .run();
            assert_eq!(
                (run.code, server.seen(), server.connections()),
                (0, replies.len(), replies.len()),
                "{run:?}"
            );
            let counted = run.stderr.lines().last();
            assert_eq!(counted, Some(lookups.to_string().as_str()), "{run:?}");
        },
    );
}
