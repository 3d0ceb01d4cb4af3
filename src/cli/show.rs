//! `kubenet show`: tables of any namespace, joined with names.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use wildmatch::WildMatch;

use super::endpoint::hint;
use super::place::{self, Wanted};
use super::reading::Reading;
use super::{Failure, Global, Outcome, Output, candidates, output};
use crate::model::{Cluster, NetnsId};
use crate::show::{self, Cell, Subject, Table};

/// Arguments of `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
A PATTERN keeps the rows of which a cell matches: as a whole where it has `*`
or `?`, else in part. Without --pod, --node or --netns the hosts are shown.

Examples:
  kubenet --demo show routes --pod client
  kubenet --demo show chains 'KUBE-SVC-*'
  kubenet --demo show fdb --device flannel.1     each remote node on one line
  kubenet --demo show conntrack --service nginx-test
  kubenet --demo show sysctls '*.rp_filter' --node node1
  sudo kubenet show sockets --netns cni-3f0c -o json")]
pub struct ShowArgs {
    /// What to show
    #[arg(value_name = "WHAT", value_enum)]
    pub subject: Subject,
    /// Only rows of which a cell matches, as `10.42.1.*` or `cni0`
    #[arg(value_name = "PATTERN")]
    pub pattern: Option<String>,
    /// In a pod's namespace: NAME, NS/NAME or docker:NAME
    #[arg(long, value_name = "POD", conflicts_with_all = ["node", "netns"], add = ArgValueCompleter::new(candidates::pods))]
    pub pod: Option<String>,
    /// In a node's own namespace, or with --netns in another one there
    #[arg(long, value_name = "NODE", add = ArgValueCompleter::new(candidates::nodes))]
    pub node: Option<String>,
    /// In the namespace that `kubenet netns` calls so
    #[arg(long, value_name = "NAME", add = ArgValueCompleter::new(candidates::spaces))]
    pub netns: Option<String>,
    /// Also what the kernel keeps by itself: local and link-local routes, multicast entries of fdbs
    #[arg(short, long)]
    pub all: bool,
    /// fdb of a tunnel: what neighbour table, fdb, routes and Node annotations say of each remote node, on one line
    #[arg(long, value_name = "DEVICE", add = ArgValueCompleter::new(candidates::devices))]
    pub device: Option<String>,
    /// conntrack: only connections to this Service
    #[arg(long, value_name = "SERVICE", add = ArgValueCompleter::new(candidates::services))]
    pub service: Option<String>,
}

impl ValueEnum for Subject {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Links,
            Self::Addresses,
            Self::Routes,
            Self::Rules,
            Self::Neighbors,
            Self::Fdb,
            Self::Chains,
            Self::Ipsets,
            Self::Ipvs,
            Self::Nft,
            Self::Conntrack,
            Self::Sockets,
            Self::Sysctls,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (aliases, help): (&[&str], _) = match self {
            Self::Links => (&["link", "devices"], "Devices, and what each leads to"),
            Self::Addresses => (&["address", "addr", "addrs"], "Addresses on devices"),
            Self::Routes => (&["route"], "Routes of all tables"),
            Self::Rules => (&["rule"], "Policy routing rules"),
            Self::Neighbors => (&["neighbor", "neigh", "neighbours"], "Neighbour tables"),
            Self::Fdb => (&[], "Forwarding databases of bridges and tunnels"),
            Self::Chains => (&["chain"], "Chains of iptables, and whose they are"),
            Self::Ipsets => (&["ipset"], "ipsets and their elements"),
            Self::Ipvs => (&[], "IPVS's virtual servers and real servers"),
            Self::Nft => (&["nftables"], "Chains, sets and maps of native nftables"),
            Self::Conntrack => (
                &["connections"],
                "Tracked connections, and where each was sent",
            ),
            Self::Sockets => (&["socket"], "Listening sockets"),
            Self::Sysctls => (&["sysctl"], "Kernel settings"),
        };
        let value = PossibleValue::new(self.name()).help(help);
        Some(value.aliases(aliases.iter().copied()))
    }
}

