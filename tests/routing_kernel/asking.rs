//! Asks the kernel where it would route a packet (`RTM_GETROUTE` for one destination, what `ip route get` sends).

use std::net::IpAddr;

use ipnet::IpNet;
use kubenet::model::{Family, Protocol};
use kubenet::walk::RouteQuestion;
use netlink_packet_core::{
    NLM_F_REQUEST, NetlinkBuffer, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteFlags, RouteMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::errno::Errno;

/// The kernel's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Route {
        /// RTN_*.
        kind: u8,
        device: String,
        gateway: Option<IpAddr>,
        /// The source it chose itself.
        source: Option<IpAddr>,
        /// The route it found in the table: prefix, table, metric, TOS. Not told for what it refuses.
        found: Option<(IpNet, u32, u32, u8)>,
    },
    Refused(Errno),
}

/// A socket in the namespace of the thread that opened it.
pub struct Asker {
    socket: Socket,
    devices: Vec<(u32, String)>,
    sequence: u32,
}

impl Asker {
    pub fn open() -> Self {
        let mut socket = Socket::new(NETLINK_ROUTE).unwrap();
        socket.bind_auto().unwrap();
        let devices = nix::net::if_::if_nameindex()
            .unwrap()
            .iter()
            .map(|device| (device.index(), device.name().to_string_lossy().into_owned()))
            .collect();
        Self {
            socket,
            devices,
            sequence: 0,
        }
    }

    pub fn ask(&mut self, question: &RouteQuestion) -> Told {
        let reply = match self.exchange(question, RouteFlags::LookupTable) {
            Ok(reply) => reply,
            Err(errno) => return Told::Refused(errno),
        };
        // IPv6 answers with the route that refuses, IPv4 with the error.
        match u8::from(reply.header.kind) {
            6 => return Told::Refused(Errno::EINVAL),
            7 => return Told::Refused(Errno::EHOSTUNREACH),
            8 => return Told::Refused(Errno::EACCES),
            9 => return Told::Refused(Errno::EAGAIN),
            _ => {}
        }
        let found = self
            .exchange(question, RouteFlags::LookupTable | RouteFlags::FibMatch)
            .ok()
            .map(|route| found(&route, Family::of(question.destination)));
        let mut told = (None, None, None);
        for attribute in &reply.attributes {
            match attribute {
                RouteAttribute::Oif(index) => told.0 = Some(self.device(*index)),
                RouteAttribute::Gateway(ip) => told.1 = address(ip),
                RouteAttribute::Via(via) => {
                    told.1 = match via {
                        netlink_packet_route::route::RouteVia::Inet6(ip) => Some((*ip).into()),
                        netlink_packet_route::route::RouteVia::Inet(ip) => Some((*ip).into()),
                        _ => None,
                    }
                }
                RouteAttribute::PrefSource(ip) => told.2 = address(ip),
                _ => {}
            }
        }
        Told::Route {
            kind: reply.header.kind.into(),
            device: told.0.unwrap_or_default(),
            gateway: told.1,
            source: told.2,
            found,
        }
    }

    /// Whether an ICMP error would find its way to the sender of what is asked about.
    pub fn answers(&mut self, question: &RouteQuestion) -> bool {
        let Some(source) = question.source.filter(|_| question.input.is_some()) else {
            return true;
        };
        let back = RouteQuestion {
            destination: source,
            source: None,
            input: None,
            output: None,
            mark: 0,
            tos: 0,
            protocol: Protocol::Icmp,
            source_port: 0,
            destination_port: 0,
            user: 0,
        };
        matches!(self.ask(&back), Told::Route { .. })
    }

    fn device(&self, index: u32) -> String {
        self.devices
            .iter()
            .find(|(known, _)| *known == index)
            .map(|(_, name)| name.clone())
            .unwrap_or_default()
    }

    fn index(&self, device: &str) -> u32 {
        self.devices
            .iter()
            .find(|(_, name)| name == device)
            .expect("a device of this namespace")
            .0
    }

    fn exchange(
        &mut self,
        question: &RouteQuestion,
        flags: RouteFlags,
    ) -> Result<RouteMessage, Errno> {
        let mut request = RouteMessage::default();
        let family = Family::of(question.destination);
        let bits = match family {
            Family::V4 => 32,
            Family::V6 => 128,
        };
        request.header.address_family = match family {
            Family::V4 => AddressFamily::Inet,
            Family::V6 => AddressFamily::Inet6,
        };
        request.header.destination_prefix_length = bits;
        request.header.tos = question.tos;
        request.header.flags = flags;
        let put = &mut request.attributes;
        put.push(RouteAttribute::Destination(
            question.destination.into_route(),
        ));
        if let Some(source) = question.source {
            request.header.source_prefix_length = bits;
            put.push(RouteAttribute::Source(source.into_route()));
        }
        if let Some(input) = &question.input {
            put.push(RouteAttribute::Iif(self.index(input)));
        }
        // What is forwarded is root's.
        put.push(RouteAttribute::Uid(match question.input {
            Some(_) => 0,
            None => question.user,
        }));
        if let Some(output) = &question.output {
            put.push(RouteAttribute::Oif(self.index(output)));
        }
        if question.mark != 0 {
            put.push(RouteAttribute::Mark(question.mark));
        }
        put.push(RouteAttribute::IpProto(question.protocol.number(family)));
        if question.protocol.has_ports() {
            put.push(RouteAttribute::Sport(question.source_port));
            put.push(RouteAttribute::Dport(question.destination_port));
        }
        self.sequence += 1;
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(
            header,
            NetlinkPayload::from(RouteNetlinkMessage::GetRoute(request)),
        );
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.socket
            .send_to(&bytes, &SocketAddr::new(0, 0), 0)
            .unwrap();
        let (answer, _) = self.socket.recv_from_full().unwrap();
        let frame = NetlinkBuffer::new_checked(answer.as_slice()).unwrap();
        assert_eq!(frame.sequence_number(), self.sequence);
        if frame.message_type() == 2 {
            let code = i32::from_ne_bytes(frame.payload()[..4].try_into().unwrap());
            return Err(Errno::from_raw(-code));
        }
        let mut header = NetlinkHeader::default();
        header.message_type = frame.message_type();
        match RouteNetlinkMessage::deserialize(&header, frame.payload()).unwrap() {
            RouteNetlinkMessage::NewRoute(route) => Ok(route),
            other => panic!("an answer of another kind: {other:?}"),
        }
    }
}

fn found(route: &RouteMessage, family: Family) -> (IpNet, u32, u32, u8) {
    let mut prefix = match family {
        Family::V4 => IpAddr::from([0; 4]),
        Family::V6 => IpAddr::from([0; 16]),
    };
    let (mut table, mut metric) = (u32::from(route.header.table), 0);
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Destination(ip) => prefix = address(ip).unwrap(),
            RouteAttribute::Table(number) => table = *number,
            RouteAttribute::Priority(number) => metric = *number,
            _ => {}
        }
    }
    let prefix = IpNet::new(prefix, route.header.destination_prefix_length).unwrap();
    (prefix, table, metric, route.header.tos)
}

fn address(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some((*ip).into()),
        RouteAddress::Inet6(ip) => Some((*ip).into()),
        _ => None,
    }
}

trait IntoRoute {
    fn into_route(self) -> RouteAddress;
}

impl IntoRoute for IpAddr {
    fn into_route(self) -> RouteAddress {
        match self {
            IpAddr::V4(ip) => RouteAddress::Inet(ip),
            IpAddr::V6(ip) => RouteAddress::Inet6(ip),
        }
    }
}
