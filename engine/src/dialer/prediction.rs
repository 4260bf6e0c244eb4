//! The forecast of one predictive campaign, kept from look to look.

use super::compliance::PaceLaw;
use super::predictive::{Explanation, Pacer, Target};
use crate::model::{CampaignSettings, DialMode, Timestamp};
use crate::outbound::predicting::Ended;

/// A pacer at work.
#[derive(Debug)]
pub(crate) struct Prediction {
    pub(crate) pacer: Box<Pacer>,
    /// Whether it has neither dialled nor recalled anything.
    pub(crate) is_new: bool,
    /// When it was last asked.
    pub(crate) looked_at: Timestamp,
    /// What it said.
    pub(crate) why: Option<Explanation>,
}

impl Prediction {
    /// One that knows nothing yet, if the campaign is predictive.
    pub(crate) fn of(settings: &CampaignSettings, law: PaceLaw, now: Timestamp) -> Option<Self> {
        let target = target(settings, law)?;
        Some(Self { pacer: Box::new(Pacer::new(target)), is_new: true, looked_at: now, why: None })
    }

    /// Goes on under changed settings or another law: what was learnt stays, as long as the campaign stays predictive.
    pub(crate) fn under(
        earlier: Option<Self>,
        settings: &CampaignSettings,
        law: PaceLaw,
        now: Timestamp,
    ) -> Option<Self> {
        let target = target(settings, law)?;
        match earlier {
            Some(mut prediction) => {
                prediction.pacer.set_target(target);
                Some(prediction)
            }
            None => Self::of(settings, law, now),
        }
    }

    pub(crate) fn learn(&mut self, ended: Ended) {
        match ended {
            Ended::Dial { rang, odds, end } => self.pacer.dial_ended(rang.as_secs_f64(), odds, end),
            Ended::Wait { waited } => self.pacer.agent_waited(waited.as_secs_f64()),
            Ended::Conversation { person, talked, wrapped } => {
                self.pacer.conversation_ended(person, talked.as_secs_f64(), wrapped.as_secs_f64());
            }
        }
    }
}

/// A campaign aims below its own limits and those of the law, whatever it asks for.
fn target(settings: &CampaignSettings, law: PaceLaw) -> Option<Target> {
    match settings.mode {
        DialMode::Predictive { target_drop_rate, target_wait, .. } => {
            let day = settings.drop_limit.min(law.day_max);
            let lawful = Target::within(day, settings.drop_limit_month.min(law.month_max));
            let wait = target_wait.map(|millis| f64::from(millis) / 1e3);
            Some(Target { aim: target_drop_rate.clamp(0.0, lawful.aim), wait, ..lawful })
        }
        DialMode::Manual | DialMode::Power { .. } | DialMode::Preview | DialMode::Progressive => None,
    }
}
