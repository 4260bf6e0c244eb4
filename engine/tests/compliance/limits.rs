//! Where each rule on dialling begins and ends.

use serde_json::json;

use crate::fixtures::{Question, attempts, pack, public_packs, table};

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
            ("/lead/tz_candidates", json!(["Europe/Paris", "Mars/Olympus"]), "TZ_UNKNOWN"),
            ("/lead/tz_candidates", json!(null), "allow"),
            ("/lead/number", json!("+12125550123"), "TZ_UNKNOWN"),
            ("/registers", json!({}), "REGISTER_STALE"),
            ("/registers/bloctel/checked_at", json!(null), "REGISTER_STALE"),
            ("/registers/bloctel/checked_at", json!("2026-03-04T06:00:00Z"), "REGISTER_STALE"),
            ("/registers/bloctel/listed", json!(null), "REGISTER_STALE"),
            ("/campaign/cli_authorised", json!(null), "CLI_UNAUTHORISED"),
            ("/campaign/cli", json!("anonymous"), "CLI_MISSING"),
            ("/campaign/cli", json!("0162001122"), "CLI_FORBIDDEN"),
            ("/lead/party", json!("somebody"), "allow"),
            ("/lead/party", json!(null), "allow"),
            ("/history", attempts(&["2026-03-04"], "answered"), "CLOCK_BEHIND until 2026-03-04T10:00:00Z"),
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
            ("/campaign/purpose", json!("anything"), "OUT_OF_WINDOW until 2026-03-04T09:00:00Z"),
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
        let question =
            Question::french().with("/campaign/dial_mode", json!(mode)).with("/campaign/cli", json!(cli));
        assert_eq!(question.verdict(&packs), verdict, "{mode} {cli}");
    }
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
            ("/history", attempts(&full, "no_answer"), "FREQ_CAP until 2026-04-01T08:00:00Z"),
            ("/history", attempts(&full, "some_word"), "FREQ_CAP until 2026-04-01T08:00:00Z"),
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
        ("2026-05-01T09:30:00Z", "COOL_OFF_REFUSAL until 2026-05-04T08:00:00Z"),
        ("2026-05-04T08:00:00Z", "allow"),
    ] {
        let question = question.clone().with("/now", json!(now));
        let question = question.with("/registers/bloctel/checked_at", json!("2026-04-30T06:00:00Z"));
        assert_eq!(question.verdict(&public_packs()), verdict, "{now}");
    }
}

#[test]
fn our_own_lists_forbid_what_they_name_until_they_expire() {
    table(
        &Question::french(),
        &public_packs(),
        &[
            ("/internal_dnc", json!(["+33639980001"]), "INTERNAL_DNC"),
            ("/internal_dnc", json!(["P1"]), "INTERNAL_DNC"),
            ("/internal_dnc", json!(["S1"]), "INTERNAL_DNC"),
            ("/internal_dnc", json!([{"reason": "asked us"}]), "INTERNAL_DNC"),
            ("/internal_dnc", json!(["+33639980002", "P2"]), "allow"),
            ("/internal_dnc", json!([{"person_id": "P1", "seller": "S1"}]), "INTERNAL_DNC"),
            ("/internal_dnc", json!([{"person_id": "P1", "seller": "S2"}]), "allow"),
            ("/internal_dnc", json!([{"number": "+33639980001", "campaign": "C2"}]), "allow"),
            ("/internal_dnc", json!([{"person_id": "P1", "until": "2026-03-03T09:30:01Z"}]), "INTERNAL_DNC"),
            ("/internal_dnc", json!([{"person_id": "P1", "until": "2026-03-03T09:30:00Z"}]), "allow"),
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
    assert_eq!(question.verdict(&[until_friday, for_ever]), "OUT_OF_WINDOW until 2026-03-05T23:00:00Z");
    let never = pack("never", json!({"applies": {"country": "FR"}, "windows": []}));
    assert_eq!(question.verdict(&[never]), "OUT_OF_WINDOW");
}

#[test]
fn no_instant_and_no_parameter_is_too_far_away() {
    let extreme = pack(
        "extreme",
        json!({
            "applies": {"country": "FR"}, "ref_tz": "Europe/Paris", "refusal_cooloff_days": u32::MAX,
            "holidays": "fr_L3133-1", "windows": [{"days": [1], "from": "10:00", "to": "10:01"}],
            "freq": {"unit": "calendar_days", "days": u32::MAX, "max": 1, "key": "person"},
            "abandon_cooloff": {"hours": u32::MAX}
        }),
    );
    let packs = [extreme];
    for outcome in ["refused", "abandoned", "no_answer"] {
        for now in ["-009999-01-03T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-30T22:00:00Z"] {
            let question = Question::french()
                .with("/history", attempts(&["2026-03-02"], outcome))
                .with("/now", json!(now));
            assert_ne!(question.verdict(&packs), "allow", "{outcome} {now}");
        }
    }
}
