"""An edition says what the published YAML says, but for the differences that its errata name.

Compared are paths and methods, statuses, scopes, media types, query parameters and required fields. An
erratum names them in ``differences``: a line holds for every operation of the erratum in which it occurs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from okd_conformance.standard.bundle import read_data
from okd_conformance.standard.edition import Edition, load_edition
from okd_conformance.standard.fields import deref
from okd_conformance.standard.operation import METHODS, operation_name
from support.upstream import published

Json = dict[str, Any]
SPEC = Path("specification", "v5", "spec.yaml")


class Call(NamedTuple):
    """A method on a path, and how a document describes it."""

    method: str
    path: str
    raw: Json
    root: Json


def read_published(file: Path) -> Json:
    """A published document as one, with the files that it refers to under ``files`` and local references."""
    files: Json = {}
    waiting = [file.resolve()]
    while waiting:
        one = waiting.pop()
        if str(one) not in files:
            files[str(one)] = localised(yaml.safe_load(one.read_text("utf-8")), one, waiting)
    root: Json = {"files": files, **files[str(file.resolve())]}
    root["origins"] = {path: item["$ref"] for path, item in root["paths"].items()}
    root["paths"] = {path: dict(deref(root, item)) for path, item in root["paths"].items()}
    return root


def localised(node: Any, file: Path, waiting: list[Path]) -> Any:
    """The node with each reference to a file pointing into ``files``; notes the files to read."""
    if isinstance(node, list):
        return [localised(item, file, waiting) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        target = (file.parent / reference).resolve()
        waiting.append(target)
        node = {**node, "$ref": "#/files/" + str(target).replace("~", "~0").replace("/", "~1")}
    return {key: localised(value, file, waiting) for key, value in node.items()}


def calls(document: Json) -> Iterator[Call]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                own = item[method]
                both = [*item.get("parameters", []), *own.get("parameters", [])]
                described = {
                    "parameters": [deref(document, parameter) for parameter in both],
                    "responses": {s: deref(document, answer) for s, answer in own["responses"].items()},
                }
                yield Call(method.upper(), path, {**own, **described}, document)


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


def required(root: Json, schema: Json, before: str = "") -> set[str]:
    """The fields that every body must have, also inside objects and lists that every body must have."""
    names = required_names(root, schema)
    found = {before + name for name in names}
    for name in sorted(names):
        for sub in properties(root, schema, name):
            found |= required(root, sub, f"{before}{name}.")
            for items in subschemas(root, sub, "items"):
                found |= required(root, items, f"{before}{name}[].")
    return found


def required_names(root: Json, unread: Json) -> set[str]:
    """The fields that an object must have; none when something else than an object will do too."""
    schema = deref(root, unread)
    names = set(schema.get("required", []))
    for sub in schema.get("allOf", []):
        names |= required_names(root, sub)
    for word in ("oneOf", "anyOf"):
        branches = [required_names(root, sub) for sub in schema.get(word, []) if isinstance(sub, dict)]
        names |= set.intersection(*branches) if branches else set()
    return names


def properties(root: Json, schema: Json, name: str) -> list[Json]:
    return [p[name] for p in subschemas(root, schema, "properties") if name in p]


def subschemas(root: Json, unread: Json, keyword: str) -> list[Json]:
    """The value of a keyword in the schema and in the parts that it is made of."""
    schema = deref(root, unread)
    found = [schema[keyword]] if keyword in schema else []
    for sub in schema.get("allOf", []):
        found += subschemas(root, sub, keyword)
    return found


# The comparison


@pytest.fixture(scope="module", params=("okd-0.9.1", "okd-1.5"))
def edition(request: pytest.FixtureRequest) -> Edition:
    """An edition whose published YAML describes it. That of okd-0.6 is about other paths than its text."""
    return load_edition(request.param)


@pytest.fixture(scope="module")
def document(edition: Edition) -> Json:
    return read_published(published() / edition.upstream / SPEC)


@pytest.fixture(scope="module")
def theirs(document: Json) -> dict[tuple[str, str], Call]:
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
        name, wanted, have = operation_name(call.raw), facts(theirs[call.method, call.path]), facts(call)
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
    unnamed = sorted(found - named(edition))
    assert not unnamed, "to be named in errata.yaml:\n" + "\n".join(map(": ".join, unnamed))


def test_errata_name_no_difference_that_is_not_there(edition: Edition, found: set[tuple[str, str]]) -> None:
    errata: list[Json] = read_data(edition.folder / "errata.yaml")["errata"]
    stale = []
    for erratum in errata:
        real = {line for operation, line in found if operation in erratum["operations"]}
        stale += [(erratum["id"], line) for line in erratum.get("differences", []) if line not in real]
    assert stale == []


def test_an_erratum_is_about_a_document_of_its_operations(
    edition: Edition, document: Json, ours: list[Call]
) -> None:
    """The document is a text of the standard, or one that describes one of the operations."""
    base = published() / edition.upstream
    general = str((base / SPEC).resolve())
    describing = {operation_name(call.raw): files_behind(document, call.path) | {general} for call in ours}
    errata: list[Json] = read_data(edition.folder / "errata.yaml")["errata"]
    for erratum in errata:
        file = (base / erratum["document"]).resolve()
        assert file.is_file(), erratum["id"]
        if file.suffix == ".yaml":
            assert str(file) in set().union(*(describing[o] for o in erratum["operations"])), erratum["id"]


def files_behind(document: Json, path: str) -> set[str]:
    """The published files that describe a path, directly or through others."""
    found: set[str] = set()
    waiting = [document["origins"][path]]
    while waiting:
        file = waiting.pop().removeprefix("#/files/").replace("~1", "/").replace("~0", "~")
        if file not in found:
            found.add(file)
            waiting += references(document["files"][file])
    return found


def references(node: Any) -> list[str]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    own = [node["$ref"]] if isinstance(node, dict) and isinstance(node.get("$ref"), str) else []
    return own + [reference for part in inner for reference in references(part)]
