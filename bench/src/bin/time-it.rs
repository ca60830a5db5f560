//! The stopwatch: runs the commands of a plan in turn, round after round, and writes how long each took.
//!
//! `time-it PLAN RESULTS ROUNDS WARM-UP`. A plan is blocks of lines, divided by an empty one:
//!
//! ```text
//! name curl
//! every 1
//! env KEY=value
//! arg /usr/bin/curl
//! arg -s
//! ```
//!
//! `every 10` runs a command in each tenth round only. A result is a line: name, nanoseconds from before the process
//! is spawned until it was waited for, peak memory in KiB; tabs between them. A command that fails ends it all.
//!
//! It exists because the process that spawns is part of what is measured: from here it is one `posix_spawn` of a small
//! process, the same for all. Python adds about a millisecond, which is more than the gate takes.

use std::fs;
use std::io::{self, Write};
use std::process::{Child, Command, ExitCode};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Planned {
    name: String,
    every: usize,
    env: Vec<(String, String)>,
    argv: Vec<String>,
}

struct Ended {
    took: Duration,
    success: bool,
    peak_kib: i64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("time-it: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [plan, results, rounds, warm_up] = args.as_slice() else {
        return Err(io::Error::other(
            "usage: time-it PLAN RESULTS ROUNDS WARM-UP",
        ));
    };
    let rounds: usize = rounds.parse().map_err(io::Error::other)?;
    let warm_up: usize = warm_up.parse().map_err(io::Error::other)?;
    let plan = read_plan(&fs::read_to_string(plan)?)?;
    let mut lines = Vec::new();
    for planned in &plan {
        for _ in 0..warm_up {
            run_once(planned)?;
        }
    }
    let mut order: Vec<&Planned> = plan.iter().collect();
    let mut random = 1;
    for round in 0..rounds {
        // What runs behind a large process is slower: none may always follow the same one.
        shuffle(&mut order, &mut random);
        for planned in &order {
            if round % planned.every != 0 {
                continue;
            }
            let ended = run_once(planned)?;
            writeln!(
                lines,
                "{}\t{}\t{}",
                planned.name,
                ended.took.as_nanos(),
                ended.peak_kib
            )?;
        }
    }
    fs::write(results, lines)
}

/// Mixes the order, by the random numbers of Marsaglia's xorshift: the same ones in each run.
fn shuffle<T>(order: &mut [T], random: &mut u32) {
    for last in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 17;
        *random ^= *random << 5;
        order.swap(last, *random as usize % (last + 1));
    }
}

fn read_plan(text: &str) -> io::Result<Vec<Planned>> {
    let mut plan = Vec::new();
    for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
        let mut planned = Planned {
            every: 1,
            ..Planned::default()
        };
        for line in block.lines().filter(|line| !line.is_empty()) {
            let (word, value) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "name" => planned.name = value.to_owned(),
                "every" => planned.every = value.parse().map_err(io::Error::other)?,
                "env" => {
                    let (key, value) = value.split_once('=').unwrap_or((value, ""));
                    planned.env.push((key.to_owned(), value.to_owned()));
                }
                "arg" => planned.argv.push(value.to_owned()),
                _ => {
                    return Err(io::Error::other(format!(
                        "not understood in the plan: {line}"
                    )))
                }
            }
        }
        if planned.argv.is_empty() || planned.every == 0 {
            return Err(io::Error::other(format!(
                "incomplete in the plan: {}",
                planned.name
            )));
        }
        plan.push(planned);
    }
    Ok(plan)
}

fn run_once(planned: &Planned) -> io::Result<Ended> {
    let mut command = Command::new(&planned.argv[0]);
    command
        .args(&planned.argv[1..])
        .env_clear()
        .envs(planned.env.iter().cloned());
    let start = Instant::now();
    let child = command.spawn()?;
    let ended = wait(&child, start)?;
    if ended.success {
        Ok(ended)
    } else {
        Err(io::Error::other(format!(
            "{} failed: {:?}",
            planned.name, planned.argv
        )))
    }
}

/// Waits as the standard library does, and also learns the peak memory (of the largest process, if the command
/// started others). It cannot be less than the stopwatch's own: the child begins as a part of it.
fn wait(child: &Child, start: Instant) -> io::Result<Ended> {
    #[repr(C)]
    #[derive(Default)]
    struct Usage {
        user_time: [i64; 2],
        system_time: [i64; 2],
        peak_kib: i64,
        rest: [i64; 13],
    }
    extern "C" {
        fn wait4(pid: i32, status: *mut i32, options: i32, usage: *mut Usage) -> i32;
    }
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    let (mut status, mut usage) = (0, Usage::default());
    // SAFETY: both pointers are to live values, of the layout that 64-bit Linux gives them; the child is ours and has
    // not been waited for.
    let waited = unsafe { wait4(pid, &mut status, 0, &mut usage) };
    let took = start.elapsed();
    if waited != pid {
        return Err(io::Error::last_os_error());
    }
    Ok(Ended {
        took,
        success: status == 0,
        peak_kib: usage.peak_kib,
    })
}
