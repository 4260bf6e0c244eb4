//! Teams: agents and campaigns that some people look after, and no others.

use std::collections::BTreeSet;

use cadran_engine::model::{Agent, AgentId, CampaignId, Scope, TeamId, Timestamp, UserId};

use super::db::{Lane, Select, Tx};
use super::value::{Field, Row, args};
use super::{Error, Kept, Page, Store, only};

const NOUN: &str = "team";
const EXISTS: &str = "select 1 as one from team where team_id = $1";

/// Agents and campaigns that some people look after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// The row.
    pub id: TeamId,
    /// How people call it. No two teams have the same name.
    pub name: String,
    /// Who is in it.
    pub agents: BTreeSet<AgentId>,
    /// The campaigns it works for, with their lists, leads and calls.
    pub campaigns: BTreeSet<CampaignId>,
}

impl Store {
    /// Keeps a team. The id in `team` is not used.
    pub async fn create_team(&self, team: &Team, now: Timestamp) -> Result<Kept<Team>, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let sql = "insert into team (name, updated_at) values ($1, $2) returning *";
        let row = only(tx.rows(sql, args![&team.name, now]).await?)?;
        let team = Team { id: row.get("team_id")?, ..team.clone() };
        put_members(&mut tx, &team).await?;
        tx.commit().await?;
        Kept::read(&row, team)
    }

    /// One team.
    pub async fn team(&self, id: TeamId) -> Result<Option<Kept<Team>>, Error> {
        match self.db.row("select * from team where team_id = $1", args![id]).await? {
            Some(row) => Ok(Some(self.read_team(&row).await?)),
            None => Ok(None),
        }
    }

    /// Teams, in the order in which they were added.
    pub async fn teams(&self, page: Page<TeamId>) -> Result<Vec<Kept<Team>>, Error> {
        let select = Select::new("select * from team").narrow("team_id > ?", page.after);
        let mut teams = Vec::new();
        for row in select.page(&self.db, "team_id", page.limit()).await? {
            teams.push(self.read_team(&row).await?);
        }
        Ok(teams)
    }

    /// Replaces a team, if nobody changed it since `rev`.
    pub async fn update_team(&self, team: &Team, rev: i64, now: Timestamp) -> Result<Kept<Team>, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let sql = "update team set name = $3, updated_at = $4, rev = rev + 1 where team_id = $1 and rev = $2 \
                   returning *";
        let Some(row) = tx.row(sql, args![team.id, rev, &team.name, now]).await? else {
            return Err(self.why_unchanged(NOUN, EXISTS, team.id).await);
        };
        tx.execute("delete from team_agent where team_id = $1", args![team.id]).await?;
        tx.execute("delete from team_campaign where team_id = $1", args![team.id]).await?;
        put_members(&mut tx, team).await?;
        tx.commit().await?;
        Kept::read(&row, team.clone())
    }

    /// Removes a team. Whoever looked after it looks after one less.
    pub async fn delete_team(&self, id: TeamId, rev: i64) -> Result<(), Error> {
        let sql = "delete from team where team_id = $1 and rev = $2 returning team_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id).await),
        }
    }

    /// What belongs to the teams that a user looks after. Queues are of the teams whose agents serve them.
    pub(super) async fn scope_of(&self, user: UserId) -> Result<Scope, Error> {
        let agents =
            "select agent_id as id from user_team join team_agent using (team_id) where user_id = $1";
        let campaigns =
            "select campaign_id as id from user_team join team_campaign using (team_id) where user_id = $1";
        let served = "select settings from agent where agent_id in \
            (select agent_id from user_team join team_agent using (team_id) where user_id = $1)";
        let mut queues = BTreeSet::new();
        for row in self.db.rows(served, args![user]).await? {
            queues.extend(row.json::<Agent>("settings")?.queues);
        }
        Ok(Scope::Teams {
            agents: ids(self.db.rows(agents, args![user]).await?)?,
            campaigns: ids(self.db.rows(campaigns, args![user]).await?)?,
            queues,
        })
    }

    /// The teams that a user looks after.
    pub(super) async fn teams_of(&self, user: UserId) -> Result<BTreeSet<TeamId>, Error> {
        ids(self.db.rows("select team_id as id from user_team where user_id = $1", args![user]).await?)
    }

    async fn read_team(&self, row: &Row) -> Result<Kept<Team>, Error> {
        let id: TeamId = row.get("team_id")?;
        let agents = "select agent_id as id from team_agent where team_id = $1";
        let campaigns = "select campaign_id as id from team_campaign where team_id = $1";
        let team = Team {
            id,
            name: row.get("name")?,
            agents: ids(self.db.rows(agents, args![id]).await?)?,
            campaigns: ids(self.db.rows(campaigns, args![id]).await?)?,
        };
        Kept::read(row, team)
    }
}

async fn put_members(tx: &mut Tx, team: &Team) -> Result<(), Error> {
    for agent in &team.agents {
        let sql = "insert into team_agent (team_id, agent_id) values ($1, $2)";
        tx.execute(sql, args![team.id, *agent]).await?;
    }
    for campaign in &team.campaigns {
        let sql = "insert into team_campaign (team_id, campaign_id) values ($1, $2)";
        tx.execute(sql, args![team.id, *campaign]).await?;
    }
    Ok(())
}

fn ids<Id: Field + Ord>(rows: Vec<Row>) -> Result<BTreeSet<Id>, Error> {
    rows.iter().map(|row| row.get("id")).collect()
}
