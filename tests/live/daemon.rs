//! The daemon as a process of its own, so that it can be killed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::pair::demand_success;
use super::wait::{SOON, eventually};

/// Lines of the log that are shown when a test fails.
const LOG_LINES: usize = 60;

/// How to run a daemon: its configuration file, its address, and its log.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Directory for the configuration, the data and the log.
    pub(crate) home: PathBuf,
    /// Address and port of the API.
    pub(crate) listen: String,
    /// Base address of the PBX's ARI, without `/ari`.
    pub(crate) asterisk_url: String,
    pub(crate) asterisk_password: String,
    /// PostgreSQL; without it SQLite.
    pub(crate) database_url: Option<String>,
}

impl Setup {
    pub(crate) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    pub(crate) fn journals(&self) -> PathBuf {
        self.home.join("journals")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.join("daemon.log")
    }

    /// Where FastAGI listens.
    pub(crate) fn fastagi(&self) -> String {
        let address = self.listen.rsplit_once(':').map_or(self.listen.as_str(), |(address, _)| address);
        format!("{address}:4573")
    }

    /// The key of FastAGI's nonces.
    pub(crate) const fn fastagi_key(&self) -> &'static str {
        "a-key-of-this-test-alone"
    }

    fn config(&self) -> PathBuf {
        self.home.join("cadran.toml")
    }

    /// Writes the configuration file.
    pub(crate) fn write_config(&self) {
        let database = match &self.database_url {
            Some(url) => format!("[database]\nurl = \"{url}\"\n"),
            None => String::new(),
        };
        let key_file = self.home.join("fastagi.key");
        let text = format!(
            "[http]\nlisten = \"{}\"\nsecure_cookies = false\n{database}\
             [asterisk]\nurl = \"{}\"\nuser = \"cadran\"\npassword = \"{}\"\ncalls_per_second = 200.0\n\
             [files]\ndata = \"{}\"\n[journal]\ndirectory = \"{}\"\n\
             [fastagi]\nlisten = \"{}\"\nallow = [\"127.0.0.1\", \"{}\"]\nkey_file = \"{}\"\n",
            self.listen,
            self.asterisk_url,
            self.asterisk_password,
            self.data().display(),
            self.journals().display(),
            self.fastagi(),
            self.fastagi().trim_end_matches(":4573"),
            key_file.display(),
        );
        fs::create_dir_all(&self.home).unwrap();
        fs::write(&key_file, self.fastagi_key()).unwrap();
        fs::write(self.config(), text).unwrap();
    }

    /// Runs a subcommand to its end and returns what it printed.
    pub(crate) fn run(&self, subcommand: &[&str], arguments: &[&str]) -> String {
        let output = self.command(subcommand).args(arguments).output().unwrap();
        demand_success(&output, &subcommand.join(" "));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs the daemon, which must end by itself, and returns how it ended and what it said.
    pub(crate) async fn run_in_vain(&self) -> (ExitStatus, String) {
        let mut daemon = self.start();
        let status = eventually("the daemon ends by itself", SOON, async || {
            daemon.process.try_wait().unwrap().ok_or("it runs")
        })
        .await;
        (status, fs::read_to_string(self.log()).unwrap())
    }

    /// Starts the daemon. Its log goes on where an earlier one's ended.
    pub(crate) fn start(&self) -> Daemon {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let process = self
            .command(&["serve"])
            .env("RUST_LOG", "info,cadran=debug,cadran::http=info")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Daemon { process, log: self.log() }
    }

    fn command(&self, subcommand: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cadran"));
        command.args(subcommand).arg("--config").arg(self.config());
        command
    }
}

/// A daemon that runs. It is killed with whoever holds it.
#[derive(Debug)]
pub(crate) struct Daemon {
    process: Child,
    log: PathBuf,
}

impl Daemon {
    /// Ends it as a power failure does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        let pid = self.process.id().to_string();
        let output = Command::new("kill").args(["-TERM", &pid]).output().unwrap();
        demand_success(&output, "kill");
        eventually("the daemon stops", SOON, async || self.process.try_wait().unwrap().ok_or("it runs")).await
    }

    /// Waits until it answers on `listen`, and returns how long that took.
    pub(crate) async fn until_ready(&mut self, listen: &str) -> Duration {
        let began = Instant::now();
        let url = format!("http://{listen}/readyz");
        eventually("the daemon is ready", SOON, async || {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("the daemon ended with {status}\n{}", tail(&self.log));
            }
            match reqwest::get(&url).await {
                Ok(response) if response.status().is_success() => Ok(()),
                Ok(response) => Err(response.text().await.unwrap_or_default()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
        began.elapsed()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended before, which is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("the end of {}:\n{}", self.log.display(), tail(&self.log));
        }
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}
