//! The decision against a second, plain formulation of its rules: over every case of a small
//! world, and over random ones. What each message says is tested through the process.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::grant::LimitedBy;
use crate::job::{Cost, Generations};
use crate::plan::Plan;
use crate::price::{Price, Prices, Rule};
use crate::requirement::Left;
use crate::spend::{Budget, Period};

/// One model under test beside another, and everything that can be asked of it.
#[derive(Clone, Copy, Debug)]
struct World {
    limit: Option<u64>,
    concurrency: Option<u64>,
    used: u64,
    other_limit: u64,
    balance: i128,
    generations: Option<u64>,
    cost_each: Option<u64>,
    credits: Option<u64>,
    at_a_time: Option<u64>,
}

/// A world in which nothing is short.
const PLENTY: World = World {
    limit: Some(10),
    concurrency: Some(1),
    used: 0,
    other_limit: 10,
    balance: 100,
    generations: None,
    cost_each: None,
    credits: None,
    at_a_time: None,
};

/// The rules as a person would say them, one after another.
fn expected(world: &World) -> BTreeSet<&'static str> {
    let mut codes = BTreeSet::new();
    let planned = world
        .generations
        .zip(world.cost_each)
        .map(|(n, each)| n * each);
    let zero_meant = world.credits == Some(0) && world.balance == 0;
    if world.balance < 0 || (world.balance == 0 && !zero_meant) {
        codes.insert("no-credits");
    } else {
        for wanted in [world.credits, planned].into_iter().flatten() {
            if i128::from(wanted) > world.balance {
                codes.insert("credits-short");
            }
        }
    }
    if world.limit == Some(0) && world.other_limit == 0 {
        codes.insert("all-models-zero");
        return codes;
    }
    if let Some(needed @ 1..) = world.generations {
        match world.limit {
            None => {}
            Some(0) => {
                codes.insert("no-daily-quota");
                return codes;
            }
            Some(limit) if needed > limit => {
                codes.insert("over-daily-limit");
            }
            Some(limit) if world.used >= limit => {
                codes.insert("daily-limit-reached");
            }
            Some(limit) if world.used + needed > limit => {
                codes.insert("generations-short");
            }
            Some(_) => {}
        }
        if world.concurrency == Some(0) {
            codes.insert("concurrency-short");
        }
    }
    if let (Some(needed), Some(allowed)) = (world.at_a_time, world.concurrency) {
        if needed > allowed {
            codes.insert("concurrency-short");
        }
    }
    codes
}

fn limit(number: Option<u64>) -> Limit {
    number.map_or(Limit::Unlimited, Limit::AtMost)
}

fn organization(world: &World) -> Organization {
    let quota = |daily, concurrency, used| ModelQuota {
        concurrency: Ok(limit(concurrency)),
        daily_limit: Ok(limit(daily)),
        used: Ok(used),
    };
    let tested = quota(world.limit, world.concurrency, world.used);
    let other = quota(Some(world.other_limit), Some(1), 0);
    Organization {
        balance: Ok(Credits(world.balance)),
        monthly_cap: Ok(Credits(10_000)),
        models: Ok(Models::from_iter([
            (Model::new("tested"), tested),
            (Model::new("other"), other),
        ])),
    }
}

/// The models with this one added, or in place of the one with its name.
fn with(models: &Models, model: Model, quota: ModelQuota) -> Models {
    let mut models = models.clone();
    models.insert(model, quota);
    models
}

fn job(world: &World) -> Job {
    let model = || Model::new("tested");
    let credits = |number: u64| Credits(number.into());
    let needs = world.generations.map(|needed| {
        let cost = world.cost_each.map_or(Cost::Unknown, |each| {
            Cost::Each(Price::parse(&each.to_string()).expect("a price"))
        });
        Generations::new(model(), needed, cost)
    });
    Job {
        generations: needs.into_iter().collect(),
        priced: world.cost_each.is_some(),
        credits: world.credits.map(credits),
        concurrency: world
            .at_a_time
            .map(|needed| (model(), needed))
            .into_iter()
            .collect(),
        ..Job::default()
    }
}

/// Generations that need nothing of the day, and cost so much.
fn costing(cost: Credits) -> Generations {
    Generations::new(Model::new("other"), 0, Cost::Together(cost))
}

fn today() -> UtcDay {
    UtcDay::parse("2026-11-22").expect("a day")
}

