//! Every finding in words: what is wrong, why, and what to do.

use super::{Asked, Code, Context, Document, Fault, Finding, Refusal, Shortage, Source};
use crate::api::API_VERSION;
use crate::credentials::{KeyHint, KeyProblem, VARIABLE};
use crate::format::{count, credits, duration, exact_duration, is_or_are, list, thousands};
use crate::grant::LimitedBy;
use crate::quota::{Credits, Model, MAX_QUOTE};
use crate::spend::Period;
use crate::tier;

const PORTAL: &str = "https://dev.runwayml.com/";
const BILLING: &str = "https://dev.runwayml.com/ → Billing (min $10, or automatic billing)";
const PLAN_FEWER: &str = "plan fewer generations, or ";
const ANSWER: &str = "the answer";
const DOCUMENTATION: &str = env!("CARGO_PKG_REPOSITORY");

/// On Windows and macOS the platform's own store of certificates decides.
const TRUST: &str = if cfg!(any(windows, target_vendor = "apple")) {
    "add its certificate to the system's store"
} else {
    "name its certificates (PEM) in SSL_CERT_FILE"
};

/// The smallest purchase, $10.
const MIN_PURCHASE: Credits = Credits(1_000);

/// More than this is no advice on splitting a job.
const MAX_SPLIT_DAYS: u64 = 14;

pub(super) struct Message {
    pub(super) summary: String,
    pub(super) cause: String,
    pub(super) fix: String,
}

fn message(
    summary: impl Into<String>,
    cause: impl Into<String>,
    fix: impl Into<String>,
) -> Message {
    Message {
        summary: summary.into(),
        cause: cause.into(),
        fix: fix.into(),
    }
}

/// A clause that is there under a condition.
fn only_if(condition: bool, clause: &str) -> String {
    if condition { clause } else { "" }.to_owned()
}

