//! The way back to the client: answers and refusals, and whether it takes them for answers to what it sent.

use super::client::{cut_outside, dialled_name};
use super::conntrack::Direction;
use super::journey::step;
use super::packet::Packet;
use super::refusal::Denial;
use super::walker::{Fate, Recipient, Stop, Stopped, Walk};
use crate::model::trace::{ClientSees, Leg, StepKind, Verdict};
use crate::model::{Flow, Protocol};

/// The way of a refusal back to the client, if it does not get there.
pub(super) fn lose_refusal(walk: &mut Walk<'_>, flow: &Flow, stopped: &Stopped) -> Option<Stopped> {
    let refusal = stopped.refusal.as_deref()?;
    if refusal.denial == Denial::ResetOnBridge {
        return None;
    }
    let fate = walk.send_refusal(refusal);
    let mut lost = come_home(walk, flow, fate, "the refusal").err()?;
    let but = match lost.verdict {
        Verdict::Undetermined => "whether the refusal arrives is not known",
        _ => "but the refusal is lost",
    };
    lost.at.why = format!("{}; {but}: {}", stopped.at.why, lost.at.why);
    Some(lost)
}

/// The answer, from whoever took the packet back to its sender, who must recognise it.
pub(super) fn come_back(
    walk: &mut Walk<'_>,
    flow: &Flow,
    from: &Recipient,
    mut answer: Packet,
    word: &str,
) -> Result<(), Stopped> {
    // The kernel's own echoes may be cut on the way (`icmp_init`).
    answer.dont_fragment = answer.protocol != Protocol::Icmp;
    let fate = match from {
        Recipient::Socket(netns) => {
            walk.journey.enter(walk.cluster, *netns, None);
            walk.journey
                .step(step(StepKind::Emit, format!("{word}: {answer}")));
            let source = answer.source;
            walk.send(*netns, answer, Some(source))
        }
        Recipient::Outside { netns, device } => {
            walk.journey.enter(walk.cluster, *netns, Some(device));
            walk.journey.step(step(
                StepKind::Wire,
                format!("an answer from outside arrives by {device}: {answer}"),
            ));
            answer.destination_mac = walk
                .cluster
                .netns(*netns)
                .link(device)
                .and_then(|link| link.mac);
            cut_outside(walk, *netns, device, &mut answer);
            walk.receive(*netns, device, answer)
        }
    };
    come_home(walk, flow, fate, word)
}

/// Whether what was sent back reached the client, and is an answer to what it sent.
pub(super) fn come_home(
    walk: &mut Walk<'_>,
    flow: &Flow,
    fate: Fate,
    word: &str,
) -> Result<(), Stopped> {
    let on_reply = |mut stopped: Stopped| {
        stopped.at.on = Some(Leg::Reply);
        if stopped.verdict != Verdict::Undetermined {
            stopped.verdict = Verdict::Dropped;
            stopped.client_sees = Some(ClientSees::Timeout);
        }
        stopped
    };
    let arrived = fate.map_err(on_reply)?;
    let answered = match &arrived.packet.about {
        Some(about) => about.clone(),
        None => Direction::of(&arrived.packet).inverse(),
    };
    let recognised = walk.sent.as_ref() == Some(&answered);
    let home = match (&arrived.to, flow.external_source) {
        (Recipient::Socket(netns), None) => *netns == flow.start,
        (Recipient::Outside { .. }, Some(client)) => arrived.packet.destination == client,
        _ => false,
    };
    if recognised && home {
        return Ok(());
    }
    let wanted = dialled_name(flow);
    let why = if home {
        format!(
            "{word} comes as {}, the client waits for one from {wanted}: not its connection",
            arrived.packet
        )
    } else {
        format!(
            "{word} does not come back to the client but to {}",
            match &arrived.to {
                Recipient::Socket(netns) => walk.place_name(*netns),
                Recipient::Outside { .. } => "the outside".to_owned(),
            }
        )
    };
    let stopped = walk.stop(&arrived.packet, Stop::dropped(arrived.to.netns(), why));
    Err(on_reply(stopped))
}
