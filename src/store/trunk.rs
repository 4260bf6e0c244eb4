//! Carrier connections: what the engine dials through, and what Asterisk must know to reach them.

use cadran_engine::model::{SipTrunk, Timestamp, Trunk, TrunkId};
use secrecy::ExposeSecret;

use super::db::Select;
use super::value::{Row, Value, args, json};
use super::{Error, Kept, Page, Store, only};

const NOUN: &str = "trunk";
const EXISTS: &str = "select 1 as one from trunk where trunk_id = $1";

impl Store {
    /// Keeps a trunk and its SIP side. The ids in both are not used.
    pub async fn create_trunk(
        &self,
        trunk: &Trunk,
        sip: &SipTrunk,
        now: Timestamp,
    ) -> Result<Kept<(Trunk, SipTrunk)>, Error> {
        let sql = "insert into trunk (name, enabled, settings, host, port, register, codecs, user_name, secret, \
                   updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning *";
        let mut values = columns(trunk, sip)?;
        values.push(now.into());
        read(&only(self.db.change(sql, values).await?)?)
    }

    /// One trunk.
    pub async fn trunk(&self, id: TrunkId) -> Result<Option<Kept<(Trunk, SipTrunk)>>, Error> {
        let row = self.db.row("select * from trunk where trunk_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Trunks, in the order in which they were added.
    pub async fn trunks(&self, page: Page<TrunkId>) -> Result<Vec<Kept<(Trunk, SipTrunk)>>, Error> {
        let select = Select::new("select * from trunk").narrow("trunk_id > ?", page.after);
        select.page(&self.db, "trunk_id", page.limit()).await?.iter().map(read).collect()
    }

    /// Every trunk, for the engine and for Asterisk.
    pub(super) async fn all_trunks(&self) -> Result<Vec<(Trunk, SipTrunk)>, Error> {
        let rows = self.db.rows("select * from trunk order by trunk_id", args![]).await?;
        rows.iter().map(|row| Ok(read(row)?.value)).collect()
    }

    /// Replaces a trunk's settings, if nobody changed them since `rev`. `trunk.id` names it.
    pub async fn update_trunk(
        &self,
        trunk: &Trunk,
        sip: &SipTrunk,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<(Trunk, SipTrunk)>, Error> {
        let sql = "update trunk set name = $1, enabled = $2, settings = $3, host = $4, port = $5, register = $6, \
                   codecs = $7, user_name = $8, secret = $9, updated_at = $10, rev = rev + 1 \
                   where trunk_id = $11 and rev = $12 returning *";
        let mut values = columns(trunk, sip)?;
        values.extend(args![now, trunk.id, rev]);
        match self.db.change(sql, values).await?.first() {
            Some(row) => read(row),
            None => Err(self.why_unchanged(NOUN, EXISTS, trunk.id.as_i64()).await),
        }
    }

    /// Removes a trunk that has carried no call. Campaigns that name it do without.
    pub async fn delete_trunk(&self, id: TrunkId, rev: i64) -> Result<(), Error> {
        let sql = "delete from trunk where trunk_id = $1 and rev = $2 returning trunk_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await),
        }
    }
}

fn columns(trunk: &Trunk, sip: &SipTrunk) -> Result<Vec<Value>, Error> {
    let (user_name, secret) = match &sip.credentials {
        Some((name, secret)) => (Some(name.as_str()), Some(secret.expose_secret())),
        None => (None, None),
    };
    let (host, codecs) = (&sip.host, json(&sip.codecs)?);
    Ok(args![
        &trunk.name,
        trunk.enabled,
        json(trunk)?,
        host,
        sip.port,
        sip.register,
        codecs,
        user_name,
        secret
    ])
}

fn read(row: &Row) -> Result<Kept<(Trunk, SipTrunk)>, Error> {
    let id = row.get("trunk_id")?;
    let settings: Trunk = row.json("settings")?;
    let trunk = Trunk { id, name: row.get("name")?, enabled: row.get("enabled")?, ..settings };
    let user_name: Option<String> = row.get("user_name")?;
    let secret: Option<String> = row.get("secret")?;
    let sip = SipTrunk {
        id,
        host: row.get("host")?,
        port: row.get("port")?,
        credentials: user_name.zip(secret.map(Into::into)),
        register: row.get("register")?,
        codecs: row.json("codecs")?,
    };
    Kept::read(row, (trunk, sip))
}