impl Finding {
    #[expect(clippy::too_many_lines, reason = "one arm for each diagnostic")]
    pub(super) fn message(&self, context: &Context) -> Message {
        let missing = self.missing_credits().unwrap_or_default();
        match self {
            Self::NoCredits { balance, needed } => {
                let needed = needed.map(|needed| format!(", and {} needed", is_or_are(needed.0)));
                let needed = needed.unwrap_or_default();
                let (summary, cause) = if *balance < Credits(0) {
                    (format!("the balance is negative: {}{needed}", credits(*balance)), "more credits were charged than purchased")
                } else {
                    (format!("no credits are left{needed}"), "the balance is 0: no credits were purchased, or all of them are spent")
                };
                message(summary, cause, context.purchase(missing, ""))
            }
            Self::CreditsShort {
                flag,
                needed,
                kept,
                balance,
            } => {
                let (wanted, cause, or) = match flag {
                    Some(flag) => ("needed", format!("{flag} asks for"), format!(", or lower {flag}")),
                    None => {
                        let fewer = only_if(context.fewer_fit(balance.minus(*kept)), ", or plan fewer generations");
                        ("planned", "the planned generations cost".to_owned(), fewer)
                    }
                };
                let kept_too = format!(", and {} must be left (--keep)", thousands(kept.0));
                let kept_too = only_if(*kept > Credits(0), &kept_too);
                let (short, of) = (thousands(needed.minus(*balance).0), thousands(needed.0));
                message(
                    format!("the balance is {}, {short} fewer than the {of} {wanted}", credits(*balance)),
                    format!("{cause} {}{kept_too}", credits(*needed)),
                    context.purchase(missing, &or),
                )
            }
            Self::ShortOfGenerations(shortage) => {
                let Shortage { needed, limit, .. } = *shortage;
                // What cannot be read is taken for all of them.
                let (used, left) = (shortage.used.unwrap_or(limit), shortage.left());
                let (model, tier) = (context.name(&shortage.model), context.higher_tier(needed, used, limit));
                let fewer_than = |left| format!("{} fewer than the {} needed", thousands(needed.saturating_sub(left)), thousands(needed));
                match shortage.code() {
                    Code::NoDailyQuota => message(
                        format!("{model} has a daily limit of 0 generations, and {} needed", is_or_are(needed)),
                        "this tier has no quota for this model, only for others",
                        "use another model, or ask Runway for a quota",
                    ),
                    Code::OverDailyLimit => {
                        let whole_days = needed.saturating_sub(left).div_ceil(limit.max(1));
                        let split = if whole_days < MAX_SPLIT_DAYS {
                            format!("split the job over {}", count(whole_days.saturating_add(1), "day"))
                        } else {
                            format!("ask for at most {} a day", thousands(limit))
                        };
                        let today = only_if(left < limit, &format!(" ({} today)", thousands(left)));
                        message(
                            format!("{model} allows {} a day, {}", count(limit, "generation"), fewer_than(limit)),
                            "the job needs more than a whole day's limit",
                            format!("{split}{today}{tier}"),
                        )
                    }
                    _ => {
                        let verb = if used == 1 { "was" } else { "were" };
                        let (used, all) = (thousands(used.min(limit)), count(limit, "daily generation"));
                        let fewer = only_if(left > 0, "; or ask for fewer");
                        message(
                            format!("{model} has {} left, {}", count(left, "daily generation"), fewer_than(left)),
                            format!("{used} of its {all} {verb} used in the past 24 hours"),
                            format!("{}{fewer}{tier}", context.wait_for_the_window()),
                        )
                    }
                }
            }
            Self::AllModelsZero {
                read,
                unread,
                balance,
            } => {
                let summary = match (read, unread) {
                    (0, _) => "Runway lists no model for this key",
                    (_, 0) => "every model has a daily limit of 0 generations",
                    _ => "every daily limit that can be read is 0 generations",
                };
                match balance.filter(|balance| *balance > Credits(0)) {
                    Some(balance) => message(
                        summary,
                        format!("the organization has {}, so its tier or account must be restricted", credits(balance)),
                        format!("check the organization's tier at {PORTAL}, or ask Runway"),
                    ),
                    None => message(
                        summary,
                        "tier 1 allows no generations before the first purchase of credits",
                        format!("buy credits, or check that a purchase went through, at {PORTAL} → Billing (min $10)"),
                    ),
                }
            }
            Self::ModelUnavailable {
                model,
                near,
                listed,
                of,
            } => {
                let available = context.names(listed, *of);
                let near: Vec<String> = near.iter().map(|model| context.name(model)).collect();
                let (listed_models, model) = (count(*of, "model"), context.name(model));
                message(
                    format!("the model {model} is not available to this key"),
                    format!("the tier lists {listed_models}, and not this one: the name is misspelled, or the model is not enabled"),
                    match near.is_empty() {
                        true => format!("use an available model: {available}"),
                        false => format!("did you mean {}? Available: {available}", list(&near, "or")),
                    },
                )
            }
            Self::ConcurrencyShort {
                model, allowed: 0, ..
            } => message(
                format!("{} allows 0 generations at a time: it can never run", context.name(model)),
                "this tier has a concurrency of 0 for the model",
                "use another model, or ask Runway for a higher limit",
            ),
            Self::ConcurrencyShort {
                model,
                needed,
                allowed,
            } => {
                let own = context.cap.and_then(tier::of_cap);
                let tier = own.and_then(|own| own.higher().find(|tier| tier.concurrency.0 >= *needed));
                let tier = tier.map(|tier| format!(", or move up to tier {} ({} at a time)", tier.number, tier.concurrency.0));
                let (model, at_a_time) = (context.name(model), count(*allowed, "generation"));
                let (short, needed) = (thousands(needed.saturating_sub(*allowed)), thousands(*needed));
                message(
                    format!("{model} allows {at_a_time} at a time, {short} fewer than the {needed} needed"),
                    format!(
                        "the tier's concurrency is {}; Runway queues the rest and does not reject it, so the job would take longer than planned",
                        thousands(*allowed)
                    ),
                    format!("lower max-parallel to {allowed} and use --concurrency {model}={allowed}{}", tier.unwrap_or_default()),
                )
            }
            Self::OverMaxCost { planned, max } => {
                let (over, fewer) = (thousands(planned.minus(*max).0), only_if(context.fewer_fit(*max), PLAN_FEWER));
                message(
                    format!("the planned cost is {}, {over} more than the maximum of {}", credits(*planned), thousands(max.0)),
                    format!("--max-cost lets this job cost at most {}", credits(*max)),
                    format!("{fewer}raise --max-cost"),
                )
            }
            Self::KeepShort {
                keep,
                planned,
                balance,
            } => {
                let left = balance.minus(*planned);
                let fewer = only_if(context.fewer_fit(balance.minus(*keep)), ", or plan fewer generations");
                let (short, keep) = (thousands(keep.minus(left).0), thousands(keep.0));
                message(
                    format!("the job would leave {}, {short} fewer than the {keep} to keep", credits(left)),
                    format!("the balance is {}, and the planned generations cost {}", credits(*balance), thousands(planned.0)),
                    context.purchase(missing, &format!("{fewer}, or lower --keep")),
                )
            }
            Self::GrantedFewer { grant, tasks } => {
                let held = grant.limited_by.iter().map(|held| match held {
                    LimitedBy::DailyLimit => "the daily limit",
                    LimitedBy::NoQuota => "its daily limit of 0",
                    LimitedBy::Concurrency => "its concurrency of 0",
                    LimitedBy::Unavailable => "a tier that does not list it",
                    LimitedBy::Unreadable => "a figure that cannot be read",
                    LimitedBy::Balance => "the balance",
                    LimitedBy::Keep => "--keep",
                    LimitedBy::MaxCost => "--max-cost",
                    LimitedBy::Budget => "--budget",
                    LimitedBy::Order => "an earlier task of the plan, which cannot start yet",
                });
                let held: Vec<String> = held.map(str::to_owned).collect();
                let limited_by = |some: fn(&LimitedBy) -> bool| grant.limited_by.iter().any(some);
                let never = limited_by(|held| {
                    matches!(held, LimitedBy::NoQuota | LimitedBy::Concurrency | LimitedBy::Unavailable | LimitedBy::Unreadable)
                });
                let rest = if never { "; for the rest use another model" } else { " and the rest later" };
                let now = match tasks {
                    Some(tasks) => format!("start {} of the plan now, from the first on{rest}; the output granted-tasks holds this number", count(*tasks, "task")),
                    None => format!("start {} now{rest}; the output granted holds this number", thousands(grant.granted)),
                };
                let by_credits = limited_by(|held| matches!(held, LimitedBy::Balance | LimitedBy::Keep));
                let buy = format!("; to start more, buy credits at {BILLING}");
                let (granted, model) = (count(grant.granted, "generation"), context.name(&grant.model));
                let (fewer, max) = (thousands(grant.max.saturating_sub(grant.granted)), thousands(grant.max));
                message(
                    format!("{granted} of {model} can start now, {fewer} fewer than the maximum of {max}"),
                    format!("limited by {}", list(&held, "and")),
                    format!("{now}{}", only_if(by_credits, &buy)),
                )
            }
            Self::NothingPlanned {} => message(
                "the plan holds no task, so nothing was checked for it",
                "--plan was read to its end, and is empty",
                "check what writes the plan: it may have failed",
            ),
            Self::RunningLow {
                forecast,
                wanted,
                planned,
            } => {
                let planned_too = only_if(*planned > Credits(0), "; the balance is what is left after the planned cost");
                let (lasts, basis) = (forecast.days(), count(forecast.basis_days, "day"));
                let pace = count(forecast.credits_per_day().0, "credit");
                let lasts = match lasts {
                    0 => "less than a day, not".to_owned(),
                    days => format!("about {}, less than", count(days, "day")),
                };
                message(
                    format!("the balance lasts {lasts} the {} of --warn-lasts", exact_duration(*wanted)),
                    format!("{pace} a day were spent over the {basis} before today{planned_too}"),
                    format!("buy credits at {PORTAL} → Billing in time (automatic billing can do it for you)"),
                )
            }
            Self::OverBudget {
                budget,
                window,
                spent,
                planned,
                days,
                models,
            } => {
                let over = credits(spent.plus(*planned).minus(budget.max));
                let sums = |named: Vec<(String, Credits)>, others: &str| {
                    let shown = named.iter().fold(Credits(0), |sum, (_, one)| sum.plus(*one));
                    let rest = spent.minus(shown);
                    let rest = (rest != Credits(0)).then(|| (others.to_owned(), rest));
                    let all = named.into_iter().chain(rest);
                    let all = all.map(|(name, sum)| format!("{name} ({})", thousands(sum.0)));
                    all.collect::<Vec<_>>().join(", ")
                };
                let by_day = days.iter().map(|(day, sum)| (day.to_string(), *sum));
                let by_day = sums(by_day.collect(), "other days");
                let by_model = models.iter().map(|(model, sum)| (context.name(model), *sum));
                let by_model = sums(by_model.collect(), "other models");
                let most = only_if(!days.is_empty(), &format!("; by day: {by_day}; by model: {by_model}"));
                let planned_too = format!(", and the job costs {}", credits(*planned));
                let planned_too = only_if(*planned != Credits(0), &planned_too);
                let fewer = only_if(context.fewer_fit(budget.max.minus(*spent)), PLAN_FEWER);
                let (max, period) = (thousands(budget.max.0), budget.period);
                let wait = match period {
                    _ if *planned > budget.max || *spent == Credits(0) => "; waiting does not help".to_owned(),
                    Period::Month => ", or run it again once the month has ended (UTC)".to_owned(),
                    _ => format!(", or run it again once enough of the spending is more than {period} old"),
                };
                message(
                    format!("the budget of {max} credits for {period} is exceeded by {over}"),
                    format!("spent from {} to {}: {}{planned_too}{most}", window.start, window.last_day(), credits(*spent)),
                    format!("{fewer}raise --budget{wait}"),
                )
            }
            Self::ModelsUsedUp { models, of } => {
                let verb = if *of == 1 { "has" } else { "have" };
                message(
                    format!("{} {verb} no daily generations left", count(*of, "model")),
                    format!("used up in the past 24 hours: {}", context.names(models, *of)),
                    "if the job needs one of them, name it with --generations, so that the gate can decide",
                )
            }
            Self::KeyMissing { searched, hints } => key_missing(searched, hints, context),
            Self::KeyMalformed {
                place,
                problem,
                advice,
            } => key_malformed(place, problem, *advice),
            Self::Failed { asked, fault } => match fault {
                Fault::Refused(refusal) => asked.refused(fault.code(), refusal, context),
                Fault::Unreachable { why, fix } => {
                    let check = match fix {
                        Some(fix) => &*context.quote(fix),
                        None if asked.proxy.is_some() => {
                            "check the proxy in HTTPS_PROXY or ALL_PROXY, or name the host in NO_PROXY"
                        }
                        None => {
                            "check the network, the firewall, and --base-url or RUNWAYML_BASE_URL; for https, set HTTPS_PROXY if this network needs a proxy"
                        }
                    };
                    let reason = match why {
                        why if why.contains("refused") => ": the connection was refused",
                        why if why.contains("the name was not found") => ": the name was not found",
                        _ => "",
                    };
                    message(
                        format!("cannot reach {}{reason}", context.host_for(asked)),
                        format!("{}{}", context.quote(why), asked.request(context)),
                        format!("{check}{}", context.fail_open_hint()),
                    )
                }
                Fault::Tls { why, fix, to_proxy } => {
                    let to = match &asked.proxy {
                        Some(proxy) if *to_proxy => format!("the proxy {}", context.quote(proxy)),
                        _ => context.host_for(asked),
                    };
                    message(
                        format!("no secure connection (TLS) to {to}"),
                        format!("{}{}", context.quote(why), asked.request(context)),
                        match fix {
                            Some(fix) => context.quote(fix),
                            None => format!("if a private authority signed it, {TRUST}; otherwise check the host, this machine's clock, and any proxy on the way"),
                        },
                    )
                }
                Fault::TimedOut { doing } => {
                    let before = asked.before.as_ref();
                    let before = before.map(|before| format!("; before that: {}", context.quote(before)));
                    let before = before.unwrap_or_default();
                    message(
                        format!("no answer from {} within {}", context.host_for(asked), exact_duration(asked.timeout)),
                        format!("the time ran out while {doing}{before}{}", asked.request(context)),
                        format!("try again{}", context.more_time()),
                    )
                }
                Fault::Unexpected(clause) => {
                    let summary = context.in_answer(asked.document, &context.quote(clause));
                    context.not_documented(asked.document, summary)
                }
                Fault::Copy(clause) => message(
                    context.in_answer(asked.document, &context.quote(clause)),
                    "an old answer may be a copy, and no verdict stands on it",
                    format!("keep {} out of the cache or proxy that answered, and set this machine's clock if it is wrong", context.host),
                ),
                Fault::Fields {
                    named,
                    more,
                    needed,
                } => {
                    let quote = |text: &str, max| context.redactor.quote(text, max);
                    let more = (*more > 0).then(|| format!("{more} more cannot be read either"));
                    let named = named.iter().map(|what| what.describe(&quote));
                    let problems = named.chain(more).collect::<Vec<_>>().join("; ");
                    let summary = if problems.starts_with(ANSWER) {
                        context.in_answer(asked.document, &problems)
                    } else {
                        format!("{} was not understood: {problems}", context.whose(asked.document))
                    };
                    if *needed {
                        context.not_documented(asked.document, summary)
                    } else {
                        message(
                            summary,
                            "the field is not as Runway documents it; no requirement needs it",
                            "if a warning needs it, check what is left at Runway; if Runway has changed its API, upgrade runway-preflight",
                        )
                    }
                }
            },
            Self::ReportFailed { place, why, fix } => message(
                format!("the report could not be written to {}", context.quote(place)),
                context.quote(why),
                format!("{}; the gate fails if it cannot report its verdict", context.quote(fix)),
            ),
        }
    }
}

