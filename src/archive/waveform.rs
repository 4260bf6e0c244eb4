//! What a recording looks like: the loudest samples of each short span, for a player to draw.

use serde::Serialize;

/// Spans of a drawing: enough for the width of a screen, few enough to be sent at once.
const SPANS_MAX: u64 = 1_000;
/// A span is never shorter than this many samples: 20 ms.
const SPAN_SAMPLES_MIN: u64 = 160;

/// The drawing of one recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Waveform {
    /// Samples of one span, at `sample_rate`.
    span_samples: u64,
    /// Samples per second.
    sample_rate: u32,
    /// The customer's side: the lowest and the highest sample of each span in turn, -128 to 127.
    customer: Vec<i8>,
    /// The agent's side, likewise.
    agent: Vec<i8>,
    #[serde(skip)]
    in_span: u64,
}

impl Waveform {
    /// A drawing of so many samples in all.
    pub(super) fn of(samples: u64, sample_rate: u32) -> Self {
        let span_samples = samples.div_ceil(SPANS_MAX).max(SPAN_SAMPLES_MIN);
        Self { span_samples, sample_rate, customer: Vec::new(), agent: Vec::new(), in_span: 0 }
    }

    /// Takes one sample of each side.
    pub(super) fn push(&mut self, [customer, agent]: [i16; 2]) {
        let begins = self.in_span == 0;
        draw(&mut self.customer, customer, begins);
        draw(&mut self.agent, agent, begins);
        self.in_span = (self.in_span + 1) % self.span_samples;
    }
}

/// Widens the last span of a side to hold `sample`, or begins one with it.
fn draw(side: &mut Vec<i8>, sample: i16, begins: bool) {
    let [height, _] = sample.to_be_bytes().map(u8::cast_signed);
    match side.last_chunk_mut() {
        Some([low, high]) if !begins => {
            *low = height.min(*low);
            *high = height.max(*high);
        }
        Some(_) | None => side.extend([height, height]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_span_holds_its_lowest_and_highest_sample() {
        let mut drawing = Waveform::of(400, 8_000);
        for sample in 0..400 {
            let loud = if sample == 200 { i16::MAX } else { 0 };
            drawing.push([loud, -loud]);
        }
        assert_eq!(drawing.customer, [0, 0, 0, 127, 0, 0]);
        assert_eq!(drawing.agent, [0, 0, -128, 0, 0, 0]);
    }

    #[test]
    fn a_day_is_drawn_in_as_many_spans_as_a_minute() {
        for samples in [480_000, 691_200_000] {
            let drawing = Waveform::of(samples, 8_000);
            assert!(samples.div_ceil(drawing.span_samples) <= SPANS_MAX);
        }
    }
}
