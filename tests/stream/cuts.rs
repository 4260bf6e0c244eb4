//! A thousand cuts, and the daemon restarted in between: no row may differ.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cadran::live::{Facts, Frame, Rights, Sees, Tables};
use cadran::sentences;
use cadran::words::Language;
use cadran_engine::model::{AgentId, Role, Timestamp};
use serde_json::{Map, Value, json};

use super::centre::Centre;
use super::screen::Screen;

const STORIES: u64 = 4;
const CUTS: usize = 250;
const RUN_EVERY: Duration = Duration::from_millis(200);
const CHANGES_PER_SECOND: f64 = 80.0;
/// After which a screen must show the truth.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(2);

struct Story {
    centre: Centre,
    runs: usize,
    tables: Tables,
    facts: Facts,
    screens: Vec<Screen>,
}

impl Story {
    fn new(seed: u64) -> Self {
        let centre = Centre::new(seed, 30);
        let everything = || {
            let topics = [
                "agents",
                "calls",
                "callers",
                "queues",
                "campaigns",
                "pacing:cmp_2",
                "trunks",
                "system",
                "me",
                "alerts",
            ];
            topics.map(|topic| (topic, None)).to_vec()
        };
        let own = vec![("agents", None), ("calls", None), ("me", None), ("system", None)];
        let filtered = vec![
            ("agents", Some(json!({ "state": ["ready", "on_call"] }))),
            ("agents", Some(json!({ "campaigns": "cmp_3" }))),
            ("calls", Some(json!({ "campaign": "cmp_1", "state": "connected" }))),
        ];
        let agent = AgentId::from_i64(7);
        let screens = vec![
            Screen::new(Rights::of(Role::Admin, None), everything()),
            Screen::new(Rights::of(Role::Supervisor, Some(agent)), everything()),
            Screen::new(Rights::of(Role::Supervisor, None), filtered),
            Screen::new(Rights::of(Role::Agent, Some(agent)), own),
        ];
        let (tables, facts) = (Tables::new("run-0"), Facts::new(centre.now));
        Self { centre, runs: 0, tables, facts, screens }
    }

    /// The daemon dies and comes back with nothing.
    fn restart(&mut self) {
        self.runs += 1;
        self.tables = Tables::new(format!("run-{}", self.runs));
        self.facts = Facts::new(self.centre.now);
        self.screens.iter_mut().for_each(Screen::cut);
        self.show();
    }

    fn show(&mut self) {
        self.tables.show(self.centre.shown());
        self.tables.alert(self.centre.now);
    }

    fn pass(&mut self, span: Duration, step: Duration, changes_per_second: f64) {
        let end = self.centre.now + span;
        while self.centre.now < end {
            self.centre.now = self.centre.now + step;
            let changes = changes_per_second * step.as_secs_f64() + self.centre.chance.unit();
            self.centre.happen(changes as usize);
            self.tables.hear(self.centre.now);
            self.show();
            for screen in &mut self.screens {
                screen.serve(self.centre.now, &self.tables, &self.facts, || true);
            }
        }
    }

    /// Cuts a screen off. Of what was on its way, only the first messages arrive.
    fn cut(&mut self, place: usize) {
        self.centre.happen(20);
        self.show();
        let mut arriving = std::iter::repeat_n(true, self.centre.chance.below(4));
        let arrives = || arriving.next().unwrap_or(false);
        self.screens[place].serve(self.centre.now, &self.tables, &self.facts, arrives);
        self.screens[place].cut();
    }

    fn connect_all(&mut self) {
        for screen in self.screens.iter_mut().filter(|screen| screen.viewer.is_none()) {
            screen.connect(self.centre.now, &self.tables, &self.facts);
        }
    }

    /// Half a second without a change or a loss, so that what is shown and what is can be compared.
    fn settle(&mut self) {
        for _ in 0..3 {
            self.centre.now = self.centre.now + RUN_EVERY;
            self.tables.hear(self.centre.now);
            for screen in &mut self.screens {
                screen.serve(self.centre.now, &self.tables, &self.facts, || true);
            }
        }
    }

    fn differences(&self) -> Vec<String> {
        let mut found = Vec::new();
        let view = json!(self.centre.view);
        for (place, screen) in self.screens.iter().enumerate() {
            for (id, (topic, filter)) in screen.topics.iter().enumerate() {
                let copy = &screen.replica.copies[&u64::try_from(id).unwrap()];
                let shown: BTreeMap<_, _> =
                    copy.rows.iter().map(|(key, (_, row))| (key.clone(), compared(topic, row))).collect();
                let truth = truth(&view, topic, filter.as_ref(), &screen.rights);
                let differs = |key: &&String| shown.get(*key) != truth.get(*key);
                let keys: Vec<&String> = shown.keys().chain(truth.keys()).filter(differs).collect();
                if !copy.whole || !keys.is_empty() {
                    found
                        .push(format!("screen {place}, {topic} {filter:?}, whole: {}: {keys:?}", copy.whole));
                }
            }
        }
        found
    }
}

