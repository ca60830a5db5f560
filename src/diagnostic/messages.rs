//! Every finding in words: what is wrong, why, and what to do.

use super::{Asked, Code, Context, Document, Fault, Finding, Refusal, Shortage, Source};
use crate::credentials::{KeyHint, KeyProblem, VARIABLE};
use crate::format::{count, credits, duration, exact_duration, is_or_are, list, thousands};
use crate::grant::LimitedBy::{
    self, Balance, Budget, Concurrency, DailyLimit, Keep, MaxCost, NoQuota, Order, Unavailable,
    Unreadable,
};
use crate::quota::{Credits, Model, MAX_QUOTE};
use crate::retry::Hints;
use crate::source::API_VERSION;
use crate::spend::Period;
use crate::tier::{self, Tier};

const PORTAL: &str = "https://dev.runwayml.com/";
const BILLING: &str = "https://dev.runwayml.com/ → Billing (min $10, or automatic billing)";
const FEWER_OR: &str = "plan fewer generations, or ";
const OR_FEWER: &str = ", or plan fewer generations";
const ANSWER: &str = "the answer";
const UPGRADE: &str = "if Runway has changed its API, upgrade runway-preflight";
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

fn fewer_than(there: u64, needed: u64) -> String {
    let short = thousands(needed.saturating_sub(there));
    format!("{short} fewer than the {} needed", thousands(needed))
}

/// What a sum is made of, the parts that are known by name first.
fn parts(sum: Credits, named: impl Iterator<Item = (String, Credits)>, others: &str) -> String {
    let mut rest = sum;
    let named = named.map(|(name, part)| {
        rest = rest.minus(part);
        format!("{name} ({})", thousands(part.0))
    });
    let mut parts: Vec<String> = named.collect();
    if !parts.is_empty() && rest != Credits(0) {
        parts.push(format!("other {others} ({})", thousands(rest.0)));
    }
    parts.join(", ")
}

