//! A loopback server that plays a script and writes down what it was asked, and when. The benchmark
//! and the load test have their answers from it as well.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// One thing to do on a connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Send these bytes at once.
    Send(Arc<[u8]>),
    /// Send these bytes one at a time, with a pause after each.
    Drip(Vec<u8>, Duration),
    /// Do nothing for a while.
    Pause(Duration),
    /// Read whatever comes next, once.
    Read,
    /// Close with a reset instead of a farewell.
    Reset,
    /// Keep the connection open and silent until the other side gives up.
    Hang,
    /// Say that the tunnel stands, then carry bytes to and from there: what a proxy does.
    Tunnel(SocketAddr),
}

impl Step {
    /// Send these bytes at once.
    pub(crate) fn send(bytes: impl AsRef<[u8]>) -> Self {
        Step::Send(bytes.as_ref().into())
    }
}

/// One answer: what to do, and whether the connection stays open for another request after it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    steps: Vec<Step>,
    keep: bool,
    at_accept: bool,
}

impl Reply {
    /// An HTTP answer of this status; `Content-Length` is right, and the connection stays open.
    pub(crate) fn http(status: u16, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = format!("HTTP/1.1 {status} Scripted\r\n").into_bytes();
        if status != 204 && status != 304 {
            bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(body);
        Reply {
            steps: vec![Step::send(bytes)],
            keep: true,
            at_accept: false,
        }
    }

    /// A 200 with this JSON document.
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        Reply::http(200, body).header("Content-Type", "application/json")
    }

    /// These bytes as they are, then a close.
    pub(crate) fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Reply::steps([Step::send(bytes)])
    }

    /// These steps, then a close.
    pub(crate) fn steps(steps: impl IntoIterator<Item = Step>) -> Self {
        Reply {
            steps: steps.into_iter().collect(),
            keep: false,
            at_accept: false,
        }
    }

    /// One more step.
    pub(crate) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self.keep = false;
        self
    }

    /// One more header, on an answer made by [`Reply::http`].
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let Some(Step::Send(bytes)) = self.steps.first_mut() else {
            panic!("no head to add to")
        };
        let at = bytes
            .windows(2)
            .position(|two| two == b"\r\n")
            .expect("a status line")
            + 2;
        let (status, rest) = bytes.split_at(at);
        let header = format!("{name}: {value}\r\n");
        *bytes = [status, header.as_bytes(), rest].concat().into();
        self
    }

    /// Play this as soon as the connection stands, without waiting for a request (and outside of TLS).
    pub(crate) fn at_accept(mut self) -> Self {
        self.at_accept = true;
        self
    }
}

/// One request, as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// When its head was complete.
    pub(crate) at: Instant,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// How TLS began on its connection; none without TLS.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "what counts handshakes runs on Linux alone")
    )]
    pub(crate) handshake: Option<rustls::HandshakeKind>,
}

impl Request {
    /// The value of a header that must be there exactly once.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.all(name);
        assert_eq!(found.len(), 1, "{name} in {:?}", self.headers);
        found[0]
    }

    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let same = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(same)
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

type Handler = dyn Fn(usize, &Request) -> Reply + Send + Sync;

struct Shared {
    script: Vec<Reply>,
    handler: Box<Handler>,
    tls: Option<Arc<rustls::ServerConfig>>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    /// Threads that wait for a connection.
    waiting: AtomicUsize,
    stopped: AtomicBool,
}

