//! `egret keygen`: a key that signs the ledger, or one that opens sealed cases.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use egret_store::{SigningKey, generate_key, generate_seal_key};

use super::General;
use crate::exit::Exit;

/// Make a key pair: Ed25519, which signs ledger entries (`--sign-key`), or age (`--seal`).
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret keygen --out responder.key
  egret investigate logs/ --case cases/payroll --sign-key responder.key
  egret verify --case cases/payroll --signer responder.key.pub
  egret keygen --seal --out responder.agekey")]
pub(crate) struct Keygen {
    /// Make an age key pair instead, which opens sealed cases (`egret seal`).
    #[arg(long)]
    seal: bool,
    /// File for the private key; the public one goes beside it as FILE.pub.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: PathBuf,
}

impl Keygen {
    pub(crate) fn run(self, general: &General) -> anyhow::Result<Exit> {
        let (private, public, id) = if self.seal {
            let (private, public) = generate_seal_key();
            (private, format!("{public}\n"), public)
        } else {
            let private = generate_key()?;
            let public = SigningKey::parse(&private)?.public();
            (private, public.to_pem(), public.id())
        };
        let mut name = self.out.clone().into_os_string();
        name.push(".pub");
        let beside = PathBuf::from(name);
        write_new(&self.out, &private, 0o600)?;
        write_new(&beside, &public, 0o644)?;
        general.talk().say(&format!(
            "key {}: private in {}, public in {}; keep the private one away from the case",
            id,
            self.out.display(),
            beside.display()
        ));
        Ok(Exit::Done)
    }
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _mode = mode;
    let mut file = options
        .open(path)
        .with_context(|| format!("writing {}; a key is never overwritten", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("writing {}", path.display()))
}
