//! What kube-proxy follows when it turns Services into rules, whatever its mode: the names of its chains, and its choice
//! of endpoints. The rules themselves are written by the practice cluster, and read by the checks.

mod endpoints;
mod mode;
mod names;
mod nft_made_names;
mod nft_names;

pub use endpoints::{Target, Targets, balanced_ips, is_external, is_served, protocol_name};
pub use mode::{IPVS_DEVICE, ProxyMode, ProxyState, ServedBy, named, proxy_state};
pub use names::{ServiceChain, endpoint_chain, hash, port_name, set_name};
pub use nft_made_names::NftName;
pub use nft_names::{NFT_TABLE, NftChain, NftChainName};
