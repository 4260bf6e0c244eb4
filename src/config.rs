//! What a person wrote about this installation: addresses, the database, the Asterisk server, directories.
//!
//! One TOML file. What belongs to campaigns, agents and trunks is in the database and changed through the API.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cadran_engine::model::RateLimit;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::journal::Limits;
use crate::safe::Safe;

mod inbound;
mod tenancy;
mod watching;

pub use inbound::{FastAgi, Flows, Mail, MailLanguage, Speech, SpeechEngine};
pub use watching::{Probe, Tap};

/// The configuration, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the API and the console are served.
    #[serde(default)]
    pub http: Http,
    /// Where settings and history are kept.
    #[serde(default)]
    pub database: Database,
    /// The Asterisk server that this daemon drives.
    pub asterisk: Asterisk,
    /// Where files are kept.
    #[serde(default)]
    pub files: Files,
    /// The law.
    #[serde(default)]
    pub compliance: Compliance,
    /// Whether everything that happens is written down.
    #[serde(default)]
    pub journal: Journal,
    /// What becomes of recordings after the call.
    #[serde(default)]
    pub recordings: Recordings,
    /// Our own question to the trunks' far ends.
    #[serde(default)]
    pub probe: Probe,
    /// Where the sound of conversations arrives that programs hear.
    #[serde(default)]
    pub tap: Tap,
    /// How small secrets are kept.
    #[serde(default)]
    pub secrets: Secrets,
    /// FastAGI for a dialplan of one's own.
    pub fastagi: Option<FastAgi>,
    /// What flows may use.
    #[serde(default)]
    pub flows: Flows,
    /// Where mail goes.
    pub mail: Option<Mail>,
    /// What speaks texts.
    #[serde(default)]
    pub speech: Speech,
}

/// How small secrets are kept: second factors and what webhooks sign with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// File with the keys that seal them in the database, one a line, the one in use first. Without it they are kept
    /// as they are.
    pub key_file: Option<PathBuf>,
}

impl Secrets {
    /// What seals them.
    pub fn safe(&self) -> Result<Safe, Error> {
        let Some(file) = &self.key_file else { return Ok(Safe::default()) };
        Safe::parse(&read(file)?).map_err(|error| Error::value(file, "secrets.key_file", error.to_string()))
    }
}

/// The law.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Compliance {
    /// A directory of further rule packs, beside those that Cadran ships.
    pub packs: Option<PathBuf>,
}

/// Where the API and the console are served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port. Loopback unless a reverse proxy with TLS stands in front of another address.
    pub listen: SocketAddr,
    /// Whether sign-in cookies need HTTPS. Off for plain HTTP on loopback only.
    pub secure_cookies: bool,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), secure_cookies: true }
    }
}

/// Where settings and history are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `postgres://…`; without it a SQLite file in the data directory. May hold a password.
    pub url: Option<SecretString>,
}

/// The Asterisk server that this daemon drives.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asterisk {
    /// Base address of ARI, such as `http://127.0.0.1:8088`.
    pub url: String,
    /// User of `ari.conf`.
    pub user: String,
    /// Password of that user, or `password_file`.
    pub password: Option<SecretString>,
    /// File whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Name of the Stasis application. Two daemons never share one.
    #[serde(default = "Asterisk::default_app")]
    pub app: String,
    /// Calls per second that may be begun on this server.
    #[serde(default = "Asterisk::default_calls_per_second")]
    pub calls_per_second: f64,
    /// Calls that may be up on this server.
    #[serde(default = "Asterisk::default_concurrent_calls")]
    pub concurrent_calls: u32,
    /// Where this server sees the directory of sounds, when it is not where the daemon sees it.
    pub sounds: Option<PathBuf>,
}

impl Asterisk {
    fn default_app() -> String {
        "cadran".to_owned()
    }

    const fn default_calls_per_second() -> f64 {
        50.0
    }

    const fn default_concurrent_calls() -> u32 {
        1000
    }

    /// How fast and how many, for the server as a whole.
    pub const fn limit(&self) -> RateLimit {
        RateLimit { calls_per_second: self.calls_per_second, concurrent_calls: self.concurrent_calls }
    }

    /// The password, from the file if it is in one.
    pub fn read_password(&self) -> Result<SecretString, Error> {
        match (&self.password, &self.password_file) {
            (Some(password), None) => Ok(password.clone()),
            (None, Some(file)) => first_line(file, "asterisk.password_file"),
            (None, None) | (Some(_), Some(_)) => Err(Error::Key {
                key: "asterisk.password",
                problem: "give either `password` or `password_file`, and not both".to_owned(),
            }),
        }
    }
}

