"""The form of both requests and answers, as `form.json` has it: what is held against it, and how it differs from another."""

import json
import pathlib
import re

FILE = pathlib.Path(__file__).parent / "form.json"
FORM = json.loads(FILE.read_text())
VERSION = FORM["info"]["version"]
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}


def resolve(document, node):
    """The node itself, or what it refers to."""
    while "$ref" in node:
        target = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


def answer_of(document, path, method):
    return document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]


def kind(value):
    """What a value is, and nothing of what it holds."""
    if isinstance(value, bool):
        return "boolean"
    return next((name for name, held in TYPES.items() if isinstance(value, held)), "number")


def faults(value, schema, path="the answer"):
    """How a value differs from a schema of the form: names of fields and kinds alone, so that a public log may show it."""
    schema = resolve(FORM, schema)
    allowed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if kind(value) not in allowed:
        yield f"{path} is {kind(value)}, not {' or '.join(allowed)}"
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        yield from (f"{path}.{name} is missing" for name in schema.get("required", []) if name not in value)
        for name, held in value.items():
            if "additionalProperties" in schema:
                yield from faults(held, schema["additionalProperties"], f"{path}.{name}")
            elif name in known:
                yield from faults(held, known[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is new"
    elif isinstance(value, list):
        for held in value:
            yield from faults(held, schema["items"], f"{path}[]")
    elif isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{path} is not of the form {schema.get('format')}"
    elif isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{path} is below {schema['minimum']}"


def differences(document, schema, own, path):
    """How a schema of another document differs from one of the form in names, types and what is required."""
    schema, own = resolve(document, schema), resolve(FORM, own)
    for what in ("type", "const", "in", "name", "format"):
        # A UUID is a string to the gate, which does not read it.
        theirs = None if schema.get(what) == "uuid" else schema.get(what)
        if theirs != own.get(what):
            yield f"{path}: {what} is {theirs}, here {own.get(what)}"
    for what in ("required", "properties"):
        theirs, ours = ([given] if isinstance(given := held.get(what, []), bool) else sorted(given) for held in (schema, own))
        if theirs != ours:
            yield f"{path}: {what} is {theirs}, here {ours}"
    for name in schema.get("properties", {}).keys() & own.get("properties", {}).keys():
        yield from differences(document, schema["properties"][name], own["properties"][name], f"{path}.{name}")
    for name in ("items", "schema", "additionalProperties"):
        theirs, ours = schema.get(name) or {}, own.get(name) or {}
        if theirs or ours:
            yield from differences(document, theirs, ours, f"{path}[]")
