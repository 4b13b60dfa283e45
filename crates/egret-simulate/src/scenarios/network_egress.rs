//! A host, entered through Session Manager, sends hundreds of megabytes to one outside address.
//! The same transfer is logged again at the NAT gateway, twice.

use super::{Plot, incident_day, movement, someone};
use crate::background::{instance_of, interface_of, place, sign_in};
use crate::chance::Chance;
use crate::records::{Call, Flow};
use crate::world::World;

const HOST: &str = "10.0.2.30";
const GATEWAY: &str = "10.0.0.5";
const OUTSIDE: &str = "198.51.100.200";
const MINUTE_MS: i64 = 60_000;
const MINUTES: i64 = 150;

pub(crate) fn add(world: &World, plot: &mut Plot, chance: &mut Chance) {
    let Some(person) = someone(world, "Operations") else { return };
    plot.truth.person = Some(person.mail.clone());
    let day = incident_day(world);
    let start = world.day_start(day).saturating_add(18 * 60 * MINUTE_MS);
    let address = place(world, person, day);
    let (interface, instance) = (interface_of(HOST), instance_of(HOST));
    let events = plot.day(day);
    let caller = sign_in(person, start, &address, events, chance);
    events.trail.push(
        Call::new(start.saturating_add(3 * MINUTE_MS), "ssm.amazonaws.com", "StartSession")
            .request(format!("{{\"target\":\"{instance}\"}}"))
            .response(format!("{{\"sessionId\":\"{}-0a1b\"}}", person.mail))
            .record(&caller, chance)
            .0,
    );
    let first = start.saturating_add(12 * MINUTE_MS);
    let mut bytes = 0u64;
    let mut last = first;
    let gateway_interface = interface_of(GATEWAY);
    for number in 0..MINUTES {
        let time = first.saturating_add(number.saturating_mul(MINUTE_MS));
        last = time;
        let sent = chance.between(3_000_000, 9_000_000);
        bytes = bytes.saturating_add(sent);
        let port = 50_000;
        // The host's own interface; then the gateway's, as the packets come in and as they go out.
        for (interface, instance, from, to, packet, outbound) in [
            (interface.as_str(), instance.as_str(), HOST, OUTSIDE, (HOST, OUTSIDE), true),
            (gateway_interface.as_str(), "-", HOST, GATEWAY, (HOST, OUTSIDE), false),
            (gateway_interface.as_str(), "-", GATEWAY, OUTSIDE, (GATEWAY, OUTSIDE), true),
        ] {
            let flow = Flow {
                time,
                seconds: 60,
                interface,
                instance,
                from: (from, port),
                to: (to, 443),
                packet,
                bytes: sent,
                accepted: true,
                outbound,
            };
            events.flows.push(flow.line());
        }
    }
    let mut moved = movement(
        "network_egress",
        "received",
        ("ip_address", HOST),
        ("ip_address", OUTSIDE),
        (first, last),
    );
    moved.bytes = Some(bytes);
    moved.events = u64::try_from(MINUTES).unwrap_or(0);
    plot.moved(moved);
}
