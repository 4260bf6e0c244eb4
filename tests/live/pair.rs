//! The two Asterisk servers of a test, started and stopped by the scripts that people use too.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::asterisk::Asterisk;
use super::sound::Sound;
use super::voices::MUSIC;

/// A PBX and the telephone network, in a directory of their own.
#[derive(Debug)]
pub(crate) struct Pair {
    directory: PathBuf,
    environment: BTreeMap<String, String>,
    http: reqwest::Client,
}

/// A call as the network saw it: a line of `calls.csv` or `phones.csv`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NetworkCall {
    pub(crate) dialled: String,
    /// The number that was shown.
    pub(crate) caller: String,
    pub(crate) status: u16,
    pub(crate) seconds_up: u64,
    /// `network` or `pbx`.
    pub(crate) ended_by: String,
}

impl Pair {
    /// Starts both; they take calls when this returns.
    pub(crate) async fn up(directory: &Path) -> Self {
        let mut pair = Self {
            directory: directory.to_owned(),
            environment: BTreeMap::new(),
            http: reqwest::Client::new(),
        };
        pair.run("asterisk-pair.sh", &["up"], &[]).await;
        let file = std::fs::read_to_string(directory.join("pair.env")).unwrap();
        let pairs = file.lines().filter_map(|line| line.split_once('='));
        pair.environment =
            pairs.map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned())).collect();
        pair.have_music();
        pair
    }

    /// Whoever waits hears two tones in which there is no voice: in real music there may be.
    fn have_music(&self) {
        let pbx = self.directory.join("pbx");
        let music = pbx.join("music");
        std::fs::create_dir(&music).unwrap();
        std::fs::write(music.join("tones.wav"), Sound::wav_of(&MUSIC, 8_000, 60)).unwrap();
        let class = format!("[default]\nmode = files\ndirectory = {}\n", music.display());
        std::fs::write(pbx.join("etc/musiconhold.conf"), class).unwrap();
        self.pbx_cli("moh reload");
    }

    /// Kills the PBX; everything in it is gone when this returns.
    pub(crate) async fn kill_pbx(&self) {
        self.run("asterisk-pair.sh", &["kill"], &["pbx"]).await;
    }

    /// Starts the PBX again with the files and the database that it had.
    pub(crate) async fn start_pbx(&self) {
        self.run("asterisk-pair.sh", &["start"], &["pbx"]).await;
    }

    /// Kills the telephone network, with the phones in it.
    pub(crate) async fn kill_carrier(&self) {
        self.run("asterisk-pair.sh", &["kill"], &["carrier"]).await;
    }

    /// Starts the telephone network again.
    pub(crate) async fn start_carrier(&self) {
        self.run("asterisk-pair.sh", &["start"], &["carrier"]).await;
    }

    /// Registers a phone under an account of the PBX; `behaviour` is one of those in `scripts/phone.sh`.
    pub(crate) async fn register_phone(&self, account: &str, secret: &str, behaviour: &str) {
        self.run("phone.sh", &["add"], &[account, secret, behaviour]).await;
    }

    pub(crate) fn pbx(&self) -> Asterisk {
        self.asterisk("PBX")
    }

    pub(crate) fn carrier(&self) -> Asterisk {
        self.asterisk("CARRIER")
    }

    fn asterisk(&self, which: &str) -> Asterisk {
        Asterisk {
            url: self.value(&format!("{which}_ARI_URL")).to_owned(),
            password: self.value(&format!("{which}_ARI_PASSWORD")).to_owned(),
            http: self.http.clone(),
        }
    }

    /// Where the PBX's ARI listens.
    pub(crate) fn pbx_address(&self) -> SocketAddr {
        let url = self.value("PBX_ARI_URL");
        let address = url.trim_start_matches("http://").trim_end_matches("/ari");
        address.parse().unwrap()
    }

    /// Where the network takes calls.
    pub(crate) fn carrier_sip(&self) -> SocketAddr {
        self.value("CARRIER_SIP_ADDRESS").parse().unwrap()
    }

    /// Where the PBX takes SIP.
    pub(crate) fn pbx_sip(&self) -> SocketAddr {
        self.value("PBX_SIP_ADDRESS").parse().unwrap()
    }

    /// Where the agents' phones are.
    pub(crate) fn phones_sip(&self) -> SocketAddr {
        self.value("PHONES_SIP_ADDRESS").parse().unwrap()
    }

    /// The process of the PBX.
    pub(crate) fn pbx_process(&self) -> u32 {
        std::fs::read_to_string(self.value("PBX_PID_FILE")).unwrap().trim().parse().unwrap()
    }

    /// What is in one of the PBX's log files, such as `security`.
    pub(crate) fn pbx_log(&self, name: &str) -> String {
        std::fs::read_to_string(Path::new(self.value("PBX_LOG")).with_file_name(name)).unwrap()
    }

    /// Adds lines to one of the PBX's configuration files; it reads them when it is told to.
    pub(crate) fn add_to_pbx(&self, file: &str, lines: &str) {
        let file = self.directory.join("pbx/etc").join(file);
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, before + lines).unwrap();
    }

    /// Calls to numbers that are over, in the order in which they ended.
    pub(crate) fn calls(&self) -> Vec<NetworkCall> {
        network_calls(Path::new(self.value("CARRIER_CALLS")))
    }

    /// Calls to agents' phones that are over, in the order in which they ended.
    pub(crate) fn phone_calls(&self) -> Vec<NetworkCall> {
        network_calls(Path::new(self.value("CARRIER_PHONE_CALLS")))
    }

    /// Records what is heard at the network's end of a channel into `file`, a WAV file.
    pub(crate) fn record_what_is_heard(&self, channel_name: &str, file: &Path) {
        let mixed = file.with_extension("mixed.wav");
        self.carrier_cli(&format!(
            "mixmonitor start {channel_name} {},r({})",
            mixed.display(),
            file.display()
        ));
    }

    /// A sound that comes with Asterisk, in a language.
    pub(crate) fn sound(&self, language: &str, name: &str) -> Sound {
        let file = Path::new(self.value("ASTERISK_DATA")).join("sounds").join(language).join(name);
        Sound::voices_of(&std::fs::read(file.with_extension("wav")).unwrap()).remove(0)
    }

    /// Has the network's Asterisk carry out a command of its console.
    pub(crate) fn carrier_cli(&self, command: &str) {
        self.cli("CARRIER_CLI", command);
    }

    /// Has the PBX carry out a command of its console; gives what it says.
    pub(crate) fn pbx_cli(&self, command: &str) -> String {
        self.cli("PBX_CLI", command)
    }

    fn cli(&self, which: &str, command: &str) -> String {
        let mut words = self.value(which).split(' ');
        let output = Command::new(words.next().unwrap()).args(words).arg(command).output().unwrap();
        demand_success(&output, command);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn value(&self, key: &str) -> &str {
        match self.environment.get(key) {
            Some(value) => value,
            None => panic!("pair.env has no {key}"),
        }
    }

    async fn run(&self, script: &str, before: &[&str], behind: &[&str]) {
        let mut command = tokio::process::Command::from(script_command(script));
        command.args(before).arg(&self.directory).args(behind);
        demand_success(&command.output().await.unwrap(), script);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let output = script_command("asterisk-pair.sh").arg("down").arg(&self.directory).output();
        // A panic here while a test fails would hide why it failed.
        if let Err(error) = output {
            eprintln!("{} is not stopped: {error}", self.directory.display());
        }
    }
}

/// A script of the repository.
pub(crate) fn script_command(script: &str) -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(script))
}

pub(crate) fn demand_success(output: &Output, what: &str) {
    assert!(
        output.status.success(),
        "{what}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn network_calls(file: &Path) -> Vec<NetworkCall> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    let columns = reader.headers().unwrap().clone();
    let call = |row: csv::StringRecord| {
        let cell = |name: &str| {
            let index = columns.iter().position(|column| column == name).unwrap();
            row[index].to_owned()
        };
        NetworkCall {
            dialled: cell("dialled"),
            caller: cell("caller"),
            status: cell("status").parse().unwrap(),
            seconds_up: cell("seconds_up").parse().unwrap(),
            ended_by: cell("ended_by"),
        }
    };
    reader.records().map(|row| call(row.unwrap())).collect()
}
