//! Where each rule on dialling begins and ends.

use cadran_engine::dialer::compliance::{Decision, Obligation, Pack};
use serde_json::{Value, json};

use crate::fixtures::{Question, pack, public_packs, shipped};

/// Asks the same question with one field changed at a time.
fn table(question: &Question, packs: &[Pack], rows: &[(&str, Value, &str)]) {
    for (pointer, value, verdict) in rows {
        let asked = question.clone().with(pointer, value.clone());
        assert_eq!(asked.verdict(packs), *verdict, "{pointer} = {value}");
    }
}

fn consent(changes: Value) -> Value {
    let mut consent = json!({
        "seller": "S1", "scope": ["phone_marketing"], "at": "2026-10-01T09:00:00Z", "evidence_id": "EV-1",
        "revoked_at": null, "hours_waiver": false, "pewc": false
    });
    for (key, value) in changes.as_object().unwrap() {
        consent[key] = value.clone();
    }
    json!([consent])
}

fn attempts(days: &[&str], outcome: &str) -> Value {
    let attempt = |day: &&str| json!({"at": format!("{day}T10:00:00Z"), "seller": "S1", "outcome": outcome});
    days.iter().map(attempt).collect()
}

#[test]
fn what_is_not_known_forbids_the_call() {
    table(
        &Question::french(),
        &public_packs(),
        &[
            ("/lead/number", json!("112"), "NUMBER_FORBIDDEN"),
            ("/lead/number", json!("0639980001"), "NUMBER_INVALID"),
            ("/lead/number", json!("+81312345678"), "NO_RULE_PACK"),
            ("/lead/country", json!("JP"), "NO_RULE_PACK"),
            ("/now", json!("2023-02-28T09:30:00Z"), "NO_RULE_PACK"),
            ("/lead/tz_candidates", json!([]), "TZ_UNKNOWN"),
            (
                "/lead/tz_candidates",
                json!(["Europe/Paris", "Mars/Olympus"]),
                "TZ_UNKNOWN",
            ),
            ("/lead/tz_candidates", json!(null), "allow"),
            ("/lead/number", json!("+12125550123"), "TZ_UNKNOWN"),
            ("/registers", json!({}), "REGISTER_STALE"),
            ("/registers/bloctel/checked_at", json!(null), "REGISTER_STALE"),
            (
                "/registers/bloctel/checked_at",
                json!("2026-03-04T06:00:00Z"),
                "REGISTER_STALE",
            ),
            ("/registers/bloctel/listed", json!(null), "REGISTER_STALE"),
            ("/campaign/cli_authorised", json!(null), "CLI_UNAUTHORISED"),
            ("/campaign/cli", json!("anonymous"), "CLI_MISSING"),
            ("/campaign/cli", json!("0162001122"), "CLI_FORBIDDEN"),
            ("/lead/party", json!("somebody"), "allow"),
            ("/lead/party", json!(null), "allow"),
            (
                "/history",
                attempts(&["2026-03-04"], "answered"),
                "CLOCK_BEHIND until 2026-03-04T10:00:00Z",
            ),
        ],
    );
}

#[test]
fn only_consumers_called_for_marketing_are_under_the_hours_but_everybody_is_under_the_number_plan() {
    let at_night = Question::french().with("/now", json!("2026-03-03T22:00:00Z"));
    table(
        &at_night,
        &public_packs(),
        &[
            ("/lead/party", json!("business"), "allow"),
            ("/campaign/purpose", json!("survey"), "allow"),
            ("/campaign/purpose", json!("service"), "allow"),
            (
                "/campaign/purpose",
                json!("anything"),
                "OUT_OF_WINDOW until 2026-03-04T09:00:00Z",
            ),
        ],
    );
    let hidden = at_night.with("/campaign/cli", json!("+33140123456"));
    table(
        &hidden,
        &public_packs(),
        &[
            ("/lead/party", json!("business"), "CLI_FORBIDDEN"),
            ("/campaign/purpose", json!("survey"), "CLI_FORBIDDEN"),
        ],
    );
}

