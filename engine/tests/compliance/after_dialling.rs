//! What the law says once a number was dialled: answers, pace, recordings and listening.

use std::time::Duration;

use cadran_engine::dialer::compliance::{
    Artifact, CampaignStats, Classification, PaceGate, PaceReason, PackRules, RecordingStep, Retention,
    Timeline, classify_answer, follow_recording, may_supervise, ordered_until, pace_gate, retention,
};
use serde_json::{Value, json};

use crate::fixtures::{instant, pack, shipped_pack};

#[test]
fn an_answer_is_judged_by_the_law_of_the_country() {
    let classify = |timeline: Value, id: &str| -> Classification {
        let timeline: Timeline = serde_json::from_value(timeline).unwrap();
        classify_answer(&timeline, &shipped_pack(id))
    };
    let flags = |answer: &Classification| (answer.live, answer.abandoned, answer.silent);
    for (id, timeline, expected) in [
        (
            "us-federal",
            json!({"answered": 0, "greeting_end": 1.0, "agent_connected": 3.0}),
            (true, false, false),
        ),
        ("gb", json!({"answered": 0, "greeting_end": 1.0, "agent_connected": 3.0}), (true, true, false)),
        ("gb", json!({"answered": 0, "hangup_by_callee": 1.5}), (true, false, false)),
        ("gb", json!({"answered": 0, "amd": "machine"}), (false, false, false)),
        ("gb", json!({"answered": 0, "amd": "not_sure"}), (true, true, true)),
        ("us-federal", json!({"answered": 0, "message_start": 1.9, "hangup_by_us": 9}), (true, true, false)),
    ] {
        assert_eq!(flags(&classify(timeline.clone(), id)), expected, "{id} {timeline}");
    }
    let abandoned = classify(json!({"at": "2026-03-03T10:00:00Z", "answered": 0}), "gb");
    assert_eq!(abandoned.block_until.unwrap().to_string(), "2026-03-06T10:00:00Z");
}

#[test]
fn a_campaign_dials_ahead_only_on_proof() {
    let pack = shipped_pack("us-federal");
    let gate = |live, abandoned| pace_gate(&CampaignStats { live, abandoned }, &pack);
    let one_to_one = |reason| PaceGate::OneToOne { reason };
    assert_eq!(gate(0, 0), one_to_one(PaceReason::NoData));
    assert_eq!(gate(1000, 31), one_to_one(PaceReason::RateExceeded));
    assert_eq!(gate(1000, 30), PaceGate::Ratio { max: 4.0 });
}

#[test]
fn law_has_some_things_kept_against_the_wish_of_the_person() {
    let consent: Artifact =
        serde_json::from_value(json!({"kind": "consent", "created": "2026-03-03"})).unwrap();
    for (id, phone, now, expected) in [
        ("de", "+493023125001", "2026-11-20T09:00:00Z", Some("2031-03-03")),
        ("de", "+493023125001", "2031-03-03T09:00:00Z", None),
        ("de", "+33199000001", "2026-11-20T09:00:00Z", None),
        ("fr-2026", "+33199000001", "2026-11-20T09:00:00Z", None),
    ] {
        let until = ordered_until(&consent, phone.parse().unwrap(), instant(now), &shipped_pack(id));
        assert_eq!(until.map(|day| day.to_string()).as_deref(), expected, "{id} {phone} {now}");
    }
}

