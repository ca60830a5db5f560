//! Names and connections, as ureq asks for them. The limit of time is the check's deadline, and not
//! one of ureq's, whose settings of TLS would be made anew for each request.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout,
    RustlsConnector, Transport,
};
use ureq::Agent;

use super::base_url::bare;
use super::lookup;
use super::progress::{Phase, Progress};
use super::race::race;

/// How long one address is waited for before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);

/// As many as ureq takes.
const MAX_ADDRESSES: usize = 16;

/// An agent whose every connection reports its progress.
///
/// Over plain HTTP (not `secure`), it connects to loopback addresses alone.
pub(super) fn agent(config: Config, secure: bool, progress: &Progress) -> Agent {
    let network = Network {
        has_proxy: config.proxy().is_some(),
        progress: progress.clone(),
        tls: RustlsConnector::default(),
    };
    let names = Names {
        loopback_only: !secure,
        progress: progress.clone(),
    };
    let connector = ConnectProxyConnector::default().chain(network);
    Agent::with_parts(config, connector, names)
}

/// Looks names up.
#[derive(Debug)]
struct Names {
    /// Plain HTTP goes to loopback alone, so `localhost` must be what it says.
    loopback_only: bool,
    progress: Progress,
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().map(bare).unwrap_or_default();
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let known = self.progress.state().known.take();
        let found = match (known, host.parse::<IpAddr>()) {
            (Some(known), _) => known,
            // An address needs neither a lookup nor the thread that it takes.
            (None, Ok(address)) => vec![SocketAddr::new(address, port)],
            (None, Err(_)) => lookup::addresses(host, port, self.progress.left())?,
        };
        if self.loopback_only && !found.iter().all(|address| address.ip().is_loopback()) {
            return Err(io::Error::other("it is not a loopback address").into());
        }
        self.progress.state().known = Some(found.clone());
        self.progress.state().phase = Phase::Connect;
        let mut addresses = self.empty();
        for address in found.into_iter().take(MAX_ADDRESSES) {
            addresses.push(address);
        }
        Ok(addresses)
    }
}

/// Opens a connection to the address that answers first, with TLS where it is asked for.
#[derive(Debug)]
struct Network {
    has_proxy: bool,
    progress: Progress,
    tls: RustlsConnector,
}

impl Network {
    fn open(&self, details: &ConnectionDetails) -> Result<Stream, ureq::Error> {
        let left = self.progress.left();
        let connect = |address, left| TcpStream::connect_timeout(&address, left);
        let note = |address, outcome| self.progress.note_address(address, outcome);
        let stream = match &*details.addrs {
            [address] if !left.is_zero() => {
                let connection = connect(*address, left);
                note(*address, Some(connection.is_ok()));
                connection
            }
            addresses => race(in_turn(addresses), connect, STAGGER, left, note),
        }?;
        stream.set_nodelay(true)?;
        let config = details.config;
        Ok(Stream {
            stream,
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
            progress: self.progress.clone(),
        })
    }
}

impl<In: Transport> Connector<In> for Network {
    type Out = <RustlsConnector as Connector<Either<In, Stream>>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // The connection to the proxy runs through here as well, without a proxy set. A tunnel
        // through it is a connection already.
        let to_proxy = self.has_proxy && details.config.proxy().is_none();
        let plain = match chained {
            Some(tunnel) => Either::A(tunnel),
            None => Either::B(self.open(details)?),
        };
        let (handshake, then) = match to_proxy {
            true => (Phase::Tunnel, Phase::Tunnel),
            false => (Phase::Handshake, Phase::Answer),
        };
        self.progress.state().phase = handshake;
        let ready = self.tls.connect(details, Some(plain))?;
        self.progress.state().phase = then;
        Ok(ready)
    }
}

/// The families in turn, beginning with the one that the resolver prefers.
fn in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let prefers_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let all = addresses.iter();
    let (one, other): (Vec<_>, Vec<_>) = all.partition(|it| it.is_ipv6() == prefers_v6);
    let places = 0..one.len().max(other.len());
    let in_turn = places.flat_map(|place| [one.get(place), other.get(place)]);
    in_turn.flatten().copied().collect()
}

/// An open connection.
#[derive(Debug)]
struct Stream {
    stream: TcpStream,
    buffers: LazyBuffers,
    progress: Progress,
}

impl Stream {
    /// How long it may be waited for.
    fn left(&self) -> io::Result<Duration> {
        let left = Some(self.progress.left()).filter(|left| !left.is_zero());
        left.ok_or(ErrorKind::TimedOut.into())
    }
}

impl Transport for Stream {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        // A connection that is used again was made by no connector.
        let phase = self.progress.state().phase;
        if phase <= Phase::Connect {
            self.progress.state().phase = Phase::Answer;
        }
        self.stream.set_write_timeout(Some(self.left()?))?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        loop {
            // macOS refuses it once the other side has closed; what came may still be read.
            let _ = self.stream.set_read_timeout(Some(self.left()?));
            match self.stream.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // ureq's reader of bodies takes a reset by its own name for an end.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return Err(io::Error::new(ErrorKind::BrokenPipe, error).into());
                }
                Err(error) => return Err(error.into()),
                Ok(count) => {
                    self.buffers.input_appended(count);
                    return Ok(count > 0);
                }
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // Nothing may be there: what was not asked for belongs to no request.
        self.stream.set_nonblocking(true).is_ok()
            && matches!(self.stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
            && self.stream.set_nonblocking(false).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;
    use std::time::Duration;

    use ureq::tls::RootCerts;

    use super::super::{BaseUrl, Client, Try};
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
            client.progress.state().known = Some(vec![elsewhere]);
        };
        let knows_elsewhere_still = || {
            let known = client.progress.state().known.clone();
            known.is_some_and(|addresses| addresses.contains(&elsewhere))
        };
        let mut tries = Vec::new();
        let mut on_try = |one: Try| {
            tries.push((one.outcome == "200", one.addresses));
        };
        let today = UtcDay::parse("2026-03-31").expect("a day");
        let window = Window {
            start: today,
            before: today.plus(1),
        };

        knows_elsewhere();
        client.begin(Duration::from_secs(60));
        client.ask(None, &mut on_try).expect("an answer");
        assert!(!knows_elsewhere_still(), "a check looks the name up");
        knows_elsewhere();
        client.ask(Some(window), &mut on_try).expect("an answer");
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

    fn address(number: u8, v6: bool) -> SocketAddr {
        let host = if v6 {
            format!("[::{number}]:443")
        } else {
            format!("10.0.0.{number}:443")
        };
        host.parse().expect("an address")
    }

    #[test]
    fn families_take_turns() {
        let (four, six) = (|n| address(n, false), |n| address(n, true));
        #[rustfmt::skip]
        let cases = [
            (vec![], vec![]),
            (vec![four(1), four(2)], vec![four(1), four(2)]),
            (vec![six(1), six(2), six(3), four(1)], vec![six(1), four(1), six(2), six(3)]),
            (vec![four(1), six(1), four(2), six(2)], vec![four(1), six(1), four(2), six(2)]),
            (vec![four(1), six(1), six(2)], vec![four(1), six(1), six(2)]),
        ];
        for (addresses, turn) in cases {
            assert_eq!(in_turn(&addresses), turn, "{addresses:?}");
        }
    }
}
