//! What a check finds.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

/// One thing that is wrong with a document, or may be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Which rule is broken.
    pub code: Code,
    /// Whether the flow can be published nevertheless.
    pub severity: Severity,
    /// The smallest element that is wrong, as a JSON pointer (RFC 6901).
    pub path: String,
    /// The node it belongs to.
    pub node: Option<String>,
    /// The field of the node.
    pub field: Option<String>,
    /// The key of the words for people.
    pub msg_key: String,
    /// What fills the places of these words.
    pub args: BTreeMap<&'static str, String>,
    /// What would mend it (RFC 6902), when that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<Patch>,
}

/// Whether a flow with such a finding can be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $severity:ident,)+) => {
        /// A rule of the format. Its name is part of the format and never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $variant,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// How bad it is to break it.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)+
                }
            }
        }
    };
}

codes! {
    /// A variable is read in an expression that is none, or that is not allowed.
    BadExpression = "bad_expression" Error,
    /// A field is missing, unknown, of another type, or out of its bounds.
    BadField = "bad_field" Error,
    /// A name is none, or is taken.
    BadId = "bad_id" Error,
    /// The document is no JSON object, or too large.
    BadJson = "bad_json" Error,
    /// A sound is not there, or Asterisk cannot play it well.
    BadMedia = "bad_media" Error,
    /// An outlet leads to a node that is not there.
    DanglingTarget = "dangling_target" Error,
    /// A key has two meanings.
    KeyConflict = "key_conflict" Error,
    /// A text is not there in a language that callers may choose.
    MissingLocale = "missing_locale" Error,
    /// There is no node to begin with.
    NoStart = "no_start" Error,
    /// An outlet leads nowhere.
    OpenOutlet = "open_outlet" Error,
    /// A secret stands in the document.
    PlainSecret = "plain_secret" Error,
    /// A flow calls itself.
    SubflowRecursion = "subflow_recursion" Error,
    /// A saved test does not give what it expects.
    TestFailed = "test_failed" Error,
    /// Nodes follow each other in a circle without ever waiting.
    UnboundedLoop = "unbounded_loop" Error,
    /// There is no such kind of node.
    UnknownKind = "unknown_kind" Error,
    /// The node has no such outlet.
    UnknownOutlet = "unknown_outlet" Error,
    /// There is no such queue, calendar, flow, secret or mailbox.
    UnknownReference = "unknown_reference" Error,
    /// A variable is read that nothing can have set.
    UnsetVariable = "unset_variable" Error,
    /// The way in which calls reach the flow cannot carry the node out.
    UnsupportedNode = "unsupported_node" Error,
    /// A prompt is long and cannot be cut short.
    LongPrompt = "long_prompt" Warning,
    /// More choices than anybody remembers.
    ManyChoices = "many_choices" Warning,
    /// No way leads to a person.
    NoPerson = "no_person" Warning,
    /// Silence while a server is asked.
    SilentHttp = "silent_http" Warning,
    /// The spoken sound was made from another text.
    StaleTts = "stale_tts" Warning,
    /// Recording begins without a word.
    UnannouncedRecording = "unannounced_recording" Warning,
    /// No way leads to the node.
    Unreachable = "unreachable" Warning,
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One operation of a JSON Patch (RFC 6902).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Patch {
    /// Puts a value where none is.
    Add {
        /// Where.
        path: String,
        /// What.
        value: Json,
    },
    /// Takes a value away.
    Remove {
        /// Where.
        path: String,
    },
    /// Puts a value where another is.
    Replace {
        /// Where.
        path: String,
        /// What.
        value: Json,
    },
}

impl Finding {
    /// A finding at a pointer.
    pub fn new(code: Code, path: impl Into<String>) -> Self {
        let path = path.into();
        let mut segments = path.split('/').skip(1).map(unescape);
        let in_node = segments.next().as_deref() == Some("nodes");
        let node = segments.next().filter(|_| in_node);
        let field = segments.next().filter(|_| in_node);
        let msg_key = format!("finding.{}", code.as_str());
        Self {
            code,
            severity: code.severity(),
            path,
            node,
            field,
            msg_key,
            args: BTreeMap::new(),
            fix: Vec::new(),
        }
    }

    /// With a place of the words filled.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.insert(name, value.to_string());
        self
    }

    /// With something that would mend it.
    #[must_use]
    pub fn mended_by(mut self, patch: Patch) -> Self {
        self.fix.push(patch);
        self
    }
}

/// A segment of a pointer as a key is written in it (RFC 6901 §3).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}
