//! Is there a circle in which nobody is waited for?

use std::collections::BTreeMap;

use super::wires::Graph;
use crate::flow::finding::{Code, Finding};
use crate::flow::name::Name;

/// What is known of a node on the way through the graph.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// It is on the way that is being walked.
    OnTheWay,
    /// Everything behind it has been walked.
    Done,
}

/// Every wire that closes a circle of nodes of which none waits. A circle through the default for errors is left to
/// the limits of a call, since every node could be part of one.
pub(super) fn check(graph: &Graph<'_>) -> Vec<Finding> {
    let mut marks = BTreeMap::new();
    let mut findings = Vec::new();
    for start in graph.entries.iter().copied().chain(graph.nodes.keys()) {
        if !marks.contains_key(start) && is_restless(graph, start) {
            walk(graph, start, &mut marks, &mut findings);
        }
    }
    findings
}

/// Walks on from one node, without recursion: a circle can be as long as the document.
fn walk<'a>(
    graph: &Graph<'a>,
    start: &'a Name,
    marks: &mut BTreeMap<&'a Name, Mark>,
    findings: &mut Vec<Finding>,
) {
    let mut way = vec![(start, 0)];
    marks.insert(start, Mark::OnTheWay);
    while let Some((id, taken)) = way.last_mut() {
        let wires = graph.wires.get(*id).map(Vec::as_slice).unwrap_or_default();
        let Some(wire) = wires.get(*taken) else {
            marks.insert(*id, Mark::Done);
            way.pop();
            continue;
        };
        *taken += 1;
        let Some(place) = &wire.place else { continue };
        match marks.get(wire.to) {
            Some(Mark::OnTheWay) => {
                findings.push(Finding::new(Code::UnboundedLoop, place).with("target", wire.to));
            }
            Some(Mark::Done) => {}
            None if is_restless(graph, wire.to) => {
                marks.insert(wire.to, Mark::OnTheWay);
                way.push((wire.to, 0));
            }
            None => {}
        }
    }
}

fn is_restless(graph: &Graph<'_>, id: &Name) -> bool {
    graph.nodes.get(id).is_some_and(|node| !node.kind.waits())
}
