//! Far ends of all kinds, on loopback.

use super::*;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn epoch() -> Timestamp {
    Timestamp::default()
}

/// A far end that leaves so many requests unanswered, then answers with this status line.
async fn far_end(ignored: usize, first_lines: &'static [&'static str]) -> u16 {
    let socket = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut datagram = [0; DATAGRAM_MAX];
        for request in 0.. {
            let (length, from) = socket.recv_from(&mut datagram).await.unwrap();
            let text = String::from_utf8(datagram[..length].to_vec()).unwrap();
            let headers = text.split_once("\r\n").unwrap().1;
            if request >= ignored {
                for first_line in first_lines {
                    let answer = format!("{first_line}\r\n{headers}");
                    socket.send_to(answer.as_bytes(), from).await.unwrap();
                }
            }
        }
    });
    port
}

fn asker(host: &str, port: u16, news: &mpsc::Sender<SwitchEvent>) -> Asker {
    let target = Target { trunk: TrunkId::from_i64(1), host: host.to_owned(), port };
    let prober = Prober::new(Duration::from_millis(20), Some(LOOPBACK), news, epoch);
    prober.asker(target)
}

async fn ask(host: &str, port: u16) -> Outcome {
    asker(host, port, &mpsc::channel(1).0).ask().await
}

#[tokio::test]
async fn the_status_of_the_last_answer_counts() {
    let port = far_end(0, &["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]).await;
    assert!(matches!(ask("127.0.0.1", port).await, Outcome::Answered(200, _)));
    let port = far_end(0, &["SIP/2.0 503 Service Unavailable"]).await;
    assert!(matches!(ask("localhost", port).await, Outcome::Answered(503, _)));
}

#[tokio::test]
async fn a_lost_request_is_sent_again() {
    let port = far_end(1, &["SIP/2.0 200 OK"]).await;
    let Outcome::Answered(200, took) = ask("127.0.0.1", port).await else { panic!("no answer") };
    assert!(took >= FIRST_WAIT, "{took:?}");
}

#[tokio::test]
async fn every_kind_of_silence_has_its_name() {
    let closed = UdpSocket::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap().port();
    assert_eq!(ask("127.0.0.1", closed).await, Outcome::Silent(ProbeSilence::PortClosed));
    assert_eq!(ask("no-such-host.invalid", 5060).await, Outcome::Silent(ProbeSilence::Unresolved));
    // Nobody reads it, so nothing comes back.
    let deaf = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let port = deaf.local_addr().unwrap().port();
    assert_eq!(ask("127.0.0.1", port).await, Outcome::Silent(ProbeSilence::NoAnswer));
}

#[tokio::test]
async fn trunks_come_and_go_with_the_settings() {
    let (news, mut told) = mpsc::channel(16);
    let (wanted, targets) = watch::channel(Vec::new());
    let stop = CancellationToken::new();
    let prober = Prober::new(Duration::from_millis(20), Some(LOOPBACK), &news, epoch);
    let running = tokio::spawn(prober.run(targets, stop.clone()));

    let port = far_end(0, &["SIP/2.0 200 OK"]).await;
    let trunk = TrunkId::from_i64(7);
    wanted.send_replace(vec![Target { trunk, host: "127.0.0.1".into(), port }]);
    for _ in 0..3 {
        let Some(SwitchEvent::TrunkProbed { trunk: of, probe }) = told.recv().await else {
            panic!("no news")
        };
        assert!(of == trunk && probe.answers && probe.code == Some(200), "{probe:?}");
    }
    wanted.send_replace(Vec::new());
    // What was told before the change was read may still be on its way; then the line falls silent.
    while timeout(Duration::from_millis(200), told.recv()).await.is_ok() {}
    stop.cancel();
    running.await.unwrap();
}
