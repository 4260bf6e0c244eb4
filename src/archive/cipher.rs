//! Encryption at rest: AES-256-GCM in chunks, so that any part of a file can be read without the rest.
//!
//! ```text
//! "CADRANR1" | 16 random bytes | chunk | chunk | ... | last chunk
//! ```
//!
//! Each chunk is 64 KiB of the file and a tag of 16 bytes; the last may be shorter. The key of a file is derived from
//! the key of the installation and the random bytes (HKDF-SHA256, RFC 5869), so that no two files share a nonce. Chunks
//! follow the STREAM construction (Hoang and others, 2015): none can be changed, swapped, left out or cut off unseen.
//! The name of the file is authenticated too, so that no file passes for another.

use std::fmt;
use std::ops::Range;

use aead::Payload;
use aead::stream::{NewStream as _, StreamBE32, StreamPrimitive as _};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use hkdf::Hkdf;
use secrecy::{ExposeSecret as _, SecretBox};
use sha2::{Digest as _, Sha256};

/// Bytes of the file in one chunk.
pub(super) const CHUNK: u64 = 64 * 1024;
/// Bytes that a chunk grows by.
const TAG: u64 = 16;
const MAGIC: [u8; 8] = *b"CADRANR1";
const SALT: usize = 16;
/// Bytes before the first chunk.
pub(super) const HEADER: u64 = (MAGIC.len() + SALT) as u64;
/// Bytes of a key, and twice as many hexadecimal digits.
const KEY: usize = 32;
/// What the two uses of a key are told apart by.
const FILE_KEY: &[u8] = b"cadran recording file";
const KEY_NAME: &[u8] = b"cadran recording key name";

/// Why a file cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line of the key file is no key.
    #[error(
        "line {line} of the key file is no key: 64 hexadecimal digits, such as `openssl rand -hex 32` writes"
    )]
    BadKey {
        /// Counted from 1.
        line: usize,
    },
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    NoRandom(getrandom::Error),
    /// The file was sealed with a key that is not there.
    #[error("it was sealed with the key `{0}`, which is not in the key file")]
    UnknownKey(String),
    /// The file is not what was sealed.
    #[error("it was changed after it was sealed")]
    Tampered,
}

/// The keys of an installation: the first seals, all open.
#[derive(Debug, Default)]
pub struct Keys(Vec<Key>);

struct Key {
    /// A name that says nothing of the key, so that a row can hold it.
    name: String,
    secret: SecretBox<[u8; KEY]>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads a key file: one key a line, the one in use first, those of older files after it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(line, text)| Key::parse(text.trim()).ok_or(Error::BadKey { line }))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// A way to seal one file. None when there is no key: then files are kept as they are.
    pub(super) fn sealer(&self, name: &str) -> Result<Option<(String, Sealer)>, Error> {
        let Some(key) = self.0.first() else { return Ok(None) };
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(Error::NoRandom)?;
        Ok(Some((key.name.clone(), Sealer { salt, chunks: key.chunks(salt), name: name.to_owned() })))
    }

    /// A way to open the file `name` of `bytes`, sealed with the key called `key`, that begins with `header`.
    pub(super) fn opener(&self, key: &str, name: &str, bytes: u64, header: &[u8]) -> Result<Opener, Error> {
        let known = self.0.iter().find(|known| known.name == key);
        let known = known.ok_or_else(|| Error::UnknownKey(key.to_owned()))?;
        let salt =
            header.strip_prefix(&MAGIC).and_then(|salt| salt.try_into().ok()).ok_or(Error::Tampered)?;
        Ok(Opener { chunks: known.chunks(salt), name: name.to_owned(), bytes })
    }
}

impl Key {
    fn parse(hex: &str) -> Option<Self> {
        let mut secret = [0; KEY];
        let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
        if pairs.len() != KEY || !rest.is_empty() {
            return None;
        }
        for (byte, pair) in secret.iter_mut().zip(pairs) {
            *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
        }
        let digest = Sha256::new().chain_update(KEY_NAME).chain_update(secret).finalize();
        let name = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Some(Self { name, secret: SecretBox::new(Box::new(secret)) })
    }

    /// The key of one file never meets another nonce prefix, so the prefix is all zeros.
    fn chunks(&self, salt: [u8; SALT]) -> StreamBE32<Aes256Gcm> {
        let mut file_key = [0; KEY];
        let derived = Hkdf::<Sha256>::new(Some(&salt), self.secret.expose_secret());
        // RFC 5869 §2.3: up to 255 times 32 bytes can be derived; this is one time.
        let _ = derived.expand(FILE_KEY, &mut file_key);
        StreamBE32::from_aead(Aes256Gcm::new(&file_key.into()), &Default::default())
    }
}

/// Seals one file, chunk by chunk.
pub(super) struct Sealer {
    salt: [u8; SALT],
    chunks: StreamBE32<Aes256Gcm>,
    name: String,
}

impl Sealer {
    /// What comes before the chunks.
    pub(super) fn header(&self) -> Vec<u8> {
        [&MAGIC[..], &self.salt].concat()
    }

    /// Seals the chunk that is so many chunks from the beginning.
    pub(super) fn seal(&self, index: u32, is_last: bool, chunk: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: chunk, aad: self.name.as_bytes() };
        // AES-GCM takes up to 64 GiB (NIST SP 800-38D §5.2.1.1); a chunk is a millionth of that.
        self.chunks.encrypt(index, is_last, payload).unwrap_or_default()
    }
}

/// Opens one file, any chunk of it.
pub(super) struct Opener {
    chunks: StreamBE32<Aes256Gcm>,
    name: String,
    bytes: u64,
}

