//! Addresses of a name. A resolver that drops what it does not know, such as the question for IPv6,
//! would hold IPv4 back as well: libc waits for both.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use dns_lookup::{AddrFamily, AddrInfoHints, LookupError, LookupErrorKind, SockType};

use super::race::race;

/// How long to wait for both families before asking for IPv4 alone, in parallel.
const PATIENCE: Duration = Duration::from_millis(250);

/// The addresses of a host, within the limit. An error says in words what is wrong; a name that does
/// not exist is [`ErrorKind::NotFound`].
pub(super) fn addresses(host: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    let host = host.to_owned();
    let look_up = move |family: Option<AddrFamily>, _| look_up(&host, port, family);
    let families = [None, Some(AddrFamily::Inet)];
    race(families, look_up, PATIENCE, limit, |_, _| {})
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_found_by_either_way() {
        const LONG: Duration = Duration::from_secs(60);
        let any = addresses("localhost", 80, LONG).expect("addresses");
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
        assert!(addresses("no such name", 80, LONG).is_err());
        assert!(look_up("no\0name", 80, None).is_err());
    }
}
