//! `egret channels`, `egret sources`, `egret fields`: what Egret knows.

use clap::Args;
use egret_investigate::channel::Channel;
use egret_model::ecs::Field;
use egret_sources::Registry;

use crate::exit::Exit;
use crate::talk::print;

/// List the ways out of AWS that are looked for.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret channels -t json")]
pub(crate) struct Channels {
    /// How they are printed.
    #[arg(short = 't', long, value_name = "TYPE", default_value = "text", value_parser = ["text", "json"], help_heading = "Output")]
    output_type: String,
}

impl Channels {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let channels = Channel::built_in()?;
        let mut text = String::new();
        if self.output_type == "json" {
            let rows: Vec<serde_json::Value> = channels
                .iter()
                .map(|channel| {
                    serde_json::json!({
                        "id": channel.id,
                        "title": channel.title,
                        "attack": channel.attack,
                        "datasets": channel.datasets,
                        "grade": channel.grade(),
                        "about": channel.about.trim(),
                        "events": channel
                            .events
                            .iter()
                            .map(|rule| {
                                serde_json::json!({
                                    "query": rule.key().query(),
                                    "grade": rule.grade,
                                    "proves": rule.proves,
                                })
                            })
                            .collect::<Vec<_>>(),
                        "query": channel.query(),
                        "references": channel.references,
                    })
                })
                .collect();
            text = serde_json::to_string_pretty(&rows)?;
            text.push('\n');
        } else {
            for channel in &channels {
                text.push_str(&format!(
                    "{:<36} {:<10} {}\n",
                    channel.id,
                    channel.grade().as_str(),
                    channel.title
                ));
            }
        }
        print(&text)?;
        Ok(Exit::Done)
    }
}

/// List the kinds of log that are read.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret sources")]
pub(crate) struct Sources {
    /// Only sources whose name contains this.
    #[arg(value_name = "TEXT", default_value = "", help_heading = "Filtering")]
    contains: String,
}

impl Sources {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let registry = Registry::standard();
        let mut text = String::new();
        for source in registry.sources().filter(|source| source.id().contains(&self.contains)) {
            text.push_str(&format!("{:<16} {}\n", source.id(), source.title()));
        }
        print(&text)?;
        Ok(Exit::Done)
    }
}

/// List the fields that events can have, with what they mean.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret fields source")]
pub(crate) struct Fields {
    /// Only fields whose name contains this.
    #[arg(value_name = "TEXT", default_value = "", help_heading = "Filtering")]
    contains: String,
}

impl Fields {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let mut text = String::new();
        for field in Field::all().filter(|field| field.name().contains(&self.contains)) {
            let kind = format!("{:?}", field.kind()).to_lowercase();
            text.push_str(&format!("{:<48} {kind:<10} {}\n", field.name(), field.def().note));
        }
        print(&text)?;
        Ok(Exit::Done)
    }
}
