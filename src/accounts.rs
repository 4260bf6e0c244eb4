//! The first accounts, which the command line makes: there is no default password anywhere.

use anyhow::{Context as _, ensure};
use cadran_engine::model::{Role, UserId};
use secrecy::SecretString;

use crate::daemon::wall_clock;
use crate::passwords;
use crate::store::{Store, User};

/// Characters of a first password: 100 bits of chance.
const FIRST_PASSWORD_CHARS: usize = 20;

/// Creates an account with a random first password, and returns that. It must be changed at the first sign-in.
pub async fn create(store: &Store, login: &str, role: Role) -> anyhow::Result<String> {
    let login = login.trim().to_lowercase();
    ensure!(
        is_login(&login),
        "`{login}` is no login; it may have up to 64 letters, digits and `.`, `_`, `-`, `@`"
    );
    ensure!(store.user_by_login(&login).await?.is_none(), "there is already an account `{login}`");
    let password = first_password()?;
    let hash = passwords::hash(SecretString::from(password.clone())).await;
    let user = User {
        id: UserId::from_i64(0),
        login,
        password_hash: hash.context("the password could not be hashed")?,
        role: role.into(),
        teams: None,
        agent: None,
        must_change_password: true,
        enabled: true,
    };
    store.create_user(&user, wall_clock()).await?;
    Ok(password)
}

/// Whether a text may be what somebody types to sign in.
pub fn is_login(login: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-@".contains(letter);
    (1..=64).contains(&login.len()) && login.chars().all(plain)
}

fn first_password() -> anyhow::Result<String> {
    let mut chance = [0; FIRST_PASSWORD_CHARS];
    getrandom::fill(&mut chance).context("the system gives no random numbers")?;
    Ok(passwords::readable(&chance))
}
