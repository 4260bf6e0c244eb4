//! The corpus in `tests/flows`: every broken document is told exactly what is wrong with it, every good one nothing.
//!
//! `UPDATE_FLOWS=1` rewrites what is expected; read the difference before you commit it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cadran_engine::flow::finding::{Code, Finding};
use cadran_engine::flow::node::Kind;
use cadran_engine::flow::world::World;
use cadran_engine::flow::{check_text, finding::Patch};
use serde_json::json;

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
    assert!(unseen.is_empty(), "no document breaks these: {unseen:?}");
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

/// The JSON examples of the page for managers, each a node.
fn examples() -> Vec<serde_json::Value> {
    let page = fs::read_to_string(corpus().join("../../docs/flows.md")).expect("the page is there");
    let blocks = page.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    blocks
        .map(|block| serde_json::from_str(block).unwrap_or_else(|error| panic!("{block}: {error}")))
        .collect()
}

#[test]
fn every_kind_has_an_example_on_the_page_that_is_right() {
    let mut shown = BTreeSet::from(["ai".to_owned()]);
    for example in examples() {
        let kind = example["kind"].as_str().expect("an example is a node").to_owned();
        let targets = example["next"].as_object().into_iter().flat_map(|next| next.values());
        let targets = targets.chain(example.get("node")).filter_map(|target| target.as_str());
        let is_page = ["page", "text", "choice", "level", "field", "appointment", "rule", "outcome"]
            .contains(&kind.as_str());
        let end =
            if is_page { json!({"kind": "outcome", "outcome": "x"}) } else { json!({"kind": "hangup"}) };
        let mut nodes: serde_json::Map<String, serde_json::Value> =
            targets.map(|target| (target.to_owned(), end.clone())).collect();
        nodes.insert("n_example".to_owned(), example);
        let variables = ["client_no", "tier", "story"];
        let flow = json!({
            "v": 1, "id": "flw_example", "kind": if is_page { "script" } else { "subflow" },
            "locales": ["fr-FR"], "start": "n_example", "nodes": nodes,
            "vars": variables.map(|name| json!({"name": name, "type": "string"})),
        });
        let world = world_of(&corpus().join("good/none.json"));
        assert_eq!(told(&check_text(&flow.to_string(), Some(&world))), "", "{kind}");
        shown.insert(kind);
    }
    let kinds: BTreeSet<String> = Kind::NAMES.iter().map(|kind| (*kind).to_owned()).collect();
    assert_eq!(shown, kinds);
}
