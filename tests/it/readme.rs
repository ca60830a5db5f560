//! The README says what the command does: its examples are run here, and its tables compared.
//! The guards of `examples/`, which it shows too, are run by `tests/action`.

use std::path::{Path, PathBuf};

use runway_preflight::diagnostic::Code;

use crate::support::{Gate, Reply, Server};

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

/// The lines of the fenced blocks under a heading of a page.
fn fenced(page: &str, heading: &str) -> Vec<String> {
    let page = format!("\n{}", file(page));
    let (_, section) = page
        .split_once(&format!("\n{heading}\n"))
        .expect("the heading");
    let section = section.split("\n## ").next().expect("a section");
    let blocks = section.split("```").skip(1).step_by(2);
    blocks
        .flat_map(|block| block.lines().skip(1).map(str::to_owned))
        .collect()
}

/// A server with the example organization, and nothing spent.
fn runway() -> Server {
    Server::handler(|_, request| {
        if request.method == "GET" {
            Reply::ok(file("examples/organization.json"))
        } else {
            Reply::ok(r#"{"results":[],"models":[]}"#)
        }
    })
}

#[test]
fn the_usage_is_what_help_prints() {
    let help = Gate::new().arg("--help").run();
    let reference = file("docs/reference.md");
    let (_, shown) = reference
        .split_once("<!-- begin help -->\n```\n")
        .expect("a beginning");
    let (shown, _) = shown.split_once("```\n<!-- end help -->").expect("an end");
    assert_eq!(shown, help.stdout);
}

#[test]
fn every_code_has_its_heading_and_exit_code() {
    let page = file("docs/diagnostics.md");
    let headings: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'))
        .collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(headings, codes);
    for code in Code::ALL {
        let helps = if code.waiting_helps() {
            "helps"
        } else {
            "does not help"
        };
        let said = match code.exit().code() {
            0 => "A warning; never changes the exit code. ".to_owned(),
            exit => format!("Exit code {exit}; waiting {helps}. "),
        };
        let said = format!("## `{}`\n\n{said}", code.name());
        assert!(page.contains(&said), "{said}");
    }
}

/// A sample message is the first line of one that the snapshots hold, so that it is really printed.
#[test]
fn every_code_is_in_the_index_with_a_message_that_is_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    let files = std::fs::read_dir(folder).expect("snapshots");
    let printed: String = files
        .map(|entry| std::fs::read_to_string(entry.expect("a file").path()).expect("text"))
        .collect();
    let printed = printed
        .replace("127.0.0.1:54321", "api.dev.runwayml.com")
        .replace("localhost:54321", "api.dev.runwayml.com");
    let page = file("docs/diagnostics.md");
    let mut sections = page.split("\n## `");
    let index = sections.next().expect("an index");
    for (code, section) in Code::ALL.iter().zip(sections) {
        let name = code.name();
        assert!(index.contains(&format!("[`{name}`](#{name})")), "{name}");
        let samples = section.lines().filter_map(|line| line.strip_prefix("    "));
        let samples: Vec<&str> = samples.collect();
        let severity = ["error", "warning"][usize::from(code.exit().code() == 0)];
        let [sample] = samples[..] else {
            panic!("{name}: {samples:?}");
        };
        assert!(
            sample.starts_with(&format!("{severity}[{name}]: ")),
            "{sample}"
        );
        assert!(printed.contains(&format!("\n{sample}\n")), "{sample}");
        let links = section.contains("(https://docs.dev.runwayml.com/");
        assert!(
            links || name == "report-failed",
            "{name} has no link to Runway"
        );
    }
}

#[test]
fn every_recipe_runs() {
    let mut recipes = 0;
    for line in fenced("docs/recipes.md", "## Other questions") {
        let command = line
            .trim_start_matches("report=$(")
            .trim_end_matches(") &&")
            .to_owned();
        let words = command
            .strip_prefix("runway-preflight ")
            .or_else(|| command.strip_prefix("cargo run --release -- "));
        let Some(words) = words.filter(|_| !command.starts_with(' ')) else {
            continue;
        };
        let server = runway();
        let run = Gate::asking(&server)
            .file("organization.json", file("examples/organization.json"))
            .args(&words.replace("examples/", ""))
            .run();
        assert_eq!(run.code, 0, "{run:?}");
        recipes += 1;
    }
    assert!(recipes >= 5, "only {recipes} recipes are found");
}

