//! A rule as iptables-nft writes it: expressions that load a field, mask and compare it, matches and targets of x_tables, a
//! counter, and a verdict (iptables/nft.c, nft-shared.c and nft-ruleparse.c).
//!
//! iptables-nft puts expressions into words wherever they stand, and leaves out what it does not know. Here a rule is read
//! only if every byte of it is understood.

use std::borrow::Cow;

use super::super::attributes::{first, name, number, pick, text};
use super::super::nft_chains;
use super::super::x_tables::words::{Words, net, protocol};
use super::super::x_tables::{Extension, matches, targets};
use crate::model::Family;
use crate::model::iptables::TableKind;

const NFTA_RULE_TABLE: u16 = 1;
const NFTA_RULE_CHAIN: u16 = 2;
const NFTA_RULE_HANDLE: u16 = 3;
const NFTA_RULE_EXPRESSIONS: u16 = 4;
const NFTA_RULE_COMPAT: u16 = 5;
const NFTA_RULE_POSITION: u16 = 6;
const NFTA_RULE_USERDATA: u16 = 7;
const NFTA_RULE_PAD: u16 = 8;
const NFTA_LIST_ELEM: u16 = 1;
/// `NFTNL_UDATA_RULE_COMMENT` of libnftnl.
const COMMENT: u8 = 0;
/// `XT_MAX_COMMENT_LEN`.
const COMMENT_LENGTH: usize = 256;

/// `enum nft_payload_bases`.
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;
/// `enum nft_meta_keys`.
const MARK: u32 = 3;
const IIFNAME: u32 = 6;
const OIFNAME: u32 = 7;
const L4PROTO: u32 = 16;
/// `enum nft_cmp_ops` and `nft_range_ops`.
const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
/// The verdicts of `include/uapi/linux/netfilter.h` and `enum nft_verdicts`.
const DROP: i32 = 0;
const ACCEPT: i32 = 1;
const JUMP: i32 = -3;
const GOTO: i32 = -4;
const RETURN: i32 = -5;

const TCP: u8 = 6;
const UDP: u8 = 17;
/// What iptables-nft compares a device's name with where a rule says `! -i +`.
const NO_DEVICE: &str = "INVAL/D";
/// `IFNAMSIZ`.
const DEVICE_NAME: usize = 16;

/// Asks for the rules of a chain.
pub(super) fn question(family: Family, table: TableKind, chain: &str) -> Vec<u8> {
    nft_chains::named(
        family,
        [(NFTA_RULE_TABLE, table.name()), (NFTA_RULE_CHAIN, chain)],
    )
}

/// A rule of that chain by its attributes, as `iptables-nft -S CHAIN -v` prints it; `None` when not all of it is known.
pub(super) fn in_words(family: Family, chain: &str, attributes: &[u8]) -> Option<String> {
    let [its_chain, expressions, about] = pick(
        attributes,
        [NFTA_RULE_CHAIN, NFTA_RULE_EXPRESSIONS, NFTA_RULE_USERDATA],
        &[
            NFTA_RULE_TABLE,
            NFTA_RULE_HANDLE,
            NFTA_RULE_COMPAT,
            NFTA_RULE_POSITION,
            NFTA_RULE_PAD,
        ],
    )?;
    if name(its_chain?)? != chain {
        return None;
    }
    let mut rule = Rule::of(family);
    let mut rest = expressions.unwrap_or_default();
    while !rest.is_empty() {
        let (NFTA_LIST_ELEM, expression) = first(&mut rest)? else {
            return None;
        };
        rule.take(expression)?;
    }
    if let Some(about) = about {
        rule.comment(about)?;
    }
    let words = rule.print(chain)?;
    (!words.contains(char::is_control)).then_some(words)
}

/// A rule as far as it was read.
struct Rule<'r> {
    family: Family,
    source: Option<Asked<String>>,
    destination: Option<Asked<String>>,
    coming: Option<Asked<String>>,
    going: Option<Asked<String>>,
    protocol: Option<Asked<u8>>,
    fragment: Option<Asked<()>>,
    matches: Vec<Match<'r>>,
    /// Which of the matches is about ports and flags that the rule compares itself.
    transport: Option<Transport>,
    /// What was loaded and not compared yet.
    loaded: Option<Loaded<'r>>,
    counters: Option<(u64, u64)>,
    end: Option<End<'r>>,
}