impl Asked {
    /// The request that failed, as the end of a cause.
    fn request(&self, context: &Context) -> String {
        let request = self.document.request(context.path);
        match self.tries {
            0 => "; no request was made".to_owned(),
            1 => format!(" ({request})"),
            tries => format!(" ({request}, {tries} tries)"),
        }
    }

    fn refused(&self, code: Code, refusal: &Refusal, context: &Context) -> Message {
        let (host, status, reason) = (context.host, refusal.status, &refusal.reason);
        let answered = match self.tries {
            0 | 1 => format!("{host} answered {status}"),
            tries => format!("{host} still answered {status} after {tries} tries"),
        };
        let wait = refusal.retry_after.map(duration);
        let wait = wait.map_or(String::new(), |wait| format!("; it asks to wait {wait}"));
        let later = format!("try again later{}", context.more_time());
        let mut told = match code {
            Code::Unauthorized => message(
                "Runway does not accept the key (401)",
                "the key is invalid or disabled, or belongs to another environment than this host",
                format!(
                    "check the key at {PORTAL} → API Keys, and that it was made for {host}: a staging key does not work in production, or a production key in staging"
                ),
            ),
            Code::Forbidden => message(
                "the key is valid, but may not read this organization (403)",
                format!("{host} refused the request"),
                format!("use a key that belongs to the right organization: {PORTAL} → API Keys"),
            ),
            Code::RateLimited => message(
                format!("too many requests: {answered}"),
                format!("too many requests were sent, or the organization has reached a limit{wait}"),
                later,
            ),
            Code::Unavailable => message(
                format!("Runway is unavailable: {answered}"),
                format!("Runway is overloaded or has an outage{wait}"),
                later,
            ),
            Code::RequestRejected if reason.says.to_ascii_lowercase().contains("version") => message(
                format!("Runway rejected API version {API_VERSION} ({status})"),
                "Runway may no longer support this version of runway-preflight",
                "update runway-preflight",
            ),
            Code::RequestRejected => message(
                format!("Runway rejected the request ({status})"),
                format!("{host} refused it, with API version {API_VERSION}"),
                format!("do what Runway's reason says; if the request looks right, report it: {DOCUMENTATION}/issues"),
            ),
            _ => {
                let redirects = refusal.leads_to.as_ref().map(|to| {
                    let to = context.quote(to);
                    format!("it redirects to {to}; redirects are not followed, so that the key goes to no other host")
                });
                let other = "this is not Runway's API, or a proxy or firewall answered in its place";
                message(
                    format!("{} answered with the unexpected status {status}", context.host_for(self)),
                    redirects.as_deref().unwrap_or(other),
                    format!(
                        "{} (Runway's own is https://api.dev.runwayml.com), and any proxy or firewall on the way",
                        context.check_base_url()
                    ),
                )
            }
        };
        told.cause.push_str(&self.request(context));
        if !reason.says.is_empty() {
            told.cause.push_str("; Runway says: ");
            told.cause.push_str(&context.quote(&reason.says));
        }
        if let Some(page) = &reason.see {
            told.cause.push_str("; see ");
            told.cause.push_str(&context.quote(page));
        }
        told
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

    fn not_documented(&self, document: Document, summary: String) -> Message {
        match self.source(document) {
            Source::Runway => message(
                summary,
                format!("{} did not answer {} as Runway documents it", self.host, document.request(self.path)),
                format!(
                    "{}, and any proxy or captive portal on the way; if Runway has changed its API, upgrade runway-preflight",
                    self.check_base_url()
                ),
            ),
            source => message(
                summary,
                format!("{} does not hold an answer to {}", self.quote(&source.name("")), document.request("")),
                "save the whole answer again, with nothing else in the file",
            ),
        }
    }

    /// A clause that may begin with *the answer*, with whose it is.
    fn in_answer(&self, document: Document, clause: &str) -> String {
        match clause.strip_prefix(ANSWER) {
            Some(rest) => format!("{}{rest}", self.whose(document)),
            None => clause.to_owned(),
        }
    }

    fn whose(&self, document: Document) -> String {
        match self.source(document) {
            Source::Runway => format!("{ANSWER} from {}", self.host),
            file => format!("the saved answer ({})", self.quote(&file.name(""))),
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
    fn wait_for_the_window(&self) -> String {
        let asks = matches!(self.organization, Source::Runway);
        let wait = if !self.may_wait_a_day {
            "run it again tomorrow"
        } else if asks && self.waiting_helps && !self.waiting {
            "wait up to 24 hours (--wait 24h)"
        } else {
            "wait up to 24 hours"
        };
        format!("{wait}, since each generation counts for 24 hours")
    }

    /// The first tier that surely leaves room for the need, beside what is used.
    fn higher_tier(&self, needed: u64, used: u64, limit: u64) -> String {
        match tier::first_sure(needed.saturating_add(used), limit, self.cap) {
            Some(tier) => {
                let (low, high) = tier.daily_range();
                let (low, high) = (thousands(low), thousands(high));
                format!(", or move up to tier {} ({low}–{high} a day)", tier.number)
            }
            None => ", or ask Runway for a higher limit".to_owned(),
        }
    }

    /// How to come by credits. A purchase has a minimum, and the monthly cap is its maximum. Of
    /// several errors the first names the largest sum, which serves all; another way out (`or`)
    /// serves there only if the largest sum is its own.
    fn purchase(&self, missing: Credits, or: &str) -> String {
        let or = only_if(self.missing_is_told || missing >= self.missing, or);
        if self.missing_is_told && missing <= self.missing {
            return format!("get the credits named above{or}");
        }
        let sum = missing.max(self.missing).max(MIN_PURCHASE);
        let Some(cap) = self.cap.filter(|cap| sum > *cap) else {
            return format!("buy at least {} at {BILLING}{or}", credits(sum));
        };
        let own = tier::of_cap(cap);
        let higher = own.and_then(|own| own.higher().find(|it| it.monthly_cap >= sum));
        let up = match higher {
            Some(tier) => {
                let most = thousands(tier.monthly_cap.0);
                format!("move up to tier {}, which may buy {most}", tier.number)
            }
            None => "ask Runway for a higher cap".to_owned(),
        };
        let (sum, cap) = (credits(sum), thousands(cap.0));
        format!("{sum} must be bought, more than the {cap} that may be bought in 30 days: {up}{or}")
    }

    /// Whether a job of fewer generations, and of one at least, costs no more than `room`.
    fn fewer_fit(&self, room: Credits) -> bool {
        self.cheapest.is_some_and(|cheapest| cheapest <= room)
    }

    fn more_time(&self) -> String {
        let open = self.fail_open_hint();
        format!(", or allow more time (--timeout for each check, --wait for several){open}")
    }

    fn fail_open_hint(&self) -> String {
        let hint = "; --fail-open passes if Runway cannot be asked";
        only_if(!self.fails_open, hint)
    }
}

fn key_malformed(place: &str, problem: &KeyProblem, advice: Option<&str>) -> Message {
    let mut message = match problem {
        KeyProblem::Text(problem) => message(
            format!("the key in {place} {problem}"),
            "a key is one word of visible ASCII characters",
            format!("copy the key again, without quotes or line breaks; if it is lost, create a new one at {PORTAL} → API Keys"),
        ),
        KeyProblem::Unreadable(why) => message(
            format!("{place} cannot be read"),
            why,
            format!("make .env readable for this user, or set {VARIABLE}"),
        ),
        KeyProblem::Placeholder(name) => message(
            format!("the key in {place} is a placeholder: {name} was not filled in"),
            "this is a placeholder, not a key",
            advice.map_or(format!("set {VARIABLE} to the key itself"), str::to_owned),
        ),
    };
    message.cause.push_str("; no request was made");
    message
}

fn key_missing(searched: &[String], hints: &[KeyHint], context: &Context) -> Message {
    let skip = ", or let such runs pass with --missing-key skip";
    let skip = only_if(!context.skips_missing_key, skip);
    let mut cause = format!("searched {}", list(searched, "and"));
    let mut advised = None;
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
                "this branch or tag is not protected, and GitLab gives protected variables to no other".to_owned(),
                format!("protect the branch, or clear \"Protect variable\" of {VARIABLE} at Settings → CI/CD → Variables{skip}"),
            ),
            KeyHint::NotMapped => (
                "Azure Pipelines gives a secret variable to no step that does not map it, and none to builds of forks".to_owned(),
                format!("set {VARIABLE}: $({VARIABLE}) in the step's env{skip}"),
            ),
            KeyHint::DotenvNotRead => (
                "there is a .env file, but in a CI system it is not read unless --key-file .env names it, since it comes with the checkout".to_owned(),
                "pass the key to the step from a secret, or read the file with --key-file .env".to_owned(),
            ),
            KeyHint::OtherName(other) => (
                format!("{other} is set, but that is the variable of another tool"),
                format!("set {VARIABLE} to the key that is in {other}"),
            ),
            KeyHint::EmptySecret => (
                "GitHub gives an empty value for a secret that it does not find".to_owned(),
                "check the name of the secret; if an environment holds it, that the job names this environment; in a reusable workflow, that it is called with secrets: inherit".to_owned(),
            ),
            KeyHint::BesideKeyFile => (
                format!("{VARIABLE} is set, but --key-file comes first"),
                format!("put the key into the file given by --key-file, or leave --key-file out to use {VARIABLE}"),
            ),
            KeyHint::HistoryAsked => {
                cause.push_str("; the balance comes from --from, but --budget and --usage ask Runway for the history");
                continue;
            }
        };
        cause.push_str(&format!("; {known}"));
        advised = advised.or(Some(advice));
    }
    let create = format!(
        "create a key at {PORTAL} → API Keys and set {VARIABLE} to it (in GitHub Actions: store it as a secret, and pass it to the step in env or as api-secret)"
    );
    message("there is no API key", cause, advised.unwrap_or(create))
}

/// The heading of a code in the documentation.
pub(super) fn documentation(code: Code) -> String {
    let name = code.name();
    format!("{DOCUMENTATION}/blob/main/docs/diagnostics.md#{name}")
}
