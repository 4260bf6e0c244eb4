//! May this person be called?

use super::number::Number;
use super::pack::Rule;
use super::schedule::Schedule;
use super::situation::Situation;
use super::{Callee, Decision, Intent, Pack, PastAttempt, Reason, Registers, Whereabouts};
use crate::model::{Timestamp, Zone};

/// Whether the law lets a person be called at an instant.
///
/// `history` holds the attempts on this person, over all numbers, campaigns and subcontractors. The same arguments
/// give the same decision: nothing else is looked at.
pub fn may_dial<'p>(
    callee: &Callee,
    intent: &Intent,
    now: Timestamp,
    history: &[PastAttempt],
    registers: &Registers,
    packs: &'p [Pack],
) -> Decision<'p> {
    let situation = Situation::new(callee, intent, now, history, registers);
    let number = Number::read(&callee.number);
    let country = number.ok().and_then(|number| number.country);
    let candidates: Vec<&'p Pack> = packs.iter().filter(|pack| pack.is_for(&situation, country)).collect();
    let in_force = || candidates.iter().copied().filter(|pack| pack.is_in_force(now));

    let denied = match place(&situation, number, &candidates) {
        Err(reason) => Some((reason, Pack::CORE, None)),
        Ok(zones) => {
            let schedule = Schedule { situation: &situation, packs: &candidates, zones: &zones };
            data_denial(&situation, in_force()).map(|(reason, rule_id)| (reason, rule_id, None)).or_else(
                || {
                    let denial = schedule.denial(now)?;
                    Some((denial.reason, denial.rule_id, schedule.opening(denial)))
                },
            )
        }
    };
    let packs: Vec<&'p Pack> = in_force().collect();
    match denied {
        Some((reason, rule_id, until)) => Decision::Deny { reason, rule_id, until, packs },
        None => Decision::Allow { obligations: obligations(&packs), packs },
    }
}

/// How many attempts each cap counts for a call, and how many it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapCount {
    /// The pack.
    pub pack: String,
    /// The rule as the pack names it.
    pub rule_id: String,
    /// How many attempts count.
    pub counted: usize,
    /// How many may be made.
    pub max: usize,
}

/// The caps that bind a call, with what they count.
pub(super) fn caps(situation: &Situation<'_>, packs: &[Pack]) -> Vec<CapCount> {
    let number = Number::read(&situation.callee.number);
    let country = number.ok().and_then(|number| number.country);
    let candidates: Vec<&Pack> = packs.iter().filter(|pack| pack.is_for(situation, country)).collect();
    let Ok(zones) = place(situation, number, &candidates) else {
        return Vec::new();
    };
    let schedule = Schedule { situation, packs: &candidates, zones: &zones };
    let binding = candidates.iter().filter(|pack| pack.is_in_force(situation.now));
    let binding = binding.filter(|pack| pack.binds(Rule::Frequency, situation));
    let counts = binding.filter_map(|pack| {
        let cap = pack.rules.freq.as_ref()?;
        let (counted, max) = cap.counted(situation, schedule.day_zones(pack), situation.now);
        let rule_id = pack.rule_id(Rule::Frequency).to_owned();
        Some(CapCount { pack: pack.id().to_owned(), rule_id, counted, max })
    });
    counts.collect()
}

/// The zones in which the person may be, if number, country and zones are known.
fn place<'a>(
    situation: &Situation<'a>,
    number: Result<Number<'_>, Reason>,
    candidates: &[&'a Pack],
) -> Result<Vec<&'a Zone>, Reason> {
    let number = number?;
    let in_force = || candidates.iter().copied().filter(|pack| pack.is_in_force(situation.now));
    let is_ruled = |country: &str| in_force().any(|pack| pack.is_for_country(country));
    let countries_are_ruled =
        number.country.is_some_and(is_ruled) && situation.callee.country.as_deref().is_none_or(is_ruled);
    if !countries_are_ruled {
        return Err(Reason::NoRulePack);
    }
    match &situation.callee.whereabouts {
        Whereabouts::Known(zones) => Ok(zones.iter().collect()),
        Whereabouts::FromNumber => zones_of_number(&number, in_force()).ok_or(Reason::TzUnknown),
        Whereabouts::Unknown => Err(Reason::TzUnknown),
    }
}