fn facts<'a>(organization: Option<&'a Organization>, budgeted: Option<&'a History>) -> Facts<'a> {
    Facts {
        organization,
        budgeted,
        recent: None,
        today: today(),
    }
}

fn decided(job: &Job, organization: Option<&Organization>, budgeted: Option<&History>) -> Decision {
    decide(job, facts(organization, budgeted))
}

fn granted(job: &Job, organization: &Organization, budgeted: &History) -> Decision {
    let facts = facts(Some(organization), Some(budgeted));
    let mut decision = decide(job, facts);
    grant_ranges(job, facts, &mut decision);
    decision
}

fn is_no_go(decision: &Decision) -> bool {
    decision.exit().is_no_go()
}

fn check(world: &World) {
    let decision = decided(&job(world), Some(&organization(world)), None);
    let codes: BTreeSet<&str> = decision.codes().iter().map(|code| code.name()).collect();
    let expected = expected(world);
    assert_eq!(codes, expected, "{world:?}");
    let passing = ["daily-limit-reached", "generations-short"];
    let exit = if expected.is_empty() {
        Exit::Go
    } else if expected.iter().all(|code| passing.contains(code)) {
        Exit::TryLater
    } else {
        Exit::Act
    };
    assert_eq!(decision.exit(), exit);
    for row in &decision.rows {
        let enough = match row.left {
            Left::Unknown => panic!("all can be read"),
            Left::NoLimit => true,
            Left::Number(left) => left >= row.needed,
        };
        assert_eq!(row.met, Some(enough), "{world:?} {row:?}");
        // No row can be short of a go that was given.
        assert!(enough || exit.is_no_go(), "{world:?} {row:?}");
    }
}

#[test]
fn every_case_of_a_small_world() {
    let maybe = |most: u64| std::iter::once(None).chain((0..=most).map(Some));
    let mut cases = 0_u32;
    for (limit, used) in maybe(2).flat_map(|limit| (0..=3).map(move |used| (limit, used))) {
        for (concurrency, at_a_time) in maybe(1).flat_map(|c| maybe(2).map(move |a| (c, a))) {
            for (other_limit, balance) in (-1..=2).flat_map(|b| [(0, b), (5, b)]) {
                for (credits, generations) in maybe(3).flat_map(|c| maybe(3).map(move |g| (c, g))) {
                    for cost_each in maybe(1) {
                        cases += 1;
                        check(&World {
                            limit,
                            concurrency,
                            used,
                            other_limit,
                            balance,
                            generations,
                            cost_each,
                            credits,
                            at_a_time,
                        });
                    }
                }
            }
        }
    }
    assert_eq!(cases, 4 * 4 * 3 * 4 * 8 * 5 * 5 * 3);
}

fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0_u64..6,
        Just(u64::MAX),
        Just(u64::MAX - 1),
        Just((1 << 53) - 1),
        1_u64..1_000
    ]
}

