//! espeak-ng: a program of this machine, in a hundred languages, without any network.

use std::path::PathBuf;
use std::process::Stdio;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::{Error, Speaker, Utterance};
use crate::sound::FILE_BYTES_MAX;

/// Words a minute: a little slower than its own 175, because telephones carry less.
const WORDS_PER_MINUTE: &str = "160";

/// The program.
#[derive(Clone, Debug)]
pub struct Espeak {
    program: PathBuf,
}

impl Espeak {
    /// The program at a path, or of this name on the `PATH`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into() }
    }

    fn missing(&self, error: &std::io::Error) -> Error {
        let program = self.program.display();
        Error::Speaker(format!(
            "`{program}` cannot be run: {error}; install espeak-ng, or set `speech.program`"
        ))
    }
}

#[async_trait]
impl Speaker for Espeak {
    fn name(&self) -> String {
        format!("espeak {WORDS_PER_MINUTE}")
    }

    /// The text goes in by standard input: no shell and no argument ever sees it.
    async fn speak(&self, utterance: &Utterance) -> Result<Vec<u8>, Error> {
        let voice = utterance.voice.as_deref().unwrap_or(&utterance.locale).to_lowercase();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+');
        if voice.starts_with('-') || !voice.bytes().all(is_plain) {
            return Err(Error::Speaker(format!(
                "`{voice}` is no voice of espeak-ng; see `espeak-ng --voices`"
            )));
        }
        let mut child = Command::new(&self.program)
            .args(["-v", &voice, "-s", WORDS_PER_MINUTE, "-b", "1", "--stdin", "--stdout"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.missing(&error))?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(utterance.text.as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        if !output.status.success() || output.stdout.len() > FILE_BYTES_MAX {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or("it says nothing").to_owned();
            return Err(Error::Speaker(format!("espeak-ng refuses ({}): {said}", output.status)));
        }
        Ok(whole(output.stdout))
    }
}

/// A program that writes into a pipe cannot go back to say how long it became: it leaves sizes that no file has. Here
/// they are set right.
fn whole(mut wav: Vec<u8>) -> Vec<u8> {
    const HEADER: usize = 44;
    let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let length = wav.len();
    if length >= HEADER && wav.get(36..40) == Some(b"data") {
        wav[4..8].copy_from_slice(&size(length - 8));
        wav[40..44].copy_from_slice(&size(length - HEADER));
    }
    wav
}
