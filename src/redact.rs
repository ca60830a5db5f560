//! Takes every trace of a key out of a text: no text that is not our own gets into a message
//! without it.

use std::borrow::Cow;
use std::fmt;

use crate::credentials::{Key, VARIABLE};
use crate::sanitize::{cut, is_harmless, is_invisible, sanitize, visible, without_commands};

/// This many characters of a key in a row are a trace of it: as many as fit a number.
const TRACE: usize = 8;

/// What stands for a trace.
const MARK: &str = "[key]";

/// Knows the traces of any number of keys; without a key it changes nothing.
#[derive(Default)]
pub struct Redactor {
    /// Every trace, in lower case, packed into a number; in order.
    traces: Vec<u64>,
    filter: Filter,
    /// Keys that are shorter than a trace.
    short: Vec<Short>,
    /// Whether a number alone can be a trace.
    has_digits: bool,
}

/// A key of fewer characters than a trace.
struct Short {
    packed: u64,
    mask: u64,
    length: usize,
}

impl Redactor {
    /// Of keys, and of texts that are meant for one.
    pub fn new<'k>(keys: impl IntoIterator<Item = &'k Key>) -> Self {
        let mut redactor = Self::default();
        for key in keys {
            redactor.add(key.expose());
        }
        redactor.traces.sort_unstable();
        redactor.traces.dedup();
        redactor
    }

    fn add(&mut self, key: &str) {
        let lower = key.to_ascii_lowercase();
        if lower.len() >= TRACE {
            // What stands in the variable may name it; the messages do so too.
            let own = VARIABLE.to_ascii_lowercase();
            let traces = lower
                .as_bytes()
                .windows(TRACE)
                .filter(|trace| !own.as_bytes().windows(TRACE).any(|part| part == *trace));
            for trace in traces {
                let packed = pack(trace);
                self.filter.add(packed);
                self.traces.push(packed);
                self.has_digits |= trace.iter().all(u8::is_ascii_digit);
            }
        } else if !lower.is_empty() {
            self.short.push(Short {
                packed: pack(lower.as_bytes()),
                mask: lower.bytes().fold(0, |mask, _| push(mask, u8::MAX)),
                length: lower.len(),
            });
        }
    }

    /// The text with every trace of a key taken out: whole, cut, in other letter case, or split by
    /// what is not visible ASCII or by escape sequences. A trace is eight characters in a row, or
    /// a shorter key whole.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.may_find_in(text) {
            return Cow::Borrowed(text);
        }
        // What a terminal does not show, JSON may; and what an escape sequence splits, a terminal
        // joins.
        let trace = |window| self.trace_at_end(window);
        let redacted = without_traces(text, text.char_indices(), trace)
            .map_or(Cow::Borrowed(text), Cow::Owned);
        match without_traces(&redacted, visible(&redacted), trace) {
            Some(redacted) => Cow::Owned(redacted),
            None => redacted,
        }
    }

    /// Text that is not our own, as a part of a message: one visible line without commands to a CI
    /// runner, of at most `max_chars` characters.
    ///
    /// The order matters: control characters must not split a key, what stands for a key must not
    /// complete a command, and a cut must not hide that a key was there.
    pub fn quote(&self, text: &str, max_chars: usize) -> String {
        // Most texts are names, which stay as they are.
        if text.len() <= max_chars && is_harmless(text) && !self.may_find_in(text) {
            return text.to_owned();
        }
        let line = sanitize(text);
        let line = self.redact(&line);
        let line = without_commands(&line);
        cut(&line, max_chars).into_owned()
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

    /// The figure, unless its digits are a trace.
    pub fn figure(&self, figure: i128) -> Option<i128> {
        const MAX_SHORT: u128 = 9_999_999;
        if figure.unsigned_abs() <= MAX_SHORT || !self.has_digits {
            return Some(figure);
        }
        let mut window = 0;
        let is_trace = figure.to_string().bytes().any(|digit| {
            window = push(window, digit);
            self.is_trace(window)
        });
        (!is_trace).then_some(figure)
    }

    /// The last check of all that leaves, our own words among it: those hold no trace of letters
    /// and digits, but may hold one of letters alone, and figures may be one of digits.
    pub fn last_check<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let is_mixed = |window: u64| {
            let bytes = window.to_be_bytes();
            bytes.iter().any(u8::is_ascii_digit) && bytes.iter().any(u8::is_ascii_alphabetic)
        };
        let trace = |window| (is_mixed(window) && self.is_trace(window)).then_some(TRACE);
        without_traces(text, text.char_indices(), trace).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// The text without figures whose digits are a trace, with or without separators.
    pub fn without_figures<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.has_digits {
            return Cow::Borrowed(text);
        }
        let of_figure = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
        let mut hidden = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, from) = rest.split_at_checked(start).unwrap_or((rest, ""));
            let end = from.find(|c| !of_figure(c)).unwrap_or(from.len());
            let (figure, after) = from.split_at_checked(end).unwrap_or((from, ""));
            let mut window = 0;
            let mut digits = figure.bytes().filter(u8::is_ascii_digit);
            let is_trace = digits.any(|digit| {
                window = push(window, digit);
                self.is_trace(window)
            });
            hidden.push_str(before);
            hidden.push_str(if is_trace { MARK } else { figure });
            rest = after;
        }
        hidden.push_str(rest);
        Cow::Owned(hidden)
    }

    /// Whether a word holds a trace of a key.
    pub fn holds_trace(&self, word: &str) -> bool {
        word.len() >= TRACE && self.may_find_in(word)
    }

    /// Whether there is a trace, or an escape sequence that may split one. Most texts end here.
    fn may_find_in(&self, text: &str) -> bool {
        const ESCAPE: u8 = 0x1b;
        // The first of the two bytes of the control characters that start a sequence.
        const CONTROL: u8 = 0xc2;
        if self.short.is_empty() && (self.traces.is_empty() || text.len() < TRACE) {
            return false;
        }
        let mut window = 0;
        let mut sequences = false;
        for byte in text.bytes() {
            if byte.is_ascii_graphic() {
                window = push(window, byte.to_ascii_lowercase());
                if self.trace_at_end(window).is_some() {
                    return true;
                }
            } else {
                sequences |= byte == ESCAPE || byte == CONTROL;
            }
        }
        sequences
    }

    /// The length of the trace at the end of the window.
    fn trace_at_end(&self, window: u64) -> Option<usize> {
        if self.is_trace(window) {
            return Some(TRACE);
        }
        let fits = |key: &&Short| window & key.mask == key.packed;
        let lengths = self.short.iter().filter(fits).map(|key| key.length);
        lengths.max()
    }

    fn is_trace(&self, window: u64) -> bool {
        self.filter.may_hold(window) && self.traces.binary_search(&window).is_ok()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor([hidden])")
    }
}

