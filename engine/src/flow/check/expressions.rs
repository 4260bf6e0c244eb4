//! Can every expression be read, and is every variable set before?

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use serde_json::json;

use super::pointer;
use super::wires::Graph;
use crate::flow::document::{Flow, FlowKind};
use crate::flow::expression::{Expression, ExpressionError};
use crate::flow::facets::{Facet, facets};
use crate::flow::finding::{Code, Finding, Patch};
use crate::flow::name::Name;
use crate::flow::scope::{BUILT_IN, INPUT};
use crate::flow::template::Template;
use crate::flow::value::ValueType;

/// What a node does with variables, in order.
enum Use<'a> {
    /// An expression at this place reads these.
    Read(String, Vec<String>),
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
                    for name in names.iter().filter(|name| !set.contains(name.as_str())) {
                        if told.insert((place.clone(), name.clone())) {
                            findings.push(unset(flow, place, name));
                        }
                    }
                }
            }
        }
    }
    findings
}

/// The uses of variables in one node. Expressions that cannot be read are told.
fn uses<'a>(id: &'a Name, node: &'a crate::flow::node::Node, findings: &mut Vec<Finding>) -> Vec<Use<'a>> {
    let mut uses = Vec::new();
    for (place, facet) in facets(&node.kind) {
        let place = format!("{}{place}", pointer(id));
        let read = match facet {
            Facet::Expression(source) => Expression::compile(source).map(|read| names(&[&read])),
            Facet::InputCheck(source) => Expression::compile(source).map(|read| {
                let mut names = names(&[&read]);
                names.retain(|name| name != INPUT);
                names
            }),
            Facet::Template(text) => {
                Template::compile(text).map(|read| names(&read.expressions().collect::<Vec<_>>()))
            }
            Facet::Pattern(pattern) => match Regex::new(pattern) {
                Ok(_) => continue,
                Err(error) => Err(ExpressionError::Syntax(error.to_string())),
            },
            Facet::Write(name) => {
                uses.push(Use::Write(name));
                continue;
            }
            Facet::Locale(_) | Facet::Prompt { .. } | Facet::Reference(..) | Facet::Texts(_) => continue,
        };
        match read {
            Ok(names) if names.is_empty() => {}
            Ok(names) => uses.push(Use::Read(place, names)),
            Err(error) => findings.push(Finding::new(Code::BadExpression, place).with("why", error)),
        }
    }
    uses
}

fn names(expressions: &[&Expression]) -> Vec<String> {
    let all = expressions.iter().flat_map(|expression| expression.reads());
    all.filter(|name| !BUILT_IN.contains(name)).map(str::to_owned).collect()
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
        Some((place, variable)) => (format!("/vars/{place}/default"), neutral(variable.value_type)),
        None => ("/vars/-".to_owned(), Some(json!({"name": name, "type": "string", "default": ""}))),
    };
    match value {
        Some(value) => finding.mended_by(Patch::Add { path, value }),
        None => finding,
    }
}

/// A value that says nothing.
fn neutral(value_type: ValueType) -> Option<serde_json::Value> {
    Some(match value_type {
        ValueType::Bool => json!(false),
        // No day says nothing.
        ValueType::Date => return None,
        ValueType::Int | ValueType::Number => json!(0),
        ValueType::List => json!([]),
        ValueType::String => json!(""),
    })
}
