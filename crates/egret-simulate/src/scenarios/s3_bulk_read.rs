//! A person is worn down with MFA prompts at night; their role reads the payroll bucket from an
//! address never seen before, and stops the trail. The last reads are in the access log only.

use super::{Plot, incident_day, movement, someone};
use crate::Options;
use crate::background::{read, sign_in};
use crate::chance::Chance;
use crate::records::{Call, DataEvent, access_line, okta};
use crate::world::{ACCOUNT, BUCKETS, World, object_key, object_size};

const OUTSIDE: &str = "198.51.100.77";
const HOUR_MS: i64 = 3_600_000;

pub(crate) fn add(world: &World, options: &Options, plot: &mut Plot, chance: &mut Chance) {
    let (Some(person), Some(payroll)) = (someone(world, "DataEngineer"), BUCKETS.first()) else {
        return;
    };
    plot.truth.person = Some(person.mail.clone());
    let day = incident_day(world);
    let mut time = world.day_start(day).saturating_add(2 * HOUR_MS).saturating_add(11 * 60_000);
    let events = plot.day(day);
    for _ in 0..4 {
        events.okta.push(okta(
            time,
            person,
            "user.mfa.okta_verify.deny_push",
            ("FAILURE", Some("INVALID_CREDENTIALS")),
            OUTSIDE,
            None,
            chance,
        ));
        time = time.saturating_add(70_000);
    }
    let mut caller = sign_in(person, time, OUTSIDE, events, chance);
    "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/linux#6.6.15-amd64 md/arch#x86_64 lang/python#3.11.8 command/s3.sync".clone_into(&mut caller.agent);
    time = time.saturating_add(90_000);
    for (source, name, request, denied) in [
        ("sts.amazonaws.com", "GetCallerIdentity", "null", false),
        ("s3.amazonaws.com", "ListBuckets", "{\"Host\":\"s3.amazonaws.com\"}", false),
        ("iam.amazonaws.com", "ListRoles", "null", true),
        (
            "s3.amazonaws.com",
            "GetBucketPolicy",
            "{\"bucketName\":\"example-payroll\",\"policy\":\"\"}",
            false,
        ),
        ("secretsmanager.amazonaws.com", "ListSecrets", "null", true),
        ("ec2.amazonaws.com", "DescribeInstances", "null", true),
    ] {
        let mut call = Call::new(time, source, name).request(request.to_owned());
        if denied {
            call = call.denied();
        }
        events.trail.push(call.record(&caller, chance).0);
        time = time.saturating_add(9_000);
    }
    let objects = (options.events / 80).clamp(60, 4_000);
    let mut first: Option<i64> = None;
    let mut bytes = 0u64;
    let mut last = time;
    let seen = objects.saturating_mul(9) / 10;
    let mut count = 0u64;
    for number in 0..objects {
        time = time.saturating_add(i64::try_from(chance.between(200, 1_400)).unwrap_or(200));
        last = time;
        first.get_or_insert(time);
        if number == seen {
            let stop = Call::new(time, "cloudtrail.amazonaws.com", "StopLogging")
                .request(format!(
                    "{{\"name\":\"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main\"}}"
                ))
                .response("null".to_owned());
            plot.day(day).trail.push(stop.record(&caller, chance).0);
            plot.trail_stopped_at = Some(time);
            time = time.saturating_add(1_000);
            last = time;
        }
        let events = plot.days.entry(day).or_default();
        if number < seen {
            bytes = bytes.saturating_add(read(payroll, number, time, &caller, events, chance));
            count = count.saturating_add(1);
            if number % 50 == 7 {
                time = time.saturating_add(300);
                last = time;
                bytes = bytes.saturating_add(read(payroll, number, time, &caller, events, chance));
                count = count.saturating_add(1);
            }
        } else {
            // The trail is off; the access log still sees it.
            let key = object_key(payroll, number);
            let size = object_size(payroll, number);
            let data = DataEvent { bucket: payroll.name, key: &key, bytes_out: size, bytes_in: 0 };
            let request_id = chance.capitals(16);
            let line = access_line(time, &caller, data, &request_id, chance);
            events.access.push((time, (payroll.name, line)));
            bytes = bytes.saturating_add(size);
            count = count.saturating_add(1);
        }
    }
    let mut moved = movement(
        "s3_object_read",
        "received",
        ("s3_bucket", payroll.name),
        ("ip_address", OUTSIDE),
        (first.unwrap_or(last), last),
    )
    .by(&caller);
    moved.objects = Some(objects);
    moved.bytes = Some(bytes);
    moved.events = count;
    plot.moved(moved);
}
