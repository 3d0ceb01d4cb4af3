//! Shares and fates as people say them.

use crate::model::trace::{ClientSees, FlowSummary, Leg, Path, Verdict};

/// `50 %`; small shares keep enough digits to be told from nothing.
pub fn share(probability: f64) -> String {
    let percent = probability * 100.0;
    match percent {
        _ if percent == 0.0 => "0 %".to_owned(),
        _ if percent < 0.01 => "< 0.01 %".to_owned(),
        _ if (percent - percent.round()).abs() < 0.005 => format!("{percent:.0} %"),
        _ if percent < 1.0 => format!("{percent:.2} %"),
        _ => format!("{percent:.1} %"),
    }
}

/// `Half of the connections`, `1 of 5 packets`, `12.5 % of the connections`; `Every connection` for all of them.
pub fn part(probability: f64, flow: &FlowSummary) -> (String, Number) {
    let is = |fraction: f64| (probability - fraction).abs() < 1e-6;
    let (one, many) = nouns(flow);
    let fraction = match () {
        () if is(1.0) => return (format!("Every {one}"), Number::One),
        () if is(1.0 / 2.0) => "Half",
        () if is(1.0 / 3.0) => "A third",
        () if is(2.0 / 3.0) => "Two thirds",
        () if is(1.0 / 4.0) => "A quarter",
        () if is(3.0 / 4.0) => "Three quarters",
        () => {
            let parts = (1.0 / probability).round();
            let text = match (5.0..=100.0).contains(&parts) && is(1.0 / parts) {
                true => return (format!("One of {parts} {many}"), Number::One),
                false => share(probability),
            };
            return (format!("{text} of the {many}"), Number::Many);
        }
    };
    (format!("{fraction} of the {many}"), Number::Many)
}

/// What the verb of a sentence agrees with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// `every connection times out`.
    One,
    /// `half of the connections time out`.
    Many,
}

/// Whether the protocol makes connections.
pub fn connects(flow: &FlowSummary) -> bool {
    matches!(flow.proto.as_str(), "tcp" | "sctp")
}

fn nouns(flow: &FlowSummary) -> (&'static str, &'static str) {
    match connects(flow) {
        true => ("connection", "connections"),
        false => ("packet", "packets"),
    }
}

/// A fate that several paths may share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    pub verdict: Verdict,
    pub sees: Option<ClientSees>,
    /// The client's connection was made; what it sends then is lost.
    pub made: bool,
}

/// The fate of a path.
pub fn fate(path: &Path) -> Fate {
    let stop = path.stopped_at.as_ref();
    Fate {
        verdict: path.verdict,
        sees: path.client_sees,
        made: stop.is_some_and(|stop| matches!(stop.on, Some(Leg::Acknowledgement | Leg::Data))),
    }
}

/// What becomes of packets of that fate, as a verb.
pub fn verb(fate: Fate, number: Number, flow: &FlowSummary) -> &'static str {
    let pick = |one, many| match number {
        Number::One => one,
        Number::Many => many,
    };
    match (fate.verdict, fate.sees) {
        (Verdict::Delivered, _) => pick("is delivered", "are delivered"),
        (Verdict::Undetermined, _) => "may or may not arrive",
        (_, Some(ClientSees::Refused)) if fate.made => {
            pick("is made, then reset", "are made, then reset")
        }
        _ if fate.made => pick("is made, then hangs", "are made, then hang"),
        (_, Some(ClientSees::Timeout)) if connects(flow) => pick("times out", "time out"),
        (Verdict::Looped, _) => pick("goes round in a loop", "go round in a loop"),
        (_, Some(ClientSees::Timeout)) => pick("is lost without a word", "are lost without a word"),
        (_, Some(ClientSees::Refused)) => pick("is refused", "are refused"),
        (_, Some(ClientSees::Unreachable)) => pick("finds no way there", "find no way there"),
        (_, Some(ClientSees::Prohibited)) => pick("is forbidden", "are forbidden"),
        (_, Some(ClientSees::TooBig)) => pick("is too big", "are too big"),
        (_, Some(ClientSees::Invalid)) => pick("is refused as invalid", "are refused as invalid"),
        (Verdict::Dropped, None) => pick("is lost", "are lost"),
        (Verdict::Rejected, None) => pick("is rejected", "are rejected"),
        (Verdict::Unreachable, None) => pick("finds no way there", "find no way there"),
    }
}

/// The fate at the end of a branch's line.
pub fn label(fate: Fate, flow: &FlowSummary) -> &'static str {
    match (fate.verdict, fate.sees) {
        (Verdict::Delivered, _) => "delivered",
        (Verdict::Undetermined, _) => "cannot be told",
        (_, Some(ClientSees::Refused)) if fate.made => "reset",
        _ if fate.made => "hangs",
        (Verdict::Looped, _) => "loops",
        (_, Some(ClientSees::Timeout)) if connects(flow) => "times out",
        (_, Some(ClientSees::Timeout)) => "lost",
        (_, Some(ClientSees::Refused)) => "refused",
        (_, Some(ClientSees::Unreachable)) => "unreachable",
        (_, Some(ClientSees::Prohibited)) => "forbidden",
        (_, Some(ClientSees::TooBig)) => "too big",
        (_, Some(ClientSees::Invalid)) => "invalid",
        (Verdict::Dropped, None) => "dropped",
        (Verdict::Rejected, None) => "rejected",
        (Verdict::Unreachable, None) => "unreachable",
    }
}

/// What the client's program gets to see (errno(3)).
pub fn sees(fate: Fate, flow: &FlowSummary) -> Option<&'static str> {
    Some(match fate.sees? {
        ClientSees::Refused if fate.made => {
            "its connection made, and at once: \"Connection reset by peer\" (ECONNRESET)"
        }
        _ if fate.made => {
            "its connection made, then no answer to what it sends; minutes later: \"Connection timed out\" (ETIMEDOUT)"
        }
        ClientSees::Timeout if connects(flow) => {
            "nothing, until it gives up: \"Connection timed out\" (ETIMEDOUT)"
        }
        ClientSees::Timeout => "no answer",
        ClientSees::Refused => "at once: \"Connection refused\" (ECONNREFUSED)",
        ClientSees::Unreachable => {
            "\"No route to host\" (EHOSTUNREACH) or \"Network is unreachable\" (ENETUNREACH)"
        }
        ClientSees::Prohibited => {
            "\"No route to host\" (an ICMP error), or where its own host forbids it, \"Permission denied\" (EACCES, EPERM)"
        }
        ClientSees::TooBig => "\"Message too long\" (EMSGSIZE)",
        ClientSees::Invalid => "\"Invalid argument\" (EINVAL)",
    })
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_never_round_to_nothing() {
        let shares = [1.0, 0.5, 1.0 / 3.0, 0.02, 0.005, 0.000_001, 0.0];
        let said = shares.map(share);
        assert_eq!(
            said,
            [
                "100 %", "50 %", "33.3 %", "2 %", "0.50 %", "< 0.01 %", "0 %"
            ]
        );
    }
}
