//! Addresses: rows of `ip -j addr` → [`Address`] (iproute2's `ip/ipaddress.c`).

use super::rows::{FieldResult, Fields, Row, bare};
use crate::collect::report::Report;
use crate::model::{Address, AddressScope};

/// The addresses of a file, in the order of the devices and, within each, of the kernel.
pub fn addresses(rows: &[Row], report: &mut Report) -> Vec<Address> {
    let mut addresses = Vec::new();
    for row in rows.iter().filter(|row| !row.fields.is_empty()) {
        let fields = row.fields();
        let Some(device) = report.keep(row.line, fields.required("ifname")) else {
            continue;
        };
        for info in fields
            .objects("addr_info")
            .filter(|info| !info.0.is_empty())
        {
            let read = address(device, info).map_err(|what| format!("{device}: {what}"));
            addresses.extend(report.keep(row.line, read));
        }
    }
    addresses
}

fn address(device: &str, info: Fields) -> FieldResult<Address> {
    Ok(Address {
        device: device.to_owned(),
        ip: info.parse("local")?.ok_or("an address without `local`")?,
        prefix_length: info
            .number("prefixlen")?
            .ok_or("an address without `prefixlen`")?,
        peer: info.parse("address")?,
        broadcast: info.parse("broadcast")?,
        scope: scope(info)?,
        secondary: info.flag("secondary"),
        tentative: info.flag("tentative") || info.flag("dadfailed"),
        deprecated: info.flag("deprecated"),
    })
}

fn scope(info: Fields) -> FieldResult<AddressScope> {
    match info.value("scope").map(bare).as_deref() {
        None | Some("global") => Ok(AddressScope::Global),
        Some("site") => Ok(AddressScope::Site),
        Some("link") => Ok(AddressScope::Link),
        Some("host") => Ok(AddressScope::Host),
        Some(other) => Err(format!("unknown scope {other:?}")),
    }
}
