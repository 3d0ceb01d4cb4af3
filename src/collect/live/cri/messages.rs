//! The messages of CRI that tell of sandboxes, reduced to what is asked for (kubernetes/cri-api,
//! pkg/apis/runtime/v1/api.proto; runtime.v1alpha2 numbers these fields alike).

use serde_json::Value as Json;

use super::protobuf::{Malformed, Value, fields, write_bytes, write_true};
use crate::model::{Holder, Runtime};

/// `NamespaceMode` NODE.
const NODE: u64 = 2;
/// The entry of [`Status`]'s `info` that containerd and CRI-O fill in alike.
const INFO: &str = "info";

/// A `PodSandbox` of a `ListPodSandboxResponse`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// The runtime's identifier of it.
    pub id: String,
    /// The pod, by the sandbox's metadata.
    pub holder: Holder,
    /// `SANDBOX_READY`.
    pub ready: bool,
}

/// What a `PodSandboxStatusResponse` tells about the sandbox's network.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Status {
    /// The pod uses its node's network.
    pub host_network: bool,
    /// The sandbox's first process, while it runs.
    pub pid: Option<u32>,
    /// The file that its network namespace is pinned to.
    pub netns: Option<String>,
}

/// The sandboxes of a `ListPodSandboxResponse`.
pub(super) fn listed(message: &[u8]) -> Result<Vec<Listed>, Malformed> {
    let mut all = Vec::new();
    for field in fields(message) {
        if let (1, item) = field? {
            all.push(sandbox(item.message()?)?);
        }
    }
    Ok(all)
}

fn sandbox(message: &[u8]) -> Result<Listed, Malformed> {
    let (mut id, mut state) = (String::new(), 0);
    let (mut name, mut uid, mut namespace) = (String::new(), String::new(), String::new());
    for field in fields(message) {
        match field? {
            (1, value) => value.text()?.clone_into(&mut id),
            (2, metadata) => {
                for field in fields(metadata.message()?) {
                    match field? {
                        (1, value) => value.text()?.clone_into(&mut name),
                        (2, value) => value.text()?.clone_into(&mut uid),
                        (3, value) => value.text()?.clone_into(&mut namespace),
                        _ => {}
                    }
                }
            }
            (3, value) => state = value.number()?,
            _ => {}
        }
    }
    if id.is_empty() || name.is_empty() {
        return Err(Malformed);
    }
    let uid = Some(uid).filter(|uid| !uid.is_empty());
    Ok(Listed {
        id,
        holder: Holder::Pod {
            namespace,
            name,
            uid,
        },
        // A field of the value 0 is left out.
        ready: state == 0,
    })
}

/// A `PodSandboxStatusRequest` with all that the runtime tells.
pub(super) fn status_request(id: &str) -> Vec<u8> {
    let mut message = Vec::new();
    write_bytes(&mut message, 1, id.as_bytes());
    write_true(&mut message, 2);
    message
}

/// What a `PodSandboxStatusResponse` tells.
pub(super) fn status(message: &[u8]) -> Result<Status, Malformed> {
    let mut told = Status::default();
    for field in fields(message) {
        match field? {
            // status.linux.namespaces.options.network
            (1, status) => {
                told.host_network =
                    within(status, &[6, 1, 2, 1])?.is_some_and(|mode| mode == Value::Number(NODE));
            }
            (2, entry) => {
                let (key, value) = (within(entry, &[1])?, within(entry, &[2])?);
                if let (Some(key), Some(value)) = (key, value)
                    && key.text()? == INFO
                {
                    (told.pid, told.netns) = info(value.text()?);
                }
            }
            _ => {}
        }
    }
    Ok(told)
}

/// The value at the end of a way through messages within messages; of a field that is there twice the last one counts.
fn within<'m>(value: Value<'m>, way: &[u64]) -> Result<Option<Value<'m>>, Malformed> {
    let Some((number, rest)) = way.split_first() else {
        return Ok(Some(value));
    };
    let mut found = None;
    for field in fields(value.message()?) {
        match field? {
            (its, value) if its == *number => found = Some(value),
            _ => {}
        }
    }
    found.map_or(Ok(None), |value| within(value, rest))
}

/// The process and the pinned namespace in the JSON that both runtimes give: `pid` and `runtimeSpec`, the sandbox's OCI
/// configuration (containerd, pkg/cri/server/sandbox_status.go; CRI-O, server/sandbox_status.go).
fn info(text: &str) -> (Option<u32>, Option<String>) {
    let info: Json = serde_json::from_str(text).unwrap_or_default();
    let pid = info["pid"].as_u64().filter(|pid| *pid != 0);
    let namespaces = info["runtimeSpec"]["linux"]["namespaces"].as_array();
    let mut all = namespaces.into_iter().flatten();
    let network = all.find(|one| one["type"] == "network");
    let path = network.and_then(|one| one["path"].as_str());
    (
        pid.and_then(|pid| u32::try_from(pid).ok()),
        path.map(str::to_owned),
    )
}

/// Who a `VersionResponse` says it is.
pub(super) fn runtime(message: &[u8]) -> Result<Runtime, Malformed> {
    let name = within(Value::Bytes(message), &[2])?;
    let name = name.map_or(Ok(""), Value::text)?;
    Ok(match name {
        "containerd" => Runtime::Containerd,
        "cri-o" => Runtime::CriO,
        "docker" => Runtime::CriDockerd,
        _ => Runtime::Cri,
    })
}
