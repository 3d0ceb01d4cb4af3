//! How a program finds the address of a name: its resolver, what that asks, and the way there.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::trace::Trace;

/// What becomes of a name.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dns {
    /// The name that the program asks for.
    pub name: String,
    /// Its resolver; `None` when that was not read.
    pub resolver: Option<Resolver>,
    /// What is not known or not asked, in a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The names that are asked one after the other, up to the first that there is.
    pub queries: Vec<Query>,
    /// The way to each server, by UDP and by TCP.
    pub traces: Vec<Trace>,
}

impl Dns {
    /// Whether every name that is asked for is known not to be there.
    pub fn is_certain(&self) -> bool {
        self.queries
            .iter()
            .all(|query| query.answer != Answer::Unknown)
    }

    /// The query that gets an answer.
    pub fn found(&self) -> Option<&Query> {
        self.queries
            .iter()
            .find(|query| query.answer == Answer::Found)
    }
}

/// A resolver as resolv.conf(5) sets it up.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolver {
    /// The node and namespace it was read in.
    pub place: String,
    /// The servers, asked in this order.
    pub nameservers: Vec<IpAddr>,
    /// Domains that are appended to a name.
    pub search: Vec<String>,
    /// A name with so many dots is asked as it is first.
    pub ndots: usize,
    /// The file as it was read.
    pub raw: String,
}

/// A name that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The name, without the dot at its end.
    pub name: String,
    /// What the cluster's DNS has for it.
    pub answer: Answer,
    /// The same in words.
    pub text: String,
}

/// What DNS has for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Addresses of a Service.
    Found,
    /// NXDOMAIN, or nothing of what is asked.
    Missing,
    /// What was read does not tell.
    Unknown,
}

/// MAXNS of the C library.
const MOST_SERVERS: usize = 3;
/// RES_MAXNDOTS.
const MOST_DOTS: usize = 15;
/// Other libraries have no limit, files do.
const MOST_DOMAINS: usize = 32;

impl Resolver {
    /// Reads the text of a resolv.conf, by the rules of resolv.conf(5) and the C library (resolv/res_init.c).
    pub fn read(text: &str, place: String) -> Self {
        let mut resolver = Self {
            place,
            ndots: 1,
            raw: text.to_owned(),
            ..Self::default()
        };
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("nameserver") => {
                    // A link-local address may name its link.
                    let address = words.next().and_then(|word| word.split('%').next());
                    resolver
                        .nameservers
                        .extend(address.and_then(|ip| ip.parse::<IpAddr>().ok()));
                }
                // The last one counts.
                Some("search") => resolver.search = words.take(MOST_DOMAINS).map(domain).collect(),
                Some("domain") => resolver.search = words.take(1).map(domain).collect(),
                Some("options") => {
                    let mut ndots =
                        words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok());
                    resolver.ndots = ndots.next_back().unwrap_or(resolver.ndots).min(MOST_DOTS);
                }
                _ => {}
            }
        }
        resolver.nameservers.truncate(MOST_SERVERS);
        if resolver.nameservers.is_empty() {
            resolver.nameservers.push(IpAddr::from([127, 0, 0, 1]));
        }
        resolver
    }

    /// The names that are asked for, in order (resolv/res_query.c, `__res_context_search`).
    pub fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(absolute) = name.strip_suffix('.') {
            return vec![absolute.to_owned()];
        }
        let dots = name.matches('.').count();
        let searched = self.search.iter().map(|domain| format!("{name}.{domain}"));
        let mut names: Vec<String> = searched.collect();
        let at = if dots >= self.ndots { 0 } else { names.len() };
        names.insert(at, name.to_owned());
        names
    }
}

fn domain(word: &str) -> String {
    word.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolver(text: &str) -> Resolver {
        Resolver::read(text, String::new())
    }

    #[test]
    fn what_kubelet_writes() {
        let read = resolver(
            "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.43.0.10\noptions ndots:5\n",
        );
        assert_eq!(read.nameservers, [IpAddr::from([10, 43, 0, 10])]);
        assert_eq!((read.search.len(), read.ndots), (3, 5));
        assert_eq!(
            read.candidates("web.shop"),
            [
                "web.shop.default.svc.cluster.local",
                "web.shop.svc.cluster.local",
                "web.shop.cluster.local",
                "web.shop"
            ]
        );
        assert_eq!(read.candidates("web.shop."), ["web.shop"]);
        assert_eq!(read.candidates("a.b.c.d.e.f")[0], "a.b.c.d.e.f");
    }

    #[test]
    fn what_a_file_leaves_out() {
        let read = resolver("");
        assert_eq!(read.nameservers, [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!((read.search.is_empty(), read.ndots), (true, 1));
        assert_eq!(read.candidates("web"), ["web"]);
        let read =
            resolver("domain a.b\nsearch C.d. e\n;nameserver 1.1.1.1\noptions ndots:99 rotate\n");
        assert_eq!(
            (read.search, read.ndots),
            (vec!["c.d".to_owned(), "e".to_owned()], 15)
        );
    }
}
