//! A JSON document as it stands: a field that is there twice is kept, and a figure keeps its text.
//!
//! Only what is asked for is read, a level at a time; the rest is passed over unread.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::quota::Found;

/// A JSON value, not yet read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json<'a>(&'a str);

/// Which way a figure that is not whole goes: against the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// What is available.
    Down,
    /// What is used.
    Up,
}

impl<'a> Json<'a> {
    /// A whole document.
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, serde_json::Error> {
        let raw: &RawValue = serde_json::from_slice(text)?;
        Ok(Self(raw.get()))
    }

    /// The fields, in order, if this is an object.
    pub(super) fn object(self) -> Option<Vec<(Cow<'a, str>, Json<'a>)>> {
        let Fields(fields) = self.read(b'{')?;
        Some(fields)
    }

    /// The items, if this is an array.
    pub(super) fn array(self) -> Option<Vec<Json<'a>>> {
        let items: Vec<&RawValue> = self.read(b'[')?;
        Some(items.into_iter().map(|raw| Json(raw.get())).collect())
    }

    /// The text, if this is a string.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        let Text(text) = self.read(b'"')?;
        Some(text)
    }

    pub(super) fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The text of a number, as it was written.
    pub(super) fn number(self) -> Option<&'a str> {
        let first = self.0.bytes().next()?;
        (first == b'-' || first.is_ascii_digit()).then_some(self.0)
    }

    /// What it is, for a sentence.
    pub(super) fn found(self) -> Found {
        if let Some(number) = self.number() {
            return Found::Number(number.to_owned());
        }
        if let Some(text) = self.string() {
            return Found::Text(text.into_owned());
        }
        Found::Own(match self.0.bytes().next() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b't') => "true",
            Some(b'f') => "false",
            _ => "null",
        })
    }

    fn read<T: Deserialize<'a>>(self, first: u8) -> Option<T> {
        if self.0.bytes().next() != Some(first) {
            return None;
        }
        serde_json::from_str(self.0).ok()
    }
}

/// A number's text as a whole number, rounded from its decimal digits; `None` where it is larger
/// than fits. A negative one that rounds to 0 is `None` as well where it cannot be negative.
pub(crate) fn whole(number: &str, round: Round) -> Option<i128> {
    // Enough for every figure that is read; more digits are out of range.
    const MAX_DIGITS: usize = 38;
    let (negative, text) = match number.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, number),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (text, "0"),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || integer.bytes().chain(fraction.bytes());
    if digits().all(|digit| digit == b'0') {
        return Some(0);
    }
    // An exponent beyond any length of text moves every digit out of sight.
    let exponent = match exponent.parse::<i64>() {
        Ok(exponent) => exponent,
        Err(_) if exponent.starts_with('-') => i64::MIN,
        Err(_) => i64::MAX,
    };
    let integer_digits = i64::try_from(integer.len())
        .unwrap_or(i64::MAX)
        .saturating_add(exponent);
    let leading = digits().take_while(|digit| *digit == b'0').count();
    let significant = integer_digits.saturating_sub(i64::try_from(leading).unwrap_or(i64::MAX));
    if significant > i64::try_from(MAX_DIGITS).unwrap_or(i64::MAX) {
        return None;
    }
    let kept = usize::try_from(integer_digits.max(0)).unwrap_or(usize::MAX);
    let mut whole: i128 = 0;
    for digit in digits()
        .chain(std::iter::repeat(b'0'))
        .take(kept)
        .skip(leading.min(kept))
    {
        let digit = i128::from(digit.saturating_sub(b'0'));
        whole = whole.checked_mul(10)?.checked_add(digit)?;
    }
    let inexact = digits().skip(kept).any(|digit| digit != b'0');
    let away = inexact && (negative == (round == Round::Down));
    let whole = if away { whole.checked_add(1)? } else { whole };
    if negative {
        whole.checked_neg()
    } else {
        Some(whole)
    }
}

/// The fields of an object, in order.
struct Fields<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((Text(name), value)) = map.next_entry::<_, &RawValue>()? {
                    fields.push((name, Json(value.get())));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// Serde's own `Cow` copies always.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(value.to_owned())))
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(value)))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_are_rounded_from_their_text() {
        for (number, down, up) in [
            ("0", 0, 0),
            ("-0.0", 0, 0),
            ("7", 7, 7),
            ("0.9999999999999999", 0, 1),
            ("19.99999999999999999999", 19, 20),
            ("-0.5", -1, 0),
            ("-7.01", -8, -7),
            ("1e2", 100, 100),
            ("1.5e1", 15, 15),
            ("1.55E+1", 15, 16),
            ("155e-1", 15, 16),
            ("1e-400", 0, 1),
            ("0e99999999999999999999", 0, 0),
            ("1e-99999999999999999999", 0, 1),
            ("0.00001e5", 1, 1),
            ("1000e-3", 1, 1),
        ] {
            let both = (whole(number, Round::Down), whole(number, Round::Up));
            assert_eq!(both, (Some(down), Some(up)), "{number}");
        }
        for number in ["1e39", "1E400", "1e99999999999999999999", "-1e39"] {
            assert_eq!(whole(number, Round::Down), None, "{number}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_are_exact(number in any::<i64>(), zeros in 0_usize..30) {
            let text = format!("{number}.{}", "0".repeat(zeros.max(1)));
            prop_assert_eq!(whole(&text, Round::Down), Some(number.into()));
            prop_assert_eq!(whole(&text, Round::Up), Some(number.into()));
            let text = format!("{number}.{}1", "0".repeat(zeros));
            let (low, high) = if number < 0 || text.starts_with('-') {
                (i128::from(number) - 1, i128::from(number))
            } else {
                (i128::from(number), i128::from(number) + 1)
            };
            prop_assert_eq!(whole(&text, Round::Down), Some(low));
            prop_assert_eq!(whole(&text, Round::Up), Some(high));
        }
    }
}
