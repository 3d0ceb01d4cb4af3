//! Reads the objects of the Kubernetes API that a question needs, and changes none.
//!
//! [`Access::find`] follows the rules of kubectl to an API server (`places.rs`). [`Access::read`] asks it, several
//! questions at a time, within a time that is fixed beforehand: what was not answered by then is missing, and said. What
//! the server answers is decoded as bundles are ([`crate::collect::objects`]), so that both give the same model.
//!
//! Without the feature `cluster` everything here is there but the connection.

#[cfg_attr(not(feature = "cluster"), path = "no_client.rs")]
mod client;
#[cfg(feature = "cluster")]
mod known;
mod learnt;
#[cfg(feature = "cluster")]
mod lists;
#[cfg(feature = "cluster")]
mod places;
#[cfg(feature = "cluster")]
mod refusal;
#[cfg(feature = "cluster")]
mod request;
#[cfg(feature = "cluster")]
mod tls;
mod wanted;

use std::path::PathBuf;
use std::time::Duration;

pub use client::Access;
pub use learnt::{Here, Learnt};
pub use wanted::{Named, Pods, Wanted};

/// How to reach the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `--kubeconfig`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
}

impl Options {
    /// Whether somebody asked for it.
    pub fn is_named(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some()
    }

    /// How long answers are waited for: where nobody asked, they are welcome if they come at once.
    pub fn patience(&self) -> Duration {
        match self.is_named() {
            true => Duration::from_secs(15),
            false => Duration::from_secs(3),
        }
    }
}

/// There is no way to an API server.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The files say nothing that can be used.
    #[error("{place}: {what}")]
    Unusable {
        /// The kubeconfig.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// A context was named, and there is no kubeconfig.
    #[error(
        "there is no kubeconfig (hint: give --kubeconfig, set KUBECONFIG, or put one at ~/.kube/config)"
    )]
    NoConfig,
    /// Built without it.
    #[error(
        "this build does not read the Kubernetes API (hint: build it with `--features cluster`, or give --bundle)"
    )]
    NotBuiltIn,
}
