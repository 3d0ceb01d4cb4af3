//! An explanation of anything but a chain: what the thing is in sentences, then what is known of it, a section each.
//! The serialised form is `kubenet.explain/v1`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::SCHEMA;
use crate::model::trace::Evidence;
use crate::model::{Cluster, NetnsId};

/// Something, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Article {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// What kind of thing it is: `device`, `ip`, `service`, ...
    pub thing: &'static str,
    /// Its name.
    pub name: String,
    /// The node that has it, where one has.
    pub node: Option<String>,
    /// The namespace.
    pub netns: Option<String>,
    /// What it is, a sentence each.
    pub summary: Vec<String>,
    /// The same for programs: `vni`, `mtu`, ...
    pub facts: BTreeMap<&'static str, Value>,
    /// What is known of it.
    pub sections: Vec<Section>,
    /// What is odd, a sentence each.
    pub odd: Vec<String>,
    /// What was not read and may hide something.
    pub not_seen: Vec<String>,
    /// Where else there is one of this name.
    pub also: Vec<String>,
}

/// Some lines under a heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// The lines.
    pub items: Vec<Item>,
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it tells of, where that is not told by its text: `mtu`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The text.
    pub text: String,
    /// It is for a shell.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub command: bool,
    /// Why it is so, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The fact it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

impl Article {
    /// Of a thing of which nothing was said yet.
    pub fn new(thing: &'static str, name: impl Into<String>) -> Self {
        Self {
            schema: SCHEMA,
            thing,
            name: name.into(),
            node: None,
            netns: None,
            summary: Vec::new(),
            facts: BTreeMap::new(),
            sections: Vec::new(),
            odd: Vec::new(),
            not_seen: Vec::new(),
            also: Vec::new(),
        }
    }

    /// Says in which namespace the thing is.
    pub fn in_netns(mut self, cluster: &Cluster, netns: NetnsId) -> Self {
        self.node = Some(cluster.node_name(netns).to_owned());
        self.netns = Some(cluster.netns(netns).name.to_string());
        self
    }

    /// Adds a sentence on what it is.
    pub fn say(&mut self, sentence: impl Into<String>) {
        self.summary.push(sentence.into());
    }

    /// Adds a fact for programs.
    pub fn fact(&mut self, key: &'static str, value: impl Into<Value>) {
        self.facts.insert(key, value.into());
    }

    /// Adds a section, unless it has no lines.
    pub fn section(&mut self, title: impl Into<String>, items: Vec<Item>) {
        if !items.is_empty() {
            self.sections.push(Section {
                title: title.into(),
                items,
            });
        }
    }
}

impl Item {
    /// A line.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// A command, or a comment among commands.
    pub fn command(text: impl Into<String>) -> Self {
        Self {
            command: true,
            ..Self::new(text)
        }
    }

    /// A line that tells of something by name.
    pub fn of(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            label: Some(label.into()),
            ..Self::new(text)
        }
    }

    /// Says why.
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Adds the fact it rests on, and where that was read.
    pub fn seen(mut self, source: impl Into<String>, raw: impl Into<String>) -> Self {
        self.evidence = Some(Evidence {
            source: source.into(),
            raw: raw.into(),
        });
        self
    }
}
