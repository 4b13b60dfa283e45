//! A developer's session makes a snapshot of a database host, exports the host to a bucket, and the
//! export is fetched from outside a few hours later.

use super::{Plot, incident_day, movement, someone};
use crate::Options;
use crate::background::sign_in;
use crate::chance::Chance;
use crate::records::{Call, DataEvent};
use crate::world::{ACCOUNT, World};

const OUTSIDE: &str = "198.51.100.90";
const INSTANCE: &str = "i-0a1b2c3d4e5f60050";
const VOLUME: &str = "vol-0a1b2c3d4e5f60050";
const BUCKET: &str = "example-vm-staging-7781";
const GIB: u64 = 1 << 30;
const HOUR_MS: i64 = 3_600_000;

pub(crate) fn add(world: &World, options: &Options, plot: &mut Plot, chance: &mut Chance) {
    let Some(person) = someone(world, "Developer") else { return };
    plot.truth.person = Some(person.mail.clone());
    let day = incident_day(world);
    let start = world.day_start(day).saturating_add(21 * HOUR_MS);
    let events = plot.day(day);
    let caller = sign_in(person, start, OUTSIDE, events, chance);
    let mut time = start.saturating_add(120_000);
    for (source, name) in [
        ("sts.amazonaws.com", "GetCallerIdentity"),
        ("ec2.amazonaws.com", "DescribeInstances"),
        ("ec2.amazonaws.com", "DescribeVolumes"),
        ("s3.amazonaws.com", "ListBuckets"),
        ("ec2.amazonaws.com", "DescribeExportTasks"),
    ] {
        events.trail.push(
            Call::new(time, source, name)
                .request("{\"filterSet\":{}}".to_owned())
                .record(&caller, chance)
                .0,
        );
        time = time.saturating_add(25_000);
    }
    let snapshot = format!("snap-0{}", chance.hex(16));
    let snapped = time;
    events.trail.push(
        Call::new(time, "ec2.amazonaws.com", "CreateSnapshot")
            .request(format!("{{\"volumeId\":\"{VOLUME}\",\"description\":\"maintenance\"}}"))
            .response(format!(
                "{{\"requestId\":\"{}\",\"snapshotId\":\"{snapshot}\",\"volumeId\":\"{VOLUME}\",\"status\":\"pending\",\
                 \"startTime\":{time},\"ownerId\":\"{ACCOUNT}\",\"volumeSize\":\"200\",\"encrypted\":false}}",
                chance.uuid()
            ))
            .record(&caller, chance)
            .0,
    );
    time = time.saturating_add(60_000);
    let exported = time;
    events.trail.push(
        Call::new(time, "ec2.amazonaws.com", "CreateInstanceExportTask")
            .request(format!(
                "{{\"instanceId\":\"{INSTANCE}\",\"targetEnvironment\":\"vmware\",\"description\":\"copy\",\
                 \"exportToS3\":{{\"s3Bucket\":\"{BUCKET}\",\"s3Prefix\":\"vms/\",\"containerFormat\":\"ova\",\"diskImageFormat\":\"VMDK\"}}}}"
            ))
            .response(format!(
                "{{\"requestId\":\"{}\",\"exportTask\":{{\"exportTaskId\":\"export-i-0a1b2c3d4e5f60050\",\"state\":\"active\"}}}}",
                chance.uuid()
            ))
            .record(&caller, chance)
            .0,
    );
    // Six hours later, the next day.
    let next = day.saturating_add(1);
    let fetched = exported.saturating_add(6 * HOUR_MS);
    let bytes = 12u64.saturating_mul(GIB).saturating_add(options.seed % 1_000);
    let mut call = Call::new(fetched, "s3.amazonaws.com", "GetObject");
    call.data = Some(DataEvent {
        bucket: BUCKET,
        key: "vms/export-i-0a1b2c3d4e5f60050.ova",
        bytes_out: bytes,
        bytes_in: 0,
    });
    plot.day(next).trail.push(call.record(&caller, chance).0);
    let own = ("aws_account", ACCOUNT);
    let mut made = movement(
        "ebs_snapshot_create",
        "performed",
        ("ebs_volume", VOLUME),
        own,
        (snapped, snapped),
    )
    .by(&caller);
    made.bytes = Some(200u64.saturating_mul(GIB));
    plot.moved(made);
    plot.moved(
        movement(
            "vm_export",
            "performed",
            ("instance", INSTANCE),
            ("s3_bucket", BUCKET),
            (exported, exported),
        )
        .by(&caller),
    );
    let mut read = movement(
        "s3_object_read",
        "received",
        ("s3_bucket", BUCKET),
        ("ip_address", OUTSIDE),
        (fetched, fetched),
    )
    .by(&caller);
    read.objects = Some(1);
    read.bytes = Some(bytes);
    plot.moved(read);
}