/// The text without the traces among these of its characters, if there are any. `trace_at_end` is
/// the length of the one at the end of a window.
fn without_traces(
    text: &str,
    characters: impl Iterator<Item = (usize, char)>,
    trace_at_end: impl Fn(u64) -> Option<usize>,
) -> Option<String> {
    let mut window = 0;
    // Where the characters of the window stand.
    let mut places = [0; TRACE];
    let mut redacted = String::new();
    let mut kept_to = 0;
    for (place, character) in characters {
        // A key is visible ASCII: all else may stand between its characters to hide it.
        let Some(byte) = u8::try_from(character).ok().filter(u8::is_ascii_graphic) else {
            continue;
        };
        window = push(window, byte.to_ascii_lowercase());
        places.rotate_left(1);
        if let Some(last) = places.last_mut() {
            *last = place;
        }
        let Some(length) = trace_at_end(window) else {
            continue;
        };
        let start = places
            .get(TRACE.saturating_sub(length))
            .copied()
            .unwrap_or(place);
        if start >= kept_to {
            redacted.push_str(text.get(kept_to..start).unwrap_or_default());
            redacted.push_str(MARK);
        }
        // A trace is ASCII: its last character is one byte.
        kept_to = place.saturating_add(1);
    }
    if kept_to == 0 {
        return None;
    }
    redacted.push_str(text.get(kept_to..).unwrap_or_default());
    Some(redacted)
}

/// A few bits for each trace, among so many that most of what is no trace is known at a glance.
struct Filter([u32; 256]);

