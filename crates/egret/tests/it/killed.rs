//! Ingest that is killed at any moment, and then run again, ends like one that was left alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use egret_simulate::{Options, Scenario, simulate};

/// Moments at which a run is killed.
const MOMENTS: u32 = 50;

fn ingest(logs: &Path, case: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egret"));
    command.args(["ingest", "--quiet", "--case"]).arg(case).arg(logs);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Every file of the store and of the manifest, with its bytes.
fn store(case: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![case.join("events"), case.join("evidence"), case.join("quarantine")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(case).unwrap().to_string_lossy().into_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn a_run_killed_at_any_moment_and_run_again_leaves_the_same_store() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { days: 5, events: 1_500, ..Options::default() };
    simulate(Scenario::S3BulkRead, &options, folder.path()).unwrap();
    let logs = folder.path().join("logs");
    let undisturbed = folder.path().join("undisturbed");
    let begun = Instant::now();
    assert!(ingest(&logs, &undisturbed).status().unwrap().code().is_some_and(|code| code < 2));
    let whole = begun.elapsed();
    let want = store(&undisturbed);
    assert!(!want.is_empty());

    // Not random by the clock but spread evenly, a step that does not divide the whole, so that the
    // moments are others on each machine and together cover the run.
    let mut interrupted = 0;
    for moment in 0..MOMENTS {
        let case = folder.path().join("killed");
        let mut child = ingest(&logs, &case).spawn().unwrap();
        let share = (moment * 37) % MOMENTS;
        std::thread::sleep(whole * share / MOMENTS + Duration::from_micros(u64::from(moment) * 53));
        // SIGKILL on Unix: no handler runs, nothing is cleaned up.
        child.kill().unwrap();
        if !child.wait().unwrap().success() {
            interrupted += 1;
        }
        let again = ingest(&logs, &case).status().unwrap().code();
        assert!(again.is_some_and(|code| code < 2), "moment {moment}: {again:?}");
        let found = store(&case);
        assert!(
            found.keys().eq(want.keys()),
            "moment {moment}: {:?} and not {:?}",
            found.keys(),
            want.keys()
        );
        assert!(found == want, "moment {moment}: other bytes");
        std::fs::remove_dir_all(&case).unwrap();
    }
    assert!(interrupted >= MOMENTS / 4, "only {interrupted} runs were cut off");
}
