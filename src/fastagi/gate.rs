//! Who may ask. FastAGI has no authentication of its own: the server lets certain addresses in, and where a key is set
//! the dialplan proves that it knows it, anew for each call.

use agi::Request;
use cadran_engine::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};

/// The age of a call whose nonce still counts, in seconds. No call lasts longer, and a nonce that was overheard is of no
/// use afterwards.
const NONCE_AGE_MAX: i64 = 24 * 3_600;
/// By how much Asterisk's clock may be ahead of ours, in seconds.
const CLOCK_SKEW_MAX: i64 = 300;

/// Who may ask.
#[derive(Debug)]
pub(super) struct Gate {
    key: Option<SecretString>,
    clock: fn() -> Timestamp,
}

impl Gate {
    pub(super) const fn new(key: Option<SecretString>, clock: fn() -> Timestamp) -> Self {
        Self { key, clock }
    }

    /// Whether a request carries the nonce of its call, as its first argument: the SHA-1 of the channel's unique id, a
    /// colon and the key, which is what `${SHA1(${UNIQUEID}:${CADRAN_KEY})}` writes. Asterisk has no better digest.
    pub(super) fn lets_in(&self, request: &Request) -> bool {
        let Some(key) = &self.key else { return true };
        let id = request.unique_id();
        let expected = Sha1::digest(format!("{id}:{}", key.expose_secret()));
        let expected = expected.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let given = request.argument(1).unwrap_or_default().to_ascii_lowercase();
        is_equal(&expected, &given) && self.is_young(id)
    }

    /// A unique id is the second at which the channel was made, and a number: `1700000000.42`, with the system's name and
    /// a dash before it where one is set.
    fn is_young(&self, id: &str) -> bool {
        let second = id.rsplit('-').next().and_then(|own| own.split('.').next()?.parse::<i64>().ok());
        let now = (self.clock)().as_millis() / 1_000;
        second.is_some_and(|second| (-CLOCK_SKEW_MAX..=NONCE_AGE_MAX).contains(&(now - second)))
    }
}

/// Compares without telling by the time it takes how much is right.
fn is_equal(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one.bytes().zip(other.bytes()).fold(0, |found, (one, other)| found | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: &str, nonce: &str) -> Request {
        let header = format!(
            "agi_request: agi://127.0.0.1/route\nagi_channel: PJSIP/x-1\nagi_uniqueid: {id}\nagi_arg_1: {nonce}\n\n"
        );
        Request::parse(header.as_bytes(), &agi::Limits::default()).unwrap()
    }

    #[test]
    fn a_call_proves_the_key_for_itself_only() {
        let gate = Gate::new(Some("a key".into()), || Timestamp::from_millis(1_700_000_100_000));
        let nonce = |id: &str| {
            Sha1::digest(format!("{id}:a key")).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let own = nonce("1700000000.42");
        assert!(gate.lets_in(&request("1700000000.42", &own)));
        assert!(gate.lets_in(&request("1700000000.42", &own.to_uppercase())));
        assert!(gate.lets_in(&request("pbx-1700000000.42", &nonce("pbx-1700000000.42"))));
        for (id, nonce, why) in [
            ("1700000000.43", own.clone(), "another call's"),
            ("1700000000.42", String::new(), "none"),
            ("1600000000.42", nonce("1600000000.42"), "of an old call"),
            ("1800000000.42", nonce("1800000000.42"), "of a call to come"),
            ("x", nonce("x"), "without a time"),
        ] {
            assert!(!gate.lets_in(&request(id, &nonce)), "{why}");
        }
        assert!(Gate::new(None, || Timestamp::from_millis(0)).lets_in(&request("x", "")));
    }
}
