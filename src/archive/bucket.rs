//! A bucket, by the S3 protocol: at Amazon, or on any server that speaks it.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use secrecy::{ExposeSecret as _, SecretString};

/// How often and for how long a request is repeated at once. After that the archivist comes back to it later.
const RETRIES_MAX: usize = 2;
const RETRY_TIME_MAX: Duration = Duration::from_secs(15);

/// How long a server may take to take the connection, and a request in all: 8 MiB over a slow line.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
const REQUEST_TIME_MAX: Duration = Duration::from_secs(60);

/// Where a bucket is, and who may use it.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The server's address, such as `https://s3.example.org`; Amazon's own when absent.
    pub endpoint: Option<String>,
    /// The region; servers other than Amazon's take any.
    pub region: String,
    /// The bucket's name.
    pub name: String,
    /// Name of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: SecretString,
    /// What the names of all files begin with, if anything.
    pub prefix: Option<String>,
}

/// The way to a bucket. Nothing is asked of the server yet.
pub fn bucket(config: &Bucket) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    let retry =
        RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_TIME_MAX, ..RetryConfig::default() };
    let options = ClientOptions::new().with_connect_timeout(CONNECT_TIME_MAX).with_timeout(REQUEST_TIME_MAX);
    let is_plain = config.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let mut builder = AmazonS3Builder::new()
        .with_client_options(options.with_allow_http(is_plain))
        .with_retry(retry)
        // One request more for each file, and servers that know no deletion of many are served too.
        .with_disable_bulk_delete(true)
        .with_region(&config.region)
        .with_bucket_name(&config.name)
        .with_access_key_id(&config.access_key)
        .with_secret_access_key(config.secret_key.expose_secret());
    if let Some(endpoint) = &config.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let bucket = builder.build()?;
    Ok(match &config.prefix {
        Some(prefix) => Arc::new(PrefixStore::new(bucket, prefix.as_str())),
        None => Arc::new(bucket),
    })
}
