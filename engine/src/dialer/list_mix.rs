//! Which list the next lead comes from, so that each gets its share over time.
//!
//! A smooth weighted round robin: at every turn each list that has a lead gains its share in credit, the one with the
//! most credit is dialled and pays for the turn. So shares hold over any stretch of turns, to within one turn for each
//! list, and the lists alternate instead of taking blocks. A list that has run short gains no credit meanwhile: it
//! neither holds the others up nor floods them when it has leads again.

use crate::model::ListId;

/// A list of the mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// Which list.
    pub list: ListId,
    /// Its share. Shares need not add up to a hundred.
    pub share: u8,
    /// What it has gained and not spent: kept from one batch of leads to the next.
    pub credit: i64,
    /// How many of its leads are due.
    pub leads: usize,
}

/// The lists of the next `turns` leads, in order; fewer when all have run short. Updates credits and leads.
pub fn take_turns(parties: &mut [Party], turns: usize) -> Vec<ListId> {
    std::iter::from_fn(|| next_turn(parties)).take(turns).collect()
}

fn next_turn(parties: &mut [Party]) -> Option<ListId> {
    let mut pot = 0;
    for party in parties.iter_mut().filter(|party| party.leads > 0 && party.share > 0) {
        party.credit += i64::from(party.share);
        pot += i64::from(party.share);
    }
    // Of equal credits the first counts, so that the same credits always give the same turns.
    let next = parties
        .iter_mut()
        .rev()
        .filter(|party| party.leads > 0 && party.share > 0)
        .max_by_key(|party| party.credit)?;
    next.credit -= pot;
    next.leads -= 1;
    Some(next.list)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn party(list: i64, share: u8, leads: usize) -> Party {
        Party { list: ListId::from_i64(list), share, credit: 0, leads }
    }

    fn rows(turns: &[ListId]) -> Vec<i64> {
        turns.iter().map(|list| list.as_i64()).collect()
    }

    #[test]
    fn lists_alternate_by_share_and_the_rest_goes_to_whoever_has_leads() {
        let mut parties = [party(1, 50, 3), party(2, 25, 100), party(3, 25, 0), party(4, 0, 9)];
        assert_eq!(rows(&take_turns(&mut parties, 6)), [1, 2, 1, 1, 2, 2]);
    }

    #[test]
    fn a_list_that_was_short_does_not_flood_the_others_later() {
        let mut parties = [party(1, 50, 0), party(2, 50, 1000)];
        take_turns(&mut parties, 1000);
        parties = [Party { leads: 10, ..parties[0] }, Party { leads: 10, ..parties[1] }];
        assert_eq!(rows(&take_turns(&mut parties, 6)), [1, 2, 1, 2, 1, 2]);
    }

    proptest! {
        /// However the turns are cut into batches, every list is within one turn of its share for each list there is.
        #[test]
        fn shares_hold_over_any_stretch(
            shares in prop::collection::vec(1_u8..=100, 2..8),
            batches in prop::collection::vec(1_usize..200, 1..20),
        ) {
            let mut parties: Vec<Party> =
                (1..).zip(&shares).map(|(list, share)| party(list, *share, usize::MAX)).collect();
            let turns: Vec<ListId> =
                batches.iter().flat_map(|count| take_turns(&mut parties, *count)).collect();
            let sum: usize = shares.iter().map(|share| usize::from(*share)).sum();
            for party in &parties {
                let got = turns.iter().filter(|list| **list == party.list).count() * sum;
                let due = turns.len() * usize::from(party.share);
                prop_assert!(got.abs_diff(due) <= sum * parties.len(), "{got} {due} {party:?}");
            }
        }
    }
}
