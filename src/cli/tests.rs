//! The border: what is read, what is refused, and that no argument list does anything else.

use crate::source::Source;
use proptest::prelude::*;

use std::time::Duration;

use argh::ArgsInfo;

use super::help::example;
use super::*;
use crate::quota::Credits;
use crate::spend::{Period, Window};

fn today() -> UtcDay {
    UtcDay::parse("2026-11-22").expect("a day")
}

fn parse_words(words: &[&str]) -> Result<Command, UsageError> {
    parse(words.iter().map(OsString::from).collect(), today())
}

fn check_of(words: &[&str]) -> (Settings, Job) {
    match parse_words(words) {
        Ok(Command::Check(settings, job)) => (*settings, *job),
        other => panic!("{words:?}: {other:?}"),
    }
}

fn settings_of(words: &[&str]) -> Settings {
    check_of(words).0
}

fn error_of(words: &[&str]) -> String {
    match parse_words(words) {
        Err(UsageError(message)) => message,
        other => panic!("{words:?}: {other:?}"),
    }
}

#[test]
fn flags_become_requirements() {
    let (settings, job) = check_of(&[
        "--generations",
        "a=20@60",
        "--generations",
        "a=5@0",
        "--credits",
        "1200",
        "--concurrency=a=2",
        "--concurrency",
        "a=4",
        "--concurrency",
        "a=3",
        "--budget",
        "20000/30d",
        "--warn-generations",
        "c=1",
        "--warn-credits=9",
        "--wait",
        "2h",
        "--interval",
        "5s",
        "--timeout=7s",
        "--fail-open",
        "--missing-key",
        "skip",
        "--tiers",
        "-q",
        "--format",
        "json",
    ]);
    let model = Model::new;
    assert_eq!(job.needs(), [(&model("a"), 25),]);
    assert_eq!(job.planned_cost(), Some(Credits(1_200)));
    assert_eq!(job.credits, Some(Credits(1_200)));
    assert_eq!(job.concurrency, [(model("a"), 4)]);
    assert_eq!(job.warn_generations, [(model("c"), 1)]);
    assert_eq!(job.warn_credits, Some(Credits(9)));
    let budget = job.budget.expect("a budget");
    assert_eq!(budget.max, Credits(20_000));
    assert_eq!(budget.period, Period::Days(30));
    assert_eq!(settings.wait, Some(Duration::from_secs(7_200)));
    assert_eq!(settings.interval(), Duration::from_secs(5));
    assert_eq!(settings.timeout, Duration::from_secs(7));
    assert!(settings.fail_open && settings.skip_missing_key && settings.tiers && settings.quiet);
    assert_eq!(settings.format(), Format::Json);
}

#[test]
fn defaults_are_those_of_the_help() {
    let (settings, job) = check_of(&[]);
    assert_eq!(job, Job::default());
    assert_eq!(settings.interval(), Duration::from_secs(60));
    assert_eq!(settings.timeout, Duration::from_secs(30));
    assert_eq!(settings.format(), Format::Text);
    assert!(!settings.fail_open && !settings.skip_missing_key && !settings.quiet);
    assert_eq!(*settings.organization(), Source::Runway);
}

#[test]
fn runway_is_asked_for_what_no_file_holds() {
    let asks = |words: &[&str]| settings_of(words).asks_runway();
    assert!(asks(&[]));
    assert!(!asks(&["--from", "o"]));
    assert!(asks(&["--from", "o", "--usage", "30d"]));
    assert!(asks(&["--from", "o", "--budget", "1/1d"]));
    assert!(matches!(
        parse_words(&["--wait", "1h", "--usage", "30d"]),
        Ok(Command::Check(..))
    ));
}

#[test]
fn credits_are_digits_and_no_dollars() {
    let given = "$12.50|12.50|$12|12USD|12.0001|1.200|1,200| 5|$1k|12,5|1 200|-1|many";
    for text in given.split('|') {
        let error = error_of(&["--credits", text]);
        assert!(
            error.contains("(digits only; a credit is $0.01)\n"),
            "{error}"
        );
    }
}