/// Something that a packet is asked for.
struct Asked<T> {
    inverted: bool,
    value: T,
}

/// A match, its data as x_tables has them.
struct Match<'r> {
    name: &'r str,
    revision: u8,
    data: Cow<'r, [u8]>,
}

/// The match of a transport protocol, and which of its parts are known.
struct Transport {
    at: usize,
    source: bool,
    destination: bool,
    flags: bool,
}

/// A field of a packet in a register.
struct Loaded<'r> {
    register: u32,
    field: Field,
    mask: Option<&'r [u8]>,
}

#[derive(Clone, Copy)]
enum Field {
    Payload { base: u32, offset: u32, length: u32 },
    Meta(u32),
}

/// What a field is compared with.
#[derive(Clone, Copy)]
enum Compared<'r> {
    Value(&'r [u8]),
    Range(&'r [u8], &'r [u8]),
}

enum End<'r> {
    Verdict(i32, Option<&'r str>),
    Target(Extension<'r>),
}

impl<'r> Rule<'r> {
    fn of(family: Family) -> Self {
        Self {
            family,
            source: None,
            destination: None,
            coming: None,
            going: None,
            protocol: None,
            fragment: None,
            matches: Vec::new(),
            transport: None,
            loaded: None,
            counters: None,
            end: None,
        }
    }

    /// Takes in the next expression (`enum nft_expr_attributes`).
    fn take(&mut self, expression: &'r [u8]) -> Option<()> {
        let [kind, data] = pick(expression, [1, 2], &[])?;
        let (kind, data) = (text(kind?)?, data?);
        // Nothing is asked behind the counter.
        let is_action = matches!(kind, "immediate" | "target");
        if self.end.is_some() || self.counters.is_some() != is_action {
            return None;
        }
        match kind {
            "payload" => self.payload(data),
            "meta" => self.meta(data),
            "bitwise" => self.bitwise(data),
            "cmp" => self.cmp(data),
            "range" => self.range(data),
            "match" => {
                let Extension {
                    name,
                    revision,
                    data,
                } = extension(data)?;
                self.matches.push(Match {
                    name,
                    revision,
                    data: data.into(),
                });
                Some(())
            }
            "counter" => {
                self.counters = Some(nft_chains::counters(data)?);
                Some(())
            }
            "immediate" => self.immediate(data),
            "target" => {
                self.end = Some(End::Target(extension(data)?));
                Some(())
            }
            _ => None,
        }
    }

    /// `enum nft_payload_attributes`.
    fn payload(&mut self, data: &'r [u8]) -> Option<()> {
        let [register, base, offset, length] = pick(data, [1, 2, 3, 4], &[])?;
        let field = Field::Payload {
            base: number(base?)?,
            offset: number(offset?)?,
            length: number(length?)?,
        };
        self.load(number(register?)?, field)
    }

    /// `enum nft_meta_attributes`.
    fn meta(&mut self, data: &'r [u8]) -> Option<()> {
        let [register, key] = pick(data, [1, 2], &[])?;
        self.load(number(register?)?, Field::Meta(number(key?)?))
    }

    fn load(&mut self, register: u32, field: Field) -> Option<()> {
        let loaded = Loaded {
            register,
            field,
            mask: None,
        };
        set(&mut self.loaded, loaded)
    }

    /// `enum nft_bitwise_attributes`: a mask, and nothing else.
    fn bitwise(&mut self, data: &'r [u8]) -> Option<()> {
        const MASK_AND_XOR: u32 = 0;
        let [from, to, length, mask, xor, operation] = pick(data, [1, 2, 3, 4, 5, 6], &[])?;
        let (mask, xor) = (value(mask?)?, value(xor?)?);
        let is_mask = operation.is_none_or(|operation| number(operation) == Some(MASK_AND_XOR))
            && number(length?)? as usize == mask.len()
            && xor.iter().all(|byte| *byte == 0);
        let loaded = self.loaded.as_mut()?;
        if !is_mask || number(from?)? != loaded.register {
            return None;
        }
        loaded.register = number(to?)?;
        set(&mut loaded.mask, mask)
    }

    /// `enum nft_cmp_attributes`.
    fn cmp(&mut self, data: &'r [u8]) -> Option<()> {
        let [register, operation, compared] = pick(data, [1, 2, 3], &[])?;
        let compared = Compared::Value(value(compared?)?);
        self.compare(number(register?)?, number(operation?)?, compared)
    }

    /// `enum nft_range_attributes`.
    fn range(&mut self, data: &'r [u8]) -> Option<()> {
        let [register, operation, from, to] = pick(data, [1, 2, 3, 4], &[])?;
        let compared = Compared::Range(value(from?)?, value(to?)?);
        self.compare(number(register?)?, number(operation?)?, compared)
    }

    fn compare(&mut self, register: u32, operation: u32, compared: Compared<'r>) -> Option<()> {
        let loaded = self.loaded.take()?;
        let inverted = match operation {
            EQUAL => false,
            NOT_EQUAL => true,
            _ => return None,
        };
        if register != loaded.register {
            return None;
        }
        let asked = Asked {
            inverted,
            value: compared,
        };
        match (loaded.field, compared) {
            (
                Field::Payload {
                    base: TRANSPORT,
                    offset,
                    length,
                },
                _,
            ) => self.transport(offset, length, loaded.mask, asked),
            (
                Field::Payload {
                    base: NETWORK,
                    offset,
                    length,
                },
                Compared::Value(value),
            ) => {
                let is_whole = value.len() == length as usize;
                is_whole.then(|| self.network(offset, loaded.mask, Asked { inverted, value }))?
            }
            (Field::Meta(key), Compared::Value(value)) => {
                self.about(key, loaded.mask, Asked { inverted, value })
            }
            _ => None,
        }
    }

    /// A field of the IP header.
    fn network(&mut self, offset: u32, mask: Option<&[u8]>, asked: Asked<&[u8]>) -> Option<()> {
        const MORE: &[u8] = &[0x1f, 0xff];
        let inverted = asked.inverted;
        match (self.family, offset, mask) {
            (Family::V4, 12, _) | (Family::V6, 8, _) => {
                let value = net_of(self.family, asked.value, mask)?;
                set(&mut self.source, Asked { inverted, value })
            }
            (Family::V4, 16, _) | (Family::V6, 24, _) => {
                let value = net_of(self.family, asked.value, mask)?;
                set(&mut self.destination, Asked { inverted, value })
            }
            (Family::V4, 9, None) => self.protocol(asked),
            // A fragment is what begins elsewhere than at 0.
            (Family::V4, 6, Some(MORE)) if asked.value == [0, 0] => {
                let asked = Asked {
                    inverted: !inverted,
                    value: (),
                };
                set(&mut self.fragment, asked)
            }
            _ => None,
        }
    }

    /// Something that is known of a packet.
    fn about(&mut self, key: u32, mask: Option<&[u8]>, asked: Asked<&[u8]>) -> Option<()> {
        let inverted = asked.inverted;
        match (key, mask) {
            (IIFNAME, None) => {
                let value = device(asked.value)?;
                set(&mut self.coming, Asked { inverted, value })
            }
            (OIFNAME, None) => {
                let value = device(asked.value)?;
                set(&mut self.going, Asked { inverted, value })
            }
            (L4PROTO, None) => self.protocol(asked),
            (MARK, mask) => {
                let mask = mask.unwrap_or(&[0xff; 4]);
                if asked.value.len() != 4 || mask.len() != 4 {
                    return None;
                }
                // `struct xt_mark_mtinfo1`.
                let data = [asked.value, mask, &[u8::from(inverted), 0, 0, 0]].concat();
                self.matches.push(Match {
                    name: "mark",
                    revision: 1,
                    data: data.into(),
                });
                Some(())
            }
            _ => None,
        }
    }

    fn protocol(&mut self, asked: Asked<&[u8]>) -> Option<()> {
        let &[value] = asked.value else {
            return None;
        };
        let inverted = asked.inverted;
        set(&mut self.protocol, Asked { inverted, value })
    }

    /// A field of the TCP or UDP header.
    fn transport(
        &mut self,
        offset: u32,
        length: u32,
        mask: Option<&[u8]>,
        asked: Asked<Compared<'r>>,
    ) -> Option<()> {
        let protocol = self
            .protocol
            .as_ref()
            .filter(|asked| !asked.inverted)?
            .value;
        // `struct xt_tcp` and `xt_udp`, which ask for nothing yet, as far as their inversions.
        let (name, size) = match protocol {
            TCP => ("tcp", 12),
            UDP => ("udp", 9),
            _ => return None,
        };
        let transport = match &mut self.transport {
            Some(transport) => transport,
            none => {
                let mut data = vec![0; size];
                data[2..4].fill(0xff);
                data[6..8].fill(0xff);
                if self.matches.iter().any(|other| other.name == name) {
                    return None;
                }
                self.matches.push(Match {
                    name,
                    revision: 0,
                    data: data.into(),
                });
                none.insert(Transport {
                    at: self.matches.len() - 1,
                    source: false,
                    destination: false,
                    flags: false,
                })
            }
        };
        let data = self.matches.get_mut(transport.at)?.data.to_mut();
        let (first, last) = match asked.value {
            Compared::Value(value) => (value, value),
            Compared::Range(first, last) => (first, last),
        };
        if first.len() != length as usize || last.len() != first.len() {
            return None;
        }
        let mut ports = |at: usize, inverts: u8, range: [&[u8]; 2]| {
            for (place, port) in range.into_iter().enumerate() {
                let port = u16::from_be_bytes(port.try_into().ok()?);
                data[at + 2 * place..][..2].copy_from_slice(&port.to_ne_bytes());
            }
            if asked.inverted {
                *data.last_mut()? |= inverts;
            }
            Some(())
        };
        match (offset, length, mask) {
            (0, 2, None) if !transport.source => {
                transport.source = true;
                ports(0, 0x01, [first, last])
            }
            (2, 2, None) if !transport.destination => {
                transport.destination = true;
                ports(4, 0x02, [first, last])
            }
            (0, 4, None) if !transport.source && !transport.destination && !asked.inverted => {
                let Compared::Value(both) = asked.value else {
                    return None;
                };
                (transport.source, transport.destination) = (true, true);
                ports(0, 0, [&both[..2], &both[..2]])?;
                ports(4, 0, [&both[2..], &both[2..]])
            }
            (13, 1, Some(&[mask])) if protocol == TCP && !transport.flags => {
                let Compared::Value(&[flags]) = asked.value else {
                    return None;
                };
                transport.flags = true;
                (data[9], data[10]) = (mask, flags);
                data[11] |= if asked.inverted { 0x04 } else { 0 };
                Some(())
            }
            _ => None,
        }
    }

    /// `enum nft_immediate_attributes` and `nft_verdict_attributes`.
    fn immediate(&mut self, data: &'r [u8]) -> Option<()> {
        const NFT_REG_VERDICT: u32 = 0;
        const NFTA_DATA_VERDICT: u16 = 2;
        let [register, data] = pick(data, [1, 2], &[])?;
        let [verdict] = pick(data?, [NFTA_DATA_VERDICT], &[])?;
        let [code, chain] = pick(verdict?, [1, 2], &[])?;
        if number(register?)? != NFT_REG_VERDICT {
            return None;
        }
        let chain = match chain {
            Some(chain) => Some(name(chain)?),
            None => None,
        };
        self.end = Some(End::Verdict(number(code?)?.cast_signed(), chain));
        Some(())
    }

    /// What nft keeps beside a rule: type, length and text.
    fn comment(&mut self, about: &[u8]) -> Option<()> {
        let (&[COMMENT, length], comment) = about.split_first_chunk()? else {
            return None;
        };
        let text = text(comment).filter(|_| comment.len() == usize::from(length))?;
        let mut data = text.as_bytes().to_vec();
        data.resize(COMMENT_LENGTH, 0);
        self.matches.push(Match {
            name: "comment",
            revision: 0,
            data: data.into(),
        });
        Some(())
    }

    fn print(&self, chain: &str) -> Option<String> {
        let mut words = Words::new(chain);
        let options = [
            ("-s", &self.source),
            ("-d", &self.destination),
            ("-i", &self.coming),
            ("-o", &self.going),
        ];
        for (option, asked) in options {
            if let Some(asked) = asked {
                words.option(asked.inverted, option, Some(asked.value.clone()));
            }
        }
        if let Some(asked) = &self.protocol {
            let value = protocol(u16::from(asked.value))?;
            words.option(asked.inverted, "-p", Some(value));
        }
        if let Some(asked) = &self.fragment {
            words.flag(asked.inverted, "-f");
        }
        for one in &self.matches {
            let extension = Extension {
                name: one.name,
                revision: one.revision,
                data: &one.data,
            };
            matches::print(self.family, &extension, &mut words).ok()?;
        }
        if self.loaded.is_some() {
            return None;
        }
        let (packets, bytes) = self.counters?;
        words.push(&format!("-c {packets} {bytes}"));
        match &self.end {
            None => {}
            Some(End::Target(target)) => targets::print(self.family, target, &mut words).ok()?,
            Some(End::Verdict(code, chain)) => {
                let (option, name) = match (*code, *chain) {
                    (ACCEPT, None) => ("-j", "ACCEPT"),
                    (DROP, None) => ("-j", "DROP"),
                    (RETURN, None) => ("-j", "RETURN"),
                    (JUMP, Some(chain)) => ("-j", chain),
                    (GOTO, Some(chain)) => ("-g", chain),
                    _ => return None,
                };
                words.push(&format!("{option} {name}"));
            }
        }
        Some(words.end())
    }
}

/// Keeps what is told once; `None` when it was told before.
fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.is_none().then(|| *place = Some(value))
}

