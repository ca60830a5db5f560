//! Every finding in words: what is wrong, why, and what to do.

use std::time::Duration;

use super::{
    Asked, Code, Context, CreditsFlag, Document, Finding, Missing, Shortage, Source, Unexpected,
};
use crate::credentials::{KeyHint, KeyProblem, VARIABLE};
use crate::format::{
    count, credits, duration, exact_duration, is_or_are, list, thousands, was_or_were,
};
use crate::grant::LimitedBy;
use crate::quota::{Credits, Model, MAX_QUOTE};
use crate::spend::Period;
use crate::tier;

const PORTAL: &str = "https://dev.runwayml.com/";
const DOCUMENTATION: &str = env!("CARGO_PKG_REPOSITORY");

/// The smallest purchase, $10.
const MIN_PURCHASE: Credits = Credits(1_000);

/// More than this is no advice on splitting a job.
const MAX_SPLIT_DAYS: u64 = 14;

pub(super) struct Message {
    pub(super) summary: String,
    pub(super) cause: String,
    pub(super) fix: String,
}

impl Finding {
    #[expect(clippy::too_many_lines, reason = "one arm for each diagnostic")]
    pub(super) fn message(&self, context: &Context) -> Message {
        match self {
            Self::NoCredits {
                balance,
                needed,
            } => {
                let negative = *balance < Credits(0);
                let needed_too = needed.map_or(String::new(), |needed| {
                    format!(", and {} needed", is_or_are(needed.0))
                });
                let missing = needed.unwrap_or(Credits(1)).minus(*balance);
                Message {
                    summary: if negative {
                        format!("the balance is negative: {}{needed_too}", credits(*balance))
                    } else {
                        format!("no credits are left{needed_too}")
                    },
                    cause: if negative {
                        "more credits were charged than purchased"
                    } else {
                        "the balance is 0: no credits were purchased, or all of them are spent"
                    }
                    .to_owned(),
                    fix: context.purchase(missing, ""),
                }
            }
            Self::CreditsShort {
                needed,
                balance,
                flag,
            } => {
                let missing = needed.minus(*balance);
                let (wanted, cause, kept) = match flag {
                    CreditsFlag::Credits => ("needed", "--credits asks for", Credits(0)),
                    CreditsFlag::WarnCredits => ("needed", "--warn-credits asks for", Credits(0)),
                    CreditsFlag::PlannedCost { kept } => {
                        ("planned", "the planned generations cost", *kept)
                    }
                };
                let kept_too = if kept > Credits(0) {
                    format!(", and {} must be left (--keep)", thousands(kept.0))
                } else {
                    String::new()
                };
                Message {
                    summary: format!(
                        "the balance is {}, {} fewer than the {} {wanted}",
                        credits(*balance),
                        thousands(missing.0),
                        thousands(needed.0)
                    ),
                    cause: format!("{cause} {}{kept_too}", credits(*needed)),
                    fix: context.purchase(
                        missing.plus(kept),
                        match flag {
                            CreditsFlag::Credits => ", or lower --credits",
                            CreditsFlag::WarnCredits => ", or lower --warn-credits",
                            CreditsFlag::PlannedCost { .. } if context.fewer_fit(balance.minus(kept)) => {
                                ", or plan fewer generations"
                            }
                            CreditsFlag::PlannedCost { .. } => "",
                        },
                    ),
                }
            }
            Self::DailyLimitReached { quota } => {
                let Shortage {
                    needed,
                    used,
                    limit,
                    ..
                } = quota;
                Message {
                    summary: format!(
                        "{} has none of its {} left, and {} needed",
                        context.name(&quota.model),
                        count(*limit, "daily generation"),
                        is_or_are(*needed)
                    ),
                    cause: format!(
                        "{} used in the past 24 hours, and the limit is {}",
                        was_or_were(*used),
                        thousands(*limit)
                    ),
                    fix: context.wait_for_the_window(quota, ""),
                }
            }
            Self::GenerationsShort { quota } => {
                let Shortage {
                    needed,
                    used,
                    limit,
                    ..
                } = quota;
                let left = limit.saturating_sub(*used);
                Message {
                    summary: format!(
                        "{} has {} left, {} fewer than the {} needed",
                        context.name(&quota.model),
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
                    fix: context.wait_for_the_window(quota, "; or ask for fewer"),
                }
            }
            Self::OverDailyLimit {
                model,
                needed,
                used,
                limit,
            } => {
                let left = used.map_or(0, |used| limit.saturating_sub(used));
                let whole_days = needed.saturating_sub(left).div_ceil((*limit).max(1));
                let split = if whole_days < MAX_SPLIT_DAYS {
                    let days = count(whole_days.saturating_add(1), "day");
                    format!("split the job over {days}")
                } else {
                    format!("ask for at most {} a day", thousands(*limit))
                };
                let split = match left {
                    _ if left == *limit => split,
                    0 => format!("{split}, of which today has none left"),
                    _ => format!("{split}, {} of them today", thousands(left)),
                };
                Message {
                    summary: format!(
                        "{} allows {} a day, {} fewer than the {} needed",
                        context.name(model),
                        count(*limit, "generation"),
                        thousands(needed.saturating_sub(*limit)),
                        thousands(*needed)
                    ),
                    cause: "the job needs more than a whole day's limit".to_owned(),
                    fix: format!(
                        "{split}{}",
                        context.higher_tier(*needed, used.unwrap_or(*limit), *limit)
                    ),
                }
            }
            Self::NoDailyQuota { model, needed } => Message {
                summary: format!(
                    "{} has a daily limit of 0 generations, and {} needed",
                    context.name(model),
                    is_or_are(*needed)
                ),
                cause: "this tier has no quota for this model, only for others".to_owned(),
                fix: "use another model, or ask Runway for a quota".to_owned(),
            },
            Self::AllModelsZero {
                read,
                unread,
                balance,
            } => {
                let funded = balance.filter(|balance| *balance > Credits(0));
                Message {
                    summary: match (read, unread) {
                        (0, _) => "Runway lists no model for this key",
                        (_, 0) => "every model has a daily limit of 0 generations",
                        _ => "every daily limit that can be read is 0 generations",
                    }
                    .to_owned(),
                    cause: match funded {
                        Some(balance) => format!(
                            "the organization has {}, so its tier or account must be restricted",
                            credits(balance)
                        ),
                        None => "tier 1 allows no generations before the first purchase of credits".to_owned(),
                    },
                    fix: match funded {
                        Some(_) => format!("check the organization's tier at {PORTAL}, or ask Runway"),
                        None => format!(
                            "buy credits, or check that a purchase went through, at {PORTAL} → Billing (min $10)"
                        ),
                    },
                }
            }
            Self::ModelUnavailable {
                model,
                near,
                listed,
                of,
            } => {
                let available = context.names(listed, *of);
                Message {
                    summary: format!("the model {} is not available to this key", context.name(model)),
                    cause: format!(
                        "the tier lists {}, and not this one: the name is misspelled, or the model is \
                         not enabled",
                        count(*of, "model")
                    ),
                    fix: match (near.is_empty(), listed.is_empty()) {
                        (_, true) => format!("check which organization the key belongs to: {PORTAL}"),
                        (true, false) => format!("use an available model: {available}"),
                        (false, false) => {
                            let near: Vec<String> =
                                near.iter().map(|model| context.name(model)).collect();
                            format!("did you mean {}? Available: {available}", list(&near, "or"))
                        }
                    },
                }
            }
            Self::ConcurrencyShort {
                model, allowed: 0, ..
            } => Message {
                summary: format!(
                    "{} allows 0 generations at a time: it can never run",
                    context.name(model)
                ),
                cause: "this tier has a concurrency of 0 for the model".to_owned(),
                fix: "use another model, or ask Runway for a higher limit".to_owned(),
            },
            Self::ConcurrencyShort {
                model,
                needed,
                allowed,
            } => {
                let own = context.cap.and_then(tier::of_cap);
                let tier = own.and_then(|own| tier::first_concurrent(*needed, own));
                let tier = tier.map_or(String::new(), |tier| {
                    format!(
                        ", or move up to tier {} ({} at a time)",
                        tier.number, tier.concurrency.0
                    )
                });
                Message {
                    summary: format!(
                        "{} allows {} at a time, {} fewer than the {} needed",
                        context.name(model),
                        count(*allowed, "generation"),
                        thousands(needed.saturating_sub(*allowed)),
                        thousands(*needed)
                    ),
                    cause: format!(
                        "the tier's concurrency is {}; Runway queues the rest and does not reject it, so \
                         the job would take longer than planned",
                        thousands(*allowed)
                    ),
                    fix: format!(
                        "lower max-parallel to {allowed} and use --concurrency {}={allowed}{tier}",
                        context.name(model),
                    ),
                }
            }
            Self::OverMaxCost { planned, max } => Message {
                summary: format!(
                    "the planned cost is {}, {} more than the maximum of {}",
                    credits(*planned),
                    thousands(planned.minus(*max).0),
                    thousands(max.0)
                ),
                cause: format!("--max-cost lets this job cost at most {}", credits(*max)),
                fix: format!(
                    "{}raise --max-cost",
                    if context.fewer_fit(*max) { "plan fewer generations, or " } else { "" }
                ),
            },
            Self::KeepShort {
                keep,
                planned,
                balance,
            } => {
                let left = balance.minus(*planned);
                let missing = keep.minus(left);
                Message {
                    summary: format!(
                        "the job would leave {}, {} fewer than the {} to keep",
                        credits(left),
                        thousands(missing.0),
                        thousands(keep.0)
                    ),
                    cause: format!(
                        "the balance is {}, and the planned generations cost {}",
                        credits(*balance),
                        thousands(planned.0)
                    ),
                    fix: context.purchase(
                        missing,
                        if context.fewer_fit(balance.minus(*keep)) {
                            ", or plan fewer generations, or lower --keep"
                        } else {
                            ", or lower --keep"
                        },
                    ),
                }
            }
            Self::GrantedFewer { grant, tasks } => {
                let held = grant.limited_by.iter().map(|held| match held {
                    LimitedBy::DailyLimit => "the daily limit",
                    LimitedBy::Concurrency => "its concurrency of 0",
                    LimitedBy::Unavailable => "a tier that does not list it",
                    LimitedBy::Unreadable => "a figure of it that cannot be read",
                    LimitedBy::Balance => "the balance",
                    LimitedBy::Keep => "--keep",
                    LimitedBy::MaxCost => "--max-cost",
                    LimitedBy::Budget => "--budget",
                    LimitedBy::Order => "an earlier task of the plan, which cannot start yet",
                });
                let held: Vec<String> = held.map(str::to_owned).collect();
                let now = match tasks {
                    Some(tasks) => format!(
                        "start the first {} of the plan now and the rest later; the output \
                         granted-tasks holds this number",
                        count(*tasks, "task")
                    ),
                    None => format!(
                        "start {} now and the rest later; the output granted holds this number",
                        thousands(grant.granted)
                    ),
                };
                let buy = match grant
                    .limited_by
                    .iter()
                    .any(|held| matches!(held, LimitedBy::Balance | LimitedBy::Keep)) {
                    true => format!("; to start more, buy credits at {PORTAL} → Billing (min $10, or automatic billing)"),
                    false => String::new(),
                };
                Message {
                    summary: format!(
                        "{} of {} can start now, {} fewer than the maximum of {}",
                        count(grant.granted, "generation"),
                        context.name(&grant.model),
                        thousands(grant.max.saturating_sub(grant.granted)),
                        thousands(grant.max)
                    ),
                    cause: format!("limited by {}", list(&held, "and")),
                    fix: format!("{now}{buy}"),
                }
            }
            Self::NothingPlanned {} => Message {
                summary: "the plan holds no task, so nothing was asked for it".to_owned(),
                cause: "--plan was read to its end, and is empty".to_owned(),
                fix: "check what writes the plan: it may have failed".to_owned(),
            },
            Self::RunningLow {
                forecast,
                wanted,
                planned,
            } => Message {
                summary: format!(
                    "the balance lasts about {}, less than the {} of --warn-lasts",
                    count(forecast.days(), "day"),
                    exact_duration(*wanted)
                ),
                cause: format!(
                    "{} a day were spent over {} before today{}",
                    count(forecast.credits_per_day().0, "credit"),
                    match forecast.basis_days {
                        1 => "the day".to_owned(),
                        days => format!("the {days} days"),
                    },
                    if *planned > Credits(0) {
                        "; the planned cost is already taken off the balance"
                    } else {
                        ""
                    }
                ),
                fix: format!(
                    "buy credits at {PORTAL} → Billing in time (automatic billing can do it for you)"
                ),
            },
            Self::OverBudget {
                budget,
                window,
                spent,
                planned,
                days,
                models,
            } => {
                let over = spent.plus(*planned).minus(budget.max);
                let sums = |named: Vec<(String, Credits)>, others: &str| {
                    let shown = named.iter().fold(Credits(0), |sum, (_, one)| sum.plus(*one));
                    let rest = spent.minus(shown);
                    let rest = (rest != Credits(0)).then(|| (others.to_owned(), rest));
                    let all = named.into_iter().chain(rest);
                    let all = all.map(|(name, sum)| format!("{name} ({})", thousands(sum.0)));
                    all.collect::<Vec<_>>().join(", ")
                };
                let by_day = days.iter().map(|(day, sum)| (day.to_string(), *sum));
                let by_model = models.iter().map(|(model, sum)| (context.name(model), *sum));
                let planned_too = if *planned == Credits(0) {
                    String::new()
                } else {
                    format!(", and the job costs {}", credits(*planned))
                };
                let most = if days.is_empty() {
                    String::new()
                } else {
                    format!(
                        "; by day: {}; by model: {}",
                        sums(by_day.collect(), "other days"),
                        sums(by_model.collect(), "other models")
                    )
                };
                let fewer = if context.fewer_fit(budget.max.minus(*spent)) {
                    "plan fewer generations, or "
                } else {
                    ""
                };
                let wait = match budget.period {
                    _ if *planned > budget.max || *spent == Credits(0) => {
                        "; waiting does not help".to_owned()
                    }
                    Period::Month => ", or run it again once the month has ended (UTC)".to_owned(),
                    Period::Days(_) => format!(
                        ", or run it again once enough of the spending is more than {} old",
                        budget.period
                    ),
                };
                Message {
                    summary: format!(
                        "the budget of {} credits for {} is exceeded by {}",
                        thousands(budget.max.0),
                        budget.period,
                        credits(over)
                    ),
                    cause: format!(
                        "{} {} spent {}{planned_too}{most}",
                        credits(*spent),
                        if *spent == Credits(1) { "was" } else { "were" },
                        match window.days() {
                            1 => format!("on {}", window.start),
                            _ => format!("from {} to {}", window.start, window.last_day()),
                        },
                    ),
                    fix: format!("{fewer}raise --budget{wait}"),
                }
            }
            Self::ModelsUsedUp { models, of, all } => Message {
                summary: if *all {
                    "no model has daily generations left".to_owned()
                } else {
                    let verb = if *of == 1 { "has" } else { "have" };
                    format!("{} {verb} no daily generations left", count(*of, "model"))
                },
                cause: format!("used up in the past 24 hours: {}", context.names(models, *of)),
                fix: "if the job needs one of them, name it with --generations, so that the gate can decide"
                    .to_owned(),
            },
            Self::KeyMissing { searched, hints } => key_missing(searched, hints, context),
            Self::KeyMalformed {
                place,
                problem,
                advice,
            } => key_malformed(place, problem, *advice),
            Self::Unauthorized { asked } => asked.message(
                context,
                "Runway does not accept the key (401)".to_owned(),
                "the key is invalid or disabled, or belongs to another environment than this host",
                &format!(
                    "check the key at {PORTAL} → API Keys, and that it was made for {}: a staging \
                     key does not work in production, nor the other way round",
                    context.host
                ),
            ),
            Self::Forbidden { asked } => asked.message(
                context,
                "the key is valid, but may not read this organization (403)".to_owned(),
                &format!("{} refused the request", context.host),
                &format!("use a key that belongs to the right organization: {PORTAL} → API Keys"),
            ),
            Self::RateLimited { asked, retry_after } => asked.message(
                context,
                format!("too many requests: {} {}", context.host, answered(429, asked)),
                &format!(
                    "too many requests were sent, or the organization has reached a limit{}",
                    asks_to_wait(*retry_after)
                ),
                &format!(
                    "try again later{}{}",
                    context.more_time(),
                    context.fail_open_hint()
                ),
            ),
            Self::Unavailable {
                asked,
                status,
                retry_after,
            } => asked.message(
                context,
                format!("Runway is unavailable: {} {}", context.host, answered(*status, asked)),
                &format!(
                    "Runway is overloaded or has an outage{}",
                    asks_to_wait(*retry_after)
                ),
                &format!(
                    "try again later{}{}",
                    context.more_time(),
                    context.fail_open_hint()
                ),
            ),
            Self::Unreachable { asked, why, fix } => asked.message(
                context,
                format!("cannot reach {}", context.host_for(asked)),
                &context.quote(why),
                &format!(
                    "{}{}",
                    match fix {
                        Some(fix) => context.quote(fix),
                        None if asked.proxy.is_some() => {
                            "check the proxy in HTTPS_PROXY or ALL_PROXY, or name the host in NO_PROXY"
                                .to_owned()
                        }
                        None if context.secure => {
                            "check the network, the firewall, and --base-url or RUNWAYML_BASE_URL; \
                             set HTTPS_PROXY if this network needs a proxy"
                                .to_owned()
                        }
                        // Plain http goes to this machine alone, and through no proxy.
                        None => "check that a server listens there, and --base-url or RUNWAYML_BASE_URL"
                            .to_owned(),
                    },
                    context.fail_open_hint()
                ),
            ),
            Self::TlsFailed {
                asked,
                why,
                fix,
                to_proxy,
            } => asked.message(
                context,
                match &asked.proxy {
                    Some(proxy) if *to_proxy => {
                        format!("no secure connection (TLS) to the proxy {}", context.quote(proxy))
                    }
                    _ => format!("no secure connection (TLS) to {}", context.host_for(asked)),
                },
                &context.quote(why),
                &context.quote(fix.as_deref().unwrap_or(TLS_FIX)),
            ),
            Self::TimedOut {
                asked,
                doing,
                timeout,
                before,
            } => {
                let before = before.as_ref().map_or(String::new(), |before| {
                    format!("; before that: {}", context.quote(before))
                });
                asked.message(
                    context,
                    format!(
                        "no answer from {} within {}",
                        context.host_for(asked),
                        exact_duration(*timeout)
                    ),
                    &format!("the time ran out while {doing}{before}"),
                    &format!("try again{}{}", context.more_time(), context.fail_open_hint()),
                )
            }
            Self::RequestRejected { asked, status } => {
                let version = crate::api::API_VERSION;
                let says = asked.says.as_deref().unwrap_or_default();
                if says.to_ascii_lowercase().contains("version") {
                    asked.message(
                        context,
                        format!("Runway rejected API version {version} ({status})"),
                        "Runway may no longer support the requests of this runway-preflight",
                        "update runway-preflight",
                    )
                } else {
                    asked.message(
                        context,
                        format!("Runway rejected the request ({status})"),
                        &format!("{} refused it, with API version {version}", context.host),
                        &format!(
                            "do what Runway's reason says; if it is nothing of yours, report it: \
                             {DOCUMENTATION}/issues"
                        ),
                    )
                }
            }
            Self::UnexpectedStatus {
                asked,
                status,
                leads_to,
            } => asked.message(
                context,
                format!(
                    "{} answered with the unexpected status {status}",
                    context.host_for(asked)
                ),
                &match leads_to {
                    Some(host) => format!(
                        "it redirects to {}; redirects are not followed, so that the key goes to no \
                         other host",
                        context.quote(host)
                    ),
                    None => "this is not Runway's API, or a proxy or firewall answered in its place"
                        .to_owned(),
                },
                &format!(
                    "{} (Runway's own is https://api.dev.runwayml.com), and any proxy or firewall on \
                     the way",
                    context.check_base_url()
                ),
            ),
            Self::UnexpectedResponse { document, problem } => {
                let source = context.source(*document);
                let request = document.request(context.path);
                let (cause, fix) = match source {
                    _ if matches!(problem, Unexpected::Fields { needed: false, .. }) => (
                        "the field is not as Runway documents it; no requirement needs it".to_owned(),
                        "nothing for this run; if Runway has changed its API, upgrade runway-preflight"
                            .to_owned(),
                    ),
                    Source::Runway => (
                        format!(
                            "{} did not answer {request} as Runway documents it",
                            context.host
                        ),
                        format!(
                            "{}, and any proxy or captive portal on the way; if Runway has changed \
                             its API, upgrade runway-preflight",
                            context.check_base_url()
                        ),
                    ),
                    source => (
                        format!(
                            "{} does not hold an answer to {}",
                            context.quote(&source.name("")),
                            document.request("")
                        ),
                        "save the whole answer again, with nothing else in the file".to_owned(),
                    ),
                };
                Message {
                    summary: context.unexpected(*document, problem),
                    cause,
                    fix,
                }
            }
            Self::ReportFailed { place, why, fix } => Message {
                summary: format!("the report could not be written to {}", context.quote(place)),
                cause: context.quote(why),
                fix: format!(
                    "{}; the gate fails if it cannot report its verdict",
                    context.quote(fix)
                ),
            },
        }
    }
}

/// On Windows and macOS the platform's own store of certificates decides.
#[cfg(any(windows, target_vendor = "apple"))]
const TLS_FIX: &str =
    "if a private authority signed it, add its certificate to the system's store; \
                       otherwise check the host, this machine's clock, and any proxy on the way";

#[cfg(not(any(windows, target_vendor = "apple")))]
const TLS_FIX: &str =
    "if a private authority signed it, name its certificates (PEM) in SSL_CERT_FILE; \
                       otherwise check the host, this machine's clock, and any proxy on the way";

impl Asked {
    fn message(&self, context: &Context, summary: String, cause: &str, fix: &str) -> Message {
        let request = self.document.request(context.path);
        let mut cause = match self.tries {
            0 => format!("{cause}; no request was made"),
            1 => format!("{cause} ({request})"),
            _ => format!("{cause} ({request}, {})", tries(self)),
        };
        if let Some(says) = &self.says {
            cause.push_str(&format!("; Runway says: {}", context.quote(says)));
        }
        if let Some(page) = &self.see {
            cause.push_str(&format!("; see {}", context.quote(page)));
        }
        Message {
            summary,
            cause,
            fix: fix.to_owned(),
        }
    }
}

impl Context<'_> {
    /// Text that is not our own, harmless and short.
    fn quote(&self, text: &str) -> String {
        self.redactor.quote(text, MAX_QUOTE)
    }

