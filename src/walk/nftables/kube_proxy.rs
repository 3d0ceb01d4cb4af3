//! What chains of kube-proxy's table are for, by their names (kube-proxy, pkg/proxy/nftables/proxier.go,
//! `servicePortChainNameBase`, `servicePortEndpointChainName`).
//!
//! `service-ULMVA6XW-ns1/svc1/tcp/p80` has the Service's name, protocol and port's name behind a hash; that of an endpoint
//! has its address behind two underscores.

/// `Service ns1/svc1:p80`, with what the chain is for; nothing for other chains.
pub(super) fn purpose(table: &str, chain: &str) -> Option<String> {
    if table != "kube-proxy" {
        return None;
    }
    let (kind, rest) = chain.split_once('-')?;
    let more = match kind {
        "service" => "",
        "external" => ", from outside",
        "local" => ", local endpoints",
        "firewall" => ", source ranges",
        "endpoint" => ", endpoint",
        _ => return None,
    };
    let (hash, name) = rest.split_once('-')?;
    if hash.len() != 8 {
        return None;
    }
    let (name, endpoint) = match name.split_once("__") {
        Some((name, endpoint)) => (name, Some(endpoint)),
        None => (name, None),
    };
    let mut parts = name.split('/');
    let (namespace, service, _protocol, port) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let port = match port {
        "" => String::new(),
        port => format!(":{port}"),
    };
    let endpoint = endpoint
        .and_then(|endpoint| endpoint.rsplit_once('/'))
        .map(|(ip, port)| format!(" {ip}:{port}"))
        .unwrap_or_default();
    Some(format!(
        "Service {namespace}/{service}{port}{more}{endpoint}"
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
