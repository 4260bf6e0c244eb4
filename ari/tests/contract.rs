//! The crate against the description that the installed Asterisk gives of itself.
//!
//! Nothing that Asterisk describes may be missing here: operations with every parameter and its choices, events and
//! models with every field. The crate may know more, for other versions.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ari::{Event, Place};
use serde_json::{Map, Value, json};

/// The directory of the `*.json` files: the one that the environment names, or else a well-known place.
fn rest_api_directory() -> PathBuf {
    const BELOW_ROOT: &str = "usr/share/asterisk/rest-api";
    let places = match std::env::var_os("ASTERISK_REST_API_DIR") {
        Some(named) => vec![PathBuf::from(named)],
        None => {
            let in_root = std::env::var_os("CADRAN_ASTERISK_ROOT").map(PathBuf::from);
            let roots =
                [Some(PathBuf::from("/")), in_root, Some(PathBuf::from("/var/lib/cadran/asterisk-root"))];
            roots.into_iter().flatten().map(|root| root.join(BELOW_ROOT)).collect()
        }
    };
    let found = places.iter().find(|place| place.join("channels.json").is_file());
    found.cloned().unwrap_or_else(|| {
        panic!(
            "no ARI description in any of {places:?}: install Asterisk 22, or set ASTERISK_REST_API_DIR to the \
             directory that holds channels.json"
        )
    })
}

/// Every file of the description, without the index.
fn descriptions() -> Vec<Value> {
    let directory = rest_api_directory();
    let files = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let described: Vec<Value> = json
        .filter(|path| path.file_name().is_some_and(|name| name != "resources.json"))
        .map(|path| serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap())
        .collect();
    assert!(described.len() >= 11, "{} describes only {} resources", directory.display(), described.len());
    described
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text `{name}` in {value}"))
}

/// The words that a parameter or field is limited to.
fn allowed_words(value: &Value) -> impl Iterator<Item = &str> {
    list(&value["allowableValues"], "values").iter().filter_map(Value::as_str)
}

#[test]
fn every_operation_with_every_parameter_is_here() {
    let ours: BTreeMap<(String, String), &ari::Operation> = ari::operations()
        .map(|operation| ((operation.method.as_str().to_owned(), operation.path.to_owned()), operation))
        .collect();
    let mut missing = Vec::new();
    let mut described = 0;
    for resource in descriptions() {
        for api in list(&resource, "apis") {
            for operation in list(api, "operations") {
                described += 1;
                let name = (text(operation, "httpMethod").to_owned(), text(api, "path").to_owned());
                match ours.get(&name) {
                    Some(known) => missing.extend(missing_parameters(operation, known)),
                    None => missing.push(format!("{} {}", name.0, name.1)),
                }
            }
        }
    }
    assert!(described >= 109, "only {described} operations are described");
    assert!(missing.is_empty(), "missing in the crate: {missing:#?}");
}

/// The parameters of a described operation that ours lacks or knows differently.
fn missing_parameters(described: &Value, ours: &ari::Operation) -> Vec<String> {
    let differs = |parameter: &&Value| {
        let name = text(parameter, "name");
        let place = match text(parameter, "paramType") {
            "path" => Place::Path,
            "query" => Place::Query,
            "body" => Place::Body,
            other => panic!("{ours}: `{name}` travels in an unknown place: {other}"),
        };
        let Some(known) = ours.parameters.iter().find(|known| known.name == name) else {
            return true;
        };
        let must_be_required = parameter["required"] == json!(true);
        known.place != place
            || (must_be_required && !known.required)
            || !allowed_words(parameter).all(|word| known.choices.contains(&word))
    };
    let parameters = list(described, "parameters").iter().filter(differs);
    parameters.map(|parameter| format!("{ours}: {parameter}")).collect()
}

#[test]
fn every_event_with_every_field_is_here() {
    let samples = Samples::read();
    let types: BTreeSet<&str> = ["Message", "Event"]
        .iter()
        .flat_map(|parent| list(&samples.models[*parent], "subTypes"))
        .map(|name| name.as_str().unwrap())
        .collect();
    let events: Vec<&str> = types.into_iter().filter(|name| *name != "Event").collect();
    assert!(events.len() >= 45, "only {} events are described", events.len());
    for name in events {
        for mut sample in samples.all_of(name) {
            sample.extend(samples.all_of("Event").swap_remove(0));
            sample.extend(samples.all_of("Message").swap_remove(0));
            sample.insert("type".to_owned(), json!(name));
            let event = Event::from_json(&Value::Object(sample).to_string()).unwrap();
            assert_eq!(event.type_name(), name);
            assert!(!matches!(event, Event::Unknown(_)), "{event:#?}");
            assert_nothing_unknown(name, &event);
        }
    }
}

