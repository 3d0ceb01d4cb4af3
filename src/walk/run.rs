//! One run of the walk: the client's first packet, the answer to it, and for TCP what comes of the connection then.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::client::{first_packet, set_out};
use super::explore::Choices;
use super::handshake::acknowledge;
use super::homeward::{come_back, lose_refusal};
use super::journey::Journey;
use super::supposing::Without;
use super::walker::{Fate, Stopped, Walk};
use super::{Wishes, data, send};
use crate::model::trace::Assumption;
use crate::model::{Cluster, Flow, Protocol};

/// One run of the walk, forth and back.
#[derive(Debug)]
pub(super) struct Run {
    pub fate: Fate,
    pub forth: Journey,
    pub back: Option<(Result<(), Stopped>, Journey)>,
    /// TCP's third packet, or its data, where they did not fare as the first one did.
    pub stuck: Option<(Stopped, Journey)>,
    pub not_seen: BTreeSet<String>,
    pub wishes: Wishes,
    pub supposed: Vec<Assumption>,
}

pub(super) fn run(
    cluster: &Cluster,
    flow: &Flow,
    choices: &mut Choices,
    without: &Rc<Without>,
) -> Run {
    let mut walk = Walk::new(cluster, std::mem::take(choices));
    walk.without = Rc::clone(without);
    let flow = &send::dialled(flow);
    walk.established = flow.established;
    walk.port_given = flow.source_port.is_some();
    let mut fate = set_out(&mut walk, flow, first_packet(flow));
    if flow.established && flow.protocol == Protocol::Tcp {
        fate = fate.map_err(Stopped::seen_by_connection);
    }
    let forth = walk.journey.take();
    let back = match &fate {
        Ok(delivery) if flow.reply => {
            walk.start_again();
            let mut answer = delivery.packet.answer();
            // What is sent back is supposed to be as large as what was sent, whatever became of that on the way.
            answer.size = first_packet(flow).size;
            let answered = come_back(&mut walk, flow, &delivery.to, answer, "the answer");
            Some((answered, walk.journey.take()))
        }
        Err(stopped) if flow.reply => {
            walk.start_again();
            let lost = lose_refusal(&mut walk, flow, stopped);
            lost.map(|lost| (Err(lost), walk.journey.take()))
        }
        _ => None,
    };
    let stuck = match (&fate, &back) {
        (Ok(delivery), Some((Ok(()), _)))
            if flow.protocol == Protocol::Tcp && !flow.established =>
        {
            walk.start_again();
            let made = acknowledge(&mut walk, flow, delivery);
            let sent = made.and_then(|()| data::exchange(&mut walk, flow, delivery));
            sent.err().map(|stopped| (stopped, walk.journey.take()))
        }
        _ => None,
    };
    *choices = walk.choices;
    Run {
        fate,
        forth,
        back,
        stuck,
        not_seen: walk.not_seen,
        wishes: walk.wishes,
        supposed: walk.supposed,
    }
}
