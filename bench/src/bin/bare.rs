//! The floor: connects, sends one request, reads the answer to its end and closes. It decides nothing.
//!
//! `bare HOST:PORT PATH`, with the key in `RUNWAYML_API_SECRET`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(address), Some(path)) = (args.next(), args.next()) else {
        return ExitCode::from(2);
    };
    let key = std::env::var("RUNWAYML_API_SECRET").unwrap_or_default();
    match ask(&address, &path, &key) {
        Ok(answer) if answer.starts_with(b"HTTP/1.1 200 ") => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn ask(address: &str, path: &str, key: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         X-Runway-Version: 2024-11-06\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::with_capacity(16 * 1024);
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
