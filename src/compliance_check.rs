//! `cadran compliance check`: worked cases against the rule packs.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use cadran_engine::dialer::compliance::check::{Answer, PackSet, Question};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rule_packs;

/// Cases that were read but whose expectation differs.
const DIFFERS: u8 = 1;
/// A file that cannot be read, or a case that cannot be answered.
const UNREADABLE: u8 = 2;

/// A document of cases. What else it holds is for people.
#[derive(Deserialize)]
struct Document {
    cases: Vec<Value>,
}

/// One line of output.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    #[serde(flatten)]
    answer: Answer,
}

/// Answers every case of `file` on standard output, one JSON object per line, by the packs at `packs` or the shipped
/// ones. The exit code is 1 when an answer differs from the case's `expect`, and 2 when something cannot be read;
/// standard error says how and why.
pub fn run(file: &Path, packs: Option<&Path>) -> ExitCode {
    match check(file, packs, &mut io::stdout().lock(), &mut io::stderr().lock()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Nothing is left to tell it to when standard error is closed.
            let _ = writeln!(io::stderr(), "cadran: {error:#}");
            ExitCode::from(UNREADABLE)
        }
    }
}

fn check(
    file: &Path,
    packs: Option<&Path>,
    answers: &mut impl Write,
    remarks: &mut impl Write,
) -> anyhow::Result<u8> {
    let shipped = rule_packs::shipped()?;
    let named = packs.map(rule_packs::load).transpose()?;
    let set = PackSet { named: named.as_deref().unwrap_or(&shipped), shipped: &shipped };
    let document: Document = serde_json::from_str(&rule_packs::read(file)?).with_context(|| {
        format!("{} is no document of cases; it is a JSON object with a list `cases`", file.display())
    })?;
    let mut code = 0;
    for case in &document.cases {
        let id = case["id"].as_str().unwrap_or("(without id)");
        match answer(case, set) {
            Ok(answer) => {
                let line = serde_json::to_value(Line { id, answer: answer.clone() })?;
                serde_json::to_writer(&mut *answers, &Line { id, answer })?;
                writeln!(answers)?;
                for (key, expected, found) in differences(case, &line) {
                    writeln!(remarks, "{id}: {key} is {found}, expected {expected}")?;
                    code = code.max(DIFFERS);
                }
            }
            Err(error) => {
                writeln!(remarks, "{}: case {id}: {error:#}", file.display())?;
                code = UNREADABLE;
            }
        }
    }
    Ok(code)
}

fn answer(case: &Value, packs: PackSet<'_>) -> anyhow::Result<Answer> {
    let question = Question::deserialize(case).context("it is not understood")?;
    Ok(question.answer(packs)?)
}

/// The keys of `expect` whose value is another one in the answer: key, expected and found. A case without `expect`
/// is only answered.
fn differences<'a>(
    case: &'a Value,
    answer: &'a Value,
) -> impl Iterator<Item = (&'a String, &'a Value, &'a Value)> {
    let expected = case.get("expect").and_then(Value::as_object).into_iter().flatten();
    expected
        .map(|(key, expected)| (key, expected, &answer[key]))
        .filter(|(_, expected, found)| expected != found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Exit code, standard output and standard error for a document.
    fn outcome(document: &str) -> (u8, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cases.json");
        fs::write(&file, document).unwrap();
        let (mut answers, mut remarks) = (Vec::new(), Vec::new());
        let code = check(&file, None, &mut answers, &mut remarks).unwrap();
        (code, String::from_utf8(answers).unwrap(), String::from_utf8(remarks).unwrap())
    }

    const CASE: &str = r#"{"id": "X-1", "kind": "may_dial", "input": {
        "now": "2026-11-18T09:30:00Z", "lead": {"number": "+81312345678"},
        "campaign": {"seller": "S1", "dial_mode": "manual"}
    }"#;

    #[test]
    fn a_case_is_answered_in_one_line() {
        let (code, answers, remarks) = outcome(&format!(r#"{{"cases": [{CASE}}}]}}"#));
        assert_eq!(
            (code, answers.as_str(), remarks.as_str()),
            (0, "{\"id\":\"X-1\",\"verdict\":\"deny\",\"reason\":\"NO_RULE_PACK\",\"until\":null}\n", "")
        );
    }

    #[test]
    fn what_differs_is_told_and_counts() {
        let expect = r#""expect": {"verdict": "allow", "until": null}"#;
        let (code, _, remarks) = outcome(&format!(r#"{{"cases": [{CASE}, {expect}}}]}}"#));
        assert_eq!(code, DIFFERS);
        assert_eq!(remarks, "X-1: verdict is \"deny\", expected \"allow\"\n");
    }

    #[test]
    fn a_case_that_is_not_understood_is_named_and_the_others_are_answered() {
        let odd = r#"{"id": "X-0", "kind": "riddle", "input": {}}"#;
        let (code, answers, remarks) = outcome(&format!(r#"{{"cases": [{odd}, {CASE}}}]}}"#));
        assert_eq!(code, UNREADABLE);
        assert!(
            answers.contains("X-1") && remarks.contains("X-0") && remarks.contains("riddle"),
            "{remarks}"
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error =
            check(Path::new("/nowhere/cases.json"), None, &mut Vec::new(), &mut Vec::new()).unwrap_err();
        assert!(format!("{error:#}").contains("/nowhere/cases.json"));
    }
}
