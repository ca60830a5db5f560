//! The decision against a second, plain formulation of its rules: over every case of a small
//! world, and over random ones. What each message says is tested through the process.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::spend::Window;

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
        models: Ok([(Model::new("tested"), tested), (Model::new("other"), other)].into()),
    }
}

fn requirements(world: &World) -> Requirements {
    let model = || Model::new("tested");
    let credits = |number: u64| Credits(number.into());
    let needs = world
        .generations
        .map(|needed| (model(), Need::Count(needed)));
    Requirements {
        generations: needs.into_iter().collect(),
        credits: world.credits.map(credits),
        planned_cost: world
            .generations
            .zip(world.cost_each)
            .map(|(n, each)| credits(n * each)),
        concurrency: world
            .at_a_time
            .map(|needed| (model(), needed))
            .into_iter()
            .collect(),
        ..Requirements::default()
    }
}

fn check(world: &World) {
    let decision = decide(&requirements(world), Some(&organization(world)), None);
    let codes: BTreeSet<&str> = decision
        .findings
        .iter()
        .inspect(|(severity, _)| assert_eq!(*severity, Severity::Error))
        .map(|(_, finding)| finding.code().name())
        .collect();
    let expected = expected(world);
    assert_eq!(codes, expected, "{world:?}");
    let verdict = if expected.is_empty() {
        Verdict::Go
    } else {
        Verdict::NoGo
    };
    assert_eq!(decision.verdict(), verdict);
    for row in &decision.rows {
        let enough = match row.left.expect("all can be read") {
            None => true,
            Some(left) => left >= row.needed.expect("no percentages here"),
        };
        assert_eq!(row.met, Some(enough), "{world:?} {row:?}");
        // No row can be short of a go that was given.
        assert!(enough || verdict == Verdict::NoGo, "{world:?} {row:?}");
    }
}

