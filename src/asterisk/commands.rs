//! Commands of the engine as requests to Asterisk. The recorder has its own file.

use std::time::Duration;

use ari::{Client, HangupReason, Request};
use cadran_engine::command::{Destination, SwitchCommand, TurnAway};
use cadran_engine::input::{CommandFailure, LegPurpose};
use cadran_engine::model::{LegId, Phone};

use super::dispatch::Tools;
use super::ears::Opening;
use super::names::Names;
use super::resync::{PURPOSE_VARIABLE, purpose_text};
use super::saying;
use super::screening::{self, Hearing};

/// How often a command that may be repeated is sent when no answer comes.
const TRIES_MAX: u32 = 2;

/// How messages are recorded: 8,000 samples of 16 bits a second.
const MESSAGE_FORMAT: &str = "wav";

/// What bridges are: sound goes through Asterisk. Left to itself it has two legs exchange their RTP below the bridge, and
/// there a leg that was held stays silent (measured with 22.10.1: a caller joined out of music). Recordings rule that
/// shortcut out anyway.
const BRIDGE_TYPE: &str = "mixing,proxy_media";

/// Where an incoming call goes that we take no part in: `dialplan/extensions.conf` says there that nobody can answer.
const FALLBACK: (&str, &str) = ("inbound", "unavailable");

/// Carries out one command. Returns when Asterisk has taken it, or the reason why not.
pub(super) async fn carry_out(tools: &Tools, command: &SwitchCommand) -> Result<(), CommandFailure> {
    let Tools { client, app, names, recorder, ears, taps, callers, .. } = tools;
    match command {
        SwitchCommand::Originate { leg, to, caller_id, ring_timeout, purpose } => {
            let dial = Dial { leg: *leg, to, caller_id: *caller_id, ring_timeout: *ring_timeout, purpose };
            dial.carry_out(client, app, names).await
        }
        SwitchCommand::HangUp { leg } => {
            gone(client, ari::channels::Hangup::new(callers.channel(*leg))).await
        }
        SwitchCommand::OpenRoom { room } => open_bridge(client, names.bridge(*room)).await,
        SwitchCommand::Join { room, leg } => {
            let channels = vec![callers.channel(*leg)];
            sent(client, ari::bridges::AddChannel::new(names.bridge(*room), channels)).await
        }
        SwitchCommand::Leave { room, leg } => {
            let channels = vec![callers.channel(*leg)];
            out_of(client, ari::bridges::RemoveChannel::new(names.bridge(*room), channels)).await
        }
        SwitchCommand::StartMusic { room } => {
            sent(client, ari::bridges::StartMoh::new(names.bridge(*room))).await
        }
        SwitchCommand::CloseRoom { room } => {
            gone(client, ari::bridges::Destroy::new(names.bridge(*room))).await
        }
        SwitchCommand::OpenEar { ear, agent, customer, supervisor, room, whispers } => {
            let [agent, customer, supervisor] =
                [agent, customer, supervisor].map(|leg| callers.channel(*leg));
            let opening =
                Opening { ear: *ear, agent, customer, supervisor, room: *room, whispers: *whispers };
            ears.open(client, app, &opening).await
        }
        SwitchCommand::SetWhisper { ear, whispers } => ears.set_whisper(client, *ear, *whispers).await,
        SwitchCommand::CloseEar { ear } => ears.close(client, *ear).await,
        SwitchCommand::OpenTap { tap, customer, agent } => {
            taps.open(client, app, callers, *tap, [*customer, *agent]).await
        }
        SwitchCommand::CloseTap { tap } => taps.close(client, *tap).await,
        SwitchCommand::Play { leg, media } => {
            let media = vec![media.clone()];
            let play = ari::channels::PlayWithId::new(callers.channel(*leg), names.playback(*leg), media);
            sent(client, play).await
        }
        SwitchCommand::Ring { leg } => sent(client, ari::channels::Ring::new(callers.channel(*leg))).await,
        SwitchCommand::PickUp { leg } => {
            let answer = ari::channels::Answer::new(callers.channel(*leg));
            repeated(client, answer).await.map_err(|problem| failure(&problem))
        }
        SwitchCommand::Mark { leg, purpose } => {
            let mark = ari::channels::SetVariable {
                value: Some(purpose_text(names, purpose)),
                ..ari::channels::SetVariable::new(callers.channel(*leg), PURPOSE_VARIABLE.to_owned())
            };
            repeated(client, mark).await.map_err(|problem| failure(&problem))
        }
        SwitchCommand::PlayClips { leg, playing, clips, locale } => {
            let media = saying::media(clips, locale, tools.voice.as_deref()).await;
            let name = names.clips(*leg, *playing);
            let play = ari::channels::PlayWithId {
                lang: saying::language(locale),
                ..ari::channels::PlayWithId::new(callers.channel(*leg), name, media)
            };
            sent(client, play).await
        }
        SwitchCommand::LetGo { leg } => {
            let outcome = let_go(client, &callers.channel(*leg)).await;
            callers.forget(*leg);
            outcome
        }
        SwitchCommand::StopClips { leg, playing } => {
            gone(client, ari::playbacks::Stop::new(names.clips(*leg, *playing))).await
        }
        SwitchCommand::PlayMusic { leg, class } => {
            let music = ari::channels::StartMoh {
                moh_class: Some(class.clone()),
                ..ari::channels::StartMoh::new(callers.channel(*leg))
            };
            sent(client, music).await
        }
        SwitchCommand::StopMusic { leg } => {
            gone(client, ari::channels::StopMoh::new(callers.channel(*leg))).await
        }
        SwitchCommand::TakeMessage { leg, message, length_max, silence_max, beep } => {
            let name = names.message(*message);
            let seconds = |span: &Duration| u32::try_from(span.as_secs()).ok();
            let record = ari::channels::Record {
                max_duration_seconds: seconds(length_max),
                max_silence_seconds: seconds(silence_max),
                beep: Some(*beep),
                ..ari::channels::Record::new(callers.channel(*leg), name, MESSAGE_FORMAT.to_owned())
            };
            sent(client, record).await
        }
        SwitchCommand::EndMessage { leg: _, message } => {
            gone(client, ari::recordings::Stop::new(names.message(*message))).await
        }
        SwitchCommand::TurnAway { leg, reason } => {
            let reason = match reason {
                TurnAway::Busy => HangupReason::Busy,
                TurnAway::Rejected => HangupReason::Rejected,
            };
            let channel = callers.channel(*leg);
            gone(
                client,
                ari::channels::Hangup { reason: Some(reason), ..ari::channels::Hangup::new(channel) },
            )
            .await
        }
        SwitchCommand::Screen { leg, greeting, silence, words } => {
            let hearing = Hearing::Answer { greeting: *greeting, silence: *silence, words: *words };
            screening::send_away(client, names, *leg, hearing).await
        }
        SwitchCommand::AwaitSilence { leg } => {
            screening::send_away(client, names, *leg, Hearing::Greeting).await
        }
        SwitchCommand::StartRecording { recording, customer, agent } => {
            let agent = agent.map(|agent| callers.channel(agent));
            recorder.start(*recording, callers.channel(*customer), agent).await
        }
        SwitchCommand::MaskRecording { recording } => recorder.mask(*recording).await,
        SwitchCommand::UnmaskRecording { recording } => recorder.unmask(*recording).await,
        SwitchCommand::CollectRecording { recording } => recorder.collect(*recording).await,
    }
}

