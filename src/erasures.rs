//! The list of erasures outside the database. A backup that is restored brings back persons who were erased since it was
//! made; by this list they are erased again before anybody can call them.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use cadran_engine::model::{ErasureId, Timestamp};
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::store::{self, Erasure, ErasureOrder, Page, Store};

/// The file in the data directory that has every erasure.
pub const ERASURES_FILE: &str = "erasures.jsonl";

/// The reason of an erasure that is done again.
const RESTORED: &str = "restored";

/// Where erasures are noted.
#[derive(Clone, Debug)]
pub struct ErasureList(PathBuf);

/// A line of the list. It has no numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    id: ErasureId,
    at: Timestamp,
    digests: BTreeSet<String>,
}

/// Why erasures were not done again.
#[derive(Debug, thiserror::Error)]
pub enum NotApplied {
    /// The list cannot be read or written.
    #[error("the list of erasures {} cannot be used: {problem}", path.display())]
    List {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// The database cannot be used.
    #[error("the database cannot be used")]
    Store(#[from] store::Error),
}

impl ErasureList {
    /// The list of a data directory.
    pub fn of(data: &Path) -> Self {
        Self(data.join(ERASURES_FILE))
    }

    /// Notes an erasure, on the disk when this returns. The one who noted it makes it come true, or it is done when the
    /// daemon starts.
    pub async fn note(&self, erasure: &Erasure) -> io::Result<()> {
        let noted = Noted {
            id: erasure.order.id,
            at: erasure.order.at,
            digests: erasure.digests.iter().cloned().collect(),
        };
        let line = serde_json::to_string(&noted)?;
        let path = self.0.clone();
        tokio::task::spawn_blocking(move || append(&path, &line)).await.map_err(io::Error::other)?
    }

    fn read(&self) -> io::Result<Vec<Noted>> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let noted = lines.filter_map(|(number, line)| match serde_json::from_str(line) {
            Ok(noted) => Some(noted),
            Err(error) => {
                // A crash cuts the last line off, and what it would have noted never came true.
                warn!(line = number, %error, "A line of {ERASURES_FILE} cannot be read and is passed over");
                None
            }
        });
        Ok(noted.collect())
    }

    fn unusable(&self, problem: io::Error) -> NotApplied {
        NotApplied::List { path: self.0.clone(), problem }
    }
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
    let cut_off = if is_whole(&mut file)? { "" } else { "\n" };
    file.write_all(format!("{cut_off}{line}\n").as_bytes())?;
    file.sync_all()?;
    match path.parent() {
        // A file is only there for good when its directory says so.
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

/// Whether the last line has its end.
fn is_whole(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Erases again whom the list knows and the database does not, and gives how many. The list learns what only the
/// database knows, from another daemon or from before the list was lost.
pub async fn apply_again(
    store: &Store,
    list: &ErasureList,
    messages: &Path,
    now: Timestamp,
) -> Result<usize, NotApplied> {
    let noted = list.read().map_err(|problem| list.unusable(problem))?;
    let listed: BTreeSet<ErasureId> = noted.iter().map(|noted| noted.id).collect();
    let mut known = BTreeSet::new();
    let mut page = Page::first();
    loop {
        let erasures = store.erasures(page).await?;
        let Some(last) = erasures.last() else { break };
        page.after = Some(last.order.id);
        for erasure in erasures {
            known.insert(erasure.order.id);
            if !listed.contains(&erasure.order.id) {
                list.note(&erasure).await.map_err(|problem| list.unusable(problem))?;
            }
        }
    }
    let undone: Vec<Noted> = noted.into_iter().filter(|noted| known.insert(noted.id)).collect();
    if undone.is_empty() {
        return Ok(0);
    }
    let wanted: BTreeSet<String> = undone.iter().flat_map(|noted| noted.digests.iter().cloned()).collect();
    let numbers = store.numbers_with(&wanted).await?;
    for Noted { id, digests, .. } in &undone {
        let theirs: Vec<_> =
            numbers.iter().copied().filter(|phone| digests.contains(&store::digest(*phone))).collect();
        let order = ErasureOrder { id: *id, at: now, by: None, reason: RESTORED.to_owned() };
        let erased = store.begin_erasure_again(&theirs, digests, &order).await?.commit().await?;
        remove_files(messages, &erased.files);
        if erased.erasure.counts.contains_key("held_recordings") {
            warn!(erasure.id = %id, "Recordings of somebody who was erased stay: a legal hold is on them");
        }
    }
    info!(erasures = undone.len(), "Persons whom a backup had brought back were erased again");
    Ok(undone.len())
}

/// Removes sounds of somebody who was erased from the directory of messages.
pub fn remove_files(messages: &Path, files: &[String]) {
    for file in files {
        if let Err(error) = fs::remove_file(messages.join(file))
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(file, %error, "A message of somebody who was erased cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure(last: u128) -> Erasure {
        let id = ErasureId::from_uuid(uuid::Uuid::from_u128(last));
        let order = ErasureOrder { id, at: Timestamp::from_millis(7), by: None, reason: "asked".to_owned() };
        Erasure { order, digests: vec![format!("d{last}")], counts: Default::default() }
    }

    #[tokio::test]
    async fn a_line_that_was_cut_off_costs_itself_alone() {
        let directory = tempfile::tempdir().unwrap();
        let list = ErasureList::of(directory.path());
        assert!(list.read().unwrap().is_empty(), "no file, no erasures");
        list.note(&erasure(1)).await.unwrap();
        let mut file = OpenOptions::new().append(true).open(directory.path().join(ERASURES_FILE)).unwrap();
        file.write_all(br#"{"id":"ers_00"#).unwrap();
        list.note(&erasure(2)).await.unwrap();
        let ids: Vec<ErasureId> = list.read().unwrap().iter().map(|noted| noted.id).collect();
        assert_eq!(ids, [erasure(1).order.id, erasure(2).order.id]);
        let text = fs::read_to_string(directory.path().join(ERASURES_FILE)).unwrap();
        assert!(!text.contains("asked"), "what people wrote is not in it: {text}");
    }
}
