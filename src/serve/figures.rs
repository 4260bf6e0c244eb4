//! Counts and times, each with the tenant whose it is.
//!
//! A tenant's work is done on threads of its own, so the thread says whose a figure is, and no place that counts
//! needs to know of tenants.

use std::cell::RefCell;
use std::time::Duration;

use anyhow::Context as _;
use cadran_engine::model::Slug;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Upper bounds, in seconds, of the classes that times are counted in.
const TIME_BOUNDS: [f64; 13] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// How often measured times are counted into their classes. Until then each is kept by itself.
const UPKEEP: Duration = Duration::from_secs(5);

/// The label that names the tenant.
const LABEL: &str = "tenant";

thread_local! {
    static TENANT: RefCell<Option<Label>> = const { RefCell::new(None) };
}

/// From here on this thread's figures are the tenant's.
pub(super) fn belong_to(tenant: &Slug) {
    let label = Label::new(LABEL, tenant.to_string());
    TENANT.with_borrow_mut(|own| *own = Some(label));
}

/// Begins to keep figures, in as much memory after a month as after a minute.
pub(super) fn keep(stop: &CancellationToken) -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets(&TIME_BOUNDS).context("figures cannot be kept")?;
    let recorder = builder.build_recorder();
    let figures = recorder.handle();
    metrics::set_global_recorder(ByTenant(recorder)).ok().context("figures are kept already")?;
    let (upkeep, stop) = (figures.clone(), stop.clone());
    tokio::spawn(async move {
        while timeout(UPKEEP, stop.cancelled()).await.is_err() {
            upkeep.run_upkeep();
        }
    });
    Ok(figures)
}

/// Adds the thread's tenant to every figure.
struct ByTenant<R>(R);

fn labelled(key: &Key) -> Key {
    TENANT.with_borrow(|tenant| match tenant {
        Some(label) => key.with_extra_labels(vec![label.clone()]),
        None => key.clone(),
    })
}

impl<R: Recorder> Recorder for ByTenant<R> {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe_histogram(key, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.0.register_counter(&labelled(key), metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.0.register_gauge(&labelled(key), metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.0.register_histogram(&labelled(key), metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_threads_tenants() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let figures = recorder.handle();
        let recorder = ByTenant(recorder);
        let count = || metrics::with_local_recorder(&recorder, || metrics::counter!("calls").increment(1));
        std::thread::scope(|scope| {
            scope.spawn(count);
            for slug in ["acme", "main", "acme"] {
                scope.spawn(move || {
                    belong_to(&slug.parse().unwrap());
                    count();
                });
            }
        });
        let shown = figures.render();
        for line in ["calls{tenant=\"acme\"} 2", "calls{tenant=\"main\"} 1", "calls 1"] {
            assert!(shown.lines().any(|known| known == line), "{shown}");
        }
    }
}
