//! Attempts side by side: one that takes long does not hold up the next (RFC 8305).

use std::io::{self, ErrorKind};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// What the first attempt that succeeds brings. The next one begins when one fails, or after
/// `patience`; those that are late are left behind. `note` hears when one begins (`None`), and whether
/// it succeeds; where none does, the first failure counts.
pub(super) fn race<K: Copy + Send + 'static, T: Send + 'static>(
    attempts: impl IntoIterator<Item = K>,
    attempt: impl Fn(K, Duration) -> io::Result<T> + Clone + Send + 'static,
    patience: Duration,
    limit: Duration,
    mut note: impl FnMut(K, Option<bool>),
) -> io::Result<T> {
    let started = Instant::now();
    let mut waiting = attempts.into_iter().peekable();
    let mut failure = None;
    let mut under_way: usize = 0;
    let (sender, ends) = channel();
    loop {
        let left = limit.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        if let Some(key) = waiting.next() {
            let (sender, attempt) = (sender.clone(), attempt.clone());
            let run = move || drop(sender.send((key, attempt(key, left))));
            // The system's own error would be taken for a time-out.
            let no_thread = |error| {
                let what = format!("this system starts no further thread: {error}");
                io::Error::new(ErrorKind::QuotaExceeded, what)
            };
            thread::Builder::new().spawn(run).map_err(no_thread)?;
            note(key, None);
            under_way = under_way.saturating_add(1);
        } else if under_way == 0 {
            return Err(failure.unwrap_or(ErrorKind::NotFound.into()));
        }
        let patience = waiting.peek().map_or(left, |_| left.min(patience));
        if let Ok((key, end)) = ends.recv_timeout(patience) {
            note(key, Some(end.is_ok()));
            under_way = under_way.saturating_sub(1);
            match end {
                Ok(found) => return Ok(found),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SOON: Duration = Duration::from_millis(20);

    /// What an attempt does: 0 refuses, 1 is denied, from 200 on they never end, others succeed.
    fn world(number: u8, left: Duration) -> io::Result<u8> {
        match number {
            0 => Err(ErrorKind::ConnectionRefused.into()),
            1 => Err(ErrorKind::PermissionDenied.into()),
            200.. => {
                thread::sleep(left);
                Err(ErrorKind::TimedOut.into())
            }
            number => Ok(number),
        }
    }

    #[test]
    fn the_first_that_succeeds_wins() {
        use ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
        for (attempts, winner) in [
            (vec![2], Ok(2)),
            (vec![2, 3], Ok(2)),
            (vec![0], Err(ConnectionRefused)),
            (vec![200, 2], Ok(2)),
            (vec![200, 201, 202, 2], Ok(2)),
            (vec![0, 2], Ok(2)),
            (vec![0, 1], Err(ConnectionRefused)),
            (vec![1, 0, 0], Err(PermissionDenied)),
            (vec![200, 0, 5], Ok(5)),
            (vec![], Err(NotFound)),
        ] {
            let (mut begun, mut ended) = (Vec::new(), 0);
            let found = race(
                attempts.clone(),
                world,
                SOON,
                LONG,
                |key, outcome| match outcome {
                    None => begun.push(key),
                    Some(_) => ended += 1,
                },
            );
            assert_eq!(found.map_err(|error| error.kind()), winner, "{attempts:?}");
            assert!(
                attempts.starts_with(&begun) && ended <= begun.len(),
                "{begun:?}"
            );
        }
    }

    #[test]
    fn where_none_ends_the_time_is_over() {
        for attempts in [vec![200], vec![200, 201], vec![0, 200]] {
            let found = race(attempts.clone(), world, SOON, SOON * 2, |_, _| {});
            let kind = found.map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::TimedOut), "{attempts:?}");
        }
    }
}