/// Where files are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// The database file and whatever else must survive a restart.
    pub data: PathBuf,
    /// Recordings until they are archived; by default a directory of `data`.
    pub recordings: Option<PathBuf>,
    /// Archived recordings, unless they go to a bucket; by default a directory of `data`.
    pub archive: Option<PathBuf>,
    /// Sounds that callers hear, which Asterisk reads; by default a directory of `data`.
    pub sounds: Option<PathBuf>,
    /// Messages that callers leave; by default a directory of `data`.
    pub messages: Option<PathBuf>,
}

impl Default for Files {
    fn default() -> Self {
        let data = PathBuf::from("/var/lib/cadran");
        Self { data, recordings: None, archive: None, sounds: None, messages: None }
    }
}

impl Files {
    /// Where recordings are written.
    pub fn recordings(&self) -> PathBuf {
        self.recordings.clone().unwrap_or_else(|| self.data.join("recordings"))
    }

    /// Where recordings are kept once they are encoded.
    pub fn archive(&self) -> PathBuf {
        self.archive.clone().unwrap_or_else(|| self.data.join("archive"))
    }

    /// Where sounds are that callers hear.
    pub fn sounds(&self) -> PathBuf {
        self.sounds.clone().unwrap_or_else(|| self.data.join("sounds"))
    }

    /// Where messages are that callers left.
    pub fn messages(&self) -> PathBuf {
        self.messages.clone().unwrap_or_else(|| self.data.join("messages"))
    }
}

/// What becomes of recordings after the call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recordings {
    /// Thousand bits per second of the encoded files, both sides together.
    pub kilobits_per_second: u16,
    /// File with the keys that encrypt archived files, one a line, the one in use first. Without it nothing is
    /// encrypted.
    pub key_file: Option<PathBuf>,
    /// What recordings are for, in the words of the rule packs.
    pub purpose: String,
    /// Ids of the rule packs that say how long recordings are kept. Without any nothing is deleted by itself.
    pub retention: Vec<String>,
    /// For how many days backups hold what was deleted.
    pub backup_days: u16,
    /// A bucket that archived files go to; without it they go to the archive directory.
    pub bucket: Option<Bucket>,
}

impl Default for Recordings {
    fn default() -> Self {
        Self {
            kilobits_per_second: 32,
            key_file: None,
            purpose: "training_quality".to_owned(),
            retention: Vec::new(),
            backup_days: 30,
            bucket: None,
        }
    }
}

/// A bucket, by the S3 protocol.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Address of the server; Amazon's own when absent.
    pub endpoint: Option<String>,
    /// Region; servers other than Amazon's take any.
    #[serde(default = "Bucket::default_region")]
    pub region: String,
    /// Name of the bucket.
    pub name: String,
    /// Name of the access key.
    pub access_key: String,
    /// File whose first line is the secret key.
    pub secret_key_file: PathBuf,
    /// What the names of all files begin with, for a tenant that is not the first.
    #[serde(skip)]
    pub prefix: Option<String>,
}

impl Bucket {
    fn default_region() -> String {
        "us-east-1".to_owned()
    }

    /// The secret key, from its file.
    pub fn read_secret_key(&self) -> Result<SecretString, Error> {
        first_line(&self.secret_key_file, "recordings.bucket.secret_key_file")
    }
}

/// Whether everything that happens is written down, for `cadran replay`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// Where to; without it there is no journal. The files hold telephone numbers and notes.
    pub directory: Option<PathBuf>,
    /// Megabytes that the journal of one run may take up.
    pub size_max_mb: u32,
    /// Days for which the journals of earlier runs are kept.
    pub days_max: u32,
}

impl Default for Journal {
    fn default() -> Self {
        Self { directory: None, size_max_mb: 1024, days_max: 30 }
    }
}

