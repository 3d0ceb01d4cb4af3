//! Clients in pods and on nodes of a lab: real connections, and what their programs learn.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use kubenet::lab::namespace;
use kubenet::lab::registry::LabState;
use kubenet::model::Protocol;
use nix::errno::Errno;
use socket2::{Domain, Socket, Type};

use super::raw;

/// What a server of the lab said, after it echoed what it was sent.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its name.
    pub name: String,
    /// The client as it saw it.
    pub client: SocketAddr,
    /// Its own address.
    pub server: SocketAddr,
}

/// Connects from a place of a lab where everything works.
pub fn ask(lab: &LabState, place: &str, protocol: Protocol, to: &str) -> Answer {
    let namespace = File::open(lab.holder(place).unwrap().netns_path()).unwrap();
    let call = Call::new(protocol, to.parse().unwrap(), Duration::from_secs(3));
    call.make(&namespace)
        .unwrap_or_else(|error| panic!("{place} to {to}: {error}"))
}

/// What clients say unless their message is to be larger.
pub const QUESTION: &[u8] = b"who";

/// A connection to be made.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// TCP or UDP; or what is only seen to be refused or not: ICMP echo, SCTP.
    pub protocol: Protocol,
    /// Where to.
    pub to: SocketAddr,
    /// Bytes of what is sent.
    pub bytes: usize,
    /// How long to wait for it to be made, and for its answer.
    pub wait: Duration,
    /// The address that the socket is bound to.
    pub from: Option<IpAddr>,
    /// The mark of its packets.
    pub mark: u32,
}

impl Call {
    /// One of a program that binds and marks nothing.
    pub fn new(protocol: Protocol, to: SocketAddr, wait: Duration) -> Self {
        Self {
            protocol,
            to,
            bytes: QUESTION.len(),
            wait,
            from: None,
            mark: 0,
        }
    }

    /// Makes it, from inside a namespace.
    pub fn make(self, from: &File) -> std::io::Result<Answer> {
        let answer =
            namespace::run_in(from, "the client", || Ok(self.make_here())).expect("the namespace");
        answer.map(|text| self.read(&text))
    }

    fn make_here(self) -> std::io::Result<Vec<u8>> {
        let question = self.question();
        match self.protocol {
            Protocol::Tcp => {
                let socket = self.socket(Type::STREAM, socket2::Protocol::TCP)?;
                socket.connect_timeout(&self.to.into(), self.wait)?;
                let mut stream = TcpStream::from(socket);
                stream.set_read_timeout(Some(self.wait))?;
                stream.write_all(&question)?;
                stream.shutdown(std::net::Shutdown::Write)?;
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer)?;
                Ok(answer)
            }
            Protocol::Udp => {
                let socket = self.socket(Type::DGRAM, socket2::Protocol::UDP)?;
                let socket = UdpSocket::from(socket);
                socket.connect(self.to)?;
                socket.set_read_timeout(Some(self.wait))?;
                socket.send(&question)?;
                let mut answer = vec![0; 65_535];
                let length = socket.recv(&mut answer)?;
                answer.truncate(length);
                Ok(answer)
            }
            _ => raw::call(self),
        }
    }

    /// A socket with its address and mark.
    pub fn socket(self, kind: Type, protocol: socket2::Protocol) -> std::io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(self.to), kind, Some(protocol))?;
        if self.mark != 0 {
            socket.set_mark(self.mark)?;
        }
        if let Some(from) = self.from {
            socket.bind(&SocketAddr::new(from, 0).into())?;
        }
        Ok(socket)
    }

    fn question(self) -> Vec<u8> {
        QUESTION.iter().copied().cycle().take(self.bytes).collect()
    }

    fn read(self, answer: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(answer);
        if !matches!(self.protocol, Protocol::Tcp | Protocol::Udp) {
            let nobody = SocketAddr::new(self.to.ip(), 0);
            return Answer {
                name: text.into_owned(),
                client: nobody,
                server: nobody,
            };
        }
        let parse = || {
            let (line, echo) = text.split_once('\n')?;
            let mut words = line.split(' ');
            let name = words.next()?.to_owned();
            let client = words.next()?.parse().ok()?;
            let server = words.next()?.parse().ok()?;
            (echo.as_bytes() == self.question()).then_some(Answer {
                name,
                client,
                server,
            })
        };
        parse().unwrap_or_else(|| panic!("{self:?} was answered with {text:?}"))
    }
}

/// What became of some connections.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Dialled {
    /// Who answered, as `NAME@IP:PORT`, and how often.
    pub endpoints: BTreeMap<String, u32>,
    /// The source addresses they saw.
    pub sources: BTreeMap<String, u32>,
    /// What the client saw of the others: `timeout`, `refused`, `unreachable`, ...
    pub failures: BTreeMap<String, u32>,
}

impl Dialled {
    /// Counts one more.
    pub fn count(&mut self, answer: std::io::Result<Answer>) {
        match answer {
            Ok(Answer { name, server, .. }) if server.port() == 0 => {
                *self.endpoints.entry(name).or_default() += 1;
            }
            Ok(Answer {
                name,
                client,
                server,
            }) => {
                *self
                    .endpoints
                    .entry(format!("{name}@{server}"))
                    .or_default() += 1;
                *self.sources.entry(client.ip().to_string()).or_default() += 1;
            }
            Err(error) => *self.failures.entry(seen(&error)).or_default() += 1,
        }
    }
}

/// Makes a connection some times, `lanes` of them at once.
pub fn dial(from: &File, call: Call, times: u32, lanes: u32) -> Dialled {
    let mut dialled = Dialled::default();
    let mut left = times;
    while left > 0 {
        let now = left.min(lanes);
        left -= now;
        let answers: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..now).map(|_| scope.spawn(|| call.make(from))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("the client's thread"))
                .collect()
        });
        answers.into_iter().for_each(|answer| dialled.count(answer));
    }
    dialled
}

/// The words of `client_sees`.
fn seen(error: &std::io::Error) -> String {
    match (error.kind(), error.raw_os_error().map(Errno::from_raw)) {
        (ErrorKind::TimedOut | ErrorKind::WouldBlock, _) => "timeout",
        // The last two where the other side does not have the protocol at all, over IPv4 and IPv6.
        (_, Some(Errno::ECONNREFUSED | Errno::ENOPROTOOPT | Errno::EPROTO)) => "refused",
        (_, Some(Errno::EHOSTUNREACH | Errno::ENETUNREACH)) => "unreachable",
        (_, Some(Errno::EACCES | Errno::EPERM)) => "prohibited",
        (_, Some(Errno::EINVAL)) => "invalid",
        (_, Some(Errno::EMSGSIZE)) => "too-big",
        _ => return format!("{error}"),
    }
    .to_owned()
}
