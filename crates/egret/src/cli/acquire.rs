//! `egret acquire aws`: logs out of live accounts, read-only.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};
use egret_acquire::{ClientOptions, MANIFEST, S3Place, Window};
use egret_model::words::{bytes, thousands};
use jiff::Timestamp;

use super::{General, instant};
use crate::exit::Exit;
use crate::talk::print;

/// Copy logs out of live accounts into an evidence folder, read-only.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  egret acquire aws s3://trail-logs/AWSLogs/ --from 2026-11-01 --out evidence/")]
pub(crate) struct Acquire {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    Aws(Aws),
}

/// Log objects out of S3, each hashed as it lands.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  egret acquire aws s3://trail-logs/AWSLogs/ --print-policy
  egret acquire aws s3://trail-logs/AWSLogs/ --from 2026-11-01 --to 2026-11-24 --dry-run
  egret acquire aws s3://trail-logs/AWSLogs/ --from 2026-11-01 --out evidence/")]
struct Aws {
    /// Where the logs lie: `s3://BUCKET/PREFIX`.
    #[arg(value_name = "S3-URL", required = true, help_heading = "Input")]
    places: Vec<S3Place>,
    /// Leave out what is filed under days before.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Input")]
    from: Option<Timestamp>,
    /// Leave out what is filed under days after.
    #[arg(long, value_name = "TIME", value_parser = instant, help_heading = "Input")]
    to: Option<Timestamp>,
    /// Profile of the AWS configuration.
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    profile: Option<String>,
    /// Region of the buckets.
    #[arg(long, value_name = "REGION", help_heading = "Input")]
    region: Option<String>,
    /// Another S3 service than AWS's.
    #[arg(long, value_name = "URL", help_heading = "Input")]
    endpoint_url: Option<String>,
    /// Folder for the copies.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Print the IAM policy that this takes, and do nothing.
    #[arg(long, help_heading = "Output")]
    print_policy: bool,
    /// Print what would be copied, and copy nothing.
    #[arg(long, help_heading = "Output")]
    dry_run: bool,
}

impl Acquire {
    pub(crate) async fn run(self, general: &General) -> anyhow::Result<Exit> {
        let From::Aws(aws) = self.from;
        aws.run(general).await
    }
}

impl Aws {
    async fn run(self, general: &General) -> anyhow::Result<Exit> {
        if self.print_policy {
            let policy = egret_acquire::policy(&self.places);
            print(&format!("{}\n", serde_json::to_string_pretty(&policy)?))?;
            return Ok(Exit::Done);
        }
        if self.out.is_none() && !self.dry_run {
            bail!("nowhere to copy to; name a folder with --out DIR, or look first with --dry-run");
        }
        let talk = general.talk();
        let client = egret_acquire::client(&ClientOptions {
            region: self.region,
            profile: self.profile,
            endpoint_url: self.endpoint_url,
        })
        .await;
        let window = Window { from: self.from, to: self.to };
        let mut objects = Vec::new();
        for place in &self.places {
            let found = egret_acquire::list(&client, place, &window).await?;
            if found.is_empty() {
                talk.say(&format!("[WARNING] {place}: no objects for this window"));
            }
            objects.extend(found);
        }
        objects.sort();
        objects.dedup();
        let size = objects.iter().map(|object| object.size).fold(0, u64::saturating_add);
        let many = thousands(u64::try_from(objects.len()).unwrap_or(u64::MAX));
        talk.say(&format!("{many} objects, {}", bytes(size)));
        let Some(out) = self.out.filter(|_| !self.dry_run) else {
            for object in &objects {
                let line = format!("{}\t{}", object.size, object.url());
                print(&format!("{}\n", egret_report::escape::terminal_line(&line)))?;
            }
            return Ok(Exit::Done);
        };
        let copied = Box::pin(egret_acquire::fetch(&client, &objects, &out, &talk)).await?;
        talk.say(&format!(
            "{} copied now; hashes and versions in {}",
            thousands(u64::try_from(copied.len()).unwrap_or(u64::MAX)),
            out.join(MANIFEST).display()
        ));
        Ok(Exit::Done)
    }
}
