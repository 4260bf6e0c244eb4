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
            Self::Predictive => {
                DialMode::Predictive { target_drop_rate: DROP_LIMIT, target_wait: None, level_max: None }
            }
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
