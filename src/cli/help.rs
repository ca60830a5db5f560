//! What `--help` prints, made from the flags, and the example that an error shows for each.

use argh::{ArgsInfo, FlagInfo, FlagInfoKind};

use super::flags::Settings;

const ABOUT: &str = "\
Asks Runway what is left and stops a pipeline, with the reason, when it is not
enough. It calls only two read-only endpoints; nothing is billable.

Usage: runway-preflight [--generations MODEL=N[@CREDITS]]... [--credits N]
                        [--concurrency MODEL=N]... [options]
";

/// Each section of the help, and the flag that it begins with.
const SECTIONS: [(&str, &str); 3] = [
    (
        "--generations",
        "Requirements (all are checked, and every shortfall is reported):",
    ),
    ("--wait", "Requests:"),
    ("--usage", "Report:"),
];

const REST: &str = "\
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

Durations are written as 30s, 20m, 2h, 7days; --name=value works as well. A
value with MODEL=... may hold several, separated by commas or line breaks.

Exit codes:
  0  go: all requirements are met (also skipped, and under --fail-open)
  2  the command line is wrong; no request was made
  3  no-go: not enough, but waiting could resolve every error
  4  cannot-tell: no key, or one that Runway does not accept
  5  cannot-tell: Runway could not be asked or understood, or the report could
     not be written
  6  no-go: not enough, and somebody has to act
";

/// 80 columns at most.
pub fn help() -> String {
    let mut help = ABOUT.to_owned();
    let flags = Settings::get_args_info().flags;
    for flag in flags.iter().filter(|flag| flag.long != "--help") {
        let section = SECTIONS.iter().find(|(first, _)| *first == flag.long);
        help.extend(section.map(|(_, title)| format!("\n{title}\n")));
        let text = flag.description.split(". Example: ").next();
        help.push_str(&entry(flag, text.unwrap_or_default()));
    }
    help.push_str("  -h, --help                     print this help\n\n");
    help + REST
}

/// A flag and its text, in two columns.
fn entry(flag: &FlagInfo, text: &str) -> String {
    const COLUMN: usize = 33;
    let short = flag.short.map(|short| format!("-{short}, "));
    let value = match flag.kind {
        FlagInfoKind::Switch => String::new(),
        FlagInfoKind::Option { arg_name } => format!(" {arg_name}"),
    };
    let name = format!("  {}{}{value}", short.unwrap_or_default(), flag.long);
    let margin = " ".repeat(COLUMN);
    let options = textwrap::Options::new(80)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .initial_indent(&margin)
        .subsequent_indent(&margin);
    let text = textwrap::fill(text, options);
    if name.len() > COLUMN.saturating_sub(2) {
        format!("{name}\n{text}\n")
    } else {
        format!("{name:COLUMN$}{}\n", text.trim_start())
    }
}

/// A right use of a flag.
pub(super) fn example<'a>(flag: &FlagInfo<'a>) -> &'a str {
    let example = flag.description.split(". Example: ").nth(1);
    example.unwrap_or(flag.long)
}
