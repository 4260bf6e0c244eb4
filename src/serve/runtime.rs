//! The threads on which one tenant's work is done, and nobody else's: a tenant that is busy does not hold up others, what
//! the threads count and log is the tenant's, and when they are given up nothing of the tenant runs any more.

use std::future::Future;

use anyhow::Context as _;
use cadran_engine::model::Slug;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use super::figures;

/// Threads of a tenant that is not the first. The first has as many as the machine has cores, like a daemon with one
/// tenant.
const FURTHER_THREADS: usize = 4;

/// A tenant's threads. Dropping them stops what runs on them.
#[derive(Debug)]
pub(super) struct OwnRuntime(Option<Runtime>, Handle);

impl OwnRuntime {
    pub(super) fn new(tenant: &Slug, is_first: bool) -> anyhow::Result<Self> {
        let span = tracing::info_span!("tenant", slug = %tenant);
        let own = tenant.clone();
        let mut builder = Builder::new_multi_thread();
        builder.enable_all().thread_name(format!("tenant-{tenant}")).on_thread_start(move || {
            figures::belong_to(&own);
            // For as long as the thread lives.
            std::mem::forget(span.clone().entered());
        });
        if !is_first {
            builder.worker_threads(FURTHER_THREADS);
        }
        let runtime = builder.build().with_context(|| format!("no threads for the tenant {tenant}"))?;
        let handle = runtime.handle().clone();
        Ok(Self(Some(runtime), handle))
    }

    /// Begins something on these threads.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.1.spawn(task)
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        // Waiting for threads is not allowed where this is dropped.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
