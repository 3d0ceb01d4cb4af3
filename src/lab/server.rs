//! The servers in pods: whoever connects learns who answered, and which source it was seen with.
//!
//! The answer is `NAME CLIENT-IP:PORT LOCAL-IP:PORT` and a newline: over TCP and SCTP at once, and everything sent is echoed
//! after it; over UDP before each datagram's echo.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use socket2::{Domain, Socket, Type};
use tokio::io::AsyncWriteExt as _;

use crate::model::Protocol;

/// The largest UDP datagram.
const DATAGRAM: usize = 65_535;
/// IPPROTO_SCTP.
const SCTP: i32 = 132;
/// Associations that may wait to be accepted.
const BACKLOG: i32 = 128;

/// What servers are reached over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// One server of a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Server {
    /// Who answers.
    pub name: String,
    /// Over what.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

impl Server {
    /// A server, for protocols that there are servers for.
    pub fn new(name: &str, protocol: Protocol, address: SocketAddr) -> Option<Self> {
        let transport = match protocol {
            Protocol::Tcp => Transport::Tcp,
            Protocol::Udp => Transport::Udp,
            Protocol::Sctp => Transport::Sctp,
            Protocol::Icmp | Protocol::Other(_) => return None,
        };
        Some(Self {
            name: name.to_owned(),
            transport,
            address,
        })
    }
}

/// A server with its socket, ready to serve.
#[derive(Debug)]
pub enum Bound {
    /// Over TCP or, as one association a socket (RFC 6458, section 4), SCTP.
    Stream(String, TcpListener),
    /// Over UDP.
    Datagram(String, UdpSocket),
}

/// Opens a server's socket; `None` where the kernel has no such protocol, as many have no SCTP.
pub fn bind(server: &Server) -> io::Result<Option<Bound>> {
    let Server {
        name,
        transport,
        address,
    } = server;
    let listener = match transport {
        Transport::Udp => {
            let socket = UdpSocket::bind(address)?;
            socket.set_nonblocking(true)?;
            return Ok(Some(Bound::Datagram(name.clone(), socket)));
        }
        Transport::Tcp => TcpListener::bind(address)?,
        Transport::Sctp => match bind_sctp(*address) {
            Ok(listener) => listener,
            Err(error) if error.raw_os_error() == Some(Errno::EPROTONOSUPPORT as i32) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        },
    };
    listener.set_nonblocking(true)?;
    Ok(Some(Bound::Stream(name.clone(), listener)))
}

/// A listening socket of SCTP, which is used like one of TCP.
fn bind_sctp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(socket2::Protocol::from(SCTP)),
    )?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Serves until the process ends.
pub fn serve(servers: Vec<Bound>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        for server in servers {
            match server {
                Bound::Stream(name, listener) => {
                    tokio::spawn(serve_streams(
                        name,
                        tokio::net::TcpListener::from_std(listener)?,
                    ));
                }
                Bound::Datagram(name, socket) => {
                    tokio::spawn(serve_datagrams(
                        name,
                        tokio::net::UdpSocket::from_std(socket)?,
                    ));
                }
            }
        }
        std::future::pending().await
    })
}

async fn serve_streams(name: String, listener: tokio::net::TcpListener) {
    loop {
        // A client that has gone again concerns nobody else.
        let Ok((mut stream, client)) = listener.accept().await else {
            continue;
        };
        let name = name.clone();
        tokio::spawn(async move {
            let local = stream.local_addr()?;
            stream
                .write_all(answer(&name, client, local).as_bytes())
                .await?;
            let (mut from, mut to) = stream.split();
            tokio::io::copy(&mut from, &mut to).await
        });
    }
}

async fn serve_datagrams(name: String, socket: tokio::net::UdpSocket) {
    let mut buffer = vec![0; DATAGRAM];
    let Ok(local) = socket.local_addr() else {
        return;
    };
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let mut reply = answer(&name, client, local).into_bytes();
        reply.extend_from_slice(buffer.get(..length).unwrap_or_default());
        // A reply that cannot be sent is lost, as datagrams are.
        let _ = socket.send_to(&reply, client).await;
    }
}

fn answer(name: &str, client: SocketAddr, local: SocketAddr) -> String {
    format!("{name} {client} {local}\n")
}
