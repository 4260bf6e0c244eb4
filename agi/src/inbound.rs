//! Bytes from Asterisk, handed out as lines.

use std::io;
use std::ops::Range;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::header::without_carriage_return;

/// Room for one usual request, or for many replies.
const READ_BYTES: usize = 2048;

/// What has arrived and is not yet read.
#[derive(Debug)]
pub(crate) struct Inbound {
    bytes: Vec<u8>,
    /// Everything before is read.
    start: usize,
}

/// A line is longer than allowed.
#[derive(Debug)]
pub(crate) struct TooLong;

impl Inbound {
    pub(crate) fn new() -> Self {
        Inbound { bytes: Vec::with_capacity(READ_BYTES), start: 0 }
    }

    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start >= self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        }
    }

    /// Waits for more bytes. Returns false at the end of the stream. Loses nothing when its future is dropped.
    pub(crate) async fn fill(&mut self, stream: &mut TcpStream) -> io::Result<bool> {
        self.make_room();
        Ok(stream.read_buf(&mut self.bytes).await? > 0)
    }

    /// Takes what has arrived, without waiting. Returns false at the end of the stream.
    pub(crate) fn try_fill(&mut self, stream: &TcpStream) -> io::Result<bool> {
        self.make_room();
        match stream.try_read_buf(&mut self.bytes) {
            Ok(count) => Ok(count > 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Takes one complete line, if there is one, without its end. Bytes that are not UTF-8 become U+FFFD.
    pub(crate) fn line(&mut self, bytes_max: usize) -> Result<Option<String>, TooLong> {
        let Some(range) = self.find_line(bytes_max)? else {
            return Ok(None);
        };
        let consumed = range.end + 1;
        let line = without_carriage_return(&self.unread()[range]);
        let line = String::from_utf8_lossy(line).into_owned();
        self.consume(consumed);
        Ok(Some(line))
    }

    fn find_line(&self, bytes_max: usize) -> Result<Option<Range<usize>>, TooLong> {
        let unread = self.unread();
        let end = unread.iter().take(bytes_max + 1).position(|byte| *byte == b'\n');
        if end.is_none() && unread.len() > bytes_max {
            return Err(TooLong);
        }
        Ok(end.map(|end| 0..end))
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.reserve(READ_BYTES);
    }
}
