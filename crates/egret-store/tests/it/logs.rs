//! Made-up logs, and a case to put them in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use datafusion::arrow::util::pretty::pretty_format_batches;
use egret_model::evidence::EvidenceFile;
use egret_model::progress::Silent;
use egret_sources::Registry;
use egret_store::{CaseDir, IngestOptions, IngestSummary, SessionOptions, StoreError};
use tempfile::TempDir;

/// CloudTrail: one event a number, an hour apart, so that a day ends now and then.
pub(crate) fn cloudtrail(numbers: Range<u32>) -> Vec<u8> {
    let mut text = String::from("{\"Records\":[");
    for number in numbers.clone() {
        let separator = if number > numbers.start { "," } else { "" };
        write!(
            text,
            r#"{separator}{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ana","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"ana"}},"eventTime":"2025-07-{:02}T{:02}:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","requestParameters":{{"bucketName":"finance-reports","key":"exports/{number}"}},"eventID":"0a7e52e9-1a3b-4e61-b1fd-{number:012}","eventType":"AwsApiCall","recipientAccountId":"111122223333","eventCategory":"Data"}}"#,
            number / 24 % 28 + 1,
            number % 24,
        )
        .unwrap();
    }
    text.push_str("]}");
    text.into_bytes()
}

/// Flow log: one flow a number, all of one day, beginning with a header line.
pub(crate) fn flows(numbers: Range<u32>) -> Vec<u8> {
    let mut text = String::from(
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n",
    );
    for number in numbers {
        writeln!(
            text,
            "2 111122223333 eni-0123456789abcdef0 10.0.1.5 203.0.113.{} 49152 443 6 20 {number} 1753326000 1753326060 ACCEPT OK",
            number % 250
        )
        .unwrap();
    }
    text.into_bytes()
}

/// One gzip member.
pub(crate) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// A folder of logs and a case, gone when dropped.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.logs()).unwrap();
        bench
    }

    /// With these files.
    pub(crate) fn with(files: &[(&str, Vec<u8>)]) -> Self {
        let bench = Self::new();
        for (name, bytes) in files {
            bench.put(name, bytes);
        }
        bench
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.logs().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn case(&self) -> CaseDir {
        CaseDir::create_or_open(&self.folder.path().join("case")).unwrap()
    }

    pub(crate) fn try_ingest(
        &self,
        inputs: &[PathBuf],
        options: &IngestOptions,
    ) -> Result<IngestSummary, StoreError> {
        egret_store::ingest(&self.case(), inputs, &Registry::standard(), options, &Silent)
    }

    /// Ingests the whole folder with two threads.
    pub(crate) fn ingest(&self) -> IngestSummary {
        self.try_ingest(&[self.logs()], &options(2)).unwrap()
    }

    /// The answer to a query, as a table.
    pub(crate) fn ask(&self, sql: &str) -> String {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let options = SessionOptions { threads: 2, ..SessionOptions::default() };
        runtime.block_on(async {
            let session = egret_store::session(&self.case(), &options).await.unwrap();
            let answer = session.sql(sql).await.unwrap().collect().await.unwrap();
            pretty_format_batches(&answer).unwrap().to_string()
        })
    }

    /// A single number.
    pub(crate) fn number(&self, sql: &str) -> u64 {
        let table = self.ask(sql);
        let cell = table.lines().nth(3).unwrap().trim_matches(|c| c == '|' || c == ' ');
        cell.parse().unwrap_or_else(|_| panic!("{sql}: {table}"))
    }

    /// Every file of the case with its bytes, except the lock and the ledger, which tells when and
    /// where from.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let root = self.case().root().to_owned();
        collect(&root, &root, &mut files);
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.file_name().is_some_and(|name| name != ".lock" && name != "ledger.jsonl") {
            let mut bytes = Vec::new();
            std::io::copy(&mut fs::File::open(&path).unwrap(), &mut bytes).unwrap();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.insert(name, bytes);
        }
    }
}

pub(crate) fn options(threads: usize) -> IngestOptions {
    IngestOptions { threads, ..IngestOptions::default() }
}

/// Records read, stored, duplicate, quarantined.
pub(crate) type Account = (u64, u64, u64, u64);

/// The account of a file.
pub(crate) fn account(file: &EvidenceFile) -> Account {
    (file.read, file.stored, file.duplicate, file.quarantined)
}

/// The accounts of a run by path.
pub(crate) fn accounts(summary: &IngestSummary) -> Vec<(&str, Account)> {
    summary.files.iter().map(|file| (file.path.as_str(), account(file))).collect()
}