proptest! {
    #[test]
    fn large_figures_decide_like_small_ones(
        limit in proptest::option::of(any_number()),
        concurrency in proptest::option::of(any_number()),
        used in 0_u64..1_000,
        other_limit in any_number(),
        balance in -3_i64..i64::MAX,
        generations in proptest::option::of(0_u64..=u64::MAX / 2_000),
        cost_each in proptest::option::of(0_u64..2_000),
        credits in proptest::option::of(any_number()),
        at_a_time in proptest::option::of(any_number()),
    ) {
        check(&World {
            limit, concurrency, used, other_limit, balance: balance.into(), generations,
            cost_each, credits, at_a_time,
        });
    }

    /// Taking anything away from what is there never turns a no into a yes.
    #[test]
    fn less_is_never_better(
        limit in 0_u64..50, used in 0_u64..50, balance in 0_i128..50, needed in 0_u64..50,
        credits in 0_u64..50, less in 0_u64..10,
    ) {
        let world = World {
            limit: Some(limit), used, balance, generations: Some(needed), credits: Some(credits),
            ..PLENTY
        };
        let poorer = World {
            limit: Some(limit.saturating_sub(less)),
            used: used + less,
            balance: balance - i128::from(less),
            ..world
        };
        let job = job(&world);
        let no_go = |world: &World| is_no_go(&decided(&job, Some(&organization(world)), None));
        if no_go(&world) {
            prop_assert!(no_go(&poorer));
        }
    }

    /// What is asked for and cannot be read is never a go.
    #[test]
    fn unreadable_is_never_a_go(which in 0_usize..5, limit in 0_u64..5, needed in 0_u64..5) {
        let world = World {
            limit: Some(limit), generations: Some(needed), at_a_time: Some(1), ..PLENTY
        };
        let mut organization = organization(&world);
        let lost = || Unreadable::new("a.field", "is missing");
        let model = Model::new("tested");
        let models = organization.models.clone().expect("models");
        let mut quota = models.get(&model).expect("the model").clone();
        match which {
            0 => organization.balance = Err(lost()),
            1 => quota.concurrency = Err(lost()),
            2 => quota.daily_limit = Err(lost()),
            3 => quota.used = Err(lost()),
            _ => {}
        }
        organization.models = if which == 4 { Err(lost()) } else { Ok(with(&models, model, quota)) };
        let decision = decided(&job(&world), Some(&organization), None);
        prop_assert_ne!(decision.exit(), Exit::Go);
        let reported = decision.errors.contains(&unreadable_error(&lost()));
        prop_assert!(reported, "{:?}", decision.errors);
    }

    /// A budget against the plain sum.
    #[test]
    fn a_budget_is_the_plain_sum(
        most in 0_i128..100, planned in 0_i128..50, days in 1_u32..=90,
        amounts in proptest::collection::vec((0_u32..120, -20_i128..40), 0..40),
    ) {
        let today = today();
        let mut entries = Vec::new();
        let mut spent = 0;
        for (ago, amount) in amounts {
            entries.push(((today.minus(ago), Model::new("m")), Credits(amount)));
            if ago < days {
                spent += amount;
            }
        }
        let history = entries.into_iter().collect();
        let job = Job {
            generations: vec![costing(Credits(planned))],
            priced: true,
            budget: Some(Budget { max: Credits(most), period: Period::Days(days) }),
            ..Job::default()
        };
        let decision = decided(&job, Some(&organization(&PLENTY)), Some(&history));
        let over = spent.max(0) + planned > most;
        prop_assert_eq!(is_no_go(&decision), over);
        prop_assert_eq!(decision.rows.last().and_then(|row| row.met), Some(!over));
    }
}

#[test]
fn what_could_not_be_had_leaves_its_requirements_open() {
    let job = Job {
        generations: vec![
            Generations::new(Model::new("a"), 1, Cost::Together(Credits(1))),
            Generations::new(Model::new("b"), 50, Cost::Unknown),
        ],
        priced: true,
        credits: Some(Credits(1)),
        concurrency: vec![(Model::new("a"), 1)],
        budget: Some(Budget {
            max: Credits(0),
            period: Period::Days(1),
        }),
        ..Job::default()
    };
    let decision = decided(&job, None, None);
    assert_eq!(decision.rows.len(), 6);
    assert!(decision
        .rows
        .iter()
        .all(|row| row.met.is_none() && row.left == Left::Unknown));
    assert!(decision.errors.is_empty() && decision.warnings.is_empty());
}

#[test]
fn an_unread_model_that_nobody_named_is_a_warning() {
    let lost = |field: &str| Unreadable::new(field, "is missing");
    let mut organization = organization(&PLENTY);
    let mut models = organization.models.clone().expect("models");
    for number in 0..5 {
        let quota = ModelQuota {
            concurrency: Ok(Limit::AtMost(1)),
            daily_limit: Err(lost(&format!("m{number}"))),
            used: Ok(0),
        };
        models = with(&models, Model::new(format!("m{number}")), quota);
    }
    organization.models = Ok(models);
    let decision = decided(&Job::default(), Some(&organization), None);
    assert_eq!(decision.exit(), Exit::Go);
    let named = ["m0", "m1", "m2"].map(|field| *lost(field)).to_vec();
    let fields = Fault::Fields {
        named,
        more: 2,
        needed: false,
    };
    let expected = Finding::unexpected(Document::Organization, fields);
    assert_eq!(decision.warnings, [expected]);
}

