//! Where the files of recordings lie: the directory that they are written to, the archive directory, a bucket.

use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;

use super::cipher::{self, CHUNK, HEADER, Keys};
use crate::hex;
use crate::store::{FileKind, KeptFile, Place};

/// A file up to this size is read and checked as a whole before the first byte is given away: an hour of Opus, or
/// eight minutes of WAV. The monthly look checks the larger ones.
const CHECKED_WHOLE_MAX: u64 = 16 * 1024 * 1024;

/// Bytes of a larger file that are in memory at a time. A multiple of a sealed chunk.
const WINDOW: u64 = 16 * CHUNK;

/// Files up to this size are put away with one request, larger ones in parts of it.
const PART: usize = 8 * 1024 * 1024;

/// A file that is written, or asked for, to see whether that can be done.
const PROBE: &str = "cadran-check";

/// Why a file cannot be put away or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file.
    #[error("the file is gone from {place}")]
    Gone {
        /// Where it should be.
        place: &'static str,
    },
    /// The file is not the one that was kept.
    #[error("the file was changed after it was kept")]
    Tampered,
    /// It cannot be sealed or opened.
    #[error("{0}")]
    Seal(cipher::Error),
    /// The path of the WAV file leads out of the recordings directory.
    #[error("the path leads out of the recordings directory")]
    Outside,
    /// The row names a bucket, and none is configured.
    #[error("it is in a bucket, and `recordings.bucket` is not configured")]
    NoBucket,
    /// The disk or the bucket does not do it.
    #[error("{place} does not answer or refuses: {problem}")]
    Away {
        /// Which.
        place: &'static str,
        /// In its words.
        problem: String,
    },
}

impl From<cipher::Error> for Error {
    fn from(error: cipher::Error) -> Self {
        match error {
            cipher::Error::Tampered => Self::Tampered,
            error => Self::Seal(error),
        }
    }
}

/// The way to all files of recordings. Cheap to clone.
#[derive(Clone)]
pub struct Depot(Arc<Places>);

struct Places {
    recordings: PathBuf,
    disk: Arc<dyn ObjectStore>,
    bucket: Option<Arc<dyn ObjectStore>>,
    keys: Keys,
}

impl fmt::Debug for Depot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Depot").field("recordings", &self.0.recordings).finish_non_exhaustive()
    }
}

/// A file that can be read, in any part.
#[derive(Debug)]
pub enum Readable {
    /// As it was recorded, from the recordings directory.
    Recorded {
        /// Where it lies.
        path: PathBuf,
        /// How large it is.
        bytes: u64,
    },
    /// Too large to be checked at each reading.
    Large(KeptFile),
    /// Read and checked.
    Whole(KeptFile, Bytes),
}

impl Readable {
    /// Its size.
    pub const fn bytes(&self) -> u64 {
        match self {
            Self::Recorded { bytes, .. } => *bytes,
            Self::Large(file) | Self::Whole(file, _) => file.bytes,
        }
    }

    /// What it holds.
    pub const fn kind(&self) -> FileKind {
        match self {
            Self::Recorded { .. } => FileKind::Wav,
            Self::Large(file) | Self::Whole(file, _) => file.kind,
        }
    }
}

impl Depot {
    /// Room that is left where recordings are written, in bytes.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.0.recordings)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Whether a file can be written where recordings are written to.
    pub async fn try_recordings(&self) -> io::Result<()> {
        let probe = self.0.recordings.join(PROBE);
        tokio::fs::write(&probe, PROBE).await?;
        tokio::fs::remove_file(&probe).await
    }

