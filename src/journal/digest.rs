//! What the engine wanted done, in eight bytes.

use std::fmt;
use std::io::{self, Write};

use cadran_engine::command::{Answer, Command};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The first eight bytes of the SHA-256 of the commands that one input led to.
///
/// What the live board shows is left out: it is long, asked for every second, and follows from the state that the other
/// commands tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// The digest of commands in this order.
    pub fn of(commands: &[Command]) -> Self {
        let mut hasher = Hasher(Sha256::new());
        for command in commands.iter().filter(|command| !is_view(command)) {
            // Commands hold nothing that JSON could not say, and a hasher takes everything.
            let _ = serde_json::to_writer(&mut hasher, command);
        }
        let bytes = hasher.0.finalize();
        Self(bytes.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }
}

const fn is_view(command: &Command) -> bool {
    matches!(command, Command::Reply { answer: Ok(Answer::View(_)), .. })
}

struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(D::Error::custom)
    }
}
