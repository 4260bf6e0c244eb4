//! What is heard in the place of a lost packet: the last period of the voice, again and more and more quietly.
//!
//! The idea of ITU-T G.711 Appendix I, without its look-ahead: a vowel that is cut by a loss goes on in its own pitch,
//! and whatever is longer than three frames fades to silence, because nobody can guess what was said.

use super::{FRAME, RATE};

/// The periods that a voice can have: 66 to 400 Hz.
const PERIOD_MIN: usize = RATE as usize / 400;
const PERIOD_MAX: usize = RATE as usize / 66;

/// Samples by which two stretches of a voice are compared: 20 ms.
const WINDOW: usize = FRAME;

/// Samples that are remembered: what is compared, and the longest period before it.
const HISTORY: usize = WINDOW + PERIOD_MAX;

/// Frames after which nothing is made up any more.
const FRAMES_MAX: u32 = 3;

/// Samples over which what was made up gives way to what came: 5 ms.
const OVERLAP: usize = FRAME / 4;

/// Makes up for lost frames of one voice.
#[derive(Debug, Default)]
pub(super) struct Concealer {
    /// The last samples that were heard, made up or not.
    history: Vec<i16>,
    /// Frames in a row that were made up.
    made_up: u32,
    /// The period that is repeated, and where in it the next sample is.
    period: Vec<i16>,
    place: usize,
}

impl Concealer {
    /// A frame that came. After a loss its beginning is blended with what was made up.
    pub(super) fn came(&mut self, mut frame: Vec<i16>) -> Vec<i16> {
        if self.made_up > 0 {
            let made_up = self.continue_period(OVERLAP.min(frame.len()));
            for (place, (came, made_up)) in frame.iter_mut().zip(made_up).enumerate() {
                let share = (place + 1) as f32 / (OVERLAP + 1) as f32;
                *came = mixed(*came, made_up, share);
            }
            self.made_up = 0;
        }
        self.remember(&frame);
        frame
    }

    /// A frame that did not come.
    pub(super) fn lost(&mut self) -> Vec<i16> {
        if self.made_up == 0 {
            self.period = self.last_period();
            self.place = 0;
        }
        let frame = self.continue_period(FRAME);
        self.made_up = self.made_up.saturating_add(1);
        self.remember(&frame);
        frame
    }

    /// The next samples of the period, as loud as it is by then.
    fn continue_period(&mut self, samples: usize) -> Vec<i16> {
        let total = FRAMES_MAX as usize * FRAME;
        let begun = self.made_up as usize * FRAME;
        let mut made_up = Vec::with_capacity(samples);
        for place in 0..samples {
            let left = total.saturating_sub(begun + place);
            let loudness = left as f32 / total as f32;
            let sample = self.period.get(self.place).copied().unwrap_or_default();
            self.place = if self.place + 1 < self.period.len() { self.place + 1 } else { 0 };
            // At most as loud as the sample was.
            made_up.push((f32::from(sample) * loudness) as i16);
        }
        made_up
    }

    /// The stretch at the end that is most like the one before it.
    fn last_period(&self) -> Vec<i16> {
        let heard = &self.history;
        if heard.len() < HISTORY {
            return Vec::new();
        }
        let end = &heard[heard.len() - WINDOW..];
        let likeness = |period: &usize| {
            let before = &heard[heard.len() - WINDOW - period..heard.len() - period];
            let (mut product, mut energy) = (0.0_f64, 1.0_f64);
            for (one, other) in end.iter().zip(before) {
                product += f64::from(*one) * f64::from(*other);
                energy += f64::from(*other) * f64::from(*other);
            }
            product / energy.sqrt()
        };
        let alike = (PERIOD_MIN..=PERIOD_MAX).map(|period| (period, likeness(&period)));
        let period = alike.max_by(|one, other| one.1.total_cmp(&other.1)).map_or(PERIOD_MAX, |best| best.0);
        heard[heard.len() - period..].to_vec()
    }

    fn remember(&mut self, frame: &[i16]) {
        self.history.extend(frame);
        let surplus = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..surplus);
    }
}

/// So much of `one`, the rest of `other`.
fn mixed(one: i16, other: i16, share: f32) -> i16 {
    // Between the two, so it fits.
    (f32::from(one) * share + f32::from(other) * (1.0 - share)) as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tone(hertz: f32, from: usize, samples: usize) -> Vec<i16> {
        let sample = |place: usize| {
            let angle = std::f32::consts::TAU * hertz * place as f32 / RATE as f32;
            (8_000.0 * angle.sin()) as i16
        };
        (from..from + samples).map(sample).collect()
    }

    fn heard(frames: usize) -> Concealer {
        let mut concealer = Concealer::default();
        for frame in 0..frames {
            concealer.came(tone(200.0, frame * FRAME, FRAME));
        }
        concealer
    }

    #[test]
    fn a_tone_goes_on_through_a_loss() {
        let made_up = heard(5).lost();
        let expected = tone(200.0, 5 * FRAME, FRAME);
        let (mut product, mut energy, mut expected_energy) = (0.0, 0.0, 0.0);
        for (one, other) in made_up.iter().zip(&expected) {
            product += f64::from(*one) * f64::from(*other);
            energy += f64::from(*one).powi(2);
            expected_energy += f64::from(*other).powi(2);
        }
        let likeness = product / (energy * expected_energy).sqrt();
        assert!(likeness > 0.95, "{likeness}");
    }

    #[test]
    fn what_is_lost_for_long_fades_to_silence() {
        let mut concealer = heard(5);
        let loudest = |frame: &[i16]| frame.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        let losses: Vec<u16> = (0..5).map(|_| loudest(&concealer.lost())).collect();
        assert!(losses[0] > losses[1] && losses[1] > losses[2] && losses[2] > 0, "{losses:?}");
        assert_eq!(losses[3..], [0, 0]);
    }

    #[test]
    fn nothing_is_made_up_of_nothing() {
        assert_eq!(Concealer::default().lost(), vec![0; FRAME]);
        assert_eq!(heard(1).lost(), vec![0; FRAME], "one frame is too little to know a voice by");
    }

    #[test]
    fn the_voice_comes_back_without_a_click() {
        let mut concealer = heard(5);
        let made_up = concealer.lost();
        let back = concealer.came(tone(200.0, 6 * FRAME, FRAME));
        let jump = (i32::from(back[0]) - i32::from(*made_up.last().unwrap())).abs();
        assert!(jump < 2_500, "{jump}");
        assert_eq!(back[OVERLAP..], tone(200.0, 6 * FRAME, FRAME)[OVERLAP..]);
    }

    proptest! {
        #[test]
        fn nothing_is_louder_than_what_was_heard(
            losses in proptest::collection::vec(any::<bool>(), 1..40),
            samples in proptest::collection::vec(any::<i16>(), FRAME..2 * FRAME),
        ) {
            let mut concealer = Concealer::default();
            let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            for (place, lost) in losses.into_iter().enumerate() {
                let at = place % (samples.len() - FRAME + 1);
                let frame = if lost { concealer.lost() } else { concealer.came(samples[at..at + FRAME].to_vec()) };
                prop_assert_eq!(frame.len(), FRAME);
                prop_assert!(frame.iter().all(|sample| sample.unsigned_abs() <= loudest));
                prop_assert!(concealer.history.len() <= HISTORY);
            }
        }
    }
}
