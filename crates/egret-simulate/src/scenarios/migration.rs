//! Benign: infrastructure code sets up replication and a bucket policy towards an account of the
//! organisation, and `DataSync` reads the bucket in working hours over ten days.

use super::{Plot, movement};
use crate::background::read;
use crate::chance::Chance;
use crate::records::{Call, Caller};
use crate::world::{ACCOUNT, BACKUP_ACCOUNT, BUCKETS, World};

const HOUR_MS: i64 = 3_600_000;

pub(crate) fn add(world: &World, plot: &mut Plot, chance: &mut Chance) {
    let Some(bucket) = BUCKETS.get(1) else { return };
    let set_up = world.days.saturating_sub(14).min(world.days.saturating_sub(2));
    let time = world.day_start(set_up).saturating_add(10 * HOUR_MS);
    let terraform = Caller {
        role: "terraform-ci".to_owned(),
        session: "ci-run".to_owned(),
        key: chance.session_key(),
        created: time.saturating_sub(HOUR_MS),
        mfa: false,
        address: "10.0.3.40".to_owned(),
        agent: "APN/1.0 HashiCorp/1.0 Terraform/1.7.5 (+https://www.terraform.io) terraform-provider-aws/5.42.0".to_owned(),
        invoked_by: None,
    };
    let events = plot.day(set_up);
    events.trail.push(
        Call::new(time, "s3.amazonaws.com", "PutBucketPolicy")
            .request(format!(
                "{{\"bucketName\":\"{0}\",\"Host\":\"{0}.s3.amazonaws.com\",\"policy\":\"\",\"bucketPolicy\":{{\"Version\":\"2012-10-17\",\
                 \"Statement\":[{{\"Sid\":\"Migration\",\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"arn:aws:iam::{BACKUP_ACCOUNT}:root\"}},\
                 \"Action\":[\"s3:GetObject\",\"s3:ListBucket\"],\"Resource\":[\"arn:aws:s3:::{0}\",\"arn:aws:s3:::{0}/*\"]}}]}}}}",
                bucket.name
            ))
            .response("null".to_owned())
            .record(&terraform, chance)
            .0,
    );
    let replicated = time.saturating_add(60_000);
    events.trail.push(
        Call::new(replicated, "s3.amazonaws.com", "PutBucketReplication")
            .request(format!(
                "{{\"bucketName\":\"{0}\",\"Host\":\"{0}.s3.amazonaws.com\",\"replication\":\"\",\"ReplicationConfiguration\":{{\
                 \"Role\":\"arn:aws:iam::{ACCOUNT}:role/replication\",\"Rule\":{{\"ID\":\"migration\",\"Status\":\"Enabled\",\"Priority\":1,\
                 \"Destination\":{{\"Bucket\":\"arn:aws:s3:::example-analytics-new\",\"Account\":{BACKUP_ACCOUNT}}}}}}}}}",
                bucket.name
            ))
            .response("null".to_owned())
            .record(&terraform, chance)
            .0,
    );
    for day in set_up.saturating_add(1)..world.days.saturating_sub(1) {
        if world.weekday(day) >= 5 {
            continue;
        }
        let start = world.day_start(day).saturating_add(9 * HOUR_MS);
        let caller = Caller {
            role: "DataMigration".to_owned(),
            session: "AwsSync-task-0a1b2c3d4e5f60001".to_owned(),
            key: chance.session_key(),
            created: start,
            mfa: false,
            address: "datasync.amazonaws.com".to_owned(),
            agent: "datasync.amazonaws.com".to_owned(),
            invoked_by: Some("datasync.amazonaws.com"),
        };
        let events = plot.days.entry(day).or_default();
        let count = (world.events_a_day / 10).max(10);
        for number in 0..count {
            let step = 7 * HOUR_MS / i64::try_from(count).unwrap_or(1).max(1);
            let time =
                start.saturating_add(step.saturating_mul(i64::try_from(number).unwrap_or(0)));
            read(bucket, chance.below(4_000), time, &caller, events, chance);
        }
    }
    plot.moved(
        movement(
            "s3_bucket_policy",
            "enabled",
            ("s3_bucket", bucket.name),
            ("aws_account", BACKUP_ACCOUNT),
            (time, time),
        )
        .by(&terraform),
    );
    plot.moved(
        movement(
            "s3_replication",
            "enabled",
            ("s3_bucket", bucket.name),
            ("s3_bucket", "example-analytics-new"),
            (replicated, replicated),
        )
        .by(&terraform),
    );
}
