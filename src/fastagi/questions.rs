//! Questions of the dialplan that are answered with channel variables.

use cadran_engine::input::Request;
use cadran_engine::model::{AgentId, CallId, CampaignId, Canary, Did, FlowId, Overflow, Phone, Track};

use super::Error;
use super::conversation::Conversation;
use crate::inbox::RequestError;
use crate::store::{LeadFilter, LeadOrder, Page};

/// Fields of a lead that are handed to the dialplan.
const FIELDS_MAX: usize = 20;
/// People who are counted behind one number.
const CUSTOMERS_MAX: u16 = 10;

/// `route`: where calls to a number go.
pub(super) async fn route(call: &mut Conversation<'_>) -> Result<(), Error> {
    let called = call.called();
    let dids = call.desk.store.all_settings::<Did>().await?;
    let Some(did) = dids.iter().find(|did| is_called(did, &called)) else {
        return call.set("ROUTE", "unknown").await;
    };
    let flow = call.desk.store.flow(did.flow).await?;
    let (live, test) = flow.map_or((None, None), |flow| (flow.value.live, flow.value.test));
    let revision = revision_for(did, (live, test), draw(call.request.unique_id()));
    let Some(revision) = revision else {
        let fallback = did.fallback.map_or_else(|| "none".to_owned(), words);
        return call.set_all(&[("ROUTE", "fallback".to_owned()), ("FALLBACK", fallback)]).await;
    };
    call.set_all(&[
        ("ROUTE", "flow".to_owned()),
        ("FLOW", did.flow.to_string()),
        ("REVISION", revision.to_string()),
        ("LOCALE", did.locale.clone().unwrap_or_default()),
        ("FALLBACK", did.fallback.map_or_else(|| "none".to_owned(), words)),
    ])
    .await
}

/// Whether a number is the one that was called, in E.164 with or without `+`, or as carriers write it.
fn is_called(did: &Did, called: &str) -> bool {
    let e164 = did.number.e164();
    called == e164
        || called == e164.trim_start_matches('+')
        || did.also_written.iter().any(|other| other == called)
}

/// The revision that a caller gets: the canary's for its share of them, the track's for the others.
pub(super) fn revision_for(did: &Did, (live, test): (Option<u32>, Option<u32>), draw: u64) -> Option<u32> {
    match did.canary {
        Some(Canary { revision, share }) if draw % 100 < u64::from(share) => Some(revision),
        Some(_) | None => match did.track {
            Track::Live => live,
            Track::Test => test,
        },
    }
}

/// A number drawn for a call, always the same for the same one.
pub(super) fn draw(unique_id: &str) -> u64 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(unique_id);
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Where callers go on, as one word for the dialplan.
fn words(overflow: Overflow) -> String {
    match overflow {
        Overflow::Flow { flow } => flow.to_string(),
        Overflow::Number { phone } => phone.e164(),
        Overflow::Queue { queue } => queue.to_string(),
        Overflow::Voicemail { mailbox } => mailbox.to_string(),
    }
}

/// `may-dial`: whether the law, and our do-not-call lists, let a number be called at this moment.
pub(super) async fn may_dial(call: &mut Conversation<'_>) -> Result<(), Error> {
    let phone = phone(call, "number")?;
    let campaign = match call.asked("campaign") {
        Some(campaign) => Some(campaign.parse::<CampaignId>().map_err(|_| Error::Question("campaign"))?),
        None => None,
    };
    let why = call.desk.store.why(phone, (call.desk.clock)()).await?;
    let of_campaign =
        |verdict: &&crate::store::Verdict| campaign.is_none_or(|wanted| wanted == verdict.campaign);
    let verdict = why.verdicts.iter().find(of_campaign);
    let (answer, reason) = match verdict {
        _ if why
            .contact
            .do_not_call
            .iter()
            .any(|entry| entry.campaign.is_none() && entry.seller.is_none()) =>
        {
            ("0", "INTERNAL_DNC")
        }
        Some(verdict) => match &verdict.denied {
            Some((reason, _)) => ("0", reason.as_str()),
            None => ("1", "ALLOWED"),
        },
        // Without a lead there is neither purpose nor seller, by which the law judges.
        None => ("0", "NO_LEAD"),
    };
    call.set_all(&[("MAY_DIAL", answer.to_owned()), ("REASON", reason.to_owned())]).await
}

/// `customer`: who is behind a number; by default the caller's.
pub(super) async fn customer(call: &mut Conversation<'_>) -> Result<(), Error> {
    let number = call.asked("number").map_or_else(|| call.caller(), str::to_owned);
    let Ok(phone) = number.parse::<Phone>() else {
        return call.set("CUSTOMERS", "0").await;
    };
    let filter = LeadFilter { phone: Some(phone), ..LeadFilter::default() };
    let found = call
        .desk
        .store
        .leads(filter, LeadOrder::Imported, Page { after: None, limit: CUSTOMERS_MAX })
        .await?;
    call.set("CUSTOMERS", &found.len().to_string()).await?;
    let Some(first) = found.into_iter().next() else { return Ok(()) };
    call.set_all(&[
        ("CUSTOMER_LEAD", first.lead.id.to_string()),
        ("CUSTOMER_CAMPAIGN", first.campaign.to_string()),
        ("CUSTOMER_NAME", first.name),
    ])
    .await?;
    for (field, value) in first.fields.iter().take(FIELDS_MAX) {
        let is_plain = field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if is_plain {
            call.set(&format!("CUSTOMER_{}", field.to_ascii_uppercase()), &value).await?;
        }
    }
    Ok(())
}

/// `disposition`: what an agent says of their call, from the keys of their telephone.
pub(super) async fn disposition(call: &mut Conversation<'_>) -> Result<(), Error> {
    let agent = call.asked("agent").and_then(|agent| agent.parse::<AgentId>().ok());
    let talked = call.asked("call").and_then(|talked| talked.parse::<CallId>().ok());
    let request = Request::Dispose {
        agent: agent.ok_or(Error::Question("agent"))?,
        call: talked.ok_or(Error::Question("call"))?,
        code: call.asked("code").ok_or(Error::Question("code"))?.to_owned(),
        note: call.asked("note").unwrap_or_default().to_owned(),
        callback: None,
    };
    let answer = match call.desk.inbox.request(request).await {
        Ok(_) => "ok".to_owned(),
        Err(RequestError::Refused(refusal)) => format!("refused: {refusal}"),
        Err(error @ (RequestError::Late | RequestError::Settings(_) | RequestError::Stopping)) => {
            format!("failed: {error}")
        }
    };
    call.set("DISPOSITION", &answer).await
}

fn phone(call: &Conversation<'_>, name: &'static str) -> Result<Phone, Error> {
    call.asked(name).and_then(|number| number.parse().ok()).ok_or(Error::Question(name))
}

/// The flow that a question names.
pub(super) fn flow_id(text: &str) -> Result<FlowId, Error> {
    text.parse().map_err(|_| Error::Question("flow"))
}
