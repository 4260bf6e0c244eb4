//! Recordings after the call: encoded, drawn, sealed, put away, played, kept as long as they may be, deleted with proof.
//!
//! ```text
//! recordings directory          archivist                       depot
//!   rec_….wav, verified  --->  Opus, waveform, digest  --->  archive directory or bucket
//! ```
//!
//! The work list is the rows themselves (`recording.archive`), so nothing is forgotten when the daemon dies, and a
//! WAV file is removed only when the row says that what is kept of it is in its place. While the disk is full or the
//! bucket away, the WAV file stays where it is, can be played, and the row says why it waits.

mod archivist;
mod bucket;
mod cipher;
mod depot;
mod encoding;
mod opus;
mod retention;
mod waveform;

pub use archivist::{Archivist, Keeping};
pub use bucket::{Bucket, bucket};
pub use cipher::{Error as CipherError, Keys};
pub use depot::{Depot, Error, Readable, disk};
pub use retention::{Keeper, Retainer};