/// The bytes of `NFTA_DATA_VALUE`.
fn value(data: &[u8]) -> Option<&[u8]> {
    let [value] = pick(data, [1], &[])?;
    value
}

/// `enum nft_match_attributes` and `nft_target_attributes`, which are alike.
fn extension(data: &[u8]) -> Option<Extension<'_>> {
    let [its_name, revision, data] = pick(data, [1, 2, 3], &[])?;
    Some(Extension {
        name: name(its_name?)?,
        revision: number(revision?)?.try_into().ok()?,
        data: data?,
    })
}

/// An address with its mask. Prefixes of whole bytes are compared without one.
fn net_of(family: Family, value: &[u8], mask: Option<&[u8]>) -> Option<String> {
    let width = match family {
        Family::V4 => 4,
        Family::V6 => 16,
    };
    let (mut ip, mut ones) = ([0; 16], [0; 16]);
    match mask {
        Some(mask) if mask.len() == width && value.len() == width => {
            ones[..width].copy_from_slice(mask);
        }
        None if value.len() <= width => ones[..value.len()].fill(0xff),
        _ => return None,
    }
    ip[..value.len()].copy_from_slice(value);
    let is_masked = ip.iter().zip(&ones).all(|(byte, mask)| byte & !mask == 0);
    is_masked.then(|| net(family, &ip[..width], &ones[..width]))?
}

/// A device's name, or how it begins when no zero ends it.
fn device(value: &[u8]) -> Option<String> {
    let (bytes, more) = match value.strip_suffix(&[0]) {
        Some(name) => (name, ""),
        None => (value, "+"),
    };
    let is_name = bytes.len() < DEVICE_NAME
        && !bytes.is_empty()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_graphic() && *byte != b'"');
    let name = str::from_utf8(bytes).ok().filter(|_| is_name)?;
    (name != NO_DEVICE).then(|| format!("{name}{more}"))
}
