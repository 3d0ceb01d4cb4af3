//! One call of gRPC (grpc/grpc, doc/PROTOCOL-HTTP2.md) on a socket: a request of HTTP/2 with one message, and a response
//! with one, whose trailers say how it went. A message has five bytes before it: whether it is compressed, which is not
//! asked for, and its length.

use std::io::{self, Cursor};
use std::path::Path;

use h2::client::{self, SendRequest};
use http::{HeaderMap, Method, Request, StatusCode};
use tokio::net::UnixStream;

/// What kubelet and crictl take at most (kubernetes/cri-client).
const LONGEST: usize = 16 << 20;
const PREFIX: usize = 5;
/// More than a status and its message take.
const HEADERS: u32 = 64 << 10;
/// The status of methods and services that a server does not have (grpc/grpc, doc/statuscodes.md).
const UNIMPLEMENTED: u16 = 12;

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// Nobody listens, or not for everybody.
    #[error("{0}")]
    Connect(#[from] io::Error),
    /// It does not speak HTTP/2, or stopped to.
    #[error("HTTP/2: {0}")]
    Http2(#[from] h2::Error),
    /// It speaks HTTP/2 alone.
    #[error("no gRPC: {0}")]
    NotGrpc(String),
    /// It answered that it does not answer this.
    #[error("gRPC status {code}: {message}")]
    Refused {
        /// The status, by its number.
        code: u16,
        /// What it says to that.
        message: String,
    },
    /// It answered something else.
    #[error("{0}")]
    Malformed(#[from] super::protobuf::Malformed),
    /// It answered more than there can be to say.
    #[error("an answer of more than 16 MiB")]
    TooLong,
}

impl CallError {
    /// The server has no such service.
    pub fn is_unimplemented(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == UNIMPLEMENTED)
    }
}

/// A connection to a server. It lasts as long as the runtime (tokio's) that it was made in.
pub(super) struct Client {
    send: SendRequest<Cursor<Vec<u8>>>,
}

impl Client {
    /// Connects.
    pub async fn connect(socket: &Path) -> Result<Self, CallError> {
        let stream = UnixStream::connect(socket).await?;
        let mut builder = client::Builder::new();
        builder.enable_push(false).max_header_list_size(HEADERS);
        let (send, connection) = builder.handshake(stream).await?;
        // Its end is an error of the calls.
        tokio::spawn(connection);
        Ok(Self { send })
    }

    /// Asks one question of a service.
    pub async fn call(
        &self,
        service: &str,
        method: &str,
        message: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://localhost/{service}/{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .map_err(|error| CallError::NotGrpc(error.to_string()))?;
        let mut framed = vec![0];
        framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
        framed.extend_from_slice(message);
        let mut send = self.send.clone().ready().await?;
        let (response, mut body) = send.send_request(request, false)?;
        body.send_data(Cursor::new(framed), true)?;
        let response = response.await?;
        if response.status() != StatusCode::OK {
            return Err(CallError::NotGrpc(format!("HTTP {}", response.status())));
        }
        // A refusal may come without a body, and its status with the headers.
        if response.headers().contains_key("grpc-status") {
            went_well(response.headers())?;
        }
        let mut data = response.into_body();
        let mut answer = Vec::new();
        while let Some(chunk) = data.data().await {
            let chunk = chunk?;
            if answer.len() + chunk.len() > PREFIX + LONGEST {
                return Err(CallError::TooLong);
            }
            data.flow_control().release_capacity(chunk.len())?;
            answer.extend_from_slice(&chunk);
        }
        went_well(&data.trailers().await?.unwrap_or_default())?;
        unframed(answer)
    }
}

/// The status that a call ended with.
fn went_well(headers: &HeaderMap) -> Result<(), CallError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match text("grpc-status").and_then(|code| code.parse().ok()) {
        Some(0) => Ok(()),
        Some(code) => Err(CallError::Refused {
            code,
            message: text("grpc-message").unwrap_or("no more is said").to_owned(),
        }),
        None => Err(CallError::NotGrpc("an answer without a status".to_owned())),
    }
}

/// The only message of an answer.
fn unframed(mut answer: Vec<u8>) -> Result<Vec<u8>, CallError> {
    match answer.get(..PREFIX) {
        Some([0, length @ ..])
            if length
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
                == answer.len() - PREFIX =>
        {
            answer.drain(..PREFIX);
            Ok(answer)
        }
        _ => Err(CallError::NotGrpc(
            "an answer that is not one message".to_owned(),
        )),
    }
}
