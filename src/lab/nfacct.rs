//! Counters of nfnetlink_acct (include/uapi/linux/netfilter/nfnetlink_acct.h), with which kube-proxy counts; made as it makes them.

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};

/// NFNL_SUBSYS_ACCT << 8 | NFNL_MSG_ACCT_NEW.
const ACCT_NEW: u16 = 7 << 8;
/// NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE.
const FLAGS: u16 = 0x1 | 0x4 | 0x400;
/// NLMSG_ERROR, which carries the acknowledgement too.
const ERROR: u16 = 2;
/// NFACCT_NAME.
const NAME: u16 = 1;

/// Makes counters of these names in the namespace that this thread is in. False when the kernel has no such counters.
pub fn create(names: &[&str]) -> bool {
    let Ok(mut socket) = Socket::new(NETLINK_NETFILTER) else {
        return false;
    };
    if socket.bind_auto().is_err() {
        return false;
    }
    names.iter().all(|name| {
        let sent = socket.send_to(&request(name), &SocketAddr::new(0, 0), 0);
        sent.is_ok() && matches!(socket.recv_from_full(), Ok((answer, _)) if is_success(&answer))
    })
}

fn request(name: &str) -> Vec<u8> {
    let mut attribute = Vec::new();
    let length = 4 + name.len() as u16 + 1;
    attribute.extend_from_slice(&length.to_ne_bytes());
    attribute.extend_from_slice(&NAME.to_ne_bytes());
    attribute.extend_from_slice(name.as_bytes());
    attribute.push(0);
    attribute.resize(attribute.len().next_multiple_of(4), 0);
    let mut message = Vec::new();
    message.extend_from_slice(&(16 + 4 + attribute.len() as u32).to_ne_bytes());
    message.extend_from_slice(&ACCT_NEW.to_ne_bytes());
    message.extend_from_slice(&FLAGS.to_ne_bytes());
    // Sequence number and port id, then nfgenmsg: family, version and resource id, all unspecified.
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&attribute);
    message
}

/// Whether an answer says that the counter is there.
fn is_success(answer: &[u8]) -> bool {
    let kind = answer
        .get(4..6)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u16::from_ne_bytes);
    let error = answer
        .get(16..20)
        .and_then(|bytes| bytes.try_into().ok())
        .map(i32::from_ne_bytes);
    kind == Some(ERROR)
        && matches!(error, Some(error) if error == 0 || error == -(nix::errno::Errno::EEXIST as i32))
}