/// A leg to be created.
struct Dial<'a> {
    leg: LegId,
    to: &'a Destination,
    caller_id: Option<Phone>,
    ring_timeout: Duration,
    purpose: &'a LegPurpose,
}

impl Dial<'_> {
    /// Creates the leg. That it exists already is success: the request was repeated.
    async fn carry_out(&self, client: &Client, app: &str, names: &Names) -> Result<(), CommandFailure> {
        match client.send(self.request(app, names)).await {
            Ok(_) => Ok(()),
            Err(problem) if problem.is_conflict() || problem.is_outcome_unknown() => {
                match client.send(ari::channels::Get::new(names.channel(self.leg))).await {
                    Ok(_) => Ok(()),
                    Err(_) => Err(failure(&problem)),
                }
            }
            Err(problem) => Err(failure(&problem)),
        }
    }

    /// Early media is not asked for: the leg enters our application when its far end answers.
    fn request(&self, app: &str, names: &Names) -> ari::channels::Originate {
        // Whole seconds. The engine ends a dial before this, and has its margin in it already.
        let ring_timeout = self.ring_timeout.as_secs_f64().ceil();
        ari::channels::Originate {
            app: Some(app.to_owned()),
            caller_id: self.caller_id.map(Phone::e164),
            channel_id: Some(names.channel(self.leg)),
            // From a duration of the settings; far below the limits of i64.
            timeout: Some(ring_timeout as i64),
            variables: [(PURPOSE_VARIABLE.to_owned(), purpose_text(names, self.purpose).into())].into(),
            ..ari::channels::Originate::new(endpoint(self.to, names))
        }
    }
}

/// The text that Asterisk dials. A number is a [`Phone`], so it holds nothing but `+` and digits; accounts and names hold
/// nothing that a dial string reads as more than a part of them.
fn endpoint(to: &Destination, names: &Names) -> String {
    match to {
        Destination::Account(account) => format!("PJSIP/{}", names.account(account)),
        Destination::Named { trunk, name } => format!("PJSIP/{name}@{}", names.trunk_endpoint(*trunk)),
        Destination::Number { trunk, phone } => {
            format!("PJSIP/{}@{}", phone.e164(), names.trunk_endpoint(*trunk))
        }
    }
}

