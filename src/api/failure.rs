//! What went wrong with one try, from what ureq and the answer say.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ureq::Error;

use super::progress::{Phase, Progress};
use super::retry::{Hints, RetryClass};
use crate::diagnostic::{Asked, Finding, Unexpected};
use crate::spend::UtcDay;

/// A host that cannot be reached is told soon.
const TRIES: u32 = 3;

/// A name that does not exist is rarely there the next second.
const TRIES_OF_A_NAME: u32 = 2;

const NOT_TLS: &str = "check that the port speaks TLS, and any proxy on the way";
const PLAIN_PROXY: &str =
    "write http:// in place of https:// in HTTPS_PROXY or ALL_PROXY: most proxies speak plain HTTP";
const NOT_HTTP: &str =
    "check that HTTPS_PROXY or ALL_PROXY names an HTTP proxy (not SOCKS), with https:// only if the \
     proxy itself speaks TLS, or name the host in NO_PROXY";
const OUT_OF_TIME: &str =
    "set this machine's clock if it is wrong, otherwise renew the server's certificate";

/// What else a finding says of the request.
pub(super) struct Background {
    /// `--timeout`.
    pub(super) timeout: Duration,
    /// What the try before came to, in brief.
    pub(super) before: Option<String>,
}

/// One try that brought no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A status other than 200.
    Answered {
        status: u16,
        /// The server's clock.
        date: Option<SystemTime>,
        hints: Hints,
        /// The answer's own reason, raw, and its link, if it is a plain https one.
        says: Option<String>,
        see: Option<String>,
        /// The body has Runway's own form of an error.
        in_runways_form: bool,
        /// The host that a redirect leads to.
        leads_to: Option<String>,
    },
    /// No connection, or none that lasted, and how often that is tried.
    Unreachable {
        why: String,
        /// What to do, if more is known than the general advice.
        fix: Option<&'static str>,
        tries: u32,
    },
    /// No secure connection.
    Tls {
        why: String,
        /// What to do, if more is known than the general advice.
        fix: Option<&'static str>,
        /// It is the proxy's.
        to_proxy: bool,
        again: bool,
    },
    /// The time was over: while doing what.
    TimedOut(String),
    /// An answer that is not what HTTP or the API promises: what is wrong, as a clause.
    Unexpected { problem: String, again: bool },
}

impl Failure {
    /// What another try depends on, where so many in a row, with this one, got no answer.
    pub(super) fn retry_class(&self, broken: u32) -> RetryClass {
        let tries = match self {
            Self::Answered { status, hints, .. } => return RetryClass::Status(*status, *hints),
            Self::Unreachable { tries, .. } => *tries,
            Self::Tls { again: true, .. } | Self::Unexpected { again: true, .. } => TRIES,
            _ => 1,
        };
        if broken < tries {
            RetryClass::Broken
        } else {
            RetryClass::Final
        }
    }

    /// Whether another address may do better.
    pub(super) fn is_of_the_connection(&self) -> bool {
        !matches!(self, Self::Answered { .. })
    }

    /// The server's clock.
    pub(super) fn date(&self) -> Option<SystemTime> {
        match self {
            Self::Answered { date, .. } => *date,
            _ => None,
        }
    }

