//! Takes every trace of a secret out of a text: no text that is not our own gets into a message
//! without it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::credentials::VARIABLE;
use crate::sanitize::{cut, is_invisible, sanitize, visible, without_commands};

/// This many characters of a secret in a row are a trace of it.
const TRACE: usize = 8;

/// What stands for a trace.
const MARK: &str = "[key]";

/// Knows the traces of any number of secrets; without one it changes nothing.
#[derive(Default)]
pub struct Redactor {
    /// Eight characters each, or a shorter secret whole, in lower case: a byte of the number each.
    traces: BTreeSet<u64>,
    lengths: BTreeSet<usize>,
}

impl Redactor {
    /// Of secrets, and of texts that are meant for one.
    pub fn new(secrets: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let own = VARIABLE.to_ascii_lowercase();
        // What stands in the variable may name it; the messages do so too.
        let is_own = |trace: &[u8]| own.as_bytes().windows(TRACE).any(|part| part == trace);
        let mut traces = BTreeSet::new();
        let mut lengths = BTreeSet::new();
        for secret in secrets {
            let secret = secret.as_ref().to_ascii_lowercase();
            let bytes: Vec<u8> = secret.bytes().filter(u8::is_ascii_graphic).collect();
            let windows = bytes.windows(bytes.len().clamp(1, TRACE));
            for trace in windows.filter(|trace| !is_own(trace)) {
                lengths.insert(trace.len());
                traces.insert(packed(trace));
            }
        }
        Self { traces, lengths }
    }

    /// The text with every trace of a secret taken out: whole, cut, in other letter case, or split
    /// by what is not visible ASCII or by escape sequences. A trace is eight characters in a row,
    /// or a shorter secret whole.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        // What a terminal does not show, JSON may; and what an escape sequence splits, a terminal
        // joins.
        let redacted = self.without_traces(text, text.char_indices(), |_| true);
        if !redacted.contains(char::is_control) {
            return redacted;
        }
        let shown = self.without_traces(&redacted, visible(&redacted), |_| true);
        Cow::Owned(shown.into_owned())
    }

    /// Text that is not our own, as a part of a message: one visible line without commands to a CI
    /// runner, of at most `max_chars` characters.
    ///
    /// The order matters: control characters must not split a key, what stands for a key must not
    /// complete a command, and a cut must not hide that a key was there.
    pub fn quote(&self, text: &str, max_chars: usize) -> String {
        cut(&without_commands(&self.redact(&sanitize(text))), max_chars)
    }

    /// A name that is not our own, such as a model's: quoted, and cut where it is longer than any.
    pub fn name(&self, name: &str) -> String {
        const MAX_NAME: usize = 80;
        let shown = self.quote(name, MAX_NAME);
        if name.chars().any(is_invisible) {
            format!("{shown} (with an invisible character in it)")
        } else {
            shown
        }
    }

    /// The last check of all that leaves, our own words among it: those hold no trace of letters
    /// and digits, but may hold one of letters alone, and figures may be one of digits.
    pub fn last_check<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let is_mixed = |trace: &[u8]| {
            let has = |kind: fn(&u8) -> bool| trace.iter().any(kind);
            has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && trace.len() == TRACE
        };
        self.without_traces(text, text.char_indices(), is_mixed)
    }

    /// Whether a text holds a trace.
    pub fn holds_trace(&self, text: &str) -> bool {
        self.redact(text) != text
    }

    /// The text without those traces among these of its characters that count.
    fn without_traces<'t>(
        &self,
        text: &'t str,
        characters: impl Iterator<Item = (usize, char)>,
        counts: impl Fn(&[u8]) -> bool,
    ) -> Cow<'t, str> {
        // A key is visible ASCII: all else may stand between its characters to hide it.
        let graphic = characters.filter(|(_, character)| character.is_ascii_graphic());
        let (places, graphic): (Vec<usize>, String) = graphic.unzip();
        let graphic = graphic.to_ascii_lowercase().into_bytes();
        let mut found = BTreeSet::new();
        for length in &self.lengths {
            let windows = graphic.windows(*length).zip(places.windows(*length));
            let traces =
                windows.filter(|(trace, _)| counts(trace) && self.traces.contains(&packed(trace)));
            found
                .extend(traces.filter_map(|(_, places)| Some((*places.first()?, *places.last()?))));
        }
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut redacted = String::new();
        let mut kept_to = 0;
        for (start, last) in found {
            if start >= kept_to {
                redacted.push_str(text.get(kept_to..start).unwrap_or_default());
                redacted.push_str(MARK);
            }
            // Its last character is one byte.
            kept_to = kept_to.max(last.saturating_add(1));
        }
        redacted.push_str(text.get(kept_to..).unwrap_or_default());
        Cow::Owned(redacted)
    }
}

