//! The one sink: all that leaves the process passes here. Text that is not our own was quoted
//! when it became a part of a message or a report; what is left of a key is taken out
//! here once more.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::redact::Redactor;
use crate::report::{self, Format};

/// Writes, with every key taken out.
#[derive(Default)]
pub struct Output {
    /// Knows the keys, and quotes text that is not our own.
    pub redactor: Redactor,
}

impl Output {
    /// Writes to standard error. Errors are ignored: a closed stream must not fail the run.
    pub fn stderr(&self, text: &str) {
        let _ = self.send(&mut io::stderr().lock(), text);
    }

    /// Writes to standard output.
    ///
    /// # Errors
    ///
    /// Where it is closed, full, or not read to the end.
    pub fn stdout(&self, text: &str) -> io::Result<()> {
        self.send(&mut stdout()?, text)
    }

    /// The one way out.
    fn send(&self, to: &mut impl Write, text: &str) -> io::Result<()> {
        to.write_all(self.redactor.last_check(text).as_bytes())?;
        to.flush()
    }

    /// Writes a file in place, like the `>` of a shell. A pipe must be read within `patience`; it is
    /// returned, since its reader sees the end of it where the last of its writers is closed.
    ///
    /// # Errors
    ///
    /// Where the whole of it could not be written; then a regular file is left empty.
    pub fn write(&self, path: &Path, text: &str, patience: Duration) -> io::Result<Option<File>> {
        let text = self.redactor.last_check(text);
        if is_special(path) {
            return write_to_special(path, &text, patience).map(Some);
        }
        let mut file = File::create(path)?;
        let written = file.write_all(text.as_bytes());
        if written.is_err() {
            file.set_len(0)?;
        }
        written.map(|()| None)
    }

    /// Adds lines to a file. One that does not end in a line break gets one first. A pipe must be
    /// read within `wait`.
    ///
    /// # Errors
    ///
    /// Where not all of it could be added; then none of it is.
    pub fn append(&self, path: &Path, text: &str, wait: Duration) -> io::Result<Option<Appended>> {
        let text = self.redactor.last_check(text);
        if text.is_empty() {
            return Ok(None);
        }
        if is_special(path) {
            let handle = write_to_special(path, &text, wait)?;
            let path = path.to_owned();
            return Ok(Some(Appended {
                path,
                handle,
                begins: 0,
                ends: 0,
            }));
        }
        let mut options = File::options();
        let mut file = options.append(true).read(true).create(true).open(path)?;
        let mut last = [b'\n'];
        if file.seek(SeekFrom::End(-1)).is_ok() {
            file.read_exact(&mut last)?;
        }
        let separator = if last == [b'\n'] { "" } else { "\n" };
        let text = format!("{separator}{text}");
        let text = text.as_bytes();
        // Where the disk is not full, one write takes all of it. Others may add to the file at the
        // same time: ours ends where this handle stands.
        let first = file.write(text)?;
        let length = u64::try_from(first).unwrap_or(u64::MAX);
        let begins = file.stream_position().unwrap_or(0).saturating_sub(length);
        let rest = file.write_all(text.get(first..).unwrap_or_default());
        let appended = Appended {
            path: path.to_owned(),
            begins,
            ends: file.stream_position().unwrap_or(0),
            handle: file,
        };
        if rest.is_err() {
            appended.take_back()?;
        }
        rest.map(|()| Some(appended))
    }
}

/// The form of the report of ours that is there, if one is.
///
/// # Errors
///
/// Where it cannot be read.
pub fn report_at(path: &Path) -> io::Result<Option<Format>> {
    let mut head = Vec::new();
    if std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
        let file = File::open(path)?;
        file.take(report::HEAD).read_to_end(&mut head)?;
    }
    Ok(report::format_of(&head))
}

/// Whether this is something else than a regular file, such as a pipe or a device.
pub fn is_special(path: &Path) -> bool {
    // What Windows makes of `NUL` and `CON`.
    const DEVICE: &str = r"\\.\";
    let device = |whole: PathBuf| whole.to_string_lossy().starts_with(DEVICE);
    std::fs::metadata(path).is_ok_and(|found| !found.is_file())
        || (cfg!(windows) && std::path::absolute(path).is_ok_and(device))
}

/// What was added to a file.
pub struct Appended {
    path: PathBuf,
    /// The reader of a pipe sees its end where the last of these is closed.
    pub handle: File,
    begins: u64,
    ends: u64,
}

impl Appended {
    /// Cuts it off again, unless something else has come after it.
    ///
    /// # Errors
    ///
    /// Where the file cannot be changed.
    pub fn take_back(&self) -> io::Result<()> {
        let found = std::fs::metadata(&self.path)?;
        if !found.is_file() || found.len() != self.ends {
            return Ok(());
        }
        // Windows cuts no file that is open for appending.
        let file = File::options().write(true).open(&self.path)?;
        file.set_len(self.begins)
    }
}

/// Writes to a pipe or a device. A pipe is opened and written when something reads it: that is not
/// waited for beyond `patience`, and nothing is written after that.
fn write_to_special(path: &Path, text: &str, patience: Duration) -> io::Result<File> {
    let until = Instant::now().checked_add(patience);
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let mut file = retry(until, || options.open(path))?;
    let mut left = text.as_bytes();
    while !left.is_empty() {
        let count = retry(until, || file.write(left))?;
        left = left.get(count..).unwrap_or_default();
    }
    Ok(file)
}

/// Tries again while nothing reads a pipe.
fn retry<T>(until: Option<Instant>, mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    // What opening one ends with; the same on every Unix.
    const NO_READER: i32 = if cfg!(unix) { 6 } else { -1 };
    loop {
        let done = work();
        let Err(error) = &done else { return done };
        let waits = [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind());
        if !waits && error.raw_os_error() != Some(NO_READER) {
            return done;
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            return Err(io::Error::other("nothing reads it in time"));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Not through Rust's own `Stdout`, which takes an output that is not open for writing for one
/// that swallows everything.
#[cfg(unix)]
fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leaves_by_any_way() {
        let output = Output {
            redactor: Redactor::new(["key_0123456789a1b2c3d4e5"]),
        };
        let (text, clean) = ("a key_0123456789a1b2c3d4e5 b\n", "a [key] b\n");
        let mut sent = Vec::new();
        output.send(&mut sent, text).expect("sent");
        assert_eq!(sent, clean.as_bytes());
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let now = || std::fs::read_to_string(&path).expect("a file");
        output.write(&path, text, Duration::ZERO).expect("written");
        assert_eq!(now(), clean);
        let appended = output.append(&path, text, Duration::ZERO);
        assert!(appended.is_ok_and(|appended| appended.is_some()));
        assert_eq!(now(), clean.repeat(2));
    }

    #[test]
    fn what_was_appended_is_taken_back_unless_something_follows() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let now = || std::fs::read_to_string(&path).expect("a file");
        std::fs::write(&path, "no line break").expect("written");
        let output = Output::default();
        let nothing = output.append(&path, "", Duration::ZERO);
        assert!(nothing.is_ok_and(|appended| appended.is_none()));
        assert_eq!(now(), "no line break");
        let append = |text| {
            let appended = output.append(&path, text, Duration::ZERO);
            appended.expect("no error").expect("something")
        };
        let one = append("one\n");
        assert_eq!(now(), "no line break\none\n");
        let two = append("two\n");
        one.take_back().expect("no error");
        assert_eq!(now(), "no line break\none\ntwo\n");
        two.take_back().expect("no error");
        one.take_back().expect("no error");
        assert_eq!(now(), "no line break");
    }
}
