//! Inputs that were once decided, shown or waited for wrongly, in tables of a kind.

use std::time::{Duration, SystemTime};

use serde_json::{json, Value};

use crate::support::body::{gen45, organization, EXAMPLE};
use crate::support::{each, Gate, Reply, Server};

/// A shortage needs one figure: that another one cannot be read does not hide it.
#[test]
fn a_known_shortage_outlasts_unreadable_figures() {
    let body = |balance: &str, concurrency: &str, limit: &str, used: &str| {
        format!(
            r#"{{"creditBalance": {balance}, "tier": {{"maxMonthlyCreditSpend": 10000, "models": {{
                "gen4.5": {{"maxConcurrentGenerations": {concurrency}, "maxDailyGenerations": {limit}}},
                "other": {{"maxConcurrentGenerations": 2, "maxDailyGenerations": 5}}}}}}{used}}}"#
        )
    };
    let used = r#", "usage": {"models": {"gen4.5": {"dailyGenerations": COUNT}}}"#;
    let (some, wrong) = (
        &*used.replace("COUNT", "0"),
        &*used.replace("COUNT", "-0.5"),
    );
    let of_credits = r#"{"creditBalance": 1, "tier": 7}"#.to_owned();
    let eleven = "--generations gen4.5=11";
    #[rustfmt::skip]
    let cases = [
        (body("5000", "2", "10", wrong), eleven, "over-daily-limit"),
        (body("5000", "2", "10", ""), eleven, "over-daily-limit"),
        (body("5000", "1e39", "10", some), eleven, "over-daily-limit"),
        (body("\"?\"", "2", "10", some), eleven, "over-daily-limit"),
        (body("5000", "2", "0", wrong), "--generations gen4.5=1", "no-daily-quota"),
        (body("5000", "1", "-1", some), "--concurrency gen4.5=2", "concurrency-short"),
        (of_credits, "--credits 5", "credits-short"),
    ];
    each(
        &cases,
        |(body, args, _)| format!("{args} {body}"),
        |(body, args, code)| {
            for open in ["", "--fail-open"] {
                let run = Gate::asking(&Server::script([Reply::ok(body)]))
                    .args(args)
                    .args(open)
                    .args("--format json")
                    .run();
                assert_eq!(run.code, 6, "{run:?}");
                assert!(
                    run.codes("error").iter().any(|found| found == code),
                    "{run:?}"
                );
            }
        },
    );
}

/// Down what is left, up what is used; what is out of range is no figure.
#[test]
fn figures_are_rounded_against_the_user() {
    #[rustfmt::skip]
    let cases: [(&str, &str, &str, i32, Value); 11] = [
        ("/creditBalance", "0.9999999999999999", "--credits 1", 6, json!(0)),
        ("/creditBalance", "-0.5", "--credits 0", 6, json!(-1)),
        ("/creditBalance", "9007199254740993", "--credits 9007199254740993", 0, json!(9_007_199_254_740_993_u64)),
        ("/creditBalance", "99999999999999999999", "", 5, Value::Null),
        ("/tier/models/gen4.5/maxConcurrentGenerations", "19.99999999999999999999", "--concurrency gen4.5=20", 6, json!(19)),
        ("/tier/models/gen4.5/maxConcurrentGenerations", "1e39", "--concurrency gen4.5=1", 5, Value::Null),
        ("/tier/models/gen4.5/maxDailyGenerations", "19.99999999999999999999", "--generations gen4.5=20", 6, json!(19)),
        ("/tier/models/gen4.5/maxDailyGenerations", "-1", "--generations gen4.5=1", 5, Value::Null),
        ("/usage/models/gen4.5/dailyGenerations", "0.0000000000000000001", "--generations gen4.5=200", 3, json!(1)),
        ("/usage/models/gen4.5/dailyGenerations", "-0.5", "--generations gen4.5=1", 5, Value::Null),
        ("/usage/models/gen4.5/dailyGenerations", "1e39", "--generations gen4.5=1", 5, Value::Null),
    ];
    each(
        &cases,
        |(field, figure, ..)| format!("{field} {figure}"),
        |(field, figure, args, exit, shown)| {
            let mut body = gen45(200, 12);
            *body.pointer_mut(field).expect("a field") = json!("FIGURE");
            let body = body.to_string().replace("\"FIGURE\"", figure);
            let run = Gate::reading(body).args(args).args("--format json").run();
            assert_eq!(run.code, *exit, "{run:?}");
            let name = field.rsplit('/').next().unwrap_or_default();
            let report = &run.json()["organization"];
            let found = match name {
                "creditBalance" => report[name].clone(),
                _ => report["models"]["gen4.5"][name].clone(),
            };
            assert_eq!(found, *shown, "{run:?}");
        },
    );
}

