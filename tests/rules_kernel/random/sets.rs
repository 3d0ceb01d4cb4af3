//! Sets at random: one of each kind that the kernel here has, with a few elements.

use super::dice::Dice;
use super::ground::Ground;

/// A set that rules may ask.
pub struct Kind {
    pub name: &'static str,
    /// What `ipset create` is told after the name; the family is added where the kind has one.
    create: &'static str,
    /// What an element is made of.
    parts: &'static [Part],
    only_four: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Ip,
    Net,
    Port,
    /// A port of TCP and UDP alike.
    BarePort,
    Mac,
    Device,
    Set,
}

pub const KINDS: [Kind; 11] = [
    kind("ip", "hash:ip", &[Part::Ip]),
    kind("net", "hash:net", &[Part::Net]),
    kind("ip-port", "hash:ip,port", &[Part::Ip, Part::Port]),
    kind(
        "ip-port-ip",
        "hash:ip,port,ip",
        &[Part::Ip, Part::Port, Part::Ip],
    ),
    kind(
        "ip-port-net",
        "hash:ip,port,net",
        &[Part::Ip, Part::Port, Part::Net],
    ),
    kind("net-port", "hash:net,port", &[Part::Net, Part::Port]),
    kind("net-iface", "hash:net,iface", &[Part::Net, Part::Device]),
    kind("port", "bitmap:port range 8000-8010", &[Part::BarePort]),
    Kind {
        only_four: true,
        ..kind("range", "bitmap:ip range 10.1.0.0-10.1.0.255", &[Part::Ip])
    },
    Kind {
        only_four: true,
        ..kind(
            "range-mac",
            "bitmap:ip,mac range 10.1.0.0-10.1.0.255",
            &[Part::Ip, Part::Mac],
        )
    },
    kind("list", "list:set", &[Part::Set]),
];

const fn kind(name: &'static str, create: &'static str, parts: &'static [Part]) -> Kind {
    Kind {
        name,
        create,
        parts,
        only_four: false,
    }
}

impl Kind {
    /// How many sides of a packet a rule must name for it.
    pub fn dimensions(&self) -> usize {
        self.parts.len()
    }

    fn element(&self, dice: &mut Dice, ground: Ground) -> String {
        let parts: Vec<String> = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Ip if self.only_four => {
                    dice.one(&["10.1.0.2", "10.1.0.1", "10.1.0.12"]).into()
                }
                Part::Ip => ground.host(dice).into(),
                // The whole of the world is no element.
                Part::Net => loop {
                    let net = ground.network(dice);
                    if !net.ends_with("/0") {
                        break net.into();
                    }
                },
                Part::Port => format!(
                    "{}:{}",
                    dice.one(&["udp", "udp", "tcp"]),
                    dice.one(&["8001", "8002", "8003", "9", "8001-8002"])
                ),
                Part::BarePort => dice.one(&["8001", "8002", "8003"]).into(),
                Part::Mac => dice.one(&["02:00:00:00:01:02", "02:00:00:00:02:02"]).into(),
                Part::Device => ground.device(dice).trim_end_matches('+').into(),
                Part::Set => dice.one(&["ip", "net", "ip-port", "port"]).into(),
            })
            .collect();
        parts.join(",")
    }

    /// Elements of these kinds may be exceptions.
    fn has_networks(&self) -> bool {
        self.parts.contains(&Part::Net)
    }
}

/// The kinds that a family has.
pub fn kinds(ground: Ground) -> Vec<&'static Kind> {
    KINDS
        .iter()
        .filter(|kind| ground.is_four() || !kind.only_four)
        .collect()
}

/// Makes the sets, empty.
pub fn create(ground: Ground) -> String {
    kinds(ground)
        .iter()
        .map(|kind| {
            let family = match kind.create.starts_with("hash:") && !ground.is_four() {
                true => " family inet6",
                false => "",
            };
            format!("create {} {}{family}\n", kind.name, kind.create)
        })
        .collect()
}

/// Elements for all of them, a line each.
pub fn elements(dice: &mut Dice, ground: Ground) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in kinds(ground) {
        for _ in 0..dice.below(4) {
            let except = match kind.has_networks() && dice.chance(25) {
                true => " nomatch",
                false => "",
            };
            let element = kind.element(dice, ground);
            lines.push(format!("add {} {element}{except}", kind.name));
        }
    }
    lines
}

/// What puts these elements into the sets, and nothing else.
pub fn restore(ground: Ground, elements: &[String]) -> String {
    let flush = kinds(ground)
        .into_iter()
        .map(|kind| format!("flush {}\n", kind.name));
    let add = elements.iter().map(|line| format!("{line}\n"));
    flush.chain(add).collect()
}
