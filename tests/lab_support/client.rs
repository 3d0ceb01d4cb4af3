//! A client in a pod or on a node of a lab.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use kubenet::lab::registry::LabState;
use kubenet::lab::{LabError, namespace};

const PATIENCE: Duration = Duration::from_secs(3);

/// Connects from a place of the lab; gives what the server said: its name, our address, its address.
pub fn ask(lab: &LabState, place: &str, udp: bool, to: &str) -> [String; 3] {
    let holder = lab.holder(place).unwrap();
    let file = namespace::open(&holder.netns_path()).unwrap();
    let to: SocketAddr = to.parse().unwrap();
    let answer = namespace::run_in(&file, place, || {
        let mut buffer = [0; 256];
        let length = if udp {
            let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket.connect(to).unwrap();
            socket.send(b"echo").unwrap();
            socket.recv(&mut buffer)
        } else {
            let mut stream = TcpStream::connect_timeout(&to, PATIENCE)
                .map_err(|error| LabError::step("connect", error))?;
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(b"echo").unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut all = Vec::new();
            stream
                .read_to_end(&mut all)
                .inspect(|&length| buffer[..length].copy_from_slice(&all))
        };
        let length = length.map_err(|error| LabError::step("receive", error))?;
        Ok(String::from_utf8(buffer[..length].to_vec()).unwrap())
    })
    .unwrap();
    let (line, echo) = answer.split_once('\n').unwrap();
    assert_eq!(echo, "echo");
    let mut words = line.split(' ').map(str::to_owned);
    [(); 3].map(|()| words.next().unwrap())
}
