//! `egret seal` and `egret unseal`: a case as one encrypted file, and back.

use std::path::PathBuf;

use clap::Args;
use egret_model::words::thousands;
use egret_store::{CaseDir, SealKeys, append, seal, unseal};
use serde_json::json;

use super::{CaseArg, General};
use crate::exit::Exit;

/// Most bytes of a key file that are read.
const KEY_BYTES_MAX: u64 = 1 << 20;

/// Encrypt a case into one file, to keep or to hand over.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret keygen --seal --out responder.agekey
  egret seal --case cases/payroll --out payroll.age --to age1…
  egret seal --case cases/payroll --out payroll.age --passphrase-file phrase.txt

The file is a tar archive under age encryption: `age -d -i responder.agekey payroll.age | tar x`
opens it without Egret. The case folder stays; removing it is left to you.")]
pub(crate) struct SealArgs {
    #[command(flatten)]
    case: CaseArg,
    /// Public key that may open it, `age1…`; repeat for several.
    #[arg(long, value_name = "KEY", required_unless_present = "passphrase_file")]
    to: Vec<String>,
    /// File whose first line is a passphrase, instead of keys.
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    passphrase_file: Option<PathBuf>,
    /// File to write; it must not be there yet.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: PathBuf,
}

impl SealArgs {
    pub(crate) fn run(self, general: &General) -> anyhow::Result<Exit> {
        let case = CaseDir::open(&self.case.case)?;
        let passphrase = self.passphrase_file.as_deref().map(first_line).transpose()?;
        let by = if passphrase.is_some() { json!("passphrase") } else { json!(self.to) };
        // Said inside, so that whoever opens it reads for whom it was sealed.
        append(&case, &general.recorder()?, "seal", &json!({ "for": by }))?;
        let sealed = seal(&case, &self.out, &SealKeys { keys: self.to, passphrase })?;
        general.talk().say(&format!(
            "{} files, {} bytes sealed into {}",
            thousands(sealed.files),
            thousands(sealed.bytes),
            self.out.display()
        ));
        Ok(Exit::Done)
    }
}

/// Open a sealed case into a folder.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret unseal payroll.age --case cases/payroll --key responder.agekey
  egret verify --case cases/payroll")]
pub(crate) struct UnsealArgs {
    /// The sealed case.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    case: CaseArg,
    /// File with the private key; repeat for several.
    #[arg(long, value_name = "FILE", required_unless_present = "passphrase_file")]
    key: Vec<PathBuf>,
    /// File whose first line is the passphrase.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    passphrase_file: Option<PathBuf>,
}

impl UnsealArgs {
    pub(crate) fn run(self, general: &General) -> anyhow::Result<Exit> {
        let keys = SealKeys {
            keys: self
                .key
                .iter()
                .map(|path| egret_store::read_text(path, KEY_BYTES_MAX))
                .collect::<Result<_, _>>()?,
            passphrase: self.passphrase_file.as_deref().map(first_line).transpose()?,
        };
        let opened = unseal(&self.file, &self.case.case, &keys)?;
        general.talk().say(&format!(
            "{} files, {} bytes opened into {}; `egret verify` says whether they are as they were",
            thousands(opened.files),
            thousands(opened.bytes),
            self.case.case.display()
        ));
        Ok(Exit::Done)
    }
}

fn first_line(path: &std::path::Path) -> anyhow::Result<String> {
    let text = egret_store::read_text(path, KEY_BYTES_MAX)?;
    let line = text.lines().next().unwrap_or_default();
    anyhow::ensure!(
        !line.is_empty(),
        "{}: expected a passphrase in the first line",
        path.display()
    );
    Ok(line.to_owned())
}
