"""Edition okd-1.5 says what the published YAML says, but for the differences that its errata name.

Compared are paths and methods, statuses, scopes, media types, query parameters and required fields. An erratum
names them in ``differences``: each line holds for every operation of the erratum in which it occurs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from upstream import published

from okd_conformance.bundle import read_data
from okd_conformance.edition import METHODS, Edition, load_edition
from okd_conformance.fields import deref

Json = dict[str, Any]
BRANCHES = ("oneOf", "anyOf")
DEEPEST = 8


class Call(NamedTuple):
    """A method on a path, and how a document describes it."""

    method: str
    path: str
    raw: Json
    root: Json


@functools.cache
def read_published(file: Path) -> Any:
    """A file of the published YAML with every reference replaced by what it points at."""
    return resolved(yaml.safe_load(file.read_text("utf-8")), file, 0)


def resolved(node: Any, file: Path, depth: int) -> Any:
    if isinstance(node, list):
        return [resolved(item, file, depth) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str) and depth < 2 * DEEPEST:
        target = (file.parent / reference).resolve()
        beside = {k: resolved(v, file, depth) for k, v in node.items() if k != "$ref"}
        found = resolved(yaml.safe_load(target.read_text("utf-8")), target, depth + 1)
        return {**found, **beside} if isinstance(found, dict) else found
    return {key: resolved(value, file, depth) for key, value in node.items()}


def calls(document: Json) -> Iterator[Call]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                own = item[method]
                parameters = [*item.get("parameters", []), *own.get("parameters", [])]
                yield Call(method.upper(), path, {**own, "parameters": parameters}, document)


# What is compared, each thing as one line


def facts(call: Call) -> set[str]:
    """What a document says of a call, as lines that can be compared."""
    return {*scopes(call), *statuses(call), *query(call), *request(call), *answers(call)}


def scopes(call: Call) -> Iterator[str]:
    for entry in call.raw.get("security", []):
        for names in entry.values():
            yield from (f"scope {name}" for name in names)


def statuses(call: Call) -> Iterator[str]:
    yield from (f"status {status}" for status in call.raw["responses"])


def query(call: Call) -> Iterator[str]:
    for parameter in call.raw["parameters"]:
        if parameter["in"] == "query":
            yield f"query {parameter['name']}"
            if parameter.get("required"):
                yield f"query requires {parameter['name']}"


def request(call: Call) -> Iterator[str]:
    for media, described in call.raw.get("requestBody", {}).get("content", {}).items():
        yield f"request {media}"
        yield from (f"request requires {f}" for f in required(call.root, described.get("schema", {})))
        for part, encoding in described.get("encoding", {}).items():
            yield from (f"part {part} {kind.strip()}" for kind in encoding["contentType"].split(","))


def answers(call: Call) -> Iterator[str]:
    for status, answer in call.raw["responses"].items():
        for media, described in answer.get("content", {}).items():
            yield f"answer {status} {media}"
            fields = required(call.root, described.get("schema", {}))
            yield from (f"answer {status} requires {field}" for field in fields)


def required(root: Json, schema: Json, before: str = "", depth: int = 0) -> set[str]:
    """The fields that every body must have, with those inside them: ``items[].personId``."""
    if depth > DEEPEST:
        return set()
    schema = dict(deref(root, schema))
    found = {before + name for name in schema.get("required", [])}
    for name, sub in schema.get("properties", {}).items():
        if isinstance(sub, dict):
            found |= required(root, sub, f"{before}{name}.", depth + 1)
    if isinstance(schema.get("items"), dict):
        found |= required(root, schema["items"], f"{before.removesuffix('.')}[].", depth + 1)
    for sub in schema.get("allOf", []):
        found |= required(root, sub, before, depth + 1)
    for word in BRANCHES:
        branches = [deref(root, sub) for sub in schema.get(word, []) if isinstance(sub, dict)]
        sets = [required(root, dict(s), before, depth + 1) for s in branches if s.get("type") != "string"]
        found |= set.intersection(*sets) if sets else set()
    return found


# The comparison


@pytest.fixture(scope="module")
def edition() -> Edition:
    return load_edition("okd-1.5")


@pytest.fixture(scope="module")
def theirs(edition: Edition) -> dict[tuple[str, str], Call]:
    document = read_published(published() / edition.upstream / "specification" / "v5" / "spec.yaml")
    return {(call.method, call.path): call for call in calls(document)}


@pytest.fixture(scope="module")
def ours(edition: Edition) -> list[Call]:
    filenames = sorted({role.document for role in edition.roles.values()})
    return [call for filename in filenames for call in calls(edition.document(filename))]


@pytest.fixture(scope="module")
def found(ours: list[Call], theirs: dict[tuple[str, str], Call]) -> set[tuple[str, str]]:
    """Each difference: an operation of ours, and the line that is new (+) or gone (-)."""
    differing = set()
    for call in ours:
        name, wanted, have = call.raw["operationId"], facts(theirs[call.method, call.path]), facts(call)
        differing |= {(name, f"+ {line}") for line in have - wanted - implied(have, wanted)}
        differing |= {(name, f"- {line}") for line in wanted - have - implied(wanted, have)}
    return differing


def implied(one: set[str], other: set[str]) -> set[str]:
    """The lines about a status that only one of them has: its own line says it all."""
    alone = {line.removeprefix("status ") for line in one - other if line.startswith("status ")}
    return {line for line in one if line.startswith(tuple(f"answer {status} " for status in alone))}


def named(edition: Edition) -> set[tuple[str, str]]:
    errata: list[Json] = read_data(edition.folder / "errata.yaml")["errata"]
    return {(o, line) for e in errata for o in e["operations"] for line in e.get("differences", [])}


def test_both_have_the_same_paths_and_methods(ours: list[Call], theirs: dict[tuple[str, str], Call]) -> None:
    assert {(call.method, call.path) for call in ours} == set(theirs)


def test_every_difference_is_named_by_an_erratum(edition: Edition, found: set[tuple[str, str]]) -> None:
    assert found
    assert sorted(found - named(edition)) == []


def test_errata_name_no_difference_that_is_not_there(edition: Edition, found: set[tuple[str, str]]) -> None:
    lines = {line for _, line in found}
    errata: list[Json] = read_data(edition.folder / "errata.yaml")["errata"]
    stale = []
    for erratum in errata:
        own = {line for o, line in found if o in erratum["operations"]}
        stale += [(erratum["id"], line) for line in erratum.get("differences", []) if line not in own & lines]
    assert stale == []
