//! Does every way lead somewhere, and is every node on a way?

use std::collections::{BTreeMap, BTreeSet};

use super::pointer;
use crate::flow::document::{Flow, FlowKind};
use crate::flow::finding::{Code, Finding, Patch, escape};
use crate::flow::name::Name;
use crate::flow::node::{ERROR, Kind, Node};
use crate::flow::read::no_start;
use crate::flow::world::World;

/// The outlets that a queue with an overflow does not need.
const QUEUE_LEADS_ON: [&str; 3] = ["timeout", "full", "no_agents"];

/// A way from one node to another.
pub(super) struct Wire<'a> {
    /// The node that it leads to.
    pub(super) to: &'a Name,
    /// Where it stands. `None`: it is the default for errors, written elsewhere.
    pub(super) place: Option<String>,
}

/// The nodes and the ways between them. Ways that lead nowhere are left out.
pub(super) struct Graph<'a> {
    /// Where calls begin, also after a hang-up.
    pub(super) entries: Vec<&'a Name>,
    /// The nodes by name.
    pub(super) nodes: &'a BTreeMap<Name, Node>,
    /// The ways that leave each node.
    pub(super) wires: BTreeMap<&'a Name, Vec<Wire<'a>>>,
}

impl<'a> Graph<'a> {
    pub(super) fn of(flow: &'a Flow) -> Self {
        let known = |target: &str| flow.nodes.get_key_value(target).map(|(name, _)| name);
        let on_error = flow.envelope.defaults.on_error.as_deref().and_then(known);
        let on_hangup = flow.envelope.defaults.on_hangup.as_deref().and_then(known);
        let wires = flow.nodes.iter().map(|(id, node)| {
            let mut wires: Vec<Wire<'a>> = targets(id, node)
                .filter_map(|(place, target)| Some(Wire { to: known(target)?, place: Some(place) }))
                .collect();
            if !node.common.next.contains_key(ERROR) {
                wires.extend(on_error.map(|to| Wire { to, place: None }));
            }
            (id, wires)
        });
        let entries = known(&flow.envelope.start).into_iter().chain(on_hangup).collect();
        Self { entries, nodes: &flow.nodes, wires: wires.collect() }
    }

    /// The nodes that a call can reach.
    pub(super) fn reachable(&self) -> BTreeSet<&'a Name> {
        let mut reached = BTreeSet::new();
        let mut ahead = self.entries.clone();
        while let Some(id) = ahead.pop() {
            if reached.insert(id) {
                ahead.extend(self.wires.get(id).into_iter().flatten().map(|wire| wire.to));
            }
        }
        reached
    }
}

/// The targets that a node names, with their places.
fn targets<'a>(id: &'a Name, node: &'a Node) -> impl Iterator<Item = (String, &'a str)> {
    let next = node.common.next.iter();
    let next =
        next.map(move |(outlet, to)| (format!("{}/next/{}", pointer(id), escape(outlet)), to.as_str()));
    let goto = match &node.kind {
        Kind::Goto(goto) => Some((format!("{}/node", pointer(id)), goto.node.as_str())),
        _ => None,
    };
    next.chain(goto)
}

pub(super) fn check(flow: &Flow, world: &World, graph: &Graph<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !flow.nodes.contains_key(flow.envelope.start.as_str()) {
        findings.push(no_start(flow.nodes.keys().next()).with("target", &flow.envelope.start));
    }
    dangling(flow, &mut findings);
    for (id, node) in &flow.nodes {
        outlets(flow, world, id, node, &mut findings);
    }
    // Without a start nothing is reached, which is said already.
    if graph.nodes.contains_key(flow.envelope.start.as_str()) {
        reach(flow, graph, &mut findings);
    }
    findings
}

