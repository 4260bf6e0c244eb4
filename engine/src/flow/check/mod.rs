//! What is wrong with a flow, or may be.
//!
//! Each file asks one question of the whole document: `wires` (does every way lead somewhere?), `loops`,
//! `expressions` (can they be read, is everything set?), `prompts`, `references`, `secrets`, `fields`, and `tests` (do the
//! saved tests still pass?).

mod expressions;
mod fields;
mod loops;
mod prompts;
mod references;
mod secrets;
mod tests;
mod wires;

use super::document::Flow;
use super::facets::{Facet, facets};
use super::finding::{Finding, Severity};
use super::name::Name;
use super::node::Node;
use super::world::World;

/// All that a check finds in a text, in the order of its places. Parts that cannot be read come first: what they
/// mean to each other is only asked when all of them can be.
pub fn check_text(text: &str, world: Option<&World>) -> Vec<Finding> {
    match super::read(text) {
        Ok(flow) => check(&flow, world),
        Err(mut findings) => {
            findings.sort_by(|one, other| one.path.cmp(&other.path));
            findings
        }
    }
}

/// All that a check finds in a flow, in the order of its places. Without a world, what the flow refers to is not
/// looked for.
pub fn check(flow: &Flow, world: Option<&World>) -> Vec<Finding> {
    let nothing = World::default();
    let world = world.unwrap_or(&nothing);
    let graph = wires::Graph::of(flow);
    let mut findings = wires::check(flow, world, &graph);
    findings.extend(loops::check(&graph));
    findings.extend(expressions::check(flow, &graph));
    findings.extend(prompts::check(flow, world));
    findings.extend(references::check(flow, world));
    findings.extend(secrets::check(flow));
    findings.extend(fields::check(flow));
    if can_publish(&findings) {
        findings.extend(tests::check(flow, world));
    }
    findings.sort_by(|one, other| (&one.path, one.code).cmp(&(&other.path, other.code)));
    findings
}

/// Whether a flow with these findings can be published.
pub fn can_publish(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Error)
}

/// The pointer to a node.
fn pointer(id: &Name) -> String {
    format!("/nodes/{id}")
}

/// Every facet of every node, with its pointer.
fn all_facets(flow: &Flow) -> impl Iterator<Item = (String, Facet<'_>)> {
    flow.nodes.iter().flat_map(|(id, node): (&Name, &Node)| {
        facets(&node.kind).into_iter().map(move |(place, facet)| (format!("{}{place}", pointer(id)), facet))
    })
}
