//! What holds where a flow says nothing, in seconds: the same over ARI, over FastAGI and in the simulation.

/// How long an answer may be.
pub const ANSWER_MAX_S: u32 = 60;
/// With so long a silence an answer ends.
pub const ANSWER_SILENCE_S: u32 = 3;
/// How long a message may be.
pub const MESSAGE_MAX_S: u32 = 180;
/// A message shorter than this is none.
pub const MESSAGE_MIN_S: u32 = 2;
/// With so long a silence a message ends; people think while they speak to a mailbox.
pub const MESSAGE_SILENCE_S: u32 = 10;
/// Within which time a second call counts as repeated.
pub const REPEAT_WINDOW_S: u32 = 24 * 3600;
/// How long a number rings.
pub const RING_S: u32 = 30;
