//! Rules and elements as `nft list` prints them (nftables, src/expression.c, statement.c, rule.c).

use std::fmt;

use super::datatype::Datatype;
use super::expression::{BinaryOperation, Expression};
use super::ruleset::Rule;
use super::set::{Data, DataTypes, Element, Interval, Set, SetRef};
use super::statement::{
    Comparison, DynamicUpdate, Nat, NatKind, ObjectName, Operand, Statement, UpdateKind, Verdict,
};

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, statement) in self.statements.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{statement}")?;
        }
        match &self.comment {
            Some(comment) => write!(f, " comment \"{comment}\""),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Match {
                comparison,
                left,
                right,
            } => compared(f, *comparison, left, right),
            Self::Verdict(verdict) => write!(f, "{verdict}"),
            Self::Vmap { key, set } => write!(f, "{key} vmap {set}"),
            Self::Assign { target, value } => write!(f, "{target} set {value}"),
            Self::Counter(packets, bytes) => write!(f, "counter packets {packets} bytes {bytes}"),
            Self::Object { kind, name } => {
                let word = match &**kind {
                    "counter" | "quota" | "limit" => "name",
                    _ => "set",
                };
                match name {
                    ObjectName::Name(name) => write!(f, "{kind} {word} \"{name}\""),
                    ObjectName::Map(key, set) => write!(f, "{kind} {word} {key} map {set}"),
                }
            }
            Self::Limit(limit) => write!(f, "limit {}", limit.text),
            Self::Quota(quota) => {
                let over = if quota.over { "over " } else { "" };
                write!(f, "quota {over}{}", bytes(quota.bytes))?;
                match quota.used {
                    0 => Ok(()),
                    used => write!(f, " used {}", bytes(used)),
                }
            }
            Self::Connlimit { count, over } => {
                write!(f, "ct count {}{count}", if *over { "over " } else { "" })
            }
            Self::Log(text) | Self::Queue(text) | Self::NoEffect(text) => f.write_str(text),
            Self::Notrack => f.write_str("notrack"),
            Self::Nat(nat) => write!(f, "{nat}"),
            Self::Reject { kind, code } => match (&**kind, &**code) {
                (_, "port-unreachable") | ("", _) => f.write_str("reject"),
                (kind, "") => write!(f, "reject with {kind}"),
                (kind, code) => write!(f, "reject with {kind} {code}"),
            },
            Self::Dynamic(update) => write!(f, "{update}"),
            Self::Offload(name) => write!(f, "flow add @{name}"),
            Self::Xt(text) => write!(f, "xt {text}"),
            Self::Other { text, .. } => f.write_str(text),
        }
    }
}

fn compared(
    f: &mut fmt::Formatter<'_>,
    comparison: Comparison,
    left: &Expression,
    right: &Operand,
) -> fmt::Result {
    // `tcp flags & (syn | ack) == syn` is written by what is looked at and what of it is to be set.
    if let (
        Expression::Binary {
            operation: BinaryOperation::And,
            left: field,
            right: mask,
        },
        Comparison::Equal,
        Operand::Constant(types, values),
    ) = (left, comparison, right)
        && field.datatype() == Datatype::TcpFlags
    {
        return write!(f, "{field} {} / {mask}", constants(types, values));
    }
    let masked = matches!(left, Expression::Binary { .. });
    let sign = match comparison {
        Comparison::Equal if masked => "== ",
        Comparison::Equal | Comparison::AnyBit => "",
        Comparison::NotEqual => "!= ",
        Comparison::Less => "< ",
        Comparison::Greater => "> ",
        Comparison::AtMost => "<= ",
        Comparison::AtLeast => ">= ",
        Comparison::NoBit => "! ",
    };
    write!(f, "{left} {sign}")?;
    match right {
        Operand::Constant(types, values) => {
            let text = constants(types, values);
            // An exact comparison of several bits.
            let exact = comparison == Comparison::NotEqual && !masked;
            match exact {
                true => f.write_str(&text.replace(',', " | ")),
                false => f.write_str(&text),
            }
        }
        Operand::Set(set) => write!(f, "{set}"),
        Operand::Unknown(text) => f.write_str(text),
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("accept"),
            Self::Drop => f.write_str("drop"),
            Self::Continue => f.write_str("continue"),
            Self::Return => f.write_str("return"),
            Self::Queue => f.write_str("queue"),
            Self::Jump(chain) => write!(f, "jump {chain}"),
            Self::Goto(chain) => write!(f, "goto {chain}"),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(datatype, value) => f.write_str(&interval(*datatype, *value)),
            Self::Payload { protocol, field } => write!(f, "{protocol} {field}"),
            Self::Meta(key) => match &**key {
                "iif" | "oif" | "iifname" | "oifname" | "iifgroup" | "oifgroup" => f.write_str(key),
                key => write!(f, "meta {key}"),
            },
            Self::Ct {
                key,
                direction,
                family,
            } => {
                f.write_str("ct ")?;
                for word in [direction, family].into_iter().flatten() {
                    write!(f, "{word} ")?;
                }
                f.write_str(key)
            }
            Self::Fib { result, flags } => write!(f, "fib {} {result}", flags.join(" . ")),
            Self::Numgen {
                random,
                modulus,
                offset,
            } => {
                let mode = if *random { "random" } else { "inc" };
                write!(f, "numgen {mode} mod {modulus}{}", shifted(*offset))
            }
            Self::Jhash {
                key,
                modulus,
                seed,
                offset,
            } => {
                write!(f, "jhash {key} mod {modulus}")?;
                if let Some(seed) = seed {
                    write!(f, " seed {seed:#x}")?;
                }
                f.write_str(&shifted(*offset))
            }
            Self::Symhash { modulus, offset } => {
                write!(f, "symhash mod {modulus}{}", shifted(*offset))
            }
            Self::Binary {
                operation,
                left,
                right,
            } => {
                let sign = BinaryOperation::SIGNS
                    .iter()
                    .find(|(_, known)| known == operation);
                write!(f, "{left} {} {right}", sign.map_or("", |(sign, _)| sign))
            }
            Self::Concat(parts) => {
                let parts: Vec<String> = parts.iter().map(Self::to_string).collect();
                f.write_str(&parts.join(" . "))
            }
            Self::Map { key, set } => write!(f, "{key} map {set}"),
            Self::Other { text, .. } => f.write_str(text),
        }
    }
}

