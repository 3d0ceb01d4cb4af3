//! What would become of a packet if something were otherwise: without a rule that stops it, or at the hooks of a host that
//! it does not get to.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::client::first_packet;
use super::explore::explore;
use super::netfilter::{Hook, Place};
use super::packet::Packet;
use super::run::Run;
use super::source_check::validate_source;
use super::walker::{Delivery, Fate, Recipient, Stop, Stopped, Walk};
use super::{MOST_RUNS, Wish, Wishes, paths};
use crate::model::trace::{Evidence, Path};
use crate::model::{Cluster, Flow, NetnsId};

/// Rules and policies that are supposed not to be there.
#[derive(Debug, Default, Clone)]
pub struct Without(BTreeSet<(String, String, String, String)>);

impl Without {
    /// Supposes that what a step rests on is not there; `false` when that was supposed before.
    pub fn add(&mut self, node: &str, netns: &str, rule: &Evidence) -> bool {
        let key = [node, netns, &rule.source, &rule.raw].map(str::to_owned);
        self.0.insert(key.into())
    }
}

impl Walk<'_> {
    /// Whether the rule of an end is supposed not to be there.
    pub(super) fn is_supposed_gone(&self, stop: &Stop) -> bool {
        if self.without.0.is_empty() {
            return false;
        }
        let node = self.cluster.node_name(stop.netns).to_owned();
        let netns = self.cluster.netns(stop.netns).name.to_string();
        stop.evidence.as_ref().is_some_and(|rule| {
            let key = (node, netns, rule.source.clone(), rule.raw.clone());
            self.without.0.contains(&key)
        })
    }
}

/// A packet at the hooks of one namespace, however it got there and wherever it goes.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    /// The namespace.
    pub netns: NetnsId,
    /// The device that it comes in by; `None` for one that is made here.
    pub in_device: Option<&'a str>,
    /// The device that it leaves by; `None` for one that is for this host.
    pub out_device: Option<&'a str>,
    /// The packet; its source is given.
    pub flow: &'a Flow,
}

impl Passage<'_> {
    fn hooks(&self) -> &'static [Hook] {
        match (self.in_device, self.out_device) {
            (Some(_), Some(_)) => &[Hook::Prerouting, Hook::Forward, Hook::Postrouting],
            (Some(_), None) => &[Hook::Prerouting, Hook::Input],
            (None, _) => &[Hook::Output, Hook::Postrouting],
        }
    }
}

/// What the hooks do with a packet, supposing that some rules were not there; and the chains that it came to and which
/// were not read.
pub fn pass(
    cluster: &Cluster,
    passage: &Passage<'_>,
    without: &Rc<Without>,
) -> (Vec<Path>, BTreeSet<Wish>) {
    let mut wishes = BTreeSet::new();
    let tree = explore(MOST_RUNS, |choices| {
        let mut walk = Walk::new(cluster, std::mem::take(choices));
        walk.without = Rc::clone(without);
        let fate = go_through(&mut walk, passage);
        let run = ended(&mut walk, fate);
        wishes.append(&mut walk.wishes.chains);
        *choices = walk.choices;
        run
    });
    (paths::fold(cluster, tree), wishes)
}

fn go_through(walk: &mut Walk<'_>, passage: &Passage<'_>) -> Fate {
    let mut packet = first_packet(passage.flow);
    packet.socket = passage.in_device.is_none().then_some(passage.netns);
    walk.journey
        .enter(walk.cluster, passage.netns, passage.in_device);
    for hook in passage.hooks() {
        let place = Place {
            netns: passage.netns,
            hook: *hook,
            in_device: passage.in_device,
            out_device: passage
                .out_device
                .filter(|_| !matches!(hook, Hook::Prerouting | Hook::Input)),
            next_hop: None,
        };
        walk.hook(place, &mut packet)?;
        if let (Hook::Prerouting, Some(device)) = (hook, passage.in_device) {
            mind_source(walk, passage, device, &packet)?;
        }
    }
    let device = passage.out_device.or(passage.in_device).unwrap_or("lo");
    let to = Recipient::Outside {
        netns: passage.netns,
        device: device.to_owned(),
    };
    Ok(Delivery { packet, to })
}

/// Behind PREROUTING the kernel asks by which way it would answer.
fn mind_source(
    walk: &mut Walk<'_>,
    passage: &Passage<'_>,
    device: &str,
    packet: &Packet,
) -> Result<(), Stopped> {
    let here = walk.cluster.netns(passage.netns);
    if here.sysctls.is_none() || here.routes(packet.family()).is_none() {
        return Ok(());
    }
    let valid = validate_source(here, device, packet, passage.out_device);
    valid.map_err(|why| walk.stop(packet, Stop::dropped(passage.netns, why).at(device)))
}

fn ended(walk: &mut Walk<'_>, fate: Result<Delivery, Stopped>) -> Run {
    Run {
        fate,
        forth: walk.journey.take(),
        back: None,
        stuck: None,
        not_seen: BTreeSet::new(),
        wishes: Wishes::default(),
        supposed: std::mem::take(&mut walk.supposed),
    }
}
