//! What the command line does, without the command line: open a case, ingest, investigate, write
//! the report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::Args;
use datafusion::prelude::SessionContext;
use egret_investigate::channel::Channel;
use egret_investigate::context::Context;
use egret_investigate::engine::Engine;
use egret_investigate::investigate::{Integrity, Search, Settings, investigate};
use egret_investigate::pattern::{DEFAULT_PATTERN, Pattern};
use egret_model::progress::{Progress as _, Unit};
use egret_model::report::Report;
use egret_model::words::thousands;
use egret_report::Format;
use egret_sources::Registry;
use egret_store::{
    CaseDir, Enrichment, IngestOptions, IngestSummary, PublicKeys, Recorder, SessionOptions,
    Status, VerifyOptions,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::talk::Talk;

/// The largest pattern, context or mapping file that is read.
pub(crate) const TEXT_BYTES_MAX: u64 = 16 << 20;

/// Settings that stay with a case: `case.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CaseFile {
    pub(crate) id: String,
    pub(crate) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<FileRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<FileRef>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) set: BTreeMap<String, Vec<String>>,
}

/// A file by path and digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRef {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
}

/// What `investigate` is asked with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    pub(crate) now: Option<Timestamp>,
    pub(crate) set: Vec<(String, String)>,
    pub(crate) pattern: Option<PathBuf>,
    pub(crate) context: Option<PathBuf>,
    pub(crate) title: Option<String>,
    pub(crate) public_keys: Option<PathBuf>,
}

/// How much of the machine may be used.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) threads: Option<usize>,
    /// Where plans run instead: `df://host:port`.
    pub(crate) cluster: Option<String>,
}

impl Machine {
    fn ingest(&self, recorder: &Recorder, enrichment: Enrichment) -> IngestOptions {
        let default = IngestOptions::default();
        IngestOptions {
            threads: self.threads.unwrap_or(default.threads),
            recorder: recorder.clone(),
            enrichment: enrichment.into(),
            ..default
        }
    }

    pub(crate) fn session(&self) -> SessionOptions {
        let default = SessionOptions::default();
        SessionOptions { threads: self.threads.unwrap_or(default.threads), ..default }
    }

    /// The table `events` of a case, on the cluster when one is named.
    pub(crate) async fn open(&self, case: &CaseDir) -> anyhow::Result<SessionContext> {
        match &self.cluster {
            None => Ok(egret_store::session(case, &self.session()).await?),
            #[cfg(feature = "distributed")]
            Some(url) => Ok(Box::pin(egret_cluster::connect(url, case)).await?),
            #[cfg(not(feature = "distributed"))]
            Some(url) => bail!(
                "this egret cannot ask {url}: it was built without Ballista; build it with \
                 --features distributed"
            ),
        }
    }
}

/// How evidence is read: flags of every command that ingests.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Reading {
    /// Field mapping of your identity broker's log (TOML).
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    broker_mapping: Option<PathBuf>,
    /// Field order of flow logs without a header line, as AWS shows it: `${srcaddr} ${dstaddr} …`.
    #[arg(long, value_name = "NAMES", help_heading = "Input")]
    flow_format: Option<String>,
    /// Folder of MaxMind-format files (`*.mmdb`): country, city and owner of addresses.
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    geoip: Option<PathBuf>,
    /// AWS's ip-ranges.json: service and region of addresses.
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    aws_ip_ranges: Option<PathBuf>,
}

impl Reading {
    /// The sources, with the team's own mapping and field order.
    fn registry(&self) -> anyhow::Result<Registry> {
        let mut registry = Registry::standard();
        if let Some(path) = &self.broker_mapping {
            let text = egret_store::read_text(path, TEXT_BYTES_MAX)?;
            registry = registry
                .with_broker_mapping(&text)
                .with_context(|| format!("broker mapping {}", path.display()))?;
        }
        if let Some(format) = &self.flow_format {
            registry = registry.with_flow_format(format).context("--flow-format")?;
        }
        Ok(registry)
    }
}

