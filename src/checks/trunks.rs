//! What to say of a trunk.

use cadran_engine::model::{ProbeSilence, TrunkState};
use cadran_engine::view::TrunkView;

use super::settings_of;
use crate::live::{Check, Health, Part};

/// How well a trunk is, why, and what to do about it.
pub(super) fn check(view: &TrunkView) -> Check {
    let probe = view.probe.as_ref();
    let check = Check {
        which: Some(view.trunk.to_string()),
        code: probe.and_then(|probe| probe.code),
        latency: probe.filter(|probe| probe.answers).and_then(|probe| probe.latency.map(u64::from)),
        ..Check::of(Part::Trunk(view.trunk))
    };
    let settings = settings_of(view.trunk);
    match view.state {
        TrunkState::Off => check.off(&format!("it is disabled; {settings} enables it")),
        TrunkState::Up => check,
        TrunkState::Down => {
            let (cause, fix) = silent(probe.and_then(|probe| probe.silence), &settings);
            check.sick(Health::Down, cause, fix)
        }
        TrunkState::Degraded => {
            let (cause, fix) = halved(view, &settings);
            let health = if view.reachable { Health::Degraded } else { Health::Down };
            check.sick(health, cause, fix)
        }
    }
}

/// Nobody is answered.
fn silent(silence: Option<ProbeSilence>, settings: &str) -> (String, String) {
    match silence {
        Some(ProbeSilence::NoAnswer) => (
            "its far end answers OPTIONS neither of Asterisk nor of Cadran".to_owned(),
            format!(
                "is the carrier up? Compare host and port ({settings}) with the carrier's, and let UDP through the \
                 firewall both ways"
            ),
        ),
        Some(ProbeSilence::PortClosed) => (
            "its far end does not answer OPTIONS: the machine is there, and nobody listens on the UDP port"
                .to_owned(),
            format!("start the SIP server there, or correct the port ({settings})"),
        ),
        Some(ProbeSilence::Unreachable) => (
            "its far end does not answer OPTIONS: there is no way to its address".to_owned(),
            "mend the network of this machine: `ip route get ADDRESS`; `probe.from` must be an address of it"
                .to_owned(),
        ),
        Some(ProbeSilence::Unresolved) => (
            "its far end does not answer OPTIONS: its host name has no address".to_owned(),
            format!("correct the host ({settings}), or mend the name service of this machine"),
        ),
        None => (
            "its far end does not answer Asterisk's OPTIONS".to_owned(),
            "`asterisk -rx \"pjsip show contacts\"` shows what Asterisk sees; usually it is the address in \
             `[transport-udp]`, or a firewall"
                .to_owned(),
        ),
    }
}

/// One of the two is answered, or the answer is a refusal.
fn halved(view: &TrunkView, settings: &str) -> (String, String) {
    match view.probe.as_ref() {
        Some(probe) if view.reachable && !probe.answers => (
            "its far end answers Asterisk, and not Cadran's own OPTIONS".to_owned(),
            "calls are placed all the same. A carrier that answers known addresses alone may need `probe.from`; \
             `probe.enabled = false` switches the question off"
                .to_owned(),
        ),
        Some(probe) if view.reachable => (
            format!("its far end answers OPTIONS with {}", probe.code.unwrap_or_default()),
            "the carrier is overloaded or has barred the line: ask it; campaigns that name other trunks use these"
                .to_owned(),
        ),
        Some(_) | None => (
            "its far end answers Cadran's own OPTIONS, and not Asterisk's: no calls are placed".to_owned(),
            format!(
                "`asterisk -rx \"pjsip show contacts\"` shows what Asterisk sees; compare `[transport-udp]` and the \
                 trunk ({settings}). After a restart of either it is right within 20 s"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use cadran_engine::model::{Timestamp, TrunkId, TrunkProbe};

    use super::*;

    fn view(reachable: bool, probe: Option<TrunkProbe>) -> TrunkView {
        TrunkView {
            trunk: TrunkId::from_i64(7),
            state: TrunkState::of(true, reachable, probe.as_ref()),
            since: Timestamp::default(),
            reachable,
            probe,
            calls: 0,
            calls_max: 30,
        }
    }

    #[test]
    fn whatever_is_wrong_with_a_trunk_comes_with_a_cure() {
        let now = Timestamp::default();
        let said = |code| TrunkProbe {
            at: now,
            answers: true,
            since: now,
            code: Some(code),
            latency: Some(3),
            silence: None,
        };
        let silent = |silence| TrunkProbe { answers: false, silence: Some(silence), ..said(200) };
        let up = check(&view(true, Some(said(200))));
        assert_eq!((up.health, up.latency, up.code), (Health::Up, Some(3), Some(200)));
        assert_eq!((up.cause, up.fix), (None, None));
        let sick = [
            (view(false, None), Health::Down, "Asterisk's OPTIONS"),
            (view(false, Some(silent(ProbeSilence::NoAnswer))), Health::Down, "neither"),
            (view(false, Some(silent(ProbeSilence::PortClosed))), Health::Down, "nobody listens"),
            (view(false, Some(silent(ProbeSilence::Unreachable))), Health::Down, "no way"),
            (view(false, Some(silent(ProbeSilence::Unresolved))), Health::Down, "no address"),
            (view(false, Some(said(200))), Health::Down, "not Asterisk's"),
            (view(true, Some(silent(ProbeSilence::NoAnswer))), Health::Degraded, "not Cadran's"),
            (view(true, Some(said(503))), Health::Degraded, "with 503"),
        ];
        for (view, health, words) in sick {
            let check = check(&view);
            assert_eq!(check.health, health, "{view:?}");
            assert!(check.cause.as_ref().is_some_and(|cause| cause.contains(words)), "{check:?}");
            assert!(check.fix.is_some_and(|fix| !fix.is_empty()), "{view:?}");
        }
        let off = TrunkView { state: TrunkState::Off, ..view(true, None) };
        assert_eq!(check(&off).health, Health::Off);
    }
}
