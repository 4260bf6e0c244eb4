//! What holds after every test: nothing of ours is left on Asterisk, nothing is unfinished in the database, the log tells
//! nobody's number and no secret, and what the daemons did can be replayed.

use std::path::{Path, PathBuf};

use cadran::journal::Reader;
use cadran::replay::replay;

use super::wait::{SOON, eventually, holds};
use super::world::World;

/// What must be zero once everybody has gone home, in words and as a query.
const UNFINISHED: [(&str, &str); 4] = [
    ("attempts without an outcome", "select count(*) from attempt where outcome is null"),
    ("leads on their way", "select count(*) from lead where state in ('claimed', 'in_attempt')"),
    ("agent sessions that are open", "select count(*) from agent_session where ended_at is null"),
    ("recordings without a verdict", "select count(*) from recording where state = 'open'"),
];

/// How the numbers of the stories begin, as they are dialled and as they are written in France.
const NUMBERS: [&str; 5] = ["33199", "336399", "3326191", "0199", "06399"];

impl World {
    /// Sends everybody home, checks the closing conditions, and stops the daemon.
    ///
    /// Calls that are up are the story's to end: an agent logs out after theirs.
    pub(crate) async fn close(mut self) {
        self.send_home().await;
        eventually("nothing is left on the PBX", SOON, async || {
            let left = self.pair.pbx().made_by_cadran().await;
            holds(left.is_empty(), left)
        })
        .await;
        eventually("the network carries no call", SOON, async || {
            let left = self.pair.carrier().channels().await;
            holds(left.is_empty(), left)
        })
        .await;
        eventually("nothing is unfinished in the database", SOON, async || {
            let mut left = Vec::new();
            for (what, query) in UNFINISHED {
                match self.database.count(query).await {
                    0 => {}
                    count => left.push((what, count)),
                }
            }
            holds(left.is_empty(), left)
        })
        .await;
        let status = self.daemon.stop().await;
        assert!(status.success(), "the daemon stopped with {status}");
        self.check_log();
        self.replay_journals();
    }

    /// The log has neither numbers nor secrets, but for the details that are off unless somebody asks for them.
    fn check_log(&self) {
        let log = std::fs::read_to_string(self.setup.log()).unwrap();
        let is_number = |word: &str| {
            (9..=13).contains(&word.len())
                && word.bytes().all(|byte| byte.is_ascii_digit())
                && NUMBERS.iter().any(|begin| word.starts_with(begin))
        };
        let told = log.lines().filter(|line| !line.contains("DEBUG"));
        let tells = told.filter(|line| line.split(|letter: char| !letter.is_alphanumeric()).any(is_number));
        assert_eq!(tells.collect::<Vec<_>>(), Vec::<&str>::new(), "numbers in the log");
        for secret in [self.setup.fastagi_key(), &self.setup.asterisk_password] {
            assert!(!log.contains(secret), "a secret is in the log");
        }
    }

    /// What each daemon of the story did follows from its journal, also of one that was killed.
    fn replay_journals(&self) {
        let mut inputs = 0;
        for path in files(&self.setup.journals()) {
            let replayed = replay(&mut Reader::open(&path).unwrap(), None).unwrap();
            assert!(replayed.difference.is_none(), "{}: {:?}", path.display(), replayed.difference);
            inputs += replayed.inputs;
        }
        assert!(inputs > 10, "only {inputs} inputs were written down");
    }

    /// Pauses every campaign and logs everybody out.
    pub(crate) async fn send_home(&self) {
        for campaign in self.api.rows::<serde_json::Value>("/api/campaigns").await {
            if campaign["state"] == "running" {
                let id = campaign["id"].as_str().unwrap();
                self.api.ask(&format!("/api/campaigns/{id}/pause")).await;
            }
        }
        for agent in self.api.live().await.agents {
            self.api.ask(&format!("/api/agents/{}/log-out", agent.agent)).await;
        }
        eventually("everybody has gone home", SOON, async || {
            let live = self.api.live().await;
            holds(live.agents.is_empty() && live.calls.is_empty(), live)
        })
        .await;
    }
}

/// Every file below a directory: each tenant has its journals in one of its own.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
