//! How well answering machine detection does, by the word of agents.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use cadran_engine::dialer::share::Share;
use cadran_engine::model::{CampaignId, CampaignSettings, Disposition, ListId, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::error::Error;
use super::extract::{Json, Path};
use crate::store::ScreenedCalls;

/// What answering machine detection said of a campaign's calls, and how often agents found otherwise.
///
/// Agents say so by a disposition that is marked `machine`. Where a campaign has none, and of calls that no agent had,
/// nothing is known: the shares are of nothing, and have no rate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningReport)]
pub(super) struct ScreeningBody {
    #[serde(flatten)]
    all: Figures,
    /// The same for each list that has such calls.
    lists: Vec<ListFigures>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningReportOfList)]
struct ListFigures {
    list: ListId,
    #[serde(flatten)]
    figures: Figures,
}

/// Counts of verdicts, and of those that agents found wrong.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ScreeningFigures)]
struct Figures {
    /// Calls that were taken for machines.
    machine: u64,
    /// Calls that were taken for people.
    person: u64,
    /// Calls that could not be told apart, and were treated as people.
    unsure: u64,
    /// People among the calls that were taken for machines and given to an agent all the same (`sample`).
    people_taken_for_machines: ShareBody,
    /// Machines among the calls that reached an agent as people.
    machines_taken_for_people: ShareBody,
}

/// So many of so many, with the bounds between which the true share lies in 95 of 100 cases.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = CountedShare)]
struct ShareBody {
    found: u64,
    /// Calls that an agent gave a disposition.
    of: u64,
    /// Between 0 and 1; none where nothing is known.
    rate: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

impl ShareBody {
    fn of(share: Share) -> Self {
        let (low, high) = share.interval().unzip();
        Self { found: share.found, of: share.of, rate: share.rate(), low, high }
    }
}

/// How well answering machine detection does.
#[utoipa::path(get, path = "/api/campaigns/{campaign}/screening", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = ScreeningBody)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Json<ScreeningBody>, Error> {
    let campaign = app.store.campaign(id).await?.ok_or_else(|| Error::not_found("campaign", id))?.value;
    let calls = app.store.screened_calls(id).await?;
    let CampaignSettings { disposition_group, dispositions, .. } = campaign.settings;
    let dispositions = app.store.dispositions_that_count(disposition_group, dispositions).await?;
    let machine_codes = machine_codes(&dispositions);
    let mut lists: BTreeMap<ListId, Vec<&ScreenedCalls>> = BTreeMap::new();
    for counted in &calls {
        lists.entry(counted.list).or_default().push(counted);
    }
    Ok(Json(ScreeningBody {
        all: figures(calls.iter(), &machine_codes),
        lists: lists
            .into_iter()
            .map(|(list, calls)| ListFigures { list, figures: figures(calls.into_iter(), &machine_codes) })
            .collect(),
    }))
}

/// The dispositions by which an agent says that a machine was on the line.
fn machine_codes(dispositions: &[Disposition]) -> BTreeSet<&str> {
    let marked = dispositions.iter().filter(|disposition| disposition.machine);
    marked.map(|disposition| disposition.code.as_str()).collect()
}

fn figures<'a>(
    calls: impl Iterator<Item = &'a ScreenedCalls> + Clone,
    machine_codes: &BTreeSet<&str>,
) -> Figures {
    let count = |verdict: Verdict| -> u64 {
        calls.clone().filter(|counted| counted.verdict == verdict).map(|counted| counted.calls).sum()
    };
    let wrong = |as_machine: bool| {
        let judged = calls.clone().filter(|counted| (counted.verdict == Verdict::Machine) == as_machine);
        let mut share = Share::default();
        for (counted, code) in judged.filter_map(|counted| Some((counted, counted.code.as_deref()?))) {
            let is_machine = machine_codes.contains(code);
            share.of += counted.calls;
            share.found += if is_machine == as_machine { 0 } else { counted.calls };
        }
        let anybody_could_say = !machine_codes.is_empty();
        ShareBody::of(if anybody_could_say { share } else { Share::default() })
    };
    Figures {
        machine: count(Verdict::Machine),
        person: count(Verdict::Person),
        unsure: count(Verdict::Unsure),
        people_taken_for_machines: wrong(true),
        machines_taken_for_people: wrong(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(verdict: Verdict, code: Option<&str>, calls: u64) -> ScreenedCalls {
        ScreenedCalls { list: ListId::from_i64(1), verdict, code: code.map(str::to_owned), calls }
    }

    #[test]
    fn errors_are_counted_where_an_agent_could_tell() {
        let calls = [
            counted(Verdict::Machine, None, 90),
            counted(Verdict::Machine, Some("machine"), 8),
            counted(Verdict::Machine, Some("sale"), 2),
            counted(Verdict::Person, Some("refusal"), 45),
            counted(Verdict::Unsure, Some("machine"), 5),
            counted(Verdict::Unsure, None, 7),
        ];
        let told = figures(calls.iter(), &["machine"].into());
        assert_eq!((told.machine, told.person, told.unsure), (100, 45, 12));
        let share = |body: &ShareBody| (body.found, body.of, body.rate);
        assert_eq!(share(&told.people_taken_for_machines), (2, 10, Some(0.2)));
        assert_eq!(share(&told.machines_taken_for_people), (5, 50, Some(0.1)));
        assert!(told.people_taken_for_machines.high > Some(0.5), "ten calls say little");
    }

    #[test]
    fn without_a_word_for_machines_nothing_is_known() {
        let told = figures([counted(Verdict::Person, Some("sale"), 9)].iter(), &BTreeSet::new());
        assert_eq!((told.machines_taken_for_people.of, told.machines_taken_for_people.rate), (0, None));
    }
}
