//! Connections: the addresses of a name are tried side by side, so that one that swallows packets
//! costs a moment and not the time-out (RFC 8305).

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::connect::Progress;
use super::lookup::start_thread;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

/// How long one address is waited for before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);

/// Opens a connection to the address that answers first.
#[derive(Debug)]
pub(super) struct Connect {
    pub(super) progress: Progress,
}

impl<In: Transport> Connector<In> for Connect {
    type Out = Either<In, Stream>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        // A tunnel through the proxy is a connection already.
        if let Some(chained) = chained {
            return Ok(Some(Either::A(chained)));
        }
        let limit = details
            .timeout
            .not_zero()
            .map_or(Duration::MAX, |left| *left);
        let addresses: Vec<SocketAddr> = details.addrs.iter().copied().collect();
        let connect = |address, left| TcpStream::connect_timeout(&address, left);
        let stream = race(&addresses, limit, connect, &mut |address, outcome| {
            self.progress.note_address(address, outcome);
        });
        let stream = stream.map_err(|error| timed_out(error, details.timeout))?;
        stream.set_nodelay(true)?;
        Ok(Some(Either::B(Stream {
            stream,
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
        })))
    }
}

/// The families in turn, beginning with the one that the resolver prefers.
fn in_turn(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let prefers_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (VecDeque<_>, VecDeque<_>) = addresses
        .iter()
        .copied()
        .partition(|address| address.is_ipv6() == prefers_v6);
    let mut turn = VecDeque::with_capacity(addresses.len());
    while let Some(address) = one.pop_front() {
        turn.push_back(address);
        std::mem::swap(&mut one, &mut other);
        if one.is_empty() {
            std::mem::swap(&mut one, &mut other);
        }
    }
    turn
}

