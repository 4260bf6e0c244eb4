//! Nodes that decide without the caller.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::flow::expression::Expression;
use crate::flow::limits::{Percent, Within};
use crate::flow::name::Name;

/// Sets variables, one after the other.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// What is set.
    pub assign: Vec<Assignment>,
}

/// One variable and its value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Which variable.
    pub var: Name,
    /// An expression.
    pub expr: Expression,
}

/// Goes where the first true case leads; `rule` on a page of a script.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// The cases, in order.
    pub cases: Vec<Case>,
}

/// One case of a branch.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The outlet.
    pub id: Name,
    /// An expression that is true or false.
    pub when: Expression,
    /// What people call it.
    pub label: Option<String>,
}

/// Asks a calendar.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// Which calendar.
    pub calendar: String,
    /// An expression: the instant to ask about, as `2026-03-07T19:45:00+01:00`; by default this moment.
    pub at: Option<Expression>,
}

/// Looks at who calls.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckCaller {
    /// What is looked at, in order; the first that applies decides.
    pub checks: Vec<CallerCheck>,
    /// How long ago an earlier call makes this one a repeat.
    pub repeat_window_s: Option<Within<1, 2_592_000>>,
    /// The list of callers that `blocklist` and `vip` look at, in place of `block` and `vip`.
    pub list: Option<String>,
}

/// What may be true of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerCheck {
    /// The number is withheld.
    Anonymous,
    /// The number is on a list of blocked ones.
    Blocklist,
    /// The number is on a do-not-call list.
    Dnc,
    /// The number is suspect.
    Fraud,
    /// The number has called a short while ago.
    Repeat,
    /// The number is on a list of important ones.
    Vip,
}

impl CallerCheck {
    /// The outlet of a caller of whom it is true.
    pub const fn outlet(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Blocklist | Self::Dnc | Self::Fraud => "block",
            Self::Repeat => "repeat",
            Self::Vip => "vip",
        }
    }
}

/// Shares callers out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The share of each outlet; together 100.
    pub weights: BTreeMap<Name, Percent>,
    /// An expression: equal values always go the same way. By default each call is drawn afresh.
    pub sticky_by: Option<Expression>,
}

/// Runs another flow and comes back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subflow {
    /// Which flow.
    pub flow: String,
    /// Which revision of it; by default the live one.
    #[serde(default)]
    pub pin: Revision,
    /// Variables of the other flow, each with an expression in this one.
    #[serde(rename = "in", default)]
    pub input: BTreeMap<Name, Expression>,
    /// Variables of this flow, each with the variable of the other one that it takes on return.
    #[serde(rename = "out", default)]
    pub output: BTreeMap<Name, Name>,
}

/// A revision of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    /// Whatever is live when the call begins.
    #[default]
    Live,
    /// The nth that was published.
    Numbered(u32),
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let number = text.strip_prefix('r').and_then(|number| number.parse().ok());
        match (text.as_ref(), number) {
            ("live", _) => Ok(Self::Live),
            (_, Some(number)) => Ok(Self::Numbered(number)),
            (_, None) => Err(serde::de::Error::custom(format!(
                "`{text}` is no revision; use `live` or one such as `r12`"
            ))),
        }
    }
}

/// Ends a sub-flow.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// The outlet of the node that called.
    pub name: Name,
}

/// Marks the call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// What came of the call.
    pub outcome: Option<String>,
    /// Words to find it by.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// Goes elsewhere.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goto {
    /// Where to.
    pub node: String,
}