/// Ingests and says what became of the records.
pub(crate) fn ingest(
    case: &CaseDir,
    paths: &[PathBuf],
    read: &Reading,
    machine: &Machine,
    recorder: &Recorder,
    talk: &Talk,
) -> anyhow::Result<IngestSummary> {
    let registry = read.registry()?;
    let enrichment = Enrichment::open(read.geoip.as_deref(), read.aws_ip_ranges.as_deref())?;
    let is_enriched = !enrichment.is_empty();
    let begun = Instant::now();
    let summary =
        egret_store::ingest(case, paths, &registry, &machine.ingest(recorder, enrichment), talk)?;
    if is_enriched && summary.already > 0 {
        talk.say(
            "[WARNING] files that were in the case already keep what their addresses were known for \
             then; look up anew by ingesting them into a new case",
        );
    }
    tell_ingest(&summary, begun.elapsed().as_secs_f64(), talk);
    Ok(summary)
}

fn tell_ingest(summary: &IngestSummary, seconds: f64, talk: &Talk) {
    let sum = |of: fn(&egret_model::evidence::EvidenceFile) -> u64| {
        summary.files.iter().map(of).fold(0u64, u64::saturating_add)
    };
    let mut line = format!(
        "{} files, {} records: {} stored, {} duplicate, {} quarantined",
        thousands(u64::try_from(summary.files.len()).unwrap_or(u64::MAX)),
        thousands(sum(|file| file.read)),
        thousands(sum(|file| file.stored)),
        thousands(sum(|file| file.duplicate)),
        thousands(sum(|file| file.quarantined)),
    );
    if summary.already > 0 {
        line.push_str(&format!("; {} files were in the case already", thousands(summary.already)));
    }
    talk.say(&line);
    let megabytes =
        |bytes: u64| f64::from(u32::try_from(bytes / 1_000).unwrap_or(u32::MAX)) / 1_000.0;
    if seconds > 0.0 && summary.bytes > 0 {
        talk.say(&format!(
            "{:.1} MB ({:.1} MB uncompressed) in {seconds:.1} s, {:.0} MB/s uncompressed",
            megabytes(summary.bytes),
            megabytes(summary.inflated_bytes),
            megabytes(summary.inflated_bytes) / seconds
        ));
    }
    const SHOWN: usize = 10;
    for passed in summary.passed_over.iter().take(SHOWN) {
        talk.say(&format!("[WARNING] {}: passed over: {}", passed.path, passed.reason));
    }
    if summary.passed_over.len() > SHOWN {
        talk.say(&format!(
            "[WARNING] {} more passed over; see ledger.jsonl",
            summary.passed_over.len().saturating_sub(SHOWN)
        ));
    }
    let noted: Vec<&egret_model::evidence::EvidenceFile> =
        summary.files.iter().filter(|file| file.source.is_none() || file.quarantined > 0).collect();
    for file in noted.iter().take(SHOWN) {
        if file.source.is_none() {
            talk.say(&format!("[WARNING] {}: {}", file.path, file.detected));
        } else {
            talk.say(&format!(
                "[WARNING] {}: {} of {} records quarantined; see quarantine/",
                file.path, file.quarantined, file.read
            ));
        }
    }
    if noted.len() > SHOWN {
        talk.say(&format!(
            "[WARNING] {} more files with something to note; see evidence/manifest.jsonl",
            noted.len().saturating_sub(SHOWN)
        ));
    }
}

