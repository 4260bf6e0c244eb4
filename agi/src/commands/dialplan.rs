//! The dialplan around the script: applications, subroutines, where the call goes on, the console.

use super::number;
use crate::{Command, Connection, Error, Result};

/// What `EXEC` answers when there is no such application.
const NO_APPLICATION: i32 = -2;

/// What an application answers that Asterisk takes for a wrong command line (`RESULT_SHOWUSAGE`).
const TAKEN_FOR_USAGE: i32 = 1;

/// How a subroutine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GosubEnd {
    /// By `Return()`; its value is in the variable `GOSUB_RETVAL`.
    Returned,
    /// Otherwise, for example by a hang-up or a jump; Asterisk has taken its return locations off the stack.
    Abnormal,
}

impl Connection {
    /// `ASYNCAGI BREAK`: ends an AsyncAGI session; without effect in FastAGI.
    pub async fn asyncagi_break(&mut self) -> Result<()> {
        self.run(Command::new("ASYNCAGI BREAK")).await?;
        Ok(())
    }

    /// `EXEC`: runs a dialplan application and returns its result, which is 0 for most and negative when the
    /// application wants the call to end.
    ///
    /// Applications take their options apart at commas and some run what they are given: never pass text from a
    /// caller without checking it.
    pub async fn exec(&mut self, application: &str, options: &str) -> Result<i32> {
        let command = Command::new("EXEC").waits().text(application).text(options);
        let name = command.name();
        let result = number(name, self.send(command).await?.result())?;
        match result {
            NO_APPLICATION => Err(Error::Failed { command: name, reason: "no such application".to_owned() }),
            TAKEN_FOR_USAGE => {
                self.expect_usage();
                Ok(result)
            }
            result => Ok(result),
        }
    }

    /// `GOSUB`: runs a dialplan subroutine to its `Return()`. The priority is a number or a label; the arguments
    /// are separated by commas.
    pub async fn gosub(
        &mut self,
        context: &str,
        extension: &str,
        priority: &str,
        arguments: Option<&str>,
    ) -> Result<GosubEnd> {
        let place = Command::new("GOSUB").waits().text(context).text(extension).text(priority);
        let reply = self.run(place.optional_text(arguments)).await?;
        let abnormal = reply.after_result().ends_with("(abnormal exit)");
        Ok(if abnormal { GosubEnd::Abnormal } else { GosubEnd::Returned })
    }

    /// `NOOP`: nothing; tells whether Asterisk is there.
    pub async fn noop(&mut self) -> Result<()> {
        self.run(Command::new("NOOP")).await?;
        Ok(())
    }

    /// `SET CONTEXT`: where the dialplan goes on after the script.
    pub async fn set_context(&mut self, context: &str) -> Result<()> {
        self.run(Command::new("SET CONTEXT").text(context)).await?;
        Ok(())
    }

    /// `SET EXTENSION`: where the dialplan goes on after the script.
    pub async fn set_extension(&mut self, extension: &str) -> Result<()> {
        self.run(Command::new("SET EXTENSION").text(extension)).await?;
        Ok(())
    }

    /// `SET PRIORITY`: where the dialplan goes on after the script. A number, or a label of the current extension;
    /// an unknown label is [`Error::Usage`].
    pub async fn set_priority(&mut self, priority: &str) -> Result<()> {
        self.run(Command::new("SET PRIORITY").text(priority)).await?;
        Ok(())
    }

    /// `VERBOSE`: writes to Asterisk's console and log, at level 1 to 4.
    pub async fn verbose(&mut self, message: &str, level: u8) -> Result<()> {
        self.run(Command::new("VERBOSE").text(message).number(level.into())).await?;
        Ok(())
    }
}
