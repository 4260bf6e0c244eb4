//! Bridges.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{BridgeType, models};

models! {
    /// A room in which channels hear each other.
    pub struct Bridge {
        /// Its id.
        pub id: String,
        /// The technology that mixes the audio, such as `simple_bridge`, `native_rtp` or `softmix`.
        pub technology: String,
        /// Whether channels talk to each other or wait.
        pub bridge_type: BridgeType,
        /// Who controls it: `stasis` for bridges made through ARI.
        pub bridge_class: String,
        /// The part of Asterisk that made it.
        pub creator: String,
        /// Its name, for people.
        pub name: String,
        /// Ids of the channels in it.
        pub channels: Vec<String>,
        /// How its picture is chosen: `none`, `talker`, `sfu`, `single`.
        pub video_mode: Option<String>,
        /// The channel that is shown, if one is.
        pub video_source_id: Option<String>,
        /// When it was created.
        pub creationtime: Timestamp,
        /// Variables of the bridge that Asterisk was told to report.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub bridgevars: BTreeMap<String, String>,
    }
}
