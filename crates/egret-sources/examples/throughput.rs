//! Events decoded per second, one thread, from memory: `cargo run --release --example throughput`.
//!
//! The events are made up on the spot, half S3 data events and half management events of about the
//! size that trails hold. Decompression and writing are other crates' work and not in the number.

#![expect(clippy::print_stdout, reason = "a command-line example reports on its terminal")]

use std::fmt::Write;
use std::time::Instant;

use egret_sources::{Registry, Sink};

const EVENTS: u32 = 200_000;
const EVENTS_PER_FILE: u32 = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sources: [(&str, Vec<String>); 3] = [
        (
            "cloudtrail",
            files(
                |number| if number % 2 == 0 { object_read(number) } else { role_call(number) },
                "{\"Records\":[",
                ",",
                "]}",
            )?,
        ),
        (
            "vpc_flow",
            files(
                flow,
                "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n",
                "\n",
                "\n",
            )?,
        ),
        ("s3_access", files(access, "", "\n", "\n")?),
    ];
    let registry = Registry::standard();
    for (name, files) in &sources {
        for _ in 0..3 {
            run(&registry, name, files)?;
        }
    }
    Ok(())
}

fn run(
    registry: &Registry,
    name: &str,
    files: &[String],
) -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let (mut rows, mut bytes) = (0u64, 0usize);
    for file in files {
        let head = file.as_bytes().get(..65_536).unwrap_or(file.as_bytes());
        let (source, _) = registry.detect(head).ok_or("no source knows the file")?;
        if source.id() != name {
            return Err(format!("taken for {}, expected {name}", source.id()).into());
        }
        let mut sink = Sink::new(
            "AWSLogs/111122223333/CloudTrail/us-east-1/2025/07/24/file.json",
            "00".repeat(32),
        );
        source.decoder(head).feed(file.as_bytes(), true, &mut sink);
        let decoded = sink.take()?;
        if let Some(rejected) = decoded.rejected.first() {
            return Err(rejected.reason.clone().into());
        }
        rows = rows.saturating_add(decoded.read);
        bytes = bytes.saturating_add(file.len());
    }
    let seconds = start.elapsed().as_secs_f64();
    let (events, size) = (f64::from(u32::try_from(rows)?), f64::from(u32::try_from(bytes)?));
    println!(
        "{name}: {:.0} events/s, {:.0} MB/s, {:.0} bytes an event",
        events / seconds,
        size / seconds / 1e6,
        size / events
    );
    Ok(())
}

fn files(
    event: fn(u32) -> String,
    open: &str,
    between: &str,
    close: &str,
) -> Result<Vec<String>, std::fmt::Error> {
    let mut files = Vec::new();
    for file in 0..EVENTS.div_ceil(EVENTS_PER_FILE) {
        let mut text = String::from(open);
        for number in 0..EVENTS_PER_FILE {
            let separator = if number > 0 { between } else { "" };
            write!(
                text,
                "{separator}{}",
                event(file.wrapping_mul(EVENTS_PER_FILE).wrapping_add(number))
            )?;
        }
        text.push_str(close);
        files.push(text);
    }
    Ok(files)
}

fn object_read(n: u32) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE{m:03}:session-{m}","arn":"arn:aws:sts::111122223333:assumed-role/Analytics/session-{m}","accountId":"111122223333","accessKeyId":"ASIAIOSFODNN7EX{m:05}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE{m:03}","arn":"arn:aws:iam::111122223333:role/Analytics","accountId":"111122223333","userName":"Analytics"}},"webIdFederationData":{{}},"attributes":{{"creationDate":"2025-07-24T01:{s:02}:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2025-07-24T03:{s:02}:17Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.{b}","userAgent":"[aws-cli/2.15.30 Python/3.11.8 Linux/5.10.216-204.855.amzn2.x86_64 exe/x86_64.amzn.2 prompt/off command/s3.cp]","requestParameters":{{"bucketName":"finance-reports","Host":"finance-reports.s3.us-east-1.amazonaws.com","key":"exports/2025/07/part-{n:08}.parquet"}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"EXAMPLEZGVhZGJlZWZkZWFkYmVlZmRlYWRiZWVmZGVhZGJlZWY{m:05}=","bytesTransferredOut":{n}}},"requestID":"EXAMPLE{n:09}","eventID":"0a7e52e9-1a3b-4e61-b1fd-{n:012}","readOnly":true,"resources":[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::finance-reports/exports/2025/07/part-{n:08}.parquet"}},{{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::finance-reports"}}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"finance-reports.s3.us-east-1.amazonaws.com"}}}}"#,
        m = n % 997,
        s = n % 60,
        b = n % 250,
    )
}

fn role_call(n: u32) -> String {
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","principalId":"AIDAEXAMPLEEXAMPLE{m:03}","arn":"arn:aws:iam::111122223333:user/ana","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EX{m:05}","userName":"ana"}},"eventTime":"2025-07-24T03:{s:02}:17Z","eventSource":"ec2.amazonaws.com","eventName":"AuthorizeSecurityGroupIngress","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.{b}","userAgent":"Boto3/1.26.165 Python/3.10.12 Linux/5.15.0 Botocore/1.29.165","requestParameters":{{"groupId":"sg-0123456789{n:07}","ipPermissions":{{"items":[{{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{{}},"ipRanges":{{"items":[{{"cidrIp":"0.0.0.0/0","description":"made up \"for\" a test"}}]}},"ipv6Ranges":{{}},"prefixListIds":{{}}}}]}}}},"responseElements":{{"requestId":"10000000-0000-0000-0000-{n:012}","_return":true,"securityGroupRuleSet":{{"items":[{{"groupOwnerId":"111122223333","groupId":"sg-0123456789{n:07}","securityGroupRuleId":"sgr-0123456789{n:07}","isEgress":false,"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"0.0.0.0/0"}}]}}}},"requestID":"10000000-0000-0000-0000-{n:012}","eventID":"1b7e52e9-1a3b-4e61-b1fd-{n:012}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.2","cipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","clientProvidedHostHeader":"ec2.us-east-1.amazonaws.com"}}}}"#,
        m = n % 997,
        s = n % 60,
        b = n % 250,
    )
}

fn flow(n: u32) -> String {
    format!(
        "2 111122223333 eni-0123456789{:07} 10.0.{}.{} 203.0.113.{} {} 443 6 {} {} 1753326{:03} 1753327{:03} ACCEPT OK",
        n % 97,
        n % 4,
        n % 250,
        n % 251,
        30_000u32.wrapping_add(n % 30_000),
        n % 100,
        n,
        n % 900,
        n % 900
    )
}

fn access(n: u32) -> String {
    format!(
        r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be finance-reports [24/Jul/2025:03:{:02}:38 +0000] 203.0.113.{} arn:aws:sts::111122223333:assumed-role/Analytics/session-{} EXAMPLE{n:09} REST.GET.OBJECT exports/q3%2520report-{n}.csv "GET /exports/q3%20report-{n}.csv HTTP/1.1" 200 - 1048576 1048576 70 10 "-" "aws-cli/2.15.30 Python/3.11.8 Linux/5.10 exe/x86_64" - EXAMPLEZGVhZGJlZWZkZWFkYmVlZmRlYWRiZWVmZGVhZGJlZWY= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader finance-reports.s3.us-east-1.amazonaws.com TLSv1.3 - -"#,
        n % 60,
        n % 250,
        n % 97,
    )
}
