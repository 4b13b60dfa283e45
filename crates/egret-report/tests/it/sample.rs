//! Invented reports: one of an incident with every member filled, one in which nothing was found,
//! and the first with hostile text in every place that takes text.

use egret_model::report::{
    Actor, Authorised, Binding, Bound, CaseInfo, Chain, ChannelResult, CheckItem, CheckStatus,
    Citation, Completion, CompletionItem, Confidence, ControlNote, Coverage, CoverageCheck,
    DatasetCoverage, DayActivity, DeliveryDelay, Destination, DestinationTotal, Earlier, Finding,
    Gap, Grade, Hop, Hypothesis, Impact, IngestTotals, Movement, MovementActor, PatternRef,
    PermissionNote, Pivot, Place, Reason, Report, Resource, ResourceImpact, SCHEMA,
    SensitivitySign, Step, StepDiagnostic, StepStatus, TimelineEntry, Verdict, VerdictLevel,
    Volume,
};
use egret_model::time::TimeRange;
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

const TRAIL: &str = "logs/AWSLogs/111122223333/CloudTrail/eu-west-1/2025/07/15/111122223333_CloudTrail_eu-west-1_20250715T0215Z_EXAMPLE.json.gz";
const FLOW: &str = "logs/AWSLogs/111122223333/vpcflowlogs/eu-west-1/2025/07/15/111122223333_vpcflowlogs_eu-west-1_fl-0example_20250715T0200Z.log.gz";
const SIGN_IN: &str = "logs/okta/system-log-2025-07-14.json";
const KEY: &str = "ASIAIOSFODNN7EXAMPLE";

fn cited(id: &str, file: &str, record: u64) -> Citation {
    Citation { id: id.to_owned(), file: file.to_owned(), record }
}

fn volume(value: Option<u64>, bound: Bound, method: &str) -> Volume {
    Volume { value, method: method.to_owned(), bound }
}

