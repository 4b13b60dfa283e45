//! The binary, as a test calls it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `egret` with these arguments in `folder`.
pub(crate) fn egret<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Run {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_egret"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) };
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    run
}

/// The JSON report of a case.
pub(crate) fn report(case: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(case.join("report/report.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Public samples beside the checkout; `None`, said aloud, where they are absent.
pub(crate) fn shared(path: &str) -> Option<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if root.exists() {
        return Some(root);
    }
    println!("skipped: ../shared/{path} is not there");
    None
}
