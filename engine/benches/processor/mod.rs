//! Processor time of the thread that measures: a machine that does other work meanwhile takes none of it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What this thread has used so far.
pub(crate) fn used() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(used).expect("a thread has used no less than nothing")
}
