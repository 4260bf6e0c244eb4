//! Anything that a peer of the FastAGI port can send, and anything that a script can be made to send back: reading never
//! panics, and what is read can be read again.
//!
//! What comes after a NUL is what a caller typed or a server said, on its way into a command.

#![no_main]

use agi::{Command, Limits, Reply, Request, Script};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(request) = Request::parse(data, &Limits::default()) {
        let script = request.script();
        let _ = (script.segments().count(), script.pairs().count(), script.value("x"));
        let _ = (request.arguments().count(), request.extra().count(), request.caller_id(), request.priority());
        assert!(!format!("{request:?}").contains('\n'), "a log line stays one line");
    }
    let text = String::from_utf8_lossy(data);
    let (reply, argument) = text.split_once('\0').unwrap_or((&text, &text));
    if let Ok(reply) = Reply::parse(reply.to_owned()) {
        let _ = (reply.code(), reply.result(), reply.number(), reply.text(), reply.value("endpos"), reply.usage());
    }
    let script = Script::parse(reply);
    assert!(script.segments().all(|segment| !segment.is_empty() || reply.contains('%')));
    if let Ok(line) = Command::new("SET VARIABLE").text("X").text(argument).line() {
        assert_eq!(line.matches('\n').count(), 1, "one command is one line");
        assert!(line.ends_with('\n') && !line.contains('\0'));
    }
});
