//! The one sink: all that leaves the process passes here. Text that is not our own was quoted
//! when it became a part of a message or a report; a whole key is taken out here once more.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::files;
use crate::redact::Redactor;

/// Where text goes.
#[derive(Clone, Debug)]
pub enum Place {
    /// Standard output: what is written stays.
    Stdout,
    /// A file that others add to: a text that replaces the one before takes its place.
    Append(PathBuf),
    /// A file that is written whole or not at all. A pipe must be read within the time.
    Whole(PathBuf, Duration),
}

/// One place, and what has been written there.
pub struct Sink {
    place: Place,
    /// Where our text begins in a file that others add to.
    begins: Option<u64>,
}

/// Writes, with every key taken out.
pub struct Output {
    redactor: Redactor,
}

impl Output {
    /// A sink that knows the keys.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor }
    }

    /// Quotes text that is not our own.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Writes to standard error. That nobody reads it is no reason to stop.
    pub fn stderr(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(self.redactor.without_keys(text).as_bytes());
        let _ = stderr.flush();
    }

    /// Writes the whole of a text.
    ///
    /// # Errors
    ///
    /// Where it could not be written; then nothing of it stays in a file.
    pub fn write(&self, sink: &mut Sink, text: &str) -> io::Result<()> {
        let text = self.redactor.without_keys(text);
        match &sink.place {
            Place::Stdout => print(&text),
            Place::Append(path) => append(path, &text, &mut sink.begins),
            Place::Whole(path, timeout) => replace(path, &text, *timeout),
        }
    }
}

impl Sink {
    /// Nothing has been written there.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            begins: None,
        }
    }

    /// How long a file is without our text.
    pub fn length_before(&self) -> u64 {
        match (&self.place, self.begins) {
            (_, Some(begins)) => begins,
            (Place::Append(path), None) => std::fs::metadata(path).map_or(0, |found| found.len()),
            _ => 0,
        }
    }
}

/// Not through Rust's own `Stdout`, which takes an output that is not open for writing for one
/// that swallows everything.
#[cfg(unix)]
fn print(text: &str) -> io::Result<()> {
    use std::os::fd::AsFd;
    let out = io::stdout().as_fd().try_clone_to_owned()?;
    std::fs::File::from(out).write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Adds lines to a file, in place of those that were added before. A file that does not end in a
/// line break gets one before.
fn append(path: &Path, text: &str, begins: &mut Option<u64>) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .append(true)
        .read(true)
        .create(true)
        .open(path)?;
    let regular = file.metadata()?.is_file();
    if let (true, Some(begins)) = (regular, *begins) {
        cut(path, begins)?;
    }
    let end = file.metadata()?.len();
    let mut last = [b'\n'];
    if regular && end > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let separator = if last == [b'\n'] { "" } else { "\n" };
    let written = file.write_all(format!("{separator}{text}").as_bytes());
    if written.is_err() && regular {
        // The half of it would say what the whole does not.
        cut(path, end)?;
    }
    *begins = Some(end);
    written
}

/// Windows cuts no file that is open for appending, so it is opened once more.
fn cut(path: &Path, length: u64) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.set_len(length)
}

/// Removes the report of an earlier run. What is no file of its own stays.
///
/// # Errors
///
/// Where it is there and cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    if !is_file_of_its_own(path) {
        return Ok(());
    }
    // A link is followed to the file that it names.
    std::fs::remove_file(std::fs::canonicalize(path)?)
}

/// Whether this is a regular file, and not the way to one that another program has open.
pub fn is_file_of_its_own(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file()) && !is_open_file(path)
}

/// Writes a file beside it first, so that a reader never meets a half of it. What is no regular
/// file, such as a device or a pipe, is written to, and so is what a stream was redirected to.
fn replace(path: &Path, text: &str, timeout: Duration) -> io::Result<()> {
    if is_open_file(path) {
        return add_to_open_file(path, text);
    }
    if let Ok(special) = std::fs::metadata(path).map(|found| found.file_type()) {
        if files::is_pipe(special) {
            return write_to_pipe(path, text, timeout);
        }
        if !special.is_file() {
            let mut file = OpenOptions::new().write(true).open(path)?;
            return file.write_all(text.as_bytes());
        }
    }
    // A link is followed to the file that it names.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut beside = path.clone().into_os_string();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&beside, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// Whether a path leads through `/dev/stdout`, `/dev/fd` and the like: the file behind it belongs
/// to the program that opened it.
#[cfg(unix)]
fn is_open_file(path: &Path) -> bool {
    const MAX_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Some(name) = path.file_name() else {
            return false;
        };
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let Ok(folder) = std::fs::canonicalize(folder.unwrap_or(Path::new("."))) else {
            return false;
        };
        if folder.starts_with("/proc") || folder.starts_with("/dev/fd") {
            return true;
        }
        let Ok(target) = std::fs::read_link(folder.join(name)) else {
            return false;
        };
        path = folder.join(target);
    }
    false
}

#[cfg(not(unix))]
fn is_open_file(_: &Path) -> bool {
    false
}

/// Adds to the end. Our own streams go on where they are.
#[cfg(unix)]
fn add_to_open_file(path: &Path, text: &str) -> io::Result<()> {
    use std::fs::{File, Metadata};
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let id = |found: Metadata| (found.dev(), found.ino());
    let wanted = id(std::fs::metadata(path)?);
    let stdout = io::stdout();
    let stderr = io::stderr();
    for stream in [stdout.as_fd(), stderr.as_fd()] {
        let mut stream = File::from(stream.try_clone_to_owned()?);
        if id(stream.metadata()?) == wanted {
            return stream.write_all(text.as_bytes());
        }
    }
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn add_to_open_file(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// To open a pipe waits for a reader, and to write waits until it reads: neither is waited for
/// without end.
#[cfg(unix)]
fn write_to_pipe(path: &Path, text: &str, timeout: Duration) -> io::Result<()> {
    use std::io::ErrorKind;
    use std::os::unix::fs::OpenOptionsExt;
    use std::time::Instant;
    const PAUSE: Duration = Duration::from_millis(10);
    let begun = Instant::now();
    let pause = || {
        if begun.elapsed() >= timeout {
            let problem = "it is a pipe that nobody reads";
            return Err(io::Error::new(ErrorKind::TimedOut, problem));
        }
        std::thread::sleep(PAUSE);
        Ok(())
    };
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(libc::O_NONBLOCK);
    let mut pipe = loop {
        match options.open(path) {
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => pause()?,
            opened => break opened?,
        }
    };
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match pipe.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => pause()?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn write_to_pipe(path: &Path, text: &str, _: Duration) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes())
}
