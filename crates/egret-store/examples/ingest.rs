//! What ingest costs: `cargo run --release -p egret-store --example ingest -- LOGS CASE
//! [THREADS [MEBIBYTES]]`.
//!
//! With `--make EVENTS LOGS` it first fills the folder `LOGS` with made-up CloudTrail files, laid
//! out as an organisation trail lays them out: account, region, day. Half of the events are S3 data
//! events, half management events, of about the size that trails hold.

#![expect(clippy::print_stdout, reason = "a command-line example reports on its terminal")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use egret_model::progress::Silent;
use egret_sources::Registry;
use egret_store::{CaseDir, IngestOptions};
use flate2::Compression;
use flate2::write::GzEncoder;

const EVENTS_PER_FILE: u32 = 1_000;
const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "777788889999"];
const REGIONS: [&str; 4] = ["ap-southeast-2", "eu-central-1", "us-east-1", "us-west-2"];
const DAYS: u32 = 28;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1).peekable();
    if words.next_if_eq("--make").is_some() {
        let events = words.next().ok_or("expected the number of events")?.parse()?;
        return make(events, Path::new(&words.next().ok_or("expected a folder")?));
    }
    let logs = PathBuf::from(words.next().ok_or("expected a folder of logs")?);
    let case = PathBuf::from(words.next().ok_or("expected a case folder")?);
    let mut options = IngestOptions::default();
    if let Some(threads) = words.next() {
        options.threads = threads.parse()?;
    }
    if let Some(mebibytes) = words.next() {
        options.memory_bytes = mebibytes.parse::<usize>()?.saturating_mul(1 << 20);
    }
    let case = CaseDir::create_or_open(&case)?;
    let registry = Registry::standard();

    let begun = Instant::now();
    let summary = egret_store::ingest(&case, &[logs], &registry, &options, &Silent)?;
    let seconds = begun.elapsed().as_secs_f64();

    let totals = &summary.totals;
    println!(
        "{} files, {} already there; case: {} read, {} stored, {} duplicate, {} quarantined",
        summary.files.len(),
        summary.already,
        totals.read,
        totals.stored,
        totals.duplicate,
        totals.quarantined
    );
    let read = summary.files.iter().map(|file| file.read).fold(0, u64::saturating_add);
    println!(
        "{seconds:.2} s, {:.0} records/s, {:.1} MB/s as stored, {:.1} MB/s inflated, {} threads",
        count(read) / seconds,
        count(summary.bytes) / seconds / 1e6,
        count(summary.inflated_bytes) / seconds / 1e6,
        options.threads
    );
    let (parts, bytes) = store(&case.events())?;
    println!("{parts} parts, {:.1} MB", count(bytes) / 1e6);
    // Absent where there is no procfs; the rest of the report stands without it.
    if let Ok(status) = egret_store::read_text(Path::new("/proc/self/status"), 1 << 20)
        && let Some(peak) = status.lines().find(|line| line.starts_with("VmHWM:"))
    {
        println!("peak memory{}", peak.trim_start_matches("VmHWM"));
    }
    Ok(())
}

/// Parts of a store and their bytes.
fn store(folder: &Path) -> Outcome<(u64, u64)> {
    let (mut parts, mut bytes) = (0u64, 0u64);
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let below = store(&path)?;
            parts = parts.saturating_add(below.0);
            bytes = bytes.saturating_add(below.1);
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            parts = parts.saturating_add(1);
            bytes = bytes.saturating_add(path.metadata()?.len());
        }
    }
    Ok((parts, bytes))
}

fn count(number: u64) -> f64 {
    f64::from(u32::try_from(number / 1_000).unwrap_or(u32::MAX)) * 1e3
        + f64::from(u32::try_from(number % 1_000).unwrap_or(0))
}

