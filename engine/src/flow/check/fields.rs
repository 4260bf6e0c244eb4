//! Does each node make sense by itself?

use std::collections::BTreeSet;

use serde_json::json;

use super::pointer;
use crate::flow::document::{Flow, FlowKind};
use crate::flow::finding::{Code, Finding, Patch};
use crate::flow::name::Name;
use crate::flow::node::Kind;
use crate::flow::nodes::{
    Collect, Consent, Destination, Dial, LEAVING, MUSIC, Menu, Recording, RecordingAction, Return, Split,
    Voicemail,
};
use crate::flow::scope::BUILT_IN;
use crate::flow::sip_address::SipAddress;

/// More choices than these are not remembered (G. A. Miller, 1956, gave seven to the eye; the ear has fewer).
const CHOICES_MAX: usize = 5;

pub(super) fn check(flow: &Flow) -> Vec<Finding> {
    let mut findings = Vec::new();
    variables(flow, &mut findings);
    for (id, node) in &flow.nodes {
        let place = pointer(id);
        if !node.kind.belongs_in(flow.envelope.kind) {
            let finding = Finding::new(Code::UnknownKind, format!("{place}/kind"));
            let finding = finding.with("kind", node.kind.name()).with("kinds", kinds_of(flow));
            findings.push(match flow.envelope.kind {
                FlowKind::QueueWait => finding.mended_by(leave_queue(&place)),
                FlowKind::Ivr | FlowKind::Script | FlowKind::Subflow => finding,
            });
        }
        match &node.kind {
            Kind::Branch(branch) | Kind::Rule(branch) => {
                let ids = branch.cases.iter().map(|case| &case.id);
                twice(ids, &["else", "error"], |number| format!("{place}/cases/{number}/id"), &mut findings);
            }
            Kind::Collect(collect) => terminator(&place, collect, &mut findings),
            Kind::Dial(dial) => address(&place, dial, &mut findings),
            Kind::Http(http) if http.while_playing.is_none() => {
                findings.push(Finding::new(Code::SilentHttp, place));
            }
            Kind::Menu(menu) => keys(&place, menu, &mut findings),
            Kind::Recording(recording) => consent(&place, recording, &mut findings),
            Kind::Return(back) if flow.envelope.kind == FlowKind::QueueWait => {
                back_to_queue(&place, back, &mut findings);
            }
            Kind::Split(split) => shares(&place, split, &mut findings),
            Kind::Survey(survey) => {
                let ids = survey.questions.iter().map(|question| &question.id);
                twice(ids, &[], |number| format!("{place}/questions/{number}/id"), &mut findings);
            }
            Kind::Voicemail(voicemail) => told(&place, voicemail, &mut findings),
            _ => {}
        }
    }
    findings
}

/// The kinds that flows of this kind may have.
fn kinds_of(flow: &Flow) -> &'static str {
    match flow.envelope.kind {
        FlowKind::Script => "page, text, choice, level, field, appointment, rule, outcome",
        FlowKind::QueueWait => {
            "play, menu, collect, language, hours, caller, split, return, branch, goto, http, lookup, set, tag"
        }
        FlowKind::Ivr | FlowKind::Subflow => "all but those of scripts",
    }
}

/// What needs a call to itself is done by the flow that has the queue, once the caller has left it.
fn leave_queue(node: &str) -> Patch {
    Patch::Replace { path: node.to_owned(), value: json!({ "kind": "return", "name": LEAVING[0] }) }
}

/// A wait flow ends with the music, or by a way out of the queue.
fn back_to_queue(node: &str, back: &Return, findings: &mut Vec<Finding>) {
    let name = back.name.as_str();
    if name != MUSIC && !LEAVING.contains(&name) {
        let why = format!("a wait flow returns `{}` or `{MUSIC}`", LEAVING.join("`, `"));
        let place = format!("{node}/name");
        let finding = Finding::new(Code::BadField, &place).with("why", why);
        findings.push(finding.mended_by(Patch::Replace { path: place, value: json!(MUSIC) }));
    }
}

