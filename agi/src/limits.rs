//! Every maximum of the server, with its unit and its reason.

use std::time::Duration;

/// Longest line accepted from Asterisk, in bytes without the line end: the size of Asterisk's own AGI buffer.
pub const LINE_BYTES_MAX: usize = 8 * 1024;

/// Most variables in one request. Asterisk sends 22 and at most 127 arguments (`MAX_ARGS` in `res_agi.c`).
pub const VARIABLES_MAX: usize = 256;

/// Largest request header, in bytes: enough for several arguments of the greatest length.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Longest wait for a complete request header. Asterisk writes it in one go, so a slower peer is not Asterisk.
pub const HEADER_TIME_MAX: Duration = Duration::from_secs(5);

/// Largest reply, in bytes, when a value or a usage text spans several lines.
pub const REPLY_BYTES_MAX: usize = 64 * 1024;

/// Longest wait for the reply to a command that waits for nobody. Dialplan functions that ask a database or a
/// web server run inside such commands.
pub const REPLY_TIME_MAX: Duration = Duration::from_secs(30);

/// Longest wait for the reply to a command that plays, records, dials or waits for a person.
pub const WAITING_REPLY_TIME_MAX: Duration = Duration::from_secs(4 * 60 * 60);

/// Longest time a handler may hold a connection without a command under way.
pub const IDLE_TIME_MAX: Duration = Duration::from_secs(10 * 60);

/// Most conversations at once. One more is closed at once with `AGISTATUS=FAILURE`, so that its dialplan goes on
/// instead of waiting.
pub const CONNECTIONS_MAX: usize = 4096;

/// Longest time conversations get to finish once the server has been asked to stop.
pub const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// Longest command line that Asterisk reads as one, in bytes with the line end.
///
/// Its buffer is 8192 bytes with the closing NUL (`AGI_BUF_LEN` in `res_agi.c`); what is beyond would be read as
/// the next command. That is why this limit belongs to the protocol and has no setting.
pub const COMMAND_LINE_BYTES_MAX: usize = 8191;

/// The limits of one server. The default of each field is the constant of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// See [`LINE_BYTES_MAX`].
    pub line_bytes_max: usize,
    /// See [`VARIABLES_MAX`].
    pub variables_max: usize,
    /// See [`HEADER_BYTES_MAX`].
    pub header_bytes_max: usize,
    /// See [`HEADER_TIME_MAX`].
    pub header_time_max: Duration,
    /// See [`REPLY_BYTES_MAX`].
    pub reply_bytes_max: usize,
    /// See [`REPLY_TIME_MAX`].
    pub reply_time_max: Duration,
    /// See [`WAITING_REPLY_TIME_MAX`].
    pub waiting_reply_time_max: Duration,
    /// See [`IDLE_TIME_MAX`].
    pub idle_time_max: Duration,
    /// See [`CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// See [`STOP_TIME_MAX`].
    pub stop_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line_bytes_max: LINE_BYTES_MAX,
            variables_max: VARIABLES_MAX,
            header_bytes_max: HEADER_BYTES_MAX,
            header_time_max: HEADER_TIME_MAX,
            reply_bytes_max: REPLY_BYTES_MAX,
            reply_time_max: REPLY_TIME_MAX,
            waiting_reply_time_max: WAITING_REPLY_TIME_MAX,
            idle_time_max: IDLE_TIME_MAX,
            connections_max: CONNECTIONS_MAX,
            stop_time_max: STOP_TIME_MAX,
        }
    }
}
