//! `Retry-After` and `retry-after-ms`: a wait that lies ahead and ends, or none.

#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use libfuzzer_sys::fuzz_target;
use runway_preflight::retry::Hints;

const TEN_YEARS: Duration = Duration::from_secs(315_360_000);

fuzz_target!(|text: &str| {
    let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
    for asked in ["retry-after", "retry-after-ms", "x-should-retry"] {
        let hints = Hints::read(|name| (name == asked).then_some(text), now);
        if let Some(wait) = hints.retry_after {
            assert!(!wait.is_zero() && wait <= TEN_YEARS);
            if let Ok(number) = text.trim().parse::<u64>() {
                let plain = match asked {
                    "retry-after" => Duration::from_secs(number),
                    _ => Duration::from_millis(number),
                };
                assert_eq!(wait, plain.min(TEN_YEARS));
            }
        }
        if let Some(wait) = hints.next_try(503, 1, 0.5) {
            assert!((Duration::from_millis(100)..=TEN_YEARS).contains(&wait));
        }
    }
});
