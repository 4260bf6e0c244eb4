//! Stasis applications.

use super::models;

models! {
    /// A Stasis application and what it is subscribed to.
    pub struct Application {
        /// Its name.
        pub name: String,
        /// Ids of the channels it receives events of.
        pub channel_ids: Vec<String>,
        /// Ids of the bridges it receives events of.
        pub bridge_ids: Vec<String>,
        /// The endpoints it receives events of, as `TECH/RESOURCE`.
        pub endpoint_ids: Vec<String>,
        /// The devices it receives events of.
        pub device_names: Vec<String>,
        /// The only event types sent to it; every type when empty.
        #[serde(default)]
        pub events_allowed: Vec<EventType>,
        /// The event types held back from it.
        #[serde(default)]
        pub events_disallowed: Vec<EventType>,
    }

    /// An event type in a filter.
    pub struct EventType {
        /// Name of the type, such as `ChannelVarset`.
        #[serde(rename = "type")]
        pub name: String,
    }
}

impl From<&str> for EventType {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), extra: Default::default() }
    }
}