#[test]
fn a_content_encoding_is_none_or_named() {
    let cases = [
        ("identity", 0),
        ("Identity", 0),
        ("IDENTITY", 0),
        ("", 0),
        ("  ", 0),
        ("gzip", 5),
        ("br", 5),
        ("none", 5),
        ("identity, gzip", 5),
    ];
    each(
        &cases,
        |(encoding, _)| (*encoding).to_owned(),
        |(encoding, exit)| {
            let reply = Reply::ok(EXAMPLE).header("Content-Encoding", encoding);
            let run = Gate::asking(&Server::script([reply])).run();
            assert_eq!(run.code, *exit, "{run:?}");
            let named = format!("has the content encoding {encoding},");
            assert_eq!(run.stderr.contains(&named), *exit == 5, "{run:?}");
        },
    );
}

/// What a server means by a date, it means by its own clock.
#[test]
fn a_retry_after_date_goes_by_the_answers_own_clock() {
    const DAYS: u64 = 40 * 86_400;
    let now = SystemTime::now();
    let shift = Duration::from_secs(DAYS);
    let cases = [
        ("on time", now),
        ("ahead", now + shift),
        ("behind", now - shift),
    ];
    each(
        &cases,
        |(name, _)| (*name).to_owned(),
        |(_, clock)| {
            let until = httpdate::fmt_http_date(*clock + Duration::from_secs(2));
            let down = Reply::http(503, "{}")
                .header("Date", &httpdate::fmt_http_date(*clock))
                .header("Retry-After", &until);
            let server = Server::script([down, Reply::ok(EXAMPLE)]);
            let run = Gate::asking(&server).args("--timeout 20s").run();
            assert_eq!((run.code, server.seen()), (0, 2), "{run:?}");
            assert!(server.gaps()[0] >= Duration::from_millis(1_950), "{run:?}");
        },
    );
}

/// What is advised helps, and what does not help is not advised.
#[test]
fn advice_holds() {
    let limited = |limit: u64| gen45(limit, 0).to_string();
    let with_balance = |balance: i64| {
        organization(balance, &[("gen4.5", json!(2), json!(200), json!(0))]).to_string()
    };
    let no_cap = with_balance(5_000).replacen("10000", "null", 1);
    #[rustfmt::skip]
    let cases = [
        (limited(50), "--generations gen4.5=25000", "tier 5", "over 500 days"),
        (limited(200), "--generations gen4.5=400", "over 2 days", "--wait"),
        (with_balance(5_000), "--credits 21600", "more than the 10,000 that may be bought in 30 days: move up to tier 2, which may buy 50,000", "buy at least"),
        (no_cap, "--credits 21600", "buy at least 16,600", "may be bought in"),
        (gen45(0, 0).to_string(), "--generations gen4.5=1", "restricted", "first credits"),
        (gen45(200, 190).to_string(), "--generations gen4.5=20", "wait up to 24 hours", "--wait 2h"),
    ];
    each(
        &cases,
        |(_, args, ..)| (*args).to_owned(),
        |(body, args, said, unsaid)| {
            let run = Gate::reading(body).args(args).run();
            assert!([3, 6].contains(&run.code), "{run:?}");
            run.says(said);
            assert!(!run.stderr.contains(unsaid), "{unsaid}: {run:?}");
        },
    );
}

/// An account: monthly cap, balance, and of gen4.5 the limit, what was used and the concurrency.
type Account = (i64, i64, u64, u64, u64);

