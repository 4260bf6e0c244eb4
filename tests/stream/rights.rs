//! Nothing that a viewer may not see reaches them, not even as a removal.

use std::collections::BTreeSet;
use std::time::Duration;

use cadran::live::{Audience, Close, Fact, Facts, Frame, Rights, Tables, Viewer, masked};
use cadran_engine::command::Notice;
use cadran_engine::model::{
    AgentId, CallId, CampaignId, QueueId, Role, Scope, SupervisionEnd, SupervisionMode, UserId,
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::centre::{Centre, caller, queue};
use super::screen::Screen;

const TOPICS: [&str; 9] =
    ["agents", "alerts", "calls", "campaigns", "me", "pacing:cmp_1", "queues", "system", "trunks"];

/// Every seven digits in a row: more than the two that may be seen, and fewer than any number has.
fn windows(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().windows(7).filter(|window| window.iter().all(u8::is_ascii_digit))
}

/// Everything that screens with these rights are sent in half a minute of cuts and changes, and every number and call
/// that there was meanwhile.
fn everything_heard(seed: u64, rights: Rights, topics: &[&'static str]) -> (String, BTreeSet<String>) {
    let mut centre = Centre::new(seed, 20);
    let (mut tables, facts) = (Tables::new("run"), Facts::new(centre.now));
    let topics = topics.iter().map(|topic| (*topic, None)).collect();
    let mut screen = Screen::new(rights, topics);
    let mut phones = BTreeSet::new();
    for step in 0..300 {
        centre.now = centre.now + Duration::from_millis(100);
        centre.happen(4);
        phones.extend(centre.view.calls.iter().map(|call| call.phone.e164()[1..].to_owned()));
        tables.show(centre.shown());
        tables.alert(centre.now);
        if step % 40 == 0 {
            screen.cut();
        }
        if step % 40 == 5 {
            screen.connect(centre.now, &tables, &facts);
        }
        screen.serve(centre.now, &tables, &facts, || true);
    }
    (screen.heard, phones)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn no_digit_beyond_the_last_two_reaches_whoever_may_not_see_numbers(seed: u64) {
        let (heard, phones) = everything_heard(seed, Rights::of(Role::Supervisor, None), &TOPICS);
        prop_assert!(phones.len() > 50 && heard.contains(r#""phone":"…"#));
        let heard: BTreeSet<&[u8]> = windows(&heard).collect();
        let leaked: Vec<&String> = phones.iter().filter(|phone| windows(phone).any(|window| heard.contains(window))).collect();
        prop_assert!(leaked.is_empty(), "{leaked:?}");
    }

    #[test]
    fn an_agent_hears_of_no_other_agent_and_of_no_call_that_was_never_theirs(seed: u64) {
        let own = AgentId::from_i64(7);
        let topics = ["agents", "calls", "me", "system"];
        let (heard, _) = everything_heard(seed, Rights::of(Role::Agent, Some(own)), &topics);
        let ids = |prefix: &'static str| {
            heard.match_indices(prefix).map(|(at, _)| {
                heard[at..].split('"').next().unwrap().to_owned()
            }).collect::<BTreeSet<_>>()
        };
        // They may have logged out before the screen heard of anybody.
        let others: Vec<String> = ids("agt_").into_iter().filter(|agent| agent != "agt_7").collect();
        prop_assert!(others.is_empty(), "{others:?}");
        prop_assert!(!heard.contains("Secret Listener"));
        for call in ids("cal_") {
            let first = heard.find(&call).unwrap();
            let row = heard[first..].split('}').next().unwrap();
            prop_assert!(row.contains(r#""agent":"agt_7""#), "{}", row);
        }
    }
}

/// The rights of a supervisor who looks after two agents and one campaign.
fn of_a_team() -> Rights {
    let scope = Scope::Teams {
        agents: [3, 7].map(AgentId::from_i64).into(),
        campaigns: [CampaignId::from_i64(1)].into(),
        queues: [QueueId::from_i64(1)].into(),
    };
    Rights::new(Role::Supervisor.rights(), None, scope)
}

/// Each word of `text` that begins so.
fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    text.match_indices(prefix).map(|(at, _)| text[at..].split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn whoever_is_confined_to_teams_hears_of_no_other_agent_and_of_no_call_for_others() {
    for seed in 1..=8 {
        let (heard, _) = everything_heard(seed, of_a_team(), &["agents", "me"]);
        assert_eq!(words(&heard, "agt_"), ["agt_3".to_owned(), "agt_7".to_owned()].into());
        // Somebody of another team may carry a call of the campaign, and is named there.
        let topics = ["calls", "campaigns", "pacing:cmp_1", "queues", "system"];
        let (heard, _) = everything_heard(seed, of_a_team(), &topics);
        assert_eq!(words(&heard, "cmp_"), ["cmp_1".to_owned()].into());
        assert!(heard.contains("cal_"));
    }
    let (tables, facts) = (Tables::new("run"), Facts::new(Centre::new(1, 1).now));
    let now = Centre::new(1, 1).now;
    let mut viewer = Viewer::new(1, of_a_team(), None, now, &facts);
    let sub = json!({ "op": "sub", "id": 1, "topic": "pacing:cmp_2" }).to_string();
    assert_eq!(viewer.said(&sub, now, &tables), Err(Close::Forbidden));
}

#[test]
fn the_snapshot_for_programs_is_confined_to_teams_too() {
    let mut centre = Centre::new(3, 20);
    centre.happen(500);
    let shown = masked(&centre.view, &of_a_team());
    let columns = |table: &str, column: &str| -> BTreeSet<String> {
        let rows = shown[table].as_array().unwrap().iter();
        rows.map(|row| row[column].as_str().unwrap().to_owned()).collect()
    };
    assert!(columns("agents", "agent").is_subset(&["agt_3".to_owned(), "agt_7".to_owned()].into()));
    assert!(columns("calls", "campaign").is_subset(&["cmp_1".to_owned()].into()));
    assert_eq!(columns("campaigns", "campaign"), ["cmp_1".to_owned()].into());
}

#[test]
fn a_team_sees_the_callers_of_its_queues_and_agents_and_no_others() {
    let mut centre = Centre::new(1, 4);
    let id = Uuid::from_u128;
    centre.view.queues = vec![queue(1), queue(2)];
    centre.view.callers = vec![
        caller(id(1), Some(1), None),
        caller(id(2), Some(2), Some(7)),
        caller(id(3), Some(2), Some(9)),
        caller(id(4), Some(2), None),
        caller(id(5), None, None),
    ];
    let call = |number| CallId::from_uuid(id(number)).to_string();
    let (mut tables, facts) = (Tables::new("run"), Facts::new(centre.now));
    let mut screen = Screen::new(of_a_team(), vec![("callers", None), ("queues", None)]);
    tables.show(centre.shown());
    screen.connect(centre.now, &tables, &facts);
    screen.serve(centre.now, &tables, &facts, || true);
    let rows =
        |screen: &Screen, id| -> Vec<String> { screen.replica.copies[&id].rows.keys().cloned().collect() };
    assert_eq!(rows(&screen, 0), [call(1), call(2)]);
    assert_eq!(rows(&screen, 1), ["q_1".to_owned()]);
    assert!(words(&screen.heard, "cal_").len() == 2 && !screen.heard.contains("q_2\",\"waiting"));

    let shown = masked(&centre.view, &of_a_team());
    let ids = |table: &str, key: &str| -> Vec<String> {
        shown[table].as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("callers", "call"), [call(1), call(2)]);
    assert_eq!(ids("queues", "queue"), ["q_1"]);

    // A caller who goes to another team's queue leaves the screen, one who comes appears.
    centre.view.callers[0].queue = Some(QueueId::from_i64(2));
    centre.view.callers[4].queue = Some(QueueId::from_i64(1));
    tables.show(centre.shown());
    centre.now = centre.now + Duration::from_secs(1);
    screen.serve(centre.now, &tables, &facts, || true);
    assert_eq!(rows(&screen, 0), [call(2), call(5)]);
}

#[test]
fn a_screen_on_the_wall_shows_figures_and_nobody() {
    let rights = || Rights::of(Role::Wallboard, None);
    let (heard, _) =
        everything_heard(1, rights(), &["campaigns", "pacing:cmp_1", "queues", "system", "trunks"]);
    assert!(heard.contains("cmp_1"));
    assert!(words(&heard, "agt_").is_empty() && words(&heard, "cal_").is_empty());
    let (tables, facts) = (Tables::new("run"), Facts::new(Centre::new(1, 1).now));
    for topic in ["agents", "alerts", "calls", "me"] {
        let now = Centre::new(1, 1).now;
        let mut viewer = Viewer::new(1, rights(), None, now, &facts);
        let sub = json!({ "op": "sub", "id": 1, "topic": topic }).to_string();
        assert_eq!(viewer.said(&sub, now, &tables), Err(Close::Forbidden), "{topic}");
    }
}

#[test]
fn an_agent_hears_of_themself() {
    let own = Rights::of(Role::Agent, Some(AgentId::from_i64(7)));
    let (heard, _) = everything_heard(1, own, &["agents", "calls", "me", "system"]);
    assert!(heard.contains("agt_7"));
}

#[test]
fn whoever_may_see_numbers_sees_them() {
    let (heard, phones) = everything_heard(1, Rights::of(Role::CampaignManager, None), &TOPICS);
    let seen = phones.iter().filter(|phone| heard.contains(phone.as_str())).count();
    assert!(seen > 50, "{seen}");
}

#[test]
fn the_snapshot_for_programs_hides_the_same() {
    let mut centre = Centre::new(3, 5);
    while centre.view.calls.is_empty() {
        centre.happen(1);
    }
    let phone = centre.view.calls[0].phone.e164();
    let whole = masked(&centre.view, &Rights::of(Role::Admin, None));
    assert_eq!(whole, json!(centre.view));
    let hidden = masked(&centre.view, &Rights::of(Role::Supervisor, None));
    assert_eq!(hidden["calls"][0]["phone"], format!("…{}", &phone[10..]));
    assert_eq!(hidden["agents"], whole["agents"]);
}

#[test]
fn an_agent_who_asks_for_the_whole_floor_is_sent_away() {
    let (tables, facts) = (Tables::new("run"), Facts::new(Centre::new(1, 1).now));
    for topic in ["alerts", "campaigns", "pacing:cmp_1", "queues", "trunks"] {
        let now = Centre::new(1, 1).now;
        let mut viewer = Viewer::new(1, Rights::of(Role::Agent, None), None, now, &facts);
        let sub = json!({ "op": "sub", "id": 1, "topic": topic }).to_string();
        assert_eq!(viewer.said(&sub, now, &tables), Err(Close::Forbidden), "{topic}");
    }
}

#[test]
fn changed_rights_take_back_what_was_shown() {
    let mut centre = Centre::new(5, 5);
    while centre.view.calls.is_empty() {
        centre.happen(1);
    }
    let (mut tables, facts) = (Tables::new("run"), Facts::new(centre.now));
    tables.show(centre.shown());
    let mut screen = Screen::new(Rights::of(Role::Admin, None), vec![("calls", None)]);
    screen.connect(centre.now, &tables, &facts);
    screen.serve(centre.now, &tables, &facts, || true);
    let phone = centre.view.calls[0].phone.e164();
    assert!(screen.heard.contains(&phone));

    screen.heard.clear();
    let viewer = screen.viewer.as_mut().unwrap();
    assert_eq!(viewer.authorise(Rights::of(Role::Supervisor, None), &tables), Ok(()));
    screen.serve(centre.now, &tables, &facts, || true);
    assert_eq!(screen.replica.resets, [(json!(0), "rights".to_owned())]);
    assert!(!screen.heard.contains(&phone));
    assert_eq!(screen.replica.copies[&0].rows.len(), centre.view.calls.len());

    // A role that may not follow the topic at all ends the socket.
    screen.topics = vec![("trunks", None)];
    screen.follow(0, centre.now, &tables);
    let viewer = screen.viewer.as_mut().unwrap();
    assert_eq!(viewer.authorise(Rights::of(Role::Agent, None), &tables), Err(Close::Forbidden));
}

#[test]
fn what_was_sent_under_other_rights_or_another_filter_is_no_ground_to_go_on_from() {
    let centre = Centre::new(6, 5);
    let (mut tables, facts) = (Tables::new("run"), Facts::new(centre.now));
    tables.show(centre.shown());
    let mut screen = Screen::new(Rights::of(Role::Supervisor, None), vec![("agents", None)]);
    screen.connect(centre.now, &tables, &facts);
    screen.serve(centre.now, &tables, &facts, || true);

    screen.rights = Rights::of(Role::Admin, None);
    screen.connect(centre.now, &tables, &facts);
    screen.serve(centre.now, &tables, &facts, || true);
    assert_eq!(screen.replica.resets, [(json!(0), "epoch".to_owned())]);

    screen.topics = vec![("agents", Some(json!({ "state": "ready" })))];
    screen.connect(centre.now, &tables, &facts);
    screen.serve(centre.now, &tables, &facts, || true);
    assert_eq!(screen.replica.resets.len(), 2);
    assert!(screen.replica.copies[&0].rows.is_empty());
}

#[test]
fn nobody_can_filter_by_what_they_may_not_see() {
    let (tables, facts) = (Tables::new("run"), Facts::new(Centre::new(1, 1).now));
    let filter = Some(json!({ "phone": "+33199001234" }));
    let mut screen = Screen::new(Rights::of(Role::Supervisor, None), vec![("calls", filter)]);
    let now = Centre::new(1, 1).now;
    screen.connect(now, &tables, &facts);
    screen.serve(now, &tables, &facts, || true);
    assert_eq!(screen.replica.resets, [(json!(0), "no_such_filter".to_owned())]);
}

#[test]
fn words_reach_the_desks_that_they_are_for_and_whoever_sees_everything() {
    let now = Centre::new(1, 1).now;
    let (tables, mut facts) = (Tables::new("run"), Facts::new(now));
    let agent = |row| Rights::of(Role::Agent, Some(AgentId::from_i64(row)));
    let people = [agent(1), agent(2), Rights::of(Role::Supervisor, None)];
    let mut viewers = people.map(|rights| Viewer::new(1, rights, None, now, &facts));
    let held = Fact::of(&Notice::Dialling { held_by: None }).unwrap();
    let words = |audience, text| Fact::message(audience, UserId::from_i64(7), text);
    facts.tell(now, &words(Audience::Agents(vec![AgentId::from_i64(1)]), "offer B"));
    facts.tell(now, &words(Audience::Everybody, "drill at noon"));
    facts.tell(now, &held);

    let mut heard = viewers.iter_mut().map(|viewer| {
        let frames = viewer.serve(now, &tables, &facts).into_iter();
        let texts = frames.filter_map(|frame| if let Frame::Text(text) = frame { Some(text) } else { None });
        let all: String = texts.collect();
        ["offer B", "drill at noon", "dialling"].map(|part| all.contains(part))
    });
    assert_eq!(heard.next(), Some([true, true, false]));
    assert_eq!(heard.next(), Some([false, true, false]));
    assert_eq!(heard.next(), Some([true, true, true]));
}

#[test]
fn whoever_listens_is_told_how_that_ended_though_they_are_confined_to_teams() {
    let now = Centre::new(1, 1).now;
    let (tables, mut facts) = (Tables::new("run"), Facts::new(now));
    let supervisor = |row| Rights {
        scope: Scope::Teams { agents: BTreeSet::new(), campaigns: BTreeSet::new(), queues: BTreeSet::new() },
        ..Rights::of(Role::Supervisor, Some(AgentId::from_i64(row)))
    };
    let mut viewers = [1, 2].map(|row| Viewer::new(1, supervisor(row), None, now, &facts));
    let (supervisor, call) = (AgentId::from_i64(1), CallId::from_uuid(Uuid::from_u128(7)));
    let ended = Notice::SupervisionEnded {
        supervisor,
        call,
        mode: SupervisionMode::Listen,
        end: SupervisionEnd::CallOver,
    };
    facts.tell(now, &Fact::of(&ended).unwrap());
    let heard = viewers.each_mut().map(|viewer| {
        let frames = viewer.serve(now, &tables, &facts);
        frames.iter().any(|frame| matches!(frame, Frame::Text(text) if text.contains("supervision_ended")))
    });
    assert_eq!(heard, [true, false]);
}
