//! Files are read up to a limit: regular ones, and pipes within a time if the user named one.

use std::fmt;
use std::fs::{File, FileType};
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::Path;
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How much is read, and from what.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A longer file is an error: a part of it must not be taken for the whole.
    pub max_bytes: u64,
    /// Whether a pipe is read.
    pub pipes: Pipes,
}

/// What is done about a pipe, which may never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipes {
    /// It is an error.
    Refused,
    /// It is read, and has to end within this time.
    Within(Duration),
}

/// Why a file cannot be read, as a sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// There is no such file.
    Missing,
    /// It is a directory.
    Directory,
    /// It is a pipe, and none is accepted here.
    Pipe,
    /// It is a device or a socket.
    Device,
    /// It is longer than this many bytes.
    TooLong(u64),
    /// It is a pipe that did not end within this time.
    TimedOut(Duration),
    /// The system has no thread left to read it with.
    NoThread,
    /// Anything else.
    Failed(ErrorKind),
}

/// Reads a whole file.
///
/// # Errors
///
/// Where it cannot be read within the limits.
pub fn read(path: &Path, limits: Limits) -> Result<Vec<u8>, ReadError> {
    open(path, limits)?.whole()
}

/// Does `work` on a thread of its own and waits for it for `limit` at most; `None` where that is
/// over, and the thread is left behind.
///
/// # Errors
///
/// Where the system has no thread left.
pub fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (sender, receiver) = sync_channel(1);
    let work = move || drop(sender.send(work()));
    thread::Builder::new().spawn(work).map_err(no_thread)?;
    Ok(receiver.recv_timeout(limit).ok())
}

fn no_thread(_: io::Error) -> io::Error {
    ReadError::NoThread.into()
}

/// Opens a file for a reader that keeps to the limits. What goes wrong later is an
/// [`io::Error`] that becomes a [`ReadError`] again.
///
/// # Errors
///
/// Where it cannot be opened, or is of a kind that is not read.
pub fn open(path: &Path, limits: Limits) -> Result<Reader, ReadError> {
    let metadata = std::fs::metadata(path)?;
    let source = match (Kind::of(metadata.file_type()), limits.pipes) {
        (Kind::Regular, _) if metadata.len() > limits.max_bytes => {
            return Err(ReadError::TooLong(limits.max_bytes));
        }
        (Kind::Regular, _) => {
            let file = File::open(path)?;
            // It may be another one by now.
            Kind::of(file.metadata()?.file_type()).must_be(Kind::Regular)?;
            Source::File(file)
        }
        (Kind::Pipe, Pipes::Within(timeout)) => {
            let path = path.to_owned();
            // To open it may take as long as to read it: it waits for a writer.
            let open = move || {
                let file = File::open(path)?;
                Kind::of(file.metadata()?.file_type()).must_be(Kind::Pipe)?;
                Ok(file)
            };
            Source::Pipe(Pipe::start(timeout, open)?)
        }
        (kind, _) => return Err(kind.refused()),
    };
    Ok(Reader::new(source, limits.max_bytes))
}

/// Opens standard input, whatever it is.
///
/// # Errors
///
/// Where the system has no thread left.
pub fn stdin(max_bytes: u64, timeout: Duration) -> Result<Reader, ReadError> {
    let pipe = Pipe::start(timeout, || Ok(io::stdin()))?;
    Ok(Reader::new(Source::Pipe(pipe), max_bytes))
}

/// Reads up to a limit; beyond it is an error, and so is a pipe that does not end in time.
#[derive(Debug)]
pub struct Reader {
    source: Source,
    max_bytes: u64,
    bytes_left: u64,
}

#[derive(Debug)]
enum Source {
    File(File),
    Pipe(Pipe),
}

impl Reader {
    fn new(source: Source, max_bytes: u64) -> Self {
        Self {
            source,
            max_bytes,
            bytes_left: max_bytes,
        }
    }

