//! The arrows of ARCHITECTURE.md point down only, and each outside crate is seen by one folder.
//!
//! Cargo keeps I/O out of `engine`; the rest is looked for in the text of the code.

use std::path::{Path, PathBuf};

/// Folder or file of `src/`, and what its code must not name.
const FORBIDDEN: [(&str, &[&str]); 21] = [
    (
        "archive",
        &["crate::asterisk", "crate::http", "crate::daemon", "crate::inbox", "ari::", "axum::", "sqlx::"],
    ),
    (
        "checks",
        &[
            "crate::asterisk",
            "crate::http",
            "crate::daemon",
            "crate::serve",
            "ari::",
            "axum::",
            "sqlx::",
            "rsip::",
        ],
    ),
    (
        "probe",
        &[
            "crate::asterisk",
            "crate::store",
            "crate::http",
            "crate::daemon",
            "crate::inbox",
            "crate::live",
            "ari::",
            "axum::",
            "sqlx::",
        ],
    ),
    (
        "asterisk",
        &[
            "crate::archive",
            "crate::store",
            "crate::http",
            "crate::daemon",
            "crate::inbox",
            "sqlx::",
            "axum::",
        ],
    ),
    (
        "store",
        &[
            "crate::archive",
            "crate::asterisk",
            "crate::http",
            "crate::daemon",
            "crate::inbox",
            "ari::",
            "axum::",
        ],
    ),
    (
        "http",
        &["crate::asterisk", "crate::daemon", "crate::serve", "ari::", "sqlx::", "object_store::", "opus::"],
    ),
    ("import", &["crate::asterisk", "crate::http", "crate::daemon", "ari::", "axum::", "sqlx::", "tokio::"]),
    (
        "fastagi",
        &["crate::http", "crate::daemon", "crate::serve", "crate::archive", "ari::", "axum::", "sqlx::"],
    ),
    (
        "flow_requests.rs",
        &["crate::store", "crate::http", "crate::daemon", "crate::inbox", "axum::", "sqlx::"],
    ),
    ("mail.rs", &["crate::asterisk", "crate::http", "crate::daemon", "crate::inbox", "axum::", "sqlx::"]),
    ("sound", &["crate::", "tokio::", "std::fs", "reqwest::"]),
    (
        "speech",
        &["crate::asterisk", "crate::store", "crate::http", "crate::daemon", "crate::inbox", "sqlx::"],
    ),
    ("inbox.rs", &["crate::asterisk", "crate::store", "crate::http", "crate::daemon"]),
    ("config.rs", &["crate::asterisk", "crate::store", "crate::http", "crate::daemon", "tokio::"]),
    ("daemon.rs", &["crate::http", "ari::", "sqlx::", "axum::"]),
    ("tap", &["crate::", "ari::", "axum::", "sqlx::", "std::fs", "tokio::net", "tokio::time"]),
    ("journal", &["crate::asterisk", "crate::store", "crate::http", "crate::daemon", "tokio::"]),
    ("replay", &["crate::asterisk", "crate::store", "crate::http", "crate::daemon", "tokio::"]),
    (
        "live",
        &[
            "crate::asterisk",
            "crate::store",
            "crate::http",
            "crate::daemon",
            "crate::inbox",
            "axum::",
            "sqlx::",
        ],
    ),
    ("reload.rs", &["crate::daemon", "crate::http", "ari::", "sqlx::", "axum::"]),
    ("serve.rs", &["ari::", "sqlx::"]),
];

/// What the engine must not name, though it could: clocks, locks, shared ownership, unordered maps.
const FORBIDDEN_IN_ENGINE: [&str; 9] =
    ["async fn", "Instant::now", "SystemTime", "Arc<", "Rc<", "Mutex", "RefCell", "HashMap", "HashSet"];

/// Words of a call centre, which crates for everybody do not know.
const FORBIDDEN_IN_CRATES: [&str; 2] = ["campaign", "cadran_engine"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `path`, with its text.
fn sources(path: &Path) -> Vec<(PathBuf, String)> {
    if path.is_file() {
        return vec![(path.to_owned(), std::fs::read_to_string(path).expect("a source file can be read"))];
    }
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("a directory entry can be read").path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(sources(&path));
        }
    }
    found
}

fn offences(path: &Path, words: &[&str]) -> Vec<String> {
    let mut offences = Vec::new();
    for (file, text) in sources(path) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in words.iter().filter(|word| names(code, word)) {
                offences.push(format!("{}:{}: `{word}`", file.display(), number + 1));
            }
        }
    }
    offences
}

/// Whether `code` names `word`, and not as the end of a longer word.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_')
    })
}

#[test]
fn arrows_point_down_only() {
    let mut found = Vec::new();
    for (place, words) in FORBIDDEN {
        found.extend(offences(&root().join("src").join(place), words));
    }
    assert!(found.is_empty(), "a layer reaches where it must not:\n{}", found.join("\n"));
}

#[test]
fn the_engine_has_no_clock_no_lock_and_no_unordered_map() {
    let found = offences(&root().join("engine/src"), &FORBIDDEN_IN_ENGINE);
    assert!(found.is_empty(), "the engine must stay a function of inputs and time:\n{}", found.join("\n"));
}

#[test]
fn ari_and_agi_know_asterisk_only() {
    for name in ["ari", "agi"] {
        let found = offences(&root().join(name).join("src"), &FORBIDDEN_IN_CRATES);
        assert!(found.is_empty(), "`{name}` is for everybody:\n{}", found.join("\n"));
    }
}

#[test]
fn no_file_is_a_giant_and_nothing_is_left_for_later() {
    const LINES_MAX: usize = 600;
    const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "#[ignore"];
    let mut found = Vec::new();
    for place in ["src", "engine", "ari", "agi", "sim", "tests"] {
        for (file, text) in sources(&root().join(place)) {
            let lines = text.lines().count();
            if lines > LINES_MAX {
                found.push(format!("{}: {lines} lines, at most {LINES_MAX}", file.display()));
            }
            let is_this_test = file.ends_with("tests/layers.rs");
            let unfinished = UNFINISHED.iter().filter(|word| !is_this_test && text.contains(*word));
            found.extend(unfinished.map(|word| format!("{}: `{word}`", file.display())));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_layer_that_does_not_exist_is_noticed() {
    assert!(std::panic::catch_unwind(|| offences(&root().join("src/no-such-layer"), &["x"])).is_err());
    assert!(names("use sqlx::Row;", "sqlx::") && !names("use not_sqlx::Row;", "sqlx::"));
}
