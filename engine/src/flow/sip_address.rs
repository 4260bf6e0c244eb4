//! Addresses of SIP that a flow may call: somebody by name, behind a trunk of the house.
//!
//! `sip:reception@trk_1` goes through the trunk `trk_1`, whatever its host is. Hosts are never dialled: a text that a
//! caller or a server had a hand in must not choose where calls go.

use super::template::Template;

/// How long a name may be.
const NAME_CHARACTERS_MAX: usize = 64;

/// Somebody by name, behind a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SipAddress<'a> {
    /// Who: letters, digits and `-_.+`.
    pub name: &'a str,
    /// The id of the trunk.
    pub trunk: &'a str,
}

/// Why a text is no address that may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    #[error("it is written `name@trk_1`: somebody behind one of your trunks, whose id stands there as it is")]
    Form,
    #[error("a name has 1 to {NAME_CHARACTERS_MAX} letters, digits and `-`, `_`, `.`, `+`")]
    Name,
    /// A carrier would dial it, past all that is asked of telephone numbers.
    #[error("a name holds a letter; telephone numbers are dialled by `number`")]
    Number,
}

impl<'a> SipAddress<'a> {
    /// Reads an address.
    pub fn read(text: &'a str) -> Result<Self, NoAddress> {
        let (name, trunk) = halves(text).ok_or(NoAddress::Form)?;
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-_.+".contains(sign);
        if name.is_empty() || name.len() > NAME_CHARACTERS_MAX || !name.chars().all(is_plain) {
            return Err(NoAddress::Name);
        }
        if !name.chars().any(|sign| sign.is_ascii_alphabetic()) {
            return Err(NoAddress::Number);
        }
        Ok(Self { name, trunk })
    }

    /// The trunk of an address whose name may hold expressions.
    pub fn trunk_of(template: &'a Template) -> Result<&'a str, NoAddress> {
        if template.expressions().next().is_none() {
            return Self::read(template.source()).map(|address| address.trunk);
        }
        halves(template.source()).map(|(_, trunk)| trunk).ok_or(NoAddress::Form)
    }
}

/// What stands before and after the `@`.
fn halves(text: &str) -> Option<(&str, &str)> {
    let (name, trunk) = text.strip_prefix("sip:").unwrap_or(text).rsplit_once('@')?;
    let is_id = !trunk.is_empty() && trunk.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_');
    is_id.then_some((name, trunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_behind_trunks_are_addresses() {
        let told =
            |text: &str| SipAddress::read(text).map(|address| format!("{} {}", address.name, address.trunk));
        assert_eq!(told("sip:reception@trk_1").as_deref(), Ok("reception trk_1"));
        assert_eq!(told("poste.12@trk_3").as_deref(), Ok("poste.12 trk_3"));
        for (text, why) in [
            ("reception@sip.example", NoAddress::Form),
            ("reception@203.0.113.5:5060", NoAddress::Form),
            ("reception", NoAddress::Form),
            ("@trk_1", NoAddress::Name),
            ("a&PJSIP/b@trk_1", NoAddress::Name),
            ("a@sip.example@trk_1", NoAddress::Name),
            ("a;x=y@trk_1", NoAddress::Name),
            ("+33199000777@trk_1", NoAddress::Number),
            ("112@trk_1", NoAddress::Number),
        ] {
            assert_eq!(told(text), Err(why), "{text}");
        }
        let trunk_of = |text: &str| SipAddress::trunk_of(&Template::read(text)).map(str::to_owned);
        assert_eq!(trunk_of("sip:{{who}}@trk_1").as_deref(), Ok("trk_1"));
        assert_eq!(trunk_of("sip:a@{{where}}"), Err(NoAddress::Form));
        assert_eq!(trunk_of("sip:a@trk_{{where}}"), Err(NoAddress::Form));
    }
}
