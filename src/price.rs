//! What generations cost. Prices come from the flags: none is built in, since Runway's differ by
//! resolution, audio and length, and change.

use crate::decode::{whole, Round};
use crate::quota::{Credits, Model};

/// Where Runway publishes its prices.
pub const PRICING_PAGE: &str = "https://docs.dev.runwayml.com/guides/pricing";

/// As many credits as a flag can name, in thousandths.
const MAX_THOUSANDTHS: u128 = 18_446_744_073_709_551_615_000;

/// Credits to a thousandth, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    thousandths: u128,
}

impl Price {
    /// Digits with up to three decimals: no sign, no separators.
    pub fn parse(text: &str) -> Option<Self> {
        const DECIMALS: usize = 3;
        let (whole, decimals) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some((whole, decimals)) => (whole, decimals),
            None => (text, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || decimals.len() > DECIMALS || !digits(whole) || !digits(decimals) {
            return None;
        }
        let thousandths = format!("{whole}{decimals:0<DECIMALS$}").parse().ok()?;
        (thousandths <= MAX_THOUSANDTHS).then_some(Self { thousandths })
    }

    /// The price of one, rounded up to whole credits: each task is charged on its own.
    pub fn rounded_up(self) -> Self {
        let credits = self.thousandths.div_ceil(1_000);
        Self {
            thousandths: credits.saturating_mul(1_000),
        }
    }

    /// What `count` of them cost together, rounded up.
    pub fn of(self, count: u64) -> Credits {
        let thousandths = self.thousandths.saturating_mul(count.into());
        Credits(i128::try_from(thousandths.div_ceil(1_000)).unwrap_or(i128::MAX))
    }

    /// What this many seconds cost, rounded up from the decimal text as it stands.
    pub fn of_seconds(self, seconds: &str) -> Option<Credits> {
        times(seconds, self.thousandths).map(Credits)
    }

    /// How many fit into these credits; `None` for a price of 0.
    pub fn fit_into(self, credits: Credits) -> Option<u64> {
        let thousandths = credits.0.max(0).unsigned_abs().saturating_mul(1_000);
        let fit = thousandths.checked_div(self.thousandths)?;
        Some(u64::try_from(fit).unwrap_or(u64::MAX))
    }
}

/// A JSON number, above 0, times a number of thousandths: exact, then rounded up.
pub fn times(number: &str, thousandths: u128) -> Option<i128> {
    if let Ok(number) = number.parse::<u32>() {
        let product = thousandths.saturating_mul(number.into()).div_ceil(1_000);
        return i128::try_from(product).ok();
    }
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (number, "0"),
    };
    let fraction = mantissa.split_once('.').map_or(0, |(_, after)| after.len());
    let mut carry: u128 = 0;
    let mut digits = Vec::new();
    for byte in mantissa.bytes().rev().filter(u8::is_ascii_digit) {
        let digit = u128::from(byte.saturating_sub(b'0'));
        carry = carry.saturating_add(digit.saturating_mul(thousandths));
        digits.push(char::from_digit(u32::try_from(carry % 10).ok()?, 10)?);
        carry /= 10;
    }
    let digits: String = digits.into_iter().rev().collect();
    // An exponent beyond any length of text is as good as the nearest one within.
    let exponent = match exponent.parse::<i64>() {
        Ok(exponent) => exponent,
        Err(_) if exponent.starts_with('-') => i64::MIN,
        Err(_) => i64::MAX,
    };
    let exponent = exponent
        .saturating_sub(i64::try_from(fraction).ok()?)
        .saturating_sub(3);
    whole(&format!("{carry}{digits}e{exponent}"), Round::Up)
}

/// What one of a model costs: one generation, or one second of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// A generation.
    Generation(Price),
    /// A second.
    Second(Price),
}

/// The prices of `--price`, by model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices(Vec<(Model, Rate)>);

impl Prices {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The price of a model.
    pub fn get(&self, model: &str) -> Option<Rate> {
        let mut prices = self.0.iter();
        prices.find_map(|(known, rate)| (known.as_str() == model).then_some(*rate))
    }

    /// Adds the price of a model; `false` if it has one.
    pub fn add(&mut self, model: Model, rate: Rate) -> bool {
        let new = self.get(model.as_str()).is_none();
        if new {
            self.0.push((model, rate));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(text: &str) -> Price {
        Price::parse(text).expect("a price")
    }

    #[test]
    fn prices_have_up_to_three_decimals() {
        for (text, thousandths) in [
            ("0", 0),
            ("60", 60_000),
            ("012", 12_000),
            ("0.5", 500),
            ("1.25", 1_250),
            ("0.001", 1),
            ("18446744073709551615", MAX_THOUSANDTHS),
        ] {
            assert_eq!(price(text).thousandths, thousandths, "{text}");
        }
        for text in [
            "",
            ".",
            ".5",
            "5.",
            "1.2345",
            "0.0000",
            "-1",
            "+1",
            "1e3",
            "1,5",
            "20-40",
            "$1",
            " 1",
            "1_000",
            "1.2.3",
            "١",
            "18446744073709551615.001",
        ] {
            assert_eq!(Price::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn products_are_exact_and_rounded_up() {
        for (text, count, credits) in [
            ("60", 20, 1_200),
            ("0.5", 3, 2),
            ("0.001", 1, 1),
            ("0.001", 1_000, 1),
            ("0.001", 1_001, 2),
            ("0", u64::MAX, 0),
            ("1.1", 10, 11),
        ] {
            assert_eq!(price(text).of(count), Credits(credits), "{text} × {count}");
        }
        assert_eq!(price("1.5").rounded_up().of(3), Credits(6));
        for (text, seconds, credits) in [
            ("12", "5", 60),
            ("12", "5.0", 60),
            ("12", "5e0", 60),
            ("12", "0.5e1", 60),
            ("12", "5.01", 61),
            ("0.1", "10", 1),
            ("0.1", "10.0000000000000000000000000000000000000001", 2),
            ("12", "0.08333333333333333333333333333333", 1),
            ("1", "1e-400", 1),
            ("1", "1e-99999999999999999999", 1),
            ("0", "1e-400", 0),
            ("0.001", "1000000", 1_000),
        ] {
            let sum = price(text).of_seconds(seconds);
            assert_eq!(sum, Some(Credits(credits)), "{text} × {seconds} s");
        }
        for seconds in ["1e99", "1e9223372036854775807", "1e99999999999999999999"] {
            assert_eq!(price("1").of_seconds(seconds), None, "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn what_fits_is_affordable_and_one_more_is_not(
            thousandths in 1_u128..5_000_000,
            credits in 0_i128..1_000_000,
        ) {
            let price = Price { thousandths };
            let fit = price.fit_into(Credits(credits)).expect("a price above 0");
            prop_assert!(price.of(fit) <= Credits(credits));
            prop_assert!(price.of(fit + 1) > Credits(credits));
        }

        #[test]
        fn seconds_agree_with_whole_generations(
            thousandths in 0_u128..5_000_000,
            seconds in 1_u64..1_000_000,
        ) {
            let price = Price { thousandths };
            let sum = price.of_seconds(&seconds.to_string());
            prop_assert_eq!(sum, Some(price.of(seconds)));
        }
    }
}
