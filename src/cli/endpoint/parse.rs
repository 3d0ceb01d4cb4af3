//! The forms in which endpoints are typed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cli::Failure;
use crate::model::CONTAINER_PREFIX;

/// A port by number or by the name that a Service gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// By number, never 0.
    Number(u16),
    /// By name.
    Name(String),
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// An endpoint as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// `pod/[NS/]NAME[:PORT]`.
    Pod {
        /// Kubernetes namespace, where one was given.
        namespace: Option<String>,
        /// Its name.
        name: String,
        /// Port, where one was given.
        port: Option<Port>,
    },
    /// `svc/[NS/]NAME[:PORT]`, `NAME.NS.svc[.DOMAIN][:PORT]`.
    Service {
        /// Kubernetes namespace, where one was given.
        namespace: Option<String>,
        /// Its name.
        name: String,
        /// Port, where one was given.
        port: Option<Port>,
    },
    /// `[NS/]NAME[:PORT]`: a pod, or where packets can be sent to one, a Service.
    Name {
        /// Kubernetes namespace, where one was given.
        namespace: Option<String>,
        /// Its name.
        name: String,
        /// Port, where one was given.
        port: Option<Port>,
    },
    /// `IP[:PORT]`, `[IPv6]:PORT`.
    Address {
        /// The address.
        ip: IpAddr,
        /// Port, where one was given.
        port: Option<u16>,
    },
    /// `node/NAME[:PORT]`.
    Node {
        /// Its name.
        name: String,
        /// Port, where one was given.
        port: Option<Port>,
    },
    /// `docker:NAME[:PORT]`: a container that is no pod's.
    Container {
        /// Its name, or the beginning of its identifier.
        name: String,
        /// Port, where one was given.
        port: Option<Port>,
    },
    /// `external[:IP[:PORT]]`.
    External {
        /// Its address, where one was given.
        ip: Option<IpAddr>,
        /// Port, where one was given.
        port: Option<u16>,
    },
}

impl Endpoint {
    /// The port that was typed with it.
    pub fn port(&self) -> Option<Port> {
        match self {
            Self::Pod { port, .. }
            | Self::Service { port, .. }
            | Self::Name { port, .. }
            | Self::Node { port, .. }
            | Self::Container { port, .. } => port.clone(),
            Self::Address { port, .. } | Self::External { port, .. } => port.map(Port::Number),
        }
    }
}

const FORMS: &str = "endpoints are NAME, NS/NAME, pod/NS/NAME, svc/NS/NAME:PORT, IP:PORT, [IPv6]:PORT, node/NAME:PORT, \
                     docker:NAME:PORT, external:IP";

/// Reads an endpoint.
pub fn parse(text: &str) -> Result<Endpoint, Failure> {
    let typed = text;
    let bad = |why: &str| Failure::new(format!("{typed:?} is no endpoint: {why}")).hint(FORMS);
    if let Some(rest) = text.strip_prefix("external") {
        match rest.strip_prefix(':') {
            None if rest.is_empty() => {
                return Ok(Endpoint::External {
                    ip: None,
                    port: None,
                });
            }
            Some(address) => {
                let found = address_and_port(address).map_err(|why| bad(&why))?;
                let (ip, port) =
                    found.ok_or_else(|| bad("external: is followed by an IP address"))?;
                return Ok(Endpoint::External { ip: Some(ip), port });
            }
            None => {}
        }
    }
    if let Some((ip, port)) = address_and_port(text).map_err(|why| bad(&why))? {
        return Ok(Endpoint::Address { ip, port });
    }

    let (text, is_container) = match text.strip_prefix(CONTAINER_PREFIX) {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (path, port) = match text.rsplit_once(':') {
        None => (text, None),
        Some((path, port)) => (path, Some(parse_port(port).map_err(|why| bad(&why))?)),
    };
    if is_container && !path.is_empty() && !path.contains('/') {
        let name = path.to_owned();
        return Ok(Endpoint::Container { name, port });
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(bad("a part of the name is empty"));
    }
    let kind = match parts.first().copied() {
        Some("pod" | "pods" | "po") if parts.len() > 1 => Kind::Pod,
        Some("svc" | "service" | "services") if parts.len() > 1 => Kind::Service,
        Some("node" | "nodes" | "no") if parts.len() > 1 => Kind::Node,
        _ => Kind::Any,
    };
    if kind != Kind::Any {
        parts.remove(0);
    }
    let (namespace, name) = match *parts.as_slice() {
        [name] => (None, name.to_owned()),
        [namespace, name] if kind != Kind::Node => (Some(namespace.to_owned()), name.to_owned()),
        _ => return Err(bad("it has too many parts")),
    };
    Ok(match kind {
        Kind::Pod => Endpoint::Pod {
            namespace,
            name,
            port,
        },
        Kind::Service => Endpoint::Service {
            namespace,
            name,
            port,
        },
        Kind::Node => Endpoint::Node { name, port },
        Kind::Any if namespace.is_some() => Endpoint::Name {
            namespace,
            name,
            port,
        },
        Kind::Any => dns_name(&name, &port).unwrap_or(Endpoint::Name {
            namespace,
            name,
            port,
        }),
    })
}

#[derive(PartialEq, Eq)]
enum Kind {
    Pod,
    Service,
    Node,
    Any,
}

/// Reads a port: a number, or the name that a Service gives it.
pub fn parse_port(text: &str) -> Result<Port, String> {
    match text.parse::<u16>() {
        Ok(0) => Err("port 0 cannot be connected to".to_owned()),
        Ok(number) => Ok(Port::Number(number)),
        Err(_) if text.is_empty() => Err("the port is missing after the colon".to_owned()),
        Err(_) if text.bytes().all(|b| b.is_ascii_digit()) => Err(format!("{text} is above 65535")),
        // IANA service names (RFC 6335): letters, digits and hyphens.
        Err(_) if text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
            Ok(Port::Name(text.to_owned()))
        }
        Err(_) => Err(format!("{text:?} is no port")),
    }
}

