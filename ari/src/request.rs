//! How a request is described and turned into method, path, query and body.
//!
//! `requests!` makes the struct, its wire form and its entry in [`operations`](crate::operations) from one
//! definition, so that they cannot differ.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An HTTP method that ARI uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Remove or stop.
    DELETE,
    /// Read. The only method that changes nothing.
    GET,
    /// Create or act.
    POST,
    /// Set.
    PUT,
}

impl Method {
    /// The method as HTTP spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DELETE => "DELETE",
            Self::GET => "GET",
            Self::POST => "POST",
            Self::PUT => "PUT",
        }
    }
}

/// Where a parameter travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// In the JSON body.
    Body,
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// A parameter of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in ARI.
    pub name: &'static str,
    /// Where it travels.
    pub place: Place,
    /// Whether a request always carries it.
    pub required: bool,
    /// The words that ARI allows; empty when any text will do.
    pub choices: &'static [&'static str],
}

/// An operation of ARI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// HTTP method.
    pub method: Method,
    /// Path with placeholders, such as `/channels/{channelId}`.
    pub path: &'static str,
    /// Every parameter.
    pub parameters: &'static [Parameter],
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}

/// A request that [`Client::send`](crate::Client::send) can send.
pub trait Request: Send + Sync {
    /// What Asterisk answers.
    type Response: Response;

    /// The operation that is asked for.
    const OPERATION: Operation;

    /// The request as it travels.
    fn encode(&self) -> Encoded;
}

/// A reply that can be decoded.
pub trait Response: Sized {
    /// Whether the request travels over HTTP even while the link is up. For files, which the link cannot carry, and for
    /// lists: Asterisk copies a reply to its thread's stack of half a megabyte before it writes it to a WebSocket
    /// (`__ast_websocket_write` of res_http_websocket.c, 22.10), and dies of a few hundred channels.
    const OVER_HTTP: bool = false;

    /// Decodes the body of a successful reply.
    fn decode(body: &[u8]) -> Result<Self, serde_json::Error>;
}

/// For operations that answer nothing.
impl Response for () {
    fn decode(_body: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(())
    }
}

/// For operations that answer a file.
impl Response for Bytes {
    const OVER_HTTP: bool = true;

    fn decode(body: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(Bytes::copy_from_slice(body))
    }
}

impl<T: DeserializeOwned> Response for Vec<T> {
    const OVER_HTTP: bool = true;

    fn decode(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }
}

/// A request in the form that both transports carry.
#[derive(Clone, PartialEq)]
pub struct Encoded {
    /// The operation that is asked for.
    pub operation: &'static Operation,
    /// The path below `/ari`, filled in and percent-encoded.
    pub path: String,
    /// The query, not encoded.
    pub query: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Option<serde_json::Value>,
}

impl Encoded {
    /// The path and the query, percent-encoded.
    pub(crate) fn path_and_query(&self) -> String {
        let mut target = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            percent_encode(value, &mut target);
        }
        target
    }
}

/// Shows where the request goes. Query and body stay hidden: they can hold numbers and passwords.
impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.operation.method.as_str(), self.path)
    }
}

/// What the values of a query may come to in bytes. Asterisk reads 4,096 bytes of the first line of a request
/// (`MAX_HTTP_LINE_LENGTH` of main/http.c), and percent-encoding makes three bytes of one. The parameters of a query may
/// as well be fields of a JSON body ("Asterisk REST Interface" of docs.asterisk.org).
const QUERY_BYTES_MAX: usize = 1_000;

/// Puts the fields of a request where they travel. The methods are the keywords of `requests!`.
pub(crate) struct Encoder(Encoded);

impl Encoder {
    pub(crate) fn new(operation: &'static Operation) -> Self {
        Self(Encoded { operation, path: operation.path.to_owned(), query: Vec::new(), body: None })
    }

    /// Fills a placeholder of the path.
    pub(crate) fn path(&mut self, name: &'static str, value: &impl Value) {
        let mut segment = String::new();
        value.write(|text| percent_encode(&text, &mut segment));
        self.0.path = self.0.path.replace(&format!("{{{name}}}"), &segment);
    }

    /// Adds to the query: nothing for an absent value.
    pub(crate) fn query(&mut self, name: &'static str, value: &impl Value) {
        value.write(|text| self.0.query.push((name, text)));
    }

    /// Puts a value under its name in the body; an empty object is left out.
    pub(crate) fn body(&mut self, name: &'static str, value: &impl Serialize) {
        let value = to_json(value);
        if value.as_object().is_none_or(|object| !object.is_empty()) {
            self.0.body = Some(serde_json::json!({ name: value }));
        }
    }

    /// Makes a value the whole body.
    pub(crate) fn content(&mut self, _name: &'static str, value: &impl Serialize) {
        self.0.body = Some(to_json(value));
    }

    /// The request; what would make its first line too long is in the body.
    pub(crate) fn finish(self) -> Encoded {
        let mut request = self.0;
        let is_long = request.query.iter().map(|(_, value)| value.len()).sum::<usize>() > QUERY_BYTES_MAX;
        if is_long && request.body.is_none() && matches!(request.operation.method, Method::POST | Method::PUT)
        {
            let fields = request.query.drain(..).map(|(name, value)| (name.to_owned(), value.into()));
            request.body = Some(serde_json::Value::Object(fields.collect()));
        }
        request
    }
}