/// Creates a bridge. That it exists already is success: the request was repeated.
pub(super) async fn open_bridge(client: &Client, bridge: String) -> Result<(), CommandFailure> {
    let create = ari::bridges::CreateWithId {
        bridge_type: Some(BRIDGE_TYPE.to_owned()),
        ..ari::bridges::CreateWithId::new(bridge)
    };
    match repeated(client, create).await {
        Err(problem) if problem.is_conflict() => Ok(()),
        outcome => outcome.map(drop).map_err(|problem| failure(&problem)),
    }
}

/// Sends a request that must not be repeated.
pub(super) async fn sent<R: Request>(client: &Client, request: R) -> Result<(), CommandFailure> {
    client.send(request).await.map(drop).map_err(|problem| failure(&problem))
}

/// Removes something. That it is gone already is success.
pub(super) async fn gone<R: Request + Clone>(client: &Client, request: R) -> Result<(), CommandFailure> {
    match repeated(client, request).await {
        Err(problem) if problem.is_not_found() => Ok(()),
        outcome => outcome.map(drop).map_err(|problem| failure(&problem)),
    }
}

/// Takes a channel out of a bridge. That there is no such bridge, or that the channel is not in it or is gone, is what
/// was wanted (400, 404, 409 and 422).
async fn out_of(client: &Client, request: ari::bridges::RemoveChannel) -> Result<(), CommandFailure> {
    match repeated(client, request).await.map_err(|problem| failure(&problem)) {
        Err(CommandFailure::Refused { status: 400 | 404 | 409 | 422, .. }) => Ok(()),
        outcome => outcome,
    }
}

/// Sends a request whose repetition does no harm, once more when no answer comes.
pub(super) async fn repeated<R: Request + Clone>(
    client: &Client,
    request: R,
) -> Result<R::Response, ari::Error> {
    let mut tries = 1;
    loop {
        match client.send(request.clone()).await {
            Err(problem) if problem.is_outcome_unknown() && tries < TRIES_MAX => tries += 1,
            outcome => return outcome,
        }
    }
}

/// Lets go of an incoming call that nobody here takes: its dialplan goes on and the caller hears why.
pub(super) async fn let_go(client: &Client, channel: &str) -> Result<(), CommandFailure> {
    let (context, extension) = FALLBACK;
    let go_on = ari::channels::ContinueInDialplan {
        context: Some(context.to_owned()),
        extension: Some(extension.to_owned()),
        priority: Some(1),
        ..ari::channels::ContinueInDialplan::new(channel)
    };
    gone(client, go_on).await
}

/// What a failed request means to the engine.
pub(super) fn failure(problem: &ari::Error) -> CommandFailure {
    match problem {
        ari::Error::Refused { status, message, .. } => {
            CommandFailure::Refused { status: *status, message: message.clone() }
        }
        ari::Error::Unreachable { .. } | ari::Error::Replaced | ari::Error::Config(_) => {
            CommandFailure::NotSent
        }
        _ => CommandFailure::OutcomeUnknown,
    }
}

#[cfg(test)]
mod tests {
    use cadran_engine::model::{AttemptId, CallId, CampaignId, LeadId, TrunkId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_dial_carries_everything_and_nothing_that_is_evaluated() {
        let number: Phone = "+33199000101".parse().unwrap();
        let id = Uuid::from_u128(7);
        let dial = Dial {
            leg: LegId::from_uuid(id),
            to: &Destination::Number { trunk: TrunkId::from_i64(3), phone: number },
            caller_id: Some("+33199000001".parse().unwrap()),
            ring_timeout: Duration::from_millis(24_500),
            purpose: &LegPurpose::Customer {
                call: CallId::from_uuid(id),
                attempt: AttemptId::from_uuid(id),
                campaign: CampaignId::from_i64(1),
                lead: LeadId::from_i64(2),
            },
        };
        let request = dial.request("cadran", &Names::default());
        assert_eq!(request.endpoint, "PJSIP/+33199000101@cadran-trk-3");
        assert_eq!(request.channel_id.as_deref(), Some("cadran-leg-00000000000000000000000000000007"));
        assert_eq!((request.timeout, request.caller_id.as_deref()), (Some(25), Some("+33199000001")));
        assert_eq!(
            (request.app.as_deref(), request.extension, request.context),
            (Some("cadran"), None, None)
        );
        assert_eq!(request.formats, None);
        assert_eq!(request.variables.keys().collect::<Vec<_>>(), [PURPOSE_VARIABLE]);
    }

    #[test]
    fn an_agent_is_dialled_by_account_and_a_name_behind_its_trunk() {
        let named = Destination::Named { trunk: TrunkId::from_i64(3), name: "reception".into() };
        assert_eq!(endpoint(&named, &Names::default()), "PJSIP/reception@cadran-trk-3");
        let ada = Destination::Account("ada".into());
        assert_eq!(endpoint(&ada, &Names::default()), "PJSIP/ada");
        assert_eq!(endpoint(&ada, &Names::of("acme".parse().unwrap())), "PJSIP/ada.acme");
    }
}
