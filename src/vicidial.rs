//! The settings of a VICIdial campaign, by their names in its table `vicidial_campaigns`, as settings of ours.
//!
//! Every setting that was given gets a line: what it became, or why it means nothing here. The meanings are those of
//! VICIdial's manager manual; values are text or numbers, as its API and its database give them.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::model::{
    CampaignSettings, DialMode, DialOrder, Direction, OrderKey, Outcome, Phone, RecordingPolicy, RetryRule,
};
use serde_json::Value;

use Fate::{AlwaysSo, Became, MeansNothing};

/// The highest drop limit that we allow, as everywhere in the API.
const DROP_LIMIT_MAX: f64 = 0.03;
/// Which part of the limit is aimed at, so that what no forecast sees has room.
const AIM: f64 = 0.95;

/// How a setting was translated, or why it means nothing here. The words are in `config/locales`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It adapts by the forecast.
    Adapt,
    /// Agents choose whom they call.
    AgentsDial,
    /// Answers go to agents at once.
    AllAtOnce,
    /// The lead's other numbers are tried.
    Alternates,
    /// It cannot be switched off.
    AlwaysOn,
    /// Only ready agents count.
    AlwaysReadyAgents,
    /// It always holds.
    AlwaysSo,
    /// Agents dial by hand.
    ByHand,
    /// Dropped people are called again after that time.
    DroppedLater,
    /// Every campaign has a limit of its own.
    EachCampaign,
    /// Equal leads come in the order of their files.
    FileOrder,
    /// A recording is found by its call.
    FoundByCall,
    /// The hopper fills itself.
    HopperFillsItself,
    /// Calling hours are to be set by hand.
    HoursByHand,
    /// The law allows less.
    LawIsStricter,
    /// The level follows from the forecast.
    LevelFollows,
    /// Shares of lists are to be set by hand.
    ListShares,
    /// Whoever waited longest is the next.
    LongestWaitOnly,
    /// The message is to be named.
    MessageByName,
    /// A message is the only way.
    MessageOnly,
    /// The same, in another unit.
    Milliseconds,
    /// No number with its country.
    NumberNeedsCountry,
    /// It bounds campaigns that adapt.
    OnlyAdapting,
    /// The same order.
    Order,
    /// Rule packs cap calls per person.
    PersonCaps,
    /// The same ratio.
    Ratio,
    /// Retry rules say it.
    RetryRules,
    /// The same.
    Same,
    /// The same share.
    ShareOfAnswers,
    /// The trunk must allow it.
    TrunkMustAllow,
    /// Nothing is known of it.
    Unknown,
    /// The value cannot be read.
    Unreadable,
}

impl Remark {
    /// Every remark, by the alphabet.
    pub const ALL: [Self; 32] = [
        Self::Adapt,
        Self::AgentsDial,
        Self::AllAtOnce,
        Self::Alternates,
        Self::AlwaysOn,
        Self::AlwaysReadyAgents,
        Self::AlwaysSo,
        Self::ByHand,
        Self::DroppedLater,
        Self::EachCampaign,
        Self::FileOrder,
        Self::FoundByCall,
        Self::HopperFillsItself,
        Self::HoursByHand,
        Self::LawIsStricter,
        Self::LevelFollows,
        Self::ListShares,
        Self::LongestWaitOnly,
        Self::MessageByName,
        Self::MessageOnly,
        Self::Milliseconds,
        Self::NumberNeedsCountry,
        Self::OnlyAdapting,
        Self::Order,
        Self::PersonCaps,
        Self::Ratio,
        Self::RetryRules,
        Self::Same,
        Self::ShareOfAnswers,
        Self::TrunkMustAllow,
        Self::Unknown,
        Self::Unreadable,
    ];