#[test]
fn the_number_shown_must_fit_the_way_of_dialling() {
    let packs = public_packs();
    for (mode, cli, verdict) in [
        ("manual", "+33140123456", "allow"),
        ("preview", "+33140123456", "allow"),
        ("progressive", "+33947512345", "allow"),
        ("progressive", "+33947412345", "CLI_FORBIDDEN"),
        ("ivr_message", "+33937123456", "allow"),
        ("predictive", "+33800123456", "allow"),
        ("predictive", "+33890123456", "CLI_FORBIDDEN"),
        ("manual", "+33639980002", "CLI_FORBIDDEN"),
    ] {
        let question = Question::french()
            .with("/campaign/dial_mode", json!(mode))
            .with("/campaign/cli", json!(cli));
        assert_eq!(question.verdict(&packs), verdict, "{mode} {cli}");
    }
}

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
            (
                "/lead/consents",
                consent(json!({"evidence_id": " "})),
                "CONSENT_MISSING",
            ),
            (
                "/lead/consents",
                consent(json!({"at": "2026-11-18T09:30:00Z"})),
                "CONSENT_MISSING",
            ),
            (
                "/lead/consents",
                consent(json!({"at": "2026-11-18T09:29:59Z"})),
                "allow",
            ),
            (
                "/lead/consents",
                consent(json!({"seller": "S2"})),
                "CONSENT_SCOPE",
            ),
            (
                "/lead/consents",
                consent(json!({"scope": ["email_marketing"]})),
                "CONSENT_SCOPE",
            ),
            (
                "/lead/consents",
                consent(json!({"revoked_at": "2026-11-01T09:00:00Z"})),
                "CONSENT_REVOKED",
            ),
            ("/lead/consents", withdrawn_later, "CONSENT_REVOKED"),
            ("/lead/consents", given_again, "allow"),
            (
                "/lead/contract",
                json!({"seller": "S1", "active": true, "related": false}),
                "CONSENT_MISSING",
            ),
            (
                "/lead/contract",
                json!({"seller": "S1", "active": false, "related": true}),
                "CONSENT_MISSING",
            ),
            (
                "/lead/contract",
                json!({"seller": "S2", "active": true, "related": true}),
                "CONSENT_MISSING",
            ),
            (
                "/lead/contract",
                json!({"seller": "S1", "active": true, "related": true}),
                "allow",
            ),
        ],
    );
    let customer = question.with(
        "/lead/contract",
        json!({"seller": "S1", "active": true, "related": true}),
    );
    table(
        &customer,
        &public_packs(),
        &[
            (
                "/history",
                attempts(&["2026-11-02"], "refused"),
                "CONSENT_REVOKED",
            ),
            ("/campaign/sector", json!("energy_renovation"), "allow"),
        ],
    );
}

#[test]
fn the_cap_counts_attempts_of_thirty_calendar_days() {
    let question = Question::french().with("/now", json!("2026-03-31T08:30:00Z"));
    let question = question.with("/registers/bloctel/checked_at", json!("2026-03-30T06:00:00Z"));
    let old = ["2026-03-01", "2026-03-05", "2026-03-06", "2026-03-09"];
    let full = ["2026-03-02", "2026-03-05", "2026-03-06", "2026-03-09"];
    table(
        &question,
        &public_packs(),
        &[
            (
                "/history",
                attempts(&full, "no_answer"),
                "FREQ_CAP until 2026-04-01T08:00:00Z",
            ),
            (
                "/history",
                attempts(&full, "some_word"),
                "FREQ_CAP until 2026-04-01T08:00:00Z",
            ),
            ("/history", attempts(&full, "trunk_failed"), "allow"),
            ("/history", attempts(&full[1..], "busy"), "allow"),
            ("/history", attempts(&old, "busy"), "allow"),
            ("/history", attempts(&full, "in_progress"), "LEAD_BUSY"),
        ],
    );
}

