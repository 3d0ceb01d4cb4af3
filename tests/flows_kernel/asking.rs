//! Servers that say at which address they were asked, clients on ports of their choice, and the same as questions.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use kubenet::model::trace::{ClientSees, OverallVerdict, Trace};
use kubenet::model::{Family, Flow, FlowEnd, Protocol};
use kubenet::{check, walk};
use socket2::{Domain, Socket, Type};

use crate::scene::{Place, Scene};

/// How long a client waits for an answer.
pub const PATIENCE: Duration = Duration::from_millis(700);

/// What a client sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Answered by the server at that address.
    Answer(IpAddr),
    /// ECONNREFUSED, or ECONNRESET where the connection stood.
    Refused,
    /// Nothing.
    Silence,
    /// Something else.
    Other(String),
}

/// Listens with TCP and UDP on some addresses of the server, and answers with the address that was asked. The threads
/// end with the test's process.
pub fn serve(scene: &Scene, addresses: &[IpAddr], port: u16) {
    for ip in addresses.iter().copied() {
        let (tcp, udp) = scene.inside(Place::Server, || {
            let at = SocketAddr::new(ip, port);
            (TcpListener::bind(at).unwrap(), UdpSocket::bind(at).unwrap())
        });
        let word = ip.to_string();
        let answer = word.clone();
        std::thread::spawn(move || {
            for stream in tcp.incoming().flatten() {
                let answer = answer.clone();
                std::thread::spawn(move || answer_all(stream, &answer));
            }
        });
        std::thread::spawn(move || {
            let mut buffer = [0; 64];
            while let Ok((_, from)) = udp.recv_from(&mut buffer) {
                let _ = udp.send_to(word.as_bytes(), from);
            }
        });
    }
}

fn answer_all(mut stream: TcpStream, word: &str) {
    let mut byte = [0; 1];
    while stream.read_exact(&mut byte).is_ok() {
        if stream.write_all(word.as_bytes()).is_err() {
            return;
        }
    }
}

/// A socket of the client on a port of its own.
pub enum Client {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

/// What a client sees of an attempt to connect, and its socket where it did.
pub fn connect(
    scene: &Scene,
    protocol: Protocol,
    from: SocketAddr,
    to: SocketAddr,
) -> Result<Client, Seen> {
    scene.inside(Place::Client, || {
        if protocol == Protocol::Udp {
            let socket = UdpSocket::bind(from).unwrap();
            socket.connect(to).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            return Ok(Client::Udp(socket));
        }
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.bind(&from.into()).unwrap();
        socket
            .connect_timeout(&to.into(), PATIENCE)
            .map_err(|error| seen(&error))?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Ok(Client::Tcp(stream))
    })
}

impl Client {
    /// Sends a byte, and waits for the answer.
    pub fn ask(&mut self) -> Seen {
        let mut buffer = [0; 64];
        let read = match self {
            Self::Tcp(stream) => stream
                .write_all(b"?")
                .and_then(|()| stream.read(&mut buffer)),
            Self::Udp(socket) => socket.send(b"?").and_then(|_| socket.recv(&mut buffer)),
        };
        match read {
            Ok(0) => Seen::Other("closed".to_owned()),
            Ok(length) => Seen::Answer(
                std::str::from_utf8(&buffer[..length])
                    .unwrap()
                    .parse()
                    .unwrap(),
            ),
            Err(error) => seen(&error),
        }
    }
}

fn seen(error: &std::io::Error) -> Seen {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Seen::Refused,
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Seen::Silence,
        _ => Seen::Other(error.to_string()),
    }
}

/// The question that a client's packet asks.
pub fn flow(place: Place, protocol: Protocol, from: SocketAddr, to: SocketAddr) -> Flow {
    let end = |ip, port| FlowEnd {
        kind: "address".to_owned(),
        ip: Some(ip),
        port,
        ..FlowEnd::default()
    };
    Flow {
        start: place.id(),
        external_source: None,
        from: end(from.ip(), None),
        to: end(to.ip(), Some(to.port())),
        protocol,
        destination: to.ip(),
        destination_port: to.port(),
        source: Some(from.ip()),
        source_port: Some(from.port()).filter(|port| *port != 0),
        established: false,
        mark: 0,
        tos: 0,
        size: if Family::of(to.ip()) == Family::V4 {
            60
        } else {
            80
        },
        reply: true,
    }
}

/// What a trace says that the client sees.
pub fn predicted(scene: &Scene, flow: &Flow) -> (Seen, Trace) {
    let mut trace = walk::trace(scene.cluster(), flow);
    trace.findings = check::connections::of_flow(scene.cluster(), flow, &trace.paths);
    let seen = match (trace.verdict, trace.client_sees) {
        (OverallVerdict::Delivered, _) => {
            let mut ends: Vec<IpAddr> = trace
                .paths
                .iter()
                .filter_map(|path| path.destination.as_ref()?.ip)
                .collect();
            ends.dedup();
            match ends.as_slice() {
                [only] => Seen::Answer(*only),
                several => Seen::Other(format!("{several:?}")),
            }
        }
        (_, Some(ClientSees::Refused)) => Seen::Refused,
        (_, Some(ClientSees::Timeout)) => Seen::Silence,
        (verdict, sees) => Seen::Other(format!("{verdict:?} {sees:?}")),
    };
    (seen, trace)
}

/// Both families' addresses with the same last part: client, virtual address, server's.
pub fn client(family: Family) -> IpAddr {
    match family {
        Family::V4 => "10.1.0.2".parse().unwrap(),
        Family::V6 => "fd01::2".parse().unwrap(),
    }
}

/// One of the server's addresses (2, 3, 4).
pub fn server(family: Family, last: u8) -> IpAddr {
    match family {
        Family::V4 => format!("10.2.0.{last}").parse().unwrap(),
        Family::V6 => format!("fd02::{last}").parse().unwrap(),
    }
}

/// An address that nobody has, as a Service's.
pub fn virtual_address(family: Family) -> IpAddr {
    match family {
        Family::V4 => "10.43.0.9".parse().unwrap(),
        Family::V6 => "fd43::9".parse().unwrap(),
    }
}

/// Loads the router's rules, those of before gone.
pub fn load(scene: &Scene, family: Family, text: &str) {
    let program = match family {
        Family::V4 => "iptables-nft-restore",
        Family::V6 => "ip6tables-nft-restore",
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let text = format!("{}\n", lines.join("\n"));
    scene.tool(Place::Router, program, &[], &text).unwrap();
}