#[test]
fn no_readable_limit_is_cannot_tell() {
    let lost = Unreadable::new("tier.models[\"m\"]", "is null");
    let quota = ModelQuota {
        concurrency: Err(lost.clone()),
        daily_limit: Err(lost.clone()),
        used: Ok(0),
    };
    let organization = Organization {
        balance: Ok(Credits(1)),
        monthly_cap: Ok(Credits(1)),
        models: Ok(Models::from_iter([(Model::new("m"), quota)])),
    };
    let decision = decided(&Job::default(), Some(&organization), None);
    assert_eq!(decision.exit(), Exit::CannotTell);
}

#[test]
fn a_model_that_never_runs_is_told_once() {
    for (needed, at_a_time, allowed, told) in [
        (Some(1), Some(1), 0, 1),
        (Some(1), Some(5), 0, 1),
        (Some(0), Some(5), 0, 1),
        (Some(0), None, 0, 0),
        (None, Some(1), 0, 1),
        (Some(1), Some(2), 1, 1),
        (Some(1), Some(1), 1, 0),
    ] {
        let world = World {
            generations: needed,
            at_a_time,
            concurrency: Some(allowed),
            ..PLENTY
        };
        let decision = decided(&job(&world), Some(&organization(&world)), None);
        assert_eq!(
            decision.errors.len(),
            told,
            "{world:?} {:?}",
            decision.errors
        );
    }
    // A warning is not lost to a flag that is met.
    let mut warned = job(&World {
        at_a_time: Some(0),
        ..PLENTY
    });
    warned.warn_generations = vec![(Model::new("tested"), 1)];
    let stopped = organization(&World {
        concurrency: Some(0),
        ..PLENTY
    });
    let decision = decided(&warned, Some(&stopped), None);
    assert_eq!((decision.errors.len(), decision.warnings.len()), (0, 1));
    // Nor is a model that is not there told by both flags, whatever is needed of it.
    for needed in [Some(0), Some(1), None] {
        let mut job = job(&World {
            generations: needed,
            at_a_time: Some(1),
            ..PLENTY
        });
        for one in &mut job.generations {
            one.model = Model::new("unknown");
        }
        job.concurrency = vec![(Model::new("unknown"), 1)];
        let decision = decided(&job, Some(&organization(&PLENTY)), None);
        assert_eq!(decision.codes(), [Code::ModelUnavailable]);
        assert_eq!(decision.errors.len(), 1, "{needed:?}");
        assert!(decision.rows.iter().all(|row| row.met == Some(false)));
    }
}

#[test]
fn ranges_are_granted_within_the_days_of_the_budget_and_on_a_go_alone() {
    let today = today();
    let spent = |ago, amount| ((today.minus(ago), Model::new("m")), Credits(amount));
    let mut range = Generations::new(
        Model::new("tested"),
        1,
        Cost::Each(Price::parse("10").expect("a price")),
    );
    range.more = 9;
    for (days, entries, most) in [
        (7, vec![], 10),
        (7, vec![spent(0, 30), spent(6, 20)], 5),
        (7, vec![spent(0, 30), spent(6, 20), spent(7, 900)], 5),
        (7, vec![spent(7, 900)], 10),
        (7, vec![spent(6, -900), spent(0, 10)], 10),
        (8, vec![spent(7, 60)], 4),
        // No go, no grant.
        (8, vec![spent(7, 91)], 0),
    ] {
        let history = entries.into_iter().collect();
        let job = Job {
            generations: vec![range.clone()],
            priced: true,
            budget: Some(Budget {
                max: Credits(100),
                period: Period::Days(days),
            }),
            ..Job::default()
        };
        let organization = organization(&PLENTY);
        let decision = granted(&job, &organization, &history);
        let found = decision.granted.grants.first().map_or(0, |it| it.granted);
        assert_eq!(found, most, "{days} {history:?}");
        assert_eq!(decision.exit() == Exit::Go, most > 0);
    }
}

