//! Connections of clients, and servers that say who they are.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use kubenet::lab::namespace::run_in;
use kubenet::model::Protocol;
use nix::errno::Errno;
use socket2::{Domain, Socket, Type};

/// What became of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// This server answered, and saw this source address.
    Answer { server: String, source: String },
    /// As `client_sees` has it.
    Failure(&'static str),
}

/// Makes one from a namespace, from that address; port 0 is any. A datagram has so many bytes to say.
pub fn dial(
    netns: &Path,
    protocol: Protocol,
    source: SocketAddr,
    to: SocketAddr,
    length: usize,
) -> Seen {
    let netns = File::open(netns).unwrap();
    let dial = || Ok(dial_here(protocol, source, to, length));
    run_in(&netns, "the client", dial).unwrap()
}

/// A connection that stands as long as it is kept.
pub fn hold(netns: &Path, to: SocketAddr) -> TcpStream {
    let netns = File::open(netns).unwrap();
    run_in(&netns, "the client", || Ok(TcpStream::connect(to).unwrap())).unwrap()
}

fn dial_here(protocol: Protocol, source: SocketAddr, to: SocketAddr, length: usize) -> Seen {
    // A busy emulated machine takes its time; what is lost is lost for longer.
    const PATIENCE: Duration = Duration::from_secs(3);
    let kind = match protocol {
        Protocol::Udp => Type::DGRAM,
        _ => Type::STREAM,
    };
    let ask = || -> std::io::Result<String> {
        let socket = Socket::new(Domain::for_address(to), kind, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&source.into())?;
        socket.connect_timeout(&to.into(), PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        if protocol == Protocol::Udp {
            socket.send(&vec![b'?'; length])?;
        }
        let mut socket = socket;
        let mut answer = [0; 256];
        let length = socket.read(&mut answer)?;
        // The port is free again at once, and no entry of IPVS stays active.
        socket.set_linger(Some(Duration::ZERO))?;
        Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
    };
    match ask() {
        Ok(answer) => {
            let (server, source) = answer.split_once(' ').expect("SERVER SOURCE");
            Seen::Answer {
                server: server.to_owned(),
                source: source.to_owned(),
            }
        }
        Err(error) => Seen::Failure(failure(&error)),
    }
}

fn failure(error: &std::io::Error) -> &'static str {
    match (error.kind(), error.raw_os_error().map(Errno::from_raw)) {
        (ErrorKind::TimedOut | ErrorKind::WouldBlock, _) => "timeout",
        (_, Some(Errno::ECONNREFUSED | Errno::ENOPROTOOPT)) => "refused",
        (_, Some(Errno::EMSGSIZE)) => "too-big",
        (_, Some(Errno::EHOSTUNREACH | Errno::ENETUNREACH)) => "unreachable",
        (_, Some(Errno::EACCES | Errno::EPERM)) => "prohibited",
        _ => panic!("{error}"),
    }
}

/// Serves both protocols on a port of every address of a namespace, as long as the test runs.
pub fn serve(netns: &Path, name: &'static str, port: u16) {
    serve_at(netns, name, format!("[::]:{port}").parse().unwrap());
}

/// The same, of one address: answers come from there, whatever the route home.
pub fn serve_at(netns: &Path, name: &'static str, at: SocketAddr) {
    let netns = File::open(netns).unwrap();
    let (tcp, udp) = run_in(&netns, name, || {
        Ok((TcpListener::bind(at).unwrap(), UdpSocket::bind(at).unwrap()))
    })
    .unwrap();
    let plain = |address: SocketAddr| address.ip().to_canonical();
    std::thread::spawn(move || {
        for stream in tcp.incoming() {
            // A client that has gone again concerns nobody.
            let Ok(mut stream) = stream else { continue };
            let Ok(client) = stream.peer_addr() else {
                continue;
            };
            let answer = format!("{name} {}", plain(client));
            std::thread::spawn(move || {
                let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
                // The client closes first.
                let _ = stream.set_read_timeout(Some(Duration::from_secs(120)));
                let _ = stream.read(&mut [0; 8]);
            });
        }
    });
    std::thread::spawn(move || {
        let mut question = [0; 64];
        while let Ok((_, client)) = udp.recv_from(&mut question) {
            let _ = udp.send_to(format!("{name} {}", plain(client)).as_bytes(), client);
        }
    });
}
