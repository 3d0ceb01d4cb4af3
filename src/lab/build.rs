//! Builds a lab and takes it down.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::LabError;
use super::holder::{self, Held};
use super::kube_proxy::{self, Settings};
use super::netlink::{self, Namespaces};
use super::plan::NamespacePlan;
use super::process::Process;
use super::registry::{self, LabState, Place};
use super::rules::Rules;
use super::server::Server;
use super::spec::Spec;
use super::{flannel, iptables, kubelet, namespace, nfacct, wiring};

/// Builds a lab. `program` is kubenet itself, which is started once for each namespace. On failure nothing is left behind.
pub fn up(name: &str, spec: Spec, program: &Path) -> Result<LabState, LabError> {
    let plans = wiring::plans(&spec)?;
    let builder =
        Process::current().map_err(|error| LabError::step("read /proc/self/stat", error))?;
    let mut state = LabState {
        name: name.to_owned(),
        builder,
        spec,
        holders: Vec::new(),
    };
    registry::claim(&state)?;
    let mut held = Vec::new();
    let built = build(&mut state, &plans, program, &mut held);
    let lock_removed = remove_lock(name);
    match built.and(lock_removed) {
        Ok(()) => Ok(state),
        Err(error) => {
            held.iter_mut().for_each(Held::end);
            for holder in &state.holders {
                // The failure that led here is the one to tell of.
                let _ = holder.process.end();
            }
            let _ = registry::remove(name);
            Err(error)
        }
    }
}

fn build(
    state: &mut LabState,
    plans: &[NamespacePlan],
    program: &Path,
    held: &mut Vec<Held>,
) -> Result<(), LabError> {
    for plan in plans {
        held.push(holder::start(program, &state.name, plan.place.clone())?);
    }
    let mut namespaces = Namespaces::new();
    for one in held.iter() {
        let file = one
            .namespace
            .try_clone()
            .map_err(|error| LabError::step("keep a namespace open", error))?;
        namespaces.insert(one.holder.place.clone(), file);
    }
    for (plan, one) in plans.iter().zip(held.iter()) {
        let label = plan.place.label();
        namespace::run_in(&one.namespace, &label, || netlink::apply(plan, &namespaces))?;
        if let Place::Node { node } = &plan.place {
            let lock = registry::scratch_file(&state.name, "lock")?;
            namespace::run_in(&one.namespace, &label, || {
                write_rules(&state.spec, node, &lock)
            })?;
        }
    }
    let servers = servers(&state.spec)?;
    for one in held.iter_mut() {
        let here: Vec<_> = servers
            .iter()
            .filter(|(place, _)| *place == one.holder.place)
            .map(|(_, server)| server.clone())
            .collect();
        one.bind(&here)?;
    }
    state.holders = held.iter().map(|one| one.holder.clone()).collect();
    registry::save(state)?;
    held.drain(..).try_for_each(|one| one.release().map(drop))
}

/// Writes a node's rules, in the order in which its programs start.
fn write_rules(spec: &Spec, node: &str, lock: &Path) -> Result<(), LabError> {
    let node = spec.node(node)?;
    let text = |nfacct| {
        let mut rules = Rules::default();
        flannel::write(&mut rules, spec, &node);
        kubelet::write(&mut rules);
        let settings = Settings {
            cluster_cidr: spec.cluster_cidr,
            nfacct,
        };
        kube_proxy::write(&mut rules, &spec.objects, node.object, settings);
        rules.to_restore()
    };
    let has_counters =
        nfacct::create(&[kube_proxy::INVALID_COUNTER, kube_proxy::LOCALHOST_COUNTER]);
    // The kernel may have the counters but not the match that uses them.
    if has_counters && iptables::restore(spec.iptables, &text(true), lock).is_ok() {
        return Ok(());
    }
    iptables::restore(spec.iptables, &text(false), lock)
}

/// The servers that EndpointSlices speak of, and where they run.
pub fn servers(spec: &Spec) -> Result<Vec<(Place, Server)>, LabError> {
    let (nodes, pods) = (spec.nodes()?, spec.pods()?);
    let mut servers = Vec::new();
    for slice in &spec.objects.endpoint_slices {
        for endpoint in &slice.endpoints {
            let Some(IpAddr::V4(ip)) = endpoint.addresses.first().copied() else {
                continue;
            };
            let pod_name = endpoint.pod.as_ref().map(|(_, name)| name.as_str());
            let (place, name) = if let Some(pod) = pods.iter().find(|pod| pod.address == ip) {
                (wiring::pod_place(pod), pod.object.name.as_str())
            } else if let Some(node) = nodes.iter().find(|node| node.address == ip) {
                (
                    Place::Node {
                        node: node.name().to_owned(),
                    },
                    pod_name.unwrap_or(&slice.service),
                )
            } else if ip == spec.outside || ip == spec.gateway {
                (Place::Outside, pod_name.unwrap_or(&slice.service))
            } else {
                continue;
            };
            for (_, protocol, port) in &slice.ports {
                let address = SocketAddr::new(IpAddr::V4(ip), *port);
                servers.extend(
                    Server::new(name, *protocol, address).map(|server| (place.clone(), server)),
                );
            }
        }
    }
    // One pod may be behind several Services.
    servers.sort_by_key(|(_, server)| (server.address, server.udp));
    servers.dedup_by(|(_, a), (_, b)| (a.address, a.udp) == (b.address, b.udp));
    Ok(servers)
}

/// Takes a lab down: ends its processes, with which its namespaces go, and forgets it.
pub fn down(name: &str) -> Result<(), LabError> {
    let running: Vec<_> = registry::holders(name)?
        .into_iter()
        .map(|holder| holder.process)
        .filter(|process| process.is_alive())
        .collect();
    for process in &running {
        // All at once; each is waited for below, which also tells of any that may not be ended.
        let _ = kill(Pid::from_raw(process.pid), Signal::SIGTERM);
    }
    for process in running {
        process
            .end()
            .map_err(|error| LabError::step(format!("end process {}", process.pid), error))?;
    }
    remove_lock(name)?;
    registry::remove(name)
}

fn remove_lock(name: &str) -> Result<(), LabError> {
    let lock = registry::scratch_file(name, "lock")?;
    match std::fs::remove_file(&lock) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(LabError::file(lock, error))
        }
        _ => Ok(()),
    }
}
