//! The floor over TLS: loads the certificates of a file, connects, sends one request, reads the answer to its end and
//! closes. It decides nothing.
//!
//! `bare-tls HOST:PORT PATH`, with the key in `RUNWAYML_API_SECRET` and the file in `SSL_CERT_FILE`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(address), Some(path)) = (args.next(), args.next()) else {
        return ExitCode::from(2);
    };
    match ask(&address, &path) {
        Ok(answer) if answer.starts_with(b"HTTP/1.1 200 ") => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn ask(address: &str, path: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(std::env::var("SSL_CERT_FILE")?)? {
        roots.add(certificate?)?;
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (host, _) = address.rsplit_once(':').ok_or("no port")?;
    let session = ClientConnection::new(Arc::new(config), ServerName::try_from(host.to_owned())?)?;
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut stream = StreamOwned::new(session, stream);
    let key = std::env::var("RUNWAYML_API_SECRET")?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         X-Runway-Version: 2024-11-06\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::with_capacity(16 * 1024);
    // The server closes without a farewell; the answer is whole all the same.
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => Err(error.into()),
        _ => Ok(answer),
    }
}
