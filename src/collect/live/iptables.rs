//! iptables rulesets of both backends (iptables-save(8), xtables-nft(8)).
//!
//! `iptables-legacy-save` makes the kernel create every table that it asks for: it is asked only for the tables which
//! the namespace has, by its own `ip_tables_names`.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::demand::Watch;
use super::kernel::Part;
use super::{command, nft_chains};
use crate::model::iptables::{Backend, Ruleset};
use crate::model::{Family, Gap};

/// A way to call a program of one backend.
pub(super) struct Tool {
    program: PathBuf,
    arguments: Vec<String>,
    /// What it is called in messages.
    pub name: String,
}

/// The rulesets of a namespace, what is wrong with them, and what could not be read.
#[derive(Default)]
pub(super) struct Found {
    pub rulesets: Vec<Ruleset>,
    pub gaps: Vec<Gap>,
    pub holes: Vec<String>,
}

/// The rulesets of this thread's namespace, large ones with their chains on demand if they are watched.
pub(super) fn read_all(mut watch: Option<&mut Watch>) -> Found {
    let mut found = Found::default();
    for family in [Family::V4, Family::V6] {
        let on_demand = watch.as_deref_mut().and_then(|watch| watch.list(family));
        let nft =
            on_demand.or_else(|| whole(family, Backend::Nft, &mut found.gaps, &mut found.holes));
        let on_demand = watch
            .as_deref_mut()
            .and_then(|watch| watch.list_legacy(family));
        let legacy =
            on_demand.or_else(|| whole(family, Backend::Legacy, &mut found.gaps, &mut found.holes));
        found.rulesets.extend(nft.into_iter().chain(legacy));
    }
    found
}

/// The whole ruleset of one backend.
pub(super) fn whole(
    family: Family,
    backend: Backend,
    gaps: &mut Vec<Gap>,
    holes: &mut Vec<String>,
) -> Option<Ruleset> {
    let saved = match backend {
        Backend::Nft => nft(family),
        Backend::Legacy => legacy(family),
    };
    match saved {
        Ok((origin, text)) => {
            holes.extend(incompatible(&text));
            Some(Ruleset::read(text, family, backend, &origin, gaps))
        }
        Err(hole) => {
            holes.push(hole);
            None
        }
    }
}

/// Rules in nf_tables made by iptables-nft.
fn nft(family: Family) -> Result<(String, String), String> {
    let prefix = prefix(family);
    match Part::NfTables.is_there() {
        Some(true) => {}
        // What is not loaded holds no rules.
        Some(false) => return Ok(("nf_tables is not loaded".to_owned(), String::new())),
        None => {
            return Err(format!(
                "{prefix}-nft: it cannot be told whether the kernel has nf_tables, and asking might load it: its \
                 rules were not read (hint: run as root)"
            ));
        }
    }
    // Most pods have none, and a question is cheaper than a program.
    match nft_chains::has_iptables_tables(family) {
        Ok(false) => return Ok((format!("{prefix}-nft-save"), String::new())),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(format!(
                "{prefix}-nft: {error}: its rules may be there and were not read (hint: run as root)"
            ));
        }
        // The program tells better what is wrong.
        Ok(true) | Err(_) => {}
    }
    let tool = nft_tool(family, "-save")?;
    let text = tool.run(&["-c"])?;
    Ok((tool.name, text))
}

/// Rules in x_tables.
fn legacy(family: Family) -> Result<(String, String), String> {
    let prefix = prefix(family);
    let tables = legacy_tables(family)?;
    let name = format!("{prefix}-legacy-save");
    if tables.is_empty() {
        return Ok((name, String::new()));
    }
    let tool = tool(prefix, "legacy", "-save", "(legacy)").ok_or_else(|| missing(&name))?;
    let mut text = String::new();
    for table in tables {
        text.push_str(&tool.run(&["-c", "-t", &table])?);
    }
    Ok((name, text))
}

/// The tables of x_tables that this namespace has.
pub(super) fn legacy_tables(family: Family) -> Result<Vec<String>, String> {
    let names = match family {
        Family::V4 => "ip_tables_names",
        Family::V6 => "ip6_tables_names",
    };
    match fs::read_to_string(format!("/proc/thread-self/net/{names}")) {
        Ok(tables) => Ok(tables.split_whitespace().map(str::to_owned).collect()),
        // The kernel's part is not there, so it holds no rules.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!(
            "{names}: {error}: rules of {}-legacy may be there and were not read (hint: run as root)",
            prefix(family)
        )),
    }
}

/// The program of iptables-nft with that ending: `-save`, or none.
pub(super) fn nft_tool(family: Family, ending: &str) -> Result<Tool, String> {
    let prefix = prefix(family);
    tool(prefix, "nft", ending, "(nf_tables)")
        .ok_or_else(|| missing(&format!("{prefix}-nft{ending}")))
}

/// The first of the names that a backend's program goes by which is installed.
fn tool(prefix: &str, backend: &str, ending: &str, version: &str) -> Option<Tool> {
    let plain = format!("{prefix}{ending}");
    let own = format!("{prefix}-{backend}{ending}");
    if let Some(program) = command::find(&own) {
        return Some(Tool {
            program,
            arguments: Vec::new(),
            name: own,
        });
    }
    if let Some(program) = command::find(&format!("xtables-{backend}-multi")) {
        return Some(Tool {
            program,
            arguments: vec![plain],
            name: own,
        });
    }
    // The plain name may lead to either; versions before 1.8 do not say, and are legacy.
    let program = command::find(&plain)?;
    let said = command::run(&program, &["-V"]).ok()?;
    let is_it = said.contains(version) || (backend == "legacy" && !said.contains("(nf_tables)"));
    is_it.then_some(Tool {
        program,
        arguments: Vec::new(),
        name: plain,
    })
}

impl Tool {
    /// What it prints when it is given these arguments.
    pub fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let first = self.arguments.iter().map(String::as_str);
        let arguments: Vec<&str> = first.chain(arguments.iter().copied()).collect();
        command::run(&self.program, &arguments)
    }
}

pub(super) fn prefix(family: Family) -> &'static str {
    match family {
        Family::V4 => "iptables",
        Family::V6 => "ip6tables",
    }
}

fn missing(program: &str) -> String {
    format!("there is no {program}: rules of that backend were not read (hint: install iptables)")
}

/// `# Table `nat' is incompatible, use 'nft' tool.`
fn incompatible(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .filter(|line| line.starts_with('#') && line.contains("is incompatible"));
    lines
        .map(|line| format!("not read: {}", line.trim_start_matches(['#', ' '])))
        .collect()
}