/// At most eight bytes, of which none is 0, as one number.
fn packed(trace: &[u8]) -> u64 {
    let bytes = trace.iter().map(|byte| u64::from(*byte));
    bytes.fold(0, |packed, byte| (packed << 8) | byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "key_0123456789abcdefghijklmnopqrstuvwxyz";

    fn redactor(keys: &[&str]) -> Redactor {
        Redactor::new(keys)
    }

    #[test]
    fn every_trace_of_a_key_goes() {
        let split = |by: &str| SECRET.chars().map(|c| format!("{c}{by}")).collect();
        for (text, redacted) in [
            (format!("bad key {SECRET}!"), "bad key [key]!"),
            (format!("{}…", SECRET.split_at(12).0), "[key]…"),
            (SECRET.to_uppercase(), "[key]"),
            ("no trace".to_owned(), "no trace"),
            ("key_012 3 and key_012".to_owned(), "[key] and key_012"),
            (format!("é{SECRET}é{SECRET}"), "é[key]é[key]"),
            (format!("a\u{1b}]{SECRET}"), "a\u{1b}][key]"),
            (format!("\u{9d}{SECRET}b"), "\u{9d}[key]b"),
            (split("\u{1b}[0m"), "[key]\u{1b}[0m"),
            (split("\u{9b}0m"), "[key]\u{9b}0m"),
            (split("\u{1b}]0;t\u{7}"), "[key]\u{1b}]0;t\u{7}"),
            (split("\u{0}\n"), "[key]\u{0}\n"),
            (split("é"), "[key]é"),
        ] {
            assert_eq!(redactor(&[SECRET]).redact(&text), redacted, "{text:?}");
        }
    }

    #[test]
    fn the_last_check_leaves_our_own_words_and_figures() {
        let of = redactor(&["key_456789abcdefghij", "12345678", "aaRUNWAYML_API_SECRET"]);
        for (text, left) in [
            ("", ""),
            ("a key_456789abcdefghij, Key_4567.", "a [key]hij, [key]."),
            ("key_\n456789", "[key]"),
            ("abcdefghij 12345678", "abcdefghij 12345678"),
            ("set RUNWAYML_API_SECRET", "set RUNWAYML_API_SECRET"),
        ] {
            assert_eq!(of.last_check(text), left);
        }
        let own = "set RUNWAYML_API_SECRET";
        assert_eq!(of.redact(own), own);
    }

    #[test]
    fn a_word_that_is_shown_may_hold_a_trace() {
        for (key, word, holds) in [
            (SECRET, "key_0123", true),
            (SECRET, "a-KEY_0123", true),
            (SECRET, "key_012", false),
            (SECRET, "another-word", false),
            ("abc", "of-an-abc", true),
        ] {
            assert_eq!(redactor(&[key]).holds_trace(word), holds, "{word}");
        }
    }

    #[test]
    fn a_short_key_goes_as_a_whole() {
        let several = redactor(&["abc", "abcd", "x", SECRET]);
        for (text, redacted) in [
            ("ab", "ab"),
            ("ABC.", "[key]."),
            ("abcd", "[key]"),
            ("ax-key_01234", "a[key]-[key]"),
        ] {
            assert_eq!(several.redact(text), redacted);
        }
        for none in [Redactor::default(), redactor(&[""])] {
            assert!(matches!(none.redact("abc"), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn a_text_without_a_trace_is_not_copied() {
        for text in ["gen4.5", "key_012-key_012", "é 12345 é"] {
            assert!(matches!(redactor(&[SECRET]).redact(text), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn a_quotation_is_safe_and_short() {
        let of = redactor(&[SECRET]);
        let split: String = SECRET.chars().map(|c| format!("{c}\n\u{0}")).collect();
        #[rustfmt::skip]
        let cases = [
            (" a\n b ", 60, "a b"),
            (&*format!("##{SECRET}"), 60, "# #[key]"),
            (&*format!(":{SECRET}"), 60, ":[key]"),
            ("::error::a", 60, ": :error::a"),
            (&*format!("{}{SECRET}", "é".repeat(55)), 60, &*format!("{}[key]", "é".repeat(55))),
            (&*format!("{}{SECRET}", "é".repeat(50)), 54, &*format!("{}[ke…", "é".repeat(50))),
            (&*format!("{split}!"), 60, "[key] !"),
        ];
        for (text, max_chars, quoted) in cases {
            let once = of.quote(text, max_chars);
            assert_eq!(once, quoted);
            assert_eq!(of.quote(&once, max_chars), once);
        }
    }

    proptest! {
        #[test]
        fn no_trace_survives(before in ".{0,20}", from in 0_usize..30, length in 8_usize..40,
                             gap in "[ \\n\\x00\u{200b}é]{0,2}", after in ".{0,20}") {
            let part: Vec<char> = SECRET.chars().skip(from).take(length).collect();
            prop_assume!(part.len() >= 8);
            let split: String = part.iter().map(|c| format!("{c}{gap}")).collect();
            let text = format!("{before}{split}{after}");
            let of = redactor(&[SECRET]);
            for shown in [sanitize(&of.redact(&text)), of.quote(&text, 200)] {
                let bare: String = shown.chars().filter(char::is_ascii_graphic).collect();
                let bare = bare.to_ascii_lowercase();
                let mut traces = SECRET.as_bytes().windows(8);
                let left = traces.any(|trace| bare.as_bytes().windows(8).any(|part| part == trace));
                prop_assert!(!left, "{}", shown);
            }
        }

        /// What the windows find is what a plain search finds.
        #[test]
        fn a_trace_is_eight_characters_in_a_row(text in "[ab]{0,40}", key in "[ab]{8,14}") {
            let traces = (0..=key.len() - 8).map(|from| key.split_at(from).1.split_at(8).0);
            let traces: Vec<&str> = traces.collect();
            let found = traces.iter().any(|trace| text.contains(trace));
            let redacted = redactor(&[&key]).redact(&text).into_owned();
            prop_assert_eq!(found, redacted != text);
            prop_assert!(!traces.iter().any(|trace| redacted.contains(trace)));
        }
    }
}
