//! Which files a report may be written to: not two names of one file, and nothing that a run reads or
//! might read.

use std::path::{Path, PathBuf};

use runway_preflight::cli::{self, UsageError};
use runway_preflight::output::is_special;
use runway_preflight::report::Format;

use crate::setup::DOTENV;
use crate::variable;

/// Variables that name a file.
const VARIABLES: [&str; 4] = [
    "SSL_CERT_FILE",
    "GITHUB_EVENT_PATH",
    "GITHUB_OUTPUT",
    "GITHUB_STEP_SUMMARY",
];

/// The files of `--write` that a report may be written to, and what is wrong with the first of the
/// others. `read` is what the command line names for reading, each with its flag.
pub(crate) fn split<'w>(
    write: &'w [(Format, PathBuf)],
    read: Vec<(&'static str, PathBuf)>,
) -> (Vec<&'w (Format, PathBuf)>, Result<(), UsageError>) {
    let kept = kept(read);
    let names = write.iter().map(|(format, path)| {
        let file = cli::echo(&path.to_string_lossy());
        (format!("--write {}={file}", format.name()), path.clone())
    });
    let names: Vec<(String, PathBuf)> = names.collect();
    let (mut writable, mut problem) = (Vec::new(), Ok(()));
    for (file, own) in write.iter().zip(&names) {
        let others = names.iter().filter(|other| !std::ptr::eq(*other, own));
        let mut others = kept.iter().chain(others);
        if let Some((other, _)) = others.find(|(_, other)| is_same_file(other, &own.1)) {
            problem = problem.and(Err(UsageError::new(
                format!("{other} and {} are the same file", own.0),
                "--write json=report.json --write env=preflight.env",
            )));
        } else {
            writable.push(file);
        }
    }
    (writable, problem)
}

/// What no report is written to, each with its name.
fn kept(read: Vec<(&'static str, PathBuf)>) -> Vec<(String, PathBuf)> {
    let mut kept = vec![(DOTENV.to_owned(), PathBuf::from(DOTENV))];
    for (flag, path) in read {
        kept.push(match &*path.to_string_lossy() {
            "-" => ("standard input".to_owned(), PathBuf::from("/dev/stdin")),
            name => (format!("{flag} {}", cli::echo(name)), path),
        });
    }
    for name in VARIABLES {
        let path = variable(name).filter(|path| !path.is_empty());
        kept.extend(path.map(|path| (name.to_owned(), PathBuf::from(path))));
    }
    let folders = variable("SSL_CERT_DIR").unwrap_or_default();
    let entries = std::env::split_paths(&folders).flat_map(std::fs::read_dir);
    for entry in entries.flatten().flatten() {
        kept.push(("a certificate of SSL_CERT_DIR".to_owned(), entry.path()));
    }
    kept
}

/// Whether two paths lead to one file, which may not exist yet. To a device or a pipe both may
/// write.
fn is_same_file(one: &Path, other: &Path) -> bool {
    if is_special(one) || is_special(other) {
        return false;
    }
    same_file::is_same_file(one, other).unwrap_or(false) || target(one) == target(other)
}

/// Where a path leads in the end, also if nothing is there.
fn target(path: &Path) -> PathBuf {
    const MAX_LINKS: usize = 40;
    let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for _ in 0..MAX_LINKS {
        let Ok(link) = std::fs::read_link(&path) else {
            break;
        };
        path.pop();
        path.push(link);
    }
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    let path = match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path,
    };
    if cfg!(any(windows, target_vendor = "apple")) {
        // There the case of letters does not count.
        path.to_string_lossy().to_lowercase().into()
    } else {
        path
    }
}