#[test]
fn every_case_of_a_small_world() {
    let some = |most: u64| (0..=most).map(Some);
    let maybe = |most: u64| std::iter::once(None).chain((0..=most).map(Some));
    let mut cases = 0_u32;
    for limit in std::iter::once(None).chain(some(3)) {
        for concurrency in std::iter::once(None).chain(some(3)) {
            for used in 0..=4 {
                for (other_limit, balance) in (-1..=3).flat_map(|b| [(0, b), (5, b)]) {
                    for (generations, at_a_time) in
                        maybe(4).flat_map(|g| maybe(4).map(move |c| (g, c)))
                    {
                        for (credits, cost_each) in
                            maybe(4).flat_map(|c| [None, Some(0), Some(1)].map(|each| (c, each)))
                        {
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
    }
    assert_eq!(cases, 5 * 5 * 5 * 10 * 36 * 18);
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
        credits in 0_u64..50, less in 0_u64..10, percent in 1_u8..=100, by_percent: bool,
    ) {
        let world = World {
            limit: Some(limit), concurrency: Some(2), used, other_limit: 5, balance,
            generations: Some(needed), cost_each: None, credits: Some(credits), at_a_time: None,
        };
        let poorer = World {
            limit: Some(limit.saturating_sub(less)),
            used: used + less,
            balance: balance - i128::from(less),
            ..world
        };
        let mut required = requirements(&world);
        if by_percent {
            required.generations = vec![(Model::new("tested"), Need::Percent(percent))];
        }
        let verdict = |world: &World| {
            decide(&required, Some(&organization(world)), None).verdict()
        };
        // A smaller limit makes a smaller share of it, so that a percentage may be met again.
        if verdict(&world) == Verdict::NoGo && (!by_percent || less == 0) {
            prop_assert_eq!(verdict(&poorer), Verdict::NoGo);
        }
    }

    /// What is asked for and cannot be read is never a go.
    #[test]
    fn unreadable_is_never_a_go(which in 0_usize..5, limit in 0_u64..5, needed in 0_u64..5) {
        let world = World {
            limit: Some(limit), concurrency: Some(2), used: 0, other_limit: 5, balance: 10,
            generations: Some(needed), cost_each: None, credits: None, at_a_time: Some(1),
        };
        let mut organization = organization(&world);
        let lost = || Unreadable { field: "a.field".into(), problem: "is missing".into() };
        let model = Model::new("tested");
        let mut models = organization.models.clone().expect("models");
        let quota = models.get_mut(&model).expect("the model");
        match which {
            0 => organization.balance = Err(lost()),
            1 => quota.concurrency = Err(lost()),
            2 => quota.daily_limit = Err(lost()),
            3 => quota.used = Err(lost()),
            _ => {}
        }
        organization.models = if which == 4 { Err(lost()) } else { Ok(models) };
        let decision = decide(&requirements(&world), Some(&organization), None);
        prop_assert_ne!(decision.verdict(), Verdict::Go);
        let told = decision.findings.iter().any(|(severity, finding)| {
            *severity == Severity::Error
                && matches!(finding, Finding::UnexpectedResponse { problem, .. }
                    if problem == "a.field is missing")
        });
        prop_assert!(told, "{:?}", decision.findings);
    }

    /// A budget against the plain sum.
    #[test]
    fn a_budget_is_the_plain_sum(
        most in 0_i128..100, planned in 0_i128..50, days in 1_u32..=90,
        amounts in proptest::collection::vec((0_u32..120, -20_i128..40), 0..40),
    ) {
        let today = UtcDay::parse("2026-11-22").expect("a day");
        let mut history = History::default();
        let mut spent = 0;
        for (ago, amount) in amounts {
            history.add(today.minus(ago), Model::new("m"), Credits(amount));
            if ago < days {
                spent += amount;
            }
        }
        let required = Requirements {
            planned_cost: Some(Credits(planned)),
            budget: Some(Budget { most: Credits(most), window: Window::last(days, today) }),
            ..Requirements::default()
        };
        let world = World {
            limit: Some(1), concurrency: Some(1), used: 0, other_limit: 1, balance: 1_000,
            generations: None, cost_each: None, credits: None, at_a_time: None,
        };
        let decision = decide(&required, Some(&organization(&world)), Some(&history));
        let over = spent.max(0) + planned > most;
        prop_assert_eq!(decision.verdict() == Verdict::NoGo, over);
        prop_assert_eq!(decision.rows.last().and_then(|row| row.met), Some(!over));
    }
}

#[test]
fn what_could_not_be_had_leaves_its_requirements_open() {
    let required = Requirements {
        generations: vec![
            (Model::new("a"), Need::Count(1)),
            (Model::new("b"), Need::Percent(50)),
        ],
        credits: Some(Credits(1)),
        planned_cost: Some(Credits(1)),
        concurrency: vec![(Model::new("a"), 1)],
        budget: Some(Budget {
            most: Credits(0),
            window: Window::last(1, UtcDay::parse("2026-11-22").expect("a day")),
        }),
        ..Requirements::default()
    };
    let decision = decide(&required, None, None);
    assert_eq!(decision.rows.len(), 6);
    assert!(decision
        .rows
        .iter()
        .all(|row| row.met.is_none() && row.left.is_none()));
    assert!(decision.findings.is_empty());
}

#[test]
fn an_unread_model_that_nobody_named_is_a_warning() {
    let lost = |field: &str| Unreadable {
        field: field.to_owned(),
        problem: "is missing".to_owned(),
    };
    let world = World {
        limit: Some(1),
        concurrency: Some(1),
        used: 0,
        other_limit: 0,
        balance: 1,
        generations: None,
        cost_each: None,
        credits: None,
        at_a_time: None,
    };
    let mut organization = organization(&world);
    let mut models = organization.models.clone().expect("models");
    for number in 0..5 {
        let quota = ModelQuota {
            concurrency: Ok(Limit::AtMost(1)),
            daily_limit: Err(lost(&format!("m{number}"))),
            used: Ok(0),
        };
        models.insert(Model::new(format!("m{number}")), quota);
    }
    organization.models = Ok(models);
    let decision = decide(&Requirements::default(), Some(&organization), None);
    assert_eq!(decision.verdict(), Verdict::Go);
    let [(Severity::Warning, Finding::UnexpectedResponse { problem, .. })] =
        decision.findings.as_slice()
    else {
        panic!("{:?}", decision.findings);
    };
    assert_eq!(
        problem,
        "m0 is missing; m1 is missing; m2 is missing; 2 more cannot be read either"
    );
}

#[test]
fn if_no_limit_could_be_read_nobody_knows_whether_a_model_may_run() {
    let lost = Unreadable {
        field: "tier.models[\"m\"]".to_owned(),
        problem: "is null, not an object".to_owned(),
    };
    let quota = ModelQuota {
        concurrency: Err(lost.clone()),
        daily_limit: Err(lost.clone()),
        used: Ok(0),
    };
    let organization = Organization {
        balance: Ok(Credits(1)),
        monthly_cap: Ok(Credits(1)),
        models: Ok([(Model::new("m"), quota)].into()),
    };
    let decision = decide(&Requirements::default(), Some(&organization), None);
    assert_eq!(decision.verdict(), Verdict::CannotTell);
}

#[test]
fn a_no_go_outweighs_the_rest_and_warnings_weigh_nothing() {
    let lost = |problem: &str| Finding::UnexpectedResponse {
        endpoint: Endpoint::Usage,
        problem: problem.to_owned(),
    };
    let malformed = Finding::KeyMalformed {
        place: "x".to_owned(),
        problem: "y".to_owned(),
    };
    let empty = Finding::NoCredits {
        balance: Credits(0),
        needed: None,
    };
    let mut decision = Decision::default();
    assert_eq!((decision.exit(), decision.verdict().name()), (0, "go"));
    let mut later = Decision::default();
    later.put_first(vec![lost("later")]);
    later.add_warning(lost("beside"));
    decision.warn_of(later);
    assert_eq!(decision.findings, [(Severity::Warning, lost("later"))]);
    assert_eq!((decision.exit(), decision.verdict().name()), (0, "go"));
    decision.add_error(lost("now"));
    assert_eq!(
        (decision.exit(), decision.verdict().name()),
        (5, "cannot-tell")
    );
    decision.put_first(vec![malformed.clone()]);
    assert_eq!(
        (decision.exit(), decision.verdict().name()),
        (4, "cannot-tell")
    );
    assert_eq!(decision.errors().next(), Some(&malformed));
    decision.add_error(empty);
    assert_eq!((decision.exit(), decision.verdict().name()), (3, "no-go"));
    assert_eq!(Verdict::Skipped.name(), "skipped");
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

#[test]
fn a_budget_that_is_exceeded_names_where_most_of_it_went() {
    let today = UtcDay::parse("2026-11-22").expect("a day");
    let mut history = History::default();
    for (ago, model, amount) in [
        (0, "a", 10),
        (1, "b", 40),
        (2, "c", -30),
        (3, "d", 30),
        (4, "e", 20),
        (5, "f", 0),
        (6, "a", 900),
    ] {
        history.add(today.minus(ago), Model::new(model), Credits(amount));
    }
    let budget = Budget {
        most: Credits(69),
        window: Window::last(6, today),
    };
    let required = Requirements {
        budget: Some(budget),
        ..Requirements::default()
    };
    let decision = decide(&required, Some(&organization(&PLENTY)), Some(&history));
    let largest = |sums: [(u32, i128); 3]| sums.map(|(ago, sum)| (today.minus(ago), Credits(sum)));
    let models = [("b", 40), ("d", 30), ("e", 20)];
    let expected = Finding::OverBudget {
        budget,
        spent: Credits(70),
        planned: Credits(0),
        days: largest([(1, 40), (3, 30), (4, 20)]).to_vec(),
        models: models
            .map(|(name, sum)| (Model::new(name), Credits(sum)))
            .to_vec(),
    };
    assert_eq!(decision.findings, [(Severity::Error, expected)]);
}

#[test]
fn where_there_are_no_credits_the_most_that_is_asked_for_is_needed() {
    for (balance, credits, planned, needed) in [
        (0, None, None, None),
        (0, Some(5), None, Some(5)),
        (0, Some(5), Some(7), Some(7)),
        (0, Some(0), Some(0), None),
        (-3, Some(0), None, None),
        (-3, Some(1), None, Some(1)),
    ] {
        let required = Requirements {
            credits: credits.map(Credits),
            planned_cost: planned.map(Credits),
            ..Requirements::default()
        };
        let world = World { balance, ..PLENTY };
        let decision = decide(&required, Some(&organization(&world)), None);
        let expected = Finding::NoCredits {
            balance: Credits(balance),
            needed: needed.map(Credits),
        };
        let found = decision.findings.first().map(|(_, finding)| finding);
        let zero_is_meant = credits == Some(0) && balance == 0;
        assert_eq!(
            found,
            Some(&expected).filter(|_| !zero_is_meant),
            "{balance} {credits:?}"
        );
    }
}

#[test]
fn a_misspelling_is_told_the_nearest_names() {
    let quota = || ModelQuota {
        concurrency: Ok(Limit::AtMost(1)),
        daily_limit: Ok(Limit::AtMost(1)),
        used: Ok(0),
    };
    let listed = ["gen4.5", "gen4_aleph", "gen4_image", "gen4_turbo", "veo3.1"];
    let models: BTreeMap<Model, ModelQuota> = listed
        .iter()
        .map(|name| (Model::new(*name), quota()))
        .collect();
    let near = |name: &str| -> Vec<String> {
        let near = nearest(&Model::new(name), &models);
        near.iter().map(|model| model.as_str().to_owned()).collect()
    };
    assert_eq!(near("gen45").first().map(String::as_str), Some("gen4.5"));
    assert_eq!(near("gen4").len(), 3);
    assert_eq!(near("GEN4.5"), ["gen4.5"]);
    assert_eq!(near("veo31"), ["veo3.1"]);
    assert!(near("sora").is_empty());
}

#[test]
fn a_percentage_is_of_the_limit() {
    for (limit, used, percent, code) in [
        (Some(200), 100, 50, None),
        (Some(200), 101, 50, Some("generations-short")),
        (Some(200), 200, 1, Some("daily-limit-reached")),
        (Some(199), 197, 1, None),
        (Some(199), 198, 1, Some("generations-short")),
        (Some(1), 0, 100, None),
        (Some(0), 0, 1, Some("no-daily-quota")),
        (None, u64::MAX, 100, None),
    ] {
        let world = World {
            limit,
            concurrency: Some(1),
            used,
            other_limit: 1,
            balance: 1,
            generations: None,
            cost_each: None,
            credits: None,
            at_a_time: None,
        };
        let required = Requirements {
            generations: vec![(Model::new("tested"), Need::Percent(percent))],
            ..Requirements::default()
        };
        let decision = decide(&required, Some(&organization(&world)), None);
        let found = decision
            .findings
            .first()
            .map(|(_, finding)| finding.code().name());
        assert_eq!(found, code, "{percent}% of {limit:?}, {used} used");
        assert_eq!(
            decision.rows.first().and_then(|row| row.met),
            Some(code.is_none())
        );
    }
}
