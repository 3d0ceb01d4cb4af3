//! Runtimes that answer, that refuse, that are silent and that talk nonsense, played on a socket. What is answered was
//! recorded of containerd 1.6.20, which ran two pods, one of them in its node's network (the process of another had been
//! killed, one was stopped, and one had a second sandbox); what it told is what `kubenet` has to make of it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::net::UnixListener;
use std::sync::Mutex;
use std::thread;

use super::*;
use crate::collect::live::namespaces::Identity;
use crate::model::Holder;

const LIST: &[u8] = include_bytes!("recorded/list.bin");
const VERSION: &[u8] = include_bytes!("recorded/version.bin");
/// The `PodSandboxStatusResponse` of each sandbox that was asked for, by its pod.
const STATUS: [(&str, &[u8]); 4] = [
    ("web", include_bytes!("recorded/web.bin")),
    ("exporter", include_bytes!("recorded/exporter.bin")),
    ("stuck", include_bytes!("recorded/stuck.bin")),
    ("stopped", include_bytes!("recorded/stopped.bin")),
];
const WEB: &str = "1974ec4cec212c4dcd0728b9d364936ff469d5ec32b370061831bda4731062ab";

/// What a server says to a question.
#[derive(Debug, Clone)]
enum Reply {
    Message(Vec<u8>),
    Bare(Vec<u8>),
    Status(u16, &'static str),
    Http(u16),
    Silence,
    End,
}

/// A machine of files and sockets.
struct Machine {
    root: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    fn new(name: &str) -> Self {
        let name = format!("kubenet-cri-{name}-{}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(root.join("run/containerd")).unwrap();
        Self {
            root,
            asked: Arc::default(),
        }
    }

    fn socket(&self) -> PathBuf {
        self.root.join("run/containerd/containerd.sock")
    }

    /// A process in the namespace that is pinned to that file.
    fn process(&self, pid: u32, pinned: &str) {
        let file = self.pin(pinned);
        let folder = self.root.join(format!("proc/{pid}/ns"));
        fs::create_dir_all(&folder).unwrap();
        fs::hard_link(file, folder.join("net")).unwrap();
    }

    fn pin(&self, pinned: &str) -> PathBuf {
        let file = self.root.join(pinned);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        if !file.exists() {
            fs::write(&file, "").unwrap();
        }
        file
    }

    /// A runtime that answers so at its usual socket.
    fn serves(&self, answer: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) {
        let listener = UnixListener::bind(self.socket()).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (answer, asked) = (Arc::new(answer), Arc::clone(&self.asked));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::UnixListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
                    tokio::spawn(async move {
                        let mut connection = h2::server::Builder::new()
                            .handshake::<_, Cursor<Vec<u8>>>(stream)
                            .await
                            .unwrap();
                        while let Some(Ok((request, respond))) = connection.accept().await {
                            let path = request.uri().path().to_owned();
                            asked.lock().unwrap().push(path.clone());
                            let answer = Arc::clone(&answer);
                            tokio::spawn(reply(path, request.into_body(), respond, answer));
                        }
                    });
                }
            });
        });
    }

    fn ask(&self, known: &[Kept]) -> Told {
        ask(&self.root, None, known)
    }

    fn asked(&self, method: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|path| path.ends_with(method)).count()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.root).unwrap();
    }
}

async fn reply(
    path: String,
    mut body: h2::RecvStream,
    mut respond: h2::server::SendResponse<Cursor<Vec<u8>>>,
    answer: Arc<impl Fn(&str, &[u8]) -> Reply>,
) {
    let mut message = Vec::new();
    while let Some(Ok(chunk)) = body.data().await {
        message.extend_from_slice(&chunk);
    }
    let response = |status: u16| http::Response::builder().status(status);
    let trailers = |code: u16, message: &str| {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", code.into());
        trailers.insert("grpc-message", message.parse().unwrap());
        trailers
    };
    let framed = match answer(&path, &message[5..]) {
        Reply::Message(message) => {
            let mut framed = vec![0];
            framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
            framed.extend(message);
            framed
        }
        Reply::Bare(bytes) => bytes,
        Reply::Status(code, message) => {
            let mut headers = response(200).body(()).unwrap();
            *headers.headers_mut() = trailers(code, message);
            respond.send_response(headers, true).unwrap();
            return;
        }
        Reply::Http(status) => {
            let headers = response(status).body(()).unwrap();
            respond.send_response(headers, true).unwrap();
            return;
        }
        Reply::Silence => return std::future::pending().await,
        Reply::End => return,
    };
    let headers = response(200).body(()).unwrap();
    let mut send = respond.send_response(headers, false).unwrap();
    // Who does not want to hear more resets the stream.
    let _ = send.send_data(Cursor::new(framed), false);
    let _ = send.send_trailers(trailers(0, ""));
}

