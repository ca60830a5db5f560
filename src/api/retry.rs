//! What may be tried again, and when. Pure: the loop that sleeps is elsewhere.

use std::time::{Duration, SystemTime};

use crate::decode::{whole, Round};

/// Whatever an answer asks for, it is not asked faster than this.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// Ten years: as good as never.
const MAX_WAIT: Duration = Duration::from_secs(315_360_000);

/// What an answer's headers say about trying again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// `x-should-retry`: `true` or `false`, as the official SDKs obey it.
    pub should_retry: Option<bool>,
    /// `retry-after-ms` or `Retry-After`, if it is in the future.
    pub retry_after: Option<Duration>,
}

impl Hints {
    /// Reads them. A wait that is negative, zero, past or unreadable is none.
    pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Self {
        let milliseconds =
            header("retry-after-ms").and_then(|text| decimal(text, Unit::Millisecond));
        let by_seconds = header("retry-after").and_then(|text| {
            let date = || httpdate::parse_http_date(text.trim()).ok();
            decimal(text, Unit::Second).or_else(|| date()?.duration_since(now).ok())
        });
        let retry_after = [milliseconds, by_seconds]
            .into_iter()
            .flatten()
            .map(|wait| wait.min(MAX_WAIT))
            .find(|wait| !wait.is_zero());
        let should_retry = match header("x-should-retry").map(str::trim) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        Self {
            should_retry,
            retry_after,
        }
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Second,
    Millisecond,
}

/// A decimal number from 0 up, rounded down to the millisecond; one out of range is as good as
/// never.
fn decimal(text: &str, unit: Unit) -> Option<Duration> {
    let text = text.trim();
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole_part, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole_part.is_empty() || !digits(whole_part) || !digits(fraction) {
        return None;
    }
    let milliseconds = match unit {
        Unit::Second => whole(&format!("{text}e3"), Round::Down),
        Unit::Millisecond => whole(text, Round::Down),
    };
    let milliseconds = milliseconds.and_then(|number| u64::try_from(number).ok());
    Some(milliseconds.map_or(MAX_WAIT, Duration::from_millis))
}

/// How a try went wrong, as far as another one depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryClass {
    /// Runway, or something in its place, answered with a status other than 200.
    Status(u16, Hints),
    /// No whole answer came: a connection refused, reset or cut off, a name not found.
    Broken,
    /// What another try would not change: a certificate, an answer that is no HTTP, a time-out.
    Final,
}