impl Finding {
    #[expect(clippy::too_many_lines, reason = "one arm for each diagnostic")]
    pub(super) fn message(&self, context: &Context) -> Message {
        let missing = self.missing_credits().unwrap_or_default();
        match self {
            Self::NoCredits { balance, needed } => {
                let needed = needed.map(|needed| format!(", and {} needed", is_or_are(needed.0)));
                let needed = needed.unwrap_or_default();
                let buy = context.purchase(missing, "");
                if *balance < Credits(0) {
                    let summary = format!("the balance is negative: {}{needed}", credits(*balance));
                    message(summary, "more credits were charged than purchased", buy)
                } else {
                    let cause = "the balance is 0: no credits were purchased, or all of them are spent";
                    message(format!("no credits are left{needed}"), cause, buy)
                }
            }
            Self::CreditsShort {
                flag,
                needed,
                kept,
                balance,
            } => {
                let short = thousands(needed.minus(*balance).0);
                let of = thousands(needed.0);
                let sum = credits(*needed);
                let is = credits(*balance);
                let room = balance.minus(*kept);
                let short = format!("the balance is {is}, {short} fewer than the {of}");
                let kept_too = format!(", and {} must be left (--keep)", thousands(kept.0));
                let kept_too = only_if(*kept > Credits(0), &kept_too);
                match flag {
                    Some(flag) => message(
                        format!("{short} needed"),
                        format!("{flag} asks for {sum}"),
                        context.purchase(missing, &format!(", or lower {flag}")),
                    ),
                    None => message(
                        format!("{short} planned"),
                        format!("the planned generations cost {sum}{kept_too}"),
                        context.purchase(missing, &context.if_fewer_fit(room, OR_FEWER)),
                    ),
                }
            }
            Self::ShortOfGenerations(shortage) => {
                let Shortage { needed, limit, .. } = *shortage;
                // What cannot be read is taken for all of them.
                let used = shortage.used.unwrap_or(limit);
                let left = shortage.left();
                let model = context.name(&shortage.model);
                let tier = context.higher_tier(needed, used, limit);
                let all = count(limit, "generation");
                let needs = is_or_are(needed);
                match shortage.code() {
                    Code::NoDailyQuota => message(
                        format!("{model} has a daily limit of {all}, and {needs} needed"),
                        "this tier has no quota for this model, only for others",
                        "use another model, or ask Runway for a quota",
                    ),
                    Code::OverDailyLimit => {
                        let whole_days = needed.saturating_sub(left).div_ceil(limit.max(1));
                        let days = count(whole_days.saturating_add(1), "day");
                        let split = match whole_days {
                            ..MAX_SPLIT_DAYS => format!("split the job over {days}"),
                            _ => format!("ask for at most {} a day", thousands(limit)),
                        };
                        let today = only_if(left < limit, &format!(" ({} today)", thousands(left)));
                        let fewer = fewer_than(limit, needed);
                        message(
                            format!("{model} allows {all} a day, {fewer}"),
                            "the job needs more than a whole day's limit",
                            format!("{split}{today}{tier}"),
                        )
                    }
                    _ => {
                        let verb = if used == 1 { "was" } else { "were" };
                        let used = thousands(used);
                        let all = count(limit, "daily generation");
                        let fewer = fewer_than(left, needed);
                        let or = only_if(left > 0, "; or ask for fewer");
                        let left = count(left, "daily generation");
                        message(
                            format!("{model} has {left} left, {fewer}"),
                            format!("{used} of its {all} {verb} used in the past 24 hours"),
                            format!("{}{or}{tier}", context.wait_for_the_window()),
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
                let listed_models = count(*of, "model");
                let model = context.name(model);
                message(
                    format!("the model {model} is not available to this key"),
                    format!("the tier lists {listed_models}, and not this one: the name is misspelled, or the model is not enabled"),
                    match list(&near, "or") {
                        near if near.is_empty() => format!("use an available model: {available}"),
                        near => format!("did you mean {near}? Available: {available}"),
                    },
                )
            }
            Self::ConcurrencyShort {
                model, allowed: 0, ..
            } => {
                let model = context.name(model);
                message(
                    format!("{model} allows 0 generations at a time: it can never run"),
                    "this tier has a concurrency of 0 for the model",
                    "use another model, or ask Runway for a higher limit",
                )
            }
            Self::ConcurrencyShort {
                model,
                needed,
                allowed,
            } => {
                let own = context.cap.and_then(tier::of_cap);
                let mut higher = own.into_iter().flat_map(Tier::higher);
                let up = higher.find(|tier| tier.concurrency.0 >= *needed);
                let up = up.map_or(String::new(), |tier| {
                    let number = tier.number;
                    let most = tier.concurrency.0;
                    format!(", or move up to tier {number} ({most} at a time)")
                });
                let model = context.name(model);
                let at_a_time = count(*allowed, "generation");
                let fewer = fewer_than(*allowed, *needed);
                let all = thousands(*allowed);
                message(
                    format!("{model} allows {at_a_time} at a time, {fewer}"),
                    format!("the tier's concurrency is {all}; Runway queues the rest and does not reject it, so the job would take longer than planned"),
                    format!("lower max-parallel to {allowed} and use --concurrency {model}={allowed}{up}"),
                )
            }
            Self::OverMaxCost { planned, max } => {
                let cost = credits(*planned);
                let over = thousands(planned.minus(*max).0);
                let most = thousands(max.0);
                let fewer = context.if_fewer_fit(*max, FEWER_OR);
                message(
                    format!("the planned cost is {cost}, {over} more than the maximum of {most}"),
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
                let fewer = context.if_fewer_fit(balance.minus(*keep), OR_FEWER);
                let short = thousands(keep.minus(left).0);
                let keep = thousands(keep.0);
                let left = credits(left);
                let balance = credits(*balance);
                let cost = thousands(planned.0);
                message(
                    format!("the job would leave {left}, {short} fewer than the {keep} to keep"),
                    format!("the balance is {balance}, and the planned generations cost {cost}"),
                    context.purchase(missing, &format!("{fewer}, or lower --keep")),
                )
            }
            Self::GrantedFewer { grant, tasks } => {
                let held = grant.limited_by.iter().map(|held| match held {
                    DailyLimit => "the daily limit",
                    NoQuota => "its daily limit of 0",
                    Concurrency => "its concurrency of 0",
                    Unavailable => "a tier that does not list it",
                    Unreadable => "a figure that cannot be read",
                    Balance => "the balance",
                    Keep => "--keep",
                    MaxCost => "--max-cost",
                    Budget => "--budget",
                    Order => "an earlier task of the plan, which cannot start yet",
                });
                let held: Vec<String> = held.map(str::to_owned).collect();
                let limited_by = &grant.limited_by;
                let by = |held: &[LimitedBy]| held.iter().any(|held| limited_by.contains(held));
                let rest = match by(&[NoQuota, Concurrency, Unavailable, Unreadable]) {
                    true => "; for the rest use another model",
                    false => " and the rest later",
                };
                let now = match tasks {
                    Some(tasks) => {
                        let tasks = count(*tasks, "task");
                        format!("start {tasks} of the plan now, from the first on{rest}; the output granted-tasks holds this number")
                    }
                    None => {
                        let granted = thousands(grant.granted);
                        format!("start {granted} now{rest}; the output granted holds this number")
                    }
                };
                let buy = format!("; to start more, buy credits at {BILLING}");
                let buy = only_if(by(&[Balance, Keep]), &buy);
                let fewer = thousands(grant.max.saturating_sub(grant.granted));
                let granted = count(grant.granted, "generation");
                let max = thousands(grant.max);
                let model = context.name(&grant.model);
                message(
                    format!("{granted} of {model} can start now, {fewer} fewer than the maximum of {max}"),
                    format!("limited by {}", list(&held, "and")),
                    now + &buy,
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
                let planned_too = "; the balance is what is left after the planned cost";
                let planned_too = only_if(*planned > Credits(0), planned_too);
                let basis = count(forecast.basis_days, "day");
                let pace = count(forecast.credits_per_day().0, "credit");
                let lasts = match forecast.days() {
                    0 => "less than a day, not".to_owned(),
                    days => format!("about {}, less than", count(days, "day")),
                };
                let wanted = exact_duration(*wanted);
                message(
                    format!("the balance lasts {lasts} the {wanted} of --warn-lasts"),
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
                let days = days.iter().map(|(day, sum)| (day.to_string(), *sum));
                let by_day = parts(*spent, days, "days");
                let models = models.iter();
                let models = models.map(|(model, sum)| (context.name(model), *sum));
                let by_model = parts(*spent, models, "models");
                let most = format!("; by day: {by_day}; by model: {by_model}");
                let most = only_if(!by_day.is_empty(), &most);
                let planned_too = format!(", and the job costs {}", credits(*planned));
                let planned_too = only_if(*planned != Credits(0), &planned_too);
                let fewer = context.if_fewer_fit(budget.max.minus(*spent), FEWER_OR);
                let max = thousands(budget.max.0);
                let period = budget.period;
                let too_much = *planned > budget.max || *spent == Credits(0);
                let wait = match period {
                    _ if too_much => "; waiting does not help".to_owned(),
                    Period::Month => ", or run it again once the month has ended (UTC)".to_owned(),
                    _ => format!(", or run it again once enough of the spending is more than {period} old"),
                };
                let start = window.start;
                let end = window.last_day();
                let spent = credits(*spent);
                message(
                    format!("the budget of {max} credits for {period} is exceeded by {over}"),
                    format!("spent from {start} to {end}: {spent}{planned_too}{most}"),
                    format!("{fewer}raise --budget{wait}"),
                )
            }
            Self::ModelsUsedUp { models, of } => {
                let verb = if *of == 1 { "has" } else { "have" };
                let names = context.names(models, *of);
                message(
                    format!("{} {verb} no daily generations left", count(*of, "model")),
                    format!("used up in the past 24 hours: {names}"),
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
                        None if asked.proxy.is_some() => "check the proxy in HTTPS_PROXY or ALL_PROXY, or name the host in NO_PROXY",
                        None => "check the network, the firewall, and --base-url or RUNWAYML_BASE_URL; for https, set HTTPS_PROXY if this network needs a proxy",
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
                    let before = asked.before.as_ref().map(|before| context.quote(before));
                    let before = before.map(|before| format!("; before that: {before}"));
                    let before = before.unwrap_or_default() + &asked.request(context);
                    let host = context.host_for(asked);
                    let timeout = exact_duration(asked.timeout);
                    message(
                        format!("no answer from {host} within {timeout}"),
                        format!("the time ran out while {doing}{before}"),
                        format!("try again{}", context.more_time(Hints::default())),
                    )
                }
                Fault::Unexpected(clause) => {
                    let summary = context.in_answer(asked.document, &context.quote(clause));
                    context.not_documented(asked.document, true, summary)
                }
                Fault::Copy(clause) => message(
                    context.in_answer(asked.document, &context.quote(clause)),
                    "an old answer may be a copy, and no verdict stands on it",
                    format!("keep {} out of the cache or proxy that answered; if a Date is named, check this machine's clock too", context.host),
                ),
                Fault::Fields {
                    named,
                    more,
                    needed,
                } => {
                    let quote = |text: &str, max| context.redactor.quote(text, max);
                    let more = (*more > 0).then(|| format!("{more} more cannot be read either"));
                    let problems = named.iter().map(|what| what.describe(&quote));
                    let problems = problems.chain(more).collect::<Vec<_>>().join("; ");
                    let whole = named.iter().any(|what| what.field.is_empty());
                    let clause = match whole {
                        true => problems,
                        false => format!("{ANSWER} was not understood: {problems}"),
                    };
                    let summary = context.in_answer(asked.document, &clause);
                    if *needed {
                        context.not_documented(asked.document, whole, summary)
                    } else {
                        message(
                            summary,
                            "the field is not as Runway documents it; no requirement needs it",
                            "if a warning needs it, check what is left at Runway; if Runway has changed its API, upgrade runway-preflight",
                        )
                    }
                }
            },
            Self::ReportFailed { place, why, fix } => {
                let place = context.quote(place);
                let fix = context.quote(fix);
                message(
                    format!("the report could not be written to {place}"),
                    context.quote(why),
                    format!("{fix}; the gate fails if it cannot report its verdict"),
                )
            }
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
        let host = context.host;
        let status = refusal.status;
        let reason = &refusal.reason;
        let answered = match self.tries {
            0 | 1 => format!("{host} answered {status}"),
            tries => format!("{host} still answered {status} after {tries} tries"),
        };
        let wait = refusal.hints.retry_after.map(duration);
        let wait = wait.map_or(String::new(), |wait| format!("; it asks to wait {wait}"));
        let later = format!("try again later{}", context.more_time(refusal.hints));
        let mut words = reason.says.split(|c: char| !c.is_alphanumeric());
        let about_version = words.any(|word| word.eq_ignore_ascii_case("version"));
        let mut told = match code {
            Code::Unauthorized => message(
                "Runway does not accept the key (401)",
                "the key is invalid or disabled, or belongs to another environment than this host",
                format!("check the key at {PORTAL} → API Keys, and that it was made for {host}: a staging key does not work in production, or a production key in staging"),
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
            Code::RequestRejected if about_version => message(
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
                let host = context.host_for(self);
                let check = context.check_base_url();
                let to = refusal.leads_to.as_ref().map(|to| context.quote(to));
                let redirects = to.map(|to| format!("it redirects to {to}; redirects are never followed"));
                let other = "this is not Runway's API, or a proxy or firewall answered in its place";
                message(
                    format!("{host} answered with the unexpected status {status}"),
                    redirects.as_deref().unwrap_or(other),
                    format!("{check} (Runway's own is https://api.dev.runwayml.com), and any proxy or firewall on the way"),
                )
            }
        };
        told.cause.push_str(&self.request(context));
        let by_runway = reason.in_runways_form && code != Code::UnexpectedStatus;
        let who = if by_runway { "Runway" } else { ANSWER };
        if !reason.says.is_empty() {
            let says = context.quote(&reason.says);
            told.cause.push_str(&format!("; {who} says: {says}"));
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
        if self.path.ends_with("/v1") || self.path.contains("/v1/organization") {
            "end --base-url or RUNWAYML_BASE_URL before /v1, which is added: check both"
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

    fn not_documented(&self, document: Document, whole: bool, summary: String) -> Message {
        let host = self.host;
        let check = self.check_base_url();
        match self.source(document) {
            Source::Runway => {
                let request = document.request(self.path);
                message(
                    summary,
                    format!("{host} did not answer {request} as Runway documents it"),
                    format!("{check}, and any proxy or captive portal on the way; {UPGRADE}"),
                )
            }
            source if whole => {
                let source = self.quote(&source.name(""));
                let request = document.request("");
                message(
                    summary,
                    format!("{source} does not hold an answer to {request}"),
                    "save the whole answer again, with nothing else in the file",
                )
            }
            _ => message(summary, "the field is not as Runway documents it", UPGRADE),
        }
    }

    /// The clause, with a leading *the answer* replaced by where that came from.
    fn in_answer(&self, document: Document, clause: &str) -> String {
        let Some(rest) = clause.strip_prefix(ANSWER) else {
            return clause.to_owned();
        };
        match self.source(document) {
            Source::Runway => format!("{ANSWER} from {}{rest}", self.host),
            file => format!("the saved answer ({}){rest}", self.quote(&file.name(""))),
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
                let low = thousands(low);
                let high = thousands(high);
                format!(", or move up to tier {} ({low}–{high} a day)", tier.number)
            }
            None => ", or ask Runway for a higher limit".to_owned(),
        }
    }

    /// How to come by credits. A purchase has a minimum, and the monthly cap is its maximum. Of
    /// several errors the first names the largest sum, which serves all; `or`, another way out, is
    /// offered only if this error asks for the largest sum.
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
        let sum = credits(sum);
        let cap = thousands(cap.0);
        format!("{sum} must be bought, more than the {cap} that may be bought in 30 days: {up}{or}")
    }

    /// A clause that is there if fewer generations, and one at least, cost no more than `room`.
    fn if_fewer_fit(&self, room: Credits, clause: &str) -> String {
        let fit = self.cheapest.is_some_and(|cheapest| cheapest <= room);
        only_if(fit, clause)
    }

    /// To allow more time, where that can help after an answer with these hints.
    fn more_time(&self, hints: Hints) -> String {
        let hours = hints.retry_after.unwrap_or_default().as_secs() / 3_600;
        let tries_again = hints.should_retry != Some(false);
        // Together with a saved answer `--wait` is an error.
        let asks = matches!(self.organization, Source::Runway);
        // A check may take an hour, a wait seven days, and a job in GitHub Actions six hours.
        let most = if self.may_wait_a_day { 7 * 24 } else { 6 };
        let flags = match hours {
            0 if tries_again && asks => "--timeout for each check, --wait for several",
            0 if tries_again => "--timeout",
            _ if asks && hours < most => "--wait",
            _ => return self.fail_open_hint(),
        };
        let open = self.fail_open_hint();
        format!(", or allow more time ({flags}){open}")
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
            format!("make .env a file of at most 64 KiB that this user may read, or set {VARIABLE}"),
        ),
        KeyProblem::NotAssigned => message(
            format!("the key in {place} cannot be read: no line is {VARIABLE}=VALUE"),
            "the name stands in a comment, in another notation, or before quotes that do not close or have more behind them",
            format!("write the key as a line of its own, {VARIABLE}=VALUE, and save the file as UTF-8"),
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
    let of_file = hints.contains(&KeyHint::KeyFile);
    for hint in hints {
        let (known, advice) = match hint {
            // These are about the variable.
            KeyHint::EmptySecret | KeyHint::NotMapped if of_file => continue,
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
            KeyHint::KeyFile => (
                format!("--key-file comes first, whatever {VARIABLE} holds"),
                format!("put the key into the file given by --key-file, or leave --key-file out and set {VARIABLE}"),
            ),
            KeyHint::HistoryAsked => {
                cause.push_str("; the balance comes from --from, but --budget and --usage ask Runway for the history");
                continue;
            }
        };
        cause.push_str(&format!("; {known}"));
        advised = advised.or(Some(advice));
    }
    let create = format!("create a key at {PORTAL} → API Keys and set {VARIABLE} to it (in GitHub Actions: store it as a secret, and pass it to the step in env or as api-secret)");
    message("there is no API key", cause, advised.unwrap_or(create))
}

/// The heading of a code in the documentation.
pub(super) fn documentation(code: Code) -> String {
    let name = code.name();
    format!("{DOCUMENTATION}/blob/main/docs/diagnostics.md#{name}")
}
