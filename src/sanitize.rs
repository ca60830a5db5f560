//! Text from servers and files, made harmless. Such text is data, never a command.

/// One line without escape sequences, control characters, bidirectional marks or other invisible
/// characters; white space is folded.
pub fn sanitize(text: &str) -> String {
    let shown: String = visible(text).map(|(_, character)| character).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The characters that a terminal would show, white space among them, each with its place in the
/// text: escape sequences (ECMA-48) are passed over as a whole, unfinished ones to the end.
pub fn visible(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut escape = None;
    text.char_indices().filter(move |(_, character)| {
        let was = escape;
        escape = match (was, *character) {
            (Some(Escape::Text), '\u{7}' | '\u{9c}') => None,
            (_, '\u{1b}') => Some(Escape::Started),
            (Some(Escape::Text), _) => Some(Escape::Text),
            (_, '\u{9b}') | (Some(Escape::Started), '[') => Some(Escape::Control),
            (_, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}')
            | (Some(Escape::Started), ']' | 'P' | 'X' | '^' | '_') => Some(Escape::Text),
            (Some(Escape::Started), ' '..='/') => Some(Escape::Started),
            (Some(Escape::Control), ' '..='?') => Some(Escape::Control),
            _ => None,
        };
        // The last byte of a sequence goes with it; one that no sequence allows is shown.
        let shown = escape.is_none() && (was.is_none() || !(' '..='~').contains(character));
        shown && (character.is_whitespace() || !is_invisible(*character))
    })
}

/// An escape sequence that has begun.
#[derive(Clone, Copy)]
enum Escape {
    /// After ESC.
    Started,
    /// A control sequence, up to its final byte: colours, the cursor.
    Control,
    /// A string for the terminal, up to its terminator: titles, links.
    Text,
}

/// At most `max_chars` characters, with an ellipsis if something was cut.
pub fn cut(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let kept = text.chars().take(max_chars.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// Sanitized, and free of commands to a CI runner.
pub fn for_log(text: &str) -> String {
    without_commands(&sanitize(text))
}

/// A line without what a CI runner takes for a command: `##[` (and the `##vso[` of others)
/// anywhere, `::` at the start.
pub fn without_commands(line: &str) -> String {
    let mut harmless = String::with_capacity(line.len());
    for character in line.chars() {
        let pairs = match character {
            '#' => harmless.ends_with('#'),
            ':' => harmless == ":",
            _ => false,
        };
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

/// What a character is that only looks right, and what was meant.
pub fn lookalike(character: char) -> Option<(&'static str, &'static str)> {
    Some(match character {
        '“' | '”' | '„' | '«' | '»' | '″' => ("a curly quotation mark", "\""),
        '‘' | '’' | '‚' | '′' => ("a curly quotation mark", "'"),
        '‐' | '‑' | '‒' | '–' | '−' => ("a dash", "- or --"),
        '—' | '―' => ("a long dash", "--"),
        '，' | '、' => ("a full-width comma", ","),
        '\u{ff01}'..='\u{ff5e}' => ("a full-width character", "its plain form"),
        _ if character.is_numeric() && !character.is_ascii() => ("a foreign digit", "0 to 9"),
        _ if character.is_whitespace() && !character.is_ascii() => {
            ("a special blank", "a plain one")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sanitized_text_is_what_a_terminal_shows_in_one_line() {
        for (text, line) in [
            ("a\x1b[31mb\r\n\tc\u{202e}d\0 ", "ab cd"),
            ("a\x1b]8;;https://x\x1b\\b\x1b]0;t\u{7}c\u{9b}1;2Hd", "abcd"),
            ("a\x1b(Bb\x1bMc\x1b[é", "abcé"),
            ("a\x1b]never ended", "a"),
            (" \n ", ""),
            ("", ""),
            ("a  b", "a b"),
            (" a", "a"),
            ("a ", "a"),
            ("é\u{2028}é", "é é"),
        ] {
            assert_eq!(sanitize(text), line, "{text:?}");
        }
    }

    #[test]
    fn a_cut_leaves_so_many_characters() {
        for (text, max, short) in [
            ("abcdef", 4, "abc…"),
            ("abcd", 4, "abcd"),
            ("éééé", 4, "éééé"),
            ("ééééé", 4, "ééé…"),
            ("ab", 1, "…"),
        ] {
            assert_eq!(cut(text, max), short);
        }
    }

    #[test]
    fn no_log_line_holds_a_command() {
        for (text, line) in [
            ("x ##[add-mask]y", "x # #[add-mask]y"),
            ("###", "# # #"),
            ("#\0#[x]", "# #[x]"),
            ("\n ::error::y", ": :error::y"),
            (":\0:x", ": :x"),
            ("[::1]:80", "[::1]:80"),
            ("a b ~!", "a b ~!"),
        ] {
            assert_eq!(for_log(text), line, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn sanitized_text_is_one_visible_line(text in any::<String>()) {
            let line = sanitize(&text);
            prop_assert!(!line.chars().any(is_invisible));
            prop_assert_eq!(sanitize(&line), line.clone());
            let log = for_log(&text);
            prop_assert!(!log.contains("##") && !log.starts_with("::"), "{}", log);
        }
    }
}
