//! Gets what a request asks for, page by page ("Retrieving large results sets in chunks", Kubernetes API Concepts).
//!
//! A server keeps the state that a list's pages are of for some minutes. When it is gone, it answers 410, and the list is
//! begun anew, in one piece, as client-go's pager does.

use serde_json::Value;

use super::refusal::Refusal;
use super::request::{Request, Which};

/// Objects a page: what kubectl asks for.
const PAGE: u32 = 500;
/// Half a million pods, more than Kubernetes is made for.
const MOST_PAGES: usize = 1000;
/// Most bytes of one list.
const MOST_BYTES: usize = 512 << 20;

/// What came as the body of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// Its text, as far as it came.
    pub text: String,
    /// Why no more came.
    pub cut: Option<String>,
}

/// Who answers.
pub trait Api {
    /// The body of the answer to `GET path`.
    fn get(&self, path: &str) -> impl Future<Output = Result<Body, Refusal>>;
}

/// What a request brought.
#[derive(Debug, Default)]
pub struct Answer {
    /// What came whole.
    pub documents: Vec<Value>,
    /// What came but is no JSON, or is cut short, and why.
    pub broken: Option<(String, Option<String>)>,
    /// Why the rest did not come.
    pub refusal: Option<Refusal>,
}

impl Answer {
    /// Whether it is all that there is.
    pub fn is_whole(&self) -> bool {
        self.broken.is_none() && self.refusal.is_none()
    }
}

/// Asks, until there are no more pages.
pub async fn fetch(api: &impl Api, request: &Request) -> Answer {
    match request.which {
        Which::Named(_) => pages(api, request, None).await,
        _ => match pages(api, request, Some(PAGE)).await {
            expired if expired.refusal == Some(Refusal::Gone) => pages(api, request, None).await,
            answer => answer,
        },
    }
}

async fn pages(api: &impl Api, request: &Request, limit: Option<u32>) -> Answer {
    let mut answer = Answer::default();
    let mut token: Option<String> = None;
    let mut bytes = 0;
    for _ in 0..MOST_PAGES {
        let body = match api.get(&request.path(limit, token.as_deref())).await {
            Ok(body) => body,
            Err(refusal) => {
                answer.refusal = Some(refusal);
                return answer;
            }
        };
        bytes += body.text.len();
        if bytes > MOST_BYTES {
            answer.refusal = Some(Refusal::TooLarge(MOST_BYTES));
            return answer;
        }
        let document: Value = match (serde_json::from_str(&body.text), &body.cut) {
            (Ok(document), None) => document,
            _ => {
                answer.broken = Some((body.text, body.cut));
                return answer;
            }
        };
        let next = document["metadata"]["continue"].as_str();
        let next = next.filter(|next| !next.is_empty()).map(str::to_owned);
        answer.documents.push(document);
        match next {
            None => return answer,
            again if again == token => break,
            next => token = next,
        }
    }
    answer.refusal = Some(Refusal::Endless);
    answer
}