    /// Whether the place of archived files answers, and which it is.
    pub async fn try_archive(&self) -> (&'static str, Result<(), Error>) {
        let (place, store) = match &self.0.bucket {
            Some(bucket) => ("recordings.bucket", bucket),
            None => ("files.archive", &self.0.disk),
        };
        let answer = match store.head(&Path::from(PROBE)).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(problem) => Err(Error::Away { place, problem: problem.to_string() }),
        };
        (place, answer)
    }

    /// A depot that reads what is recorded from the directory `recordings`, and keeps files on `disk`, or in the
    /// `bucket` when there is one.
    pub fn new(
        recordings: PathBuf,
        disk: Arc<dyn ObjectStore>,
        bucket: Option<Arc<dyn ObjectStore>>,
        keys: Keys,
    ) -> Self {
        Self(Arc::new(Places { recordings, disk, bucket, keys }))
    }

    /// Puts away `bytes` bytes of `source` under `name`. A file of that name is replaced.
    pub(super) async fn put(
        &self,
        kind: FileKind,
        name: String,
        bytes: u64,
        source: &mut (impl AsyncRead + Unpin),
    ) -> Result<KeptFile, Error> {
        let (place, store) = match &self.0.bucket {
            Some(bucket) => (Place::Bucket, bucket.clone()),
            None => (Place::Disk, self.0.disk.clone()),
        };
        let sealer = self.0.keys.sealer(&name)?;
        let mut target = BufWriter::with_capacity(store, Path::from(name.as_str()), PART);
        let written = write(&mut target, sealer.as_ref().map(|(_, sealer)| sealer), bytes, source).await;
        let digest = match written {
            Ok(digest) => digest,
            Err(problem) => {
                // What was begun is given up, so that no half of a file takes room.
                let _ = target.abort().await;
                return Err(away(place, &problem));
            }
        };
        target.shutdown().await.map_err(|problem| away(place, &problem))?;
        let key = sealer.map(|(key, _)| key);
        let file = KeptFile { kind, place, name, bytes, sha256: hex::of(&digest), key, problem: None };
        self.look(&file).await?;
        Ok(file)
    }

    /// Whether a file is where it was put, and as large.
    async fn look(&self, file: &KeptFile) -> Result<(), Error> {
        let expected = if file.key.is_some() { cipher::sealed_bytes(file.bytes) } else { file.bytes };
        let found = self.store(file)?.head(&Path::from(file.name.as_str())).await;
        let found = found.map_err(|problem| refused(file.place, problem))?;
        if found.size == expected { Ok(()) } else { Err(Error::Tampered) }
    }

    /// Opens a file to be read. A file of the size that allows it has been checked then.
    pub async fn open(&self, file: KeptFile) -> Result<Readable, Error> {
        if file.bytes > CHECKED_WHOLE_MAX {
            return Ok(Readable::Large(file));
        }
        let whole = self.part(&file, 0..file.bytes).await?;
        if hex::of(&Sha256::digest(&whole)) != file.sha256 {
            return Err(Error::Tampered);
        }
        Ok(Readable::Whole(file, whole))
    }

    /// Opens the WAV file that was recorded, below the recordings directory.
    pub async fn open_recorded(&self, relative: &str) -> Result<Readable, Error> {
        let path = self.recorded(relative).await?;
        let bytes = tokio::fs::metadata(&path).await.map_err(|problem| of_disk(&problem))?.len();
        Ok(Readable::Recorded { path, bytes })
    }

    /// The real path of a file below the recordings directory. A path that leads out of it, by `..` or by a link, is
    /// no file of ours.
    pub(super) async fn recorded(&self, relative: &str) -> Result<PathBuf, Error> {
        let real = |path: PathBuf| async {
            tokio::fs::canonicalize(path).await.map_err(|problem| of_disk(&problem))
        };
        let path = real(self.0.recordings.join(relative)).await?;
        let directory = real(self.0.recordings.clone()).await?;
        if path.starts_with(directory) { Ok(path) } else { Err(Error::Outside) }
    }

    /// Whether a file is what was kept: on the disk each byte, in a bucket the size, because reading there costs money
    /// and the server keeps digests of its own.
    pub(super) async fn check(&self, file: &KeptFile) -> Result<(), Error> {
        if file.place == Place::Bucket {
            return self.look(file).await;
        }
        let mut digest = Sha256::new();
        for window in windows(0..file.bytes) {
            digest.update(self.part(file, window).await?);
        }
        if hex::of(&digest.finalize()) == file.sha256 { Ok(()) } else { Err(Error::Tampered) }
    }

    /// The bytes of a part of a file, one after the other.
    pub fn stream(
        &self,
        readable: Readable,
        part: Range<u64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let depot = self.clone();
        match readable {
            Readable::Whole(_, bytes) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
                let part = bytes.slice(at(part.start)..at(part.end));
                stream::once(async { Ok(part) }).boxed()
            }
            Readable::Large(file) => {
                let windows = stream::iter(windows(part));
                let read = move |window| {
                    let (depot, file) = (depot.clone(), file.clone());
                    async move { depot.part(&file, window).await.map_err(io::Error::other) }
                };
                windows.then(read).boxed()
            }
            Readable::Recorded { path, .. } => stream::once(part_of_file(path, part))
                .flat_map(|opened| match opened {
                    Ok(file) => ReaderStream::new(file).boxed(),
                    Err(problem) => stream::once(async { Err(problem) }).boxed(),
                })
                .boxed(),
        }
    }

    /// Removes a kept file. One that is gone already is removed.
    pub(super) async fn remove(&self, file: &KeptFile) -> Result<(), Error> {
        match self.store(file)?.delete(&Path::from(file.name.as_str())).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(problem) => Err(refused(file.place, problem)),
        }
    }

    /// Removes a file of the recordings directory. One that is gone already is removed.
    pub(super) async fn remove_recorded(&self, relative: &str) -> Result<(), Error> {
        let path = match self.recorded(relative).await {
            Ok(path) => path,
            Err(Error::Gone { .. }) => return Ok(()),
            Err(problem) => return Err(problem),
        };
        tokio::fs::remove_file(path).await.map_err(|problem| of_disk(&problem))
    }

    async fn part(&self, file: &KeptFile, part: Range<u64>) -> Result<Bytes, Error> {
        let (store, name) = (self.store(file)?, Path::from(file.name.as_str()));
        let read = |range: Range<u64>| async {
            store.get_range(&name, range).await.map_err(|problem| refused(file.place, problem))
        };
        match &file.key {
            // No store gives an empty range.
            None if part.is_empty() => Ok(Bytes::new()),
            None => read(part).await,
            Some(key) => {
                let header = read(0..HEADER).await?;
                let opener = self.0.keys.opener(key, &file.name, file.bytes, &header)?;
                let sealed = read(opener.sealed(&part)).await?;
                Ok(opener.open(&part, &sealed)?.into())
            }
        }
    }

    fn store(&self, file: &KeptFile) -> Result<Arc<dyn ObjectStore>, Error> {
        match file.place {
            Place::Disk => Ok(self.0.disk.clone()),
            Place::Bucket => self.0.bucket.clone().ok_or(Error::NoBucket),
        }
    }
}