    /// The code of its words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adapt => "adapt",
            Self::AgentsDial => "agents_dial",
            Self::AllAtOnce => "all_at_once",
            Self::Alternates => "alternates",
            Self::AlwaysOn => "always_on",
            Self::AlwaysReadyAgents => "always_ready_agents",
            Self::AlwaysSo => "always_so",
            Self::ByHand => "by_hand",
            Self::DroppedLater => "dropped_later",
            Self::EachCampaign => "each_campaign",
            Self::FileOrder => "file_order",
            Self::FoundByCall => "found_by_call",
            Self::HopperFillsItself => "hopper_fills_itself",
            Self::HoursByHand => "hours_by_hand",
            Self::LawIsStricter => "law_is_stricter",
            Self::LevelFollows => "level_follows",
            Self::ListShares => "list_shares",
            Self::LongestWaitOnly => "longest_wait_only",
            Self::MessageByName => "message_by_name",
            Self::MessageOnly => "message_only",
            Self::Milliseconds => "milliseconds",
            Self::NumberNeedsCountry => "number_needs_country",
            Self::OnlyAdapting => "only_adapting",
            Self::Order => "order",
            Self::PersonCaps => "person_caps",
            Self::Ratio => "ratio",
            Self::RetryRules => "retry_rules",
            Self::Same => "same",
            Self::ShareOfAnswers => "share_of_answers",
            Self::TrunkMustAllow => "trunk_must_allow",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What became of one setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its name in VICIdial.
    pub name: &'a str,
    /// Whether it has a meaning here.
    pub understood: bool,
    /// The field of ours that it became; none where it always holds, or means nothing.
    pub field: Option<&'static str>,
    /// How, or why not.
    pub remark: Remark,
}

/// What is to be said of a setting: its field, and a remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Became(&'static str, Remark),
    AlwaysSo,
    MeansNothing(Remark),
}

impl Fate {
    const fn line(self, name: &str) -> Line<'_> {
        match self {
            Became(field, remark) => Line { name, understood: true, field: Some(field), remark },
            AlwaysSo => Line { name, understood: true, field: None, remark: Remark::AlwaysSo },
            MeansNothing(remark) => Line { name, understood: false, field: None, remark },
        }
    }
}

/// Translates settings. What is not said is as in [`CampaignSettings::default`].
pub fn translate(given: &BTreeMap<String, Value>) -> (CampaignSettings, Vec<Line<'_>>) {
    let mut settings = CampaignSettings::default();
    // The mode depends on several of them, in whatever order they come.
    let drop_share = number(given, "adaptive_dropped_percentage").map(|percent| percent / 100.0);
    settings.drop_limit = drop_share.map_or(DROP_LIMIT_MAX, |share| share.clamp(0.0, DROP_LIMIT_MAX));
    let lines =
        given.iter().map(|(name, value)| take(&mut settings, given, name, &text(value)).line(name)).collect();
    (settings, lines)
}

