//! What a question needs of the Kubernetes API.

use super::{Endpoint, Port, Question};
use crate::collect::kubernetes::{Named, Wanted};

/// The Service of the cluster's DNS, by the name that every distribution gives it.
const DNS: (&str, &str) = ("kube-system", "kube-dns");

/// The nodes and the pods of this one, what was named, and what it leads to. For the queries of DNS all Services.
pub fn wanted(question: &Question, dns: bool) -> Wanted {
    let mut wanted = Wanted::names();
    let namespace =
        |given: &Option<String>| given.clone().unwrap_or_else(|| question.namespace.clone());
    // An address that sends is one of this machine's.
    if let Endpoint::Pod {
        namespace: given,
        name,
        ..
    }
    | Endpoint::Name {
        namespace: given,
        name,
        ..
    } = &question.from
    {
        wanted
            .named
            .insert(Named::Pod(namespace(given), name.clone()));
    }
    let port = question.to.port().or_else(|| question.port.clone());
    let number = match &port {
        Some(Port::Number(number)) => Some(*number),
        _ => None,
    };
    match &question.to {
        Endpoint::Pod {
            namespace: given,
            name,
            ..
        } => {
            wanted
                .named
                .insert(Named::Pod(namespace(given), name.clone()));
        }
        Endpoint::Service {
            namespace: given,
            name,
            ..
        } => {
            wanted
                .named
                .insert(Named::Service(namespace(given), name.clone()));
        }
        Endpoint::Name {
            namespace: given,
            name,
            ..
        } => {
            let (space, name) = match (given, name.split_once('.')) {
                // NAME.NS is a Service, unless a pod has a name with a dot.
                (None, Some((service, space))) => {
                    let service = Named::Service(space.to_owned(), service.to_owned());
                    wanted.named.insert(service);
                    (namespace(given), name.clone())
                }
                _ => (namespace(given), name.clone()),
            };
            wanted
                .named
                .insert(Named::Service(space.clone(), name.clone()));
            wanted.named.insert(Named::Pod(space, name));
        }
        Endpoint::Address { ip, .. } => {
            wanted.named.insert(Named::Address(*ip, number));
        }
        Endpoint::Node { .. } => match number {
            Some(number) => drop(wanted.named.insert(Named::NodePort(number))),
            None => wanted.services = true,
        },
        Endpoint::Container { .. } | Endpoint::External { .. } => {}
    }
    if dns {
        let (space, name) = DNS;
        wanted.services = true;
        wanted
            .named
            .insert(Named::Service(space.to_owned(), name.to_owned()));
    }
    wanted
}
