//! What holds for every question, whatever the packs.

use std::time::Duration;

use cadran_engine::dialer::compliance::{
    Callee, Consent, Contract, Inquiry, Intent, LineType, Mode, Pack, PackRules, PastAttempt, PastOutcome,
    Reason, RegisterCheck, Registers, RequestedCallback, Whereabouts,
};
use cadran_engine::model::{Party, Purpose, Timestamp, Zone};
use proptest::prelude::*;
use serde_json::json;

use crate::fixtures::{Asked, instant, pack, public_packs, shipped};

const DAY_MS: i64 = 86_400_000;

/// How long a question that no time opens is watched.
const NEVER_WATCHED: Duration = Duration::from_secs(60 * 24 * 3600);

/// An instant between 1 February 2026 and the end of November, more often than not on a quarter of an hour.
fn instants() -> impl Strategy<Value = Timestamp> {
    let first = instant("2026-02-01T00:00:00Z").as_millis();
    prop_oneof![
        (0..302 * 96_i64).prop_map(move |quarters| Timestamp::from_millis(first + quarters * 900_000)),
        (0..302 * DAY_MS).prop_map(move |ms| Timestamp::from_millis(first + ms)),
    ]
}

fn sellers() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just("S1"), 1 => Just("S2")].prop_map(str::to_owned)
}

prop_compose! {
    fn consents()(
        seller in sellers(), at in instants(), revoked_at in proptest::option::weighted(0.2, instants()),
        expires_at in proptest::option::weighted(0.2, instants()),
        is_proved in proptest::bool::weighted(0.9), hours_waiver: bool, pewc: bool,
    ) -> Consent {
        Consent {
            seller, scope: vec![Consent::PHONE_MARKETING.to_owned()], at, expires_at, revoked_at, hours_waiver, pewc,
            evidence_id: is_proved.then(|| "EV-1".to_owned()),
        }
    }
}

prop_compose! {
    fn callbacks()(from in instants(), minutes in 1..600_u64) -> RequestedCallback {
        RequestedCallback { seller: None, requested_at: None, from, to: from + Duration::from_secs(minutes * 60) }
    }
}

fn whereabouts() -> impl Strategy<Value = Whereabouts> {
    let zone = prop::sample::select(vec![
        "Europe/Paris",
        "America/Martinique",
        "America/New_York",
        "America/Los_Angeles",
        "Pacific/Auckland",
    ]);
    let zone = zone.prop_map(|name| name.parse::<Zone>().unwrap());
    prop_oneof![
        3 => Just(Whereabouts::FromNumber),
        2 => prop::collection::vec(zone, 1..3).prop_map(Whereabouts::Known),
    ]
}

prop_compose! {
    fn callees()(
        number in prop::sample::select(vec![
            "+33639980001", "+262692123456", "+442079460123", "+12125550123", "+390612345678", "+34912345678",
            "+493012345678",
        ]),
        state in prop::sample::select(vec![None, Some("FL"), Some("AL"), Some("NY")]),
        whereabouts in whereabouts(),
        party in prop_oneof![5 => Just(Party::Consumer), 1 => Just(Party::Business)],
        line_type in prop::sample::select(vec![LineType::Fixed, LineType::Mobile]),
        consents in prop::collection::vec(consents(), 0..3),
        has_contract: bool,
        requested_callback in proptest::option::weighted(0.2, callbacks()),
    ) -> Callee {
        Callee {
            person_id: Some("P1".to_owned()), number: number.to_owned(), country: None,
            state: state.map(str::to_owned), whereabouts, party, line_type, consents,
            contract: has_contract.then(|| Contract { seller: "S1".to_owned(), active: true, related: true }),
            ebr: None, rnd: None, requested_callback, erased: false,
        }
    }
}

