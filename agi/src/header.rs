//! Where a request's header ends, found while it arrives, so that a header beyond the limits is refused early.

use crate::{Limits, RequestError};

/// What every variable's name begins with.
pub(crate) const PREFIX: &[u8] = b"agi_";

/// Follows one header as its bytes arrive; no byte is looked at twice.
#[derive(Debug, Default)]
pub(crate) struct HeaderScan {
    /// Bytes already looked at.
    scanned: usize,
    /// Where the line under way begins.
    line_start: usize,
    /// Complete lines so far.
    lines: usize,
}

impl HeaderScan {
    /// Looks at what has arrived so far (the whole of it, from the first byte).
    ///
    /// Returns the header's length with its blank line once that is there.
    pub(crate) fn advance(
        &mut self,
        received: &[u8],
        limits: &Limits,
    ) -> Result<Option<usize>, RequestError> {
        while let Some(distance) = received[self.scanned..].iter().position(|byte| matches!(byte, b'\n' | 0))
        {
            let at = self.scanned + distance;
            if received[at] == 0 {
                return Err(RequestError::Nul { line: self.lines + 1 });
            }
            let line = without_carriage_return(&received[self.line_start..at]);
            self.scanned = at + 1;
            self.line_start = at + 1;
            self.check_length(self.scanned, line.len(), limits)?;
            if line.is_empty() {
                return Ok(Some(self.scanned));
            }
            self.lines += 1;
            if !line.starts_with(PREFIX) {
                return Err(RequestError::NotAVariable { line: self.lines });
            }
            if self.lines > limits.variables_max {
                return Err(RequestError::TooManyVariables { max: limits.variables_max });
            }
        }
        self.scanned = received.len();
        self.check_length(received.len(), received.len() - self.line_start, limits)?;
        Ok(None)
    }

    fn check_length(
        &self,
        header_bytes: usize,
        line_bytes: usize,
        limits: &Limits,
    ) -> Result<(), RequestError> {
        if line_bytes > limits.line_bytes_max {
            return Err(RequestError::LineTooLong { line: self.lines + 1, max: limits.line_bytes_max });
        }
        if header_bytes > limits.header_bytes_max {
            return Err(RequestError::HeaderTooLong { max: limits.header_bytes_max });
        }
        Ok(())
    }
}

/// Asterisk ends its lines with a bare line feed; terminals used to try a script by hand send both.
pub(crate) fn without_carriage_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Limits = Limits { line_bytes_max: 16, variables_max: 2, header_bytes_max: 40, ..DEFAULT };

    const DEFAULT: Limits = Limits {
        line_bytes_max: crate::limits::LINE_BYTES_MAX,
        variables_max: crate::limits::VARIABLES_MAX,
        header_bytes_max: crate::limits::HEADER_BYTES_MAX,
        header_time_max: crate::limits::HEADER_TIME_MAX,
        reply_bytes_max: crate::limits::REPLY_BYTES_MAX,
        reply_time_max: crate::limits::REPLY_TIME_MAX,
        waiting_reply_time_max: crate::limits::WAITING_REPLY_TIME_MAX,
        idle_time_max: crate::limits::IDLE_TIME_MAX,
        connections_max: crate::limits::CONNECTIONS_MAX,
        stop_time_max: crate::limits::STOP_TIME_MAX,
    };

    fn scan(received: &[u8]) -> Result<Option<usize>, RequestError> {
        HeaderScan::default().advance(received, &SHORT)
    }

    #[test]
    fn the_blank_line_ends_the_header_wherever_the_packets_are_cut() {
        let header = b"agi_a: 1\nagi_b: 2\n\nHANGUP\n";
        for cut in 0..header.len() {
            let mut scan = HeaderScan::default();
            let first = scan.advance(&header[..cut], &SHORT).unwrap();
            assert_eq!(first, (cut >= 19).then_some(19), "cut at {cut}");
            if first.is_none() {
                assert_eq!(scan.advance(header, &SHORT).unwrap(), Some(19), "cut at {cut}");
            }
        }
    }

    #[test]
    fn carriage_returns_are_tolerated() {
        assert_eq!(scan(b"agi_a: 1\r\n\r\n"), Ok(Some(12)));
    }

    #[test]
    fn each_limit_is_named_before_the_header_is_complete() {
        let cases: [(&[u8], RequestError); 6] = [
            (b"agi_a: 4567890123", RequestError::LineTooLong { line: 1, max: 16 }),
            (b"agi_a: 4567890123\n\n", RequestError::LineTooLong { line: 1, max: 16 }),
            (b"agi_a: 1\nagi_b: 1\nagi_c: 1\n", RequestError::TooManyVariables { max: 2 }),
            (b"agi_a: 1\nagi_\0", RequestError::Nul { line: 2 }),
            (b"GET / HTTP/1.1\n", RequestError::NotAVariable { line: 1 }),
            (b"agi_a: 1\n agi_b: 1\n", RequestError::NotAVariable { line: 2 }),
        ];
        for (received, refusal) in cases {
            assert_eq!(scan(received), Err(refusal), "{}", String::from_utf8_lossy(received));
        }
        let roomy = Limits { line_bytes_max: 100, ..SHORT };
        assert_eq!(
            HeaderScan::default().advance(&[b'a'; 41], &roomy),
            Err(RequestError::HeaderTooLong { max: 40 })
        );
    }
}
