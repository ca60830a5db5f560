//! Figures and words for people: thousands separators, dollars, plurals, lists.

use std::time::Duration;

use crate::quota::{Credits, Limit};
use crate::spend::SECONDS_A_DAY;

/// `1234567` as `1,234,567`.
pub fn thousands(number: impl TryInto<i128>) -> String {
    let mut text = whole(number).to_string();
    let first_digit = usize::from(text.starts_with('-'));
    let mut place = text.len().saturating_sub(3);
    while place > first_digit {
        text.insert(place, ',');
        place = place.saturating_sub(3);
    }
    text
}

/// Every figure of a report fits.
fn whole(number: impl TryInto<i128>) -> i128 {
    number.try_into().unwrap_or(i128::MAX)
}

/// Thousandths of a second as seconds, without decimals that say nothing: `1,500`, `2.5`.
pub fn seconds(milliseconds: i128) -> String {
    let decimals = format!(".{:03}", milliseconds % 1_000);
    thousands(milliseconds / 1_000) + decimals.trim_end_matches(['.', '0'])
}

/// Credits as dollars with two decimals and no sign of the currency: `50.00`.
pub fn usd(credits: Credits) -> String {
    dollars(credits).replace(['$', ','], "")
}

/// Credits as dollars for people: `$1,234.50`.
pub fn dollars(credits: Credits) -> String {
    let cents = credits.0.unsigned_abs();
    let sign = if credits.0 < 0 { "-" } else { "" };
    format!("{sign}${}.{:02}", thousands(cents / 100), cents % 100)
}

/// `5,000 credits ($50.00)`.
pub fn credits(credits: Credits) -> String {
    format!("{} ({})", count(credits.0, "credit"), dollars(credits))
}

/// A limit as a number or as `no limit`.
pub fn limit(limit: Limit) -> String {
    limit.number().map_or("no limit".to_owned(), thousands)
}

/// `3 generations`, `1 generation`.
pub fn count(number: impl TryInto<i128>, noun: &str) -> String {
    let number = whole(number);
    let plural = if number.unsigned_abs() == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number))
}

/// A duration rounded up to the full second.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_millis().div_ceil(1_000);
    let seconds = Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX));
    humantime::format_duration(seconds).to_string()
}

/// A duration as it was given, in words where it is one of whole days: `7 days`, `1day 12h`.
pub fn exact_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let whole_days = duration.subsec_nanos() == 0 && seconds.is_multiple_of(SECONDS_A_DAY);
    if whole_days && seconds > 0 {
        count(seconds / SECONDS_A_DAY, "day")
    } else {
        humantime::format_duration(duration).to_string()
    }
}

/// `1 is`, `12 are`.
pub fn is_or_are(number: impl TryInto<i128>) -> String {
    let number = whole(number);
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", thousands(number))
}

/// `a, b or c`.
pub fn list(items: &[String], conjunction: &str) -> String {
    match items.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} {conjunction} {last}", others.join(", "))
        }
        _ => items.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_dollars() {
        for (number, text) in [
            (0_i128, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-1_234_567, "-1,234,567"),
            (100_000, "100,000"),
        ] {
            assert_eq!(thousands(number), text);
        }
        assert_eq!(dollars(Credits(123_450)), "$1,234.50");
        assert_eq!(dollars(Credits(-5)), "-$0.05");
        assert_eq!(usd(Credits(5_000)), "50.00");
        assert_eq!(usd(Credits(i128::MIN)).len(), 41);
        assert_eq!(credits(Credits(1)), "1 credit ($0.01)");
        for (millis, text) in [(1, "1s"), (59_001, "1m"), (86_400_000, "1day")] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }
}
