//! What went wrong with one try, from what ureq and the answer say.

use std::io::{self, ErrorKind};
use std::time::{Duration, UNIX_EPOCH};

use rustls::CertificateError;
use ureq::Error;

use super::progress::Phase;
use crate::diagnostic::Fault;
use crate::retry::{self, Hints};
use crate::spend::UtcDay;

/// A host that cannot be reached is told soon.
const TRIES: u32 = 3;

/// A name that does not exist is rarely there the next second.
const TRIES_OF_A_NAME: u32 = 2;

const NOT_TLS: &str = "check that the port speaks TLS (1.2 or 1.3, without a client certificate), and any proxy on the way";
const NOT_A_SERVERS: &str = "give the server a certificate with CA:FALSE (openssl req -x509 -addext basicConstraints=critical,CA:FALSE)";
const NO_THREAD: &str =
    "end other processes of this user, or raise the limit on them (ulimit -u, or the container's)";
const PLAIN_PROXY: &str =
    "write http:// in place of https:// in HTTPS_PROXY or ALL_PROXY: most proxies speak plain HTTP";
const NOT_HTTP: &str = "check that HTTPS_PROXY or ALL_PROXY names an HTTP proxy (not SOCKS), with https:// only if the proxy itself speaks TLS, or name the host in NO_PROXY";
const OUT_OF_TIME: &str =
    "set this machine's clock if it is wrong, otherwise renew the server's certificate";
const ANOTHER: &str = "give the server, or the proxy that answers for it, another certificate";
const WRONG_HOST: &str = "check the host in --base-url or RUNWAYML_BASE_URL, and the proxy's in HTTPS_PROXY or ALL_PROXY";

/// One try that brought no document.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    /// How often in a row it is tried, if there was no answer.
    tries: u32,
}

impl Failure {
    pub(super) fn new(tries: u32, fault: Fault) -> Self {
        Self { fault, tries }
    }

    pub(super) fn unexpected(tries: u32, problem: impl Into<String>) -> Self {
        Self::new(tries, Fault::Unexpected(problem.into()))
    }

    pub(super) fn copy(age: &str) -> Self {
        let why = format!("the answer has the Age \"{age}\", not 0 to 60: a cache sent a copy");
        Self::new(1, Fault::Copy(why))
    }

    /// What the answer says about trying again.
    pub(super) fn hints(&self) -> Hints {
        match &self.fault {
            Fault::Refused(refusal) => refusal.hints,
            _ => Hints::default(),
        }
    }

    /// How long to wait before the next try, after `tries` of them, of which so many in a row, with
    /// this one, got no answer; `None` if there is to be none.
    pub(super) fn next_try(&self, tries: u32, broken: u32, jitter: f64) -> Option<Duration> {
        match &self.fault {
            Fault::Refused(refusal) => refusal.hints.next_try(refusal.status, tries, jitter),
            _ => (broken < self.tries).then(|| retry::backoff(tries, jitter)),
        }
    }

    /// In a few words, for a line about another try.
    pub(super) fn brief(&self) -> String {
        match &self.fault {
            Fault::Refused(refusal) => match refusal.reason.says.trim() {
                "" => refusal.status.to_string(),
                says => format!("{} ({says})", refusal.status),
            },
            Fault::TimedOut { doing } => format!("the time ran out while {doing}"),
            Fault::Unreachable { why, .. }
            | Fault::Tls { why, .. }
            | Fault::Unexpected(why)
            | Fault::Copy(why) => why.clone(),
            Fault::Fields { .. } => "some fields cannot be read".to_owned(),
        }
    }

    /// Reads ureq's error in the light of how far the request had come.
    pub(super) fn of(error: Error, phase: Phase) -> Self {
        match (error, phase) {
            (Error::ConnectProxyFailed(reason), _) => proxy(&reason),
            (Error::Rustls(error), phase) => tls(&error, phase),
            (Error::Io(error), phase) => io(&error, phase),
            (other, Phase::Lookup | Phase::Connect | Phase::Handshake) => {
                unreachable(1, other.to_string(), None)
            }
            (_, Phase::Tunnel) => {
                unreachable(1, "the proxy does not answer in HTTP", Some(NOT_HTTP))
            }
            (other, _) => Self::unexpected(1, format!("the answer is not valid HTTP ({other})")),
        }
    }
}

fn unreachable(tries: u32, why: impl Into<String>, fix: Option<&str>) -> Failure {
    let (why, fix) = (why.into(), fix.map(str::to_owned));
    Failure::new(tries, Fault::Unreachable { why, fix })
}

