//! An ordinary day: people at work, services around the clock, flows, a nightly backup.

use crate::chance::Chance;
use crate::records::{Call, Caller, DataEvent, Day, Flow, access_line, assume_role, broker, okta};
use crate::world::{BUCKETS, Bucket, DAY_MS, Person, World, object_key, object_size};

/// Objects that a bucket's readers choose from.
const OBJECTS: u64 = 4_000;

const HOUR_MS: i64 = 3_600_000;

/// What people and services look at.
const LOOKS: &[(&str, &str)] = &[
    ("ec2.amazonaws.com", "DescribeInstances"),
    ("ec2.amazonaws.com", "DescribeVolumes"),
    ("ec2.amazonaws.com", "DescribeSecurityGroups"),
    ("s3.amazonaws.com", "ListBuckets"),
    ("cloudwatch.amazonaws.com", "GetMetricData"),
    ("logs.amazonaws.com", "DescribeLogGroups"),
    ("iam.amazonaws.com", "ListRoles"),
    ("lambda.amazonaws.com", "ListFunctions20150331"),
    ("rds.amazonaws.com", "DescribeDBInstances"),
    ("kms.amazonaws.com", "Decrypt"),
    ("sts.amazonaws.com", "GetCallerIdentity"),
    ("dynamodb.amazonaws.com", "DescribeTable"),
];

const WRITES: &[(&str, &str)] = &[
    ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2"),
    ("ec2.amazonaws.com", "CreateTags"),
    ("iam.amazonaws.com", "TagRole"),
    ("cloudwatch.amazonaws.com", "PutMetricAlarm"),
    ("ssm.amazonaws.com", "PutParameter"),
];

/// Outside addresses that hosts talk to every day.
const PARTNERS: [&str; 6] = [
    "203.0.113.201",
    "203.0.113.202",
    "203.0.113.203",
    "203.0.113.204",
    "203.0.113.205",
    "203.0.113.206",
];

/// Where the nightly off-site backup goes; every night, and agreed.
const BACKUP_VENDOR: &str = "203.0.113.150";

fn bucket(at: usize) -> Bucket {
    BUCKETS.get(at % BUCKETS.len()).copied().unwrap_or(Bucket {
        name: "example-empty",
        folders: &["empty"],
        size: (1, 1),
        access_log: false,
    })
}

pub(crate) fn day(world: &World, day: u32, events: &mut Day, chance: &mut Chance) {
    let midnight = world.day_start(day);
    let working = world.weekday(day) < 5;
    let people_events = world.events_a_day * 15 / 100;
    let at_work: Vec<&Person> = world
        .people
        .iter()
        // In the first week everyone is there, so that each place is somebody's habit.
        .filter(|_| if working { day < 7 || chance.percent(92) } else { chance.percent(4) })
        .collect();
    let people = u64::try_from(world.people.len()).unwrap_or(1).max(1);
    let each = (people_events / people).max(3);
    for person in at_work {
        person_day(world, person, day, each, events, chance);
    }
    services(world, midnight, world.events_a_day * 45 / 100, events, chance);
    flows(world, midnight, world.events_a_day * 25 / 100, events, chance);
    backup_transfer(midnight, events, chance);
}

/// Where a person works from on a day.
pub(crate) fn place(world: &World, person: &Person, day: u32) -> String {
    if person.home_days.contains(&world.weekday(day)) {
        person.home.clone()
    } else {
        person.office.to_owned()
    }
}

fn person_day(
    world: &World,
    person: &Person,
    day: u32,
    count: u64,
    events: &mut Day,
    chance: &mut Chance,
) {
    let address = place(world, person, day);
    let minutes = |chance: &mut Chance, low, high| {
        i64::try_from(chance.between(low, high)).unwrap_or(0).saturating_mul(60_000)
    };
    let login = world.day_start(day).saturating_add(minutes(chance, 7 * 60 + 30, 9 * 60 + 30));
    let caller = sign_in(person, login, &address, events, chance);
    let mut time = login.saturating_add(120_000);
    let step = 8 * HOUR_MS / i64::try_from(count.max(1)).unwrap_or(1);
    for number in 0..count {
        let pause = i64::try_from(
            chance.between(1, u64::try_from(step.max(2)).unwrap_or(2).saturating_mul(2)),
        )
        .unwrap_or(0);
        time = time.saturating_add(pause.min(HOUR_MS));
        let share = chance.below(100);
        // A reader's first call of the day is a read, so that the habit shows even in a small log.
        if share < 45 || number == 0 {
            let which = person.buckets.get(usize::from(chance.percent(30))).copied().unwrap_or(0);
            read(&bucket(which), chance.below(OBJECTS), time, &caller, events, chance);
        } else if share < 88 {
            look(time, &caller, events, chance);
        } else if share < 96 {
            if let Some((source, name)) = chance.pick(WRITES) {
                let (record, _) = Call::new(time, source, name)
                    .request("{\"name\":\"example\"}".to_owned())
                    .response("null".to_owned())
                    .record(&caller, chance);
                events.trail.push(record);
            }
        } else if let Some((source, name)) = chance.pick(LOOKS) {
            let (record, _) = Call::new(time, source, name).denied().record(&caller, chance);
            events.trail.push(record);
        }
    }
}

/// Okta, broker, role: the way a person gets credentials.
pub(crate) fn sign_in(
    person: &Person,
    login: i64,
    address: &str,
    events: &mut Day,
    chance: &mut Chance,
) -> Caller {
    let key = chance.session_key();
    events.okta.push(okta(
        login,
        person,
        "user.session.start",
        ("SUCCESS", None),
        address,
        None,
        chance,
    ));
    events.okta.push(okta(
        login.saturating_add(20_000),
        person,
        "user.authentication.sso",
        ("SUCCESS", None),
        address,
        Some("AWS Access Broker"),
        chance,
    ));
    events.broker.push(broker(login.saturating_add(40_000), person, &key, address, chance));
    events.trail.push(assume_role(login.saturating_add(41_000), person, &key, chance));
    Caller::person(person, &key, login.saturating_add(41_000), address)
}