impl Opener {
    /// Which bytes of the sealed file hold these of the file.
    pub(super) fn sealed(&self, part: &Range<u64>) -> Range<u64> {
        let at = |chunk: u64| HEADER + chunk * (CHUNK + TAG);
        at(part.start / CHUNK)..at(part.end.div_ceil(CHUNK)).min(sealed_bytes(self.bytes))
    }

    /// The `part` of the file, from the bytes that [`Opener::sealed`] names.
    pub(super) fn open(&self, part: &Range<u64>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let last = self.bytes.div_ceil(CHUNK).max(1) - 1;
        let mut opened = Vec::with_capacity(sealed.len());
        let size = usize::try_from(CHUNK + TAG).unwrap_or(usize::MAX);
        for (index, chunk) in (part.start / CHUNK..).zip(sealed.chunks(size)) {
            let payload = Payload { msg: chunk, aad: self.name.as_bytes() };
            let position = u32::try_from(index).map_err(|_| Error::Tampered)?;
            let chunk = self.chunks.decrypt(position, index == last, payload).map_err(|_| Error::Tampered)?;
            opened.extend(chunk);
        }
        let skipped = usize::try_from(part.start % CHUNK).unwrap_or(usize::MAX);
        let wanted = usize::try_from(part.end - part.start).unwrap_or(usize::MAX);
        let wanted = opened.get(skipped..skipped.saturating_add(wanted)).ok_or(Error::Tampered)?;
        Ok(wanted.to_vec())
    }
}

/// How long a file of so many bytes is once it is sealed.
pub(super) fn sealed_bytes(bytes: u64) -> u64 {
    HEADER + bytes + TAG * bytes.div_ceil(CHUNK).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "2026/11/20/rec_1.opus";

    fn keys(digits: &[char]) -> Keys {
        let lines: Vec<String> = digits.iter().map(|digit| digit.to_string().repeat(64)).collect();
        Keys::parse(&lines.join("\n")).unwrap()
    }

    fn sealed(keys: &Keys, file: &[u8]) -> (String, Vec<u8>) {
        let (key, sealer) = keys.sealer(NAME).unwrap().unwrap();
        let mut sealed = sealer.header();
        let chunks: Vec<&[u8]> =
            if file.is_empty() { vec![file] } else { file.chunks(CHUNK as usize).collect() };
        for (index, chunk) in chunks.iter().enumerate() {
            sealed.extend(sealer.seal(index as u32, index + 1 == chunks.len(), chunk));
        }
        (key, sealed)
    }

    fn opened(
        keys: &Keys,
        key: &str,
        name: &str,
        bytes: u64,
        part: Range<u64>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let opener = keys.opener(key, name, bytes, &sealed[..HEADER as usize])?;
        let place = opener.sealed(&part);
        opener.open(&part, sealed.get(place.start as usize..place.end as usize).ok_or(Error::Tampered)?)
    }

    #[test]
    fn any_part_comes_back_by_itself() {
        let keys = keys(&['1']);
        for bytes in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let file: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
            let (key, sealed) = sealed(&keys, &file);
            assert_eq!(sealed.len() as u64, sealed_bytes(bytes));
            for part in [0..bytes, 0..bytes.min(1), bytes / 2..bytes, bytes.saturating_sub(1)..bytes] {
                let expected = &file[part.start as usize..part.end as usize];
                assert_eq!(opened(&keys, &key, NAME, bytes, part, &sealed).unwrap(), expected);
            }
        }
    }

    #[test]
    fn no_change_goes_unseen() {
        let keys = keys(&['1']);
        let file = vec![7; 2 * CHUNK as usize + 5];
        let (key, whole) = sealed(&keys, &file);
        let bytes = file.len() as u64;
        let all = |name, bytes, sealed: &[u8]| opened(&keys, &key, name, bytes, 0..bytes, sealed);
        assert_eq!(all(NAME, bytes, &whole).unwrap(), file);
        for at in [0, 9, 24, 70_000, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(all(NAME, bytes, &changed).is_err(), "byte {at}");
        }
        let chunk = (CHUNK + TAG) as usize;
        let mut swapped = whole.clone();
        let (first, second) = swapped[HEADER as usize..].split_at_mut(chunk);
        first.swap_with_slice(&mut second[..chunk]);
        assert!(all(NAME, bytes, &swapped).is_err());
        let cut = &whole[..HEADER as usize + chunk];
        assert!(all(NAME, CHUNK, cut).is_err(), "a file that was cut at a chunk");
        assert!(all("2026/11/20/rec_2.opus", bytes, &whole).is_err(), "a file under another's name");
    }

    #[test]
    fn an_old_key_opens_and_does_not_seal() {
        let (before, after) = (keys(&['1']), keys(&['2', '1']));
        let (old, sealed_before) = sealed(&before, b"before");
        let (new, sealed_after) = sealed(&after, b"after");
        assert_ne!(old, new);
        assert_eq!(opened(&after, &old, NAME, 6, 0..6, &sealed_before).unwrap(), b"before");
        let refused = opened(&before, &new, NAME, 5, 0..5, &sealed_after).unwrap_err();
        assert!(matches!(refused, Error::UnknownKey(_)), "{refused}");
    }

    #[test]
    fn a_key_file_says_which_line_is_wrong() {
        assert!(keys(&[]).sealer(NAME).unwrap().is_none());
        for wrong in ["g".repeat(64), "1".repeat(63), "é".repeat(32)] {
            let text = format!("{}\n\n{wrong}\n", "1".repeat(64));
            assert!(matches!(Keys::parse(&text), Err(Error::BadKey { line: 3 })), "{wrong}");
        }
        assert!(!format!("{:?}", keys(&['a'])).contains("aaaa"));
    }
}
