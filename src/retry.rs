//! What may be tried again, and when. Pure: the loop that sleeps is elsewhere.

use std::time::{Duration, SystemTime};

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
        let milliseconds = header("retry-after-ms").and_then(number);
        let by_seconds = header("retry-after").and_then(|text| {
            let date = || httpdate::parse_http_date(text.trim()).ok();
            let seconds = number(text).map(Duration::from_secs);
            seconds.or_else(|| date()?.duration_since(now).ok())
        });
        let retry_after = [milliseconds.map(Duration::from_millis), by_seconds]
            .into_iter()
            .flatten()
            .find(|wait| wait.as_millis() > 0)
            .map(|wait| wait.clamp(MIN_WAIT, MAX_WAIT));
        Self {
            should_retry: header("x-should-retry").and_then(|text| text.trim().parse().ok()),
            retry_after,
        }
    }

    /// How long to wait before the next try, after `tries` of them and this status; `None` if there
    /// is to be none: 408, 409, 429 and every 5xx are tried again, and `x-should-retry` of an error
    /// overrules, but for 401.
    pub fn next_try(self, status: u16, tries: u32, jitter: f64) -> Option<Duration> {
        let again = match self.should_retry {
            Some(should) if status >= 400 && status != 401 => should,
            _ => matches!(status, 408 | 409 | 429 | 500..=599),
        };
        again.then(|| self.retry_after.unwrap_or_else(|| backoff(tries, jitter)))
    }
}

/// A fraction is rounded up. One out of range is as good as never.
fn number(text: &str) -> Option<u64> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let number: u128 = whole.parse().ok()?;
    let up = format!("0{fraction}").parse::<u128>().ok()?.min(1);
    Some(u64::try_from(number.saturating_add(up)).unwrap_or(u64::MAX))
}

/// How long to wait after `tries` of them if nobody says: half a second that doubles up to 8 s, and up
/// to 50 % of it on top, by `jitter` from 0 to 1.
pub fn backoff(tries: u32, jitter: f64) -> Duration {
    let doublings = tries.saturating_sub(1).min(4);
    let backoff = Duration::from_millis(500).saturating_mul(1 << doublings);
    backoff.mul_f64(1.0 + 0.5 * jitter.clamp(0.0, 1.0))
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
            ("retry-after", "0.5", Some(1_000)),
            ("retry-after", "0", None),
            ("retry-after", "-1", None),
            ("retry-after", "soon", None),
            ("retry-after", "NaN", None),
            ("retry-after", "inf", None),
            ("retry-after", &"9".repeat(30), Some(315_360_000_000)),
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
            ("retry-after", "7.5", Some(8_000)),
            ("retry-after-ms", "250.0", Some(250)),
            ("retry-after-ms", "1234567", Some(1_234_567)),
            ("retry-after-ms", &"9".repeat(30), Some(315_360_000_000)),
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
            (401, false, false, false),
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
                hints.next_try(status, 1, 0.0).is_some()
            };
            let found = (again(None), again(Some(false)), again(Some(true)));
            assert_eq!(found, (plain, forbidden, forced), "{status}");
        }
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
            assert_eq!(backoff(tries, 0.0), Duration::from_millis(least));
            assert_eq!(
                backoff(tries, 1.0),
                Duration::from_millis(least + least / 2)
            );
        }
        let asked = Hints {
            should_retry: None,
            retry_after: Some(Duration::from_secs(3)),
        };
        assert_eq!(asked.next_try(429, 5, 1.0), Some(Duration::from_secs(3)));
        assert_eq!(
            hints(&[("retry-after-ms", "1")]).retry_after,
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
