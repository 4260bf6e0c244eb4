//! Asterisk's reply to a command: `200 result=1 (text) key=value`.

use std::ops::Range;

use crate::ReplyProblem;

/// A final reply, or an announcement (`100`) that one follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    text: String,
    result: Range<usize>,
}

impl Reply {
    /// Reads a reply without its line end. A value that contains line ends makes a reply of several lines.
    ///
    /// A pure function: the connection uses it, a fuzzer can.
    pub fn parse(text: String) -> Result<Reply, ReplyProblem> {
        let code = text.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
        let code = code.and_then(|code| code.parse().ok()).ok_or(ReplyProblem::NoCode)?;
        let rest = &text[3..];
        if !(rest.is_empty() || rest.starts_with([' ', '-'])) {
            return Err(ReplyProblem::NoCode);
        }
        let result = match rest.strip_prefix(" result=") {
            Some(result) => {
                let start = text.len() - result.len();
                start..start + result.find(' ').unwrap_or(result.len())
            }
            None if code == 200 => return Err(ReplyProblem::NoResult),
            None => text.len()..text.len(),
        };
        Ok(Reply { code, text, result })
    }

    /// `200` when the command was carried out.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// What follows `result=`, up to the next space; it can be empty.
    pub fn result(&self) -> &str {
        &self.text[self.result.clone()]
    }

    /// The result as a number.
    pub fn number(&self) -> Option<i64> {
        self.result().parse().ok()
    }

    /// What stands in parentheses after the result: a value, or a word such as `timeout`.
    pub fn text(&self) -> Option<&str> {
        split_text(self.after_result()).0
    }

    /// The value of `key=value` after the result and the text, without its quotes.
    pub fn value(&self, key: &str) -> Option<&str> {
        let mut tail = split_text(self.after_result()).1;
        while !tail.is_empty() {
            let (name, value, rest) = next_pair(tail);
            if name == key {
                return Some(value);
            }
            tail = rest;
        }
        None
    }

    /// The usage text of a `520`, without the lines around it.
    pub fn usage(&self) -> &str {
        let Some((_, lines)) = self.text.split_once('\n') else {
            return self.text[3..].trim();
        };
        lines.rsplit_once('\n').map_or("", |(usage, _)| usage).trim()
    }

    /// Everything after the result, without the space between.
    pub fn after_result(&self) -> &str {
        self.text[self.result.end..].trim_start_matches(' ')
    }
}

/// Whether more lines of a value must follow, given the lines so far.
///
/// Asterisk writes values as they are. A value with line ends is recognised by the parenthesis that its line does
/// not close. A value with a line that itself ends in `)` cannot be told from a complete one: what follows it is
/// then refused as malformed. Such values are best fetched through a function such as `${BASE64_ENCODE(...)}`.
pub(crate) fn is_open(text: &str) -> bool {
    let Some((_, result)) = text.split_once(" result=") else {
        return false;
    };
    let Some((_, after)) = result.split_once(' ') else {
        return false;
    };
    after.starts_with('(') && !after.ends_with(')') && split_text(after).0.is_none()
}

/// Splits `(text) key=value` after the text.
///
/// A reply with a value ends with the parenthesis, and the value may hold others; a reply with keys holds a plain
/// word.
fn split_text(after: &str) -> (Option<&str>, &str) {
    let Some(inside) = after.strip_prefix('(') else {
        return (None, after);
    };
    if let Some(text) = inside.strip_suffix(')') {
        return (Some(text), "");
    }
    match inside.split_once(") ") {
        Some((word, tail)) if word.bytes().all(|byte| byte.is_ascii_alphabetic()) => (Some(word), tail),
        _ => (None, after),
    }
}

/// Takes `key=value` or `key="quoted value"` off the front.
pub(crate) fn next_pair(tail: &str) -> (&str, &str, &str) {
    let tail = tail.trim_start_matches(' ');
    let word_end = tail.find(' ').unwrap_or(tail.len());
    let Some(equals) = tail[..word_end].find('=') else {
        return ("", &tail[..word_end], &tail[word_end..]);
    };
    let (name, value) = (&tail[..equals], &tail[equals + 1..]);
    match value.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
        Some((quoted, rest)) => (name, quoted, rest),
        None => (name, &tail[equals + 1..word_end], &tail[word_end..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        Reply::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn results_texts_and_values_are_found() {
        let cases = [
            ("200 result=0", "0", None, None),
            ("200 result=1 (a value (with) = signs)", "1", Some("a value (with) = signs"), None),
            ("200 result= (timeout)", "", Some("timeout"), None),
            ("200 result=12*", "12*", None, None),
            ("200 result=49 endpos=8000", "49", None, Some("8000")),
            ("200 result=0 (timeout) endpos=42", "0", Some("timeout"), Some("42")),
            ("200 result=0 Gosub complete (abnormal exit)", "0", None, None),
            ("200 result=1 ()", "1", Some(""), None),
            ("200 result=1 (line one\nline two)", "1", Some("line one\nline two"), None),
        ];
        for (line, result, text, endpos) in cases {
            let reply = reply(line);
            assert_eq!(
                (reply.result(), reply.text(), reply.value("endpos")),
                (result, text, endpos),
                "{line}"
            );
        }
    }

    #[test]
    fn quoted_values_keep_their_spaces() {
        let reply =
            reply(r#"200 result=1 (speech) endpos=0 results=1 score0=900 text0="call me" grammar0=yes"#);
        assert_eq!(reply.value("text0"), Some("call me"));
        assert_eq!(reply.value("grammar0"), Some("yes"));
    }

    #[test]
    fn other_codes_need_no_result() {
        assert_eq!(reply("510 Invalid or unknown command").code(), 510);
        assert_eq!(reply("520-Invalid command syntax.  Proper usage follows:").code(), 520);
        assert_eq!(reply("100 result=0 Trying...").code(), 100);
    }

    #[test]
    fn the_usage_stands_between_two_lines() {
        let refusal = "520-Invalid command syntax.  Proper usage follows:\nUsage: NOOP\n Nothing.\n520 End of proper usage.";
        assert_eq!(reply(refusal).usage(), "Usage: NOOP\n Nothing.");
        let bare = "520 Invalid command syntax.  Proper usage not available.";
        assert_eq!(reply(bare).usage(), "Invalid command syntax.  Proper usage not available.");
    }

    #[test]
    fn what_is_not_a_reply_is_refused() {
        for line in ["", "20", "2000 result=1", "OK", "agi_channel: x", "é00", "٣٣٣ result=1"] {
            assert_eq!(Reply::parse(line.to_owned()), Err(ReplyProblem::NoCode), "{line}");
        }
        assert_eq!(Reply::parse("200 ok".to_owned()), Err(ReplyProblem::NoResult));
    }

    #[test]
    fn an_unclosed_parenthesis_asks_for_more() {
        assert!(is_open("200 result=1 (line one"));
        assert!(is_open("200 result=1 (line (one) and"));
        assert!(!is_open("200 result=1 (value)"));
        assert!(!is_open("200 result=0 (timeout) endpos=1"));
        assert!(!is_open("200 result=0 Gosub complete"));
        assert!(!is_open("511 Command Not Permitted"));
    }
}
