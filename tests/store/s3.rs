//! A bucket on loopback: as much of the S3 protocol as one needs to put, read, look up and delete objects, and moods.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cadran::archive::{Bucket, bucket};
use object_store::ObjectStore;
use sha2::{Digest as _, Sha256};

/// The server: what it holds, and whether it answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct S3 {
    pub(crate) objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
    /// Every request is answered with 503.
    pub(crate) is_away: Arc<Mutex<bool>>,
}

impl S3 {
    /// A server on a port of its own, and the way to its bucket.
    pub(crate) async fn start() -> (Self, Arc<dyn ObjectStore>) {
        let server = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/recordings/{*name}", axum::routing::any(answer));
        let router = router.with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let config = Bucket {
            endpoint: Some(endpoint),
            region: "us-east-1".to_owned(),
            name: "recordings".to_owned(),
            access_key: "key".to_owned(),
            secret_key: "not-a-secret".into(),
            prefix: None,
        };
        (server, bucket(&config).unwrap())
    }
}

async fn answer(
    State(server): State<S3>,
    method: Method,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
    assert!(text("authorization").starts_with("AWS4-HMAC-SHA256 Credential=key/"), "{headers:?}");
    if *server.is_away.lock().unwrap() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut objects = server.objects.lock().unwrap();
    match method {
        Method::PUT => {
            let digest: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(text("x-amz-content-sha256"), digest);
            objects.insert(name, body);
            ([(header::ETAG, "\"1\"")], ()).into_response()
        }
        Method::DELETE => {
            objects.remove(&name);
            StatusCode::NO_CONTENT.into_response()
        }
        Method::GET | Method::HEAD => match objects.get(&name) {
            Some(object) => part(object.clone(), text("range"), method == Method::HEAD),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        other => panic!("{other} {name}"),
    }
}

fn part(object: Bytes, range: &str, is_head: bool) -> Response {
    let headers = [
        (header::ETAG, "\"1\"".to_owned()),
        (header::LAST_MODIFIED, "Fri, 20 Nov 2026 12:00:00 GMT".to_owned()),
    ];
    let size = object.len();
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        let length = [(header::CONTENT_LENGTH, size.to_string())];
        let body = if is_head { Bytes::new() } else { object };
        return (headers, length, body).into_response();
    };
    let (first, last): (usize, usize) =
        (first.parse().unwrap(), last.parse::<usize>().unwrap().min(size - 1));
    let place = [(header::CONTENT_RANGE, format!("bytes {first}-{last}/{size}"))];
    (StatusCode::PARTIAL_CONTENT, headers, place, object.slice(first..=last)).into_response()
}
