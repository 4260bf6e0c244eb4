//! Asterisk's own database (AstDB): values by family and key.

use crate::{Command, Connection, Result};

impl Connection {
    /// `DATABASE DEL`: removes a key; false if there was none.
    pub async fn database_del(&mut self, family: &str, key: &str) -> Result<bool> {
        Ok(self.run(Command::new("DATABASE DEL").text(family).text(key)).await?.result() == "1")
    }

    /// `DATABASE DELTREE`: removes a family, or the part of it under a key; false if nothing was there. (Asterisk
    /// answers this one command with 0 for yes and 1 for no.)
    pub async fn database_deltree(&mut self, family: &str, key_tree: Option<&str>) -> Result<bool> {
        let command = Command::new("DATABASE DELTREE").text(family).optional_text(key_tree);
        Ok(self.run(command).await?.result() == "0")
    }

    /// `DATABASE GET`: a value, or `None` if the key is not there.
    pub async fn database_get(&mut self, family: &str, key: &str) -> Result<Option<String>> {
        self.value(Command::new("DATABASE GET").text(family).text(key)).await
    }

    /// `DATABASE PUT`: stores a value.
    pub async fn database_put(&mut self, family: &str, key: &str, value: &str) -> Result<()> {
        let command = Command::new("DATABASE PUT").text(family).text(key).text(value);
        self.run_or_fail(command, "the value was not stored").await
    }
}
