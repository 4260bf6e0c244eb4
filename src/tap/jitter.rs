//! Packets in order and in time: a buffer that takes them as they come and gives one frame every 20 ms.
//!
//! Filling -> Playing -> Filling. It fills until three frames are there, which is as late as a packet may come; plays one
//! a tick; what is missing then is made up for (`conceal`). A gap in the voice (nothing comes) is silence and moves
//! nothing; a gap in the numbers (later packets are there) is a loss. It holds twelve frames at most: the oldest give
//! way, so that whoever listens is never behind by more.

use std::collections::BTreeMap;

use super::conceal::Concealer;
use super::rtp::Packet;
use super::{FRAME, RATE};

/// Frames that are waited for in the beginning: 60 ms.
const WANTED: usize = 3;

/// Frames that are held: 240 ms.
const HELD_MAX: usize = 12;

/// Ticks over which the fewest frames that were held are looked at: two seconds. When they never were fewer than wanted,
/// the sender's clock is faster than ours and one frame is left out.
const DRIFT_OVER: u32 = 100;

/// A number so far from the one before begins anew: the sender was restarted, or a second of sound is missing.
const JUMP_MAX: i64 = 50;

/// What happened to packets and frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that were played as they came.
    pub played: u64,
    /// Frames that were made up for.
    pub lost: u64,
    /// Packets that came too late or twice.
    pub late: u64,
    /// Frames that gave way, because too many waited or the sender's clock is fast.
    pub skipped: u64,
}

/// One voice on its way.
#[derive(Debug, Default)]
pub struct Jitter {
    source: Option<u32>,
    /// Packets by their number, counted on beyond 65,536.
    held: BTreeMap<i64, Vec<i16>>,
    /// The number that is played next; none while it fills.
    next: Option<i64>,
    /// The highest number that came.
    highest: i64,
    /// Samples of a packet that is longer than a frame, or the beginning of one from several that are shorter.
    rest: Vec<i16>,
    fewest: usize,
    ticks: u32,
    concealer: Concealer,
    counts: Counts,
}

impl Jitter {
    /// Takes a packet in.
    pub fn put(&mut self, packet: Packet) {
        if self.source != Some(packet.source) {
            self.begin_anew();
            self.source = Some(packet.source);
            self.highest = i64::from(packet.number);
        }
        let mut number = self.counted_on(packet.number);
        if (number - self.highest).abs() > JUMP_MAX {
            self.begin_anew();
            number = i64::from(packet.number);
            self.highest = number;
        }
        if self.next.is_some_and(|next| number < next) || self.held.contains_key(&number) {
            self.counts.late += 1;
            return;
        }
        self.highest = self.highest.max(number);
        self.held.insert(number, packet.samples);
        while self.held.len() > HELD_MAX {
            self.skip();
        }
    }

    /// The next 20 ms.
    pub fn take(&mut self) -> Vec<i16> {
        if self.next.is_none() && self.held.len() >= WANTED {
            self.next = self.held.first_key_value().map(|(number, _)| *number);
            self.fewest = self.held.len();
            self.ticks = 0;
        }
        self.follow_the_clock();
        while self.rest.len() < FRAME {
            let Some(next) = self.next else { return self.nothing() };
            match self.held.remove(&next) {
                Some(samples) => {
                    self.rest.extend(samples);
                    self.next = Some(next + 1);
                }
                None if self.held.is_empty() => {
                    // The voice paused, or its packets are late: it fills again.
                    self.next = None;
                    return self.nothing();
                }
                None => {
                    self.next = Some(next + 1);
                    self.counts.lost += 1;
                    return self.concealer.lost();
                }
            }
        }
        self.counts.played += 1;
        let frame = self.rest.drain(..FRAME).collect();
        self.concealer.came(frame)
    }

    /// What happened so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Samples that are held at this moment.
    #[cfg(test)]
    fn samples_held(&self) -> usize {
        self.rest.len() + self.held.values().map(Vec::len).sum::<usize>()
    }

    /// A tick without a voice. What little is left of one waits for more.
    fn nothing(&mut self) -> Vec<i16> {
        self.concealer.lost()
    }

    /// The packet's number, on from the highest (RFC 3550 appendix A.1).
    fn counted_on(&self, number: u16) -> i64 {
        let cycle = i64::from(u16::MAX) + 1;
        let same = self.highest - self.highest.rem_euclid(cycle) + i64::from(number);
        let candidates = [same - cycle, same, same + cycle];
        candidates.into_iter().min_by_key(|counted| (counted - self.highest).abs()).unwrap_or(same)
    }

    fn begin_anew(&mut self) {
        self.held.clear();
        self.rest.clear();
        self.next = None;
    }

    /// The oldest packet gives way.
    fn skip(&mut self) {
        if let Some((number, _)) = self.held.pop_first() {
            self.counts.skipped += 1;
            self.next = self.next.map(|next| next.max(number + 1));
        }
    }

    fn follow_the_clock(&mut self) {
        self.fewest = self.fewest.min(self.held.len());
        self.ticks += 1;
        if self.ticks >= DRIFT_OVER {
            if self.next.is_some() && self.fewest > WANTED {
                self.skip();
            }
            self.fewest = self.held.len();
            self.ticks = 0;
        }
    }
}

