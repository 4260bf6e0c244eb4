//! Packs, people and campaigns for the tests.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use cadran_engine::dialer::compliance::{
    Callee, Decision, Intent, Pack, PackRules, PastAttempt, Registers, may_dial,
};
use cadran_engine::model::Timestamp;
use serde_json::{Value, json};

/// The packs that Cadran ships.
pub(crate) fn shipped() -> Vec<Pack> {
    static SHIPPED: LazyLock<Vec<Pack>> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/compliance");
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| pack_of_file(file)).collect()
    });
    SHIPPED.clone()
}

fn pack_of_file(file: &Path) -> Pack {
    let rules: PackRules = toml::from_str(&fs::read_to_string(file).unwrap())
        .unwrap_or_else(|error| panic!("{file:?}: {error}"));
    Pack::new(file.file_stem().unwrap().to_str().unwrap(), "", rules).unwrap()
}

/// One of them.
pub(crate) fn shipped_pack(id: &str) -> Pack {
    shipped().into_iter().find(|pack| pack.id() == id).unwrap()
}

/// The document of public cases.
pub(crate) fn public_document() -> Value {
    serde_json::from_str(include_str!("cases.json")).unwrap()
}

/// The packs of the document of public cases.
pub(crate) fn public_packs() -> Vec<Pack> {
    static PUBLIC: LazyLock<Vec<Pack>> = LazyLock::new(|| {
        let document = public_document();
        let packs = document["packs"].as_object().unwrap();
        packs.iter().map(|(id, rules)| pack(id, rules.clone())).collect()
    });
    PUBLIC.clone()
}

/// A pack from its parameters.
pub(crate) fn pack(id: &str, rules: Value) -> Pack {
    Pack::new(id, "", serde_json::from_value(rules).unwrap()).unwrap()
}

/// Everything that one question needs, as it stands in a case: "deep" paths are changed with [`Question::with`].
#[derive(Clone, Debug)]
pub(crate) struct Question(Value);

impl Question {
    /// A French consumer who may be called on Tuesday, 3 March 2026, 10:30 in Paris under fr-2023.
    pub(crate) fn french() -> Self {
        Self(json!({
            "now": "2026-03-03T09:30:00Z",
            "lead": {"person_id": "P1", "number": "+33639980001", "party": "consumer", "line_type": "mobile"},
            "campaign": {
                "id": "C1", "seller": "S1", "purpose": "marketing", "sector": "general", "dial_mode": "predictive",
                "cli": "+33162001122", "cli_authorised": true
            },
            "history": [],
            "registers": {"bloctel": {"listed": false, "checked_at": "2026-03-01T06:00:00Z"}},
            "internal_dnc": []
        }))
    }

    /// The same question with one thing changed.
    pub(crate) fn with(mut self, pointer: &str, value: Value) -> Self {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        self.0.pointer_mut(parent).unwrap()[key] = value;
        self
    }

    /// The verdict in short: `allow`, or the reason and, where time is enough, until when.
    pub(crate) fn verdict(&self, packs: &[Pack]) -> String {
        let asked = self.read();
        match asked.decide(packs) {
            Decision::Allow { .. } => "allow".to_owned(),
            Decision::Deny { reason, until, .. } => {
                until.map_or(reason.to_string(), |until| format!("{reason} until {until}"))
            }
        }
    }

    /// The question in the engine's types.
    pub(crate) fn read(&self) -> Asked {
        let field = |key: &str| self.0[key].clone();
        Asked {
            callee: serde_json::from_value(field("lead")).unwrap(),
            intent: serde_json::from_value(field("campaign")).unwrap(),
            now: instant(self.0["now"].as_str().unwrap()),
            history: serde_json::from_value(field("history")).unwrap(),
            registers: Registers {
                public: serde_json::from_value(field("registers")).unwrap(),
                internal: serde_json::from_value(field("internal_dnc")).unwrap(),
            },
        }
    }
}

/// A question in the engine's types.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) callee: Callee,
    pub(crate) intent: Intent,
    pub(crate) now: Timestamp,
    pub(crate) history: Vec<PastAttempt>,
    pub(crate) registers: Registers,
}

impl Asked {
    /// What the packs say.
    pub(crate) fn decide<'p>(&self, packs: &'p [Pack]) -> Decision<'p> {
        self.decide_at(self.now, packs)
    }

    /// What the packs say at another instant.
    pub(crate) fn decide_at<'p>(&self, now: Timestamp, packs: &'p [Pack]) -> Decision<'p> {
        may_dial(&self.callee, &self.intent, now, &self.history, &self.registers, packs)
    }
}

/// An instant in RFC 3339.
pub(crate) fn instant(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(instant.as_millisecond())
}

/// Asks the same question with one field changed at a time.
pub(crate) fn table(question: &Question, packs: &[Pack], rows: &[(&str, Value, &str)]) {
    for (pointer, value, verdict) in rows {
        let asked = question.clone().with(pointer, value.clone());
        assert_eq!(asked.verdict(packs), *verdict, "{pointer} = {value}");
    }
}

/// A list of one consent to S1 of 1 October 2026, with changes.
pub(crate) fn consent(changes: Value) -> Value {
    let mut consent = json!({
        "seller": "S1", "scope": ["phone_marketing"], "at": "2026-10-01T09:00:00Z", "evidence_id": "EV-1",
        "revoked_at": null, "hours_waiver": false, "pewc": false
    });
    for (key, value) in changes.as_object().unwrap() {
        consent[key] = value.clone();
    }
    json!([consent])
}

/// Attempts for S1 on these days, with one outcome.
pub(crate) fn attempts(days: &[&str], outcome: &str) -> Value {
    let attempt = |day: &&str| json!({"at": format!("{day}T10:00:00Z"), "seller": "S1", "outcome": outcome});
    days.iter().map(attempt).collect()
}
