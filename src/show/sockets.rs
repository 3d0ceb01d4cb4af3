//! Listening sockets, and kernel settings.

use super::{Column, Place, Rows};
use crate::model::SocketState;

pub(super) const SOCKETS: &[Column] = &[
    Column::new("proto"),
    Column::new("address"),
    Column::new("port"),
    Column::new("state"),
    Column::new("device"),
    Column::wide("entry"),
];

pub(super) const SYSCTLS: &[Column] = &[Column::new("setting"), Column::new("value")];

pub(super) fn sockets(place: &Place<'_>) -> Rows {
    let mut sockets: Vec<_> = place.netns.sockets.as_ref()?.iter().collect();
    sockets.sort_by_key(|socket| (socket.protocol.to_string(), socket.port, socket.address));
    let row = |socket: &crate::model::Socket| {
        vec![
            socket.protocol.to_string().into(),
            socket
                .address
                .map_or_else(|| "*".to_owned(), |ip| ip.to_string())
                .into(),
            socket.port.into(),
            match socket.state {
                SocketState::Listen => "listen",
                SocketState::Unconnected => "unconnected",
            }
            .into(),
            socket.device.clone().into(),
            socket.raw.as_str().into(),
        ]
    };
    Some(sockets.into_iter().map(row).collect())
}

pub(super) fn sysctls(place: &Place<'_>) -> Rows {
    let settings = &place.netns.sysctls.as_ref()?.0;
    let row = |(key, value): (&String, &String)| vec![key.as_str().into(), value.as_str().into()];
    Some(settings.iter().map(row).collect())
}
