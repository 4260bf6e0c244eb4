//! Mail on its way to a server that writes down what it is told.

use std::sync::{Arc, Mutex};

use cadran_engine::model::{CallId, Greeting, MailboxId, MessageId};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::*;

fn noon() -> Timestamp {
    Timestamp::from_millis(1_750_000_000_000)
}

/// A server of mail that takes everything, or refuses everybody.
async fn stub(refuses: bool) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let kept = lines.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (reader, mut writer) = stream.split();
            let mut reader = BufReader::new(reader).lines();
            writer.write_all(b"220 stub ESMTP\r\n").await.unwrap();
            let mut in_data = false;
            while let Ok(Some(line)) = reader.next_line().await {
                let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                    _ if in_data && line != "." => "",
                    "." => "250 kept\r\n",
                    "EHLO" => "250-stub\r\n250 8BITMIME\r\n",
                    "RCPT" if refuses => "550 nobody of that name\r\n",
                    "DATA" => "354 go on\r\n",
                    _ => "250 fine\r\n",
                };
                in_data = answer.starts_with("354") || (in_data && line != ".");
                kept.lock().unwrap().push(line);
                writer.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    (port, lines)
}

/// A mailbox with a message that waits to be sent, and a mailer.
async fn world(directory: &TempDir, port: u16) -> (Store, Mailer, MessageId) {
    let database = crate::store::Database::open(None, directory.path()).await.unwrap();
    database.migrate().await.unwrap();
    let store = database.first().await.unwrap();
    let mailbox = Mailbox {
        id: MailboxId::from_i64(0),
        name: "Bureau".to_owned(),
        agent: None,
        notify: vec!["ada@example.org".to_owned(), "bob@example.org".to_owned()],
        greeting: Greeting::default(),
    };
    let mailbox = store.create_setting(&mailbox, noon()).await.unwrap().value.id;
    let message = Message {
        id: MessageId::from_uuid(Uuid::from_u128(1)),
        mailbox,
        call: CallId::from_uuid(Uuid::from_u128(2)),
        caller: "+33199001234".to_owned(),
        left_at: noon(),
        duration: Duration::from_secs(12),
        file: "m.wav".to_owned(),
        heard_at: None,
        mail_due_at: Some(noon()),
        notify: vec!["bob@example.org".to_owned(), "eve@example.org".to_owned(), "agt_3".to_owned()],
        mail_tries: 0,
    };
    store.keep_message(&message).await.unwrap();
    std::fs::write(directory.path().join("m.wav"), b"RIFF\xff\0sound").unwrap();
    let server = Server {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::None,
        credentials: None,
        from: "cadran@example.org".to_owned(),
        language: Language::French,
    };
    let mailer = Mailer::new(store.clone(), server, directory.path().to_owned(), noon).unwrap();
    (store, mailer, message.id)
}

#[tokio::test]
async fn everybody_gets_the_message_with_its_sound_once() {
    let directory = tempfile::tempdir().unwrap();
    let (port, lines) = stub(false).await;
    let (store, mailer, _) = world(&directory, port).await;
    assert!(mailer.send_one().await);
    assert!(!mailer.send_one().await, "nothing waits any more");
    let told = lines.lock().unwrap().join("\n");
    for expected in [
        "RCPT TO:<ada@example.org>",
        "RCPT TO:<bob@example.org>",
        "RCPT TO:<eve@example.org>",
        "Content-Type: audio/wav",
        // The sound, in base64.
        "UklGRv8Ac291bmQ=",
        "12 secondes",
    ] {
        assert!(told.contains(expected), "{expected} is missing in:\n{told}");
    }
    assert!(store.message_to_mail(noon()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_server_that_refuses_is_asked_again_later() {
    let directory = tempfile::tempdir().unwrap();
    let (port, _) = stub(true).await;
    let (store, mailer, message) = world(&directory, port).await;
    assert!(mailer.send_one().await);
    let kept = store.message(message).await.unwrap().unwrap();
    assert_eq!((kept.mail_tries, kept.mail_due_at), (1, Some(noon() + AGAIN_AFTER)));
    assert!(!mailer.send_one().await, "it is not due yet");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let (store, mailer, message) = world(&directory, nobody).await;
    assert!(mailer.send_one().await);
    assert_eq!(
        store.message(message).await.unwrap().unwrap().mail_tries,
        1,
        "a server that is away is no end"
    );
}

#[test]
fn an_address_is_one() {
    for (text, expected) in [
        ("ada@example.org", true),
        ("ada", false),
        ("ada@", false),
        ("ada@example.org\r\nBcc: bob@example.org", false),
        ("", false),
    ] {
        assert_eq!(is_address(text), expected, "{text:?}");
    }
}