/// Messages are sent to addresses; who has the mailbox sees them anyway.
fn told(node: &str, voicemail: &Voicemail, findings: &mut Vec<Finding>) {
    for (number, address) in voicemail.notify.iter().enumerate() {
        let mut parts = address.split('@');
        let is_part = |part: Option<&str>| part.is_some_and(|part| !part.is_empty() && !part.contains(' '));
        if !(is_part(parts.next()) && is_part(parts.next()) && parts.next().is_none()) {
            let place = format!("{node}/notify/{number}");
            let why = "messages are sent to e-mail addresses";
            let finding = Finding::new(Code::BadField, &place).with("why", why);
            findings.push(finding.mended_by(Patch::Remove { path: place }));
        }
    }
}

fn variables(flow: &Flow, findings: &mut Vec<Finding>) {
    let names = flow.envelope.vars.iter().map(|variable| &variable.name);
    twice(names, &BUILT_IN, |number| format!("/vars/{number}/name"), findings);
}

/// Names that are taken by others before them, or by the format itself.
fn twice<'a>(
    names: impl Iterator<Item = &'a Name>,
    taken: &[&str],
    place: impl Fn(usize) -> String,
    findings: &mut Vec<Finding>,
) {
    let mut seen: BTreeSet<&str> = taken.iter().copied().collect();
    for (number, name) in names.enumerate() {
        if !seen.insert(name.as_str()) {
            findings.push(Finding::new(Code::BadId, place(number)).with("id", name));
        }
    }
}

fn keys(node: &str, menu: &Menu, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for (number, key) in menu.keys.iter().enumerate() {
        if !seen.insert(key) {
            let place = format!("{node}/keys/{number}");
            let finding = Finding::new(Code::KeyConflict, &place).with("key", key);
            findings.push(finding.mended_by(Patch::Remove { path: place }));
        }
    }
    if menu.keys.is_empty() {
        let why = "a menu has at least one key";
        findings.push(Finding::new(Code::BadField, format!("{node}/keys")).with("why", why));
    }
    if seen.len() > CHOICES_MAX {
        let finding = Finding::new(Code::ManyChoices, format!("{node}/keys"));
        findings.push(finding.with("count", seen.len()).with("limit", CHOICES_MAX));
    }
}

/// A digit that ends the input cannot be part of it.
fn terminator(node: &str, collect: &Collect, findings: &mut Vec<Finding>) {
    if let Some(end) = collect.end.filter(|end| end.digit().is_some()) {
        let place = format!("{node}/end");
        let finding = Finding::new(Code::KeyConflict, &place).with("key", end);
        findings.push(finding.mended_by(Patch::Replace { path: place, value: json!("#") }));
    }
    if let (Some(min), Some(max)) = (collect.min, collect.max)
        && min.number() > max.number()
    {
        let why = format!("it is more than `max`, which is {}", max.number());
        findings.push(Finding::new(Code::BadField, format!("{node}/min")).with("why", why));
    }
}

/// An address of SIP leads through a trunk of the house.
fn address(node: &str, dial: &Dial, findings: &mut Vec<Finding>) {
    if let Destination::Sip(address) = &dial.to
        && address.error().is_none()
        && let Err(why) = SipAddress::trunk_of(address)
    {
        findings.push(Finding::new(Code::BadField, format!("{node}/to/sip")).with("why", why));
    }
}

fn consent(node: &str, recording: &Recording, findings: &mut Vec<Finding>) {
    if recording.action == RecordingAction::Start && recording.consent == Consent::None {
        let place = format!("{node}/consent");
        let finding = Finding::new(Code::UnannouncedRecording, &place);
        findings.push(finding.mended_by(Patch::Add { path: place, value: json!("announced") }));
    }
}

fn shares(node: &str, split: &Split, findings: &mut Vec<Finding>) {
    let sum: u32 = split.weights.values().map(|share| share.number()).sum();
    if sum != 100 {
        let why = format!("the shares are {sum} % together, not 100 %");
        findings.push(Finding::new(Code::BadField, format!("{node}/weights")).with("why", why));
    }
}
