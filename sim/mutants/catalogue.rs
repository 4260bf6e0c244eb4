//! The catalogue of mutants, and a copy of the code to put them in.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;

/// A bug to put in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    /// What is wrong.
    pub(crate) name: String,
    /// The invariant that should notice, as its message begins.
    pub(crate) caught_by: String,
    /// Where, from the root of the repository.
    pub(crate) file: PathBuf,
    /// A text that occurs there once.
    find: String,
    /// What stands in its place.
    replace: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    mutant: Vec<Mutant>,
}

/// Why a mutant cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("mutant `{name}`: its text occurs {times} times in {}, not once; mend sim/mutants/mutants.toml", file.display())]
pub(crate) struct Stale {
    name: String,
    file: PathBuf,
    times: usize,
}

/// All mutants.
pub(crate) fn all() -> Result<Vec<Mutant>, toml::de::Error> {
    Ok(toml::from_str::<Catalogue>(include_str!("mutants.toml"))?.mutant)
}

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    let sim = Path::new(env!("CARGO_MANIFEST_DIR"));
    sim.parent().unwrap_or(sim)
}

impl Mutant {
    /// The file's text with the bug in it.
    pub(crate) fn put_into(&self, text: &str) -> Result<String, Stale> {
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.replace, 1)),
            times => Err(Stale { name: self.name.clone(), file: self.file.clone(), times }),
        }
    }
}

/// Copies the engine and the simulator, with a workspace of their own around them.
pub(crate) fn copy_sources(to: &Path) -> io::Result<()> {
    for package in ["engine", "sim"] {
        copy(&repository().join(package), &to.join(package))?;
    }
    fs::copy(repository().join("Cargo.lock"), to.join("Cargo.lock"))?;
    let manifest = fs::read_to_string(repository().join("Cargo.toml"))?;
    fs::write(to.join("Cargo.toml"), workspace(&manifest).map_err(io::Error::other)?)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

/// What the packages inherit of the root's manifest, and a profile that is quick to build and quick enough to run.
fn workspace(manifest: &str) -> Result<String, toml::de::Error> {
    let whole: toml::Table = toml::from_str(manifest)?;
    let mut workspace = whole.get("workspace").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    workspace.insert("members".to_owned(), vec!["engine", "sim"].into());
    let profile = toml::toml! {
        [mutant]
        inherits = "dev"
        opt-level = 1
        debug = false
        incremental = true
    };
    let mut reduced = toml::Table::new();
    reduced.insert("workspace".to_owned(), workspace.into());
    reduced.insert("profile".to_owned(), profile.into());
    Ok(reduced.to_string())
}
