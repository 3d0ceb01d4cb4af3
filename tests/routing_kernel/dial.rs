//! Servers that say who asked them, and clients that say what became of their question.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use kubenet::model::Protocol;
use kubenet::model::trace::ClientSees;
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Socket, Type};

use crate::space::Space;

/// Where every namespace listens.
pub const PORT: u16 = 5000;

/// A neighbour that does not answer is given up after three seconds.
const PATIENCE: Duration = Duration::from_millis(3700);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub protocol: Protocol,
    pub to: SocketAddr,
    pub source: Option<IpAddr>,
    pub mark: u32,
    /// Bytes of the IP packet; datagrams only.
    pub size: u32,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Which namespace answered, and whom it saw asking.
    Answer(usize, IpAddr),
    Failure(ClientSees),
    /// An error that `ClientSees` has no word for.
    Other(String),
}

/// Servers in some namespaces, and the datagrams that came to them: the clients' ports.
pub struct Servers {
    ended: Arc<AtomicBool>,
    came: Arc<Mutex<BTreeSet<u16>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Servers {
    /// Starts one on every address of every namespace. They answer from the address they were asked at.
    pub fn start(space: &Space) -> Self {
        let mut servers = Self {
            ended: Arc::default(),
            came: Arc::default(),
            threads: Vec::new(),
        };
        for at in 0..space.count() {
            let (listener, sockets) = space.inside(at, || {
                let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT)).unwrap();
                listener.set_nonblocking(true).unwrap();
                let addresses = nix::ifaddrs::getifaddrs().unwrap();
                let ips: BTreeSet<IpAddr> = addresses.filter_map(|found| ip(&found)).collect();
                // Addresses of devices that are down cannot be bound.
                let bound = ips
                    .iter()
                    .filter_map(|ip| UdpSocket::bind((*ip, PORT)).ok());
                (listener, bound.collect::<Vec<_>>())
            });
            let ended = servers.ended.clone();
            servers
                .threads
                .push(std::thread::spawn(move || serve_tcp(at, &listener, &ended)));
            for socket in sockets {
                let (ended, came) = (servers.ended.clone(), servers.came.clone());
                servers.threads.push(std::thread::spawn(move || {
                    serve_udp(at, &socket, &ended, &came)
                }));
            }
        }
        servers
    }

    /// Whether a datagram from that port of a client came to anybody.
    pub fn heard_of(&self, port: u16) -> bool {
        self.came.lock().unwrap().contains(&port)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn ip(found: &nix::ifaddrs::InterfaceAddress) -> Option<IpAddr> {
    let address = found.address?;
    if let Some(four) = address.as_sockaddr_in() {
        return Some(four.ip().into());
    }
    let six = address.as_sockaddr_in6()?.ip();
    (!six.is_unicast_link_local()).then_some(six.into())
}

fn serve_tcp(at: usize, listener: &TcpListener, ended: &AtomicBool) {
    while !ended.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((mut stream, peer)) => {
                let _ = stream.write_all(answer(at, peer).as_bytes());
            }
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn serve_udp(at: usize, socket: &UdpSocket, ended: &AtomicBool, came: &Mutex<BTreeSet<u16>>) {
    socket
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let mut buffer = [0; 4096];
    while !ended.load(Ordering::Relaxed) {
        if let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            came.lock().unwrap().insert(peer.port());
            // As long as the question, as a walk supposes answers to be.
            let text = format!("{:length$}", answer(at, peer));
            let _ = socket.send_to(text.as_bytes(), peer);
        }
    }
}

fn answer(at: usize, peer: SocketAddr) -> String {
    format!("{at} {}", peer.ip().to_canonical())
}

/// Asks, in the namespace of this thread; also tells the port it asked from.
pub fn dial(asked: &Asked) -> (Seen, u16) {
    let domain = Domain::for_address(asked.to);
    let kind = match asked.protocol {
        Protocol::Tcp => Type::STREAM,
        _ => Type::DGRAM,
    };
    let socket = Socket::new(domain, kind, None).unwrap();
    if asked.mark != 0 {
        setsockopt(&socket, sockopt::Mark, &asked.mark).unwrap();
    }
    let unspecified = match asked.to {
        SocketAddr::V4(_) => IpAddr::from([0; 4]),
        SocketAddr::V6(_) => IpAddr::from([0; 16]),
    };
    if asked.source.is_some() || asked.protocol != Protocol::Tcp {
        let local = SocketAddr::new(asked.source.unwrap_or(unspecified), 0);
        if let Err(error) = socket.bind(&local.into()) {
            return (failure(&error), 0);
        }
    }
    let said = match asked.protocol {
        Protocol::Tcp => ask_tcp(&socket, asked),
        _ => ask_udp(&socket, asked),
    };
    let port = socket.local_addr().ok().and_then(|local| local.as_socket());
    let seen = match said {
        Err(error) => failure(&error),
        Ok(text) => {
            let (at, peer) = text.trim_end().split_once(' ').expect("the server's words");
            Seen::Answer(at.parse().unwrap(), peer.parse().unwrap())
        }
    };
    (seen, port.map_or(0, |local| local.port()))
}

fn ask_tcp(socket: &Socket, asked: &Asked) -> std::io::Result<String> {
    socket.connect_timeout(&asked.to.into(), PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut text = String::new();
    let mut stream = socket;
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn ask_udp(socket: &Socket, asked: &Asked) -> std::io::Result<String> {
    socket.connect(&asked.to.into())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let headers = if asked.to.is_ipv4() { 28 } else { 48 };
    socket.send(&vec![0; asked.size.saturating_sub(headers) as usize])?;
    let mut buffer = [0; 4096];
    let mut stream = socket;
    let length = stream.read(&mut buffer)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// An error in the words of a trace.
fn failure(error: &std::io::Error) -> Seen {
    let errno = error.raw_os_error().map(Errno::from_raw);
    Seen::Failure(match (error.kind(), errno) {
        (ErrorKind::TimedOut | ErrorKind::WouldBlock, _) => ClientSees::Timeout,
        (_, Some(Errno::ECONNREFUSED | Errno::ENOPROTOOPT)) => ClientSees::Refused,
        (_, Some(Errno::EHOSTUNREACH | Errno::ENETUNREACH)) => ClientSees::Unreachable,
        (_, Some(Errno::EACCES | Errno::EPERM)) => ClientSees::Prohibited,
        (_, Some(Errno::EINVAL)) => ClientSees::Invalid,
        (_, Some(Errno::EMSGSIZE)) => ClientSees::TooBig,
        _ => return Seen::Other(error.to_string()),
    })
}
