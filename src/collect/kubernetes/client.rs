//! The connection to an API server, by the `kube` crate: kubeconfig, credentials, TLS. No other file knows that crate.
//!
//! Credentials may come from a program (client-go's exec plugins), which may hang. So all of it is done on a thread that
//! is left behind when the time is over.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::{AuthError, Body as KubeBody};
use kube::config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};
use tokio::runtime;
use tokio::time::{Instant, timeout_at};

use super::known::Known;
use super::learnt::{Here, Learnt};
use super::lists::{Api, Body, fetch};
use super::places::{self, Place, Surroundings};
use super::refusal::Refusal;
use super::tls::Distrust;
use super::wanted::Wanted;
use super::{AccessError, Options};
use crate::model::{Gap, Objects};

/// Most bytes of one answer: 500 pods of the largest size that etcd takes are fewer.
const MOST_BYTES: usize = 256 << 20;
/// A thread that hangs is waited for so much longer than its questions.
const GRACE: Duration = Duration::from_millis(500);
/// More often than this no answer leads to further questions.
const MOST_ROUNDS: usize = 8;

/// A way to an API server: not yet gone.
#[derive(Debug)]
pub struct Access {
    place: Place,
    config: kube::Config,
    patience: Duration,
}

impl Access {
    /// Finds the way. `None` when nobody asked for it and there is none.
    pub fn find(options: &Options) -> Result<Option<Self>, AccessError> {
        let place = places::find(options.kubeconfig.as_deref(), &Surroundings::own());
        let Some(place) = place else {
            return match options.is_named() {
                true => Err(AccessError::NoConfig),
                false => Ok(None),
            };
        };
        let config = configuration(&place, options).map_err(|what| AccessError::Unusable {
            place: place.to_string(),
            what,
        })?;
        Ok(Some(Self {
            place,
            config,
            patience: options.patience(),
        }))
    }

    /// The Kubernetes namespace of bare names: the context's.
    pub fn namespace(&self) -> &str {
        &self.config.default_namespace
    }

    /// Where the way was found, when that is none of kubectl's places.
    pub fn unusual_place(&self) -> Option<String> {
        match &self.place {
            Place::Files(_) => None,
            place => Some(place.to_string()),
        }
    }

    /// Asks for what is wanted, and for no longer than there is patience.
    pub fn read(&self, wanted: &Wanted, here: &Here) -> Learnt {
        let (sender, receiver) = mpsc::channel();
        let (config, patience) = (self.config.clone(), self.patience);
        let (wanted, here) = (wanted.clone(), here.clone());
        let work = move || {
            let learnt = run(config, patience, &wanted, &here);
            // Nobody waits any longer when the time is over.
            let _ = sender.send(learnt);
        };
        let nothing = |what: String| Learnt {
            objects: Objects::unread(),
            gaps: vec![self.gap(what)],
            ..Learnt::default()
        };
        if let Err(error) = thread::Builder::new().spawn(work) {
            return nothing(format!("no thread for its questions: {error}"));
        }
        match receiver.recv_timeout(self.patience + GRACE) {
            Ok(Ok(learnt)) => learnt,
            Ok(Err(what)) => nothing(what),
            Err(_) => nothing(format!(
                "no answer within {} s, nor the credentials to ask with",
                self.patience.as_secs()
            )),
        }
    }

    fn gap(&self, what: String) -> Gap {
        Gap {
            place: format!("Kubernetes API ({})", self.place),
            line: None,
            what,
        }
    }
}

/// What the files say, as kubectl understands them.
fn configuration(place: &Place, options: &Options) -> Result<kube::Config, String> {
    let files = match place {
        Place::ServiceAccount => {
            return kube::Config::incluster_env().map_err(|error| error.to_string());
        }
        Place::Files(files) => files.as_slice(),
        Place::Distribution(file) => std::slice::from_ref(file),
    };
    let mut all = Kubeconfig::default();
    for file in files {
        let read = Kubeconfig::read_from(file).map_err(in_words)?;
        all = all.merge(read).map_err(in_words)?;
    }
    if !options.is_named() {
        // A program that asks questions would spoil an answer that nobody asked it for.
        let users = all.auth_infos.iter_mut();
        for user in users.filter_map(|user| user.auth_info.as_mut()) {
            if let Some(exec) = &mut user.exec {
                exec.interactive_mode = Some(ExecInteractiveMode::Never);
            }
        }
    }
    let contexts: Vec<String> = all
        .contexts
        .iter()
        .map(|known| known.name.clone())
        .collect();
    let wanted = KubeConfigOptions {
        context: options.context.clone(),
        ..KubeConfigOptions::default()
    };
    let runtime = runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| error.to_string())?;
    let loaded = runtime.block_on(kube::Config::from_custom_kubeconfig(all, &wanted));
    let mut config = loaded.map_err(|error| match error {
        KubeconfigError::LoadContext(name) if contexts.is_empty() => {
            format!("it has no context {name}, nor any other")
        }
        KubeconfigError::LoadContext(name) => format!(
            "it has no context {name} (hint: it has {})",
            contexts.join(", ")
        ),
        KubeconfigError::CurrentContextNotSet => match contexts.as_slice() {
            [] => "it has no context".to_owned(),
            names => format!(
                "no context is current in it (hint: --context {})",
                names.join(" or --context ")
            ),
        },
        other => in_words(other),
    })?;
    config.connect_timeout = Some(options.patience());
    // To wait and ask again is not worth while within so short a time.
    config.default_retry = false;
    Ok(config)
}

