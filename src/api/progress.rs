//! How far a request has come: a failure is reported with the phase it happened in.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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

/// When a check must be over.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    /// How long it was from the start.
    pub timeout: Duration,
}

impl Deadline {
    /// `timeout` from now.
    pub fn after(timeout: Duration) -> Self {
        let now = Instant::now();
        Self {
            at: now.checked_add(timeout).unwrap_or(now),
            timeout,
        }
    }

    /// How long until then.
    pub fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

/// Shared by everything that takes part in a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<Mutex<State>>);

/// What is known of the request under way, and of the name that was looked up.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    deadline: Option<Deadline>,
    /// The addresses of the one name that is looked up, the host's or the proxy's.
    pub(super) known: Option<Vec<SocketAddr>>,
    /// The addresses that were tried, and what came of each.
    tried: Vec<(SocketAddr, &'static str)>,
}

impl Progress {
    /// What is known; to be let go at once.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a request.
    pub(super) fn start(&self, deadline: Deadline) {
        let mut state = self.state();
        *state = State {
            deadline: Some(deadline),
            known: state.known.take(),
            ..State::default()
        };
    }

    /// How long the request may still take.
    pub(super) fn left(&self) -> Duration {
        let deadline = self.state().deadline;
        deadline.map_or(Duration::ZERO, Deadline::left)
    }

    /// Notes what came of an address; the newest outcome counts.
    pub(super) fn note_address(&self, address: SocketAddr, outcome: &'static str) {
        let tried = &mut self.state().tried;
        match tried.iter_mut().find(|(known, _)| *known == address) {
            Some((_, known)) => *known = outcome,
            None => tried.push((address, outcome)),
        }
    }

    /// The addresses that were tried, in words; none if an open connection was used.
    pub(super) fn addresses(&self) -> Vec<String> {
        let state = self.state();
        if state.tried.is_empty() && state.phase == Phase::Lookup {
            return vec!["no address".to_owned()];
        }
        let tried = state.tried.iter();
        tried
            .map(|(address, outcome)| format!("{address} {outcome}"))
            .collect()
    }
}
