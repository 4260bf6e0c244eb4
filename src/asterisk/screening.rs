//! Answering machine detection. Asterisk has it as an application of the dialplan only, so a leg goes there
//! (`cadran-screening` in `dialplan/extensions.conf`) and comes back by itself, with what was heard as arguments.

use std::time::Duration;

use ari::{Client, StasisStart};
use cadran_engine::input::{CommandFailure, SwitchEvent};
use cadran_engine::model::{LegId, Verdict};

use super::commands::{failure, sent};
use super::names::Names;

/// Where legs are listened to.
const CONTEXT: &str = "cadran-screening";

/// With these words the dialplan begins what it says of a leg that comes back.
const SCREENED: &str = "screened";
const SILENT: &str = "silent";

/// The longest cause that is kept; Asterisk's have some twenty letters.
const CAUSE_LENGTH_MAX: usize = 40;

/// What is listened for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hearing {
    /// Machine or person.
    Answer {
        /// Speech without a pause that lasts this long is a machine's.
        greeting: Duration,
        /// Silence after speech that lasts this long is a person's.
        silence: Duration,
        /// So many words before such a silence are a machine's.
        words: u8,
    },
    /// The end of a machine's greeting.
    Greeting,
}

impl Hearing {
    /// Digits and stars, which no dialplan evaluates.
    fn extension(self) -> String {
        match self {
            Self::Answer { greeting, silence, words } => {
                format!("{}*{}*{words}", greeting.as_millis(), silence.as_millis())
            }
            Self::Greeting => "greeting".to_owned(),
        }
    }
}

/// Sends a leg to be listened to.
///
/// A leg that is sent to a context which is not there is hung up on by Asterisk, and a person may be on it: so that
/// is asked first, which takes less than a millisecond.
pub(super) async fn send_away(
    client: &Client,
    names: &Names,
    leg: LegId,
    hearing: Hearing,
) -> Result<(), CommandFailure> {
    let extension = hearing.extension();
    let question = format!("DIALPLAN_EXISTS({CONTEXT},{extension},1)");
    let answer = client.send(ari::channels::GetVariable::new(names.channel(leg), question)).await;
    if answer.map_err(|problem| failure(&problem))?.value != "1" {
        return Err(CommandFailure::Refused {
            status: 501,
            message: format!("Asterisk has no context `{CONTEXT}`; copy dialplan/extensions.conf to it"),
        });
    }
    let go = ari::channels::ContinueInDialplan {
        context: Some(CONTEXT.to_owned()),
        extension: Some(extension),
        priority: Some(1),
        ..ari::channels::ContinueInDialplan::new(names.channel(leg))
    };
    sent(client, go).await
}

/// What was heard of a leg that comes back; none for one that comes for the first time.
pub(super) fn heard(names: &Names, start: &StasisStart) -> Option<SwitchEvent> {
    let leg = names.leg(&start.channel.id)?;
    let mut arguments = start.args.iter().map(String::as_str);
    match arguments.next()? {
        SCREENED => {
            let verdict = verdict(arguments.next().unwrap_or_default());
            let cause = arguments.next().unwrap_or_default().chars().take(CAUSE_LENGTH_MAX).collect();
            Some(SwitchEvent::LegScreened { leg, verdict, cause })
        }
        SILENT => Some(SwitchEvent::GreetingOver { leg }),
        _ => None,
    }
}

/// `AMDSTATUS`. What is no verdict (`NOTSURE`, or nothing where the application is missing) leaves everything open.
fn verdict(status: &str) -> Verdict {
    match status {
        "MACHINE" => Verdict::Machine,
        "HUMAN" => Verdict::Person,
        _ => Verdict::Unsure,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn start(channel: &str, arguments: &[&str]) -> StasisStart {
        let json = serde_json::json!({
            "type": "StasisStart", "timestamp": "2026-11-20T13:40:00.123+0000", "application": "cadran",
            "args": arguments,
            "channel": {
                "id": channel, "name": "PJSIP/cadran-trk-1-00000004", "state": "Up", "protocol_id": "b6c5d1c8",
                "caller": {"name": "", "number": ""}, "connected": {"name": "", "number": ""}, "accountcode": "",
                "dialplan": {"context": "", "exten": "", "priority": 1, "app_name": "Stasis", "app_data": ""},
                "creationtime": "2026-11-20T13:39:58.001+0000", "language": "en",
            },
        });
        match ari::Event::from_json(&json.to_string()).unwrap() {
            ari::Event::StasisStart(start) => *start,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_heard_is_read_and_all_else_is_an_ordinary_entry() {
        let leg = LegId::from_uuid(Uuid::from_u128(7));
        let names = Names::default();
        let channel = names.channel(leg);
        let screened =
            |verdict, cause: &str| SwitchEvent::LegScreened { leg, verdict, cause: cause.to_owned() };
        let cases = [
            (vec!["screened", "MACHINE", "MAXWORDS-4-4"], Some(screened(Verdict::Machine, "MAXWORDS-4-4"))),
            (vec!["screened", "HUMAN", "HUMAN-303-300"], Some(screened(Verdict::Person, "HUMAN-303-300"))),
            (vec!["screened", "NOTSURE", "TOOLONG-1100"], Some(screened(Verdict::Unsure, "TOOLONG-1100"))),
            (vec!["screened", "", "NOAPP"], Some(screened(Verdict::Unsure, "NOAPP"))),
            (vec!["screened"], Some(screened(Verdict::Unsure, ""))),
            (vec!["silent"], Some(SwitchEvent::GreetingOver { leg })),
            (vec![], None),
            (vec!["inbound", "33199000101"], None),
        ];
        for (arguments, expected) in cases {
            assert_eq!(heard(&names, &start(&channel, &arguments)), expected, "{arguments:?}");
        }
        assert_eq!(heard(&names, &start("1795000000.12", &["screened", "MACHINE", ""])), None);
    }

    #[test]
    fn what_is_listened_for_travels_as_an_extension() {
        let ms = Duration::from_millis;
        let answer = Hearing::Answer { greeting: ms(900), silence: ms(300), words: 4 };
        assert_eq!(
            (answer.extension().as_str(), Hearing::Greeting.extension().as_str()),
            ("900*300*4", "greeting")
        );
    }
}
