//! Builds a lab and takes it down.

use std::net::SocketAddr;
use std::path::Path;

use ipnet::IpNet;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::LabError;
use super::holder::{self, Held};
use super::kube_proxy;
use super::kube_proxy_ipvs::{self, Services};
use super::netlink::{self, Namespaces};
use super::plan::NamespacePlan;
use super::process::Process;
use super::registry::{self, LabState, Place};
use super::server::Server;
use super::spec::{Networks, Proxy, Spec};
use super::{iptables, link_local, namespace, nfacct, node_rules, wiring};
use crate::model::Family;

/// Builds a lab. `program` is kubenet itself, which is started once for each namespace. On failure nothing is left behind.
pub fn up(name: &str, spec: Spec, program: &Path) -> Result<LabState, LabError> {
    if matches!(spec.proxy, Proxy::Ipvs(_)) {
        kube_proxy_ipvs::check_kernel()?;
    }
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
    if state.spec.families().any(|family| family == Family::V6) {
        for (plan, one) in plans.iter().zip(held.iter()) {
            let label = plan.place.label();
            namespace::run_in(&one.namespace, &label, || link_local::wait(plan))?;
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

/// Writes a node's rules, and what they go by.
fn write_rules(spec: &Spec, node: &str, lock: &Path) -> Result<(), LabError> {
    let node = spec.node(node)?;
    if let Proxy::Ipvs(scheduler) = &spec.proxy {
        let of = |family| Services::of(spec, &node, family, scheduler);
        let services: Vec<Services> = spec.families().map(of).collect();
        for of_family in &services {
            kube_proxy_ipvs::apply_sets(&of_family.sets)?;
        }
        kube_proxy_ipvs::apply_services(&services)?;
    }
    let has_counters =
        nfacct::create(&[kube_proxy::INVALID_COUNTER, kube_proxy::LOCALHOST_COUNTER]);
    for family in spec.families() {
        for table in node_rules::native(spec, &node, family) {
            table.apply()?;
        }
        let restore = |nfacct| {
            let rules = node_rules::of(spec, &node, family, nfacct)?;
            iptables::restore(spec.iptables, family, &rules.to_restore(), lock)
        };
        // The kernel may have the counters but not the match that uses them.
        if !has_counters || restore(true).is_err() {
            restore(false)?;
        }
    }
    Ok(())
}

/// The servers that EndpointSlices and the ports of containers speak of, and where they run.
pub fn servers(spec: &Spec) -> Result<Vec<(Place, Server)>, LabError> {
    let (nodes, pods) = (spec.nodes()?, spec.pods()?);
    let mut servers = Vec::new();
    for slice in &spec.objects.endpoint_slices {
        for endpoint in &slice.endpoints {
            let Some(ip) = endpoint.addresses.first().copied() else {
                continue;
            };
            let pod_name = endpoint.pod.as_ref().map(|(_, name)| name.as_str());
            let is_outside = |networks: &Networks| {
                let mut gateways = networks.lans.iter().map(IpNet::addr);
                ip == networks.outside || gateways.any(|gateway| gateway == ip)
            };
            let (place, name) =
                if let Some(pod) = pods.iter().find(|pod| pod.object.ips.contains(&ip)) {
                    (wiring::pod_place(pod), pod.object.name.as_str())
                } else if let Some(node) = nodes
                    .iter()
                    .find(|node| node.stacks.iter().any(|stack| stack.address == ip))
                {
                    let node = node.name().to_owned();
                    (Place::Node { node }, pod_name.unwrap_or(&slice.service))
                } else if spec.networks.iter().any(is_outside) {
                    (Place::Outside, pod_name.unwrap_or(&slice.service))
                } else {
                    continue;
                };
            for (_, protocol, port) in &slice.ports {
                let address = SocketAddr::new(ip, *port);
                servers.extend(
                    Server::new(name, *protocol, address).map(|server| (place.clone(), server)),
                );
            }
        }
    }
    for pod in &pods {
        for port in &pod.object.ports {
            let addresses = spec.families().filter_map(|family| pod.address(family));
            servers.extend(addresses.filter_map(|ip| {
                let address = SocketAddr::new(ip, port.port);
                let server = Server::new(&pod.object.name, port.protocol, address)?;
                Some((wiring::pod_place(pod), server))
            }));
        }
    }
    // One pod may be behind several Services.
    let key = |(_, server): &(Place, Server)| (server.address, server.transport);
    servers.sort_by_key(key);
    servers.dedup_by_key(|server| key(server));
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
