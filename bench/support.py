"""What the scripts in this folder share: prerequisites, builds, tables."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
EXAMPLE = ROOT / "examples" / "organization.json"
REQUIREMENTS = ["--generations", "gen4.5=20", "--credits", "1200"]
# Of the right form, and good for nothing.
KEY = "key_" + "0" * 128

# What a release has for this machine.
STATIC = f"{platform.machine()}-unknown-linux-musl"
NO_STATIC = "the static build, which a release has, cannot be made here: the native one is measured"

APT = {"cargo": "see https://rustup.rs", "valgrind": "apt-get install valgrind", "openssl": "apt-get install openssl"}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def die(text: str) -> NoReturn:
    say(f"{Path(sys.argv[0]).name}: {text}")
    sys.exit(2)


def require(*programs: str) -> None:
    """Ends with a sentence on every program that is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        die("missing: " + "; ".join(f"{program} ({APT.get(program, 'not on the PATH')})" for program in missing))


def build(manifest: Path, triple: str | None = None) -> dict[str, Path]:
    """Builds a release and returns its programs by name, wherever the target folder is; with zig for another target."""
    say(f"building {manifest.relative_to(ROOT)}{f' for {triple}' if triple else ''} …")
    environment, command = dict(os.environ), ["cargo", "build"]
    if triple:
        zig = subprocess.run([ROOT / "packaging" / "zig"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        environment["PATH"] = f"{zig}{os.pathsep}{environment['PATH']}"
        command = ["cargo", "zigbuild", "--target", triple]
    command += ["--release", "--locked", "--message-format=json-render-diagnostics", "--manifest-path", str(manifest)]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        die(f"{manifest.relative_to(ROOT)} does not build")
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    return {m["target"]["name"]: Path(m["executable"]) for m in messages if m.get("executable")}


def build_gate() -> Path:
    """The build for this machine alone."""
    return build(ROOT / "Cargo.toml")["runway-preflight"]


def build_static() -> Path | None:
    """What a release has for this machine; none where it cannot be built here, which is said."""
    say(f"building {STATIC} …")
    command = [str(ROOT / "packaging" / "build"), STATIC, "--into", str(ROOT / "target" / "bench")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        return Path(done.stdout.strip().splitlines()[-1])
    say(NO_STATIC)
    return None


def is_static(binary: Path) -> bool:
    """Whether the head of an ELF file names no loader."""
    with binary.open("rb") as file:
        return b"/ld-" not in file.read(4096)


def stripped_size(binary: Path) -> int:
    """The size without symbols; as built, if there is no `strip`."""
    if shutil.which("strip") is None:
        return binary.stat().st_size
    with scratch() as folder:
        copy = folder / binary.name
        shutil.copy(binary, copy)
        subprocess.run(["strip", str(copy)], stderr=subprocess.DEVNULL, check=False)
        return copy.stat().st_size


def bare_environment(folder: Path, **more: str) -> dict[str, str]:
    """An environment with nothing inherited that a program might act on: proxies, certificates, GitHub's variables."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", **more}


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="runway-preflight-bench-") as folder:
        yield Path(folder)


def first_line(*command: str) -> str:
    """What a program says of its version."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return (done.stdout.strip().splitlines() or ["?"])[0]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all but the first column stand right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    aligned = [
        "| " + " | ".join(f"{cell:{'<' if i == 0 else '>'}{widths[i]}}" for i, cell in enumerate(row)) + " |"
        for row in [head, *rows]
    ]
    rule = "|" + "|".join(("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":") for i, w in enumerate(widths)) + "|"
    return "\n".join([aligned[0], rule, *aligned[1:]])
