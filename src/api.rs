//! Asking Runway: the two read-only requests, one deadline over all tries of a check, and every
//! way in which it can go wrong. Text of the server's stays raw.

mod base_url;
mod connect;
mod failure;
mod lookup;
mod progress;
pub mod proxy;
mod race;
pub mod roots;

use std::io::Read;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy, RequestBuilder};

use self::failure::Failure;
use self::progress::{Phase, Progress, State};
use crate::credentials::Key;
use crate::decode;
use crate::diagnostic::{Asked, Fault, Finding, Refusal};
use crate::retry;
use crate::source::{Document, API_VERSION};
use crate::spend::Window;

pub use self::base_url::{BaseUrl, RUNWAY};

const USER_AGENT: &str = concat!("runway-preflight/", env!("CARGO_PKG_VERSION"));

/// An answer that is older is a copy from a cache, in seconds.
const MAX_AGE: u8 = 60;

/// As much of an error's body as is searched for its reason.
const MAX_ERROR_BYTES: u64 = 64 * 1024;

/// One host, one key, and the connection to them.
pub struct Client {
    agent: Agent,
    base: BaseUrl,
    bearer: String,
    progress: Progress,
}

/// An answer with status 200.
#[derive(Debug)]
pub struct Answer {
    /// The document.
    pub body: Vec<u8>,
    /// Runway's clock.
    pub date: Option<SystemTime>,
}

/// One try, whatever it came to.
#[derive(Debug)]
pub struct Try {
    /// How many tries there were, with this one.
    pub tries: u32,
    /// What was asked for.
    pub document: Document,
    /// The status, or what went wrong. It may hold text of the server's, raw.
    pub outcome: String,
    /// How long it took.
    pub elapsed: Duration,
    /// The addresses that were tried, in words.
    pub addresses: String,
    /// How long until it is made again, if it is.
    pub again_in: Option<Duration>,
}

impl Client {
    /// Prepares to ask; opens nothing. For https, `roots` are the authorities to trust.
    pub fn new(base: BaseUrl, key: &Key, proxy: Option<Proxy>, roots: RootCerts) -> Self {
        let progress = Progress::default();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .user_agent(USER_AGENT)
            // Both are cleared before the first byte: no larger than the longest headers need.
            .input_buffer_size(73_728)
            .output_buffer_size(16_384)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Self {
            agent: connect::agent(config, base.secure, &progress),
            bearer: key.bearer(),
            base,
            progress,
        }
    }

    /// Begins a check, which looks the name up anew.
    pub fn begin(&self, timeout: Duration) {
        *self.progress.state() = State {
            deadline: Instant::now().checked_add(timeout),
            timeout,
            ..State::default()
        };
    }

    /// Whether the time of the check is over.
    pub fn is_over(&self) -> bool {
        self.progress.left().is_zero()
    }