/// One setting.
fn take(settings: &mut CampaignSettings, given: &BTreeMap<String, Value>, name: &str, value: &str) -> Fate {
    match name {
        "campaign_name" => {
            settings.name = value.to_owned();
            Became("name", Remark::Same)
        }
        "dial_method" => dial_method(settings, given, value),
        "auto_dial_level" => match settings_mode_word(given) {
            "RATIO" => Became("mode.ratio", Remark::Same),
            _ => MeansNothing(Remark::LevelFollows),
        },
        "adaptive_dropped_percentage" => match number(given, name) {
            Some(percent) if percent / 100.0 > DROP_LIMIT_MAX => Became("drop_limit", Remark::LawIsStricter),
            Some(_) => Became("drop_limit", Remark::ShareOfAnswers),
            None => MeansNothing(Remark::Unreadable),
        },
        "dial_timeout" => seconds(value, "ring_timeout", &mut settings.ring_timeout),
        "drop_call_seconds" => seconds(value, "drop_after", &mut settings.drop_after),
        "wrapup_seconds" => seconds(value, "wrap_up", &mut settings.wrap_up),
        "campaign_cid" => match format!("+{}", value.trim_start_matches('+')).parse::<Phone>() {
            Ok(number) => {
                settings.caller_ids = vec![number];
                Became("caller_ids", Remark::TrunkMustAllow)
            }
            Err(_) => MeansNothing(Remark::NumberNeedsCountry),
        },
        "campaign_recording" => recording(settings, value),
        "lead_order" => lead_order(settings, value),
        "auto_alt_dial" => auto_alt_dial(settings, value),
        "adaptive_maximum_level" => match level_max(given) {
            None => MeansNothing(Remark::Unreadable),
            Some(_) if settings_mode_word(given).starts_with("ADAPT_") => {
                Became("mode.level_max", Remark::Same)
            }
            Some(_) => MeansNothing(Remark::OnlyAdapting),
        },
        "adaptive_intensity"
        | "adaptive_dl_diff_target"
        | "adaptive_latest_server_time"
        | "dial_level_threshold"
        | "dial_level_threshold_agents"
        | "dl_diff_target_method"
        | "incall_tally_threshold_seconds" => MeansNothing(Remark::LevelFollows),
        "auto_hopper_level" | "auto_hopper_multi" | "auto_trim_hopper" | "hopper_level"
        | "use_auto_hopper" => MeansNothing(Remark::HopperFillsItself),
        "concurrent_transfers" => MeansNothing(Remark::AllAtOnce),
        "drop_lockout_time" => drop_lockout(settings, value),
        "drop_rate_group" => MeansNothing(Remark::EachCampaign),
        "lead_order_secondary" => MeansNothing(Remark::FileOrder),
        "list_order_mix" => MeansNothing(Remark::ListShares),
        "call_limit_24hour" | "call_limit_24hour_method" | "call_limit_24hour_scope" => {
            MeansNothing(Remark::PersonCaps)
        }
        "campaign_rec_filename" => MeansNothing(Remark::FoundByCall),
        "scheduled_callbacks" if value == "Y" => AlwaysSo,
        "agent_pause_codes_active" if value == "FORCE" => AlwaysSo,
        "scheduled_callbacks" | "agent_pause_codes_active" => MeansNothing(Remark::AlwaysOn),
        "available_only_ratio_tally" | "available_only_tally_threshold" => {
            MeansNothing(Remark::AlwaysReadyAgents)
        }
        "next_agent_call" if value == "longest_wait_time" => AlwaysSo,
        "next_agent_call" => MeansNothing(Remark::LongestWaitOnly),
        "use_internal_dnc" | "use_campaign_dnc" => AlwaysSo,
        "local_call_time" => MeansNothing(Remark::HoursByHand),
        "call_count_limit" | "call_count_target" | "dial_statuses" | "lead_filter_id" => {
            MeansNothing(Remark::RetryRules)
        }
        "drop_action" if value == "MESSAGE" || value == "AUDIO" => {
            Became("drop_message", Remark::MessageByName)
        }
        "drop_action" => MeansNothing(Remark::MessageOnly),
        _ => MeansNothing(Remark::Unknown),
    }
}

fn dial_method(settings: &mut CampaignSettings, given: &BTreeMap<String, Value>, value: &str) -> Fate {
    let level = number(given, "auto_dial_level").unwrap_or(1.0);
    let (mode, remark) = match value {
        "RATIO" if level >= 1.0 => (DialMode::Power { ratio: level.min(10.0) }, Remark::Ratio),
        "MANUAL" | "INBOUND_MAN" => (DialMode::Manual, Remark::ByHand),
        "RATIO" => (DialMode::Preview, Remark::AgentsDial),
        "ADAPT_HARD_LIMIT" | "ADAPT_TAPERED" | "ADAPT_AVERAGE" => {
            let target_drop_rate = settings.drop_limit * AIM;
            (
                DialMode::Predictive { target_drop_rate, target_wait: None, level_max: level_max(given) },
                Remark::Adapt,
            )
        }
        _ => return MeansNothing(Remark::Unreadable),
    };
    settings.mode = mode;
    Became("mode", remark)
}

/// The highest level, within what we allow.
fn level_max(given: &BTreeMap<String, Value>) -> Option<f64> {
    number(given, "adaptive_maximum_level").map(|level| level.clamp(1.0, 10.0))
}

fn settings_mode_word(given: &BTreeMap<String, Value>) -> &str {
    given.get("dial_method").and_then(Value::as_str).unwrap_or("RATIO")
}

