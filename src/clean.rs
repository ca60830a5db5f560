//! Text from servers and files, made harmless. Such text is data, never a command.

/// One line without escape sequences, control characters, bidirectional marks or other invisible
/// characters; white space is folded.
pub fn clean(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for (_, character) in visible(text) {
        if !character.is_whitespace() {
            line.push(character);
        } else if !line.is_empty() && !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// The characters that a terminal would show, white space among them, each with its place in the
/// text: escape sequences are passed over as a whole, unfinished ones to the end.
pub fn visible(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut state = Escape::None;
    text.char_indices().filter(move |(_, character)| {
        let (next, shown) = state.step(*character);
        state = next;
        shown && (character.is_whitespace() || !is_invisible(*character))
    })
}

/// How far an escape sequence has come (ECMA-48).
#[derive(Clone, Copy)]
enum Escape {
    None,
    /// After ESC.
    Started,
    /// A control sequence, up to its final byte: colours, the cursor.
    Control,
    /// A string for the terminal, up to its terminator: titles, links.
    Text,
    /// In such a string, after ESC.
    TextEnds,
}

impl Escape {
    /// The state after a character, and whether it is shown.
    fn step(self, character: char) -> (Self, bool) {
        match (self, character) {
            (Self::Text, '\u{7}' | '\u{9c}') => (Self::None, false),
            (Self::Text, '\u{1b}') => (Self::TextEnds, false),
            (Self::Text, _) => (Self::Text, false),
            (_, '\u{1b}') => (Self::Started, false),
            (_, '\u{9b}') | (Self::Started, '[') => (Self::Control, false),
            (_, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}')
            | (Self::Started, ']' | 'P' | 'X' | '^' | '_') => (Self::Text, false),
            (Self::Started, ' '..='/') => (Self::Started, false),
            (Self::Started, '0'..='~') | (Self::TextEnds, '\\') => (Self::None, false),
            (Self::Control, ' '..='?') => (Self::Control, false),
            (Self::Control, '@'..='~') => (Self::None, false),
            (Self::None | Self::Started | Self::Control | Self::TextEnds, _) => (Self::None, true),
        }
    }
}

/// At most `most` characters, with an ellipsis where something was cut.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Cleaned, and free of what a CI runner takes for a command: `##[` (and the `##vso[` of others)
/// anywhere in a line, `::` at its start.
pub fn for_log(text: &str) -> String {
    let line = clean(text);
    let mut harmless = String::with_capacity(line.len());
    for character in line.chars() {
        let pairs =
            (character == '#' && harmless.ends_with('#')) || (character == ':' && harmless == ":");
        if pairs {
            harmless.push(' ');
        }
        harmless.push(character);
    }
    harmless
}

/// Characters that show nothing and can reorder, hide or control what is shown.
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_go_and_white_space_folds() {
        assert_eq!(clean("a\x1b[31mb\r\n\tc\u{202e}d\0 "), "ab cd");
        assert_eq!(
            clean("a\x1b]8;;https://x\x1b\\b\x1b]0;t\u{7}c\u{9b}1;2Hd"),
            "abcd"
        );
        assert_eq!(clean("a\x1b(Bb\x1bMc\x1b[é"), "abcé");
        assert_eq!(clean("a\x1b]never ended"), "a");
        assert_eq!(clean(" \n "), "");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(for_log("x ##[add-mask]y"), "x # #[add-mask]y");
        assert_eq!(for_log("\n ::error::y"), ": :error::y");
        assert_eq!(for_log("[::1]:80"), "[::1]:80");
    }

    proptest! {
        #[test]
        fn cleaned_text_is_one_visible_line(text in any::<String>()) {
            let line = clean(&text);
            prop_assert!(!line.chars().any(is_invisible));
            prop_assert_eq!(clean(&line), line.clone());
            let log = for_log(&text);
            prop_assert!(!log.contains("##") && !log.starts_with("::"), "{}", log);
        }
    }
}
