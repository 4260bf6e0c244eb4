//! What becomes of a lead after an attempt.

use crate::command::LeadNext;
use crate::model::{Lead, Outcome, RetryRule, Timestamp};

/// The next step for `lead`, whose attempt has just ended in `outcome`; `rules` are the campaign's.
///
/// Without a rule for the outcome the lead is done. A rule with `alternate_number` first goes through the lead's
/// other numbers at once, and takes its delay when it begins again with the first; its limit then counts for each
/// number, so that one attempt at most still tries all of them.
pub fn plan(lead: &Lead, outcome: Outcome, rules: &[RetryRule], now: Timestamp) -> LeadNext {
    let Some(rule) = rules.iter().find(|rule| rule.outcome == outcome) else {
        return LeadNext::Done;
    };
    let numbers = if rule.alternate_number { lead.phone_count() } else { 1 };
    let attempts_max = usize::from(rule.attempts_max).saturating_mul(numbers);
    if usize::from(lead.ended_in(outcome)) + 1 >= attempts_max {
        return LeadNext::Done;
    }
    let following = usize::from(lead.next_phone) + 1;
    match u8::try_from(following) {
        Ok(phone) if rule.alternate_number && following < lead.phone_count() => {
            LeadNext::Again { due_at: now, phone }
        }
        Ok(_) | Err(_) if rule.alternate_number => LeadNext::Again { due_at: now + rule.delay, phone: 0 },
        Ok(_) | Err(_) => LeadNext::Again { due_at: now + rule.delay, phone: lead.next_phone },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{LeadId, ListId, Zone};

    const NOW: Timestamp = Timestamp::from_millis(1_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn lead(next_phone: u8, busy_before: u16) -> Lead {
        Lead {
            id: LeadId::from_i64(1),
            list: ListId::from_i64(1),
            phone: "+33199000001".parse().unwrap(),
            alternates: vec!["+33199000002".parse().unwrap()],
            next_phone,
            zone: Zone::utc(),
            history: vec![(Outcome::Busy, busy_before)],
            promise: None,
        }
    }

    #[test]
    fn a_rule_gives_a_delay_a_limit_and_the_other_number() {
        let same =
            RetryRule { outcome: Outcome::Busy, delay: HOUR, attempts_max: 3, alternate_number: false };
        let other = RetryRule { alternate_number: true, ..same };
        let each_once = RetryRule { attempts_max: 1, ..other };
        let cases = [
            (lead(0, 0), Outcome::Busy, same, LeadNext::Again { due_at: NOW + HOUR, phone: 0 }),
            (lead(0, 1), Outcome::Busy, same, LeadNext::Again { due_at: NOW + HOUR, phone: 0 }),
            (lead(0, 2), Outcome::Busy, same, LeadNext::Done),
            (lead(0, 0), Outcome::NoAnswer, same, LeadNext::Done),
            (lead(0, 0), Outcome::Busy, other, LeadNext::Again { due_at: NOW, phone: 1 }),
            (lead(1, 1), Outcome::Busy, other, LeadNext::Again { due_at: NOW + HOUR, phone: 0 }),
            (lead(1, 4), Outcome::Busy, other, LeadNext::Again { due_at: NOW + HOUR, phone: 0 }),
            (lead(1, 5), Outcome::Busy, other, LeadNext::Done),
            (lead(0, 0), Outcome::Busy, each_once, LeadNext::Again { due_at: NOW, phone: 1 }),
            (lead(1, 1), Outcome::Busy, each_once, LeadNext::Done),
        ];
        for (lead, outcome, rule, expected) in cases {
            assert_eq!(plan(&lead, outcome, &[rule], NOW), expected, "{lead:?} {outcome:?} {rule:?}");
        }
    }
}