    /// The host, and the proxy in between.
    fn host_for(&self, asked: &Asked) -> String {
        match &asked.proxy {
            Some(proxy) => format!("{} through the proxy {}", self.host, self.quote(proxy)),
            None => self.host.to_owned(),
        }
    }

    /// What to do where something other than Runway's API seems to answer.
    fn check_base_url(&self) -> &'static str {
        if self.path.ends_with("/v1") {
            "leave /v1 out of --base-url or RUNWAYML_BASE_URL, since it is added: check both"
        } else {
            "check --base-url and RUNWAYML_BASE_URL"
        }
    }

    fn name(&self, model: &Model) -> String {
        self.redactor.name(model.as_str())
    }

    /// The first names of a list.
    fn names(&self, models: &[Model], of: usize) -> String {
        let mut shown: Vec<String> = models.iter().map(|model| self.name(model)).collect();
        let more = of.saturating_sub(models.len());
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        shown.join(", ")
    }

    /// Whose answer it is, and what is wrong with it.
    fn unexpected(&self, document: Document, problem: &Unexpected) -> String {
        const ANSWER: &str = "the answer";
        let whose = match self.source(document) {
            Source::Runway => format!("{ANSWER} of {}", self.host),
            file => format!("the saved answer ({})", self.quote(&file.name(""))),
        };
        let fields = match problem {
            Unexpected::Answer(clause) => {
                let clause = self.quote(clause);
                return match clause.strip_prefix(ANSWER) {
                    Some(rest) => format!("{whose}{rest}"),
                    None => clause,
                };
            }
            Unexpected::Fields { named, more, .. } => {
                let quote = |text: &str, max| self.redactor.quote(text, max);
                let mut problems: Vec<String> =
                    named.iter().map(|what| what.describe(&quote)).collect();
                if *more > 0 {
                    problems.push(format!("{more} more cannot be read either"));
                }
                problems.join("; ")
            }
        };
        match fields.strip_prefix(ANSWER) {
            Some(rest) => format!("{whose}{rest}"),
            None => format!("{whose} was not understood: {fields}"),
        }
    }

    /// Where a document comes from.
    fn source(&self, document: Document) -> &Source {
        match document {
            Document::Organization => self.organization,
            Document::Usage => &Source::Runway,
        }
    }

    /// What is counted now has left the window after 24 hours, and nothing surely before.
    fn wait_for_the_window(&self, quota: &Shortage, or: &str) -> String {
        let asks = matches!(self.organization, Source::Runway);
        let wait = if !self.may_wait_a_day {
            "run it again tomorrow"
        } else if asks && self.waiting_helps && !self.waiting {
            "wait up to 24 hours (--wait 24h)"
        } else {
            "wait up to 24 hours"
        };
        let tier = self.higher_tier(quota.needed, quota.used, quota.limit);
        format!("{wait}, since each generation counts for 24 hours{or}{tier}")
    }

    /// The first tier that surely leaves room for the need, beside what is used.
    fn higher_tier(&self, needed: u64, used: u64, limit: u64) -> String {
        match tier::first_sure(needed.saturating_add(used), limit, self.cap) {
            Some(tier) => {
                let (low, high) = tier.daily_range();
                format!(
                    ", or move up to tier {} ({}–{} a day)",
                    tier.number,
                    thousands(low),
                    thousands(high)
                )
            }
            None => ", or ask Runway for a higher limit".to_owned(),
        }
    }

    /// How to come by credits. A purchase has a minimum, and the monthly cap is its maximum. Of
    /// several errors the first names the largest sum, which serves all.
    fn purchase(&self, missing: Credits, or: &str) -> String {
        let missing = match self.missing {
            Missing::InAll(largest) => missing.max(largest),
            Missing::Told(told) if missing > told => missing,
            Missing::Told(_) => return format!("buy the credits that are named above{or}"),
        };
        if let Some(cap) = self.cap.filter(|cap| missing > *cap) {
            let own = tier::of_cap(cap);
            let up = if own.is_some_and(|own| tier::next(own).is_some()) {
                "move up a tier"
            } else {
                "ask Runway for a higher cap"
            };
            return format!(
                "{} are missing, more than the {} that may be bought in 30 days: {up}{or}",
                credits(missing),
                thousands(cap.0)
            );
        }
        let amount = if missing < MIN_PURCHASE {
            format!("at least {}", credits(MIN_PURCHASE))
        } else {
            format!("the missing {}", credits(missing))
        };
        format!("buy {amount} at {PORTAL} → Billing (min $10, or automatic billing){or}")
    }

    /// Whether a job of fewer generations, and of one at least, costs no more than `room`.
    fn fewer_fit(&self, room: Credits) -> bool {
        self.cheapest.is_some_and(|cheapest| cheapest <= room)
    }

    fn more_time(&self) -> &'static str {
        if self.waiting {
            ", or allow more time (--timeout for each check, --wait for all)"
        } else {
            ", or allow more time (--timeout for each check, --wait to check again)"
        }
    }

    fn fail_open_hint(&self) -> &'static str {
        if self.fails_open {
            ""
        } else {
            "; --fail-open passes if Runway cannot be asked"
        }
    }
}

