//! The ground that the tests stand on: servers to ask, and the gate as a process.

pub(crate) mod body;
pub(crate) mod check;
pub(crate) mod gate;
pub(crate) mod runway;
pub(crate) mod server;
pub(crate) mod tls;

use std::collections::BTreeSet;
use std::panic::{catch_unwind, AssertUnwindSafe, Location};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread;

pub(crate) use gate::{Gate, Run, KEY};
pub(crate) use server::{Reply, Request, Server, Step};

/// Runs the cases of a table side by side, most of which only wait, and reports all that fail.
/// `cargo test --test it -- --show-output | grep ' cases in '` counts them.
#[track_caller]
pub(crate) fn each<T: Sync>(
    cases: &[T],
    name: impl Fn(&T) -> String + Sync,
    case: impl Fn(&T) + Sync,
) {
    each_of(12, cases, name, case);
}

/// The same with so many at once: rows that sleep all the time stand in nobody's way.
#[track_caller]
pub(crate) fn each_of<T: Sync>(
    at_once: usize,
    cases: &[T],
    name: impl Fn(&T) -> String + Sync,
    case: impl Fn(&T) + Sync,
) {
    // Windows takes long to start a process: more at once would run out of their time.
    let at_once = if cfg!(windows) { at_once / 3 } else { at_once };
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..at_once.min(cases.len()) {
            scope.spawn(|| {
                while let Some(one) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| case(one))) {
                        let text = panic.downcast_ref::<String>().cloned();
                        let text =
                            text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                        let text = text.unwrap_or_default();
                        failed
                            .lock()
                            .expect("the list")
                            .push(format!("--- {}\n{text}", name(one)));
                    }
                }
            });
        }
    });
    #[expect(clippy::print_stdout, reason = "shown with --show-output")]
    {
        println!("{} cases in {}", cases.len(), Location::caller());
    }
    let failed = failed.into_inner().expect("the list");
    assert!(
        failed.is_empty(),
        "{} of {} cases:\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
}

/// For a connection that is refused, where no further try can end differently. Windows tries it again by itself, and says so after
/// two seconds.
pub(crate) const REFUSED: &str = if cfg!(windows) {
    "--timeout 2400ms"
} else {
    "--timeout 400ms"
};

/// These, in order and each once: for what has no order of its own.
pub(crate) fn set<T: AsRef<str>>(of: &[T]) -> BTreeSet<&str> {
    of.iter().map(AsRef::as_ref).collect()
}

/// The text with what changes from run to run put out of the way: ports, the numbers
/// that systems give their errors, and the time of the check.
pub(crate) fn settled(text: &str) -> String {
    let mut settled = text.to_owned();
    for (before, settle) in [
        ("127.0.0.1:", "54321"),
        ("localhost:", "54321"),
        ("(os error ", "N"),
    ] {
        let mut parts = settled.split(before);
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|one: char| one.is_ascii_digit());
            whole += &format!("{before}{settle}{rest}");
        }
        settled = whole;
    }
    let lines = settled
        .lines()
        .map(|line| match line.split_once("\"checkedAt\": \"") {
            Some((before, after)) if after.len() > 20 => {
                format!(
                    "{before}\"checkedAt\": \"2026-11-22T12:00:00Z{}",
                    &after[20..]
                )
            }
            _ => line.to_owned(),
        });
    lines.collect::<Vec<_>>().join("\n")
}
