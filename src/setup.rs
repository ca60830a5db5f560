//! What a run needs, set up before anything is asked: files are read, the key is found, the way to
//! Runway is chosen.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use runway_preflight::api::{proxy, roots, BaseUrl, Client, RUNWAY};
use runway_preflight::ci;
use runway_preflight::cli::{self, Settings, UsageError};
use runway_preflight::credentials::{self, KeyError, KeyHint, KeyProblem, Places, VARIABLE};
use runway_preflight::decode;
use runway_preflight::diagnostic::{Context, Fault, Finding};
use runway_preflight::files;
use runway_preflight::job::Job;
use runway_preflight::output::Output;
use runway_preflight::plan::{self, Plan};
use runway_preflight::poll::Poll;
use runway_preflight::quota::Credits;
use runway_preflight::redact::Redactor;
use runway_preflight::source::{Document, Source};

use crate::variable;

pub(crate) const DOTENV: &str = ".env";

/// What `--demo` decides from.
const DEMO: &[u8] = include_bytes!("../examples/organization.json");

/// Everything that one run goes by.
pub(crate) struct Setup<'a> {
    pub(crate) poll: Poll<'a>,
    /// The word of the JSON report for where the key is from.
    pub(crate) key_source: Option<&'static str>,
    base: BaseUrl,
    /// The host to ask, and what stands behind it, as they may be shown.
    host: String,
    path: String,
}

impl Setup<'_> {
    /// What the messages must know.
    pub(crate) fn context<'a>(&'a self, redactor: &'a Redactor) -> Context<'a> {
        let settings = self.poll.settings;
        Context {
            organization: settings.organization(),
            host: &self.host,
            path: &self.path,
            waiting: settings.wait.is_some(),
            waiting_helps: true,
            fails_open: settings.fail_open,
            skips_missing_key: settings.skip_missing_key,
            may_wait_a_day: variable("GITHUB_ACTIONS").is_none_or(|set| set != "true"),
            cap: None,
            cheapest: None,
            missing: Credits(0),
            missing_is_told: false,
            redactor,
        }
    }

    /// The base URL, the file's name, or `demo`, as the JSON report has it.
    pub(crate) fn source(&self) -> String {
        match self.poll.settings.organization() {
            Source::Stdin => "-".to_owned(),
            Source::Demo => "demo".to_owned(),
            source => source.name(&self.base.text),
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
    let of_places = places.secrets.iter().chain(&places.others).cloned();
    Output {
        redactor: Redactor::new(of_places.chain(of_proxies)),
    }
}

/// Reads what the settings name, as far as they need it.
pub(crate) fn setup<'a>(
    settings: &'a Settings,
    mut job: Job,
    places: &Places,
    redactor: &Redactor,
) -> Result<Setup<'a>, UsageError> {
    let base = base_url(settings)?;
    refuse_as_argument(places, redactor, settings.label.as_deref())?;
    if let Some(source) = &settings.plan {
        add_plan(&mut job, source, settings)?;
    }
    let organization = saved_answer(settings)?;
    let mut key_source = None;
    let client = if settings.asks_runway() {
        let proxy = proxy::for_host(&base, &variable).map_err(|problem| {
            let right = "HTTPS_PROXY=http://proxy.example:3128 runway-preflight";
            UsageError::with(&problem, right)
        })?;
        match places.key() {
            Ok((key, source)) => {
                key_source = Some(source);
                // Certificates are read only if they are needed.
                let roots = if base.secure {
                    roots::load(&variable)
                } else {
                    Ok(ureq::tls::RootCerts::WebPki)
                };
                let client = roots.map(|roots| Client::new(base.clone(), &key, proxy, roots));
                client.map_err(|none| Finding::unexpected(Document::Organization, none))
            }
            Err(error) => Err(no_key(error, settings)?),
        }
    } else {
        if let (Some(_), Err(error)) = (&settings.key_file, places.key()) {
            no_key(error, settings)?;
        }
        // Were one made all the same, the gate would fail.
        let none = Fault::Unexpected("no request was made".to_owned());
        Err(Finding::unexpected(Document::Organization, none))
    };
    Ok(Setup {
        poll: Poll {
            settings,
            job,
            organization,
            client,
        },
        key_source,
        host: redactor.name(&base.host),
        path: redactor.name(&base.path),
        base,
    })
}

