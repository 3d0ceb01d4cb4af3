//! The data of a TCP connection that was made (net/ipv4/tcp_output.c `tcp_current_mss`, net/ipv4/tcp_ipv4.c
//! `tcp_v4_mtu_reduced`): segments as large as both ends said they take, and which nobody may cut on the way. A router
//! that cannot pass one on says how much it can, and the sender sends less; where none says so, or its word is lost, the
//! connection that was made hangs.

use super::client::{first_packet, set_out};
use super::handshake::hang;
use super::homeward::{come_back, come_home};
use super::icmp::IcmpError;
use super::packet::{ACK, PSH, Packet};
use super::refusal::{Denial, Refusal};
use super::routing::{Lookup, Routed, lookup};
use super::walker::{Delivery, Recipient, Stop, Stopped, Walk};
use crate::model::trace::{Assumption, ClientSees, Leg, Verdict};
use crate::model::{Flow, NetnsId};

/// More routers than this do not each hold less than the one before.
const MOST_CUTS: usize = 16;

/// A large segment from the client, and one back, once the first packet has arrived.
pub(super) fn exchange(walk: &mut Walk<'_>, flow: &Flow, first: &Delivery) -> Result<(), Stopped> {
    if flow.size <= first_packet(flow).size {
        return Ok(());
    }
    if walk.clamped {
        walk.supposed.push(Assumption {
            unknown: "how far a TCPMSS rule on the way limits segments".to_owned(),
            supposed: "they fit".to_owned(),
            otherwise: vec!["if they do not: the connection is made, and may hang".to_owned()],
        });
        return Ok(());
    }
    if walk.connections.is_offloaded() {
        walk.supposed.push(Assumption {
            unknown: "what becomes of data that a flowtable carries past the rules".to_owned(),
            supposed: "they pass".to_owned(),
            otherwise: vec!["if they do not fit: the connection is made, and may hang".to_owned()],
        });
        return Ok(());
    }
    let answer = first.packet.answer();
    let there = match first.to {
        Recipient::Socket(netns) => mtu_towards(walk, netns, &answer),
        Recipient::Outside { .. } => None,
    };
    let here = match flow.external_source {
        None => mtu_towards(walk, flow.start, &first_packet(flow)),
        Some(_) => None,
    };
    let data = |size, packet: &Packet| Packet {
        tcp_flags: PSH | ACK,
        size,
        ..packet.clone()
    };
    let least = |mtu: Option<u32>| flow.size.min(mtu.unwrap_or(u32::MAX));
    cut_until_it_fits(walk, least(there), |walk, size| {
        let segment = data(size, &first_packet(flow));
        let Err(stopped) = set_out(walk, flow, segment) else {
            return Ok(Sent::Arrived);
        };
        tell(walk, flow, stopped, |walk, stopped| {
            let fate = walk.send_refusal(stopped.refusal.as_deref()?);
            come_home(walk, flow, fate, "it").err()
        })
    })?;
    cut_until_it_fits(walk, least(here), |walk, size| {
        let segment = data(size, &answer);
        let Err(stopped) = come_back(walk, flow, &first.to, segment, "the answer's data") else {
            return Ok(Sent::Arrived);
        };
        tell(walk, flow, stopped, |walk, stopped| {
            match walk.send_refusal(stopped.refusal.as_deref()?) {
                Ok(arrived) if arrived.to == first.to => None,
                Ok(arrived) => {
                    let why = format!("it goes to {}", arrived.packet.destination);
                    Some(walk.stop(&arrived.packet, Stop::dropped(arrived.to.netns(), why)))
                }
                Err(lost) => Some(lost),
            }
        })
    })
}

/// What becomes of a segment.
enum Sent {
    Arrived,
    /// Its sender is told that only so much passes.
    Told(u32),
}

fn cut_until_it_fits<'c>(
    walk: &mut Walk<'c>,
    mut size: u32,
    mut send: impl FnMut(&mut Walk<'c>, u32) -> Result<Sent, Stopped>,
) -> Result<(), Stopped> {
    for _ in 0..MOST_CUTS {
        walk.start_again();
        walk.journey.take();
        match send(walk, size) {
            Ok(Sent::Told(mtu)) if mtu < size => size = mtu,
            Ok(_) => return Ok(()),
            Err(mut stopped) => {
                stopped.at.on = Some(Leg::Data);
                return Err(stopped);
            }
        }
    }
    Ok(())
}

/// How much passes, where a router said so.
fn told(stopped: &Stopped) -> Option<u32> {
    match stopped.refusal.as_deref()? {
        Refusal {
            denial: Denial::Error(IcmpError::TooBig { mtu }),
            ..
        } => Some(*mtu),
        _ => None,
    }
}

/// What its sender does about a segment that stopped: it sends less if it is told how much passes, else it waits. `lose`
/// says where that word is lost.
fn tell<'c>(
    walk: &mut Walk<'c>,
    flow: &Flow,
    mut stopped: Stopped,
    lose: impl FnOnce(&mut Walk<'c>, &Stopped) -> Option<Stopped>,
) -> Result<Sent, Stopped> {
    let Some(mtu) = told(&stopped) else {
        return Err(hang(walk, flow, stopped));
    };
    let way = walk.journey.clone();
    walk.start_again();
    let Some(lost) = lose(walk, &stopped) else {
        return Ok(Sent::Told(mtu));
    };
    walk.journey = way;
    let (but, end) = match lost.verdict {
        Verdict::Undetermined => (
            "whether its sender hears of it is not known",
            (Verdict::Undetermined, None),
        ),
        _ => (
            "but its sender does not hear of it",
            (Verdict::Dropped, Some(ClientSees::Timeout)),
        ),
    };
    stopped.at.why = format!("{}; {but}: {}", stopped.at.why, lost.at.why);
    (stopped.verdict, stopped.client_sees) = end;
    Err(stopped)
}

/// What an end says that it takes (`ipv4_default_advmss`, `ip6_default_advmss`): as much as its own way to the other holds.
fn mtu_towards(walk: &Walk<'_>, netns: NetnsId, packet: &Packet) -> Option<u32> {
    let here = walk.cluster.netns(netns);
    let Routed::Found { route, ways } = lookup(here, &Lookup::made_here(packet, None)) else {
        return None;
    };
    let device = || ways.first()?.hop.device.as_deref();
    route.mtu.or_else(|| Some(here.link(device()?)?.mtu))
}
