//! Flows made ready to be run: names become places, so that a step looks nothing up by name.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Envelope, Flow};
use super::facets::{Facet, facets};
use super::name::Name;
use super::node::{ERROR, Kind, Node};
use super::nodes::Revision;
use super::value::{Value, ValueType};

/// A flow made ready to be run.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) envelope: Envelope,
    pub(super) nodes: Vec<PreparedNode>,
    pub(super) start: Option<usize>,
    pub(super) on_error: Option<usize>,
    pub(super) on_hangup: Option<usize>,
    /// The variables, by name.
    pub(super) slots: Vec<Slot>,
}

/// A node whose ways out are known.
#[derive(Clone, Debug)]
pub(super) struct PreparedNode {
    pub(super) id: Name,
    pub(super) kind: Kind,
    /// Where each outlet leads.
    pub(super) exits: Vec<(String, usize)>,
}

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) name: Name,
    /// What it may hold. `None`: anything, because it was never declared.
    pub(super) value_type: Option<ValueType>,
    /// What it holds at the beginning.
    pub(super) initial: Option<Value>,
    /// Whether it is shown nowhere.
    pub(super) is_secret: bool,
}

impl Prepared {
    /// Makes a flow ready. What is wrong with it is not looked for: a way that leads nowhere fails when it is taken.
    pub fn new(flow: Flow) -> Self {
        let slots = slots(&flow);
        let Flow { envelope, nodes } = flow;
        let places: BTreeMap<Name, usize> = nodes.keys().cloned().zip(0..).collect();
        let place = |target: &str| places.get(target).copied();
        let start = place(&envelope.start);
        let on_error = envelope.defaults.on_error.as_deref().and_then(place);
        let on_hangup = envelope.defaults.on_hangup.as_deref().and_then(place);
        let nodes = nodes.into_iter().map(|(id, Node { common, kind })| {
            let exits =
                common.next.into_iter().filter_map(|(outlet, target)| Some((outlet, place(&target)?)));
            PreparedNode { id, kind, exits: exits.collect() }
        });
        Self { nodes: nodes.collect(), start, on_error, on_hangup, slots, envelope }
    }

    /// The flow's id.
    pub fn id(&self) -> &str {
        &self.envelope.id
    }

    /// The flows that it calls or entertains with, each in the revision that it names.
    pub fn subflows(&self) -> Vec<(String, Revision)> {
        let called = self.nodes.iter().filter_map(|node| match &node.kind {
            Kind::Queue(queue) => Some((queue.wait_flow.clone()?, Revision::Live)),
            Kind::Subflow(subflow) => Some((subflow.flow.clone(), subflow.pin)),
            _ => None,
        });
        called.collect()
    }

    /// The place of a variable.
    pub(super) fn slot(&self, name: &str) -> Option<usize> {
        self.slots.binary_search_by(|slot| slot.name.as_str().cmp(name)).ok()
    }

    /// The node to which a name leads.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.id.as_str().cmp(name)).ok()
    }
}

impl PreparedNode {
    /// Where an outlet leads.
    pub(super) fn exit(&self, outlet: &str) -> Option<usize> {
        self.exits.iter().find(|(name, _)| name == outlet).map(|(_, place)| *place)
    }

    /// Whether its failures lead somewhere of their own.
    pub(super) fn error_exit(&self) -> Option<usize> {
        self.exit(ERROR)
    }
}

/// The variables of a flow: those that are declared, and those that are only set.
fn slots(flow: &Flow) -> Vec<Slot> {
    let mut slots = BTreeMap::new();
    for variable in &flow.envelope.vars {
        let initial = Value::from_json(&variable.default, variable.value_type);
        let slot = Slot {
            name: variable.name.clone(),
            value_type: Some(variable.value_type),
            initial: initial.or_else(|| variable.value_type.neutral()),
            is_secret: false,
        };
        slots.insert(variable.name.clone(), slot);
    }
    let mut secrets = BTreeSet::new();
    for node in flow.nodes.values() {
        for (_, facet) in facets(&node.kind) {
            let Facet::Write(name) = facet else { continue };
            slots.entry(name.clone()).or_insert_with(|| Slot {
                name: name.clone(),
                value_type: None,
                initial: None,
                is_secret: false,
            });
        }
        if let Kind::Collect(collect) = &node.kind
            && collect.secret
        {
            secrets.insert(&collect.var);
        }
    }
    for slot in slots.values_mut() {
        slot.is_secret = secrets.contains(&slot.name);
    }
    slots.into_values().collect()
}

/// The flows that a call can be in: its own and those that it calls, each in one revision, fixed when the call
/// begins.
#[derive(Clone, Debug)]
pub struct Library {
    flows: Vec<(Revision, Prepared)>,
}

impl Library {
    /// A library with the flow in which calls begin.
    pub fn new(main: Prepared) -> Self {
        Self { flows: vec![(Revision::Live, main)] }
    }

    /// Adds a flow that others call in this revision.
    pub fn add(&mut self, revision: Revision, flow: Prepared) {
        self.flows.push((revision, flow));
    }

    /// The flow at a place.
    pub(super) fn flow(&self, place: usize) -> Option<&Prepared> {
        self.flows.get(place).map(|(_, flow)| flow)
    }

    /// The flow at a place, with the revision that others name when they call it.
    pub(super) fn entry(&self, place: usize) -> Option<(Revision, &Prepared)> {
        self.flows.get(place).map(|(revision, flow)| (*revision, flow))
    }

    /// The place of a flow.
    pub(super) fn find(&self, id: &str, revision: Revision) -> Option<usize> {
        self.flows.iter().position(|(known, flow)| *known == revision && flow.id() == id)
    }
}
