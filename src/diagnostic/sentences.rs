//! Every finding in words: what is wrong, why, and the way out.

use std::time::Duration;

use super::{Asked, Code, Endpoint, Finding, Place, Situation, Wish, Withheld};
use crate::clean::{clean, cut};
use crate::figures::{count, credits, duration, thousands};
use crate::quota::{Credits, Model};
use crate::tier;

const TIERS_PAGE: &str = "https://docs.dev.runwayml.com/usage/tiers";
const SETUP_PAGE: &str = "https://docs.dev.runwayml.com/guides/setup";
const ERRORS_PAGE: &str = "https://docs.dev.runwayml.com/api-details/errors";
const PORTAL: &str = "https://dev.runwayml.com/";
const HOMEPAGE: &str = env!("CARGO_PKG_REPOSITORY");

pub(super) struct Sentences {
    pub(super) summary: String,
    pub(super) cause: String,
    pub(super) fix: String,
    pub(super) see: String,
}

impl Finding {
    pub(super) fn sentences(&self, situation: &Situation) -> Sentences {
        match self {
            Self::NoCredits { balance, needed } => {
                let wanted = match needed {
                    Some(needed) => format!(", and {} needed", are(needed.0)),
                    None => String::new(),
                };
                let what = match (needed, balance.0 < 0) {
                    (Some(needed), _) => {
                        format!("{} or more", credits(needed.minus(*balance)))
                    }
                    (None, true) => format!("more than {}", credits(Credits(0).minus(*balance))),
                    (None, false) => "credits".to_owned(),
                };
                Sentences {
                    summary: if balance.0 < 0 {
                        format!("the balance is negative: {}{wanted}", credits(*balance))
                    } else {
                        format!("there are no credits left{wanted}")
                    },
                    cause: if balance.0 < 0 {
                        "more credits were spent than purchased".to_owned()
                    } else {
                        "the balance is 0: none were purchased, or all are spent".to_owned()
                    },
                    fix: format!("purchase {what} at {PORTAL} → Billing (min $10)"),
                    see: SETUP_PAGE.to_owned(),
                }
            }
            Self::CreditsShort {
                needed,
                balance,
                by,
            } => {
                let missing = needed.minus(*balance);
                let (wanted, asks) = match by {
                    Wish::Credits => ("needed", "--credits asks for"),
                    Wish::WarnCredits => ("wished for", "--warn-credits asks for"),
                    Wish::PlannedCost => ("planned", "the generations asked for cost together"),
                };
                Sentences {
                    summary: format!(
                        "the balance is {}, {} fewer than the {} {wanted}",
                        credits(*balance),
                        thousands(missing.0),
                        thousands(needed.0)
                    ),
                    cause: format!("{asks} {}", credits(*needed)),
                    fix: format!(
                        "buy the missing {} at {PORTAL} → Billing (min $10), or ask for less",
                        credits(missing)
                    ),
                    see: SETUP_PAGE.to_owned(),
                }
            }
            Self::DailyLimitReached {
                model,
                needed,
                used,
                limit,
                cap,
            } => Sentences {
                summary: format!(
                    "{} has none of its {} left, and {} needed",
                    name(model),
                    count(*limit, "daily generation"),
                    are(*needed)
                ),
                cause: format!(
                    "{} used in the past 24 hours, against a limit of {}",
                    were(*used),
                    thousands(*limit)
                ),
                fix: format!(
                    "wait for the rolling 24-hour window to free {}{}, or {}",
                    if *needed == 1 { "one" } else { "them" },
                    situation.wait_hint(),
                    higher_tier(*needed, *limit, *cap)
                ),
                see: TIERS_PAGE.to_owned(),
            },
            Self::GenerationsShort {
                model,
                needed,
                used,
                limit,
                cap,
            } => {
                let left = limit.saturating_sub(*used);
                Sentences {
                    summary: format!(
                        "{} has {} left, {} fewer than the {} needed",
                        name(model),
                        count(left, "daily generation"),
                        thousands(needed.saturating_sub(left)),
                        thousands(*needed)
                    ),
                    cause: format!(
                        "{} of its {} {} used in the past 24 hours",
                        thousands(*used),
                        count(*limit, "daily generation"),
                        if *used == 1 { "was" } else { "were" }
                    ),
                    fix: format!(
                        "wait for the rolling 24-hour window to free them{}, ask for fewer, or {}",
                        situation.wait_hint(),
                        higher_tier(*needed, *limit, *cap)
                    ),
                    see: TIERS_PAGE.to_owned(),
                }
            }
            Self::OverDailyLimit {
                model,
                needed,
                limit,
                cap,
            } => Sentences {
                summary: format!(
                    "{} allows {} a day, {} fewer than the {} needed",
                    name(model),
                    count(*limit, "generation"),
                    thousands(needed.saturating_sub(*limit)),
                    thousands(*needed)
                ),
                cause: "more are needed than the daily limit itself".to_owned(),
                fix: format!(
                    "split the job over {} days, or {}",
                    thousands(needed.div_ceil((*limit).max(1))),
                    higher_tier(*needed, *limit, *cap)
                ),
                see: TIERS_PAGE.to_owned(),
            },
            Self::NoDailyQuota { model, needed, cap } => Sentences {
                summary: format!(
                    "{} has a daily limit of 0 generations, and {} needed",
                    name(model),
                    are(*needed)
                ),
                cause: "this tier has no quota for it, while it has one for other models"
                    .to_owned(),
                fix: format!("use another model, or {}", higher_tier(*needed, 0, *cap)),
                see: TIERS_PAGE.to_owned(),
            },
            Self::AllModelsZero { read, unread } => Sentences {
                summary: match (read, unread) {
                    (0, _) => "Runway lists no model for this key",
                    (_, 0) => "every model's daily limit is 0 generations",
                    _ => "every daily limit that can be read is 0 generations",
                }
                .to_owned(),
                cause: "a tier 1 restriction, as before the first credits are purchased".to_owned(),
                fix: format!(
                    "check that credits have been purchased: {PORTAL} → Billing (min $10)"
                ),
                see: TIERS_PAGE.to_owned(),
            },
            Self::ModelUnavailable {
                model,
                near,
                listed,
                of,
            } => {
                let mut listed_names = names(listed, ", ");
                let more = of.saturating_sub(listed.len());
                if more > 0 {
                    listed_names.push_str(&format!(" and {more} more"));
                }
                let fix = match (near.is_empty(), listed.is_empty()) {
                    (_, true) => format!("check the organization of the key: {PORTAL}"),
                    (true, false) => format!("use one of the available models: {listed_names}"),
                    (false, false) => {
                        let near = alternatives(near);
                        format!("did you mean {near}? Available: {listed_names}")
                    }
                };
                Sentences {
                    summary: format!("{} is not available to this key", name(model)),
                    cause: format!(
                        "the tier lists {}, and it is not among them: misspelt, or not enabled",
                        count(u64::try_from(*of).unwrap_or(u64::MAX), "model")
                    ),
                    fix,
                    see: "https://docs.dev.runwayml.com/guides/models".to_owned(),
                }
            }
            Self::ConcurrencyShort {
                model, allowed: 0, ..
            } => Sentences {
                summary: format!(
                    "{} allows 0 generations at a time: it can never run",
                    name(model)
                ),
                cause: "this tier's concurrency for it is 0".to_owned(),
                fix: "use another model, or move up a tier".to_owned(),
                see: TIERS_PAGE.to_owned(),
            },
            Self::ConcurrencyShort {
                model,
                needed,
                allowed,
            } => Sentences {
                summary: format!(
                    "{} allows {} at a time, {} fewer than the {} asked for",
                    name(model),
                    count(*allowed, "generation"),
                    thousands(needed.saturating_sub(*allowed)),
                    thousands(*needed)
                ),
                cause: format!(
                    "the tier's concurrency is {}; more are queued, not rejected, so the job \
                     would take longer than planned",
                    thousands(*allowed)
                ),
                fix: format!(
                    "lower max-parallel to {0} and ask for --concurrency {1}={0}{2}",
                    allowed,
                    name(model),
                    tier::TIERS
                        .iter()
                        .find(|tier| tier.concurrency.0 >= *needed)
                        .map_or(String::new(), |tier| format!(
                            ", or move up to tier {} ({} at a time)",
                            tier.number, tier.concurrency.0
                        ))
                ),
                see: TIERS_PAGE.to_owned(),
            },
            Self::OverBudget {
                budget,
                spent,
                planned,
                days,
                models,
            } => {
                let over = spent.plus(*planned).minus(budget.most);
                let list = |parts: Vec<String>| parts.join(", ");
                let days = days
                    .iter()
                    .map(|(day, sum)| format!("{day} ({})", thousands(sum.0)));
                let models = models
                    .iter()
                    .map(|(model, sum)| format!("{} ({})", name(model), thousands(sum.0)));
                let (days, models) = (list(days.collect()), list(models.collect()));
                let planned_too = if *planned == Credits(0) {
                    String::new()
                } else {
                    format!(", and {} planned", credits(*planned))
                };
                let most = if days.is_empty() {
                    String::new()
                } else {
                    format!("; most of it on {days}; by model {models}")
                };
                Sentences {
                    summary: format!(
                        "the budget of {} credits for {} is exceeded by {}",
                        thousands(budget.most.0),
                        count(budget.window.days().into(), "day"),
                        credits(over)
                    ),
                    cause: format!(
                        "{} spent from {} to {}{planned_too}{most}",
                        credits(*spent),
                        budget.window.start,
                        budget.window.last_day(),
                    ),
                    fix: if *planned > Credits(0) {
                        "plan less, raise --budget, or let days of much use leave the window"
                    } else {
                        "raise --budget, or let days of much use leave the window"
                    }
                    .to_owned(),
                    see: readme(Code::OverBudget),
                }
            }
            Self::KeyMissing {
                looked,
                others,
                withheld,
            } => key_missing(looked, others, *withheld, situation),
            Self::KeyMalformed { place, problem } => Sentences {
                summary: format!("the key in {place} {problem}"),
                cause: "a key is one word of visible ASCII characters; nothing was asked"
                    .to_owned(),
                fix: format!(
                    "copy the key anew, without quotes or line breaks inside; a lost one is \
                     replaced at {PORTAL} → API Keys"
                ),
                see: SETUP_PAGE.to_owned(),
            },
            Self::Unauthorized(asked) => asked.sentences(
                format!("{} does not accept the key (401)", situation.host(asked)),
                "the key is invalid or disabled, or it belongs to another environment than this \
                 host",
                &format!(
                    "check the key at {PORTAL} → API Keys, and that it was made for {}: a staging \
                     key does not work in production, nor the reverse",
                    situation.host(asked)
                ),
                SETUP_PAGE,
            ),
            Self::Forbidden(asked) => asked.sentences(
                format!(
                    "{} refuses this key the answer (403)",
                    situation.host(asked)
                ),
                "the key is known, and not allowed to read this",
                &format!("use a key of the right organization: {PORTAL} → API Keys"),
                ERRORS_PAGE,
            ),
            Self::RateLimited { asked, retry_after } => asked.sentences(
                format!("{} answered 429 to the end", situation.host(asked)),
                &format!(
                    "too many requests, or a limit of the organization{}",
                    asks_to_wait(*retry_after)
                ),
                &format!(
                    "try again later, or give it more time{}",
                    situation.more_time()
                ),
                ERRORS_PAGE,
            ),
            Self::Unavailable {
                asked,
                status,
                retry_after,
            } => asked.sentences(
                format!("{} answered {status} to the end", situation.host(asked)),
                &format!(
                    "Runway is overloaded or has a fault{}",
                    asks_to_wait(*retry_after)
                ),
                &format!(
                    "try again later, or give it more time{}{}",
                    situation.more_time(),
                    situation.fail_open_hint()
                ),
                ERRORS_PAGE,
            ),
            Self::Unreachable { asked, why, proxy } => asked.sentences(
                match proxy {
                    Some(proxy) => format!(
                        "cannot reach {} through the proxy {proxy}",
                        situation.host(asked)
                    ),
                    None => format!("cannot reach {}", situation.host(asked)),
                },
                why,
                if proxy.is_some() {
                    "check the proxy in HTTPS_PROXY or ALL_PROXY, or name the host in NO_PROXY"
                } else {
                    "check the network, the firewall and --base-url or RUNWAYML_BASE_URL, or set \
                     HTTPS_PROXY where a proxy leads out"
                },
                &readme(Code::Unreachable),
            ),
            Self::TlsFailed { asked, why, fix } => asked.sentences(
                format!("no secure connection to {}", situation.host(asked)),
                why,
                fix.as_deref().unwrap_or(
                    "where a private authority signs, name its certificates (PEM) in \
                     SSL_CERT_FILE; else check the host, the clock and what stands in between",
                ),
                &readme(Code::TlsFailed),
            ),
            Self::TimedOut {
                asked,
                phase,
                timeout,
                before,
            } => asked.sentences(
                format!(
                    "no answer from {} within {}",
                    situation.host(asked),
                    humantime::format_duration(*timeout)
                ),
                &match before {
                    Some(before) => {
                        format!("the time ran out while {phase}; before that: {before}")
                    }
                    None => format!("the time ran out while {phase}"),
                },
                &format!("try again, or give it more time{}", situation.more_time()),
                &readme(Code::TimedOut),
            ),
            Self::RequestRejected { asked, status } => asked.sentences(
                format!("{} rejects the request ({status})", situation.host(asked)),
                "Runway no longer understands what is asked",
                "update runway-preflight: it speaks API version 2024-11-06",
                "https://docs.dev.runwayml.com/api-details/versioning",
            ),
            Self::UnexpectedStatus { asked, status } => asked.sentences(
                format!(
                    "{} answered {status}, which the API does not promise",
                    situation.host(asked)
                ),
                if (300..400).contains(status) {
                    "it redirects elsewhere, and redirects are not followed: the key goes to no \
                     other host"
                } else {
                    "not Runway's API, or something in between answers for it"
                },
                "check --base-url and RUNWAYML_BASE_URL (Runway's own is \
                 https://api.dev.runwayml.com), and proxies and firewalls on the way",
                &readme(Code::UnexpectedStatus),
            ),
            Self::UnexpectedResponse { endpoint, problem } => {
                let (cause, fix) = match situation.place(*endpoint) {
                    Place::Host(host) => (
                        format!("this is not what {} of {host} promises", endpoint.name()),
                        "check --base-url or RUNWAYML_BASE_URL, and what stands in between (a captive \
                         portal, a proxy); if Runway has changed its API, update runway-preflight",
                    ),
                    Place::File(name) => (
                        format!("{name} is not an answer of {}", endpoint.name()),
                        "save the answer anew, whole and alone",
                    ),
                };
                Sentences {
                    summary: problem.clone(),
                    cause: clean(&cause),
                    fix: fix.to_owned(),
                    see: readme(Code::UnexpectedResponse),
                }
            }
            Self::ReportFailed { place, why } => Sentences {
                summary: format!("the report could not be written to {place}"),
                cause: why.clone(),
                fix: "make it writable: a verdict that nobody can read is no go".to_owned(),
                see: readme(Code::ReportFailed),
            },
        }
    }
}

