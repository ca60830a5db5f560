//! What went wrong with one try, from what ureq and the answer say.

use std::io::{self, ErrorKind};
use std::time::{Duration, UNIX_EPOCH};

use ureq::Error;

use super::progress::{Phase, Progress};
use super::retry::{self, Hints};
use crate::decode::Reason;
use crate::diagnostic::{Asked, Finding, Unexpected};
use crate::spend::UtcDay;

/// A host that cannot be reached is told soon.
const TRIES: u32 = 3;

/// A name that does not exist is rarely there the next second.
const TRIES_OF_A_NAME: u32 = 2;

const NOT_TLS: &str = "check that the port speaks TLS, and any proxy on the way";
const NO_THREAD: &str =
    "end other processes of this user, or raise the limit on them (ulimit -u, or the container's)";
const PLAIN_PROXY: &str =
    "write http:// in place of https:// in HTTPS_PROXY or ALL_PROXY: most proxies speak plain HTTP";
const NOT_HTTP: &str = "check that HTTPS_PROXY or ALL_PROXY names an HTTP proxy (not SOCKS), with https:// only if the proxy itself speaks TLS, or name the host in NO_PROXY";
const OUT_OF_TIME: &str =
    "set this machine's clock if it is wrong, otherwise renew the server's certificate";
const WRONG_PROXY: &str = "check the host in HTTPS_PROXY or ALL_PROXY";
const WRONG_HOST: &str =
    "check the host in --base-url or RUNWAYML_BASE_URL, and any proxy on the way";
const OF_AUTHORITY: &str = "the server presents a certificate authority's own certificate (CA:TRUE) instead of a server certificate";
const NOT_OF_AUTHORITY: &str =
    "give the server a certificate that is not an authority's (CA:FALSE)";

/// One try that brought no document.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    kind: Kind,
    /// What is wrong, as a clause; of a time-out, what was being done. It may hold text of the
    /// server's, raw.
    why: String,
    /// What to do, if more is known than the general advice.
    fix: Option<&'static str>,
    /// How often in a row it is tried.
    tries: u32,
}

#[derive(Clone, Debug)]
enum Kind {
    /// A status other than 200.
    Refused(Box<Refusal>),
    /// No connection, or none that lasted.
    Unreachable,
    /// No secure connection, to the host or to the proxy.
    Tls { to_proxy: bool },
    /// The time was over.
    TimedOut,
    /// An answer that is not what HTTP or the API promises.
    Unexpected,
    /// A copy from a cache.
    Copy,
}

/// An answer with a status other than 200.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) hints: Hints,
    pub(super) reason: Reason,
    /// The host that a redirect leads to.
    pub(super) leads_to: Option<String>,
}

impl Failure {
    /// How long to wait before the next try, after `tries` of them, of which so many in a row, with
    /// this one, got no answer; `None` if there is to be none.
    pub(super) fn next_try(&self, tries: u32, broken: u32, jitter: f64) -> Option<Duration> {
        match self.refusal() {
            Some(refusal) => refusal.hints.next_try(refusal.status, tries, jitter),
            None => (broken < self.tries).then(|| retry::backoff(tries, jitter)),
        }
    }

    /// The answer, if there was one; otherwise another address may do better.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match &self.kind {
            Kind::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// What to report of it, by status and by kind. `before` is what the try before came to.
    pub(super) fn into_finding(
        self,
        mut asked: Asked,
        timeout: Duration,
        before: Option<String>,
    ) -> Finding {
        let (why, fix) = (self.why, self.fix.map(str::to_owned));
        match self.kind {
            Kind::Refused(refusal) => {
                let (status, retry_after) = (refusal.status, refusal.hints.retry_after);
                let in_runways_form = refusal.reason.in_runways_form;
                asked.says = Some(refusal.reason.says).filter(|says| !says.trim().is_empty());
                asked.see = refusal.reason.see.filter(|see| is_plain_link(see));
                match status {
                    401 => Finding::Unauthorized { asked },
                    403 if in_runways_form => Finding::Forbidden { asked },
                    400 | 422 if in_runways_form => Finding::RequestRejected { asked, status },
                    429 => Finding::RateLimited { asked, retry_after },
                    408 | 409 | 500..=599 => Finding::Unavailable {
                        asked,
                        status,
                        retry_after,
                    },
                    _ => Finding::UnexpectedStatus {
                        asked,
                        status,
                        leads_to: refusal.leads_to,
                    },
                }
            }
            Kind::Unreachable => Finding::Unreachable { asked, why, fix },
            Kind::Tls { to_proxy } => Finding::TlsFailed {
                asked,
                why,
                fix,
                to_proxy,
            },
            Kind::TimedOut => Finding::TimedOut {
                asked,
                doing: why,
                timeout,
                before,
            },
            Kind::Unexpected => Finding::UnexpectedResponse {
                document: asked.document,
                problem: Unexpected::Answer(why),
            },
            Kind::Copy => Finding::UnexpectedResponse {
                document: asked.document,
                problem: Unexpected::Copy(why),
            },
        }
    }

