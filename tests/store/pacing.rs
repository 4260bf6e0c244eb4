//! The history of campaigns' pacing.

use std::time::Duration;

use cadran::store::{PacingFilter, Page, PastPacing};
use cadran_engine::command::Write;
use cadran_engine::dialer::obstacle::{Obstacle, Standing};
use cadran_engine::dialer::pacing_line::{LineSpan, PacingLine};
use cadran_engine::model::{DialMode, Timestamp};

use super::database::Database;
use super::world::{Desk, World, at};

fn line(seconds: u64) -> PacingLine {
    PacingLine {
        at: at(seconds),
        mode: DialMode::Power { ratio: 1.5 },
        level: 1.5,
        ready: 2,
        dialling: 3,
        waiting: 0,
        talking: 4,
        hopper: 20,
        answer_rate: 0.25,
        answer_rate_deviation: 0.02,
        answered: 100,
        dropped: 1,
        drop_limit: 0.03,
        forecast: None,
        held_by: vec![Standing { obstacle: Obstacle::LeadsComing, since: at(seconds) }],
    }
}

pub(crate) async fn seconds_are_kept_for_two_days_and_tens_for_a_month(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let desk = Desk::of(store);
    let campaign = world.campaign;
    let save_one = |seconds, span| Write::SavePacing { campaign, span, line: Box::new(line(seconds)) };
    let save = |seconds| save_one(seconds, LineSpan::TenSeconds);
    desk.keep((0..12).map(|ten| save(ten * 10))).await;
    desk.keep([save(0)]).await;
    let lines =
        async |filter, page: Page<Timestamp>| store.pacing_lines(campaign, filter, page).await.unwrap();
    let all = lines(PacingFilter::default(), Page::first()).await;
    let past = |ten: u64| PastPacing { seconds: 10, line: line(ten * 10) };
    assert_eq!(all, (0..12).map(past).collect::<Vec<_>>());

    let some = PacingFilter { from: Some(at(20)), until: Some(at(50)), every: None };
    let moments = |lines: Vec<PastPacing>| lines.iter().map(|past| past.line.at).collect::<Vec<_>>();
    assert_eq!(moments(lines(some, Page::first()).await), [at(20), at(30), at(40)]);
    assert_eq!(moments(lines(some, Page { after: Some(at(20)), limit: 1 }).await), [at(30)]);
    let thinned = PacingFilter { every: Some(Duration::from_secs(40)), ..PacingFilter::default() };
    let thinned = moments(lines(thinned, Page::first()).await);
    assert!((3..=4).contains(&thinned.len()), "{thinned:?}");

    desk.keep([31, 32].map(|second| save_one(second, LineSpan::Second))).await;
    let some = PacingFilter { from: Some(at(30)), until: Some(at(50)), every: None };
    assert_eq!(moments(lines(some, Page::first()).await), [at(30), at(31), at(32), at(40)]);
    let every = |seconds| PacingFilter { every: Some(Duration::from_secs(seconds)), ..some };
    assert_eq!(moments(lines(every(1), Page::first()).await).len(), 4);
    let of_ten = moments(lines(every(10), Page::first()).await);
    assert!(of_ten.iter().all(|line| [at(30), at(40)].contains(line)), "{of_ten:?}");
    desk.keep([save(LineSpan::Second.kept().as_secs() + 33)]).await;
    assert_eq!(moments(lines(some, Page::first()).await), [at(30), at(40)], "seconds last for two days");

    let month = LineSpan::TenSeconds.kept().as_secs() + 15;
    desk.keep([save(month)]).await;
    let kept = moments(lines(PacingFilter::default(), Page::first()).await);
    assert_eq!((kept[0], kept.len()), (at(20), 12), "what is older than a month has gone");
}
