//! What is asked of a campaign's settings.

use std::collections::BTreeSet;
use std::time::Duration;

use cadran_engine::dialer::compliance::Pack;
use cadran_engine::model::{
    Breakers, CallingHours, CampaignSettings, CampaignState, ComplianceSettings, DialMode, DialOrder,
    Disposition, DispositionGroupId, ListId, OnMachine, Outcome, Quota, QuotaPart, RetryRule,
    SCREENING_TIME_MAX, Window,
};

use super::app::App;
use super::check::{Check, is_field_name, is_plain_name};
use super::error::Error;
use super::queues::check_survey;
use crate::store::DispositionGroup;

/// Successes that a quota may ask for.
const QUOTA_MAX: u32 = 1_000_000;

/// A campaign that screens drops nobody earlier, in milliseconds after the answer: 1.2 seconds for the verdict, and
/// some for the join.
const DROP_AFTER_SCREENING_MIN: u64 = 1_500;

/// Every fault of the settings at once, also what they lack to run when the campaign is to.
pub(super) async fn check(settings: &CampaignSettings, app: &App, state: CampaignState) -> Result<(), Error> {
    let mut check = Check::default();
    check
        .name(&settings.name, "/name")
        .count(settings.trunks.len(), 20, "/trunks")
        .count(settings.caller_ids.len(), 1000, "/caller_ids")
        .duration(millis(settings.ring_timeout), 5_000..=120_000, "/ring_timeout")
        .duration(millis(settings.drop_after), 0..=10_000, "/drop_after")
        .that(is_media(&settings.drop_message), "/drop_message", "media")
        .that(settings.recording_notice.as_deref().is_none_or(is_media), "/recording_notice", "media")
        .that((0.0..=0.03).contains(&settings.drop_limit), "/drop_limit", "drop_limit")
        .that((0.0..=0.03).contains(&settings.drop_limit_month), "/drop_limit_month", "drop_limit")
        .duration(millis(settings.wrap_up), 0..=3_600_000, "/wrap_up")
        .duration(millis(settings.callbacks.grace), 0..=600_000, "/callbacks/grace")
        .limit(settings.limit, "/limit");
    if let DialMode::Power { ratio } = settings.mode {
        check.that((1.0..=10.0).contains(&ratio), "/mode/ratio", "ratio");
    }
    if let DialMode::Predictive { target_drop_rate, target_wait, level_max } = settings.mode {
        let lawful = (0.0..=settings.drop_limit).contains(&target_drop_rate);
        check.that(lawful, "/mode/target_drop_rate", "drop_limit");
        check.duration(target_wait.unwrap_or(1_000).into(), 1_000..=600_000, "/mode/target_wait");
        check.that((1.0..=10.0).contains(&level_max.unwrap_or(1.0)), "/mode/level_max", "ratio");
    }
    check.recording(Some(settings.recording), "/recording").supervision(settings.supervision);
    check_survey(settings.survey, app, &mut check).await?;
    for (index, &trunk) in settings.trunks.iter().enumerate() {
        check.that(app.store.trunk(trunk).await?.is_some(), format!("/trunks/{index}"), "exists");
    }
    check_screening(settings, &mut check);
    check_breakers(&settings.breakers, &mut check);
    check.count(settings.surplus_to.len(), 20, "/surplus_to");
    for (index, &campaign) in settings.surplus_to.iter().enumerate() {
        check.that(app.store.campaign(campaign).await?.is_some(), format!("/surplus_to/{index}"), "exists");
    }
    if let Some(seller) = settings.compliance.seller {
        check.that(app.store.seller(seller).await?.is_some(), "/compliance/seller", "exists");
    }
    check_compliance(&settings.compliance, app.store.packs(), &mut check);
    check_detection(settings, app, &mut check);
    check_hours(&settings.hours, &mut check);
    check_order(&settings.order, app, &mut check).await?;
    check_quotas(&settings.quotas, app, &mut check).await?;
    check_retry(&settings.retry, &mut check);
    check_dispositions(&settings.dispositions, &mut check);
    check_group(settings.disposition_group, app, &mut check).await?;
    if state == CampaignState::Running {
        check_ready(settings, &mut check);
    }
    check.done()
}

