//! Rule packs, from the program itself or from files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use cadran_engine::dialer::compliance::{Pack, PackRules};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The packs in `config/compliance`, as they were when the program was built.
const SHIPPED: [(&str, &str); 19] = [
    ("de", include_str!("../config/compliance/de.toml")),
    ("es", include_str!("../config/compliance/es.toml")),
    ("fr-2023", include_str!("../config/compliance/fr-2023.toml")),
    ("fr-2026", include_str!("../config/compliance/fr-2026.toml")),
    ("fr-insurance", include_str!("../config/compliance/fr-insurance.toml")),
    ("gb", include_str!("../config/compliance/gb.toml")),
    ("it", include_str!("../config/compliance/it.toml")),
    ("us-al", include_str!("../config/compliance/us-al.toml")),
    ("us-ct", include_str!("../config/compliance/us-ct.toml")),
    ("us-federal", include_str!("../config/compliance/us-federal.toml")),
    ("us-fl", include_str!("../config/compliance/us-fl.toml")),
    ("us-ky", include_str!("../config/compliance/us-ky.toml")),
    ("us-la", include_str!("../config/compliance/us-la.toml")),
    ("us-md", include_str!("../config/compliance/us-md.toml")),
    ("us-ms", include_str!("../config/compliance/us-ms.toml")),
    ("us-ok", include_str!("../config/compliance/us-ok.toml")),
    ("us-pa", include_str!("../config/compliance/us-pa.toml")),
    ("us-ri", include_str!("../config/compliance/us-ri.toml")),
    ("us-tx", include_str!("../config/compliance/us-tx.toml")),
];

/// A file larger than this is no pack, nor a document of cases.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The packs that Cadran ships.
pub fn shipped() -> anyhow::Result<Vec<Pack>> {
    SHIPPED
        .iter()
        .map(|(id, text)| from_toml(id, text).with_context(|| format!("in the shipped pack `{id}`")))
        .collect()
}

/// The packs by which an installation judges: those that Cadran ships, and those of its own folder. A pack of its own
/// cannot take the place of a shipped one.
pub fn of_installation(folder: Option<&Path>) -> anyhow::Result<Vec<Pack>> {
    let mut packs = shipped()?;
    for own in folder.map(load_folder).transpose()?.into_iter().flatten() {
        if packs.iter().any(|pack| pack.id() == own.id()) {
            bail!(
                "the pack id `{}` is taken; packs can be added and not replaced, so give it another id",
                own.id()
            );
        }
        packs.push(own);
    }
    Ok(packs)
}

/// Those of the shipped packs that have these ids.
pub fn named(ids: &[String]) -> anyhow::Result<Vec<Pack>> {
    let mut packs = if ids.is_empty() { Vec::new() } else { shipped()? };
    if let Some(unknown) = ids.iter().find(|id| packs.iter().all(|pack| pack.id() != id.as_str())) {
        let known: Vec<&str> = SHIPPED.iter().map(|(id, _)| *id).collect();
        bail!("there is no pack `{unknown}`; there are {}", known.join(", "));
    }
    packs.retain(|pack| ids.iter().any(|id| id == pack.id()));
    Ok(packs)
}

/// The packs of a folder of TOML files, of one TOML file, or of a JSON object with the key `packs`.
pub fn load(path: &Path) -> anyhow::Result<Vec<Pack>> {
    if path.is_dir() {
        return load_folder(path);
    }
    let text = read(path)?;
    if path.extension().is_some_and(|extension| extension == "toml") {
        return Ok(vec![from_toml_file(path, &text)?]);
    }
    from_json(&text).with_context(|| format!("in {}", path.display()))
}

/// The text of a file, with what to do when there is none.
pub fn read(path: &Path) -> anyhow::Result<String> {
    let look = || format!("{} cannot be read; check the path and the permissions", path.display());
    let size = fs::metadata(path).with_context(look)?.len();
    if size > FILE_BYTES_MAX {
        bail!("{} has {size} bytes; split it below {FILE_BYTES_MAX}", path.display());
    }
    fs::read_to_string(path).with_context(look)
}

fn load_folder(folder: &Path) -> anyhow::Result<Vec<Pack>> {
    let entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("{} cannot be listed; check the permissions", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    if files.is_empty() {
        bail!("{} holds no pack; put files named *.toml there", folder.display());
    }
    files.iter().map(|file| from_toml_file(file, &read(file)?)).collect()
}

fn from_toml_file(file: &Path, text: &str) -> anyhow::Result<Pack> {
    let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    from_toml(name, text).with_context(|| format!("in {}", file.display()))
}

/// A pack by its own id, or by the name of its file.
fn from_toml(name: &str, text: &str) -> anyhow::Result<Pack> {
    let rules: PackRules = toml::from_str(text)?;
    let id = rules.id.clone().unwrap_or_else(|| name.to_owned());
    Ok(Pack::new(&id, &sha256(text), rules)?)
}

fn from_json(text: &str) -> anyhow::Result<Vec<Pack>> {
    #[derive(Deserialize)]
    struct Document {
        packs: serde_json::Map<String, serde_json::Value>,
    }
    let document: Document = serde_json::from_str(text)?;
    let packs = document.packs.into_iter().map(|(id, value)| {
        let digest = sha256(&value.to_string());
        let rules: PackRules = serde_json::from_value(value).with_context(|| format!("in pack `{id}`"))?;
        Ok(Pack::new(&id, &digest, rules)?)
    });
    packs.collect()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_pack_is_embedded_under_its_own_id() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/compliance");
        let mut in_folder: Vec<String> =
            load(&folder).unwrap().iter().map(|pack| pack.id().to_owned()).collect();
        in_folder.retain(|id| id != "template");
        let embedded: Vec<String> = shipped().unwrap().iter().map(|pack| pack.id().to_owned()).collect();
        assert_eq!(embedded, in_folder);
        assert_eq!(embedded, SHIPPED.map(|(id, _)| id.to_owned()));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, words) in [
            (r#"{"packs": {"xx": {"applies": {}, "windowz": []}}}"#, ["pack `xx`", "windowz"]),
            (r#"{"packs": {"xx": {"applies": {"country": "FR", "town": "X"}}}}"#, ["pack `xx`", "town"]),
            (r#"{"packs": {"xx": {"applies": {}, "ref_tz": "Mars/X"}}}"#, ["pack `xx`", "Mars/X"]),
            (r#"{"packs": {"xx": {"applies": {}, "rule_ids": {"hours": "X"}}}}"#, ["`xx`", "rule_ids.hours"]),
        ] {
            let error = format!("{:#}", from_json(text).unwrap_err());
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }

    #[test]
    fn the_digest_is_that_of_the_text() {
        // printf 'applies = {}\n' | sha256sum
        let digest = "7f4f12bf91f8edfd0bc3fc7708c6b0e3f5cbde5d88a2673c8a858c0104e64800";
        assert_eq!(from_toml("empty", "applies = {}\n").unwrap().sha256(), digest);
    }
}
