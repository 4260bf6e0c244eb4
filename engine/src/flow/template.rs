//! Texts with expressions in them, written `{{expression}}`.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use super::expression::{Expression, ExpressionError, NoValue, Scope};

/// A text with expressions in it, read once when its document is read.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    /// A text, and the expression after it. The last has none.
    parts: Result<Vec<(String, Option<Expression>)>, ExpressionError>,
}

/// How values are written into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Plain,
    /// For an address: everything but unreserved characters is percent-encoded (RFC 3986 §2.3).
    Url,
}

/// A filled text is no longer than this.
pub const FILLED_BYTES_MAX: usize = 8_192;

impl Template {
    /// Reads a text.
    pub fn read(source: &str) -> Self {
        Self { source: source.to_owned(), parts: parts(source) }
    }

    /// What people wrote.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Why it cannot be filled, if it cannot.
    pub fn error(&self) -> Option<&ExpressionError> {
        self.parts.as_ref().err().or_else(|| self.expressions().find_map(Expression::error))
    }

    /// The expressions in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().flatten().filter_map(|(_, expression)| expression.as_ref())
    }

    /// The text with every value in its place.
    pub fn fill(&self, scope: &dyn Scope, encoding: Encoding) -> Result<Cow<'_, str>, NoValue> {
        let parts = self.parts.as_ref().map_err(|error| NoValue(error.to_string()))?;
        if let [(text, None)] = parts.as_slice() {
            return Ok(Cow::Borrowed(text));
        }
        let mut filled = String::new();
        for (text, expression) in parts {
            filled.push_str(text);
            if let Some(expression) = expression {
                let value = expression.evaluate(scope)?.to_string();
                match encoding {
                    Encoding::Plain => filled.push_str(&value),
                    Encoding::Url => push_encoded(&mut filled, &value),
                }
            }
            if filled.len() > FILLED_BYTES_MAX {
                return Err(NoValue(format!("the text is longer than {FILLED_BYTES_MAX} bytes")));
            }
        }
        Ok(Cow::Owned(filled))
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|source| Self::read(&source))
    }
}

fn parts(source: &str) -> Result<Vec<(String, Option<Expression>)>, ExpressionError> {
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("{{") {
        let (expression, after) = after.split_once("}}").ok_or(ExpressionError::Unclosed)?;
        parts.push((before.to_owned(), Some(Expression::read(expression.trim()))));
        rest = after;
    }
    parts.push((rest.to_owned(), None));
    Ok(parts)
}

fn push_encoded(filled: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            filled.push(char::from(byte));
        } else {
            filled.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::expression::Readable;

    struct Caller;

    impl Scope for Caller {
        fn find(&self, name: &str) -> Option<Readable<'_>> {
            (name == "caller").then_some(Readable::Text("+33 1/é"))
        }
    }

    #[test]
    fn values_stand_where_their_expressions_stood() {
        let fill =
            |text, encoding| Template::read(text).fill(&Caller, encoding).map(|filled| filled.into_owned());
        assert_eq!(fill("a {b} c", Encoding::Plain).as_deref(), Ok("a {b} c"));
        assert_eq!(fill("<{{ caller }}>{{1+1}}", Encoding::Plain).as_deref(), Ok("<+33 1/é>2"));
        assert_eq!(fill("?n={{caller}}&x", Encoding::Url).as_deref(), Ok("?n=%2B33%201%2F%C3%A9&x"));
        assert!(fill("{{nobody}}", Encoding::Plain).is_err());
        assert!(Template::read("{{caller").error().is_some());
    }
}