    /// In a few words, for a line about another try.
    pub(super) fn brief(&self) -> String {
        match &self.kind {
            Kind::Refused(refusal) => match refusal.reason.says.trim() {
                "" => refusal.status.to_string(),
                says => format!("{} ({says})", refusal.status),
            },
            Kind::TimedOut => format!("the time ran out while {}", self.why),
            _ => self.why.clone(),
        }
    }

    fn new(kind: Kind, tries: u32, why: impl Into<String>) -> Self {
        Self {
            kind,
            why: why.into(),
            fix: None,
            tries,
        }
    }

    fn with_fix(self, fix: &'static str) -> Self {
        Self {
            fix: Some(fix),
            ..self
        }
    }

    fn unreachable(tries: u32, why: impl Into<String>) -> Self {
        Self::new(Kind::Unreachable, tries, why)
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self::new(Kind::Refused(Box::new(refusal)), 1, "")
    }

    pub(super) fn timed_out(progress: &Progress) -> Self {
        Self::new(Kind::TimedOut, 1, progress.doing())
    }

    pub(super) fn unexpected(problem: impl Into<String>) -> Self {
        Self::new(Kind::Unexpected, 1, problem)
    }

    pub(super) fn copy(age: &str) -> Self {
        let why = format!("the answer has the Age {age}, not 0 to 60: it is a copy from a cache");
        Self::new(Kind::Copy, 1, why)
    }

    /// A connection that was reset within the answer.
    pub(super) fn reset() -> Self {
        Self::unreachable(TRIES, "the connection was reset during the answer")
    }

    /// Reads ureq's error in the light of how far the request had come.
    pub(super) fn of(error: Error, progress: &Progress) -> Self {
        let phase = progress.state().phase;
        match (error, phase) {
            (Error::ConnectProxyFailed(reason), _) => Self::proxy(&reason),
            (Error::Rustls(error), phase) => Self::tls(&error, phase),
            (Error::Io(error), phase) => Self::io(&error, phase, progress),
            (other, Phase::Lookup | Phase::Connect | Phase::Handshake) => {
                Self::unreachable(1, other.to_string())
            }
            (_, Phase::Tunnel) => {
                Self::unreachable(1, "the proxy does not answer in HTTP").with_fix(NOT_HTTP)
            }
            (other, _) => Self::unexpected(format!("the answer is not valid HTTP ({other})")),
        }
    }

