//! A snapshot of a database volume is made, shared with an outside account, used there, and the
//! share is taken back. A database snapshot is shared with the same account and taken back too.

use super::{Plot, incident_day, movement, someone};
use crate::background::sign_in;
use crate::chance::Chance;
use crate::records::{Call, at};
use crate::world::{ACCOUNT, OUTSIDER_ACCOUNT, REGION, World};

const VOLUME: &str = "vol-0a1b2c3d4e5f60077";
const OUTSIDE: &str = "198.51.100.91";
const MINUTE_MS: i64 = 60_000;

pub(crate) fn add(world: &World, plot: &mut Plot, chance: &mut Chance) {
    let Some(person) = someone(world, "Operations") else { return };
    plot.truth.person = Some(person.mail.clone());
    let day = incident_day(world);
    let start = world.day_start(day).saturating_add(3 * 60 * MINUTE_MS);
    let snapshot = format!("snap-0{}", chance.hex(16));
    let events = plot.day(day);
    let caller = sign_in(person, start, OUTSIDE, events, chance);
    let minute = |number: i64| start.saturating_add(number.saturating_mul(MINUTE_MS));
    for (number, name) in (2..).zip(["DescribeVolumes", "DescribeSnapshots", "DescribeInstances"]) {
        events.trail.push(
            Call::new(minute(number), "ec2.amazonaws.com", name)
                .request("{\"filterSet\":{}}".to_owned())
                .record(&caller, chance)
                .0,
        );
    }
    let made_at = minute(6);
    events.trail.push(
        Call::new(made_at, "ec2.amazonaws.com", "CreateSnapshot")
            .request(format!("{{\"volumeId\":\"{VOLUME}\"}}"))
            .response(format!(
                "{{\"requestId\":\"{}\",\"snapshotId\":\"{snapshot}\",\"volumeId\":\"{VOLUME}\",\"status\":\"pending\",\
                 \"startTime\":{made_at},\"ownerId\":\"{ACCOUNT}\",\"volumeSize\":\"500\",\"encrypted\":false}}",
                chance.uuid()
            ))
            .record(&caller, chance)
            .0,
    );
    let share = |verb: &str| {
        format!(
            "{{\"snapshotId\":\"{snapshot}\",\"createVolumePermission\":{{\"{verb}\":{{\"items\":[{{\"userId\":\"{OUTSIDER_ACCOUNT}\"}}]}}}},\
             \"attributeType\":\"CREATE_VOLUME_PERMISSION\"}}"
        )
    };
    let answer =
        |chance: &mut Chance| format!("{{\"requestId\":\"{}\",\"_return\":true}}", chance.uuid());
    let shared_at = minute(14);
    let response = answer(chance);
    events.trail.push(
        Call::new(shared_at, "ec2.amazonaws.com", "ModifySnapshotAttribute")
            .request(share("add"))
            .response(response)
            .record(&caller, chance)
            .0,
    );
    let database_share = |verb: &str, chance: &mut Chance, time| {
        Call::new(time, "rds.amazonaws.com", "ModifyDBSnapshotAttribute")
            .request(format!(
                "{{\"dBSnapshotIdentifier\":\"customers-final\",\"attributeName\":\"restore\",\"{verb}\":[\"{OUTSIDER_ACCOUNT}\"]}}"
            ))
            .response("{\"dBSnapshotIdentifier\":\"customers-final\",\"dBSnapshotAttributes\":[{\"attributeName\":\"restore\",\"attributeValues\":[]}]}".to_owned())
            .record(&caller, chance)
            .0
    };
    let database_at = minute(18);
    events.trail.push(database_share("valuesToAdd", chance, database_at));
    let used_at = minute(41);
    // A service event: AWS itself says that the share was used.
    events.trail.push((
        used_at,
        format!(
            "{{\"eventVersion\":\"1.09\",\"userIdentity\":{{\"accountId\":\"{ACCOUNT}\",\"invokedBy\":\"ec2.amazonaws.com\"}},\
             \"eventTime\":\"{}\",\"eventSource\":\"ec2.amazonaws.com\",\"eventName\":\"SharedSnapshotVolumeCreated\",\
             \"awsRegion\":\"{REGION}\",\"sourceIPAddress\":\"ec2.amazonaws.com\",\"userAgent\":\"ec2.amazonaws.com\",\
             \"requestParameters\":null,\"responseElements\":null,\"eventID\":\"{}\",\"readOnly\":false,\
             \"eventType\":\"AwsServiceEvent\",\"managementEvent\":true,\"recipientAccountId\":\"{ACCOUNT}\",\
             \"sharedEventID\":\"{}\",\"serviceEventDetails\":{{\"snapshotId\":\"{snapshot}\"}},\"eventCategory\":\"Management\"}}",
            at(used_at),
            chance.uuid(),
            chance.uuid()
        ),
    ));
    let closed_at = minute(75);
    let response = answer(chance);
    events.trail.push(
        Call::new(closed_at, "ec2.amazonaws.com", "ModifySnapshotAttribute")
            .request(share("remove"))
            .response(response)
            .record(&caller, chance)
            .0,
    );
    let database_closed_at = minute(78);
    events.trail.push(database_share("valuesToRemove", chance, database_closed_at));

    let size = Some(500u64 << 30);
    let outsider = ("aws_account", OUTSIDER_ACCOUNT);
    let mut made = movement(
        "ebs_snapshot_create",
        "performed",
        ("ebs_volume", VOLUME),
        ("aws_account", ACCOUNT),
        (made_at, made_at),
    )
    .by(&caller);
    made.bytes = size;
    plot.moved(made);
    let mut shared = movement(
        "ebs_snapshot_share",
        "enabled",
        ("ebs_snapshot", &snapshot),
        outsider,
        (shared_at, shared_at),
    )
    .by(&caller);
    shared.bytes = size;
    shared.closed_at = Some(at(closed_at));
    plot.moved(shared);
    let mut used = movement(
        "shared_snapshot_use",
        "received",
        ("ebs_snapshot", &snapshot),
        outsider,
        (used_at, used_at),
    );
    used.bytes = size;
    plot.moved(used);
    let mut database = movement(
        "rds_snapshot_share",
        "enabled",
        ("rds_snapshot", "customers-final"),
        outsider,
        (database_at, database_at),
    )
    .by(&caller);
    database.closed_at = Some(at(database_closed_at));
    plot.moved(database);
}
