//! What a run needs, set up before anything is asked: files are read, the key is found, the way to
//! Runway is chosen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use runway_preflight::api::{proxy, roots, BaseUrl, Client, RUNWAY};
use runway_preflight::ci;
use runway_preflight::cli::{self, Color, Settings, UsageError};
use runway_preflight::credentials::{self, Key, KeyError, KeySource, Places};
use runway_preflight::decode;
use runway_preflight::diagnostic::{Asked, Context, Finding, HistoryFlag, KeyHint};
use runway_preflight::files::{self, Limits, Pipes};
use runway_preflight::job::Job;
use runway_preflight::output::{is_special, Output};
use runway_preflight::plan::{self, Plan};
use runway_preflight::poll::Poll;
use runway_preflight::redact::Redactor;
use runway_preflight::report::Format;
use runway_preflight::source::{Document, Source};

use crate::variable;

const DOTENV: &str = ".env";

/// Everything that one run goes by.
pub(crate) struct Setup {
    pub(crate) poll: Poll,
    /// What keeps the run from asking: no key, no certificates.
    pub(crate) obstacle: Option<Finding>,
    pub(crate) key_source: Option<KeySource>,
    /// The base URL, or the file's name, as the JSON report has it.
    pub(crate) source: String,
    pub(crate) tiers: bool,
    pub(crate) format: Format,
    pub(crate) write: Vec<(Format, PathBuf)>,
    pub(crate) color: Color,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) label: Option<String>,
    organization: Source,
    host: String,
    path: String,
    waiting: bool,
    secure: bool,
    fails_open: bool,
    skips_missing_key: bool,
}

impl Setup {
    /// What the messages must know.
    pub(crate) fn context<'a>(&'a self, redactor: &'a Redactor) -> Context<'a> {
        Context {
            organization: &self.organization,
            host: &self.host,
            path: &self.path,
            secure: self.secure,
            waiting: self.waiting,
            waiting_helps: true,
            fails_open: self.fails_open,
            skips_missing_key: self.skips_missing_key,
            redactor,
        }
    }
}

/// Every place where a key may be.
pub(crate) fn places(key_file: Option<&Path>, patience: Duration) -> Places {
    let in_ci = ci::is_ci(&variable);
    Places::read(&variable, key_file, Path::new(DOTENV), in_ci, patience)
}

/// The sink that keeps every key back, and what a proxy is told.
pub(crate) fn output(places: &Places) -> Output {
    let of_proxies = proxy::secrets(&variable);
    let of_proxies = of_proxies.iter().filter_map(|text| Key::meant_by(text));
    let secrets: Vec<Key> = places.candidates().into_iter().chain(of_proxies).collect();
    Output::new(Redactor::new(&secrets))
}

/// Reads what the settings name, as far as they need it.
pub(crate) fn setup(
    settings: Settings,
    places: &Places,
    redactor: &Redactor,
) -> Result<Setup, UsageError> {
    let base = base_url(&settings)?;
    let found = places.key();
    refuse_as_argument(&places.candidates(), redactor, settings.label.as_deref())?;
    let timeout = settings.timeout;
    let mut job = settings.job.clone();
    if let Some(source) = &settings.plan {
        add_plan(&mut job, source, &settings)?;
    }
    let organization = input("--from", &settings.organization, timeout)?;
    let mut client = None;
    let mut key_source = None;
    let mut obstacle = None;
    if settings.asks_runway() {
        let proxy = proxy::for_host(&base, &variable).map_err(|problem| {
            UsageError::of_variable(&problem, "HTTPS_PROXY=http://proxy.example:3128")
        })?;
        match found {
            Ok((key, source)) => {
                key_source = Some(source);
                match roots(&base, &settings) {
                    Ok(roots) => {
                        client = Some(Client::new(base.clone(), &key, proxy, roots));
                    }
                    Err(finding) => obstacle = Some(*finding),
                }
            }
            Err(error) => obstacle = Some(no_key(error, &settings)?),
        }
    }
    let source = match &settings.organization {
        Source::Stdin => "-".to_owned(),
        source => source.name(base.as_str()),
    };
    Ok(Setup {
        poll: Poll {
            job,
            organization,
            client,
            shown: settings.shown,
            wait: settings.wait,
            interval: settings.interval,
            timeout,
        },
        obstacle,
        key_source,
        source,
        tiers: settings.tiers,
        format: settings.format,
        write: settings.write,
        color: settings.color,
        quiet: settings.quiet,
        verbose: settings.verbose,
        label: settings.label,
        organization: settings.organization,
        host: redactor.name(base.host()),
        path: redactor.name(base.path()),
        secure: base.is_secure(),
        waiting: settings.wait.is_some(),
        fails_open: settings.fail_open,
        skips_missing_key: settings.skip_missing_key,
    })
}

