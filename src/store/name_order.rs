//! In which order rows come that people know by a name.

use serde::Deserialize;

/// In which order rows come that people know by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameOrder {
    /// As they were added.
    Added,
    /// The last one added first.
    Latest,
    /// By their name.
    Name,
}

/// What comes after a row of a table, and the order itself. Names may be there twice: rows of one name come as they were
/// added.
macro_rules! in_order {
    ($order:expr, $table:literal, $key:literal, $name:literal) => {
        match $order {
            $crate::store::NameOrder::Added => (concat!($key, " > ?"), $key),
            $crate::store::NameOrder::Latest => (concat!($key, " < ?"), concat!($key, " desc")),
            $crate::store::NameOrder::Name => (
                concat!(
                    "(",
                    $name,
                    ", ",
                    $key,
                    ") > (select ",
                    $name,
                    ", ",
                    $key,
                    " from ",
                    $table,
                    " where ",
                    $key,
                    " = ?)"
                ),
                concat!($name, ", ", $key),
            ),
        }
    };
}
pub(super) use in_order;
