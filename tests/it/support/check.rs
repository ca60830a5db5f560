//! What must be true of every run, whatever it was asked and whatever it was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use super::gate::Run;

/// Every output that a step can rely on.
pub(crate) const OUTPUTS: [&str; 13] = [
    "codes",
    "concurrency",
    "credit-balance",
    "exit-code",
    "generations-left",
    "granted",
    "granted-tasks",
    "lasts-days",
    "message",
    "pass",
    "report",
    "verdict",
    "warnings",
];

/// How a run was started, as far as it changes what must be true of it.
pub(crate) struct Started<'a> {
    pub(crate) secrets: &'a [String],
    pub(crate) colour: bool,
    /// Its streams were redirected: what was collected is not all.
    pub(crate) redirected: bool,
    /// Under `GITHUB_ACTIONS=true`.
    pub(crate) actions: bool,
}

#[track_caller]
pub(crate) fn run(run: &Run, started: &Started<'_>) {
    if run.signal.is_none() {
        assert!(
            [0, 2, 3, 4, 5, 6].contains(&run.code),
            "no exit code of the contract: {run:?}"
        );
    }
    assert!(!run.stderr.contains("panicked at"), "a panic: {run:?}");
    let unlabelled = run
        .outputs
        .as_deref()
        .map(|outputs| unlabelled(outputs, run));
    let outputs = unlabelled.as_deref().unwrap_or_default();
    let summary = run.summary.as_deref().unwrap_or_default();
    for (name, text) in [
        ("stdout", &*run.stdout),
        ("stderr", &*run.stderr),
        ("GITHUB_OUTPUT", outputs),
        ("the summary", summary),
    ] {
        for secret in started.secrets {
            secrecy(name, text, secret);
        }
        controls(name, text, started.colour);
    }
    commands("stdout", &run.stdout, false);
    commands("stderr", &run.stderr, started.actions);
    if run.signal.is_some() {
        return;
    }
    if run.code != 0 && !started.redirected {
        assert!(!run.stderr.is_empty(), "a no without a word: {run:?}");
    }
    if run.code == 2 {
        assert!(
            run.stdout.is_empty(),
            "exit code 2 prints no report: {run:?}"
        );
        if !outputs.is_empty() {
            // No earlier `pass=true` of the step survives.
            assert!(outputs.ends_with("pass=false\nexit-code=2\n"), "{run:?}");
        }
        return;
    }
    if wants_json(&run.args) && !started.redirected && !(run.code == 0 && run.stdout.is_empty()) {
        let report: Value = serde_json::from_str(&run.stdout)
            .unwrap_or_else(|error| panic!("not one JSON document: {error}\n{run:?}"));
        conforms(&report, run);
        assert!(
            run.stdout.ends_with('\n'),
            "no line break at the end: {run:?}"
        );
    }
    if started.actions
        && run.outputs.is_some()
        && !started.redirected
        && !run.args.iter().any(|arg| is_informative(arg))
    {
        github_outputs(outputs, run);
    }
}

/// The outputs without the label, which every name must begin with.
fn unlabelled(outputs: &str, run: &Run) -> String {
    let mut args = run.args.iter().skip_while(|arg| *arg != "--label");
    let Some(label) = args.nth(1).filter(|label| !label.contains([' ', '/'])) else {
        return outputs.to_owned();
    };
    let prefix = format!("{label}-");
    let lines = outputs.lines().map(|line| {
        let line = line.strip_prefix(&prefix);
        format!(
            "{}\n",
            line.unwrap_or_else(|| panic!("no label: {outputs}"))
        )
    });
    lines.collect()
}

fn is_informative(arg: &str) -> bool {
    ["--help", "-h", "--version", "-V"].contains(&arg)
}

fn wants_json(args: &[String]) -> bool {
    let two = args
        .windows(2)
        .any(|two| two[0] == "--format" && two[1] == "json");
    (two || args.iter().any(|arg| arg == "--format=json"))
        && !args.iter().any(|arg| is_informative(arg))
}