impl Journal {
    /// What it may take up.
    pub const fn limits(&self) -> Limits {
        const DAY: u64 = 24 * 60 * 60;
        Limits {
            size_max: self.size_max_mb as u64 * 1024 * 1024,
            age_max: Duration::from_secs(self.days_max as u64 * DAY),
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{}: cannot be read: {problem}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        problem: std::io::Error,
    },
    /// The file is not TOML, has an unknown key, lacks one, or holds a value of the wrong kind.
    #[error("{}:{line}:{column}: {problem}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong, with the key.
        problem: String,
    },
    /// A value is well formed but makes no sense.
    #[error("{}: `{key}`: {problem}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which key.
        key: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// Keys that do not go together.
    #[error("`{key}`: {problem}")]
    Key {
        /// Which key.
        key: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

impl Error {
    fn value(path: &Path, key: &'static str, problem: impl Into<String>) -> Self {
        Self::Value { path: path.to_owned(), key, problem: problem.into() }
    }
}

impl Config {
    /// Reads and checks the configuration in a file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = read(path)?;
        let config: Self = toml::from_str(&text).map_err(|error| malformed(path, &text, &error))?;
        config.check(path)?;
        Ok(config)
    }

    fn check(&self, path: &Path) -> Result<(), Error> {
        let asterisk = &self.asterisk;
        if !asterisk.url.starts_with("http://") && !asterisk.url.starts_with("https://") {
            let problem = "must begin with http:// or https://, such as http://127.0.0.1:8088";
            return Err(Error::value(path, "asterisk.url", problem));
        }
        let app_is_plain =
            asterisk.app.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if asterisk.app.is_empty() || !app_is_plain {
            return Err(Error::value(path, "asterisk.app", "may hold letters, digits, `-` and `_` only"));
        }
        if !(asterisk.calls_per_second > 0.0 && asterisk.calls_per_second.is_finite()) {
            return Err(Error::value(path, "asterisk.calls_per_second", "must be more than 0"));
        }
        if asterisk.concurrent_calls == 0 {
            return Err(Error::value(path, "asterisk.concurrent_calls", "must be more than 0"));
        }
        if let Some(url) = &self.database.url
            && !url.expose_secret().starts_with("postgres://")
            && !url.expose_secret().starts_with("postgresql://")
        {
            let problem = "must begin with postgres://; leave it out for SQLite in the data directory";
            return Err(Error::value(path, "database.url", problem));
        }
        if !self.http.secure_cookies && !self.http.listen.ip().is_loopback() {
            let problem = "may be false only while `http.listen` is a loopback address";
            return Err(Error::value(path, "http.secure_cookies", problem));
        }
        if !(16..=128).contains(&self.recordings.kilobits_per_second) {
            let problem = "must be between 16 and 128; 24 to 32 is right for telephone calls";
            return Err(Error::value(path, "recordings.kilobits_per_second", problem));
        }
        if asterisk.password.is_some() == asterisk.password_file.is_some() {
            let problem = "give either `password` or `password_file`, and not both";
            return Err(Error::value(path, "asterisk.password", problem));
        }
        if let Some(fastagi) = &self.fastagi {
            fastagi.check(path)?;
        }
        if let Some(mail) = &self.mail {
            mail.check(path)?;
        }
        self.probe.check(path)?;
        self.tap.check(path)?;
        self.speech.check(path)
    }
}

/// The configuration as it is in effect, for a person to read. Secrets are left out.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { http, database, asterisk, files, compliance, journal, recordings, secrets, .. } = self;
        let Self { fastagi, flows, mail, probe, speech, tap, .. } = self;
        writeln!(f, "[http]\nlisten = \"{}\"\nsecure_cookies = {}\n", http.listen, http.secure_cookies)?;
        match &database.url {
            Some(_) => writeln!(f, "[database]\nurl = \"(not shown)\"\n")?,
            None => writeln!(f, "# [database]: SQLite in the data directory\n")?,
        }
        writeln!(f, "[asterisk]\nurl = \"{}\"\nuser = \"{}\"", asterisk.url, asterisk.user)?;
        match &asterisk.password_file {
            Some(file) => writeln!(f, "password_file = \"{}\"", file.display())?,
            None => writeln!(f, "password = \"(not shown)\"")?,
        }
        writeln!(f, "app = \"{}\"\ncalls_per_second = {:?}", asterisk.app, asterisk.calls_per_second)?;
        writeln!(f, "concurrent_calls = {}", asterisk.concurrent_calls)?;
        if let Some(sounds) = &asterisk.sounds {
            writeln!(f, "sounds = \"{}\"", sounds.display())?;
        }
        writeln!(f)?;
        writeln!(f, "[files]\ndata = \"{}\"", files.data.display())?;
        writeln!(f, "recordings = \"{}\"", files.recordings().display())?;
        writeln!(f, "archive = \"{}\"", files.archive().display())?;
        writeln!(f, "sounds = \"{}\"", files.sounds().display())?;
        writeln!(f, "messages = \"{}\"\n", files.messages().display())?;
        match &compliance.packs {
            Some(packs) => writeln!(f, "[compliance]\npacks = \"{}\"\n", packs.display())?,
            None => writeln!(f, "# [compliance]: the rule packs that Cadran ships\n")?,
        }
        match &journal.directory {
            None => writeln!(f, "# [journal]: none\n")?,
            Some(directory) => writeln!(
                f,
                "[journal]\ndirectory = \"{}\"\nsize_max_mb = {}\ndays_max = {}\n",
                directory.display(),
                journal.size_max_mb,
                journal.days_max
            )?,
        }
        write!(f, "{recordings}\n\n{speech}\n\n{flows}")?;
        write!(f, "\n\n{probe}\n\n{tap}")?;
        match &secrets.key_file {
            Some(file) => write!(f, "\n\n[secrets]\nkey_file = \"{}\"", file.display())?,
            None => write!(f, "\n\n# [secrets]: kept as they are")?,
        }
        match fastagi {
            Some(fastagi) => write!(f, "\n\n{fastagi}")?,
            None => write!(f, "\n\n# [fastagi]: nobody listens")?,
        }
        match mail {
            Some(mail) => write!(f, "\n\n{mail}"),
            None => write!(f, "\n\n# [mail]: nobody is told"),
        }
    }
}

