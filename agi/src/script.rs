//! The script a request names: `flow/42` and `x=1` of `AGI(agi://host:4573/flow/42?x=1)`.

use std::borrow::Cow;

/// The path and the query string of a request, as the dialplan wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script<'a> {
    path: &'a str,
    query: &'a str,
}

impl<'a> Script<'a> {
    /// Splits what follows the `/` after the host. A leading `/` is not part of the path.
    pub fn parse(script: &'a str) -> Self {
        let (path, query) = script.split_once('?').unwrap_or((script, ""));
        Script { path: path.trim_start_matches('/'), query }
    }

    /// Splits a whole URL, such as `agi://host:4573/flow/42?x=1`.
    pub(crate) fn of_url(url: &'a str) -> Self {
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        Script::parse(after_scheme.split_once('/').map_or("", |(_, script)| script))
    }

    /// The path without leading `/`, not decoded; empty if the URL names a host only.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The parts of the path between `/`, percent-decoded; empty parts are left out.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(|segment| decode(segment, false))
    }

    /// What follows the `?`, not decoded; empty if there is none.
    pub fn query(&self) -> &'a str {
        self.query
    }

    /// The names and values of the query, decoded (`%41` and `+`), in the order of the URL.
    pub fn pairs(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        self.query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
    }

    /// The first value of this name in the query, decoded.
    pub fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        self.pairs().find(|(candidate, _)| candidate == name).map(|(_, value)| value)
    }
}

/// Decodes `%` and two hexadecimal digits (RFC 3986 §2.1) and, in a query, `+` as a space. Anything that is not
/// an escape stays as it is; bytes that are not UTF-8 become U+FFFD.
fn decode(text: &str, in_query: bool) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| *byte == b'%' || (in_query && *byte == b'+')) {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| hexadecimal(bytes.get(at + 1..at + 3)?)).flatten();
        at += if escaped.is_some() { 3 } else { 1 };
        decoded.push(match escaped {
            Some(byte) => byte,
            None if in_query && byte == b'+' => b' ',
            None => byte,
        });
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_into_path_and_query() {
        let cases = [
            ("agi://host:4573/flow/42?x=1&y=2", "flow/42", "x=1&y=2"),
            ("agi://host/flow", "flow", ""),
            ("agi://host:4573", "", ""),
            ("agi://host:4573/", "", ""),
            ("agi://[::1]:4573//route?", "route", ""),
            ("agi://host/?extension=7", "", "extension=7"),
            ("agi://host/a?b=c?d=e", "a", "b=c?d=e"),
        ];
        for (url, path, query) in cases {
            let script = Script::of_url(url);
            assert_eq!((script.path(), script.query()), (path, query), "{url}");
        }
    }

    #[test]
    fn values_are_decoded_and_broken_escapes_kept() {
        let script = Script::parse("flow//caf%C3%A9/?a=1+2&b=%2B&c=100%&d=%zz&e&a=second&f=%FF");
        assert_eq!(script.segments().collect::<Vec<_>>(), ["flow", "café"]);
        let value = |name| script.value(name).map(Cow::into_owned);
        assert_eq!(value("a").as_deref(), Some("1 2"));
        assert_eq!(value("b").as_deref(), Some("+"));
        assert_eq!(value("c").as_deref(), Some("100%"));
        assert_eq!(value("d").as_deref(), Some("%zz"));
        assert_eq!(value("e").as_deref(), Some(""));
        assert_eq!(value("f").as_deref(), Some("\u{fffd}"));
        assert_eq!(value("absent"), None);
    }
}
