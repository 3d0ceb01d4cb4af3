//! Reads this machine: network namespaces through netlink and /proc.
