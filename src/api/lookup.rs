//! Addresses of a name. A resolver that drops what it does not know, such as the question for IPv6,
//! would hold IPv4 back as well: libc waits for both.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use dns_lookup::{AddrFamily, AddrInfoHints, LookupError, LookupErrorKind, SockType};

/// How long to wait for both families before asking for IPv4 alone, in parallel.
const PATIENCE: Duration = Duration::from_millis(250);

/// The addresses of a host, within the limit. An error says in words what is wrong; a name that does
/// not exist is [`ErrorKind::NotFound`].
pub(super) fn addresses(host: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    let (name, same) = (host.to_owned(), host.to_owned());
    let any = move || look_up(&name, port, None);
    let v4 = move || look_up(&same, port, Some(AddrFamily::Inet));
    first(any, v4, PATIENCE, limit)
}

fn look_up(host: &str, port: u16, family: Option<AddrFamily>) -> io::Result<Vec<SocketAddr>> {
    let hints = AddrInfoHints {
        address: family.map_or(0, Into::into),
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let found = dns_lookup::getaddrinfo(Some(host), None, Some(hints)).map_err(in_words)?;
    found
        .map(|found| Ok(SocketAddr::new(found?.sockaddr.ip(), port)))
        .collect()
}

fn in_words(error: LookupError) -> io::Error {
    if let LookupErrorKind::NoName | LookupErrorKind::NoData = error.kind() {
        return io::Error::new(ErrorKind::NotFound, "the name was not found");
    }
    let what = error.to_string();
    let what = what.trim_start_matches("failed to lookup address information: ");
    io::Error::other(format!("the name could not be looked up: {what}"))
}

/// What the one finds; the other is tried as well if the one fails or is slow, and the first to find
/// something wins.
fn first<T: Send + 'static>(
    one: impl FnOnce() -> io::Result<T> + Send + 'static,
    other: impl FnOnce() -> io::Result<T> + Send + 'static,
    patience: Duration,
    limit: Duration,
) -> io::Result<T> {
    let started = Instant::now();
    let (sender, answers) = channel();
    let beside = sender.clone();
    start_thread(move || drop(sender.send(one())))?;
    let mut failure = match answers.recv_timeout(patience.min(limit)) {
        Ok(Ok(found)) => return Ok(found),
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    start_thread(move || drop(beside.send(other())))?;
    loop {
        let left = limit.saturating_sub(started.elapsed());
        failure = match (answers.recv_timeout(left), failure) {
            (Ok(Ok(found)), _) => return Ok(found),
            (Ok(Err(error)), None) => Some(error),
            (Ok(Err(_)), Some(error)) => return Err(error),
            (Err(_), failure) => return Err(failure.unwrap_or(ErrorKind::TimedOut.into())),
        };
    }
}

/// The system's own error would be taken for a time-out.
pub(super) fn start_thread(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    match thread::Builder::new().spawn(work) {
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::other(format!(
            "this system starts no further thread: {error}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = fn() -> io::Result<u8>;

    const SLOW: Duration = Duration::from_secs(60);
    const SOON: Duration = Duration::from_millis(20);

    fn found() -> io::Result<u8> {
        Ok(4)
    }

    fn none() -> io::Result<u8> {
        Err(ErrorKind::NotFound.into())
    }

    fn other_failure() -> io::Result<u8> {
        Err(ErrorKind::PermissionDenied.into())
    }

    fn silence() -> io::Result<u8> {
        thread::sleep(SLOW);
        Ok(6)
    }

    #[test]
    fn the_other_is_asked_where_the_one_fails_or_is_slow() {
        let never: Answer = || panic!("it is not asked");
        let cases: [(Answer, Answer, Result<u8, ErrorKind>); 8] = [
            (found, never, Ok(4)),
            (silence, found, Ok(4)),
            (none, found, Ok(4)),
            (none, other_failure, Err(ErrorKind::NotFound)),
            (none, silence, Err(ErrorKind::NotFound)),
            (silence, none, Err(ErrorKind::NotFound)),
            (silence, silence, Err(ErrorKind::TimedOut)),
            (late, none, Ok(6)),
        ];
        for (nth, (one, other, expected)) in cases.into_iter().enumerate() {
            let answer = first(one, other, SOON, Duration::from_secs(2));
            assert_eq!(answer.map_err(|error| error.kind()), expected, "case {nth}");
        }
        let limit = first(silence, found, SLOW, SOON);
        assert_eq!(
            limit.map_err(|error| error.kind()),
            Err(ErrorKind::TimedOut)
        );
    }

    fn late() -> io::Result<u8> {
        thread::sleep(SOON * 5);
        Ok(6)
    }

    #[test]
    fn localhost_is_found_by_either_way() {
        let any = addresses("localhost", 80, SLOW).expect("addresses");
        let v4 = look_up("localhost", 80, Some(AddrFamily::Inet)).expect("addresses");
        for address in any.iter().chain(&v4) {
            assert!(
                address.ip().is_loopback() && address.port() == 80,
                "{address}"
            );
        }
        assert!(
            !v4.is_empty() && v4.iter().all(|address| any.contains(address)),
            "{any:?}"
        );
        assert!(addresses("no such name", 80, SLOW).is_err());
        assert!(look_up("no\0name", 80, None).is_err());
    }
}