    /// All that comes.
    ///
    /// # Errors
    ///
    /// Where it does not end within the limits.
    pub fn whole(mut self) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        match self.source {
            // A file's own way to the end, which clears no memory first.
            Source::File(file) => {
                let limit = self.bytes_left;
                let length = file.metadata().map_or(0, |found| found.len().min(limit));
                bytes.reserve_exact(usize::try_from(length).unwrap_or(0).saturating_add(1));
                let count = file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
                if u64::try_from(count).map_or(true, |count| count > limit) {
                    return Err(ReadError::TooLong(self.max_bytes));
                }
            }
            Source::Pipe(_) => {
                self.read_to_end(&mut bytes)?;
            }
        }
        Ok(bytes)
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.source {
            Source::File(file) => file.read(buffer)?,
            Source::Pipe(pipe) => pipe.read(buffer)?,
        };
        let left = u64::try_from(count)
            .ok()
            .and_then(|count| self.bytes_left.checked_sub(count));
        self.bytes_left = left.ok_or(ReadError::TooLong(self.max_bytes))?;
        Ok(count)
    }
}

/// What a thread of its own reads. Where the time is over, the thread is left behind: nothing can
/// wake it.
#[derive(Debug)]
struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
    timeout: Duration,
    deadline: Option<Instant>,
}

