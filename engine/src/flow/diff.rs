//! What differs between two documents, by node and field.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::finding::escape;

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Where, as a JSON pointer.
    pub path: String,
    /// In which node.
    pub node: Option<String>,
    /// In which field of the node, or of the envelope.
    pub field: Option<String>,
    /// What is in the first document, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    /// What is in the second, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Json>,
}

/// What differs. Where nodes are drawn does not count.
pub fn diff(before: &Map<String, Json>, after: &Map<String, Json>) -> Vec<Change> {
    let mut changes = Vec::new();
    for field in keys(before, after) {
        let (old, new) = (before.get(field), after.get(field));
        match (field.as_str(), old, new) {
            ("layout", _, _) => {}
            ("nodes", Some(Json::Object(old)), Some(Json::Object(new))) => nodes(old, new, &mut changes),
            _ => fields(&format!("/{}", escape(field)), None, field, (old, new), &mut changes),
        }
    }
    changes
}

fn nodes(before: &Map<String, Json>, after: &Map<String, Json>, changes: &mut Vec<Change>) {
    for id in keys(before, after) {
        let path = format!("/nodes/{}", escape(id));
        match (before.get(id), after.get(id)) {
            (Some(Json::Object(old)), Some(Json::Object(new))) => {
                for field in keys(old, new) {
                    let path = format!("{path}/{}", escape(field));
                    fields(&path, Some(id), field, (old.get(field), new.get(field)), changes);
                }
            }
            (old, new) if old != new => changes.push(Change {
                path,
                node: Some(id.clone()),
                field: None,
                before: old.cloned(),
                after: new.cloned(),
            }),
            _ => {}
        }
    }
}

/// The differences in one field: of an object, such as `next`, each of its keys; otherwise the whole.
fn fields(
    path: &str,
    node: Option<&String>,
    field: &str,
    values: (Option<&Json>, Option<&Json>),
    changes: &mut Vec<Change>,
) {
    if let (Some(Json::Object(old)), Some(Json::Object(new))) = values {
        for key in keys(old, new) {
            let path = format!("{path}/{}", escape(key));
            one(path, node, field, (old.get(key), new.get(key)), changes);
        }
    } else {
        one(path.to_owned(), node, field, values, changes);
    }
}

fn one(
    path: String,
    node: Option<&String>,
    field: &str,
    (before, after): (Option<&Json>, Option<&Json>),
    changes: &mut Vec<Change>,
) {
    if before != after {
        changes.push(Change {
            path,
            node: node.cloned(),
            field: Some(field.to_owned()),
            before: before.cloned(),
            after: after.cloned(),
        });
    }
}

fn keys<'a>(before: &'a Map<String, Json>, after: &'a Map<String, Json>) -> BTreeSet<&'a String> {
    before.keys().chain(after.keys()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_told_by_node_and_field() {
        let object = |json: Json| json.as_object().cloned().unwrap();
        let before = object(json!({"name": "A", "layout": {"n_a": [1, 2]}, "nodes": {
            "n_a": {"kind": "menu", "keys": ["1"], "next": {"1": "n_b", "no_input": "n_b"}},
            "n_b": {"kind": "hangup"}}}));
        let after = object(json!({"name": "A", "layout": {}, "nodes": {
            "n_a": {"kind": "menu", "keys": ["1", "2"], "next": {"1": "n_c", "no_input": "n_b"}},
            "n_c": {"kind": "hangup"}}}));
        let changes = diff(&before, &after);
        let told: Vec<_> =
            changes.iter().map(|change| (change.path.as_str(), change.field.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("/nodes/n_a/keys", Some("keys")),
                ("/nodes/n_a/next/1", Some("next")),
                ("/nodes/n_b", None),
                ("/nodes/n_c", None),
            ]
        );
        assert_eq!((changes[3].before.is_none(), changes[3].node.as_deref()), (true, Some("n_c")));
        assert!(diff(&before, &before).is_empty());
    }
}