/// How long to wait before the next try, after `tries` of them; `None` if there is to be none.
///
/// 408, 409, 429 and every 5xx are tried again, and broken connections; `x-should-retry` of an
/// error overrules. The wait is what the answer asks for, else half a second that doubles up to
/// 8 s, and up to 50 % of it on top, by `jitter` from 0 to 1.
pub fn next_try(class: RetryClass, tries: u32, jitter: f64) -> Option<Duration> {
    let hints = match class {
        RetryClass::Broken => Hints::default(),
        RetryClass::Final => return None,
        RetryClass::Status(status, hints) => {
            let by_status = matches!(status, 408 | 409 | 429 | 500..=599);
            let again = match hints.should_retry {
                Some(should) if status >= 400 => should,
                _ => by_status,
            };
            if !again {
                return None;
            }
            hints
        }
    };
    let doublings = tries.saturating_sub(1).min(4);
    let backoff = Duration::from_millis(500).saturating_mul(1 << doublings);
    let jittered = backoff.mul_f64(1.0 + 0.5 * jitter.clamp(0.0, 1.0));
    let asked = hints.retry_after.map(|wait| wait.max(MIN_WAIT));
    Some(asked.unwrap_or(jittered))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::UNIX_EPOCH;

    fn hints(headers: &[(&str, &str)]) -> Hints {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777); // Sun, 06 Nov 1994 08:49:37 GMT
        Hints::read(
            |name| {
                headers
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| *value)
            },
            now,
        )
    }

    #[test]
    fn what_the_headers_say() {
        for (name, value, wait) in [
            ("retry-after", "1", Some(1_000)),
            ("retry-after", " 3600 ", Some(3_600_000)),
            ("retry-after", "0.5", Some(500)),
            ("retry-after", "0", None),
            ("retry-after", "-1", None),
            ("retry-after", "soon", None),
            ("retry-after", "NaN", None),
            ("retry-after", "inf", None),
            ("retry-after", &"9".repeat(300), Some(315_360_000_000)),
            ("retry-after", "9999999999", Some(315_360_000_000)),
            ("retry-after", "1e3", None),
            ("retry-after", "1.2.3", None),
            ("retry-after", ".", None),
            ("retry-after", "", None),
            ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT", Some(10_000)),
            (
                "retry-after",
                "Sunday, 06-Nov-94 08:49:47 GMT",
                Some(10_000),
            ),
            ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", None),
            ("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT", None),
            ("retry-after-ms", "250", Some(250)),
            ("retry-after-ms", "0", None),
            ("retry-after", "0.0001", None),
            ("retry-after-ms", "250.9", Some(250)),
            ("retry-after-ms", "-5", None),
        ] {
            let found = hints(&[(name, value)]).retry_after;
            assert_eq!(found, wait.map(Duration::from_millis), "{name}: {value}");
        }
        let both = hints(&[("retry-after", "9"), ("retry-after-ms", "250")]);
        assert_eq!(both.retry_after, Some(Duration::from_millis(250)));
        for useless in ["-1", "0", "soon"] {
            let both = hints(&[("retry-after", "9"), ("retry-after-ms", useless)]);
            assert_eq!(both.retry_after, Some(Duration::from_secs(9)), "{useless}");
        }
        assert_eq!(
            hints(&[("x-should-retry", "true")]).should_retry,
            Some(true)
        );
        assert_eq!(
            hints(&[("x-should-retry", "false")]).should_retry,
            Some(false)
        );
        assert_eq!(hints(&[("x-should-retry", "perhaps")]).should_retry, None);
    }

    #[test]
    fn what_is_tried_again() {
        for (status, plain, forbidden, forced) in [
            (204, false, false, false),
            (302, false, false, false),
            (400, false, false, true),
            (401, false, false, true),
            (403, false, false, true),
            (404, false, false, true),
            (408, true, false, true),
            (409, true, false, true),
            (418, false, false, true),
            (422, false, false, true),
            (429, true, false, true),
            (499, false, false, true),
            (500, true, false, true),
            (503, true, false, true),
            (599, true, false, true),
        ] {
            let again = |should_retry| {
                let hints = Hints {
                    should_retry,
                    retry_after: None,
                };
                next_try(RetryClass::Status(status, hints), 1, 0.0).is_some()
            };
            let found = (again(None), again(Some(false)), again(Some(true)));
            assert_eq!(found, (plain, forbidden, forced), "{status}");
        }
        assert!(next_try(RetryClass::Broken, 1, 0.0).is_some());
        assert_eq!(next_try(RetryClass::Final, 1, 0.0), None);
    }

    #[test]
    fn the_wait_doubles_to_eight_seconds() {
        for (tries, least) in [
            (1, 500),
            (2, 1_000),
            (3, 2_000),
            (4, 4_000),
            (5, 8_000),
            (6, 8_000),
            (u32::MAX, 8_000),
        ] {
            let wait = |jitter| next_try(RetryClass::Broken, tries, jitter);
            assert_eq!(wait(0.0), Some(Duration::from_millis(least)));
            assert_eq!(wait(1.0), Some(Duration::from_millis(least + least / 2)));
        }
        let asked = Hints {
            should_retry: None,
            retry_after: Some(Duration::from_secs(3)),
        };
        assert_eq!(
            next_try(RetryClass::Status(429, asked), 5, 1.0),
            Some(Duration::from_secs(3))
        );
        let hasty = Hints {
            should_retry: None,
            retry_after: Some(Duration::from_nanos(1)),
        };
        assert_eq!(
            next_try(RetryClass::Status(429, hasty), 1, 0.0),
            Some(MIN_WAIT)
        );
    }

    proptest! {
        #[test]
        fn any_header_is_a_wait_ahead_or_none(text in any::<String>()) {
            for name in ["retry-after", "retry-after-ms"] {
                let wait = hints(&[(name, &text)]).retry_after;
                prop_assert!(wait.is_none_or(|wait| !wait.is_zero()));
            }
        }
    }
}
