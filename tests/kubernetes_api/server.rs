//! An API server on loopback that gives recorded answers: a thread a connection, HTTP/1.1, with TLS or without.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A question: path, and the decoded query.
#[derive(Debug, Clone)]
pub struct Question {
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
}

/// What the server does with it.
pub enum Reply {
    /// Answers.
    Json(u16, String),
    /// Announces so much, sends less, and closes.
    Cut(String),
    /// Never answers.
    Silence,
    /// Closes at once.
    Close,
}

pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
    folder: PathBuf,
}

impl Server {
    pub fn start(answer: impl Fn(&Question) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    /// Serves on a socket that may be in another namespace.
    pub fn serve(
        listener: TcpListener,
        answer: impl Fn(&Question) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::with(listener, url, answer, |stream, answer, log| {
            talk(stream, answer, log)
        })
    }

    /// Serves with TLS.
    pub fn serve_tls(
        listener: TcpListener,
        config: Arc<ServerConfig>,
        answer: impl Fn(&Question) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let url = format!("https://{}", listener.local_addr().unwrap());
        Self::with(listener, url, answer, move |stream, answer, log| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            talk(StreamOwned::new(connection, stream), answer, log)
        })
    }

    fn with<A: Fn(&Question) -> Reply + Send + Sync + 'static>(
        listener: TcpListener,
        url: String,
        answer: A,
        serve: impl Fn(TcpStream, &A, &Mutex<Vec<String>>) -> std::io::Result<()>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, serve, log) = (Arc::new(answer), Arc::new(serve), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, serve, log) = (answer.clone(), serve.clone(), log.clone());
                thread::spawn(move || drop(serve(stream, &*answer, &log)));
            }
        });
        let name = format!("kubenet-api-{}-{}", std::process::id(), url.len());
        let unique = url.rsplit(':').next().unwrap();
        let folder = std::env::temp_dir().join(format!("{name}-{unique}"));
        std::fs::create_dir_all(&folder).unwrap();
        Self { url, asked, folder }
    }

    /// What was asked so far, in no order.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked
    }

    /// A file in a folder that goes with the server.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    /// A kubeconfig of two contexts, `here` and `shop`; the second one's namespace is `shop`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.file("config", &config(&self.url))
    }
}

pub fn config(url: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
         clusters:\n- name: c\n  cluster:\n    server: {url}\n\
         users:\n- name: u\n  user:\n    token: secret-token\n\
         contexts:\n- name: here\n  context: {{cluster: c, user: u}}\n\
         - name: shop\n  context: {{cluster: c, user: u, namespace: shop}}\n"
    )
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn talk(
    stream: impl Read + Write,
    answer: &(impl Fn(&Question) -> Reply + ?Sized),
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        assert!(line.starts_with("GET "), "only GET changes nothing: {line}");
        log.lock().unwrap().push(target.clone());
        let mut headers = BTreeMap::new();
        loop {
            let mut header = String::new();
            lines.read_line(&mut header)?;
            let Some((key, value)) = header.trim().split_once(':') else {
                break;
            };
            headers.insert(key.to_lowercase(), value.trim().to_owned());
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let question = Question {
            path: decoded(path),
            query: pairs.map(|(k, v)| (decoded(k), decoded(v))).collect(),
            headers,
        };
        let stream = lines.get_mut();
        match answer(&question) {
            Reply::Json(code, body) => write!(
                stream,
                "HTTP/1.1 {code} Whatever\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .and_then(|()| stream.flush())?,
            Reply::Cut(body) => {
                return write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len() * 2
                );
            }
            Reply::Silence => loop {
                thread::park();
            },
            Reply::Close => return Ok(()),
        }
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