fn reach(flow: &Flow, graph: &Graph<'_>, findings: &mut Vec<Finding>) {
    let reachable = graph.reachable();
    for id in flow.nodes.keys().filter(|id| !reachable.contains(id)) {
        let finding = Finding::new(Code::Unreachable, pointer(id));
        findings.push(finding.mended_by(Patch::Remove { path: pointer(id) }));
    }
    let leads_to_person = reachable.iter().any(|id| graph.nodes.get(*id).is_some_and(is_person));
    if flow.envelope.kind == FlowKind::Ivr && !leads_to_person {
        findings.push(Finding::new(Code::NoPerson, ""));
    }
}

fn dangling(flow: &Flow, findings: &mut Vec<Finding>) {
    let defaults = &flow.envelope.defaults;
    let of_defaults = [("on_error", &defaults.on_error), ("on_hangup", &defaults.on_hangup)];
    let of_defaults = of_defaults
        .into_iter()
        .filter_map(|(field, target)| Some((format!("/defaults/{field}"), target.as_deref()?)));
    let of_nodes = flow.nodes.iter().flat_map(|(id, node)| targets(id, node));
    for (place, target) in of_defaults.chain(of_nodes) {
        if flow.nodes.contains_key(target) {
            continue;
        }
        let finding = Finding::new(Code::DanglingTarget, place.clone()).with("target", target);
        findings.push(
            match defaults.on_error.as_deref().filter(|on_error| flow.nodes.contains_key(*on_error)) {
                Some(on_error) => finding.mended_by(Patch::Replace { path: place, value: on_error.into() }),
                None => finding,
            },
        );
    }
}

fn outlets(flow: &Flow, world: &World, id: &Name, node: &Node, findings: &mut Vec<Finding>) {
    let next = &node.common.next;
    let outlets = node.kind.outlets();
    let next_pointer = format!("{}/next", pointer(id));
    let may_be_open = |outlet: &str| QUEUE_LEADS_ON.contains(&outlet) && leads_on(&node.kind, world);
    let open: Vec<&str> = outlets
        .iter()
        .filter(|outlet| outlet.required)
        .map(|outlet| outlet.name.as_ref())
        .filter(|outlet| !next.contains_key(*outlet) && !may_be_open(outlet))
        .collect();
    if !open.is_empty() {
        let finding = Finding::new(Code::OpenOutlet, &next_pointer).with("outlets", open.join(", "));
        findings.push(close(finding, &next_pointer, &open, next.is_empty(), flow));
    }
    if matches!(node.kind, Kind::Subflow(_)) {
        return;
    }
    for name in next.keys().filter(|name| *name != ERROR) {
        if !outlets.iter().any(|outlet| outlet.name == name.as_str()) {
            let place = format!("{next_pointer}/{}", escape(name));
            let names: Vec<&str> = outlets.iter().map(|outlet| outlet.name.as_ref()).chain([ERROR]).collect();
            let finding = Finding::new(Code::UnknownOutlet, place.clone())
                .with("outlet", name)
                .with("outlets", names.join(", "));
            findings.push(finding.mended_by(Patch::Remove { path: place }));
        }
    }
}

/// Whether a queue knows itself where its callers go without an agent.
fn leads_on(kind: &Kind, world: &World) -> bool {
    matches!(kind, Kind::Queue(queue) if world.overflows.contains(&queue.queue))
}

/// Open outlets may lead where errors lead.
fn close(finding: Finding, next: &str, open: &[&str], has_no_next: bool, flow: &Flow) -> Finding {
    let Some(target) = &flow.envelope.defaults.on_error else { return finding };
    let finding = match has_no_next {
        true => finding.mended_by(Patch::Add { path: next.to_owned(), value: serde_json::json!({}) }),
        false => finding,
    };
    open.iter().fold(finding, |finding, outlet| {
        let path = format!("{next}/{}", escape(outlet));
        finding.mended_by(Patch::Add { path, value: target.as_str().into() })
    })
}

/// Whether a person is reached there, now or later. What another flow leads to is not known here.
fn is_person(node: &Node) -> bool {
    matches!(node.kind, Kind::Ai(_) | Kind::Callback(_) | Kind::Dial(_) | Kind::Queue(_) | Kind::Subflow(_))
}
