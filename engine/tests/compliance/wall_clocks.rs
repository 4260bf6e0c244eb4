//! Days on which clocks change, in every zone, against a slow and simple reading of the clock.

use std::time::Duration;

use cadran_engine::dialer::compliance::{Reason, Whereabouts};
use cadran_engine::model::{Timestamp, Zone};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::fixtures::{Question, instant, pack};

const QUARTER: Duration = Duration::from_secs(15 * 60);

/// Windows on every day, around the hours at which clocks change: minutes since midnight.
const WINDOWS: [(i32, i32); 4] = [(15, 45), (90, 150), (180, 210), (1410, 1440)];

fn is_open(zone: &TimeZone, at: Timestamp) -> bool {
    let clock = zone.to_datetime(jiff::Timestamp::from_millisecond(at.as_millis()).unwrap());
    let minutes = i32::from(clock.hour()) * 60 + i32::from(clock.minute());
    WINDOWS.iter().any(|(from, to)| (*from..*to).contains(&minutes))
}

/// The first quarter of an hour, from an instant on, at which a window is open.
fn opening(zone: &TimeZone, from: Timestamp) -> Timestamp {
    let quarters = std::iter::successors(Some(from), |at| Some(*at + QUARTER));
    quarters.take(200).find(|at| is_open(zone, *at)).unwrap()
}

#[test]
fn windows_open_by_the_wall_clock_on_every_day_of_change_from_2024_to_2030() {
    let text = |minutes: i32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let windows: Vec<_> = WINDOWS
        .iter()
        .map(|(from, to)| json!({"days": [1, 2, 3, 4, 5, 6, 7], "from": text(*from), "to": text(*to)}))
        .collect();
    let packs = [pack("night", json!({"applies": {"country": "FR"}, "windows": windows}))];
    let (first, last) = (instant("2024-01-01T00:00:00Z"), instant("2031-01-01T00:00:00Z"));
    let mut asked = Question::french().read();
    let mut changes = 0;
    for name in jiff::tz::db().available() {
        let zone: Zone = name.as_str().parse().unwrap();
        asked.callee.whereabouts = Whereabouts::Known(vec![zone.clone()]);
        let start = jiff::Timestamp::from_millisecond(first.as_millis()).unwrap();
        let days = zone.rules().following(start).map(|change| change.timestamp().as_millisecond());
        for change in days.take_while(|change| *change < last.as_millis()) {
            changes += 1;
            let around =
                (0..8 * 4).map(|quarter| Timestamp::from_millis(change - 4 * 3_600_000) + QUARTER * quarter);
            for now in around {
                let decision = asked.decide_at(now, &packs);
                let expected = opening(zone.rules(), now);
                if expected == now {
                    assert!(decision.is_allow(), "{name} {now}: {decision:?}");
                } else {
                    assert_eq!(decision.reason(), Some(Reason::OutOfWindow), "{name} {now}");
                    assert_eq!(decision.until(), Some(expected), "{name} {now}");
                }
            }
        }
    }
    assert!(changes > 2_000, "only {changes} changes of clocks were seen");
}

#[test]
fn hours_follow_the_clock_through_the_french_changes() {
    for (now, verdict) in [
        // Sunday, 29 March: Monday's ten o'clock is 08:00 UTC.
        ("2026-03-27T19:00:00Z", "OUT_OF_WINDOW until 2026-03-30T08:00:00Z"),
        // Sunday, 25 October: Monday's ten o'clock is 09:00 UTC.
        ("2026-10-23T18:00:00Z", "OUT_OF_WINDOW until 2026-10-26T09:00:00Z"),
    ] {
        let packs = [pack(
            "hours",
            json!({
                "applies": {"country": "FR"},
                "windows": [{"days": [1, 2, 3, 4, 5], "from": "10:00", "to": "20:00"}]
            }),
        )];
        assert_eq!(Question::french().with("/now", json!(now)).verdict(&packs), verdict);
    }
}
