//! Real packets, and what became of them.
//!
//! Every datagram carries its number, so that one which comes late is not taken for the next, nor an answer that was led
//! astray for a question.

use std::cell::Cell;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use kubenet::model::{Family, Protocol};
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Socket, Type};

use super::question::{PAYLOAD, Question};
use super::rules::{Counts, Loaded, added};
use super::scene::{PORTS, Place, Scene};

/// Everything that listens.
pub struct Ears {
    udp: Vec<(Place, UdpSocket)>,
    tcp: Vec<(Place, TcpListener)>,
    /// The number of the datagram that was sent last.
    sent: Cell<u64>,
    /// Earlier ones that came when another was waited for.
    late: Cell<usize>,
}

/// What is sent back.
const ANSWER: [u8; PAYLOAD] = [0xff; PAYLOAD];

/// What became of a packet.
#[derive(Debug, Default)]
pub struct Seen {
    /// What the sender's program was told.
    pub error: Option<Errno>,
    /// Who took it: where, at which address, from whom it seems to come.
    pub arrived: Option<(Place, SocketAddr, SocketAddr)>,
    /// The connection was made, the datagram's answer came.
    pub answered: bool,
    /// What the rules met on the way there. Of TCP and ICMP, whose answers the kernel gives itself, both ways are here.
    pub forth: Counts,
    /// And on the way back.
    pub back: Counts,
}

impl Ears {
    pub fn open(scene: &Scene) -> Self {
        let mut ears = Self {
            udp: Vec::new(),
            tcp: Vec::new(),
            sent: Cell::new(0),
            late: Cell::new(0),
        };
        for place in Place::ALL {
            for ip in scene.addresses(place) {
                for port in PORTS {
                    let at = SocketAddr::new(ip, port);
                    let (udp, tcp) = scene.inside(place, || {
                        (UdpSocket::bind(at).unwrap(), TcpListener::bind(at).unwrap())
                    });
                    udp.set_nonblocking(true).unwrap();
                    tcp.set_nonblocking(true).unwrap();
                    ears.udp.push((place, udp));
                    ears.tcp.push((place, tcp));
                }
            }
        }
        ears
    }

    /// What the next datagram carries.
    fn stamp(&self) -> [u8; PAYLOAD] {
        self.sent.set(self.sent.get() + 1);
        let mut payload = [0; PAYLOAD];
        payload[..8].copy_from_slice(&self.sent.get().to_be_bytes());
        payload
    }

    /// The datagram that was sent last, where it came, and the socket to answer it with.
    fn datagram(&self) -> Option<(Place, &UdpSocket, SocketAddr)> {
        let mut buffer = [0; PAYLOAD];
        for (place, socket) in &self.udp {
            while let Ok((_, from)) = socket.recv_from(&mut buffer) {
                if buffer[..8] == self.sent.get().to_be_bytes() {
                    return Some((*place, socket, from));
                }
                if buffer != ANSWER {
                    self.late.set(self.late.get() + 1);
                }
            }
        }
        None
    }

    fn connection(&self) -> Option<(Place, Socket)> {
        self.tcp.iter().find_map(|(place, socket)| {
            let (stream, _) = socket.accept().ok()?;
            Some((*place, Socket::from(stream)))
        })
    }

    /// Takes what came and was not waited for; how many datagrams there were.
    pub fn drain(&self) -> usize {
        while self.connection().is_some() {}
        let came = std::iter::from_fn(|| self.datagram()).count();
        came + self.late.take()
    }

    /// Sends a packet and watches. `patience` is how long to wait for what should come, and for what should not.
    pub fn ask(
        &self,
        scene: &Scene,
        loaded: &Loaded,
        question: &Question,
        patience: Duration,
    ) -> Seen {
        let before = loaded.counts(scene);
        match question.protocol {
            Protocol::Tcp => self.connect(scene, loaded, question, patience, &before),
            Protocol::Icmp => echo(scene, loaded, question, patience, &before),
            _ => self.send(scene, loaded, question, patience, &before),
        }
    }

    /// Sends a datagram; where it arrived, if it did.
    pub fn send_only(&self, scene: &Scene, question: &Question) -> Option<SocketAddr> {
        let payload = self.stamp();
        scene.inside(question.from, || {
            let socket = open(question, Type::DGRAM);
            socket.connect(&question.to.into()).unwrap();
            socket.send(&payload).unwrap();
        });
        let mut arrived = None;
        until(Duration::from_secs(1), || {
            arrived = self.datagram();
            arrived.is_some()
        });
        Some(arrived?.1.local_addr().unwrap())
    }