fn recording(settings: &mut CampaignSettings, value: &str) -> Fate {
    settings.recording = match value {
        "NEVER" => RecordingPolicy::Never,
        "ONDEMAND" => RecordingPolicy::OnDemand,
        "ALLCALLS" | "ALLFORCE" => RecordingPolicy::All,
        _ => return MeansNothing(Remark::Unreadable),
    };
    Became("recording", Remark::Same)
}

/// `DOWN COUNT`, `UP LAST NAME`, `RANDOM` and so on. `DOWN` is from the oldest lead to the newest there.
fn lead_order(settings: &mut CampaignSettings, value: &str) -> Fate {
    let (direction, key) = match value.split_once(' ') {
        Some(("DOWN", key)) => (Direction::Up, key),
        Some(("UP", key)) => (Direction::Down, key),
        Some(_) | None => (if value == "UP" { Direction::Down } else { Direction::Up }, value),
    };
    let by = match key {
        "COUNT" => OrderKey::Attempts,
        "LAST CALL TIME" => OrderKey::LastAttempt,
        "LAST NAME" => OrderKey::Name,
        "PHONE" => OrderKey::Phone,
        "RANK" => OrderKey::Priority,
        "RANDOM" => OrderKey::Random,
        "DOWN" | "UP" => OrderKey::Imported,
        _ => return MeansNothing(Remark::Unreadable),
    };
    settings.order = DialOrder { by, direction, ..DialOrder::default() };
    Became("order", Remark::Order)
}

fn auto_alt_dial(settings: &mut CampaignSettings, value: &str) -> Fate {
    if value == "NONE" {
        return Became("retry", Remark::Same);
    }
    settings.retry.push(RetryRule {
        outcome: Outcome::NoAnswer,
        delay: Duration::from_secs(3 * 60 * 60),
        attempts_max: 4,
        alternate_number: true,
    });
    Became("retry", Remark::Alternates)
}

/// For so many hours nobody is called again who was dropped; 0: no wait.
fn drop_lockout(settings: &mut CampaignSettings, value: &str) -> Fate {
    let Ok(hours) = value.trim().parse::<u16>() else { return MeansNothing(Remark::Unreadable) };
    settings.retry.push(RetryRule {
        outcome: Outcome::Dropped,
        delay: Duration::from_secs(u64::from(hours) * 60 * 60),
        attempts_max: 4,
        alternate_number: false,
    });
    Became("retry", Remark::DroppedLater)
}

fn seconds(value: &str, field: &'static str, span: &mut Duration) -> Fate {
    match value.trim().parse::<u32>() {
        Ok(seconds) => {
            *span = Duration::from_secs(seconds.into());
            Became(field, Remark::Milliseconds)
        }
        Err(_) => MeansNothing(Remark::Unreadable),
    }
}

