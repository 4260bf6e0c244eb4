//! Do the saved tests still pass? They are only run when nothing else is wrong.

use crate::flow::document::Flow;
use crate::flow::finding::{Code, Finding, Patch};
use crate::flow::simulation::simulate;
use crate::flow::world::World;

pub(super) fn check(flow: &Flow, world: &World) -> Vec<Finding> {
    let Some(tests) = &world.tests else { return Vec::new() };
    if flow.envelope.tests.is_empty() {
        return Vec::new();
    }
    let library = world.library(flow.clone());
    let mut findings = Vec::new();
    for (place, id) in flow.envelope.tests.iter().enumerate() {
        let place = format!("/tests/{place}");
        match tests.get(id) {
            None => {
                let finding =
                    Finding::new(Code::UnknownReference, &place).with("noun", "test").with("id", id);
                findings.push(finding.mended_by(Patch::Remove { path: place }));
            }
            Some(test) => {
                let difference = test.expect.differs_from(&simulate(&library, world, &test.input));
                findings.extend(
                    difference
                        .map(|why| Finding::new(Code::TestFailed, place).with("test", id).with("why", why)),
                );
            }
        }
    }
    findings
}