    fn io(error: &io::Error, phase: Phase, progress: &Progress) -> Self {
        // What rustls refuses comes as an error of reading, wherever it meets it.
        if let Some(refused) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return Self::tls(refused, phase);
        }
        match (phase, error.kind()) {
            (_, ErrorKind::TimedOut | ErrorKind::WouldBlock) => Self::timed_out(progress),
            (_, ErrorKind::QuotaExceeded) => {
                Self::unreachable(TRIES, error.to_string()).with_fix(NO_THREAD)
            }
            (Phase::Lookup, ErrorKind::NotFound) => {
                Self::unreachable(TRIES_OF_A_NAME, "the name was not found")
            }
            (Phase::Lookup, _) => Self::unreachable(TRIES, error.to_string()),
            (Phase::Tunnel, _) => Self::no_tunnel(),
            (Phase::Handshake, _) => {
                let why = format!("the handshake was cut off ({error})");
                Self::new(Kind::Tls { to_proxy: false }, TRIES, why).with_fix(NOT_TLS)
            }
            (Phase::Answer, ErrorKind::UnexpectedEof) => {
                Self::unreachable(TRIES, "the connection was closed before an answer came")
            }
            (Phase::Body, _) => {
                let why = "the answer was cut off before its end";
                Self::new(Kind::Unexpected, TRIES, why)
            }
            _ => Self::unreachable(TRIES, format!("{error}, while {}", progress.doing())),
        }
    }

    fn no_tunnel() -> Self {
        let why = "the proxy closed the connection without an answer";
        Self::unreachable(TRIES, why).with_fix(NOT_HTTP)
    }

    fn proxy(reason: &str) -> Self {
        // ureq has only a text here: `proxy server responded 407/407`.
        let status = reason.rsplit('/').next();
        let Some(status) = status.and_then(|status| status.parse::<u16>().ok()) else {
            return Self::no_tunnel();
        };
        let what = match status {
            407 => ": it asks for a user and a password",
            _ => " instead of opening a tunnel",
        };
        let tries = if status >= 500 { TRIES } else { 1 };
        Self::unreachable(tries, format!("the proxy answered {status}{what}"))
    }

    /// What rustls refuses, of the host or, before there is a tunnel, of the proxy.
    fn tls(error: &rustls::Error, phase: Phase) -> Self {
        use rustls::CertificateError as Certificate;
        let to_proxy = phase == Phase::Tunnel;
        let failed = |why: String| Self::new(Kind::Tls { to_proxy }, 1, why);
        let certificate = match error {
            rustls::Error::InvalidCertificate(certificate) => certificate,
            rustls::Error::InvalidMessage(_) if to_proxy => {
                let why = "the proxy is named with https://, and does not answer in TLS";
                return Self::unreachable(1, why).with_fix(PLAIN_PROXY);
            }
            rustls::Error::InvalidMessage(_) => {
                let why = format!("the other side does not speak TLS ({error})");
                return failed(why).with_fix(NOT_TLS);
            }
            _ => return failed(error.to_string()),
        };
        let refused = |why: &str| failed(format!("the server's certificate {why}"));
        match certificate {
            Certificate::UnknownIssuer => {
                refused("is signed by an authority that is not trusted here")
            }
            Certificate::ExpiredContext { time, not_after } => {
                let (now, end) = (day(*time), day(*not_after));
                refused(&format!("expired on {end}, and this machine's clock says {now}: one of the two is wrong"))
                    .with_fix(OUT_OF_TIME)
            }
            Certificate::NotValidYetContext { time, not_before } => {
                let (now, start) = (day(*time), day(*not_before));
                refused(&format!("is valid from {start} on, and this machine's clock says {now}: the clock is likely wrong"))
                    .with_fix(OUT_OF_TIME)
            }
            Certificate::Expired | Certificate::NotValidYet => {
                refused("is not valid at the time of this machine's clock").with_fix(OUT_OF_TIME)
            }
            // Its names may fill pages.
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                let fix = if to_proxy { WRONG_PROXY } else { WRONG_HOST };
                refused("is for other names than this host's").with_fix(fix)
            }
            Certificate::Other(why) => match why.0.downcast_ref() {
                // As `openssl req -x509` makes one, unless told otherwise.
                Some(webpki::Error::CaUsedAsEndEntity) => {
                    failed(OF_AUTHORITY.to_owned()).with_fix(NOT_OF_AUTHORITY)
                }
                // In the words of the platform.
                _ => refused(&format!("is refused: {why}")),
            },
            _ => refused(&format!("is refused: {certificate}")),
        }
    }
}

/// An https link of characters that mean nothing to a terminal, a log or Markdown.
fn is_plain_link(link: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#=&%".contains(&byte);
    link.starts_with("https://") && link.len() <= 200 && link.bytes().all(plain)
}

fn day(time: rustls::pki_types::UnixTime) -> UtcDay {
    let since = Duration::from_secs(time.as_secs());
    UtcDay::of(UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH))
}
