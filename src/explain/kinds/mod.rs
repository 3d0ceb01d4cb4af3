//! What chains are for, by their names: who makes such a chain, and why. The tables stand by who makes them.

mod host;
mod kubernetes;
mod pod_network;
mod policy;

use crate::model::iptables::TableKind;

/// What a kind of chain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name in JSON: `service-cluster`.
    pub id: &'static str,
    /// Who makes it.
    pub made_by: &'static str,
    /// What it does, as a sentence.
    pub purpose: &'static str,
}

/// The chains that one program makes.
struct Makes {
    made_by: &'static str,
    /// The first that fits counts.
    kinds: &'static [Named],
}

/// A kind of chain, and how it is recognised.
struct Named {
    name: &'static str,
    /// Whether any name that begins so will do.
    is_prefix: bool,
    /// The table, where the name alone does not tell.
    table: Option<TableKind>,
    id: &'static str,
    purpose: &'static str,
}

/// The kind of chains with this name.
const fn is(name: &'static str, id: &'static str, purpose: &'static str) -> Named {
    Named {
        name,
        is_prefix: false,
        table: None,
        id,
        purpose,
    }
}

/// The kind of chains whose names begin so.
const fn begins(name: &'static str, id: &'static str, purpose: &'static str) -> Named {
    Named {
        is_prefix: true,
        ..is(name, id, purpose)
    }
}

impl Named {
    const fn only_in(self, table: TableKind) -> Self {
        Self {
            table: Some(table),
            ..self
        }
    }

    fn fits(&self, chain: &str, table: TableKind) -> bool {
        let named = match self.is_prefix {
            true => chain.starts_with(self.name),
            false => chain == self.name,
        };
        named && self.table.is_none_or(|only| only == table)
    }
}

/// Every kind that is known, with who makes it.
fn all() -> impl Iterator<Item = (&'static str, &'static Named)> {
    let makers = [
        kubernetes::MAKERS,
        policy::MAKERS,
        pod_network::MAKERS,
        host::MAKERS,
    ];
    let makers = makers.into_iter().flatten();
    makers.flat_map(|makes| makes.kinds.iter().map(|kind| (makes.made_by, kind)))
}

/// The kind of a chain of iptables, by its name and table; `None` when nobody is known who would make it.
pub fn kind_of(chain: &str, table: TableKind) -> Option<Kind> {
    let (made_by, found) = all().find(|(_, kind)| kind.fits(chain, table))?;
    Some(Kind {
        id: found.id,
        made_by,
        purpose: found.purpose,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row that an earlier one hides would never be told.
    #[test]
    fn every_kind_is_the_first_that_fits_its_own_name() {
        for (made_by, kind) in all() {
            let table = kind.table.unwrap_or(TableKind::Mangle);
            let found = kind_of(kind.name, table).expect("a kind");
            assert_eq!(
                (found.made_by, found.id),
                (made_by, kind.id),
                "{}",
                kind.name
            );
        }
        assert_eq!(kind_of("MY-OWN", TableKind::Filter), None);
    }
}
