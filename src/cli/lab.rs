//! `kubenet lab`: the practice cluster, a small real cluster out of network namespaces on this machine.

mod args;

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Failure, Global, Outcome, output};
use crate::lab::kube_proxy_nftables::Layout;
use crate::lab::registry::{self, DEFAULT_NAME, LabState};
use crate::lab::spec::{Backend, IptablesBackend, Proxy, Spec};
use crate::lab::{LabError, build, capture, demo, faults, holder, namespace, shell, tool};
use crate::model::Family;
use crate::show::{Cell, Column};
pub use args::{
    BackendArg, BreakArgs, CaptureArgs, DownArgs, HealArgs, IpFamilyArg, IptablesArg, LabArgs,
    LabCommand, LayoutArg, ProxyArg, RunArgs, UpArgs,
};

/// Does it.
pub fn run(args: LabArgs, global: &Global) -> Result<Outcome, Failure> {
    match args.command {
        LabCommand::Up(args) => up(args, global),
        LabCommand::Down(args) => down(&args, global),
        LabCommand::List(_) => list(global),
        LabCommand::Break(args) => break_it(&args, global),
        LabCommand::Heal(args) => heal(&args, global),
        LabCommand::Run(args) => run_inside(&args),
        LabCommand::Shell(args) => Ok(Outcome::Program(shell::open(
            &own_program()?,
            &args.command,
        )?)),
        LabCommand::Capture(args) => capture(&args, global),
        LabCommand::Hold { .. } => {
            holder::hold()?;
            Ok(Outcome::Fine)
        }
        LabCommand::Init { command } => Ok(Outcome::Program(shell::init(&command)?)),
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let failure = Self::new(&error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

fn own_program() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|error| Failure::because("cannot find the program itself", &error))
}

fn up(args: UpArgs, global: &Global) -> Result<Outcome, Failure> {
    let spec = match &args.spec {
        Some(path) => read_spec(path)?,
        None => demo::spec(&demo::Choice {
            backend: match args.backend {
                BackendArg::Vxlan => Backend::Vxlan,
                BackendArg::DirectRouting => Backend::DirectRouting,
                BackendArg::HostGw => Backend::HostGw,
            },
            iptables: match args.iptables {
                IptablesArg::Nft => IptablesBackend::Nft,
                IptablesArg::Legacy => IptablesBackend::Legacy,
            },
            proxy: match args.proxy {
                ProxyArg::Iptables => Proxy::Iptables,
                ProxyArg::Ipvs => Proxy::Ipvs(args.scheduler.clone()),
                ProxyArg::Nftables => Proxy::Nftables(match args.proxy_version {
                    LayoutArg::V1_30 => Layout::V1_30,
                    LayoutArg::V1_36 => Layout::V1_36,
                }),
            },
            families: match args.ip_family {
                IpFamilyArg::Ipv4 => vec![Family::V4],
                IpFamilyArg::Ipv6 => vec![Family::V6],
                IpFamilyArg::Dual => vec![Family::V4, Family::V6],
            },
            nodes: args.nodes,
        }),
    };
    let state = build::up(&args.name, spec, &own_program()?)?;
    for line in summary(&state) {
        output::note(global, &line);
    }
    Ok(Outcome::Fine)
}

/// What was built, and what to try next, in lines.
fn summary(state: &LabState) -> Vec<String> {
    let (spec, objects) = (&state.spec, state.objects());
    let lab = if state.name == DEFAULT_NAME {
        "--lab".to_owned()
    } else {
        format!("--lab={}", state.name)
    };
    let counts = format!(
        "lab {} is up: {} nodes, {} pods, {} Services",
        state.name,
        objects.nodes.len(),
        objects.pods.len(),
        objects.services.len()
    );
    let proxy = match &spec.proxy {
        Proxy::Iptables => String::new(),
        Proxy::Ipvs(scheduler) => format!("IPVS ({scheduler}), "),
        Proxy::Nftables(layout) => format!("nftables ({}), ", layout.version()),
    };
    let kinds = format!(
        "{}, {}, {proxy}iptables ({})",
        family_names(state).join(" and "),
        backend_name(spec.backend),
        iptables_name(spec.iptables)
    );
    let nodes = objects.nodes.iter().map(|node| {
        let addresses: Vec<_> = node.addresses.iter().map(ToString::to_string).collect();
        format!("  {:<8} {}", node.name, addresses.join("  "))
    });
    let mut lines = vec![counts, kinds];
    lines.extend(nodes);
    lines.push(format!("try `kubenet {lab} pods`"));
    lines
}

fn read_spec(path: &Path) -> Result<Spec, Failure> {
    let cannot = |error: &dyn std::error::Error| {
        Failure::because(format!("cannot read {}", path.display()), error)
    };
    let text = std::fs::read_to_string(path).map_err(|error| cannot(&error))?;
    serde_json::from_str(&text).map_err(|error| cannot(&error))
}

fn down(args: &DownArgs, global: &Global) -> Result<Outcome, Failure> {
    let labs = if args.all {
        registry::names()?
    } else {
        vec![registry::choose(args.name.as_deref())?]
    };
    for name in &labs {
        build::down(name)?;
        output::note(global, &format!("lab {name} is down"));
    }
    Ok(Outcome::Fine)
}

fn list(global: &Global) -> Result<Outcome, Failure> {
    let names = registry::names()?;
    let mut rows = Vec::new();
    let mut documents = Vec::new();
    for name in names {
        match registry::find(Some(&name)) {
            Ok(lab) => {
                rows.push(row(&lab));
                documents.push(document(&lab));
            }
            // Taken down since its name was read.
            Err(LabError::NotFound(_)) => {}
            Err(error) => {
                output::note(global, &error.to_string());
                documents.push(json!({"name": name, "state": "unreadable"}));
                rows.push(vec![name.into(), "unreadable".into()]);
            }
        }
    }
    let document = json!({"schema": "kubenet.labs/v1", "labs": documents});
    let columns = [
        "name", "state", "backend", "iptables", "ip", "nodes", "pods", "services",
    ];
    output::list(global, &columns.map(Column::new), &rows, &document)?;
    Ok(Outcome::Fine)
}

fn row(lab: &LabState) -> Vec<Cell> {
    let objects = lab.objects();
    vec![
        lab.name.as_str().into(),
        state_of(lab).into(),
        backend_name(lab.spec.backend).into(),
        iptables_name(lab.spec.iptables).into(),
        family_names(lab).join("+").replace("IPv", "").into(),
        objects.nodes.len().into(),
        objects.pods.len().into(),
        objects.services.len().into(),
    ]
}

fn document(lab: &LabState) -> Value {
    let namespaces: Vec<_> = lab
        .holders
        .iter()
        .map(|holder| {
            json!({"place": holder.place.label(), "pid": holder.process.pid, "path": holder.netns_path()})
        })
        .collect();
    json!({
        "name": lab.name,
        "state": state_of(lab),
        "backend": backend_name(lab.spec.backend),
        "iptables": iptables_name(lab.spec.iptables),
        "families": family_names(lab),
        "namespaces": namespaces,
    })
}

fn state_of(lab: &LabState) -> &'static str {
    let alive = lab
        .holders
        .iter()
        .filter(|holder| holder.process.is_alive())
        .count();
    if alive == 0 {
        "gone"
    } else if alive == lab.holders.len() {
        "up"
    } else {
        "partly gone"
    }
}

