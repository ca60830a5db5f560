"""What the scripts in this folder share: the tables of targets.toml, and the names of what a release holds."""

import hashlib
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NAME = "runway-preflight"


@dataclass(frozen=True)
class Target:
    """A system that a release has a binary for."""

    system: str
    triple: str
    runner: str
    action: str
    wheel: str
    npm: str
    npm_cpu: str | None = None
    homebrew: str | None = None
    container: str | None = None

    @property
    def suffix(self):
        return ".exe" if "windows" in self.triple else ""

    @property
    def asset(self):
        """The binary alone, which the Action downloads."""
        return f"{NAME}-{self.triple}{self.suffix}"

    @property
    def sbom(self):
        """What the binary is made of."""
        return f"{NAME}-{self.triple}.cdx.json"

    @property
    def archive(self):
        """The binary with its licences, its manual page and its completions."""
        return f"{NAME}-{self.triple}.{'zip' if self.suffix else 'tar.gz'}"


_tables = tomllib.loads((HERE / "targets.toml").read_text(encoding="utf-8"))
TARGETS = [Target(**row) for row in _tables["target"]]
CHANNELS = {row["name"]: row["install"] for row in _tables["channel"]}


def target(triple):
    for row in TARGETS:
        if row.triple == triple:
            return row
    die(f"{triple} is not in packaging/targets.toml; it has {', '.join(row.triple for row in TARGETS)}")


def package(root=ROOT):
    """The table `package` of Cargo.toml."""
    return tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))["package"]


def owner(root=ROOT):
    """The account in Cargo.toml's `repository`; OWNER until it is known."""
    return re.fullmatch(rf"https://github\.com/([^/]+)/{NAME}", package(root)["repository"])[1]


def sha256(file):
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def say(text):
    print(text, file=sys.stderr, flush=True)


def die(text):
    say(f"error: {text}")
    sys.exit(1)
