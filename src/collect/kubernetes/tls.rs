//! Why TLS let no connection be made, in words: which of the two did not believe the other, and what decides that.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError, Error as TlsError};

/// Who did not believe whom.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// The server's certificate is of nobody who is trusted.
    #[error(
        "its certificate is signed by no authority that is trusted here (hint: certificate-authority-data of the \
         kubeconfig has to be the certificate of this cluster's own authority, as /etc/kubernetes/pki/ca.crt or \
         /var/lib/rancher/k3s/server/tls/server-ca.crt on a server of it)"
    )]
    Issuer,
    /// The server's certificate is for other names.
    #[error(
        "its certificate is not for the name it was asked by: {0} (hint: give one of its names as the kubeconfig's \
         server, or as its tls-server-name)"
    )]
    Name(String),
    /// The server's certificate is too old.
    #[error(
        "its certificate has expired (hint: renew the certificates of the API server, or set the clock of this machine)"
    )]
    Expired,
    /// The server's certificate is too young.
    #[error("its certificate is not valid yet (hint: is the clock of this machine right?)")]
    NotYet,
    /// The server's certificate has another fault.
    #[error("its certificate is not accepted: {0} (hint: `openssl s_client -connect` shows it)")]
    Certificate(String),
    /// The server does not accept what was shown.
    #[error(
        "it does not accept the client certificate: {0} (hint: client-certificate-data of the kubeconfig has to be signed \
         by this cluster, and not to have expired)"
    )]
    Client(String),
    /// It speaks something else.
    #[error(
        "what answers there does not speak TLS (hint: for a server without it, the kubeconfig's server begins with http://)"
    )]
    NoTls,
}

impl Distrust {
    /// Finds it among the causes of an error.
    pub fn find(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(found) = error.downcast_ref::<TlsError>() {
            return Self::of(found);
        }
        // What an I/O error holds is not among its causes, but theirs are.
        let held = error.downcast_ref::<io::Error>();
        let held = held
            .and_then(io::Error::get_ref)
            .map(|held| held as &(dyn Error + 'static));
        held.or_else(|| error.source()).and_then(Self::find)
    }

    fn of(error: &TlsError) -> Option<Self> {
        Some(match error {
            TlsError::InvalidCertificate(fault) => match fault {
                CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::Issuer,
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    Self::Expired
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    Self::NotYet
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => Self::Name(fault.to_string()),
                other => Self::Certificate(other.to_string()),
            },
            TlsError::AlertReceived(alert) => match alert {
                AlertDescription::CertificateRequired => {
                    Self::Client("it asks for one, and none was shown".to_owned())
                }
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::DecryptError
                | AlertDescription::AccessDenied => Self::Client(format!("{alert:?}")),
                _ => return None,
            },
            TlsError::InvalidMessage(_) => Self::NoTls,
            _ => return None,
        })
    }
}
