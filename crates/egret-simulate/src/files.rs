//! Files as AWS, Okta and the broker deliver them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::chance::Chance;
use crate::records::{Day, FLOW_HEADER};
use crate::world::{ACCOUNT, REGION, World};
use crate::{Options, SimulateError};

/// Records of one CloudTrail file.
const TRAIL_FILE_RECORDS: usize = 1_000;

/// Lines of one flow log file.
const FLOW_FILE_LINES: usize = 20_000;

pub(crate) struct Writer {
    logs: PathBuf,
    chance: Chance,
    pub(crate) files: u64,
    pub(crate) events: u64,
}

impl Writer {
    pub(crate) fn new(logs: &Path, options: &Options) -> Self {
        Self {
            logs: logs.to_owned(),
            chance: Chance::new(options.seed, "file names"),
            files: 0,
            events: 0,
        }
    }

    /// Writes a day's records, each source sorted by time.
    pub(crate) fn day(
        &mut self,
        world: &World,
        day: u32,
        mut events: Day,
    ) -> Result<(), SimulateError> {
        let date = TimeOf::new(world.day_start(day));
        events.trail.sort();
        for slice in events.trail.chunks(TRAIL_FILE_RECORDS) {
            let last = TimeOf::new(slice.last().map_or(0, |(time, _)| *time));
            let name = format!(
                "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{}/{ACCOUNT}_CloudTrail_{REGION}_{}Z_{}.json.gz",
                date.folders(),
                last.compact(),
                self.chance.capitals(16)
            );
            let mut text = String::from("{\"Records\":[");
            for (at, (_, record)) in slice.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(record);
            }
            text.push_str("]}");
            self.gz(&name, &text)?;
        }
        events.flows.sort();
        for slice in events.flows.chunks(FLOW_FILE_LINES) {
            let last = TimeOf::new(slice.last().map_or(0, |(time, _)| *time));
            let name = format!(
                "AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/{}/{ACCOUNT}_vpcflowlogs_{REGION}_fl-0a1b2c3d4e5f6a7b8_{}Z_{}.log.gz",
                date.folders(),
                last.compact(),
                self.chance.hex(8)
            );
            let mut text = format!("{FLOW_HEADER}\n");
            for (_, line) in slice {
                text.push_str(line);
                text.push('\n');
            }
            self.gz(&name, &text)?;
        }
        events.access.sort();
        let mut by_bucket: BTreeMap<&str, String> = BTreeMap::new();
        for (_, (bucket, line)) in &events.access {
            let text = by_bucket.entry(bucket).or_default();
            text.push_str(line);
            text.push('\n');
        }
        for (bucket, text) in by_bucket {
            let name = format!(
                "s3-access-logs/{bucket}/{}-23-59-59-{}",
                date.day(),
                self.chance.hex(16).to_uppercase()
            );
            self.put(&name, text.as_bytes())?;
        }
        events.okta.sort();
        if !events.okta.is_empty() {
            let rows: Vec<&str> = events.okta.iter().map(|(_, row)| row.as_str()).collect();
            let text = format!("[{}]\n", rows.join(",\n"));
            self.put(&format!("okta/system-log-{}.json", date.day()), text.as_bytes())?;
        }
        events.broker.sort();
        if !events.broker.is_empty() {
            let mut text = String::new();
            for (_, row) in &events.broker {
                text.push_str(row);
                text.push('\n');
            }
            self.put(&format!("identity-broker/audit-{}.ndjson", date.day()), text.as_bytes())?;
        }
        let count = events
            .trail
            .len()
            .saturating_add(events.flows.len())
            .saturating_add(events.access.len())
            .saturating_add(events.okta.len())
            .saturating_add(events.broker.len());
        self.events = self.events.saturating_add(u64::try_from(count).unwrap_or(0));
        Ok(())
    }

    fn gz(&mut self, name: &str, text: &str) -> Result<(), SimulateError> {
        let mut encoder = flate2::write::GzEncoder::new(
            Vec::with_capacity(text.len() / 6),
            flate2::Compression::fast(),
        );
        let path = self.logs.join(name);
        let io = |source| SimulateError::Io { path: path.clone(), source };
        encoder.write_all(text.as_bytes()).map_err(io)?;
        let io = |source| SimulateError::Io { path: path.clone(), source };
        let bytes = encoder.finish().map_err(io)?;
        self.put(name, &bytes)
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), SimulateError> {
        let path = self.logs.join(name);
        write(&path, bytes)?;
        self.files = self.files.saturating_add(1);
        Ok(())
    }
}

/// Writes a file, and makes its folder.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), SimulateError> {
    let io = |source| SimulateError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let io = |source| SimulateError::Io { path: path.to_owned(), source };
    std::fs::write(path, bytes).map_err(io)
}

/// A moment as file names spell it.
struct TimeOf(jiff::civil::DateTime);

impl TimeOf {
    fn new(time_ms: i64) -> Self {
        let time = Timestamp::from_millisecond(time_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        Self(jiff::tz::TimeZone::UTC.to_datetime(time))
    }

    fn folders(&self) -> String {
        self.0.strftime("%Y/%m/%d").to_string()
    }

    fn day(&self) -> String {
        self.0.strftime("%Y-%m-%d").to_string()
    }

    fn compact(&self) -> String {
        self.0.strftime("%Y%m%dT%H%M").to_string()
    }
}