/// The zones that the packs of the number's country tell of it, each once.
///
/// A pack that cannot tell makes the zone unknown whatever the others say, or a pack could be added that allows more.
fn zones_of_number<'p>(number: &Number<'_>, packs: impl Iterator<Item = &'p Pack>) -> Option<Vec<&'p Zone>> {
    let mut zones: Vec<&Zone> = Vec::new();
    for pack in packs.filter(|pack| number.country.is_some_and(|country| pack.is_for_country(country))) {
        let zone = pack.zone_of(number)?;
        if !zones.contains(&zone) {
            zones.push(zone);
        }
    }
    Some(zones)
}

/// The first reason, in order, that time does not cure, with the rule that gives it.
fn data_denial<'p>(
    situation: &Situation<'_>,
    packs: impl Iterator<Item = &'p Pack>,
) -> Option<(Reason, &'p str)> {
    if situation.callee.erased {
        return Some((Reason::Erased, Pack::CORE));
    }
    if situation.registers.internal.iter().any(|entry| entry.forbids(situation)) {
        return Some((Reason::InternalDnc, Pack::CORE));
    }
    let denials = packs.filter_map(|pack| {
        let (reason, rule) = pack_denial(pack, situation)?;
        Some((reason, pack.rule_id(rule)))
    });
    denials
        .min_by_key(|(reason, _)| *reason)
        .or_else(|| situation.is_busy().then_some((Reason::LeadBusy, Pack::CORE)))
}

/// The first reason, in order, of one pack that time does not cure.
fn pack_denial(pack: &Pack, situation: &Situation<'_>) -> Option<(Reason, Rule)> {
    const RULES: [Rule; 5] =
        [Rule::SectorBan, Rule::Consent, Rule::Register, Rule::Reassigned, Rule::CallerId];
    RULES
        .into_iter()
        .filter(|rule| pack.binds(*rule, situation))
        .find_map(|rule| Some((rule_denial(pack, rule, situation)?, rule)))
}

fn rule_denial(pack: &Pack, rule: Rule, situation: &Situation<'_>) -> Option<Reason> {
    let (callee, intent, rules) = (situation.callee, situation.intent, &pack.rules);
    let asked_for = || situation.is_asked_for(situation.now);
    match rule {
        Rule::SectorBan => {
            let is_banned = intent.sector.as_ref().is_some_and(|sector| rules.sector_bans.contains(sector));
            (is_banned && !callee.has_related_contract(&intent.seller)).then_some(Reason::SectorBanned)
        }
        Rule::Consent | Rule::Register if asked_for() => None,
        Rule::Consent => rules.consent.as_ref()?.denial(situation),
        Rule::Register => rules.register.as_ref()?.denial(situation),
        Rule::Reassigned => {
            let is_reassigned = callee.rnd.is_some_and(|answer| answer.is_reassigned());
            (rules.reassigned && is_reassigned).then_some(Reason::Reassigned)
        }
        Rule::CallerId => rules.cli.as_ref()?.denial(intent),
        Rule::AbandonCoolOff | Rule::Frequency | Rule::Refusal | Rule::Windows => None,
    }
}

/// What the packs ask of an allowed call, each thing once.
pub(super) fn obligations(packs: &[&Pack]) -> Vec<super::Obligation> {
    let mut all = Vec::new();
    for obligation in packs.iter().flat_map(|pack| pack.obligations()) {
        if !all.contains(&obligation) {
            all.push(obligation);
        }
    }
    all
}