/// What containerd answered.
fn recorded(path: &str, message: &[u8]) -> Reply {
    let listed = messages::listed(LIST).unwrap();
    let id = || String::from_utf8(message[2..66].to_vec()).unwrap();
    match path.rsplit('/').next() {
        Some("ListPodSandbox") => Reply::Message(LIST.to_vec()),
        Some("Version") => Reply::Message(VERSION.to_vec()),
        Some("PodSandboxStatus") => {
            let its = listed.iter().find(|one| one.id == id()).unwrap();
            let Holder::Pod { name, .. } = &its.holder else {
                panic!("{its:?}");
            };
            let status = STATUS.iter().find(|(pod, _)| pod == name);
            status.map_or(Reply::Status(5, "not found"), |(_, bytes)| {
                Reply::Message(bytes.to_vec())
            })
        }
        _ => Reply::Status(12, "unknown method"),
    }
}

/// A sandbox's process, whether it is ready, and its namespace.
type Summary = (Option<u32>, Option<bool>, Option<Identity>);

/// What is kept, by pod.
fn kept(told: &Told) -> BTreeMap<&str, Summary> {
    let of_each = told.kept.iter().map(|kept| {
        let Holder::Pod { name, .. } = &kept.sandbox.holder else {
            panic!("{kept:?}");
        };
        let sandbox = &kept.sandbox;
        (name.as_str(), (sandbox.pid, sandbox.ready, kept.netns))
    });
    of_each.collect()
}

#[test]
fn what_containerd_told_is_understood() {
    let machine = Machine::new("containerd");
    assert!(machine.ask(&[]).holes.is_empty());
    machine.process(1, "host");
    machine.process(1415, "host");
    let web = "var/run/netns/cni-8e513f7a-6eef-c61f-010b-b4f991b69af0";
    machine.process(1363, web);
    let stuck = "var/run/netns/cni-8fc30dc8-d851-402b-49d1-8a4bd8d7c2af";
    machine.pin(stuck);
    machine.serves(recorded);
    let told = machine.ask(&[]);
    let netns = |pinned: &str| identity_of(&machine.root.join(pinned));
    let expected = BTreeMap::from([
        ("web", (Some(1363), Some(true), netns(web))),
        ("exporter", (Some(1415), Some(true), netns("host"))),
        ("stuck", (None, Some(false), netns(stuck))),
    ]);
    // The stopped one holds no network, and of the other two no status was recorded.
    assert_eq!(kept(&told), expected);
    assert_eq!(told.holes, [""; 0]);
    assert_eq!(told.runtimes, [Runtime::Containerd]);
    let pod = Holder::Pod {
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        uid: Some("11111111-0000-4000-8000-000000000001".to_owned()),
    };
    let web = told.kept.iter().find(|kept| kept.sandbox.id == WEB);
    assert_eq!(web.unwrap().sandbox.holder, pod);
    assert_eq!(told.ready.len(), 6);
    assert_eq!(machine.asked("PodSandboxStatus"), 6);
    // What is known is not asked for again.
    machine.ask(&told.kept);
    assert_eq!(machine.asked("PodSandboxStatus"), 6 + 3);
}

#[test]
fn a_runtime_of_the_older_version_is_understood() {
    let machine = Machine::new("older");
    machine.process(1, "host");
    machine.serves(
        |path, message| match path.starts_with("/runtime.v1alpha2.") {
            true => recorded(path, message),
            false => Reply::Status(12, "unknown service runtime.v1.RuntimeService"),
        },
    );
    let told = machine.ask(&[]);
    assert_eq!(told.runtimes, [Runtime::Containerd]);
    assert!(kept(&told).contains_key("exporter"));
}

