//! What generations cost. Prices come from the flags: none is built in, since Runway's differ by
//! resolution, audio and length, and change.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

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
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = |text: &str| !text.is_empty() && digits(text);
        if !is_number(whole) || !is_number(decimals) || decimals.len() > DECIMALS {
            return None;
        }
        let thousandths = format!("{whole}{decimals:0<DECIMALS$}").parse().ok()?;
        (thousandths <= MAX_THOUSANDTHS).then_some(Self { thousandths })
    }

    /// What `count` of them cost together, rounded up.
    pub fn of(self, count: u64) -> Credits {
        let thousandths = self.thousandths.saturating_mul(count.into());
        Credits(i128::try_from(thousandths.div_ceil(1_000)).unwrap_or(i128::MAX))
    }

    /// What a price between 0 and one credit would be if it were in dollars.
    pub fn in_dollars(self) -> Option<Self> {
        (1..1_000).contains(&self.thousandths).then(|| Self {
            thousandths: self.thousandths.saturating_mul(100),
        })
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.thousandths / 1_000, self.thousandths % 1_000);
        let text = format!("{whole}.{decimals:03}");
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A JSON number, above 0, times a number of thousandths: exact, then rounded up. `None` if the
/// product has more digits than can be counted.
pub fn times(number: &str, thousandths: u128) -> Option<i128> {
    if let Ok(number) = number.parse::<u32>() {
        let product = thousandths.checked_mul(number.into())?;
        return i128::try_from(product.div_ceil(1_000)).ok();
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, after)| after.len());
    let digits: u128 = mantissa.replace('.', "").parse().ok()?;
    // In credits, not in thousandths.
    let decimals = decimals.saturating_add(3);
    let width = decimals.saturating_add(1);
    let mut product = format!("{:0>width$}", digits.checked_mul(thousandths)?);
    product.insert(product.len().saturating_sub(decimals), '.');
    whole(&format!("{product}e{exponent}"), Round::Up)
}

/// What an output of a task costs, or a second of it, if its fields are as the rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// As it was given, with one blank between its words.
    pub text: Arc<str>,
    /// The model.
    pub model: Model,
    /// Fields of a task, and the text that each must have.
    pub conditions: BTreeMap<String, String>,
    /// The price.
    pub price: Price,
    /// Whether it is that of a second.
    pub by_second: bool,
}

impl Rule {
    /// Reads `MODEL=CREDITS` or `MODEL FIELD=VALUE... CREDITS`; `/s` at the end is for a second.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (model, given, price) = match words[..] {
            [word] => {
                let (model, price) = word.split_once('=')?;
                (model, &[][..], price)
            }
            [model, ref given @ .., price] if !given.is_empty() && !model.contains('=') => {
                (model, given, price)
            }
            _ => return None,
        };
        let is_name = |name: &str| Model::is_name(name) && name != "*";
        let mut conditions = BTreeMap::new();
        for condition in given {
            let (field, value) = condition.split_once('=')?;
            let twice = conditions.insert(field.to_owned(), value.to_owned());
            if twice.is_some() || !is_name(field) || ["", "*"].contains(&value) {
                return None;
            }
        }
        let of_second = price.strip_suffix("/s");
        let price = Price::parse(of_second.unwrap_or(price))?;
        is_name(model).then(|| Self {
            text: words.join(" ").into(),
            model: Model::new(model),
            price,
            conditions,
            by_second: of_second.is_some(),
        })
    }

    /// What a task costs, rounded up; `None` if it is more than can be counted. `seconds` is a JSON
    /// number, and 1 unless the price is that of a second.
    pub fn cost(&self, outputs: u64, seconds: &str) -> Option<u64> {
        let thousandths = self.price.thousandths.checked_mul(outputs.into())?;
        u64::try_from(times(seconds, thousandths)?).ok()
    }
}

/// The rules of `--price`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices(BTreeMap<String, Vec<Rule>>);

impl Prices {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules for a model.
    pub fn of(&self, model: &str) -> &[Rule] {
        self.0.get(model).map_or(&[], Vec::as_slice)
    }

