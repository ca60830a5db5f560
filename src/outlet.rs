//! Where text goes: standard output, and files that are added to.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Writes the whole of a text to standard output.
///
/// Not through Rust's own `Stdout`, which takes an output that is not open for writing for one
/// that swallows everything.
#[cfg(unix)]
pub(crate) fn print(text: &str) -> io::Result<()> {
    use std::os::fd::AsFd;
    let out = io::stdout().as_fd().try_clone_to_owned()?;
    File::from(out).write_all(text.as_bytes())
}

/// Writes the whole of a text to standard output.
#[cfg(not(unix))]
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The file that a variable names, if it does.
pub(crate) fn open(path: Option<OsString>) -> io::Result<Option<File>> {
    let path = path.filter(|path| !path.is_empty());
    path.map(|path| {
        OpenOptions::new()
            .append(true)
            .read(true)
            .create(true)
            .open(path)
    })
    .transpose()
}

/// Adds lines to a file. One that does not end in a line break gets one before.
pub(crate) fn append(mut file: File, text: &str) -> io::Result<()> {
    let mut last = [b'\n'];
    if file.metadata()?.is_file() && file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let separator = if last == [b'\n'] { "" } else { "\n" };
    let before = file.metadata()?.len();
    let written = file.write_all(format!("{separator}{text}").as_bytes());
    if written.is_err() && file.metadata()?.is_file() {
        // The half of it would say what the whole does not.
        file.set_len(before)?;
    }
    written
}
