//! What Asterisk tells about the call before the script begins.
//!
//! Source: `setup_env` and `launch_netscript` in Asterisk 22 `res/res_agi.c`.

use std::fmt;
use std::ops::Range;

use crate::header::HeaderScan;
use crate::{Limits, RequestError, Script};

/// A FastAGI request: every `agi_*` variable that Asterisk sent.
///
/// All of it lies in one piece of text; reading a variable allocates nothing. Text that Asterisk always sends is
/// returned as `&str`, empty if the peer left it out. What may be absent or `unknown` is an `Option`.
///
/// The `Debug` form names the channel and the script only, because the rest is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    text: Box<str>,
    fields: [Option<Span>; Field::COUNT],
    arguments: Vec<Span>,
    extra: Vec<(Span, Span)>,
}

/// A place in the text of a request, which is shorter than 4 GB by [`Limits::header_bytes_max`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

/// The variables that Asterisk 22 sends, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Network,
    NetworkScript,
    Request,
    Channel,
    Language,
    Type,
    UniqueId,
    Version,
    CallerId,
    CallerIdName,
    CallingPres,
    CallingAni2,
    CallingTon,
    CallingTns,
    Dnid,
    Rdnis,
    Context,
    Extension,
    Priority,
    Enhanced,
    AccountCode,
    ThreadId,
}

impl Request {
    /// Reads one complete header, blank line included. Bytes after the blank line are ignored.
    ///
    /// A pure function: the server uses it, a fuzzer can. Bytes that are not UTF-8 become U+FFFD, because a
    /// caller's name in an old character set must not cost the call.
    pub fn parse(header: &[u8], limits: &Limits) -> Result<Request, RequestError> {
        let end = HeaderScan::default().advance(header, limits)?.ok_or(RequestError::Incomplete)?;
        Request::read(&header[..end])
    }

    /// Reads a header that a [`HeaderScan`] has found complete and within the limits.
    pub(crate) fn read(header: &[u8]) -> Result<Request, RequestError> {
        let text = String::from_utf8_lossy(header).into_owned().into_boxed_str();
        let mut request = Request {
            text: "".into(),
            fields: [None; Field::COUNT],
            arguments: Vec::new(),
            extra: Vec::new(),
        };
        let mut start = 0;
        for (index, line) in text.split_terminator('\n').enumerate() {
            let content = line.strip_suffix('\r').unwrap_or(line);
            if !content.is_empty() {
                request.read_line(&text, start..start + content.len(), index + 1)?;
            }
            start += line.len() + 1;
        }
        if request.fields[Field::Request as usize].is_none() {
            return Err(RequestError::NoRequest);
        }
        request.text = text;
        Ok(request)
    }

    fn read_line(&mut self, text: &str, at: Range<usize>, line: usize) -> Result<(), RequestError> {
        let malformed = RequestError::NotAVariable { line };
        let content = &text[at.clone()];
        let (name, value) = content.split_once(':').ok_or(malformed)?;
        let name = name.strip_prefix("agi_").ok_or(malformed)?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        let value_span = Span::new(at.end - value.len()..at.end);

        if let Some(field) = Field::named(name) {
            if !field.accepts(value) {
                return Err(RequestError::NotANumber { line });
            }
            let place = &mut self.fields[field as usize];
            if place.replace(value_span).is_some() {
                return Err(RequestError::Repeated { line });
            }
        } else if let Some(number) = name.strip_prefix("arg_") {
            if number.parse() != Ok(self.arguments.len() + 1) {
                return Err(RequestError::ArgumentOutOfOrder { line });
            }
            self.arguments.push(value_span);
        } else {
            let name_span = Span::new(at.start + "agi_".len()..at.start + "agi_".len() + name.len());
            if self.extra.iter().any(|(known, _)| &text[known.range()] == name) {
                return Err(RequestError::Repeated { line });
            }
            self.extra.push((name_span, value_span));
        }
        Ok(())
    }

    /// `agi_network`: whether the request came over the network, which FastAGI always does.
    pub fn network(&self) -> bool {
        self.text_of(Field::Network) == Some("yes")
    }

    /// `agi_network_script`: what follows the host in the URL, query included. `None` for a URL without a path.
    pub fn network_script(&self) -> Option<&str> {
        self.known(Field::NetworkScript)
    }

    /// `agi_request`: the URL given to `AGI()`, such as `agi://127.0.0.1:4573/flow/42?x=1`.
    pub fn url(&self) -> &str {
        self.always(Field::Request)
    }

