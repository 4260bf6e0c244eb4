//! Trunks and agents' phones on Asterisk, pushed as dynamic configuration and removed when they are gone.
//!
//! A trunk or an account is a group of SIP objects under one name. The endpoint is written last and its account code
//! carries a digest of the whole group, so an endpoint with the right digest proves that everything before it was
//! written: such a group is left alone, any other is written again from the start. For the same reason the endpoint
//! is removed last. The account code also tells our endpoints from those in the administrator's own files, which are
//! never touched.

mod objects;

use std::collections::HashMap;

use ari::{Client, ConfigTuple};
use cadran_engine::model::{MessageLamp, SipAccount, SipTrunk};
use tracing::{info, warn};

use super::names::Names;
pub(super) use objects::Writing;
use objects::{CONFIG_CLASS, Group, KINDS};

/// The context of the dialplan that lights lamps.
const LAMPS: &str = "cadran-lamps";

/// What came of comparing Asterisk with the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// Trunks and accounts that were as they should be.
    pub unchanged: u32,
    /// Trunks and accounts that were written.
    pub pushed: u32,
    /// Trunks and accounts that were removed.
    pub removed: u32,
}

/// Why trunks and accounts are not as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A name or value cannot be written as SIP configuration.
    #[error("{what} cannot be provisioned: {problem}")]
    Unusable {
        /// The trunk or account.
        what: String,
        /// What is wrong with it, and what it must be.
        problem: String,
    },
    /// An endpoint of that name exists and is not ours.
    #[error(
        "the SIP endpoint `{0}` is defined in Asterisk's own files; rename the account, or remove it from pjsip.conf"
    )]
    NameTaken(String),
    /// Asterisk did not take it.
    #[error("Asterisk did not take {what}: {source}")]
    Asterisk {
        /// The object.
        what: String,
        /// What it said.
        source: ari::Error,
    },
}

/// Makes Asterisk hold exactly these trunks and accounts of ours. Repeating it changes nothing.
///
/// A group that cannot be provisioned does not stop the others; the first problem is returned when all were tried.
pub(super) async fn provision(
    client: &Client,
    write: Writing<'_>,
    trunks: &[SipTrunk],
    accounts: &[SipAccount],
) -> Result<Provisioned, ProvisionError> {
    let mut first_problem = None;
    let mut wanted = HashMap::new();
    let groups = trunks.iter().map(|trunk| write.trunk(trunk));
    for group in groups.chain(accounts.iter().map(|account| write.account(account))) {
        match group {
            Ok(group) => {
                wanted.insert(group.name.clone(), group);
            }
            Err(problem) => keep_first(&mut first_problem, problem),
        }
    }
    let present = endpoints(client, write.names).await?;
    let mut done = Provisioned::default();
    for (name, digest) in present.iter().filter_map(|(name, found)| Some((name, found.as_ref()?))) {
        match wanted.get(name) {
            Some(group) if group.digest() == *digest => {
                done.unchanged += 1;
                wanted.remove(name);
            }
            Some(_) => {}
            None => match remove(client, name).await {
                Ok(()) => done.removed += 1,
                Err(problem) => keep_first(&mut first_problem, problem),
            },
        }
    }
    for (name, group) in wanted {
        let pushed = match present.get(&name) {
            Some(None) => Err(ProvisionError::NameTaken(name)),
            Some(Some(_)) | None => push(client, &group).await,
        };
        match pushed {
            Ok(()) => done.pushed += 1,
            Err(problem) => keep_first(&mut first_problem, problem),
        }
    }
    info!(unchanged = done.unchanged, pushed = done.pushed, removed = done.removed, "Provisioned Asterisk");
    first_problem.map_or(Ok(done), Err)
}

/// Has the lamps of telephones show how many messages wait, by the mailboxes that their endpoints name.
pub(super) async fn light_lamps(
    client: &Client,
    names: &Names,
    lamps: &[MessageLamp],
) -> Result<(), ProvisionError> {
    for lamp in lamps {
        let name = names.mailbox(lamp.mailbox);
        let update = ari::mailboxes::Update::new(name.clone(), lamp.heard, lamp.fresh);
        let lit = match client.send(update).await {
            // This Asterisk has no res_ari_mailboxes, as Debian's.
            Err(problem) if problem.is_not_found() => light_by_dialplan(client, &name, lamp).await,
            lit => lit,
        };
        lit.map_err(|source| failed(&format!("mailbox `{name}`"), source))?;
    }
    Ok(())
}

/// Has the context `cadran-lamps` of the dialplan light a lamp: a call to it carries what the lamp shows, and is over
/// when it is lit.
async fn light_by_dialplan(client: &Client, mailbox: &str, lamp: &MessageLamp) -> Result<(), ari::Error> {
    let (box_name, _) = mailbox.split_once('@').unwrap_or((mailbox, ""));
    let endpoint = format!("Local/{box_name}*{}*{}@{LAMPS}", lamp.fresh, lamp.heard);
    let mut call = ari::channels::Originate::new(endpoint);
    // Nobody picks up, so that nothing is run for the other half.
    call.context = Some(LAMPS.to_owned());
    call.extension = Some(box_name.to_owned());
    client.send(call).await.map(drop)
}

fn keep_first(first: &mut Option<ProvisionError>, problem: ProvisionError) {
    warn!("{problem}");
    first.get_or_insert(problem);
}

/// The PJSIP endpoints of Asterisk: of ours the digest, of others nothing.
async fn endpoints(
    client: &Client,
    names: &Names,
) -> Result<HashMap<String, Option<String>>, ProvisionError> {
    let list = ari::endpoints::ListByTechnology::new("PJSIP");
    // Asterisk says 404 while it has no endpoint at all.
    let all = client
        .find(list)
        .await
        .map_err(|source| failed("the list of endpoints", source))?
        .unwrap_or_default();
    let mut found = HashMap::with_capacity(all.len());
    for endpoint in all {
        let name = endpoint.resource;
        let fields =
            match client.send(ari::asterisk::GetObject::new(CONFIG_CLASS, "endpoint", name.clone())).await {
                Ok(fields) => fields,
                Err(problem) if problem.is_not_found() => continue,
                Err(source) => return Err(failed(&format!("a question about endpoint `{name}`"), source)),
            };
        found.insert(name, objects::digest_in(names, &fields));
    }
    Ok(found)
}

/// Writes a group anew. What an earlier version of it had and this one has not is gone.
async fn push(client: &Client, group: &Group) -> Result<(), ProvisionError> {
    remove(client, &group.name).await?;
    for object in &group.objects {
        let fields: Vec<ConfigTuple> = object.fields.iter().map(objects::Field::tuple).collect();
        let update = ari::asterisk::UpdateObject::new(CONFIG_CLASS, object.kind, group.name.clone(), fields);
        client
            .send(update)
            .await
            .map_err(|source| failed(&format!("{} `{}`", object.kind, group.name), source))?;
    }
    Ok(())
}

/// Removes every object of that name, the endpoint last.
async fn remove(client: &Client, name: &str) -> Result<(), ProvisionError> {
    for kind in KINDS {
        match client.send(ari::asterisk::DeleteObject::new(CONFIG_CLASS, kind, name)).await {
            Ok(()) => {}
            Err(problem) if problem.is_not_found() => {}
            Err(source) => return Err(failed(&format!("the removal of {kind} `{name}`"), source)),
        }
    }
    Ok(())
}

fn failed(what: &str, source: ari::Error) -> ProvisionError {
    ProvisionError::Asterisk { what: what.to_owned(), source }
}