fn shifted(offset: u32) -> String {
    match offset {
        0 => String::new(),
        offset => format!(" offset {offset}"),
    }
}

impl fmt::Display for SetRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "@{name}"),
            Self::Anonymous(set) => {
                let elements: Vec<String> = set
                    .elements
                    .iter()
                    .map(|element| set.print(element))
                    .collect();
                write!(f, "{{ {} }}", elements.join(", "))
            }
        }
    }
}

impl Set {
    /// An element as `nft list` prints it.
    pub fn print(&self, element: &Element) -> String {
        let mut text = match element.key.is_empty() {
            true => "*".to_owned(),
            false => constants(&self.key, &element.key),
        };
        for statement in &element.statements {
            text.push_str(&format!(" {statement}"));
        }
        if let Some(timeout) = element.timeout {
            text.push_str(&format!(" timeout {}", duration(timeout)));
        }
        if let Some(expires) = element.expires {
            text.push_str(&format!(" expires {}", duration(expires)));
        }
        if let Some(comment) = &element.comment {
            text.push_str(&format!(" comment \"{comment}\""));
        }
        match (&element.data, &self.data) {
            (Some(Data::Verdict(verdict)), _) => text.push_str(&format!(" : {verdict}")),
            (Some(Data::Object(name)), _) => text.push_str(&format!(" : \"{name}\"")),
            (Some(Data::Values(values)), Some(DataTypes::Values(types))) => {
                text.push_str(&format!(" : {}", constants(types, values)));
            }
            _ => {}
        }
        text
    }
}

/// Constants of a concatenation.
fn constants(types: &[Datatype], values: &[Interval]) -> String {
    let parts: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(at, value)| interval(types.get(at).copied().unwrap_or(Datatype::Unknown), *value))
        .collect();
    parts.join(" . ")
}

/// A value, a range or a prefix.
fn interval(datatype: Datatype, value: Interval) -> String {
    if let Some(single) = value.value() {
        return datatype.print(single);
    }
    let prefix = value.prefix_length(datatype.bits());
    match prefix {
        Some(length) if datatype == Datatype::DeviceName => {
            let name = super::datatype::text_of(value.first);
            let beginning: String = name.chars().take(length as usize / 8).collect();
            format!("\"{beginning}*\"")
        }
        Some(length) if datatype.has_prefixes() => {
            format!("{}/{length}", datatype.print(value.first))
        }
        _ => format!(
            "{}-{}",
            datatype.print(value.first),
            datatype.print(value.last)
        ),
    }
}

impl fmt::Display for Nat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            NatKind::Destination => "dnat",
            NatKind::Source => "snat",
            NatKind::Masquerade => "masquerade",
            NatKind::Redirect => "redirect",
        })?;
        if let Some(family) = &self.family {
            write!(f, " {family}")?;
        }
        if self.type_flags.iter().any(|flag| &**flag == "prefix") {
            f.write_str(" prefix")?;
        }
        if self.address.is_some() || self.port.is_some() {
            f.write_str(" to ")?;
        }
        if let Some(address) = &self.address {
            let text = address.to_string();
            match self.port.is_some() && text.contains(':') {
                true => write!(f, "[{text}]")?,
                false => f.write_str(&text)?,
            }
        }
        if let Some(port) = &self.port {
            write!(f, ":{port}")?;
        }
        let shown: Vec<&str> = self
            .flags
            .iter()
            .map(|flag| &**flag)
            .filter(|flag| *flag != "netmap")
            .collect();
        match shown.is_empty() {
            true => Ok(()),
            false => write!(f, " {}", shown.join(",")),
        }
    }
}

impl fmt::Display for DynamicUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.kind {
            UpdateKind::Add => "add",
            UpdateKind::Update => "update",
            UpdateKind::Delete => "delete",
        };
        write!(f, "{word} @{} {{ {}", self.set, self.key)?;
        if let Some(timeout) = self.timeout {
            write!(f, " timeout {}", duration(timeout))?;
        }
        for statement in &self.statements {
            write!(f, " {statement}")?;
        }
        if let Some(data) = &self.data {
            write!(f, " : {data}")?;
        }
        f.write_str(" }")
    }
}

/// `1h30m`.
fn duration(seconds: u64) -> String {
    let mut left = seconds;
    let mut text = String::new();
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if left >= size {
            text.push_str(&format!("{}{unit}", left / size));
            left %= size;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// `25 mbytes`.
fn bytes(count: u64) -> String {
    match count {
        0 => "0 bytes".to_owned(),
        count if count.is_multiple_of(1 << 20) => format!("{} mbytes", count >> 20),
        count if count.is_multiple_of(1 << 10) => format!("{} kbytes", count >> 10),
        count => format!("{count} bytes"),
    }
}
