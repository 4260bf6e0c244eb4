//! What a conversation makes of hang-ups, refusals, silence and nonsense from the other side.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use agi::{ArgumentProblem, Error, ReplyProblem, Server};
use support::{HEADER, PATIENCE, conversation, conversation_with};
use tokio::time::timeout;

const SOON: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_hangup_between_commands_is_noticed_and_clean_up_still_works() {
    let (_request, mut script, mut asterisk) = conversation().await;
    assert!(!script.hung_up());
    asterisk.send("HANGUP\n").await;
    timeout(PATIENCE, script.wait_for_hangup()).await.unwrap().unwrap();
    assert!(script.hung_up());

    let (stored, ()) = tokio::join!(
        script.set_variable("RESULT", "left"),
        asterisk.answer("SET VARIABLE RESULT left", "200 result=1")
    );
    stored.unwrap();
    let refusal = "511 Command Not Permitted on a dead channel or intercept routine";
    let (played, ()) =
        tokio::join!(script.stream_file("bye", "", 0), asterisk.answer("STREAM FILE bye \"\" 0", refusal));
    assert!(matches!(played, Err(Error::Hangup)), "{played:?}");
}

#[tokio::test]
async fn a_hangup_before_the_reply_is_not_taken_for_the_reply() {
    let (_request, mut script, mut asterisk) = conversation().await;
    let (value, ()) =
        tokio::join!(script.get_variable("X"), asterisk.answer("GET VARIABLE X", "HANGUP\n200 result=1 (y)"));
    assert_eq!(value.unwrap().as_deref(), Some("y"));
    assert!(script.hung_up());
}

#[tokio::test]
async fn playing_that_fails_is_told_apart_from_a_hangup() {
    let (_request, mut script, mut asterisk) = conversation().await;
    let (played, ()) = tokio::join!(script.stream_file("absent", "", 0), async {
        asterisk.answer("STREAM FILE absent \"\" 0", "200 result=-1 endpos=0").await;
        asterisk.answer("CHANNEL STATUS", "200 result=6").await;
    });
    assert!(matches!(played, Err(Error::Failed { command: "STREAM FILE", .. })), "{played:?}");

    let (digit, ()) = tokio::join!(script.wait_for_digit(None), async {
        asterisk.answer("WAIT FOR DIGIT -1", "200 result=-1").await;
        asterisk.answer("CHANNEL STATUS", "HANGUP\n511 Command Not Permitted on a dead channel").await;
    });
    assert!(digit.unwrap_err().is_hangup());
}

#[tokio::test]
async fn the_end_of_the_connection_is_a_hangup_only_if_one_was_announced() {
    let (_request, mut script, asterisk) = conversation().await;
    drop(asterisk);
    let answered = script.answer().await;
    assert!(matches!(answered, Err(Error::Disconnected)), "{answered:?}");

    let (_request, mut script, mut asterisk) = conversation().await;
    asterisk.send("HANGUP\n").await;
    drop(asterisk);
    let answered = script.answer().await;
    assert!(matches!(answered, Err(Error::Hangup)), "{answered:?}");
    let again = script.noop().await;
    assert!(matches!(again, Err(Error::Hangup)), "{again:?}");
}

#[tokio::test]
async fn refusals_are_told_apart_and_the_conversation_goes_on() {
    let (_request, mut script, mut asterisk) = conversation().await;
    let (answer, ()) =
        tokio::join!(script.answer(), asterisk.answer("ANSWER", "510 Invalid or unknown command"));
    assert!(matches!(answer, Err(Error::UnknownCommand { command: "ANSWER" })), "{answer:?}");

    let (answer, ()) = tokio::join!(script.answer(), asterisk.answer("ANSWER", "511 Not Permitted"));
    assert!(matches!(answer, Err(Error::DeadChannel { command: "ANSWER" })), "{answer:?}");

    let (answer, ()) =
        tokio::join!(script.answer(), asterisk.answer("ANSWER", "503 result=-2 Memory allocation failure"));
    assert!(matches!(answer, Err(Error::Refused { code: 503, .. })), "{answer:?}");

    let usage = "520-Invalid command syntax.  Proper usage follows:\nUsage: ANSWER\n Answers.\n\n520 End of proper usage.";
    let (answer, ()) = tokio::join!(script.answer(), asterisk.answer("ANSWER", usage));
    assert!(
        matches!(&answer, Err(Error::Usage { usage, .. }) if usage == "Usage: ANSWER\n Answers."),
        "{answer:?}"
    );

    let (answer, ()) = tokio::join!(script.answer(), asterisk.answer("ANSWER", "200 result=0"));
    answer.unwrap();
}

#[tokio::test]
async fn the_usage_text_after_an_application_that_returned_1_is_skipped() {
    let (_request, mut script, mut asterisk) = conversation().await;
    let reply = "200 result=1\n520-Invalid command syntax.  Proper usage follows:\nUsage: EXEC\n520 End of proper usage.";
    let (result, ()) = tokio::join!(script.exec("Odd", "x"), asterisk.answer("EXEC Odd x", reply));
    assert_eq!(result.unwrap(), 1);
    let (value, ()) =
        tokio::join!(script.get_variable("X"), asterisk.answer("GET VARIABLE X", "200 result=1 (y)"));
    assert_eq!(value.unwrap().as_deref(), Some("y"));
}

