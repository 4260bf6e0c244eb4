//! What can go wrong in a conversation, and why a request is refused.
//!
//! No message contains a value of the call (number, name, variable), so that every error can be logged.

use std::time::Duration;

/// The result of a command.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command has no result.
///
/// After `Disconnected`, `Io`, `MalformedReply`, `ReplyTooLate` and `OutOfStep` the connection is of no more use:
/// every later command fails with `OutOfStep`. After the others the script can go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The channel has hung up. Commands that need no living channel, such as `GET VARIABLE`, still work as long
    /// as Asterisk keeps the connection open (it does, unless `AGIEXITONHANGUP` is set).
    #[error("the channel hung up")]
    Hangup,
    /// An argument cannot be sent. Nothing was written.
    #[error("argument {argument} of {command} {problem}")]
    BadArgument {
        /// The command, in capitals.
        command: &'static str,
        /// The argument's place, from 1; 0 is the command itself.
        argument: usize,
        /// What is wrong with it.
        problem: ArgumentProblem,
    },
    /// The command line with its arguments is longer than [`crate::COMMAND_LINE_BYTES_MAX`]. Nothing was written.
    #[error("{command} with its arguments has {bytes} bytes; Asterisk reads at most {max}")]
    CommandTooLong {
        /// The command, in capitals.
        command: &'static str,
        /// Length of the line.
        bytes: usize,
        /// The most that Asterisk reads as one line.
        max: usize,
    },
    /// `510`: this Asterisk has no such command; the module that offers it may not be loaded.
    #[error("Asterisk does not know {command} (510); is its module loaded?")]
    UnknownCommand {
        /// The command, in capitals.
        command: &'static str,
    },
    /// `511`: not permitted on a dead channel or in an intercept routine, and no hang-up was announced.
    #[error("{command} is not permitted on a dead channel (511)")]
    DeadChannel {
        /// The command, in capitals.
        command: &'static str,
    },
    /// `520`: Asterisk refuses the arguments and tells how the command is used.
    #[error("Asterisk refuses the arguments of {command} (520): {usage}")]
    Usage {
        /// The command, in capitals.
        command: &'static str,
        /// Asterisk's own usage text.
        usage: String,
    },
    /// Asterisk understood the command and could not do it: `result=-1`, or `0` where that means failure.
    #[error("{command} failed: {reason}")]
    Failed {
        /// The command, in capitals.
        command: &'static str,
        /// What Asterisk said, or what the result means.
        reason: String,
    },
    /// Any other reply code.
    #[error("Asterisk answered {command} with the code {code}")]
    Refused {
        /// The command, in capitals.
        command: &'static str,
        /// The code of the reply.
        code: u16,
    },
    /// The reply is not of the protocol, or not of the command.
    #[error("the reply to {command} is malformed: {problem}")]
    MalformedReply {
        /// The command, in capitals.
        command: &'static str,
        /// What is wrong with it.
        problem: ReplyProblem,
    },
    /// No reply in time.
    #[error("no reply to {command} within {waited:?}")]
    ReplyTooLate {
        /// The command, in capitals.
        command: &'static str,
        /// How long was waited.
        waited: Duration,
    },
    /// An earlier command ended without its reply (its future was dropped, or it failed), so that the next reply
    /// could be taken for another's. End the script.
    #[error("{command} was not sent: an earlier command never got its reply")]
    OutOfStep {
        /// The command that was not sent.
        command: &'static str,
    },
    /// Asterisk closed the connection without announcing a hang-up.
    #[error("Asterisk closed the connection")]
    Disconnected,
    /// The socket failed.
    #[error("the connection failed")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// Whether the call is over, which is an ordinary way for a script to end.
    pub fn is_hangup(&self) -> bool {
        matches!(self, Error::Hangup)
    }
}

/// Why an argument cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentProblem {
    /// A line end inside an argument would begin a second command.
    #[error("contains a carriage return or a line feed")]
    LineEnd,
    /// Asterisk would read the argument only up to the NUL.
    #[error("contains a NUL")]
    Nul,
}

/// Why a reply cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyProblem {
    /// It does not begin with a code of three digits.
    #[error("it does not begin with a code")]
    NoCode,
    /// A `200` without `result=`.
    #[error("it has no result")]
    NoResult,
    /// Something arrived that answers no command and is not `HANGUP`.
    #[error("something arrived that was not asked for")]
    Unasked,
    /// The result is not what the command returns.
    #[error("its result is not one this command returns")]
    UnexpectedResult,
    /// One line is longer than the limit.
    #[error("a line is longer than {max} bytes")]
    LineTooLong {
        /// The limit.
        max: usize,
    },
    /// All lines together are longer than the limit.
    #[error("it is longer than {max} bytes")]
    TooLong {
        /// The limit.
        max: usize,
    },
}

/// Why a request is refused. The connection it came on is closed, others go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The header ends without a blank line.
    #[error("the header ends without a blank line")]
    Incomplete,
    /// A line is longer than the limit.
    #[error("line {line} is longer than {max} bytes")]
    LineTooLong {
        /// Its number, from 1.
        line: usize,
        /// The limit.
        max: usize,
    },
    /// More variables than the limit.
    #[error("there are more than {max} variables")]
    TooManyVariables {
        /// The limit.
        max: usize,
    },
    /// The header is longer than the limit.
    #[error("the header is longer than {max} bytes")]
    HeaderTooLong {
        /// The limit.
        max: usize,
    },
    /// A NUL, which Asterisk cannot send.
    #[error("line {line} contains a NUL")]
    Nul {
        /// Its number, from 1.
        line: usize,
    },
    /// A line that is not `agi_name: value`.
    #[error("line {line} is not of the form `agi_name: value`")]
    NotAVariable {
        /// Its number, from 1.
        line: usize,
    },
    /// A variable comes twice. Asterisk sends each once; a second one was smuggled in through a value.
    #[error("line {line} repeats a variable")]
    Repeated {
        /// Its number, from 1.
        line: usize,
    },
    /// `agi_arg_<n>` does not follow `agi_arg_<n-1>`.
    #[error("line {line} is an argument out of order")]
    ArgumentOutOfOrder {
        /// Its number, from 1.
        line: usize,
    },
    /// A variable that is a number holds something else.
    #[error("line {line} does not hold a number")]
    NotANumber {
        /// Its number, from 1.
        line: usize,
    },
    /// There is no `agi_request`, which every request has.
    #[error("there is no agi_request")]
    NoRequest,
}
