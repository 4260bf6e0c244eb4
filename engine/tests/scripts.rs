//! Stories told as scripts: what happens, line by line, and the transcript of what the engine makes of it.
//!
//! A script says who is there and what they do; lines that begin with `>` are the engine's and are compared.
//! `UPDATE_SCRIPTS=1 cargo test -p cadran-engine --test scripts` writes them anew, for a person to read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "scripts_support/callers.rs"]
mod callers;
#[path = "scripts_support/centre.rs"]
mod centre;
#[path = "scripts_support/furniture.rs"]
mod furniture;
#[path = "scripts_support/transcript.rs"]
mod transcript;

use std::path::{Path, PathBuf};

use centre::Centre;

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    scripts.sort();
    scripts
}

/// Plays the lines of a script and gives them back, each with what the engine did about it.
fn play(script: &str) -> String {
    let mut centre = Centre::default();
    let mut played = String::new();
    for line in script.lines().filter(|line| !line.trim_start().starts_with('>')) {
        played.push_str(&centre.line(line));
    }
    played
}

#[test]
fn every_story_goes_as_told() {
    let update = std::env::var_os("UPDATE_SCRIPTS").is_some();
    let scripts = scripts();
    assert!(scripts.len() >= 15, "{} scripts", scripts.len());
    for path in scripts {
        let told = std::fs::read_to_string(&path).unwrap();
        let played = play(&told);
        if update {
            std::fs::write(&path, played).unwrap();
        } else {
            assert!(told == played, "{} goes otherwise:\n{played}", path.display());
        }
    }
}
