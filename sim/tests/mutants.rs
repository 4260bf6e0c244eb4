//! The mutants of `make mutants` keep up with the code: each still has its place in it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "making copies is for the check itself")]

#[path = "../mutants/catalogue.rs"]
mod catalogue;

use catalogue::{all, repository};

#[test]
fn every_mutant_has_its_place_in_the_code() {
    let mutants = all().unwrap();
    assert!(mutants.len() >= 20, "{}", mutants.len());
    for mutant in mutants {
        let sound = std::fs::read_to_string(repository().join(&mutant.file)).unwrap();
        let ill = mutant.put_into(&sound).unwrap_or_else(|stale| panic!("{stale}"));
        assert_ne!(sound, ill);
        assert!(!mutant.caught_by.is_empty());
    }
}
