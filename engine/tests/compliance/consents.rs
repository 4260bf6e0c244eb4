//! What people have agreed to, and what it opens.

use cadran_engine::dialer::compliance::{Decision, Obligation};
use serde_json::json;

use crate::fixtures::{Question, attempts, consent, public_packs, shipped, table};

#[test]
fn consent_counts_only_when_it_is_proved_ours_for_the_telephone_and_not_taken_back() {
    let question = Question::french().with("/now", json!("2026-11-18T09:30:00Z"));
    let withdrawn_later = json!([
        consent(json!({}))[0],
        consent(json!({"at": "2026-10-05T09:00:00Z", "revoked_at": "2026-10-10T09:00:00Z"}))[0]
    ]);
    let given_again = json!([
        consent(json!({"revoked_at": "2026-10-10T09:00:00Z"}))[0],
        consent(json!({"at": "2026-10-12T09:00:00Z"}))[0]
    ]);
    table(
        &question,
        &public_packs(),
        &[
            ("/lead/consents", json!([]), "CONSENT_MISSING"),
            ("/lead/consents", consent(json!({})), "allow"),
            ("/lead/consents", consent(json!({"evidence_id": " "})), "CONSENT_MISSING"),
            ("/lead/consents", consent(json!({"at": "2026-11-18T09:30:00Z"})), "CONSENT_MISSING"),
            ("/lead/consents", consent(json!({"at": "2026-11-18T09:29:59Z"})), "allow"),
            ("/lead/consents", consent(json!({"seller": "S2"})), "CONSENT_SCOPE"),
            ("/lead/consents", consent(json!({"scope": ["email_marketing"]})), "CONSENT_SCOPE"),
            ("/lead/consents", consent(json!({"revoked_at": "2026-11-01T09:00:00Z"})), "CONSENT_REVOKED"),
            ("/lead/consents", consent(json!({"expires_at": "2026-11-18T09:30:00Z"})), "CONSENT_EXPIRED"),
            ("/lead/consents", consent(json!({"expires_at": "2026-11-18T09:30:01Z"})), "allow"),
            ("/lead/consents", withdrawn_later, "CONSENT_REVOKED"),
            ("/lead/consents", given_again, "allow"),
            ("/lead/contract", json!({"seller": "S1", "active": true, "related": false}), "CONSENT_MISSING"),
            ("/lead/contract", json!({"seller": "S1", "active": false, "related": true}), "CONSENT_MISSING"),
            ("/lead/contract", json!({"seller": "S2", "active": true, "related": true}), "CONSENT_MISSING"),
            ("/lead/contract", json!({"seller": "S1", "active": true, "related": true}), "allow"),
        ],
    );
    let customer = question.with("/lead/contract", json!({"seller": "S1", "active": true, "related": true}));
    table(
        &customer,
        &public_packs(),
        &[
            ("/history", attempts(&["2026-11-02"], "refused"), "CONSENT_REVOKED"),
            ("/campaign/sector", json!("energy_renovation"), "allow"),
        ],
    );
}

#[test]
fn a_call_that_was_asked_for_is_lawful_in_its_own_span_only() {
    let asked_for = |from: &str, to: &str| json!({"from": from, "to": to});
    let evening = asked_for("2026-11-18T20:00:00Z", "2026-11-18T21:00:00Z");
    let question = Question::french().with("/lead/requested_callback", evening);
    table(
        &question,
        &public_packs(),
        &[
            ("/now", json!("2026-11-18T20:00:00Z"), "allow"),
            ("/now", json!("2026-11-18T20:59:59Z"), "allow"),
            ("/now", json!("2026-11-18T21:00:00Z"), "CONSENT_MISSING"),
            ("/now", json!("2026-11-18T19:59:59Z"), "CONSENT_MISSING"),
        ],
    );
    let saturday = asked_for("2026-03-07T11:00:00Z", "2026-03-07T12:00:00Z");
    let question = Question::french().with("/lead/requested_callback", saturday);
    table(
        &question,
        &public_packs(),
        &[
            ("/now", json!("2026-03-07T10:00:00Z"), "OUT_OF_WINDOW until 2026-03-07T11:00:00Z"),
            ("/now", json!("2026-03-07T12:00:00Z"), "OUT_OF_WINDOW until 2026-03-09T09:00:00Z"),
        ],
    );
}