fn backend_name(backend: Backend) -> &'static str {
    match backend {
        Backend::Vxlan => "vxlan",
        Backend::DirectRouting => "direct-routing",
        Backend::HostGw => "host-gw",
    }
}

fn family_names(lab: &LabState) -> Vec<String> {
    let families = lab.spec.families();
    families.map(|family| family.to_string()).collect()
}

fn iptables_name(backend: IptablesBackend) -> &'static str {
    match backend {
        IptablesBackend::Nft => "nft",
        IptablesBackend::Legacy => "legacy",
    }
}

fn run_inside(args: &RunArgs) -> Result<Outcome, Failure> {
    let lab = registry::find(args.name.as_deref())?;
    let holder = lab.holder(&args.place)?;
    let file = namespace::open(&holder.netns_path())?;
    namespace::enter(&file, &args.place)?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::new("there is no program to run"));
    };
    // Returns only when the program could not be started.
    let error = tool::tool(program).args(arguments).exec();
    Err(Failure::because(
        format!("cannot run {}", program.display()),
        &error,
    ))
}

fn capture(args: &CaptureArgs, global: &Global) -> Result<Outcome, Failure> {
    let lab = registry::find(args.name.as_deref())?;
    for missed in capture::write(&lab, &args.directory)? {
        output::note(global, &format!("not read: {missed}"));
    }
    Ok(Outcome::Fine)
}

fn break_it(args: &BreakArgs, global: &Global) -> Result<Outcome, Failure> {
    let Some(id) = &args.fault else {
        let rows: Vec<Vec<Cell>> = faults::all()
            .map(|fault| vec![fault.id.into(), fault.life.into()])
            .collect();
        let faults = faults::all().map(|fault| {
            let victim = fault
                .victim
                .map(|(from, to)| json!({"from": from, "to": to}));
            json!({"id": fault.id, "how": fault.life, "victim": victim})
        });
        let document = json!({"schema": "kubenet.faults/v1", "faults": faults.collect::<Vec<_>>()});
        let columns = [Column::new("fault"), Column::new("how")];
        output::list(global, &columns, &rows, &document)?;
        return Ok(Outcome::Fine);
    };
    let Some(fault) = faults::find(id) else {
        let names: Vec<String> = faults::all().map(|fault| fault.id.to_owned()).collect();
        return Err(
            Failure::new(format!("there is no fault {id:?}")).hint(super::endpoint::hint(
                id,
                &names,
                "lab break --list",
            )),
        );
    };
    let lab = registry::find(args.name.as_deref())?;
    faults::make(&lab, fault)?;
    output::note(global, fault.life);
    if let Some((from, to)) = fault.victim_in(&lab.spec) {
        output::note(
            global,
            &format!("try `kubenet --lab trace {from} {to}` and `kubenet --lab check`"),
        );
    }
    Ok(Outcome::Fine)
}

/// Everything that flannel, kube-proxy and the CNI plugins wrote is written anew, as all of them would when they start.
fn heal(args: &HealArgs, global: &Global) -> Result<Outcome, Failure> {
    let lab = registry::find(args.name.as_deref())?;
    build::down(&lab.name)?;
    build::up(&lab.name, lab.spec, &own_program()?)?;
    output::note(global, &format!("lab {} is as it was", lab.name));
    Ok(Outcome::Fine)
}
