//! Waiting for a condition, never for a time.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Enough for anything that takes a second on a machine with nothing else to do.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Waits until `look` finds what it looks for, and returns that.
///
/// Until then `look` returns what it saw in its place, for the message of the failure.
pub(crate) async fn eventually<T, S: Debug>(
    what: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<T, S>,
) -> T {
    let began = Instant::now();
    loop {
        let seen = match look().await {
            Ok(found) => return found,
            Err(seen) => seen,
        };
        assert!(began.elapsed() < deadline, "{what}: not within {deadline:?}; last seen: {seen:?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What `look` returns when it only has to see whether something holds.
pub(crate) fn holds<S>(condition: bool, seen: S) -> Result<(), S> {
    if condition { Ok(()) } else { Err(seen) }
}