    /// Path and query string, from `agi_network_script` or else from the URL.
    pub fn script(&self) -> Script<'_> {
        self.network_script().map_or_else(|| Script::of_url(self.url()), Script::parse)
    }

    /// `agi_channel`: the channel's name, such as `PJSIP/alice-00000001`.
    pub fn channel(&self) -> &str {
        self.always(Field::Channel)
    }

    /// `agi_language`: the language of its prompts, such as `en`.
    pub fn language(&self) -> &str {
        self.always(Field::Language)
    }

    /// `agi_type`: the channel's technology, such as `PJSIP`.
    pub fn channel_type(&self) -> &str {
        self.always(Field::Type)
    }

    /// `agi_uniqueid`: the channel's id, unique on this Asterisk.
    pub fn unique_id(&self) -> &str {
        self.always(Field::UniqueId)
    }

    /// `agi_version`: the version of Asterisk.
    pub fn version(&self) -> &str {
        self.always(Field::Version)
    }

    /// `agi_callerid`: the caller's number.
    pub fn caller_id(&self) -> Option<&str> {
        self.known(Field::CallerId)
    }

    /// `agi_calleridname`: the caller's name.
    pub fn caller_id_name(&self) -> Option<&str> {
        self.known(Field::CallerIdName)
    }

    /// `agi_callingpres`: may the caller's number be shown, and who vouches for it (Q.931 octet 3a).
    pub fn calling_presentation(&self) -> Option<i32> {
        self.number(Field::CallingPres)
    }

    /// `agi_callingani2`: the originating line information (ANI II).
    pub fn calling_ani2(&self) -> Option<i32> {
        self.number(Field::CallingAni2)
    }

    /// `agi_callington`: the type of the caller's number (Q.931 octet 3).
    pub fn calling_type_of_number(&self) -> Option<i32> {
        self.number(Field::CallingTon)
    }

    /// `agi_callingtns`: the transit network selected.
    pub fn calling_transit_network(&self) -> Option<i32> {
        self.number(Field::CallingTns)
    }

    /// `agi_dnid`: the number that was dialled.
    pub fn dialled_number(&self) -> Option<&str> {
        self.known(Field::Dnid)
    }

    /// `agi_rdnis`: the number that redirected the call here.
    pub fn redirecting_number(&self) -> Option<&str> {
        self.known(Field::Rdnis)
    }

    /// `agi_context`: where in the dialplan the call is.
    pub fn context(&self) -> &str {
        self.always(Field::Context)
    }

    /// `agi_extension`: where in the dialplan the call is.
    pub fn extension(&self) -> &str {
        self.always(Field::Extension)
    }

    /// `agi_priority`: where in the dialplan the call is.
    pub fn priority(&self) -> Option<i32> {
        self.number(Field::Priority)
    }

    /// `agi_enhanced`: whether the call's audio is offered as well (EAGI), which FastAGI cannot.
    pub fn enhanced(&self) -> bool {
        self.text_of(Field::Enhanced) == Some("1.0")
    }

    /// `agi_accountcode`: the channel's account code.
    pub fn account_code(&self) -> Option<&str> {
        self.known(Field::AccountCode)
    }

    /// `agi_threadid`: the thread of Asterisk that runs the script.
    pub fn thread_id(&self) -> Option<i64> {
        self.number(Field::ThreadId)
    }

    /// `agi_arg_1` to `agi_arg_n`: what follows the URL in `AGI(url,one,two)`.
    pub fn arguments(&self) -> impl ExactSizeIterator<Item = &str> {
        self.arguments.iter().map(|span| &self.text[span.range()])
    }

    /// `agi_arg_<number>`, from 1.
    pub fn argument(&self, number: usize) -> Option<&str> {
        let span = self.arguments.get(number.checked_sub(1)?)?;
        Some(&self.text[span.range()])
    }

    /// Variables that Asterisk 22 does not send, by name without `agi_`, in their order.
    pub fn extra(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.extra.iter().map(|(name, value)| (&self.text[name.range()], &self.text[value.range()]))
    }

    fn text_of(&self, field: Field) -> Option<&str> {
        self.fields[field as usize].map(|span| &self.text[span.range()])
    }

    fn always(&self, field: Field) -> &str {
        self.text_of(field).unwrap_or("")
    }

    fn known(&self, field: Field) -> Option<&str> {
        self.text_of(field).filter(|text| !text.is_empty() && *text != "unknown")
    }

    /// The text is a number: [`Field::accepts`] has seen to it.
    fn number<N: std::str::FromStr>(&self, field: Field) -> Option<N> {
        self.text_of(field)?.parse().ok()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("channel", &self.channel())
            .field("script", &self.script().path())
            .finish_non_exhaustive()
    }
}

impl Span {
    fn new(range: Range<usize>) -> Self {
        Span { start: range.start as u32, end: range.end as u32 }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Field {
    const COUNT: usize = Field::ThreadId as usize + 1;

    /// The variable of this name, without `agi_`.
    fn named(name: &str) -> Option<Field> {
        Some(match name {
            "network" => Field::Network,
            "network_script" => Field::NetworkScript,
            "request" => Field::Request,
            "channel" => Field::Channel,
            "language" => Field::Language,
            "type" => Field::Type,
            "uniqueid" => Field::UniqueId,
            "version" => Field::Version,
            "callerid" => Field::CallerId,
            "calleridname" => Field::CallerIdName,
            "callingpres" => Field::CallingPres,
            "callingani2" => Field::CallingAni2,
            "callington" => Field::CallingTon,
            "callingtns" => Field::CallingTns,
            "dnid" => Field::Dnid,
            "rdnis" => Field::Rdnis,
            "context" => Field::Context,
            "extension" => Field::Extension,
            "priority" => Field::Priority,
            "enhanced" => Field::Enhanced,
            "accountcode" => Field::AccountCode,
            "threadid" => Field::ThreadId,
            _ => return None,
        })
    }

    /// Whether the variable can hold this: Asterisk prints five of them with `%d` and the thread with `%ld`.
    fn accepts(self, value: &str) -> bool {
        match self {
            Field::CallingPres
            | Field::CallingAni2
            | Field::CallingTon
            | Field::CallingTns
            | Field::Priority => value.parse::<i32>().is_ok(),
            Field::ThreadId => value.parse::<i64>().is_ok(),
            Field::Network
            | Field::NetworkScript
            | Field::Request
            | Field::Channel
            | Field::Language
            | Field::Type
            | Field::UniqueId
            | Field::Version
            | Field::CallerId
            | Field::CallerIdName
            | Field::Dnid
            | Field::Rdnis
            | Field::Context
            | Field::Extension
            | Field::Enhanced
            | Field::AccountCode => true,
        }
    }
}
