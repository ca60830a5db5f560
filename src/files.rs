//! Files are read up to a limit: regular ones, and pipes within a time if the user named one. A
//! longer file is an error: a part of it must not be taken for the whole. A pipe may never end:
//! without `patience` it is an error, else it has to end within that time.

use std::fs::{File, FileType};
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// Reads a whole file; without a path, standard input.
///
/// # Errors
///
/// Why it cannot be read, as a sentence about it.
pub fn read<'p>(
    path: impl Into<Option<&'p Path>>,
    max_bytes: u64,
    patience: Option<Duration>,
) -> Result<Vec<u8>, String> {
    let to_the_end = |mut file: Bounded| {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map(|_| bytes)
    };
    read_by(path, max_bytes, patience, to_the_end)?.map_err(|error| why(&error))
}

/// Lets `work` read a file to its end; without a path, standard input.
///
/// # Errors
///
/// Why it cannot be opened, or did not end in time. What goes wrong while it is read is told to `work`.
pub fn read_by<'p, T: Send + 'static>(
    path: impl Into<Option<&'p Path>>,
    max_bytes: u64,
    patience: Option<Duration>,
    work: impl FnOnce(Bounded) -> T + Send + 'static,
) -> Result<T, String> {
    let named = path.into().filter(|path| path.as_os_str() != STDIN);
    let path = named.map(Path::to_owned);
    let is_stdin = path.is_none();
    // Windows tells nothing about its pipes.
    let typed = is_stdin && (cfg!(windows) || io::stdin().is_terminal());
    let kind = match &path {
        Some(path) => std::fs::metadata(path),
        None => standard_input().and_then(|file| file.metadata()),
    };
    let open = move || path.map_or_else(standard_input, File::open);
    let work = move || {
        Ok(work(Bounded {
            source: open().map_err(|error| why(&error))?,
            left: max_bytes,
            limit: max_bytes,
        }))
    };
    if typed {
        return in_time(patience, work);
    }
    let kind = kind.map_err(|error| why(&error))?.file_type();
    if kind.is_file() {
        work()
    } else if kind.is_dir() {
        Err("it is a directory".to_owned())
    } else if is_pipe(kind, is_stdin) {
        // To open it may take as long as to read it: it waits for a writer.
        in_time(patience, work)
    } else if is_stdin {
        Err("nothing is piped into it (docker run does so with -i)".to_owned())
    } else {
        Err("it is a device, not a file".to_owned())
    }
}

/// A handle of its own: that of the standard library takes one that cannot be read for an empty one.
fn standard_input() -> io::Result<File> {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned();
    #[cfg(windows)]
    let handle = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned();
    handle.map(File::from)
}

/// What stands for standard input.
pub const STDIN: &str = "/dev/stdin";

/// Whether two paths lead to standard input, or to one pipe: only the first reader gets something.
pub fn is_same_input(one: &Path, other: &Path) -> bool {
    let are_stdin = [one, other].iter().all(|path| path.as_os_str() == STDIN);
    let leads_to_pipe =
        || std::fs::metadata(one).is_ok_and(|file| is_pipe(file.file_type(), false));
    are_stdin || leads_to_pipe() && is_same(one, other).unwrap_or(false)
}

/// Whether two paths lead to one file, by links of any kind. Nothing is opened.
///
/// # Errors
///
/// Where one of them leads nowhere.
#[cfg(unix)]
pub fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (one, other) = (std::fs::metadata(one)?, std::fs::metadata(other)?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

/// The same, where names in another letter case are one too.
///
/// # Errors
///
/// Where one of them leads nowhere.
#[cfg(not(unix))]
pub fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    same_file::is_same_file(one, other)
}

fn in_time<T: Send + 'static>(
    patience: Option<Duration>,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let limit = patience.ok_or("it is a pipe, not a file")?;
    let done = within(limit, work).map_err(|error| why(&error))?;
    done.unwrap_or_else(|| {
        let limit = humantime::format_duration(limit);
        Err(format!("it is a pipe that did not end within {limit}"))
    })
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
    thread::Builder::new().spawn(work).map_err(|_| {
        io::Error::other("no thread is left to this user (ulimit -u, or the container's limit)")
    })?;
    Ok(receiver.recv_timeout(limit).ok())
}