fn key_malformed(place: &str, problem: &KeyProblem, advice: Option<&str>) -> Message {
    let (summary, cause, fix) = match problem {
        KeyProblem::Text(problem) => (
            format!("the key in {place} {problem}"),
            "a key is one word of visible ASCII characters".to_owned(),
            format!(
                "copy the key again, without quotes or line breaks; if it is lost, create a new \
                 one at {PORTAL} → API Keys"
            ),
        ),
        KeyProblem::Unreadable(why) => (
            format!("{place} cannot be read"),
            why.clone(),
            format!("make .env readable for this user, or set {VARIABLE}"),
        ),
        KeyProblem::OtherNames => (
            format!("{place} holds assignments, but none of {VARIABLE}"),
            "a key file holds the key alone, or names the variable".to_owned(),
            format!("write {VARIABLE}= before the key, or the key alone"),
        ),
        KeyProblem::Placeholder(name) => (
            format!("the key in {place} is a placeholder: {name} was not filled in"),
            "what stands there is not a key, but the name or the pattern of one".to_owned(),
            advice.map_or_else(
                || format!("set {VARIABLE} to the key itself"),
                str::to_owned,
            ),
        ),
    };
    Message {
        summary,
        cause: format!("{cause}; no request was made"),
        fix,
    }
}