#[test]
fn every_model_with_every_field_is_here() {
    let samples = Samples::read();
    let mut answered = BTreeSet::new();
    for resource in descriptions() {
        for operation in list(&resource, "apis").iter().flat_map(|api| list(api, "operations")) {
            let class = text(operation, "responseClass");
            answered.insert(class.trim_start_matches("List[").trim_end_matches(']').to_owned());
        }
    }
    for class in answered {
        match class.as_str() {
            "void" | "binary" | "Message" => {} // nothing, a file, and the events of the test above
            "Application" => samples.decode::<ari::Application>(&class),
            "AsteriskInfo" => samples.decode::<ari::AsteriskInfo>(&class),
            "AsteriskPing" => samples.decode::<ari::AsteriskPing>(&class),
            "Bridge" => samples.decode::<ari::Bridge>(&class),
            "Channel" => samples.decode::<ari::Channel>(&class),
            "ConfigTuple" => samples.decode::<ari::ConfigTuple>(&class),
            "DeviceState" => samples.decode::<ari::DeviceState>(&class),
            "Endpoint" => samples.decode::<ari::Endpoint>(&class),
            "LiveRecording" => samples.decode::<ari::LiveRecording>(&class),
            "LogChannel" => samples.decode::<ari::LogChannel>(&class),
            "Mailbox" => samples.decode::<ari::Mailbox>(&class),
            "Module" => samples.decode::<ari::Module>(&class),
            "Playback" => samples.decode::<ari::Playback>(&class),
            "RTPstat" => samples.decode::<ari::RtpStatistics>(&class),
            "Sound" => samples.decode::<ari::Sound>(&class),
            "StoredRecording" => samples.decode::<ari::StoredRecording>(&class),
            "Variable" => samples.decode::<ari::Variable>(&class),
            "Variables" => samples.decode::<ari::Variables>(&class),
            other => panic!("the crate has no model for the reply `{other}`"),
        }
    }
}

/// What the crate did not expect is kept in `extra` (fields) or `Other` (words), which `Debug` shows.
fn assert_nothing_unknown(name: &str, decoded: &impl std::fmt::Debug) {
    let shown = format!("{decoded:?}");
    assert!(!shown.contains("extra: {\""), "{name} has a field that the crate does not know: {shown}");
    assert!(!shown.contains("Other(\""), "{name} has a word that the crate does not know: {shown}");
}

/// Makes objects as the description describes them.
struct Samples {
    models: BTreeMap<String, Value>,
}

impl Samples {
    fn read() -> Self {
        let models = descriptions().into_iter().flat_map(|mut resource| {
            let models = resource["models"].take();
            models.as_object().cloned().unwrap_or_default()
        });
        Self { models: models.collect() }
    }

    fn decode<T: serde::de::DeserializeOwned + std::fmt::Debug>(&self, model: &str) {
        for sample in self.all_of(model) {
            let sample = Value::Object(sample);
            let decoded: T = serde_json::from_value(sample.clone())
                .unwrap_or_else(|problem| panic!("{model} cannot be decoded: {problem}: {sample:#}"));
            assert_nothing_unknown(model, &decoded);
        }
    }

    /// Objects with every field of a model; between them, every word that a field can be.
    fn all_of(&self, model: &str) -> Vec<Map<String, Value>> {
        let described = self.models.get(model).unwrap_or_else(|| panic!("`{model}` is not described"));
        let fields = described["properties"].as_object().cloned().unwrap_or_default();
        let words = fields.values().map(|field| allowed_words(field).count()).max().unwrap_or(0).max(1);
        (0..words)
            .map(|nth| fields.iter().map(|(name, field)| (name.clone(), self.value(field, nth))).collect())
            .collect()
    }

    /// A value for a field; for one that is limited to some words, the nth of them.
    fn value(&self, field: &Value, nth: usize) -> Value {
        let words: Vec<&str> = allowed_words(field).collect();
        if !words.is_empty() {
            return json!(words[nth % words.len()]);
        }
        match text(field, "type") {
            "string" => json!("text"),
            "int" | "long" => json!(7),
            "double" => json!(0.5),
            "boolean" => json!(true),
            "Date" => json!("2026-08-11T10:00:00.123+0000"),
            "List[string]" => json!(["text"]),
            "List[object]" => json!([{ "type": "ChannelVarset" }]),
            "object" => json!({ "name": "text" }),
            other => match other.strip_prefix("List[").and_then(|rest| rest.strip_suffix(']')) {
                Some(model) => self.all_of(model).into_iter().map(Value::Object).collect(),
                None => Value::Object(self.all_of(other).swap_remove(0)),
            },
        }
    }
}