/// One object read, in CloudTrail and, where it is on, in the access log. Says how many bytes.
pub(crate) fn read(
    bucket: &Bucket,
    number: u64,
    time: i64,
    caller: &Caller,
    events: &mut Day,
    chance: &mut Chance,
) -> u64 {
    let key = object_key(bucket, number);
    let bytes = object_size(bucket, number);
    let data = DataEvent { bucket: bucket.name, key: &key, bytes_out: bytes, bytes_in: 0 };
    let mut call = Call::new(time, "s3.amazonaws.com", "GetObject");
    call.data = Some(data);
    let (record, request_id) = call.record(caller, chance);
    events.trail.push(record);
    if bucket.access_log {
        let line = access_line(time, caller, data, &request_id, chance);
        events.access.push((time, (bucket.name, line)));
    }
    bytes
}

fn look(time: i64, caller: &Caller, events: &mut Day, chance: &mut Chance) {
    if let Some((source, name)) = chance.pick(LOOKS) {
        let (record, _) = Call::new(time, source, name)
            .request("{\"maxResults\":100}".to_owned())
            .record(caller, chance);
        events.trail.push(record);
    }
}

fn services(world: &World, midnight: i64, count: u64, events: &mut Day, chance: &mut Chance) {
    for _ in 0..count {
        let time = midnight.saturating_add(
            i64::try_from(chance.below(u64::try_from(DAY_MS).unwrap_or(1))).unwrap_or(0),
        );
        let Some(service) = chance.pick(&world.services) else { continue };
        let created = time.div_euclid(6 * HOUR_MS).saturating_mul(6 * HOUR_MS);
        let caller = Caller::service(service, created);
        let of = bucket(service.bucket);
        let share = chance.below(100);
        if service.invoked_by.is_some() || share >= 70 {
            look(time, &caller, events, chance);
        } else if share < 45 {
            read(&of, chance.below(OBJECTS), time, &caller, events, chance);
        } else if share < 66 {
            let key = object_key(&of, chance.below(OBJECTS));
            let mut call = Call::new(time, "s3.amazonaws.com", "PutObject");
            call.read_only = false;
            let bytes_in = chance.between(of.size.0, of.size.1);
            call.data = Some(DataEvent { bucket: of.name, key: &key, bytes_out: 0, bytes_in });
            let (record, _) = call.record(&caller, chance);
            events.trail.push(record);
        } else {
            // A throttled call and its retry.
            let mut call = Call::new(time, "ec2.amazonaws.com", "DescribeInstances");
            call.error = Some(("Client.RequestLimitExceeded", "Request limit exceeded."));
            let (record, _) = call.record(&caller, chance);
            events.trail.push(record);
        }
    }
}

fn flows(world: &World, midnight: i64, count: u64, events: &mut Day, chance: &mut Chance) {
    for _ in 0..count {
        let time = midnight.saturating_add(
            i64::try_from(chance.below(u64::try_from(DAY_MS).unwrap_or(1))).unwrap_or(0),
        );
        let (Some(host), Some(partner), Some(other)) =
            (chance.pick(&world.hosts), chance.pick(&PARTNERS), chance.pick(&world.hosts))
        else {
            continue;
        };
        let port = chance.between(32_768, 60_999);
        let share = chance.below(100);
        let interface = interface_of(host);
        let instance = instance_of(host);
        let flow = |from, to, bytes, accepted, outbound| Flow {
            time,
            seconds: 60,
            interface: &interface,
            instance: &instance,
            from,
            to,
            packet: (from.0, to.0),
            bytes,
            accepted,
            outbound,
        };
        let flow = if share < 45 {
            flow((host, port), (partner, 443), chance.between(600, 24_000), true, true)
        } else if share < 85 {
            flow((host, port), (other, 5432), chance.between(400, 60_000), true, true)
        } else if share < 95 {
            flow((partner, 443), (host, port), chance.between(2_000, 90_000), true, false)
        } else {
            flow((partner, port), (host, 22), chance.between(40, 120), false, false)
        };
        events.flows.push(flow.line());
    }
}

/// The off-site backup: every night at two, tens of megabytes.
fn backup_transfer(midnight: i64, events: &mut Day, chance: &mut Chance) {
    const HOST: &str = "10.0.1.50";
    let (interface, instance) = (interface_of(HOST), instance_of(HOST));
    for number in 0..8 {
        let time = midnight.saturating_add(2 * HOUR_MS).saturating_add(number * 60_000);
        let bytes = chance.between(5_000_000, 7_500_000);
        let flow = Flow {
            time,
            seconds: 60,
            interface: &interface,
            instance: &instance,
            from: (HOST, 41_000),
            to: (BACKUP_VENDOR, 443),
            packet: (HOST, BACKUP_VENDOR),
            bytes,
            accepted: true,
            outbound: true,
        };
        events.flows.push(flow.line());
    }
}

fn digits_of(host: &str) -> String {
    let octets: Vec<u8> = host.split('.').filter_map(|part| part.parse().ok()).collect();
    egret_model::evidence::hex(&octets)
}

pub(crate) fn interface_of(host: &str) -> String {
    format!("eni-0{}00000000", digits_of(host))
}

pub(crate) fn instance_of(host: &str) -> String {
    format!("i-0{}00000000", digits_of(host))
}