impl Pipe {
    fn start<R: Read>(
        timeout: Duration,
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
    ) -> io::Result<Self> {
        const CHUNK: usize = 65_536;
        let (sender, chunks) = sync_channel(1);
        let read = move || {
            let mut source = match open() {
                Ok(source) => source,
                Err(error) => return drop(sender.send(Err(error))),
            };
            let mut buffer = vec![0; CHUNK];
            loop {
                let chunk = match source.read(&mut buffer) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Ok(0) => return,
                    read => read.map(|count| buffer.get(..count).unwrap_or_default().to_vec()),
                };
                let ends = chunk.is_err();
                // An error: nobody listens any more.
                if sender.send(chunk).is_err() || ends {
                    return;
                }
            }
        };
        thread::Builder::new().spawn(read).map_err(no_thread)?;
        Ok(Self {
            chunks,
            chunk: Cursor::default(),
            timeout,
            deadline: Instant::now().checked_add(timeout),
        })
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.chunk.read(buffer)?;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        let left = self.deadline.map_or(self.timeout, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        match self.chunks.recv_timeout(left) {
            Ok(chunk) => {
                self.chunk = Cursor::new(chunk?);
                self.chunk.read(buffer)
            }
            Err(RecvTimeoutError::Disconnected) => Ok(0),
            Err(RecvTimeoutError::Timeout) => Err(ReadError::TimedOut(self.timeout).into()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Regular,
    Directory,
    Pipe,
    /// A device, a socket, or what a system has beside.
    Device,
}

impl Kind {
    fn of(file: FileType) -> Self {
        if file.is_file() {
            Self::Regular
        } else if file.is_dir() {
            Self::Directory
        } else if is_pipe(file) {
            Self::Pipe
        } else {
            Self::Device
        }
    }

    fn must_be(self, kind: Self) -> Result<(), ReadError> {
        if self == kind {
            Ok(())
        } else {
            Err(self.refused())
        }
    }

    fn refused(self) -> ReadError {
        match self {
            Self::Directory => ReadError::Directory,
            Self::Pipe => ReadError::Pipe,
            Self::Device => ReadError::Device,
            // What was a pipe before it was opened.
            Self::Regular => ReadError::Failed(ErrorKind::Other),
        }
    }
}

#[cfg(unix)]
pub(crate) fn is_pipe(file: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&file)
}

#[cfg(not(unix))]
pub(crate) fn is_pipe(_: FileType) -> bool {
    false
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        let own = error.get_ref().and_then(|inner| inner.downcast_ref());
        match (own, error.kind()) {
            (Some(own), _) => *own,
            (None, ErrorKind::NotFound) => Self::Missing,
            (None, kind) => Self::Failed(kind),
        }
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        Self::other(error)
    }
}

impl std::error::Error for ReadError {}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KIB: u64 = 1_024;
        const MIB: u64 = 1_024 * KIB;
        match self {
            Self::Missing => f.write_str("it does not exist"),
            Self::Directory => f.write_str("it is a directory"),
            Self::Pipe => f.write_str("it is a pipe, not a file"),
            Self::Device => f.write_str("it is a device, not a file"),
            Self::TooLong(bytes) if bytes % MIB == 0 => {
                write!(f, "it is longer than {} MiB", bytes / MIB)
            }
            Self::TooLong(bytes) if bytes % KIB == 0 => {
                write!(f, "it is longer than {} KiB", bytes / KIB)
            }
            Self::TooLong(bytes) => write!(f, "it is longer than {bytes} bytes"),
            Self::TimedOut(timeout) => write!(
                f,
                "it is a pipe that did not end within {}",
                humantime::format_duration(*timeout)
            ),
            Self::NoThread => {
                f.write_str("no thread is left to this user (ulimit -u, or the container's limit)")
            }
            // The words of the standard library, not of the system.
            Self::Failed(kind) => write!(f, "{kind}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const REFUSED: Limits = Limits {
        max_bytes: 4,
        pipes: Pipes::Refused,
    };

    fn directory() -> TempDir {
        tempfile::tempdir().expect("a directory")
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let directory = directory();
        for (text, read_as) in [
            ("", Ok(vec![])),
            ("abcd", Ok(b"abcd".to_vec())),
            ("abcde", Err(ReadError::TooLong(4))),
        ] {
            let path = directory.path().join("file");
            std::fs::write(&path, text).expect("written");
            assert_eq!(read(&path, REFUSED), read_as);
        }
        let missing = directory.path().join("missing");
        assert_eq!(read(&missing, REFUSED), Err(ReadError::Missing));
        let below_a_file = directory.path().join("file/below");
        assert!(matches!(
            read(&below_a_file, REFUSED),
            Err(ReadError::Failed(_) | ReadError::Missing)
        ));
        // Windows refuses to open one.
        assert!(read(directory.path(), REFUSED).is_err());
    }

    #[test]
    fn an_error_is_said_in_own_words() {
        for (error, words) in [
            (ReadError::Missing, "it does not exist"),
            (ReadError::TooLong(65_536), "it is longer than 64 KiB"),
            (ReadError::TooLong(67_108_864), "it is longer than 64 MiB"),
            (ReadError::TooLong(7), "it is longer than 7 bytes"),
            (
                ReadError::TimedOut(Duration::from_secs(90)),
                "it is a pipe that did not end within 1m 30s",
            ),
            (
                ReadError::Failed(ErrorKind::PermissionDenied),
                "permission denied",
            ),
        ] {
            assert_eq!(error.to_string(), words);
            assert_eq!(ReadError::from(io::Error::from(error)), error);
        }
    }

    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::io::Write;
        use std::path::PathBuf;
        use std::process::Command;

        /// Longer than any test runs.
        const LONG: Duration = Duration::from_secs(600);
        const SHORT: Duration = Duration::from_millis(20);

        fn within(timeout: Duration) -> Limits {
            Limits {
                max_bytes: 4,
                pipes: Pipes::Within(timeout),
            }
        }

        fn pipe(directory: &TempDir) -> PathBuf {
            let path = directory.path().join("pipe");
            let made = Command::new("mkfifo").arg(&path).status().expect("run");
            assert!(made.success());
            path
        }

        #[test]
        fn what_is_no_file_is_refused() {
            let directory = directory();
            let pipe = pipe(&directory);
            let link = directory.path().join("link");
            std::os::unix::fs::symlink(&pipe, &link).expect("a link");
            for (path, error) in [
                (Path::new("/dev/zero"), ReadError::Device),
                (Path::new("/dev/null"), ReadError::Device),
                (directory.path(), ReadError::Directory),
            ] {
                assert_eq!(read(path, REFUSED), Err(error));
                assert_eq!(read(path, within(LONG)), Err(error));
            }
            for path in [&pipe, &link] {
                assert_eq!(read(path, REFUSED), Err(ReadError::Pipe));
            }
        }

        #[test]
        fn a_pipe_without_end_ends_at_the_deadline() {
            let directory = directory();
            let pipe = pipe(&directory);
            let late = Err(ReadError::TimedOut(SHORT));
            assert_eq!(read(&pipe, within(SHORT)), late, "nobody writes");
            let mut writer = File::options()
                .read(true)
                .write(true)
                .open(&pipe)
                .expect("both ends");
            writer.write_all(b"ab").expect("written");
            assert_eq!(read(&pipe, within(SHORT)), late, "nobody ends");
        }

        #[test]
        fn a_pipe_is_read_whole_or_not_at_all() {
            for (text, read_as) in [
                ("", Ok(vec![])),
                ("abcd", Ok(b"abcd".to_vec())),
                ("abcde", Err(ReadError::TooLong(4))),
            ] {
                // What a test beside this one starts may hold the end of the pipe before.
                let directory = directory();
                let pipe = pipe(&directory);
                let path = pipe.clone();
                let writer = thread::spawn(move || std::fs::write(path, text));
                assert_eq!(read(&pipe, within(LONG)), read_as);
                writer.join().expect("no panic").expect("written");
            }
        }
    }
}
