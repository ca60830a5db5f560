//! Answers as Runway does, as fast as it can, so that what is measured is the client.
//!
//! `server BODIES [CHAIN.pem KEY.pem]` serves each folder `NAME` in BODIES under `/NAME/v1/organization` (its
//! `organization.json`) and `/NAME/v1/organization/usage` (its `usage.json`), over plain HTTP and, if a certificate
//! is given, over TLS. It prints a line with each port. `/count` tells how many answers were given. It ends when its
//! standard input does.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::{env, fs, thread};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Threads that wait for a connection: none is started while a client waits.
const WAITING: usize = 8;

struct Answers {
    by_path: HashMap<String, Vec<u8>>,
    given: AtomicU64,
}

fn main() -> Outcome<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let (bodies, identity) = match args.as_slice() {
        [bodies] => (bodies, None),
        [bodies, chain, key] => (bodies, Some((chain, key))),
        _ => return Err("usage: server BODIES [CHAIN.pem KEY.pem]".into()),
    };
    let answers = Arc::new(Answers {
        by_path: read_bodies(Path::new(bodies))?,
        given: AtomicU64::new(0),
    });
    println!("http {}", listen(&answers, None)?);
    if let Some((chain, key)) = identity {
        println!("https {}", listen(&answers, Some(tls_config(chain, key)?))?);
    }
    io::stdout().flush()?;
    io::stdin().lock().lines().for_each(drop);
    Ok(())
}

fn read_bodies(folder: &Path) -> Outcome<HashMap<String, Vec<u8>>> {
    let mut by_path = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        for (path, file) in [
            ("organization", "organization.json"),
            ("organization/usage", "usage.json"),
        ] {
            if let Ok(body) = fs::read(entry.path().join(file)) {
                by_path.insert(format!("/{name}/v1/{path}"), whole_answer("200 OK", &body));
            }
        }
    }
    Ok(by_path)
}

/// Head and body in one piece, to be sent by one call.
fn whole_answer(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn tls_config(chain: &str, key: &str) -> Outcome<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(chain)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn listen(answers: &Arc<Answers>, tls: Option<Arc<ServerConfig>>) -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    for _ in 0..WAITING {
        let (listener, answers, tls) = (listener.try_clone()?, Arc::clone(answers), tls.clone());
        thread::spawn(move || loop {
            // What goes wrong with one connection is the client's to tell.
            let _ = listener
                .accept()
                .and_then(|(stream, _)| serve(stream, &answers, tls.as_ref()));
        });
    }
    Ok(port)
}

fn serve(stream: TcpStream, answers: &Answers, tls: Option<&Arc<ServerConfig>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => answer_all(stream, answers),
        Some(config) => {
            let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
            answer_all(StreamOwned::new(connection, stream), answers)
        }
    }
}

/// Answers one request after another, until the client closes or asks to.
fn answer_all(mut stream: impl Read + Write, answers: &Answers) -> io::Result<()> {
    let mut request = Vec::with_capacity(4096);
    loop {
        request.clear();
        if !read_request(&mut stream, &mut request)? {
            return Ok(());
        }
        let head = String::from_utf8_lossy(&request);
        let path = head.split(' ').nth(1).unwrap_or_default();
        if path == "/count" {
            let count = answers.given.load(Ordering::SeqCst).to_string();
            stream.write_all(&whole_answer("200 OK", count.as_bytes()))?;
        } else {
            answers.given.fetch_add(1, Ordering::SeqCst);
            match answers.by_path.get(path) {
                Some(answer) => stream.write_all(answer)?,
                None => stream
                    .write_all(&whole_answer("404 Not Found", b"{\"error\":\"Not Found\"}"))?,
            }
        }
        stream.flush()?;
        if head
            .to_ascii_lowercase()
            .contains("\r\nconnection: close\r\n")
        {
            return Ok(());
        }
    }
}

/// Reads one head and, if it tells a length, its body. False at the end of the connection.
fn read_request(stream: &mut impl Read, request: &mut Vec<u8>) -> io::Result<bool> {
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|value| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if request.len() >= end + 4 + length {
                return Ok(true);
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(false),
            read => request.extend_from_slice(&chunk[..read]),
        }
    }
}
