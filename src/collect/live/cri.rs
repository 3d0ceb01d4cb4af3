//! What container runtimes tell of pods' sandboxes themselves, by the Container Runtime Interface (kubernetes/cri-api): the
//! kubelet's own questions, and of them the two that change nothing, `ListPodSandbox` and `PodSandboxStatus`.
//!
//! The runtime knows more than its files say ([`super::sandboxes`]): of a sandbox whose first process has ended, containerd
//! deletes the files while the network namespace stays, with its address and its veth. So the files are looked at first,
//! which costs nothing, and for sandboxes that they do not tell of the runtime is asked. Who has no socket, or does not
//! answer in time, costs that and no more.
//!
//! CRI is gRPC: Protocol Buffers over HTTP/2. The crates that speak it whole (`tonic`, `prost`, generated code) would bring
//! many others into the build for nodes, and want `protoc` to build. Two calls with six fields need `h2`, which is the
//! HTTP/2 beneath them, and a reader of the wire format ([`protobuf`]): two crates that were not there before, and eight
//! where the client of the Kubernetes API is left out.

mod call;
mod endpoints;
mod messages;
mod protobuf;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use self::call::{CallError, Client};
use self::endpoints::Endpoint;
use self::messages::{Listed, Status};
use super::sandboxes::{Kept, identity_of, namespace_of, within};
use crate::model::{Runtime, Sandbox};

/// All runtimes of a node have so long together.
const PATIENCE: Duration = Duration::from_secs(1);
/// No node has more sandboxes; the kubelet's own limit is 110 pods.
const MOST: usize = 10_000;
/// CRI's versions: containerd before 1.6 and CRI-O before 1.20 have the second alone.
const SERVICES: [&str; 2] = [
    "runtime.v1.RuntimeService",
    "runtime.v1alpha2.RuntimeService",
];

/// What runtimes told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Those that answered.
    pub runtimes: Vec<Runtime>,
    /// The sandboxes that hold a network, and that were not known.
    pub kept: Vec<Kept>,
    /// Of all sandboxes those that are ready, and those that are not.
    pub ready: Vec<(String, bool)>,
    /// Who did not answer, in words.
    pub holes: Vec<String>,
}

/// Asks every runtime that listens, and the one at the endpoint that is `named`, about sandboxes that are not among `known`.
pub(super) fn ask(root: &Path, named: Option<&str>, known: &[Kept]) -> Told {
    let endpoints = endpoints::find(root, named);
    if endpoints.is_empty() {
        return Told::default();
    }
    let known: HashSet<String> = known.iter().map(|kept| kept.sandbox.id.clone()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(ask_all(root, endpoints, known)),
        Err(error) => Told {
            holes: vec![format!("container runtimes cannot be asked: {error}")],
            ..Told::default()
        },
    }
}

async fn ask_all(root: &Path, endpoints: Vec<Endpoint>, known: HashSet<String>) -> Told {
    let (until, known) = (Instant::now() + PATIENCE, Arc::new(known));
    let asked: Vec<_> = endpoints
        .into_iter()
        .map(|endpoint| {
            let question = Question {
                root: root.to_owned(),
                endpoint,
                known: Arc::clone(&known),
                until,
            };
            tokio::spawn(question.ask())
        })
        .collect();
    let mut all = Told::default();
    for answer in asked {
        if let Ok(told) = answer.await {
            all.runtimes.extend(told.runtimes);
            all.kept.extend(told.kept);
            all.ready.extend(told.ready);
            all.holes.extend(told.holes);
        }
    }
    all
}

/// What one runtime is asked.
struct Question {
    root: PathBuf,
    endpoint: Endpoint,
    known: Arc<HashSet<String>>,
    until: Instant,
}

impl Question {
    async fn ask(self) -> Told {
        let mut told = Told::default();
        if let Err(error) = self.answer(&mut told).await {
            // A containerd that serves Docker alone is no runtime of Kubernetes.
            let serves_no_pods =
                matches!(&error, Unanswered::Call(error) if error.is_unimplemented());
            if !serves_no_pods || self.endpoint.runtime.is_none() {
                told.holes.push(self.hole(&error));
            }
        }
        told
    }

    /// Fills in what is told, as far as it is.
    async fn answer(&self, told: &mut Told) -> Result<(), Unanswered> {
        let client = self.in_time(Client::connect(&self.endpoint.path)).await?;
        let mut service = SERVICES[0];
        let mut list = self
            .in_time(client.call(service, "ListPodSandbox", &[]))
            .await;
        if matches!(&list, Err(Unanswered::Call(error)) if error.is_unimplemented()) {
            service = SERVICES[1];
            list = self
                .in_time(client.call(service, "ListPodSandbox", &[]))
                .await;
        }
        let mut listed = messages::listed(&list?).map_err(CallError::Malformed)?;
        let runtime = match self.endpoint.runtime {
            Some(runtime) => runtime,
            None => {
                let version = self.in_time(client.call(service, "Version", &[])).await?;
                messages::runtime(&version).map_err(CallError::Malformed)?
            }
        };
        let more = listed.len().saturating_sub(MOST);
        listed.truncate(MOST);
        told.ready = listed
            .iter()
            .map(|one| (one.id.clone(), one.ready))
            .collect();
        for one in listed
            .into_iter()
            .filter(|one| !self.known.contains(&one.id))
        {
            let request = messages::status_request(&one.id);
            match self
                .in_time(client.call(service, "PodSandboxStatus", &request))
                .await
            {
                Ok(status) => {
                    let status = messages::status(&status).map_err(CallError::Malformed)?;
                    told.kept.extend(kept(&self.root, runtime, one, &status));
                }
                // Gone since it was listed.
                Err(Unanswered::Call(CallError::Refused { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        if more > 0 {
            return Err(Unanswered::TooMany(more));
        }
        told.runtimes.push(runtime);
        Ok(())
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, Unanswered> {
        match timeout_at(self.until, work).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(Unanswered::Late),
        }
    }

    fn hole(&self, error: &Unanswered) -> String {
        let path = self.endpoint.path.display();
        let who = match self.endpoint.runtime {
            Some(runtime) => format!("{runtime} at {path}"),
            None => format!("the container runtime at {path}"),
        };
        let hint = match error {
            Unanswered::Call(CallError::Connect(error))
                if error.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                " (hint: run as root)"
            }
            _ => "",
        };
        format!("{who} does not tell its sandboxes ({error}): only its files were read{hint}")
    }
}

/// Why a runtime was not heard, or not to the end.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Late,
    #[error("{0} more than can be looked at")]
    TooMany(usize),
}

/// What is kept of a sandbox; `None` of one that has stopped and holds no network any more.
fn kept(root: &Path, runtime: Runtime, listed: Listed, status: &Status) -> Option<Kept> {
    let of_process = status.pid.and_then(|pid| namespace_of(root, pid));
    let netns = match status.host_network {
        true => namespace_of(root, 1).filter(|_| listed.ready),
        false => {
            let pinned = status.netns.as_deref();
            let pinned = pinned.and_then(|path| identity_of(&within(root, path)));
            pinned.or(of_process)
        }
    };
    if netns.is_none() && !listed.ready {
        return None;
    }
    let sandbox = Sandbox {
        id: listed.id,
        runtime,
        holder: listed.holder,
        pid: status
            .pid
            .filter(|_| of_process.is_some() && of_process == netns),
        ready: Some(listed.ready),
        netns: None,
    };
    Some(Kept { sandbox, netns })
}

#[cfg(test)]
mod tests;
