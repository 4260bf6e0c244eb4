//! A small call centre: one campaign, one list, one trunk, one agent, and leads as many as a story needs.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran::store::{ImportRow, List, NewLead, Page, RowContent, Seller, Store, WriteQueue};
use cadran_engine::command::{DispositionRecord, LeadNext, Write};
use cadran_engine::dialer::compliance::Obligation;
use cadran_engine::input::StoreEvent;
use cadran_engine::model::attempt::CallRecord;
use cadran_engine::model::{
    Agent, AgentId, Attempt, AttemptId, CallId, CallingHours, Campaign, CampaignId, CampaignSettings,
    CampaignState, ComplianceSettings, DialMode, Disposition, Greeting, HangupCause, Lead, LeadId, LegId,
    LegalBasis, ListId, Mailbox, MailboxId, Outcome, Phone, PhoneKind, Purpose, RateLimit, RecordingPolicy,
    RingMode, SellerId, Side, SipTrunk, Timestamp, Trunk, TrunkId, Zone,
};
use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// The Asterisk server that the stories' daemon drives.
pub(crate) const HOLDER: &str = "asterisk-1";

/// The moment at which stories begin.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

/// So many seconds after the beginning of the story.
pub(crate) fn at(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

/// A number of the range that no subscriber has.
pub(crate) fn phone(last: u32) -> Phone {
    format!("+331990{last:05}").parse().unwrap()
}

/// The number that is shown: automated calls to France may show no other kind.
pub(crate) fn shown() -> Phone {
    "+33162001122".parse().unwrap()
}

pub(crate) struct World {
    pub(crate) campaign: CampaignId,
    pub(crate) list: ListId,
    pub(crate) trunk: TrunkId,
    pub(crate) agent: AgentId,
    pub(crate) seller: SellerId,
}

impl World {
    /// The call centre with `leads` leads, the numbers of which end in 0, 1, 2...
    pub(crate) async fn with_leads(store: &Store, leads: u32) -> Self {
        let (trunk, sip) = a_trunk();
        let trunk = store.create_trunk(&trunk, &sip, NOW).await.unwrap().value.0.id;
        let secret = SecretString::from("not-a-secret");
        let agent = store.create_agent(&an_agent("agent-1"), &secret, NOW).await.unwrap().value.id;
        let seller = store.create_seller(&a_seller("Seller One"), NOW).await.unwrap().value.id;
        let campaign = store.create_campaign(&a_campaign(trunk, seller), NOW).await.unwrap().value.id;
        let list = List { id: ListId::from_i64(0), campaign, name: "June".to_owned(), enabled: true };
        let list = store.create_list(&list, NOW).await.unwrap().value.id;
        let world = Self { campaign, list, trunk, agent, seller };
        world.import(store, (0..leads).map(a_lead).collect()).await;
        world
    }

    /// Brings leads into the list; gives them in the order in which they came.
    pub(crate) async fn import(&self, store: &Store, leads: Vec<NewLead>) -> Vec<LeadId> {
        let import = store.begin_import(self.list, "june.csv", "phone", None, NOW).await.unwrap();
        let rows = (1..).zip(leads).map(|(number, lead)| ImportRow {
            number,
            text: lead.phone.e164(),
            content: RowContent::Lead(lead),
            remark: None,
        });
        store.import_rows(import.id, rows.collect(), NOW).await.unwrap();
        store.end_import(import.id, None, NOW).await.unwrap();
        let leads = store.leads(Default::default(), Default::default(), Page::first()).await.unwrap();
        leads.iter().map(|record| record.lead.id).collect()
    }

    /// Claims the next lead.
    pub(crate) async fn claim(&self, store: &Store) -> Lead {
        let leads = store.claim_leads(self.campaign, 1, NOW, HOLDER).await.unwrap().leads;
        leads.into_iter().next().expect("a lead is due")
    }

    pub(crate) fn attempt_on(&self, lead: &Lead) -> Attempt {
        Attempt {
            id: AttemptId::from_uuid(Uuid::now_v7()),
            call: CallId::from_uuid(Uuid::now_v7()),
            leg: LegId::from_uuid(Uuid::now_v7()),
            campaign: self.campaign,
            list: lead.list,
            lead: lead.id,
            phone: lead.phone_to_dial(),
            caller_id: shown(),
            trunk: self.trunk,
            agent: None,
            started_at: NOW,
            by_hand: None,
        }
    }

    pub(crate) fn call_of(&self, attempt: &Attempt) -> CallRecord {
        CallRecord {
            id: attempt.call,
            attempt: attempt.id,
            campaign: self.campaign,
            lead: attempt.lead,
            phone: attempt.phone,
            agent: Some(self.agent),
            answered_at: at(5),
            connected_at: Some(at(6)),
            message_at: None,
            ended_at: at(60),
            ended_by: Side::Customer,
            cause: HangupCause { q850: 16, sip: None },
        }
    }

    pub(crate) fn said_of(&self, attempt: &Attempt, next: LeadNext) -> DispositionRecord {
        DispositionRecord {
            call: attempt.call,
            campaign: self.campaign,
            lead: attempt.lead,
            phone: attempt.phone,
            agent: self.agent,
            code: "sale".to_owned(),
            note: String::new(),
            at: at(62),
            next,
            callback: None,
            do_not_call: false,
            success: false,
            refused: false,
        }
    }
}

pub(crate) fn close(attempt: &Attempt, outcome: Outcome, next: LeadNext) -> Write {
    Write::CloseAttempt {
        attempt: attempt.id,
        outcome,
        cause: HangupCause { q850: 16, sip: Some(200) },
        ended_at: at(60),
        screened: None,
        person_chance: None,
        lead: attempt.lead,
        next,
    }
}

pub(crate) fn a_lead(number: u32) -> NewLead {
    NewLead {
        phone: phone(number),
        alternates: Vec::new(),
        name: format!("Lead {number}"),
        zone: "Europe/Paris".parse::<Zone>().unwrap(),
        priority: 0,
        fields: serde_json::Map::new(),
        consent: None,
    }
}

pub(crate) fn an_agent(account: &str) -> Agent {
    Agent {
        id: AgentId::from_i64(0),
        name: "Agent One".to_owned(),
        sip_account: account.to_owned(),
        phone_kind: PhoneKind::Sip,
        ring_mode: RingMode::NailedUp,
        ring_timeout: Duration::from_secs(20),
        queues: Vec::new(),
        skills: BTreeMap::new(),
        recording: None,
    }
}

/// A mailbox that tells nobody of its messages.
pub(crate) fn a_mailbox() -> Mailbox {
    Mailbox {
        id: MailboxId::from_i64(0),
        name: "Bureau".to_owned(),
        agent: None,
        notify: Vec::new(),
        greeting: Greeting::default(),
    }
}

pub(crate) fn a_trunk() -> (Trunk, SipTrunk) {
    let id = TrunkId::from_i64(0);
    let limit = RateLimit { calls_per_second: 10.0, concurrent_calls: 100 };
    let trunk = Trunk { id, name: "carrier".to_owned(), enabled: true, caller_ids: vec![shown()], limit };
    let sip = SipTrunk {
        id,
        host: "sip.example".to_owned(),
        port: 5060,
        credentials: Some(("cadran".to_owned(), "not-a-secret".into())),
        register: true,
        codecs: vec!["alaw".to_owned(), "ulaw".to_owned()],
    };
    (trunk, sip)
}

pub(crate) fn a_seller(name: &str) -> Seller {
    Seller { id: SellerId::from_i64(0), name: name.to_owned(), registration: String::new() }
}

/// A campaign that sells nothing, so that it may call at any hour.
pub(crate) fn a_campaign(trunk: TrunkId, seller: SellerId) -> Campaign {
    Campaign {
        id: CampaignId::from_i64(0),
        state: CampaignState::Running,
        settings: CampaignSettings {
            name: "Summer".to_owned(),
            mode: DialMode::Progressive,
            trunks: vec![trunk],
            caller_ids: vec![shown()],
            ring_timeout: Duration::from_secs(25),
            hours: CallingHours::always(),
            recording: RecordingPolicy::All,
            recording_notice: None,
            keep_wav: false,
            dispositions: Disposition::usual(),
            limit: RateLimit { calls_per_second: 10.0, concurrent_calls: 100 },
            compliance: ComplianceSettings {
                seller: Some(seller),
                purpose: Purpose::Service,
                legal_basis: Some(LegalBasis::Contract),
                ..ComplianceSettings::default()
            },
            ..CampaignSettings::default()
        },
    }
}

/// A writer and the ear that hears its answers.
pub(crate) struct Desk {
    pub(crate) queue: WriteQueue,
    pub(crate) events: mpsc::Receiver<StoreEvent>,
}

impl Desk {
    pub(crate) fn of(store: &Store) -> Self {
        Self::of_holder(store, HOLDER)
    }

    /// The writer of another Asterisk server's daemon.
    pub(crate) fn of_holder(store: &Store, holder: &str) -> Self {
        let (ear, events) = mpsc::channel(1000);
        let (queue, _) = store.writer(holder, None, ear);
        Self { queue, events }
    }

    /// Queues writes and waits until they are durable.
    pub(crate) async fn keep(&self, writes: impl IntoIterator<Item = Write>) {
        for write in writes {
            self.queue.write(write).unwrap();
        }
        self.settled().await;
    }

    /// Waits until everything that was queued is durable.
    pub(crate) async fn settled(&self) {
        let (done, is_done) = oneshot::channel();
        self.queue.then(done).unwrap();
        is_done.await.unwrap();
    }

    /// What the engine would hear next.
    pub(crate) async fn hears(&mut self) -> StoreEvent {
        self.events.recv().await.expect("the writer runs")
    }

    /// Claims the next lead and makes an attempt on it durable.
    pub(crate) async fn dial(&mut self, world: &World, store: &Store) -> Attempt {
        let attempt = world.attempt_on(&world.claim(store).await);
        self.queue.write(Write::SaveAttempt(Box::new(attempt.clone()))).unwrap();
        assert_eq!(self.hears().await, saved(attempt.id));
        attempt
    }
}

/// What is heard of an attempt on a French number that was made durable.
pub(crate) fn saved(attempt: AttemptId) -> StoreEvent {
    StoreEvent::AttemptSaved { attempt, obligations: vec![Obligation::TellOfListening] }
}
