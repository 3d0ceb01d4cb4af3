//! The hooks that a packet between two ends would pass on their nodes, if its way were whole.

use std::net::IpAddr;

use crate::check::{NodeView, Scene};
use crate::model::{Family, Flow, FlowEnd, NetnsId, Protocol};
use crate::walk::Passage;

/// One end: a pod or a node.
#[derive(Clone, Copy)]
pub struct Stay {
    /// Which captured node it is on.
    pub node: usize,
    /// It is the node itself.
    pub is_host: bool,
    /// Its address.
    pub ip: IpAddr,
}

/// A packet at the hooks of a node.
pub struct Hooks {
    netns: NetnsId,
    in_device: Option<String>,
    out_device: Option<String>,
    flow: Flow,
    /// It is a tunnel's packet, which holds another.
    pub outer: bool,
}

impl Hooks {
    /// As the walk wants it.
    pub fn passage(&self) -> Passage<'_> {
        Passage {
            netns: self.netns,
            in_device: self.in_device.as_deref(),
            out_device: self.out_device.as_deref(),
            flow: &self.flow,
        }
    }
}

/// All of them, those of the sender's node first.
pub fn of(scene: &Scene<'_>, (from, to): (Stay, Stay), flow: &Flow) -> Vec<Hooks> {
    let view = |stay: Stay| {
        let mut hosts = scene.hosts();
        hosts.find(|(_, id, _)| id.node == stay.node)
    };
    let (Some((sender, here, _)), Some((receiver, there, _))) = (view(from), view(to)) else {
        return Vec::new();
    };
    let family = Family::of(to.ip);
    let flow = Flow {
        source: Some(from.ip),
        ..flow.clone()
    };
    let bridge = |node: &NodeView<'_>| node.bridge().map(|link| link.name.clone());
    let mut all = Vec::new();
    let mut add = |netns, devices: (Option<String>, Option<String>), flow: &Flow, outer| {
        if devices != (None, None) {
            all.push(Hooks {
                netns,
                in_device: devices.0,
                out_device: devices.1,
                flow: flow.clone(),
                outer,
            });
        }
    };
    if from.node == to.node {
        match (from.is_host, to.is_host) {
            (false, true) => add(here, (bridge(sender), None), &flow, false),
            (true, false) => add(here, (None, bridge(sender)), &flow, false),
            _ => {}
        }
        return all;
    }
    let (out, back) = (
        sender.towards(receiver, family),
        receiver.towards(sender, family),
    );
    let entry = |node: &NodeView<'_>, stay: Stay| match stay.is_host {
        true => Some(None),
        false => bridge(node).map(Some),
    };
    if let (Some(out), Some(inside)) = (out, entry(sender, from)) {
        add(here, (inside, Some(out.name.clone())), &flow, false);
    }
    if let (Some(back), Some(inside)) = (back, entry(receiver, to)) {
        add(there, (Some(back.name.clone()), inside), &flow, false);
    }
    if let Some((outer, port)) = outer(sender, receiver, family)
        && let (Some(wire), Some(their_wire)) = (sender.wire(family), receiver.wire(family))
    {
        let flow = Flow {
            protocol: Protocol::Udp,
            destination: outer.1,
            destination_port: port,
            source: Some(outer.0),
            from: FlowEnd::default(),
            to: FlowEnd::default(),
            ..flow.clone()
        };
        add(here, (None, Some(wire.name.clone())), &flow, true);
        add(there, (Some(their_wire.name.clone()), None), &flow, true);
    }
    all
}

/// The addresses of a tunnel's ends, and its port; `None` where packets go without one.
fn outer(
    sender: &NodeView<'_>,
    receiver: &NodeView<'_>,
    family: Family,
) -> Option<((IpAddr, IpAddr), u16)> {
    let (tunnel, vxlan) = sender.tunnel(family)?;
    let used = sender.towards(receiver, family)?;
    let ends = (sender.public_ip(family)?, receiver.public_ip(family)?);
    (used.name == tunnel.name).then_some((ends, vxlan.port))
}