/// `IP`, `IPv4:PORT`, `[IPv6]`, `[IPv6]:PORT`; `None` when it is none of them.
fn address_and_port(text: &str) -> Result<Option<(IpAddr, Option<u16>)>, String> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(Some((ip, None)));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (ip, rest) = rest
            .split_once(']')
            .ok_or("the closing bracket is missing")?;
        let ip: Ipv6Addr = ip
            .parse()
            .map_err(|_| format!("{ip:?} is no IPv6 address"))?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok(Some((ip.into(), Some(number(port)?)))),
            None if rest.is_empty() => Ok(Some((ip.into(), None))),
            None => Err(format!("{rest:?} follows the address")),
        };
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Ok(Some((ip.into(), port.map(number).transpose()?)));
    }
    if !host.is_empty()
        && host.contains('.')
        && host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    {
        return Err(format!("{host} is no IPv4 address"));
    }
    Ok(None)
}

fn number(text: &str) -> Result<u16, String> {
    match parse_port(text)? {
        Port::Number(number) => Ok(number),
        Port::Name(name) => Err(format!(
            "an address has no port named {name:?}: give its number"
        )),
    }
}

/// `NAME.NS.svc[.DOMAIN]` is a Service; `HOST.NAME.NS.svc[.DOMAIN]` a pod of a headless one.
fn dns_name(name: &str, port: &Option<Port>) -> Option<Endpoint> {
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    if labels.iter().any(|label| label.is_empty()) {
        return None;
    }
    match *labels.as_slice() {
        [name, namespace, "svc", ..] => Some(Endpoint::Service {
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
            port: port.clone(),
        }),
        [host, _, namespace, "svc", ..] => Some(Endpoint::Pod {
            namespace: Some(namespace.to_owned()),
            name: host.to_owned(),
            port: port.clone(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(namespace: Option<&str>, name: &str, port: Option<Port>) -> Endpoint {
        Endpoint::Name {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            port,
        }
    }

    fn service(namespace: Option<&str>, name: &str, port: Option<Port>) -> Endpoint {
        Endpoint::Service {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            port,
        }
    }

    #[test]
    fn reads_every_form() {
        let http = || Some(Port::Name("http".to_owned()));
        let cases = [
            ("client", name(None, "client", None)),
            ("shop/cart", name(Some("shop"), "cart", None)),
            (
                "shop/cart:8080",
                name(Some("shop"), "cart", Some(Port::Number(8080))),
            ),
            ("pod", name(None, "pod", None)),
            ("external-dns", name(None, "external-dns", None)),
            ("svc/cart", service(None, "cart", None)),
            ("svc/shop/cart:http", service(Some("shop"), "cart", http())),
            (
                "cart.shop.svc.cluster.local:http",
                service(Some("shop"), "cart", http()),
            ),
            ("cart.shop.svc", service(Some("shop"), "cart", None)),
            (
                "db-0.db.shop.svc.cluster.local.",
                Endpoint::Pod {
                    namespace: Some("shop".into()),
                    name: "db-0".into(),
                    port: None,
                },
            ),
            (
                "pod/shop/cart-1:80",
                Endpoint::Pod {
                    namespace: Some("shop".into()),
                    name: "cart-1".into(),
                    port: Some(Port::Number(80)),
                },
            ),
            (
                "node/n1:22",
                Endpoint::Node {
                    name: "n1".into(),
                    port: Some(Port::Number(22)),
                },
            ),
            (
                "10.0.0.1",
                Endpoint::Address {
                    ip: [10, 0, 0, 1].into(),
                    port: None,
                },
            ),
            (
                "10.0.0.1:80",
                Endpoint::Address {
                    ip: [10, 0, 0, 1].into(),
                    port: Some(80),
                },
            ),
            (
                "fd00::1",
                Endpoint::Address {
                    ip: "fd00::1".parse().unwrap(),
                    port: None,
                },
            ),
            (
                "[fd00::1]:80",
                Endpoint::Address {
                    ip: "fd00::1".parse().unwrap(),
                    port: Some(80),
                },
            ),
            (
                "external",
                Endpoint::External {
                    ip: None,
                    port: None,
                },
            ),
            (
                "external:192.0.2.7",
                Endpoint::External {
                    ip: Some([192, 0, 2, 7].into()),
                    port: None,
                },
            ),
            (
                "external:2001:db8::7",
                Endpoint::External {
                    ip: "2001:db8::7".parse().ok(),
                    port: None,
                },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).expect(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "svc/",
            "svc/a/b/c",
            "a:",
            "a:0",
            "a:70000",
            "10.0.0",
            "10.0.0.256:80",
            "10.0.0.1:http",
            "[fd00::1",
            "[fd00::1]x",
            "[10.0.0.1]:80",
            "external:web",
            "a:b:c d",
        ] {
            assert!(
                parse(text).is_err(),
                "{text:?} was read as {:?}",
                parse(text)
            );
        }
    }
}
