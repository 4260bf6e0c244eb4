//! One command line: its words, and its arguments quoted the way Asterisk takes them apart again.
//!
//! Source: `parse_args` in Asterisk 22 `res/res_agi.c`. Arguments are separated by spaces and tabs; a `"` begins
//! and ends a stretch in which these are ordinary characters; a `\` makes the next character ordinary.

use std::fmt::Write;
use std::time::Duration;

use crate::limits::COMMAND_LINE_BYTES_MAX;
use crate::{ArgumentProblem, Error};

/// Room for most commands without growing.
const LINE_BYTES_USUAL: usize = 96;

/// An AGI command under construction.
///
/// The typed methods of [`crate::Connection`] cover all commands of Asterisk 22. This type is for commands that
/// other Asterisk modules add:
///
/// ```
/// let command = agi::Command::new("SET VARIABLE").text("GREETING").text("good \"day\"");
/// assert_eq!(command.line().unwrap(), "SET VARIABLE GREETING \"good \\\"day\\\"\"\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    name: &'static str,
    line: String,
    arguments: usize,
    problem: Option<(usize, ArgumentProblem)>,
    waits: bool,
}

impl Command {
    /// Begins a command with its words, such as `STREAM FILE`.
    pub fn new(name: &'static str) -> Self {
        let mut line = String::with_capacity(LINE_BYTES_USUAL);
        line.push_str(name);
        Command {
            name,
            line,
            arguments: 0,
            problem: problem_of(name).map(|problem| (0, problem)),
            waits: false,
        }
    }

    /// Says that the command plays, records, dials or waits for a person, so that its reply may take as long as
    /// [`crate::limits::WAITING_REPLY_TIME_MAX`].
    #[must_use]
    pub fn waits(mut self) -> Self {
        self.waits = true;
        self
    }

    /// Adds an argument, quoted if it needs to be.
    #[must_use]
    pub fn text(mut self, argument: &str) -> Self {
        self.arguments += 1;
        if let (None, Some(problem)) = (self.problem, problem_of(argument)) {
            self.problem = Some((self.arguments, problem));
        }
        self.line.push(' ');
        push_quoted(&mut self.line, argument);
        self
    }

    /// Adds an argument if there is one. Leave out none but the last ones: Asterisk counts places.
    #[must_use]
    pub fn optional_text(self, argument: Option<&str>) -> Self {
        match argument {
            Some(argument) => self.text(argument),
            None => self,
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        self.arguments += 1;
        // Writing to a `String` cannot fail.
        let _ = write!(self.line, " {number}");
        self
    }

    /// Adds a time in milliseconds. Asterisk reads 32 bits, so 24 days is the most.
    #[must_use]
    pub fn milliseconds(self, time: Duration) -> Self {
        self.number(i32::try_from(time.as_millis()).unwrap_or(i32::MAX).into())
    }

    /// The command's words.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The line as it is sent, line end included, or why it cannot be sent.
    pub fn line(mut self) -> Result<String, Error> {
        if let Some((argument, problem)) = self.problem {
            return Err(Error::BadArgument { command: self.name, argument, problem });
        }
        self.line.push('\n');
        if self.line.len() > COMMAND_LINE_BYTES_MAX {
            return Err(Error::CommandTooLong {
                command: self.name,
                bytes: self.line.len(),
                max: COMMAND_LINE_BYTES_MAX,
            });
        }
        Ok(self.line)
    }

    pub(crate) fn may_wait(&self) -> bool {
        self.waits
    }
}

fn problem_of(text: &str) -> Option<ArgumentProblem> {
    text.bytes().find_map(|byte| match byte {
        b'\r' | b'\n' => Some(ArgumentProblem::LineEnd),
        0 => Some(ArgumentProblem::Nul),
        _ => None,
    })
}

fn push_quoted(line: &mut String, argument: &str) {
    let plain = |byte| !matches!(byte, b' ' | b'\t' | b'"' | b'\\');
    if !argument.is_empty() && argument.bytes().all(plain) {
        line.push_str(argument);
        return;
    }
    line.push('"');
    for character in argument.chars() {
        if matches!(character, '"' | '\\') {
            line.push('\\');
        }
        line.push(character);
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_only_where_needed() {
        let cases = [
            ("plain", "NOOP plain\n"),
            ("", "NOOP \"\"\n"),
            ("two words", "NOOP \"two words\"\n"),
            ("tab\there", "NOOP \"tab\there\"\n"),
            (r#"say "hi""#, "NOOP \"say \\\"hi\\\"\"\n"),
            (r"back\slash", "NOOP \"back\\\\slash\"\n"),
            ("é${X},1&2", "NOOP é${X},1&2\n"),
        ];
        for (argument, line) in cases {
            assert_eq!(Command::new("NOOP").text(argument).line().unwrap(), line);
        }
    }

    #[test]
    fn line_ends_and_nul_are_refused_with_their_place() {
        for (argument, expected) in [
            ("a\nHANGUP", ArgumentProblem::LineEnd),
            ("a\r", ArgumentProblem::LineEnd),
            ("\0", ArgumentProblem::Nul),
        ] {
            let refused = Command::new("SET VARIABLE").text("NAME").text(argument).line();
            assert!(
                matches!(refused, Err(Error::BadArgument { command: "SET VARIABLE", argument: 2, problem })
                    if problem == expected),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn a_line_that_asterisk_would_read_as_two_is_refused() {
        let longest = "x".repeat(COMMAND_LINE_BYTES_MAX - "NOOP \n".len());
        assert_eq!(Command::new("NOOP").text(&longest).line().unwrap().len(), COMMAND_LINE_BYTES_MAX);
        let refused = Command::new("NOOP").text(&(longest + "x")).line();
        assert!(matches!(refused, Err(Error::CommandTooLong { bytes: 8192, max: 8191, .. })), "{refused:?}");
    }

    #[test]
    fn times_are_clamped_to_what_asterisk_reads() {
        let line = Command::new("WAIT FOR DIGIT").milliseconds(Duration::from_secs(u64::MAX)).line().unwrap();
        assert_eq!(line, "WAIT FOR DIGIT 2147483647\n");
    }
}
