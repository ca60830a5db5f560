//! Text by its byte order mark: UTF-8, or the UTF-16 that Windows PowerShell writes.

use std::collections::VecDeque;
use std::io::{self, Cursor, Read};

/// How many bytes of UTF-16 are read at a time.
const CHUNK: u64 = 65_536;

/// The text of a file as UTF-8, without its mark. What is no UTF-16 after all becomes a byte that
/// is in no UTF-8, so that whoever reads the text refuses it.
///
/// # Errors
///
/// Where the source cannot be read.
pub(crate) fn utf8<'r>(mut source: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let mut start = Vec::new();
    source.by_ref().take(3).read_to_end(&mut start)?;
    let unit: fn([u8; 2]) -> u16 = match start[..] {
        [0xef, 0xbb, 0xbf] => return Ok(Box::new(source)),
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return Ok(Box::new(Cursor::new(start).chain(source))),
    };
    let behind_the_mark = start.split_off(2);
    Ok(Box::new(Utf16 {
        source: Cursor::new(behind_the_mark).chain(source),
        unit,
        text: VecDeque::new(),
    }))
}

/// The text of a whole file, as [`utf8`] has it.
pub(crate) fn whole_as_utf8(file: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(file.len());
    // To read from memory cannot fail; if it did, what was read would be cut off.
    let _ = utf8(file).and_then(|mut source| source.read_to_end(&mut text));
    text
}

struct Utf16<R> {
    source: R,
    unit: fn([u8; 2]) -> u16,
    text: VecDeque<u8>,
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text.is_empty() {
            let mut bytes = Vec::new();
            self.source.by_ref().take(CHUNK).read_to_end(&mut bytes)?;
            // The second half of a pair may still be to be read.
            let last = bytes.last_chunk().map(|last| (self.unit)(*last));
            if let Some(0xd800..0xdc00) = last {
                self.source.by_ref().take(2).read_to_end(&mut bytes)?;
            }
            let (units, odd) = bytes.as_chunks();
            for found in char::decode_utf16(units.iter().copied().map(self.unit)) {
                match found {
                    Ok(found) => self.text.extend(found.encode_utf8(&mut [0; 4]).bytes()),
                    Err(_) => self.text.push_back(0xff),
                }
            }
            self.text.extend(odd.iter().map(|_| 0xff));
        }
        self.text.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16(text: &str) -> [Vec<u8>; 2] {
        let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
        [
            units().flat_map(u16::to_le_bytes).collect(),
            units().flat_map(u16::to_be_bytes).collect(),
        ]
    }

    #[test]
    fn what_is_no_text_stays_none() {
        for (bytes, text) in [
            (&b""[..], &b""[..]),
            (b"\xef", b"\xef"),
            (b"\xef\xbb", b"\xef\xbb"),
            (b"\xef\xbb\xbf", b""),
            (b"\xef\xbb\xbf\xef\xbb\xbf{}", b"\xef\xbb\xbf{}"),
            (b"\xff", b"\xff"),
            (b"\xff\xfe", b""),
            (b"\xfe\xff", b""),
            (b"\xff\xfe{", b"\xff"),
            (b"\xff\xfe{\0}", b"{\xff"),
            (b"\xff\xfe\x00\xd8", b"\xff"),
            (b"\xff\xfe\x00\xd8{\0", b"\xff{"),
            (b"\xfe\xff\xdc\x00\0{", b"\xff{"),
            (b"{\0}\0", b"{\0}\0"),
        ] {
            assert_eq!(whole_as_utf8(bytes), text, "{bytes:?}");
        }
    }

    #[test]
    fn a_pair_that_two_chunks_share_is_one_character() {
        for before in 32_768 - 3..32_768 + 3 {
            let text = "a".repeat(before) + "😀é";
            for bytes in utf16(&text) {
                assert_eq!(whole_as_utf8(&bytes), text.as_bytes(), "{before}");
            }
        }
    }

    proptest! {
        #[test]
        fn utf_16_is_read_as_utf_8(text in any::<String>()) {
            for bytes in utf16(&text) {
                prop_assert_eq!(whole_as_utf8(&bytes), text.as_bytes());
            }
        }
    }
}
