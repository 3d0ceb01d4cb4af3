//! Which pod a process belongs to, by its control group (cgroups(7), /proc/PID/cgroup).
//!
//! The kubelet makes a group for each pod, named by the pod's uid: with its cgroupfs driver
//! `/kubepods/burstable/podUID/CONTAINER`, with its systemd driver
//! `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice/...`, where a uid's dashes are underscores as
//! dashes mean slices within slices (kubernetes/pkg/kubelet/cm).

use std::fs::File;
use std::io::Read;

/// More lines than any kernel has hierarchies.
const LIMIT: u64 = 64 << 10;

/// The uid of the pod that a process belongs to.
pub(super) fn pod_uid(pid: u32) -> Option<String> {
    let mut text = String::new();
    let file = File::open(format!("/proc/{pid}/cgroup")).ok()?;
    file.take(LIMIT).read_to_string(&mut text).ok()?;
    uid_in(&text)
}

/// The uid in the lines of a `/proc/PID/cgroup`: `ID:CONTROLLERS:PATH`, several with version 1, one with version 2.
fn uid_in(text: &str) -> Option<String> {
    let paths = text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    paths
        .filter(|path| path.contains("kubepods"))
        .flat_map(|path| path.split('/'))
        .find_map(|part| {
            let part = part.strip_suffix(".slice").unwrap_or(part);
            let (before, uid) = part.rsplit_once("pod")?;
            let is_pods =
                before.is_empty() || before.starts_with("kubepods") && before.ends_with('-');
            (is_pods && is_uid(uid)).then(|| uid.replace('_', "-"))
        })
}

/// 32 hexadecimal digits, in groups but for static pods (the kubelet makes their uids itself, of a hash of the manifest).
fn is_uid(text: &str) -> bool {
    let lengths = text.split(['-', '_']).map(str::len);
    let digits = |c: char| c.is_ascii_hexdigit() || matches!(c, '-' | '_');
    let grouped = lengths.clone().eq([8, 4, 4, 4, 12]) || lengths.eq([32]);
    grouped && text.chars().all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_drivers_and_both_versions_tell_the_uid() {
        let uid = "249f46eb-bc93-4009-bf98-9443b4545fec";
        let of_pods = [
            "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod249f46eb_bc93_4009_bf98_9443b4545fec.slice/\
             cri-containerd-dc44f43f.scope\n",
            "0::/kubepods.slice/kubepods-pod249f46eb_bc93_4009_bf98_9443b4545fec.slice/crio-dc44f43f.scope\n",
            "0::/kubepods/burstable/pod249f46eb-bc93-4009-bf98-9443b4545fec/dc44f43f\n",
            "12:pids:/\n11:cpu,cpuacct:/kubepods/besteffort/pod249f46eb-bc93-4009-bf98-9443b4545fec/dc44f43f\n0::/init.scope\n",
            "0::/system.slice/k3s.service/kubepods/pod249f46eb-bc93-4009-bf98-9443b4545fec/dc44f43f\n",
        ];
        for text in of_pods {
            assert_eq!(uid_in(text).as_deref(), Some(uid), "{text}");
        }
        let of_static = "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod43ca9c4ab0a84d2bb3d5b0d0f93cd3a4.slice/\
             cri-containerd-dc44f43f.scope\n";
        assert_eq!(
            uid_in(of_static).as_deref(),
            Some("43ca9c4ab0a84d2bb3d5b0d0f93cd3a4")
        );
        let of_none = [
            "",
            "0::/\n",
            "0::/kubepods.slice/kubepods-burstable.slice\n",
            "0::/system.slice/docker-249f46eb.scope\n",
            "0::/user.slice/pod249f46eb-bc93-4009-bf98-9443b4545fec\n",
            "0::/kubepods/burstable/podman/x\n",
            "kubepods/pod249f46eb-bc93-4009-bf98-9443b4545fec\n",
        ];
        for text in of_none {
            assert_eq!(uid_in(text), None, "{text}");
        }
    }
}
