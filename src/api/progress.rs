//! How far a request has come: a failure is reported with the phase it happened in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::diagnostic::Fault;

/// How far a request has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Looking up the name.
    #[default]
    Lookup,
    /// Opening the connection.
    Connect,
    /// Through the proxy.
    Tunnel,
    /// The TLS handshake.
    Handshake,
    /// From the request to the end of the answer's headers.
    Answer,
    /// The answer's body.
    Body,
}

impl Phase {
    /// What is being done, as a part of a sentence.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Lookup => "looking up the host's name",
            Self::Connect => "opening the connection",
            Self::Tunnel => "waiting for the proxy to open a tunnel",
            Self::Handshake => "negotiating TLS",
            Self::Answer => "waiting for the answer",
            Self::Body => "reading the answer",
        }
    }
}

/// Shared by everything that takes part in a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<Mutex<State>>);

/// What is known of a check, and of the request under way.
#[derive(Debug, Default)]
pub(super) struct State {
    /// When the check must be over.
    pub(super) deadline: Option<Instant>,
    /// How long it was from the start.
    pub(super) timeout: Duration,
    /// Tries in a row that got no answer.
    pub(super) broken: u32,
    pub(super) phase: Phase,
    /// The addresses of the one host that is connected to, Runway's or the proxy's.
    pub(super) known: Option<Vec<SocketAddr>>,
    /// The addresses that were tried, and whether they answered.
    pub(super) tried: Vec<(SocketAddr, Option<bool>)>,
}

impl State {
    /// Begins a request.
    pub(super) fn start(&mut self) {
        self.phase = Phase::Lookup;
        self.tried.clear();
    }

    /// How many tries in a row got no answer, with this one, where another address may do better.
    pub(super) fn note_failure(&mut self, fault: &Fault) -> u32 {
        if let Fault::Refused(_) = fault {
            self.broken = 0;
        } else {
            self.broken = self.broken.saturating_add(1);
            self.known = None;
        }
        self.broken
    }
}

impl Progress {
    /// What is known; to be let go at once.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the check may still take.
    pub(super) fn left(&self) -> Duration {
        let left = |at: Instant| at.saturating_duration_since(Instant::now());
        self.state().deadline.map_or(Duration::ZERO, left)
    }

    /// Notes what came of an address; the newest outcome counts.
    pub(super) fn note_address(&self, address: SocketAddr, outcome: Option<bool>) {
        let tried = &mut self.state().tried;
        match tried.iter_mut().find(|(known, _)| *known == address) {
            Some((_, known)) => *known = outcome,
            None => tried.push((address, outcome)),
        }
    }

    /// The addresses that were tried, in words.
    pub(super) fn addresses(&self) -> String {
        let state = self.state();
        let tried = state.tried.iter();
        let tried = tried.map(|(address, outcome)| match outcome {
            None => format!("{address} no answer yet"),
            Some(true) => format!("{address} connected"),
            Some(false) => format!("{address} failed"),
        });
        match state.phase {
            Phase::Lookup => "no address".to_owned(),
            _ if state.tried.is_empty() => "no new connection".to_owned(),
            _ => tried.collect::<Vec<_>>().join(", "),
        }
    }
}
