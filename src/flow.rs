//! `cadran flow`: check a flow, carry a simulated call through it, compare two of them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use cadran_engine::flow::diff::diff;
use cadran_engine::flow::finding::Finding;
use cadran_engine::flow::limits::DOCUMENT_BYTES_MAX;
use cadran_engine::flow::nodes::Revision;
use cadran_engine::flow::simulation::{Input, Trace, simulate};
use cadran_engine::flow::world::World;
use cadran_engine::flow::{Library, Prepared, check, check_text, read};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::findings::WordedFinding;
use crate::words::Language;

/// Something was found: errors, a failed test, a difference.
const FOUND: u8 = 1;
/// A file cannot be read, or the command makes no sense.
const UNREADABLE: u8 = 2;
/// Files other than flows may be larger: a world holds every saved test.
const FILE_BYTES_MAX: u64 = 16 * DOCUMENT_BYTES_MAX as u64;

/// What to do with a flow.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what is wrong with a flow, one JSON object per finding. Exit code 1: it cannot be published; 2: unreadable.
    Check(Check),
    /// Say what differs between two flows, by node and field. Exit code 1: something does; 2: unreadable.
    Diff(Diff),
    /// Carry simulated calls through a flow and print every node that is left, one JSON object per line. Exit code 1:
    /// a saved test fails, or the flow cannot be read; 2: another file cannot be.
    Run(Run),
}

/// Options of `cadran flow check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The flow.
    file: PathBuf,
    /// What the flow may refer to; without it, references are not checked.
    #[arg(long)]
    world: Option<PathBuf>,
    /// The language of the sentences in `message` and `advice`.
    #[arg(long, default_value = "en")]
    language: Tongue,
}

/// Options of `cadran flow diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The flow as it was.
    before: PathBuf,
    /// The flow as it is.
    after: PathBuf,
    /// One JSON object per difference.
    #[arg(long)]
    json: bool,
}

/// Options of `cadran flow run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The flow.
    file: PathBuf,
    /// What the caller does, and what other systems answer. Without it, the saved tests are run.
    #[arg(long, conflicts_with = "test")]
    input: Option<PathBuf>,
    /// One saved test of the world; by default all that the flow names.
    #[arg(long)]
    test: Option<String>,
    /// Calendars, lengths of sounds and saved tests.
    #[arg(long)]
    world: Option<PathBuf>,
    /// Another flow that this one calls.
    #[arg(long = "with", value_name = "FLOW")]
    others: Vec<PathBuf>,
    /// Tell with each node what the caller heard in it.
    #[arg(long)]
    said: bool,
}

/// A language, as a person names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tongue {
    En,
    Fr,
}

/// Does what was asked for. Answers go to standard output, whatever stops it to standard error.
pub fn run(command: &Command) -> ExitCode {
    let mut out = io::stdout().lock();
    let done = match command {
        Command::Check(options) => check_file(options, &mut out),
        Command::Diff(options) => diff_files(options, &mut out),
        Command::Run(options) => run_file(options, &mut out),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Nothing is left to tell it to when standard error is closed.
            let _ = writeln!(io::stderr(), "cadran: {error:#}");
            ExitCode::from(UNREADABLE)
        }
    }
}

fn check_file(options: &Check, out: &mut impl Write) -> anyhow::Result<u8> {
    let text = text_of(&options.file)?;
    let world: Option<World> = options.world.as_deref().map(json_of).transpose()?;
    let language = match options.language {
        Tongue::En => Language::English,
        Tongue::Fr => Language::French,
    };
    let findings = check_text(&text, world.as_ref());
    let code = if check::can_publish(&findings) { 0 } else { FOUND };
    for finding in findings {
        line(out, &WordedFinding::new(finding, language))?;
    }
    Ok(code)
}

fn run_file(options: &Run, out: &mut impl Write) -> anyhow::Result<u8> {
    let mut world: World = options.world.as_deref().map(json_of).transpose()?.unwrap_or_default();
    let flow = match read(&text_of(&options.file)?) {
        Ok(flow) => flow,
        Err(findings) => return refuse(findings),
    };
    let named = flow.envelope.tests.clone();
    for other in &options.others {
        match read(&text_of(other)?) {
            Ok(flow) => world.called.push((Revision::Live, Prepared::new(flow))),
            Err(findings) => return refuse(findings),
        }
    }
    let library = world.library(flow);
    if let Some(input) = &options.input {
        let input: Input = json_of(input)?;
        print_trace(out, &simulate(&library, &world, &input), options.said)?;
        return Ok(0);
    }
    let chosen = options.test.clone().map_or(named, |test| vec![test]);
    if chosen.is_empty() {
        bail!("nothing to run: the flow names no saved test; give --input, or --world and --test");
    }
    run_tests(&chosen, &library, &world, options.said, out)
}

fn run_tests(
    names: &[String],
    library: &Library,
    world: &World,
    said: bool,
    out: &mut impl Write,
) -> anyhow::Result<u8> {
    let mut code = 0;
    for name in names {
        let test = world.tests.as_ref().and_then(|tests| tests.get(name));
        let test =
            test.with_context(|| format!("there is no saved test `{name}` in the world; give --world"))?;
        let trace = simulate(library, world, &test.input);
        print_trace(out, &trace, said)?;
        if let Some(why) = test.expect.differs_from(&trace) {
            writeln!(io::stderr(), "{name}: {why}")?;
            code = FOUND;
        }
    }
    Ok(code)
}

/// A flow that cannot be read is not run: standard error says why.
fn refuse(findings: Vec<Finding>) -> anyhow::Result<u8> {
    for finding in findings {
        line(&mut io::stderr(), &WordedFinding::new(finding, Language::English))?;
    }
    Ok(FOUND)
}

