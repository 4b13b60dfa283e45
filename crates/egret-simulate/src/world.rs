//! The organisation: people, roles, buckets, hosts. It stays the same over all days.

use crate::Options;
use crate::chance::Chance;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const BACKUP_ACCOUNT: &str = "444455556666";
pub(crate) const OUTSIDER_ACCOUNT: &str = "777788889999";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const OFFICES: [&str; 2] = ["198.51.100.10", "198.51.100.20"];

/// Microseconds since 1970 make no sense to a person; the practice counts in milliseconds.
pub(crate) const DAY_MS: i64 = 86_400_000;

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) mail: String,
    pub(crate) role: &'static str,
    pub(crate) office: &'static str,
    pub(crate) home: String,
    /// Days of the week at home, from Monday = 0.
    pub(crate) home_days: [u8; 2],
    pub(crate) agent: &'static str,
    pub(crate) buckets: [usize; 2],
    pub(crate) okta_id: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) role: &'static str,
    pub(crate) session: &'static str,
    pub(crate) address: &'static str,
    pub(crate) invoked_by: Option<&'static str>,
    pub(crate) agent: &'static str,
    pub(crate) key: String,
    pub(crate) bucket: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    pub(crate) name: &'static str,
    pub(crate) folders: &'static [&'static str],
    pub(crate) size: (u64, u64),
    pub(crate) access_log: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) start_ms: i64,
    pub(crate) days: u32,
    pub(crate) events_a_day: u64,
    pub(crate) people: Vec<Person>,
    pub(crate) services: Vec<Service>,
    pub(crate) hosts: Vec<&'static str>,
}

pub(crate) const BUCKETS: &[Bucket] = &[
    Bucket {
        name: "example-payroll",
        folders: &["2025/salaries", "2025/confidential", "pii/employees", "bank-files"],
        size: (20_000, 900_000),
        access_log: true,
    },
    Bucket {
        name: "example-analytics",
        folders: &["events/web", "events/app", "models", "exports"],
        size: (50_000, 4_000_000),
        access_log: true,
    },
    Bucket {
        name: "example-web-assets",
        folders: &["img", "css", "js"],
        size: (2_000, 200_000),
        access_log: false,
    },
    Bucket {
        name: "example-app-logs",
        folders: &["app/prod", "app/staging", "batch"],
        size: (10_000, 600_000),
        access_log: false,
    },
    Bucket {
        name: "example-backups",
        folders: &["db/nightly", "files/weekly"],
        size: (1_000_000, 9_000_000),
        access_log: true,
    },
    Bucket {
        name: "example-build-artifacts",
        folders: &["release", "snapshot"],
        size: (100_000, 5_000_000),
        access_log: false,
    },
    Bucket {
        name: "example-hr-documents",
        folders: &["contracts", "reviews", "pii/applicants"],
        size: (30_000, 700_000),
        access_log: true,
    },
    Bucket {
        name: "example-finance",
        folders: &["ledger", "invoices", "forecast/confidential"],
        size: (10_000, 800_000),
        access_log: true,
    },
];

const NAMES: &[&str] = &[
    "ana", "bo", "carla", "dev", "elif", "femi", "greta", "hugo", "iris", "jonas", "kaya", "liam",
    "mira", "noor", "omar", "petra", "quinn", "rosa", "sven", "tara", "ulla", "vera", "wim",
    "xenia", "yara", "zeno", "amir", "bea", "cleo", "dina", "emil", "fay", "gil", "hana", "ivo",
    "jana", "kofi", "lena", "maya", "nils",
];

const ROLES: [&str; 4] = ["DataEngineer", "Developer", "Analyst", "Operations"];

const AGENTS: [&str; 4] = [
    "aws-cli/2.15.30 Python/3.11.8 Darwin/23.4.0 exe/arm64 prompt/off command/s3.cp",
    "Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#6.5.0 md/arch#x86_64 lang/python#3.11.8",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.10]",
    "aws-cli/2.15.30 Python/3.11.8 Windows/10 exe/AMD64 prompt/off command/s3.ls",
];

