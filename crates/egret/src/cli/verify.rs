//! `egret verify`: whether the case and its logs are what they were.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use egret_model::words::thousands;
use egret_report::escape::{terminal, terminal_line};
use egret_store::{
    CaseDir, Check, Finding, PublicKey, PublicKeys, Status, Verification, VerifyOptions,
};

use super::{CaseArg, General};
use crate::app::TEXT_BYTES_MAX;
use crate::exit::Exit;
use crate::talk::print;

/// Lines listed of each kind of problem; JSON has all.
const SHOWN: usize = 20;

/// Check evidence, store, ledger, artifacts, and CloudTrail's digest chain.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aws cloudtrail list-public-keys --start-time 2026-11-01 > keys.json
  egret verify --case cases/payroll --public-keys keys.json

Exit codes: 0 nothing is altered, missing, restarted or unproved; 1 something is; 2 could not run.")]
pub(crate) struct Verify {
    #[command(flatten)]
    case: CaseArg,
    /// CloudTrail's public keys, as `aws cloudtrail list-public-keys` prints them, or in PEM.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    public_keys: Option<PathBuf>,
    /// Public key that every ledger entry must be signed with.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    signer: Option<PathBuf>,
    /// Where the evidence lies now, when it has moved.
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    evidence: Option<PathBuf>,
    /// Print text, or JSON with every file.
    #[arg(short = 't', long, value_name = "TYPE", default_value = "text", value_parser = ["text", "json"], help_heading = "Output")]
    output_type: String,
}

impl Verify {
    pub(crate) fn run(self, general: &General) -> anyhow::Result<Exit> {
        let case = CaseDir::open(&self.case.case)?;
        let public_keys = match &self.public_keys {
            Some(path) => {
                let text = egret_store::read_text(path, TEXT_BYTES_MAX)?;
                PublicKeys::parse(&text).with_context(|| path.display().to_string())?
            }
            None => PublicKeys::default(),
        };
        let signer = match &self.signer {
            Some(path) => {
                let text = egret_store::read_text(path, TEXT_BYTES_MAX)?;
                Some(PublicKey::parse(&text).with_context(|| path.display().to_string())?)
            }
            None => None,
        };
        let options = VerifyOptions {
            public_keys,
            signer,
            evidence: self.evidence,
            threads: general.machine().session().threads,
        };
        let found = egret_store::verify(&case, &options, &general.talk())?;
        if self.output_type == "json" {
            print(&format!("{}\n", serde_json::to_string_pretty(&found)?))?;
        } else {
            print(&terminal(&text(&found)))?;
        }
        Ok(if found.holds() { Exit::Done } else { Exit::Open })
    }
}

fn text(found: &Verification) -> String {
    let mut lines = Vec::new();
    for (name, what, check) in [
        ("evidence", "files", &found.evidence),
        ("store", "files", &found.store),
        ("ledger", "entries", &found.ledger),
        ("artifacts", "files", &found.artifacts),
    ] {
        part(name, what, check, &mut lines);
    }
    chain("digests", &found.digests, &mut lines);
    chain("logs", &found.logs, &mut lines);
    lines.extend(found.notes.iter().map(|note| format!("note: {}", terminal_line(note))));
    lines.push(String::new());
    lines.join("\n")
}

fn part(name: &str, what: &str, check: &Check, lines: &mut Vec<String>) {
    let says = match check.status {
        "not_recorded" => "nothing recorded yet".to_owned(),
        status => format!(
            "{status}, {} {what} checked, {} with a problem",
            thousands(check.checked),
            check.problems.len()
        ),
    };
    lines.push(format!("{name:<10} {says}"));
    for problem in check.problems.iter().take(SHOWN) {
        lines.push(format!(
            "  [{}] {}: {}",
            problem.status,
            terminal_line(&problem.file),
            terminal_line(&problem.reason)
        ));
    }
    more(check.problems.len(), lines);
}

fn chain(name: &str, found: &[Finding], lines: &mut Vec<String>) {
    if found.is_empty() {
        lines.push(format!("{name:<10} none to check"));
        return;
    }
    let valid = found.iter().filter(|finding| finding.status == Status::Valid).count();
    lines.push(format!("{name:<10} {valid} of {} valid", found.len()));
    let open: Vec<&Finding> =
        found.iter().filter(|finding| finding.status != Status::Valid).collect();
    for finding in open.iter().take(SHOWN) {
        lines.push(format!(
            "  [{}] {}: {}",
            finding.status.as_str(),
            terminal_line(&finding.file),
            terminal_line(&finding.reason)
        ));
    }
    more(open.len(), lines);
}

fn more(count: usize, lines: &mut Vec<String>) {
    if count > SHOWN {
        lines.push(format!("  … and {} more; `-t json` lists all", count.saturating_sub(SHOWN)));
    }
}
