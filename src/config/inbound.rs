//! What callers need around the calls themselves: FastAGI, speech, mail, and the secrets of flows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::{Error, first_line};
use crate::mail::Security;
use crate::words::Language;

/// FastAGI for a dialplan of one's own. Without the section nobody listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FastAgi {
    /// Address and port. FastAGI has no encryption: loopback, or a network of one's own.
    pub listen: SocketAddr,
    /// The Asterisk servers that may connect; without any, those of loopback.
    pub allow: Vec<IpAddr>,
    /// File whose first line is the key of the nonces. Needed as soon as others than this machine may connect.
    pub key_file: Option<PathBuf>,
    /// Conversations at a time.
    pub connections_max: usize,
}

impl Default for FastAgi {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 4573)),
            allow: Vec::new(),
            key_file: None,
            connections_max: 1_000,
        }
    }
}

impl FastAgi {
    /// The key of the nonces.
    pub fn read_key(&self) -> Result<Option<SecretString>, Error> {
        self.key_file.as_deref().map(|file| first_line(file, "fastagi.key_file")).transpose()
    }

    /// Who may connect.
    pub fn peers(&self) -> Vec<IpAddr> {
        if self.allow.is_empty() {
            return vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
        }
        self.allow.clone()
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), Error> {
        let is_local = self.listen.ip().is_loopback() && self.allow.iter().all(IpAddr::is_loopback);
        if !is_local && self.key_file.is_none() {
            let problem = "is needed when other machines may connect; write one line of 32 random characters";
            return Err(Error::value(path, "fastagi.key_file", problem));
        }
        if !self.listen.ip().is_loopback() && self.allow.is_empty() {
            let problem =
                "name the addresses of your Asterisk servers; FastAGI itself asks nobody who they are";
            return Err(Error::value(path, "fastagi.allow", problem));
        }
        if self.connections_max == 0 {
            return Err(Error::value(path, "fastagi.connections_max", "must be more than 0"));
        }
        Ok(())
    }
}

/// What speaks texts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Speech {
    /// Which kind of speaker.
    pub engine: SpeechEngine,
    /// The program of espeak-ng.
    pub program: PathBuf,
    /// Address of a server, without `/audio/speech`.
    pub url: Option<String>,
    /// The model that the server is asked for.
    pub model: String,
    /// The server's voice where a flow names none.
    pub voice: String,
    /// File whose first line opens the server.
    pub key_file: Option<PathBuf>,
}

/// Which kind of speaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeechEngine {
    /// The program espeak-ng.
    #[default]
    Espeak,
    /// Nothing: texts are heard as the fallback.
    None,
    /// A server with the address `/audio/speech`.
    Remote,
}

impl Default for Speech {
    fn default() -> Self {
        Self {
            engine: SpeechEngine::default(),
            program: PathBuf::from("espeak-ng"),
            url: None,
            model: "tts-1".to_owned(),
            voice: "alloy".to_owned(),
            key_file: None,
        }
    }
}

impl Speech {
    /// What opens the server.
    pub fn read_key(&self) -> Result<Option<SecretString>, Error> {
        self.key_file.as_deref().map(|file| first_line(file, "speech.key_file")).transpose()
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), Error> {
        let url = self.url.as_deref().unwrap_or_default();
        let is_web = url.starts_with("http://") || url.starts_with("https://");
        if self.engine == SpeechEngine::Remote && !is_web {
            let problem = "must begin with http:// or https:// when `speech.engine` is `remote`";
            return Err(Error::value(path, "speech.url", problem));
        }
        Ok(())
    }
}

/// Where mail goes. Without the section nobody is told of messages by e-mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Name of the server.
    pub host: String,
    /// Its port.
    #[serde(default = "Mail::default_port")]
    pub port: u16,
    /// How the way to it is secured: `start_tls`, `tls` or `none`.
    #[serde(default)]
    pub security: Security,
    /// Our name there.
    pub user: Option<String>,
    /// File whose first line is our password there.
    pub password_file: Option<PathBuf>,
    /// The address that mail comes from.
    pub from: String,
    /// The language of the words around a message: `fr` or `en`.
    #[serde(default)]
    pub language: MailLanguage,
}

