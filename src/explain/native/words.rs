//! A native rule in words (nft(8), EXPRESSIONS and STATEMENTS). What has no words here is shown as nft prints it.

use super::balance;
use crate::model::nftables::{
    BinaryOperation, Comparison, Element, Expression, Nat, NatKind, Operand, Rule, Set, SetRef,
    Statement, UpdateKind, Verdict,
};

/// The condition of a rule that asks nothing.
pub const EVERY: &str = "every packet";

/// What a rule asks of a packet, such as `tcp port 80`; `every packet` when nothing.
pub fn condition(rule: &Rule) -> String {
    let asked = rule.statements.iter().filter_map(asked);
    let asked: Vec<String> = asked.collect();
    if asked.is_empty() {
        EVERY.to_owned()
    } else {
        asked.join(" ")
    }
}

/// `condition: what it does`.
pub fn rule(rule: &Rule) -> String {
    let done: Vec<String> = rule.statements.iter().filter_map(done).collect();
    let done = if done.is_empty() {
        "only counted".to_owned()
    } else {
        done.join(", ")
    };
    format!("{}: {done}", condition(rule))
}

fn asked(statement: &Statement) -> Option<String> {
    match statement {
        Statement::Match {
            comparison,
            left,
            right,
        } => {
            Some(compared(*comparison, left, right).unwrap_or_else(|| format!("with {statement}")))
        }
        Statement::Limit(_) | Statement::Quota(_) | Statement::Connlimit { .. } => {
            Some(format!("within {statement}"))
        }
        _ => None,
    }
}

/// Which packets an element of a map is for, such as `to 10.43.6.58 tcp port 80`.
pub fn element(key: &Expression, set: &Set, element: &Element) -> String {
    let parts = match key {
        Expression::Concat(parts) => parts.as_slice(),
        Expression::Numgen { .. } => return "by chance".to_owned(),
        one => std::slice::from_ref(one),
    };
    let values = set.key.iter().zip(&element.key);
    let said = parts.iter().zip(values).map(|(part, (datatype, value))| {
        let value = Operand::Constant(vec![*datatype], vec![*value]);
        compared(Comparison::Equal, part, &value)
    });
    let said: Option<Vec<String>> = said.collect();
    match said {
        Some(said) if !said.is_empty() => said.join(" "),
        _ => set.print(element),
    }
}

/// A comparison in words, where there are some.
fn compared(comparison: Comparison, left: &Expression, right: &Operand) -> Option<String> {
    let negate = match comparison {
        Comparison::Equal | Comparison::AnyBit => false,
        Comparison::NotEqual | Comparison::NoBit => true,
        _ => return None,
    };
    if let Some(mark) = marked(left, right, negate) {
        return Some(mark);
    }
    let named = match right {
        Operand::Set(SetRef::Named(name)) => Some(name),
        _ => None,
    };
    let value = operand(right)?;
    let others = if negate { "others than " } else { "" };
    let not = if negate { "not " } else { "" };
    Some(match left {
        Expression::Payload { protocol, field } => match (&**protocol, &**field) {
            ("ip" | "ip6", "saddr") => format!("from {others}{value}"),
            ("ip" | "ip6", "daddr") => format!("to {others}{value}"),
            ("th", "dport") => format!("{not}port {value}"),
            (protocol, "dport") => format!("{protocol} {not}port {value}"),
            ("th", "sport") => format!("{not}source port {value}"),
            (protocol, "sport") => format!("{protocol} {not}source port {value}"),
            _ => return None,
        },
        Expression::Meta(key) => match &**key {
            "l4proto" => format!("{not}{value}"),
            "iif" | "iifname" => format!("in by {others}{value}"),
            "oif" | "oifname" => format!("out by {others}{value}"),
            "mark" => format!("{}with mark {value}", if negate { "not " } else { "" }),
            _ => return None,
        },
        Expression::Ct { key, .. } => match &**key {
            "state" => format!("of a connection that is {not}{}", either(&value)),
            "status" => format!("of a connection with status {not}{}", either(&value)),
            _ => return None,
        },
        Expression::Fib { result, flags } if &**result == "type" && value == "local" => {
            let end = match flags.first().map(|flag| &**flag) {
                Some("saddr") => "source",
                Some("daddr") => "destination",
                _ => return None,
            };
            format!("whose {end} is {not}an address of this node")
        }
        Expression::Concat(parts) => {
            let parts: Vec<&str> = parts.iter().map(part).collect::<Option<_>>()?;
            match named {
                Some(set) => format!("whose {} are {not}in set {set}", and(&parts)),
                None => format!("whose {} are {not}{value}", and(&parts)),
            }
        }
        _ => return None,
    })
}

