//! How much processor time one decision takes: `cargo bench -p cadran-engine --bench pacing`.
//!
//! 500 agents at work and 1,500 dials in flight, after an hour's worth of lessons. The target is 200 µs, tables
//! included, which are brought up to date once a second.

use std::hint::black_box;

use cadran_engine::dialer::compliance::PaceLaw;
use cadran_engine::dialer::predictive::{
    DialEnd, Dialled, Pacer, Situation, Spent, Target, WorkStage, Working,
};

mod processor;

const AGENTS: u32 = 500;
const DIALS: u32 = 1_500;
const LOOKS: u32 = 4_000;

fn main() {
    let mut pacer = taught();
    let dialled: Vec<Dialled> =
        (0..DIALS).map(|dial| Dialled::Ringing { age: f64::from(dial % 250) / 10.0, odds: 1.0 }).collect();
    let working: Vec<Working> = (0..AGENTS)
        .map(|agent| {
            let age = f64::from(agent * 7 % 300);
            let stage = if agent % 8 == 0 {
                WorkStage::WrappingUp { person: 0.9, talked: age, age: age / 20.0 }
            } else {
                WorkStage::Talking { person: f64::from(agent % 4) / 3.0, age }
            };
            Working { stage, leaves: agent % 50 == 0 }
        })
        .collect();
    let situation = Situation {
        idle: 4,
        waiting: 0,
        dialled: &dialled,
        rivals: &[],
        next_odds: 1.0,
        working: &working,
        day: Spent { people: 10_000.0, dropped: 280.0 },
        month: Spent { people: 200_000.0, dropped: 5_600.0 },
        law: PaceLaw::default(),
        lines_free: 4_000,
        elapsed: 0.25,
        time_left: Some(3_600.0),
    };
    let before = processor::used();
    for _ in 0..LOOKS {
        black_box(pacer.calls_to_place(black_box(&situation)));
    }
    let micros = (processor::used() - before).as_secs_f64() * 1e6 / f64::from(LOOKS);
    #[expect(clippy::print_stdout, reason = "a benchmark reports on its standard output")]
    {
        println!("calls_to_place, {AGENTS} agents, {DIALS} dials in flight: {micros:.0} µs (target 200)");
    }
}

/// A pacer that has seen some thousand dials and calls.
fn taught() -> Pacer {
    let mut pacer = Pacer::new(Target::default());
    for case in 0..5_000_u32 {
        let rang = f64::from(case % 24) + 0.5;
        let end = if case % 4 == 0 { DialEnd::Presented { screened: None } } else { DialEnd::Unanswered };
        pacer.dial_ended(rang, 1.0, end);
        let talked = f64::from(case * 13 % 400);
        pacer.conversation_ended(f64::from(case % 4) / 3.0, talked, f64::from(case % 30));
    }
    pacer
}