fn io(error: &io::Error, phase: Phase) -> Failure {
    // What rustls refuses comes as an error of reading, wherever it meets it.
    if let Some(refused) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return tls(refused, phase);
    }
    match (phase, error.kind()) {
        (_, ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
            let doing = phase.doing();
            Failure::new(1, Fault::TimedOut { doing })
        }
        (_, ErrorKind::QuotaExceeded) => unreachable(TRIES, error.to_string(), Some(NO_THREAD)),
        (Phase::Lookup, ErrorKind::NotFound) => {
            unreachable(TRIES_OF_A_NAME, "the name was not found", None)
        }
        (Phase::Lookup, _) => unreachable(TRIES, error.to_string(), None),
        (Phase::Tunnel, _) => no_tunnel(),
        (Phase::Handshake, _) => {
            let fault = Fault::Tls {
                why: format!("the handshake was cut off ({error})"),
                fix: Some(NOT_TLS.to_owned()),
                to_proxy: false,
            };
            Failure::new(TRIES, fault)
        }
        (Phase::Answer, ErrorKind::UnexpectedEof) => unreachable(
            TRIES,
            "the connection was closed before an answer came",
            None,
        ),
        (Phase::Body, ErrorKind::BrokenPipe) => {
            unreachable(TRIES, "the connection was reset during the answer", None)
        }
        (Phase::Body, _) => Failure::unexpected(TRIES, "the answer was cut off before its end"),
        _ => {
            let why = format!("{error}, while {}", phase.doing());
            unreachable(TRIES, why, None)
        }
    }
}

fn no_tunnel() -> Failure {
    let why = "the proxy closed the connection without an answer";
    unreachable(TRIES, why, Some(NOT_HTTP))
}

fn proxy(reason: &str) -> Failure {
    // ureq has only a text here: `proxy server responded 407/407`.
    let status = reason.rsplit('/').next();
    let Some(status) = status.and_then(|status| status.parse::<u16>().ok()) else {
        return no_tunnel();
    };
    let what = match status {
        407 => ": it got no user and password that it accepts",
        _ => " instead of opening a tunnel",
    };
    let tries = if status >= 500 { TRIES } else { 1 };
    unreachable(tries, format!("the proxy answered {status}{what}"), None)
}

/// What rustls refuses, of the host or, before there is a tunnel, of the proxy.
fn tls(error: &rustls::Error, phase: Phase) -> Failure {
    use rustls::Error::{InvalidCertificate, InvalidMessage};
    let to_proxy = phase == Phase::Tunnel;
    let (why, fix) = match error {
        InvalidCertificate(certificate) => refused(certificate),
        InvalidMessage(_) if to_proxy => {
            let why = "the proxy is named with https://, and does not answer in TLS";
            return unreachable(1, why, Some(PLAIN_PROXY));
        }
        InvalidMessage(_) => {
            let why = format!("the other side does not speak TLS ({error})");
            (why, Some(NOT_TLS))
        }
        _ => (error.to_string(), Some(NOT_TLS)),
    };
    let fix = fix.map(str::to_owned);
    Failure::new(1, Fault::Tls { why, fix, to_proxy })
}

/// Why a certificate is refused, and what to do if more is known than the general advice.
fn refused(certificate: &CertificateError) -> (String, Option<&'static str>) {
    use CertificateError as Refused;
    let (why, fix) = match certificate {
        // The second of an authority that has a new key.
        Refused::UnknownIssuer | Refused::BadSignature => (
            "is signed by an authority that is not trusted here".to_owned(),
            None,
        ),
        Refused::ExpiredContext { time, not_after } => {
            let (now, end) = (day(*time), day(*not_after));
            (format!("expired on {end}, and this machine's clock says {now}: one of the two is wrong"), Some(OUT_OF_TIME))
        }
        Refused::NotValidYetContext { time, not_before } => {
            let (now, start) = (day(*time), day(*not_before));
            (format!("is valid from {start} on, and this machine's clock says {now}: the clock is likely wrong"), Some(OUT_OF_TIME))
        }
        Refused::Expired | Refused::NotValidYet => (
            "is not valid at the time of this machine's clock".to_owned(),
            Some(OUT_OF_TIME),
        ),
        // Its names may fill pages.
        Refused::NotValidForName | Refused::NotValidForNameContext { .. } => (
            "is for other names than this host's".to_owned(),
            Some(WRONG_HOST),
        ),
        Refused::Other(why) if why.to_string() == "CaUsedAsEndEntity" => (
            format!("is one of an authority ({why})"),
            Some(NOT_A_SERVERS),
        ),
        // In the words of the platform.
        Refused::Other(why) => (format!("is refused: {why}"), None),
        _ => (format!("is refused: {certificate}"), Some(ANOTHER)),
    };
    (format!("the server's certificate {why}"), fix)
}

fn day(time: rustls::pki_types::UnixTime) -> UtcDay {
    let since = Duration::from_secs(time.as_secs());
    UtcDay::of(UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH))
}
