//! Something that is wrong, or will be: what it is, where, how one can see it, and what mends it.

use serde::{Deserialize, Serialize};

use super::trace::Evidence;

/// A diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check that found it: stable, `endpoint-stale`.
    pub id: String,
    /// The entries of the catalogue of failures that it stands for: `F03`.
    pub catalogue: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence without a full stop.
    pub title: String,
    /// Where.
    #[serde(rename = "where")]
    pub place: Place,
    /// The facts that show it, as their own tools print them.
    pub evidence: Vec<Evidence>,
    /// What comes of it, in a sentence without a full stop.
    pub impact: String,
    /// Commands that mend it.
    pub fix: Vec<String>,
    /// What such a finding means, in a paragraph.
    pub docs: String,
    /// Words of which a step on a packet's way has at least one when the finding bears on it: addresses, rules; without
    /// any, its place tells.
    #[serde(skip)]
    pub mentions: Vec<String>,
}

/// How bad a finding is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work.
    Error,
    /// Something works differently from what is wanted, or will stop to work.
    Warning,
    /// Worth knowing.
    Info,
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The node; `None` when it is in the objects of the API.
    pub node: Option<String>,
    /// The namespace: `host`, `pod:NS/NAME`, `netns:NAME`.
    pub netns: Option<String>,
    /// The device.
    pub device: Option<String>,
}