impl Asked {
    fn sentences(&self, summary: String, cause: &str, fix: &str, see: &str) -> Sentences {
        let mut cause = match self.tries {
            0 => format!("{cause}; nothing was asked"),
            1 => format!("{cause}; asked for {}", self.endpoint.name()),
            tries => format!("{cause}; asked for {} {tries} times", self.endpoint.name()),
        };
        if let Some(says) = &self.says {
            cause.push_str(&format!("; Runway says: {says}"));
        }
        Sentences {
            summary,
            cause,
            fix: fix.to_owned(),
            see: self.see.clone().unwrap_or_else(|| see.to_owned()),
        }
    }
}

impl Situation {
    fn wait_hint(&self) -> &'static str {
        if matches!(self.organization, Place::Host(_)) && self.time_cures && !self.waiting {
            " (--wait 2h)"
        } else {
            ""
        }
    }

    fn more_time(&self) -> &'static str {
        if self.waiting {
            " (--timeout for one look, --wait for all)"
        } else {
            " (--timeout for one look, --wait to look again)"
        }
    }

    fn fail_open_hint(&self) -> &'static str {
        if self.fails_open {
            ""
        } else {
            "; --fail-open passes when Runway cannot be asked"
        }
    }

    fn host(&self, asked: &Asked) -> &str {
        self.place(asked.endpoint).name()
    }

    fn place(&self, endpoint: Endpoint) -> &Place {
        match endpoint {
            Endpoint::Organization => &self.organization,
            Endpoint::Usage => &self.usage,
        }
    }
}

