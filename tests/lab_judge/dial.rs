//! Real connections from inside a namespace.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use kubenet::lab::namespace;
use kubenet::model::Protocol;
use nix::errno::Errno;

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

/// Makes `attempts` connections from a namespace and asks who answers.
pub fn dial(
    from: &File,
    protocol: Protocol,
    to: SocketAddr,
    attempts: u32,
    wait: Duration,
) -> Dialled {
    let result = namespace::run_in(from, "the client", || {
        let mut dialled = Dialled::default();
        for _ in 0..attempts {
            let answer = match protocol {
                Protocol::Tcp => tcp(to, wait),
                _ => udp(to, wait),
            };
            match answer {
                Ok(line) => {
                    let mut words = line.split_whitespace();
                    let (Some(name), Some(client), Some(local)) =
                        (words.next(), words.next(), words.next())
                    else {
                        panic!("the server answered {line:?}");
                    };
                    let client: SocketAddr = client.parse().expect("the client's address");
                    *dialled
                        .endpoints
                        .entry(format!("{name}@{local}"))
                        .or_default() += 1;
                    *dialled.sources.entry(client.ip().to_string()).or_default() += 1;
                }
                Err(error) => *dialled.failures.entry(seen(&error)).or_default() += 1,
            }
        }
        Ok(dialled)
    });
    result.expect("the client's namespace can be entered")
}

fn tcp(to: SocketAddr, wait: Duration) -> std::io::Result<String> {
    let stream = TcpStream::connect_timeout(&to, wait)?;
    stream.set_read_timeout(Some(wait))?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line)
}

fn udp(to: SocketAddr, wait: Duration) -> std::io::Result<String> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(to)?;
    socket.set_read_timeout(Some(wait))?;
    socket.send(b"who")?;
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length])
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// The words of `client_sees`.
fn seen(error: &std::io::Error) -> String {
    match (error.kind(), error.raw_os_error().map(Errno::from_raw)) {
        (ErrorKind::TimedOut | ErrorKind::WouldBlock, _) => "timeout",
        (_, Some(Errno::ECONNREFUSED)) => "refused",
        (_, Some(Errno::EHOSTUNREACH | Errno::ENETUNREACH)) => "unreachable",
        (_, Some(Errno::EACCES | Errno::EPERM)) => "prohibited",
        (_, Some(Errno::EINVAL)) => "invalid",
        (_, Some(Errno::EMSGSIZE)) => "too-big",
        _ => return format!("{error}"),
    }
    .to_owned()
}