impl World {
    pub(crate) fn new(options: &Options, chance: &mut Chance) -> Self {
        let events_a_day = (options.events / u64::from(options.days.max(1))).max(20);
        let people_count = usize::try_from((events_a_day / 25).clamp(4, 40)).unwrap_or(4);
        let mut people = Vec::new();
        for (at, name) in NAMES.iter().take(people_count).enumerate() {
            let number = u64::try_from(at).unwrap_or(0);
            let pick = |list: &[&'static str], shift: usize| {
                list.get(at.saturating_add(shift) % list.len().max(1)).copied().unwrap_or_default()
            };
            let first_bucket = if at % 4 == 0 { 0 } else { at % BUCKETS.len() };
            people.push(Person {
                name: (*name).to_owned(),
                mail: format!("{name}@example.com"),
                role: pick(&ROLES, 0),
                office: pick(&OFFICES, 0),
                home: format!("203.0.113.{}", number.saturating_add(10)),
                home_days: [
                    u8::try_from(at % 5).unwrap_or(0),
                    u8::try_from(at.saturating_add(2) % 5).unwrap_or(2),
                ],
                agent: pick(&AGENTS, 0),
                buckets: [first_bucket, at.saturating_add(3) % BUCKETS.len()],
                okta_id: format!("00u{}", chance.hex(17)),
            });
        }
        let service = |role, session, address, invoked_by, agent, bucket, chance: &mut Chance| {
            Service { role, session, address, invoked_by, agent, key: chance.session_key(), bucket }
        };
        const SDK: &str = "aws-sdk-java/2.25.11 Linux/5.10 OpenJDK_64-Bit_Server_VM/17.0.10 exec-env/AWS_ECS_FARGATE";
        const LAMBDA: &str =
            "Boto3/1.34.42 md/Botocore#1.34.42 os/linux#5.10 exec-env/AWS_Lambda_python3.12";
        const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.7.5 (+https://www.terraform.io) terraform-provider-aws/5.42.0";
        let services = vec![
            service("web-frontend", "ecs-task-web", "10.0.1.11", None, SDK, 2, chance),
            service("ingest-worker", "ecs-task-ingest", "10.0.1.12", None, SDK, 1, chance),
            service("report-generator", "report-generator", "10.0.1.13", None, LAMBDA, 7, chance),
            service("payroll-batch", "payroll-batch", "10.0.1.14", None, LAMBDA, 0, chance),
            service("log-shipper", "log-shipper", "10.0.1.15", None, SDK, 3, chance),
            service("thumbnailer", "thumbnailer", "10.0.1.16", None, LAMBDA, 2, chance),
            service("etl-nightly", "etl-nightly", "10.0.1.17", None, SDK, 1, chance),
            service("hr-sync", "hr-sync", "10.0.1.18", None, LAMBDA, 6, chance),
            service("terraform-ci", "ci-run", "10.0.3.40", None, TERRAFORM, 5, chance),
            service(
                "AWSServiceRoleForConfig",
                "AWSConfig-Describe",
                "config.amazonaws.com",
                Some("config.amazonaws.com"),
                "config.amazonaws.com",
                4,
                chance,
            ),
            service(
                "AWSServiceRoleForAutoScaling",
                "AutoScaling",
                "autoscaling.amazonaws.com",
                Some("autoscaling.amazonaws.com"),
                "autoscaling.amazonaws.com",
                5,
                chance,
            ),
            service(
                "AWSServiceRoleForSecurityHub",
                "securityhub",
                "securityhub.amazonaws.com",
                Some("securityhub.amazonaws.com"),
                "securityhub.amazonaws.com",
                4,
                chance,
            ),
            service("search-indexer", "search-indexer", "10.0.1.19", None, SDK, 1, chance),
            service("mailer", "mailer", "10.0.1.20", None, LAMBDA, 2, chance),
            service("db-host", "i-0a1b2c3d4e5f60001", "10.0.1.50", None, SDK, 4, chance),
            service("build-agent", "i-0a1b2c3d4e5f60002", "10.0.3.41", None, SDK, 5, chance),
        ];
        Self {
            start_ms: options.start.as_millisecond(),
            days: options.days,
            events_a_day,
            people,
            services,
            hosts: vec![
                "10.0.1.11",
                "10.0.1.12",
                "10.0.1.19",
                "10.0.2.30",
                "10.0.2.31",
                "10.0.3.41",
            ],
        }
    }

    pub(crate) fn day_start(&self, day: u32) -> i64 {
        self.start_ms.saturating_add(i64::from(day).saturating_mul(DAY_MS))
    }

    /// Day of the week, from Monday = 0.
    pub(crate) fn weekday(&self, day: u32) -> u8 {
        // 1970-01-01 was a Thursday.
        let days = self.day_start(day).div_euclid(DAY_MS).saturating_add(3);
        u8::try_from(days.rem_euclid(7)).unwrap_or(0)
    }
}

/// An object's key: the same number gives the same key.
pub(crate) fn object_key(bucket: &Bucket, number: u64) -> String {
    let folder = bucket
        .folders
        .get(usize::try_from(number).unwrap_or(0) % bucket.folders.len().max(1))
        .copied()
        .unwrap_or_default();
    format!("{folder}/part-{number:06}.parquet")
}

/// Its size: the same number gives the same size.
pub(crate) fn object_size(bucket: &Bucket, number: u64) -> u64 {
    let (low, high) = bucket.size;
    let spread = high.saturating_sub(low).saturating_add(1);
    low.saturating_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15).checked_rem(spread).unwrap_or(0))
}