fn key_missing(searched: &[String], hints: &[KeyHint], context: &Context) -> Message {
    let skip = if context.skips_missing_key {
        ""
    } else {
        ", or let such runs pass with --missing-key skip"
    };
    let mut cause = format!("searched {}", list(searched, "and"));
    let mut fix = None;
    for hint in hints {
        let (known, advice) = match hint {
            KeyHint::Fork => (
                "this is a pull request from a fork, and GitHub gives those no secrets".to_owned(),
                format!("run the generations after the merge or from a branch of the repository{skip}"),
            ),
            KeyHint::Dependabot => (
                "this run is by Dependabot, and GitHub gives it no Actions secrets".to_owned(),
                format!("add the key to the repository's Dependabot secrets{skip}"),
            ),
            KeyHint::NotProtected => (
                "this branch or tag is not protected, and GitLab gives protected variables to no \
                 other"
                    .to_owned(),
                format!(
                    "protect the branch, or clear \"Protect variable\" of {VARIABLE} at Settings → \
                     CI/CD → Variables{skip}"
                ),
            ),
            KeyHint::NotMapped => (
                "Azure Pipelines gives a secret variable to no step that does not map it, and none \
                 to builds of forks"
                    .to_owned(),
                format!("set {VARIABLE}: $({VARIABLE}) in the step's env{skip}"),
            ),
            KeyHint::DotenvNotRead => (
                "there is a .env file, but in a CI system it is not read unless --key-file .env names \
                 it, since it comes with the checkout"
                    .to_owned(),
                "pass the key to the step from a secret, or read the file with --key-file .env"
                    .to_owned(),
            ),
            KeyHint::OtherName(other) => (
                format!("{other} is set, but that is the variable of another tool"),
                format!("set RUNWAYML_API_SECRET to the key that is in {other}"),
            ),
            KeyHint::EmptySecret => (
                "GitHub gives an empty value for a secret that it does not find".to_owned(),
                "check the name of the secret; if an environment holds it, that the job names this \
                 environment; in a reusable workflow, that it is called with secrets: inherit"
                    .to_owned(),
            ),
            KeyHint::BesideKeyFile => (
                "RUNWAYML_API_SECRET is set, but --key-file comes first".to_owned(),
                "put the key into the file given by --key-file, or leave --key-file out to use \
                 RUNWAYML_API_SECRET"
                    .to_owned(),
            ),
            KeyHint::HistoryAsked(flag) => (
                format!("the balance comes from --from, but {flag} asks Runway for the history"),
                String::new(),
            ),
        };
        cause.push_str(&format!("; {known}"));
        fix = fix.or(Some(advice).filter(|advice| !advice.is_empty()));
    }
    Message {
        summary: "there is no API key".to_owned(),
        cause,
        fix: fix.unwrap_or_else(|| {
            format!(
                "create a key at {PORTAL} → API Keys and set RUNWAYML_API_SECRET to it (in GitHub \
                 Actions: store it as a secret, and pass it to the step in env or as api-secret)"
            )
        }),
    }
}

/// The heading of a code in the documentation.
pub(super) fn documentation(code: Code) -> String {
    format!(
        "{DOCUMENTATION}/blob/main/docs/diagnostics.md#{}",
        code.name()
    )
}

/// `answered 429`, or after several tries that it still does.
fn answered(status: u16, asked: &Asked) -> String {
    match asked.tries {
        0 | 1 => format!("answered {status}"),
        _ => format!("still answered {status} after {}", tries(asked)),
    }
}

fn tries(asked: &Asked) -> String {
    match asked.tries {
        1 => "1 try".to_owned(),
        tries => format!("{tries} tries"),
    }
}

fn asks_to_wait(retry_after: Option<Duration>) -> String {
    retry_after.map_or(String::new(), |wait| {
        format!("; it asks to wait {}", duration(wait))
    })
}