/// What is compared of a row: of an alert all but its words and its beginning, which the centre does not tell.
fn compared(topic: &str, row: &Map<String, Value>) -> Value {
    let mut row = row.clone();
    if topic == "alerts" {
        row.retain(|column, _| ["what", "severity", "agent", "queue"].contains(&column.as_str()));
    }
    row.into()
}

/// What wants a person.
fn alerts(view: &Value) -> BTreeMap<String, Value> {
    let rows = |table: &str| view[table].as_array().unwrap().clone();
    let lost = rows("agents").into_iter().filter(|row| row["state"] == "lost").map(
        |row| json!({ "what": "agent_lost", "severity": "warning", "agent": row["agent"], "queue": null }),
    );
    let is_unattended = |row: &Value| row["waiting"].as_u64() > Some(0) && row["has_agents"] == json!(false);
    let unattended = rows("queues").into_iter().filter(is_unattended).map(|row| {
        json!({ "what": "queue_unattended", "severity": "critical", "agent": null, "queue": row["queue"] })
    });
    let held = (!view["held_by"].is_null())
        .then(|| json!({ "what": "dialling_held", "severity": "critical", "agent": null, "queue": null }));
    let named = |alert: Value| {
        let id = alert["agent"].as_str().or(alert["queue"].as_str()).unwrap_or("dialling");
        (id.to_owned(), alert)
    };
    lost.chain(unattended).chain(held).map(named).collect()
}

/// What a screen must show, in words of its own rather than the stream's.
fn truth(view: &Value, topic: &str, filter: Option<&Value>, rights: &Rights) -> BTreeMap<String, Value> {
    let table = match topic {
        "me" => "agents",
        topic if topic.starts_with("pacing:") => "campaigns",
        topic => topic,
    };
    if topic == "alerts" {
        return alerts(view);
    }
    if topic == "system" {
        return [("daemon".to_owned(), json!({ "held_by": view["held_by"], "part": "daemon" }))].into();
    }
    let id = if table == "callers" { "call" } else { table.trim_end_matches('s') };
    let key = |row: &Value| row[id].as_str().unwrap().to_owned();
    let own_only = topic == "me" || rights.sees == Sees::Own;
    let own = rights.agent.map(|agent| json!(agent));
    let mut truth = BTreeMap::new();
    for row in view[table].as_array().into_iter().flatten() {
        let mut row = row.clone();
        if topic == "calls" && own_only {
            // An agent is told of listeners by their own row alone.
            row.as_object_mut().unwrap().remove("listeners");
        }
        let wanted = filter.and_then(Value::as_object).into_iter().flatten().all(|(column, values)| {
            let values = values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]);
            match &row[column] {
                Value::Array(list) => list.iter().any(|value| values.contains(value)),
                value => values.contains(value),
            }
        });
        if !wanted || own_only && Some(&row["agent"]) != own.as_ref() {
            continue;
        }
        if let Some(campaign) = topic.strip_prefix("pacing:") {
            if row["campaign"] != campaign {
                continue;
            }
            let line = serde_json::from_value(row.clone()).unwrap();
            let why =
                [Language::English, Language::French].map(|language| sentences::pacing(&line, language));
            row["why"] = json!({ "en": why[0], "fr": why[1] });
        }
        row.as_object_mut().unwrap().remove("at");
        if let Some(phone) = row["phone"].as_str().filter(|_| !rights.numbers) {
            row["phone"] = format!("…{}", &phone[phone.len() - 2..]).into();
        }
        truth.insert(key(&row), row);
    }
    truth
}

#[test]
fn after_a_thousand_cuts_and_many_restarts_no_row_differs() {
    std::thread::scope(|scope| {
        for seed in 0..STORIES {
            scope.spawn(move || cut_and_compare(seed));
        }
    });
}

