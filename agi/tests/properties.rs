//! Properties of the pure functions, on random input.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use agi::{Command, Limits, Reply, Request, Script};
use proptest::prelude::*;

/// Takes a command line apart as `parse_args` of Asterisk's `res/res_agi.c` does.
fn parse_args(line: &str) -> Vec<String> {
    let mut arguments: Vec<String> = Vec::new();
    let (mut quoted, mut escaped, mut whitespace) = (false, false, true);
    for character in line.chars() {
        match character {
            '"' if !escaped => {
                quoted = !quoted;
                if quoted && whitespace {
                    arguments.push(String::new());
                    whitespace = false;
                }
            }
            ' ' | '\t' if !quoted && !escaped => whitespace = true,
            '\\' if !escaped => escaped = true,
            ordinary => {
                if whitespace {
                    arguments.push(String::new());
                    whitespace = false;
                }
                arguments.last_mut().unwrap().push(ordinary);
                escaped = false;
            }
        }
    }
    arguments
}

/// Text with more than its share of the characters that need care.
fn tricky_text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![Just(' '), Just('"'), Just('\\'), Just('\t'), Just('('), any::<char>()],
        0..40,
    )
    .prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn asterisk_reads_the_arguments_that_were_given(arguments in proptest::collection::vec(tricky_text(), 0..5)) {
        let mut command = Command::new("EXEC");
        for argument in &arguments {
            command = command.text(argument);
        }
        let forbidden = arguments.iter().any(|argument| argument.contains(['\r', '\n', '\0']));
        match command.line() {
            Ok(line) => {
                prop_assert!(!forbidden);
                let line = line.strip_suffix('\n').unwrap();
                prop_assert!(!line.contains('\n'));
                let read = parse_args(line);
                prop_assert_eq!(&read[0], "EXEC");
                prop_assert_eq!(&read[1..], &arguments[..]);
            }
            Err(refused) => prop_assert!(forbidden, "{}", refused),
        }
    }

    #[test]
    fn a_value_comes_back_as_it_was(value in tricky_text()) {
        let reply = Reply::parse(format!("200 result=1 ({value})")).unwrap();
        prop_assert_eq!(reply.text(), Some(value.as_str()));
    }

    #[test]
    fn any_bytes_are_a_request_or_a_refusal(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Request::parse(&bytes, &Limits::default());
        let mut plausible = b"agi_request: agi://h/s?a=%4\nagi_arg_1: ".to_vec();
        plausible.extend(bytes.iter().filter(|byte| !matches!(byte, b'\n' | 0)));
        plausible.extend(b"\n\n");
        let request = Request::parse(&plausible, &Limits::default()).unwrap();
        prop_assert_eq!(request.arguments().len(), 1);
    }

    #[test]
    fn any_text_is_a_reply_or_a_refusal(text in "(200 result=)?[ -~é\n]{0,60}") {
        if let Ok(reply) = Reply::parse(text) {
            let _ = (reply.number(), reply.text(), reply.value("endpos"), reply.usage());
            prop_assert!(reply.code() < 1000);
        }
    }

    #[test]
    fn any_text_is_a_script(text in "[/?&=%+a-f0-9é]{0,60}") {
        let script = Script::parse(&text);
        prop_assert!(!script.path().contains('?'));
        prop_assert!(script.pairs().count() <= script.query().len());
        prop_assert!(script.segments().count() <= script.path().len());
    }
}
