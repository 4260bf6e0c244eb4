//! Every worked case, under the packs of its own document and under those that Cadran ships.

use cadran_engine::dialer::compliance::check::{PackSet, Question};
use cadran_engine::dialer::compliance::{Pack, PackRules};
use serde_json::Value;

use crate::fixtures::{public_document, public_packs, shipped};

/// What differs from the expectations of a document, one line per case.
fn differences(document: &Value, named: &[Pack]) -> Vec<String> {
    let shipped = shipped();
    let packs = PackSet { named, shipped: &shipped };
    let mut differences = Vec::new();
    for case in document["cases"].as_array().unwrap() {
        let question: Question = serde_json::from_value(case.clone()).unwrap();
        let answer = serde_json::to_value(question.answer(packs).unwrap()).unwrap();
        for (key, expected) in case["expect"].as_object().unwrap() {
            if answer.get(key) != Some(expected) {
                let id = case["id"].as_str().unwrap();
                differences.push(format!("{id}: {key} is {:?}, expected {expected}", answer.get(key)));
            }
        }
    }
    differences
}

#[test]
fn the_packs_of_the_document_give_the_expected_answers() {
    assert_eq!(differences(&public_document(), &public_packs()), Vec::<String>::new());
}

#[test]
fn the_shipped_packs_give_the_expected_answers() {
    assert_eq!(differences(&public_document(), &shipped()), Vec::<String>::new());
}

/// Cases of our own for every rule of the shipped packs: the first and the last moment, the days around holidays, leap
/// days and changes of the clock, zones far away, and what is nearly a consent.
#[test]
fn the_shipped_packs_hold_at_the_edges() {
    let document: Value = serde_json::from_str(include_str!("edges.json")).unwrap();
    assert_eq!(differences(&document, &shipped()), Vec::<String>::new());
    assert!(document["cases"].as_array().unwrap().len() > 100);
}

#[test]
fn shipped_packs_equal_the_public_ones_in_effect() {
    let shipped = shipped();
    for public in public_packs() {
        let own = shipped.iter().find(|pack| pack.id() == public.id()).unwrap();
        assert_eq!(for_dialling(own), for_dialling(&public), "{}", public.id());
    }
}

/// The parameters that decide whether a call may be placed.
fn for_dialling(pack: &Pack) -> PackRules {
    PackRules {
        id: None,
        version: 0,
        abandon: None,
        amd: None,
        retention: Vec::new(),
        supervision: None,
        rule_ids: Default::default(),
        ..pack.rules().clone()
    }
}

#[test]
fn an_unknown_key_of_a_pack_is_an_error_that_names_it() {
    let document = public_document();
    let packs = document["packs"].as_object().unwrap();
    for (section, key) in
        [("", "windowz"), ("/cli", "prefixes"), ("/applies", "region"), ("/freq", "maximum")]
    {
        let mut rules = packs["fr-2026"].clone();
        rules.pointer_mut(section).unwrap()[key] = Value::from(1);
        let error = serde_json::from_value::<PackRules>(rules).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}
