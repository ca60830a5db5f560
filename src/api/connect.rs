//! Names and connections, watched: a failure is reported with the phase it happened in.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, RustlsConnector,
    Transport,
};
use ureq::Agent;

use super::base_url::bare;
use super::lookup;
use super::tcp::{self, Tried};

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Looking up the name.
    Lookup,
    /// Opening the connection.
    Connect,
    /// Through the proxy.
    Tunnel,
    /// The TLS handshake.
    Handshake,
    /// From the request to the end of the answer's headers.
    Answer,
    /// The answer's body.
    Body,
}

impl Phase {
    const ALL: [Self; 6] = [
        Self::Lookup,
        Self::Connect,
        Self::Tunnel,
        Self::Handshake,
        Self::Answer,
        Self::Body,
    ];

    /// What was being done, as a part of a sentence.
    fn doing(self) -> &'static str {
        match self {
            Self::Lookup => "looking up the host's name",
            Self::Connect => "opening the connection",
            Self::Tunnel => "waiting for the proxy to open a tunnel",
            Self::Handshake => "negotiating TLS",
            Self::Answer => "waiting for the answer",
            Self::Body => "reading the answer",
        }
    }
}

/// How far the request has come, shared by everything that takes part.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<State>);

#[derive(Debug, Default)]
struct State {
    phase: AtomicU8,
    reset: AtomicBool,
    /// The name that was looked up last, and its addresses.
    known: Mutex<Option<(String, ResolvedSocketAddrs)>>,
    /// The addresses that the request under way has tried.
    tried: Mutex<Vec<(SocketAddr, Tried)>>,
}

impl Progress {
    pub(super) fn enter(&self, phase: Phase) {
        let index = Phase::ALL.iter().position(|known| *known == phase);
        let index = index.and_then(|index| u8::try_from(index).ok());
        self.0.phase.store(index.unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn phase(&self) -> Phase {
        let index = usize::from(self.0.phase.load(Ordering::Relaxed));
        Phase::ALL.get(index).copied().unwrap_or(Phase::Lookup)
    }

    /// The next request looks its name up.
    pub(super) fn forget_addresses(&self) {
        *self.known() = None;
    }

    /// Notes what came of an address; the newest outcome counts.
    pub(super) fn note_address(&self, address: SocketAddr, outcome: Tried) {
        let mut tried = self.tried();
        match tried.iter_mut().find(|(known, _)| *known == address) {
            Some((_, known)) => *known = outcome,
            None => tried.push((address, outcome)),
        }
    }

    /// The addresses that were tried, in words; none if an open connection was used.
    pub(super) fn addresses(&self) -> Vec<String> {
        let tried = self.tried();
        if tried.is_empty() && self.phase() == Phase::Lookup {
            return vec!["no address".to_owned()];
        }
        let tried = tried.iter();
        tried
            .map(|(address, outcome)| format!("{address} {}", outcome.word()))
            .collect()
    }

    /// What is being done, as a part of a sentence; of a connection, to which addresses of the name.
    pub(super) fn doing(&self) -> String {
        const MAX_NAMED: usize = 4;
        let mut text = self.phase().doing().to_owned();
        if self.phase() != Phase::Connect || self.known().is_none() {
            return text;
        }
        let tried = self.tried();
        for (nth, (address, _)) in tried.iter().take(MAX_NAMED).enumerate() {
            let before = if nth == 0 { " to" } else { "," };
            text.push_str(&format!("{before} {address}"));
        }
        if let Some(more @ 1..) = tried.len().checked_sub(MAX_NAMED) {
            text.push_str(&format!(" and {more} more"));
        }
        text
    }

    fn tried(&self) -> std::sync::MutexGuard<'_, Vec<(SocketAddr, Tried)>> {
        self.0.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<(String, ResolvedSocketAddrs)>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a request.
    pub(super) fn start(&self) {
        self.enter(Phase::Lookup);
        self.tried().clear();
        self.0.reset.store(false, Ordering::Relaxed);
    }

    /// Whether the peer has reset the connection.
    pub(super) fn was_reset(&self) -> bool {
        self.0.reset.load(Ordering::Relaxed)
    }
}

/// An agent whose every connection reports its progress.
///
/// Over plain HTTP (not `secure`), it connects to loopback addresses alone.
pub(super) fn agent(config: Config, secure: bool, progress: &Progress) -> Agent {
    let mark = |after| Mark {
        after,
        through_proxy: config.proxy().is_some(),
        progress: progress.clone(),
    };
    let chain = ConnectProxyConnector::default()
        .chain(tcp::Connect {
            progress: progress.clone(),
        })
        .chain(mark(After::Tcp))
        .chain(Tls::default())
        .chain(mark(After::Tls));
    let names = Names {
        loopback_only: !secure,
        progress: progress.clone(),
    };
    Agent::with_parts(config, chain, names)
}

/// ureq makes the settings of TLS again for each request that has settings of its own. All requests
/// have the same here, and so one handshake can resume another.
#[derive(Debug, Default)]
struct Tls(RustlsConnector);

impl<In: Transport> Connector<In> for Tls {
    type Out = <RustlsConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: false,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        self.0.connect(&details, chained)
    }
}

/// Notes that a link of the chain is done.
#[derive(Debug)]
struct Mark {
    after: After,
    through_proxy: bool,
    progress: Progress,
}

#[derive(Clone, Copy, Debug)]
enum After {
    Tcp,
    Tls,
}

impl<In: Transport> Connector<In> for Mark {
    type Out = Watched<In>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Watched<In>>, ureq::Error> {
        // The connection to the proxy itself runs through the chain too, without a proxy set.
        let to_proxy = self.through_proxy && details.config.proxy().is_none();
        self.progress.enter(match self.after {
            _ if to_proxy => Phase::Tunnel,
            After::Tcp if details.needs_tls() => Phase::Handshake,
            After::Tcp | After::Tls => Phase::Answer,
        });
        let outermost = matches!(self.after, After::Tls) && !to_proxy;
        Ok(chained.map(|transport| Watched {
            transport,
            asks: outermost,
            progress: self.progress.clone(),
        }))
    }
}

/// A connection that remembers a reset, which ureq's body reader takes for an end.
#[derive(Debug)]
struct Watched<T> {
    transport: T,
    /// What is sent through it is a request: one that is used again runs through no connector.
    asks: bool,
    progress: Progress,
}

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        if self.asks {
            self.progress.enter(Phase::Answer);
        }
        self.transport.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let awaited = self.transport.await_input(timeout);
        if let Err(ureq::Error::Io(error)) = &awaited {
            if error.kind() == std::io::ErrorKind::ConnectionReset {
                self.progress.0.reset.store(true, Ordering::Relaxed);
            }
        }
        awaited
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}