fn print_trace(out: &mut impl Write, trace: &Trace, said: bool) -> anyhow::Result<()> {
    for passage in &trace.passages {
        let mut passage = passage.clone();
        if !said {
            passage.said.clear();
        }
        line(out, &passage)?;
    }
    line(out, &trace.end)
}

fn diff_files(options: &Diff, out: &mut impl Write) -> anyhow::Result<u8> {
    let before: Map<String, Json> = json_of(&options.before)?;
    let after: Map<String, Json> = json_of(&options.after)?;
    let changes = diff(&before, &after);
    for change in &changes {
        if options.json {
            line(out, change)?;
        } else {
            let shown = |value: &Option<Json>| value.as_ref().map_or("nothing".to_owned(), Json::to_string);
            writeln!(out, "{}: {} -> {}", change.path, shown(&change.before), shown(&change.after))?;
        }
    }
    Ok(if changes.is_empty() { 0 } else { FOUND })
}

fn line(out: &mut impl Write, value: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    Ok(writeln!(out)?)
}

fn text_of(file: &Path) -> anyhow::Result<String> {
    let look = || format!("{} cannot be read; check the path and the permissions", file.display());
    let size = fs::metadata(file).with_context(look)?.len();
    if size > FILE_BYTES_MAX {
        bail!("{} has {size} bytes, at most {FILE_BYTES_MAX} are read", file.display());
    }
    let bytes = fs::read(file).with_context(look)?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", file.display()))
}

fn json_of<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    serde_json::from_str(&text_of(file)?)
        .with_context(|| format!("{} is not what it should be", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows")
    }

    fn world_of(document: &Path) -> Option<PathBuf> {
        let own = document.with_extension("world");
        Some(if own.exists() { own } else { corpus().join("world.json") })
    }

    fn documents(folder: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(corpus().join(folder)).unwrap();
        let files = entries.map(|entry| entry.unwrap().path());
        files.filter(|file| file.extension().is_some_and(|extension| extension == "json")).collect()
    }

    /// What is printed, a JSON object in each line.
    fn printed(bytes: &[u8]) -> Vec<Json> {
        let text = std::str::from_utf8(bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn checked(file: &Path, language: Tongue) -> (u8, Vec<Json>) {
        let mut out = Vec::new();
        let options = Check { file: file.to_owned(), world: world_of(file), language };
        let code = check_file(&options, &mut out).unwrap();
        (code, printed(&out))
    }

    #[test]
    fn of_every_broken_flow_the_rule_the_place_and_what_to_do_are_printed_in_both_languages() {
        let broken = documents("broken");
        assert!(broken.len() >= 40, "{}", broken.len());
        for file in broken {
            for language in [Tongue::En, Tongue::Fr] {
                let (code, findings) = checked(&file, language);
                let words = |finding: &Json, column: &str| finding[column].as_str().unwrap().to_owned();
                let is_error = findings.iter().any(|finding| finding["severity"] == "error");
                assert_eq!(code, u8::from(is_error), "{}", file.display());
                assert!(!findings.is_empty(), "{}", file.display());
                for finding in findings {
                    let path = words(&finding, "path");
                    assert!(path.is_empty() || path.starts_with('/'), "{finding}");
                    for column in ["code", "message", "advice"] {
                        let text = words(&finding, column);
                        let unfilled = text.replace("{{", "").replace("}}", "").contains(['{', '}']);
                        assert!(!text.is_empty() && !unfilled, "{}: {finding}", file.display());
                    }
                }
            }
        }
    }

    #[test]
    fn good_flows_print_nothing_and_can_be_published() {
        for file in documents("good") {
            assert_eq!(checked(&file, Tongue::En), (0, Vec::new()), "{}", file.display());
        }
    }

    fn run_saved(world: PathBuf) -> (u8, Vec<Json>) {
        let mut out = Vec::new();
        let options = Run {
            file: corpus().join("good/welcome.json"),
            input: None,
            test: None,
            world: Some(world),
            others: Vec::new(),
            said: true,
        };
        let code = run_file(&options, &mut out).unwrap();
        (code, printed(&out))
    }

    #[test]
    fn saved_tests_are_replayed_and_one_that_fails_is_told_by_the_exit_code() {
        let (code, lines) = run_saved(corpus().join("world.json"));
        assert_eq!(code, 0);
        let welcome: Json = json_of(&corpus().join("good/welcome.json")).unwrap();
        let (tests, ends) =
            (welcome["tests"].as_array().unwrap(), lines.iter().filter(|line| !line["end"].is_null()));
        assert!(tests.len() > 1);
        assert_eq!(ends.count(), tests.len(), "each call ends once");

        let mut world: Json = json_of(&corpus().join("world.json")).unwrap();
        world["tests"]["tst_sales"]["expect"]["end"] = "voicemail".into();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), world.to_string()).unwrap();
        assert_eq!(run_saved(file.path().to_owned()).0, FOUND);
    }

    #[test]
    fn a_file_that_is_missing_or_no_flow_is_told_apart_from_a_flow_with_mistakes() {
        let missing = Check { file: "no/such/flow.json".into(), world: None, language: Tongue::En };
        let told = check_file(&missing, &mut Vec::new()).unwrap_err().to_string();
        assert!(told.contains("no/such/flow.json") && told.contains("check the path"), "{told}");
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "{\"nodes\": ").unwrap();
        let (code, findings) = checked(file.path(), Tongue::En);
        assert_eq!((code, findings.len()), (FOUND, 1), "{findings:?}");
    }
}