/// Runs the pattern over a case and writes the report in every format.
pub(crate) async fn run_pattern(
    case: &CaseDir,
    ask: &Ask,
    machine: &Machine,
    recorder: &Recorder,
    talk: &Talk,
) -> anyhow::Result<Report> {
    let mut file = case_file(case)?;
    if file.id.is_empty() {
        file.id = case
            .root()
            .canonicalize()
            .ok()
            .and_then(|root| root.file_name().map(|name| name.to_string_lossy().into_owned()))
            .unwrap_or_else(|| "case".to_owned());
    }
    file.from = ask.from.or(file.from);
    file.to = ask.to.or(file.to);
    file.now = ask.now.or(file.now);
    if let (Some(from), Some(to)) = (file.from, file.to)
        && from >= to
    {
        bail!(
            "the window ends at {to}, before it begins at {from}; give `--from` and `--to` in order"
        );
    }
    if let Some(title) = &ask.title {
        file.title.clone_from(title);
    }
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &ask.set {
        given.entry(name.clone()).or_default().push(value.clone());
    }
    file.set.extend(given);
    let (pattern_text, pattern_ref) =
        referenced(ask.pattern.as_deref(), file.pattern.as_ref(), "pattern")?;
    let pattern_text = pattern_text.unwrap_or_else(|| DEFAULT_PATTERN.to_owned());
    let pattern = Pattern::parse(&pattern_text).with_context(|| {
        pattern_ref.as_ref().map_or_else(
            || "built-in pattern".to_owned(),
            |file| format!("pattern {}", file.path.display()),
        )
    })?;
    let (context_text, context_ref) =
        referenced(ask.context.as_deref(), file.context.as_ref(), "context")?;
    let context = match &context_text {
        Some(text) => Context::parse(text)?,
        None => Context::default(),
    };
    file.pattern = pattern_ref;
    file.context = context_ref;
    if file.title.is_empty() {
        file.title.clone_from(&pattern.name);
    }
    save_case_file(case, &file)?;

    let session = machine.open(case).await?;
    let engine = Engine::new(session);
    let settings = Settings {
        integrity: integrity(case, ask.public_keys.as_deref(), machine, talk)?,
        case_id: file.id.clone(),
        title: file.title.clone(),
        from: file.from,
        to: file.to,
        now: file.now,
        bindings: file.set.clone().into_iter().collect(),
        context,
        egret_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let manifest = egret_store::manifest(case)?;
    let channels = Channel::built_in()?;
    let report = investigate(&engine, &pattern, &channels, &settings, &manifest, talk).await?;
    let mut artifacts = Vec::new();
    for (format, name) in [
        (Format::Json, "report.json"),
        (Format::Html, "report.html"),
        (Format::Markdown, "report.md"),
    ] {
        let path = case.report().join(name);
        let text = egret_report::render(&report, format)?;
        write_whole(&path, text.as_bytes())?;
        let sha256 = egret_model::evidence::sha256_hex(text.as_bytes());
        artifacts.push((format!("report/{name}"), sha256));
    }
    let detail = serde_json::json!({
        "pattern": { "name": pattern.name, "sha256": report.case.pattern.sha256 },
        "window": { "from": file.from, "to": file.to },
        "now": file.now,
        "bindings": file.set,
        "context": file.context,
        "queries": engine.asked().len(),
        "verdict": report.verdict.level.as_str(),
        "artifacts": artifacts,
    });
    egret_store::append(case, recorder, "investigate", &detail)?;
    Ok(report)
}

/// Searches the ways out of a case, by the case's own window and context where none is given.
pub(crate) async fn search(
    case: &CaseDir,
    channels: &[Channel],
    (from, to, context): (Option<Timestamp>, Option<Timestamp>, Option<&Path>),
    machine: &Machine,
    talk: &Talk,
) -> anyhow::Result<(Engine, Search)> {
    let file = case_file(case)?;
    let (context, _) = referenced(context, file.context.as_ref(), "context")?;
    let settings = Settings {
        integrity: Integrity::NotChecked,
        case_id: file.id,
        title: file.title,
        from: from.or(file.from),
        to: to.or(file.to),
        now: file.now,
        bindings: Vec::new(),
        context: context.as_deref().map(Context::parse).transpose()?.unwrap_or_default(),
        egret_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let engine = Engine::new(machine.open(case).await?);
    talk.start("searching the ways out", 2, Unit::Steps);
    let search = egret_investigate::investigate::search(&engine, channels, &settings, talk).await?;
    talk.finish();
    Ok((engine, search))
}

/// What CloudTrail's digests say of the logs, when keys to check them with were given.
fn integrity(
    case: &CaseDir,
    public_keys: Option<&Path>,
    machine: &Machine,
    talk: &Talk,
) -> anyhow::Result<Integrity> {
    let Some(path) = public_keys else { return Ok(Integrity::NotChecked) };
    let text = egret_store::read_text(path, TEXT_BYTES_MAX)?;
    let options = VerifyOptions {
        public_keys: PublicKeys::parse(&text).with_context(|| path.display().to_string())?,
        threads: machine.session().threads,
        ..VerifyOptions::default()
    };
    let found = egret_store::verify(case, &options, talk)?;
    if found.digests.is_empty() {
        return Ok(Integrity::Open("no digest file is among the evidence".to_owned()));
    }
    let open: Vec<String> = found
        .digests
        .iter()
        .chain(&found.logs)
        .filter(|verdict| verdict.status != Status::Valid)
        .map(|verdict| {
            let name = verdict.file.rsplit('/').next().unwrap_or(&verdict.file);
            format!("{name} {}: {}", verdict.status.as_str().replace('_', " "), verdict.reason)
        })
        .collect();
    const SHOWN: usize = 5;
    Ok(match open.as_slice() {
        [] => Integrity::Proved,
        few if few.len() <= SHOWN => Integrity::Open(few.join("; ")),
        many => Integrity::Open(format!(
            "{}; and {} more, see `egret verify`",
            many.get(..SHOWN).unwrap_or_default().join("; "),
            many.len().saturating_sub(SHOWN)
        )),
    })
}

/// Records a question in the ledger. A case on a medium that cannot be written is still one that can
/// be asked.
pub(crate) fn record_query(
    case: &CaseDir,
    recorder: &Recorder,
    detail: &serde_json::Value,
    talk: &Talk,
) {
    if let Err(error) = egret_store::append(case, recorder, "query", detail) {
        talk.say(&format!("[WARNING] not recorded in the ledger: {error}"));
    }
}

/// The file given now, else the one the case remembers, unless it has changed since.
fn referenced(
    given: Option<&Path>,
    held: Option<&FileRef>,
    what: &str,
) -> anyhow::Result<(Option<String>, Option<FileRef>)> {
    let path = match (given, held) {
        (Some(path), _) => path,
        (None, Some(held)) => &held.path,
        (None, None) => return Ok((None, None)),
    };
    let text = egret_store::read_text(path, TEXT_BYTES_MAX).with_context(|| what.to_owned())?;
    let sha256 = egret_model::evidence::sha256_hex(text.as_bytes());
    if given.is_none()
        && let Some(held) = held
        && held.sha256 != sha256
    {
        bail!(
            "the {what} {} has changed since the case used it; name it again with `--{what}` to use \
             it as it is now",
            path.display()
        );
    }
    let path = path.canonicalize().unwrap_or_else(|_gone| path.to_owned());
    Ok((Some(text), Some(FileRef { path, sha256 })))
}

fn case_file(case: &CaseDir) -> anyhow::Result<CaseFile> {
    let path = case.settings();
    if !path.exists() {
        return Ok(CaseFile::default());
    }
    let text = egret_store::read_text(&path, TEXT_BYTES_MAX)?;
    toml::from_str(&text).with_context(|| format!("{}", path.display()))
}

fn save_case_file(case: &CaseDir, file: &CaseFile) -> anyhow::Result<()> {
    let text = toml::to_string(file)?;
    write_whole(&case.settings(), text.as_bytes())
}

/// Writes a file so that a reader sees the old one or the new one, never half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, bytes).with_context(|| format!("writing {}", draft.display()))?;
    std::fs::rename(&draft, path).with_context(|| format!("writing {}", path.display()))
}

/// The few lines that answer the question.
pub(crate) fn summary(report: &Report, case: &CaseDir) -> String {
    let mut lines = Vec::new();
    lines.push(format!(
        "Verdict: {} (confidence {})",
        report.verdict.level.as_str().replace('_', " "),
        report.verdict.confidence.as_str()
    ));
    lines.push(format!("  {}", report.verdict.headline));
    for reason in report.verdict.reasons.iter().skip(1) {
        lines.push(format!("  - {}", reason.text));
    }
    if !report.movements.is_empty() {
        const SHOWN: usize = 15;
        lines.push(format!("Movements: {}", report.movements.len()));
        for movement in report.movements.iter().take(SHOWN) {
            lines.push(format!(
                "  {} [{}] {}",
                movement.id,
                movement.grade.as_str(),
                movement.title
            ));
        }
        if report.movements.len() > SHOWN {
            lines.push(format!("  … and {} more", report.movements.len().saturating_sub(SHOWN)));
        }
    }
    let count =
        |status: &str| report.channels.iter().filter(|channel| channel.status == status).count();
    lines.push(format!(
        "Channels: {} with findings, {} where nothing was found, {} that no log covers",
        count("found"),
        count("nothing_found"),
        count("not_covered")
    ));
    let steps = |status| report.steps.iter().filter(|step| step.status == status).count();
    use egret_model::report::StepStatus;
    lines.push(format!(
        "Steps: {} answered, {} empty, {} not covered, {} for a person, {} unbound, {} failed",
        steps(StepStatus::Answered),
        steps(StepStatus::Empty),
        steps(StepStatus::NotCovered),
        steps(StepStatus::Manual),
        steps(StepStatus::Unbound),
        steps(StepStatus::Failed)
    ));
    lines.push(format!("Report: {}", case.report().join("report.html").display()));
    lines.push(String::new());
    lines.join("\n")
}
