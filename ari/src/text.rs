//! Words of the ARI protocol as enums that never refuse a word they do not know.

/// Defines an enum of words, with `Other` for the words of other Asterisk versions.
///
/// The default is the empty word. It stands for "not chosen yet" in a request and Asterisk refuses it.
macro_rules! words {
    ($(
        $(#[$doc:meta])*
        $name:ident { $( $(#[$variant_doc:meta])* $variant:ident = $word:literal ),+ $(,)? }
    )+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $(#[$variant_doc])* $variant, )+
            /// A word that this version of the crate does not know.
            Other(String),
        }

        impl $name {
            /// The words that this version of the crate knows.
            pub const WORDS: &'static [&'static str] = &[$( $word ),+];

            /// The word as Asterisk spells it.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $word, )+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $( $word => Self::$variant, )+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                Ok(Self::from(word.as_ref()))
            }
        }

        impl crate::request::Value for $name {
            const CHOICES: &'static [&'static str] = Self::WORDS;

            fn write(&self, mut put: impl FnMut(String)) {
                put(self.as_str().to_owned());
            }
        }
    )+ };
}
pub(crate) use words;
