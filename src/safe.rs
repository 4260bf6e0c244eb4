//! Small secrets at rest: second factors and what webhooks sign with. Encrypted when the installation has a key.

use std::fmt;
use std::sync::Arc;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use sha2::{Digest as _, Sha256};

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Bytes of a nonce. Ninety-six random bits do for as many secrets as an installation ever has (NIST SP 800-38D §8.3).
const NONCE_BYTES: usize = 12;

/// What a secret begins with that is not encrypted.
const PLAIN: &str = "plain:";

/// Keys that seal secrets: the first seals, all open. Without any, secrets are kept as they are.
#[derive(Clone, Default)]
pub struct Safe(Arc<[SafeKey]>);

struct SafeKey {
    /// A name that says nothing of the key.
    name: String,
    cipher: Aes256Gcm,
}

impl fmt::Debug for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Safe").field(&self.0.len()).finish()
    }
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line of the key file is no key.
    #[error("line {line} is no key: it must be 64 hexadecimal digits, as `openssl rand -hex 32` prints them")]
    BadKey {
        /// Counted from 1.
        line: usize,
    },
    /// The key that it was sealed with is not in the key file.
    #[error(
        "a secret was sealed with the key `{0}`, which `secrets.key_file` does not have; put it back there"
    )]
    KeyMissing(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
    /// It is not what was sealed.
    #[error("a sealed secret was changed in the database; set it anew")]
    Tampered,
}

impl Safe {
    /// Reads a key file: one key a line, the one in use first, those of older secrets after it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let key = |(line, text): (usize, &str)| {
            let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
            let bytes = bytes.filter(|bytes| bytes.len() == KEY_BYTES).ok_or(Error::BadKey { line })?;
            let name = crate::hex::of(&Sha256::digest(&bytes)[..4]);
            Ok(SafeKey { name, cipher: Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&bytes)) })
        };
        lines.map(key).collect::<Result<Vec<_>, _>>().map(|keys| Self(keys.into()))
    }

    /// Seals a secret. `place` says where it belongs, so that nobody can put it in another's row.
    pub fn seal(&self, secret: &[u8], place: &str) -> Result<String, Error> {
        let Some(key) = self.0.first() else {
            return Ok(format!("{PLAIN}{}", BASE64.encode(secret)));
        };
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| Error::NoRandom)?;
        let payload = Payload { msg: secret, aad: place.as_bytes() };
        let sealed = key.cipher.encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| Error::Tampered)?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        Ok(format!("{}:{}", key.name, BASE64.encode(&bytes)))
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, sealed: &str, place: &str) -> Result<Vec<u8>, Error> {
        let (name, text) = sealed.split_once(':').ok_or(Error::Tampered)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(|_| Error::Tampered)?;
        if sealed.starts_with(PLAIN) {
            return Ok(bytes);
        }
        let key = self.0.iter().find(|key| key.name == name);
        let key = key.ok_or_else(|| Error::KeyMissing(name.to_owned()))?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES).ok_or(Error::Tampered)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        key.cipher.decrypt(Nonce::from_slice(nonce), payload).map_err(|_| Error::Tampered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_key_in_its_place_alone() {
        let (old, new) = ("11".repeat(32), "22".repeat(32));
        let safe = Safe::parse(&old).unwrap();
        let sealed = safe.seal(b"secret", "user 1").unwrap();
        assert!(!sealed.contains("secret"));
        assert_eq!(safe.open(&sealed, "user 1").unwrap(), b"secret");
        assert!(matches!(safe.open(&sealed, "user 2"), Err(Error::Tampered)));
        let both = Safe::parse(&format!("{new}\n{old}\n")).unwrap();
        assert_eq!(both.open(&sealed, "user 1").unwrap(), b"secret");
        assert_ne!(both.seal(b"secret", "user 1").unwrap().split(':').next(), sealed.split(':').next());
        assert!(matches!(Safe::parse(&new).unwrap().open(&sealed, "user 1"), Err(Error::KeyMissing(_))));
        assert!(matches!(Safe::parse("no key"), Err(Error::BadKey { line: 1 })));
    }

    #[test]
    fn without_a_key_it_is_kept_and_a_key_that_comes_later_opens_it() {
        let sealed = Safe::default().seal(b"secret", "user 1").unwrap();
        assert_eq!(Safe::parse(&"11".repeat(32)).unwrap().open(&sealed, "user 1").unwrap(), b"secret");
        for odd in ["", "plain", "plain:?", "abc:", "abc:AAAA"] {
            assert!(Safe::default().open(odd, "user 1").is_err(), "{odd}");
        }
    }
}