/// `meta mark & 0x4000 != 0`.
fn marked(left: &Expression, right: &Operand, negate: bool) -> Option<String> {
    let Expression::Binary {
        operation: BinaryOperation::And,
        left: mark,
        right: mask,
    } = left
    else {
        return None;
    };
    let what = match &**mark {
        Expression::Meta(key) if &**key == "mark" => "mark",
        Expression::Ct { key, .. } if &**key == "mark" => "connection's mark",
        _ => return None,
    };
    let Expression::Constant(_, mask) = &**mask else {
        return None;
    };
    let Operand::Constant(_, values) = right else {
        return None;
    };
    let (mask, value) = (mask.value()?, values.first()?.value()?);
    let with = |yes: bool| if yes { "with" } else { "without" };
    Some(match value {
        0 => format!("{} {what} {mask:#x}", with(negate)),
        value if value == mask => format!("{} {what} {mask:#x}", with(!negate)),
        value => format!("{} {what} {value:#x} in {mask:#x}", with(!negate)),
    })
}

fn operand(right: &Operand) -> Option<String> {
    Some(match right {
        Operand::Constant(types, values) => {
            let parts = types.iter().zip(values);
            let parts: Vec<String> = parts
                .map(|(datatype, value)| Expression::Constant(*datatype, *value).to_string())
                .collect();
            parts.join(" . ")
        }
        Operand::Set(SetRef::Named(name)) => format!("an entry of set {name}"),
        Operand::Set(SetRef::Anonymous(set)) => {
            let elements: Vec<String> = set.elements.iter().map(|one| set.print(one)).collect();
            elements.join(" or ")
        }
        Operand::Unknown(_) => return None,
    })
}

/// `established,related` is either.
fn either(words: &str) -> String {
    words.replace(',', " or ")
}

fn part(of: &Expression) -> Option<&'static str> {
    Some(match of {
        Expression::Payload { field, .. } => match &**field {
            "saddr" => "source",
            "daddr" => "destination",
            "sport" => "source port",
            "dport" => "port",
            _ => return None,
        },
        Expression::Meta(key) if &**key == "l4proto" => "protocol",
        Expression::Meta(key) if matches!(&**key, "iif" | "iifname") => "device",
        _ => return None,
    })
}

fn and(parts: &[&str]) -> String {
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

fn done(statement: &Statement) -> Option<String> {
    Some(match statement {
        Statement::Verdict(verdict) => self::verdict(verdict),
        Statement::Vmap { key, set } => looked_up(key, set),
        Statement::Nat(nat) => translated(nat),
        Statement::Assign { target, value } => assigned(target, value),
        Statement::Reject { kind, code } => match (&**kind, &**code) {
            ("", _) => "rejected".to_owned(),
            ("tcp reset", _) => "rejected with a TCP reset".to_owned(),
            (kind, code) => format!("rejected with {kind} {code}"),
        },
        Statement::Dynamic(update) => {
            let what = part(&update.key).map_or_else(|| update.key.to_string(), str::to_owned);
            let verb = match update.kind {
                UpdateKind::Add => "is put into",
                UpdateKind::Update => "is noted in",
                UpdateKind::Delete => "is taken out of",
            };
            format!("its {what} {verb} set {}", update.set)
        }
        Statement::Log(_) => "logged".to_owned(),
        Statement::Notrack => "not tracked, and so never translated".to_owned(),
        Statement::Queue(_) => "a program decides (queue)".to_owned(),
        Statement::Offload(table) => {
            format!("its connection takes the short way of flowtable {table}")
        }
        Statement::Xt(_) | Statement::NoEffect(_) | Statement::Other { .. } => {
            statement.to_string()
        }
        Statement::Object { kind, .. } if &**kind != "counter" => statement.to_string(),
        _ => return None,
    })
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Accept => "accepted: this base chain asks no more".to_owned(),
        Verdict::Drop => "dropped, silently".to_owned(),
        Verdict::Continue => "on with the next rule".to_owned(),
        Verdict::Return => "back to where this chain was called from".to_owned(),
        Verdict::Queue => "a program decides (queue)".to_owned(),
        Verdict::Jump(chain) => format!("to {chain}"),
        Verdict::Goto(chain) => format!("to {chain}, not to come back here"),
    }
}