    /// Asks for limits and balance, or for the credit history of some days; again while the check
    /// lasts if that can help. `on_try` hears of each try.
    ///
    /// # Errors
    ///
    /// What the last try came to, and how long Runway asked to wait.
    pub fn ask(
        &self,
        history: Option<Window>,
        on_try: &mut dyn FnMut(Try),
    ) -> Result<Answer, (Box<Finding>, Option<Duration>)> {
        let document = history.map_or(Document::Organization, |_| Document::Usage);
        let proxy = self.agent.config().proxy();
        let mut asked = Asked {
            document,
            tries: 0,
            timeout: self.progress.state().timeout,
            before: None,
            proxy: proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())),
        };
        loop {
            asked.tries = asked.tries.saturating_add(1);
            let started = Instant::now();
            let tried = self.try_once(history);
            let elapsed = started.elapsed();
            let mut tell = |outcome: String, again_in| {
                on_try(Try {
                    tries: asked.tries,
                    document,
                    outcome,
                    elapsed,
                    addresses: self.progress.addresses(),
                    again_in,
                });
            };
            let failure = match tried {
                Err(failure) => failure,
                Ok(answer) => {
                    tell("200".to_owned(), None);
                    self.progress.state().broken = 0;
                    return Ok(answer);
                }
            };
            let broken = self.progress.state().note_failure(&failure.fault);
            let wait = failure.next_try(asked.tries, broken, fastrand::f64());
            let again_in = wait.filter(|wait| *wait < self.progress.left());
            tell(failure.brief(), again_in);
            let Some(wait) = again_in else {
                let (wait, fault) = (failure.hints().retry_after, failure.fault);
                return Err((Box::new(Finding::Failed { asked, fault }), wait));
            };
            std::thread::sleep(wait);
            asked.before = Some(failure.brief());
        }
    }

    fn try_once(&self, history: Option<Window>) -> Result<Answer, Failure> {
        self.progress.state().start();
        let url = format!("{}/v1/organization", self.base.text);
        let sent = match history {
            None => self.with_headers(self.agent.get(url)).call(),
            Some(window) => {
                let days = format!(
                    r#"{{"startDate":"{}","beforeDate":"{}"}}"#,
                    window.start, window.before
                );
                let request = self.with_headers(self.agent.post(format!("{url}/usage")));
                let request = request.header("Content-Type", "application/json");
                request.send(days)
            }
        };
        let answer = sent.map_err(|error| Failure::of(error, self.progress.state().phase))?;
        self.progress.state().phase = Phase::Body;
        if answer.status().as_u16() != 200 {
            return Err(self.refusal(answer));
        }
        if let Some(age) = old_age(&answer) {
            return Err(Failure::copy(age));
        }
        let date = date_of(&answer);
        let body = self.whole_body(answer)?;
        Ok(Answer { body, date })
    }

    fn with_headers<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        request
            .header("Authorization", &self.bearer)
            .header("X-Runway-Version", API_VERSION)
            .header("Cache-Control", "no-cache")
    }

    fn whole_body(&self, mut answer: Response<Body>) -> Result<Vec<u8>, Failure> {
        let encoding = answer.headers().get("content-encoding");
        let encoding = encoding.and_then(|encoding| encoding.to_str().ok());
        let encoding = encoding.unwrap_or_default().trim();
        if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
            let why =
                format!("the answer has the content encoding {encoding}, which was not asked for");
            return Err(Failure::unexpected(1, why));
        }
        let mut body = Vec::new();
        let read = answer
            .body_mut()
            .as_reader()
            // One byte more than is decoded, so that the decoder sees that it is too long.
            .take(decode::MAX_BYTES.saturating_add(1))
            .read_to_end(&mut body);
        read.map_err(|error| Failure::of(error.into(), Phase::Body))?;
        Ok(body)
    }

    fn refusal(&self, mut answer: Response<Body>) -> Failure {
        let header = |name: &str| answer.headers().get(name)?.to_str().ok();
        let now = date_of(&answer).unwrap_or_else(SystemTime::now);
        let hints = retry::Hints::read(header, now);
        let status = answer.status().as_u16();
        let leads_to = header("location").filter(|_| (300..400).contains(&status));
        let leads_to = leads_to.map(|link| self.led_to(link));
        let mut body = Vec::new();
        let reader = answer.body_mut().as_reader();
        // The status says enough if the body breaks off.
        let _ = reader.take(MAX_ERROR_BYTES).read_to_end(&mut body);
        let mut reason = decode::reason(&body);
        reason.see = reason.see.filter(|see| is_plain_link(see));
        let refusal = Refusal {
            status,
            reason,
            hints,
            leads_to,
        };
        Failure::new(1, Fault::Refused(Box::new(refusal)))
    }

    /// Where a redirect leads: the host, without a user, a password or a path, which may be secret.
    fn led_to(&self, link: &str) -> String {
        let link = link.trim();
        let scheme = link.split(['/', '?', '#']).next().unwrap_or_default();
        if !scheme.contains(':') && !link.starts_with("//") {
            return format!("a path of {}", self.base.host);
        }
        let from_host = link.strip_prefix(scheme).unwrap_or_default();
        let from_host = from_host.strip_prefix("//").unwrap_or_default();
        let authority = from_host.split(['/', '?', '#', '\\']).next();
        let host = authority.and_then(|authority| authority.rsplit('@').next());
        let host = host.filter(|host| BaseUrl::parse(&format!("https://{host}")).is_ok());
        host.unwrap_or("another place").to_owned()
    }
}

/// An https link of characters that mean nothing to a terminal, a log or Markdown.
fn is_plain_link(link: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#=&%".contains(&byte);
    link.starts_with("https://") && link.len() <= 200 && link.bytes().all(plain)
}

/// The clock of the server. What lies outside these years is no clock's time, and the days that
/// are reckoned from the others can all be written.
fn date_of(answer: &Response<Body>) -> Option<SystemTime> {
    const START_OF_2024: u64 = 1_704_067_200;
    const END_OF_9998: u64 = 253_370_764_799;
    let date = answer.headers().get("date")?.to_str().ok()?;
    let date = httpdate::parse_http_date(date.trim()).ok()?;
    let seconds = date.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let is_told = (START_OF_2024..=END_OF_9998).contains(&seconds);
    is_told.then_some(date)
}

/// The age that shows a copy from a cache: more than a minute, or what cannot be read.
fn old_age(answer: &Response<Body>) -> Option<&str> {
    let recent = |age: &str| age.parse().is_ok_and(|age: u8| age <= MAX_AGE);
    let ages = answer.headers().get_all("age").iter();
    let ages = ages.map(|age| age.to_str().unwrap_or("?"));
    let mut ages = ages.flat_map(|ages| ages.split(',')).map(str::trim);
    ages.find(|age| !recent(age))
}
