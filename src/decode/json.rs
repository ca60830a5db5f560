//! A JSON document as it stands: a field that is there twice is kept, and a figure keeps its text.
//!
//! serde_json checks the document, then one pass notes where its values stand. Nothing is read but
//! what is asked for.

use std::borrow::Cow;

use memchr::arch::all::is_equal;
use memchr::memchr2;
use serde_json::value::RawValue;

/// More than 8 MiB of models or days hold; each takes 24 bytes of memory.
pub(super) const MAX_VALUES: usize = 2_000_000;

/// A document: its values in the order in which they begin, names of fields among them.
pub(super) struct Document<'a>(Vec<Value<'a>>);

struct Value<'a> {
    kind: Kind,
    /// As it was written; of a string without escapes, what the quotation marks hold.
    text: &'a str,
    /// How many values this is, with all that it holds.
    size: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    Text,
    /// A string that is not as it was written.
    Escaped,
    /// A number, `true`, `false` or `null`.
    Scalar,
}

/// A value of a document, and behind it all that it holds.
#[derive(Clone, Copy)]
pub(super) struct Json<'a>(&'a [Value<'a>]);

/// Which way a figure that is not whole goes: against the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// What is available.
    Down,
    /// What is used.
    Up,
}

impl<'a> Document<'a> {
    /// Checks a text, and finds its values; `None` if there are more than [`MAX_VALUES`].
    pub(super) fn parse(text: &'a [u8]) -> Result<Option<Self>, serde_json::Error> {
        let raw: &RawValue = serde_json::from_slice(text)?;
        let text = raw.get();
        let mut values: Vec<Value> = Vec::new();
        // The objects and arrays that have begun.
        let mut open: Vec<usize> = Vec::new();
        let bytes = text.as_bytes();
        let mut start: usize = 0;
        while let Some(first) = bytes.get(start) {
            let inside = start.saturating_add(1);
            let after = || bytes.get(inside..).unwrap_or_default();
            let (kind, length) = match first {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => {
                    start = inside;
                    continue;
                }
                b'}' | b']' => {
                    let index = open.pop().unwrap_or_default();
                    let size = u32::try_from(values.len().saturating_sub(index));
                    if let Some(value) = values.get_mut(index) {
                        value.size = size.unwrap_or(u32::MAX);
                    }
                    start = inside;
                    continue;
                }
                b'{' => (Kind::Object, 0),
                b'[' => (Kind::Array, 0),
                b'"' => string(after()),
                _ => (Kind::Scalar, rest_of_scalar(after())),
            };
            if values.len() >= MAX_VALUES {
                return Ok(None);
            }
            let end = inside.saturating_add(length);
            if matches!(kind, Kind::Object | Kind::Array) {
                open.push(values.len());
            }
            let text = match kind {
                Kind::Text => text.get(inside..end.saturating_sub(1)),
                _ => text.get(start..end),
            };
            values.push(Value {
                kind,
                text: text.unwrap_or_default(),
                size: 1,
            });
            start = end;
        }
        Ok(Some(Self(values)))
    }

    /// The document as a value.
    pub(super) fn root(&self) -> Json<'_> {
        Json(&self.0)
    }
}

impl<'a> Json<'a> {
    fn is(self, kind: Kind) -> bool {
        self.0.first().is_some_and(|value| value.kind == kind)
    }

    pub(super) fn is_object(self) -> bool {
        self.is(Kind::Object)
    }

    /// The fields of an object, in order; one whose name is no text has none that could be meant.
    pub(super) fn fields(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        self.pairs()
            .filter_map(|(name, value)| Some((name.string()?, value)))
    }