/// The types in bodies are text, lists and maps with text keys, for which this cannot fail.
fn to_json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// A value that a path or query can carry.
pub(crate) trait Value {
    /// The words that ARI allows; empty when any text will do.
    const CHOICES: &'static [&'static str] = &[];

    /// Hands over the value as text: not at all when absent. The elements of a list are separated by commas, which they
    /// cannot hold: of a name that comes several times Asterisk takes the last one alone.
    fn write(&self, put: impl FnMut(String));
}

macro_rules! plain_values {
    ($($type:ty),+) => { $(
        impl Value for $type {
            fn write(&self, mut put: impl FnMut(String)) {
                put(self.to_string());
            }
        }
    )+ };
}
plain_values!(String, bool, i64, u32);

impl<T: Value> Value for Option<T> {
    const CHOICES: &'static [&'static str] = T::CHOICES;

    fn write(&self, put: impl FnMut(String)) {
        if let Some(value) = self {
            value.write(put);
        }
    }
}

impl<T: Value> Value for Vec<T> {
    const CHOICES: &'static [&'static str] = T::CHOICES;

    fn write(&self, mut put: impl FnMut(String)) {
        let mut values = Vec::new();
        for value in self {
            value.write(|text| values.push(text));
        }
        if !values.is_empty() {
            put(values.join(","));
        }
    }
}

/// Appends text with everything but the unreserved characters of RFC 3986 encoded.
fn percent_encode(text: &str, to: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push(char::from(byte));
        } else {
            to.push('%');
            to.push(char::from(HEX[usize::from(byte >> 4)]));
            to.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// Defines requests.
///
/// ```text
/// /// What it does.
/// METHOD "/path/{wireName}" Name -> Reply {
///     required { /// Doc. ↵ place field: Type = "wireName", }     the arguments of `Name::new`
///     optional { /// Doc. ↵ place field: Option<Type> = "wireName", }
/// }
/// ```
/// A place is `path`, `query`, `body` (under its name in the JSON body) or `content` (the whole JSON body).
macro_rules! requests {
    ($(
        $(#[$doc:meta])*
        $method:ident $path:literal $name:ident -> $response:ty {
            $(required { $( $(#[$required_doc:meta])*
                $required_place:ident $required:ident: $required_type:ty = $required_wire:literal, )+ })?
            $(optional { $( $(#[$optional_doc:meta])*
                $optional_place:ident $optional:ident: $optional_type:ty = $optional_wire:literal, )+ })?
        }
    )+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Default)]
            pub struct $name {
                $($( $(#[$required_doc])* pub $required: $required_type, )+)?
                $($( $(#[$optional_doc])* pub $optional: $optional_type, )+)?
            }

            impl $name {
                /// The request with what it always needs; the rest keeps the defaults of Asterisk.
                pub fn new($($( $required: impl Into<$required_type>, )+)?) -> Self {
                    Self {
                        $($( $required: $required.into(), )+)?
                        $($( $optional: Default::default(), )+)?
                    }
                }
            }

            impl $crate::request::Request for $name {
                type Response = $response;

                const OPERATION: $crate::request::Operation = $crate::request::Operation {
                    method: $crate::request::Method::$method,
                    path: $path,
                    parameters: &[
                        $($( $crate::request::parameter!(
                            $required_place $required_wire, true, $required_type), )+)?
                        $($( $crate::request::parameter!(
                            $optional_place $optional_wire, false, $optional_type), )+)?
                    ],
                };

                fn encode(&self) -> $crate::request::Encoded {
                    #[allow(unused_mut, reason = "a request without parameters puts nothing")]
                    let mut to = $crate::request::Encoder::new(&Self::OPERATION);
                    $($( to.$required_place($required_wire, &self.$required); )+)?
                    $($( to.$optional_place($optional_wire, &self.$optional); )+)?
                    to.finish()
                }
            }
        )+

        /// The operations of this resource.
        pub(super) const OPERATIONS: &[$crate::request::Operation] = &[
            $( <$name as $crate::request::Request>::OPERATION, )+
        ];
    };
}

/// The entry of one parameter in its operation.
macro_rules! parameter {
    (path $wire:literal, $required:literal, $type:ty) => {
        $crate::request::parameter!(@ Path, $wire, $required, <$type as $crate::request::Value>::CHOICES)
    };
    (query $wire:literal, $required:literal, $type:ty) => {
        $crate::request::parameter!(@ Query, $wire, $required, <$type as $crate::request::Value>::CHOICES)
    };
    ($body_or_content:ident $wire:literal, $required:literal, $type:ty) => {
        $crate::request::parameter!(@ Body, $wire, $required, &[])
    };
    (@ $place:ident, $wire:literal, $required:literal, $choices:expr) => {
        $crate::request::Parameter {
            name: $wire,
            place: $crate::request::Place::$place,
            required: $required,
            choices: $choices,
        }
    };
}
pub(crate) use {parameter, requests};