#[test]
fn who_is_named_is_asked_who_it_is() {
    let machine = Machine::new("named");
    machine.serves(recorded);
    let elsewhere = machine.root.join("elsewhere.sock");
    fs::rename(machine.socket(), &elsewhere).unwrap();
    let endpoint = format!("unix://{}", elsewhere.display());
    let told = ask(&machine.root, Some(&endpoint), &[]);
    assert_eq!(told.runtimes, [Runtime::Containerd]);
    assert_eq!(machine.asked("Version"), 1);
    let told = ask(&machine.root, Some("unix:///nonexistent.sock"), &[]);
    let [hole] = told.holes.as_slice() else {
        panic!("{told:?}");
    };
    assert!(
        hole.contains("/nonexistent.sock") && hole.contains("No such file"),
        "{hole}"
    );
}

#[test]
fn a_containerd_without_cri_is_no_runtime_of_pods() {
    let machine = Machine::new("without");
    machine.serves(|_, _| Reply::Status(12, "unknown service"));
    let told = machine.ask(&[]);
    assert!(
        told.holes.is_empty() && told.runtimes.is_empty(),
        "{told:?}"
    );
    // But somebody who names it is told.
    let link = machine.root.join("link.sock");
    fs::rename(machine.socket(), &link).unwrap();
    let told = ask(&machine.root, link.to_str(), &[]);
    assert!(told.holes[0].contains("unknown service"), "{told:?}");
}

#[test]
fn refusals_and_nonsense_are_told() {
    let huge = || Reply::Bare(vec![0; (16 << 20) + 6]);
    let cases: [(&str, Reply, &str); 10] = [
        (
            "refused",
            Reply::Status(7, "not allowed"),
            "gRPC status 7: not allowed",
        ),
        ("http", Reply::Http(404), "no gRPC: HTTP 404 Not Found"),
        ("silent", Reply::Silence, "no answer within 1 s"),
        ("ends", Reply::End, "HTTP/2: "),
        ("empty", Reply::Bare(Vec::new()), "not one message"),
        (
            "short",
            Reply::Bare(vec![0, 0, 0, 0, 9, 1]),
            "not one message",
        ),
        (
            "packed",
            Reply::Bare(vec![1, 0, 0, 0, 1, 1]),
            "not one message",
        ),
        ("huge", huge(), "more than 16 MiB"),
        (
            "garbage",
            Reply::Message(b"\x0a\xffgarbage".to_vec()),
            "not of Protocol Buffers",
        ),
        (
            "nameless",
            Reply::Message(b"\x0a\x02\x0a\x00".to_vec()),
            "not of Protocol Buffers",
        ),
    ];
    for (name, reply, expected) in cases {
        let machine = Machine::new(name);
        machine.serves(move |_, _| reply.clone());
        let start = std::time::Instant::now();
        let told = machine.ask(&[]);
        let [hole] = told.holes.as_slice() else {
            panic!("{name}: {told:?}");
        };
        assert!(hole.contains(expected), "{name}: {hole}");
        assert!(hole.starts_with("containerd at /"), "{name}: {hole}");
        assert!(told.kept.is_empty() && told.runtimes.is_empty());
        // Much later than it should be, as machines that test are busy.
        assert!(start.elapsed() < Duration::from_secs(20), "{name}");
    }
}

#[test]
fn what_was_told_before_silence_counts() {
    let machine = Machine::new("half");
    machine.process(1, "host");
    machine.serves(|path, message| match recorded(path, message) {
        Reply::Status(..) => Reply::Silence,
        reply => reply,
    });
    let told = machine.ask(&[]);
    assert_eq!(told.ready.len(), 6);
    assert!(told.holes[0].contains("no answer within 1 s"), "{told:?}");
    assert!(told.runtimes.is_empty());
}

#[test]
fn who_speaks_no_http2_is_told() {
    let machine = Machine::new("http1");
    let listener = UnixListener::bind(machine.socket()).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
    });
    let told = machine.ask(&[]);
    assert!(told.holes[0].contains("HTTP/2: "), "{told:?}");
    // Nobody listens any more.
    let machine = Machine::new("left");
    drop(UnixListener::bind(machine.socket()).unwrap());
    let told = machine.ask(&[]);
    assert!(told.holes[0].contains("Connection refused"), "{told:?}");
}