fn number(given: &BTreeMap<String, Value>, name: &str) -> Option<f64> {
    let number: f64 = text(given.get(name)?).trim().parse().ok()?;
    number.is_finite().then_some(number)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn translated(given: Value) -> (CampaignSettings, BTreeMap<String, (Option<&'static str>, Remark)>) {
        let given: BTreeMap<String, Value> = serde_json::from_value(given).unwrap();
        let (settings, lines) = translate(&given);
        assert_eq!(lines.len(), given.len(), "every setting has its line");
        let lines = lines.iter().map(|line| (line.name.to_owned(), (line.field, line.remark)));
        (settings, lines.collect())
    }

    #[test]
    fn an_adaptive_campaign_becomes_a_predictive_one() {
        let (settings, lines) = translated(json!({
            "campaign_name": "Summer", "dial_method": "ADAPT_TAPERED", "auto_dial_level": "1.5",
            "adaptive_dropped_percentage": "2", "dial_timeout": 26, "drop_call_seconds": "2", "wrapup_seconds": "15",
            "campaign_cid": "33199001234", "campaign_recording": "ALLFORCE", "lead_order": "DOWN COUNT",
            "adaptive_maximum_level": "3.5", "drop_lockout_time": "72", "adaptive_intensity": "0", "hopper_level": "100", "web_form_address": "https://example.org",
        }));
        assert_eq!(
            settings.mode,
            DialMode::Predictive { target_drop_rate: 0.02 * AIM, target_wait: None, level_max: Some(3.5) }
        );
        assert_eq!((settings.name.as_str(), settings.drop_limit), ("Summer", 0.02));
        assert_eq!(settings.ring_timeout, Duration::from_secs(26));
        assert_eq!(settings.recording, RecordingPolicy::All);
        assert_eq!((settings.order.by, settings.order.direction), (OrderKey::Attempts, Direction::Up));
        assert_eq!(lines["auto_dial_level"], (None, Remark::LevelFollows));
        assert_eq!(lines["adaptive_maximum_level"], (Some("mode.level_max"), Remark::Same));
        let [lockout] = settings.retry[..] else { panic!("{:?}", settings.retry) };
        assert_eq!((lockout.outcome, lockout.delay), (Outcome::Dropped, Duration::from_secs(72 * 60 * 60)));
        assert_eq!(lines["hopper_level"], (None, Remark::HopperFillsItself));
        assert_eq!(lines["web_form_address"], (None, Remark::Unknown));
        assert_eq!(lines["campaign_cid"], (Some("caller_ids"), Remark::TrunkMustAllow));
    }

    /// The settings that a manager who comes from VICIdial looks for.
    #[test]
    fn every_setting_of_a_dialler_is_known() {
        let names = [
            "adaptive_dl_diff_target",
            "adaptive_dropped_percentage",
            "adaptive_intensity",
            "adaptive_latest_server_time",
            "adaptive_maximum_level",
            "agent_pause_codes_active",
            "auto_alt_dial",
            "auto_dial_level",
            "auto_hopper_level",
            "auto_hopper_multi",
            "auto_trim_hopper",
            "available_only_ratio_tally",
            "available_only_tally_threshold",
            "call_count_limit",
            "call_limit_24hour",
            "campaign_rec_filename",
            "campaign_recording",
            "concurrent_transfers",
            "dial_level_threshold",
            "dial_method",
            "dial_timeout",
            "dl_diff_target_method",
            "drop_action",
            "drop_call_seconds",
            "drop_lockout_time",
            "drop_rate_group",
            "hopper_level",
            "incall_tally_threshold_seconds",
            "lead_filter_id",
            "lead_order",
            "lead_order_secondary",
            "list_order_mix",
            "local_call_time",
            "next_agent_call",
            "scheduled_callbacks",
            "wrapup_seconds",
        ];
        let given = names.map(|name| (name.to_owned(), json!(""))).into_iter().collect();
        for line in translate(&given).1 {
            assert_ne!(line.remark, Remark::Unknown, "{}", line.name);
        }
    }

    #[test]
    fn a_ratio_becomes_power_and_no_level_leaves_it_to_agents() {
        let mode = |level| translated(json!({ "dial_method": "RATIO", "auto_dial_level": level })).0.mode;
        assert_eq!(mode("2.5"), DialMode::Power { ratio: 2.5 });
        assert_eq!(mode("0"), DialMode::Preview);
    }

    #[test]
    fn no_drop_share_above_the_law_is_taken_over() {
        let (settings, lines) =
            translated(json!({ "dial_method": "ADAPT_AVERAGE", "adaptive_dropped_percentage": 5 }));
        assert_eq!(settings.drop_limit, DROP_LIMIT_MAX);
        assert_eq!(lines["adaptive_dropped_percentage"], (Some("drop_limit"), Remark::LawIsStricter));
        let (_, broken) = translated(json!({ "dial_timeout": "soon", "adaptive_dropped_percentage": "NaN" }));
        assert!(broken.values().all(|line| *line == (None, Remark::Unreadable)), "{broken:?}");
    }

    #[test]
    fn every_remark_has_words() {
        let known: Vec<&str> = crate::words::Language::English.vicidial_codes().collect();
        assert_eq!(known, Remark::ALL.map(Remark::as_str));
    }
}