    /// The fields of an object that have one name.
    pub(super) fn fields_named<'n>(
        self,
        wanted: &'n str,
    ) -> impl Iterator<Item = Json<'a>> + use<'a, 'n> {
        self.pairs()
            .filter(move |(name, _)| name.is_text(wanted))
            .map(|(_, value)| value)
    }

    fn pairs(self) -> impl Iterator<Item = (Json<'a>, Json<'a>)> {
        let mut held = self.held();
        std::iter::from_fn(move || held.next().zip(held.next()))
    }

    /// The items, if this is an array.
    pub(super) fn array(self) -> Option<impl Iterator<Item = Json<'a>>> {
        self.is(Kind::Array).then(|| self.held())
    }

    /// What it holds directly.
    fn held(self) -> impl Iterator<Item = Json<'a>> {
        let mut rest = self.0.get(1..).unwrap_or_default();
        std::iter::from_fn(move || {
            let size = usize::try_from(rest.first()?.size).ok()?;
            let (value, after) = rest.split_at_checked(size)?;
            rest = after;
            Some(Json(value))
        })
    }

    /// The text, if this is a string.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        let value = self.0.first()?;
        match value.kind {
            Kind::Text => Some(Cow::Borrowed(value.text)),
            Kind::Escaped => serde_json::from_slice(value.text.as_bytes())
                .map(Cow::Owned)
                .ok(),
            _ => None,
        }
    }

    fn is_text(self, text: &str) -> bool {
        match self.0.first() {
            Some(value) if value.kind == Kind::Text => is_same(value.text, text),
            _ => self.string().is_some_and(|found| found == text),
        }
    }

    pub(super) fn is_null(self) -> bool {
        self.scalar() == Some("null")
    }

    /// The text of a number, as it was written.
    pub(super) fn number(self) -> Option<&'a str> {
        let begins = |first: char| first == '-' || first.is_ascii_digit();
        self.scalar().filter(|text| text.starts_with(begins))
    }

    fn scalar(self) -> Option<&'a str> {
        let value = self.0.first()?;
        (value.kind == Kind::Scalar).then_some(value.text)
    }

    /// What it is, for a sentence.
    pub(super) fn kind(self) -> &'static str {
        match self.scalar() {
            Some("true") => "true",
            Some("false") => "false",
            Some("null") => "null",
            Some(_) => "a number",
            None if self.is_object() => "an object",
            None if self.is(Kind::Array) => "an array",
            None => "a string",
        }
    }
}

/// How many bytes of a text belong to the number, or the word, that has begun before it.
fn rest_of_scalar(text: &[u8]) -> usize {
    let belongs =
        |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.');
    text.iter().take_while(belongs).count()
}

/// The kind of the string that has begun before a text, and how many bytes of the text belong to
/// it.
fn string(text: &[u8]) -> (Kind, usize) {
    let mut kind = Kind::Text;
    let mut length: usize = 0;
    while let Some(found) = memchr2(b'"', b'\\', text.get(length..).unwrap_or_default()) {
        length = length.saturating_add(found);
        let ends = text.get(length) == Some(&b'"');
        length = length.saturating_add(1);
        if ends {
            break;
        }
        kind = Kind::Escaped;
        length = length.saturating_add(1);
    }
    (kind, length)
}

/// Whether two names are the same. The memory routines of a static build compare byte by byte, and
/// there are tens of thousands of names.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    is_equal(one.as_bytes(), other.as_bytes())
}

/// A number's text as a whole number, rounded from its decimal digits; `None` if it is larger
/// than fits.
pub(crate) fn whole(number: &str, round: Round) -> Option<i128> {
    // Almost every figure.
    if let Ok(whole) = number.parse::<i64>() {
        return Some(whole.into());
    }
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

    /// The value again, from what is found of it.
    fn plain(json: Json) -> serde_json::Value {
        if json.is_object() {
            let fields = json.fields();
            return fields
                .map(|(name, value)| (name.into_owned(), plain(value)))
                .collect();
        }
        if let Some(items) = json.array() {
            return items.map(plain).collect();
        }
        match json.string() {
            Some(text) => text.into(),
            None => serde_json::from_str(json.scalar().expect("a scalar")).expect("JSON"),
        }
    }

    #[test]
    fn every_value_is_found_where_it_stands() {
        for text in [
            "{}",
            "[]",
            "null",
            " -1.5e+3 ",
            r#""""#,
            r#"{"a":[{},[],[[]],{"b":{"c":[1,2,{"d":null}]}}],"e":true}"#,
            "{ \"a\" : [ 1 , \"b\" ] ,\r\n\t\"c\" : { } }",
            r#"{"\"":"}","\\":"\\\"","]":"[{,:","\u0061":"\ud83d\ude00é"}"#,
            "[false,1,\"x\",-0]",
        ] {
            let expected: serde_json::Value = serde_json::from_str(text).expect(text);
            let document = Document::parse(text.as_bytes()).expect(text);
            assert_eq!(plain(document.expect(text).root()), expected, "{text}");
        }
    }

    #[test]
    fn a_document_has_two_million_values_at_the_most() {
        for (items, read) in [(MAX_VALUES - 1, true), (MAX_VALUES, false)] {
            let text = format!("[{}0]", "0,".repeat(items - 1));
            let document = Document::parse(text.as_bytes()).expect("JSON");
            assert_eq!(document.is_some(), read, "{items}");
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
