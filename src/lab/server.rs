//! The servers in pods: whoever connects learns who answered, and which source it was seen with.
//!
//! The answer is `NAME CLIENT-IP:PORT LOCAL-IP:PORT` and a newline: over TCP at once, and everything sent is echoed after it;
//! over UDP before each datagram's echo.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;

use crate::model::Protocol;

/// The largest UDP datagram.
const DATAGRAM: usize = 65_535;

/// One server of a pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Server {
    /// Who answers.
    pub name: String,
    /// Over UDP, or else TCP.
    pub udp: bool,
    /// Where.
    pub address: SocketAddr,
}

impl Server {
    /// A server, for protocols that there are servers for.
    pub fn new(name: &str, protocol: Protocol, address: SocketAddr) -> Option<Self> {
        let udp = match protocol {
            Protocol::Tcp => false,
            Protocol::Udp => true,
            Protocol::Sctp | Protocol::Icmp | Protocol::Other(_) => return None,
        };
        Some(Self {
            name: name.to_owned(),
            udp,
            address,
        })
    }
}

/// A server with its socket, ready to serve.
#[derive(Debug)]
pub enum Bound {
    /// Over TCP.
    Tcp(String, TcpListener),
    /// Over UDP.
    Udp(String, UdpSocket),
}

/// Opens a server's socket.
pub fn bind(server: &Server) -> io::Result<Bound> {
    Ok(if server.udp {
        let socket = UdpSocket::bind(server.address)?;
        socket.set_nonblocking(true)?;
        Bound::Udp(server.name.clone(), socket)
    } else {
        let listener = TcpListener::bind(server.address)?;
        listener.set_nonblocking(true)?;
        Bound::Tcp(server.name.clone(), listener)
    })
}

/// Serves until the process ends.
pub fn serve(servers: Vec<Bound>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        for server in servers {
            match server {
                Bound::Tcp(name, listener) => {
                    tokio::spawn(serve_tcp(
                        name,
                        tokio::net::TcpListener::from_std(listener)?,
                    ));
                }
                Bound::Udp(name, socket) => {
                    tokio::spawn(serve_udp(name, tokio::net::UdpSocket::from_std(socket)?));
                }
            }
        }
        std::future::pending().await
    })
}

async fn serve_tcp(name: String, listener: tokio::net::TcpListener) {
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

async fn serve_udp(name: String, socket: tokio::net::UdpSocket) {
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
