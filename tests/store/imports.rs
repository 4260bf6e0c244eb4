//! Files of leads.

use std::time::Instant;

use cadran::store::{
    DoneReason, IMPORT_BATCH_MAX, ImportOutcome, ImportRow, ImportState, LeadFilter, LeadOrder, NewConsent,
    NewLead, Page, RowContent,
};
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::model::{LeadState, Purpose};
use serde_json::json;

use super::database::Database;
use super::world::{NOW, World, a_lead, at, phone};

fn row(number: u32, content: RowContent) -> ImportRow {
    ImportRow { number, text: format!("line {number}"), content, remark: None }
}

fn with_fields(lead: NewLead, fields: serde_json::Value) -> RowContent {
    RowContent::Lead(NewLead { fields: fields.as_object().unwrap().clone(), ..lead })
}

pub(crate) async fn rows_become_leads_or_say_why_not(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    store.withdraw_lead(world.import(store, vec![]).await[0], NOW).await.unwrap();
    let import = store.begin_import(world.list, "juin.csv", "téléphone;nom", None, at(10)).await.unwrap();
    let refused = ImportRow { remark: Some("no number".to_owned()), ..row(5, RowContent::Refused) };
    let renamed = NewLead { name: "Café\0 & Co".to_owned(), alternates: vec![phone(50)], ..a_lead(0) };
    let rows = vec![
        row(1, with_fields(renamed, json!({"city": "Lyon"}))),
        row(2, with_fields(a_lead(7), json!({"city": "Lille", "size": 3}))),
        row(3, with_fields(a_lead(7), json!({"city": "Nice"}))),
        row(4, RowContent::Repeated),
        refused,
    ];
    let outcomes = store.import_rows(import.id, rows, at(11)).await.unwrap();
    use ImportOutcome::{Accepted, Merged, Refused};
    assert_eq!(outcomes, [Merged, Accepted, Merged, Merged, Refused]);
    store.end_import(import.id, None, at(12)).await.unwrap();

    let leads = store
        .leads(
            LeadFilter { list: Some(world.list), ..Default::default() },
            LeadOrder::Imported,
            Page::first(),
        )
        .await
        .unwrap();
    assert_eq!(leads.len(), 2);
    assert_eq!(leads[0].name, "Café\u{fffd} & Co");
    assert_eq!(leads[0].lead.alternates, [phone(50)]);
    assert_eq!((leads[0].state, leads[0].done_reason), (LeadState::Done, Some(DoneReason::Withdrawn)));
    assert_eq!(json!(leads[1].fields), json!({"city": "Nice", "size": 3}));
    let kept = store.import(import.id).await.unwrap().unwrap();
    assert_eq!((kept.accepted, kept.merged, kept.refused, kept.rows_done), (1, 3, 1, 5));
    assert_eq!((kept.state, kept.ended_at), (ImportState::Finished, Some(at(12))));
    let report = store.import_report(import.id, true, Page::first()).await.unwrap();
    assert_eq!((report.len(), report[0].number, report[0].remark.as_deref()), (1, 5, Some("no number")));
    assert_eq!(
        store.import_report(import.id, false, Page { after: Some(3), limit: 1 }).await.unwrap()[0].text,
        "line 4"
    );
    assert!(store.import_rows(import.id, vec![row(6, RowContent::Refused)], at(13)).await.is_err());
}

/// A batch that comes again after a crash is passed over; one that cannot be stored leaves nothing.
pub(crate) async fn a_batch_is_stored_once_and_as_a_whole(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let import = store.begin_import(world.list, "june.csv", "phone", None, NOW).await.unwrap();
    let batch = |numbers: std::ops::Range<u32>| -> Vec<ImportRow> {
        numbers.map(|number| row(number, RowContent::Lead(a_lead(number)))).collect()
    };
    assert_eq!(store.import_rows(import.id, batch(1..11), NOW).await.unwrap().len(), 10);
    assert_eq!(store.import_rows(import.id, batch(1..11), NOW).await.unwrap(), []);
    assert_eq!(store.import_rows(import.id, batch(6..16), NOW).await.unwrap().len(), 5);
    let twice = vec![row(16, RowContent::Lead(a_lead(16))), row(16, RowContent::Lead(a_lead(17)))];
    assert!(store.import_rows(import.id, twice, NOW).await.is_err());

    let kept = store.import(import.id).await.unwrap().unwrap();
    assert_eq!((kept.accepted, kept.rows_done, kept.state), (15, 15, ImportState::Running));
    assert_eq!(store.lead_counts(world.list).await.unwrap(), [(LeadState::Waiting, 15)]);
}

