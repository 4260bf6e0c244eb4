//! What pacing sees of a campaign at one moment, and what it is told when something ends. Seconds throughout.

use super::super::compliance::PaceLaw;

/// A campaign at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Agents who could take a call at once.
    pub idle: usize,
    /// People who answered and wait for an agent.
    pub waiting: usize,
    /// Dials in flight.
    pub dialled: &'a [Dialled],
    /// Dials of other campaigns that may take an agent of this one.
    pub rivals: &'a [Rival],
    /// How much likelier than an ordinary dial the next one is answered.
    pub next_odds: f64,
    /// Agents at work who can be free soon for whom the campaign calls.
    pub working: &'a [Working],
    /// What was spent of the drops of the last 24 hours.
    pub day: Spent,
    /// What was spent of those of the last 30 days.
    pub month: Spent,
    /// What the rule packs say of dialling ahead.
    pub law: PaceLaw,
    /// Calls that lines and limits still allow.
    pub lines_free: usize,
    /// Time since the last look.
    pub elapsed: f64,
    /// Time until today's dialling ends, where it is known.
    pub time_left: Option<f64>,
}

/// Persons who answered within one window that drops are counted over.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// All of them.
    pub people: f64,
    /// Those who were dropped.
    pub dropped: f64,
}

/// A dial in flight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dialled {
    /// The phone rings, or is about to.
    Ringing {
        /// Since the dial was placed.
        age: f64,
        /// How much likelier than an ordinary dial it is answered.
        odds: f64,
    },
    /// Answered; machine or person is being found out.
    Screening {
        /// How long it rang.
        rang: f64,
        /// Since the answer.
        age: f64,
    },
}

/// A dial of a campaign that shares agents with this one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rival {
    /// The dial.
    pub dial: Dialled,
    /// How likely its answer takes one of this campaign's agents.
    pub share: f64,
}

/// How somebody picked up: what tells a person from a machine before anybody has spoken with them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pickup {
    /// How long it rang.
    pub rang: f64,
    /// From the answer to the verdict, where answers are screened.
    pub screened: Option<f64>,
}

/// How a dial ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DialEnd {
    /// Answered, and an agent is wanted.
    Presented {
        /// From answer to verdict, where answers are screened.
        screened: Option<f64>,
    },
    /// Answered by a machine, as far as one can tell.
    Rejected {
        /// From answer to verdict.
        screened: f64,
    },
    /// Busy, no answer, failure.
    Unanswered,
}

/// An agent at work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Working {
    /// On what, and for how long.
    pub stage: WorkStage,
    /// Whether they announced a pause or the end of their day after this call.
    pub leaves: bool,
}

/// What keeps an agent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WorkStage {
    /// A conversation.
    Talking {
        /// Chance that it is one with a person, by how they picked up.
        person: f64,
        /// Since it began.
        age: f64,
    },
    /// What follows a conversation.
    WrappingUp {
        /// Chance that it was one with a person, by how they picked up or by what the agent said.
        person: f64,
        /// How long the conversation was.
        talked: f64,
        /// Since it ended.
        age: f64,
    },
}