/// The first connection that comes about. The next address is tried when one fails, or after a
/// moment; those that are late are left behind.
fn race<T: Send + 'static>(
    addresses: &[SocketAddr],
    limit: Duration,
    connect: impl Fn(SocketAddr, Duration) -> io::Result<T> + Copy + Send + 'static,
    note: &mut dyn FnMut(SocketAddr, Tried),
) -> io::Result<T> {
    if let [address] = addresses {
        let connection = connect(*address, limit);
        note(*address, Tried::of(&connection));
        return connection;
    }
    let started = Instant::now();
    let mut waiting = in_turn(addresses);
    let mut failure = io::Error::from(ErrorKind::AddrNotAvailable);
    let mut under_way: usize = 0;
    let (sender, answers) = channel();
    loop {
        let left = limit.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        let next = waiting.pop_front();
        if let Some(address) = next {
            let sender = sender.clone();
            let attempt = move || drop(sender.send((address, connect(address, left))));
            start_thread(attempt)?;
            note(address, Tried::Begun);
            under_way = under_way.saturating_add(1);
        } else if under_way == 0 {
            return Err(failure);
        }
        let patience = if waiting.is_empty() {
            left
        } else {
            left.min(STAGGER)
        };
        match answers.recv_timeout(patience) {
            Ok((address, connection)) => {
                note(address, Tried::of(&connection));
                under_way = under_way.saturating_sub(1);
                match connection {
                    Ok(connection) => return Ok(connection),
                    Err(error) => failure = error,
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

/// What came of trying an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// It was tried, and did not answer before another one.
    Begun,
    /// It refused, or could not be reached.
    Failed,
    /// The connection is to it.
    Connected,
}

impl Tried {
    fn of<T>(connection: &io::Result<T>) -> Self {
        if connection.is_ok() {
            Self::Connected
        } else {
            Self::Failed
        }
    }

    /// In a word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Begun => "no answer yet",
            Self::Failed => "failed",
            Self::Connected => "connected",
        }
    }
}

/// An open connection.
pub(super) struct Stream {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

impl Transport for Stream {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let timeout = timeout.for_write();
        let limit = timeout.not_zero().map(|left| *left);
        self.stream.set_write_timeout(limit)?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let sent = self.stream.write_all(output);
        sent.map_err(|error| timed_out(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let timeout = timeout.for_read();
        let limit = timeout.not_zero().map(|left| *left);
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(ureq::Error::Timeout(timeout.reason));
            }
            // macOS refuses it once the other side has closed; what came may still be read.
            let _ = self.stream.set_read_timeout(left);
            match self.stream.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(timed_out(error, timeout)),
                Ok(count) => {
                    self.buffers.input_appended(count);
                    return Ok(count > 0);
                }
            }
        }
    }

    fn is_open(&mut self) -> bool {
        let probe = self.stream.set_nonblocking(true).and_then(|()| {
            // Nothing may be there: what was not asked for belongs to no request.
            let read = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            Ok(read)
        });
        matches!(probe, Ok(Err(error)) if error.kind() == ErrorKind::WouldBlock)
    }
}

pub(super) fn timed_out(error: io::Error, timeout: NextTimeout) -> ureq::Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => ureq::Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

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
        for (addresses, turn) in [
            (vec![], vec![]),
            (vec![four(1), four(2)], vec![four(1), four(2)]),
            (
                vec![six(1), six(2), six(3), four(1)],
                vec![six(1), four(1), six(2), six(3)],
            ),
            (
                vec![four(1), six(1), four(2), six(2)],
                vec![four(1), six(1), four(2), six(2)],
            ),
            (vec![four(1), six(1), six(2)], vec![four(1), six(1), six(2)]),
        ] {
            assert_eq!(in_turn(&addresses), turn, "{addresses:?}");
        }
    }

    /// What an address does is its last number: 0 refuses, 200 swallows, others answer.
    fn world(address: SocketAddr, left: Duration) -> io::Result<u8> {
        let number = match address.ip() {
            std::net::IpAddr::V4(ip) => ip.octets()[3],
            std::net::IpAddr::V6(ip) => ip.octets()[15],
        };
        match number {
            0 => Err(ErrorKind::ConnectionRefused.into()),
            200.. => {
                thread::sleep(left);
                Err(ErrorKind::TimedOut.into())
            }
            number => Ok(number),
        }
    }

    #[test]
    fn the_first_that_answers_wins() {
        const LONG: Duration = Duration::from_secs(60);
        let (four, six) = (|n| address(n, false), |n| address(n, true));
        for (addresses, winner) in [
            (vec![four(1)], Ok(1)),
            (vec![four(0)], Err(ErrorKind::ConnectionRefused)),
            (vec![six(200), four(1)], Ok(1)),
            (vec![six(200), six(201), six(202), four(2)], Ok(2)),
            (vec![four(200), four(201), four(202), four(3)], Ok(3)),
            (vec![six(0), four(1)], Ok(1)),
            (
                vec![six(0), four(0), four(0)],
                Err(ErrorKind::ConnectionRefused),
            ),
            (vec![six(200), four(0), six(5)], Ok(5)),
            (vec![], Err(ErrorKind::AddrNotAvailable)),
        ] {
            let mut connected = Vec::new();
            let found = race(&addresses, LONG, world, &mut |address, outcome| {
                if outcome == Tried::Connected {
                    connected.push(address);
                }
            });
            assert_eq!(found.map_err(|error| error.kind()), winner, "{addresses:?}");
            assert_eq!(
                connected.len(),
                usize::from(winner.is_ok()),
                "{addresses:?}"
            );
        }
    }

    #[test]
    fn where_none_answers_the_time_is_over() {
        const SHORT: Duration = Duration::from_millis(30);
        for addresses in [
            vec![address(200, false)],
            vec![address(200, true), address(201, false)],
        ] {
            let found =
                race(&addresses, SHORT, world, &mut |_, _| {}).map_err(|error| error.kind());
            assert_eq!(found, Err(ErrorKind::TimedOut), "{addresses:?}");
        }
    }
}