/// A file up to its limit; beyond it is an error.
pub struct Bounded {
    source: File,
    left: u64,
    limit: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let read = u64::try_from(count).unwrap_or(u64::MAX);
        let left = self.left.checked_sub(read);
        self.left = left.ok_or_else(|| io::Error::other(too_long(self.limit)))?;
        Ok(count)
    }
}

fn too_long(limit: u64) -> String {
    let (limit, unit) = match limit {
        bytes if bytes % 1_048_576 == 0 => (bytes / 1_048_576, "MiB"),
        bytes if bytes % 1_024 == 0 => (bytes / 1_024, "KiB"),
        bytes => (bytes, "bytes"),
    };
    format!("it is longer than {limit} {unit}")
}

/// Why a file cannot be read: our own words, or those of the standard library, not of the system.
pub fn why(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".to_owned(),
        _ if error.get_ref().is_some() => error.to_string(),
        kind => kind.to_string(),
    }
}

/// Whether this is a pipe, or a socket where one stands for standard input: no socket can be opened.
#[cfg(unix)]
fn is_pipe(file: FileType, is_stdin: bool) -> bool {
    use std::os::unix::fs::FileTypeExt;
    file.is_fifo() || is_stdin && file.is_socket()
}

#[cfg(not(unix))]
fn is_pipe(_: FileType, _: bool) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn directory() -> TempDir {
        tempfile::tempdir().expect("a directory")
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let directory = directory();
        for (text, read_as) in [
            ("", Ok(vec![])),
            ("abcd", Ok(b"abcd".to_vec())),
            ("abcde", Err("it is longer than 4 bytes".to_owned())),
        ] {
            let path = directory.path().join("file");
            std::fs::write(&path, text).expect("written");
            assert_eq!(read(&*path, 4, None), read_as);
        }
        let missing = directory.path().join("missing");
        assert_eq!(
            read(&*missing, 4, None),
            Err("it does not exist".to_owned())
        );
        let below_a_file = directory.path().join("file/below");
        assert!(read(&*below_a_file, 4, None).is_err());
        // Windows refuses to open one.
        assert!(read(directory.path(), 4, None).is_err());
    }

    #[test]
    fn a_limit_is_told_in_its_unit() {
        for (limit, words) in [(65_536, "64 KiB"), (2_097_152, "2 MiB"), (7, "7 bytes")] {
            assert_eq!(too_long(limit), format!("it is longer than {words}"));
        }
        let error = ErrorKind::PermissionDenied.into();
        assert_eq!(why(&error), "permission denied");
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
                (Path::new("/dev/zero"), "it is a device, not a file"),
                (Path::new("/dev/null"), "it is a device, not a file"),
                (directory.path(), "it is a directory"),
            ] {
                assert_eq!(read(path, 4, None), Err(error.to_owned()));
                assert_eq!(read(path, 4, Some(LONG)), Err(error.to_owned()));
            }
            for path in [&pipe, &link] {
                let error = "it is a pipe, not a file".to_owned();
                assert_eq!(read(&**path, 4, None), Err(error));
            }
        }

        #[test]
        fn a_pipe_without_end_ends_at_the_deadline() {
            let directory = directory();
            let pipe = pipe(&directory);
            let late = Err("it is a pipe that did not end within 20ms".to_owned());
            assert_eq!(read(&*pipe, 4, Some(SHORT)), late, "nobody writes");
            let mut writer = File::options()
                .read(true)
                .write(true)
                .open(&pipe)
                .expect("both ends");
            writer.write_all(b"ab").expect("written");
            assert_eq!(read(&*pipe, 4, Some(SHORT)), late, "nobody ends");
        }

        #[test]
        fn a_pipe_is_read_whole_or_not_at_all() {
            for (text, read_as) in [
                ("", Ok(vec![])),
                ("abcd", Ok(b"abcd".to_vec())),
                ("abcde", Err("it is longer than 4 bytes".to_owned())),
            ] {
                // What a test beside this one starts may hold the end of the pipe before.
                let directory = directory();
                let pipe = pipe(&directory);
                let path = pipe.clone();
                let writer = thread::spawn(move || std::fs::write(path, text));
                assert_eq!(read(&*pipe, 4, Some(LONG)), read_as);
                writer.join().expect("no panic").expect("written");
            }
        }
    }
}
