//! What `--help` prints, and the example that an error shows for each flag.

/// The help: 80 columns at most; a test holds it to the flags and the README.
pub const HELP: &str = "\
Asks Runway what is left and stops a pipeline, with the reason, when it is not
enough. It calls only two read-only endpoints; nothing is billable.

Usage: runway-preflight [--generations MODEL=N[@CREDITS]]... [--credits N]
                        [--concurrency MODEL=N]... [options]

Requirements (all are checked, and every shortfall is reported):
  --generations MODEL=N          the job creates N generations with MODEL today;
                                 several for one model add up
  --generations MODEL=N@CREDITS  the same at CREDITS each; the balance must hold
                                 the planned cost, the sum over all models
  --generations MODEL=MIN..MAX   at least MIN; the output granted says how many,
                                 up to MAX, may be started now
  --plan FILE                    the tasks that the job will create: request
                                 bodies as JSON lines or an array; - is
                                 standard input
  --price MODEL=CREDITS[/s]      what a generation of MODEL costs, or a second
                                 of it; prices are listed at
                                 https://docs.dev.runwayml.com/guides/pricing
  --credits N                    minimum balance before the job; 0 accepts an
                                 empty balance
  --keep N                       minimum balance after the job, with the planned
                                 cost taken off
  --max-cost N                   the planned cost must be N credits at the most;
                                 decided without a key as well
  --concurrency MODEL=N          the tier must allow N generations at a time
  --budget CREDITS/DURATION      maximum spending over the last DURATION (1 to
                                 90 whole days, UTC, today included), planned
                                 cost included; CREDITS/month takes the calendar
                                 month
  --warn-generations MODEL=N     like --generations, as a warning
  --warn-credits N               like --credits, as a warning
  --warn-lasts DURATION          warn if the balance lasts less than DURATION at
                                 the present pace of spending

Requests:
  --wait DURATION                retry for up to DURATION if waiting could
                                 resolve every error
  --interval DURATION            pause between two checks of --wait [1m; minimum
                                 5s]
  --timeout DURATION             time limit of one check, with its retries [30s]
  --fail-open                    pass, with a warning, if Runway could not be
                                 asked or understood (exit code 5 becomes 0)
  --missing-key fail|skip        what to do without a key [fail]
  --base-url URL                 another host [https://api.dev.runwayml.com]
  --key-file FILE                read the key from a file; otherwise it comes
                                 from RUNWAYML_API_SECRET, or from .env, which
                                 is not read in a CI system
  --from FILE                    check a saved answer of GET /v1/organization;
                                 - is standard input. --budget and --usage still
                                 ask Runway for the history

Report:
  --usage RANGE                  add the credit history: 30d, or
                                 2026-02-15..2026-03-17 (second day left out)
  --tiers                        add the tier reference
  --label NAME                   name this run in the report, and prefix its
                                 outputs with NAME-
  --format text|json|markdown    how the report is printed [text]
  --json                         short for --format json
  --write FORMAT=FILE            also write the report to FILE: json, markdown,
                                 text, env or junit; repeatable
  --color auto|always|never      color of the text [auto]
  -q, --quiet                    print no report on success
  -v, --verbose                  report each request: status, time, addresses
  -h                             print a short help
  --help                         print this help
  -V, --version                  print the version

Environment:
  RUNWAYML_API_SECRET            the key
  RUNWAYML_BASE_URL              like --base-url
  HTTPS_PROXY, ALL_PROXY         proxy for https, except for hosts in NO_PROXY
  SSL_CERT_FILE, SSL_CERT_DIR    certificates to trust instead of the system's,
                                 on Linux and other Unix systems
  NO_COLOR, CLICOLOR_FORCE       like --color never and --color always

Examples:
  runway-preflight --generations gen4.5=20 --credits 1200
  runway-preflight --generations gen4.5=20@60 --concurrency gen4.5=2 --wait 2h
  runway-preflight --plan tasks.jsonl --price gen4.5=12/s --keep 500
  runway-preflight --generations gen4.5=50..300@60 --warn-lasts 7days
  runway-preflight --budget 20000/30d --usage 30d --format markdown
  runway-preflight --from organization.json --generations veo3.1=10

Durations are written as 30s, 20m, 2h, 7days; --name=value works as well.

Exit codes:
  0  go: all requirements are met (also skipped, and under --fail-open)
  2  the command line is wrong; no request was made
  3  no-go: not enough, but waiting could resolve every error
  4  cannot-tell: no key, or one that Runway does not accept
  5  cannot-tell: Runway could not be asked or understood, or the report could
     not be written
  6  no-go: not enough, and somebody has to act
";

/// What `-h` prints: a screen of 24 lines.
pub const SHORT_HELP: &str = "\
Asks Runway what is left and stops a pipeline, with the reason, when it is not
enough. It calls only two read-only endpoints; nothing is billable.

Usage: runway-preflight [--generations MODEL=N[@CREDITS]]... [--credits N]
                        [--concurrency MODEL=N]... [options]

  --generations MODEL=N[@CREDITS]  N generations of MODEL left today, each
                                   costing CREDITS; MIN..MAX takes a range
  --credits N                      minimum balance before the job
  --plan FILE                      the job's request bodies; with --price
  --concurrency MODEL=N            N generations of MODEL at a time
  --budget CREDITS/DURATION        maximum spending over the last DURATION
  --wait DURATION                  retry for up to DURATION if waiting could
                                   resolve every error

The key comes from --key-file, else RUNWAYML_API_SECRET, else .env (which is not
read in a CI system).
Exit codes: 0 go, 2 wrong command line, 3 not enough now, 4 no valid key,
            5 cannot tell, 6 not enough and somebody has to act.

runway-preflight --help lists every flag.
";

/// A right use of a flag.
pub(super) fn example(flag: &str) -> &'static str {
    match flag {
        "--generations" => "--generations gen4.5=20",
        "--credits" => "--credits 1200",
        "--plan" => "--plan tasks.jsonl --price gen4.5=12/s",
        "--price" => "--generations gen4.5=20 --price gen4.5=60",
        "--keep" => "--generations gen4.5=20@60 --keep 500",
        "--max-cost" => "--generations gen4.5=20@60 --max-cost 1500",
        "--warn-lasts" => "--warn-lasts 7days",
        "--label" => "--label acme",
        "--concurrency" => "--concurrency gen4.5=2",
        "--budget" => "--budget 20000/30d",
        "--warn-generations" => "--warn-generations gen4.5=50",
        "--warn-credits" => "--warn-credits 5000",
        "--wait" => "--wait 2h",
        "--interval" => "--wait 2h --interval 5m",
        "--timeout" => "--timeout 30s",
        "--missing-key" => "--missing-key skip",
        "--from" => "--from organization.json",
        "--usage" => "--usage 30d",
        "--format" => "--format json",
        "--json" => "--json",
        "--write" => "--write junit=preflight.xml",
        "--color" => "--color never",
        "--base-url" => "--base-url https://api.dev.runwayml.com",
        "--key-file" => "--key-file secret.txt",
        "--fail-open" => "--fail-open",
        "--tiers" => "--tiers",
        "--quiet" => "--quiet",
        "--verbose" => "--verbose",
        _ => "--help",
    }
}
