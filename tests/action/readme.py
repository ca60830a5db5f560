"""The parts of README.md and docs/ that are made from other files. `--write` makes them again; a test compares them.

A part stands between `<!-- begin NAME -->` and `<!-- end NAME -->`, where NAME is `inputs`, `outputs` or a file of
examples/.
"""

import re
import sys

from ruamel.yaml import YAML

from support import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCES = {".yml": "yaml", ".sh": "sh", ".json": "json"}
OWN_INPUTS = {"api-secret", "fail"}
NAMED = {"Makefile": "make", "Jenkinsfile": "groovy"}


def action():
    return YAML(typ="safe").load(ROOT / "action.yml")


def described(shown):
    """What `--help` says of each flag, in the words of an input."""
    entries, name = {}, None
    for line in shown.splitlines():
        flag = re.match(r"  (?:-\w, )?--([a-z-]+)(?: (\S+))?(?:  +(.*))?$", line)
        if flag:
            name = flag[1]
            entries[name] = [f"`{flag[2]}`:" if flag[2] else "`true`:", flag[3] or ""]
        elif name and line.startswith(" " * 33):
            entries[name].append(line.strip())
        else:
            name = None
    return {name: re.sub(r"--(?=[a-z])", "", " ".join(" ".join(words).split())).replace("repeatable", "one per line")
            for name, words in entries.items()}


def table(heading, rows):
    return "\n".join([f"| {heading} | |", "|---|---|", *(
        f"| `{name}` | {' '.join(row['description'].split()).replace('|', chr(92) + '|')} |" for name, row in rows.items())])


def part(name):
    if name in ("inputs", "outputs"):
        # The inputs that are flags stand in the table of the reference.
        rows = {row: told for row, told in action()[name].items() if name == "outputs" or row in OWN_INPUTS}
        return table(name.removesuffix("s"), rows)
    path = ROOT / name
    return f"```{FENCES.get(path.suffix) or NAMED[path.name]}\n{path.read_text().rstrip()}\n```"


def made_again(text):
    return re.sub(r"(<!-- begin (inputs|outputs|examples/\S+) -->\n).*?(<!-- end \2 -->)",
                  lambda found: f"{found[1]}{part(found[2])}\n{found[3]}", text, flags=re.S)


if __name__ == "__main__":
    pages = {page: made_again(page.read_text()) for page in PAGES}
    if sys.argv[1:] == ["--write"]:
        for page, text in pages.items():
            page.write_text(text)
    else:
        sys.exit(any(text != page.read_text() for page, text in pages.items()))