fn make(events: u32, folder: &Path) -> Outcome<()> {
    for file in 0..events.div_ceil(EVENTS_PER_FILE) {
        let pick = |list: &'static [&'static str], by: u32| -> Outcome<&'static str> {
            let at = usize::try_from(by % 1_000)?;
            Ok(list.iter().cycle().nth(at).copied().ok_or("an empty list")?)
        };
        let account = pick(&ACCOUNTS, file)?;
        let region = pick(&REGIONS, file / 3)?;
        let day = (file / 12 % DAYS).saturating_add(1);
        let below = folder.join(format!("AWSLogs/{account}/CloudTrail/{region}/2025/07/{day:02}"));
        std::fs::create_dir_all(&below)?;
        let mut text = String::from("{\"Records\":[");
        for number in 0..EVENTS_PER_FILE {
            if number > 0 {
                text.push(',');
            }
            let number = file.saturating_mul(EVENTS_PER_FILE).saturating_add(number);
            event(&mut text, number, account, region, day)?;
        }
        text.push_str("]}");
        let name = format!(
            "{account}_CloudTrail_{region}_202507{day:02}T{:02}{:02}Z_{file:016}.json.gz",
            file % 24,
            file % 60
        );
        let mut gz =
            GzEncoder::new(std::fs::File::create(below.join(name))?, Compression::default());
        gz.write_all(text.as_bytes())?;
        gz.finish()?;
    }
    Ok(())
}

fn event(text: &mut String, n: u32, account: &str, region: &str, day: u32) -> Outcome<()> {
    // Ids look random in real logs; a multiplicative walk visits each number once.
    let id = n.wrapping_mul(2_654_435_761);
    let (person, second) = (id % 997, id % 86_400);
    let time = format!(
        "2025-07-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    );
    if n.is_multiple_of(2) {
        write!(
            text,
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE{person:03}:session-{person}","arn":"arn:aws:sts::{account}:assumed-role/Analytics/session-{person}","accountId":"{account}","accessKeyId":"ASIAIOSFODNN7EX{person:05}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE{person:03}","arn":"arn:aws:iam::{account}:role/Analytics","accountId":"{account}","userName":"Analytics"}},"webIdFederationData":{{}},"attributes":{{"creationDate":"2025-07-{day:02}T00:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"{time}","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"{region}","sourceIPAddress":"203.0.113.{octet}","userAgent":"[aws-cli/2.15.30 Python/3.11.8 Linux/5.10.216-204.855.amzn2.x86_64 exe/x86_64.amzn.2 prompt/off command/s3.cp]","requestParameters":{{"bucketName":"finance-reports-{bucket}","Host":"finance-reports-{bucket}.s3.{region}.amazonaws.com","key":"exports/2025/07/part-{id:010}.parquet"}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"EXAMPLE{id:010}{other:010}{id:010}{other:010}=","bytesTransferredOut":{id}}},"requestID":"EXAMPLE{id:010}","eventID":"{id:08x}-1a3b-4e61-b1fd-{n:012}","readOnly":true,"resources":[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::finance-reports-{bucket}/exports/2025/07/part-{id:010}.parquet"}},{{"accountId":"{account}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::finance-reports-{bucket}"}}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"{account}","eventCategory":"Data","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"finance-reports-{bucket}.s3.{region}.amazonaws.com"}}}}"#,
            octet = id % 250,
            bucket = id % 31,
            other = id.rotate_left(13),
        )?;
    } else {
        write!(
            text,
            r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","principalId":"AIDAEXAMPLEEXAMPLE{person:03}","arn":"arn:aws:iam::{account}:user/person-{person}","accountId":"{account}","accessKeyId":"AKIAIOSFODNN7EX{person:05}","userName":"person-{person}"}},"eventTime":"{time}","eventSource":"ec2.amazonaws.com","eventName":"AuthorizeSecurityGroupIngress","awsRegion":"{region}","sourceIPAddress":"198.51.100.{octet}","userAgent":"Boto3/1.26.165 Python/3.10.12 Linux/5.15.0 Botocore/1.29.165","requestParameters":{{"groupId":"sg-0{id:010}","ipPermissions":{{"items":[{{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{{}},"ipRanges":{{"items":[{{"cidrIp":"0.0.0.0/0","description":"made up \"for\" a test"}}]}},"ipv6Ranges":{{}},"prefixListIds":{{}}}}]}}}},"responseElements":{{"requestId":"{id:08x}-0000-0000-0000-{n:012}","_return":true,"securityGroupRuleSet":{{"items":[{{"groupOwnerId":"{account}","groupId":"sg-0{id:010}","securityGroupRuleId":"sgr-0{id:010}","isEgress":false,"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"0.0.0.0/0"}}]}}}},"requestID":"{id:08x}-0000-0000-0000-{n:012}","eventID":"{id:08x}-1b7e-4e61-b1fd-{n:012}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.2","cipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","clientProvidedHostHeader":"ec2.{region}.amazonaws.com"}}}}"#,
            octet = id % 250,
        )?;
    }
    Ok(())
}
