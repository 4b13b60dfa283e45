//! Benign: every night at one the backup role snapshots a volume, copies the snapshot to a second
//! region and shares it with the organisation's backup account.

use super::{Plot, movement};
use crate::chance::Chance;
use crate::records::{Call, Caller};
use crate::world::{ACCOUNT, BACKUP_ACCOUNT, World};

const VOLUME: &str = "vol-0a1b2c3d4e5f60011";
const MINUTE_MS: i64 = 60_000;

pub(crate) fn add(world: &World, plot: &mut Plot, chance: &mut Chance) {
    let key = chance.session_key();
    let mut night = 0i64;
    for day in 0..world.days {
        let jitter = i64::try_from(chance.below(4)).unwrap_or(0).saturating_mul(15_000);
        night = world.day_start(day).saturating_add(60 * MINUTE_MS).saturating_add(jitter);
        let caller = Caller {
            role: "backup-service".to_owned(),
            session: "nightly-backup".to_owned(),
            key: key.clone(),
            created: world.day_start(day),
            mfa: false,
            address: "10.0.4.10".to_owned(),
            agent: "Boto3/1.34.42 md/Botocore#1.34.42 os/linux#5.10 exec-env/AWS_Lambda_python3.12"
                .to_owned(),
            invoked_by: None,
        };
        let snapshot = format!("snap-0{}", chance.hex(16));
        let events = plot.day(day);
        events.trail.push(
            Call::new(night, "ec2.amazonaws.com", "CreateSnapshot")
                .request(format!("{{\"volumeId\":\"{VOLUME}\",\"description\":\"nightly\"}}"))
                .response(format!(
                    "{{\"requestId\":\"{}\",\"snapshotId\":\"{snapshot}\",\"volumeId\":\"{VOLUME}\",\"status\":\"pending\",\
                     \"startTime\":{night},\"ownerId\":\"{ACCOUNT}\",\"volumeSize\":\"100\",\"encrypted\":true}}",
                    chance.uuid()
                ))
                .record(&caller, chance)
                .0,
        );
        let copied = night.saturating_add(10 * MINUTE_MS);
        let mut copy = Call::new(copied, "ec2.amazonaws.com", "CopySnapshot")
            .request(format!(
                "{{\"sourceRegion\":\"us-east-1\",\"sourceSnapshotId\":\"{snapshot}\",\"description\":\"nightly\",\"encrypted\":true}}"
            ))
            .response(format!("{{\"requestId\":\"{}\",\"snapshotId\":\"snap-0{}\"}}", chance.uuid(), chance.hex(16)));
        copy.region = "us-west-2";
        events.trail.push(copy.record(&caller, chance).0);
        let shared = night.saturating_add(15 * MINUTE_MS);
        events.trail.push(
            Call::new(shared, "ec2.amazonaws.com", "ModifySnapshotAttribute")
                .request(format!(
                    "{{\"snapshotId\":\"{snapshot}\",\"createVolumePermission\":{{\"add\":{{\"items\":[{{\"userId\":\"{BACKUP_ACCOUNT}\"}}]}}}},\
                     \"attributeType\":\"CREATE_VOLUME_PERMISSION\"}}"
                ))
                .response(format!("{{\"requestId\":\"{}\",\"_return\":true}}", chance.uuid()))
                .record(&caller, chance)
                .0,
        );
        let mut copy = movement(
            "ebs_snapshot_copy",
            "performed",
            ("ebs_snapshot", &snapshot),
            ("aws_region", "us-west-2"),
            (copied, copied),
        )
        .by(&caller);
        copy.bytes = Some(100 << 30);
        plot.moved(copy);
        let mut share = movement(
            "ebs_snapshot_share",
            "enabled",
            ("ebs_snapshot", &snapshot),
            ("aws_account", BACKUP_ACCOUNT),
            (shared, shared),
        )
        .by(&caller);
        share.bytes = Some(100 << 30);
        plot.moved(share);
        if day == 0 {
            let mut made = movement(
                "ebs_snapshot_create",
                "performed",
                ("ebs_volume", VOLUME),
                ("aws_account", ACCOUNT),
                (night, night),
            )
            .by(&caller);
            made.bytes = Some(100 << 30);
            made.events = u64::from(world.days);
            plot.moved(made);
        }
    }
    for made in &mut plot.truth.movements {
        if made.channel == "ebs_snapshot_create" {
            made.last = crate::records::at(night);
        }
    }
}
