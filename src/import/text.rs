//! Bytes to text: which encoding a file is in, and reading it as UTF-8.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, UTF_8};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Bytes of chunks with accents that the guess looks at. More does not make it better, only slower.
const GUESS_BYTES_MAX: usize = 1024 * 1024;

/// Finds out which encoding a file is in: its byte-order mark, else UTF-8 when all of it is valid UTF-8, else what
/// the bytes outside ASCII look like in a French file. Reads `file` to its end.
pub fn guess_encoding(mut file: impl Read) -> io::Result<&'static Encoding> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut utf8 = Some(UTF_8.new_decoder_without_bom_handling());
    let mut text = String::with_capacity(4 * CHUNK_BYTES);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut guessed_from = 0;
    let mut first = true;
    loop {
        let bytes = read_full(&mut file, &mut chunk)?;
        if first && let Some((marked, _)) = Encoding::for_bom(bytes) {
            return Ok(marked);
        }
        first = false;
        let last = bytes.is_empty();
        if let Some(decoder) = &mut utf8 {
            text.clear();
            let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, last);
            if matches!(result, DecoderResult::Malformed(..)) {
                utf8 = None;
            }
        }
        if guessed_from < GUESS_BYTES_MAX && !bytes.is_ascii() {
            detector.feed(bytes, false);
            guessed_from += bytes.len();
        }
        if last {
            return Ok(match utf8 {
                Some(_) => UTF_8,
                None => detector.guess(Some(b"fr"), Utf8Detection::Deny),
            });
        }
    }
}

/// The encoding with this name, such as `utf-8` or `windows-1252` (WHATWG Encoding §4.2).
pub fn encoding(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.as_bytes())
}

/// A file in any encoding, read as UTF-8. What cannot be decoded becomes U+FFFD.
pub(super) struct Text<R> {
    file: R,
    decoder: encoding_rs::Decoder,
    chunk: Vec<u8>,
    ended: bool,
}

impl<R: Read> Text<R> {
    pub(super) fn new(file: R, encoding: &'static Encoding) -> Self {
        Self {
            file,
            decoder: encoding.new_decoder_with_bom_removal(),
            chunk: vec![0; CHUNK_BYTES],
            ended: false,
        }
    }

    /// Appends the next piece of the file. False once there is nothing left.
    pub(super) fn read_into(&mut self, text: &mut String) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let bytes = read_full(&mut self.file, &mut self.chunk)?;
        self.ended = bytes.is_empty();
        // None only for lengths near the end of the address space; a chunk is far below.
        text.reserve(self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(0));
        // With that much room the decoder takes the whole chunk.
        let _taken = self.decoder.decode_to_string(bytes, text, self.ended);
        Ok(true)
    }
}

/// Reads until the buffer is full or the file is over.
fn read_full<'a>(file: &mut impl Read, chunk: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let mut filled = 0;
    while filled < chunk.len() {
        match file.read(&mut chunk[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(interrupted) if interrupted.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(&chunk[..filled])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (&'static str, String) {
        let encoding = guess_encoding(bytes).unwrap();
        let mut file = Text::new(bytes, encoding);
        let mut text = String::new();
        while file.read_into(&mut text).unwrap() {}
        (encoding.name(), text)
    }

    #[test]
    fn french_files_are_read_whatever_wrote_them() {
        let words = "Téléphone;Prénom;Société\r\n0199001234;Hélène;Café de l'Œuvre\r\n";
        let utf16: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let cases = [
            (words.as_bytes().to_vec(), "UTF-8"),
            ([b"\xEF\xBB\xBF", words.as_bytes()].concat(), "UTF-8"),
            ([b"\xFF\xFE", utf16.as_slice()].concat(), "UTF-16LE"),
            (encoding_rs::WINDOWS_1252.encode(words).0.into_owned(), "windows-1252"),
        ];
        for (bytes, encoding) in cases {
            assert_eq!(read(&bytes), (encoding, words.to_owned()));
        }
    }

    #[test]
    fn an_accent_far_down_the_file_decides() {
        let mut bytes = "phone;name\n".repeat(20_000).into_bytes();
        bytes.extend_from_slice(b"0199001234;Ren\xE9e\n");
        let (encoding, text) = read(&bytes);
        assert_eq!(encoding, "windows-1252");
        assert!(text.ends_with("Renée\n"));
    }
}
