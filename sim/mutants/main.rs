//! Mutation check: puts classic bugs into a copy of the code, one at a time, and sees whether the simulator notices.
//!
//! `make mutants`, or `cargo run --release -p cadran-sim --example mutants [-- NAME]` for those whose name holds NAME.
//! Fails when a bug survives [`SEEDS`]. The working tree is not touched.

mod catalogue;

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use catalogue::{Mutant, all, copy_sources, repository};

/// Within so many seeds a bug must show.
const SEEDS: u32 = 1_000;

/// A bug that keeps the simulator busy for longer is caught as well.
const PLAY_TIME_MAX: Duration = Duration::from_secs(600);
const POLL: Duration = Duration::from_millis(50);

/// What became of a mutant.
enum Fate {
    /// An invariant broke in a seed.
    Caught {
        by: String,
        seed: String,
    },
    /// It ended otherwise than by an invariant.
    Crashed(&'static str),
    Survived,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let mut out = io::stdout().lock();
    let bench = Bench::set_up()?;
    writeln!(out, "without a bug: {}", bench.play_sound()?)?;
    writeln!(out, "{:<36} {:<9} {:<9} {:>5} {:>8}", "mutant", "should by", "caught by", "seed", "time s")?;
    let mut survivors = 0;
    for mutant in all()?.iter().filter(|mutant| mutant.name.contains(&wanted)) {
        let begun = Instant::now();
        let fate = bench.try_out(mutant)?;
        let (by, seed) = match &fate {
            Fate::Caught { by, seed } => (by.as_str(), seed.as_str()),
            Fate::Crashed(how) => (*how, "-"),
            Fate::Survived => ("NOTHING", "-"),
        };
        survivors += u32::from(matches!(fate, Fate::Survived));
        let seconds = begun.elapsed().as_secs();
        writeln!(out, "{:<36} {:<9} {by:<9} {seed:>5} {seconds:>8}", mutant.name, mutant.caught_by)?;
        out.flush()?;
    }
    if survivors > 0 {
        writeln!(out, "{survivors} survived {SEEDS} seeds: an invariant is missing")?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A copy of the code, and where it is built.
struct Bench {
    directory: PathBuf,
    target: PathBuf,
}

impl Bench {
    fn set_up() -> io::Result<Self> {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), Into::into);
        let target = target.join("mutants");
        let directory = std::env::temp_dir().join(format!("cadran-mutants-{}", std::process::id()));
        copy_sources(&directory)?;
        Ok(Self { directory, target })
    }

    /// The code as it is must keep every promise, or else nothing would be proved.
    fn play_sound(&self) -> Result<String, Box<dyn Error>> {
        self.build()?;
        match self.play(SEEDS / 10)? {
            Fate::Survived => Ok(format!("{} seeds are good", SEEDS / 10)),
            Fate::Caught { by, seed } => Err(format!("the code as it is breaks {by} in seed {seed}").into()),
            Fate::Crashed(how) => Err(format!("the simulator {how} on the code as it is").into()),
        }
    }

    fn try_out(&self, mutant: &Mutant) -> Result<Fate, Box<dyn Error>> {
        let file = self.directory.join(&mutant.file);
        let sound = fs::read_to_string(&file)?;
        fs::write(&file, mutant.put_into(&sound)?)?;
        let fate = self.build().and_then(|()| self.play(SEEDS));
        fs::write(&file, sound)?;
        fate.map_err(|error| format!("mutant `{}`: {error}", mutant.name).into())
    }

    fn build(&self) -> Result<(), Box<dyn Error>> {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--profile", "mutant", "-p", "cadran-sim", "--bin", "cadran-sim"])
            .arg("--target-dir")
            .arg(&self.target)
            .env("RUSTFLAGS", "--cap-lints=allow")
            .current_dir(&self.directory)
            .output()?;
        if built.status.success() {
            return Ok(());
        }
        Err(format!("cannot be built:\n{}", String::from_utf8_lossy(&built.stderr)).into())
    }

    fn play(&self, seeds: u32) -> Result<Fate, Box<dyn Error>> {
        let log = self.directory.join("played");
        let mut playing = Command::new(self.target.join("mutant/cadran-sim"))
            .args(["--first", "--seeds", &format!("1..{seeds}")])
            .stdout(fs::File::create(&log)?)
            .stderr(Stdio::null())
            .spawn()?;
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = playing.try_wait()? {
                break status;
            }
            if begun.elapsed() > PLAY_TIME_MAX {
                playing.kill()?;
                playing.wait()?;
                return Ok(Fate::Crashed("never ends"));
            }
            std::thread::sleep(POLL);
        };
        Ok(if status.success() { Fate::Survived } else { verdict(&log)? })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // What cannot be removed lies in the directory for temporary files.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Reads `seed 12: after 3.4 s: I6: ...`.
fn verdict(log: &Path) -> io::Result<Fate> {
    let text = fs::read_to_string(log)?;
    let caught = text.lines().find_map(|line| {
        let (seed, rest) = line.strip_prefix("seed ")?.split_once(": after ")?;
        let what = rest.split_once(" s: ")?.1;
        let what = what.strip_prefix("at the end ").unwrap_or(what);
        let by = match what.split_once(':') {
            Some((invariant, _)) if invariant.starts_with('I') => invariant,
            _ if what.contains("limit") || what.contains("carries") => "limit",
            _ if what.contains(" is open") => "open",
            _ => "other",
        };
        Some(Fate::Caught { by: by.to_owned(), seed: seed.to_owned() })
    });
    Ok(caught.unwrap_or(Fate::Crashed("panics")))
}
