//! `egret completions`: the tab key.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use crate::exit::Exit;
use crate::talk::print;

/// Print a script that teaches a shell to complete commands and options.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret completions bash > ~/.local/share/bash-completion/completions/egret
  egret completions zsh > ~/.zfunc/_egret")]
pub(crate) struct Completions {
    /// Shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "egret", &mut script);
        print(&String::from_utf8(script)?)?;
        Ok(Exit::Done)
    }
}