#[test]
fn a_value_may_hold_several_entries() {
    let whole = "# of today\r\n a=1 # one\r\n\r\n,b=2,\n c=4..5#6\n";
    for (text, models) in [
        ("a=1,b=2", vec!["a", "b"]),
        ("a=1\nb=2", vec!["a", "b"]),
        (" a=1 , , b=2 ,", vec!["a", "b"]),
        (whole.trim_end_matches("#6\n"), vec!["a", "b", "c"]),
    ] {
        let (_, job) = check_of(&["--generations", text]);
        let needs = job.needs().into_iter();
        let found: Vec<&str> = needs.map(|(model, _)| model.as_str()).collect();
        assert_eq!(found, models, "{text:?}");
    }
    // Behind a blank alone a # begins a comment.
    assert!(error_of(&["--generations", whole]).contains("5#6"));
    let written = settings_of(&["--write", "json=a,b\r\n\n# c\nenv=d"]).write;
    let files = [(Format::Json, "a,b".into()), (Format::Env, "d".into())];
    assert_eq!(written, files);
    let many = |count: usize| {
        let text = vec!["a=1"; count].join(",");
        parse_words(&["--generations", &text]).is_ok()
    };
    assert!(many(1_000) && !many(1_001));
}

#[test]
fn an_error_speaks_of_inputs() {
    #[rustfmt::skip]
    let cases = [
        (&["--credits", "$x --wait"][..], "error: the input credits \"$x --wait\" must be a whole number of credits (digits only; a credit is $0.01)\nexample: credits: 1200\n"),
        (&["--interval", "5m"], "error: the input interval is the pause between two checks of the input wait, and the input wait is missing\nexample: wait: 2h, interval: 5m\n"),
        (&["--tiers=x"], "error: the input tiers takes true or false, and nothing else\nexample: tiers: true\n"),
        (&["--keep", "1"], "error: the input keep is what is left after the job, but the job has no cost (the input credits is the balance before it)\nexample: generations: gen4.5=20@60, keep: 500\n"),
        (&["--fail=yes"], "error: the input fail takes true or false, and nothing else\nexample: fail: false\n"),
    ];
    for (words, message) in cases {
        let error = UsageError(error_of(words));
        assert_eq!(of_inputs(&error).0, message);
    }
}

