//! Quality of a channel's audio.

use super::models;

models! {
    /// Counters and quality of a channel's audio, from RTP and RTCP.
    ///
    /// *Local* is what Asterisk measured, *remote* what the far end reports.
    pub struct RtpStatistics {
        /// Packets sent.
        pub txcount: i64,
        /// Packets received.
        pub rxcount: i64,
        /// Jitter of what we sent, as the far end reports it, in seconds.
        pub txjitter: Option<f64>,
        /// Jitter of what we received, in seconds.
        pub rxjitter: Option<f64>,
        /// Highest jitter, reported by the far end.
        pub remote_maxjitter: Option<f64>,
        /// Lowest jitter, reported by the far end.
        pub remote_minjitter: Option<f64>,
        /// Mean jitter, reported by the far end.
        pub remote_normdevjitter: Option<f64>,
        /// Standard deviation of the jitter, reported by the far end.
        pub remote_stdevjitter: Option<f64>,
        /// Highest jitter, measured here.
        pub local_maxjitter: Option<f64>,
        /// Lowest jitter, measured here.
        pub local_minjitter: Option<f64>,
        /// Mean jitter, measured here.
        pub local_normdevjitter: Option<f64>,
        /// Standard deviation of the jitter, measured here.
        pub local_stdevjitter: Option<f64>,
        /// Packets we sent that were lost.
        pub txploss: i64,
        /// Packets lost on the way to us.
        pub rxploss: i64,
        /// Highest packets lost per report, reported by the far end.
        pub remote_maxrxploss: Option<f64>,
        /// Lowest packets lost per report, reported by the far end.
        pub remote_minrxploss: Option<f64>,
        /// Mean packets lost per report, reported by the far end.
        pub remote_normdevrxploss: Option<f64>,
        /// Standard deviation of the packets lost per report, reported by the far end.
        pub remote_stdevrxploss: Option<f64>,
        /// Highest packets lost per report, measured here.
        pub local_maxrxploss: Option<f64>,
        /// Lowest packets lost per report, measured here.
        pub local_minrxploss: Option<f64>,
        /// Mean packets lost per report, measured here.
        pub local_normdevrxploss: Option<f64>,
        /// Standard deviation of the packets lost per report, measured here.
        pub local_stdevrxploss: Option<f64>,
        /// Last round-trip time in seconds.
        pub rtt: Option<f64>,
        /// Longest round-trip time in seconds.
        pub maxrtt: Option<f64>,
        /// Shortest round-trip time in seconds.
        pub minrtt: Option<f64>,
        /// Mean round-trip time in seconds.
        pub normdevrtt: Option<f64>,
        /// Standard deviation of the round-trip time in seconds.
        pub stdevrtt: Option<f64>,
        /// Our synchronisation source (RFC 3550).
        pub local_ssrc: i64,
        /// Their synchronisation source (RFC 3550).
        pub remote_ssrc: i64,
        /// Octets sent.
        pub txoctetcount: i64,
        /// Octets received.
        pub rxoctetcount: i64,
        /// Id of the channel.
        pub channel_uniqueid: String,
    }
}
