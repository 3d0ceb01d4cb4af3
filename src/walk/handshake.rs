//! TCP's third packet, and what its end means for a client whose connection was made.

use super::client::{first_packet, header, set_out};
use super::conntrack::Direction;
use super::homeward::lose_refusal;
use super::packet::{ACK, Packet};
use super::refusal::Denial;
use super::walker::{Delivery, Recipient, Stop, Stopped, Walk};
use crate::model::Flow;
use crate::model::trace::{ClientSees, Leg, Verdict};

/// TCP's third packet, which goes the way of the first but is judged as one of a connection that stands: where the answer
/// went another way it is INVALID, and rules may take only new connections. Whatever the client sends then is like it.
pub(super) fn acknowledge(
    walk: &mut Walk<'_>,
    flow: &Flow,
    first: &Delivery,
) -> Result<(), Stopped> {
    let first_packet = first_packet(flow);
    // It has less to say than a SYN: twelve bytes of options, with its timestamps.
    let header = header(&first_packet);
    let acknowledgement = Packet {
        tcp_flags: ACK,
        size: flow.size.min(header + 32),
        ..first_packet
    };
    let stopped = match set_out(walk, flow, acknowledgement) {
        Err(stopped) => stopped,
        Ok(arrived) => {
            let (there, here) = (Direction::of(&first.packet), Direction::of(&arrived.packet));
            if arrived.to == first.to && here == there {
                return Ok(());
            }
            let why = format!(
                "it arrives as {}, not as the first packet did: not the same connection",
                arrived.packet
            );
            // A socket that waits for connections answers what belongs to none with a reset (`tcp_v4_rcv`).
            let stop = match &arrived.to {
                Recipient::Socket(netns) => Stop::rejected(*netns, Denial::Closed, why),
                Recipient::Outside { netns, .. } => Stop::dropped(*netns, why),
            };
            walk.stop(&arrived.packet.forgotten(), stop)
        }
    };
    Err(hang(walk, flow, stopped))
}

/// What the end of its third packet is for a client whose connection was made: a reset ends it, if it comes home; an ICMP
/// error does not (tcp_ipv4.c, `tcp_v4_err`).
pub(super) fn hang(walk: &mut Walk<'_>, flow: &Flow, mut stopped: Stopped) -> Stopped {
    stopped.at.on = Some(Leg::Acknowledgement);
    if stopped.verdict == Verdict::Undetermined {
        return stopped;
    }
    stopped.verdict = Verdict::Dropped;
    stopped.client_sees = Some(ClientSees::Timeout);
    let refusal = stopped.refusal.as_ref();
    if refusal.is_some_and(|refusal| refusal.denial.is_reset()) {
        let journey = walk.journey.clone();
        walk.start_again();
        match lose_refusal(walk, flow, &stopped) {
            Some(lost) => {
                stopped.at = lost.at;
                stopped.at.on = Some(Leg::Acknowledgement);
                if lost.verdict == Verdict::Undetermined {
                    (stopped.verdict, stopped.client_sees) = (Verdict::Undetermined, None);
                }
            }
            None => {
                walk.journey = journey;
                stopped.client_sees = Some(ClientSees::Refused);
            }
        }
    }
    stopped
}