#[test]
fn durations_have_a_minimum_and_a_maximum() {
    for words in [
        ["--wait", "7days"],
        ["--timeout", "1h"],
        ["--timeout", "1ms"],
        ["--warn-lasts", "1ns"],
    ] {
        settings_of(&words);
    }
    settings_of(&["--wait", "7days", "--interval", "1day"]);
    for (words, problem) in [
        (&["--wait", "7days 1s"][..], "must be at most 7days"),
        (&["--wait", "30M"], "M is months: write 30m for minutes"),
        (&["--wait", "1M 30s"], "write 1m 30s for minutes"),
        (&["--wait", "1M5s"], "write 1m5s for minutes"),
        (&["--timeout", "30M"], "M is months: write 30m"),
        (&["--timeout", "61m"], "must be at most 1h"),
        (&["--timeout", "0s"], "must be at least 1ms"),
        (&["--wait", "1h", "--interval", "4s"], "must be at least 5s"),
        (
            &["--wait", "1h", "--interval", "2days"],
            "must be at most 1day",
        ),
        (&["--interval", "1m"], "--wait is missing"),
    ] {
        let error = error_of(words);
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn ranges_prices_and_labels_are_read() {
    let (settings, job) = check_of(&[
        "--generations",
        "a=50..300@0.5",
        "--generations",
        "b=2",
        "--generations",
        "b=3..4@7",
        "--price",
        "b=1.5",
        "--price",
        "unused=12/s",
        "--keep",
        "9",
        "--warn-lasts",
        "7days",
        "--label",
        "a-1-b",
    ]);
    let ranges: Vec<_> = job
        .generations
        .iter()
        .map(|one| (one.needed, one.more))
        .collect();
    assert_eq!(ranges, [(50, 250), (2, 0), (3, 1)]);
    // 25, twice 2 by the price that is rounded up, and 21.
    assert_eq!(job.planned_cost(), Some(Credits(50)));
    assert_eq!(job.keep, Some(Credits(9)));
    assert_eq!(settings.label.as_deref(), Some("a-1-b"));
    // A value is no switch.
    assert!(settings_of(&["--label=--json", "--json"]).json);
    // What needs no generation needs no price.
    settings_of(&["--price", "a=1", "--generations", "b=0"]);
    settings_of(&["--price", "a=1", "--generations", "b=0", "--keep", "0"]);
    settings_of(&["--price", "a=1", "--plan", "x", "--keep", "0"]);
    settings_of(&["--generations", "a=0@1", "--plan", "x", "--max-cost", "0"]);
    // A price that nothing uses does no harm, and a warning needs none.
    settings_of(&["--price", "a x=1 1/s", "--warn-generations", "b=1"]);
    // A flag goes by the rule without conditions, whatever other rules there are.
    let rules = [
        "--price",
        "a x=1 9/s",
        "--price",
        "a=2.5",
        "--generations",
        "a=3",
    ];
    assert_eq!(check_of(&rules).1.planned_cost(), Some(Credits(9)));
}

#[test]
fn a_value_is_found_on_any_command_line() {
    for (words, found) in [
        (&["--label", "a"][..], Some("a")),
        (&["--nonsense", "--label=a"], Some("a")),
        (&["--label=a b", "--label", "c"], Some("a b")),
        (&["--label"], None),
        (&["--labels=a"], None),
        (&["--label", ""], Some("")),
    ] {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let mut labels = flag_values("--label", &words);
        assert_eq!(labels.next(), found, "{words:?}");
    }
}

#[test]
fn a_source_has_the_name_that_it_was_given() {
    let name = |words: &[&str]| settings_of(words).organization().name("Runway");
    assert_eq!(name(&[]), "Runway");
    assert_eq!(name(&["--from", "-"]), "standard input");
    assert_eq!(name(&["--from", "a.json"]), "a.json");
}

#[test]
fn windows_are_days_of_the_calendar() {
    let window = |range: &str| {
        settings_of(&["--usage", range])
            .usage
            .expect("a window")
            .on(today())
    };
    let shown = |range: &str| {
        let window = window(range);
        format!("{}..{}", window.start, window.before)
    };
    assert_eq!(shown("30d"), "2026-10-24..2026-11-23");
    assert_eq!(shown("1d"), "2026-11-22..2026-11-23");
    assert_eq!(shown("48h"), "2026-11-21..2026-11-23");
    assert_eq!(shown("2weeks"), "2026-11-09..2026-11-23");
    assert_eq!(shown("2024-02-29..2024-03-01"), "2024-02-29..2024-03-01");
    assert_eq!(shown("2026-02-15..2026-03-17"), "2026-02-15..2026-03-17");
    assert_eq!(shown("2026-11-22..2026-11-23"), "2026-11-22..2026-11-23");
    assert_eq!(window("2026-08-25..2026-11-23").days(), 90);
}

/// Today is 2026-11-22.
#[test]
fn impossible_days_are_refused() {
    const DATE: &str = "must be two dates";
    const FUTURE: &str = "ends in the future";
    const DAYS: &str = "1 to 90 whole days";
    let cases = [
        ("2026-02-29..2026-03-17", DATE),
        ("2100-02-29..2100-03-01", DATE),
        ("2026-13-01..2026-13-02", DATE),
        ("2026-1-1..2026-1-9", DATE),
        ("2026-03-17..", DATE),
        ("..2026-03-17", DATE),
        ("2026-03-17...2026-03-18", DATE),
        ("2026-03-17..2026-03-18..2026-03-19", DATE),
        ("+2026-01-01..+2026-01-02", DATE),
        ("२०२६-01-01..2026-01-02", DATE),
        ("2026-03-17..2026-03-17", DATE),
        ("2026-01-01..2026-04-02", "1 to 90 days"),
        ("2026-11-25..2026-11-27", FUTURE),
        ("2026-11-01..2026-11-24", FUTURE),
        ("2026-03-17", DAYS),
        ("0d", DAYS),
        ("91d", DAYS),
        ("-1d", DAYS),
        ("30", DAYS),
        ("36h", DAYS),
        ("1month", DAYS),
        ("3.5d", DAYS),
        ("last week", DAYS),
        ("99999999999999999999d", DAYS),
    ];
    for (range, problem) in cases {
        let error = error_of(&["--usage", range]);
        assert!(error.contains(problem), "{error}");
        if problem == DAYS {
            let error = error_of(&["--budget", &format!("5/{range}")]);
            assert!(error.contains(DAYS), "{error}");
        }
    }
    let error = error_of(&["--budget", "5/Month"]);
    assert!(error.contains("or month for the calendar month"), "{error}");
}

#[test]
fn everything_else_is_refused_with_an_example() {
    #[rustfmt::skip]
    let cases = [
        (&["--credits", "--"][..], "must be a whole number"),
        (&["--credits", "  "], "the value of --credits is empty"),
        (&["--credits", "+5"], "must be a whole number"),
        (&["--generations", "a b=5"], "must be MODEL=N"),
        (&["--generations", "a\u{1b}=5"], "must be MODEL=N"),
        (&["--price", "a=1.2345/s"], "/s at the end is for a second\n"),
        (&["--generations", "a==1"], "whole number of generations"),
        (&["--generations", "a=5..3"], "example: runway-preflight --generations gen4.5=20"),
        (&["--generations", "a=5", "--price", "b=1"], "example: runway-preflight --generations gen4.5=20"),
        (&["--generations", "a=1@18446744073709551616"], "must have credits after @"),
        (&["--generations", "a=5..3"], "the smaller first"),
        (&["--generations", "a=0..3"], "from 1 up"),
        (&["--generations", "a=5.."], "a range of whole numbers"),
        (&["--generations", "a=..5"], "a range of whole numbers"),
        (&["--generations", "a=1..=5"], "a range of whole numbers"),
        (&["--generations", "a=1=5"], "whole number of generations"),
        (&["--generations", "a@60=20"], "must have @CREDITS at its end"),
        (&["--generations", "a@key_0123456789=9"], "must have @CREDITS at its end: MODEL=N@CREDITS\n"),
        (&["--budget", "$5/##[error]x"], "must be CREDITS/DURATION, with whole credits (a credit is $0.01)\n"),
        (&["--generations", "a=1@$0.60"], "(a credit is $0.01)"),
        (&["--budget", "$50/month"], "(a credit is $0.01)"),
        (&["--price", "a=0.60$/s"], "(a credit is $0.01)"),
        (&["--generations", "[\"a=20\"]"], "is a YAML list"),
        (&["--generations", "a=1 b=2"], "has blanks between"),
        (&["--generations", "a=1@60 b=2@7"], "has blanks between"),
        (&["--price", "a=1 b=2/s"], "has blanks between"),
        (&["--concurrency", "a=1\tb=2"], "has blanks between"),
        (&["--generations", "- a=1\n- b=2@5"], "is a YAML list"),
        (&["--generations", "- # c\na=1"], "is a YAML list"),
        (&["--price", "[a=1, b=2]"], "is a YAML list"),
        (&["--write", "- json=a\n- env=b"], "is a YAML list"),
        (&["--generations", "# none\n,"], "holds no entry"),
        (&["--generations", "a=１"], "a full-width character (U+FF11)"),
        (&["--generations", "a=١"], "a foreign digit (U+0661)"),
        (&["--credits", "“5”"], "a curly quotation mark (U+201C)"),
        (&["--credits", "−5"], "a dash (U+2212)"),
        (&["--credits", "5\u{a0}000"], "a special blank (U+00A0)"),
        (&["—credits", "5"], "a long dash (U+2014)"),
        (&["--fail-open", "—credits=5"], "a long dash (U+2014)"),
        (&["--plan", "~/x"], "write $HOME in its place"),
        (&["--write", "json=~/x"], "write $HOME in its place"),
        (&["--write", "json=a env=b"], "must be FORMAT=FILE, one each"),
        (&["--write", "json=a; env=b"], "must be FORMAT=FILE, one each"),
        (&["--fail-open", "true"], "--fail-open takes no value"),
        (&["--tiers=True"], "--tiers takes no value"),
        (&["--missing-key", "Skip"], "must be one of fail, skip"),
        (&["--generations", "a=1...5"], "a range of whole numbers"),
        (&["--generations", "a=5-9"], "whole number of generations"),
        (&["--generations", "a=10%..50%"], "a range of whole numbers"),
        (&["--generations", "a=1..-5"], "a range of whole numbers"),
        (&["--generations", "a=1..18446744073709551615", "--generations", "a=1"], "than can be counted"),
        (&["--generations", "a=-9"], "a whole number of generations"),
        (&["--warn-generations", "a=5-9"], "a whole number of generations"),
        (&["--warn-generations", "a=5..9"], "whole number of generations"),
        (&["--price", "a"], "must be MODEL=CREDITS"),
        (&["--price", "a="], "must be MODEL=CREDITS"),
        (&["--price", "a=20-40"], "must be MODEL=CREDITS"),
        (&["--price", "a=+5"], "must be MODEL=CREDITS"),
        (&["--price", "a=-5"], "must be MODEL=CREDITS"),
        (&["--price", "a=$5"], "must be MODEL=CREDITS"),
        (&["--price", "a=1.23x"], "must be MODEL=CREDITS"),
        (&["--price", "a=/s"], "must be MODEL=CREDITS"),
        (&["--price", "a=12/m"], "must be MODEL=CREDITS"),
        (&["--price", "a=12/S"], "must be MODEL=CREDITS"),
        (&["--price", "a=18446744073709551616"], "must be MODEL=CREDITS"),
        (&["--price", "a=1", "--price", "a=1/s"], "a second price for the same tasks"),
        (&["--price", "a=1", "--generations", "b=1"], "every generation needs one"),
        (&["--price", "a=1/s", "--generations", "a=1"], "a flag has no duration"),
        (&["--price", "a audio=false 1", "--generations", "a=1"], "a flag has no fields"),
        (&["--price", "a x=1 y=2 1", "--price", "a y=2 x=1 3/s"], "a second price for the same tasks"),
        (&["--price", "a audio= 1"], "must be MODEL=CREDITS"),
        (&["--price", "a audio=* 1"], "must be MODEL=CREDITS"),
        // Once anything has a price, everything has: a range, and what another flag prices.
        (&["--generations", "a=5@1", "--generations", "b=1"], "--generations \"b=1\" has no price"),
        (&["--generations", "b=1..2", "--generations", "a=0@1"], "has no price"),
        (&["--plan", "x", "--plan-min", "0"], "1 at least"),
        (&["--plan", "x", "--plan-min", "1.5"], "1 at least"),
        (&["--plan-min", "1"], "--plan is missing"),
        (&["--keep", "5"], "the job has no cost"),
        (&["--keep", "5", "--generations", "a=1"], "the job has no cost"),
        (&["--keep", "5", "--price", "a=1"], "the job has no cost"),
        (&["--keep", "5", "--plan", "x"], "the job has no cost"),
        (&["--plan", "a", "--plan", "b"], "--plan is given twice"),
        (&["--warn-lasts", "0s"], "must be at least 1ns"),
        (&["--warn-lasts", "7"], "must be a duration"),
        (&["--warn-lasts", "7d", "--from", "x"], "needs today's history from Runway, and --from does not ask it"),
        (&["--label", "a b"], "1 to 64 lower-case letters"),
        (&["--label", "a\nb"], "1 to 64 lower-case letters"),
        (&["--label", "A"], "1 to 64 lower-case letters"),
        (&["--label", "a_b"], "1 to 64 lower-case letters"),
        (&["--label", "é"], "1 to 64 lower-case letters"),
        (&["--label", "a", "--label", "b"], "--label is given twice"),
        (&["--api-key", "x"], "put it in RUNWAYML_API_SECRET"),
        (&["--fail"], "unknown flag \"--fail\"\n"),
        (&["--", "x"], "unknown flag \"--\""),
    ];
    for (words, message) in cases {
        let error = error_of(words);
        assert!(
            error.starts_with("error: ") && error.contains(message),
            "{words:?}: {error}"
        );
        assert!(
            error.contains("\nexample: runway-preflight --"),
            "{words:?}: {error}"
        );
    }
}

#[test]
fn the_help_fits_and_knows_every_flag() {
    let help = help();
    for line in help.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for flag in Settings::get_args_info().flags {
        assert!(help.contains(flag.long), "{}", flag.long);
        if flag.long != "--help" && flag.long != "--version" {
            let example = example(flag);
            let example: Vec<&str> = example.split(' ').collect();
            assert!(example.contains(&flag.long), "{example:?}");
            let read = |words: &[&str]| format!("{:?}", parse_words(words).expect("an example"));
            let joined = example.join(" ").replacen(' ', "=", 1);
            let joined: Vec<&str> = joined.split(' ').collect();
            if example.len() > 1 && !example[1].starts_with('-') {
                assert_eq!(read(&example), read(&joined), "{example:?}");
            } else {
                read(&example);
            }
        }
    }
    for words in [
        &["--help"][..],
        &["--credits", "x", "--help"],
        &["-h"],
        &["-h", "--help"],
    ] {
        assert!(matches!(parse_words(words), Ok(Command::Help)));
    }
    for words in [&["--version"][..], &["-V"]] {
        assert!(matches!(parse_words(words), Ok(Command::Version)));
    }
}

fn any_word() -> impl Strategy<Value = String> {
    let flags: Vec<String> = Settings::get_args_info()
        .flags
        .iter()
        .map(|flag| flag.long.to_owned())
        .filter(|flag| flag != "--help")
        .collect();
    let flag = proptest::sample::select(flags);
    prop_oneof![
        3 => flag.clone(),
        2 => (flag, ".{0,6}").prop_map(|(flag, value)| format!("{flag}={value}")),
        3 => "[a-c]=[0-9]{1,20}(@[0-9]{1,20})?",
        1 => "[0-9]{1,22}(/[0-9]{1,3}d)?",
        1 => "20[0-9]{2}-[01][0-9]-[0-3][0-9]\\.\\.20[0-9]{2}-[01][0-9]-[0-3][0-9]",
        1 => "[0-9]{1,4}(s|m|h|d)",
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_arguments_are_followed_or_refused(
        words in proptest::collection::vec(any_word(), 0..8)
    ) {
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        match parse(words, today()) {
            Err(UsageError(message)) => {
                prop_assert!(message.starts_with("error: "));
                let hidden = |c: char| crate::sanitize::is_invisible(c) && c != '\n';
                prop_assert!(!message.chars().any(hidden), "{}", message);
            }
            Ok(Command::Check(_, job)) => {
                let planned = job.planned_cost().unwrap_or_default();
                prop_assert!(planned.0 >= 0 && planned.0 <= i128::from(u64::MAX));
            }
            Ok(_) => {}
        }
    }

    #[test]
    fn dates_agree_with_plain_day_counting(days in 0_u32..40_000, length in 1_u32..=90) {
        let start = UtcDay::parse("1970-01-01").expect("a day").plus(days);
        let before = start.plus(length);
        // Days by the calendar's own rules, one at a time.
        let (mut year, mut month, mut day) = (1970_u32, 1_u32, 1_u32);
        let leap = |year: u32| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        for _ in 0..days {
            let last = match month {
                2 if leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > last {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
        prop_assert_eq!(start.to_string(), format!("{year:04}-{month:02}-{day:02}"));
        let range = format!("{start}..{before}");
        let read = parse(vec!["--usage".into(), range.into()], before);
        let Ok(Command::Check(settings, _)) = read else { panic!("{read:?}") };
        prop_assert_eq!(settings.usage, Some(Period::Fixed(Window { start, before })));
    }
}
