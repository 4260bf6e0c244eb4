//! Wall clocks, weekly windows and public holidays: what the law on calling hours and the opening hours of a flow
//! both reckon with; and the zones in which telephone numbers ring.

mod area_codes;
mod holidays;
pub(crate) mod local;
pub mod numbering;
mod windows;

pub use holidays::Holidays;
pub use windows::Windows;
pub(crate) use windows::{every_day, hours_of_a_day};