fn movements() -> Vec<Movement> {
    let actor = MovementActor {
        principal: Some(
            "arn:aws:sts::111122223333:assumed-role/data-eng-prod/mara@example.com".to_owned(),
        ),
        user: Some("mara@example.com".to_owned()),
        access_key_id: Some(KEY.to_owned()),
        source_ip: Some("203.0.113.77".to_owned()),
    };
    vec![
        Movement {
            id: "M1".to_owned(),
            channel: "s3_replication".to_owned(),
            title: "replication of bucket example-payroll to account 444455556666 tried and denied".to_owned(),
            grade: Grade::Attempted,
            grade_reason: "AccessDenied on iam:PassRole; no rule was in force at any time".to_owned(),
            resource: Resource { kind: "s3_bucket".to_owned(), id: "example-payroll".to_owned(), account: Some("111122223333".to_owned()) },
            destination: Destination { kind: "s3_bucket".to_owned(), id: "example-intake".to_owned(), account: Some("444455556666".to_owned()), external: Some(true), authorised: Authorised::No, reason: "the account is not in the organisation".to_owned() },
            actor: actor.clone(),
            first: at("2025-07-15T01:41:52Z"),
            last: at("2025-07-15T01:41:52Z"),
            closed_at: None,
            objects: None,
            bytes: volume(Some(0), Bound::Exact, "the call was denied"),
            events: vec![cited("e-0004", TRAIL, 8)],
            event_count: 1,
            attack: strings(&["T1537"]),
            query: "event.action: \"PutBucketReplication\" AND aws.s3.bucket.name: \"example-payroll\"".to_owned(),
            signs: Vec::new(),
        },
        Movement {
            id: "M2".to_owned(),
            channel: "s3_object_read".to_owned(),
            title: "objects of bucket example-payroll read from 203.0.113.77: 1,284 reads of 1,284 objects".to_owned(),
            grade: Grade::Received,
            grade_reason: "the bytes were sent to the address; who sat behind it is another question".to_owned(),
            resource: Resource { kind: "s3_bucket".to_owned(), id: "example-payroll".to_owned(), account: Some("111122223333".to_owned()) },
            destination: Destination { kind: "ip_address".to_owned(), id: "203.0.113.77".to_owned(), account: None, external: Some(true), authorised: Authorised::Unknown, reason: "a public address; it is on no list that was given".to_owned() },
            actor: actor.clone(),
            first: at("2025-07-15T01:47:30Z"),
            last: at("2025-07-15T03:21:08Z"),
            closed_at: None,
            objects: Some(1_284),
            bytes: volume(Some(2_903_118_204), Bound::Lower, "sum of the bytes sent, as CloudTrail says; 311 reads have no size"),
            events: vec![cited("e-0005", TRAIL, 202), cited("e-0006", TRAIL, 203), cited("e-0007", TRAIL, 640)],
            event_count: 1_284,
            attack: strings(&["T1530"]),
            query: "aws.s3.bucket.name: \"example-payroll\" AND event.action: \"GetObject\" AND\nsource.ip: \"203.0.113.77\"".to_owned(),
            signs: strings(&["the key was used from an address never seen before", "1,284 objects, where the most in one day before was 12"]),
        },
        Movement {
            id: "M3".to_owned(),
            channel: "ebs_snapshot_share".to_owned(),
            title: "snapshot snap-0123456789abcdef0 shared with account 444455556666".to_owned(),
            grade: Grade::Enabled,
            grade_reason: "the share stood open; a copy would be logged in the other account only".to_owned(),
            resource: Resource { kind: "ebs_snapshot".to_owned(), id: "snap-0123456789abcdef0".to_owned(), account: Some("111122223333".to_owned()) },
            destination: Destination { kind: "aws_account".to_owned(), id: "444455556666".to_owned(), account: Some("444455556666".to_owned()), external: None, authorised: Authorised::No, reason: "the account is not in the organisation".to_owned() },
            actor: MovementActor::default(),
            first: at("2025-07-15T02:47:10Z"),
            last: at("2025-07-15T02:47:10Z"),
            closed_at: Some(at("2025-07-15T03:28:14Z")),
            objects: None,
            bytes: volume(Some(85_899_345_920), Bound::Upper, "size of the volume the snapshot was made of"),
            events: vec![cited("e-0009", TRAIL, 733)],
            event_count: 2,
            attack: strings(&["T1537", "T1578.001"]),
            query: "event.action: \"ModifySnapshotAttribute\"".to_owned(),
            signs: strings(&["opened and closed again within the hour"]),
        },
        Movement {
            id: "M4".to_owned(),
            channel: "aws_backup_copy".to_owned(),
            title: "backup of example-payroll copied to vault example-vault".to_owned(),
            grade: Grade::Performed,
            grade_reason: "the job reports that it is complete".to_owned(),
            resource: Resource { kind: "s3_bucket".to_owned(), id: "example-payroll".to_owned(), account: None },
            destination: Destination { kind: "backup_vault".to_owned(), id: "example-vault".to_owned(), account: Some("111122223333".to_owned()), external: Some(false), authorised: Authorised::Yes, reason: "backup plan payroll-daily".to_owned() },
            actor: MovementActor { principal: Some("backup.amazonaws.com".to_owned()), ..MovementActor::default() },
            first: at("2025-07-15T03:00:04Z"),
            last: at("2025-07-15T03:38:30Z"),
            closed_at: None,
            objects: None,
            bytes: volume(None, Bound::Unknown, "the job report is not among the evidence"),
            events: vec![cited("e-0010", TRAIL, 801)],
            event_count: 1,
            attack: Vec::new(),
            query: "event.provider: \"backup.amazonaws.com\"".to_owned(),
            signs: Vec::new(),
        },
    ]
}

