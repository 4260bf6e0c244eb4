//! Passwords: hashed with Argon2id, compared in the same time whether the account exists or not.

use argon2::password_hash::{
    self, Decimal, Ident, Output, ParamsString, PasswordHash, PasswordHasher, PasswordVerifier, Salt,
    SaltString,
};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Hashes computed at a time. Each takes 19 MiB and a core: a flood of sign-ins must not take the calls' share.
const HASHES_MAX: usize = 2;

static HASHES: Semaphore = Semaphore::const_new(HASHES_MAX);

/// The shortest password that people may choose (OWASP ASVS 5.0, V6.2.1 asks for 8 and recommends 15).
pub const CHARS_MIN: usize = 12;

/// The longest. Hashing takes no longer for it, reading it would.
pub const CHARS_MAX: usize = 128;

/// Different characters that a password has at least, beside the words in [`COMMON`] and the account's name.
const LETTERS_MIN: usize = 5;

/// What everybody tries first, as parts of a longer password that has little else.
const COMMON: [&str; 8] =
    ["password", "motdepasse", "azerty", "qwerty", "cadran", "123456", "111111", "admin"];

/// Letters and digits that nobody mixes up when reading them aloud.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Chance as text that can be read aloud: five bits of each byte.
pub fn readable(chance: &[u8]) -> String {
    chance.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// Why a password cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// It is the account's name or little more than a word that everybody tries.
    #[error("the password must not be the name or a word that everybody tries")]
    Common,
    /// Fewer than [`CHARS_MIN`] or more than [`CHARS_MAX`] characters.
    #[error("a password has {CHARS_MIN} to {CHARS_MAX} characters")]
    Length,
}

/// Whether a password may be chosen for an account.
pub fn check(password: &SecretString, login: &str) -> Result<(), Weakness> {
    let password = password.expose_secret();
    if !(CHARS_MIN..=CHARS_MAX).contains(&password.chars().count()) {
        return Err(Weakness::Length);
    }
    let lower = password.to_lowercase();
    let rest = COMMON
        .iter()
        .copied()
        .chain(Some(login).filter(|login| !login.is_empty()))
        .fold(lower, |rest, word| rest.replace(&word.to_lowercase(), ""));
    let mut letters: Vec<char> = rest.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    // A few different characters beside the well-known words are soon tried.
    if letters.len() < LETTERS_MIN { Err(Weakness::Common) } else { Ok(()) }
}

/// The Argon2id hash of a password as a PHC string, with the parameters that OWASP recommends (19 MiB, 2 passes).
/// None when the machine gives no memory or no random numbers.
pub async fn hash(password: SecretString) -> Option<SecretString> {
    let _turn = HASHES.acquire().await.ok()?;
    let hash = tokio::task::spawn_blocking(move || {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).ok()?;
        let salt = SaltString::encode_b64(&bits).ok()?;
        let hash = Hasher.hash_password(password.expose_secret().as_bytes(), &salt).ok()?;
        Some(SecretString::from(hash.to_string()))
    });
    hash.await.ok()?
}

/// Whether the password is the one that was hashed. Without a hash, for an account that does not exist, it takes as
/// long and says no.
pub async fn verify(password: SecretString, hash: Option<SecretString>) -> bool {
    let Some(hash) = hash else {
        let _same_time = self::hash(password).await;
        return false;
    };
    let Ok(_turn) = HASHES.acquire().await else {
        return false;
    };
    let verified = tokio::task::spawn_blocking(move || {
        let password = password.expose_secret().as_bytes();
        PasswordHash::new(hash.expose_secret())
            .is_ok_and(|hash| Hasher.verify_password(password, &hash).is_ok())
    });
    verified.await.unwrap_or(false)
}

/// Argon2 in memory that goes back to the system at once.
struct Hasher;

/// What a hash asks the allocator for, though it touches only what it needs. glibc keeps freed memory for later, up to
/// twice the largest block that was freed, unless that was larger than 32 MiB (mallopt(3), `M_MMAP_THRESHOLD`): two
/// sign-ins would leave the daemon twice as large as a thousand calls make it.
const BYTES_RESERVED: usize = 33 * 1024 * 1024;

impl PasswordHasher for Hasher {
    type Params = Params;

    fn hash_password_customized<'a>(
        &self,
        password: &[u8],
        algorithm: Option<Ident<'a>>,
        version: Option<Decimal>,
        params: Params,
        salt: impl Into<Salt<'a>>,
    ) -> password_hash::Result<PasswordHash<'a>> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let salt = salt.into();
        let mut salt_bytes = [0; Salt::MAX_LENGTH];
        let salt_bytes = salt.decode_b64(&mut salt_bytes)?;
        let blocks = params.block_count();
        let mut memory = Vec::with_capacity(blocks.max(BYTES_RESERVED / Block::SIZE));
        memory.resize(blocks, Block::default());
        let argon2 = Argon2::new(algorithm, version, params.clone());
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let hash = Output::init_with(length, |output| {
            Ok(argon2.hash_password_into_with_memory(password, salt_bytes, output, &mut memory)?)
        })?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(hash),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_is_verified() {
        let hash = hash("correct horse battery".into()).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$"));
        assert!(verify("correct horse battery".into(), Some(hash.clone())).await);
        assert!(!verify("correct horse batterY".into(), Some(hash)).await);
        assert!(!verify("correct horse battery".into(), Some("no hash".into())).await);
        assert!(!verify("correct horse battery".into(), None).await);
    }

    #[test]
    fn what_everybody_tries_is_refused() {
        let cases = [
            ("correct horse battery", Ok(())),
            ("short", Err(Weakness::Length)),
            ("password1234", Err(Weakness::Common)),
            ("marie.durand1", Err(Weakness::Common)),
            ("aaaaaaaaaaaaaaa", Err(Weakness::Common)),
            (&"é".repeat(CHARS_MAX + 1), Err(Weakness::Length)),
        ];
        for (password, expected) in cases {
            assert_eq!(check(&password.into(), "marie.durand"), expected, "{password}");
        }
    }
}