#[test]
fn a_recording_goes_when_its_time_is_over_unless_law_or_court_want_it() {
    let decide = |id: &str, now: &str, artifact: Value| {
        let artifact: Artifact = serde_json::from_value(artifact).unwrap();
        retention(&artifact, instant(now), &shipped_pack(id))
    };
    let quality =
        json!({"kind": "recording", "purpose": "training_quality", "created": "2026-01-10T10:00:00Z"});
    let until = Some(jiff::civil::date(2026, 7, 10));
    let kept = Retention::Keep { until, obligation: false };
    assert_eq!(decide("fr-2026", "2026-07-09T10:00:00Z", quality.clone()), kept);
    assert_eq!(decide("fr-2026", "2026-07-10T10:00:00Z", quality), Retention::Delete);

    let sale = json!({"kind": "recording", "created": "2026-02-01", "signed": "2026-02-01", "erasure_request": true});
    let until = Some(jiff::civil::date(2028, 2, 1));
    let kept = Retention::Keep { until, obligation: true };
    assert_eq!(decide("fr-insurance", "2026-05-01T00:00:00Z", sale.clone()), kept);
    assert_eq!(decide("fr-insurance", "2028-02-01T00:00:00Z", sale), Retention::Delete);

    let no_sale = json!({"kind": "recording", "created": "2026-02-01"});
    assert_eq!(decide("fr-insurance", "2026-03-01T00:00:00Z", no_sale), Retention::Delete);
    let unknown = json!({"kind": "mystery", "created": "2016-02-01"});
    let kept = Retention::Keep { until: None, obligation: false };
    assert_eq!(decide("fr-2026", "2026-03-01T00:00:00Z", unknown), kept);
}

#[test]
fn listening_takes_a_right_a_team_and_where_the_law_asks_a_notice() {
    let pack = shipped_pack("fr-2026");
    let told =
        json!({"agent_team": "T1", "agent_notice_from": "2026-03-01", "agent_notice_to": "2026-03-15"});
    let supervisor = json!({"role": "supervisor", "team": "T1"});
    for (listener, listened, mode, now, expected) in [
        (&supervisor, told.clone(), "listen", "2026-03-01T00:00:00Z", true),
        (&supervisor, told.clone(), "listen", "2026-03-15T22:59:59Z", true),
        (&supervisor, told.clone(), "listen", "2026-03-15T23:00:00Z", false),
        (&supervisor, told.clone(), "barge", "2026-03-03T10:00:00Z", false),
        (&supervisor, json!({"agent_team": "T1"}), "listen", "2026-03-03T10:00:00Z", false),
        (&json!({"role": "supervisor", "team": "T2"}), told.clone(), "listen", "2026-03-03T10:00:00Z", false),
        (&json!({"role": "admin"}), told.clone(), "barge", "2026-03-03T10:00:00Z", true),
        (&json!({"role": "agent", "team": "T1"}), told, "listen", "2026-03-03T10:00:00Z", false),
    ] {
        let (who, whom) = (
            serde_json::from_value(listener.clone()).unwrap(),
            serde_json::from_value(listened.clone()).unwrap(),
        );
        let is_allowed = may_supervise(&who, &whom, mode, Some(instant(now)), Some(&pack));
        assert_eq!(is_allowed, expected, "{listener} {mode} {listened} at {now}");
    }
}

#[test]
fn a_pause_that_is_forgotten_raises_the_alarm_and_does_not_resume() {
    let after = |seconds: u64, last: RecordingStep| {
        let wait = RecordingStep::Wait(Duration::from_secs(seconds));
        let steps = [RecordingStep::Start, RecordingStep::Pause, wait, last, wait, RecordingStep::Hangup];
        follow_recording(&steps, Duration::from_secs(180))
    };
    assert!(!after(180, RecordingStep::Resume).pause_too_long);
    assert!(after(181, RecordingStep::Resume).pause_too_long);
    assert!(after(100, RecordingStep::Pause).pause_too_long);
    assert!(after(100, RecordingStep::Objection).objected);
}

#[test]
fn a_pack_can_forbid_to_look_for_machines() {
    let with =
        |amd: Value| pack("own", json!({ "applies": { "country": "FR" }, "to": "2027-01-01", "amd": amd }));
    let (french, british) = ("+33199001234".parse().unwrap(), "+447700900123".parse().unwrap());
    let now = instant("2026-11-18T10:00:00Z");
    let forbids = with("forbidden".into());
    assert!(forbids.forbids_detection(french, now) && !forbids.forbids_detection(british, now));
    assert!(!forbids.forbids_detection(french, instant("2027-01-01T00:00:00Z")));
    assert!([true, false].into_iter().all(|amd| !with(amd.into()).forbids_detection(french, now)));
    let odd = json!({ "applies": {}, "amd": "sometimes" });
    let error = serde_json::from_value::<PackRules>(odd).unwrap_err().to_string();
    assert!(error.contains("sometimes") && error.contains("forbidden"), "{error}");
}