/// As many as ureq takes.
const MAX_ADDRESSES: usize = 16;

/// Looks names up; an address needs neither that nor the thread that it takes.
#[derive(Debug)]
struct Names {
    /// Plain HTTP goes to loopback alone, so `localhost` must be what it says.
    loopback_only: bool,
    progress: Progress,
}

impl Names {
    fn look_up(
        &self,
        host: &str,
        port: u16,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let name = format!("{host}:{port}");
        let known = self.progress.known().clone();
        if let Some((_, addresses)) = known.filter(|(known, _)| *known == name) {
            return Ok(addresses);
        }
        let found = lookup::addresses(host, port, *timeout.after);
        let found = found.map_err(|error| tcp::timed_out(error, timeout))?;
        let mut addresses = self.empty();
        for address in found.into_iter().take(MAX_ADDRESSES) {
            addresses.push(address);
        }
        if addresses.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        *self.progress.known() = Some((name, addresses.clone()));
        Ok(addresses)
    }
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.progress.enter(Phase::Lookup);
        let host = uri.host().map(bare).unwrap_or_default();
        let port = uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        });
        let port = port.ok_or_else(|| ureq::Error::BadUri("no port".to_owned()))?;
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => {
                let mut one = self.empty();
                one.push(SocketAddr::new(address, port));
                one
            }
            Err(_) => self.look_up(host, port, timeout)?,
        };
        if self.loopback_only && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(std::io::Error::other("it is not a loopback address").into());
        }
        self.progress.enter(Phase::Connect);
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;
    use std::time::Duration;

    use ureq::tls::RootCerts;

    use super::super::{BaseUrl, Client, Deadline, Try};
    use super::*;
    use crate::credentials::Key;
    use crate::spend::{UtcDay, Window};

    /// Answers every request with an empty object, and closes.
    fn server() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.expect("a connection");
                let mut lines = BufReader::new(socket.try_clone().expect("a handle")).lines();
                while lines
                    .next()
                    .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
                {}
                let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
                socket.write_all(answer.as_bytes()).expect("an answer");
            }
        });
        port
    }

    #[test]
    fn a_name_is_looked_up_again_after_a_failure_and_for_a_check() {
        let port = server();
        let base = BaseUrl::parse(&format!("http://localhost:{port}")).expect("a URL");
        let key = Key::new("key_0").expect("a key");
        let client = Client::new(base, &key, None, RootCerts::WebPki);
        // Nobody listens there, and no lookup gives this port.
        let elsewhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let knows_elsewhere = || {
            let mut addresses = Names {
                loopback_only: true,
                progress: Progress::default(),
            }
            .empty();
            addresses.push(elsewhere);
            *client.progress.known() = Some((format!("localhost:{port}"), addresses));
        };
        let knows_elsewhere_still = || {
            let known = client.progress.known().clone();
            known.is_some_and(|(_, addresses)| addresses.contains(&elsewhere))
        };
        let mut tries = Vec::new();
        let mut on_try = |one: Try| {
            tries.push((one.outcome == "200", one.addresses.join(", ")));
        };
        let deadline = || Deadline::after(Duration::from_secs(60));
        let today = UtcDay::parse("2026-03-31").expect("a day");
        let window = Window {
            start: today,
            before: today.plus(1),
        };

        knows_elsewhere();
        client
            .organization(deadline(), &mut on_try)
            .expect("an answer");
        assert!(!knows_elsewhere_still(), "a check looks the name up");
        knows_elsewhere();
        client
            .usage(window, deadline(), &mut on_try)
            .expect("an answer");
        assert!(
            !knows_elsewhere_still(),
            "so does a try after a failed connection"
        );

        let there = |(_, addresses): &&(bool, String)| addresses.contains("127.0.0.1:1 ");
        let answered: Vec<bool> = tries.iter().map(|(answered, _)| *answered).collect();
        assert_eq!(answered, [true, false, true], "{tries:?}");
        // The second request of a check takes what the first has found.
        assert_eq!(
            tries.iter().position(|one| there(&one)),
            Some(1),
            "{tries:?}"
        );
        assert_eq!(tries.iter().filter(there).count(), 1, "{tries:?}");
    }
}
