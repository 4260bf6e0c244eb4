//! What a day came to.

use serde::Serialize;

/// The figures of one day, or of several together.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// The day's seed; none where several are pooled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Talk and wrap-up over time logged in and not on a break.
    pub util: f64,
    /// Seconds an agent is idle or being connected, per connected call.
    pub idle_s: f64,
    /// People dropped over people dropped or connected.
    pub drop_rate: f64,
    /// Highest drop rate of a day.
    pub worst_day: f64,
    /// Highest drop rate of any 60 minutes.
    pub worst_60min_drop: f64,
    /// People connected per hour of an agent.
    pub calls_per_agent_hour: f64,
    /// Dials placed.
    pub dials: u64,
    /// Dials over people connected.
    pub dials_per_connect: f64,
    /// People connected.
    pub connected: u64,
    /// People dropped.
    pub dropped: u64,
    /// People whom the answering machine detection hung up on.
    pub amd_false: u64,
    /// Hours of conversation.
    pub talk_hours: f64,
    /// Seconds after which every lead of the list had been dialled for the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_over_s: Option<f64>,
    /// Computer time.
    pub wall_s: f64,
}

/// What is counted during a day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) idle: f64,
    pub(crate) work: f64,
    /// Conversations, of `work`.
    pub(crate) talk: f64,
    pub(crate) list_over: Option<f64>,
    pub(crate) dials: u64,
    pub(crate) machines: u64,
    pub(crate) amd_false: u64,
    /// When somebody answered and was served (false) or dropped (true).
    pub(crate) people: Vec<(f64, bool)>,
    pub(crate) dropped: u64,
    /// Variance of the number of people among those whom nobody took, as the engine counts them.
    pub(crate) doubt: f64,
    pub(crate) wall_s: f64,
    worst_day: f64,
    worst_hour: f64,
}

const HOUR: f64 = 3600.0;

impl Tally {
    /// Ends a day.
    pub(crate) fn close(&mut self, seconds: f64) {
        self.worst_day = self.drop_rate();
        self.worst_hour = self.worst_hour(seconds);
    }

    /// Takes in another day.
    pub(crate) fn add(&mut self, day: &Self) {
        self.idle += day.idle;
        self.work += day.work;
        self.talk += day.talk;
        self.dials += day.dials;
        self.machines += day.machines;
        self.amd_false += day.amd_false;
        self.dropped += day.dropped;
        self.people.extend_from_slice(&day.people);
        self.wall_s += day.wall_s;
        self.worst_day = self.worst_day.max(day.worst_day);
        self.worst_hour = self.worst_hour.max(day.worst_hour);
    }

    /// The figures of what was counted.
    pub(crate) fn figures(&self, seed: Option<u64>) -> Figures {
        let dropped = self.dropped;
        let connected = self.people.len() as u64 - dropped;
        Figures {
            seed,
            util: ratio(self.work, self.work + self.idle),
            idle_s: ratio(self.idle, (connected + self.machines) as f64),
            drop_rate: self.drop_rate(),
            worst_day: self.worst_day,
            worst_60min_drop: self.worst_hour,
            calls_per_agent_hour: ratio(connected as f64 * HOUR, self.work + self.idle),
            dials: self.dials,
            dials_per_connect: ratio(self.dials as f64, connected as f64),
            connected,
            dropped,
            amd_false: self.amd_false,
            talk_hours: self.talk / HOUR,
            list_over_s: self.list_over,
            wall_s: self.wall_s,
        }
    }

    fn drop_rate(&self) -> f64 {
        ratio(self.dropped as f64, self.people.len() as f64)
    }

    /// The highest drop rate of a whole hour that ends with a person's answer.
    fn worst_hour(&self, seconds: f64) -> f64 {
        let mut worst = 0.0_f64;
        let (mut first, mut dropped) = (0, 0_u32);
        for (last, (at, lost)) in self.people.iter().enumerate() {
            dropped += u32::from(*lost);
            while self.people[first].0 <= at - HOUR {
                dropped -= u32::from(self.people[first].1);
                first += 1;
            }
            if *at >= HOUR.min(seconds) {
                worst = worst.max(f64::from(dropped) / (last - first + 1) as f64);
            }
        }
        worst
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_hour_slides() {
        let mut tally = Tally {
            people: (0..120).map(|minute| (f64::from(minute) * 60.0, minute >= 110)).collect(),
            dropped: 10,
            ..Tally::default()
        };
        tally.close(2.0 * HOUR);
        let figures = tally.figures(None);
        assert!((figures.worst_60min_drop - 10.0 / 60.0).abs() < 1e-9, "{figures:?}");
        assert!((figures.drop_rate - 10.0 / 120.0).abs() < 1e-9, "{figures:?}");
    }
}
