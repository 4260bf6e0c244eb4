//! Every command: the line it writes, and the result it makes of the reply.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use agi::{
    ChannelState, ControlStream, Digits, Error, Gender, GosubEnd, LetterCase, Played, Recognised, RecordFile,
    Recorded, RecordingEnd, SpeechMatch, TddMode,
};
use support::conversation;

/// Runs commands one after the other in one conversation: `call => line, reply => pattern of the result`.
macro_rules! commands {
    ($($method:ident($($argument:expr),*) => $line:expr, $reply:expr => $result:pat $(if $guard:expr)?,)*) => {
        let (_request, mut connection, mut asterisk) = conversation().await;
        $(
            let (result, ()) = tokio::join!(connection.$method($($argument),*), asterisk.answer($line, $reply));
            assert!(matches!(&result, $result $(if $guard)?), "{}: {result:?}", $line);
        )*
    };
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_call() {
    commands! {
        answer() => "ANSWER", "200 result=0" => Ok(()),
        channel_status() => "CHANNEL STATUS", "200 result=6" => Ok(ChannelState::Up),
        channel_status() => "CHANNEL STATUS", "200 result=77" => Ok(ChannelState::Other(77)),
        channel_status_of("PJSIP/bob-1") => "CHANNEL STATUS PJSIP/bob-1", "200 result=4" => Ok(Some(ChannelState::Ring)),
        channel_status_of("gone") => "CHANNEL STATUS gone", "200 result=-1" => Ok(None),
        set_autohangup(Some(Duration::from_millis(1500))) => "SET AUTOHANGUP 1.5", "200 result=0" => Ok(()),
        set_autohangup(None) => "SET AUTOHANGUP 0", "200 result=0" => Ok(()),
        set_callerid("\"A B\" <+33199000003>") => r#"SET CALLERID "\"A B\" <+33199000003>""#, "200 result=1" => Ok(()),
        set_music_on(None) => "SET MUSIC ON", "200 result=0" => Ok(()),
        set_music_on(Some("jazz")) => "SET MUSIC ON jazz", "200 result=0" => Ok(()),
        set_music_off() => "SET MUSIC OFF", "200 result=0" => Ok(()),
        hangup() => "HANGUP", "200 result=1" => Ok(()),
        hangup_channel("PJSIP/bob-1") => "HANGUP PJSIP/bob-1", "200 result=1" => Ok(true),
        hangup_channel("gone") => "HANGUP gone", "200 result=-1" => Ok(false),
    }
}

#[tokio::test]
async fn the_dialplan() {
    commands! {
        asyncagi_break() => "ASYNCAGI BREAK", "200 result=0" => Ok(()),
        exec("Playback", "hello&world,skip") => "EXEC Playback hello&world,skip", "200 result=0" => Ok(0),
        exec("Hangup", "") => "EXEC Hangup \"\"", "200 result=-1" => Ok(-1),
        exec("Nothing", "") => "EXEC Nothing \"\"", "200 result=-2" => Err(Error::Failed { command: "EXEC", .. }),
        gosub("sub", "s", "1", Some("a,b c")) => "GOSUB sub s 1 \"a,b c\"",
            "100 result=0 Trying...\n200 result=0 Gosub complete" => Ok(GosubEnd::Returned),
        gosub("sub", "s", "label", None) => "GOSUB sub s label",
            "100 result=0 Trying...\n200 result=0 Gosub complete (abnormal exit)" => Ok(GosubEnd::Abnormal),
        noop() => "NOOP", "200 result=0" => Ok(()),
        set_context("ivr") => "SET CONTEXT ivr", "200 result=0" => Ok(()),
        set_extension("200") => "SET EXTENSION 200", "200 result=0" => Ok(()),
        set_priority("1") => "SET PRIORITY 1", "200 result=0" => Ok(()),
        verbose("a message", 3) => "VERBOSE \"a message\" 3", "200 result=1" => Ok(()),
    }
}

#[tokio::test]
async fn a_label_that_is_not_there() {
    let (_request, mut connection, mut asterisk) = conversation().await;
    let (result, ()) = tokio::join!(connection.gosub("sub", "s", "7", None), async {
        asterisk.answer("GOSUB sub s 7", "200 result=-1 Gosub label not found").await;
        asterisk.answer("CHANNEL STATUS", "200 result=6").await;
    });
    let reason = "Gosub label not found";
    assert!(
        matches!(&result, Err(Error::Failed { command: "GOSUB", reason: r }) if r == reason),
        "{result:?}"
    );
}

#[tokio::test]
async fn audio() {
    let wound = ControlStream {
        escape_digits: "0",
        pause: Some('5'),
        offset: Duration::from_secs(1),
        ..ControlStream::new("book")
    };
    let limited = RecordFile {
        escape_digits: "#",
        time_max: Some(MINUTE),
        offset: 800,
        beep: true,
        silence: Some(Duration::from_secs(3)),
        ..RecordFile::new("message", "wav")
    };
    let unlimited = RecordFile::new("message", "wav");
    commands! {
        stream_file("hello-world", "12#", 0) => "STREAM FILE hello-world 12# 0", "200 result=49 endpos=8000"
            => Ok(Played { digit: Some('1'), end_position: 8000 }),
        stream_file("hello-world", "", 80) => "STREAM FILE hello-world \"\" 80", "200 result=0 endpos=16000"
            => Ok(Played { digit: None, end_position: 16000 }),
        control_stream_file(wound) => "CONTROL STREAM FILE book 0 3000 # * 5 1000", "200 result=48 endpos=2500"
            => Ok(Played { digit: Some('0'), end_position: 2500 }),
        control_stream_file(ControlStream::new("book")) => "CONTROL STREAM FILE book \"\" 3000 # * \"\" 0",
            "200 result=0 endpos=9000" => Ok(Played { digit: None, end_position: 9000 }),
        get_option("menu", "12", Some(MINUTE)) => "GET OPTION menu 12 60000", "200 result=50 endpos=400"
            => Ok(Played { digit: Some('2'), end_position: 400 }),
        get_option("menu", "12", None) => "GET OPTION menu 12", "200 result=0 endpos=400"
            => Ok(Played { digit: None, end_position: 400 }),
        get_data("code", Some(MINUTE), 4) => "GET DATA code 60000 4", "200 result=12*"
            => Ok(Digits { digits, timed_out: false }) if digits == "12*",
        get_data("code", None, 0) => "GET DATA code 0 1", "200 result= (timeout)"
            => Ok(Digits { digits, timed_out: true }) if digits.is_empty(),
        wait_for_digit(Some(MINUTE)) => "WAIT FOR DIGIT 60000", "200 result=42" => Ok(Some('*')),
        wait_for_digit(None) => "WAIT FOR DIGIT -1", "200 result=0" => Ok(None),
        record_file(limited) => "RECORD FILE message wav # 60000 800 BEEP s=3",
            "200 result=35 (dtmf) endpos=4000"
            => Ok(Recorded { end: RecordingEnd::Digit('#'), end_position: 4000 }),
        record_file(unlimited) => "RECORD FILE message wav \"\" -1", "200 result=-1 (hangup) endpos=4000"
            => Ok(Recorded { end: RecordingEnd::Hangup, end_position: 4000 }),
        record_file(unlimited) => "RECORD FILE message wav \"\" -1", "200 result=0 (timeout) endpos=480000"
            => Ok(Recorded { end: RecordingEnd::Timeout, end_position: 480_000 }),
        record_file(unlimited) => "RECORD FILE message wav \"\" -1", "200 result=49 (randomerror) endpos=0"
            => Ok(Recorded { end: RecordingEnd::Digit('1'), end_position: 0 }),
        record_file(unlimited) => "RECORD FILE message wav \"\" -1", "200 result=-1 (writefile)"
            => Err(Error::Failed { reason, .. }) if reason == "writefile",
    }
}

#[tokio::test]
async fn saying() {
    commands! {
        say_alpha("aB", "#", LetterCase::Upper) => "SAY ALPHA aB # u", "200 result=35" => Ok(Some('#')),
        say_date(1_700_000_000, "") => "SAY DATE 1700000000 \"\"", "200 result=0" => Ok(None),
        say_datetime(5_000_000_000, "", None, None) => "SAY DATETIME 5000000000 \"\"", "200 result=0" => Ok(None),
        say_datetime(0, "1", None, Some("Europe/Paris")) => "SAY DATETIME 0 1 \"ABdY 'digits/at' IMp\" Europe/Paris",
            "200 result=49" => Ok(Some('1')),
        say_digits("0199", "") => "SAY DIGITS 0199 \"\"", "200 result=0" => Ok(None),
        say_number(-21, "", Some(Gender::Feminine)) => "SAY NUMBER -21 \"\" f", "200 result=0" => Ok(None),
        say_number(21, "", None) => "SAY NUMBER 21 \"\"", "200 result=0" => Ok(None),
        say_phonetic("abc", "") => "SAY PHONETIC abc \"\"", "200 result=0" => Ok(None),
        say_time(0, "") => "SAY TIME 0 \"\"", "200 result=0" => Ok(None),
    }
}

#[tokio::test]
async fn variables_and_database() {
    commands! {
        get_variable("GREETING") => "GET VARIABLE GREETING", "200 result=1 (good (day))"
            => Ok(Some(value)) if value == "good (day)",
        get_variable("GREETING") => "GET VARIABLE GREETING", "200 result=1 (two\nlines)"
            => Ok(Some(value)) if value == "two\nlines",
        get_variable("ABSENT") => "GET VARIABLE ABSENT", "200 result=0" => Ok(None),
        get_full_variable("${CALLERID(num)}", None) => "GET FULL VARIABLE ${CALLERID(num)}", "200 result=1 ()"
            => Ok(Some(value)) if value.is_empty(),
        get_full_variable("${X}", Some("PJSIP/bob-1")) => "GET FULL VARIABLE ${X} PJSIP/bob-1", "200 result=0"
            => Ok(None),
        set_variable("GREETING", "good day") => "SET VARIABLE GREETING \"good day\"", "200 result=1" => Ok(()),
        database_put("family", "key", "") => "DATABASE PUT family key \"\"", "200 result=1" => Ok(()),
        database_put("family", "key", "v") => "DATABASE PUT family key v", "200 result=0" => Err(Error::Failed { .. }),
        database_get("family", "key") => "DATABASE GET family key", "200 result=1 (value)"
            => Ok(Some(value)) if value == "value",
        database_get("family", "absent") => "DATABASE GET family absent", "200 result=0" => Ok(None),
        database_del("family", "key") => "DATABASE DEL family key", "200 result=1" => Ok(true),
        database_del("family", "key") => "DATABASE DEL family key", "200 result=0" => Ok(false),
        database_deltree("family", None) => "DATABASE DELTREE family", "200 result=0" => Ok(true),
        database_deltree("family", Some("k")) => "DATABASE DELTREE family k", "200 result=1" => Ok(false),
    }
}

#[tokio::test]
async fn text_and_pictures() {
    commands! {
        receive_char(MINUTE) => "RECEIVE CHAR 60000", "200 result=65" => Ok(Some('A')),
        receive_char(MINUTE) => "RECEIVE CHAR 60000", "200 result=0 (timeout)" => Ok(None),
        receive_text(MINUTE) => "RECEIVE TEXT 60000", "200 result=1 (hello)" => Ok(Some(text)) if text == "hello",
        receive_text(MINUTE) => "RECEIVE TEXT 60000", "200 result=-1" => Ok(None),
        send_image("logo") => "SEND IMAGE logo", "200 result=0" => Ok(()),
        send_text("hello you") => "SEND TEXT \"hello you\"", "200 result=0" => Ok(()),
        tdd_mode(TddMode::On) => "TDD MODE on", "200 result=1" => Ok(true),
        tdd_mode(TddMode::Off) => "TDD MODE off", "200 result=0" => Ok(false),
        tdd_mode(TddMode::Mate) => "TDD MODE mate", "200 result=1" => Ok(true),
    }
}

#[tokio::test]
async fn speech() {
    commands! {
        speech_create("engine") => "SPEECH CREATE engine", "200 result=1" => Ok(()),
        speech_create("engine") => "SPEECH CREATE engine", "200 result=0" => Err(Error::Failed { .. }),
        speech_set("name", "value") => "SPEECH SET name value", "200 result=1" => Ok(()),
        speech_load_grammar("yes", "/yes.gram") => "SPEECH LOAD GRAMMAR yes /yes.gram", "200 result=1" => Ok(()),
        speech_activate_grammar("yes") => "SPEECH ACTIVATE GRAMMAR yes", "200 result=1" => Ok(()),
        speech_recognize("prompt", MINUTE, 0) => "SPEECH RECOGNIZE prompt 60 0",
            "200 result=1 (speech) endpos=0 results=2 score0=900 text0=\"call me\" grammar0=yes \
             score1=5 text1=\"\" grammar1=no"
            => Ok(Recognised::Speech(matches)) if *matches == [found(900, "call me", "yes"), found(5, "", "no")],
        speech_recognize("prompt", MINUTE, 0) => "SPEECH RECOGNIZE prompt 60 0",
            "200 result=1 (digit) digit=7 endpos=0" => Ok(Recognised::Digit('7')),
        speech_recognize("prompt", MINUTE, 0) => "SPEECH RECOGNIZE prompt 60 0",
            "200 result=1 (timeout) endpos=0" => Ok(Recognised::Timeout),
        speech_recognize("prompt", MINUTE, 8) => "SPEECH RECOGNIZE prompt 60 8",
            "200 result=1 (hangup) endpos=0" => Ok(Recognised::Hangup),
        speech_recognize("prompt", MINUTE, 0) => "SPEECH RECOGNIZE prompt 60 0", "200 result=0"
            => Err(Error::Failed { .. }),
        speech_deactivate_grammar("yes") => "SPEECH DEACTIVATE GRAMMAR yes", "200 result=1" => Ok(()),
        speech_unload_grammar("yes") => "SPEECH UNLOAD GRAMMAR yes", "200 result=1" => Ok(()),
        speech_destroy() => "SPEECH DESTROY", "200 result=1" => Ok(()),
    }
}

fn found(score: i32, text: &str, grammar: &str) -> SpeechMatch {
    SpeechMatch { score, text: text.to_owned(), grammar: grammar.to_owned() }
}

/// The table `commands[]` of Asterisk 22 `res/res_agi.c`, in its order, and `gosub` of `apps/app_stack.c`.
const ASTERISK_22: [&str; 47] = [
    "answer",
    "asyncagi break",
    "channel status",
    "database del",
    "database deltree",
    "database get",
    "database put",
    "exec",
    "get data",
    "get full variable",
    "get option",
    "get variable",
    "hangup",
    "noop",
    "receive char",
    "receive text",
    "record file",
    "say alpha",
    "say digits",
    "say number",
    "say phonetic",
    "say date",
    "say time",
    "say datetime",
    "send image",
    "send text",
    "set autohangup",
    "set callerid",
    "set context",
    "set extension",
    "set music",
    "set priority",
    "set variable",
    "stream file",
    "control stream file",
    "tdd mode",
    "verbose",
    "wait for digit",
    "speech create",
    "speech set",
    "speech destroy",
    "speech load grammar",
    "speech unload grammar",
    "speech activate grammar",
    "speech deactivate grammar",
    "speech recognize",
    "gosub",
];

#[test]
fn no_command_of_asterisk_is_missing() {
    let mut expected = ASTERISK_22.map(str::to_uppercase);
    expected.sort();
    assert_eq!(agi::COMMANDS.map(str::to_owned), expected);
}

#[test]
fn every_command_of_the_list_has_a_method_tested_here() {
    let this_file = include_str!("commands.rs");
    for command in agi::COMMANDS {
        let tested = [format!("\"{command} "), format!("\"{command}\"")];
        assert!(
            tested.iter().any(|line| this_file.contains(&format!("=> {line}"))
                || this_file.contains(&format!("=> r#{line}"))),
            "{command}"
        );
    }
}
