//! Runs the gate as a process of its own, and holds every run to what must be true of each.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{check, Server};

/// The key of every run that does not bring its own.
pub(crate) const KEY: &str = concat!(
    "key_",
    "9f3c1ab27de84056b1c9d27a03f8e64b5a1d0c7e92f64b38d05e7a1c6b29f8034d",
    "72e1b60a9c5f38e7140d2b8a6c93f5017e4d8b2a60c1f95e3d7b48a02c6e91f5"
);

/// No run may take longer, unless it says so: a gate that hangs is a failure, not a hung test.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run in the making. Its environment is empty but for what is set here.
pub(crate) struct Gate {
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    stdin: Vec<u8>,
    secrets: Vec<String>,
    colour: bool,
    shell: Option<String>,
    patience: Duration,
    directory: tempfile::TempDir,
}

impl Gate {
    /// With a key, and nothing else.
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("gate")
            .tempdir()
            .expect("a directory");
        let gate = Gate {
            args: Vec::new(),
            env: BTreeMap::new(),
            stdin: Vec::new(),
            secrets: vec![KEY.to_owned()],
            colour: false,
            shell: None,
            patience: PATIENCE,
            directory,
        };
        // Windows cannot open a socket without it.
        let gate = match std::env::var_os("SystemRoot") {
            Some(root) => gate.env("SystemRoot", root),
            None => gate,
        };
        gate.env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("RUNWAYML_API_SECRET", KEY)
    }

    /// With a key, asking this server.
    pub(crate) fn asking(server: &Server) -> Self {
        Gate::new().env("RUNWAYML_BASE_URL", server.url())
    }

    /// Deciding from this document on standard input, without a key.
    pub(crate) fn reading(document: impl AsRef<[u8]>) -> Self {
        Gate::new().no_key().arg("--from").arg("-").stdin(document)
    }

    pub(crate) fn no_key(mut self) -> Self {
        self.env.remove(OsStr::new("RUNWAYML_API_SECRET"));
        self
    }

    /// Another key, which must stay as secret.
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.secrets.push(key.to_owned());
        self.env("RUNWAYML_API_SECRET", key)
    }

    /// Something else that must never be shown.
    pub(crate) fn secret(mut self, secret: &str) -> Self {
        self.secrets.push(secret.to_owned());
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Several at once, split at spaces.
    pub(crate) fn args(mut self, args: &str) -> Self {
        self.args
            .extend(args.split_whitespace().map(OsString::from));
        self
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env
            .insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// A file in the working directory.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.directory.path().join(name), content).expect("a file");
        self
    }

    /// As a step in GitHub Actions, with files for the outputs and the summary.
    pub(crate) fn github(self) -> Self {
        let (output, summary) = (self.path("github-output"), self.path("github-summary"));
        self.file("github-output", "")
            .file("github-summary", "")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", output)
            .env("GITHUB_STEP_SUMMARY", summary)
    }

    /// Colour is expected.
    pub(crate) fn colour(mut self) -> Self {
        self.colour = true;
        self.env("CLICOLOR_FORCE", "1")
    }

    /// Through a shell, where `"$@"` is the command: for closed and redirected streams.
    #[cfg(unix)]
    pub(crate) fn shell(mut self, script: &str) -> Self {
        self.shell = Some(script.to_owned());
        self
    }

    /// May take this long.
    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The working directory.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Run {
        let run = self.spawn().finish();
        assert!(run.signal.is_none(), "ended by a signal: {run:#?}");
        run
    }

    /// Runs it on a terminal, and gives what that was sent.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn on_terminal(self) -> (i32, String) {
        use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours)
            .and_then(|()| unlockpt(&ours))
            .expect("its other side");
        let name = ptsname(&ours, Vec::new()).expect("its name");
        let name = name.into_string().expect("a path");
        let mut theirs = std::fs::File::options();
        let theirs = theirs
            .read(true)
            .write(true)
            .open(name)
            .expect("its other side");
        let mut command = self.command();
        command.stdin(Stdio::null());
        command
            .stdout(theirs.try_clone().expect("a handle"))
            .stderr(theirs);
        let mut child = command.spawn().expect("the gate starts");
        // The command holds the other side as well; once nobody does, reading is an error.
        drop(command);
        let (mut ours, mut sent, mut buffer) = (std::fs::File::from(ours), Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = ours.read(&mut buffer) {
            sent.extend(&buffer[..count]);
        }
        let code = child.wait().expect("a child").code().expect("an exit code");
        let sent = String::from_utf8(sent).expect("output in UTF-8");
        for secret in &self.secrets {
            check::secrecy("what the terminal was sent", &sent, secret);
        }
        (code, sent)
    }

    fn command(&self) -> Command {
        let binary = env!("CARGO_BIN_EXE_runway-preflight");
        let mut command = match &self.shell {
            None => Command::new(binary),
            Some(script) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(script).arg("sh").arg(binary);
                shell
            }
        };
        command.args(&self.args).env_clear().envs(&self.env);
        command.current_dir(self.directory.path());
        command
    }

    /// Starts it.
    pub(crate) fn spawn(self) -> Running {
        let started = Instant::now();
        let mut command = self.command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the gate starts");
        let mut stdin = child.stdin.take().expect("standard input");
        let bytes = self.stdin.clone();
        // It may end before it has read everything.
        thread::spawn(move || drop(stdin.write_all(&bytes)));
        let stdout = collect(child.stdout.take().expect("standard output"));
        let stderr = collect(child.stderr.take().expect("standard error"));
        Running {
            gate: self,
            child,
            started,
            stdout,
            stderr,
        }
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream
            .read_to_end(&mut bytes)
            .expect("a stream that can be read");
        bytes
    })
}