#[test]
fn a_warning_is_not_an_error_as_well() {
    let world = World { used: 4, ..PLENTY };
    let needing = |generations| World {
        generations: Some(generations),
        ..world
    };
    let running = |at_a_time, concurrency| World {
        at_a_time,
        concurrency: Some(concurrency),
        ..world
    };
    let having = |balance, credits| World {
        balance,
        credits,
        ..world
    };
    let none_may_run = World {
        limit: Some(0),
        other_limit: 0,
        ..world
    };
    let (short, over) = ("generations-short", "over-daily-limit");
    #[rustfmt::skip]
    let cases = [
        (world, "tested", 6, 100, vec![]),
        (world, "tested", 7, 101, vec![short, "credits-short"]),
        (world, "tested", 11, 0, vec![over]),
        (needing(7), "tested", 7, 0, vec![]),
        (needing(7), "tested", 11, 0, vec![over]),
        (world, "absent", 1, 0, vec!["model-unavailable"]),
        (running(None, 0), "tested", 1, 0, vec!["concurrency-short"]),
        (running(Some(1), 0), "tested", 1, 0, vec![]),
        (running(Some(1), 1), "tested", 7, 0, vec![short]),
        (running(Some(1), 1), "absent", 1, 0, vec!["model-unavailable"]),
        (having(100, Some(100)), "tested", 1, 101, vec!["credits-short"]),
        (having(100, Some(101)), "tested", 1, 102, vec![]),
        (having(0, None), "tested", 1, 1, vec![]),
        (having(1, None), "tested", 1, 2, vec!["credits-short"]),
        (none_may_run, "tested", 1, 0, vec![]),
    ];
    for (world, model, warned, warned_credits, warnings) in cases {
        let job = Job {
            warn_generations: vec![(Model::new(model), warned)],
            warn_credits: Some(Credits(warned_credits)),
            ..job(&world)
        };
        let decision = decided(&job, Some(&organization(&world)), None);
        let found: Vec<&str> = decision
            .warnings
            .iter()
            .map(|it| it.code().name())
            .collect();
        assert_eq!(
            found, warnings,
            "{world:?} {model}={warned} {warned_credits}"
        );
    }
    let absent_at_a_time = Job {
        warn_generations: vec![(Model::new("absent"), 1)],
        concurrency: vec![(Model::new("absent"), 1)],
        ..Job::default()
    };
    let decision = decided(&absent_at_a_time, Some(&organization(&world)), None);
    assert_eq!(decision.warnings, []);
}

#[test]
fn a_budget_that_is_exceeded_names_where_most_of_it_went() {
    let today = today();
    let history: History = [
        (0, "a", 10),
        (1, "b", 40),
        (2, "c", -30),
        (3, "d", 30),
        (4, "e", 20),
        (5, "f", 0),
        (6, "a", 900),
    ]
    .into_iter()
    .map(|(ago, model, amount)| ((today.minus(ago), Model::new(model)), Credits(amount)))
    .collect();
    let budget = Budget {
        max: Credits(69),
        period: Period::Days(6),
    };
    let job = Job {
        budget: Some(budget),
        ..Job::default()
    };
    let decision = decided(&job, Some(&organization(&PLENTY)), Some(&history));
    let largest = |sums: [(u32, i128); 3]| sums.map(|(ago, sum)| (today.minus(ago), Credits(sum)));
    let models = [("b", 40), ("d", 30), ("e", 20)];
    let expected = Finding::OverBudget {
        budget,
        window: budget.period.on(today),
        spent: Credits(70),
        planned: Credits(0),
        days: largest([(1, 40), (3, 30), (4, 20)]).to_vec(),
        models: models
            .map(|(name, sum)| (Model::new(name), Credits(sum)))
            .to_vec(),
    };
    assert_eq!(decision.errors, [expected]);
}

#[test]
fn no_credits_needs_the_largest_request() {
    for (balance, credits, planned, needed) in [
        (0, None, None, None),
        (0, Some(5), None, Some(5)),
        (0, Some(5), Some(7), Some(7)),
        (0, Some(0), Some(0), None),
        (-3, Some(0), None, None),
        (-3, Some(1), None, Some(1)),
    ] {
        let job = Job {
            credits: credits.map(Credits),
            generations: planned.map(Credits).map(costing).into_iter().collect(),
            priced: true,
            ..Job::default()
        };
        let world = World { balance, ..PLENTY };
        let decision = decided(&job, Some(&organization(&world)), None);
        let expected = Finding::NoCredits {
            balance: Credits(balance),
            needed: needed.map(Credits),
        };
        let found = decision.errors.first();
        let zero_is_meant = credits == Some(0) && balance == 0;
        assert_eq!(
            found,
            Some(&expected).filter(|_| !zero_is_meant),
            "{balance} {credits:?}"
        );
    }
}