fn looked_up(key: &Expression, set: &SetRef) -> String {
    let by = match key {
        Expression::Numgen {
            random: true,
            modulus,
            ..
        } => return format!("one of {modulus} by chance: {}", chains(set)),
        Expression::Numgen { modulus, .. } => {
            return format!("one of {modulus} in turn: {}", chains(set));
        }
        Expression::Concat(parts) => {
            let parts: Option<Vec<&str>> = parts.iter().map(part).collect();
            parts.map_or_else(|| key.to_string(), |parts| and(&parts))
        }
        other => part(other).map_or_else(|| other.to_string(), str::to_owned),
    };
    match set {
        SetRef::Named(name) => format!("where map {name} sends its {by}; on when it has none"),
        SetRef::Anonymous(_) => format!("by its {by}: {set}"),
    }
}

/// Where the elements of a verdict map lead.
fn chains(set: &SetRef) -> String {
    let SetRef::Anonymous(set) = set else {
        return format!("as {set} says");
    };
    let mut led: Vec<String> = Vec::new();
    for element in &set.elements {
        led.extend(element.verdict().map(|found| match found {
            Verdict::Jump(chain) | Verdict::Goto(chain) => chain.to_string(),
            other => other.to_string(),
        }));
    }
    led.join(", ")
}

fn translated(nat: &Nat) -> String {
    let random = match nat.flags.iter().any(|flag| flag.ends_with("random")) {
        true => ", with a random port",
        false => "",
    };
    let end = match nat.kind {
        NatKind::Masquerade => {
            return format!(
                "source becomes this node's address on the device it leaves by{random}"
            );
        }
        NatKind::Redirect => {
            return match &nat.port {
                Some(port) => format!("to this node itself, port {port}"),
                None => "to this node itself".to_owned(),
            };
        }
        NatKind::Destination => "destination",
        NatKind::Source => "source",
    };
    match (&nat.address, &nat.port) {
        (Some(Expression::Map { key, set }), None) => {
            let how = match &**key {
                Expression::Numgen { modulus: 1, .. } => "",
                Expression::Numgen { random: true, .. } => "by chance one of ",
                Expression::Numgen { .. } => "in turn one of ",
                _ => return format!("{end} becomes what {nat} says"),
            };
            format!("{end} becomes {how}{}{random}", values(set))
        }
        (Some(address), Some(port)) if address.to_string().contains(':') => {
            format!("{end} becomes [{address}]:{port}{random}")
        }
        (Some(address), Some(port)) => format!("{end} becomes {address}:{port}{random}"),
        (Some(address), None) => format!("{end} becomes {address}{random}"),
        (None, Some(port)) => format!("{end} becomes port {port}{random}"),
        (None, None) => format!("{nat}"),
    }
}

/// What the elements of a map have.
fn values(set: &SetRef) -> String {
    let SetRef::Anonymous(set) = set else {
        return format!("{set}");
    };
    let values = set.elements.iter().map(|element| {
        let socket = balance::address(set, element).map(|address| address.to_string());
        socket.unwrap_or_else(|| set.print(element))
    });
    let values: Vec<String> = values.collect();
    values.join(", ")
}

fn assigned(target: &Expression, value: &Expression) -> String {
    let what = match target {
        Expression::Meta(key) if &**key == "mark" => "mark".to_owned(),
        Expression::Ct { key, .. } if &**key == "mark" => "the connection's mark".to_owned(),
        other => other.to_string(),
    };
    match value {
        Expression::Binary {
            operation,
            left,
            right,
        } if **left == *target => {
            let bits = match &**right {
                Expression::Constant(_, value) => value.value().map(|bits| format!("{bits:#x}")),
                _ => None,
            };
            let bits = bits.unwrap_or_else(|| right.to_string());
            match operation {
                BinaryOperation::Or => format!("{what} {bits} is set"),
                BinaryOperation::Xor => format!("{what} is flipped by {bits}"),
                BinaryOperation::And => format!("of {what} only {bits} stays"),
                _ => format!("{what} becomes {value}"),
            }
        }
        value => format!("{what} becomes {value}"),
    }
}
