//! The outbox of webhooks: what the engine's writes make true is put there with them, once.

use cadran::store::{DeliveryState, EventKind, Page, Webhook};
use cadran_engine::model::{CampaignState, WebhookId};
use serde_json::Value;

use super::database::Database;
use super::world::{Desk, NOW, World, at};

pub(crate) fn a_webhook(events: &[EventKind], numbers: bool) -> Webhook {
    Webhook {
        id: WebhookId::from_i64(0),
        name: format!("CRM {numbers}"),
        url: "https://example.org/hook".to_owned(),
        events: events.iter().copied().collect(),
        numbers,
        enabled: true,
        secret: "plain:AA==".to_owned(),
        secret_before: None,
    }
}

pub(crate) async fn a_webhook_is_kept_changed_and_removed(database: &Database) {
    let store = &database.store;
    let kept = store.create_webhook(&a_webhook(&EventKind::ALL, true), NOW).await.unwrap();
    let mut webhook = kept.value;
    webhook.secret_before = Some((webhook.secret.clone(), at(9)));
    webhook.secret = "plain:AAA=".to_owned();
    webhook.events = [EventKind::CallEnded].into();
    let changed = store.update_webhook(&webhook, 1, at(1)).await.unwrap();
    assert_eq!((&changed.value, changed.rev), (&webhook, 2));
    assert_eq!(store.webhook(webhook.id).await.unwrap().unwrap().value, webhook);
    assert_eq!(store.webhooks(Page::first()).await.unwrap().len(), 1);
    store.delete_webhook(webhook.id, 2).await.unwrap();
    assert!(store.webhook(webhook.id).await.unwrap().is_none());
}

pub(crate) async fn an_event_is_put_in_the_outbox_once_of_those_who_want_it(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let states = store.create_webhook(&a_webhook(&[EventKind::CampaignState], false), NOW).await.unwrap();
    let all = store.create_webhook(&a_webhook(&EventKind::ALL, true), NOW).await.unwrap();
    let mut off = a_webhook(&EventKind::ALL, true);
    (off.name, off.enabled) = ("off".to_owned(), false);
    let off = store.create_webhook(&off, NOW).await.unwrap();

    let kept = store.campaign(world.campaign).await.unwrap().unwrap();
    let mut campaign = kept.value;
    campaign.state = CampaignState::Paused;
    let kept = store.update_campaign(&campaign, kept.rev, at(1)).await.unwrap();
    campaign.settings.wrap_up += std::time::Duration::from_secs(1);
    store.update_campaign(&campaign, kept.rev, at(2)).await.unwrap();
    Desk::of(store).dial(&world, store).await;

    let of = |webhook: WebhookId| store.deliveries(webhook, None, Page::first());
    let told = of(states.value.id).await.unwrap();
    assert_eq!(told.len(), 1, "a change of settings is no change of state");
    let message: Value = serde_json::from_str(&told[0].body).unwrap();
    assert_eq!(message["type"], "campaign.state");
    assert_eq!(message["data"]["state"], "paused");
    assert_eq!(message["data"]["campaign"], world.campaign.to_string());
    assert_eq!(message["timestamp"], at(1).to_string());
    assert!(of(off.value.id).await.unwrap().is_empty());
    assert!(!of(all.value.id).await.unwrap().is_empty());
}

pub(crate) async fn what_was_taken_comes_back_until_it_is_settled(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let webhook = store.create_webhook(&a_webhook(&EventKind::ALL, false), NOW).await.unwrap().value.id;
    let kept = store.campaign(world.campaign).await.unwrap().unwrap();
    let mut campaign = kept.value;
    campaign.state = CampaignState::Paused;
    store.update_campaign(&campaign, kept.rev, at(1)).await.unwrap();

    assert!(store.take_deliveries(at(0), at(60), 10).await.unwrap().is_empty(), "not due");
    let other = database.second_store().await;
    let mut taken = store.take_deliveries(at(1), at(60), 10).await.unwrap();
    assert_eq!((taken.len(), taken[0].attempts), (1, 1));
    assert!(other.take_deliveries(at(2), at(60), 10).await.unwrap().is_empty(), "another has it");
    let again = other.take_deliveries(at(60), at(120), 10).await.unwrap();
    assert_eq!((again.len(), again[0].attempts, &again[0].event), (1, 2, &taken[0].event));

    let mut delivery = taken.remove(0);
    delivery.state = DeliveryState::Delivered;
    (delivery.status, delivery.ended_at) = (Some(204), Some(at(61)));
    store.settle_delivery(&delivery).await.unwrap();
    assert!(store.take_deliveries(at(999), at(1_000), 10).await.unwrap().is_empty());
    assert!(store.replay_delivery(webhook, delivery.id, at(1_000)).await.unwrap());
    assert!(!store.replay_delivery(WebhookId::from_i64(99), delivery.id, at(1_000)).await.unwrap());
    let again = store.take_deliveries(at(1_000), at(1_060), 10).await.unwrap();
    assert_eq!((again[0].attempts, &again[0].event), (1, &delivery.event));

    let mut done = again.into_iter().next().unwrap();
    (done.state, done.ended_at) = (DeliveryState::Dead, Some(at(1_000)));
    store.settle_delivery(&done).await.unwrap();
    store.tidy_deliveries(at(1_001)).await.unwrap();
    assert_eq!(store.deliveries(webhook, Some(DeliveryState::Dead), Page::first()).await.unwrap().len(), 1);
    store.tidy_deliveries(at(1_000 + 31 * 24 * 60 * 60)).await.unwrap();
    assert!(store.deliveries(webhook, None, Page::first()).await.unwrap().is_empty());
}
