//! Words of an `iptables-save` line → [`super::Rule`].