/// The files of `--write` that a report may be written to, and what is wrong with the others: none
/// replaces another one, nor what a run reads or might read.
pub(crate) fn writable(
    write: Vec<(Format, PathBuf)>,
    read: Vec<(&'static str, PathBuf)>,
) -> (Vec<(Format, PathBuf)>, Result<(), UsageError>) {
    let variables = [
        "SSL_CERT_FILE",
        "GITHUB_EVENT_PATH",
        "GITHUB_OUTPUT",
        "GITHUB_STEP_SUMMARY",
    ];
    let variables = variables.iter().filter_map(|name| {
        let path = variable(name).filter(|path| !path.is_empty())?;
        Some(((*name).to_owned(), PathBuf::from(path)))
    });
    let read = read
        .into_iter()
        .map(|(flag, path)| match &*path.to_string_lossy() {
            "-" => ("standard input".to_owned(), PathBuf::from("/dev/stdin")),
            name => (format!("{flag} {}", cli::echo(name)), path),
        });
    let dotenv = (DOTENV.to_owned(), PathBuf::from(DOTENV));
    let kept: Vec<(String, PathBuf)> = variables.chain(read).chain([dotenv]).collect();
    let mut result = Ok(());
    let writable = write.iter().enumerate().filter(|(nth, (format, path))| {
        let name = |format: Format, path: &Path| {
            let path = cli::echo(&path.to_string_lossy());
            format!("--write {}={path}", format.name())
        };
        let kept = kept.iter().find(|(_, other)| is_same_file(other, path));
        let kept = kept
            .map(|(other, _)| other.clone())
            .or_else(|| in_certificates(path));
        let twice = write
            .iter()
            .enumerate()
            .find(|(other, (_, at))| other != nth && is_same_file(at, path));
        let twice = twice.map(|(_, (format, path))| name(*format, path));
        let other = kept.or(twice);
        if let (Some(other), true) = (&other, result.is_ok()) {
            result = Err(UsageError::new(
                format!("{other} and {} are the same file", name(*format, path)),
                "--write json=report.json --write env=preflight.env",
            ));
        }
        other.is_none()
    });
    let writable = writable.map(|(_, file)| file.clone()).collect();
    (writable, result)
}

/// `SSL_CERT_DIR`, where a file lies in one of its folders.
fn in_certificates(path: &Path) -> Option<String> {
    let folders = variable("SSL_CERT_DIR")?;
    let file = path.file_name()?;
    let lies_in = |folder: PathBuf| is_same_file(&folder.join(file), path);
    let found = std::env::split_paths(&folders).any(lies_in);
    found.then(|| "a certificate of SSL_CERT_DIR".to_owned())
}

/// Whether two paths lead to one file, which may not exist yet. To a device or a pipe both may
/// write.
fn is_same_file(one: &Path, other: &Path) -> bool {
    if is_special(one) || is_special(other) {
        return false;
    }
    id(one).is_some_and(|one| Some(one) == id(other)) || target(one) == target(other)
}

/// What hard links have in common.
#[cfg(unix)]
fn id(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn id(_: &Path) -> Option<(u64, u64)> {
    None
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

/// The host to ask.
fn base_url(settings: &Settings) -> Result<BaseUrl, UsageError> {
    let error = |name: &str, problem: String| {
        let example = "--base-url https://api.dev.runwayml.com";
        UsageError::new(format!("{name} {problem}"), example)
    };
    let from_environment =
        variable("RUNWAYML_BASE_URL").filter(|url| !url.is_empty() && settings.asks_runway());
    let (name, url) = match (&settings.base_url, from_environment) {
        (Some(url), _) => ("--base-url", url.clone()),
        (None, Some(url)) => {
            let name = "RUNWAYML_BASE_URL";
            let url = url.into_string();
            (
                name,
                url.map_err(|_| error(name, "is not UTF-8".to_owned()))?,
            )
        }
        (None, None) => ("", RUNWAY.to_owned()),
    };
    // A user, a password or a query may be a secret.
    let shown = if url.contains(['@', '?', '#']) {
        String::new()
    } else {
        format!("{} ", cli::echo(&url))
    };
    BaseUrl::parse(&url).map_err(|problem| error(name, format!("{shown}{problem}")))
}

fn no_key(error: KeyError, settings: &Settings) -> Result<Finding, UsageError> {
    match error {
        KeyError::Missing { searched, hints } => {
            let hints = ci::key_hints(&variable).into_iter().chain(hints);
            let beside = (settings.key_file.is_some() && key_in_environment())
                .then_some(KeyHint::BesideKeyFile);
            let history = history_asked(settings).map(KeyHint::HistoryAsked);
            let hints = hints.chain(beside).chain(history).collect();
            Ok(Finding::KeyMissing { searched, hints })
        }
        KeyError::Malformed { place, problem } => Ok(Finding::KeyMalformed {
            place,
            problem,
            advice: ci::key_advice(&variable),
        }),
        KeyError::Unreadable(error) => {
            let file = settings.key_file.as_deref().map(Path::to_string_lossy);
            let file = file.unwrap_or_default();
            let problem = if credentials::looks_like_key(&file) {
                format!(
                    "--key-file names a file that holds the key, and this looks like the key itself: \
                     put it into {}, or into that file",
                    credentials::VARIABLE
                )
            } else {
                format!("--key-file {} cannot be read: {error}", cli::echo(&file))
            };
            Err(UsageError::new(problem, "--key-file secret.txt"))
        }
    }
}

fn key_in_environment() -> bool {
    variable(credentials::VARIABLE).is_some_and(|key| !key.to_string_lossy().trim().is_empty())
}

/// Which flag needs a key beside `--from`.
fn history_asked(settings: &Settings) -> Option<HistoryFlag> {
    if settings.organization == Source::Runway {
        return None;
    }
    match settings.shown {
        _ if settings.job.asks_for_history() => Some(HistoryFlag::Budget),
        Some(_) => Some(HistoryFlag::Usage),
        None => None,
    }
}

/// Certificates are read only if they are needed.
fn roots(base: &BaseUrl, settings: &Settings) -> Result<ureq::tls::RootCerts, Box<Finding>> {
    if !base.is_secure() {
        return Ok(ureq::tls::RootCerts::WebPki);
    }
    let document = match settings.organization {
        Source::Runway => Document::Organization,
        _ => Document::Usage,
    };
    roots::load(&variable).map_err(|none| {
        Box::new(Finding::TlsFailed {
            asked: Asked::nothing(document),
            why: none.why,
            fix: Some(none.fix),
            to_proxy: false,
        })
    })
}

fn add_plan(job: &mut Job, source: &Source, settings: &Settings) -> Result<(), UsageError> {
    let name = cli::echo(&source.name(""));
    let error = |problem: &str| {
        let example = "--plan tasks.jsonl --price gen4.5=12/s";
        UsageError::new(format!("--plan {name} {problem}"), example)
    };
    let limits = Limits {
        max_bytes: plan::MAX_BYTES,
        pipes: Pipes::Within(settings.timeout),
    };
    let prices = settings.prices.clone();
    let read = move |file| Plan::read(file, &prices);
    let plan = files::read_by(source.path(), limits, read)
        .map_err(|why| error(&format!("cannot be read: {why}")))?
        .map_err(|why| match why.line {
            Some(line) => error(&format!("line {line}: {}", why.problem)),
            None => error(&why.problem),
        })?;
    job.add_plan(plan).map_err(error)
}

fn input(flag: &str, source: &Source, timeout: Duration) -> Result<Option<Vec<u8>>, UsageError> {
    if *source == Source::Runway {
        return Ok(None);
    }
    let limits = Limits {
        max_bytes: decode::MAX_BYTES,
        pipes: Pipes::Within(timeout),
    };
    files::read(source.path(), limits)
        .map(Some)
        .map_err(|error| {
            UsageError::new(
                format!(
                    "{flag} {} cannot be read: {error}",
                    cli::echo(&source.name(""))
                ),
                &format!("{flag} saved.json"),
            )
        })
}

/// The key belongs on no command line, where others see it; and what stands there is shown.
fn refuse_as_argument(
    keys: &[Key],
    redactor: &Redactor,
    label: Option<&str>,
) -> Result<(), UsageError> {
    let given = std::env::args_os().skip(1);
    let base = variable("RUNWAYML_BASE_URL");
    if given
        .chain(base)
        .any(|text| keys.iter().any(|key| key.is_in(&text.to_string_lossy())))
    {
        return Err(UsageError::new(
            format!(
                "an argument contains the key, which belongs in {} or in a file",
                credentials::VARIABLE
            ),
            "--key-file secret.txt",
        ));
    }
    if label.is_some_and(|label| redactor.holds_trace(label)) {
        return Err(UsageError::new(
            "--label contains a part of the key, and the label is shown",
            "--label acme",
        ));
    }
    Ok(())
}