/// What detection takes must fit into its time, or nobody would ever be a person; and who comes out of it must still be
/// joined to an agent before they are dropped.
fn check_screening(settings: &CampaignSettings, check: &mut Check) {
    let screening = &settings.screening;
    check
        .duration(millis(screening.time_max), 300..=millis(SCREENING_TIME_MAX), "/screening/time_max")
        .duration(millis(screening.greeting), 300..=1_000, "/screening/greeting")
        .duration(millis(screening.silence), 100..=800, "/screening/silence")
        .that((2..=20).contains(&screening.words), "/screening/words", "words")
        .that((0.0..=1.0).contains(&screening.sample), "/screening/sample", "share");
    if let OnMachine::LeaveMessage { message } = &screening.on_machine {
        check.that(is_media(message), "/screening/on_machine/message", "media");
    }
    if settings.screens() {
        check.duration(millis(settings.drop_after), DROP_AFTER_SCREENING_MIN..=10_000, "/drop_after");
    }
}

/// A pack may let nobody look for machines in its country. The numbers that are shown tell which country is called;
/// calls to another one are placed without detection where a pack of it asks for that.
fn check_detection(settings: &CampaignSettings, app: &App, check: &mut Check) {
    let now = app.now();
    let forbids = |pack: &&Pack| settings.caller_ids.iter().any(|shown| pack.forbids_detection(*shown, now));
    let by = app.store.packs().iter().find(forbids).filter(|_| settings.screens());
    let values = [("pack", by.map(Pack::id).unwrap_or_default().to_owned())];
    check.fill(by.is_none(), "/screening/enabled", "detection_forbidden", &values);
}

fn check_breakers(breakers: &Breakers, check: &mut Check) {
    let shares = [
        (breakers.congestion, "congestion"),
        (breakers.failed, "failed"),
        (breakers.short, "short"),
        (breakers.machines, "machines"),
        (breakers.drops, "drops"),
    ];
    for (share, name) in shares {
        check.that((0.0..=1.0).contains(&share), format!("/breakers/{name}"), "share");
    }
    check
        .count(breakers.window as usize, 1_000, "/breakers/window")
        .duration(millis(breakers.short_call), 1_000..=60_000, "/breakers/short_call")
        .duration(millis(breakers.rest), 1_000..=3_600_000, "/breakers/rest")
        .duration(millis(breakers.ramp), 1_000..=3_600_000, "/breakers/ramp");
}

fn check_hours(hours: &CallingHours, check: &mut Check) {
    check.count(hours.windows.len(), 100, "/hours/windows").count(
        hours.closed_days.len(),
        1000,
        "/hours/closed_days",
    );
    for (index, window) in hours.windows.iter().enumerate() {
        let days = window.days.iter().all(|day| (1..=7).contains(day)) && !window.days.is_empty();
        let span = window.from < window.until && window.until <= Window::DAY;
        check.that(days && span, format!("/hours/windows/{index}"), "window");
    }
}

async fn check_order(order: &DialOrder, app: &App, check: &mut Check) -> Result<(), Error> {
    let lists: BTreeSet<ListId> = order.mix.iter().map(|share| share.list).collect();
    check.that(lists.len() == order.mix.len(), "/order/mix", "codes_differ").count(
        order.mix.len(),
        100,
        "/order/mix",
    );
    for (index, share) in order.mix.iter().enumerate() {
        check
            .that((1..=100).contains(&share.percent), format!("/order/mix/{index}/percent"), "percent")
            .that(app.store.list(share.list).await?.is_some(), format!("/order/mix/{index}/list"), "exists");
    }
    Ok(())
}

