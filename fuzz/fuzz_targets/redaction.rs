//! Redaction: the first line is the key, the rest a text. No eight characters of the key in a row
//! leave, in either letter case and whatever stands between them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runway_preflight::redact::Redactor;
use runway_preflight::sanitize::sanitize;

const TRACE: usize = 8;

fn holds_trace(text: &str, key: &str) -> bool {
    let graphic: String = text.chars().filter(char::is_ascii_graphic).collect();
    let graphic = graphic.to_ascii_lowercase();
    let key = key.to_ascii_lowercase();
    let mut traces = key.as_bytes().windows(TRACE);
    traces.any(|trace| graphic.as_bytes().windows(TRACE).any(|part| part == trace))
}

fuzz_target!(|text: &str| {
    let Some((key, text)) = text.split_once('\n') else {
        return;
    };
    // What stands for a trace has brackets, which no key has.
    let of_key = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if key.len() < TRACE || !key.bytes().all(of_key) {
        return;
    }
    let redactor = Redactor::new([key]);
    // The text as it is, and with the key in it, cut and split.
    let middle = text.chars().count() / 2;
    let (before, after): (String, String) = (
        text.chars().take(middle).collect(),
        text.chars().skip(middle).collect(),
    );
    let gap: String = text
        .chars()
        .filter(|c| !c.is_ascii_graphic())
        .take(2)
        .collect();
    let split: String = key.chars().map(|c| format!("{c}{gap}")).collect();
    for text in [
        text.to_owned(),
        format!("{before}{key}{after}"),
        format!("{before}{split}{after}"),
    ] {
        let redacted = redactor.redact(&text);
        assert!(!holds_trace(&redacted, key), "{redacted:?}");
        assert!(!holds_trace(&sanitize(&redacted), key), "{redacted:?}");
        for max_chars in [10, 60, 1_000] {
            let quoted = redactor.quote(&text, max_chars);
            assert!(!holds_trace(&quoted, key), "{quoted:?}");
            assert!(quoted.chars().count() <= max_chars);
            assert_eq!(redactor.quote(&quoted, max_chars), quoted);
        }
    }
});
