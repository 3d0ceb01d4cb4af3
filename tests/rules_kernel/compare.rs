//! Compares what happened to a packet with what its trace says.

use std::collections::BTreeMap;

use kubenet::model::Protocol;
use kubenet::model::trace::ClientSees;
use nix::errno::Errno;

use super::packets::Seen;
use super::question::{Named, Predicted, Question};
use super::rules::{Counts, always_named};

/// The word for what a program is told.
fn sees(errno: Errno) -> Option<ClientSees> {
    Some(match errno {
        Errno::ECONNREFUSED | Errno::ENOPROTOOPT | Errno::ECONNRESET => ClientSees::Refused,
        Errno::EHOSTUNREACH | Errno::ENETUNREACH => ClientSees::Unreachable,
        Errno::EACCES | Errno::EPERM => ClientSees::Prohibited,
        Errno::EINVAL => ClientSees::Invalid,
        Errno::EMSGSIZE => ClientSees::TooBig,
        _ => return None,
    })
}

pub fn compare(question: &Question, way: &Predicted, seen: &Seen) -> Vec<String> {
    let mut differs = Vec::new();
    let mut differ = |what: &str, predicted: String, seen: String| {
        if predicted != seen {
            differs.push(format!("{what}: predicted {predicted}, seen {seen}"));
        }
    };
    if question.protocol != Protocol::Icmp {
        let predicted = way.arrives.map(|(ip, port)| (ip, port, way.source));
        let arrived = seen
            .arrived
            .map(|(_, at, from)| (Some(at.ip()), Some(at.port()), Some(from.ip())));
        // A TCP server knows of a connection when the client has heard of its answer.
        if question.protocol != Protocol::Tcp || way.answered || arrived.is_some() {
            differ("arrival", format!("{predicted:?}"), format!("{arrived:?}"));
        }
        if let (Some(port), Some((_, _, from))) = (way.source_port, seen.arrived) {
            differ("source port", port.to_string(), from.port().to_string());
        }
        let told = seen
            .error
            .map(|errno| sees(errno).map_or(format!("{errno}"), |sees| format!("{sees:?}")));
        let told =
            told.unwrap_or_else(|| if seen.answered { "None" } else { "Timeout" }.to_owned());
        let expected = way
            .client_sees
            .map_or("None".to_owned(), |sees| format!("{sees:?}"));
        differ("the client sees", expected, told);
    }
    differ(
        "answer",
        way.answered.to_string(),
        seen.answered.to_string(),
    );
    differs
}

/// The same for a way that rests on a supposition: the kernel may do what the trace says to happen otherwise.
pub fn compare_supposed(question: &Question, way: &Predicted, seen: &Seen) -> Vec<String> {
    let differs = compare(question, way, seen);
    let named = seen.arrived.is_some_and(|(_, at, _)| {
        let named = format!("delivered to {at}");
        way.otherwise.iter().any(|line| line.contains(&named))
    });
    if named { Vec::new() } else { differs }
}

/// Compares the rules that a trace names with those that counted.
pub fn counters(
    question: &Question,
    way: &Predicted,
    seen: &Seen,
    rules: &BTreeMap<u32, String>,
) -> Vec<String> {
    if question.protocol == Protocol::Udp && seen.arrived.is_some() {
        let mut differs = counted("forth", &way.forth, &seen.forth, way.forth_refused, rules);
        differs.extend(counted(
            "back",
            &way.back,
            &seen.back,
            way.back_refused,
            rules,
        ));
        return differs;
    }
    // The kernel gave the answer at once: what was counted is both ways. TCP sends more than its first two packets.
    let both = way.forth.clone().with(&way.back);
    let goes_on = question.protocol == Protocol::Tcp && (seen.answered || seen.arrived.is_some());
    // A refusal that came home is not in the trace; one that was lost is, and may have been refused in its turn.
    let more = match way.comes_back {
        true => way.back_refused,
        false => way.forth_refused,
    };
    counted("in all", &both, &seen.forth, more || goes_on, rules)
}

fn line(rules: &BTreeMap<u32, String>, number: u32) -> String {
    format!(
        "rule{number} {}",
        rules.get(&number).map_or("?", String::as_str)
    )
}

/// `more`: packets were sent of which the trace says nothing.
fn counted(
    way: &str,
    named: &Named,
    counted: &Counts,
    more: bool,
    rules: &BTreeMap<u32, String>,
) -> Vec<String> {
    let mut differs = Vec::new();
    let counts = |number: &u32| counted.get(number).copied().unwrap_or(0);
    for number in named.led.keys() {
        if counts(number) == 0 {
            differs.push(format!(
                "{way}: led, but did not count: {}",
                line(rules, *number)
            ));
        }
    }
    for (number, text) in rules {
        let predicted = named.effects.get(number).copied().unwrap_or(0);
        let always = always_named(text) && !more;
        if predicted > counts(number) || always && predicted != counts(number) {
            differs.push(format!(
                "{way}: named {predicted} times, counted {}: {}",
                counts(number),
                line(rules, *number)
            ));
        }
    }
    differs
}