/// The language of mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailLanguage {
    /// English.
    En,
    /// French.
    #[default]
    Fr,
}

impl From<MailLanguage> for Language {
    fn from(language: MailLanguage) -> Self {
        match language {
            MailLanguage::En => Self::English,
            MailLanguage::Fr => Self::French,
        }
    }
}

impl Mail {
    const fn default_port() -> u16 {
        587
    }

    /// Who we are at the server.
    pub fn read_credentials(&self) -> Result<Option<(String, SecretString)>, Error> {
        let Some(user) = &self.user else { return Ok(None) };
        let Some(file) = &self.password_file else { return Ok(None) };
        Ok(Some((user.clone(), first_line(file, "mail.password_file")?)))
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), Error> {
        if !crate::mail::is_address(&self.from) {
            return Err(Error::value(path, "mail.from", "must be an address such as cadran@example.org"));
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err(Error::value(path, "mail.user", "give `user` and `password_file`, or neither"));
        }
        Ok(())
    }
}

/// What flows may use.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Flows {
    /// By the name that flows give it in `secret_ref`, the file whose first line it is.
    pub secrets: BTreeMap<String, PathBuf>,
    /// Hosts of one's own network that flows may ask all the same, by name or address. All others are refused.
    pub private_hosts: BTreeSet<String>,
}

impl Flows {
    /// Every secret, from its file.
    pub fn read_secrets(&self) -> Result<BTreeMap<String, SecretString>, Error> {
        let read = |(name, file): (&String, &PathBuf)| Ok((name.clone(), first_line(file, "flows.secrets")?));
        self.secrets.iter().map(read).collect()
    }
}

impl fmt::Display for FastAgi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { listen, allow, key_file, connections_max } = self;
        let allow: Vec<String> = allow.iter().map(ToString::to_string).collect();
        write!(
            f,
            "[fastagi]\nlisten = \"{listen}\"\nallow = {allow:?}\nconnections_max = {connections_max}"
        )?;
        file(f, "key_file", key_file.as_deref())
    }
}

impl fmt::Display for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, program, url, model, voice, key_file } = self;
        let engine = match engine {
            SpeechEngine::Espeak => "espeak",
            SpeechEngine::None => "none",
            SpeechEngine::Remote => "remote",
        };
        write!(f, "[speech]\nengine = {engine:?}\nprogram = \"{}\"\n", program.display())?;
        if let Some(url) = url {
            writeln!(f, "url = {url:?}")?;
        }
        write!(f, "model = {model:?}\nvoice = {voice:?}")?;
        file(f, "key_file", key_file.as_deref())
    }
}

impl fmt::Display for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, security, user, password_file, from, language } = self;
        let security = match security {
            Security::None => "none",
            Security::StartTls => "start_tls",
            Security::Tls => "tls",
        };
        let language = Language::from(*language).tag();
        write!(f, "[mail]\nhost = {host:?}\nport = {port}\nsecurity = {security:?}\nfrom = {from:?}")?;
        write!(f, "\nlanguage = {language:?}")?;
        if let Some(user) = user {
            write!(f, "\nuser = {user:?}")?;
        }
        file(f, "password_file", password_file.as_deref())
    }
}

impl fmt::Display for Flows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<&String> = self.private_hosts.iter().collect();
        write!(f, "[flows]\nprivate_hosts = {hosts:?}\n\n[flows.secrets]")?;
        self.secrets.iter().try_for_each(|(name, path)| write!(f, "\n{name:?} = \"{}\"", path.display()))
    }
}

fn file(f: &mut fmt::Formatter<'_>, key: &str, path: Option<&Path>) -> fmt::Result {
    match path {
        Some(path) => write!(f, "\n{key} = \"{}\"", path.display()),
        None => Ok(()),
    }
}