/// Writes what is read, sealed when there is a key; gives the digest of what was read.
async fn write(
    target: &mut BufWriter,
    sealer: Option<&cipher::Sealer>,
    bytes: u64,
    source: &mut (impl AsyncRead + Unpin),
) -> io::Result<Vec<u8>> {
    let mut digest = Sha256::new();
    if let Some(sealer) = sealer {
        target.write_all(&sealer.header()).await?;
    }
    let chunks = u32::try_from(bytes.div_ceil(CHUNK).max(1)).map_err(io::Error::other)?;
    let mut left = bytes;
    for index in 0..chunks {
        let size = left.min(CHUNK);
        let mut chunk = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        source.read_exact(&mut chunk).await?;
        digest.update(&chunk);
        match sealer {
            Some(sealer) => target.write_all(&sealer.seal(index, index + 1 == chunks, &chunk)).await?,
            None => target.write_all(&chunk).await?,
        }
        left -= size;
    }
    Ok(digest.finalize().to_vec())
}

/// A range, cut where windows begin.
fn windows(part: Range<u64>) -> impl Iterator<Item = Range<u64>> + Send {
    let first = part.start / WINDOW;
    let cuts = first..part.end.div_ceil(WINDOW);
    cuts.map(move |window| (window * WINDOW).max(part.start)..((window + 1) * WINDOW).min(part.end))
}

async fn part_of_file(path: PathBuf, part: Range<u64>) -> io::Result<tokio::io::Take<File>> {
    let mut file = File::open(path).await?;
    file.seek(io::SeekFrom::Start(part.start)).await?;
    Ok(file.take(part.end - part.start))
}

fn refused(place: Place, problem: object_store::Error) -> Error {
    match problem {
        object_store::Error::NotFound { .. } => Error::Gone { place: place.as_str() },
        problem => away(place, &problem),
    }
}

fn away(place: Place, problem: &dyn std::error::Error) -> Error {
    Error::Away { place: place.as_str(), problem: problem.to_string() }
}

fn of_disk(problem: &io::Error) -> Error {
    match problem.kind() {
        io::ErrorKind::NotFound => Error::Gone { place: "the recordings directory" },
        _ => Error::Away { place: "the recordings directory", problem: problem.to_string() },
    }
}

/// The archive directory, made when it is missing. What is written there is flushed to the disk.
pub fn disk(directory: &FilePath) -> Result<Arc<dyn ObjectStore>, Error> {
    let opened = object_store::local::LocalFileSystem::new_with_prefix(directory);
    let opened = opened.map_err(|problem| refused(Place::Disk, problem))?;
    Ok(Arc::new(opened.with_fsync(true)))
}
