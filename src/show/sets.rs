//! ipsets, and IPVS's virtual servers.

use super::{Column, Place, Rows};
use crate::model::{Forwarding, Takes};

pub(super) const IPSETS: &[Column] = &[
    Column::new("set"),
    Column::new("type"),
    Column::wide("family"),
    Column::new("element"),
    Column::new("service"),
];

pub(super) const IPVS: &[Column] = &[
    Column::new("virtual_server"),
    Column::wide("service"),
    Column::new("scheduler"),
    Column::wide("persistent"),
    Column::new("real_server"),
    Column::new("weight"),
    Column::wide("forwarding"),
    Column::wide("active"),
    Column::wide("inactive"),
    Column::new("owner"),
];

/// A row for each element, and one for a set without any.
pub(super) fn ipsets(place: &Place<'_>) -> Rows {
    let sets = place.netns.ipsets.as_ref()?;
    let mut rows = Vec::new();
    for set in sets {
        let row = |element: Option<&str>, service: Option<&str>| {
            vec![
                set.name.as_str().into(),
                set.kind.as_str().into(),
                if set.ipv6 { "IPv6" } else { "IPv4" }.into(),
                element.into(),
                service.into(),
            ]
        };
        if set.elements.is_empty() {
            rows.push(row(None, None));
        }
        for element in &set.elements {
            // `add NAME ELEMENT OPTIONS`.
            let text = element.raw.splitn(3, ' ').nth(2).unwrap_or(&element.raw);
            rows.push(row(Some(text), service(place, &element.parts)));
        }
    }
    Some(rows)
}

/// The Service whose address and port an element begins with.
fn service<'p>(place: &Place<'p>, parts: &[crate::model::SetPart]) -> Option<&'p str> {
    use crate::model::SetPart;
    match parts {
        [
            SetPart::Net(net),
            SetPart::Port {
                protocol: Some(protocol),
                first,
                ..
            },
            ..,
        ] if net.prefix_len() == net.max_prefix_len() => {
            let to = std::net::SocketAddr::new(net.addr(), *first);
            place.owners.service(to, *protocol)
        }
        _ => None,
    }
}

/// A row for each real server, and one for a virtual server without any.
pub(super) fn virtual_servers(place: &Place<'_>) -> Rows {
    let servers = place.netns.virtual_servers.as_ref()?;
    let mut rows = Vec::new();
    for server in servers {
        let service = match server.takes {
            Takes::Address { protocol, address } => place.owners.service(address, protocol),
            Takes::Mark { .. } => None,
        };
        let persistent = server.persistence.map(|kept| match kept.timeout {
            Some(seconds) => format!("{seconds} s"),
            None => "yes".to_owned(),
        });
        let row = |real: Option<&crate::model::RealServer>| {
            let counts = real.and_then(|real| real.connections);
            vec![
                server.takes.to_string().into(),
                service.into(),
                server.scheduler.as_str().into(),
                persistent.clone().into(),
                real.map(|real| real.address.to_string()).into(),
                real.map(|real| real.weight).into(),
                real.map(|real| match real.forwarding {
                    Forwarding::Masquerading => "masquerading",
                    Forwarding::Direct => "direct",
                    Forwarding::Tunnel => "tunnel",
                    Forwarding::Gue => "gue tunnel",
                    Forwarding::Gre => "gre tunnel",
                    Forwarding::Local => "local",
                })
                .into(),
                counts.map(|counts| counts.active).into(),
                counts.map(|counts| counts.inactive).into(),
                real.and_then(|real| place.owners.ip(real.address.ip()))
                    .into(),
            ]
        };
        if server.servers.is_empty() {
            rows.push(row(None));
        }
        rows.extend(server.servers.iter().map(|real| row(Some(real))));
    }
    Some(rows)
}