prop_compose! {
    fn intents(number: &'static [&'static str])(
        cli in prop::sample::select(number),
        sector in prop::sample::select(vec!["general", "insurance", "cpf"]),
        purpose in prop_oneof![6 => Just(Purpose::Marketing), 1 => Just(Purpose::Survey)],
        dial_mode in prop::sample::select(vec![
            Mode::Manual, Mode::Preview, Mode::Progressive, Mode::Predictive, Mode::IvrMessage,
        ]),
    ) -> Intent {
        Intent {
            id: Some("C1".to_owned()), tenant: None, seller: "S1".to_owned(), purpose,
            sector: Some(sector.to_owned()), subject: Some("solar".to_owned()), dial_mode,
            cli: Some(cli.to_owned()), cli_authorised: Some(true), packs: Vec::new(),
        }
    }
}

prop_compose! {
    fn attempts()(
        at in instants(), seller in sellers(),
        outcome in prop_oneof![
            5 => Just(PastOutcome::NoAnswer), 1 => Just(PastOutcome::Refused), 1 => Just(PastOutcome::Abandoned),
            1 => Just(PastOutcome::TrunkFailed),
        ],
    ) -> PastAttempt {
        PastAttempt { at, seller: Some(seller), outcome, campaign: None, number: None, subject: None }
    }
}

prop_compose! {
    fn questions()(
        now in instants(),
        callee in callees(),
        intent in intents(&["+33162001122", "+34400123456", "+12125559999"]),
        history in prop::collection::vec(attempts(), 0..8),
    ) -> Asked {
        let fresh = RegisterCheck { listed: Some(false), checked_at: Some(now - Duration::from_secs(3600)) };
        let names = ["bloctel", "tps", "us_dnc", "rpo"];
        let public = names.map(|name| (name.to_owned(), fresh)).into();
        Asked { callee, intent, now, history, registers: Registers { public, internal: Vec::new() } }
    }
}

/// Packs of a tenant's own, each with another rule.
fn tenant_packs() -> Vec<Pack> {
    let everywhere = |rule: serde_json::Value| {
        let mut rules = json!({"applies": {}});
        rules.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        pack("tenant", rules)
    };
    vec![
        everywhere(json!({"windows": [{"days": [2, 4, 7], "from": "00:30", "to": "11:15"}]})),
        everywhere(json!({"freq": {"unit": "rolling_days", "days": 9, "max": 2, "key": "person"}})),
        everywhere(json!({"freq": {"unit": "calendar_days", "days": 40, "max": 1, "key": "seller+person"}})),
        everywhere(json!({"refusal_cooloff_days": 90})),
        everywhere(
            json!({"holidays": ["easter+2"], "windows": [{"days": [2], "from": "00:00", "to": "24:00"}]}),
        ),
        everywhere(json!({"consent": {"mode": "required", "max_age_days": 20}})),
        everywhere(json!({"cli": {"only_prefixes": ["+33"]}})),
        pack("tenant", json!({"applies": {"country": "US"}, "ref_tz": "America/New_York"})),
    ]
}