#[test]
fn what_is_short_stays_short_beside_what_cannot_be_read() {
    let lost = || Unreadable::new("a.field", "is missing");
    let number = |number| Ok(Limit::AtMost(number));
    for (daily_limit, concurrency, at_a_time, exit) in [
        (number(10), number(1), None, Exit::Act),
        (number(0), Err(lost()), None, Exit::Act),
        (number(11), number(1), None, Exit::CannotTell),
        (number(11), number(0), None, Exit::Act),
        (Err(lost()), number(1), Some(2), Exit::Act),
        (Err(lost()), number(2), Some(2), Exit::CannotTell),
        (Ok(Limit::Unlimited), number(1), None, Exit::CannotTell),
    ] {
        let world = World {
            generations: Some(11),
            at_a_time,
            ..PLENTY
        };
        let mut organization = organization(&world);
        let quota = ModelQuota {
            daily_limit,
            concurrency,
            used: Err(lost()),
        };
        let models = organization.models.clone().expect("models");
        organization.models = Ok(with(&models, Model::new("tested"), quota.clone()));
        let decision = decided(&job(&world), Some(&organization), None);
        assert_eq!(decision.exit(), exit, "{quota:?} {decision:?}");
    }
}

/// Ranges of flags and a plan, against which every grant is tried.
#[derive(Clone, Debug)]
struct Granting {
    /// Model, minimum, more, price in halves of a credit.
    ranges: Vec<(usize, u64, u64, Option<u64>)>,
    /// Model and cost of each task.
    tasks: Vec<(usize, u64)>,
    first: u64,
    /// By model: what is left of the day, none for no limit.
    left: Vec<Option<u64>>,
    /// What is wrong with the third model: it is not there, never runs or cannot be read.
    third: usize,
    balance: u64,
    keep: Option<u64>,
    budget: Option<u64>,
    max_cost: Option<u64>,
}

const NAMES: [&str; 3] = ["one", "two", "three"];

impl Granting {
    fn priced(&self) -> bool {
        !self.tasks.is_empty() || self.ranges.iter().any(|range| range.3.is_some())
    }

    /// The job for so many tasks of the plan, of which the verdict needs `first`; and of each flag
    /// so many more than its minimum, or its range.
    fn job(&self, tasks: usize, first: Option<u64>, more: Option<&[u64]>) -> Job {
        let ranges = self.ranges.iter().enumerate();
        let generations = ranges.map(|(index, (model, min, most, halves))| {
            let cost = halves.map_or(Cost::Unknown, |halves| {
                let price = format!("{}.{}", halves / 2, halves % 2 * 5);
                Cost::Each(Price::parse(&price).expect("a price"))
            });
            let mut one = Generations::new(Model::new(NAMES[*model]), *min, cost);
            match more {
                Some(more) => one.needed += more[index],
                None => one.more = *most,
            }
            one
        });
        let credits = |number: u64| Credits(number.into());
        let mut job = Job {
            generations: generations.collect(),
            priced: self.priced(),
            keep: self.keep.map(credits),
            max_cost: self.max_cost.map(credits),
            budget: self.budget.map(|max| Budget {
                max: credits(max),
                period: Period::Days(1),
            }),
            ..Job::default()
        };
        static PRICES: LazyLock<Prices> = LazyLock::new(|| {
            let mut prices = Prices::default();
            for (name, cost) in NAMES
                .iter()
                .flat_map(|name| (0..10).map(move |n| (name, n)))
            {
                let rule = format!("{name} cost={cost} {cost}");
                prices.add(Rule::parse(&rule).expect("a rule"));
            }
            prices
        });
        let body = |(model, cost): &(usize, u64)| {
            format!("{{\"model\":\"{}\",\"cost\":{cost}}}", NAMES[*model])
        };
        let text: String = self.tasks[..tasks].iter().map(body).collect();
        if !text.is_empty() {
            let plan = Plan::read(text.as_bytes(), Some(&PRICES), first).expect("a plan");
            job.add_plan(plan).expect("it can be added up");
        }
        job
    }

    fn decided(&self, job: &Job) -> Decision {
        let lost = || Unreadable::new("a.field", "is missing");
        let quotas = self.left.iter().enumerate().map(|(index, left)| {
            let mut quota = ModelQuota {
                concurrency: Ok(Limit::AtMost(1)),
                daily_limit: Ok(limit(left.map(|left| left + 3))),
                used: Ok(3),
            };
            match (index, self.third) {
                (2, 1) => quota.concurrency = Ok(Limit::AtMost(0)),
                (2, 2) => quota.used = Err(lost()),
                (2, 3) => quota.concurrency = Err(lost()),
                _ => {}
            }
            (Model::new(NAMES[index]), quota)
        });
        let there = if self.third == 0 { 2 } else { 3 };
        let organization = Organization {
            balance: Ok(Credits(self.balance.into())),
            monthly_cap: Ok(Credits(10_000)),
            models: Ok(quotas.take(there).collect()),
        };
        granted(job, &organization, &History::default())
    }