/// Shows it.
pub fn run(args: &ShowArgs, global: &Global) -> Result<Outcome, Failure> {
    check(args)?;
    let mut reading = match args.subject {
        Subject::Chains | Subject::Sysctls => Reading::survey_for_everything(global)?,
        _ => Reading::survey(global)?,
    };
    reading.read_all_objects(global);
    let wanted = Wanted {
        pod: args.pod.as_deref(),
        node: args.node.as_deref(),
        netns: args.netns.as_deref(),
    };
    let places = place::find(reading.cluster(), wanted, global)?;
    reading.read(&places);
    let cluster = reading.cluster();
    let mut table = match &args.device {
        Some(device) => tunnel(cluster, device, &places)?,
        None => show::table(cluster, args.subject, &places, args.all),
    };
    if let Some(service) = &args.service {
        show::of_service(&mut table, &qualified(cluster, service, global)?);
    }
    if let Some(pattern) = &args.pattern {
        let wanted = matcher(pattern);
        table.retain(|_, cell| wanted(cell));
    }
    print(&table, global)?;
    Ok(Outcome::Fine)
}

/// What of the options does not go together.
fn check(args: &ShowArgs) -> Result<(), Failure> {
    let name = args.subject.name();
    if args.device.is_some() && args.subject != Subject::Fdb {
        return Err(
            Failure::new(format!("--device is for fdb, not for {name}")).hint(format!(
                "give the device as PATTERN: kubenet show {name} eth0"
            )),
        );
    }
    if args.service.is_some() && args.subject != Subject::Conntrack {
        return Err(
            Failure::new(format!("--service is for conntrack, not for {name}"))
                .hint("kubenet explain service NAME tells everything that belongs to a Service"),
        );
    }
    Ok(())
}

/// `NS/NAME` of a Service that is there.
fn qualified(cluster: &Cluster, wanted: &str, global: &Global) -> Result<String, Failure> {
    let wanted = wanted.strip_prefix("svc/").unwrap_or(wanted);
    let (namespace, name) = place::split(wanted, global);
    let services = &cluster.objects.services;
    let asked = format!("{namespace}/{name}");
    let is_it =
        |service: &&crate::model::Service| service.namespace == namespace && service.name == name;
    if services.iter().any(|service| is_it(&service)) {
        return Ok(asked);
    }
    let names: Vec<String> = services
        .iter()
        .map(|service| format!("{}/{}", service.namespace, service.name))
        .collect();
    let text = hint(&asked, &names, "services");
    Err(Failure::new(format!("there is no Service {asked}")).hint(text))
}

fn tunnel(cluster: &Cluster, device: &str, places: &[NetnsId]) -> Result<Table, Failure> {
    let is_vxlan = |id: &&NetnsId| {
        let link = cluster.netns(**id).link(device);
        link.is_some_and(|link| matches!(link.kind, crate::model::LinkKind::Vxlan(_)))
    };
    let with: Vec<NetnsId> = places.iter().filter(is_vxlan).copied().collect();
    if with.is_empty() {
        return Err(
            Failure::new(format!("there is no vxlan device {device} there"))
                .hint("kubenet show links vxlan lists tunnels; for a bridge, give it as PATTERN"),
        );
    }
    Ok(show::tunnel(cluster, device, &with))
}

fn matcher(pattern: &str) -> impl Fn(&Cell) -> bool {
    let whole = pattern.contains(['*', '?']);
    let matcher = match whole {
        true => WildMatch::new_case_insensitive(pattern),
        false => WildMatch::new_case_insensitive(&format!("*{pattern}*")),
    };
    move |cell| match cell {
        Cell::Absent => false,
        Cell::List(list) => list.iter().any(|text| matcher.matches(text)),
        other => matcher.matches(&other.text()),
    }
}

fn print(table: &Table, global: &Global) -> Result<(), Failure> {
    let (headings, rows) = table.text(global.output == Output::Wide);
    output::table(global, &headings, &rows, &table.document())?;
    if table.rows.is_empty() && table.not_read.is_empty() {
        output::note(global, "nothing there");
    }
    for missing in &table.not_read {
        output::note(global, &format!("not read: {missing}"));
    }
    Ok(())
}
