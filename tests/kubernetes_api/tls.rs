//! An API server with TLS, by an authority of its own: whom it is believed, whom it believes, and what is said when not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::program::{kubenet, names, said};
use super::recorded::Recorded;
use super::server::{Reply, Server};

const CLUSTER: &str = "iptables-nft-vxlan";

/// A certificate and its key, as PEM.
struct Identity {
    certificate: String,
    key: String,
}

/// Who signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn signed(&self, names: &[&str], change: impl Fn(&mut CertificateParams)) -> Signed {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "kube-apiserver");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Signed { certificate, key }
    }

    fn client(&self) -> Identity {
        let signed = self.signed(&[], |_| {});
        Identity {
            certificate: signed.certificate.pem(),
            key: signed.key.serialize_pem(),
        }
    }
}

struct Signed {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

/// A server with that certificate; it asks for certificates of clients that `clients` signed, where that is given.
fn serve(signed: &Signed, clients: Option<&Authority>, recorded: Recorded) -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.key.serialize_der()));
    let config = builder
        .with_single_cert(vec![signed.certificate.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    Server::serve_tls(listener, Arc::new(config), move |question| {
        recorded.answer(question)
    })
}

/// Base64 (RFC 4648), as kubeconfigs hold PEM.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            encoded.push(match digit <= chunk.len() {
                true => char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]),
                false => '=',
            });
        }
    }
    encoded
}

/// A kubeconfig with these lines of the cluster and of the user.
fn config(server: &str, cluster: &[String], user: &[String]) -> String {
    let lines =
        |lines: &[String]| -> String { lines.iter().map(|line| format!("    {line}\n")).collect() };
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
         clusters:\n- name: c\n  cluster:\n    server: {server}\n{}\
         users:\n- name: u\n  user:\n{}\
         contexts:\n- name: here\n  context: {{cluster: c, user: u}}\n",
        lines(cluster),
        lines(user)
    )
}

fn token() -> String {
    "token: secret-token".to_owned()
}

fn authority_data(authority: &Authority) -> String {
    format!("certificate-authority-data: {}", base64(&authority.pem()))
}

/// Exit status, the Services that were read, and what was said.
fn asked(
    server: &Server,
    cluster: &[String],
    user: &[String],
) -> (Option<i32>, Vec<String>, String) {
    let file = server.file("tls", &config(&server.url, cluster, user));
    let output = kubenet(&["services", "-o", "json", "--kubeconfig"])
        .arg(file)
        .output()
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = match document["services"].is_array() {
        true => names(&document, "services"),
        false => Vec::new(),
    };
    (output.status.code(), found, said(&output))
}

fn refused(server: &Server, cluster: &[String], user: &[String], words: &[&str]) {
    let (status, found, said) = asked(server, cluster, user);
    assert_eq!((status, found), (Some(2), Vec::new()), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?}: {said}");
    }
    assert!(said.contains("hint: "), "{said}");
    assert_eq!(
        server.asked(),
        Vec::<String>::new(),
        "nothing is asked of who is not believed"
    );
}

#[test]
fn the_clusters_own_authority_is_believed() {
    let authority = Authority::new("kubernetes");
    let server = serve(
        &authority.signed(&["127.0.0.1"], |_| {}),
        None,
        Recorded::of(CLUSTER),
    );
    let file = server.file("ca.crt", &authority.pem());
    for trusted in [
        authority_data(&authority),
        format!("certificate-authority: {}", file.display()),
    ] {
        let (status, found, said) = asked(&server, &[trusted], &[token()]);
        assert_eq!(status, Some(0), "{said}");
        assert!(
            found.contains(&"kube-system/kube-dns".to_owned()),
            "{found:?} {said}"
        );
    }
}

#[test]
fn another_authority_is_not_believed_unless_nobody_is_to_look() {
    let (authority, other) = (Authority::new("kubernetes"), Authority::new("kubernetes"));
    let server = serve(
        &authority.signed(&["127.0.0.1"], |_| {}),
        None,
        Recorded::of(CLUSTER),
    );
    let words = ["signed by no authority", "certificate-authority-data"];
    refused(&server, &[authority_data(&other)], &[token()], &words);
    // Without one, those of this machine count.
    refused(&server, &[], &[token()], &words);
    let blind = "insecure-skip-tls-verify: true".to_owned();
    let (status, found, said) = asked(&server, &[blind], &[token()]);
    assert_eq!(status, Some(0), "{said}");
    assert!(found.len() > 14, "{found:?}");
}

#[test]
fn a_certificate_of_another_name_or_another_time_is_not_believed() {
    let authority = Authority::new("kubernetes");
    let trusted = authority_data(&authority);
    let elsewhere = authority.signed(&["kubernetes.default.svc", "10.43.0.1"], |_| {});
    let server = serve(&elsewhere, None, Recorded::of(CLUSTER));
    refused(
        &server,
        std::slice::from_ref(&trusted),
        &[token()],
        &["127.0.0.1", "tls-server-name"],
    );
    let name = "tls-server-name: kubernetes.default.svc".to_owned();
    let (status, found, said) = asked(&server, &[trusted.clone(), name], &[token()]);
    assert_eq!(status, Some(0), "{said}");
    assert!(found.len() > 14, "{found:?}");

    let old = authority.signed(&["127.0.0.1"], |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    });
    let server = serve(&old, None, Recorded::of(CLUSTER));
    refused(
        &server,
        std::slice::from_ref(&trusted),
        &[token()],
        &["expired", "clock"],
    );
    let young = authority.signed(&["127.0.0.1"], |params| {
        params.not_before = rcgen::date_time_ymd(4001, 1, 1);
        params.not_after = rcgen::date_time_ymd(4002, 1, 1);
    });
    let server = serve(&young, None, Recorded::of(CLUSTER));
    refused(&server, &[trusted], &[token()], &["not valid yet", "clock"]);
}

#[test]
fn clients_show_certificates_where_the_server_asks_for_them() {
    let (authority, other) = (Authority::new("kubernetes"), Authority::new("others"));
    let signed = authority.signed(&["127.0.0.1"], |_| {});
    let server = serve(&signed, Some(&authority), Recorded::of(CLUSTER));
    let trusted = authority_data(&authority);
    let shown = |client: &Identity| {
        vec![
            format!("client-certificate-data: {}", base64(&client.certificate)),
            format!("client-key-data: {}", base64(&client.key)),
            token(),
        ]
    };
    refused(
        &server,
        std::slice::from_ref(&trusted),
        &[token()],
        &["client certificate"],
    );
    refused(
        &server,
        std::slice::from_ref(&trusted),
        &shown(&other.client()),
        &["client certificate"],
    );
    let (status, found, said) = asked(&server, &[trusted], &shown(&authority.client()));
    assert_eq!(status, Some(0), "{said}");
    assert!(found.len() > 14, "{found:?}");
}

#[test]
fn a_server_without_tls_is_told_from_one_with() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    // What a server of HTTP says to bytes that are none.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut some = [0; 64];
            let _ = stream.read(&mut some);
            let _ = stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request");
        }
    });
    let server = Server::start(|_| Reply::Close);
    let blind = "insecure-skip-tls-verify: true".to_owned();
    let file = server.file("plain", &config(&url, &[blind], &[token()]));
    let output = kubenet(&["services", "--kubeconfig"])
        .arg(file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(said.contains("TLS") && said.contains("http://"), "{said}");
}