/// A server on a port of its own; it stops when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Answers the first request with the first reply, and so on; the last one stands for all that follow.
    pub(crate) fn script(replies: impl IntoIterator<Item = Reply>) -> Self {
        Server::scripted(None, replies)
    }

    /// The same over TLS.
    pub(crate) fn tls(
        config: Arc<rustls::ServerConfig>,
        replies: impl IntoIterator<Item = Reply>,
    ) -> Self {
        Server::scripted(Some(config), replies)
    }

    /// Answers as the function says, which also learns how many requests came before.
    pub(crate) fn handler(
        handler: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Server::prepared(1, None, handler)
    }

    /// The same, with threads that wait for connections: none is started while a client waits, as
    /// long as not so many come at once.
    pub(crate) fn prepared(
        waiting: usize,
        tls: Option<Arc<rustls::ServerConfig>>,
        handler: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Server::start(tls, Vec::new(), Box::new(handler), waiting)
    }

    fn scripted(
        tls: Option<Arc<rustls::ServerConfig>>,
        replies: impl IntoIterator<Item = Reply>,
    ) -> Self {
        let script: Vec<_> = replies.into_iter().collect();
        let play = script.clone();
        Server::start(
            tls,
            script,
            Box::new(move |nth, _| play[nth.min(play.len() - 1)].clone()),
            1,
        )
    }

    fn start(
        tls: Option<Arc<rustls::ServerConfig>>,
        script: Vec<Reply>,
        handler: Box<Handler>,
        waiting: usize,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            script,
            handler,
            tls,
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        // On Windows what the standard library accepts is left to every child process, and stays
        // open as long as one of them runs.
        let listener = Arc::new(socket2::Socket::from(listener));
        for _ in 0..waiting {
            shared.wait(&listener);
        }
        Server { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT` if it speaks TLS.
    pub(crate) fn url(&self) -> String {
        match self.shared.tls {
            None => format!("http://{}", self.address),
            Some(_) => format!("https://localhost:{}", self.port()),
        }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().expect("the log").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many requests came, or connections, if none got as far as a request.
    pub(crate) fn seen(&self) -> usize {
        match self.requests().len() {
            0 => self.connections(),
            requests => requests,
        }
    }

    /// The pauses between one request and the next.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        self.requests()
            .windows(2)
            .map(|two| two[1].at - two[0].at)
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    /// Starts a thread that waits for connections, and another one before none waits any more.
    fn wait(self: &Arc<Self>, listener: &Arc<socket2::Socket>) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let (state, listener) = (Arc::clone(self), Arc::clone(listener));
        thread::spawn(move || loop {
            let Ok((socket, _)) = listener.accept() else {
                continue;
            };
            if state.stopped.load(Ordering::SeqCst) {
                // The next one that waits is to hear of it as well.
                if let Some(address) = listener.local_addr().ok().and_then(|it| it.as_socket()) {
                    drop(TcpStream::connect(address));
                }
                return;
            }
            state.connections.fetch_add(1, Ordering::SeqCst);
            if state.waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
                state.wait(&listener);
            }
            state.serve(socket.into());
            if state.stopped.load(Ordering::SeqCst) {
                return;
            }
            state.waiting.fetch_add(1, Ordering::SeqCst);
        });
    }

    fn serve(&self, mut socket: TcpStream) {
        drop(socket.set_nodelay(true));
        let next = self.requests.lock().expect("the log").len();
        if let Some(reply) = self
            .script
            .get(next.min(self.script.len().saturating_sub(1)))
        {
            if reply.at_accept {
                let request = Request {
                    at: Instant::now(),
                    method: String::new(),
                    target: String::new(),
                    headers: Vec::new(),
                    body: Vec::new(),
                    handshake: None,
                };
                self.requests.lock().expect("the log").push(request);
                self.play(&mut socket, reply);
                return;
            }
        }
        match &self.tls {
            None => self.converse(&mut socket),
            Some(config) => {
                let session =
                    rustls::ServerConnection::new(Arc::clone(config)).expect("a TLS session");
                self.converse(&mut rustls::StreamOwned::new(session, socket));
            }
        }
    }

    fn converse(&self, wire: &mut impl Wire) {
        let mut unread = Vec::with_capacity(4096);
        while let Some(request) = read_request(wire, &mut unread) {
            let nth = {
                let mut log = self.requests.lock().expect("the log");
                log.push(request.clone());
                log.len() - 1
            };
            let mut reply = (self.handler)(nth, &request);
            reply.keep &= !request.all("connection").contains(&"close");
            if !self.play(wire, &reply) {
                return;
            }
        }
    }

    /// Whether the connection is still good for another request.
    fn play(&self, wire: &mut impl Wire, reply: &Reply) -> bool {
        for step in &reply.steps {
            match step {
                Step::Send(bytes) => {
                    if wire.write_all(bytes).and_then(|()| wire.flush()).is_err() {
                        return false;
                    }
                }
                Step::Drip(bytes, pause) => {
                    for byte in bytes {
                        let sent = wire.write_all(&[*byte]).and_then(|()| wire.flush());
                        if sent.is_err() || self.stopped.load(Ordering::Relaxed) {
                            return false;
                        }
                        thread::sleep(*pause);
                    }
                }
                Step::Pause(pause) => thread::sleep(*pause),
                Step::Read => {
                    // A request may come in pieces: one that is left unread turns what is sent into a reset.
                    let mut more = wire.read(&mut [0; 4096]);
                    let soon = Some(Duration::from_millis(50));
                    drop(wire.socket().set_read_timeout(soon));
                    while more.is_ok_and(|bytes| bytes > 0) {
                        more = wire.read(&mut [0; 4096]);
                    }
                    drop(wire.socket().set_read_timeout(None));
                }
                Step::Reset => {
                    // What was sent before has to arrive first: a reset throws away what is still on the way.
                    thread::sleep(Duration::from_millis(100));
                    let socket = socket2::SockRef::from(wire.socket());
                    socket.set_linger(Some(Duration::ZERO)).expect("linger");
                    return false;
                }
                Step::Hang => {
                    drop(
                        wire.socket()
                            .set_read_timeout(Some(Duration::from_millis(100))),
                    );
                    while !self.stopped.load(Ordering::Relaxed) {
                        match wire.read(&mut [0; 4096]) {
                            Ok(0) => return false,
                            Ok(_) => {}
                            // A read with a time-out is not started again after a signal.
                            Err(error)
                                if is_timeout(&error)
                                    || error.kind() == std::io::ErrorKind::Interrupted => {}
                            Err(_) => return false,
                        }
                    }
                    return false;
                }
                Step::Tunnel(to) => {
                    tunnel(wire, *to);
                    return false;
                }
            }
        }
        if !reply.keep {
            wire.say_goodbye();
        }
        reply.keep
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    )
}

fn tunnel(wire: &mut impl Wire, to: SocketAddr) {
    let Ok(far) = TcpStream::connect(to) else {
        return;
    };
    if wire
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .is_err()
    {
        return;
    }
    let near = wire.socket().try_clone().expect("a second handle");
    let (mut near_in, mut far_out) = (
        near.try_clone().expect("a handle"),
        far.try_clone().expect("a handle"),
    );
    let up = thread::spawn(move || {
        drop(std::io::copy(&mut near_in, &mut far_out));
        drop(far_out.shutdown(std::net::Shutdown::Write));
    });
    drop(std::io::copy(&mut &far, &mut &near));
    drop(near.shutdown(std::net::Shutdown::Write));
    drop(up.join());
}

/// A connection, with or without TLS.
trait Wire: Read + Write {
    fn socket(&self) -> &TcpStream;
    fn say_goodbye(&mut self);
    fn handshake(&self) -> Option<rustls::HandshakeKind>;
}

impl Wire for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }

    fn say_goodbye(&mut self) {
        drop(self.shutdown(std::net::Shutdown::Write));
    }

    fn handshake(&self) -> Option<rustls::HandshakeKind> {
        None
    }
}

impl Wire for rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
    fn socket(&self) -> &TcpStream {
        &self.sock
    }

    fn say_goodbye(&mut self) {
        self.conn.send_close_notify();
        drop(self.flush());
        self.sock.say_goodbye();
    }

    fn handshake(&self) -> Option<rustls::HandshakeKind> {
        self.conn.handshake_kind()
    }
}

/// Reads one request; what came beyond it stays in `unread`.
fn read_request(wire: &mut impl Wire, unread: &mut Vec<u8>) -> Option<Request> {
    const END: &[u8] = b"\r\n\r\n";
    let end = loop {
        if let Some(end) = unread.windows(END.len()).position(|it| it == END) {
            break end + END.len();
        }
        read_more(wire, unread)?;
    };
    let at = Instant::now();
    let head = String::from_utf8(unread.drain(..end).collect()).expect("a head in UTF-8");
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut request = Request {
        at,
        method,
        target,
        headers,
        body: Vec::new(),
        handshake: wire.handshake(),
    };
    if let [length] = request.all("content-length")[..] {
        let length = length.parse().expect("a length");
        while unread.len() < length {
            read_more(wire, unread)?;
        }
        request.body = unread.drain(..length).collect();
    }
    Some(request)
}

fn read_more(wire: &mut impl Wire, unread: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 4096];
    let count = wire.read(&mut chunk).ok().filter(|count| *count > 0)?;
    unread.extend(&chunk[..count]);
    Some(())
}