impl fmt::Display for Recordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kilobits_per_second, key_file, purpose, retention, backup_days, bucket } = self;
        writeln!(f, "[recordings]\nkilobits_per_second = {kilobits_per_second}")?;
        if let Some(file) = key_file {
            writeln!(f, "key_file = \"{}\"", file.display())?;
        }
        write!(f, "purpose = {purpose:?}\nretention = {retention:?}\nbackup_days = {backup_days}")?;
        let Some(Bucket { endpoint, region, name, access_key, secret_key_file, prefix: _ }) = bucket else {
            return Ok(());
        };
        write!(
            f,
            "\n\n[recordings.bucket]\nregion = {region:?}\nname = {name:?}\naccess_key = {access_key:?}"
        )?;
        if let Some(endpoint) = endpoint {
            write!(f, "\nendpoint = {endpoint:?}")?;
        }
        write!(f, "\nsecret_key_file = \"{}\"", secret_key_file.display())
    }
}

/// A secret that is the first line of a file.
fn first_line(file: &Path, key: &'static str) -> Result<SecretString, Error> {
    let text = read(file)?;
    let first = text.lines().next().unwrap_or_default().trim();
    if first.is_empty() {
        return Err(Error::value(file, key, "the first line of that file is empty"));
    }
    Ok(SecretString::from(first.to_owned()))
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|problem| Error::Unreadable { path: path.to_owned(), problem })
}

fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Error::Malformed { path: path.to_owned(), line, column, problem: error.message().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str =
        "[asterisk]\nurl = \"http://127.0.0.1:8088\"\nuser = \"cadran\"\npassword = \"x\"\n";

    fn load(text: &str) -> Result<Config, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cadran.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path)
            .map_err(|error| error.to_string().replace(&format!("{}", path.display()), "cadran.toml"))
    }

    #[test]
    fn the_smallest_file_is_enough() {
        let config = load(SMALLEST).unwrap();
        assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.files.recordings(), Path::new("/var/lib/cadran/recordings"));
    }

    #[test]
    fn a_refusal_names_file_line_and_key() {
        let cases = [
            (
                "[asterisk]\nurl = 5\n".to_owned(),
                "cadran.toml:2:7: invalid type: integer `5`, expected a string",
            ),
            (format!("{SMALLEST}\n[http]\nport = 1\n"), "cadran.toml:7:1: unknown field `port`"),
            (SMALLEST.replace("http://", "ftp://"), "cadran.toml: `asterisk.url`: must begin with http://"),
            (
                format!("{SMALLEST}calls_per_second = 0.0\n"),
                "`asterisk.calls_per_second`: must be more than 0",
            ),
            (
                format!("{SMALLEST}[recordings]\nkilobits_per_second = 8\n"),
                "`recordings.kilobits_per_second`: must be between 16 and 128",
            ),
            (format!("{SMALLEST}[probe]\nevery = 0\n"), "`probe.every`: must be between 1 and 3600"),
            (
                format!("{SMALLEST}[tap]\naddress = \"0.0.0.0\"\n"),
                "`tap.address`: must be one address of this machine",
            ),
            (format!("{SMALLEST}password_file = \"/x\"\n"), "give either `password` or `password_file`"),
            (
                format!("{SMALLEST}[database]\nurl = \"mysql://x\"\n"),
                "`database.url`: must begin with postgres://",
            ),
            (
                format!("{SMALLEST}[http]\nlisten = \"192.0.2.1:80\"\nsecure_cookies = false\n"),
                "`http.secure_cookies`: may be false only while",
            ),
        ];
        for (text, expected) in cases {
            let refusal = load(&text).unwrap_err();
            assert!(refusal.contains(expected), "{refusal:?} does not say {expected:?}");
        }
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let bucket = "[recordings]\nkey_file = \"/k\"\n[recordings.bucket]\nname = \"b\"\naccess_key = \"a\"\n\
                      endpoint = \"https://s3.example.org\"\nsecret_key_file = \"/s\"\n";
        let text = format!("{}{bucket}", SMALLEST.replace("\"x\"", "\"tr0ub4dor\""));
        let shown = load(&text).unwrap().to_string();
        assert!(!shown.contains("tr0ub4dor"), "{shown}");
        assert!(toml::from_str::<toml::Table>(&shown).is_ok(), "{shown}");
    }
}