impl Filter {
    fn add(&mut self, trace: u64) {
        let (word, bit) = Self::place(trace);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_hold(&self, window: u64) -> bool {
        let (word, bit) = Self::place(window);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Mixed by a multiplication with the golden ratio.
    fn place(window: u64) -> (usize, u32) {
        let [word, bit, ..] = window.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        (usize::from(word), 1 << (bit & 31))
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self([0; 256])
    }
}

/// The window moved on by one character.
fn push(window: u64, byte: u8) -> u64 {
    (window << 8) | u64::from(byte)
}

fn pack(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |packed, byte| push(packed, *byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "key_0123456789abcdefghijklmnopqrstuvwxyz";

    fn redactor(keys: &[&str]) -> Redactor {
        let keys: Vec<Key> = keys
            .iter()
            .map(|key| Key::new(key).expect("a key"))
            .collect();
        Redactor::new(&keys)
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
    fn a_figure_of_a_keys_digits_goes_with_its_separators() {
        let of = redactor(&["key_12345678"]);
        for (text, hidden) in [
            ("12,345,678 left", "[key] left"),
            ("($123,456.78)", "($[key])"),
            ("12,345,679 left of 1", "12,345,679 left of 1"),
            ("a 1.5, b", "a 1.5, b"),
        ] {
            assert_eq!(of.without_figures(text), hidden);
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
            ("abc", "abc", false),
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
            assert!(matches!(none.redact("abc\u{1b}[0m"), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn a_text_without_a_trace_is_not_copied() {
        for text in ["gen4.5", "key_012-key_012", "é 12345 é", "a\u{1b}[0mb"] {
            assert!(matches!(redactor(&[SECRET]).redact(text), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn a_quotation_is_safe_and_short() {
        let of = redactor(&[SECRET]);
        let split: String = SECRET.chars().map(|c| format!("{c}\n\u{0}")).collect();
        for (text, max_chars, quoted) in [
            (" a\n b ", 60, "a b"),
            (&*format!("##{SECRET}"), 60, "# #[key]"),
            (&*format!(":{SECRET}"), 60, ":[key]"),
            ("::error::a", 60, ": :error::a"),
            (
                &*format!("{}{SECRET}", "é".repeat(55)),
                60,
                &*format!("{}[key]", "é".repeat(55)),
            ),
            (
                &*format!("{}{SECRET}", "é".repeat(50)),
                54,
                &*format!("{}[ke…", "é".repeat(50)),
            ),
            (&*format!("{split}!"), 60, "[key] !"),
        ] {
            let once = of.quote(text, max_chars);
            assert_eq!(once, quoted);
            assert_eq!(of.quote(&once, max_chars), once);
        }
    }

    #[test]
    fn a_figure_of_a_keys_digits_is_none() {
        let of = redactor(&[SECRET, "key_00112233445566778899aa", "1234"]);
        for (figure, shown) in [
            (0, true),
            (1_234, true),
            (9_999_999, true),
            (12_345_678, false),
            (-12_345_678, false),
            (1_234_567, true),
            (12_345_679, true),
            (901_234_567_890, false),
            (1_122_334, true),
            (11_223_344, false),
            (i128::MAX, true),
            (i128::MIN, true),
        ] {
            assert_eq!(of.figure(figure), shown.then_some(figure), "{figure}");
            assert_eq!(redactor(&["key_a1b2c3d4"]).figure(figure), Some(figure));
        }
    }

    #[test]
    fn what_is_meant_for_a_key_goes_like_one() {
        for text in ["\"not one word\"", "not\u{1}one word", " 'not one word' "] {
            let meant = Key::meant_by(text).expect("visible characters");
            let of = Redactor::new([&meant]);
            assert_eq!(of.redact("it is not one word, is it"), "it is [key], is it");
        }
        assert!(Key::meant_by("\u{1}").is_none() && Key::meant_by("''").is_none());
    }

    #[test]
    fn a_redactor_is_never_shown() {
        assert_eq!(format!("{:?}", redactor(&[SECRET])), "Redactor([hidden])");
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
            for shown in [sanitize(&of.redact(&text)).into_owned(), of.quote(&text, 200)] {
                let bare: String = shown.chars().filter(char::is_ascii_graphic).collect();
                let bare = bare.to_ascii_lowercase();
                let mut traces = SECRET.as_bytes().windows(8);
                let left = traces.any(|trace| bare.as_bytes().windows(8).any(|part| part == trace));
                prop_assert!(!left, "{}", shown);
            }
        }

        #[test]
        fn the_short_way_of_a_quotation_is_the_long_one(text in "[ :#a-c0-9\u{1b}é]{0,14}",
                                                        max_chars in 1_usize..20) {
            let of = redactor(&["abcabcabc", "c1"]);
            let line = sanitize(&text);
            let line = of.redact(&line);
            let long = cut(&without_commands(&line), max_chars).into_owned();
            prop_assert_eq!(of.quote(&text, max_chars), long);
        }

        /// What the filter and the windows find is what a plain search finds.
        #[test]
        fn a_trace_is_eight_characters_in_a_row(text in "[ab]{0,40}", key in "[ab]{8,14}") {
            let traces = (0..=key.len() - 8).map(|from| key.split_at(from).1.split_at(8).0);
            let traces: Vec<&str> = traces.collect();
            let found = traces.iter().any(|trace| text.contains(trace));
            let redacted = redactor(&[&key]).redact(&text).into_owned();
            prop_assert_eq!(found, redacted != text);
            prop_assert!(!traces.iter().any(|trace| redacted.contains(trace)));
        }

        #[test]
        fn a_figure_is_none_where_its_digits_are_redacted(figure in any::<i64>(), from in 0_usize..12) {
            let digits = figure.unsigned_abs().to_string();
            let trace: String = digits.chars().skip(from).take(8).collect();
            let of = redactor(&[&format!("key_{trace}x")]);
            let shown = of.redact(&digits) == digits;
            prop_assert_eq!(of.figure(figure.into()).is_some(), shown);
            prop_assert_eq!(shown, trace.len() < 8);
        }
    }
}
