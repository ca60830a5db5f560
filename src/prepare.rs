//! What a run needs, made ready before anything is asked: files are read, the key is found, the
//! way to Runway is chosen.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use runway_preflight::api::{proxy, roots, BaseUrl, Client, RUNWAY};
use runway_preflight::cli::{self, Settings, Source, UsageError};
use runway_preflight::credentials::{self, Key, NoKey};
use runway_preflight::decode;
use runway_preflight::diagnostic::{Asked, Endpoint, Finding, Place, Situation};
use runway_preflight::gate::{Input, Sources};

use crate::variable;

const DOTENV: &str = ".env";

/// Why nothing can be asked.
pub(crate) enum Stop {
    /// The command line or the environment is wrong.
    Usage(UsageError),
    /// A diagnostic, such as a missing key.
    Found(Box<Finding>),
}

impl From<UsageError> for Stop {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

/// The host to ask.
pub(crate) fn base_url(settings: &Settings) -> Result<BaseUrl, UsageError> {
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

/// What the sentences of a diagnostic go by.
pub(crate) fn situation(settings: &Settings, base: &BaseUrl) -> Situation {
    let place = |source: &Source| match source {
        Source::Live => Place::Host(base.host().to_owned()),
        Source::File(path) => Place::File(path.to_string_lossy().into_owned()),
        Source::Stdin => Place::File("standard input".to_owned()),
    };
    Situation {
        organization: place(&settings.source),
        usage: place(&settings.usage_source),
        waiting: settings.wait.is_some(),
        time_cures: true,
        fails_open: settings.fail_open,
        skips_missing_key: settings.skip_missing_key,
    }
}

/// Files, key and connection, as far as the settings need them.
pub(crate) fn sources(settings: &Settings, base: &BaseUrl) -> Result<Sources, Stop> {
    let environment = variable(credentials::VARIABLE);
    let mut key = environment.and_then(|key| Key::new(key.to_str()?).ok());
    key.as_ref().map_or(Ok(()), refuse_as_argument)?;
    let organization = input("--from", &settings.source)?;
    let usage = input("--usage-from", &settings.usage_source)?;
    let mut client = None;
    if settings.asks_runway() {
        let (found, asking) = connect(settings, base)?;
        key = Some(found);
        client = Some(asking);
    }
    Ok(Sources {
        organization,
        usage,
        client,
        key,
    })
}

fn connect(settings: &Settings, base: &BaseUrl) -> Result<(Key, Client), Stop> {
    let proxy = proxy::for_host(base, &variable)
        .map_err(|problem| UsageError::new(problem, "--base-url https://api.dev.runwayml.com"))?;
    let file = settings.key_file.as_deref();
    let key = match credentials::find(&variable, file, Path::new(DOTENV)) {
        Ok(key) => key,
        Err(NoKey::Found(finding)) => return Err(Stop::Found(finding)),
        Err(NoKey::Unreadable(error)) => {
            let file = cli::echo(&file.map(Path::to_string_lossy).unwrap_or_default());
            let problem = format!("--key-file {file} cannot be read: {error}");
            return Err(UsageError::new(problem, "--key-file secret.txt").into());
        }
    };
    refuse_as_argument(&key)?;
    // Certificates are read only where they are needed.
    let roots = if base.is_secure() {
        roots::load(&variable).map_err(|none| no_roots(none, settings))?
    } else {
        ureq::tls::RootCerts::WebPki
    };
    let client = Client::new(base.clone(), key.clone(), proxy, roots);
    Ok((key, client))
}

fn no_roots(none: roots::NoRoots, settings: &Settings) -> Stop {
    let endpoint = match settings.source {
        Source::Live => Endpoint::Organization,
        _ => Endpoint::Usage,
    };
    Stop::Found(Box::new(Finding::TlsFailed {
        asked: Asked::nothing(endpoint),
        why: none.why,
        fix: Some(none.fix),
    }))
}

fn input(flag: &str, source: &Source) -> Result<Input, UsageError> {
    let mut document = Vec::new();
    // One byte more than is decoded, so that the decoder sees that it is too long.
    let limit = decode::MOST_BYTES.saturating_add(1);
    let read = match source {
        Source::Live => return Ok(Input::Live),
        Source::Stdin => std::io::stdin().take(limit).read_to_end(&mut document),
        Source::File(path) => {
            File::open(path).and_then(|file| file.take(limit).read_to_end(&mut document))
        }
    };
    let named = || cli::echo(&source.name("standard input"));
    match read {
        Ok(_) => Ok(Input::Saved(document)),
        Err(error) => Err(UsageError::new(
            format!("{flag} {} cannot be read: {error}", named()),
            &format!("{flag} saved.json"),
        )),
    }
}

/// The key belongs on no command line, where others see it; and what stands there is shown.
fn refuse_as_argument(key: &Key) -> Result<(), UsageError> {
    let given = std::env::args_os().skip(1);
    let base = variable("RUNWAYML_BASE_URL");
    if given
        .chain(base)
        .any(|text| key.is_in(&text.to_string_lossy()))
    {
        return Err(UsageError::new(
            format!(
                "an argument holds the key, which belongs into {} or a file",
                credentials::VARIABLE
            ),
            "--key-file secret.txt",
        ));
    }
    Ok(())
}

/// A message that repeats an argument, without the key that was passed by mistake: be it a proper
/// one or not.
pub(crate) fn without_keys(message: &str) -> String {
    let environment = variable(credentials::VARIABLE);
    let environment = environment.and_then(|text| Key::meant_by(&text.to_string_lossy()));
    let no_variables = |_: &str| None;
    let file = credentials::find(&no_variables, None, Path::new(DOTENV)).ok();
    let keys = [environment, file];
    let blot = |message: String, key: &Key| key.blot(&message);
    keys.iter().flatten().fold(message.to_owned(), blot)
}