/// Neither the secret nor 8 characters of its random part, also not with something put in between.
#[track_caller]
pub(crate) fn secrecy(name: &str, text: &str, secret: &str) {
    let random = secret.strip_prefix("key_").unwrap_or(secret);
    let length = 8.min(random.chars().count());
    let parts: BTreeSet<String> = (random.chars().collect::<Vec<_>>())
        .windows(length.max(1))
        .map(|part| part.iter().collect())
        .collect();
    // What was put in between, and what is left of a colour whose escape was taken out.
    let squeezed = text.replace("[0m", "");
    let squeezed: String = squeezed
        .chars()
        .filter(|one| one.is_alphanumeric())
        .collect();
    let letters: BTreeSet<char> = random.chars().collect();
    for (how, text) in [("as it is", text), ("split", &squeezed)] {
        // Only if its own characters follow each other can it be: the rest need not be checked.
        for run in text
            .split(|one| !letters.contains(&one))
            .filter(|run| run.len() >= length)
        {
            let found = parts.iter().find(|part| run.contains(part.as_str()));
            assert!(
                found.is_none(),
                "the key stands in {name}, {how}: {found:?}\n{text}"
            );
        }
    }
}

/// Nothing that a terminal acts on, but line breaks and the colours that were asked for.
#[track_caller]
fn controls(name: &str, text: &str, colour: bool) {
    let plain = if colour {
        without_colours(text)
    } else {
        text.to_owned()
    };
    let found = plain.char_indices().find(|(_, one)| {
        let bidi = matches!(one, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        (one.is_control() && *one != '\n') || bidi || matches!(one, '\u{2028}' | '\u{2029}')
    });
    assert!(
        found.is_none(),
        "a control character in {name}: {found:?}\n{plain:?}"
    );
}

/// The text less every `ESC [ numbers m`.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|one: char| one.is_ascii_digit() || one == ';');
        match rest.strip_prefix('m') {
            Some(rest) => plain.push_str(rest),
            None => plain.push_str(&format!("\u{1b}[{part}")),
        }
    }
    plain
}

/// No line that GitHub's runner obeys, but for the annotations of a run in Actions, on standard error.
#[track_caller]
fn commands(name: &str, text: &str, annotations: bool) {
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        assert!(
            !line.contains("##["),
            "{name} has a command of the runner: {line}"
        );
        let Some(command) = line.trim_start().strip_prefix("::") else {
            continue;
        };
        let kind = command.split([' ', ':']).next().unwrap_or_default();
        let allowed = annotations && ["error", "warning"].contains(&kind) && line.starts_with("::");
        assert!(allowed, "{name} has a command of the runner: {line}");
        assert!(
            command.contains("::"),
            "an annotation without a message: {line}"
        );
        *counts.entry(kind.to_owned()).or_insert(0) += 1;
    }
    assert!(
        counts.values().all(|count| *count <= 10),
        "GitHub drops more than ten: {counts:?}\n{text}"
    );
}

/// The document is as the published schema says, and says what the exit code says.
#[track_caller]
pub(crate) fn conforms(report: &Value, run: &Run) {
    struct Validator(boon::Schemas, boon::SchemaIndex);
    static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
        let text = include_str!("../../../schema/report.schema.json");
        let schema = serde_json::from_str(text).expect("a schema in JSON");
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        compiler.enable_format_assertions();
        compiler
            .add_resource("https://schema.invalid/report", schema)
            .expect("a name for the schema");
        let index = compiler
            .compile("https://schema.invalid/report", &mut schemas)
            .expect("a valid schema");
        Validator(schemas, index)
    });
    let Validator(schemas, index) = &*SCHEMA;
    if let Err(error) = schemas.validate(report, *index) {
        panic!("against the schema: {error}\n{report:#}\n{run:?}");
    }
    assert_eq!(report["exitCode"], run.code, "{run:?}");
    for row in report["requirements"].as_array().expect("requirements") {
        if let (Some(needed), Some(left)) = (row["needed"].as_i64(), row["left"].as_i64()) {
            assert_eq!(row["met"], needed <= left, "{row}\n{run:?}");
        }
    }
    let deciding = exit_codes(report);
    match report["verdict"].as_str() {
        Some("no-go") => {
            // Somebody has to act, or waiting resolves all of it.
            let act = deciding.contains(&6);
            assert_eq!(run.code, if act { 6 } else { 3 }, "{run:?}");
            assert!(deciding.contains(&run.code), "{run:?}");
        }
        Some("cannot-tell") if run.code != 0 => {
            let no_go = deciding.contains(&3) || deciding.contains(&6);
            assert!(deciding.contains(&run.code) && !no_go, "{run:?}");
        }
        _ => {}
    }
    if run.code == 0 && report["verdict"] == "cannot-tell" {
        assert!(run.args.iter().any(|arg| arg == "--fail-open"), "{run:?}");
    }
    if report["verdict"] == "skipped" {
        let saved = run.args.iter().any(|arg| arg.starts_with("--from"));
        assert!(saved || report["organization"].is_null(), "{run:?}");
        let rows = report["requirements"].as_array().expect("rows");
        assert!(rows.iter().all(|row| row["met"] != false), "{run:?}");
    }
    if report["verdict"] == "go" {
        assert!(
            !report["organization"].is_null(),
            "a go without an answer: {run:?}"
        );
    }
}