    /// How long Runway asked to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered { hints, .. } => hints.retry_after,
            _ => None,
        }
    }

    /// What to report of it, by status and by kind.
    pub(super) fn into_finding(self, mut asked: Asked, background: Background) -> Finding {
        let retry_after = self.retry_after();
        match self {
            Self::Answered {
                status,
                says,
                see,
                in_runways_form,
                leads_to,
                ..
            } => {
                asked.says = says;
                asked.see = see;
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
                        leads_to,
                    },
                }
            }
            Self::Unreachable { why, fix, .. } => Finding::Unreachable {
                asked,
                why,
                fix: fix.map(str::to_owned),
            },
            Self::Tls {
                why, fix, to_proxy, ..
            } => Finding::TlsFailed {
                asked,
                why,
                fix: fix.map(str::to_owned),
                to_proxy,
            },
            Self::TimedOut(doing) => Finding::TimedOut {
                asked,
                doing,
                timeout: background.timeout,
                before: background.before,
            },
            Self::Unexpected { problem, .. } => Finding::UnexpectedResponse {
                document: asked.document,
                problem: Unexpected::Answer(problem),
            },
        }
    }

    /// In a few words, for a line about another try.
    pub(super) fn brief(&self) -> String {
        match self {
            Self::Answered {
                status,
                says: Some(says),
                ..
            } => format!("{status} ({says})"),
            Self::Answered { status, .. } => status.to_string(),
            Self::Unreachable { why, .. } | Self::Tls { why, .. } => why.clone(),
            Self::TimedOut(doing) => format!("the time ran out while {doing}"),
            Self::Unexpected { problem, .. } => problem.clone(),
        }
    }

    /// Reads ureq's error in the light of how far the request had come.
    pub(super) fn of(error: Error, progress: &Progress) -> Self {
        match error {
            Error::ConnectProxyFailed(reason) => Self::proxy(&reason),
            Error::HostNotFound => Self::unknown_name(),
            Error::Rustls(error) => Self::tls(&error, progress.phase()),
            Error::Tls(what) => Self::Tls {
                why: what.to_owned(),
                fix: None,
                to_proxy: false,
                again: false,
            },
            Error::Io(error) => Self::io(&error, progress),
            Error::LargeResponseHeader(..) => Self::unexpected("the answer's headers never end"),
            Error::BodyExceedsLimit(_) => Self::unexpected("the answer is too long"),
            _ if progress.phase() == Phase::Tunnel => Self::Unreachable {
                why: "the proxy does not answer in HTTP".to_owned(),
                fix: Some(NOT_HTTP),
                tries: 1,
            },
            other if progress.phase() >= Phase::Tunnel => {
                Self::unexpected(&format!("the answer is not valid HTTP ({other})"))
            }
            other => Self::Unreachable {
                why: other.to_string(),
                fix: None,
                tries: 1,
            },
        }
    }

    fn io(error: &io::Error, progress: &Progress) -> Self {
        use io::ErrorKind;
        // What rustls refuses comes as an error of reading, wherever it meets it.
        let refused = error.get_ref().and_then(|inner| inner.downcast_ref());
        if let Some(refused) = refused {
            return Self::tls(refused, progress.phase());
        }
        let what = error.to_string();
        match (progress.phase(), error.kind()) {
            (_, ErrorKind::TimedOut | ErrorKind::WouldBlock) => Self::TimedOut(progress.doing()),
            (Phase::Lookup, ErrorKind::NotFound) => Self::unknown_name(),
            (Phase::Lookup, _) => Self::Unreachable {
                why: what,
                fix: None,
                tries: TRIES,
            },
            (Phase::Handshake, _) => Self::Tls {
                why: format!("the handshake was cut off ({what})"),
                fix: Some(NOT_TLS),
                to_proxy: false,
                again: true,
            },
            (Phase::Body, _) => Self::cut_off(),
            (Phase::Tunnel, _) => Self::no_tunnel(),
            (Phase::Answer, ErrorKind::UnexpectedEof) => Self::Unreachable {
                why: "the connection was closed before an answer came".to_owned(),
                fix: None,
                tries: TRIES,
            },
            _ => Self::Unreachable {
                why: format!("{what}, while {}", progress.doing()),
                fix: None,
                tries: TRIES,
            },
        }
    }

    fn unknown_name() -> Self {
        Self::Unreachable {
            why: "the name was not found".to_owned(),
            fix: None,
            tries: TRIES_OF_A_NAME,
        }
    }

    fn proxy(reason: &str) -> Self {
        // ureq has only a text here: `proxy server responded 407/407`.
        let status = reason
            .rsplit('/')
            .next()
            .and_then(|status| status.parse::<u16>().ok());
        match status {
            Some(407) => Self::Unreachable {
                why: "the proxy answered 407: it asks for a user and a password".to_owned(),
                fix: None,
                tries: 1,
            },
            Some(status) => Self::Unreachable {
                why: format!("the proxy answered {status} instead of opening a tunnel"),
                fix: None,
                tries: if status >= 500 { TRIES } else { 1 },
            },
            None => Self::no_tunnel(),
        }
    }

    fn no_tunnel() -> Self {
        Self::Unreachable {
            why: "the proxy closed the connection without an answer".to_owned(),
            fix: Some(NOT_HTTP),
            tries: TRIES,
        }
    }

    /// What rustls refuses, of the host or, before there is a tunnel, of the proxy.
    fn tls(error: &rustls::Error, phase: Phase) -> Self {
        use rustls::CertificateError as Certificate;
        let to_proxy = phase == Phase::Tunnel;
        let mut fix = None;
        let why = match error {
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                Certificate::UnknownIssuer => {
                    "the server's certificate is signed by an authority that is not trusted here"
                        .to_owned()
                }
                Certificate::ExpiredContext { time, not_after } => {
                    fix = Some(OUT_OF_TIME);
                    format!(
                        "the server's certificate expired on {}, and this machine's clock says {}: \
                         one of the two is wrong",
                        day(*not_after),
                        day(*time)
                    )
                }
                Certificate::NotValidYetContext { time, not_before } => {
                    fix = Some(OUT_OF_TIME);
                    format!(
                        "the server's certificate is valid from {} on, and this machine's clock \
                         says {}: the clock is likely wrong",
                        day(*not_before),
                        day(*time)
                    )
                }
                Certificate::Expired | Certificate::NotValidYet => {
                    fix = Some(OUT_OF_TIME);
                    "the server's certificate is not valid at the time of this machine's clock"
                        .to_owned()
                }
                // Its names may fill pages.
                Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                    fix = Some(
                        "check the host in --base-url or RUNWAYML_BASE_URL, and any proxy on the way",
                    );
                    "the server's certificate is for other names than this host's".to_owned()
                }
                Certificate::Other(why) => match why.0.downcast_ref() {
                    // As `openssl req -x509` makes one, unless told otherwise.
                    Some(webpki::Error::CaUsedAsEndEntity) => {
                        fix = Some(
                            "give the server a certificate that is not an authority's (CA:FALSE)",
                        );
                        "the server presents a certificate authority's own certificate (CA:TRUE) \
                         instead of a server certificate"
                            .to_owned()
                    }
                    // In the words of the platform.
                    _ => format!("the server's certificate is refused: {why}"),
                },
                _ => format!("the server's certificate is refused: {certificate}"),
            },
            rustls::Error::InvalidMessage(_) if to_proxy => {
                return Self::Unreachable {
                    why: "the proxy is named with https://, and does not answer in TLS".to_owned(),
                    fix: Some(PLAIN_PROXY),
                    tries: 1,
                };
            }
            rustls::Error::InvalidMessage(_) => {
                fix = Some(NOT_TLS);
                format!("the other side does not speak TLS ({error})")
            }
            _ => error.to_string(),
        };
        Self::Tls {
            why,
            fix,
            to_proxy,
            again: false,
        }
    }

    /// A connection that was reset within the answer.
    pub(super) fn reset() -> Self {
        Self::Unreachable {
            why: "the connection was reset during the answer".to_owned(),
            fix: None,
            tries: TRIES,
        }
    }

    /// A body that ended before its end.
    pub(super) fn cut_off() -> Self {
        Self::Unexpected {
            problem: "the answer was cut off before its end".to_owned(),
            again: true,
        }
    }

    pub(super) fn unexpected(problem: &str) -> Self {
        Self::Unexpected {
            problem: problem.to_owned(),
            again: false,
        }
    }
}

fn day(time: rustls::pki_types::UnixTime) -> UtcDay {
    let since = Duration::from_secs(time.as_secs());
    UtcDay::of(UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH))
}
