//! Ports of the nodes that lead to pods: NodePorts and host ports, and who else has them.

mod host_ports;
mod taken;

use super::{Check, Family, Report, Scene};

/// The checks of this family.
pub const FAMILY: Family = Family {
    about: "ports of the nodes that lead to pods",
    checks: &[CHECKS],
    look,
};

const CHECKS: &[Check] = &[
    host_ports::MISSING,
    host_ports::STALE,
    taken::HOST_PORT_TWICE,
    taken::IN_USE,
    taken::EXTERNAL_IP,
];

fn look(scene: &Scene<'_>, report: &mut Report) {
    host_ports::look(scene, report);
    taken::look(scene, report);
}
