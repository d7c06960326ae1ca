"""The editions under ``specs/`` are sound: valid OpenAPI, fitting examples, annotations that agree."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from okd_conformance.base.paths import data_folder
from okd_conformance.standard.edition import Edition, read_edition
from okd_conformance.standard.fields import Body, deref
from okd_conformance.standard.operation import METHODS

KINDS = {"upload", "read", "metadata", "replace", "delete", "register", "change", "lock", "lookup", "service"}
FIXTURES = {
    "person_id",
    "student_number",
    "association_id",
    "sequence_code",
    "offering_id",
    "exam_code",
    "exam_code_path",
}
CHECKED_FORMATS = {"uuid", "date", "date-time", "email"}
ABOUT_THE_EDITION = {"edition.yaml", "errata.yaml", "frozen.yaml"}
WRONG_FORMAT = "not of this format"
WRONG_BY_TYPE = {"number": 17, "string": "a text", "object": {"a": "thing"}}
JSON_TYPE = {"integer": "number", "number": "number", "string": "string", "object": "object"}

FILES = [f for depth in ("*", "*/*") for f in sorted(data_folder("specs").glob(f"{depth}/edition.yaml"))]
EDITIONS = [read_edition(file.parent) for file in FILES]
BY_EDITION = pytest.mark.parametrize("edition", EDITIONS, ids=lambda e: e.name)


class Described(NamedTuple):
    """An operation as its document describes it."""

    edition: Edition
    filename: str
    document: dict[str, Any]
    path: str
    method: str
    raw: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.edition.name}-{Path(self.filename).stem}-{self.raw.get('operationId')}"


class Sample(NamedTuple):
    """An example with the schema that it must fit."""

    described: Described
    name: str
    schema: dict[str, Any]
    value: Any
    is_request: bool

    def __str__(self) -> str:
        return f"{self.described}-{self.name}"


def filenames(edition: Edition) -> list[str]:
    return sorted({role.document for role in edition.roles.values()})


def described(edition: Edition) -> Iterator[Described]:
    for filename in filenames(edition):
        document = edition.document(filename)
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield Described(edition, filename, document, path, method, item[method])


def samples(operation: Described) -> Iterator[Sample]:
    bodies = [(True, operation.raw.get("requestBody", {}))]
    bodies += [(False, answer) for answer in operation.raw["responses"].values()]
    for is_request, body in bodies:
        for content in body.get("content", {}).values():
            components = {"schemas": operation.document["components"]["schemas"]}
            for name, example in content.get("examples", {}).items():
                schema = {**content["schema"], "components": components}
                yield Sample(operation, name, schema, example["value"], is_request)


OPERATIONS = [operation for edition in EDITIONS for operation in described(edition)]
SAMPLES = [sample for operation in OPERATIONS for sample in samples(operation)]
BY_OPERATION = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a piece of data."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    for part in inner:
        yield from nodes(part)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    for part in inner:
        yield from strings(part)


def test_there_is_an_edition() -> None:
    assert EDITIONS
    assert SAMPLES


@BY_EDITION
def test_documents_are_valid_openapi(edition: Edition) -> None:
    for filename in filenames(edition):
        validate(edition.document(filename))


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_an_example_fits_its_schema(sample: Sample) -> None:
    errors = [f"{e.json_path}: {e.message}" for e in validator(sample.schema).iter_errors(sample.value)]
    assert errors == []


@BY_OPERATION
def test_an_operation_says_what_it_is(operation: Described) -> None:
    assert operation.raw["operationId"]
    assert operation.raw["x-okd-kind"] in KINDS
    assert operation.raw["x-okd-flows"]
    assert any(status.startswith("2") for status in operation.raw["responses"])


@BY_OPERATION
def test_bindings_name_things_that_exist(operation: Described) -> None:
    edition = operation.edition
    content = operation.raw.get("requestBody", {}).get("content", {})
    examples = {name for body in content.values() for name in body.get("examples", {})}
    for binding in operation.raw["x-okd-flows"]:
        cells = binding["scopes"] or {}
        named = [*cells.get("sufficient", []), *cells.get("disputed", [])]
        assert str(binding["flow"]) in edition.flows
        assert set(named) <= set(edition.scopes)
        assert len(named) == len(set(named)), "a scope is named twice"
        assert binding["roles"]
        for role in binding["roles"]:
            assert edition.roles[role].document == operation.filename
        assert {binding["example"]} <= examples if "example" in binding else not examples


@BY_OPERATION
def test_security_is_the_union_of_the_sufficient_scopes(operation: Described) -> None:
    cells = [b["scopes"] for b in operation.raw["x-okd-flows"] if b["scopes"] is not None]
    listed = [tuple(scopes) for entry in operation.raw["security"] for scopes in entry.values()]
    expected: set[tuple[str, ...]] = {(scope,) for cell in cells for scope in cell.get("sufficient", [])}
    if cells and not expected:
        expected = {()}
    assert set(listed) == expected
    assert len(listed) == len(set(listed))
    schemes = operation.document.get("components", {}).get("securitySchemes", {})
    assert {name for entry in operation.raw["security"] for name in entry} <= set(schemes)


@BY_OPERATION
def test_refusals_carry_a_problem(operation: Described) -> None:
    problem = operation.edition.media_types.get("problem")
    if problem is None:
        pytest.skip("this edition does not say what a refusal carries")
    refusals = {s: a for s, a in operation.raw["responses"].items() if s[0] in "45"}
    bare = {status for status, answer in refusals.items() if problem not in answer.get("content", {})}
    assert bare == set()


@BY_OPERATION
def test_uploads_describe_their_parts(operation: Described) -> None:
    if operation.raw["x-okd-kind"] != "upload":
        assert "x-okd-part" not in str(operation.raw)
        return
    for media, content in operation.raw["requestBody"]["content"].items():
        if not media.startswith("multipart/"):
            continue
        schema = content["schema"]
        meanings = [part["x-okd-part"] for part in schema["properties"].values()]
        assert meanings == ["metadata", "file"]
        assert schema["required"] == list(schema["properties"])
        assert schema["additionalProperties"] is False
        assert all(content["encoding"][name]["contentType"] for name in schema["properties"])


def test_the_example_of_a_binding_has_its_document_type() -> None:
    judged = 0
    for edition in EDITIONS:
        for role in edition.roles:
            for operation in edition.operations(role):
                for binding in operation.bindings:
                    schema = operation.body_schema
                    if schema and binding.example and binding.document_type:
                        judged += 1
                        body = Body(schema, operation.examples[binding.example])
                        assert body.get("document_type") == binding.document_type
    assert judged


@BY_EDITION
def test_annotations_are_known_words(edition: Edition) -> None:
    for filename in filenames(edition):
        for node in nodes(edition.document(filename)):
            assert node.get("x-okd-fixture", "person_id") in FIXTURES
            assert node.get("x-okd-spelling", "old") == "old"
            assert node.get("x-okd-fresh", True) is True
            meaning = node.get("x-okd-meaning", "a_word")
            assert meaning.replace("_", "").isalpha()
            assert meaning.islower()


@BY_EDITION
def test_every_format_is_really_checked(edition: Edition) -> None:
    """A format that no validator checks needs a pattern beside it."""
    assert set(Draft202012Validator.FORMAT_CHECKER.checkers) >= CHECKED_FORMATS
    for filename in filenames(edition):
        for node in nodes(edition.document(filename)):
            if isinstance(node.get("format"), str) and node.get("type") == "string":
                assert node["format"] in CHECKED_FORMATS | {"binary"} or "pattern" in node


@BY_EDITION
def test_people_and_hosts_are_made_up(edition: Edition) -> None:
    for file in sorted(edition.folder.glob("examples/*.yaml")):
        for text in strings(yaml.safe_load(file.read_text("utf-8"))):
            assert "@" not in text or text.endswith("@example.org"), file.name
            assert "://" not in text or ".example.org/" in text, file.name


@BY_EDITION
def test_no_file_is_left_unused(edition: Edition) -> None:
    files = [f for f in edition.folder.rglob("*.yaml") if f.name not in ABOUT_THE_EDITION]
    references = {node["$ref"].partition("#")[0] for f in files for node in _references(f)}
    used = {Path(reference).name for reference in references} | set(filenames(edition))
    assert {f.name for f in files} - used == set()


def _references(file: Path) -> Iterator[dict[str, Any]]:
    return (n for n in nodes(yaml.safe_load(file.read_text("utf-8"))) if isinstance(n.get("$ref"), str))


@BY_EDITION
def test_errata_are_complete(edition: Edition) -> None:
    file = edition.folder / "errata.yaml"
    if not file.is_file():
        pytest.skip("this edition departs nowhere from the published text")
    errata = yaml.safe_load(file.read_text("utf-8"))["errata"]
    names = {operation.name for operation in edition.operations()}
    ids = [erratum["id"] for erratum in errata]
    assert len(ids) == len(set(ids))
    for erratum in errata:
        told = set(erratum) - {"differences"}
        assert told == {"id", "document", "published", "ours", "why", "operations"}, erratum["id"]
        assert erratum["operations"], erratum["id"]
        assert set(erratum["operations"]) <= names, erratum["id"]
        for key in ("published", "ours", "why"):
            assert set(erratum[key]) == {"nl", "en"}, erratum["id"]


# Tightness: whatever one spoils in the example of a request, its schema notices.


class Spoiled(NamedTuple):
    """An example with one thing wrong with it."""

    what: str
    value: Any


Pointer = tuple[str | int, ...]


def spoiled(schema: dict[str, Any], value: Any) -> list[Spoiled]:
    """Every way to spoil ``value``: a required field gone, or a field of another type, format or value."""
    found = []
    for pointer, bad in _changes(schema, schema, value, ()):
        what = "/".join(map(str, pointer)) + (" gone" if bad is _GONE else f" = {bad!r}")
        found.append(Spoiled(what, _changed(value, pointer, bad)))
    return found


_GONE = object()


def _changed(value: Any, pointer: Pointer, bad: Any) -> Any:
    whole = copy.deepcopy(value)
    holder = whole
    for step in pointer[:-1]:
        holder = holder[step]
    if bad is _GONE:
        del holder[pointer[-1]]
    else:
        holder[pointer[-1]] = bad
    return whole


def _changes(
    root: dict[str, Any], schema: dict[str, Any], value: Any, pointer: Pointer
) -> Iterator[tuple[Pointer, Any]]:
    schema = dict(deref(root, schema))
    for branch in _branches_that_hold(root, schema, value):
        yield from _changes(root, branch, value, pointer)
    if isinstance(value, dict):
        for name in schema.get("required", []):
            yield (*pointer, name), _GONE
        for name, sub in schema.get("properties", {}).items():
            if name in value:
                yield from (((*pointer, name), bad) for bad in _bad_values(root, sub, value[name]))
                yield from _changes(root, sub, value[name], (*pointer, name))
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _changes(root, schema["items"], item, (*pointer, index))


def _branches_that_hold(root: dict[str, Any], schema: dict[str, Any], value: Any) -> list[dict[str, Any]]:
    """All of allOf; of anyOf and oneOf the one branch that accepts the value, if it is the only one."""
    branches = list(schema.get("allOf", []))
    for word in ("anyOf", "oneOf"):
        holding = [
            branch
            for branch in schema.get(word, [])
            if validator({**branch, "components": root["components"]}).is_valid(value)
        ]
        branches += holding if len(holding) == 1 else []
    return branches


def _bad_values(root: dict[str, Any], schema: dict[str, Any], value: Any) -> Iterator[Any]:
    """Values that no reading of ``schema`` should take."""
    types = _types(root, schema)
    if types and "binary" not in _words(root, schema, "format"):
        wrong = (bad for kind, bad in WRONG_BY_TYPE.items() if kind not in {JSON_TYPE.get(t) for t in types})
        yield next(wrong)
    if isinstance(value, str) and _words(root, schema, "format") & CHECKED_FORMATS:
        yield WRONG_FORMAT
    if _words(root, schema, "enum") or _words(root, schema, "const"):
        yield "no such value"
    for node in _readings(root, schema):
        if "minimum" in node:
            yield node["minimum"] - 1


def _types(root: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for node in _readings(root, schema):
        kind = node.get("type", [])
        found |= {kind} if isinstance(kind, str) else set(kind)
    return found


def _words(root: dict[str, Any], schema: dict[str, Any], keyword: str) -> set[str]:
    return {str(node[keyword]) for node in _readings(root, schema) if keyword in node}


def _readings(root: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schema = dict(deref(root, schema))
    yield schema
    for word in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(word, []):
            yield from _readings(root, branch)


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.is_request], ids=str)
def test_a_request_schema_is_tight(sample: Sample) -> None:
    judge = validator(sample.schema)
    tried = spoiled(sample.schema, sample.value)
    assert tried
    assert [one.what for one in tried if judge.is_valid(one.value)] == []


def test_a_loose_schema_would_be_noticed() -> None:
    loose = {
        "components": {},
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string"}]}},
    }
    value = {"a": "5ab399b8-c499-4da8-af6d-b55e66251f31"}
    judge = validator(loose)
    survivors = [one.what for one in spoiled(loose, value) if judge.is_valid(one.value)]
    assert survivors == [f"a = {WRONG_FORMAT!r}"]
