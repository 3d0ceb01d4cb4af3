//! Why a question got no answer, or only a part of one.

use super::request::Request;
use super::tls::Distrust;
use crate::collect::report::excerpt;

/// What became of a question that was not answered whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 401: the server does not know who asks.
    #[error("it does not know these credentials: {0} (hint: log in anew, as for kubectl)")]
    Unauthorized(String),
    /// 403: RBAC does not allow it.
    #[error("it refuses: {0}")]
    Forbidden(String),
    /// 404: there is no such object.
    #[error("there is none")]
    NotFound,
    /// 410: the list is no longer kept that its pages are of.
    #[error("the pages of its list expired while they were read")]
    Gone,
    /// 400: a selector that this server does not know, for one.
    #[error("it does not understand the question: {0}")]
    BadRequest(String),
    /// Any other status.
    #[error("it answers {0}: {1}")]
    Failed(u16, String),
    /// No answer within the time that there was.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or one that broke before the answer began.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// A connection that TLS did not let be made.
    #[error("{0}")]
    Distrust(Distrust),
    /// More than is read.
    #[error("its answer is larger than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// Pages without end.
    #[error("its list does not end")]
    Endless,
}

impl Refusal {
    /// Whether it says nothing of one question but of the server: any other would have fared as ill.
    pub fn is_of_server(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Distrust(_) | Self::Unauthorized(_)
        )
    }

    /// In words, with what to do about it.
    pub fn about(&self, request: &Request) -> String {
        match self {
            _ if self.is_of_server() => self.to_string(),
            Self::Forbidden(_) => {
                let scope = match &request.namespace {
                    Some(namespace) => format!("in namespace {namespace}"),
                    None => "in all namespaces".to_owned(),
                };
                format!(
                    "{request}: {self} (hint: RBAC has to allow the verb {} on {} {scope})",
                    request.verb(),
                    request.resource()
                )
            }
            _ => format!("{request}: {self}"),
        }
    }

    /// What a status of HTTP and the message in the server's answer say.
    pub fn of_status(code: u16, message: &str) -> Self {
        const LONGEST: usize = 300;
        let message = match message.trim() {
            "" => "without a reason".to_owned(),
            text if text.chars().count() <= LONGEST && !text.contains(char::is_control) => {
                text.to_owned()
            }
            text => excerpt(text),
        };
        match code {
            400 => Self::BadRequest(message),
            401 => Self::Unauthorized(message),
            403 => Self::Forbidden(message),
            404 => Self::NotFound,
            410 => Self::Gone,
            code => Self::Failed(code, message),
        }
    }
}
