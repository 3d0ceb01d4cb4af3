//! Faults that can be made in a lab, each as it happens in life. A fault is called as the check that has to find it.

mod kernel;
mod modes;
mod names;
mod pods;
mod routes;
mod rules;
mod services;
mod tunnel;

use std::net::{IpAddr, SocketAddr};

use super::kube_proxy_nftables::Layout;
use super::registry::LabState;
use super::spec::{Proxy, Spec, first_of};
use super::{LabError, namespace, tool};
use crate::model::Family;

/// A fault.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The check that finds it.
    pub id: &'static str,
    /// How it comes about.
    pub life: &'static str,
    /// Where, as `lab run` names places, and what a shell does there. Names are variables, see [`make`].
    pub steps: &'static [(&'static str, &'static str)],
    /// What it changes, in words: of two faults which change the same thing, only the later one is there.
    pub changes: &'static [&'static str],
    /// What a lab must have for it to be possible.
    pub needs: &'static [Need],
    /// Who does not reach whom any more (TCP), where a first packet shows it: a place, and the name of a pod or Service
    /// with a port.
    pub victim: Option<(&'static str, &'static str)>,
}

/// What a lab must have for a fault to be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// vxlan tunnels.
    Tunnel,
    /// All nodes on one network.
    OneNetwork,
    /// kube-proxy's chains in iptables.
    KubeProxyChains,
    /// flannel's chains in iptables.
    FlannelChains,
    /// kube-proxy's virtual servers.
    Ipvs,
    /// kube-proxy's native table.
    Nftables,
    /// The set of hairpins in it, which Kubernetes 1.30 has not.
    HairpinSet,
    /// IPv4 as the main family: the kernel has no such thing for IPv6.
    V4,
    /// IPv6 as the main family.
    V6,
}

impl Need {
    /// Whether a lab has it.
    pub fn is_met(self, spec: &Spec) -> bool {
        match self {
            Self::Tunnel => spec.backend.has_tunnels(),
            Self::OneNetwork => spec.lans() == 1,
            Self::KubeProxyChains => spec.proxy == Proxy::Iptables,
            Self::FlannelChains => !matches!(spec.proxy, Proxy::Nftables(_)),
            Self::Ipvs => matches!(spec.proxy, Proxy::Ipvs(_)),
            Self::Nftables => matches!(spec.proxy, Proxy::Nftables(_)),
            Self::HairpinSet => spec.proxy == Proxy::Nftables(Layout::V1_36),
            Self::V4 => main_family(spec) == Family::V4,
            Self::V6 => main_family(spec) == Family::V6,
        }
    }

    /// What a lab without it lacks, in words.
    pub fn lacks(self) -> &'static str {
        match self {
            Self::Tunnel => "it has no vxlan tunnels",
            Self::OneNetwork => "its nodes are on several networks",
            Self::KubeProxyChains => "its kube-proxy has no chains in iptables",
            Self::FlannelChains => "its flannel has no chains in iptables",
            Self::Ipvs => "its kube-proxy is not in ipvs mode",
            Self::Nftables => "its kube-proxy is not in nftables mode",
            Self::HairpinSet => "its kube-proxy has no set of hairpins",
            Self::V4 => "its main family is IPv6",
            Self::V6 => "its main family is IPv4",
        }
    }
}

impl Fault {
    /// What a lab lacks for this fault to be possible.
    pub fn lacks(&self, spec: &Spec) -> Option<Need> {
        let mut needs = self.needs.iter().copied();
        needs.find(|need| !need.is_met(spec))
    }

    /// Who does not reach whom: a place, and an address of the main family.
    pub fn victim_in(&self, spec: &Spec) -> Option<(&'static str, SocketAddr)> {
        let (from, to) = self.victim?;
        let (name, port) = to.split_once(':')?;
        let objects = &spec.objects;
        let service = objects.services.iter().find(|one| one.name == name);
        let pod = objects.pods.iter().find(|one| one.name == name);
        let ips: &[IpAddr] = match (service, pod) {
            (Some(service), _) => &service.cluster_ips,
            (None, Some(pod)) => &pod.ips,
            (None, None) => return None,
        };
        let ip = first_of(ips, main_family(spec))?;
        Some((from, SocketAddr::new(ip, port.parse().ok()?)))
    }
}

/// The family that a lab's faults are made in.
pub fn main_family(spec: &Spec) -> Family {
    let first = spec.networks.first();
    first.map_or(Family::V4, super::spec::Networks::family)
}

/// Every fault, in the order of the checks.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    let groups = [
        kernel::FAULTS,
        tunnel::FAULTS,
        routes::FAULTS,
        pods::FAULTS,
        rules::FAULTS,
        modes::FAULTS,
        services::FAULTS,
    ];
    groups.into_iter().flatten()
}

/// The fault of that name.
pub fn find(id: &str) -> Option<&'static Fault> {
    all().find(|fault| fault.id == id)
}

/// Makes a fault in a lab.
///
/// The shell of each step knows things by variables, in the lab's main family: `$address_NODE`, `$pods_NODE` (the pod CIDR),
/// `$subnet_NODE` (its first address), `$part_of_NODE` (its first sixteenth), `$bridge_NODE`, `$vtep_NODE` (the MAC of the
/// tunnel's end), `$pod_POD`, `$port_POD` (the node's end of the veth pair), `$tunnel` (the device that leads to other
/// nodes' pods) and `$tunnel_key` (it in a sysctl), `$cluster`, `$router`, `$nobody` (an address on the LAN that nobody
/// has); the programs `$ip`, `$iptables` and `$other_iptables` (the backend which does not have the lab's rules); and
/// three functions, see `names.rs`.
pub fn make(lab: &LabState, fault: &Fault) -> Result<(), LabError> {
    if let Some(need) = fault.lacks(&lab.spec) {
        return Err(LabError::step(
            format!("break {} in this lab", fault.id),
            need.lacks(),
        ));
    }
    let prelude = names::prelude(&lab.spec)?;
    for (place, step) in fault.steps {
        run(lab, place, &format!("{prelude}{step}"))?;
    }
    Ok(())
}

/// Runs a shell's script in a place of a lab.
pub fn run(lab: &LabState, place: &str, script: &str) -> Result<(), LabError> {
    let holder = lab.holder(place)?;
    let file = namespace::open(&holder.netns_path())?;
    namespace::run_in(&file, place, || {
        let mut shell = tool::tool("sh");
        let output = shell.args(["-ec", script]).output();
        let output = output.map_err(|error| LabError::step("run sh", error))?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr);
        Err(LabError::step(format!("change {place}"), why.trim()))
    })
}
