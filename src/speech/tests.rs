//! Texts spoken by the program and by a server that plays its part.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::post;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

fn utterance(text: &str) -> Utterance {
    Utterance { text: text.to_owned(), locale: "fr-FR".to_owned(), voice: None }
}

fn speech(speaker: impl Speaker + 'static, directory: &TempDir) -> Speech {
    Speech::new(Arc::new(speaker), directory.path(), Path::new("/seen/at"))
}

/// Half a second of a tone, as a server would send it.
fn tone() -> Vec<u8> {
    let samples = (0..12_000).map(|index| 0.3 * (index as f32 * 0.15).sin()).collect();
    Prompt::of_voice(sound::Voice { rate: 24_000, samples }).unwrap().wide.unwrap()
}

/// A server that speaks: it sends `answer` after `delay`, and counts how often.
async fn server(answer: Vec<u8>, delay: Duration) -> (Remote, Arc<AtomicUsize>) {
    let asked = Arc::<AtomicUsize>::default();
    let count = asked.clone();
    let speak = move |body: String| {
        let (answer, count) = (answer.clone(), count.clone());
        async move {
            assert!(body.contains("\"input\":\"Bonjour\"") && body.contains("\"model\":\"m\""), "{body}");
            count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(delay).await;
            answer
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/audio/speech", post(speak));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Remote::new(&url, "m", "v", None).unwrap(), asked)
}

#[tokio::test]
async fn a_text_is_spoken_once_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let (remote, asked) = server(tone(), Duration::ZERO).await;
    let speech = speech(remote, &directory);
    let first = speech.spoken(&utterance("Bonjour")).await.unwrap();
    let again = speech.spoken(&utterance("Bonjour")).await.unwrap();
    assert_eq!((&first.uri, asked.load(Ordering::Relaxed)), (&again.uri, 1));
    assert!(first.uri.starts_with("sound:/seen/at/speech/"), "{}", first.uri);
    let difference = first.length.abs_diff(again.length);
    assert!(
        first.length.abs_diff(Duration::from_millis(500)) < Duration::from_millis(20),
        "{:?}",
        first.length
    );
    assert!(difference <= Duration::from_millis(1), "the length is that of the file: {difference:?}");
    let files = std::fs::read_dir(directory.path().join("speech")).unwrap().count();
    assert_eq!(files, 2, "for ordinary telephones and for better ones, and nothing half written");
}

#[tokio::test]
async fn what_cannot_be_spoken_is_heard_as_the_fallback() {
    let directory = tempfile::tempdir().unwrap();
    let (remote, _) = server(b"{\"error\": \"no quota\"}".to_vec(), Duration::ZERO).await;
    let odd = speech(remote, &directory);
    assert!(matches!(odd.spoken(&utterance("Bonjour")).await, Err(Error::Sound(sound::Error::Unknown))));
    assert_eq!(odd.spoken_or_fallback(&utterance("Bonjour")).await.uri, FALLBACK);
    let (remote, _) = server(tone(), DEADLINE * 2).await;
    let began = std::time::Instant::now();
    assert_eq!(speech(remote, &directory).spoken_or_fallback(&utterance("Bonjour")).await.uri, FALLBACK);
    assert!(began.elapsed() < DEADLINE + Duration::from_secs(1), "{:?}", began.elapsed());
    let missing = speech(Espeak::new("/no/such/program"), &directory);
    let error = missing.spoken(&utterance("Bonjour")).await.unwrap_err().to_string();
    assert!(error.contains("install espeak-ng"), "{error}");
    assert!(matches!(missing.spoken(&utterance(" ")).await, Err(Error::Length)));
}

#[tokio::test]
async fn the_program_speaks_languages_that_can_be_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let speech = speech(Espeak::new("espeak-ng"), &directory);
    let french = speech.prompt(&utterance("Pour les ventes, tapez un; $(reboot) \"`.")).await.unwrap();
    let english =
        Utterance { locale: "en-GB".to_owned(), ..utterance("Pour les ventes, tapez un; $(reboot) \"`.") };
    let english = speech.prompt(&english).await.unwrap();
    assert_ne!(french.narrow, english.narrow);
    for prompt in [&french, &english] {
        assert!((1_000..10_000).contains(&prompt.duration.as_millis()), "{:?}", prompt.duration);
        assert!((prompt.loudness - sound::LOUDNESS).abs() < 100, "{}", prompt.loudness);
        let reader = hound::WavReader::new(std::io::Cursor::new(&prompt.narrow)).unwrap();
        assert_eq!((reader.spec().sample_rate, reader.spec().channels), (sound::NARROW, 1));
    }
}