/// The host to ask.
fn base_url(settings: &Settings) -> Result<BaseUrl, UsageError> {
    let variable = variable("RUNWAYML_BASE_URL");
    let variable = variable.filter(|url| !url.is_empty() && settings.asks_runway());
    let (name, right) = match settings.base_url {
        Some(_) => (
            "--base-url",
            format!("runway-preflight --base-url {RUNWAY}"),
        ),
        None => (
            "RUNWAYML_BASE_URL",
            format!("RUNWAYML_BASE_URL={RUNWAY} runway-preflight"),
        ),
    };
    let error = |problem: &str| UsageError::with(&format!("{name} {problem}"), &right);
    let url = match (&settings.base_url, variable.map(OsString::into_string)) {
        (Some(url), _) => url.clone(),
        (None, Some(url)) => url.map_err(|_| error("is not UTF-8"))?,
        (None, None) => RUNWAY.to_owned(),
    };
    BaseUrl::parse(&url).map_err(|problem| match url.contains(['@', '?', '#']) {
        // A user, a password or a query may be a secret.
        true => error(problem),
        false => error(&format!("{} {problem}", cli::echo(&url))),
    })
}

fn no_key(error: KeyError, settings: &Settings) -> Result<Finding, UsageError> {
    match error {
        KeyError::Missing { searched, hints } => {
            let history = *settings.organization() != Source::Runway;
            let hints = ci::key_hints(&variable).into_iter().chain(hints);
            let hints = hints.chain(history.then_some(KeyHint::HistoryAsked));
            Ok(Finding::KeyMissing {
                searched,
                hints: hints.collect(),
            })
        }
        KeyError::Malformed { place, problem } => match (&settings.key_file, problem) {
            (Some(file), KeyProblem::Unreadable(error)) => {
                let file = file.to_string_lossy();
                let problem = if credentials::looks_like_key(&file) {
                    format!("--key-file names a file that holds the key, and this looks like the key itself: put it into {VARIABLE}, or into that file")
                } else {
                    format!("--key-file {} cannot be read: {error}", cli::echo(&file))
                };
                Err(UsageError::new(problem))
            }
            (file, problem) => Ok(Finding::KeyMalformed {
                place,
                problem,
                advice: match file {
                    Some(_) => Some("write the key alone into the file given by --key-file"),
                    None => ci::key_advice(&variable),
                },
            }),
        },
    }
}

fn add_plan(job: &mut Job, source: &Source, settings: &Settings) -> Result<(), UsageError> {
    let name = cli::echo(&source.name(""));
    let error = |problem: &str| UsageError::new(format!("--plan {name} {problem}"));
    let prices = job.priced.then(|| job.prices.clone());
    let first = settings.plan_min;
    let read = move |file| Plan::read(file, prices.as_ref(), first);
    let plan = files::read_by(source.path(), plan::MAX_BYTES, Some(settings.timeout), read)
        .map_err(|why| error(&format!("cannot be read: {why}")))?
        .map_err(|why| error(&why))?;
    job.add_plan(plan).map_err(error)
}

fn saved_answer(settings: &Settings) -> Result<Option<Vec<u8>>, UsageError> {
    match settings.organization() {
        Source::Runway => Ok(None),
        Source::Demo if ci::is_ci(&variable) => Err(UsageError::with(
            "--demo decides from a built-in answer, and no pipeline may pass on it: leave it out in a CI system",
            "runway-preflight --generations gen4.5=20@60",
        )),
        Source::Demo => Ok(Some(DEMO.to_vec())),
        saved => {
            let read = files::read(saved.path(), decode::MAX_BYTES, Some(settings.timeout));
            read.map(Some).map_err(|why| {
                let name = cli::echo(&saved.name(""));
                UsageError::new(format!("--from {name} cannot be read: {why}"))
            })
        }
    }
}

/// The key belongs on no command line, where others see it; and what stands there is shown.
fn refuse_as_argument(
    places: &Places,
    redactor: &Redactor,
    label: Option<&str>,
) -> Result<(), UsageError> {
    let mut given = std::env::args_os()
        .skip(1)
        .chain(variable("RUNWAYML_BASE_URL"));
    if given.any(|text| places.stands_in(&text.to_string_lossy())) {
        let place = "which belongs in RUNWAYML_API_SECRET or in a file for --key-file";
        let problem = format!("an argument contains the key, {place}");
        Err(UsageError::new(problem))
    } else if label.is_some_and(|label| redactor.holds_trace(label)) {
        let problem = "--label contains a part of the key, and the label is shown";
        Err(UsageError::new(problem))
    } else {
        Ok(())
    }
}