fn in_words(error: KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, file) => {
            format!("{} cannot be read: {error}", file.display())
        }
        KubeconfigError::Parse(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            format!("no kubeconfig: {first}")
        }
        other => other.to_string(),
    }
}

/// Asks until there is nothing left to ask.
fn run(
    config: kube::Config,
    patience: Duration,
    wanted: &Wanted,
    here: &Here,
) -> Result<Learnt, String> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let learnt = runtime.block_on(async {
        let usual = config.default_namespace.clone();
        let server = config.cluster_url.to_string();
        let deadline = Instant::now() + patience;
        let client = Client::try_from(config).map_err(|error| refusal(error).to_string())?;
        let api = Server { client, deadline };
        let mut known = Known::default();
        for _ in 0..MOST_ROUNDS {
            let requests = known.next(wanted, here, &usual);
            if requests.is_empty() {
                break;
            }
            let answers = join_all(requests.iter().map(|request| fetch(&api, request))).await;
            for (request, answer) in requests.into_iter().zip(answers) {
                known.take(request, answer);
            }
        }
        let mut learnt = known.finish(here);
        for gap in &mut learnt.gaps {
            gap.place = format!("{} at {server}", gap.place);
        }
        Ok(learnt)
    });
    // Looking up a name cannot be interrupted.
    runtime.shutdown_background();
    learnt
}

/// A server that can be asked.
struct Server {
    client: Client,
    deadline: Instant,
}

impl Api for Server {
    async fn get(&self, path: &str) -> Result<Body, Refusal> {
        let request = http::Request::get(path)
            .header(http::header::ACCEPT, "application/json")
            .body(KubeBody::empty())
            .map_err(|error| Refusal::BadRequest(error.to_string()))?;
        let answer = match timeout_at(self.deadline, self.client.send(request)).await {
            Ok(sent) => sent.map_err(refusal)?,
            Err(_) => return Err(Refusal::TimedOut),
        };
        let status = answer.status();
        let body = timeout_at(self.deadline, text(answer.into_body())).await;
        match (status.is_success(), body) {
            (true, Ok(Err(refusal))) => Err(refusal),
            (true, Ok(Ok(body))) => Ok(body),
            (true, Err(_)) => Err(Refusal::TimedOut),
            (false, body) => {
                let text = body.ok().and_then(Result::ok).unwrap_or_default().text;
                let status_object: serde_json::Value =
                    serde_json::from_str(&text).unwrap_or_default();
                let message = status_object["message"].as_str().unwrap_or(&text);
                Err(Refusal::of_status(status.as_u16(), message))
            }
        }
    }
}

/// A body as far as it comes.
async fn text(mut body: KubeBody) -> Result<Body, Refusal> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut cut = None;
    while let Some(frame) = body.frame().await {
        match frame.map(|frame| frame.into_data()) {
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            // Trailers.
            Ok(Err(_)) => {}
            Err(error) => {
                cut = Some(deepest(&error));
                break;
            }
        }
        if bytes.len() > MOST_BYTES {
            return Err(Refusal::TooLarge(MOST_BYTES));
        }
    }
    Ok(Body {
        text: String::from_utf8_lossy(&bytes).into_owned(),
        cut,
    })
}

/// What the client says when no answer came.
fn refusal(error: kube::Error) -> Refusal {
    match error {
        // What the program was given and what it printed may be secret; what it complained of is not.
        kube::Error::Auth(AuthError::AuthExecRun { out, .. }) => {
            let said = String::from_utf8_lossy(&out.stderr);
            let first = said.lines().find(|line| !line.trim().is_empty());
            Refusal::Unauthorized(format!(
                "the program that gives them failed ({}): {}",
                out.status,
                first.unwrap_or("it said nothing").trim()
            ))
        }
        kube::Error::Auth(error) => Refusal::Unauthorized(error.to_string()),
        kube::Error::Api(status) => Refusal::of_status(status.code, &status.message),
        error => match Distrust::find(&error) {
            Some(distrust) => Refusal::Distrust(distrust),
            None => Refusal::Unreachable(deepest(&error)),
        },
    }
}

/// What is at the end of a chain of causes: the system's own words.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        deepest = error.to_string();
        cause = error.source();
    }
    deepest
}