/// Each piece of advice is followed: then it is a go.
#[test]
#[rustfmt::skip]
fn what_a_fix_says_ends_in_a_go() {
    let answer = |(cap, balance, limit, used, concurrency): Account| {
        let model = ("gen4.5", json!(concurrency), json!(limit), json!(used));
        let answer = organization(balance, &[model]).to_string();
        answer.replacen("10000", &cap.to_string(), 1)
    };
    const TIERS: [i64; 2] = [10_000, 10_000_000];
    let [first, top] = TIERS;
    let custom = 123_456;
    let cases: [(Account, &str, &str, Account, &str); 29] = [
        // ---- what is used counts against a higher tier as well
        ((first, 5_000, 50, 49, 2), "--generations gen4.5=400", "to tier 2", (50_000, 5_000, 500, 49, 3), ""),
        ((first, 5_000, 50, 50, 2), "--generations gen4.5=460", "to tier 3", (200_000, 5_000, 1_000, 50, 5), ""),
        ((first, 5_000, 200, 150, 2), "--generations gen4.5=100", "to tier 2", (50_000, 5_000, 1_000, 150, 3), ""),
        ((first, 5_000, 200, 150, 2), "--generations gen4.5=100", "--wait 24h", (first, 5_000, 200, 0, 2), ""),
        ((first, 5_000, 200, 200, 2), "--generations gen4.5=1", "wait up to 24 hours", (first, 5_000, 200, 199, 2), ""),
        ((top, 5_000, 25_000, 24_999, 20), "--generations gen4.5=2", "or ask Runway for a higher limit", (top, 5_000, 25_001, 24_999, 20), ""),
        ((custom, 5_000, 200, 199, 2), "--generations gen4.5=2", "or ask Runway for a higher limit", (custom, 5_000, 201, 199, 2), ""),
        ((first, 5_000, 200, 150, 2), "--generations gen4.5=100", "; or ask for fewer", (first, 5_000, 200, 150, 2), "--generations gen4.5=50"),
        // ---- days, with what is left today
        ((first, 5_000, 200, 0, 2), "--generations gen4.5=400", "over 2 days,", (first, 5_000, 200, 0, 2), "--generations gen4.5=200"),
        ((first, 5_000, 200, 0, 2), "--generations gen4.5=401", "over 3 days,", (first, 5_000, 200, 0, 2), "--generations gen4.5=200"),
        ((first, 5_000, 200, 1, 2), "--generations gen4.5=400", "over 3 days (199 today)", (first, 5_000, 200, 1, 2), "--generations gen4.5=199"),
        ((first, 5_000, 200, 200, 2), "--generations gen4.5=400", "over 3 days (0 today)", (first, 5_000, 200, 0, 2), "--generations gen4.5=200"),
        // ---- concurrency
        ((first, 5_000, 200, 0, 2), "--concurrency gen4.5=5", "to tier 3 (5 at a time)", (200_000, 5_000, 200, 0, 5), ""),
        ((first, 5_000, 200, 0, 2), "--concurrency gen4.5=5", "use --concurrency gen4.5=2", (first, 5_000, 200, 0, 2), "--concurrency gen4.5=2"),
        ((top, 5_000, 200, 0, 20), "--concurrency gen4.5=21", "lower max-parallel to 20 and use --concurrency gen4.5=20;", (top, 5_000, 200, 0, 20), "--concurrency gen4.5=20"),
        ((custom, 5_000, 200, 0, 2), "--concurrency gen4.5=3", "use --concurrency gen4.5=2;", (custom, 5_000, 200, 0, 2), "--concurrency gen4.5=2"),
        // ---- credits: the largest sum serves all
        ((first, 500, 200, 0, 2), "--credits 900", "buy at least 1,000", (first, 1_500, 200, 0, 2), ""),
        ((first, 500, 200, 0, 2), "--credits 900 --generations gen4.5=10@200 --keep 300", "buy at least 1,800", (first, 2_300, 200, 0, 2), ""),
        ((first, 2_100, 200, 0, 2), "--credits 2200 --generations gen4.5=10@200 --keep 3000", "buy at least 2,900", (first, 5_000, 200, 0, 2), ""),
        ((first, -20, 200, 0, 2), "--generations gen4.5=20@60", "buy at least 1,220", (first, 1_200, 200, 0, 2), ""),
        ((first, 500, 200, 0, 2), "--generations gen4.5=10@200", "or plan fewer generations", (first, 500, 200, 0, 2), "--generations gen4.5=2@200"),
        ((first, 500, 200, 0, 2), "--generations gen4.5=10@40 --keep 200", "or plan fewer generations", (first, 500, 200, 0, 2), "--generations gen4.5=7@40 --keep 200"),
        ((first, 500, 200, 0, 2), "--generations gen4.5=20..30@20", "start 25 now", (first, 500, 200, 0, 2), "--generations gen4.5=25@20"),
        ((first, 500, 200, 0, 2), "--generations gen4.5=20..30@20", "to start more, buy credits", (first, 600, 200, 0, 2), ""),
        ((first, 500, 200, 0, 2), "--credits 150000", "to tier 3, which may buy 200,000, or lower", (200_000, 150_000, 200, 0, 2), ""),
        ((first, 500, 200, 0, 2), "--credits 9000000", "to tier 5, which may buy 10,000,000", (top, 9_000_000, 200, 0, 2), ""),
        ((500, 500, 200, 0, 2), "--credits 600", "1,000 credits ($10.00) must be bought, more than the 500", (500, 1_500, 200, 0, 2), ""),
        ((first, 500, 200, 0, 2), "--credits 900 --generations gen4.5=20@40 --keep 10", "get the credits named above, or plan fewer", (first, 1_500, 200, 0, 2), ""),
        ((first, 500, 200, 0, 2), "--credits 30000 --generations gen4.5=80@500", "get the credits named above, or plan fewer generations", (first, 40_000, 200, 0, 2), ""),
    ];
    each(
        &cases,
        |(account, args, said, ..)| format!("{account:?} {args}: {said}"),
        |(account, args, said, then, changed)| {
            let server = Server::script([Reply::ok(answer(*account))]);
            let run = Gate::asking(&server).args(args).run();
            run.says(said);
            let args = if changed.is_empty() { args } else { changed };
            let server = Server::script([Reply::ok(answer(*then))]);
            let run = Gate::asking(&server).args(args).run();
            assert_eq!((run.code, run.shown().len()), (0, 0), "{run:?}");
        },
    );
    // What would not help is not advised.
    for (account, args, unsaid) in [
        ((top, 5_000, 25_000, 25_000, 20), "--generations gen4.5=1", "move up"),
        ((custom, 5_000, 200, 200, 2), "--generations gen4.5=1", "move up"),
        ((custom, 5_000, 200, 0, 2), "--credits 900000", "move up"),
        ((top, 5_000, 200, 0, 2), "--credits 90000000", "move up"),
        ((first, 5_000, 200, 0, 0), "--generations gen4.5=1", "move up"),
        ((first, 500, 200, 0, 2), "--generations gen4.5=1@600", "plan fewer"),
        ((first, 500, 200, 0, 2), "--credits 900 --generations gen4.5=1@2000", "or lower --credits"),
        ((first, 500, 200, 0, 2), "--credits 20000 --generations gen4.5=1@30000", "buy the"),
        ((first, 500, 200, 0, 2), "--generations gen4.5=2@600", "plan fewer"),
        ((first, 500, 200, 0, 2), "--generations gen4.5=1@600 --max-cost 500", "plan fewer"),
    ] {
        let server = Server::script([Reply::ok(answer(account))]);
        let run = Gate::asking(&server).args(args).run();
        assert!(run.code == 6 || run.code == 3, "{run:?}");
        assert!(!run.stderr.contains(unsaid), "{unsaid}: {run:?}");
    }
    // A job of GitHub's ends after six hours.
    let server = Server::script([Reply::ok(answer((first, 5_000, 200, 200, 2)))]);
    let gate = Gate::asking(&server).github();
    let run = gate.args("--generations gen4.5=1").run();
    run.says("run it again tomorrow");
    assert!(!run.stderr.contains("--wait 24h"), "{run:?}");
}