fn timeline() -> Vec<TimelineEntry> {
    let entry = |time: &str,
                 until: &str,
                 count,
                 tag: &str,
                 phase: &str,
                 text: &str,
                 confidence,
                 source: &str,
                 citation: Citation| TimelineEntry {
        time: at(time),
        until: at(until),
        count,
        tag: tag.to_owned(),
        phase: phase.to_owned(),
        text: text.to_owned(),
        confidence,
        source: source.to_owned(),
        event_id: citation.id.clone(),
        citation,
    };
    vec![
        entry(
            "2025-07-14T21:48:09Z",
            "2025-07-14T21:48:09Z",
            1,
            "INCIDENT",
            "authentication",
            "mara@example.com: user.session.start from 192.0.2.44",
            Confidence::Medium,
            "okta.system",
            cited("e-0001", SIGN_IN, 412),
        ),
        entry(
            "2025-07-14T21:49:03Z",
            "2025-07-14T21:49:03Z",
            1,
            "INCIDENT",
            "authorization",
            "AssumeRole (sts) on data-eng-prod",
            Confidence::High,
            "aws.cloudtrail",
            cited("e-0002", TRAIL, 36),
        ),
        entry(
            "2025-07-15T00:52:17Z",
            "2025-07-15T01:18:05Z",
            41,
            "INCIDENT",
            "reconnaissance",
            "mara@example.com: ListBuckets, GetBucketPolicy (s3) from 203.0.113.77",
            Confidence::High,
            "aws.cloudtrail",
            cited("e-0003", TRAIL, 41),
        ),
        entry(
            "2025-07-15T01:41:52Z",
            "2025-07-15T01:41:52Z",
            1,
            "INCIDENT",
            "permission_change",
            "mara@example.com failed at PutBucketReplication (s3)",
            Confidence::High,
            "aws.cloudtrail",
            cited("e-0004", TRAIL, 8),
        ),
        entry(
            "2025-07-15T01:47:30Z",
            "2025-07-15T03:21:08Z",
            1_284,
            "INCIDENT",
            "transfer",
            "M2: objects of bucket example-payroll read",
            Confidence::High,
            "aws.cloudtrail",
            cited("e-0005", TRAIL, 202),
        ),
        entry(
            "2025-07-15T02:12:04Z",
            "2025-07-15T02:12:04Z",
            1,
            "INCIDENT",
            "cleanup",
            "mara@example.com: StopLogging (cloudtrail)",
            Confidence::High,
            "aws.cloudtrail",
            cited("e-0008", TRAIL, 698),
        ),
        entry(
            "2025-07-15T03:52:30Z",
            "2025-07-15T03:52:30Z",
            1,
            "DETECTION",
            "access",
            "alert: unusual reads of example-payroll",
            Confidence::High,
            "aws.guardduty",
            cited("e-0011", "logs/guardduty/findings.jsonl", 5),
        ),
        entry(
            "2025-07-15T04:21:07Z",
            "2025-07-15T04:21:07Z",
            1,
            "RESPONSE",
            "permission_change",
            "sessions of data-eng-prod revoked",
            Confidence::High,
            "aws.cloudtrail",
            cited("e-0012", TRAIL, 902),
        ),
    ]
}

fn steps() -> Vec<Step> {
    let step = |id: &str, phase: &str, title: &str, status, detail: &str| Step {
        id: id.to_owned(),
        phase: phase.to_owned(),
        title: title.to_owned(),
        status,
        detail: detail.to_owned(),
        query: None,
        bound_query: None,
        rows: None,
        reading: None,
        diagnostics: Vec::new(),
        sample: Vec::new(),
    };
    let scope = "Phase 1: Identify Scope and Context";
    let analysis = "Phase 2: Technique-Specific Analysis";
    vec![
        Step {
            query: Some("# reads of the bucket\nevent.provider: \"s3.amazonaws.com\" AND\nevent.action: \"GetObject\" AND\naws.s3.bucket.name: \"<bucket_name>\" AND\n@timestamp: [<start_time> TO <end_time>]".to_owned()),
            bound_query: Some("event.provider: \"s3.amazonaws.com\" AND event.action: \"GetObject\" AND aws.s3.bucket.name: \"example-payroll\" AND @timestamp: [\"2025-07-15T01:47:30Z\" TO \"2025-07-15T03:21:09Z\"}".to_owned()),
            rows: Some(1_284),
            reading: Some("standard: AND binds closer than OR".to_owned()),
            diagnostics: vec![StepDiagnostic { code: "Q201".to_owned(), severity: "warning".to_owned(), message: "the end of the period was widened to the whole second".to_owned(), help: Some("write the fraction".to_owned()), start: 0, end: 12 }],
            sample: vec![cited("e-0005", TRAIL, 202), cited("e-0006", TRAIL, 203)],
            ..step("p1.s1", scope, "Determine the exact AWS resources involved", StepStatus::Answered, "1,284 rows")
        },
        Step {
            query: Some("event.action: \"CopySnapshot\"".to_owned()),
            bound_query: Some("event.action: \"CopySnapshot\"".to_owned()),
            rows: Some(0),
            ..step("p1.s2", scope, "Look for copies of snapshots", StepStatus::Empty, "no rows, in a period that the logs at hand cover")
        },
        Step { query: Some("event.dataset: \"aws.s3access\"".to_owned()), ..step("p2.s1", analysis, "Read the S3 access log", StepStatus::NotCovered, "no S3 access log is among the evidence") },
        step("p2.s2", analysis, "Interview the owner of the data", StepStatus::Manual, "a person has to do this"),
        Step { query: Some("source.ip: [".to_owned()), ..step("p2.s3", analysis, "Follow the address", StepStatus::Failed, "Q101: expected a value, found the end") },
        Step { query: Some("user.name: \"<username>\"".to_owned()), ..step("p2.s4", analysis, "Follow the user", StepStatus::Unbound, "`<username>` has no value") },
    ]
}