#[test]
fn a_refusal_is_kept_for_sixty_full_days() {
    let question = Question::french().with("/history", attempts(&["2026-03-02"], "refused"));
    for (now, verdict) in [
        (
            "2026-05-01T09:30:00Z",
            "COOL_OFF_REFUSAL until 2026-05-04T08:00:00Z",
        ),
        ("2026-05-04T08:00:00Z", "allow"),
    ] {
        let question = question.clone().with("/now", json!(now));
        let question = question.with("/registers/bloctel/checked_at", json!("2026-04-30T06:00:00Z"));
        assert_eq!(question.verdict(&public_packs()), verdict, "{now}");
    }
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
            (
                "/now",
                json!("2026-03-07T10:00:00Z"),
                "OUT_OF_WINDOW until 2026-03-07T11:00:00Z",
            ),
            (
                "/now",
                json!("2026-03-07T12:00:00Z"),
                "OUT_OF_WINDOW until 2026-03-09T09:00:00Z",
            ),
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
        .with(
            "/registers",
            json!({"us_dnc": {"listed": false, "checked_at": "2026-03-01T06:00:00Z"}}),
        );
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
            (
                "/registers/us_dnc/checked_at",
                json!("2026-01-31T15:00:00Z"),
                "allow",
            ),
            (
                "/registers/us_dnc/checked_at",
                json!("2026-01-30T15:00:00Z"),
                "REGISTER_STALE",
            ),
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
            (
                "/lead/ebr",
                ebr("purchase", "2024-08-30T00:00:00Z"),
                "REGISTER_LISTED",
            ),
            ("/lead/ebr", ebr("inquiry", "2025-12-04T00:00:00Z"), "allow"),
            (
                "/lead/ebr",
                ebr("gossip", "2026-03-01T00:00:00Z"),
                "REGISTER_LISTED",
            ),
        ],
    );
    // Sunday, 8 March 2026, 11:00 in Chicago: Alabama rests until Monday, 8:00, by then in summer time.
    let sunday = question.with("/now", json!("2026-03-08T16:00:00Z"));
    let sunday = sunday.with("/lead/tz_candidates", json!(["America/Chicago"]));
    table(
        &sunday,
        &packs,
        &[
            (
                "/lead/state",
                json!("AL"),
                "OUT_OF_WINDOW until 2026-03-09T13:00:00Z",
            ),
            // Unknown: it may be Alabama, or Connecticut, where the day begins at nine.
            (
                "/lead/state",
                json!(null),
                "OUT_OF_WINDOW until 2026-03-09T14:00:00Z",
            ),
            ("/lead/state", json!("TN"), "allow"),
        ],
    );
}

#[test]
fn our_own_lists_forbid_what_they_name_until_they_expire() {
    table(
        &Question::french(),
        &public_packs(),
        &[
            ("/internal_dnc", json!(["+33639980001"]), "INTERNAL_DNC"),
            ("/internal_dnc", json!(["P1"]), "INTERNAL_DNC"),
            ("/internal_dnc", json!(["+33639980002", "P2"]), "allow"),
            (
                "/internal_dnc",
                json!([{"person_id": "P1", "seller": "S1"}]),
                "INTERNAL_DNC",
            ),
            (
                "/internal_dnc",
                json!([{"person_id": "P1", "seller": "S2"}]),
                "allow",
            ),
            (
                "/internal_dnc",
                json!([{"number": "+33639980001", "campaign": "C2"}]),
                "allow",
            ),
            (
                "/internal_dnc",
                json!([{"person_id": "P1", "until": "2026-03-03T09:30:01Z"}]),
                "INTERNAL_DNC",
            ),
            (
                "/internal_dnc",
                json!([{"person_id": "P1", "until": "2026-03-03T09:30:00Z"}]),
                "allow",
            ),
        ],
    );
}

#[test]
fn a_pack_that_goes_out_of_force_forbids_no_longer() {
    let until_friday = pack(
        "strict",
        json!({"applies": {"country": "FR"}, "ref_tz": "Europe/Paris", "to": "2026-03-06", "windows": []}),
    );
    let for_ever = pack("lax", json!({"applies": {"country": "FR"}}));
    let question = Question::french();
    assert_eq!(
        question.verdict(&[until_friday, for_ever]),
        "OUT_OF_WINDOW until 2026-03-05T23:00:00Z"
    );
    let never = pack("never", json!({"applies": {"country": "FR"}, "windows": []}));
    assert_eq!(question.verdict(&[never]), "OUT_OF_WINDOW");
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
    assert_eq!(
        obligations,
        [
            Obligation::AskAgreement,
            Obligation::RecordAll,
            Obligation::EndIfRefused
        ]
    );
    let ids: Vec<&str> = packs.iter().map(|pack| pack.id()).collect();
    assert_eq!(ids, ["fr-2026", "fr-insurance"]);
    let late = question.with("/now", json!("2026-11-03T09:30:00Z"));
    assert_eq!(late.verdict(&shipped()), "CONSENT_EXPIRED");
}
