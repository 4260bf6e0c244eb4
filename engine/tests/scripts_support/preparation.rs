//! What a script says before its story begins.

use cadran_engine::model::{AgentsHear, Campaign, DialMode, ListeningPeriod, RecordingPolicy, RingMode};

use super::{Centre, START};
use crate::furniture::{NEXT_DOOR, lead, screening, seconds};

impl Centre {
    /// Who is there and what will happen to dials, before the story begins.
    pub(super) fn prepare(&mut self, words: &[&str]) {
        let campaign = &mut self.settings.campaigns[0];
        match words {
            ["lead", row, fates @ ..] => {
                let lead = lead(row.parse().unwrap());
                let fates = fates.chunks(2).map(|fate| (fate[0].to_owned(), seconds(fate[1])));
                self.fates.insert(lead.id, fates.collect());
                self.leads.insert(lead.id, lead.clone());
                self.waiting.push((START, lead));
            }
            ["power", ratio] => campaign.settings.mode = DialMode::Power { ratio: ratio.parse().unwrap() },
            ["screen", then @ ..] => campaign.settings.screening = screening(then),
            ["manual"] => campaign.settings.mode = DialMode::Manual,
            ["surplus", "goes", "next", "door"] => {
                campaign.settings.surplus_to = vec![NEXT_DOOR];
                let mut neighbour = Campaign { id: NEXT_DOOR, ..campaign.clone() };
                neighbour.settings.mode = DialMode::Progressive;
                self.settings.campaigns.push(neighbour);
            }
            ["preview"] => campaign.settings.mode = DialMode::Preview,
            ["tone"] => campaign.settings.supervision.agents_hear = AgentsHear::Tone,
            ["agents", "were", "told", "of", "listening", "from", from, "until", until] => {
                let at = |span| START + seconds(span);
                let period = ListeningPeriod { from: at(from), until: at(until) };
                campaign.settings.supervision.listening = Some(period);
            }
            ["record", "all"] => campaign.settings.recording = RecordingPolicy::All,
            ["law", "asks", obligation] => {
                self.obligations.push(serde_json::from_value((*obligation).into()).unwrap())
            }
            ["drop", "after", span] => campaign.settings.drop_after = seconds(span),
            ["ring", span] => campaign.settings.ring_timeout = seconds(span),
            ["limit", calls] => campaign.settings.limit.concurrent_calls = calls.parse().unwrap(),
            ["inbound", words @ ..] => self.prepare_inbound(words),
            ["per-call", row] => {
                self.settings.agents[row.parse::<usize>().unwrap() - 1].ring_mode = RingMode::PerCall
            }
            other => panic!("`{other:?}` prepares nothing"),
        }
    }
}
