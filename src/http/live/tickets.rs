//! Tickets for the stream: a browser cannot send a header with a WebSocket, and a token in an address ends up in logs.

use std::collections::HashMap;
use std::time::Duration;

use cadran_engine::model::{Timestamp, UserId};

use crate::store::TokenHash;

/// How long a ticket waits to be used.
const VALID_FOR: Duration = Duration::from_secs(30);

/// Tickets that wait for one user. The oldest makes room.
const PER_USER_MAX: usize = 16;

/// Tickets that wait in all: about two megabytes. The oldest makes room.
const ALL_MAX: usize = 10_000;

/// Tickets that were given and not used.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    waiting: HashMap<[u8; 32], Ticket>,
}

#[derive(Clone, Copy, Debug)]
struct Ticket {
    user: UserId,
    sign_in: TokenHash,
    until: Timestamp,
}

impl Tickets {
    /// Keeps a ticket that stands for a sign-in, and says until when it holds.
    pub(super) fn give(
        &mut self,
        ticket: TokenHash,
        sign_in: TokenHash,
        user: UserId,
        now: Timestamp,
    ) -> Timestamp {
        self.waiting.retain(|_, ticket| ticket.until > now);
        self.make_room(PER_USER_MAX, |ticket| ticket.user == user);
        self.make_room(ALL_MAX, |_| true);
        let until = now + VALID_FOR;
        self.waiting.insert(ticket.0, Ticket { user, sign_in, until });
        until
    }

    /// The sign-in that a ticket stands for. It is used up, whatever comes of it.
    pub(super) fn redeem(&mut self, ticket: TokenHash, now: Timestamp) -> Option<TokenHash> {
        let ticket = self.waiting.remove(&ticket.0)?;
        (ticket.until > now).then_some(ticket.sign_in)
    }

    fn make_room(&mut self, most: usize, counts: impl Fn(&Ticket) -> bool) {
        let counted = self.waiting.iter().filter(|(_, ticket)| counts(ticket));
        if counted.clone().count() < most {
            return;
        }
        let oldest = counted.min_by_key(|(_, ticket)| ticket.until).map(|(hash, _)| *hash);
        oldest.and_then(|hash| self.waiting.remove(&hash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARIE: UserId = UserId::from_i64(1);
    const SIGN_IN: TokenHash = TokenHash([7; 32]);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn ticket(number: u16) -> TokenHash {
        let mut hash = [0; 32];
        hash[..2].copy_from_slice(&number.to_be_bytes());
        TokenHash(hash)
    }

    #[test]
    fn a_ticket_opens_once_and_for_thirty_seconds() {
        let mut tickets = Tickets::default();
        assert_eq!(tickets.give(ticket(1), SIGN_IN, MARIE, at(0)), at(30_000));
        tickets.give(ticket(2), SIGN_IN, MARIE, at(0));
        assert_eq!(tickets.redeem(ticket(1), at(29_999)), Some(SIGN_IN));
        assert_eq!(tickets.redeem(ticket(1), at(29_999)), None, "used");
        assert_eq!(tickets.redeem(ticket(2), at(30_000)), None, "too late");
        assert_eq!(tickets.redeem(ticket(3), at(0)), None, "never given");
    }

    #[test]
    fn whoever_asks_for_many_loses_their_own_first() {
        let mut tickets = Tickets::default();
        tickets.give(ticket(0), SIGN_IN, UserId::from_i64(2), at(0));
        for number in 1..=u16::try_from(PER_USER_MAX).unwrap() + 1 {
            tickets.give(ticket(number), SIGN_IN, MARIE, at(i64::from(number)));
        }
        assert_eq!(tickets.redeem(ticket(1), at(100)), None, "the oldest of the same user made room");
        assert!(tickets.redeem(ticket(2), at(100)).is_some());
        assert!(tickets.redeem(ticket(0), at(100)).is_some(), "another user's stays");
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let mut tickets = Tickets::default();
        for number in 0..u16::try_from(ALL_MAX).unwrap() + 5 {
            tickets.give(ticket(number), SIGN_IN, UserId::from_i64(number.into()), at(i64::from(number)));
        }
        assert!(tickets.waiting.len() <= ALL_MAX);
    }
}