/// Cuts screens off for 0.1 s to 600 s, as many times briefly as for long, restarts the daemon now and then, and
/// compares what every screen shows with what is.
fn cut_and_compare(seed: u64) {
    let mut story = Story::new(seed);
    story.show();
    story.connect_all();
    let (mut restarts, mut longest) = (0, Duration::ZERO);
    for cut in 0..CUTS {
        let place = story.centre.chance.below(story.screens.len());
        story.cut(place);
        if story.centre.chance.one_in(10) {
            story.restart();
            restarts += 1;
        }
        let away = Duration::from_secs_f64(0.1 * 6_000.0_f64.powf(story.centre.chance.unit()));
        longest = longest.max(away);
        story.pass(away, RUN_EVERY.max(away / 5), CHANGES_PER_SECOND);
        story.connect_all();
        story.pass(CAUGHT_UP_WITHIN, RUN_EVERY, CHANGES_PER_SECOND);
        story.settle();
        let found = story.differences();
        assert!(found.is_empty(), "seed {seed}, after cut {cut} of {away:?}:\n{}", found.join("\n"));
    }
    assert!(restarts > 10 && longest > Duration::from_secs(400), "{restarts} restarts, {longest:?} at most");
    let resets: BTreeSet<&str> = story
        .screens
        .iter()
        .flat_map(|screen| &screen.replica.resets)
        .map(|(_, reason)| reason.as_str())
        .collect();
    assert_eq!(resets, BTreeSet::from(["epoch", "own_rows"]), "of seed {seed}");
}

#[test]
fn whoever_comes_back_is_sent_what_changed_and_nothing_else() {
    let mut story = Story::new(21);
    story.screens.truncate(1);
    story.screens[0].topics = vec![("agents", None), ("calls", None)];
    story.tables.show(story.centre.shown());
    story.connect_all();
    story.settle();
    story.screens[0].cut();
    story.centre.view.agents[3].state = "ready";
    story.tables.show(story.centre.shown());
    story.connect_all();
    let frames = story.screens[0].serve(story.centre.now, &story.tables, &story.facts, || true);
    let texts = frames.iter().filter_map(|frame| match frame {
        Frame::Text(text) if text.contains(r#""op":"d""#) || text.contains(r#""op":"snap""#) => Some(text),
        Frame::Text(_) | Frame::Ping | Frame::Close(_) => None,
    });
    let texts: Vec<&String> = texts.collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    let delta: Value = serde_json::from_str(texts[0]).unwrap();
    assert_eq!(delta["up"].as_array().unwrap().len(), 1, "{delta}");
    assert_eq!(delta["up"][0][0], "agt_4");
    assert_eq!(delta["up"][0][2]["campaigns"], json!(["cmp_1"]), "changed rows come whole");
    assert!(story.differences().is_empty());
}

#[test]
fn whoever_was_away_while_more_went_than_is_remembered_gets_the_table_anew() {
    for (gone, resets) in [(1_000, 0), (9_000, 1)] {
        let mut story = Story::new(24);
        story.screens.truncate(1);
        story.screens[0].topics = vec![("calls", None)];
        story.tables.show(story.centre.shown());
        story.connect_all();
        story.settle();
        story.screens[0].cut();
        for _ in 0..gone / 100 {
            story.tables.show(story.centre.shown_with_hundred_calls());
            story.tables.show(story.centre.shown());
        }
        story.connect_all();
        story.settle();
        assert!(story.differences().is_empty());
        let told = vec![(json!(0), "horizon".to_owned()); resets];
        assert_eq!(story.screens[0].replica.resets, told);
    }
}

#[test]
fn while_nobody_is_away_only_the_fields_that_changed_are_sent() {
    let mut story = Story::new(22);
    story.screens.truncate(1);
    story.tables.show(story.centre.shown());
    story.connect_all();
    story.settle();
    story.centre.view.agents[3].state = "ready";
    story.tables.show(story.centre.shown());
    let frames = story.screens[0].serve(story.centre.now, &story.tables, &story.facts, || true);
    let rev = story.tables.rev();
    let expected = format!(
        r#"{{"op":"d","id":0,"n":1,"rev":{rev},"up":[["agt_4",{rev},{{"state":"ready"}}]],"del":[]}}"#
    );
    assert_eq!(frames, [Frame::Text(expected)]);
}

#[test]
fn the_age_of_what_is_shown_is_the_age_of_the_last_word_from_asterisk() {
    let mut story = Story::new(23);
    story.tables.show(story.centre.shown());
    story.connect_all();
    story.pass(Duration::from_secs(5), RUN_EVERY, 0.0);
    let heard = story.centre.now;
    assert!(Timestamp::from_millis(story.screens[0].replica.source) + Duration::from_secs(3) > heard);
    // Asterisk falls silent; the daemon goes on sending.
    for _ in 0..100 {
        story.centre.now = story.centre.now + RUN_EVERY;
        story.screens[0].serve(story.centre.now, &story.tables, &story.facts, || true);
    }
    assert_eq!(story.screens[0].replica.source, heard.as_millis());
}