/// Nobody waits for an import that a crash has cut; with two daemons at work nobody knows whose it is.
pub(crate) async fn an_import_that_was_cut_ends(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let import = store.begin_import(world.list, "june.csv", "phone", None, NOW).await.unwrap();
    let ttl = std::time::Duration::from_secs(10);
    for asterisk in ["asterisk-1", "asterisk-2"] {
        store.acquire_lease(asterisk, "daemon", NOW, ttl).await.unwrap();
    }
    store.end_cut_imports(at(5)).await.unwrap();
    assert_eq!(store.import(import.id).await.unwrap().unwrap().state, ImportState::Running);

    store.acquire_lease("asterisk-1", "daemon", at(20), ttl).await.unwrap();
    store.end_cut_imports(at(20)).await.unwrap();
    let cut = store.import(import.id).await.unwrap().unwrap();
    assert_eq!((cut.state, cut.ended_at), (ImportState::Failed, Some(at(20))));
}

/// How fast it is is printed for a person to read; that nothing is lost is asserted.
pub(crate) async fn a_hundred_thousand_rows(database: &Database) {
    const ROWS: u32 = 100_000;
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let import = store.begin_import(world.list, "june.csv", "phone", None, NOW).await.unwrap();
    let begun = Instant::now();
    let numbers: Vec<u32> = (0..ROWS).collect();
    for batch in numbers.chunks(IMPORT_BATCH_MAX) {
        let rows = batch.iter().map(|number| {
            let fields = json!({"city": "Saint-Étienne", "contract": number, "segment": "B"});
            row(number + 1, with_fields(a_lead(*number), fields))
        });
        store.import_rows(import.id, rows.collect(), NOW).await.unwrap();
    }
    println!("{ROWS} rows stored in {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(store.lead_counts(world.list).await.unwrap(), [(LeadState::Waiting, u64::from(ROWS))]);
    let begun = Instant::now();
    let mut claimed = 0;
    for _ in 0..50 {
        claimed += store.claim_leads(world.campaign, 200, NOW, "asterisk-1").await.unwrap().leads.len();
    }
    println!("{claimed} leads claimed in {:.2} s", begun.elapsed().as_secs_f64());
    assert_eq!(claimed, 10_000);
}

/// Consents of a file are given to the campaign's seller and count for every number of the person; the same file again
/// says nothing new, and the report of the import says whom the law would let anybody call.
pub(crate) async fn consents_of_a_file_open_the_telephone_and_its_report_says_so(database: &Database) {
    const DAY: u64 = 86_400;
    /// Tuesday, 25 August 2026, 11:00 in Paris.
    const TUESDAY: u64 = 37_648_400;
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let mut kept = store.campaign(world.campaign).await.unwrap().unwrap();
    kept.value.settings.compliance.purpose = Purpose::Marketing;
    store.update_campaign(&kept.value, kept.rev, NOW).await.unwrap();
    let given = |days| NewConsent {
        purpose: "phone_marketing".to_owned(),
        text_version: "v3".to_owned(),
        source: "web form".to_owned(),
        given_at: at(TUESDAY - days * DAY),
        evidence: "form-17".to_owned(),
        expires_at: Some(at(TUESDAY + 30 * DAY)),
        hours_waiver: true,
        written: false,
    };
    let rows = |first: u32| {
        vec![
            row(first, RowContent::Lead(NewLead { consent: Some(Box::new(given(5))), ..a_lead(0) })),
            row(first + 1, RowContent::Lead(NewLead { consent: Some(Box::new(given(5))), ..a_lead(0) })),
            row(first + 2, RowContent::Lead(a_lead(1))),
            row(first + 3, RowContent::Lead(a_lead(2))),
        ]
    };
    for _ in 0..2 {
        let import = store.begin_import(world.list, "june.csv", "phone", None, at(TUESDAY)).await.unwrap();
        store.import_rows(import.id, rows(1), at(TUESDAY)).await.unwrap();
        store.judge_import(import.id, at(TUESDAY)).await.unwrap();
        store.end_import(import.id, None, at(TUESDAY)).await.unwrap();
        let judged = store.import(import.id).await.unwrap().unwrap().judged.unwrap();
        assert_eq!((judged.leads, judged.callable), (3, 1));
        assert_eq!(judged.denied, [(Reason::ConsentMissing, 2)].into());
    }
    let consents = store.consents(None, Page::first()).await.unwrap();
    assert_eq!(consents.len(), 1, "{consents:?}");
    let consent = &consents[0];
    assert_eq!(
        (consent.seller, consent.phone, consent.given_at),
        (world.seller, phone(0), at(TUESDAY - 5 * DAY))
    );
    assert_eq!((consent.text_version.as_str(), consent.channel.as_str()), ("v3", "web form"));
    assert_eq!(
        (consent.expires_at, consent.hours_waiver, consent.written),
        (Some(at(TUESDAY + 30 * DAY)), true, false)
    );
    assert!(consent.recorded_by.starts_with("import "), "{}", consent.recorded_by);
    let claim = store.claim_leads(world.campaign, 10, at(TUESDAY), "asterisk-1").await.unwrap();
    assert_eq!(claim.leads.iter().map(|lead| lead.phone).collect::<Vec<_>>(), [phone(0)]);
}
