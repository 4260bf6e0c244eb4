//! Agents and their SIP accounts.

use cadran_engine::model::{Agent, AgentId, SipAccount, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::db::Select;
use super::name_order::in_order;
use super::value::{Row, args, json};
use super::{Error, Kept, NameOrder, Page, Store, only};

const NOUN: &str = "agent";
const EXISTS: &str = "select 1 as one from agent where agent_id = $1";

impl Store {
    /// Keeps an agent and the password of their SIP account. The id in `agent` is not used.
    pub async fn create_agent(
        &self,
        agent: &Agent,
        secret: &SecretString,
        now: Timestamp,
    ) -> Result<Kept<Agent>, Error> {
        let sql = "insert into agent (name, sip_account, sip_secret, settings, updated_at) \
                   values ($1, $2, $3, $4, $5) returning *";
        let values = args![&agent.name, &agent.sip_account, secret.expose_secret(), json(agent)?, now];
        read(&only(self.db.change(sql, values).await?)?)
    }

    /// One agent.
    pub async fn agent(&self, id: AgentId) -> Result<Option<Kept<Agent>>, Error> {
        let row = self.db.row("select * from agent where agent_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// A page of agents.
    pub async fn agents(&self, order: NameOrder, page: Page<AgentId>) -> Result<Vec<Kept<Agent>>, Error> {
        let (behind, by) = in_order!(order, "agent", "agent_id", "name");
        let select =
            Select::new("select * from agent").of_agents("agent_id", &self.scope).narrow(behind, page.after);
        select.page(&self.db, by, page.limit()).await?.iter().map(read).collect()
    }

    /// Every agent, for the engine.
    pub(super) async fn all_agents(&self) -> Result<Vec<Agent>, Error> {
        let rows = self.db.rows("select * from agent order by agent_id", args![]).await?;
        rows.iter().map(|row| Ok(read(row)?.value)).collect()
    }

    /// Every agent's SIP account, for Asterisk.
    pub(super) async fn sip_accounts(&self) -> Result<Vec<SipAccount>, Error> {
        let rows = self.db.rows("select * from agent order by agent_id", args![]).await?;
        rows.iter().map(read_account).collect()
    }

    /// One agent's SIP account, for their own phone.
    pub async fn sip_account(&self, id: AgentId) -> Result<Option<SipAccount>, Error> {
        let row = self.db.row("select * from agent where agent_id = $1", args![id]).await?;
        row.as_ref().map(read_account).transpose()
    }

    /// Replaces an agent's settings, if nobody changed them since `rev`. Without a `secret` the password stays.
    pub async fn update_agent(
        &self,
        agent: &Agent,
        secret: Option<&SecretString>,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<Agent>, Error> {
        let sql = "update agent set name = $3, sip_account = $4, sip_secret = coalesce($5, sip_secret), \
                   settings = $6, updated_at = $7, rev = rev + 1 where agent_id = $1 and rev = $2 returning *";
        let secret = secret.map(ExposeSecret::expose_secret);
        let values = args![agent.id, rev, &agent.name, &agent.sip_account, secret, json(agent)?, now];
        match self.db.change(sql, values).await?.first() {
            Some(row) => read(row),
            None => Err(self.why_unchanged(NOUN, EXISTS, agent.id.as_i64()).await),
        }
    }

    /// Removes an agent who has no history and no console account.
    pub async fn delete_agent(&self, id: AgentId, rev: i64) -> Result<(), Error> {
        let sql = "delete from agent where agent_id = $1 and rev = $2 returning agent_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await),
        }
    }
}

fn read(row: &Row) -> Result<Kept<Agent>, Error> {
    let settings: Agent = row.json("settings")?;
    let agent = Agent {
        id: row.get("agent_id")?,
        name: row.get("name")?,
        sip_account: row.get("sip_account")?,
        ..settings
    };
    Kept::read(row, agent)
}

fn read_account(row: &Row) -> Result<SipAccount, Error> {
    let agent = read(row)?.value;
    Ok(SipAccount {
        agent: agent.id,
        name: agent.sip_account,
        secret: row.get::<String>("sip_secret")?.into(),
        phone_kind: agent.phone_kind,
        mailbox: None,
    })
}
