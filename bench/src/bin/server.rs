//! Answers as Runway does, as fast as it can, so that what is measured is the client.
//!
//! `server BODIES [CHAIN.pem KEY.pem]` serves each folder `NAME` in BODIES under `/NAME/v1/organization` (its
//! `organization.json`) and `/NAME/v1/organization/usage` (its `usage.json`), over plain HTTP and, if a certificate
//! is given, over TLS. It prints a line with each port. `/count` tells how many answers were given. It ends when its
//! standard input does.

#[path = "../../../tests/it/support/server.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod server;

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::{env, fs};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::ServerConfig;

use server::{Reply, Server};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// More clients at once than the benchmark has.
const WAITING: usize = 8;

struct Answers {
    by_path: HashMap<String, Reply>,
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
    let http = serve(&answers, None);
    println!("http {}", http.port());
    let https = match identity {
        Some((chain, key)) => Some(serve(&answers, Some(tls_config(chain, key)?))),
        None => None,
    };
    if let Some(https) = &https {
        println!("https {}", https.port());
    }
    io::stdout().flush()?;
    io::stdin().lock().lines().for_each(drop);
    Ok(())
}

fn serve(answers: &Arc<Answers>, tls: Option<Arc<ServerConfig>>) -> Server {
    let answers = Arc::clone(answers);
    Server::prepared(WAITING, tls, move |_, request| {
        if request.target == "/count" {
            return Reply::ok(answers.given.load(Ordering::SeqCst).to_string());
        }
        answers.given.fetch_add(1, Ordering::SeqCst);
        let answer = answers.by_path.get(&request.target).cloned();
        answer.unwrap_or_else(|| Reply::http(404, r#"{"error":"Not Found"}"#))
    })
}

fn read_bodies(folder: &Path) -> Outcome<HashMap<String, Reply>> {
    let mut by_path = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        for (path, file) in [
            ("organization", "organization.json"),
            ("organization/usage", "usage.json"),
        ] {
            if let Ok(body) = fs::read(entry.path().join(file)) {
                by_path.insert(format!("/{name}/v1/{path}"), Reply::ok(body));
            }
        }
    }
    Ok(by_path)
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
