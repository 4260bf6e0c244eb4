//! The corpus in `tests/flows`: every broken document is told exactly what is wrong with it, every good one nothing.
//!
//! `UPDATE_FLOWS=1` rewrites what is expected; read the difference before you commit it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cadran_engine::flow::finding::{Code, Finding};
use cadran_engine::flow::world::World;
use cadran_engine::flow::{check_text, finding::Patch};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/flows")
}

/// The world of a document: its own, or that of the corpus.
fn world_of(document: &Path) -> World {
    let own = document.with_extension("world");
    let file = if own.exists() { own } else { corpus().join("world.json") };
    let text = fs::read_to_string(file).expect("a world can be read");
    serde_json::from_str(&text).expect("a world is well formed")
}

/// The documents of a folder, in order.
fn documents(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(corpus().join(folder)).expect("the corpus has this folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

/// One line for each finding: severity, code and pointer.
fn told(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let severity = serde_json::to_value(finding.severity).expect("a severity is a word");
        format!("{} {} {}\n", severity.as_str().unwrap_or_default(), finding.code.as_str(), finding.path)
    };
    findings.iter().map(line).collect()
}

#[test]
fn every_broken_document_is_told_what_is_wrong_with_it() {
    let mut seen = BTreeSet::new();
    for file in documents("broken") {
        let text = fs::read_to_string(&file).expect("a document can be read");
        let findings = check_text(&text, Some(&world_of(&file)));
        seen.extend(findings.iter().map(|finding| finding.code));
        let expected = file.with_extension("expected");
        if std::env::var_os("UPDATE_FLOWS").is_some() {
            fs::write(&expected, told(&findings)).expect("what is expected can be written");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(told(&findings), expected, "{}", file.display());
        assert!(!findings.is_empty(), "{} is not broken", file.display());
    }
    let unseen: Vec<&str> =
        Code::ALL.iter().filter(|code| !seen.contains(code)).map(|code| code.as_str()).collect();
    assert_eq!(unseen, ["test_failed"], "every rule has a document that breaks it");
}

#[test]
fn good_documents_have_no_findings() {
    for file in documents("good") {
        let text = fs::read_to_string(&file).expect("a document can be read");
        assert_eq!(told(&check_text(&text, Some(&world_of(&file)))), "", "{}", file.display());
    }
}

#[test]
fn what_is_said_to_mend_a_document_mends_it() {
    let mut mended = 0;
    for file in documents("broken") {
        let text = fs::read_to_string(&file).expect("a document can be read");
        for finding in check_text(&text, Some(&world_of(&file))) {
            if finding.fix.is_empty() {
                continue;
            }
            let mut document = serde_json::from_str(&text).expect("what can be mended is JSON");
            finding.fix.iter().for_each(|patch| apply(&mut document, patch));
            let after = check_text(&document.to_string(), Some(&world_of(&file)));
            let same = after.iter().find(|left| left.code == finding.code && left.path == finding.path);
            assert!(same.is_none(), "{}: {finding:?} is still there", file.display());
            mended += 1;
        }
    }
    assert!(mended >= 20, "only {mended} findings say how to mend them");
}

/// Carries one operation out (RFC 6902).
fn apply(document: &mut serde_json::Value, patch: &Patch) {
    let (path, value) = match patch {
        Patch::Add { path, value } | Patch::Replace { path, value } => (path, Some(value)),
        Patch::Remove { path } => (path, None),
    };
    let (parent, key) = path.rsplit_once('/').expect("the root is never replaced");
    let key = key.replace("~1", "/").replace("~0", "~");
    let place = match document.pointer_mut(parent) {
        Some(place) => place,
        None => panic!("{parent} is not there"),
    };
    match (place, value) {
        (serde_json::Value::Array(items), Some(value)) if key == "-" => items.push(value.clone()),
        (serde_json::Value::Array(items), None) => drop(items.remove(key.parse().expect("an index"))),
        (serde_json::Value::Object(fields), Some(value)) => drop(fields.insert(key, value.clone())),
        (serde_json::Value::Object(fields), None) => drop(fields.remove(&key)),
        (place, _) => panic!("{patch:?} does not fit {place}"),
    }
}