async fn check_quotas(quotas: &[Quota], app: &App, check: &mut Check) -> Result<(), Error> {
    check.count(quotas.len(), 100, "/quotas");
    for (index, quota) in quotas.iter().enumerate() {
        let max = [("max", QUOTA_MAX.to_string())];
        let possible = (1..=QUOTA_MAX).contains(&quota.successes);
        check.fill(possible, format!("/quotas/{index}/successes"), "positive", &max);
        match &quota.of {
            QuotaPart::Campaign => {}
            QuotaPart::Field { field, value } => {
                check.that(is_field_name(field), format!("/quotas/{index}/of/field"), "field_name").text(
                    value,
                    1000,
                    &format!("/quotas/{index}/of/value"),
                );
            }
            QuotaPart::List { list } => {
                let known = app.store.list(*list).await?.is_some();
                check.that(known, format!("/quotas/{index}/of/list"), "exists");
            }
        }
    }
    Ok(())
}

fn check_retry(retry: &[RetryRule], check: &mut Check) {
    let outcomes: BTreeSet<Outcome> = retry.iter().map(|rule| rule.outcome).collect();
    check.that(outcomes.len() == retry.len(), "/retry", "codes_differ");
    for (index, rule) in retry.iter().enumerate() {
        check
            .duration(millis(rule.delay), 60_000..=366 * 86_400_000, &format!("/retry/{index}/delay"))
            .count(rule.attempts_max.into(), 100, &format!("/retry/{index}/attempts_max"));
    }
}

/// Lower-case letters, digits, `-` and `_`: a word that stays when its labels change.
pub(super) fn is_code(code: &str) -> bool {
    is_plain_name(code) && !code.contains(|letter: char| letter.is_ascii_uppercase())
}

pub(super) fn check_dispositions(dispositions: &[Disposition], check: &mut Check) {
    let codes: BTreeSet<&str> = dispositions.iter().map(|choice| choice.code.as_str()).collect();
    check.that(codes.len() == dispositions.len(), "/dispositions", "codes_differ").count(
        dispositions.len(),
        100,
        "/dispositions",
    );
    for (index, choice) in dispositions.iter().enumerate() {
        check
            .that(is_code(&choice.code), format!("/dispositions/{index}/code"), "code")
            .name(&choice.label_fr, &format!("/dispositions/{index}/label_fr"))
            .name(&choice.label_en, &format!("/dispositions/{index}/label_en"));
    }
}

/// The group whose dispositions count must be there.
pub(super) async fn check_group(
    group: Option<DispositionGroupId>,
    app: &App,
    check: &mut Check,
) -> Result<(), Error> {
    if let Some(group) = group {
        let known = app.store.setting::<DispositionGroup>(group).await?.is_some();
        check.that(known, "/disposition_group", "exists");
    }
    Ok(())
}

fn check_compliance(compliance: &ComplianceSettings, packs: &[Pack], check: &mut Check) {
    let ComplianceSettings { sector, subject, packs: wanted, .. } = compliance;
    for (word, pointer) in [(sector, "/compliance/sector"), (subject, "/compliance/subject")] {
        check.that(word.as_deref().is_none_or(is_plain_name), pointer, "sip_name");
    }
    for (index, id) in wanted.iter().enumerate() {
        let exists = packs.iter().any(|pack| pack.id() == id);
        check.that(exists, format!("/compliance/packs/{index}"), "exists");
    }
}

/// What a campaign cannot run without.
fn check_ready(settings: &CampaignSettings, check: &mut Check) {
    check
        .that(!settings.trunks.is_empty(), "/trunks", "needed_to_run")
        .that(!settings.caller_ids.is_empty(), "/caller_ids", "needed_to_run")
        .that(!settings.hours.windows.is_empty(), "/hours/windows", "needed_to_run")
        .that(settings.compliance.seller.is_some(), "/compliance/seller", "needed_to_run")
        .that(settings.compliance.legal_basis.is_some(), "/compliance/legal_basis", "needed_to_run")
        .that(
            settings.disposition_group.is_some() || !settings.dispositions.is_empty(),
            "/dispositions",
            "needed_to_run",
        );
}

/// `sound:` and a path of plain names: nothing that climbs out of Asterisk's directory of sounds.
pub(super) fn is_media(media: &str) -> bool {
    media.strip_prefix("sound:").is_some_and(|path| path.len() <= 100 && path.split('/').all(is_plain_name))
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
