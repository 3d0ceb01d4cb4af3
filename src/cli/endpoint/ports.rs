//! The protocol and the port that a packet is sent to: as given, else the only ones there are.

use super::receiver::Receiver;
use super::{Port, Question};
use crate::cli::Failure;
use crate::model::{Protocol, ServicePort};

impl Receiver {
    /// The protocol and the port asked for: as given, else the only ones there are.
    pub fn protocol_and_port(&self, question: &Question) -> Result<(Protocol, u16), Failure> {
        let port = match (question.to.port(), &question.port) {
            (Some(typed), Some(option)) if typed != *option => {
                return Err(
                    Failure::new(format!("TO says port {typed}, --port says {option}"))
                        .hint("give the port once"),
                );
            }
            (Some(port), _) => Some(port),
            (None, option) => option.clone(),
        };
        match question.protocol {
            Some(protocol) if !protocol.has_ports() => match port {
                None => Ok((protocol, 0)),
                Some(port) => Err(Failure::new(format!(
                    "{protocol} has no ports, but port {port} was given"
                ))),
            },
            wanted => match &self.ports {
                Some(ports) => self.port_of_service(ports, wanted, port),
                None => self.port_of_address(wanted, port),
            },
        }
    }

    fn port_of_service(
        &self,
        ports: &[ServicePort],
        wanted: Option<Protocol>,
        port: Option<Port>,
    ) -> Result<(Protocol, u16), Failure> {
        let named = |candidate: &&ServicePort| match &port {
            None => true,
            Some(Port::Number(number)) => candidate.port == *number,
            Some(Port::Name(name)) => candidate.name == *name,
        };
        let fitting: Vec<&ServicePort> = ports.iter().filter(named).collect();
        let of = |protocol| {
            fitting
                .iter()
                .find(|candidate| candidate.protocol == protocol)
        };
        let all: Vec<String> = ports.iter().map(spell).collect();
        let chosen = match (wanted, fitting.as_slice()) {
            (Some(protocol), _) => of(protocol),
            (None, [only]) => Some(only),
            // The same port over several protocols (DNS): tcp, as everywhere where none is given.
            (None, _) if port.is_some() => of(Protocol::Tcp).or(fitting.first()),
            (None, _) => None,
        };
        let several = wanted.is_some_and(|protocol| {
            port.is_none()
                && fitting
                    .iter()
                    .filter(|candidate| candidate.protocol == protocol)
                    .count()
                    > 1
        });
        match chosen {
            Some(chosen) if !several => Ok((chosen.protocol, chosen.port)),
            _ if port.is_none() && ports.len() > 1 => Err(Failure::new(format!(
                "{} has several ports: {}",
                self.label,
                all.join(", ")
            ))
            .hint(format!(
                "say which, as :PORT or :NAME after {}",
                self.short_name()
            ))),
            _ => {
                let asked = match (&port, wanted) {
                    (Some(port), Some(protocol)) => format!("port {port}/{protocol}"),
                    (Some(port), None) => format!("port {port}"),
                    (None, Some(protocol)) => format!("{protocol} port"),
                    (None, None) => "port".to_owned(),
                };
                let mut hint = match all.as_slice() {
                    [] => "the Service has no ports at all".to_owned(),
                    _ => format!("it has {}", all.join(", ")),
                };
                if let Some(ip) = self.addresses.first() {
                    hint =
                        format!("{hint}; to ask what happens anyhow, trace to {ip} and the port");
                }
                Err(Failure::new(format!("{} has no {asked}", self.label)).hint(hint))
            }
        }
    }

    fn port_of_address(
        &self,
        wanted: Option<Protocol>,
        port: Option<Port>,
    ) -> Result<(Protocol, u16), Failure> {
        let protocol = wanted.unwrap_or(Protocol::Tcp);
        match port {
            Some(Port::Number(number)) => Ok((protocol, number)),
            Some(Port::Name(name)) => Err(Failure::new(format!(
                "{} has no port named {name}: only Services name ports",
                self.label
            ))
            .hint("give the port's number")),
            None => {
                let mut ports: Vec<String> = self
                    .listening
                    .iter()
                    .map(|(protocol, port)| format!("{port}/{protocol}"))
                    .collect();
                ports.dedup();
                ports.truncate(8);
                let hint = match ports.as_slice() {
                    [] => "give it as TO:PORT, or with --port".to_owned(),
                    _ => format!(
                        "give it as TO:PORT, or with --port; {} listens there",
                        ports.join(", ")
                    ),
                };
                Err(Failure::new(format!("which port of {}?", self.label)).hint(hint))
            }
        }
    }

    fn short_name(&self) -> &str {
        self.end.name.as_deref().unwrap_or("TO")
    }
}

fn spell(port: &ServicePort) -> String {
    match port.name.is_empty() {
        true => format!("{}/{}", port.port, port.protocol),
        false => format!("{}/{} ({})", port.port, port.protocol, port.name),
    }
}