    fn passes(&self, tasks: usize, more: &[u64]) -> bool {
        self.decided(&self.job(tasks, None, Some(more))).exit() == Exit::Go
    }

    /// What holds these back: what does so where nothing else could.
    fn holds(&self, tasks: usize, more: &[u64]) -> Vec<LimitedBy> {
        use LimitedBy::{Balance, Budget, DailyLimit, Keep, MaxCost};
        let alone = |held: &LimitedBy| {
            let by = |one: LimitedBy, limit: Option<u64>| limit.filter(|_| *held == one);
            let keep = by(Keep, self.keep);
            let counts = *held == Balance || keep.is_some();
            let mut world = Granting {
                balance: if counts { self.balance } else { 1_000_000 },
                keep,
                max_cost: by(MaxCost, self.max_cost),
                budget: by(Budget, self.budget),
                ..self.clone()
            };
            if *held != DailyLimit {
                (world.left, world.third) = (vec![None; 3], usize::MAX);
            }
            !world.passes(tasks, more)
        };
        let all = [DailyLimit, Balance, Keep, MaxCost, Budget].into_iter();
        all.filter(alone).collect()
    }
}

/// What a model itself holds back is of one kind here.
fn kind(held: LimitedBy) -> LimitedBy {
    use LimitedBy::{Concurrency, DailyLimit, NoQuota, Unavailable, Unreadable};
    match held {
        NoQuota | Concurrency | Unavailable | Unreadable => DailyLimit,
        held => held,
    }
}

fn granting() -> impl Strategy<Value = Granting> {
    let model = || prop_oneof![6 => 0_usize..2, 1 => Just(2)];
    let price = proptest::option::weighted(0.8, 0_u64..7);
    let range = (model(), 1_u64..4, 0_u64..6, price);
    let limits = |share, most| proptest::option::weighted(share, 0..most);
    (
        proptest::collection::vec(range, 0..4),
        proptest::collection::vec((model(), 0_u64..10), 0..14),
        1_u64..6,
        proptest::collection::vec(limits(0.8, 12_u64), 3),
        0_usize..6,
        1_u64..80,
        [limits(0.3, 30_u64), limits(0.3, 80), limits(0.3, 80)],
    )
        .prop_map(|(ranges, tasks, first, left, third, balance, most)| {
            let [keep, budget, max_cost] = most;
            let mut world = Granting {
                ranges,
                tasks,
                first,
                left,
                third,
                balance,
                keep,
                budget,
                max_cost,
            };
            if !world.priced() {
                // Without a cost these are a wrong command line.
                (world.keep, world.max_cost) = (None, None);
            }
            world
        })
}

/// More than the usual number for the largest world, in a build that is not optimized.
fn many_worlds() -> ProptestConfig {
    let usual = ProptestConfig::default();
    let cases = usual.cases.max(1_000);
    ProptestConfig { cases, ..usual }
}