/// The packs that hold one rule of a pack each.
fn single_rules(pack: &Pack) -> Vec<Pack> {
    let all = pack.rules();
    let bare = || PackRules {
        id: all.id.clone(),
        applies: all.applies.clone(),
        from: all.from,
        to: all.to,
        ref_tz: all.ref_tz.clone(),
        scope: all.scope,
        ..PackRules::default()
    };
    let rules = [
        PackRules {
            windows: all.windows.clone(),
            holidays: all.holidays.clone(),
            waiver_skips_windows: all.waiver_skips_windows,
            consent: all.consent.clone(),
            ..bare()
        },
        PackRules { freq: all.freq.clone(), ..bare() },
        PackRules { refusal_cooloff_days: all.refusal_cooloff_days, ..bare() },
        PackRules { abandon_cooloff: all.abandon_cooloff.clone(), ..bare() },
        PackRules { sector_bans: all.sector_bans.clone(), ..bare() },
        PackRules { consent: all.consent.clone(), ..bare() },
        PackRules { register: all.register.clone(), ..bare() },
        PackRules { cli: all.cli.clone(), ..bare() },
    ];
    rules.map(|rules| Pack::new(pack.id(), "", rules).unwrap()).into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_further_pack_never_allows_what_was_denied(asked in questions(), which in 0..8_usize, first: bool) {
        let packs = public_packs();
        let before = asked.decide(&packs);
        let mut more = packs.clone();
        more.insert(if first { 0 } else { more.len() }, tenant_packs().swap_remove(which));
        prop_assert!(before.is_allow() || !asked.decide(&more).is_allow(), "{before:?}");
    }

    #[test]
    fn nothing_is_allowed_before_until_and_no_time_rule_denies_then(
        asked in questions(), share in 0.0..1.0_f64, which in 0..8_usize,
    ) {
        let mut packs = shipped();
        packs.push(tenant_packs().swap_remove(which));
        let decision = asked.decide(&packs);
        if !decision.reason().is_some_and(Reason::is_time) {
            prop_assert_eq!(decision.until(), None);
            return Ok(());
        }
        // Windows that are never open in all zones at once have no end.
        let closed = decision.until().map_or(NEVER_WATCHED, |until| until.since(asked.now));
        prop_assert!(!closed.is_zero());
        for wait in [Duration::ZERO, closed.mul_f64(share), closed - Duration::from_millis(1)] {
            let early = asked.decide_at(asked.now + wait, &packs);
            prop_assert!(!early.is_allow(), "allowed {wait:?} after the question, though {decision:?}");
        }
        let Some(until) = decision.until() else { return Ok(()) };
        let then = asked.decide_at(until, &packs);
        prop_assert!(then.reason().is_none_or(|reason| !reason.is_time()), "{then:?} at {until}");
    }

    /// A decision that was stored can be made again from what was written down.
    #[test]
    fn an_inquiry_reads_back_as_it_was_written(asked in questions()) {
        let Asked { callee: lead, intent: campaign, now, history, registers } = asked;
        let inquiry = Inquiry { now, lead, campaign, history, registers };
        let read: Inquiry = serde_json::from_str(&serde_json::to_string(&inquiry).unwrap()).unwrap();
        prop_assert_eq!(&read, &inquiry);
    }

    #[test]
    fn the_order_of_packs_does_not_matter(asked in questions()) {
        let mut packs = shipped();
        let forwards = asked.decide(&packs);
        let (reason, until) = (forwards.reason(), forwards.until());
        prop_assert_eq!(&forwards, &asked.decide(&packs));
        packs.reverse();
        let backwards = asked.decide(&packs);
        prop_assert_eq!((reason, until), (backwards.reason(), backwards.until()));
    }

    #[test]
    fn what_is_allowed_is_allowed_by_every_rule_alone(asked in questions()) {
        let packs = shipped();
        let decision = asked.decide(&packs);
        if !decision.is_allow() {
            return Ok(());
        }
        for pack in decision.packs() {
            for rule in single_rules(pack) {
                let alone = asked.decide(std::slice::from_ref(&rule));
                let reason = alone.reason();
                prop_assert!(reason.is_none(), "{:?} by {rule:?}", reason);
            }
        }
    }
}

#[test]
fn the_questions_reach_every_kind_of_decision() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let packs = shipped();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        let asked = questions().new_tree(&mut runner).unwrap().current();
        seen.insert(asked.decide(&packs).reason().map_or("allow", Reason::as_str));
    }
    let wanted = [
        "CLI_FORBIDDEN",
        "CLOCK_BEHIND",
        "CONSENT_MISSING",
        "CONSENT_REVOKED",
        "COOL_OFF_ABANDON",
        "COOL_OFF_REFUSAL",
        "FREQ_CAP",
        "OUT_OF_WINDOW",
        "SECTOR_BANNED",
        "TZ_UNKNOWN",
        "allow",
    ];
    for reason in wanted {
        assert!(seen.contains(reason), "{reason} is not among {seen:?}");
    }
}