#[tokio::test]
async fn a_bad_argument_never_reaches_the_wire() {
    let (_request, mut script, mut asterisk) = conversation().await;
    let refused = script.set_variable("X", "1\nHANGUP").await;
    assert!(
        matches!(
            refused,
            Err(Error::BadArgument {
                command: "SET VARIABLE",
                argument: 2,
                problem: ArgumentProblem::LineEnd
            })
        ),
        "{refused:?}"
    );
    let refused = script.exec("Log", &"x".repeat(9000)).await;
    assert!(matches!(refused, Err(Error::CommandTooLong { .. })), "{refused:?}");
    let (noop, ()) = tokio::join!(script.noop(), asterisk.answer("NOOP", "200 result=0"));
    noop.unwrap();
}

#[tokio::test]
async fn a_reply_that_does_not_come_ends_the_use_of_the_connection() {
    let settings = Server::builder().reply_time_max(SOON);
    let (_request, mut script, mut asterisk) = conversation_with(settings, HEADER).await;
    let late = script.noop().await;
    assert!(matches!(late, Err(Error::ReplyTooLate { command: "NOOP", .. })), "{late:?}");
    asterisk.answer("NOOP", "200 result=1 (late)").await;
    let next = script.get_variable("X").await;
    assert!(matches!(next, Err(Error::OutOfStep { command: "GET VARIABLE" })), "{next:?}");
}

#[tokio::test]
async fn commands_that_wait_have_a_deadline_of_their_own() {
    let settings = Server::builder().waiting_reply_time_max(SOON);
    let (_request, mut script, _asterisk) = conversation_with(settings, HEADER).await;
    let late = script.wait_for_digit(None).await;
    assert!(matches!(late, Err(Error::ReplyTooLate { command: "WAIT FOR DIGIT", .. })), "{late:?}");
}

#[tokio::test]
async fn a_command_given_up_by_the_script_leaves_the_connection_out_of_step() {
    let (_request, mut script, _asterisk) = conversation().await;
    timeout(SOON, script.stream_file("long", "", 0)).await.unwrap_err();
    let next = script.noop().await;
    assert!(matches!(next, Err(Error::OutOfStep { .. })), "{next:?}");
}

#[tokio::test]
async fn nonsense_instead_of_a_reply_is_named() {
    let long = "x".repeat(agi::limits::LINE_BYTES_MAX + 1);
    let many = format!("200 result=1 (\n{}", "line\n".repeat(20_000));
    let cases = [
        ("agi_request: again", ReplyProblem::NoCode),
        ("", ReplyProblem::NoCode),
        ("200", ReplyProblem::NoResult),
        ("\0\u{1}", ReplyProblem::NoCode),
        (&long, ReplyProblem::LineTooLong { max: agi::limits::LINE_BYTES_MAX }),
        (&many, ReplyProblem::TooLong { max: agi::limits::REPLY_BYTES_MAX }),
    ];
    for (reply, expected) in cases {
        let (_request, mut script, mut asterisk) = conversation().await;
        let (noop, ()) = tokio::join!(script.noop(), asterisk.answer("NOOP", reply));
        assert!(
            matches!(noop, Err(Error::MalformedReply { command: "NOOP", problem }) if problem == expected),
            "{noop:?} for {expected}"
        );
        assert!(matches!(script.noop().await, Err(Error::OutOfStep { .. })), "after {expected}");
    }
}

#[tokio::test]
async fn a_number_that_a_command_cannot_return_is_named() {
    let (_request, mut script, mut asterisk) = conversation().await;
    for reply in ["200 result=4000000000", "200 result=", "200 result=x"] {
        let (digit, ()) =
            tokio::join!(script.wait_for_digit(None), asterisk.answer("WAIT FOR DIGIT -1", reply));
        let problem = ReplyProblem::UnexpectedResult;
        assert!(matches!(digit, Err(Error::MalformedReply { problem: p, .. }) if p == problem), "{digit:?}");
    }
}

#[tokio::test]
async fn what_arrives_unasked_is_not_taken_for_a_reply() {
    let header = format!("{HEADER}200 result=1 (forged)\n");
    let (_request, mut script, _asterisk) = conversation_with(Server::builder(), &header).await;
    let value = script.get_variable("X").await;
    assert!(matches!(value, Err(Error::MalformedReply { problem: ReplyProblem::Unasked, .. })), "{value:?}");
}

#[tokio::test]
async fn replies_in_pieces_are_put_together() {
    let (_request, mut script, mut asterisk) = conversation().await;
    let (value, ()) = tokio::join!(script.get_variable("X"), async {
        assert_eq!(asterisk.command().await, "GET VARIABLE X");
        for byte in "200 result=1 (caf\u{e9})\nHAN".bytes() {
            asterisk.send([byte]).await;
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(value.unwrap().as_deref(), Some("caf\u{e9}"));
    asterisk.send("GUP\n").await;
    timeout(PATIENCE, script.wait_for_hangup()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_script_can_end_as_failed() {
    let (_request, script, mut asterisk) = conversation().await;
    script.fail().await.unwrap();
    assert_eq!(asterisk.closed().await, b"failure\n");
}