#[test]
fn what_is_used_up_is_a_warning_where_nothing_was_asked() {
    let models = |used: [u64; 2]| {
        let row = |name, used: u64| (name, json!(2), json!(5), json!(used));
        organization(5_000, &[row("a", used[0]), row("b", used[1])]).to_string()
    };
    #[rustfmt::skip]
    let cases = [
        (models([5, 5]), "", Some("2 models have no daily generations left")),
        (models([5, 9]), "", Some("2 models have no daily generations left")),
        (models([5, 1]), "", Some("1 model has no daily generations left")),
        (models([4, 1]), "", None),
        (models([5, 1]), "--generations b=1", None),
    ];
    each(
        &cases,
        |(_, args, said)| format!("{args} {said:?}"),
        |(body, args, said)| {
            let run = Gate::reading(body).args(args).args("--format json").run();
            assert_eq!(run.code, 0, "{run:?}");
            let warned = run.codes("warning") == ["models-used-up"];
            assert_eq!(warned, said.is_some(), "{run:?}");
            run.says(said.unwrap_or_default());
        },
    );
}

/// A list of models that nobody asked about hides what happened.
#[test]
fn every_model_is_listed_only_where_nothing_at_all_is_asked() {
    let cases = [
        ("", &["act_two", "gen4.5", "veo3.1_fast"][..]),
        ("--label acme --fail-open", &["act_two", "gen4.5"]),
        ("--credits 1", &[]),
        ("--warn-credits 1", &[]),
        ("--tiers", &[]),
        ("--plan tasks.jsonl", &["gen4.5"]),
        ("--generations gen4.5=1", &["gen4.5"]),
        ("--concurrency act_two=1 --credits 1", &["act_two"]),
        ("--warn-generations gen4.5=1", &["gen4.5"]),
    ];
    each(
        &cases,
        |(args, _)| (*args).to_owned(),
        |(args, listed)| {
            for format in ["text", "markdown"] {
                let gate = Gate::reading(EXAMPLE).file("tasks.jsonl", r#"{"model": "gen4.5"}"#);
                let run = gate.args(args).args("--format").arg(format).run();
                assert_eq!(run.code, 0, "{run:?}");
                let rows = run
                    .stdout
                    .lines()
                    .skip_while(|line| !line.contains("Used Today"));
                let rows: Vec<&str> = rows.collect();
                for model in ["act_two", "gen4.5", "veo3.1_fast"] {
                    let shown = rows.iter().any(|row| row.contains(&format!(" {model} ")));
                    let wanted = listed.contains(&model) || (listed.len() > 1);
                    assert_eq!(shown, wanted, "{model}: {run:?}");
                }
            }
        },
    );
}
