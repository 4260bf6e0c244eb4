//! One party, one channel: what is known of it.

/// A leg can be joined to a room when it is both under our control and picked up. The two arrive in either order,
/// and each may arrive more than once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Leg {
    entered: bool,
    up: bool,
}

/// What a report about a leg means to its owner.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LegNews {
    /// It has just become a party that can be talked to.
    Answered,
    /// Nothing to act on.
    Nothing,
}

impl Leg {
    pub(crate) const fn is_answered(&self) -> bool {
        self.entered && self.up
    }

    /// It was sent out of our control, and has not come back.
    pub(crate) const fn is_away(&self) -> bool {
        self.up && !self.entered
    }

    /// It leaves our control for a while.
    pub(crate) const fn sent_away(&mut self) {
        self.entered = false;
    }

    /// It is under our control, or its far end picked up, or both.
    pub(crate) fn reported(&mut self, entered: bool, up: bool) -> LegNews {
        let before = self.is_answered();
        self.entered |= entered;
        self.up |= up;
        if self.is_answered() && !before { LegNews::Answered } else { LegNews::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_is_answered_once_in_either_order() {
        for order in [[(true, false), (false, true)], [(false, true), (true, false)]] {
            let mut leg = Leg::default();
            let news: Vec<_> = order.into_iter().map(|(entered, up)| leg.reported(entered, up)).collect();
            assert_eq!(news, [LegNews::Nothing, LegNews::Answered]);
            assert_eq!(leg.reported(true, true), LegNews::Nothing);
        }
    }
}
