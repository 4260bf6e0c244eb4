//! From text to a flow: everything that can be said of a part without looking at the others.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use serde_path_to_error::{Path, Segment};

use super::document::{Envelope, FORMAT_VERSION, Flow};
use super::finding::{Code, Finding, Patch, escape};
use super::limits::{DOCUMENT_BYTES_MAX, NODES_MAX, VARIABLES_MAX};
use super::name::Name;
use super::node::{FieldError, Kind, Node, NodeError};
use super::value::Value;

/// Reads a document. All that is wrong with its parts is told at once.
pub fn read(text: &str) -> Result<Flow, Vec<Finding>> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let why = format!("it has {} bytes, at most {DOCUMENT_BYTES_MAX} are read", text.len());
        return Err(vec![Finding::new(Code::BadJson, "").with("why", why)]);
    }
    match serde_json::from_str(text) {
        Ok(Json::Object(document)) => read_object(document),
        Ok(_) => Err(vec![Finding::new(Code::BadJson, "").with("why", "it is no JSON object")]),
        Err(error) => Err(vec![Finding::new(Code::BadJson, "").with("why", error)]),
    }
}

fn read_object(mut document: Map<String, Json>) -> Result<Flow, Vec<Finding>> {
    let mut findings = Vec::new();
    // Where nodes are drawn is the editor's business.
    document.remove("layout");
    let nodes = read_nodes(document.remove("nodes"), &mut findings);
    if document.get("start").and_then(Json::as_str).is_none_or(str::is_empty) {
        findings.push(no_start(nodes.keys().next()));
        document.insert("start".to_owned(), Json::String(String::new()));
    }
    let envelope = read_envelope(document, &mut findings);
    match envelope {
        Some(envelope) if findings.is_empty() => Ok(Flow { envelope, nodes }),
        _ => Err(findings),
    }
}

/// Nothing begins the flow. The first node is as good a guess as any.
pub(super) fn no_start(first: Option<&Name>) -> Finding {
    let finding = Finding::new(Code::NoStart, "/start");
    match first {
        Some(node) => {
            finding.mended_by(Patch::Add { path: "/start".to_owned(), value: node.as_str().into() })
        }
        None => finding,
    }
}

fn read_envelope(fields: Map<String, Json>, findings: &mut Vec<Finding>) -> Option<Envelope> {
    let envelope: Envelope = match serde_path_to_error::deserialize(Json::Object(fields)) {
        Ok(envelope) => envelope,
        Err(error) => {
            findings.push(bad_field("", &error));
            return None;
        }
    };
    if envelope.version != FORMAT_VERSION {
        let why = format!("this is version {FORMAT_VERSION} of the format");
        findings.push(Finding::new(Code::BadField, "/v").with("why", why));
    }
    if envelope.locales.is_empty() {
        findings
            .push(Finding::new(Code::BadField, "/locales").with("why", "name at least one, such as fr-FR"));
    }
    if envelope.vars.len() > VARIABLES_MAX {
        let why = format!("a flow has at most {VARIABLES_MAX} variables");
        findings.push(Finding::new(Code::BadField, "/vars").with("why", why));
    }
    for (place, variable) in envelope.vars.iter().enumerate() {
        let fits =
            variable.default.is_null() || Value::from_json(&variable.default, variable.value_type).is_some();
        if !fits {
            let why = "the value is not of the variable's type, or too long";
            findings.push(Finding::new(Code::BadField, format!("/vars/{place}/default")).with("why", why));
        }
    }
    Some(envelope)
}

fn read_nodes(nodes: Option<Json>, findings: &mut Vec<Finding>) -> BTreeMap<Name, Node> {
    let mut read = BTreeMap::new();
    let nodes = match nodes {
        Some(Json::Object(nodes)) if nodes.len() <= NODES_MAX => nodes,
        Some(Json::Object(nodes)) => {
            let why = format!("it has {} nodes, at most {NODES_MAX} are allowed; use sub-flows", nodes.len());
            findings.push(Finding::new(Code::BadField, "/nodes").with("why", why));
            return read;
        }
        Some(_) | None => {
            let why = "the nodes are an object, each under its id";
            findings.push(Finding::new(Code::BadField, "/nodes").with("why", why));
            return read;
        }
    };
    for (id, node) in nodes {
        let pointer = format!("/nodes/{}", escape(&id));
        let Some(name) = Name::read(&id) else {
            findings.push(Finding::new(Code::BadId, pointer).with("id", &id));
            continue;
        };
        let Json::Object(fields) = node else {
            findings.push(Finding::new(Code::BadField, pointer).with("why", "a node is an object"));
            continue;
        };
        let kind = fields.get("kind").map(Json::to_string).unwrap_or_default();
        match Node::read(fields) {
            Ok(node) => drop(read.insert(name, node)),
            Err(NodeError::UnknownKind) => {
                let finding = Finding::new(Code::UnknownKind, format!("{pointer}/kind"));
                findings
                    .push(finding.with("kind", kind.trim_matches('"')).with("kinds", Kind::NAMES.join(", ")));
            }
            Err(NodeError::Field(error)) => findings.push(bad_field(&pointer, &error)),
        }
    }
    read
}

/// A field that serde refused. The smallest element that is wrong is the deepest one that exists: a field that is
/// missing points at what should have it.
fn bad_field(prefix: &str, error: &FieldError) -> Finding {
    let pointer = format!("{prefix}{}", pointer(error.path()));
    let why = error.inner().to_string();
    let is_name = pointer.starts_with("/vars/") && pointer.ends_with("/name");
    if is_name {
        return Finding::new(Code::BadId, pointer).with("id", why);
    }
    let is_unknown = why.starts_with("unknown field");
    let finding = Finding::new(Code::BadField, pointer.clone()).with("why", why);
    if is_unknown { finding.mended_by(Patch::Remove { path: pointer }) } else { finding }
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