/// An incident, with every member of the record filled.
pub(crate) fn incident() -> Report {
    let payroll = Resource {
        kind: "s3_bucket".to_owned(),
        id: "example-payroll".to_owned(),
        account: Some("111122223333".to_owned()),
    };
    let movements = movements();
    let destinations = movements
        .iter()
        .skip(1)
        .map(|movement| DestinationTotal {
            destination: movement.destination.clone(),
            movements: vec![movement.id.clone()],
            grade: movement.grade,
            bytes: movement.bytes.clone(),
            first: movement.first,
            last: movement.last,
            actors: movement.actor.principal.iter().cloned().collect(),
            place: (movement.destination.kind == "ip_address").then(|| Place {
                country: Some("AQ".to_owned()),
                as_number: Some(64500),
                organization: Some("Example Hosting".to_owned()),
                aws: Some("EC2".to_owned()),
            }),
            earlier: Some(Earlier {
                first: at("2025-07-01T04:00:00Z"),
                last: at("2025-07-09T04:00:00Z"),
                days: 3,
                actors: strings(&["arn:aws:sts::111122223333:assumed-role/DataEngineer/ana"]),
            }),
        })
        .collect();
    Report {
        schema: SCHEMA.to_owned(),
        case: CaseInfo {
            id: "IR-2025-0715-02".to_owned(),
            title: "Reads of the payroll bucket with an engineer's session".to_owned(),
            window: TimeRange { start: at("2025-07-14T21:00:00Z"), end: at("2025-07-15T06:00:00Z") },
            reference_time: at("2025-07-15T09:30:00Z"),
            window_reason: "given on the command line".to_owned(),
            pattern: PatternRef { name: "AWS Data Exfiltration Investigation Pattern".to_owned(), sha256: "4376f53c21b8198a7c44bf1074ee8d2039d469ac040249f4b6cf0c3ccc8b4a12".to_owned() },
            bindings: vec![
                Binding { name: "bucket_name".to_owned(), values: strings(&["example-payroll"]), origin: "found in the evidence: movement M2".to_owned() },
                Binding { name: "internal_ip_range".to_owned(), values: strings(&["10.0.0.0/8", "172.16.0.0/12"]), origin: "private networks".to_owned() },
                Binding { name: "sensitive_prefix".to_owned(), values: strings(&[""]), origin: "none given, so every key".to_owned() },
            ],
            egret_version: "0.1.0".to_owned(),
        },
        verdict: Verdict {
            level: VerdictLevel::Confirmed,
            confidence: Confidence::Medium,
            headline: "Data left for 203.0.113.77: 1,284 objects of bucket example-payroll.".to_owned(),
            reasons: vec![
                Reason { text: "the key was issued to 192.0.2.44 and used from 203.0.113.77, which is in none of the 2,214 calls before".to_owned(), findings: strings(&["F1"]), checks: strings(&["s3_data_events"]) },
                Reason { text: "that key read 1,284 objects in 94 minutes; the most in one day before was 12".to_owned(), findings: strings(&["F1"]), checks: strings(&["s3_data_events"]) },
                Reason { text: "the same principal stopped the trail while it read".to_owned(), findings: strings(&["F2"]), checks: Vec::new() },
                Reason { text: "a snapshot was shared with the same foreign account".to_owned(), findings: strings(&["F9"]), checks: Vec::new() },
            ],
            limits: strings(&[
                "whether bucket example-hr-exports was read cannot be determined: it has neither S3 data events nor access logs",
                "management calls between 02:12:04 and 02:34:11 are unseen: the trail was stopped",
            ]),
            would_change: strings(&["a record that 203.0.113.77 is an agreed receiver would lower it"]),
            next_steps: strings(&["revoke the credential ASIAIOSFODNN7EXAMPLE and the sessions it led to", "fetch CloudTrail's event history for 02:12 to 02:34"]),
        },
        coverage: Coverage {
            datasets: vec![
                DatasetCoverage { dataset: "aws.cloudtrail".to_owned(), account: Some("111122223333".to_owned()), region: Some("eu-west-1".to_owned()), first: at("2025-06-14T00:00:08Z"), last: at("2025-07-15T05:58:21Z"), events: 2_781_402, log_deliveries: 7_204, gaps: Vec::new(), days: vec![DayActivity { date: "2025-07-13".to_owned(), events: 80_000, hours: 24 }, DayActivity { date: "2025-07-14".to_owned(), events: 91_402, hours: 24 }, DayActivity { date: "2025-07-15".to_owned(), events: 20_000, hours: 6 }], delay: Some(DeliveryDelay { typical_seconds: 240, longest_seconds: 9_000, files: 412 }) },
                DatasetCoverage { dataset: "aws.vpcflow".to_owned(), account: Some("111122223333".to_owned()), region: Some("eu-west-1".to_owned()), first: at("2025-07-15T01:00:00Z"), last: at("2025-07-15T04:00:00Z"), events: 2_627_165, log_deliveries: 0, gaps: vec![Gap { start: at("2025-07-15T02:00:00Z"), end: at("2025-07-15T03:00:00Z"), expected: 875_721, reason: Some("DeleteFlowLogs at 2025-07-15T02:00:03Z".to_owned()) }], days: vec![DayActivity { date: "2025-07-15".to_owned(), events: 2_627_165, hours: 2 }], delay: None },
                DatasetCoverage { dataset: "okta.system".to_owned(), account: None, region: None, first: at("2025-07-14T20:00:00Z"), last: at("2025-07-15T05:30:00Z"), events: 9_240, log_deliveries: 0, gaps: Vec::new(), days: Vec::new(), delay: None },
            ],
            checks: vec![
                CoverageCheck { id: "s3_data_events".to_owned(), title: "CloudTrail records S3 data events".to_owned(), status: CheckStatus::Met, detail: "seen for 2 buckets; for any other bucket the absence of reads proves nothing".to_owned(), items: vec![CheckItem { subject: "example-payroll".to_owned(), status: CheckStatus::Met, detail: "data events are there".to_owned() }, CheckItem { subject: "example-hr-exports".to_owned(), status: CheckStatus::Unknown, detail: "no line names it".to_owned() }] },
                CoverageCheck { id: "s3_access".to_owned(), title: "S3 access logs are at hand".to_owned(), status: CheckStatus::NotMet, detail: "none is among the evidence".to_owned(), items: Vec::new() },
                CoverageCheck { id: "flow_logs".to_owned(), title: "Flow logs cover every interface".to_owned(), status: CheckStatus::Unknown, detail: "the list of interfaces was not given".to_owned(), items: Vec::new() },
            ],
        },
        ingest: IngestTotals { files: 412, read: 5_417_824, stored: 5_417_807, duplicate: 0, quarantined: 17, notes: strings(&["logs/notes.txt: no source knows this file"]) },
        movements,
        destinations,
        actors: vec![Actor {
            principal: "arn:aws:sts::111122223333:assumed-role/data-eng-prod/mara@example.com".to_owned(),
            names: strings(&["data-eng-prod", "mara@example.com"]),
            access_keys: strings(&[KEY]),
            addresses: strings(&["192.0.2.44", "203.0.113.77"]),
            user_agents: strings(&["aws-cli/2.17.9 md/awscrt#0.20.11 command/s3.sync"]),
            first: at("2025-07-14T21:49:03Z"),
            last: at("2025-07-15T03:36:51Z"),
            events: 3_498,
            failures: 9,
            movements: strings(&["M1", "M2", "M3"]),
        }],
        chains: vec![Chain {
            access_key_id: KEY.to_owned(),
            hops: vec![
                Hop { kind: "assume_role".to_owned(), principal: "arn:aws:sts::111122223333:assumed-role/identity-broker/task".to_owned(), time: at("2025-07-14T21:49:03Z"), event_id: "e-0002".to_owned(), confidence: Confidence::High, reason: "the response holds the key".to_owned() },
                Hop { kind: "idp_login".to_owned(), principal: "mara@example.com".to_owned(), time: at("2025-07-14T21:48:09Z"), event_id: "e-0001".to_owned(), confidence: Confidence::Medium, reason: "the same person, 54 s before".to_owned() },
            ],
            origin: Some("mara@example.com".to_owned()),
            missing: strings(&["how the key came to 203.0.113.77: endpoint logs would show it"]),
        }],
        hypotheses: vec![
            Hypothesis { id: "external_theft".to_owned(), title: "Theft from outside, with stolen credentials".to_owned(), score: 6, status: "supported".to_owned(), r#for: strings(&["M2: an address never seen before"]), against: Vec::new(), next_check: "ask the person behind the session whether they worked then and from there".to_owned() },
            Hypothesis { id: "automated_backup".to_owned(), title: "Automated backup".to_owned(), score: -3, status: "contradicted".to_owned(), r#for: Vec::new(), against: strings(&["M2: no plan names the address"]), next_check: "look for a backup plan older than the incident".to_owned() },
            Hypothesis { id: "vendor_access".to_owned(), title: "Access by a vendor".to_owned(), score: 0, status: "open".to_owned(), r#for: Vec::new(), against: Vec::new(), next_check: "is the address in the list of agreed vendors?".to_owned() },
        ],
        impact: Impact {
            resources: vec![ResourceImpact { resource: payroll, movements: strings(&["M1", "M2", "M4"]), objects: Some(1_284), bytes: volume(Some(2_903_118_204), Bound::Lower, "sum of the bytes sent") }],
            sensitivity: vec![SensitivitySign { sign: "`payroll` in a name hints at personal and financial data".to_owned(), examples: strings(&["payroll/2025/07/payslips-0001.parquet"]), objects: 1_284 }],
            regulations: strings(&["GDPR article 33: 72 hours to the authority from becoming aware; whether the duty applies is for counsel"]),
            business: strings(&["operations: which services depend on the resources listed?"]),
        },
        permissions: vec![PermissionNote { text: "role data-eng-prod may read every object of example-payroll".to_owned(), citations: vec![cited("e-0002", TRAIL, 36)] }],
        controls: vec![
            ControlNote { id: "logging".to_owned(), title: "Logging and detection".to_owned(), status: "weakened".to_owned(), detail: "the trail was stopped for 22 minutes".to_owned(), citations: vec![cited("e-0008", TRAIL, 698)] },
            ControlNote { id: "permissions_denied".to_owned(), title: "Permissions that denied an attempt".to_owned(), status: "held".to_owned(), detail: "1 attempt was denied".to_owned(), citations: vec![cited("e-0004", TRAIL, 8)] },
        ],
        timeline: timeline(),
        steps: steps(),
        channels: vec![
            ChannelResult { id: "ami_share".to_owned(), title: "AMI shared with another account, or made public".to_owned(), status: "nothing_found".to_owned(), events: 0, detail: "no such event in the window, and aws.cloudtrail would have shown it".to_owned() },
            ChannelResult { id: "internet_transfer".to_owned(), title: "Transfer from a host to the internet".to_owned(), status: "not_covered".to_owned(), events: 0, detail: "none of the logs that would show it covers the window".to_owned() },
            ChannelResult { id: "rds_snapshot_share".to_owned(), title: "RDS snapshot shared".to_owned(), status: "failed".to_owned(), events: 0, detail: "the query could not run".to_owned() },
            ChannelResult { id: "s3_object_read".to_owned(), title: "Objects read from S3".to_owned(), status: "found".to_owned(), events: 1_284, detail: "1 movement".to_owned() },
        ],
        pivots: vec![
            Pivot { id: "p1.pivot1".to_owned(), condition: "If credentials were stolen, investigate the account".to_owned(), triggered: Some(true), handover: "1 principal, 1 key".to_owned() },
            Pivot { id: "p1.pivot2".to_owned(), condition: "If several actors are involved, widen the case".to_owned(), triggered: Some(false), handover: "one principal stands behind the movements".to_owned() },
            Pivot { id: "p1.pivot3".to_owned(), condition: "If it is part of a campaign, look for others".to_owned(), triggered: None, handover: "a person has to say".to_owned() },
        ],
        findings: vec![
            Finding { id: "F1".to_owned(), title: "objects of bucket example-payroll read from 203.0.113.77".to_owned(), text: "1,284 reads of 1,284 objects between 01:47:30 and 03:21:08.".to_owned(), confidence: Confidence::High, citations: vec![cited("e-0005", TRAIL, 202), cited("e-0007", TRAIL, 640), cited("e-0013", FLOW, 511)] },
            Finding { id: "F2".to_owned(), title: "the trail was stopped".to_owned(), text: "StopLogging at 02:12:04.".to_owned(), confidence: Confidence::Low, citations: vec![cited("e-0008", TRAIL, 698)] },
        ],
        completion: Completion {
            findings: vec![CompletionItem { id: "finding.1".to_owned(), title: "Confirmation of whether data exfiltration occurred".to_owned(), status: "met".to_owned(), detail: "the verdict is confirmed".to_owned() }],
            documents: vec![
                CompletionItem { id: "document.1".to_owned(), title: "Notification requirements".to_owned(), status: "open".to_owned(), detail: "waits for counsel".to_owned() },
                CompletionItem { id: "document.2".to_owned(), title: "Recommendations".to_owned(), status: "manual".to_owned(), detail: "a person has to write this".to_owned() },
            ],
            closable: false,
        },
    }
}

/// A case in which nothing was found and little was looked at.
pub(crate) fn quiet() -> Report {
    let full = incident();
    Report {
        verdict: Verdict {
            level: VerdictLevel::Undetermined,
            confidence: Confidence::Low,
            headline: "Whether data left cannot be determined.".to_owned(),
            reasons: Vec::new(),
            limits: Vec::new(),
            would_change: Vec::new(),
            next_steps: Vec::new(),
        },
        coverage: Coverage { datasets: Vec::new(), checks: Vec::new() },
        ingest: IngestTotals::default(),
        movements: Vec::new(),
        destinations: Vec::new(),
        actors: Vec::new(),
        chains: Vec::new(),
        hypotheses: Vec::new(),
        impact: Impact::default(),
        permissions: Vec::new(),
        controls: Vec::new(),
        timeline: Vec::new(),
        steps: Vec::new(),
        channels: Vec::new(),
        pivots: Vec::new(),
        findings: Vec::new(),
        completion: Completion { findings: Vec::new(), documents: Vec::new(), closable: false },
        ..full
    }
}

/// What a log may hold when its writer is the attacker.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>=cmd()\u{202e}\u{1b}[31m|a|`b`**c**\n# d [e](https://example.org/) \"' onload=f &lt;";

/// The report with hostile text in every place that takes text, found by trying: a place takes
/// text when the record can still be read with it.
pub(crate) fn hostile(report: &Report, text: &str) -> Report {
    let mut record = serde_json::to_value(report).unwrap();
    let mut places = Vec::new();
    text_places(&record, &mut String::new(), &mut places);
    for place in places {
        let there = record.pointer_mut(&place).unwrap();
        let before = there.as_str().unwrap().to_owned();
        *there = serde_json::Value::String(format!("{before}{text}"));
        if serde_json::from_value::<Report>(record.clone()).is_err() {
            *record.pointer_mut(&place).unwrap() = serde_json::Value::String(before);
        }
    }
    serde_json::from_value(record).unwrap()
}

fn text_places(value: &serde_json::Value, path: &mut String, places: &mut Vec<String>) {
    match value {
        serde_json::Value::String(_) => places.push(path.clone()),
        serde_json::Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let length = path.len();
                path.push('/');
                path.push_str(&at.to_string());
                text_places(item, path, places);
                path.truncate(length);
            }
        }
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                let length = path.len();
                path.push('/');
                path.push_str(name);
                text_places(member, path, places);
                path.truncate(length);
            }
        }
        _ => {}
    }
}
