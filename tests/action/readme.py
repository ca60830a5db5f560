"""The parts of README.md that are made from other files. `--write` makes them anew; a test compares them.

A part stands between `<!-- begin NAME -->` and `<!-- end NAME -->`, where NAME is `inputs`, `outputs` or a file of
examples/.
"""

import re
import sys

from ruamel.yaml import YAML

from support import ROOT

README = ROOT / "README.md"
FENCES = {"yml": "yaml", "sh": "sh", "json": "json"}


def action():
    return YAML(typ="safe").load(ROOT / "action.yml")


def table(heading, rows):
    return "\n".join([f"| {heading} | |", "|---|---|", *(
        f"| `{name}` | {' '.join(row['description'].split()).replace('|', chr(92) + '|')} |" for name, row in rows.items())])


def part(name):
    if name in ("inputs", "outputs"):
        return table(name.removesuffix("s"), action()[name])
    path = ROOT / name
    return f"```{FENCES.get(path.suffix[1:], 'make')}\n{path.read_text().rstrip()}\n```"


def made_anew(text):
    return re.sub(r"(<!-- begin (inputs|outputs|examples/\S+) -->\n).*?(<!-- end \2 -->)",
                  lambda found: f"{found[1]}{part(found[2])}\n{found[3]}", text, flags=re.S)


if __name__ == "__main__":
    text = made_anew(README.read_text())
    if sys.argv[1:] == ["--write"]:
        README.write_text(text)
    else:
        sys.exit(text != README.read_text())
