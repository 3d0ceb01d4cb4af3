//! Chains of native nftables (net/netfilter/nf_tables_core.c, `nft_do_chain`).
//!
//! A rule is a row of statements: the first one that does not hold ends it, and a verdict ends more. Accepting ends the
//! base chain, and the next one of the hook is asked; dropping is final. What of a packet is looked at is a number that
//! is known, known to lie in a range, thrown by dice, not known, or not there, which ends the rule.

mod assign;
mod chain;
mod compare;
mod connection;
mod fib;
mod fields;
mod hash;
mod kube_proxy;
mod link_layer;
mod lookup;
mod object;
mod offload;
mod reject;
mod rule;
mod translate;
mod value;

pub(super) use chain::NativeChain;
pub(super) use lookup::ChangedElement;
