//! What chains of kube-proxy's table are for, by their names.

use crate::model::kube_proxy::{NFT_TABLE, NftChain, NftChainName};

/// `Service ns1/svc1:p80`, with what the chain is for; nothing for other chains.
pub(super) fn purpose(table: &str, chain: &str) -> Option<String> {
    if table != NFT_TABLE {
        return None;
    }
    let name = NftChainName::parse(chain)?;
    let more = match name.chain {
        NftChain::Service => "",
        NftChain::External => ", from outside",
        NftChain::Local => ", local endpoints",
        NftChain::Firewall => ", source ranges",
        NftChain::Endpoint => ", endpoint",
    };
    let port = match name.port {
        "" => String::new(),
        port => format!(":{port}"),
    };
    let endpoint = name.endpoint.map(|address| format!(" {address}"));
    let (namespace, service) = (name.namespace, name.service);
    Some(format!(
        "Service {namespace}/{service}{port}{more}{}",
        endpoint.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::purpose;

    /// Names of the chains that kube-proxy 1.36 made in the captured cluster.
    #[test]
    fn names_the_service() {
        let of = |chain| purpose("kube-proxy", chain);
        assert_eq!(
            of("service-E674OMPI-default/nginx-test/tcp/").as_deref(),
            Some("Service default/nginx-test")
        );
        assert_eq!(
            of("external-LYFBGF5Q-default/np-cluster/tcp/http").as_deref(),
            Some("Service default/np-cluster:http, from outside")
        );
        assert_eq!(
            of("endpoint-FVYKJRBK-default/aff/tcp/http__10.42.2.9/80").as_deref(),
            Some("Service default/aff:http, endpoint 10.42.2.9:80")
        );
        assert_eq!(of("service-endpoints-check"), None);
        assert_eq!(of("nat-prerouting"), None);
        assert_eq!(purpose("mine", "service-E674OMPI-default/x/tcp/"), None);
    }
}
