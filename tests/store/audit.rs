//! The audit log: added to, and nothing else; whatever is done to it behind Cadran's back shows.

use cadran::audit::{Anchor, Finding, verify};
use std::time::Duration;

use cadran::store::{Act, AuditFilter, Ended, HistoryOrder, Page};
use cadran_engine::model::{SupervisionEnd, UserId};

use super::database::Database;
use super::world::at;

fn an_act(number: u64) -> Act {
    Act {
        at: at(number),
        user: Some(UserId::from_i64(i64::try_from(number % 3).unwrap())),
        key: None,
        action: "PUT /api/campaigns/{campaign}".to_owned(),
        target: format!("/api/campaigns/cmp_{number}"),
        address: "192.0.2.1".to_owned(),
        request: format!("req_{number}"),
        status: 200,
        reason: (number == 4).then(|| "asked by letter, with an odd \0 character".to_owned()),
        before: None,
        after: Some("00".repeat(32)),
        ended: (number == 7)
            .then_some(Ended { lasted: Duration::from_millis(61_250), because: SupervisionEnd::Withdrawn }),
    }
}

/// A log of ten entries with its anchor.
async fn ten(database: &Database) -> (tempfile::TempDir, Anchor) {
    let directory = tempfile::tempdir().unwrap();
    let anchor = Anchor::of(directory.path());
    for number in 1..=10 {
        let entry = database.store.audit(&an_act(number)).await.unwrap();
        assert_eq!(entry.seq, i64::try_from(number).unwrap());
        anchor.note(&entry).unwrap();
    }
    assert_eq!(found(database, &anchor).await, Finding::Whole { entries: 10, anchored: true });
    (directory, anchor)
}

async fn found(database: &Database, anchor: &Anchor) -> Finding {
    verify(&database.store, anchor).await.unwrap()
}

pub(crate) async fn acts_are_found_by_who_and_on_what(database: &Database) {
    let (_directory, _) = ten(database).await;
    let all = database
        .store
        .audit_entries(&AuditFilter::default(), HistoryOrder::Latest, Page::first())
        .await
        .unwrap();
    assert_eq!(all.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=10).rev().collect::<Vec<_>>());
    let by = AuditFilter { user: Some(UserId::from_i64(1)), ..AuditFilter::default() };
    let rows = database
        .store
        .audit_entries(&by, HistoryOrder::Latest, Page { after: Some(10), limit: 2 })
        .await
        .unwrap();
    assert_eq!(rows.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [7, 4]);
    let on = AuditFilter {
        target: Some("/api/campaigns/cmp_5".to_owned()),
        from: Some(at(5)),
        until: Some(at(6)),
        ..AuditFilter::default()
    };
    let rows = database.store.audit_entries(&on, HistoryOrder::Earliest, Page::first()).await.unwrap();
    assert_eq!(rows.into_iter().map(|entry| entry.act).collect::<Vec<_>>(), [an_act(5)]);
}

pub(crate) async fn many_at_once_make_one_chain(database: &Database) {
    let other = database.second_store().await;
    let writes = (1..=40).map(|number| {
        let store = if number % 2 == 0 { database.store.clone() } else { other.clone() };
        tokio::spawn(async move { store.audit(&an_act(number)).await.unwrap().seq })
    });
    let mut seqs = Vec::new();
    for write in writes.collect::<Vec<_>>() {
        seqs.push(write.await.unwrap());
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=40).collect::<Vec<_>>());
    let directory = tempfile::tempdir().unwrap();
    let finding = found(database, &Anchor::of(directory.path())).await;
    assert_eq!(finding, Finding::Whole { entries: 40, anchored: false });
}

pub(crate) async fn the_database_itself_refuses_changes(database: &Database) {
    let (_directory, anchor) = ten(database).await;
    for sql in ["update audit set status = 500", "delete from audit where seq = 3"] {
        assert!(database.try_to_meddle(sql).await.is_err(), "{sql}");
    }
    assert!(found(database, &anchor).await.is_whole());
}

pub(crate) async fn whatever_is_done_to_it_shows(database: &Database) {
    let (directory, anchor) = ten(database).await;
    let untouched = std::fs::read(directory.path().join(cadran::audit::ANCHOR_FILE)).unwrap();
    database.let_audit_be_changed().await;
    for (what, meddle, mend, expected) in [
        (
            "an edit",
            "update audit set target = '/api/campaigns/cmp_99' where seq = 5",
            "update audit set target = '/api/campaigns/cmp_5' where seq = 5",
            Finding::Changed { seq: 5 },
        ),
        (
            "a user taken out of it",
            "update audit set user_id = null where seq = 1",
            "update audit set user_id = 1 where seq = 1",
            Finding::Changed { seq: 1 },
        ),
        (
            "a shorter time",
            "update audit set lasted_ms = 1000 where seq = 7",
            "update audit set lasted_ms = 61250 where seq = 7",
            Finding::Changed { seq: 7 },
        ),
        (
            "two that change places",
            "update audit set seq = 10 - seq + 100 where seq in (4, 6); update audit set seq = seq - 100 where seq > 100",
            "update audit set seq = 10 - seq + 100 where seq in (4, 6); update audit set seq = seq - 100 where seq > 100",
            Finding::Changed { seq: 4 },
        ),
    ] {
        database.meddle(meddle).await;
        assert_eq!(found(database, &anchor).await, expected, "{what}");
        database.meddle(mend).await;
        assert!(found(database, &anchor).await.is_whole(), "{what}, mended");
    }
    database.meddle("delete from audit where seq > 8").await;
    assert_eq!(found(database, &anchor).await, Finding::CutOff { last: 8, noted: 10 });
    // Whoever cuts the end off and goes on hides it from the chain, not from the anchor.
    for number in [21, 22, 23] {
        database.store.audit(&an_act(number)).await.unwrap();
    }
    assert_eq!(found(database, &anchor).await, Finding::Rewritten { seq: 10 });
    std::fs::write(directory.path().join(cadran::audit::ANCHOR_FILE), untouched).unwrap();
    database.meddle("delete from audit where seq = 3").await;
    assert_eq!(found(database, &anchor).await, Finding::Missing { seq: 3 });
}