    /// Adds a rule; `false` if there is one with the same conditions.
    pub fn add(&mut self, rule: Rule) -> bool {
        let rules = self.0.entry(rule.model.as_str().to_owned()).or_default();
        let new = rules.iter().all(|it| it.conditions != rule.conditions);
        if new {
            rules.push(rule);
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
    fn rules_are_equalities_of_fields() {
        #[rustfmt::skip]
        let cases = [
            ("veo3.1=40/s", "veo3.1", vec![], true),
            ("\tgpt_image_2  quality=high\u{a0}20 ", "gpt_image_2", vec![("quality", "high")], false),
            ("m b=2 a=x=y 0.5/s", "m", vec![("a", "x=y"), ("b", "2")], true),
        ];
        for (text, model, conditions, by_second) in cases {
            let rule = Rule::parse(text).expect(text);
            let found = rule
                .conditions
                .iter()
                .map(|(field, value)| (&**field, &**value));
            assert_eq!(found.collect::<Vec<_>>(), conditions, "{text}");
            assert_eq!((rule.model.as_str(), rule.by_second), (model, by_second));
            let words: Vec<&str> = text.split_whitespace().collect();
            assert_eq!(*rule.text, words.join(" "));
        }
        for text in [
            "m",
            "m 5",
            "m=5 a=1",
            "m a=1",
            "m a 5",
            "m =1 5",
            "m a=1 b=2",
            "key_1 a=1 5",
            "m key_1=1 5",
            "*=5",
            "m a= 5",
            "m a=* 5",
            "m *=1 5",
            "* a=1 5",
            "m a=1 a=1 5",
            "m a=1 5/m",
            "m a=1 5.1234",
            "m==5",
        ] {
            assert_eq!(Rule::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_rule_is_there_twice() {
        let mut prices = Prices::default();
        let rules = ["m=9", "m a=1 8", "m b=1 7", "m a=1 b=1 6", "n a=1 5"];
        for rule in rules {
            assert!(prices.add(Rule::parse(rule).expect(rule)), "{rule}");
        }
        for twice in ["m=1/s", "m b=1 a=1 6", "n a=1 5/s"] {
            assert!(!prices.add(Rule::parse(twice).expect(twice)), "{twice}");
        }
    }

    #[test]
    fn a_task_is_charged_by_its_outputs_and_rounded_up_once() {
        for (rule, outputs, seconds, cost) in [
            ("m=0.5", 3, "1", Some(2)),
            ("m=0.5", 1, "1", Some(1)),
            ("m=1.5/s", 3, "0.5", Some(3)),
            ("m=0.001/s", 10, "1e2", Some(1)),
            ("m=0", u64::MAX, "1", Some(0)),
            ("m=1", u64::MAX, "1", Some(u64::MAX)),
            ("m=1.001", u64::MAX, "1", None),
            ("m=18446744073709551615", u64::MAX, "1", None),
            ("m=18446744073709551615", 2, "1", None),
            ("m=18446744073709551615/s", 1, "0.5", Some(1 << 63)),
            ("m=18446744073709551615/s", 1, "2", None),
            ("m=18446744073709551615/s", 999_999, "0.123456789", None),
        ] {
            let found = Rule::parse(rule).expect(rule).cost(outputs, seconds);
            assert_eq!(found, cost, "{rule} × {outputs} × {seconds:?}");
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
        for (text, shown, dollars) in [
            ("0.60", "0.6", Some("60")),
            ("0.005", "0.005", Some("0.5")),
            ("0.999", "0.999", Some("99.9")),
            ("1", "1", None),
            ("10", "10", None),
            ("0", "0", None),
        ] {
            assert_eq!(price(text).to_string(), shown);
            let found = price(text).in_dollars().map(|price| price.to_string());
            assert_eq!(found.as_deref(), dollars, "{text}");
        }
        for (text, seconds, credits) in [
            ("12", "5", 60),
            ("12", "5.0", 60),
            ("12", "5e0", 60),
            ("12", "0.5e1", 60),
            ("12", "5.01", 61),
            ("0.1", "10", 1),
            ("0.1", "10.00000000000000000000000000000001", 2),
            ("12", "0.08333333333333333333333333333333", 1),
            ("1", "1e-400", 1),
            ("1", "1e-99999999999999999999", 1),
            ("0", "1e-400", 0),
            ("0.001", "1000000", 1_000),
        ] {
            let sum = times(seconds, price(text).thousandths);
            assert_eq!(sum, Some(credits), "{text} × {seconds} s");
        }
        let long = format!("1.{}1", "0".repeat(40));
        for seconds in [
            &*long,
            "1e99",
            "1e9223372036854775807",
            "1e99999999999999999999",
        ] {
            assert_eq!(times(seconds, 1_000), None, "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn seconds_agree_with_whole_generations(
            thousandths in 0_u128..5_000_000,
            seconds in 1_u64..1_000_000,
        ) {
            let price = Price { thousandths };
            let sum = times(&seconds.to_string(), thousandths);
            prop_assert_eq!(sum, Some(price.of(seconds).0));
        }
    }
}