proptest! {
    #![proptest_config(many_worlds())]

    /// Exactly what is granted is a go: of each range, in the order of the flags, and then the longest
    /// beginning of the plan. One more of either is none.
    #[test]
    fn grants_are_the_largest_that_pass(world in granting()) {
        let (all, none) = (world.tasks.len(), vec![0; world.ranges.len()]);
        let first = usize::try_from(world.first).expect("a count").min(all);
        let decision = world.decided(&world.job(all, Some(world.first), None));
        let minima = world.decided(&world.job(first, None, Some(&none)));
        prop_assert_eq!(&decision.errors, &minima.errors);
        prop_assert_eq!(&decision.rows, &minima.rows);
        if decision.exit() != Exit::Go {
            prop_assert_eq!(decision.granted, Granted::default());
            return Ok(());
        }
        let mut more = none;
        let mut held: [BTreeSet<String>; 3] = Default::default();
        let mut hold = |model: usize, by: Vec<LimitedBy>| {
            held[model].extend(by.into_iter().map(|by| format!("{by:?}")));
        };
        for (index, (model, _, most, _)) in world.ranges.iter().enumerate() {
            let mut tried = more.clone();
            for count in 1..=*most {
                tried[index] = count;
                if world.passes(first, &tried) {
                    more.clone_from(&tried);
                }
            }
            if more[index] < *most {
                tried[index] = more[index] + 1;
                hold(*model, world.holds(first, &tried));
            }
        }
        let longest = (first..=all).take_while(|tasks| world.passes(*tasks, &more)).last();
        let longest = longest.expect("the first tasks pass");
        prop_assert!((longest + 1..=all).all(|tasks| !world.passes(tasks, &more)));
        if let Some((model, _)) = world.tasks.get(longest) {
            hold(*model, world.holds(longest + 1, &more));
            for (model, _) in &world.tasks[longest + 1..] {
                if held[*model].is_empty() {
                    held[*model].insert(format!("{:?}", LimitedBy::Order));
                }
            }
        }
        prop_assert_eq!(usize::try_from(decision.granted.tasks).expect("a count"), longest);
        for index in 0..more.len() {
            let mut one_more = more.clone();
            one_more[index] += 1;
            prop_assert!(more[index] == world.ranges[index].2 || !world.passes(first, &one_more));
        }
        for (index, name) in NAMES.into_iter().enumerate() {
            let in_plan = |tasks: usize| {
                let of_model = world.tasks[..tasks].iter().filter(|(model, _)| *model == index);
                u64::try_from(of_model.count()).expect("a count")
            };
            let of_model = || world.ranges.iter().zip(&more).filter(|(range, _)| range.0 == index);
            let granted: u64 = of_model().map(|((_, min, ..), more)| min + more).sum();
            let max: u64 = of_model().map(|((_, min, most, _), _)| min + most).sum();
            let (granted, max) = (granted + in_plan(longest), max + in_plan(all));
            let grant = decision.granted.grants.iter().find(|grant| grant.model.as_str() == name);
            let min = of_model().map(|((_, min, ..), _)| min).sum::<u64>() + in_plan(first);
            let found = grant.map_or((0, 0, 0), |grant| (grant.min, grant.granted, grant.max));
            prop_assert_eq!(found, (min, granted, max));
            let limited_by = grant.into_iter().flat_map(|grant| &grant.limited_by);
            let limited_by: BTreeSet<_> = limited_by.map(|by| format!("{:?}", kind(*by))).collect();
            prop_assert_eq!(&limited_by, &held[index]);
            prop_assert_eq!(limited_by.is_empty(), granted == max);
            let waits = decision.warnings.iter().find_map(|finding| match finding {
                Finding::GrantedFewer { grant, tasks } if grant.model.as_str() == name => {
                    Some(tasks.is_some())
                }
                _ => None,
            });
            let expected = (granted < max).then(|| in_plan(longest) < in_plan(all));
            prop_assert_eq!(waits, expected);
        }
    }
}

proptest! {
    /// A plan asks for what the same generations of flags ask for.
    #[test]
    fn a_plan_is_its_generations(world in granting(), prices in [0_u64..9, 0_u64..9, 0_u64..9]) {
        let tasks = world.tasks.iter().map(|(model, _)| (*model, prices[*model])).collect();
        let plan = Granting { tasks, ranges: Vec::new(), ..world.clone() };
        let count = |index| plan.tasks.iter().filter(|(model, _)| *model == index).count();
        let range = |index: usize| {
            let needed = u64::try_from(count(index)).expect("a count");
            (needed > 0).then_some((index, needed, 0, Some(prices[index] * 2)))
        };
        let mut ranges: Vec<_> = (0..NAMES.len()).filter_map(range).collect();
        // In the order in which the plan names its models.
        ranges.sort_by_key(|(model, ..)| plan.tasks.iter().position(|(of, _)| of == model));
        let flags = Granting { ranges, tasks: Vec::new(), ..world };
        prop_assume!(!plan.tasks.is_empty());
        let planned = plan.decided(&plan.job(plan.tasks.len(), None, None));
        let flagged = flags.decided(&flags.job(0, None, None));
        prop_assert_eq!(planned.rows, flagged.rows);
        prop_assert_eq!(planned.errors, flagged.errors);
        prop_assert_eq!(planned.granted.grants, flagged.granted.grants);
    }
}
