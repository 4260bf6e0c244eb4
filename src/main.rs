//! The command line.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use cadran::audit::Anchor;
use cadran::config::Config;
use cadran::{accounts, audit, compliance_check, demo, dry_run, flow, replay, serve, simulate};
use cadran_engine::model::{CampaignId, ListId, Role};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// A call-centre engine for Asterisk.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Which configuration.
#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The configuration file.
    #[arg(long, short, env = "CADRAN_CONFIG", default_value = "/etc/cadran/cadran.toml")]
    config: PathBuf,
}

/// Whose rows.
#[derive(Debug, clap::Args)]
struct TenantOption {
    /// The short name of a tenant; without it the first.
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon.
    Serve(ConfigFile),
    /// Bring the database up to date, and do nothing else.
    Migrate(ConfigFile),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at campaigns.
    #[command(subcommand)]
    Campaign(CampaignCommand),
    /// Manage console accounts.
    #[command(subcommand)]
    User(UserCommand),
    /// Look at the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Look at the rules of law.
    #[command(subcommand)]
    Compliance(ComplianceCommand),
    /// Look at flows: what callers hear and where they are led.
    #[command(subcommand)]
    Flow(flow::Command),
    /// Run a campaign on a pair of Asterisk servers, one of which plays the telephone network; see `make demo`.
    Demo(demo::Options),
    /// Play a journal again: the same inputs give the same commands.
    Replay(replay::Options),
    /// Predict what an algorithm makes of a day, before the first call.
    Simulate(simulate::Options),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say what is wrong with the configuration, with file, line and key.
    Check(ConfigFile),
    /// Print the configuration that is in effect.
    Print {
        #[command(flatten)]
        file: ConfigFile,
        /// Leave secrets out. They are never printed; the option says that you know.
        #[arg(long, required = true)]
        redacted: bool,
    },
}

#[derive(Debug, Subcommand)]
enum CampaignCommand {
    /// Count how many leads could be called at this moment, and why the others could not. Nobody is called.
    DryRun {
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        whose: TenantOption,
        /// The campaign, such as cmp_12.
        campaign: CampaignId,
        /// One of its lists only, such as lst_3.
        #[arg(long)]
        list: Option<ListId>,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Create an account and print its first password, which must be changed at the first sign-in.
    Add {
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        whose: TenantOption,
        /// What the person types to sign in.
        login: String,
        /// `admin`, `campaign_manager`, `platform_admin`, `qa`, `supervisor`, `viewer` or `wallboard`. An agent's account belongs to an agent: see the API.
        #[arg(long, value_parser = role)]
        role: Role,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Say whether the log is whole: nothing changed, nothing missing, nothing cut off. Exit code 1: it is not.
    Verify {
        #[command(flatten)]
        file: ConfigFile,
        #[command(flatten)]
        whose: TenantOption,
    },
}

#[derive(Debug, Subcommand)]
enum ComplianceCommand {
    /// Answer worked cases, one JSON line each. Exit code 1: an answer is not the expected one; 2: unreadable.
    Check {
        /// A JSON object with a list `cases`.
        file: PathBuf,
        /// A folder of packs, one TOML pack, or a JSON object with `packs`; by default, the packs that Cadran ships.
        #[arg(long)]
        packs: Option<PathBuf>,
    },
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_word(word).filter(|role| *role != Role::Agent).ok_or_else(|| {
        "must be admin, campaign_manager, platform_admin, qa, supervisor, viewer or wallboard".to_owned()
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cadran: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    let done = match command {
        Command::Serve(file) => {
            let config = load(&file)?;
            log_to_stderr();
            serve::run(config).await
        }
        Command::Migrate(file) => {
            let (store, _) = serve::open_store(&load(&file)?, None).await?;
            store.close().await;
            Ok(())
        }
        Command::Config(ConfigCommand::Check(file)) => {
            let config = load(&file)?;
            config.asterisk.read_password()?;
            config.secrets.safe()?;
            Ok(())
        }
        Command::Config(ConfigCommand::Print { file, redacted: _ }) => {
            print(&load(&file)?.to_string());
            Ok(())
        }
        Command::Campaign(CampaignCommand::DryRun { file, whose, campaign, list }) => {
            let (store, _) = serve::open_store(&load(&file)?, whose.tenant.as_deref()).await?;
            let told = dry_run::run(&store, campaign, list).await?;
            store.close().await;
            print(&told);
            Ok(())
        }
        Command::User(UserCommand::Add { file, whose, login, role }) => {
            let (store, _) = serve::open_store(&load(&file)?, whose.tenant.as_deref()).await?;
            let password = accounts::create(&store, &login, role).await?;
            store.close().await;
            print(&password);
            Ok(())
        }
        Command::Audit(AuditCommand::Verify { file, whose }) => {
            let (store, config) = serve::open_store(&load(&file)?, whose.tenant.as_deref()).await?;
            let found = audit::verify(&store, &Anchor::of(&config.files.data)).await?;
            store.close().await;
            print(&found.to_string());
            return Ok(if found.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Demo(options) => demo::run(options).await,
        Command::Replay(options) => return replay::run(&options),
        Command::Flow(command) => return Ok(flow::run(&command)),
        Command::Simulate(options) => return simulate::run(&options),
        Command::Compliance(ComplianceCommand::Check { file, packs }) => {
            return Ok(compliance_check::run(&file, packs.as_deref()));
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn load(file: &ConfigFile) -> anyhow::Result<Config> {
    Config::load(&file.config).context("the configuration cannot be used")
}

/// What a command was asked for goes to standard output; everything else to standard error.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn print(text: &str) {
    println!("{text}");
}

/// `RUST_LOG` chooses what is told, as in `cadran=debug`; by default, what an operator should know.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}
