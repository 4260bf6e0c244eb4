//! The ways of deciding how many calls to place.

use std::fmt;
use std::str::FromStr;

use cadran_engine::model::DialMode;

use super::centre::DROP_LIMIT;

/// How a day is dialled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Algorithm {
    /// A fixed number of dials per idle agent.
    Power(f64),
    /// From the predicted numbers of free agents and answers.
    Predictive,
    /// One dial per idle agent.
    Progressive,
}

impl Algorithm {
    /// The campaign's mode. A predictive one aims as high as its limit lets it.
    pub(crate) const fn mode(self) -> DialMode {
        match self {
            Self::Power(ratio) => DialMode::Power { ratio },
            Self::Predictive => DialMode::Predictive { target_drop_rate: DROP_LIMIT },
            Self::Progressive => DialMode::Progressive,
        }
    }
}

impl FromStr for Algorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "predictive" => Ok(Self::Predictive),
            None if text == "progressive" => Ok(Self::Progressive),
            Some(("power", ratio)) => match ratio.parse() {
                Ok(ratio) if (1.0..=20.0).contains(&ratio) => Ok(Self::Power(ratio)),
                Ok(_) | Err(_) => Err(format!("power takes 1.0 to 20.0 dials per agent, not `{ratio}`")),
            },
            None | Some(_) => {
                Err(format!("`{text}` is no algorithm; write predictive, progressive or power:2.0"))
            }
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Power(ratio) => write!(f, "power:{ratio}"),
            Self::Predictive => f.write_str("predictive"),
            Self::Progressive => f.write_str("progressive"),
        }
    }
}

/// An algorithm at work.
#[derive(Debug)]
pub(crate) enum Dialler {
    Fixed(DialMode),
    Predictive(Box<Pacer>),
}

/// Share of drops at which power dialling stops dialling ahead: the law of most countries.
const DROP_LIMIT: f64 = 0.03;

impl Dialler {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let mode = match algorithm {
            Algorithm::Power(ratio) => DialMode::Power { ratio },
            Algorithm::Progressive => DialMode::Progressive,
            Algorithm::Predictive => return Self::Predictive(Box::new(Pacer::new(Target::default()))),
        };
        Self::Fixed(mode)
    }

    pub(crate) fn calls_to_place(&mut self, s: &Situation<'_>) -> usize {
        match self {
            Self::Fixed(mode) => {
                let decision = pacing::decide(&pacing::Situation {
                    mode: *mode,
                    ready: s.idle as u32,
                    on_their_way: (s.dialled.len() + s.waiting) as u32,
                    answered: s.answered,
                    dropped: s.dropped,
                    drop_limit: DROP_LIMIT,
                    rivals: 0,
                    predicted: 0,
                });
                match decision {
                    Decision::Ahead(calls) | Decision::PerAgent(calls) => calls as usize,
                }
            }
            Self::Predictive(pacer) => pacer.calls_to_place(s).place,
        }
    }

    pub(crate) fn dial_ended(&mut self, rang: f64, end: DialEnd) {
        if let Self::Predictive(pacer) = self {
            pacer.dial_ended(rang, 1.0, end);
        }
    }

    pub(crate) fn talk_ended(&mut self, talked: f64) {
        if let Self::Predictive(pacer) = self {
            pacer.talk_ended(talked);
        }
    }

    pub(crate) fn wrap_up_ended(&mut self, talked: f64, wrapped: f64) {
        if let Self::Predictive(pacer) = self {
            pacer.wrap_up_ended(talked, wrapped);
        }
    }

    /// An answer reached an agent, who finds out whether it is a person.
    pub(crate) fn served(&mut self, rang: f64, person: bool) {
        if let Self::Predictive(pacer) = self {
            pacer.answered_by(rang, person);
            if person {
                pacer.person_served();
            }
        }
    }

    /// An answer waited for too long.
    pub(crate) fn dropped(&mut self, person: bool) {
        if let Self::Predictive(pacer) = self
            && person
        {
            pacer.person_dropped();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_named_as_on_the_command_line() {
        for name in ["predictive", "progressive", "power:2.5"] {
            assert_eq!(name.parse::<Algorithm>().unwrap().to_string(), name);
        }
        for name in ["power", "power:0.5", "power:x", "Predictive", ""] {
            assert!(name.parse::<Algorithm>().is_err(), "{name}");
        }
    }
}
