//! Which files a report may be written to: not two names of one file, and nothing that a run reads or
//! might read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use runway_preflight::ci::{CiFile, GitHub};
use runway_preflight::cli::{self, UsageError};
use runway_preflight::files::{is_same, is_same_input, STDIN};
use runway_preflight::output::{is_special, Output};
use runway_preflight::report::{is_label, Format};

use crate::setup::DOTENV;
use crate::variable;

/// Variables that name a file that a run may read.
const READ: [&str; 2] = ["SSL_CERT_FILE", "GITHUB_EVENT_PATH"];

/// Variables that name a file of the CI system.
const OF_CI: [&str; 2] = ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"];

/// A file, and what it is called in a message.
type Named = (String, PathBuf);

/// The files that a report is written to.
pub(crate) struct Files<'a> {
    pub(crate) output: &'a Output,
    pub(crate) label: Option<&'a str>,
    /// What scripts source comes last.
    pub(crate) write: Vec<&'a (Format, PathBuf)>,
    pub(crate) ci: Option<&'a GitHub>,
    pub(crate) of_ci: Vec<&'a CiFile>,
    /// What is wrong with the first of those that are never written to.
    pub(crate) problem: Result<(), UsageError>,
}

impl<'a> Files<'a> {
    /// Those of `--write` and of the CI system that may be written to.
    pub(crate) fn new(
        output: &'a Output,
        arguments: &'a [OsString],
        write: &'a [(Format, PathBuf)],
        ci: Option<&'a GitHub>,
    ) -> Self {
        let mut labels = cli::flag_values("--label", arguments).filter(|label| is_label(label));
        let mut read = named_by_flags(arguments);
        let ci_files = named_by(&OF_CI);
        let names = write.iter().map(|(format, path)| {
            let file = cli::echo(&path.to_string_lossy());
            (format!("--write {}={file}", format.name()), path.clone())
        });
        let names: Vec<Named> = names.collect();
        let mut files = Self {
            output,
            label: labels.find(|label| !output.redactor.holds_trace(label)),
            write: Vec::new(),
            ci,
            of_ci: Vec::new(),
            problem: refuse_shared_input(&read),
        };
        read.extend(read_unasked(!write.is_empty() || ci.is_some()));
        for file in ci.into_iter().flat_map(|ci| &ci.files) {
            let example = format!("{}=step.txt runway-preflight", file.name);
            if files.may_write(file.name, &file.path, &example, read.iter()) {
                files.of_ci.push(file);
            }
        }
        let example = "runway-preflight --write json=report.json --write env=preflight.env";
        for (file, own) in write.iter().zip(&names) {
            let others = names.iter().filter(|other| !std::ptr::eq(*other, own));
            let others = read.iter().chain(&ci_files).chain(others);
            if files.may_write(&own.0, &own.1, example, others) {
                let mut before = files.write.iter();
                let sourced = before.position(|(format, _)| *format == Format::Env);
                let at = sourced.unwrap_or(files.write.len());
                files.write.insert(at, file);
            }
        }
        files
    }

    /// Whether none of the others is the same file; the first that is becomes the problem.
    fn may_write<'o>(
        &mut self,
        name: &str,
        path: &Path,
        example: &str,
        mut others: impl Iterator<Item = &'o Named>,
    ) -> bool {
        let same = others.find(|(_, other)| is_same_file(other, path));
        if let (Some((other, _)), Ok(())) = (same, &self.problem) {
            let problem = format!("{other} and {name} are the same file");
            self.problem = Err(UsageError::with(&problem, example));
        }
        same.is_none()
    }
}

/// What the command line tells a run to read.
fn named_by_flags(arguments: &[OsString]) -> Vec<Named> {
    let flags = ["--from", "--plan", "--key-file"].into_iter();
    let named = flags.flat_map(|flag| {
        cli::flag_values(flag, arguments).map(move |path| {
            let name = format!("{flag} {}", cli::echo(path));
            (name, PathBuf::from(if path == "-" { STDIN } else { path }))
        })
    });
    named.collect()
}

/// The first reader would leave nothing to the second.
fn refuse_shared_input(read: &[Named]) -> Result<(), UsageError> {
    for (at, (name, path)) in read.iter().enumerate() {
        let mut before = read.iter().take(at);
        if let Some((other, _)) = before.find(|(_, other)| is_same_input(other, path)) {
            let problem = format!("{other} and {name} are one input, which can be read only once");
            return Err(UsageError::new(problem));
        }
    }
    Ok(())
}

/// What else a run reads or might read. To list certificates takes time: only where something is
/// `written`.
fn read_unasked(written: bool) -> Vec<Named> {
    let mut read = vec![(DOTENV.to_owned(), PathBuf::from(DOTENV))];
    read.extend(named_by(&READ));
    if !written {
        return read;
    }
    let folders = variable("SSL_CERT_DIR").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let trusted = |path| ("a trusted certificate".to_owned(), path);
    #[cfg(not(any(windows, target_vendor = "apple")))]
    read.extend(openssl_probe::probe().cert_file.map(trusted));
    #[cfg(not(any(windows, target_vendor = "apple")))]
    let folders = [folders, openssl_probe::probe().cert_dir].concat();
    let entries = folders.iter().flat_map(std::fs::read_dir).flatten();
    read.extend(entries.flatten().map(|entry| trusted(entry.path())));
    read
}

/// The files that variables name.
fn named_by(variables: &[&str]) -> Vec<Named> {
    let named = variables.iter().filter_map(|name| {
        let path = variable(name).filter(|path| !path.is_empty())?;
        Some(((*name).to_owned(), PathBuf::from(path)))
    });
    named.collect()
}

/// Whether two paths lead to one file, which may not exist yet. To a device or a pipe both may
/// write.
fn is_same_file(one: &Path, other: &Path) -> bool {
    if is_special(one) || is_special(other) {
        return false;
    }
    let same_target = || one.exists() == other.exists() && target(one) == target(other);
    is_same(one, other).unwrap_or_else(|_| same_target())
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

#[cfg(test)]
#[cfg(not(any(windows, target_vendor = "apple")))]
mod tests {
    use super::*;

    /// Nothing is written here: a mistake would cost the machine its certificates.
    #[test]
    fn the_certificates_of_the_system_are_never_written_to() {
        let system = openssl_probe::probe();
        let entries = system.cert_dir.iter().flat_map(std::fs::read_dir);
        let one = entries.flatten().flatten().next().map(|it| it.path());
        for path in system.cert_file.into_iter().chain(one) {
            let output = Output::default();
            let write = [(Format::Json, path)];
            let files = Files::new(&output, &[], &write, None);
            assert!(
                files.write.is_empty() && files.problem.is_err(),
                "{write:?}"
            );
        }
    }
}
