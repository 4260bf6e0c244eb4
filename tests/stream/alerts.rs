//! What wants a person is shown for as long as it does, to those whom it concerns.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cadran::live::{Check, Facts, Health, Part, PauseLimit, Rights, Sees, Tables};
use cadran_engine::command::Hold;
use cadran_engine::dialer::obstacle::{Obstacle, Standing};
use cadran_engine::model::{CampaignId, PauseReason, QueueId, Role, Scope, TrunkId};
use cadran_engine::view::QueueView;
use serde_json::{Value, json};

use super::centre::{Centre, queue};
use super::screen::Screen;

/// Agent 1 is lost, campaign 1 has no trunk that answers, queue 1 has callers and nobody, mail is down, the database is
/// away.
fn a_bad_moment(centre: &mut Centre) {
    centre.view.held_by = Some(Hold::StoreAway);
    centre.view.agents[0].state = "lost";
    let down = Obstacle::TrunkDown { trunk: TrunkId::from_i64(1), name: "operator".to_owned() };
    centre.view.campaigns[0].line.held_by = vec![
        Standing { obstacle: Obstacle::LeadsComing, since: centre.now },
        Standing { obstacle: down, since: centre.now },
    ];
    let oldest_since = Some(centre.now);
    centre.view.queues = vec![QueueView { waiting: 2, oldest_since, has_agents: false, ..queue(1) }];
}

fn rows(screen: &Screen) -> Vec<(String, Value)> {
    screen.replica.copies[&0].rows.iter().map(|(key, row)| (key.clone(), json!(row))).collect()
}

#[test]
fn an_alert_stands_for_as_long_as_what_it_tells_of() {
    let mut centre = Centre::new(1, 3);
    a_bad_moment(&mut centre);
    let (mut tables, facts) = (Tables::new("run"), Facts::new(centre.now));
    let mut screen = Screen::new(Rights::of(Role::Supervisor, None), vec![("alerts", None)]);
    let mut show = |centre: &mut Centre, checks: Vec<Check>, screen: &mut Screen| {
        tables.show(centre.shown());
        tables.show_checks(checks.into());
        tables.alert(centre.now);
        if screen.viewer.is_none() {
            screen.connect(centre.now, &tables, &facts);
        }
        centre.now = centre.now + Duration::from_secs(1);
        screen.serve(centre.now, &tables, &facts, || true);
    };
    let mail = Check::of(Part::Only("mail")).sick(Health::Down, "no answer", "start it");
    let began = centre.now.as_millis();
    show(&mut centre, vec![mail.clone(), Check::of(Part::Only("database"))], &mut screen);
    let all = rows(&screen);
    let keys: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["agt_1", "cmp_1", "dialling", "mail", "q_1"]);
    let row = |key: &str| &all.iter().find(|(known, _)| known == key).unwrap().1;
    assert!(row("cmp_1").to_string().contains("operator"), "{}", row("cmp_1"));
    assert!(row("mail").to_string().contains("start it"), "{}", row("mail"));
    assert!(row("agt_1").to_string().contains("agent_lost") && row("agt_1").to_string().contains("warning"));

    // Nothing new: nothing is sent, and the beginning stays.
    screen.heard.clear();
    show(&mut centre, vec![mail], &mut screen);
    assert!(!screen.heard.contains("\"op\":\"d\""), "{}", screen.heard);
    assert!(row("dialling").to_string().contains(&began.to_string()));

    centre.view.held_by = None;
    centre.view.agents[0].state = "ready";
    centre.view.campaigns[0].line.held_by.clear();
    centre.view.queues[0].has_agents = true;
    show(&mut centre, Vec::new(), &mut screen);
    assert!(rows(&screen).is_empty());
}

#[test]
fn whoever_is_confined_to_teams_is_told_of_these() {
    let mut centre = Centre::new(1, 3);
    a_bad_moment(&mut centre);
    let scope = Scope::Teams {
        agents: BTreeSet::new(),
        campaigns: [CampaignId::from_i64(2)].into(),
        queues: [QueueId::from_i64(1)].into(),
    };
    let rights = Rights { sees: Sees::Everything, scope, agent: None, numbers: false };
    let (mut tables, facts) = (Tables::new("run"), Facts::new(centre.now));
    tables.show(centre.shown());
    tables.alert(centre.now);
    let mut screen = Screen::new(rights, vec![("alerts", None)]);
    screen.connect(centre.now, &tables, &facts);
    screen.serve(centre.now, &tables, &facts, || true);
    let keys: Vec<String> = rows(&screen).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["q_1"]);
}

#[test]
fn a_pause_that_is_too_long_is_told_until_it_ends() {
    let mut centre = Centre::new(1, 3);
    let (began, longest) = (centre.now, Duration::from_secs(1_200));
    for agent in &mut centre.view.agents {
        agent.state = "paused";
        agent.since = began;
    }
    centre.view.agents[0].reason = Some(PauseReason::Chosen("lunch".to_owned()));
    centre.view.agents[1].reason = Some(PauseReason::Chosen("training".to_owned()));
    centre.view.agents[2].reason = Some(PauseReason::LoggedIn);
    let lunch = PauseLimit { pause_max: longest, label_en: "Lunch".into(), label_fr: "Déjeuner".into() };
    let (mut tables, facts) = (Tables::new("run"), Facts::new(began));
    tables.show_pauses(Arc::new([("lunch".to_owned(), lunch)].into()));
    tables.show(centre.shown());
    let mut screen = Screen::new(Rights::of(Role::Supervisor, None), vec![("alerts", None)]);
    screen.connect(centre.now, &tables, &facts);
    let mut look = |tables: &mut Tables, after: Duration| {
        let now = began + after;
        tables.alert(now);
        screen.serve(now, tables, &facts, || true);
        rows(&screen)
    };
    assert_eq!(look(&mut tables, longest - Duration::from_secs(1)), []);
    for after in [longest, longest * 2] {
        let told = look(&mut tables, after);
        let [(key, row)] = &told[..] else { panic!("{told:?}") };
        let expected = (json!("pause_long"), json!("warning"), json!((began + longest).as_millis()));
        let row = &row[1];
        assert_eq!(key, "agt_1");
        assert_eq!((row["what"].clone(), row["severity"].clone(), row["since"].clone()), expected);
        assert!(row["why"]["en"].as_str().unwrap().contains("Lunch for longer than the 20 minutes"), "{row}");
        assert!(row["why"]["fr"].as_str().unwrap().contains("Déjeuner depuis plus longtemps"), "{row}");
    }
    centre.view.agents[0].state = "ready";
    centre.view.agents[0].reason = None;
    tables.show(centre.shown());
    assert_eq!(look(&mut tables, longest * 3), []);
}
