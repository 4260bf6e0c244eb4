//! Is everything there that the flow refers to, and can calls that reach it be carried through it?

use super::{all_facets, pointer};
use crate::flow::document::Flow;
use crate::flow::facets::{Facet, Noun};
use crate::flow::finding::{Code, Finding, Patch};
use crate::flow::world::World;

pub(super) fn check(flow: &Flow, world: &World) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, facet) in all_facets(flow) {
        let Facet::Reference(noun, id) = facet else { continue };
        if noun == Noun::Flow && world.calls_back(id, &flow.envelope.id) {
            findings.push(Finding::new(Code::SubflowRecursion, &place).with("flow", id));
        } else if world.has(noun, id) == Some(false) {
            let mut finding = Finding::new(Code::UnknownReference, &place);
            match noun {
                Noun::Assistant => finding.msg_key = "finding.no_assistant".to_owned(),
                Noun::WaitFlow => finding.msg_key = "finding.no_wait_flow".to_owned(),
                Noun::Agent
                | Noun::Calendar
                | Noun::Flow
                | Noun::Mailbox
                | Noun::Queue
                | Noun::Secret
                | Noun::Trunk => {}
            }
            findings.push(finding.with("noun", noun.as_str()).with("id", id));
        } else if noun == Noun::Flow {
            findings.extend(world.drivers.iter().filter_map(|driver| {
                let beyond = world.beyond(*driver, id)?;
                let mut finding = Finding::new(Code::UnsupportedNode, &place);
                finding.msg_key = "finding.unsupported_in_flow".to_owned();
                let finding = finding.with("driver", driver.as_str()).with("kind", beyond.kind);
                Some(finding.with("flow", beyond.flow).with("node", beyond.node))
            }));
        }
    }
    for (id, node) in &flow.nodes {
        for driver in &world.drivers {
            if let Some(field) = driver.cannot(&node.kind) {
                let finding = Finding::new(Code::UnsupportedNode, format!("{}/{field}", pointer(id)));
                let finding = finding.with("driver", driver.as_str()).with("kind", node.kind.name());
                // What a node cannot do without is for people to mend.
                findings.push(match field {
                    "kind" | "source" => finding,
                    _ => {
                        let path = finding.path.clone();
                        finding.mended_by(Patch::Remove { path })
                    }
                });
            }
        }
    }
    findings
}
