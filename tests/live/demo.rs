//! The demonstration, as a newcomer has it, with a handful of calls.

use tokio::process::Command;

use super::pair::{Pair, demand_success, script_command};
use super::world::Home;

const CALLS: &str = "8";

/// It ends by itself, and in success only when the database, the telephone network and Asterisk counted the same calls.
#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_ends_with_counts_that_agree() {
    let home = Home::build();
    let pair = Pair::up(home.path()).await;
    let listen = format!("{}:8080", pair.pbx_address().ip());
    let mut demo = Command::new(env!("CARGO_BIN_EXE_cadran"));
    demo.args(["demo", "--exit", "--calls", CALLS, "--listen", &listen, "--pair"]).arg(home.path());
    demo.arg("--phones").arg(script_command("phone.sh").get_program());
    let output = demo.kill_on_drop(true).output().await.unwrap();
    demand_success(&output, "cadran demo");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("Everything agrees."), "{said}");
}