const _: () = assert!(RATE as usize == FRAME * 50, "a frame is 20 ms");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(number: u16) -> Packet {
        Packet { source: 1, number, samples: vec![i16::try_from(number % 1_000).unwrap() + 1; FRAME] }
    }

    /// Which packets were played, by the last sample of each frame: behind the overlap it is the packet's own.
    fn played(jitter: &mut Jitter, frames: usize) -> Vec<i16> {
        (0..frames).map(|_| *jitter.take().last().unwrap()).collect()
    }

    #[test]
    fn packets_are_played_in_order_once_three_are_there() {
        let mut jitter = Jitter::default();
        assert_eq!(played(&mut jitter, 1), [0]);
        jitter.put(packet(1));
        jitter.put(packet(0));
        assert_eq!(played(&mut jitter, 1), [0]);
        jitter.put(packet(2));
        assert_eq!(played(&mut jitter, 3), [1, 2, 3]);
        assert_eq!(jitter.counts(), Counts { played: 3, ..Counts::default() });
    }

    #[test]
    fn numbers_start_over_and_nothing_is_missing() {
        let mut jitter = Jitter::default();
        for number in [65_533, 65_535, 65_534, 1, 0, 2_u16] {
            jitter.put(packet(number));
        }
        assert_eq!(played(&mut jitter, 6), [534, 535, 536, 1, 2, 3]);
        assert_eq!((jitter.counts().lost, jitter.counts().late), (0, 0));
    }

    #[test]
    fn a_loss_is_made_up_for_and_what_comes_too_late_is_left() {
        let mut jitter = Jitter::default();
        for number in [0, 1, 2, 4, 5] {
            jitter.put(packet(number));
        }
        played(&mut jitter, 4);
        jitter.put(packet(3));
        jitter.put(packet(5));
        assert_eq!(played(&mut jitter, 2), [5, 6]);
        assert_eq!(jitter.counts(), Counts { played: 5, lost: 1, late: 2, skipped: 0 });
    }

    #[test]
    fn a_pause_moves_nothing() {
        let mut jitter = Jitter::default();
        (0..3).for_each(|number| jitter.put(packet(number)));
        played(&mut jitter, 3);
        assert_eq!(played(&mut jitter, 50).last(), Some(&0));
        (3..6).for_each(|number| jitter.put(packet(number)));
        assert_eq!(played(&mut jitter, 3), [4, 5, 6]);
        assert_eq!(jitter.counts().lost, 0);
    }

    #[test]
    fn a_burst_is_cut_to_what_may_be_held() {
        let mut jitter = Jitter::default();
        (0..40).for_each(|number| jitter.put(packet(number)));
        assert_eq!(jitter.samples_held(), HELD_MAX * FRAME);
        assert_eq!(played(&mut jitter, 1), [29], "the latest twelve are left");
        assert_eq!(jitter.counts().skipped, 28);
    }

    #[test]
    fn a_sender_whose_clock_is_fast_is_followed() {
        let mut jitter = Jitter::default();
        let mut number = 0;
        for tick in 0..20_000_u32 {
            // One packet in a hundred too many.
            for _ in 0..1 + u32::from(tick % 100 == 0) {
                jitter.put(packet(number));
                number = number.wrapping_add(1);
            }
            jitter.take();
        }
        assert!(jitter.samples_held() <= (WANTED + 3) * FRAME, "{}", jitter.samples_held());
        assert_eq!(jitter.counts().lost, 0);
    }

    #[test]
    fn another_sender_or_a_leap_begins_anew() {
        let mut jitter = Jitter::default();
        (0..5).for_each(|number| jitter.put(packet(number)));
        played(&mut jitter, 1);
        (100..103).for_each(|number| jitter.put(Packet { source: 2, ..packet(number) }));
        assert_eq!(played(&mut jitter, 3), [101, 102, 103]);
        (5_000..5_003).for_each(|number| jitter.put(Packet { source: 2, ..packet(number) }));
        assert_eq!(played(&mut jitter, 3), [1, 2, 3]);
    }

    #[test]
    fn packets_of_other_lengths_become_frames() {
        let mut jitter = Jitter::default();
        for number in 0..4 {
            jitter.put(Packet { samples: vec![7; FRAME / 2], ..packet(number) });
        }
        assert_eq!(jitter.take(), vec![7; FRAME]);
        assert_eq!(jitter.take(), vec![7; FRAME]);
    }

    proptest! {
        /// Whatever comes, a frame is 20 ms long and what is held is bounded.
        #[test]
        fn memory_is_bounded_whatever_comes(
            steps in proptest::collection::vec((any::<u16>(), 0_u32..3, 1_usize..1_921, any::<bool>()), 0..300),
        ) {
            let mut jitter = Jitter::default();
            for (number, source, length, tick) in steps {
                jitter.put(Packet { source, number, samples: vec![1; length] });
                if tick {
                    prop_assert_eq!(jitter.take().len(), FRAME);
                }
                prop_assert!(jitter.held.len() <= HELD_MAX);
                prop_assert!(jitter.rest.len() <= 1_920 + FRAME);
            }
        }

        /// Packets that are late by less than what is waited for are all played, in order.
        #[test]
        fn jitter_within_the_wait_loses_nothing(delays in proptest::collection::vec(0_usize..3, 100)) {
            let mut arrivals: Vec<(usize, u16)> =
                delays.iter().enumerate().map(|(number, delay)| (number + delay, number as u16)).collect();
            arrivals.sort_by_key(|(at, _)| *at);
            let mut jitter = Jitter::default();
            let mut heard = Vec::new();
            let mut arrivals = arrivals.into_iter().peekable();
            for tick in 0..110 {
                while let Some((_, number)) = arrivals.next_if(|(at, _)| *at <= tick) {
                    jitter.put(packet(number));
                }
                heard.extend(played(&mut jitter, 1));
            }
            prop_assert_eq!(jitter.counts().late, 0);
            prop_assert_eq!(jitter.counts().lost, 0);
        }
    }
}