#[test]
fn american_calls_need_written_consent_a_fresh_list_and_the_state_s_leave() {
    let question = Question::french()
        .with("/lead/number", json!("+12125550123"))
        .with("/lead/state", json!("NY"))
        .with("/lead/tz_candidates", json!(["America/New_York"]))
        .with("/campaign/subject", json!("solar"))
        .with("/campaign/cli", json!("+12125550199"))
        .with("/now", json!("2026-03-03T15:00:00Z"))
        .with("/registers", json!({"us_dnc": {"listed": false, "checked_at": "2026-03-01T06:00:00Z"}}));
    let written = consent(json!({"at": "2026-01-01T09:00:00Z", "pewc": true}));
    let spoken = consent(json!({"at": "2026-01-01T09:00:00Z"}));
    let packs = public_packs();
    table(
        &question,
        &packs,
        &[
            ("/lead/line_type", json!("mobile"), "CONSENT_MISSING"),
            ("/lead/line_type", json!("never heard of"), "CONSENT_MISSING"),
            ("/lead/line_type", json!("fixed"), "allow"),
            ("/campaign/dial_mode", json!("manual"), "allow"),
            ("/lead/consents", spoken.clone(), "CONSENT_MISSING"),
            ("/lead/consents", written.clone(), "allow"),
        ],
    );
    let question = question.with("/lead/line_type", json!("fixed"));
    table(
        &question,
        &packs,
        &[
            ("/lead/rnd", json!({"result": "no"}), "allow"),
            ("/lead/rnd", json!({"result": "no_data"}), "allow"),
            ("/lead/rnd", json!({"result": "yes"}), "REASSIGNED"),
            ("/lead/rnd", json!({"result": "what"}), "REASSIGNED"),
            ("/registers/us_dnc/checked_at", json!("2026-01-31T15:00:00Z"), "allow"),
            ("/registers/us_dnc/checked_at", json!("2026-01-30T15:00:00Z"), "REGISTER_STALE"),
        ],
    );
    let listed = question.clone().with("/registers/us_dnc/listed", json!(true));
    let ebr = |kind: &str, at: &str| json!({"seller": "S1", "kind": kind, "at": at});
    table(
        &listed,
        &packs,
        &[
            ("/lead/consents", spoken, "REGISTER_LISTED"),
            ("/lead/consents", written, "allow"),
            ("/lead/ebr", ebr("purchase", "2024-09-02T00:00:00Z"), "allow"),
            ("/lead/ebr", ebr("purchase", "2024-08-30T00:00:00Z"), "REGISTER_LISTED"),
            ("/lead/ebr", ebr("inquiry", "2025-12-04T00:00:00Z"), "allow"),
            ("/lead/ebr", ebr("gossip", "2026-03-01T00:00:00Z"), "REGISTER_LISTED"),
        ],
    );
    // Sunday, 8 March 2026, 11:00 in Chicago: Alabama rests until Monday, 8:00, by then in summer time.
    let sunday = question.with("/now", json!("2026-03-08T16:00:00Z"));
    let sunday = sunday.with("/lead/tz_candidates", json!(["America/Chicago"]));
    table(
        &sunday,
        &packs,
        &[
            ("/lead/state", json!("AL"), "OUT_OF_WINDOW until 2026-03-09T13:00:00Z"),
            // Unknown: it may be Alabama, or Connecticut, where the day begins at nine.
            ("/lead/state", json!(null), "OUT_OF_WINDOW until 2026-03-09T14:00:00Z"),
            ("/lead/state", json!("TN"), "allow"),
        ],
    );
}

#[test]
fn insurance_is_recorded_and_asked_for() {
    let question = Question::french()
        .with("/now", json!("2026-10-20T09:30:00Z"))
        .with("/campaign/sector", json!("insurance"))
        .with("/lead/consents", consent(json!({})));
    let packs = shipped();
    let asked = question.read();
    let Decision::Allow { obligations, packs } = asked.decide(&packs) else {
        panic!("{}", question.verdict(&packs));
    };
    let expected = [
        Obligation::TellOfListening,
        Obligation::AskAgreement,
        Obligation::RecordAll,
        Obligation::EndIfRefused,
    ];
    assert_eq!(obligations, expected);
    let ids: Vec<&str> = packs.iter().map(|pack| pack.id()).collect();
    assert_eq!(ids, ["fr-2026", "fr-insurance"]);
    let late = question.with("/now", json!("2026-11-03T09:30:00Z"));
    assert_eq!(late.verdict(&shipped()), "CONSENT_EXPIRED");
}
