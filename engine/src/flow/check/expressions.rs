//! Can every expression be read, and is every variable set before?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::pointer;
use super::wires::Graph;
use crate::flow::document::{Flow, FlowKind};
use crate::flow::expression::Expression;
use crate::flow::facets::{Facet, facets};
use crate::flow::finding::{Code, Finding, Patch};
use crate::flow::name::Name;
use crate::flow::node::Node;
use crate::flow::scope::{BUILT_IN, INPUT};

/// What a node does with variables, in order.
enum Use<'a> {
    /// An expression at this place reads these.
    Read(String, Vec<&'a str>),
    /// It sets one.
    Write(&'a Name),
}

pub(super) fn check(flow: &Flow, graph: &Graph<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let uses: BTreeMap<&Name, Vec<Use<'_>>> =
        flow.nodes.iter().map(|(id, node)| (id, uses(id, node, &mut findings))).collect();
    let mut told = BTreeSet::new();
    for (id, mut set) in set_on_arrival(flow, graph, &uses) {
        for each in uses.get(id).into_iter().flatten() {
            match each {
                Use::Write(name) => drop(set.insert(name.as_str())),
                Use::Read(place, names) => {
                    for name in names.iter().filter(|name| !set.contains(**name)) {
                        if told.insert((place.clone(), *name)) {
                            findings.push(unset(flow, place, name));
                        }
                    }
                }
            }
        }
    }
    findings
}

/// The uses of variables in one node. Expressions that cannot be used are told.
fn uses<'a>(id: &'a Name, node: &'a Node, findings: &mut Vec<Finding>) -> Vec<Use<'a>> {
    let mut uses = Vec::new();
    for (place, facet) in facets(&node.kind) {
        let place = format!("{}{place}", pointer(id));
        let (error, reads): (_, Vec<&str>) = match facet {
            Facet::Expression(expression) => (to_text(expression.error()), expression.reads().collect()),
            Facet::InputCheck(expression) => {
                (to_text(expression.error()), expression.reads().filter(|name| *name != INPUT).collect())
            }
            Facet::Pattern(pattern) => (to_text(pattern.error()), Vec::new()),
            Facet::Template(template) => {
                (to_text(template.error()), template.expressions().flat_map(Expression::reads).collect())
            }
            Facet::Write(name) => {
                uses.push(Use::Write(name));
                continue;
            }
            Facet::Locale(_) | Facet::Prompt { .. } | Facet::Reference(..) | Facet::Texts(_) => continue,
        };
        let reads: Vec<&str> = reads.into_iter().filter(|name| !BUILT_IN.contains(name)).collect();
        if !reads.is_empty() {
            uses.push(Use::Read(place.clone(), reads));
        }
        findings.extend(error.map(|why| Finding::new(Code::BadExpression, place).with("why", why)));
    }
    uses
}

fn to_text(error: Option<impl ToString>) -> Option<String> {
    error.map(|error| error.to_string())
}

/// For each node that can be reached, the variables that some way to it may have set.
fn set_on_arrival<'a>(
    flow: &'a Flow,
    graph: &Graph<'a>,
    uses: &BTreeMap<&'a Name, Vec<Use<'a>>>,
) -> BTreeMap<&'a Name, BTreeSet<&'a str>> {
    // Whoever calls a sub-flow or opens a script fills its variables.
    let is_filled = matches!(flow.envelope.kind, FlowKind::Subflow | FlowKind::Script);
    let at_start: BTreeSet<&str> = flow
        .envelope
        .vars
        .iter()
        .filter(|variable| is_filled || !variable.default.is_null())
        .map(|variable| variable.name.as_str())
        .collect();
    let mut arrivals: BTreeMap<&Name, BTreeSet<&str>> = BTreeMap::new();
    let mut ahead: Vec<&Name> = Vec::new();
    for entry in &graph.entries {
        arrivals.insert(entry, at_start.clone());
        ahead.push(entry);
    }
    // A hang-up comes at any time, so any variable may be set by then.
    if let Some(on_hangup) = graph.entries.get(1) {
        let written = uses.values().flatten().filter_map(written);
        arrivals.entry(on_hangup).or_default().extend(written);
    }
    while let Some(id) = ahead.pop() {
        let mut leaving = arrivals.get(id).cloned().unwrap_or_default();
        leaving.extend(uses.get(id).into_iter().flatten().filter_map(written));
        for wire in graph.wires.get(id).into_iter().flatten() {
            let is_first_visit = !arrivals.contains_key(wire.to);
            let arriving = arrivals.entry(wire.to).or_default();
            let before = arriving.len();
            arriving.extend(leaving.iter().copied());
            if is_first_visit || arriving.len() > before {
                ahead.push(wire.to);
            }
        }
    }
    arrivals
}

fn written<'a>(each: &Use<'a>) -> Option<&'a str> {
    match each {
        Use::Write(name) => Some(name.as_str()),
        Use::Read(..) => None,
    }
}

fn unset(flow: &Flow, place: &str, name: &str) -> Finding {
    let finding = Finding::new(Code::UnsetVariable, place).with("var", name);
    let declared = flow.envelope.vars.iter().enumerate().find(|(_, variable)| variable.name.as_str() == name);
    let (path, value) = match declared {
        Some((place, variable)) => {
            (format!("/vars/{place}/default"), variable.value_type.neutral().map(|value| json!(value)))
        }
        None => ("/vars/-".to_owned(), Some(json!({"name": name, "type": "string", "default": ""}))),
    };
    match value {
        Some(value) => finding.mended_by(Patch::Add { path, value }),
        None => finding,
    }
}