/// A run under way.
pub(crate) struct Running {
    gate: Gate,
    child: Child,
    started: Instant,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

impl Running {
    /// Sends it a signal by name.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &id])
            .status();
        assert!(sent.expect("sh").success());
    }

    /// Waits for its end, and checks what must be true of every run.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Run {
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            let elapsed = self.started.elapsed();
            if elapsed > self.gate.patience {
                drop(self.child.kill());
                panic!("{:?} still runs after {elapsed:?}", self.gate.args);
            }
            // Many may be waited for at once.
            let pause = elapsed / 20;
            thread::sleep(pause.clamp(Duration::from_millis(3), Duration::from_millis(100)));
        };
        let took = self.started.elapsed();
        let text = |stream: JoinHandle<Vec<u8>>| {
            String::from_utf8(stream.join().expect("a stream")).expect("output in UTF-8")
        };
        let file = |name: &str| {
            let path = self.gate.env.get(OsStr::new(name))?;
            // A device may never end.
            let regular = std::fs::metadata(path).is_ok_and(|found| found.is_file());
            regular
                .then(|| std::fs::read_to_string(path).ok())
                .flatten()
        };
        let run = Run {
            args: self
                .gate
                .args
                .iter()
                .map(|arg| arg.to_string_lossy().into_owned())
                .collect(),
            code: status.code().unwrap_or(-1),
            signal: signal_of(status),
            outputs: file("GITHUB_OUTPUT"),
            summary: file("GITHUB_STEP_SUMMARY"),
            stdout: text(self.stdout),
            stderr: text(self.stderr),
            took,
        };
        let started = check::Started {
            secrets: &self.gate.secrets,
            colour: self.gate.colour,
            redirected: self.gate.shell.is_some(),
            actions: self
                .gate
                .env
                .get(OsStr::new("GITHUB_ACTIONS"))
                .is_some_and(|value| value == "true"),
        };
        check::run(&run, &started);
        run
    }
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}

/// A run that has ended.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) args: Vec<String>,
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// What was appended to `GITHUB_OUTPUT`.
    pub(crate) outputs: Option<String>,
    /// What was appended to `GITHUB_STEP_SUMMARY`.
    pub(crate) summary: Option<String>,
    pub(crate) took: Duration,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut = |text: &str| text.chars().take(6000).collect::<String>();
        let args: Vec<_> = self.args.iter().map(|arg| cut(arg)).collect();
        writeln!(out, "args:   {}", args.join(" "))?;
        writeln!(
            out,
            "exit:   {} {:?} after {:?}",
            self.code, self.signal, self.took
        )?;
        writeln!(out, "stdout: {}", cut(&self.stdout))?;
        write!(out, "stderr: {}", cut(&self.stderr))
    }
}

impl Run {
    /// The JSON report.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self:?}"))
    }

    /// The codes of the diagnostics of this severity in the JSON report, in its order.
    #[track_caller]
    pub(crate) fn codes(&self, severity: &str) -> Vec<String> {
        let json = self.json();
        let diagnostics = json["diagnostics"].as_array().expect("diagnostics");
        let these = diagnostics.iter().filter(|one| one["severity"] == severity);
        these
            .map(|one| one["code"].as_str().expect("a code").to_owned())
            .collect()
    }

    /// The codes shown on standard error (`error[code]: …`), in order.
    pub(crate) fn shown(&self) -> Vec<&str> {
        let heads = self
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("error["));
        heads
            .filter_map(|head| Some(head.split_once("]:")?.0))
            .collect()
    }

    /// It ended with this code, and these are the errors shown on standard error.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, errors: &[&str]) {
        assert_eq!((self.code, &*self.shown()), (code, errors), "{self:?}");
    }

    /// The same of the JSON report.
    #[track_caller]
    pub(crate) fn reports(&self, code: i32, errors: &[&str]) {
        let found = self.codes("error");
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!((self.code, &*found), (code, errors), "{self:?}");
    }

    /// This stands on standard error.
    #[track_caller]
    pub(crate) fn says(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        assert!(self.stderr.contains(text), "does not say {text}: {self:?}");
    }

    /// A value from `GITHUB_OUTPUT`, where the last one counts.
    #[track_caller]
    pub(crate) fn output(&self, name: &str) -> &str {
        let outputs = self.outputs.as_deref().expect("outputs");
        let found = outputs
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name} in {outputs}"))
    }
}
