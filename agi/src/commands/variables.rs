//! Channel variables and dialplan functions.

use crate::{Command, Connection, Result};

impl Connection {
    /// `GET VARIABLE`: a variable or function of this channel; `None` if it is not set.
    pub async fn get_variable(&mut self, name: &str) -> Result<Option<String>> {
        self.value(Command::new("GET VARIABLE").text(name)).await
    }

    /// `GET FULL VARIABLE`: an expression such as `${CALLERID(num)}`, on this channel or on another by name;
    /// `None` if there is no such channel.
    ///
    /// Asterisk evaluates the expression, functions included: never build it from text of a caller.
    pub async fn get_full_variable(
        &mut self,
        expression: &str,
        channel: Option<&str>,
    ) -> Result<Option<String>> {
        self.value(Command::new("GET FULL VARIABLE").text(expression).optional_text(channel)).await
    }

    /// `SET VARIABLE`: sets a variable, or writes to a function such as `CHANNEL(language)`.
    pub async fn set_variable(&mut self, name: &str, value: &str) -> Result<()> {
        self.run(Command::new("SET VARIABLE").text(name).text(value)).await?;
        Ok(())
    }

    /// Sends a command that answers `1 (value)`, or 0 for no value.
    pub(super) async fn value(&mut self, command: Command) -> Result<Option<String>> {
        Ok(self.run(command).await?.text().map(str::to_owned))
    }
}
