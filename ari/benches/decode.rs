//! How long the events of real calls take to decode.

use std::hint::black_box;

use ari::Event;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const FRAMES: &str = include_str!("frames.jsonl");

fn decode(criterion: &mut Criterion) {
    let frames: Vec<&str> = FRAMES.lines().collect();
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function("recorded calls", |bencher| {
        bencher.iter(|| {
            for frame in &frames {
                black_box(Event::from_json(black_box(frame)).is_ok());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