/// The exit codes that the errors of a report stand for.
fn exit_codes(report: &Value) -> Vec<i32> {
    let diagnostics = report["diagnostics"].as_array().expect("diagnostics");
    let errors = diagnostics.iter().filter(|one| one["severity"] == "error");
    errors
        .map(|one| exit_code_of(one["code"].as_str().expect("a code")))
        .collect()
}

/// The exit code that the contract gives a diagnostic.
pub(crate) fn exit_code_of(code: &str) -> i32 {
    match code {
        "daily-limit-reached" | "generations-short" => 3,
        "no-credits" | "credits-short" | "over-daily-limit" | "no-daily-quota"
        | "all-models-zero" | "model-unavailable" | "concurrency-short" | "keep-short"
        | "over-max-cost" | "over-budget" => 6,
        "key-missing" | "key-malformed" | "unauthorized" | "forbidden" => 4,
        "rate-limited"
        | "unavailable"
        | "unreachable"
        | "tls-failed"
        | "timed-out"
        | "request-rejected"
        | "unexpected-status"
        | "unexpected-response"
        | "report-failed" => 5,
        other => panic!("no code of the contract: {other}"),
    }
}

/// Each output is there once, on one line, and agrees with the rest.
#[track_caller]
fn github_outputs(outputs: &str, run: &Run) {
    let mut found = BTreeMap::new();
    // No pass before the end.
    let begun = outputs.strip_prefix("pass=false\n");
    let begun = begun.unwrap_or_else(|| panic!("not closed at first: {outputs}"));
    let last = begun.lines().last().unwrap_or_default();
    assert!(last.starts_with("pass="), "the pass is last: {outputs}");
    for line in begun.lines() {
        let (name, value) = line
            .split_once('=')
            .unwrap_or_else(|| panic!("no output: {line}\n{run:?}"));
        assert!(!name.contains("<<"), "{line}");
        assert_eq!(found.insert(name, value), None, "twice: {name}\n{outputs}");
    }
    assert_eq!(
        found.keys().copied().collect::<Vec<_>>(),
        OUTPUTS,
        "{run:?}"
    );
    assert_eq!(found["exit-code"], run.code.to_string(), "{run:?}");
    let report: Value = serde_json::from_str(found["report"]).expect("a report");
    conforms(&report, run);
    assert_eq!(
        found["verdict"],
        report["verdict"].as_str().expect("a verdict")
    );
    let pass = run.code == 0 && found["verdict"] != "skipped";
    assert_eq!(found["pass"], pass.to_string(), "{run:?}");
    assert!(
        report["usage"].get("days").is_none(),
        "an environment variable has to hold it: {report}"
    );
    let diagnostics = report["diagnostics"].as_array().expect("diagnostics");
    let errors = diagnostics.iter().filter(|one| one["severity"] == "error");
    let codes: Vec<_> = errors
        .map(|one| one["code"].as_str().expect("a code"))
        .filter(|code| exit_code_of(code) == run.code)
        .collect();
    let listed: Vec<_> = found["codes"]
        .split(',')
        .filter(|code| !code.is_empty())
        .collect();
    // Under --fail-open the code that could not be decided is reported, though it is a warning there.
    if run.code != 0 {
        assert_eq!(super::set(&listed), super::set(&codes), "{run:?}");
    }
    for name in ["generations-left", "concurrency"] {
        let value: Value = serde_json::from_str(found[name]).expect("a JSON object");
        assert!(value.is_object(), "{name}: {value}");
    }
    if let Some(balance) = report["organization"]["creditBalance"].as_i64() {
        assert_eq!(found["credit-balance"], balance.to_string(), "{run:?}");
    }
}
