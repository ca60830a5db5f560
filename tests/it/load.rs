//! Many gates at once against a server under load: none may come to a wrong verdict, and with time
//! all come to the right one.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::support::body::gen45;
use super::support::{Gate, Reply, Request, Run, Server, Step};

const GATES: usize = 200;

/// What a gate asks for, its exit code and the codes of its errors: half of the gates pass.
#[rustfmt::skip]
const JOBS: [(&str, i32, &[&str]); 4] = [
    ("--generations gen4.5=188 --credits 5000", 0, &[]),
    ("--generations gen4.5=189 --credits 5000", 3, &["generations-short"]),
    ("--generations gen4.5=20@10 --concurrency gen4.5=2", 0, &[]),
    ("--generations gen4.5=20 --credits 5001", 6, &["credits-short"]),
];

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Answered,
    TooMany,
    Busy,
    Reset,
}

#[derive(Clone, Copy)]
struct Asked {
    at: Instant,
    /// When it was answered, as what, and for how long the gate must stay away.
    answered: Option<(Instant, Fate, Duration)>,
}

/// Answers two requests in five; sheds half with 429 and 503; resets a tenth, at three different
/// moments.
struct World {
    dice: Mutex<fastrand::Rng>,
    /// By the key of the gate.
    asked: Mutex<BTreeMap<String, Vec<Asked>>>,
    all_are_here: Condvar,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(World {
            dice: Mutex::new(fastrand::Rng::with_seed(1)),
            asked: Mutex::default(),
            all_are_here: Condvar::new(),
        })
    }

    fn answer(&self, request: &Request) -> Reply {
        let key = request.header("authorization").to_owned();
        assert_eq!(
            (&*request.method, &*request.target),
            ("GET", "/v1/organization")
        );
        let mut asked = self.asked.lock().expect("the log");
        let entries = asked.entry(key.clone()).or_default();
        let nth = entries.len();
        entries.push(Asked {
            at: Instant::now(),
            answered: None,
        });
        self.all_are_here.notify_all();
        // Nobody is answered before all are here, so that there really are that many at once.
        if nth == 0 {
            const PATIENCE: Duration = Duration::from_secs(20);
            let waited = self
                .all_are_here
                .wait_timeout_while(asked, PATIENCE, |asked| asked.len() < GATES);
            let (guard, waited) = waited.expect("the log");
            assert!(!waited.timed_out(), "{} of {GATES} gates came", guard.len());
            asked = guard;
        }
        // A gate gives up after three in a row: that is no question of time.
        let before = asked[&key].iter().rev().skip(1).take(2);
        let fates = before.filter_map(|asked| asked.answered);
        let resets = fates.filter(|(_, fate, _)| *fate == Fate::Reset).count();
        let mut dice = self.dice.lock().expect("the dice");
        let fate = match dice.u8(0..100) {
            0..40 => Fate::Answered,
            40..65 => Fate::TooMany,
            90.. if resets < 2 => Fate::Reset,
            _ => Fate::Busy,
        };
        let is_shed = matches!(fate, Fate::TooMany | Fate::Busy);
        let seconds = if is_shed && dice.u8(0..5) == 0 {
            dice.u64(1..=2)
        } else {
            0
        };
        let answered = (Instant::now(), fate, Duration::from_secs(seconds));
        asked.get_mut(&key).expect("its entries")[nth].answered = Some(answered);
        let reply = match fate {
            Fate::TooMany => Reply::http(429, r#"{"error":"Too busy."}"#),
            Fate::Busy => Reply::http(503, r#"{"error":"Too busy."}"#),
            Fate::Answered => return Reply::ok(gen45(200, 12).to_string()),
            Fate::Reset => {
                let body = gen45(200, 12).to_string();
                let whole = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let sent = [0, 30, whole.len() - body.len() + 40][dice.usize(0..3)];
                return Reply::steps([Step::send(&whole[..sent]), Step::Reset]);
            }
        };
        match seconds {
            0 => reply,
            _ => reply.header("Retry-After", &seconds.to_string()),
        }
    }
}

/// Whether the gate came to the verdict of its job, or could not tell, from what it was answered.
fn is_right(run: &Run, code: i32, codes: &[&str], asked: &[Asked]) -> bool {
    let fates = asked.iter().filter_map(|asked| asked.answered);
    let answers = fates.filter(|(_, fate, _)| *fate == Fate::Answered).count();
    run.code == 5 || (run.code == code && run.codes("error") == codes && answers == 1)
}

/// How many requests came before the end of the `Retry-After` that the one before was given.
fn too_early(asked: &[Asked]) -> usize {
    let pairs = asked.windows(2).filter(|pair| {
        let answered = pair[0].answered;
        answered.is_some_and(|(at, _, wait)| pair[1].at.duration_since(at) < wait)
    });
    pairs.count()
}

#[expect(clippy::print_stdout, reason = "the figures, shown with --show-output")]
fn start_all(options: &str) -> usize {
    let world = World::new();
    let state = Arc::clone(&world);
    let server = Server::handler(move |_, request| state.answer(request));
    let runs: Vec<Run> = thread::scope(|scope| {
        let gates = (0..GATES).map(|number| {
            let (needs, ..) = JOBS[number % JOBS.len()];
            let gate = Gate::asking(&server).key(&format!("key_load{number:04}"));
            let gate = gate.args("--format json").args(options).args(needs);
            let gate = gate.patience(Duration::from_secs(330));
            scope.spawn(move || gate.run())
        });
        let gates: Vec<_> = gates.collect();
        let ended = gates.into_iter().map(|gate| gate.join().expect("a run"));
        ended.collect()
    });
    let asked = world.asked.lock().expect("the log");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |what: String| *counts.entry(what).or_default() += 1;
    for (number, run) in runs.iter().enumerate() {
        let (_, code, codes) = JOBS[number % JOBS.len()];
        let asked = &asked[&format!("Bearer key_load{number:04}")];
        assert!(is_right(run, code, codes, asked), "{number}: {run:?}");
        assert_eq!(too_early(asked), 0, "{number}: {run:?}");
        count(format!("exit code {}", run.code));
        count(format!("retries of a gate: {:2}", asked.len() - 1));
        for (_, fate, _) in asked.iter().filter_map(|asked| asked.answered) {
            count(format!("requests, {fate:?}"));
        }
    }
    println!("\n{GATES} gates at once, {options}");
    for (what, count) in &counts {
        println!("{count:6} {what}");
    }
    let slowest = runs.iter().map(|run| run.took).max();
    println!(
        "{:6.1} s, the slowest",
        slowest.unwrap_or_default().as_secs_f64()
    );
    runs.iter().filter(|run| run.code == 5).count()
}

#[test]
#[ignore = "takes two minutes: cargo test --release --test it load -- --ignored --show-output"]
fn under_load_no_verdict_is_wrong() {
    start_all("--timeout 30s");
    assert_eq!(start_all("--timeout 5m"), 0, "with time all can tell");
}
