//! The live reader against the kernel: what it reads of namespaces made for it, compared with what the standard tools
//! print there.

mod links;
mod machine;
mod neighbors;
mod netfilter;
mod routes;
mod rules;
mod same_as_bundle;
mod scene;
mod sockets;
mod support;
mod sysctls;
mod unchanged;