    fn send(
        &self,
        scene: &Scene,
        loaded: &Loaded,
        question: &Question,
        patience: Duration,
        before: &Counts,
    ) -> Seen {
        let mut seen = Seen::default();
        let payload = self.stamp();
        let (socket, sent) = scene.inside(question.from, || {
            let socket = open(question, Type::DGRAM);
            let sent = socket
                .connect(&question.to.into())
                .and_then(|()| socket.send(&payload));
            (socket, sent)
        });
        seen.error = sent.err().map(errno);
        let mut answerer = None;
        until(patience, || {
            if seen.error.is_none() {
                seen.error = socket.take_error().unwrap().map(errno);
            }
            answerer = self.datagram();
            answerer.is_some() || seen.error.is_some()
        });
        let middle = loaded.counts(scene);
        seen.forth = added(before, &middle);
        if let Some((place, socket, from)) = &answerer {
            seen.arrived = Some((*place, socket.local_addr().unwrap(), *from));
        }
        let Some((_, answerer, from)) = answerer else {
            return seen;
        };
        let _ = answerer.send_to(&ANSWER, from);
        socket.set_nonblocking(true).unwrap();
        let mut buffer = [std::mem::MaybeUninit::uninit(); 64];
        until(patience, || {
            seen.answered = socket.recv(&mut buffer).is_ok();
            seen.answered
        });
        seen.back = added(&middle, &loaded.counts(scene));
        seen
    }

    fn connect(
        &self,
        scene: &Scene,
        loaded: &Loaded,
        question: &Question,
        patience: Duration,
        before: &Counts,
    ) -> Seen {
        let mut seen = Seen::default();
        // Those that nobody waited for.
        while self.connection().is_some() {}
        let (socket, started) = scene.inside(question.from, || {
            let socket = open(question, Type::STREAM);
            socket.set_nonblocking(true).unwrap();
            // Reset, so that nothing is sent again later.
            socket.set_linger(Some(Duration::ZERO)).unwrap();
            let started = socket.connect(&question.to.into());
            (socket, started)
        });
        seen.error = started
            .err()
            .map(errno)
            .filter(|errno| *errno != Errno::EINPROGRESS);
        let mut accepted = None;
        until(patience, || {
            seen.answered |= socket.peer_addr().is_ok();
            if seen.error.is_none() {
                // An ICMP error does not end a connection that stands, and no call of the program fails for it.
                let ends = |error: &Errno| !seen.answered || *error == Errno::ECONNRESET;
                seen.error = socket.take_error().unwrap().map(errno).filter(ends);
            }
            accepted = accepted.take().or_else(|| self.connection());
            seen.error.is_some() || seen.answered && accepted.is_some()
        });
        seen.forth = added(before, &loaded.counts(scene));
        if let Some((place, stream)) = accepted {
            let address = |of: std::io::Result<socket2::SockAddr>| of.unwrap().as_socket().unwrap();
            let peer = stream.peer_addr();
            stream.set_linger(Some(Duration::ZERO)).unwrap();
            if peer.is_ok() {
                seen.arrived = Some((place, address(stream.local_addr()), address(peer)));
            }
        }
        seen
    }
}

/// The kernel answers these itself, and gives the errors of a socket that did not ask for them to nobody.
fn echo(
    scene: &Scene,
    loaded: &Loaded,
    question: &Question,
    patience: Duration,
    before: &Counts,
) -> Seen {
    let mut seen = Seen::default();
    let (socket, sent) = scene.inside(question.from, || {
        let socket = open(question, Type::DGRAM);
        let kind = match question.family() {
            Family::V4 => 8,
            Family::V6 => 128,
        };
        let mut request = [0; 8 + PAYLOAD];
        request[0] = kind;
        let sent = socket.send_to(&request, &SocketAddr::new(question.to.ip(), 0).into());
        (socket, sent)
    });
    seen.error = sent.err().map(errno);
    socket.set_nonblocking(true).unwrap();
    let mut buffer = [std::mem::MaybeUninit::uninit(); 64];
    until(patience, || {
        // Such a socket takes answers from anybody; who pings looks whether it is the one who was asked.
        let from = socket.recv_from(&mut buffer).ok();
        let from = from.and_then(|(_, from)| from.as_socket());
        seen.answered = from.is_some_and(|from| from.ip() == question.to.ip());
        seen.answered || seen.error.is_some()
    });
    seen.forth = added(before, &loaded.counts(scene));
    seen
}

fn open(question: &Question, kind: Type) -> Socket {
    let family = question.family();
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    let protocol = match (question.protocol, family) {
        (Protocol::Icmp, Family::V4) => Some(socket2::Protocol::ICMPV4),
        (Protocol::Icmp, Family::V6) => Some(socket2::Protocol::ICMPV6),
        _ => None,
    };
    let socket = Socket::new(domain, kind, protocol).unwrap();
    if question.mark != 0 {
        setsockopt(&socket, sockopt::Mark, &question.mark).unwrap();
    }
    if question.tos != 0 {
        match family {
            Family::V4 => setsockopt(&socket, sockopt::Ipv4Tos, &question.tos.into()).unwrap(),
            Family::V6 => setsockopt(&socket, sockopt::Ipv6TClass, &question.tos.into()).unwrap(),
        }
    }
    socket.bind(&question.source.into()).unwrap();
    socket
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap())
}

/// Looks again and again, until it is so or patience is used up.
fn until(patience: Duration, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !is_so() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
}