#[test]
fn every_flag_of_the_table_is_met_by_the_example() {
    let pages = [file("README.md"), file("docs/reference.md")];
    for line in pages.iter().flat_map(|page| page.lines()) {
        let Some(words) = line
            .strip_prefix("| `--")
            .and_then(|line| line.split('`').next())
        else {
            continue;
        };
        let server = runway();
        let run = Gate::asking(&server)
            .file("tasks.jsonl", file("examples/tasks.jsonl"))
            .args(&format!("--{words}"))
            .run();
        assert_eq!(run.code, 0, "{run:?}");
        assert!(server.seen() > 0, "{run:?}");
    }
}

/// The skill for coding agents: its flags are those of the help, its codes those of the reference, and
/// its commands run.
#[test]
fn the_skill_is_true() {
    let skill = file("skills/runway-preflight/SKILL.md");
    assert!(skill.lines().count() < 100);
    let (_, front) = skill
        .split_once("---\nname: runway-preflight\n")
        .expect("a name");
    assert!(front.starts_with("description: "));
    let help = Gate::new().arg("--help").run().stdout;
    let words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let known: Vec<&str> = words.filter(|word| word.starts_with("--")).collect();
    let words = skill.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    for flag in words.filter(|word| word.starts_with("--") && word.len() > 3) {
        assert!(known.contains(&flag) || flag == "--release", "{flag}");
    }
    let codes = |page: &str| -> Vec<String> {
        let rows = page.lines().filter(|line| {
            let code = line.strip_prefix("| ").and_then(|row| row.chars().next());
            code.is_some_and(|code| code.is_ascii_digit())
        });
        rows.map(|row| row.split('|').take(3).collect()).collect()
    };
    let reference = file("docs/reference.md");
    let (_, table) = reference.split_once("\n## Exit codes\n").expect("a table");
    let (table, _) = table.split_once("\n## ").expect("an end");
    assert_eq!(codes(&skill), codes(table));
    assert_eq!(codes(&skill), codes(&file("README.md")));
    let heading = |line: &&str| line.starts_with("## ");
    let commands: Vec<String> = skill
        .lines()
        .filter(heading)
        .flat_map(|heading| fenced("skills/runway-preflight/SKILL.md", heading))
        .collect();
    assert_eq!(commands.len(), 4);
    for command in commands {
        let server = runway();
        let gate = Gate::asking(&server).file("tasks.jsonl", file("examples/tasks.jsonl"));
        let run = gate.args(command.strip_prefix("runway-preflight").expect("ours"));
        let run = run.run();
        assert_eq!(run.code, 0, "{run:?}");
    }
}

#[test]
fn the_changelog_knows_the_version() {
    let version = env!("CARGO_PKG_VERSION");
    let heading = match version.strip_suffix("-dev") {
        Some(_) => "## [Unreleased]".to_owned(),
        None => format!("## [{version}]"),
    };
    assert!(file("CHANGELOG.md").contains(&heading), "{heading}");
}

/// A file that no `mod` names is not built, and its tests do not run.
#[test]
fn every_file_of_the_source_is_built() {
    fn look_into(folder: &Path, parents: &[PathBuf]) {
        let named: String = parents
            .iter()
            .map(|parent| std::fs::read_to_string(parent).expect("a module"))
            .collect();
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                look_into(&path, &[path.with_extension("rs")]);
            } else if !parents.contains(&path) {
                let name = path.file_stem().expect("a name").to_string_lossy();
                assert!(
                    named.contains(&format!("mod {name};")),
                    "{}",
                    path.display()
                );
            }
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    look_into(
        &source,
        &["lib.rs", "main.rs"].map(|name| source.join(name)),
    );
}
