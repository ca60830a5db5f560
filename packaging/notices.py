"""The licences of the crates that are linked into the binaries: their texts have to travel with them."""

import json
import subprocess
from pathlib import Path

from table import NAME, ROOT, TARGETS


def notices():
    """One text: each licence text once, with the crates that have it."""
    crates = {}
    for target in TARGETS:
        crates |= linked(target.triple)
    texts = {}
    for name in sorted(crates):
        package = crates[name]
        files = sorted(file for file in Path(package["manifest_path"]).parent.iterdir()
                       if file.is_file() and file.name.upper().startswith(("LICEN", "COPYING", "NOTICE", "UNLICENSE")))
        for file in files:
            text = "\n".join(line.rstrip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines())
            texts.setdefault(text.strip(), []).append(name)
        if not files:
            texts.setdefault(f"Its licence, {package['license']}, comes without a text of its own.", []).append(name)
    head = f"{NAME} contains these crates, under these licences:\n\n"
    listed = "".join(f"{name}: {crates[name]['license']}\n" for name in sorted(crates))
    rule = "\n" + "=" * 80 + "\n"
    return head + listed + "".join(f"{rule}{', '.join(names)}\n\n{text}\n" for text, names in texts.items())


def linked(triple):
    """The packages of the build for a target, by name and version; not those that only help to build."""
    done = subprocess.run(["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", triple],
                          cwd=ROOT, check=True, capture_output=True, text=True)
    metadata = json.loads(done.stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    found, left = set(), [root]
    while left:
        for dependency in nodes[left.pop()]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if normal and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                left.append(dependency["pkg"])
    return {f"{packages[one]['name']} {packages[one]['version']}": packages[one] for one in found}
