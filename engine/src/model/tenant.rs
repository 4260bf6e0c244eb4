//! Tenants: companies that share an installation and nothing else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::TenantId;

impl TenantId {
    /// The tenant that every installation has. What was there before there were tenants is its.
    pub const FIRST: Self = Self::from_i64(1);

    /// Whether it is the tenant that every installation has.
    pub fn is_first(self) -> bool {
        self == Self::FIRST
    }
}

/// Whether a tenant works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// It dials, takes calls and answers.
    Active,
    /// It does nothing, and what it has is kept.
    Suspended,
}

impl TenantState {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// The short name of a tenant in addresses, directories and on Asterisk: `acme`, `north-2`. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// The text is not the short name of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tenant's short name has 1 to 20 lower-case letters, digits and `-`, and begins with a letter")]
pub struct BadSlug;

impl Slug {
    /// The longest one: names on Asterisk that hold it stay short enough.
    pub const CHARS_MAX: usize = 20;

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = BadSlug;
    fn try_from(text: String) -> Result<Self, BadSlug> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let begins = text.bytes().next().is_some_and(|first| first.is_ascii_lowercase());
        let fine = begins && text.len() <= Self::CHARS_MAX && text.bytes().all(plain);
        if fine { Ok(Self(text)) } else { Err(BadSlug) }
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl FromStr for Slug {
    type Err = BadSlug;
    fn from_str(text: &str) -> Result<Self, BadSlug> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "schema")]
super::schema::text_schema!(Slug);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_is_plain() {
        for good in ["a", "acme", "north-2", "a2345678901234567890"] {
            assert_eq!(good.parse::<Slug>().map(String::from), Ok(good.to_owned()));
        }
        for bad in ["", "2nd", "-a", "Acme", "a_b", "a.b", "a/b", "é", "a23456789012345678901"] {
            assert_eq!(bad.parse::<Slug>(), Err(BadSlug), "{bad}");
        }
    }
}