fn key_missing(
    looked: &[String],
    others: &[&'static str],
    withheld: Option<Withheld>,
    situation: &Situation,
) -> Sentences {
    let skip = if situation.skips_missing_key {
        ""
    } else {
        ", or pass such runs by with --missing-key skip"
    };
    let mut cause = format!("looked in {}", looked.join(" and in "));
    for other in others {
        cause.push_str(&format!("; {other} is set, which is another tool's name"));
    }
    let fix = match (withheld, others.first()) {
        (Some(Withheld::Fork), _) => {
            cause.push_str(
                "; this is a pull request from a fork, and GitHub gives those no secrets",
            );
            format!("run the generations after the merge or from a branch of the repository{skip}")
        }
        (Some(Withheld::Dependabot), _) => {
            cause.push_str(
                "; this run is by Dependabot, and GitHub gives it none of the Actions secrets",
            );
            format!("add the key to the repository's Dependabot secrets{skip}")
        }
        (None, Some(other)) => format!("give the key of {other} the name RUNWAYML_API_SECRET"),
        (None, None) => format!(
            "create a key at {PORTAL} → API Keys and put it into RUNWAYML_API_SECRET (in GitHub \
             Actions: as a repository secret, given to the step in its env or as api-secret)"
        ),
    };
    Sentences {
        summary: "there is no API key".to_owned(),
        cause,
        fix,
        see: SETUP_PAGE.to_owned(),
    }
}

/// The README's heading for a code.
fn readme(code: Code) -> String {
    format!("{HOMEPAGE}#{}", code.name())
}

fn name(model: &Model) -> String {
    const LONGEST: usize = 80;
    cut(&clean(model.as_str()), LONGEST)
}

fn names(models: &[Model], separator: &str) -> String {
    let shown: Vec<String> = models.iter().map(name).collect();
    shown.join(separator)
}

/// `a, b or c`.
fn alternatives(models: &[Model]) -> String {
    match models.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} or {}", names(others, ", "), name(last))
        }
        _ => names(models, ""),
    }
}

fn are(number: impl Into<i128>) -> String {
    let number = number.into();
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", thousands(number))
}

fn were(number: u64) -> String {
    let verb = if number == 1 { "was" } else { "were" };
    format!("{} {verb}", thousands(number))
}

fn asks_to_wait(retry_after: Option<Duration>) -> String {
    retry_after.map_or(String::new(), |wait| {
        format!("; it asks to come back in {}", duration(wait))
    })
}

fn higher_tier(needed: u64, limit: u64, cap: Option<Credits>) -> String {
    match tier::first_covering(needed, limit, cap) {
        Some(tier) => format!(
            "move up to tier {} ({}–{} a day)",
            tier.number,
            thousands(tier.daily_generations.0),
            thousands(tier.daily_generations.1)
        ),
        None => "ask Runway for a higher limit: no published tier covers it".to_owned(),
    }
}
